//! `.internal.udp`: datagrams. After a restart a socket is bound again before any thread runs; when that was not
//! possible the next call that needs it tries once more.

use super::outside::Form;
use super::support::{Step, methods};
use super::tcp::port_of;
use super::{Call, Methods, Outcome};
use crate::connectors::call::Entry;
use crate::connectors::counters::Counter;
use alloc::format;
use alloc::string::String;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_state};
use platform::{Done, Handle, Operation};

pub(super) const METHODS: Methods = methods! {
    16 |call: &mut Call<'_>| { let address = format!("0.0.0.0:{}", call.int(0)); bind(call, address) };
    17 |call: &mut Call<'_>| -> Step {
        let address = call.plain_text(0, "udp.bindAddress address is not a string host:port")?;
        bind(call, address)
    };
    18 disconnect;
    23 |call: &mut Call<'_>| receive(call, Form::Text);
    24 |call: &mut Call<'_>| receive(call, Form::Binary);
    25 send;
};

/// A datagram is never longer.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;

fn bind(call: &mut Call<'_>, address: String) -> Step {
    let object = call.this();
    let what = format!("bind to {address}");
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            call.granted_net(&address)?;
            call.close(object);
            call.open(|handle| Operation::Bind { handle, address })?
        }
    };
    match ended {
        Ok(Done::Opened { local, .. }) => {
            bound(call, object, &local);
            Ok(Outcome::int(port_of(&local)))
        }
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

fn bound(call: &mut Call<'_>, object: Addr, local: &str) {
    call.opened(object);
    call.set_text(object, connector::ADDRESS, local);
    call.vm.set_u32(object, connector::STATE, connector_state::OPEN);
    call.vm.enter_bound(call.thread, object);
}

fn disconnect(call: &mut Call<'_>) -> Step {
    let object = call.this();
    call.close(object);
    Ok(Outcome::VOID)
}

/// The socket, bound again if the world was restarted.
fn socket(call: &mut Call<'_>, object: Addr, what: &str) -> Result<Handle, Outcome> {
    if let Some(handle) = call.attached(object) {
        return Ok(handle);
    }
    if call.connector_state(object) != connector_state::OPEN {
        return Err(call.throw_kernel(ClassId::Io, "the socket is not bound: call `bind` first"));
    }
    let address = call.address_text(object);
    call.granted_net(&address)?;
    call.set_reference(0, Value::object(object));
    let ended = call.open(|handle| Operation::Bind { handle, address })?;
    rebound(call, object, ended, what)
}

fn rebound(call: &mut Call<'_>, object: Addr, ended: platform::Ended, what: &str) -> Result<Handle, Outcome> {
    call.set_reference(0, Value::NULL);
    match ended {
        Ok(Done::Opened { local, .. }) => bound(call, object, &local),
        Ok(_) => return Err(call.nonsense(what)),
        // Another thread has bound it again meanwhile.
        Err(_) if call.attached(object).is_some() => {}
        Err(error) => return Err(call.failed(what, &error)),
    }
    call.attached(object).ok_or_else(|| call.nonsense(what))
}

/// Reference 0: the connector, while it is bound again.
fn receive(call: &mut Call<'_>, form: Form) -> Step {
    let object = call.this();
    let what = format!("receive at {}", call.address_text(object));
    let handle = match call.entry()? {
        Entry::Ended(ended) if !call.reference(0).is_null() => rebound(call, object, ended, &what)?,
        Entry::Ended(ended) => return received(call, object, ended, form, &what),
        Entry::Fresh | Entry::Lost => socket(call, object, &what)?,
    };
    let ended = call.operation(Operation::ReceiveFrom { handle, most: DATAGRAM_BYTES_MAX })?;
    received(call, object, ended, form, &what)
}

fn received(call: &mut Call<'_>, object: Addr, ended: platform::Ended, form: Form, what: &str) -> Step {
    let bytes = match ended {
        Ok(Done::Datagram { peer, bytes }) => {
            call.set_text(object, connector::PEER, &peer);
            bytes
        }
        // What is left of one.
        Ok(Done::Data(bytes)) => bytes,
        Ok(_) => return Err(call.nonsense(what)),
        Err(error) => return Err(call.failed(what, &error)),
    };
    let (made, len) = call.brought(bytes, form)?;
    call.vm.count(Counter::UdpIn, len);
    Ok(Outcome::object(made))
}

fn send(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let payload = call.payload(0, "udp.sendTo data is neither a string nor a binary")?;
    let host = call.plain_text(1, "udp.sendTo host is not a string")?;
    let address = format!("{host}:{}", call.int(2));
    let what = format!("send {} bytes to {address}", payload.len);
    let handle = match call.entry()? {
        Entry::Ended(ended) if !call.reference(0).is_null() => rebound(call, object, ended, &what)?,
        Entry::Ended(ended) => return sent(call, ended, &what),
        // Bound again is not sent.
        Entry::Lost if !call.reference(0).is_null() => socket(call, object, &what)?,
        Entry::Lost => return Err(call.unknown(&what)),
        Entry::Fresh => {
            call.granted_net(&address)?;
            call.hold(object)?;
            socket(call, object, &what)?
        }
    };
    let bytes = call.gathered(payload)?;
    let ended = call.operation(Operation::SendTo { handle, address, bytes })?;
    sent(call, ended, &what)
}

fn sent(call: &mut Call<'_>, ended: platform::Ended, what: &str) -> Step {
    match ended {
        Ok(_) => {
            let len = call.sent();
            call.vm.count(Counter::UdpOut, len);
            Ok(Outcome::VOID)
        }
        Err(error) => Err(call.failed(what, &error)),
    }
}
