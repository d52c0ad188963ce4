//! Chaos: a program's output must not depend on when its native stack is thrown away, what is collected when, or where
//! the machine is cut off.
//!
//! A program runs plainly on the simulated platform, then again with a seed: at seeded safepoints the machine leaves the
//! interpreter, freezes and thaws threads, collects, drops caches; between slices the harness snapshots, cuts the power
//! with a snapshot half made or not, takes pages out of memory, and opens the world again. Output that no snapshot holds is taken back at a cut, as
//! input is, so the transcripts must be equal byte for byte. A server does not end: clients judge what it answers
//! ([`served`]). [`many`] runs programs with many seeds on all processors.

mod java;
pub mod many;
mod served;

use crate::service::{SERVERS, is_server};
use base::limits::SNAPSHOT_INTERVAL_MS;
use base::prng::Prng;
pub use java::Classes;
use lang::{Request, SourceFile, SourceProvider};
use platform::PageMapper;
use platform::{Clock, Console, ConsoleInput, Platform};
use sim::{SimClock, SimDevice, SimEntropy, SimMapper, SimOutside, SimReactor, SimWaiter, paging_mapper};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use world::inspect::{MemoryView, ProgramInfo, ProgramState, programs};
use world::{Event, Ports, Snapshotter, Step, World, WorldOptions};

/// Slices between two decisions of the harness, at most.
const SLICES_MAX: u64 = 4;
/// Most decisions in a run; a program that needs more does not end.
const DECISIONS_MAX: u64 = 2_000_000;
/// After so many decisions slices become twice as long, so that long programs end, ...
const CALMER_AFTER: u64 = 100;
/// ... and what happens inside of slices becomes as much rarer as they are then longer than this.
const CALM_SLICE_POLLS: u64 = 20;
/// After so many decisions only one of so many power cuts happens: to open a world again costs most of all.
const CUTS_RARER_AFTER: u64 = 150;
const LATER_CUT_ODDS: u64 = 4;
/// Pages taken out of memory at a time, unless all are.
const EVICTED_MAX: u64 = 40;
/// Folder outside that programs may use.
const FOLDER: &str = "/outside";
/// What the workflow writes for each charge.
pub const PAYMENTS: &str = "/outside/payments.txt";
/// Polls in a slice; a seed takes one of these, so that short programs are disturbed often and long ones end.
const SLICE_POLLS: [u32; 4] = [1, 3, 20, 150];

/// Slices at a time while Java's library starts.
const BOOT_SLICES: u64 = 1000;

/// A program with what it is given.
#[derive(Clone, Debug)]
pub struct Script {
    /// Name it is known by.
    pub name: String,
    /// Encoded module.
    pub module: Vec<u8>,
    /// Class that holds the entry.
    pub entry: String,
    /// Arguments.
    pub arguments: Vec<String>,
    /// Lines of input.
    pub input: Vec<String>,
    /// What it may use outside.
    pub grants: Vec<String>,
    /// Whether what leaves it waits for the snapshot that holds its cause.
    pub durable: bool,
    /// The classes of a Java program.
    pub classes: Option<Arc<Classes>>,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Standard output.
    pub output: String,
    /// How the program ended.
    pub state: ProgramState,
    /// What it died of; empty if it did not.
    pub failure: String,
    /// Lines in the file of payments.
    pub payments: usize,
}

/// What happened in a chaotic run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unkindness {
    /// Snapshots that were made,
    pub snapshots: u64,
    /// and how many of them the worker made by itself.
    pub alone: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Pages dropped from memory.
    pub evicted: u64,
    /// Stored pages that came in again.
    pub paged_in: u64,
    /// Answers that the clients of servers judged.
    pub answers: u64,
    /// Connections that these made.
    pub sessions: u64,
}

impl Unkindness {
    /// Adds what happened in another run.
    pub fn add(&mut self, other: Unkindness) {
        self.snapshots += other.snapshots;
        self.alone += other.alone;
        self.cuts += other.cuts;
        self.evicted += other.evicted;
        self.paged_in += other.paged_in;
        self.answers += other.answers;
        self.sessions += other.sessions;
    }
}

struct Sources(Vec<PathBuf>);

impl SourceProvider for Sources {
    fn class(&self, name: &str) -> Option<SourceFile> {
        let file = format!("{}.ph", name.trim_start_matches('.'));
        self.0.iter().find_map(|folder| {
            let path = folder.join(&file);
            let text = std::fs::read_to_string(&path).ok()?;
            Some(SourceFile { label: path.display().to_string(), text })
        })
    }
    fn resource(&self, _: &str, path: &str) -> Option<Vec<u8>> {
        self.0.iter().find_map(|folder| std::fs::read(folder.join(path)).ok())
    }
}

