//! Work in steps, for methods that may have much to do: copies, searches, comparisons of what is large.
//!
//! A method that is declared *divided* runs on its caller's operands like a short one. When it finds that it has more to
//! do than is done at once it returns [`Outcome::Frame`], gets a frame, and is invoked anew in it; there it works step by
//! step, looks after each whether the thread has to come to a safepoint, and returns [`Outcome::Again`] then. So it is
//! written once: from its top down, as if it were invoked for the first time, with what it has made ([`Call::kept`]) and
//! how far it is (number 0) in its frame.
//!
//! Work is counted in *units*, one for a byte that is copied; the loop of the interpreter counts them as well, so that many
//! short methods in a row come to a safepoint too ([`Vm::is_tired`]). In chaos a step is small, and many programs go this
//! way.
//!
//! *What others do meanwhile.* Strings never change. What is only read (to be copied, compared, searched) is seen as it is
//! at each step. What is laid out anew (a container or builder that grows, a directory, an insertion) is built beside the
//! old and takes its place at the end in one step, unless the object's `CHANGES` tell that somebody changed it: then it is
//! done again; and after some such times without safepoints, so that it comes to an end.

use super::support::Bytes;
use super::{Call, Outcome};
use crate::Vm;
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use memchr::memmem;

/// Units between two looks for a request.
pub(crate) const STEP_UNITS: u64 = 32 << 10;
/// What a method may do without a frame, and a thread between two polls. Twice as much, which comes together at worst, is
/// 32 pages that are touched for the first time: a page costs 5 µs, and 30 µs where the machine itself is a guest whose
/// host has to find memory for it.
pub(crate) const SHORT_UNITS: u64 = 64 << 10;
/// Both in chaos.
const CHAOS_UNITS: u64 = 400;
/// Polls that a step counts for, in a slice.
const STEP_POLLS: u32 = 500;
/// Units for a reference that is moved in its array.
pub(super) const MOVED_UNITS: u64 = 8;
/// Units for a reference that is copied to a new array: in the old space it may have to be noted.
pub(super) const REF_UNITS: u64 = 32;
/// Units for a pair of a directory that is laid out anew: each may go to a page that was never written.
pub(super) const PAIR_UNITS: u64 = 1024;
/// How often something is begun anew because somebody changed the object, before it is done without safepoints.
const RETRIES_MAX: u32 = 4;
/// What counts them in the phase; the phases of divided methods are below it.
const RETRY: u32 = 1 << 24;
/// So much of a text that is searched for is looked for at once.
const NEEDLE_HEAD: u64 = 4096;
/// Bytes compared at a time.
const COMPARED_BYTES: usize = 128;

/// What a worker has done since it last looked for a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// Units.
    pub(crate) since: u64,
    /// The most that this ever was.
    pub(crate) longest: u64,
}

impl Vm {
    pub(crate) fn step_units(&self) -> u64 {
        if self.chaos.is_some() { CHAOS_UNITS } else { STEP_UNITS }
    }
    fn short_units(&self) -> u64 {
        if self.chaos.is_some() { CHAOS_UNITS } else { SHORT_UNITS }
    }
    /// Counts work of the running thread.
    pub fn worked(&mut self, units: u64) {
        self.work.since += units;
        self.work.longest = self.work.longest.max(self.work.since);
    }
    /// Whether so much was done that the thread has to look for requests before its next poll.
    #[inline(always)]
    pub(crate) fn is_tired(&self) -> bool {
        self.work.since >= SHORT_UNITS
    }
    /// The most units of work that a thread of this worker did between two looks for a request.
    pub fn longest_work(&self) -> u64 {
        self.work.longest
    }
    /// Counts work between two instructions: whether the running thread has to come to a safepoint.
    pub(crate) fn works(&mut self, units: u64) -> bool {
        self.worked(units);
        self.work.since >= self.step_units() && self.looks()
    }
    /// The thread looks for requests: whether it has to come to a safepoint.
    fn looks(&mut self) -> bool {
        self.work.since = 0;
        // A step is small in chaos, as are the slices.
        self.spend(if self.chaos.is_some() { 1 } else { STEP_POLLS });
        let unkind = self.chaos.as_mut().is_some_and(|prng| prng.chance(1, 8));
        unkind || self.running.polls == 0 || self.requests.any() || self.is_measured()
    }
}

