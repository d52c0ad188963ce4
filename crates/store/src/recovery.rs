//! Opening a world: the newest superblock that can be used, then the log from there to its end.
//!
//! Rules: a group of records counts when all its chunks up to the final one are there. A group followed by a record of
//! the next one was flushed before that was begun; so only the payload of the last group is read, and if it is not
//! whole the group was never acknowledged and is dropped. Where the chain breaks, the log behind is searched: a record
//! of the group after the next one proves that an acknowledged commit is lost, and that is damage, never ignored.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Epoch;
use platform::{BlockDevice, DeviceError};

use crate::disk::Disk;
use crate::error::{CommitError, Damage, OpenError, Part, ReadError};
use crate::format::{
    BLOCK, Cursor, Entry, FORMAT_VERSION, HEADER_BLOCKS, Kind, NODE_ENTRIES, Record, RecordEntry, RecordKind,
    SLOT_BLOCKS, Slot, Superblock, TABLE_PAGE_SEGMENTS, decode_record, node_entry,
};
use crate::history::{KEPT_PER_PAGE, Keep, Kept, decode_table_page};
use crate::log::{LogReader, LogWriter};
use crate::map::read_verified;
use crate::mutants::{self, Mutant};
use crate::segments::Segments;
use crate::store::{Commit, ReadState, Store, StoreOptions, WriterState, apply_entries};

/// How a world is to be opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// Write nothing, ever: for tools.
    pub read_only: bool,
    /// Open an older snapshot when acknowledged ones are damaged; the report says what is lost.
    pub accept_older: bool,
    /// The schema that the caller knows; another one is an error.
    pub schema_hash: Option<u64>,
    /// Sizes; those of segments stand in the file.
    pub options: StoreOptions,
}

/// What was found in a superblock slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotReport {
    /// Never written.
    Blank,
    /// Not a superblock, or damaged; a crash while it was written does that.
    Unreadable,
    /// Whole: number and epoch of its checkpoint.
    Whole {
        /// Number of the checkpoint.
        checkpoint: u64,
        /// Its epoch.
        epoch: Epoch,
    },
}

/// What opening a world found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReport {
    /// The snapshot that is open now.
    pub epoch: Epoch,
    /// Its wall time in nanoseconds since 1970.
    pub wall_ns: u64,
    /// Both superblock slots.
    pub slots: [SlotReport; 2],
    /// Damage that was found; if snapshots are lost, they were given up by `accept_older`.
    pub damage: Vec<Damage>,
    /// An epoch whose commit is incomplete at the end of the log: it was never acknowledged.
    pub discarded: Option<Epoch>,
    /// Records of the log that were read.
    pub records: u64,
    /// Bytes that were read.
    pub read_bytes: u64,
}

/// What following the log from one superblock gave.
struct Recovered {
    state: ReadState,
    writer: WriterState,
    /// An acknowledged commit is lost.
    loss: Option<Damage>,
    discarded: Option<Epoch>,
    records: u64,
}

/// One commit or checkpoint as read from the log.
pub(crate) struct Group {
    pub(crate) kind: RecordKind,
    pub(crate) number: u64,
    pub(crate) epoch: Epoch,
    pub(crate) wall_ns: u64,
    pub(crate) entries: Vec<RecordEntry>,
    /// Segments that it wrote into with their generations; `true` where it was the first to.
    touched: Vec<(u32, u64, bool)>,
    records: u64,
    blocks: u64,
    /// The log before and behind it.
    before: Cursor,
    pub(crate) after: Cursor,
}

