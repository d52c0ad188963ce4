//! Java programs on the library of the installed JDK 17: each gives what HotSpot gives, and goes on after `kill -9`.
//! Without that JDK every test here says that it was skipped.

mod common;

use base::prng::Prng;
use common::Scratch;
use common::jdk::{jdk, source};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Kills of the program that is killed.
const KILLS: u64 = 5;

/// What HotSpot prints, and its exit status.
fn expected(jdk: &Path, scratch: &Scratch, name: &str) -> (String, Option<i32>) {
    expected_with(jdk, scratch, name, &[])
}

fn expected_with(jdk: &Path, scratch: &Scratch, name: &str, options: &[&str]) -> (String, Option<i32>) {
    let classes = scratch.path("classes");
    let compiled = Command::new(jdk.join("bin/javac"))
        .args(["-nowarn", "-d"])
        .arg(&classes)
        .arg(source(name))
        .stderr(Stdio::null())
        .status()
        .expect("javac runs");
    assert!(compiled.success(), "{name}.java compiles");
    let ran = Command::new(jdk.join("bin/java"))
        .args(options)
        .arg("-cp")
        .arg(&classes)
        .arg(name)
        .output()
        .expect("java runs");
    (String::from_utf8_lossy(&ran.stdout).into_owned(), ran.status.code())
}

fn check(name: &str) {
    check_with(name, &[], &[]);
}

/// The same output with options of HotSpot and those of Phantom that mean the same.
fn check_with(name: &str, java: &[&str], phantom: &[&str]) {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let (out, status) = expected_with(&jdk, &scratch, name, java);
    assert!(out.lines().count() >= 5, "{name} has something to say");
    let path = source(name);
    let path = [path.to_str().expect("a path of text")];
    let ran = scratch.phantom(&[&["run", "--world", "w"][..], phantom, &path].concat());
    assert_eq!(ran.out, out, "{}", ran.err);
    assert_eq!(ran.status, status, "{}", ran.err);
}

/// The same of classes in a folder, whose files the program reads.
fn check_classes(name: &str) {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let (out, status) = expected(&jdk, &scratch, name);
    let ran = scratch.phantom(&["run", "--world", "w", "--cp", "classes", name]);
    assert_eq!(ran.out, out, "{}", ran.err);
    assert_eq!(ran.status, status, "{}", ran.err);
}

#[test]
fn the_language() {
    check("Language");
}

#[test]
fn the_library() {
    check("Classes");
}

#[test]
fn edges_of_native_methods() {
    check("Edges");
}

#[test]
fn reflection_initialisation_threads_and_exit() {
    check("Machine");
}

#[test]
fn initialisation_copies_waits_and_ends_of_threads() {
    check("Core");
}

#[test]
fn atomics_executors_and_futures() {
    check("Concurrent");
}

#[test]
fn method_handles() {
    check("Handles");
}

#[test]
fn references_cleaners_and_finalizers() {
    check("References");
}

#[test]
fn stacks_and_what_threads_do() {
    check("Stacks");
}

#[test]
fn threads_groups_handlers_and_interrupts() {
    check("Threads");
}

#[test]
fn exhausted_stacks_and_memory_are_errors_that_are_survived() {
    check_with("Limits", &["-Xmx64m"], &["--max-memory", "64M"]);
}

#[test]
fn a_tour_of_the_library() {
    check("Tour");
}

#[test]
fn corners_of_the_language() {
    check("Syntax");
}

#[test]
fn collections_and_streams() {
    check("Containers");
}

#[test]
fn texts_formats_and_charsets() {
    check("Texts");
}

#[test]
fn numbers_and_random_sequences() {
    check("Numbers");
}

#[test]
fn dates_and_times() {
    check("Dates");
}

#[test]
fn executors_futures_locks_queues_and_timers() {
    check("Parallel");
}

#[test]
fn digests_ciphers_and_signatures() {
    check("Security");
}

#[test]
fn xml_serialization_addresses_logging_and_proxies() {
    check("Documents");
}

