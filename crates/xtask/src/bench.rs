//! `cargo xtask bench`: every figure of `docs/performance.md`, measured on real processes, beside its bar.
//!
//! The machine is taken to be noisy: CPU time of the whole process (snapshot threads included) instead of wall time,
//! interleaved pairs, medians, and a distribution-free bound on them.

mod busy;
mod day;
mod durable;
mod echo;
mod flips;
mod forks;
mod java;
mod java_start;
mod paging;
mod polls;
mod process;
mod statistics;
mod stores;

use crate::shell::{build_phantom, root};
use process::Runner;
use serde_json::json;
use statistics::{Pairs, median, median_bounds};
use std::path::PathBuf;

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench interpreter resume --pairs 15 --json"
)]
pub(crate) struct Options {
    /// Which: interpreter, workers, polls, snapshots, utilisation, flip, commit, durable, echo, snapshots-busy, collections,
    /// beyond, scan, idle, counter-bytes, resume, fork, day, switch, sleepers, java, java-start; all by default.
    which: Vec<String>,
    /// How many repetitions or pairs.
    #[arg(long, default_value_t = 9)]
    pairs: usize,
    /// Size of the world of `resume` and `fork`, MiB.
    #[arg(long, default_value_t = 4096)]
    resume_mib: u64,
    /// Folder `benchmarks/Java` of are-we-fast-yet, whose programs `java` measures; it is skipped without it.
    #[arg(long)]
    awfy: Option<PathBuf>,
    /// The JDK whose interpreter `java` is measured against; else JAVA_HOME25, else the newest in /usr/lib/jvm.
    #[arg(long)]
    recent_jdk: Option<PathBuf>,
    /// Prints JSON for machines.
    #[arg(long)]
    json: bool,
}

/// One measured figure.
pub(crate) struct Row {
    what: String,
    bar: String,
    figure: String,
    /// Whether the bar is reached; none where there is no bar.
    reached: Option<bool>,
}

impl Row {
    pub(crate) fn new(
        what: impl Into<String>,
        bar: impl Into<String>,
        figure: impl Into<String>,
        reached: bool,
    ) -> Row {
        Row { what: what.into(), bar: bar.into(), figure: figure.into(), reached: Some(reached) }
    }
    pub(crate) fn shown(what: impl Into<String>, figure: impl Into<String>) -> Row {
        Row { what: what.into(), bar: String::new(), figure: figure.into(), reached: None }
    }
}

type Measure = fn(&Runner, &Options) -> Result<Vec<Row>, String>;

const ALL: &[(&str, Measure)] = &[
    ("interpreter", interpreter),
    ("workers", workers),
    ("polls", polls::measure),
    ("snapshots", snapshots),
    ("utilisation", utilisation),
    ("flip", flips::measure),
    ("commit", stores::measure),
    ("day", day::measure),
    ("durable", durable::measure),
    ("echo", echo::measure),
    ("snapshots-busy", busy::measure),
    ("collections", paging::collections),
    ("beyond", paging::beyond),
    ("scan", paging::scan),
    ("idle", idle),
    ("counter-bytes", counter_bytes),
    ("resume", resume),
    ("fork", forks::measure),
    ("switch", switch),
    ("sleepers", sleepers),
    ("java", java::measure),
    ("java-start", java_start::measure),
];

