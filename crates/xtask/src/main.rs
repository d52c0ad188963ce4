//! `cargo xtask VERB`: everything that is done with the project besides building it.
//!
//! Each verb is a module with its own arguments; long ones show progress and take a seed that replays them.
#![allow(
    clippy::disallowed_methods,
    reason = "this crate stands at the edge, where time, threads and the environment are"
)]

mod bench;
mod coverage;
mod crash;
mod faults;
mod java;
mod java_mutants;
mod kill;
mod shell;
mod simulate;
mod test;
mod torment;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests, tortures and measures Phantom", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Installs what is missing and passes all tests (what CI runs).
    Test(test::Options),
    /// Enumerates what power cuts may leave of a world, and opens each.
    Crash(crash::Arguments),
    /// Lets a device fail at each of its calls in turn, and rot anywhere.
    Faults(faults::Options),
    /// Lives whole worlds from seeds, in one thread, and shows the hash of all that happened.
    Simulate(simulate::Options),
    /// Kills programs with kill -9 and checks that they go on.
    Kill(kill::Options),
    /// Runs unmodified Java programs as HotSpot does, plainly and under kills.
    Java(java::Options),
    /// Runs damaged class files and jars, none of which may stop the machine.
    JavaMutants(java_mutants::Options),
    /// Runs programs under chaos and checks that nothing shows.
    Chaos(torment::Options),
    /// Makes the golden world of this format anew.
    Golden,
    /// Measures every figure of docs/performance.md.
    Bench(bench::Options),
    /// Measures which lines of the module decoder and verifier the tests reach.
    Coverage(coverage::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Test(options) => test::run_tests(&options),
        Verb::Crash(arguments) => return crash::execute(&arguments),
        Verb::Faults(options) => faults::run(&options),
        Verb::Simulate(options) => simulate::run(&options),
        Verb::Kill(options) => kill::run(&options),
        Verb::Java(options) => java::run(&options),
        Verb::JavaMutants(options) => java_mutants::run(&options),
        Verb::Chaos(options) => torment::run(&options),
        Verb::Golden => xtask::golden::write(&shell::root()).map(|path| println!("{}", path.display())),
        Verb::Bench(options) => bench::run(&options),
        Verb::Coverage(options) => coverage::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
