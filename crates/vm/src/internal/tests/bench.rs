//! A bench for kernel methods: a script of calls in, a transcript out.
//!
//! One line is one step; what it leads to stands behind an arrow:
//! ```text
//! d = new directory            makes an object of `.internal.directory`
//! d put "a" 1                  calls a method; literals: "text", 1, 1L, 1.5f, 1.5, null, [elements], names
//! x = d get "a"                keeps a result
//! again                        invokes the waiting method once more
//! restart                      saves the world, opens it in a new memory; a waiting method keeps waiting
//! collect                      collects everything that nothing refers to
//! clock 5                      moves the clocks by milliseconds
//! commit                       says that the open epoch is durable
//! input line / input-open / output
//! grant net read=/dir          grants the program all that, instead of what it had
//! file /dir/a text / folder /dir / unfile /dir/a / content /dir/a / disk-full / disk-free
//! peer connect 127.0.0.1:80 / peer listen ... / peer accept / peer send text / peer receive / peer close
//! open                         how much is open on all machines
//! ```
//! Names keep their objects over a restart; `boot` and `thread`, the one that calls, are there from the start. The frame of a waiting method stands in the area of stacks as the machine lays
//! it out.

extern crate std;

use crate::Vm;
use crate::connectors::Outside;
use crate::internal::{Call, Outcome, STATE_SLOTS, Target, Wait, implementation, lossy};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use alloc::{format, vec};
use base::{Addr, Epoch, PageBytes, PageIndex, PageRange};
use bytecode::{Descriptor, Kind};
use core::convert::Infallible;
use heap::Roots;
use layout::Value;
use layout::area::{NURSERY, STACKS};
use layout::internal::{CLASSES, ClassId, InternalMethod, Restart, class_by_name};
use layout::schema::{class, container, frame, method, root, thread, thread_state, wait};
use layout::value::Unpacked;
use memory::{Memory, MemoryConfig, Progress};
use platform::{Done, Handle, OpId, Operation, PageSource, Platform, Reactor};
use sim::{SimClock, SimConsole, SimEntropy, SimMapper, SimOutside, SimReactor, SimWaiter};
use std::sync::{Condvar, Mutex, PoisonError};

/// Pages as a store would hold them.
#[derive(Default, Clone)]
struct Stored(BTreeMap<PageIndex, Arc<PageBytes>>);

impl PageSource for Stored {
    fn read_page(&self, page: PageIndex, bytes: &mut PageBytes) -> Result<bool, String> {
        if let Some(stored) = self.0.get(&page) {
            bytes.copy_from_slice(&**stored);
        }
        Ok(self.0.contains_key(&page))
    }
}

impl Stored {
    fn open(&self, last: Epoch) -> Arc<Memory> {
        let mapper = SimMapper::new().expect("address space for a simulated world");
        let mut config = MemoryConfig::new(PageRange::covering(NURSERY.start, NURSERY.len()));
        config.stored_pages = self.0.keys().copied().collect();
        Memory::new(Arc::new(mapper), Arc::new(self.clone()), config, last).expect("a simulated world opens")
    }
}

/// Most benches at a time: each takes 16 TiB of the 128 TiB of address space that a process has, twice that while it
/// restarts.
const BENCHES_MAX: u32 = 3;

static BENCHES: Mutex<u32> = Mutex::new(0);
static BENCH_GONE: Condvar = Condvar::new();

/// The right to have a bench.
struct Permit;

impl Permit {
    fn take() -> Permit {
        let benches = BENCHES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut benches = BENCH_GONE
            .wait_while(benches, |benches| *benches >= BENCHES_MAX)
            .unwrap_or_else(PoisonError::into_inner);
        *benches += 1;
        Permit
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *BENCHES.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        BENCH_GONE.notify_one();
    }
}

/// A method that waits.
struct Pending {
    method: &'static InternalMethod,
    owner: ClassId,
    slots: u64,
    name: Option<String>,
}

