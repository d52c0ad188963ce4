//! Threads that bring the machine down each time the world is resumed: after the second time their program is held.
//!
//! A failure of the machine (a Rust panic, not an exception of a program) must not become a snapshot, so it is noted in a
//! file beside the world, `NAME.world.failures`, before the process ends. It is replaced as a whole, so a kill leaves the
//! old one or the new one; a run that ends orderly removes it. It counts failures of the same thread in consecutive runs;
//! a run that is killed changes nothing.

use crate::{Failure, say};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use world::inspect::ProgramState;
use world::{Vm, World};

/// After so many failed runs the program is held.
const RUNS_MAX: u32 = 2;

/// What the file holds.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
struct Record {
    /// Identity of the world; the record of another one does not count.
    world: String,
    failures: Vec<Crash>,
}

/// A thread that brought the machine down.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
struct Crash {
    thread: u64,
    program: u64,
    name: String,
    /// Consecutive runs that it ended.
    runs: u32,
    message: String,
}

fn place(world: &Path) -> PathBuf {
    let mut name = world.as_os_str().to_owned();
    name.push(".failures");
    PathBuf::from(name)
}

fn read(world: &Path, id: &str) -> Record {
    let none = Record { world: id.to_string(), failures: Vec::new() };
    let Ok(text) = fs::read(place(world)) else { return none };
    match serde_json::from_slice::<Record>(&text) {
        Ok(record) if record.world == id => record,
        _ => none,
    }
}

fn write(world: &Path, record: &Record) -> std::io::Result<()> {
    let path = place(world);
    let new = path.with_extension("failures.new");
    let mut file = File::create(&new)?;
    file.write_all(serde_json::to_string_pretty(record)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    // The name is durable when its folder is.
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Holds the programs whose threads failed too often, and says so.
///
/// # Errors
/// When the world is damaged.
pub(crate) fn apply(world: &mut World, path: &Path, id: &str) -> Result<(), Failure> {
    let record = read(path, id);
    let programs =
        world.programs().map_err(|error| Failure::World(format!("{}: {error}", path.display())))?;
    for crash in record.failures.iter().filter(|crash| crash.runs >= RUNS_MAX) {
        let Some(program) = programs.iter().find(|p| p.id == crash.program) else { continue };
        if program.state == ProgramState::Running && !program.quarantined {
            world.quarantine(program.addr);
        }
    }
    for program in world.programs().unwrap_or_default().iter().filter(|program| program.quarantined) {
        let of = |crash: &&Crash| crash.program == program.id;
        let why = record.failures.iter().find(of).map_or("", |crash| crash.message.as_str());
        say(&format_args!(
            "{0} is quarantined: one of its threads brought the machine down {RUNS_MAX} times in a row ({why}); the others \
             go on, `phantom go {1} {0}` tries it again",
            program.name,
            path.display(),
        ));
    }
    Ok(())
}

/// Notes that the machine failed in a thread; what is to be said of it.
pub(crate) fn note(vm: &Vm, path: &Path, id: &str, message: &str) -> String {
    let Some((thread, program)) = vm.running_thread() else {
        return format!("the machine failed: {message}; the world stops without committing");
    };
    let mut record = read(path, id);
    let program = program.unwrap_or(0);
    let programs = vm.programs().unwrap_or_default();
    let name = programs.into_iter().find(|p| p.id == program).map(|p| p.name).unwrap_or_default();
    let before = record.failures.iter().find(|crash| crash.thread == thread).map_or(0, |crash| crash.runs);
    // Whoever did not fail this time has not failed in consecutive runs.
    record.failures.retain(|crash| crash.runs >= RUNS_MAX && crash.thread != thread);
    let runs = before + 1;
    record.failures.push(Crash { thread, program, name: name.clone(), runs, message: message.to_string() });
    let noted = match write(path, &record) {
        Ok(()) if runs >= RUNS_MAX => format!("{name} is quarantined at the next start"),
        Ok(()) => "the next start tries again".to_string(),
        Err(error) => format!("this could not be noted: {}: {error}", place(path).display()),
    };
    format!(
        "the machine failed in thread {thread} of {name}: {message}; the world stops without committing, on the disk is its \
         last snapshot; {noted}"
    )
}

/// A run has ended orderly.
pub(crate) fn forget(world: &World, path: &Path) {
    if world.programs().is_ok_and(|programs| !programs.iter().any(|program| program.quarantined)) {
        let _none_is_there_mostly = fs::remove_file(place(path));
    }
}

/// A program is to be tried again.
pub(crate) fn forgive(path: &Path, name: &str) {
    let Ok(text) = fs::read(place(path)) else { return };
    let Ok(mut record) = serde_json::from_slice::<Record>(&text) else { return };
    record.failures.retain(|crash| crash.name != name);
    if let Err(error) = write(path, &record) {
        say(&format_args!("warning: {}: {error}", place(path).display()));
    }
}
