//! Runs the real binary in a scratch folder.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod jdk;
pub(crate) mod process;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A scratch folder with the binary at hand.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit status; none after a signal.
    pub(crate) status: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch::new()
    }
}

impl Scratch {
    /// An empty folder.
    pub(crate) fn new() -> Scratch {
        Scratch { folder: tempfile::tempdir().expect("a scratch folder") }
    }
    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// Writes a file.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("the file can be written");
        path
    }
    /// A command of the binary in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phantom"));
        command.args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // One cache for all tests, away from the user's.
        command.env("PHANTOM_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command
    }
    /// Runs the binary to its end.
    pub(crate) fn phantom(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).spawn().expect("the binary starts"))
    }
    /// Runs the binary with this input.
    pub(crate) fn phantom_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        ran(child)
    }
}

/// Waits for the end.
pub(crate) fn ran(child: Child) -> Ran {
    let output = child.wait_with_output().expect("it ends");
    Ran {
        status: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ran {
    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn status(self, expected: i32) -> Ran {
        assert_eq!(self.status, Some(expected), "{self:#?}");
        self
    }
    /// Asserts standard output.
    #[track_caller]
    pub(crate) fn out(self, expected: &str) -> Ran {
        assert_eq!(self.out, expected, "{self:#?}");
        self
    }
    /// Asserts that standard error holds each of these.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Ran {
        for part in parts {
            assert!(self.err.contains(part), "standard error lacks {part:?}: {self:#?}");
        }
        self
    }
}

/// Root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up")
}
