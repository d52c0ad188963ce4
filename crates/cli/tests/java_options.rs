//! The options of `java` that `phantom run` takes, and class paths: each program does what it does on HotSpot.

mod common;

use common::Scratch;
use common::jdk::jdk;
use std::path::Path;
use std::process::Command;

/// Runs a tool of the JDK in the scratch folder: what it prints.
fn tool(jdk: &Path, scratch: &Scratch, name: &str, arguments: &[&str]) -> String {
    let done =
        Command::new(jdk.join("bin").join(name)).args(arguments).current_dir(scratch.path(".")).output();
    let done = done.expect("the tool runs");
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The same arguments for `java` and for `phantom run`.
#[track_caller]
fn check(jdk: &Path, scratch: &Scratch, arguments: &[&str]) -> String {
    let expected = tool(jdk, scratch, "java", arguments);
    let _ = std::fs::remove_file(scratch.path("w"));
    let ran = scratch.phantom(&[&["run", "--world", "w"], arguments].concat()).status(0);
    assert_eq!(ran.out, expected, "{arguments:?}: {}", ran.err);
    expected
}

#[test]
fn properties_arguments_and_opened_packages() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    scratch.file(
        "Main.java",
        "public class Main { public static void main(String[] a) {
             for (String name : new String[] { \"x\", \"y\", \"z\", \"java.class.path\" }) System.out.println(System.getProperty(name));
             try { String.class.getDeclaredField(\"value\").setAccessible(true); System.out.println(\"opened\"); }
             catch (RuntimeException e) { System.out.println(e.getClass()); } catch (Exception e) { System.out.println(e); }
             System.out.println(String.join(\",\", a)); } }",
    );
    tool(&jdk, &scratch, "javac", &["Main.java"]);
    let out = check(
        &jdk,
        &scratch,
        &["-Dx=1", "-Dy=2=3", "-Dz", "-cp", ".", "Main", "-ea", "--world", "v", "--", "--fresh"],
    );
    assert!(
        out.starts_with("1\n2=3\n\n.\nclass java.lang.reflect.Inaccessible")
            && out.ends_with("-ea,--world,v,--,--fresh\n"),
        "{out}"
    );
    let out =
        check(&jdk, &scratch, &["--add-opens", "java.base/java.lang=ALL-UNNAMED", "-classpath", ".", "Main"]);
    assert!(out.contains("opened"), "{out}");
    // What tunes another machine is named and left out.
    let ran =
        scratch.phantom(&["run", "--world", "v", "-Xss1m", "-XX:+UseG1GC", "-Xmx64m", "-cp", ".", "Main"]);
    ran.status(0).says(&["-Xss1m tunes another machine", "-XX:+UseG1GC tunes another machine"]);
}

#[test]
fn assertions_are_what_the_options_say() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path("p/q")).expect("a folder");
    scratch.file("p/A.java", "package p; public class A {}");
    scratch.file("p/q/B.java", "package p.q; public class B {}");
    scratch.file(
        "Main.java",
        "public class Main { public static void main(String[] a) throws Exception {
             for (Class<?> c : new Class<?>[] { Main.class, p.A.class, p.q.B.class, String.class }) System.out.println(c + \" \" + c.desiredAssertionStatus());
             try { assert a.length > 5 : \"few\"; System.out.println(\"none\"); } catch (AssertionError e) { System.out.println(e); }
             Main.class.getClassLoader().setPackageAssertionStatus(\"p.q\", true);
             System.out.println(p.A.class.desiredAssertionStatus() + \" \" + p.q.B.class.desiredAssertionStatus()); } }",
    );
    tool(&jdk, &scratch, "javac", &["Main.java"]);
    for options in [
        &[][..],
        &["-ea"],
        &["-esa"],
        &["-ea", "-da:p..."],
        &["-ea:p...", "-da:p.q..."],
        &["-enableassertions:p.q.B", "-da:..."],
        &["-ea:..."],
    ] {
        check(&jdk, &scratch, &[options, &["-cp", ".", "Main"]].concat());
    }
}

#[test]
fn assertions_are_kept_in_the_world() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    scratch.file(
        "Late.java",
        "class Late { static boolean on() { boolean on = false; assert on = true; return on; } }",
    );
    scratch.file(
        "Main.java",
        "public class Main { public static void main(String[] a) throws Exception {
             System.out.println(\"begun\"); System.in.read(); System.out.println(Late.on()); } }",
    );
    tool(&jdk, &scratch, "javac", &["Main.java", "Late.java"]);
    let run = ["run", "--world", "w", "-ea", "-cp", ".", "Main"];
    let mut child =
        scratch.command(&run).stdin(std::process::Stdio::piped()).spawn().expect("the binary starts");
    // Killed where it waits for input, some snapshots after it began.
    std::thread::sleep(std::time::Duration::from_secs(6));
    child.kill().expect("a child");
    let _ = child.wait();
    // Without the option: it was started with it.
    let ran = scratch.phantom_with_input(&["run", "--world", "w", "-cp", ".", "Main"], "x\n").status(0);
    assert!(ran.out.ends_with("true\n"), "{ran:?}");
}

#[test]
fn manifests_wildcards_and_releases_lead_to_classes() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    for folder in ["main", "one", "two", "new", "lib"] {
        std::fs::create_dir(scratch.path(folder)).expect("a folder");
    }
    scratch.file(
        "one/One.java",
        "public class One { public static String text() { return \"one\" + Two.text(); } }",
    );
    scratch.file("two/Two.java", "public class Two { public static String text() { return \"two\"; } }");
    scratch
        .file("new/Two.java", "public class Two { public static String text() { return \"two of 11\"; } }");
    scratch.file(
        "main/Main.java",
        "public class Main { public static void main(String[] a) { System.out.println(One.text()); System.out.println(System.getProperty(\"java.class.path\")); } }",
    );
    tool(&jdk, &scratch, "javac", &["--release", "8", "-d", "two", "two/Two.java"]);
    tool(&jdk, &scratch, "javac", &["--release", "11", "-d", "new", "new/Two.java"]);
    tool(&jdk, &scratch, "javac", &["-cp", "two", "-d", "one", "one/One.java"]);
    tool(&jdk, &scratch, "javac", &["-cp", "one", "-d", "main", "main/Main.java"]);
    scratch.file("one.mf", "Class-Path: two.jar none.jar\n");
    scratch.file("main.mf", "Main-Class: Main\nClass-Path: lib/one.jar\n");
    tool(
        &jdk,
        &scratch,
        "jar",
        &["cf", "lib/two.jar", "-C", "two", "Two.class", "--release", "11", "-C", "new", "Two.class"],
    );
    tool(&jdk, &scratch, "jar", &["cfm", "lib/one.jar", "one.mf", "-C", "one", "One.class"]);
    tool(&jdk, &scratch, "jar", &["cfm", "app.jar", "main.mf", "-C", "main", "Main.class"]);
    let out = check(&jdk, &scratch, &["-jar", "app.jar"]);
    assert_eq!(out, "onetwo of 11\napp.jar\n");
    check(&jdk, &scratch, &["-cp", "none:main:lib/one.jar", "Main"]);
    let ran = scratch.phantom(&["run", "--world", "v", "-cp", "main:lib/*", "Main"]).status(0);
    assert_eq!(ran.out, "onetwo of 11\nmain:lib/one.jar:lib/two.jar\n", "{}", ran.err);
}
