//! `java.lang.Process`: processes of the host, over process connectors, and what the machine below says of itself.
//!
//! A file number of a pipe, and the number of a process, lead to an entry in the table of file numbers (`descriptors`): an
//! array of the connector, which part of it ([`INPUT`] and its kin), and the number of the process.
//! A restart ends a process: waiting gives 137, its outputs are at their end, what is written to it fails. If the restart
//! came while it was started, the program gets an `IOException`.

use crate::descriptors::{
    Open, close, connector_at, enter, failed, io_exception, nonsense, open_at, options, reason, text_of_errno,
};
use crate::support::{array_of, done, natives, nothing, object, zero};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use bytecode::Elem;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_option, connector_state};
use platform::{Done, Known, Operation, OutsideError, Standard, Stream};
use vm::internal::{Call, Outcome};
use vm::{Entry, Native};

/// Parts of a process: its standard streams, and it itself.
const INPUT: i32 = 0;
const OUTPUT: i32 = 1;
const ERROR: i32 = 2;
const WHOLE: i32 = 3;
/// Elements of an entry.
const ENTRY: u64 = 3;
/// What a process that SIGKILL ended has as its status.
const STATUS_KILLED: i32 = 137;
/// Answers of `ProcessHandleImpl`: it is no child; it is not there.
const NOT_A_CHILD: i32 = -2;
const NOT_THERE: i64 = -1;
const NS_PER_MS: u64 = 1_000_000;
/// Most bytes that one call takes from a process.
const TAKEN_BYTES_MAX: usize = 32 << 10;

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/ProcessImpl" {
        "init" "()V" Short nothing;
        "forkAndExec" "(I[B[B[BI[BI[B[IZ)I" Once start;
    }
    "java/lang/ProcessHandleImpl" {
        "initNative" "()V" Short nothing;
        "getCurrentPid0" "()J" Idempotent |call| done(own_numbers(call).map(|[process, ..]| Outcome::long(process)));
        "waitForProcessExit0" "(JZ)I" Resumable wait;
        "isAlive0" "(J)J" Idempotent is_alive;
        "destroy0" "(JJZ)Z" Idempotent destroy;
        "parent0" "(JJ)J" Short |_| Outcome::long(NOT_THERE);
        "getProcessPids0" "(J[J[J[J)I" Short zero;
    }
    "java/lang/ProcessHandleImpl$Info" {
        "initIDs" "()V" Short nothing;
        "info0" "(J)V" Short nothing;
    }
    "java/lang/ProcessEnvironment" {
        "environ" "()[[B" Idempotent environment;
    }
    "jdk/internal/misc/VM" {
        "getuid" "()J" Idempotent |call| done(own_numbers(call).map(|[_, user, _]| Outcome::long(user)));
        "geteuid" "()J" Idempotent |call| done(own_numbers(call).map(|[_, user, _]| Outcome::long(user)));
        "getgid" "()J" Idempotent |call| done(own_numbers(call).map(|[.., group]| Outcome::long(group)));
        "getegid" "()J" Idempotent |call| done(own_numbers(call).map(|[.., group]| Outcome::long(group)));
    }
};

/// A part of a process that a file number stands for.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    process: Addr,
    part: i32,
}

/// The part of a process that an entry of the table is.
fn part_of(call: &Call<'_>, entry: Addr) -> Option<Part> {
    let is_list = !call.vm.is_kernel(Value::object(entry), ClassId::Connector)
        && !call.vm.is_string(Value::object(entry));
    if !is_list || call.vm.array_len(entry) != ENTRY {
        return None;
    }
    let process = call.vm.array_get(entry, 0);
    if !call.vm.is_kernel(process, ClassId::Process) {
        return None;
    }
    let part = call.vm.array_get(entry, 1).as_int()?;
    process.as_object().map(|process| Part { process, part })
}

/// The pipe that a file number stands for.
pub(crate) fn pipe_at(call: &Call<'_>, fd: i32) -> Option<Part> {
    match open_at(call, fd)? {
        Open::Object(entry) => part_of(call, entry),
        _ => None,
    }
}

