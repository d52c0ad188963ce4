//! [`HostReactor`]: sockets, files and processes of this machine; where the idle worker waits as well.
//!
//! Sockets and pipes are non-blocking and edge-triggered (`mio` over epoll): an operation is tried when it is handed over,
//! and again when the kernel says that something has changed. The worker that has nothing to do waits in the same poll, so
//! between a packet and the thread that waits for it stands no other thread of the host. What Linux offers only as a
//! blocking call (files, names, starting processes, HTTP) is done by a few threads ([`pool`]).
//!
//! *Invariants:* nobody holds [`State`] while waiting; what was cancelled is never reported.

mod ask;
mod error;
mod files;
mod http;
mod options;
mod pool;
mod process;
mod queues;
mod sockets;

use crate::reactor::error::describe;
use crate::reactor::pool::Pool;
use crate::reactor::process::{Process, Wire};
use crate::reactor::sockets::{Connecting, Datagrams, Listener, Stream};
use mio::event::Event;
use mio::{Events, Poll, Registry, Token, Waker};
use platform::{Done, Ended, Fault, Handle, OpId, Operation, OutsideError, Reactor, Standard, Waiter};
use rustix::fd::{AsFd, BorrowedFd};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Events taken from the kernel at a time.
const EVENTS_MAX: usize = 256;
/// A wait that takes at most so long is a short one.
///
/// When the last wait was short the next is taken to be so too, and is passed looking, for twice that time (competitive
/// spinning: Karlin, Li, Manasse, Owicki, "Empirical studies of competitive spinning for a shared-memory multiprocessor",
/// SOSP 1991): a thread of the host that sleeps runs again only some tens of microseconds after it is woken, longer than
/// many a client takes for its next question. Others run between two looks where the host is short of processors.
const SHORT_WAIT: Duration = Duration::from_micros(100);
/// Looks for a notification between two at the kernel's events: some microseconds.
const LOOKS: u32 = 64;
/// The token of the waker; tokens of resources are handles times [`PARTS`] and a part.
const WAKER: Token = Token(usize::MAX);
/// What a resource may consist of: a socket or standard input, output, error, the process itself.
const PARTS: usize = 4;
/// Most bytes that are taken from a socket or pipe in one go.
const SCRATCH_BYTES: usize = 64 << 10;

/// The reactor and waiter of this process. Clones are the same one.
#[derive(Clone)]
pub struct HostReactor(Arc<Inner>);

struct Inner {
    registry: Registry,
    waker: Waker,
    leader: Mutex<Leader>,
    /// Someone has notified and nobody has seen it.
    notified: AtomicBool,
    /// Someone waits in the kernel, or is about to.
    sleeping: AtomicBool,
    /// Nanoseconds that the last wait took.
    last_wait: AtomicU64,
    state: Mutex<State>,
    pool: Pool,
}

/// What the one who asks the kernel holds.
struct Leader {
    poll: Poll,
    events: Events,
}

/// What is open and under way.
struct State {
    resources: BTreeMap<Handle, Resource>,
    /// Operations in the pool, with the resource that they open or use.
    pooled: BTreeMap<OpId, Option<Handle>>,
    /// Operations that wait until something can be done.
    watches: Vec<(OpId, Vec<(Handle, u8)>)>,
    ended: Vec<(OpId, Ended)>,
    scratch: Box<[u8]>,
}

enum Resource {
    Connecting(Connecting),
    Stream(Stream),
    Listener(Listener),
    Datagrams(Datagrams),
    File(Arc<File>),
    Process(Process),
}

fn token(handle: Handle, part: usize) -> Token {
    Token(handle.0 as usize * PARTS + part)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> OutsideError {
    OutsideError::new(Fault::Closed, "it is closed")
}

impl HostReactor {
    /// A reactor with nothing open.
    ///
    /// # Errors
    /// When the kernel gives no poll.
    pub fn new() -> io::Result<HostReactor> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, WAKER)?;
        let state = State {
            resources: BTreeMap::new(),
            pooled: BTreeMap::new(),
            watches: Vec::new(),
            ended: Vec::new(),
            scratch: vec![0; SCRATCH_BYTES].into_boxed_slice(),
        };
        Ok(HostReactor(Arc::new(Inner {
            registry,
            waker,
            leader: Mutex::new(Leader { poll, events: Events::with_capacity(EVENTS_MAX) }),
            notified: AtomicBool::new(false),
            sleeping: AtomicBool::new(false),
            last_wait: AtomicU64::new(u64::MAX),
            state: Mutex::new(state),
            pool: Pool::default(),
        })))
    }
}

