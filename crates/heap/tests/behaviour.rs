//! What a heap does in particular cases: sizes, reuse, limits, weak arrays, references of Java, triggers, damage.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use base::limits::{NURSERY_BYTES, OBJECT_BYTES_MAX};
use base::{Addr, Epoch, PAGE_SIZE};
use heap::{Collection, Damage, Heap, HeapError, Moment, OutOfMemory, Survivors};
use layout::Value;
use layout::area::{METADATA, ROOT};
use layout::schema::{HEAP_STATE_OFFSET, Shape, Strength, array, class, header, reference};
use support::{BYTES, FIRST_INSTANCE, FROZEN, REFS, Stored, WEAK, World};

const INSTANCE: usize = FIRST_INSTANCE + 2;

fn verify(world: &mut World) -> Vec<Damage> {
    world.heap.verify(&mut world.roots, Moment::Safepoint).err().unwrap_or_default()
}

/// A root that holds a new object.
fn rooted(world: &mut World, class: usize, length: u64, old: bool) -> Addr {
    let object = world.new_object(class, length, old);
    world.roots.slots.push(Value::object(object));
    object
}

fn root(world: &World, index: usize) -> Addr {
    world.roots.slots[index].as_object().unwrap()
}

#[test]
fn objects_of_every_size_live_and_die() {
    let sizes: Vec<u64> =
        (0..2048).step_by(8).chain((2048..40_000).step_by(488)).chain([70_000, 300_000]).collect();
    for old in [false, true] {
        let mut world = World::new();
        let kernel = world.old_objects();
        for (at, length) in sizes.iter().enumerate() {
            let object = rooted(&mut world, BYTES, *length, old);
            assert_eq!(world.heap.object_size(object), (array::DATA + length).next_multiple_of(16));
            assert_eq!(object.0 % header::ALIGN, 0);
            let mut bytes = vec![1; *length as usize];
            world.memory.read_bytes(object.add(array::DATA), &mut bytes);
            assert!(bytes.iter().all(|byte| *byte == 0), "new memory is zero");
            bytes.fill(at as u8 | 1);
            world.memory.write_bytes(object.add(array::DATA), &bytes);
        }
        world.minor();
        assert_eq!(world.old_objects(), kernel + sizes.len() as u64);
        assert_eq!(verify(&mut world), []);
        // Every second one dies, and its room is used again for the like.
        let used = world.heap.usage();
        let mut index = 0;
        world.roots.slots.retain(|_| {
            index += 1;
            index % 2 == 0
        });
        let stats = world.full();
        assert_eq!(stats.freed_objects, sizes.len().div_ceil(2) as u64);
        assert_eq!(verify(&mut world), []);
        for length in sizes.iter().step_by(2) {
            let object = rooted(&mut world, BYTES, *length, old);
            let mut bytes = vec![1; *length as usize];
            world.memory.read_bytes(object.add(array::DATA), &mut bytes);
            assert!(bytes.iter().all(|byte| *byte == 0), "memory used again is zero");
        }
        world.minor();
        assert_eq!(
            (world.heap.usage().cell_bytes, world.heap.usage().large_bytes),
            (used.cell_bytes, used.large_bytes)
        );
        assert_eq!(verify(&mut world), []);
    }
}

#[test]
fn freed_regions_and_pages_serve_other_sizes() {
    let mut world = World::new();
    for round in 0..6 {
        for index in 0..4000 {
            rooted(&mut world, BYTES, 100 + round * 700 + index % 7, true);
        }
        for index in 0..20 {
            rooted(&mut world, BYTES, 300_000 + round * 40_000 + index * 4096, true);
        }
        let report = world.heap.verify(&mut world.roots, Moment::Flip).unwrap();
        world.roots.slots.clear();
        let stats = world.full();
        assert_eq!(stats.freed_objects, 4020);
        assert_eq!(world.heap.usage().large_bytes, 0);
        let after = world.heap.verify(&mut world.roots, Moment::Flip).unwrap();
        assert!(after.regions <= 3, "what is free at the end of the area is not counted as used");
        assert!(report.regions <= 3 + 4000 * (100 + round * 700 + 7) * 5 / 4 / (256 << 10) + 1);
    }
}

