//! `java.io`: the streams of the program, files, and what `java.io.File` asks.
//!
//! A path that the program was not granted is refused with the option that grants it; `File`'s questions, which have no
//! way to say why, answer as for a file that is not there.

use crate::descriptors::{
    AGAIN, How, Open, Refused, Source, change, close, connector_at, enter, file_at, fill, input_available,
    io_exception, measure, moved_open, number_in, once, open_at, open_file, options, progress, read, reason,
    set_number_in, write,
};
use crate::support::{array_of, done, get, natives, object, set, string, text};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_option};
use platform::{Access, Done, Ended, Fault, FileFacts, Operation, Place};
use vm::internal::{Call, Outcome};
use vm::{Entry, Native, Purpose};

const NS_PER_MS: u64 = 1_000_000;
/// Answers of `getBooleanAttributes0`.
const EXISTS: i32 = 1;
const REGULAR: i32 = 2;
const DIRECTORY: i32 = 4;
/// The kind in a mode, and that of a regular file.
const KIND: u32 = 0o170_000;
const KIND_REGULAR: u32 = 0o100_000;
/// Flags of `RandomAccessFile.open0`.
const FOR_WRITING: i32 = 2;

pub(crate) const NATIVES: &[Native] = natives! {
    "java/io/FileDescriptor" {
        "getHandle" "(I)J" Short |_| Outcome::long(-1);
        "getAppend" "(I)Z" Short get_append;
        "close0" "()V" Short |call| { let this = call.this(); close_descriptor(call, Value::object(this)) };
        "sync" "()V" Idempotent sync;
    }
    "java/io/FileCleanable" {
        "cleanupClose0" "(IJ)V" Short |call| { let fd = call.int_at(0); close(call, fd); Outcome::VOID };
    }
    "java/io/FileOutputStream" {
        "writeBytes" "([BIIZ)V" Idempotent write_bytes;
        "write" "(IZ)V" Idempotent |call| { let byte = call.int_at(1); write_byte(call, byte) };
        "open0" "(Ljava/lang/String;Z)V" Idempotent open_for_output;
    }
    "java/io/FileInputStream" {
        "open0" "(Ljava/lang/String;)V" Idempotent |call| open_stream(call, How { access: Access::Read, append: false });
        "available0" "()I" Idempotent available;
        "length0" "()J" Idempotent length;
        "position0" "()J" Short position;
        "skip0" "(J)J" Idempotent skip;
        "read0" "()I" Idempotent read_byte;
        "readBytes" "([BII)I" Idempotent read_bytes;
    }
    "java/io/RandomAccessFile" {
        "open0" "(Ljava/lang/String;I)V" Idempotent open_random;
        "read0" "()I" Idempotent read_byte;
        "readBytes" "([BII)I" Idempotent read_bytes;
        "write0" "(I)V" Idempotent |call| { let byte = call.int_at(1); write_byte(call, byte) };
        "writeBytes" "([BII)V" Idempotent write_bytes;
        "getFilePointer" "()J" Short position;
        "seek0" "(J)V" Short seek;
        "length" "()J" Idempotent length;
        "setLength" "(J)V" Idempotent set_length;
    }
    "java/io/UnixFileSystem" {
        "canonicalize0" "(Ljava/lang/String;)Ljava/lang/String;" Idempotent canonicalize;
        "getBooleanAttributes0" "(Ljava/io/File;)I" Idempotent attributes;
        "checkAccess" "(Ljava/io/File;I)Z" Idempotent check_access;
        "getLength" "(Ljava/io/File;)J" Idempotent |call| asked(call, |facts| Outcome::long(facts.size as i64));
        "getLastModifiedTime" "(Ljava/io/File;)J" Idempotent |call| asked(call, |facts| Outcome::long((facts.modified_ns / NS_PER_MS) as i64));
        "list" "(Ljava/io/File;)[Ljava/lang/String;" Idempotent list;
        "createFileExclusively" "(Ljava/lang/String;)Z" Once create_new;
        "delete0" "(Ljava/io/File;)Z" Once |call| changed(call, Fault::NotFound, |place| Operation::Remove { place });
        "createDirectory" "(Ljava/io/File;)Z" Once |call| changed(call, Fault::Exists, |place| Operation::MakeDirectory { place });
        "rename0" "(Ljava/io/File;Ljava/io/File;)Z" Once rename;
        "setLastModifiedTime" "(Ljava/io/File;J)Z" Idempotent set_modified;
        "setReadOnly" "(Ljava/io/File;)Z" Idempotent |call| set_permission(call, 2, false, false);
        "setPermission" "(Ljava/io/File;IZZ)Z" Idempotent |call| {
            let (which, enable, own) = (call.int_at(2), call.int_at(3) != 0, call.int_at(4) != 0);
            set_permission(call, which as u32, enable, own)
        };
        "getNameMax0" "(Ljava/lang/String;)J" Short |_| Outcome::long(255);
    }
    "java/io/Console" {
        "encoding" "()Ljava/lang/String;" Short |_| Outcome::value(Value::NULL);
        "istty" "()Z" Short |_| Outcome::truth(false);
        "ttyStatus" "()I" Short |_| Outcome::int(0);
    }
};

