//! What commands do to the world; executed by the worker, between two slices.

use super::console::{Attached, Consoles};
use super::protocol::{Ending, Launch, Refusal, RefusalKind};
use crate::STATUS_DIED;
use base::{Addr, Epoch};
use serde_json::{Value, json};
use std::sync::Arc;
use world::inspect::{self, MemoryView, ProgramInfo, ProgramState};
use world::{Ask, CheckedModule, Program, STATUS_KILLED, World};

/// What the worker is asked to do.
#[derive(Debug)]
pub(super) enum Work {
    Snap,
    Stop,
    Kill(String),
    Go(Option<String>),
    Run(Box<Launch>, CheckedModule),
    Attach(String),
    Outside,
}

/// What came of it.
pub(super) struct Done {
    /// What is answered.
    pub(super) value: Value,
    /// When this epoch is durable.
    pub(super) durable_with: Option<Epoch>,
    /// What is attached to the connection from then on.
    pub(super) attached: Option<Arc<Attached>>,
    /// How the program has ended that it was about, if it has.
    pub(super) ending: Option<Ending>,
    /// Name of a program that is no longer to be held back at the next start.
    pub(super) forgiven: Option<String>,
}

impl Done {
    fn at_once(value: Value) -> Done {
        Done { value, durable_with: None, attached: None, ending: None, forgiven: None }
    }
}

/// How a program has ended; none while it runs.
pub(super) fn ending(program: &ProgramInfo) -> Option<Ending> {
    let (state, status) = match program.state {
        ProgramState::Running => return None,
        ProgramState::Ended { status } => ("ended", status),
        ProgramState::Died => ("died", i32::from(STATUS_DIED)),
        ProgramState::Killed => ("killed", STATUS_KILLED),
    };
    Some(Ending { state: state.to_string(), status, failure: program.failure.clone() })
}

fn refuse<T>(kind: RefusalKind, message: String) -> Result<T, Refusal> {
    Err(Refusal::new(kind, message))
}

fn damaged(error: &inspect::ViewError) -> Refusal {
    Refusal::new(RefusalKind::World, error.to_string())
}

fn find(world: &World, name: &str) -> Result<Option<ProgramInfo>, Refusal> {
    let programs = world.programs().map_err(|error| damaged(&error))?;
    Ok(programs.into_iter().find(|program| program.name == name))
}

fn known(world: &World, name: &str) -> Result<ProgramInfo, Refusal> {
    match find(world, name)? {
        Some(program) => Ok(program),
        None => refuse(RefusalKind::Usage, format!("there is no program {name}; `phantom ps` lists them")),
    }
}

/// Starts a program in an open world, or has one that stands `ready` become it; of one that was there before with `fresh`
/// nothing is left but its classes.
///
/// # Errors
/// When it cannot be started; one that was there before is as it was.
pub(crate) fn launch(
    world: &mut World,
    wanted: &Launch,
    module: &CheckedModule,
    ready: Option<Addr>,
) -> Result<ProgramInfo, Refusal> {
    let before = find(world, &wanted.name)?;
    if let Err(error) = world.define_prepared(module) {
        let help = "; programs of one world share their classes, run it in another with --world";
        let help = if matches!(error, world::DefineError::Linkage { .. }) { help } else { "" };
        return refuse(RefusalKind::Input, format!("{error}{help}"));
    }
    let program = Program {
        name: &wanted.name,
        class: &wanted.entry,
        arguments: &wanted.arguments,
        environment: &wanted.environment,
        grants: &wanted.grants,
        durable: wanted.durable,
        source_hash: wanted.source_hash,
    };
    let made = match ready {
        Some(ready) => world.begin(ready, &program).map(|()| ready),
        None => world.start(&program),
    };
    let made = made.map_err(|error| Refusal::new(RefusalKind::Input, error.to_string()))?;
    if let Some(before) = before {
        world.kill(before.addr);
        world.remove(before.addr);
    }
    inspect::program(&MemoryView(world.memory()), made).map_err(|error| damaged(&error))
}

/// Does what is asked for.
pub(super) fn execute(world: &mut World, consoles: &Consoles, work: &Work) -> Result<Done, Refusal> {
    match work {
        Work::Snap => {
            let epoch = world.want_snapshot();
            Ok(Done { durable_with: Some(epoch), ..Done::at_once(json!({"epoch": epoch.0})) })
        }
        Work::Stop => {
            world.shared().ask(Ask::Stop);
            Ok(Done::at_once(Value::Null))
        }
        Work::Kill(name) => {
            let program = known(world, name)?;
            let killed = world.kill(program.addr);
            let now = known(world, name)?;
            let value = json!({"program": name, "killed": killed, "ending": ending(&now)});
            Ok(Done { durable_with: Some(world.want_snapshot()), ..Done::at_once(value) })
        }
        Work::Go(None) => Ok(Done::at_once(json!({"changed": world.go()}))),
        Work::Go(Some(name)) => {
            let program = known(world, name)?;
            let changed = world.release(program.addr);
            let durable_with = Some(world.want_snapshot());
            let value = json!({"changed": changed, "state": ending(&program).map(|ending| ending.state)});
            Ok(Done { durable_with, forgiven: Some(name.clone()), ..Done::at_once(value) })
        }
        Work::Outside => {
            let changed = world.attach_outside();
            let durable_with = Some(world.want_snapshot());
            Ok(Done { durable_with, ..Done::at_once(json!({"changed": changed})) })
        }
        Work::Run(wanted, module) => run(world, consoles, wanted, module),
        Work::Attach(name) => {
            let program = known(world, name)?;
            attach(world, consoles, &program)
        }
    }
}

fn run(
    world: &mut World,
    consoles: &Consoles,
    wanted: &Launch,
    module: &CheckedModule,
) -> Result<Done, Refusal> {
    if let Some(before) = find(world, &wanted.name)?.filter(|_| !wanted.fresh) {
        let name = &wanted.name;
        if before.state == ProgramState::Running {
            let help =
                format!("attach to it by `phantom attach WORLD {name}`, or give the program another name");
            return refuse(
                RefusalKind::Busy,
                format!("{name} is in use by process {}: it runs there already; {help}", std::process::id()),
            );
        }
        if before.arguments != wanted.arguments {
            let (old, new) = (&before.arguments, &wanted.arguments);
            let help = "use those, or --fresh to start over";
            return refuse(
                RefusalKind::Usage,
                format!("{name} was started with the arguments {old:?}, not {new:?}; {help}"),
            );
        }
        return Ok(Done {
            ending: ending(&before),
            ..Done::at_once(json!({"program": before.id, "before": true}))
        });
    }
    let program = launch(world, wanted, module, None)?;
    attach(world, consoles, &program)
}

fn attach(world: &World, consoles: &Consoles, program: &ProgramInfo) -> Result<Done, Refusal> {
    let value = json!({"program": program.id, "held": program.quarantined || world.is_paused()});
    if let Some(ending) = ending(program) {
        return Ok(Done { ending: Some(ending), ..Done::at_once(value) });
    }
    let Some(attached) = consoles.attach(program.id) else {
        return refuse(RefusalKind::Busy, format!("another command is attached to {} already", program.name));
    };
    Ok(Done { durable_with: Some(world.want_snapshot()), attached: Some(attached), ..Done::at_once(value) })
}
