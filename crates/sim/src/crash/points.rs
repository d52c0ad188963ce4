//! The images that a disk may hold after a crash, a lie or damage.

use base::prng::Prng;

use crate::device::{Op, SimDevice};
use crate::image::{Block, Image};

/// An image and where in the recording it belongs.
pub struct Point {
    /// What the disk holds.
    pub image: Image,
    /// Number of recorded operations before the crash.
    pub op: usize,
    /// How the image came about.
    pub what: String,
    /// The block that was damaged, if one was.
    pub damaged_block: Option<usize>,
}

/// What a device held at first, and everything that was done to it.
pub struct Recording {
    base: Image,
    ops: Vec<Op>,
    /// What it holds at the end.
    whole: Image,
}

/// Hears of each point; answers whether to go on.
pub type Visit<'a> = dyn FnMut(Point, &mut Prng) -> bool + 'a;

/// Blocks of the superblock slots.
pub(crate) const SLOTS: [usize; 2] = [0, 4];

/// Applies what an operation did, all of it.
fn apply(image: &mut Image, op: &Op) {
    match op {
        Op::Write { first, blocks } => {
            for (i, block) in blocks.iter().enumerate() {
                image.set(first + i, block.clone());
            }
        }
        Op::Grow { len } => image.grow(*len),
        Op::Shrink { len } => image.shrink(*len),
        Op::Flush => {}
    }
}

/// A piece of a write: block and the sectors of it.
type Piece = (usize, Block, u8);

fn pieces(ops: &[Op]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for op in ops {
        if let Op::Write { first, blocks } = op {
            pieces.extend(blocks.iter().enumerate().map(|(i, block)| (first + i, block.clone(), 0xff)));
        }
    }
    pieces
}

fn put(image: &mut Image, piece: &Piece, mask: u8) {
    let torn = image.block(piece.0).torn(&piece.1, mask);
    image.set(piece.0, torn);
}

/// The ends of flush windows: `(first op after a flush, one past the last before the next)`.
fn windows(ops: &[Op]) -> Vec<(usize, usize)> {
    let mut windows = Vec::new();
    let mut first = 0;
    for (i, op) in ops.iter().enumerate() {
        if matches!(op, Op::Flush) {
            windows.push((first, i));
            first = i + 1;
        }
    }
    windows.push((first, ops.len()));
    windows
}

impl Recording {
    /// What was done to `device`, which held `base` at first.
    pub fn new(base: Image, device: &SimDevice) -> Recording {
        Recording { base, ops: device.ops(), whole: device.image() }
    }

    /// Everything that was done.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Everything that a power cut may leave, window by window; with `draws` random subsets of each window.
    pub fn crashes(&self, rng: &mut Prng, draws: u64, visit: &mut Visit<'_>) {
        let ops = &self.ops;
        let mut durable = self.base.clone();
        for (first, end) in windows(ops) {
            if !prefixes(&durable, ops, first, end, rng, visit) {
                return;
            }
            if !without_superblock(&durable, ops, first, end, rng, visit) {
                return;
            }
            for _ in 0..draws {
                let crash = first + rng.below((end - first) as u64 + 1) as usize;
                let (image, how) = scattered(&durable, &ops[first..crash], rng);
                let what = format!("operations {first}..{crash} since the last flush, {how}");
                if !visit(Point { image, op: crash, what, damaged_block: None }, rng) {
                    return;
                }
            }
            ops[first..end].iter().for_each(|op| apply(&mut durable, op));
        }
    }

