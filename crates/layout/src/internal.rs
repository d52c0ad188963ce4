//! The table of internal classes: names, ordinals, method names and descriptors.
//!
//! The front end reads it to compile calls, `vm` to bind what the kernel implements, the documentation to list it
//! (`docs/internal-classes.md`).
//! Source of names and numbers: the original's system call tables, its later branch where the two differ; methods that
//! the original does not have take the next free numbers.
//! A class names again what it does differently from its parent; name and descriptor are then the same, except that
//! of a class or thread 14 is something else, as in the original.
//!
//! *Invariants:* a method that may block or call bytecode is not [`Restart::Short`]; the texts are no part of the format,
//! all else is.

/// The class whose static methods bring values from the Phantom language to Java and back; that it is initialised means
/// that Java's library is there. `javalib` has it, code of the language calls it.
pub const JAVA_BOUNDARY: &str = "phantom/java/Boundary";

/// What a restart does to a call that it interrupts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// Runs to its end between two safepoints: a restart never finds it half done.
    Short,
    /// Is short while it has little to do, and runs in steps with safepoints between them when it has much: a restart
    /// goes on at the step where it was.
    Divided,
    /// Is done again.
    Idempotent,
    /// Goes on where it was.
    Resumable,
    /// Whether it took effect is unknown: the program gets a result that says so.
    Once,
}

/// One internal method.
#[derive(Clone, Copy, Debug)]
pub struct InternalMethod {
    /// Ordinal, which is also the number of its `sys` instruction.
    pub ordinal: u16,
    /// Name.
    pub name: &'static str,
    /// Descriptor in the syntax of the bytecode.
    pub descriptor: &'static str,
    /// What a restart does.
    pub restart: Restart,
    /// What it does, in one line.
    pub doc: &'static str,
}

/// One internal class.
#[derive(Clone, Copy, Debug)]
pub struct InternalClass {
    /// Number.
    pub id: ClassId,
    /// Name, with the leading dot.
    pub name: &'static str,
    /// Name of its parent; empty for the root.
    pub parent: &'static str,
    /// Methods declared here.
    pub methods: &'static [InternalMethod],
    /// What it is, in one line.
    pub doc: &'static str,
}

macro_rules! restart {
    () => {
        Restart::Short
    };
    (divided) => {
        Restart::Divided
    };
    (idempotent) => {
        Restart::Idempotent
    };
    (resumable) => {
        Restart::Resumable
    };
    (once) => {
        Restart::Once
    };
}

macro_rules! internal_classes {
    ($( $id:ident $name:literal $parent:literal $doc:literal {
        $( $ordinal:literal $method:literal $descriptor:literal $($restart:ident)? $text:literal ; )*
    } )*) => {
        /// Numbers of the internal classes; their order is part of the format.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum ClassId {
            $( #[doc = concat!("`", $name, "`: ", $doc)] $id, )*
        }
        /// All internal classes, parents before children, indexed by [`ClassId`].
        pub const CLASSES: &[InternalClass] = &[
            $( InternalClass { id: ClassId::$id, name: $name, parent: $parent, doc: $doc, methods: &[
                $( InternalMethod {
                    ordinal: $ordinal,
                    name: $method,
                    descriptor: $descriptor,
                    restart: restart!($($restart)?),
                    doc: $text,
                }, )*
            ] }, )*
        ];
        /// The table as text, for the schema hash.
        pub(crate) const TABLE_TEXT: &str =
            concat!($( $name, "<", $parent, ":", $( $ordinal, $method, $descriptor, $( stringify!($restart), )? ";", )* )*);
    };
}

