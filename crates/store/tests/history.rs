//! Time as a caller meets it: names for any snapshot, what differs between two, an older state restored, copies.

mod common;

use base::prng::Prng;
use base::{Epoch, PAGE_SIZE, PageBytes, PageIndex, WorldId};
use common::{MemoryDevice, assert_page, commit, create, open, page, try_commit};
use platform::BlockDevice;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{HistoryLevel, HistoryPolicy, PolicyError, ReadError, Store, StoreOptions, TagError};

type Content = BTreeMap<u32, u64>;

/// A world of 60 epochs on scattered pages, and what each epoch holds.
fn world(options: StoreOptions) -> (Arc<MemoryDevice>, Store, Vec<Content>) {
    let device = MemoryDevice::new();
    let store = create(&device, options);
    let mut rng = Prng::new(7);
    let mut states = vec![Content::new()];
    for epoch in 1..=60u64 {
        let pages: Vec<u32> = (0..6).map(|_| (rng.below(40) * 7000) as u32).collect();
        let mut state = states[states.len() - 1].clone();
        state.extend(pages.iter().map(|&page| (page, epoch)));
        commit(&store, epoch, pages);
        states.push(state);
    }
    (device, store, states)
}

fn small() -> StoreOptions {
    StoreOptions { segment_bytes: 128 << 10, checkpoint_record_bytes: 10 * 4096, ..StoreOptions::default() }
}

fn assert_state(store: &Store, epoch: u64, state: &Content) {
    let reader = store.reader_at(Epoch(epoch)).expect("readable");
    let pages: Vec<u32> = reader.pages().expect("readable").iter().map(|page| page.0).collect();
    assert_eq!(pages, state.keys().copied().collect::<Vec<_>>(), "epoch {epoch}");
    let mut bytes = [0; PAGE_SIZE];
    for (&index, &version) in state {
        reader.read_page(PageIndex(index), &mut bytes).expect("readable");
        assert!(bytes == page(index, version), "epoch {epoch}, page {index}");
    }
}

#[test]
fn any_snapshot_can_be_named_and_outlasts_the_log() {
    let (device, store, states) = world(small());
    for (epoch, tag) in [(3, "third"), (31, "later"), (47, "third but one"), (60, "head")] {
        store.tag(Epoch(epoch), tag).unwrap();
    }
    assert!(matches!(store.tag(Epoch(99), "x"), Err(TagError::Read(ReadError::NoSuchEpoch { .. }))));
    assert!(matches!(store.tag(Epoch(3), "12"), Err(TagError::BadName { .. })));
    assert!(matches!(store.tag(Epoch(3), "a\u{7}"), Err(TagError::BadName { .. })));
    let brief = HistoryPolicy { whole_ns: 1, budget_bytes: 1, ..HistoryPolicy::NONE };
    store.set_history_policy(brief).unwrap();
    // Every segment is written over several times.
    (61..=600).for_each(|epoch| commit(&store, epoch, (0..40).map(|i| i * 7000)));
    drop(store);
    let store = open(&device);
    let named: Vec<(u64, String)> = store
        .snapshots()
        .unwrap()
        .into_iter()
        .filter(|s| s.is_kept && !s.tag.is_empty())
        .map(|s| (s.epoch.0, s.tag))
        .collect();
    assert_eq!(named.iter().map(|n| n.0).collect::<Vec<_>>(), [3, 31, 47, 60]);
    for (epoch, _) in named {
        assert_state(&store, epoch, &states[epoch as usize]);
    }
    assert_eq!(store.snapshot_named("later").unwrap().map(|s| s.epoch), Some(Epoch(31)));
    assert_eq!(store.snapshot_named("").unwrap(), None);
    assert_eq!(store.snapshot_at_time(48_500).unwrap().map(|s| s.epoch), Some(Epoch(47)));
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
    store.tag(Epoch(3), "").unwrap();
    assert_eq!(store.snapshot_named("third").unwrap(), None);
}

