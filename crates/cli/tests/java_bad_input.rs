//! Java programs that cannot run, or only in part: each gives an error that says why, in the words of `java` where it has
//! some, and none stops the machine.
//!
//! The mutants are a few here; `cargo xtask java-mutants` runs 5,000.
#![allow(
    clippy::disallowed_methods,
    reason = "how many mutants there are comes from the environment, and they are watched from outside"
)]

mod common;

use base::prng::Prng;
use common::jdk::jdk;
use common::{Ran, Scratch, ran};
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;

/// How many mutants are run, half of them classes and half of them jars: this variable says another number.
const MUTANTS: &str = "JAVA_MUTANTS";
const MUTANTS_DEFAULT: u64 = 120;
/// Classes that one process runs.
const CLASSES_AT_ONCE: u64 = 50;
/// A jar whose program takes longer goes on, which is no crash.
const PATIENCE: Duration = Duration::from_secs(20);
/// Major version of Java 25.
const FUTURE: u8 = 69;

/// Classes in one source, as files in the scratch folder.
fn compiled(jdk: &Path, text: &str) -> Scratch {
    let scratch = Scratch::new();
    let source = scratch.file("All.java", text);
    let done = Command::new(jdk.join("bin/javac")).arg("-d").arg(scratch.path(".")).arg(source).status();
    assert!(done.expect("javac runs").success(), "the classes compile");
    scratch
}

/// What `java` does in the scratch folder.
fn java(jdk: &Path, scratch: &Scratch, arguments: &[&str]) -> Ran {
    let java = Command::new(jdk.join("bin/java")).args(arguments).current_dir(scratch.path(".")).output();
    let java = java.expect("java runs");
    Ran {
        status: java.status.code(),
        out: String::from_utf8_lossy(&java.stdout).into_owned(),
        err: String::from_utf8_lossy(&java.stderr).into_owned(),
    }
}

/// Changes the version of a class file.
fn of_the_future(scratch: &Scratch, name: &str) {
    let path = scratch.path(&format!("{name}.class"));
    let mut bytes = fs::read(&path).expect("a class file");
    bytes[7] = FUTURE;
    fs::write(path, bytes).expect("a class file");
}