impl Script {
    /// Compiles a program that imports nothing but the library; it may use the network of this machine.
    ///
    /// # Errors
    /// What the compiler says.
    pub fn from_text(name: &str, text: &str) -> Result<Script, String> {
        let output = lang::compile(&Request::single(name, text), &lang::NoSources);
        let Some(module) = output.module else {
            let all: Vec<String> = output.diagnostics.iter().map(|d| d.message.clone()).collect();
            return Err(format!("{name}: {}", all.join("; ")));
        };
        let entry = module.entry.clone().ok_or_else(|| format!("{name}: no entry"))?;
        Ok(Script {
            name: name.to_string(),
            module: bytecode::encode(&module),
            entry,
            arguments: Vec::new(),
            input: Vec::new(),
            grants: vec!["net".to_string()],
            durable: false,
            classes: None,
        })
    }

    /// Compiles a source file; imports are found beside it and in `include`.
    ///
    /// # Errors
    /// What the compiler says.
    pub fn compile(path: &Path, include: &[PathBuf]) -> Result<Script, String> {
        if path.extension().is_some_and(|ending| ending == "java") {
            return java::script(path);
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut folders = vec![path.parent().map(Path::to_path_buf).unwrap_or_default()];
        folders.extend(include.iter().cloned());
        Script::of_text(name, path.display().to_string(), text, folders)
    }

    /// Compiles a text, which is known by `label`; imports are found in `folders`.
    ///
    /// # Errors
    /// What the compiler says.
    pub fn of_text(
        name: String,
        label: String,
        text: String,
        folders: Vec<PathBuf>,
    ) -> Result<Script, String> {
        let output = lang::compile(&Request::single(label.clone(), text), &Sources(folders));
        let Some(module) = output.module else {
            let all: Vec<String> =
                output.diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
            return Err(format!("{label}: {}", all.join("; ")));
        };
        let entry = module.entry.clone().ok_or_else(|| format!("{label}: no entry"))?;
        let (arguments, input) = given(&name);
        let mut grants = ["read", "write"].map(|kind| format!("{kind}={FOLDER}")).to_vec();
        if is_server(&name) {
            grants.push("net".to_string());
        }
        let module = bytecode::encode(&module);
        Ok(Script { name, module, entry, arguments, input, grants, durable: false, classes: None })
    }
}

/// Arguments and input of the examples that need some, small enough for many runs.
fn given(name: &str) -> (Vec<String>, Vec<String>) {
    match name {
        "queens" => (vec!["6".to_string()], Vec::new()),
        "queue" => (vec!["10".to_string()], Vec::new()),
        "sleepers" => (vec!["60".to_string(), "1".to_string()], Vec::new()),
        // The days of its year are seconds here: under chaos time goes by in small steps.
        "workflow" => (vec![PAYMENTS.to_string(), "1s".to_string()], Vec::new()),
        "guess" => (Vec::new(), (1..=100).map(|guess| guess.to_string()).collect()),
        _ => (Vec::new(), Vec::new()),
    }
}

/// A console whose output and input can be taken back to a mark.
pub(crate) struct Tape {
    lines: Vec<String>,
    state: Mutex<Mark>,
    output: Mutex<Vec<u8>>,
    /// Bytes written before what is in `output`.
    start: AtomicUsize,
}

/// A place on the tape: lines taken, bytes written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    taken: usize,
    written: usize,
}

impl Mark {
    /// Bytes written before it.
    pub(crate) fn written(self) -> usize {
        self.written
    }
}

impl Tape {
    pub(crate) fn new(lines: &[String]) -> Tape {
        Tape {
            lines: lines.to_vec(),
            state: Mutex::default(),
            output: Mutex::default(),
            start: AtomicUsize::new(0),
        }
    }
    fn state(&self) -> MutexGuard<'_, Mark> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(crate) fn mark(&self) -> Mark {
        *self.state()
    }
    pub(crate) fn back_to(&self, mark: Mark) {
        *self.state() = mark;
        self.bytes().truncate(mark.written - self.start());
    }
    /// An empty tape goes on where another one stood.
    pub(crate) fn begin_at(&self, mark: Mark) {
        *self.state() = mark;
        self.start.store(mark.written, Ordering::SeqCst);
    }
    /// Bytes written before what is on this tape.
    pub(crate) fn start(&self) -> usize {
        self.start.load(Ordering::SeqCst)
    }
}

