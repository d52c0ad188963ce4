//! What goes over the control socket; byte by byte in `docs/formats/control.md`.
//!
//! *Invariant:* nothing that comes in is trusted: lengths are bounded, and what cannot be read is an error.

use crate::moment::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, ErrorKind, Read, Write};

/// Version of the protocol. Another one is refused by both sides.
pub(crate) const PROTOCOL: u32 = 1;
/// Longest payload of a frame, in bytes.
pub(crate) const PAYLOAD_MAX: u32 = 64 << 20;

/// What a frame holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// JSON in UTF-8.
    Json = b'J',
    /// An encoded module; follows a request to run it.
    Module = b'M',
    /// Bytes that the program wrote to its output.
    Output = b'O',
    /// Bytes that the program wrote to its error output.
    Error = b'E',
    /// The program asks for a line of input.
    WantLine = b'W',
    /// A line of input, without its line feed.
    Line = b'I',
    /// The input has ended.
    InputEnd = b'Z',
    /// A piece of a stream of a snapshot; an empty one ends it.
    Stream = b'S',
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        use Kind::{Error, InputEnd, Json, Line, Module, Output, Stream, WantLine};
        [Json, Module, Output, Error, WantLine, Line, InputEnd, Stream]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    /// What it holds.
    pub(crate) kind: Kind,
    /// The bytes.
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// A frame of JSON.
    pub(crate) fn json(value: &impl Serialize) -> Frame {
        // What is sent are plain structures and `Value`s, which always can be written.
        Frame { kind: Kind::Json, payload: serde_json::to_vec(value).unwrap_or_default() }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the other side is gone.
    pub(crate) fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let length = u32::try_from(self.payload.len())
            .ok()
            .filter(|length| *length <= PAYLOAD_MAX)
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the message is too long"))?;
        let mut bytes = Vec::with_capacity(5 + self.payload.len());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.push(self.kind as u8);
        bytes.extend_from_slice(&self.payload);
        to.write_all(&bytes)
    }

    /// Reads the next one; `None` when the other side has ended orderly.
    ///
    /// # Errors
    /// When the other side breaks off or sends what is no frame.
    pub(crate) fn receive(from: &mut impl Read) -> io::Result<Option<Frame>> {
        let mut head = [0u8; 5];
        let mut got = 0;
        while got < head.len() {
            match from.read(&mut head[got..]) {
                Ok(0) if got == 0 => return Ok(None),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => got += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let [a, b, c, d, kind] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        let kind = Kind::from_byte(kind).filter(|_| length <= PAYLOAD_MAX);
        let kind = kind.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "that is no message"))?;
        let mut payload = Vec::new();
        // Grown as it comes: a length that lies costs nothing.
        if from.take(u64::from(length)).read_to_end(&mut payload)? < length as usize {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(Frame { kind, payload }))
    }
}

/// The first frame of a connection, from the world's process.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// Version of that Phantom.
    pub(crate) phantom: String,
    /// Version of the protocol that it speaks.
    pub(crate) protocol: u32,
    /// Its process.
    pub(crate) pid: u32,
    /// Identity of the world.
    pub(crate) world: String,
}

/// The second frame, from who wants something.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct Envelope {
    /// Version of the protocol.
    pub(crate) protocol: u32,
    /// What is wanted.
    #[serde(flatten)]
    pub(crate) request: Request,
}

/// What can be wanted of a world that runs.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// A listing of a snapshot.
    Look {
        /// What it shows.
        #[serde(flatten)]
        what: Look,
        /// Of which snapshot; the newest unless said otherwise.
        #[serde(default)]
        at: Moment,
    },
    /// Names a snapshot, or takes a name away; answered when it is durable.
    Tag {
        /// Which one.
        at: Moment,
        /// Its name; none to take away the one that it has.
        tag: Option<String>,
    },
    /// Changes which snapshots are kept, and says which are; answered when it is durable.
    Keep(KeepChange),
    /// A snapshot now; answered when it is durable.
    Snap,
    /// A last snapshot, then the end of the process; answered when it is durable.
    Stop,
    /// The end of a program for ever; answered when it is durable.
    Kill {
        /// Its name.
        program: String,
    },
    /// Lets a paused world, or a held program, run.
    Go {
        /// Name of the program; none for the world.
        program: Option<String>,
    },
    /// Lets a detached world reach outside; answered when that is durable.
    Outside,
    /// A stream of a snapshot, in frames that follow the answer.
    Export {
        /// Which one.
        at: Moment,
        /// The one from which on it holds what changed; none for all.
        since: Option<Moment>,
        /// Whether it is packed.
        packed: bool,
    },
    /// Starts a program, whose module follows, and attaches to it.
    Run(Launch),
    /// Attaches to a program that runs.
    Attach {
        /// Its name.
        program: String,
    },
    /// Figures of the running world.
    Top,
}

