//! Java worlds and the copy of the library that they run on: made once, found again, carried along; and the template that
//! new worlds begin with. Without a JDK 17 every test here says that it was skipped.

mod common;

use common::jdk::jdk;
use common::{Ran, Scratch};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A scratch folder with a cache of its own, and class files in `classes`.
struct Place {
    scratch: Scratch,
    jdk: PathBuf,
}

/// Which JDK a run finds.
#[derive(Clone, Copy)]
enum Found {
    Installed,
    /// One with other contents.
    Upgraded,
    None,
}

impl Place {
    fn new(jdk: PathBuf) -> Place {
        Place { scratch: Scratch::new(), jdk }
    }
    /// The installed JDK with another file `release`, which makes it another one.
    fn upgraded(&self) -> PathBuf {
        let home = self.scratch.path("upgraded");
        if !home.exists() {
            fs::create_dir(&home).expect("a folder");
            for part in ["bin", "conf", "lib"] {
                std::os::unix::fs::symlink(self.jdk.join(part), home.join(part)).expect("a link");
            }
            let release = fs::read_to_string(self.jdk.join("release")).expect("a JDK says its release");
            let changed = release.replace("JAVA_RUNTIME_VERSION=\"17.", "JAVA_RUNTIME_VERSION=\"17.99.");
            assert_ne!(release, changed);
            fs::write(home.join("release"), changed).expect("it is written");
        }
        home
    }
    fn compile(&self, name: &str, text: &str) {
        let path = self.scratch.file(&format!("{name}.java"), text);
        let mut javac = Command::new(self.jdk.join("bin/javac"));
        let compiled = javac.arg("-d").arg(self.scratch.path("classes")).arg(path).status();
        assert!(compiled.expect("javac runs").success(), "{name}.java compiles");
    }
    fn command(&self, found: Found, arguments: &[&str]) -> Command {
        let mut command = self.scratch.command(arguments);
        command.env("PHANTOM_CACHE", self.scratch.path("cache"));
        command.env(
            "PHANTOM_JDK",
            match found {
                Found::Installed => self.jdk.clone(),
                Found::Upgraded => self.upgraded(),
                Found::None => self.scratch.path("no-jdk"),
            },
        );
        command
    }
    fn run(&self, found: Found, arguments: &[&str]) -> Ran {
        common::ran(self.command(found, arguments).spawn().expect("the binary starts"))
    }
    /// The files of a kind in the cache, as a user sees them.
    fn kept(&self, kind: &str) -> Vec<PathBuf> {
        let listing = fs::read_dir(self.scratch.path("cache").join(kind)).into_iter().flatten().flatten();
        let mut found: Vec<_> = listing.map(|entry| entry.path()).collect();
        found.sort();
        found
    }
    fn library(&self) -> PathBuf {
        let kept = self.kept("libraries");
        assert_eq!(kept.len(), 1, "{kept:?}");
        kept[0].clone()
    }
}

const HELLO: &str = "public class Hello { public static void main(String[] a) { System.out.println(\"hello \" + a.length); } }";
/// Says a line, waits for another to be read, and then needs what it has not used before, of the library and of its own.
const LATE: &str = "public class Late { \
    public static void main(String[] a) throws Exception { System.out.println(\"first\"); \
    while (System.in.read() != 10) Thread.sleep(20); Other.go(); } } \
    class Other { static void go() { \
    System.out.println(java.util.regex.Pattern.compile(\"(a)(b*)\").matcher(\"abb\").replaceAll(\"$2$1\")); \
    System.out.println(java.time.LocalDate.of(2024, 2, 29).plusYears(1)); \
    System.out.println(java.util.Locale.getISOCountries().length > 200); } }";
const LATE_OUT: &str = "bba\n2025-02-28\ntrue\n";

