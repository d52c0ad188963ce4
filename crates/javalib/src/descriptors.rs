//! File numbers: what is open, in a table of the world, and reading and writing it.
//!
//! A number leads to a connector and to the program that opened it; no other program reaches it. 0 to 2 are the console.
//! What the numbers mean stays over a restart, for connectors do: a file is opened again by the first call that needs it,
//! at its position, and must be the same file; a connection is reset.
//!
//! Reading and writing say where in the file they are, so that doing them again after a restart does no harm. That goes for
//! appending too: where the end was is noted before anything is written there.
//!
//! *State of the methods here*: numbers and reference 1 are those of the operation under way. Reference 0 is a long: the
//! lowest bits the step ([`PLAIN`] and its kin), the rest how much is done.

use crate::offheap;
use crate::process::pipe_at;
use crate::support::{get, set};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{
    array, connector, connector_option, connector_state, java_state, program, program_state,
};
use platform::{Access, ConsoleInput, Done, Ended, Fault, FileFacts, Handle, Operation, OutsideError, Place};
use vm::internal::{Call, Outcome, Wait};
use vm::{Entry, Purpose, Vm};

/// The first number that is given.
const FIRST: u64 = 3;
/// Entries of the first table.
const FIRST_ENTRIES: u64 = 32;
/// Most bytes that one call moves: it may always be fewer than were asked for.
pub(crate) const MOVED_BYTES_MAX: usize = 32 << 10;

/// What a method does in its operation.
const PLAIN: i64 = 0;
/// How long the file is.
const MEASURES: i64 = 1;
/// Its end is noted as its position.
const APPENDS: i64 = 2;
/// The file is opened again; besides one of the others.
pub(crate) const REOPENS: i64 = 4;
const STEPS: i64 = 8;
/// Of a method that does something once: it was about to do it when the world was restarted.
pub(crate) const AGAIN: i64 = 1;
/// Of the same: what it was to make was there, and is opened.
const MADE: i64 = 2;

/// Devices that are part of the machine, wherever it runs.
const NULL: &str = "/dev/null";
const RANDOM: &[&str] = &["/dev/random", "/dev/urandom"];

/// What a file number stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// Standard input.
    Input,
    /// Standard output, or error.
    Output { error: bool },
    /// A connector, or a list of names.
    Object(Addr),
}

/// The step that a method is at, and how much it has done.
pub(crate) fn progress(call: &Call<'_>) -> (i64, u64) {
    let kept = call.vm.as_long(call.reference(0)).unwrap_or(0);
    (kept % STEPS, (kept / STEPS) as u64)
}
pub(crate) fn set_progress(call: &mut Call<'_>, step: i64, done: u64) {
    let kept = call.vm.box_i64(done as i64 * STEPS + step);
    call.set_reference(0, kept);
}

fn table(vm: &Vm) -> Option<Addr> {
    vm.java_state(java_state::DESCRIPTORS).as_object()
}

/// What a file number of the running program stands for.
pub(crate) fn open_at(call: &Call<'_>, fd: i32) -> Option<Open> {
    match fd {
        0 => return Some(Open::Input),
        1 => return Some(Open::Output { error: false }),
        2 => return Some(Open::Output { error: true }),
        _ => {}
    }
    let table = table(call.vm)?;
    let at = 2 * u64::try_from(fd).ok()?;
    if at + 1 >= call.vm.array_len(table) {
        return None;
    }
    let owner = call.vm.array_get(table, at + 1).as_object();
    let object = call.vm.array_get(table, at).as_object();
    object.filter(|_| owner == call.vm.owner_of(call.thread)).map(Open::Object)
}

/// The connector of a class that a file number stands for.
pub(crate) fn connector_at(call: &Call<'_>, fd: i32, id: ClassId) -> Option<Addr> {
    match open_at(call, fd)? {
        Open::Object(object) if call.vm.is_kernel(Value::object(object), id) => Some(object),
        _ => None,
    }
}

/// All file numbers that may stand for something.
pub(crate) fn numbers(vm: &Vm) -> impl Iterator<Item = i32> + use<> {
    let entries = table(vm).map_or(0, |table| vm.array_len(table) / 2);
    (FIRST..entries).map(|entry| entry as i32)
}

