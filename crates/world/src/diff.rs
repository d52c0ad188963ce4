//! What differs between two snapshots of a world: programs, threads, roots, then object by object.
//!
//! The old space does not move, so an object is the same one if it stands at the same address, is of the same class, and
//! has the same identity where it has drawn one. Only pages that differ are looked at: an object none of whose pages
//! changed has not changed.

use crate::objects::{ClassInfo, Objects, Storage, elem_bytes, short};
use crate::paths::paths;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::{Addr, PageIndex};
use bytecode::Elem;
use layout::area::{LARGE, OBJECTS};
use layout::schema::{Shape, array, header};
use layout::{View, ViewError};
use vm::inspect::{self, ProgramInfo, ThreadInfo};

/// Changes of one object that are shown.
const CHANGES_MAX: usize = 20;
/// An object with more fields than these is shown without them.
const FIELDS_MAX: usize = 6;

/// How many objects of a class came, went and changed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClassDelta {
    /// Its name.
    pub name: String,
    /// Objects that are only in the second snapshot, and the bytes of their cells.
    pub added: (u64, u64),
    /// Objects that are only in the first.
    pub removed: (u64, u64),
    /// Objects in both that differ.
    pub changed: u64,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is only in the second snapshot.
    Added,
    /// It is only in the first.
    Removed,
    /// It is in both and differs.
    Changed,
}

/// A field, or an element, that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `.name` or `[index]`.
    pub place: String,
    /// What it held.
    pub old: String,
    /// What it holds.
    pub new: String,
}

/// An object that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectDelta {
    /// Where it stands.
    pub addr: Addr,
    /// Name of its class.
    pub class: String,
    /// What happened to it.
    pub fate: Fate,
    /// Bytes of its cell.
    pub bytes: u64,
    /// How it is reached; none when nothing leads to it any more, or it was not found.
    pub path: Option<String>,
    /// What one that came or went holds: its text or its fields, where they are few.
    pub value: String,
    /// What differs, at most twenty.
    pub changes: Vec<Change>,
    /// How many more changes there are.
    pub more: u64,
}

/// What differs between two snapshots.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// Pages that differ.
    pub pages: u64,
    /// Programs in the first and in the second, where they differ.
    pub programs: Vec<(Option<ProgramInfo>, Option<ProgramInfo>)>,
    /// Threads, likewise.
    pub threads: Vec<(Option<ThreadInfo>, Option<ThreadInfo>)>,
    /// Roots whose value differs.
    pub roots: Vec<Change>,
    /// By class, the one with the most bytes that came and went first.
    pub classes: Vec<ClassDelta>,
    /// Objects, those that can be reached from a program first.
    pub objects: Vec<ObjectDelta>,
    /// How many more there are.
    pub more: u64,
}

/// Compares two snapshots, given the pages that differ; shows at most `limit` objects.
///
/// # Errors
/// When something cannot be read.
pub fn diff(old: &dyn View, new: &dyn View, pages: &[PageIndex], limit: usize) -> Result<Diff, ViewError> {
    let (mut before, mut after) = (Objects::new(old)?, Objects::new(new)?);
    let mut diff = Diff { pages: pages.len() as u64, ..Diff::default() };
    diff.programs = pairs(inspect::programs(old)?, inspect::programs(new)?, |one| one.id);
    diff.threads = pairs(
        inspect::threads(old, inspect::FRAMES_MAX)?,
        inspect::threads(new, inspect::FRAMES_MAX)?,
        |one| one.id,
    );
    diff.roots = roots(&mut before, &mut after)?;
    let found = compare(&mut before, &mut after, pages)?;
    diff.classes = by_class(&found);
    let is_plain = |one: &&Found| !is_kernel(&one.class_name);
    // What programs made comes first, then what the kernel keeps for them.
    let mut chosen: Vec<&Found> = found.iter().filter(is_plain).collect();
    chosen.extend(found.iter().filter(|one| !is_plain(one)));
    diff.more = (chosen.len() - chosen.len().min(limit)) as u64;
    chosen.truncate(limit);
    let (gone, there): (Vec<&Found>, Vec<&Found>) =
        chosen.iter().copied().partition(|one| one.fate == Fate::Removed);
    let addresses = |all: &[&Found]| all.iter().map(|one| one.addr).collect::<BTreeSet<Addr>>();
    let (old_paths, new_paths) =
        (paths(&mut before, &addresses(&gone))?, paths(&mut after, &addresses(&there))?);
    for one in chosen {
        let known = if one.fate == Fate::Removed { &old_paths } else { &new_paths };
        diff.objects.push(object_delta(&mut before, &mut after, one, known.get(&one.addr).cloned())?);
    }
    Ok(diff)
}