    /// Disks that acknowledged a flush and lost all or some of what it covered, while later writes arrived.
    pub fn lies(&self, rng: &mut Prng, visit: &mut Visit<'_>) {
        let ops = &self.ops;
        let windows = windows(ops);
        let mut durable = self.base.clone();
        for (lied, &(first, end)) in windows.iter().enumerate() {
            for kept in [0, 2] {
                let mut image = durable.clone();
                ops[first..end]
                    .iter()
                    .filter(|op| matches!(op, Op::Grow { .. }))
                    .for_each(|op| apply(&mut image, op));
                for piece in pieces(&ops[first..end]) {
                    if rng.chance(kept, 3) {
                        put(&mut image, &piece, 0xff);
                    }
                }
                let later = (lied + 1 + rng.below(3) as usize).min(windows.len() - 1);
                let upto = windows[later].1.max(end);
                ops[end..upto].iter().for_each(|op| apply(&mut image, op));
                let what =
                    format!("operations 0..{upto}, flush of {first}..{end} was a lie ({kept}/3 of it kept)");
                if !visit(Point { image, op: upto, what, damaged_block: None }, rng) {
                    return;
                }
            }
            ops[first..end].iter().for_each(|op| apply(&mut durable, op));
        }
    }

    /// The disk at the end of the life with something damaged: superblocks, records, anything.
    pub fn damages(&self, rng: &mut Prng, visit: &mut Visit<'_>) {
        let whole = &self.whole;
        let records = self.late_records();
        for n in 0..24 {
            let record = records.get(rng.below(records.len().max(1) as u64) as usize);
            let block = match (n, record) {
                (0, _) => SLOTS[0],
                (1, _) => SLOTS[1],
                (2..13, Some(&record)) => record,
                _ => rng.below(whole.len() as u64) as usize,
            };
            let (image, what) = self.hurt(block, rng);
            let op = self.ops.len();
            if !visit(Point { image, op, what, damaged_block: Some(block) }, rng) {
                return;
            }
        }
    }

    /// Blocks of the records since the last superblock: those that an opening reads.
    fn late_records(&self) -> Vec<usize> {
        let mut records = Vec::new();
        for op in self.ops.iter().rev().take(24) {
            match op {
                Op::Write { first, .. } if SLOTS.contains(first) && !records.is_empty() => break,
                Op::Write { first, .. } => records.push(*first),
                Op::Flush | Op::Grow { .. } | Op::Shrink { .. } => {}
            }
        }
        records.retain(|&b| self.whole.block(b).bytes().starts_with(b"PHRECORD"));
        records
    }

    fn hurt(&self, block: usize, rng: &mut Prng) -> (Image, String) {
        let mut image = self.whole.clone();
        let what = match rng.below(5) {
            0 => {
                image.flip(block, rng.below(4096 * 8) as usize);
                format!("a bit of block {block} flipped")
            }
            1 => {
                image.flip(block, (128 + rng.below(64)) as usize * 8 + rng.below(8) as usize);
                format!("a bit of bytes 128 to 191 of block {block} flipped (the first entries of a record)")
            }
            2 => {
                image.flip(block, rng.below(128 * 8) as usize);
                format!("a bit of the first 128 bytes of block {block} flipped (the head of a record)")
            }
            3 => {
                image.set(block, Block::new([0; 4096]));
                format!("block {block} zeroed")
            }
            _ => {
                image.set(block, self.base.block(block));
                format!("block {block} as it was at first")
            }
        };
        (image, what)
    }
}

/// All prefixes of the window, and each with the next write torn.
fn prefixes(
    durable: &Image,
    ops: &[Op],
    first: usize,
    end: usize,
    rng: &mut Prng,
    visit: &mut Visit<'_>,
) -> bool {
    let mut image = durable.clone();
    for crash in first..=end {
        let what = format!("prefix of operations {first}..{crash}");
        if !visit(Point { image: image.clone(), op: crash, what, damaged_block: None }, rng) {
            return false;
        }
        let Some(op) = ops.get(crash).filter(|_| crash < end) else { break };
        let tears = [Tear::Blocks, Tear::FirstSectors, Tear::LastSectors];
        let tear = tears[rng.below(3) as usize];
        let mut torn = image.clone();
        tear.apply(&mut torn, op, rng);
        let what = format!("operations {first}..{crash} and a part of the next ({tear:?})");
        if !visit(Point { image: torn, op: crash + 1, what, damaged_block: None }, rng) {
            return false;
        }
        apply(&mut image, op);
    }
    true
}

