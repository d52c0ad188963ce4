//! `.internal.console`: standard input, output and error.
//!
//! *Invariant:* nothing is written before the whole text is known, and what was written is left in the same invocation:
//! only a crash that takes the world back before the call repeats it.

use super::support::{Step, Text, methods};
use super::{Call, Methods, Outcome, Wait};
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::schema::program;
use platform::ConsoleInput;

pub(super) const METHODS: Methods = methods! {
    16 |call: &mut Call<'_>| print(call, Channel::Output, "");
    17 |call: &mut Call<'_>| print(call, Channel::Output, "\n");
    18 read_line;
    19 |call: &mut Call<'_>| print(call, Channel::Error, "");
    20 |call: &mut Call<'_>| print(call, Channel::Error, "\n");
    21 set_durable;
};

#[derive(Clone, Copy)]
enum Channel {
    Output,
    Error,
}

/// Phase 0: nothing done yet; 1: the argument's `toString` was called; 2: the text, in reference 0, waits for the commit of
/// the epoch in number 0.
fn print(call: &mut Call<'_>, channel: Channel, end: &str) -> Step {
    let mut text = match call.phase() {
        0 => {
            if !call.vm.console().has_room() {
                return Ok(Outcome::Block(Wait::Output));
            }
            match call.text_of(call.value(0)) {
                Text::Ready(text) => text,
                Text::Ask(outcome) => {
                    call.set_phase(1);
                    return Ok(outcome);
                }
            }
        }
        1 => call.called_text()?,
        _ => {
            let epoch = call.number(0);
            if call.vm.committed_epoch() < epoch {
                return Ok(Outcome::Block(Wait::Commit { epoch }));
            }
            let text = call.vm.string_bytes_of(call.reference(0)).unwrap_or_default();
            return Ok(put(call, channel, &text));
        }
    };
    text.extend_from_slice(end.as_bytes());
    if is_durable(call) {
        let (kept, epoch) = (call.vm.make_string(&text), call.vm.epoch());
        call.set_reference(0, Value::object(kept));
        call.set_number(0, epoch);
        call.set_phase(2);
        return Ok(Outcome::Block(Wait::Commit { epoch }));
    }
    Ok(put(call, channel, &text))
}

fn put(call: &mut Call<'_>, channel: Channel, text: &[u8]) -> Outcome {
    match channel {
        Channel::Output => call.vm.console().write(text),
        Channel::Error => call.vm.console().write_error(text),
    }
    Outcome::VOID
}

/// The program of the running thread.
fn owner(call: &Call<'_>) -> Option<Addr> {
    call.vm.owner_of(call.thread)
}

fn is_durable(call: &Call<'_>) -> bool {
    owner(call).is_some_and(|owner| {
        call.vm.get_u32(owner, program::OUTPUT_DURABLE) != 0 || call.vm.get_u32(owner, program::DURABLE) != 0
    })
}

fn set_durable(call: &mut Call<'_>) -> Step {
    let wanted = u32::from(call.int(0) != 0);
    if let Some(owner) = owner(call) {
        call.vm.set_u32(owner, program::OUTPUT_DURABLE, wanted);
    }
    Ok(Outcome::VOID)
}

/// `boot.print`: the texts of an array of objects.
///
/// Phase 0: the object at number 0 is next; 1: its `toString` was called. Reference 0 is a string: the text so far.
pub(super) fn print_all(call: &mut Call<'_>) -> Step {
    let objects = match call.value(0) {
        Value::NULL => return Ok(Outcome::VOID),
        _ => call.ref_array(0, "boot.print arguments are no array")?,
    };
    if !call.vm.console().has_room() {
        return Ok(Outcome::Block(Wait::Output));
    }
    let mut text: Vec<u8> = call.vm.string_bytes_of(call.reference(0)).unwrap_or_default();
    let mut index = call.number(0);
    if call.phase() == 1 {
        text.extend(call.called_text()?);
        call.set_phase(0);
        index += 1;
    }
    while index < call.vm.array_len(objects) {
        let object = call.vm.array_get(objects, index);
        match call.text_of(object) {
            Text::Ready(part) => text.extend(part),
            Text::Ask(outcome) => {
                let so_far = call.vm.make_string(&text);
                call.set_reference(0, Value::object(so_far));
                call.set_number(0, index);
                call.set_phase(1);
                return Ok(outcome);
            }
        }
        index += 1;
    }
    call.vm.console().write(&text);
    Ok(Outcome::VOID)
}

fn read_line(call: &mut Call<'_>) -> Step {
    match call.vm.take_input() {
        ConsoleInput::Line(line) => Ok(call.return_string(line.as_bytes())),
        ConsoleInput::Pending => Ok(Outcome::Block(Wait::Input)),
        ConsoleInput::End => Ok(Outcome::value(Value::NULL)),
    }
}
