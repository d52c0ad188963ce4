//! What leaves a world that is mapped with `userfaultfd`, and when.
//!
//! Where [`PageMapper::set_resident_max`](platform::PageMapper::set_resident_max) bounds what is in memory, a clock hand
//! goes over the pages in the order of their addresses and takes away those that the source says are settled. The accessed
//! bits of the processor are not to be had without privileges, so a second chance is given otherwise: what is taken away
//! and may be dropped stays for a while in a ring of pages, *limbo*, and comes back from there without a read when it is
//! touched. Pages that came in once go before the hand takes any that has come back so (see [`Trial`](crate::trial::Trial)),
//! so that a scan does not drive out what is used all the time.
//!
//! Whoever brings a page in takes others away afterwards, before it goes on, when more is in memory than should be: in
//! batches, so that most misses take none away. Another thread would have to interrupt the processors that run programs
//! for each page, so that none of them still has it in its address cache, and was no faster (`cargo xtask bench beyond`).
//! So what is in memory exceeds the bound at most by what each thread brings in at once, and by what may not be dropped.

use super::{Paged, Shared, lock};
use base::{PAGE_SIZE, PageIndex, PageRange, WORLD_SIZE};
use platform::{Evicted, MapperError, PageSource};
use std::sync::TryLockError;
use std::sync::atomic::Ordering::Relaxed;

/// Pages taken away together.
pub(super) const BATCH_PAGES: u64 = 64;
/// Batches for one fault.
const BATCHES_MAX: u64 = 4;
/// Batches of pages on trial that are looked at for one batch of victims.
const TRIAL_BATCHES: u64 = 2;
/// Pages that come in before anyone looks for victims again after none was found.
const FRUITLESS_PAGES: u64 = 256;

/// Where the clock hand stands.
#[derive(Default)]
pub(super) struct Victims {
    /// The number of a page.
    hand: u64,
    /// Pages that had come in when a whole turn found no victim.
    fruitless_at: Option<u64>,
}

impl Shared {
    /// Evicts where more is in memory than should be.
    pub(super) fn keep_bound(&self) -> Result<(), MapperError> {
        let max = self.resident_max.load(Relaxed);
        // A little earlier, so that others find room meanwhile.
        let high = max - max / 32;
        for _ in 0..BATCHES_MAX {
            let resident = self.resident.load(Relaxed);
            if resident <= high {
                return Ok(());
            }
            let mut victims = match self.away.try_lock() {
                Ok(victims) => victims,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // Someone else evicts.
                Err(TryLockError::WouldBlock) if resident <= max => return Ok(()),
                Err(TryLockError::WouldBlock) => lock(&self.away),
            };
            let came_in = self.paged_in.load(Relaxed);
            if victims.fruitless_at.is_some_and(|at| came_in < at + FRUITLESS_PAGES) {
                break;
            }
            victims.fruitless_at = None;
            if self.evict(&mut victims, BATCH_PAGES)?.dropped == 0 {
                victims.fruitless_at = Some(came_in);
                break;
            }
        }
        if self.resident.load(Relaxed) > max {
            self.started.get().expect("evicted before the start").source.pressed();
        }
        Ok(())
    }

    /// Takes some pages away and drops those that may be dropped; at most a batch.
    pub(super) fn evict(&self, victims: &mut Victims, pages_max: u64) -> Result<Evicted, MapperError> {
        let mut done = Evicted::default();
        let (over, unbounded) = {
            let trial = &lock(&self.paged).trial;
            (trial.is_over(), trial.is_unbounded())
        };
        if over {
            self.evict_on_trial(pages_max, &mut done)?;
        } else if !unbounded {
            done = self.evict_at_hand(victims, pages_max, false)?;
        }
        if done.dropped == 0 { self.evict_at_hand(victims, pages_max, true) } else { Ok(done) }
    }

