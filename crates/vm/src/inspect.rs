//! What stands in a world, read through a view: programs, threads, and the stack of each, without running anything.
//!
//! Works on a live mapping and on a page reader alike.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::{Addr, PAGE_SIZE};
use bytecode::Module;
pub use layout::ViewError;
use layout::area;
use layout::schema::{
    array, class, frame, hold, method, module, monitor, mutex, program, program_state, root, thread,
    thread_state, wait,
};
use layout::{Value, View};
use memory::Memory;

/// Most frames that a stack shows.
pub const FRAMES_MAX: usize = 1000;

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramInfo {
    /// Its object.
    pub addr: Addr,
    /// Number in the world.
    pub id: u64,
    /// Name: its file stem.
    pub name: String,
    /// Class that it began with.
    pub class: String,
    /// Arguments it was started with.
    pub arguments: Vec<String>,
    /// What it was granted, as on the command line.
    pub grants: Vec<String>,
    /// How it stands.
    pub state: ProgramState,
    /// Whether its threads are kept from running because one of them brought the machine down again and again.
    pub quarantined: bool,
    /// Whether all that leaves it waits for the snapshot that holds its cause.
    pub durable: bool,
    /// Threads that have not ended.
    pub threads: u64,
    /// Bytes that its threads have allocated since it was started.
    pub allocated_bytes: u64,
    /// Bytes that it held when the last full collection ended.
    pub held_bytes: u64,
    /// Bytes that it may hold; zero for as many as there are.
    pub memory_max: u64,
    /// Nanoseconds for which its threads have run since it was started.
    pub cpu_ns: u64,
    /// Wall clock at its start, nanoseconds since 1970.
    pub started_ns: u64,
    /// Hash of the source it was started from.
    pub source_hash: u64,
    /// Report of the last of its threads that died, with the stack trace.
    pub failure: Option<String>,
}

/// How a program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramState {
    /// Some of its threads live.
    Running,
    /// All its threads have ended.
    Ended {
        /// The result of `main` if that is an int, else 0.
        status: i32,
    },
    /// An exception left its first thread, and all others were ended with it.
    Died,
    /// It was ended by command.
    Killed,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadInfo {
    /// Its object.
    pub addr: Addr,
    /// Number in the world.
    pub id: u64,
    /// Number of its program.
    pub program: Option<u64>,
    /// What it does or waits for, in words.
    pub state: &'static str,
    /// World clock at which it will be woken, nanoseconds; zero for none.
    pub wake_ns: u64,
    /// The thread that has what it waits for.
    pub held_by: Option<u64>,
    /// Bytes of its stack, mounted or frozen.
    pub stack_bytes: u64,
    /// Innermost frame first: class, method, file and line.
    pub stack: Vec<String>,
}

/// The programs of a world, oldest first.
///
/// # Errors
/// When a page cannot be read or is not what the schema says.
pub fn programs(view: &dyn View) -> Result<Vec<ProgramInfo>, ViewError> {
    counted(view, root::PROGRAMS, root::PROGRAM_COUNT)?.into_iter().map(|addr| program(view, addr)).collect()
}

/// The threads that have not ended, oldest first, with at most so many frames of each.
///
/// # Errors
/// When a page cannot be read or is not what the schema says.
pub fn threads(view: &dyn View, frames_max: usize) -> Result<Vec<ThreadInfo>, ViewError> {
    thread_infos(view, counted(view, root::THREADS, root::THREAD_COUNT)?, frames_max)
}

/// The threads of one program that have not ended, oldest first, with at most so many frames of each. No other thread is
/// looked at.
///
/// # Errors
/// When a page cannot be read or is not what the schema says.
pub fn threads_of(view: &dyn View, program: Addr, frames_max: usize) -> Result<Vec<ThreadInfo>, ViewError> {
    let count = view.u64(program.add(program::THREAD_COUNT))?;
    let mut addrs = Vec::new();
    let mut at = view.object(program.add(program::THREADS))?;
    while let Some(addr) = at {
        if addrs.len() as u64 == count {
            return Err(ViewError::Damaged {
                addr: program,
                expected: "program with as many threads as it counts",
            });
        }
        addrs.push(addr);
        at = view.object(addr.add(thread::SIBLING))?;
    }
    thread_infos(view, addrs, frames_max)
}

