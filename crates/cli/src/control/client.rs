//! The side of who wants something of a world that another process runs.

use super::place;
use super::protocol::{
    Answer, Envelope, Farewell, Frame, Greeting, Kind, PROTOCOL, Refusal, RefusalKind, Request,
};
use crate::{Failure, STATUS_DETACHED, STATUS_STOPPED, say};
use host::{FileDevice, HostConsole, HostWaiter};
use platform::{Console, ConsoleInput, Waiter};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags};
use serde_json::Value;
use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// The world's process must greet within this time.
const GREETING_PATIENCE: Duration = Duration::from_secs(5);
/// A world that is being opened or closed may take so long until it takes commands or is free.
const CHANGE_PATIENCE: Duration = Duration::from_secs(15);
/// How often is looked whether it does.
const CHANGE_POLL: Duration = Duration::from_millis(20);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The world stops at this moment; nothing was done.
    Stopping,
    /// Something else.
    Failure(Failure),
}

/// A connection to the process that runs a world.
#[derive(Debug)]
pub(crate) struct Client {
    stream: UnixStream,
    greeting: Greeting,
    /// The process itself, to see its end.
    process: Option<OwnedFd>,
}

/// Connects to the process that runs a world; `None` when none takes commands.
///
/// # Errors
/// When one does and cannot be used.
pub(crate) fn reach(world: &Path) -> Result<Option<Client>, Trouble> {
    let in_use = |message: String| Trouble::Failure(Failure::InUse(message));
    let stream = place::connect(world).map_err(|error| in_use(error.to_string()))?;
    let Some(mut stream) = stream else { return Ok(None) };
    let fail = |error: io::Error| in_use(format!("{}: {error}", world.display()));
    let peer = rustix::net::sockopt::socket_peercred(&stream).map_err(|error| fail(error.into()))?;
    let (own, other) = (rustix::process::geteuid().as_raw(), peer.uid.as_raw());
    if !place::may_command(other, own) && !place::may_command(own, other) {
        return Err(in_use(format!("{}: its socket belongs to another user ({other})", world.display())));
    }
    let process = rustix::process::pidfd_open(peer.pid, PidfdFlags::empty()).ok();
    stream.set_read_timeout(Some(GREETING_PATIENCE)).map_err(fail)?;
    let frame = match Frame::receive(&mut stream) {
        Ok(Some(frame)) => frame,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            return Err(in_use(no_answer(world, peer.pid)));
        }
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(in_use(format!("{}: what listens there is no Phantom: {error}", world.display())));
        }
        // It ends at this moment.
        Ok(None) | Err(_) => return Err(Trouble::Stopping),
    };
    let greeting: Greeting = serde_json::from_slice(&frame.payload)
        .map_err(|error| in_use(format!("{}: what listens there is no Phantom: {error}", world.display())))?;
    if greeting.protocol != PROTOCOL {
        return Err(in_use(format!(
            "{}: the world is run by Phantom {}, which speaks version {} of the protocol; this one speaks {PROTOCOL}; \
             nothing was done: use that version, or stop the world by it",
            world.display(),
            greeting.phantom,
            greeting.protocol
        )));
    }
    Ok(Some(Client { stream, greeting, process }))
}

fn no_answer(world: &Path, process: Pid) -> String {
    format!(
        "{}: process {process} runs it and does not answer; nothing was done (if it is not merely stopped, `kill -9 {process}` \
         loses no snapshot)",
        world.display()
    )
}

impl Client {
    /// Number of the process that runs the world.
    pub(crate) fn pid(&self) -> u32 {
        self.greeting.pid
    }

    /// Asks for something, and waits for the answer.
    ///
    /// # Errors
    /// Why it was not done.
    pub(crate) fn ask(&mut self, request: Request, module: Option<&[u8]>) -> Result<Value, Trouble> {
        let envelope = Envelope { protocol: PROTOCOL, request };
        let sent = Frame::json(&envelope).send(&mut self.stream).and_then(|()| match module {
            Some(bytes) => Frame { kind: Kind::Module, payload: bytes.to_vec() }.send(&mut self.stream),
            None => Ok(()),
        });
        // The answer may take as long as a snapshot does; a stuck worker is noticed on the other side.
        let answer = sent
            .and_then(|()| self.stream.set_read_timeout(None))
            .and_then(|()| Frame::receive(&mut self.stream));
        let frame = match answer {
            Ok(Some(frame)) => frame,
            Ok(None) | Err(_) => {
                return Err(Trouble::Failure(Failure::World(format!(
                    "process {} ended before it answered; the world is as its last snapshot says",
                    self.greeting.pid
                ))));
            }
        };
        match serde_json::from_slice(&frame.payload) {
            Ok(Answer::Ok(value)) => Ok(value),
            Ok(Answer::Error(refusal)) => Err(trouble(refusal)),
            Err(error) => {
                Err(Trouble::Failure(Failure::World(format!("the answer makes no sense: {error}"))))
            }
        }
    }

    /// The next piece of a stream that was asked for; `None` at its end.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn piece(&mut self) -> Result<Option<Vec<u8>>, String> {
        match Frame::receive(&mut self.stream) {
            Ok(Some(Frame { kind: Kind::Stream, payload })) if payload.is_empty() => Ok(None),
            Ok(Some(Frame { kind: Kind::Stream, payload })) => Ok(Some(payload)),
            Ok(Some(Frame { kind: Kind::Json, payload })) => match serde_json::from_slice(&payload) {
                Ok(Farewell::Failed { message }) => Err(message),
                _ => Err("the answer makes no sense".to_string()),
            },
            Ok(Some(_)) => Err("the answer makes no sense".to_string()),
            Ok(None) => Err(format!("process {} ended in the middle of it", self.greeting.pid)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Waits until the process that ran the world has ended, so that the world is free.
    pub(crate) fn wait_for_the_end(&self) {
        let Some(process) = &self.process else { return };
        let patience = Timespec { tv_sec: CHANGE_PATIENCE.as_secs() as i64, tv_nsec: 0 };
        let _ = rustix::event::poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&patience));
    }