impl Place {
    /// Runs `Late` in the world `w` until it waits, and kills it.
    fn late(&self, found: Found, arguments: &[&str]) {
        let mut child = self.command(found, &[&["run", "--world", "w"], arguments].concat());
        let mut child = child.stdin(Stdio::piped()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("output"));
        let mut line = String::new();
        out.read_line(&mut line).expect("output can be read");
        assert_eq!(line, "first\n");
        // What has been said is in a snapshot soon.
        std::thread::sleep(Duration::from_millis(600));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    /// Goes on with a world, and answers what `Late` waits for.
    fn resume(&self, found: Found, world: &str) -> Ran {
        let mut child = self.command(found, &["resume", "--attach", world]);
        let mut child = child.stdin(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("its input");
        // Who does not go on does not read.
        let _ = stdin.write_all(b"\n");
        drop(stdin);
        common::ran(child)
    }
}

#[test]
fn the_library_is_copied_once_and_new_worlds_begin_with_a_booted_one() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Hello", HELLO);
    let first = place.run(Found::Installed, &["run", "--world", "a", "--cp", "classes", "Hello", "x"]);
    first.status(0).out("hello 1\n").says(&["is copied into the cache, once"]);
    let bytes = fs::metadata(place.library()).expect("a copy").len();
    assert!(bytes < 60_000_000, "{bytes}");
    let template = place.kept("templates");
    assert_eq!(template.len(), 1, "{template:?}");
    let again = place.run(Found::Installed, &["run", "--world", "b", "--cp", "classes", "Hello"]).status(0);
    assert_eq!((again.out.as_str(), again.err.as_str()), ("hello 0\n", ""));
    assert_eq!(place.kept("templates"), template);
    // Two copies are two worlds.
    let id = |world: &str| place.run(Found::None, &["info", "--json", world]).status(0).out;
    let named = |text: &str| text.split("\"world\":\"").nth(1).map(|rest| rest[..32].to_string());
    assert!(named(&id("a")).is_some() && named(&id("a")) != named(&id("b")), "{}", id("a"));
    // What is allocated, in units of 512 bytes.
    let blocks = fs::metadata(place.scratch.path("b")).expect("a world").blocks();
    assert!(blocks * 512 < 10_000_000, "{blocks}");
    assert!(id("a").contains("\"java_library\":"), "{}", id("a"));
    place.run(Found::None, &["check", "--objects", "b"]).status(0);
}

#[test]
fn a_kill_while_the_library_is_copied_or_booted_leaves_nothing_in_the_way() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Hello", HELLO);
    let arguments = ["run", "--world", "w", "--cp", "classes", "Hello"];
    let waits = ["libraries", "installed", "templates"];
    for kind in waits {
        let mut child = place.command(Found::Installed, &arguments).spawn().expect("it starts");
        while place.kept(kind).is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    place.run(Found::Installed, &arguments).status(0);
    let left: Vec<PathBuf> = waits.into_iter().flat_map(|kind| place.kept(kind)).collect();
    assert!(left.iter().all(|path| path.extension().is_none_or(|ending| ending != "new")), "{left:?}");
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn two_at_once_share_what_they_make() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Hello", HELLO);
    let run = |world| {
        place.command(Found::Installed, &["run", "--world", world, "--cp", "classes", "Hello"]).spawn()
    };
    let both = [run("a"), run("b")].map(|child| child.expect("it starts"));
    for child in both {
        common::ran(child).status(0).out("hello 0\n");
    }
    assert_eq!((place.kept("libraries").len(), place.kept("templates").len()), (1, 1));
}

#[test]
fn a_template_that_is_damaged_is_made_anew() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Hello", HELLO);
    let hello = |world: &str| {
        let ran = place.run(Found::Installed, &["run", "--world", world, "--cp", "classes", "Hello"]);
        ran.status(0).out("hello 0\n");
    };
    hello("a");
    let template = place.kept("templates")[0].clone();
    let whole = fs::read(&template).expect("a template");
    let mut bytes = whole.clone();
    let at = bytes.iter().rposition(|byte| *byte != 0).expect("data") / 2;
    bytes[at] ^= 0x55;
    bytes[at + 4096] ^= 0x55;
    for broken in [&bytes[..], &whole[..whole.len() / 3], b"no world"] {
        fs::write(&template, broken).expect("it is written");
        hello(&format!("w{}", broken.len()));
        assert_ne!(fs::read(&template).expect("a template"), broken);
    }
}

#[test]
fn a_world_goes_on_with_its_own_library() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Late", LATE);
    for found in [Found::Upgraded, Found::None] {
        place.late(Found::Installed, &["--cp", "classes", "Late"]);
        place.resume(found, "w").status(0).out(LATE_OUT);
        assert_eq!(place.kept("libraries").len(), 1);
        fs::remove_file(place.scratch.path("w")).expect("a world");
    }
    // Classes of a source are in the world, whatever becomes of the source.
    place.late(Found::Installed, &["Late.java"]);
    fs::remove_file(place.scratch.path("Late.java")).expect("a source");
    place.resume(Found::None, "w").status(0).out(LATE_OUT);
}

#[test]
fn without_its_library_a_world_says_what_it_needs_and_loses_nothing() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Late", LATE);
    place.late(Found::Installed, &["--cp", "classes", "Late"]);
    let library = place.library();
    fs::rename(&library, place.scratch.path("aside")).expect("it is moved");
    for found in [Found::None, Found::Upgraded] {
        let name = library.file_stem().expect("a name").to_string_lossy().into_owned();
        let refused = place.resume(found, "w").status(121).out("");
        refused.says(&["needs the Java library", &name, "self-contained", "stops without committing"]);
    }
    // An installed JDK with the same contents will do.
    place.resume(Found::Installed, "w").status(0).out(LATE_OUT);
}

