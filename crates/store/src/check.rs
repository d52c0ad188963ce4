//! Checking a whole world: superblocks, records, map nodes, every page's checksum, and the counts of live blocks.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use base::PageIndex;
use base::checksum::checksum;

use crate::disk::READ_GAP_MAX;
use crate::error::{Damage, Part, ReadError};
use crate::format::{BLOCK, Entry, HEADER_BLOCKS, Kind, SLOT_BLOCKS, Stored};
use crate::map;
use crate::recovery::{SlotReport, read_slots, slot_report};
use crate::store::{Shared, Store};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Pages whose content was verified.
    pub pages: u64,
    /// Map nodes that were verified.
    pub nodes: u64,
    /// Everything that is not as it was written, in the order in which it was found.
    pub damage: Vec<Damage>,
    /// Superblock slots that hold nothing usable. One is what a crash in the middle of a checkpoint leaves.
    pub unreadable_slots: u32,
    /// Whether the counts of live blocks could be compared (not while a commit runs or the store is read-only).
    pub accounting_checked: bool,
}

impl CheckReport {
    /// Whether no damage was found.
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }
}

/// Blocks that are read at once at most.
const READ_BLOCKS_MAX: u64 = 256;
/// How far ahead of what is verified the device is told what comes next.
const AHEAD_BLOCKS: u64 = 4096;

/// A check under way.
struct Check<'a> {
    shared: &'a Shared,
    report: CheckReport,
    /// References to the blocks of each segment, as found.
    live: Vec<u32>,
    seen: Seen,
}

/// The blocks that were met, a bit each.
#[derive(Default)]
struct Seen {
    bits: Vec<u64>,
}

impl Seen {
    /// Adds a block; whether it was new.
    fn insert(&mut self, block: u64) -> bool {
        let (word, bit) = ((block / 64) as usize, 1u64 << (block % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        is_new
    }
}

impl Store {
    /// Verifies the newest snapshot, what leads to it, and every kept checkpoint; `progress` hears of pages done and pages in
    /// all.
    ///
    /// # Errors
    /// When the device fails. Damage is no error but stands in the report.
    pub fn check(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<CheckReport, ReadError> {
        let shared = &*self.shared;
        let mut check =
            Check { shared, report: CheckReport::default(), live: Vec::new(), seen: Seen::default() };
        check.slots()?;
        let history = self.shared.load_history();
        check.note(history)?;
        let reader = self.reader_at(self.last_epoch())?;
        let (overlay, root) = {
            let read = shared.read.lock();
            (read.overlay.clone(), read.root)
        };
        let mut pages = check.tree(root, &overlay)?;
        check.kept(&mut pages)?;
        check.pages(pages, progress)?;
        if shared.read.lock().root == root && self.last_epoch() == reader.epoch() {
            check.accounting();
        }
        drop(reader);
        Ok(check.report)
    }
}

impl Check<'_> {
    /// Files damage, passes on what ends the check.
    fn note(&mut self, result: Result<(), ReadError>) -> Result<(), ReadError> {
        match result {
            Err(ReadError::Damaged(damage)) => self.report.damage.push(damage),
            Err(ReadError::UnknownKind { page, kind }) => self.report.damage.push(Damage {
                part: Part::Page,
                block: 0,
                what: alloc::format!("page {} has an entry of unknown kind {kind}", page.0),
            }),
            other => return other,
        }
        Ok(())
    }

    fn slots(&mut self) -> Result<(), ReadError> {
        let slots = read_slots(&self.shared.disk)?;
        for slot in &slots {
            if slot_report(slot) == SlotReport::Unreadable || slot_report(slot) == SlotReport::Blank {
                self.report.unreadable_slots += 1;
            }
        }
        if self.report.unreadable_slots == 2 {
            let what = "neither slot holds a whole superblock".into();
            self.report.damage.push(Damage { part: Part::Superblock, block: SLOT_BLOCKS[0], what });
        }
        Ok(())
    }

    /// Counts a reference of the newest state to a block; whether it is the first to that block.
    fn refer(&mut self, block: u64) -> bool {
        let blocks = self.shared.info.segment_bytes / BLOCK as u64;
        let segment = (block.saturating_sub(HEADER_BLOCKS) / blocks) as usize;
        if block >= self.shared.disk.blocks() {
            return true;
        }
        if segment >= self.live.len() {
            self.live.resize(segment + 1, 0);
        }
        self.live[segment] += 1;
        self.seen.insert(block)
    }

    /// Verifies the map; returns where each page stands in the newest state.
    fn tree(
        &mut self,
        root: Entry,
        overlay: &BTreeMap<u32, Stored>,
    ) -> Result<Vec<(u32, Stored)>, ReadError> {
        let mut pages: Vec<(u32, Stored)> = Vec::new();
        let (mut twice, mut nodes) = (None, 0);
        let mut failures = Vec::new();
        let shared = self.shared;
        let mut visit = |level: u8, page: u32, entry: Entry| {
            let in_block = entry.is(Kind::Full) || entry.is(Kind::Node);
            if in_block && !self.refer(entry.block()) {
                twice = Some(entry.block());
            }
            if level > 0 {
                nodes += 1;
            } else if !overlay.contains_key(&page) {
                pages.push((page, entry.into()));
            } else if in_block {
                // Covered by what was committed since; the full copy may be what changes apply to.
                self.seen.bits[(entry.block() / 64) as usize] &= !(1 << (entry.block() % 64));
            }
            true
        };
        map::walk(&shared.disk, root, &mut visit, &mut |error| failures.push(error));
        for (&page, &stored) in overlay {
            for block in stored.blocks() {
                let is_new = self.refer(block);
                if !is_new && stored.entry.is(Kind::Full) {
                    twice = Some(block);
                }
            }
            pages.push((page, stored));
        }
        self.report.nodes = nodes;
        for failure in failures {
            self.note(Err(failure))?;
        }
        if let Some(block) = twice {
            let what = "two entries of the map refer to it".into();
            self.report.damage.push(Damage { part: Part::MapNode, block, what });
        }
        Ok(pages)
    }

    /// Verifies the maps of the kept checkpoints as far as they are not shared; adds the pages that only they have.
    fn kept(&mut self, pages: &mut Vec<(u32, Stored)>) -> Result<(), ReadError> {
        let kept = self.shared.read.lock().kept.clone();
        let mut failures = Vec::new();
        for one in kept.iter() {
            let mut visit = |level: u8, page: u32, entry: Entry| {
                let is_new = self.seen.insert(entry.block());
                self.report.nodes += u64::from(level > 0 && is_new);
                if level == 0 && (entry.is(Kind::Full) && is_new || entry.is(Kind::Delta)) {
                    pages.push((page, entry.into()));
                }
                is_new || level == 0
            };
            map::walk(&self.shared.disk, one.root, &mut visit, &mut |error| failures.push(error));
        }
        for failure in failures {
            self.note(Err(failure))?;
        }
        Ok(())
    }

    /// Verifies pages in the order in which they stand on the device, many at a time.
    fn pages(
        &mut self,
        mut pages: Vec<(u32, Stored)>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), ReadError> {
        pages.sort_unstable_by_key(|(_, stored)| stored.entry.block());
        let all = pages.len() as u64;
        let mut buffer = Vec::new();
        let (mut rest, mut ahead) = (pages.as_slice(), pages.as_slice());
        while let Some(first) = rest.first() {
            let start = first.1.entry.block();
            if ahead.first().is_some_and(|next| next.1.entry.block() <= start + AHEAD_BLOCKS / 2) {
                ahead = self.announce(ahead, start + AHEAD_BLOCKS);
            }
            let mut end = start;
            let mut near = |&(_, stored): &(u32, Stored)| {
                let block = stored.entry.block();
                let fits = block <= end + READ_GAP_MAX && block < start + READ_BLOCKS_MAX;
                let fits = fits && stored.entry.is(Kind::Full) && block < self.shared.disk.blocks();
                end = end.max(block);
                fits
            };
            let count = rest.iter().take_while(|page| near(page)).count();
            let (run, behind) = rest.split_at(count.max(1));
            rest = behind;
            self.run(run, count > 1, &mut buffer)?;
            let done = self.report.pages;
            if rest.is_empty() || done / 256 != (done - run.len() as u64) / 256 {
                progress(done, all);
            }
        }
        Ok(())
    }

    /// Tells the device of the pages that stand before `end`; the others.
    fn announce<'p>(&self, pages: &'p [(u32, Stored)], end: u64) -> &'p [(u32, Stored)] {
        let block = |page: &(u32, Stored)| page.1.entry.block();
        let (now, later) = pages.split_at(pages.partition_point(|page| block(page) < end));
        self.shared.disk.will_read(now.iter().map(block).collect());
        later
    }