/// Asks the machine below about itself.
pub(crate) fn ask(call: &mut Call<'_>, what: Known) -> Result<Result<Vec<String>, OutsideError>, Outcome> {
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => call.operation(Operation::Ask { what })?,
    };
    match ended {
        Ok(Done::Names(names)) => Ok(Ok(names)),
        Ok(_) => Err(nonsense(call)),
        Err(error) => Ok(Err(error)),
    }
}

/// The numbers of this process, of its user, and of the user's group; zeros where there is no such thing.
fn own_numbers(call: &mut Call<'_>) -> Result<[i64; 3], Outcome> {
    let found = ask(call, Known::Process)?.unwrap_or_default();
    let number = |at: usize| found.get(at).and_then(|number| number.parse().ok()).unwrap_or(0);
    Ok([number(0), number(1), number(2)])
}

/// Names and values of the variables of the environment, in turn; the library keeps them.
fn environment(call: &mut Call<'_>) -> Outcome {
    let listed = ask(call, Known::Environment).and_then(|variables| {
        let variables = variables.unwrap_or_default();
        let mut made = Vec::new();
        for (name, value) in variables.iter().filter_map(|variable| variable.split_once('=')) {
            for text in [name, value] {
                let bytes = call.vm.make_bytes(text.len() as u64);
                call.vm.write_bytes(bytes, 0, text.as_bytes());
                made.push(Value::object(bytes));
            }
        }
        array_of(call.vm, "[B", &made).map(Outcome::value).map_err(Outcome::Throw)
    });
    done(listed)
}

/// The bytes of an array in an argument; none of null.
fn bytes(call: &Call<'_>, index: u64) -> Option<Vec<u8>> {
    call.reference_at(index).as_object().map(|array| call.vm.bytes(array))
}

/// Texts that each end with a zero.
fn texts(bytes: &[u8]) -> Vec<String> {
    let ended = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let none = bytes.is_empty();
    let texts = ended.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
    if none { Vec::new() } else { texts.collect() }
}

/// What one of the standard streams is to be connected to: a pipe, or what a file number stands for.
fn standard(call: &mut Call<'_>, fd: i32, stream: i32) -> Result<Standard, Outcome> {
    let refused = |call: &mut Call<'_>| {
        Err(io_exception(call, "the file cannot be handed to a process: open it again"))
    };
    match open_at(call, fd) {
        _ if fd < 0 => Ok(Standard::Pipe),
        Some(Open::Input) if stream == INPUT => Ok(Standard::Own),
        Some(Open::Output { error }) if stream == if error { ERROR } else { OUTPUT } => Ok(Standard::Own),
        Some(Open::Object(_)) => match connector_at(call, fd, ClassId::File) {
            Some(file) if call.vm.text(file, connector::ADDRESS) == "/dev/null" => Ok(Standard::Nothing),
            Some(file) => {
                // Opened a moment ago; a restart in between is one before the process was started.
                let Some(handle) = call.attached(file) else { return refused(call) };
                let appends = options(call, file) & connector_option::APPEND != 0;
                let position = call.vm.get_u64(file, connector::POSITION);
                Ok(Standard::File { handle, offset: Some(position).filter(|_| !appends) })
            }
            None => refused(call),
        },
        _ => refused(call),
    }
}

