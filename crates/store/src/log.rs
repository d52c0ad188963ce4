//! The log: records are appended chunk by chunk and read back by hopping from one to the next.
//!
//! Key types: [`LogWriter`] (appends one group: a commit or a checkpoint), [`LogReader`] (follows the chain).
//! Invariants: a group that is not completed leaves nothing behind but bytes that nobody refers to;
//! the last block of each segment is kept for the jump to the next one, so that it is found without the chain.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use base::checksum::checksum;
use base::{Epoch, PageBytes, WorldId};
use platform::DeviceError;

use crate::disk::Disk;
use crate::error::CommitError;
use crate::format::{
    BLOCK, Cursor, Kind, Packed, RECORD_ENTRIES_MAX, Record, RecordEntry, RecordHeader, RecordKind, Segment,
    decode_record, encode_record,
};
use crate::history::Keep;
use crate::mutants::{self, Mutant};
use crate::segments::Segments;

/// Where the next record belongs: the segment's last block when no record with a page fits before it.
fn record_block(cursor: &Cursor, segment_blocks: u32) -> u32 {
    if cursor.block + 2 > segment_blocks - 1 { segment_blocks - 1 } else { cursor.block }
}

/// What a group is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupHead {
    pub(crate) kind: RecordKind,
    pub(crate) epoch: Epoch,
    pub(crate) wall_ns: u64,
}

/// A page or a map node as it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) block: u64,
    pub(crate) key: u32,
    pub(crate) kind: Kind,
    pub(crate) level: u8,
}

impl Written {
    /// What the cleaner looks for of an entry; `None` for what it does not move.
    pub(crate) fn of(entry: &RecordEntry) -> Option<Written> {
        let RecordEntry { block, key, kind, level, .. } = *entry;
        matches!(kind, Kind::Full | Kind::Node).then_some(Written { block, key, kind, level })
    }
}

/// Segments of which it is known what was written: 32 KiB of memory for each of 8 MiB.
const WRITTEN_SEGMENTS_MAX: usize = 512;

/// A chunk that is being filled.
#[derive(Clone, Default)]
struct Chunk {
    entries: Packed,
    /// Room for the record's block, then payload that is not on the device yet.
    bytes: Vec<u8>,
    /// Blocks of payload on the device.
    written: u32,
    /// Blocks of payload so far and at most.
    payload: u32,
    capacity: u32,
}

/// Appends groups to the log.
pub(crate) struct LogWriter {
    world_id: WorldId,
    pub(crate) segments: Segments,
    pub(crate) cursor: Cursor,
    /// What must stay readable.
    pub(crate) keep: Keep,
    /// Free segments that a commit leaves to the checkpoint after it.
    pub(crate) reserve: usize,
    /// A checkpoint took of them.
    borrowed: bool,
    /// Blocks of payload that are gathered before they are written.
    pub(crate) gather: u32,
    /// The next record is a jump, although there is room before the end of the segment.
    pub(crate) leaves: bool,
    head: Option<GroupHead>,
    chunk: Option<Chunk>,
    /// The buffer of the last chunk, for the next.
    buffer: Vec<u8>,
    chunks: u32,
    /// Where the group began, and the segments as they were before it touched them.
    begun: Cursor,
    undo: Vec<(u32, Segment)>,
    /// Plans only: positions are assigned, nothing is written.
    dry: bool,
    /// What was written into the segments of these generations, for the cleaner; those of this process only, the latest. Groups
    /// that were abandoned are in it too: nothing refers to their blocks.
    written: BTreeMap<u64, Vec<Written>>,
    /// Blocks of records written in this group.
    pub(crate) group_records: u64,
    pub(crate) group_blocks: u64,
}

impl Chunk {
    /// Writes the payload that was gathered to its place behind the record, which itself comes last.
    fn write_payload(&mut self, disk: &Disk, record_at: u64) -> Result<(), CommitError> {
        let gathered = self.payload - self.written;
        assert_eq!(self.bytes.len(), (1 + gathered as usize) * BLOCK);
        if gathered > 0 {
            disk.write(record_at + 1 + u64::from(self.written), &self.bytes[BLOCK..])
                .map_err(write_failed)?;
        }
        self.bytes.truncate(BLOCK);
        self.written = self.payload;
        Ok(())
    }
}

