//! TCP and UDP.

use super::error::outside;
use super::queues::{Reads, Writes};
use super::token;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Interest, Registry};
use platform::{Done, Ended, Handle, OpId, READABLE, WRITABLE};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// Bytes that are written to a connection before its worker looks around: the buffer of one may take several MiB.
const WRITTEN_AT_ONCE: usize = 256 << 10;
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// What of the wanted can be done with a socket at once.
fn readiness(socket: &impl AsFd, wanted: u8) -> u8 {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, wanted & READABLE != 0);
    flags.set(PollFlags::OUT, wanted & WRITABLE != 0);
    let mut looked = [PollFd::new(socket, flags)];
    if poll(&mut looked, Some(&Timespec::default())).is_err() {
        return wanted;
    }
    let found = looked[0].revents();
    // Whoever tries then learns what is wrong.
    let broken = found.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
    let readable = if broken || found.contains(PollFlags::IN) { READABLE } else { 0 };
    let writable = if broken || found.contains(PollFlags::OUT) { WRITABLE } else { 0 };
    wanted & (readable | writable)
}

/// A connection.
pub(super) struct Stream {
    pub(super) socket: TcpStream,
    pub(super) reads: Reads,
    pub(super) writes: Writes,
}

/// A connection that is being made.
pub(super) struct Connecting {
    /// The operation that waits for it; none when it is asked for later how it ended.
    pub(super) id: Option<OpId>,
    /// Why it came to nothing, where nobody waits for that.
    pub(super) failed: Option<io::Error>,
    socket: TcpStream,
    /// Addresses to be tried if this one does not answer.
    rest: VecDeque<SocketAddr>,
}

/// A listening socket.
pub(super) struct Listener {
    socket: TcpListener,
    /// Operations with the handles of the connections that they wait for.
    pub(super) acceptors: VecDeque<(OpId, Handle)>,
}

/// A UDP socket.
pub(super) struct Datagrams {
    socket: UdpSocket,
    pub(super) reads: VecDeque<(OpId, usize)>,
    pub(super) writes: VecDeque<(OpId, Vec<SocketAddr>, Vec<u8>)>,
}

fn opened(local: io::Result<SocketAddr>, peer: Option<SocketAddr>) -> io::Result<Done> {
    let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
    Ok(Done::Opened { local: local?.to_string(), peer })
}

