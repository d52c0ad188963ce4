//! `cargo xtask crash`: the crash enumeration of `sim`, long, on all processors, with a progress bar.
//!
//! The exit status is failure when an image recovered wrongly; the report names the seed and the image that replay it.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use sim::crash::{At, Enumeration, Lives, Report, bare_lives};
use sim::mutants::{POINTS_MAX, Planted};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// Distinct images by default.
const POINTS: u64 = 200_000;
/// How often a line says how far it is.
const SAID_EVERY_S: u64 = 10;

/// Tries what power cuts, lying disks and damage may leave of a world.
#[derive(Parser, Clone, Debug)]
#[command(after_help = "Examples:\n  cargo xtask crash --points 1000000\n  \
                  cargo xtask crash --workload cleaning --seed 7\n  \
                  cargo xtask crash --seed 7 --workload cleaning --replay 3.120\n  \
                  cargo xtask crash --mutant CarryForgotten\n\n\
                  Workloads and planted bugs: `cargo xtask crash --list`.")]
pub(crate) struct Arguments {
    /// Distinct disk images to try; 200,000 by default, 2,000 with a planted bug.
    #[arg(long)]
    points: Option<u64>,
    /// Everything follows from it; a failure names the one that replays it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this workload; when left out all in turn, or the one that meets the planted bug.
    #[arg(long)]
    workload: Option<String>,
    /// Only this image, as a failure names it; with its seed and workload.
    #[arg(long, value_name = "ROUND.IMAGE", requires = "workload")]
    replay: Option<At>,
    /// Plants a bug of `store` or `memory`, which is to be found: the run fails then. In a build of its own.
    #[arg(long)]
    mutant: Option<String>,
    /// Tries one of so many images, so that few images see many lives; all by default, or as the planted bug needs it.
    #[arg(long)]
    one_in: Option<u64>,
    /// Threads; as many as there are processors by default.
    #[arg(long)]
    jobs: Option<usize>,
    /// Lists the workloads and the planted bugs.
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

/// What is to be done, where the arguments leave it open.
struct Plan {
    lives: Vec<&'static dyn Lives>,
    points: u64,
    one_in: u64,
    planted: Option<Planted>,
}

impl Plan {
    fn new(arguments: &Arguments) -> Result<Plan, String> {
        let planted = arguments.mutant.as_deref().map(mutant::of_name).transpose()?;
        let met = planted.map(Planted::where_met);
        let workload = arguments.workload.as_deref().or(met.map(|(workload, _)| workload));
        Ok(Plan {
            lives: lives(workload)?,
            points: arguments.points.unwrap_or(if planted.is_some() { POINTS_MAX } else { POINTS }),
            one_in: arguments.one_in.or(met.map(|(_, one_in)| one_in)).unwrap_or(1),
            planted,
        })
    }
}

/// Runs the enumeration and prints its report.
pub(crate) fn execute(arguments: &Arguments) -> ExitCode {
    let plan = match Plan::new(arguments) {
        Ok(plan) => plan,
        Err(what) => {
            eprintln!("xtask: {what}");
            return ExitCode::from(2);
        }
    };
    if arguments.list {
        list(&plan.lives, arguments.json);
        return ExitCode::SUCCESS;
    }
    match plan.planted.map(mutant::plant).transpose() {
        Ok(None | Some(None)) => {}
        Ok(Some(Some(ended))) => return ended,
        Err(what) => {
            eprintln!("xtask: {what}");
            return ExitCode::from(2);
        }
    }
    let begun = Instant::now();
    // A panic of what is tested is a finding and stands in the report.
    std::panic::set_hook(Box::new(|_| {}));
    let report = match arguments.replay {
        Some(at) => {
            let enumeration = Enumeration::new(plan.lives, arguments.seed, u64::MAX).sparse(plan.one_in);
            enumeration.replay(at);
            enumeration.report()
        }
        None => enumerate(plan, arguments),
    };
    drop(std::panic::take_hook());
    print(&report, begun.elapsed(), arguments);
    if report.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn list(lives: &[&'static dyn Lives], json: bool) {
    let names: Vec<&str> = lives.iter().map(|lives| lives.name()).collect();
    if json {
        let mutants: Vec<serde_json::Value> = Planted::all()
            .map(|one| {
                let (workload, one_in) = one.where_met();
                serde_json::json!({"name": one.name(), "crate": one.crate_name(), "workload": workload,
                    "one_in": one_in})
            })
            .collect();
        println!("{}", serde_json::json!({"workloads": names, "mutants": mutants}));
        return;
    }
    println!("workloads:");
    names.iter().for_each(|name| println!("  {name}"));
    println!("planted bugs, each with its crate and the workload that meets it:");
    for one in Planted::all() {
        println!("  {} ({}, {})", one.name(), one.crate_name(), one.where_met().0);
    }
}

fn enumerate(plan: Plan, arguments: &Arguments) -> Report {
    // Where nobody sees a bar, a line now and then says how far it is.
    let watched = std::io::stderr().is_terminal();
    let bar = if watched { ProgressBar::new(plan.points) } else { ProgressBar::hidden() };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} images, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    let jobs = arguments.jobs.or_else(|| thread::available_parallelism().ok().map(usize::from));
    let enumeration = Enumeration::new(plan.lives, arguments.seed, plan.points).sparse(plan.one_in);
    let begun = Instant::now();
    let mut said = 0;
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..jobs.unwrap_or(1).max(1)).map(|_| scope.spawn(|| enumeration.work())).collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(100));
            let (points, seconds) = (enumeration.points().min(plan.points), begun.elapsed().as_secs());
            bar.set_position(points);
            if !watched && seconds >= said + SAID_EVERY_S {
                said = seconds;
                eprintln!(
                    "{points} of {} images after {seconds} s, {} a second",
                    plan.points,
                    points / seconds
                );
            }
        }
    });
    bar.finish_and_clear();
    enumeration.report()
}

