//! Linear memory: loads, stores, atomics and copies in the bytes of an `.internal.binary`.
//!
//! A binary is an object with a reference to its bytes, so that it stays the same object when it grows: growing takes
//! room that is there, or allocates a larger byte array and moves them.

use crate::Vm;
use crate::rare::Fault;
use base::Addr;
use bytecode::{Op, Rmw, Shape};
use core::sync::atomic::{Ordering, fence};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{array, binary, header};

const NULL: Fault = (ClassId::NullPointer, "linear memory of null");
const KIND: Fault = (ClassId::ClassCast, "linear memory of what is no binary");
const OUTSIDE: Fault = (ClassId::Trap, "an address outside of linear memory");
const MISALIGNED: Fault = (ClassId::Trap, "an atomic access at a misaligned address");
const IMMUTABLE: Fault = (ClassId::Immutable, "the binary is immutable");
/// Largest linear memory, in bytes.
const BYTES_MAX: u64 = 1 << 36;

/// How many operands an instruction takes.
pub(crate) fn operands(op: Op) -> usize {
    crate::rare::operands(op)
}

/// Bytes that a load or store moves, and whether a load extends the sign.
fn width(op: Op) -> (u64, bool) {
    match op {
        Op::I32Load8S | Op::I64Load8S => (1, true),
        Op::I32Load8U | Op::I64Load8U | Op::I32Store8 | Op::I64Store8 => (1, false),
        Op::I32Load16S | Op::I64Load16S => (2, true),
        Op::I32Load16U | Op::I64Load16U | Op::I32Store16 | Op::I64Store16 => (2, false),
        Op::I64Load32S => (4, true),
        Op::I64Load32U | Op::I64Store32 | Op::I32Load | Op::F32Load | Op::I32Store | Op::F32Store => {
            (4, false)
        }
        _ => (8, false),
    }
}

fn is_load(op: Op) -> bool {
    (Op::I32Load as u16..=Op::I64Load32U as u16).contains(&(op as u16))
}

impl Vm {
    /// Where `bytes` at an address of a binary stand.
    ///
    /// # Errors
    /// What to throw.
    pub(crate) fn linear_place(
        &self,
        object: Value,
        kind: u64,
        address: u64,
        offset: u32,
        bytes: u64,
        aligned: bool,
    ) -> Result<Addr, Fault> {
        let class = self.class_of(object);
        if object.is_null() {
            return Err(NULL);
        }
        if class != self.kernel_class(ClassId::Binary) && !self.is_kernel(object, ClassId::Binary) {
            return Err(KIND);
        }
        let object = Addr(object.0);
        let address = if kind == 0 { u64::from(address as u32) } else { address };
        let start = address.checked_add(u64::from(offset)).ok_or(OUTSIDE)?;
        // The array first, and no more than it has: another worker may be letting the binary grow.
        let array = self.ref_field(object, binary::BYTES);
        let room = if array.is_null() { 0 } else { self.array_len(array) };
        let size = self.get_u64(object, binary::USED).min(room);
        if start > size || bytes > size - start {
            return Err(OUTSIDE);
        }
        if aligned && start % bytes != 0 {
            return Err(MISALIGNED);
        }
        // Of an empty binary nothing is touched, but it has a place.
        let array = if array.is_null() { object } else { array };
        Ok(array.add(array::DATA + start))
    }

    /// The same for an instruction that may write there.
    ///
    /// # Errors
    /// What to throw.
    fn linear_place_to_write(
        &self,
        object: Value,
        kind: u64,
        address: u64,
        offset: u32,
        bytes: u64,
        aligned: bool,
    ) -> Result<Addr, Fault> {
        let place = self.linear_place(object, kind, address, offset, bytes, aligned)?;
        if self.get_u32(Addr(object.0), header::HASH) & header::IMMUTABLE != 0 {
            return Err(IMMUTABLE);
        }
        Ok(place)
    }

    /// The number of 1, 2, 4 or 8 bytes at an address, which need not be a multiple of them.
    pub fn load_number(&self, at: Addr, bytes: u64) -> u64 {
        if at.0.is_multiple_of(bytes) {
            return match bytes {
                1 => u64::from(self.memory.load_u8(at)),
                2 => u64::from(self.memory.load_u16(at)),
                4 => u64::from(self.memory.load_u32(at)),
                _ => self.memory.load_u64(at),
            };
        }
        let mut raw = [0; 8];
        self.memory.read_bytes(at, &mut raw[..bytes as usize]);
        u64::from_le_bytes(raw)
    }

