//! Golden worlds: a small world of each format, with a thread in every method that blocks, kept in the tree.
//!
//! `cargo xtask golden` makes the one of this format under the simulator; a test opens every one that is there with
//! whatever the build is, verifies all of it, lets it go on, and sees each thread come back.

use crate::chaos::Script;
use platform::{BlockDevice, Clock, Platform};
use sim::{SimClock, SimConsole, SimDevice, SimEntropy, SimMapper, SimOutside, SimReactor, SimWaiter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{FORMAT_VERSION, StoreOptions};
use world::{Event, FileView, Ports, Snapshotter, World, WorldFile, WorldOptions};

/// Steps until a world does what is expected of it.
const STEPS_MAX: u32 = 100_000;
/// Segments are small, so that the world is.
const SEGMENT_BYTES: u64 = 256 << 10;
/// What may be used outside.
const GRANTS: [&str; 2] = ["net", "run=cat"];
/// What must have happened before the world is frozen, in snapshots: so that history and deltas are in it.
const SNAPSHOTS: u64 = 12;

/// Folder of the golden worlds.
pub fn folder(root: &Path) -> PathBuf {
    root.join("crates/xtask/golden")
}

/// The golden world of this format.
pub fn path(root: &Path) -> PathBuf {
    folder(root).join(format!("format-{FORMAT_VERSION}.world.lz4"))
}

/// The lines that the program writes when every thread goes on; their order is not told.
pub const GOES_ON: &[&str] = &[
    "accept: hello",
    "all went on",
    "condition in time: 1",
    "condition too late: 0",
    "condition: signalled",
    "datagram: letter",
    "end of a process: 137",
    "held output: .internal.exception.unknown_outcome",
    "input: typed",
    "join: ended",
    "lock of an object: locked",
    "mutex in time: 1",
    "mutex: locked",
    "notification: notified",
    "once: 1",
    "output of a process: the end, 137",
    "pause: unpaused",
    "permit: taken",
    "receive: .internal.exception.connection_reset",
    "sleep: woke",
    "snapshot: durable",
];

struct Rig {
    device: Arc<SimDevice>,
    clock: Arc<SimClock>,
    console: Arc<SimConsole>,
    outside: Arc<SimOutside>,
}

impl Rig {
    fn on(device: SimDevice) -> Rig {
        let console = SimConsole::new();
        console.set_open(true);
        Rig {
            device: Arc::new(device),
            clock: Arc::new(SimClock::new()),
            console: Arc::new(console),
            outside: Arc::new(SimOutside::new(1)),
        }
    }

    fn ports(&self) -> Result<Ports, String> {
        let platform = Platform {
            clock: self.clock.clone() as Arc<dyn Clock>,
            entropy: Arc::new(SimEntropy::new(1)),
            console: self.console.clone(),
            waiter: Arc::new(SimWaiter::new(self.clock.clone())),
            reactor: Arc::new(SimReactor::new(self.outside.clone())),
        };
        let mapper = Arc::new(SimMapper::new().map_err(|error| error.to_string())?);
        let snapshot_waiter = Arc::new(SimWaiter::new(self.clock.clone()));
        Ok(Ports { device: self.device.clone(), mapper, platform, snapshot_waiter })
    }

    /// Lets a world run until `enough` says so of what happens; idle time is skipped.
    fn run(
        &self,
        world: &mut World,
        snapshotter: &mut Snapshotter,
        mut enough: impl FnMut(&World, &Event) -> bool,
    ) -> Result<(), String> {
        for _ in 0..STEPS_MAX {
            let event = world.run(None, &|_| {}).map_err(|error| error.to_string())?;
            if enough(world, &event) {
                return Ok(());
            }
            let wanted = world.shared().wanted() > world.shared().committed();
            match event {
                Event::Ended => return Err(format!("it ended early:\n{}", self.output())),
                _ if wanted => commit(world, snapshotter)?,
                // Not all at once: a thread that waits for something outside looks again from time to time.
                Event::Idle { wait_ns } => {
                    self.clock.advance(wait_ns.unwrap_or(1_000_000).clamp(1, 1_000_000_000))
                }
                _ => {}
            }
        }
        Err(format!("it does not come to its end; it wrote:\n{}", self.output()))
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&self.console.output()).into_owned()
    }
}

