//! The schema: every kernel object and raw structure of the world, declared once.
//!
//! From each declaration follow the field offsets, the size, the list of reference slots and the schema hash.
//! All integers are little-endian; references are 8 bytes; an object's fields start behind its header.

use crate::fnv1a;

/// Object header, 16 bytes: the class (u64, an address) and the word `lock u32, hash u32`.
pub mod header {
    /// Address of the class object; zero marks a free cell.
    pub const CLASS: u64 = 0;
    /// Lock word (u32): zero when nobody ever locked the object.
    pub const LOCK: u64 = 8;
    /// Identity hash, or for strings the hash of the content (u32); zero when not drawn yet. The top bit of this word
    /// is the immutable flag.
    pub const HASH: u64 = 12;
    /// Bit of the word at [`HASH`] that marks an immutable object.
    pub const IMMUTABLE: u32 = 1 << 31;
    /// Size in bytes.
    pub const SIZE: u64 = 16;
    /// Objects begin at multiples of this, and their sizes are multiples of it.
    pub const ALIGN: u64 = 16;
}

/// Arrays, strings and binaries: a length and the elements.
pub mod array {
    /// Number of elements (u64).
    pub const LENGTH: u64 = 16;
    /// The first element.
    pub const DATA: u64 = 24;
}

/// References of Java (`java.lang.ref.Reference`): instances whose class says in [`class::ELEMENT_KIND`] how far they keep
/// what they refer to.
pub mod reference {
    /// What is referred to.
    pub const REFERENT: u64 = super::header::SIZE;
    /// The queue.
    pub const QUEUE: u64 = REFERENT + 8;
    /// Null as long as the reference is active: only then its referent is not kept.
    pub const NEXT: u64 = QUEUE + 8;
    /// The next of those that wait for the reference handler.
    pub const DISCOVERED: u64 = NEXT + 8;
}

/// How far an active [`reference`] keeps its referent (package `java.lang.ref`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Strength {
    /// As long as there is room, and it was used not long ago.
    Soft = 1,
    /// Not at all.
    Weak = 2,
    /// Once more, for its finalizer.
    Final = 3,
    /// Not at all; cleared when also its finalizer has run.
    Phantom = 4,
}

impl Strength {
    /// The strength with this number.
    pub const fn from_u8(number: u8) -> Option<Strength> {
        Some(match number {
            1 => Strength::Soft,
            2 => Strength::Weak,
            3 => Strength::Final,
            4 => Strength::Phantom,
            _ => return None,
        })
    }
}

/// How the collector finds the size and the references of an object; stands in its class at [`class::SHAPE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Shape {
    /// Fixed size [`class::INSTANCE_SIZE`]; references by the class's [`class::REF_MAP`].
    Instance = 1,
    /// [`array::LENGTH`] references of 8 bytes.
    RefArray = 2,
    /// [`array::LENGTH`] elements of `1 << class::ELEMENT_LOG2` bytes without references.
    PrimArray = 3,
    /// Like a ref array whose referents do not keep alive (reserved).
    Weak = 4,
    /// A frozen stack: frames in the format of [`frame`], walked by `vm`.
    FrozenStack = 5,
}

impl Shape {
    /// The shape with this number.
    pub const fn from_u8(number: u8) -> Option<Shape> {
        Some(match number {
            1 => Shape::Instance,
            2 => Shape::RefArray,
            3 => Shape::PrimArray,
            4 => Shape::Weak,
            5 => Shape::FrozenStack,
            _ => return None,
        })
    }
}

macro_rules! width {
    (value) => {
        8
    };
    (u8) => {
        1
    };
    (u16) => {
        2
    };
    (u32) => {
        4
    };
    (i32) => {
        4
    };
    (u64) => {
        8
    };
    (i64) => {
        8
    };
    (f64) => {
        8
    };
}

