//! The worker's half of a running world: it runs threads, and flips when it is asked to.

use crate::library::Library;
use crate::shared::{Ask, Shared};
use crate::snapshot::{Phase, SnapshotError, Snapshotter};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use base::{Epoch, PageIndex, PageRange, WorldId};
use layout::{SCHEMA_HASH, area};
use memory::{Memory, MemoryConfig, MemoryError};
use platform::{BlockDevice, PageMapper, Paging, Platform, Waiter};
use store::{
    CommitError, CommitInfo, CreateError, OpenError, OpenOptions, OpenReport, Store, StoreOptions,
    WorldParams,
};
use vm::{CheckedModule, DefineError, Limits, RunState, StartError, Vm};

/// What a world is connected to.
#[derive(Clone)]
pub struct Ports {
    /// File or disk that holds it.
    pub device: Arc<dyn BlockDevice>,
    /// Its address space.
    pub mapper: Arc<dyn PageMapper>,
    /// Clocks, console, entropy, and where the worker waits.
    pub platform: Platform,
    /// Where the snapshotter waits.
    pub snapshot_waiter: Arc<dyn Waiter>,
}

/// How a world is opened or created.
#[derive(Clone, Copy, Debug)]
pub struct WorldOptions {
    /// Goes on from the newest whole snapshot when acknowledged ones are damaged.
    pub accept_older: bool,
    /// Sizes of the store.
    pub store: StoreOptions,
    /// Passes a moment of waiting for another thread.
    pub relax: fn(),
}

impl Default for WorldOptions {
    fn default() -> Self {
        WorldOptions { accept_older: false, store: StoreOptions::default(), relax: core::hint::spin_loop }
    }
}

/// Why a world could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateWorldError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] CreateError),
    /// The address space could not be set up.
    #[error("the memory of the world cannot be mapped: {0}")]
    Memory(#[from] MemoryError),
}

/// Why a world could not be opened. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenWorldError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Its pages cannot be listed (only where all are read at once).
    #[error("the pages of the world cannot be listed: {0}")]
    Pages(store::ReadError),
    /// The address space could not be set up.
    #[error("the memory of the world cannot be mapped: {0}")]
    Memory(#[from] MemoryError),
    /// The memory holds no world.
    #[error("the snapshot cannot be used: {0}")]
    Vm(#[from] vm::OpenError),
}

/// Why a world must stop running. What was committed stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Memory could not be given back or scanned.
    #[error("the memory of the world fails: {0}")]
    Memory(#[from] MemoryError),
    /// The snapshotter gave up.
    #[error("{0}")]
    Snapshot(String),
}

/// Why [`World::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A flip has ended this epoch: the snapshotter has work.
    Flipped(Epoch),
    /// No thread can run on this worker now, but others run: call [`World::wait`] or [`Worker::wait`].
    Waiting {
        /// Nanoseconds until the first timer ends.
        wait_ns: Option<u64>,
    },
    /// No thread can run now. With several workers, call [`World::wait`].
    Idle {
        /// Nanoseconds until the first timer ends.
        wait_ns: Option<u64>,
    },
    /// No thread can run now, and all whom the last commit answered wait for the next one, with [`World::commits_alone`]:
    /// call [`World::commit_alone`] or [`Shared::hurry`], then go on as with [`Event::Idle`].
    Awaiting {
        /// Nanoseconds until the first timer ends.
        wait_ns: Option<u64>,
    },
    /// The limit of slices is reached.
    Paused,
    /// Too many old pages wait to be written, or memory is full of what is not durable yet: let the snapshotter work before
    /// running on.
    Congested,
    /// No thread is left.
    Ended,
    /// A stop was asked for.
    Stopped,
    /// A command waits to be executed.
    Commanded,
    /// A program has ended; others go on. See [`Vm::take_ended`].
    ProgramEnded,
}

/// A world at work.
pub struct World {
    /// The machine.
    pub vm: Vm,
    memory: Arc<Memory>,
    pub(crate) shared: Arc<Shared>,
    /// No thread runs until it is let go.
    pub(crate) paused: Option<vm::Stopped>,
    /// Memory is full, and everything that was dirty when that was noticed is durable with this epoch.
    paused_for: Option<Epoch>,
    commits_alone: bool,
}

/// Pages that a pause for want of memory evicts at a time.
const RELIEF_PAGES: u64 = 1024;

