//! The verbs for a world that may run: `attach`, `stop`, `snap`, `kill`, `go`, `top`, and `run` into it.

use super::client::{self, Trouble};
use super::protocol::{Ending, Launch, Look, Request};
use crate::arguments::{Go, Inspect, OneProgram, Top};
use crate::look::{self, Shown, print, size};
use crate::moment::Moment;
use crate::run::change;
use crate::{Failure, say};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;

fn nobody(world: &Path, what: &str) -> Failure {
    Failure::NotRunning(format!("{}: nobody runs it: {what}", world.display()))
}

fn must_exist(world: &Path) -> Result<(), Failure> {
    match std::fs::metadata(world) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Input(format!("{}: {error}", world.display()))),
    }
}

/// Asks for something that has an answer and no more; `None` when nobody runs the world.
///
/// # Errors
/// Why it was not done.
pub(crate) fn ask(world: &Path, request: &Request) -> Result<Option<Value>, Failure> {
    must_exist(world)?;
    client::with_runner(world, |mut client| client.ask(request.clone(), None))
}

/// How a program has ended, as an exit status; a report goes to standard error.
pub(crate) fn ended(program: &str, ending: &Ending) -> u8 {
    match (ending.state.as_str(), &ending.failure) {
        ("died", Some(failure)) => say(failure),
        ("killed", _) => say(&format_args!("{program} was killed")),
        _ => {}
    }
    ending.status as u8
}

/// `phantom run` on a world that another process runs; `None` when none does any more.
///
/// # Errors
/// Why it cannot run there.
pub(crate) fn run_there(world: &Path, launch: &Launch, module: &[u8]) -> Result<Option<u8>, Failure> {
    client::with_runner(world, |mut client| {
        let answer = client.ask(Request::Run(launch.clone()), Some(module))?;
        let before = answer["before"] == json!(true);
        if before {
            say(&format_args!("note: {} has ended before; --fresh starts it over", launch.name));
        } else {
            say(&format_args!("{} runs in {}, in process {}", launch.name, world.display(), client.pid()));
        }
        held(&answer, world);
        client.attach(world, &launch.name).map_err(Trouble::Failure)
    })
}

/// Says why nothing will be seen of a program.
fn held(answer: &Value, world: &Path) {
    if answer["held"] == json!(true) {
        say(&format_args!(
            "note: it is held; `phantom ps {0}` says why, `phantom go {0}` lets it run",
            world.display()
        ));
    }
}

/// `phantom attach`
///
/// # Errors
/// When there is nothing to attach to.
pub(crate) fn attach(options: &OneProgram) -> Result<u8, Failure> {
    must_exist(&options.world)?;
    let request = Request::Attach { program: options.program.clone() };
    let status = client::with_runner(&options.world, |mut client| {
        let answer = client.ask(request.clone(), None)?;
        held(&answer, &options.world);
        client.attach(&options.world, &options.program).map_err(Trouble::Failure)
    })?;
    status.ok_or_else(|| nobody(&options.world, "`phantom resume` does"))
}

/// `phantom stop`
///
/// # Errors
/// When nobody runs it, or it cannot be stopped.
pub(crate) fn stop(options: &Inspect) -> Result<u8, Failure> {
    must_exist(&options.world)?;
    let answer = client::with_runner(&options.world, |mut client| {
        let answer = client.ask(Request::Stop, None)?;
        client.wait_for_the_end();
        Ok(answer)
    })?;
    let answer = answer.ok_or_else(|| nobody(&options.world, "there is nothing to stop"))?;
    let human = format!(
        "stopped at snapshot {}; `phantom resume {}` goes on\n",
        answer["epoch"],
        options.world.display()
    );
    print(options.json, &answer, &human)
}

/// `phantom snap`
///
/// # Errors
/// When there can be no snapshot.
pub(crate) fn snap(options: &Inspect) -> Result<u8, Failure> {
    if let Some(answer) = ask(&options.world, &Request::Snap)? {
        return print(options.json, &answer, &format!("snapshot {} is durable\n", answer["epoch"]));
    }
    // All that there is in a world that nobody runs is in its newest snapshot.
    let epoch = look::newest(&options.world)?;
    let human = format!("nobody runs it; snapshot {epoch} is its newest\n");
    print(options.json, &json!({"epoch": epoch}), &human)
}

/// `phantom kill`
///
/// # Errors
/// When there is no such program, or the world cannot be written.
pub(crate) fn kill(options: &OneProgram) -> Result<u8, Failure> {
    let name = &options.program;
    let answer = match ask(&options.world, &Request::Kill { program: name.clone() })? {
        Some(answer) => answer,
        None => change(&options.world, name, |world, program| {
            let killed = world.kill(program.addr);
            Ok(json!({"program": name, "killed": killed}))
        })?,
    };
    let human = if answer["killed"] == json!(true) {
        format!("{name} is killed\n")
    } else {
        format!("{name} had ended before\n")
    };
    print(options.json, &answer, &human)
}