/// The first that works of several addresses of one name.
fn first<T>(addresses: &[SocketAddr], open: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut failed = io::Error::from(ErrorKind::InvalidInput);
    for address in addresses {
        match open(*address) {
            Ok(open) => return Ok(open),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

impl Stream {
    fn new(socket: TcpStream) -> Stream {
        // Small answers leave at once; a connection that refuses it works as well.
        let _ = socket.set_nodelay(true);
        Stream { socket, reads: Reads::default(), writes: Writes::default() }
    }
    /// Its addresses.
    pub(super) fn opened(&self) -> io::Result<Done> {
        opened(self.socket.local_addr(), Some(self.socket.peer_addr()?))
    }
    /// What of the wanted can be done at once.
    pub(super) fn readiness(&mut self, wanted: u8) -> u8 {
        let ready = readiness(&self.socket, wanted);
        if ready & READABLE != 0 {
            self.reads.found();
        }
        ready
    }
    pub(super) fn serve_reads(&mut self, scratch: &mut [u8], ended: &mut Vec<(OpId, Ended)>) {
        self.reads.serve(&mut self.socket, scratch, ended);
    }
    /// Writes what there is room for, not all at once: where there may be more room the kernel is asked to say so again.
    pub(super) fn serve_writes(
        &mut self,
        registry: &Registry,
        handle: Handle,
        ended: &mut Vec<(OpId, Ended)>,
    ) {
        let more = self.writes.serve(&mut self.socket, WRITTEN_AT_ONCE, ended);
        if more && registry.reregister(&mut self.socket, token(handle, 0), BOTH).is_err() {
            self.writes.serve(&mut self.socket, usize::MAX, ended);
        }
    }
}

impl Connecting {
    pub(super) fn begin(
        registry: &Registry,
        handle: Handle,
        id: Option<OpId>,
        addresses: Vec<SocketAddr>,
    ) -> io::Result<Connecting> {
        let mut rest = VecDeque::from(addresses);
        let mut failed = io::Error::from(ErrorKind::InvalidInput);
        while let Some(address) = rest.pop_front() {
            match start(registry, handle, address) {
                Ok(socket) => return Ok(Connecting { id, failed: None, socket, rest }),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// What can be done at once: to ask how it ended, when it has.
    pub(super) fn readiness(&self, wanted: u8) -> u8 {
        if self.failed.is_some() { wanted } else { 0 }
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// After an event: how it has ended, if it has.
    pub(super) fn advance(&mut self, registry: &Registry, handle: Handle) -> Option<io::Result<Done>> {
        loop {
            let failed = match self.socket.take_error() {
                Ok(None) => match self.socket.peer_addr() {
                    Ok(peer) => return Some(opened(self.socket.local_addr(), Some(peer))),
                    Err(error) if error.kind() == ErrorKind::NotConnected => return None,
                    Err(error) => error,
                },
                Ok(Some(error)) | Err(error) => error,
            };
            let Some(next) = self.rest.pop_front() else { return Some(Err(failed)) };
            match start(registry, handle, next) {
                Ok(socket) => {
                    self.socket = socket;
                    return None;
                }
                Err(error) if self.rest.is_empty() => return Some(Err(error)),
                Err(_) => {}
            }
        }
    }

    /// The connection, when it is made.
    pub(super) fn into_stream(self) -> Stream {
        Stream::new(self.socket)
    }
}

fn start(registry: &Registry, handle: Handle, address: SocketAddr) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    registry.register(&mut socket, token(handle, 0), BOTH)?;
    Ok(socket)
}

impl Listener {
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn open(
        registry: &Registry,
        handle: Handle,
        addresses: &[SocketAddr],
    ) -> io::Result<(Listener, Done)> {
        let mut socket = first(addresses, TcpListener::bind)?;
        registry.register(&mut socket, token(handle, 0), Interest::READABLE)?;
        let done = opened(socket.local_addr(), None)?;
        Ok((Listener { socket, acceptors: VecDeque::new() }, done))
    }

    /// What of the wanted can be done at once.
    pub(super) fn readiness(&self, wanted: u8) -> u8 {
        readiness(&self.socket, wanted)
    }

    /// Takes connections as long as there are some and someone who wants them.
    pub(super) fn serve(
        &mut self,
        registry: &Registry,
        ended: &mut Vec<(OpId, Ended)>,
    ) -> Vec<(Handle, Stream)> {
        let mut taken = Vec::new();
        while let Some((id, handle)) = self.acceptors.front().copied() {
            let accepted = self.socket.accept().and_then(|(mut socket, peer)| {
                registry.register(&mut socket, token(handle, 0), BOTH)?;
                let done = opened(socket.local_addr(), Some(peer))?;
                Ok((socket, done))
            });
            match accepted {
                Ok((socket, done)) => {
                    taken.push((handle, Stream::new(socket)));
                    ended.push((id, Ok(done)));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // It was closed before it was taken.
                Err(error)
                    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) =>
                {
                    continue;
                }
                Err(error) => ended.push((id, Err(outside(&error)))),
            }
            self.acceptors.pop_front();
        }
        taken
    }
}

impl Datagrams {
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn open(
        registry: &Registry,
        handle: Handle,
        addresses: &[SocketAddr],
    ) -> io::Result<(Datagrams, Done)> {
        let mut socket = first(addresses, UdpSocket::bind)?;
        registry.register(&mut socket, token(handle, 0), BOTH)?;
        let done = opened(socket.local_addr(), None)?;
        Ok((Datagrams { socket, reads: VecDeque::new(), writes: VecDeque::new() }, done))
    }

    /// What of the wanted can be done at once.
    pub(super) fn readiness(&self, wanted: u8) -> u8 {
        readiness(&self.socket, wanted)
    }

    pub(super) fn serve_reads(&mut self, scratch: &mut [u8], ended: &mut Vec<(OpId, Ended)>) {
        while let Some((id, most)) = self.reads.front().copied() {
            let room = most.min(scratch.len());
            let result = match self.socket.recv_from(&mut scratch[..room]) {
                Ok((count, from)) => {
                    Ok(Done::Datagram { peer: from.to_string(), bytes: scratch[..count].to_vec() })
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(outside(&error)),
            };
            ended.push((id, result));
            self.reads.pop_front();
        }
    }

    pub(super) fn serve_writes(&mut self, ended: &mut Vec<(OpId, Ended)>) {
        while let Some((id, addresses, bytes)) = self.writes.front() {
            let result = match first(addresses, |address| self.socket.send_to(bytes, address)) {
                Ok(_) => Ok(Done::Nothing),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => Err(outside(&error)),
            };
            ended.push((*id, result));
            self.writes.pop_front();
        }
    }
}
