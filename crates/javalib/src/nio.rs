//! `java.nio`: files by path and by channel. What the methods of `sun.nio.fs` and `sun.nio.ch` do on Linux, over connectors.
//!
//! A path that was not granted gives `AccessDeniedException` with the option that grants it.
//! Attributes of users, extended attributes, file stores and descriptors of folders are not there; the dispatcher says so,
//! and the library does without them.

use crate::descriptors::{
    How, Open, REOPENS, Refused, Source, change, close, enter, errno, failed, file_at, fill, io_exception,
    list_bytes, measure, nonsense, number_in, open_at, open_file, progress, read, reason, set_number_in,
    set_progress, text_of_errno, write,
};
use crate::files::{at_place, at_place_once, may, rename_path};
use crate::offheap;
use crate::process::ask;
use crate::support::{done, get, natives, nothing, object, set, zero};
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::schema::connector;
use platform::{Access, Done, Ended, Fault, FileFacts, Known, Operation, OutsideError, Place};
use vm::internal::{Call, Outcome};
use vm::{Native, Purpose};

const NS_PER_S: u64 = 1_000_000_000;
const NS_PER_US: u64 = 1_000;
/// The capability of `UnixNativeDispatcher.init` that is there: the time at which a file was made.
const SUPPORTS_BIRTHTIME: i32 = 1 << 16;
/// Flags of `open` on Linux.
const O_ACCMODE: i32 = 3;
const O_CREAT: i32 = 0o100;
const O_EXCL: i32 = 0o200;
const O_TRUNC: i32 = 0o1000;
const O_APPEND: i32 = 0o2000;
/// Answers of channels: nothing there now, and the end (`IOStatus`).
const EOF: i32 = -1;
/// A scatter or gather list has so many entries at most.
const IOV_MAX: i32 = 1024;