    /// Verifies pages that stand near each other: at once, or one by one where that is no use or failed.
    fn run(&mut self, run: &[(u32, Stored)], at_once: bool, buffer: &mut Vec<u8>) -> Result<(), ReadError> {
        self.report.pages += run.len() as u64;
        let start = run[0].1.entry.block();
        if at_once {
            let blocks = run[run.len() - 1].1.entry.block() - start + 1;
            buffer.resize(blocks as usize * BLOCK, 0);
            self.shared.disk.read(start, buffer)?;
        }
        let mut bytes = [0u8; BLOCK];
        for &(page, stored) in run {
            let at = (stored.entry.block() - start) as usize * BLOCK;
            if at_once && checksum(&buffer[at..at + BLOCK]) == stored.entry.checksum {
                continue;
            }
            let page = PageIndex(page);
            let read = self.shared.read_stored(page, stored, &mut bytes).map(|_| ());
            self.note(read.map_err(|e| map::page_damage(page, e)))?;
        }
        Ok(())
    }

    /// Compares the counts of live blocks with what the map refers to.
    fn accounting(&mut self) {
        let writer = self.shared.writer.lock();
        let Some(writer) = writer.as_ref().filter(|_| self.report.is_sound()) else { return };
        self.report.accounting_checked = true;
        for (i, segment) in writer.log.segments.list.iter().enumerate() {
            let found = self.live.get(i).copied().unwrap_or(0);
            if found != segment.live {
                let what = alloc::format!(
                    "segment {i} has {found} live blocks, its table entry says {}",
                    segment.live
                );
                let block = writer.log.segments.start(i as u32);
                self.report.damage.push(Damage { part: Part::Accounting, block, what });
            }
        }
    }
}
