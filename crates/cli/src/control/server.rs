//! The side of the process that runs the world: a thread that takes connections, one for each of them, and the desk at
//! which the worker serves what they want done.

use super::console::{Attached, Consoles, Next};
use super::place::{self, Bound};
use super::protocol::{
    Answer, Envelope, Farewell, Frame, Greeting, KeepChange, Kind, Look, PROTOCOL, Refusal, RefusalKind,
    Request,
};
use super::work::{self, Done, Work};
use crate::moment::Moment;
use crate::{Failure, carry, drive, history, look, say};
use base::Epoch;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::Store;
use world::{Ask, Event, Phase, Shared, World};

/// Connections at a time.
const CONNECTIONS_MAX: usize = 64;
/// Who connects must say what it wants within this time.
const REQUEST_PATIENCE: Duration = Duration::from_secs(10);
/// The worker must take a command within this time, or it is withdrawn.
const WORKER_PATIENCE: Duration = Duration::from_secs(10);
/// When the world has ended, connections may take so long to say what is left.
const FAREWELL_PATIENCE: Duration = Duration::from_secs(2);
/// How often a connection looks whether something is durable.
const DURABLE_POLL: Duration = Duration::from_millis(2);

/// How a run of the world has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is durable.
    Durable(Epoch),
    /// The world failed.
    Failed(String),
}

struct Ticket {
    number: u64,
    work: Work,
    reply: Sender<Result<Done, Refusal>>,
}

#[derive(Default)]
struct Inbox {
    tickets: VecDeque<Ticket>,
    next: u64,
    /// The worker has left for good.
    closed: bool,
}

/// What a snapshot cost, measured where it is made.
#[derive(Default)]
struct Costs {
    flipped: Option<Instant>,
    /// None for one that was too small to be copied in steps.
    capture: Option<Duration>,
    commit: Duration,
}

/// Where the worker and the connections meet.
pub(crate) struct Desk {
    inbox: Mutex<Inbox>,
    outcome: Mutex<Option<Outcome>>,
    over: Condvar,
    connections: AtomicUsize,
    stops: AtomicU64,
    paused: AtomicBool,
    costs: Mutex<Costs>,
    consoles: Arc<Consoles>,
    shared: Arc<Shared>,
    store: Arc<Store>,
    world: PathBuf,
    bound: Mutex<Option<Bound>>,
    started: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Opens the desk of a world whose lock this process holds. Without a socket nobody comes.
    pub(crate) fn open(
        world: &Path,
        consoles: Arc<Consoles>,
        shared: Arc<Shared>,
        store: Arc<Store>,
    ) -> Arc<Desk> {
        let bound = place::bind(world);
        let listener = bound.as_ref().and_then(|bound| bound.listener.try_clone().ok());
        let desk = Arc::new(Desk {
            inbox: Mutex::default(),
            outcome: Mutex::default(),
            over: Condvar::new(),
            connections: AtomicUsize::new(0),
            stops: AtomicU64::new(0),
            paused: AtomicBool::new(false),
            costs: Mutex::default(),
            consoles,
            shared,
            store,
            world: world.to_path_buf(),
            bound: Mutex::new(bound),
            started: Instant::now(),
        });
        if let Some(listener) = listener {
            let desk = desk.clone();
            let taken = std::thread::Builder::new().name("commands".into()).spawn(move || {
                for stream in listener.incoming().flatten() {
                    Desk::take(&desk, stream);
                }
            });
            if let Err(error) = taken {
                say(&format_args!("warning: no commands reach this world: {error}"));
            }
        }
        desk
    }

