//! Worlds of released formats open, are sound, and every thread in them goes on.

use std::path::Path;
use xtask::golden;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up")
}

#[test]
fn every_thread_of_every_golden_world_goes_on() {
    assert!(golden::path(root()).exists(), "`cargo xtask golden` makes the world of this format");
    let listing = std::fs::read_dir(golden::folder(root())).expect("the folder can be read");
    let mut worlds: Vec<_> = listing.flatten().map(|entry| entry.path()).collect();
    worlds.retain(|path| path.extension().is_some_and(|ending| ending == "lz4"));
    for path in worlds {
        let packed = std::fs::read(&path).expect("it can be read");
        assert!(packed.len() < 200_000, "{} is {} bytes long", path.display(), packed.len());
        assert_eq!(golden::goes_on(&packed).expect("it opens"), golden::GOES_ON, "{}", path.display());
    }
}

/// The program still comes to the same instant, so that the next format gets its world by one command.
#[test]
fn a_golden_world_can_be_made_anew() {
    let packed = golden::make(root()).expect("it can be made");
    assert_eq!(golden::goes_on(&packed).expect("it opens"), golden::GOES_ON);
}