fn thread_infos(view: &dyn View, addrs: Vec<Addr>, frames_max: usize) -> Result<Vec<ThreadInfo>, ViewError> {
    let is_detached = view.u64(area::ROOT.add(root::DETACHED))? != 0;
    let mut stacks = Stacks { view, modules: BTreeMap::new(), frames_max, is_detached };
    let mut threads = Vec::with_capacity(addrs.len());
    for addr in addrs {
        threads.push(thread_info(&mut stacks, addr)?);
    }
    threads.sort_by_key(|thread| thread.id);
    Ok(threads)
}

/// Circles of threads of which each waits for what the next one has: none of them will ever go on. Each circle begins
/// with its oldest thread.
pub fn deadlocks(threads: &[ThreadInfo]) -> Vec<Vec<u64>> {
    let held_by: BTreeMap<u64, u64> =
        threads.iter().filter_map(|thread| Some((thread.id, thread.held_by?))).collect();
    let mut circles = Vec::new();
    let mut seen = BTreeSet::new();
    for &start in held_by.keys() {
        let mut path = Vec::new();
        let mut at = start;
        while seen.insert(at) {
            path.push(at);
            let Some(&next) = held_by.get(&at) else { break };
            at = next;
        }
        if let Some(from) = path.iter().position(|&id| id == at && held_by.contains_key(&id)) {
            let mut circle = path.split_off(from);
            let oldest = (0..circle.len()).min_by_key(|&index| circle[index]).unwrap_or(0);
            circle.rotate_left(oldest);
            circles.push(circle);
        }
    }
    circles
}

/// The objects in the used part of an array of the root page.
fn counted(view: &dyn View, list: u64, count: u64) -> Result<Vec<Addr>, ViewError> {
    let Some(array) = view.object(area::ROOT.add(list))? else { return Ok(Vec::new()) };
    let used = view.u64(area::ROOT.add(count))? as usize;
    Ok(view.elements(array)?.into_iter().take(used).filter_map(Value::as_object).collect())
}

/// One program.
///
/// # Errors
/// When a page cannot be read or is not what the schema says.
pub fn program(view: &dyn View, addr: Addr) -> Result<ProgramInfo, ViewError> {
    let state = match view.u32(addr.add(program::STATE))? {
        program_state::RUNNING => ProgramState::Running,
        program_state::ENDED => ProgramState::Ended { status: view.u32(addr.add(program::STATUS))? as i32 },
        program_state::DIED => ProgramState::Died,
        program_state::KILLED => ProgramState::Killed,
        _ => return Err(ViewError::Damaged { addr, expected: "program" }),
    };
    let class = match view.object(addr.add(program::CLASS))? {
        Some(class) => view.string_at(class.add(class::NAME))?,
        None => String::new(),
    };
    let failure = view.string_at(addr.add(program::FAILURE))?;
    Ok(ProgramInfo {
        addr,
        id: view.u64(addr.add(program::ID))?,
        name: view.string_at(addr.add(program::NAME))?,
        class,
        arguments: strings(view, addr.add(program::ARGS))?,
        grants: strings(view, addr.add(program::GRANTS))?,
        state,
        quarantined: view.u32(addr.add(program::HELD))? == hold::QUARANTINED,
        durable: view.u32(addr.add(program::DURABLE))? != 0,
        threads: view.u64(addr.add(program::THREAD_COUNT))?,
        allocated_bytes: view.u64(addr.add(program::ALLOCATED))?,
        held_bytes: view.u64(addr.add(program::HELD_BYTES))?,
        memory_max: view.u64(addr.add(program::MEMORY_MAX))?,
        cpu_ns: view.u64(addr.add(program::CPU_NS))?,
        started_ns: view.u64(addr.add(program::STARTED_NS))?,
        source_hash: view.u64(addr.add(program::SOURCE_HASH))?,
        failure: (!failure.is_empty()).then_some(failure),
    })
}

/// The strings of the array that a slot refers to.
fn strings(view: &dyn View, slot: Addr) -> Result<Vec<String>, ViewError> {
    let Some(array) = view.object(slot)? else { return Ok(Vec::new()) };
    view.elements(array)?.into_iter().filter_map(Value::as_object).map(|text| view.string(text)).collect()
}

