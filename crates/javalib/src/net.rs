//! Sockets: `sun.nio.ch.Net` and what is around it, over TCP connectors; IPv4 only.
//!
//! A listening socket is bound again by a restart before any thread runs; a connection gives one `SocketException:
//! Connection reset`. Selectors live in the world: what is registered, and the events by which threads wake each other;
//! only the question which sockets are ready goes outside, and is asked again after a restart.
//!
//! A connection of a channel that does not block is made meanwhile (`Operation::StartConnect`); that is begun again after a
//! restart, of which the program learns nothing. Bytes are sent whole, also there. How a socket is set up stands in the
//! world (`options`), datagrams are in `datagrams`.

use crate::descriptors::{
    Open, Source, connector_at, enter, open_at, progress, reason, replace, set_number_in, set_progress,
};
use crate::nio::fd_in;
use crate::offheap;
use crate::options::{get_option, set_option, set_up};
use crate::process::ask;
use crate::support::{array_of, done, get, natives, nothing, object, set, text, zero};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_option, connector_state, wait};
use platform::{Done, Ended, Fault, Handle, Known, Operation, OutsideError, READABLE, Stream, WRITABLE};
use vm::internal::{Call, Outcome, Wait};
use vm::{Entry, Native};

const NS_PER_MS: u64 = 1_000_000;
/// Answers of channels that do not block: nothing there now.
pub(crate) const UNAVAILABLE: i32 = -2;
const EOF: i32 = -1;
/// What the position of a connector says of a socket besides what its handle was set up: that it will listen.
pub(crate) const LISTENS: u64 = 1;
/// Events of `poll` on Linux.
const POLLIN: i32 = 1;
const POLLOUT: i32 = 4;
const POLLERR: i32 = 8;
const POLLHUP: i32 = 16;
const POLLNVAL: i32 = 32;
/// Most bytes that one call takes from a connection.
const RECEIVED_BYTES_MAX: usize = 32 << 10;

/// `struct epoll_event` of x86-64: events, then the data.
const EVENT_BYTES: u64 = 12;
const EVENT_DATA: u64 = 4;
/// What is done to what is registered.
const ADD: i32 = 1;
const DELETE: i32 = 2;
/// Entries of the first list of a selector: of each a number and its events.
const FIRST_ENTRIES: u64 = 8;
const ENTRY: u64 = 2;

