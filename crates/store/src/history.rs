//! History: which snapshots stay readable, how they are thinned with age, and what that costs.
//!
//! A checkpoint of the page map is a snapshot that can be kept at the price of the blocks that nothing newer refers to.
//! The kept ones stand in a table that each checkpoint writes; within the *whole* stretch, the last minutes, the log is
//! kept as well, so every epoch there can be read.
//!
//! Key types: [`HistoryPolicy`] (what a user wants), [`Kept`] (one kept checkpoint), [`Keep`] (what reuse must respect).
//!
//! *Invariants:* what the kept table of either superblock names is readable: a checkpoint that leaves the table is given up
//! only when the slot that still names it is overwritten; the whole stretch never reaches back further than it did.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::codec::{Reader, Writer};
use base::{Epoch, PAGE_SIZE, PageBytes};

use crate::error::{CommitError, ReadError};
use crate::format::{BLOCK, Cursor, Entry, Segment, Superblock};
use crate::mutants::{self, Mutant};
use crate::segments::Census;
use crate::store::{Store, WriterState};

const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;
const DAY_NS: u64 = 24 * 60 * MINUTE_NS;

/// Levels that a policy may have.
pub const HISTORY_LEVELS_MAX: usize = 4;
/// Bytes that a tag may have.
pub const TAG_BYTES_MAX: usize = 31;
/// Checkpoints that are kept at most.
pub(crate) const KEPT_MAX: usize = 4096;
/// Bytes of a kept checkpoint in its table.
pub(crate) const KEPT_BYTES: usize = 128;
/// Kept checkpoints in a page of the table.
pub(crate) const KEPT_PER_PAGE: usize = BLOCK / KEPT_BYTES;

const _: () = assert!(KEPT_MAX.is_multiple_of(KEPT_PER_PAGE) && KEPT_MAX / KEPT_PER_PAGE <= 128);

/// One level of thinning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HistoryLevel {
    /// Snapshots up to this age belong to it, nanoseconds.
    pub age_ns: u64,
    /// One is kept in each stretch of so many nanoseconds.
    pub every_ns: u64,
}

/// Which snapshots are kept: all up to an age, then fewer and fewer, within a budget of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryPolicy {
    /// Every snapshot up to this age can be read, nanoseconds.
    pub whole_ns: u64,
    /// What is kept of older ones, by ascending age; unused levels are zero and last.
    pub levels: [HistoryLevel; HISTORY_LEVELS_MAX],
    /// Bytes that history may take beside the live data; zero for the larger of 1 GiB and a quarter of that.
    pub budget_bytes: u64,
}

impl Default for HistoryPolicy {
    /// All of the last minute, one a second for ten minutes, one a minute for a day, one an hour for thirty days.
    fn default() -> Self {
        let mut levels = [HistoryLevel::default(); HISTORY_LEVELS_MAX];
        levels[0] = HistoryLevel { age_ns: 10 * MINUTE_NS, every_ns: SECOND_NS };
        levels[1] = HistoryLevel { age_ns: DAY_NS, every_ns: MINUTE_NS };
        levels[2] = HistoryLevel { age_ns: 30 * DAY_NS, every_ns: 60 * MINUTE_NS };
        HistoryPolicy { whole_ns: MINUTE_NS, levels, budget_bytes: 0 }
    }
}

impl HistoryPolicy {
    /// Keeps no more than recovery needs: what follows the checkpoint before the last.
    pub const NONE: HistoryPolicy = HistoryPolicy {
        whole_ns: 0,
        levels: [HistoryLevel { age_ns: 0, every_ns: 0 }; HISTORY_LEVELS_MAX],
        budget_bytes: 1,
    };

