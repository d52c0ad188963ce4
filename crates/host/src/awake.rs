//! [`Awake`]: keeps the processors from falling asleep while a thread waits for a disk that answers at once.
//!
//! A processor with nothing to do is switched off, and to wake it takes tens of microseconds where the machine is a guest of
//! another (a halt leaves the guest) or sleeps deeply: as long as a fast disk needs for a flush. Threads of the lowest class
//! (`sched(7)`, `SCHED_IDLE`), which give way to any other at once, keep it busy meanwhile.
//!
//! *Invariant:* they look at nothing but a clock and touch nothing of the world.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// On larger machines it is not known which processors the disk's answers go to, and all of them would be too many.
const PROCESSORS_MAX: usize = 4;

/// Threads that keep the processors awake for as long as they are asked to, and sleep otherwise.
pub struct Awake {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    origin: Instant,
    /// Nanoseconds after `origin` until which the processors are kept awake.
    until_ns: AtomicU64,
    asleep: AtomicUsize,
    ended: AtomicBool,
}

impl std::fmt::Debug for Awake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Awake").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

impl Awake {
    /// One thread for each processor of a small machine that this process has for itself; none on a larger one, where the
    /// process may use a share of the processors only (what is spun away would count against it), or where there can be no
    /// thread of the lowest class.
    #[must_use]
    pub fn new() -> Awake {
        let shared = Arc::new(Shared {
            origin: Instant::now(),
            until_ns: AtomicU64::new(0),
            asleep: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        });
        let usable = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        // SAFETY: a question to the system.
        let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
        let count = if online == usable as i64 && usable <= PROCESSORS_MAX { usable } else { 0 };
        let start = |_| {
            let shared = shared.clone();
            std::thread::Builder::new().name("awake".to_string()).spawn(move || shared.keep_awake()).ok()
        };
        let threads = (0..count).filter_map(start).collect();
        Awake { shared, threads }
    }

    /// Keeps the processors awake for so long from now on.
    pub fn extend(&self, time: Duration) {
        let until = self.shared.now_ns() + time.as_nanos() as u64;
        self.shared.until_ns.store(until, SeqCst);
        if self.shared.asleep.load(SeqCst) > 0 {
            self.threads.iter().for_each(|thread| thread.thread().unpark());
        }
    }
}

impl Default for Awake {
    fn default() -> Awake {
        Awake::new()
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn now_ns(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }

    fn keep_awake(&self) {
        let lowest = libc::sched_param { sched_priority: 0 };
        // SAFETY: the thread's own class, and a parameter that outlives the call.
        if unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &lowest) } != 0 {
            return;
        }
        while !self.ended.load(SeqCst) {
            if self.now_ns() < self.until_ns.load(SeqCst) {
                std::hint::spin_loop();
                continue;
            }
            self.asleep.fetch_add(1, SeqCst);
            // Whoever asks from here on sees that this one sleeps, and a wake that comes before the sleep ends it.
            if self.now_ns() >= self.until_ns.load(SeqCst) && !self.ended.load(SeqCst) {
                std::thread::park();
            }
            self.asleep.fetch_sub(1, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Awake;
    use std::time::Duration;

    /// CPU time of the threads called `awake`, in clock ticks (`proc_pid_stat(5)`).
    fn ticks() -> u64 {
        let ours = |stat: String| {
            let (head, rest) = stat.rsplit_once(") ")?;
            let fields: Vec<u64> = rest.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
            head.ends_with("(awake").then(|| fields.iter().sum::<u64>())
        };
        let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        tasks.filter_map(|task| ours(std::fs::read_to_string(task.path().join("stat")).ok()?)).sum()
    }

    #[test]
    fn sleeps_unless_asked() {
        let awake = Awake::new();
        for _ in 0..100 {
            awake.extend(Duration::from_micros(50));
            std::thread::sleep(Duration::from_micros(100));
        }
        std::thread::sleep(Duration::from_millis(50));
        let before = ticks();
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(ticks(), before, "threads that nobody asked to stay awake use the processor");
    }
}
