//! `string.parseJson`: JSON (RFC 8259) to objects, in steps.
//!
//! An integer becomes a long (a double when it does not fit), other numbers a double, `true` and `false` the
//! ints 1 and 0, an object a directory whose last value of a repeated key counts, an array a container. Nesting
//! is limited to 127, a number to 16 KiB of text.
//!
//! There is one parser, for short texts without a frame and for long ones in a frame. Lists and objects are read
//! here, by a state machine with a stack of what is not finished. Strings, numbers and words are read by
//! `serde_json`, each from a window of the text; it also finds what is wrong with them, and all errors are worded
//! as it does. A string that is longer than a window is read in pieces, twice: how long it becomes, and to write
//! it. Containers and directories grow in pieces.
//!
//! *Invariants:*
//! * A step does bounded work, whatever the text is. What it leads to depends on neither the size of the windows
//!   nor where the steps end.
//! * Between two steps everything is in [`Parser`]; all of it but the window, which is read anew, goes to the
//!   frame before the thread comes to a safepoint. What is made is known to nobody else until the end.

use super::steps::{PAIR_UNITS, REF_UNITS};
use super::support::{Bytes, Step};
use super::{Call, Outcome, container, directory, string};
use crate::Vm;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use core::fmt;
use layout::Value;
use layout::internal::ClassId;
use memchr::{memchr_iter, memchr2, memrchr};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, Visitor};

/// Units for a byte of a text that is read without a frame: it may be one of few for each object.
const BYTE_UNITS: u64 = 16;
/// Units for an object that is made.
const OBJECT_UNITS: u64 = 512;
/// Units for a byte of a string or number: an escape takes some time.
const TOKEN_UNITS: u64 = 8;
/// Bytes of a window.
const WINDOW: u64 = 8 << 10;
/// Bytes of a number, which is read in one piece.
const NUMBER_MAX: u64 = 16 << 10;
/// Bytes of the longest escape, a pair of surrogates.
const ESCAPE_MAX: usize = 12;
/// Lists and objects in each other.
const DEPTH_MAX: usize = 127;
/// The world has no room for more.
const FULL: &str = "there is no room for the result";

