//! What stands in a world, read through a view: programs, threads, and the stack of each, without running anything.
//!
//! Works on a live mapping and on a page reader alike.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base::Addr;
use layout::area;
use layout::schema::{array, class, frame, method, module, program, root, thread};
use memory::Memory;
use layout::{Value, View, ViewError};

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
    /// `new`, `runnable`, `running`, `blocked`, `ended`, `died`.
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
    counted(view, root::PROGRAMS, root::PROGRAM_COUNT)?.into_iter().map(|addr| program_info(view, addr)).collect()
}

/// The threads that have not ended, oldest first.
///
/// # Errors
/// When a page cannot be read or is not what the schema says.
pub fn threads(view: &dyn View) -> Result<Vec<ThreadInfo>, ViewError> {
    counted(view, root::THREADS, root::THREAD_COUNT)?.into_iter().map(|addr| thread_info(view, addr)).collect()
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

fn thread_info(view: &dyn View, addr: Addr) -> Result<ThreadInfo, ViewError> {
    let state = match view.u32(addr.add(thread::STATE))? {
        0 => "new",
        1 => "runnable",
        2 => "running",
        3 => "blocked",
        4 => "ended",
        5 => "died",
        _ => return Err(ViewError::Damaged { addr, expected: "thread" }),
    };
    let program = match view.object(addr.add(thread::PROGRAM))? {
        Some(program) => Some(view.u64(program.add(program::ID))?),
        None => None,
    };
    Ok(ThreadInfo {
        id: view.u64(addr.add(thread::ID))?,
        program,
        state,
        wake_ns: view.u64(addr.add(thread::WAKE_NS))?,
        stack: stack(view, addr)?,
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

/// The stack of a thread, innermost frame first. In a frozen stack addresses are offsets.
fn stack(view: &dyn View, thread_addr: Addr) -> Result<Vec<String>, ViewError> {
    let shift = view.object(thread_addr.add(thread::FROZEN))?.map_or(0, |frozen| frozen.0 + array::DATA);
    let mut at = view.u64(thread_addr.add(thread::FRAME))?;
    let mut lines = Vec::new();
    while at != 0 && lines.len() < FRAMES_MAX {
        let here = Addr(at.wrapping_add(shift));
        lines.push(frame_line(view, here)?);
        at = view.u64(here.add(frame::CALLER))?;
    }
    Ok(lines)
}

/// Class, method, file and line of a frame, as a stack trace shows them.
fn frame_line(view: &dyn View, at: Addr) -> Result<String, ViewError> {
    let expected = "frame of a method";
    let method_addr = view.object(at.add(frame::METHOD))?.ok_or(ViewError::Damaged { addr: at, expected })?;
    let class_addr = view.object(method_addr.add(method::CLASS))?.ok_or(ViewError::Damaged { addr: at, expected })?;
    let name = view.string_at(method_addr.add(method::NAME))?;
    let class_name = view.string_at(class_addr.add(class::NAME))?;
    let source = match view.object(class_addr.add(class::MODULE))? {
        Some(module_addr) => view.string_at(module_addr.add(module::SOURCE))?,
        None => return Ok(format!("{class_name}.{name} (kernel)")),
    };
    let lines = match view.object(method_addr.add(method::LINES))? {
        Some(lines) => view.bytes(lines)?,
        None => Vec::new(),
    };
    Ok(match line_at(&lines, view.u32(at.add(frame::PC))?) {
        Some(line) => format!("{class_name}.{name} ({source}:{line})"),
        None => format!("{class_name}.{name} ({source})"),
    })
}

/// The line of a position, from ascending pairs of position and line.
fn line_at(pairs: &[u8], pc: u32) -> Option<u32> {
    let word = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let starts = pairs.chunks_exact(8).take_while(|pair| word(pair) <= pc);
    starts.last().map(|pair| word(&pair[4..]))
}