/// `phantom go`
///
/// # Errors
/// When there is nothing to let go.
pub(crate) fn go(options: &Go) -> Result<u8, Failure> {
    let answer =
        match (ask(&options.world, &Request::Go { program: options.program.clone() })?, &options.program) {
            (Some(answer), _) => answer,
            (None, None) => return Err(nobody(&options.world, "`phantom resume` lets it run")),
            (None, Some(name)) => {
                let answer = change(&options.world, name, |world, program| {
                    Ok(json!({"changed": world.release(program.addr)}))
                })?;
                crate::quarantine::forgive(&options.world, name);
                answer
            }
        };
    let what = options.program.as_deref().unwrap_or("the world");
    let human = if answer["changed"] == json!(true) { "goes on" } else { "was not held" };
    print(options.json, &answer, &format!("{what} {human}\n"))
}

/// A listing of a world that another process runs; `None` when none does.
///
/// # Errors
/// When it cannot be had.
pub(crate) fn look_there(world: &Path, what: &Look, at: &Moment) -> Result<Option<Shown>, Failure> {
    // The file can be read whoever has the socket.
    let Some(mut client) = client::reach(world).unwrap_or_default() else { return Ok(None) };
    match client.ask(Request::Look { what: what.clone(), at: at.clone() }, None) {
        Ok(answer) => Ok(Some(Shown {
            human: answer["human"].as_str().unwrap_or_default().to_string(),
            failure: answer["failure"].as_str().map(ToString::to_string),
            machine: answer["machine"].clone(),
        })),
        Err(Trouble::Stopping) => Ok(None),
        Err(Trouble::Failure(failure)) => Err(failure),
    }
}

/// `phantom top`
///
/// # Errors
/// When nobody runs the world.
pub(crate) fn top(options: &Top) -> Result<u8, Failure> {
    let mut before: Option<Value> = None;
    loop {
        let now = ask(&options.world, &Request::Top)?
            .ok_or_else(|| nobody(&options.world, "`phantom ps` shows what is in it"))?;
        let shown = rates(before.as_ref(), &now);
        let clear = if std::io::stdout().is_terminal() && !options.once { "\x1b[H\x1b[2J" } else { "" };
        print(options.json, &shown, &format!("{clear}{}", screen(&shown)))?;
        if options.once {
            return Ok(0);
        }
        before = Some(now);
        std::thread::sleep(options.every);
    }
}

/// Adds what changed since the look before: shares of a processor, bytes and commits a second.
fn rates(before: Option<&Value>, now: &Value) -> Value {
    let mut shown = now.clone();
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    // Since the process started when there is no look before.
    let zero = Value::Null;
    let before = before.unwrap_or(&zero);
    let seconds = (number(&now["up_ns"]) - number(&before["up_ns"])) / 1e9;
    if seconds <= 0.0 {
        return shown;
    }
    for field in ["commits", "written_bytes"] {
        shown[format!("{field}_per_s")] = json!((number(&now[field]) - number(&before[field])) / seconds);
    }
    // What programs did is read from snapshots, which know the time between them.
    let span = number(&now["committed_ns"]) - number(&before["committed_ns"]);
    let old: BTreeMap<u64, &Value> = before["programs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|program| Some((program["id"].as_u64()?, program)))
        .collect();
    for program in shown["programs"].as_array_mut().into_iter().flatten() {
        let Some(old) = program["id"].as_u64().and_then(|id| old.get(&id)) else { continue };
        let used = number(&program["cpu_ns"]) - number(&old["cpu_ns"]);
        program["cpu_share"] = json!(if span > 0.0 { used / span } else { 0.0 });
        let made = number(&program["allocated_bytes"]) - number(&old["allocated_bytes"]);
        program["allocated_bytes_per_s"] = json!(if span > 0.0 { made / (span / 1e9) } else { 0.0 });
    }
    shown
}

fn screen(shown: &Value) -> String {
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let bytes = |value: &Value| size(value.as_f64().unwrap_or(0.0) as u64);
    let snapshot = &shown["snapshot"];
    let mut text = format!(
        "snapshot {}   {} pages, {}   captured in {} ms, durable in {:.1} ms   process {}\n{:.1} snapshots/s, {}/s written{}\n\n",
        shown["epoch"],
        snapshot["pages"],
        bytes(&snapshot["bytes"]),
        snapshot["capture_us"].as_f64().map_or("<1".to_string(), |took| format!("{:.1}", took / 1e3)),
        number(&snapshot["commit_us"]) / 1e3,
        shown["pid"],
        number(&shown["commits_per_s"]),
        bytes(&shown["written_bytes_per_s"]),
        if shown["paused"] == json!(true) { "   paused" } else { "" },
    );
    text.push_str(&format!(
        "{:>6}  {:<20} {:<12} {:>7} {:>6} {:>10} {:>12} {:>12}\n",
        "ID", "PROGRAM", "STATE", "THREADS", "CPU%", "CPU s", "ALLOCATED", "ALLOC/s"
    ));
    for program in shown["programs"].as_array().into_iter().flatten() {
        let share =
            program["cpu_share"].as_f64().map_or("-".to_string(), |share| format!("{:.0}", share * 100.0));
        let made = &program["allocated_bytes_per_s"];
        let made = if made.is_null() { "-".to_string() } else { bytes(made) };
        text.push_str(&format!(
            "{:>6}  {:<20} {:<12} {:>7} {share:>6} {:>10.1} {:>12} {made:>12}\n",
            program["id"].to_string(),
            program["name"].as_str().unwrap_or_default(),
            program["state"].as_str().unwrap_or_default(),
            program["threads"].to_string(),
            number(&program["cpu_ns"]) / 1e9,
            bytes(&program["allocated_bytes"]),
        ));
    }
    text
}
