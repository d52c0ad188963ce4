//! Java in the interpreter: the programs of are-we-fast-yet beside HotSpot's own interpreter (`-Xint`) of a recent release.
//!
//! Both run a program twice, with one round and with more; the difference is free of the start. What counts is CPU time of
//! the whole process, the two machines in turn. HotSpot's interpreter of release 17 is no measure: it touches the pages of
//! the stack's end at each call (JDK-8072070).

use super::process::{Runner, children_cpu_s};
use super::statistics::median;
use super::{Options, Row};
use crate::test::{jdk, jdks};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The programs, and the inner iterations by which the suite's own configuration runs them.
const PROGRAMS: &[(&str, &str)] = &[
    ("Bounce", "1500"),
    ("CD", "250"),
    ("DeltaBlue", "12000"),
    ("Havlak", "1500"),
    ("Json", "100"),
    ("List", "1500"),
    ("Mandelbrot", "500"),
    ("NBody", "250000"),
    ("Permute", "1000"),
    ("Queens", "1000"),
    ("Richards", "100"),
    ("Sieve", "3000"),
    ("Storage", "1000"),
    ("Towers", "600"),
];
/// Rounds of the longer run.
const ROUNDS: u32 = 4;
/// How many times HotSpot's interpreter's time is allowed, on the geometric mean.
const BAR: f64 = 4.0;
/// The oldest release that is measured against.
const OLDEST: u32 = 21;

/// Measures.
///
/// # Errors
/// When a program cannot be compiled or run.
pub(super) fn measure(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let Some(awfy) = &options.awfy else {
        eprintln!("SKIPPED: java: give --awfy DIR, the folder benchmarks/Java of are-we-fast-yet");
        return Ok(Vec::new());
    };
    let ours = jdk().ok_or("no JDK 17: install openjdk-17-jdk-headless or set JAVA_HOME")?;
    let Some((release, theirs)) = recent(options) else {
        eprintln!(
            "SKIPPED: java: no JDK of release {OLDEST} or later; give --recent-jdk DIR or set JAVA_HOME25"
        );
        return Ok(Vec::new());
    };
    let classes = runner.folder().join("awfy");
    compile(&ours, awfy, runner.folder(), &classes)?;
    let hotspot = |name: &str, inner: &str, rounds: u32| {
        let mut java = Command::new(theirs.join("bin/java"));
        java.args(["-Xint", "-XX:+UseSerialGC", "-cp"]).arg(&classes);
        java.args(["Rounds", name, inner, &rounds.to_string()]);
        cpu_s(java, name)
    };
    let phantom = |name: &str, inner: &str, rounds: u32| {
        runner.forget("java");
        let mut run = runner.start(runner.phantom_path());
        run.arg("run").arg("--world").arg(runner.world("java")).arg("--cp").arg(&classes);
        run.args(["Rounds", name, inner, &rounds.to_string()]).env("JAVA_HOME", &ours);
        cpu_s(run, name)
    };
    let (mut rows, mut ratios) = (Vec::new(), Vec::new());
    for (name, inner) in PROGRAMS {
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for _ in 0..options.pairs {
            let per_round = |run: &dyn Fn(&str, &str, u32) -> Result<f64, String>| {
                let long = run(name, inner, ROUNDS)?;
                Ok::<f64, String>((long - run(name, inner, 1)?) / f64::from(ROUNDS - 1))
            };
            there.push(per_round(&hotspot)?);
            here.push(per_round(&phantom)?);
        }
        let (here, there) = (median(&here), median(&there));
        ratios.push(here / there);
        rows.push(Row::shown(
            format!("Java, {name} ({inner}), a round"),
            format!(
                "{:.0} ms, HotSpot {release} -Xint {:.0} ms: {:.2} times",
                here * 1e3,
                there * 1e3,
                here / there
            ),
        ));
    }
    let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    rows.push(Row::new(
        format!("Java, geometric mean of {} programs against HotSpot {release} -Xint", ratios.len()),
        format!("≤ {BAR} times"),
        format!("{mean:.2} times"),
        mean <= BAR,
    ));
    Ok(rows)
}

/// A JDK to measure against: the one that is named, else the newest that is installed.
fn recent(options: &Options) -> Option<(u32, PathBuf)> {
    let named = options.recent_jdk.clone().or_else(|| std::env::var_os("JAVA_HOME25").map(PathBuf::from));
    let found: Vec<PathBuf> = named.map_or_else(|| jdks().collect(), |home| vec![home]);
    let known = found.into_iter().filter_map(|home| Some((release(&home)?, home)));
    known.filter(|(release, _)| *release >= OLDEST).max()
}

/// The number of a JDK's release.
fn release(home: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(home.join("release")).ok()?;
    let version = text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION=\""))?;
    version.split(['.', '"']).next()?.parse().ok()
}

fn compile(jdk: &Path, awfy: &Path, folder: &Path, classes: &Path) -> Result<(), String> {
    let driver = folder.join("Rounds.java");
    std::fs::write(&driver, include_str!("../java/inputs/Rounds.java"))
        .map_err(|error| format!("{}: {error}", driver.display()))?;
    let mut javac = Command::new(jdk.join("bin/javac"));
    javac.args(["-nowarn", "-d"]).arg(classes).arg("-sourcepath").arg(awfy.join("src")).arg(driver);
    javac.args(PROGRAMS.iter().map(|(name, _)| awfy.join("src").join(format!("{name}.java"))));
    let made = javac.stderr(Stdio::null()).status().map_err(|error| format!("cannot run javac: {error}"))?;
    if made.success() { Ok(()) } else { Err(format!("{}: its programs do not compile", awfy.display())) }
}

/// CPU seconds of a run of benchmarks that all say that they are right.
fn cpu_s(command: Command, name: &str) -> Result<f64, String> {
    let (spent, passed) = spent(command, name)?;
    if passed.lines().any(|line| !line.ends_with("true")) || passed.is_empty() {
        return Err(format!("{name} fails: {passed}"));
    }
    Ok(spent)
}

/// CPU seconds of a process, and what it prints.
///
/// # Errors
/// When it cannot be run or fails.
pub(super) fn spent(mut command: Command, name: &str) -> Result<(f64, String), String> {
    let before = children_cpu_s()?;
    let done = command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    if !done.status.success() {
        return Err(format!("{name} fails: {out}{}", String::from_utf8_lossy(&done.stderr)));
    }
    Ok((children_cpu_s()? - before, out))
}
