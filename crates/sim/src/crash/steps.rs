//! What lives do beyond commits: names, policies, restores; and contents that change in few bytes.

use base::prng::Prng;
use base::{Epoch, PAGE_SIZE, PageBytes};
use std::sync::Arc;
use store::{CommitError, RestoreError, Store};

use crate::crash::life::{Attempt, Life, Workload, short_history};
use crate::device::Faults;

impl Life {
    /// A step that only some workloads take; `false` when it is to be a commit.
    pub(crate) fn special_step(&mut self, store: &Store, rng: &mut Prng, draw: u64) -> Result<bool, String> {
        match (self.workload, draw) {
            (Workload::History | Workload::Restore, 6 | 7) => self.name_one(store, rng)?,
            (Workload::History, 8) => {
                let done = store.set_history_policy(short_history(rng));
                done.map_err(|e| format!("policy: {e}"))?;
            }
            (Workload::Restore, 8..=10) => self.restore_one(store, rng)?,
            (Workload::Compact, 6) => self.name_one(store, rng)?,
            (Workload::Compact, 7..=9) => self.compact(store, rng)?,
            (Workload::Full, 6..=10) => self.fill_up(store, rng)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Gives a name to a snapshot or takes it away.
    fn name_one(&self, store: &Store, rng: &mut Prng) -> Result<(), String> {
        let snapshots = store.snapshots().map_err(|e| format!("snapshots: {e}"))?;
        let one = &snapshots[rng.below(snapshots.len() as u64) as usize];
        let tag = ["", "first", "second"][rng.below(3) as usize];
        store.tag(one.epoch, tag).map_err(|e| format!("tag: {e}"))?;
        if tag.is_empty() {
            return Ok(());
        }
        let after = store.snapshots().map_err(|e| format!("snapshots: {e}"))?;
        let named: Vec<Epoch> = after.iter().filter(|s| s.tag == tag).map(|s| s.epoch).collect();
        if named == [one.epoch] { Ok(()) } else { Err(format!("{tag} names {named:?}, not {}", one.epoch)) }
    }

    /// Makes the state of an older snapshot the newest; now and then on a device that is full.
    fn restore_one(&mut self, store: &Store, rng: &mut Prng) -> Result<(), String> {
        let snapshots = store.snapshots().map_err(|e| format!("snapshots: {e}"))?;
        let older: Vec<u64> = snapshots.iter().map(|s| s.epoch.0).filter(|&epoch| epoch > 0).collect();
        if older.is_empty() {
            return Ok(());
        }
        let chosen = older[rng.below(older.len() as u64) as usize];
        let known =
            self.known(chosen).ok_or_else(|| format!("kept epoch {chosen} was never acknowledged"))?;
        let epoch = self.newest().epoch + 1;
        let attempt = Attempt { op: self.device.op_count(), epoch, content: known.content };
        self.wall_ns += 1;
        if rng.chance(1, 6) {
            self.met_full_device = true;
            self.device.set_faults(Faults { no_space_at: Some(rng.below(6)), ..Faults::default() });
        }
        self.attempts.push(attempt.clone());
        let done = store.restore(Epoch(chosen), self.wall_ns, &[]);
        self.device.set_faults(Faults::default());
        match done {
            Ok(_) => self.acknowledge(epoch, attempt.content),
            Err(RestoreError::Commit(CommitError::NoSpace(_))) => drop(self.attempts.pop()),
            Err(error) => return Err(format!("restore: {error}")),
        }
        Ok(())
    }

    /// Moves what is live to the front, all of it or some steps.
    fn compact(&mut self, store: &Store, rng: &mut Prng) -> Result<(), String> {
        let keep_history = rng.chance(1, 4);
        // History that has no name is given up.
        self.met_full_device |= !keep_history;
        let mut compaction = store.compaction(keep_history);
        let steps = if rng.chance(1, 4) { 1 + rng.below(3) } else { 1000 };
        for _ in 0..steps {
            let progress = compaction.step().map_err(|e| format!("compact: {e}"))?;
            self.cleaned_pages = self.cleaned_pages.max(progress.moved_pages);
            if progress.is_done {
                return Ok(());
            }
        }
        if steps == 1000 { Err("the compaction does not end".into()) } else { Ok(()) }
    }

    /// Pages of a commit that change the newest content in a few places each.
    pub(crate) fn draw_changes(&self, rng: &mut Prng) -> Vec<(u32, Option<Arc<PageBytes>>)> {
        let content = self.newest().content.clone();
        let mut puts = Vec::new();
        for _ in 0..1 + rng.below(5) {
            let page = rng.below(5) as u32 * 300;
            let mut bytes = content.get(&page).map_or([0; PAGE_SIZE], |bytes| **bytes);
            let wholly = rng.chance(1, 12);
            for _ in 0..if wholly { 400 } else { 1 + rng.below(6) } {
                let at = rng.below(PAGE_SIZE as u64 / 8) as usize * 8;
                bytes[at..at + 8].copy_from_slice(&(rng.next_u64() | 1).to_le_bytes());
            }
            let is_zero = rng.chance(1, 15);
            puts.push((page, (!is_zero).then(|| Arc::new(bytes))));
        }
        puts
    }
}
