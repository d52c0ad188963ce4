//! `.internal.exception`: what the machine throws.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use layout::Value;
use layout::schema::{class, exception};

pub(super) const METHODS: Methods = methods! {
    5 to_string;
    16 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), exception::MESSAGE)));
    17 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), exception::CAUSE)));
    18 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), exception::TRACE)));
    19 set_message;
};

fn to_string(call: &mut Call<'_>) -> Step {
    let receiver = call.receiver();
    let name = call.vm.get_ref(call.vm.class_of(receiver), class::NAME);
    let mut text = call.vm.string_bytes_of(name).unwrap_or_default();
    let message = call.vm.get_ref(call.this(), exception::MESSAGE);
    if let Some(message) = call.vm.string_bytes_of(message) {
        text.extend_from_slice(b": ");
        text.extend_from_slice(&message);
    }
    Ok(call.return_string(&text))
}

fn set_message(call: &mut Call<'_>) -> Step {
    call.changeable()?;
    let (this, message) = (call.this(), call.value(0));
    if message != Value::NULL {
        call.string_object(0, "exception setMessage - the message is not a string")?;
    }
    call.vm.set_ref(this, exception::MESSAGE, message);
    Ok(Outcome::VOID)
}