/// Whether an entry is in use: its program runs.
fn is_used(vm: &Vm, table: Addr, at: u64) -> bool {
    let owner = vm.array_get(table, at + 1).as_object();
    !vm.array_get(table, at).is_null()
        && owner.is_some_and(|owner| vm.get_u32(owner, program::STATE) == program_state::RUNNING)
}

/// Gives what is open a number of the running program.
pub(crate) fn enter(call: &mut Call<'_>, object: Addr) -> i32 {
    let owner = call.vm.owner_of(call.thread).map_or(Value::NULL, Value::object);
    let old = table(call.vm);
    let entries = old.map_or(0, |old| call.vm.array_len(old) / 2);
    let free = old.and_then(|old| (FIRST..entries).find(|entry| !is_used(call.vm, old, 2 * entry)));
    let (table, entry) = match (old, free) {
        (Some(old), Some(entry)) => (old, entry),
        _ => {
            let larger = call.vm.make_ref_array((4 * entries).max(2 * FIRST_ENTRIES));
            for index in 0..2 * entries {
                let there = old.map_or(Value::NULL, |old| call.vm.array_get(old, index));
                call.vm.array_set(larger, index, there);
            }
            call.vm.set_java_state(java_state::DESCRIPTORS, Value::object(larger));
            (larger, entries.max(FIRST))
        }
    };
    call.vm.array_set(table, 2 * entry, Value::object(object));
    call.vm.array_set(table, 2 * entry + 1, owner);
    entry as i32
}

/// Has a number of the running program stand for something else.
pub(crate) fn replace(call: &mut Call<'_>, fd: i32, object: Addr) {
    if let (Some(Open::Object(_)), Some(table)) = (open_at(call, fd), table(call.vm)) {
        call.vm.array_set(table, 2 * fd as u64, Value::object(object));
    }
}

/// Closes a number; the connector when no other number stands for it.
pub(crate) fn close(call: &mut Call<'_>, fd: i32) {
    let (Some(Open::Object(object)), Some(table)) = (open_at(call, fd), table(call.vm)) else { return };
    if let Some(pipe) = pipe_at(call, fd) {
        pipe.close(call);
    }
    call.vm.array_set(table, 2 * fd as u64, Value::NULL);
    call.vm.array_set(table, 2 * fd as u64 + 1, Value::NULL);
    let entries = call.vm.array_len(table) / 2;
    let shared = (0..entries).any(|entry| call.vm.array_get(table, 2 * entry) == Value::object(object));
    if !shared && call.vm.is_kernel(Value::object(object), ClassId::Connector) {
        call.close(object);
    }
}

/// The number in a `java.io.FileDescriptor`.
pub(crate) fn number_in(vm: &Vm, descriptor: Value) -> i32 {
    descriptor.as_object().map_or(-1, |descriptor| get(vm, descriptor, "fd") as u32 as i32)
}
/// Sets it.
pub(crate) fn set_number_in(vm: &mut Vm, descriptor: Value, fd: i32) {
    if let Some(descriptor) = descriptor.as_object() {
        set(vm, descriptor, "fd", u64::from(fd as u32));
    }
}

/// The number that POSIX has for a failure, as Linux numbers them.
pub(crate) fn errno(fault: Fault) -> i32 {
    match fault {
        Fault::NotFound | Fault::UnknownName => 2,
        Fault::Closed => 9,
        Fault::NotAllowed | Fault::LeadsOut => 13,
        Fault::Exists => 17,
        Fault::NotDirectory => 20,
        Fault::IsDirectory => 21,
        Fault::Invalid => 22,
        Fault::TooManyOpen => 24,
        Fault::TooLarge => 27,
        Fault::NoSpace => 28,
        Fault::NotEmpty => 39,
        Fault::Unsupported => 95,
        Fault::AddressInUse => 98,
        Fault::AddressNotHere => 99,
        Fault::Reset => 104,
        Fault::Refused => 111,
        Fault::Unreachable => 113,
        _ => 5,
    }
}