impl Store {
    /// Opens the world on `device` at its newest acknowledged snapshot, or a later complete one.
    ///
    /// # Errors
    /// When there is no world, it is of another version or schema, cut or damaged, or the device fails.
    /// Nothing was written then, except when the device failed under the first checkpoint after `accept_older`.
    pub fn open(device: Arc<dyn BlockDevice>, how: OpenOptions) -> Result<(Store, OpenReport), OpenError> {
        let disk = Disk::new(device);
        let slots = read_slots(&disk)?;
        let reports = [slot_report(&slots[0]), slot_report(&slots[1])];
        let candidates = candidates(&disk, slots, &how)?;
        let (recovered, mut damage) = recover_any(&disk, &candidates)?;
        let Recovered { state, mut writer, loss, discarded, records } = recovered;
        let lost = loss.is_some();
        damage.extend(loss);
        if lost && !how.accept_older {
            return Err(OpenError::Damaged { damage, readable: Some(state.epoch) });
        }
        let (epoch, wall_ns) = (state.epoch, state.wall_ns);
        if lost && !how.read_only {
            leave_damaged_log(&disk, &mut writer)?;
        }
        if !how.read_only && !mutants::on(Mutant::OpenWithoutFlush) {
            // An earlier process may have died before its flush: what was just read need not be durable.
            disk.flush()?;
        }
        let store = Store::assemble(disk, how.options, state, (!how.read_only).then_some(writer));
        if lost && !how.read_only {
            store.leave_both_slots().map_err(|e| {
                let reason = alloc::string::ToString::to_string(&e);
                DeviceError::Io { what: "the checkpoints that leave the damage behind".into(), reason }
            })?;
        }
        let read_bytes = store.stats().read_bytes;
        let report = OpenReport { epoch, wall_ns, slots: reports, damage, discarded, records, read_bytes };
        Ok((store, report))
    }
}

impl Store {
    /// Takes two checkpoints, so that neither slot leads to the damaged log any more.
    fn leave_both_slots(&self) -> Result<(), CommitError> {
        for _ in 0..2 {
            if let Some(writer) = self.shared.writer.lock().as_mut() {
                writer.commits_since += 1;
            }
            self.checkpoint()?;
        }
        Ok(())
    }
}

pub(crate) fn read_slots(disk: &Disk) -> Result<[Slot; 2], DeviceError> {
    let mut slots = [Slot::Blank, Slot::Blank];
    for (slot, block) in slots.iter_mut().zip(SLOT_BLOCKS) {
        if block < disk.blocks() {
            let mut bytes = [0u8; BLOCK];
            disk.read(block, &mut bytes)?;
            *slot = Superblock::decode(&bytes);
        }
    }
    Ok(slots)
}

pub(crate) fn slot_report(slot: &Slot) -> SlotReport {
    match slot {
        Slot::Blank => SlotReport::Blank,
        Slot::Valid(s) => SlotReport::Whole { checkpoint: s.checkpoint, epoch: s.epoch },
        Slot::Foreign | Slot::Damaged | Slot::Newer(_) => SlotReport::Unreadable,
    }
}

/// The whole superblocks, newest first.
fn candidates(disk: &Disk, slots: [Slot; 2], how: &OpenOptions) -> Result<Vec<Superblock>, OpenError> {
    if let Some(Slot::Newer(found)) = slots.iter().find(|s| matches!(s, Slot::Newer(_))) {
        return Err(OpenError::NewerFormat { found: *found, known: FORMAT_VERSION });
    }
    let blank = slots.iter().all(|s| *s == Slot::Blank);
    let damaged = slots.contains(&Slot::Damaged);
    let mut whole: Vec<Superblock> = Vec::new();
    for slot in slots {
        if let Slot::Valid(superblock) = slot {
            whole.push(*superblock);
        }
    }
    whole.sort_by_key(|s| core::cmp::Reverse(s.checkpoint));
    let Some(newest) = whole.first() else {
        return Err(match (blank, damaged) {
            (true, _) => OpenError::Empty,
            (_, true) => OpenError::SuperblocksDamaged,
            _ => OpenError::NotAWorld,
        });
    };
    if whole.iter().any(|s| s.world_id != newest.world_id) {
        return Err(OpenError::SuperblocksDamaged);
    }
    if let Some(expected) = how.schema_hash.filter(|&h| h != newest.schema_hash) {
        return Err(OpenError::OtherSchema { found: newest.schema_hash, expected });
    }
    let (len, needed) = (disk.len(), newest.device_bytes());
    if len < needed {
        return Err(OpenError::Truncated { len, needed });
    }
    Ok(whole)
}