impl LogWriter {
    pub(crate) fn new(world_id: WorldId, segments: Segments, cursor: Cursor, keep: Keep) -> LogWriter {
        LogWriter {
            world_id,
            segments,
            cursor,
            keep,
            reserve: 1,
            borrowed: false,
            gather: 1,
            leaves: false,
            head: None,
            chunk: None,
            buffer: Vec::new(),
            chunks: 0,
            begun: cursor,
            undo: Vec::new(),
            dry: false,
            written: BTreeMap::new(),
            group_records: 0,
            group_blocks: 0,
        }
    }

    /// The world that is written.
    pub(crate) fn world_id(&self) -> WorldId {
        self.world_id
    }

    /// Number of the group that is being written, or would be next.
    pub(crate) fn group(&self) -> u64 {
        self.begun.group + 1
    }

    /// Begins a group.
    pub(crate) fn begin(&mut self, head: GroupHead) {
        assert!(self.head.is_none(), "one group at a time");
        self.head = Some(head);
        self.begun = self.cursor;
        self.chunks = 0;
        self.group_records = 0;
        self.group_blocks = 0;
        self.undo.clear();
    }

    /// Appends an entry with its payload, if its kind has one; returns it with the block of the payload.
    pub(crate) fn append(
        &mut self,
        disk: &Disk,
        entry: RecordEntry,
        payload: Option<&PageBytes>,
    ) -> Result<RecordEntry, CommitError> {
        self.append_with(disk, entry, payload, &[])
    }

    /// Appends a page as `changes` to the full copy in block `base`; `checksum` is that of the page put together.
    pub(crate) fn append_changes(
        &mut self,
        disk: &Disk,
        key: u32,
        base: u64,
        checksum: u64,
        changes: &[u8],
    ) -> Result<RecordEntry, CommitError> {
        let entry = RecordEntry { key, kind: Kind::Delta, checksum, base, ..RecordEntry::default() };
        self.append_with(disk, entry, None, changes)
    }

    fn append_with(
        &mut self,
        disk: &Disk,
        mut entry: RecordEntry,
        payload: Option<&PageBytes>,
        changes: &[u8],
    ) -> Result<RecordEntry, CommitError> {
        let with_payload = entry.kind.has_payload();
        let packed_bytes = entry.packed_bytes(changes);
        let full = |c: &Chunk| !c.entries.has_room(packed_bytes) || with_payload && c.payload == c.capacity;
        if self.chunk.as_ref().is_some_and(full) {
            self.write_chunk(disk, false)?;
        }
        if self.chunk.is_none() {
            self.open_chunk(disk)?;
        }
        let record_at = self.segments.start(self.cursor.segment) + u64::from(self.cursor.block);
        let Some(chunk) = self.chunk.as_mut() else { unreachable!("a chunk was opened") };
        if with_payload {
            chunk.payload += 1;
            entry.block = record_at + u64::from(chunk.payload);
            if let Some(bytes) = payload.filter(|_| !self.dry) {
                assert_eq!(
                    checksum(bytes),
                    entry.checksum,
                    "the page changed between its checksum and its write"
                );
                chunk.bytes.extend_from_slice(bytes);
                if chunk.payload - chunk.written >= self.gather {
                    chunk.write_payload(disk, record_at)?;
                }
            }
        }
        if entry.kind == Kind::Delta {
            (entry.block, entry.offset) = (record_at, chunk.entries.next_offset());
        }
        chunk.entries.push(&entry, changes);
        if let Some(all) = self.written.get_mut(&self.cursor.generation) {
            all.extend(Written::of(&entry));
        }
        Ok(entry)
    }

    /// Completes the group on the device. It counts once it is flushed and [`LogWriter::accept`] was called.
    pub(crate) fn complete(&mut self, disk: &Disk) -> Result<(), CommitError> {
        if self.chunk.is_none() {
            self.open_chunk(disk)?;
        }
        self.write_chunk(disk, true)
    }

    /// Takes the completed group as the log's last.
    pub(crate) fn accept(&mut self) {
        self.cursor.group = self.begun.group + 1;
        self.begun = self.cursor;
        self.head = None;
        self.undo.clear();
    }