pub(super) struct Bench {
    pub(super) vm: Vm,
    stored: Stored,
    clock: Arc<SimClock>,
    console: Arc<SimConsole>,
    outside: Arc<SimOutside>,
    peer: Peer,
    names: BTreeMap<String, Value>,
    pending: Option<Pending>,
    /// Nobody reads what arrays hold.
    quiet: bool,
    /// After the memory is gone.
    _permit: Permit,
}

/// Name of the program that calls.
const PROGRAM: &str = "program";

/// Another machine, which has one listening socket and one connection.
struct Peer {
    reactor: SimReactor,
    last: u64,
}

const PEER_LISTENER: Handle = Handle(1_000_000);

impl Peer {
    fn new(outside: &Arc<SimOutside>) -> Peer {
        Peer { reactor: SimReactor::new(outside.clone()), last: 0 }
    }
    fn step(&mut self, words: &[String]) -> String {
        self.last += 1;
        let rest = words[1..].join(" ");
        let connection = Handle(1);
        let operation = match words[0].as_str() {
            "connect" => Operation::Connect { handle: connection, address: rest },
            "listen" => Operation::Listen { handle: PEER_LISTENER, address: rest },
            "accept" => Operation::Accept { listener: PEER_LISTENER, handle: connection },
            "send" => Operation::Send { handle: connection, bytes: rest.into_bytes() },
            "receive" => Operation::Receive { handle: connection, most: 1000 },
            "close" => {
                self.reactor.close(connection);
                return String::new();
            }
            "to" => Operation::SendTo {
                handle: PEER_LISTENER,
                address: words[1].clone(),
                bytes: words[2..].join(" ").into_bytes(),
            },
            "bind" => Operation::Bind { handle: PEER_LISTENER, address: rest },
            "datagram" => Operation::ReceiveFrom { handle: PEER_LISTENER, most: 1000 },
            other => panic!("what is peer {other}?"),
        };
        match self.reactor.submit(OpId(self.last), operation) {
            None => {
                self.reactor.cancel(OpId(self.last));
                "nothing".into()
            }
            Some(Ok(Done::Data(bytes) | Done::Datagram { bytes, .. })) => format!("{:?}", lossy(&bytes)),
            Some(Ok(_)) => String::new(),
            Some(Err(error)) => format!("{:?}", error.fault),
        }
    }
}

/// The slots of the root page, the names, and the frame.
struct BenchRoots<'a> {
    memory: Arc<Memory>,
    names: &'a mut BTreeMap<String, Value>,
    outside: Outside,
    reactor: Arc<dyn Reactor>,
    slots: Vec<Addr>,
}

impl Roots for BenchRoots<'_> {
    fn visit_young(&mut self, visit: &mut dyn FnMut(Value) -> Value) {
        for value in self.names.values_mut() {
            *value = visit(*value);
        }
        for slot in &self.slots {
            let moved = visit(Value(self.memory.load_u64(*slot)));
            self.memory.store_u64(*slot, moved.0);
        }
    }
    fn visit_all(&mut self, visit: &mut dyn FnMut(Value) -> Value) {
        self.visit_young(visit);
    }
    fn visit_frozen(&mut self, _: Addr, _: &mut dyn FnMut(Value) -> Value) {}
    fn swept(&mut self, is_live: &dyn Fn(Addr) -> bool) {
        self.outside.close_dead(&*self.reactor, is_live);
    }
}

const SLOTS: Addr = STACKS.start;

fn platform(clock: &Arc<SimClock>, console: &Arc<SimConsole>, outside: &Arc<SimOutside>) -> Platform {
    Platform {
        clock: clock.clone(),
        entropy: Arc::new(SimEntropy::new(7)),
        console: console.clone(),
        waiter: Arc::new(SimWaiter::new(clock.clone())),
        reactor: Arc::new(SimReactor::new(outside.clone())),
    }
}