impl World {
    /// Creates a world on an empty device. It is durable from its first snapshot on.
    ///
    /// # Errors
    /// When the device holds a world already or fails, or the memory cannot be mapped.
    pub fn create(ports: &Ports, options: WorldOptions) -> Result<(World, Snapshotter), CreateWorldError> {
        let mut id = [0u8; 16];
        ports.platform.entropy.fill(&mut id);
        let params = WorldParams {
            world_id: WorldId(id),
            schema_hash: SCHEMA_HASH,
            created_ns: ports.platform.clock.wall_ns(),
            options: options.store,
        };
        let store = Arc::new(Store::create(ports.device.clone(), params)?);
        let memory = map(ports, &store, &options, alloc::vec::Vec::new())?;
        let vm = Vm::format(memory.clone(), ports.platform.clone());
        let (world, snapshotter) = World::halves(vm, memory, store, ports);
        world.shared.set_active();
        Ok((world, snapshotter))
    }

    /// Opens the world on a device at its newest snapshot.
    ///
    /// # Errors
    /// When there is none, it is of another version or schema, damaged, or the memory cannot be mapped.
    pub fn open(
        ports: &Ports,
        options: WorldOptions,
    ) -> Result<(World, Snapshotter, OpenReport), OpenWorldError> {
        let how = OpenOptions {
            read_only: false,
            accept_older: options.accept_older,
            schema_hash: Some(SCHEMA_HASH),
            options: options.store,
        };
        let (store, report) = Store::open(ports.device.clone(), how)?;
        let store = Arc::new(store);
        let stored = match ports.mapper.paging() {
            Paging::OnDemand => alloc::vec::Vec::new(),
            Paging::Eager if store.last_epoch() == Epoch(0) => alloc::vec::Vec::new(),
            Paging::Eager => {
                store.reader_at(store.last_epoch()).and_then(|r| r.pages()).map_err(OpenWorldError::Pages)?
            }
        };
        let memory = map(ports, &store, &options, stored)?;
        // Killed before its first snapshot, a world is an empty one.
        let vm = match store.last_epoch() {
            Epoch(0) => Vm::format(memory.clone(), ports.platform.clone()),
            _ => Vm::open(memory.clone(), ports.platform.clone())?,
        };
        let (world, snapshotter) = World::halves(vm, memory, store, ports);
        Ok((world, snapshotter, report))
    }

    fn halves(mut vm: Vm, memory: Arc<Memory>, store: Arc<Store>, ports: &Ports) -> (World, Snapshotter) {
        vm.add_class_source(Box::new(Library));
        for natives in javalib::NATIVES {
            vm.add_natives(natives);
        }
        vm.set_converter(Arc::new(javalib::Converter));
        let platform = &ports.platform;
        let shared = Arc::new(Shared::new(
            vm.requests(),
            platform.waiter.clone(),
            ports.snapshot_waiter.clone(),
            store.last_epoch(),
        ));
        let snapshotter = Snapshotter::new(memory.clone(), store, shared.clone(), platform.clock.clone());
        let pressed = shared.clone();
        memory.on_pressure(Arc::new(move || pressed.press()));
        (World { vm, memory, shared, paused: None, paused_for: None, commits_alone: false }, snapshotter)
    }

    /// Says where the class files of Java programs are: those of the library, then those of the program.
    pub fn set_class_files(&mut self, files: Arc<dyn javalib::ClassFiles>) {
        self.vm.add_class_source(Box::new(javalib::Library::new(files)));
    }

    /// What the two halves share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The memory, for figures.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Loads a module.
    ///
    /// # Errors
    /// When it is not sound, or a class of it is there with another shape. The world is unchanged then.
    pub fn define_module(&mut self, bytes: &[u8]) -> Result<base::Addr, DefineError> {
        self.define_prepared(&crate::prepare(bytes)?)
    }

    /// Loads a module that was prepared.
    ///
    /// # Errors
    /// When a class of it is there with another shape. The world is unchanged then.
    pub fn define_prepared(&mut self, module: &CheckedModule) -> Result<base::Addr, DefineError> {
        self.shared.set_active();
        self.vm.define_checked(module)
    }

    /// Starts a program: its first thread runs from the next [`World::run`] on.
    ///
    /// # Errors
    /// When the class is not there or has no entry.
    pub fn start_program(
        &mut self,
        name: &str,
        class: &str,
        arguments: &[String],
        source_hash: u64,
    ) -> Result<base::Addr, StartError> {
        self.shared.set_active();
        self.vm.start_program(name, class, arguments, source_hash)
    }

    /// Sets what a program is granted of what is outside, see [`Vm::set_grants`].
    pub fn set_grants(&mut self, program: base::Addr, grants: &[String]) {
        self.shared.set_active();
        self.vm.set_grants(program, grants);
    }

