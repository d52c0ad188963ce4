//! What a caller meets: errors told apart, older snapshots, full disks, concurrent reads, read-only tools.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

mod common;

use base::{Epoch, PAGE_SIZE, PageIndex};
use common::{MemoryDevice, assert_page, commit, create, open, page, try_commit};
use platform::BlockDevice;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{
    CommitError, CreateError, HistoryPolicy, OpenError, OpenOptions, Part, ReadError, Store, StoreOptions,
};

fn small() -> StoreOptions {
    StoreOptions { segment_bytes: 64 << 10, history: HistoryPolicy::NONE, ..StoreOptions::default() }
}

/// A world of 40 epochs on 64 pages, and the store closed.
fn world() -> Arc<MemoryDevice> {
    let device = MemoryDevice::new();
    let store = create(&device, small());
    (1..=40).for_each(|epoch| commit(&store, epoch, (epoch as u32 % 8..64).step_by(8)));
    store.close().expect("closed");
    device
}

fn open_error(device: &Arc<MemoryDevice>) -> OpenError {
    Store::open(device.clone(), OpenOptions::default()).map(|_| ()).expect_err("no world")
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let device = world();
    let store = open(&device);
    assert_eq!(store.last_epoch(), Epoch(40));
    assert_eq!(store.last_wall_ns(), 40_000);
    (0..64).for_each(|i| assert_page(&store, i, if i % 8 == 0 { 40 } else { 32 + u64::from(i) % 8 }));
    let mut bytes = [1; PAGE_SIZE];
    assert_eq!(store.read_page(PageIndex(1 << 31), &mut bytes), Ok(false));
    assert_eq!(bytes, [0; PAGE_SIZE]);
}

#[test]
fn errors_of_opening_are_told_apart() {
    let empty = MemoryDevice::new();
    assert_eq!(open_error(&empty), OpenError::Empty);

    let foreign = MemoryDevice::new();
    foreign.grow(1 << 20).unwrap();
    foreign.write(0, &[7; PAGE_SIZE]).unwrap();
    assert_eq!(open_error(&foreign), OpenError::NotAWorld);

    let cut = world();
    cut.truncate(cut.len() / 2);
    assert!(matches!(open_error(&cut), OpenError::Truncated { .. }));

    let slots = world();
    slots.damage(100);
    assert_eq!(open(&slots).last_epoch(), Epoch(40), "one slot is enough");
    slots.damage(4 * 4096 + 100);
    assert_eq!(open_error(&slots), OpenError::SuperblocksDamaged);

    let how = OpenOptions { schema_hash: Some(43), ..OpenOptions::default() };
    let error = Store::open(world(), how).map(|_| ()).unwrap_err();
    assert_eq!(error, OpenError::OtherSchema { found: 42, expected: 43 });

    let params = store::WorldParams {
        world_id: base::WorldId([1; 16]),
        schema_hash: 0,
        created_ns: 0,
        options: small(),
    };
    let again = Store::create(world(), params).map(|_| ()).unwrap_err();
    assert!(matches!(again, CreateError::AlreadyAWorld { .. }));
}

#[test]
fn a_damaged_record_is_reported_and_the_older_snapshot_opens_when_asked_for() {
    let device = MemoryDevice::new();
    let store = create(&device, StoreOptions::default());
    (1..=3).for_each(|epoch| commit(&store, epoch, [1, 2]));
    drop(store);
    // Each commit is a record and two pages from block 8 on: the second record stands in block 11.
    device.damage(11 * 4096 + 20);
    let OpenError::Damaged { damage, readable } = open_error(&device) else { panic!("no damage") };
    assert_eq!((damage[0].part, damage[0].block, readable), (Part::Record, 11, Some(Epoch(1))));
    let how = OpenOptions { accept_older: true, ..OpenOptions::default() };
    let (store, report) = Store::open(device.clone(), how).unwrap();
    assert_eq!((report.epoch, report.damage.len()), (Epoch(1), 1));
    assert_page(&store, 1, 1);
    commit(&store, 2, [5]);
    drop(store);
    let store = open(&device);
    assert_eq!(store.last_epoch(), Epoch(2));
    assert_page(&store, 5, 2);
}