pub(crate) const NATIVES: &[Native] = natives! {
    "sun/nio/fs/UnixNativeDispatcher" {
        "init" "()I" Short |_| Outcome::int(SUPPORTS_BIRTHTIME);
        "getcwd" "()[B" Short |call| { let path = call.vm.working_directory(call.thread); bytes_of(call, path.as_bytes()) };
        "strerror" "(I)[B" Short |call| { let text = text_of_errno(call.int_at(0)); bytes_of(call, text.as_bytes()) };
        "dup" "(I)I" Short duplicate;
        "open0" "(JII)I" Idempotent open;
        "close0" "(I)V" Short |call| { let fd = call.int_at(0); close(call, fd); Outcome::VOID };
        "read" "(IJI)I" Idempotent |call| { let fd = call.int_at(0); read_memory(call, fd, 1, None) };
        "write" "(IJI)I" Idempotent |call| { let fd = call.int_at(0); write_memory(call, fd, 1, None) };
        "access0" "(JI)V" Idempotent access;
        "exists0" "(J)Z" Idempotent exists;
        "stat0" "(JLsun/nio/fs/UnixFileAttributes;)V" Idempotent |call| stat(call, |place| Operation::Stat { place });
        "stat1" "(J)I" Idempotent mode_at;
        "lstat0" "(JLsun/nio/fs/UnixFileAttributes;)V" Idempotent |call| stat(call, |place| Operation::StatLink { place });
        "fstat" "(ILsun/nio/fs/UnixFileAttributes;)V" Idempotent stat_open;
        "link0" "(JJ)V" Once link;
        "unlink0" "(J)V" Once |call| change_path(call, Fault::NotFound, |place| Operation::Remove { place });
        "rmdir0" "(J)V" Once |call| change_path(call, Fault::NotFound, |place| Operation::Remove { place });
        "mkdir0" "(JI)V" Once |call| change_path(call, Fault::Exists, |place| Operation::MakeDirectory { place });
        "rename0" "(JJ)V" Once rename;
        "symlink0" "(JJ)V" Once symlink;
        "readlink0" "(J)[B" Idempotent |call| name_of(call, |place| Operation::ReadLink { place });
        "realpath0" "(J)[B" Idempotent |call| name_of(call, |place| Operation::Canonical { place });
        "chmod0" "(JI)V" Idempotent chmod;
        "utimes0" "(JJJ)V" Idempotent utimes;
        "opendir0" "(J)J" Idempotent open_folder;
        "readdir" "(J)[B" Short read_folder;
        "closedir" "(J)V" Short |call| { let fd = call.long_at(0) as i32; close(call, fd); Outcome::VOID };
        "getpwuid" "(I)[B" Idempotent |call| { let user = call.int_at(0) as u32; named(call, Known::User(user)) };
        "getgrgid" "(I)[B" Idempotent |call| { let group = call.int_at(0) as u32; named(call, Known::Group(group)) };
        "getpwnam0" "(J)I" Idempotent |call| numbered(call, Known::UserNamed);
        "getgrnam0" "(J)I" Idempotent |call| numbered(call, Known::GroupNamed);
    }
    "sun/nio/fs/LinuxNativeDispatcher" {
        "init" "()V" Short nothing;
    }
    "sun/nio/fs/UnixCopyFile" {
        "transfer" "(IIJ)V" Idempotent transfer;
    }
    "sun/nio/ch/IOUtil" {
        "randomBytes" "([B)Z" Short random_bytes;
        "fdVal" "(Ljava/io/FileDescriptor;)I" Short |call| { let fd = fd_in(call, 0); Outcome::int(fd) };
        "setfdVal" "(Ljava/io/FileDescriptor;I)V" Short |call| {
            let (descriptor, fd) = (call.reference_at(0), call.int_at(1));
            set_number_in(call.vm, descriptor, fd);
            Outcome::VOID
        };
        "fdLimit" "()I" Short |_| Outcome::int(i32::MAX);
        "iovMax" "()I" Short |_| Outcome::int(IOV_MAX);
    }
    "sun/nio/ch/NativeThread" {
        "init" "()V" Short nothing;
        "current" "()J" Short zero;
        "signal" "(J)V" Short nothing;
        "supportPendingSignals0" "()Z" Short zero;
    }
    "sun/nio/ch/FileKey" {
        "init" "(Ljava/io/FileDescriptor;)V" Idempotent file_key;
    }
    "sun/nio/ch/FileChannelImpl" {
        "initIDs" "()J" Short |_| Outcome::long(4096);
        "map0" "(IJJZ)J" Idempotent map;
        "unmap0" "(JJ)I" Short |call| { let address = call.long_at(0) as u64; offheap::free(call.vm, address); Outcome::int(0) };
        // Not supported: the library copies by itself.
        "transferTo0" "(Ljava/io/FileDescriptor;JJLjava/io/FileDescriptor;)J" Short |_| Outcome::long(-4);
        "maxDirectTransferSize0" "()I" Short |_| Outcome::int(i32::MAX);
    }
    // The image of the JDK's modules is read by a channel; nothing of it is mapped (`jdk.image.map.all`).
    "jdk/internal/jimage/NativeImageBuffer" {
        "getNativeMap" "(Ljava/lang/String;)Ljava/nio/ByteBuffer;" Short zero;
    }
    "java/nio/MappedMemoryUtils" {
        "isLoaded0" "(JJJ)Z" Short |_| Outcome::truth(true);
        "load0" "(JJ)V" Short nothing;
        "unload0" "(JJ)V" Short nothing;
    }
    "sun/nio/ch/FileDispatcherImpl" {
        "init" "()V" Short nothing;
        "read0" "(Ljava/io/FileDescriptor;JI)I" Idempotent |call| { let fd = fd_in(call, 0); read_memory(call, fd, 1, None) };
        "pread0" "(Ljava/io/FileDescriptor;JIJ)I" Idempotent |call| {
            let (fd, at) = (fd_in(call, 0), call.long_at(3) as u64);
            read_memory(call, fd, 1, Some(at))
        };
        "readv0" "(Ljava/io/FileDescriptor;JI)J" Idempotent scatter;
        "write0" "(Ljava/io/FileDescriptor;JI)I" Idempotent |call| { let fd = fd_in(call, 0); write_memory(call, fd, 1, None) };
        "pwrite0" "(Ljava/io/FileDescriptor;JIJ)I" Idempotent |call| {
            let (fd, at) = (fd_in(call, 0), call.long_at(3) as u64);
            write_memory(call, fd, 1, Some(at))
        };
        "writev0" "(Ljava/io/FileDescriptor;JI)J" Idempotent gather;
        "force0" "(Ljava/io/FileDescriptor;Z)I" Idempotent |call| {
            let fd = fd_in(call, 0);
            done(change(call, fd, |handle| Operation::Sync { handle }).map(|()| Outcome::int(0)))
        };
        "seek0" "(Ljava/io/FileDescriptor;J)J" Short seek;
        "truncate0" "(Ljava/io/FileDescriptor;J)I" Idempotent truncate;
        "size0" "(Ljava/io/FileDescriptor;)J" Idempotent |call| {
            let fd = fd_in(call, 0);
            done(measure(call, fd).map(|facts| Outcome::long(facts.size as i64)))
        };
        // Worlds do not share files with each other by locks; inside one the library keeps its own table of them.
        "lock0" "(Ljava/io/FileDescriptor;ZJJZ)I" Short zero;
        "release0" "(Ljava/io/FileDescriptor;JJ)V" Short nothing;
        "close0" "(Ljava/io/FileDescriptor;)V" Short |call| { let fd = fd_in(call, 0); close(call, fd); Outcome::VOID };
        "preClose0" "(Ljava/io/FileDescriptor;)V" Short crate::net::pre_close;
        "closeIntFD" "(I)V" Short |call| { let fd = call.int_at(0); close(call, fd); Outcome::VOID };
        "canTransferToFromOverlappedMap0" "()Z" Short |_| Outcome::truth(true);
    }
};

