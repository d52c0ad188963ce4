//! Datagrams: `sun.nio.ch.DatagramChannelImpl`, over UDP connectors; IPv4 only.
//!
//! A socket is bound again by a restart before any thread runs. A channel that is connected takes datagrams of one sender
//! only, which is done here; what was on the way when the world was cut off is lost, as datagrams may be.

use crate::descriptors::Source;
use crate::net::{UNAVAILABLE, failed, granted, is_ready, nonsense, parts, socket_at, waits};
use crate::nio::list;
use crate::offheap;
use crate::options::set_up;
use crate::support::{done, natives};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::schema::{connector, connector_state};
use platform::{Done, Ended, Handle, Operation, READABLE};
use vm::internal::{Call, Outcome};
use vm::{Entry, Native};

/// A datagram is never longer.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// `struct sockaddr_in` and `sockaddr_in6` of Linux: sizes in bytes, and where their parts are.
const SOCKADDR_IN_BYTES: i32 = 16;
const SOCKADDR_IN6_BYTES: i32 = 28;
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;

pub(crate) const NATIVES: &[Native] = natives! {
    "sun/nio/ch/NativeSocketAddress" {
        "AFINET" "()I" Short |_| Outcome::int(AF_INET);
        "AFINET6" "()I" Short |_| Outcome::int(AF_INET6);
        "sizeofSockAddr4" "()I" Short |_| Outcome::int(SOCKADDR_IN_BYTES);
        "sizeofSockAddr6" "()I" Short |_| Outcome::int(SOCKADDR_IN6_BYTES);
        "sizeofFamily" "()I" Short |_| Outcome::int(2);
        "offsetFamily" "()I" Short |_| Outcome::int(0);
        "offsetSin4Port" "()I" Short |_| Outcome::int(2);
        "offsetSin4Addr" "()I" Short |_| Outcome::int(4);
        "offsetSin6Port" "()I" Short |_| Outcome::int(2);
        "offsetSin6FlowInfo" "()I" Short |_| Outcome::int(4);
        "offsetSin6Addr" "()I" Short |_| Outcome::int(8);
        "offsetSin6ScopeId" "()I" Short |_| Outcome::int(24);
    }
    "sun/nio/ch/DatagramChannelImpl" {
        "disconnect0" "(Ljava/io/FileDescriptor;Z)V" Short |call| {
            done(socket_at(call, 0).map(|object| {
                call.vm.set_ref(object, connector::PEER, Value::NULL);
                Outcome::VOID
            }))
        };
        "receive0" "(Ljava/io/FileDescriptor;JIJZ)I" Resumable |call| {
            let (room, sender) = (piece(call), call.long_at(3) as u64);
            receive(call, room, Some(sender), |count| Outcome::int(count as i32))
        };
        "send0" "(Ljava/io/FileDescriptor;JIJI)I" Resumable |call| {
            let (from, target) = (piece(call), call.long_at(3) as u64);
            let address = socket_address_at(call, target);
            send(call, from, address, |count| Outcome::int(count as i32))
        };
    }
    "sun/nio/ch/DatagramDispatcher" {
        "read0" "(Ljava/io/FileDescriptor;JI)I" Resumable |call| {
            let room = piece(call);
            receive(call, room, None, |count| Outcome::int(count as i32))
        };
        "readv0" "(Ljava/io/FileDescriptor;JI)J" Resumable |call| {
            let room = list(call);
            receive(call, room, None, Outcome::long)
        };
        "write0" "(Ljava/io/FileDescriptor;JI)I" Resumable |call| {
            let from = piece(call);
            send(call, from, None, |count| Outcome::int(count as i32))
        };
        "writev0" "(Ljava/io/FileDescriptor;JI)J" Resumable |call| {
            let from = list(call);
            send(call, from, None, Outcome::long)
        };
    }
};

/// The memory that arguments 1 and 2 name, and how many bytes it has.
fn piece(call: &Call<'_>) -> (Source, u64) {
    (Source::Memory { address: call.long_at(1) as u64 }, call.int_at(2).max(0) as u64)
}

/// The address in a `struct sockaddr_in` at an address.
fn socket_address_at(call: &Call<'_>, at: u64) -> Option<String> {
    let bytes = offheap::read(call.vm, at, SOCKADDR_IN_BYTES as u64)?;
    let port = u16::from_be_bytes([bytes[2], bytes[3]]);
    Some(format!("{}.{}.{}.{}:{port}", bytes[4], bytes[5], bytes[6], bytes[7]))
}