    /// Writes the low 1, 2, 4 or 8 bytes of a number to an address, which need not be a multiple of them.
    pub fn store_number(&mut self, at: Addr, bytes: u64, value: u64) {
        if at.0.is_multiple_of(bytes) {
            match bytes {
                1 => self.memory.store_u8(at, value as u8),
                2 => self.memory.store_u16(at, value as u16),
                4 => self.memory.store_u32(at, value as u32),
                _ => self.memory.store_u64(at, value),
            }
        } else {
            self.memory.write_bytes(at, &value.to_le_bytes()[..bytes as usize]);
        }
    }

    /// Runs an instruction on linear memory; `c` holds the address kind, the shape above 8 bits and the combination
    /// above 16; `args` the operands from the lowest.
    ///
    /// # Errors
    /// What to throw; nothing has changed then.
    pub(crate) fn linear(
        &mut self,
        op: Op,
        offset: u32,
        c: u64,
        args: [u64; 5],
    ) -> Result<Option<u64>, Fault> {
        let kind = c & 0xff;
        let object = Value(args[0]);
        if is_load(op) {
            let (bytes, signed) = width(op);
            let at = self.linear_place(object, kind, args[1], offset, bytes, false)?;
            let value = self.load_number(at, bytes);
            let extended = match (bytes, signed) {
                (1, true) => i64::from(value as i8) as u64,
                (2, true) => i64::from(value as i16) as u64,
                (4, true) => i64::from(value as i32) as u64,
                _ => value,
            };
            // Slots of 32 bits have zeros above them.
            let narrow = matches!(op, Op::I32Load8S | Op::I32Load16S);
            return Ok(Some(if narrow { u64::from(extended as u32) } else { extended }));
        }
        match op {
            Op::AtomicFence => {
                fence(Ordering::SeqCst);
                Ok(None)
            }
            Op::MemSize => {
                self.linear_place(object, 1, 0, 0, 0, false)?;
                Ok(Some(self.get_u64(Addr(object.0), binary::USED)))
            }
            Op::MemCopy | Op::MemFill => {
                let mut args = args;
                self.linear_piece(op, kind, &mut args, &[]).map(|_| None)
            }
            Op::AtomicLoad | Op::AtomicStore | Op::AtomicRmw | Op::AtomicCmpxchg => {
                self.atomic(op, offset, c, args)
            }
            _ => {
                let (bytes, _) = width(op);
                let at = self.linear_place_to_write(object, kind, args[1], offset, bytes, false)?;
                self.store_number(at, bytes, args[2]);
                Ok(None)
            }
        }
    }

