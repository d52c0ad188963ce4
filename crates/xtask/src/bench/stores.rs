//! Bytes written for each commit when one per cent of a GiB is dirty, checkpoints included.

use super::{Options, Row};
use crate::bench::process::Runner;
use base::prng::Prng;
use base::{Epoch, PAGE_SIZE, PageIndex, WorldId};
use host::FileDevice;
use std::sync::Arc;
use store::{HistoryPolicy, Store, StoreOptions, WorldParams};

const PAGES: u64 = (1 << 30) / PAGE_SIZE as u64;
const COMMITS: u64 = 320;
/// So many commits fit before the cleaner has to do anything.
const COMMITS_WITHOUT: u64 = 64;

/// Measures.
///
/// # Errors
/// When the scratch file cannot be written.
pub(crate) fn measure(_: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let folder = tempfile::tempdir_in(crate::shell::root()).map_err(|error| error.to_string())?;
    let device = FileDevice::create(folder.path().join("commit.world")).map_err(|error| error.to_string())?;
    let params = WorldParams {
        world_id: WorldId([7; 16]),
        schema_hash: 0,
        created_ns: 0,
        options: StoreOptions { history: HistoryPolicy::NONE, ..StoreOptions::default() },
    };
    let store = Store::create(Arc::new(device), params).map_err(|error| error.to_string())?;
    let mut prng = Prng::new(1);
    let mut page = [0u8; PAGE_SIZE];
    let mut commit = |epoch: u64, pages: &mut dyn Iterator<Item = u64>| -> Result<(), String> {
        let mut writer = store.begin_commit(Epoch(epoch), 0).map_err(|error| error.to_string())?;
        for index in pages {
            prng.fill(&mut page[..64]);
            writer.put(PageIndex(index as u32), &page).map_err(|error| error.to_string())?;
        }
        writer.finish().map(drop).map_err(|error| error.to_string())
    };
    commit(1, &mut (0..PAGES))?;
    let before = store.stats();
    let mut picks = Prng::new(2);
    let share = PAGES / 100;
    let mut without = before;
    for epoch in 0..COMMITS {
        let mut chosen = std::collections::BTreeSet::new();
        while (chosen.len() as u64) < share {
            chosen.insert(picks.below(PAGES));
        }
        commit(2 + epoch, &mut chosen.into_iter())?;
        if epoch + 1 == COMMITS_WITHOUT {
            without = store.stats();
        }
    }
    let after = store.stats();
    let written = (after.written_bytes - before.written_bytes) as f64;
    let dirty = (COMMITS * share * PAGE_SIZE as u64) as f64;
    let dirty_without = (COMMITS_WITHOUT * share * PAGE_SIZE as u64) as f64;
    let ratio = (without.written_bytes - before.written_bytes) as f64 / dirty_without;
    let part = |after: u64, before: u64| (after - before) as f64 / dirty * 100.0;
    let parts = format!(
        "{:.3}: records {:.2} %, map nodes {:.2} %, moved pages {:.2} %; {} checkpoints, file {:.2} x live",
        written / dirty,
        part(after.record_bytes, before.record_bytes),
        part(after.node_bytes + after.table_bytes, before.node_bytes + before.table_bytes),
        part(after.cleaned_bytes, before.cleaned_bytes),
        after.checkpoints - before.checkpoints,
        after.device_bytes as f64 / after.live_bytes as f64
    );
    Ok(vec![
        Row::new(
            format!(
                "bytes written for each dirty byte, 1 % of 1 GiB at random, {COMMITS_WITHOUT} commits with checkpoints, before the cleaner has work"
            ),
            "≤ 1.05",
            format!("{ratio:.3}"),
            ratio <= 1.05,
        ),
        Row::shown(
            format!("the same over {COMMITS} commits, without history: the cleaner keeps the file small"),
            parts,
        ),
    ])
}