/// What a listing shows.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(crate) enum Look {
    /// Programs and threads.
    Ps {
        /// With the stack of each thread.
        stacks: bool,
    },
    /// Snapshots.
    Log,
    /// Identity and size.
    Info,
    /// Damage.
    Check {
        /// Of objects and references, too.
        #[serde(default)]
        objects: bool,
    },
    /// Programs, threads, roots, and objects by class.
    Show,
    /// What differs in another snapshot.
    Diff {
        /// The other one.
        to: Moment,
        /// Objects that are shown at most.
        limit: usize,
    },
}

/// What is to change in a policy of history; what is not given stays.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeepChange {
    /// Begins with what a new world has.
    #[serde(default)]
    pub(crate) reset: bool,
    /// Every snapshot up to this age is kept, nanoseconds.
    pub(crate) whole_ns: Option<u64>,
    /// Pairs: one snapshot in each stretch of so many nanoseconds, up to an age.
    pub(crate) levels: Option<Vec<(u64, u64)>>,
    /// Bytes that history may take; zero for a share of the live data.
    pub(crate) budget_bytes: Option<u64>,
}

impl KeepChange {
    /// Whether nothing is to change.
    pub(crate) fn is_empty(&self) -> bool {
        *self == KeepChange::default()
    }
}

/// A program to be started.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    /// Its name.
    pub(crate) name: String,
    /// Class that holds its entry.
    pub(crate) entry: String,
    /// Arguments.
    pub(crate) arguments: Vec<String>,
    /// Names and values of variables.
    pub(crate) environment: Vec<(String, String)>,
    /// What it may reach outside the world.
    pub(crate) grants: Vec<String>,
    /// Whether all that leaves it waits for the snapshot that holds its cause.
    #[serde(default)]
    pub(crate) durable: bool,
    /// Hash of its source.
    pub(crate) source_hash: u64,
    /// Whether one of this name that was there is forgotten.
    pub(crate) fresh: bool,
}

/// Why something was not done.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What kind of reason.
    pub(crate) kind: RefusalKind,
    /// The reason, for people.
    pub(crate) message: String,
}

/// Kinds of reasons.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RefusalKind {
    /// It makes no sense as things are.
    Usage,
    /// A program cannot be used.
    Input,
    /// The world fails.
    World,
    /// Somebody else has it.
    Busy,
    /// The world stops at this moment; nothing was done.
    Stopping,
    /// The worker does not take commands; nothing was done.
    NoAnswer,
    /// Another version of the protocol.
    Version,
}

/// What is answered to a request.
#[derive(Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// It is done.
    Ok(Value),
    /// It is not.
    Error(Refusal),
}

/// What ends an attached connection.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Farewell {
    /// The program has ended, which is durable.
    Ended(Ending),
    /// The world was stopped; the program goes on at its next start.
    Stopped {
        /// Newest durable snapshot.
        epoch: u64,
    },
    /// The world failed.
    Failed {
        /// Why.
        message: String,
    },
}

/// How a program has ended.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    /// `ended`, `died` or `killed`.
    pub(crate) state: String,
    /// Exit status.
    pub(crate) status: i32,
    /// What it died of.
    pub(crate) failure: Option<String>,
}

impl Refusal {
    /// A reason.
    pub(crate) fn new(kind: RefusalKind, message: impl Into<String>) -> Refusal {
        Refusal { kind, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_go_there_and_back() {
        let mut bytes = Vec::new();
        let frames = [
            Frame { kind: Kind::Output, payload: b"\xff\n".to_vec() },
            Frame { kind: Kind::WantLine, payload: Vec::new() },
            Frame::json(&Envelope { protocol: PROTOCOL, request: Request::Kill { program: "a".into() } }),
        ];
        for frame in &frames {
            frame.send(&mut bytes).expect("memory takes all");
        }
        let mut from = bytes.as_slice();
        for frame in &frames {
            assert_eq!(Frame::receive(&mut from).expect("a frame").as_ref(), Some(frame));
        }
        assert_eq!(Frame::receive(&mut from).expect("the end"), None);
        // What the page of the format shows.
        assert_eq!(frames[2].payload, br#"{"protocol":1,"do":"kill","program":"a"}"#);
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for bytes in [&b"J"[..], b"\0\0\0\0", b"\x05\0\0\0Jabc", b"\0\0\0\0?", b"\xff\xff\xff\xffJ"] {
            let mut from = bytes;
            assert!(Frame::receive(&mut from).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn requests_read_as_they_are_written() {
        for (text, request) in [
            (r#"{"protocol":1,"do":"snap"}"#, Request::Snap),
            (
                r#"{"protocol":1,"do":"look","what":"ps","stacks":true}"#,
                Request::Look { what: Look::Ps { stacks: true }, at: Moment::Newest },
            ),
            (
                r#"{"protocol":1,"do":"look","what":"log","at":{"epoch":7}}"#,
                Request::Look { what: Look::Log, at: Moment::Epoch(7) },
            ),
            (r#"{"protocol":1,"do":"go","program":null}"#, Request::Go { program: None }),
        ] {
            let envelope: Envelope = serde_json::from_str(text).expect("a request");
            assert_eq!(envelope.request, request);
        }
    }
}