    /// Forgets the group: the next one is written over it.
    pub(crate) fn abandon(&mut self) {
        self.head = None;
        self.chunk = None;
        if mutants::on(Mutant::NoSpaceLeavesHalf) {
            self.begun = self.cursor;
            return;
        }
        self.cursor = self.begun;
        for (segment, before) in self.undo.drain(..).rev() {
            *self.segments.get(segment) = before;
        }
    }

    /// A copy that assigns the positions that this one will assign, and writes nothing.
    pub(crate) fn plan(&self) -> LogWriter {
        let mut plan = LogWriter::new(self.world_id, self.segments.clone(), self.cursor, self.keep.clone());
        (plan.reserve, plan.leaves, plan.head) = (self.reserve, self.leaves, self.head);
        (plan.chunks, plan.begun) = (self.chunks, self.begun);
        plan.dry = true;
        plan.chunk =
            self.chunk.as_ref().map(|c| Chunk { entries: c.entries.clone(), bytes: Vec::new(), ..*c });
        plan
    }

    /// Makes sure that `blocks` more blocks of payload can be appended without growing the device.
    pub(crate) fn ensure_room(&mut self, disk: &Disk, blocks: u64) -> Result<(), CommitError> {
        let open = self.chunk.as_ref().map_or(0, |c| 1 + c.payload);
        let room = (self.segments.blocks - 1).saturating_sub(self.cursor.block + open);
        if u64::from(room) > blocks + blocks / 64 + 4 {
            return Ok(());
        }
        let needed = blocks.div_ceil(u64::from(self.segments.blocks - 1).div_ceil(2)) as usize + 2;
        while self.segments.reusable(self.cursor.segment, &self.keep).take(needed).count() < needed {
            self.segments.grow(disk, 1).map_err(CommitError::NoSpace)?;
        }
        Ok(())
    }

    /// Makes sure that so many segments are free as are left to the checkpoints, if they took of them or the device was full.
    pub(crate) fn ensure_reserve(&mut self, disk: &Disk) -> Result<(), CommitError> {
        if !self.borrowed && self.segments.limit.is_none() {
            return Ok(());
        }
        let (active, reserve) = (self.cursor.segment, self.reserve);
        while self.segments.reusable(active, &self.keep).take(reserve).count() < reserve {
            self.segments.grow(disk, 1).map_err(CommitError::NoSpace)?;
        }
        self.borrowed = false;
        Ok(())
    }

    fn open_chunk(&mut self, disk: &Disk) -> Result<(), CommitError> {
        let trailer = self.segments.blocks - 1;
        if record_block(&self.cursor, self.segments.blocks) == trailer || self.leaves {
            self.jump(disk)?;
            self.leaves = false;
        }
        self.touch(self.cursor.segment);
        let capacity = (trailer - self.cursor.block - 1).min(RECORD_ENTRIES_MAX as u32);
        let mut bytes = core::mem::take(&mut self.buffer);
        bytes.clear();
        bytes.resize(BLOCK, 0);
        self.chunk = Some(Chunk { entries: Packed::with_room(), bytes, written: 0, payload: 0, capacity });
        Ok(())
    }

    fn write_chunk(&mut self, disk: &Disk, is_final: bool) -> Result<(), CommitError> {
        let Some(mut chunk) = self.chunk.take() else { return Ok(()) };
        let at = self.segments.start(self.cursor.segment) + u64::from(self.cursor.block);
        let mut sum = 0;
        if !self.dry {
            let kind = self.head.map_or(RecordKind::Commit, |h| h.kind);
            let header = self.header(kind, at, is_final);
            if chunk.written > 0 {
                chunk.write_payload(disk, at)?;
            }
            sum = encode_record(&header, &chunk.entries, &mut chunk.bytes);
            assert_eq!(chunk.bytes.len(), (1 + (chunk.payload - chunk.written) as usize) * BLOCK);
            disk.write(at, &chunk.bytes).map_err(write_failed)?;
        }
        self.buffer = chunk.bytes;
        self.cursor.block += 1 + chunk.payload;
        self.advance(sum);
        self.chunks += 1;
        self.group_blocks += u64::from(chunk.payload);
        Ok(())
    }

