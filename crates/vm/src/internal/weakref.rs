//! `.internal.weakref`: an object with a weak array of one element, which a full collection clears when nothing else leads
//! to the element. What `get` returned is held by whoever got it.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::weakref;

pub(super) const METHODS: Methods = methods! {
    8 get;
    16 set;
};

fn get(call: &mut Call<'_>) -> Step {
    let cell = call.vm.ref_field(call.this(), weakref::CELL);
    Ok(Outcome::value(if cell.is_null() { Value::NULL } else { call.vm.array_get(cell, 0) }))
}

fn set(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (this, target) = (call.this(), call.value(0));
    // A cell of its own each time: a copy of this reference may share the one before.
    let cell = call.vm.new_array(call.vm.kernel_class(ClassId::WeakArray), 1);
    call.vm.array_set(cell, 0, target);
    call.vm.set_ref(this, weakref::CELL, Value::object(cell));
    Ok(Outcome::VOID)
}