/// The number in the `FileDescriptor` of argument `index`.
pub(crate) fn fd_in(call: &Call<'_>, index: u64) -> i32 {
    number_in(call.vm, call.reference_at(index))
}

pub(crate) fn bytes_of(call: &mut Call<'_>, bytes: &[u8]) -> Outcome {
    let made = call.vm.make_bytes(bytes.len() as u64);
    call.vm.write_bytes(made, 0, bytes);
    Outcome::object(made)
}

/// Throws what the library makes an exception of by its number.
pub(crate) fn unix_exception(call: &mut Call<'_>, number: i32, text: Option<&str>) -> Outcome {
    let thrown = call.throw_java("sun/nio/fs/UnixException", text);
    if let Outcome::Throw(value) = thrown
        && let Some(made) = value.as_object()
    {
        set(call.vm, made, "errno", number as u64);
        if let Some(text) = text {
            let text = call.vm.java_string(text);
            set(call.vm, made, "msg", text.0);
        }
    }
    thrown
}

fn unix_failure(call: &mut Call<'_>, error: &OutsideError) -> Outcome {
    let text = reason(error);
    let number = errno(error.fault);
    unix_exception(call, number, Some(&text).filter(|_| error.fault == Fault::Other).map(String::as_str))
}

/// What leaves a method that works on a path.
fn refused(call: &mut Call<'_>, path: &str, refused: Refused) -> Outcome {
    match refused {
        Refused::Leave(outcome) => outcome,
        Refused::Outside(error) => unix_failure(call, &error),
        Refused::Grant(why) => {
            let thrown = call.throw_java("java/nio/file/AccessDeniedException", Some(&why));
            if let Outcome::Throw(value) = thrown
                && let Some(made) = value.as_object()
            {
                let path = call.vm.java_string(path);
                set(call.vm, made, "file", path.0);
            }
            thrown
        }
    }
}

pub(crate) fn settled(
    call: &mut Call<'_>,
    path: &str,
    result: Result<Ended, Refused>,
) -> Result<Done, Outcome> {
    match result {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(unix_failure(call, &error)),
        Err(why) => Err(refused(call, path, why)),
    }
}

fn open(call: &mut Call<'_>) -> Outcome {
    let flags = call.int_at(1);
    let path = match offheap::path(call, 0) {
        Ok(path) => path,
        Err(thrown) => return thrown,
    };
    let has = |flag: i32| flags & flag != 0;
    let access = match flags & O_ACCMODE {
        0 => Access::Read,
        _ if has(O_CREAT) && has(O_EXCL) => Access::New,
        _ if has(O_CREAT) && has(O_TRUNC) => Access::Truncate,
        _ if has(O_CREAT) => Access::Write,
        _ => Access::Existing,
    };
    // Emptying a file that must be there is a second operation.
    const EMPTIES: i64 = 3;
    let how = How { access, append: has(O_APPEND) };
    let empties = access == Access::Existing && has(O_TRUNC);
    let (step, fd) = progress(call);
    if step & !REOPENS == EMPTIES {
        let changed = change(call, fd as i32, |handle| Operation::Resize { handle, size: 0 });
        return done(changed.map(|()| Outcome::int(fd as i32)));
    }
    match open_file(call, &path, how) {
        Ok(object) => {
            let fd = enter(call, object);
            if !empties {
                return Outcome::int(fd);
            }
            set_progress(call, EMPTIES, fd as u64);
            Outcome::Again
        }
        Err(why) => refused(call, &path, why),
    }
}

