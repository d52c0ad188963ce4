//! `cargo xtask faults`: an error at each call of a device in turn, under the bare store and under whole worlds; a host
//! that refuses memory at each call; bit rot in every sector. Long.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use sim::faults::{Kind, rot, sweep};
use xtask::worlds::ordeal::{Failing, endure};

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask faults\n  cargo xtask faults --kind no-space --seeds 20\n  \
                  cargo xtask faults --kind rot --seed 7\n  \
                  cargo xtask faults --kind memory-discard\n\n\
                  Kinds: read, write, short-write, flush, flush-that-loses, grow, no-space, rot (under the bare store);\n\
                  the same but rot with `world-` before it (while a whole world runs its program);\n\
                  memory-start, memory-install, memory-discard, memory-evict (the host has no memory)."
)]
pub(crate) struct Options {
    /// Only this kind of fault; all when left out.
    #[arg(long)]
    kind: Option<String>,
    /// The first seed; a sequence of operations follows from it.
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
/// The first fault that lost something or went unnoticed, with the seed and the call that repeat it.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let name = options.kind.as_deref();
    let mut all: Vec<String> = Kind::ALL.iter().map(|kind| kind.name().to_string()).collect();
    all.push("rot".to_string());
    all.extend(Failing::all().into_iter().map(Failing::name));
    if let Some(name) = name.filter(|name| !all.iter().any(|known| known == name)) {
        return Err(format!("there is no kind `{name}`; there are {}", all.join(", ")));
    }
    let bar = if options.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} {msg}")
            .map_err(|error| error.to_string())?,
    );
    let mut found = Vec::new();
    std::panic::set_hook(Box::new(|_| {}));
    let tried = all.iter().filter(|one| name.is_none_or(|name| name == *one));
    let done =
        tried.flat_map(|kind| (options.seed..options.seed + options.seeds).map(move |seed| (kind, seed)));
    let outcome =
        done.map(|(kind, seed)| one(kind, seed, &bar)).try_for_each(|one| one.map(|one| found.push(one)));
    drop(std::panic::take_hook());
    bar.finish_and_clear();
    if options.json {
        println!("{}", Value::from(found));
    } else {
        for one in &found {
            let entries = one.as_object().into_iter().flatten();
            let entries: Vec<String> = entries.map(|(name, value)| format!("{name} {value}")).collect();
            println!("{}", entries.join(", "));
        }
    }
    outcome
}

fn one(kind: &str, seed: u64, bar: &ProgressBar) -> Result<Value, String> {
    bar.set_message(format!("{kind}, seed {seed}"));
    let mut progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    match (Kind::from_name(kind), Failing::from_name(kind)) {
        (Some(known), _) => {
            let swept = sweep(known, seed, 1, &mut progress)?;
            Ok(json!({"kind": kind, "seed": seed, "runs": swept.runs, "reported": swept.reported,
                "reopened": swept.reopened}))
        }
        (None, Some(failing)) => {
            let endured = endure(failing, seed, 1, &mut progress)?;
            Ok(json!({"kind": kind, "seed": seed, "runs": endured.runs, "reported": endured.reported,
                "reopened": endured.reopened}))
        }
        (None, None) => {
            let rotten = rot(seed, &mut progress)?;
            Ok(json!({"kind": kind, "seed": seed, "images": rotten.images, "refused": rotten.refused,
                "reported": rotten.reported, "harmless": rotten.harmless}))
        }
    }
}