/// The number of a stream's file.
fn number_of(call: &Call<'_>, stream: Addr) -> i32 {
    number_in(call.vm, Value(get(call.vm, stream, "fd")))
}
fn own_number(call: &Call<'_>) -> i32 {
    number_of(call, call.this())
}

fn get_append(call: &mut Call<'_>) -> Outcome {
    let found = connector_at(call, call.int_at(0), ClassId::File);
    Outcome::truth(found.is_some_and(|object| options(call, object) & connector_option::APPEND != 0))
}

/// Closes what a `FileDescriptor` stands for; twice does no harm.
pub(crate) fn close_descriptor(call: &mut Call<'_>, descriptor: Value) -> Outcome {
    const FIRST_CLOSED: i32 = 3;
    let fd = number_in(call.vm, descriptor);
    if fd >= FIRST_CLOSED {
        close(call, fd);
    }
    set_number_in(call.vm, descriptor, -1);
    Outcome::VOID
}

fn sync(call: &mut Call<'_>) -> Outcome {
    let fd = number_in(call.vm, Value::object(call.this()));
    if matches!(open_at(call, fd), Some(Open::Output { .. } | Open::Input)) {
        return Outcome::VOID;
    }
    done(change(call, fd, |handle| Operation::Sync { handle }).map(|()| Outcome::VOID))
}

/// Opens the path in argument 1 for the stream that is the receiver.
fn open_stream(call: &mut Call<'_>, how: How) -> Outcome {
    let path = match text(call, 1) {
        Ok(path) => path,
        Err(thrown) => return thrown,
    };
    let why = match open_file(call, &path, how) {
        Ok(object) => {
            let fd = enter(call, object);
            let this = call.this();
            let descriptor = Value(get(call.vm, this, "fd"));
            set_number_in(call.vm, descriptor, fd);
            if let Some(descriptor) = descriptor.as_object() {
                set(call.vm, descriptor, "append", u64::from(how.append));
            }
            return Outcome::VOID;
        }
        Err(Refused::Leave(outcome)) => return outcome,
        Err(Refused::Grant(why)) => format!("Permission denied: {why}"),
        Err(Refused::Outside(error)) => reason(&error),
    };
    call.throw_java("java/io/FileNotFoundException", Some(&format!("{path} ({why})")))
}

fn open_for_output(call: &mut Call<'_>) -> Outcome {
    let append = call.int_at(2) != 0;
    let access = if append { Access::Write } else { Access::Truncate };
    open_stream(call, How { access, append })
}

fn open_random(call: &mut Call<'_>) -> Outcome {
    let access = if call.int_at(2) & FOR_WRITING != 0 { Access::Write } else { Access::Read };
    open_stream(call, How { access, append: false })
}

/// The array and range in arguments 1 to 3.
fn range(call: &mut Call<'_>) -> Result<(Addr, u64, u64), Outcome> {
    let bytes = object(call, 1)?;
    let (from, count) = (call.int_at(2), call.int_at(3));
    let length = call.vm.array_len(bytes) as i64;
    if from < 0 || count < 0 || i64::from(from) + i64::from(count) > length {
        return Err(call.throw_java("java/lang/IndexOutOfBoundsException", None));
    }
    Ok((bytes, from as u64, count as u64))
}

