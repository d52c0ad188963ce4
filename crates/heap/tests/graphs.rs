//! Random graphs of objects against a model, through collections of all kinds, captures and restarts.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use base::prng::Prng;
use base::{Addr, Epoch};
use heap::{MarkBounds, Moment, Survivors};
use layout::Value;
use layout::schema::{Shape, array};
use std::collections::BTreeMap;
use support::{BYTES, FIRST_INSTANCE, FROZEN, INSTANCES, REFS, Stored, World};

/// What a slot holds.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Ref {
    Null,
    Int(i32),
    To(u64),
}

/// What an object is to be.
#[derive(Clone, Debug)]
struct Node {
    class: usize,
    length: u64,
    refs: Vec<Ref>,
    hash: Option<u32>,
}

#[derive(Clone, Default)]
struct Model {
    nodes: BTreeMap<u64, Node>,
    roots: Vec<Ref>,
    next: u64,
}

impl Model {
    /// Forgets what the roots do not reach.
    fn prune(&mut self) {
        let mut live = BTreeMap::new();
        let mut work = self.roots.clone();
        while let Some(next) = work.pop() {
            let Ref::To(id) = next else { continue };
            if let Some(node) = self.nodes.remove(&id) {
                work.extend(&node.refs);
                live.insert(id, node);
            }
        }
        self.nodes = live;
    }
}

/// Address of the `index`th reference slot.
fn slot(world: &World, object: Addr, class: usize, index: usize) -> Addr {
    object.add(match world.classes[class].shape {
        Shape::Instance => world.classes[class].refs[index],
        Shape::FrozenStack => array::DATA + 8 * (1 + 2 * index as u64),
        _ => array::DATA + 8 * (1 + index as u64),
    })
}

/// Where an object keeps its number in the model.
fn id_word(world: &World, id: u64, class: usize) -> (u64, u64) {
    match world.classes[class].shape {
        Shape::Instance => (16, id),
        Shape::RefArray => (array::DATA, Value::long(id as i64).unwrap().0),
        _ => (array::DATA, id),
    }
}

struct Run {
    world: World,
    model: Model,
    prng: Prng,
}

impl Run {
    /// A number below `2^bits`, small ones as likely as large ones.
    fn any_length(&mut self, bits: u64) -> u64 {
        let bits = self.prng.below(bits + 1);
        self.prng.below(1 << bits)
    }

    fn any_root(&mut self) -> usize {
        self.prng.below(self.model.roots.len() as u64) as usize
    }

    /// A root that holds an object: its number there, its address, its number in the model.
    fn any_object(&mut self) -> Option<(usize, Addr, u64)> {
        let root = self.any_root();
        let Ref::To(id) = self.model.roots[root] else { return None };
        Some((root, self.world.roots.slots[root].as_object().unwrap(), id))
    }

    fn any_ref(&mut self) -> (Ref, Value) {
        match self.prng.below(8) {
            0 => (Ref::Null, Value::NULL),
            1 => {
                // Numbers whose bits look like addresses of the nursery.
                let int = 0x1010 + self.prng.below(16) as i32;
                (Ref::Int(int), Value::int(int))
            }
            _ => {
                let root = self.any_root();
                (self.model.roots[root], self.world.roots.slots[root])
            }
        }
    }

    fn new_object(&mut self) {
        let class = match self.prng.below(6) {
            0 => BYTES,
            1 => REFS,
            2 => FROZEN,
            _ => FIRST_INSTANCE + self.prng.below(INSTANCES.len() as u64) as usize,
        };
        let huge = self.prng.chance(1, 40);
        let (length, refs) = match self.world.classes[class].shape {
            Shape::Instance => (0, self.world.classes[class].refs.len() as u64),
            Shape::PrimArray => (8 + self.any_length(if huge { 20 } else { 14 }), 0),
            Shape::FrozenStack => {
                let refs = self.any_length(9);
                (1 + refs * 2, refs)
            }
            _ => {
                let refs = self.any_length(if huge { 16 } else { 9 });
                (1 + refs, refs)
            }
        };
        let old = self.prng.chance(1, 10);
        let object = self.world.new_object(class, length, old);
        let memory = self.world.memory.clone();
        let id = self.model.next;
        self.model.next += 1;
        let (at, word) = id_word(&self.world, id, class);
        memory.store_u64(object.add(at), word);
        if class == BYTES {
            let pattern = vec![id as u8; length as usize - 8];
            memory.write_bytes(object.add(array::DATA + 8), &pattern);
        }
        if class == FROZEN {
            // Numbers that look like references must be left alone.
            for index in (2..length).step_by(2) {
                memory.store_u64(object.add(array::DATA + index * 8), object.0);
            }
        }
        let node = Node { class, length, refs: vec![Ref::Null; refs as usize], hash: None };
        self.model.nodes.insert(id, node);
        for index in 0..refs.min(20) as usize {
            let index = if refs > 20 { self.prng.below(refs) as usize } else { index };
            self.write(object, id, index);
        }
        let root = self.any_root();
        self.model.roots[root] = Ref::To(id);
        self.world.roots.slots[root] = Value::object(object);
    }

