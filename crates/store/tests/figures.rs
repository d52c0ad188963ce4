//! What the format costs, by counting: write amplification, bytes read by a resume, size of the file.

mod common;

use base::prng::Prng;
use base::{Epoch, PAGE_SIZE, PageIndex};
use common::{MemoryDevice, assert_page, commit, create, page, try_commit};
use platform::BlockDevice;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{HistoryPolicy, OpenOptions, Store, StoreOptions};

const GIB_PAGES: u32 = 1 << 18;

/// A world of `pages` pages, written by one commit per 8,192 pages.
fn filled(device: &Arc<MemoryDevice>, pages: u32, options: StoreOptions) -> Store {
    let store = create(device, options);
    for (i, first) in (0..pages).step_by(8192).enumerate() {
        commit(&store, i as u64 + 1, first..(first + 8192).min(pages));
    }
    store
}

#[test]
fn one_percent_of_a_gibibyte_is_written_with_five_percent_overhead() {
    let device = MemoryDevice::new();
    let store = filled(&device, GIB_PAGES, StoreOptions::default());
    store.checkpoint().unwrap();
    let before = device.written_bytes.load(Ordering::SeqCst);
    let flushes = device.flushes.load(Ordering::SeqCst);
    let mut rng = Prng::new(5);
    let (mut dirty, first) = (0u64, store.last_epoch().0 + 1);
    let commits = 40;
    for epoch in first..first + commits {
        let mut chosen: Vec<u32> =
            (0..GIB_PAGES / 100).map(|_| rng.below(u64::from(GIB_PAGES)) as u32).collect();
        chosen.sort_unstable();
        chosen.dedup();
        dirty += chosen.len() as u64;
        commit(&store, epoch, chosen);
    }
    store.checkpoint().unwrap();
    let stats = store.stats();
    let written = device.written_bytes.load(Ordering::SeqCst) - before;
    let amplification = written as f64 / (dirty * PAGE_SIZE as u64) as f64;
    let flushes = device.flushes.load(Ordering::SeqCst) - flushes;
    println!("write amplification {amplification:.4} over {commits} commits, {flushes} flushes, {stats:?}");
    assert!(amplification <= 1.05, "write amplification {amplification:.4}");
    let checkpoints = flushes - commits;
    assert!(
        checkpoints <= 2 * 6,
        "one flush a commit and two a checkpoint, not {flushes} for {commits} commits"
    );
}

#[test]
fn a_resume_of_four_gibibytes_reads_at_most_two_mebibytes() {
    let device = MemoryDevice::new();
    let store = create(&device, StoreOptions::default());
    // One page in four, over 4 GiB: the map is as large as for all of them.
    for epoch in 1..=32u64 {
        let first = (epoch as u32 - 1) * (4 * GIB_PAGES / 32);
        commit(&store, epoch, (first..first + 4 * GIB_PAGES / 32).step_by(4));
    }
    store.close().unwrap();
    let before = device.read_bytes.load(Ordering::SeqCst);
    let (store, report) = Store::open(device.clone(), OpenOptions::default()).unwrap();
    assert_page(&store, 0, 1);
    assert_page(&store, 4 * GIB_PAGES - 4, 32);
    let read = device.read_bytes.load(Ordering::SeqCst) - before;
    println!("resume reads {read} bytes with two pages, {} of them to open", report.read_bytes);
    assert!(read <= 2 << 20, "resume reads {read} bytes");
    assert_eq!((report.epoch, report.discarded, report.damage.len()), (Epoch(32), None, 0));
}

#[test]
fn a_steady_workload_keeps_the_file_small() {
    let device = MemoryDevice::new();
    let history = HistoryPolicy::NONE;
    let options = StoreOptions { segment_bytes: 256 << 10, history, ..StoreOptions::default() };
    let pages = 16 * 1024u32;
    let store = filled(&device, pages, options);
    let mut rng = Prng::new(3);
    let mut version = vec![0u64; pages as usize];
    let mut epoch = store.last_epoch().0;
    let before = device.written_bytes.load(Ordering::SeqCst);
    let mut largest = 0;
    for _ in 0..1500 {
        epoch += 1;
        let chosen: Vec<u32> = (0..160).map(|_| rng.below(u64::from(pages)) as u32).collect();
        chosen.iter().for_each(|&p| version[p as usize] = epoch);
        commit(&store, epoch, chosen);
        largest = largest.max(device.len());
    }
    let live = u64::from(pages) * PAGE_SIZE as u64;
    let ratio = largest as f64 / live as f64;
    let written = device.written_bytes.load(Ordering::SeqCst) - before;
    let amplification = written as f64 / (1500.0 * 160.0 * PAGE_SIZE as f64);
    println!("file {ratio:.2} times the live data, write amplification {amplification:.2} with cleaning");
    println!("{:?}", store.stats());
    assert!(ratio <= 3.0, "the file is {ratio:.2} times the live data");
    for (p, &v) in version.iter().enumerate().filter(|(_, v)| **v != 0) {
        assert_page(&store, p as u32, v);
    }
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
}

#[test]
fn a_full_disk_of_fixed_size_goes_on_with_a_steady_workload() {
    let device = MemoryDevice::new();
    let options = StoreOptions { segment_bytes: 128 << 10, ..StoreOptions::default() };
    device.len_max.store(12 << 20, Ordering::SeqCst);
    device.grow(12 << 20).unwrap();
    let store = create(&device, options);
    commit(&store, 1, 0..1024);
    let mut rng = Prng::new(9);
    for epoch in 2..400 {
        let chosen: Vec<u32> = (0..64).map(|_| rng.below(1024) as u32).collect();
        let done = (0..4).find_map(|_| try_commit(&store, epoch, &chosen).ok());
        assert!(done.is_some(), "epoch {epoch} finds no room although two thirds of the disk are garbage");
    }
    let mut bytes = page(0, 0);
    assert_eq!(store.read_page(PageIndex(1023), &mut bytes), Ok(true));
    assert!(store.check(&mut |_, _| {}).unwrap().is_sound());
}
