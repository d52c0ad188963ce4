//! Gives the machine the classes of the library that programs name.

use alloc::vec::Vec;
use vm::ClassSource;

/// Compiles a file of the library when a class in it is first named in a world.
pub(crate) struct Library;

impl ClassSource for Library {
    fn find(&self, class: &str) -> Option<Vec<u8>> {
        lang::library::module(class).map(|module| bytecode::encode(&module))
    }
    fn is_early(&self) -> bool {
        true
    }
}
