//! `.internal.class`.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use base::Addr;
use layout::schema::class;

pub(super) const METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"class"));
    8 |call: &mut Call<'_>| Err(call.throw_string("class newClass is not possible: classes come from modules"));
    10 set_static;
    11 |call: &mut Call<'_>| { let (cells, slot) = static_slot(call)?; Ok(Outcome::value(call.vm.array_get(cells, slot))) };
    14 instance_of;
    16 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), class::NAME)));
    17 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), class::SUPER)));
    18 new_instance;
    19 |call: &mut Call<'_>| Ok(Outcome::int(call.vm.get_u32(call.this(), class::VERSION) as i32));
};

/// The static references of the class and the slot in parameter 0.
fn static_slot(call: &mut Call<'_>) -> Result<(Addr, u64), Outcome> {
    let slot = call.int(0);
    let cells = call.vm.ref_field(call.this(), class::STATIC_REFS);
    let count = if cells.is_null() { 0 } else { call.vm.array_len(cells) };
    if slot < 0 || slot as u64 >= count {
        return Err(call.throw_string("class has no such static slot"));
    }
    Ok((cells, slot as u64))
}

fn set_static(call: &mut Call<'_>) -> Step {
    let (cells, slot) = static_slot(call)?;
    let value = call.value(1);
    call.vm.array_set(cells, slot, value);
    Ok(Outcome::VOID)
}

fn instance_of(call: &mut Call<'_>) -> Step {
    let class = call.vm.class_of(call.value(0));
    Ok(Outcome::truth(call.vm.is_subclass(class, call.this())))
}

/// As `new *(class)` of the original: no constructor runs.
fn new_instance(call: &mut Call<'_>) -> Step {
    let this = call.this();
    if !call.vm.is_instantiable(this) {
        return Err(call.throw_string("class newInstance is not possible for this class"));
    }
    Ok(Outcome::object(call.vm.new_object(this)))
}
