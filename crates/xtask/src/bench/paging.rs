//! Worlds larger than the memory that they may take: random access beside the disk's own, full collections, and what a
//! scan does to what is used all the time.

use super::process::Runner;
use super::{Options, Row};
use base::PAGE_SIZE;
use base::prng::Prng;
use rustix::fs::OFlags;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// The memory that the worlds may take, and arguments of programs whose objects take four times as much.
const MEMORY: &str = "32M";
const MIB: &str = "128";
/// Steps of the walk: so many that the kills leave most misses for the last run, whose start counts for them too.
const STEPS: &str = "300000";
/// Kills during it, and what passes before each.
const KILLS: u64 = 3;
const UNTIL_KILL: Duration = Duration::from_secs(2);
/// Reads by which the disk is measured, before and after.
const READS: u32 = 2000;

/// A walk over a graph of four times the memory, killed a few times, beside random reads of the same disk.
///
/// # Errors
/// When something cannot be run, or the answer is wrong.
pub(super) fn beyond(runner: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let arguments = [MIB, STEPS];
    runner.forget("graph");
    let whole = runner.leg("graph", &[], &arguments, None, false)?.out;
    runner.forget("graph");
    let options = ["--memory", MEMORY];
    let mut last = runner.leg("graph", &options, &arguments, Some(("built", UNTIL_KILL)), false)?;
    let mut kills = 1;
    while kills < KILLS && last.figures.is_none() {
        last = runner.leg("graph", &options, &arguments, Some(("", UNTIL_KILL)), true)?;
        kills += 1;
    }
    let before = random_read_ns(&runner.world("graph"))?;
    if last.figures.is_none() {
        last = runner.leg("graph", &options, &arguments, None, true)?;
    }
    let disk_ns = f64::midpoint(before, random_read_ns(&runner.world("graph"))?);
    let figures = last.figures.ok_or("the last run was killed")?;
    let right = whole.lines().last() == last.out.lines().last() && !whole.is_empty();
    let count = |name: &str| figures[name].as_f64().ok_or(format!("no {name} in the figures"));
    // Touches that had to wait for the disk; pages that came in beside them are not counted.
    let misses = count("faults")? - count("rescued")?;
    let miss_ns = count("wall_ns")? / misses.max(1.0);
    let ratio = miss_ns / disk_ns;
    Ok(vec![
        Row::new(
            format!("world of 4 times its memory ({MEMORY}), random graph, killed {kills} times: answer"),
            "right",
            if right { "right" } else { "WRONG" },
            right,
        ),
        Row::new(
            "the same: time of a miss, all included, to a random read of 4 KiB of the same disk (O_DIRECT), page cache \
             emptied all the time",
            "≤ 2.0",
            format!(
                "{ratio:.2} ({:.0} µs to {:.0} µs; {misses:.0} misses, {:.0} pages in)",
                miss_ns / 1e3,
                disk_ns / 1e3,
                count("paged_in")?
            ),
            ratio <= 2.0,
        ),
    ])
}

/// Mean time of a read of one page at random, past the page cache.
fn random_read_ns(path: &Path) -> Result<f64, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let direct = OFlags::DIRECT.bits() as i32;
    let file: File = OpenOptions::new().read(true).custom_flags(direct).open(path).map_err(failed)?;
    let pages = file.metadata().map_err(failed)?.len() / PAGE_SIZE as u64;
    let mut memory = vec![0u8; 2 * PAGE_SIZE];
    let aligned = memory.as_ptr().align_offset(PAGE_SIZE);
    let buffer = &mut memory[aligned..aligned + PAGE_SIZE];
    let mut dice = Prng::new(pages);
    let started = Instant::now();
    for _ in 0..READS {
        file.read_exact_at(buffer, dice.below(pages) * PAGE_SIZE as u64).map_err(failed)?;
    }
    Ok(started.elapsed().as_nanos() as f64 / f64::from(READS))
}

/// Collections: what the heap's own measurement says, and one of a heap of four times its memory.
///
/// # Errors
/// When something cannot be run.
pub(super) fn collections(runner: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let timing = runner.example("heap", "timing", &["--json"])?;
    let find = |what: &str| -> Result<(f64, f64), String> {
        let row = timing.iter().find(|row| row["what"].as_str().is_some_and(|said| said.starts_with(what)));
        let row = row.ok_or_else(|| format!("the heap's timing has no {what:?}"))?;
        let number = |name: &str| row[name].as_f64().ok_or(format!("{what:?} has no {name}"));
        Ok((number("cpu_ns")?, number("bytes")?))
    };
    let (minor_ns, _) = find("minor collection (Keep), 5.0 % survives, lists of 10")?;
    let (full_ns, full_bytes) = find("full collection, 4 million objects live, nothing dies")?;
    let rate = full_bytes / full_ns * 1e3;
    let mut rows = vec![
        Row::new(
            "minor collection of a nursery of 8 MiB, 5 % survives, CPU",
            "≤ 2 ms",
            format!("{:.2} ms", minor_ns / 1e6),
            minor_ns <= 2e6,
        ),
        Row::new(
            "full collection, live data a CPU second",
            "≥ 300 MB/s",
            format!("{rate:.0} MB/s"),
            rate >= 300.0,
        ),
    ];
    let options = ["--memory", MEMORY];
    runner.fill_with("collect", &["--every", "1s", "--memory", MEMORY], &[MIB])?;
    let live = runner.pages("collect")?;
    let leg = runner.leg("collect", &options, &[MIB], None, true)?;
    if leg.out.lines().last() != Some("collected") {
        return Err(format!("collect said {:?}", leg.out));
    }
    let figures = leg.figures.ok_or("collect gave no figures")?;
    let count = |name: &str| figures[name].as_f64().ok_or(format!("no {name} in the figures"));
    let reads = count("paged_in")? / live as f64;
    rows.push(Row::shown(
        format!("full collection of a random graph of 4 times its memory ({MEMORY}), page cache emptied all the time"),
        format!(
            "each page of the world read {reads:.1} times ({live} pages), {:.1} s, at most {:.1} MiB held",
            count("wall_ns")? / 1e9,
            count("held_bytes_max")? / 1_048_576.0
        ),
    ));
    Ok(rows)
}

/// What is left of a hot set beside a scan.
///
/// # Errors
/// When this machine does not grant a world mapped with `userfaultfd`.
pub(super) fn scan(_: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let found = host::bench::scan(64 << 20).map_err(|error| error.to_string())?;
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    Ok(vec![Row::shown(
        "touches of a hot set of half the memory that find their page, beside a scan over 4 times the memory, four pages \
         of the scan to each",
        format!(
            "{} (of an LRU of the same size: {}; each read of the scan brings in {:.1} pages)",
            percent(found.hot_hits),
            percent(found.lru_hits),
            found.pages_a_scan_fault
        ),
    )])
}

/// The figures in a line of JSON.
pub(super) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
