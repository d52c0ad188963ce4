//! `cargo xtask chaos`: programs under chaos, over many seeds, on all processors.

use crate::shell::root;
use indicatif::{ProgressBar, ProgressStyle};
use std::num::NonZero;
use std::path::PathBuf;
use xtask::chaos::many::{Plan, Sum, run_all};
use xtask::chaos::{Unkindness, all_programs, all_servers};

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask chaos --seeds 100\n  cargo xtask chaos --seeds 1000 --jobs 8 --json\n  \
                  cargo xtask chaos examples/queens.ph --seed 7 -- 6"
)]
pub(crate) struct Options {
    /// Program; the language tests and all examples that end or serve by default.
    program: Option<PathBuf>,
    /// Only this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds for each program, from 1 on.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Runs at a time; as many as there are processors by default.
    #[arg(long)]
    jobs: Option<NonZero<usize>>,
    /// Runs on so many workers, beside threads that disturb the program, instead of in one thread from one seed. Servers
    /// are left out then.
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Folder in which imports are searched.
    #[arg(short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,
    /// Prints the totals as JSON, also for each program.
    #[arg(long)]
    json: bool,
    /// Arguments of the program.
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Options {
    fn plan(&self) -> Result<Plan, String> {
        let paths = match &self.program {
            Some(program) => vec![program.clone()],
            // Servers have clients on one worker only.
            None if self.workers > 1 => all_programs(&root())?,
            None => [all_programs(&root())?, all_servers(&root())].concat(),
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Plan {
            paths,
            include: self.include.clone(),
            arguments: self.arguments.clone(),
            seeds: self.seed.map_or_else(|| (1..=self.seeds).collect(), |seed| vec![seed]),
            workers: self.workers,
            jobs: self.jobs.map_or_else(|| processors.div_ceil(self.workers.max(1)), usize::from),
        })
    }
}

/// Runs the verb.
///
/// # Errors
/// A run whose transcript differs or whose clients complain, with the program and the seed that repeat it.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let plan = options.plan()?;
    let runs = (plan.paths.len() * plan.seeds.len()) as u64;
    let bar = if options.json { ProgressBar::hidden() } else { ProgressBar::new(runs) };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left, {msg}");
    bar.set_style(style.map_err(|error| error.to_string())?);
    let done = |path: &std::path::Path| {
        bar.inc(1);
        bar.set_message(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    };
    let sums = run_all(&plan, &done);
    bar.finish_and_clear();
    let sums = sums?;
    let mut all = Sum::default();
    for sum in &sums {
        all.runs += sum.runs;
        all.cpu_ns += sum.cpu_ns;
        all.seen.add(sum.seen);
    }
    if options.program.is_none() && all.seen.cuts == 0 {
        return Err("no power was cut: this run proves nothing".to_string());
    }
    if options.json {
        println!("{}", as_json(&plan, &sums, &all));
    } else {
        print(&plan, &all);
    }
    Ok(())
}

fn print(plan: &Plan, all: &Sum) {
    let Unkindness { snapshots, alone, cuts, evicted, paged_in, answers, sessions } = all.seen;
    println!(
        "{} programs, {} seeds each: same output every time, over {snapshots} snapshots ({alone} of them made by the worker), {cuts} power cuts, {evicted} \
         pages dropped and {paged_in} brought in, in {} s of CPU time",
        plan.paths.len(),
        plan.seeds.len(),
        all.cpu_ns / 1_000_000_000,
    );
    if answers > 0 {
        println!("servers: {answers} answers judged in {sessions} sessions, none lost, none wrong");
    }
}

fn as_json(plan: &Plan, sums: &[Sum], all: &Sum) -> serde_json::Value {
    let one = |sum: &Sum| {
        serde_json::json!({
            "runs": sum.runs,
            "snapshots": sum.seen.snapshots,
            "alone": sum.seen.alone,
            "cuts": sum.seen.cuts,
            "evicted_pages": sum.seen.evicted,
            "paged_in": sum.seen.paged_in,
            "answers": sum.seen.answers,
            "sessions": sum.seen.sessions,
            "cpu_ms": sum.cpu_ns / 1_000_000,
        })
    };
    let name = |path: &PathBuf| path.strip_prefix(root()).unwrap_or(path).display().to_string();
    let programs: serde_json::Map<String, serde_json::Value> =
        plan.paths.iter().map(name).zip(sums.iter().map(one)).collect();
    serde_json::json!({
        "programs": plan.paths.len(),
        "seeds": plan.seeds.len(),
        "workers": plan.workers,
        "jobs": plan.jobs,
        "total": one(all),
        "by_program": programs,
    })
}
