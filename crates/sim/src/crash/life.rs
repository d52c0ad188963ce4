//! One life of a world: a seeded workload on a recorded device, and the oracle of what each epoch holds.
//!
//! Key types: [`Life`] (device recording and oracle), [`Workload`] (what is done), [`Content`] (the pages of an epoch).

use base::prng::Prng;
use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex, WorldId};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    CommitError, CommitInfo, CommitWriter, HistoryLevel, HistoryPolicy, OpenOptions, Store, StoreOptions,
    WorldParams,
};

use crate::crash::points::Recording;
use crate::device::{Faults, SimDevice};
use crate::image::Image;

/// All pages of an epoch that hold anything but zeros.
pub(crate) type Content = BTreeMap<u32, Arc<PageBytes>>;

/// What a life does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Commits of all sizes, checkpoints, restarts, failures.
    Mixed,
    /// Commits of one to three pages.
    Small,
    /// Commits of many chunks, over several segments.
    Large,
    /// Steady rewriting of few pages: segments are cleaned and reused.
    Cleaning,
    /// The device is full again and again, in the middle of commits.
    Full,
    /// Snapshots are kept, thinned, named and given up.
    History,
    /// Pages change in a few bytes, again and again.
    Deltas,
    /// Older snapshots become the newest state again.
    Restore,
    /// Live data moves to the front, and the end of the device is given back.
    Compact,
}

impl Workload {
    /// Every workload.
    pub const ALL: &'static [Workload] = &[
        Workload::Mixed,
        Workload::Small,
        Workload::Large,
        Workload::Cleaning,
        Workload::Full,
        Workload::History,
        Workload::Deltas,
        Workload::Restore,
        Workload::Compact,
    ];

    /// The workload of that name.
    pub fn from_name(name: &str) -> Option<Workload> {
        Workload::ALL.iter().copied().find(|w| w.name() == name)
    }
    /// One of how many crash images is lived on in: stale chunks of long commits are what a second life must survive.
    pub(crate) fn second_life_in(self) -> u64 {
        if self == Workload::Large { 12 } else { 40 }
    }
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Mixed => "mixed",
            Workload::Small => "small",
            Workload::Large => "large",
            Workload::Cleaning => "cleaning",
            Workload::Full => "full",
            Workload::History => "history",
            Workload::Deltas => "deltas",
            Workload::Restore => "restore",
            Workload::Compact => "compact",
        }
    }
    fn pages_of_commit(self, rng: &mut Prng) -> u64 {
        match self {
            Workload::Small => 1 + rng.below(3),
            Workload::Large => 10 + rng.below(40),
            Workload::Cleaning => 4 + rng.below(8),
            _ => [1, 2, 5, 9, 20][rng.below(5) as usize],
        }
    }
    fn world_pages(self) -> u64 {
        match self {
            Workload::Small => 12,
            Workload::Large => 60,
            _ => 32,
        }
    }
}

/// A commit that was begun.
#[derive(Clone)]
pub(crate) struct Attempt {
    /// Number of recorded operations before it.
    pub(crate) op: usize,
    pub(crate) epoch: u64,
    pub(crate) content: Arc<Content>,
}

/// A commit whose pages are put, and what it holds.
struct Begun {
    writer: CommitWriter,
    attempt: Attempt,
}

/// An epoch that was acknowledged.
#[derive(Clone)]
pub(crate) struct Acknowledged {
    /// Number of recorded operations before the acknowledgement.
    pub(crate) op: usize,
    pub(crate) epoch: u64,
    pub(crate) content: Arc<Content>,
    /// The acknowledged epoch before, if it must be readable too.
    pub(crate) before: Option<(u64, Arc<Content>)>,
}

/// A world from its creation or recovery on, as recorded.
pub(crate) struct Life {
    pub(crate) workload: Workload,
    /// What the disk held when the life began.
    pub(crate) base: Image,
    pub(crate) device: SimDevice,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) acknowledged: Vec<Acknowledged>,
    /// What was acknowledged in the lives before this one, as far as it still holds.
    pub(crate) earlier: Vec<Acknowledged>,
    /// Commits of earlier lives that were cut off, or given up for damage, later than what this life began with. Where this
    /// life writes the same pages into the same places and is cut off as well, such a one may be found after all.
    pub(crate) lost: Vec<Attempt>,
    /// Snapshots were given up for damage when the life began.
    pub(crate) after_damage: bool,
    /// The device was full at some time.
    pub(crate) met_full_device: bool,
    pub(crate) wall_ns: u64,
    /// Pages that the cleaner moved, and checkpoints.
    pub(crate) cleaned_pages: u64,
    pub(crate) checkpoints: u64,
}