/// What POSIX says of a number.
pub(crate) fn text_of_errno(errno: i32) -> &'static str {
    match errno {
        1 => "Operation not permitted",
        2 => "No such file or directory",
        5 => "Input/output error",
        9 => "Bad file descriptor",
        13 => "Permission denied",
        17 => "File exists",
        20 => "Not a directory",
        21 => "Is a directory",
        22 => "Invalid argument",
        24 => "Too many open files",
        27 => "File too large",
        28 => "No space left on device",
        39 => "Directory not empty",
        95 => "Operation not supported",
        98 => "Address already in use",
        99 => "Cannot assign requested address",
        104 => "Connection reset by peer",
        111 => "Connection refused",
        113 => "No route to host",
        _ => "Input/output error",
    }
}

/// Why something outside failed, in the words that Java programs know.
pub(crate) fn reason(error: &OutsideError) -> String {
    match error.fault {
        Fault::LeadsOut => "Permission denied: it leads out of the folder that was granted".into(),
        Fault::Other => error.reason.clone(),
        fault => text_of_errno(errno(fault)).into(),
    }
}

pub(crate) fn io_exception(call: &mut Call<'_>, text: &str) -> Outcome {
    call.throw_java("java/io/IOException", Some(text))
}
pub(crate) fn failed(call: &mut Call<'_>, error: &OutsideError) -> Outcome {
    let text = reason(error);
    io_exception(call, &text)
}
pub(crate) fn nonsense(call: &mut Call<'_>) -> Outcome {
    io_exception(call, "the system below gave no answer to that")
}

/// How a file is wanted.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) access: Access,
    pub(crate) append: bool,
}

/// The place of a path for reading, or reading and writing; or why the program may not.
pub(crate) fn place_of(call: &Call<'_>, path: &str, access: Access) -> Result<Place, String> {
    let read = call.vm.may_use(call.thread, path, Purpose::Read);
    if access == Access::Read { read } else { read.and(call.vm.may_use(call.thread, path, Purpose::Write)) }
}

/// Why a file was not opened.
pub(crate) enum Refused {
    /// The method is left.
    Leave(Outcome),
    /// It was not granted.
    Grant(String),
    /// The system below said no.
    Outside(OutsideError),
}

/// Before something that cannot be done twice: a snapshot that says so, or the note that it may have been done.
pub(crate) fn once(call: &mut Call<'_>, entry: &Entry) -> Result<(), Outcome> {
    if matches!(entry, Entry::Lost) {
        set_progress(call, AGAIN, 0);
        return Ok(());
    }
    if progress(call).0 == AGAIN { Ok(()) } else { call.hold_once() }
}

/// Opens a file: its connector. One that is new is made once, as [`once`] says; what stands there after a restart was made
/// before it.
pub(crate) fn open_file(call: &mut Call<'_>, path: &str, how: How) -> Result<Addr, Refused> {
    let path = call.vm.absolute(call.thread, path);
    if path == NULL || RANDOM.contains(&path.as_str()) {
        return Ok(make_file(call, &path, how));
    }
    let open = |call: &mut Call<'_>, access: Access| {
        let place = place_of(call, &path, access).map_err(Refused::Grant)?;
        call.open(|handle| Operation::OpenFile { handle, place, access }).map_err(Refused::Leave)
    };
    let is_new = how.access == Access::New;
    let mut ended = match call.entry().map_err(Refused::Leave)? {
        Entry::Ended(ended) => ended,
        entry => {
            if is_new {
                once(call, &entry).map_err(Refused::Leave)?;
            }
            open(call, how.access)?
        }
    };
    if let Err(error) = &ended
        && (is_new && error.fault == Fault::Exists && progress(call).0 == AGAIN)
    {
        set_progress(call, MADE, 0);
        ended = open(call, Access::Existing)?;
    }
    match ended {
        Ok(Done::File(facts)) => {
            let object = make_file(call, &path, how);
            call.opened(object);
            for (field, value) in [
                (connector::DEVICE, facts.device),
                (connector::INODE, facts.inode),
                (connector::BORN_NS, facts.born_ns),
            ] {
                call.vm.set_u64(object, field, value);
            }
            Ok(object)
        }
        Ok(_) => Err(Refused::Leave(nonsense(call))),
        Err(error) => Err(Refused::Outside(error)),
    }
}