fn commit(world: &mut World, snapshotter: &mut Snapshotter) -> Result<(), String> {
    world.flip(&|_| {}).map_err(|error| error.to_string())?;
    snapshotter.complete(&|_| {}).map(drop).map_err(|error| error.to_string())
}

/// Makes the world of this format, packed.
///
/// # Errors
/// What does not work.
pub fn make(root: &Path) -> Result<Vec<u8>, String> {
    let source = folder(root).join("waits.ph");
    let text = std::fs::read_to_string(&source).map_err(|error| format!("{}: {error}", source.display()))?;
    // Under a name of its own: the world does not say where it was made.
    let mut script = Script::of_text("waits".to_string(), "waits.ph".to_string(), text, Vec::new())?;
    script.grants = GRANTS.map(ToString::to_string).to_vec();
    let rig = Rig::on(SimDevice::new());
    let store = StoreOptions { segment_bytes: SEGMENT_BYTES, ..StoreOptions::default() };
    let options = WorldOptions { store, ..WorldOptions::default() };
    let (mut world, mut snapshotter) =
        World::create(&rig.ports()?, options).map_err(|error| error.to_string())?;
    world.define_module(&script.module).map_err(|error| error.to_string())?;
    let program = world
        .start_program(&script.name, &script.entry, &script.arguments, 0)
        .map_err(|error| error.to_string())?;
    world.set_grants(program, &script.grants);
    for round in 0..SNAPSHOTS {
        let until_ns = (round + 1) * 300_000_000;
        rig.run(&mut world, &mut snapshotter, |_, _| rig.clock.monotonic_ns() >= until_ns)?;
        commit(&mut world, &mut snapshotter)?;
    }
    // Three threads ask for a snapshot at the same instant; this one holds their waits.
    rig.run(&mut world, &mut snapshotter, |world, event| {
        matches!(event, Event::Idle { .. }) && world.shared().wanted() > world.shared().committed()
    })?;
    commit(&mut world, &mut snapshotter)?;
    drop(world);
    drop(snapshotter);
    let mut bytes = vec![0u8; rig.device.len() as usize];
    rig.device.read(0, &mut bytes).map_err(|error| error.to_string())?;
    Ok(lz4_flex::compress_prepend_size(&bytes))
}

/// Opens a golden world, verifies all of it, and lets it go on; what it wrote, sorted.
///
/// # Errors
/// What does not work.
pub fn goes_on(packed: &[u8]) -> Result<Vec<String>, String> {
    let bytes = lz4_flex::decompress_size_prepended(packed).map_err(|error| error.to_string())?;
    let device = SimDevice::new();
    device.grow(bytes.len() as u64).map_err(|error| error.to_string())?;
    device.write(0, &bytes).map_err(|error| error.to_string())?;
    device.flush().map_err(|error| error.to_string())?;
    let rig = Rig::on(device);
    let file = WorldFile::open(rig.device.clone()).map_err(|error| error.to_string())?;
    let found = file.store.check(&mut |_, _| {}).map_err(|error| error.to_string())?;
    let view = FileView::new(&file.store, file.store.last_epoch()).map_err(|error| error.to_string())?;
    let (_, damages) = world::verify_heap(&view, &mut |_| {}).map_err(|error| error.to_string())?;
    if !found.damage.is_empty() || !damages.is_empty() {
        return Err(format!("it is damaged: {:?} {damages:?}", found.damage));
    }
    drop(view);
    drop(file);
    let (mut world, mut snapshotter, _) =
        World::open(&rig.ports()?, WorldOptions::default()).map_err(|error| error.to_string())?;
    rig.console.push_line("typed");
    rig.run(&mut world, &mut snapshotter, |_, event| *event == Event::Ended)?;
    let failures = world.vm.take_failures();
    if !failures.is_empty() {
        return Err(failures.join("\n"));
    }
    commit(&mut world, &mut snapshotter)?;
    let mut lines: Vec<String> = rig.output().lines().map(ToString::to_string).collect();
    lines.sort();
    Ok(lines)
}

/// `cargo xtask golden`: makes the world of this format anew.
///
/// # Errors
/// What does not work.
pub fn write(root: &Path) -> Result<PathBuf, String> {
    let packed = make(root)?;
    let lines = goes_on(&packed)?;
    if lines != GOES_ON {
        return Err(format!("it does not go on as it should: {lines:#?}"));
    }
    let path = path(root);
    std::fs::write(&path, packed).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