    /// Atomics: all in one order, with what any worker does.
    fn atomic(&mut self, op: Op, offset: u32, c: u64, args: [u64; 5]) -> Result<Option<u64>, Fault> {
        let Some(shape) = Shape::from_value((c >> 8) as u8) else { unreachable!("decoded from a shape") };
        let bytes = u64::from(shape.bytes());
        let mask = if bytes == 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 };
        let (object, kind) = (Value(args[0]), c & 0xff);
        let at = if op == Op::AtomicLoad {
            self.linear_place(object, kind, args[1], offset, bytes, true)?
        } else {
            self.linear_place_to_write(object, kind, args[1], offset, bytes, true)?
        };
        match op {
            Op::AtomicLoad => return Ok(Some(self.load_ordered(at, bytes))),
            Op::AtomicStore => {
                self.store_ordered(at, bytes, args[2]);
                return Ok(None);
            }
            _ => {}
        }
        loop {
            let old = self.load_ordered(at, bytes);
            let new = if op == Op::AtomicCmpxchg {
                if old != args[2] & mask {
                    return Ok(Some(old));
                }
                args[3]
            } else {
                let Some(rmw) = Rmw::from_value((c >> 16) as u8) else {
                    unreachable!("decoded from a combination")
                };
                match rmw {
                    Rmw::Add => old.wrapping_add(args[2]),
                    Rmw::Sub => old.wrapping_sub(args[2]),
                    Rmw::And => old & args[2],
                    Rmw::Or => old | args[2],
                    Rmw::Xor => old ^ args[2],
                    Rmw::Xchg => args[2],
                }
            };
            if self.replace(at, bytes, old, new & mask) {
                return Ok(Some(old));
            }
        }
    }

    fn load_ordered(&self, at: Addr, bytes: u64) -> u64 {
        match bytes {
            1 => u64::from(self.memory.load_seqcst_u8(at)),
            2 => u64::from(self.memory.load_seqcst_u16(at)),
            4 => u64::from(self.memory.load_seqcst_u32(at)),
            _ => self.memory.load_seqcst_u64(at),
        }
    }

    fn store_ordered(&self, at: Addr, bytes: u64, value: u64) {
        match bytes {
            1 => self.memory.store_seqcst_u8(at, value as u8),
            2 => self.memory.store_seqcst_u16(at, value as u16),
            4 => self.memory.store_seqcst_u32(at, value as u32),
            _ => self.memory.store_seqcst_u64(at, value),
        }
    }

    /// Whether `old` stood there and `new` does now.
    fn replace(&self, at: Addr, bytes: u64, old: u64, new: u64) -> bool {
        match bytes {
            1 => self.memory.compare_exchange_u8(at, old as u8, new as u8).is_ok(),
            2 => self.memory.compare_exchange_u16(at, old as u16, new as u16).is_ok(),
            4 => self.memory.compare_exchange_u32(at, old as u32, new as u32).is_ok(),
            _ => self.memory.compare_exchange_u64(at, old, new).is_ok(),
        }
    }

    /// Whether an instruction moves more bytes than are moved at once.
    #[inline(always)]
    pub(crate) fn is_much(&self, op: Op, c: u64, args: [u64; 5]) -> bool {
        let count = match op {
            Op::MemCopy => args[4],
            Op::MemFill => args[3],
            _ => return false,
        };
        let count = if c & 0xff == 0 { u64::from(count as u32) } else { count };
        count > self.step_units()
    }

    /// Does a piece of `mem.copy` (to, address, from, address, count), `mem.fill` (binary, address, byte, count) or `mem.init`
    /// (binary, address, offset in `bytes`, count), and leaves in the operands what is left: how many bytes it was.
    ///
    /// # Errors
    /// What to throw, when not all that is left is inside.
    pub(crate) fn linear_piece(
        &mut self,
        op: Op,
        kind: u64,
        args: &mut [u64; 5],
        bytes: &[u8],
    ) -> Result<u64, Fault> {
        let last = operands(op) - 1;
        if kind == 0 || op == Op::MemInit {
            args[last] = u64::from(args[last] as u32);
        }
        let count = args[last];
        let piece = count.min(self.step_units());
        let to = self.linear_place_to_write(Value(args[0]), kind, args[1], 0, count, false)?;
        match op {
            Op::MemCopy => {
                let from = self.linear_place(Value(args[2]), kind, args[3], 0, count, false)?;
                args[last] -= piece;
                if to > from {
                    // The last bytes first: they may overlap.
                    self.memory.copy(from.add(count - piece), to.add(count - piece), piece);
                    return Ok(piece);
                }
                self.memory.copy(from, to, piece);
                args[3] += piece;
            }
            Op::MemFill => {
                self.memory.fill(to, piece, args[2] as u8);
                args[last] -= piece;
            }
            _ => {
                let from = args[2] as u32 as usize;
                let part =
                    from.checked_add(count as usize).and_then(|end| bytes.get(from..end)).ok_or(OUTSIDE)?;
                self.memory.write_bytes(to, &part[..piece as usize]);
                args[last] -= piece;
                args[2] += piece;
            }
        }
        args[1] += piece;
        Ok(piece)
    }

    /// `mem.grow`: the old size, or -1 when it may not grow so far.
    ///
    /// # Errors
    /// What to throw.
    pub(crate) fn linear_grow(&mut self, object: Value, by: u64) -> Result<i64, Fault> {
        self.linear_place_to_write(object, 1, 0, 0, 0, false)?;
        let object = Addr(object.0);
        let old = self.get_u64(object, binary::USED);
        let Some(new) = old.checked_add(by).filter(|new| *new <= BYTES_MAX) else { return Ok(-1) };
        let bytes = self.ref_field(object, binary::BYTES);
        if bytes.is_null() || new > self.array_len(bytes) {
            let class = self.prim_arrays[bytecode::Elem::I8 as usize];
            let room = new.saturating_add(new / 4);
            let room = if self.array_fits(class, room) { room } else { new };
            if !self.array_fits(class, room) {
                return Ok(-1);
            }
            let grown = self.make_bytes(room);
            if !bytes.is_null() {
                self.copy_bytes(bytes, 0, grown, 0, old);
            }
            self.set_ref(object, binary::BYTES, Value::object(grown));
        } else {
            self.memory.fill(bytes.add(array::DATA + old), by, 0);
        }
        self.set_u64(object, binary::USED, new);
        let changes = self.get_u64(object, binary::CHANGES);
        self.set_u64(object, binary::CHANGES, changes + 1);
        Ok(old as i64)
    }
}
