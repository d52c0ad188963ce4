//! The programs that Java on Phantom is measured by, from easy to hard, with what each is given to do.

/// A step of the staircase.
pub(super) struct Stair {
    /// Its number, from 1.
    pub(super) number: u32,
    /// What it is called.
    pub(super) name: &'static str,
    /// Packages of the system that bring its jars.
    pub(super) packages: &'static [&'static str],
    /// Whether it needs the folder of are-we-fast-yet.
    pub(super) wants_awfy: bool,
    /// What runs.
    pub(super) programs: Vec<Program>,
}

/// A program and its task.
pub(super) struct Program {
    /// What it is called in the table.
    pub(super) name: String,
    /// Its jars, in the folder of the system's jars.
    pub(super) jars: &'static [&'static str],
    /// Main class, or `module/class`.
    pub(super) main: &'static str,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Files that stand in its folder: name and text.
    pub(super) files: Vec<(String, String)>,
    /// A source among them that is compiled to `classes` first.
    pub(super) compiled: Option<&'static str>,
    /// Whether it is compiled with the sources of are-we-fast-yet.
    pub(super) of_awfy: bool,
    /// Whether it writes files to `out`, which are compared.
    pub(super) writes: bool,
}

impl Program {
    fn new(name: &str, jars: &'static [&'static str], main: &'static str, arguments: &[&str]) -> Program {
        Program {
            name: name.to_string(),
            jars,
            main,
            arguments: arguments.iter().map(ToString::to_string).collect(),
            files: Vec::new(),
            compiled: None,
            of_awfy: false,
            writes: false,
        }
    }

    fn file(mut self, name: &str, text: &str) -> Program {
        self.files.push((name.to_string(), text.to_string()));
        self
    }

    fn writing(self) -> Program {
        Program { writes: true, ..self }
    }

    fn compiling(self, source: &'static str) -> Program {
        Program { compiled: Some(source), ..self }
    }
}

/// Inner iterations of the programs of are-we-fast-yet, such that each can check its result.
const AWFY: &[(&str, &str)] = &[
    ("Bounce", "300"),
    ("CD", "10"),
    ("DeltaBlue", "3000"),
    ("Havlak", "15"),
    ("Json", "10"),
    ("List", "300"),
    ("Mandelbrot", "500"),
    ("NBody", "250000"),
    ("Permute", "200"),
    ("Queens", "200"),
    ("Richards", "5"),
    ("Sieve", "500"),
    ("Storage", "100"),
    ("Towers", "100"),
];

/// Sources for javac: so many.
const SOURCES: usize = 100;

const TABLE: &str = include_str!("inputs/Table.java");

/// All of them.
pub(super) fn stairs() -> Vec<Stair> {
    let mut number = 0;
    let mut stair = |name, packages, programs| {
        number += 1;
        Stair { number, name, packages, wants_awfy: false, programs }
    };
    let awfy = |&(name, inner): &(&str, &str)| Program {
        of_awfy: true,
        ..Program::new(name, &[], "Rounds", &[name, inner, "5"])
            .file("Rounds.java", include_str!("inputs/Rounds.java"))
            .compiling("Rounds.java")
    };
    let rhino = |name, level| {
        Program::new(
            name,
            &["js.jar"],
            "org.mozilla.javascript.tools.shell.Main",
            &["-opt", level, "sums.js"],
        )
        .file("sums.js", include_str!("inputs/sums.js"))
    };
    let database = |name, jars, arguments: &[&str]| {
        Program::new(name, jars, "Table", arguments).file("Table.java", TABLE).compiling("Table.java")
    };
    let mut all = vec![
        stair("are-we-fast-yet", &[], AWFY.iter().map(awfy).collect()),
        stair(
            "beanshell",
            &["bsh", "libbsh-java"],
            vec![
                Program::new("bsh", &["bsh.jar"], "bsh.Interpreter", &["sums.bsh"])
                    .file("sums.bsh", include_str!("inputs/sums.bsh")),
            ],
        ),
        stair("rhino", &["librhino-java"], vec![rhino("rhino -opt -1", "-1"), rhino("rhino -opt 9", "9")]),
        stair("jdk-tools", &[], jdk_tools()),
        stair(
            "jflex",
            &["jflex", "cup"],
            vec![
                Program::new(
                    "jflex",
                    &["jflex.jar", "java-cup-0.11b-runtime.jar"],
                    "jflex.Main",
                    &["-q", "-d", "out", "words.flex"],
                )
                .file("words.flex", include_str!("inputs/words.flex"))
                .writing(),
            ],
        ),
        stair("javac", &[], vec![javac()]),
        stair(
            "antlr",
            &["antlr4"],
            vec![
                Program::new(
                    "antlr4",
                    &[
                        "antlr4.jar",
                        "antlr4-runtime.jar",
                        "antlr3-runtime.jar",
                        "stringtemplate4.jar",
                        "icu4j.jar",
                        "treelayout.jar",
                    ],
                    "org.antlr.v4.Tool",
                    &["-o", "out", "Sum.g4"],
                )
                .file("Sum.g4", include_str!("inputs/Sum.g4"))
                .writing(),
            ],
        ),
        stair(
            "xalan",
            &["libxalan2-java"],
            vec![
                Program::new(
                    "xalan",
                    &["xalan2.jar", "serializer.jar"],
                    "org.apache.xalan.xslt.Process",
                    &["-IN", "list.xml", "-XSL", "list.xsl"],
                )
                .file("list.xml", include_str!("inputs/list.xml"))
                .file("list.xsl", include_str!("inputs/list.xsl")),
            ],
        ),
        stair(
            "h2",
            &["libh2-java"],
            vec![database("h2", &["h2.jar"], &["org.h2.Driver", "jdbc:h2:mem:items"])],
        ),
        stair(
            "hsqldb",
            &["libhsqldb-java"],
            vec![database(
                "hsqldb",
                &["hsqldb.jar"],
                &["org.hsqldb.jdbc.JDBCDriver", "jdbc:hsqldb:mem:items"],
            )],
        ),
        stair(
            "checkstyle",
            &["checkstyle"],
            vec![
                Program::new(
                    "checkstyle",
                    &[
                        "checkstyle.jar",
                        "antlr.jar",
                        "antlr4-runtime.jar",
                        "commons-beanutils.jar",
                        "commons-logging.jar",
                        "commons-lang3.jar",
                        "guava.jar",
                        "picocli.jar",
                        "Saxon-HE.jar",
                        "xercesImpl.jar",
                    ],
                    "com.puppycrawl.tools.checkstyle.Main",
                    &["-c", "checks.xml", "Checked.java"],
                )
                .file("checks.xml", include_str!("inputs/checks.xml"))
                .file("Checked.java", include_str!("inputs/Checked.java")),
            ],
        ),
        stair(
            "clojure",
            &["libclojure-java"],
            vec![
                Program::new(
                    "clojure",
                    &["clojure.jar", "spec.alpha.jar", "core.specs.alpha.jar"],
                    "clojure.main",
                    &["sums.clj"],
                )
                .file("sums.clj", include_str!("inputs/sums.clj")),
            ],
        ),
        stair(
            "groovy",
            &["groovy"],
            vec![
                Program::new(
                    "groovy",
                    &["groovy-all.jar", "commons-cli.jar"],
                    "groovy.ui.GroovyMain",
                    &["sums.groovy"],
                )
                .file("sums.groovy", include_str!("inputs/sums.groovy")),
            ],
        ),
        stair(
            "jython",
            &["jython"],
            vec![
                Program::new("jython", &["jython.jar"], "org.python.util.jython", &["sums.py"])
                    .file("sums.py", include_str!("inputs/sums.py")),
            ],
        ),
    ];
    all[0].wants_awfy = true;
    all
}

