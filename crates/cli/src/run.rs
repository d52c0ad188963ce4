//! `run` and `resume`: a program is started, or goes on where it was.

use crate::arguments::{Resume, Run, Running};
use crate::compile::{self, Program};
use crate::control::console::Consoles;
use crate::control::protocol::{Launch, Request};
use crate::control::{Desk, Outcome, launch, verbs};
use crate::drive::{Pace, drive, last_snapshot};
use crate::figures::{self, Figures};
use crate::grants::GrantOptions;
use crate::java::{self, JavaProgram, template};
use crate::killer::{KillDevice, KillPoint};
use crate::look::ago;
use crate::{Failure, STATUS_DIED, STATUS_OLDER, STATUS_STOPPED, quarantine, say};
use base::Addr;
use host::{Fatal, FileDevice, HostWaiter, Placement};
use platform::BlockDevice;
use serde_json::Value;
use std::num::NonZero;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::OpenReport;
use world::inspect::{ProgramInfo, ProgramState};
use world::{
    CreateWorldError, Event, OpenWorldError, Phase, Ports, STATUS_KILLED, Snapshotter, Vm, World, WorldFile,
    WorldOptions, inspect,
};

/// A world that one process has left and another is about to take is waited for so long.
const BETWEEN_PATIENCE: Duration = Duration::from_secs(15);
/// How often is looked whether it is free.
const BETWEEN_POLL: Duration = Duration::from_millis(20);
/// Polls in a slice when figures are collected: some 0.1 ms.
const FIGURES_SLICE_POLLS: u32 = 2_000;

/// A world that is about to run.
pub(crate) struct Opened {
    pub(crate) world: World,
    pub(crate) snapshotter: Snapshotter,
    pub(crate) ports: Ports,
    consoles: Arc<Consoles>,
    path: PathBuf,
    /// What opening found; none for a new world.
    report: Option<OpenReport>,
    kill: Option<Arc<KillPoint>>,
    /// Where a new world goes when its first snapshot is durable.
    unborn: Option<Unborn>,
    /// Of a new world that is a copy of a template: its program, which becomes the first one.
    ready: Option<Addr>,
}

/// A world that is being made beside its place, so that a kill leaves either nothing or a whole one there.
struct Unborn {
    made_at: PathBuf,
    goes_to: PathBuf,
}

/// `phantom run`
///
/// # Errors
/// Phantom's own failures; those of the program are its exit status.
pub(crate) fn run(options: Run) -> Result<u8, Failure> {
    let program = Program::find(&options.program, &options.include, &options.java)?;
    let path = options.world.clone().unwrap_or_else(|| PathBuf::from(format!("{}.world", program.name)));
    let patience = Instant::now() + BETWEEN_PATIENCE;
    loop {
        let in_use = match run_here(&options, &program, &path) {
            Err(Failure::InUse(reason)) => reason,
            result => return result,
        };
        if options.running.attach {
            verbs::ask(&path, &Request::Outside)?;
        }
        let module = program.compile()?;
        if path.exists()
            && let Some(status) =
                verbs::run_there(&path, &launch_of(&options, &program, &module)?, &module.bytes)?
        {
            return Ok(status);
        }
        // Whoever had it a moment ago has it no more.
        if Instant::now() > patience {
            return Err(Failure::InUse(in_use));
        }
        std::thread::sleep(BETWEEN_POLL);
    }
}

fn run_here(options: &Run, program: &Program, path: &Path) -> Result<u8, Failure> {
    if options.fresh && path.exists() {
        return start_over(options, program, path);
    }
    if !path.exists() {
        // Compiled first, so that a program with errors leaves no world behind.
        let module = program.compile()?;
        let opened = create(path, &options.running, program)?;
        return start(opened, options, program, &module);
    }
    let mut opened = open(path, &options.running)?;
    java::set_class_files(&mut opened.world, Some(program.java_files()))?;
    let known = programs(&opened.world, path)?.into_iter().find(|known| known.name == program.name);
    match known {
        None => {
            let module = program.compile()?;
            start(opened, options, program, &module)
        }
        Some(known) if known.arguments != options.arguments => Err(Failure::Usage(format!(
            "{} was started in {} with the arguments {:?}, not {:?}; use those, --fresh to start over, or another --world",
            program.name,
            path.display(),
            known.arguments,
            options.arguments
        ))),
        Some(known) => go_on(opened, options, program, &known),
    }
}

