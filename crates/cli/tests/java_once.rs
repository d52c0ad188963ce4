//! What changes names in the file system is done once by a Java program, however often it is killed.

mod common;

use base::prng::Prng;
use common::jdk::{jdk, source};
use common::{Scratch, ran};
use std::process::Command;
use std::time::Duration;

const KILLS: u32 = 12;
/// A kill comes at most so long after the start, in milliseconds.
const WINDOW_MS: u64 = 1000;

#[test]
fn files_are_made_moved_and_removed_once_over_kills() {
    let Some(jdk) = jdk() else { return };
    let scratch = Scratch::new();
    let classes = scratch.path("classes");
    let made = Command::new(jdk.join("bin/javac")).arg("-d").arg(classes).arg(source("Once")).status();
    assert!(made.expect("javac runs").success());
    let home = scratch.path("home");
    let mut prng = Prng::new(3);
    let mut kills = 0;
    for life in 0.. {
        std::fs::create_dir(&home).expect("a folder");
        let world = format!("world{life}");
        let run = ["run", "--every", "10ms", "--world", &world, "-cp", "classes", "Once", "home"];
        // What the lives have said: a kill may come when all is done and said.
        let mut said = String::new();
        loop {
            let mut child = scratch.command(&run).spawn().expect("it starts");
            if kills < KILLS {
                std::thread::sleep(Duration::from_millis(100 + prng.below(WINDOW_MS)));
                if child.try_wait().expect("a child").is_none() {
                    child.kill().expect("it can be killed");
                    said += &ran(child).out;
                    kills += 1;
                    continue;
                }
            }
            let last = ran(child).status(0);
            said += &last.out;
            assert!(said.ends_with("left 0\n"), "{said}{last:?}");
            assert!(!last.err.contains("Exception"), "{last:?}");
            break;
        }
        std::fs::remove_dir(&home).expect("an empty folder");
        if kills == KILLS {
            break;
        }
    }
}