    /// Why the policy makes no sense, if it does not.
    pub fn problem(&self) -> Option<&'static str> {
        let mut last = (self.whole_ns, 0);
        let mut ended = false;
        for level in &self.levels {
            if *level == HistoryLevel::default() {
                ended = true;
                continue;
            }
            if ended || level.age_ns <= last.0 || level.every_ns <= last.1 {
                return Some("each level must reach further back and keep fewer than the one before");
            }
            last = (level.age_ns, level.every_ns);
        }
        None
    }

    /// Whether it keeps no more than [`HistoryPolicy::NONE`] does.
    pub(crate) fn keeps_nothing(&self) -> bool {
        self.whole_ns == 0 && self.levels[0].every_ns == 0
    }

    /// The distance at which checkpoints are wanted, so that there is something to keep; zero for none. Levels finer than
    /// `least_ns` take none of their own: they are read from the log.
    pub(crate) fn finest_ns(&self, least_ns: u64) -> u64 {
        let mut used = self.levels.iter().map(|level| level.every_ns).filter(|&every| every > 0);
        match used.clone().find(|&every| every >= least_ns) {
            Some(every) => every,
            None => used.next().map_or(0, |_| least_ns),
        }
    }

    /// How far back the log is kept whole while the budget allows: over all levels finer than `least_ns`.
    pub(crate) fn reach_ns(&self, least_ns: u64) -> u64 {
        let fine = self.levels.iter().filter(|level| level.every_ns > 0 && level.every_ns < least_ns);
        fine.map(|level| level.age_ns).fold(self.whole_ns, u64::max)
    }

    /// Bytes that history may take beside so many live ones.
    pub(crate) fn budget(&self, live_bytes: u64) -> u64 {
        if self.budget_bytes == 0 { (1u64 << 30).max(live_bytes / 4) } else { self.budget_bytes }
    }

    /// How far one snapshot is to be from the next at this age; `None` beyond the last level.
    fn every_at(&self, age_ns: u64) -> Option<u64> {
        if age_ns <= self.whole_ns {
            return Some(0);
        }
        let used = self.levels.iter().take_while(|level| level.every_ns > 0);
        used.into_iter().find(|level| age_ns <= level.age_ns).map(|level| level.every_ns)
    }

    pub(crate) fn encode(&self, w: &mut Writer) {
        w.u64(self.whole_ns);
        w.u64(self.budget_bytes);
        for level in &self.levels {
            w.u64(level.age_ns);
            w.u64(level.every_ns);
        }
    }

    pub(crate) fn decode(r: &mut Reader<'_>) -> Option<HistoryPolicy> {
        let (whole_ns, budget_bytes) = (r.u64().ok()?, r.u64().ok()?);
        let mut levels = [HistoryLevel::default(); HISTORY_LEVELS_MAX];
        for level in &mut levels {
            *level = HistoryLevel { age_ns: r.u64().ok()?, every_ns: r.u64().ok()? };
        }
        Some(HistoryPolicy { whole_ns, levels, budget_bytes })
    }
}

/// A checkpoint that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) epoch: Epoch,
    pub(crate) wall_ns: u64,
    pub(crate) pages: u64,
    pub(crate) bytes: u64,
    /// Root of its page map.
    pub(crate) root: Entry,
    /// The log behind it.
    pub(crate) log: Cursor,
    /// Groups between that of its epoch and the checkpoint that wrote its tree; 0 when it was a checkpoint then.
    pub(crate) later: u32,
    /// Its name, or nothing; what has one is not thinned.
    pub(crate) tag: String,
}

impl Kept {
    /// The checkpoint of a superblock.
    pub(crate) fn of(superblock: &Superblock) -> Kept {
        Kept {
            epoch: superblock.epoch,
            wall_ns: superblock.wall_ns,
            pages: superblock.pages,
            bytes: superblock.bytes,
            root: superblock.root,
            log: superblock.log,
            later: 0,
            tag: String::new(),
        }
    }