impl Inner {
    /// Takes events from the kernel and does what they make possible; whether there were any.
    fn look(&self, leader: &mut Leader, timeout: Option<Duration>) -> bool {
        let Leader { poll, events } = leader;
        // A signal ends the wait early, which does no harm; nothing else can fail here.
        if poll.poll(events, timeout).is_err() || events.is_empty() {
            return false;
        }
        let mut state = lock(&self.state);
        for event in events.iter().filter(|event| event.token() != WAKER) {
            state.ready(&self.registry, event);
        }
        state.serve_watches();
        true
    }

    /// Looks for events without sleep, where the wait that began then is likely to be short (see [`SHORT_WAIT`]); whether
    /// there is something.
    fn look_for_short(&self, leader: &mut Leader, began: Instant, timeout: Option<Duration>) -> bool {
        let last = Duration::from_nanos(self.last_wait.load(Relaxed));
        if last > SHORT_WAIT {
            return false;
        }
        let most = SHORT_WAIT.min(last * 2).min(timeout.unwrap_or(SHORT_WAIT));
        loop {
            for _ in 0..LOOKS {
                std::hint::spin_loop();
                if self.notified.load(Relaxed) {
                    return true;
                }
            }
            if self.look(leader, Some(Duration::ZERO)) {
                return true;
            }
            if began.elapsed() >= most {
                return false;
            }
            std::thread::yield_now();
        }
    }

    fn notify(&self) {
        self.notified.store(true, SeqCst);
        if self.sleeping.load(SeqCst) {
            // It fails only when the kernel has no memory; the next event or timeout then wakes.
            let _ = self.waker.wake();
        }
    }

    /// Does something that blocks, in the pool; it ends the operation, or hands it on.
    fn in_pool(
        self: &Arc<Self>,
        id: OpId,
        handle: Option<Handle>,
        work: impl FnOnce() -> Result<After, OutsideError> + Send + 'static,
    ) -> Option<Ended> {
        lock(&self.state).pooled.insert(id, handle);
        let inner = self.clone();
        let started = self.pool.run(Box::new(move || {
            let result = work();
            let mut state = lock(&inner.state);
            if state.pooled.remove(&id).is_some() {
                match result {
                    Ok(after) => state.after(&inner.registry, id, handle, after),
                    Err(error) => state.ended.push((id, Err(error))),
                }
                drop(state);
                inner.notify();
            }
        }));
        if started {
            return None;
        }
        lock(&self.state).pooled.remove(&id);
        Some(Err(OutsideError::new(Fault::TooManyOpen, "no thread can be started for it")))
    }

    fn resolved(
        self: &Arc<Self>,
        id: OpId,
        handle: Handle,
        address: String,
        then: fn(Vec<std::net::SocketAddr>) -> After,
    ) -> Option<Ended> {
        if let Ok(numeric) = address.parse() {
            let mut state = lock(&self.state);
            state.after(&self.registry, id, Some(handle), then(vec![numeric]));
            return state.take_ended(id);
        }
        self.in_pool(id, Some(handle), move || resolve(&address).map(then))
    }
}

/// What is to be done with what the pool gave.
enum After {
    /// Nothing: it has ended.
    End(Done),
    /// It is a file.
    File(Arc<File>, platform::FileFacts),
    /// It is a process.
    Process(Box<Process>),
    Connect(Vec<std::net::SocketAddr>),
    Listen(Vec<std::net::SocketAddr>),
    Bind(Vec<std::net::SocketAddr>),
    /// A datagram to one of these.
    SendTo(Vec<std::net::SocketAddr>, Vec<u8>),
}

