//! A few threads for calls that block.

use super::lock;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Most threads. They are started when all others are busy, and stay: a child process ends with the thread that started
/// it.
const THREADS_MAX: usize = 16;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs from one queue.
#[derive(Default)]
pub(super) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    ended: bool,
}

impl Pool {
    /// Runs a job as soon as a thread is free; false when there is no thread and none can be started.
    pub(super) fn run(&self, job: Job) -> bool {
        let mut queue = lock(&self.shared.queue);
        queue.jobs.push_back(job);
        if queue.jobs.len() > queue.idle && queue.threads < THREADS_MAX {
            let shared = self.shared.clone();
            let started =
                std::thread::Builder::new().name("outside".to_string()).spawn(move || shared.serve());
            if started.is_ok() {
                queue.threads += 1;
            } else if queue.threads == 0 {
                queue.jobs.pop_back();
                return false;
            }
        }
        drop(queue);
        self.shared.more.notify_one();
        true
    }
}

impl Shared {
    fn serve(&self) {
        loop {
            let mut queue = lock(&self.queue);
            queue.idle += 1;
            let waited = self.more.wait_while(queue, |queue| queue.jobs.is_empty() && !queue.ended);
            queue = waited.unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
            let Some(job) = queue.jobs.pop_front() else { return };
            drop(queue);
            job();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        lock(&self.shared.queue).ended = true;
        self.shared.more.notify_all();
    }
}
