//! The bytes of a world file: superblocks, records, map nodes and segment table, as `docs/formats/world.md` states them.
//!
//! Key types: [`Superblock`], [`RecordHeader`], [`Entry`], [`Kind`]. Pure encoding: no I/O, and no panic on any input.

use alloc::boxed::Box;
use alloc::vec::Vec;
use base::checksum::{Checksum, checksum};
use base::codec::{Reader, Writer};
use base::{Epoch, PAGE_SIZE, PageBytes, WorldId};

use crate::history::{HistoryPolicy, KEPT_MAX};
use crate::mutants::{self, Mutant};

/// Version of the format that this crate writes.
pub const FORMAT_VERSION: u32 = 2;
/// The oldest version that this crate reads: what later ones added reads as absent there.
const FORMAT_VERSION_MIN: u32 = 1;
/// Blocks of the two superblock slots; 16 KiB apart, so that one bad unit of a disk does not take both.
pub(crate) const SLOT_BLOCKS: [u64; 2] = [0, 4];
/// First block of segment 0.
pub(crate) const HEADER_BLOCKS: u64 = 8;
/// Size of a block in bytes.
pub(crate) const BLOCK: usize = PAGE_SIZE;
/// Entries that fit in a record of one block.
pub(crate) const RECORD_ENTRIES_MAX: usize = (BLOCK - RECORD_ENTRIES_AT) / ENTRY_BYTES;
/// Entries in a map node.
pub(crate) const NODE_ENTRIES: usize = BLOCK / ENTRY_BYTES;
/// Level of the root of the page map; leaves are level 0.
pub(crate) const ROOT_LEVEL: u8 = 3;
/// Bytes of a segment in the segment table.
pub(crate) const SEGMENT_ENTRY_BYTES: usize = 32;
/// Segments in one page of the segment table.
pub(crate) const TABLE_PAGE_SEGMENTS: usize = BLOCK / SEGMENT_ENTRY_BYTES;

const SUPERBLOCK_MAGIC: u64 = u64::from_le_bytes(*b"PHANTOMW");
const RECORD_MAGIC: u64 = u64::from_le_bytes(*b"PHRECORD");
const RECORD_ENTRIES_AT: usize = 128;
const ENTRY_BYTES: usize = 16;
/// Bits of a block number in an entry.
const BLOCK_BITS: u32 = 44;
/// Bytes of the block number behind a record's entry that names another block.
const BASE_BYTES: usize = 8;
/// Magic and checksum stand before what the checksum covers.
const SEALED_FROM: usize = 16;

const _: () = assert!(NODE_ENTRIES == 256 && RECORD_ENTRIES_MAX == 248 && TABLE_PAGE_SEGMENTS == 128);
const _: () = assert!(SLOT_BLOCKS[1] < HEADER_BLOCKS);

/// What an [`Entry`] stands for; the same codes in records and in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Never stored.
    #[default]
    None = 0,
    /// A page in full.
    Full = 1,
    /// Changes against a full page, within the record itself; never in the map.
    Delta = 2,
    /// A node of the page map.
    Node = 3,
    /// A page of zeros, without payload.
    Zero = 4,
    /// A page or node of the segment table.
    Table = 5,
    /// A page in full that an earlier record brought; in records only, in the map it is [`Kind::Full`].
    Again = 6,
}

impl Kind {
    pub(crate) fn from_code(code: u8) -> Option<Kind> {
        [Kind::None, Kind::Full, Kind::Delta, Kind::Node, Kind::Zero, Kind::Table, Kind::Again]
            .get(code as usize)
            .copied()
    }
    /// Whether an entry of this kind has a block of payload behind its record.
    pub(crate) fn has_payload(self) -> bool {
        matches!(self, Kind::Full | Kind::Node | Kind::Table)
    }
}

/// Where something stands and the checksum of its block: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    /// Kind in the highest byte, for changes their place in the block in the next 12 bits, block number in the rest.
    location: u64,
    pub(crate) checksum: u64,
}

impl Entry {
    pub(crate) const NONE: Entry = Entry { location: 0, checksum: 0 };

