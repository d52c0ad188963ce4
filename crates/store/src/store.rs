//! The handle to an open world, what its threads share, and reading its newest state.
//!
//! Two halves: [`ReadState`] behind a lock that is held for short, and [`WriterState`] that a commit or a checkpoint
//! takes out and puts back. Neither lock is ever held while the device works.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::checksum::checksum;
use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex, WorldId};
use core::sync::atomic::{AtomicU64, Ordering};
use platform::{BlockDevice, PageSource};

use crate::checkpoint::Aside;
use crate::clean::Victim;
use crate::delta;
use crate::disk::Disk;
use crate::error::{CommitError, CreateError, Part, ReadError};
use crate::format::{
    Cursor, Entry, FORMAT_VERSION, HEADER_BLOCKS, Kind, RecordEntry, SEGMENT_BLOCKS_MIN, SLOT_BLOCKS,
    Segment, Slot, Stored, Superblock, changes_at,
};
use crate::history::{HistoryPolicy, Keep, Kept, Pressure};
use crate::log::LogWriter;
use crate::map::{self, NodeCache};
use crate::mutants::{self, Mutant};
use crate::segments::{Census, Segments};

/// Sizes that a store works with; the segment size is fixed when the world is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Size of a segment in bytes, a multiple of the page size.
    pub segment_bytes: u64,
    /// Segments that a new world begins with.
    pub initial_segments: u32,
    /// A checkpoint is taken when the records since the last one exceed this many bytes.
    pub checkpoint_record_bytes: u64,
    /// Checkpoints are not taken for history at a smaller distance than this: what is to be kept in between is read from the
    /// log, which is kept for as long as the budget of history allows.
    pub checkpoint_distance_ns: u64,
    /// Nodes of the page map that are kept in memory (4 KiB each).
    pub cached_nodes_max: usize,
    /// Full copies of pages that are kept in memory to store their changes against (4 KiB each); with 0 every page is
    /// stored in full.
    pub cached_bases_max: usize,
    /// Pages of a commit that are gathered before they are written: few enough to stay in a processor's own cache, so
    /// that a large commit does not drive out what the mutators have in the cache that all share.
    pub gathered_pages: u32,
    /// History that a new world keeps; it stands in the world from then on.
    pub history: HistoryPolicy,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            segment_bytes: 8 << 20,
            initial_segments: 2,
            checkpoint_record_bytes: 3 << 19,
            checkpoint_distance_ns: 15_000_000_000,
            cached_nodes_max: 4096,
            cached_bases_max: 4096,
            gathered_pages: 64,
            history: HistoryPolicy::default(),
        }
    }
}

/// What a new world is to be.
#[derive(Clone, Copy, Debug)]
pub struct WorldParams {
    /// Identity, drawn at random.
    pub world_id: WorldId,
    /// Hash of the schema of its objects.
    pub schema_hash: u64,
    /// Wall time of its creation in nanoseconds since 1970.
    pub created_ns: u64,
    /// Sizes.
    pub options: StoreOptions,
}

/// What is fixed about a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldInfo {
    /// Identity.
    pub world_id: WorldId,
    /// Hash of the schema of its objects.
    pub schema_hash: u64,
    /// Wall time of its creation in nanoseconds since 1970.
    pub created_ns: u64,
    /// Size of a segment in bytes.
    pub segment_bytes: u64,
}

/// A commit as it stands in the log: what it changed.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) group: u64,
    pub(crate) epoch: Epoch,
    pub(crate) wall_ns: u64,
    /// Bytes that it took on the device.
    pub(crate) bytes: u64,
    /// Ascending by page, each page once.
    pub(crate) entries: Vec<(u32, Stored)>,
}

/// What readers need.
pub(crate) struct ReadState {
    /// Tree that `overlay` lies over; newer than `checkpoint.root` if the last checkpoint was not published.
    pub(crate) root: Entry,
    /// Pages committed since that tree.
    pub(crate) overlay: BTreeMap<u32, Stored>,
    pub(crate) epoch: Epoch,
    pub(crate) wall_ns: u64,
    /// The newest durable superblock, and the one before it if it is readable.
    pub(crate) checkpoint: Superblock,
    pub(crate) previous: Option<Superblock>,
    /// Commits after `checkpoint`, and those between `previous` and it when `history_whole`.
    pub(crate) history: Vec<Arc<Commit>>,
    pub(crate) history_whole: bool,
    /// Checkpoints that are kept, ascending: those of `checkpoint`, and those that the older slot still names.
    pub(crate) kept: Arc<Vec<Kept>>,
    pub(crate) kept_before: Arc<Vec<Kept>>,
    pub(crate) kept_pins: KeptPins,
    /// Groups that page readers start from, with the number of readers: of all from there on, and of that tree alone.
    pub(crate) leases: BTreeMap<u64, usize>,
    pub(crate) tree_leases: BTreeMap<u64, usize>,
    /// Why nothing is committed any more.
    pub(crate) poison: Option<String>,
}

