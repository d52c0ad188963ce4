//! The limits of modules, with the relations between them asserted.

/// Longest code of a method, in bytes.
pub const CODE_BYTES_MAX: usize = 16 << 20;
/// Longest name or descriptor, in bytes (the limit of Java's class files).
pub const NAME_BYTES_MAX: usize = 65_535;
/// Most exception handlers of a method.
pub const HANDLERS_MAX: usize = 65_535;
/// Memory that the verifier may spend on one method, in bytes.
pub const STATE_BYTES_MAX: usize = 256 << 20;
/// Steps that the verifier may spend on one method: this many, and [`STEPS_PER_BYTE`] for each byte of its code.
pub const STEPS_MAX: u64 = 1 << 27;
/// See [`STEPS_MAX`].
pub const STEPS_PER_BYTE: u64 = 64;
/// Most errors that the verifier and the assembler list.
pub const ERRORS_MAX: usize = 100;

const _: () = assert!(CODE_BYTES_MAX < i32::MAX as usize, "a branch displacement is an i32");
const _: () = assert!(CODE_BYTES_MAX < base::limits::MODULE_BYTES_MAX);
