//! `cargo xtask chaos`: programs under chaos, over many seeds.

use crate::shell::root;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::Duration;
use xtask::chaos::{Script, Transcript, Unkindness, chaotic, plain};
use xtask::parallel::{Rough, rough};

/// Power cuts in a run on several workers, at most.
const CUTS_MAX: u64 = 5;
/// A run on several workers that takes longer does not end.
const TIME_MAX: Duration = Duration::from_secs(120);

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask chaos --seeds 100\n  cargo xtask chaos examples/queens.ph --seed 7 -- 6"
)]
pub(crate) struct Options {
    /// Program; the language tests and all examples that end by default.
    program: Option<PathBuf>,
    /// Only this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds for each program, from 1 on.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Runs on so many workers, beside threads that disturb the program, instead of in one thread from one seed.
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Folder in which imports are searched.
    #[arg(short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,
    /// Arguments of the program.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// The first run whose transcript differs, with the seed that repeats it.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let paths = match &options.program {
        Some(program) => vec![program.clone()],
        None => xtask::chaos::all_programs(&root())?,
    };
    let seeds: Vec<u64> = match options.seed {
        Some(seed) => vec![seed],
        None => (1..=options.seeds).collect(),
    };
    let bar = ProgressBar::new((paths.len() * seeds.len()) as u64);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}").map_err(|error| error.to_string())?,
    );
    let mut seen = Unkindness::default();
    for path in &paths {
        bar.set_message(path.display().to_string());
        let mut script = Script::compile(path, &options.include)?;
        if !options.arguments.is_empty() {
            script.arguments.clone_from(&options.arguments);
        }
        torment(path, &script, &seeds, options.workers, &mut seen, &bar)?;
    }
    bar.finish_and_clear();
    if options.program.is_none() && seen.cuts == 0 {
        return Err("no power was cut: this run proves nothing".to_string());
    }
    println!(
        "{} programs, {} seeds each: same output every time, over {} snapshots, {} power cuts, {} pages dropped and {} \
         brought in",
        paths.len(),
        seeds.len(),
        seen.snapshots,
        seen.cuts,
        seen.evicted,
        seen.paged_in
    );
    Ok(())
}

fn torment(
    path: &Path,
    script: &Script,
    seeds: &[u64],
    workers: usize,
    seen: &mut Unkindness,
    bar: &ProgressBar,
) -> Result<(), String> {
    let run = |seed| match workers {
        0 | 1 => chaotic(script, seed),
        _ => rough(script, &Rough { workers, seed, cuts_max: CUTS_MAX, time_max: TIME_MAX }),
    };
    let expected = plain(script).map_err(|error| format!("{}: {error}", path.display()))?;
    for &seed in seeds {
        let place = || format!("{} --seed {seed}", path.display());
        let (found, unkindness) = run(seed).map_err(|error| format!("{}: {error}", place()))?;
        if found != expected {
            return Err(format!("{}: the transcripts differ\n{}", place(), difference(&expected, &found)));
        }
        seen.add(unkindness);
        bar.inc(1);
    }
    Ok(())
}

fn difference(expected: &Transcript, found: &Transcript) -> String {
    format!("--- plain\n{expected:#?}\n--- under chaos\n{found:#?}")
}