    pub(crate) fn new(kind: Kind, block: u64, checksum: u64) -> Entry {
        assert!(block >> BLOCK_BITS == 0, "block numbers have 44 bits");
        Entry { location: (kind as u64) << 56 | block, checksum }
    }
    /// Changes that stand `offset` bytes into a record's block; the checksum is that of the page put together.
    pub(crate) fn changes(block: u64, offset: usize, checksum: u64) -> Entry {
        assert!(offset < BLOCK, "changes stand within their record");
        let mut entry = Entry::new(Kind::Delta, block, checksum);
        entry.location |= (offset as u64) << BLOCK_BITS;
        entry
    }
    pub(crate) fn is_none(self) -> bool {
        self.location == 0
    }
    pub(crate) fn kind_code(self) -> u8 {
        (self.location >> 56) as u8
    }
    pub(crate) fn is(self, kind: Kind) -> bool {
        self.kind_code() == kind as u8
    }
    pub(crate) fn block(self) -> u64 {
        self.location & ((1 << BLOCK_BITS) - 1)
    }
    /// Where in the block changes stand.
    pub(crate) fn offset(self) -> usize {
        (self.location >> BLOCK_BITS) as usize & (BLOCK - 1)
    }
    /// Whether it stands for a page of zeros, stored or not.
    pub(crate) fn is_zeros(self) -> bool {
        self.is_none() || self.is(Kind::Zero)
    }
    pub(crate) fn encode(self, w: &mut Writer) {
        w.u64(self.location);
        w.u64(self.checksum);
    }
    pub(crate) fn decode(r: &mut Reader<'_>) -> Option<Entry> {
        Some(Entry { location: r.u64().ok()?, checksum: r.u64().ok()? })
    }
}

/// Where the content of a page stands, changes with the full copy that they apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Stored {
    pub(crate) entry: Entry,
    /// Block of the full copy that changes apply to; 0 for everything else.
    pub(crate) base: u64,
}

impl Stored {
    /// The blocks that are needed to read it.
    pub(crate) fn blocks(self) -> impl Iterator<Item = u64> {
        let own = (self.entry.is(Kind::Full) || self.entry.is(Kind::Delta)).then(|| self.entry.block());
        let base = self.entry.is(Kind::Delta).then_some(self.base);
        own.into_iter().chain(base)
    }
    /// The block that holds a full copy of the page, if there is one.
    pub(crate) fn full_copy(self) -> Option<u64> {
        if self.entry.is(Kind::Full) {
            Some(self.entry.block())
        } else {
            self.entry.is(Kind::Delta).then_some(self.base)
        }
    }
}

impl From<Entry> for Stored {
    fn from(entry: Entry) -> Stored {
        Stored { entry, base: 0 }
    }
}

/// Reads entry `index` of a map node.
pub(crate) fn node_entry(node: &PageBytes, index: usize) -> Entry {
    Entry { location: u64_at(node, index * ENTRY_BYTES), checksum: u64_at(node, index * ENTRY_BYTES + 8) }
}

/// Writes entry `index` of a map node.
pub(crate) fn set_node_entry(node: &mut PageBytes, index: usize, entry: Entry) {
    let at = index * ENTRY_BYTES;
    node[at..at + 8].copy_from_slice(&entry.location.to_le_bytes());
    node[at + 8..at + 16].copy_from_slice(&entry.checksum.to_le_bytes());
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut raw = [0u8; 8];
    raw.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(raw)
}

/// A place in the log, and what the next record must continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Cursor {
    pub(crate) segment: u32,
    /// Block within the segment.
    pub(crate) block: u32,
    /// Generation of the segment.
    pub(crate) generation: u64,
    /// Checksum of the record before.
    pub(crate) chain: u64,
    /// Sequence number of the record before.
    pub(crate) sequence: u64,
    /// Number of the last complete group (commit or checkpoint).
    pub(crate) group: u64,
}