/// The groups that the kept checkpoints need, which change with them only: a world that is a day old keeps thousands.
#[derive(Default)]
pub(crate) struct KeptPins {
    /// What they were made of.
    kept: (Arc<Vec<Kept>>, Arc<Vec<Kept>>),
    /// Ascending.
    pins: Arc<[u64]>,
}

impl ReadState {
    /// What must stay readable.
    pub(crate) fn keep(&mut self) -> Keep {
        let older = self.previous.as_ref().unwrap_or(&self.checkpoint);
        let early = mutants::on(Mutant::ReuseOneCheckpointEarly);
        let slot = if early { u64::MAX } else { older.log.group };
        let forgotten = early || mutants::on(Mutant::WholeStretchForgotten);
        let whole = if forgotten { u64::MAX } else { older.whole_from };
        let leased = self.leases.keys().next().copied().unwrap_or(u64::MAX);
        let recent = [&self.kept, &self.kept_before].into_iter().filter_map(|kept| {
            let before = kept.partition_point(|one| one.log.group < slot);
            kept.get(before.checked_sub(1)?).map(|one| one.log.group)
        });
        let recent = recent.max().unwrap_or(slot);
        let mut pins = self.pins_of_kept();
        if !self.tree_leases.is_empty() {
            pins = sorted(pins.iter().copied().chain(self.tree_leases.keys().copied()));
        }
        Keep { group: slot.min(whole).min(leased), recent, pins }
    }

    fn pins_of_kept(&mut self) -> Arc<[u64]> {
        let known = &self.kept_pins.kept;
        if !(Arc::ptr_eq(&known.0, &self.kept) && Arc::ptr_eq(&known.1, &self.kept_before)) {
            let pins = sorted(self.kept.iter().chain(self.kept_before.iter()).flat_map(Kept::pins));
            self.kept_pins = KeptPins { kept: (self.kept.clone(), self.kept_before.clone()), pins };
        }
        self.kept_pins.pins.clone()
    }
}

fn sorted(groups: impl Iterator<Item = u64>) -> Arc<[u64]> {
    let mut groups: Vec<u64> = groups.collect();
    groups.sort_unstable();
    groups.dedup();
    groups.into()
}

/// What the one writer needs.
pub(crate) struct WriterState {
    pub(crate) log: LogWriter,
    /// First pages of leaves that the next checkpoint writes anew, because the cleaner moves them.
    pub(crate) forced: BTreeSet<u32>,
    /// Leaves of the map (page index / 256) that were changed since the last checkpoint.
    pub(crate) dirty_leaves: BTreeSet<u32>,
    /// Pages that are stored as changes; the next checkpoint writes them in full.
    pub(crate) changed_pages: BTreeSet<u32>,
    /// Segments that the cleaner emptied since the last checkpoint.
    pub(crate) cleaned: BTreeSet<u32>,
    /// Generations of segments that cannot be cleaned because something in them is damaged.
    pub(crate) uncleanable: BTreeSet<u64>,
    /// Full copies of pages that are written again and again.
    pub(crate) bases: delta::Bases,
    pub(crate) victim: Option<Victim>,
    /// What the segments held when the last commit or checkpoint ended.
    pub(crate) census: Census,
    /// History takes a good part of its budget.
    pub(crate) prepares: bool,
    /// What the cleaner has to move, in 256ths of a page.
    pub(crate) owed: u64,
    /// The last attempt found no room.
    pub(crate) was_full: bool,
    /// Bytes of records and blocks of everything since the last published checkpoint.
    pub(crate) record_bytes: u64,
    /// Bytes of the records that hold changes of pages.
    pub(crate) delta_bytes: u64,
    pub(crate) log_blocks: u64,
    /// Complete groups since the last published checkpoint, other than it.
    pub(crate) commits_since: u64,
    /// A checkpoint stands in the log and its superblock could not be written.
    pub(crate) unpublished: bool,
    /// The checkpoints that are kept according to one whose superblock is not durable yet.
    pub(crate) kept: Vec<Kept>,
    /// What the next checkpoint changes of the names of kept ones: epoch and name.
    pub(crate) renamed: Vec<(Epoch, String)>,
    /// A kept one of an older epoch that the next checkpoint writes a tree for.
    pub(crate) aside: Option<Aside>,
    /// The policy that the next checkpoint brings.
    pub(crate) policy: Option<HistoryPolicy>,
    pub(crate) pressure: Pressure,
}