fn launch_of(options: &Run, program: &Program, module: &compile::Compiled) -> Result<Launch, Failure> {
    if let Some(java) = program.java() {
        java.open_library()?;
    }
    Ok(Launch {
        name: program.name.clone(),
        entry: module.entry.clone(),
        arguments: options.arguments.clone(),
        environment: options.environment.clone(),
        grants: match java::home().filter(|_| module.uses_java && program.java().is_none()) {
            Some(home) => options.grants.with_jdk(&home)?,
            None => {
                let home = program.java().and_then(|java| java.home.as_deref());
                options.grants.first_grants(home, &options.java.assertions)?
            }
        },
        durable: options.sending.durable.unwrap_or(false),
        source_hash: program.source_hash,
        fresh: options.fresh,
    })
}

/// `phantom resume`
///
/// # Errors
/// Phantom's own failures.
pub(crate) fn resume(options: Resume) -> Result<u8, Failure> {
    if !options.world.exists() {
        return Err(Failure::Input(format!(
            "{}: no such world; `phantom run PROGRAM` makes one",
            options.world.display()
        )));
    }
    let mut opened = open(&options.world, &options.running).map_err(|failure| match failure {
        Failure::InUse(reason) => Failure::InUse(format!(
            "{reason}; `phantom ps {0}` shows what is in it, `phantom attach {0} PROGRAM` attaches to one",
            options.world.display()
        )),
        failure => failure,
    })?;
    java::set_class_files(&mut opened.world, None)?;
    let programs = programs(&opened.world, &options.world)?;
    let Some(first) = programs.iter().find(|p| p.state == ProgramState::Running).or(programs.first()) else {
        return Err(Failure::Input(format!(
            "{}: no program was ever started in it",
            options.world.display()
        )));
    };
    if first.state != ProgramState::Running {
        return Ok(finished(first));
    }
    told_where(&first.name, &opened);
    let name = first.name.clone();
    if options.paused {
        say(&format_args!("paused: no thread runs until `phantom go {}`", options.world.display()));
        opened.world.pause();
    }
    grant(&mut opened, &name, &options.grants, options.sending.durable)?;
    finish(opened, &options.running, &name)
}

/// Changes a program in a world that nobody runs; what is answered is durable.
///
/// # Errors
/// When the world cannot be opened or written, or there is no such program.
pub(crate) fn change(
    path: &Path,
    name: &str,
    how: impl FnOnce(&mut World, &ProgramInfo) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let mut opened = open(path, &Running::default())?;
    let known = programs(&opened.world, path)?.into_iter().find(|known| known.name == name);
    let Some(known) = known else {
        return Err(Failure::Usage(format!(
            "{}: there is no program {name}; `phantom ps {0}` lists them",
            path.display()
        )));
    };
    let answer = how(&mut opened.world, &known)?;
    last_snapshot(&mut opened.world, &mut opened.snapshotter, &|_| {})
        .map_err(|error| Failure::World(format!("{}: {error}", path.display())))?;
    Ok(answer)
}

/// The program is in the world already.
fn go_on(opened: Opened, options: &Run, program: &Program, known: &ProgramInfo) -> Result<u8, Failure> {
    if program.source_hash != known.source_hash {
        say(&format_args!(
            "note: {} has changed since {} was started; it goes on with the code it was started with (--fresh starts over)",
            options.program.display(),
            program.name
        ));
    }
    if known.state != ProgramState::Running {
        return Ok(finished(known));
    }
    told_where(&program.name, &opened);
    let mut opened = opened;
    grant(&mut opened, &program.name, &options.grants, options.sending.durable)?;
    finish(opened, &options.running, &program.name)
}

