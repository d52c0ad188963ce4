//! The table of internal classes: names, ordinals, method names and descriptors.
//!
//! The front end reads it to compile calls, `vm` to bind what the kernel implements, the documentation to list it.
//! Source of names and numbers: the original's system call tables, its later branch where the two differ; methods that
//! the original does not have take the next free numbers.

/// What a restart does to a call that it interrupts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// Runs to its end between two safepoints: a restart never finds it half done.
    Short,
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
}

macro_rules! restart {
    () => { Restart::Short };
    (idempotent) => { Restart::Idempotent };
    (resumable) => { Restart::Resumable };
    (once) => { Restart::Once };
}

macro_rules! internal_classes {
    ($( $id:ident $name:literal $parent:literal { $( $ordinal:literal $method:literal $descriptor:literal $($restart:ident)? ; )* } )*) => {
        /// Numbers of the internal classes; their order is part of the format.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum ClassId {
            $( #[doc = concat!("`", $name, "`")] $id, )*
        }
        /// All internal classes, parents before children, indexed by [`ClassId`].
        pub const CLASSES: &[InternalClass] = &[
            $( InternalClass { id: ClassId::$id, name: $name, parent: $parent, methods: &[
                $( InternalMethod { ordinal: $ordinal, name: $method, descriptor: $descriptor, restart: restart!($($restart)?) }, )*
            ] }, )*
        ];
        /// The table as text, for the schema hash.
        pub(crate) const TABLE_TEXT: &str = concat!($( $name, "<", $parent, ":", $( $ordinal, $method, $descriptor, ";", )* )*);
    };
}