/// Starts a process: its number. The numbers of its pipes are given in the array in argument 9.
fn start(call: &mut Call<'_>) -> Outcome {
    let started = (|| {
        let program = texts(&bytes(call, 3).unwrap_or_default()).into_iter().next().unwrap_or_default();
        let numbers = object(call, 9)?;
        let joined = call.int_at(10) != 0;
        let wanted = [0, 1, 2].map(|at| call.vm.element_bits(numbers, Elem::I32, at) as u32 as i32);
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Lost => {
                let text = "the world was restarted while the process was started: it may have run";
                return Err(io_exception(call, text));
            }
            Entry::Fresh => {
                if let Err(why) = call.vm.may_start(call.thread, &program) {
                    return Err(io_exception(call, &format!("error=13, {}: {why}", text_of_errno(13))));
                }
                let arguments = texts(&bytes(call, 4).unwrap_or_default());
                let variables = bytes(call, 6).map(|block| {
                    let split = |text: String| {
                        let (name, value) = text.split_once('=')?;
                        Some((name.to_string(), value.to_string()))
                    };
                    texts(&block).into_iter().filter_map(split).collect()
                });
                let directory = texts(&bytes(call, 8).unwrap_or_default()).into_iter().next();
                let directory = call.vm.absolute(call.thread, &directory.unwrap_or_default());
                let input = standard(call, wanted[0], INPUT)?;
                let output = standard(call, wanted[1], OUTPUT)?;
                let error = if joined { Standard::Output } else { standard(call, wanted[2], ERROR)? };
                let program = program.clone();
                let leaving = call.vm.new_kernel(ClassId::Process);
                call.hold(leaving)?;
                call.open(|handle| Operation::Spawn {
                    handle,
                    program,
                    arguments,
                    directory,
                    environment: variables,
                    standard: [input, output, error],
                })?
            }
        };
        match ended {
            Ok(Done::Number(number)) => {
                let process = call.vm.new_kernel(ClassId::Process);
                call.opened(process);
                call.set_text(process, connector::ADDRESS, &program);
                call.vm.set_u32(process, connector::STATE, connector_state::OPEN);
                let born_ns = call.vm.platform.clock.wall_ns();
                call.vm.set_u64(process, connector::BORN_NS, born_ns);
                for part in [INPUT, OUTPUT, ERROR] {
                    let is_pipe = wanted[part as usize] < 0 && !(joined && part == ERROR);
                    let fd = if is_pipe { new_entry(call, process, part, number) } else { -1 };
                    call.vm.set_element_bits(numbers, Elem::I32, part as u64, u64::from(fd as u32));
                }
                new_entry(call, process, WHOLE, number);
                Ok(Outcome::int(number as i32))
            }
            Ok(_) => Err(nonsense(call)),
            Err(error) => {
                let text = format!("error={}, {}", crate::descriptors::errno(error.fault), reason(&error));
                Err(io_exception(call, &text))
            }
        }
    })();
    done(started)
}

fn new_entry(call: &mut Call<'_>, process: Addr, part: i32, number: u64) -> i32 {
    let entry = call.vm.make_ref_array(ENTRY);
    call.vm.array_set(entry, 0, Value::object(process));
    call.vm.array_set(entry, 1, Value::int(part));
    call.vm.array_set(entry, 2, Value::int(number as i32));
    enter(call, entry)
}

/// The file number of a child by its own number, and its connector.
fn child(call: &Call<'_>, number: i64) -> Option<(i32, Addr)> {
    crate::descriptors::numbers(call.vm).find_map(|fd| {
        let Some(Open::Object(entry)) = open_at(call, fd) else { return None };
        let part = part_of(call, entry).filter(|part| part.part == WHOLE)?;
        let own = call.vm.array_get(entry, 2).as_int().map(i64::from);
        (own == Some(number)).then_some((fd, part.process))
    })
}

/// Waits for the end of a child: its status.
fn wait(call: &mut Call<'_>) -> Outcome {
    let (number, reaps) = (call.long_at(0), call.int_at(1) != 0);
    let ended = (|| {
        let Some((fd, process)) = child(call, number) else { return Ok(Outcome::int(NOT_A_CHILD)) };
        let status = match call.entry()? {
            Entry::Ended(Ok(Done::Exited { status })) => status,
            Entry::Ended(Ok(_)) => return Err(nonsense(call)),
            // It is closed: nobody can say any more.
            Entry::Ended(Err(_)) => STATUS_KILLED,
            Entry::Fresh | Entry::Lost => match call.attached(process) {
                None => STATUS_KILLED,
                Some(handle) => match call.operation(Operation::Wait { handle })? {
                    Ok(Done::Exited { status }) => status,
                    _ => STATUS_KILLED,
                },
            },
        };
        call.vm.set_u32(process, connector::STATE, connector_state::ENDED);
        call.vm.set_u32(process, connector::STATUS, status as u32);
        if reaps {
            close(call, fd);
        }
        Ok(Outcome::int(status))
    })();
    done(ended)
}