    /// Stores something into a slot.
    fn write(&mut self, object: Addr, id: u64, index: usize) {
        let (reference, value) = self.any_ref();
        let node = self.model.nodes.get_mut(&id).unwrap();
        node.refs[index] = reference;
        let class = node.class;
        let slot = slot(&self.world, object, class, index);
        if class == FROZEN {
            self.world.heap.remember(object);
            self.world.memory.store_u64(slot, value.0);
        } else {
            self.world.heap.write_ref(object, slot, value);
        }
    }

    /// Moves references inside an array or from one to another.
    fn copy_refs(&mut self) {
        let (Some((_, from, from_id)), Some((_, to, to_id))) = (self.any_object(), self.any_object()) else {
            return;
        };
        let (source, target) = (&self.model.nodes[&from_id], &self.model.nodes[&to_id]);
        if source.class != REFS || target.class != REFS || source.refs.is_empty() || target.refs.is_empty() {
            return;
        }
        let (sources, targets) = (source.refs.len() as u64, target.refs.len() as u64);
        let (first, at) = (self.prng.below(sources), self.prng.below(targets));
        let count = self.prng.below((sources - first).min(targets - at) + 1);
        let data = array::DATA + 8;
        self.world.heap.copy_refs(to, from.add(data + first * 8), to.add(data + at * 8), count);
        let moved = self.model.nodes[&from_id].refs[first as usize..(first + count) as usize].to_vec();
        let target = self.model.nodes.get_mut(&to_id).unwrap();
        target.refs[at as usize..(at + count) as usize].copy_from_slice(&moved);
    }

    fn step(&mut self) {
        match self.prng.below(20) {
            0..8 => self.new_object(),
            8..14 => {
                let Some((_, object, id)) = self.any_object() else { return };
                let refs = self.model.nodes[&id].refs.len() as u64;
                if refs > 0 {
                    let index = self.prng.below(refs) as usize;
                    self.write(object, id, index);
                }
            }
            14..16 => {
                let Some((_, object, id)) = self.any_object() else { return };
                let node = &self.model.nodes[&id];
                if node.refs.is_empty() {
                    return;
                }
                let (class, index) = (node.class, self.prng.below(node.refs.len() as u64) as usize);
                let (reference, root) = (node.refs[index], self.any_root());
                let value = self.world.memory.load_u64(slot(&self.world, object, class, index));
                self.world.roots.slots[root] = Value(value);
                self.model.roots[root] = reference;
            }
            16 => self.copy_refs(),
            17 => {
                let Some((_, object, id)) = self.any_object() else { return };
                let hash = self.world.heap.identity_hash(object);
                assert!(hash > 0 && hash >> 31 == 0);
                let known = self.model.nodes.get_mut(&id).unwrap().hash.get_or_insert(hash);
                assert_eq!(*known, hash);
            }
            _ => {
                let root = self.any_root();
                self.model.roots[root] = Ref::Null;
                self.world.roots.slots[root] = Value::NULL;
            }
        }
    }

    /// Walks heap and model side by side.
    fn compare(&mut self) {
        let mut seen: BTreeMap<u64, Addr> = BTreeMap::new();
        let mut work: Vec<(Ref, Value)> = Vec::new();
        let check = |reference: Ref, value: Value, work: &mut Vec<(Ref, Value)>| match reference {
            Ref::Null => assert!(value.is_null()),
            Ref::Int(int) => assert_eq!(value, Value::int(int)),
            Ref::To(_) => work.push((reference, value)),
        };
        for (reference, value) in self.model.roots.iter().zip(&self.world.roots.slots) {
            check(*reference, *value, &mut work);
        }
        while let Some((reference, value)) = work.pop() {
            let (Ref::To(id), Some(object)) = (reference, value.as_object()) else {
                panic!("{reference:?} {value:?}")
            };
            if let Some(known) = seen.insert(id, object) {
                assert_eq!(known, object, "one object of the model is two in the heap");
                continue;
            }
            let node = &self.model.nodes[&id];
            let memory = &self.world.memory;
            assert_eq!(memory.load_u64(object), self.world.classes[node.class].addr.0);
            let (at, word) = id_word(&self.world, id, node.class);
            assert_eq!(memory.load_u64(object.add(at)), word);
            assert_eq!(memory.load_u32(object.add(12)), node.hash.unwrap_or(0));
            if self.world.classes[node.class].shape != Shape::Instance {
                assert_eq!(memory.load_u64(object.add(array::LENGTH)), node.length);
            }
            if node.class == BYTES {
                let mut bytes = vec![0; node.length as usize - 8];
                memory.read_bytes(object.add(array::DATA + 8), &mut bytes);
                assert!(bytes.iter().all(|byte| *byte == id as u8));
            }
            for (index, reference) in node.refs.iter().enumerate() {
                let value = memory.load_u64(slot(&self.world, object, node.class, index));
                check(*reference, Value(value), &mut work);
            }
        }
    }