/// The whole window but for its superblock, where it holds more than that.
fn without_superblock(
    durable: &Image,
    ops: &[Op],
    first: usize,
    end: usize,
    rng: &mut Prng,
    visit: &mut Visit<'_>,
) -> bool {
    let is_superblock = |op: &&Op| matches!(op, Op::Write { first, .. } if SLOTS.contains(first));
    if !ops[first..end].iter().any(|op| is_superblock(&op)) {
        return true;
    }
    let mut image = durable.clone();
    ops[first..end].iter().filter(|op| !is_superblock(op)).for_each(|op| apply(&mut image, op));
    let what = format!("operations {first}..{end} without the superblock among them");
    visit(Point { image, op: end, what, damaged_block: None }, rng)
}

/// How a write is torn.
#[derive(Clone, Copy, Debug)]
enum Tear {
    /// Its first blocks are there.
    Blocks,
    /// Its first blocks and the first sectors of the next.
    FirstSectors,
    /// Its last blocks and the last sectors of the one before.
    LastSectors,
}

impl Tear {
    fn apply(self, image: &mut Image, op: &Op, rng: &mut Prng) {
        let all = pieces(std::slice::from_ref(op));
        if all.is_empty() {
            return;
        }
        let cut = rng.below(all.len() as u64) as usize;
        let sectors = 1 + rng.below(7) as u32;
        let range = if matches!(self, Tear::LastSectors) { cut + 1..all.len() } else { 0..cut };
        all[range].iter().for_each(|piece| put(image, piece, 0xff));
        match self {
            Tear::Blocks => {}
            Tear::FirstSectors => put(image, &all[cut], !(0xffu8 << sectors)),
            Tear::LastSectors => put(image, &all[cut], 0xffu8 << sectors),
        }
    }
}

/// Any part of the writes, in any order, some torn into sectors; growth may be lost.
fn scattered(durable: &Image, ops: &[Op], rng: &mut Prng) -> (Image, &'static str) {
    let mut image = durable.clone();
    let growth_lost = rng.chance(1, 8);
    if !growth_lost {
        ops.iter().filter(|op| matches!(op, Op::Grow { .. })).for_each(|op| apply(&mut image, op));
    }
    let is_cut = |op: &&Op| matches!(op, Op::Shrink { .. });
    if ops.iter().any(|op| is_cut(&op)) && rng.chance(1, 2) {
        ops.iter().filter(is_cut).for_each(|op| apply(&mut image, op));
    }
    let mut pieces = pieces(ops);
    let how = match rng.below(5) {
        0 => {
            pieces.retain(|_| rng.chance(1, 2));
            "half of the blocks"
        }
        1 => {
            pieces.iter_mut().for_each(|piece| piece.2 = rng.next_u64() as u8 | rng.next_u64() as u8);
            "sectors at random"
        }
        2 => {
            let stale = rng.below(pieces.len().max(1) as u64) as usize;
            if let Some(piece) = pieces.get_mut(stale) {
                piece.2 = !(1u8 << rng.below(8));
            }
            "one stale sector"
        }
        3 => {
            let lost = rng.below(pieces.len().max(1) as u64) as usize;
            if lost < pieces.len() {
                pieces.remove(lost);
            }
            "one block lost"
        }
        _ => {
            for i in (1..pieces.len()).rev() {
                pieces.swap(i, rng.below(i as u64 + 1) as usize);
            }
            let kept = rng.below(pieces.len() as u64 + 1) as usize;
            pieces.truncate(kept);
            "some blocks in any order"
        }
    };
    pieces.iter().for_each(|piece| put(&mut image, piece, piece.2));
    (image, if growth_lost { "growth lost" } else { how })
}
