//! The command line, declared once: help, completion and parsing follow from it.

use crate::grants::GrantOptions;
use crate::java::options::JavaOptions;
use crate::moment::{Moment, Name, age_ns};
use base::limits::MEMORY_BYTES_MIN;
use clap::{Args, Parser, Subcommand};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

/// Programs that do not save, and do not lose.
#[derive(Parser, Debug)]
#[command(
    name = "phantom",
    version,
    about = "Runs programs that survive being killed at any instant",
    after_help = "Examples:\n  phantom run examples/counter.ph     run it; kill -9 it; run it again: it goes on\n  phantom log counter.world           its snapshots\n  phantom ps counter.world            what is in it, whether or not it runs\n\nExit status: the program's own; 1 after an uncaught exception; 2 for a wrong command line;\n119 when nobody runs the world that is to be commanded; 120 when a file cannot be used or compiled;\n121 when the world is damaged or fails; 122 when another process has it and does not do what is asked;\n123 when the program went on from an older snapshot than the last one, at your request;\n124 when the world was stopped by `phantom stop` and the program goes on at the next start;\n125 when Ctrl-C detached from a program that goes on; 137 when the program was killed by `phantom kill`."
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
        after_help = "Examples:\n  phantom run examples/counter.ph\n  phantom run --world big.world --every 1s examples/queens.ph 12\n  phantom run --allow-net=127.0.0.1 --allow-read=. server.ph\n  phantom run -ea -Dlimit=7 -cp 'classes:lib/*' com.example.Main a b\n  phantom run -jar app.jar a b\n  phantom run jdk.jdeps/com.sun.tools.javap.Main -c java.lang.Object\n\nThe world is NAME.world in the current folder, NAME being the program's file name without its ending.\nKill the process at any instant: the same command goes on where the program was.\nOf what is outside its world a program may use its console and the clocks, and what --allow-... grants; a Java\nprogram may also read what you may read, and write in the current folder and /tmp, unless --allow-read or --allow-write\nsays otherwise. The grants and --max-memory are kept in the world, and one of them given again replaces them all.\nOf the options of `java` are taken -cp, -jar, -m, -D, -ea and its kin, --add-..., and -Xmx as --max-memory; what stands\nbehind a Java program is its own. They count when the program starts: one that goes on has those it was started with.\n\nA world that another process runs gets the program, too: it runs there, with its console here; Ctrl-C detaches."
    )]
    Run(Box<Run>),
    /// Goes on with a world whose program need not be at hand.
    #[command(
        after_help = "Examples:\n  phantom resume counter.world\n  phantom resume --paused counter.world     nothing runs until `phantom go counter.world`"
    )]
    Resume(Resume),
    /// Attaches this terminal to a program of a world that runs.
    #[command(
        after_help = "Example:\n  phantom attach counter.world counter\n\nCtrl-C detaches; the program goes on."
    )]
    Attach(OneProgram),
    /// Stops a world after a last snapshot; all goes on at its next start.
    #[command(after_help = "Example:\n  phantom stop counter.world && phantom resume counter.world")]
    Stop(Inspect),
    /// Makes a snapshot now, and answers when it is durable.
    #[command(after_help = "Example:\n  phantom snap counter.world")]
    Snap(Inspect),
    /// Ends a program for ever.
    #[command(after_help = "Example:\n  phantom kill counter.world counter\n\nThe world may run or not.")]
    Kill(OneProgram),
    /// Lets a paused world run, or a program that is quarantined.
    #[command(
        after_help = "Examples:\n  phantom resume --paused counter.world     in one terminal\n  phantom go counter.world                  in another\n  phantom go counter.world counter          tries a quarantined program again\n  phantom go --attach fork.world            lets a fork, an import or a restored world reach outside"
    )]
    Go(Go),
    /// Shows programs with their share of the processor, and what snapshots cost, again and again.
    #[command(
        after_help = "Examples:\n  phantom top counter.world\n  phantom top --once --json counter.world"
    )]
    Top(Top),
    /// Shows what a world is: identity, size, snapshots.
    #[command(after_help = "Example:\n  phantom info counter.world --json")]
    Info(Snapshot),
    /// Lists the snapshots that a world holds.
    #[command(
        after_help = "Examples:\n  phantom log counter.world\n  phantom log counter.world@1h     those that are an hour old and older"
    )]
    Log(Snapshot),
    /// Lists programs and threads, with what each does.
    #[command(
        after_help = "Examples:\n  phantom ps --stacks counter.world\n  phantom ps counter.world@10m     as it was ten minutes ago"
    )]
    Ps(Ps),
    /// Reads every byte that counts and verifies it.
    #[command(
        after_help = "Examples:\n  phantom check counter.world\n  phantom check --objects counter.world@before-the-change"
    )]
    Check(Check),
    /// Shows what a world was: programs, threads, roots, objects by class.
    #[command(
        after_help = "Examples:\n  phantom show counter.world\n  phantom show counter.world@10m\n  phantom show counter.world@2026-11-23T10:00\n\nA snapshot is named by its number (WORLD@17), its age (WORLD@90s, @10m, @2h, @3d), a time of this machine's clock\n(WORLD@2026-11-23T10:00, with seconds, Z or an offset if wanted) or a tag; an age or a time means the newest that was\nmade by then."
    )]
    Show(Snapshot),
    /// Shows what changed between two snapshots: programs, threads, roots, classes, then object by object.
    #[command(
        after_help = "Examples:\n  phantom diff counter.world@10m                    since ten minutes ago\n  phantom diff counter.world 17 42\n  phantom diff counter.world@17 counter.world@42\n  phantom diff counter.world fork.world             what went its own way in a copy"
    )]
    Diff(Diff),
    /// Names a snapshot, which is then kept until the name is taken away.
    #[command(
        after_help = "Examples:\n  phantom tag counter.world before-the-change       what it is now\n  phantom tag counter.world@10m monday\n  phantom tag --delete counter.world monday\n\nThe world may run or not."
    )]
    Tag(Tag),
    /// Shows or changes which snapshots are kept.
    #[command(
        after_help = "Examples:\n  phantom keep counter.world --show\n  phantom keep counter.world --all 1h --one-per 1m:2d --one-per 1h:60d --budget 4G\n  phantom keep counter.world --default\n\nWhat is not given stays as it is. The world may run or not."
    )]
    Keep(Keep),
    /// Makes the file of a world as small as what it holds.
    #[command(
        after_help = "Examples:\n  phantom compact counter.world\n  phantom compact --keep-history counter.world     only what is free at its end\n\nSnapshots without a name but the newest are given up; those with a name stay, and what they hold is not moved.\nThe world must not run. Stopped in between, it has done a part of its work, and nothing is lost."
    )]
    Compact(Compact),
    /// Makes a new world of a snapshot.
    #[command(
        after_help = "Examples:\n  phantom fork counter.world fork.world             what it is now, also while it runs\n  phantom fork counter.world@10m fork.world\n\nThe new world is detached: its threads run, and what would reach outside waits until\n`phantom resume --attach fork.world` or `phantom go --attach fork.world`."
    )]
    Fork(Fork),
    /// Goes back to a snapshot; nothing is lost, the snapshots between stay.
    #[command(
        after_help = "Examples:\n  phantom restore counter.world@10m\n  phantom restore counter.world@17 --keep-as before-the-restore\n\nThe world must not run. It is detached then, as a fork is."
    )]
    Restore(Restore),
    /// Writes a snapshot, or what changed since another one, as a stream.
    #[command(
        after_help = "Examples:\n  phantom export counter.world -o counter.stream\n  phantom export counter.world | ssh host phantom import --into counter.world\n  phantom export --self-contained java.world -o java.stream\n  phantom export counter.world --since 17 | ssh host phantom import --into counter.world\n\nThe world may run meanwhile."
    )]
    Export(Export),
    /// Makes a world of a stream, or continues one with what changed since.
    #[command(
        after_help = "Examples:\n  phantom import counter.stream --into copy.world\n  phantom export counter.world --since 17 | phantom import --into copy.world\n\nA bad stream changes nothing. The world is detached then, as a fork is."
    )]
    Import(Import),
    /// Compiles a program to a module.
    #[command(after_help = "Example:\n  phantom compile examples/counter.ph -o counter.phm")]
    Compile(Compile),
    /// Shows a module as text that `asm` takes.
    #[command(after_help = "Example:\n  phantom disasm counter.phm")]
    Disasm(Disasm),
    /// Makes a module from text.
    #[command(after_help = "Example:\n  phantom asm counter.phs -o counter.phm")]
    Asm(Compile),
    /// Lists the phases that --kill-at takes, for the kill tests.
    #[command(hide = true, after_help = "Example:\n  phantom kill-points")]
    KillPoints,
}