/// The root of everything: one self-certifying block in one of two slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Superblock {
    /// Version of the format that wrote it.
    pub(crate) version: u32,
    pub(crate) world_id: WorldId,
    pub(crate) schema_hash: u64,
    pub(crate) created_ns: u64,
    /// Counts checkpoints; the higher one is the newer slot.
    pub(crate) checkpoint: u64,
    /// Epoch of the checkpoint and what its commit said.
    pub(crate) epoch: Epoch,
    pub(crate) wall_ns: u64,
    pub(crate) pages: u64,
    pub(crate) bytes: u64,
    /// Root node of the page map.
    pub(crate) root: Entry,
    /// Root of the segment table.
    pub(crate) table: Entry,
    pub(crate) segment_count: u32,
    /// Blocks per segment.
    pub(crate) segment_blocks: u32,
    pub(crate) next_generation: u64,
    /// Where the log goes on.
    pub(crate) log: Cursor,
    /// Root of the table of kept checkpoints, and how many it has.
    pub(crate) kept: Entry,
    pub(crate) kept_count: u32,
    /// From this group's checkpoint on every epoch can be read.
    pub(crate) whole_from: u64,
    pub(crate) policy: HistoryPolicy,
}

/// What stands in a superblock slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Blank,
    Foreign,
    Damaged,
    Newer(u32),
    Valid(Box<Superblock>),
}

impl Superblock {
    pub(crate) fn encode(&self) -> Box<PageBytes> {
        let mut w = Writer::new();
        w.u64(SUPERBLOCK_MAGIC);
        w.u64(0);
        w.u32(self.version);
        w.u32(0);
        w.raw(&self.world_id.0);
        for value in [
            self.schema_hash,
            self.created_ns,
            self.checkpoint,
            self.log.group,
            self.epoch.0,
            self.wall_ns,
            self.pages,
            self.bytes,
            self.root.location,
            self.root.checksum,
            self.table.location,
            self.table.checksum,
        ] {
            w.u64(value);
        }
        w.u32(self.segment_count);
        w.u32(self.segment_blocks);
        w.u32(self.log.segment);
        w.u32(self.log.block);
        for value in [self.log.generation, self.log.chain, self.log.sequence, self.next_generation] {
            w.u64(value);
        }
        self.kept.encode(&mut w);
        w.u32(self.kept_count);
        w.u32(0);
        w.u64(self.whole_from);
        self.policy.encode(&mut w);
        w.pad_to(BLOCK);
        seal(w.bytes)
    }

    /// Reads a slot; any bytes give an answer.
    pub(crate) fn decode(block: &PageBytes) -> Slot {
        if block.iter().all(|&b| b == 0) {
            return Slot::Blank;
        }
        if u64_at(block, 0) != SUPERBLOCK_MAGIC {
            return Slot::Foreign;
        }
        if u64_at(block, 8) != checksum(&block[SEALED_FROM..]) {
            return Slot::Damaged;
        }
        Self::fields(block).unwrap_or(Slot::Damaged)
    }

    fn fields(block: &PageBytes) -> Option<Slot> {
        let mut r = Reader::new(&block[SEALED_FROM..]);
        let version = r.u32().ok()?;
        if !(FORMAT_VERSION_MIN..=FORMAT_VERSION).contains(&version) {
            return Some(Slot::Newer(version));
        }
        r.u32().ok()?;
        let mut id = [0u8; 16];
        id.copy_from_slice(r.take(16).ok()?);
        let mut v = [0u64; 12];
        for value in &mut v {
            *value = r.u64().ok()?;
        }
        let (segment_count, segment_blocks) = (r.u32().ok()?, r.u32().ok()?);
        let log = Cursor {
            segment: r.u32().ok()?,
            block: r.u32().ok()?,
            generation: r.u64().ok()?,
            chain: r.u64().ok()?,
            sequence: r.u64().ok()?,
            group: v[3],
        };
        let superblock = Superblock {
            version,
            world_id: WorldId(id),
            schema_hash: v[0],
            created_ns: v[1],
            checkpoint: v[2],
            epoch: Epoch(v[4]),
            wall_ns: v[5],
            pages: v[6],
            bytes: v[7],
            root: Entry { location: v[8], checksum: v[9] },
            table: Entry { location: v[10], checksum: v[11] },
            segment_count,
            segment_blocks,
            next_generation: r.u64().ok()?,
            log,
            kept: Entry::decode(&mut r)?,
            kept_count: {
                let count = r.u32().ok()?;
                r.u32().ok()?;
                count
            },
            whole_from: r.u64().ok()?,
            policy: HistoryPolicy::decode(&mut r)?,
        };
        superblock.is_sane().then(|| Slot::Valid(Box::new(superblock)))
    }

