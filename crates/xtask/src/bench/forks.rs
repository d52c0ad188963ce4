//! `cargo xtask bench fork`: copies and checks of a large world, against what the disk itself takes for a copy and to read.

use super::process::{Runner, drop_page_cache};
use super::statistics::median;
use super::{Options, Row};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

/// Bytes that the plain copy moves at a time.
const PIECE_BYTES: usize = 1 << 20;

/// How often the file is read and checked in turn.
const CHECKS: usize = 3;

/// A check, a fork into a file of its own, both after the world has left the page cache, and a restore in the file.
///
/// # Errors
/// When something cannot be run.
pub(super) fn measure(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let size = options.resume_mib.to_string();
    runner.fill("large", &[&size])?;
    // It goes on and ends, so that the newest snapshots differ little, as they do where a world is not just being filled.
    runner.leg("large", &["--every", "1s"], &[&size], None, false)?;
    let world = runner.world("large");
    let checked = check(runner, &world)?;
    let (copy, fork) = (world.with_extension("copy"), world.with_extension("fork"));
    drop_page_cache();
    let (bytes, copied_s) = plain_copy(&world, &copy)?;
    let copy_rate = bytes as f64 / copied_s;
    std::fs::remove_file(&copy).map_err(|error| error.to_string())?;
    drop_page_cache();
    let before = Instant::now();
    let forked = runner.phantom(&["fork", "--json", &shown(&world), &shown(&fork)])?;
    // As durable as the copy is.
    File::open(&fork).and_then(|file| file.sync_all()).map_err(|error| error.to_string())?;
    let fork_s = before.elapsed().as_secs_f64();
    // Where nothing is copied, there are no pages to count.
    let live = forked["pages"].as_f64().unwrap_or(0.0) * 4096.0;
    let shared = forked["shared"] == serde_json::json!(true);
    let _ = std::fs::remove_file(&fork);
    let log = runner.phantom(&["log", "--json", &shown(&world)])?;
    // The log begins with what the world was before its first snapshot, to which nothing can be restored.
    let all: Vec<u64> = log
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["epoch"].as_u64())
        .filter(|epoch| *epoch > 0)
        .collect();
    let [oldest, .., near, _] = all.as_slice() else {
        return Err("the world has too few snapshots".to_string());
    };
    let near_ms = restore(runner, &world, *near, "before")?;
    let all_ms = restore(runner, &world, *oldest, "again")?;
    let rate = live / fork_s;
    let how = if shared { "shared by the file system" } else { "copied" };
    Ok(vec![
        checked,
        Row::shown(
            format!("plain copy of the file of {:.0} MiB, cold, durable", bytes as f64 / 1_048_576.0),
            format!("{copied_s:.1} s, {:.0} MB/s", copy_rate / 1e6),
        ),
        Row::new(
            format!(
                "fork of a world of {} MiB into a file of its own, cold, durable ({how})",
                options.resume_mib
            ),
            "at once where shared, else ≥ 0.8 of the plain copy's speed",
            format!("{fork_s:.1} s, {:.0} MB/s", rate / 1e6),
            if shared { fork_s <= 1.0 } else { rate >= 0.8 * copy_rate },
        ),
        Row::new(
            format!(
                "fork inside the file: tag and restore to the snapshot before, {} MiB, with the start of the process",
                options.resume_mib
            ),
            "≤ 200 ms",
            format!("{near_ms:.0} ms"),
            near_ms <= 200.0,
        ),
        Row::shown(
            "the same, to the oldest snapshot, from which nearly all pages differ",
            format!("{all_ms:.0} ms"),
        ),
    ])
}

/// `phantom check` beside a plain read of the file, both cold.
fn check(runner: &Runner, world: &Path) -> Result<Row, String> {
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for _ in 0..CHECKS {
        drop_page_cache();
        let before = Instant::now();
        plain_read(world)?;
        let read_s = before.elapsed().as_secs_f64();
        drop_page_cache();
        let before = Instant::now();
        runner.phantom(&["check", "--json", &shown(world)])?;
        let check_s = before.elapsed().as_secs_f64();
        ratios.push(check_s / read_s);
        times.push(check_s);
    }
    let ratio = median(&ratios);
    Ok(Row::new(
        "`check`, cold: time, to that of reading the file",
        "≤ 1.5",
        format!("{ratio:.2} ({:.1} s)", median(&times)),
        ratio <= 1.5,
    ))
}

/// Reads a file from its start to its end.
fn plain_read(path: &Path) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", path.display());
    let (mut file, mut piece) = (File::open(path).map_err(fail)?, vec![0u8; PIECE_BYTES]);
    while file.read(&mut piece).map_err(fail)? > 0 {}
    Ok(())
}

/// Tags what a world is and makes it an older snapshot; milliseconds, with the start of the process.
fn restore(runner: &Runner, world: &Path, epoch: u64, tag: &str) -> Result<f64, String> {
    let before = Instant::now();
    let name = format!("{}@{epoch}", shown(world));
    let restored = runner.phantom(&["restore", "--json", "--keep-as", tag, &name])?;
    let took_ms = before.elapsed().as_secs_f64() * 1e3;
    if restored["restored"].as_u64() != Some(epoch) {
        return Err("the restore went elsewhere".to_string());
    }
    Ok(took_ms)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Bytes and seconds of a copy that nothing is clever about.
fn plain_copy(from: &Path, to: &Path) -> Result<(u64, f64), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", to.display());
    let before = Instant::now();
    let (mut source, mut target) = (File::open(from).map_err(fail)?, File::create(to).map_err(fail)?);
    let (mut piece, mut bytes) = (vec![0u8; PIECE_BYTES], 0);
    loop {
        let count = source.read(&mut piece).map_err(fail)?;
        if count == 0 {
            break;
        }
        target.write_all(&piece[..count]).map_err(fail)?;
        bytes += count as u64;
    }
    target.sync_all().map_err(fail)?;
    Ok((bytes, before.elapsed().as_secs_f64()))
}
