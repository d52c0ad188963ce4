//! [`Consoles`]: the console of this process, and those of programs to which a command is attached.
//!
//! The console of a program is the attached command, or else this process. What an attached command has not taken when
//! it goes away is written by this process: nothing is lost.
//!
//! *Invariant:* no call from the worker waits for a command: what it has no room for, the thread waits for.

use super::protocol::{Ending, Frame, Kind};
use base::Epoch;
use platform::{Console, ConsoleInput, Waiter};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of output that may wait for an attached command before the program has to.
const ROOM_BYTES: usize = 256 << 10;

/// The consoles of a running world.
pub(crate) struct Consoles {
    own: Arc<dyn Console>,
    worker: Arc<dyn Waiter>,
    attached: Mutex<BTreeMap<u64, Arc<Attached>>>,
}

/// The console of a program to which a command is attached.
pub(crate) struct Attached {
    own: Arc<dyn Console>,
    worker: Arc<dyn Waiter>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What the command has yet to take.
    out: VecDeque<Frame>,
    out_bytes: usize,
    lines: VecDeque<String>,
    input_ended: bool,
    /// A line was asked for and has not come.
    asked: bool,
    /// The command has gone away.
    closed: bool,
    /// The program has ended, which is durable with this epoch.
    ended: Option<(Ending, Epoch)>,
}

/// What an attached command is to be told next.
#[derive(Debug)]
pub(crate) enum Next {
    /// This.
    Frame(Frame),
    /// The program has ended, when this epoch is durable.
    Ended(Ending, Epoch),
    /// Nothing for now.
    Nothing,
    /// The command is gone.
    Closed,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Consoles {
    /// The console of this process, and no other yet; `worker` is notified when there is input.
    pub(crate) fn new(own: Arc<dyn Console>, worker: Arc<dyn Waiter>) -> Consoles {
        Consoles { own, worker, attached: Mutex::default() }
    }

    /// Gives the program with this number a console of its own; none when it has one.
    pub(crate) fn attach(&self, program: u64) -> Option<Arc<Attached>> {
        let mut all = lock(&self.attached);
        // A line that the command before has sent and the program has yet to read is not lost.
        let mut lines = VecDeque::new();
        if let Some(before) = all.get(&program) {
            let mut before = lock(&before.state);
            if !before.closed {
                return None;
            }
            lines = std::mem::take(&mut before.lines);
        }
        let made = Arc::new(Attached {
            own: self.own.clone(),
            worker: self.worker.clone(),
            state: Mutex::new(State { lines, ..State::default() }),
            changed: Condvar::new(),
        });
        all.insert(program, made.clone());
        Some(made)
    }

    /// The attached console of a program, as long as its command is there or has left a line.
    pub(crate) fn attached(&self, program: u64) -> Option<Arc<Attached>> {
        let attached = lock(&self.attached).get(&program).cloned()?;
        let state = lock(&attached.state);
        let gone = state.closed && state.lines.is_empty();
        drop(state);
        (!gone).then_some(attached)
    }
}

impl Console for Consoles {
    fn write(&self, text: &[u8]) {
        self.own.write(text);
    }
    fn write_error(&self, text: &[u8]) {
        self.own.write_error(text);
    }
    fn poll_line(&self) -> ConsoleInput {
        self.own.poll_line()
    }
    fn of(&self, program: u64) -> Option<Arc<dyn Console>> {
        Some(self.attached(program)?)
    }
}

impl Attached {
    /// What the command is to be told next; waits a moment for it.
    pub(crate) fn next(&self, patience: Duration) -> Next {
        let state = lock(&self.state);
        let quiet = |state: &mut State| !state.closed && state.out.is_empty() && state.ended.is_none();
        let (mut state, _) =
            self.changed.wait_timeout_while(state, patience, quiet).unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Next::Closed;
        }
        if let Some(frame) = state.out.pop_front() {
            state.out_bytes -= frame.payload.len();
            return Next::Frame(frame);
        }
        match &state.ended {
            Some((ending, epoch)) => Next::Ended(ending.clone(), *epoch),
            None => Next::Nothing,
        }
    }

    /// A frame could not be sent: it is the first one again, for whoever takes the rest.
    pub(crate) fn put_back(&self, frame: Frame) {
        let mut state = lock(&self.state);
        state.out_bytes += frame.payload.len();
        state.out.push_front(frame);
    }

    /// The command sends a line, or the end of its input.
    pub(crate) fn input(&self, line: Option<String>) {
        let mut state = lock(&self.state);
        state.asked = false;
        match line {
            Some(line) => state.lines.push_back(line),
            None => state.input_ended = true,
        }
        drop(state);
        self.worker.notify();
    }

    /// The program has ended.
    pub(crate) fn end(&self, ending: Ending, durable_with: Epoch) {
        lock(&self.state).ended = Some((ending, durable_with));
        self.changed.notify_all();
    }

    /// The command is gone: this process takes what it has not taken.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        for frame in std::mem::take(&mut state.out) {
            match frame.kind {
                Kind::Output => self.own.write(&frame.payload),
                Kind::Error => self.own.write_error(&frame.payload),
                _ => {}
            }
        }
        drop(state);
        self.changed.notify_all();
        // Who waits for input asks the console of the process now.
        self.worker.notify();
    }

    fn put(&self, kind: Kind, text: &[u8]) {
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            return if kind == Kind::Error { self.own.write_error(text) } else { self.own.write(text) };
        }
        state.out_bytes += text.len();
        match state.out.back_mut().filter(|last| last.kind == kind && last.payload.len() < ROOM_BYTES) {
            Some(last) => last.payload.extend_from_slice(text),
            None => state.out.push_back(Frame { kind, payload: text.to_vec() }),
        }
        drop(state);
        self.changed.notify_all();
    }
}

impl Console for Attached {
    fn write(&self, text: &[u8]) {
        self.put(Kind::Output, text);
    }
    fn write_error(&self, text: &[u8]) {
        self.put(Kind::Error, text);
    }
    fn has_room(&self) -> bool {
        let state = lock(&self.state);
        state.closed || state.out_bytes < ROOM_BYTES
    }
    fn poll_line(&self) -> ConsoleInput {
        let mut state = lock(&self.state);
        if let Some(line) = state.lines.pop_front() {
            return ConsoleInput::Line(line);
        }
        if state.closed {
            return ConsoleInput::Pending;
        }
        if state.input_ended {
            return ConsoleInput::End;
        }
        if !state.asked {
            state.asked = true;
            state.out.push_back(Frame { kind: Kind::WantLine, payload: Vec::new() });
            drop(state);
            self.changed.notify_all();
        }
        ConsoleInput::Pending
    }
}
