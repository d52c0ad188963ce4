// A long-running piece of work with effects outside, each of which happens exactly once.
// Nothing needs to be saved: a workflow is a method that runs, and sleeps, for as long as it takes. What a restart may
// leave open is whether an effect outside took place; `once` finds out, and repeats it only when it did not.
package .lib;

// Something that is done outside of the world, under a key that no other effect has.
// After a restart the program goes on from its last snapshot, which may lie in the middle of `run`, or before the effect
// that has already taken place. So `run` acts only through what `prepare` made before: a connection, which is reset by a
// restart, so that its next use throws; or a place that is fixed, where doing it again makes no difference.
interface workflow.effect {
    // Makes what `run` needs. Nothing of the effect takes place here; a snapshot follows before `run`.
    void prepare(var key : string);
    // Does it, and gives its result, which is not null. Throws when it failed, or when it is unknown whether it took place.
    .internal.object run(var key : string);
    // Asks outside for the effect with this key: its result, or null when it did not take place.
    .internal.object find(var key : string);
};

class workflow {
    var about : string;
    // What was done so far, each with its time.
    var done : .lib.list<string>;
    // Milliseconds between two attempts at an effect that fails.
    var pause : int;

    void workflow(var name : string) {
        about = name;
        done = new .lib.list<string>();
        pause = 1000;
    }

    void setPause(var msec : int) { pause = msec; }

    // Has an effect happen exactly once, however often the machine is killed meanwhile; its result. What fails outside
    // (`.internal.exception.io`) is tried again until it succeeds; anything else that the effect throws is thrown.
    .internal.object once(var step : string, var what : .lib.workflow.effect) {
        var mark = new .internal.once();
        string key = mark.key();
        var result;
        result = null;
        int begun = false;
        // Whether it may have taken place already.
        int doubtful = false;
        while (result == null) {
            try {
                if (doubtful) {
                    result = what.find(key);
                    if (result != null) break;
                }
                what.prepare(key);
                if (begun) new .internal.world().snapSync();
                else {
                    begun = true;
                    if (mark.begin() != 0) {
                        // The machine was started again in the middle of that.
                        doubtful = true;
                        continue;
                    }
                }
                result = what.run(key);
            }
            catch (.internal.exception.not_granted e) { throw e; }
            catch (.internal.exception.io e) {
                doubtful = true;
                .lib.duration.sleep((long)pause);
            }
        }
        mark.end(result);
        note(step + ": " + result);
        return result;
    }

    // Sleeps for a time such as 3d or 1h30m.
    void sleep(var time : string) {
        .lib.duration.sleep(time);
        note("slept " + time);
    }

    void note(var what : string) { done.add(.lib.datetime.now() + " " + what); }

    .lib.list<string> history() { return done; }
    string toString() { return about + ": " + done.size() + " steps done"; }
};
