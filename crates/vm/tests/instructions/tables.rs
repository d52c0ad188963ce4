//! Every table of cases.

use crate::common::Cases;

pub(crate) mod arrays;
pub(crate) mod branches;
pub(crate) mod calls;
pub(crate) mod conversions;
pub(crate) mod exceptions;
pub(crate) mod floats;
pub(crate) mod integers;
pub(crate) mod loader;
pub(crate) mod memory;
pub(crate) mod objects;
pub(crate) mod stack;
pub(crate) mod threads;

/// Makes a table.
pub(crate) type Table = fn() -> Cases;

/// Every table with its name.
pub(crate) const TABLES: &[(&str, Table)] = &[
    ("stack", stack::cases),
    ("integers", integers::cases),
    ("floats", floats::cases),
    ("conversions", conversions::cases),
    ("branches", branches::cases),
    ("objects", objects::cases),
    ("arrays", arrays::cases),
    ("calls", calls::cases),
    ("exceptions", exceptions::cases),
    ("memory", memory::cases),
    ("loader", loader::cases),
    ("threads", threads::cases),
];