#[test]
fn the_difference_of_two_snapshots_is_exact_and_costs_what_it_is() {
    let (_, store, states) = world(small());
    for (a, b) in [(1, 60), (60, 1), (20, 21), (33, 58), (40, 40), (0, 60)] {
        if a == 0 {
            continue;
        }
        let found: Vec<_> = store.diff_pages(Epoch(a), Epoch(b)).unwrap().map(Result::unwrap).collect();
        let (old, new) = (&states[a as usize], &states[b as usize]);
        let keys = old.keys().chain(new.keys()).copied().collect::<std::collections::BTreeSet<_>>();
        let wanted: Vec<u32> = keys.into_iter().filter(|key| old.get(key) != new.get(key)).collect();
        assert_eq!(found.iter().map(|change| change.page.0).collect::<Vec<_>>(), wanted, "{a} to {b}");
        for change in found {
            assert_eq!(change.before.is_some(), old.contains_key(&change.page.0));
            assert_eq!(change.after.is_some(), new.contains_key(&change.page.0));
        }
    }
    // A large world: one page differs, a few nodes are read.
    let device = MemoryDevice::new();
    let store = create(&device, StoreOptions { cached_nodes_max: 16, ..StoreOptions::default() });
    commit(&store, 1, 0..100_000);
    store.checkpoint().unwrap();
    commit(&store, 2, [77_777]);
    store.checkpoint().unwrap();
    let before = device.read_bytes.load(Ordering::SeqCst);
    let found: Vec<_> = store.diff_pages(Epoch(1), Epoch(2)).unwrap().map(Result::unwrap).collect();
    assert_eq!(found.len(), 1);
    let read = device.read_bytes.load(Ordering::SeqCst) - before;
    assert!(read <= 16 * 4096, "{read} bytes read for one page");
}

#[test]
fn an_older_state_is_restored_and_the_one_before_stays() {
    let (device, store, mut states) = world(small());
    let written = device.written_bytes.load(Ordering::SeqCst);
    let info = store.restore(Epoch(12), 61_000, &[]).unwrap();
    let written = device.written_bytes.load(Ordering::SeqCst) - written;
    assert_eq!(info.epoch, Epoch(61));
    assert!(written < 3 * info.pages * 4096 / 2, "blocks that still exist are referred to: {written}");
    states.push(states[12].clone());
    assert_state(&store, 61, &states[61]);
    assert_state(&store, 60, &states[60]);
    let mark = page(5, 5);
    store.restore(Epoch(60), 62_000, &[(PageIndex(123_456), &mark)]).unwrap();
    drop(store);
    let store = open(&device);
    let mut bytes: PageBytes = [0; PAGE_SIZE];
    assert_eq!(store.read_page(PageIndex(123_456), &mut bytes), Ok(true));
    assert!(bytes == mark);
    for (&index, &version) in &states[60] {
        assert_page(&store, index, version);
    }
    assert_state(&store, 61, &states[61]);
    (63..=400).for_each(|epoch| commit(&store, epoch, (0..30).map(|i| i * 7000)));
    let report = store.check(&mut |_, _| {}).unwrap();
    assert!(report.is_sound() && report.accounting_checked, "{report:?}");
    assert!(store.restore(Epoch(9999), 1, &[]).is_err());
}

#[test]
fn a_restore_of_a_large_world_writes_little() {
    let device = MemoryDevice::new();
    let store = create(&device, StoreOptions::default());
    commit(&store, 1, 0..200_000);
    store.tag(Epoch(1), "start").unwrap();
    commit(&store, 2, (0..200_000).step_by(2));
    store.tag(Epoch(2), "branch").unwrap();
    let before = device.written_bytes.load(Ordering::SeqCst);
    store.restore(Epoch(1), 3, &[]).unwrap();
    let written = device.written_bytes.load(Ordering::SeqCst) - before;
    assert!(written < 100_000 * 60, "{written} bytes for 100,000 pages");
    assert_page(&store, 1000, 1);
    let diff = store.diff_pages(Epoch(1), Epoch(3)).unwrap();
    assert_eq!(diff.count(), 0);
}

#[test]
fn a_copy_becomes_a_world_of_its_own() {
    let (device, store, states) = world(small());
    store.tag(Epoch(30), "kept").unwrap();
    store.close().unwrap();
    let store = open(&device);
    let old = store.info().world_id;
    store.become_another(WorldId([5; 16]), 9).unwrap();
    let store = open(&device);
    assert_ne!(store.info().world_id, old);
    assert_state(&store, 60, &states[60]);
    assert_state(&store, 30, &states[30]);
    for listed in store.snapshots().unwrap() {
        assert_state(&store, listed.epoch.0, &states[listed.epoch.0 as usize]);
    }
    (61..=100).for_each(|epoch| commit(&store, epoch, 0..9));
    drop(store);
    let store = open(&device);
    assert_eq!(store.last_epoch(), Epoch(100));
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
}

#[test]
fn a_policy_that_keeps_nothing_or_contradicts_itself_is_refused() {
    let (_, store, _) = world(small());
    let before = store.history_policy();
    assert_eq!(store.set_history_policy(HistoryPolicy::NONE), Err(PolicyError::KeepsNothing));
    let mut wrong = before;
    wrong.levels[0] = HistoryLevel { age_ns: 1, every_ns: 1 };
    assert!(matches!(store.set_history_policy(wrong), Err(PolicyError::Senseless { .. })));
    assert_eq!(store.history_policy(), before);
}

