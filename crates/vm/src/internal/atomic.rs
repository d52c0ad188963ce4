//! `.internal.atomic`: a number that threads change together. Each method runs between two safepoints, as a whole.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use alloc::format;
use layout::schema::atomic;

pub(super) const METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| { let text = format!("{}", value(call)); Ok(call.return_string(text.as_bytes())) };
    16 |call: &mut Call<'_>| Ok(Outcome::long(value(call)));
    17 |call: &mut Call<'_>| { let new = call.long(0); set(call, new)?; Ok(Outcome::VOID) };
    18 |call: &mut Call<'_>| { let sum = value(call).wrapping_add(call.long(0)); set(call, sum)?; Ok(Outcome::long(sum)) };
    19 compare_and_set;
    20 |call: &mut Call<'_>| { let (old, new) = (value(call), call.long(0)); set(call, new)?; Ok(Outcome::long(old)) };
};

fn value(call: &Call<'_>) -> i64 {
    call.vm.get_u64(call.this(), atomic::VALUE) as i64
}

fn set(call: &mut Call<'_>, new: i64) -> Result<(), Outcome> {
    call.changeable()?;
    let this = call.this();
    call.vm.set_u64(this, atomic::VALUE, new as u64);
    Ok(())
}

fn compare_and_set(call: &mut Call<'_>) -> Step {
    let (expected, new) = (call.long(0), call.long(1));
    let same = value(call) == expected;
    if same {
        set(call, new)?;
    }
    Ok(Outcome::truth(same))
}