/// Declares structures. Fields stand in the order written, without gaps, so wide ones come first; references
/// (`value`) must come before all numbers, so that they are one run.
macro_rules! schema {
    ($( $(#[$doc:meta])* $kind:ident $name:ident ($start:expr, $public:expr) { $( $(#[$fdoc:meta])* $field:ident : $ty:ident, )* } )*) => {
        $(
            $(#[$doc])*
            pub mod $name {
                schema!(@fields ($start as u64) $( $(#[$fdoc])* $field : $ty, )*);
                /// Name of the class whose instances these are, empty for raw structures.
                pub const CLASS_NAME: &str = $public;
                /// How many of the fields are references; they are the first ones.
                pub const REFS: u64 = 0 $( + schema!(@isref $ty) )*;
                /// Each field: name, offset in bytes, type.
                pub const TABLE: &[(&str, u64, &str)] = &[ $( (stringify!($field), $field, stringify!($ty)), )* ];
            }
        )*
        /// Hash over all declarations of this file and of the internal classes.
        pub const SCHEMA_HASH: u64 = {
            let mut hash = 0xcbf2_9ce4_8422_2325u64;
            $( hash = fnv1a(concat!(stringify!($name), ":", $( stringify!($field), " ", stringify!($ty), "," ),*), hash); )*
            fnv1a(crate::internal::TABLE_TEXT, hash)
        };
    };
    (@isref value) => { 1 };
    (@isref $other:ident) => { 0 };
    (@fields ($at:expr)) => {
        /// Size in bytes, rounded up to 16.
        pub const SIZE: u64 = ($at as u64).next_multiple_of(16);
    };
    (@fields ($at:expr) $(#[$fdoc:meta])* $field:ident : $ty:ident, $($rest:tt)*) => {
        $(#[$fdoc])*
        pub const $field: u64 = {
            assert!(($at as u64).trailing_zeros() >= (width!($ty) as u64).trailing_zeros(), "unaligned field");
            $at
        };
        schema!(@fields ($at + width!($ty)) $($rest)*);
    };
}

schema! {
    /// The root page, at [`crate::area::ROOT`]: raw, not an object.
    raw root (0, "") {
        /// RefArray of the kernel's own classes, indexed by [`crate::internal::ClassId`].
        KERNEL_CLASSES: value,
        /// RefArray: hash set of the classes of the system loader, found by the hash of their name (`vm`'s names.rs).
        CLASSES: value,
        /// RefArray: hash set of the interned strings.
        INTERNED: value,
        /// RefArray of all programs, the first `PROGRAM_COUNT` of it in use.
        PROGRAMS: value,
        /// RefArray of all threads that have not ended, the first `THREAD_COUNT` of it in use; each knows its index.
        THREADS: value,
        /// The `.internal.boot` object.
        BOOT: value,
        /// The class loader that a program registered by boot.setClassLoader, or null.
        CLASS_LOADER: value,
        /// What a program registered by boot.setOsInterface, or null.
        OS_INTERFACE: value,
        /// RefArray of log lines written by world.log (ring).
        LOG: value,
        /// First runnable thread of the run queue, or null.
        RUN_HEAD: value,
        /// Last runnable thread of the run queue, or null.
        RUN_TAIL: value,
        /// RefArray of the array classes of the kernel: the eight primitive kinds by their number, then arrays of
        /// `.internal.object`.
        ARRAY_CLASSES: value,
        /// RefArray: threads that wait no longer than until `WAKE_NS`, a heap by it (`vm`'s timers.rs); each knows its index.
        TIMERS: value,
        /// Last thread that waits for input; `NEXT` of the last is the first.
        WAIT_INPUT: value,
        /// Last thread that waits for a commit; `NEXT` of the last is the first.
        WAIT_COMMIT: value,
        /// RefArray of the `.internal.monitor` objects of locked objects; an object's lock word is the index plus one.
        MONITORS: value,
        /// First unused monitor, linked by its `NEXT`.
        FREE_MONITOR: value,
        /// Byte array of u32: a stack of free stack slots, `FREE_SLOTS` of it in use.
        SLOTS: value,
        /// RefArray of pairs (name, class), each a RefArray: what the class loader of a program gave, by the name that it
        /// was asked for. A hash set, empty slots null.
        LOADED: value,
        /// RefArray, a hash table by binary and address: in each cell the last of a ring of threads that wait for a
        /// notification at an address; null where none waits.
        ADDRESS_WAITERS: value,
        /// Byte array beside `TIMERS`: the pairs (wake time, number of the thread), u64 each, that order it.
        TIMER_KEYS: value,
        /// Last thread that waits for something outside the world; `NEXT` of the last is the first.
        WAIT_OUTSIDE: value,
        /// Byte array of u64: what `.internal.stat` counts (`vm`'s connectors/counters.rs), or null.
        COUNTERS: value,
        /// Weak array of pairs (connector, program): sockets with an address of the machine, which a restart binds again;
        /// or null.
        BOUND: value,
        /// RefArray: hash set of the interned strings of Java, or null.
        JAVA_STRINGS: value,
        /// RefArray of what the Java machine keeps: see [`super::java_state`]; or null.
        JAVA_STATE: value,
        /// Number that marks a formatted world.
        MAGIC: u64,
        /// State of the world's own generator (identity hashes).
        PRNG: u64,
        /// Next number of a thread or program.
        NEXT_ID: u64,
        /// Monotonic clock of the world at the last flip, nanoseconds.
        CLOCK_NS: u64,
        /// Epoch that the running world will commit next.
        EPOCH: u64,
        /// How many stack slots were ever used.
        STACK_SLOTS: u64,
        /// How many of them are free, see `SLOTS`.
        FREE_SLOTS: u64,
        /// Wall clock at the last flip, nanoseconds since 1970.
        WALL_NS: u64,
        /// Classes in `CLASSES`.
        CLASS_COUNT: u64,
        /// Strings in `INTERNED`.
        INTERNED_COUNT: u64,
        /// Programs in `PROGRAMS`.
        PROGRAM_COUNT: u64,
        /// Threads in `THREADS`.
        THREAD_COUNT: u64,
        /// Threads in `TIMERS`.
        TIMER_COUNT: u64,
        /// Monitors in `MONITORS`.
        MONITOR_COUNT: u64,
        /// Lines ever written to `LOG`.
        LOG_COUNT: u64,
        /// Pairs in `LOADED`.
        LOADED_COUNT: u64,
        /// Threads in `ADDRESS_WAITERS`.
        ADDRESS_WAITER_COUNT: u64,
        /// Which start of the world this is, from 1 on: what is open outside belongs to one of them.
        BOOT_NUMBER: u64,
        /// First half of the identity of the world that this one was copied from; zero for none.
        ORIGIN_ID: u64,
        /// Its second half.
        ORIGIN_ID_END: u64,
        /// The snapshot of that world.
        ORIGIN_EPOCH: u64,
        /// Strings in `JAVA_STRINGS`.
        JAVA_STRING_COUNT: u64,
        /// 1 when it was forked, imported or restored and has not been attached since: it does not reach outside.
        DETACHED: u64,
    }

    /// A class.
    object class (16, ".internal.class") {
        /// String: the name.
        NAME: value,
        /// Class or null.
        SUPER: value,
        /// Module that defined it, or null for kernel classes.
        MODULE: value,
        /// RefArray of classes: all direct and inherited interfaces, each once.
        INTERFACES: value,
        /// RefArray of fields declared here.
        FIELDS: value,
        /// RefArray of methods declared here.
        METHODS: value,
        /// RefArray of methods by ordinal, inherited ones included; null where the ordinal is unused.
        VTABLE: value,
        /// RefArray of classes: the chain from the root class to this one, indexed by depth.
        DISPLAY: value,
        /// Byte array: u32 pairs (first offset in bytes, count) of runs of references, inherited ones included.
        REF_MAP: value,
        /// RefArray: static fields that are references.
        STATIC_REFS: value,
        /// Byte array of 8-byte cells: static fields that are numbers.
        STATIC_PRIMS: value,
        /// Class of the elements, for array classes.
        ELEMENT: value,
        /// Class of arrays of this class, once made.
        ARRAY: value,
        /// Thread that runs the initialiser now. Of a Java class whose initialiser has failed: what later uses of it get as
        /// the cause.
        INIT_THREAD: value,
        /// Room for front ends (a Java mirror).
        MIRROR: value,
        /// Last thread that waits for the initialiser to end; `NEXT` of the last is the first.
        INIT_WAITERS: value,
        /// Structural hash.
        HASH: u64,
        /// Size of an instance in bytes, header included, a multiple of 16.
        INSTANCE_SIZE: u32,
        /// Access and property flags.
        FLAGS: u32,
        /// Version, counted by upgrades.
        VERSION: u32,
        /// Length of the display minus one.
        DEPTH: u32,
        /// [`crate::internal::ClassId`] plus one of the nearest kernel class, zero for none.
        KERNEL_ID: u32,
        /// First free field offset in bytes (fields of subclasses start there).
        FIELDS_END: u32,
        /// Index of the class in its module.
        INDEX: u32,
        /// [`super::Shape`].
        SHAPE: u8,
        /// log2 of the element size of primitive arrays.
        ELEMENT_LOG2: u8,
        /// 0 linked, 1 initialising, 2 initialised, 3 failed.
        INIT_STATE: u8,
        /// Primitive element kind of array classes, by the numbers of the bytecode; the [`super::Strength`] of classes of
        /// Java's references.
        ELEMENT_KIND: u8,
    }

    /// A method.
    object method (16, ".internal.method") {
        /// String: the name.
        NAME: value,
        /// String: the descriptor.
        DESCRIPTOR: value,
        /// Class that declares it.
        CLASS: value,
        /// Flags.
        FLAGS: u32,
        /// Index of the method in its class's definition, which stands in the bytes of the module with code, handlers
        /// and lines.
        INDEX: u32,
        /// Ordinal in the method table, `NO_ORDINAL` when it has none.
        ORDINAL: u32,
        /// Slots of locals, arguments included.
        MAX_LOCALS: u16,
        /// Slots of operands.
        MAX_STACK: u16,
        /// Slots of arguments, receiver included.
        ARG_SLOTS: u16,
        /// Kind of the result by the numbers of the bytecode; 0 void.
        RESULT_KIND: u8,
        /// Of a kernel method 0 for short, else what a restart does: 1 idempotent, 2 resumable, 3 once, 4 divided.
        RESTART: u8,
    }

    /// A field.
    object field (16, ".internal.field") {
        /// String: the name.
        NAME: value,
        /// String: the descriptor.
        DESCRIPTOR: value,
        /// Class that declares it.
        CLASS: value,
        /// Flags.
        FLAGS: u32,
        /// Offset in bytes within the object, or index of the static cell.
        OFFSET: u32,
        /// Storage kind: element kind by the numbers of the bytecode, or [`super::FIELD_REF`].
        KIND: u8,
    }

    /// A module as loaded: its encoded constant pool and what it was resolved to.
    object module (16, ".internal.module") {
        /// String: the name.
        NAME: value,
        /// String: the source file's name, or null.
        SOURCE: value,
        /// Byte array: the encoded module as it was loaded.
        BYTES: value,
        /// RefArray, one cell for each pool entry: what it was resolved to, or null.
        RESOLVED: value,
        /// RefArray of the classes it defines.
        CLASSES: value,
        /// Hash of the source text.
        SOURCE_HASH: u64,
        /// Language by the numbers of the bytecode.
        LANGUAGE: u32,
        /// Unused.
        PAD: u32,
    }

    /// A thread.
    object thread (16, ".internal.thread") {
        /// Program that it belongs to.
        PROGRAM: value,
        /// Next thread in the run queue or wait list.
        NEXT: value,
        /// Frozen stack while it is parked for long, or null.
        FROZEN: value,
        /// What it waits for, or null.
        WAITS_FOR: value,
        /// Exception it died of, or null.
        DIED_OF: value,
        /// Result of its first method.
        RESULT: value,
        /// Environment object, or null.
        ENVIRONMENT: value,
        /// An exception to be thrown when it runs next, or null.
        PENDING: value,
        /// Next thread of the same program, or null.
        SIBLING: value,
        /// The thread of the same program whose `SIBLING` it is, or null.
        ELDER: value,
        /// Thread before it in the ring of waiting threads that it stands in, or null.
        PREVIOUS: value,
        /// A lock or permit that was handed to it while it waited and that it has not taken up yet, or null.
        GRANTED: value,
        /// Last thread that waits for it to end; `NEXT` of the last is the first.
        JOINERS: value,
        /// String: its name, or null.
        NAME: value,
        /// What is thrown while its frames are left, step by step, or null.
        THROWN: value,
        /// String: where that was thrown.
        THROWN_TRACE: value,
        /// A mutex that it holds and others wait for; `SIBLING` leads to the others.
        MUTEXES: value,
        /// Its `java.lang.Thread`, or null.
        JAVA: value,
        /// Number of the thread.
        ID: u64,
        /// Its index in `THREADS`.
        INDEX: u64,
        /// Its index in `TIMERS` plus one, or zero.
        TIMER: u64,
        /// Epoch whose commit it waits for; or how often it held the monitor that it waits on.
        AWAITED: u64,
        /// First address of its mounted stack, or zero.
        STACK: u64,
        /// Address of its top frame, or zero.
        FRAME: u64,
        /// World clock in nanoseconds at which it is to be woken; zero for never.
        WAKE_NS: u64,
        /// 0 new, 1 runnable, 2 running, 3 blocked, 4 ended, 5 died, 6 stopped: see [`super::thread_state`].
        STATE: u32,
        /// What it is blocked on: see [`super::wait`].
        WAIT: u32,
        /// Stack quota in pages.
        STACK_PAGES: u32,
        /// Pages of its mounted stack that may hold anything, from the first on.
        STACK_USED: u32,
        /// Bits: see [`super::thread_flags`].
        FLAGS: u32,
    }

    /// A program.
    object program (16, ".internal.program") {
        /// String: the name.
        NAME: value,
        /// RefArray of strings: the arguments.
        ARGS: value,
        /// Class that holds the entry.
        CLASS: value,
        /// Its first thread.
        THREAD: value,
        /// Module that it was started from.
        MODULE: value,
        /// String: how it failed, with the stack trace; null if it did not.
        FAILURE: value,
        /// Directory: the variables that it was started with; the environment of its first thread, or null.
        ENVIRONMENT: value,
        /// Array of strings: what it was granted, as on the command line that started it; null for nothing.
        GRANTS: value,
        /// Its newest thread that has not ended; `SIBLING` leads to the others.
        THREADS: value,
        /// Last of its threads that could run if it were not held; `NEXT` of the last is the first.
        HELD_THREADS: value,
        /// Number of the program.
        ID: u64,
        /// Hash of the source it was started from.
        SOURCE_HASH: u64,
        /// Wall clock at its start, nanoseconds since 1970.
        STARTED_NS: u64,
        /// Threads in `THREADS`.
        THREAD_COUNT: u64,
        /// Bytes that its threads have allocated since it was started.
        ALLOCATED: u64,
        /// Bytes that only it, or it first, was found to hold by the last full collection,
        HELD_BYTES: u64,
        /// and `ALLOCATED` at that time.
        ALLOCATED_THEN: u64,
        /// Bytes that it may hold; zero for as many as there are.
        MEMORY_MAX: u64,
        /// Nanoseconds for which its threads have run since it was started.
        CPU_NS: u64,
        /// Exit status; while it runs, what its first thread has returned.
        STATUS: i32,
        /// See [`super::program_state`].
        STATE: u32,
        /// Why its threads do not run: see [`super::hold`].
        HELD: u32,
        /// Threads in `THREADS` that are daemons: the program ends without waiting for them.
        DAEMONS: u32,
        /// 1 when its output waits for the snapshot that holds its cause.
        OUTPUT_DURABLE: u32,
        /// 1 when all that leaves it waits for the snapshot that holds its cause.
        DURABLE: u32,
    }

    /// A growing array: `.internal.container.array`.
    object container (16, ".internal.container.array") {
        /// RefArray with room for the elements.
        PAGE: value,
        /// Number of elements in use.
        USED: u64,
        /// Counts what changes it, so that what is done to it in steps notices.
        CHANGES: u64,
    }

    /// A hash map: `.internal.directory`; open addressing, insertion order kept by the index array.
    object directory (16, ".internal.directory") {
        /// RefArray: key and value in turn, in the order of insertion; a removed pair is (null, null).
        ENTRIES: value,
        /// Byte array of u32: hash slot → entry number plus one; zero empty, `u32::MAX` removed.
        INDEX: value,
        /// Pairs that are there.
        COUNT: u64,
        /// Entries used, removed ones included.
        USED: u64,
        /// Counts what changes it, so that what is done to it in steps notices.
        CHANGES: u64,
    }

    /// A string under construction: `.internal.stringbuilder`.
    object stringbuilder (16, ".internal.stringbuilder") {
        /// Byte array with room for the text.
        BYTES: value,
        /// Bytes in use.
        USED: u64,
        /// Counts what changes it, so that what is done to it in steps notices.
        CHANGES: u64,
    }

    /// An exception thrown by the machine itself.
    object exception (16, ".internal.exception") {
        /// String: what happened.
        MESSAGE: value,
        /// The exception that caused this one, or null.
        CAUSE: value,
        /// String: stack trace, once thrown.
        TRACE: value,
    }

    /// A method bound to an object: `.internal.closure`.
    object closure (16, ".internal.closure") {
        /// Receiver.
        OBJECT: value,
        /// Method (or field, of a handle that reads or writes one), or null when it is named by the ordinal.
        METHOD: value,
        /// Ordinal.
        ORDINAL: u64,
        /// Zero for a method bound to `OBJECT`; a method handle has its kind by the numbers of the bytecode.
        KIND: u64,
    }

    /// Who holds the lock of an object: `.internal.monitor`. One exists for each locked object.
    object monitor (16, ".internal.monitor") {
        /// Thread that holds it, or null.
        OWNER: value,
        /// Last thread that waits to enter; `NEXT` of the last is the first.
        WAITERS: value,
        /// Next unused monitor.
        NEXT: value,
        /// The locked object.
        OBJECT: value,
        /// Last thread that waits for a notification; `NEXT` of the last is the first.
        NOTIFY: value,
        /// How often the owner has entered.
        COUNT: u64,
        /// Index in `MONITORS` plus one: the lock word of the object.
        NUMBER: u64,
    }

    /// A lock: `.internal.mutex`.
    object mutex (16, ".internal.mutex") {
        /// Thread that holds it, or null.
        OWNER: value,
        /// Last thread that waits for it; `NEXT` of the last is the first.
        WAITERS: value,
        /// Next of the mutexes that its owner holds and others wait for, or null.
        SIBLING: value,
        /// The one of them whose `SIBLING` it is, or null.
        ELDER: value,
        /// How often the owner has locked it.
        COUNT: u64,
        /// 1 when its owner has ended with it and nobody has recovered it.
        ABANDONED: u64,
    }

    /// A condition: `.internal.cond`.
    object cond (16, ".internal.cond") {
        /// Last thread that waits for a signal; `NEXT` of the last is the first.
        WAITERS: value,
    }

    /// A counting semaphore: `.internal.sema`.
    object sema (16, ".internal.sema") {
        /// Last thread that waits for a permit; `NEXT` of the last is the first. While one waits there is no permit.
        WAITERS: value,
        /// Permits that are there.
        COUNT: u64,
    }

    /// A reference that does not keep its object: `.internal.weakref`.
    object weakref (16, ".internal.weakref") {
        /// A `.internal.weak_array` of one element, or null.
        CELL: value,
    }

    /// A number that threads change together: `.internal.atomic`.
    object atomic (16, ".internal.atomic") {
        /// The number.
        VALUE: i64,
    }

    /// Bytes that may grow: `.internal.binary`. The object stays the same when it grows; its bytes move.
    object binary (16, ".internal.binary") {
        /// Byte array with room for the bytes.
        BYTES: value,
        /// Bytes in use.
        USED: u64,
        /// Counts what changes it, so that what is done to it in steps notices.
        CHANGES: u64,
    }

    /// Walks a container or a directory.
    object iterator (16, ".internal.iterator") {
        /// What is walked.
        OVER: value,
        /// Next position.
        POSITION: u64,
    }

    /// A boxed 64-bit number: a long beyond 61 bits, or a double.
    object boxed (16, "") {
        /// The bits.
        BITS: u64,
    }

    /// Something outside the world, as the world knows it: `.internal.connector` and what extends it.
    object connector (16, ".internal.connector") {
        /// String: its own address, the path of a file, the name of a program; null when it was never opened.
        ADDRESS: value,
        /// String: the address of the other end, or of who sent the last datagram; null for none.
        PEER: value,
        /// The `.internal.handle` by which it is known outside, or null.
        HANDLE: value,
        /// Byte position in a file.
        POSITION: u64,
        /// Which file it is: its file system,
        DEVICE: u64,
        /// its number there,
        INODE: u64,
        /// and when it was made, nanoseconds since 1970.
        BORN_NS: u64,
        /// See [`super::connector_state`].
        STATE: u32,
        /// See [`super::connector_option`].
        OPTIONS: u32,
        /// Exit status of a process.
        STATUS: i32,
        /// Unused.
        PAD: u32,
    }

    /// What is open outside in one boot; when nothing refers to it any more, it is closed.
    object handle (16, ".internal.handle") {
        /// Its number outside.
        NUMBER: u64,
        /// The boot in which it means something.
        BOOT: u64,
    }

    /// Random numbers: `.internal.random`.
    object random (16, ".internal.random") {
        /// State of the generator, when it was seeded.
        STATE: u64,
        /// 1 when it was seeded; else numbers come from outside.
        SEEDED: u64,
    }

    /// An effect outside that is to happen exactly once: `.internal.once`.
    object once (16, ".internal.once") {
        /// String: the key of the effect.
        KEY: value,
        /// What was given at the end.
        RESULT: value,
        /// 0 new, 1 begun, 2 ended.
        STATE: u32,
        /// Unused.
        PAD: u32,
    }

    /// A frame on a mounted stack: raw. Locals stand before it (`LOCALS` slots), operands behind it.
    raw frame (0, "") {
        /// Method object.
        METHOD: value,
        /// Address of the caller's frame, or zero for the first.
        CALLER: u64,
        /// Byte offset in the method's code of the instruction to run next, or that is being run.
        PC: u32,
        /// Operands in use, in slots, counted when the frame was last written.
        DEPTH: u32,
        /// What to do with the result: see `vm`.
        FLAGS: u32,
        /// Phase of an internal or native method; the number of the monitor that another synchronised method holds.
        PHASE: u32,
    }
}

/// Elements of [`root::JAVA_STATE`].
pub mod java_state {
    /// Mirrors of the primitive types by element kind, then that of `void`.
    pub const PRIMITIVES: u64 = 0;
    /// The module `java.base` (`java.lang.Module`).
    pub const BASE_MODULE: u64 = 9;
    /// RefArray of pairs: the name of a package (a string) and its module.
    pub const PACKAGES: u64 = 10;
    /// References that wait for the reference handler, linked by `discovered`.
    pub const PENDING: u64 = 11;
    /// The module of the classes of no named module.
    pub const UNNAMED_MODULE: u64 = 12;
    /// RefArray of byte arrays: the memory outside of objects that programs have, see `javalib`; or null.
    pub const MEMORY: u64 = 14;
    /// The `.internal.cond` at which those wait that want a reference in `PENDING`; or null.
    pub const PENDING_WAITERS: u64 = 13;
    /// RefArray of pairs by file number: what is open, and the program that opened it; or null.
    pub const DESCRIPTORS: u64 = 15;
    /// RefArray of strings: the library that the world runs on and the class path of its programs, see `vm::java`; or null.
    pub const LIBRARY: u64 = 16;
    /// Number of elements; worlds that older builds have made may have fewer.
    pub const COUNT: u64 = 17;
}

/// [`thread::STATE`].
pub mod thread_state {
    /// Has a first frame and has not run yet.
    pub const NEW: u32 = 0;
    /// In the run queue.
    pub const RUNNABLE: u32 = 1;
    /// Running now; at a flip this is the thread at the head of the queue.
    pub const RUNNING: u32 = 2;
    /// Waits for what [`super::thread::WAIT`] says.
    pub const BLOCKED: u32 = 3;
    /// Its first method has returned.
    pub const ENDED: u32 = 4;
    /// An exception left its first method.
    pub const DIED: u32 = 5;
    /// It was ended with its program.
    pub const STOPPED: u32 = 6;
}

/// [`thread::FLAGS`].
pub mod thread_flags {
    /// It was interrupted, and has not been told yet.
    pub const INTERRUPTED: u32 = 1;
    /// It is not to run before it is unpaused.
    pub const PAUSED: u32 = 1 << 1;
    /// Its program ends without waiting for it.
    pub const DAEMON: u32 = 1 << 2;
    /// The signal or notification that it last waited for came.
    pub const SIGNALLED: u32 = 1 << 3;
    /// When it comes out of the run queue, something is to be done for others, too much to be done at once: wake those who
    /// wait as [`thread::WAIT`] and [`thread::WAITS_FOR`] of this runnable thread say, or, when it has ended, what is left
    /// of its end or that of its program.
    pub const ERRAND: u32 = 1 << 4;
    /// Its next `park` returns at once (Java's `LockSupport`).
    pub const PERMIT: u32 = 1 << 5;
}

/// [`thread::WAIT`].
pub mod wait {
    /// For nothing.
    pub const NONE: u32 = 0;
    /// For the time [`super::thread::WAKE_NS`].
    pub const TIME: u32 = 1;
    /// For console input.
    pub const INPUT: u32 = 2;
    /// For the commit of [`super::thread::AWAITED`].
    pub const COMMIT: u32 = 3;
    /// To enter the monitor [`super::thread::WAITS_FOR`].
    pub const MONITOR: u32 = 4;
    /// For the class [`super::thread::WAITS_FOR`] to be initialised by another thread.
    pub const CLASS: u32 = 5;
    /// For a notification at an address of the binary [`super::thread::WAITS_FOR`].
    pub const ATOMIC: u32 = 6;
    /// For room in the output of its program; looks again at [`super::thread::WAKE_NS`].
    pub const OUTPUT: u32 = 7;
    /// For the program [`super::thread::WAITS_FOR`] to be let go; it could run.
    pub const HELD: u32 = 8;
    /// For a notification of the monitor [`super::thread::WAITS_FOR`].
    pub const NOTIFY: u32 = 9;
    /// For the mutex [`super::thread::WAITS_FOR`].
    pub const MUTEX: u32 = 10;
    /// For a signal of the condition [`super::thread::WAITS_FOR`].
    pub const COND: u32 = 11;
    /// For a permit of the semaphore [`super::thread::WAITS_FOR`].
    pub const SEMA: u32 = 12;
    /// For the end of the thread [`super::thread::WAITS_FOR`].
    pub const JOIN: u32 = 13;
    /// To be unpaused.
    pub const PAUSE: u32 = 14;
    /// For what [`super::thread::WAITS_FOR`] stands for outside the world.
    pub const OUTSIDE: u32 = 15;
    /// For a permit of Java's `LockSupport`; in no list.
    pub const PARK: u32 = 16;
}

/// [`program::STATE`].
pub mod program_state {
    /// Some of its threads live.
    pub const RUNNING: u32 = 0;
    /// All its threads have ended.
    pub const ENDED: u32 = 1;
    /// An exception left its first thread; the others were ended with it.
    pub const DIED: u32 = 2;
    /// It was ended by command.
    pub const KILLED: u32 = 3;
}

/// [`program::HELD`].
pub mod hold {
    /// They run.
    pub const NONE: u32 = 0;
    /// One of them brought the machine down again and again.
    pub const QUARANTINED: u32 = 1;
}

/// [`connector::STATE`].
pub mod connector_state {
    /// Closed, or never open.
    pub const CLOSED: u32 = 0;
    /// Open: a connection, a socket, a file, a process.
    pub const OPEN: u32 = 1;
    /// A listening socket.
    pub const LISTENING: u32 = 2;
    /// A process that has ended.
    pub const ENDED: u32 = 3;
}

/// [`connector::OPTIONS`].
pub mod connector_option {
    /// What leaves waits for the snapshot that holds its cause.
    pub const DURABLE: u32 = 1;
    /// A file that is only read.
    pub const READ_ONLY: u32 = 2;
    /// A file that is written at its end only.
    pub const APPEND: u32 = 4;
    /// A socket whose calls do not wait.
    pub const NONBLOCKING: u32 = 8;
}

/// What happens to the result of a frame: the low byte of [`frame::FLAGS`].
pub mod on_return {
    /// Pushed on the caller's operands as it is.
    pub const PUSH: u32 = 0;
    /// Pushed as an object: numbers boxed, nothing as null.
    pub const BOX: u32 = 1;
    /// Dropped; the caller's instruction is run again.
    pub const AGAIN: u32 = 2;
    /// As `AGAIN`; the frame ran a class initialiser, whose class is now initialised.
    pub const INITIALISED: u32 = 3;
    /// Boxed, handed to the caller, which is a kernel method and is invoked again.
    pub const KERNEL: u32 = 4;
    /// The thread ends.
    pub const END: u32 = 5;
    /// As `AGAIN`; the result is what the pool entry at the caller's instruction is resolved to.
    pub const LINK: u32 = 6;
    /// Unboxed to the kind in the second byte of the flags (zero drops it), then pushed.
    pub const UNBOX: u32 = 7;
    /// Dropped; the receiver, which is a new object in the first local, is pushed.
    pub const NEW: u32 = 8;
    /// Dropped; the thread ends as after a `main` method that returned, and its object is kept.
    pub const START: u32 = 9;
    /// Bit: the frame holds a monitor, whose number is in `PHASE`, and leaves it at its end.
    pub const UNLOCK: u32 = 1 << 16;
    /// Bit: the frame has yet to enter the monitor of its receiver or class.
    pub const LOCK: u32 = 1 << 17;
    /// Bit: the frame's instruction initialises a class, and those above that are initialised first.
    pub const PREPARES: u32 = 1 << 18;
}

/// [`field::KIND`] of references.
pub const FIELD_REF: u8 = 8;
/// Marks a method without an ordinal.
pub const NO_ORDINAL: u32 = u32::MAX;
/// [`root::MAGIC`].
pub const ROOT_MAGIC: u64 = u64::from_le_bytes(*b"PhWorld1");
/// Offset of the heap's own state in the root page, in bytes.
pub const HEAP_STATE_OFFSET: u64 = 512;

const _: () = assert!(root::SIZE <= HEAP_STATE_OFFSET);
const _: () = assert!(class::NAME == header::SIZE && frame::SIZE == 32);