/// Measures.
///
/// # Errors
/// When something cannot be run; a missed bar is shown, not an error.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    if let Some(unknown) = options.which.iter().find(|which| ALL.iter().all(|(name, _)| name != which)) {
        return Err(format!("there is no measurement {unknown:?}"));
    }
    let runner = Runner::new(build_phantom()?)?;
    let mut rows = vec![Row::shown(
        "this processor: a shift or an exclusive or that waits for the one before; an indirect call that alternates",
        format!(
            "{:.2} ns; {:.1} ns; absolute figures of two runs compare by these",
            chain_ns(),
            indirect_ns()
        ),
    )];
    for (name, measure) in ALL {
        if options.which.is_empty() || options.which.iter().any(|which| which == name) {
            eprintln!("measuring: {name}");
            rows.extend(measure(&runner, options)?);
        }
    }
    if options.json {
        let rows: Vec<_> = rows
            .iter()
            .map(
                |row| json!({"what": row.what, "bar": row.bar, "figure": row.figure, "reached": row.reached}),
            )
            .collect();
        println!("{}", serde_json::Value::Array(rows));
    } else {
        println!("| what | bar | measured | reached |\n|---|---|---|---|");
        for row in &rows {
            let reached = row.reached.map_or("", |reached| if reached { "yes" } else { "NO" });
            println!("| {} | {} | {} | {reached} |", row.what, row.bar, row.figure);
        }
    }
    Ok(())
}

/// How long a shift or an exclusive or takes that waits for the one before.
fn chain_ns() -> f64 {
    const OPERATIONS: u32 = 6;
    fastest_ns(OPERATIONS, |state, _| {
        // Marsaglia's xorshift: each operation needs the one before.
        let state = state ^ state << 13;
        let state = state ^ state >> 7;
        state ^ state << 17
    })
}

/// How long a call through a pointer takes that alternates among four functions; an interpreter makes such a jump for each
/// instruction, and a host may restrict its prediction (AMD64 Architecture Programmer's Manual, `IBRS`).
fn indirect_ns() -> f64 {
    let functions: [fn(u64) -> u64; 4] =
        std::hint::black_box([|x| x + 1, |x| x ^ 3, |x| x + 7, |x| x.rotate_left(3)]);
    fastest_ns(1, |state, step| functions[step as usize % functions.len()](state))
}

/// How fast the processor is now: virtual machines get a third of it for hours. Nanoseconds for each of the `operations` of
/// a step, in the fastest of some tries.
fn fastest_ns(operations: u32, work: impl Fn(u64, u32) -> u64) -> f64 {
    const STEPS: u32 = 10_000_000;
    let tries = (1..=5u64).map(|start| {
        let began = std::time::Instant::now();
        let start = std::hint::black_box(start);
        std::hint::black_box((0..STEPS).fold(start, &work));
        began.elapsed().as_secs_f64() * 1e9 / (f64::from(STEPS) * f64::from(operations))
    });
    tries.fold(f64::INFINITY, f64::min)
}

/// The five loops: program, units of work, what a unit is, bar in millions of units a CPU second.
const LOOPS: &[(&str, f64, &str, f64)] = &[
    ("locals", 40e6, "iterations with locals", 11.4),
    ("fields", 40e6, "iterations with fields", 7.8),
    ("calls", 20e6, "calls", 3.2),
    ("array", 20e6, "array reads", 3.0),
    ("concat", 10e6, "concatenations", 3.0),
];

fn interpreter(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let empty = repeat(options.pairs, || runner.cpu_s("empty", &["--no-snapshots"], &[]))?;
    for (program, units, what, bar) in LOOPS {
        let times = repeat(options.pairs.min(5), || runner.cpu_s(program, &["--no-snapshots"], &[]))?;
        let rate = units / (median(&times) - median(&empty)).max(1e-9) / 1e6;
        rows.push(Row::new(
            format!("interpreter, {what} a CPU second"),
            format!("≥ {bar} M"),
            format!("{rate:.1} M"),
            rate >= *bar,
        ));
    }
    Ok(rows)
}

/// What further workers cost a program that does not need them, and what they bring one that does.
fn workers(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (program, _, what, _) in LOOPS {
        let mut ratios = Vec::new();
        for pair in 0..options.pairs {
            let one = || runner.cpu_s(program, &["--workers", "1"], &[]);
            let all = || runner.cpu_s(program, &[], &[]);
            ratios.push(if pair % 2 == 0 {
                let one = one()?;
                all()? / one
            } else {
                let all = all()?;
                all / one()?
            });
        }
        let (low, high) = median_bounds(&ratios);
        rows.push(Row::shown(
            format!("{what}, CPU of the process with as many workers as processors against one worker"),
            format!("{:.2} (95 %: {low:.2} to {high:.2})", median(&ratios)),
        ));
    }
    let wall = |workers: &str| {
        repeat(options.pairs.min(5), || {
            let figures = runner.figures("pair", &["--workers", workers], &[])?;
            figures["wall_ns"].as_f64().ok_or_else(|| "no wall_ns in the figures".to_string())
        })
    };
    let (one, two) = (wall("1")?, wall("2")?);
    rows.push(Row::shown(
        "two threads that only compute: time with one worker against two",
        format!("{:.2}", median(&one) / median(&two)),
    ));
    Ok(rows)
}

