//! An error at every call of a device, and bit rot in every sector: the short version of `cargo xtask faults`.

use sim::faults::{Kind, rot, sweep};

#[test]
fn an_error_at_any_call_loses_nothing() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut failures = Vec::new();
    for &kind in Kind::ALL {
        // Reads are many; `cargo xtask faults` tries all of them.
        let every = if kind == Kind::Read { 9 } else { 1 };
        match sweep(kind, 1, every, &mut |_, _| {}) {
            Ok(swept) => {
                println!("{kind:?}: {swept:?}");
                assert!(swept.runs > 0 && swept.reported > 0, "{kind:?}: {swept:?}");
            }
            Err(what) => failures.push(what),
        }
    }
    drop(std::panic::take_hook());
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn rot_is_found_or_harmless() {
    let rotten = rot(1, &mut |_, _| {}).unwrap_or_else(|what| panic!("{what}"));
    println!("{rotten:?}");
    assert!(rotten.refused > 10 && rotten.reported > 100 && rotten.harmless > 100, "{rotten:?}");
}
