//! `cargo xtask java-mutants`: damaged class files and jars, each run by the real binary, which must neither panic nor die.
//!
//! A short run of the same is a test of `cli`; what the converter alone makes of damaged class files is one of `java`.

use crate::shell::{command, run as run_shown};

/// The test that runs them, and the variable that says how many.
const TEST: [&str; 2] = ["java_bad_input", "mutants_of_classes_and_jars_stop_no_machine"];
const COUNT: &str = "JAVA_MUTANTS";

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask java-mutants --count 1000")]
pub(crate) struct Options {
    /// Mutants: half of them class files, half of them jars. They follow from their numbers.
    #[arg(long, default_value_t = 5000)]
    count: u64,
}

/// Runs them.
///
/// # Errors
/// When one of them stops the machine.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let [file, test] = TEST;
    let build =
        ["test", "--release", "--quiet", "--package", "cli", "--test", file, "--", "--nocapture", test];
    run_shown(command("cargo", &build).env(COUNT, options.count.to_string()))
}