/// Another number for what a number stands for.
fn duplicate(call: &mut Call<'_>) -> Outcome {
    match open_at(call, call.int_at(0)) {
        Some(Open::Object(object)) => Outcome::int(enter(call, object)),
        _ => unix_exception(call, 9, None),
    }
}

/// Reads to the address and count in arguments `at` and `at + 1`.
pub(crate) fn read_memory(call: &mut Call<'_>, fd: i32, at: u64, position: Option<u64>) -> Outcome {
    let (address, count) = (call.long_at(at) as u64, call.int_at(at + 1).max(0) as u64);
    if count == 0 {
        return Outcome::int(0);
    }
    let taken = fill(call, fd, Source::Memory { address }, count, position);
    done(taken.map(|count| Outcome::int(if count == 0 { EOF } else { count as i32 })))
}

/// Writes from the address and count in arguments `at` and `at + 1`.
pub(crate) fn write_memory(call: &mut Call<'_>, fd: i32, at: u64, position: Option<u64>) -> Outcome {
    let (address, count) = (call.long_at(at) as u64, call.int_at(at + 1).max(0) as u64);
    if count == 0 {
        return Outcome::int(0);
    }
    let written = write(call, fd, Source::Memory { address }, count, position);
    done(written.map(|()| Outcome::int(count as i32)))
}

/// The list that arguments 1 and 2 name, and how many bytes its pieces have.
pub(crate) fn list(call: &Call<'_>) -> (Source, u64) {
    let (address, entries) = (call.long_at(1) as u64, call.int_at(2).max(0) as u64);
    (Source::List { address, entries }, list_bytes(call.vm, address, entries))
}

/// Reads to the buffers of a list.
fn scatter(call: &mut Call<'_>) -> Outcome {
    let (fd, (room, count)) = (fd_in(call, 0), list(call));
    if count == 0 {
        return Outcome::long(0);
    }
    let taken = fill(call, fd, room, count, None);
    done(taken.map(|count| Outcome::long(if count == 0 { i64::from(EOF) } else { count as i64 })))
}

/// Writes the buffers of a list.
fn gather(call: &mut Call<'_>) -> Outcome {
    let (fd, (source, count)) = (fd_in(call, 0), list(call));
    if count == 0 {
        return Outcome::long(0);
    }
    done(write(call, fd, source, count, None).map(|()| Outcome::long(count as i64)))
}

fn seek(call: &mut Call<'_>) -> Outcome {
    let (fd, to) = (fd_in(call, 0), call.long_at(1));
    let found = file_at(call, fd).map(|object| {
        if to >= 0 {
            call.vm.set_u64(object, connector::POSITION, to as u64);
        }
        Outcome::long(call.vm.get_u64(object, connector::POSITION) as i64)
    });
    done(found)
}

fn truncate(call: &mut Call<'_>) -> Outcome {
    let (fd, size) = (fd_in(call, 0), call.long_at(1).max(0) as u64);
    done(change(call, fd, |handle| Operation::Resize { handle, size }).map(|()| Outcome::int(0)))
}

fn file_key(call: &mut Call<'_>) -> Outcome {
    let fd = fd_in(call, 1);
    let known = measure(call, fd).map(|facts| {
        let this = call.this();
        set(call.vm, this, "st_dev", facts.device);
        set(call.vm, this, "st_ino", facts.inode);
        Outcome::VOID
    });
    done(known)
}