/// The files of the running program that are open have moved with the path that has got another name; both are absolute.
pub(crate) fn moved_open(call: &mut Call<'_>, old: &str, new: &str) {
    let Some(table) = table(call.vm) else { return };
    for entry in FIRST..call.vm.array_len(table) / 2 {
        let Some(Open::Object(object)) = open_at(call, entry as i32) else { continue };
        if !call.vm.is_kernel(Value::object(object), ClassId::File) {
            continue;
        }
        let path = call.vm.text(object, connector::ADDRESS);
        let Some(rest) = path.strip_prefix(old).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        else {
            continue;
        };
        call.set_text(object, connector::ADDRESS, &format!("{new}{rest}"));
    }
}

fn make_file(call: &mut Call<'_>, path: &str, how: How) -> Addr {
    let object = call.vm.new_kernel(ClassId::File);
    call.set_text(object, connector::ADDRESS, path);
    let read_only = if how.access == Access::Read { connector_option::READ_ONLY } else { 0 };
    let append = if how.append { connector_option::APPEND } else { 0 };
    call.vm.set_u32(object, connector::OPTIONS, read_only | append);
    call.vm.set_u32(object, connector::STATE, connector_state::OPEN);
    object
}

pub(crate) fn options(call: &Call<'_>, object: Addr) -> u32 {
    call.vm.get_u32(object, connector::OPTIONS)
}

/// What a method does to the open file, or the end of that.
pub(crate) enum Stage {
    Do(Handle),
    Done(Ended),
}

/// Opens the file again if the world was restarted; the step is [`REOPENS`] meanwhile.
pub(crate) fn stage(call: &mut Call<'_>, object: Addr) -> Result<Stage, Outcome> {
    let (step, done) = progress(call);
    match call.entry()? {
        Entry::Ended(ended) if step & REOPENS != 0 => {
            set_progress(call, step & !REOPENS, done);
            reopened(call, object, ended).map(Stage::Do)
        }
        Entry::Ended(ended) => Ok(Stage::Done(ended)),
        Entry::Fresh | Entry::Lost => {
            let step = step & !REOPENS;
            set_progress(call, step, done);
            if let Some(handle) = call.attached(object) {
                return Ok(Stage::Do(handle));
            }
            if call.connector_state(object) != connector_state::OPEN {
                return Err(io_exception(call, "Stream Closed"));
            }
            let path = call.vm.text(object, connector::ADDRESS);
            let read_only = options(call, object) & connector_option::READ_ONLY != 0;
            let access = if read_only { Access::Read } else { Access::Existing };
            let place = match place_of(call, &path, access) {
                Ok(place) => place,
                Err(why) => return Err(io_exception(call, &why)),
            };
            set_progress(call, step | REOPENS, done);
            let ended = call.open(|handle| Operation::OpenFile { handle, place, access })?;
            set_progress(call, step, done);
            reopened(call, object, ended).map(Stage::Do)
        }
    }
}

fn reopened(call: &mut Call<'_>, object: Addr, ended: Ended) -> Result<Handle, Outcome> {
    let path = call.vm.text(object, connector::ADDRESS);
    match ended {
        Ok(Done::File(facts)) => {
            call.opened(object);
            let known = [connector::DEVICE, connector::INODE, connector::BORN_NS];
            let known = known.map(|field| call.vm.get_u64(object, field));
            if known != [facts.device, facts.inode, facts.born_ns] {
                call.close(object);
                let text = format!("{path}: since the world was restarted another file stands there");
                return Err(io_exception(call, &text));
            }
            call.attached(object).ok_or_else(|| nonsense(call))
        }
        Ok(_) => Err(nonsense(call)),
        Err(error) => {
            call.close(object);
            let text = format!("{path}: cannot be opened again after a restart: {}", reason(&error));
            Err(io_exception(call, &text))
        }
    }
}

fn device(call: &Call<'_>, object: Addr) -> Option<String> {
    let path = call.vm.text(object, connector::ADDRESS);
    (path == NULL || RANDOM.contains(&path.as_str())).then_some(path)
}

/// Reads at most so many bytes from what a number stands for, none at the end; at a position of the file, or at its own,
/// which moves.
pub(crate) fn read(call: &mut Call<'_>, fd: i32, most: u64, at: Option<u64>) -> Result<Vec<u8>, Outcome> {
    let most = most.min(MOVED_BYTES_MAX as u64) as usize;
    if let Some(pipe) = pipe_at(call, fd) {
        return pipe.read(call, most);
    }
    match open_at(call, fd) {
        Some(Open::Input) => read_input(call, most),
        Some(Open::Object(object)) if call.vm.is_kernel(Value::object(object), ClassId::File) => {
            read_file(call, object, most, at)
        }
        _ => Err(io_exception(call, "Bad file descriptor")),
    }
}