pub(crate) const NATIVES: &[Native] = natives! {
    "sun/nio/ch/Net" {
        "isIPv6Available0" "()Z" Short zero;
        "isReusePortAvailable0" "()Z" Short zero;
        // Of releases from 17.0.20 on.
        "shouldShutdownWriteBeforeClose0" "()Z" Short zero;
        "isExclusiveBindAvailable" "()I" Short |_| Outcome::int(-1);
        "shouldSetBothIPv4AndIPv6Options0" "()Z" Short zero;
        "canIPv6SocketJoinIPv4Group0" "()Z" Short zero;
        "canJoin6WithIPv4Group0" "()Z" Short zero;
        "canUseIPv6OptionsWithIPv4LocalAddress0" "()Z" Short zero;
        "socket0" "(ZZZZ)I" Short socket;
        "bind0" "(Ljava/io/FileDescriptor;ZZLjava/net/InetAddress;I)V" Resumable bind;
        "listen" "(Ljava/io/FileDescriptor;I)V" Short nothing;
        "connect0" "(ZLjava/io/FileDescriptor;Ljava/net/InetAddress;I)I" Resumable connect;
        "accept" "(Ljava/io/FileDescriptor;Ljava/io/FileDescriptor;[Ljava/net/InetSocketAddress;)I" Resumable accept;
        "shutdown" "(Ljava/io/FileDescriptor;I)V" Idempotent shutdown;
        "localPort" "(Ljava/io/FileDescriptor;)I" Short |call| port(call, connector::ADDRESS);
        "localInetAddress" "(Ljava/io/FileDescriptor;)Ljava/net/InetAddress;" Short |call| address(call, connector::ADDRESS);
        "remotePort" "(Ljava/io/FileDescriptor;)I" Short |call| port(call, connector::PEER);
        "remoteInetAddress" "(Ljava/io/FileDescriptor;)Ljava/net/InetAddress;" Short |call| address(call, connector::PEER);
        "getIntOption0" "(Ljava/io/FileDescriptor;ZII)I" Short get_option;
        "setIntOption0" "(Ljava/io/FileDescriptor;ZIIIZ)V" Short set_option;
        "poll" "(Ljava/io/FileDescriptor;IJ)I" Resumable poll;
        "pollConnect" "(Ljava/io/FileDescriptor;J)Z" Resumable finish_connect;
        "available" "(Ljava/io/FileDescriptor;)I" Idempotent available;
        "sendOOB" "(Ljava/io/FileDescriptor;B)I" Short |call| {
            call.throw_java("java/net/SocketException", Some("urgent data is not supported"))
        };
        "discardOOB" "(Ljava/io/FileDescriptor;)Z" Short zero;
        "joinOrDrop4" "(ZLjava/io/FileDescriptor;III)I" Short |_| Outcome::int(UNAVAILABLE);
        "blockOrUnblock4" "(ZLjava/io/FileDescriptor;III)I" Short |_| Outcome::int(UNAVAILABLE);
        "setInterface4" "(Ljava/io/FileDescriptor;I)V" Short nothing;
        "getInterface4" "(Ljava/io/FileDescriptor;)I" Short zero;
        "pollinValue" "()S" Short |_| Outcome::int(POLLIN);
        "polloutValue" "()S" Short |_| Outcome::int(POLLOUT);
        "pollerrValue" "()S" Short |_| Outcome::int(POLLERR);
        "pollhupValue" "()S" Short |_| Outcome::int(POLLHUP);
        "pollnvalValue" "()S" Short |_| Outcome::int(POLLNVAL);
        "pollconnValue" "()S" Short |_| Outcome::int(POLLOUT);
    }
    "sun/nio/ch/SocketDispatcher" {
        "read0" "(Ljava/io/FileDescriptor;JI)I" Resumable |call| {
            let (address, count) = (call.long_at(1) as u64, call.int_at(2).max(0) as u64);
            receive(call, Source::Memory { address }, count, |count| Outcome::int(count as i32))
        };
        "readv0" "(Ljava/io/FileDescriptor;JI)J" Resumable |call| {
            let (room, count) = crate::nio::list(call);
            receive(call, room, count, Outcome::long)
        };
    }
    "sun/nio/ch/IOUtil" {
        "configureBlocking" "(Ljava/io/FileDescriptor;Z)V" Short configure_blocking;
        "drain" "(I)Z" Short drain;
        "drain1" "(I)I" Short |call| match drain(call) { Outcome::Return(found) => Outcome::Return(found), other => other };
        "write1" "(IB)I" Short |call| { let fd = call.int_at(0); signal(call, fd) };
    }
    "sun/nio/ch/EventFD" {
        "eventfd0" "()I" Short new_event;
        "set0" "(I)I" Short |call| { let fd = call.int_at(0); signal(call, fd) };
    }
    "sun/nio/ch/EPoll" {
        "eventSize" "()I" Short |_| Outcome::int(EVENT_BYTES as i32);
        "eventsOffset" "()I" Short zero;
        "dataOffset" "()I" Short |_| Outcome::int(EVENT_DATA as i32);
        "create" "()I" Short new_selector;
        "ctl" "(IIII)I" Short register;
        "wait" "(IJII)I" Resumable select;
    }
    "sun/nio/ch/UnixDomainSockets" {
        "init" "()Z" Short zero;
    }
    "sun/net/spi/DefaultProxySelector" {
        "init" "()Z" Short zero;
    }
    "sun/net/PortConfig" {
        "getLower0" "()I" Short |_| Outcome::int(32768);
        "getUpper0" "()I" Short |_| Outcome::int(60999);
    }
    "java/net/InetAddress" {
        "init" "()V" Short nothing;
        "isIPv4Available" "()Z" Short |_| Outcome::truth(true);
        "isIPv6Supported" "()Z" Short zero;
    }
    "java/net/DatagramPacket" { "init" "()V" Short nothing; }
    "java/net/Inet4Address" { "init" "()V" Short nothing; }
    "java/net/Inet6Address" { "init" "()V" Short nothing; }
    "java/net/InetAddressImplFactory" { "isIPv6Supported" "()Z" Short zero; }
    "java/net/NetworkInterface" {
        "init" "()V" Short nothing;
    }
    "java/net/Inet4AddressImpl" {
        "getLocalHostName" "()Ljava/lang/String;" Idempotent local_name;
        "isReachable0" "([BI[BI)Z" Short zero;
        "lookupAllHostAddr" "(Ljava/lang/String;)[Ljava/net/InetAddress;" Idempotent look_up;
        "getHostByAddr" "([B)Ljava/lang/String;" Short no_name;
    }
    "jdk/net/LinuxSocketOptions" {
        "keepAliveOptionsSupported0" "()Z" Short zero;
        "quickAckSupported0" "()Z" Short zero;
        "incomingNapiIdSupported0" "()Z" Short zero;
    }
};

