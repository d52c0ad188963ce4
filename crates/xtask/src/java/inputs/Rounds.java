/** Runs a program of are-we-fast-yet some times; each run checks its own result. Arguments: name, inner iterations, rounds. */
public class Rounds {
    public static void main(String[] args) throws Exception {
        Benchmark benchmark = (Benchmark) Class.forName(args[0]).getDeclaredConstructor().newInstance();
        for (int round = 1; round <= Integer.parseInt(args[2]); round++) {
            System.out.println(args[0] + " " + round + " " + benchmark.innerBenchmarkLoop(Integer.parseInt(args[1])));
        }
    }
}
