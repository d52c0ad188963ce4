//! Java class files in, modules out.
//!
//! [`convert`] reads one class file (versions 45 to 61), verifies its methods and turns their code into Phantom
//! bytecode: a [`Converted`] module whose first class is the one of the file, and what is wrong with it. The class file
//! format is that of the Java Virtual Machine Specification, Java SE 17 (JVMS), chapter 4.
//!
//! The passes: `parse` (bytes to a [`ClassFile`]), `code` (bytes to instructions), `subroutine` (`jsr` inlined),
//! `verify` (types of JVMS 4.10), `emit` (Phantom instructions), `indy` (direct code for the standard bootstraps).
//! [`text`] is how Java's strings become Rust's.
//!
//! Class files are read by code of this crate: of the crates of the field, `noak` 0.7 and `ristretto_classfile` 0.31 are
//! good and both need std, which a world on bare metal has not.
//!
//! *Invariants:* a pure function of its input: no I/O, no clock, no class is loaded, no input makes it panic; time and
//! memory are bounded by a multiple of the file's length and the bounds in `subroutine` and `verify`.
#![no_std]
#![warn(missing_docs, clippy::missing_errors_doc)]
extern crate alloc;

mod code;
mod convert;
mod emit;
mod indy;
mod parse;
mod subroutine;
pub mod text;
mod types;
mod verify;

pub use bytecode::desc::primitive;
pub use convert::{
    ASSIGNABLE, CLASS_FILE, Converted, DOMAIN_FIELD, Diagnostic, INJECTED, LOADER_FIELD, NEST_HOST, REPLACED,
    VERIFY_ERROR, convert, method_flags,
};
pub use indy::wrapper;
pub use parse::{Attribute, BAD_MAGIC, ClassFile, Constant, MAJOR_MAX, Member, Refusal};
