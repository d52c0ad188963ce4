//! A world without libc and without std: compiles a program, runs it, takes a snapshot, opens the world again from it and
//! runs to the end. `cargo xtask test` links and runs it; an undefined symbol or a wrong output fails the test.
#![no_std]
#![no_main]
extern crate alloc;

mod runtime;

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{PageBytes, PageIndex, PageRange, WORLD_SIZE};
use core::sync::atomic::{AtomicU64, Ordering};
use platform::{
    ANNOUNCED_BYTES, BlockDevice, Clock, Console, ConsoleInput, DeviceError, Entropy, MapperError,
    PageMapper, PageSource, Paging, Platform, Waiter,
};
use world::{Event, Ports, World, WorldOptions};

/// Says the same whether or not the world is opened anew in its middle.
const SOURCE: &str = "package .freestanding; import .internal.time; class hello { int main(string[] args) {
    var clock = new .internal.time(); int sum = 0;
    for (int i = 1; i <= 10; i++) { sum += i * i; clock.sleepMsec(10); }
    println(\"sum of squares: \" + sum); return 0; } };";

/// Memory that a device or a mapping keeps for ever.
struct Ram {
    start: usize,
    len: AtomicU64,
}

impl Ram {
    fn range(&self, offset: u64, count: usize) -> Result<*mut u8, DeviceError> {
        let len = self.len.load(Ordering::Relaxed);
        if offset + count as u64 > len {
            return Err(DeviceError::OutOfRange { offset, count: count as u64, len });
        }
        Ok((self.start + offset as usize) as *mut u8)
    }
}

impl BlockDevice for Ram {
    fn len(&self) -> u64 {
        self.len.load(Ordering::Relaxed)
    }
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        let from = self.range(offset, bytes.len())?;
        // SAFETY: the range was checked and the mapping lives as long as the process.
        unsafe { core::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        let to = self.range(offset, bytes.len())?;
        // SAFETY: as in `read`; one thread.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }
    fn flush(&self) -> Result<(), DeviceError> {
        Ok(())
    }
    fn grow(&self, len: u64) -> Result<(), DeviceError> {
        if len > DEVICE_BYTES {
            return Err(DeviceError::NoSpace { what: "growing".to_string() });
        }
        self.len.fetch_max(len, Ordering::Relaxed);
        Ok(())
    }
    fn shrink(&self, len: u64) -> Result<(), DeviceError> {
        let old = self.len();
        if len < old {
            // What grows again must read as zero.
            let from = self.range(len, (old - len) as usize)?;
            // SAFETY: as in `write`.
            unsafe { core::ptr::write_bytes(from, 0, (old - len) as usize) };
            self.len.store(len, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Room of the device.
const DEVICE_BYTES: u64 = 1 << 30;

/// An address space without help from the processor, whose pages are all read at the start.
struct Flat {
    base: usize,
    announced: usize,
}

impl PageMapper for Flat {
    fn host_base(&self) -> usize {
        self.base
    }
    fn announced(&self) -> usize {
        self.announced
    }
    fn paging(&self) -> Paging {
        Paging::Eager
    }
    fn name(&self) -> &'static str {
        "flat"
    }
    fn start(&self, _: Arc<dyn PageSource>, _: PageRange) -> Result<(), MapperError> {
        Ok(())
    }
    fn install(&self, page: PageIndex, bytes: &PageBytes) -> Result<(), MapperError> {
        let to = (self.base + page.addr().offset() as usize) as *mut u8;
        // SAFETY: a page index lies in the mapping; one thread.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }
    fn discard(&self, pages: PageRange) -> Result<(), MapperError> {
        for page in pages.iter() {
            self.install(page, &[0; base::PAGE_SIZE])?;
        }
        Ok(())
    }
    fn resident_bytes(&self) -> u64 {
        0
    }
}

/// Time that only passes when somebody waits.
#[derive(Default)]
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn monotonic_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
    fn wall_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
impl Waiter for Ticks {
    fn wait(&self, timeout_ns: Option<u64>) {
        self.0.fetch_add(timeout_ns.unwrap_or(1), Ordering::Relaxed);
    }
    fn notify(&self) {}
}
impl Entropy for Ticks {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x5a);
    }
}

struct Standard;

impl Console for Standard {
    fn write(&self, text: &[u8]) {
        runtime::write(1, text);
    }
    fn write_error(&self, text: &[u8]) {
        runtime::write(2, text);
    }
    fn poll_line(&self) -> ConsoleInput {
        ConsoleInput::End
    }
}

fn ports(device: &Arc<Ram>, ticks: &Arc<Ticks>) -> Ports {
    let platform = Platform {
        clock: ticks.clone(),
        entropy: ticks.clone(),
        console: Arc::new(Standard),
        waiter: ticks.clone(),
        reactor: Arc::new(platform::NoOutside),
    };
    let mapper = Arc::new(Flat {
        base: runtime::reserve(WORLD_SIZE as usize),
        announced: runtime::reserve(ANNOUNCED_BYTES as usize),
    });
    Ports { device: device.clone(), mapper, platform, snapshot_waiter: ticks.clone() }
}

/// Entry, called on a fresh stack.
extern "C" fn main() -> ! {
    let output = lang::compile(&lang::Request::single("hello.ph", SOURCE), &lang::NoSources);
    let module = output.module.expect("the program compiles");
    let entry = module.entry.clone().expect("the program has an entry");
    let device = Arc::new(Ram { start: runtime::reserve(DEVICE_BYTES as usize), len: AtomicU64::new(0) });
    let ticks = Arc::new(Ticks::default());
    let first = ports(&device, &ticks);
    let (mut world, mut snapshotter) = World::create(&first, WorldOptions::default()).expect("a world");
    world.define_module(&bytecode::encode(&module)).expect("the module is sound");
    world.start_program("hello", &entry, &Vec::new(), 0).expect("the program starts");
    // In the middle of the loop, a snapshot; then everything but the device is forgotten.
    for _ in 0..5 {
        run_until_idle(&mut world, &ticks);
    }
    world.flip(&|_| {}).expect("a flip");
    snapshotter.complete(&|_| {}).expect("a snapshot");
    drop((world, snapshotter, first));
    let (mut world, _, _) =
        World::open(&ports(&device, &ticks), WorldOptions::default()).expect("the world again");
    while run_until_idle(&mut world, &ticks) {}
    runtime::exit(0)
}

/// Whether there is more to run.
fn run_until_idle(world: &mut World, ticks: &Ticks) -> bool {
    match world.run(None, &|_| {}).expect("the world runs") {
        Event::Idle { wait_ns } => {
            ticks.wait(wait_ns);
            true
        }
        Event::Ended => false,
        _ => true,
    }
}
