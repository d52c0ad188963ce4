//! A server that is killed, and its clients on real sockets: they go on over all runs and judge ([`xtask::service`]).

use base::prng::Prng;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use xtask::service::{Client, Duplex, Tally, Trouble, Wire, clients};

/// A client that hears nothing for so long complains.
const SILENCE: Duration = Duration::from_secs(60);

/// A connection over a real socket.
struct Socket(TcpStream);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl Duplex for Socket {
    fn pause(&mut self) {
        std::thread::sleep(Duration::from_millis(5));
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
    tally: Arc<Tally>,
    /// In the runs before.
    answered: u64,
}

impl Service {
    /// What an example serves, by its name.
    ///
    /// # Errors
    /// When no port is free.
    pub(super) fn of(name: &str, seed: u64) -> Result<Option<Service>, String> {
        let clients = clients(name);
        if clients.is_empty() {
            return Ok(None);
        }
        let seat = |client| Seat { client: Some(client), thread: None, tally: Arc::default(), answered: 0 };
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
            seat.tally = Arc::default();
            let (port, stop, tally) = (self.port, self.stop.clone(), seat.tally.clone());
            seat.thread = Some(std::thread::spawn(move || {
                let result = visit(&mut *client, port, &stop, &tally);
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
            seat.answered += seat.tally.answers();
            if let Err(reason) = result {
                complaint = Err(format!("client {number}: {reason}"));
            }
        }
        complaint
    }

    /// Whether each client has found all again that it was answered in earlier runs, or has a complaint.
    pub(super) fn all_answered(&self) -> bool {
        self.clients
            .iter()
            .all(|seat| seat.tally.rounds() > 0 || seat.thread.as_ref().is_some_and(JoinHandle::is_finished))
    }

    /// What the clients had of it.
    pub(super) fn summary(&self) -> String {
        let answered: u64 = self.clients.iter().map(|seat| seat.answered).sum();
        format!("{answered} answers to {} clients, none lost, none wrong", self.clients.len())
    }
}

/// Connects again and again until told to stop.
fn visit(client: &mut dyn Client, port: u16, stop: &AtomicBool, tally: &Tally) -> Result<(), String> {
    while !stop.load(Ordering::Acquire) {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else {
            std::thread::sleep(Duration::from_millis(2));
            continue;
        };
        let ready = stream.set_read_timeout(Some(SILENCE)).and_then(|()| stream.set_nodelay(true));
        ready.map_err(|error| format!("cannot set up the connection: {error}"))?;
        let mut wire = Wire::new(Box::new(Socket(stream)));
        match client.session(&mut wire, tally) {
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
