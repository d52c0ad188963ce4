//! `cargo xtask kill`: real `kill -9` at random instants and at each phase of a commit.
//!
//! A program is first run undisturbed; its output is the expectation. Then it runs again and again on one world and is
//! killed each time. What a killed run printed must be a piece of the expectation that begins no later than where the
//! run before ended (output after the last snapshot is repeated, never skipped), and the last run must end as the
//! undisturbed one did ([`judge`]). A server is hammered by clients that remember what it answered ([`service`]).

mod judge;
mod service;

use crate::shell::{build_phantom, root};
use base::prng::Prng;
use indicatif::{ProgressBar, ProgressStyle};
pub(crate) use judge::goes_on;
use judge::{Judge, Progress};
use service::Service;
use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the workflow writes for each charge, and how long its days are.
const PAYMENTS: &str = "payments.txt";
const DAY: &str = "2ms";
/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// Within which a program that never ends is killed; one that has a library to start first lives longer.
const LIFETIME: Duration = Duration::from_millis(900);
const JAVA_LIFETIME: Duration = Duration::from_millis(2500);
/// The latest instant of a kill.
const LIFETIME_US_MAX: u64 = 2_500_000;

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask kill\n  cargo xtask kill --total 500\n  cargo xtask kill examples/queens.ph --times 200 --workers 1"
)]
pub(crate) struct Options {
    /// Program to kill; all examples by default.
    program: Option<PathBuf>,
    /// How many kills each program must survive.
    #[arg(long, default_value_t = 200)]
    times: u32,
    /// How many kills all programs together must survive, instead of so many each.
    #[arg(long, conflicts_with = "times")]
    total: Option<u32>,
    /// Seed of the instants; a random one by default.
    #[arg(long)]
    seed: Option<u64>,
    /// How pages come and go: userfaultfd or software; what the machine offers by default.
    #[arg(long)]
    mapper: Option<String>,
    /// Workers that run its threads; what the binary chooses by default.
    #[arg(long)]
    workers: Option<NonZero<usize>>,
    /// Arguments of the program.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// How a program is driven and judged.
struct Case {
    program: PathBuf,
    arguments: Vec<String>,
    /// Lines typed at it, each after the prompt appears.
    input: Vec<String>,
    /// Whether it never ends by itself.
    endless: bool,
    /// Within which a program that never ends is killed.
    lifetime: Duration,
    /// Where the classes of a Java program are.
    classes: Option<tempfile::TempDir>,
    /// Whether it charges a customer, which must happen once in each world.
    pays: bool,
    /// What it serves, and the clients that ask it.
    service: Option<Service>,
    /// Options of `phantom run` for every run.
    options: Vec<String>,
    /// Phases of a commit at which the binary can be told to kill itself (hidden option `--kill-at PHASE:COUNT`).
    phases: Vec<String>,
}

/// Kills the examples, or one program.
///
/// # Errors
/// The first run whose output or end is not as it must be, with the seed that repeats it.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let phantom = build_phantom()?;
    let seed = options.seed.unwrap_or_else(|| u64::from(std::process::id()) ^ 0x5eed);
    let programs = match &options.program {
        Some(program) => vec![program.clone()],
        None => examples()?,
    };
    let phases = phases(&phantom)?;
    let count = programs.len() as u32;
    let share = |index: u32| match options.total {
        None => options.times,
        Some(total) => total / count + u32::from(index < total % count),
    };
    let total: u32 = (0..count).map(share).sum();
    let bar = ProgressBar::new(u64::from(total));
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {elapsed}");
    bar.set_style(style.map_err(|error| error.to_string())?);
    for (index, program) in programs.iter().enumerate() {
        let mut case = case_of(program, &options.arguments, seed)?;
        case.phases.clone_from(&phases);
        if let Some(mapper) = &options.mapper {
            case.options.extend(["--mapper".to_string(), mapper.clone()]);
        }
        if let Some(workers) = options.workers {
            case.options.extend(["--workers".to_string(), workers.to_string()]);
        }
        bar.set_message(program.display().to_string());
        let killed = torture(&phantom, &mut case, share(index as u32), seed, &bar)
            .map_err(|failure| format!("{}: {failure} (--seed {seed})", program.display()))?;
        let served = case.service.as_ref().map(|service| format!(", {}", service.summary()));
        bar.suspend(|| {
            let served = served.unwrap_or_default();
            println!("{}: {killed} of {killed} kills survived (seed {seed}){served}", program.display());
        });
    }
    bar.finish_and_clear();
    if programs.len() > 1 {
        println!("{total} of {total} kills survived");
    }
    Ok(())
}

