//! The `phantom` command: it parses, calls, and turns failures into messages and exit statuses.
//!
//! Programs talk on standard input and output; Phantom's own messages go to standard error.
#![allow(
    clippy::disallowed_methods,
    reason = "this crate stands at the edge, where time, threads and the environment are"
)]

mod arguments;
mod carry;
mod compact;
mod compile;
mod control;
mod drive;
mod figures;
mod grants;
mod history;
mod java;
mod killer;
mod look;
mod moment;
mod quarantine;
mod run;
mod show;

use arguments::{Arguments, Verb};
use clap::Parser;
use control::protocol::Look;
use control::verbs;
use serde_json::Value;
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
    /// Nobody runs the world that is to be commanded.
    NotRunning(String),
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::Input(_) => 120,
            Failure::World(_) => 121,
            Failure::InUse(_) => 122,
            Failure::NotRunning(_) => 119,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(text)
            | Failure::Input(text)
            | Failure::World(text)
            | Failure::InUse(text)
            | Failure::NotRunning(text) => f.write_str(text),
        }
    }
}

/// Exit status of a program that went on from an older snapshot than the last one, when it would have been zero.
const STATUS_OLDER: u8 = 123;
/// Exit status when the world was stopped by command; the program goes on at its next start.
const STATUS_STOPPED: u8 = 124;
/// Exit status of a command that was detached from a program that goes on.
const STATUS_DETACHED: u8 = 125;

fn main() -> ExitCode {
    let words = match java::options::rewritten(std::env::args_os()) {
        Ok(words) => words,
        Err(failure) => return failed(&failure),
    };
    let result = match Arguments::parse_from(words).verb {
        Verb::Run(run) => run::run(*run),
        Verb::Resume(resume) => run::resume(resume),
        Verb::Attach(options) => verbs::attach(&options),
        Verb::Stop(options) => verbs::stop(&options),
        Verb::Snap(options) => verbs::snap(&options),
        Verb::Kill(options) => verbs::kill(&options),
        Verb::Go(options) if options.attach => history::attach_outside(&options.world, options.json),
        Verb::Go(options) => verbs::go(&options),
        Verb::Top(options) => verbs::top(&options),
        Verb::Info(options) => look::look(&options.name, options.json, &Look::Info),
        Verb::Log(options) => look::look(&options.name, options.json, &Look::Log),
        Verb::Ps(options) => look::look(&options.name, options.json, &Look::Ps { stacks: options.stacks }),
        Verb::Check(options) => {
            look::look(&options.name, options.json, &Look::Check { objects: options.objects })
        }
        Verb::Show(options) => look::look(&options.name, options.json, &Look::Show),
        Verb::Diff(options) => look::diff(&options),
        Verb::Tag(options) => history::tag(&options),
        Verb::Keep(options) => history::keep(&options),
        Verb::Fork(options) => carry::fork(&options),
        Verb::Restore(options) => history::restore(&options),
        Verb::Export(options) => carry::export(&options),
        Verb::Import(options) => carry::import(&options),
        Verb::Compact(options) => compact::compact(&options),
        Verb::KillPoints => look::print(false, &Value::Null, &format!("{}\n", killer::PHASES.join("\n"))),
        Verb::Compile(options) => compile::compile(&options),
        Verb::Disasm(options) => compile::disasm(&options),
        Verb::Asm(options) => compile::asm(&options),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &Failure) -> ExitCode {
    say(failure);
    ExitCode::from(failure.status())
}

/// Phantom's own word, on standard error.
fn say(message: &dyn fmt::Display) {
    use std::io::Write;
    // Whoever closed standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "phantom: {message}");
}