fn print(report: &Report, took: Duration, arguments: &Arguments) {
    if arguments.json {
        println!("{}", as_json(report, took, arguments));
        return;
    }
    println!(
        "seed {}, {:.0} s: {} distinct images of {} made, from {} lives ({} after a crash, {} after a loss)",
        arguments.seed,
        took.as_secs_f64(),
        report.points,
        report.images,
        report.lives,
        report.second_lives,
        report.lives_after_loss
    );
    let of: Vec<String> = report.points_of.iter().map(|(name, points)| format!("{name} {points}")).collect();
    println!("of them: {}", of.join(", "));
    println!(
        "{} checkpoints, {} pages moved by the cleaner, {} dropped from memory and {} brought in, {} connections reset",
        report.checkpoints, report.cleaned_pages, report.evicted, report.paged_in, report.resets
    );
    println!(
        "{} lying disks ({} reported, the others exactly some epoch), {} damaged ({} reported, the others exact)",
        report.lying, report.lying_reported, report.damaged, report.damaged_reported
    );
    println!("{} heaps verified, {} worlds ran on to their end", report.heaps, report.resumed);
    match &report.failure {
        Some(failure) => println!("WRONG at {failure}"),
        None => println!("all recovered, zero bad"),
    }
}

fn as_json(report: &Report, took: Duration, arguments: &Arguments) -> serde_json::Value {
    serde_json::json!({
        "seed": arguments.seed,
        "mutant": arguments.mutant,
        "seconds": took.as_secs_f64(),
        "points": report.points,
        "points_of": report.points_of,
        "images": report.images,
        "lives": report.lives,
        "second_lives": report.second_lives,
        "lives_after_loss": report.lives_after_loss,
        "checkpoints": report.checkpoints,
        "cleaned_pages": report.cleaned_pages,
        "evicted": report.evicted,
        "paged_in": report.paged_in,
        "resets": report.resets,
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
    use sim::mutants::Planted;
    use std::process::ExitCode;

    /// The bug of that name.
    pub(super) fn of_name(name: &str) -> Result<Planted, String> {
        Planted::from_name(name).ok_or_else(|| {
            let names: Vec<String> = Planted::all().map(Planted::name).collect();
            format!("there is no mutant `{name}`; there are {}", names.join(", "))
        })
    }

    /// Plants a bug, in this process or in one that is built for it, whose end is returned.
    #[cfg(feature = "mutants")]
    #[expect(clippy::unnecessary_wraps, reason = "the other build starts a process")]
    pub(super) fn plant(planted: Planted) -> Result<Option<ExitCode>, String> {
        match planted {
            Planted::Store(mutant) => store::mutants::activate(Some(mutant)),
            Planted::Memory(mutant) => memory::mutants::activate(Some(mutant)),
        }
        Ok(None)
    }

    /// Plants a bug, in this process or in one that is built for it, whose end is returned.
    #[cfg(not(feature = "mutants"))]
    pub(super) fn plant(_: Planted) -> Result<Option<ExitCode>, String> {
        let mut cargo = crate::shell::command(
            "cargo",
            &["run", "--release", "--quiet", "--package", "xtask", "--features", "mutants", "--"],
        );
        let status = cargo.args(std::env::args_os().skip(1)).status();
        let status = status.map_err(|error| format!("cannot run cargo: {error}"))?;
        Ok(Some(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
    }
}
