//! `.internal.connector`: what stands for something outside the world.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use layout::schema::{connector, connector_option, connector_state};

pub(super) const METHODS: Methods = methods! {
    3 |call: &mut Call<'_>| -> Step { Err(call.throw_string("clone is not possible: what is outside exists once")) };
    40 set_durable;
    41 is_open;
    42 |call: &mut Call<'_>| -> Step { Ok(Outcome::value(call.vm.get_ref(call.this(), connector::ADDRESS))) };
    43 |call: &mut Call<'_>| -> Step { Ok(Outcome::value(call.vm.get_ref(call.this(), connector::PEER))) };
};

fn set_durable(call: &mut Call<'_>) -> Step {
    let (object, wanted) = (call.this(), call.int(0) != 0);
    let others = call.vm.get_u32(object, connector::OPTIONS) & !connector_option::DURABLE;
    let own = if wanted { connector_option::DURABLE } else { 0 };
    call.vm.set_u32(object, connector::OPTIONS, others | own);
    Ok(Outcome::VOID)
}

fn is_open(call: &mut Call<'_>) -> Step {
    let state = call.connector_state(call.this());
    Ok(Outcome::truth([connector_state::OPEN, connector_state::LISTENING].contains(&state)))
}
