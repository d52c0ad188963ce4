//! `.internal.tcp`: connections and listening sockets.
//!
//! After a restart a listening socket is bound again before any thread runs; when that was not possible (another uses the
//! port, or it is not granted any more) the next `accept` tries once more, and says why not. A connection fails once with `connection_reset` and is closed then.

use super::outside::Form;
use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use crate::connectors::call::{Entry, READ_BYTES_MAX};
use crate::connectors::counters::Counter;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_state};
use platform::{Done, Handle, Operation};

pub(super) const METHODS: Methods = methods! {
    16 connect;
    17 disconnect;
    18 listen;
    19 send;
    20 shutdown;
    21 |call: &mut Call<'_>| receive(call, None);
    22 |call: &mut Call<'_>| { let most = call.int(0); receive(call, Some(most)) };
    23 accept;
    24 curl;
};

/// Most bytes that one call receives: what a socket has buffered is rarely more.
const RECEIVED_BYTES_MAX: i32 = 64 << 10;

fn connect(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let address = call.plain_text(0, "tcp.connect address is not a string host:port")?;
    let what = format!("connect to {address}");
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            call.granted_net(&address)?;
            call.open(|handle| Operation::Connect { handle, address })?
        }
    };
    match ended {
        Ok(Done::Opened { local, peer }) => {
            call.now_open(object, connector_state::OPEN, &local, &peer);
            Ok(Outcome::VOID)
        }
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

fn disconnect(call: &mut Call<'_>) -> Step {
    let object = call.this();
    call.close(object);
    Ok(Outcome::VOID)
}

/// The port in an address; 0 when there is none.
pub(super) fn port_of(address: &str) -> i32 {
    address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0)
}

