import java.util.List;
import java.util.Map;

class Checked {
    static final int wrong = 7;

    int of(List<Integer> all) {
        for (int one : all) {
            if (one > 42) {
            }
        }
        return 43;
    }
}