fn thread_info(stacks: &mut Stacks<'_>, addr: Addr) -> Result<ThreadInfo, ViewError> {
    let view = stacks.view;
    let (state, wait) = (view.u32(addr.add(thread::STATE))?, view.u32(addr.add(thread::WAIT))?);
    let words = match (state, wait) {
        (thread_state::BLOCKED, wait::OUTSIDE) if stacks.is_detached => "detached: waits for --attach",
        _ => thread_words(state, wait).ok_or(ViewError::Damaged { addr, expected: "thread" })?,
    };
    let program = match view.object(addr.add(thread::PROGRAM))? {
        Some(program) => Some(view.u64(program.add(program::ID))?),
        None => None,
    };
    let holder = if state == thread_state::BLOCKED { holder(view, addr, wait)? } else { None };
    let held_by = match holder {
        Some(holder) => Some(view.u64(holder.add(thread::ID))?),
        None => None,
    };
    let frozen = view.object(addr.add(thread::FROZEN))?;
    let stack_bytes = match frozen {
        Some(frozen) => view.u64(frozen.add(array::LENGTH))?,
        None => u64::from(view.u32(addr.add(thread::STACK_USED))?) * PAGE_SIZE as u64,
    };
    let stack = stacks.of(addr, frozen)?;
    Ok(ThreadInfo {
        addr,
        id: view.u64(addr.add(thread::ID))?,
        program,
        state: words,
        wake_ns: view.u64(addr.add(thread::WAKE_NS))?,
        held_by,
        stack_bytes,
        stack,
    })
}

/// What a thread does or waits for, by its `STATE` and `WAIT`; `None` when there is no such state.
pub(crate) fn thread_words(state: u32, wait: u32) -> Option<&'static str> {
    Some(match (state, wait) {
        (thread_state::NEW, _) => "new",
        (thread_state::RUNNABLE, _) => "runnable",
        (thread_state::RUNNING, _) => "running",
        (thread_state::BLOCKED, wait::TIME) => "sleeping",
        (thread_state::BLOCKED, wait::INPUT) => "waiting for input",
        (thread_state::BLOCKED, wait::COMMIT) => "waiting for a snapshot",
        (thread_state::BLOCKED, wait::MONITOR) => "waiting for a lock",
        (thread_state::BLOCKED, wait::CLASS) => "waiting for a class",
        (thread_state::BLOCKED, wait::ATOMIC | wait::NOTIFY) => "waiting for a notification",
        (thread_state::BLOCKED, wait::OUTPUT) => "waiting for room in its output",
        (thread_state::BLOCKED, wait::HELD) => "held",
        (thread_state::BLOCKED, wait::MUTEX) => "waiting for a mutex",
        (thread_state::BLOCKED, wait::COND) => "waiting for a signal",
        (thread_state::BLOCKED, wait::SEMA) => "waiting for a permit",
        (thread_state::BLOCKED, wait::JOIN) => "waiting for a thread",
        (thread_state::BLOCKED, wait::PAUSE) => "paused",
        (thread_state::BLOCKED, wait::PARK) => "parked",
        (thread_state::BLOCKED, wait::OUTSIDE) => "waiting for something outside",
        (thread_state::BLOCKED, _) => "waiting",
        (thread_state::ENDED, _) => "ended",
        (thread_state::DIED, _) => "died",
        (thread_state::STOPPED, _) => "stopped",
        _ => return None,
    })
}

/// The thread that has what a blocked thread waits for, or is it.
fn holder(view: &dyn View, addr: Addr, wait: u32) -> Result<Option<Addr>, ViewError> {
    let Some(awaited) = view.object(addr.add(thread::WAITS_FOR))? else { return Ok(None) };
    match wait {
        wait::MONITOR => view.object(awaited.add(monitor::OWNER)),
        wait::CLASS => view.object(awaited.add(class::INIT_THREAD)),
        wait::MUTEX => view.object(awaited.add(mutex::OWNER)),
        wait::JOIN => Ok(Some(awaited)),
        _ => Ok(None),
    }
}

/// A live mapping as a view.
pub struct MemoryView<'m>(pub &'m Memory);

impl View for MemoryView<'_> {
    fn read(&self, addr: Addr, bytes: &mut [u8]) -> Result<(), ViewError> {
        let end = Addr(addr.0.wrapping_add(bytes.len() as u64).wrapping_sub(1));
        if !addr.in_world() || (!bytes.is_empty() && !end.in_world()) {
            return Err(ViewError::Damaged { addr, expected: "address of the world" });
        }
        self.0.read_bytes(addr, bytes);
        Ok(())
    }
}

