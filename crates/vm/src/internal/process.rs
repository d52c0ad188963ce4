//! `.internal.process`: processes of the host. A restart ends them: nobody could take up their pipes again.

use super::outside::Form;
use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use crate::connectors::call::{Entry, READ_BYTES_MAX};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_state, container};
use platform::{Done, Operation, Standard, Stream};

pub(super) const METHODS: Methods = methods! {
    16 start;
    17 write;
    18 |call: &mut Call<'_>| -> Step { unwatched(call, |handle| Operation::CloseInput { handle }) };
    19 |call: &mut Call<'_>| read(call, Stream::Output);
    20 |call: &mut Call<'_>| read(call, Stream::Error);
    21 wait;
    22 |call: &mut Call<'_>| -> Step { unwatched(call, |handle| Operation::Kill { handle }) };
};

/// What a process that SIGKILL ended has as its status in a shell.
const STATUS_KILLED: i32 = 137;

fn arguments(call: &mut Call<'_>) -> Result<Vec<String>, Outcome> {
    let value = call.value(1);
    if value.is_null() {
        return Ok(Vec::new());
    }
    let list = call.object(1, ClassId::Container, "process.start arguments are no array")?;
    let page = call.vm.ref_field(list, container::PAGE);
    let count = call.vm.get_u64(list, container::USED);
    let mut texts = Vec::new();
    for index in 0..count {
        let text = call.vm.string_bytes_of(call.vm.array_get(page, index));
        match text.and_then(|text| String::from_utf8(text).ok()).filter(|text| !text.contains('\0')) {
            Some(text) => texts.push(text),
            None => return Err(call.throw_string(&format!("process.start argument {index} is not a string"))),
        }
    }
    Ok(texts)
}

fn start(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let program = call.plain_text(0, "process.start program is not a string")?;
    let what = format!("start {program}");
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Lost => return Err(call.unknown(&what)),
        Entry::Fresh => {
            let arguments = arguments(call)?;
            call.granted_run(&program)?;
            call.hold(object)?;
            call.close(object);
            let directory = call.vm.working_directory(call.thread);
            let program = program.clone();
            let standard = [Standard::Pipe; 3];
            call.open(|handle| Operation::Spawn {
                handle,
                program,
                arguments,
                directory,
                environment: None,
                standard,
            })?
        }
    };
    match ended {
        Ok(_) => {
            call.opened(object);
            call.set_text(object, connector::ADDRESS, &program);
            call.vm.set_u32(object, connector::STATE, connector_state::OPEN);
            Ok(Outcome::VOID)
        }
        Err(error) => Err(call.failed(&what, &error)),
    }
}

/// Notes that a restart has ended the process, if one has; leaves the method when none was ever started.
fn current(call: &mut Call<'_>, object: Addr) -> Result<(), Outcome> {
    match call.connector_state(object) {
        connector_state::OPEN if call.attached(object).is_none() => {
            ended_with(call, object, STATUS_KILLED);
            Ok(())
        }
        connector_state::OPEN | connector_state::ENDED => Ok(()),
        _ => Err(call.throw_kernel(ClassId::Io, "no process was started: call `start` first")),
    }
}

fn ended_with(call: &mut Call<'_>, object: Addr, status: i32) {
    call.vm.set_u32(object, connector::STATE, connector_state::ENDED);
    call.vm.set_u32(object, connector::STATUS, status as u32);
}

fn write(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let payload = call.payload(0, "process.write data is neither a string nor a binary")?;
    let what = format!("write {} bytes to {}", payload.len, call.address_text(object));
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Lost => return Err(call.unknown(&what)),
        Entry::Fresh => {
            current(call, object)?;
            call.hold(object)?;
            let Some(handle) = call.attached(object) else {
                let text = format!("cannot {what}: the process has ended");
                return Err(call.throw_kernel(ClassId::ConnectionReset, &text));
            };
            if payload.len == 0 {
                return Ok(Outcome::VOID);
            }
            let bytes = call.gathered(payload)?;
            call.operation(Operation::WriteInput { handle, bytes })?
        }
    };
    ended.map(|_| Outcome::VOID).map_err(|error| call.failed(&what, &error))
}

fn unwatched(call: &mut Call<'_>, operation: fn(platform::Handle) -> Operation) -> Step {
    let object = call.this();
    current(call, object)?;
    if let Some(handle) = call.attached(object) {
        let _ = call.vm.submit_unwatched(operation(handle));
    }
    Ok(Outcome::VOID)
}

fn read(call: &mut Call<'_>, stream: Stream) -> Step {
    let object = call.this();
    let what = format!("read from {}", call.address_text(object));
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            current(call, object)?;
            let Some(handle) = call.attached(object) else { return Ok(Outcome::value(Value::NULL)) };
            call.operation(Operation::ReadOutput { handle, stream, most: READ_BYTES_MAX })?
        }
    };
    match ended {
        Ok(Done::Data(bytes)) if bytes.is_empty() => Ok(Outcome::value(Value::NULL)),
        Ok(Done::Data(bytes)) => Ok(Outcome::object(call.brought(bytes, Form::Text)?.0)),
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

/// The status is kept; outputs can be read to their end also after it.
fn wait(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let what = format!("wait for {}", call.address_text(object));
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            current(call, object)?;
            if call.connector_state(object) == connector_state::ENDED {
                return Ok(Outcome::int(call.vm.get_u32(object, connector::STATUS) as i32));
            }
            let Some(handle) = call.attached(object) else { return Err(call.nonsense(&what)) };
            call.operation(Operation::Wait { handle })?
        }
    };
    match ended {
        Ok(Done::Exited { status }) => {
            ended_with(call, object, status);
            Ok(Outcome::int(status))
        }
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}