fn read_file(call: &mut Call<'_>, object: Addr, most: usize, at: Option<u64>) -> Result<Vec<u8>, Outcome> {
    if let Some(path) = device(call, object) {
        let mut bytes = if path == NULL { Vec::new() } else { alloc::vec![0; most] };
        call.vm.platform.entropy.fill(&mut bytes);
        return Ok(bytes);
    }
    let offset = at.unwrap_or_else(|| call.vm.get_u64(object, connector::POSITION));
    let ended = match stage(call, object)? {
        Stage::Done(ended) => ended,
        Stage::Do(handle) => call.operation(Operation::ReadAt { handle, offset, most })?,
    };
    match ended {
        Ok(Done::Data(bytes)) => {
            if at.is_none() {
                call.vm.set_u64(object, connector::POSITION, offset + bytes.len() as u64);
            }
            call.vm.worked(bytes.len() as u64);
            Ok(bytes)
        }
        Ok(_) => Err(nonsense(call)),
        Err(error) => Err(failed(call, &error)),
    }
}

/// Reads to as much room from what a number stands for, and of a file all that is there; how many bytes came, none at the
/// end. How many came before is kept in the frame.
pub(crate) fn fill(
    call: &mut Call<'_>,
    fd: i32,
    room: Source,
    count: u64,
    at: Option<u64>,
) -> Result<u64, Outcome> {
    let before = progress(call).1;
    let bytes = read(call, fd, count.saturating_sub(before), at.map(|at| at + before))?;
    if !room.put(call.vm, before, &bytes) {
        return Err(call.throw_java("java/lang/InternalError", Some("the buffer is not there")));
    }
    let all = before + bytes.len() as u64;
    if !bytes.is_empty() && all < count && connector_at(call, fd, ClassId::File).is_some() {
        set_progress(call, PLAIN, all);
        call.set_phase(0);
        return Err(Outcome::Again);
    }
    Ok(all)
}

/// What was typed and not read yet, a string of the world with an entry in the table; where that is.
fn pending_input(call: &Call<'_>) -> Option<(Addr, u64)> {
    let table = table(call.vm)?;
    let owner = call.vm.owner_of(call.thread);
    let entries = call.vm.array_len(table) / 2;
    (FIRST..entries).find_map(|entry| {
        let there = call.vm.array_get(table, 2 * entry);
        let own = call.vm.array_get(table, 2 * entry + 1).as_object() == owner;
        there.as_object().filter(|_| own && call.vm.is_string(there)).map(|string| (string, entry))
    })
}

/// Takes a line of input, with its end; what is not wanted of it stays in the world.
fn read_input(call: &mut Call<'_>, most: usize) -> Result<Vec<u8>, Outcome> {
    let (mut bytes, entry) = match pending_input(call) {
        Some((string, entry)) => (call.vm.bytes(string), Some(entry as i32)),
        None => match call.vm.take_input() {
            ConsoleInput::Line(line) => {
                let mut line = line.into_bytes();
                line.push(b'\n');
                (line, None)
            }
            ConsoleInput::Pending => return Err(Outcome::Block(Wait::Input)),
            ConsoleInput::End => return Ok(Vec::new()),
        },
    };
    let rest = bytes.split_off(most.min(bytes.len()));
    match (entry, rest.is_empty()) {
        (Some(entry), true) => close(call, entry),
        (None, true) => {}
        (entry, false) => {
            let kept = call.vm.make_string(&rest);
            match entry {
                Some(entry) => replace(call, entry, kept),
                None => drop(enter(call, kept)),
            }
        }
    }
    Ok(bytes)
}

/// How many bytes of input were typed and not read yet.
pub(crate) fn input_available(call: &Call<'_>) -> u64 {
    pending_input(call).map_or(0, |(string, _)| call.vm.array_len(string))
}

