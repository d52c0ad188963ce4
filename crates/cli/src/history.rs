//! `tag`, `keep` and `restore`: names of snapshots, which of them are kept, and going back to one.

use crate::arguments::{Keep, Restore, Tag};
use crate::control::protocol::{KeepChange, Request};
use crate::control::verbs;
use crate::look::{find, made, print, said, size};
use crate::moment::{Moment, check_tag, clock};
use crate::{Failure, say};
use base::{Epoch, PAGE_SIZE, PageBytes};
use host::FileDevice;
use layout::{SCHEMA_HASH, area};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{HISTORY_LEVELS_MAX, HistoryLevel, HistoryPolicy, OpenOptions, RestoreError, Store};
use world::Lineage;

/// Now, nanoseconds since 1970.
pub(crate) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Opens a world that nobody runs, to change it.
///
/// # Errors
/// When somebody runs it, with what `to_do` says; or it cannot be opened.
pub(crate) fn open_to_change(path: &Path, to_do: &str) -> Result<Store, Failure> {
    let device = FileDevice::open(path).map_err(|error| match error {
        host::OpenError::InUse { .. } => Failure::InUse(format!("{error}; nothing was changed: {to_do}")),
        error => Failure::Input(error.to_string()),
    })?;
    let how = OpenOptions { read_only: false, schema_hash: Some(SCHEMA_HASH), ..OpenOptions::default() };
    let (store, report) = Store::open(Arc::new(device), how).map_err(|error| said(path)(&error))?;
    for damage in &report.damage {
        say(&format_args!("warning: {}: {damage}", path.display()));
    }
    Ok(store)
}

/// `phantom tag`
///
/// # Errors
/// When there is no such snapshot, or the tag cannot be given.
pub(crate) fn tag(options: &Tag) -> Result<u8, Failure> {
    let world = &options.name.world;
    let usage = |error: String| Failure::Usage(format!("{}: {error}", world.display()));
    if options.delete {
        if options.name.at != Moment::Newest {
            return Err(usage(
                "--delete takes the world and the tag: phantom tag --delete WORLD TAG".to_string(),
            ));
        }
        let request = Request::Tag { at: Moment::Tag(options.tag.clone()), tag: None };
        let answer =
            change(world, &request, |store| tag_in(world, store, &Moment::Tag(options.tag.clone()), None))?;
        let human =
            format!("{} is no tag any more; snapshot {} stays as others do\n", options.tag, answer["epoch"]);
        return print(options.json, &answer, &human);
    }
    check_tag(&options.tag).map_err(usage)?;
    // What the world is now, not what it was at its last snapshot.
    let at = match (&options.name.at, verbs::ask(world, &Request::Snap)?) {
        (Moment::Newest, Some(snapped)) => Moment::Epoch(snapped["epoch"].as_u64().unwrap_or(0)),
        (at, _) => at.clone(),
    };
    let request = Request::Tag { at: at.clone(), tag: Some(options.tag.clone()) };
    let answer = change(world, &request, |store| tag_in(world, store, &at, Some(&options.tag)))?;
    let human =
        format!("snapshot {} is {} and is kept until the tag is deleted\n", answer["epoch"], options.tag);
    print(options.json, &answer, &human)
}

/// Has something done by the process that runs the world, or else does it in its file.
fn change(
    world: &Path,
    request: &Request,
    here: impl FnOnce(&Store) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    match verbs::ask(world, request)? {
        Some(answer) => Ok(answer),
        None => here(&open_to_change(world, "it was just started, do it again")?),
    }
}

/// Gives a snapshot a tag, or takes away the one that it has.
///
/// # Errors
/// When there is no such snapshot, another one has the tag, or it cannot be stored. Nothing has changed then.
pub(crate) fn tag_in(path: &Path, store: &Store, at: &Moment, tag: Option<&str>) -> Result<Value, Failure> {
    let usage = |error: String| Failure::Usage(format!("{}: {error}", path.display()));
    let epoch = made(path, find(path, store, at)?)?;
    if let Some(tag) = tag {
        check_tag(tag).map_err(usage)?;
        let snapshots = store.snapshots().map_err(|error| said(path)(&error))?;
        if let Some(other) = snapshots.iter().find(|one| one.tag == tag && one.epoch != epoch) {
            return Err(usage(format!(
                "{tag:?} is the tag of snapshot {} already; `phantom tag --delete {} {tag:?}` takes it away",
                other.epoch,
                path.display()
            )));
        }
        if let Some(same) =
            snapshots.iter().find(|one| one.epoch == epoch && !one.tag.is_empty() && one.tag != tag)
        {
            return Err(usage(format!(
                "snapshot {epoch} has the tag {0:?}, and a snapshot has one; `phantom tag --delete {1} {0:?}` takes it away",
                same.tag,
                path.display()
            )));
        }
    }
    store.tag(epoch, tag.unwrap_or_default()).map_err(|error| usage(error.to_string()))?;
    Ok(json!({"epoch": epoch.0, "tag": tag}))
}