    /// Does what the connections want done; to be called by the worker whenever [`World::run`] comes back.
    pub(crate) fn serve(&self, world: &mut World, event: &Event) {
        self.tell_the_end(world);
        loop {
            self.paused.store(world.is_paused(), Relaxed);
            let mut inbox = lock(&self.inbox);
            let Some(ticket) = inbox.tickets.pop_front() else {
                // A command that comes from here on is refused, so that none is taken and not done.
                let leaves = *event == Event::Stopped || (*event == Event::Ended && !world.vm.has_threads());
                inbox.closed |= leaves;
                return;
            };
            drop(inbox);
            // Stacks are whole, and programs stay what they are, while no worker runs.
            let stopped = world.vm.stop_world();
            let done = work::execute(world, &self.consoles, &ticket.work);
            world.vm.resume_world(stopped);
            self.tell_the_end(world);
            // Nobody waits any more when the command was killed; what it wanted is done all the same.
            let _ = ticket.reply.send(done);
        }
    }

    /// Tells attached commands that their programs have ended.
    fn tell_the_end(&self, world: &mut World) {
        for program in world.vm.take_ended() {
            let view = world::inspect::MemoryView(world.memory());
            let Ok(info) = world::inspect::program(&view, program) else { continue };
            if let (Some(attached), Some(ending)) = (self.consoles.attached(info.id), work::ending(&info)) {
                attached.end(ending, world.want_snapshot());
            }
        }
    }

    /// A phase of a snapshot is passed.
    pub(crate) fn phase(&self, phase: Phase) {
        let mut costs = lock(&self.costs);
        let since = costs.flipped.map_or(Duration::ZERO, |flipped| flipped.elapsed());
        match phase {
            Phase::AfterFlip => {
                costs.flipped = Some(Instant::now());
                costs.capture = None;
            }
            Phase::Captured => costs.capture = Some(since),
            Phase::Committed => costs.commit = since,
            _ => {}
        }
    }

