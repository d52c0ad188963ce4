//! Child processes, with pipes to their three standard streams.
//!
//! A child ends when this process does, however that ends: nobody could take up its pipes again.

use super::error::{describe, outside};
use super::queues::{Reads, Writes};
use super::{closed, token};
use mio::event::Event;
use mio::unix::SourceFd;
use mio::unix::pipe::{Receiver, Sender};
use mio::{Interest, Registry};
use platform::{Done, Ended, Handle, OpId, OutsideError};
use rustix::fd::{AsRawFd, OwnedFd};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

/// What a shell adds to the number of a signal that ended a process.
const STATUS_SIGNALLED: i32 = 128;
/// Parts of the token: standard input is 0.
const OUTPUT: usize = 1;
const ERROR: usize = 2;
const END: usize = 3;

/// A child process.
pub(super) struct Process {
    child: Child,
    /// Readable when it has ended.
    end: OwnedFd,
    input: Option<Sender>,
    pub(super) writes: Writes,
    output: Receiver,
    output_reads: Reads,
    error: Receiver,
    error_reads: Reads,
    /// Operations that wait for its end.
    pub(super) waiting: Vec<OpId>,
}

pub(super) fn spawn(program: &str, arguments: &[String], directory: &str) -> Result<Process, OutsideError> {
    let failed = |error: io::Error| OutsideError::new(outside(&error).fault, describe(&error));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: between fork and exec only a system call is made, which is safe there.
    unsafe {
        command.pre_exec(|| {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
            Ok(())
        });
    }
    let mut child = command.spawn().map_err(failed)?;
    let (Some(input), Some(output), Some(error)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        unreachable!("all three were asked for");
    };
    let pid = rustix::process::Pid::from_child(&child);
    let end = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())
        .map_err(|error| failed(error.into()))?;
    let process = Process {
        child,
        end,
        input: Some(Sender::from(input)),
        writes: Writes::default(),
        output: Receiver::from(output),
        output_reads: Reads::default(),
        error: Receiver::from(error),
        error_reads: Reads::default(),
        waiting: Vec::new(),
    };
    if let Some(input) = &process.input {
        input.set_nonblocking(true).map_err(failed)?;
    }
    process.output.set_nonblocking(true).map_err(failed)?;
    process.error.set_nonblocking(true).map_err(failed)?;
    Ok(process)
}

impl Process {
    pub(super) fn register(&mut self, registry: &Registry, handle: Handle) -> io::Result<()> {
        if let Some(input) = &mut self.input {
            registry.register(input, token(handle, 0), Interest::WRITABLE)?;
        }
        registry.register(&mut self.output, token(handle, OUTPUT), Interest::READABLE)?;
        registry.register(&mut self.error, token(handle, ERROR), Interest::READABLE)?;
        registry.register(&mut SourceFd(&self.end.as_raw_fd()), token(handle, END), Interest::READABLE)
    }

    pub(super) fn ready(
        &mut self,
        part: usize,
        event: &Event,
        scratch: &mut [u8],
        ended: &mut Vec<(OpId, Ended)>,
    ) {
        match part {
            0 => {
                self.writes.ready = true;
                self.serve_input(ended);
            }
            OUTPUT => {
                self.output_reads.ready(event);
                self.output_reads.serve(&mut self.output, scratch, ended);
            }
            ERROR => {
                self.error_reads.ready(event);
                self.error_reads.serve(&mut self.error, scratch, ended);
            }
            _ => self.serve_end(ended),
        }
    }

    pub(super) fn serve_input(&mut self, ended: &mut Vec<(OpId, Ended)>) {
        match &mut self.input {
            Some(input) => {
                // A pipe holds little.
                self.writes.serve(input, usize::MAX, ended);
            }
            None => ended.extend(self.writes.queue.drain(..).map(|(id, ..)| (id, Err(closed())))),
        }
    }

    pub(super) fn close_input(&mut self, ended: &mut Vec<(OpId, Ended)>) {
        self.input = None;
        self.serve_input(ended);
    }

    pub(super) fn read(
        &mut self,
        id: OpId,
        stream: platform::Stream,
        most: usize,
        scratch: &mut [u8],
        ended: &mut Vec<(OpId, Ended)>,
    ) {
        let (reads, source) = match stream {
            platform::Stream::Output => (&mut self.output_reads, &mut self.output),
            platform::Stream::Error => (&mut self.error_reads, &mut self.error),
        };
        reads.queue.push_back((id, most));
        reads.serve(source, scratch, ended);
    }

    /// Tells those who wait when it has ended.
    pub(super) fn serve_end(&mut self, ended: &mut Vec<(OpId, Ended)>) {
        let result = match self.child.try_wait() {
            Ok(None) => return,
            Ok(Some(status)) => {
                let signalled = status.signal().map(|signal| STATUS_SIGNALLED + signal);
                Ok(Done::Exited { status: status.code().or(signalled).unwrap_or(STATUS_SIGNALLED) })
            }
            Err(error) => Err(outside(&error)),
        };
        ended.extend(self.waiting.drain(..).map(|id| (id, result.clone())));
    }

    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()
    }

    pub(super) fn operations(&self) -> Vec<OpId> {
        let reads = self.output_reads.ids().chain(self.error_reads.ids());
        reads.chain(self.writes.ids()).chain(self.waiting.iter().copied()).collect()
    }

    pub(super) fn cancel(&mut self, id: OpId) {
        self.output_reads.queue.retain(|(queued, _)| *queued != id);
        self.error_reads.queue.retain(|(queued, _)| *queued != id);
        self.writes.cancel(id);
        self.waiting.retain(|queued| *queued != id);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody knows it any more. It may have ended already; waiting then takes it off the kernel's list.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
