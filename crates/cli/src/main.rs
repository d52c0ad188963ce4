//! The `phantom` command: it parses, calls, and turns failures into messages and exit statuses.
//!
//! Programs talk on standard input and output; Phantom's own messages go to standard error.
#![allow(
    clippy::disallowed_methods,
    reason = "this crate stands at the edge, where time, threads and the environment are"
)]

mod arguments;
mod compile;
mod drive;
mod figures;
mod killer;
mod look;
mod run;

use arguments::{Arguments, Verb};
use clap::Parser;
use std::fmt;
use std::process::ExitCode;

/// Exit status of an uncaught exception.
const STATUS_DIED: u8 = 1;

/// Why Phantom itself could not do what it was asked to; each kind has an exit status of its own.
#[derive(Debug)]
enum Failure {
    /// The command line asks for something that makes no sense.
    Usage(String),
    /// A file cannot be used or compiled.
    Input(String),
    /// The world is damaged or cannot go on.
    World(String),
    /// Another process has the world.
    InUse(String),
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::Input(_) => 120,
            Failure::World(_) => 121,
            Failure::InUse(_) => 122,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(text) | Failure::Input(text) | Failure::World(text) | Failure::InUse(text) => {
                f.write_str(text)
            }
        }
    }
}

/// Exit status of a program that went on from an older snapshot than the last one, when it would have been zero.
const STATUS_OLDER: u8 = 123;

fn main() -> ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Run(run) => run::run(run),
        Verb::Resume(resume) => run::resume(resume),
        Verb::Info(inspect) => look::info(&inspect),
        Verb::Log(inspect) => look::log(&inspect),
        Verb::Ps(ps) => look::ps(&ps),
        Verb::Check(inspect) => look::check(&inspect),
        Verb::Compile(options) => compile::compile(&options),
        Verb::Disasm(options) => compile::disasm(&options),
        Verb::Asm(options) => compile::asm(&options),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            say(&failure);
            ExitCode::from(failure.status())
        }
    }
}

/// Phantom's own word, on standard error.
fn say(message: &dyn fmt::Display) {
    use std::io::Write;
    // Whoever closed standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "phantom: {message}");
}
