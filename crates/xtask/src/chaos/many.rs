//! Many programs, each with many seeds, on all processors.
//!
//! A run is one thread of the host, whatever it tests; so as many run at a time as there are jobs, and each is repeated
//! exactly by its program and seed alone.

use super::{Script, Transcript, Unkindness, chaotic, plain, served};
use crate::parallel::{Rough, rough};
use crate::service::is_server;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Power cuts in a run on several workers, at most.
const CUTS_MAX: u64 = 5;
/// A run on several workers that takes longer does not end.
const TIME_MAX: Duration = Duration::from_secs(120);

/// A program, and what is expected of it.
#[derive(Debug)]
pub struct Trial {
    script: Script,
    /// What a quiet run prints; a server is judged by its clients.
    expected: Option<Transcript>,
}

impl Trial {
    /// Runs a program quietly, unless it serves.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn new(script: Script) -> Result<Trial, String> {
        let expected = if is_server(&script.name) { None } else { Some(plain(&script)?) };
        Ok(Trial { script, expected })
    }

    /// What a quiet run prints; nothing of a server.
    pub fn expected(&self) -> Option<&Transcript> {
        self.expected.as_ref()
    }

    /// Runs it with a seed's worth of unkindness, on one worker or several.
    ///
    /// # Errors
    /// When it cannot be run to its end, prints something else, or a client complains.
    pub fn run(&self, seed: u64, workers: usize) -> Result<Unkindness, String> {
        let Some(expected) = &self.expected else {
            return served::served(&self.script, seed);
        };
        let (found, seen) = if workers > 1 {
            rough(&self.script, &Rough { workers, seed, cuts_max: CUTS_MAX, time_max: TIME_MAX })?
        } else {
            chaotic(&self.script, seed)?
        };
        if found == *expected {
            Ok(seen)
        } else {
            Err(format!("the transcripts differ\n--- plain\n{expected:#?}\n--- under chaos\n{found:#?}"))
        }
    }
}

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Programs.
    pub paths: Vec<PathBuf>,
    /// Folders in which imports are searched.
    pub include: Vec<PathBuf>,
    /// Arguments instead of those that are known for it.
    pub arguments: Vec<String>,
    /// Seeds of each.
    pub seeds: Vec<u64>,
    /// Workers of each world.
    pub workers: usize,
    /// Runs at a time.
    pub jobs: usize,
}

/// What the runs of one program came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// Runs.
    pub runs: u64,
    /// What happened in them.
    pub seen: Unkindness,
    /// CPU time of their threads, but for those of clients and further workers.
    pub cpu_ns: u64,
}

/// Runs everything; the sums by program, in the order of the plan. `done` is told of each run.
///
/// # Errors
/// A run that went wrong, with what repeats it; those behind it are not begun.
pub fn run_all(plan: &Plan, done: &(dyn Fn(&Path) + Sync)) -> Result<Vec<Sum>, String> {
    let trials: Vec<OnceLock<Result<Trial, String>>> = plan.paths.iter().map(|_| OnceLock::new()).collect();
    let sums = Mutex::new(vec![Sum::default(); plan.paths.len()]);
    let failure = Mutex::new(None);
    let next = AtomicUsize::new(0);
    let work = || {
        while lock(&failure).is_none() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            // One seed of all programs, then the next.
            let (program, seed) =
                (at % plan.paths.len().max(1), plan.seeds.get(at / plan.paths.len().max(1)));
            let (Some(path), Some(&seed)) = (plan.paths.get(program), seed) else { return };
            let since = cpu_ns();
            let result = trials[program].get_or_init(|| trial(plan, path)).as_ref().map_err(Clone::clone);
            let result = result.and_then(|trial| {
                trial
                    .run(seed, plan.workers)
                    .map_err(|what| format!("{} --seed {seed}: {what}", path.display()))
            });
            match result {
                Ok(seen) => {
                    let sum = &mut lock(&sums)[program];
                    sum.runs += 1;
                    sum.seen.add(seen);
                    sum.cpu_ns += cpu_ns() - since;
                }
                Err(what) => drop(lock(&failure).get_or_insert(what)),
            }
            done(path);
        }
    };
    std::thread::scope(|scope| {
        (0..plan.jobs.max(1)).for_each(|_| drop(scope.spawn(work)));
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(what) => Err(what),
        None => Ok(sums.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

fn trial(plan: &Plan, path: &Path) -> Result<Trial, String> {
    let mut script = Script::compile(path, &plan.include)?;
    if !plan.arguments.is_empty() {
        script.arguments.clone_from(&plan.arguments);
    }
    if plan.workers > 1 && is_server(&script.name) {
        return Err(format!("{}: a server has no clients on several workers", path.display()));
    }
    Trial::new(script).map_err(|what| format!("{}: {what}", path.display()))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