    /// Runs threads until something is asked for, none can run, or `slices` slices are over; tells `watch` of a flip.
    ///
    /// # Errors
    /// When the world must stop. Nothing is committed any more then.
    pub fn run(&mut self, slices: Option<u64>, watch: &dyn Fn(Phase)) -> Result<Event, RunError> {
        let mut untold = false;
        let result = self.run_on(slices, watch, &mut untold);
        if untold && !matches!(result, Ok(Event::Awaiting { .. })) {
            self.shared.hurry();
        }
        result
    }

    /// As [`World::run`]; `untold` when somebody wants a commit and the snapshotter was not told.
    fn run_on(
        &mut self,
        slices: Option<u64>,
        watch: &dyn Fn(Phase),
        untold: &mut bool,
    ) -> Result<Event, RunError> {
        loop {
            if self.shared.take_asked(Ask::Stop) {
                return match self.shared.failure() {
                    Some(reason) => Err(RunError::Snapshot(reason)),
                    None => Ok(Event::Stopped),
                };
            }
            if self.shared.take_asked(Ask::Command) {
                return Ok(Event::Commanded);
            }
            self.vm.committed(self.shared.committed().0);
            if self.shared.take_asked(Ask::Prepare) {
                self.vm.prepare_flip()?;
            }
            if self.shared.take_asked(Ask::Flip) && !self.memory.capture_pending() {
                let epoch = self.flip(watch)?;
                self.shared.hurry();
                return Ok(Event::Flipped(epoch));
            }
            if self.memory.wants_pause() && !self.relieve()? {
                return Ok(Event::Congested);
            }
            if self.is_paused() {
                return Ok(Event::Idle { wait_ns: None });
            }
            self.vm.bind_again();
            if self.vm.is_ready() {
                self.shared.set_active();
            }
            let state = self.vm.run(Limits { slices })?;
            if self.vm.has_ended() && state != RunState::AllEnded {
                return Ok(Event::ProgramEnded);
            }
            match state {
                RunState::Requested if slices.is_some() => return Ok(Event::Paused),
                RunState::Requested => {
                    let threads = self.vm.take_commit_wanted();
                    *untold |= threads > 0 && self.shared.is_news(self.memory.epoch(), threads);
                    // When nothing else can run it is known in a moment whether this worker commits.
                    if *untold && (!self.commits_alone || self.vm.is_ready()) {
                        *untold = false;
                        self.shared.hurry();
                    }
                }
                RunState::Idle { wake_ns, commit, .. } => {
                    let alone = !self.vm.others_run();
                    let now = self.vm.clock_ns();
                    let wait_ns = wake_ns.map(|wake| wake.saturating_sub(now));
                    if commit {
                        let threads = self.vm.take_commit_wanted();
                        *untold |= self.shared.is_news(self.memory.epoch(), threads);
                        let awaited =
                            self.shared.wanted() > self.shared.flipped() && self.shared.all_wait_again();
                        if awaited && alone && self.commits_alone {
                            return Ok(Event::Awaiting { wait_ns });
                        }
                    }
                    return Ok(if alone { Event::Idle { wait_ns } } else { Event::Waiting { wait_ns } });
                }
                RunState::AllEnded => return Ok(Event::Ended),
            }
        }
    }

    /// Makes room where memory is full; whether threads may go on. What is dirty must be durable first, so they wait until
    /// a snapshot that was asked for now is, however long that takes; if that brings no room, nothing better will come,
    /// and they go on above the limit.
    fn relieve(&mut self) -> Result<bool, MemoryError> {
        if !self.memory.is_full() {
            return Ok(false);
        }
        self.memory.evict(RELIEF_PAGES)?;
        let durable = self.paused_for.is_some_and(|epoch| self.shared.committed() >= epoch);
        if durable || !self.memory.wants_pause() {
            self.paused_for = None;
            return Ok(true);
        }
        let epoch = *self.paused_for.get_or_insert(self.memory.epoch());
        self.shared.want(epoch);
        Ok(false)
    }

    /// Has [`World::run`] say so when no thread can run before a commit ([`Event::Awaiting`]).
    pub fn commits_alone(&mut self, alone: bool) {
        self.commits_alone = alone;
    }

