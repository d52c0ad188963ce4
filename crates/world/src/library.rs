//! Gives the machine the classes of the library that programs name, and prepares modules before a world is touched.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use spin::Mutex;
use vm::{CheckedModule, ClassSource, DefineError};

/// The files of the library that were compiled so far, by what messages call them.
static COMPILED: Mutex<BTreeMap<String, CheckedModule>> = Mutex::new(BTreeMap::new());

/// Compiles a file of the library when a class in it is first named.
pub(crate) struct Library;

impl ClassSource for Library {
    fn find(&self, class: &str) -> Option<Result<CheckedModule, DefineError>> {
        let label = lang::library::source(class)?.label;
        if let Some(there) = COMPILED.lock().get(&label) {
            return Some(Ok(there.clone()));
        }
        let checked = CheckedModule::new(&bytecode::encode(&lang::library::module(class)?));
        if let Ok(module) = &checked {
            COMPILED.lock().insert(label, module.clone());
        }
        Some(checked)
    }
    fn is_early(&self) -> bool {
        true
    }
}

/// Checks a module, and compiles what it needs of the library: what takes long when a program is started, and needs no world.
///
/// # Errors
/// When it is not a module, or does not verify.
pub fn prepare(bytes: &[u8]) -> Result<CheckedModule, DefineError> {
    let module = CheckedModule::new(bytes)?;
    let mut seen = BTreeMap::new();
    let mut named: Vec<String> = module.named().collect();
    while let Some(name) = named.pop() {
        if seen.insert(name.clone(), ()).is_none()
            && let Some(Ok(found)) = Library.find(&name)
        {
            named.extend(found.named());
        }
    }
    Ok(module)
}