internal_classes! {
    Object ".internal.object" "" {
        0 "<init>" "()V";
        1 "destruct" "()V";
        2 "getClass" "()L.internal.class;";
        3 "clone" "()L.internal.object;";
        4 "equals" "(L.internal.object;)I";
        5 "toString" "()L.internal.string;";
        6 "toXML" "()L.internal.string;";
        7 "fromXML" "(L.internal.string;)V";
        14 "setImmutable" "()V";
        15 "hashCode" "()I";
    }
    Void ".internal.void" ".internal.object" {}
    Class ".internal.class" ".internal.object" {
        8 "newClass" "(L.internal.string;IL.internal.object;)L.internal.class;";
        10 "setStatic" "(IL.internal.object;)V";
        11 "getStatic" "(I)L.internal.object;";
        12 "instanceof" "(L.internal.object;)I";
        16 "getName" "()L.internal.string;";
        17 "getSuper" "()L.internal.class;";
        18 "newInstance" "()L.internal.object;";
        19 "getVersion" "()I";
    }
    Interface ".internal.interface" ".internal.object" {}
    Method ".internal.method" ".internal.object" {}
    Field ".internal.field" ".internal.object" {}
    Module ".internal.module" ".internal.object" {}
    Code ".internal.code" ".internal.object" {}
    Int ".internal.int" ".internal.object" {
        16 "toInt" "()I"; 17 "toLong" "()J"; 18 "toFloat" "()F"; 19 "toDouble" "()D";
    }
    Long ".internal.long" ".internal.object" {
        16 "toInt" "()I"; 17 "toLong" "()J"; 18 "toFloat" "()F"; 19 "toDouble" "()D";
    }
    Float ".internal.float" ".internal.object" {
        16 "toInt" "()I"; 17 "toLong" "()J"; 18 "toFloat" "()F"; 19 "toDouble" "()D";
    }
    Double ".internal.double" ".internal.object" {
        16 "toInt" "()I"; 17 "toLong" "()J"; 18 "toFloat" "()F"; 19 "toDouble" "()D";
    }
    String ".internal.string" ".internal.object" {
        8 "substring" "(II)L.internal.string;";
        9 "charAt" "(I)I";
        10 "concat" "(L.internal.string;)L.internal.string;";
        11 "length" "()I";
        12 "strstr" "(L.internal.string;)I";
        16 "toInt" "()I";
        17 "toLong" "()J";
        18 "toFloat" "()F";
        19 "toDouble" "()D";
        20 "parseJson" "()L.internal.object;";
        21 "indexOf" "(L.internal.string;I)I";
        22 "startsWith" "(L.internal.string;)I";
        23 "endsWith" "(L.internal.string;)I";
        24 "toUpper" "()L.internal.string;";
        25 "toLower" "()L.internal.string;";
        26 "trim" "()L.internal.string;";
        27 "split" "(L.internal.string;)L.internal.container.array;";
        28 "replace" "(L.internal.string;L.internal.string;)L.internal.string;";
        29 "compareTo" "(L.internal.string;)I";
        30 "contains" "(L.internal.string;)I";
    }
    StringBuilder ".internal.stringbuilder" ".internal.object" {
        8 "substring" "(II)L.internal.string;";
        9 "byteAt" "(I)I";
        10 "concat" "(L.internal.string;)I";
        11 "length" "()I";
        12 "strstr" "(L.internal.string;)I";
        16 "append" "(L.internal.object;)L.internal.stringbuilder;";
        17 "clear" "()V";
    }
    Container ".internal.container.array" ".internal.object" {
        8 "iterator" "()L.internal.iterator;";
        9 "subarray" "(II)L.internal.container.array;";
        10 "get" "(I)L.internal.object;";
        11 "set" "(L.internal.object;I)L.internal.object;";
        12 "size" "()I";
        16 "add" "(L.internal.object;)I";
        17 "removeLast" "()L.internal.object;";
        18 "insert" "(IL.internal.object;)V";
        19 "removeAt" "(I)L.internal.object;";
        20 "clear" "()V";
    }
    Iterator ".internal.iterator" ".internal.object" {
        8 "hasNext" "()I";
        9 "next" "()L.internal.object;";
    }
    Binary ".internal.binary" ".internal.object" {
        8 "getByte" "(I)I";
        9 "setByte" "(II)V";
        10 "setRange" "(L.internal.binary;III)V";
        11 "size" "()I";
        16 "getInt" "(I)I";
        17 "setInt" "(II)V";
        18 "getLong" "(I)J";
        19 "setLong" "(IJ)V";
        20 "text" "(II)L.internal.string;";
    }
    Directory ".internal.directory" ".internal.object" {
        8 "put" "(L.internal.object;L.internal.object;)I";
        9 "get" "(L.internal.object;)L.internal.object;";
        10 "remove" "(L.internal.object;)I";
        11 "size" "()I";
        12 "iterate" "()L.internal.iterator;";
        13 "keys" "()L.internal.container.array;";
        16 "set" "(L.internal.object;L.internal.object;)L.internal.object;";
        17 "contains" "(L.internal.object;)I";
        18 "values" "()L.internal.container.array;";
        19 "clear" "()V";
    }
    Closure ".internal.closure" ".internal.object" {
        9 "getOrdinal" "()I";
        10 "setOrdinal" "(I)V";
        11 "setObject" "(L.internal.object;)V";
    }
    Time ".internal.time" ".internal.object" {
        16 "unixTime" "()J";
        17 "sleepSec" "(I)V" idempotent;
        18 "sleepMsec" "(I)V" idempotent;
        19 "unixTimeMsec" "()J";
        20 "monotonicMsec" "()J";
    }
    World ".internal.world" ".internal.object" {
        8 "getMyThread" "()L.internal.thread;";
        9 "startThread" "(L.internal.object;L.internal.object;)I";
        10 "log" "(L.internal.string;)V";
        11 "snapSync" "()J" idempotent;
        12 "epoch" "()J";
    }
    Console ".internal.console" ".internal.object" {
        16 "print" "(L.internal.object;)V" idempotent;
        17 "println" "(L.internal.object;)V" idempotent;
        18 "readLine" "()L.internal.string;" idempotent;
        19 "printError" "(L.internal.object;)V" idempotent;
        20 "printlnError" "(L.internal.object;)V" idempotent;
    }
    Boot ".internal.boot" ".internal.object" {
        8 "loadClass" "(L.internal.string;)L.internal.class;" idempotent;
        16 "print" "([L.internal.object;)V" idempotent;
        17 "setClassLoader" "(L.internal.object;)V";
        18 "startThread" "(L.internal.object;)V";
        19 "createBinary" "(I)L.internal.binary;";
        20 "setScreenBackground" "(L.internal.object;)V";
        21 "sleep" "(I)V" idempotent;
        22 "setOsInterface" "(L.internal.object;)V";
        23 "getKernelEnvironment" "()L.internal.container.array;";
        24 "reboot" "()V";
    }
    Bootstrap ".internal.bootstrap" ".internal.boot" {}
    Thread ".internal.thread" ".internal.object" {
        12 "getEnvironment" "()L.internal.object;";
        13 "getUser" "()L.internal.object;";
        14 "getOsInterface" "()L.internal.object;";
    }
    Program ".internal.program" ".internal.object" {}
    FrozenStack ".internal.frozen_stack" ".internal.object" {}
    Exception ".internal.exception" ".internal.object" {
        16 "getMessage" "()L.internal.string;";
        17 "getCause" "()L.internal.object;";
        18 "getTrace" "()L.internal.string;";
        19 "setMessage" "(L.internal.string;)V";
    }
    NullPointer ".internal.exception.null_pointer" ".internal.exception" {}
    Arithmetic ".internal.exception.arithmetic" ".internal.exception" {}
    ClassCast ".internal.exception.class_cast" ".internal.exception" {}
    IndexOutOfBounds ".internal.exception.index_out_of_bounds" ".internal.exception" {}
    NegativeSize ".internal.exception.negative_size" ".internal.exception" {}
    ArrayStore ".internal.exception.array_store" ".internal.exception" {}
    NoSuchMethod ".internal.exception.no_such_method" ".internal.exception" {}
    NoSuchField ".internal.exception.no_such_field" ".internal.exception" {}
    AbstractMethod ".internal.exception.abstract_method" ".internal.exception" {}
    ClassNotFound ".internal.exception.class_not_found" ".internal.exception" {}
    Linkage ".internal.exception.linkage" ".internal.exception" {}
    StackOverflow ".internal.exception.stack_overflow" ".internal.exception" {}
    OutOfMemory ".internal.exception.out_of_memory" ".internal.exception" {}
    IllegalMonitor ".internal.exception.illegal_monitor" ".internal.exception" {}
    Immutable ".internal.exception.immutable" ".internal.exception" {}
    Trap ".internal.exception.trap" ".internal.exception" {}
    Io ".internal.exception.io" ".internal.exception" {}
    Monitor ".internal.monitor" ".internal.object" {}
}

/// The internal class with this name.
pub fn class_by_name(name: &str) -> Option<&'static InternalClass> {
    CLASSES.iter().find(|class| class.name == name)
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
            assert!(class.parent.is_empty() || CLASSES[..index].iter().any(|c| c.name == class.parent), "{}", class.name);
            for (at, method) in class.methods.iter().enumerate() {
                assert!(class.methods[..at].iter().all(|m| m.ordinal != method.ordinal), "{} {}", class.name, method.name);
            }
        }
    }
}