/// Maps a file for reading, or privately: a copy of its bytes as they are now. What a mapping for writing would write is not
/// seen by the machine, so there is none. What is done: the address, and how many
/// bytes are there.
fn map(call: &mut Call<'_>) -> Outcome {
    const WRITES: i32 = 1;
    let (protection, from, count) = (call.int_at(1), call.long_at(2) as u64, call.long_at(3));
    if protection == WRITES {
        return io_exception(call, "a file cannot be mapped for writing here: write to the channel");
    }
    let this = call.this();
    let fd = number_in(call.vm, Value(get(call.vm, this, "fd")));
    let done_bytes = progress(call).1;
    let address = if done_bytes == 0 {
        match offheap::allocate(call.vm, count) {
            Ok(address) => address,
            Err(_) => return call.throw_java("java/lang/OutOfMemoryError", Some("Map failed")),
        }
    } else {
        done_bytes & !0xffff_ffff
    };
    let mut at = if done_bytes == 0 { 0 } else { done_bytes & 0xffff_ffff };
    set_progress_keeping(call, address | at);
    while at < count as u64 {
        let bytes = match read(call, fd, count as u64 - at, Some(from + at)) {
            Ok(bytes) => bytes,
            Err(outcome) => return outcome,
        };
        if bytes.is_empty() {
            break;
        }
        offheap::write(call.vm, address + at, &bytes);
        at += bytes.len() as u64;
        set_progress_keeping(call, address | at);
    }
    Outcome::long(address as i64)
}

/// Notes how much is done, whatever the step is.
fn set_progress_keeping(call: &mut Call<'_>, done: u64) {
    let (step, _) = progress(call);
    set_progress(call, step, done);
}

fn access(call: &mut Call<'_>) -> Outcome {
    let wanted = call.int_at(1) as u32;
    let found = offheap::path(call, 0).and_then(|path| {
        let result = at_place(call, &path, Purpose::Read, |place| Operation::Stat { place });
        match settled(call, &path, result)? {
            Done::File(facts) if may(call, &path, wanted, &facts) => Ok(Outcome::VOID),
            Done::File(_) => Err(unix_exception(call, 13, None)),
            _ => Err(nonsense(call)),
        }
    });
    done(found)
}

fn exists(call: &mut Call<'_>) -> Outcome {
    let found = offheap::path(call, 0).and_then(|path| {
        match at_place(call, &path, Purpose::Read, |place| Operation::Stat { place }) {
            Ok(ended) => Ok(Outcome::truth(ended.is_ok())),
            Err(Refused::Leave(outcome)) => Err(outcome),
            Err(_) => Ok(Outcome::truth(false)),
        }
    });
    done(found)
}

fn mode_at(call: &mut Call<'_>) -> Outcome {
    let found = offheap::path(call, 0).and_then(|path| {
        match at_place(call, &path, Purpose::Read, |place| Operation::Stat { place }) {
            Ok(Ok(Done::File(facts))) => Ok(Outcome::int(facts.mode as i32)),
            Err(Refused::Leave(outcome)) => Err(outcome),
            _ => Ok(Outcome::int(0)),
        }
    });
    done(found)
}

/// Fills a `UnixFileAttributes`.
fn fill_attributes(call: &mut Call<'_>, target: Addr, facts: &FileFacts) -> Outcome {
    let numbers = [
        ("st_mode", u64::from(facts.mode)),
        ("st_ino", facts.inode),
        ("st_dev", facts.device),
        ("st_nlink", u64::from(facts.links)),
        ("st_uid", u64::from(facts.owner)),
        ("st_gid", u64::from(facts.group)),
        ("st_size", facts.size),
        ("st_birthtime_sec", facts.born_ns / NS_PER_S),
        ("st_birthtime_nsec", facts.born_ns % NS_PER_S),
    ];
    let times = [("atime", facts.accessed_ns), ("mtime", facts.modified_ns), ("ctime", facts.changed_ns)];
    for (name, value) in numbers {
        set(call.vm, target, name, value);
    }
    for (name, ns) in times {
        set(call.vm, target, &alloc::format!("st_{name}_sec"), ns / NS_PER_S);
        set(call.vm, target, &alloc::format!("st_{name}_nsec"), ns % NS_PER_S);
    }
    Outcome::VOID
}

