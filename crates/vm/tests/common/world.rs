//! A world in simulated memory that runs one program after the other.

use super::PRELUDE;
use base::{Addr, Epoch, PageBytes, PageIndex, PageRange};
use bytecode::{Module, assemble, encode};
use layout::Value;
use layout::area::NURSERY;
use layout::schema::{array, class, program, thread};
use layout::value::Unpacked;
use memory::{Memory, MemoryConfig};
use platform::{PageSource, Platform};
use sim::{SimClock, SimConsole, SimEntropy, SimMapper, SimWaiter};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use vm::{DefineError, Limits, RunState, Vm};

/// What came of a program.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Gave an i32.
    I32(i32),
    /// Gave an i64.
    I64(i64),
    /// Gave an f32 of these bits.
    F32(u32),
    /// Gave an f64 of these bits.
    F64(u64),
    /// Gave null, or nothing.
    Null,
    /// Gave a string.
    Text(String),
    /// Gave an object of this class.
    Object(String),
    /// Threw an object of this class.
    Threw(String),
    /// Threw a string.
    ThrewText(String),
    /// The module was refused.
    Refused(String),
    /// Its first thread died, with this report.
    Died(String),
    /// Its thread waits for what will not come.
    Stuck,
    /// It did not end within the slices that it is given.
    Endless,
    /// The machine panicked. It never may.
    Panicked(String),
}

/// Most worlds at a time: each takes 16 TiB of the 128 TiB of address space that a process has.
const WORLDS_MAX: u32 = 4;
/// Bytes that objects may take.
const MEMORY_LIMIT: u64 = 1 << 30;
/// Slices that a program is given.
pub(crate) const SLICES_MAX: u64 = 20_000;

static WORLDS: Mutex<u32> = Mutex::new(0);
static WORLD_GONE: Condvar = Condvar::new();

/// The right to have a world.
struct Permit;

impl Permit {
    fn take() -> Permit {
        let worlds = WORLDS.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worlds = WORLD_GONE
            .wait_while(worlds, |worlds| *worlds >= WORLDS_MAX)
            .unwrap_or_else(PoisonError::into_inner);
        *worlds += 1;
        Permit
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *WORLDS.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        WORLD_GONE.notify_one();
    }
}

/// No page is stored.
struct Empty;

impl PageSource for Empty {
    fn read_page(&self, _page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        bytes.fill(0);
        Ok(false)
    }
}

/// A world and the time that passes in it.
pub(crate) struct TestWorld {
    pub(crate) vm: Vm,
    clock: Arc<SimClock>,
    /// After the memory is gone.
    _permit: Permit,
}

impl TestWorld {
    /// A new world with the classes of the prelude.
    pub(crate) fn new() -> TestWorld {
        let mut world = TestWorld::bare();
        let prelude = assemble(PRELUDE).unwrap_or_else(|errors| panic!("the prelude: {errors:?}"));
        world.vm.define_module(&encode(&prelude)).unwrap_or_else(|error| panic!("the prelude: {error}"));
        world
    }

    /// A new world with the classes of the kernel alone.
    pub(crate) fn bare() -> TestWorld {
        let permit = Permit::take();
        let clock = Arc::new(SimClock::new());
        let platform = Platform {
            clock: clock.clone(),
            entropy: Arc::new(SimEntropy::new(1)),
            console: Arc::new(SimConsole::new()),
            waiter: Arc::new(SimWaiter::new(clock.clone())),
            reactor: Arc::new(platform::NoOutside),
        };
        let mapper = SimMapper::new().unwrap_or_else(|error| panic!("{error}"));
        let config = MemoryConfig::new(PageRange::covering(NURSERY.start, NURSERY.len()));
        let memory = Memory::new(Arc::new(mapper), Arc::new(Empty), config, Epoch(0));
        let memory = memory.unwrap_or_else(|error| panic!("{error}"));
        let mut vm = Vm::format(memory, platform);
        vm.set_memory_limit(MEMORY_LIMIT);
        TestWorld { vm, clock, _permit: permit }
    }

