//! `.internal.iterator`: a container and the next position in it.
//!
//! It sees what happens to the container meanwhile. A directory is walked by way of an array of its keys, made when the
//! walk begins.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome, container};
use layout::Value;
use layout::schema::iterator;

pub(super) const METHODS: Methods = methods! {
    8 |call: &mut Call<'_>| Ok(Outcome::truth(at_position(call).is_some()));
    9 next;
};

fn at_position(call: &Call<'_>) -> Option<Value> {
    let this = call.this();
    let over = call.vm.get_ref(this, iterator::OVER).as_object()?;
    container::get(call, over, call.vm.get_u64(this, iterator::POSITION))
}

fn next(call: &mut Call<'_>) -> Step {
    let Some(value) = at_position(call) else {
        return Err(call.throw_string("iterator next - there are no more elements"));
    };
    let this = call.this();
    let position = call.vm.get_u64(this, iterator::POSITION);
    call.vm.set_u64(this, iterator::POSITION, position + 1);
    Ok(Outcome::value(value))
}
