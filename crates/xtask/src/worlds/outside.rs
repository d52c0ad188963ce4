//! The client of the workload that answers over a network: what it was answered it relies on.

use platform::{Done, Handle, OpId, Operation, Reactor};
use sim::{SimOutside, SimReactor};
use std::sync::Arc;

/// Where the program listens.
const ADDRESS: &str = "127.0.0.1:7000";

/// A client that adds numbers to the sum of the server, one after the other, and counts what it was answered.
pub(crate) struct Client {
    reactor: SimReactor,
    last: u64,
    state: State,
    /// What came in and is no whole line yet.
    input: String,
    /// The greatest sum that was answered.
    pub(crate) answered: u64,
    /// Only asks for the sum.
    asks: bool,
}

enum State {
    Away,
    Idle { wire: Handle },
    Asked { wire: Handle, op: OpId },
}

impl Client {
    pub(crate) fn new(outside: &Arc<SimOutside>, asks: bool) -> Client {
        Client {
            reactor: SimReactor::new(outside.clone()),
            last: 0,
            state: State::Away,
            input: String::new(),
            answered: 0,
            asks,
        }
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Gets on by one step; true when a whole answer came.
    pub(crate) fn step(&mut self) -> bool {
        match self.state {
            State::Away => {
                let (op, wire) = (OpId(self.next()), Handle(self.next()));
                let connect = Operation::Connect { handle: wire, address: ADDRESS.to_string() };
                if matches!(self.reactor.submit(op, connect), Some(Ok(Done::Opened { .. }))) {
                    self.input.clear();
                    self.state = State::Idle { wire };
                }
                false
            }
            State::Idle { wire } => {
                let line = if self.asks { "sum\n" } else { "1\n" };
                let send = Operation::Send { handle: wire, bytes: line.as_bytes().to_vec() };
                let op = OpId(self.next());
                match self.reactor.submit(op, send) {
                    Some(Ok(_)) => self.receive(wire),
                    _ => self.leave(wire),
                }
            }
            State::Asked { wire, op } => {
                let mut ended = Vec::new();
                self.reactor.poll(&mut ended);
                match ended.into_iter().find(|(id, _)| *id == op) {
                    Some((_, result)) => self.take(wire, result),
                    None => false,
                }
            }
        }
    }

    fn receive(&mut self, wire: Handle) -> bool {
        let op = OpId(self.next());
        match self.reactor.submit(op, Operation::Receive { handle: wire, most: 100 }) {
            None => {
                self.state = State::Asked { wire, op };
                false
            }
            Some(result) => self.take(wire, result),
        }
    }

    fn take(&mut self, wire: Handle, result: platform::Ended) -> bool {
        let Ok(Done::Data(bytes)) = result else { return self.leave(wire) };
        if bytes.is_empty() {
            return self.leave(wire);
        }
        self.input.push_str(&String::from_utf8_lossy(&bytes));
        let Some((line, rest)) = self.input.split_once('\n') else { return self.receive(wire) };
        self.answered = self.answered.max(line.trim().parse().unwrap_or(0));
        self.input = rest.to_string();
        self.state = State::Idle { wire };
        true
    }

    fn leave(&mut self, wire: Handle) -> bool {
        self.reactor.close(wire);
        self.state = State::Away;
        false
    }
}
