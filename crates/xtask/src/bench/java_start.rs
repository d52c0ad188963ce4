//! How a Java program starts: with an empty cache, with the library and the template in it, and when its world goes on.

use super::java::spent;
use super::process::Runner;
use super::statistics::median;
use super::{Options, Row};
use crate::test::jdk;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The programs, compiled with the JDK's compiler.
const SOURCE: &str = "class Hello { public static void main(String[] a) { System.out.println(\"hello\"); } }
    class Ticks { public static void main(String[] a) throws Exception { while (true) { System.out.println(\"tick\"); Thread.sleep(1); } } }";
/// Most runs with an empty cache: each copies the library.
const FIRST_RUNS: usize = 3;
/// How long the world that is resumed has run.
const SETTLE: Duration = Duration::from_secs(2);

/// What the runs share.
struct Place<'r> {
    runner: &'r Runner,
    jdk: PathBuf,
    classes: PathBuf,
    cache: PathBuf,
}

/// Measures.
///
/// # Errors
/// When a program cannot be compiled or run.
pub(super) fn measure(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let Some(jdk) = jdk() else {
        eprintln!("SKIPPED: java-start: no JDK 17: install openjdk-17-jdk-headless or set JAVA_HOME");
        return Ok(Vec::new());
    };
    let place =
        Place { runner, classes: runner.folder().join("start"), cache: runner.folder().join("cache"), jdk };
    place.compile()?;
    let mut first = Vec::new();
    for _ in 0..options.pairs.min(FIRST_RUNS) {
        // It need not be there.
        let _ = fs::remove_dir_all(&place.cache);
        first.push(place.hello()?);
    }
    let (mut later, mut hotspot) = (Vec::new(), Vec::new());
    for _ in 0..options.pairs {
        later.push(place.hello()?);
        let mut java = Command::new(place.jdk.join("bin/java"));
        java.arg("-cp").arg(&place.classes).arg("Hello");
        hotspot.push(spent(java, "Hello")?.0);
    }
    let world = disk_bytes(&runner.world("java"))?;
    let library = files_bytes(&place.cache.join("libraries"))?;
    let template = files_bytes(&place.cache.join("templates"))?;
    let mut resumed = Vec::new();
    for _ in 0..options.pairs {
        resumed.push(place.resumed_s()?);
    }
    let seconds = |all: &[f64]| format!("{:.3} s ({})", median(all), range(all, 1.0, 3));
    Ok(vec![
        Row::shown("Java, first hello with an empty cache, CPU of the process", seconds(&first)),
        Row::shown(
            "Java, later hello in a new world, CPU of the process",
            format!("{}; HotSpot {}", seconds(&later), seconds(&hotspot)),
        ),
        Row::shown(
            "Java, `phantom resume` until a program that prints each millisecond prints, on the clock",
            format!("{:.1} ms ({})", median(&resumed) * 1e3, range(&resumed, 1e3, 1)),
        ),
        Row::shown(
            "Java, on the disk: world of hello; library; template",
            format!("{:.1} MB; {:.1} MB; {:.1} MB", world / 1e6, library / 1e6, template / 1e6),
        ),
    ])
}

impl Place<'_> {
    fn compile(&self) -> Result<(), String> {
        let source = self.runner.folder().join("Start.java");
        fs::write(&source, SOURCE).map_err(|error| format!("{}: {error}", source.display()))?;
        let mut javac = Command::new(self.jdk.join("bin/javac"));
        javac.arg("-d").arg(&self.classes).arg(source);
        spent(javac, "javac").map(drop)
    }

    fn phantom(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.runner.phantom_path());
        command.args(arguments).env("PHANTOM_CACHE", &self.cache).env("PHANTOM_JDK", &self.jdk);
        command
    }

    fn run(&self, class: &str) -> Command {
        self.runner.forget("java");
        let mut command = self.phantom(&["run", "--world"]);
        command.arg(self.runner.world("java")).arg("--cp").arg(&self.classes).arg(class);
        command
    }

    /// CPU seconds of hello in a new world.
    fn hello(&self) -> Result<f64, String> {
        let (cpu, said) = spent(self.run("Hello"), "Hello")?;
        if said == "hello\n" { Ok(cpu) } else { Err(format!("Hello said {said:?}")) }
    }

    /// Seconds from the start of the process that goes on with a world until it prints.
    fn resumed_s(&self) -> Result<f64, String> {
        let first = |mut command: Command, stays: Duration| {
            let began = Instant::now();
            let mut child =
                command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
            let mut line = String::new();
            let mut lines = BufReader::new(child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?);
            lines.read_line(&mut line)?;
            let took = began.elapsed();
            // It goes on printing, which somebody has to read.
            let reader = std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
            std::thread::sleep(stays);
            child.kill()?;
            child.wait()?;
            let _ = reader.join();
            if line == "tick\n" { Ok(took) } else { Err(std::io::Error::other(format!("it said {line:?}"))) }
        };
        let failed = |error: std::io::Error| format!("Ticks: {error}");
        first(self.run("Ticks"), SETTLE).map_err(failed)?;
        let mut resume = self.phantom(&["resume"]);
        resume.arg(self.runner.world("java"));
        first(resume, Duration::ZERO).map(|took| took.as_secs_f64()).map_err(failed)
    }
}

/// Least and greatest, in a unit that is `scale` in one.
fn range(all: &[f64], scale: f64, digits: usize) -> String {
    let least = all.iter().copied().fold(f64::INFINITY, f64::min) * scale;
    let greatest = all.iter().copied().fold(0.0, f64::max) * scale;
    format!("{least:.digits$} to {greatest:.digits$}, {} runs", all.len())
}

/// Bytes that a file takes on the disk.
fn disk_bytes(path: &Path) -> Result<f64, String> {
    let about = fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    // In units of 512 bytes (stat(2)).
    Ok(about.blocks() as f64 * 512.0)
}

/// Bytes that the files of a folder take.
fn files_bytes(folder: &Path) -> Result<f64, String> {
    let listing = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    listing.flatten().map(|entry| disk_bytes(&entry.path())).sum()
}
