//! `.internal.thread`.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{root, thread, thread_state};

pub(super) const METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"thread"));
    12 environment;
    13 |_: &mut Call<'_>| Ok(Outcome::value(Value::NULL));
    14 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_root_ref(root::OS_INTERFACE)));
    16 |call: &mut Call<'_>| Ok(Outcome::long(call.vm.get_u64(call.this(), thread::ID) as i64));
    17 is_alive;
};

fn environment(call: &mut Call<'_>) -> Step {
    let this = call.this();
    let there = call.vm.get_ref(this, thread::ENVIRONMENT);
    if !there.is_null() {
        return Ok(Outcome::value(there));
    }
    let made = Value::object(call.vm.new_kernel(ClassId::Directory));
    call.vm.set_ref(this, thread::ENVIRONMENT, made);
    Ok(Outcome::value(made))
}

fn is_alive(call: &mut Call<'_>) -> Step {
    let state = call.vm.get_u32(call.this(), thread::STATE);
    Ok(Outcome::truth(state != thread_state::ENDED && state != thread_state::DIED))
}
