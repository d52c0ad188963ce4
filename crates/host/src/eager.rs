//! [`Eager`]: waits that are short are passed without sleep.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A wait that may be passed looking: a thread of the host that sleeps runs again only some tens of microseconds after it is
/// woken, longer than many a client takes for its next question.
///
/// When the last wait was short the next is taken to be so too, and is passed looking, for twice that time (competitive
/// spinning: Karlin, Li, Manasse, Owicki, "Empirical studies of competitive spinning for a shared-memory multiprocessor",
/// SOSP 1991). Others run between two looks where the host is short of processors. Who waits for long sleeps at once.
#[derive(Debug)]
pub(crate) struct Eager {
    last_ns: AtomicU64,
}

/// A wait that takes at most so long is a short one.
const SHORT: Duration = Duration::from_micros(100);
/// Looks without a system call between two that let others run.
const LOOKS: u32 = 32;

impl Default for Eager {
    fn default() -> Eager {
        Eager { last_ns: AtomicU64::new(u64::MAX) }
    }
}

impl Eager {
    /// Waits until `look` says that there is something, or as long as `sleep` does, which gets the time that is left.
    pub(crate) fn wait(
        &self,
        timeout: Option<Duration>,
        mut look: impl FnMut() -> bool,
        sleep: impl FnOnce(Option<Duration>),
    ) {
        let began = Instant::now();
        let last = Duration::from_nanos(self.last_ns.load(Ordering::Relaxed));
        let mut left = timeout;
        if last <= SHORT {
            let most = SHORT.min(last * 2).min(timeout.unwrap_or(SHORT));
            loop {
                for _ in 0..LOOKS {
                    std::hint::spin_loop();
                    if look() {
                        self.passed(began);
                        return;
                    }
                }
                let passed = began.elapsed();
                if passed >= most {
                    left = timeout.map(|timeout| timeout.saturating_sub(passed));
                    break;
                }
                std::thread::yield_now();
            }
        }
        sleep(left);
        self.passed(began);
    }

    fn passed(&self, began: Instant) {
        let ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last_ns.store(ns, Ordering::Relaxed);
    }
}