fn stat(call: &mut Call<'_>, operation: fn(Place) -> Operation) -> Outcome {
    let found = offheap::path(call, 0).and_then(|path| {
        let target = object(call, 1)?;
        let result = at_place(call, &path, Purpose::Read, operation);
        match settled(call, &path, result)? {
            Done::File(facts) => Ok(fill_attributes(call, target, &facts)),
            _ => Err(nonsense(call)),
        }
    });
    done(found)
}

fn stat_open(call: &mut Call<'_>) -> Outcome {
    let fd = call.int_at(0);
    let found = object(call, 1).and_then(|target| {
        let facts = measure(call, fd)?;
        Ok(fill_attributes(call, target, &facts))
    });
    done(found)
}

fn change_path(call: &mut Call<'_>, was_done: Fault, operation: fn(Place) -> Operation) -> Outcome {
    let changed = offheap::path(call, 0).and_then(|path| {
        let result = at_place_once(call, &path, was_done, operation);
        settled(call, &path, result)
    });
    done(changed.map(|_| Outcome::VOID))
}

fn rename(call: &mut Call<'_>) -> Outcome {
    let changed = offheap::path(call, 0).and_then(|from| {
        let to = offheap::path(call, 1)?;
        let result = rename_path(call, &from, &to);
        // So the library knows that it has to copy.
        if let Ok(Err(error)) = &result
            && error.fault == Fault::Invalid
        {
            return Err(unix_exception(call, 18, None));
        }
        settled(call, &from, result)
    });
    done(changed.map(|_| Outcome::VOID))
}

fn symlink(call: &mut Call<'_>) -> Outcome {
    let changed = offheap::path(call, 0).and_then(|target| {
        let path = offheap::path(call, 1)?;
        let result = at_place_once(call, &path, Fault::Exists, |place| Operation::MakeLink { place, target });
        settled(call, &path, result)
    });
    done(changed.map(|_| Outcome::VOID))
}

/// What is told of a path as one name.
fn name_of(call: &mut Call<'_>, operation: fn(Place) -> Operation) -> Outcome {
    let found = offheap::path(call, 0).and_then(|path| {
        let result = at_place(call, &path, Purpose::Read, operation);
        match settled(call, &path, result)? {
            Done::Names(names) if names.len() == 1 => Ok(bytes_of(call, names[0].as_bytes())),
            _ => Err(nonsense(call)),
        }
    });
    done(found)
}

fn chmod(call: &mut Call<'_>) -> Outcome {
    let mode = call.int_at(1) as u32;
    let changed = offheap::path(call, 0).and_then(|path| {
        let result = at_place(call, &path, Purpose::Write, |place| Operation::SetMode { place, mode });
        settled(call, &path, result)
    });
    done(changed.map(|_| Outcome::VOID))
}

/// Times in microseconds.
fn utimes(call: &mut Call<'_>) -> Outcome {
    let [accessed_ns, modified_ns] =
        [call.long_at(1), call.long_at(2)].map(|us| (us.max(0) as u64).saturating_mul(NS_PER_US));
    let changed = offheap::path(call, 0).and_then(|path| {
        let result = at_place(call, &path, Purpose::Write, |place| Operation::SetTimes {
            place,
            accessed_ns,
            modified_ns,
        });
        settled(call, &path, result)
    });
    done(changed.map(|_| Outcome::VOID))
}

/// Keeps the names of a folder in the world, with how many were read in front, under a number like those of files.
fn open_folder(call: &mut Call<'_>) -> Outcome {
    let found = offheap::path(call, 0).and_then(|path| {
        let result = at_place(call, &path, Purpose::Read, |place| Operation::List { place });
        let Done::Names(names) = settled(call, &path, result)? else { return Err(nonsense(call)) };
        let list = call.vm.make_ref_array(names.len() as u64 + 1);
        call.vm.array_set(list, 0, Value::int(0));
        for (index, name) in names.iter().enumerate() {
            let name = call.vm.make_string(name.as_bytes());
            call.vm.array_set(list, index as u64 + 1, Value::object(name));
        }
        Ok(Outcome::long(i64::from(enter(call, list))))
    });
    done(found)
}

fn read_folder(call: &mut Call<'_>) -> Outcome {
    let fd = call.long_at(0) as i32;
    let Some(Open::Object(list)) = open_at(call, fd) else { return unix_exception(call, 9, None) };
    let next = call.vm.array_get(list, 0).as_int().unwrap_or(0) + 1;
    if next as u64 >= call.vm.array_len(list) {
        return Outcome::value(Value::NULL);
    }
    call.vm.array_set(list, 0, Value::int(next));
    let name = call.vm.string_bytes_of(call.vm.array_get(list, next as u64)).unwrap_or_default();
    bytes_of(call, &name)
}

