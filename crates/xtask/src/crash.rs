//! `cargo xtask crash`: the crash enumeration of `sim`, long, with a progress bar.
//!
//! The exit status is failure when an image recovered wrongly; the report names the seed and the point that replay it.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use sim::crash::{Options, Report, Workload, run};
use std::process::ExitCode;
use std::time::Duration;

/// Tries what power cuts, lying disks and damage may leave of a world.
#[derive(Parser, Clone, Debug)]
#[command(name = "cargo xtask crash", version)]
pub(crate) struct Arguments {
    /// Distinct disk images to try.
    #[arg(long, default_value_t = 200_000)]
    points: u64,
    /// Everything follows from it; a failure names the one that replays it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// mixed, small, large, cleaning, full, history, deltas or restore; all in turn when left out.
    #[arg(long, value_parser = workload)]
    workload: Option<Workload>,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

fn workload(name: &str) -> Result<Workload, String> {
    let names: Vec<&str> = Workload::ALL.iter().map(|w| w.name()).collect();
    Workload::from_name(name).ok_or_else(|| format!("no such workload; there are {}", names.join(", ")))
}

/// Runs the enumeration and prints its report.
pub(crate) fn execute(arguments: &Arguments) -> ExitCode {
    let bar = if arguments.json { ProgressBar::hidden() } else { ProgressBar::new(arguments.points) };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} images, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    // A panic of the store is a finding and stands in the report.
    std::panic::set_hook(Box::new(|_| {}));
    let report = run(Options {
        points: arguments.points,
        seed: arguments.seed,
        workload: arguments.workload,
        progress: &mut |done| bar.set_position(done),
    });
    drop(std::panic::take_hook());
    bar.finish_and_clear();
    print(&report, arguments);
    if report.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
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
    println!("{} checkpoints, {} pages moved by the cleaner", report.checkpoints, report.cleaned_pages);
    println!(
        "{} lying disks ({} reported, the others exactly some epoch), {} damaged ({} reported, the others exact)",
        report.lying, report.lying_reported, report.damaged, report.damaged_reported
    );
    match &report.failure {
        Some(failure) => println!("WRONG at {failure}"),
        None => println!("all recovered"),
    }
}

fn as_json(report: &Report, seed: u64) -> serde_json::Value {
    serde_json::json!({
        "seed": seed,
        "points": report.points,
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
        "failure": report.failure.as_ref().map(|f| serde_json::json!({
            "point": f.point, "seed": f.seed, "image": f.image, "what": f.what,
        })),
    })
}