impl Console for Tape {
    fn write(&self, text: &[u8]) {
        self.bytes().extend_from_slice(text);
        self.state().written += text.len();
    }
    fn write_error(&self, _: &[u8]) {}
    fn poll_line(&self) -> ConsoleInput {
        let mut state = self.state();
        match self.lines.get(state.taken) {
            Some(line) => {
                state.taken += 1;
                ConsoleInput::Line(line.clone())
            }
            None => ConsoleInput::End,
        }
    }
}

/// The simulated platform under one run.
pub(crate) struct Rig {
    device: Arc<SimDevice>,
    /// Files; they survive cuts, as the device does.
    outside: Arc<SimOutside>,
    /// The classes of a Java program.
    classes: Option<Arc<Classes>>,
    clock: Arc<SimClock>,
    tape: Arc<Tape>,
    slice_polls: u32,
    /// By how much chaos inside of slices is rarer than at first.
    rarity: u64,
    /// Which mapper is taken, where pages come and go.
    paging: Option<u64>,
    /// None in a plain run.
    prng: Option<Prng>,
    /// Where the tape stood when each flip that is not yet committed was made, and at the newest committed one.
    flipped: Option<Mark>,
    committed: Mark,
    seen: Unkindness,
}

/// Runs a program with nothing in its way.
///
/// # Errors
/// When it cannot be started or does not end.
pub fn plain(script: &Script) -> Result<Transcript, String> {
    plain_work(script).map(|(transcript, _)| transcript)
}

/// As [`plain`]; also the most units of work that a thread did between two looks for requests.
///
/// # Errors
/// As [`plain`].
pub fn plain_work(script: &Script) -> Result<(Transcript, u64), String> {
    let mut rig = Rig::new(script, None);
    let (mut world, mut snapshotter) = rig.create(script)?;
    for _ in 0..DECISIONS_MAX {
        match world.run(None, &|_| {}).map_err(|error| error.to_string())? {
            Event::Idle { wait_ns: Some(ns) } => rig.clock.advance(ns.max(1)),
            Event::Idle { wait_ns: None } if world.shared().wanted() > world.shared().committed() => {
                rig.flip(&mut world)?;
                rig.commit(&mut snapshotter)?;
            }
            Event::Idle { wait_ns: None } => return Err("every thread waits for ever".to_string()),
            Event::Ended => return Ok((rig.transcript(&world)?, world.vm.longest_work())),
            _ => {}
        }
    }
    Err("it does not end".to_string())
}

/// Runs a program with a seed's worth of unkindness.
///
/// # Errors
/// When it cannot be started, does not end, or a world cannot be opened again.
pub fn chaotic(script: &Script, seed: u64) -> Result<(Transcript, Unkindness), String> {
    let mut rig = Rig::new(script, Some(seed));
    let mut dice = Prng::new(!seed);
    let (mut world, mut snapshotter) = rig.begin(script)?;
    for decision in 0..DECISIONS_MAX {
        let slices = 1 + dice.below(SLICES_MAX);
        rig.calm_down(decision, &mut world);
        match world.run(Some(slices), &|_| {}).map_err(|error| error.to_string())? {
            Event::Idle { wait_ns: Some(ns) } => rig.wait(ns),
            Event::Awaiting { wait_ns } => {
                rig.commit_alone(&mut dice, &mut world, &mut snapshotter, wait_ns)?;
            }
            Event::Idle { wait_ns: None } if world.shared().wanted() > world.shared().committed() => {}
            Event::Idle { wait_ns: None } => return Err("every thread waits for ever".to_string()),
            Event::Ended => {
                rig.count_traffic(&world);
                return Ok((rig.transcript(&world)?, rig.seen));
            }
            _ => {}
        }
        let cut = rig.disturb(&mut dice, &mut world, &mut snapshotter)?;
        if cut && (decision < CUTS_RARER_AFTER || dice.chance(1, LATER_CUT_ODDS)) {
            rig.die(world, snapshotter);
            (world, snapshotter) = rig.open()?;
        }
    }
    Err("it does not end".to_string())
}

impl Rig {
    fn new(script: &Script, seed: Option<u64>) -> Rig {
        Rig {
            device: Arc::new(SimDevice::new()),
            outside: Arc::new(SimOutside::new(seed.unwrap_or(0))),
            classes: script.classes.clone(),
            clock: Arc::new(SimClock::new()),
            tape: Arc::new(Tape::new(&script.input)),
            slice_polls: SLICE_POLLS[seed.unwrap_or(0) as usize % SLICE_POLLS.len()],
            rarity: 1,
            paging: seed,
            prng: seed.map(Prng::new),
            flipped: None,
            committed: Mark::default(),
            seen: Unkindness::default(),
        }
    }