impl WriterState {
    pub(crate) fn new(log: LogWriter) -> WriterState {
        // How many there may be is told when the store is put together.
        WriterState {
            log,
            forced: BTreeSet::new(),
            dirty_leaves: BTreeSet::new(),
            changed_pages: BTreeSet::new(),
            cleaned: BTreeSet::new(),
            uncleanable: BTreeSet::new(),
            bases: delta::Bases::new(0),
            victim: None,
            census: Census::default(),
            prepares: false,
            owed: 0,
            was_full: false,
            record_bytes: 0,
            delta_bytes: 0,
            log_blocks: 0,
            commits_since: 0,
            unpublished: false,
            kept: Vec::new(),
            renamed: Vec::new(),
            aside: None,
            policy: None,
            pressure: Pressure::default(),
        }
    }
}

/// Counters of what was written for what, in bytes or pieces.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) page_bytes: AtomicU64,
    pub(crate) cleaned_bytes: AtomicU64,
    pub(crate) delta_pages: AtomicU64,
    pub(crate) delta_bytes: AtomicU64,
    pub(crate) settled_bytes: AtomicU64,
    pub(crate) bases_bytes: AtomicU64,
    pub(crate) node_bytes: AtomicU64,
    pub(crate) table_bytes: AtomicU64,
    pub(crate) record_bytes: AtomicU64,
    pub(crate) superblock_bytes: AtomicU64,
    pub(crate) segments: AtomicU64,
    pub(crate) segments_reusable: AtomicU64,
    pub(crate) live_blocks: AtomicU64,
    pub(crate) history_blocks: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// What a store has done since it was opened, and how large it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Commits acknowledged.
    pub commits: u64,
    /// Checkpoints of the page map that became durable.
    pub checkpoints: u64,
    /// Bytes of pages written for commits.
    pub page_bytes: u64,
    /// Pages that commits stored as changes to a full copy.
    pub delta_pages: u64,
    /// Bytes that those took, each with its place in the record; in full they would be `delta_pages` times 4 KiB.
    pub delta_bytes: u64,
    /// Bytes of pages that were changes and were written in full by a checkpoint.
    pub settled_bytes: u64,
    /// Bytes of memory that full copies take.
    pub bases_bytes: u64,
    /// Bytes of pages written again by the cleaner.
    pub cleaned_bytes: u64,
    /// Bytes of map nodes written.
    pub node_bytes: u64,
    /// Bytes of the segment table written.
    pub table_bytes: u64,
    /// Bytes of records and jumps written.
    pub record_bytes: u64,
    /// Bytes of superblocks written.
    pub superblock_bytes: u64,
    /// All bytes written.
    pub written_bytes: u64,
    /// All bytes read.
    pub read_bytes: u64,
    /// Flushes.
    pub flushes: u64,
    /// Size of the device in bytes.
    pub device_bytes: u64,
    /// Segments on the device.
    pub segments: u64,
    /// Segments that could be overwritten at the end of the last commit.
    pub segments_reusable: u64,
    /// Bytes that the newest state refers to, as of the last commit.
    pub live_bytes: u64,
    /// Bytes that history takes beside them, as of the last commit.
    pub history_bytes: u64,
}

/// What all handles of a store share.
pub(crate) struct Shared {
    pub(crate) disk: Disk,
    pub(crate) info: WorldInfo,
    pub(crate) options: StoreOptions,
    pub(crate) nodes: NodeCache,
    pub(crate) read: spin::Mutex<ReadState>,
    /// Absent while a commit or a checkpoint works with it, and for good when the store is open for reading only.
    pub(crate) writer: spin::Mutex<Option<Box<WriterState>>>,
    pub(crate) read_only: bool,
    pub(crate) counters: Counters,
}

/// An open world. Handles are cheap to clone and may be used from any thread.
#[derive(Clone)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
}