fn snapshots(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let rounds = ["20"];
    let pairs = Pairs::run(options.pairs, &mut |with| {
        let options: &[&str] = if with { &["--every", "100ms"] } else { &["--no-snapshots"] };
        runner.cpu_s("objects", options, &rounds)
    })?;
    Ok(vec![Row::new(
        "cost of snapshots every 100 ms, object workload with garbage, CPU of the process",
        "≤ 10 %",
        pairs.text(),
        pairs.cost() <= 0.10,
    )])
}

/// Arguments of `steady`, what they mean, and whether the bar is meant for it.
///
/// First writes after a flip cost 1 µs a page, so a writer that dirties 12,000 pages within 20 ms is slowed for that long,
/// whatever the flip costs; and one whose objects fill the cache that all processors share shows, besides what a snapshot
/// costs, what everybody else on the machine does to that cache.
const UTILISATION: &[(&[&str], &str, bool)] = &[
    (&["12", "100000", "40"], "4.8 MB, each 40th object written, some 1,200 pages a flip", true),
    (&["12", "100000"], "4.8 MB, each object written, some 1,200 pages a flip", false),
    (&["12", "1000000"], "48 MB, each object written, some 12,000 pages a flip", false),
];

/// The machine counts as calm while a program without snapshots keeps this share of its worst window.
const CALM: f64 = 0.85;
/// Calm runs that are wanted, and runs after which the bench gives up.
const CALM_RUNS: usize = 5;
const RUNS_MAX: usize = 30;

/// A processor that the host lends out is taken away for milliseconds at a time, which the kernel counts as the program's
/// CPU time. So each run stands between two runs without snapshots, and counts only when both found the machine calm.
fn utilisation(runner: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (arguments, what, has_bar) in UTILISATION {
        let run = |options: &[&str]| -> Result<(f64, f64), String> {
            let figures = runner.figures("steady", options, arguments)?;
            let field = |name: &str| figures[name].as_f64().ok_or(format!("the run gave no {name}"));
            Ok((field("utilisation_min")?, field("flip_cpu_ns_max").unwrap_or(0.0)))
        };
        let plain = || run(&["--no-snapshots"]).map(|(share, _)| share);
        let (mut calm, mut all, mut around, mut flips) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut before = plain()?;
        while calm.len() < CALM_RUNS && all.len() < RUNS_MAX {
            let (share, flip) = run(&["--every", "100ms"])?;
            let after = plain()?;
            if before.min(after) >= CALM {
                calm.push(share);
                around.push(before.min(after));
            }
            all.push(share);
            flips.push(flip);
            before = after;
        }
        let what = format!(
            "mutator utilisation, worst window of 20 ms CPU over flips, collections and captures: {what}"
        );
        let reached = calm.len() >= CALM_RUNS && median(&calm) >= 0.8;
        let figure = if calm.is_empty() {
            format!(
                "the machine was never calm ({:.0} %, median of {} runs)",
                median(&all) * 100.0,
                all.len()
            )
        } else {
            format!(
                "{:.0} % (least {:.0} %; {} runs on a calm machine out of {}; without snapshots {:.0} %)",
                median(&calm) * 100.0,
                calm.iter().copied().fold(f64::INFINITY, f64::min) * 100.0,
                calm.len(),
                all.len(),
                median(&around) * 100.0
            )
        };
        rows.push(if *has_bar {
            Row::new(what, "≥ 80 %", figure, reached)
        } else {
            Row::shown(what, figure)
        });
        rows.push(Row::shown(
            "longest flip of those runs, with its small collection, CPU",
            format!("{:.0} µs", median(&flips) / 1e3),
        ));
    }
    Ok(rows)
}

