// A text in a program is one object, whoever comes to it first: threads come to the same texts in two classes at once.
// expect: 48 texts, each one object for 6 threads
// expect: a text made later is another object
package .programs;

import .internal."thread";

class left {
    string text(int n) {
        switch (n) {
            case 0: return "text 0";
            case 1: return "text 1";
            case 2: return "text 2";
            case 3: return "text 3";
            case 4: return "text 4";
            case 5: return "text 5";
            case 6: return "text 6";
            case 7: return "text 7";
            case 8: return "text 8";
            case 9: return "text 9";
            case 10: return "text 10";
            case 11: return "text 11";
            case 12: return "text 12";
            case 13: return "text 13";
            case 14: return "text 14";
            case 15: return "text 15";
            case 16: return "text 16";
            case 17: return "text 17";
            case 18: return "text 18";
            case 19: return "text 19";
            case 20: return "text 20";
            case 21: return "text 21";
            case 22: return "text 22";
            case 23: return "text 23";
            case 24: return "text 24";
            case 25: return "text 25";
            case 26: return "text 26";
            case 27: return "text 27";
            case 28: return "text 28";
            case 29: return "text 29";
            case 30: return "text 30";
            case 31: return "text 31";
            case 32: return "text 32";
            case 33: return "text 33";
            case 34: return "text 34";
            case 35: return "text 35";
            case 36: return "text 36";
            case 37: return "text 37";
            case 38: return "text 38";
            case 39: return "text 39";
            case 40: return "text 40";
            case 41: return "text 41";
            case 42: return "text 42";
            case 43: return "text 43";
            case 44: return "text 44";
            case 45: return "text 45";
            case 46: return "text 46";
            case 47: return "text 47";
        }
        return null;
    }
};
class right {
    string text(int n) {
        switch (n) {
            case 0: return "text 0";
            case 1: return "text 1";
            case 2: return "text 2";
            case 3: return "text 3";
            case 4: return "text 4";
            case 5: return "text 5";
            case 6: return "text 6";
            case 7: return "text 7";
            case 8: return "text 8";
            case 9: return "text 9";
            case 10: return "text 10";
            case 11: return "text 11";
            case 12: return "text 12";
            case 13: return "text 13";
            case 14: return "text 14";
            case 15: return "text 15";
            case 16: return "text 16";
            case 17: return "text 17";
            case 18: return "text 18";
            case 19: return "text 19";
            case 20: return "text 20";
            case 21: return "text 21";
            case 22: return "text 22";
            case 23: return "text 23";
            case 24: return "text 24";
            case 25: return "text 25";
            case 26: return "text 26";
            case 27: return "text 27";
            case 28: return "text 28";
            case 29: return "text 29";
            case 30: return "text 30";
            case 31: return "text 31";
            case 32: return "text 32";
            case 33: return "text 33";
            case 34: return "text 34";
            case 35: return "text 35";
            case 36: return "text 36";
            case 37: return "text 37";
            case 38: return "text 38";
            case 39: return "text 39";
            case 40: return "text 40";
            case 41: return "text 41";
            case 42: return "text 42";
            case 43: return "text 43";
            case 44: return "text 44";
            case 45: return "text 45";
            case 46: return "text 46";
            case 47: return "text 47";
        }
        return null;
    }
};

class reader {
    var from : int;
    var seen : string[];
    void reader(var n : int) { from = n; seen = new string[](); }
    void run() {
        var l = new left();
        var r = new right();
        // Each begins at another one, so that the same are not always met by the same first.
        for (int i = 0; i < 48; i++) {
            int n = (i + from * 8) % 48;
            seen[n] = from % 2 == 0 ? l.text(n) : r.text(n);
        }
    }
};

class interned_strings {
    void main() {
        var readers = new reader[]();
        var threads = new .internal.thread[]();
        for (int i = 0; i < 6; i++) {
            readers.add(new reader(i));
            threads.add(new .internal.thread().start(readers[i]));
        }
        for (int i = 0; i < 6; i++) threads[i].join();
        int one = 0;
        for (int n = 0; n < 48; n++) {
            int same = 0;
            string first = readers[0].seen[n];
            for (int i = 0; i < 6; i++) if (readers[i].seen[n] :== first) same++;
            if (same == 6 && first == "text " + n) one++;
        }
        println(one + " texts, each one object for 6 threads");
        string made = "text " + 7;
        if (made == readers[0].seen[7] && !(made :== readers[0].seen[7])) println("a text made later is another object");
    }
};