impl Store {
    /// Makes a new, empty world (epoch 0) on `device` and opens it.
    ///
    /// # Errors
    /// When the device holds a world already, the options make no sense, or the device fails.
    pub fn create(device: Arc<dyn BlockDevice>, params: WorldParams) -> Result<Store, CreateError> {
        let options = params.options;
        let blocks = options.segment_bytes / PAGE_SIZE as u64;
        if !options.segment_bytes.is_multiple_of(PAGE_SIZE as u64)
            || blocks < u64::from(SEGMENT_BLOCKS_MIN)
            || blocks > 1 << 20
        {
            return Err(CreateError::BadOptions {
                what: "segment_bytes is a multiple of 4096 from 16 KiB to 4 GiB",
            });
        }
        let disk = Disk::new(device);
        refuse_other_world(&disk)?;
        let least = u64::from(options.initial_segments.max(2));
        if disk.blocks() < HEADER_BLOCKS + least * blocks {
            disk.grow(HEADER_BLOCKS + least * blocks)?;
        }
        let count = (disk.blocks() - HEADER_BLOCKS) / blocks;
        let mut segments = Segments {
            list: alloc::vec![Segment::default(); count.min(1 << 31) as usize],
            blocks: blocks as u32,
            next_generation: 1,
            wanted: 0,
            limit: None,
        };
        let generation = segments.open(0, 0);
        let cursor = Cursor { generation, ..Cursor::default() };
        let superblock = first_superblock(&params, &segments, cursor);
        for (slot, checkpoint) in SLOT_BLOCKS.iter().zip([1, 2]) {
            let block = Superblock { checkpoint, ..superblock.clone() }.encode();
            disk.write(*slot, block.as_slice())?;
        }
        disk.flush()?;
        let previous = Some(superblock.clone());
        let checkpoint = Superblock { checkpoint: 2, ..superblock };
        let log = LogWriter::new(params.world_id, segments, cursor, Keep::default());
        let state = ReadState::at(checkpoint, previous);
        Ok(Store::assemble(disk, options, state, Some(WriterState::new(log))))
    }

    pub(crate) fn assemble(
        disk: Disk,
        options: StoreOptions,
        read: ReadState,
        writer: Option<WriterState>,
    ) -> Store {
        let superblock = &read.checkpoint;
        let info = WorldInfo {
            world_id: superblock.world_id,
            schema_hash: superblock.schema_hash,
            created_ns: superblock.created_ns,
            segment_bytes: u64::from(superblock.segment_blocks) * PAGE_SIZE as u64,
        };
        let shared = Shared {
            disk,
            info,
            options,
            nodes: NodeCache::new(options.cached_nodes_max),
            read: spin::Mutex::new(read),
            read_only: writer.is_none(),
            writer: spin::Mutex::new(None),
            counters: Counters::default(),
        };
        if let Some(mut writer) = writer {
            writer.bases = delta::Bases::new(options.cached_bases_max);
            shared.put_back(Box::new(writer));
        }
        Store { shared: Arc::new(shared) }
    }

    /// What is fixed about this world.
    pub fn info(&self) -> WorldInfo {
        self.shared.info
    }

    /// The newest durable snapshot.
    pub fn last_epoch(&self) -> Epoch {
        self.shared.read.lock().epoch
    }

    /// Wall time of the newest durable snapshot in nanoseconds since 1970.
    pub fn last_wall_ns(&self) -> u64 {
        self.shared.read.lock().wall_ns
    }

    /// Fills `bytes` with `page` as of the newest durable snapshot; `Ok(false)` and zeros when it was never stored.
    /// May run while a commit does.
    ///
    /// # Errors
    /// When the device fails or the content is damaged; `bytes` is then unspecified.
    pub fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, ReadError> {
        loop {
            let (found, place) = self.try_read(page, bytes);
            // A segment may have been reused between looking the page up and reading it: then it stands elsewhere now.
            if found.is_ok() || self.shared.place(page) == place {
                return found.map_err(|e| map::page_damage(page, e));
            }
        }
    }

    /// Whether `bytes` are what [`Store::read_page`] gives for `page`. Compares checksums, so it reads no page; at most
    /// nodes of the map.
    ///
    /// # Errors
    /// When the map cannot be read.
    pub fn holds(&self, page: PageIndex, bytes: &PageBytes) -> Result<bool, ReadError> {
        loop {
            let place = self.shared.place(page);
            match self.shared.lookup(page.0) {
                Ok(stored) if stored.entry.is_zeros() => return Ok(base::is_zero(bytes)),
                Ok(stored) => return Ok(stored.entry.checksum == checksum(bytes.as_slice())),
                // A segment may have been reused between looking the page up and reading the map.
                Err(error) if self.shared.place(page) == place => return Err(error),
                Err(_) => {}
            }
        }
    }

