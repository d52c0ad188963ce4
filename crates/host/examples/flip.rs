//! Prints what a flip costs: `cargo run --release -p host --example flip`.

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("64 MiB written before each of 20 flips; ns but where it says otherwise");
    println!("resident  page-in  first write  later  flip  flip max  window µs  saving write  stall max µs");
    for mib in [64u64, 1024, 4096] {
        let figures = match host::bench::flip_by_userfaultfd(mib << 20, 64 << 20, 20) {
            Ok(figures) => figures,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        };
        println!(
            "{:>5} MiB {:>7} {:>12} {:>6} {:>5} {:>9} {:>10} {:>13} {:>13}",
            mib,
            figures.page_in_ns,
            figures.first_write_ns,
            figures.later_write_ns,
            figures.flip_ns,
            figures.flip_ns_max,
            figures.capture_ns / 1000,
            figures.saving_write_ns,
            figures.stall_ns_max / 1000,
        );
    }
    ExitCode::SUCCESS
}
