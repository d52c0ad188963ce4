//! Eviction of one page against a writer, a flip, a capture and its commit, explored with `loom`; and planted bugs.
//!
//! Whatever the order: the snapshot is the page at the flip, the page reads as it was written last, and what was written
//! after the flip is either durable by content or in the next dirty set.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use loom::sync::atomic::AtomicU32;
use loom::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use loom::sync::{Arc, Mutex};
use loom::thread;
use memory::protocol::{self, Claim, Place, Site, Stage, Word};

const OPEN_SEQUENCE: u32 = 7;
/// What is durable before, what the page holds at the flip.
const DURABLE: u32 = 1;
const AT_FLIP: u32 = 2;

const WRONG: &str = "the eviction lost something:";

/// A planted bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mutant {
    None,
    /// The page is looked at, found durable, and then dropped whatever it holds.
    CleanDropped,
    /// Whether it may be dropped is asked before the page is taken away.
    AskedEarly,
    /// The pages of a capture that is not durable yet are not looked at.
    StagingIgnored,
    /// The content is not compared with what is durable.
    NotCompared,
    /// A capture is called durable when it is only in staging.
    DurableEarly,
}

/// How the world stands when the evictor begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scenario {
    /// The writer works just before the flip and after it, back to what is durable, beside the evictor.
    Flip,
    /// The flip is done; writer, snapshotter and evictor run beside each other.
    Capture,
}

struct StateWord(AtomicU32);

impl Word for StateWord {
    fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }
    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, order);
    }
    fn replace(&self, current: u32, new: u32, success: Ordering, failure: Ordering) -> bool {
        self.0.compare_exchange(current, new, success, failure).is_ok()
    }
}

struct Page {
    mutant: Mutant,
    announced: AtomicU32,
    stage: AtomicU32,
    pending: AtomicU32,
    sequence: AtomicU32,
    word: StateWord,
    /// What the kernel has; none while the page is away or dropped.
    frame: Mutex<Option<u32>>,
    /// Held while the page is away and while it comes in: who touches a missing page waits here.
    pager: Mutex<()>,
    durable: Mutex<u32>,
    closing: AtomicU32,
    next_dirty: AtomicU32,
    saved: Mutex<Option<u32>>,
}

impl Place for Page {
    type Word = StateWord;
    fn word(&self) -> &StateWord {
        &self.word
    }
    fn stage(&self) -> Stage {
        [Stage::Idle, Stage::Copying][self.stage.load(Acquire) as usize]
    }
    fn in_closing_set(&self) -> bool {
        self.closing.load(Acquire) != 0
    }
    fn pending(&self) -> bool {
        self.pending.load(Acquire) != 0
    }
    fn sequence(&self) -> u32 {
        self.sequence.load(Acquire)
    }
}

impl Site for Page {
    fn save(&self) {
        *self.saved.lock().unwrap() = Some(self.read());
    }
    fn mark_dirty(&self) {
        self.next_dirty.store(1, Relaxed);
    }
    fn relax(&self) {
        thread::yield_now();
    }
}

impl Page {
    fn new(scenario: Scenario, mutant: Mutant) -> Page {
        let flipped = scenario == Scenario::Capture;
        Page {
            mutant,
            announced: AtomicU32::new(0),
            stage: AtomicU32::new(u32::from(flipped)),
            pending: AtomicU32::new(u32::from(flipped)),
            sequence: AtomicU32::new(if flipped { OPEN_SEQUENCE } else { OPEN_SEQUENCE - 1 }),
            word: StateWord(AtomicU32::new(0)),
            frame: Mutex::new(Some(if flipped { AT_FLIP } else { DURABLE })),
            pager: Mutex::new(()),
            durable: Mutex::new(DURABLE),
            closing: AtomicU32::new(u32::from(flipped)),
            next_dirty: AtomicU32::new(0),
            saved: Mutex::new(None),
        }
    }

    /// A touch: the page comes in first, if it must.
    fn touch<T>(&self, access: impl Fn(&mut u32) -> T) -> T {
        let mut frame = self.frame.lock().unwrap();
        if let Some(content) = &mut *frame {
            return access(content);
        }
        drop(frame);
        let _pager = self.pager.lock().unwrap();
        let mut frame = self.frame.lock().unwrap();
        access(frame.get_or_insert_with(|| *self.durable.lock().unwrap()))
    }

    fn read(&self) -> u32 {
        self.touch(|content| *content)
    }

