//! References of Java (package `java.lang.ref`): which soft ones a collection keeps, and what becomes of those that it
//! clears.
//!
//! The collector clears them (`heap`'s references.rs) and hands them over here, in the same epoch; they wait in a list of
//! the world, linked by `discovered`, for the thread of the library that puts each into its queue or runs its cleaner
//! (`Reference.ReferenceHandler`). So a restart finds each either not cleared, or waiting, or taken up by that thread.

use crate::Vm;
use crate::internal::{Call, Outcome, Wait};
use crate::waiting::Ring;
use base::Addr;
use bytecode::{Flags, Op};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{Strength, class, cond, java_state, method, program, reference, thread, wait};
use memory::Memory;

const SOFT: &str = "java/lang/ref/SoftReference";
const NS_PER_MS: u64 = 1_000_000;
/// For each free MiB a soft reference that was not used keeps its referent for so long, as with HotSpot
/// (`-XX:SoftRefLRUPolicyMSPerMB`).
const KEPT_MS_PER_MIB: u64 = 1000;
/// The method that registers an object with a finalizer.
const REGISTER: (&str, &str) = ("phantom/java/Boot", "register");

/// Which soft references keep their referents in one collection.
pub(crate) struct SoftPolicy {
    /// Where a soft reference has the time of its last use, in milliseconds of `clock_ms`.
    timestamp: u64,
    /// What those used since the last collection have there.
    clock_ms: u64,
    /// Unused for longer than this they do not keep them; `None`: not at all.
    kept_ms: Option<u64>,
}

impl SoftPolicy {
    pub(crate) fn keeps(&self, memory: &Memory, object: Addr) -> bool {
        let used_ms = memory.load_u64(object.add(self.timestamp));
        self.kept_ms.is_some_and(|kept_ms| self.clock_ms.saturating_sub(used_ms) <= kept_ms)
    }
}

impl Vm {
    /// How far instances of a class that is being made keep what their first reference leads to, by its name and its
    /// superclass.
    pub(crate) fn strength_of(&self, name: &str, parent: Addr) -> u8 {
        let strength = match name {
            SOFT => Strength::Soft,
            "java/lang/ref/WeakReference" => Strength::Weak,
            "java/lang/ref/FinalReference" => Strength::Final,
            "java/lang/ref/PhantomReference" => Strength::Phantom,
            _ => return self.get_u8(parent, class::ELEMENT_KIND),
        };
        let has_slots = [
            ("referent", reference::REFERENT),
            ("queue", reference::QUEUE),
            ("next", reference::NEXT),
            ("discovered", reference::DISCOVERED),
        ];
        // Of another library such a class is one like any other.
        let fits = has_slots.iter().all(|(name, offset)| self.offset_named(parent, name) == *offset);
        if fits { strength as u8 } else { 0 }
    }

    /// The policy for the collection that begins; `None` when there are no soft references.
    pub(crate) fn soft_policy(&self) -> Option<SoftPolicy> {
        let of = self.known_class(SOFT)?;
        let clock = self.field_named(of, "clock")?;
        let (most, used) = self.memory_used();
        let kept_ms = (most.saturating_sub(used) >> 20) * KEPT_MS_PER_MIB;
        let kept_ms = (!self.common.clears_soft).then_some(kept_ms);
        let timestamp = self.offset_named(of, "timestamp");
        Some(SoftPolicy { timestamp, clock_ms: self.load_field(Addr::NULL, clock), kept_ms })
    }

    /// After a full collection: sets the clock of soft references, and has those that it cleared wait for the library.
    pub(crate) fn references_collected(&mut self, cleared: &[Addr]) {
        if let Some(of) = self.known_class(SOFT)
            && let Some(clock) = self.field_named(of, "clock")
        {
            self.store_field(Addr::NULL, clock, self.clock_ns() / NS_PER_MS);
        }
        if cleared.is_empty() {
            return;
        }
        let mut first = self.java_state(java_state::PENDING);
        for object in cleared.iter().rev() {
            self.set_ref(*object, reference::DISCOVERED, first);
            first = Value::object(*object);
        }
        self.set_java_state(java_state::PENDING, first);
        let Some(waiters) = self.java_state(java_state::PENDING_WAITERS).as_object() else { return };
        while let Some(waiter) = self.ring_first(Ring::Field(waiters, cond::WAITERS)) {
            self.wake(waiter);
        }
    }

