//! The machine that a world of the enumeration runs on.

use platform::{Clock, PageMapper, Platform};
use sim::{
    Image, Refusals, RefusingMapper, SimClock, SimDevice, SimEntropy, SimMapper, SimOutside, SimReactor,
    SimWaiter, paging_mapper,
};
use std::sync::Arc;
use store::{HistoryLevel, HistoryPolicy, StoreOptions};
use world::{Ports, Snapshotter, World, WorldOptions};

use crate::chaos::{Script, Tape};
use crate::worlds::{Trait, WorldLives};

/// Of so many messages one resets its connection, where connections are reset.
const RESET_ONE_IN: u64 = 9;
/// Milliseconds as nanoseconds.
pub(crate) const MS: u64 = 1_000_000;

/// A simulated machine: what survives a power cut of it is in the device alone.
pub(crate) struct Machine {
    pub(crate) device: Arc<SimDevice>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) tape: Arc<Tape>,
    pub(crate) outside: Arc<SimOutside>,
    options: WorldOptions,
    /// How pages come and go, where they do; it follows from this and from where the device stands.
    paging: Option<u64>,
    /// What its mappers refuse, where they do.
    refusals: Option<Arc<Refusals>>,
}

impl Machine {
    /// A machine on a device that holds `image`, at a time of its clock; chance outside of it follows from `seed`.
    pub(crate) fn new(lives: &WorldLives, script: &Script, image: Image, now_ns: u64, seed: u64) -> Machine {
        let clock = Arc::new(SimClock::new());
        clock.advance(now_ns);
        let outside = Arc::new(SimOutside::new(seed));
        if lives.with == Trait::Resets {
            outside.set_reset_odds(Some(RESET_ONE_IN));
        }
        Machine {
            device: Arc::new(SimDevice::from_image(image)),
            clock,
            tape: Arc::new(Tape::new(&script.input)),
            outside,
            options: WorldOptions { store: store_options(lives), ..WorldOptions::default() },
            paging: (lives.with == Trait::Eviction).then_some(seed),
            refusals: None,
        }
    }

    /// The same machine, whose mappers refuse and count.
    pub(crate) fn refusing(self, refusals: Arc<Refusals>) -> Machine {
        Machine { refusals: Some(refusals), ..self }
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
            Some(seed) => paging_mapper(seed.wrapping_add(self.device.op_count() as u64))
                .map_err(|error| error.to_string())?,
            None => Arc::new(SimMapper::new().map_err(|error| error.to_string())?),
        };
        let mapper = match &self.refusals {
            Some(refusals) => Arc::new(RefusingMapper::new(mapper, refusals.clone())),
            None => mapper,
        };
        let snapshot_waiter = Arc::new(SimWaiter::new(self.clock.clone()));
        Ok(Ports { device: self.device.clone(), mapper, platform, snapshot_waiter })
    }

    /// A new world with the program in it, not run yet.
    pub(crate) fn create(&self, script: &Script) -> Result<(World, Snapshotter), String> {
        let (mut world, snapshotter) =
            World::create(&self.ports()?, self.options).map_err(|error| error.to_string())?;
        world.define_module(&script.module).map_err(|error| error.to_string())?;
        let program = world
            .start_program(&script.name, &script.entry, &script.arguments, 0)
            .map_err(|error| error.to_string())?;
        world.set_grants(program, &script.grants);
        Ok((world, snapshotter))
    }

    /// The world that the device holds, and what its recovery said.
    pub(crate) fn open(&self) -> Result<(World, Snapshotter, store::OpenReport), String> {
        World::open(&self.ports()?, self.options).map_err(|error| format!("it does not open: {error}"))
    }
}

/// Sizes that make a small world show everything.
pub(crate) fn store_options(lives: &WorldLives) -> StoreOptions {
    StoreOptions {
        segment_bytes: lives.segment_blocks * 4096,
        initial_segments: 3,
        checkpoint_record_bytes: 6 * 4096,
        checkpoint_distance_ns: 0,
        cached_nodes_max: 64,
        cached_bases_max: 64,
        gathered_pages: 8,
        history: if matches!(lives.with, Trait::History | Trait::Restore) {
            short_history()
        } else {
            HistoryPolicy::NONE
        },
    }
}

/// History of a few snapshots; a life lasts some seconds by its clock.
fn short_history() -> HistoryPolicy {
    let mut history = HistoryPolicy::NONE;
    history.whole_ns = 300 * MS;
    history.levels[0] = HistoryLevel { age_ns: 1_000 * MS, every_ns: 100 * MS };
    history.levels[1] = HistoryLevel { age_ns: 10_000 * MS, every_ns: 700 * MS };
    history.budget_bytes = 4 << 20;
    history
}