#[test]
fn freed_large_pages_are_joined() {
    let mut world = World::new();
    let pages = |count: u64| count * PAGE_SIZE as u64 - array::DATA;
    for _ in 0..40 {
        rooted(&mut world, BYTES, pages(100), true);
    }
    let (first, last) = (root(&world, 0), root(&world, 39));
    world.roots.slots.drain(..39);
    world.full();
    assert_eq!(world.heap.usage().large_bytes, 100 * PAGE_SIZE as u64);
    // All 3,900 pages before the last object are one extent again, from which parts of any size are cut.
    let whole = rooted(&mut world, BYTES, pages(3800), true);
    let part = rooted(&mut world, BYTES, pages(100), true);
    let beyond = rooted(&mut world, BYTES, pages(100), true);
    assert_eq!((whole, part), (first, first.add(3800 * PAGE_SIZE as u64)));
    assert!(beyond > last);
    assert_eq!(verify(&mut world), []);
}

#[test]
fn a_heap_that_grows_asks_for_collections() {
    let mut world = World::new();
    let before = world.old_objects();
    assert_eq!(world.heap.collection_wanted(), None);
    while world.heap.collection_wanted().is_none() {
        world.new_object(INSTANCE, 0, false);
    }
    assert_eq!(world.heap.collection_wanted(), Some(Collection::Minor(Survivors::Keep)));
    assert!(world.heap.usage().nursery_bytes >= NURSERY_BYTES);
    // An owner that does not collect yet gets more.
    for _ in 0..1000 {
        world.new_object(BYTES, 50_000, false);
    }
    let kept = rooted(&mut world, BYTES, 60_000, false);
    world.memory.store_u8(kept.add(array::DATA + 59_999), 7);
    let stats = world.minor();
    assert_eq!((stats.promoted_objects, stats.promoted_bytes), (1, 60_032));
    assert_eq!(world.heap.collection_wanted(), None);
    assert_eq!(world.memory.load_u8(root(&world, 0).add(array::DATA + 59_999)), 7);
    assert_eq!(world.old_objects(), before + 1);
    // The nursery's memory is zero again, the extended part included.
    for _ in 0..1100 {
        let object = world.new_object(BYTES, 50_000, false);
        for at in (0..50_000).step_by(1000) {
            assert_eq!(world.memory.load_u64(object.add(array::DATA + at)), 0);
        }
        world.memory.fill(object.add(array::DATA), 50_000, 0xff);
    }
    world.minor();
    while world.heap.collection_wanted() != Some(Collection::Full) {
        world.new_object(BYTES, 1 << 20, true);
    }
    assert!(world.heap.usage().large_bytes > 64 << 20);
    world.full();
    assert_eq!((world.heap.collection_wanted(), world.heap.usage().full_collections), (None, 1));
    assert_eq!(world.old_objects(), before + 1);
}

#[test]
fn an_object_is_promoted_when_it_survives_again() {
    let mut world = World::new();
    let before = world.old_objects();
    let object = rooted(&mut world, INSTANCE, 0, false);
    let hash = world.heap.identity_hash(object);
    let stats = world.collect_minor(Survivors::Keep);
    assert_eq!((stats.kept_objects, stats.kept_bytes, stats.promoted_objects), (1, 48, 0));
    let kept = root(&world, 0);
    assert!(kept != object && world.heap.is_nursery(kept) && !world.heap.is_nursery_empty());
    assert_eq!((world.heap.usage().nursery_bytes, world.old_objects()), (48, before));
    rooted(&mut world, INSTANCE, 0, false);
    let stats = world.collect_minor(Survivors::Keep);
    assert_eq!((stats.nursery_bytes, stats.kept_objects, stats.promoted_objects), (96, 1, 1));
    assert!(world.heap.is_old(root(&world, 0)) && world.heap.is_nursery(root(&world, 1)));
    assert_eq!(world.heap.identity_hash(root(&world, 0)), hash);
    assert_eq!(verify(&mut world), []);
    // Before a flip both ages are promoted, and what nothing holds any more is not.
    rooted(&mut world, INSTANCE, 0, false);
    world.roots.slots[1] = Value::NULL;
    let stats = world.minor();
    assert_eq!((stats.kept_objects, stats.promoted_objects), (0, 1));
    assert_eq!(world.old_objects(), before + 2);
    assert!(world.heap.is_nursery_empty());
    assert!(world.heap.verify(&mut world.roots, Moment::Flip).is_ok());
}