fn resolve(address: &str) -> Result<Vec<std::net::SocketAddr>, OutsideError> {
    let found = address.to_socket_addrs().map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => {
            OutsideError::new(Fault::Invalid, "an address is written host:port, [IPv6]:port")
        }
        _ => OutsideError::new(Fault::UnknownName, describe(&error)),
    })?;
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Err(OutsideError::new(Fault::UnknownName, "the name has no address"));
    }
    Ok(found)
}

impl Reactor for HostReactor {
    fn submit(&self, id: OpId, operation: Operation) -> Option<Ended> {
        let inner = &self.0;
        match operation {
            Operation::Connect { handle, address } => inner.resolved(id, handle, address, After::Connect),
            Operation::Listen { handle, address } => inner.resolved(id, handle, address, After::Listen),
            Operation::Bind { handle, address } => inner.resolved(id, handle, address, After::Bind),
            Operation::SendTo { handle, address, bytes } => {
                if let Ok(numeric) = address.parse() {
                    let mut state = lock(&inner.state);
                    state.after(&inner.registry, id, Some(handle), After::SendTo(vec![numeric], bytes));
                    return state.take_ended(id);
                }
                inner.in_pool(id, Some(handle), move || {
                    resolve(&address).map(|found| After::SendTo(found, bytes))
                })
            }
            Operation::Resolve { name } => inner.in_pool(id, None, move || {
                let found = resolve(&format!("{name}:0"))?;
                Ok(After::End(Done::Names(found.iter().map(|found| found.ip().to_string()).collect())))
            }),
            Operation::OpenFile { handle, place, access } => inner.in_pool(id, Some(handle), move || {
                let (file, facts) = files::open(&place, access)?;
                Ok(After::File(Arc::new(file), facts))
            }),
            Operation::Stat { place } => {
                inner.in_pool(id, None, move || files::stat(&place).map(Done::File).map(After::End))
            }
            Operation::StatLink { place } => {
                inner.in_pool(id, None, move || files::stat_link(&place).map(Done::File).map(After::End))
            }
            Operation::Measure { handle } => {
                inner.on_file(id, handle, |file| files::measure(file).map(Done::File))
            }
            Operation::Canonical { place } => inner.in_pool(id, None, move || {
                files::canonical(&place).map(|path| After::End(Done::Names(vec![path])))
            }),
            Operation::ReadLink { place } => inner.in_pool(id, None, move || {
                files::read_link(&place).map(|path| After::End(Done::Names(vec![path])))
            }),
            Operation::MakeLink { place, target } => inner.in_pool(id, None, move || {
                files::make_link(&place, &target).map(|()| After::End(Done::Nothing))
            }),
            Operation::Link { from, to } => {
                inner.in_pool(id, None, move || files::link(&from, &to).map(|()| After::End(Done::Nothing)))
            }
            Operation::Ask { what } => {
                inner.in_pool(id, None, move || ask::answer(&what).map(Done::Names).map(After::End))
            }
            Operation::SetMode { place, mode } => inner
                .in_pool(id, None, move || files::set_mode(&place, mode).map(|()| After::End(Done::Nothing))),
            Operation::SetTimes { place, accessed_ns, modified_ns } => inner.in_pool(id, None, move || {
                files::set_times(&place, accessed_ns, modified_ns).map(|()| After::End(Done::Nothing))
            }),
            Operation::Space { place } => {
                inner.in_pool(id, None, move || files::space(&place).map(After::End))
            }
            Operation::List { place } => {
                inner.in_pool(id, None, move || files::list(&place).map(Done::Names).map(After::End))
            }
            Operation::Remove { place } => {
                inner.in_pool(id, None, move || files::remove(&place).map(|()| After::End(Done::Nothing)))
            }
            Operation::Rename { from, to } => {
                inner.in_pool(id, None, move || files::rename(&from, &to).map(|()| After::End(Done::Nothing)))
            }
            Operation::MakeDirectory { place } => inner
                .in_pool(id, None, move || files::make_directory(&place).map(|()| After::End(Done::Nothing))),
            Operation::ReadAt { handle, offset, most } => {
                inner.on_file(id, handle, move |file| files::read(file, offset, most).map(Done::Data))
            }
            Operation::WriteAt { handle, offset, bytes } => inner
                .on_file(id, handle, move |file| files::write(file, offset, &bytes).map(|()| Done::Nothing)),
            Operation::Resize { handle, size } => {
                inner.on_file(id, handle, move |file| files::resize(file, size).map(|()| Done::Nothing))
            }
            Operation::Sync { handle } => {
                inner.on_file(id, handle, |file| files::sync(file).map(|()| Done::Nothing))
            }
            Operation::Spawn { handle, program, arguments, directory, environment, standard } => {
                let wires = match lock(&inner.state).wires(standard) {
                    Ok(wires) => wires,
                    Err(error) => return Some(Err(error)),
                };
                inner.in_pool(id, Some(handle), move || {
                    process::spawn(&program, &arguments, &directory, environment, &wires)
                        .map(|process| After::Process(Box::new(process)))
                })
            }
            Operation::StartConnect { handle, address } => {
                let Ok(address) = address.parse() else {
                    let text = "an address in numbers is written host:port";
                    return Some(Err(OutsideError::new(Fault::Invalid, text)));
                };
                let mut state = lock(&inner.state);
                match Connecting::begin(&inner.registry, handle, None, vec![address]) {
                    Ok(connecting) => {
                        state.resources.insert(handle, Resource::Connecting(connecting));
                        Some(Ok(Done::Nothing))
                    }
                    Err(error) => Some(Err(error::outside(&error))),
                }
            }
            Operation::HttpGet { url, headers, most } => {
                inner.in_pool(id, None, move || http::get(&url, &headers, most).map(After::End))
            }
            Operation::Watch { of } => {
                let mut state = lock(&inner.state);
                let ready = state.readiness(&of);
                if !ready.is_empty() {
                    return Some(Ok(Done::Ready(ready)));
                }
                state.watches.push((id, of));
                None
            }
            on_open => {
                let mut state = lock(&inner.state);
                state.on_open(&inner.registry, id, on_open);
                state.take_ended(id)
            }
        }
    }