/// The TCP connector of the `FileDescriptor` in argument `index`.
fn tcp_at(call: &Call<'_>, index: u64) -> Option<Addr> {
    connector_at(call, fd_in(call, index), ClassId::Tcp)
}

/// The connector of any socket.
pub(crate) fn socket_of(call: &Call<'_>, fd: i32) -> Option<Addr> {
    connector_at(call, fd, ClassId::Tcp).or_else(|| connector_at(call, fd, ClassId::Udp))
}

pub(crate) fn socket_at(call: &mut Call<'_>, index: u64) -> Result<Addr, Outcome> {
    let found = socket_of(call, fd_in(call, index));
    found.ok_or_else(|| call.throw_java("java/net/SocketException", Some("Socket closed")))
}

pub(crate) fn waits(call: &Call<'_>, object: Addr) -> bool {
    options(call, object) & connector_option::NONBLOCKING == 0
}
fn options(call: &Call<'_>, object: Addr) -> u32 {
    call.vm.get_u32(object, connector::OPTIONS)
}

/// Throws what a failure is in Java.
pub(crate) fn failed(call: &mut Call<'_>, error: &OutsideError) -> Outcome {
    let (class, text) = match error.fault {
        Fault::Refused => ("java/net/ConnectException", "Connection refused".into()),
        Fault::Unreachable => ("java/net/NoRouteToHostException", reason(error)),
        Fault::AddressInUse | Fault::AddressNotHere => ("java/net/BindException", reason(error)),
        Fault::Reset => ("java/net/SocketException", "Connection reset".into()),
        Fault::Closed => ("java/net/SocketException", "Socket closed".into()),
        _ => ("java/net/SocketException", reason(error)),
    };
    let text: String = text;
    call.throw_java(class, Some(&text))
}

pub(crate) fn nonsense(call: &mut Call<'_>) -> Outcome {
    call.throw_java("java/net/SocketException", Some("the system below gave no answer to that"))
}

/// Leaves the method when the program may not use an address.
pub(crate) fn granted(call: &mut Call<'_>, address: &str) -> Result<(), Outcome> {
    let answer = call.vm.may_net(call.thread, address);
    answer.map_err(|why| {
        let text = format!("Permission denied: {why}");
        call.throw_java("java/net/SocketException", Some(&text))
    })
}

fn socket(call: &mut Call<'_>) -> Outcome {
    let (stream, reuse) = (call.int_at(1) != 0, call.int_at(2) != 0);
    let object = call.vm.new_kernel(if stream { ClassId::Tcp } else { ClassId::Udp });
    call.vm.set_u32(object, connector::STATE, connector_state::CLOSED);
    // Only a socket that will listen may use an address again, so it tells them apart.
    call.vm.set_u64(object, connector::POSITION, u64::from(stream && reuse));
    Outcome::int(enter(call, object))
}

/// The text of an address from the `InetAddress` in argument `at` and the port behind it.
pub(crate) fn address_text(call: &mut Call<'_>, at: u64) -> Result<String, Outcome> {
    const IPV4: u64 = 1;
    let given = object(call, at)?;
    let holder = Value(get(call.vm, given, "holder"));
    let Some(holder) = holder.as_object() else { return Err(nonsense(call)) };
    if get(call.vm, holder, "family") != IPV4 {
        let text = "Protocol family unavailable";
        return Err(call.throw_java("java/net/SocketException", Some(text)));
    }
    let [a, b, c, d] = (get(call.vm, holder, "address") as u32).to_be_bytes();
    Ok(format!("{a}.{b}.{c}.{d}:{}", call.int_at(at + 1)))
}

/// Binds a socket that will listen; another one takes what address it gets when it connects.
fn bind(call: &mut Call<'_>) -> Outcome {
    let bound = (|| {
        let object = socket_at(call, 0)?;
        let address = address_text(call, 3)?;
        if call.vm.is_kernel(Value::object(object), ClassId::Udp) {
            return crate::datagrams::bind(call, object, address);
        }
        if call.vm.get_u64(object, connector::POSITION) & LISTENS == 0 {
            return Ok(Outcome::VOID);
        }
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                granted(call, &address)?;
                call.open(|handle| Operation::Listen { handle, address })?
            }
        };
        match ended {
            Ok(Done::Opened { local, .. }) => {
                call.now_open(object, connector_state::LISTENING, &local, "");
                set_up(call, object);
                Ok(Outcome::VOID)
            }
            Ok(_) => Err(nonsense(call)),
            Err(error) => Err(failed(call, &error)),
        }
    })();
    done(bound)
}