    fn store(&self, value: u32) {
        if self.announced.load(Acquire) == 0 {
            protocol::announce(self, self.sequence.load(Relaxed));
            self.announced.store(1, Release);
        }
        self.touch(|content| *content = value);
    }

    /// What was to be done in the epoch that ends is done.
    fn flip(&self) {
        self.pending.store(1, Release);
        self.closing.store(self.next_dirty.load(Relaxed), Relaxed);
        self.next_dirty.store(0, Relaxed);
        self.announced.store(0, Relaxed);
        self.sequence.store(OPEN_SEQUENCE, Release);
        self.stage.store(1, Release);
    }

    fn may_drop(&self) -> bool {
        self.mutant == Mutant::StagingIgnored || protocol::may_drop(self)
    }

    fn evict(&self) {
        let _pager = self.pager.lock().unwrap();
        let early = self.mutant == Mutant::AskedEarly && self.may_drop();
        if self.mutant == Mutant::CleanDropped {
            let content = *self.frame.lock().unwrap();
            let clean = content == Some(*self.durable.lock().unwrap()) && self.may_drop();
            if clean {
                *self.frame.lock().unwrap() = None;
            }
            return;
        }
        let taken = self.frame.lock().unwrap().take();
        let Some(content) = taken else { return };
        let may_drop = if self.mutant == Mutant::AskedEarly { early } else { self.may_drop() };
        let same = self.mutant == Mutant::NotCompared || content == *self.durable.lock().unwrap();
        if !(may_drop && same) {
            *self.frame.lock().unwrap() = Some(content);
        }
    }

    /// Takes the flipped epoch to the store; what the store gets.
    fn capture(&self) -> Option<u32> {
        let content = (self.closing.load(Relaxed) != 0).then(|| match protocol::claim(self, OPEN_SEQUENCE) {
            Claim::Saved => self.saved.lock().unwrap().take().unwrap(),
            Claim::Copy => {
                let content = self.read();
                protocol::finish_copy(self, OPEN_SEQUENCE);
                content
            }
        });
        self.closing.store(0, Release);
        self.stage.store(0, Release);
        if self.mutant == Mutant::DurableEarly {
            self.pending.store(0, Release);
            thread::yield_now();
        }
        if let Some(content) = content {
            *self.durable.lock().unwrap() = content;
        }
        self.pending.store(0, Release);
        content
    }
}

fn explore(scenario: Scenario, mutant: Mutant) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(if scenario == Scenario::Flip { 3 } else { 2 });
    model.check(move || {
        let page = Arc::new(Page::new(scenario, mutant));
        let evictor = {
            let page = page.clone();
            thread::spawn(move || page.evict())
        };
        let (snapshot, last) = match scenario {
            Scenario::Flip => {
                page.store(AT_FLIP);
                page.flip();
                page.store(DURABLE);
                (page.capture(), DURABLE)
            }
            Scenario::Capture => {
                let writer = {
                    let page = page.clone();
                    thread::spawn(move || page.store(DURABLE))
                };
                let snapshot = page.capture();
                writer.join().unwrap();
                (snapshot, DURABLE)
            }
        };
        evictor.join().unwrap();
        assert_eq!(snapshot, Some(AT_FLIP), "{WRONG} the snapshot is not the page at the flip");
        assert_eq!(page.read(), last, "{WRONG} the page is not what was written last");
        assert!(
            page.next_dirty.load(Relaxed) != 0,
            "{WRONG} what was written after the flip is not in the next dirty set"
        );
    });
}

#[test]
fn every_interleaving_keeps_the_page() {
    explore(Scenario::Flip, Mutant::None);
    explore(Scenario::Capture, Mutant::None);
}

#[test]
fn planted_bugs_are_found() {
    use Mutant::*;
    let planted = [CleanDropped, AskedEarly, StagingIgnored, NotCompared, DurableEarly];
    let found = |mutant: Mutant| {
        [Scenario::Flip, Scenario::Capture].into_iter().any(|scenario| {
            let Err(panic) = std::panic::catch_unwind(|| explore(scenario, mutant)) else { return false };
            panic.downcast_ref::<String>().is_some_and(|text| text.contains(WRONG))
        })
    };
    let escaped: Vec<_> = planted.into_iter().filter(|mutant| !found(*mutant)).collect();
    assert!(escaped.is_empty(), "not found: {escaped:?}");
}
