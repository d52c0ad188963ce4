//! What Java's library needs of the machine: its native methods, its start, and where its classes come from.
//!
//! [`NATIVES`] are registered with `vm`; [`boot_module`] and [`start_module`] are the code by which a Java program begins;
//! [`Library`] gives the machine classes out of class files that its caller finds, and [`Converter`] those that a program
//! brings. The classes are those of an installed JDK 17, unchanged.
//!
//! *Invariants:* no I/O but through the machine; a native method keeps nothing outside the world; one that waits goes on
//! after a restart.
#![no_std]
#![warn(missing_docs, clippy::missing_errors_doc)]
extern crate alloc;

mod assertions;
mod boot;
mod boundary;
mod classes;
mod datagrams;
mod define;
mod descriptors;
mod files;
mod filestore;
mod handles;
mod interfaces;
mod lang;
mod library;
mod misc;
mod net;
mod nio;
mod offheap;
mod options;
mod process;
mod references;
mod reflect;
mod resources;
mod stack;
mod strict_math;
mod support;
mod unsafes;
mod zip;

pub use boot::{BOOT_CLASS, boot_module, start_module};
pub use boundary::CLASS_PATH_FILE;
pub use library::{ClassFiles, Converter, Library};

use vm::Native;

/// All native methods.
pub const NATIVES: &[&[Native]] = &[
    assertions::NATIVES,
    boot::NATIVES,
    boundary::NATIVES,
    lang::NATIVES,
    stack::NATIVES,
    classes::NATIVES,
    define::NATIVES,
    handles::NATIVES,
    references::NATIVES,
    reflect::NATIVES,
    resources::NATIVES,
    unsafes::NATIVES,
    misc::NATIVES,
    offheap::NATIVES,
    files::NATIVES,
    nio::NATIVES,
    net::NATIVES,
    process::NATIVES,
    datagrams::NATIVES,
    interfaces::NATIVES,
    filestore::NATIVES,
    zip::NATIVES,
];
