//! Streams of snapshots: one snapshot whole, or the difference between two, to be carried elsewhere.
//!
//! Byte by byte in `docs/formats/export.md`. Each frame's checksum covers the one before, so a stream that was cut, altered
//! or put in another order is noticed at the first frame that is not as it was written. Whoever imports puts pages into
//! a commit, which ends only after the last frame was verified, so nothing is seen of a stream that is bad.

use crate::lineage::Lineage;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::checksum::checksum;
use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex, WorldId};
use layout::{SCHEMA_HASH, area};
use store::{CommitError, CommitWriter, PageReader, ReadError, Store};

/// Version of the format of streams.
pub const STREAM_VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"PhStream";
/// Bytes of the head of a stream.
pub const HEAD_BYTES: usize = 128;
const FRAME_HEAD_BYTES: usize = 24;
/// Pages of a frame at most.
const FRAME_PAGES: usize = 64;
/// Pages of which the device is told before they are read.
const AHEAD_PAGES: usize = 4096;
/// Most bytes that a frame holds, unpacked.
const FRAME_BYTES_MAX: usize = FRAME_PAGES * (PAGE_SIZE + 4) + 4;

const PAGES: u8 = b'P';
const ZEROS: u8 = b'Z';
const END: u8 = b'E';

/// A snapshot that another one is compared with: its number and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its number.
    pub epoch: Epoch,
    /// When it was made, nanoseconds since 1970.
    pub wall_ns: u64,
}

/// What a stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHead {
    /// The world that it is from.
    pub world: WorldId,
    /// Hash of the schema of its objects.
    pub schema_hash: u64,
    /// The snapshot.
    pub snapshot: Mark,
    /// The snapshot from which on it holds what changed; none when it is whole.
    pub base: Option<Mark>,
    /// Pages that follow, those of zeros included.
    pub pages: u64,
}

/// A stream could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A page cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nobody takes it.
    #[error("{0}")]
    Sink(String),
}

/// A stream cannot be used. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It cannot be read.
    #[error("the stream cannot be read: {0}")]
    Source(String),
    /// It ends early.
    #[error("the stream ends early, {pages} pages of {of} came; send it again")]
    Cut {
        /// Pages that came.
        pages: u64,
        /// Pages that should have come.
        of: u64,
    },
    /// It is none.
    #[error("that is no stream of `phantom export`")]
    NoStream,
    /// It is of another version.
    #[error("the stream is of version {found} and this Phantom reads {STREAM_VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Its objects are of another schema.
    #[error(
        "the stream is of another version of Phantom (schema {found:016x}, this one has {SCHEMA_HASH:016x})"
    )]
    Schema {
        /// Its schema.
        found: u64,
    },
    /// It is not as it was written.
    #[error("the stream is damaged at frame {frame}: {what}; send it again")]
    Damaged {
        /// Number of the frame, from 1 on; 0 for the head.
        frame: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// It continues another world.
    #[error("the stream continues world {stream}, and this is world {world}{origin}")]
    OtherWorld {
        /// The world of the stream.
        stream: WorldId,
        /// The one that it was to continue.
        world: WorldId,
        /// Where that one comes from, in words.
        origin: String,
    },
    /// It continues another snapshot.
    #[error(
        "the stream continues snapshot {base}, and this world stands at {newest}{why}; `phantom export --since {newest}` would fit"
    )]
    WrongBase {
        /// The snapshot that it continues.
        base: Epoch,
        /// The newest of the world that it was to continue.
        newest: Epoch,
        /// Why they differ, if that is known.
        why: &'static str,
    },
    /// It continues a replica that has gone on by itself.
    #[error(
        "this world took snapshot {taken} and went on by itself since, as it was run or attached (it stands at {newest}), so \
         what changed elsewhere does not fit on it any more: import a whole snapshot into a new file, and to use a replica that is kept up, fork it and run \
         the fork (`phantom fork REPLICA FORK`)"
    )]
    HasRun {
        /// The last snapshot that it took.
        taken: Epoch,
        /// The newest that it has.
        newest: Epoch,
    },
    /// It is a difference, and there is nothing to which it could be added.
    #[error(
        "the stream holds only what changed since snapshot {base}; a new world needs one without --since"
    )]
    NeedsBase {
        /// The snapshot that it continues.
        base: Epoch,
    },
    /// It is whole, and a world is there.
    #[error("the stream is a whole snapshot and makes a new world; name a file that is not there")]
    Whole,
    /// A page of the world that is to be continued cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The snapshot cannot be stored.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Where a stream goes.
