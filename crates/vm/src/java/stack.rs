//! Stacks as Java's library asks for them: frames of the running thread for walks, those of other threads, and what a
//! thread is doing.

use crate::Vm;
use crate::frames::Frame;
use crate::threads::has_ended;
use alloc::vec::Vec;
use base::Addr;
use bytecode::Flags;
use layout::Value;
use layout::schema::{class, method, program, thread, thread_state, wait};

/// A method that a thread is in, and the offset in its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The method.
    pub method: Addr,
    /// The class that declares it.
    pub owner: Addr,
    /// Offset in its code, in bytes.
    pub pc: u32,
}

/// What a thread of Java is doing (`java.lang.Thread.State`), in the order of that class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It runs, could run, or waits for something outside of Java.
    Runnable,
    /// It waits for a monitor.
    Blocked,
    /// It waits for another thread.
    Waiting,
    /// The same, or it sleeps, until a time.
    TimedWaiting,
    /// It has ended.
    Terminated,
}

impl Vm {
    fn place(&self, frame: &Frame) -> Place {
        let owner = self.ref_field(frame.method, method::CLASS);
        Place { method: frame.method, owner, pc: frame.pc }
    }

    /// How many frames the running thread has.
    pub fn depth(&self) -> u64 {
        let mut depth = 0;
        self.each_frame(self.running.thread, |_, _| depth += 1);
        depth
    }

    /// Where the running thread is, innermost first, at most so many frames, the first `skipped` left out.
    pub fn running_places(&self, skipped: u64, most: u64) -> Vec<Place> {
        let frames = self.frames_of(self.running.thread, (skipped + most) as usize);
        frames.iter().skip(skipped as usize).map(|frame| self.place(frame)).collect()
    }

    /// Where threads are, each innermost first, all at one moment; `None` while another worker stops the world: to be asked
    /// again behind a safepoint. A thread that is none, or has ended, is nowhere.
    pub fn places_of_threads(&mut self, threads: &[Addr]) -> Option<Vec<Vec<Place>>> {
        if self.common.stopping {
            return None;
        }
        let stopped = self.stop_world();
        let found = threads.iter().map(|object| {
            if object.is_null() || has_ended(self.get_u32(*object, thread::STATE)) {
                return Vec::new();
            }
            self.frames_of(*object, usize::MAX).iter().map(|frame| self.place(frame)).collect()
        });
        let found = found.collect();
        self.resume_world(stopped);
        Some(found)
    }

    /// Whether a frame of a method is shown in the traces of Java: not if it, or all of its class, is hidden.
    pub fn is_traced(&self, target: Addr) -> bool {
        let owner = self.ref_field(target, method::CLASS);
        self.is_shown(target) && !Flags(self.get_u32(owner, class::FLAGS)).has(Flags::HIDDEN)
    }

    /// The `java.lang.Thread` objects of the threads of the running program that have not ended, the newest first.
    pub fn java_threads(&self) -> Vec<Value> {
        let owner = self.ref_field(self.running.thread, thread::PROGRAM);
        let mut found = Vec::new();
        let mut at = if owner.is_null() { Addr::NULL } else { self.ref_field(owner, program::THREADS) };
        while !at.is_null() {
            let java = self.java_thread(at);
            if !java.is_null() {
                found.push(java);
            }
            at = self.ref_field(at, thread::SIBLING);
        }
        found
    }

    /// What a started thread is doing.
    pub fn activity_of(&self, object: Addr) -> Activity {
        let state = self.get_u32(object, thread::STATE);
        if has_ended(state) {
            return Activity::Terminated;
        }
        let timed = self.get_u64(object, thread::TIMER) != 0;
        match (state, self.get_u32(object, thread::WAIT)) {
            (thread_state::BLOCKED, wait::MONITOR) => Activity::Blocked,
            (thread_state::BLOCKED, wait::TIME) => Activity::TimedWaiting,
            (thread_state::BLOCKED, wait::NOTIFY | wait::PARK) if timed => Activity::TimedWaiting,
            (thread_state::BLOCKED, wait::NOTIFY | wait::PARK) => Activity::Waiting,
            _ => Activity::Runnable,
        }
    }
}
