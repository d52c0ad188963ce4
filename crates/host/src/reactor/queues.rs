//! Reads and writes that wait on a socket or pipe, first come, first served.

use super::error::outside;
use mio::event::Event;
use platform::{Done, Ended, OpId};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};

/// Reads that wait.
pub(super) struct Reads {
    /// Whether a read may find something: not after one that found less than it had room for, until the next event.
    ready: bool,
    /// The other end has closed: every read finds at least that.
    closed: bool,
    /// Operations with the most bytes that each takes.
    pub(super) queue: VecDeque<(OpId, usize)>,
}

/// Writes that wait.
pub(super) struct Writes {
    /// Whether a write may find room.
    pub(super) ready: bool,
    /// Operations with their bytes and how many of them are written.
    pub(super) queue: VecDeque<(OpId, Vec<u8>, usize)>,
}

impl Default for Reads {
    fn default() -> Reads {
        Reads { ready: true, closed: false, queue: VecDeque::new() }
    }
}

impl Default for Writes {
    fn default() -> Writes {
        Writes { ready: true, queue: VecDeque::new() }
    }
}

impl Reads {
    /// Notes an event.
    pub(super) fn ready(&mut self, event: &Event) {
        self.ready = true;
        self.closed |= event.is_read_closed() || event.is_error();
    }
    /// Somebody has seen that there is something.
    pub(super) fn found(&mut self) {
        self.ready = true;
    }
    pub(super) fn ids(&self) -> impl Iterator<Item = OpId> {
        self.queue.iter().map(|(id, _)| *id)
    }
    /// Reads as long as there is something and someone who wants it.
    pub(super) fn serve(
        &mut self,
        source: &mut dyn Read,
        scratch: &mut [u8],
        ended: &mut Vec<(OpId, Ended)>,
    ) {
        while self.ready
            && let Some((id, most)) = self.queue.front().copied()
        {
            let room = most.min(scratch.len());
            let result = match source.read(&mut scratch[..room]) {
                Ok(count) => {
                    self.ready = count == room || count == 0 || self.closed;
                    Ok(Done::Data(scratch[..count].to_vec()))
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.ready = false;
                    return;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(outside(&error)),
            };
            ended.push((id, result));
            self.queue.pop_front();
        }
    }
}

impl Writes {
    pub(super) fn ids(&self) -> impl Iterator<Item = OpId> {
        self.queue.iter().map(|(id, ..)| *id)
    }
    /// Forgets a write, unless a part of it is gone already: then the rest has to follow.
    pub(super) fn cancel(&mut self, id: OpId) {
        self.queue.retain(|(queued, _, written)| *queued != id || *written > 0);
    }
    /// Writes as long as there is room, so many bytes at most; whether there may be room for more of them.
    pub(super) fn serve(
        &mut self,
        sink: &mut dyn Write,
        most: usize,
        ended: &mut Vec<(OpId, Ended)>,
    ) -> bool {
        let mut left = most;
        while self.ready
            && let Some((id, bytes, written)) = self.queue.front_mut()
        {
            if left == 0 && *written < bytes.len() {
                return true;
            }
            let end = bytes.len().min(written.saturating_add(left));
            let result = match sink.write(&bytes[*written..end]) {
                Ok(count) => {
                    *written += count;
                    left -= count;
                    if *written < bytes.len() {
                        continue;
                    }
                    Ok(Done::Nothing)
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.ready = false;
                    return false;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(outside(&error)),
            };
            ended.push((*id, result));
            self.queue.pop_front();
        }
        false
    }
}