/// Bytes that are to be written, or room for those that are read.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// In a byte array, from an index on.
    Array { array: Addr, from: u64 },
    /// In memory outside of objects.
    Memory { address: u64 },
    /// In the pieces of such memory that a list there names: an address and a length each (`struct iovec`).
    List { address: u64, entries: u64 },
}

/// Bytes of an entry of a list.
const ENTRY_BYTES: u64 = 16;

/// An entry of a list.
fn entry_of(vm: &Vm, list: u64, index: u64) -> Option<(u64, u64)> {
    let entry = offheap::read(vm, list + ENTRY_BYTES * index, ENTRY_BYTES)?;
    let word = |at: usize| entry[at..at + 8].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    Some((word(0), word(8)))
}

/// The parts of the pieces of a list from a byte on, as many as asked for: addresses and lengths.
fn pieces(vm: &Vm, list: u64, entries: u64, from: u64, count: u64) -> Option<Vec<(u64, u64)>> {
    let (mut skipped, mut left, mut found) = (from, count, Vec::new());
    for index in 0..entries {
        if left == 0 {
            break;
        }
        let (address, length) = entry_of(vm, list, index)?;
        let first = skipped.min(length);
        let part = (length - first).min(left);
        skipped -= first;
        left -= part;
        if part > 0 {
            found.push((address + first, part));
        }
    }
    (left == 0).then_some(found)
}

/// Bytes that a list has room for.
pub(crate) fn list_bytes(vm: &Vm, list: u64, entries: u64) -> u64 {
    (0..entries)
        .filter_map(|index| entry_of(vm, list, index))
        .fold(0, |sum, (_, length)| sum.saturating_add(length))
}

impl Source {
    /// Some of them; `None` when they are not there.
    pub(crate) fn part(self, vm: &Vm, from: u64, count: u64) -> Option<Vec<u8>> {
        match self {
            Source::Array { array, from: first } => {
                let inside = first + from + count <= vm.array_len(array);
                let mut bytes = alloc::vec![0; count as usize];
                if inside {
                    vm.memory.read_bytes(array.add(array::DATA + first + from), &mut bytes);
                }
                inside.then_some(bytes)
            }
            Source::Memory { address } => offheap::read(vm, address + from, count),
            Source::List { address, entries } => {
                let mut bytes = Vec::new();
                for (address, length) in pieces(vm, address, entries, from, count)? {
                    bytes.extend(offheap::read(vm, address, length)?);
                }
                Some(bytes)
            }
        }
    }
    /// Puts some there; whether there is room.
    pub(crate) fn put(self, vm: &Vm, at: u64, bytes: &[u8]) -> bool {
        let count = bytes.len() as u64;
        match self {
            Source::Array { array, from } => {
                let inside = from + at + count <= vm.array_len(array);
                if inside {
                    vm.memory.write_bytes(array.add(array::DATA + from + at), bytes);
                }
                inside
            }
            Source::Memory { address } => offheap::write(vm, address + at, bytes),
            Source::List { address, entries } => {
                let Some(pieces) = pieces(vm, address, entries, at, count) else { return false };
                let mut rest = bytes;
                pieces.into_iter().all(|(address, length)| {
                    let (part, after) = rest.split_at(length as usize);
                    rest = after;
                    offheap::write(vm, address, part)
                })
            }
        }
    }
}

/// Writes all of these bytes, piece by piece: how much is done is kept in the frame.
pub(crate) fn write(
    call: &mut Call<'_>,
    fd: i32,
    source: Source,
    count: u64,
    at: Option<u64>,
) -> Result<(), Outcome> {
    let done = progress(call).1;
    let part = (count.saturating_sub(done)).min(MOVED_BYTES_MAX as u64);
    let Some(bytes) = source.part(call.vm, done, part) else {
        return Err(call.throw_java("java/lang/IndexOutOfBoundsException", None));
    };
    match open_at(call, fd) {
        Some(Open::Output { error }) => match call.write_console(error, &bytes) {
            Outcome::Return(_) => {}
            other => return Err(other),
        },
        Some(Open::Object(object)) if call.vm.is_kernel(Value::object(object), ClassId::File) => {
            if options(call, object) & connector_option::READ_ONLY != 0 {
                return Err(io_exception(call, "Bad file descriptor"));
            }
            if device(call, object).is_none() {
                let at = at.map(|at| at + done);
                write_file(call, object, bytes, at)?;
            }
        }
        Some(Open::Object(object)) if call.vm.is_kernel(Value::object(object), ClassId::Tcp) => {
            crate::net::send(call, object, bytes)?;
        }
        _ => match pipe_at(call, fd) {
            Some(pipe) => pipe.write(call, bytes)?,
            None => return Err(io_exception(call, "Bad file descriptor")),
        },
    }
    call.vm.worked(part);
    if done + part < count {
        set_progress(call, PLAIN, done + part);
        call.set_phase(0);
        return Err(Outcome::Again);
    }
    Ok(())
}