internal_classes! {
    Object ".internal.object" "" "The root: what every object can do." {
        0 "<init>" "()V" "Does nothing.";
        1 "destruct" "()V" "Does nothing; the kernel never calls it.";
        2 "getClass" "()L.internal.class;" "The class; of null it is `.internal.void`.";
        3 "clone" "()L.internal.object;" divided "A shallow copy; throws a string for null and for what exists once (classes, threads).";
        4 "equals" "(L.internal.object;)I" "1 when both are the same object.";
        5 "toString" "()L.internal.string;" "The name of the class; of null `(void)`.";
        6 "toXML" "()L.internal.string;" "`<void>`.";
        7 "fromXML" "(L.internal.string;)V" "Throws a string: the original gives it no meaning either.";
        14 "setImmutable" "()V" "Forbids every later change of the object's own content.";
        15 "hashCode" "()I" "Equal for objects that are equal: by identity here, by value for numbers and strings.";
    }
    Void ".internal.void" ".internal.object" "The class of null." {}
    Class ".internal.class" ".internal.object" "A class." {
        5 "toString" "()L.internal.string;" "`class`.";
        8 "newClass" "(L.internal.string;IL.internal.object;)L.internal.class;" "Throws a string: classes come from modules.";
        10 "setStatic" "(IL.internal.object;)V" "Writes a static reference by its slot; throws a string when there is no such slot.";
        11 "getStatic" "(I)L.internal.object;" "Reads a static reference by its slot; throws a string when there is no such slot.";
        14 "instanceof" "(L.internal.object;)I" "1 when the object is of this class or one that extends it; null is of `.internal.void`.";
        16 "getName" "()L.internal.string;" "The name, with the leading dot.";
        17 "getSuper" "()L.internal.class;" "The class that this one extends, null for the root.";
        18 "newInstance" "()L.internal.object;" "A new object, all zero and null: no constructor runs; throws a string when the class has no such objects.";
        19 "getVersion" "()I" "The version, counted by upgrades.";
        20 "newArrays" "([I)L.internal.object;" divided "Of a class of arrays of arrays: a new array of so many, each of so many, and so on; those beyond the last number are null.";
    }
    Interface ".internal.interface" ".internal.object" "Table of methods (the original's; not used)." {}
    Method ".internal.method" ".internal.object" "A method." {}
    Field ".internal.field" ".internal.object" "A field." {}
    Module ".internal.module" ".internal.object" "A module as it was loaded." {}
    Code ".internal.code" ".internal.object" "Bytecode." {}
    Int ".internal.int" ".internal.object" "A number of 32 bits." {
        3 "clone" "()L.internal.object;" "Itself.";
        4 "equals" "(L.internal.object;)I" "1 when the other is an int of the same value.";
        5 "toString" "()L.internal.string;" "Decimal.";
        6 "toXML" "()L.internal.string;" "`<int>n</int>`.";
        15 "hashCode" "()I" "The number.";
        16 "toInt" "()I" "The number.";
        17 "toLong" "()J" "The number.";
        18 "toFloat" "()F" "The nearest float.";
        19 "toDouble" "()D" "The number.";
    }
    Long ".internal.long" ".internal.object" "A number of 64 bits." {
        3 "clone" "()L.internal.object;" "Itself.";
        4 "equals" "(L.internal.object;)I" "1 when the other is a long of the same value.";
        5 "toString" "()L.internal.string;" "Decimal.";
        6 "toXML" "()L.internal.string;" "`<long>n</long>`.";
        15 "hashCode" "()I" "The upper half xor the lower half.";
        16 "toInt" "()I" "The lower half.";
        17 "toLong" "()J" "The number.";
        18 "toFloat" "()F" "The nearest float.";
        19 "toDouble" "()D" "The nearest double.";
    }
    Float ".internal.float" ".internal.object" "A floating-point number of 32 bits." {
        3 "clone" "()L.internal.object;" "Itself.";
        4 "equals" "(L.internal.object;)I" "1 when the other is a float of the same bits: NaN equals itself, 0.0 is not -0.0.";
        5 "toString" "()L.internal.string;" "The shortest decimal that reads back the same, as Java writes it: 0.1, 1.0, 1.0E10, NaN, Infinity.";
        6 "toXML" "()L.internal.string;" "`<float>n</float>`.";
        15 "hashCode" "()I" "The bits.";
        16 "toInt" "()I" "Cut towards zero, to the nearest int; NaN gives 0.";
        17 "toLong" "()J" "Cut towards zero, to the nearest long; NaN gives 0.";
        18 "toFloat" "()F" "The number.";
        19 "toDouble" "()D" "The number.";
    }
    Double ".internal.double" ".internal.object" "A floating-point number of 64 bits." {
        3 "clone" "()L.internal.object;" "Itself.";
        4 "equals" "(L.internal.object;)I" "1 when the other is a double of the same bits: NaN equals itself, 0.0 is not -0.0.";
        5 "toString" "()L.internal.string;" "The shortest decimal that reads back the same, as Java writes it: 0.1, 1.0, 1.0E10, NaN, Infinity.";
        6 "toXML" "()L.internal.string;" "`<double>n</double>`.";
        15 "hashCode" "()I" "The upper half of the bits xor the lower half.";
        16 "toInt" "()I" "Cut towards zero, to the nearest int; NaN gives 0.";
        17 "toLong" "()J" "Cut towards zero, to the nearest long; NaN gives 0.";
        18 "toFloat" "()F" "The nearest float.";
        19 "toDouble" "()D" "The number.";
    }
    String ".internal.string" ".internal.object" "Bytes that do not change, UTF-8 by custom; positions and lengths count bytes." {
        3 "clone" "()L.internal.object;" "Itself.";
        4 "equals" "(L.internal.object;)I" divided "1 when the other is a string of the same bytes (the original throws when it is no string).";
        5 "toString" "()L.internal.string;" "Itself.";
        6 "toXML" "()L.internal.string;" divided "`<string>text</string>`, with the five special characters escaped.";
        8 "substring" "(II)L.internal.string;" divided "Bytes from an index, so many or up to the end; throws a string when there is no such index.";
        9 "charAt" "(I)I" "The byte at an index, 0 to 255; throws a string when there is none.";
        10 "concat" "(L.internal.string;)L.internal.string;" divided "Both, one behind the other.";
        11 "length" "()I" "Number of bytes.";
        12 "strstr" "(L.internal.string;)I" divided "Where the other first stands in this one, or -1.";
        15 "hashCode" "()I" "Hash of the bytes.";
        16 "toInt" "()I" divided "The number at the start, 0 when there is none; the nearest int when it is too large.";
        17 "toLong" "()J" divided "The number at the start, 0 when there is none; the nearest long when it is too large.";
        18 "toFloat" "()F" divided "The number at the start, 0.0 when there is none.";
        19 "toDouble" "()D" divided "The number at the start, 0.0 when there is none.";
        20 "parseJson" "()L.internal.object;" divided "JSON: long, double, string, 1 or 0, directory, array, null; throws a string with the position of an error. At most 127 levels, and 16 KiB for a number.";
        21 "indexOf" "(L.internal.string;I)I" divided "Where the other first stands in this one from an index on, or -1.";
        22 "startsWith" "(L.internal.string;)I" divided "1 when this one begins with the other.";
        23 "endsWith" "(L.internal.string;)I" divided "1 when this one ends with the other.";
        24 "toUpper" "()L.internal.string;" divided "With a to z in upper case; other bytes stay.";
        25 "toLower" "()L.internal.string;" divided "With A to Z in lower case; other bytes stay.";
        26 "trim" "()L.internal.string;" divided "Without space, tab, line feed, carriage return and form feed at both ends.";
        27 "split" "(L.internal.string;)L.internal.container.array;" divided "The parts between the separators, empty ones too; throws a string when the separator is empty.";
        28 "replace" "(L.internal.string;L.internal.string;)L.internal.string;" divided "With each first text replaced by the second; throws a string when the first is empty.";
        29 "compareTo" "(L.internal.string;)I" divided "-1, 0 or 1 by the order of the bytes.";
        30 "contains" "(L.internal.string;)I" divided "1 when the other stands in this one.";
    }
    StringBuilder ".internal.stringbuilder" ".internal.object" "A string under construction." {
        3 "clone" "()L.internal.object;" divided "Another one with the same bytes.";
        4 "equals" "(L.internal.object;)I" divided "1 when the other is a stringbuilder or a string with the same bytes.";
        5 "toString" "()L.internal.string;" divided "The bytes as a string.";
        8 "substring" "(II)L.internal.string;" divided "Bytes from an index, so many or up to the end; throws a string when there is no such index.";
        9 "byteAt" "(I)I" "The byte at an index, 0 to 255; throws a string when there is none.";
        10 "concat" "(L.internal.string;)I" divided "Adds a string at the end; returns the new length.";
        11 "length" "()I" "Number of bytes.";
        12 "strstr" "(L.internal.string;)I" divided "Where the string first stands in this one, or -1.";
        15 "hashCode" "()I" "Hash of the bytes that are there now.";
        16 "append" "(L.internal.object;)L.internal.stringbuilder;" resumable "Adds the text of any object at the end; returns itself.";
        17 "clear" "()V" "Removes all bytes.";
        18 "appendString" "(L.internal.string;)L.internal.stringbuilder;" divided "Adds a string at the end, `(void)` for null; returns itself.";
        19 "appendInt" "(I)L.internal.stringbuilder;" divided "Adds the text of a number at the end; returns itself.";
        20 "appendLong" "(J)L.internal.stringbuilder;" divided "Adds the text of a number at the end; returns itself.";
        21 "appendFloat" "(F)L.internal.stringbuilder;" divided "Adds the text of a number at the end; returns itself.";
        22 "appendDouble" "(D)L.internal.stringbuilder;" divided "Adds the text of a number at the end; returns itself.";
        23 "format" "(L.internal.object;L.internal.string;)L.internal.stringbuilder;" resumable "Adds the text of any object at the end, written by a format such as `8.2f`; throws a string when that is none or does not fit; returns itself.";
    }
    Container ".internal.container.array" ".internal.object" "A growing array of objects." {
        3 "clone" "()L.internal.object;" divided "Another array with the same elements.";
        5 "toString" "()L.internal.string;" "`array`.";
        8 "iterator" "()L.internal.iterator;" "Walks the elements; sees what is changed meanwhile.";
        9 "subarray" "(II)L.internal.container.array;" divided "A new array of elements from an index, so many or up to the end; throws a string when there is no such index.";
        10 "get" "(I)L.internal.object;" "The element at an index; throws a string when it is out of bounds.";
        11 "set" "(L.internal.object;I)L.internal.object;" divided "Sets the element at an index, growing to it; returns the value.";
        12 "size" "()I" "Number of elements.";
        16 "add" "(L.internal.object;)I" divided "Adds an element at the end; returns its index.";
        17 "removeLast" "()L.internal.object;" "Removes the last element and returns it; throws a string when there is none.";
        18 "insert" "(IL.internal.object;)V" divided "Inserts an element before an index, or at the end.";
        19 "removeAt" "(I)L.internal.object;" divided "Removes the element at an index and returns it.";
        20 "clear" "()V" "Removes all elements.";
    }
    Iterator ".internal.iterator" ".internal.object" "Walks an array." {
        8 "hasNext" "()I" "1 when there is another element.";
        9 "next" "()L.internal.object;" "The next element; throws a string when there is none.";
    }
    Binary ".internal.binary" ".internal.object" "Bytes that a program reads and writes; numbers are little-endian." {
        3 "clone" "()L.internal.object;" divided "Another one with the same bytes.";
        4 "equals" "(L.internal.object;)I" divided "1 when the other is a binary with the same bytes.";
        8 "getByte" "(I)I" "The byte at an index, 0 to 255; throws a string when it is out of bounds.";
        9 "setByte" "(II)V" "Writes the low byte of the second number at an index (the first).";
        10 "setRange" "(L.internal.binary;III)V" divided "Copies from another binary: to index, from index, number of bytes.";
        11 "size" "()I" "Number of bytes.";
        15 "hashCode" "()I" "Hash of the bytes that are there now.";
        16 "getInt" "(I)I" "The int in 4 bytes from an index.";
        17 "setInt" "(II)V" "Writes 4 bytes from an index (the first number).";
        18 "getLong" "(I)J" "The long in 8 bytes from an index.";
        19 "setLong" "(IJ)V" "Writes 8 bytes from an index.";
        20 "text" "(II)L.internal.string;" divided "Bytes from an index (first), so many, as a string.";
        21 "resize" "(I)V" divided "Sets the number of bytes; new ones are 0.";
        22 "setText" "(IL.internal.string;)V" divided "Writes the bytes of a string from an index.";
        23 "notify" "(JI)I" divided "Wakes who waits at an index by `atomic.wait`, at most so many: how many.";
    }
    Directory ".internal.directory" ".internal.object" "A map; strings and numbers are keys by class and value, other objects by identity; the order of insertion is kept." {
        3 "clone" "()L.internal.object;" divided "Another directory with the same pairs.";
        5 "toString" "()L.internal.string;" "`(directory)`.";
        8 "put" "(L.internal.object;L.internal.object;)I" divided "Enters a value by its key: 0, or 17 when the key is there, whose value then stays.";
        9 "get" "(L.internal.object;)L.internal.object;" divided "The value of a key, or null.";
        10 "remove" "(L.internal.object;)I" divided "Removes a key: 0, or 2 when it is not there.";
        11 "size" "()I" "Number of keys.";
        12 "iterate" "()L.internal.iterator;" divided "Walks the keys that are there now.";
        13 "keys" "()L.internal.container.array;" divided "A new array of all keys.";
        16 "set" "(L.internal.object;L.internal.object;)L.internal.object;" divided "Sets the value of a key; returns the value that it had, or null.";
        17 "contains" "(L.internal.object;)I" divided "1 when the key is there.";
        18 "values" "()L.internal.container.array;" divided "A new array of all values, in the order of the keys.";
        19 "clear" "()V" "Removes all keys.";
        20 "iterator" "()L.internal.iterator;" divided "As `iterate`.";
    }
    Closure ".internal.closure" ".internal.object" "A method bound to an object." {
        8 "call" "([L.internal.object;)L.internal.object;" resumable "Calls the method with these arguments.";
        9 "getOrdinal" "()I" "The ordinal of the method.";
        10 "setOrdinal" "(I)V" "Sets the ordinal of the method.";
        11 "setObject" "(L.internal.object;)V" "Sets the receiver.";
        12 "getObject" "()L.internal.object;" "The receiver.";
        13 "callName" "(L.internal.string;[L.internal.object;)L.internal.object;" resumable "Calls the receiver's method of this name with these arguments.";
        16 "iterate" "(L.internal.object;)L.internal.object;" resumable "Calls the method `iterator` of an object, or its method 8 when it has none.";
    }
    Time ".internal.time" ".internal.object" "Clocks." {
        16 "unixTime" "()J" "Seconds since 1970-01-01 UTC by the wall clock, which may jump.";
        17 "sleepSec" "(I)V" idempotent "Waits so many seconds; a restart does not make it longer.";
        18 "sleepMsec" "(I)V" idempotent "Waits so many milliseconds; a restart does not make it longer.";
        19 "unixTimeMsec" "()J" "Milliseconds since 1970-01-01 UTC by the wall clock, which may jump.";
        20 "monotonicMsec" "()J" "Milliseconds by the clock of the world, which never goes back, not even over a restart.";
        21 "sleepUntil" "(J)V" idempotent "Waits until `monotonicMsec` is so large; so what is done at times does not drift.";
    }
    World ".internal.world" ".internal.object" "The world that the program lives in." {
        5 "toString" "()L.internal.string;" "`(world)`.";
        8 "getMyThread" "()L.internal.thread;" "The running thread.";
        9 "startThread" "(L.internal.object;L.internal.object;)I" divided "A new thread runs method 8 of the object with the argument; returns 0.";
        10 "log" "(L.internal.string;)V" "Adds a line to the log of the world, which keeps the last 1024.";
        11 "snapSync" "()J" idempotent "Returns when a snapshot that contains this call is durable: its epoch.";
        12 "epoch" "()J" "The epoch that the next snapshot will have.";
        13 "isDetached" "()I" "1 while this world is a fork, an import or a restored one that was not attached yet: whatever would reach outside waits.";
        16 "collect" "()V" idempotent "Returns when a full collection has freed what nothing leads to: for memory that is wanted now, for weak references, for handles that were dropped without being closed.";
    }
    Console ".internal.console" ".internal.object" "Standard input, output and error." {
        16 "print" "(L.internal.object;)V" idempotent "Writes the text of any object.";
        17 "println" "(L.internal.object;)V" idempotent "Writes the text of any object and a line feed.";
        18 "readLine" "()L.internal.string;" idempotent "A line of input without its line feed, or null at the end; asks again after a restart.";
        19 "printError" "(L.internal.object;)V" idempotent "Writes the text of any object to standard error.";
        20 "printlnError" "(L.internal.object;)V" idempotent "Writes the text of any object and a line feed to standard error.";
        21 "setDurable" "(I)V" "With 1, what the program writes from now on waits for the snapshot that holds its cause; 0 by default.";
    }
    Boot ".internal.boot" ".internal.object" "What a program in the style of the original gets at its start." {
        5 "toString" "()L.internal.string;" "`bootstrap`.";
        8 "loadClass" "(L.internal.string;)L.internal.class;" idempotent "The class of this name; asks method 8 of the registered class loader for unknown ones; throws a string when there is none.";
        16 "print" "([L.internal.object;)V" idempotent "Writes the texts of the objects, first to last (the original: last to first).";
        17 "setClassLoader" "(L.internal.object;)V" "Registers a class loader.";
        18 "startThread" "(L.internal.object;)V" divided "A new thread runs method 8 of the object with this boot object.";
        19 "createBinary" "(I)L.internal.binary;" "A new binary of so many bytes, all 0.";
        20 "setScreenBackground" "(L.internal.object;)V" "Does nothing: there is no screen.";
        21 "sleep" "(I)V" idempotent "Waits so many milliseconds.";
        22 "setOsInterface" "(L.internal.object;)V" "Registers what `getOsInterface` of threads returns.";
        23 "getKernelEnvironment" "()L.internal.container.array;" "An array of strings `name=value`.";
        24 "reboot" "()V" "Throws a string: a program may not stop the world.";
    }
    Bootstrap ".internal.bootstrap" ".internal.boot" "The class of the boot object by its other name." {}
    Thread ".internal.thread" ".internal.object" "A thread." {
        5 "toString" "()L.internal.string;" "`thread`.";
        10 "pause" "()V" idempotent "The thread runs no further until it is unpaused; what it holds locked stays locked. The running thread may pause itself.";
        11 "unpause" "()V" "Lets a paused thread run on.";
        12 "getEnvironment" "()L.internal.object;" "The environment: a directory, a copy of what the thread that started this one had, made at the first call if there was none.";
        13 "getUser" "()L.internal.object;" "Null: there are no users.";
        14 "getOsInterface" "()L.internal.object;" "What `setOsInterface` of the boot object registered, or null.";
        16 "getId" "()J" "The number of the thread.";
        17 "isAlive" "()I" "1 from its start until its first method has returned or thrown.";
        18 "start" "(L.internal.object;)L.internal.thread;" divided "Begins to run the object: a function or closure is called; of others `run()`, or `run` or method 8 with one argument, null; returns itself. Throws a string when it was started before.";
        19 "startWith" "(L.internal.object;L.internal.object;)L.internal.thread;" divided "As `start`, with an argument: a function, `run` or method 8 with one parameter, or a closure.";
        20 "join" "()L.internal.object;" idempotent "Waits until it has ended: what its first method returned; throws `.internal.exception.thread_died`, with the cause, when it died.";
        21 "joinMsec" "(I)I" idempotent "As `join`, no longer than so many milliseconds: 1 when it has ended, however, 0 when the time is over.";
        22 "interrupt" "()V" "Has it throw `.internal.exception.interrupted` where it waits (sleeps, joins, waits for a condition, a notification, a permit, input, a snapshot), or where it will wait next; not where it waits for a lock.";
        23 "isInterrupted" "()I" "1 when it was interrupted and has not thrown yet.";
        24 "yield" "()V" idempotent "Lets the other threads that can run have their turn before the running thread goes on.";
        25 "getName" "()L.internal.string;" "The name, `thread` and the number unless it was given another.";
        26 "setName" "(L.internal.string;)V" "Gives it a name.";
        27 "getState" "()L.internal.string;" "`new`, `runnable`, `paused`, `ended`, `died`, `stopped`, or what it waits for, as `phantom ps` says it.";
        28 "getResult" "()L.internal.object;" "What its first method returned; null before that.";
        29 "getFailure" "()L.internal.object;" "What it died of, or null.";
        30 "setDaemon" "(I)V" "1, before the start: its program ends without waiting for it, and ends it. Threads that it makes are daemons too.";
        31 "isDaemon" "()I" "1 when its program does not wait for it.";
        32 "setStackSize" "(I)V" "So many KiB of stack at most, 16 to 8192, before the start; threads have as much as the one that started them. Beyond it `.internal.exception.stack_overflow` is thrown.";
        33 "getStackSize" "()I" "KiB of stack at most.";
    }
    Program ".internal.program" ".internal.object" "A running program." {}
    FrozenStack ".internal.frozen_stack" ".internal.object" "The frames of a parked thread." {}
    Exception ".internal.exception" ".internal.object" "What the machine throws." {
        5 "toString" "()L.internal.string;" "The name of the class, and the message if there is one.";
        16 "getMessage" "()L.internal.string;" "What happened.";
        17 "getCause" "()L.internal.object;" "The exception that caused this one, or null.";
        18 "getTrace" "()L.internal.string;" "The stack trace.";
        19 "setMessage" "(L.internal.string;)V" "Sets the message.";
    }
    NullPointer ".internal.exception.null_pointer" ".internal.exception" "Null where an object is needed." {}
    Arithmetic ".internal.exception.arithmetic" ".internal.exception" "Division of integers by zero." {}
    ClassCast ".internal.exception.class_cast" ".internal.exception" "An object of another class than is needed." {}
    IndexOutOfBounds ".internal.exception.index_out_of_bounds" ".internal.exception" "An index outside an array." {}
    NegativeSize ".internal.exception.negative_size" ".internal.exception" "An array of negative size." {}
    ArrayStore ".internal.exception.array_store" ".internal.exception" "An object that the array may not hold." {}
    NoSuchMethod ".internal.exception.no_such_method" ".internal.exception" "A method that the object does not have." {}
    NoSuchField ".internal.exception.no_such_field" ".internal.exception" "A field that the object does not have." {}
    AbstractMethod ".internal.exception.abstract_method" ".internal.exception" "A method without a body." {}
    ClassNotFound ".internal.exception.class_not_found" ".internal.exception" "A class that nobody knows." {}
    Linkage ".internal.exception.linkage" ".internal.exception" "Modules that do not fit together." {}
    StackOverflow ".internal.exception.stack_overflow" ".internal.exception" "More frames than the thread may have." {}
    OutOfMemory ".internal.exception.out_of_memory" ".internal.exception" "An object that does not fit." {}
    IllegalMonitor ".internal.exception.illegal_monitor" ".internal.exception" "A lock that the thread does not hold." {}
    Immutable ".internal.exception.immutable" ".internal.exception" "A change of an immutable object." {}
    Trap ".internal.exception.trap" ".internal.exception" "A trap of WebAssembly." {}
    Io ".internal.exception.io" ".internal.exception" "Something outside the world failed." {}
    Monitor ".internal.monitor" ".internal.object" "Who holds the lock of an object." {}
    Mutex ".internal.mutex" ".internal.object" "A lock that one thread holds at a time, as often as it likes; first come, first served: `unlock` hands it to the thread that waits longest. When a thread ends that holds it, it is abandoned: what it protects may be half changed, so whoever waits for it or wants it gets `.internal.exception.abandoned`, and does not hold it, until somebody recovers it." {
        5 "toString" "()L.internal.string;" "`mutex`.";
        8 "lock" "()V" idempotent "Waits until no other thread holds it, and holds it. Not interrupted. Throws `.internal.exception.abandoned`, and does not hold it, when it is abandoned.";
        9 "unlock" "()V" "Undoes one `lock`; throws a string when another thread holds it, or none.";
        10 "tryLock" "()I" "Locks it if no other thread holds it: 1, else 0; throws as `lock`.";
        16 "tryLockMsec" "(I)I" idempotent "As `lock`, no longer than so many milliseconds: 1, or 0 when the time is over.";
        17 "getOwner" "()L.internal.thread;" "The thread that holds it, or null.";
        18 "recover" "()I" "Of an abandoned mutex: 1, and the running thread holds it, as if it had locked it once, to put in order what it protects; else 0, and nothing happens.";
    }
    Cond ".internal.cond" ".internal.object" "What threads wait for under a mutex; who waits longest is signalled first." {
        5 "toString" "()L.internal.string;" "`cond`.";
        8 "wait" "(L.internal.mutex;)V" resumable "Unlocks the mutex, waits for a signal, and locks the mutex again, as often as it was. Never wakes without a signal. Throws a string when the thread does not hold the mutex.";
        9 "twait" "(L.internal.mutex;I)I" resumable "As `wait`, no longer than so many milliseconds: 1 after a signal, 0 when the time is over.";
        10 "broadcast" "()V" divided "Signals all threads that wait.";
        11 "signal" "()V" "Signals the thread that waits longest, if one waits.";
    }
    Sema ".internal.sema" ".internal.object" "A semaphore: permits, none at first, that threads take and give; first come, first served." {
        5 "toString" "()L.internal.string;" "`semaphore`.";
        8 "acquire" "()V" idempotent "Takes a permit, waiting until there is one.";
        9 "tacquire" "(I)I" idempotent "As `acquire`, no longer than so many milliseconds: 1, or 0 when the time is over.";
        10 "zero" "()V" "Takes all permits that are there.";
        11 "release" "()V" divided "Gives a permit.";
        16 "tryAcquire" "()I" "Takes a permit if there is one: 1, else 0.";
        17 "available" "()I" "The number of permits.";
        18 "releaseMany" "(I)V" divided "Gives so many permits; throws a string when the number is negative, or there would be more than 2147483647.";
    }
    Sync ".internal.sync" ".internal.object" "The locks that objects have, which `monitor_enter` and synchronised methods use too; first come, first served. Null and numbers throw." {
        16 "lock" "(L.internal.object;)V" idempotent "Waits until no other thread holds the lock of the object, and holds it. Not interrupted.";
        17 "unlock" "(L.internal.object;)V" "Undoes one `lock`; throws `.internal.exception.illegal_monitor` when the running thread does not hold it.";
        18 "tryLock" "(L.internal.object;)I" "Locks it if no other thread holds it: 1, else 0.";
        19 "wait" "(L.internal.object;)V" resumable "Unlocks the object, which the thread must hold, waits for a notification, and locks it again, as often as it was. Never wakes without a notification.";
        20 "waitMsec" "(L.internal.object;I)I" resumable "As `wait`, no longer than so many milliseconds: 1 after a notification, 0 when the time is over.";
        21 "notify" "(L.internal.object;)V" "Notifies the thread that waits longest, if one waits; the running thread must hold the lock.";
        22 "notifyAll" "(L.internal.object;)V" divided "Notifies all threads that wait; the running thread must hold the lock.";
        23 "holdsLock" "(L.internal.object;)I" "1 when the running thread holds the lock.";
    }
    Atomic ".internal.atomic" ".internal.object" "A long that threads change together, 0 at first." {
        5 "toString" "()L.internal.string;" "Decimal.";
        16 "get" "()J" "The number.";
        17 "set" "(J)V" "Sets the number.";
        18 "add" "(J)J" "Adds; returns the sum, which wraps.";
        19 "compareAndSet" "(JJ)I" "Sets the number to the second if it is the first: 1, else 0.";
        20 "exchange" "(J)J" "Sets the number; returns the one before.";
    }
    Weakref ".internal.weakref" ".internal.object" "A reference that does not keep its object." {
        8 "get" "()L.internal.object;" "The object; null when none was set, or a full collection found nothing else that leads to it.";
        16 "set" "(L.internal.object;)V" "Refers to this object from now on.";
    }
    WeakArray ".internal.weak_array" ".internal.object" "References that do not keep their objects." {}
    Interrupted ".internal.exception.interrupted" ".internal.exception" "The thread was interrupted where it waited." {}
    ThreadDied ".internal.exception.thread_died" ".internal.exception" "The thread that was waited for died; the cause says of what." {}
    Abandoned ".internal.exception.abandoned" ".internal.exception" "The thread that held the mutex has ended without unlocking it, and nobody has recovered it." {}
    Function ".internal.function" ".internal.object" "What a function of the language is an object of; each overrides the method for its number of parameters, the others throw." {
        5 "toString" "()L.internal.string;" "`function`.";
        16 "call0" "()L.internal.object;" "Calls it with 0 arguments.";
        17 "call1" "(L.internal.object;)L.internal.object;" "Calls it with 1 argument.";
        18 "call2" "(L.internal.object;L.internal.object;)L.internal.object;" "Calls it with 2 arguments.";
        19 "call3" "(L.internal.object;L.internal.object;L.internal.object;)L.internal.object;" "Calls it with 3 arguments.";
        20 "call4" "(L.internal.object;L.internal.object;L.internal.object;L.internal.object;)L.internal.object;" "Calls it with 4 arguments.";
        21 "call5" "(L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;)L.internal.object;" "Calls it with 5 arguments.";
        22 "call6" "(L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;)L.internal.object;" "Calls it with 6 arguments.";
        23 "call7" "(L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;)L.internal.object;" "Calls it with 7 arguments.";
        24 "call8" "(L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;L.internal.object;)L.internal.object;" "Calls it with 8 arguments.";
    }
    Assertion ".internal.exception.assertion" ".internal.exception" "An `assert` that does not hold." {}
    ConnectionReset ".internal.exception.connection_reset" ".internal.exception.io" "The connection is gone: the other end closed it, or the world was restarted." {}
    UnknownOutcome ".internal.exception.unknown_outcome" ".internal.exception.io" "The world was restarted while something was done outside: whether it took effect is unknown." {}
    NotGranted ".internal.exception.not_granted" ".internal.exception.io" "The program was not granted what it wants; the message names the option that grants it." {}
    NotFound ".internal.exception.not_found" ".internal.exception.io" "There is no such file, folder or program." {}
    Handle ".internal.handle" ".internal.object" "What is open outside." {}
    Connector ".internal.connector" ".internal.object" "Something outside the world; after a restart it is what its class says." {
        3 "clone" "()L.internal.object;" "Throws a string: what is outside exists once.";
        40 "setDurable" "(I)V" "With 1, what leaves waits for the snapshot that holds its cause, so that who got an answer can rely on it; 0 by default.";
        41 "isOpen" "()I" "1 when it is open; after a restart a connection is open until its next method says that it is not.";
        42 "address" "()L.internal.string;" "Its own address, the path of a file, the name of a program; null when it was never opened.";
        43 "peer" "()L.internal.string;" "The address of the other end, or of who sent the last datagram; null for none.";
    }
    Tcp ".internal.tcp" ".internal.connector" "A TCP socket; needs --allow-net. After a restart a listening one is bound again before anybody accepts, a connection is reset." {
        16 "connect" "(L.internal.string;)V" idempotent "Connects to `host:port`.";
        17 "disconnect" "()V" "Closes it; nothing when it is closed.";
        18 "listen" "(L.internal.string;)I" idempotent "Listens at `host:port`; the port, which is a free one when 0 was asked for.";
        19 "send" "(L.internal.object;)V" once "Sends all bytes of a string or binary.";
        20 "shutdown" "()V" "Says that nothing more will be sent; what comes can still be received.";
        21 "recv" "()L.internal.string;" idempotent "The bytes that have come in, at least one; null at the end.";
        22 "recvBinary" "(I)L.internal.binary;" idempotent "At most so many of the bytes that have come in, at least one; null at the end.";
        23 "accept" "()L.internal.tcp;" idempotent "The next connection that comes in.";
        24 "curl" "(L.internal.string;L.internal.string;)L.internal.string;" idempotent "The document at an `http:` address, of at most 16 MiB; the second text is header fields, one a line, or null.";
    }
    Udp ".internal.udp" ".internal.connector" "A UDP socket; needs --allow-net. After a restart it is bound again." {
        16 "bind" "(I)V" idempotent "Binds to a port of all addresses of the machine.";
        17 "bindAddress" "(L.internal.string;)I" idempotent "Binds to `host:port`; the port, which is a free one when 0 was asked for.";
        18 "disconnect" "()V" "Closes it; nothing when it is closed.";
        23 "recvFrom" "()L.internal.string;" idempotent "The next datagram; `peer` says who sent it.";
        24 "recvBinary" "()L.internal.binary;" idempotent "The next datagram; `peer` says who sent it.";
        25 "sendTo" "(L.internal.object;L.internal.string;I)V" once "Sends a string or binary to a host and port.";
    }
    File ".internal.io" ".internal.connector" "A file of the host, and what there is in its folders; needs --allow-read or --allow-write. After a restart it is opened again at its position." {
        8 "open" "(L.internal.string;)V" idempotent "Opens a file for reading and writing, and makes it if there is none.";
        9 "close" "()V" "Closes it; nothing when it is closed.";
        10 "read" "(I)L.internal.string;" idempotent "At most so many bytes from the position on (and at most 16 MiB); null at the end.";
        11 "write" "(L.internal.object;)V" idempotent "Writes a string or binary at the position, which moves on.";
        16 "seek" "(JI)J" idempotent "Moves the position: from the start (0), from here (1), from the end (2); the new one.";
        17 "openRead" "(L.internal.string;)V" idempotent "Opens a file for reading.";
        18 "readBinary" "(I)L.internal.binary;" idempotent "As `read`, as a binary.";
        19 "size" "()J" idempotent "Size in bytes.";
        20 "sync" "()V" idempotent "Returns when all that was written is durable.";
        21 "resize" "(J)V" idempotent "Cuts the file, or extends it with zeros.";
        22 "position" "()J" "The position in bytes.";
        23 "exists" "(L.internal.string;)I" idempotent "1 when there is a file or folder of this name.";
        24 "list" "(L.internal.string;)L.internal.container.array;" idempotent "The names in a folder, sorted.";
        25 "remove" "(L.internal.string;)V" once "Removes a file or an empty folder.";
        26 "rename" "(L.internal.string;L.internal.string;)V" once "Gives a file or folder another name; a file of that name is replaced.";
        27 "makeDirectory" "(L.internal.string;)V" once "Makes a folder.";
        28 "isDirectory" "(L.internal.string;)I" idempotent "1 when it is a folder.";
        29 "modified" "(L.internal.string;)J" idempotent "Milliseconds since 1970 of the last change.";
        30 "sizeOf" "(L.internal.string;)J" idempotent "Size of a file in bytes.";
    }
    Process ".internal.process" ".internal.connector" "A process of the host; needs --allow-run. A restart ends it: its status is 137 (killed), its outputs are at their end." {
        16 "start" "(L.internal.string;L.internal.container.array;)V" once "Starts a program with arguments, which are strings; null for none.";
        17 "write" "(L.internal.object;)V" once "Writes a string or binary to its standard input.";
        18 "closeInput" "()V" "Ends its standard input.";
        19 "read" "()L.internal.string;" idempotent "What it has written to standard output, at least a byte; null at the end.";
        20 "readError" "()L.internal.string;" idempotent "What it has written to standard error, at least a byte; null at the end.";
        21 "wait" "()I" idempotent "Waits for its end: the exit status, 128 and the signal's number when a signal ended it.";
        22 "kill" "()V" "Ends it; nothing when it has ended.";
    }
    Random ".internal.random" ".internal.object" "Random numbers, from outside unless it is seeded; so two copies of a world draw different ones." {
        16 "nextInt" "()I" "Any int.";
        17 "nextLong" "()J" "Any long.";
        18 "below" "(I)I" "An int from 0 on, below a limit that is above 0.";
        19 "nextDouble" "()D" "A double from 0 on, below 1.";
        20 "bytes" "(I)L.internal.binary;" divided "So many bytes, at most 1 MiB.";
        21 "seed" "(J)V" "From now on gives the numbers that belong to this seed, also after a restart.";
    }
    Stat ".internal.stat" ".internal.object" "What the machine counts." {
        16 "getStat" "(II)J" "A counter: 0 restarts, 1 snapshots, 6 and 7 bytes received and sent by TCP, 8 and 9 by UDP; 1 per second since the start, 2 since the start, 3 before it, 4 in all.";
        17 "getIdle" "()I" "-1: the machine does not count how long it was idle.";
    }
    Once ".internal.once" ".internal.object" "An effect outside that is to happen exactly once, with a key by which the other side can recognise it." {
        16 "begin" "()I" once "0: it was never begun, and a snapshot says now that it is; 1: it was begun, and whether it took effect is unknown; 2: it has ended.";
        17 "end" "(L.internal.object;)V" idempotent "Says that it took effect, with a result; returns when a snapshot holds that.";
        18 "key" "()L.internal.string;" "32 hexadecimal digits that no other effect has.";
        19 "result" "()L.internal.object;" "What was given at its end, or null.";
    }
}

