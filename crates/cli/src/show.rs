//! `show` and `diff`: what a world was, and what changed between two snapshots of it.

use crate::Failure;
use crate::history::lineage_text;
use crate::look::{Shown, made, program_json, said, size, state, thread_json};
use crate::moment::Name;
use crate::moment::clock;
use base::{Epoch, WorldId};
use serde_json::{Value, json};
use std::path::Path;
use store::Store;
use world::inspect::{self, ProgramInfo, ThreadInfo};
use world::{Change, Fate, FileView, Lineage, ObjectDelta, Objects, diff as compare};

/// Classes that people are shown.
const CLASSES_SHOWN_MAX: usize = 30;
/// Roots and threads that people are shown.
const LINES_SHOWN_MAX: usize = 40;

/// `phantom show`: programs, threads, roots, and objects by class.
///
/// # Errors
/// When the snapshot cannot be read.
pub(crate) fn show(path: &Path, store: &Store, epoch: Epoch) -> Result<Shown, Failure> {
    let fail = said(path);
    made(path, epoch)?;
    let reader = store.reader_at(epoch).map_err(|error| fail(&error))?;
    let made_ns = reader.wall_ns();
    let view = FileView::new(store, epoch).map_err(|error| fail(&error))?;
    let damaged = |error: inspect::ViewError| fail(&error);
    let lineage = Lineage::of(&view).map_err(damaged)?;
    let programs = inspect::programs(&view).map_err(damaged)?;
    let threads = inspect::threads(&view, 1).map_err(damaged)?;
    let mut objects = Objects::new(&view).map_err(damaged)?;
    let classes = objects.census().map_err(damaged)?;
    let roots = objects.roots().map_err(damaged)?;
    let (count, bytes) = classes.iter().fold((0, 0), |sum, one| (sum.0 + one.objects, sum.1 + one.bytes));
    let machine = json!({
        "epoch": epoch.0, "committed_ns": made_ns, "objects": count, "bytes": bytes,
        "origin": lineage.origin.map(|(id, epoch)| json!({"world": id.to_string(), "epoch": epoch.0})),
        "detached": lineage.is_detached,
        "programs": programs.iter().map(program_json).collect::<Vec<_>>(),
        "threads": threads.iter().map(thread_json).collect::<Vec<_>>(),
        "classes": classes.iter().map(|one| json!({"name": one.name, "objects": one.objects, "bytes": one.bytes}))
            .collect::<Vec<_>>(),
        "roots": roots.iter().map(|one| json!({"name": one.name, "value": one.value})).collect::<Vec<_>>(),
    });
    let mut human = format!("snapshot   {epoch}, {}\n{}", clock(made_ns), lineage_text(&lineage));
    human.push_str(&format!("objects    {count}, {}\n\n", size(bytes)));
    programs.iter().for_each(|one| human.push_str(&format!("program    {}\n", program_line(one))));
    let lines: Vec<String> = threads.iter().map(|one| format!("thread     {}\n", thread_line(one))).collect();
    human.push_str(&bounded(lines, LINES_SHOWN_MAX, "threads"));
    human.push_str(&format!("\n{:>12}  {:>12}  {}\n", "OBJECTS", "BYTES", "CLASS"));
    let lines: Vec<String> = classes
        .iter()
        .map(|one| format!("{:>12}  {:>12}  {}\n", one.objects, size(one.bytes), one.name))
        .collect();
    human.push_str(&bounded(lines, CLASSES_SHOWN_MAX, "classes"));
    human.push_str("\nROOTS\n");
    let filled = roots.iter().filter(|one| one.value != "null");
    let lines: Vec<String> = filled.map(|one| format!("  {:<30}  {}\n", one.name, one.value)).collect();
    human.push_str(&bounded(lines, LINES_SHOWN_MAX, "roots"));
    Shown::fine(machine, human)
}

/// The first lines, and how many there are besides.
fn bounded(lines: Vec<String>, most: usize, what: &str) -> String {
    let more = lines.len().saturating_sub(most);
    let mut text: String = lines.into_iter().take(most).collect();
    if more > 0 {
        text.push_str(&format!("and {more} more {what}; --json lists them all\n"));
    }
    text
}

fn program_line(one: &ProgramInfo) -> String {
    format!("{} {}, {}, {} threads", one.id, one.name, state(one), one.threads)
}

fn thread_line(one: &ThreadInfo) -> String {
    format!("{} {}, {}", one.id, one.state, one.stack.first().map_or("", String::as_str))
}

/// One of two snapshots that are compared.
pub(crate) struct Side<'a> {
    /// What it was called.
    pub(crate) name: &'a Name,
    /// Its world.
    pub(crate) store: &'a Store,
    /// Which it is.
    pub(crate) epoch: Epoch,
}

impl Side<'_> {
    fn view(&self) -> Result<FileView, Failure> {
        FileView::new(self.store, self.epoch).map_err(|error| said(&self.name.world)(&error))
    }
    /// The worlds that it is of: itself, and the one that it was copied from.
    fn family(&self, view: &FileView) -> Result<Vec<WorldId>, Failure> {
        let lineage = Lineage::of(view).map_err(|error| said(&self.name.world)(&error))?;
        Ok([self.store.info().world_id].into_iter().chain(lineage.origin.map(|(id, _)| id)).collect())
    }
}