impl Bench {
    pub(super) fn new() -> Bench {
        let permit = Permit::take();
        let (clock, console) = (Arc::new(SimClock::new()), Arc::new(SimConsole::new()));
        let outside = Arc::new(SimOutside::new(7));
        let mut vm = Vm::format(Stored::default().open(Epoch(0)), platform(&clock, &console, &outside));
        let boot = vm.get_root_ref(root::BOOT);
        let program = Value::object(vm.new_old(vm.kernel_class(ClassId::Program)));
        let thread = Value::object(vm.new_object(vm.kernel_class(ClassId::Thread)));
        vm.set_u32(Addr(thread.0), thread::STATE, thread_state::RUNNING);
        vm.set_ref(Addr(thread.0), thread::PROGRAM, program);
        vm.running.thread = Addr(thread.0);
        let names = [("boot".into(), boot), ("thread".into(), thread), (PROGRAM.into(), program)].into();
        Bench {
            vm,
            stored: Stored::default(),
            clock,
            console,
            peer: Peer::new(&outside),
            outside,
            names,
            pending: None,
            quiet: false,
            _permit: permit,
        }
    }

    /// Runs a script; the transcript.
    pub(super) fn run(&mut self, script: &str) -> String {
        let mut transcript = String::new();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let line = line.split(" -> ").next().unwrap_or_default().trim_end();
            let result = self.step(line);
            let arrow = if result.is_empty() { String::new() } else { format!(" -> {result}") };
            transcript += &format!("{line}{arrow}\n");
        }
        transcript
    }

    fn step(&mut self, line: &str) -> String {
        let mut words = tokens(line);
        let name = (words.get(1).map(String::as_str) == Some("=")).then(|| words.drain(..2).next()).flatten();
        match words[0].as_str() {
            "new" => {
                let class = class_by_name(&format!(".internal.{}", words[1])).expect("a kernel class");
                let object = Value::object(self.vm.new_kernel(class.id));
                self.names.insert(name.expect("a name for the new object"), object);
                String::new()
            }
            "class" => {
                let class = class_by_name(&words[1]).expect("a kernel class");
                let object = Value::object(self.vm.kernel_class(class.id));
                self.names.insert(name.expect("a name for the class"), object);
                String::new()
            }
            "again" => self.invoke(),
            "restart" => {
                self.restart();
                String::new()
            }
            "collect" => {
                self.collect();
                String::new()
            }
            "clock" => {
                self.clock.advance(words[1].parse::<u64>().expect("milliseconds") * 1_000_000);
                String::new()
            }
            "commit" => {
                let epoch = self.vm.epoch();
                self.vm.committed(epoch);
                String::new()
            }
            "input" => {
                self.console.push_line(line.trim_start_matches("input").trim());
                String::new()
            }
            "input-open" => {
                self.console.set_open(true);
                String::new()
            }
            "grant" => {
                let program = Addr(self.names[PROGRAM].0);
                self.vm.set_grants(program, &words[1..]);
                String::new()
            }
            "peer" => self.peer.step(&words[1..]),
            "file" => {
                self.outside.put_file(&words[1], words[2..].join(" ").as_bytes());
                String::new()
            }
            "folder" => {
                self.outside.put_folder(&words[1]);
                String::new()
            }
            "unfile" => {
                self.outside.remove(&words[1]);
                String::new()
            }
            "content" => format!("{:?}", self.outside.file(&words[1]).map(|bytes| lossy(&bytes))),
            "disk-full" | "disk-free" => {
                self.outside.set_full(words[0] == "disk-full");
                String::new()
            }
            "open" => format!("{}", self.outside.open_count()),
            "output" => {
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                format!("{:?} and {:?}", text(self.console.output()), text(self.console.errors()))
            }
            receiver => {
                let receiver = self.object(&mut vec![receiver.to_string()].into_iter());
                self.begin(receiver, &words[1], words[2..].to_vec(), name)
            }
        }
    }

    /// Reads one operand as an object.
    fn object(&mut self, words: &mut dyn Iterator<Item = String>) -> Value {
        let word = words.next().expect("an operand");
        if word == "[" {
            let mut elements = Vec::new();
            loop {
                let mut next = words.next().expect("a bracket");
                if next == "]" {
                    break;
                }
                elements
                    .push(self.object(&mut core::iter::once(core::mem::take(&mut next)).chain(&mut *words)));
            }
            let array = self.vm.make_ref_array(elements.len() as u64);
            for (index, element) in elements.into_iter().enumerate() {
                self.vm.array_set(array, index as u64, element);
            }
            return Value::object(array);
        }
        if let Some(text) = word.strip_prefix('"') {
            let text = text.trim_end_matches('"').replace("\\n", "\n").replace("\\q", "\"");
            return Value::object(self.vm.make_string(text.as_bytes()));
        }
        if let Some(value) = self.names.get(&word) {
            return *value;
        }
        if word == "null" {
            return Value::NULL;
        }
        if let Ok(number) = word.parse::<i32>() {
            return Value::int(number);
        }
        if let Some(number) = word.strip_suffix('L') {
            return self.vm.box_i64(number.parse().expect("a long"));
        }
        if let Some(number) = word.strip_suffix('f') {
            return Value::float(number.parse().expect("a float"));
        }
        self.vm.box_f64(word.parse().unwrap_or_else(|_| panic!("what is {word}?")))
    }

    fn begin(&mut self, receiver: Value, method: &str, words: Vec<String>, name: Option<String>) -> String {
        let id = self.vm.kernel_id(receiver);
        let declared = &CLASSES[id as usize];
        let found = declared.method_by_name(method).unwrap_or_else(|| panic!("no method {method}"));
        let desc = Descriptor::parse(found.descriptor).expect("a descriptor");
        let mut words = words.into_iter();
        let mut slots = vec![receiver.0];
        for kind in desc.param_kinds() {
            let value = self.object(&mut words);
            slots.push(match (kind, value.unpack()) {
                (Kind::I32, Unpacked::Int(number)) => number as u32 as u64,
                (Kind::F32, Unpacked::Float(number)) => u64::from(number.to_bits()),
                (Kind::F64, _) => self.vm.as_double(value).expect("a double").to_bits(),
                (Kind::I64, _) => self.vm.as_long(value).expect("a long") as u64,
                (Kind::Ref, _) => value.0,
                other => panic!("{method} does not take {other:?}"),
            });
        }
        assert_eq!(words.next(), None, "{method} has fewer parameters");
        // Whatever stood there must not matter.
        let count = slots.len() as u64;
        slots.extend(vec![0; (STATE_SLOTS + frame::SIZE / 8 + 1) as usize]);
        for (index, slot) in slots.iter().enumerate() {
            self.vm.memory.store_u64(SLOTS.add(8 * index as u64), *slot);
        }
        self.pending = Some(Pending { method: found, owner: owner(id, found.ordinal), slots: count, name });
        self.invoke()
    }

    /// Invokes the waiting method, and again after each call that it asks for.
    fn invoke(&mut self) -> String {
        let pending = self.pending.take().expect("a method that waits");
        // Divided methods in a frame too: without one programs call them.
        let framed = pending.method.restart != Restart::Short;
        let frame = if framed { SLOTS.add(8 * (pending.slots + STATE_SLOTS)) } else { Addr::NULL };
        let function = implementation(pending.owner, pending.method.ordinal).expect("an implementation");
        let thread = self.vm.running.thread;
        self.vm.look_outside();
        let count = pending.slots;
        let mut step = || function(&mut Call { vm: &mut self.vm, thread, slots: SLOTS, count, frame });
        let mut outcome = step();
        while outcome == Outcome::Again {
            outcome = step();
        }
        match outcome {
            Outcome::Again => unreachable!("it was invoked until it ended"),
            Outcome::Frame => panic!("a method with a frame wants one"),
            Outcome::Initialise(_) | Outcome::Load(..) | Outcome::Exit(_) => {
                panic!("only native methods end so")
            }
            Outcome::Throw(value) => {
                let shown = self.show_thrown(value);
                format!("throws {shown}")
            }
            Outcome::Return(bits) => {
                let desc = Descriptor::parse(pending.method.descriptor).expect("a descriptor");
                let value = match desc.result_kind() {
                    None => return String::new(),
                    Some(Kind::I32) => Value::int(bits as u32 as i32),
                    Some(Kind::I64) => self.vm.box_i64(bits as i64),
                    Some(Kind::F32) => Value::float(f32::from_bits(bits as u32)),
                    Some(Kind::F64) => self.vm.box_f64(f64::from_bits(bits)),
                    Some(Kind::Ref) => Value(bits),
                };
                if let Some(name) = pending.name {
                    self.names.insert(name, value);
                }
                self.show(value)
            }
            Outcome::Block(wait) => {
                assert!(framed, "a short method waits");
                self.pending = Some(pending);
                match wait {
                    Wait::Until { ns } => format!("waits until {} ms", ns / 1_000_000),
                    Wait::Input => "waits for input".into(),
                    Wait::Commit { epoch } => format!("waits for epoch {epoch}"),
                    Wait::Output => "waits for room in the output".into(),
                    Wait::At { kind, until, .. } => {
                        let what = match kind {
                            wait::MONITOR => "a lock",
                            wait::NOTIFY => "a notification",
                            wait::MUTEX => "a mutex",
                            wait::COND => "a signal",
                            wait::SEMA => "a permit",
                            wait::JOIN => "the end of a thread",
                            other => panic!("a method waits in the way {other}"),
                        };
                        let until = until.map(|ns| format!(" until {} ms", ns / 1_000_000));
                        format!("waits for {what}{}", until.unwrap_or_default())
                    }
                    Wait::Turn => "waits for its turn".into(),
                    Wait::Outside { .. } => "waits for what is outside".into(),
                }
            }
            Outcome::Call(invoke) => {
                assert!(framed, "a short method calls");
                let id = self.vm.kernel_id(invoke.receiver);
                let result = match self.call_short(id, &invoke) {
                    Some(Ok(value)) => value,
                    Some(Err(thrown)) => return format!("throws {}", self.show_thrown(thrown)),
                    None => {
                        let ordinal = self.ordinal_of(&invoke);
                        return format!("calls {ordinal} of {}", self.show(invoke.receiver));
                    }
                };
                self.vm.memory.store_u64(frame.add(frame::SIZE), result.0);
                self.pending = Some(pending);
                self.invoke()
            }
        }
    }

    fn ordinal_of(&self, invoke: &crate::internal::Invoke) -> u16 {
        match invoke.method {
            Target::Ordinal(ordinal) => ordinal,
            Target::Method(target) => self.vm.get_u32(target, method::ORDINAL) as u16,
        }
    }

    /// Calls a short kernel method as bytecode would; none when it is not one.
    fn call_short(&mut self, id: ClassId, invoke: &crate::internal::Invoke) -> Option<Result<Value, Value>> {
        let ordinal = self.ordinal_of(invoke);
        let found = CLASSES[id as usize].method_by_ordinal(ordinal)?;
        let desc = Descriptor::parse(found.descriptor).expect("a descriptor");
        // The machine itself refuses what does not fit.
        let fits = desc.params.len() == invoke.args.len()
            && desc.param_kinds().zip(&invoke.args).all(|(kind, argument)| match kind {
                Kind::Ref => true,
                Kind::I32 => argument.as_int().is_some(),
                _ => false,
            });
        if !matches!(found.restart, Restart::Short | Restart::Divided) || !fits {
            return None;
        }
        let slots = SLOTS.add(1 << 16);
        self.vm.memory.store_u64(slots, invoke.receiver.0);
        for (index, argument) in invoke.args.iter().enumerate() {
            let bits = match argument.unpack() {
                Unpacked::Int(number) => number as u32 as u64,
                _ => argument.0,
            };
            self.vm.memory.store_u64(slots.add(8 * (1 + index as u64)), bits);
        }
        let count = 1 + invoke.args.len() as u64;
        let function = implementation(owner(id, ordinal), ordinal)?;
        let thread = self.vm.running.thread;
        let mut call = Call { vm: &mut self.vm, thread, slots, count, frame: Addr::NULL };
        Some(match function(&mut call) {
            Outcome::Return(bits) if found.descriptor.ends_with(")I") => Ok(Value::int(bits as u32 as i32)),
            Outcome::Return(bits) => Ok(Value(bits)),
            Outcome::Throw(thrown) => Err(thrown),
            other => panic!("a short method led to {other:?}"),
        })
    }

    fn root_slots(&self) -> Vec<Addr> {
        let mut slots: Vec<Addr> =
            (0..root::REFS).map(|index| crate::objects::root_field(8 * index)).collect();
        if let Some(pending) = &self.pending {
            let desc = Descriptor::parse(pending.method.descriptor).expect("a descriptor");
            slots.push(SLOTS);
            let refs = desc.param_kinds().enumerate().filter(|(_, kind)| *kind == Kind::Ref);
            slots.extend(refs.map(|(index, _)| SLOTS.add(8 * (1 + index as u64))));
            if pending.method.restart != Restart::Short {
                slots.extend([2, 3].map(|state| SLOTS.add(8 * (pending.slots + state))));
                slots.push(SLOTS.add(8 * (pending.slots + STATE_SLOTS) + frame::SIZE));
            }
        }
        slots
    }

    pub(super) fn collect(&mut self) {
        let mut names = core::mem::take(&mut self.names);
        let mut roots = BenchRoots {
            memory: self.vm.memory.clone(),
            names: &mut names,
            outside: core::mem::take(&mut self.vm.common.outside),
            reactor: self.vm.platform.reactor.clone(),
            slots: self.root_slots(),
        };
        self.vm.heap.collect_full(&mut roots).expect("a collection");
        self.vm.common.outside = roots.outside;
        self.names = names;
    }

    /// Saves the world and opens it in a new memory.
    pub(super) fn restart(&mut self) {
        self.collect();
        let thread = core::mem::take(&mut self.vm.running.thread);
        self.vm.before_flip().expect("a collection");
        let memory = self.vm.memory.clone();
        let epoch = memory.flip();
        let mut capture = memory.begin_capture();
        let mut keep = |page, bytes: &PageBytes| -> Result<(), Infallible> {
            self.stored.0.insert(page, Arc::new(*bytes));
            Ok(())
        };
        loop {
            match capture.step(64, &mut keep) {
                Ok(Progress::Done) => break,
                Ok(_) => {}
                Err(never) => match never {},
            }
        }
        capture.committed();
        // The old machine goes first, and resets its connections.
        self.vm.platform.reactor = Arc::new(platform::NoOutside);
        let platform = platform(&self.clock, &self.console, &self.outside);
        self.vm = Vm::open(self.stored.open(epoch), platform).expect("the world opens");
        self.vm.bind_again();
        self.vm.running.thread = thread;
    }

    fn show_thrown(&self, value: Value) -> String {
        if self.vm.is_kernel(value, ClassId::Exception) {
            let message = self.vm.get_ref(Addr(value.0), layout::schema::exception::MESSAGE);
            return format!("{} {}", self.class_name(value), self.show(message));
        }
        self.show(value)
    }

    fn class_name(&self, value: Value) -> String {
        let name = self.vm.get_ref(self.vm.class_of(value), class::NAME);
        String::from_utf8(self.vm.string_bytes_of(name).expect("a name")).expect("UTF-8")
    }

    pub(super) fn show(&self, value: Value) -> String {
        self.show_within(value, if self.quiet { 0 } else { 200 })
    }

    /// Arrays may hold themselves, and many.
    fn show_within(&self, value: Value, depth: u32) -> String {
        if value.is_null() {
            return "null".into();
        }
        if let Some(text) = self.vm.string_bytes_of(value) {
            let shown = if text.len() > 100 {
                format!("{} bytes", text.len())
            } else {
                format!("{:?}", String::from_utf8_lossy(&text))
            };
            return shown;
        }
        let number = match (value.unpack(), self.vm.as_long(value), self.vm.as_double(value)) {
            (Unpacked::Int(number), ..) => Some(format!("{number}")),
            (Unpacked::Float(number), ..) => Some(format!("{}f", crate::internal::float_text(number))),
            (_, Some(number), _) => Some(format!("{number}L")),
            (_, _, Some(number)) => Some(crate::internal::double_text(number)),
            _ => None,
        };
        if let Some(number) = number {
            return number;
        }
        if depth > 0 && self.vm.is_kernel(value, ClassId::Container) {
            let object = Addr(value.0);
            let page = self.vm.ref_field(object, container::PAGE);
            let count = self.vm.get_u64(object, container::USED);
            let shown: Vec<String> =
                (0..count).map(|index| self.show_within(self.vm.array_get(page, index), depth - 1)).collect();
            return format!("[{}]", shown.join(" "));
        }
        format!("({})", self.class_name(value))
    }
}

