//! `cargo xtask simulate`: whole worlds lived from seeds in one thread, with failures of device, process and network.

use serde_json::{Value, json};
use xtask::worlds::{simulate, world_names};

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask simulate --seeds 100\n  cargo xtask simulate world-durable --seed 7\n\n\
                  The same seed gives the same hash, always. Worlds: `cargo xtask crash --list`, those called `world-`."
)]
pub(crate) struct Options {
    /// World; all by default.
    world: Option<String>,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, from the first on.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Prints JSON for machines.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
///
/// # Errors
/// The first life in which something went wrong, with its seed.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let names: Vec<&str> = match options.world.as_deref() {
        Some(name) => vec![name],
        None => world_names(),
    };
    let mut all = Vec::new();
    for name in names {
        for seed in options.seed..options.seed + options.seeds {
            let trace = simulate(name, seed).map_err(|what| format!("{name} --seed {seed}: {what}"))?;
            if options.json {
                all.push(json!({"world": name, "seed": seed, "hash": format!("{:016x}", trace.hash),
                    "operations": trace.operations, "flips": trace.flips, "commits": trace.commits,
                    "printed": trace.printed, "answered": trace.answered, "pages": trace.pages, "resets": trace.resets,
                    "evicted": trace.evicted, "paged_in": trace.paged_in}));
            } else {
                println!(
                    "{name} seed {seed}: {:016x}, {} operations, {} flips, {} commits, {} bytes printed, answered {}, \
                     {} pages, {} resets, {} pages dropped, {} brought in",
                    trace.hash,
                    trace.operations,
                    trace.flips,
                    trace.commits,
                    trace.printed,
                    trace.answered,
                    trace.pages,
                    trace.resets,
                    trace.evicted,
                    trace.paged_in
                );
            }
        }
    }
    if options.json {
        println!("{}", Value::from(all));
    }
    Ok(())
}
