//! How an object is reached: the shortest path from a static field, a thread, a program or a table of the kernel.

use crate::objects::Objects;
use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use bytecode::Module;
use heap::Object;
use layout::schema::{Shape, array, class, frame, header, method, module, root, thread};
use layout::{Value, View, ViewError, area};
use vm::inspect;

/// Objects that a search looks at, at most.
const SEARCHED_MAX: usize = 4_000_000;

/// Where an object was met: from another one, or from a root.
#[derive(Clone, Copy)]
enum From {
    Root(u32),
    Object(Addr, u64),
}

/// Paths to some objects; those that were not found within bounds, or that nothing reaches, have none.
///
/// # Errors
/// When an object on the way cannot be read.
pub(crate) fn paths(
    objects: &mut Objects<'_>,
    targets: &BTreeSet<Addr>,
) -> Result<BTreeMap<Addr, String>, ViewError> {
    let mut missing = targets.clone();
    let mut met: BTreeMap<Addr, From> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    // What belongs to programs comes before what the kernel keeps, so that the path says what a person looks for.
    for seeds in [statics(objects)?, frames(objects.view)?, kernel(objects.view)?] {
        let mut queue = VecDeque::new();
        for (name, value) in seeds {
            let Some(addr) = value.as_object() else { continue };
            if !met.contains_key(&addr) && objects.heap.room_at(addr)?.is_some() {
                met.insert(addr, From::Root(names.len() as u32));
                missing.remove(&addr);
                queue.push_back(addr);
            }
            names.push(name);
        }
        while let Some(addr) = queue.pop_front() {
            if missing.is_empty() || met.len() > SEARCHED_MAX {
                break;
            }
            let Some(cell_bytes) = objects.heap.room_at(addr)? else { continue };
            let class = Addr(objects.view.u64(addr.add(header::CLASS))?);
            let mut found = Vec::new();
            objects.heap.references(Object { addr, class, cell_bytes }, &mut |offset, value| {
                if let Some(to) = value.as_object() {
                    found.push((offset, to));
                }
            })?;
            for (offset, to) in found {
                if let Entry::Vacant(vacant) = met.entry(to) {
                    vacant.insert(From::Object(addr, offset));
                    missing.remove(&to);
                    queue.push_back(to);
                }
            }
        }
    }
    let mut paths = BTreeMap::new();
    for target in targets {
        if met.contains_key(target) {
            paths.insert(*target, path(objects, &met, &names, *target)?);
        }
    }
    Ok(paths)
}

fn path(
    objects: &mut Objects<'_>,
    met: &BTreeMap<Addr, From>,
    names: &[String],
    target: Addr,
) -> Result<String, ViewError> {
    let mut steps = Vec::new();
    let mut at = target;
    let start = loop {
        match met.get(&at) {
            Some(From::Object(parent, offset)) => {
                steps.push((*parent, *offset));
                at = *parent;
            }
            Some(From::Root(index)) => break names.get(*index as usize).cloned().unwrap_or_default(),
            None => break String::new(),
        }
    };
    let mut text = start;
    for (parent, offset) in steps.into_iter().rev() {
        let entry =
            text.ends_with(".entries").then(|| key_of(objects, parent, offset)).transpose()?.flatten();
        match entry {
            Some(key) => {
                text.truncate(text.len() - ".entries".len());
                text.push_str(&format!("{{{key}}}"));
            }
            None => text.push_str(&step(objects, parent, offset)?),
        }
    }
    // An element of a container stands in its page; nobody cares.
    Ok(text.replace(".page[", "["))
}

/// The key under which a directory has what stands at an offset in its entries: keys and values in turn.
fn key_of(objects: &mut Objects<'_>, entries: Addr, offset: u64) -> Result<Option<String>, ViewError> {
    let index = offset.saturating_sub(array::DATA) / 8;
    if index.is_multiple_of(2) {
        return Ok(None);
    }
    let key = objects.view.value(entries.add(offset - 8))?;
    objects.describe(key).map(Some)
}

/// How a path goes on from an object at an offset.
fn step(objects: &mut Objects<'_>, object: Addr, offset: u64) -> Result<String, ViewError> {
    let class_addr = Addr(objects.view.u64(object.add(header::CLASS))?);
    let info = objects.class(class_addr)?.clone();
    Ok(match info.shape {
        Shape::Instance => match info.fields.iter().find(|one| one.offset == offset) {
            Some(one) => format!(".{}", one.name),
            None => format!(".+{offset}"),
        },
        Shape::FrozenStack => format!(".stack+{}", offset - array::DATA),
        _ => format!("[{}]", (offset.saturating_sub(array::DATA)) / 8),
    })
}