#[test]
fn slots_of_old_objects_that_lead_to_survivors_stay_remembered() {
    let mut world = World::new();
    let old = rooted(&mut world, REFS, 3, true);
    let slot = |object: Addr, index: u64| object.add(array::DATA + index * 8);
    let load = |world: &World, slot: Addr| Addr(world.memory.load_u64(slot));
    let frozen = rooted(&mut world, FROZEN, 2, false);
    let parent = rooted(&mut world, REFS, 1, false);
    world.collect_minor(Survivors::Keep);
    // Noted twice, and once more by the object as a whole.
    let young = world.new_object(INSTANCE, 0, false);
    for value in [Value::object(young), Value::NULL, Value::object(young)] {
        world.heap.write_ref(old, slot(old, 0), value);
    }
    world.heap.remember(old);
    world.memory.store_u64(slot(old, 2), young.0);
    // Young when they are written to, promoted when what they lead to is kept.
    for index in 1..3 {
        let object = root(&world, index);
        assert!(world.heap.is_nursery(object) && (object != frozen && object != parent));
        let child = world.new_object(INSTANCE, 0, false);
        let at = slot(object, if index == 1 { 1 } else { 0 });
        world.heap.write_ref(object, at, Value::object(child));
        world.memory.store_u64(child.add(16), index as u64);
    }
    let stats = world.collect_minor(Survivors::Keep);
    assert_eq!((stats.kept_objects, stats.promoted_objects), (3, 2));
    assert_eq!(verify(&mut world), []);
    let (frozen, parent) = (root(&world, 1), root(&world, 2));
    assert!(world.heap.is_old(frozen) && world.heap.is_old(parent));
    let slots = [slot(old, 0), slot(old, 2), slot(frozen, 1), slot(parent, 0)];
    assert!(slots.iter().all(|slot| world.heap.is_nursery(load(&world, *slot))));
    // The two slots of the first object, the frozen stack as a whole, the slot of the other object: each once.
    let stats = world.collect_minor(Survivors::Keep);
    assert_eq!((stats.remembered, stats.kept_objects, stats.promoted_objects), (4, 0, 3));
    assert!(slots.iter().all(|slot| world.heap.is_old(load(&world, *slot))));
    assert_eq!(load(&world, slots[0]), load(&world, slots[1]));
    assert_eq!(world.memory.load_u64(load(&world, slots[2]).add(16)), 1);
    assert_eq!(world.memory.load_u64(load(&world, slots[3]).add(16)), 2);
    assert_eq!(world.collect_minor(Survivors::Keep).remembered, 0);
    assert!(world.heap.verify(&mut world.roots, Moment::Flip).is_ok());
}

#[test]
fn survivors_beyond_the_room_for_them_are_promoted() {
    let mut world = World::new();
    for round in 0..3 {
        let mut bytes = 0;
        while world.heap.collection_wanted().is_none() {
            let length = [20, 3000, 200_000][world.roots.slots.len() % 3];
            let object = rooted(&mut world, BYTES, length, false);
            bytes += world.heap.object_size(object);
        }
        let stats = world.collect_minor(Survivors::Keep);
        assert_eq!(world.heap.collection_wanted(), None);
        assert!((NURSERY_BYTES / 8..=NURSERY_BYTES / 2).contains(&stats.kept_bytes), "{round}: {stats:?}");
        assert!(stats.kept_bytes + stats.promoted_bytes >= bytes);
        assert_eq!(world.heap.usage().nursery_bytes, stats.kept_bytes);
        assert_eq!(verify(&mut world), []);
    }
    world.roots.slots.clear();
    let stats = world.collect_minor(Survivors::Keep);
    assert_eq!((stats.kept_objects, stats.promoted_objects), (0, 0));
    assert!(world.heap.is_nursery_empty());
}

