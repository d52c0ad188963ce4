//! `info`, `log`, `ps`, `check`: looking into a world that nobody runs, or that another process runs.

use crate::Failure;
use crate::arguments::{Inspect, Ps};
use base::Epoch;
use host::FileDevice;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::SlotReport;
use world::inspect::{ProgramInfo, ProgramState, ThreadInfo};
use world::{STATUS_KILLED, WorldFile, inspect};

/// Opens a world for reading.
///
/// # Errors
/// What is wrong with the file.
fn open(path: &Path) -> Result<WorldFile, Failure> {
    let device = FileDevice::open_read_only(path).map_err(|error| Failure::Input(error.to_string()))?;
    WorldFile::open(Arc::new(device)).map_err(|error| Failure::World(format!("{}: {error}", path.display())))
}

fn said(path: &Path) -> impl Fn(&dyn std::fmt::Display) -> Failure + '_ {
    move |error| Failure::World(format!("{}: {error}", path.display()))
}

/// Prints what a verb found.
fn print(as_json: bool, machine: &Value, human: &str) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    let written = if as_json { writeln!(out, "{machine}") } else { write!(out, "{human}") };
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Input(format!("standard output: {error}")))
        }
        _ => Ok(0),
    }
}

/// `phantom info`
///
/// # Errors
/// When the world cannot be read.
pub(crate) fn info(options: &Inspect) -> Result<u8, Failure> {
    let world = open(&options.world)?;
    let fail = said(&options.world);
    let about = world.store.info();
    let snapshots = world.store.snapshots().map_err(|error| fail(&error))?;
    let stats = world.store.stats();
    let bytes = std::fs::metadata(&options.world).map_err(|error| Failure::Input(error.to_string()))?.len();
    let damage: Vec<String> = world.report.damage.iter().map(ToString::to_string).collect();
    let machine = json!({
        "world": about.world_id.to_string(), "schema": format!("{:016x}", about.schema_hash),
        "format": store::FORMAT_VERSION, "created_ns": about.created_ns, "file_bytes": bytes,
        "epoch": world.report.epoch.0, "committed_ns": world.report.wall_ns,
        "snapshots": snapshots.len(), "records_read": world.report.records, "bytes_read": stats.read_bytes,
        "damage": damage,
    });
    let mut human = format!(
        "world      {}\nformat     {}, schema {:016x}\ncreated    {}\nfile       {}\nsnapshot   {} ({}), {} kept\n",
        about.world_id,
        store::FORMAT_VERSION,
        about.schema_hash,
        ago(about.created_ns),
        size(bytes),
        world.report.epoch,
        ago(world.report.wall_ns),
        snapshots.len()
    );
    for (slot, report) in ["A", "B"].iter().zip(&world.report.slots) {
        human.push_str(&match report {
            SlotReport::Blank => format!("superblock {slot} blank\n"),
            SlotReport::Unreadable => format!("superblock {slot} unreadable\n"),
            SlotReport::Whole { checkpoint, epoch } => {
                format!("superblock {slot} checkpoint {checkpoint} at snapshot {epoch}\n")
            }
        });
    }
    for line in &damage {
        human.push_str(&format!("damage     {line}\n"));
    }
    print(options.json, &machine, &human)
}

/// `phantom log`
///
/// # Errors
/// When the world cannot be read.
pub(crate) fn log(options: &Inspect) -> Result<u8, Failure> {
    let world = open(&options.world)?;
    let snapshots = world.store.snapshots().map_err(|error| said(&options.world)(&error))?;
    let machine: Vec<Value> = snapshots
        .iter()
        .map(|s| json!({"epoch": s.epoch.0, "committed_ns": s.wall_time_ns, "pages": s.pages, "bytes": s.bytes}))
        .collect();
    let mut human = format!("{:>10}  {:>10}  {:>10}  {}\n", "SNAPSHOT", "PAGES", "BYTES", "MADE");
    for s in &snapshots {
        human.push_str(&format!(
            "{:>10}  {:>10}  {:>10}  {}\n",
            s.epoch,
            s.pages,
            size(s.bytes),
            ago(s.wall_time_ns)
        ));
    }
    print(options.json, &Value::Array(machine), &human)
}