/// The method. In a frame number 0 is where the next byte is read, number 1 counts, the stage is the state, and
/// the other fields of the parser are in reference 0.
pub(super) fn parse(call: &mut Call<'_>) -> Step {
    let text = string::this(call)?;
    call.frame_for(text.len * BYTE_UNITS)?;
    let mut parser = Parser::begun(call, text);
    loop {
        let units = parser.step(call)?;
        if call.is_framed()
            && let Err(left) = call.did(units)
        {
            parser.keep(call);
            return Err(left);
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum State {
    Value,
    FirstElement,
    NextElement,
    AfterElement,
    FirstKey,
    NextKey,
    AfterPair,
    Colon,
    End,
    /// A value is read, and put where it belongs.
    Put,
    /// A string is read in pieces, and counted.
    Measure,
    /// It is read again, and written.
    Write,
    /// There is an error, and its line is looked for.
    Locate,
}

const STATES: &[State] = &[
    State::Value,
    State::FirstElement,
    State::NextElement,
    State::AfterElement,
    State::FirstKey,
    State::NextKey,
    State::AfterPair,
    State::Colon,
    State::End,
    State::Put,
    State::Measure,
    State::Write,
    State::Locate,
];

/// A list or object that is not finished.
struct Level {
    object: Addr,
    is_map: bool,
    /// The key whose value is read, or null.
    key: Value,
}

struct Parser {
    text: Bytes,
    /// A part of the text, and where it begins.
    window: Vec<u8>,
    window_at: u64,
    state: State,
    /// The next byte.
    at: u64,
    /// Of a string in pieces the bytes that it has become, of what grows how much is copied, before an error the lines.
    count: u64,
    /// Where the string that is read in pieces, or the line with the error, begins.
    from: u64,
    /// How much of the string is UTF-8, if it is not all; where the error is.
    mark: Option<u64>,
    /// The value that was read, the string that is written, or the reason of the error.
    value: Value,
    /// What the innermost level grows to, or null.
    grown: (Addr, Addr),
    levels: Vec<Level>,
}

/// Slots of the array with what does not fit in the frame: the fields of the parser, then the levels and a null.
mod slot {
    pub(super) const FROM: u64 = 0;
    pub(super) const MARK: u64 = 1;
    pub(super) const VALUE: u64 = 2;
    pub(super) const GROWN: u64 = 3;
    pub(super) const LEVELS: u64 = 5;
    pub(super) const COUNT: u64 = LEVELS + 2 * super::DEPTH_MAX as u64 + 1;
}

impl Parser {
    /// A new one, or that of the frame.
    fn begun(call: &Call<'_>, text: Bytes) -> Parser {
        let mut parser = Parser {
            text,
            window: Vec::new(),
            window_at: 0,
            state: State::Value,
            at: 0,
            count: 0,
            from: 0,
            mark: None,
            value: Value::NULL,
            grown: (Addr::NULL, Addr::NULL),
            levels: Vec::new(),
        };
        if call.is_framed()
            && let Some(kept) = call.reference(0).as_object()
        {
            parser.take_up(call, kept);
        }
        parser
    }

    fn take_up(&mut self, call: &Call<'_>, kept: Addr) {
        let get = |slot| call.vm.array_get(kept, slot);
        // A text has at most 2^30 bytes.
        let position = |slot| get(slot).as_int().map(|at| at as u64);
        let object = |slot| get(slot).as_object().unwrap_or_default();
        self.state = STATES[call.stage() as usize];
        (self.at, self.count) = (call.number(0), call.number(1));
        self.from = position(slot::FROM).unwrap_or_default();
        self.mark = position(slot::MARK);
        self.value = get(slot::VALUE);
        self.grown = (object(slot::GROWN), object(slot::GROWN + 1));
        let mut at = slot::LEVELS;
        while let Some(object) = get(at).as_object() {
            let is_map = call.vm.is_kernel(get(at), ClassId::Directory);
            self.levels.push(Level { object, is_map, key: get(at + 1) });
            at += 2;
        }
    }

    fn keep(&self, call: &mut Call<'_>) {
        let kept = call.reference(0).as_object().unwrap_or_else(|| call.vm.make_ref_array(slot::COUNT));
        call.set_reference(0, Value::object(kept));
        call.set_stage(self.state as u32);
        call.set_number(0, self.at);
        call.set_number(1, self.count);
        let mut set = |slot, value| call.vm.array_set(kept, slot, value);
        let position = |at: u64| Value::int(at as i32);
        set(slot::FROM, position(self.from));
        set(slot::MARK, self.mark.map_or(Value::NULL, position));
        set(slot::VALUE, self.value);
        set(slot::GROWN, Value::object(self.grown.0));
        set(slot::GROWN + 1, Value::object(self.grown.1));
        let mut at = slot::LEVELS;
        for level in &self.levels {
            set(at, Value::object(level.object));
            set(at + 1, level.key);
            at += 2;
        }
        // What stands behind it is a part of the result by now.
        set(at, Value::NULL);
    }

    /// Goes on by a bounded piece of work: its units.
    fn step(&mut self, call: &mut Call<'_>) -> Result<u64, Outcome> {
        match self.state {
            State::Put => Ok(self.put(call)),
            State::Measure | State::Write => Ok(self.string_piece(call)),
            State::Locate => self.locate(call),
            _ => self.next(call),
        }
    }

    /// Reads so much of the text from the next byte on.
    fn look(&mut self, call: &Call<'_>, len: u64) {
        self.window_at = self.at;
        self.window = self.text.read_part(call.vm, self.at, len.min(self.text.len - self.at));
    }

    /// What is left of the window.
    fn rest(&self) -> &[u8] {
        self.window.get((self.at - self.window_at) as usize..).unwrap_or_default()
    }

    /// Reads white space and what follows it; in a long run of it not all.
    fn next(&mut self, call: &mut Call<'_>) -> Result<u64, Outcome> {
        if self.rest().is_empty() {
            self.look(call, window_len(call));
        }
        let is_space = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
        let spaces = self.rest().iter().take_while(is_space).count() as u64;
        self.at += spaces;
        let byte = self.rest().first().copied();
        if byte.is_none() && self.at < self.text.len {
            return Ok(spaces);
        }
        let reason = match (self.state, byte) {
            (State::FirstElement | State::AfterElement, Some(b']'))
            | (State::FirstKey | State::AfterPair, Some(b'}')) => return Ok(self.close() + spaces),
            (State::AfterElement, Some(b',')) => return Ok(self.skip(State::NextElement) + spaces),
            (State::AfterPair, Some(b',')) => return Ok(self.skip(State::NextKey) + spaces),
            (State::Colon, Some(b':')) => return Ok(self.skip(State::Value) + spaces),
            (State::FirstKey | State::NextKey, Some(b'"')) => return Ok(self.scalar(call) + spaces),
            (State::NextElement, Some(b']')) | (State::NextKey, Some(b'}')) => "trailing comma",
            (State::Value | State::FirstElement | State::NextElement, Some(byte)) => {
                return Ok(self.value(call, byte) + spaces);
            }
            (State::Value | State::NextElement | State::NextKey, None) => "EOF while parsing a value",
            (State::FirstElement | State::AfterElement, None) => "EOF while parsing a list",
            (State::FirstKey | State::AfterPair | State::Colon, None) => "EOF while parsing an object",
            (State::AfterElement, Some(_)) => "expected `,` or `]`",
            (State::AfterPair, Some(_)) => "expected `,` or `}`",
            (State::FirstKey | State::NextKey, Some(_)) => "key must be a string",
            (State::Colon, Some(_)) => "expected `:`",
            (_, Some(_)) => "trailing characters",
            (_, None) => return Err(Outcome::value(self.value)),
        };
        let behind = (self.at + 1).min(self.text.len);
        Ok(self.fail(call, reason, behind) + spaces)
    }

    /// Leaves out a byte.
    fn skip(&mut self, state: State) -> u64 {
        self.at += 1;
        self.state = state;
        1
    }

    /// A list or object ends, which is a value.
    fn close(&mut self) -> u64 {
        if let Some(level) = self.levels.pop() {
            self.value = Value::object(level.object);
        }
        self.skip(State::Put)
    }

    /// Begins to read a value.
    fn value(&mut self, call: &mut Call<'_>, byte: u8) -> u64 {
        // Small objects are made whether they fit or not, so somebody has to look before there are too many.
        if !call.vm.array_fits(call.vm.object_array, 0) {
            return self.fail(call, FULL, self.at);
        }
        let (class, inside) = match byte {
            b'[' => (ClassId::Container, State::FirstElement),
            b'{' => (ClassId::Directory, State::FirstKey),
            _ => return self.scalar(call),
        };
        if self.levels.len() == DEPTH_MAX {
            return self.fail(call, "recursion limit exceeded", self.at + 1);
        }
        let object = call.vm.new_kernel(class);
        self.levels.push(Level { object, is_map: byte == b'{', key: Value::NULL });
        self.skip(inside) + OBJECT_UNITS
    }

    /// Reads a string, number or word.
    fn scalar(&mut self, call: &mut Call<'_>) -> u64 {
        let rest = self.rest();
        let mut reader = serde_json::Deserializer::from_slice(rest);
        let read = Scalar { vm: call.vm }.deserialize(&mut reader);
        let used = reader.into_iter::<IgnoredAny>().byte_offset();
        let is_at_end = used == rest.len() || read.as_ref().is_err_and(serde_json::Error::is_eof);
        if is_at_end && self.at + (rest.len() as u64) < self.text.len {
            self.look_further(call);
            // It is counted when it is read; until then nothing may come in between, or the window is lost.
            return 0;
        }
        match read {
            Ok(value) => {
                self.at += used as u64;
                self.is_read(value);
            }
            Err(error) => {
                let (reason, at) = reason_of(&error, rest);
                self.fail(call, &reason, self.at + at as u64);
            }
        }
        used as u64 * TOKEN_UNITS + OBJECT_UNITS
    }

    /// There is more of a string, number or word than the window shows, or may be.
    fn look_further(&mut self, call: &mut Call<'_>) {
        if self.window_at < self.at {
            self.look(call, window_len(call));
        } else if self.rest().first() == Some(&b'"') {
            self.at += 1;
            (self.from, self.count, self.mark) = (self.at, 0, None);
            self.state = State::Measure;
        } else if (self.window.len() as u64) < NUMBER_MAX {
            self.look(call, NUMBER_MAX);
        } else {
            self.fail(call, "number is too long", self.at + NUMBER_MAX);
        }
    }

    /// What was read is a key, or a value.
    fn is_read(&mut self, value: Value) {
        match self.levels.last_mut() {
            Some(level) if level.is_map && level.key.is_null() => {
                level.key = value;
                self.state = State::Colon;
            }
            _ => {
                self.value = value;
                self.state = State::Put;
            }
        }
    }

    /// Puts the value into the innermost level, which grows a piece instead when it is full.
    fn put(&mut self, call: &mut Call<'_>) -> u64 {
        let Some(level) = self.levels.last_mut() else {
            self.state = State::End;
            return 1;
        };
        let object = level.object;
        if level.is_map {
            if !directory::set_in_room(call.vm, object, level.key, self.value) {
                return self.grow_map(call, object);
            }
            level.key = Value::NULL;
            self.state = State::AfterPair;
            PAIR_UNITS
        } else {
            if !container::push_in_room(call, object, self.value) {
                return self.grow_list(call, object);
            }
            self.state = State::AfterElement;
            REF_UNITS
        }
    }

    fn grow_list(&mut self, call: &mut Call<'_>, list: Addr) -> u64 {
        if self.grown.0.is_null() {
            let Ok(page) = container::larger_page(call, list) else {
                return self.fail(call, FULL, self.at);
            };
            (self.grown, self.count) = ((page, Addr::NULL), 0);
            return OBJECT_UNITS;
        }
        let most = (call.vm.step_units() / REF_UNITS).max(1);
        let copied = container::fill_page(call, list, self.grown.0, self.count, most);
        self.grew(copied);
        copied * REF_UNITS
    }

    fn grow_map(&mut self, call: &mut Call<'_>, map: Addr) -> u64 {
        if self.grown.0.is_null() {
            let Ok(arrays) = directory::larger_arrays(call, map) else {
                return self.fail(call, FULL, self.at);
            };
            (self.grown, self.count) = (arrays, 0);
            return OBJECT_UNITS;
        }
        let most = (call.vm.step_units() / PAIR_UNITS).max(1);
        let copied = directory::fill_arrays(call.vm, map, self.grown, self.count, most);
        self.grew(copied);
        copied * PAIR_UNITS
    }

    /// So much more is copied to what a level grows to; nothing when it has grown.
    fn grew(&mut self, copied: u64) {
        self.count += copied;
        if copied == 0 {
            self.grown = (Addr::NULL, Addr::NULL);
        }
    }

    /// Reads a piece of a long string: counts the bytes that it becomes, or writes them.
    fn string_piece(&mut self, call: &mut Call<'_>) -> u64 {
        self.look(call, window_len(call));
        let is_last = self.at + (self.window.len() as u64) == self.text.len;
        let (mut end, is_end) = piece_end(&self.window, is_last);
        let mut valid = end;
        if let Err(error) = core::str::from_utf8(&self.window[..end]) {
            valid = error.valid_up_to();
            // A character that goes on in the next piece is no error.
            if error.error_len().is_none() && !is_end {
                end = valid;
            }
        }
        let mut piece = Vec::with_capacity(end + 2);
        piece.push(b'"');
        piece.extend_from_slice(&self.window[..end]);
        if valid < end {
            // It counts at the end of the string only, and only if all else is right.
            piece.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'x');
            let before = self.mark.is_none().then(|| unescaped(&piece[..=valid]));
            if let Some(Ok(before)) = before {
                self.mark = Some(self.count + before.len() as u64);
            }
        }
        let read = if is_end { read_string(&piece) } else { unescaped(&piece) };
        match read {
            Ok(bytes) => {
                if self.state == State::Write {
                    let string = self.value.as_object().unwrap_or_default();
                    call.vm.write_bytes(string, self.count, bytes.as_bytes());
                }
                self.count += bytes.len() as u64;
                self.at += end as u64;
                if is_end {
                    self.string_end(call);
                }
            }
            Err(error) => {
                let (reason, at) = reason_of(&error, &piece);
                self.fail(call, &reason, self.at + at as u64 - 1);
            }
        }
        end as u64 * TOKEN_UNITS
    }

    /// A long string was counted, or is written.
    fn string_end(&mut self, call: &mut Call<'_>) {
        if self.state == State::Write {
            self.is_read(self.value);
        } else if let Some(valid) = self.mark {
            self.fail(call, "invalid unicode code point", self.at - (self.count - valid));
        } else if let Ok(string) = call.string_room(self.count) {
            self.value = Value::object(string);
            (self.at, self.count) = (self.from, 0);
            self.state = State::Write;
        } else {
            self.fail(call, FULL, self.at);
        }
    }

    /// The text is no JSON: the line in which so many bytes end is looked for.
    fn fail(&mut self, call: &mut Call<'_>, reason: &str, at: u64) -> u64 {
        self.value = Value::object(call.vm.make_string(reason.as_bytes()));
        self.mark = Some(at);
        (self.at, self.count, self.from) = (0, 0, 0);
        self.state = State::Locate;
        OBJECT_UNITS
    }

    /// Counts lines up to the error, and throws it at the end.
    fn locate(&mut self, call: &mut Call<'_>) -> Result<u64, Outcome> {
        let end = self.mark.unwrap_or_default();
        let len = call.vm.step_units().min(end - self.at);
        let part = self.text.read_part(call.vm, self.at, len);
        self.count += memchr_iter(b'\n', &part).count() as u64;
        if let Some(last) = memrchr(b'\n', &part) {
            self.from = self.at + last as u64 + 1;
        }
        self.at += len;
        if self.at < end {
            return Ok(len);
        }
        let reason = call.vm.string_bytes_of(self.value).unwrap_or_default();
        let (reason, line, column) = (super::lossy(&reason), self.count + 1, end - self.from);
        Err(call.throw_string(&format!("string.parseJson: {reason} at line {line} column {column}")))
    }
}

/// Bytes of a window; few in chaos.
fn window_len(call: &Call<'_>) -> u64 {
    call.vm.step_units().min(WINDOW)
}

/// Where a piece of a string may end, not in the middle of an escape, and whether the string ends there, behind its quote
/// or with the text.
fn piece_end(window: &[u8], is_last: bool) -> (usize, bool) {
    let mut at = 0;
    while let Some(next) = memchr2(b'"', b'\\', &window[at..]) {
        at += next;
        let rest = &window[at..];
        if rest[0] == b'"' {
            return (at + 1, true);
        }
        if rest.len() < ESCAPE_MAX && !is_last {
            return (at, false);
        }
        at += escape_len(rest);
        if at > window.len() {
            break;
        }
    }
    (window.len(), is_last)
}

/// Bytes of the escape at the beginning; of one that is wrong as many as are read to see it.
fn escape_len(text: &[u8]) -> usize {
    match text {
        [_, b'u', b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..] => ESCAPE_MAX,
        [_, b'u', ..] => 6,
        _ => 2,
    }
}

/// What a string becomes; it begins with its quote, but has none at its end.
fn unescaped(text: &[u8]) -> Result<String, serde_json::Error> {
    let mut closed = Vec::with_capacity(text.len() + 1);
    closed.extend_from_slice(text);
    closed.push(b'"');
    read_string(&closed)
}

/// Reads a string at the beginning of a text.
fn read_string(text: &[u8]) -> Result<String, serde_json::Error> {
    String::deserialize(&mut serde_json::Deserializer::from_slice(text))
}

/// What is wrong with a text, and where.
fn reason_of(error: &serde_json::Error, text: &[u8]) -> (String, usize) {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = said.strip_suffix(&place).unwrap_or(&said);
    let line = match error.line() {
        0 | 1 => 0,
        line => memchr_iter(b'\n', text).nth(line - 2).map_or(0, |end| end + 1),
    };
    (reason.to_string(), line + error.column())
}

/// Makes a value of a string, number or word.
struct Scalar<'vm> {
    vm: &'vm mut Vm,
}

impl<'de> DeserializeSeed<'de> for Scalar<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Scalar<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number or word")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::NULL)
    }
    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::int(i32::from(truth)))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(self.vm.box_i64(number))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => self.vm.box_i64(number),
            Err(_) => self.vm.box_f64(number as f64),
        })
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(self.vm.box_f64(number))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::object(self.vm.make_string(text.as_bytes())))
    }
}
