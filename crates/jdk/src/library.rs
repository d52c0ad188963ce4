//! Reading a copy of a library: any content by its name, without reading more than the block that it is in.

use crate::format::{
    BLOCK_BYTES, Block, ENTRY_BYTES, Entry, HEAD_BYTES, Head, LibraryId, NO_MODULE, id_of, key_of,
};
use crate::installed::said_of;
use base::checksum::{checksum, digest};
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Blocks that are kept unpacked: 4 MiB.
const RECENT: usize = 64;

/// A copy of the library of one JDK.
pub struct Library {
    path: PathBuf,
    file: File,
    id: LibraryId,
    release: String,
    blocks: Vec<Block>,
    /// Sorted, as in the file.
    entries: Vec<u8>,
    /// The last blocks that were read, the newest last.
    recent: Mutex<VecDeque<(usize, Arc<Vec<u8>>)>>,
}

/// Why a copy of a library cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The copy.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is not what was written.
    #[error("{}: the copy of a Java library is damaged: {what}", path.display())]
    Damaged {
        /// The copy.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
}

impl Library {
    /// Opens a copy; its index is verified now, each block when it is read.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn open(path: &Path) -> Result<Library, LibraryError> {
        let damaged = |what| LibraryError::Damaged { path: path.to_path_buf(), what };
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it was cut off"),
            _ => LibraryError::Io { path: path.to_path_buf(), error },
        };
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut head = [0; HEAD_BYTES];
        file.read_exact_at(&mut head, 0).map_err(failed)?;
        let head = Head::decode(&head).map_err(damaged)?;
        if head.index_at.checked_add(head.index_len) != Some(bytes) {
            return Err(damaged("its length is not what its head says"));
        }
        let mut index = vec![0; head.index_len as usize];
        file.read_exact_at(&mut index, head.index_at).map_err(failed)?;
        if checksum(&index) != head.index_sum {
            return Err(damaged("its index is not as it was written"));
        }
        let (blocks, entries) = (head.blocks as usize * BLOCK_BYTES, head.entries as usize * ENTRY_BYTES);
        let inconsistent = || damaged("its index does not fit its head");
        let (blocks, rest) = index.split_at_checked(blocks).ok_or_else(inconsistent)?;
        let (entries, release) = rest.split_at_checked(entries).ok_or_else(inconsistent)?;
        let blocks: Vec<Block> = blocks.chunks_exact(BLOCK_BYTES).map(Block::decode).collect();
        let release = String::from_utf8_lossy(release).into_owned();
        Ok(Library {
            id: id_of(&blocks, entries, &release),
            path: path.to_path_buf(),
            file,
            entries: entries.to_vec(),
            release,
            blocks,
            recent: Mutex::new(VecDeque::new()),
        })
    }

    /// Its identity.
    pub fn id(&self) -> LibraryId {
        self.id
    }
    /// Where the copy is.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// What the JDK says of its version, such as `17.0.15+6-Debian-1deb12u1`.
    pub fn version(&self) -> &str {
        let named = ["JAVA_RUNTIME_VERSION", "JAVA_VERSION"];
        named.iter().find_map(|name| said_of(&self.release, name)).unwrap_or_default()
    }
    /// The modules that it has.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        modules(&self.release)
    }

    /// A resource of a module by its path in it, such as `java/lang/Object.class`.
    ///
    /// # Errors
    /// When the copy cannot be read or is damaged.
    pub fn resource(&self, module: &str, path: &str) -> Result<Option<Vec<u8>>, LibraryError> {
        match self.modules().position(|known| known == module) {
            Some(number) => self.content(path, |of| usize::from(of) == number),
            None => Ok(None),
        }
    }
    /// A resource of any module, the first that has it: for classes, of which only one has each.
    ///
    /// # Errors
    /// When the copy cannot be read or is damaged.
    pub fn resource_of_any(&self, path: &str) -> Result<Option<Vec<u8>>, LibraryError> {
        self.content(path, |of| of != NO_MODULE)
    }
    /// A file of the JDK by its path in it, such as `lib/tzdb.dat`.
    ///
    /// # Errors
    /// When the copy cannot be read or is damaged.
    pub fn file(&self, path: &str) -> Result<Option<Vec<u8>>, LibraryError> {
        self.content(path, |of| of == NO_MODULE)
    }

    fn content(
        &self,
        name: &str,
        module_fits: impl Fn(u16) -> bool,
    ) -> Result<Option<Vec<u8>>, LibraryError> {
        let key = key_of(name);
        let (mut low, mut high) = (0, self.entries.len() / ENTRY_BYTES);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(middle).key < key { low = middle + 1 } else { high = middle }
        }
        let count = self.entries.len() / ENTRY_BYTES;
        for entry in (low..count).map(|at| self.entry(at)).take_while(|entry| entry.key == key) {
            if !module_fits(entry.module) || usize::from(entry.name_len) != name.len() {
                continue;
            }
            let block = self.block(entry.block as usize)?;
            let from = entry.offset as usize;
            let place = from + name.len();
            let parts = (block.get(from..place), block.get(place..place + entry.len as usize));
            let (Some(named), Some(content)) = parts else {
                return Err(self.damaged("an entry is not within its block"));
            };
            if named == name.as_bytes() {
                return Ok(Some(content.to_vec()));
            }
        }
        Ok(None)
    }
    fn entry(&self, at: usize) -> Entry {
        Entry::decode(&self.entries[at * ENTRY_BYTES..(at + 1) * ENTRY_BYTES])
    }

    fn block(&self, number: usize) -> Result<Arc<Vec<u8>>, LibraryError> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = recent.iter().position(|(there, _)| *there == number)
            && let Some(found) = recent.remove(at)
        {
            let content = found.1.clone();
            recent.push_back(found);
            return Ok(content);
        }
        let content = Arc::new(self.read(number)?);
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back((number, content.clone()));
        Ok(content)
    }

    /// Reads a block and verifies it.
    fn read(&self, number: usize) -> Result<Vec<u8>, LibraryError> {
        let Some(block) = self.blocks.get(number) else {
            return Err(self.damaged("an entry names a block that is not there"));
        };
        let mut stored = vec![0; block.stored as usize];
        self.file.read_exact_at(&mut stored, block.at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it was cut off"),
            _ => LibraryError::Io { path: self.path.clone(), error },
        })?;
        let content = if block.stored == block.len {
            stored
        } else {
            decompress_to_vec_with_limit(&stored, block.len as usize)
                .map_err(|_| self.damaged("a block cannot be unpacked"))?
        };
        if content.len() != block.len as usize || digest(&content) != block.hash {
            return Err(self.damaged("a block is not as it was written"));
        }
        Ok(content)
    }

    /// Reads all of it and verifies it; `progress` hears how many of how many blocks are done.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), LibraryError> {
        for number in 0..self.blocks.len() {
            self.read(number)?;
            progress(number as u64 + 1, self.blocks.len() as u64);
        }
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> LibraryError {
        LibraryError::Damaged { path: self.path.clone(), what }
    }
}

/// The modules that a file `release` names.
pub(crate) fn modules(release: &str) -> impl Iterator<Item = &str> {
    said_of(release, "MODULES").unwrap_or("java.base").split(' ')
}