/// Sizes that make a few hundred blocks show everything.
fn tiny(workload: Workload, rng: &mut Prng) -> StoreOptions {
    // Records of more than 24 entries reach into a second sector.
    let blocks = if workload == Workload::Large { 40 } else { 8 } + rng.below(16);
    StoreOptions {
        segment_bytes: blocks * PAGE_SIZE as u64,
        initial_segments: 3,
        checkpoint_record_bytes: (2 + rng.below(10)) * PAGE_SIZE as u64,
        checkpoint_distance_ns: 0,
        cached_nodes_max: 16,
        cached_bases_max: 6,
        history: match workload {
            Workload::History | Workload::Restore => short_history(rng),
            Workload::Deltas | Workload::Compact if rng.chance(1, 2) => short_history(rng),
            _ => HistoryPolicy::NONE,
        },
        gathered_pages: if rng.chance(1, 4) { 1 + rng.below(8) as u32 } else { 64 },
    }
}

/// Nanoseconds stand for commits: the clock of a life counts them.
pub(crate) fn short_history(rng: &mut Prng) -> HistoryPolicy {
    let mut history = HistoryPolicy::NONE;
    history.whole_ns = rng.below(12);
    history.levels[0] = HistoryLevel { age_ns: 12 + rng.below(20), every_ns: 2 + rng.below(4) };
    if rng.chance(1, 2) {
        history.levels[1] = HistoryLevel { age_ns: 60 + rng.below(100), every_ns: 7 + rng.below(9) };
    }
    history.budget_bytes = [1, 100_000, 1 << 40][rng.below(3) as usize];
    history
}

pub(crate) fn open_options(workload: Workload) -> OpenOptions {
    let records = if matches!(workload, Workload::Cleaning | Workload::Full) { 2 } else { 5 };
    OpenOptions {
        options: StoreOptions {
            checkpoint_record_bytes: records * PAGE_SIZE as u64,
            checkpoint_distance_ns: 0,
            cached_nodes_max: 16,
            cached_bases_max: 6,
            gathered_pages: 4,
            ..StoreOptions::default()
        },
        ..OpenOptions::default()
    }
}

impl Life {
    /// A new world and `steps` steps of its workload.
    ///
    /// # Errors
    /// What the store did wrong while nothing crashed.
    pub(crate) fn first(workload: Workload, rng: &mut Prng, steps: u64) -> Result<Life, String> {
        let device = SimDevice::new();
        let params = WorldParams {
            world_id: WorldId(rng.next_u64().to_le_bytes().repeat(2).try_into().unwrap_or([1; 16])),
            schema_hash: 1,
            created_ns: 1,
            options: tiny(workload, rng),
        };
        let store = Store::create(Arc::new(device.clone()), params).map_err(|e| e.to_string())?;
        let empty = Arc::new(Content::new());
        // What a crash during creation leaves is no world yet: the life begins behind it.
        let device = SimDevice::from_image(device.image());
        drop(store);
        let mut life = Life {
            workload,
            base: device.image(),
            device,
            attempts: Vec::new(),
            acknowledged: vec![Acknowledged { op: 0, epoch: 0, content: empty, before: None }],
            earlier: Vec::new(),
            lost: Vec::new(),
            after_damage: false,
            met_full_device: false,
            wall_ns: 100,
            cleaned_pages: 0,
            checkpoints: 0,
        };
        life.run(rng, steps)?;
        Ok(life)
    }

    /// The life that goes on from a crash image which recovered to `last`.
    ///
    /// # Errors
    /// What the store did wrong while nothing crashed.
    pub(crate) fn after(
        &self,
        image: Image,
        last: Acknowledged,
        rng: &mut Prng,
        steps: u64,
    ) -> Result<Life, String> {
        let mut life = Life {
            workload: self.workload,
            base: image.clone(),
            device: SimDevice::from_image(image),
            attempts: Vec::new(),
            earlier: self.history_until(last.epoch),
            lost: self.lost_after(last.epoch),
            acknowledged: vec![Acknowledged { op: 0, ..last }],
            after_damage: self.after_damage,
            met_full_device: self.met_full_device,
            wall_ns: self.wall_ns + 1_000_000,
            cleaned_pages: 0,
            checkpoints: 0,
        };
        life.run(rng, steps)?;
        Ok(life)
    }