/// Reads stacks, keeping the modules that it decodes for their lines.
struct Stacks<'v> {
    view: &'v dyn View,
    modules: BTreeMap<u64, Option<Module>>,
    frames_max: usize,
    is_detached: bool,
}

impl Stacks<'_> {
    /// The stack of a thread, innermost frame first. In a frozen stack addresses are offsets.
    fn of(&mut self, thread_addr: Addr, frozen: Option<Addr>) -> Result<Vec<String>, ViewError> {
        let shift = frozen.map_or(0, |frozen| frozen.0 + array::DATA);
        let mut at = self.view.u64(thread_addr.add(thread::FRAME))?;
        let mut lines = Vec::new();
        while at != 0 && lines.len() < self.frames_max {
            let here = Addr(at.wrapping_add(shift));
            lines.push(self.line(here)?);
            at = self.view.u64(here.add(frame::CALLER))?;
        }
        Ok(lines)
    }

    /// Class, method, file and line of a frame, as a stack trace shows them.
    fn line(&mut self, at: Addr) -> Result<String, ViewError> {
        let view = self.view;
        let damaged = ViewError::Damaged { addr: at, expected: "frame of a method" };
        let method_addr = view.object(at.add(frame::METHOD))?.ok_or_else(|| damaged.clone())?;
        let class_addr = view.object(method_addr.add(method::CLASS))?.ok_or(damaged)?;
        let name = view.string_at(method_addr.add(method::NAME))?;
        let class_name = view.string_at(class_addr.add(class::NAME))?;
        let Some(module_addr) = view.object(class_addr.add(class::MODULE))? else {
            return Ok(format!("{class_name}.{name} (kernel)"));
        };
        let index = view.u32(method_addr.add(method::INDEX))? as usize;
        let pc = view.u32(at.add(frame::PC))?;
        let place = match self.module(module_addr)? {
            None => String::from("unknown"),
            Some(module) => {
                let def = module.classes.iter().find(|def| def.name == class_name);
                let code = def.and_then(|def| def.methods.get(index)).and_then(|method| method.code.as_ref());
                let named = def.and_then(|def| def.attributes.iter().find(|a| a.name == "source"));
                let file = match named {
                    Some(attribute) => String::from_utf8_lossy(&attribute.bytes).into_owned(),
                    None => module.source.clone().unwrap_or_default(),
                };
                match code.and_then(|code| code.line_at(pc)) {
                    Some(line) => format!("{file}:{line}"),
                    None => file,
                }
            }
        };
        Ok(format!("{class_name}.{name} ({place})"))
    }

    fn module(&mut self, addr: Addr) -> Result<Option<&Module>, ViewError> {
        if !self.modules.contains_key(&addr.0) {
            let bytes = match self.view.object(addr.add(module::BYTES))? {
                Some(bytes) => self.view.bytes(bytes)?,
                None => Vec::new(),
            };
            self.modules.insert(addr.0, bytecode::decode(&bytes).ok());
        }
        Ok(self.modules.get(&addr.0).and_then(Option::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Threads by number, each with the one that has what it waits for.
    fn waiting(edges: &[(u64, Option<u64>)]) -> Vec<ThreadInfo> {
        let thread = |&(id, held_by)| ThreadInfo {
            addr: Addr::NULL,
            id,
            program: None,
            state: "waiting for a lock",
            wake_ns: 0,
            held_by,
            stack_bytes: 0,
            stack: Vec::new(),
        };
        edges.iter().map(thread).collect()
    }

    #[test]
    fn circles_are_found_once_and_without_those_who_only_wait_for_them() {
        for (edges, circles) in [
            (vec![], vec![]),
            (vec![(1, None), (2, Some(1)), (3, Some(2))], vec![]),
            (vec![(1, Some(2)), (2, Some(1))], vec![vec![1, 2]]),
            (vec![(1, Some(1))], vec![vec![1]]),
            (vec![(1, Some(3)), (2, Some(3)), (3, Some(4)), (4, Some(5)), (5, Some(3))], vec![vec![3, 4, 5]]),
            (
                vec![(5, Some(7)), (7, Some(5)), (6, Some(5)), (1, Some(2)), (2, Some(1))],
                vec![vec![1, 2], vec![5, 7]],
            ),
        ] {
            assert_eq!(deadlocks(&waiting(&edges)), circles, "{edges:?}");
        }
    }
}