/// Binds a socket to an address of this machine.
pub(crate) fn bind(call: &mut Call<'_>, object: Addr, address: String) -> Result<Outcome, Outcome> {
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            granted(call, &address)?;
            call.open(|handle| Operation::Bind { handle, address })?
        }
    };
    bound(call, object, ended).map(|_| Outcome::VOID)
}

fn bound(call: &mut Call<'_>, object: Addr, ended: Ended) -> Result<Handle, Outcome> {
    match ended {
        Ok(Done::Opened { local, .. }) => {
            call.opened(object);
            call.set_text(object, connector::ADDRESS, &local);
            call.vm.set_u32(object, connector::STATE, connector_state::OPEN);
            let thread = call.thread;
            call.vm.enter_bound(thread, object);
            set_up(call, object);
        }
        Ok(_) => return Err(nonsense(call)),
        // Another thread has bound it again meanwhile.
        Err(_) if call.attached(object).is_some() => {}
        Err(error) => return Err(failed(call, &error)),
    }
    call.attached(object).ok_or_else(|| nonsense(call))
}

/// Notes the other end, from which alone datagrams are taken; 1.
pub(crate) fn connect(call: &mut Call<'_>, object: Addr, address: &str) -> Result<Outcome, Outcome> {
    granted(call, address)?;
    call.set_text(object, connector::PEER, address);
    Ok(Outcome::int(1))
}

/// What a socket has open, bound at an address in numbers, which ends at once: to any port when it was never bound, to its
/// own when a restart could not.
fn socket(call: &mut Call<'_>, object: Addr) -> Result<Handle, Outcome> {
    if let Some(handle) = call.attached(object) {
        set_up(call, object);
        return Ok(handle);
    }
    let address = match call.connector_state(object) {
        connector_state::OPEN => call.vm.text(object, connector::ADDRESS),
        _ => String::from("0.0.0.0:0"),
    };
    let ended = call.open(|handle| Operation::Bind { handle, address })?;
    bound(call, object, ended)
}

/// Takes a datagram to an address with so much room, and the address of its sender to another.
fn receive(
    call: &mut Call<'_>,
    (room, count): (Source, u64),
    sender: Option<u64>,
    answer: fn(i64) -> Outcome,
) -> Outcome {
    let taken = (|| {
        let object = socket_at(call, 0)?;
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                let handle = socket(call, object)?;
                if !waits(call, object) && !is_ready(call, handle, READABLE) {
                    return Ok(answer(i64::from(UNAVAILABLE)));
                }
                call.operation(Operation::ReceiveFrom { handle, most: DATAGRAM_BYTES_MAX })?
            }
        };
        match ended {
            Ok(Done::Datagram { peer, bytes }) => {
                call.vm.worked(bytes.len() as u64);
                let wanted = call.vm.get_ref(object, connector::PEER).as_object();
                if wanted.is_some() && call.vm.text(object, connector::PEER) != peer {
                    return Err(Outcome::Again);
                }
                let fits = bytes.len().min(count as usize);
                if !room.put(call.vm, 0, &bytes[..fits]) {
                    return Err(nonsense(call));
                }
                if let Some(sender) = sender {
                    let (host, port) = parts(&peer);
                    let mut there = Vec::from((AF_INET as u16).to_le_bytes());
                    there.extend((port as u16).to_be_bytes());
                    there.extend(host.to_be_bytes());
                    offheap::write(call.vm, sender, &there);
                }
                Ok(answer(fits as i64))
            }
            Ok(_) => Err(nonsense(call)),
            Err(error) => Err(failed(call, &error)),
        }
    })();
    done(taken)
}

/// Sends a datagram, to the other end when no address is given. After a restart it is sent again: it may arrive twice, as
/// datagrams may.
fn send(
    call: &mut Call<'_>,
    (from, count): (Source, u64),
    address: Option<String>,
    answer: fn(i64) -> Outcome,
) -> Outcome {
    let sent = (|| {
        let object = socket_at(call, 0)?;
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                let address = address.unwrap_or_else(|| call.vm.text(object, connector::PEER));
                granted(call, &address)?;
                let bytes = if count == 0 { Some(Vec::new()) } else { from.part(call.vm, 0, count) };
                let Some(bytes) = bytes else { return Err(nonsense(call)) };
                call.hold(object)?;
                let handle = socket(call, object)?;
                call.operation(Operation::SendTo { handle, address, bytes })?
            }
        };
        ended.map(|_| answer(count as i64)).map_err(|error| failed(call, &error))
    })();
    done(sent)
}