    /// The life that gives up what is damaged in `image` and goes on from `last`.
    pub(crate) fn after_loss(
        &self,
        image: Image,
        last: Acknowledged,
        rng: &mut Prng,
    ) -> Result<Life, String> {
        let device = SimDevice::from_image(image.clone());
        let how = OpenOptions { accept_older: true, ..open_options(self.workload) };
        let (store, _) = Store::open(Arc::new(device.clone()), how).map_err(|e| e.to_string())?;
        drop(store);
        let mut life = Life {
            workload: self.workload,
            base: device.image(),
            device: SimDevice::from_image(device.image()),
            attempts: Vec::new(),
            earlier: self.history_until(last.epoch),
            lost: self.lost_after(last.epoch),
            acknowledged: vec![Acknowledged { op: 0, before: None, ..last }],
            after_damage: true,
            met_full_device: self.met_full_device,
            wall_ns: self.wall_ns + 1_000_000,
            cleaned_pages: 0,
            checkpoints: 0,
        };
        life.run(rng, 6)?;
        Ok(life)
    }

    /// What was done to its device.
    pub(crate) fn recording(&self) -> Recording {
        Recording::new(self.base.clone(), &self.device)
    }

    /// What was begun after `epoch` in this life or before it; what was acknowledged of that was begun as well.
    fn lost_after(&self, epoch: u64) -> Vec<Attempt> {
        let begun = self.lost.iter().chain(&self.attempts).filter(|attempt| attempt.epoch > epoch);
        begun.map(|attempt| Attempt { op: 0, ..attempt.clone() }).collect()
    }

    fn history_until(&self, epoch: u64) -> Vec<Acknowledged> {
        self.earlier.iter().chain(&self.acknowledged).filter(|a| a.epoch < epoch).cloned().collect()
    }

    pub(crate) fn newest(&self) -> &Acknowledged {
        &self.acknowledged[self.acknowledged.len() - 1]
    }

    /// What is known of an acknowledged epoch.
    pub(crate) fn known(&self, epoch: u64) -> Option<Acknowledged> {
        self.earlier.iter().chain(&self.acknowledged).rev().find(|a| a.epoch == epoch).cloned()
    }

    fn open(&mut self) -> Result<Store, String> {
        let (store, report) = Store::open(Arc::new(self.device.clone()), open_options(self.workload))
            .map_err(|e| format!("reopening without a crash: {e}"))?;
        // Opening makes durable what it found, so it acknowledges it.
        let newest = self.newest().clone();
        if report.epoch.0 < newest.epoch {
            return Err(format!("reopened at {}, acknowledged was {}", report.epoch, newest.epoch));
        }
        if report.epoch.0 > newest.epoch {
            let attempt = self.attempts.iter().rev().find(|a| a.epoch == report.epoch.0).cloned();
            let attempt = attempt.ok_or_else(|| format!("reopened at {}, never begun", report.epoch))?;
            self.acknowledge(attempt.epoch, attempt.content);
        }
        Ok(store)
    }

    pub(crate) fn acknowledge(&mut self, epoch: u64, content: Arc<Content>) {
        let before = Some((self.newest().epoch, self.newest().content.clone()));
        let op = self.device.op_count();
        self.acknowledged.push(Acknowledged { op, epoch, content, before });
    }

    fn run(&mut self, rng: &mut Prng, steps: u64) -> Result<(), String> {
        let mut store = self.open()?;
        for _ in 0..steps {
            match rng.below(20) {
                0 => {
                    store.checkpoint().map_err(|e| format!("checkpoint: {e}"))?;
                }
                1 => {
                    store.close().map_err(|e| format!("close: {e}"))?;
                    store = self.open()?;
                }
                2 => {
                    // The process dies in the middle of a commit; the disk lives.
                    let writer = self.begin(&store, rng)?;
                    drop(writer);
                    store = self.open()?;
                }
                3 => {
                    // The commit is whole in the disk's cache, and the process dies before its flush.
                    self.device.set_faults(Faults { flush_fails_at: Some(0), ..Faults::default() });
                    let finished = match self.begin(&store, rng) {
                        Ok(begun) => begun.map(|begun| self.finish(begun)),
                        // It made room first, and that flush failed.
                        Err(_) if self.met_full_device => None,
                        Err(error) => return Err(error),
                    };
                    self.device.set_faults(Faults::default());
                    if let Some(Ok(info)) = finished {
                        return Err(format!("epoch {} was acknowledged without a flush", info.epoch));
                    }
                    store = self.open()?;
                }
                4 | 5 => self.fill_up(&store, rng)?,
                draw if self.special_step(&store, rng, draw)? => {}
                _ => self.commit(&store, rng)?,
            }
        }
        Ok(())
    }