/// Recovers from the newest superblock whose tree can be read; also says what was wrong with those before it.
fn recover_any(disk: &Disk, candidates: &[Superblock]) -> Result<(Recovered, Vec<Damage>), OpenError> {
    let mut damage = Vec::new();
    let order: Vec<usize> = if mutants::on(Mutant::WrongFallback) {
        (0..candidates.len()).rev().collect()
    } else {
        (0..candidates.len()).collect()
    };
    for i in order {
        // A slot that fell back to what it once was leads to places that have been reused since.
        let follows = |older: &&Superblock| older.checkpoint + 1 == candidates[i].checkpoint;
        let older = candidates.get(i + 1).filter(follows).cloned();
        match recover(disk, &candidates[i], older) {
            Ok(mut recovered) => {
                let newest = &candidates[0];
                if recovered.writer.log.cursor.group < newest.log.group && recovered.loss.is_none() {
                    recovered.loss = damage.first().cloned();
                }
                return Ok((recovered, damage));
            }
            Err(ReadError::Damaged(found)) => damage.push(found),
            Err(ReadError::Device(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    Err(OpenError::Damaged { damage, readable: None })
}

fn recover(disk: &Disk, superblock: &Superblock, older: Option<Superblock>) -> Result<Recovered, ReadError> {
    let mut segments = load_table(disk, superblock)?;
    if !superblock.root.is_none() {
        read_verified(disk, superblock.root, Part::MapNode)?;
    }
    let on_device = (disk.blocks() - HEADER_BLOCKS) / u64::from(superblock.segment_blocks);
    segments.list.resize((on_device as usize).max(segments.list.len()), Default::default());
    let reader = LogReader {
        disk,
        world_id: superblock.world_id,
        segment_blocks: superblock.segment_blocks,
        segment_count: segments.count(),
    };
    let mut scan = Scan::new(superblock.log);
    let mut groups = Vec::new();
    if !mutants::on(Mutant::WrongFallback) {
        while let Some(group) = scan.next_group(&reader)? {
            groups.push(group);
        }
    }
    let mut discarded = scan.partial_epoch();
    let mut end = groups.last().map_or(superblock.log, |g: &Group| g.after);
    if !scan.has_partial() && !mutants::on(Mutant::LastPayloadNotVerified) {
        // Nothing proves that the last group was flushed: its payload decides.
        let last = groups.last().map(|g| reader.first_bad(&g.entries)).transpose()?.flatten();
        if last.is_some()
            && let Some(dropped) = groups.pop()
        {
            discarded = Some(dropped.epoch);
            end = dropped.before;
        }
    }
    let loss = look_ahead(&reader, &end, &segments)?;
    let records = scan.records;
    let kept = load_kept(disk, superblock)?;
    // An older slot whose table cannot be read leads nowhere any more.
    let kept_before = older.as_ref().and_then(|older| load_kept(disk, older).ok()).unwrap_or_default();
    let history = (Arc::new(kept), Arc::new(kept_before));
    Ok(replay(superblock, older, history, segments, groups, end, loss, discarded, records))
}

/// Reads the table of kept checkpoints that a superblock names.
fn load_kept(disk: &Disk, superblock: &Superblock) -> Result<Vec<Kept>, ReadError> {
    let count = superblock.kept_count as usize;
    let mut kept = Vec::new();
    if superblock.kept.is_none() {
        return Ok(kept);
    }
    let depth = u32::from(count > KEPT_PER_PAGE);
    let mut pages = alloc::vec![superblock.kept];
    if depth > 0 {
        let node = read_verified(disk, superblock.kept, Part::History)?;
        pages = (0..NODE_ENTRIES).map(|i| node_entry(&node, i)).filter(|e| !e.is_none()).collect();
    }
    for page in pages {
        let bytes = read_verified(disk, page, Part::History)?;
        if decode_table_page(&mut kept, &bytes, count).is_none() {
            let what = "the table of kept snapshots makes no sense".into();
            return Err(crate::map::damaged(Part::History, page.block(), what));
        }
    }
    Ok(kept)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts that a recovery was found in, put together in one place"
)]
fn replay(
    superblock: &Superblock,
    older: Option<Superblock>,
    history: (Arc<Vec<Kept>>, Arc<Vec<Kept>>),
    mut segments: Segments,
    groups: Vec<Group>,
    end: Cursor,
    loss: Option<Damage>,
    discarded: Option<Epoch>,
    records: u64,
) -> Recovered {
    let mut state = ReadState::at(superblock.clone(), older);
    (state.kept, state.kept_before) = history;
    let mut overlay = BTreeMap::new();
    let (mut record_bytes, mut log_blocks, mut commits) = (0, 0, 0);
    for group in &groups {
        group.touch(&mut segments);
        record_bytes += group.records * BLOCK as u64;
        log_blocks += group.blocks;
        if group.kind == RecordKind::Commit {
            commits += 1;
            apply_entries(&mut segments, &mut overlay, &group.entries, group.number);
            state.epoch = group.epoch;
            state.wall_ns = group.wall_ns;
            state.history.push(group.delta());
        }
    }
    state.overlay = overlay;
    let keep = state.keep();
    let mut writer = WriterState::new(LogWriter::new(superblock.world_id, segments, end, keep));
    writer.record_bytes = record_bytes;
    writer.log_blocks = log_blocks;
    writer.commits_since = commits;
    let changed = state.overlay.iter().filter(|(_, stored)| stored.entry.is(Kind::Delta));
    writer.changed_pages = changed.map(|(&page, _)| page).collect();
    writer.dirty_leaves = state.overlay.keys().map(|page| page >> 8).collect();
    Recovered { state, writer, loss, discarded, records }
}

/// Reads the segment table that a superblock names; a new world has none and begins in segment 0.
fn load_table(disk: &Disk, superblock: &Superblock) -> Result<Segments, ReadError> {
    let count = superblock.segment_count;
    let mut segments = Segments {
        list: Vec::new(),
        blocks: superblock.segment_blocks,
        next_generation: superblock.next_generation,
        wanted: 0,
        limit: None,
    };
    if superblock.table.is_none() {
        segments.list.resize(count as usize, Default::default());
        segments.list[superblock.log.segment as usize].generation = superblock.log.generation;
        return Ok(segments);
    }
    let mut pages = (count as usize).div_ceil(TABLE_PAGE_SEGMENTS);
    let mut depth = 0;
    while pages > 1 {
        pages = pages.div_ceil(NODE_ENTRIES);
        depth += 1;
    }
    load_table_node(disk, superblock.table, depth, &mut segments, count)?;
    segments.list.resize(count as usize, Default::default());
    Ok(segments)
}

fn load_table_node(
    disk: &Disk,
    entry: Entry,
    depth: u32,
    segments: &mut Segments,
    count: u32,
) -> Result<(), ReadError> {
    let node = read_verified(disk, entry, Part::SegmentTable)?;
    if depth == 0 {
        Segments::decode_page(&mut segments.list, &node, count);
        return Ok(());
    }
    for i in 0..NODE_ENTRIES {
        let child = node_entry(&node, i);
        if !child.is_none() {
            load_table_node(disk, child, depth - 1, segments, count)?;
        }
    }
    Ok(())
}

/// Follows the log group by group.
pub(crate) struct Scan {
    cursor: Cursor,
    partial: Option<Group>,
    pub(crate) records: u64,
}

impl Scan {
    pub(crate) fn new(from: Cursor) -> Scan {
        Scan { cursor: from, partial: None, records: 0 }
    }

    /// Where the next record should stand.
    pub(crate) fn position(&self) -> Cursor {
        self.cursor
    }

    /// Whether the log ends within a group, which proves that the group before was flushed.
    pub(crate) fn has_partial(&self) -> bool {
        self.partial.is_some()
    }

    fn partial_epoch(&self) -> Option<Epoch> {
        self.partial.as_ref().map(|g| g.epoch)
    }

    /// The next complete group; `None` where the log ends or breaks.
    pub(crate) fn next_group(&mut self, reader: &LogReader<'_>) -> Result<Option<Group>, DeviceError> {
        loop {
            let mut cursor = self.cursor;
            let Some(record) = reader.next(&mut cursor)? else { break };
            self.records += 1;
            if !self.take(record, cursor) {
                break;
            }
            if let Some(group) = self.partial.take_if(|g| g.after.group == g.number) {
                return Ok(Some(group));
            }
        }
        if mutants::on(Mutant::FinalIgnored) {
            return Ok(self.partial.take());
        }
        Ok(None)
    }

    /// Adds a record to the group that it belongs to; `false` when it does not continue it.
    fn take(&mut self, record: Record, behind: Cursor) -> bool {
        let header = &record.header;
        let before = self.cursor;
        let group = self.partial.get_or_insert_with(|| Group::new(&record, before));
        let is_jump = header.kind == RecordKind::Jump;
        let fits = header.chunk == group.chunks()
            && (is_jump || header.kind == group.kind || group.entries.is_empty());
        if !fits || header.epoch != group.epoch {
            return false;
        }
        if !is_jump {
            group.kind = header.kind;
        }
        group.add(&record, &before, &behind);
        self.cursor = behind;
        if header.is_final {
            self.cursor.group = header.group;
        }
        group.after = self.cursor;
        true
    }
}

impl Group {
    fn new(first: &Record, before: Cursor) -> Group {
        let header = &first.header;
        Group {
            kind: header.kind,
            number: header.group,
            epoch: header.epoch,
            wall_ns: header.wall_ns,
            entries: Vec::new(),
            touched: Vec::new(),
            records: 0,
            blocks: 0,
            before,
            after: before,
        }
    }

    /// Chunks so far: records that are no jumps.
    fn chunks(&self) -> u32 {
        let jumps = self.touched.iter().filter(|t| t.2).count() as u64;
        (self.records - jumps) as u32
    }

    fn add(&mut self, record: &Record, before: &Cursor, behind: &Cursor) {
        self.records += 1;
        self.blocks += 1 + u64::from(record.payload_blocks);
        self.touched.push((before.segment, before.generation, false));
        if record.header.kind == RecordKind::Jump {
            self.touched.push((behind.segment, behind.generation, true));
        }
        let kept = |e: &&RecordEntry| e.kind != Kind::Zero || !mutants::on(Mutant::ZeroEntryForgotten);
        self.entries.extend(record.entries.iter().filter(kept));
    }

    /// Notes in the segment table what this group wrote.
    fn touch(&self, segments: &mut Segments) {
        for &(segment, generation, is_first) in &self.touched {
            if is_first {
                *segments.get(segment) = Default::default();
                segments.get(segment).generation = generation;
                segments.get(segment).first_group = self.number;
                segments.next_generation = segments.next_generation.max(generation + 1);
            }
            segments.get(segment).written_group = self.number;
        }
    }

    pub(crate) fn delta(&self) -> Arc<Commit> {
        let bytes = self.blocks * BLOCK as u64;
        Commit::new(self.number, self.epoch, self.wall_ns, bytes, &self.entries)
    }
}

/// Blocks that are searched behind a break before the search goes on at the end of the segment: more than a record
/// with its payload takes, so that the next record cannot be missed.
const LOOK_AHEAD_BLOCKS: u32 = 260;

/// Searches the log behind `end` for a record that could not be there if the log ended here: one of the group after
/// the next. Its group number proves that the next group was acknowledged.
fn look_ahead(
    reader: &LogReader<'_>,
    end: &Cursor,
    segments: &Segments,
) -> Result<Option<Damage>, DeviceError> {
    if mutants::on(Mutant::NoLookAhead) {
        return Ok(None);
    }
    let mut places = alloc::vec![*end];
    let mut seen = BTreeSet::new();
    let mut probed = false;
    while let Some(at) = places.pop() {
        if !seen.insert((at.segment, at.block, at.generation)) {
            continue;
        }
        let found = find_records(reader, &at)?;
        if let Some(proof) = found.iter().find(|r| r.header.group >= end.group + 2) {
            return Ok(Some(lost_behind(reader, end, proof)));
        }
        let mut ends_segment = reader.must_jump(&at);
        for record in &found {
            let mut behind = at;
            reader.step_over(record, &mut behind);
            if record.header.kind == RecordKind::Jump {
                places.push(behind);
            } else {
                ends_segment |= reader.must_jump(&behind);
            }
        }
        if let Some(last) = found.iter().rfind(|r| r.header.kind != RecordKind::Jump) {
            // Not behind its payload: a stale record may say that it is longer than the whole one there was.
            let next = (last.header.block - reader.at(at.segment, 0)) as u32 + 1;
            places.push(Cursor { block: next, ..at });
        }
        if ends_segment && !probed {
            probed = true;
            places.extend(later_segments(reader, end, segments)?);
        }
    }
    Ok(None)
}

fn lost_behind(reader: &LogReader<'_>, end: &Cursor, proof: &Record) -> Damage {
    let what = alloc::format!(
        "it should continue the log after group {} and does not; block {} holds a record of epoch {}, \
         so at least one acknowledged snapshot is lost",
        end.group,
        proof.header.block,
        proof.header.epoch
    );
    Damage { part: Part::Record, block: reader.next_at(end), what }
}

/// The records of the segment's generation behind `at`: the next few within the distance that is searched, and the
/// jump at the end of the segment.
fn find_records(reader: &LogReader<'_>, at: &Cursor) -> Result<Vec<Record>, DeviceError> {
    let trailer = reader.segment_blocks - 1;
    let count = trailer.saturating_sub(at.block).min(LOOK_AHEAD_BLOCKS);
    let first = reader.at(at.segment, at.block);
    let count = u64::from(count).min(reader.disk.blocks().saturating_sub(first));
    let mut bytes = alloc::vec![0u8; count as usize * BLOCK];
    if count > 0 {
        reader.disk.read(first, &mut bytes)?;
    }
    let mut found = Vec::new();
    for (i, raw) in bytes.chunks_exact(BLOCK).enumerate() {
        let mut block = [0u8; BLOCK];
        block.copy_from_slice(raw);
        found.extend(reader.accept(&block, first + i as u64, at.generation));
    }
    found.extend(reader.record_at(reader.at(at.segment, trailer), at.generation)?);
    Ok(found)
}

/// The starts of all segments that were taken into use after the one of `end`: one of them follows when the jump is
/// damaged.
fn later_segments(
    reader: &LogReader<'_>,
    end: &Cursor,
    segments: &Segments,
) -> Result<Vec<Cursor>, DeviceError> {
    let mut later = Vec::new();
    let keep = Keep { group: u64::MAX, recent: u64::MAX, pins: Arc::default() };
    for segment in segments.reusable(end.segment, &keep) {
        let first = reader.at(segment, 0);
        if first >= reader.disk.blocks() {
            continue;
        }
        let mut block = [0u8; BLOCK];
        reader.disk.read(first, &mut block)?;
        let record = decode_record(&block, first).filter(|r| r.header.world_id == reader.world_id);
        if let Some(record) = record.filter(|r| r.header.generation > end.generation) {
            later.push(Cursor { segment, block: 0, generation: record.header.generation, ..*end });
        }
    }
    Ok(later)
}

/// Lets the log go on in a segment of its own, under a generation that nothing on the device bears, so that what is
/// left of the lost snapshots can never be taken for what follows now.
fn leave_damaged_log(disk: &Disk, writer: &mut WriterState) -> Result<(), OpenError> {
    let log = &mut writer.log;
    for segment in 0..log.segments.count() {
        let mut block = [0u8; BLOCK];
        let first = log.segments.start(segment);
        if first >= disk.blocks() {
            continue;
        }
        disk.read(first, &mut block)?;
        if let Some(record) = decode_record(&block, first) {
            let after = record.header.generation + 1;
            log.segments.next_generation = log.segments.next_generation.max(after);
        }
    }
    // Segments whose first block is damaged may bear later generations still.
    log.segments.next_generation += u64::from(log.segments.count()) + 1;
    let free = log.segments.reusable(log.cursor.segment, &log.keep).next();
    let next = match free {
        Some(next) => next,
        None => {
            log.segments.grow(disk, 1)?;
            log.segments.count() - 1
        }
    };
    let generation = log.segments.open(next, log.cursor.group);
    log.cursor = Cursor { segment: next, block: 0, generation, ..log.cursor };
    let cursor = log.cursor;
    let segments = log.segments.clone();
    writer.log = LogWriter::new(log.world_id(), segments, cursor, log.keep.clone());
    Ok(())
}
