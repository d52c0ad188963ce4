//! `.internal.console`: standard input, output and error.
//!
//! A text of more than a step is written piece by piece, with safepoints in between; what other threads print may come
//! between the pieces, and an interrupt while there is no room for the next leaves it half written.
//!
//! *Invariant:* nothing is written before the whole text is known, and that a piece was written is noted in the same
//! invocation: only a crash that takes the world back before it repeats it. So what is repeated of a text is at most what
//! was written of it since the snapshot.

use super::outside::Form;
use super::support::{Bytes, Step, Text, methods};
use super::{Call, Methods, Outcome, Wait};
use crate::connectors::call::Entry;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::schema::program;
use platform::{ConsoleInput, Done};

pub(super) const METHODS: Methods = methods! {
    16 |call: &mut Call<'_>| print(call, Channel::Output, "");
    17 |call: &mut Call<'_>| print(call, Channel::Output, "\n");
    18 read_line;
    19 |call: &mut Call<'_>| print(call, Channel::Error, "");
    20 |call: &mut Call<'_>| print(call, Channel::Error, "\n");
    21 set_durable;
};

/// Units for a text, besides its bytes, of many that are written together.
const TEXT_UNITS: u64 = 128;

#[derive(Clone, Copy)]
enum Channel {
    Output,
    Error,
}

/// Phase 0: nothing done yet; 1: the argument's `toString` was called; 2: the text, in reference 0, waits for the commit of
/// the epoch in number 0; 3: the long text in reference 0 is written from the byte in number 1 on when the epoch in number 0
/// is committed.
fn print(call: &mut Call<'_>, channel: Channel, end: &str) -> Step {
    let text = match call.phase() {
        0 => {
            if !call.vm.console().has_room() {
                return Ok(Outcome::Block(Wait::Output));
            }
            let value = call.value(0);
            if is_long(call, value) {
                return print_long(call, value, channel, end);
            }
            match call.text_of(value) {
                Text::Ready(text) => text,
                Text::Ask(outcome) => {
                    call.set_phase(1);
                    return Ok(outcome);
                }
            }
        }
        1 => {
            let value = call.result();
            if is_long(call, value) {
                return print_long(call, value, channel, end);
            }
            call.called_text()?
        }
        2 => {
            wait_for(call, call.number(0))?;
            let text = call.vm.string_bytes_of(call.reference(0)).unwrap_or_default();
            return Ok(put(call, channel, &text));
        }
        _ => return print_on(call, channel, end),
    };
    print_short(call, text, channel, end)
}

