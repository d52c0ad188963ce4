//! Prints what allocation, the write barrier and collections cost: `cargo run --release -p heap --example timing`.
//!
//! Medians of several rounds of processor time of one thread; nothing is asserted. With `--json` for machines. The memory is a plain mapping.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

#[path = "../tests/support/mod.rs"]
mod support;

use base::limits::NURSERY_BYTES;
use base::prng::Prng;
use base::{Addr, Epoch, PageRange};
use heap::{Heap, Survivors};
use layout::Value;
use layout::area::NURSERY;
use layout::schema::array;
use memory::{Memory, MemoryConfig};
use rustix::time::{ClockId, clock_gettime};
use sim::SimMapper;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use support::{FIRST_INSTANCE, REFS, Stored, World};

fn world() -> World {
    let mapper = SimMapper::new().expect("address space");
    let config = MemoryConfig::new(PageRange::covering(NURSERY.start, NURSERY.len()));
    let memory = Memory::new(Arc::new(mapper), Arc::new(Stored::default()), config, Epoch(0));
    World::format(memory.expect("a plain world opens"))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

const NODE: usize = FIRST_INSTANCE;
const NODE_BYTES: u64 = 32;

/// Processor time of this thread: other work on the machine must not count.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn report(what: &str, time: Duration, count: u64) {
    report_bytes(what, time, count, 0);
}

fn report_bytes(what: &str, time: Duration, count: u64, bytes: u64) {
    if std::env::args().any(|argument| argument == "--json") {
        println!(
            "{{\"what\": {what:?}, \"cpu_ns\": {}, \"count\": {count}, \"bytes\": {bytes}}}",
            time.as_nanos()
        );
        return;
    }
    println!(
        "{what:<64} {:>9.3} ms {:>8.2} ns each",
        time.as_secs_f64() * 1e3,
        time.as_nanos() as f64 / count as f64
    );
}

fn allocation() {
    let mut world = world();
    let class = world.classes[NODE].addr;
    let count = NURSERY_BYTES / NODE_BYTES;
    let mut times = Vec::new();
    let mut empty = Vec::new();
    for _ in 0..20 {
        let start = cpu();
        for _ in 0..count {
            black_box(world.heap.alloc(class, NODE_BYTES).expect("room"));
        }
        times.push(cpu() - start);
        let start = cpu();
        world.minor();
        empty.push(cpu() - start);
    }
    report("allocate 8 MiB of objects of 32 bytes, zeroing included", median(times), count);
    report("minor collection, nothing survives", median(empty), 1);
}

/// Collections of a full nursery of which `permille` survives in lists of `length`, all dead by the next collection.
fn minor(permille: u64, length: u64, survivors: Survivors) {
    let mut world = world();
    let class = world.classes[NODE].addr;
    let count = NURSERY_BYTES / NODE_BYTES;
    let surviving = count * permille / 1000;
    let memory: Arc<Memory> = world.memory.clone();
    let mut times = Vec::new();
    let mut moved = 0;
    for round in 0..21 {
        world.roots.slots.clear();
        let (mut kept, mut chain) = (0, 0);
        let mut last = Value::NULL;
        for index in 0..count {
            let object = world.heap.alloc(class, NODE_BYTES).expect("room");
            if kept * count < index * surviving {
                kept += 1;
                world.heap.write_ref(object, object.add(24), last);
                memory.store_u64(object.add(16), index);
                (last, chain) = (Value::object(object), chain + 1);
                if chain == length {
                    world.roots.slots.push(last);
                    (last, chain) = (Value::NULL, 0);
                }
            }
        }
        world.roots.slots.push(last);
        let start = cpu();
        let stats = world.collect_minor(survivors);
        times.push(cpu() - start);
        moved = stats.kept_objects + stats.promoted_objects;
        if round % 8 == 7 {
            world.full();
        }
    }
    let what = format!(
        "minor collection ({survivors:?}), {}.{} % survives, lists of {length}",
        permille / 10,
        permille % 10
    );
    report(&what, median(times), moved);
}

fn barrier() {
    const SLOTS: u64 = 4000;
    const ROUNDS: u64 = 500;
    let mut world = world();
    let old = world.new_object(REFS, SLOTS, true);
    let young = world.new_object(REFS, SLOTS, false);
    world.roots.slots = vec![Value::object(old), Value::object(young)];
    let to_old = Value::object(old);
    let to_young = Value::object(young);
    let run = |what: &str, store: &mut dyn FnMut(&mut Heap, Addr)| -> Heap {
        let mut heap = Heap::open(world.memory.clone()).expect("a heap");
        let mut times = Vec::new();
        for _ in 0..11 {
            let start = cpu();
            for _ in 0..ROUNDS {
                store(&mut heap, Addr(0));
            }
            times.push(cpu() - start);
        }
        report(what, median(times), SLOTS * ROUNDS);
        heap
    };
    let slots = |object: Addr| (0..SLOTS).map(move |index| object.add(array::DATA + index * 8));
    let memory = world.memory.clone();
    run("plain announced store", &mut |_, _| {
        slots(old).for_each(|slot| memory.store_u64(slot, black_box(to_old.0)))
    });
    run("write_ref, old object, old value", &mut |heap, _| {
        slots(old).for_each(|slot| heap.write_ref(old, slot, black_box(to_old)))
    });
    run("write_ref, young object, young value", &mut |heap, _| {
        slots(young).for_each(|slot| heap.write_ref(young, slot, black_box(to_young)))
    });
    run("write_ref, old object, young value, noted already", &mut |heap, _| {
        slots(old).for_each(|slot| heap.write_ref(old, slot, black_box(to_young)))
    });
}

/// Full collections of millions of small objects in a table, each of which leads to another one at random.
fn full() {
    const COUNT: u64 = 4 << 20;
    let mut world = world();
    let mut prng = Prng::new(1);
    let table = world.new_object(REFS, COUNT, true);
    world.roots.slots = vec![Value::object(table)];
    let slot = |index: u64| table.add(array::DATA + index * 8);
    for index in 0..COUNT {
        let object = world.new_object(NODE, 0, false);
        let other = Value(world.memory.load_u64(slot(prng.below(index + 1))));
        world.heap.write_ref(object, object.add(24), other);
        world.heap.write_ref(table, slot(index), Value::object(object));
        if world.heap.collection_wanted().is_some() {
            world.minor();
        }
    }
    let start = cpu();
    let stats = world.full();
    let what = "full collection, 4 million objects live, nothing dies";
    report_bytes(what, cpu() - start, stats.marked_objects, stats.old_bytes);
    for index in 0..COUNT {
        if prng.chance(3, 4) {
            world.heap.write_ref(table, slot(index), Value::NULL);
        }
    }
    let start = cpu();
    let freed = world.full().freed_objects;
    report("full collection, a part of them dies, scattered", cpu() - start, freed);
    world.roots.slots.clear();
    let start = cpu();
    let freed = world.full().freed_objects;
    report("full collection, the rest dies", cpu() - start, freed);
}

fn main() {
    allocation();
    for survivors in [Survivors::Promote, Survivors::Keep] {
        minor(10, 100, survivors);
        minor(50, 10, survivors);
        minor(50, 1000, survivors);
        minor(200, 100, survivors);
    }
    barrier();
    full();
}