    fn is_sane(&self) -> bool {
        self.segment_blocks >= SEGMENT_BLOCKS_MIN
            && self.log.segment < self.segment_count
            && self.log.block < self.segment_blocks
            && self.kept_count as usize <= KEPT_MAX
    }

    /// Bytes that a device must have to hold what this superblock names.
    pub(crate) fn device_bytes(&self) -> u64 {
        (HEADER_BLOCKS + u64::from(self.segment_count) * u64::from(self.segment_blocks)) * BLOCK as u64
    }
}

/// A segment holds at least a record with two pages and the jump.
pub(crate) const SEGMENT_BLOCKS_MIN: u32 = 4;

/// Computes the checksum of a block whose first 16 bytes are magic and checksum, and puts it in.
fn seal(bytes: Vec<u8>) -> Box<PageBytes> {
    let mut block = Box::new([0u8; BLOCK]);
    block.copy_from_slice(&bytes);
    let sum = checksum(&block[SEALED_FROM..]);
    block[8..16].copy_from_slice(&sum.to_le_bytes());
    block
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RecordKind {
    /// Pages of a commit.
    Commit = 1,
    /// Map nodes and segment table of a checkpoint.
    Checkpoint = 2,
    /// The log goes on in another segment.
    Jump = 3,
}

/// The head of a record, without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) world_id: WorldId,
    pub(crate) generation: u64,
    /// Checksum of the record before.
    pub(crate) chain: u64,
    pub(crate) sequence: u64,
    pub(crate) group: u64,
    pub(crate) epoch: Epoch,
    pub(crate) wall_ns: u64,
    pub(crate) kind: RecordKind,
    /// Whether this chunk completes its group.
    pub(crate) is_final: bool,
    /// Number of this chunk in its group.
    pub(crate) chunk: u32,
    /// Block that the record stands in.
    pub(crate) block: u64,
    /// Where a jump leads.
    pub(crate) next_segment: u32,
    pub(crate) next_generation: u64,
}

/// One entry of a record; the block of its payload follows from the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct RecordEntry {
    /// Page index, or prefix of a map node.
    pub(crate) key: u32,
    pub(crate) kind: Kind,
    /// Level of a map node.
    pub(crate) level: u8,
    /// Block of the payload or of the record that holds the changes, or 0.
    pub(crate) block: u64,
    pub(crate) checksum: u64,
    /// Changes: where in the block they stand, and the block of the full copy that they apply to.
    pub(crate) offset: usize,
    pub(crate) base: u64,
}

impl RecordEntry {
    /// The entry of the map that this one puts there.
    pub(crate) fn to_entry(self) -> Entry {
        self.to_stored().entry
    }
    /// Where the page stands that this one is about.
    pub(crate) fn to_stored(self) -> Stored {
        let entry = match self.kind {
            Kind::Delta => Entry::changes(self.block, self.offset, self.checksum),
            Kind::Again => Entry::new(Kind::Full, self.block, self.checksum),
            kind => Entry::new(kind, self.block, self.checksum),
        };
        Stored { entry, base: self.base }
    }
    /// Bytes that it takes in its record, with the block number and the changes behind it.
    pub(crate) fn packed_bytes(&self, changes: &[u8]) -> usize {
        ENTRY_BYTES + if self.names_block() { BASE_BYTES + changes.len() } else { 0 }
    }
    fn names_block(&self) -> bool {
        matches!(self.kind, Kind::Delta | Kind::Again)
    }
    /// Appends it to the entries of a record.
    pub(crate) fn pack(&self, changes: &[u8], packed: &mut Vec<u8>) {
        let mut w = Writer { bytes: core::mem::take(packed) };
        w.u32(self.key);
        w.u8(self.kind as u8);
        w.u8(self.level);
        w.u16((self.packed_bytes(changes) - ENTRY_BYTES) as u16);
        w.u64(self.checksum);
        if self.names_block() {
            w.u64(if self.kind == Kind::Delta { self.base } else { self.block });
            w.raw(changes);
        }
        *packed = w.bytes;
    }
}