#[test]
fn main_classes_that_cannot_run_are_refused_with_the_words_of_java() {
    let Some(jdk) = jdk() else { return };
    let scratch = compiled(
        &jdk,
        "class Instance { void main(String[] a) {} }
         class NotStatic { public void main(String[] a) {} }
         class NotVoid { public static int main(String[] a) { return 3; } }
         class NotPublic { static void main(String[] a) {} }
         class Nothing {}
         class Good { public static void main(String[] a) { System.out.println(\"good\"); } }
         class Inherits extends Good {}
         class Old { public static void main(String[] a) {} }
         class OfOld extends Old {}
         class Cut { public static void main(String[] a) {} }",
    );
    of_the_future(&scratch, "Old");
    let cut = fs::read(scratch.path("Cut.class")).expect("a class file");
    scratch.file("Cut.class", &cut[..100]);
    fs::create_dir(scratch.path("in")).expect("a folder");
    fs::copy(scratch.path("Good.class"), scratch.path("in/Good.class")).expect("a class file");
    for class in [
        "Instance",
        "NotStatic",
        "NotVoid",
        "NotPublic",
        "Nothing",
        "Old",
        "OfOld",
        "Cut",
        "Absent",
        "in.Good",
    ] {
        let expected = java(&jdk, &scratch, &["-cp", ".", class]);
        assert_eq!(expected.status, Some(1), "{expected:?}");
        // There is no JavaFX here.
        let text = expected
            .err
            .replace("or a JavaFX application class must extend javafx.application.Application\n", "");
        let ran = scratch.phantom(&["run", "--world", "w", "-cp", ".", class]).status(120);
        assert_eq!(ran.err, format!("phantom: {text}"));
        assert!(!scratch.path("w").exists(), "{class} leaves no world behind");
    }
    for class in ["Good", "Inherits"] {
        scratch.phantom(&["run", "--world", class, "-cp", ".", class]).status(0).out("good\n");
    }
}

#[test]
fn jars_and_modules_that_cannot_run_are_refused() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    scratch.file("bad.jar", "no jar");
    let mut empty = zip::ZipWriter::new(fs::File::create(scratch.path("empty.jar")).expect("a file"));
    empty.start_file("readme", SimpleFileOptions::default()).expect("an entry");
    empty.finish().expect("a jar");
    for arguments in [["-jar", "bad.jar"], ["-jar", "none.jar"]] {
        let expected = java(&jdk, &scratch, &arguments);
        let ran = scratch.phantom(&[&["run", "--world", "w"], &arguments[..]].concat()).status(120);
        ran.says(&[expected.err.trim_end()]);
    }
    scratch.phantom(&["run", "empty.jar"]).status(120).says(&["no main manifest attribute, in empty.jar"]);
    scratch.phantom(&["run", "-m", "jdk.nothing/x.Y"]).status(120).says(&["has no module jdk.nothing"]);
    scratch
        .phantom(&["run", "-m", "jdk.jdeps/x.Y"])
        .status(120)
        .says(&["no class x.Y in the module jdk.jdeps"]);
    for (option, reason) in [
        ("--enable-preview", "preview features"),
        ("-javaagent:a.jar", "agents"),
        ("--module-path=mods", "class path"),
        ("--patch-module=java.base=x", "the JDK's own"),
    ] {
        scratch.phantom(&["run", option, "Main"]).status(2).says(&["is not supported", reason]);
    }
    assert!(!scratch.path("w").exists());
}

#[test]
fn classes_that_are_met_later_throw_what_java_throws() {
    let Some(jdk) = jdk() else { return };
    let scratch = compiled(
        &jdk,
        "class Later { static int x() { return 1; } }
         class Garbled { static int x() { return 1; } }
         class Gone { static int x() { return 1; } }
         class Elsewhere { static int x() { return 1; } }
         class Main {
             interface Use { int x(); }
             static void tried(Use use) { try { System.out.println(use.x()); } catch (Throwable e) { System.out.println(e); } }
             public static void main(String[] a) {
                 tried(() -> Later.x()); tried(() -> Garbled.x()); tried(() -> Gone.x()); tried(() -> Elsewhere.x());
                 try { Class.forName(\"no.Such\"); } catch (Throwable e) { System.out.println(e); }
                 try { System.loadLibrary(\"mine\"); } catch (Throwable e) { System.out.println(e.toString().replaceFirst(\"path:.*\", \"path\")); }
                 try { System.load(\"/no/where.so\"); } catch (Throwable e) { System.out.println(e); }
             } }",
    );
    of_the_future(&scratch, "Later");
    let bytes = fs::read(scratch.path("Garbled.class")).expect("a class file");
    scratch.file("Garbled.class", &bytes[..bytes.len() - 7]);
    fs::rename(scratch.path("Gone.class"), scratch.path("Elsewhere.class")).expect("a class file");
    let expected = java(&jdk, &scratch, &["-cp", ".", "Main"]);
    for name in
        ["UnsupportedClassVersionError", "ClassFormatError", "Gone", "wrong name", "no.Such", "no mine in"]
    {
        assert!(expected.out.contains(name), "{}", expected.out);
    }
    let ran = scratch.phantom(&["run", "--world", "w", "-cp", ".", "Main"]).status(0);
    assert_eq!(ran.out, expected.out, "{}", ran.err);
}

#[test]
fn native_libraries_are_refused() {
    let Some(jdk) = jdk() else { return };
    let scratch = compiled(
        &jdk,
        "class Main { static native void call();
             public static void main(String[] a) {
                 try { System.load(a[0]); } catch (Throwable e) { System.out.println(e); }
                 call();
             } }",
    );
    let library = scratch.file("libmine.so", "not looked at");
    let path = library.to_str().expect("a path of text");
    let ran = scratch.phantom(&["run", "--world", "w", "-cp", ".", "Main", path]).status(1);
    let text = format!("java.lang.UnsatisfiedLinkError: {path}: native libraries (JNI) are not supported");
    assert!(ran.out.starts_with(&text), "{ran:?}");
    ran.says(&[
        "Exception in thread \"main\" java.lang.UnsatisfiedLinkError",
        "call()",
        "Main.main(All.java:4)",
    ]);
}

/// With no JDK anywhere: the usual place is hidden by an empty folder in a namespace of its own.
#[test]
fn a_machine_without_jdk_is_told_what_to_install() {
    let scratch = Scratch::new();
    let hide = "mount -t tmpfs none /usr/lib/jvm 2>/dev/null || exit 77; exec \"$0\" run -cp . Main";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", hide, env!("CARGO_BIN_EXE_phantom")]);
    let output = command.env_remove("JAVA_HOME").current_dir(scratch.path(".")).output();
    let Some(output) = output.ok().filter(|output| output.status.code() == Some(120)) else {
        eprintln!("SKIPPED: this system gives no namespaces in which the JDK could be hidden");
        return;
    };
    let err = String::from_utf8_lossy(&output.stderr);
    for part in ["JDK 17", "openjdk-17-jdk-headless", "JAVA_HOME"] {
        assert!(err.contains(part), "{err}");
    }
}

/// Something of everything; it ends soon as long as it is whole.
const VICTIM: &str = "class M000 {
    static long total; final int[] all = new int[8]; String name = \"n\"; double half = 0.5;
    interface Step { int of(int x); }
    int use(Step step, int n) { int sum = 0; for (int i = 0; i < n; i++) { all[i & 7] += step.of(i); sum ^= all[i % 8]; } return sum; }
    static int sort(String text) { switch (text) { case \"one\": return 1; case \"two\": return 2; default: return text.length(); } }
    synchronized Object mixed(Object o, long l, float f) { try { if (o instanceof String s) return s + l + f; return (Integer) o + 1; } catch (ClassCastException e) { total += l; return e.getMessage(); } finally { half *= 2; } }
    public static Object work() {
        M000 m = new M000(); int k = m.use(x -> x * 3 - m.all.length, 20); StringBuilder b = new StringBuilder();
        for (String t : new String[] { \"one\", \"two\", \"three\" }) { b.append(sort(t)).append(m.mixed(t, 5L, 1.5f)).append(m.mixed(k, 7L, 2f)); }
        try { return b.append(m.all[k & 15]).append(total); } catch (ArrayIndexOutOfBoundsException e) { return b.append(m.half / k % 3); }
    } }";
const RUNNER: &str = "public class Run { public static void main(String[] a) throws Exception {
    for (int i = 0; i < Integer.parseInt(a[0]); i++) {
        String name = String.format(\"M%03d\", i);
        Thread t = new Thread(() -> { String what; try { Object got = Class.forName(name).getMethod(\"work\").invoke(null);
            what = \"gave \" + (got == null ? null : got.getClass()); } catch (java.lang.reflect.InvocationTargetException e) { what = \"threw \" + e.getCause().getClass().getName(); }
            catch (Throwable e) { what = \"refused \" + e.getClass().getName(); } System.out.println(what); });
        t.setDaemon(true); t.start(); t.join(1000); }
    System.out.println(\"done\"); System.exit(0); } }";

fn mutate(prng: &mut Prng, bytes: &mut Vec<u8>) {
    for _ in 0..=prng.below(3) {
        let at = prng.below(bytes.len() as u64) as usize;
        match prng.below(8) {
            0..=2 => bytes[at] ^= 1 << prng.below(8),
            3 => bytes[at] = prng.below(256) as u8,
            4 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][prng.below(5) as usize],
            5 => bytes[at] = bytes[at].wrapping_add(1),
            6 => {
                bytes.remove(at);
            }
            _ if prng.chance(1, 4) => bytes.truncate(at.max(1)),
            _ => bytes.insert(at, prng.below(256) as u8),
        }
    }
}

fn jar_of(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut jar = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        jar.start_file(name.as_str(), SimpleFileOptions::default()).expect("an entry");
        jar.write_all(bytes).expect("an entry");
    }
    jar.finish().expect("a jar").into_inner()
}

/// Nothing that a run of the binary may end with but these: an error is said, and the process neither panics nor dies of a
/// signal.
fn is_safe(ran: &Ran) -> bool {
    matches!(ran.status, Some(0 | 1 | 120)) && !ran.err.contains("panicked")
}

#[test]
fn mutants_of_classes_and_jars_stop_no_machine() {
    let Some(jdk) = jdk() else { return };
    let wanted = std::env::var(MUTANTS).ok().and_then(|text| text.parse().ok()).unwrap_or(MUTANTS_DEFAULT);
    let scratch = compiled(&jdk, VICTIM);
    let runner = scratch.file("Run.java", RUNNER);
    let done = Command::new(jdk.join("bin/javac")).arg("-d").arg(scratch.path(".")).arg(runner).status();
    assert!(done.expect("javac runs").success());
    let class = |name: &str| fs::read(scratch.path(&format!("{name}.class"))).expect("a class file");
    let (victim, step, run) = (class("M000"), class("M000$Step"), class("Run"));
    let (mut gave, mut threw, mut refused) = (0, 0, 0);
    for round in 0..(wanted / 2).div_ceil(CLASSES_AT_ONCE) {
        let mut entries = vec![("Run.class".to_string(), run.clone())];
        for number in 0..CLASSES_AT_ONCE {
            let name = format!("M{number:03}");
            let renamed = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                let places: Vec<usize> =
                    (0..bytes.len() - 4).filter(|at| &bytes[*at..*at + 4] == b"M000").collect();
                places.into_iter().for_each(|at| bytes[at..at + 4].copy_from_slice(name.as_bytes()));
                bytes
            };
            let mut mutant = renamed(&victim);
            mutate(&mut Prng::new(round * CLASSES_AT_ONCE + number), &mut mutant);
            entries.push((format!("{name}.class"), mutant));
            entries.push((format!("{name}$Step.class"), renamed(&step)));
        }
        scratch.file("classes.jar", jar_of(&entries));
        let _ = fs::remove_file(scratch.path("w"));
        let count = CLASSES_AT_ONCE.to_string();
        let run = ["run", "--world", "w", "--max-memory=256M", "-cp", "classes.jar", "Run", &count];
        let ran = scratch.phantom(&run);
        assert!(is_safe(&ran) && ran.out.ends_with("done\n"), "classes of round {round}: {ran:?}");
        let of = |what: &str| ran.out.lines().filter(|line| line.starts_with(what)).count();
        gave += of("gave ");
        threw += of("threw ");
        refused += of("refused ");
    }
    let entries: Vec<(String, Vec<u8>)> = [
        ("META-INF/MANIFEST.MF", &b"Manifest-Version: 1.0\nMain-Class: Run\n"[..]),
        ("Run.class", &run),
        ("M000.class", &victim),
        ("M000$Step.class", &step),
    ]
    .map(|(name, bytes)| (name.to_string(), bytes.to_vec()))
    .into();
    let whole = jar_of(&entries);
    let (mut ended, mut said, mut went_on) = (0, 0, 0);
    for seed in 0..wanted / 2 {
        let mut jar = whole.clone();
        mutate(&mut Prng::new(seed), &mut jar);
        scratch.file("mutant.jar", &jar);
        let _ = fs::remove_file(scratch.path("w"));
        let run = ["run", "--world", "w", "--max-memory=256M", "-jar", "mutant.jar", "1"];
        let mut child = scratch.command(&run).spawn().expect("the binary starts");
        let begun = Instant::now();
        while child.try_wait().expect("a child").is_none() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        if child.try_wait().expect("a child").is_none() {
            child.kill().expect("a child");
            went_on += 1;
            continue;
        }
        let ran = ran(child);
        assert!(is_safe(&ran), "jar {seed}: {ran:?}");
        ended += u64::from(ran.status == Some(0));
        said += u64::from(ran.status != Some(0));
    }
    eprintln!(
        "classes: {gave} gave a result, {threw} threw, {refused} were refused; jars: {ended} ran, {said} gave an error, \
         {went_on} went on"
    );
    assert!(gave > 0 && refused > 0 && ended > 0 && said > 0, "the mutations are too kind or too rough");
}