/// Gives a program that goes on other grants, and holds what leaves it or not, if that was asked for.
fn grant(
    opened: &mut Opened,
    name: &str,
    options: &GrantOptions,
    durable: Option<bool>,
) -> Result<(), Failure> {
    let grants = options.grants()?;
    let known = opened.world.vm.programs().map_err(|error| Failure::World(error.to_string()))?;
    if let Some(program) = known.into_iter().find(|known| known.name == name) {
        if let Some(mut grants) = grants {
            // A Java program has its own besides.
            let own = |kind| program.grants.iter().filter_map(move |grant| grant.strip_prefix(kind));
            if let Some(home) = own("java=").next() {
                let assertions: Vec<String> = own("assertions=").map(ToString::to_string).collect();
                grants = options.first_grants(Some(Path::new(home)), &assertions)?;
            }
            opened.world.set_grants(program.addr, &grants);
        }
        if let Some(durable) = durable {
            opened.world.set_durable(program.addr, durable);
        }
    }
    Ok(())
}

/// Says from where a program goes on.
fn told_where(name: &str, opened: &Opened) {
    if let Some(report) = &opened.report {
        say(&format_args!("{name} goes on from snapshot {}, made {}", report.epoch, ago(report.wall_ns)));
    }
}

/// A program that has ended gives its exit status again.
fn finished(known: &ProgramInfo) -> u8 {
    match known.state {
        ProgramState::Ended { status } => {
            say(&format_args!(
                "note: {} has ended before, with status {status}; --fresh starts it over",
                known.name
            ));
            status as u8
        }
        ProgramState::Killed => {
            say(&format_args!("note: {} was killed before; --fresh starts it over", known.name));
            STATUS_KILLED as u8
        }
        ProgramState::Died | ProgramState::Running => {
            let report = known.failure.as_deref().unwrap_or_default();
            say(&format_args!("note: {} died before; --fresh starts it over\n{report}", known.name));
            STATUS_DIED
        }
    }
}

/// Forgets the past of a program. A world that holds no other one gives way to a new one, which takes its place when it is
/// whole; in one that does, the program begins anew.
fn start_over(options: &Run, program: &Program, path: &Path) -> Result<u8, Failure> {
    let module = program.compile()?;
    let old = FileDevice::open(path).map_err(in_use)?;
    if let Ok(file) = WorldFile::open(Arc::new(FileDevice::open_read_only(path).map_err(in_use)?))
        && file.report.epoch.0 > 0
        && let Ok(view) = file.view(file.report.epoch)
        && let Ok(programs) = inspect::programs(&view)
        && programs.iter().any(|other| other.name != program.name)
    {
        drop(old);
        let mut opened = open(path, &options.running)?;
        java::set_class_files(&mut opened.world, Some(program.java_files()))?;
        return start(opened, options, program, &module);
    }
    let opened = create(path, &options.running, program)?;
    let started = start(opened, options, program, &module);
    drop(old);
    started
}

/// Loads the module and starts the program; a new world takes its place when it holds the program.
fn start(
    mut opened: Opened,
    options: &Run,
    program: &Program,
    module: &compile::Compiled,
) -> Result<u8, Failure> {
    if let Err(failure) = load(&mut opened, options, program, module) {
        if let Some(unborn) = &opened.unborn {
            // What never was a world leaves nothing behind.
            let _ = std::fs::remove_file(&unborn.made_at);
        }
        return Err(failure);
    }
    finish(opened, &options.running, &program.name)
}