/// The short version in the tests: some kills of each example.
///
/// # Errors
/// As [`run`].
pub(crate) fn short() -> Result<(), String> {
    run(&Options {
        program: None,
        times: 12,
        total: None,
        seed: Some(1),
        mapper: None,
        workers: None,
        arguments: Vec::new(),
    })
}

/// The phases that the binary knows.
fn phases(phantom: &Path) -> Result<Vec<String>, String> {
    let listed = Command::new(phantom).arg("kill-points").output();
    let listed = listed.map_err(|error| format!("cannot start {}: {error}", phantom.display()))?;
    let phases: Vec<String> =
        String::from_utf8_lossy(&listed.stdout).lines().map(ToString::to_string).collect();
    if phases.is_empty() { Err("the binary lists no phases".to_string()) } else { Ok(phases) }
}

/// Every example; those in Java where there is a JDK.
fn examples() -> Result<Vec<PathBuf>, String> {
    let folder = root().join("examples");
    let listing =
        fs::read_dir(&folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut programs: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    let has_jdk = crate::test::jdk().is_some();
    programs.retain(|path| match path.extension().and_then(|extension| extension.to_str()) {
        Some("ph") => true,
        Some("java") if !has_jdk => {
            eprintln!("SKIPPED: {}: no JDK 17 was found", path.display());
            false
        }
        other => other == Some("java"),
    });
    programs.sort();
    Ok(programs)
}

/// A program with arguments that make it short enough.
fn case_of(program: &Path, arguments: &[String], seed: u64) -> Result<Case, String> {
    let stem = program.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let service = Service::of(&stem, seed)?;
    let mut case = Case {
        program: program.to_path_buf(),
        arguments: arguments.to_vec(),
        input: Vec::new(),
        endless: stem == "counter" || service.is_some(),
        lifetime: LIFETIME,
        classes: None,
        pays: stem == "workflow",
        service: None,
        options: Vec::new(),
        phases: Vec::new(),
    };
    if let Some(service) = service {
        case.options.push("--allow-net".to_string());
        case.arguments = vec![service.port.to_string()];
        case.service = Some(service);
    } else if arguments.is_empty() {
        let given: &[&str] = match &*stem {
            "queens" => &["10"],
            "queue" => &["300"],
            "sleepers" => &["500", "1"],
            _ => &[],
        };
        case.arguments = given.iter().map(ToString::to_string).collect();
    }
    if stem == "guess" {
        case.input = (1..=100).map(|guess| guess.to_string()).collect();
    }
    if program.extension().is_some_and(|extension| extension == "java") {
        let classes = compiled(program)?;
        // Nothing in a Java program says that its answers must stay.
        case.options.push("--durable".to_string());
        case.options.extend(["--cp".to_string(), classes.path().display().to_string()]);
        case.program = PathBuf::from(stem);
        case.classes = Some(classes);
        case.lifetime = JAVA_LIFETIME;
    }
    Ok(case)
}

/// The classes of a Java program, made once: each run would start the compiler again, and be killed in it.
fn compiled(source: &Path) -> Result<tempfile::TempDir, String> {
    let jdk = crate::test::jdk().ok_or("no JDK 17: install openjdk-17-jdk-headless or set JAVA_HOME")?;
    let classes = tempfile::tempdir().map_err(|error| format!("no folder for classes: {error}"))?;
    let mut javac = Command::new(jdk.join("bin/javac"));
    javac.arg("-d").arg(classes.path()).arg(source);
    crate::shell::run(&mut javac).map(|()| classes)
}

/// Kills one program `times` times; returns how many kills there were.
fn torture(phantom: &Path, case: &mut Case, times: u32, seed: u64, bar: &ProgressBar) -> Result<u32, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no scratch folder: {error}"))?;
    let mut prng = Prng::new(seed);
    let judge = Judge::new(phantom, case, folder.path())?;
    let mut kills = 0;
    while kills < times {
        let mut progress = Progress::default();
        let world = folder.path().join("killed.world");
        if world.exists() {
            fs::remove_file(&world).map_err(|error| format!("cannot remove the world: {error}"))?;
        }
        let payments = folder.path().join(PAYMENTS);
        if payments.exists() {
            fs::remove_file(&payments).map_err(|error| format!("cannot remove the payments: {error}"))?;
        }
        loop {
            let last = kills >= times;
            let until = if last { Until::End } else { Until::drawn(&mut prng, &case.phases, judge.duration) };
            if let Some(service) = &mut case.service {
                service.open();
            }
            let outcome = one_run(phantom, case, &world, until)?;
            judge.check(&mut progress, &outcome)?;
            if let Some(service) = &mut case.service {
                service.close()?;
            }
            if outcome.killed && !last {
                kills += 1;
                bar.inc(1);
            }
            // A server has to answer once more after the last kill.
            let is_over = match (case.endless, &case.service) {
                (true, None) => kills >= times,
                (true, Some(_)) => last,
                (false, _) => !outcome.killed,
            };
            if is_over {
                break;
            }
        }
        if case.pays {
            let made = fs::read_to_string(&payments).map_err(|error| format!("nobody paid: {error}"))?;
            if made.lines().count() != 1 {
                return Err(format!("the customer was not charged once:\n{made}"));
            }
        }
    }
    Ok(kills)
}