fn idle(runner: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let idle = runner.idle("sleeper", 5, 20)?;
    Ok(vec![
        Row::new(
            "bytes written by a world in which nothing happens, in 20 s",
            "0",
            idle.written.to_string(),
            idle.written == 0,
        ),
        Row::new(
            "CPU of such a world",
            "≤ 0.1 % of a core",
            format!("{:.3} %", idle.share * 100.0),
            idle.share <= 0.001,
        ),
    ])
}

/// What the counter example writes, ten snapshots a second; its output to the screen is counted too.
fn counter_bytes(runner: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    const WATCHED_S: u64 = 60;
    let watched = runner.idle("../examples/counter", 5, WATCHED_S)?;
    let rate = watched.written as f64 / WATCHED_S as f64 / 1000.0;
    Ok(vec![Row::new(
        "bytes written by the counter example, ten snapshots a second, checkpoints included",
        "≤ 60 kB/s",
        format!("{rate:.1} kB/s"),
        rate <= 60.0,
    )])
}

fn resume(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let size = options.resume_mib.to_string();
    let resumed = runner.resume("large", &[&size])?;
    let what = format!("resume of a world of {} MiB, cold, before the first instruction", options.resume_mib);
    Ok(vec![
        Row::new(
            format!("{what}: bytes read"),
            "≤ 2 MiB",
            format!("{:.2} MiB", resumed.read_bytes / 1_048_576.0),
            resumed.read_bytes <= 2_097_152.0,
        ),
        Row::new(
            format!("{what}: CPU"),
            "≤ 20 ms",
            format!("{:.1} ms", resumed.cpu_ns / 1e6),
            resumed.cpu_ns <= 20e6,
        ),
    ])
}

/// Turns that each of the two threads of `switches` has.
const TURNS: u32 = 100_000;

fn switch(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let turns = TURNS.to_string();
    let empty = repeat(options.pairs, || runner.cpu_s("empty", &["--no-snapshots"], &[]))?;
    let times = repeat(options.pairs, || runner.cpu_s("switches", &["--no-snapshots"], &[&turns]))?;
    let us = (median(&times) - median(&empty)) / f64::from(2 * TURNS) * 1e6;
    Ok(vec![Row::new(
        "thread switch through a blocking pair: two threads, a mutex and a condition, CPU for each turn",
        "≤ 2 µs",
        format!("{us:.2} µs"),
        us <= 2.0,
    )])
}

/// Threads that sleep, and for how many milliseconds from the start: longer than it takes to start them all, to let the
/// world settle, to kill it, and to look at it.
const SLEEPERS: &str = "100000";
const SLEEP_MS: &str = "45000";

fn sleepers(runner: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let seen = runner.sleepers("sleepers", &[SLEEPERS, SLEEP_MS])?;
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
    Ok(vec![
        Row::new(
            format!("world with {SLEEPERS} sleeping threads, after a snapshot"),
            "≤ 200 MB",
            mib(seen.world_bytes),
            seen.world_bytes <= 200_000_000,
        ),
        Row::new(
            "resume of it, the page cache empty, and three seconds in which all sleep on: bytes read",
            "≤ 10 MB",
            mib(seen.read_bytes),
            seen.read_bytes <= 10_000_000,
        ),
        Row::new(
            "the sleepers then wake in the order of their times",
            "all",
            seen.said.clone(),
            seen.said.ends_with("out of order 0"),
        ),
    ])
}

fn repeat(times: usize, mut measure: impl FnMut() -> Result<f64, String>) -> Result<Vec<f64>, String> {
    (0..times.max(1)).map(|_| measure()).collect()
}

/// Folder of the benchmark programs.
pub(crate) fn programs() -> PathBuf {
    root().join("benches")
}