#[test]
fn a_world_is_carried_with_its_library() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Late", LATE);
    place.late(Found::Installed, &["Late.java"]);
    place.run(Found::None, &["export", "--self-contained", "w", "-o", "stream"]).status(0);
    let library = fs::read(place.library()).expect("a copy");
    fs::remove_dir_all(place.scratch.path("cache")).expect("a cache");
    let whole = fs::read(place.scratch.path("stream")).expect("a stream");
    // Cut or altered in the library, nothing is taken.
    for (cut, altered) in [(20, None), (1 << 20, None), (whole.len(), Some(1 << 20)), (whole.len(), Some(10))]
    {
        let mut bytes = whole[..cut].to_vec();
        if let Some(at) = altered {
            bytes[at] ^= 1;
        }
        place.scratch.file("bad", &bytes);
        let refused = place.run(Found::None, &["import", "--into", "there", "bad"]).status(120);
        refused.says(&["bad: ", "there is as it was"]);
        assert!(!place.scratch.path("there").exists());
        assert_eq!(place.kept("libraries"), Vec::<PathBuf>::new());
    }
    place.run(Found::None, &["import", "--into", "there", "stream"]).status(0);
    assert!(fs::read(place.library()).expect("a copy") == library, "the same copy");
    place.resume(Found::None, "there").status(0).out(LATE_OUT);
}

#[test]
fn a_damaged_library_is_found_and_made_anew() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Late", LATE);
    place.late(Found::Installed, &["--cp", "classes", "Late"]);
    let library = place.library();
    let whole = fs::read(&library).expect("a copy");
    // Something in every block.
    let mut bytes = whole.clone();
    bytes.iter_mut().skip(4096).step_by(8000).for_each(|byte| *byte ^= 0x11);
    fs::write(&library, &bytes).expect("it is written");
    place.resume(Found::None, "w").status(121).says(&["damaged", "stops without committing"]);
    place.resume(Found::Installed, "w").status(0).out(LATE_OUT).says(&["warning", "damaged", "made anew"]);
    assert!(fs::read(&library).expect("a copy") == whole, "the copy is as it was");
}

#[test]
fn a_jar_and_what_its_manifest_names_are_found_from_anywhere() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    place.compile("Late", LATE);
    fs::create_dir(place.scratch.path("lib")).expect("a folder");
    place.scratch.file("manifest", "Main-Class: Late\nClass-Path: lib/other.jar\n");
    let jar = |arguments: &[&str]| {
        let mut jar = Command::new(place.jdk.join("bin/jar"));
        let made = jar.args(arguments).current_dir(place.scratch.path(".")).status();
        assert!(made.expect("jar runs").success(), "{arguments:?}");
    };
    jar(&["--create", "--file", "app.jar", "--manifest", "manifest", "-C", "classes", "Late.class"]);
    jar(&["--create", "--file", "lib/other.jar", "-C", "classes", "Other.class"]);
    fs::remove_dir_all(place.scratch.path("classes")).expect("classes");
    place.late(Found::Installed, &["-jar", "app.jar"]);
    let info = place.run(Found::None, &["info", "w"]).status(0).out;
    let path = place.scratch.path("app.jar").canonicalize().expect("a jar");
    assert!(info.contains(&format!("classes    {}\n", path.display())), "{info}");
    // From another folder, and with another jar of that name.
    jar(&["--update", "--file", "app.jar", "manifest"]);
    fs::create_dir(place.scratch.path("elsewhere")).expect("a folder");
    let world = place.scratch.path("w").display().to_string();
    let mut child = place.command(Found::None, &["resume", "--attach", &world]);
    let child = child.current_dir(place.scratch.path("elsewhere")).stdin(Stdio::piped()).spawn();
    let mut child = child.expect("it starts");
    child.stdin.take().expect("its input").write_all(b"\n").expect("it reads");
    common::ran(child).status(0).out(LATE_OUT).says(&["app.jar is another one than before"]);
}

#[test]
fn a_program_in_phantom_goes_on_without_jdk_and_sources() {
    let Some(jdk) = jdk() else { return };
    let place = Place::new(jdk);
    let folder = place.scratch.path("till");
    fs::create_dir(&folder).expect("a folder");
    for file in ["Till.java", "till.ph"] {
        fs::copy(common::root().join("examples/till").join(file), folder.join(file)).expect("an example");
    }
    let mut child =
        place.command(Found::Installed, &["run", "--world", "w", "till"]).spawn().expect("it starts");
    while !place.scratch.path("w").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    fs::remove_dir_all(&folder).expect("sources");
    let ran = place.run(Found::None, &["resume", "w"]).status(0);
    assert!(ran.out.ends_with("in all 563 EUR\n"), "{ran:?}");
}

#[test]
fn without_java_there_is_no_library() {
    let scratch = Scratch::new();
    let program = scratch.file("plain.ph", "class plain { void main() { println(\"plain\"); } };");
    let mut command = scratch.command(&["run", &program.display().to_string()]);
    command.env("PHANTOM_CACHE", scratch.path("cache"));
    common::ran(command.spawn().expect("it starts")).status(0).out("plain\n");
    assert!(!scratch.path("cache").exists());
}