/// How a world is run.
#[derive(Args, Debug, Clone)]
pub(crate) struct Running {
    /// Time between snapshots while something changes, such as 50ms, 1s, 2m.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "100ms")]
    pub(crate) every: Duration,
    /// Threads of the host that run programs, by default one for each processor that the process may use. With `--workers 1`
    /// what programs do depends on their input and the time alone.
    #[arg(long, value_name = "COUNT")]
    pub(crate) workers: Option<NonZero<usize>>,
    /// Goes on from the newest whole snapshot when a later one is damaged.
    #[arg(long)]
    pub(crate) accept_older: bool,
    /// Memory of the machine that the world may take, such as 512M or 2G; by default half of what the machine, or the
    /// control group of the process, has. The world itself may be as large as the disk.
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    pub(crate) memory: Option<u64>,
    /// What the objects of the world may take on the disk; beyond it a program gets `out_of_memory`.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1T")]
    pub(crate) heap: u64,
    /// Lets a fork, an import or a restored world reach outside from now on.
    #[arg(long)]
    pub(crate) attach: bool,
    /// Forces how pages come and go: userfaultfd or software.
    #[arg(long, hide = true, value_name = "NAME")]
    pub(crate) mapper: Option<String>,
    /// Kills the process with SIGKILL when it passes a phase of a commit for the COUNT-th time.
    #[arg(long, hide = true, value_name = "PHASE:COUNT")]
    pub(crate) kill_at: Option<String>,
    /// Turns snapshots off, to measure what they cost.
    #[arg(long, hide = true)]
    pub(crate) no_snapshots: bool,
    /// Makes the machine fail when a thread of this program is about to run, for tests of what happens then.
    #[arg(long, hide = true, value_name = "PROGRAM")]
    pub(crate) fail_in: Option<String>,
    /// Writes figures of the run to standard error at its end, as JSON.
    #[arg(long, hide = true)]
    pub(crate) figures: bool,
    /// Measures how long the first worker runs between two polls, which is slow, and writes it to standard error as JSON.
    #[arg(long, hide = true)]
    pub(crate) measure_polls: bool,
}

