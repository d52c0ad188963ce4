//! Java programs on the library of the installed JDK 17: each gives what HotSpot gives, and goes on after `kill -9`.
//! Without that JDK every test here says that it was skipped.

mod common;

use base::prng::Prng;
use common::Scratch;
use common::jdk::{jdk, source};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Kills of the program that is killed.
const KILLS: u64 = 5;

/// What HotSpot prints, and its exit status.
fn expected(jdk: &Path, scratch: &Scratch, name: &str) -> (String, Option<i32>) {
    let classes = scratch.path("classes");
    let compiled = Command::new(jdk.join("bin/javac"))
        .args(["-nowarn", "-d"])
        .arg(&classes)
        .arg(source(name))
        .stderr(Stdio::null())
        .status()
        .expect("javac runs");
    assert!(compiled.success(), "{name}.java compiles");
    let ran =
        Command::new(jdk.join("bin/java")).arg("-cp").arg(&classes).arg(name).output().expect("java runs");
    (String::from_utf8_lossy(&ran.stdout).into_owned(), ran.status.code())
}

fn check(name: &str) {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let (out, status) = expected(&jdk, &scratch, name);
    assert!(out.lines().count() >= 5, "{name} has something to say");
    let path = source(name);
    let ran = scratch.phantom(&["run", "--world", "w", path.to_str().expect("a path of text")]);
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
fn reflection_initialisation_threads_and_exit() {
    check("Machine");
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
fn a_tour_of_the_library() {
    check("Tour");
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
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let (out, _) = expected(&jdk, &scratch, "Counter");
    let arguments = ["run", "--world", "w", "--cp", "classes", "Counter"];
    let mut prng = Prng::new(5);
    let mut killed = 0;
    for _ in 0..KILLS {
        let mut child = scratch.command(&arguments).spawn().expect("the binary starts");
        std::thread::sleep(Duration::from_millis(100 + prng.below(700)));
        let runs = child.try_wait().expect("a child").is_none();
        killed += u64::from(runs);
        let _gone = child.kill();
        let output = child.wait_with_output().expect("a child");
        if !runs {
            // It came to its end before the last kill.
            assert_eq!(String::from_utf8_lossy(&output.stdout), out);
            assert!(killed > 1, "the program ended before it was killed");
            return;
        }
    }
    let ran = scratch.phantom(&arguments);
    assert_eq!(ran.out, out, "{}", ran.err);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
}
