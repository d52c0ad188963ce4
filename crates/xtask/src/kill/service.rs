//! Clients of the servers among the examples, which remember over all kills what they were answered, and judge.
//!
//! A client counts in registers of its own, to which nobody else writes: what was answered must be there after each
//! restart, what was asked and not answered may be, nothing else can. In the chat what was heard must be heard again by
//! who comes in later.

mod chat;
mod registers;

use base::prng::Prng;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Clients at a time.
const CLIENTS: usize = 4;
/// A client that hears nothing for so long complains.
const SILENCE: Duration = Duration::from_secs(60);

/// Why a session ended.
pub(super) enum Trouble {
    /// The connection is gone, as it is when the server is killed.
    Gone,
    /// What was answered is not what must have been.
    Wrong(String),
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                Trouble::Wrong(format!("no answer for {} s", SILENCE.as_secs()))
            }
            _ => Trouble::Gone,
        }
    }
}

/// A client that goes on over all runs.
trait Client: Send {
    /// Talks until the connection is gone; counts each answer that was judged.
    fn session(&mut self, wire: &mut Wire, answers: &AtomicU64) -> Result<(), Trouble>;
    /// The server is about to be started again.
    fn prepare(&mut self) {}
}

/// A connection.
pub(super) struct Wire {
    input: BufReader<TcpStream>,
}

impl Wire {
    fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        Ok(self.input.get_mut().write_all(bytes)?)
    }
}

/// A server and its clients.
pub(super) struct Service {
    pub(super) port: u16,
    clients: Vec<Seat>,
    stop: Arc<AtomicBool>,
}

/// A client that comes back from its thread, and its complaint.
type Returned = (Box<dyn Client>, Result<(), String>);

/// The place of a client: in it, or in a thread.
struct Seat {
    client: Option<Box<dyn Client>>,
    thread: Option<JoinHandle<Returned>>,
    /// In this run.
    answers: Arc<AtomicU64>,
    /// In the runs before.
    answered: u64,
}

impl Service {
    /// What an example serves, by its name.
    ///
    /// # Errors
    /// When no port is free.
    pub(super) fn of(name: &str, seed: u64) -> Result<Option<Service>, String> {
        let room = chat::Room::default();
        let client = |number: usize| -> Option<Box<dyn Client>> {
            match name {
                "kv" => Some(Box::new(registers::Registers::new(registers::Language::Lines, number))),
                "store" => Some(Box::new(registers::Registers::new(registers::Language::Redis, number))),
                "chat" => Some(Box::new(chat::Guest::new(number, room.clone()))),
                _ => None,
            }
        };
        let Some(clients) = (0..CLIENTS).map(client).collect::<Option<Vec<_>>>() else { return Ok(None) };
        let seat = |client| Seat { client: Some(client), thread: None, answers: Arc::default(), answered: 0 };
        let clients = clients.into_iter().map(seat).collect();
        Ok(Some(Service { port: free_port(seed)?, clients, stop: Arc::default() }))
    }

    /// What the server prints.
    pub(super) fn greeting(&self) -> String {
        format!("listening on port {}\n", self.port)
    }

    /// Sends the clients out.
    pub(super) fn open(&mut self) {
        self.stop.store(false, Ordering::Release);
        self.clients.iter_mut().filter_map(|seat| seat.client.as_mut()).for_each(|client| client.prepare());
        for seat in &mut self.clients {
            let Some(mut client) = seat.client.take() else { continue };
            seat.answers = Arc::default();
            let (port, stop, answers) = (self.port, self.stop.clone(), seat.answers.clone());
            seat.thread = Some(std::thread::spawn(move || {
                let result = visit(&mut *client, port, &stop, &answers);
                (client, result)
            }));
        }
    }

    /// Calls them back when the server is gone.
    ///
    /// # Errors
    /// What one of them complains about.
    pub(super) fn close(&mut self) -> Result<(), String> {
        self.stop.store(true, Ordering::Release);
        let mut complaint = Ok(());
        for (number, seat) in self.clients.iter_mut().enumerate() {
            let Some(thread) = seat.thread.take() else { continue };
            let (client, result) = thread.join().map_err(|_| "a client died")?;
            seat.client = Some(client);
            seat.answered += seat.answers.load(Ordering::Acquire);
            if let Err(reason) = result {
                complaint = Err(format!("client {number}: {reason}"));
            }
        }
        complaint
    }

    /// Whether each client has judged an answer in this run, or has a complaint.
    pub(super) fn all_answered(&self) -> bool {
        self.clients.iter().all(|seat| {
            seat.answers.load(Ordering::Acquire) > 0
                || seat.thread.as_ref().is_some_and(JoinHandle::is_finished)
        })
    }

    /// What the clients had of it.
    pub(super) fn summary(&self) -> String {
        let answered: u64 = self.clients.iter().map(|seat| seat.answered).sum();
        format!("{answered} answers to {} clients, none lost, none wrong", self.clients.len())
    }
}

/// Connects again and again until told to stop.
fn visit(client: &mut dyn Client, port: u16, stop: &AtomicBool, answers: &AtomicU64) -> Result<(), String> {
    while !stop.load(Ordering::Acquire) {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else {
            std::thread::sleep(Duration::from_millis(2));
            continue;
        };
        let ready = stream.set_read_timeout(Some(SILENCE)).and_then(|()| stream.set_nodelay(true));
        ready.map_err(|error| format!("cannot set up the connection: {error}"))?;
        let mut wire = Wire { input: BufReader::new(stream) };
        match client.session(&mut wire, answers) {
            Ok(()) | Err(Trouble::Gone) => {}
            Err(Trouble::Wrong(what)) => return Err(what),
        }
    }
    Ok(())
}

/// A port below those that the system gives to clients, or one of them would connect to itself while nobody listens.
fn free_port(seed: u64) -> Result<u16, String> {
    let mut prng = Prng::new(seed ^ u64::from(std::process::id()));
    (0..100)
        .map(|_| 20_000 + prng.below(12_000) as u16)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| "no port between 20000 and 32000 is free".to_string())
}