impl Default for Running {
    fn default() -> Self {
        Running {
            every: Duration::from_millis(100),
            workers: None,
            accept_older: false,
            memory: None,
            heap: base::limits::HEAP_BYTES,
            attach: false,
            mapper: None,
            kill_at: None,
            no_snapshots: false,
            fail_in: None,
            figures: false,
            measure_polls: false,
        }
    }
}

/// When what a program sends and prints leaves.
#[derive(Args, Debug)]
pub(crate) struct Sending {
    /// Holds what the program sends and prints until the snapshot that holds its cause is durable, so that whoever saw it
    /// can rely on it; `--durable=no` ends that. Kept in the world.
    #[arg(
        long,
        value_name = "YES|NO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = yes_or_no
    )]
    pub(crate) durable: Option<bool>,
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
    /// What the program may use outside.
    #[command(flatten)]
    pub(crate) grants: GrantOptions,
    /// When what it sends and prints leaves.
    #[command(flatten)]
    pub(crate) sending: Sending,
    /// Forgets the program's past and starts it over.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Sets a variable in the program's environment.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) environment: Vec<(String, String)>,
    /// Folder in which imports are searched besides the program's own.
    #[arg(short = 'I', value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,
    /// What a Java program begins with.
    #[command(flatten)]
    pub(crate) java: JavaOptions,
    /// Source file, folder of sources, or compiled module; of Java a source (.java), a jar, with --cp or another option of
    /// Java a class, or a class of a module of the JDK (MODULE/CLASS).
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
    /// Opens the world for inspection and commands; no thread runs until `phantom go`.
    #[arg(long)]
    pub(crate) paused: bool,
    /// What the program may use outside, instead of what it was granted before.
    #[command(flatten)]
    pub(crate) grants: GrantOptions,
    /// When what it sends and prints leaves.
    #[command(flatten)]
    pub(crate) sending: Sending,
    /// File of the world.
    pub(crate) world: PathBuf,
}