#[test]
fn an_allocation_beyond_the_limit_fails_and_changes_nothing() {
    let mut world = World::new();
    let class = world.classes[BYTES].addr;
    for bytes in [OBJECT_BYTES_MAX + 1, u64::MAX - 7, u64::MAX] {
        assert_eq!(world.heap.alloc(class, bytes), Err(OutOfMemory { bytes }));
        assert_eq!(world.heap.alloc_old(class, bytes), Err(OutOfMemory { bytes }));
    }
    world.heap.set_limit(4 << 20);
    assert_eq!(world.heap.alloc(class, 5 << 20), Err(OutOfMemory { bytes: 5 << 20 }));
    assert_eq!(world.heap.alloc_old(class, 5 << 20), Err(OutOfMemory { bytes: 5 << 20 }));
    let mut allocated = 0;
    while let Ok(object) = world.heap.alloc(class, 1024) {
        world.memory.store_u64(object.add(array::LENGTH), 1000);
        allocated += 1024;
    }
    assert!((3 << 20..=4 << 20).contains(&allocated));
    assert_eq!(verify(&mut world), []);
    world.minor();
    assert!(world.heap.alloc(class, 1024).is_ok());
}

#[test]
fn weak_arrays_lose_what_nothing_else_holds() {
    let mut world = World::new();
    let weak = rooted(&mut world, WEAK, 4, true);
    let kept = rooted(&mut world, INSTANCE, 0, false);
    let lost = world.new_object(INSTANCE, 0, false);
    for (index, value) in [Value::object(kept), Value::object(lost), Value::int(3)].into_iter().enumerate() {
        world.heap.write_ref(weak, weak.add(array::DATA + index as u64 * 8), value);
    }
    world.full();
    let words: Vec<u64> = (0..4).map(|i| world.memory.load_u64(weak.add(array::DATA + i * 8))).collect();
    assert_eq!(words, [root(&world, 1).0, 0, Value::int(3).0, 0]);
    assert_eq!(verify(&mut world), []);
}

/// A class of references of Java of a strength: the four references of `java.lang.ref.Reference` and no more.
fn reference_class(world: &mut World, strength: Strength) -> Addr {
    let metaclass = Addr(world.memory.load_u64(world.classes[BYTES].addr));
    let made = world.heap.alloc_old(metaclass, class::SIZE).unwrap();
    let map = world.heap.alloc_old(world.classes[BYTES].addr, array::DATA + 8).unwrap();
    world.memory.store_u64(map.add(array::LENGTH), 8);
    world.memory.store_u32(map.add(array::DATA), reference::REFERENT as u32);
    world.memory.store_u32(map.add(array::DATA + 4), 4);
    world.heap.write_ref(made, made.add(class::REF_MAP), Value::object(map));
    world.memory.store_u8(made.add(class::SHAPE), Shape::Instance as u8);
    world.memory.store_u8(made.add(class::ELEMENT_KIND), strength as u8);
    world.memory.store_u32(made.add(class::INSTANCE_SIZE), (reference::DISCOVERED + 8) as u32);
    world.roots.classes.push(Value::object(made));
    made
}

/// A new rooted reference to an object; its index among the roots.
fn refer(world: &mut World, strength: Strength, to: Addr) -> usize {
    let of = reference_class(world, strength);
    let made = world.heap.alloc(of, reference::DISCOVERED + 8).unwrap();
    world.heap.write_ref(made, made.add(reference::REFERENT), Value::object(to));
    world.roots.slots.push(Value::object(made));
    world.roots.slots.len() - 1
}

fn referent(world: &World, index: usize) -> u64 {
    world.memory.load_u64(root(world, index).add(reference::REFERENT))
}

