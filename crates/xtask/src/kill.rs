//! `cargo xtask kill`: real `kill -9` at random instants and at each phase of a commit.
//!
//! A program is first run undisturbed; its output is the expectation. Then it runs again and again on one world and is
//! killed each time. What a killed run printed must be a piece of the expectation that begins no later than where the
//! run before ended (output after the last snapshot is repeated, never skipped), and the last run must end as the
//! undisturbed one did.

use crate::shell::{build_phantom, root};
use base::prng::Prng;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Examples that serve clients for ever; the tests of the binary kill them while they answer.
const SERVERS: &[&str] = &["chat.ph", "kv.ph"];
/// What the workflow writes for each charge, and how long its days are.
const PAYMENTS: &str = "payments.txt";
const DAY: &str = "2ms";

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask kill\n  cargo xtask kill examples/queens.ph --times 200")]
pub(crate) struct Options {
    /// Program to kill; all examples by default.
    program: Option<PathBuf>,
    /// How many kills each program must survive.
    #[arg(long, default_value_t = 200)]
    times: u32,
    /// Seed of the instants; a random one by default.
    #[arg(long)]
    seed: Option<u64>,
    /// How pages are tracked: userfaultfd or software; what the machine offers by default.
    #[arg(long)]
    mapper: Option<String>,
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
    /// Whether it charges a customer, which must happen once in each world.
    pays: bool,
    /// Mapper that is forced.
    mapper: Option<String>,
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
    let cases = match &options.program {
        Some(program) => vec![case_of(program, &options.arguments)],
        None => examples()?,
    };
    let phases = phases(&phantom)?;
    for mut case in cases {
        case.mapper.clone_from(&options.mapper);
        case.phases.clone_from(&phases);
        let killed = torture(&phantom, &case, options.times, seed)
            .map_err(|failure| format!("{}: {failure} (--seed {seed})", case.program.display()))?;
        println!("{}: {killed} of {killed} kills survived (seed {seed})", case.program.display());
    }
    Ok(())
}

/// The short version in the tests: some kills of each example.
///
/// # Errors
/// As [`run`].
pub(crate) fn short() -> Result<(), String> {
    run(&Options { program: None, times: 12, seed: Some(1), mapper: None, arguments: Vec::new() })
}

/// The phases that the binary knows.
fn phases(phantom: &Path) -> Result<Vec<String>, String> {
    let listed = Command::new(phantom).arg("kill-points").output();
    let listed = listed.map_err(|error| format!("cannot start {}: {error}", phantom.display()))?;
    let phases: Vec<String> =
        String::from_utf8_lossy(&listed.stdout).lines().map(ToString::to_string).collect();
    if phases.is_empty() { Err("the binary lists no phases".to_string()) } else { Ok(phases) }
}