fn is_kernel(class: &str) -> bool {
    class.starts_with(".internal.")
}

/// What of two lists differs, by number.
fn pairs<T: Clone + PartialEq>(
    old: Vec<T>,
    new: Vec<T>,
    id: impl Fn(&T) -> u64,
) -> Vec<(Option<T>, Option<T>)> {
    let mut all: BTreeMap<u64, (Option<T>, Option<T>)> = BTreeMap::new();
    for one in old {
        let key = id(&one);
        all.entry(key).or_insert((None, None)).0 = Some(one);
    }
    for one in new {
        let key = id(&one);
        all.entry(key).or_insert((None, None)).1 = Some(one);
    }
    all.into_values().filter(|(old, new)| old != new).collect()
}

fn roots(before: &mut Objects<'_>, after: &mut Objects<'_>) -> Result<Vec<Change>, ViewError> {
    let old: BTreeMap<String, String> =
        before.roots()?.into_iter().map(|one| (one.name, one.value)).collect();
    let mut changes = Vec::new();
    let mut seen = BTreeSet::new();
    for root in after.roots()? {
        let was = old.get(&root.name).cloned().unwrap_or_else(|| "nothing".to_string());
        seen.insert(root.name.clone());
        if was != root.value {
            changes.push(Change { place: root.name, old: was, new: root.value });
        }
    }
    let gone = old.into_iter().filter(|(name, _)| !seen.contains(name));
    changes.extend(gone.map(|(place, old)| Change { place, old, new: "nothing".to_string() }));
    Ok(changes)
}

/// An object that differs, found on a page that does.
struct Found {
    addr: Addr,
    class: Addr,
    class_name: String,
    bytes: u64,
    fate: Fate,
}

fn compare(
    before: &mut Objects<'_>,
    after: &mut Objects<'_>,
    pages: &[PageIndex],
) -> Result<Vec<Found>, ViewError> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    for page in pages.iter().filter(|page| OBJECTS.contains(page.addr()) || LARGE.contains(page.addr())) {
        for (objects, list) in [(&*before, &mut old), (&*after, &mut new)] {
            objects.heap.objects_on(*page, &mut |object| {
                list.insert(object.addr, (object.class, object.cell_bytes));
                Ok(())
            })?;
        }
    }
    let mut found = Vec::new();
    let all: BTreeSet<Addr> = old.keys().chain(new.keys()).copied().collect();
    for addr in all {
        let (was, is) = (old.get(&addr).copied(), new.get(&addr).copied());
        let same = match (was, is) {
            (Some(was), Some(is)) => was.0 == is.0 && same_identity(before, after, addr)?,
            _ => false,
        };
        if same {
            let Some((class, bytes)) = is else { continue };
            if differs(before, after, addr, class)? {
                let class_name = after.class(class)?.name.clone();
                found.push(Found { addr, class, class_name, bytes, fate: Fate::Changed });
            }
            continue;
        }
        if let Some((class, bytes)) = was {
            let class_name = before.class(class)?.name.clone();
            found.push(Found { addr, class, class_name, bytes, fate: Fate::Removed });
        }
        if let Some((class, bytes)) = is {
            let class_name = after.class(class)?.name.clone();
            found.push(Found { addr, class, class_name, bytes, fate: Fate::Added });
        }
    }
    Ok(found)
}

