//! [`SimConsole`]: scripted input, collected output.

use platform::{Console, ConsoleInput};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A console whose input is given in advance and whose output is kept.
#[derive(Debug, Default)]
pub struct SimConsole {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    input: VecDeque<String>,
    open: bool,
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl SimConsole {
    /// A console whose input has ended.
    pub fn new() -> SimConsole {
        SimConsole::default()
    }
    /// A console that gives these lines, then the end.
    pub fn with_input<S: Into<String>>(lines: impl IntoIterator<Item = S>) -> SimConsole {
        let console = SimConsole::new();
        console.state().input.extend(lines.into_iter().map(Into::into));
        console
    }
    /// Keeps the input open after its last line ([`ConsoleInput::Pending`]), or ends it.
    pub fn set_open(&self, open: bool) {
        self.state().open = open;
    }
    /// Adds a line of input.
    pub fn push_line(&self, line: impl Into<String>) {
        self.state().input.push_back(line.into());
    }
    /// All that was written to standard output.
    pub fn output(&self) -> Vec<u8> {
        self.state().output.clone()
    }
    /// All that was written to standard error.
    pub fn errors(&self) -> Vec<u8> {
        self.state().errors.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Console for SimConsole {
    fn write(&self, text: &[u8]) {
        self.state().output.extend_from_slice(text);
    }
    fn write_error(&self, text: &[u8]) {
        self.state().errors.extend_from_slice(text);
    }
    fn poll_line(&self) -> ConsoleInput {
        let mut state = self.state();
        match state.input.pop_front() {
            Some(line) => ConsoleInput::Line(line),
            None if state.open => ConsoleInput::Pending,
            None => ConsoleInput::End,
        }
    }
}
