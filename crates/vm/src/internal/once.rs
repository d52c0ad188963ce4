//! `.internal.once`: an effect outside that is to happen exactly once.
//!
//! `begin` returns 0 only when a snapshot is durable that holds the wait of this very call. So if the world is cut off
//! later, it goes on either in that wait, in another boot, where the method returns 1 (whether the effect took place is
//! unknown: ask by the key), or later, when the program knows.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome, Wait};
use crate::connectors::call::{Entry, FRESH, HELD};
use alloc::format;
use alloc::string::String;
use base::Addr;
use layout::Value;
use layout::schema::once;

pub(super) const METHODS: Methods = methods! {
    16 begin;
    17 end;
    18 |call: &mut Call<'_>| -> Step { let key = key(call); Ok(Outcome::object(key)) };
    19 |call: &mut Call<'_>| -> Step { Ok(Outcome::value(call.vm.get_ref(call.this(), once::RESULT))) };
};

const NEW: u32 = 0;
const BEGUN: u32 = 1;
const ENDED: u32 = 2;

fn begin(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let held = call.phase() == HELD;
    match call.entry()? {
        Entry::Lost => return Ok(Outcome::int(BEGUN as i32)),
        _ if held => return Ok(Outcome::int(NEW as i32)),
        _ => {}
    }
    let state = call.vm.get_u32(object, once::STATE);
    if state != NEW {
        return Ok(Outcome::int(state as i32));
    }
    key(call);
    call.vm.set_u32(object, once::STATE, BEGUN);
    Err(call.hold_now())
}

/// Phase [`HELD`]: the result is in, a snapshot is to hold it.
fn end(call: &mut Call<'_>) -> Step {
    let object = call.this();
    if call.phase() == FRESH {
        let result = call.value(0);
        key(call);
        call.vm.set_ref(object, once::RESULT, result);
        call.vm.set_u32(object, once::STATE, ENDED);
        return Err(call.hold_now());
    }
    let epoch = call.number(1);
    if call.vm.committed_epoch() < epoch {
        return Err(Outcome::Block(Wait::Commit { epoch }));
    }
    Ok(Outcome::VOID)
}

/// The key, drawn when it is first asked for.
fn key(call: &mut Call<'_>) -> Addr {
    let object = call.this();
    if let Some(key) = call.vm.get_ref(object, once::KEY).as_object() {
        return key;
    }
    let mut bits = [0u8; 16];
    call.vm.platform.entropy.fill(&mut bits);
    let digits: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = call.vm.make_string(digits.as_bytes());
    call.vm.set_ref(object, once::KEY, Value::object(key));
    key
}