pub type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), String> + 'a;
/// Where a stream comes from: fills the bytes as far as there are any, and says how many.
pub type Source<'a> = dyn FnMut(&mut [u8]) -> Result<usize, String> + 'a;

/// Whether frames are packed: small on a slow way, faster unpacked on a fast one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    None,
    /// By LZ4.
    Lz4,
}

impl StreamHead {
    fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&STREAM_VERSION.to_le_bytes());
        bytes.extend_from_slice(&u32::from(self.base.is_some()).to_le_bytes());
        bytes.extend_from_slice(&self.world.0);
        let base = self.base.unwrap_or(Mark { epoch: Epoch(0), wall_ns: 0 });
        let numbers = [
            self.schema_hash,
            self.snapshot.epoch.0,
            self.snapshot.wall_ns,
            base.epoch.0,
            base.wall_ns,
            self.pages,
        ];
        for number in numbers {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.resize(HEAD_BYTES - 8, 0);
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        let mut head = [0u8; HEAD_BYTES];
        head.copy_from_slice(&bytes);
        head
    }

    fn decode(bytes: &[u8; HEAD_BYTES]) -> Result<StreamHead, ImportError> {
        let word = |at: usize| {
            let mut raw = [0u8; 8];
            raw.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(raw)
        };
        if &bytes[..8] != MAGIC {
            return Err(ImportError::NoStream);
        }
        let version = word(8) as u32;
        if version != STREAM_VERSION {
            return Err(ImportError::Version { found: version });
        }
        if word(HEAD_BYTES - 8) != checksum(&bytes[..HEAD_BYTES - 8]) {
            return Err(ImportError::Damaged { frame: 0, what: "the head is not as it was written" });
        }
        let mut world = [0u8; 16];
        world.copy_from_slice(&bytes[16..32]);
        let has_base = word(8) >> 32 != 0;
        let mark = |at: usize| Mark { epoch: Epoch(word(at)), wall_ns: word(at + 8) };
        let head = StreamHead {
            world: WorldId(world),
            schema_hash: word(32),
            snapshot: mark(40),
            base: has_base.then(|| mark(56)),
            pages: word(72),
        };
        if head.schema_hash != SCHEMA_HASH {
            return Err(ImportError::Schema { found: head.schema_hash });
        }
        Ok(head)
    }
}

/// Writes frames, each checked by the next.
struct Frames<'a, 'b> {
    sink: &'a mut Sink<'b>,
    chain: u64,
    packing: Packing,
    number: u64,
}

impl Frames<'_, '_> {
    fn send(&mut self, kind: u8, raw: &[u8]) -> Result<(), ExportError> {
        let packed = match self.packing {
            Packing::Lz4 => Some(lz4_flex::block::compress(raw)).filter(|packed| packed.len() < raw.len()),
            Packing::None => None,
        };
        let stored = packed.as_deref().unwrap_or(raw);
        self.number += 1;
        let mut frame = Vec::with_capacity(FRAME_HEAD_BYTES + stored.len());
        frame.extend_from_slice(&[kind, u8::from(packed.is_some()), 0, 0]);
        frame.extend_from_slice(&(self.number as u32).to_le_bytes());
        frame.extend_from_slice(&(stored.len() as u32).to_le_bytes());
        frame.extend_from_slice(&(raw.len() as u32).to_le_bytes());
        frame.extend_from_slice(&self.chain.to_le_bytes());
        frame.extend_from_slice(stored);
        self.chain = checksum(&frame);
        frame[16..24].copy_from_slice(&self.chain.to_le_bytes());
        (self.sink)(&frame).map_err(ExportError::Sink)
    }
}

/// Sends a snapshot: these pages of it, ascending, which are all that hold anything or all that changed since the base;
/// `progress` hears how many are done.
///
/// # Errors
/// When a page cannot be read or nobody takes the stream.
pub fn export(
    head: &StreamHead,
    reader: &PageReader,
    pages: &[PageIndex],
    packing: Packing,
    sink: &mut Sink<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), ExportError> {
    let encoded = head.encode();
    sink(&encoded).map_err(ExportError::Sink)?;
    let mut frames = Frames { sink, chain: checksum(&encoded), packing, number: 0 };
    let mut bytes = Box::new([0u8; PAGE_SIZE]);
    let (mut sent, mut told) = (0, 0);
    for chunk in pages.chunks(FRAME_PAGES) {
        if told < pages.len().min(sent as usize + AHEAD_PAGES / 2) {
            let until = pages.len().min(sent as usize + AHEAD_PAGES);
            reader.will_read(&pages[told..until]);
            told = until;
        }
        let (mut numbers, mut contents, mut zeros) = (Vec::new(), Vec::new(), Vec::new());
        for page in chunk {
            reader.read_page(*page, &mut bytes)?;
            if base::is_zero(&bytes) {
                zeros.extend_from_slice(&page.0.to_le_bytes());
            } else {
                numbers.extend_from_slice(&page.0.to_le_bytes());
                contents.extend_from_slice(&*bytes);
            }
        }
        if !numbers.is_empty() {
            let mut raw = Vec::with_capacity(4 + numbers.len() + contents.len());
            raw.extend_from_slice(&((numbers.len() / 4) as u32).to_le_bytes());
            raw.append(&mut numbers);
            raw.append(&mut contents);
            frames.send(PAGES, &raw)?;
        }
        if !zeros.is_empty() {
            frames.send(ZEROS, &zeros)?;
        }
        sent += chunk.len() as u64;
        progress(sent);
    }
    frames.send(END, &sent.to_le_bytes())
}

