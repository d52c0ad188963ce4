//! `info`, `log`, `ps`, `check`: looking into a world that nobody runs, or that another process runs.

use crate::arguments::Diff;
use crate::control::protocol::Look;
use crate::control::verbs;
use crate::moment::{Moment, Name};
use crate::show::Side;
use crate::{Failure, STATUS_DIED};
use base::Epoch;
use host::FileDevice;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{OpenReport, SlotReport, Store};
use world::inspect::{ProgramInfo, ProgramState, ThreadInfo};
use world::{FileView, JavaSources, Lineage, STATUS_KILLED, WorldFile, inspect};

/// What a verb found.
#[derive(Debug)]
pub(crate) struct Shown {
    /// For machines.
    pub(crate) machine: Value,
    /// For people.
    pub(crate) human: String,
    /// What is wrong with the world, for the exit status.
    pub(crate) failure: Option<String>,
}

impl Shown {
    pub(crate) fn fine(machine: Value, human: String) -> Result<Shown, Failure> {
        Ok(Shown { machine, human, failure: None })
    }
}

/// Opens a world for reading.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn open(path: &Path) -> Result<WorldFile, Failure> {
    let device = FileDevice::open_read_only(path).map_err(|error| Failure::Input(error.to_string()))?;
    WorldFile::open(Arc::new(device)).map_err(|error| Failure::World(format!("{}: {error}", path.display())))
}

pub(crate) fn said(path: &Path) -> impl Fn(&dyn std::fmt::Display) -> Failure + '_ {
    move |error| Failure::World(format!("{}: {error}", path.display()))
}

/// Prints what a verb found.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn print(as_json: bool, machine: &Value, human: &str) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    let written = if as_json { writeln!(out, "{machine}") } else { write!(out, "{human}") };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Input(format!("standard output: {error}")))
        }
        // Nobody reads it any more, so there is nobody to go on for.
        Err(_) => std::process::exit(0),
        Ok(()) => Ok(0),
    }
}

/// `info`, `log`, `ps` and `check`: from the process that runs the world, or else from its file.
///
/// # Errors
/// When the world cannot be read, or is damaged.
pub(crate) fn look(name: &Name, as_json: bool, what: &Look) -> Result<u8, Failure> {
    let shown = match verbs::look_there(&name.world, what, &name.at)? {
        Some(shown) => shown,
        None => {
            let file = open(&name.world)?;
            of_world(&name.world, &file.store, Some(&file.report), what, &name.at)?
        }
    };
    print(as_json, &shown.machine, &shown.human)?;
    match shown.failure {
        None => Ok(0),
        Some(failure) => Err(Failure::World(failure)),
    }
}

/// `diff`: of one world, whose snapshots are named in one of three ways, or of two worlds that are copies.
///
/// # Errors
/// When a world cannot be read, or the two have nothing in common.
pub(crate) fn diff(options: &Diff) -> Result<u8, Failure> {
    let usage = |error: String| Failure::Usage(error);
    let Name { world, at } = &options.name;
    if let [text] = options.others.as_slice()
        && let Ok(other) = Name::parse(text)
        && is_another(world, &other)
    {
        return diff_worlds(&options.name, &other, options);
    }
    let moment = |text: &String| -> Result<Moment, Failure> {
        match Name::parse(text) {
            Ok(name) if name.world == *world => Ok(name.at),
            Ok(name) if is_another(world, &name) => Err(usage(format!(
                "{text} is of another world than {}: name the snapshot of each, `phantom diff A.world@17 B.world@42`",
                world.display()
            ))),
            _ => Moment::parse(text).map_err(usage),
        }
    };
    let others = options.others.iter().map(moment).collect::<Result<Vec<_>, _>>()?;
    let (from, to) = match (at, others.as_slice()) {
        (Moment::Newest, [from, to]) => (from.clone(), to.clone()),
        (Moment::Newest, [from]) => (from.clone(), Moment::Newest),
        (_, [to]) => (at.clone(), to.clone()),
        (Moment::Newest, []) | (_, [_, _, ..]) => {
            let example = "`phantom diff WORLD@17`, `WORLD@17 WORLD@42` or `WORLD 17 42`";
            return Err(usage(format!("say which two snapshots are compared: {example}")));
        }
        (_, []) => (at.clone(), Moment::Newest),
    };
    let what = Look::Diff { to, limit: options.limit };
    look(&Name { world: world.clone(), at: from }, options.json, &what)
}