    /// The groups whose trees it needs: its own, and where its tree was written later, that one too.
    pub(crate) fn pins(&self) -> [u64; 2] {
        if mutants::on(Mutant::AsideTreeForgotten) {
            return [self.log.group; 2];
        }
        [self.log.group, self.log.group + u64::from(self.later)]
    }

    fn encode(&self, w: &mut Writer) {
        let start = w.bytes.len();
        for value in [self.epoch.0, self.wall_ns, self.pages, self.bytes] {
            w.u64(value);
        }
        self.root.encode(w);
        w.u32(self.log.segment);
        w.u32(self.log.block);
        for value in [self.log.generation, self.log.chain, self.log.sequence, self.log.group] {
            w.u64(value);
        }
        w.u32(self.tag.len() as u32);
        w.u32(self.later);
        w.raw(self.tag.as_bytes());
        w.pad_to(start + KEPT_BYTES);
    }

    fn decode(raw: &[u8]) -> Option<Kept> {
        let mut r = Reader::new(raw);
        let mut v = [0u64; 4];
        for value in &mut v {
            *value = r.u64().ok()?;
        }
        let root = Entry::decode(&mut r)?;
        let (segment, block) = (r.u32().ok()?, r.u32().ok()?);
        let mut c = [0u64; 4];
        for value in &mut c {
            *value = r.u64().ok()?;
        }
        let log = Cursor { segment, block, generation: c[0], chain: c[1], sequence: c[2], group: c[3] };
        let len = Some(r.u32().ok()? as usize).filter(|&len| len <= TAG_BYTES_MAX)?;
        let later = r.u32().ok()?;
        let tag = String::from_utf8(r.take(len).ok()?.into()).ok()?;
        Some(Kept { epoch: Epoch(v[0]), wall_ns: v[1], pages: v[2], bytes: v[3], root, log, later, tag })
    }
}

/// The table as pages.
pub(crate) fn encode_table(kept: &[Kept]) -> Vec<Box<PageBytes>> {
    let encode_page = |page: &[Kept]| {
        let mut w = Writer::new();
        page.iter().for_each(|kept| kept.encode(&mut w));
        let mut bytes = Box::new([0u8; PAGE_SIZE]);
        bytes[..w.bytes.len()].copy_from_slice(&w.bytes);
        bytes
    };
    kept.chunks(KEPT_PER_PAGE).map(encode_page).collect()
}

/// Appends the entries of one page of the table, up to `count` in all; `None` when it makes no sense.
pub(crate) fn decode_table_page(kept: &mut Vec<Kept>, page: &PageBytes, count: usize) -> Option<()> {
    for raw in page.chunks(KEPT_BYTES).take(count.saturating_sub(kept.len())) {
        kept.push(Kept::decode(raw)?);
    }
    Some(())
}

/// What must stay readable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keep {
    /// Everything from this group on.
    pub(crate) group: u64,
    /// What is kept from before this group is history; the rest is kept for recovery and for the snapshot before the newest.
    pub(crate) recent: u64,
    /// The trees of these groups, ascending.
    pub(crate) pins: Arc<[u64]>,
}

impl Keep {
    /// Whether the tree of a kept group may refer to a block that was written in group `first` or later and superseded
    /// in group `superseded` or earlier.
    pub(crate) fn pins(&self, first: u64, superseded: u64) -> bool {
        if mutants::on(Mutant::KeptTreeForgotten) {
            return false;
        }
        let next = self.pins.partition_point(|&group| group < first);
        self.pins.get(next).is_some_and(|&group| group < superseded)
    }
    /// Whether history needs what is superseded in the segment, or its records.
    pub(crate) fn is_history(&self, segment: &Segment) -> bool {
        let in_whole_stretch = segment.superseded_group > self.group || self.is_in_log(segment);
        self.group < self.recent && in_whole_stretch
            || self.pins(segment.first_group, segment.superseded_group.min(self.recent))
    }
    /// Whether the log of the whole stretch stands in it.
    pub(crate) fn is_in_log(&self, segment: &Segment) -> bool {
        segment.written_group >= self.group && self.group < self.recent
    }
}

