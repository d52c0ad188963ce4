// Sleeps for an hour: a world in which nothing happens.
package .benches;

import .internal.time;

class sleeper {
    void main() {
        new .internal.time().sleepSec(3600);
    }
};