fn jdk_tools() -> Vec<Program> {
    let class = "java.util.concurrent.ConcurrentHashMap";
    vec![
        Program::new("javap", &[], "jdk.jdeps/com.sun.tools.javap.Main", &["-c", "-p", class]),
        // Not compressed: what a deflater makes of the same bytes is its own affair.
        Program::new(
            "jar",
            &[],
            "jdk.jartool/sun.tools.jar.Main",
            &[
                "--create",
                "--no-compress",
                "--date",
                "2020-01-01T00:00:00Z",
                "--file",
                "out/inputs.jar",
                "list.xml",
                "sums.js",
            ],
        )
        .file("list.xml", include_str!("inputs/list.xml"))
        .file("sums.js", include_str!("inputs/sums.js"))
        .writing(),
    ]
}

/// javac compiles many classes that use each other, with what the language has.
fn javac() -> Program {
    let mut program =
        Program::new("javac", &[], "jdk.compiler/com.sun.tools.javac.Main", &["-d", "out"]).writing();
    for n in 0..SOURCES {
        let name = format!("Part{n}.java");
        let other = (n * 7 + 3) % SOURCES;
        let text = format!(
            "import java.util.*;\nimport java.util.function.*;\n\
             sealed interface Shape{n} permits Shape{n}.Dot, Shape{n}.Line {{\n\
             record Dot(int x) implements Shape{n} {{}}\nrecord Line(int from, int to) implements Shape{n} {{}}\n}}\n\
             public class Part{n}<T extends Comparable<T>> {{\n\
             enum Size {{ SMALL, LARGE {{ @Override int of() {{ return {n}; }} }}; int of() {{ return 1; }} }}\n\
             private final Map<String, List<T>> all = new TreeMap<>();\n\
             <U> U with(Function<? super Part{n}<T>, U> use) {{ return use.apply(this); }}\n\
             T least(List<T> of) {{ T found = null; for (T one : of) if (found == null || one.compareTo(found) < 0) found = one; return found; }}\n\
             static int sum(Shape{n} shape) {{ if (shape instanceof Shape{n}.Line line) return line.to() - line.from(); return shape.hashCode(); }}\n\
             static String name(int n) {{ return switch (n) {{ case 0 -> \"none\"; case 1, 2 -> \"few\"; default -> {{ String text = \"n\" + n; yield text + Part{other}.name(n - 3); }} }}; }}\n\
             long count() {{ try {{ return all.values().stream().mapToLong(List::size).sum(); }} finally {{ all.clear(); }} }}\n\
             public static void main(String[] args) {{ Supplier<String> text = () -> name(args.length) + Size.LARGE.of(); System.out.println(text.get()); }}\n}}\n"
        );
        program = program.file(&name, &text);
        program.arguments.push(name);
    }
    program
}