/// What a reader of changes finds: the block of the full copy, and the changes.
pub(crate) fn changes_at(record: &PageBytes, offset: usize) -> Option<(u64, &[u8])> {
    let mut r = Reader::new(record.get(offset..)?);
    r.take(6).ok()?;
    let len = usize::from(r.u16().ok()?);
    r.u64().ok()?;
    let base = r.u64().ok()?;
    Some((base, r.take(len.checked_sub(BASE_BYTES)?).ok()?))
}

/// A record read from the log.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) header: RecordHeader,
    pub(crate) entries: Vec<RecordEntry>,
    /// Checksum of the record itself, which the next one carries.
    pub(crate) checksum: u64,
    pub(crate) payload_blocks: u32,
}

const FLAG_FINAL: u8 = 1;

/// The entries of a record as they will stand in it.
#[derive(Clone, Default)]
pub(crate) struct Packed {
    pub(crate) count: u32,
    pub(crate) payload_blocks: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Packed {
    /// None yet, with room for all that a record can hold.
    pub(crate) fn with_room() -> Packed {
        Packed { bytes: Vec::with_capacity(BLOCK - RECORD_ENTRIES_AT), ..Packed::default() }
    }
    /// Whether there is room for so many bytes more.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        RECORD_ENTRIES_AT + self.bytes.len() + more <= BLOCK
    }
    /// Where in the record's block the next entry will stand.
    pub(crate) fn next_offset(&self) -> usize {
        RECORD_ENTRIES_AT + self.bytes.len()
    }
    pub(crate) fn push(&mut self, entry: &RecordEntry, changes: &[u8]) {
        entry.pack(changes, &mut self.bytes);
        self.count += 1;
        self.payload_blocks += u32::from(entry.kind.has_payload());
    }
}

/// Writes a record into the first block of `block`; returns its checksum.
pub(crate) fn encode_record(header: &RecordHeader, entries: &Packed, block: &mut [u8]) -> u64 {
    let mut w = Writer { bytes: Vec::with_capacity(BLOCK) };
    w.u64(RECORD_MAGIC);
    w.u64(0);
    w.raw(&header.world_id.0);
    for value in
        [header.generation, header.chain, header.sequence, header.group, header.epoch.0, header.wall_ns]
    {
        w.u64(value);
    }
    w.u8(header.kind as u8);
    w.u8(if header.is_final { FLAG_FINAL } else { 0 });
    w.u16(0);
    w.u32(entries.count);
    w.u32(entries.payload_blocks);
    w.u32(header.chunk);
    w.u32(header.next_segment);
    w.u32(0);
    w.u64(header.next_generation);
    w.u64(header.block);
    w.pad_to(RECORD_ENTRIES_AT);
    w.raw(&entries.bytes);
    w.pad_to(BLOCK);
    let sum = record_checksum(&w.bytes);
    block[..BLOCK].copy_from_slice(&w.bytes);
    block[8..16].copy_from_slice(&sum.to_le_bytes());
    sum
}

fn record_checksum(block: &[u8]) -> u64 {
    let end = if mutants::on(Mutant::RecordChecksumWithoutEntries) { RECORD_ENTRIES_AT } else { BLOCK };
    let mut sum = Checksum::new();
    sum.update(&block[SEALED_FROM..end]);
    sum.finish()
}

