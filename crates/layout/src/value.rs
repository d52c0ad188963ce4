//! References and immediates: 64 bits each.
//!
//! The low three bits tell: `000` an address (or zero: null), `001` an int, `010` a long that fits in 61 bits,
//! `011` a float. Others are reserved. Immediates are equal by value, have no identity and cannot be locked.

use base::Addr;

/// A reference slot: null, the address of an object, or an immediate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct Value(pub u64);

const TAG_MASK: u64 = 7;
const TAG_INT: u64 = 1;
const TAG_LONG: u64 = 2;
const TAG_FLOAT: u64 = 3;

/// What a [`Value`] holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unpacked {
    /// No object.
    Null,
    /// An object in the heap.
    Object(Addr),
    /// An `.internal.int`.
    Int(i32),
    /// An `.internal.long` of at most 61 bits.
    Long(i64),
    /// An `.internal.float`.
    Float(f32),
    /// A reserved tag: damage.
    Reserved(u64),
}

impl Value {
    /// The null reference.
    pub const NULL: Value = Value(0);

    /// An immediate int.
    pub const fn int(value: i32) -> Value {
        Value(((value as u32 as u64) << 32) | TAG_INT)
    }
    /// An immediate long, if the number fits in 61 bits.
    pub const fn long(value: i64) -> Option<Value> {
        let shifted = value << 3;
        if shifted >> 3 == value { Some(Value(shifted as u64 | TAG_LONG)) } else { None }
    }
    /// An immediate float.
    pub const fn float(value: f32) -> Value {
        Value(((value.to_bits() as u64) << 32) | TAG_FLOAT)
    }
    /// A reference to an object.
    pub const fn object(addr: Addr) -> Value {
        Value(addr.0)
    }
    /// Whether this is null.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }
    /// Whether this is an immediate.
    pub const fn is_immediate(self) -> bool {
        self.0 & TAG_MASK != 0
    }
    /// Whether this is the address of an object (not null, not an immediate).
    pub const fn is_object(self) -> bool {
        self.0 != 0 && self.0 & TAG_MASK == 0
    }
    /// The address, if this is an object.
    pub const fn as_object(self) -> Option<Addr> {
        if self.is_object() { Some(Addr(self.0)) } else { None }
    }
    /// The int, if this is one.
    pub const fn as_int(self) -> Option<i32> {
        if self.0 & TAG_MASK == TAG_INT { Some((self.0 >> 32) as u32 as i32) } else { None }
    }
    /// What this holds.
    pub const fn unpack(self) -> Unpacked {
        match self.0 & TAG_MASK {
            0 if self.0 == 0 => Unpacked::Null,
            0 => Unpacked::Object(Addr(self.0)),
            TAG_INT => Unpacked::Int((self.0 >> 32) as u32 as i32),
            TAG_LONG => Unpacked::Long(self.0 as i64 >> 3),
            TAG_FLOAT => Unpacked::Float(f32::from_bits((self.0 >> 32) as u32)),
            _ => Unpacked::Reserved(self.0),
        }
    }
}

impl core::fmt::Debug for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.unpack().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immediates_come_back() {
        for n in [0, 1, -1, i32::MIN, i32::MAX] {
            assert_eq!(Value::int(n).unpack(), Unpacked::Int(n));
        }
        for n in [0, -1, (1 << 60) - 1, -(1 << 60)] {
            assert_eq!(Value::long(n).map(Value::unpack), Some(Unpacked::Long(n)));
        }
        assert_eq!((Value::long(1 << 60), Value::long(i64::MIN)), (None, None));
        assert_eq!(Value::float(-1.5).unpack(), Unpacked::Float(-1.5));
        assert_eq!(Value::NULL.unpack(), Unpacked::Null);
    }
}