/// Until when a process runs.
enum Until {
    /// Its own end; that of a server is when each client has been answered.
    End,
    /// A random instant.
    Instant(Duration),
    /// It kills itself at a phase of a commit; if it does not come to that, an instant.
    Phase(String, Duration),
}

impl Until {
    /// Half of the kills come at an instant within the time that an undisturbed run takes, half at a phase.
    fn drawn(prng: &mut Prng, phases: &[String], whole: Duration) -> Until {
        let at_phase = prng.chance(1, 2).then(|| {
            let phase = &phases[prng.below(phases.len() as u64) as usize];
            format!("{phase}:{}", 1 + prng.below(6))
        });
        let window_us = (whole.as_micros() as u64).clamp(40_000, LIFETIME_US_MAX);
        let instant = Duration::from_micros(prng.below(window_us));
        match at_phase {
            Some(phase) => Until::Phase(phase, instant + Duration::from_secs(3)),
            None => Until::Instant(instant),
        }
    }
}

/// What one process did.
struct Outcome {
    output: String,
    errors: String,
    killed: bool,
    status: Option<i32>,
}

/// Starts the program and lets it run until the given end.
fn one_run(phantom: &Path, case: &Case, world: &Path, until: Until) -> Result<Outcome, String> {
    let mut command = Command::new(phantom);
    command.arg("run").arg("--world").arg(world).args(["--every", "20ms"]).args(&case.options);
    if let Until::Phase(phase, _) = &until {
        command.arg("--kill-at").arg(phase);
    }
    if let (true, Some(folder)) = (case.pays, world.parent()) {
        command.arg(format!("--allow-read={}", folder.display()));
        command.arg(format!("--allow-write={}", folder.display()));
        command.arg(&case.program).arg(folder.join(PAYMENTS)).arg(DAY);
    } else {
        command.arg(&case.program).args(&case.arguments);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().map_err(|error| format!("cannot start {}: {error}", phantom.display()))?;
    let typist = type_input(&mut child, &case.input);
    let readers = (reader(child.stdout.take()), reader(child.stderr.take()));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        let over = match (&until, &case.service) {
            (Until::End, None) => false,
            (Until::End, Some(service)) => service.all_answered(),
            (Until::Instant(after) | Until::Phase(_, after), _) => started.elapsed() > *after,
        };
        let hangs = started.elapsed() > PATIENCE;
        if over || hangs {
            child.kill().map_err(|error| error.to_string())?;
        }
        if hangs {
            return Err("a run did not end within two minutes".to_string());
        }
        std::thread::sleep(Duration::from_micros(500));
    };
    drop(typist);
    let output = readers.0.join().map_err(|_| "the reader of the output died")?;
    let errors = readers.1.join().map_err(|_| "the reader of the errors died")?;
    use std::os::unix::process::ExitStatusExt;
    Ok(Outcome { output, errors, killed: status.signal() == Some(9), status: status.code() })
}

/// Reads what a process prints, to its end.
pub(crate) fn reader(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // A broken pipe of a killed process is the end of its output.
            let _ = stream.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Types the lines slowly, so that kills fall into the middle of questions.
fn type_input(child: &mut Child, lines: &[String]) -> Option<std::thread::JoinHandle<()>> {
    let mut stdin = child.stdin.take()?;
    let lines = lines.to_vec();
    Some(std::thread::spawn(move || {
        for line in lines {
            if writeln!(stdin, "{line}").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }))
}