    fn try_read(&self, page: PageIndex, bytes: &mut PageBytes) -> (Result<bool, ReadError>, (Stored, u64)) {
        let place = self.shared.place(page);
        let found =
            self.shared.lookup(page.0).and_then(|stored| self.shared.read_stored(page, stored, bytes));
        (found, place)
    }

    /// What the store has done and how large it is.
    pub fn stats(&self) -> StoreStats {
        let c = &self.shared.counters;
        let disk = &self.shared.disk;
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreStats {
            commits: get(&c.commits),
            checkpoints: get(&c.checkpoints),
            page_bytes: get(&c.page_bytes),
            delta_pages: get(&c.delta_pages),
            delta_bytes: get(&c.delta_bytes),
            settled_bytes: get(&c.settled_bytes),
            bases_bytes: get(&c.bases_bytes),
            cleaned_bytes: get(&c.cleaned_bytes),
            node_bytes: get(&c.node_bytes),
            table_bytes: get(&c.table_bytes),
            record_bytes: get(&c.record_bytes),
            superblock_bytes: get(&c.superblock_bytes),
            written_bytes: get(&disk.written_bytes),
            read_bytes: get(&disk.read_bytes),
            flushes: get(&disk.flushes),
            device_bytes: disk.len(),
            segments: get(&c.segments),
            segments_reusable: get(&c.segments_reusable),
            live_bytes: get(&c.live_blocks) * PAGE_SIZE as u64,
            history_bytes: get(&c.history_blocks) * PAGE_SIZE as u64,
        }
    }
}

impl PageSource for Store {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        Store::read_page(self, page, bytes).map_err(|e| e.to_string())
    }
    fn holds(&self, page: PageIndex, bytes: &PageBytes) -> Result<bool, String> {
        Store::holds(self, page, bytes).map_err(|e| e.to_string())
    }
}

impl ReadState {
    /// Just after `checkpoint`, with nothing committed since.
    pub(crate) fn at(checkpoint: Superblock, previous: Option<Superblock>) -> ReadState {
        ReadState {
            root: checkpoint.root,
            overlay: BTreeMap::new(),
            epoch: checkpoint.epoch,
            wall_ns: checkpoint.wall_ns,
            history: Vec::new(),
            history_whole: previous.as_ref().is_none_or(|p| p.log.group == checkpoint.log.group),
            checkpoint,
            previous,
            kept: Arc::default(),
            kept_before: Arc::default(),
            kept_pins: KeptPins::default(),
            leases: BTreeMap::new(),
            tree_leases: BTreeMap::new(),
            poison: None,
        }
    }
}

impl Shared {
    /// Where `page` is looked for: its entry in the overlay, or the tree.
    fn place(&self, page: PageIndex) -> (Stored, u64) {
        let read = self.read.lock();
        let overlaid = read.overlay.get(&page.0).copied();
        overlaid.map_or((read.root.into(), 0), |stored| (stored, 1))
    }

    /// Where `page` stands in the newest durable snapshot.
    pub(crate) fn lookup(&self, page: u32) -> Result<Stored, ReadError> {
        let root = {
            let read = self.read.lock();
            if let Some(stored) = read.overlay.get(&page) {
                return Ok(*stored);
            }
            read.root
        };
        map::lookup(&self.disk, &self.nodes, root, page).map(Stored::from)
    }

    /// Fills `bytes` with what stands there and verifies it.
    pub(crate) fn read_stored(
        &self,
        page: PageIndex,
        stored: Stored,
        bytes: &mut PageBytes,
    ) -> Result<bool, ReadError> {
        let entry = stored.entry;
        bytes.fill(0);
        if entry.is_zeros() {
            return Ok(!entry.is_none());
        }
        if entry.is(Kind::Delta) {
            return self.put_together(stored, bytes).map(|()| true);
        }
        if !entry.is(Kind::Full) {
            return Err(ReadError::UnknownKind { page, kind: entry.kind_code() });
        }
        if mutants::on(Mutant::PageChecksumNotVerified) {
            self.disk.read(entry.block(), bytes)?;
            return Ok(true);
        }
        *bytes = *map::read_verified(&self.disk, entry, Part::Page)?;
        Ok(true)
    }

