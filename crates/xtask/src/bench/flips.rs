//! What a flip costs at several sizes of the world.

use super::{Options, Row};
use crate::bench::process::Runner;
use host::bench::flip_by_userfaultfd;

/// Bytes written before each flip.
const DIRTY_BYTES: u64 = 64 << 20;
/// Flips at each size.
const FLIPS: usize = 20;
/// Longest flip that the bar allows, nanoseconds.
const FLIP_NS_MAX: u64 = 100_000;

/// Measures.
///
/// # Errors
/// When the world cannot be mapped.
pub(crate) fn measure(_: &Runner, _: &Options) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for resident in [64u64 << 20, 1 << 30, 4 << 30] {
        let figures = flip_by_userfaultfd(resident, DIRTY_BYTES, FLIPS).map_err(|error| error.to_string())?;
        let mib = resident >> 20;
        rows.push(Row::new(
            format!("flip, {mib} MiB resident, 64 MiB dirty, CPU: median, longest of {FLIPS}"),
            "≤ 100 µs",
            format!("{:.1} µs, {:.1} µs", figures.flip_ns as f64 / 1e3, figures.flip_ns_max as f64 / 1e3),
            figures.flip_ns_max <= FLIP_NS_MAX,
        ));
        rows.push(Row::shown(
            "the same: capture window, first write to a page, write that saves, CPU",
            format!(
                "{:.1} ms, {:.2} µs, {:.2} µs",
                figures.capture_ns as f64 / 1e6,
                figures.first_write_ns as f64 / 1e3,
                figures.saving_write_ns as f64 / 1e3
            ),
        ));
    }
    Ok(rows)
}