/// `phantom ps`
///
/// # Errors
/// When the world cannot be read.
pub(crate) fn ps(options: &Ps) -> Result<u8, Failure> {
    let world = open(&options.world)?;
    let fail = said(&options.world);
    let epoch = world.report.epoch;
    if epoch == Epoch(0) {
        return print(options.json, &json!({"programs": [], "threads": []}), "no snapshot yet\n");
    }
    let view = world.view(epoch).map_err(|error| fail(&error))?;
    let programs = inspect::programs(&view).map_err(|error| fail(&error))?;
    let threads = inspect::threads(&view, if options.stacks { inspect::FRAMES_MAX } else { 1 })
        .map_err(|error| fail(&error))?;
    let machine = json!({
        "epoch": epoch.0,
        "programs": programs.iter().map(program_json).collect::<Vec<_>>(),
        "threads": threads.iter().map(|t| thread_json(t, options.stacks)).collect::<Vec<_>>(),
    });
    let mut human =
        format!("{:>6}  {:<20} {:<12} {:<24} {}\n", "ID", "PROGRAM", "STATE", "STARTED", "ARGUMENTS");
    for p in &programs {
        let line = (p.id, &p.name, state(p.state), ago(p.started_ns), p.arguments.join(" "));
        human.push_str(&format!("{:>6}  {:<20} {:<12} {:<24} {}\n", line.0, line.1, line.2, line.3, line.4));
    }
    human.push_str(&format!("\n{:>6}  {:<20} {:<12} {}\n", "THREAD", "PROGRAM", "STATE", "AT"));
    for t in &threads {
        let of = programs.iter().find(|p| Some(p.id) == t.program).map_or("", |p| p.name.as_str());
        let at = t.stack.first().map_or("", String::as_str);
        human.push_str(&format!("{:>6}  {:<20} {:<12} {}\n", t.id, of, t.state, at));
        if options.stacks {
            for frame in t.stack.iter().skip(1) {
                human.push_str(&format!("{:43}{frame}\n", ""));
            }
        }
    }
    print(options.json, &machine, &human)
}

fn state(state: ProgramState) -> String {
    match state {
        ProgramState::Running => "running".to_string(),
        ProgramState::Ended { status } => format!("ended ({status})"),
        ProgramState::Killed => "killed".to_string(),
        ProgramState::Died => "died".to_string(),
    }
}

fn program_json(p: &ProgramInfo) -> Value {
    let (state, status) = match p.state {
        ProgramState::Running => ("running", None),
        ProgramState::Ended { status } => ("ended", Some(status)),
        ProgramState::Killed => ("killed", Some(STATUS_KILLED)),
        ProgramState::Died => ("died", Some(1)),
    };
    json!({"id": p.id, "name": p.name, "arguments": p.arguments, "state": state, "status": status,
        "started_ns": p.started_ns, "failure": p.failure})
}

fn thread_json(t: &ThreadInfo, stacks: bool) -> Value {
    let shown = if stacks { t.stack.len() } else { t.stack.len().min(1) };
    json!({"id": t.id, "program": t.program, "state": t.state, "stack": t.stack[..shown]})
}

/// `phantom check`
///
/// # Errors
/// When the world cannot be read, or damage was found.
pub(crate) fn check(options: &Inspect) -> Result<u8, Failure> {
    let world = open(&options.world)?;
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} pages {eta}")
            .map_err(|error| Failure::Usage(error.to_string()))?,
    );
    let report = world
        .store
        .check(&mut |done, all| {
            bar.set_length(all);
            bar.set_position(done);
        })
        .map_err(|error| said(&options.world)(&error))?;
    bar.finish_and_clear();
    let mut damage: Vec<String> =
        world.report.damage.iter().chain(&report.damage).map(ToString::to_string).collect();
    damage.dedup();
    if world.report.epoch > Epoch(0) && damage.is_empty() {
        let view = world.view(world.report.epoch).map_err(|error| said(&options.world)(&error))?;
        for found in [inspect::programs(&view).err(), inspect::threads(&view, inspect::FRAMES_MAX).err()]
            .into_iter()
            .flatten()
        {
            damage.push(found.to_string());
        }
    }
    let machine = json!({"epoch": world.report.epoch.0, "pages": report.pages, "nodes": report.nodes, "damage": damage,
        "unreadable_superblocks": report.unreadable_slots});
    let mut human = format!(
        "snapshot {}: {} pages, {} map nodes verified\n",
        world.report.epoch, report.pages, report.nodes
    );
    for line in &damage {
        human.push_str(&format!("damage: {line}\n"));
    }
    print(options.json, &machine, &human)?;
    if damage.is_empty() {
        return Ok(0);
    }
    Err(Failure::World(format!(
        "{}: {} places are damaged; restore a copy, or go on from the newest whole snapshot with --accept-older",
        options.world.display(),
        damage.len()
    )))
}

/// `3.2 s ago`, for people.
pub(crate) fn ago(wall_ns: u64) -> String {
    let then = UNIX_EPOCH + Duration::from_nanos(wall_ns);
    let Ok(since) = SystemTime::now().duration_since(then) else { return "in the future".to_string() };
    let seconds = since.as_secs_f64();
    match seconds {
        s if s < 60.0 => format!("{s:.1} s ago"),
        s if s < 3600.0 => format!("{:.0} min ago", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h ago", s / 3600.0),
        s => format!("{:.0} days ago", s / 86_400.0),
    }
}

/// `1.5 MiB`, for people.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(size(1536 * 1024), "1.50 MiB");
        assert_eq!(ago(0).split(' ').nth(1), Some("days"));
    }
}