fn load(
    opened: &mut Opened,
    options: &Run,
    program: &Program,
    module: &compile::Compiled,
) -> Result<(), Failure> {
    let refuse =
        |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", options.program.display()));
    let checked = world::prepare(&module.bytes).map_err(|error| refuse(&error))?;
    launch(&mut opened.world, &launch_of(options, program, module)?, &checked, opened.ready)
        .map_err(|refusal| refuse(&refusal.message))?;
    java::note(&mut opened.world, program.java_files())?;
    if let Some(unborn) = &opened.unborn {
        let place = unborn.goes_to.display();
        last_snapshot(&mut opened.world, &mut opened.snapshotter, &|_| {})
            .map_err(|error| Failure::World(format!("{place}: {error}")))?;
        std::fs::rename(&unborn.made_at, &unborn.goes_to)
            .map_err(|error| Failure::Input(format!("{place}: {error}")))?;
        opened.unborn = None;
    }
    Ok(())
}

/// Runs the world to the end of its programs and gives the status of one.
fn finish(opened: Opened, running: &Running, name: &str) -> Result<u8, Failure> {
    let Opened { mut world, snapshotter, ports, consoles, path, report, kill, .. } = opened;
    bound_memory(&mut world, running);
    let older = report.is_some_and(|report| !report.damage.is_empty());
    let figures = running.figures.then(Figures::new).map(Arc::new);
    if figures.is_some() {
        // A flip cuts two slices short, which then count as nothing: small ones, so that this does not show.
        world.vm.set_slice(FIGURES_SLICE_POLLS);
    }
    if world.is_detached() {
        if running.attach {
            world.attach_outside();
        } else {
            say(&format_args!(
                "note: this world is a copy and detached: what would reach outside waits until `phantom go --attach {}`",
                path.display()
            ));
        }
    }
    if running.measure_polls {
        world.vm.measure_polls(figures::thread_cpu_ns);
    }
    let store = snapshotter.store().clone();
    let id = store.info().world_id.to_string();
    quarantine::apply(&mut world, &path, &id)?;
    told_of_others(&world, &path, name)?;
    if let Some(victim) = &running.fail_in {
        let found = programs(&world, &path)?.into_iter().find(|program| program.name == *victim);
        world.vm.fail_at_program(found.map_or(u64::MAX, |program| program.id));
    }
    let desk = Desk::open(&path, consoles, world.shared().clone(), store.clone());
    let watch = {
        let (figures, desk) = (figures.clone(), desk.clone());
        move |phase: Phase| {
            desk.phase(phase);
            if let Some(figures) = &figures {
                figures.phase(phase);
            }
            if let Some(kill) = &kill {
                kill.pass_phase(phase);
            }
        }
    };
    let pace = Pace {
        every: (!running.no_snapshots).then_some(running.every),
        slices: figures.is_some().then_some(1),
        workers: running.workers.map_or_else(processors, NonZero::get),
    };
    let tick = |world: &mut World, event: &Event| {
        // A thread that dies says so at once, not when the last one ends.
        for failure in world.vm.take_failures() {
            say(&failure);
        }
        desk.serve(world, event);
        if let Some(figures) = &figures {
            figures.tick(&store, world, event);
        }
    };
    let failed = |vm: &Vm, message: &str| {
        let message = quarantine::note(vm, &path, &id, message);
        desk.close(Outcome::Failed(message.clone()));
        message
    };
    let driven = drive(world, snapshotter, &ports, pace, &watch, tick, &failed);
    desk.close(match &driven {
        Ok(_) => Outcome::Durable(store.last_epoch()),
        Err(reason) => Outcome::Failed(reason.clone()),
    });
    let world = driven.map_err(Failure::World)?;
    if let Some(figures) = &figures {
        figures.print(&store, &world);
    }
    if let Some(seen) = world.vm.stretches() {
        figures::print_stretches(seen, world.vm.longest_work());
    }
    quarantine::forget(&world, &path);
    let status = match programs(&world, &path)?.iter().find(|p| p.name == name).map(|p| p.state) {
        Some(ProgramState::Ended { status }) => status as u8,
        Some(ProgramState::Killed) => {
            say(&format_args!("{name} was killed"));
            STATUS_KILLED as u8
        }
        Some(ProgramState::Running) if desk.is_stopped() => {
            say(&format_args!("stopped at snapshot {}; the same command goes on", store.last_epoch()));
            STATUS_STOPPED
        }
        _ => STATUS_DIED,
    };
    Ok(if older && status == 0 { STATUS_OLDER } else { status })
}

