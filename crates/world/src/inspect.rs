//! What stands in a world, read through a view: programs, threads, and the stack of each, without running anything.
//!
//! Works on a live mapping and on a page reader alike.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use bytecode::Module;
use layout::area;
use layout::schema::{array, class, frame, method, module, program, root, thread, thread_state, wait};
use layout::{Value, View, ViewError};
use memory::Memory;

/// Most frames that a stack shows.
pub const FRAMES_MAX: usize = 1000;

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramInfo {
    /// Number in the world.
    pub id: u64,
    /// Name: its file stem.
    pub name: String,
    /// Arguments it was started with.
    pub arguments: Vec<String>,
    /// How it stands.
    pub state: ProgramState,
    /// Wall clock at its start, nanoseconds since 1970.
    pub started_ns: u64,
    /// Hash of the source it was started from.
    pub source_hash: u64,
    /// What it died of, with the stack trace; empty if it did not.
    pub failure: String,
    /// Its object.
    pub addr: Addr,
}

/// How a program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramState {
    /// It goes on.
    Running,
    /// It has ended with this status.
    Ended(i32),
    /// It died of an exception.
    Died,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadInfo {
    /// Number in the world.
    pub id: u64,
    /// Number of its program.
    pub program: Option<u64>,
    /// What it does or waits for, in words.
    pub state: &'static str,
    /// World clock at which it will be woken, nanoseconds; zero for none.
    pub wake_ns: u64,
    /// Innermost frame first: class, method, file and line.
    pub stack: Vec<String>,
}

/// The programs of a world, oldest first.
///
/// # Errors
/// When a page cannot be read or is not what the schema says.
pub fn programs(view: &dyn View) -> Result<Vec<ProgramInfo>, ViewError> {
    counted(view, root::PROGRAMS, root::PROGRAM_COUNT)?
        .into_iter()
        .map(|addr| program_info(view, addr))
        .collect()
}

/// The threads that have not ended, oldest first.
///
/// # Errors
/// When a page cannot be read or is not what the schema says.
pub fn threads(view: &dyn View) -> Result<Vec<ThreadInfo>, ViewError> {
    let mut stacks = Stacks { view, modules: BTreeMap::new() };
    let mut threads = Vec::new();
    for addr in counted(view, root::THREADS, root::THREAD_COUNT)? {
        threads.push(thread_info(&mut stacks, addr)?);
    }
    threads.sort_by_key(|thread| thread.id);
    Ok(threads)
}

/// The objects in the used part of an array of the root page.
fn counted(view: &dyn View, list: u64, count: u64) -> Result<Vec<Addr>, ViewError> {
    let Some(array) = view.object(area::ROOT.add(list))? else { return Ok(Vec::new()) };
    let used = view.u64(area::ROOT.add(count))? as usize;
    Ok(view.elements(array)?.into_iter().take(used).filter_map(Value::as_object).collect())
}

fn program_info(view: &dyn View, addr: Addr) -> Result<ProgramInfo, ViewError> {
    let mut arguments = Vec::new();
    if let Some(array) = view.object(addr.add(program::ARGS))? {
        for argument in view.elements(array)?.into_iter().filter_map(Value::as_object) {
            arguments.push(view.string(argument)?);
        }
    }
    let state = match view.u32(addr.add(program::STATE))? {
        0 => ProgramState::Running,
        1 => ProgramState::Ended(view.u32(addr.add(program::STATUS))? as i32),
        2 => ProgramState::Died,
        _ => return Err(ViewError::Damaged { addr, expected: "program" }),
    };
    Ok(ProgramInfo {
        id: view.u64(addr.add(program::ID))?,
        name: view.string_at(addr.add(program::NAME))?,
        arguments,
        state,
        started_ns: view.u64(addr.add(program::STARTED_NS))?,
        source_hash: view.u64(addr.add(program::SOURCE_HASH))?,
        failure: view.string_at(addr.add(program::FAILURE))?,
        addr,
    })
}

fn thread_info(stacks: &mut Stacks<'_>, addr: Addr) -> Result<ThreadInfo, ViewError> {
    let view = stacks.view;
    let state = match (view.u32(addr.add(thread::STATE))?, view.u32(addr.add(thread::WAIT))?) {
        (thread_state::NEW, _) => "new",
        (thread_state::RUNNABLE, _) => "runnable",
        (thread_state::RUNNING, _) => "running",
        (thread_state::BLOCKED, wait::TIME) => "sleeping",
        (thread_state::BLOCKED, wait::INPUT) => "waiting for input",
        (thread_state::BLOCKED, wait::COMMIT) => "waiting for a snapshot",
        (thread_state::BLOCKED, wait::MONITOR) => "waiting for a lock",
        (thread_state::BLOCKED, wait::CLASS) => "waiting for a class",
        (thread_state::BLOCKED, _) => "waiting",
        (thread_state::ENDED, _) => "ended",
        (thread_state::DIED, _) => "died",
        _ => return Err(ViewError::Damaged { addr, expected: "thread" }),
    };
    let program = match view.object(addr.add(thread::PROGRAM))? {
        Some(program) => Some(view.u64(program.add(program::ID))?),
        None => None,
    };
    let stack = stacks.of(addr)?;
    Ok(ThreadInfo {
        id: view.u64(addr.add(thread::ID))?,
        program,
        state,
        wake_ns: view.u64(addr.add(thread::WAKE_NS))?,
        stack,
    })
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
}

impl Stacks<'_> {
    /// The stack of a thread, innermost frame first. In a frozen stack addresses are offsets.
    fn of(&mut self, thread_addr: Addr) -> Result<Vec<String>, ViewError> {
        let shift =
            self.view.object(thread_addr.add(thread::FROZEN))?.map_or(0, |frozen| frozen.0 + array::DATA);
        let mut at = self.view.u64(thread_addr.add(thread::FRAME))?;
        let mut lines = Vec::new();
        while at != 0 && lines.len() < FRAMES_MAX {
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