/// Reads a stream that someone else sends.
pub struct Incoming<'a, 'b> {
    source: &'a mut Source<'b>,
    /// What it holds.
    pub head: StreamHead,
    chain: u64,
    number: u64,
    pages: u64,
}

impl<'a, 'b> Incoming<'a, 'b> {
    /// Reads the head.
    ///
    /// # Errors
    /// When there is none that this version reads.
    pub fn begin(source: &'a mut Source<'b>) -> Result<Incoming<'a, 'b>, ImportError> {
        let mut bytes = [0u8; HEAD_BYTES];
        let got = fill(source, &mut bytes)?;
        if got < HEAD_BYTES {
            let begins_well = bytes[..got.min(8)] == MAGIC[..got.min(8)] && got > 0;
            return Err(if begins_well {
                ImportError::Cut { pages: 0, of: 0 }
            } else {
                ImportError::NoStream
            });
        }
        let head = StreamHead::decode(&bytes)?;
        Ok(Incoming { source, head, chain: checksum(&bytes), number: 0, pages: 0 })
    }

    /// The next frame: its kind and what it holds.
    fn frame(&mut self) -> Result<(u8, Vec<u8>), ImportError> {
        self.number += 1;
        let frame = self.number;
        let damaged = |what| ImportError::Damaged { frame, what };
        let mut bytes = alloc::vec![0u8; FRAME_HEAD_BYTES];
        self.whole(&mut bytes)?;
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let (kind, is_packed) = (bytes[0], bytes[1] == 1);
        let (number, stored, raw) = (word(4), word(8) as usize, word(12) as usize);
        let mut sum = [0u8; 8];
        sum.copy_from_slice(&bytes[16..24]);
        if stored > FRAME_BYTES_MAX || raw > FRAME_BYTES_MAX {
            return Err(damaged("its length makes no sense"));
        }
        bytes[16..24].copy_from_slice(&self.chain.to_le_bytes());
        bytes.resize(FRAME_HEAD_BYTES + stored, 0);
        self.whole(&mut bytes[FRAME_HEAD_BYTES..])?;
        if checksum(&bytes) != u64::from_le_bytes(sum) || number != frame as u32 {
            return Err(damaged("it is not as it was written, or not in its place"));
        }
        self.chain = u64::from_le_bytes(sum);
        let payload = bytes.split_off(FRAME_HEAD_BYTES);
        let payload = match is_packed {
            true => {
                lz4_flex::block::decompress(&payload, raw).map_err(|_| damaged("it cannot be unpacked"))?
            }
            false => payload,
        };
        if payload.len() != raw {
            return Err(damaged("its length is not what it says"));
        }
        Ok((kind, payload))
    }

    fn whole(&mut self, bytes: &mut [u8]) -> Result<(), ImportError> {
        if fill(self.source, bytes)? < bytes.len() {
            return Err(ImportError::Cut { pages: self.pages, of: self.head.pages });
        }
        Ok(())
    }

