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
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

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
    output: Option<Receiver>,
    output_reads: Reads,
    error: Option<Receiver>,
    error_reads: Reads,
    /// Operations that wait for its end.
    pub(super) waiting: Vec<OpId>,
}

/// What a standard stream is connected to.
pub(super) enum Wire {
    Pipe,
    Own,
    Nothing,
    /// A file, from a position or its end on.
    File(Arc<File>, Option<u64>),
    /// To where standard output goes.
    Output,
}

impl Wire {
    fn stdio(&self) -> io::Result<Stdio> {
        Ok(match self {
            Wire::Pipe => Stdio::piped(),
            Wire::Own => Stdio::inherit(),
            // Connected by the child itself.
            Wire::Nothing | Wire::Output => Stdio::null(),
            Wire::File(file, Some(offset)) => {
                // Nobody else uses the position of the file, which both share.
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(*offset))?;
                file.into()
            }
            Wire::File(file, None) => {
                let own = format!("/proc/self/fd/{}", file.as_raw_fd());
                OpenOptions::new().append(true).open(own)?.into()
            }
        })
    }
}

/// Starts a process.
///
/// # Errors
/// Why it cannot be started.
pub(super) fn spawn(
    program: &str,
    arguments: &[String],
    directory: &str,
    environment: Option<Vec<(String, String)>>,
    wires: &[Wire; 3],
) -> Result<Process, OutsideError> {
    let failed = |error: io::Error| OutsideError::new(outside(&error).fault, describe(&error));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    if let Some(variables) = environment {
        command.env_clear().envs(variables);
    }
    let [input, output, error] = wires;
    command.stdin(input.stdio().map_err(failed)?);
    command.stdout(output.stdio().map_err(failed)?).stderr(error.stdio().map_err(failed)?);
    let joined = matches!(error, Wire::Output);
    // SAFETY: between fork and exec only system calls are made, which are safe there; the descriptors are those of the
    // child's own streams.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
            if joined && libc::dup2(libc::STDOUT_FILENO, libc::STDERR_FILENO) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let mut child = command.spawn().map_err(failed)?;
    let pid = rustix::process::Pid::from_child(&child);
    let end = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())
        .map_err(|error| failed(error.into()))?;
    let process = Process {
        input: child.stdin.take().map(Sender::from),
        writes: Writes::default(),
        output: child.stdout.take().map(Receiver::from),
        output_reads: Reads::default(),
        error: child.stderr.take().map(Receiver::from),
        error_reads: Reads::default(),
        child,
        end,
        waiting: Vec::new(),
    };
    if let Some(input) = &process.input {
        input.set_nonblocking(true).map_err(failed)?;
    }
    for output in [&process.output, &process.error].into_iter().flatten() {
        output.set_nonblocking(true).map_err(failed)?;
    }
    Ok(process)
}

impl Process {
    pub(super) fn register(&mut self, registry: &Registry, handle: Handle) -> io::Result<()> {
        if let Some(input) = &mut self.input {
            registry.register(input, token(handle, 0), Interest::WRITABLE)?;
        }
        for (output, part) in [(&mut self.output, OUTPUT), (&mut self.error, ERROR)] {
            if let Some(output) = output {
                registry.register(output, token(handle, part), Interest::READABLE)?;
            }
        }
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
                serve(&mut self.output_reads, &mut self.output, scratch, ended);
            }
            ERROR => {
                self.error_reads.ready(event);
                serve(&mut self.error_reads, &mut self.error, scratch, ended);
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
        serve(reads, source, scratch, ended);
    }

    /// By which the kernel knows it.
    pub(super) fn number(&self) -> u64 {
        self.child.id().into()
    }

    /// The pipe of an output, where it is one.
    pub(super) fn output(&self, stream: platform::Stream) -> Option<BorrowedFd<'_>> {
        let output = match stream {
            platform::Stream::Output => &self.output,
            platform::Stream::Error => &self.error,
        };
        output.as_ref().map(Receiver::as_fd)
    }

    /// Asks it to end; nothing when it has ended already, for its number may be another's by then.
    pub(super) fn terminate(&mut self) -> io::Result<()> {
        if self.child.try_wait()?.is_none() {
            let number = rustix::process::Pid::from_child(&self.child);
            rustix::process::kill_process(number, rustix::process::Signal::TERM)?;
        }
        Ok(())
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

/// Serves the reads of an output; one that is no pipe is at its end.
fn serve(
    reads: &mut Reads,
    source: &mut Option<Receiver>,
    scratch: &mut [u8],
    ended: &mut Vec<(OpId, Ended)>,
) {
    match source {
        Some(source) => reads.serve(source, scratch, ended),
        None => reads.serve(&mut io::empty(), scratch, ended),
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody knows it any more. It may have ended already; waiting then takes it off the kernel's list.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