    /// Flips, and makes that snapshot on this thread: for one that somebody waits for and that takes less time than telling
    /// another thread of it would. Other workers run on meanwhile.
    ///
    /// # Errors
    /// As [`Snapshotter::step`].
    ///
    /// # Panics
    /// As [`World::flip`].
    pub fn commit_alone(
        &mut self,
        snapshotter: &mut Snapshotter,
        watch: &dyn Fn(Phase),
    ) -> Result<Option<CommitInfo>, SnapshotError> {
        self.vm.prepare_flip()?;
        self.flip(watch)?;
        self.vm.aside(|| snapshotter.complete(watch))
    }

    /// Ends the epoch: all that happened until now will be in the next snapshot.
    ///
    /// # Errors
    /// When memory cannot be given back: the world must stop without committing.
    ///
    /// # Panics
    /// When the capture of the flip before is still under way.
    pub fn flip(&mut self, watch: &dyn Fn(Phase)) -> Result<Epoch, MemoryError> {
        let stopped = self.vm.stop_world();
        let ready = self.vm.before_flip();
        if let Err(error) = ready {
            self.vm.resume_world(stopped);
            return Err(error);
        }
        watch(Phase::BeforeFlip);
        let epoch = self.memory.flip();
        self.vm.after_flip();
        self.shared.set_flipped(epoch);
        self.vm.resume_world(stopped);
        watch(Phase::AfterFlip);
        Ok(epoch)
    }

    /// A further worker, which runs threads of this world beside this one and waits at `waiter`. Whoever steps it does so
    /// until it says [`Event::Stopped`], then drops it.
    pub fn worker(&mut self, waiter: Arc<dyn Waiter>) -> Worker {
        if !self.is_paused() {
            self.vm.bind_again();
        }
        Worker { vm: self.vm.worker(waiter), shared: self.shared.clone() }
    }

    /// Has all further workers stop, and waits until they have retired.
    pub fn stop_workers(&mut self) {
        self.shared.set_ended();
        self.vm.stop_workers();
    }

    /// Waits at the platform's waiter while the other workers run on, until there is something to do, at most so long.
    pub fn wait(&mut self, timeout_ns: Option<u64>) {
        self.vm.wait(timeout_ns);
    }

    /// Waits at the platform's waiter while no worker runs, at most so long: what [`Event::Congested`] asks for.
    pub fn wait_alone(&mut self, timeout_ns: u64) {
        let stopped = self.vm.stop_world();
        self.vm.platform.waiter.wait(Some(timeout_ns));
        self.vm.resume_world(stopped);
    }
}

/// A further worker of a running world: it runs threads, nothing else. Dropped, it leaves the world.
pub struct Worker {
    /// The machine, as this worker sees it.
    pub vm: Vm,
    shared: Arc<Shared>,
}

impl Worker {
    /// Runs threads until there is none for this worker ([`Event::Waiting`]) or the world ends ([`Event::Stopped`]).
    pub fn run(&mut self) -> Event {
        loop {
            if self.shared.has_ended() {
                return Event::Stopped;
            }
            if self.vm.is_ready() {
                self.shared.set_active();
            }
            match self.vm.run(Limits::default()) {
                Ok(RunState::Requested) => {
                    let threads = self.vm.take_commit_wanted();
                    if threads > 0 {
                        self.shared.want_for(Epoch(self.vm.epoch()), threads);
                    }
                }
                Ok(RunState::Idle { commit, .. }) => {
                    if commit {
                        let threads = self.vm.take_commit_wanted();
                        self.shared.want_for(Epoch(self.vm.epoch()), threads);
                    }
                    return Event::Waiting { wait_ns: None };
                }
                Ok(RunState::AllEnded) => return Event::Waiting { wait_ns: None },
                Err(error) => {
                    self.shared.fail(alloc::format!("{}", RunError::from(error)));
                    return Event::Stopped;
                }
            }
        }
    }

    /// Waits until there is something to do.
    pub fn wait(&mut self) {
        self.vm.wait(None);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.vm.leave_machine();
    }
}

impl Snapshotter {
    /// Writes a checkpoint, so that the next start reads little. For an orderly end.
    ///
    /// # Errors
    /// When it cannot be written; the snapshots are as durable as before.
    pub fn close(&self) -> Result<(), CommitError> {
        self.store().checkpoint().map(drop)
    }
}

fn map(
    ports: &Ports,
    store: &Arc<Store>,
    options: &WorldOptions,
    stored_pages: alloc::vec::Vec<PageIndex>,
) -> Result<Arc<Memory>, MemoryError> {
    let nursery = PageRange::covering(area::NURSERY.start, area::NURSERY.len());
    let config = MemoryConfig { scratch: nursery, stored_pages, relax: options.relax };
    Memory::new(ports.mapper.clone(), store.clone(), config, store.last_epoch())
}
