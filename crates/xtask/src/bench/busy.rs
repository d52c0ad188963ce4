//! What snapshots cost a world with several threads, TCP and eviction.

use super::process::Runner;
use super::statistics::{Pairs, median};
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
    let pairs = Pairs::run(options.pairs, &mut |with| {
        runner.put_back("busy", &kept)?;
        let mut options = vec!["--every", if with { "100ms" } else { "1h" }];
        options.extend(SHARED);
        let leg = runner.leg("busy", &options, &WORK, None, false)?;
        let figures = leg.figures.ok_or("busy gave no figures")?;
        if leg.out.lines().last() != Some("done") {
            return Err(format!("busy said {:?}", leg.out));
        }
        let count = |name: &str| figures[name].as_f64().ok_or(format!("no {name} in the figures"));
        evicted.push(count("evicted")?);
        if with {
            commits.push(count("commits")?);
        }
        count("cpu_ns")
    })?;
    Ok(vec![Row::new(
        "cost of snapshots every 100 ms with threads, TCP and eviction active, CPU of the process",
        "≤ 10 %",
        format!(
            "{}; {:.0} snapshots and {:.0} pages evicted in a run",
            pairs.text(),
            median(&commits),
            median(&evicted)
        ),
        pairs.cost() <= 0.10,
    )])
}