/// 1: the connection is made; [`UNAVAILABLE`]: it is being made.
fn connect(call: &mut Call<'_>) -> Outcome {
    let made = (|| {
        let object = socket_at(call, 1)?;
        let address = address_text(call, 2)?;
        if call.vm.is_kernel(Value::object(object), ClassId::Udp) {
            return crate::datagrams::connect(call, object, &address);
        }
        if !waits(call, object) {
            granted(call, &address)?;
            call.set_text(object, connector::PEER, &address);
            start_connect(call, object)?;
            let is_made = connected(call, object)?;
            return Ok(Outcome::int(if is_made { 1 } else { UNAVAILABLE }));
        }
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                granted(call, &address)?;
                call.open(|handle| Operation::Connect { handle, address })?
            }
        };
        match ended {
            Ok(Done::Opened { local, peer }) => {
                call.now_open(object, connector_state::OPEN, &local, &peer);
                set_up(call, object);
                Ok(Outcome::int(1))
            }
            Ok(_) => Err(nonsense(call)),
            Err(error) => Err(failed(call, &error)),
        }
    })();
    done(made)
}

/// Begins a connection to the other end that the connector names; it ends at once, so nothing of it is in the frame.
fn start_connect(call: &mut Call<'_>, object: Addr) -> Result<(), Outcome> {
    let address = call.vm.text(object, connector::PEER);
    match call.open(|handle| Operation::StartConnect { handle, address })? {
        Ok(_) => {
            call.opened(object);
            Ok(())
        }
        Err(error) => Err(failed(call, &error)),
    }
}

/// Whether a connection that was begun is made.
fn connected(call: &mut Call<'_>, object: Addr) -> Result<bool, Outcome> {
    if call.connector_state(object) == connector_state::OPEN {
        return Ok(true);
    }
    let Some(handle) = call.attached(object) else { return Ok(false) };
    match call.operation(Operation::FinishConnect { handle })? {
        Ok(Done::Opened { local, peer }) => {
            call.set_text(object, connector::ADDRESS, &local);
            call.set_text(object, connector::PEER, &peer);
            call.vm.set_u32(object, connector::STATE, connector_state::OPEN);
            set_up(call, object);
            Ok(true)
        }
        Ok(_) => Ok(false),
        Err(error) => {
            call.close(object);
            Err(failed(call, &error))
        }
    }
}

/// Whether a connection is made within so many milliseconds; for ever when they are negative.
fn finish_connect(call: &mut Call<'_>) -> Outcome {
    let millis = call.long_at(1);
    let made = (|| {
        let object = socket_at(call, 0)?;
        // Begun before a restart.
        let is_begun = call.vm.get_ref(object, connector::PEER).as_object().is_some();
        if is_begun
            && call.attached(object).is_none()
            && call.connector_state(object) == connector_state::CLOSED
        {
            let thread = call.thread;
            call.vm.forget_call(thread);
            call.set_phase(0);
            start_connect(call, object)?;
        }
        let Some(handle) = call.attached(object) else {
            return Ok(Outcome::truth(call.connector_state(object) == connector_state::OPEN));
        };
        if millis != 0 && call.connector_state(object) != connector_state::OPEN {
            watch(call, alloc::vec![(handle, WRITABLE)], millis)?;
        }
        connected(call, object).map(Outcome::truth)
    })();
    done(made)
}

/// How many bytes can be read at once.
fn available(call: &mut Call<'_>) -> Outcome {
    let found = (|| {
        let object = socket_at(call, 0)?;
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                let Some(handle) = call.attached(object) else { return Ok(Outcome::int(0)) };
                call.operation(Operation::Available { handle, stream: Stream::Output })?
            }
        };
        match ended {
            Ok(Done::Number(count)) => Ok(Outcome::int(count.min(i32::MAX as u64) as i32)),
            Ok(_) => Err(nonsense(call)),
            Err(error) => Err(failed(call, &error)),
        }
    })();
    done(found)
}

/// The name of this machine, as far as the program may ask for its address.
fn local_name(call: &mut Call<'_>) -> Outcome {
    let found = ask(call, Known::HostName).map(|names| {
        let name = names.ok().and_then(|names| names.into_iter().next());
        let name = name.filter(|name| call.vm.may_net(call.thread, name).is_ok());
        Outcome::value(call.vm.java_string(name.as_deref().unwrap_or("localhost")))
    });
    done(found)
}

