//! Files as devices, and the console, against the real system.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

use host::{FileDevice, HostConsole, HostEntropy, HostWaiter, OpenError};
use platform::{BlockDevice, Console, ConsoleInput, DeviceError, Entropy, Waiter};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

#[test]
fn a_file_is_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.world");
    let device = FileDevice::create(&path).unwrap();
    assert!(device.is_empty());
    device.grow(3 << 20).unwrap();
    assert_eq!((device.len(), std::fs::metadata(&path).unwrap().len()), (3 << 20, 3 << 20));
    device.write(5000, b"hello").unwrap();
    device.flush().unwrap();
    let mut bytes = [1; 7];
    device.read(4999, &mut bytes).unwrap();
    assert_eq!(&bytes, b"\0hello\0");
    let past = device.write((3 << 20) - 2, b"hello");
    assert_eq!(past, Err(DeviceError::OutOfRange { offset: (3 << 20) - 2, count: 5, len: 3 << 20 }));
    assert!(matches!(FileDevice::create(&path), Err(OpenError::System { .. })));

    let reader = FileDevice::open_read_only(&path).unwrap();
    assert!(matches!(reader.write(0, b"x"), Err(DeviceError::ReadOnly { .. })));
    assert!(matches!(reader.grow(4 << 20), Err(DeviceError::ReadOnly { .. })));
    device.grow(4 << 20).unwrap();
    reader.read(7 << 19, &mut bytes).unwrap();
    assert_eq!((bytes, reader.len()), ([0; 7], 4 << 20));
}

#[test]
fn a_file_may_grow_without_being_written() {
    let folder = tempfile::tempdir().unwrap();
    let device = FileDevice::create(folder.path().join("a.world")).unwrap().growing_lazily();
    device.grow(3 << 20).unwrap();
    assert_eq!(device.len(), 3 << 20);
    device.write(5000, b"hello").unwrap();
    device.flush().unwrap();
    let mut bytes = [1; 7];
    device.read(4999, &mut bytes).unwrap();
    assert_eq!(&bytes, b"\0hello\0");
    device.read(2 << 20, &mut bytes).unwrap();
    assert_eq!(bytes, [0; 7]);
}

#[test]
fn a_second_writer_is_told_who_the_first_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.world");
    let device = FileDevice::create(&path).unwrap();
    let error = FileDevice::open(&path).unwrap_err();
    let expected = format!("{}: the world is in use by process {}", path.display(), std::process::id());
    assert_eq!(error.to_string(), expected);
    drop(device);
    FileDevice::open(&path).unwrap();
}

#[test]
fn what_is_no_file_is_no_device() {
    let error = FileDevice::open_read_only("/dev/null").unwrap_err();
    assert_eq!(error.to_string(), "/dev/null: neither a file nor a disk");
}

#[test]
fn entropy_differs() {
    let (mut one, mut two) = ([0; 32], [0; 32]);
    HostEntropy.fill(&mut one);
    HostEntropy.fill(&mut two);
    assert_ne!(one, two);
}

#[test]
fn a_waiter_remembers_a_notify() {
    let waiter = HostWaiter::new();
    waiter.notify();
    waiter.wait(None);
    waiter.wait(Some(1_000_000));
}

/// Reads a line of standard input, and writes it: run in a child process.
fn echo_one_line() {
    let waiter = Arc::new(HostWaiter::new());
    let console = HostConsole::new(waiter.clone());
    loop {
        match console.poll_line() {
            ConsoleInput::Line(line) => {
                console.write(format!("got {line}\n").as_bytes());
                std::process::exit(0);
            }
            ConsoleInput::Pending => waiter.wait(None),
            ConsoleInput::End => std::process::exit(3),
        }
    }
}

#[test]
fn lines_not_asked_for_stay_in_the_pipe() {
    const CHILD: &str = "PHANTOM_TEST_ECHO";
    if std::env::var_os(CHILD).is_some() {
        echo_one_line();
    }
    let (left, mut input) = std::io::pipe().unwrap();
    input.write_all("erste Zeile, größer\nsecond\nthird".as_bytes()).unwrap();
    drop(input);
    let echo = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "lines_not_asked_for_stay_in_the_pipe", "--nocapture"])
            .env(CHILD, "1")
            .stdin(left.try_clone().unwrap())
            .stderr(Stdio::null())
            .output()
            .unwrap()
    };
    let first = echo();
    assert!(String::from_utf8(first.stdout).unwrap().ends_with("got erste Zeile, größer\n"));
    let second = echo();
    assert!(String::from_utf8(second.stdout).unwrap().ends_with("got second\n"));
    let mut rest = String::new();
    (&left).read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "third");
    assert_eq!(echo().status.code(), Some(3));
}
