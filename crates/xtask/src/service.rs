//! Clients of the servers among the examples, which remember over all restarts what they were answered, and judge.
//!
//! A client counts in registers of its own, to which nobody else writes: what was answered must be there after each
//! restart, what was asked and not answered may be, nothing else can. In the chat what was heard must be heard again by
//! who comes in later. How a client reaches the server is up to who sends it: real sockets to a process that is killed
//! (`cargo xtask kill`), or the simulated network (`cargo xtask chaos`).

mod chat;
mod registers;

use std::io::{BufReader, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// Clients at a time.
pub const CLIENTS: usize = 4;

/// Why a session ended.
#[derive(Debug)]
pub enum Trouble {
    /// The connection is gone, as it is when the server is killed.
    Gone,
    /// What was answered is not what must have been.
    Wrong(String),
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                Trouble::Wrong("no answer for too long".to_string())
            }
            _ => Trouble::Gone,
        }
    }
}

/// A client that goes on over all runs of the server.
pub trait Client: Send {
    /// Talks until the connection is gone, and judges.
    ///
    /// # Errors
    /// How it ended; it does not end otherwise.
    fn session(&mut self, wire: &mut Wire, tally: &Tally) -> Result<(), Trouble>;
    /// The server is about to be started again; no session goes on.
    fn prepare(&mut self) {}
}

/// What a client has judged.
#[derive(Debug, Default)]
pub struct Tally {
    answers: AtomicU64,
    rounds: AtomicU64,
}

impl Tally {
    fn add(&self, answers: u64) {
        self.answers.fetch_add(answers, Ordering::AcqRel);
    }
    fn whole(&self) {
        self.rounds.fetch_add(1, Ordering::AcqRel);
    }
    /// Answers.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Acquire)
    }
    /// Sessions in which all that was answered earlier was found again, and something new was asked and answered.
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Acquire)
    }
}

/// A way to a server and back.
pub trait Duplex: Read + Write {
    /// Lets the others get on.
    fn pause(&mut self);
}

/// A connection.
pub struct Wire {
    input: BufReader<Box<dyn Duplex>>,
}

impl Wire {
    /// A connection that was just made.
    pub fn new(duplex: Box<dyn Duplex>) -> Wire {
        Wire { input: BufReader::new(duplex) }
    }
    fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        Ok(self.input.get_mut().write_all(bytes)?)
    }
    fn pause(&mut self) {
        self.input.get_mut().pause();
    }
}

/// The examples that serve.
pub const SERVERS: [&str; 4] = ["chat", "kv", "store", "WebStore"];

/// Whether an example serves.
pub fn is_server(name: &str) -> bool {
    SERVERS.contains(&name)
}

/// The clients of an example that serves, by its name; none of another program.
pub fn clients(name: &str) -> Vec<Box<dyn Client>> {
    let room = chat::Room::default();
    let client = |number: usize| -> Option<Box<dyn Client>> {
        match name {
            "kv" => Some(Box::new(registers::Registers::new(registers::Language::Lines, number))),
            "store" => Some(Box::new(registers::Registers::new(registers::Language::Redis, number))),
            "WebStore" => Some(Box::new(registers::Registers::new(registers::Language::Http, number))),
            "chat" => Some(Box::new(chat::Guest::new(number, room.clone()))),
            _ => None,
        }
    };
    (0..CLIENTS).map_while(client).collect()
}