/// Whether a name is that of another world: it names a file that is there, or a snapshot of a file.
fn is_another(world: &Path, name: &Name) -> bool {
    name.world != *world && (name.at != Moment::Newest || name.world.exists())
}

/// What differs between two worlds, from their files, running or not.
fn diff_worlds(old: &Name, new: &Name, options: &Diff) -> Result<u8, Failure> {
    let (before, after) = (open(&old.world)?.store, open(&new.world)?.store);
    let from = find(&old.world, &before, &old.at)?;
    let to = find(&new.world, &after, &new.at)?;
    let sides =
        [Side { name: old, store: &before, epoch: from }, Side { name: new, store: &after, epoch: to }];
    let shown = crate::show::diff(&sides, options.limit)?;
    print(options.json, &shown.machine, &shown.human)
}

/// The newest snapshot in a file.
///
/// # Errors
/// When the world cannot be read.
pub(crate) fn newest(path: &Path) -> Result<u64, Failure> {
    Ok(open(path)?.store.last_epoch().0)
}

/// A listing of a world that this process runs.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn of_store(path: &Path, store: &Store, what: &Look, at: &Moment) -> Result<Shown, Failure> {
    of_world(path, store, None, what, at)
}

/// The epoch of a snapshot that was named; zero for the newest of a world without any.
///
/// # Errors
/// When there is none such.
pub(crate) fn find(path: &Path, store: &Store, at: &Moment) -> Result<Epoch, Failure> {
    let fail = said(path);
    match at {
        Moment::Newest => return Ok(store.last_epoch()),
        // Without a look at all that there are, which takes as long as the log since the oldest is.
        Moment::Epoch(number) if *number > 0 && store.reader_at(Epoch(*number)).is_ok() => {
            return Ok(Epoch(*number));
        }
        Moment::Tag(tag) => {
            if let Some(one) = store.snapshot_named(tag).map_err(|error| fail(&error))? {
                return Ok(one.epoch);
            }
        }
        Moment::Epoch(_) | Moment::By(_) => {}
    }
    let snapshots = store.snapshots().map_err(|error| fail(&error))?;
    at.find(&snapshots).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// That epoch, unless it is what a world is before its first snapshot, in which there is nothing to look at or go on from.
///
/// # Errors
/// When it is.
pub(crate) fn made(path: &Path, epoch: Epoch) -> Result<Epoch, Failure> {
    if epoch == Epoch(0) {
        return Err(Failure::Usage(format!("{}: it holds no snapshot yet", path.display())));
    }
    Ok(epoch)
}

/// What a verb finds in a world that nobody runs, or that this process runs (no report then).
///
/// # Errors
/// When there is no such snapshot, or the world is damaged.
pub(crate) fn of_world(
    path: &Path,
    store: &Store,
    report: Option<&OpenReport>,
    what: &Look,
    at: &Moment,
) -> Result<Shown, Failure> {
    let epoch = find(path, store, at)?;
    match what {
        Look::Info => info(path, store, report, epoch),
        Look::Log => log(path, store, (*at != Moment::Newest).then_some(epoch)),
        Look::Ps { stacks } => ps(path, store, *stacks, epoch),
        Look::Check { objects } => check(path, store, report, epoch, *objects),
        Look::Show => crate::show::show(path, store, epoch),
        Look::Diff { to, limit } => {
            let (from, to) = (at, to);
            let last = find(path, store, to)?;
            let [old, new] = [from, to].map(|at| Name { world: path.to_path_buf(), at: at.clone() });
            let sides = [Side { name: &old, store, epoch }, Side { name: &new, store, epoch: last }];
            crate::show::diff(&sides, *limit)
        }
    }
}

fn damage_of(report: Option<&OpenReport>) -> Vec<String> {
    report.map_or_else(Vec::new, |report| report.damage.iter().map(ToString::to_string).collect())
}

fn info(path: &Path, store: &Store, report: Option<&OpenReport>, epoch: Epoch) -> Result<Shown, Failure> {
    let fail = said(path);
    let about = store.info();
    let snapshots = store.snapshots().map_err(|error| fail(&error))?;
    let stats = store.stats();
    let bytes = std::fs::metadata(path).map_err(|error| Failure::Input(error.to_string()))?.len();
    let damage = damage_of(report);
    let committed_ns =
        snapshots.iter().find(|one| one.epoch == epoch).map_or(about.created_ns, |one| one.wall_time_ns);
    // Who answers for a world that runs is the process that runs it.
    let pid = report.is_none().then(std::process::id);
    let mut machine = json!({
        "world": about.world_id.to_string(), "schema": format!("{:016x}", about.schema_hash),
        "format": store::FORMAT_VERSION, "created_ns": about.created_ns, "file_bytes": bytes,
        "epoch": epoch.0, "committed_ns": committed_ns, "pid": pid,
        "snapshots": snapshots.len(), "records_read": report.map(|report| report.records),
        "bytes_read": stats.read_bytes, "damage": damage,
    });
    let mut human = format!(
        "world      {}\nformat     {}, schema {:016x}\ncreated    {}\nfile       {}\nsnapshot   {} ({}), {} kept\n",
        about.world_id,
        store::FORMAT_VERSION,
        about.schema_hash,
        ago(about.created_ns),
        size(bytes),
        epoch,
        ago(committed_ns),
        snapshots.len()
    );
    if epoch > Epoch(0) {
        let view = FileView::new(store, epoch).map_err(|error| fail(&error))?;
        human.push_str(&crate::history::lineage_text(&Lineage::of(&view).map_err(|error| fail(&error))?));
        let JavaSources { library, places, .. } = JavaSources::of(&view).map_err(|error| fail(&error))?;
        if !library.id.is_empty() {
            human.push_str(&format!("java       library {}, {}\n", library.version, library.id));
        }
        for place in &places {
            human.push_str(&format!("classes    {}\n", place.path));
        }
        machine["java_library"] = json!(library.id);
        machine["java_version"] = json!(library.version);
        machine["class_path"] = places.into_iter().map(|place| place.path).collect();
    }
    let durable = durable_programs(store);
    if !durable.is_empty() {
        human.push_str(&format!("durable    {}: what leaves waits for its snapshot\n", durable.join(", ")));
    }
    if let Some(pid) = pid {
        human.push_str(&format!("runs in    process {pid}\n"));
    }
    for (slot, report) in ["A", "B"].iter().zip(report.iter().flat_map(|report| &report.slots)) {
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
    Shown::fine(machine, human)
}

/// The snapshots, or only those up to one.
fn log(path: &Path, store: &Store, until: Option<Epoch>) -> Result<Shown, Failure> {
    let mut snapshots = store.snapshots().map_err(|error| said(path)(&error))?;
    // A world before its first snapshot is none.
    snapshots.retain(|one| one.epoch.0 > 0 && until.is_none_or(|until| one.epoch <= until));
    let machine: Vec<Value> = snapshots
        .iter()
        .map(|s| json!({"epoch": s.epoch.0, "committed_ns": s.wall_time_ns, "pages": s.pages, "bytes": s.bytes, "tag": s.tag}))
        .collect();
    let mut human =
        format!("{:>10}  {:>10}  {:>10}  {:<16}  {}\n", "SNAPSHOT", "PAGES", "BYTES", "MADE", "TAG");
    for s in &snapshots {
        human.push_str(&format!(
            "{:>10}  {:>10}  {:>10}  {:<16}  {}\n",
            s.epoch,
            s.pages,
            size(s.bytes),
            ago(s.wall_time_ns),
            s.tag
        ));
    }
    Shown::fine(Value::Array(machine), human)
}

/// Names of the programs that run and whose output waits for its snapshot; none of a world whose pages cannot be read.
fn durable_programs(store: &Store) -> Vec<String> {
    let view = Some(store.last_epoch()).filter(|epoch| epoch.0 > 0).map(|epoch| FileView::new(store, epoch));
    let programs = view.and_then(Result::ok).and_then(|view| inspect::programs(&view).ok());
    let durable = programs.unwrap_or_default().into_iter();
    durable.filter(|p| p.durable && p.state == ProgramState::Running).map(|p| p.name).collect()
}

fn ps(path: &Path, store: &Store, stacks: bool, epoch: Epoch) -> Result<Shown, Failure> {
    let fail = said(path);
    if epoch == Epoch(0) {
        return Shown::fine(json!({"programs": [], "threads": []}), "no snapshot yet\n".to_string());
    }
    let view = FileView::new(store, epoch).map_err(|error| fail(&error))?;
    let programs = inspect::programs(&view).map_err(|error| fail(&error))?;
    let threads = inspect::threads(&view, if stacks { inspect::FRAMES_MAX } else { 1 })
        .map_err(|error| fail(&error))?;
    let deadlocks = inspect::deadlocks(&threads);
    let machine = json!({
        "epoch": epoch.0,
        "programs": programs.iter().map(program_json).collect::<Vec<_>>(),
        "threads": threads.iter().map(thread_json).collect::<Vec<_>>(),
        "deadlocks": deadlocks,
    });
    let mut human = format!(
        "{:>6}  {:<20} {:<16} {:>7} {:>10} {:>12} {:<14} {}\n",
        "ID", "PROGRAM", "STATE", "THREADS", "CPU s", "ALLOCATED", "STARTED", "ARGUMENTS"
    );
    for p in &programs {
        human.push_str(&format!(
            "{:>6}  {:<20} {:<16} {:>7} {:>10.1} {:>12} {:<14} {}\n",
            p.id,
            p.name,
            state(p),
            p.threads,
            p.cpu_ns as f64 / 1e9,
            size(p.allocated_bytes),
            ago(p.started_ns),
            p.arguments.join(" ")
        ));
    }
    human.push_str(&format!(
        "\n{:>6}  {:<20} {:<28} {:>10}  {}\n",
        "THREAD", "PROGRAM", "STATE", "STACK", "AT"
    ));
    for t in &threads {
        let of = programs.iter().find(|p| Some(p.id) == t.program).map_or("", |p| p.name.as_str());
        let at = t.stack.first().map_or("", String::as_str);
        let state = match t.held_by {
            Some(holder) => format!("{} of {holder}", t.state),
            None => t.state.to_string(),
        };
        human.push_str(&format!("{:>6}  {of:<20} {state:<28} {:>10}  {at}\n", t.id, size(t.stack_bytes)));
        for frame in t.stack.iter().skip(1) {
            human.push_str(&format!("{:71}{frame}\n", ""));
        }
    }
    for circle in &deadlocks {
        let ids: Vec<String> = circle.iter().chain(circle.first()).map(ToString::to_string).collect();
        human.push_str(&format!(
            "\ndeadlock: thread {}; none of them will ever go on\n",
            ids.join(" waits for thread ")
        ));
    }
    Shown::fine(machine, human)
}

/// What `top` shows of the newest snapshot.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn top(path: &Path, store: &Store) -> Result<Value, Failure> {
    let fail = said(path);
    let (epoch, committed_ns) = (store.last_epoch(), store.last_wall_ns());
    let programs = match epoch {
        Epoch(0) => Vec::new(),
        epoch => {
            let view = FileView::new(store, epoch).map_err(|error| fail(&error))?;
            inspect::programs(&view).map_err(|error| fail(&error))?
        }
    };
    let snapshots = store.snapshots().map_err(|error| fail(&error))?;
    let last = snapshots.last();
    Ok(json!({
        "epoch": epoch.0, "committed_ns": committed_ns,
        "snapshot": {"pages": last.map(|s| s.pages), "bytes": last.map(|s| s.bytes)},
        "programs": programs.iter().map(program_json).collect::<Vec<_>>(),
    }))
}

pub(crate) fn state(p: &ProgramInfo) -> String {
    match p.state {
        ProgramState::Running if p.quarantined => "quarantined".to_string(),
        ProgramState::Running if p.durable => "running, durable".to_string(),
        ProgramState::Running => "running".to_string(),
        ProgramState::Ended { status } => format!("ended ({status})"),
        ProgramState::Died => "died".to_string(),
        ProgramState::Killed => "killed".to_string(),
    }
}

pub(crate) fn program_json(p: &ProgramInfo) -> Value {
    let (state, status) = match p.state {
        ProgramState::Running if p.quarantined => ("quarantined", None),
        ProgramState::Running => ("running", None),
        ProgramState::Ended { status } => ("ended", Some(status)),
        ProgramState::Killed => ("killed", Some(STATUS_KILLED)),
        ProgramState::Died => ("died", Some(i32::from(STATUS_DIED))),
    };
    json!({"id": p.id, "name": p.name, "arguments": p.arguments, "grants": p.grants, "durable": p.durable, "state": state, "status": status,
        "threads": p.threads, "cpu_ns": p.cpu_ns, "allocated_bytes": p.allocated_bytes, "held_bytes": p.held_bytes, "memory_max": p.memory_max,
        "started_ns": p.started_ns, "failure": p.failure})
}

pub(crate) fn thread_json(t: &ThreadInfo) -> Value {
    json!({"id": t.id, "program": t.program, "state": t.state, "waits_for_thread": t.held_by,
        "stack_bytes": t.stack_bytes, "stack": t.stack})
}

/// With `objects`, those of the snapshot are verified as well.
fn check(
    path: &Path,
    store: &Store,
    report: Option<&OpenReport>,
    epoch: Epoch,
    objects: bool,
) -> Result<Shown, Failure> {
    let fail = said(path);
    let bar = if report.is_some() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} pages {eta}")
            .map_err(|error| Failure::Usage(error.to_string()))?,
    );
    let found = store
        .check(&mut |done, all| {
            bar.set_length(all);
            bar.set_position(done);
        })
        .map_err(|error| fail(&error))?;
    bar.finish_and_clear();
    let mut damage = damage_of(report);
    damage.extend(found.damage.iter().map(ToString::to_string));
    damage.dedup();
    let mut heap = None;
    if epoch > Epoch(0) && damage.is_empty() {
        let view = FileView::new(store, epoch).map_err(|error| fail(&error))?;
        let listings = [inspect::programs(&view).err(), inspect::threads(&view, inspect::FRAMES_MAX).err()];
        damage.extend(listings.into_iter().flatten().map(|error| error.to_string()));
        match objects.then(|| world::verify_heap(&view, &mut |_| {})).transpose() {
            Ok(None) => {}
            Ok(Some((report, found))) => {
                damage.extend(found.iter().map(ToString::to_string));
                heap = Some(report);
            }
            Err(error) => damage.push(error.to_string()),
        }
    }
    let objects = heap.map(|heap| heap.objects + heap.large_objects);
    let machine = json!({"epoch": epoch.0, "pages": found.pages, "nodes": found.nodes, "damage": damage,
        "objects": objects, "references": heap.map(|heap| heap.references),
        "unreadable_superblocks": found.unreadable_slots});
    let mut human = format!("snapshot {epoch}: {} pages, {} map nodes verified\n", found.pages, found.nodes);
    if let Some(heap) = heap {
        human.push_str(&format!(
            "{} objects, {} references verified\n",
            objects.unwrap_or(0),
            heap.references
        ));
    }
    for line in &damage {
        human.push_str(&format!("damage: {line}\n"));
    }
    let failure = (!damage.is_empty()).then(|| {
        format!(
            "{}: {} places are damaged; restore a copy, or go on from the newest whole snapshot with --accept-older",
            path.display(),
            damage.len()
        )
    });
    Ok(Shown { machine, human, failure })
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
