//! The library of a world in front of the stream of its snapshot: `phantom export --self-contained`.
//!
//! Byte by byte in `docs/formats/export.md`.

use crate::Failure;
use crate::control::protocol::Look;
use crate::control::verbs;
use crate::java::files;
use crate::look;
use crate::moment::Name;
use jdk::{Cache, CacheError, LibraryId};
use std::fs::File;
use std::io::{self, Cursor, Read};
use world::LibraryName;
use world::transfer::Sink;

const MAGIC: &[u8; 8] = b"PhWithLb";
/// Magic, identity, length.
const HEAD_BYTES: usize = 32;
/// Bytes of the library that are sent at once.
const PIECE: usize = 256 << 10;

/// Sends the library that a world runs on; nothing when it runs on none.
///
/// # Errors
/// When there is no copy of it, or nobody takes it.
pub(crate) fn send(name: &Name, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let wanted = library_of(name)?;
    if wanted.id.is_empty() {
        return Ok(());
    }
    let library = files::open_library(&wanted).map_err(|error| Failure::Input(error.to_string()))?;
    let fail = |error: io::Error| Failure::Input(format!("{}: {error}", library.path().display()));
    // What is damaged is not passed on.
    library.verify(&mut |_, _| {}).map_err(|error| Failure::Input(error.to_string()))?;
    let mut from = File::open(library.path()).map_err(fail)?;
    let mut left = from.metadata().map_err(fail)?.len();
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&library.id().0.to_le_bytes());
    head.extend_from_slice(&left.to_le_bytes());
    sink(&head).map_err(Failure::Input)?;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let count = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        from.read_exact(&mut piece[..count]).map_err(fail)?;
        sink(&piece[..count]).map_err(Failure::Input)?;
        left -= count as u64;
    }
    Ok(())
}

/// The library of a world, as whoever runs it says, or its file.
fn library_of(name: &Name) -> Result<LibraryName, Failure> {
    let shown = match verbs::look_there(&name.world, &Look::Info, &name.at)? {
        Some(shown) => shown,
        None => {
            let file = look::open(&name.world)?;
            look::of_world(&name.world, &file.store, Some(&file.report), &Look::Info, &name.at)?
        }
    };
    let text = |key: &str| shown.machine[key].as_str().unwrap_or_default().to_string();
    Ok(LibraryName { id: text("java_library"), version: text("java_version") })
}

/// Takes the library that stands in front of a stream, if there is one, into the cache; what follows.
///
/// # Errors
/// When it is not as it was sent, or cannot be kept.
pub(crate) fn receive<'r>(mut from: Box<dyn Read + 'r>) -> Result<Box<dyn Read + 'r>, Failure> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let failed = |error: io::Error| Failure::Input(error.to_string());
    from.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(failed)?;
    if head != MAGIC {
        return Ok(Box::new(Cursor::new(head).chain(from)));
    }
    let (mut id, mut len) = ([0; 16], [0; 8]);
    let cut = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            Failure::Input("the stream was cut off in its Java library".to_string())
        }
        _ => failed(error),
    };
    from.read_exact(&mut id).and_then(|()| from.read_exact(&mut len)).map_err(cut)?;
    let (id, len) = (LibraryId(u128::from_le_bytes(id)), u64::from_le_bytes(len));
    let wrong = |error: CacheError| Failure::Input(format!("the Java library in it: {error}"));
    Cache::of_user().and_then(|cache| cache.take(id, &mut from.by_ref().take(len))).map_err(wrong)?;
    Ok(from)
}