/// Processors that this process may use.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Says which other programs go on in the same world.
fn told_of_others(world: &World, path: &Path, name: &str) -> Result<(), Failure> {
    let others: Vec<String> = programs(world, path)?
        .into_iter()
        .filter(|program| {
            program.state == ProgramState::Running && program.name != name && !program.quarantined
        })
        .map(|program| program.name)
        .collect();
    if !others.is_empty() {
        say(&format_args!("note: in the same world go on: {}", others.join(", ")));
    }
    Ok(())
}

/// Bounds what the world takes of the machine's memory; what it holds is bounded by the disk, unless the kernel cannot take
/// pages away.
fn bound_memory(world: &mut World, running: &Running) {
    let granted = host::memory_bytes();
    if world.memory().mapper().can_evict() {
        if let Some(bytes) = memory_bytes(running) {
            world.memory().set_limit(bytes);
        }
        world.vm.set_memory_limit(running.heap);
        return;
    }
    let heap = granted.map_or(running.heap, |bytes| running.heap.min(bytes / 4 * 3));
    say(&format_args!(
        "warning: this kernel cannot take pages away from a world (Linux 6.8 can), so all of it stays in memory and its \
         objects are held to {} MiB; --mapper software would evict, and is slower",
        heap >> 20
    ));
    world.vm.set_memory_limit(heap);
}

/// What the world may take of the machine's memory, where the kernel can take pages away.
fn memory_bytes(running: &Running) -> Option<u64> {
    running.memory.or(host::memory_bytes().map(|bytes| bytes / 2))
}

fn programs(world: &World, path: &Path) -> Result<Vec<ProgramInfo>, Failure> {
    inspect::programs(&inspect::MemoryView(world.memory()))
        .map_err(|error| Failure::World(format!("{}: {error}", path.display())))
}

pub(crate) fn in_use(error: host::OpenError) -> Failure {
    match error {
        host::OpenError::InUse { .. } => Failure::InUse(format!("{error}; one world, one process")),
        error => Failure::Input(error.to_string()),
    }
}

/// What a world is connected to, besides its ports.
struct Wiring {
    ports: Ports,
    consoles: Arc<Consoles>,
    kill: Option<Arc<KillPoint>>,
}

impl Wiring {
    /// A world that was made or opened over it.
    fn opened(
        self,
        world: World,
        snapshotter: Snapshotter,
        report: Option<OpenReport>,
        path: &Path,
    ) -> Opened {
        let Wiring { ports, consoles, kill } = self;
        let path = path.to_path_buf();
        Opened { world, snapshotter, ports, consoles, path, report, kill, unborn: None, ready: None }
    }
}

fn wire(device: FileDevice, running: &Running) -> Result<Wiring, Failure> {
    let fatal = Fatal::call(|message| {
        say(&format_args!("{message}; the world stops without committing"));
        std::process::exit(i32::from(Failure::World(String::new()).status()));
    });
    let memory_bytes = memory_bytes(running).unwrap_or(u64::MAX);
    let chosen = host::choose_mapper(running.mapper.as_deref(), Placement::Fixed, fatal, memory_bytes)
        .map_err(|error| Failure::Usage(format!("no memory for the world: {error}")))?;
    if let Some(warning) = chosen.warning {
        say(&format_args!("warning: {warning}"));
    }
    let kill =
        running.kill_at.as_deref().map(KillPoint::parse).transpose().map_err(Failure::Usage)?.map(Arc::new);
    let file: Arc<dyn BlockDevice> = Arc::new(device);
    let device = match &kill {
        Some(point) => Arc::new(KillDevice::new(file, point.clone())),
        None => file,
    };
    let mut platform =
        host::platform().map_err(|error| Failure::World(format!("the kernel gives no poll: {error}")))?;
    let consoles = Arc::new(Consoles::new(platform.console.clone(), platform.waiter.clone()));
    platform.console = consoles.clone();
    let ports =
        Ports { device, mapper: chosen.mapper, platform, snapshot_waiter: Arc::new(HostWaiter::new()) };
    Ok(Wiring { ports, consoles, kill })
}