/// Which roots the references are that the last full collection handed over.
fn handed_over(world: &mut World) -> Vec<usize> {
    let handed = core::mem::take(&mut world.roots.handed);
    let index = |object| world.roots.slots.iter().position(|slot| *slot == Value::object(object)).unwrap();
    handed.into_iter().map(index).collect()
}

#[test]
fn references_are_cleared_in_the_order_of_their_strengths() {
    use Strength::{Final, Phantom, Soft, Weak};
    let mut world = World::new();
    let (kept, lost) = (rooted(&mut world, INSTANCE, 0, false), world.new_object(INSTANCE, 0, false));
    let strong = [Soft, Weak, Final, Phantom].map(|strength| refer(&mut world, strength, kept));
    let [soft, weak, last, phantom] =
        [Soft, Weak, Final, Phantom].map(|strength| refer(&mut world, strength, lost));
    // A minor collection clears nothing.
    world.minor();
    assert!([soft, weak, last, phantom].iter().all(|index| referent(&world, *index) != 0));
    // What a soft reference keeps, it keeps for all.
    world.full();
    assert_eq!(handed_over(&mut world), []);
    world.roots.clears_soft = true;
    world.full();
    // The finalizer has its turn before the phantom reference.
    assert_eq!(handed_over(&mut world), [soft, weak, last]);
    assert_eq!((referent(&world, soft), referent(&world, weak)), (0, 0));
    assert_ne!(referent(&world, last), 0);
    assert_eq!(referent(&world, last), referent(&world, phantom));
    assert_eq!(world.memory.load_u64(root(&world, last).add(reference::NEXT)), root(&world, last).0);
    // It is inactive until the program has dropped it.
    world.full();
    assert_eq!(handed_over(&mut world), []);
    assert_eq!(verify(&mut world), []);
    world.roots.slots[last] = Value::NULL;
    world.full();
    assert_eq!(handed_over(&mut world), [phantom]);
    assert_eq!(referent(&world, phantom), 0);
    world.full();
    assert_eq!(handed_over(&mut world), []);
    let kept = root(&world, 0).0;
    assert!(strong.iter().all(|index| referent(&world, *index) == kept));
    assert_eq!(verify(&mut world), []);
}

#[test]
fn what_is_kept_for_a_finalizer_is_kept_whole() {
    let mut world = World::new();
    // Two objects with finalizers, the first of which leads to the second, and a weak reference to it.
    let first = world.new_object(REFS, 2, false);
    let second = world.new_object(INSTANCE, 0, false);
    let of = reference_class(&mut world, Strength::Weak);
    let inner = world.heap.alloc(of, reference::DISCOVERED + 8).unwrap();
    world.heap.write_ref(inner, inner.add(reference::REFERENT), Value::object(second));
    for (index, value) in [second, inner].into_iter().enumerate() {
        world.heap.write_ref(first, first.add(array::DATA + 8 * index as u64), Value::object(value));
    }
    let finals = [first, second].map(|object| refer(&mut world, Strength::Final, object));
    world.full();
    let mut handed = handed_over(&mut world);
    handed.sort_unstable();
    assert_eq!(handed, finals);
    let first = Addr(referent(&world, finals[0]));
    let inner = Addr(world.memory.load_u64(first.add(array::DATA + 8)));
    assert_eq!(world.memory.load_u64(inner.add(reference::REFERENT)), referent(&world, finals[1]));
    assert_eq!(verify(&mut world), []);
}

#[test]
fn a_class_of_references_that_has_no_room_for_them_is_damage() {
    let mut world = World::new();
    let kept = rooted(&mut world, INSTANCE, 0, false);
    let index = refer(&mut world, Strength::Weak, kept);
    let of = Addr(world.memory.load_u64(root(&world, index)));
    let damaged = |world: &mut World| {
        verify(world).iter().any(|damage| matches!(damage, Damage::Class { class, .. } if *class == of))
    };
    let count = Addr(world.memory.load_u64(of.add(class::REF_MAP))).add(array::DATA + 4);
    world.memory.store_u32(count, 2);
    world.memory.store_u32(of.add(class::INSTANCE_SIZE), 32);
    assert!(damaged(&mut world));
    world.memory.store_u32(of.add(class::INSTANCE_SIZE), 48);
    assert!(!damaged(&mut world));
    world.memory.store_u8(of.add(class::ELEMENT_KIND), 5);
    assert!(damaged(&mut world));
}

