//! Where the control socket of a world is: beside its file, or in the user's runtime folder where that cannot be.
//!
//! A socket's address holds 107 bytes. A longer path is reached through `/proc/self/fd`; a longer name gives way to its
//! hash.

use crate::say;
use base::checksum::checksum;
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Longest path that a socket's address takes.
const ADDRESS_MAX: usize = 107;
/// Connections that may wait to be taken.
const BACKLOG: i32 = 16;

/// Where a socket may be; the first place that works is taken.
fn places(world: &Path) -> Vec<PathBuf> {
    let Ok(world) = fs::canonicalize(world) else { return Vec::new() };
    let mut hash = String::new();
    let _never_fails = write!(hash, "{:016x}", checksum(world.as_os_str().as_bytes()));
    let mut beside = world.as_os_str().to_owned();
    beside.push(".sock");
    let mut beside = PathBuf::from(beside);
    // `/proc/self/fd/` and a number go before the name where the path is too long.
    if beside.file_name().is_some_and(|name| name.len() > ADDRESS_MAX - 32) {
        beside.set_file_name(format!(".phantom-{hash}.sock"));
    }
    let runtime =
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    std::iter::once(beside).chain(runtime.map(|folder| folder.join(format!("phantom-{hash}.sock")))).collect()
}

/// An address of a path, and the folder that must stay open as long as it is used.
fn address(path: &Path) -> io::Result<(SocketAddrUnix, Option<OwnedFd>)> {
    if path.as_os_str().len() <= ADDRESS_MAX {
        return Ok((SocketAddrUnix::new(path)?, None));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    Ok((SocketAddrUnix::new(&short)?, Some(folder)))
}

fn socket() -> io::Result<OwnedFd> {
    Ok(rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// A socket that takes commands for a world, and its file.
pub(crate) struct Bound {
    /// The socket.
    pub(crate) listener: UnixListener,
    /// Its file.
    pub(crate) path: PathBuf,
}

impl Drop for Bound {
    fn drop(&mut self) {
        // What cannot be removed is stale, and is replaced by the next process that runs the world.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the socket of a world whose lock this process holds; says so when there can be none.
pub(crate) fn bind(world: &Path) -> Option<Bound> {
    let mut reasons = Vec::new();
    for path in places(world) {
        match bind_at(&path) {
            Ok(listener) => return Some(Bound { listener, path }),
            Err(error) => reasons.push(format!("{}: {error}", path.display())),
        }
    }
    say(&format_args!("warning: no commands reach this world: {}", reasons.join("; ")));
    None
}

fn bind_at(path: &Path) -> io::Result<UnixListener> {
    // The lock on the world is ours, so whoever made this socket runs it no more.
    match fs::symlink_metadata(path) {
        Ok(about) if about.file_type().is_socket() => fs::remove_file(path)?,
        Ok(_) => return Err(io::Error::new(io::ErrorKind::AlreadyExists, "something else is there")),
        Err(_) => {}
    }
    let fd = socket()?;
    // The file gets the mode of the socket: nobody else can connect, not even for a moment.
    rustix::fs::fchmod(&fd, Mode::RUSR | Mode::WUSR)?;
    let (address, _folder) = address(path)?;
    rustix::net::bind(&fd, &address)?;
    rustix::net::listen(&fd, BACKLOG)?;
    Ok(UnixListener::from(fd))
}

/// Connects to the process that runs a world; `None` when none listens.
///
/// # Errors
/// When somebody listens and does not let this user in.
pub(crate) fn connect(world: &Path) -> io::Result<Option<UnixStream>> {
    for path in places(world) {
        let (address, _folder) = address(&path)?;
        let fd = socket()?;
        match rustix::net::connect(&fd, &address) {
            Ok(()) => return Ok(Some(UnixStream::from(fd))),
            Err(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    format!("{}: only the user who runs the world, and root, may command it", path.display()),
                ));
            }
            // Not there, or left behind by a kill.
            Err(_) => {}
        }
    }
    Ok(None)
}

/// Whether a process of this user may command one of that user.
pub(crate) fn may_command(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_same_user_and_root_may_command() {
        for (peer, own, may) in [(5, 5, true), (0, 5, true), (5, 0, false), (6, 5, false), (0, 0, true)] {
            assert_eq!(may_command(peer, own), may, "{peer} {own}");
        }
    }

    #[test]
    fn paths_of_any_length_can_be_bound_and_stale_ones_are_replaced() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let deep = scratch.path().join("a".repeat(120)).join("b".repeat(120));
        fs::create_dir_all(&deep).expect("folders");
        for name in ["short.world".to_string(), "c".repeat(200)] {
            for folder in [scratch.path(), &deep] {
                let world = folder.join(&name);
                fs::write(&world, "").expect("a file");
                assert!(connect(&world).expect("nobody").is_none());
                let path = places(&world)[0].clone();
                // What a killed process leaves behind.
                drop(bind_at(&path).expect("a socket"));
                assert!(path.exists() && connect(&world).expect("nobody").is_none());
                let bound = bind(&world).expect("a socket");
                assert_eq!(fs::metadata(&path).expect("its file").permissions().mode() & 0o777, 0o600);
                assert!(connect(&world).expect("somebody").is_some());
                drop(bound);
                assert!(!path.exists());
            }
        }
        let world = scratch.path().join("taken.world");
        fs::write(&world, "").expect("a file");
        fs::write(scratch.path().join("taken.world.sock"), "precious").expect("a file");
        assert!(bind_at(&places(&world)[0]).is_err());
        assert_eq!(fs::read(scratch.path().join("taken.world.sock")).expect("it is there"), b"precious");
    }
}