    /// Lets a commit meet a full device somewhere, then tries again with room.
    pub(crate) fn fill_up(&mut self, store: &Store, rng: &mut Prng) -> Result<(), String> {
        self.met_full_device = true;
        self.device.set_faults(Faults { no_space_at: Some(rng.below(8)), ..Faults::default() });
        let begun = self.begin(store, rng);
        let done = begun?.map(|begun| self.finish(begun));
        self.device.set_faults(Faults::default());
        match done {
            Some(Ok(_)) => Ok(()),
            Some(Err(CommitError::NoSpace(_))) | None => self.commit(store, rng),
            Some(Err(error)) => Err(format!("commit on a full device: {error}")),
        }
    }

    fn commit(&mut self, store: &Store, rng: &mut Prng) -> Result<(), String> {
        let begun = self.begin(store, rng)?.ok_or("no room on a device that grows")?;
        let info = self.finish(begun).map_err(|e| format!("commit: {e}"))?;
        info.checkpoint.map_err(|e| format!("checkpoint: {e}"))?;
        Ok(())
    }

    /// Finishes a commit. One that found no room left no final record, so it can never be recovered.
    fn finish(&mut self, begun: Begun) -> Result<CommitInfo, CommitError> {
        self.attempts.push(begun.attempt.clone());
        let done = begun.writer.finish();
        match &done {
            Ok(info) => {
                self.cleaned_pages += info.cleaned_pages;
                self.checkpoints += u64::from(info.checkpoint == Ok(true));
                self.acknowledge(begun.attempt.epoch, begun.attempt.content);
            }
            Err(CommitError::NoSpace(_)) => drop(self.attempts.pop()),
            Err(_) => {}
        }
        done
    }

    /// Begins the commit of the next epoch and puts its pages; `None` when the device is full.
    fn begin(&mut self, store: &Store, rng: &mut Prng) -> Result<Option<Begun>, String> {
        let epoch = self.newest().epoch + 1;
        let puts = self.draw(rng);
        let mut content = (*self.newest().content).clone();
        for (page, bytes) in &puts {
            match bytes {
                Some(bytes) => content.insert(*page, bytes.clone()),
                None => content.remove(page),
            };
        }
        let op = self.device.op_count();
        let attempt = Attempt { op, epoch, content: Arc::new(content) };
        self.wall_ns += 1;
        let mut writer = match store.begin_commit(Epoch(epoch), self.wall_ns) {
            Ok(writer) => writer,
            Err(CommitError::NoSpace(_)) => return Ok(None),
            Err(error) => return Err(format!("begin: {error}")),
        };
        for (page, bytes) in puts {
            let put = match bytes {
                Some(bytes) => writer.put(PageIndex(page), &bytes),
                None => writer.put_zero(PageIndex(page)),
            };
            match put {
                Ok(()) => {}
                Err(CommitError::NoSpace(_)) => return Ok(None),
                Err(error) => return Err(format!("put: {error}")),
            }
        }
        Ok(Some(Begun { writer, attempt }))
    }

    /// The pages of a commit with their new content, `None` for zeros; some twice.
    fn draw(&self, rng: &mut Prng) -> Vec<(u32, Option<Arc<PageBytes>>)> {
        if self.workload == Workload::Deltas {
            return self.draw_changes(rng);
        }
        let mut puts = Vec::new();
        for _ in 0..self.workload.pages_of_commit(rng) {
            let i = rng.below(self.workload.world_pages()) as u32;
            // Spread over leaves and inner nodes of the map.
            let page = i + i % 3 * 5_000 + i % 2 * 70_000_000;
            let mut bytes = [0u8; PAGE_SIZE];
            if !rng.chance(1, 7) {
                // Few random bytes tell contents apart; their places differ, so torn pages show.
                let word = rng.next_u64();
                for sector in bytes.chunks_mut(512) {
                    sector[..8].copy_from_slice(&word.to_le_bytes());
                    sector[8..12].copy_from_slice(&page.to_le_bytes());
                }
            }
            let is_zero = bytes[8..].iter().all(|&b| b == 0) && bytes[0] == 0;
            puts.push((page, (!is_zero).then(|| Arc::new(bytes))));
        }
        puts
    }
}