    /// A minor collection of either kind; what the heap is fit for then.
    fn minor(&mut self) -> Moment {
        let (survivors, moment) = match self.prng.below(3) {
            0 => (Survivors::Promote, Moment::Flip),
            _ => (Survivors::Keep, Moment::Safepoint),
        };
        let stats = self.world.collect_minor(survivors);
        assert_eq!(stats.kept_bytes, self.world.heap.usage().nursery_bytes);
        moment
    }

    fn verify(&mut self, moment: Moment) {
        if let Err(damages) = self.world.heap.verify(&mut self.world.roots, moment) {
            panic!("{damages:?}");
        }
    }
}

fn start(seed: u64, roots: usize) -> Run {
    let mut world = World::new();
    world.roots.slots = vec![Value::NULL; roots];
    // As in a heap far larger than its memory.
    if !seed.is_multiple_of(3) {
        let bounds = MarkBounds { hot_regions: seed % 3, stack: 1 + (seed * seed % 50) as usize };
        world.heap.set_mark_bounds(bounds);
    }
    let model = Model { roots: vec![Ref::Null; roots], ..Model::default() };
    Run { world, model, prng: Prng::new(seed) }
}

#[test]
fn graphs_survive_thousands_of_collections() {
    for seed in 0..6 {
        let mut run = start(seed, 60);
        // The classes and their maps.
        let kernel = run.world.old_objects();
        for round in 0..600 {
            for _ in 0..run.prng.below(60) {
                run.step();
            }
            if round % 10 == 0 {
                run.verify(Moment::Safepoint);
            }
            if run.prng.chance(1, 6) {
                run.world.full();
                run.model.prune();
                run.verify(Moment::Flip);
                let live = run.model.nodes.len() as u64;
                assert_eq!(run.world.old_objects(), kernel + live, "seed {seed} round {round}");
            } else {
                let moment = run.minor();
                if round % 10 == 0 {
                    run.verify(moment);
                }
            }
            run.compare();
        }
        run.verify(Moment::Safepoint);
        run.model.roots.fill(Ref::Null);
        run.world.roots.slots.fill(Value::NULL);
        run.world.full();
        assert_eq!(run.world.old_objects(), kernel);
    }
}

#[test]
fn snapshots_taken_while_collections_go_on_open_again() {
    for seed in 0..4 {
        let mut run = start(100 + seed, 40);
        let mut stored = Stored::default();
        let classes = run.world.classes.clone();
        let mut epoch = Epoch(0);
        for _ in 0..40 {
            for _ in 0..run.prng.below(80) {
                run.step();
            }
            run.world.minor();
            assert!(run.world.heap.is_nursery_empty());
            // What the snapshot must hold.
            let (model, slots) = (run.model.clone(), run.world.roots.slots.clone());
            run.world.memory.flip();
            let mut capture = run.world.memory.begin_capture();
            loop {
                let done = stored.step(&mut capture, 1 + run.prng.below(40) as usize);
                if done {
                    break;
                }
                for _ in 0..run.prng.below(5) {
                    run.step();
                }
                match run.prng.below(12) {
                    0 => {
                        run.world.full();
                    }
                    1..4 => {
                        run.minor();
                    }
                    _ => {}
                }
            }
            capture.committed();
            epoch = epoch.next();
            run.compare();
            if run.prng.chance(1, 3) {
                // The power fails: what ran since the flip is gone.
                let memory = stored.open(epoch);
                run.model = model;
                run.world = World::reopen(memory, classes.clone(), slots);
                run.verify(Moment::Flip);
                run.compare();
            } else if run.prng.chance(1, 4) {
                run.world.full();
                run.model.prune();
            }
        }
        run.verify(Moment::Safepoint);
    }
}