/// Whether the objects at an address can be one: a new one at the same place draws another identity, if any.
fn same_identity(before: &Objects<'_>, after: &Objects<'_>, addr: Addr) -> Result<bool, ViewError> {
    let hash = |view: &dyn View| Ok::<u32, ViewError>(view.u32(addr.add(header::HASH))? & !header::IMMUTABLE);
    let (old, new) = (hash(before.view)?, hash(after.view)?);
    Ok(old == 0 || new == 0 || old == new)
}

fn differs(
    before: &mut Objects<'_>,
    after: &mut Objects<'_>,
    addr: Addr,
    class: Addr,
) -> Result<bool, ViewError> {
    let (old, new) = (before.heap.object_bytes(addr, class)?, after.heap.object_bytes(addr, class)?);
    if old != new {
        return Ok(true);
    }
    // The lock word and the identity are not the program's.
    let mut at = header::SIZE;
    let (mut a, mut b) = ([0u8; 4096], [0u8; 4096]);
    while at < new {
        let now = (new - at).min(4096) as usize;
        before.view.read(addr.add(at), &mut a[..now])?;
        after.view.read(addr.add(at), &mut b[..now])?;
        if a[..now] != b[..now] {
            return Ok(true);
        }
        at += now as u64;
    }
    Ok(false)
}

fn by_class(found: &[Found]) -> Vec<ClassDelta> {
    let mut classes: BTreeMap<&str, ClassDelta> = BTreeMap::new();
    for one in found {
        let new = || ClassDelta { name: one.class_name.clone(), ..ClassDelta::default() };
        let delta = classes.entry(&one.class_name).or_insert_with(new);
        match one.fate {
            Fate::Added => delta.added = (delta.added.0 + 1, delta.added.1 + one.bytes),
            Fate::Removed => delta.removed = (delta.removed.0 + 1, delta.removed.1 + one.bytes),
            Fate::Changed => delta.changed += 1,
        }
    }
    let mut all: Vec<ClassDelta> = classes.into_values().collect();
    all.sort_by(|a, b| {
        (b.added.1 + b.removed.1, b.changed, &a.name).cmp(&(a.added.1 + a.removed.1, a.changed, &b.name))
    });
    all
}

fn object_delta(
    before: &mut Objects<'_>,
    after: &mut Objects<'_>,
    found: &Found,
    path: Option<String>,
) -> Result<ObjectDelta, ViewError> {
    let Found { addr, class, bytes, fate, .. } = *found;
    let value = match fate {
        Fate::Removed => summary(before, addr, class)?,
        Fate::Added => summary(after, addr, class)?,
        Fate::Changed => String::new(),
    };
    let (changes, more) = match fate {
        Fate::Changed => changes(before, after, addr, class)?,
        _ => (Vec::new(), 0),
    };
    Ok(ObjectDelta { addr, class: found.class_name.clone(), fate, bytes, path, value, changes, more })
}

/// What an object holds, if that is short: its text, or its fields.
fn summary(objects: &mut Objects<'_>, addr: Addr, class: Addr) -> Result<String, ViewError> {
    let info = objects.class(class)?.clone();
    if info.is_string {
        return objects.describe(layout::Value::object(addr));
    }
    if info.shape != Shape::Instance || info.fields.is_empty() || info.fields.len() > FIELDS_MAX {
        return Ok(String::new());
    }
    let mut fields = Vec::new();
    for one in &info.fields {
        fields.push(format!("{}: {}", one.name, objects.show(addr.add(one.offset), one.storage)?));
    }
    Ok(format!("{{{}}}", fields.join(", ")))
}