impl Call<'_> {
    pub(super) fn is_framed(&self) -> bool {
        !self.frame.is_null()
    }

    /// Leaves the method to be invoked in a frame when it has more to do than is done without one; counts it otherwise. For
    /// divided methods.
    ///
    /// # Errors
    /// The outcome to return.
    pub fn frame_for(&mut self, units: u64) -> Result<(), Outcome> {
        if self.is_framed() {
            return Ok(());
        }
        if units > self.vm.short_units() {
            return Err(Outcome::Frame);
        }
        self.vm.worked(units);
        Ok(())
    }

    /// Counts work of a method with a frame, in which all stands that it needs to go on; leaves it when the thread has to
    /// come to a safepoint.
    pub(super) fn did(&mut self, units: u64) -> Result<(), Outcome> {
        self.vm.worked(units);
        if self.vm.work.since < self.vm.step_units() || self.retries() >= RETRIES_MAX {
            return Ok(());
        }
        if self.vm.looks() { Err(Outcome::Again) } else { Ok(()) }
    }

    /// Does `count` pieces of work of so many units each: `step` gets the number of the first piece and how many. Number 0
    /// of the frame counts them, and is `count` at the end. For divided methods, which have said by [`Call::frame_for`] what
    /// they do without a frame.
    ///
    /// # Errors
    /// The outcome to return.
    pub fn in_steps(
        &mut self,
        count: u64,
        units_each: u64,
        mut step: impl FnMut(&mut Self, u64, u64) -> Result<(), Outcome>,
    ) -> Result<(), Outcome> {
        if !self.is_framed() {
            if count * units_each > self.vm.short_units() {
                return Err(Outcome::Frame);
            }
            return if count == 0 { Ok(()) } else { step(self, 0, count) };
        }
        let most = (self.vm.step_units() / units_each).max(1);
        let mut done = self.number(0);
        while done < count {
            let pieces = most.min(count - done);
            step(self, done, pieces)?;
            done += pieces;
            self.set_number(0, done);
            if done < count {
                self.did(pieces * units_each)?;
            }
        }
        Ok(())
    }

    /// Reference `index` of the frame, made if there is none; just made, where there is no frame.
    pub(super) fn kept(
        &mut self,
        index: u64,
        make: impl FnOnce(&mut Self) -> Result<Addr, Outcome>,
    ) -> Result<Addr, Outcome> {
        if !self.is_framed() {
            return make(self);
        }
        if let Some(there) = self.reference(index).as_object() {
            return Ok(there);
        }
        let made = make(self)?;
        self.set_reference(index, Value::object(made));
        Ok(made)
    }

    /// The phase of a divided method.
    pub(super) fn stage(&self) -> u32 {
        if self.is_framed() { self.phase() % RETRY } else { 0 }
    }
    pub(super) fn set_stage(&mut self, stage: u32) {
        let retries = self.phase() / RETRY;
        self.set_phase(retries * RETRY + stage);
    }
    fn retries(&self) -> u32 {
        self.phase() / RETRY
    }

    /// Whether the object still counts as many changes as when this was begun, by number 1; if not, or if it is begun only
    /// now, number 0 is zero again and the references are null.
    pub(super) fn is_unchanged(&mut self, changes: u64) -> bool {
        let mark = changes + 1;
        let begun = self.number(1);
        if begun == mark {
            return true;
        }
        if begun != 0 {
            let retries = (self.retries() + 1).min(RETRIES_MAX);
            let stage = self.stage();
            self.set_phase(retries * RETRY + stage);
        }
        self.begin_anew();
        self.set_number(1, mark);
        false
    }

    /// Forgets how far the method is and what it has made, for what it does next.
    pub(super) fn begin_anew(&mut self) {
        if self.is_framed() {
            self.set_number(0, 0);
            self.set_number(1, 0);
            self.set_reference(0, Value::NULL);
            self.set_reference(1, Value::NULL);
        }
    }

    /// Copies bytes; the ranges are inside, and may overlap.
    pub(super) fn copy_in_steps(
        &mut self,
        from: Bytes,
        from_at: u64,
        to: Addr,
        to_at: u64,
        len: u64,
    ) -> Result<(), Outcome> {
        let down = from.array == to && to_at > from_at;
        self.in_steps(len, 1, |call, at, count| {
            let at = if down { len - at - count } else { at };
            call.vm.copy_bytes(from.array, from_at + at, to, to_at + at, count);
            Ok(())
        })
    }

    /// How the bytes compare, as many as both have: the first two that differ.
    pub(super) fn first_difference(&mut self, a: Bytes, b: Bytes) -> Result<Option<(u8, u8)>, Outcome> {
        let mut found = None;
        self.in_steps(a.len.min(b.len), 1, |call, at, count| {
            if found.is_none() {
                found = difference(call.vm, a, at, b, at, count);
            }
            // The rest needs no look.
            if found.is_some() && call.is_framed() { Err(Outcome::VOID) } else { Ok(()) }
        })
        .or_else(|outcome| if found.is_some() { Ok(()) } else { Err(outcome) })?;
        Ok(found)
    }

    /// Whether both hold the same.
    pub(super) fn same_in_steps(&mut self, a: Bytes, b: Bytes) -> Result<bool, Outcome> {
        if a.len != b.len {
            return Ok(false);
        }
        self.frame_for(a.len)?;
        Ok(a.array == b.array || self.first_difference(a, b)?.is_none())
    }

    /// Where a text first stands in another, from a byte on. Number 0 is where to look next; number 1, of a long text whose
    /// head stands there, how much of it was compared.
    pub(super) fn find_in_steps(
        &mut self,
        all: Bytes,
        from: u64,
        text: Bytes,
    ) -> Result<Option<u64>, Outcome> {
        if text.len > all.len || from > all.len - text.len {
            return Ok(None);
        }
        if text.len == 0 {
            return Ok(Some(from));
        }
        self.frame_for(all.len - from + text.len)?;
        if !self.is_framed() {
            return Ok(matches(self.vm, all, from, all.len, text, 1).first().copied());
        }
        let head = Bytes { len: text.len.min(NEEDLE_HEAD), ..text };
        let mut at = from.max(self.number(0));
        while at + text.len <= all.len {
            let step = self.vm.step_units();
            let mut compared = self.number(1);
            if compared == 0 {
                let starts = step.min(all.len - text.len - at + 1);
                match matches(self.vm, all, at, starts, head, 1).first() {
                    None => at += starts,
                    Some(found) if head.len == text.len => return Ok(Some(*found)),
                    Some(found) => (at, compared) = (*found, head.len),
                }
            } else {
                let count = step.min(text.len - compared);
                let differs = difference(self.vm, all, at + compared, text, compared, count).is_some();
                compared += count;
                if differs {
                    (at, compared) = (at + 1, 0);
                } else if compared == text.len {
                    return Ok(Some(at));
                }
            }
            self.set_number(0, at);
            self.set_number(1, compared);
            self.did(step)?;
        }
        Ok(None)
    }
}

