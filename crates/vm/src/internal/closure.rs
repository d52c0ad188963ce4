//! `.internal.closure`: an object and the ordinal of one of its methods.

use super::support::{Step, methods};
use super::{Call, Invoke, Methods, Outcome, Target, lossy};
use alloc::vec::Vec;
use layout::Value;
use layout::schema::closure;

pub(super) const METHODS: Methods = methods! {
    8 invoke;
    9 |call: &mut Call<'_>| Ok(Outcome::int(call.vm.get_u64(call.this(), closure::ORDINAL) as i32));
    10 set_ordinal;
    11 set_object;
    12 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), closure::OBJECT)));
    13 call_name;
    16 iterate;
};

/// Most arguments, as many as a method may have.
const ARGS_MAX: u64 = bytecode::desc::PARAMS_MAX as u64;

/// Phase 0: nothing done yet; 1: the method was called.
fn invoke(call: &mut Call<'_>) -> Step {
    if call.phase() == 1 {
        return Ok(Outcome::value(call.result()));
    }
    let this = call.this();
    if call.vm.get_u64(this, closure::KIND) != 0 {
        return Err(call.throw_string("closure call - it is a handle of another language"));
    }
    let args = arguments(call, 0)?;
    let receiver = call.vm.get_ref(this, closure::OBJECT);
    let ordinal = call.vm.get_u64(this, closure::ORDINAL) as u16;
    call.set_phase(1);
    Ok(Outcome::Call(Invoke { receiver, method: Target::Ordinal(ordinal), args }))
}

/// The arguments of the call that stand in an array.
fn arguments(call: &mut Call<'_>, index: u64) -> Result<Vec<Value>, Outcome> {
    if call.value(index).is_null() {
        return Ok(Vec::new());
    }
    let array = call.ref_array(index, "closure call - the arguments are no array")?;
    let count = call.vm.array_len(array);
    if count > ARGS_MAX {
        return Err(call.throw_string("closure call - there are too many arguments"));
    }
    Ok((0..count).map(|index| call.vm.array_get(array, index)).collect())
}

/// Phases as those of [`invoke`].
fn call_name(call: &mut Call<'_>) -> Step {
    if call.phase() == 1 {
        return Ok(Outcome::value(call.result()));
    }
    let name = call.string(0, "closure callName - the name is no string")?;
    let args = arguments(call, 1)?;
    let receiver = call.vm.get_ref(call.this(), closure::OBJECT);
    let class = call.vm.class_of(receiver);
    let found = call.vm.method_by_name(class, &lossy(&name), args.len() as u64);
    let target = found.map_err(Outcome::Throw)?;
    call.set_phase(1);
    Ok(Outcome::Call(Invoke { receiver, method: Target::Method(target), args }))
}

/// Phases as those of [`invoke`].
fn iterate(call: &mut Call<'_>) -> Step {
    if call.phase() == 1 {
        return Ok(Outcome::value(call.result()));
    }
    let receiver = call.value(0);
    let class = call.vm.class_of(receiver);
    let method = match call.vm.method_by_name(class, "iterator", 0) {
        Ok(target) => Target::Method(target),
        // The original knows collections by the number of the method.
        Err(_) => Target::Ordinal(8),
    };
    call.set_phase(1);
    Ok(Outcome::Call(Invoke { receiver, method, args: Vec::new() }))
}

fn set_ordinal(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (this, ordinal) = (call.this(), call.int(0));
    if u16::try_from(ordinal).is_err() {
        return Err(call.throw_string("closure setOrdinal - there is no such ordinal"));
    }
    call.vm.set_u64(this, closure::ORDINAL, ordinal as u64);
    // The object is called by the ordinal from now on, not by the method it was bound to.
    call.vm.set_ref(this, closure::METHOD, Value::NULL);
    Ok(Outcome::VOID)
}

fn set_object(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (this, object) = (call.this(), call.value(0));
    call.vm.set_ref(this, closure::OBJECT, object);
    Ok(Outcome::VOID)
}