/// Whether something can be done with an open socket at once.
pub(crate) fn is_ready(call: &mut Call<'_>, handle: Handle, wanted: u8) -> bool {
    let looked = call.operation(Operation::Watch { of: alloc::vec![(handle, wanted)] });
    let ready = matches!(&looked, Ok(Ok(Done::Ready(ready))) if !ready.is_empty());
    if looked.is_err() {
        let thread = call.thread;
        call.vm.forget_call(thread);
        call.set_phase(0);
    }
    ready
}

/// 1: a connection has come.
fn accept(call: &mut Call<'_>) -> Outcome {
    let taken = (|| {
        let object = socket_at(call, 0)?;
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                let Some(listener) = call.attached(object) else {
                    let address = call.vm.text(object, connector::ADDRESS);
                    let text = format!("{address} could not be bound again after a restart");
                    return Err(call.throw_java("java/net/SocketException", Some(&text)));
                };
                set_up(call, object);
                if !waits(call, object) && !is_ready(call, listener, READABLE) {
                    return Ok(Outcome::int(UNAVAILABLE));
                }
                call.open(|handle| Operation::Accept { listener, handle })?
            }
        };
        match ended {
            Ok(Done::Opened { local, peer }) => {
                let made = call.vm.new_kernel(ClassId::Tcp);
                call.now_open(made, connector_state::OPEN, &local, &peer);
                let fd = enter(call, made);
                let descriptor = call.reference_at(1);
                set_number_in(call.vm, descriptor, fd);
                let given = socket_address(call, &peer)?;
                if let Some(array) = call.reference_at(2).as_object() {
                    call.vm.array_set(array, 0, given);
                }
                Ok(Outcome::int(1))
            }
            Ok(_) => Err(nonsense(call)),
            Err(error) => Err(failed(call, &error)),
        }
    })();
    done(taken)
}

fn shutdown(call: &mut Call<'_>) -> Outcome {
    const READING: i32 = 0;
    let how = call.int_at(1);
    if how == READING {
        return Outcome::VOID;
    }
    let Some(handle) = tcp_at(call, 0).and_then(|object| call.attached(object)) else { return Outcome::VOID };
    match call.entry() {
        Ok(Entry::Fresh) => match call.operation(Operation::Shutdown { handle }) {
            Ok(_) => Outcome::VOID,
            Err(outcome) => outcome,
        },
        Ok(_) => Outcome::VOID,
        Err(outcome) => outcome,
    }
}

/// An address of numbers.
pub(crate) fn parts(text: &str) -> (u32, i32) {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "0"));
    let mut address = 0;
    for part in host.split('.') {
        address = address << 8 | part.parse::<u32>().unwrap_or(0);
    }
    (address, port.parse().unwrap_or(0))
}

/// A `java.net.Inet4Address`.
pub(crate) fn inet_address(call: &mut Call<'_>, address: u32, name: Option<&str>) -> Result<Value, Outcome> {
    let made = call.vm.class_by_name("java/net/Inet4Address").map_err(Outcome::Throw)?;
    let holder = call.vm.class_by_name("java/net/InetAddress$InetAddressHolder").map_err(Outcome::Throw)?;
    let (made, holder) = (call.vm.new_object(made), call.vm.new_object(holder));
    set(call.vm, holder, "address", address.into());
    set(call.vm, holder, "family", 1);
    if let Some(name) = name {
        for field in ["hostName", "originalHostName"] {
            let name = call.vm.java_string(name);
            set(call.vm, holder, field, name.0);
        }
    }
    set(call.vm, made, "holder", holder.0);
    Ok(Value::object(made))
}

/// A `java.net.InetSocketAddress`.
fn socket_address(call: &mut Call<'_>, text: &str) -> Result<Value, Outcome> {
    let (address, port) = parts(text);
    let address = inet_address(call, address, None)?;
    let made = call.vm.class_by_name("java/net/InetSocketAddress").map_err(Outcome::Throw)?;
    let holder = call
        .vm
        .class_by_name("java/net/InetSocketAddress$InetSocketAddressHolder")
        .map_err(Outcome::Throw)?;
    let (made, holder) = (call.vm.new_object(made), call.vm.new_object(holder));
    set(call.vm, holder, "addr", address.0);
    set(call.vm, holder, "port", port as u64);
    set(call.vm, made, "holder", holder.0);
    Ok(Value::object(made))
}

fn port(call: &mut Call<'_>, field: u64) -> Outcome {
    match socket_at(call, 0) {
        Ok(object) => Outcome::int(parts(&call.vm.text(object, field)).1),
        Err(thrown) => thrown,
    }
}

fn address(call: &mut Call<'_>, field: u64) -> Outcome {
    let found = socket_at(call, 0).and_then(|object| {
        let (address, _) = parts(&call.vm.text(object, field));
        inet_address(call, address, None).map(Outcome::value)
    });
    done(found)
}