#[test]
fn caches_learn_which_addresses_died() {
    let mut world = World::new();
    let kept = rooted(&mut world, INSTANCE, 0, true);
    let lost = [world.new_object(INSTANCE, 0, true), world.new_object(BYTES, 100_000, true)];
    let large = rooted(&mut world, BYTES, 100_000, true);
    world.roots.asked = [kept, large, lost[0], lost[1], ROOT].map(|addr| (addr, true)).into();
    world.full();
    let answers: Vec<bool> = world.roots.asked.iter().map(|asked| asked.1).collect();
    assert_eq!(answers, [true, true, false, false, false]);
    assert_ne!(world.memory.load_u64(lost[0]), 0, "a sweep leaves pages with live objects on them alone");
    assert_eq!(world.memory.load_u64(lost[1]), 0, "a free page has no class");
}

#[test]
fn a_class_nobody_needs_goes_with_its_last_instance() {
    let mut world = World::new();
    let before = world.old_objects();
    rooted(&mut world, INSTANCE, 0, false);
    let dropped = world.roots.classes.remove(INSTANCE);
    world.full();
    assert_eq!(world.old_objects(), before + 1, "an object keeps its class");
    world.roots.asked = vec![(dropped.as_object().unwrap(), true)];
    world.roots.slots.clear();
    world.full();
    assert_eq!(world.old_objects(), before - 2, "class and reference map are gone");
    assert!(!world.roots.asked[0].1);
}

#[test]
fn a_class_in_the_place_of_a_dead_one_is_read_anew() {
    let mut world = World::new();
    rooted(&mut world, INSTANCE, 0, false);
    world.minor();
    let dead = world.roots.classes.remove(INSTANCE).as_object().unwrap();
    world.roots.slots.clear();
    world.full();
    // One of the next classes is made where the dead one was, with instances of another size and without references.
    let metaclass = Addr(world.memory.load_u64(world.classes[BYTES].addr));
    let made: Vec<Addr> = (0..200)
        .map(|_| {
            let class = world.heap.alloc_old(metaclass, class::SIZE).unwrap();
            world.memory.store_u8(class.add(class::SHAPE), 1);
            world.memory.store_u32(class.add(class::INSTANCE_SIZE), 1040);
            world.roots.classes.push(Value::object(class));
            class
        })
        .collect();
    let same = made.into_iter().find(|class| *class == dead).expect("the cell is used again");
    let object = world.heap.alloc(same, 1040).unwrap();
    world.memory.store_u64(object.add(1032), 5);
    world.roots.slots.push(Value::object(object));
    assert_eq!(world.minor().promoted_bytes, 1040);
    assert_eq!(world.memory.load_u64(root(&world, 0).add(1032)), 5);
}

