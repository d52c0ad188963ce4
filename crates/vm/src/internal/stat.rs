//! `.internal.stat`: what the machine counts, by the numbers of the original.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use crate::connectors::counters::Counter;
use alloc::format;

pub(super) const METHODS: Methods = methods! {
    16 get_stat;
    17 |_: &mut Call<'_>| -> Step { Ok(Outcome::int(-1)) };
};

fn get_stat(call: &mut Call<'_>) -> Step {
    let (number, kind) = (call.int(0), call.int(1));
    let (before, since) = match number {
        0 => (call.vm.boot_number() - 1, 0),
        1 => call.vm.counted(Counter::Snapshots),
        6 => call.vm.counted(Counter::TcpIn),
        7 => call.vm.counted(Counter::TcpOut),
        8 => call.vm.counted(Counter::UdpIn),
        9 => call.vm.counted(Counter::UdpOut),
        _ => return Err(call.throw_string(&format!("stat.getStat counter is not kept: {number}"))),
    };
    let value = match kind {
        1 => since / call.vm.counted_seconds().max(1),
        2 => since,
        3 => before,
        4 => before + since,
        _ => return Err(call.throw_string(&format!("stat.getStat kind is not 1, 2, 3 or 4: {kind}"))),
    };
    Ok(Outcome::long(value as i64))
}