/// `attach`, `kill`
#[derive(Args, Debug)]
pub(crate) struct OneProgram {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// File of the world.
    pub(crate) world: PathBuf,
    /// Name of the program.
    pub(crate) program: String,
}

/// `go`
#[derive(Args, Debug)]
pub(crate) struct Go {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// File of the world.
    pub(crate) world: PathBuf,
    /// Lets a detached world reach outside.
    #[arg(long, conflicts_with = "program")]
    pub(crate) attach: bool,
    /// Name of the program; the whole world without it.
    pub(crate) program: Option<String>,
}

/// `top`
#[derive(Args, Debug)]
pub(crate) struct Top {
    /// Prints one line of JSON each time.
    #[arg(long)]
    pub(crate) json: bool,
    /// Shows it once.
    #[arg(long)]
    pub(crate) once: bool,
    /// Time between two looks.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1s")]
    pub(crate) every: Duration,
    /// File of the world.
    pub(crate) world: PathBuf,
}

/// `info`, `log`, `show`
#[derive(Args, Debug)]
pub(crate) struct Snapshot {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// File of the world, and which snapshot of it.
    #[arg(value_name = "WORLD[@SNAPSHOT]", value_parser = Name::parse)]
    pub(crate) name: Name,
}

/// `check`
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// Verifies every object and reference, too, which takes longer.
    #[arg(long)]
    pub(crate) objects: bool,
    /// File of the world, and which snapshot of it.
    #[arg(value_name = "WORLD[@SNAPSHOT]", value_parser = Name::parse)]
    pub(crate) name: Name,
}

/// `compact`
#[derive(Args, Debug)]
pub(crate) struct Compact {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// Gives up no snapshot: only what is free at the end of the file is given back.
    #[arg(long)]
    pub(crate) keep_history: bool,
    /// File of the world.
    pub(crate) world: PathBuf,
}

/// `diff`
#[derive(Args, Debug)]
pub(crate) struct Diff {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// Objects that are shown at most.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub(crate) limit: usize,
    /// File of the world, and the older snapshot.
    #[arg(value_name = "WORLD[@SNAPSHOT]", value_parser = Name::parse)]
    pub(crate) name: Name,
    /// The other snapshots: `WORLD@SNAPSHOT` of the same world or of a copy, or SNAPSHOT alone; the newest without it.
    #[arg(value_name = "SNAPSHOT", num_args = 0..=2)]
    pub(crate) others: Vec<String>,
}

/// `tag`
#[derive(Args, Debug)]
pub(crate) struct Tag {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// Takes the tag away; the snapshot is then thinned as others are.
    #[arg(long)]
    pub(crate) delete: bool,
    /// File of the world, and which snapshot of it; what it is now without.
    #[arg(value_name = "WORLD[@SNAPSHOT]", value_parser = Name::parse)]
    pub(crate) name: Name,
    /// The name.
    pub(crate) tag: String,
}

/// `keep`
#[derive(Args, Debug)]
pub(crate) struct Keep {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// Shows what is kept, which is what happens without options, too.
    #[arg(long, conflicts_with_all = ["all", "one_per", "budget", "default"])]
    pub(crate) show: bool,
    /// Every snapshot up to this age is kept, such as 10m, 2h.
    #[arg(long, value_name = "AGE", value_parser = age_ns)]
    pub(crate) all: Option<u64>,
    /// One snapshot in each stretch is kept up to an age, such as 1m:1d; up to four times, ever further back; `none` for no such.
    #[arg(long = "one-per", value_name = "STRETCH:AGE", value_parser = level)]
    pub(crate) one_per: Vec<(u64, u64)>,
    /// Bytes that history may take; 0 for the larger of 1 GiB and a quarter of the live data.
    #[arg(long, value_name = "SIZE", value_parser = budget)]
    pub(crate) budget: Option<u64>,
    /// Begins with what a new world has.
    #[arg(long)]
    pub(crate) default: bool,
    /// File of the world.
    pub(crate) world: PathBuf,
}