    /// Whether references wait for the library.
    pub fn has_pending_references(&self) -> bool {
        !self.java_state(java_state::PENDING).is_null()
    }

    /// What is called instead of a constructor on an object of a class: for `Object.<init>`, where the object has a finalizer,
    /// what registers it (JLS 12.6: when the constructor of `Object` is complete).
    pub(crate) fn registering(&mut self, constructor: Addr, of: Addr) -> Result<Addr, Value> {
        let root = self.ref_field(constructor, method::CLASS);
        let is_object = Flags(self.get_u32(root, class::FLAGS)).has(Flags::OF_ARRAYS)
            && self.method_flags(constructor).has(Flags::CONSTRUCTOR);
        if !is_object || !self.has_finalizer(root, of) {
            return Ok(constructor);
        }
        let owner = self.class_by_name(REGISTER.0)?;
        Ok(self.method_named(owner, REGISTER.1).unwrap_or(constructor))
    }

    /// Whether a class has a `finalize()` that does something; `root` is `java.lang.Object`.
    fn has_finalizer(&mut self, root: Addr, of: Addr) -> bool {
        let Some(own) = self.method_named(root, "finalize") else { return false };
        let ordinal = u64::from(self.get_u32(own, method::ORDINAL));
        let table = self.ref_field(of, class::VTABLE);
        if ordinal >= self.array_len(table) {
            return false;
        }
        let found = Addr(self.array_get(table, ordinal).0);
        found != own
            && self
                .with_definition(found, |_, definition| {
                    definition.code.as_ref().is_some_and(|code| code.bytes != [Op::Return as u8])
                })
                .unwrap_or(false)
    }

    /// Bytes that the objects of the running program may take, and those that they take, dead ones not yet found out
    /// included: by its quota if it has one, else those of all programs, beside the memory of the machine.
    pub fn program_memory(&self) -> (u64, u64) {
        let owner = self.ref_field(self.running.thread, thread::PROGRAM);
        let quota = if owner.is_null() { 0 } else { self.get_u64(owner, program::MEMORY_MAX) };
        if quota > 0 {
            return (quota, self.may_hold(owner));
        }
        self.memory_used()
    }

    /// Bytes of objects for which there is room in the memory of the machine, and those that there are.
    fn memory_used(&self) -> (u64, u64) {
        let usage = self.heap.usage();
        let most = self.common.heap_limit.min(self.memory.resident_max());
        (most, usage.nursery_bytes + usage.cell_bytes + usage.large_bytes)
    }
}

impl Call<'_> {
    /// `Reference.getAndClearReferencePendingList`: the first of those that a collection has cleared.
    pub fn take_pending_references(&mut self) -> Outcome {
        let first = self.vm.java_state(java_state::PENDING);
        if !first.is_null() {
            self.vm.set_java_state(java_state::PENDING, Value::NULL);
        }
        Outcome::value(first)
    }

    /// `Reference.waitForReferencePendingList`: returns when there is one.
    pub fn wait_for_pending_references(&mut self) -> Outcome {
        if self.vm.has_pending_references() {
            return Outcome::VOID;
        }
        let there = self.vm.java_state(java_state::PENDING_WAITERS).as_object();
        let waiters = there.unwrap_or_else(|| {
            let made = self.vm.new_kernel(ClassId::Cond);
            self.vm.set_java_state(java_state::PENDING_WAITERS, Value::object(made));
            made
        });
        Outcome::Block(Wait::at(wait::COND, waiters))
    }
}