    fn ports(&self) -> Result<Ports, String> {
        let platform = Platform {
            clock: self.clock.clone() as Arc<dyn Clock>,
            entropy: Arc::new(SimEntropy::new(1)),
            console: self.tape.clone(),
            waiter: Arc::new(SimWaiter::new(self.clock.clone())),
            reactor: Arc::new(SimReactor::new(self.outside.clone())),
        };
        let mapper: Arc<dyn PageMapper> = match self.paging {
            Some(seed) => paging_mapper(seed + self.seen.cuts).map_err(|error| error.to_string())?,
            None => Arc::new(SimMapper::new().map_err(|error| error.to_string())?),
        };
        let snapshot_waiter = Arc::new(SimWaiter::new(self.clock.clone()));
        Ok(Ports { device: self.device.clone(), mapper, platform, snapshot_waiter })
    }

    fn create(&mut self, script: &Script) -> Result<(World, Snapshotter), String> {
        let (mut world, snapshotter) =
            World::create(&self.ports()?, WorldOptions::default()).map_err(|error| error.to_string())?;
        self.give_classes(&mut world);
        world.define_module(&script.module).map_err(|error| error.to_string())?;
        let program = world
            .start_program(&script.name, &script.entry, &script.arguments, 0)
            .map_err(|error| error.to_string())?;
        self.outside.put_folder(FOLDER);
        world.set_grants(program, &script.grants);
        if script.durable {
            world.set_durable(program, true);
        }
        if self.classes.is_some() && self.prng.is_some() {
            self.boot(&mut world)?;
        }
        self.be_unkind(&mut world);
        Ok((world, snapshotter))
    }

    /// As [`Rig::create`], and the program in a snapshot: until it is, a cut would forget that it was ever started.
    fn begin(&mut self, script: &Script) -> Result<(World, Snapshotter), String> {
        let (mut world, mut snapshotter) = self.create(script)?;
        self.flip(&mut world)?;
        self.commit(&mut snapshotter)?;
        Ok((world, snapshotter))
    }

    fn give_classes(&self, world: &mut World) {
        if let Some(classes) = &self.classes {
            world.set_class_files(classes.clone());
        }
    }

    /// Java's library starts undisturbed, which takes long enough: chaos begins when the program has printed something.
    fn boot(&mut self, world: &mut World) -> Result<(), String> {
        for _ in 0..DECISIONS_MAX {
            match world.run(Some(BOOT_SLICES), &|_| {}).map_err(|error| error.to_string())? {
                Event::Idle { wait_ns: Some(ns) } => self.clock.advance(ns.max(1)),
                Event::Idle { wait_ns: None } if world.shared().wanted() > world.shared().committed() => {
                    // What is printed waits for a snapshot, which comes next.
                    return Ok(());
                }
                Event::Ended => return Err("it ended before it had printed anything".to_string()),
                _ => {}
            }
            if self.tape.mark().written() > 0 {
                return Ok(());
            }
        }
        Err("it prints nothing".to_string())
    }

    fn be_unkind(&mut self, world: &mut World) {
        if let Some(prng) = &mut self.prng {
            world.commits_alone(true);
            world.vm.set_slice(self.slice_polls);
            world.vm.chaos(prng.next_u64());
            world.vm.set_chaos_rarity(self.rarity);
        }
    }

    /// Long programs get longer slices as they go on, in which less happens.
    fn calm_down(&mut self, decision: u64, world: &mut World) {
        if decision % CALMER_AFTER == CALMER_AFTER - 1 {
            self.slice_polls = self.slice_polls.saturating_mul(2);
            self.rarity = u64::from(self.slice_polls) / CALM_SLICE_POLLS;
            world.vm.set_slice(self.slice_polls);
            world.vm.set_chaos_rarity(self.rarity);
        }
    }

    /// Time goes by while every thread waits.
    fn wait(&self, ns: u64) {
        self.clock.advance(ns.clamp(1, SNAPSHOT_INTERVAL_MS * 1_000_000));
    }

    /// One of the things that happen to a world between slices, or none; true when the power is to be cut.
    fn disturb(
        &mut self,
        dice: &mut Prng,
        world: &mut World,
        snapshotter: &mut Snapshotter,
    ) -> Result<bool, String> {
        let wanted = world.shared().wanted() > world.shared().committed();
        match dice.below(16) {
            0 => world.vm.prepare_flip().map_err(|error| error.to_string())?,
            roll @ 1..=7 if roll <= 5 || wanted => {
                if !snapshotter.has_work() {
                    self.flip(world)?;
                } else {
                    self.commit(snapshotter)?;
                }
            }
            8..=10 => self.step(snapshotter)?,
            11 => return Ok(true),
            12..=13 => {
                let pages = if dice.chance(1, 4) { u64::MAX } else { 1 + dice.below(EVICTED_MAX) };
                world.memory().evict(pages).map_err(|error| error.to_string())?;
            }
            _ => {}
        }
        Ok(false)
    }