#[test]
fn a_damaged_page_is_reported_where_it_is_read_and_by_check() {
    let device = MemoryDevice::new();
    let store = create(&device, StoreOptions::default());
    commit(&store, 1, [1, 2]);
    commit(&store, 2, [3]);
    device.damage(9 * 4096 + 1000);
    let mut bytes = [0; PAGE_SIZE];
    let Err(ReadError::Damaged(damage)) = store.read_page(PageIndex(1), &mut bytes) else {
        panic!("no damage")
    };
    assert_eq!((damage.part, damage.block), (Part::Page, 9));
    assert_page(&store, 2, 1);
    let report = store.check(&mut |_, _| {}).unwrap();
    assert_eq!(report.damage, [damage]);
}

#[test]
fn kept_snapshots_are_read_at_their_epoch_also_while_the_world_goes_on() {
    let device = world();
    let store = open(&device);
    let kept = store.snapshots().unwrap();
    assert!(kept.len() >= 2 && kept.last().unwrap().epoch == Epoch(40), "{kept:?}");
    let before = store.reader_at(Epoch(39)).unwrap();
    (41..=400).for_each(|epoch| commit(&store, epoch, 0..64));
    let mut bytes = [0; PAGE_SIZE];
    assert_eq!(before.read_page(PageIndex(0), &mut bytes), Ok(true));
    assert!(bytes == page(0, 32), "the reader holds what it needs");
    assert_eq!(before.pages().unwrap().len(), 64);
    let gone = store.reader_at(Epoch(39)).map(|_| ());
    assert_eq!(gone, Err(ReadError::NoSuchEpoch { epoch: Epoch(39) }));
}

#[test]
fn a_commit_that_finds_no_room_can_be_tried_again() {
    let device = MemoryDevice::new();
    let store = create(&device, small());
    commit(&store, 1, 0..8);
    device.len_max.store(device.len(), Ordering::SeqCst);
    let many: Vec<u32> = (0..200).collect();
    assert!(matches!(try_commit(&store, 2, &many), Err(CommitError::NoSpace(_))));
    assert_eq!(store.last_epoch(), Epoch(1));
    assert_page(&store, 3, 1);
    device.len_max.store(0, Ordering::SeqCst);
    try_commit(&store, 2, &many).unwrap();
    drop(store);
    let store = open(&device);
    assert_page(&store, 199, 2);
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
}

#[test]
fn one_commit_at_a_time_and_only_forward() {
    let device = MemoryDevice::new();
    let store = create(&device, small());
    let first = store.begin_commit(Epoch(1), 1).unwrap();
    assert_eq!(store.begin_commit(Epoch(1), 1).map(|_| ()).unwrap_err(), CommitError::Busy);
    drop(first);
    commit(&store, 1, [1]);
    let error = store.begin_commit(Epoch(1), 1).map(|_| ()).unwrap_err();
    assert_eq!(error, CommitError::NotLater { epoch: Epoch(1), last: Epoch(1) });
}

#[test]
fn a_tool_writes_nothing() {
    let device = world();
    let before = device.written_bytes.load(Ordering::SeqCst);
    let flushes = device.flushes.load(Ordering::SeqCst);
    let how = OpenOptions { read_only: true, ..OpenOptions::default() };
    let (store, _) = Store::open(device.clone(), how).unwrap();
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
    assert_eq!(store.begin_commit(Epoch(41), 0).map(|_| ()).unwrap_err(), CommitError::ReadOnly);
    store.close().unwrap();
    assert_eq!(device.written_bytes.load(Ordering::SeqCst), before);
    assert_eq!(device.flushes.load(Ordering::SeqCst), flushes);
}

#[test]
fn pages_are_read_while_commits_run() {
    let device = MemoryDevice::new();
    let store = create(&device, StoreOptions { checkpoint_record_bytes: 8192, ..small() });
    commit(&store, 1, 0..64);
    let reader = store.clone();
    let reading = std::thread::spawn(move || {
        let mut bytes = [0; PAGE_SIZE];
        let mut newest = 0;
        while newest < 300 {
            let first = reader.last_epoch().0;
            assert_eq!(reader.read_page(PageIndex(7), &mut bytes), Ok(true));
            newest = u64::from_le_bytes(bytes[8..16].try_into().unwrap());
            assert!(newest >= first, "a commit that was durable before the read is seen");
        }
    });
    (2..=300).for_each(|epoch| commit(&store, epoch, 0..64));
    reading.join().unwrap();
}