fn configure_blocking(call: &mut Call<'_>) -> Outcome {
    if let Some(object) = socket_of(call, fd_in(call, 0)) {
        let waits = call.int_at(1) != 0;
        let others = options(call, object) & !connector_option::NONBLOCKING;
        let own = if waits { 0 } else { connector_option::NONBLOCKING };
        call.vm.set_u32(object, connector::OPTIONS, others | own);
    }
    Outcome::VOID
}

/// What an open connection has outside; leaves the method, once with a reset, when the world was restarted since.
fn connection(call: &mut Call<'_>, object: Addr) -> Result<Handle, Outcome> {
    if let Some(handle) = call.attached(object) {
        return Ok(handle);
    }
    let was_open = call.connector_state(object) == connector_state::OPEN;
    call.close(object);
    let text = if was_open { "Connection reset" } else { "Socket closed" };
    Err(call.throw_java("java/net/SocketException", Some(text)))
}

/// Takes what has come in, to so much room.
fn receive(call: &mut Call<'_>, room: Source, count: u64, answer: fn(i64) -> Outcome) -> Outcome {
    if count == 0 {
        return answer(0);
    }
    let taken = (|| {
        let object = socket_at(call, 0)?;
        let ended = match call.entry()? {
            Entry::Ended(ended) => ended,
            Entry::Fresh | Entry::Lost => {
                let handle = connection(call, object)?;
                if !waits(call, object) && !is_ready(call, handle, READABLE) {
                    return Ok(answer(i64::from(UNAVAILABLE)));
                }
                let most = (count as usize).clamp(1, RECEIVED_BYTES_MAX);
                call.operation(Operation::Receive { handle, most })?
            }
        };
        match ended {
            Ok(Done::Data(bytes)) => {
                call.vm.worked(bytes.len() as u64);
                room.put(call.vm, 0, &bytes);
                Ok(answer(if bytes.is_empty() { i64::from(EOF) } else { bytes.len() as i64 }))
            }
            Ok(_) => Err(nonsense(call)),
            Err(error) => {
                call.close(object);
                Err(failed(call, &error))
            }
        }
    })();
    done(taken)
}

/// Sends bytes; what a restart interrupted finds the connection reset.
pub(crate) fn send(call: &mut Call<'_>, object: Addr, bytes: Vec<u8>) -> Result<(), Outcome> {
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            let handle = connection(call, object)?;
            call.hold(object)?;
            call.operation(Operation::Send { handle, bytes })?
        }
    };
    ended.map(|_| ()).map_err(|error| {
        call.close(object);
        failed(call, &error)
    })
}

/// Closes what a socket has open while its number stays: who waits there learns it.
pub(crate) fn pre_close(call: &mut Call<'_>) -> Outcome {
    if let Some(object) = socket_of(call, fd_in(call, 0)) {
        call.close(object);
        call.vm.wake_outside();
    }
    Outcome::VOID
}

fn interest(events: i32) -> u8 {
    let readable = if events & POLLIN != 0 { READABLE } else { 0 };
    let writable = if events & POLLOUT != 0 { WRITABLE } else { 0 };
    readable | writable
}
fn events(ready: u8) -> i32 {
    let readable = if ready & READABLE != 0 { POLLIN } else { 0 };
    let writable = if ready & WRITABLE != 0 { POLLOUT } else { 0 };
    readable | writable
}

/// What a socket is asked for, and what it has open: ready at once when it has nothing.
enum Asked {
    Ready(u8),
    Open(Handle, u8),
}

fn asked(call: &Call<'_>, fd: i32, wanted: i32) -> Asked {
    match socket_of(call, fd) {
        Some(object) => match call.attached(object) {
            Some(handle) => Asked::Open(handle, interest(wanted)),
            None => Asked::Ready(interest(wanted)),
        },
        None => Asked::Ready(0),
    }
}