fn statics(objects: &mut Objects<'_>) -> Result<Vec<(String, Value)>, ViewError> {
    let all = objects.statics()?;
    let references = all.into_iter().filter(|(.., storage)| *storage == crate::objects::Storage::Reference);
    references.map(|(name, slot, _)| objects.view.value(slot).map(|value| (name, value))).collect()
}

fn kernel(view: &dyn View) -> Result<Vec<(String, Value)>, ViewError> {
    let fields = root::TABLE.iter().filter(|(.., kind)| *kind == "value");
    fields
        .map(|(name, offset, _)| {
            let value = view.value(area::ROOT.add(*offset))?;
            Ok((format!("root.{}", name.to_ascii_lowercase()), value))
        })
        .collect()
}

/// The locals and operands of all frames of all threads: whatever looks like a reference.
fn frames(view: &dyn View) -> Result<Vec<(String, Value)>, ViewError> {
    let mut seeds = Vec::new();
    let mut modules: BTreeMap<Addr, Option<Module>> = BTreeMap::new();
    for info in inspect::threads(view, 1)? {
        let frozen = view.object(info.addr.add(thread::FROZEN))?;
        let shift = frozen.map_or(0, |frozen| frozen.0 + array::DATA);
        let mut at = view.u64(info.addr.add(thread::FRAME))?;
        let mut depth = 0;
        while at != 0 && depth < inspect::FRAMES_MAX {
            let here = Addr(at.wrapping_add(shift));
            frame_seeds(view, here, info.id, &mut modules, &mut seeds)?;
            at = view.u64(here.add(frame::CALLER))?;
            depth += 1;
        }
        seeds.push((format!("thread {}", info.id), Value::object(info.addr)));
    }
    Ok(seeds)
}

fn frame_seeds(
    view: &dyn View,
    here: Addr,
    thread_id: u64,
    modules: &mut BTreeMap<Addr, Option<Module>>,
    seeds: &mut Vec<(String, Value)>,
) -> Result<(), ViewError> {
    let damaged = ViewError::Damaged { addr: here, expected: "frame of a method" };
    let method_addr = view.object(here.add(frame::METHOD))?.ok_or(damaged)?;
    let method_name = view.string_at(method_addr.add(method::NAME))?;
    let class_addr = view.object(method_addr.add(method::CLASS))?;
    let class_name = match class_addr {
        Some(class_addr) => view.string_at(class_addr.add(class::NAME))?,
        None => String::new(),
    };
    let mut locals = [0u8; 2];
    view.read(method_addr.add(method::MAX_LOCALS), &mut locals)?;
    let locals = u64::from(u16::from_le_bytes(locals));
    let names = match class_addr {
        Some(class_addr) => local_names(view, class_addr, &class_name, method_addr, here, modules)?,
        None => BTreeMap::new(),
    };
    let place = format!("thread {thread_id} {class_name}.{method_name}");
    for index in 0..locals {
        let value = view.value(here.sub(8 * (locals - index)))?;
        let name = names.get(&(index as u16)).cloned().unwrap_or_else(|| format!("local{index}"));
        seeds.push((format!("{place} {name}"), value));
    }
    for index in 0..u64::from(view.u32(here.add(frame::DEPTH))?).min(1 << 16) {
        let value = view.value(here.add(frame::SIZE + 8 * index))?;
        seeds.push((format!("{place} operand{index}"), value));
    }
    Ok(())
}

/// The names that the compiler gave the locals which are there at this point.
fn local_names(
    view: &dyn View,
    class_addr: Addr,
    class_name: &str,
    method_addr: Addr,
    here: Addr,
    modules: &mut BTreeMap<Addr, Option<Module>>,
) -> Result<BTreeMap<u16, String>, ViewError> {
    let Some(module_addr) = view.object(class_addr.add(class::MODULE))? else { return Ok(BTreeMap::new()) };
    let module = match modules.entry(module_addr) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(vacant) => {
            let bytes = match view.object(module_addr.add(module::BYTES))? {
                Some(bytes) => view.bytes(bytes)?,
                None => Vec::new(),
            };
            vacant.insert(bytecode::decode(&bytes).ok())
        }
    };
    let Some(module) = module else { return Ok(BTreeMap::new()) };
    let (index, pc) = (view.u32(method_addr.add(method::INDEX))?, view.u32(here.add(frame::PC))?);
    let def = module.classes.iter().find(|def| def.name == class_name);
    let code = def.and_then(|def| def.methods.get(index as usize)).and_then(|one| one.code.as_ref());
    let there =
        code.into_iter().flat_map(|code| &code.local_names).filter(|one| one.start <= pc && pc < one.end);
    Ok(there.map(|one| (one.local, one.name.to_string())).collect())
}
