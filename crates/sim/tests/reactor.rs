//! The simulated outside does what the real one does: watching sockets, connections that are made meanwhile, settings.

use platform::{
    Access, Done, Ended, Fault, Handle, OpId, Operation, Place, READABLE, Reactor, SocketOption, Stream,
    WRITABLE,
};
use sim::{SimOutside, SimReactor};
use std::sync::Arc;

/// A machine and the numbers that it has given.
struct Machine {
    reactor: SimReactor,
    last: u64,
}

impl Machine {
    fn new(outside: &Arc<SimOutside>) -> Machine {
        Machine { reactor: SimReactor::new(outside.clone()), last: 0 }
    }
    fn handle(&mut self) -> Handle {
        self.last += 1;
        Handle(self.last)
    }
    /// Starts an operation: its number, and its end if it has one already.
    fn start(&mut self, operation: Operation) -> (OpId, Option<Ended>) {
        self.last += 1;
        let id = OpId(self.last);
        (id, self.reactor.submit(id, operation))
    }
    fn at_once(&mut self, operation: Operation) -> Ended {
        self.start(operation).1.expect("it ends at once")
    }
    fn polled(&self) -> Vec<(OpId, Ended)> {
        let mut ended = Vec::new();
        self.reactor.poll(&mut ended);
        ended
    }
}

const ADDRESS: &str = "127.0.0.1:7000";

#[test]
fn a_watch_ends_when_something_can_be_done() {
    let outside = Arc::new(SimOutside::new(1));
    let (mut server, mut client) = (Machine::new(&outside), Machine::new(&outside));
    let listener = server.handle();
    server.at_once(Operation::Listen { handle: listener, address: ADDRESS.into() }).expect("it listens");
    let (watch, ended) = server.start(Operation::Watch { of: vec![(listener, READABLE)] });
    assert_eq!(ended, None);
    let made = client.handle();
    client.at_once(Operation::Connect { handle: made, address: ADDRESS.into() }).expect("it connects");
    assert_eq!(server.polled(), [(watch, Ok(Done::Ready(vec![(listener, READABLE)])))]);
    let taken = server.handle();
    server.at_once(Operation::Accept { listener, handle: taken }).expect("it is there");
    let both = READABLE | WRITABLE;
    let ready = server.at_once(Operation::Watch { of: vec![(taken, both), (listener, READABLE)] });
    assert_eq!(ready, Ok(Done::Ready(vec![(taken, WRITABLE)])));
    client.at_once(Operation::Send { handle: made, bytes: b"four".to_vec() }).expect("it is sent");
    let available = Operation::Available { handle: taken, stream: Stream::Output };
    assert_eq!(server.at_once(available), Ok(Done::Number(4)));
    drop(client);
    let ready = server.at_once(Operation::Watch { of: vec![(taken, READABLE)] });
    assert_eq!(ready, Ok(Done::Ready(vec![(taken, READABLE)])));
}

#[test]
fn a_connection_that_is_made_meanwhile_tells_how_it_ended() {
    let outside = Arc::new(SimOutside::new(2));
    let mut machine = Machine::new(&outside);
    let refused = machine.handle();
    let start = |handle| Operation::StartConnect { handle, address: ADDRESS.into() };
    assert_eq!(machine.at_once(start(refused)), Ok(Done::Nothing));
    let ready = machine.at_once(Operation::Watch { of: vec![(refused, WRITABLE)] });
    assert_eq!(ready, Ok(Done::Ready(vec![(refused, WRITABLE)])));
    let finish = |handle| Operation::FinishConnect { handle };
    assert_eq!(machine.at_once(finish(refused)).map_err(|error| error.fault), Err(Fault::Refused));
    let listener = machine.handle();
    machine.at_once(Operation::Listen { handle: listener, address: ADDRESS.into() }).expect("it listens");
    let made = machine.handle();
    assert_eq!(machine.at_once(start(made)), Ok(Done::Nothing));
    match machine.at_once(finish(made)) {
        Ok(Done::Opened { peer, .. }) => assert_eq!(peer, ADDRESS),
        other => panic!("{other:?}"),
    }
    let option = SocketOption::KeepAlive;
    machine.at_once(Operation::SetOption { handle: made, option, value: 1 }).expect("it can be set");
    assert_eq!(machine.at_once(Operation::GetOption { handle: made, option }), Ok(Done::Number(1)));
    machine.reactor.close(made);
    assert_eq!(machine.at_once(finish(made)).map_err(|error| error.fault), Err(Fault::Closed));
}

#[test]
fn what_is_known_of_files_is_the_same_by_path_and_open() {
    let outside = Arc::new(SimOutside::new(3));
    outside.put_folder("/folder");
    outside.put_file("/folder/file", b"12345");
    let mut machine = Machine::new(&outside);
    let place = || Place { beneath: "/folder".into(), path: "file".into() };
    let handle = machine.handle();
    let opened = machine.at_once(Operation::OpenFile { handle, place: place(), access: Access::Read });
    let Ok(Done::File(facts)) = &opened else { panic!("{opened:?}") };
    assert_eq!((facts.size, facts.is_directory), (5, false));
    for asked in [
        Operation::Measure { handle },
        Operation::Stat { place: place() },
        Operation::StatLink { place: place() },
    ] {
        assert_eq!(machine.at_once(asked), opened);
    }
    let canonical = machine.at_once(Operation::Canonical { place: place() });
    assert_eq!(canonical, Ok(Done::Names(vec!["/folder/file".into()])));
    let link = machine.at_once(Operation::ReadLink { place: place() });
    assert_eq!(link.map_err(|error| error.fault), Err(Fault::Invalid));
}
