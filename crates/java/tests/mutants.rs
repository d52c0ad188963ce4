//! Damaged class files: an error or a module that Phantom's verifier accepts, never a panic.

mod common;

use base::prng::Prng;
use java::{ClassFile, convert};

/// Mutated class files.
const MUTANTS: u64 = 5_000;
/// One class of so many is taken.
const STRIDE: usize = 61;
/// Largest class file that is mutated, in bytes.
const BYTES_MAX: usize = 20_000;

/// Offsets of the bytes that are code of methods, so that the verifier gets its share.
fn code_of(bytes: &[u8]) -> Vec<usize> {
    let Ok(class) = ClassFile::parse(bytes) else { return Vec::new() };
    let methods = class.methods.iter().flat_map(|method| &method.attributes);
    let bodies = methods.filter(|attribute| attribute.name == b"Code").map(|attribute| attribute.bytes);
    bodies
        .flat_map(|body| {
            let start = body.as_ptr() as usize - bytes.as_ptr() as usize;
            // The sizes of the frame count as code, the length of the code does not.
            (start..start + 4).chain(start + 8..start + body.len())
        })
        .collect()
}

fn mutate(prng: &mut Prng, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    let code = if prng.chance(3, 4) { code_of(bytes) } else { Vec::new() };
    if !code.is_empty() {
        for _ in 0..=prng.below(2) {
            let at = code[prng.below(code.len() as u64) as usize];
            bytes[at] = match prng.below(3) {
                0 => bytes[at] ^ 1 << prng.below(8),
                1 => bytes[at].wrapping_add(1),
                _ => prng.below(202) as u8,
            };
        }
        return;
    }
    for _ in 0..=prng.below(4) {
        let at = prng.below(bytes.len() as u64) as usize;
        match prng.below(8) {
            0 => bytes[at] ^= 1 << prng.below(8),
            1 => bytes[at] = prng.below(256) as u8,
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][prng.below(5) as usize],
            3 => bytes.truncate(at.max(1)),
            4 => bytes.insert(at, prng.below(256) as u8),
            5 => {
                bytes.remove(at);
                if bytes.is_empty() {
                    bytes.push(0);
                }
            }
            // A two-byte number becomes a near one: another constant, another local, another target.
            6 if at + 1 < bytes.len() => {
                let number = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
                let near = number.wrapping_add(prng.below(9) as u16).wrapping_sub(4);
                bytes[at..at + 2].copy_from_slice(&near.to_be_bytes());
            }
            // A piece of another class.
            _ => {
                let other = &others[prng.below(others.len() as u64) as usize];
                let from = prng.below(other.len() as u64) as usize;
                let length = (1 + prng.below(16) as usize).min(other.len() - from).min(bytes.len() - at);
                bytes[at..at + length].copy_from_slice(&other[from..from + length]);
            }
        }
    }
}

#[test]
fn damaged_class_files_never_panic() {
    let Some(jdk) = common::jdk() else { return common::skipped("damaged_class_files_never_panic") };
    let mut classes = Vec::new();
    let mut number = 0;
    common::each_class(&jdk, |name, bytes| {
        number += 1;
        if number % STRIDE == 0 && name.starts_with("/java.base/") && bytes.len() <= BYTES_MAX {
            classes.push(bytes.to_vec());
        }
    });
    assert!(classes.len() > 50, "only {} classes to mutate", classes.len());
    let (mut refused, mut unverified, mut accepted) = (0, 0, 0);
    for seed in 0..MUTANTS {
        let mut prng = Prng::new(seed);
        let mut bytes = classes[prng.below(classes.len() as u64) as usize].clone();
        mutate(&mut prng, &mut bytes, &classes);
        match convert(&bytes) {
            Err(_) => refused += 1,
            Ok(made) => {
                if made.diagnostics.is_empty() {
                    accepted += 1
                } else {
                    unverified += 1
                }
                if let Err(errors) = bytecode::verify_module(&made.module) {
                    panic!("seed {seed}: the converter accepts what Phantom refuses: {}", errors[0]);
                }
            }
        }
    }
    eprintln!("{refused} refused, {unverified} not verified, {accepted} accepted of {MUTANTS}");
    // How many of each depends on the release of the JDK, whose classes are damaged here.
    assert!(refused > 1000 && unverified > 500 && accepted > 500, "the mutations are too kind or too rough");
}