    fn poll(&self, ended: &mut Vec<(OpId, Ended)>) {
        // Whoever holds it looks already.
        if let Ok(mut leader) = self.0.leader.try_lock() {
            self.0.look(&mut leader, Some(Duration::ZERO));
        }
        ended.append(&mut lock(&self.0.state).ended);
    }

    fn cancel(&self, id: OpId) {
        let mut state = lock(&self.0.state);
        state.pooled.remove(&id);
        state.watches.retain(|(watch, _)| *watch != id);
        for resource in state.resources.values_mut() {
            resource.cancel(id);
        }
        state.ended.retain(|(ended, _)| *ended != id);
    }

    fn close(&self, handle: Handle) {
        let mut state = lock(&self.0.state);
        let state = &mut *state;
        let ended = &mut state.ended;
        state.pooled.retain(|id, of| {
            let stays = *of != Some(handle);
            if !stays {
                ended.push((*id, Err(closed())));
            }
            stays
        });
        if let Some(resource) = state.resources.remove(&handle) {
            for id in resource.operations() {
                ended.push((id, Err(closed())));
            }
        }
        state.serve_watches();
        let wakes = !state.ended.is_empty();
        if wakes {
            self.0.notify();
        }
    }
}

impl Waiter for HostReactor {
    fn wait(&self, timeout_ns: Option<u64>) {
        let (inner, timeout) = (&self.0, timeout_ns.map(Duration::from_nanos));
        let mut leader = lock(&inner.leader);
        let began = Instant::now();
        if !inner.look_for_short(&mut leader, began, timeout) {
            inner.sleeping.store(true, SeqCst);
            if !inner.notified.swap(false, SeqCst) {
                inner.look(&mut leader, timeout.map(|timeout| timeout.saturating_sub(began.elapsed())));
            }
            inner.sleeping.store(false, SeqCst);
        }
        inner.last_wait.store(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX), Relaxed);
        // Whoever notified until now is heard: the caller looks around next.
        inner.notified.store(false, SeqCst);
    }
    fn notify(&self) {
        self.0.notify();
    }
}

impl Inner {
    fn on_file(
        self: &Arc<Self>,
        id: OpId,
        handle: Handle,
        work: impl FnOnce(&File) -> Result<Done, OutsideError> + Send + 'static,
    ) -> Option<Ended> {
        let file = match lock(&self.state).resources.get(&handle) {
            Some(Resource::File(file)) => file.clone(),
            _ => return Some(Err(closed())),
        };
        self.in_pool(id, Some(handle), move || work(&file).map(After::End))
    }
}

