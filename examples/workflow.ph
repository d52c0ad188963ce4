// A subscription: a trial of three days, then a customer is charged exactly once, then a reminder after a year.
// The machine may be killed at any instant, also while the charge is on its way: there will be one charge, not none and
// not two. Payments are lines of a file that stands for the bank: run it with `--allow-read=. --allow-write=.`
// Arguments: the file (payments.txt), and how long a day is (1d).
package .examples;

import .lib.workflow;
import .lib.duration;

// Charges a customer, by a line `key customer amount` in the file. The place of the line is fixed before it is written,
// and a snapshot holds it: who is taken back by a restart writes the same line to the same place.
class charge implements workflow.effect {
    var ledger : string;
    var line : string;
    var file : .internal.io;
    var place : long;

    void charge(var file : string, var customer : string, var cents : int) {
        ledger = file;
        line = customer + " " + cents;
    }

    void prepare(var key : string) {
        file = new .internal.io();
        file.open(ledger);
        place = file.size();
    }

    .internal.object run(var key : string) {
        file.seek(place, 0);
        file.write(key + " " + line + "\n");
        file.sync();
        file.close();
        return "paid";
    }

    .internal.object find(var key : string) {
        var all = new .internal.io();
        if (!all.exists(ledger)) return null;
        all.openRead(ledger);
        string lines = "";
        while (true) {
            string part = all.read(4096);
            if (part == null) break;
            lines += part;
        }
        all.close();
        return lines.contains(key + " " + line + "\n") ? "paid" : null;
    }
};

class workflow {
    int main(string[] args) {
        string ledger = "payments.txt";
        if (args.size() > 0) ledger = args[0];
        string day = "1d";
        if (args.size() > 1) day = args[1];
        long msec = duration.parse(day);

        var work = new .lib.workflow("subscription of Ann");
        println("Ann tries it for three days");
        duration.sleep(3L * msec);
        println("the charge: " + work.once("charge", new charge(ledger, "Ann", 1999)));
        duration.sleep(362L * msec);
        println("a year is over: the reminder is sent");
        return 0;
    }
};