/// `phantom keep`
///
/// # Errors
/// When the policy makes no sense, or cannot be stored.
pub(crate) fn keep(options: &Keep) -> Result<u8, Failure> {
    let change_wanted = KeepChange {
        reset: options.default,
        whole_ns: options.all,
        levels: (!options.one_per.is_empty()).then(|| options.one_per.clone()),
        budget_bytes: options.budget,
    };
    let world = &options.world;
    let request = Request::Keep(change_wanted.clone());
    let answer = match verbs::ask(world, &request)? {
        Some(answer) => answer,
        None if change_wanted.is_empty() => keep_in(world, &crate::look::open(world)?.store, &change_wanted)?,
        None => {
            let store = open_to_change(world, "it was just started, do it again")?;
            keep_in(world, &store, &change_wanted)?
        }
    };
    print(options.json, &answer, answer["human"].as_str().unwrap_or_default())
}

/// Changes the policy of history, if anything is to change, and says what it is.
///
/// # Errors
/// When it makes no sense or cannot be stored. Nothing has changed then.
pub(crate) fn keep_in(path: &Path, store: &Store, change: &KeepChange) -> Result<Value, Failure> {
    let usage = |error: &str| Failure::Usage(format!("{}: {error}; nothing was changed", path.display()));
    let mut policy = if change.reset { HistoryPolicy::default() } else { store.history_policy() };
    if let Some(whole_ns) = change.whole_ns {
        policy.whole_ns = whole_ns;
    }
    if let Some(levels) = &change.levels {
        if levels.len() > HISTORY_LEVELS_MAX {
            return Err(usage(&format!("at most {HISTORY_LEVELS_MAX} levels can be given")));
        }
        policy.levels = [HistoryLevel::default(); HISTORY_LEVELS_MAX];
        for (place, (every_ns, age_ns)) in
            policy.levels.iter_mut().zip(levels.iter().filter(|level| level.0 > 0))
        {
            *place = HistoryLevel { age_ns: *age_ns, every_ns: *every_ns };
        }
    } else {
        // Levels that reach no further than all that is kept say nothing any more.
        let further: Vec<HistoryLevel> =
            used_levels(&policy).filter(|level| level.age_ns > policy.whole_ns).copied().collect();
        policy.levels = [HistoryLevel::default(); HISTORY_LEVELS_MAX];
        policy.levels[..further.len()].copy_from_slice(&further);
    }
    if let Some(budget_bytes) = change.budget_bytes {
        policy.budget_bytes = budget_bytes;
    }
    if let Some(problem) = policy.problem() {
        return Err(usage(problem));
    }
    if policy.whole_ns == 0 && policy.levels[0].every_ns == 0 {
        return Err(usage(
            "that would keep nothing to go back to; give --all or --one-per (or --budget, to keep less)",
        ));
    }
    if !change.is_empty() {
        store.set_history_policy(policy).map_err(|error| said(path)(&error))?;
    }
    let levels: Vec<Value> = used_levels(&policy)
        .map(|level| json!({"every_ns": level.every_ns, "age_ns": level.age_ns}))
        .collect();
    Ok(json!({"all_ns": policy.whole_ns, "levels": levels, "budget_bytes": policy.budget_bytes,
        "human": policy_text(&policy)}))
}

fn used_levels(policy: &HistoryPolicy) -> impl Iterator<Item = &HistoryLevel> {
    policy.levels.iter().take_while(|level| level.every_ns > 0)
}

fn policy_text(policy: &HistoryPolicy) -> String {
    let mut text = format!("every snapshot up to an age of {}\n", span(policy.whole_ns));
    for level in used_levels(policy) {
        text.push_str(&format!("one in {} up to {}\n", span(level.every_ns), span(level.age_ns)));
    }
    text.push_str(&match policy.budget_bytes {
        0 => "in the larger of 1 GiB and a quarter of the live data\n".to_string(),
        bytes => format!("in {}\n", size(bytes)),
    });
    text.push_str("those with a tag for ever\n");
    text
}