/// Waits until something can be done with sockets, no longer than so many milliseconds, for ever when they are negative:
/// what can be done. What is done (reference 0): the world clock at the end of the time.
fn watch(call: &mut Call<'_>, of: Vec<(Handle, u8)>, millis: i64) -> Result<Vec<(Handle, u8)>, Outcome> {
    let now = call.vm.clock_ns();
    let mut until = progress(call).1;
    if until == 0 && millis >= 0 {
        until = now.saturating_add((millis as u64).saturating_mul(NS_PER_MS)).max(1);
        set_progress(call, 0, until);
    }
    let over = millis >= 0 && now >= until;
    let thread = call.thread;
    let waits = Outcome::Block(Wait::At {
        kind: wait::OUTSIDE,
        object: thread,
        until: Some(until).filter(|_| millis >= 0),
    });
    let started: Result<Ended, Outcome> = match call.entry() {
        Ok(Entry::Ended(ended)) => Ok(ended),
        Ok(Entry::Fresh | Entry::Lost) if of.is_empty() && over => return Ok(Vec::new()),
        Ok(Entry::Fresh | Entry::Lost) => call.operation(Operation::Watch { of }),
        // It was woken by something in the world: what it asks for may be another now.
        Err(Outcome::Block(_)) => {
            call.vm.forget_call(thread);
            call.set_phase(0);
            if over {
                return Ok(Vec::new());
            }
            call.operation(Operation::Watch { of })
        }
        Err(outcome) => Err(outcome),
    };
    match started {
        Ok(Ok(Done::Ready(ready))) => Ok(ready),
        Ok(Ok(_)) => Err(nonsense(call)),
        Ok(Err(error)) => Err(failed(call, &error)),
        Err(_) if over => {
            call.vm.forget_call(thread);
            call.set_phase(0);
            Ok(Vec::new())
        }
        Err(Outcome::Block(_)) => Err(waits),
        Err(outcome) => Err(outcome),
    }
}

fn poll(call: &mut Call<'_>) -> Outcome {
    let (fd, wanted, millis) = (fd_in(call, 0), call.int_at(1), call.long_at(2));
    let of = match asked(call, fd, wanted) {
        Asked::Ready(ready) => {
            let thread = call.thread;
            call.vm.forget_call(thread);
            return Outcome::int(if ready == 0 { POLLNVAL } else { events(ready) });
        }
        Asked::Open(handle, wanted) => alloc::vec![(handle, wanted)],
    };
    match watch(call, of, millis) {
        Ok(ready) => Outcome::int(events(ready.first().map_or(0, |(_, ready)| *ready))),
        Err(outcome) => outcome,
    }
}

/// A number by which threads of the world wake each other: an array of one, how often.
fn new_event(call: &mut Call<'_>) -> Outcome {
    let made = call.vm.make_ref_array(1);
    call.vm.array_set(made, 0, Value::int(0));
    Outcome::int(enter(call, made))
}

/// The array that is an event, or a selector: these have an even number of elements.
fn list_at(call: &Call<'_>, fd: i32, is_event: bool) -> Option<Addr> {
    match open_at(call, fd)? {
        Open::Object(object)
            if !call.vm.is_kernel(Value::object(object), ClassId::Connector)
                && !call.vm.is_string(Value::object(object)) =>
        {
            ((call.vm.array_len(object) == 1) == is_event).then_some(object)
        }
        _ => None,
    }
}

fn signal(call: &mut Call<'_>, fd: i32) -> Outcome {
    let Some(event) = list_at(call, fd, true) else {
        return call.throw_java("java/io/IOException", Some("Bad file descriptor"));
    };
    call.vm.array_set(event, 0, Value::int(1));
    call.vm.wake_outside();
    Outcome::int(1)
}

fn drain(call: &mut Call<'_>) -> Outcome {
    let Some(event) = list_at(call, call.int_at(0), true) else { return Outcome::truth(false) };
    let there = call.vm.array_get(event, 0).as_int().unwrap_or(0) != 0;
    call.vm.array_set(event, 0, Value::int(0));
    Outcome::truth(there)
}

/// A selector: numbers of files and the events that are wanted, in turn; null where there is none.
fn new_selector(call: &mut Call<'_>) -> Outcome {
    let made = call.vm.make_ref_array(FIRST_ENTRIES * ENTRY);
    Outcome::int(enter(call, made))
}

fn register(call: &mut Call<'_>) -> Outcome {
    const EXISTS: i32 = 17;
    const NOT_THERE: i32 = 2;
    const BAD: i32 = 9;
    let (selector, what, fd, wanted) = (call.int_at(0), call.int_at(1), call.int_at(2), call.int_at(3));
    let Some(list) = list_at(call, selector, false) else { return Outcome::int(BAD) };
    let entries = call.vm.array_len(list) / ENTRY;
    let number = |call: &Call<'_>, entry: u64| call.vm.array_get(list, ENTRY * entry).as_int();
    let there = (0..entries).find(|entry| number(call, *entry) == Some(fd));
    let (list, entry) = match (what, there) {
        (ADD, Some(_)) => return Outcome::int(EXISTS),
        (ADD, None) => match (0..entries).find(|entry| number(call, *entry).is_none()) {
            Some(free) => (list, free),
            None => {
                let larger = call.vm.make_ref_array(2 * ENTRY * entries);
                for index in 0..ENTRY * entries {
                    let value = call.vm.array_get(list, index);
                    call.vm.array_set(larger, index, value);
                }
                replace(call, selector, larger);
                (larger, entries)
            }
        },
        (_, None) => return Outcome::int(NOT_THERE),
        (_, Some(there)) => (list, there),
    };
    let gone = what == DELETE;
    let (fd, wanted) = if gone { (Value::NULL, Value::NULL) } else { (Value::int(fd), Value::int(wanted)) };
    call.vm.array_set(list, ENTRY * entry, fd);
    call.vm.array_set(list, ENTRY * entry + 1, wanted);
    // Who selects meanwhile asks anew.
    call.vm.wake_outside();
    Outcome::int(0)
}