/// Every example, with arguments that make it short enough.
fn examples() -> Result<Vec<Case>, String> {
    let folder = root().join("examples");
    let listing =
        fs::read_dir(&folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut programs: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    programs.retain(|path| path.extension().is_some_and(|extension| extension == "ph"));
    programs.retain(|path| !SERVERS.iter().any(|server| path.ends_with(server)));
    programs.sort();
    Ok(programs.iter().map(|program| case_of(program, &[])).collect())
}

fn case_of(program: &Path, arguments: &[String]) -> Case {
    let stem = program.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut case = Case {
        program: program.to_path_buf(),
        arguments: arguments.to_vec(),
        input: Vec::new(),
        endless: stem == "counter",
        pays: stem == "workflow",
        mapper: None,
        phases: Vec::new(),
    };
    if arguments.is_empty() {
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
    case
}

/// Kills one program `times` times; returns how many kills there were.
fn torture(phantom: &Path, case: &Case, times: u32, seed: u64) -> Result<u32, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no scratch folder: {error}"))?;
    let mut prng = Prng::new(seed);
    let judge = Judge::new(phantom, case, folder.path())?;
    let bar = ProgressBar::new(u64::from(times));
    bar.set_style(
        ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}").map_err(|error| error.to_string())?,
    );
    bar.set_message(case.program.display().to_string());
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
            let outcome = one_run(phantom, case, &world, &mut prng, last, judge.duration)?;
            judge.check(&mut progress, &outcome)?;
            if outcome.killed {
                kills += 1;
                bar.set_position(u64::from(kills));
            }
            let done = if case.endless { kills >= times } else { !outcome.killed };
            if done {
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
    bar.finish_and_clear();
    Ok(kills)
}

/// What one process did.
struct Outcome {
    output: String,
    errors: String,
    killed: bool,
    status: Option<i32>,
}

/// Starts the program and kills it at a random instant, at a phase of a commit, or (when `last`) not at all.
fn one_run(
    phantom: &Path,
    case: &Case,
    world: &Path,
    prng: &mut Prng,
    last: bool,
    whole: Duration,
) -> Result<Outcome, String> {
    let mut command = Command::new(phantom);
    command.arg("run").arg("--world").arg(world).args(["--every", "20ms"]);
    let at_phase = !last && prng.chance(1, 2);
    if at_phase {
        let phase = &case.phases[prng.below(case.phases.len() as u64) as usize];
        command.arg("--kill-at").arg(format!("{phase}:{}", 1 + prng.below(6)));
    }
    if let Some(mapper) = &case.mapper {
        command.arg("--mapper").arg(mapper);
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
    let window_us = (whole.as_micros() as u64).clamp(40_000, 1_500_000);
    let deadline = Instant::now() + Duration::from_micros(prng.below(window_us));
    let patience = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        let kill_now = if last {
            false
        } else if at_phase {
            Instant::now() > deadline + Duration::from_secs(3)
        } else {
            Instant::now() > deadline
        };
        if kill_now {
            child.kill().map_err(|error| error.to_string())?;
        }
        if Instant::now() > patience {
            child.kill().map_err(|error| error.to_string())?;
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

fn reader(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
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

/// The expectation, and how far it has been seen.
struct Judge {
    expected: Option<String>,
    status: i32,
    duration: Duration,
    interactive: bool,
}

/// How far the output of all runs so far has come.
#[derive(Default)]
struct Progress {
    /// Byte of the expectation that is reached.
    reached: usize,
    /// Last number that an endless counter printed, or of the last question of a game.
    counted: u64,
    /// Whether the game has been won.
    won: bool,
}

impl Judge {
    /// Runs the program undisturbed.
    fn new(phantom: &Path, case: &Case, folder: &Path) -> Result<Judge, String> {
        let interactive = !case.input.is_empty();
        if case.endless {
            return Ok(Judge {
                expected: None,
                status: 0,
                duration: Duration::from_millis(900),
                interactive,
            });
        }
        let started = Instant::now();
        let outcome =
            one_run(phantom, case, &folder.join("plain.world"), &mut Prng::new(0), true, Duration::ZERO)?;
        let status = outcome.status.ok_or("the undisturbed run was killed by something else")?;
        Ok(Judge { expected: Some(outcome.output), status, duration: started.elapsed(), interactive })
    }

    /// Judges one run.
    fn check(&self, progress: &mut Progress, outcome: &Outcome) -> Result<(), String> {
        let complain = |what: &str| {
            Err(format!("{what}\n--- output\n{}\n--- errors\n{}", outcome.output, outcome.errors))
        };
        if !outcome.killed && outcome.status != Some(self.status) {
            return complain(&format!("the run ended with {:?} instead of {}", outcome.status, self.status));
        }
        match &self.expected {
            None => match count_on(progress.counted, &outcome.output) {
                Some(counted) => progress.counted = counted,
                None => return complain(&format!("the count does not go on from {}", progress.counted)),
            },
            // Its secret depends on the clock: the questions must go on, and the game end by being won.
            Some(_) if self.interactive => {
                match questions_on(progress.counted, &outcome.output) {
                    Some(asked) => progress.counted = asked,
                    None => {
                        return complain(&format!("the questions do not go on from {}", progress.counted));
                    }
                }
                // A kill may come after the last word and before the end of the process.
                progress.won |= outcome.output.contains("Right, after");
                if !outcome.killed && !progress.won {
                    return complain("the game did not end by being won");
                }
            }
            Some(expected) => match goes_on(expected, progress.reached, &outcome.output) {
                Some(reached) if outcome.killed || reached == expected.len() => progress.reached = reached,
                Some(_) => return complain("the last run ended before the end of the expected output"),
                None => {
                    return complain(&format!("the output does not go on from byte {}", progress.reached));
                }
            },
        }
        Ok(())
    }
}

/// Where `output` ends in `expected`, if it is a piece of it that begins at or before `reached`; the furthest such end.
fn goes_on(expected: &str, reached: usize, output: &str) -> Option<usize> {
    if output.is_empty() {
        return Some(reached);
    }
    (0..=reached.min(expected.len()))
        .rev()
        .find(|&from| expected.as_bytes()[from..].starts_with(output.as_bytes()))
        .map(|from| reached.max(from + output.len()))
}

/// The number that a counter has reached, if its lines go on without a gap from at most `counted + 1`.
fn count_on(counted: u64, output: &str) -> Option<u64> {
    let complete = &output[..output.rfind('\n').map_or(0, |end| end + 1)];
    let mut numbers = complete.lines().map(|line| line.parse::<u64>().ok());
    let Some(first) = numbers.next() else { return Some(counted) };
    let first = first.filter(|&first| first <= counted + 1)?;
    let last = numbers.try_fold(first, |before, number| number.filter(|&number| number == before + 1))?;
    Some(counted.max(last))
}

/// The number of the last question of a game, if its questions go on without a gap from at most `asked + 1` and a right
/// guess is the last one's.
fn questions_on(asked: u64, output: &str) -> Option<u64> {
    let mut last = asked;
    for (index, rest) in output.split("Guess ").skip(1).enumerate() {
        let Some((number, _)) = rest.split_once(':') else { break };
        let number = number.parse::<u64>().ok()?;
        if if index == 0 { number > asked + 1 || number == 0 } else { number != last + 1 } {
            return None;
        }
        last = number;
    }
    match output.split_once("Right, after ") {
        Some((_, rest)) => match rest.split_once(' ') {
            Some((tries, _)) => (tries.parse() == Ok(last)).then_some(asked.max(last)),
            None => Some(asked.max(last)),
        },
        None => Some(asked.max(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_sees_gaps_and_allows_repeats() {
        assert_eq!(count_on(0, "1\n2\n3\n"), Some(3));
        assert_eq!(count_on(3, "3\n4\n5"), Some(4));
        assert_eq!(count_on(3, "5\n6\n"), None);
        assert_eq!(count_on(3, "3\n5\n"), None);
        assert_eq!(goes_on("abcdef", 0, "abc"), Some(3));
        assert_eq!(goes_on("abcdef", 3, "bcd"), Some(4));
        assert_eq!(goes_on("abcdef", 3, "ef"), None);
        assert_eq!(goes_on("abcdef", 3, "def"), Some(6));
        assert_eq!(questions_on(0, "Guess 1: Too low.\nGuess 2: Ri"), Some(2));
        assert_eq!(questions_on(2, "Too low.\nGuess 3: Right, after 3 guesses.\n"), Some(3));
        assert_eq!(questions_on(2, "Guess 4: "), None);
        assert_eq!(questions_on(2, "Guess 2: Too low.\nGuess 4: "), None);
        assert_eq!(questions_on(2, "Guess 3: Right, after 4 guesses.\n"), None);
    }
}
