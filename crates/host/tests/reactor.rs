//! The reactor of the host over loopback, scratch folders and small processes.

use host::HostReactor;
use platform::{
    Access, Done, Ended, Fault, Handle, Known, OpId, Operation, OutsideError, Place, Reactor, SocketOption,
    Standard, Stream, WRITABLE, Waiter,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A reactor that is waited for.
struct Bench {
    reactor: HostReactor,
    next: AtomicU64,
    /// What has ended and nobody has waited for yet.
    ended: Mutex<Vec<(OpId, Ended)>>,
}

/// Waits that may pass before something is thought never to come.
const WAITS_MAX: u32 = 2_000;

impl Bench {
    fn new() -> Bench {
        Bench {
            reactor: HostReactor::new().expect("a poll"),
            next: AtomicU64::new(1),
            ended: Mutex::default(),
        }
    }
    fn id(&self) -> OpId {
        OpId(self.next.fetch_add(1, Relaxed))
    }
    fn handle(&self) -> Handle {
        Handle(self.next.fetch_add(1, Relaxed))
    }
    /// Starts an operation that does not end at once.
    fn start(&self, operation: Operation) -> OpId {
        let id = self.id();
        assert_eq!(self.reactor.submit(id, operation), None);
        id
    }
    fn wait(&self, id: OpId) -> Ended {
        let mut ended = self.ended.lock().expect("nobody panicked");
        for _ in 0..WAITS_MAX {
            self.reactor.poll(&mut ended);
            if let Some(at) = ended.iter().position(|(found, _)| *found == id) {
                return ended.swap_remove(at).1;
            }
            self.reactor.wait(Some(10_000_000));
        }
        panic!("{id:?} does not end");
    }
    fn ended(&self, operation: Operation) -> Ended {
        let id = self.id();
        self.reactor.submit(id, operation).unwrap_or_else(|| self.wait(id))
    }
    fn done(&self, operation: Operation) -> Done {
        self.ended(operation).unwrap_or_else(|error| panic!("{error:?}"))
    }
    fn fault(&self, operation: Operation) -> Fault {
        match self.ended(operation) {
            Err(OutsideError { fault, .. }) => fault,
            Ok(done) => panic!("it worked: {done:?}"),
        }
    }
    fn listen(&self) -> (Handle, String) {
        let handle = self.handle();
        match self.done(Operation::Listen { handle, address: "127.0.0.1:0".into() }) {
            Done::Opened { local, .. } => (handle, local),
            other => panic!("{other:?}"),
        }
    }
    /// Both ends of a connection.
    fn pair(&self) -> (Handle, Handle) {
        let (listener, address) = self.listen();
        let (ours, theirs) = (self.handle(), self.handle());
        let accepting = self.start(Operation::Accept { listener, handle: theirs });
        self.done(Operation::Connect { handle: ours, address });
        self.wait(accepting).expect("a connection");
        (ours, theirs)
    }
}

fn data(done: Done) -> Vec<u8> {
    match done {
        Done::Data(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_carries_bytes_both_ways_and_ends() {
    let bench = Bench::new();
    let (ours, theirs) = bench.pair();
    let reading = bench.start(Operation::Receive { handle: theirs, most: 100 });
    bench.done(Operation::Send { handle: ours, bytes: b"ping".to_vec() });
    assert_eq!(bench.wait(reading), Ok(Done::Data(b"ping".to_vec())));
    bench.done(Operation::Send { handle: theirs, bytes: b"pong and more".to_vec() });
    assert_eq!(data(bench.done(Operation::Receive { handle: ours, most: 4 })), b"pong");
    assert_eq!(data(bench.done(Operation::Receive { handle: ours, most: 100 })), b" and more");
    bench.done(Operation::Shutdown { handle: ours });
    assert_eq!(data(bench.done(Operation::Receive { handle: theirs, most: 100 })), b"");
}

#[test]
fn what_does_not_fit_into_the_buffers_of_the_kernel_is_sent_when_there_is_room() {
    let bench = Bench::new();
    let (ours, theirs) = bench.pair();
    let bytes: Vec<u8> = (0..20_000_000u32).map(|at| at as u8).collect();
    let sending = bench.start(Operation::Send { handle: ours, bytes: bytes.clone() });
    let mut received = Vec::new();
    while received.len() < bytes.len() {
        received.extend(data(bench.done(Operation::Receive { handle: theirs, most: 1 << 20 })));
    }
    assert!(received == bytes, "the bytes differ");
    assert_eq!(bench.wait(sending), Ok(Done::Nothing));
}

#[test]
fn failures_of_the_network_say_what_they_are() {
    let bench = Bench::new();
    let (listener, address) = bench.listen();
    let fault = |operation| bench.fault(operation);
    assert_eq!(
        fault(Operation::Listen { handle: bench.handle(), address: address.clone() }),
        Fault::AddressInUse
    );
    bench.reactor.close(listener);
    assert_eq!(fault(Operation::Connect { handle: bench.handle(), address }), Fault::Refused);
    let nowhere = Operation::Connect { handle: bench.handle(), address: "no such name.invalid:1".into() };
    assert_eq!(fault(nowhere), Fault::UnknownName);
    assert_eq!(
        fault(Operation::Connect { handle: bench.handle(), address: "localhost".into() }),
        Fault::Invalid
    );
    assert_eq!(
        fault(Operation::Listen { handle: bench.handle(), address: "192.0.2.1:0".into() }),
        Fault::AddressNotHere
    );
    assert_eq!(fault(Operation::Receive { handle: Handle(9999), most: 1 }), Fault::Closed);
}

#[test]
fn a_peer_that_goes_away_in_the_middle_resets() {
    let bench = Bench::new();
    let (ours, theirs) = bench.pair();
    // Closed with bytes unread, a connection is reset.
    bench.done(Operation::Send { handle: ours, bytes: vec![1; 1000] });
    data(bench.done(Operation::Receive { handle: theirs, most: 1 }));
    let sending = bench.start(Operation::Send { handle: ours, bytes: vec![0; 30_000_000] });
    bench.reactor.close(theirs);
    assert_eq!(bench.wait(sending).map_err(|error| error.fault), Err(Fault::Reset));
}

#[test]
fn what_is_closed_ends_with_that_and_what_is_cancelled_does_not_end() {
    let bench = Bench::new();
    let (listener, _) = bench.listen();
    let first = bench.start(Operation::Accept { listener, handle: bench.handle() });
    let second = bench.start(Operation::Accept { listener, handle: bench.handle() });
    bench.reactor.cancel(first);
    bench.reactor.close(listener);
    assert_eq!(bench.wait(second).map_err(|error| error.fault), Err(Fault::Closed));
    let mut ended = Vec::new();
    bench.reactor.poll(&mut ended);
    assert_eq!(ended, []);
}

#[test]
fn a_notify_before_the_wait_counts() {
    let bench = Bench::new();
    bench.reactor.notify();
    bench.reactor.wait(None);
    let other = bench.reactor.clone();
    std::thread::scope(|scope| {
        scope.spawn(move || other.notify());
        bench.reactor.wait(None);
    });
}

#[test]
fn datagrams() {
    let bench = Bench::new();
    let open = || {
        let handle = bench.handle();
        match bench.done(Operation::Bind { handle, address: "127.0.0.1:0".into() }) {
            Done::Opened { local, .. } => (handle, local),
            other => panic!("{other:?}"),
        }
    };
    let ((one, from), (two, to)) = (open(), open());
    let reading = bench.start(Operation::ReceiveFrom { handle: two, most: 1000 });
    bench.done(Operation::SendTo { handle: one, address: to, bytes: b"hello".to_vec() });
    assert_eq!(bench.wait(reading), Ok(Done::Datagram { peer: from, bytes: b"hello".to_vec() }));
}

fn place(folder: &tempfile::TempDir, path: &str) -> Place {
    Place { beneath: folder.path().to_string_lossy().into_owned(), path: path.into() }
}

#[test]
fn files_and_folders() {
    let bench = Bench::new();
    let folder = tempfile::tempdir().expect("a folder");
    let at = |path: &str| place(&folder, path);
    bench.done(Operation::MakeDirectory { place: at("inner") });
    assert_eq!(bench.fault(Operation::MakeDirectory { place: at("inner") }), Fault::Exists);
    let handle = bench.handle();
    let open = |path: &str, access| Operation::OpenFile { handle: bench.handle(), place: at(path), access };
    assert_eq!(bench.fault(open("inner/file", Access::Read)), Fault::NotFound);
    assert_eq!(bench.fault(open("inner", Access::Read)), Fault::IsDirectory);
    bench.done(Operation::OpenFile { handle, place: at("inner/file"), access: Access::Write });
    bench.done(Operation::WriteAt { handle, offset: 3, bytes: b"text".to_vec() });
    bench.done(Operation::Sync { handle });
    assert_eq!(data(bench.done(Operation::ReadAt { handle, offset: 1, most: 4 })), b"\0\0te");
    bench.done(Operation::Resize { handle, size: 5 });
    assert_eq!(data(bench.done(Operation::ReadAt { handle, offset: 0, most: 100 })), b"\0\0\0te");
    match bench.done(Operation::Stat { place: at("inner/file") }) {
        Done::File(facts) => assert_eq!((facts.size, facts.is_directory), (5, false)),
        other => panic!("{other:?}"),
    }
    bench.done(Operation::Rename { from: at("inner/file"), to: at("other") });
    let names = |list: &[&str]| Done::Names(list.iter().map(ToString::to_string).collect());
    assert_eq!(bench.done(Operation::List { place: at(".") }), names(&["inner", "other"]));
    assert_eq!(bench.fault(Operation::List { place: at("other") }), Fault::NotDirectory);
    bench.done(Operation::Remove { place: at("inner") });
    bench.done(Operation::Remove { place: at("other") });
    assert_eq!(bench.done(Operation::List { place: at(".") }), names(&[]));
}

#[test]
fn nothing_leads_out_of_a_folder() {
    let bench = Bench::new();
    let folder = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("secret"), "secret").expect("a file");
    std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).expect("a link");
    std::os::unix::fs::symlink("inside", folder.path().join("good")).expect("a link");
    std::fs::write(folder.path().join("inside"), "fine").expect("a file");
    for path in ["link/secret", "../secret", "/etc/passwd", "link"] {
        let fault = bench.fault(Operation::Stat { place: place(&folder, path) });
        assert_eq!(fault, Fault::LeadsOut, "{path}");
    }
    let remove = Operation::Remove { place: place(&folder, "link/secret") };
    assert_eq!(bench.fault(remove), Fault::LeadsOut);
    bench.done(Operation::Stat { place: place(&folder, "good") });
    assert_eq!(bench.fault(Operation::Remove { place: place(&folder, ".") }), Fault::NotAllowed);
}

#[test]
fn processes() {
    let bench = Bench::new();
    let spawn = |handle, program: &str, arguments: &[&str]| Operation::Spawn {
        handle,
        program: program.into(),
        arguments: arguments.iter().map(ToString::to_string).collect(),
        directory: "/".into(),
        environment: None,
        standard: [Standard::Pipe; 3],
    };
    let cat = bench.handle();
    bench.done(spawn(cat, "cat", &[]));
    bench.done(Operation::WriteInput { handle: cat, bytes: b"through".to_vec() });
    let output = || Operation::ReadOutput { handle: cat, stream: Stream::Output, most: 100 };
    assert_eq!(data(bench.done(output())), b"through");
    bench.done(Operation::CloseInput { handle: cat });
    assert_eq!(data(bench.done(output())), b"");
    assert_eq!(bench.done(Operation::Wait { handle: cat }), Done::Exited { status: 0 });
    let shell = bench.handle();
    bench.done(spawn(shell, "sh", &["-c", "echo wrong >&2; exit 3"]));
    let error = Operation::ReadOutput { handle: shell, stream: Stream::Error, most: 100 };
    assert_eq!(data(bench.done(error)), b"wrong\n");
    assert_eq!(bench.done(Operation::Wait { handle: shell }), Done::Exited { status: 3 });
    let sleeper = bench.handle();
    bench.done(spawn(sleeper, "sleep", &["1000"]));
    let waiting = bench.start(Operation::Wait { handle: sleeper });
    bench.done(Operation::Kill { handle: sleeper });
    assert_eq!(bench.wait(waiting), Ok(Done::Exited { status: 137 }));
    assert_eq!(bench.fault(spawn(bench.handle(), "no-such-program", &[])), Fault::NotFound);
}

#[test]
fn a_connection_that_is_made_meanwhile_tells_how_it_ended() {
    let bench = Bench::new();
    let (listener, made) = (bench.handle(), bench.handle());
    let opened = bench.done(Operation::Listen { handle: listener, address: "127.0.0.1:0".into() });
    let Done::Opened { local, .. } = opened else { panic!("{opened:?}") };
    assert_eq!(bench.done(Operation::StartConnect { handle: made, address: local.clone() }), Done::Nothing);
    bench.done(Operation::Watch { of: vec![(made, WRITABLE)] });
    match bench.done(Operation::FinishConnect { handle: made }) {
        Done::Opened { peer, .. } => assert_eq!(peer, local),
        other => panic!("{other:?}"),
    }
    for (option, value) in [
        (SocketOption::KeepAlive, 1),
        (SocketOption::NoDelay, 0),
        (SocketOption::Linger, 7),
        (SocketOption::SendBuffer, 20_000),
        (SocketOption::ReceiveBuffer, 30_000),
        (SocketOption::TypeOfService, 16),
    ] {
        bench.done(Operation::SetOption { handle: made, option, value });
        let told = bench.done(Operation::GetOption { handle: made, option });
        assert_eq!(told, Done::Number(value as u64), "{option:?}");
    }
    bench.reactor.close(listener);
    let refused = bench.handle();
    bench.done(Operation::StartConnect { handle: refused, address: local });
    bench.done(Operation::Watch { of: vec![(refused, WRITABLE)] });
    assert_eq!(bench.fault(Operation::FinishConnect { handle: refused }), Fault::Refused);
}

#[test]
fn streams_of_a_process_go_to_files_and_together() {
    let bench = Bench::new();
    let folder = tempfile::tempdir().expect("a folder");
    let file = bench.handle();
    bench.done(Operation::OpenFile { handle: file, place: place(&folder, "out"), access: Access::Write });
    bench.done(Operation::WriteAt { handle: file, offset: 0, bytes: b"before\n".to_vec() });
    let spawn = |handle, standard| Operation::Spawn {
        handle,
        program: "sh".into(),
        arguments: vec!["-c".into(), "echo $NAME; echo error >&2".into()],
        directory: "/".into(),
        environment: Some(vec![("NAME".into(), "value".into())]),
        standard,
    };
    let at_end = Standard::File { handle: file, offset: None };
    let first = bench.handle();
    bench.done(spawn(first, [Standard::Nothing, at_end, Standard::Output]));
    assert_eq!(bench.done(Operation::Wait { handle: first }), Done::Exited { status: 0 });
    let read = Operation::ReadAt { handle: file, offset: 0, most: 100 };
    assert_eq!(data(bench.done(read)), b"before\nvalue\nerror\n");
    let second = bench.handle();
    bench.done(spawn(second, [Standard::Nothing, Standard::Pipe, Standard::Output]));
    assert_eq!(bench.done(Operation::Wait { handle: second }), Done::Exited { status: 0 });
    let available = Operation::Available { handle: second, stream: Stream::Output };
    assert_eq!(bench.done(available), Done::Number(12));
    let output = |stream| Operation::ReadOutput { handle: second, stream, most: 100 };
    assert_eq!(data(bench.done(output(Stream::Output))), b"value\nerror\n");
    assert_eq!(data(bench.done(output(Stream::Error))), b"");
}

#[test]
fn the_machine_tells_of_itself() {
    let bench = Bench::new();
    let ask = |what| match bench.done(Operation::Ask { what }) {
        Done::Names(names) => names,
        other => panic!("{other:?}"),
    };
    assert_eq!(ask(Known::Process)[0], std::process::id().to_string());
    assert_eq!(ask(Known::User(0)), ["root"]);
    assert_eq!(ask(Known::GroupNamed("root".into())), ["0"]);
    assert_eq!(
        bench.fault(Operation::Ask { what: Known::UserNamed("no such user".into()) }),
        Fault::NotFound
    );
    let interfaces = ask(Known::Interfaces);
    assert!(
        interfaces.iter().any(|line| line.contains(" lo ") && line.ends_with("127.0.0.1/8")),
        "{interfaces:?}"
    );
    assert!(ask(Known::Mounts).iter().any(|line| line.split(' ').nth(1) == Some("/")));
}

#[test]
fn documents() {
    let bench = Bench::new();
    let (listener, address) = bench.listen();
    let server = bench.handle();
    let accepting = bench.start(Operation::Accept { listener, handle: server });
    let get =
        |url: String| Operation::HttpGet { url, headers: vec![("X-Key".into(), "7".into())], most: 1000 };
    let fetching = bench.start(get(format!("http://{address}/page")));
    bench.wait(accepting).expect("a connection");
    let mut asked = Vec::new();
    while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
        asked.extend(data(bench.done(Operation::Receive { handle: server, most: 1000 })));
    }
    let asked = String::from_utf8_lossy(&asked).to_lowercase();
    assert!(asked.starts_with("get /page http/1.1\r\n") && asked.contains("x-key: 7\r\n"), "{asked}");
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello".to_vec();
    bench.done(Operation::Send { handle: server, bytes: answer });
    let document = Done::Document { status: 200, location: String::new(), body: b"hello".to_vec() };
    assert_eq!(bench.wait(fetching), Ok(document));
    bench.reactor.close(listener);
    assert_eq!(bench.fault(get(format!("http://{address}/"))), Fault::Refused);
    assert_eq!(bench.fault(get("nonsense".into())), Fault::Invalid);
}
