//! Hostile modules are refused or run: 10,000 mutants of modules, those that pass decoder and verifier run for a bounded
//! number of polls. They may return, throw, die or go on for ever; the machine never panics.
//!
//! The seeds are the cases of the instruction tests, which between them hold every instruction, and random programs.

mod common;
#[path = "instructions/tables.rs"]
mod tables;

use base::prng::Prng;
use bytecode::{Const, Module, decode, encode, fuzz, verify_module};
use common::{Outcome, TestWorld};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

const MUTANTS: u64 = 10_000;
/// Mutants that share a world; a failure is replayed by the mutants of its world up to it.
const MUTANTS_PER_WORLD: u64 = 100;
/// Slices of [`SLICE_POLLS`] polls that a mutant is given.
const SLICES: u64 = 8;
const SLICE_POLLS: u32 = 500;

/// Bytes that a mutant may allocate.
const HEAP_LIMIT: u64 = 64 << 20;

/// The text with the name of the generated class replaced.
fn rename(text: &mut String, to: &str) {
    if text == "Fuzz" {
        *text = to.into();
    } else if text.contains("LFuzz;") {
        *text = text.replace("LFuzz;", &format!("L{to};"));
    }
}

/// A random module whose class has a name of its own, so that many fit in a world.
fn generated(seed: u64, name: &str) -> Module {
    let mut module = fuzz::generate(seed, 4);
    for constant in &mut module.pool {
        match constant {
            Const::Class(class) | Const::MethodType(class) => rename(class, name),
            Const::Field { class, desc, .. } | Const::Method { class, desc, .. } => {
                rename(class, name);
                rename(desc, name);
            }
            _ => {}
        }
    }
    for class in &mut module.classes {
        rename(&mut class.name, name);
        for method in &mut class.methods {
            rename(&mut method.desc, name);
        }
    }
    module.entry = Some(name.into());
    module
}

/// A mutant and the class to start it with.
fn mutant(seed: u64, cases: &[common::Case]) -> (Vec<u8>, String) {
    let mut prng = Prng::new(seed);
    let module = if prng.chance(1, 3) {
        generated(seed, &format!("Fuzz{seed}"))
    } else {
        let case = &cases[prng.below(cases.len() as u64) as usize];
        case.module(seed as usize).unwrap_or_else(|error| panic!("{}: {error}", case.text))
    };
    let entry = module.entry.clone().unwrap_or_default();
    (fuzz::mutate(&encode(&module), seed), entry)
}

/// What came of a mutant that was run, for the figures.
fn sort(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Refused(_) => "does not fit to the world",
        Outcome::Threw(_) | Outcome::ThrewText(_) => "throws",
        Outcome::Died(_) => "dies",
        Outcome::Stuck => "waits for ever",
        Outcome::Endless => "goes on",
        Outcome::Panicked(_) => "panics",
        _ => "returns",
    }
}

#[test]
fn mutants_are_refused_or_run() {
    let cases: Vec<common::Case> = tables::TABLES.iter().flat_map(|(_, cases)| cases().cases).collect();
    let mut world: Option<TestWorld> = None;
    let (mut undecodable, mut unverified) = (0, 0);
    let mut outcomes = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in 0..MUTANTS {
        if seed % MUTANTS_PER_WORLD == 0 {
            world = None;
        }
        let (bytes, entry) = mutant(seed, &cases);
        let Ok(module) = decode(&bytes) else {
            undecodable += 1;
            continue;
        };
        if verify_module(&module).is_err() {
            unverified += 1;
            continue;
        }
        let mut at = world.take().unwrap_or_else(TestWorld::new);
        at.vm.set_slice(SLICE_POLLS);
        at.vm.set_memory_limit(HEAP_LIMIT);
        let outcome = match catch_unwind(AssertUnwindSafe(|| at.run_bytes(&bytes, &entry, SLICES))) {
            Ok(outcome) => outcome,
            Err(payload) => Outcome::Panicked(common::world::panic_text(&*payload)),
        };
        *outcomes.entry(sort(&outcome)).or_insert(0u64) += 1;
        match outcome {
            Outcome::Panicked(text) => failures.push(format!("mutant {seed}: {text}")),
            // Its threads would go on beside the next one.
            Outcome::Stuck | Outcome::Endless => {}
            _ => world = Some(at),
        }
    }
    let rejected = undecodable + unverified;
    let accepted: u64 = outcomes.values().sum();
    println!(
        "rejected:accepted = {rejected}:{accepted} (decoder {undecodable}, verifier {unverified}); run: {outcomes:?}"
    );
    assert!(failures.is_empty(), "{} mutants panic:\n{}", failures.len(), failures.join("\n"));
    assert!(rejected > 1000 && accepted > 500, "the mutants exercise both");
}

/// Random programs run to their end without a panic, alike in every run, also when the machine is unkind.
#[test]
fn random_programs_run_alike_in_chaos() {
    let run = |chaos: Option<u64>| -> Vec<String> {
        let mut world = TestWorld::bare();
        if let Some(seed) = chaos {
            world.chaos(seed);
        }
        let mut outcomes = Vec::new();
        for seed in 0..300 {
            let name = format!("Fuzz{seed}");
            let bytes = encode(&generated(seed, &name));
            outcomes.push(format!("{:?}", world.run_bytes(&bytes, &name, 1_000_000)));
        }
        outcomes
    };
    let plain = run(None);
    for seed in 1..4 {
        for (number, (wanted, found)) in plain.iter().zip(run(Some(seed))).enumerate() {
            assert_eq!(*wanted, found, "program {number}, chaos {seed}");
        }
    }
}