/// When a process was started, milliseconds since 1970; 0 of this one, -1 when it is not there.
fn is_alive(call: &mut Call<'_>) -> Outcome {
    let number = call.long_at(0);
    if let Some((_, process)) = child(call, number) {
        let lives =
            call.connector_state(process) == connector_state::OPEN && call.attached(process).is_some();
        let born_ms = (call.vm.get_u64(process, connector::BORN_NS) / NS_PER_MS) as i64;
        return Outcome::long(if lives { born_ms } else { NOT_THERE });
    }
    let own = own_numbers(call);
    done(own.map(|[process, ..]| Outcome::long(if process == number { 0 } else { NOT_THERE })))
}

/// Ends a child, or asks it to end: whether there is one.
fn destroy(call: &mut Call<'_>) -> Outcome {
    let (number, by_force) = (call.long_at(0), call.int_at(2) != 0);
    let handle = child(call, number).and_then(|(_, process)| call.attached(process));
    let Some(handle) = handle else { return Outcome::truth(false) };
    let ended = match call.entry() {
        Ok(Entry::Ended(ended)) => ended,
        Ok(_) if by_force => match call.operation(Operation::Kill { handle }) {
            Ok(ended) => ended,
            Err(outcome) => return outcome,
        },
        Ok(_) => match call.operation(Operation::Terminate { handle }) {
            Ok(ended) => ended,
            Err(outcome) => return outcome,
        },
        Err(outcome) => return outcome,
    };
    Outcome::truth(ended.is_ok())
}

impl Part {
    fn stream(self) -> Stream {
        if self.part == ERROR { Stream::Error } else { Stream::Output }
    }

    /// Takes what the process has written; nothing at the end.
    pub(crate) fn read(self, call: &mut Call<'_>, most: usize) -> Result<Vec<u8>, Outcome> {
        let most = most.min(TAKEN_BYTES_MAX);
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                let Some(handle) = call.attached(self.process) else { return Ok(Vec::new()) };
                call.operation(Operation::ReadOutput { handle, stream: self.stream(), most })?
            }
        };
        match ended {
            Ok(Done::Data(bytes)) => {
                call.vm.worked(bytes.len() as u64);
                Ok(bytes)
            }
            Ok(_) => Err(nonsense(call)),
            Err(error) => Err(failed(call, &error)),
        }
    }

    /// How many bytes can be read at once.
    pub(crate) fn available(self, call: &mut Call<'_>) -> Result<u64, Outcome> {
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                let Some(handle) = call.attached(self.process) else { return Ok(0) };
                call.operation(Operation::Available { handle, stream: self.stream() })?
            }
        };
        match ended {
            Ok(Done::Number(count)) => Ok(count),
            Ok(_) => Err(nonsense(call)),
            Err(error) => Err(failed(call, &error)),
        }
    }

    /// Writes bytes to the process.
    pub(crate) fn write(self, call: &mut Call<'_>, bytes: Vec<u8>) -> Result<(), Outcome> {
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            entry => {
                let lost = matches!(entry, Entry::Lost);
                let handle = call.attached(self.process).filter(|_| !lost && self.part == INPUT);
                let Some(handle) = handle else { return Err(io_exception(call, "Broken pipe")) };
                call.hold(self.process)?;
                call.operation(Operation::WriteInput { handle, bytes })?
            }
        };
        ended.map(|_| ()).map_err(|_| io_exception(call, "Broken pipe"))
    }

    /// Closes it: the process learns that there is no more input.
    pub(crate) fn close(self, call: &mut Call<'_>) {
        if self.part == INPUT
            && let Some(handle) = call.attached(self.process)
        {
            // It is closed at once.
            let _ = call.vm.submit_unwatched(Operation::CloseInput { handle });
        }
    }
}