    pub(crate) fn chaos(&mut self, seed: u64) {
        self.vm.set_slice(100);
        self.vm.chaos(seed);
    }

    /// Runs the entry of a module to its end. The world is gone if the machine panicked.
    pub(crate) fn run(mut self, module: &Module, slices: u64) -> (Outcome, Option<TestWorld>) {
        let bytes = encode(module);
        let entry = module.entry.clone().unwrap_or_default();
        match catch_unwind(AssertUnwindSafe(|| self.run_bytes(&bytes, &entry, slices))) {
            // What waits for ever would be there for all programs to come.
            Ok(outcome @ (Outcome::Stuck | Outcome::Endless)) => (outcome, None),
            Ok(outcome) => (outcome, Some(self)),
            Err(payload) => (Outcome::Panicked(panic_text(&*payload)), None),
        }
    }

    /// Defines a module and runs the `main` of a class of it for at most so many slices.
    pub(crate) fn run_bytes(&mut self, bytes: &[u8], entry: &str, slices: u64) -> Outcome {
        match self.vm.define_module(bytes) {
            Ok(_) => {}
            Err(DefineError::Verify { errors }) => return Outcome::Refused(errors.join("; ")),
            Err(error) => return Outcome::Refused(error.to_string()),
        }
        let program = match self.vm.start_program("test", entry, &[], 0) {
            Ok(program) => program,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let mut left = slices;
        loop {
            let state =
                self.vm.run(Limits { slices: Some(left.min(64)) }).unwrap_or_else(|error| panic!("{error}"));
            match state {
                RunState::AllEnded => return self.outcome(program),
                RunState::Idle { wake_ns: Some(wake), .. } => {
                    self.clock.advance(wake.saturating_sub(self.vm.clock_ns()));
                    left = left.saturating_sub(1);
                }
                RunState::Idle { .. } => return Outcome::Stuck,
                RunState::Requested => left = left.saturating_sub(64),
            }
            if left == 0 {
                return Outcome::Endless;
            }
        }
    }

    fn outcome(&mut self, program: Addr) -> Outcome {
        let failure = self.vm.get_ref(program, program::FAILURE);
        if let Some(report) = self.vm.string_bytes_of(failure) {
            return Outcome::Died(String::from_utf8_lossy(&report).into_owned());
        }
        let thread = self.vm.ref_field(program, program::THREAD);
        let result = self.vm.get_ref(thread, thread::RESULT);
        let Some(results) = result.as_object() else { return Outcome::Null };
        let [gave, threw] = [0, 8].map(|offset| self.vm.get_ref(results, array::DATA + offset));
        if threw.is_null() {
            return self.describe(gave);
        }
        match self.vm.string_bytes_of(threw) {
            Some(text) => Outcome::ThrewText(String::from_utf8_lossy(&text).into_owned()),
            None => Outcome::Threw(self.class_name(threw)),
        }
    }

    fn describe(&self, value: Value) -> Outcome {
        match value.unpack() {
            Unpacked::Null => Outcome::Null,
            Unpacked::Int(number) => Outcome::I32(number),
            Unpacked::Float(number) => Outcome::F32(number.to_bits()),
            Unpacked::Reserved(bits) => panic!("a reference with the bits {bits:#x}"),
            Unpacked::Long(_) | Unpacked::Object(_) => {
                if let Some(number) = self.vm.as_long(value) {
                    Outcome::I64(number)
                } else if let Some(number) = self.vm.as_double(value) {
                    Outcome::F64(number.to_bits())
                } else if let Some(text) = self.vm.string_bytes_of(value) {
                    Outcome::Text(String::from_utf8_lossy(&text).into_owned())
                } else {
                    Outcome::Object(self.class_name(value))
                }
            }
        }
    }

    fn class_name(&self, value: Value) -> String {
        let name = self.vm.get_ref(self.vm.class_of(value), class::NAME);
        String::from_utf8_lossy(&self.vm.string_bytes_of(name).unwrap_or_default()).into_owned()
    }
}

/// The message of a panic.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("(no text)").to_owned()
}