impl State {
    /// The end of an operation that was handed over just now, if it has one.
    fn take_ended(&mut self, id: OpId) -> Option<Ended> {
        let at = self.ended.iter().rposition(|(ended, _)| *ended == id)?;
        Some(self.ended.swap_remove(at).1)
    }

    /// What can be done with sockets at once; of one that is closed everything, for it fails at once.
    fn readiness(&mut self, of: &[(Handle, u8)]) -> Vec<(Handle, u8)> {
        let ready = of.iter().map(|(handle, wanted)| {
            let ready = match self.resources.get_mut(handle) {
                Some(Resource::Stream(stream)) => stream.readiness(*wanted),
                Some(Resource::Listener(listener)) => listener.readiness(*wanted),
                Some(Resource::Datagrams(socket)) => socket.readiness(*wanted),
                Some(Resource::Connecting(connecting)) => connecting.readiness(*wanted),
                _ => *wanted,
            };
            (*handle, ready)
        });
        ready.filter(|(_, ready)| *ready != 0).collect()
    }

    /// Ends the watches of which something can be done.
    fn serve_watches(&mut self) {
        for (id, of) in std::mem::take(&mut self.watches) {
            let ready = self.readiness(&of);
            if ready.is_empty() {
                self.watches.push((id, of));
            } else {
                self.ended.push((id, Ok(Done::Ready(ready))));
            }
        }
    }

    fn end(&mut self, id: OpId, result: io::Result<Done>) {
        self.ended.push((id, result.map_err(|error| error::outside(&error))));
    }

    /// Goes on with what the pool, or a numeric address, gave.
    fn after(&mut self, registry: &Registry, id: OpId, handle: Option<Handle>, after: After) {
        let handle = handle.unwrap_or(Handle(0));
        match after {
            After::End(done) => self.ended.push((id, Ok(done))),
            After::File(file, facts) => {
                self.resources.insert(handle, Resource::File(file));
                self.ended.push((id, Ok(Done::File(facts))));
            }
            After::Process(mut process) => match process.register(registry, handle) {
                Ok(()) => {
                    self.ended.push((id, Ok(Done::Number(process.number()))));
                    self.resources.insert(handle, Resource::Process(*process));
                }
                Err(error) => self.end(id, Err(error)),
            },
            After::Connect(addresses) => {
                match Connecting::begin(registry, handle, Some(id), addresses) {
                    Ok(connecting) => {
                        self.resources.insert(handle, Resource::Connecting(connecting));
                    }
                    Err(error) => self.end(id, Err(error)),
                };
            }
            After::Listen(addresses) => match Listener::open(registry, handle, &addresses) {
                Ok((listener, opened)) => {
                    self.resources.insert(handle, Resource::Listener(listener));
                    self.end(id, Ok(opened));
                }
                Err(error) => self.end(id, Err(error)),
            },
            After::Bind(addresses) => match Datagrams::open(registry, handle, &addresses) {
                Ok((socket, opened)) => {
                    self.resources.insert(handle, Resource::Datagrams(socket));
                    self.end(id, Ok(opened));
                }
                Err(error) => self.end(id, Err(error)),
            },
            After::SendTo(addresses, bytes) => match self.resources.get_mut(&handle) {
                Some(Resource::Datagrams(socket)) => {
                    socket.writes.push_back((id, addresses, bytes));
                    socket.serve_writes(&mut self.ended);
                }
                _ => self.ended.push((id, Err(closed()))),
            },
        }
    }

    /// What the standard streams of a process are connected to.
    fn wires(&self, standard: [Standard; 3]) -> Result<[Wire; 3], OutsideError> {
        let wire = |of| match of {
            Standard::Pipe => Ok(Wire::Pipe),
            Standard::Own => Ok(Wire::Own),
            Standard::Nothing => Ok(Wire::Nothing),
            Standard::Output => Ok(Wire::Output),
            Standard::File { handle, offset } => match self.resources.get(&handle) {
                Some(Resource::File(file)) => Ok(Wire::File(file.clone(), offset)),
                _ => Err(closed()),
            },
        };
        let [input, output, error] = standard;
        Ok([wire(input)?, wire(output)?, wire(error)?])
    }