fn write_bytes(call: &mut Call<'_>) -> Outcome {
    let fd = own_number(call);
    let written = range(call).and_then(|(array, from, count)| {
        if count == 0 { Ok(()) } else { write(call, fd, Source::Array { array, from }, count, None) }
    });
    done(written.map(|()| Outcome::VOID))
}

fn write_byte(call: &mut Call<'_>, byte: i32) -> Outcome {
    let fd = own_number(call);
    let array = call.vm.make_bytes(1);
    call.vm.write_bytes(array, 0, &[byte as u8]);
    done(write(call, fd, Source::Array { array, from: 0 }, 1, None).map(|()| Outcome::VOID))
}

fn read_bytes(call: &mut Call<'_>) -> Outcome {
    let fd = own_number(call);
    let taken = range(call).and_then(|(array, from, count)| {
        if count == 0 {
            return Ok(Outcome::int(0));
        }
        let taken = fill(call, fd, Source::Array { array, from }, count, None)?;
        Ok(Outcome::int(if taken == 0 { -1 } else { taken as i32 }))
    });
    done(taken)
}

fn read_byte(call: &mut Call<'_>) -> Outcome {
    let fd = own_number(call);
    let byte = read(call, fd, 1, None);
    done(byte.map(|bytes| Outcome::int(bytes.first().map_or(-1, |byte| i32::from(*byte)))))
}

/// The connector of the stream's own file.
fn own_file(call: &mut Call<'_>) -> Result<Addr, Outcome> {
    let fd = own_number(call);
    file_at(call, fd)
}

fn available(call: &mut Call<'_>) -> Outcome {
    let fd = own_number(call);
    if open_at(call, fd) == Some(Open::Input) {
        return Outcome::int(input_available(call) as i32);
    }
    if let Some(pipe) = crate::process::pipe_at(call, fd) {
        return done(pipe.available(call).map(|count| Outcome::int(count.min(i32::MAX as u64) as i32)));
    }
    let found = measure(call, fd).and_then(|facts| {
        let position = own_file(call).map(|object| call.vm.get_u64(object, connector::POSITION))?;
        Ok(Outcome::int(facts.size.saturating_sub(position).min(i32::MAX as u64) as i32))
    });
    done(found)
}

fn length(call: &mut Call<'_>) -> Outcome {
    let fd = own_number(call);
    done(measure(call, fd).map(|facts| Outcome::long(facts.size as i64)))
}

fn position(call: &mut Call<'_>) -> Outcome {
    let found = own_file(call);
    done(found.map(|object| Outcome::long(call.vm.get_u64(object, connector::POSITION) as i64)))
}

fn seek(call: &mut Call<'_>) -> Outcome {
    let to = call.long_at(1);
    if to < 0 {
        return io_exception(call, "Negative seek offset");
    }
    let moved = own_file(call).map(|object| call.vm.set_u64(object, connector::POSITION, to as u64));
    done(moved.map(|()| Outcome::VOID))
}

fn skip(call: &mut Call<'_>) -> Outcome {
    let by = call.long_at(1);
    let moved = own_file(call).and_then(|object| {
        let from = call.vm.get_u64(object, connector::POSITION);
        match from.checked_add_signed(by) {
            Some(to) => {
                call.vm.set_u64(object, connector::POSITION, to);
                Ok(Outcome::long(by))
            }
            None => Err(io_exception(call, "Invalid argument")),
        }
    });
    done(moved)
}

fn set_length(call: &mut Call<'_>) -> Outcome {
    let (fd, size) = (own_number(call), call.long_at(1));
    if size < 0 {
        return io_exception(call, "Invalid argument");
    }
    let changed = change(call, fd, |handle| Operation::Resize { handle, size: size as u64 });
    let moved = changed.and_then(|()| {
        let object = own_file(call)?;
        let position = call.vm.get_u64(object, connector::POSITION);
        call.vm.set_u64(object, connector::POSITION, position.min(size as u64));
        Ok(Outcome::VOID)
    });
    done(moved)
}

/// The path of a `java.io.File` in argument `index`.
pub(crate) fn file_path(call: &mut Call<'_>, index: u64) -> Result<String, Outcome> {
    let file = object(call, index)?;
    let path = Value(get(call.vm, file, "path"));
    match call.vm.java_text(path) {
        Some(path) => Ok(path),
        None => Err(call.throw_java("java/lang/NullPointerException", None)),
    }
}