/// Writes bytes to a file at a position, or at its own, which moves.
fn write_file(call: &mut Call<'_>, object: Addr, bytes: Vec<u8>, at: Option<u64>) -> Result<(), Outcome> {
    let append = at.is_none() && options(call, object) & connector_option::APPEND != 0;
    let len = bytes.len() as u64;
    let stage = stage(call, object)?;
    let (step, done) = progress(call);
    let ended = match stage {
        Stage::Done(ended) if step == MEASURES => append_at(call, object, ended, bytes)?,
        Stage::Done(ended) => ended,
        // Where the end was is known from before a restart when the step says so.
        Stage::Do(handle) if append && step != APPENDS => {
            set_progress(call, MEASURES, done);
            let ended = call.operation(Operation::Measure { handle })?;
            append_at(call, object, ended, bytes)?
        }
        Stage::Do(handle) => {
            call.hold(object)?;
            let offset = at.unwrap_or_else(|| call.vm.get_u64(object, connector::POSITION));
            call.operation(Operation::WriteAt { handle, offset, bytes })?
        }
    };
    match ended {
        Ok(_) => {
            if at.is_none() {
                let position = call.vm.get_u64(object, connector::POSITION);
                call.vm.set_u64(object, connector::POSITION, position + len);
            }
            Ok(())
        }
        Err(error) => Err(failed(call, &error)),
    }
}

/// Notes the end of a file as its position, and writes there.
fn append_at(call: &mut Call<'_>, object: Addr, ended: Ended, bytes: Vec<u8>) -> Result<Ended, Outcome> {
    let offset = measured(call, ended)?.size;
    call.vm.set_u64(object, connector::POSITION, offset);
    let done = progress(call).1;
    set_progress(call, APPENDS, done);
    call.hold(object)?;
    let Some(handle) = call.attached(object) else { return Err(nonsense(call)) };
    call.operation(Operation::WriteAt { handle, offset, bytes })
}

pub(crate) fn measured(call: &mut Call<'_>, ended: Ended) -> Result<FileFacts, Outcome> {
    match ended {
        Ok(Done::File(facts)) => Ok(facts),
        Ok(_) => Err(nonsense(call)),
        Err(error) => Err(failed(call, &error)),
    }
}

/// The connector of an open file; leaves the method when there is none.
pub(crate) fn file_at(call: &mut Call<'_>, fd: i32) -> Result<Addr, Outcome> {
    match connector_at(call, fd, ClassId::File) {
        Some(object) => Ok(object),
        None => Err(io_exception(call, "Bad file descriptor")),
    }
}

/// What is known of an open file.
pub(crate) fn measure(call: &mut Call<'_>, fd: i32) -> Result<FileFacts, Outcome> {
    let object = file_at(call, fd)?;
    if device(call, object).is_some() {
        return Ok(FileFacts { mode: 0o020_666, ..FileFacts::default() });
    }
    let ended = match stage(call, object)? {
        Stage::Done(ended) => ended,
        Stage::Do(handle) => call.operation(Operation::Measure { handle })?,
    };
    measured(call, ended)
}

/// Does something to an open file.
pub(crate) fn change(
    call: &mut Call<'_>,
    fd: i32,
    operation: impl FnOnce(Handle) -> Operation,
) -> Result<(), Outcome> {
    let object = file_at(call, fd)?;
    if device(call, object).is_some() {
        return Ok(());
    }
    let ended = match stage(call, object)? {
        Stage::Done(ended) => ended,
        Stage::Do(handle) => {
            call.hold(object)?;
            call.operation(operation(handle))?
        }
    };
    match ended {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(call, &error)),
    }
}
