//! I/O with what is outside the world: [`Reactor`], its [`Operation`]s and what they complete with.
//!
//! A worker hands an operation over with all bytes that belong to it, and never waits in a call: what cannot be done at
//! once completes later, under the number that the worker gave it, after the platform's [`crate::Waiter`] was notified.
//! Resources have numbers too, which the caller chooses, so that it knows them before they are open.
//!
//! *Invariant:* buffers are owned: nothing here points into the world.

use alloc::string::String;
use alloc::vec::Vec;

/// Number of an operation, chosen by the caller, unique in a boot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct OpId(pub u64);

/// Number of an open resource, chosen by the caller, unique in a boot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Handle(pub u64);

/// A place in the file system of the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// An absolute path: the folder that nothing may lead out of, neither `..` nor a symbolic link.
    pub beneath: String,
    /// Where in it, relative; `.` is the folder itself.
    pub path: String,
}

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// For reading; it must be there.
    Read,
    /// For reading and writing; it is made if it is not there.
    Write,
    /// As `Write`; it is empty then.
    Truncate,
    /// For reading and writing; it is made, and must not be there.
    New,
    /// For reading and writing, as it is; it must be there.
    Existing,
}

/// One of the outputs of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// What a standard stream of a new process is connected to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standard {
    /// A pipe, whose other end is the handle of the process.
    Pipe,
    /// The same stream of this process.
    Own,
    /// Nothing: there is no input, and output is lost.
    Nothing,
    /// An open file, from a position in bytes on, or from its end.
    File {
        /// The file.
        handle: Handle,
        /// The position; none for the end.
        offset: Option<u64>,
    },
    /// What standard output is connected to.
    Output,
}

/// A setting of a socket. Times are in seconds, sizes in bytes, switches 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SocketOption {
    /// Whether the other end is asked now and then if it is still there.
    KeepAlive,
    /// Whether small pieces leave at once.
    NoDelay,
    /// How long closing waits for what was sent; negative: not at all.
    Linger,
    /// Room for what goes out.
    SendBuffer,
    /// Room for what has come in.
    ReceiveBuffer,
    /// The type of service, or traffic class.
    TypeOfService,
    /// Whether datagrams may go to everybody.
    Broadcast,
}

/// What the machine below can be asked about itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// Its name.
    HostName,
    /// The numbers of this process, of its user, and of the user's group.
    Process,
    /// The variables of its environment, each `NAME=VALUE`.
    Environment,
    /// Its network interfaces: of each number, name, largest packet, flags as netdevice(7) has them, hardware address (bytes
    /// in hexadecimal with colons between, or `-`), and its addresses of IPv4, each `ADDRESS/PREFIX`.
    Interfaces,
    /// What is mounted, as fstab(5) has it.
    Mounts,
    /// The name of a user.
    User(u32),
    /// The name of a group.
    Group(u32),
    /// The number of a user.
    UserNamed(String),
    /// The number of a group.
    GroupNamed(String),
}

/// Something has come in, a connection too, or the other end has closed.
pub const READABLE: u8 = 1;
/// There is room for what goes out.
pub const WRITABLE: u8 = 2;

