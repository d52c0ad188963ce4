//! What snapshots cost a world with several threads, TCP and eviction.

use super::process::Runner;
use super::statistics::{median, median_bounds};
use super::{Options, Row};

/// MiB of the graph, steps of each walker, round trips over TCP.
const WORK: [&str; 3] = ["64", "6000000", "20000"];
const SHARED: [&str; 3] = ["--memory", "32M", "--allow-net=127.0.0.1"];

/// Measures interleaved pairs with and without snapshots on copies of one filled world.
///
/// # Errors
/// When the program cannot be run.
pub(super) fn measure(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let mut filling = vec!["--every", "1s"];
    filling.extend(SHARED);
    runner.fill_with("busy", &filling, &WORK)?;
    let kept = runner.keep("busy")?;
    let mut evicted = Vec::new();
    let mut commits = Vec::new();
    let mut run = |every: &str| -> Result<f64, String> {
        runner.put_back("busy", &kept)?;
        let mut options = vec!["--every", every];
        options.extend(SHARED);
        let leg = runner.leg("busy", &options, &WORK, None, false)?;
        let figures = leg.figures.ok_or("busy gave no figures")?;
        if leg.out.lines().last() != Some("done") {
            return Err(format!("busy said {:?}", leg.out));
        }
        let count = |name: &str| figures[name].as_f64().ok_or(format!("no {name} in the figures"));
        evicted.push(count("evicted")?);
        if every == "100ms" {
            commits.push(count("commits")?);
        }
        count("cpu_ns")
    };
    let mut ratios = Vec::new();
    for pair in 0..options.pairs {
        // The order alternates, so that a drift of the machine falls on both.
        let (with, without) = if pair % 2 == 0 {
            let without = run("1h")?;
            (run("100ms")?, without)
        } else {
            let with = run("100ms")?;
            (with, run("1h")?)
        };
        ratios.push(with / without - 1.0);
    }
    let (low, high) = median_bounds(&ratios);
    let cost = median(&ratios);
    Ok(vec![Row::new(
        "cost of snapshots every 100 ms with threads, TCP and eviction active, CPU of the process",
        "≤ 10 %",
        format!(
            "{:.1} % (95 %: {:.1} to {:.1}; {:.0} snapshots and {:.0} pages evicted in a run)",
            cost * 100.0,
            low * 100.0,
            high * 100.0,
            median(&commits),
            median(&evicted)
        ),
        cost <= 0.10,
    )])
}
