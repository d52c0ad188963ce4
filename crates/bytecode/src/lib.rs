//! The instruction set, the module format, the verifier, the assembler and the disassembler of Phantom.
//!
//! Key types: [`Op`] and its [`Spec`] (the one table), [`Insn`] (decoded), [`Module`], [`CodeBuilder`].
//! The format byte by byte and the assembler syntax are in `docs/formats/bytecode.md`.
//!
//! *Invariant:* this crate knows neither the heap nor execution; everything in it is a pure function of its input, and
//! no input makes it panic or allocate without bound.
#![no_std]
#![warn(missing_docs, clippy::missing_errors_doc, clippy::missing_panics_doc)]
extern crate alloc;

mod asm;
pub mod builder;
pub mod desc;
mod disasm;
pub mod effect;
pub mod file;
pub mod fuzz;
mod lexer;
pub mod limits;
pub mod module;
pub mod op;
pub mod text;
pub mod verify;

pub use asm::assemble;
pub use builder::{BuildError, CodeBuilder, Label, PoolBuilder};
pub use desc::{DescError, Descriptor, ElemDesc, TypeDesc};
pub use disasm::{disassemble, disassemble_insn, disassemble_method};
pub use file::{FileError, decode, encode};
pub use lexer::AsmError;
pub use module::{
    Attribute, ClassDef, Code, Const, FieldDef, Flags, HandleKind, Handler, Language, Line, LocalName,
    MethodDef, Module,
};
pub use op::{
    AddrKind, Effect, Elem, Insn, InsnError, Item, Kind, Op, OpFlags, Operand, Rmw, Shape, Spec, instructions,
};
pub use verify::{MethodInfo, RefMap, VerifyError, verify_method, verify_module};
