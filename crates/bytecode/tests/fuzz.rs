//! Hostile modules are refused or verified, never more; random modules verify and come back from text and bytes.

use bytecode::{assemble, decode, disassemble, encode, fuzz, verify_module};

/// Decodes and verifies each mutant; gives how many were refused by the decoder, by the verifier, and accepted.
fn hammer(seeds: &[Vec<u8>], mutants: u64) -> [u64; 3] {
    let mut counts = [0; 3];
    for seed in 0..mutants {
        let bytes = fuzz::mutate(&seeds[(seed % seeds.len() as u64) as usize], seed);
        match decode(&bytes) {
            Err(error) => {
                assert!(!error.to_string().is_empty());
                counts[0] += 1;
            }
            Ok(module) => {
                assert_eq!(encode(&module), bytes, "mutant {seed}: what decodes encodes to the same bytes");
                counts[if verify_module(&module).is_err() { 1 } else { 2 }] += 1;
            }
        }
    }
    counts
}

#[test]
fn ten_thousand_mutants_never_panic() {
    let mut seeds = vec![encode(&fuzz::every_instruction())];
    seeds.extend((0..7).map(|seed| encode(&fuzz::generate(seed, 4))));
    let [undecodable, unverified, accepted] = hammer(&seeds, 10_000);
    let rejected = undecodable + unverified;
    println!("rejected:accepted = {rejected}:{accepted} (decoder {undecodable}, verifier {unverified})");
    assert!(
        undecodable > 1000 && unverified > 1000 && accepted > 500,
        "the mutants exercise all three outcomes"
    );
}

#[test]
fn random_modules_verify_and_come_back() {
    for seed in 0..300 {
        let module = fuzz::generate(seed, 1 + seed as usize % 5);
        assert_eq!(verify_module(&module), Ok(()), "seed {seed}:\n{}", disassemble(&module));
        assert_eq!(decode(&encode(&module)).as_ref(), Ok(&module), "seed {seed}, bytes");
        assert_eq!(assemble(&disassemble(&module)).as_ref(), Ok(&module), "seed {seed}, text");
    }
}

#[test]
fn mutants_come_back_from_text() {
    let seeds = [encode(&fuzz::every_instruction()), encode(&fuzz::generate(1, 2))];
    for seed in 0..2000 {
        let bytes = fuzz::mutate(&seeds[seed as usize % 2], seed);
        if let Ok(module) = decode(&bytes) {
            let text = disassemble(&module);
            assert_eq!(assemble(&text).as_ref(), Ok(&module), "mutant {seed}:\n{text}");
        }
    }
}

#[test]
fn generating_is_deterministic() {
    for seed in 0..20 {
        assert_eq!(encode(&fuzz::generate(seed, 3)), encode(&fuzz::generate(seed, 3)));
    }
}