/// The class that declares what instances of `id` have at `ordinal`.
fn owner(id: ClassId, ordinal: u16) -> ClassId {
    let mut class = &CLASSES[id as usize];
    while class.methods.iter().all(|method| method.ordinal != ordinal) {
        class = class.parent_class().expect("a class that declares the method");
    }
    class.id
}

fn tokens(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let end = match rest.chars().next() {
            Some('"') => rest[1..].find('"').map_or(rest.len(), |at| at + 2),
            Some('[' | ']') => 1,
            _ => rest.find([' ', ']']).unwrap_or(rest.len()),
        };
        all.push(rest[..end].to_string());
        rest = rest[end..].trim_start();
    }
    all
}

/// Runs a transcript again and compares.
pub(super) fn check(expected: &expect_test::Expect) {
    let mut bench = Bench::new();
    let actual = bench.run(expected.data);
    expected.assert_eq(&actual);
}

impl Bench {
    /// Calls every method of every object of `objects` with drawn arguments, good and bad; counts what returned and what
    /// threw. Results join the objects.
    pub(super) fn draw_calls(&mut self, seed: u64, calls: u32) -> (u32, u32) {
        let mut prng = base::prng::Prng::new(seed);
        self.quiet = true;
        let (mut returned, mut threw) = (0, 0);
        for _ in 0..calls {
            let objects: Vec<Value> = self.names.values().copied().collect();
            let mut draw = |count: usize| (prng.next_u64() % count as u64) as usize;
            let receiver = objects[draw(objects.len())];
            let id = self.vm.kernel_id(receiver);
            let ordinal = draw(32) as u16;
            let Some(method) = CLASSES[id as usize].method_by_ordinal(ordinal) else { continue };
            let desc = Descriptor::parse(method.descriptor).expect("a descriptor");
            let mut slots = vec![receiver.0];
            for kind in desc.param_kinds() {
                let number =
                    [0, 1, 2, 3, 7, 8, 16, 100, -1, i64::MIN, i64::MAX, i64::from(i32::MIN), 1 << 30]
                        [draw(13)];
                slots.push(match kind {
                    Kind::I32 => u64::from(number.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as u32),
                    Kind::I64 => number as u64,
                    Kind::F32 => u64::from((number as f32).to_bits()),
                    Kind::F64 => (number as f64).to_bits(),
                    Kind::Ref => objects[draw(objects.len())].0,
                });
            }
            let count = slots.len() as u64;
            slots.extend(vec![0; (STATE_SLOTS + frame::SIZE / 8 + 1) as usize]);
            for (index, slot) in slots.iter().enumerate() {
                self.vm.memory.store_u64(SLOTS.add(8 * index as u64), *slot);
            }
            let name = Some(format!("drawn {}", draw(64)));
            self.pending = Some(Pending { method, owner: owner(id, ordinal), slots: count, name });
            if self.invoke_quietly() {
                returned += 1
            } else {
                threw += 1
            }
            if self.vm.heap.collection_wanted().is_some() {
                self.collect();
            }
        }
        (returned, threw)
    }