/// `phantom diff`: what differs in the second of two snapshots, of one world or of two that are copies.
///
/// # Errors
/// When a snapshot cannot be read, or the worlds have nothing in common.
pub(crate) fn diff([before, after]: &[Side<'_>; 2], limit: usize) -> Result<Shown, Failure> {
    let fail = said(&after.name.world);
    let (from, to) = (before.epoch, after.epoch);
    for side in [before, after] {
        made(&side.name.world, side.epoch)?;
    }
    let (old, new) = (before.view()?, after.view()?);
    let is_one = before.name.world == after.name.world;
    if !is_one {
        let (of_old, of_new) = (before.family(&old)?, after.family(&new)?);
        if !of_old.iter().any(|id| of_new.contains(id)) {
            return Err(Failure::Usage(format!(
                "{} and {} are worlds that have nothing in common: none was forked or imported from the other, nor both \
                 from one; `phantom show` shows what each is",
                before.name.world.display(),
                after.name.world.display()
            )));
        }
    }
    let pages = world::changed_pages_between(before.store, from, after.store, to);
    let pages = pages.map_err(|error| fail(&error))?;
    let found = compare(&old, &new, &pages, limit).map_err(|error| fail(&error))?;
    let classes = found.classes.iter().map(|one| {
        json!({"name": one.name, "added": one.added.0, "added_bytes": one.added.1, "removed": one.removed.0,
            "removed_bytes": one.removed.1, "changed": one.changed})
    });
    let machine = json!({
        "from": from.0, "to": to.0, "from_world": before.name.world, "to_world": after.name.world,
        "pages": found.pages, "more": found.more,
        "programs": found.programs.iter().map(|(old, new)| json!({"old": old.as_ref().map(program_json),
            "new": new.as_ref().map(program_json)})).collect::<Vec<_>>(),
        "threads": found.threads.iter().map(|(old, new)| json!({"old": old.as_ref().map(thread_json),
            "new": new.as_ref().map(thread_json)})).collect::<Vec<_>>(),
        "roots": found.roots.iter().map(change_json).collect::<Vec<_>>(),
        "classes": classes.collect::<Vec<_>>(),
        "objects": found.objects.iter().map(object_json).collect::<Vec<_>>(),
    });
    let of =
        |side: &Side<'_>| if is_one { String::new() } else { format!(" of {}", side.name.world.display()) };
    let mut human =
        format!("snapshot {from}{} -> {to}{}: {} pages differ\n", of(before), of(after), found.pages);
    for (old, new) in &found.programs {
        human.push_str(&lines("program", old.as_ref().map(program_line), new.as_ref().map(program_line)));
    }
    let threads = found
        .threads
        .iter()
        .map(|(old, new)| lines("thread ", old.as_ref().map(thread_line), new.as_ref().map(thread_line)));
    human.push_str(&bounded(threads.filter(|line| !line.is_empty()).collect(), LINES_SHOWN_MAX, "threads"));
    let roots = found.roots.iter().map(|one| format!("~ {}: {} -> {}\n", one.place, one.old, one.new));
    human.push_str(&bounded(roots.collect(), LINES_SHOWN_MAX, "roots"));
    if !found.classes.is_empty() {
        human.push_str(&format!("\n{:>9} {:>9} {:>9}  {}\n", "ADDED", "REMOVED", "CHANGED", "CLASS"));
    }
    let classes = found.classes.iter().map(|one| {
        format!(
            "{:>9} {:>9} {:>9}  {} (+{}, -{})\n",
            one.added.0,
            one.removed.0,
            one.changed,
            one.name,
            size(one.added.1),
            size(one.removed.1)
        )
    });
    human.push_str(&bounded(classes.collect(), CLASSES_SHOWN_MAX, "classes"));
    human.push('\n');
    found.objects.iter().for_each(|one| human.push_str(&format!("{one}\n")));
    if found.more > 0 {
        human.push_str(&format!("and {} more objects; --limit shows more\n", found.more));
    }
    Shown::fine(machine, human)
}

/// One of two lists: what it was and what it is.
fn lines(what: &str, old: Option<String>, new: Option<String>) -> String {
    match (old, new) {
        (Some(old), Some(new)) if old != new => format!("~ {what} {old} -> {new}\n"),
        (Some(old), None) => format!("- {what} {old}\n"),
        (None, Some(new)) => format!("+ {what} {new}\n"),
        // Only figures differ, such as the time that it ran.
        _ => String::new(),
    }
}

fn change_json(one: &Change) -> Value {
    json!({"place": one.place, "old": one.old, "new": one.new})
}

fn object_json(one: &ObjectDelta) -> Value {
    let fate = match one.fate {
        Fate::Added => "added",
        Fate::Removed => "removed",
        Fate::Changed => "changed",
    };
    json!({"address": format!("{:x}", one.addr.0), "class": one.class, "fate": fate, "bytes": one.bytes,
        "path": one.path, "value": one.value, "changes": one.changes.iter().map(change_json).collect::<Vec<_>>(),
        "more": one.more})
}