/// What differs in an object of both snapshots, and how much more than is shown.
fn changes(
    before: &mut Objects<'_>,
    after: &mut Objects<'_>,
    addr: Addr,
    class: Addr,
) -> Result<(Vec<Change>, u64), ViewError> {
    let info = after.class(class)?.clone();
    let places = places(&info, before, after, addr)?;
    let (mut changes, mut more) = (Vec::new(), 0);
    for (place, offset, storage) in places {
        if !slot_differs(before.view, after.view, addr.add(offset), storage)? {
            continue;
        }
        if changes.len() >= CHANGES_MAX {
            more += 1;
            continue;
        }
        let (old, new) = (before.show(addr.add(offset), storage), after.show(addr.add(offset), storage));
        let read = |shown: Result<String, ViewError>| match shown {
            // A stack's words are read without its maps: one may look like a reference and be none.
            Err(ViewError::Damaged { .. }) => Ok("?".to_string()),
            shown => shown,
        };
        changes.push(Change { place, old: read(old)?, new: read(new)? });
    }
    Ok((changes, more))
}

/// Where an object has something: the name of the place, its offset, how it is stored.
fn places(
    info: &ClassInfo,
    before: &Objects<'_>,
    after: &Objects<'_>,
    addr: Addr,
) -> Result<Vec<(String, u64, Storage)>, ViewError> {
    if info.shape == Shape::Instance {
        return Ok(info
            .fields
            .iter()
            .map(|one| (format!(".{}", one.name), one.offset, one.storage))
            .collect());
    }
    let (old, new) = (before.view.u64(addr.add(array::LENGTH))?, after.view.u64(addr.add(array::LENGTH))?);
    let mut places = Vec::new();
    if old != new {
        places.push((".length".to_string(), array::LENGTH, Storage::Unsigned(8)));
    }
    let (width, storage) = match (info.shape, info.element) {
        (Shape::RefArray | Shape::Weak, _) => (8, Storage::Reference),
        (Shape::FrozenStack, _) => (8, Storage::Unsigned(8)),
        (_, Some(elem)) => (elem_bytes(elem) as u64, Storage::Number(elem)),
        (_, None) => (1 << info.element_log2, Storage::Number(Elem::I8)),
    };
    // A frozen stack counts bytes.
    let count = if info.shape == Shape::FrozenStack { old.min(new) / 8 } else { old.min(new) };
    places.extend(
        (0..count.min(1 << 20)).map(|index| (format!("[{index}]"), array::DATA + index * width, storage)),
    );
    Ok(places)
}

fn slot_differs(old: &dyn View, new: &dyn View, slot: Addr, storage: Storage) -> Result<bool, ViewError> {
    let width = match storage {
        Storage::Reference => 8,
        Storage::Unsigned(width) => usize::from(width),
        Storage::Number(elem) => elem_bytes(elem),
    };
    let (mut a, mut b) = ([0u8; 8], [0u8; 8]);
    old.read(slot, &mut a[..width])?;
    new.read(slot, &mut b[..width])?;
    Ok(a != b)
}

impl core::fmt::Display for ObjectDelta {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let sign = match self.fate {
            Fate::Added => '+',
            Fate::Removed => '-',
            Fate::Changed => '~',
        };
        let path = self.path.as_deref().unwrap_or("(nothing leads to it)");
        write!(f, "{sign} {path}  {} {}", self.class, short(self.addr))?;
        if !self.value.is_empty() {
            write!(f, " {}", self.value)?;
        }
        for change in &self.changes {
            write!(f, "\n      {}: {} -> {}", change.place, change.old, change.new)?;
        }
        if self.more > 0 {
            write!(f, "\n      and {} more", self.more)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::number;

    #[test]
    fn numbers_read_by_their_storage() {
        let raw = (-2i64).to_le_bytes();
        for (storage, text) in [
            (Storage::Number(Elem::I32), "-2"),
            (Storage::Number(Elem::I64), "-2"),
            (Storage::Number(Elem::U16), "65534"),
            (Storage::Unsigned(1), "254"),
            (Storage::Number(Elem::Bool), "true"),
        ] {
            assert_eq!(number(raw, storage), text);
        }
    }
}