/// Reads the record in `block`; `None` when there is no whole record that says that it stands at `at`.
pub(crate) fn decode_record(bytes: &PageBytes, at: u64) -> Option<Record> {
    if u64_at(bytes, 0) != RECORD_MAGIC || u64_at(bytes, 8) != record_checksum(bytes) {
        return None;
    }
    let mut r = Reader::new(&bytes[SEALED_FROM..]);
    let mut id = [0u8; 16];
    id.copy_from_slice(r.take(16).ok()?);
    let mut v = [0u64; 6];
    for value in &mut v {
        *value = r.u64().ok()?;
    }
    let kind = match r.u8().ok()? {
        1 => RecordKind::Commit,
        2 => RecordKind::Checkpoint,
        3 => RecordKind::Jump,
        _ => return None,
    };
    let flags = r.u8().ok()?;
    r.u16().ok()?;
    let (count, payload_blocks, chunk) = (r.u32().ok()?, r.u32().ok()?, r.u32().ok()?);
    let next_segment = r.u32().ok()?;
    r.u32().ok()?;
    let header = RecordHeader {
        world_id: WorldId(id),
        generation: v[0],
        chain: v[1],
        sequence: v[2],
        group: v[3],
        epoch: Epoch(v[4]),
        wall_ns: v[5],
        kind,
        is_final: flags & FLAG_FINAL != 0,
        chunk,
        next_segment,
        next_generation: r.u64().ok()?,
        block: r.u64().ok()?,
    };
    let entries = decode_entries(bytes, count, at)?;
    let payload = entries.iter().filter(|e| e.kind.has_payload()).count();
    let whole = header.block == at && payload == payload_blocks as usize;
    whole.then_some(Record { header, entries, checksum: u64_at(bytes, 8), payload_blocks })
}

fn decode_entries(bytes: &PageBytes, count: u32, at: u64) -> Option<Vec<RecordEntry>> {
    if count as usize > RECORD_ENTRIES_MAX {
        return None;
    }
    let mut offset = RECORD_ENTRIES_AT;
    let mut next = at + 1;
    let mut entries = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut r = Reader::new(&bytes[offset..]);
        let key = r.u32().ok()?;
        let kind = Kind::from_code(r.u8().ok()?).filter(|&k| k != Kind::None)?;
        let level = r.u8().ok()?;
        let behind = usize::from(r.u16().ok()?);
        let checksum = r.u64().ok()?;
        let mut entry = RecordEntry { key, kind, level, checksum, ..RecordEntry::default() };
        if kind.has_payload() {
            entry.block = next;
            next += 1;
        }
        let plausible = match kind {
            Kind::Delta => behind >= BASE_BYTES,
            Kind::Again => behind == BASE_BYTES,
            _ => behind == 0,
        };
        if !plausible {
            return None;
        }
        if entry.names_block() {
            let named = r.u64().ok().filter(|&block| block >> BLOCK_BITS == 0)?;
            r.take(behind - BASE_BYTES).ok()?;
            (entry.block, entry.base) = if kind == Kind::Delta { (at, named) } else { (named, 0) };
            entry.offset = if kind == Kind::Delta { offset } else { 0 };
        }
        offset += ENTRY_BYTES + behind;
        entries.push(entry);
    }
    Some(entries)
}

/// What the segment table keeps of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Segment {
    /// Number of its present use; 0 when it was never used. Unique in a world.
    pub(crate) generation: u64,
    /// Blocks that the page map (as of the last checkpoint, and what was committed since) refers to.
    pub(crate) live: u32,
    /// Group that last took away a reference to a block in it.
    pub(crate) superseded_group: u64,
    /// Group that first wrote into it in its present use; may be given too early.
    pub(crate) first_group: u64,
    /// Group that last wrote into it.
    pub(crate) written_group: u64,
}

