//! `.internal.world`: threads, the log, and durability that the program can see.

use super::support::{ACTIVITY, Step, methods};
use super::{Call, Methods, Outcome, Wait, thread};
use layout::Value;
use layout::schema::root;

pub(super) const METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"(world)"));
    8 |call: &mut Call<'_>| Ok(Outcome::object(call.thread));
    9 start_thread;
    10 log;
    11 snap_sync;
    12 |call: &mut Call<'_>| Ok(Outcome::long(call.vm.epoch() as i64));
    13 |call: &mut Call<'_>| Ok(Outcome::truth(call.vm.is_detached()));
    16 collect;
};

/// Lines that the log keeps.
const LOG_LINES: u64 = 1024;
/// Most bytes of a line; what is beyond is cut.
const LOG_LINE_BYTES_MAX: u64 = 4096;

fn start_thread(call: &mut Call<'_>) -> Step {
    let (object, argument) = (call.value(0), call.value(1));
    thread::start_method(call, object, ACTIVITY, argument)?;
    Ok(Outcome::int(0))
}

fn log(call: &mut Call<'_>) -> Step {
    let text = call.string_object(0, "world.log argument is not a string")?;
    let line = text.read_part(call.vm, 0, text.len.min(LOG_LINE_BYTES_MAX));
    let line = call.vm.make_string(&line);
    let lines = match call.vm.get_root_ref(root::LOG).as_object() {
        Some(lines) => lines,
        None => {
            let lines = call.vm.make_ref_array(LOG_LINES);
            call.vm.set_root_ref(root::LOG, Value::object(lines));
            lines
        }
    };
    let count = call.vm.root_u64(root::LOG_COUNT);
    call.vm.array_set(lines, count % LOG_LINES, Value::object(line));
    call.vm.set_root_u64(root::LOG_COUNT, count + 1);
    Ok(Outcome::VOID)
}

/// Phase 0: which collection it will be is not known yet; 1: the one after as many as the number says.
fn collect(call: &mut Call<'_>) -> Step {
    let done = call.vm.heap.usage().full_collections;
    if call.phase() == 0 {
        call.set_number(0, done);
        call.set_phase(1);
    }
    if done > call.number(0) {
        return Ok(Outcome::VOID);
    }
    // Asked for in each turn: a restart forgets it.
    call.vm.heap.want_full();
    call.vm.ask_attention();
    Ok(Outcome::Block(Wait::Turn))
}

/// Phase 0: the epoch that will hold this call is not known yet; 1: it is number 0.
fn snap_sync(call: &mut Call<'_>) -> Step {
    if call.phase() == 0 {
        let epoch = call.vm.epoch();
        call.set_number(0, epoch);
        call.set_phase(1);
    }
    let epoch = call.number(0);
    if call.vm.committed_epoch() >= epoch {
        return Ok(Outcome::long(epoch as i64));
    }
    Ok(Outcome::Block(Wait::Commit { epoch }))
}