/// The internal class with this name.
pub fn class_by_name(name: &str) -> Option<&'static InternalClass> {
    CLASSES.iter().find(|class| class.name == name)
}

impl ClassId {
    /// Whether programs may create objects of this class (or of one that extends it) by `new`: their zeroed fields make
    /// sense. All others come from the kernel only.
    pub const fn can_be_created(self) -> bool {
        use ClassId as C;
        !matches!(
            self,
            C::Void
                | C::Class
                | C::Interface
                | C::Method
                | C::Field
                | C::Module
                | C::Code
                | C::Monitor
                | C::Int
                | C::Long
                | C::Float
                | C::Double
                | C::String
                | C::Iterator
                | C::WeakArray
                | C::Program
                | C::FrozenStack
                | C::Handle
                | C::Connector
        )
    }
}

impl InternalClass {
    /// The parent, unless this is the root.
    pub fn parent_class(&self) -> Option<&'static InternalClass> {
        class_by_name(self.parent)
    }
    /// The method with this ordinal, declared here or inherited.
    pub fn method_by_ordinal(&self, ordinal: u16) -> Option<&'static InternalMethod> {
        let own = self.methods.iter().find(|method| method.ordinal == ordinal);
        own.or_else(|| self.parent_class()?.method_by_ordinal(ordinal))
    }
    /// The method with this name, declared here or inherited.
    pub fn method_by_name(&self, name: &str) -> Option<&'static InternalMethod> {
        let own = self.methods.iter().find(|method| method.name == name);
        own.or_else(|| self.parent_class()?.method_by_name(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_numbers_are_unique() {
        for (index, class) in CLASSES.iter().enumerate() {
            assert_eq!(class.id as usize, index);
            assert!(
                class.parent.is_empty() || CLASSES[..index].iter().any(|c| c.name == class.parent),
                "{}",
                class.name
            );
            for (at, method) in class.methods.iter().enumerate() {
                assert!(
                    class.methods[..at].iter().all(|m| m.ordinal < method.ordinal),
                    "{} {}",
                    class.name,
                    method.name
                );
            }
        }
    }

    #[test]
    fn what_a_class_names_again_looks_the_same() {
        for class in CLASSES {
            let Some(parent) = class.parent_class() else { continue };
            for method in class.methods {
                let Some(above) = parent.method_by_ordinal(method.ordinal) else {
                    assert!(parent.method_by_name(method.name).is_none(), "{} {}", class.name, method.name);
                    continue;
                };
                let exempt = matches!(class.id, ClassId::Class | ClassId::Thread) && method.ordinal == 14;
                let same = (above.name, above.descriptor) == (method.name, method.descriptor);
                assert!(same || exempt, "{} {}", class.name, method.name);
            }
        }
    }
}
