//! [`HostClock`] and [`HostEntropy`].

use platform::{Clock, Entropy};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The clocks of the system.
#[derive(Debug)]
pub struct HostClock {
    start: Instant,
}

impl HostClock {
    /// A monotonic clock that starts now, and the wall clock.
    pub fn new() -> HostClock {
        HostClock { start: Instant::now() }
    }
}

impl Default for HostClock {
    fn default() -> HostClock {
        HostClock::new()
    }
}

impl Clock for HostClock {
    fn monotonic_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }
    /// Zero before 1970.
    fn wall_ns(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
    }
}

/// The random numbers of the kernel, `getrandom(2)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostEntropy;

impl Entropy for HostEntropy {
    /// # Panics
    /// When the kernel has no entropy to give, which Linux since 3.17 always has.
    fn fill(&self, bytes: &mut [u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let left = &mut bytes[done..];
            // SAFETY: writes at most so many bytes to a live slice.
            let got = unsafe { libc::getrandom(left.as_mut_ptr().cast(), left.len(), 0) };
            match got {
                some if some > 0 => done += some as usize,
                _ => {
                    let error = std::io::Error::last_os_error();
                    assert!(error.kind() == std::io::ErrorKind::Interrupted, "getrandom: {error}");
                }
            }
        }
    }
}