/// What a reactor can be asked for.
///
/// Addresses of sockets are written `host:port`, with the host of IPv6 in brackets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Opens `handle` as a TCP connection.
    Connect {
        /// What it is to be known by.
        handle: Handle,
        /// To where.
        address: String,
    },
    /// Opens `handle` as a TCP connection that is being made: [`Operation::Watch`] tells when it is [`WRITABLE`], then
    /// [`Operation::FinishConnect`] how it ended.
    StartConnect {
        /// What it is to be known by.
        handle: Handle,
        /// To where, in numbers.
        address: String,
    },
    /// How making a connection ended: its addresses; [`Done::Nothing`] when it has not.
    FinishConnect {
        /// The connection.
        handle: Handle,
    },
    /// Sets a socket up.
    SetOption {
        /// The socket.
        handle: Handle,
        /// What of it.
        option: SocketOption,
        /// To what.
        value: i32,
    },
    /// How a socket is set up.
    GetOption {
        /// The socket.
        handle: Handle,
        /// What of it.
        option: SocketOption,
    },
    /// How many bytes have come in and were not taken yet.
    Available {
        /// A connection, or a process.
        handle: Handle,
        /// Of a process, which of its outputs.
        stream: Stream,
    },
    /// Opens `handle` as a listening TCP socket.
    Listen {
        /// What it is to be known by.
        handle: Handle,
        /// At which address of this machine.
        address: String,
    },
    /// Opens `handle` as the next connection that comes in.
    Accept {
        /// The listening socket.
        listener: Handle,
        /// What the connection is to be known by.
        handle: Handle,
    },
    /// Takes what has come in, at least a byte; none at the end.
    Receive {
        /// The connection.
        handle: Handle,
        /// Most bytes.
        most: usize,
    },
    /// Sends all of these bytes.
    Send {
        /// The connection.
        handle: Handle,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Says that nothing more will be sent.
    Shutdown {
        /// The connection.
        handle: Handle,
    },
    /// Waits until something can be done with one of these sockets at once.
    Watch {
        /// Each with what is wanted of it: [`READABLE`], [`WRITABLE`], or both.
        of: Vec<(Handle, u8)>,
    },
    /// Opens `handle` as a UDP socket.
    Bind {
        /// What it is to be known by.
        handle: Handle,
        /// At which address of this machine.
        address: String,
    },
    /// Takes a datagram.
    ReceiveFrom {
        /// The socket.
        handle: Handle,
        /// Most bytes; the rest of a longer one is lost.
        most: usize,
    },
    /// Sends a datagram.
    SendTo {
        /// The socket.
        handle: Handle,
        /// To where.
        address: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Finds the addresses of a name.
    Resolve {
        /// The name.
        name: String,
    },
    /// Opens `handle` as a file.
    OpenFile {
        /// What it is to be known by.
        handle: Handle,
        /// Which.
        place: Place,
        /// For what.
        access: Access,
    },
    /// Reads from a position; no byte at the end.
    ReadAt {
        /// The file.
        handle: Handle,
        /// Position in bytes.
        offset: u64,
        /// Most bytes.
        most: usize,
    },
    /// Writes all bytes at a position.
    WriteAt {
        /// The file.
        handle: Handle,
        /// Position in bytes.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Cuts or extends a file.
    Resize {
        /// The file.
        handle: Handle,
        /// New size in bytes.
        size: u64,
    },
    /// Returns when all that was written is durable.
    Sync {
        /// The file.
        handle: Handle,
    },
    /// What stands at a place.
    Stat {
        /// Where.
        place: Place,
    },
    /// What stands at a place itself: a link is not followed.
    StatLink {
        /// Where.
        place: Place,
    },
    /// What is known of an open file.
    Measure {
        /// The file.
        handle: Handle,
    },
    /// The absolute path of what stands at a place, without links: one name.
    Canonical {
        /// Where.
        place: Place,
    },
    /// Where a symbolic link leads: one name.
    ReadLink {
        /// Where.
        place: Place,
    },
    /// Makes a symbolic link.
    MakeLink {
        /// Where.
        place: Place,
        /// Where it leads.
        target: String,
    },
    /// Gives a file one more name.
    Link {
        /// Which.
        from: Place,
        /// The name, which must be free.
        to: Place,
    },
    /// Sets the permissions of a file or folder.
    SetMode {
        /// Which.
        place: Place,
        /// The lower twelve bits, as in POSIX.
        mode: u32,
    },
    /// Sets the times of a file or folder, nanoseconds since 1970.
    SetTimes {
        /// Which.
        place: Place,
        /// Of the last access.
        accessed_ns: u64,
        /// Of the last change.
        modified_ns: u64,
    },
    /// How much room the file system at a place has.
    Space {
        /// Where.
        place: Place,
    },
    /// The names in a folder, sorted.
    List {
        /// Which.
        place: Place,
    },
    /// Removes a file or an empty folder.
    Remove {
        /// Which.
        place: Place,
    },
    /// Gives a file or folder another name.
    Rename {
        /// Which.
        from: Place,
        /// The name; what stands there is replaced.
        to: Place,
    },
    /// Makes a folder.
    MakeDirectory {
        /// Where.
        place: Place,
    },
    /// Asks the machine below about itself: names, or numbers as text.
    Ask {
        /// What.
        what: Known,
    },
    /// Opens `handle` as a new process; its number.
    Spawn {
        /// What it is to be known by.
        handle: Handle,
        /// Name or path of the program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// Where it runs.
        directory: String,
        /// All of its environment, names and values; none for that of this process.
        environment: Option<Vec<(String, String)>>,
        /// Standard input, output and error.
        standard: [Standard; 3],
    },
    /// Writes all bytes to the standard input of a process.
    WriteInput {
        /// The process.
        handle: Handle,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Ends the standard input of a process.
    CloseInput {
        /// The process.
        handle: Handle,
    },
    /// Takes what a process has written, at least a byte; none at the end.
    ReadOutput {
        /// The process.
        handle: Handle,
        /// Which of its outputs.
        stream: Stream,
        /// Most bytes.
        most: usize,
    },
    /// Waits for the end of a process.
    Wait {
        /// The process.
        handle: Handle,
    },
    /// Ends a process.
    Kill {
        /// The process.
        handle: Handle,
    },
    /// Asks a process to end.
    Terminate {
        /// The process.
        handle: Handle,
    },
    /// Fetches a document by HTTP, without following redirections.
    HttpGet {
        /// Which.
        url: String,
        /// Additional header fields.
        headers: Vec<(String, String)>,
        /// Most bytes of the body; a longer one is an error.
        most: usize,
    },
}

/// What an operation completed with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Done {
    /// Nothing more to say.
    Nothing,
    /// A socket is open.
    Opened {
        /// Address on this machine.
        local: String,
        /// Address of the other end; empty when there is none.
        peer: String,
    },
    /// What can be done with sockets, those with which nothing can be done left out.
    Ready(Vec<(Handle, u8)>),
    /// Bytes.
    Data(Vec<u8>),
    /// A number.
    Number(u64),
    /// A datagram.
    Datagram {
        /// Who sent it.
        peer: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Names or addresses.
    Names(Vec<String>),
    /// What stands at a place, or was opened there.
    File(FileFacts),
    /// Room of a file system.
    Space {
        /// Bytes of a block.
        block_bytes: u64,
        /// All blocks,
        blocks: u64,
        /// those that are free,
        free: u64,
        /// and those that the user of this machine may use.
        usable: u64,
    },
    /// A process has ended.
    Exited {
        /// Its exit status; 128 and the signal's number when a signal ended it.
        status: i32,
    },
    /// A document.
    Document {
        /// Status of the answer.
        status: u16,
        /// Where a redirection leads; empty when it is none.
        location: String,
        /// The body.
        body: Vec<u8>,
    },
}

/// What is known of a file or folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FileFacts {
    /// The file system that it is in.
    pub device: u64,
    /// Its number there. Both together tell it from every other that exists now.
    pub inode: u64,
    /// Nanoseconds since 1970 at which it was made, zero where that is not known: tells it from one that had the same
    /// number before.
    pub born_ns: u64,
    /// Size in bytes.
    pub size: u64,
    /// Nanoseconds since 1970 of the last change.
    pub modified_ns: u64,
    /// Whether it is a folder.
    pub is_directory: bool,
    /// Kind and permissions, as in POSIX.
    pub mode: u32,
    /// The user whose it is.
    pub owner: u32,
    /// The group whose it is.
    pub group: u32,
    /// How many names it has.
    pub links: u32,
    /// Nanoseconds since 1970 of the last access.
    pub accessed_ns: u64,
    /// Nanoseconds since 1970 of the last change of what is known of it.
    pub changed_ns: u64,
    /// What the user of this machine may do to it: 4 read, 2 write, 1 execute; of a place only.
    pub may: u8,
}

/// What kind of failure it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// There is no such file, program or folder.
    NotFound,
    /// The system does not allow it.
    NotAllowed,
    /// A link or `..` leads out of the folder.
    LeadsOut,
    /// It is there already.
    Exists,
    /// A folder where a file is needed.
    IsDirectory,
    /// A file where a folder is needed.
    NotDirectory,
    /// The folder is not empty.
    NotEmpty,
    /// The address is used by another socket.
    AddressInUse,
    /// The address is not one of this machine.
    AddressNotHere,
    /// Nobody listens there.
    Refused,
    /// The other end has closed the connection.
    Reset,
    /// There is no way to it, or it does not answer.
    Unreachable,
    /// The name has no address.
    UnknownName,
    /// What was given makes no sense.
    Invalid,
    /// The disk is full.
    NoSpace,
    /// Too many files and sockets are open.
    TooManyOpen,
    /// What came is larger than was wanted.
    TooLarge,
    /// The resource is closed.
    Closed,
    /// This platform cannot do it.
    Unsupported,
    /// Something else.
    Other,
}

/// Why an operation failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct OutsideError {
    /// What kind of failure.
    pub fault: Fault,
    /// In the words of the system below.
    pub reason: String,
}

