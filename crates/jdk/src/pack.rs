//! Making the copy of a library from an installed JDK.

use crate::LibraryId;
use crate::format::{BLOCK_CONTENT, Block, Entry, HEAD_BYTES, Head, NO_MODULE, id_of, key_of};
use crate::installed::Jdk;
use crate::library::modules;
use base::checksum::{checksum, digest};
use miniz_oxide::deflate::compress_to_vec;
use ristretto_jimage::Image;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// Level of DEFLATE: 48 MB in 2.0 s of CPU for the modules of JDK 17; one less is 54 MB in 1.1 s, one more 46 MB in 2.7 s.
const LEVEL: u8 = 2;

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The image of the JDK is not one.
    #[error("{}: the classes of this JDK cannot be read: {what}", path.display())]
    Image {
        /// The image.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file of the JDK cannot be read, or the copy not written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// One content of a library.
struct Item<'i> {
    /// Number of the module, or [`NO_MODULE`].
    module: u16,
    /// In the module or in the JDK.
    name: String,
    content: Cow<'i, [u8]>,
}

/// Writes the copy of a JDK's library; `progress` hears how many of how many bytes were packed.
///
/// # Errors
/// When the JDK cannot be read or the file not written.
pub(crate) fn pack(
    jdk: &Jdk,
    to: &mut File,
    path: &std::path::Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<LibraryId, PackError> {
    let wrong =
        |error: &dyn std::fmt::Display| PackError::Image { path: jdk.image(), what: error.to_string() };
    let image = Image::from_file(&jdk.image()).map_err(|error| wrong(&error))?;
    let resources: Vec<_> = image.iter().collect::<Result<_, _>>().map_err(|error| wrong(&error))?;
    let numbers: Vec<&str> = modules(jdk.release()).collect();
    let mut items = Vec::with_capacity(resources.len());
    for resource in &resources {
        let whole = resource.full_name();
        let Some((module, name)) = whole.trim_start_matches('/').split_once('/') else { continue };
        if let Some(number) = numbers.iter().position(|known| *known == module) {
            items.push(Item {
                module: number as u16,
                name: name.to_string(),
                content: Cow::Borrowed(resource.data()),
            });
        }
    }
    for file in jdk.files() {
        let from = jdk.home().join(&file.name);
        // What this user may not read, no program of the user can.
        match fs::read(&from) {
            Ok(content) if content.starts_with(b"\x7fELF") => {}
            Ok(content) => {
                items.push(Item { module: NO_MODULE, name: file.name, content: Cow::Owned(content) })
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(PackError::Io { path: from, error }),
        }
    }
    // Neighbours in a package are alike, which packs well, and are read one soon after another.
    items.sort_by(|one, other| (one.module, &one.name).cmp(&(other.module, &other.name)));
    write(&items, jdk.release(), to, progress)
        .map_err(|error| PackError::Io { path: path.to_path_buf(), error })
}

fn write(
    items: &[Item<'_>],
    release: &str,
    to: &mut File,
    progress: &mut dyn FnMut(u64, u64),
) -> io::Result<LibraryId> {
    let all: u64 = items.iter().map(|item| item.content.len() as u64).sum();
    let mut out = BufWriter::new(to);
    out.write_all(&[0; HEAD_BYTES])?;
    let (mut at, mut done) = (HEAD_BYTES as u64, 0);
    let (mut blocks, mut entries) = (Vec::new(), Vec::with_capacity(items.len()));
    let mut rest = items;
    while !rest.is_empty() {
        let count = block_items(rest);
        let (of_block, behind) = rest.split_at(count);
        rest = behind;
        let mut raw = Vec::with_capacity(BLOCK_CONTENT);
        for Item { module, name, content } in of_block {
            entries.push(Entry {
                key: key_of(name),
                module: *module,
                name_len: narrow(name.len())?,
                block: narrow(blocks.len())?,
                offset: narrow(raw.len())?,
                len: narrow(content.len())?,
            });
            raw.extend_from_slice(name.as_bytes());
            raw.extend_from_slice(content);
            done += content.len() as u64;
        }
        let packed = compress_to_vec(&raw, LEVEL);
        let stored = if packed.len() < raw.len() { &packed } else { &raw };
        out.write_all(stored)?;
        let (stored, len) = (narrow(stored.len())?, narrow(raw.len())?);
        blocks.push(Block { at, stored, len, hash: digest(&raw) });
        at += u64::from(stored);
        progress(done, all);
    }
    entries.sort();
    let entry_bytes: Vec<u8> = entries.iter().flat_map(Entry::encode).collect();
    let mut index: Vec<u8> = blocks.iter().flat_map(Block::encode).collect();
    index.extend_from_slice(&entry_bytes);
    index.extend_from_slice(release.as_bytes());
    out.write_all(&index)?;
    let head = Head {
        blocks: narrow(blocks.len())?,
        entries: narrow(entries.len())?,
        index_at: at,
        index_len: index.len() as u64,
        index_sum: checksum(&index),
    };
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&head.encode())?;
    out.flush()?;
    Ok(id_of(&blocks, &entry_bytes, release))
}

/// How many items the next block has.
fn block_items(items: &[Item<'_>]) -> usize {
    let mut bytes = 0;
    let fits = items.iter().take_while(|item| {
        bytes += item.name.len() + item.content.len();
        bytes <= BLOCK_CONTENT
    });
    fits.count().max(1)
}

fn narrow<T>(number: usize) -> io::Result<T>
where
    T: TryFrom<usize>,
{
    T::try_from(number).map_err(|_| io::Error::other("the library is too large for the format"))
}