/// `fork`
#[derive(Args, Debug)]
pub(crate) struct Fork {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// File of the world, and which snapshot of it; the newest without.
    #[arg(value_name = "WORLD[@SNAPSHOT]", value_parser = Name::parse)]
    pub(crate) name: Name,
    /// File of the new world.
    pub(crate) new: PathBuf,
}

/// `restore`
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// Tag for what the world is before.
    #[arg(long, value_name = "TAG")]
    pub(crate) keep_as: Option<String>,
    /// File of the world, and which snapshot of it.
    #[arg(value_name = "WORLD@SNAPSHOT", value_parser = Name::parse)]
    pub(crate) name: Name,
}

/// `export`
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Prints JSON for machines; not with a stream on standard output.
    #[arg(long, requires = "output")]
    pub(crate) json: bool,
    /// Only what changed since this snapshot.
    #[arg(long, value_name = "SNAPSHOT", value_parser = Moment::parse)]
    pub(crate) since: Option<Moment>,
    /// Puts the class library of a Java world in front, so that it goes on where no such JDK is installed.
    #[arg(long)]
    pub(crate) self_contained: bool,
    /// File for the stream; standard output without it.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// File of the world, and which snapshot of it; the newest without.
    #[arg(value_name = "WORLD[@SNAPSHOT]", value_parser = Name::parse)]
    pub(crate) name: Name,
}

/// `import`
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// Prints JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
    /// File of the world: a new one for a whole snapshot, one that is there for what changed since.
    #[arg(long, value_name = "WORLD")]
    pub(crate) into: PathBuf,
    /// File with the stream; standard input without it, or with `-`.
    pub(crate) stream: Option<PathBuf>,
}

/// `stop`, `snap`
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
    /// File of the world, and which snapshot of it.
    #[arg(value_name = "WORLD[@SNAPSHOT]", value_parser = Name::parse)]
    pub(crate) name: Name,
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

/// Parses `NAME=VALUE`.
fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        _ => Err("write a name and a value: NAME=VALUE".to_string()),
    }
}

/// Parses `yes`, `no`.
fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write yes or no".to_string()),
    }
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

/// Parses `STRETCH:AGE`, such as `1m:1d`; `none` is no level at all.
fn level(text: &str) -> Result<(u64, u64), String> {
    if text == "none" {
        return Ok((0, 0));
    }
    let wrong = || "write a stretch and an age, such as 1m:1d".to_string();
    let (every, age) = text.split_once(':').ok_or_else(wrong)?;
    let (every, age) = (age_ns(every)?, age_ns(age)?);
    if every == 0 || age == 0 { Err(wrong()) } else { Ok((every, age)) }
}

/// A budget in bytes, or 0.
fn budget(text: &str) -> Result<u64, String> {
    if text == "0" { Ok(0) } else { size(text) }
}

/// Bytes, with a binary unit.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].trim_end_matches("iB") {
        "" => 0,
        "K" | "k" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err("a number of bytes, or with a unit, such as 64M, 2G, 1T".to_string()),
    };
    let number: u64 = digits.parse().map_err(|_| "such as 64M, 2G, 1T".to_string())?;
    number
        .checked_mul(1 << shift)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "too small or too large".to_string())
}

fn memory_size(text: &str) -> Result<u64, String> {
    let bytes = size(text)?;
    if bytes < MEMORY_BYTES_MIN {
        return Err(format!("a world needs at least {}M of memory", MEMORY_BYTES_MIN >> 20));
    }
    Ok(bytes)
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
    fn sizes() {
        assert_eq!(size("1T"), Ok(base::limits::HEAP_BYTES));
        assert_eq!(memory_size("64M"), Ok(64 << 20));
        assert_eq!(memory_size("2GiB"), Ok(2 << 30));
        assert_eq!(size("4096"), Ok(4096));
        for wrong in ["", "M", "0", "-1G", "1.5G", "5X", "99999999999T", "1Mi"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert!(memory_size("1M").is_err());
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