    /// Reads all pages and verifies the end; `progress` hears how many came.
    ///
    /// # Errors
    /// When the stream is not as it was written, or `put` fails.
    fn pages(
        &mut self,
        put: &mut dyn FnMut(PageIndex, &PageBytes) -> Result<(), ImportError>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ImportError> {
        loop {
            let (kind, payload) = self.frame()?;
            let frame = self.number;
            let damaged = |what| ImportError::Damaged { frame, what };
            match kind {
                PAGES => self.full_pages(&payload, put)?,
                ZEROS => {
                    for number in payload.chunks_exact(4) {
                        put(page_of(number), &[0u8; PAGE_SIZE])?;
                        self.pages += 1;
                    }
                }
                END => {
                    let ends_well =
                        payload.as_slice() == self.pages.to_le_bytes() && self.pages == self.head.pages;
                    if !ends_well {
                        return Err(damaged("not all pages came"));
                    }
                    return match fill(self.source, &mut [0u8])? {
                        0 => Ok(()),
                        _ => Err(damaged("more follows behind the end")),
                    };
                }
                _ => return Err(damaged("it is of no known kind")),
            }
            progress(self.pages);
        }
    }

    fn full_pages(
        &mut self,
        payload: &[u8],
        put: &mut dyn FnMut(PageIndex, &PageBytes) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let damaged = ImportError::Damaged { frame: self.number, what: "its pages are not what it says" };
        let Some((count, rest)) = payload.split_first_chunk::<4>() else { return Err(damaged) };
        let count = u32::from_le_bytes(*count) as usize;
        if count > FRAME_PAGES || rest.len() != count * (4 + PAGE_SIZE) {
            return Err(damaged);
        }
        let (numbers, contents) = rest.split_at(4 * count);
        for (number, content) in numbers.chunks_exact(4).zip(contents.chunks_exact(PAGE_SIZE)) {
            let mut bytes = [0u8; PAGE_SIZE];
            bytes.copy_from_slice(content);
            put(page_of(number), &bytes)?;
            self.pages += 1;
        }
        Ok(())
    }

    /// Stores what the stream holds in a world as one commit, which is of the stream's number and time: durable when this
    /// returns. The world starts detached.
    ///
    /// # Errors
    /// When the stream does not fit or is not as it was written. Nothing has changed then.
    pub fn store(&mut self, store: &Store, progress: &mut dyn FnMut(u64)) -> Result<Epoch, ImportError> {
        self.fits(store)?;
        let StreamHead { world, snapshot, .. } = self.head;
        let mut writer: CommitWriter = store.begin_commit(snapshot.epoch, snapshot.wall_ns)?;
        let lineage = Lineage { origin: Some((world, snapshot.epoch)), is_detached: true };
        let root = area::ROOT.page();
        let mut root_came = false;
        self.pages(
            &mut |page, bytes| {
                if page != root {
                    return Ok(writer.put(page, bytes)?);
                }
                root_came = true;
                let mut bytes = *bytes;
                lineage.write(&mut bytes);
                Ok(writer.put(page, &bytes)?)
            },
            progress,
        )?;
        if !root_came {
            let mut bytes = [0u8; PAGE_SIZE];
            store.read_page(root, &mut bytes)?;
            lineage.write(&mut bytes);
            writer.put(root, &bytes)?;
        }
        Ok(writer.finish()?.epoch)
    }

    /// Whether the stream continues what a world holds.
    fn fits(&self, store: &Store) -> Result<(), ImportError> {
        let newest = store.last_epoch();
        let Some(base) = self.head.base else {
            return if newest == Epoch(0) { Ok(()) } else { Err(ImportError::Whole) };
        };
        if newest == Epoch(0) {
            return Err(ImportError::NeedsBase { base: base.epoch });
        }
        let mut bytes = [0u8; PAGE_SIZE];
        store.read_page(area::ROOT.page(), &mut bytes)?;
        let (own, origin) = (store.info().world_id, Lineage::read(&bytes).origin);
        if own != self.head.world && origin.is_none_or(|origin| origin.0 != self.head.world) {
            let origin = origin.map_or_else(String::new, |(id, epoch)| {
                alloc::format!(", which comes from snapshot {epoch} of world {id}")
            });
            return Err(ImportError::OtherWorld { stream: self.head.world, world: own, origin });
        }
        if let Some((_, taken)) = origin.filter(|origin| origin.0 == self.head.world && origin.1 != newest) {
            return Err(ImportError::HasRun { taken, newest });
        }
        if newest != base.epoch {
            return Err(ImportError::WrongBase { base: base.epoch, newest, why: "" });
        }
        if store.last_wall_ns() != base.wall_ns {
            let why = ", which is another one: the two have gone apart";
            return Err(ImportError::WrongBase { base: base.epoch, newest, why });
        }
        Ok(())
    }
}

fn page_of(number: &[u8]) -> PageIndex {
    PageIndex(u32::from_le_bytes([number[0], number[1], number[2], number[3]]))
}

/// Reads until the bytes are full or nothing comes any more; how many came.
fn fill(source: &mut Source<'_>, bytes: &mut [u8]) -> Result<usize, ImportError> {
    let mut got = 0;
    while got < bytes.len() {
        match source(&mut bytes[got..]).map_err(|error| ImportError::Source(error.to_string()))? {
            0 => break,
            count => got += count,
        }
    }
    Ok(got)
}