    /// Makes a page of its full copy and its changes, and verifies it.
    fn put_together(&self, stored: Stored, bytes: &mut PageBytes) -> Result<(), ReadError> {
        let entry = stored.entry;
        let fail = |what: String| Err(map::damaged(Part::Page, entry.block(), what));
        if entry.block().max(stored.base) >= self.disk.blocks() {
            return fail("its changes or its full copy lie beyond the end of the device".into());
        }
        let mut record = [0u8; PAGE_SIZE];
        self.disk.read(entry.block(), &mut record)?;
        self.disk.read(stored.base, bytes)?;
        let changes = changes_at(&record, entry.offset()).filter(|changes| changes.0 == stored.base);
        if changes.and_then(|(_, changes)| delta::apply_changes(bytes, changes)).is_none() {
            return fail("its changes make no sense".into());
        }
        let found = checksum(bytes.as_slice());
        if found != entry.checksum && !mutants::on(Mutant::PageChecksumNotVerified) {
            return fail(alloc::format!(
                "put together with its full copy in block {} its checksum is {found:016x} and should be {:016x}",
                stored.base,
                entry.checksum
            ));
        }
        Ok(())
    }

    /// Takes the writer's half for a commit or a checkpoint.
    pub(crate) fn take_writer(&self) -> Result<Box<WriterState>, CommitError> {
        if self.read_only {
            return Err(CommitError::ReadOnly);
        }
        if let Some(reason) = self.read.lock().poison.clone() {
            return Err(CommitError::Poisoned { reason });
        }
        self.writer.lock().take().ok_or(CommitError::Busy)
    }

    /// Puts the writer's half back and notes its sizes.
    pub(crate) fn put_back(&self, mut writer: Box<WriterState>) {
        let (keep, policy) = {
            let mut read = self.read.lock();
            (read.keep(), read.checkpoint.policy)
        };
        writer.log.keep = keep;
        writer.take_census(&policy);
        let (log, census) = (&writer.log, writer.census);
        self.counters.segments.store(u64::from(log.segments.count()), Ordering::Relaxed);
        self.counters.segments_reusable.store(census.reusable, Ordering::Relaxed);
        self.counters.live_blocks.store(census.live_blocks, Ordering::Relaxed);
        self.counters.history_blocks.store(census.history_blocks, Ordering::Relaxed);
        self.counters.bases_bytes.store(writer.bases.bytes() as u64, Ordering::Relaxed);
        *self.writer.lock() = Some(writer);
    }

    /// Refuses commits from now on when `error` says that the device failed.
    pub(crate) fn poison_on(&self, error: &CommitError) {
        if let CommitError::Device(device) = error {
            self.read.lock().poison = Some(device.to_string());
        }
    }
}

/// Applies the entries of a commit to the segment table and the overlay, in the order in which they were written.
pub(crate) fn apply_entries(
    segments: &mut Segments,
    overlay: &mut BTreeMap<u32, Stored>,
    entries: &[RecordEntry],
    group: u64,
) {
    for record in entries {
        let stored = record.to_stored();
        if record.kind != Kind::Again || !mutants::on(Mutant::RestoredNotCounted) {
            stored.blocks().for_each(|block| segments.add_live(block));
        }
        if let Some(old) = overlay.insert(record.key, stored) {
            old.blocks().for_each(|block| segments.drop_live(block, group));
        }
    }
}

fn refuse_other_world(disk: &Disk) -> Result<(), CreateError> {
    for slot in SLOT_BLOCKS.into_iter().filter(|&slot| slot < disk.blocks()) {
        let mut block = [0u8; PAGE_SIZE];
        disk.read(slot, &mut block)?;
        if let Slot::Valid(superblock) = Superblock::decode(&block) {
            return Err(CreateError::AlreadyAWorld { world_id: superblock.world_id });
        }
    }
    Ok(())
}

fn first_superblock(params: &WorldParams, segments: &Segments, cursor: Cursor) -> Superblock {
    Superblock {
        version: FORMAT_VERSION,
        world_id: params.world_id,
        schema_hash: params.schema_hash,
        created_ns: params.created_ns,
        checkpoint: 1,
        epoch: Epoch(0),
        wall_ns: params.created_ns,
        pages: 0,
        bytes: 0,
        root: Entry::NONE,
        table: Entry::NONE,
        segment_count: segments.count(),
        segment_blocks: segments.blocks,
        next_generation: segments.next_generation,
        log: cursor,
        kept: Entry::NONE,
        kept_count: 0,
        whole_from: 0,
        policy: params.options.history,
    }
}