#[test]
fn code_that_does_not_verify_throws_when_it_is_linked() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let text = "public class Bad { static int same(int x) { return x; } \
                public static void main(String[] a) { System.out.println(same(3)); } }";
    let path = scratch.file("Bad.java", text);
    let compiled = Command::new(jdk.join("bin/javac")).arg("-d").arg(scratch.path(".")).arg(path).status();
    assert!(compiled.expect("javac runs").success());
    let mut bytes = std::fs::read(scratch.path("Bad.class")).expect("a class file");
    // iload_0, ireturn becomes aload_0, ireturn: an integer as an object.
    let at = bytes.windows(2).position(|two| two == [0x1a, 0xac]).expect("the method `same`");
    bytes[at] = 0x2a;
    scratch.file("Bad.class", &bytes);
    let java = Command::new(jdk.join("bin/java")).arg("-cp").arg(scratch.path(".")).arg("Bad").output();
    let java = java.expect("java runs");
    assert!(String::from_utf8_lossy(&java.stderr).contains("java.lang.VerifyError"));
    let ran = scratch.phantom(&["run", "--world", "w", "--cp", ".", "Bad"]);
    assert!(ran.err.contains("java.lang.VerifyError: Bad local variable type"), "{}", ran.err);
    assert_eq!((ran.status, ran.out.as_str()), (java.status.code(), ""));
}

#[test]
fn class_paths_and_jars_are_programs() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let (out, _) = expected(&jdk, &scratch, "Language");
    let by_path = scratch.phantom(&["run", "--world", "a", "--cp", "classes", "Language"]);
    assert_eq!(by_path.out, out, "{}", by_path.err);
    let jar = Command::new(jdk.join("bin/jar"))
        .args(["--create", "--file"])
        .arg(scratch.path("app.jar"))
        .args(["--main-class", "Language", "-C"])
        .arg(scratch.path("classes"))
        .arg(".")
        .status()
        .expect("jar runs");
    assert!(jar.success());
    let by_jar = scratch.phantom(&["run", "--world", "b", "app.jar"]);
    assert_eq!(by_jar.out, out, "{}", by_jar.err);
}

#[test]
fn main_classes_of_the_modules_of_the_jdk_are_programs() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let version = ["jdk.compiler/com.sun.tools.javac.Main", "-version"];
    let java = Command::new(jdk.join("bin/java")).arg("-m").args(version).output().expect("java runs");
    let out = String::from_utf8_lossy(&java.stdout);
    assert!(out.starts_with("javac 17"), "{out}");
    let ran = scratch.phantom(&["run", "--world", "w", version[0], version[1]]);
    assert_eq!(ran.out, out, "{}", ran.err);
    assert_eq!(ran.status, java.status.code(), "{}", ran.err);
    let no_module = scratch.phantom(&["run", "jdk.nothing/com.sun.Main"]);
    assert!(no_module.err.contains("has no module jdk.nothing"), "{}", no_module.err);
    let no_class = scratch.phantom(&["run", "jdk.jdeps/com.sun.Main"]);
    assert!(
        no_class.err.contains("there is no class com.sun.Main in the module jdk.jdeps"),
        "{}",
        no_class.err
    );
}

#[test]
fn resources_lie_in_the_class_path() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let text = "public class Res { public static void main(String[] a) throws Exception { \
                System.out.println(System.getProperty(\"java.class.path\")); \
                for (String name : new String[] { \"Res.txt\", \"none.txt\" }) \
                try (var in = Res.class.getClassLoader().getResourceAsStream(name)) { \
                System.out.println(in == null ? \"none\" : new String(in.readAllBytes())); } } }";
    let path = scratch.file("Res.java", text);
    let compiled = Command::new(jdk.join("bin/javac")).arg("-d").arg(scratch.path("in")).arg(path).status();
    assert!(compiled.expect("javac runs").success());
    scratch.file("in/Res.txt", "a resource");
    let jar = Command::new(jdk.join("bin/jar"))
        .args(["--create", "--file"])
        .arg(scratch.path("res.jar"))
        .args(["--main-class", "Res", "-C"])
        .arg(scratch.path("in"))
        .arg(".")
        .status();
    assert!(jar.expect("jar runs").success());
    for (world, arguments) in
        [("a", &["--cp", "in", "Res"][..]), ("b", &["--cp", "res.jar", "Res"]), ("c", &["res.jar"])]
    {
        let place = if world == "a" { "in" } else { "res.jar" };
        let ran = scratch.phantom(&[&["run", "--world", world], arguments].concat());
        assert_eq!(ran.out, format!("{place}\na resource\nnone\n"), "{}", ran.err);
    }
}

