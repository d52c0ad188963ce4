//! How long threads run between two polls: every language program, and what was written to make it long.

use super::process::Runner;
use super::{Options, Row};
use crate::shell::root;
use std::collections::BTreeMap;
use std::path::Path;
use xtask::chaos::all_programs;

/// The bar for CPU time, nanoseconds.
const BAR_NS: u64 = 1_000_000;
/// What is measured a few times: a processor that the host of this machine takes away counts as CPU time.
const RUNS: usize = 3;
/// Programs whose argument is how much there is to do, how much that is, and what it is.
const WORST: &[(&str, &str, &str)] = &[
    ("in_steps.ph", "8000000", "long work of internal methods, deep stacks, many waiters"),
    ("many_end.ph", "20000", "threads, mutexes and permits for which thousands wait"),
];
/// Where they are.
const PROGRAMS: &str = "crates/lang/tests/programs";
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
    for (name, size, what) in WORST {
        let worst = seen(runner, &root.join(PROGRAMS).join(name), &[size])?;
        rows.push(worst.row(&format!("{what} ({} polls)", worst.polls)));
    }
    Ok(rows)
}

/// What was seen of a program.
#[derive(Clone, Default)]
struct Seen {
    program: String,
    polls: u64,
    /// The longest stretch of the first run, nanoseconds, and how many were over the bar there.
    first_ns: u64,
    long: u64,
    /// Of the longest stretch of each method the least that a run had, nanoseconds: that of the method where it is most.
    longest_ns: u64,
    method: String,
    runs: usize,
}

impl Seen {
    fn or(self, other: Seen) -> Seen {
        if other.longest_ns > self.longest_ns { other } else { self }
    }

    fn row(&self, what: &str) -> Row {
        let Seen { program, first_ns, long, longest_ns, method, runs, .. } = self;
        let ms = |ns: u64| ns as f64 / 1e6;
        let text = match runs {
            1 => format!("{:.2} ms in {program}", ms(*longest_ns)),
            _ => format!(
                "{:.2} ms in {method} of {program}, the least of its longest in {runs} runs; in the first run {:.2} ms, {long} over the bar",
                ms(*longest_ns),
                ms(*first_ns),
            ),
        };
        let what = format!("longest stretch between two polls, CPU: {what}");
        Row::new(what, "≤ 1 ms", text, *longest_ns <= BAR_NS)
    }
}

/// Runs a program, again when a stretch was over the bar: one that is long because of what is done in it is long each time,
/// one from which the host took the processor is not.
fn seen(runner: &Runner, path: &Path, arguments: &[&str]) -> Result<Seen, String> {
    let mut all: Option<Seen> = None;
    // The shortest of the longest stretches of each method.
    let mut methods: BTreeMap<String, u64> = BTreeMap::new();
    for run in 0..RUNS {
        let figures = runner.stretches(path, arguments)?;
        let number = |name: &str| figures[name].as_u64().ok_or(format!("the run gave no {name}"));
        let longest = number("longest_ns")?;
        let by_method: BTreeMap<String, u64> =
            serde_json::from_value(figures["by_method"].clone()).map_err(|error| error.to_string())?;
        if run == 0 {
            methods.clone_from(&by_method);
        }
        // What is not noted took at most so long.
        let noted = number("noted_ns")?;
        for (method, shortest) in &mut methods {
            *shortest = by_method.get(method).copied().unwrap_or(noted).min(*shortest);
        }
        let seen = all.get_or_insert_with(|| Seen {
            program: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
            first_ns: longest,
            ..Seen::default()
        });
        if run == 0 {
            (seen.polls, seen.long) = (number("polls")?, number("long")?);
        }
        seen.runs = run + 1;
        let recurring = methods.iter().max_by_key(|(_, shortest)| **shortest);
        (seen.method, seen.longest_ns) = match recurring {
            Some((method, shortest)) => (method.clone(), *shortest),
            None => (String::new(), longest),
        };
        if longest <= BAR_NS {
            break;
        }
    }
    all.ok_or_else(|| "nothing was run".to_string())
}