/// Waits until something that is registered is ready; how much was written to the address.
fn select(call: &mut Call<'_>) -> Outcome {
    let (selector, address, most, millis) =
        (call.int_at(0), call.long_at(1) as u64, call.int_at(2).max(0) as usize, i64::from(call.int_at(3)));
    let Some(list) = list_at(call, selector, false) else {
        return call.throw_java("java/io/IOException", Some("Bad file descriptor"));
    };
    let (mut ready, mut of) = (Vec::new(), Vec::new());
    for entry in 0..call.vm.array_len(list) / ENTRY {
        let Some(fd) = call.vm.array_get(list, ENTRY * entry).as_int() else { continue };
        let wanted = call.vm.array_get(list, ENTRY * entry + 1).as_int().unwrap_or(0);
        if let Some(event) = list_at(call, fd, true) {
            if call.vm.array_get(event, 0).as_int().unwrap_or(0) != 0 {
                ready.push((fd, POLLIN));
            }
            continue;
        }
        match asked(call, fd, wanted) {
            Asked::Ready(0) => {}
            Asked::Ready(found) => ready.push((fd, events(found))),
            Asked::Open(_, 0) => {}
            Asked::Open(handle, wanted) => of.push((fd, handle, wanted)),
        }
    }
    let thread = call.thread;
    let handles: Vec<(Handle, u8)> = of.iter().map(|(_, handle, wanted)| (*handle, *wanted)).collect();
    if ready.is_empty() {
        // What was asked may be of before a change of the list: what is answered is looked up in the list of now.
        let found = match watch(call, handles, millis) {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        for (handle, found) in found {
            let known = of.iter().find(|(_, known, _)| *known == handle);
            if let Some((fd, _, wanted)) = known
                && found & wanted != 0
            {
                ready.push((*fd, events(found & wanted)));
            }
        }
    } else {
        call.vm.forget_call(thread);
        call.set_phase(0);
    }
    ready.truncate(most);
    for (index, (fd, found)) in ready.iter().enumerate() {
        let at = address + EVENT_BYTES * index as u64;
        offheap::write(call.vm, at, &found.to_le_bytes());
        offheap::write(call.vm, at + EVENT_DATA, &fd.to_le_bytes());
    }
    Outcome::int(ready.len() as i32)
}

/// The addresses of a name, those of IPv4.
fn look_up(call: &mut Call<'_>) -> Outcome {
    let found = (|| {
        let name = text(call, 1)?;
        let unknown = |call: &mut Call<'_>, why: &str| {
            let text = format!("{name}: {why}");
            call.throw_java("java/net/UnknownHostException", Some(&text))
        };
        let names = match call.entry()? {
            Entry::Ended(ended) => ended,
            // Who it is itself a program may know.
            Entry::Fresh | Entry::Lost if name == "localhost" => {
                Ok(Done::Names(alloc::vec!["127.0.0.1".into()]))
            }
            Entry::Fresh | Entry::Lost => {
                if let Err(why) = call.vm.may_net(call.thread, &name) {
                    return Err(unknown(call, &why));
                }
                call.operation(Operation::Resolve { name: name.clone() })?
            }
        };
        let Ok(Done::Names(names)) = names else { return Err(unknown(call, "Name or service not known")) };
        let mut made = Vec::new();
        for address in names.iter().filter(|address| !address.contains(':')) {
            made.push(inet_address(call, parts(address).0, Some(&name))?);
        }
        if made.is_empty() {
            return Err(unknown(call, "Name or service not known"));
        }
        array_of(call.vm, "java/net/InetAddress", &made).map(Outcome::value).map_err(Outcome::Throw)
    })();
    done(found)
}

fn no_name(call: &mut Call<'_>) -> Outcome {
    call.throw_java("java/net/UnknownHostException", None)
}
