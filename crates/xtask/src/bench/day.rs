//! A simulated day of a steady workload: how large the file stays, and what the cleaner writes for that.
//!
//! The device is memory and the clock a number, so that a day takes a minute.

use super::{Options, Row};
use crate::bench::process::Runner;
use base::prng::Prng;
use base::{Epoch, PAGE_SIZE, PageIndex, WorldId};
use platform::{BlockDevice, DeviceError};
use std::sync::{Arc, PoisonError, RwLock};
use store::{HistoryPolicy, Store, StoreOptions, WorldParams};

const DAY_S: u64 = 86_400;
const SECOND_NS: u64 = 1_000_000_000;

/// A day: so much is live, and each second so many of its pages change.
struct Day {
    live_pages: u64,
    pages_each_second: u64,
    /// A tenth of the pages take this many of ten writes; 1 for all alike.
    hot_tenths: u64,
    history: HistoryPolicy,
}

/// What became of it.
#[derive(Default)]
struct Outcome {
    /// The largest file in the second half of the day for each live byte: in all, and without the budget of history.
    file: f64,
    file_without_budget: f64,
    /// The least and the most that history took.
    history_bytes: (u64, u64),
    snapshots: usize,
    /// Bytes written and moved for each dirty byte.
    written: f64,
    moved: f64,
    checkpoints: u64,
}

/// Measures.
///
/// # Errors
/// When a store fails.
pub(crate) fn measure(_: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let large = Day {
        live_pages: (1 << 30) / PAGE_SIZE as u64,
        pages_each_second: 256,
        hot_tenths: 1,
        history: HistoryPolicy::NONE,
    };
    let small = Day { live_pages: (256 << 20) / PAGE_SIZE as u64, pages_each_second: 64, ..large };
    let hot = Day { hot_tenths: 9, ..small };
    let kept = Day { history: HistoryPolicy::default(), ..small };
    let days = [
        ("256 MiB live, 256 KiB a second at random, no history", small),
        ("the same, nine of ten writes to a tenth of the pages", hot),
        ("256 MiB live, 256 KiB a second at random, history as by default", kept),
        ("1 GiB live, 1 MiB a second at random, no history", large),
    ];
    for (what, day) in days {
        eprintln!("a day: {what}");
        let outcome = day.run()?;
        rows.push(Row::new(
            format!("file after a simulated day, largest of its second half, for each live byte, without the budget of history: {what}"),
            "≤ 2",
            format!(
                "{:.2} ({:.2} with it; beside the newest state history holds {} to {} MiB, {} snapshots at the end; {:.2} bytes written for each dirty one, {:.2} of them by the cleaner, {} checkpoints)",
                outcome.file_without_budget,
                outcome.file,
                outcome.history_bytes.0 >> 20,
                outcome.history_bytes.1 >> 20,
                outcome.snapshots,
                outcome.written,
                outcome.moved,
                outcome.checkpoints
            ),
            outcome.file_without_budget <= 2.0,
        ));
    }
    Ok(rows)
}

impl Day {
    fn run(&self) -> Result<Outcome, String> {
        let params = WorldParams {
            world_id: WorldId([8; 16]),
            schema_hash: 0,
            created_ns: 0,
            options: StoreOptions { history: self.history, ..StoreOptions::default() },
        };
        let store = Store::create(Arc::new(Memory::default()), params).map_err(|error| error.to_string())?;
        let mut prng = Prng::new(1);
        let mut page = [0u8; PAGE_SIZE];
        let mut commit = |second: u64, pages: &mut dyn Iterator<Item = u64>| -> Result<(), String> {
            let writer = store.begin_commit(Epoch(second + 1), second * SECOND_NS);
            let mut writer = writer.map_err(|error| error.to_string())?;
            for index in pages {
                prng.fill(&mut page[..1024]);
                writer.put(PageIndex(index as u32), &page).map_err(|error| error.to_string())?;
            }
            let done = writer.finish().map_err(|error| error.to_string())?;
            done.checkpoint.map(drop).map_err(|error| error.to_string())
        };
        commit(0, &mut (0..self.live_pages))?;
        let before = store.stats();
        let mut picks = Prng::new(2);
        let mut outcome = Outcome::default();
        let budget = if self.history == HistoryPolicy::NONE { 0 } else { 1 << 30 };
        for second in 1..=DAY_S {
            let mut chosen = std::collections::BTreeSet::new();
            while (chosen.len() as u64) < self.pages_each_second {
                let is_hot = self.hot_tenths > 1 && picks.below(10) < self.hot_tenths;
                chosen.insert(picks.below(if is_hot { self.live_pages / 10 } else { self.live_pages }));
            }
            commit(second, &mut chosen.into_iter())?;
            if second > DAY_S / 2 {
                let now = store.stats();
                let live = now.live_bytes as f64;
                outcome.file = outcome.file.max(now.device_bytes as f64 / live);
                let without = now.device_bytes.saturating_sub(budget) as f64 / live;
                outcome.file_without_budget = outcome.file_without_budget.max(without);
                let (least, most) = outcome.history_bytes;
                let history = now.history_bytes;
                outcome.history_bytes =
                    if least == 0 { (history, history) } else { (least.min(history), most.max(history)) };
            }
        }
        let after = store.stats();
        let dirty = (DAY_S * self.pages_each_second * PAGE_SIZE as u64) as f64;
        outcome.written = (after.written_bytes - before.written_bytes) as f64 / dirty;
        outcome.moved = (after.cleaned_bytes - before.cleaned_bytes) as f64 / dirty;
        outcome.snapshots = store.snapshots().map_err(|error| error.to_string())?.len();
        outcome.checkpoints = after.checkpoints - before.checkpoints;
        Ok(outcome)
    }
}

/// A device that is memory.
#[derive(Default)]
struct Memory {
    bytes: RwLock<Vec<u8>>,
}

impl Memory {
    fn with<T>(
        &self,
        offset: u64,
        count: usize,
        work: impl FnOnce(&mut [u8]) -> T,
    ) -> Result<T, DeviceError> {
        let mut all = self.bytes.write().unwrap_or_else(PoisonError::into_inner);
        let len = all.len() as u64;
        let range = offset as usize..offset as usize + count;
        let bytes = all.get_mut(range);
        bytes.map(work).ok_or(DeviceError::OutOfRange { offset, count: count as u64, len })
    }
}

impl BlockDevice for Memory {
    fn len(&self) -> u64 {
        self.bytes.read().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.with(offset, bytes.len(), |stored| bytes.copy_from_slice(stored))
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        self.with(offset, bytes.len(), |stored| stored.copy_from_slice(bytes))
    }
    fn flush(&self) -> Result<(), DeviceError> {
        Ok(())
    }
    fn grow(&self, len: u64) -> Result<(), DeviceError> {
        let mut all = self.bytes.write().unwrap_or_else(PoisonError::into_inner);
        let len = all.len().max(len as usize);
        all.resize(len, 0);
        Ok(())
    }
    fn shrink(&self, len: u64) -> Result<(), DeviceError> {
        self.bytes.write().unwrap_or_else(PoisonError::into_inner).truncate(len as usize);
        Ok(())
    }
}
