//! A server under chaos, with clients on the simulated network.
//!
//! The clients and what they hold against the server are those that also speak to a process which is killed
//! ([`crate::service`]). They are written to wait for answers, so each has a thread of the host; but only one thread goes
//! on at a time: whoever sends a client a [`Turn`] waits until it rests again, so a seed repeats a run exactly.
//! Requests and answers go in pieces through narrow pipes, connections are reset at random as well as by each power cut,
//! and clients go away in the middle of a request.

use super::{DECISIONS_MAX, Rig, SLICES_MAX, Script, Unkindness};
use crate::service::{Client, Duplex, SERVERS, Tally, Trouble, Wire, clients};
use base::prng::Prng;
use platform::{Done, Handle, OpId, Operation, Reactor};
use sim::{SimOutside, SimReactor};
use std::cell::RefCell;
use std::io::{Error, ErrorKind, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use world::inspect::ProgramState;
use world::{Event, Snapshotter, World};

/// Where each of the [`SERVERS`] listens when it is not told.
const ADDRESSES: [&str; SERVERS.len()] =
    ["127.0.0.1:7001", "127.0.0.1:7000", "127.0.0.1:6379", "127.0.0.1:8080"];
/// Answers after which the clients only look once more whether all is there.
const ANSWERS: u64 = 50;
/// Answers between two power cuts, at most, and how often there is one before they have come.
const ANSWERS_BETWEEN_CUTS: u64 = 16;
const EARLY_CUT_ODDS: u64 = 100;
/// Decisions after which slices become no longer.
const CALM_AT: u64 = 700;
/// Turns for which a client pauses.
const PAUSE_TURNS: u64 = 60;
/// Decisions without an answer after which there will be none.
const SILENCE: u64 = 60_000;
/// One of so many pieces that are sent resets its connection, and one of so many is the last of its client.
const RESET_ODDS: u64 = 150;
const LEAVES_ODDS: u64 = 150;

/// Runs a server until its clients have had enough answers, then cuts the power once more and lets each find all again
/// that it was ever answered.
///
/// # Errors
/// What a client complains about, or why the server does not go on.
pub(super) fn served(script: &Script, seed: u64) -> Result<Unkindness, String> {
    let mut rig = Rig::new(script, Some(seed));
    rig.outside.set_in_pieces(true);
    rig.outside.set_reset_odds(Some(RESET_ODDS));
    let mut dice = Prng::new(!seed);
    let (mut world, mut snapshotter) = rig.begin(script)?;
    let mut guests = Guests::new(&script.name, &rig.outside, seed);
    let mut heard_at = (0, 0);
    let mut last_rounds = None;
    let mut next_cut = dice.below(ANSWERS_BETWEEN_CUTS);
    for decision in 0..DECISIONS_MAX {
        let slices = 1 + dice.below(SLICES_MAX);
        rig.calm_down(decision.min(CALM_AT), &mut world);
        match world.run(Some(slices), &|_| {}).map_err(|error| error.to_string())? {
            Event::Idle { wait_ns: Some(ns) } => rig.wait(ns),
            Event::Awaiting { wait_ns } => {
                rig.commit_alone(&mut dice, &mut world, &mut snapshotter, wait_ns)?;
            }
            Event::Ended => {
                return Err(format!("the server ended: {:#?}", rig.transcript(&world)?));
            }
            _ => {}
        }
        guests.go_on(&mut dice)?;
        let answers = guests.answers();
        if answers > heard_at.0 {
            heard_at = (answers, decision);
        } else if decision > heard_at.1 + SILENCE {
            return Err(format!("no answer any more, after {answers}"));
        }
        let cut = rig.disturb(&mut dice, &mut world, &mut snapshotter)?;
        match &last_rounds {
            None if answers >= ANSWERS => {
                rig.outside.set_reset_odds(None);
                (world, snapshotter) = restart(&mut rig, &mut guests, (world, snapshotter), &mut dice)?;
                guests.stay()?;
                last_rounds = Some(guests.rounds());
            }
            None => {
                if cut && (answers >= next_cut || dice.chance(1, EARLY_CUT_ODDS)) {
                    (world, snapshotter) = restart(&mut rig, &mut guests, (world, snapshotter), &mut dice)?;
                    next_cut = answers + dice.below(ANSWERS_BETWEEN_CUTS);
                }
            }
            Some(before) if guests.rounds().iter().zip(before).all(|(now, before)| now > before) => {
                return ended(&mut rig, &world, &guests);
            }
            Some(_) => {}
        }
    }
    Err("the clients do not come to an end".to_string())
}

/// Cuts the power, lets the clients find that out, and starts the machine again.
fn restart(
    rig: &mut Rig,
    guests: &mut Guests,
    halves: (World, Snapshotter),
    dice: &mut Prng,
) -> Result<(World, Snapshotter), String> {
    rig.die(halves.0, halves.1);
    guests.come_back(dice)?;
    rig.open()
}

/// The server serves still, and printed nothing but where.
fn ended(rig: &mut Rig, world: &World, guests: &Guests) -> Result<Unkindness, String> {
    let found = rig.transcript(world)?;
    let greeting = format!("listening on port {}\n", guests.port());
    if found.state != ProgramState::Running || found.output != greeting {
        return Err(format!("it is not what a server is: {found:#?}"));
    }
    rig.count_traffic(world);
    rig.seen.answers += guests.answers();
    rig.seen.sessions += guests.seats.iter().map(|seat| seat.sessions).sum::<u64>();
    Ok(rig.seen)
}

/// What a client is told.
enum Turn {
    /// To do something.
    Go,
    /// That the server is about to be started again; only between sessions.
    Prepare,
    /// That it need not try how a server takes it when a client goes away.
    Stay,
}

/// Why a client rests.
enum Rest {
    /// It waits for the server.
    Busy,
    /// It has no connection.
    Away,
    /// It was answered wrongly; it does not go on.
    Complains(String),
}

struct Seat {
    turns: Sender<Turn>,
    rests: Receiver<Rest>,
    tally: Arc<Tally>,
    is_away: bool,
    sessions: u64,
    thread: JoinHandle<()>,
}

/// All clients of a run.
struct Guests {
    address: &'static str,
    seats: Vec<Seat>,
}

impl Guests {
    fn new(name: &str, outside: &Arc<SimOutside>, seed: u64) -> Guests {
        let at = SERVERS.iter().position(|server| *server == name).unwrap_or(0);
        let address = ADDRESSES[at];
        let seat = |(number, client): (usize, Box<dyn Client>)| {
            let (turns, from_driver) = channel();
            let (to_driver, rests) = channel();
            let way = Way {
                turns: from_driver,
                rests: to_driver,
                reactor: SimReactor::new(outside.clone()),
                last: 0,
                leaves: true,
                prng: Prng::new(seed ^ ((number as u64 + 1) << 32)),
            };
            let tally = Arc::new(Tally::default());
            let own = tally.clone();
            let thread = std::thread::spawn(move || {
                // The driver is gone when it ends.
                let _ = visit(client, way, address, &own);
            });
            Seat { turns, rests, tally, is_away: true, sessions: 0, thread }
        };
        Guests { address, seats: clients(name).into_iter().enumerate().map(seat).collect() }
    }

    fn port(&self) -> &str {
        self.address.rsplit_once(':').map_or("", |(_, port)| port)
    }

    /// Some of them do what they can.
    fn go_on(&mut self, dice: &mut Prng) -> Result<(), String> {
        for number in 0..self.seats.len() {
            if dice.chance(1, 2) {
                self.tell(number, Turn::Go)?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, number: usize, turn: Turn) -> Result<(), String> {
        let seat = &mut self.seats[number];
        let rest = seat.turns.send(turn).ok().and_then(|()| seat.rests.recv().ok());
        match rest.ok_or_else(|| format!("client {number} died"))? {
            Rest::Busy => {
                seat.sessions += u64::from(seat.is_away);
                seat.is_away = false;
            }
            Rest::Away => seat.is_away = true,
            Rest::Complains(what) => return Err(format!("client {number}: {what}")),
        }
        Ok(())
    }

    /// The machine is gone: each ends its session, and is told when all have.
    fn come_back(&mut self, dice: &mut Prng) -> Result<(), String> {
        while let Some(number) = self.seats.iter().position(|seat| !seat.is_away) {
            let number = (number + dice.below(self.seats.len() as u64) as usize) % self.seats.len();
            if !self.seats[number].is_away {
                self.tell(number, Turn::Go)?;
            }
        }
        (0..self.seats.len()).try_for_each(|number| self.tell(number, Turn::Prepare))
    }

    /// From now on none goes away by itself.
    fn stay(&mut self) -> Result<(), String> {
        (0..self.seats.len()).try_for_each(|number| self.tell(number, Turn::Stay))
    }

    fn answers(&self) -> u64 {
        self.seats.iter().map(|seat| seat.tally.answers()).sum()
    }

    fn rounds(&self) -> Vec<u64> {
        self.seats.iter().map(|seat| seat.tally.rounds()).collect()
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        for seat in self.seats.drain(..) {
            drop((seat.turns, seat.rests));
            // A client that panicked was reported when it did not rest.
            let _ = seat.thread.join();
        }
    }
}

/// What a client's thread has: its turns and its machine on the network.
struct Way {
    turns: Receiver<Turn>,
    rests: Sender<Rest>,
    reactor: SimReactor,
    last: u64,
    leaves: bool,
    prng: Prng,
}

/// The driver is gone, and with it the run.
struct Over;

impl From<Over> for Error {
    fn from(_: Over) -> Error {
        ErrorKind::ConnectionAborted.into()
    }
}

impl Way {
    fn turn(&self) -> Result<Turn, Over> {
        self.turns.recv().map_err(|_| Over)
    }
    fn rest(&self, rest: Rest) -> Result<(), Over> {
        self.rests.send(rest).map_err(|_| Over)
    }
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Lets the others get on until it is this client's turn again.
    fn give_way(&mut self) -> Result<(), Over> {
        loop {
            self.rest(Rest::Busy)?;
            match self.turn()? {
                Turn::Go => return Ok(()),
                Turn::Stay => self.leaves = false,
                Turn::Prepare => panic!("a client was prepared in the middle of a session"),
            }
        }
    }

    fn connect(&mut self, address: &str) -> Option<Handle> {
        let (op, handle) = (OpId(self.next()), Handle(self.next()));
        let connect = Operation::Connect { handle, address: address.to_string() };
        matches!(self.reactor.submit(op, connect), Some(Ok(Done::Opened { .. }))).then_some(handle)
    }

    /// Waits for the end of an operation.
    fn perform(&mut self, operation: Operation) -> std::io::Result<Done> {
        let op = OpId(self.next());
        let mut ended: Vec<_> =
            self.reactor.submit(op, operation).map(|result| (op, result)).into_iter().collect();
        loop {
            if let Some((_, result)) = ended.pop() {
                return result.map_err(|_| ErrorKind::ConnectionReset.into());
            }
            self.give_way()?;
            self.reactor.poll(&mut ended);
        }
    }
}

/// A connection on the simulated network.
struct SimWire {
    way: Rc<RefCell<Way>>,
    handle: Handle,
}

impl Read for SimWire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let receive = Operation::Receive { handle: self.handle, most: buffer.len() };
        match self.way.borrow_mut().perform(receive)? {
            Done::Data(bytes) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            other => panic!("{other:?} was received"),
        }
    }
}

impl Write for SimWire {
    /// Sends a piece, then perhaps waits, or goes away.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut way = self.way.borrow_mut();
        let count = 1 + way.prng.below(bytes.len() as u64) as usize;
        way.perform(Operation::Send { handle: self.handle, bytes: bytes[..count].to_vec() })?;
        if way.leaves && way.prng.chance(1, LEAVES_ODDS) {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if way.prng.chance(1, 2) {
            way.give_way()?;
        }
        Ok(count)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Duplex for SimWire {
    fn pause(&mut self) {
        // That the run is over is seen by the next who reads or writes.
        let _ = (0..PAUSE_TURNS).try_for_each(|_| self.way.borrow_mut().give_way());
    }
}

impl Drop for SimWire {
    fn drop(&mut self) {
        self.way.borrow().reactor.close(self.handle);
    }
}

/// A client's thread: connects again and again until the run is over.
fn visit(mut client: Box<dyn Client>, way: Way, address: &str, tally: &Tally) -> Result<(), Over> {
    let way = Rc::new(RefCell::new(way));
    loop {
        let turn = way.borrow().turn()?;
        let handle = match turn {
            Turn::Go => way.borrow_mut().connect(address),
            Turn::Prepare => {
                client.prepare();
                None
            }
            Turn::Stay => {
                way.borrow_mut().leaves = false;
                None
            }
        };
        if let Some(handle) = handle {
            let mut wire = Wire::new(Box::new(SimWire { way: way.clone(), handle }));
            if let Err(Trouble::Wrong(what)) = client.session(&mut wire, tally) {
                return way.borrow().rest(Rest::Complains(what));
            }
        }
        way.borrow().rest(Rest::Away)?;
    }
}
