//! References of Java: what a full collection does with those whose referents it has not reached (package
//! `java.lang.ref`, "Reachability").
//!
//! While marking, the referent of an active reference is not gone into, and the reference is noted. Then, in this order:
//! 1. soft references that the owner of the roots wants kept keep their referents, and all that these lead to;
//! 2. the other soft references and the weak ones to what is not reached are cleared;
//! 3. what is not reached and has a finalizer is reached through it once more; its reference becomes inactive, so that the
//!    next collection finds nothing to do;
//! 4. phantom references to what is still not reached are cleared.
//!
//! All happens in one collection, so in one epoch: a snapshot has references as they were before it, or those cleared and
//! all of them with the owner.

use crate::collect::{Full, Roots};
use alloc::vec::Vec;
use base::Addr;
use core::mem;
use layout::Value;
use layout::schema::{Strength, reference};

/// Active references that were reached before their referents, by strength.
#[derive(Default)]
pub(crate) struct Discovered {
    soft: Vec<Addr>,
    weak: Vec<Addr>,
    finals: Vec<Addr>,
    phantom: Vec<Addr>,
    /// Soft references that do not keep their referents.
    idle: Vec<Addr>,
}

impl Full<'_> {
    /// Notes a reference that was reached, if its referent was not; whether the referent is not to be gone into from here.
    pub(crate) fn discover(&mut self, object: Addr, strength: Strength) -> bool {
        if self.heap.memory.load_u64(object.add(reference::NEXT)) != 0 {
            // Inactive: of a final one the finalizer has yet to run.
            return false;
        }
        let is_lost = self.referent_lost(object);
        let Some(discovered) = &mut self.discovered else { return false };
        if is_lost {
            let list = match strength {
                Strength::Soft => &mut discovered.soft,
                Strength::Weak => &mut discovered.weak,
                Strength::Final => &mut discovered.finals,
                Strength::Phantom => &mut discovered.phantom,
            };
            list.push(object);
        }
        is_lost
    }

    /// Whether the object that a reference refers to has not been reached (yet).
    fn referent_lost(&self, object: Addr) -> bool {
        let referent = Value(self.heap.memory.load_u64(object.add(reference::REFERENT)));
        referent.as_object().is_some_and(|referent| !self.marks.contains(referent))
    }

    fn reach_referent(&mut self, object: Addr) {
        let referent = self.heap.memory.load_u64(object.add(reference::REFERENT));
        self.reach(referent);
    }

    /// Goes through the soft references found since the last call that are to keep their referents, and those found thereby.
    pub(crate) fn keep_soft(&mut self, roots: &mut dyn Roots) {
        while let Some(discovered) = &mut self.discovered {
            let found = mem::take(&mut discovered.soft);
            if found.is_empty() {
                return;
            }
            for object in found {
                if self.referent_lost(object) && !roots.keeps_soft(object) {
                    self.discovered.iter_mut().for_each(|discovered| discovered.idle.push(object));
                } else {
                    self.reach_referent(object);
                }
            }
            self.follow(roots);
        }
    }

    /// Clears what is to be cleared, keeps what is to be finalized, and hands the references over.
    pub(crate) fn process_references(&mut self, roots: &mut dyn Roots) {
        // From here on references are gone through as other objects are: what is kept for a finalizer is kept whole.
        let Some(found) = self.discovered.take() else { return };
        let mut pending = Vec::new();
        self.clear_lost(&found.idle, &mut pending);
        self.clear_lost(&found.weak, &mut pending);
        let first = pending.len();
        pending.extend(found.finals.iter().copied().filter(|object| self.referent_lost(*object)));
        for object in &pending[first..] {
            self.heap.memory.store_u64(object.add(reference::NEXT), object.0);
            self.reach_referent(*object);
        }
        self.follow(roots);
        self.clear_lost(&found.phantom, &mut pending);
        if !pending.is_empty() {
            roots.enqueue(pending);
        }
    }

    /// Clears those whose referents were not reached.
    fn clear_lost(&mut self, references: &[Addr], pending: &mut Vec<Addr>) {
        for object in references.iter().copied() {
            if self.referent_lost(object) {
                self.heap.memory.store_u64(object.add(reference::REFERENT), 0);
                pending.push(object);
            }
        }
    }
}