/// How hard history is pressed by its budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pressure {
    /// The share of the kept ones that go, in 256ths: what history takes beyond its budget.
    pub(crate) excess: u64,
    /// The whole stretch is halved so many times.
    pub(crate) squeeze: u32,
    /// The device was full: give up all that has no name.
    pub(crate) shed: bool,
}

impl Pressure {
    /// Compares what history takes with its budget in blocks; `garbage` of its blocks are not counted.
    pub(crate) fn measure(&mut self, census: &Census, budget: u64, garbage: u64) {
        let history = census.history_blocks.saturating_sub(garbage);
        // A sixteenth of it is for what comes before those that go are gone.
        let beyond = history.saturating_sub(budget - budget / 16);
        self.excess = (256 * beyond).div_ceil(history.max(1));
        if census.log_blocks > budget / 2 {
            self.squeeze = (self.squeeze + 1).min(20);
        } else if census.log_blocks < budget / 8 {
            self.squeeze = self.squeeze.saturating_sub(1);
        }
    }
}

/// When a table is thinned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Wall time of the newest snapshot.
    pub(crate) wall_ns: u64,
    /// Its epoch.
    pub(crate) epoch: Epoch,
    /// The group from which on every epoch can be read so far.
    pub(crate) whole_from: u64,
    /// The group of the newest checkpoint so far.
    pub(crate) last_group: u64,
    /// Levels finer than this are read from the log.
    pub(crate) least_ns: u64,
}

/// What is left of `kept` (ascending), and the group from which on every epoch can be read then. The checkpoint that leads
/// to the snapshot before the newest stays, unless the device was full.
pub(crate) fn thin(kept: &[Kept], policy: &HistoryPolicy, pressure: Pressure, now: Now) -> (Vec<Kept>, u64) {
    let before = kept.iter().rfind(|one| one.epoch < now.epoch && !pressure.shed).map(|one| one.log.group);
    let must_stay = |one: &Kept| !one.tag.is_empty() || Some(one.log.group) == before;
    let mut left: Vec<Kept> = Vec::new();
    let mut bucket = None;
    for one in kept {
        let age = now.wall_ns.saturating_sub(one.wall_ns);
        let this = policy.every_at(age).map(|every| (every, one.wall_ns.checked_div(every)));
        let first_of_its_stretch = match this {
            None => false,
            Some((0, _)) => true,
            Some(_) => this != bucket,
        };
        if first_of_its_stretch && !pressure.shed || must_stay(one) {
            left.push(one.clone());
        }
        // A named one does not stand for its stretch, which may lose the name.
        if first_of_its_stretch {
            bucket = this;
        }
    }
    let unnamed = left.iter().filter(|one| !must_stay(one)).count();
    let pressed = (unnamed as u64 * pressure.excess).div_ceil(256) as usize;
    let mut drop = pressed.max(left.len().saturating_sub(KEPT_MAX));
    left.retain(|one| {
        let goes = drop > 0 && !must_stay(one);
        drop -= usize::from(goes);
        !goes
    });
    let reach = policy.reach_ns(now.least_ns) >> pressure.squeeze;
    let base = left.iter().find(|one| {
        one.log.group >= now.whole_from
            && !pressure.shed
            && (Some(one.log.group) == before || now.wall_ns.saturating_sub(one.wall_ns) <= reach)
    });
    let from = base.map_or(now.last_group, |one| one.log.group).max(now.whole_from);
    (left, from)
}