/// Does something with a place that may be done again: what a restart interrupted is.
pub(crate) fn at_place(
    call: &mut Call<'_>,
    path: &str,
    purpose: Purpose,
    operation: impl FnOnce(Place) -> Operation,
) -> Result<Ended, Refused> {
    let path = call.vm.absolute(call.thread, path);
    match call.entry().map_err(Refused::Leave)? {
        Entry::Ended(ended) => Ok(ended),
        Entry::Fresh | Entry::Lost => {
            let place = call.vm.may_use(call.thread, &path, purpose).map_err(Refused::Grant)?;
            call.operation(operation(place)).map_err(Refused::Leave)
        }
    }
}

/// As [`at_place`], of what is not so when it is done again. A snapshot that says that it is about to be done comes first, so
/// that no restart leads to before; after one that leads to just there, a failure of this kind says that it was done.
pub(crate) fn at_place_once(
    call: &mut Call<'_>,
    path: &str,
    was_done: Fault,
    operation: impl FnOnce(Place) -> Operation,
) -> Result<Ended, Refused> {
    let path = call.vm.absolute(call.thread, path);
    let ended = match call.entry().map_err(Refused::Leave)? {
        Entry::Ended(ended) => ended,
        entry => {
            let place = call.vm.may_use(call.thread, &path, Purpose::Write).map_err(Refused::Grant)?;
            once(call, &entry).map_err(Refused::Leave)?;
            call.operation(operation(place)).map_err(Refused::Leave)?
        }
    };
    match ended {
        Err(error) if error.fault == was_done && progress(call).0 == AGAIN => Ok(Ok(Done::Nothing)),
        ended => Ok(ended),
    }
}

/// What stands at a path; nothing where the program may not look.
fn facts_of(call: &mut Call<'_>, path: &str) -> Result<Option<FileFacts>, Outcome> {
    if path.is_empty() {
        return Ok(None);
    }
    match at_place(call, path, Purpose::Read, |place| Operation::Stat { place }) {
        Ok(Ok(Done::File(facts))) => Ok(Some(facts)),
        Err(Refused::Leave(outcome)) => Err(outcome),
        _ => Ok(None),
    }
}

fn asked(call: &mut Call<'_>, answer: fn(FileFacts) -> Outcome) -> Outcome {
    let found = file_path(call, 1).and_then(|path| facts_of(call, &path));
    done(found.map(|facts| facts.map_or(Outcome::long(0), answer)))
}

fn attributes(call: &mut Call<'_>) -> Outcome {
    asked(call, |facts| {
        let regular = if facts.mode & KIND == KIND_REGULAR { REGULAR } else { 0 };
        let directory = if facts.is_directory { DIRECTORY } else { 0 };
        Outcome::int(EXISTS | regular | directory)
    })
}

/// Whether the program may do something with a path besides what the system below says of it.
pub(crate) fn may(call: &Call<'_>, path: &str, wanted: u32, facts: &FileFacts) -> bool {
    const WRITE: u32 = 2;
    let path = call.vm.absolute(call.thread, path);
    let granted = wanted & WRITE == 0 || call.vm.may_use(call.thread, &path, Purpose::Write).is_ok();
    granted && u32::from(facts.may) & wanted == wanted
}

fn check_access(call: &mut Call<'_>) -> Outcome {
    let wanted = call.int_at(2) as u32;
    let found = file_path(call, 1).and_then(|path| {
        let facts = facts_of(call, &path)?;
        Ok(Outcome::truth(facts.is_some_and(|facts| may(call, &path, wanted, &facts))))
    });
    done(found)
}

