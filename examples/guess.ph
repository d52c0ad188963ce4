// A guessing game. Kill it in the middle of a question: run it again, and it still waits for the answer to it.
package .examples;

import .internal.console;
import .internal.time;

class guess {
    void main() {
        var console = new .internal.console();
        var clock = new .internal.time();
        long mixed = clock.unixTimeMsec() * 6364136223846793005L + 1442695040888963407L;
        int secret = (int)((mixed >>> 33) % 100L) + 1;
        println("I think of a number from 1 to 100.");
        for (var tries = 1; ; tries++) {
            print("Guess " + tries + ": ");
            string line = console.readLine();
            if (line :== null) {
                println("No more input. It was " + secret + ".");
                return;
            }
            int number = line.trim().toInt();
            if (number == secret) {
                println("Right, after " + tries + (tries == 1 ? " guess." : " guesses."));
                return;
            }
            println(number < secret ? "Too low." : "Too high.");
        }
    }
};