    /// Is the console of a program until it ends; the exit status.
    ///
    /// # Errors
    /// When the world ends before.
    pub(crate) fn attach(self, world: &Path, program: &str) -> Result<u8, Failure> {
        let lost = |error: io::Error| Failure::World(format!("the connection to {program} is lost: {error}"));
        let to = self.stream.try_clone().map_err(lost)?;
        let asked = read_input(to).map_err(lost)?;
        detach_on_interrupt(world, program);
        let mut from = self.stream;
        loop {
            let frame = match Frame::receive(&mut from) {
                Ok(Some(frame)) => frame,
                Ok(None) | Err(_) => {
                    return Err(Failure::World(format!(
                        "the process that ran {program} is gone; `phantom resume {}` goes on from the last snapshot",
                        world.display()
                    )));
                }
            };
            match frame.kind {
                Kind::Output => write(&mut io::stdout().lock(), &frame.payload),
                Kind::Error => write(&mut io::stderr().lock(), &frame.payload),
                Kind::WantLine => drop(asked.send(())),
                Kind::Json => return farewell(&frame.payload, world, program),
                Kind::Module | Kind::Line | Kind::InputEnd | Kind::Stream => {}
            }
        }
    }
}

fn farewell(payload: &[u8], world: &Path, program: &str) -> Result<u8, Failure> {
    match serde_json::from_slice(payload) {
        Ok(Farewell::Ended(ending)) => Ok(super::verbs::ended(program, &ending)),
        Ok(Farewell::Stopped { epoch }) => {
            say(&format_args!(
                "the world was stopped at snapshot {epoch}; `phantom resume {}` goes on with {program}",
                world.display()
            ));
            Ok(STATUS_STOPPED)
        }
        Ok(Farewell::Failed { message }) => Err(Failure::World(message)),
        Err(error) => Err(Failure::World(format!("the answer makes no sense: {error}"))),
    }
}

/// Whoever closed the output does not want it; the program goes on.
fn write(to: &mut impl Write, bytes: &[u8]) {
    let _ = to.write_all(bytes).and_then(|()| to.flush());
}

/// Reads a line each time that it is asked to, and sends it. What nobody asked for stays in the pipe.
fn read_input(mut to: UnixStream) -> io::Result<std::sync::mpsc::Sender<()>> {
    let (ask, asked) = channel();
    std::thread::Builder::new().name("typed".into()).spawn(move || {
        let waiter = Arc::new(HostWaiter::new());
        let console = HostConsole::new(waiter.clone());
        while let Ok(()) = asked.recv() {
            let frame = loop {
                match console.poll_line() {
                    ConsoleInput::Line(line) => break Frame { kind: Kind::Line, payload: line.into_bytes() },
                    ConsoleInput::End => break Frame { kind: Kind::InputEnd, payload: Vec::new() },
                    ConsoleInput::Pending => waiter.wait(None),
                }
            };
            if frame.send(&mut to).is_err() {
                return;
            }
        }
    })?;
    Ok(ask)
}

/// Ctrl-C ends this command and not the program.
fn detach_on_interrupt(world: &Path, program: &str) {
    let note = format!(
        "detached; {program} goes on (`phantom attach {0} {program}` comes back to it, `phantom kill {0} {program}` ends it)",
        world.display()
    );
    let handled = ctrlc::set_handler(move || {
        say(&note);
        std::process::exit(i32::from(STATUS_DETACHED));
    });
    if let Err(error) = handled {
        say(&format_args!("warning: Ctrl-C will not say how to come back: {error}"));
    }
}

fn trouble(refusal: Refusal) -> Trouble {
    let Refusal { kind, message } = refusal;
    Trouble::Failure(match kind {
        RefusalKind::Stopping => return Trouble::Stopping,
        RefusalKind::Usage => Failure::Usage(message),
        RefusalKind::Input => Failure::Input(message),
        RefusalKind::World => Failure::World(message),
        RefusalKind::Busy | RefusalKind::NoAnswer | RefusalKind::Version => Failure::InUse(message),
    })
}

/// Has something done by the process that runs a world; `None` when nobody runs it. A world that is just being opened or
/// closed is waited for.
///
/// # Errors
/// Why it was not done.
pub(crate) fn with_runner<T>(
    world: &Path,
    mut ask: impl FnMut(Client) -> Result<T, Trouble>,
) -> Result<Option<T>, Failure> {
    let patience = Instant::now() + CHANGE_PATIENCE;
    loop {
        let in_use = match reach(world).and_then(|client| client.map(&mut ask).transpose()) {
            Ok(Some(answer)) => return Ok(Some(answer)),
            Err(Trouble::Failure(failure)) => return Err(failure),
            Ok(None) => match FileDevice::open(world) {
                Ok(_) => return Ok(None),
                Err(error @ host::OpenError::InUse { .. }) => error.to_string(),
                Err(error) => return Err(Failure::Input(error.to_string())),
            },
            Err(Trouble::Stopping) => format!("{}: the world is being stopped", world.display()),
        };
        if Instant::now() > patience {
            return Err(Failure::InUse(format!("{in_use}, which takes no commands; nothing was done")));
        }
        std::thread::sleep(CHANGE_POLL);
    }
}
