//! Whether the store made the right world of an image.

use base::{Epoch, PAGE_SIZE, PageIndex};
use std::sync::Arc;
use store::{OpenError, OpenOptions, OpenReport, Store};

use crate::crash::life::{Acknowledged, Content, Life, open_options};
use crate::crash::points::{Point, SLOTS};
use crate::device::SimDevice;

/// Kept snapshots of an image that are compared at most.
const HISTORY_COMPARED: usize = 8;

/// The newest epoch that was acknowledged before operation `op`.
pub(crate) fn acknowledged_at(life: &Life, op: usize) -> &Acknowledged {
    let before = life.acknowledged.iter().rev().find(|a| a.op <= op);
    before.unwrap_or(&life.acknowledged[0])
}

/// After a power cut: the newest acknowledged epoch or a later complete one, exactly, and the one before it.
/// Returns what was recovered.
pub(crate) fn after_crash(life: &Life, point: &Point) -> Result<Acknowledged, String> {
    let (store, report) =
        open(point, open_options(life.workload)).map_err(|e| format!("it does not open: {e}"))?;
    if !report.damage.is_empty() {
        return Err(format!("damage reported after a mere crash: {}", report.damage[0]));
    }
    let must = acknowledged_at(life, point.op);
    let epoch = report.epoch.0;
    if epoch < must.epoch {
        return Err(format!("epoch {} was acknowledged, {epoch} was recovered", must.epoch));
    }
    let recovered = holds(life, point, &store, epoch)?;
    // On a full device the snapshot before may be given up for room; then it is not said to be there.
    let listed = listed(&store)?;
    let is_listed = |epoch: u64| listed.contains(&epoch);
    if let Some((earlier, content)) = &recovered.before
        && (!life.met_full_device || is_listed(*earlier))
    {
        equals(&store, *earlier, content).map_err(|e| format!("the snapshot before: {e}"))?;
    }
    history_holds(life, &store, &listed, epoch)?;
    let check = store.check(&mut |_, _| {}).map_err(|e| format!("check: {e}"))?;
    if let Some(damage) = check.damage.first() {
        return Err(format!("check finds damage after a mere crash: {damage}"));
    }
    Ok(recovered)
}

/// After a lie: an error, reported damage, or exactly the state of some epoch. Returns whether it was reported.
pub(crate) fn after_lie(life: &Life, point: &Point) -> Result<bool, String> {
    let how = OpenOptions { read_only: true, ..open_options(life.workload) };
    let Ok((store, report)) = open(point, how) else { return Ok(true) };
    let reported = never_wrong(life, point, &store, report.epoch.0)?;
    Ok(reported || !report.damage.is_empty())
}

/// What came of damage.
pub(crate) struct DamageVerdict {
    pub(crate) reported: bool,
    /// The older epoch that opens when the loss is accepted.
    pub(crate) older: Option<Acknowledged>,
}

/// After damage of one block: the right state, or a report; with one superblock slot damaged nothing is lost.
pub(crate) fn after_damage(life: &Life, point: &Point) -> Result<DamageVerdict, String> {
    let must = acknowledged_at(life, point.op).clone();
    let how = OpenOptions { read_only: true, ..open_options(life.workload) };
    let is_slot = point.damaged_block.is_some_and(|b| SLOTS.contains(&b));
    match open(point, how) {
        Ok((store, report)) => {
            let epoch = report.epoch.0;
            if is_slot {
                equals(&store, must.epoch, &must.content)?;
                // The other slot leads to the same state, and what it says to be kept must be there.
                history_holds(life, &store, &listed(&store)?, must.epoch)?;
            }
            let is_last =
                must.before.as_ref().is_some_and(|b| b.0 == epoch) && is_in_last_window(life, point);
            if epoch < must.epoch && !is_last && report.damage.is_empty() {
                return Err(format!(
                    "epoch {} was acknowledged, {epoch} was opened without a word",
                    must.epoch
                ));
            }
            let reported = never_wrong(life, point, &store, epoch)?;
            Ok(DamageVerdict { reported: reported || !report.damage.is_empty(), older: None })
        }
        Err(error) if is_slot => Err(format!("one slot is damaged: {error}")),
        Err(OpenError::Damaged { readable: Some(epoch), .. }) => {
            let how = OpenOptions { accept_older: true, read_only: true, ..open_options(life.workload) };
            let (store, report) = open(point, how).map_err(|e| format!("accept_older: {e}"))?;
            if report.epoch != epoch || report.damage.is_empty() {
                return Err(format!("the error promised epoch {epoch}, {} was opened", report.epoch));
            }
            let hurt = never_wrong(life, point, &store, epoch.0)?;
            let older = (!hurt).then(|| life.known(epoch.0)).flatten();
            Ok(DamageVerdict { reported: true, older })
        }
        Err(_) => Ok(DamageVerdict { reported: true, older: None }),
    }
}

/// Whether the damaged block was written since the last commit but one: then the last commit looks like a torn one,
/// which nothing can tell apart.
fn is_in_last_window(life: &Life, point: &Point) -> bool {
    let all = &life.acknowledged;
    let from = if all.len() >= 2 { all[all.len() - 2].op } else { 0 };
    life.device.ops().into_iter().skip(from).any(|op| match op {
        crate::device::Op::Write { first, blocks } => {
            point.damaged_block.is_some_and(|b| (first..first + blocks.len()).contains(&b))
        }
        _ => false,
    })
}