    /// Whether somebody has asked for the end of this run.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stops.load(Relaxed) > 0
    }

    /// The run is over: says so to everybody, and removes the socket.
    pub(crate) fn close(&self, outcome: Outcome) {
        let mut inbox = lock(&self.inbox);
        inbox.closed = true;
        for ticket in inbox.tickets.drain(..) {
            let _ = ticket.reply.send(Err(stopping()));
        }
        drop(inbox);
        let mut said = lock(&self.outcome);
        said.get_or_insert(outcome);
        self.over.notify_all();
        let patience = Instant::now() + FAREWELL_PATIENCE;
        while self.connections.load(Relaxed) > 0 && Instant::now() < patience {
            let (next, _) =
                self.over.wait_timeout(said, DURABLE_POLL).unwrap_or_else(PoisonError::into_inner);
            said = next;
        }
        drop(said);
        drop(lock(&self.bound).take());
    }

    fn outcome(&self) -> Option<Outcome> {
        lock(&self.outcome).clone()
    }

    /// Serves a connection on a thread of its own.
    fn take(desk: &Arc<Desk>, stream: UnixStream) {
        if desk.connections.fetch_add(1, Relaxed) >= CONNECTIONS_MAX {
            desk.connections.fetch_sub(1, Relaxed);
            return;
        }
        let served = desk.clone();
        let thread = std::thread::Builder::new().name("command".into()).spawn(move || {
            // Who breaks off is gone; nothing is owed to it.
            let _ = served.converse(stream);
            served.connections.fetch_sub(1, Relaxed);
            served.over.notify_all();
        });
        if thread.is_err() {
            desk.connections.fetch_sub(1, Relaxed);
        }
    }

    fn converse(&self, mut stream: UnixStream) -> io::Result<()> {
        let peer = rustix::net::sockopt::socket_peercred(&stream)?;
        if !place::may_command(peer.uid.as_raw(), rustix::process::geteuid().as_raw()) {
            return Ok(());
        }
        stream.set_read_timeout(Some(REQUEST_PATIENCE))?;
        let greeting = Greeting {
            phantom: env!("CARGO_PKG_VERSION").to_string(),
            protocol: PROTOCOL,
            pid: std::process::id(),
            world: self.store.info().world_id.to_string(),
        };
        Frame::json(&greeting).send(&mut stream)?;
        let Some(frame) = Frame::receive(&mut stream)? else { return Ok(()) };
        let answer = match understand(&frame) {
            Ok(Request::Look { what, at }) => self.look(&what, &at),
            Ok(Request::Export { at, since, packed }) => {
                return self.export(&at, since.as_ref(), packed, &mut stream);
            }
            Ok(Request::Tag { at, tag }) => self.tag(&at, tag.as_deref()),
            Ok(Request::Keep(change)) => self.keep(&change),
            Ok(Request::Top) => self.top(),
            Ok(Request::Stop) => self.stop(),
            Ok(request) => match self.work(request, &mut stream)? {
                Ok(done) => return self.answer(done, stream),
                Err(refusal) => Err(refusal),
            },
            Err(refusal) => Err(refusal),
        };
        send_answer(answer, &mut stream)
    }

    /// Has the worker do what is wanted.
    fn work(&self, request: Request, stream: &mut UnixStream) -> io::Result<Result<Done, Refusal>> {
        let work = match request {
            Request::Snap => Work::Snap,
            Request::Kill { program } => Work::Kill(program),
            Request::Go { program } => Work::Go(program),
            Request::Outside => Work::Outside,
            Request::Attach { program } => Work::Attach(program),
            Request::Run(launch) => match Frame::receive(stream)? {
                // What takes long about it is done here, not while the world is stopped.
                Some(Frame { kind: Kind::Module, payload }) => match world::prepare(&payload) {
                    Ok(module) => Work::Run(Box::new(launch), module),
                    Err(error) => return Ok(Err(Refusal::new(RefusalKind::Input, error.to_string()))),
                },
                _ => return Ok(Err(Refusal::new(RefusalKind::Usage, "the module does not come"))),
            },
            Request::Look { .. }
            | Request::Tag { .. }
            | Request::Keep(_)
            | Request::Export { .. }
            | Request::Top
            | Request::Stop => {
                return Ok(Err(Refusal::new(RefusalKind::Usage, "that is no work for the worker")));
            }
        };
        let done = self.hand_over(work).and_then(|done| match done.durable_with {
            Some(epoch) => self.durable(epoch).map(|()| done),
            None => Ok(done),
        });
        Ok(done)
    }

    /// Gives work to the worker and waits for it. What it does not take in time is withdrawn.
    fn hand_over(&self, work: Work) -> Result<Done, Refusal> {
        let (reply, answer): (_, Receiver<Result<Done, Refusal>>) = channel();
        let mut inbox = lock(&self.inbox);
        if inbox.closed {
            return Err(stopping());
        }
        let number = inbox.next;
        inbox.next += 1;
        inbox.tickets.push_back(Ticket { number, work, reply });
        drop(inbox);
        self.shared.ask(Ask::Command);
        match answer.recv_timeout(WORKER_PATIENCE) {
            Ok(done) => done,
            Err(RecvTimeoutError::Disconnected) => Err(stopping()),
            Err(RecvTimeoutError::Timeout) => {
                let mut inbox = lock(&self.inbox);
                let before = inbox.tickets.len();
                inbox.tickets.retain(|ticket| ticket.number != number);
                let withdrawn = inbox.tickets.len() < before;
                drop(inbox);
                if withdrawn {
                    return Err(Refusal::new(
                        RefusalKind::NoAnswer,
                        format!(
                            "the world does not take commands, the worker of process {} is stuck; nothing was done \
                             (`kill -9 {0}` loses no snapshot)",
                            std::process::id()
                        ),
                    ));
                }
                // It is being done.
                answer.recv().unwrap_or_else(|_| Err(stopping()))
            }
        }
    }

    /// Waits until an epoch is durable.
    fn durable(&self, epoch: Epoch) -> Result<(), Refusal> {
        while self.shared.committed() < epoch {
            if let Some(reason) = self.shared.failure() {
                return Err(Refusal::new(RefusalKind::World, format!("no snapshot can be made: {reason}")));
            }
            // What the end of the run has made durable counts.
            if self.outcome().is_some() && self.shared.committed() < epoch {
                return Err(Refusal::new(RefusalKind::World, "the world has stopped before it was durable"));
            }
            std::thread::sleep(DURABLE_POLL);
        }
        Ok(())
    }

    fn stop(&self) -> Result<Value, Refusal> {
        self.stops.fetch_add(1, Relaxed);
        if let Err(refusal) = self.hand_over(Work::Stop)
            && refusal.kind == RefusalKind::NoAnswer
        {
            self.stops.fetch_sub(1, Relaxed);
            return Err(refusal);
        }
        let mut outcome = lock(&self.outcome);
        loop {
            match &*outcome {
                Some(Outcome::Durable(epoch)) => return Ok(json!({"epoch": epoch.0})),
                Some(Outcome::Failed(reason)) => {
                    return Err(Refusal::new(RefusalKind::World, reason.clone()));
                }
                None => outcome = self.over.wait(outcome).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Sends a snapshot. Its pages are held as long as that takes.
    fn export(
        &self,
        at: &Moment,
        since: Option<&Moment>,
        packed: bool,
        stream: &mut UnixStream,
    ) -> io::Result<()> {
        let parcel = match carry::parcel(&self.world, &self.store, at, since) {
            Ok(parcel) => parcel,
            Err(failure) => return send_answer(Err(refusal(failure)), stream),
        };
        send_answer(Ok(parcel.machine()), stream)?;
        let mut sink = |bytes: &[u8]| {
            let frame = Frame { kind: Kind::Stream, payload: bytes.to_vec() };
            frame.send(stream).map_err(|error| error.to_string())
        };
        let sent = parcel.send(packed, &mut sink, &mut |_| {});
        let end = match sent {
            Ok(()) => Frame { kind: Kind::Stream, payload: Vec::new() },
            Err(failure) => Frame::json(&Farewell::Failed { message: failure.to_string() }),
        };
        end.send(stream)
    }

    fn tag(&self, at: &Moment, tag: Option<&str>) -> Result<Value, Refusal> {
        let _turn = drive::store_turn();
        history::tag_in(&self.world, &self.store, at, tag).map_err(refusal)
    }

    fn keep(&self, change: &KeepChange) -> Result<Value, Refusal> {
        let _turn = drive::store_turn();
        history::keep_in(&self.world, &self.store, change).map_err(refusal)
    }

    fn look(&self, what: &Look, at: &Moment) -> Result<Value, Refusal> {
        let shown = look::of_store(&self.world, &self.store, what, at).map(|mut shown| {
            if matches!(what, Look::Ps { .. }) && self.paused.load(Relaxed) {
                shown.machine["paused"] = json!(true);
                shown.human.push_str("\nthe world is paused: no thread runs until `phantom go`\n");
            }
            shown
        });
        shown
            .map(|shown| json!({"machine": shown.machine, "human": shown.human, "failure": shown.failure}))
            .map_err(refusal)
    }

    fn top(&self) -> Result<Value, Refusal> {
        let world = |error: &dyn std::fmt::Display| Refusal::new(RefusalKind::World, error.to_string());
        let mut shown = look::top(&self.world, &self.store).map_err(|failure| world(&failure))?;
        let costs = lock(&self.costs);
        let stats = self.store.stats();
        shown["snapshot"]["capture_us"] = json!(costs.capture.map(|took| took.as_micros() as u64));
        shown["snapshot"]["commit_us"] = json!(costs.commit.as_micros() as u64);
        shown["commits"] = json!(stats.commits);
        shown["written_bytes"] = json!(stats.page_bytes + stats.cleaned_bytes + stats.node_bytes);
        shown["paused"] = json!(self.paused.load(Relaxed));
        shown["pid"] = json!(std::process::id());
        shown["up_ns"] = json!(self.started.elapsed().as_nanos() as u64);
        Ok(shown)
    }

    /// Answers what the worker has done, and stays attached if there is something to be attached to.
    fn answer(&self, done: Done, mut stream: UnixStream) -> io::Result<()> {
        if let Some(name) = &done.forgiven {
            crate::quarantine::forgive(&self.world, name);
        }
        let sent = send_answer(Ok(done.value), &mut stream);
        if let Some(ending) = done.ending {
            return Frame::json(&Farewell::Ended(ending)).send(&mut stream);
        }
        let Some(attached) = done.attached else { return sent };
        stream.set_read_timeout(None)?;
        let reader = stream.try_clone().and_then(|mut from| {
            let attached = attached.clone();
            std::thread::Builder::new().name("typed".into()).spawn(move || listen(&attached, &mut from))
        });
        let spoken = match reader {
            Ok(_) => self.speak(&attached, &mut stream),
            Err(error) => Err(error),
        };
        attached.close();
        let _ = stream.shutdown(Shutdown::Both);
        spoken
    }

    /// Sends what an attached program has to say until it ends.
    fn speak(&self, attached: &Attached, stream: &mut UnixStream) -> io::Result<()> {
        loop {
            let over = self.outcome();
            match attached.next(Duration::from_millis(50)) {
                Next::Frame(frame) => {
                    if let Err(error) = frame.send(stream) {
                        attached.put_back(frame);
                        return Err(error);
                    }
                }
                Next::Ended(ending, epoch) => {
                    let farewell = match self.durable(epoch) {
                        Ok(()) => Farewell::Ended(ending),
                        Err(refusal) => Farewell::Failed { message: refusal.message },
                    };
                    return Frame::json(&farewell).send(stream);
                }
                Next::Closed => return Ok(()),
                Next::Nothing => {
                    let farewell = match over {
                        None => continue,
                        Some(Outcome::Durable(epoch)) => Farewell::Stopped { epoch: epoch.0 },
                        Some(Outcome::Failed(message)) => Farewell::Failed { message },
                    };
                    return Frame::json(&farewell).send(stream);
                }
            }
        }
    }
}

/// Takes what an attached command sends, until it goes away.
fn listen(attached: &Attached, from: &mut UnixStream) {
    while let Ok(Some(frame)) = Frame::receive(from) {
        match frame.kind {
            Kind::Line => attached.input(Some(String::from_utf8_lossy(&frame.payload).into_owned())),
            Kind::InputEnd => attached.input(None),
            _ => break,
        }
    }
    attached.close();
}

/// A failure of a verb as it is told to who asked.
fn refusal(failure: Failure) -> Refusal {
    let kind = match &failure {
        Failure::Usage(_) => RefusalKind::Usage,
        Failure::Input(_) => RefusalKind::Input,
        Failure::World(_) => RefusalKind::World,
        Failure::InUse(_) | Failure::NotRunning(_) => RefusalKind::Busy,
    };
    Refusal::new(kind, failure.to_string())
}

fn stopping() -> Refusal {
    Refusal::new(RefusalKind::Stopping, "the world stops at this moment; nothing was done")
}

fn send_answer(answer: Result<Value, Refusal>, stream: &mut UnixStream) -> io::Result<()> {
    let answer = match answer {
        Ok(value) => Answer::Ok(value),
        Err(refusal) => Answer::Error(refusal),
    };
    Frame::json(&answer).send(stream)
}

fn understand(frame: &Frame) -> Result<Request, Refusal> {
    let refuse = |kind, message: String| Err(Refusal::new(kind, message));
    let value: Value = match serde_json::from_slice(&frame.payload) {
        Ok(value) if frame.kind == Kind::Json => value,
        _ => return refuse(RefusalKind::Usage, "that is no request".to_string()),
    };
    let version = value["protocol"].as_u64().unwrap_or(0);
    if version != u64::from(PROTOCOL) {
        let message = format!(
            "the world is run by Phantom {}, which speaks version {PROTOCOL} of the protocol, not {version}; nothing was \
             done: use that version, or stop the world by it",
            env!("CARGO_PKG_VERSION")
        );
        return refuse(RefusalKind::Version, message);
    }
    match serde_json::from_value::<Envelope>(value) {
        Ok(envelope) => Ok(envelope.request),
        Err(error) => refuse(RefusalKind::Usage, format!("that is no request: {error}")),
    }
}