#[test]
fn small_changes_take_few_bytes_and_are_read_at_every_epoch() {
    let device = MemoryDevice::new();
    let store = create(&device, StoreOptions::default());
    let mut contents: Vec<PageBytes> = vec![[3; PAGE_SIZE]];
    let put = |store: &Store, epoch: u64, bytes: &PageBytes| {
        let mut writer = store.begin_commit(Epoch(epoch), epoch * 1000).unwrap();
        writer.put(PageIndex(9), bytes).unwrap();
        writer.finish().unwrap();
    };
    for epoch in 1..=900u64 {
        let mut bytes = contents[contents.len() - 1];
        bytes[100..108].copy_from_slice(&epoch.to_le_bytes());
        bytes[epoch as usize] ^= 1;
        put(&store, epoch, &bytes);
        contents.push(bytes);
    }
    let stats = store.stats();
    assert!(stats.delta_pages > 850 && stats.page_bytes <= 20 * 4096, "{stats:?}");
    let mut bytes = [0; PAGE_SIZE];
    for epoch in [1, 2, 3, 500, 898, 900] {
        let reader = store.reader_at(Epoch(epoch)).unwrap();
        assert_eq!(reader.read_page(PageIndex(9), &mut bytes), Ok(true));
        assert!(bytes == contents[epoch as usize], "epoch {epoch}");
    }
    drop(store);
    let store = open(&device);
    assert_eq!(store.read_page(PageIndex(9), &mut bytes), Ok(true));
    assert!(bytes == contents[900]);
    assert_eq!(store.holds(PageIndex(9), &contents[900]), Ok(true));
    assert_eq!(store.holds(PageIndex(9), &contents[899]), Ok(false));
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
    store.checkpoint().unwrap();
    put(&store, 901, &contents[5]);
    assert!(try_commit(&store, 902, &[1]).is_ok());
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
}

#[test]
fn a_compaction_gives_back_what_nobody_needs() {
    let device = MemoryDevice::new();
    let options = StoreOptions { segment_bytes: 256 << 10, ..StoreOptions::default() };
    let store = create(&device, options);
    let mut rng = Prng::new(4);
    let mut version = vec![0u64; 4096];
    for epoch in 1..=200u64 {
        let pages: Vec<u32> = (0..200).map(|_| rng.below(4096) as u32).collect();
        pages.iter().for_each(|&page| version[page as usize] = epoch);
        commit(&store, epoch, pages);
    }
    let live = version.iter().filter(|&&v| v > 0).count() as u64 * 4096;
    let before = device.len();
    let finish = |keep_history: bool| {
        let mut compaction = store.compaction(keep_history);
        let mut moved = 0;
        loop {
            let progress = compaction.step().expect("room");
            assert!(progress.moved_pages >= moved);
            moved = progress.moved_pages;
            if progress.is_done {
                return progress;
            }
        }
    };
    let older = store.snapshots().unwrap().len();
    finish(true);
    assert!(store.snapshots().unwrap().len() >= older - 1, "history stays when it is to stay");
    let progress = finish(false);
    assert_eq!(progress.device_bytes, device.len());
    println!(
        "{before} bytes, {live} of them live, {} after {} moved pages",
        device.len(),
        progress.moved_pages
    );
    assert!(device.len() * 10 <= live * 13, "{} bytes for {live}", device.len());
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
    drop(store);
    let store = open(&device);
    for (index, &version) in version.iter().enumerate().filter(|(_, version)| **version > 0) {
        assert_page(&store, index as u32, version);
    }
    commit(&store, 201, 0..100);
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
}

#[test]
fn a_device_that_cannot_grow_is_full_once() {
    let device = MemoryDevice::new();
    let options = StoreOptions { segment_bytes: 256 << 10, ..StoreOptions::default() };
    let store = create(&device, options);
    device.len_max.store(24 << 20, Ordering::SeqCst);
    let mut rng = Prng::new(5);
    let mut version = vec![0u64; 1024];
    let mut refused = Vec::new();
    let mut epoch = 0;
    for round in 0..3000u64 {
        let pages: Vec<u32> = (0..20).map(|_| rng.below(1024) as u32).collect();
        epoch += 1;
        while try_commit(&store, epoch, &pages).is_err() {
            assert!(refused.len() < 50, "refused in rounds {refused:?}");
            refused.push(round);
            epoch += 1;
        }
        pages.iter().for_each(|&page| version[page as usize] = epoch);
    }
    // What it held when it was full for the first time was given up; from then on there is room, and history.
    assert!(!refused.is_empty() && refused.len() <= 2, "refused in rounds {refused:?}");
    assert!(store.snapshots().unwrap().len() > 30, "{}", store.snapshots().unwrap().len());
    for (index, &version) in version.iter().enumerate().filter(|(_, version)| **version > 0) {
        assert_page(&store, index as u32, version);
    }
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
}