    fn header(&self, kind: RecordKind, block: u64, is_final: bool) -> RecordHeader {
        let (epoch, wall_ns) = self.head.map_or((Epoch(0), 0), |h| (h.epoch, h.wall_ns));
        RecordHeader {
            world_id: self.world_id,
            generation: self.cursor.generation,
            chain: self.cursor.chain,
            sequence: self.cursor.sequence + 1,
            group: self.begun.group + 1,
            epoch,
            wall_ns,
            kind,
            is_final,
            chunk: self.chunks,
            block,
            next_segment: 0,
            next_generation: 0,
        }
    }

    fn advance(&mut self, chain: u64) {
        self.cursor.chain = chain;
        self.cursor.sequence += 1;
        self.group_records += 1;
        self.group_blocks += 1;
    }

    /// Writes the jump into the last block of the segment and goes to the next one.
    fn jump(&mut self, disk: &Disk) -> Result<(), CommitError> {
        let next = self.next_segment(disk)?;
        self.touch(self.cursor.segment);
        self.undo.push((next, self.segments.list[next as usize]));
        let group = self.begun.group + 1;
        let generation = self.segments.open(next, group);
        let mut sum = 0;
        if !self.dry {
            let at = self.segments.start(self.cursor.segment) + u64::from(self.segments.blocks - 1);
            let header = RecordHeader {
                next_segment: next,
                next_generation: generation,
                ..self.header(RecordKind::Jump, at, false)
            };
            let mut block = [0u8; BLOCK];
            sum = encode_record(&header, &Packed::default(), &mut block);
            disk.write(at, &block).map_err(write_failed)?;
        }
        self.advance(sum);
        self.cursor = Cursor { segment: next, block: 0, generation, ..self.cursor };
        if !self.dry {
            self.written.insert(generation, Vec::new());
            if self.written.len() > WRITTEN_SEGMENTS_MAX {
                self.written.pop_first();
            }
        }
        Ok(())
    }

    fn next_segment(&mut self, disk: &Disk) -> Result<u32, CommitError> {
        let is_commit = self.head.is_some_and(|h| h.kind == RecordKind::Commit);
        let leave = if is_commit { self.reserve } else { 0 };
        let active = self.cursor.segment;
        let enough = self.segments.reusable(active, &self.keep).take(leave + 1).count() > leave;
        if !enough {
            assert!(!self.dry, "room was made before planning");
            self.segments.grow(disk, 1).map_err(CommitError::NoSpace)?;
        }
        let mut free = self.segments.reusable(active, &self.keep);
        let next = free.next();
        let left = free.take(self.reserve).count();
        self.borrowed |= !is_commit && left < self.reserve;
        Ok(next.unwrap_or_else(|| unreachable!("the device has just grown")))
    }

    /// All pages and nodes that were written in this generation, if that is known.
    pub(crate) fn take_written(&mut self, generation: u64) -> Option<Vec<Written>> {
        if generation == self.cursor.generation { None } else { self.written.remove(&generation) }
    }

    /// Notes that this group writes into `segment`.
    fn touch(&mut self, segment: u32) {
        let group = self.begun.group + 1;
        let before = self.segments.list[segment as usize];
        if before.written_group != group {
            self.undo.push((segment, before));
            self.segments.get(segment).written_group = group;
        }
    }
}

/// A full device can be tried again, anything else stops the store.
pub(crate) fn write_failed(error: DeviceError) -> CommitError {
    match error {
        DeviceError::NoSpace { .. } => CommitError::NoSpace(error),
        other => CommitError::Device(other),
    }
}

/// Follows the log.
pub(crate) struct LogReader<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) world_id: WorldId,
    pub(crate) segment_blocks: u32,
    pub(crate) segment_count: u32,
}