/// A name could not be given. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// The name is too long, empty, or has a control character.
    #[error(
        "the tag {tag:?} cannot be used: 1 to {TAG_BYTES_MAX} bytes without control characters, not only digits"
    )]
    BadName {
        /// The name.
        tag: String,
    },
    /// The snapshot is not kept, or what leads to it cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The checkpoint that holds the name could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A policy could not be set. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It contradicts itself.
    #[error("the history policy makes no sense: {what}")]
    Senseless {
        /// In which way.
        what: &'static str,
    },
    /// It would keep no snapshot but the newest.
    #[error(
        "the history policy keeps nothing: give an age up to which every snapshot is kept, or a level of older ones"
    )]
    KeepsNothing,
    /// The checkpoint that holds the policy could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Store {
    /// The policy by which snapshots are kept.
    pub fn history_policy(&self) -> HistoryPolicy {
        self.shared.read.lock().checkpoint.policy
    }

    /// Keeps snapshots by another policy from now on. Durable when this returns.
    ///
    /// # Errors
    /// When the policy makes no sense, keeps nothing (only a new world can be given [`HistoryPolicy::NONE`]), or the
    /// checkpoint cannot be written; the policy is then as before.
    pub fn set_history_policy(&self, policy: HistoryPolicy) -> Result<(), PolicyError> {
        if let Some(what) = policy.problem() {
            return Err(PolicyError::Senseless { what });
        }
        if policy.keeps_nothing() {
            return Err(PolicyError::KeepsNothing);
        }
        let mut writer = self.shared.take_writer()?;
        writer.policy = Some(policy);
        let done = self.shared.checkpoint(&mut writer).map(drop);
        if done.is_err() {
            writer.policy = None;
        }
        self.shared.put_back(writer);
        Ok(done?)
    }

    /// Names a snapshot, any of [`Store::snapshots`], so that it is never thinned. An empty name takes the name away. Durable
    /// when this returns. The epoch that a name stood for before loses it.
    ///
    /// One that is not at a checkpoint gets a page map of its own for this: some nodes for each page that was committed between
    /// the checkpoint before it and it.
    ///
    /// # Errors
    /// When the name cannot be used, the snapshot is not kept, or the checkpoint cannot be written.
    pub fn tag(&self, epoch: Epoch, tag: &str) -> Result<(), TagError> {
        let digits = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_digit());
        if tag.len() > TAG_BYTES_MAX || digits || tag.chars().any(char::is_control) {
            return Err(TagError::BadName { tag: tag.into() });
        }
        let mut writer = self.shared.take_writer()?;
        let done = self.name(&mut writer, epoch, tag);
        writer.renamed.clear();
        writer.aside = None;
        self.shared.put_back(writer);
        done
    }

    fn name(&self, writer: &mut WriterState, epoch: Epoch, tag: &str) -> Result<(), TagError> {
        // The newest becomes a checkpoint first; its successor's table is the first that it stands in.
        if epoch == self.last_epoch() {
            self.shared.checkpoint(writer)?;
        }
        let named: Vec<(Epoch, String)> = {
            let read = self.shared.read.lock();
            let all = read.kept.iter().map(|kept| (kept.epoch, kept.tag.clone()));
            all.chain([(read.checkpoint.epoch, String::new())]).collect()
        };
        let mut held = None;
        if !named.iter().any(|kept| kept.0 == epoch) {
            if tag.is_empty() {
                self.reader_at(epoch)?;
                return Ok(());
            }
            let (aside, reader) = self.aside(epoch)?;
            writer.aside = Some(aside);
            held = Some(reader);
        }
        if !tag.is_empty() {
            let others = named.iter().filter(|kept| kept.1 == tag && kept.0 != epoch);
            writer.renamed.extend(others.map(|kept| (kept.0, String::new())));
        }
        writer.renamed.push((epoch, tag.into()));
        let done = self.shared.checkpoint(writer);
        drop(held);
        Ok(done.map(drop)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Kept {
        Kept {
            epoch: Epoch(second),
            wall_ns: second * SECOND_NS,
            pages: 1,
            bytes: 2,
            root: Entry::NONE,
            log: Cursor { group: second, ..Cursor::default() },
            later: second as u32 % 3,
            tag: String::new(),
        }
    }

    fn now_is(second: u64, whole_from: u64) -> Now {
        let (wall_ns, epoch, last_group) = (second * SECOND_NS, Epoch(second), second);
        Now { wall_ns, epoch, whole_from, last_group, least_ns: 15 * SECOND_NS }
    }

    fn seconds(kept: &[Kept]) -> Vec<u64> {
        kept.iter().map(|one| one.epoch.0).collect()
    }

    #[test]
    fn the_table_is_read_as_it_was_written() {
        let mut kept: Vec<Kept> = (1..100).map(at).collect();
        kept[7].tag = "before the change".into();
        let pages = encode_table(&kept);
        let mut read = Vec::new();
        for page in &pages {
            decode_table_page(&mut read, page, kept.len()).unwrap();
        }
        assert_eq!(read, kept);
    }

    #[test]
    fn a_day_is_thinned_to_minutes_and_a_month_to_hours() {
        let policy = HistoryPolicy::default();
        let now = 3 * 86_400;
        let mut kept: Vec<Kept> = Vec::new();
        let mut from = 0;
        for second in (0..now).step_by(20) {
            kept.push(at(second));
            (kept, from) = thin(&kept, &policy, Pressure::default(), now_is(second + 1, from));
        }
        let ages: Vec<u64> = kept.iter().map(|one| now - one.epoch.0).collect();
        assert!(ages.iter().filter(|&&age| age <= 600).count() >= 29, "all of the last ten minutes");
        let day = ages.iter().filter(|&&age| (700..86_000).contains(&age)).count();
        assert!((1420..=1424).contains(&day), "{day}");
        let gaps = seconds(&kept).windows(2).map(|pair| pair[1] - pair[0]).max();
        assert_eq!(gaps, Some(3600));
        assert_eq!(from, kept.iter().find(|one| now - 20 - one.epoch.0 <= 600).unwrap().log.group);
    }

    #[test]
    fn a_named_one_stays_and_pressure_takes_the_oldest() {
        let policy = HistoryPolicy::default();
        let mut kept: Vec<Kept> = (0..16).map(|minute| at(minute * 60)).collect();
        kept[2].tag = "mine".into();
        let pressed = Pressure { excess: 32, squeeze: 1, shed: false };
        let (left, from) = thin(&kept, &policy, pressed, now_is(16 * 60, 3));
        assert_eq!(
            seconds(&left)[..3],
            [120, 180, 240],
            "the named one and what is younger than the oldest two"
        );
        assert_eq!(from, 11 * 60, "five minutes are whole instead of ten");
        let shed = Pressure { shed: true, ..pressed };
        let (left, from) = thin(&kept, &policy, shed, now_is(16 * 60, 3));
        assert_eq!((seconds(&left), from), (alloc::vec![120], 960));
    }

    #[test]
    fn fine_levels_are_read_from_the_log_and_take_no_checkpoints() {
        let policy = HistoryPolicy::default();
        assert_eq!(policy.finest_ns(15 * SECOND_NS), MINUTE_NS);
        assert_eq!(policy.reach_ns(15 * SECOND_NS), 10 * MINUTE_NS);
        assert_eq!((policy.finest_ns(0), policy.reach_ns(0)), (SECOND_NS, MINUTE_NS));
        let mut fine = HistoryPolicy::NONE;
        assert_eq!(fine.finest_ns(15), 0);
        fine.levels[0] = HistoryLevel { age_ns: 50, every_ns: 2 };
        assert_eq!((fine.finest_ns(15), fine.reach_ns(15)), (15, 50));
    }

    #[test]
    fn policies_that_make_no_sense_are_told() {
        assert_eq!(HistoryPolicy::default().problem(), None);
        assert_eq!(HistoryPolicy::NONE.problem(), None);
        let mut wrong = HistoryPolicy::default();
        wrong.levels.swap(0, 1);
        assert!(wrong.problem().is_some());
    }
}
