//! `phantom compact`: live data moves to the front of a world's file, and the end of it is given back.

use crate::Failure;
use crate::arguments::Compact;
use crate::history::open_to_change;
use crate::look::{print, size};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Compacts a world that does not run.
///
/// # Errors
/// When the world cannot be opened or written; it is whole then, and a part of the work may be done.
pub(crate) fn compact(options: &Compact) -> Result<u8, Failure> {
    let world = &options.world;
    let fail = |error: &dyn std::fmt::Display| Failure::World(format!("{}: {error}", world.display()));
    let store = open_to_change(world, &format!("`phantom stop {}` first", world.display()))?;
    let before = store.stats().device_bytes;
    let bar = if options.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} pages moved, {eta} left") {
        bar.set_style(style);
    }
    let mut compaction = store.compaction(options.keep_history);
    let done = loop {
        let progress = compaction.step().map_err(|error| fail(&error))?;
        bar.set_length(progress.moved_pages + progress.left_pages);
        bar.set_position(progress.moved_pages);
        if progress.is_done {
            break progress;
        }
    };
    bar.finish_and_clear();
    let live = store.stats().live_bytes;
    let machine = json!({"before_bytes": before, "after_bytes": done.device_bytes, "live_bytes": live,
        "moved_pages": done.moved_pages});
    let human = format!(
        "{}: {}, {} before; {} of it are the newest snapshot\n",
        world.display(),
        size(done.device_bytes),
        size(before),
        size(live)
    );
    print(options.json, &machine, &human)
}
