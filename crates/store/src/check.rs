//! Checking a whole world: superblocks, records, map nodes, every page's checksum, and the counts of live blocks.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use base::PageIndex;

use crate::error::{Damage, Part, ReadError};
use crate::format::{BLOCK, Entry, Kind, SLOT_BLOCKS};
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

/// A check under way.
struct Check<'a> {
    shared: &'a Shared,
    report: CheckReport,
    /// Live blocks per segment, as found.
    live: BTreeMap<u32, u32>,
    /// Blocks of the map's nodes.
    nodes: Vec<u64>,
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
            Check { shared, report: CheckReport::default(), live: BTreeMap::new(), nodes: Vec::new() };
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
        check.pages(&pages, progress)?;
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

    /// Verifies the map; returns the newest entry of each page.
    fn tree(&mut self, root: Entry, overlay: &BTreeMap<u32, Entry>) -> Result<Vec<(u32, Entry)>, ReadError> {
        let mut pages = BTreeMap::new();
        let mut blocks = BTreeSet::new();
        let mut twice = None;
        let mut nodes = Vec::new();
        let mut failures = Vec::new();
        let mut refer = |entry: Entry| {
            if (entry.is(Kind::Full) || entry.is(Kind::Node)) && !blocks.insert(entry.block()) {
                twice = Some(entry.block());
            }
        };
        let mut visit = |level: u8, page: u32, entry: Entry| {
            refer(entry);
            if level == 0 {
                pages.insert(page, entry);
            } else {
                nodes.push(entry.block());
            }
            true
        };
        map::walk(&self.shared.disk, root, &mut visit, &mut |error| failures.push(error));
        for (&page, &entry) in overlay {
            refer(entry);
            pages.insert(page, entry);
        }
        self.report.nodes = nodes.len() as u64;
        self.nodes = nodes;
        for failure in failures {
            self.note(Err(failure))?;
        }
        if let Some(block) = twice {
            let what = "two entries of the map refer to it".into();
            self.report.damage.push(Damage { part: Part::MapNode, block, what });
        }
        let segment_blocks = self.shared.info.segment_bytes / BLOCK as u64;
        for block in blocks {
            let segment = (block - crate::format::HEADER_BLOCKS) / segment_blocks;
            *self.live.entry(segment as u32).or_insert(0) += 1;
        }
        Ok(pages.into_iter().collect())
    }

    /// Verifies the maps of the kept checkpoints as far as they are not shared; adds the pages that only they have.
    fn kept(&mut self, pages: &mut Vec<(u32, Entry)>) -> Result<(), ReadError> {
        let kept = self.shared.read.lock().kept.clone();
        let mut seen: BTreeSet<u64> = pages.iter().map(|(_, entry)| entry.block()).collect();
        seen.extend(&self.nodes);
        let mut failures = Vec::new();
        for one in kept.iter() {
            let mut visit = |level: u8, page: u32, entry: Entry| {
                let is_new = seen.insert(entry.block());
                self.report.nodes += u64::from(level > 0 && is_new);
                if level == 0 && (entry.is(Kind::Full) && is_new || entry.is(Kind::Delta)) {
                    pages.push((page, entry));
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

    fn pages(&mut self, pages: &[(u32, Entry)], progress: &mut dyn FnMut(u64, u64)) -> Result<(), ReadError> {
        let mut bytes = [0u8; BLOCK];
        for (done, &(page, entry)) in pages.iter().enumerate() {
            let page = PageIndex(page);
            let read = self.shared.read_entry(page, entry, &mut bytes).map(|_| ());
            self.note(read.map_err(|e| map::page_damage(page, e)))?;
            self.report.pages += 1;
            if done % 256 == 255 || done + 1 == pages.len() {
                progress(done as u64 + 1, pages.len() as u64);
            }
        }
        Ok(())
    }

    /// Compares the counts of live blocks with what the map refers to.
    fn accounting(&mut self) {
        let writer = self.shared.writer.lock();
        let Some(writer) = writer.as_ref().filter(|_| self.report.is_sound()) else { return };
        self.report.accounting_checked = true;
        for (i, segment) in writer.log.segments.list.iter().enumerate() {
            let found = self.live.get(&(i as u32)).copied().unwrap_or(0);
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