/// `10 min`, for people.
fn span(ns: u64) -> String {
    let seconds = Duration::from_nanos(ns).as_secs();
    for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "min")] {
        if seconds >= unit && seconds.is_multiple_of(unit) {
            return format!("{} {name}", seconds / unit);
        }
    }
    if seconds > 0 { format!("{seconds} s") } else { format!("{} ms", ns / 1_000_000) }
}

/// `phantom restore`
///
/// # Errors
/// When the world runs, there is no such snapshot, or it cannot be stored. Nothing has changed then.
pub(crate) fn restore(options: &Restore) -> Result<u8, Failure> {
    let world = &options.name.world;
    let usage = |error: String| Failure::Usage(format!("{}: {error}", world.display()));
    if options.name.at == Moment::Newest {
        return Err(usage("say which snapshot, as in WORLD@10m; `phantom log` lists them".to_string()));
    }
    let stop = format!("`phantom stop {}` first", world.display());
    let store = open_to_change(world, &stop)?;
    let epoch = made(world, find(world, &store, &options.name.at)?)?;
    let newest = store.last_epoch();
    if let Some(tag) = &options.keep_as {
        tag_in(world, &store, &Moment::Epoch(newest.0), Some(tag))?;
    }
    let anew = match restore_in(&store, epoch, |lineage| Lineage { is_detached: true, ..lineage }) {
        Ok(anew) => anew,
        Err(error) => {
            // The tag was for what did not happen.
            if options.keep_as.is_some() {
                let _ = tag_in(world, &store, &Moment::Epoch(newest.0), None);
            }
            return Err(said(world)(&error));
        }
    };
    // It only shortens the next start.
    let _ = store.checkpoint();
    let machine = json!({"restored": epoch.0, "epoch": anew.0, "before": newest.0, "tag": options.keep_as});
    let kept = options.keep_as.as_ref().map_or(newest.to_string(), String::clone);
    let human = format!(
        "{0} is as it was at snapshot {epoch}, as snapshot {anew}; what it was before is {0}@{kept}\n\
         it is detached: `phantom resume {0}` runs it and nothing outside is reached, with --attach it is\n",
        world.display(),
    );
    print(options.json, &machine, &human)
}

/// Makes a new snapshot that is as an older one was, with another lineage in the same commit.
///
/// # Errors
/// When it cannot be read or stored. Nothing has changed then.
pub(crate) fn restore_in(
    store: &Store,
    epoch: Epoch,
    lineage: impl FnOnce(Lineage) -> Lineage,
) -> Result<Epoch, RestoreError> {
    let root = area::ROOT.page();
    let mut bytes: Box<PageBytes> = Box::new([0u8; PAGE_SIZE]);
    store.reader_at(epoch)?.read_page(root, &mut bytes)?;
    lineage(Lineage::read(&bytes)).write(&mut bytes);
    Ok(store.restore(epoch, now_ns(), &[(root, &bytes)])?.epoch)
}

/// `phantom go --attach`: lets a copy reach outside, whether it runs or not.
///
/// # Errors
/// When the world cannot be changed.
pub(crate) fn attach_outside(world: &Path, as_json: bool) -> Result<u8, Failure> {
    let answer = change(world, &Request::Outside, |store| {
        let fail = said(world);
        let mut bytes: Box<PageBytes> = Box::new([0u8; PAGE_SIZE]);
        store.read_page(area::ROOT.page(), &mut bytes).map_err(|error| fail(&error))?;
        let lineage = Lineage::read(&bytes);
        if lineage.is_detached {
            restore_in(store, store.last_epoch(), |lineage| Lineage { is_detached: false, ..lineage })
                .map_err(|error| fail(&error))?;
        }
        Ok(json!({"changed": lineage.is_detached}))
    })?;
    let now =
        if answer["changed"] == json!(true) { "reaches outside from now on" } else { "was not detached" };
    print(as_json, &answer, &format!("{} {now}\n", world.display()))
}

/// Where a world comes from, for `info` and `show`.
pub(crate) fn lineage_text(lineage: &Lineage) -> String {
    let mut text = String::new();
    if let Some((id, epoch)) = lineage.origin {
        text.push_str(&format!("copied     from snapshot {epoch} of world {id}\n"));
    }
    if lineage.is_detached {
        text.push_str("detached   nothing outside is reached until `phantom go --attach`\n");
    }
    text
}

/// A snapshot with its time, for messages.
pub(crate) fn named(epoch: Epoch, wall_ns: u64) -> String {
    format!("snapshot {epoch} of {}", clock(wall_ns))
}
