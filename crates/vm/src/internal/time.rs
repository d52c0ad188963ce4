//! `.internal.time`: clocks and sleeping.
//!
//! A sleeper keeps the moment at which it wakes, by the clock of the world, in its frame; a restart after that moment
//! wakes it at once.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome, Wait};

pub(super) const METHODS: Methods = methods! {
    16 |call: &mut Call<'_>| Ok(Outcome::long((call.vm.platform.clock.wall_ns() / NS_PER_S) as i64));
    17 |call: &mut Call<'_>| { let s = call.int(0); Ok(sleep(call, s, NS_PER_S)) };
    18 |call: &mut Call<'_>| { let ms = call.int(0); Ok(sleep(call, ms, NS_PER_MS)) };
    19 |call: &mut Call<'_>| Ok(Outcome::long((call.vm.platform.clock.wall_ns() / NS_PER_MS) as i64));
    20 |call: &mut Call<'_>| Ok(Outcome::long((call.vm.clock_ns() / NS_PER_MS) as i64));
    21 sleep_until;
};

const NS_PER_S: u64 = 1_000_000_000;
const NS_PER_MS: u64 = 1_000_000;

/// `boot.sleep`, in milliseconds.
pub(super) fn sleep_method(call: &mut Call<'_>) -> Step {
    let ms = call.int(0);
    Ok(sleep(call, ms, NS_PER_MS))
}

/// When the time is over that a method may wait, so many milliseconds as its parameter `index` says: known from its first
/// invocation on, in number 0.
pub(super) fn deadline_of(call: &mut Call<'_>, index: u64) -> u64 {
    if call.number(0) == 0 {
        let ms = u64::try_from(call.int(index)).unwrap_or(0);
        let until = call.vm.clock_ns().saturating_add(ms.saturating_mul(NS_PER_MS));
        call.set_number(0, until.max(1));
    }
    call.number(0)
}

fn sleep_until(call: &mut Call<'_>) -> Step {
    let ns = u64::try_from(call.long(0)).unwrap_or(0).saturating_mul(NS_PER_MS);
    if call.vm.clock_ns() >= ns { Ok(Outcome::VOID) } else { Ok(Outcome::Block(Wait::Until { ns })) }
}

/// Phase 0: not yet asleep; 1: asleep until the clock reaches number 0. A time that is not positive is over at once.
fn sleep(call: &mut Call<'_>, units: i32, ns_per_unit: u64) -> Outcome {
    let now = call.vm.clock_ns();
    if call.phase() == 0 {
        let ns = u64::try_from(units).unwrap_or(0).saturating_mul(ns_per_unit);
        call.set_number(0, now.saturating_add(ns));
        call.set_phase(1);
    }
    let until = call.number(0);
    if now >= until { Outcome::VOID } else { Outcome::Block(Wait::Until { ns: until }) }
}
