//! What the kernel says, as [`OutsideError`]s.

use platform::{Fault, OutsideError};
use std::io::{self, ErrorKind};

/// The text of an error without its number.
pub(super) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}

/// An error of the kernel.
pub(super) fn outside(error: &io::Error) -> OutsideError {
    let fault = match error.kind() {
        ErrorKind::NotFound => Fault::NotFound,
        ErrorKind::PermissionDenied => Fault::NotAllowed,
        ErrorKind::AlreadyExists => Fault::Exists,
        ErrorKind::IsADirectory => Fault::IsDirectory,
        ErrorKind::NotADirectory => Fault::NotDirectory,
        ErrorKind::DirectoryNotEmpty => Fault::NotEmpty,
        ErrorKind::AddrInUse => Fault::AddressInUse,
        ErrorKind::AddrNotAvailable => Fault::AddressNotHere,
        ErrorKind::ConnectionRefused => Fault::Refused,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected => Fault::Reset,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::TimedOut => {
            Fault::Unreachable
        }
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => Fault::Invalid,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Fault::NoSpace,
        ErrorKind::FileTooLarge => Fault::TooLarge,
        _ => match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE) => Fault::TooManyOpen,
            // What `openat2` says of a path that leads out of its folder.
            Some(libc::EXDEV) => Fault::LeadsOut,
            Some(libc::ELOOP) => Fault::Invalid,
            _ => Fault::Other,
        },
    };
    OutsideError::new(fault, describe(error))
}