    /// How making a connection ended, if it has.
    fn finish_connect(&mut self, handle: Handle) -> Result<Done, OutsideError> {
        let result = match self.resources.get_mut(&handle) {
            Some(Resource::Stream(stream)) => stream.opened(),
            Some(Resource::Connecting(connecting)) => match connecting.failed.take() {
                None => return Ok(Done::Nothing),
                Some(error) => Err(error),
            },
            _ => return Err(closed()),
        };
        if result.is_err() {
            self.resources.remove(&handle);
        }
        result.map_err(|error| error::outside(&error))
    }

    /// Operations on what is open.
    fn on_open(&mut self, registry: &Registry, id: OpId, operation: Operation) {
        let State { resources, ended, scratch, .. } = self;
        match operation {
            Operation::Receive { handle, most } => {
                if let Some(Resource::Stream(stream)) = resources.get_mut(&handle) {
                    stream.reads.queue.push_back((id, most));
                    return stream.serve_reads(scratch, ended);
                }
            }
            Operation::Send { handle, bytes } => {
                if let Some(Resource::Stream(stream)) = resources.get_mut(&handle) {
                    stream.writes.queue.push_back((id, bytes, 0));
                    return stream.serve_writes(registry, handle, ended);
                }
            }
            Operation::Shutdown { handle } => {
                if let Some(Resource::Stream(stream)) = resources.get_mut(&handle) {
                    let result = stream.socket.shutdown(std::net::Shutdown::Write).map(|()| Done::Nothing);
                    return self.end(id, result);
                }
            }
            Operation::Accept { listener, handle } => {
                if let Some(Resource::Listener(open)) = resources.get_mut(&listener) {
                    open.acceptors.push_back((id, handle));
                    for (handle, stream) in open.serve(registry, ended) {
                        resources.insert(handle, Resource::Stream(stream));
                    }
                    return;
                }
            }
            Operation::ReceiveFrom { handle, most } => {
                if let Some(Resource::Datagrams(socket)) = resources.get_mut(&handle) {
                    socket.reads.push_back((id, most));
                    return socket.serve_reads(scratch, ended);
                }
            }
            Operation::WriteInput { handle, bytes } => {
                if let Some(Resource::Process(process)) = resources.get_mut(&handle) {
                    process.writes.queue.push_back((id, bytes, 0));
                    return process.serve_input(ended);
                }
            }
            Operation::CloseInput { handle } => {
                if let Some(Resource::Process(process)) = resources.get_mut(&handle) {
                    process.close_input(ended);
                    return ended.push((id, Ok(Done::Nothing)));
                }
            }
            Operation::ReadOutput { handle, stream, most } => {
                if let Some(Resource::Process(process)) = resources.get_mut(&handle) {
                    return process.read(id, stream, most, scratch, ended);
                }
            }
            Operation::Wait { handle } => {
                if let Some(Resource::Process(process)) = resources.get_mut(&handle) {
                    process.waiting.push(id);
                    return process.serve_end(ended);
                }
            }
            Operation::Kill { handle } => {
                if let Some(Resource::Process(process)) = resources.get_mut(&handle) {
                    let result = process.kill().map(|()| Done::Nothing);
                    return self.end(id, result);
                }
            }
            Operation::Terminate { handle } => {
                if let Some(Resource::Process(process)) = resources.get_mut(&handle) {
                    let result = process.terminate().map(|()| Done::Nothing);
                    return self.end(id, result);
                }
            }
            Operation::FinishConnect { handle } => {
                let result = self.finish_connect(handle);
                return self.ended.push((id, result));
            }
            Operation::SetOption { handle, option, value } => {
                if let Some(fd) = resources.get(&handle).and_then(Resource::socket) {
                    let result = options::set(fd, option, value).map(|()| Done::Nothing);
                    return self.end(id, result);
                }
            }
            Operation::GetOption { handle, option } => {
                if let Some(fd) = resources.get(&handle).and_then(Resource::socket) {
                    let result = options::get(fd, option).map(Done::Number);
                    return self.end(id, result);
                }
            }
            Operation::Available { handle, stream } => {
                let of = match resources.get(&handle) {
                    Some(Resource::Process(process)) => Some(process.output(stream)),
                    of => of.and_then(Resource::socket).map(Some),
                };
                if let Some(fd) = of {
                    // What is no pipe has nothing that could be taken.
                    let result = fd.map_or(Ok(0), rustix::io::ioctl_fionread);
                    return self.end(id, result.map(Done::Number).map_err(io::Error::from));
                }
            }
            other => {
                let reason = format!("{other:?} is not for what is open");
                return ended.push((id, Err(OutsideError::new(Fault::Unsupported, reason))));
            }
        }
        ended.push((id, Err(closed())));
    }

