//! Files and folders below a folder that nothing leads out of.
//!
//! The kernel itself resolves each path beneath the folder (`openat2`, Linux 5.6): no symbolic link and no `..` leads out,
//! also when someone moves folders about meanwhile.

use super::error::outside;
use platform::{Access, Done, Fault, FileFacts, OutsideError, Place};
use rustix::fd::AsRawFd;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, StatxFlags, Timespec, Timestamps};
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
    let is_root = folder == "/";
    let top = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, top, Mode::empty()).map_err(failed)?;
    // Nothing leads out of the root, so absolute links may be followed there.
    let bound = if is_root { ResolveFlags::IN_ROOT } else { ResolveFlags::BENEATH };
    let resolve = bound | ResolveFlags::NO_MAGICLINKS;
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
        mode: found.stx_mode.into(),
        owner: found.stx_uid,
        group: found.stx_gid,
        links: found.stx_nlink,
        accessed_ns: ns(found.stx_atime),
        changed_ns: ns(found.stx_ctime),
        may: 0,
    })
}

/// Opens a regular file.
pub(super) fn open(place: &Place, access: Access) -> Result<(File, FileFacts)> {
    let how = match access {
        Access::Read => OFlags::RDONLY,
        Access::Write => OFlags::RDWR | OFlags::CREATE,
        Access::Truncate => OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC,
        Access::New => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
        Access::Existing => OFlags::RDWR,
    };
    let makes = matches!(access, Access::Write | Access::Truncate | Access::New);
    let mode = if makes { NEW_FILE } else { Mode::empty() };
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

/// By which a file is known that is open in this process.
fn own_path(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

pub(super) fn stat(place: &Place) -> Result<FileFacts> {
    let there = beneath(&place.beneath, &place.path, OFlags::PATH, Mode::empty())?;
    let own = own_path(&there);
    let may = [rustix::fs::Access::READ_OK, rustix::fs::Access::WRITE_OK, rustix::fs::Access::EXEC_OK];
    let may = may.iter().fold(0, |bits, wanted| {
        let allowed = rustix::fs::access(own.as_str(), *wanted).is_ok();
        bits << 1 | u8::from(allowed)
    });
    Ok(FileFacts { may, ..facts(there)? })
}

/// What stands at a place itself, also when it is a link.
pub(super) fn stat_link(place: &Place) -> Result<FileFacts> {
    facts(beneath(&place.beneath, &place.path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?)
}

pub(super) fn measure(file: &File) -> Result<FileFacts> {
    facts(file)
}

/// The path of what stands at a place, without links.
pub(super) fn canonical(place: &Place) -> Result<String> {
    let there = beneath(&place.beneath, &place.path, OFlags::PATH, Mode::empty())?;
    let path = rustix::fs::readlink(own_path(&there), Vec::new()).map_err(failed)?;
    Ok(path.to_string_lossy().into_owned())
}

pub(super) fn read_link(place: &Place) -> Result<String> {
    let link = beneath(&place.beneath, &place.path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?;
    // The empty name of what a descriptor stands for (readlinkat(2)).
    match rustix::fs::readlinkat(&link, "", Vec::new()) {
        Ok(target) => Ok(target.to_string_lossy().into_owned()),
        // So it says of what is no link.
        Err(Errno::NOENT) => Err(failed(Errno::INVAL)),
        Err(error) => Err(failed(error)),
    }
}

pub(super) fn make_link(place: &Place, target: &str) -> Result<()> {
    let (folder, name) = parent(place)?;
    rustix::fs::symlinkat(target, &folder, name).map_err(failed)
}

/// Gives a file one more name; a link is not followed.
pub(super) fn link(from: &Place, to: &Place) -> Result<()> {
    let (old_folder, old) = parent(from)?;
    let (new_folder, new) = parent(to)?;
    rustix::fs::linkat(&old_folder, old, &new_folder, new, AtFlags::empty()).map_err(failed)
}

pub(super) fn set_mode(place: &Place, mode: u32) -> Result<()> {
    let there = beneath(&place.beneath, &place.path, OFlags::PATH, Mode::empty())?;
    rustix::fs::chmod(own_path(&there), Mode::from_raw_mode(mode)).map_err(failed)
}

pub(super) fn set_times(place: &Place, accessed_ns: u64, modified_ns: u64) -> Result<()> {
    let there = beneath(&place.beneath, &place.path, OFlags::PATH, Mode::empty())?;
    let time = |ns: u64| Timespec {
        tv_sec: (ns / 1_000_000_000).try_into().unwrap_or(0),
        tv_nsec: (ns % 1_000_000_000).try_into().unwrap_or(0),
    };
    let times = Timestamps { last_access: time(accessed_ns), last_modification: time(modified_ns) };
    rustix::fs::utimensat(rustix::fs::CWD, own_path(&there), &times, AtFlags::empty()).map_err(failed)
}

pub(super) fn space(place: &Place) -> Result<Done> {
    let there = beneath(&place.beneath, &place.path, OFlags::PATH, Mode::empty())?;
    let found = rustix::fs::fstatvfs(there).map_err(failed)?;
    Ok(Done::Space {
        block_bytes: found.f_frsize,
        blocks: found.f_blocks,
        free: found.f_bfree,
        usable: found.f_bavail,
    })
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
