//! `cargo xtask crash`: the crash enumeration of `sim`, long, on all processors, with a progress bar.
//!
//! The exit status is failure when an image recovered wrongly; the report names the seed and the image that replay it.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use sim::crash::{At, Enumeration, Lives, Report, bare_lives};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Tries what power cuts, lying disks and damage may leave of a world.
#[derive(Parser, Clone, Debug)]
#[command(after_help = "Examples:\n  cargo xtask crash --points 1000000\n  \
                  cargo xtask crash --workload cleaning --seed 7\n  \
                  cargo xtask crash --seed 7 --workload cleaning --replay 3.120\n  \
                  cargo xtask crash --mutant CommitFlushLeftOut --points 2000\n\n\
                  Workloads: `cargo xtask crash --list`.")]
pub(crate) struct Arguments {
    /// Distinct disk images to try.
    #[arg(long, default_value_t = 200_000)]
    points: u64,
    /// Everything follows from it; a failure names the one that replays it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this workload; all in turn when left out.
    #[arg(long)]
    workload: Option<String>,
    /// Only this image, as a failure names it; with its seed and workload.
    #[arg(long, value_name = "ROUND.IMAGE", requires = "workload")]
    replay: Option<At>,
    /// Plants a bug, which is to be found: the run fails then. In a build of its own.
    #[arg(long)]
    mutant: Option<String>,
    /// Tries one of so many images, so that few images see many lives.
    #[arg(long, default_value_t = 1)]
    one_in: u64,
    /// Threads; as many as there are processors by default.
    #[arg(long)]
    jobs: Option<usize>,
    /// Lists the workloads.
    #[arg(long)]
    list: bool,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

/// All lives, or the ones of the workload that was asked for.
fn lives(workload: Option<&str>) -> Result<Vec<&'static dyn Lives>, String> {
    let mut all = xtask::worlds::world_lives();
    all.extend(bare_lives());
    let Some(name) = workload else { return Ok(all) };
    let names: Vec<&str> = all.iter().map(|lives| lives.name()).collect();
    let found = all.iter().copied().find(|lives| lives.name() == name);
    found
        .map(|one| vec![one])
        .ok_or_else(|| format!("there is no workload `{name}`; there are {}", names.join(", ")))
}

/// Runs the enumeration and prints its report.
pub(crate) fn execute(arguments: &Arguments) -> ExitCode {
    let lives = match lives(arguments.workload.as_deref()) {
        Ok(lives) => lives,
        Err(what) => {
            eprintln!("xtask: {what}");
            return ExitCode::from(2);
        }
    };
    if let Some(name) = &arguments.mutant {
        match mutant::plant(name) {
            Ok(None) => {}
            Ok(Some(ended)) => return ended,
            Err(what) => {
                eprintln!("xtask: {what}");
                return ExitCode::from(2);
            }
        }
    }
    if arguments.list {
        lives.iter().for_each(|lives| println!("{}", lives.name()));
        return ExitCode::SUCCESS;
    }
    // A panic of what is tested is a finding and stands in the report.
    std::panic::set_hook(Box::new(|_| {}));
    let report = match arguments.replay {
        Some(at) => {
            let enumeration = Enumeration::new(lives, arguments.seed, u64::MAX).sparse(arguments.one_in);
            enumeration.replay(at);
            enumeration.report()
        }
        None => enumerate(lives, arguments),
    };
    drop(std::panic::take_hook());
    print(&report, arguments);
    if report.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn enumerate(lives: Vec<&'static dyn Lives>, arguments: &Arguments) -> Report {
    let bar = if arguments.json { ProgressBar::hidden() } else { ProgressBar::new(arguments.points) };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} images, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    let jobs = arguments.jobs.or_else(|| thread::available_parallelism().ok().map(usize::from));
    let enumeration = Enumeration::new(lives, arguments.seed, arguments.points).sparse(arguments.one_in);
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..jobs.unwrap_or(1).max(1)).map(|_| scope.spawn(|| enumeration.work())).collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(100));
            bar.set_position(enumeration.points().min(arguments.points));
        }
    });
    bar.finish_and_clear();
    enumeration.report()
}

fn print(report: &Report, arguments: &Arguments) {
    if arguments.json {
        println!("{}", as_json(report, arguments.seed));
        return;
    }
    println!(
        "{} distinct images of {} made, from {} lives ({} after a crash, {} after a loss)",
        report.points, report.images, report.lives, report.second_lives, report.lives_after_loss
    );
    let of: Vec<String> = report.points_of.iter().map(|(name, points)| format!("{name} {points}")).collect();
    println!("of them: {}", of.join(", "));
    println!("{} checkpoints, {} pages moved by the cleaner", report.checkpoints, report.cleaned_pages);
    println!(
        "{} lying disks ({} reported, the others exactly some epoch), {} damaged ({} reported, the others exact)",
        report.lying, report.lying_reported, report.damaged, report.damaged_reported
    );
    println!("{} heaps verified, {} worlds ran on to their end", report.heaps, report.resumed);
    match &report.failure {
        Some(failure) => println!("WRONG at {failure}"),
        None => println!("all recovered"),
    }
}

fn as_json(report: &Report, seed: u64) -> serde_json::Value {
    serde_json::json!({
        "seed": seed,
        "points": report.points,
        "points_of": report.points_of,
        "images": report.images,
        "lives": report.lives,
        "second_lives": report.second_lives,
        "lives_after_loss": report.lives_after_loss,
        "checkpoints": report.checkpoints,
        "cleaned_pages": report.cleaned_pages,
        "lying": report.lying,
        "lying_reported": report.lying_reported,
        "damaged": report.damaged,
        "damaged_reported": report.damaged_reported,
        "heaps": report.heaps,
        "resumed": report.resumed,
        "failure": report.failure.as_ref().map(|f| serde_json::json!({
            "point": f.point, "seed": f.seed, "workload": f.workload, "at": f.at.to_string(),
            "image": f.image, "what": f.what,
        })),
    })
}

/// Planted bugs.
mod mutant {
    use std::process::ExitCode;
    use store::mutants::Mutant;

    /// Plants the bug of that name, in this process or in one that is built for it, whose end is returned.
    pub(super) fn plant(name: &str) -> Result<Option<ExitCode>, String> {
        let names: Vec<String> = Mutant::ALL.iter().map(|mutant| format!("{mutant:?}")).collect();
        let Some(at) = names.iter().position(|one| one == name) else {
            return Err(format!("there is no mutant `{name}`; there are {}", names.join(", ")));
        };
        plant_known(Mutant::ALL[at])
    }

    #[cfg(feature = "mutants")]
    #[expect(clippy::unnecessary_wraps, reason = "the other build starts a process")]
    fn plant_known(mutant: Mutant) -> Result<Option<ExitCode>, String> {
        store::mutants::activate(Some(mutant));
        Ok(None)
    }

    #[cfg(not(feature = "mutants"))]
    fn plant_known(_: Mutant) -> Result<Option<ExitCode>, String> {
        let mut cargo = crate::shell::command(
            "cargo",
            &["run", "--release", "--quiet", "--package", "xtask", "--features", "mutants", "--"],
        );
        let status = cargo.args(std::env::args_os().skip(1)).status();
        let status = status.map_err(|error| format!("cannot run cargo: {error}"))?;
        Ok(Some(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
    }
}
