//! `cargo xtask java`: unmodified Java programs, each with HotSpot's output as the expectation, plainly and under kills.
//!
//! A program runs three times over: by HotSpot, by Phantom, and by Phantom on one world that is killed again and again.
//! What it prints, how it ends and the files that it writes must be the same ([`stairs`] lists the programs). Their jars are
//! packages of the system, which are installed where they are missing; are-we-fast-yet is none and given by its folder.

mod stairs;

use crate::kill::{goes_on, reader};
use crate::shell::{build_phantom, command, run as run_shown};
use base::prng::Prng;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use stairs::{Program, Stair, stairs};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(600);
/// Stairs that must be reached; those after them go as far as they go.
const REQUIRED: u32 = 12;

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask java\n  cargo xtask java rhino h2 --kills 5\n  cargo xtask java are-we-fast-yet --awfy ../are-we-fast-yet/benchmarks/Java"
)]
pub(crate) struct Options {
    /// Stairs, by number or name; all by default.
    stairs: Vec<String>,
    /// Kills that each program must survive.
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// Seed of the instants.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder of the jars that the packages bring.
    #[arg(long, default_value = "/usr/share/java")]
    jars: PathBuf,
    /// Folder `benchmarks/Java` of are-we-fast-yet, which is no package; its programs are skipped without it.
    #[arg(long)]
    awfy: Option<PathBuf>,
    /// Prints JSON for machines.
    #[arg(long)]
    json: bool,
}

/// What came of a program.
struct Row {
    stair: u32,
    name: String,
    plain: Result<(), String>,
    /// Kills survived, where it was killed.
    kills: Result<u32, String>,
    skipped: Option<String>,
}

/// Climbs the stairs and prints what came of each program.
///
/// # Errors
/// When there is no JDK 17, or a program of a required stair does not do what HotSpot does.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let jdk = jdk::Jdk::find().ok_or("no JDK 17: install openjdk-17-jdk-headless or set JAVA_HOME")?;
    let jdk = jdk.home().to_path_buf();
    let mut chosen = stairs();
    if !options.stairs.is_empty() {
        let is_asked = |stair: &Stair| {
            options.stairs.iter().any(|name| *name == stair.name || name.parse() == Ok(stair.number))
        };
        chosen.retain(is_asked);
        if chosen.is_empty() {
            let names: Vec<String> =
                stairs().iter().map(|one| format!("{} {}", one.number, one.name)).collect();
            return Err(format!("there is no such stair; there are {}", names.join(", ")));
        }
    }
    let bench = Bench { jdk, phantom: build_phantom()?, options };
    let programs: u64 = chosen.iter().map(|stair| stair.programs.len() as u64).sum();
    let bar = ProgressBar::new(programs);
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {elapsed}");
    bar.set_style(style.map_err(|error| error.to_string())?);
    let mut rows = Vec::new();
    for stair in &chosen {
        let missing = bench.provide(stair);
        for program in &stair.programs {
            bar.set_message(program.name.clone());
            let row = match &missing {
                Some(why) => Row {
                    stair: stair.number,
                    name: program.name.clone(),
                    plain: Ok(()),
                    kills: Ok(0),
                    skipped: Some(why.clone()),
                },
                None => bench.climb(stair, program),
            };
            bar.suspend(|| row.print(options.json));
            rows.push(row);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let wrong = rows.iter().filter(|row| row.stair <= REQUIRED && !row.is_right()).count();
    let skipped = rows.iter().filter(|row| row.skipped.is_some()).count();
    if skipped > 0 {
        eprintln!("SKIPPED: {skipped} of {} programs", rows.len());
    }
    if wrong > 0 {
        Err(format!("{wrong} of {} programs do not do what HotSpot does", rows.len()))
    } else {
        Ok(())
    }
}

impl Row {
    fn is_right(&self) -> bool {
        self.plain.is_ok() && self.kills.is_ok()
    }

    fn print(&self, as_json: bool) {
        let plain = self.plain.as_ref().err();
        let kills = self.kills.as_ref().err();
        if as_json {
            let survived = self.kills.as_ref().ok();
            println!(
                "{}",
                json!({"stair": self.stair, "program": self.name, "skipped": self.skipped, "plain": plain.is_none(),
                       "plain_failure": plain, "kills": survived, "kills_failure": kills})
            );
            return;
        }
        let head = format!("{:>2}  {:<24}", self.stair, self.name);
        match (&self.skipped, plain, &self.kills) {
            (Some(why), ..) => println!("{head}  SKIPPED: {why}"),
            (None, Some(what), _) => println!("{head}  plain NO\n{what}"),
            (None, None, Ok(kills)) => println!("{head}  plain yes  kills {kills} of {kills}"),
            (None, None, Err(what)) => println!("{head}  plain yes  kills NO\n{what}"),
        }
    }
}

/// What the programs run with.
struct Bench<'o> {
    jdk: PathBuf,
    phantom: PathBuf,
    options: &'o Options,
}

