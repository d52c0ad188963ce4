//! What is done to the programs of an open world from outside; between two calls of [`World::run`].
//!
//! Nothing here is durable when it returns: whoever must be sure waits for the commit of the epoch of then
//! ([`Shared::want`](crate::Shared::want), [`Shared::committed`](crate::Shared::committed)).

use crate::World;
use alloc::string::String;
use base::{Addr, Epoch};
use layout::ViewError;
use vm::StartError;
use vm::inspect::{self, MemoryView, ProgramInfo};

/// A program that is to be started.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Name.
    pub name: &'a str,
    /// Class that holds the entry.
    pub class: &'a str,
    /// Arguments.
    pub arguments: &'a [String],
    /// Names and values of variables.
    pub environment: &'a [(String, String)],
    /// What it may reach outside the world.
    pub grants: &'a [String],
    /// Whether all that leaves it waits for the snapshot that holds its cause.
    pub durable: bool,
    /// Hash of its source.
    pub source_hash: u64,
}

impl World {
    /// Starts a program: its first thread runs from the next [`World::run`] on.
    ///
    /// # Errors
    /// When the class is not there or has no entry.
    pub fn start(&mut self, program: &Program<'_>) -> Result<Addr, StartError> {
        let object =
            self.start_program(program.name, program.class, program.arguments, program.source_hash)?;
        self.set_surroundings(object, program);
        Ok(object)
    }

    /// Has a program that stands ready become this one, see [`Vm::become_program`](vm::Vm::become_program).
    ///
    /// # Errors
    /// When the class is not there.
    pub fn begin(&mut self, ready: Addr, program: &Program<'_>) -> Result<(), StartError> {
        let Program { name, class, arguments, source_hash, .. } = *program;
        self.shared.set_active();
        self.vm.become_program(ready, name, class, arguments, source_hash)?;
        self.set_surroundings(ready, program);
        Ok(())
    }

    fn set_surroundings(&mut self, object: Addr, program: &Program<'_>) {
        self.vm.set_environment(object, program.environment);
        self.vm.set_grants(object, program.grants);
        self.vm.set_durable(object, program.durable);
    }

    /// Sets whether all that leaves a program waits for the snapshot that holds its cause.
    pub fn set_durable(&mut self, program: Addr, durable: bool) {
        self.shared.set_active();
        self.vm.set_durable(program, durable);
    }

    /// The programs, oldest first.
    ///
    /// # Errors
    /// When the world is damaged.
    pub fn programs(&self) -> Result<alloc::vec::Vec<ProgramInfo>, ViewError> {
        inspect::programs(&MemoryView(self.memory()))
    }

    /// Ends a program for ever; false when it had ended before.
    pub fn kill(&mut self, program: Addr) -> bool {
        self.shared.set_active();
        self.vm.kill_program(program)
    }

    /// Forgets a program that has ended.
    pub fn remove(&mut self, program: Addr) {
        self.shared.set_active();
        self.vm.remove_program(program);
    }

    /// Keeps the threads of a program from running.
    pub fn quarantine(&mut self, program: Addr) {
        self.shared.set_active();
        self.vm.quarantine_program(program);
    }

    /// Lets a program run that was held; false when it was not.
    pub fn release(&mut self, program: Addr) -> bool {
        self.shared.set_active();
        self.vm.release_program(program)
    }

    /// Whether this world is a copy that does not reach outside yet.
    pub fn is_detached(&self) -> bool {
        self.vm.is_detached()
    }

    /// Lets a copy reach outside; false when it could already.
    pub fn attach_outside(&mut self) -> bool {
        self.shared.set_active();
        self.vm.attach_outside()
    }

    /// Keeps all threads from running, for this time: a restart forgets it.
    pub fn pause(&mut self) {
        if self.paused.is_none() {
            self.paused = Some(self.vm.stop_world());
        }
    }

    /// Lets the threads of a paused world run; false when it was not paused.
    pub fn go(&mut self) -> bool {
        let paused = self.paused.take();
        let was = paused.is_some();
        if let Some(stopped) = paused {
            self.vm.resume_world(stopped);
        }
        was
    }

    /// Whether no thread runs because the world is paused.
    pub fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Asks for a snapshot of what there is now, and says which epoch must be durable for that.
    pub fn want_snapshot(&self) -> Epoch {
        if !self.shared.is_active() {
            // Nothing has happened since the last flip.
            return self.shared.flipped();
        }
        let epoch = self.memory().epoch();
        self.shared.want(epoch);
        epoch
    }
}
