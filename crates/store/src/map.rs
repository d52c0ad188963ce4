//! The page map: a persistent radix tree from page index to the place of the page, 256 entries a node, four levels.
//!
//! Nodes on the device never change; a checkpoint writes new ones for what changed and shares the rest.
//! Key types: [`NodeCache`] (bounded, keyed by place and checksum, so that reuse of a place cannot confuse it),
//! [`rebuild`] (the tree of the next checkpoint).

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::checksum::checksum;
use base::{PageBytes, PageIndex};

use crate::disk::Disk;
use crate::error::{CommitError, Damage, Part, ReadError};
use crate::format::{BLOCK, Entry, Kind, NODE_ENTRIES, ROOT_LEVEL, RecordEntry, node_entry, set_node_entry};
use crate::log::LogWriter;

type NodeKey = (u64, u64);

/// Nodes that were read, in two halves: when the young one is full it becomes the old one, which is dropped.
pub(crate) struct NodeCache {
    halves: spin::Mutex<Halves>,
    half_max: usize,
}

#[derive(Default)]
struct Halves {
    young: BTreeMap<NodeKey, Arc<PageBytes>>,
    old: BTreeMap<NodeKey, Arc<PageBytes>>,
}

impl NodeCache {
    /// A cache of at most `nodes_max` nodes.
    pub(crate) fn new(nodes_max: usize) -> NodeCache {
        NodeCache { halves: spin::Mutex::default(), half_max: (nodes_max / 2).max(8) }
    }

    fn get(&self, key: NodeKey) -> Option<Arc<PageBytes>> {
        let halves = self.halves.lock();
        halves.young.get(&key).or_else(|| halves.old.get(&key)).cloned()
    }

    pub(crate) fn insert(&self, entry: Entry, node: Arc<PageBytes>) {
        let mut dropped = BTreeMap::new();
        let mut halves = self.halves.lock();
        if halves.young.len() >= self.half_max {
            let young = core::mem::take(&mut halves.young);
            dropped = core::mem::replace(&mut halves.old, young);
        }
        halves.young.insert((entry.block(), entry.checksum), node);
        drop(halves);
        drop(dropped);
    }

    /// The node that `entry` names, from memory or from the device. No lock is held while the device is read.
    pub(crate) fn load(&self, disk: &Disk, entry: Entry) -> Result<Arc<PageBytes>, ReadError> {
        if let Some(node) = self.get((entry.block(), entry.checksum)) {
            return Ok(node);
        }
        let node = Arc::new(*read_verified(disk, entry, Part::MapNode)?);
        self.insert(entry, node.clone());
        Ok(node)
    }
}

/// Reads the block of `entry` and compares its checksum.
pub(crate) fn read_verified(disk: &Disk, entry: Entry, part: Part) -> Result<Box<PageBytes>, ReadError> {
    let mut bytes = Box::new([0u8; BLOCK]);
    if entry.block() >= disk.blocks() {
        return Err(damaged(part, entry.block(), String::from("it lies beyond the end of the device")));
    }
    disk.read(entry.block(), bytes.as_mut_slice())?;
    let found = checksum(bytes.as_slice());
    if found != entry.checksum {
        let what = alloc::format!("its checksum is {found:016x} and should be {:016x}", entry.checksum);
        return Err(damaged(part, entry.block(), what));
    }
    Ok(bytes)
}

pub(crate) fn damaged(part: Part, block: u64, what: String) -> ReadError {
    ReadError::Damaged(Damage { part, block, what })
}

/// Position of `page` in its node of `level`.
fn index_at(page: u32, level: u8) -> usize {
    (page >> (8 * level)) as usize & (NODE_ENTRIES - 1)
}

/// The entry of the node of `level` on the way to `page` (of the page itself below level 0: see [`lookup`]).
pub(crate) fn node_on_way(
    disk: &Disk,
    nodes: &NodeCache,
    root: Entry,
    page: u32,
    level: u8,
) -> Result<Entry, ReadError> {
    let mut entry = root;
    for above in (level + 1..=ROOT_LEVEL).rev() {
        if entry.is_none() {
            break;
        }
        entry = node_entry(&*nodes.load(disk, entry)?, index_at(page, above));
    }
    Ok(entry)
}

/// The entry of `page` in the tree under `root`.
pub(crate) fn lookup(disk: &Disk, nodes: &NodeCache, root: Entry, page: u32) -> Result<Entry, ReadError> {
    let leaf = node_on_way(disk, nodes, root, page, 0)?;
    if leaf.is_none() {
        return Ok(Entry::NONE);
    }
    Ok(node_entry(&*nodes.load(disk, leaf)?, index_at(page, 0)))
}

/// First page of the leftmost leaf under the node of `level` whose prefix is `prefix`.
pub(crate) fn first_leaf_page(
    disk: &Disk,
    nodes: &NodeCache,
    node: Entry,
    level: u8,
    prefix: u32,
) -> Result<u32, ReadError> {
    let mut page = prefix_page(prefix, level);
    let mut entry = node;
    for level in (1..=level).rev() {
        let bytes = nodes.load(disk, entry)?;
        let first = (0..NODE_ENTRIES).find(|&i| !node_entry(&bytes, i).is_none()).unwrap_or(0);
        page |= (first as u32) << (8 * level);
        entry = node_entry(&bytes, first);
    }
    Ok(page)
}

