//! The command line, declared once: help, completion and parsing follow from it.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Programs that do not save, and do not lose.
#[derive(Parser, Debug)]
#[command(
    name = "phantom",
    version,
    about = "Runs programs that survive being killed at any instant",
    after_help = "Examples:\n  phantom run examples/counter.ph     run it; kill -9 it; run it again: it goes on\n  phantom log counter.world           its snapshots\n\nExit status: the program's own; 1 after an uncaught exception; 2 for a wrong command line;\n120 when a file cannot be used or compiled; 121 when the world is damaged; 122 when it is in use by another process;\n123 when the program went on from an older snapshot than the last one, at your request."
)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Runs a program, or goes on with it where it was.
    #[command(
        after_help = "Examples:\n  phantom run examples/counter.ph\n  phantom run --world big.world --every 1s examples/queens.ph 12\n\nThe world is NAME.world in the current folder, NAME being the program's file name without its ending.\nKill the process at any instant: the same command goes on where the program was."
    )]
    Run(Run),
    /// Goes on with a world whose program need not be at hand.
    #[command(after_help = "Example:\n  phantom resume counter.world")]
    Resume(Resume),
    /// Shows what a world is: identity, size, snapshots.
    #[command(after_help = "Example:\n  phantom info counter.world --json")]
    Info(Inspect),
    /// Lists the snapshots that a world holds.
    #[command(after_help = "Example:\n  phantom log counter.world")]
    Log(Inspect),
    /// Lists programs and threads, with what each does.
    #[command(after_help = "Example:\n  phantom ps --stacks counter.world")]
    Ps(Ps),
    /// Reads every byte that counts and verifies it.
    #[command(after_help = "Example:\n  phantom check counter.world")]
    Check(Inspect),
    /// Compiles a program to a module.
    #[command(after_help = "Example:\n  phantom compile examples/counter.ph -o counter.phm")]
    Compile(Compile),
    /// Shows a module as text that `asm` takes.
    #[command(after_help = "Example:\n  phantom disasm counter.phm")]
    Disasm(Disasm),
    /// Makes a module from text.
    #[command(after_help = "Example:\n  phantom asm counter.phs -o counter.phm")]
    Asm(Compile),
}

/// How a world is run.
#[derive(Args, Debug, Clone)]
pub(crate) struct Running {
    /// Time between snapshots while something changes, such as 50ms, 1s, 2m.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "100ms")]
    pub(crate) every: Duration,
    /// Goes on from the newest whole snapshot when a later one is damaged.
    #[arg(long)]
    pub(crate) accept_older: bool,
    /// Forces how pages are tracked: userfaultfd or software.
    #[arg(long, hide = true, value_name = "NAME")]
    pub(crate) mapper: Option<String>,
    /// Kills the process with SIGKILL when it passes a phase of a commit for the COUNT-th time.
    #[arg(long, hide = true, value_name = "PHASE:COUNT")]
    pub(crate) kill_at: Option<String>,
    /// Turns snapshots off, to measure what they cost.
    #[arg(long, hide = true)]
    pub(crate) no_snapshots: bool,
    /// Writes figures of the run to standard error at its end, as JSON.
    #[arg(long, hide = true)]
    pub(crate) figures: bool,
}

/// `run`
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// File of the world.
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,
    /// How it is run.
    #[command(flatten)]
    pub(crate) running: Running,
    /// Forgets the program's past and starts it over.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Folder in which imports are searched besides the program's own.
    #[arg(short = 'I', value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,
    /// Source file, folder of sources, or compiled module.
    pub(crate) program: PathBuf,
    /// Arguments of the program.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// `resume`
#[derive(Args, Debug)]
pub(crate) struct Resume {
    /// How it is run.
    #[command(flatten)]
    pub(crate) running: Running,
    /// File of the world.
    pub(crate) world: PathBuf,
}

/// `info`, `log`, `check`
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// File of the world.
    pub(crate) world: PathBuf,
}

/// `ps`
#[derive(Args, Debug)]
pub(crate) struct Ps {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// Shows the stack of every thread.
    #[arg(long)]
    pub(crate) stacks: bool,
    /// File of the world.
    pub(crate) world: PathBuf,
}

/// `compile`, `asm`
#[derive(Args, Debug)]
pub(crate) struct Compile {
    /// Where the module goes; beside the input with the ending .phm by default.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Folder in which imports are searched besides the program's own.
    #[arg(short = 'I', value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,
    /// Prints diagnostics as JSON, one a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Source file or folder.
    pub(crate) input: PathBuf,
}

/// `disasm`
#[derive(Args, Debug)]
pub(crate) struct Disasm {
    /// Compiled module.
    pub(crate) module: PathBuf,
}

/// Parses `50ms`, `1s`, `2m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit_ms = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("write a number and a unit: 50ms, 1s, 2m, 1h".to_string()),
    };
    let count: u64 =
        text[..digits].parse().map_err(|_| "write a number and a unit: 50ms, 1s, 2m, 1h".to_string())?;
    let ms = count.checked_mul(unit_ms).filter(|ms| (1..=86_400_000).contains(ms));
    ms.map(Duration::from_millis).ok_or_else(|| "between 1ms and 24h".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_declaration_is_sound_and_every_verb_has_an_example() {
        let command = Arguments::command();
        command.clone().debug_assert();
        for verb in command.get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("phantom "), "{} shows no example", verb.get_name());
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "5", "ms", "0s", "1d", "-1s", "999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