/// The name of a user or group.
fn named(call: &mut Call<'_>, what: Known) -> Outcome {
    let found = ask(call, what).and_then(|names| match names {
        Ok(names) if names.len() == 1 => Ok(bytes_of(call, names[0].as_bytes())),
        Ok(_) => Err(nonsense(call)),
        Err(error) => Err(unix_failure(call, &error)),
    });
    done(found)
}

/// The number of the user or group whose name stands at an address; -1 when there is none.
fn numbered(call: &mut Call<'_>, what: fn(String) -> Known) -> Outcome {
    let found = offheap::path(call, 0).and_then(|name| {
        let names = ask(call, what(name))?.unwrap_or_default();
        Ok(Outcome::int(names.first().and_then(|number| number.parse().ok()).unwrap_or(-1)))
    });
    done(found)
}

fn link(call: &mut Call<'_>) -> Outcome {
    let changed = offheap::path(call, 0).and_then(|existing| {
        let path = offheap::path(call, 1)?;
        let existing = call.vm.absolute(call.thread, &existing);
        let from = match call.vm.may_use(call.thread, &existing, Purpose::Write) {
            Ok(from) => from,
            Err(why) => return Err(refused(call, &existing, Refused::Grant(why))),
        };
        let result = at_place_once(call, &path, Fault::Exists, |to| Operation::Link { from, to });
        settled(call, &path, result)
    });
    done(changed.map(|_| Outcome::VOID))
}

/// Copies what is left of one file to another, piece by piece. Both have their position in the world, so it goes on where it
/// was; what is done: the bytes of the piece that is being written.
fn transfer(call: &mut Call<'_>) -> Outcome {
    // After a restart the target is opened again as well, which a measure of it does.
    const REOPENS_TARGET: i64 = 1;
    let (to, from) = (call.int_at(0), call.int_at(1));
    let copied = (|| {
        let (target, source) = (file_at(call, to)?, file_at(call, from)?);
        loop {
            let (step, writing) = progress(call);
            if step & REOPENS_TARGET != 0 || writing == 0 && call.attached(target).is_none() {
                set_progress(call, REOPENS_TARGET, 0);
                measure(call, to)?;
                set_progress(call, 0, 0);
                continue;
            }
            if writing > 0 {
                let ended = match call.entry()? {
                    vm::Entry::Ended(ended) => ended,
                    // The piece is read and written again.
                    _ => {
                        set_progress(call, 0, 0);
                        continue;
                    }
                };
                if let Err(error) = ended {
                    return Err(failed(call, &error));
                }
                moved(call, source, target, writing);
                continue;
            }
            let at = call.vm.get_u64(source, connector::POSITION);
            let bytes = read(call, from, u64::MAX, Some(at))?;
            if bytes.is_empty() {
                return Ok(Outcome::VOID);
            }
            let count = bytes.len() as u64;
            let offset = call.vm.get_u64(target, connector::POSITION);
            let Some(handle) = call.attached(target) else { return Err(nonsense(call)) };
            set_progress(call, 0, count);
            match call.operation(Operation::WriteAt { handle, offset, bytes })? {
                Ok(_) => moved(call, source, target, count),
                Err(error) => return Err(failed(call, &error)),
            }
        }
    })();
    done(copied)
}

fn moved(call: &mut Call<'_>, source: Addr, target: Addr, count: u64) {
    for object in [source, target] {
        let at = call.vm.get_u64(object, connector::POSITION);
        call.vm.set_u64(object, connector::POSITION, at + count);
    }
    set_progress(call, 0, 0);
}

fn random_bytes(call: &mut Call<'_>) -> Outcome {
    let filled = object(call, 0).map(|array| {
        let mut bytes: Vec<u8> = alloc::vec![0; call.vm.array_len(array) as usize];
        call.vm.platform.entropy.fill(&mut bytes);
        call.vm.write_bytes(array, 0, &bytes);
        Outcome::truth(true)
    });
    done(filled)
}