impl LogReader<'_> {
    /// Block on the device of `block` in `segment`.
    pub(crate) fn at(&self, segment: u32, block: u32) -> u64 {
        crate::format::HEADER_BLOCKS + u64::from(segment) * u64::from(self.segment_blocks) + u64::from(block)
    }

    /// Block on the device where the record after `cursor` must stand.
    pub(crate) fn next_at(&self, cursor: &Cursor) -> u64 {
        self.at(cursor.segment, record_block(cursor, self.segment_blocks))
    }

    /// Whether the record after `cursor` must be a jump.
    pub(crate) fn must_jump(&self, cursor: &Cursor) -> bool {
        record_block(cursor, self.segment_blocks) == self.segment_blocks - 1
    }

    /// Reads the record after `cursor` and moves behind it (behind a jump: to the start of the next segment);
    /// `None` where the log ends or breaks. The group in the cursor is left to the caller.
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Result<Option<Record>, DeviceError> {
        let at = self.next_at(cursor);
        let record = match self.record_at(at, cursor.generation)? {
            None if !self.must_jump(cursor) => self.early_jump(cursor)?,
            record => record,
        };
        let Some(record) = record else { return Ok(None) };
        let header = &record.header;
        let chained = header.chain == cursor.chain && header.sequence == cursor.sequence + 1;
        let in_order = header.group == cursor.group + 1;
        if !in_order || !(chained || mutants::on(Mutant::ChainNotChecked)) {
            return Ok(None);
        }
        self.step_over(&record, cursor);
        Ok(Some(record))
    }

    /// The jump at the end of the segment, if it follows the record before `cursor`: the segment was left early.
    fn early_jump(&self, cursor: &Cursor) -> Result<Option<Record>, DeviceError> {
        let jump = self.record_at(self.at(cursor.segment, self.segment_blocks - 1), cursor.generation)?;
        Ok(jump
            .filter(|jump| jump.header.chain == cursor.chain && jump.header.sequence == cursor.sequence + 1))
    }

    /// Moves `cursor` behind a record that stands in the cursor's segment.
    pub(crate) fn step_over(&self, record: &Record, cursor: &mut Cursor) {
        let header = &record.header;
        cursor.chain = record.checksum;
        cursor.sequence = header.sequence;
        if header.kind == RecordKind::Jump {
            cursor.segment = header.next_segment;
            cursor.generation = header.next_generation;
            cursor.block = 0;
        } else {
            let in_segment = (header.block - self.at(cursor.segment, 0)) as u32;
            cursor.block = in_segment + 1 + record.payload_blocks;
        }
    }

    /// The record in block `at`, if one of this world and generation stands there, whole and plausible.
    pub(crate) fn record_at(&self, at: u64, generation: u64) -> Result<Option<Record>, DeviceError> {
        if at >= self.disk.blocks() {
            return Ok(None);
        }
        let mut block = [0u8; BLOCK];
        self.disk.read(at, &mut block)?;
        Ok(self.accept(&block, at, generation))
    }

    /// As [`LogReader::record_at`], on a block that was read already.
    pub(crate) fn accept(&self, block: &PageBytes, at: u64, generation: u64) -> Option<Record> {
        let record = decode_record(block, at)?;
        let header = &record.header;
        let trailer = u64::from(self.segment_blocks) - 1;
        let in_segment = (at - self.at(0, 0)) % u64::from(self.segment_blocks);
        let placed = match header.kind {
            RecordKind::Jump => in_segment == trailer && header.next_segment < self.segment_count,
            _ => in_segment + u64::from(record.payload_blocks) < trailer,
        };
        let generation_fits = header.generation == generation || mutants::on(Mutant::GenerationNotChecked);
        (header.world_id == self.world_id && generation_fits && placed).then_some(record)
    }

    /// Verifies the payload of `entries`; the first bad one is returned.
    pub(crate) fn first_bad(&self, entries: &[RecordEntry]) -> Result<Option<RecordEntry>, DeviceError> {
        let mut rest: Vec<RecordEntry> = entries.iter().filter(|e| e.kind.has_payload()).copied().collect();
        rest.sort_unstable_by_key(|e| e.block);
        let mut buffer = Vec::new();
        let follows = |a: &RecordEntry, b: &RecordEntry| a.block + 1 == b.block;
        for run in rest.chunk_by(follows).flat_map(|run| run.chunks(256)) {
            if run[0].block + run.len() as u64 > self.disk.blocks() {
                return Ok(Some(run[0]));
            }
            buffer.resize(run.len() * BLOCK, 0);
            self.disk.read(run[0].block, &mut buffer)?;
            for (entry, bytes) in run.iter().zip(buffer.chunks(BLOCK)) {
                if checksum(bytes) != entry.checksum {
                    return Ok(Some(*entry));
                }
            }
        }
        Ok(None)
    }
}

/// An entry for a page of zeros.
pub(crate) fn zero_entry(key: u32) -> RecordEntry {
    RecordEntry { key, kind: Kind::Zero, checksum: checksum(&[0; BLOCK]), ..RecordEntry::default() }
}