impl OutsideError {
    /// An error of a kind with a text.
    pub fn new(fault: Fault, reason: impl Into<String>) -> OutsideError {
        OutsideError { fault, reason: reason.into() }
    }
}

/// How an operation ended.
pub type Ended = Result<Done, OutsideError>;

/// I/O with what is outside.
pub trait Reactor: Send + Sync {
    /// Starts an operation. `Some` when it has ended already; otherwise [`Reactor::poll`] gives its end later, unless it
    /// is cancelled.
    fn submit(&self, id: OpId, operation: Operation) -> Option<Ended>;
    /// Looks what has happened, without waiting, and adds what has ended to `ended`.
    fn poll(&self, ended: &mut Vec<(OpId, Ended)>);
    /// Forgets an operation: its end is not reported, whether it takes effect is open.
    fn cancel(&self, id: OpId);
    /// Closes a resource, now or as soon as it is open; operations on it end with [`Fault::Closed`].
    fn close(&self, handle: Handle);
}

/// The reactor of a platform that has no outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOutside;

impl Reactor for NoOutside {
    fn submit(&self, _: OpId, _: Operation) -> Option<Ended> {
        Some(Err(OutsideError::new(Fault::Unsupported, "this platform has no network, files or processes")))
    }
    fn poll(&self, _: &mut Vec<(OpId, Ended)>) {}
    fn cancel(&self, _: OpId) {}
    fn close(&self, _: Handle) {}
}