/// The first two bytes that differ in two ranges of one length.
pub(super) fn difference(vm: &Vm, a: Bytes, a_at: u64, b: Bytes, b_at: u64, len: u64) -> Option<(u8, u8)> {
    let (mut ours, mut theirs) = ([0; COMPARED_BYTES], [0; COMPARED_BYTES]);
    for at in (0..len).step_by(COMPARED_BYTES) {
        let count = (len - at).min(COMPARED_BYTES as u64) as usize;
        vm.read_bytes(a.array, a_at + at, &mut ours[..count]);
        vm.read_bytes(b.array, b_at + at, &mut theirs[..count]);
        if ours[..count] != theirs[..count] {
            return ours.into_iter().zip(theirs).take(count).find(|(a, b)| a != b);
        }
    }
    None
}

/// Where a text, which is not empty, stands in `all`, beginning at one of `starts` bytes from `from` on; they do not
/// overlap; `most` of them at most. A text longer than its head is compared in one piece wherever its head is found.
pub(super) fn matches(vm: &Vm, all: Bytes, from: u64, starts: u64, text: Bytes, most: usize) -> Vec<u64> {
    let mut found = Vec::new();
    if from + text.len > all.len {
        return found;
    }
    let starts = starts.min(all.len - text.len - from + 1);
    let head = text.read_part(vm, 0, text.len.min(NEEDLE_HEAD));
    let window = all.read_part(vm, from, starts + head.len() as u64 - 1);
    let finder = memmem::Finder::new(&head);
    let rest = text.len - head.len() as u64;
    let mut at = 0;
    while found.len() < most
        && let Some(next) = window.get(at..).and_then(|part| finder.find(part))
    {
        let start = from + (at + next) as u64;
        let behind = head.len() as u64;
        if rest == 0 || difference(vm, all, start + behind, text, behind, rest).is_none() {
            found.push(start);
            at += next + text.len as usize;
        } else {
            at += next + 1;
        }
    }
    found
}