fn open(point: &Point, how: OpenOptions) -> Result<(Store, OpenReport), OpenError> {
    Store::open(Arc::new(SimDevice::from_image(point.image.clone())), how)
}

/// The contents that `epoch` may have in this life.
fn allowed(life: &Life, op: usize, epoch: u64) -> Vec<Acknowledged> {
    let must = acknowledged_at(life, op);
    if epoch <= must.epoch {
        return life.known(epoch).into_iter().collect();
    }
    let before = Some((must.epoch, must.content.clone()));
    let begun = life.attempts.iter().chain(&life.lost).filter(|a| a.epoch == epoch && a.op <= op);
    begun.map(|a| Acknowledged { op: 0, epoch, content: a.content.clone(), before: before.clone() }).collect()
}

/// Compares the newest snapshot, through both ways of reading, with what it may be.
fn holds(life: &Life, point: &Point, store: &Store, epoch: u64) -> Result<Acknowledged, String> {
    let allowed = allowed(life, point.op, epoch);
    let mut differs = format!("epoch {epoch} was never begun");
    for state in allowed {
        match equals(store, epoch, &state.content).and_then(|()| newest_equals(store, &state.content)) {
            Ok(()) => return Ok(state),
            Err(what) => differs = what,
        }
    }
    Err(differs)
}

/// The epochs that are said to be kept, ascending.
fn listed(store: &Store) -> Result<Vec<u64>, String> {
    let snapshots = store.snapshots().map_err(|e| format!("the kept snapshots: {e}"))?;
    Ok(snapshots.iter().map(|s| s.epoch.0).collect())
}

/// Every one of the `listed` snapshots before `epoch` is what it was; of many, some.
fn history_holds(life: &Life, store: &Store, listed: &[u64], epoch: u64) -> Result<(), String> {
    let older: Vec<u64> = listed.iter().copied().filter(|&kept| (1..epoch).contains(&kept)).collect();
    let step = older.len().div_ceil(HISTORY_COMPARED).max(1);
    for &kept in older.iter().step_by(step) {
        let state = life.known(kept).ok_or_else(|| format!("kept epoch {kept} was never acknowledged"))?;
        equals(store, kept, &state.content).map_err(|e| format!("a kept snapshot: {e}"))?;
    }
    Ok(())
}

/// Compares all pages at an epoch.
fn equals(store: &Store, epoch: u64, content: &Content) -> Result<(), String> {
    let reader = store.reader_at(Epoch(epoch)).map_err(|e| format!("epoch {epoch} cannot be read: {e}"))?;
    let pages = reader.pages().map_err(|e| format!("epoch {epoch}: {e}"))?;
    if !pages.iter().map(|p| p.0).eq(content.keys().copied()) {
        let (have, want) = (pages.len(), content.len());
        return Err(format!("epoch {epoch} holds {have} pages, other than the {want} it should"));
    }
    let mut bytes = [0; PAGE_SIZE];
    for (&page, wanted) in content {
        reader.read_page(PageIndex(page), &mut bytes).map_err(|e| format!("epoch {epoch}: {e}"))?;
        if bytes != **wanted {
            return Err(format!("epoch {epoch}: page {page} has another content"));
        }
    }
    Ok(())
}

fn newest_equals(store: &Store, content: &Content) -> Result<(), String> {
    let mut bytes = [0; PAGE_SIZE];
    for (&page, wanted) in content {
        let stored = store.read_page(PageIndex(page), &mut bytes).map_err(|e| e.to_string())?;
        if !stored || bytes != **wanted {
            return Err(format!("the newest state: page {page} has another content"));
        }
    }
    let stored = store.read_page(PageIndex(u32::MAX), &mut bytes).map_err(|e| e.to_string())?;
    if stored { Err("a page that was never stored is there".into()) } else { Ok(()) }
}

/// Each page is either exactly that epoch's or refused. Returns whether any was refused.
fn never_wrong(life: &Life, point: &Point, store: &Store, epoch: u64) -> Result<bool, String> {
    let mut allowed = allowed(life, point.op, epoch);
    allowed.extend(life.known(epoch));
    let lost = life.lost.iter().filter(|attempt| attempt.epoch == epoch);
    allowed.extend(lost.map(|a| Acknowledged { op: 0, epoch, content: a.content.clone(), before: None }));
    let states = life.earlier.iter().chain(&life.acknowledged).chain(&allowed);
    let every: std::collections::BTreeSet<u32> = states.flat_map(|s| s.content.keys().copied()).collect();
    let mut refused = false;
    let mut bytes = [0; PAGE_SIZE];
    for page in every {
        if store.read_page(PageIndex(page), &mut bytes).is_err() {
            refused = true;
            continue;
        }
        let fits = |state: &Acknowledged| match state.content.get(&page) {
            Some(wanted) => bytes == **wanted,
            None => bytes == [0; PAGE_SIZE],
        };
        allowed.retain(fits);
        if allowed.is_empty() {
            return Err(format!("epoch {epoch}: page {page} has another content, and nothing says so"));
        }
    }
    Ok(refused)
}