    /// Invokes the waiting method; whether it returned. What waits is given up.
    fn invoke_quietly(&mut self) -> bool {
        let threw = self.invoke().starts_with("throws");
        self.pending = None;
        !threw
    }

    /// What each line of a script leads to.
    pub(super) fn results(&mut self, script: &str) -> Vec<String> {
        script.lines().map(|line| self.step(line.trim())).collect()
    }
    /// Gives an object a name.
    pub(super) fn keep(&mut self, name: &str, value: Value) {
        self.names.insert(name.into(), value);
    }
    /// Calls a method on a named object with ints (also where objects are wanted), without parsing.
    pub(super) fn call(&mut self, name: &str, method: &str, args: &[i32]) -> String {
        let receiver = self.names[name];
        let id = self.vm.kernel_id(receiver);
        let found = CLASSES[id as usize].method_by_name(method).expect("a method");
        self.vm.memory.store_u64(SLOTS, receiver.0);
        for (index, arg) in args.iter().enumerate() {
            self.vm.memory.store_u64(SLOTS.add(8 * (1 + index as u64)), Value::int(*arg).0);
        }
        let slots = 1 + args.len() as u64;
        for index in slots..slots + STATE_SLOTS + frame::SIZE / 8 + 1 {
            self.vm.memory.store_u64(SLOTS.add(8 * index), 0);
        }
        self.pending = Some(Pending { method: found, owner: owner(id, found.ordinal), slots, name: None });
        self.invoke()
    }
    /// Calls a method without parameters on a named object, and leaves what it returns as `result` and what it throws as
    /// `thrown`: with a frame or, for the others, without; then none when it wants a frame. What is to be done is done
    /// wherever it comes to a safepoint. Whether it returned.
    pub(super) fn call_with(
        &mut self,
        name: &str,
        method: &str,
        framed: bool,
        mut at_safepoint: impl FnMut(&mut Bench),
    ) -> Option<bool> {
        let receiver = self.names[name];
        let id = self.vm.kernel_id(receiver);
        let method = CLASSES[id as usize].method_by_name(method).expect("a method");
        for slot in 0..=STATE_SLOTS + frame::SIZE / 8 + 1 {
            self.vm.memory.store_u64(SLOTS.add(8 * slot), 0);
        }
        self.vm.memory.store_u64(SLOTS, receiver.0);
        let owner = owner(id, method.ordinal);
        self.pending = Some(Pending { method, owner, slots: 1, name: None });
        let frame = if framed { SLOTS.add(8 * (1 + STATE_SLOTS)) } else { Addr::NULL };
        let function = implementation(owner, method.ordinal).expect("an implementation");
        let outcome = loop {
            let thread = self.vm.running.thread;
            match function(&mut Call { vm: &mut self.vm, thread, slots: SLOTS, count: 1, frame }) {
                Outcome::Again => at_safepoint(self),
                outcome => break outcome,
            }
        };
        self.pending = None;
        match outcome {
            Outcome::Return(bits) => self.keep("result", Value(bits)),
            Outcome::Throw(thrown) => self.keep("thrown", thrown),
            Outcome::Frame if !framed => return None,
            other => panic!("it led to {other:?}"),
        }
        Some(matches!(outcome, Outcome::Return(_)))
    }
    /// Number 0 of the state of the method that is called without parameters.
    pub(super) fn first_number(&self) -> u64 {
        self.vm.memory.load_u64(SLOTS.add(8))
    }
    /// The object with a name.
    pub(super) fn named(&self, name: &str) -> Value {
        self.names[name]
    }
    /// Collects everything that nothing refers to, if it is time.
    pub(super) fn collect_when_wanted(&mut self) {
        if self.vm.heap.collection_wanted().is_some() {
            self.collect();
        }
    }
}
