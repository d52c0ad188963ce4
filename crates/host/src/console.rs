//! [`HostConsole`]: standard input, output and error of this process.

use platform::{Console, ConsoleInput, Waiter};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Standard input, output and error of this process.
///
/// Output is not buffered: it is with the kernel when the call returns. Input is read by a thread that starts at the first
/// question, one line for each time that a program asks, and byte by byte: a line that no program has asked for stays in
/// the pipe for whoever reads it next, also when this process is killed.
pub struct HostConsole {
    reader: Arc<Reader>,
    waiter: Arc<dyn Waiter>,
    broken: AtomicBool,
}

#[derive(Default)]
struct Reader {
    state: Mutex<State>,
    wanted: Condvar,
}

#[derive(Default)]
struct State {
    started: bool,
    wanted: bool,
    line: Option<String>,
    ended: bool,
}

impl HostConsole {
    /// The console; `waiter` is notified when a line has come.
    pub fn new(waiter: Arc<dyn Waiter>) -> HostConsole {
        HostConsole { reader: Arc::default(), waiter, broken: AtomicBool::new(false) }
    }

    /// Whether the reader of the output has gone away, so that output is dropped.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }

    fn put(&self, to: i32, text: &[u8]) {
        if with_file(to, |file| write_all(file, text)).is_err() {
            self.broken.store(true, Relaxed);
        }
    }
}

impl Console for HostConsole {
    fn write(&self, text: &[u8]) {
        if !self.is_broken() {
            self.put(libc::STDOUT_FILENO, text);
        }
    }

    fn write_error(&self, text: &[u8]) {
        // Nobody is left to be told when this fails.
        let _ = with_file(libc::STDERR_FILENO, |file| write_all(file, text));
    }

    fn poll_line(&self) -> ConsoleInput {
        let mut state = lock(&self.reader.state);
        if let Some(line) = state.line.take() {
            return ConsoleInput::Line(line);
        }
        if state.ended {
            return ConsoleInput::End;
        }
        state.wanted = true;
        if state.started {
            self.reader.wanted.notify_one();
            return ConsoleInput::Pending;
        }
        state.started = true;
        drop(state);
        let (reader, waiter) = (self.reader.clone(), self.waiter.clone());
        let thread = std::thread::Builder::new().name("input".into()).spawn(move || reader.serve(&*waiter));
        if thread.is_err() {
            // Without a thread there is no input.
            lock(&self.reader.state).ended = true;
            return ConsoleInput::End;
        }
        ConsoleInput::Pending
    }
}

impl Reader {
    fn serve(&self, waiter: &dyn Waiter) {
        loop {
            let state = lock(&self.state);
            let mut state =
                self.wanted.wait_while(state, |state| !state.wanted).unwrap_or_else(PoisonError::into_inner);
            state.wanted = false;
            drop(state);
            let line = with_file(libc::STDIN_FILENO, read_line);
            let mut state = lock(&self.state);
            // A read that fails ends the input, as for every other program.
            match line.unwrap_or(None) {
                Some(line) => state.line = Some(String::from_utf8_lossy(&line).into_owned()),
                None => state.ended = true,
            }
            let ended = state.ended;
            drop(state);
            waiter.notify();
            if ended {
                return;
            }
        }
    }
}

/// Reads up to a line feed and not a byte further; none at the end of the input.
fn read_line(input: &mut File) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) if line.is_empty() => return Ok(None),
            Ok(0) => return Ok(Some(line)),
            Ok(_) if byte[0] == b'\n' => return Ok(Some(line)),
            Ok(_) => line.push(byte[0]),
            Err(error) => retry(error, libc::STDIN_FILENO, libc::POLLIN)?,
        }
    }
}

fn write_all(output: &mut File, mut text: &[u8]) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    while !text.is_empty() {
        match output.write(text) {
            Ok(written) => text = &text[written..],
            Err(error) => retry(error, output.as_raw_fd(), libc::POLLOUT)?,
        }
    }
    Ok(())
}

/// Returns when it is worth to try again: someone may have made the descriptor non-blocking.
fn retry(error: io::Error, fd: i32, events: i16) -> io::Result<()> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock => {
            let mut entry = libc::pollfd { fd, events, revents: 0 };
            // SAFETY: one entry, as said.
            unsafe { libc::poll(&raw mut entry, 1, -1) };
            Ok(())
        }
        _ => Err(error),
    }
}

/// Lends one of the standard descriptors as a file, without the buffers of `std`.
fn with_file<T>(fd: i32, use_it: impl FnOnce(&mut File) -> T) -> T {
    // SAFETY: the standard descriptors belong to the process and are not closed; the file is never dropped.
    let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
    use_it(&mut file)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