fn listen(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let address = call.plain_text(0, "tcp.listen address is not a string host:port")?;
    let what = format!("listen at {address}");
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            call.granted_net(&address)?;
            // Whoever listens again at the same address is not in its own way.
            call.close(object);
            call.open(|handle| Operation::Listen { handle, address })?
        }
    };
    match ended {
        Ok(Done::Opened { local, .. }) => {
            call.now_open(object, connector_state::LISTENING, &local, "");
            Ok(Outcome::int(port_of(&local)))
        }
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

/// Reference 0: the connector that is bound again, while it is.
fn accept(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let what = format!("accept at {}", call.address_text(object));
    if let Entry::Ended(ended) = call.entry()? {
        let rebinding = !call.reference(0).is_null();
        call.set_reference(0, Value::NULL);
        match ended {
            Ok(Done::Opened { local, .. }) if rebinding => {
                call.now_open(object, connector_state::LISTENING, &local, "");
            }
            Ok(Done::Opened { local, peer }) => return Ok(accepted(call, object, &local, &peer)),
            Ok(_) => return Err(call.nonsense(&what)),
            // Another thread has bound it again meanwhile.
            Err(_) if rebinding && call.attached(object).is_some() => {}
            Err(error) => return Err(call.failed(&what, &error)),
        }
    }
    if call.connector_state(object) != connector_state::LISTENING {
        return Err(call.throw_kernel(ClassId::Io, "the socket does not listen: call `listen` first"));
    }
    let listener = match call.attached(object) {
        Some(listener) => listener,
        None => {
            let address = call.address_text(object);
            call.granted_net(&address)?;
            call.set_reference(0, Value::object(object));
            match call.open(|handle| Operation::Listen { handle, address })? {
                Ok(Done::Opened { local, .. }) => {
                    call.now_open(object, connector_state::LISTENING, &local, "");
                }
                Ok(_) => return Err(call.nonsense(&what)),
                Err(error) => return Err(call.failed(&what, &error)),
            }
            match call.attached(object) {
                Some(listener) => listener,
                None => return Err(call.nonsense(&what)),
            }
        }
    };
    // Set when a wait to be attached ended with the socket bound by the start; what ends next is a connection.
    call.set_reference(0, Value::NULL);
    let ended = call.open(|handle| Operation::Accept { listener, handle })?;
    match ended {
        Ok(Done::Opened { local, peer }) => Ok(accepted(call, object, &local, &peer)),
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

/// A new connection, with the options of the socket that it came in by.
fn accepted(call: &mut Call<'_>, listener: Addr, local: &str, peer: &str) -> Outcome {
    let made = call.vm.new_kernel(ClassId::Tcp);
    call.now_open(made, connector_state::OPEN, local, peer);
    let options = call.vm.get_u32(listener, connector::OPTIONS);
    call.vm.set_u32(made, connector::OPTIONS, options);
    Outcome::object(made)
}

/// The connection of a connector; leaves the method when it has none.
fn connection(call: &mut Call<'_>, object: Addr) -> Result<Handle, Outcome> {
    if call.connector_state(object) != connector_state::OPEN {
        return Err(call.throw_kernel(ClassId::Io, "the socket is not connected: call `connect` first"));
    }
    match call.attached(object) {
        Some(handle) => Ok(handle),
        None => Err(restarted(call, object)),
    }
}

/// What throws, once, when the world was restarted since a connection was made.
fn restarted(call: &mut Call<'_>, object: Addr) -> Outcome {
    let peer = call.vm.text(object, connector::PEER);
    call.close(object);
    let text = format!(
        "connection reset: the world was restarted, and the connection to {peer} is gone; connect again"
    );
    call.throw_kernel(ClassId::ConnectionReset, &text)
}

fn send(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let payload = call.payload(0, "tcp.send data is neither a string nor a binary")?;
    let what = format!("send {} bytes to {}", payload.len, call.vm.text(object, connector::PEER));
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Lost => {
            call.close(object);
            return Err(call.unknown(&what));
        }
        Entry::Fresh => {
            let handle = connection(call, object)?;
            call.hold(object)?;
            if payload.len == 0 {
                return Ok(Outcome::VOID);
            }
            let bytes = call.gathered(payload)?;
            call.operation(Operation::Send { handle, bytes })?
        }
    };
    match ended {
        Ok(_) => {
            let len = call.sent();
            call.vm.count(Counter::TcpOut, len);
            Ok(Outcome::VOID)
        }
        Err(error) => {
            call.close(object);
            Err(call.failed(&what, &error))
        }
    }
}

fn shutdown(call: &mut Call<'_>) -> Step {
    let object = call.this();
    if let Some(handle) = call.attached(object) {
        let _ = call.vm.submit_unwatched(Operation::Shutdown { handle });
    }
    Ok(Outcome::VOID)
}

fn receive(call: &mut Call<'_>, as_binary: Option<i32>) -> Step {
    let object = call.this();
    let what = format!("receive from {}", call.vm.text(object, connector::PEER));
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Lost | Entry::Fresh => {
            let most = call.read_size(as_binary.unwrap_or(RECEIVED_BYTES_MAX), "tcp.recvBinary")?;
            let handle = connection(call, object)?;
            call.operation(Operation::Receive { handle, most })?
        }
    };
    match ended {
        Ok(Done::Data(bytes)) if bytes.is_empty() => Ok(Outcome::value(Value::NULL)),
        Ok(Done::Data(bytes)) => {
            let form = if as_binary.is_some() { Form::Binary } else { Form::Text };
            let (made, len) = call.brought(bytes, form)?;
            call.vm.count(Counter::TcpIn, len);
            Ok(Outcome::object(made))
        }
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => {
            call.close(object);
            Err(call.failed(&what, &error))
        }
    }
}

/// `host:port` of an `http:` address.
fn http_address(url: &str) -> Option<String> {
    let rest = url.strip_prefix("http://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if host.is_empty() {
        return None;
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port { host.to_string() } else { format!("{host}:80") })
}

fn header_fields(text: &str) -> Option<Vec<(String, String)>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            line.split_once(':').map(|(name, value)| (name.trim().to_string(), value.trim().to_string()))
        })
        .collect()
}

fn curl(call: &mut Call<'_>) -> Step {
    let url = call.plain_text(0, "tcp.curl address is not a string")?;
    let what = format!("fetch {url}");
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            let Some(address) = http_address(&url) else {
                let text = format!(
                    "cannot {what}: the address must begin with http:// and name a host (https is not built in)"
                );
                return Err(call.throw_kernel(ClassId::Io, &text));
            };
            let fields = match call.value(1) {
                Value::NULL => String::new(),
                _ => super::lossy(&call.short_text(1, "tcp.curl header is not a string")?),
            };
            let Some(headers) = header_fields(&fields) else {
                return Err(call.throw_string("tcp.curl header line is not of the form `name: value`"));
            };
            call.granted_net(&address)?;
            call.operation(Operation::HttpGet { url, headers, most: READ_BYTES_MAX })?
        }
    };
    match ended {
        // Data is what is left of a document.
        Ok(Done::Document { status: 200..=299, body, .. } | Done::Data(body)) => {
            let (made, len) = call.brought(body, Form::Text)?;
            call.vm.count(Counter::TcpIn, len);
            Ok(Outcome::object(made))
        }
        Ok(Done::Document { status, location, .. }) => {
            let leads =
                if location.is_empty() { String::new() } else { format!(", which leads to {location}") };
            let text = format!("cannot {what}: the server answers {status}{leads}");
            Err(call.throw_kernel(ClassId::Io, &text))
        }
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}