#[test]
fn identity_hashes_differ_and_leave_the_flag_alone() {
    let mut world = World::new();
    let mut hashes = Vec::new();
    for _ in 0..1000 {
        let object = rooted(&mut world, INSTANCE, 0, false);
        let before = hashes.len() as u32 % 2 * header::IMMUTABLE;
        world.memory.store_u32(object.add(header::HASH), before);
        let hash = world.heap.identity_hash(object);
        assert_eq!(world.memory.load_u32(object.add(header::HASH)), hash | before);
        assert_eq!(world.heap.identity_hash(object), hash);
        hashes.push(hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 1000);
}

#[test]
fn a_changed_class_is_read_again() {
    let mut world = World::new();
    let object = rooted(&mut world, INSTANCE, 0, true);
    assert_eq!(world.heap.object_size(object), 48);
    let class = world.classes[INSTANCE].addr;
    world.memory.store_u32(class.add(class::INSTANCE_SIZE), 64);
    world.heap.class_changed(class);
    assert_eq!(world.heap.object_size(object), 64);
}

#[test]
fn only_a_formatted_world_opens() {
    let memory = Stored::default().open(Epoch(0));
    assert_eq!(Heap::open(memory.clone()).err(), Some(HeapError::Format { magic: 0 }));
    Heap::format(memory.clone());
    assert!(Heap::open(memory).is_ok());
}

#[test]
fn opening_and_going_on_touches_few_pages() {
    let mut world = World::new();
    for index in 0..20_000 {
        rooted(&mut world, INSTANCE + index % 2, 0, true);
    }
    let mut stored = Stored::default();
    let flip = |world: &World, stored: &mut Stored| {
        world.memory.flip();
        let mut capture = world.memory.begin_capture();
        while !stored.step(&mut capture, 1000) {}
        let pages = capture.pages();
        capture.committed();
        pages
    };
    assert!(flip(&world, &mut stored) > 300);
    let mut world = World::reopen(stored.open(Epoch(1)), world.classes, world.roots.slots);
    assert_eq!(flip(&world, &mut stored), 0, "opening writes nothing");
    for _ in 0..100 {
        rooted(&mut world, INSTANCE, 0, false);
    }
    world.minor();
    // The root page, one record of a region, and the objects one behind the other on one page or two.
    assert!(flip(&world, &mut stored) <= 5);
    let addresses: Vec<Addr> =
        world.roots.slots[20_000..].iter().map(|value| value.as_object().unwrap()).collect();
    assert!(addresses.windows(2).all(|pair| pair[1] == pair[0].add(48)), "survivors lie together");
    world.full();
    assert!(flip(&world, &mut stored) <= 2, "a full collection that frees nothing writes the root page");
}

/// A world with one object of each kind and a free cell, for planting damage.
struct Planted {
    world: World,
    instance: Addr,
    array: Addr,
    large: Addr,
    dead: Addr,
}

fn planted() -> Planted {
    let mut world = World::new();
    let instance = rooted(&mut world, INSTANCE, 0, true);
    let dead = world.new_object(INSTANCE, 0, true);
    let array = rooted(&mut world, REFS, 10, true);
    let large = rooted(&mut world, REFS, 10_000, true);
    let gap = world.new_object(REFS, 10_000, true);
    let above = rooted(&mut world, REFS, 10_000, true);
    world.heap.write_ref(large, large.add(array::DATA), Value::object(above));
    assert_ne!(gap, above);
    world.full();
    assert_eq!(verify(&mut world), []);
    Planted { world, instance, array, large, dead }
}

#[test]
fn the_verifier_finds_planted_damage() {
    let state = ROOT.add(HEAP_STATE_OFFSET);
    let (regions, large_table) =
        (METADATA.start.sub(4096).add(1 << 30), METADATA.start.sub(4096).add(32 << 30));
    type Plant<'p> = (&'p str, Box<dyn Fn(&mut Planted)>, &'p str);
    let word = |at: fn(&Planted) -> Addr, value: fn(&Planted) -> u64| -> Box<dyn Fn(&mut Planted)> {
        Box::new(move |p| p.world.memory.store_u64(at(p), value(p)))
    };
    let raw = |at: Addr, change: fn(u64) -> u64| -> Box<dyn Fn(&mut Planted)> {
        Box::new(move |p| p.world.memory.store_u64(at, change(p.world.memory.load_u64(at))))
    };
    let slot = |p: &Planted| p.instance.add(24);
    let plants: Vec<Plant<'_>> = vec![
        ("class word null", word(|p| p.instance, |_| 0), "it is null"),
        ("class word wild", word(|p| p.instance, |_| 0x1234_5670), "no old object begins there"),
        ("class word not a class", word(|p| p.instance, |p| p.large.0), "it is not a class"),
        (
            "class without shape",
            Box::new(|p| p.world.memory.store_u8(p.world.classes[INSTANCE].addr.add(class::SHAPE), 0)),
            "makes no sense",
        ),
        (
            "class with a wild map",
            word(|p| p.world.classes[INSTANCE].addr.add(class::REF_MAP), |_| 64),
            "no byte array",
        ),
        ("array too long", word(|p| p.array.add(array::LENGTH), |_| 1 << 60), "has room for"),
        ("large array too long", word(|p| p.large.add(array::LENGTH), |_| 10_300), "has room for"),
        ("reference into an object", word(slot, |p| p.array.0 + 16), "no object begins there"),
        ("reference to a free cell", word(slot, |p| p.dead.0), "no object begins there"),
        ("reference into a large object", word(slot, |p| p.large.0 + 4096), "no object begins there"),
        ("reference out of the heap", word(slot, |_| ROOT.0), "no object begins there"),
        ("reference to nowhere", word(slot, |_| 64), "no object begins there"),
        ("reserved immediate", word(slot, |_| 7), "no legal immediate"),
        ("int with stray bits", word(slot, |_| Value::int(3).0 | 64), "no legal immediate"),
        (
            "forgotten write barrier",
            Box::new(|p| {
                let young = p.world.new_object(INSTANCE, 0, false);
                p.world.memory.store_u64(p.array.add(array::DATA), young.0);
            }),
            "not remembered",
        ),
        (
            "reference into the middle of the nursery",
            Box::new(|p| {
                let young = p.world.new_object(INSTANCE, 0, false);
                p.world.heap.write_ref(p.array, p.array.add(array::DATA), Value::object(young.add(16)));
            }),
            "no object begins there in the nursery",
        ),
        (
            "wild root",
            Box::new(|p| p.world.roots.slots[0] = Value(p.instance.0 + 16)),
            "no object begins there",
        ),
        (
            "forgotten root",
            Box::new(|p| {
                let young = p.world.new_object(INSTANCE, 0, false);
                p.world.roots.classes.push(Value::object(young));
            }),
            "will not visit",
        ),
        ("heap format", raw(state, |old| old + 1), "unknown format"),
        ("too many regions", raw(state.add(8), |_| u64::MAX), "more regions"),
        ("wrong sum of cells", raw(state.add(32), |old| old + 32), "wrong sum of the cells"),
        ("wrong sum of large pages", raw(state.add(40), |old| old - 4096), "wrong sum of the large"),
        ("unknown size class", raw(regions, |old| old | 0xff), "unknown size class"),
        ("wrong count of free cells", raw(regions, |old| old + (1 << 32)), "wrong count"),
        ("list in a circle", raw(regions.add(8), |_| 1), "in a circle"),
        ("live cell free", raw(regions.add(64), |old| old & !2), "wrong count"),
        ("cell beyond the last", raw(regions.add(1016), |_| 1 << 63), "beyond the last"),
        ("large extent too long", raw(large_table, |old| old + 4000), "table of large pages is damaged"),
        ("extent inside another", raw(large_table.add(8), |_| 5), "begins inside"),
        ("free extent off its list", raw(state.add(320 + 4 * 4), |_| 0), "not in a list"),
    ];
    for (name, plant, found) in plants {
        let mut planted = planted();
        plant(&mut planted);
        let damages = verify(&mut planted.world);
        let texts: Vec<String> = damages.iter().map(Damage::to_string).collect();
        assert!(texts.iter().any(|text| text.contains(found)), "{name}: {texts:?}");
    }
}

#[test]
fn the_verifier_wants_an_empty_nursery_at_a_flip() {
    let mut world = World::new();
    let object = rooted(&mut world, INSTANCE, 0, false);
    assert_eq!(verify(&mut world), []);
    let damages = world.heap.verify(&mut world.roots, Moment::Flip).unwrap_err();
    assert_eq!(damages[0], Damage::Nursery { bytes: 48 });
    world.minor();
    assert!(world.heap.verify(&mut world.roots, Moment::Flip).is_ok());
    assert_ne!(root(&world, 0), object);
}