fn world_options(running: &Running) -> WorldOptions {
    WorldOptions {
        accept_older: running.accept_older,
        relax: std::thread::yield_now,
        ..WorldOptions::default()
    }
}

fn create(path: &Path, running: &Running, program: &Program) -> Result<Opened, Failure> {
    let made_at = PathBuf::from(format!("{}.new", path.display()));
    if made_at.exists() {
        // Left behind by a kill, unless another process is making it right now.
        drop(FileDevice::open(&made_at).map_err(in_use)?);
        std::fs::remove_file(&made_at)
            .map_err(|error| Failure::Input(format!("{}: {error}", made_at.display())))?;
    }
    let made = match program.java() {
        Some(java) => create_for(java, &made_at, path, running),
        None => create_empty(&made_at, path, running),
    };
    let unborn = Some(Unborn { made_at: made_at.clone(), goes_to: path.to_path_buf() });
    let made = made.map(|mut opened| {
        opened.world.set_class_files(program.java_files().clone());
        Opened { unborn, ..opened }
    });
    made.inspect_err(|_| {
        // What could not be created leaves nothing behind.
        let _ = std::fs::remove_file(&made_at);
    })
}

fn create_empty(made_at: &Path, path: &Path, running: &Running) -> Result<Opened, Failure> {
    create_on(FileDevice::create(made_at).map_err(in_use)?.called(path), path, running)
}

/// Creates a world for a Java program: one in which the library is booted, if that can be had and fits.
fn create_for(java: &JavaProgram, made_at: &Path, path: &Path, running: &Running) -> Result<Opened, Failure> {
    java.open_library()?;
    if !java.boots_plainly || !template::begin(java, running, made_at)? {
        return create_empty(made_at, path, running);
    }
    let device = FileDevice::open(made_at).map_err(in_use)?.called(path);
    let opened = open_on(device, path, running)?;
    let ready = programs(&opened.world, path)?.first().map(|program| program.addr);
    Ok(Opened { report: None, ready, ..opened })
}

/// Creates a world on a device that is empty.
///
/// # Errors
/// When it cannot be written, or there is no memory for it.
pub(crate) fn create_on(device: FileDevice, path: &Path, running: &Running) -> Result<Opened, Failure> {
    let wiring = wire(device, running)?;
    let place = path.display();
    match World::create(&wiring.ports, world_options(running)) {
        Ok((world, snapshotter)) => Ok(wiring.opened(world, snapshotter, None, path)),
        Err(CreateWorldError::Store(error)) => Err(Failure::Input(format!("{place}: {error}"))),
        Err(error) => Err(Failure::World(format!("{place}: {error}"))),
    }
}

fn open(path: &Path, running: &Running) -> Result<Opened, Failure> {
    open_on(FileDevice::open(path).map_err(in_use)?, path, running)
}

fn open_on(device: FileDevice, path: &Path, running: &Running) -> Result<Opened, Failure> {
    let wiring = wire(device, running)?;
    let (world, snapshotter, report) = match World::open(&wiring.ports, world_options(running)) {
        // A raw disk that was never used becomes a world where it is; an empty file is more likely a mistake.
        Err(OpenWorldError::Store(store::OpenError::Empty)) if is_raw_disk(path) => {
            drop(wiring);
            return create_on(FileDevice::open(path).map_err(in_use)?, path, running);
        }
        opened => opened.map_err(|error| open_failure(path, &error))?,
    };
    for damage in &report.damage {
        say(&format_args!("warning: {}: {damage}", path.display()));
    }
    Ok(wiring.opened(world, snapshotter, Some(report), path))
}

fn is_raw_disk(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.file_type().is_block_device())
}

fn open_failure(path: &Path, error: &OpenWorldError) -> Failure {
    Failure::World(format!("{}: {error}", path.display()))
}