/// First page under the node of `level` with `prefix`.
pub(crate) fn prefix_page(prefix: u32, level: u8) -> u32 {
    if level >= ROOT_LEVEL { 0 } else { prefix << (8 * (level + 1)) }
}

/// What number stands for the node of `level` that holds `page`.
fn prefix_of(page: u32, level: u8) -> u32 {
    if level >= ROOT_LEVEL { 0 } else { page >> (8 * (level + 1)) }
}

/// Calls `visit` with every entry under `root`, nodes before what they hold: `(level + 1, page, entry)` for nodes
/// (level 1 for leaves), `(0, page, entry)` for pages. A node for which it says no is not looked into. Unreadable nodes are
/// told to `bad` and skipped.
pub(crate) fn walk(
    disk: &Disk,
    root: Entry,
    visit: &mut dyn FnMut(u8, u32, Entry) -> bool,
    bad: &mut dyn FnMut(ReadError),
) {
    walk_node(disk, root, ROOT_LEVEL, 0, visit, bad);
}

fn walk_node(
    disk: &Disk,
    entry: Entry,
    level: u8,
    first_page: u32,
    visit: &mut dyn FnMut(u8, u32, Entry) -> bool,
    bad: &mut dyn FnMut(ReadError),
) {
    if entry.is_none() {
        return;
    }
    if !visit(level + 1, first_page, entry) {
        return;
    }
    let node = match read_verified(disk, entry, Part::MapNode) {
        Ok(node) => node,
        Err(error) => return bad(error),
    };
    if level > 0 {
        // Many reads of a block each, all over the device: let it have them at once.
        let children = (0..NODE_ENTRIES).map(|i| node_entry(&node, i)).filter(|child| !child.is_none());
        disk.will_read(children.map(|child| child.block()).collect());
    }
    for i in 0..NODE_ENTRIES {
        let child = node_entry(&node, i);
        let page = first_page | (i as u32) << (8 * level);
        if child.is_none() {
            continue;
        }
        if level == 0 {
            visit(0, page, child);
        } else {
            walk_node(disk, child, level - 1, page, visit, bad);
        }
    }
}

/// A change to the tree: a new entry for a page, or `None` to write the leaf anew where it is moved.
pub(crate) type Change = (u32, Option<Entry>);

/// Blocks that a new tree refers to and the old one did not, and the other way round.
#[derive(Default)]
pub(crate) struct Turnover {
    pub(crate) added: Vec<u64>,
    pub(crate) superseded: Vec<u64>,
}

/// What [`rebuild`] works with.
pub(crate) struct Rebuild<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) nodes: &'a NodeCache,
    pub(crate) log: &'a mut LogWriter,
    pub(crate) turnover: Turnover,
}

/// Appends the nodes of the tree that `changes` (ascending by page) make of `root`; returns the new root.
pub(crate) fn rebuild(work: &mut Rebuild<'_>, root: Entry, changes: &[Change]) -> Result<Entry, CommitError> {
    if changes.is_empty() { Ok(root) } else { rebuild_node(work, root, ROOT_LEVEL, changes) }
}

fn rebuild_node(
    work: &mut Rebuild<'_>,
    old: Entry,
    level: u8,
    changes: &[Change],
) -> Result<Entry, CommitError> {
    let mut node = Box::new([0u8; BLOCK]);
    if !old.is_none() {
        *node = *work.nodes.load(work.disk, old)?;
        work.turnover.superseded.push(old.block());
    }
    for run in changes.chunk_by(|a, b| index_at(a.0, level) == index_at(b.0, level)) {
        let index = index_at(run[0].0, level);
        let before = node_entry(&node, index);
        if level > 0 {
            let child = rebuild_node(work, before, level - 1, run)?;
            set_node_entry(&mut node, index, child);
            continue;
        }
        for after in run.iter().filter_map(|change| change.1) {
            if before.is(Kind::Full) {
                work.turnover.superseded.push(before.block());
            }
            set_node_entry(&mut node, index, after);
        }
    }
    let key = prefix_of(changes[0].0, level);
    let entry = RecordEntry {
        key,
        kind: Kind::Node,
        level,
        checksum: checksum(node.as_slice()),
        ..RecordEntry::default()
    };
    let placed = work.log.append(work.disk, entry, Some(&node))?.to_entry();
    work.turnover.added.push(placed.block());
    work.nodes.insert(placed, Arc::new(*node));
    Ok(placed)
}

/// The page that damage of its content is reported for.
pub(crate) fn page_damage(page: PageIndex, error: ReadError) -> ReadError {
    match error {
        ReadError::Damaged(mut damage) => {
            damage.what = alloc::format!("content of page {} ({}): {}", page.0, page.addr(), damage.what);
            ReadError::Damaged(damage)
        }
        other => other,
    }
}