impl Segment {
    pub(crate) fn encode(&self, w: &mut Writer) {
        w.u64(self.generation);
        w.u32(self.live);
        w.u32(u32::try_from(self.written_group - self.first_group).unwrap_or(u32::MAX));
        w.u64(self.superseded_group);
        w.u64(self.written_group);
    }
    pub(crate) fn decode(bytes: &[u8]) -> Segment {
        let (packed, written_group) = (u64_at(bytes, 8), u64_at(bytes, 24));
        let span = packed >> 32;
        let is_known = span < u64::from(u32::MAX);
        Segment {
            generation: u64_at(bytes, 0),
            live: packed as u32,
            superseded_group: u64_at(bytes, 16),
            first_group: if is_known { written_group.saturating_sub(span) } else { 0 },
            written_group,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(block: u64) -> RecordHeader {
        RecordHeader {
            world_id: WorldId([7; 16]),
            generation: 3,
            chain: 4,
            sequence: 5,
            group: 6,
            epoch: Epoch(7),
            wall_ns: 8,
            kind: RecordKind::Commit,
            is_final: true,
            chunk: 2,
            block,
            next_segment: 0,
            next_generation: 0,
        }
    }

    #[test]
    fn a_record_comes_back_and_any_flipped_bit_is_seen() {
        let entries = [
            RecordEntry { key: 9, kind: Kind::Full, block: 101, checksum: 1, ..RecordEntry::default() },
            RecordEntry { key: 10, kind: Kind::Zero, checksum: 2, ..RecordEntry::default() },
            RecordEntry {
                key: 8,
                kind: Kind::Delta,
                block: 100,
                checksum: 5,
                offset: 160,
                base: 77,
                level: 0,
            },
            RecordEntry {
                key: 11,
                kind: Kind::Node,
                level: 2,
                block: 102,
                checksum: 3,
                ..RecordEntry::default()
            },
            RecordEntry { key: 12, kind: Kind::Again, block: 55, checksum: 4, ..RecordEntry::default() },
        ];
        let mut packed = Packed::default();
        for entry in &entries {
            let changes: &[u8] = if entry.kind == Kind::Delta { &[1, 2, 3] } else { &[] };
            packed.push(entry, changes);
        }
        let mut block = [0u8; BLOCK];
        let sum = encode_record(&header(100), &packed, &mut block);
        assert_eq!(changes_at(&block, 160), Some((77, [1u8, 2, 3].as_slice())));
        let record = decode_record(&block, 100).expect("a whole record");
        assert_eq!((record.header, record.entries, record.checksum), (header(100), entries.to_vec(), sum));
        assert!(decode_record(&block, 101).is_none(), "a record in the wrong place is none");
        for bit in 0..BLOCK * 8 {
            block[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_record(&block, 100).is_none(), "bit {bit}");
            block[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn a_superblock_comes_back_and_others_are_told_apart() {
        let superblock = Superblock {
            version: FORMAT_VERSION,
            world_id: WorldId([1; 16]),
            schema_hash: 2,
            created_ns: 3,
            checkpoint: 4,
            epoch: Epoch(5),
            wall_ns: 6,
            pages: 7,
            bytes: 8,
            root: Entry::new(Kind::Node, 99, 10),
            table: Entry::new(Kind::Table, 98, 11),
            segment_count: 12,
            segment_blocks: 16,
            next_generation: 13,
            log: Cursor { segment: 2, block: 3, generation: 4, chain: 5, sequence: 6, group: 7 },
            kept: Entry::new(Kind::Table, 12, 13),
            kept_count: 5,
            whole_from: 6,
            policy: HistoryPolicy::default(),
        };
        let mut block = superblock.encode();
        assert_eq!(Superblock::decode(&block), Slot::Valid(Box::new(superblock.clone())));
        let first = Superblock { version: 1, ..superblock };
        assert_eq!(Superblock::decode(&first.encode()), Slot::Valid(Box::new(first)), "version 1 is read");
        block[300] ^= 1;
        assert_eq!(Superblock::decode(&block), Slot::Damaged);
        block[16] = 9;
        let sum = checksum(&block[SEALED_FROM..]);
        block[8..16].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(Superblock::decode(&block), Slot::Newer(9));
        assert_eq!(Superblock::decode(&[0; BLOCK]), Slot::Blank);
        assert_eq!(Superblock::decode(&[1; BLOCK]), Slot::Foreign);
    }
}
