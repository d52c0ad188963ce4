//! How long threads run between two polls: every language program, and what was written to make it long.

use super::process::Runner;
use super::{Options, Row};
use crate::shell::root;
use std::path::Path;
use xtask::chaos::all_programs;

/// The bar for CPU time, nanoseconds.
const BAR_NS: u64 = 1_000_000;
/// What is measured a few times: a processor that the host of this machine takes away counts as CPU time.
const RUNS: usize = 3;
/// The program whose argument is how much there is to do, and how much that is.
const WORST: &str = "crates/lang/tests/programs/in_steps.ph";
const SIZE: &str = "8000000";
/// They ask, sleep for days of a simulated clock, or for long.
const LEFT_OUT: &[&str] = &["guess.ph", "workflow.ph", "sleepers.ph"];
/// They run for hours when nothing is said.
const SHORTENED: &[(&str, &str)] = &[("queens.ph", "7"), ("queue.ph", "1000")];

/// Measures.
///
/// # Errors
/// When a program cannot be run.
pub(super) fn measure(runner: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let root = root();
    let mut programs = all_programs(&root)?;
    programs.retain(|path| !LEFT_OUT.iter().any(|name| path.ends_with(name)));
    let mut rows = Vec::new();
    let (mut polls, mut slowest) = (0, Seen::default());
    for path in &programs {
        let arguments = SHORTENED.iter().find(|(name, _)| path.ends_with(name)).map(|(_, size)| *size);
        let seen = seen(runner, path, arguments.as_slice())?;
        polls += seen.polls;
        slowest = slowest.or(seen);
    }
    rows.push(slowest.row(&format!("{} language programs and examples, {polls} polls", programs.len())));
    let worst = seen(runner, &root.join(WORST), &[SIZE])?;
    rows.push(
        worst.row(&format!(
            "long work of internal methods, deep stacks, many waiters ({} polls)",
            worst.polls
        )),
    );
    Ok(rows)
}

/// What was seen in a run.
#[derive(Clone, Default)]
struct Seen {
    program: String,
    polls: u64,
    longest_ns: u64,
    long: u64,
    from: String,
    to: String,
}

impl Seen {
    fn or(self, other: Seen) -> Seen {
        if other.longest_ns > self.longest_ns { other } else { self }
    }

    fn row(&self, what: &str) -> Row {
        let Seen { program, longest_ns, long, from, to, .. } = self;
        Row::new(
            format!("longest stretch between two polls, CPU: {what}"),
            "≤ 1 ms",
            format!(
                "{:.2} ms in {program}, from {from} to {to}; {long} over the bar there",
                *longest_ns as f64 / 1e6
            ),
            *longest_ns <= BAR_NS,
        )
    }
}

/// The run whose longest stretch was the shortest.
fn seen(runner: &Runner, path: &Path, arguments: &[&str]) -> Result<Seen, String> {
    let mut best: Option<Seen> = None;
    for _ in 0..RUNS {
        let figures = runner.stretches(path, arguments)?;
        let number = |name: &str| figures[name].as_u64().ok_or(format!("the run gave no {name}"));
        let text = |name: &str| figures[name].as_str().unwrap_or_default().to_string();
        let seen = Seen {
            program: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
            polls: number("polls")?,
            longest_ns: number("longest_ns")?,
            long: number("long")?,
            from: text("from"),
            to: text("to"),
        };
        let better = best.as_ref().is_none_or(|best| seen.longest_ns < best.longest_ns);
        let reached = seen.longest_ns <= BAR_NS;
        if better {
            best = Some(seen);
        }
        if reached {
            break;
        }
    }
    best.ok_or_else(|| "nothing was run".to_string())
}