    fn flip(&mut self, world: &mut World) -> Result<(), String> {
        world.flip(&|_| {}).map_err(|error| error.to_string())?;
        self.flipped = Some(self.tape.mark());
        Ok(())
    }

    fn step(&mut self, snapshotter: &mut Snapshotter) -> Result<(), String> {
        if let Step::Committed(_) = snapshotter.step().map_err(|error| error.to_string())? {
            self.note_commit();
        }
        Ok(())
    }

    fn note_commit(&mut self) {
        self.committed = self.flipped.take().unwrap_or(self.committed);
        self.seen.snapshots += 1;
    }

    /// Every thread waits for a commit: the worker makes it, or does not and time goes by.
    fn commit_alone(
        &mut self,
        dice: &mut Prng,
        world: &mut World,
        snapshotter: &mut Snapshotter,
        wait_ns: Option<u64>,
    ) -> Result<(), String> {
        if snapshotter.has_work() || dice.chance(1, 2) {
            wait_ns.into_iter().for_each(|ns| self.wait(ns));
            return Ok(());
        }
        self.flipped = Some(self.tape.mark());
        world.commit_alone(snapshotter, &|_| {}).map_err(|error| error.to_string())?;
        self.note_commit();
        self.seen.alone += 1;
        Ok(())
    }

    fn commit(&mut self, snapshotter: &mut Snapshotter) -> Result<(), String> {
        while snapshotter.has_work() {
            self.step(snapshotter)?;
        }
        Ok(())
    }

    /// The power is cut: everything that is not on the disk is gone.
    fn die(&mut self, world: World, snapshotter: Snapshotter) {
        self.count_traffic(&world);
        drop(snapshotter);
        drop(world);
        self.device = Arc::new(SimDevice::from_image(self.device.image()));
        self.tape.back_to(self.committed);
        self.flipped = None;
        self.seen.cuts += 1;
    }

    /// The machine is started again after a cut.
    fn open(&mut self) -> Result<(World, Snapshotter), String> {
        let (mut world, snapshotter, _) = World::open(&self.ports()?, WorldOptions::default())
            .map_err(|error| format!("after a cut: {error}"))?;
        self.give_classes(&mut world);
        self.be_unkind(&mut world);
        Ok((world, snapshotter))
    }

    fn count_traffic(&mut self, world: &World) {
        let traffic = world.memory().mapper().traffic();
        self.seen.evicted += traffic.evicted;
        self.seen.paged_in += traffic.paged_in;
    }

    fn transcript(&self, world: &World) -> Result<Transcript, String> {
        let programs = programs(&MemoryView(world.memory())).map_err(|error| error.to_string())?;
        let program = programs.first().ok_or("the program is gone")?;
        let lines = |file: Vec<u8>| file.iter().filter(|&&byte| byte == b'\n').count();
        let payments = self.outside.file(PAYMENTS).map_or(0, lines);
        Ok(Rig::transcript_of(&self.tape, program, payments))
    }

    pub(crate) fn transcript_of(tape: &Tape, program: &ProgramInfo, payments: usize) -> Transcript {
        Transcript {
            output: String::from_utf8_lossy(&tape.bytes()).into_owned(),
            state: program.state,
            failure: program.failure.clone().unwrap_or_default(),
            payments,
        }
    }
}

/// Every language test and every example that ends, with input and arguments where one needs them.
///
/// # Errors
/// When a folder cannot be listed.
pub fn all_programs(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut all = Vec::new();
    for folder in ["crates/lang/tests/programs", "examples"] {
        let folder = root.join(folder);
        let listing = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        all.extend(listing.flatten().map(|entry| entry.path()));
    }
    all.retain(|path| path.extension().is_some_and(|ending| ending == "ph") && !path.ends_with("counter.ph"));
    all.retain(|path| !path.file_stem().and_then(|stem| stem.to_str()).is_some_and(is_server));
    all.sort();
    Ok(all)
}

/// Every example in the Phantom language that serves.
pub fn all_servers(root: &Path) -> Vec<PathBuf> {
    let examples = SERVERS.iter().map(|name| root.join("examples").join(format!("{name}.ph")));
    examples.filter(|path| path.exists()).collect()
}