    /// Takes pages from the queue of those on trial, while there are too many.
    fn evict_on_trial(&self, pages_max: u64, done: &mut Evicted) -> Result<(), MapperError> {
        let started = self.started.get().expect("evicted before the start");
        for _ in 0..TRIAL_BATCHES {
            let candidates = {
                let mut paged = lock(&self.paged);
                if done.dropped >= pages_max || !paged.trial.is_over() {
                    return Ok(());
                }
                paged.trial.next(pages_max as usize)
            };
            for run in candidates.chunk_by(|one, next| one.0 + 1 == next.0) {
                let pages = PageRange { first: run[0], count: run.len() as u64 };
                self.take(pages, &*started.source, true, done)?;
            }
            // What was written, or is not durable for another reason, has to wait.
            let mut paged = lock(&self.paged);
            for page in candidates {
                if paged.present.contains(page) {
                    paged.trial.queue_up(page);
                }
            }
        }
        Ok(())
    }

    /// Takes pages at the clock hand: those that are proven, or `all`.
    fn evict_at_hand(
        &self,
        victims: &mut Victims,
        pages_max: u64,
        all: bool,
    ) -> Result<Evicted, MapperError> {
        let started = self.started.get().expect("evicted before the start");
        let mut done = Evicted::default();
        let hand = victims.hand;
        // From the hand to the end, then from the start to the hand.
        for (mut at, end) in [(hand, WORLD_SIZE / PAGE_SIZE as u64), (0, hand)] {
            while done.dropped < pages_max {
                let most = (pages_max - done.dropped).min(BATCH_PAGES);
                let run = lock(&self.paged).present.run_from(at, most);
                let Some(run) = run.filter(|run| u64::from(run.first.0) < end) else { break };
                self.take(run, &*started.source, all, &mut done)?;
                at = u64::from(run.first.0) + run.count;
                victims.hand = at;
            }
        }
        Ok(done)
    }

    /// Takes those of these pages away that seem to be durable, and drops those that are; those on trial only if `all`.
    fn take(
        &self,
        pages: PageRange,
        source: &dyn PageSource,
        all: bool,
        done: &mut Evicted,
    ) -> Result<(), MapperError> {
        let mut paged = lock(&self.paged);
        let Paged { present, limbo: Some(limbo), trial, .. } = &mut *paged else { return Ok(()) };
        let before = *done;
        let settled = |page: &PageIndex| {
            present.contains(*page) && (all || !trial.contains(*page)) && source.is_settled(*page)
        };
        let settled: Vec<PageIndex> = pages.iter().filter(settled).collect();
        // As long runs as there are, each in one call.
        for run in settled.chunk_by(|one, next| one.0 + 1 == next.0) {
            let (first, count) = (run[0], run.len() as u64);
            let slots = limbo.make_room(count)?;
            let (slot, count) = (slots.start, slots.len() as u64);
            let bytes = count as usize * PAGE_SIZE;
            let moved =
                self.uffd.move_pages(&self.pagemap, self.mapping.page(first), limbo.place(slot), bytes)?;
            for step in 0..moved / PAGE_SIZE {
                let (page, slot) = (PageIndex(first.0 + step as u32), slot + step);
                // What cannot be told stays.
                if source.holds(page, limbo.bytes(slot)) == Ok(true) {
                    limbo.insert(page, slot);
                    present.remove(page);
                    trial.went(page);
                    done.dropped += 1;
                } else {
                    let (from, to) = (limbo.place(slot), self.mapping.page(page));
                    if self.uffd.move_pages(&self.pagemap, from, to, PAGE_SIZE)? == 0 {
                        return Err(MapperError {
                            what: format!("putting page {} back", page.0),
                            reason: "the kernel holds it".into(),
                        });
                    }
                    done.put_back += 1;
                }
            }
            limbo.settle()?;
        }
        limbo.take_dropped().into_iter().for_each(|page| trial.dropped(page));
        self.evicted.fetch_add(done.dropped - before.dropped, Relaxed);
        self.put_back.fetch_add(done.put_back - before.put_back, Relaxed);
        self.count_resident(&paged);
        Ok(())
    }
}