    /// The kernel says that something has changed.
    fn ready(&mut self, registry: &Registry, event: &Event) {
        let handle = Handle((event.token().0 / PARTS) as u64);
        let part = event.token().0 % PARTS;
        let State { resources, ended, scratch, .. } = self;
        match resources.get_mut(&handle) {
            Some(Resource::Stream(stream)) => {
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    stream.reads.ready(event);
                    stream.serve_reads(scratch, ended);
                }
                if event.is_writable() || event.is_write_closed() || event.is_error() {
                    stream.writes.ready = true;
                    stream.serve_writes(registry, handle, ended);
                }
            }
            Some(Resource::Listener(listener)) => {
                for (handle, stream) in listener.serve(registry, ended) {
                    resources.insert(handle, Resource::Stream(stream));
                }
            }
            Some(Resource::Connecting(connecting)) => {
                let (id, result) = (connecting.id, connecting.advance(registry, handle));
                let Some(result) = result else { return };
                let result = match (id, result) {
                    // Whoever started it asks.
                    (None, Err(error)) => {
                        connecting.failed = Some(error);
                        return;
                    }
                    (_, result) => result,
                };
                if let Some(Resource::Connecting(connecting)) = resources.remove(&handle)
                    && result.is_ok()
                {
                    resources.insert(handle, Resource::Stream(connecting.into_stream()));
                }
                if let Some(id) = id {
                    self.end(id, result);
                }
            }
            Some(Resource::Datagrams(socket)) => {
                socket.serve_reads(scratch, ended);
                socket.serve_writes(ended);
            }
            Some(Resource::Process(process)) => process.ready(part, event, scratch, ended),
            // Events of what was closed meanwhile.
            Some(Resource::File(_)) | None => {}
        }
    }
}

impl Resource {
    /// What the kernel knows a socket by.
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Resource::Connecting(connecting) => Some(connecting.as_fd()),
            Resource::Stream(stream) => Some(stream.socket.as_fd()),
            Resource::Listener(listener) => Some(listener.as_fd()),
            Resource::Datagrams(socket) => Some(socket.as_fd()),
            Resource::File(_) | Resource::Process(_) => None,
        }
    }

    /// The operations that wait on it.
    fn operations(&self) -> Vec<OpId> {
        match self {
            Resource::Connecting(connecting) => connecting.id.into_iter().collect(),
            Resource::Stream(stream) => stream.reads.ids().chain(stream.writes.ids()).collect(),
            Resource::Listener(listener) => listener.acceptors.iter().map(|(id, _)| *id).collect(),
            Resource::Datagrams(socket) => {
                let reads = socket.reads.iter().map(|(id, _)| *id);
                reads.chain(socket.writes.iter().map(|(id, ..)| *id)).collect()
            }
            Resource::File(_) => Vec::new(),
            Resource::Process(process) => process.operations(),
        }
    }

    fn cancel(&mut self, id: OpId) {
        match self {
            Resource::Connecting(_) | Resource::File(_) => {}
            Resource::Stream(stream) => {
                stream.reads.queue.retain(|(queued, _)| *queued != id);
                stream.writes.cancel(id);
            }
            Resource::Listener(listener) => listener.acceptors.retain(|(queued, _)| *queued != id),
            Resource::Datagrams(socket) => {
                socket.reads.retain(|(queued, _)| *queued != id);
                socket.writes.retain(|(queued, ..)| *queued != id);
            }
            Resource::Process(process) => process.cancel(id),
        }
    }
}