/// What a program did: what it printed, how it ended, and the files it left.
struct Done {
    output: String,
    errors: String,
    status: Option<i32>,
    killed: bool,
}

impl Bench<'_> {
    /// Sees to it that the jars of a stair are there; else why they are not.
    fn provide(&self, stair: &Stair) -> Option<String> {
        if stair.wants_awfy && self.options.awfy.is_none() {
            return Some("give --awfy DIR, the folder benchmarks/Java of are-we-fast-yet".to_string());
        }
        let jars: Vec<&str> =
            stair.programs.iter().flat_map(|program| program.jars.iter().copied()).collect();
        let missing = || jars.iter().find(|jar| !self.options.jars.join(jar).exists());
        if missing().is_some() && !stair.packages.is_empty() {
            let mut install = command("apt-get", &["install", "--yes", "--no-install-recommends"]);
            // What is missing after a failure shows below.
            let _ = run_shown(install.args(stair.packages));
        }
        missing().map(|jar| format!("{} is not in {}", jar, self.options.jars.display()))
    }

    fn climb(&self, stair: &Stair, program: &Program) -> Row {
        let judged = self.plain(program);
        let (plain, kills) = match judged {
            Ok((expected, files, took)) => (Ok(()), self.killed(program, &expected, &files, took)),
            Err(what) => (Err(what), Ok(0)),
        };
        Row { stair: stair.number, name: program.name.clone(), plain, kills, skipped: None }
    }

    /// Runs a program by HotSpot and by Phantom; what both did, and how long Phantom took.
    fn plain(&self, program: &Program) -> Result<(Done, Files, Duration), String> {
        let scratch = tempfile::tempdir().map_err(|error| format!("no scratch folder: {error}"))?;
        // The same folder for both, since some programs print where their files are.
        let folder = scratch.path().join("work");
        self.prepare(program, &folder)?;
        let expected = self.one_run(self.hotspot(program, &folder), None)?;
        let files = written(program, &folder)?;
        self.prepare(program, &folder)?;
        let begun = Instant::now();
        let done = self.one_run(self.phantom(program, &folder, &scratch.path().join("plain.world")), None)?;
        let took = begun.elapsed();
        if done.output != expected.output || done.status != expected.status {
            return Err(format!(
                "ended with {:?} instead of {:?}{}\n{}",
                done.status,
                expected.status,
                difference(&expected.output, &done.output),
                last_lines(&done.errors)
            ));
        }
        files.compare(&written(program, &folder)?)?;
        Ok((expected, files, took))
    }

    /// Kills a program until it has survived as many kills as it must.
    fn killed(
        &self,
        program: &Program,
        expected: &Done,
        files: &Files,
        took: Duration,
    ) -> Result<u32, String> {
        let mut rng = Prng::new(self.options.seed);
        let mut kills = 0;
        while kills < self.options.kills {
            let scratch = tempfile::tempdir().map_err(|error| format!("no scratch folder: {error}"))?;
            let folder = scratch.path().join("work");
            self.prepare(program, &folder)?;
            let world = scratch.path().join("killed.world");
            let mut reached = 0;
            loop {
                let window = (took.as_micros() as u64).clamp(40_000, 3_000_000);
                let until = (kills < self.options.kills).then(|| Duration::from_micros(rng.below(window)));
                let done = self.one_run(self.phantom(program, &folder, &world), until)?;
                let place = || format!("after {kills} kills: ");
                reached = goes_on(&expected.output, reached, &done.output).ok_or_else(|| {
                    format!("{}the output does not go on from byte {reached}\n{}", place(), done.output)
                })?;
                if done.killed {
                    kills += 1;
                    continue;
                }
                if done.status != expected.status || reached != expected.output.len() {
                    let errors = last_lines(&done.errors);
                    return Err(format!("{}ended with {:?} too early\n{errors}", place(), done.status));
                }
                files.compare(&written(program, &folder)?).map_err(|what| place() + &what)?;
                break;
            }
        }
        Ok(kills)
    }

    /// Makes the folder that a program runs in, with its files and classes.
    fn prepare(&self, program: &Program, folder: &Path) -> Result<(), String> {
        let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(wrong)?;
        }
        fs::create_dir_all(folder.join("out")).map_err(wrong)?;
        for (name, text) in &program.files {
            fs::write(folder.join(name), text).map_err(wrong)?;
        }
        let Some(source) = program.compiled else { return Ok(()) };
        let mut javac = Command::new(self.jdk.join("bin/javac"));
        javac.args(["-nowarn", "-d", "classes", source]).current_dir(folder).stderr(Stdio::null());
        if let Some(awfy) = self.options.awfy.as_ref().filter(|_| program.of_awfy) {
            let awfy = awfy.canonicalize().map_err(|error| format!("{}: {error}", awfy.display()))?;
            javac.arg("-sourcepath").arg(awfy.join("src"));
            javac.arg(awfy.join("src").join(format!("{}.java", program.arguments[0])));
        }
        let made = javac.status().map_err(|error| format!("cannot run javac: {error}"))?;
        if made.success() { Ok(()) } else { Err(format!("{source} does not compile")) }
    }

    fn class_path(&self, program: &Program) -> String {
        let jars = program.jars.iter().map(|jar| self.options.jars.join(jar).display().to_string());
        let all: Vec<String> =
            program.compiled.map(|_| "classes".to_string()).into_iter().chain(jars).collect();
        all.join(":")
    }

    fn hotspot(&self, program: &Program, folder: &Path) -> Command {
        let mut java = Command::new(self.jdk.join("bin/java"));
        if program.main.contains('/') {
            java.arg("-m");
        } else {
            java.args(["-cp", &self.class_path(program)]);
        }
        java.arg(program.main).args(&program.arguments).current_dir(folder);
        java
    }

    fn phantom(&self, program: &Program, folder: &Path, world: &Path) -> Command {
        let mut phantom = Command::new(&self.phantom);
        phantom.arg("run").arg("--world").arg(world);
        if !program.main.contains('/') {
            phantom.args(["--cp", &self.class_path(program)]);
        }
        phantom.arg(program.main).args(&program.arguments).current_dir(folder);
        phantom.env("JAVA_HOME", &self.jdk);
        phantom
    }

    /// Runs a command to its end, or kills it after so long.
    fn one_run(&self, mut command: Command, until: Option<Duration>) -> Result<Done, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let readers = (reader(child.stdout.take()), reader(child.stderr.take()));
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            let hangs = begun.elapsed() > PATIENCE;
            if hangs || until.is_some_and(|until| begun.elapsed() > until) {
                child.kill().map_err(|error| error.to_string())?;
            }
            if hangs {
                return Err(format!("{name} did not end within {} s", PATIENCE.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let output = readers.0.join().map_err(|_| "the reader of the output died")?;
        let errors = readers.1.join().map_err(|_| "the reader of the errors died")?;
        Ok(Done { output, errors, status: status.code(), killed: status.signal() == Some(9) })
    }
}

/// Files that a program wrote, by name.
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    fn compare(&self, other: &Files) -> Result<(), String> {
        if self.0.keys().ne(other.0.keys()) {
            let (mine, theirs): (Vec<_>, Vec<_>) = (self.0.keys().collect(), other.0.keys().collect());
            return Err(format!("other files: {theirs:?} instead of {mine:?}"));
        }
        match self.0.iter().find(|(name, bytes)| other.0[*name] != **bytes) {
            Some((name, _)) => Err(format!("{name} has other contents")),
            None => Ok(()),
        }
    }
}

/// What stands in the folder `out`, and below it.
fn written(program: &Program, folder: &Path) -> Result<Files, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.join("out")];
    while let Some(at) = folders.pop() {
        let entries = fs::read_dir(&at).map_err(|error| format!("{}: {error}", at.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.insert(path.strip_prefix(folder).unwrap_or(&path).display().to_string(), bytes);
        }
    }
    if program.writes == files.is_empty() {
        return Err(format!("{} files were written", files.len()));
    }
    Ok(Files(files))
}

/// The first line that differs.
fn difference(expected: &str, output: &str) -> String {
    let (mut expected, mut output) = (expected.lines(), output.lines());
    for number in 1.. {
        match (expected.next(), output.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => {
                let (one, other) = (one.unwrap_or("(nothing)"), other.unwrap_or("(nothing)"));
                return format!("; line {number}: {other:?} instead of {one:?}");
            }
        }
    }
    String::new()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[..lines.len().min(12)].join("\n")
}
