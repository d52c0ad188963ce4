//! Files and folders below a folder that nothing leads out of.
//!
//! The kernel itself resolves each path beneath the folder (`openat2`, Linux 5.6): no symbolic link and no `..` leads out,
//! also when someone moves folders about meanwhile.

use super::error::outside;
use platform::{Access, Fault, FileFacts, OutsideError, Place};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

type Result<T> = std::result::Result<T, OutsideError>;

const NEW_FILE: Mode = Mode::from_raw_mode(0o666);
const NEW_DIRECTORY: Mode = Mode::from_raw_mode(0o777);

fn failed(error: Errno) -> OutsideError {
    if error == Errno::NOSYS {
        return OutsideError::new(Fault::Unsupported, "files need openat2, which this kernel does not have");
    }
    outside(&io::Error::from(error))
}

/// Opens what stands at a relative path below a folder.
fn beneath(folder: &str, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    let top = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, top, Mode::empty()).map_err(failed)?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    loop {
        match rustix::fs::openat2(&folder, path, flags | OFlags::CLOEXEC, mode, resolve) {
            // A rename elsewhere raced with it.
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result.map_err(failed),
        }
    }
}

/// The folder of a place, and the name in it.
fn parent(place: &Place) -> Result<(OwnedFd, &str)> {
    let path = place.path.trim_end_matches('/');
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    if name.is_empty() || name == "." || name == ".." {
        return Err(OutsideError::new(Fault::NotAllowed, "the folder that was granted stays as it is"));
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    Ok((beneath(&place.beneath, folder, flags, Mode::empty())?, name))
}

fn facts(of: impl AsFd) -> Result<FileFacts> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let found = rustix::fs::statx(of, "", AtFlags::EMPTY_PATH, wanted).map_err(failed)?;
    let ns = |time: rustix::fs::StatxTimestamp| {
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::from(time.tv_nsec)
    };
    Ok(FileFacts {
        device: rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor),
        inode: found.stx_ino,
        born_ns: ns(found.stx_btime),
        size: found.stx_size,
        modified_ns: ns(found.stx_mtime),
        is_directory: FileType::from_raw_mode(found.stx_mode.into()) == FileType::Directory,
    })
}

/// Opens a regular file.
pub(super) fn open(place: &Place, access: Access) -> Result<(File, FileFacts)> {
    let how = match access {
        Access::Read => OFlags::RDONLY,
        Access::Write => OFlags::RDWR | OFlags::CREATE,
        Access::Existing => OFlags::RDWR,
    };
    let mode = if access == Access::Write { NEW_FILE } else { Mode::empty() };
    // Without blocking, or a pipe without a reader would hold the thread.
    let fd = beneath(&place.beneath, &place.path, how | OFlags::NONBLOCK, mode)?;
    let file = File::from(fd);
    let about = file.metadata().map_err(|error| outside(&error))?;
    if about.is_dir() {
        return Err(OutsideError::new(Fault::IsDirectory, "it is a folder"));
    }
    if !about.is_file() {
        return Err(OutsideError::new(Fault::Invalid, "it is neither a file nor a folder"));
    }
    let facts = facts(&file)?;
    Ok((file, facts))
}

pub(super) fn stat(place: &Place) -> Result<FileFacts> {
    facts(beneath(&place.beneath, &place.path, OFlags::PATH, Mode::empty())?)
}

pub(super) fn list(place: &Place) -> Result<Vec<String>> {
    let folder = beneath(&place.beneath, &place.path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    let mut names = Vec::new();
    for entry in Dir::new(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

pub(super) fn remove(place: &Place) -> Result<()> {
    let (folder, name) = parent(place)?;
    match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR).map_err(failed),
        result => result.map_err(failed),
    }
}

pub(super) fn rename(from: &Place, to: &Place) -> Result<()> {
    let (old_folder, old) = parent(from)?;
    let (new_folder, new) = parent(to)?;
    rustix::fs::renameat(&old_folder, old, &new_folder, new).map_err(|error| match error {
        Errno::XDEV => OutsideError::new(Fault::Invalid, "it would have to move to another file system"),
        error => failed(error),
    })
}

pub(super) fn make_directory(place: &Place) -> Result<()> {
    let (folder, name) = parent(place)?;
    rustix::fs::mkdirat(&folder, name, NEW_DIRECTORY).map_err(failed)
}

pub(super) fn read(file: &File, offset: u64, most: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(outside(&error)),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

pub(super) fn write(file: &File, offset: u64, bytes: &[u8]) -> Result<()> {
    file.write_all_at(bytes, offset).map_err(|error| outside(&error))
}

pub(super) fn resize(file: &File, size: u64) -> Result<()> {
    file.set_len(size).map_err(|error| outside(&error))
}

pub(super) fn sync(file: &File) -> Result<()> {
    file.sync_all().map_err(|error| outside(&error))
}