fn canonicalize(call: &mut Call<'_>) -> Outcome {
    let path = match text(call, 1) {
        Ok(path) => path,
        Err(thrown) => return thrown,
    };
    match at_place(call, &path, Purpose::Read, |place| Operation::Canonical { place }) {
        Ok(Ok(Done::Names(names))) if names.len() == 1 => string(call, &names[0]),
        Err(Refused::Leave(outcome)) => outcome,
        // What is not there has no links.
        _ => {
            let path = call.vm.absolute(call.thread, &path);
            string(call, &path)
        }
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let path = match file_path(call, 1) {
        Ok(path) => path,
        Err(thrown) => return thrown,
    };
    match at_place(call, &path, Purpose::Read, |place| Operation::List { place }) {
        Ok(Ok(Done::Names(names))) => {
            let names: Vec<Value> = names.iter().map(|name| call.vm.java_string(name)).collect();
            match array_of(call.vm, "java/lang/String", &names) {
                Ok(array) => Outcome::value(array),
                Err(thrown) => Outcome::Throw(thrown),
            }
        }
        Err(Refused::Leave(outcome)) => outcome,
        _ => Outcome::value(Value::NULL),
    }
}

/// Does something to the path of the file in argument 1: whether that succeeded.
fn changed(call: &mut Call<'_>, was_done: Fault, operation: fn(Place) -> Operation) -> Outcome {
    let path = match file_path(call, 1) {
        Ok(path) => path,
        Err(thrown) => return thrown,
    };
    succeeded(at_place_once(call, &path, was_done, operation))
}

fn succeeded(result: Result<Ended, Refused>) -> Outcome {
    match result {
        Ok(ended) => Outcome::truth(ended.is_ok()),
        Err(Refused::Leave(outcome)) => outcome,
        Err(_) => Outcome::truth(false),
    }
}

fn create_new(call: &mut Call<'_>) -> Outcome {
    let path = match text(call, 1) {
        Ok(path) => path,
        Err(thrown) => return thrown,
    };
    match open_file(call, &path, How { access: Access::New, append: false }) {
        Ok(object) => {
            call.close(object);
            Outcome::truth(true)
        }
        Err(Refused::Leave(outcome)) => outcome,
        Err(Refused::Outside(error)) if error.fault == Fault::Exists => Outcome::truth(false),
        Err(Refused::Outside(error)) => {
            let text = reason(&error);
            io_exception(call, &text)
        }
        Err(Refused::Grant(why)) => io_exception(call, &format!("Permission denied: {why}")),
    }
}

fn rename(call: &mut Call<'_>) -> Outcome {
    let (from, to) = match (file_path(call, 1), file_path(call, 2)) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(thrown), _) | (_, Err(thrown)) => return thrown,
    };
    succeeded(rename_path(call, &from, &to))
}

/// Gives a file another name, which what is open of it has from then on.
pub(crate) fn rename_path(call: &mut Call<'_>, from: &str, to: &str) -> Result<Ended, Refused> {
    let new = call.vm.absolute(call.thread, to);
    let to = call.vm.may_use(call.thread, &new, Purpose::Write).map_err(Refused::Grant)?;
    let ended = at_place_once(call, from, Fault::NotFound, |from| Operation::Rename { from, to })?;
    if ended.is_ok() {
        let old = call.vm.absolute(call.thread, from);
        moved_open(call, &old, &new);
    }
    Ok(ended)
}

fn set_modified(call: &mut Call<'_>) -> Outcome {
    let path = match file_path(call, 1) {
        Ok(path) => path,
        Err(thrown) => return thrown,
    };
    let modified_ns = (call.long_at(2).max(0) as u64).saturating_mul(NS_PER_MS);
    succeeded(at_place(call, &path, Purpose::Write, |place| Operation::SetTimes {
        place,
        accessed_ns: modified_ns,
        modified_ns,
    }))
}

/// Sets or clears permissions (4 read, 2 write, 1 execute) for the owner or all. Number of steps: what the mode is, then the
/// change; the first step is done again after a restart.
fn set_permission(call: &mut Call<'_>, which: u32, enable: bool, own: bool) -> Outcome {
    const CHANGES: i32 = 1;
    let path = match file_path(call, 1) {
        Ok(path) => path,
        Err(thrown) => return thrown,
    };
    let step = call.reference(0).as_int().unwrap_or(0);
    let mode = if step == 0 {
        let facts = match facts_of(call, &path) {
            Ok(Some(facts)) => facts,
            Ok(None) => return Outcome::truth(false),
            Err(outcome) => return outcome,
        };
        let bits = if own { which << 6 } else { which << 6 | which << 3 | which };
        let mode = if enable { facts.mode | bits } else { facts.mode & !bits } & 0o7777;
        call.set_reference(0, Value::int((mode as i32) << 1 | CHANGES));
        mode
    } else {
        (step >> 1) as u32
    };
    succeeded(at_place(call, &path, Purpose::Write, |place| Operation::SetMode { place, mode }))
}
