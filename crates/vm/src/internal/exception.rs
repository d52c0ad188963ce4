//! `.internal.exception`: what the machine throws.

use super::{Call, Methods, Outcome};
use layout::schema::exception;

pub(super) const METHODS: Methods =
    &[(16, get_message), (17, get_cause), (18, get_trace), (19, set_message)];

fn get_message(call: &mut Call<'_>) -> Outcome {
    Outcome::value(call.vm.get_ref(call.this(), exception::MESSAGE))
}

fn get_cause(call: &mut Call<'_>) -> Outcome {
    Outcome::value(call.vm.get_ref(call.this(), exception::CAUSE))
}

fn get_trace(call: &mut Call<'_>) -> Outcome {
    Outcome::value(call.vm.get_ref(call.this(), exception::TRACE))
}

fn set_message(call: &mut Call<'_>) -> Outcome {
    let (this, message) = (call.this(), call.value(0));
    call.vm.set_ref(this, exception::MESSAGE, message);
    Outcome::VOID
}
