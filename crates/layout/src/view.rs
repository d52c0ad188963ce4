//! A way to read a world: the live mapping, or a page reader at some epoch of a file.
//!
//! Tools read objects through a view, so that the same code shows a running world and a file that nobody runs.

use crate::schema::array;
use crate::value::Value;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use base::Addr;
use core::fmt;

/// Longest run of elements that a view reads at once; more is damage, not data.
pub const LENGTH_MAX: u64 = 1 << 24;

/// Why a view could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewError {
    /// The page could not be read or its checksum does not hold.
    Page {
        /// Where.
        addr: Addr,
        /// What the store said.
        reason: String,
    },
    /// What stands there is not what the schema says.
    Damaged {
        /// Where.
        addr: Addr,
        /// What was expected.
        expected: &'static str,
    },
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ViewError::Page { addr, reason } => write!(f, "the page of {addr} cannot be read: {reason}"),
            ViewError::Damaged { addr, expected } => write!(f, "no {expected} stands at {addr}"),
        }
    }
}
impl core::error::Error for ViewError {}

/// Reads the bytes of a world.
pub trait View {
    /// Fills `bytes` from `addr`.
    ///
    /// # Errors
    /// When a page cannot be read, or the range is not in the world.
    fn read(&self, addr: Addr, bytes: &mut [u8]) -> Result<(), ViewError>;

    /// Reads a u64.
    ///
    /// # Errors
    /// As [`View::read`].
    fn u64(&self, addr: Addr) -> Result<u64, ViewError> {
        let mut raw = [0u8; 8];
        self.read(addr, &mut raw)?;
        Ok(u64::from_le_bytes(raw))
    }
    /// Reads a u32.
    ///
    /// # Errors
    /// As [`View::read`].
    fn u32(&self, addr: Addr) -> Result<u32, ViewError> {
        let mut raw = [0u8; 4];
        self.read(addr, &mut raw)?;
        Ok(u32::from_le_bytes(raw))
    }
    /// Reads a reference slot.
    ///
    /// # Errors
    /// As [`View::read`].
    fn value(&self, addr: Addr) -> Result<Value, ViewError> {
        self.u64(addr).map(Value)
    }
    /// Reads a reference slot that must hold an object, or null (`None`).
    ///
    /// # Errors
    /// As [`View::read`], and when the slot holds an immediate or an address outside the world.
    fn object(&self, addr: Addr) -> Result<Option<Addr>, ViewError> {
        let value = self.value(addr)?;
        match value.as_object() {
            None if value.is_null() => Ok(None),
            Some(object) if object.in_world() => Ok(Some(object)),
            _ => Err(ViewError::Damaged { addr, expected: "reference to an object" }),
        }
    }
    /// Reads the bytes of a string or a byte array.
    ///
    /// # Errors
    /// As [`View::read`], and when the length is beyond [`LENGTH_MAX`].
    fn bytes(&self, object: Addr) -> Result<Vec<u8>, ViewError> {
        let length = self.u64(object.add(array::LENGTH))?;
        if length > LENGTH_MAX {
            return Err(ViewError::Damaged { addr: object, expected: "byte array of a sane length" });
        }
        let mut bytes = vec![0u8; length as usize];
        self.read(object.add(array::DATA), &mut bytes)?;
        Ok(bytes)
    }
    /// Reads a string.
    ///
    /// # Errors
    /// As [`View::bytes`].
    fn string(&self, object: Addr) -> Result<String, ViewError> {
        Ok(String::from_utf8_lossy(&self.bytes(object)?).into_owned())
    }
    /// Reads the string that a slot refers to; empty for null.
    ///
    /// # Errors
    /// As [`View::bytes`].
    fn string_at(&self, slot: Addr) -> Result<String, ViewError> {
        match self.object(slot)? {
            Some(string) => self.string(string),
            None => Ok(String::new()),
        }
    }
    /// Reads the elements of a reference array.
    ///
    /// # Errors
    /// As [`View::bytes`].
    fn elements(&self, object: Addr) -> Result<Vec<Value>, ViewError> {
        let length = self.u64(object.add(array::LENGTH))?;
        if length > LENGTH_MAX {
            return Err(ViewError::Damaged { addr: object, expected: "array of a sane length" });
        }
        (0..length).map(|index| self.value(object.add(array::DATA + index * 8))).collect()
    }
}
