// Two threads take turns by a mutex and a condition, so many times each: each turn is a wait, a signal and a switch.
package .benches;

import .internal."thread";
import .internal.mutex;
import .internal.cond;

class player {
    var game : switch_game;
    var me : int;
    void player(var g : switch_game, var number : int) { game = g; me = number; }
    void run() { game.play(me); }
};
class switch_game {
    var m : .internal.mutex;
    var c : .internal.cond;
    var turn : int;
    var rounds : int;
    void play(var me : int) {
        m.lock();
        for (int i = 0; i < rounds; i++) {
            while (turn != me) c.wait(m);
            turn = 1 - me;
            c.signal();
        }
        m.unlock();
    }
};
class switches {
    int main(string[] args) {
        var g = new switch_game();
        g.m = new .internal.mutex();
        g.c = new .internal.cond();
        g.rounds = args[0].toInt();
        var other = new .internal.thread().start(new player(g, 1));
        g.play(0);
        other.join();
        return 0;
    }
};