fn print_short(call: &mut Call<'_>, mut text: Vec<u8>, channel: Channel, end: &str) -> Step {
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

/// Whether a value is a string that is not written at once.
fn is_long(call: &Call<'_>, value: Value) -> bool {
    Bytes::of_string(call.vm, value).is_some_and(|text| text.len > call.vm.step_units())
}

/// Begins to write a long string.
fn print_long(call: &mut Call<'_>, text: Value, channel: Channel, end: &str) -> Step {
    let epoch = if is_durable(call) { call.vm.epoch() } else { 0 };
    call.set_reference(0, text);
    call.set_number(0, epoch);
    call.set_number(1, 0);
    call.set_phase(3);
    print_on(call, channel, end)
}

fn print_on(call: &mut Call<'_>, channel: Channel, end: &str) -> Step {
    wait_for(call, call.number(0))?;
    let Some(text) = Bytes::of_string(call.vm, call.reference(0)) else { return Ok(Outcome::VOID) };
    let mut at = call.number(1);
    loop {
        if !call.vm.console().has_room() {
            return Ok(Outcome::Block(Wait::Output));
        }
        let count = call.vm.step_units().min(text.len - at);
        let mut piece = text.read_part(call.vm, at, count);
        at += count;
        if at == text.len {
            piece.extend_from_slice(end.as_bytes());
            return Ok(put(call, channel, &piece));
        }
        put(call, channel, &piece);
        call.set_number(1, at);
        call.did(0)?;
    }
}

/// Leaves the method while an epoch is not committed.
fn wait_for(call: &Call<'_>, epoch: u64) -> Result<(), Outcome> {
    if call.vm.committed_epoch() < epoch { Err(Outcome::Block(Wait::Commit { epoch })) } else { Ok(()) }
}

fn put(call: &mut Call<'_>, channel: Channel, text: &[u8]) -> Outcome {
    match channel {
        Channel::Output => call.vm.console().write(text),
        Channel::Error => call.vm.console().write_error(text),
    }
    call.vm.worked(text.len() as u64);
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

/// `boot.print`: the texts of an array of objects. Few short ones are written at once; others are kept in an array until
/// all are known.
///
/// Phase 0: nothing done yet; 2: the text of the object at number 0 is next; 3: its `toString` was called; 4: the texts wait
/// for the commit of the epoch in number 0; 5: they are written from byte number 1 of that at number 0 on. Reference 0: the
/// texts. Phase 1 was another way to keep them.
pub(super) fn print_all(call: &mut Call<'_>) -> Step {
    let objects = match call.value(0) {
        Value::NULL => return Ok(Outcome::VOID),
        _ => call.ref_array(0, "boot.print arguments are no array")?,
    };
    match call.phase() {
        2 | 3 => return keep_texts(call, objects),
        4 => return begin_texts(call),
        5 => return write_texts(call),
        _ => {}
    }
    if !call.vm.console().has_room() {
        return Ok(Outcome::Block(Wait::Output));
    }
    if !is_durable(call)
        && let Some(text) = short_texts(call, objects)
    {
        return Ok(put(call, Channel::Output, &text));
    }
    let count = call.vm.array_len(objects);
    call.fits(call.vm.object_array, count)?;
    let texts = call.vm.make_ref_array(count);
    call.set_reference(0, Value::object(texts));
    call.set_number(0, 0);
    call.set_phase(2);
    keep_texts(call, objects)
}

/// The texts of all objects as one, unless one has to be asked for its text or they are much.
fn short_texts(call: &Call<'_>, objects: Addr) -> Option<Vec<u8>> {
    let count = call.vm.array_len(objects);
    let most = call.vm.step_units();
    let mut text = Vec::new();
    for index in 0..count {
        let object = call.vm.array_get(objects, index);
        if is_long(call, object) {
            return None;
        }
        let Text::Ready(part) = call.text_of(object) else { return None };
        text.extend(part);
        if text.len() as u64 + index * TEXT_UNITS > most {
            return None;
        }
    }
    Some(text)
}

fn keep_texts(call: &mut Call<'_>, objects: Addr) -> Step {
    let texts = kept_texts(call);
    let count = call.vm.array_len(texts);
    let mut index = call.number(0);
    while index < count {
        let text = if call.phase() == 3 {
            call.set_phase(2);
            call.called_string()?
        } else {
            let object = call.vm.array_get(objects, index);
            match text_object(call, object) {
                Ok(text) => text,
                Err(asks) => {
                    call.set_phase(3);
                    return Ok(asks);
                }
            }
        };
        call.vm.array_set(texts, index, text);
        index += 1;
        call.set_number(0, index);
        call.did(TEXT_UNITS)?;
    }
    let epoch = if is_durable(call) { call.vm.epoch() } else { 0 };
    call.set_number(0, epoch);
    call.set_phase(4);
    begin_texts(call)
}

/// The text of an object as a string; or what to return, after which the string that it asked for is there.
fn text_object(call: &mut Call<'_>, object: Value) -> Result<Value, Outcome> {
    if call.vm.is_string(object) {
        return Ok(object);
    }
    match call.text_of(object) {
        Text::Ready(text) => Ok(Value::object(call.vm.make_string(&text))),
        Text::Ask(asks) => Err(asks),
    }
}

fn kept_texts(call: &Call<'_>) -> Addr {
    call.reference(0).as_object().unwrap_or_default()
}

fn begin_texts(call: &mut Call<'_>) -> Step {
    wait_for(call, call.number(0))?;
    call.set_number(0, 0);
    call.set_number(1, 0);
    call.set_phase(5);
    write_texts(call)
}

fn write_texts(call: &mut Call<'_>) -> Step {
    let texts = kept_texts(call);
    while call.number(0) < call.vm.array_len(texts) {
        if !call.vm.console().has_room() {
            return Ok(Outcome::Block(Wait::Output));
        }
        let piece = next_piece(call, texts);
        put(call, Channel::Output, &piece);
        call.did(0)?;
    }
    Ok(Outcome::VOID)
}

/// What is written next of the kept texts, which counts as written.
fn next_piece(call: &mut Call<'_>, texts: Addr) -> Vec<u8> {
    let (count, most) = (call.vm.array_len(texts), call.vm.step_units());
    let (mut index, mut at) = (call.number(0), call.number(1));
    let (mut piece, mut units) = (Vec::new(), 0);
    while index < count && units < most {
        let text = Bytes::of_string(call.vm, call.vm.array_get(texts, index));
        let text = text.unwrap_or(Bytes { array: Addr::NULL, len: 0 });
        let part = (text.len - at).min(most - units);
        piece.extend(text.read_part(call.vm, at, part));
        units += part + TEXT_UNITS;
        at += part;
        if at == text.len {
            (index, at) = (index + 1, 0);
        }
    }
    call.set_number(0, index);
    call.set_number(1, at);
    piece
}

/// A line is kept outside of the world while it is copied: after a restart in the middle it is asked for again.
fn read_line(call: &mut Call<'_>) -> Step {
    let line = match call.entry()? {
        Entry::Ended(Ok(Done::Data(rest))) => rest,
        _ => match call.vm.take_input() {
            ConsoleInput::Line(line) => line.into_bytes(),
            ConsoleInput::Pending => return Ok(Outcome::Block(Wait::Input)),
            ConsoleInput::End => return Ok(Outcome::value(Value::NULL)),
        },
    };
    Ok(Outcome::object(call.brought(line, Form::Text)?.0))
}
