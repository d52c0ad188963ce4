//! [`SimReactor`]: a network, files and processes that do not exist, with chance from a seed.
//!
//! What outlives a machine (files, and what others know of its sockets) is in [`SimOutside`]; a reactor is one machine on
//! it. Dropping the reactor is what a power cut is for everyone else: its sockets are reset.
//! Operations that others must make possible wait; which of those that have ended is reported first is drawn, and so is,
//! when asked for, whether a connection is reset instead, and in what pieces bytes go over it.

use base::prng::Prng;
use platform::{
    Access, Done, Ended, Fault, FileFacts, Handle, Known, OpId, Operation, OutsideError, Place, READABLE,
    Reactor, SocketOption, Stream, WRITABLE,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Everything outside the machines.
#[derive(Debug)]
pub struct SimOutside {
    state: Mutex<Outside>,
}

#[derive(Debug)]
struct Outside {
    nodes: BTreeMap<String, Node>,
    /// What web servers answer, by address.
    documents: BTreeMap<String, Vec<u8>>,
    sockets: BTreeMap<(u64, Handle), Socket>,
    /// Connections of which nobody has asked yet how making them ended: both addresses.
    started: BTreeMap<(u64, Handle), (String, String)>,
    /// How sockets are set up, where that was done.
    options: BTreeMap<(u64, Handle, SocketOption), i32>,
    /// What was sent by connections that nobody has accepted yet.
    early: BTreeMap<(u64, Handle), VecDeque<u8>>,
    /// Names of listening and bound sockets.
    listening: BTreeMap<String, (u64, Handle)>,
    bound: BTreeMap<String, (u64, Handle)>,
    waiting: Vec<Waiting>,
    ended: Vec<(u64, OpId, Ended)>,
    machines: u64,
    last_port: u16,
    last_inode: u64,
    reset_odds: Option<u64>,
    resets: u64,
    /// Whether bytes go over connections in pieces, through a narrow pipe.
    in_pieces: bool,
    /// Whether a part of something went on since it was last looked.
    moved: bool,
    prng: Prng,
    full: bool,
}

/// Blocks of the disk on which files are.
const SPACE_BLOCKS: u64 = 1 << 20;
/// Kind and permissions of what there is, as in POSIX.
const FOLDER_MODE: u32 = 0o040_755;
const FILE_MODE: u32 = 0o100_644;

/// Bytes that a connection in pieces holds until they are taken; who sends more waits.
const PIPE_BYTES: usize = 48;

#[derive(Debug, Clone)]
struct Node {
    inode: u64,
    /// None of a folder.
    bytes: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Waiting {
    machine: u64,
    id: OpId,
    operation: Operation,
}

#[derive(Debug)]
enum Socket {
    /// Connections that nobody has accepted yet: the other end and its name.
    Listener {
        name: String,
        backlog: VecDeque<((u64, Handle), String)>,
    },
    /// A connection, its other end once it is accepted, and what came in.
    Stream {
        peer: Option<(u64, Handle)>,
        incoming: VecDeque<u8>,
        ended: bool,
        reset: bool,
    },
    Datagrams {
        name: String,
        incoming: VecDeque<(String, Vec<u8>)>,
    },
    File {
        path: String,
    },
    /// `cat`: its output is its input. Or one that has ended.
    Process {
        pipe: VecDeque<u8>,
        input_open: bool,
        status: Option<i32>,
    },
    /// A connection that nobody took.
    Refused,
}

/// One machine's way outside.
#[derive(Debug)]
pub struct SimReactor {
    outside: Arc<SimOutside>,
    machine: u64,
}

type Result<T> = std::result::Result<T, OutsideError>;

fn fault<T>(fault: Fault, reason: &str) -> Result<T> {
    Err(OutsideError::new(fault, reason))
}

impl SimOutside {
    /// An outside with an empty root folder, and chance from a seed.
    pub fn new(seed: u64) -> SimOutside {
        let mut state = Outside {
            nodes: BTreeMap::new(),
            documents: BTreeMap::new(),
            sockets: BTreeMap::new(),
            started: BTreeMap::new(),
            options: BTreeMap::new(),
            early: BTreeMap::new(),
            listening: BTreeMap::new(),
            bound: BTreeMap::new(),
            waiting: Vec::new(),
            ended: Vec::new(),
            machines: 0,
            last_port: 40_000,
            last_inode: 0,
            reset_odds: None,
            resets: 0,
            in_pieces: false,
            moved: false,
            prng: Prng::new(seed),
            full: false,
        };
        state.put("/", None);
        SimOutside { state: Mutex::new(state) }
    }
    fn state(&self) -> MutexGuard<'_, Outside> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Resets a connection with every so many-th byte sequence that is sent, on average; none are reset without odds.
    pub fn set_reset_odds(&self, one_in: Option<u64>) {
        self.state().reset_odds = one_in;
    }
    /// Lets connections hold few bytes, so that who sends more waits half-way, and gives them out in drawn pieces.
    pub fn set_in_pieces(&self, in_pieces: bool) {
        self.state().in_pieces = in_pieces;
    }
    /// How many connections were reset so.
    pub fn reset_count(&self) -> u64 {
        self.state().resets
    }
    /// Lets every write to a file fail, or not.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }
    /// Makes a file with this content, as another file than what may have stood there.
    pub fn put_file(&self, path: &str, bytes: &[u8]) {
        self.state().put(path, Some(bytes.to_vec()));
    }
    /// Has a web server answer with this document.
    pub fn put_document(&self, url: &str, body: &[u8]) {
        self.state().documents.insert(url.to_string(), body.to_vec());
    }
    /// Makes a folder.
    pub fn put_folder(&self, path: &str) {
        self.state().put(path, None);
    }
    /// Removes what stands at a path.
    pub fn remove(&self, path: &str) {
        self.state().nodes.remove(path);
    }
    /// The content of a file.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.state().nodes.get(path).and_then(|node| node.bytes.clone())
    }
    /// How many sockets, files and processes are open.
    pub fn open_count(&self) -> usize {
        self.state().sockets.len()
    }
}

impl SimReactor {
    /// A new machine.
    pub fn new(outside: Arc<SimOutside>) -> SimReactor {
        let mut state = outside.state();
        state.machines += 1;
        let machine = state.machines;
        drop(state);
        SimReactor { outside, machine }
    }
}

impl Drop for SimReactor {
    fn drop(&mut self) {
        let mut state = self.outside.state();
        let machine = self.machine;
        let own: Vec<Handle> =
            state.sockets.keys().filter(|(of, _)| *of == machine).map(|(_, handle)| *handle).collect();
        for handle in own {
            state.close((machine, handle), true);
        }
        state.waiting.retain(|waiting| waiting.machine != machine);
        state.ended.retain(|(of, ..)| *of != machine);
    }
}

impl Reactor for SimReactor {
    fn submit(&self, id: OpId, mut operation: Operation) -> Option<Ended> {
        let mut state = self.outside.state();
        if let Operation::Send { handle, .. } = &operation {
            state.perhaps_reset((self.machine, *handle));
        }
        let ended = state.attempt(self.machine, &mut operation);
        if ended.is_none() {
            state.waiting.push(Waiting { machine: self.machine, id, operation });
        } else {
            state.go_on();
        }
        ended
    }
    fn poll(&self, ended: &mut Vec<(OpId, Ended)>) {
        let mut state = self.outside.state();
        state.go_on();
        let mut own: Vec<(OpId, Ended)> = Vec::new();
        let machine = self.machine;
        state.ended.retain(|(of, id, result)| {
            if *of == machine {
                own.push((*id, result.clone()));
            }
            *of != machine
        });
        while !own.is_empty() {
            let drawn = state.prng.below(own.len() as u64) as usize;
            ended.push(own.swap_remove(drawn));
        }
    }
    fn cancel(&self, id: OpId) {
        let mut state = self.outside.state();
        let machine = self.machine;
        state.waiting.retain(|waiting| waiting.machine != machine || waiting.id != id);
        state.ended.retain(|(of, ended, _)| *of != machine || *ended != id);
    }
    fn close(&self, handle: Handle) {
        let mut state = self.outside.state();
        state.close((self.machine, handle), false);
        state.go_on();
    }
}

impl Outside {
    /// Tries what waits until nothing gets on.
    fn go_on(&mut self) {
        loop {
            let waiting = std::mem::take(&mut self.waiting);
            let before = waiting.len();
            self.moved = false;
            for mut entry in waiting {
                match self.attempt(entry.machine, &mut entry.operation) {
                    Some(ended) => self.ended.push((entry.machine, entry.id, ended)),
                    None => self.waiting.push(entry),
                }
            }
            if self.waiting.len() == before && !self.moved {
                return;
            }
        }
    }

    fn put(&mut self, path: &str, bytes: Option<Vec<u8>>) {
        self.last_inode += 1;
        self.nodes.insert(path.to_string(), Node { inode: self.last_inode, bytes });
    }

    fn close(&mut self, which: (u64, Handle), by_force: bool) {
        self.started.remove(&which);
        self.options.retain(|(machine, handle, _), _| (*machine, *handle) != which);
        match self.sockets.remove(&which) {
            Some(Socket::Listener { name, backlog }) => {
                self.listening.remove(&name);
                for (client, _) in backlog {
                    if let Some(Socket::Stream { reset, .. }) = self.sockets.get_mut(&client) {
                        *reset = true;
                    }
                }
            }
            Some(Socket::Stream { peer: Some(peer), incoming, .. }) => {
                let unread = !incoming.is_empty();
                if let Some(Socket::Stream { ended, reset, .. }) = self.sockets.get_mut(&peer) {
                    *ended = true;
                    *reset |= by_force || unread;
                }
            }
            Some(Socket::Datagrams { name, .. }) => drop(self.bound.remove(&name)),
            _ => {}
        }
    }

    fn free_name(&mut self, address: &str) -> Result<String> {
        let Some((host, port)) = address.rsplit_once(':') else {
            return fault(Fault::Invalid, "an address is written host:port");
        };
        let Ok(port) = port.parse::<u16>() else {
            return fault(Fault::Invalid, "an address is written host:port");
        };
        let host = match host {
            "localhost" | "127.0.0.1" => "127.0.0.1",
            "0.0.0.0" => "0.0.0.0",
            _ => return fault(Fault::AddressNotHere, "Cannot assign requested address"),
        };
        if port == 0 {
            self.last_port += 1;
            return Ok(format!("{host}:{}", self.last_port));
        }
        Ok(format!("{host}:{port}"))
    }

    /// Who is known by an address.
    fn reach(names: &BTreeMap<String, (u64, Handle)>, address: &str) -> Result<Option<(u64, Handle)>> {
        let Some((host, port)) = address.rsplit_once(':') else {
            return fault(Fault::Invalid, "an address is written host:port");
        };
        if !["localhost", "127.0.0.1", "0.0.0.0"].contains(&host) {
            return fault(
                Fault::UnknownName,
                "failed to lookup address information: Name or service not known",
            );
        }
        let found = ["127.0.0.1", "0.0.0.0"].iter().find_map(|host| names.get(&format!("{host}:{port}")));
        Ok(found.copied())
    }

    /// Does an operation if it can be done now; one of which a part was done keeps the rest.
    fn attempt(&mut self, machine: u64, operation: &mut Operation) -> Option<Ended> {
        let at = |handle: &Handle| (machine, *handle);
        match operation {
            Operation::Receive { handle, most } => match self.sockets.get_mut(&at(handle)) {
                Some(Socket::Stream { incoming, ended, reset, .. }) => {
                    if *reset {
                        return Some(fault(Fault::Reset, "Connection reset by peer"));
                    }
                    if incoming.is_empty() && !*ended {
                        return None;
                    }
                    let mut count = (*most).min(incoming.len());
                    if self.in_pieces && count > 0 {
                        count = 1 + self.prng.below(count as u64) as usize;
                    }
                    Some(Ok(Done::Data(incoming.drain(..count).collect())))
                }
                _ => Some(fault(Fault::Closed, "it is closed")),
            },
            Operation::Send { handle, bytes } => self.send(at(handle), bytes),
            Operation::Watch { of } => {
                let ready = of.iter().map(|(handle, wanted)| (*handle, self.readiness(at(handle), *wanted)));
                let ready: Vec<(Handle, u8)> = ready.filter(|(_, ready)| *ready != 0).collect();
                if ready.is_empty() { None } else { Some(Ok(Done::Ready(ready))) }
            }
            Operation::ReceiveFrom { handle, most } => match self.sockets.get_mut(&at(handle)) {
                Some(Socket::Datagrams { incoming, .. }) => {
                    let (peer, mut bytes) = incoming.pop_front()?;
                    bytes.truncate(*most);
                    Some(Ok(Done::Datagram { peer, bytes }))
                }
                _ => Some(fault(Fault::Closed, "it is closed")),
            },
            Operation::Accept { listener, handle } => match self.sockets.get_mut(&at(listener)) {
                Some(Socket::Listener { name, backlog }) => {
                    let local = name.clone();
                    let (client, peer) = backlog.pop_front()?;
                    let gone = !matches!(self.sockets.get(&client), Some(Socket::Stream { .. }));
                    if let Some(Socket::Stream { peer, .. }) = self.sockets.get_mut(&client) {
                        *peer = Some(at(handle));
                    }
                    // What was sent before it was accepted.
                    let early = self.early.remove(&client).unwrap_or_default();
                    let stream =
                        Socket::Stream { peer: Some(client), incoming: early, ended: gone, reset: false };
                    self.sockets.insert(at(handle), stream);
                    Some(Ok(Done::Opened { local, peer }))
                }
                _ => Some(fault(Fault::Closed, "it is closed")),
            },
            Operation::ReadOutput { handle, stream, most } => match self.sockets.get_mut(&at(handle)) {
                Some(Socket::Process { pipe, input_open, status }) => {
                    let has_output = *stream == Stream::Output && !pipe.is_empty();
                    if !has_output && *input_open && status.is_none() {
                        return None;
                    }
                    let count = if has_output { (*most).min(pipe.len()) } else { 0 };
                    Some(Ok(Done::Data(pipe.drain(..count).collect())))
                }
                _ => Some(fault(Fault::Closed, "it is closed")),
            },
            Operation::Wait { handle } => match self.sockets.get(&at(handle)) {
                Some(Socket::Process { status: Some(status), .. }) => {
                    Some(Ok(Done::Exited { status: *status }))
                }
                Some(Socket::Process { input_open: false, .. }) => Some(Ok(Done::Exited { status: 0 })),
                Some(Socket::Process { .. }) => None,
                _ => Some(fault(Fault::Closed, "it is closed")),
            },
            other => Some(self.at_once(machine, other)),
        }
    }

    fn at_once(&mut self, machine: u64, operation: &Operation) -> Ended {
        let at = |handle: &Handle| (machine, *handle);
        match operation {
            Operation::Connect { handle, address } => {
                let Some(listener) = Self::reach(&self.listening, address)? else {
                    return fault(Fault::Refused, "Connection refused");
                };
                self.last_port += 1;
                let local = format!("127.0.0.1:{}", self.last_port);
                if let Some(Socket::Listener { backlog, .. }) = self.sockets.get_mut(&listener) {
                    backlog.push_back((at(handle), local.clone()));
                }
                let stream =
                    Socket::Stream { peer: None, incoming: VecDeque::new(), ended: false, reset: false };
                self.sockets.insert(at(handle), stream);
                Ok(Done::Opened { local, peer: address.clone() })
            }
            Operation::StartConnect { handle, address } => {
                let made = Operation::Connect { handle: *handle, address: address.clone() };
                match self.at_once(machine, &made) {
                    Ok(Done::Opened { local, peer }) => {
                        self.started.insert(at(handle), (local, peer));
                    }
                    Err(error) if error.fault == Fault::Refused => {
                        self.sockets.insert(at(handle), Socket::Refused);
                    }
                    other => return other,
                }
                Ok(Done::Nothing)
            }
            Operation::FinishConnect { handle } => match self.sockets.get(&at(handle)) {
                Some(Socket::Stream { .. }) => {
                    let (local, peer) = self.started.remove(&at(handle)).unwrap_or_default();
                    Ok(Done::Opened { local, peer })
                }
                Some(Socket::Refused) => {
                    self.sockets.remove(&at(handle));
                    fault(Fault::Refused, "Connection refused")
                }
                _ => fault(Fault::Closed, "it is closed"),
            },
            Operation::SetOption { handle, option, value } => {
                self.options.insert((machine, *handle, *option), *value);
                Ok(Done::Nothing)
            }
            Operation::GetOption { handle, option } => {
                let value = self.options.get(&(machine, *handle, *option)).copied().unwrap_or(0);
                Ok(Done::Number(u64::try_from(value).unwrap_or(u64::MAX)))
            }
            Operation::Available { handle, stream } => match self.sockets.get(&at(handle)) {
                Some(Socket::Stream { incoming, .. }) => Ok(Done::Number(incoming.len() as u64)),
                Some(Socket::Process { pipe, .. }) if *stream == Stream::Output => {
                    Ok(Done::Number(pipe.len() as u64))
                }
                _ => Ok(Done::Number(0)),
            },
            Operation::Ask { what } => match what {
                Known::HostName => Ok(Done::Names(vec!["simulated".to_string()])),
                Known::Process => Ok(Done::Names(["1", "0", "0"].map(ToString::to_string).to_vec())),
                Known::Environment | Known::Interfaces | Known::Mounts => Ok(Done::Names(Vec::new())),
                _ => fault(Fault::NotFound, "there is no such user or group"),
            },
            Operation::Listen { handle, address } => {
                let name = self.free_name(address)?;
                if self.listening.contains_key(&name) {
                    return fault(Fault::AddressInUse, "Address already in use");
                }
                self.listening.insert(name.clone(), at(handle));
                let listener = Socket::Listener { name: name.clone(), backlog: VecDeque::new() };
                self.sockets.insert(at(handle), listener);
                Ok(Done::Opened { local: name, peer: String::new() })
            }
            Operation::Bind { handle, address } => {
                let name = self.free_name(address)?;
                if self.bound.contains_key(&name) {
                    return fault(Fault::AddressInUse, "Address already in use");
                }
                self.bound.insert(name.clone(), at(handle));
                let socket = Socket::Datagrams { name: name.clone(), incoming: VecDeque::new() };
                self.sockets.insert(at(handle), socket);
                Ok(Done::Opened { local: name, peer: String::new() })
            }
            Operation::SendTo { handle, address, bytes } => {
                let to = Self::reach(&self.bound, address)?;
                let Some(Socket::Datagrams { name, .. }) = self.sockets.get(&at(handle)) else {
                    return fault(Fault::Closed, "it is closed");
                };
                let from = name.clone();
                // A datagram to nobody is lost without a word.
                if let Some(Socket::Datagrams { incoming, .. }) = to.and_then(|to| self.sockets.get_mut(&to))
                {
                    incoming.push_back((from, bytes.clone()));
                }
                Ok(Done::Nothing)
            }
            Operation::Shutdown { handle } => {
                if let Some(Socket::Stream { peer: Some(peer), .. }) = self.sockets.get(&at(handle)) {
                    let peer = *peer;
                    if let Some(Socket::Stream { ended, .. }) = self.sockets.get_mut(&peer) {
                        *ended = true;
                    }
                }
                Ok(Done::Nothing)
            }
            Operation::Resolve { name } if name == "localhost" => {
                Ok(Done::Names(vec!["127.0.0.1".to_string()]))
            }
            Operation::HttpGet { url, .. } if self.documents.contains_key(url) => {
                let body = self.documents[url].clone();
                Ok(Done::Document { status: 200, location: String::new(), body })
            }
            Operation::Resolve { .. } | Operation::HttpGet { .. } => {
                fault(Fault::UnknownName, "failed to lookup address information: Name or service not known")
            }
            Operation::Spawn { handle, program, .. } => {
                let (input_open, status) = match program.as_str() {
                    "cat" => (true, None),
                    "true" => (false, Some(0)),
                    "false" => (false, Some(1)),
                    _ => return fault(Fault::NotFound, "No such file or directory"),
                };
                self.sockets
                    .insert(at(handle), Socket::Process { pipe: VecDeque::new(), input_open, status });
                Ok(Done::Number(1_000 + handle.0))
            }
            Operation::WriteInput { handle, bytes } => match self.sockets.get_mut(&at(handle)) {
                Some(Socket::Process { pipe, input_open: true, status: None }) => {
                    pipe.extend(bytes);
                    Ok(Done::Nothing)
                }
                _ => fault(Fault::Reset, "Broken pipe"),
            },
            Operation::CloseInput { handle } => {
                if let Some(Socket::Process { input_open, .. }) = self.sockets.get_mut(&at(handle)) {
                    *input_open = false;
                }
                Ok(Done::Nothing)
            }
            Operation::Kill { handle } | Operation::Terminate { handle } => {
                if let Some(Socket::Process { status, .. }) = self.sockets.get_mut(&at(handle)) {
                    let killed = matches!(operation, Operation::Kill { .. });
                    status.get_or_insert(if killed { 137 } else { 143 });
                }
                Ok(Done::Nothing)
            }
            other => self.on_files(machine, other),
        }
    }

    /// What of the wanted can be done with a socket at once; of one that is closed everything, for it fails at once.
    fn readiness(&self, which: (u64, Handle), wanted: u8) -> u8 {
        let (readable, writable) = match self.sockets.get(&which) {
            Some(Socket::Listener { backlog, .. }) => (!backlog.is_empty(), false),
            Some(Socket::Stream { peer, incoming, ended, reset }) => {
                let held = match peer {
                    Some(peer) => match self.sockets.get(peer) {
                        Some(Socket::Stream { incoming, .. }) => incoming.len(),
                        _ => 0,
                    },
                    None => self.early.get(&which).map_or(0, VecDeque::len),
                };
                (*reset || *ended || !incoming.is_empty(), *reset || !self.in_pieces || held < PIPE_BYTES)
            }
            Some(Socket::Datagrams { incoming, .. }) => (!incoming.is_empty(), true),
            _ => (true, true),
        };
        wanted & (if readable { READABLE } else { 0 } | if writable { WRITABLE } else { 0 })
    }

    /// Draws whether a connection is reset when something is to be sent over it.
    fn perhaps_reset(&mut self, which: (u64, Handle)) {
        let Some(odds) = self.reset_odds else { return };
        if !self.prng.chance(1, odds) {
            return;
        }
        let Some(Socket::Stream { peer, reset, .. }) = self.sockets.get_mut(&which) else { return };
        *reset = true;
        self.resets += 1;
        let peer = *peer;
        if let Some(Socket::Stream { reset, .. }) = peer.and_then(|peer| self.sockets.get_mut(&peer)) {
            *reset = true;
        }
    }

    /// Takes as many of the bytes as the connection holds; none as an answer while some are left.
    fn send(&mut self, from: (u64, Handle), bytes: &mut Vec<u8>) -> Option<Ended> {
        let to = match self.sockets.get(&from) {
            Some(Socket::Stream { reset: true, .. }) => {
                return Some(fault(Fault::Reset, "Connection reset by peer"));
            }
            Some(Socket::Stream { peer: None, .. }) => self.early.entry(from).or_default(),
            Some(Socket::Stream { peer: Some(peer), .. }) => match self.sockets.get_mut(&peer.clone()) {
                Some(Socket::Stream { incoming, .. }) => incoming,
                _ => return Some(fault(Fault::Reset, "Broken pipe")),
            },
            _ => return Some(fault(Fault::Closed, "it is closed")),
        };
        let room = if self.in_pieces { PIPE_BYTES.saturating_sub(to.len()) } else { usize::MAX };
        let taken = room.min(bytes.len());
        to.extend(bytes.drain(..taken));
        self.moved |= taken > 0;
        bytes.is_empty().then_some(Ok(Done::Nothing))
    }

    fn path(place: &Place) -> Result<String> {
        if place.path.split('/').any(|part| part == "..") || place.path.starts_with('/') {
            return fault(Fault::LeadsOut, "Invalid cross-device link");
        }
        let folder = place.beneath.trim_end_matches('/');
        let path = if place.path == "." { folder.to_string() } else { format!("{folder}/{}", place.path) };
        Ok(if path.is_empty() { "/".to_string() } else { path })
    }

    fn facts(node: &Node) -> FileFacts {
        FileFacts {
            device: 1,
            inode: node.inode,
            born_ns: node.inode,
            size: node.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            modified_ns: 0,
            is_directory: node.bytes.is_none(),
            mode: if node.bytes.is_none() { FOLDER_MODE } else { FILE_MODE },
            links: 1,
            may: 7,
            ..FileFacts::default()
        }
    }

    fn node(&self, path: &str) -> Result<&Node> {
        match self.nodes.get(path) {
            Some(node) => Ok(node),
            None => fault(Fault::NotFound, "No such file or directory"),
        }
    }

    /// The folder in which something new would stand.
    fn folder_of(&self, path: &str) -> Result<()> {
        let folder =
            path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        match self.node(folder)?.bytes {
            None => Ok(()),
            Some(_) => fault(Fault::NotDirectory, "Not a directory"),
        }
    }

    fn on_files(&mut self, machine: u64, operation: &Operation) -> Ended {
        match operation {
            Operation::OpenFile { handle, place, access } => {
                let path = Self::path(place)?;
                let is_there = self.nodes.contains_key(&path);
                if *access == Access::New && is_there {
                    return fault(Fault::Exists, "File exists");
                }
                let makes = matches!(access, Access::Write | Access::New | Access::Truncate);
                if *access == Access::Truncate && is_there || makes && !is_there {
                    self.folder_of(&path)?;
                    self.put(&path, Some(Vec::new()));
                }
                let facts = Self::facts(self.node(&path)?);
                if facts.is_directory {
                    return fault(Fault::IsDirectory, "it is a folder");
                }
                self.sockets.insert((machine, *handle), Socket::File { path });
                Ok(Done::File(facts))
            }
            // There are no links.
            Operation::Stat { place } | Operation::StatLink { place } => {
                Ok(Done::File(Self::facts(self.node(&Self::path(place)?)?)))
            }
            Operation::Measure { handle } => {
                let Some(Socket::File { path }) = self.sockets.get(&(machine, *handle)) else {
                    return fault(Fault::Closed, "it is closed");
                };
                Ok(Done::File(Self::facts(self.node(path)?)))
            }
            Operation::Canonical { place } => {
                let path = Self::path(place)?;
                self.node(&path)?;
                Ok(Done::Names(vec![path]))
            }
            Operation::ReadLink { place } => {
                self.node(&Self::path(place)?)?;
                fault(Fault::Invalid, "Invalid argument")
            }
            Operation::SetMode { place, .. } | Operation::SetTimes { place, .. } => {
                self.node(&Self::path(place)?)?;
                Ok(Done::Nothing)
            }
            Operation::Space { place } => {
                self.node(&Self::path(place)?)?;
                let free = if self.full { 0 } else { SPACE_BLOCKS };
                Ok(Done::Space { block_bytes: 4096, blocks: SPACE_BLOCKS, free, usable: free })
            }
            Operation::List { place } => {
                let path = Self::path(place)?;
                if self.node(&path)?.bytes.is_some() {
                    return fault(Fault::NotDirectory, "Not a directory");
                }
                let start = format!("{}/", path.trim_end_matches('/'));
                let inner = self.nodes.keys().filter_map(|node| node.strip_prefix(&start));
                let names = inner.filter(|name| !name.is_empty() && !name.contains('/'));
                Ok(Done::Names(names.map(ToString::to_string).collect()))
            }
            Operation::MakeDirectory { place } => {
                let path = Self::path(place)?;
                if self.nodes.contains_key(&path) {
                    return fault(Fault::Exists, "File exists");
                }
                self.folder_of(&path)?;
                self.put(&path, None);
                Ok(Done::Nothing)
            }
            Operation::Remove { place } => {
                let path = Self::path(place)?;
                self.node(&path)?;
                let start = format!("{path}/");
                if self.nodes.keys().any(|node| node.starts_with(&start)) {
                    return fault(Fault::NotEmpty, "Directory not empty");
                }
                self.nodes.remove(&path);
                Ok(Done::Nothing)
            }
            Operation::Rename { from, to } => {
                let (from, to) = (Self::path(from)?, Self::path(to)?);
                self.node(&from)?;
                self.folder_of(&to)?;
                if let Some(node) = self.nodes.remove(&from) {
                    self.nodes.insert(to, node);
                }
                Ok(Done::Nothing)
            }
            Operation::ReadAt { handle, offset, most } => {
                let (bytes, _) = self.content(machine, *handle)?;
                let from = (*offset as usize).min(bytes.len());
                let end = (from + most).min(bytes.len());
                Ok(Done::Data(bytes[from..end].to_vec()))
            }
            Operation::WriteAt { handle, offset, bytes } => {
                let (content, full) = self.content(machine, *handle)?;
                if full {
                    return fault(Fault::NoSpace, "No space left on device");
                }
                let from = *offset as usize;
                let end = from + bytes.len();
                if end > content.len() {
                    content.resize(end, 0);
                }
                content[from..end].copy_from_slice(bytes);
                Ok(Done::Nothing)
            }
            Operation::Resize { handle, size } => {
                let (content, _) = self.content(machine, *handle)?;
                content.resize(*size as usize, 0);
                Ok(Done::Nothing)
            }
            Operation::Sync { handle } => self.content(machine, *handle).map(|_| Done::Nothing),
            other => fault(Fault::Unsupported, &format!("{other:?} is not simulated")),
        }
    }

    /// The bytes of an open file, and whether the disk is full.
    fn content(&mut self, machine: u64, handle: Handle) -> Result<(&mut Vec<u8>, bool)> {
        let full = self.full;
        let Some(Socket::File { path }) = self.sockets.get(&(machine, handle)) else {
            return fault(Fault::Closed, "it is closed");
        };
        match self.nodes.get_mut(path).and_then(|node| node.bytes.as_mut()) {
            Some(bytes) => Ok((bytes, full)),
            None => fault(Fault::NotFound, "No such file or directory"),
        }
    }
}
