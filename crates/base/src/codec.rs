//! Little-endian encoding of fixed-width integers, strings and byte runs.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What a [`Reader`] met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The input ends before a value does: offset at which more was wanted, and how many bytes.
    Truncated {
        /// Offset in bytes of the value that is cut.
        offset: usize,
        /// Bytes that the value needs.
        needed: usize,
    },
    /// A string is not UTF-8.
    NotUtf8 {
        /// Offset in bytes of the string.
        offset: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated { offset, needed } => {
                write!(f, "the data ends at byte {offset}, where {needed} more bytes are needed")
            }
            DecodeError::NotUtf8 { offset } => write!(f, "the string at byte {offset} is not UTF-8"),
        }
    }
}
impl core::error::Error for DecodeError {}

/// Appends little-endian values to a byte vector.
#[derive(Clone, Default, Debug)]
pub struct Writer {
    /// What was written so far.
    pub bytes: Vec<u8>,
}

macro_rules! scalars {
    ($($name:ident $ty:ty, $n:expr);* $(;)?) => {
        impl Writer {
            $(#[doc = concat!("Appends a `", stringify!($ty), "`.")]
            pub fn $name(&mut self, value: $ty) {
                self.bytes.extend_from_slice(&value.to_le_bytes());
            })*
        }
        impl Reader<'_> {
            $(#[doc = concat!("Reads a `", stringify!($ty), "`.")]
            ///
            /// # Errors
            /// When the input ends before it; the position is unchanged.
            pub fn $name(&mut self) -> Result<$ty, DecodeError> {
                let mut raw = [0u8; $n];
                raw.copy_from_slice(self.take($n)?);
                Ok(<$ty>::from_le_bytes(raw))
            })*
        }
    };
}

scalars! { u8 u8, 1; u16 u16, 2; u32 u32, 4; u64 u64, 8; i8 i8, 1; i16 i16, 2; i32 i32, 4; i64 i64, 8; }

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }
    /// Appends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
    /// Appends a `u32` length and the bytes.
    ///
    /// # Panics
    /// When there are 4 GiB or more.
    pub fn blob(&mut self, bytes: &[u8]) {
        assert!(u32::try_from(bytes.len()).is_ok(), "a byte run of 4 GiB cannot be encoded");
        self.u32(bytes.len() as u32);
        self.raw(bytes);
    }
    /// Appends a string as its UTF-8 bytes behind a `u32` length.
    pub fn str(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }
    /// Appends zeros until the length is a multiple of `unit`.
    pub fn pad_to(&mut self, unit: usize) {
        let padded = self.bytes.len().next_multiple_of(unit);
        self.bytes.resize(padded, 0);
    }
}

/// Reads little-endian values from bytes; never panics on any input.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, offset: 0 }
    }
    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.offset
    }
    /// Bytes left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }
    /// Takes `n` bytes.
    ///
    /// # Errors
    /// When fewer are left; the position is unchanged.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        if n > self.remaining() {
            return Err(DecodeError::Truncated { offset: self.offset, needed: n });
        }
        let taken = &self.bytes[self.offset..self.offset + n];
        self.offset += n;
        Ok(taken)
    }
    /// Reads a byte run behind its `u32` length.
    ///
    /// # Errors
    /// When the input ends before it does.
    pub fn blob(&mut self) -> Result<&'a [u8], DecodeError> {
        let n = self.u32()? as usize;
        self.take(n)
    }
    /// Reads a string behind its `u32` length.
    ///
    /// # Errors
    /// When the input ends before it does, or it is not UTF-8.
    pub fn str(&mut self) -> Result<String, DecodeError> {
        let offset = self.offset;
        let bytes = self.blob()?;
        core::str::from_utf8(bytes).map(String::from).map_err(|_| DecodeError::NotUtf8 { offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let mut w = Writer::new();
        w.u8(1);
        w.i32(-2);
        w.u64(u64::MAX);
        w.str("snapshot");
        let mut r = Reader::new(&w.bytes);
        assert_eq!((r.u8(), r.i32(), r.u64(), r.str()), (Ok(1), Ok(-2), Ok(u64::MAX), Ok("snapshot".into())));
        assert_eq!(r.u16(), Err(DecodeError::Truncated { offset: w.bytes.len(), needed: 2 }));
    }
}