#[test]
fn a_program_goes_on_after_each_kill() {
    check_kills("Counter", 5);
}

#[test]
fn initialisers_go_on_after_each_kill() {
    check_kills("Core", 7);
}

#[test]
fn references_are_cleared_once_over_kills() {
    check_kills("Dying", 6);
}

#[test]
fn class_loaders_go_on_after_each_kill() {
    check_kills("Reload", 7);
}

#[test]
fn class_loaders_of_programs() {
    check_classes("Loaders");
}

#[test]
fn what_was_null() {
    check("Nulls");
}

/// The classes of `linking.txt` for a step, beside each other in a folder.
fn unpacked(scratch: &Scratch, step: &str) -> Vec<PathBuf> {
    std::fs::create_dir(scratch.path(step)).expect("a new folder");
    let all = std::fs::read_to_string(source("Linking").with_file_name("linking.txt")).expect("the classes");
    let files = all.split("\n//// ").skip(1).filter_map(|file| {
        let (place, text) = file.split_once('\n')?;
        let (of, path) = place.split_once(' ')?;
        let name = path.rsplit('/').next()?;
        (of == step).then(|| scratch.file(&format!("{step}/{name}"), text))
    });
    files.collect()
}

#[test]
fn what_does_not_fit_any_more_is_refused_where_it_is_linked() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let classes = scratch.path("classes");
    for step in ["before", "after"] {
        let compiled = Command::new(jdk.join("bin/javac"))
            .args(["-nowarn", "-d"])
            .arg(&classes)
            .arg("-cp")
            .arg(&classes)
            .args(unpacked(&scratch, step))
            .args((step == "before").then(|| source("Linking")))
            .status()
            .expect("javac runs");
        assert!(compiled.success(), "{step} compiles");
    }
    std::fs::remove_file(classes.join("p/Gone.class")).expect("a class to be gone");
    let java = Command::new(jdk.join("bin/java")).arg("-cp").arg(&classes).arg("Linking").output();
    let java = java.expect("java runs");
    let ran = scratch.phantom(&["run", "--world", "w", "--cp", "classes", "Linking"]);
    assert_eq!(ran.out, String::from_utf8_lossy(&java.stdout), "{}", ran.err);
    assert_eq!(ran.status, java.status.code(), "{}", ran.err);
}

/// The output of a program that is killed again and again is HotSpot's.
fn check_kills(name: &str, seed: u64) {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let (out, _) = expected(&jdk, &scratch, name);
    let arguments = ["run", "--world", "w", "--cp", "classes", name];
    let mut prng = Prng::new(seed);
    let mut killed = 0;
    // What was printed before a kill need not be printed again.
    let mut printed = String::new();
    for _ in 0..KILLS {
        let mut child = scratch.command(&arguments).spawn().expect("the binary starts");
        std::thread::sleep(Duration::from_millis(100 + prng.below(700)));
        let runs = child.try_wait().expect("a child").is_none();
        killed += u64::from(runs);
        let _gone = child.kill();
        let output = child.wait_with_output().expect("a child");
        if !runs {
            // It came to its end before the last kill.
            let last = String::from_utf8_lossy(&output.stdout);
            assert_eq!(if last.is_empty() { &printed } else { last.as_ref() }, out);
            assert!(killed > 1, "the program ended before it was killed");
            return;
        }
        if !output.stdout.is_empty() {
            printed = String::from_utf8_lossy(&output.stdout).into_owned();
        }
    }
    let ran = scratch.phantom(&arguments);
    assert_eq!(if ran.out.is_empty() { &printed } else { &ran.out }, &out, "{}", ran.err);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
}
