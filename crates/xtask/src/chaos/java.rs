//! Java programs under chaos: where their classes come from, and how they begin.
//!
//! The library is that of the installed JDK, from the copy that the user's cache keeps of it; the program is compiled by
//! the JDK's compiler. Without a JDK there is no such program.

use super::{FOLDER, Script};
use crate::service::is_server;
use javalib::ClassFiles;
use jdk::{Cache, Jdk, Library};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use world::LibraryName;

/// Where the simulated machine has its JDK; what the library reads of it comes from the copy.
const HOME: &str = "/java";

/// The classes of a program and of the library.
pub struct Classes {
    library: Library,
    own: BTreeMap<String, Vec<u8>>,
}

impl std::fmt::Debug for Classes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.own.keys()).finish()
    }
}

/// Compiles a Java program; a server is durable, for nothing in it says that its answers must stay.
///
/// # Errors
/// As [`Classes::of`].
pub(super) fn script(source: &Path) -> Result<Script, String> {
    let name = source.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let module = javalib::start_module(&name, &[]);
    let entry = module.entry.clone().ok_or_else(|| format!("{name}: no entry"))?;
    let serves = is_server(&name);
    let mut grants = ["read", "write"].map(|kind| format!("{kind}={FOLDER}")).to_vec();
    grants.extend([format!("read={HOME}"), format!("java={HOME}"), format!("in={FOLDER}")]);
    grants.extend(serves.then(|| "net".to_string()));
    Ok(Script {
        module: bytecode::encode(&module),
        entry,
        arguments: Vec::new(),
        input: Vec::new(),
        grants,
        durable: serves,
        classes: Some(Arc::new(Classes::of(source)?)),
        name,
    })
}

impl Classes {
    /// Compiles a program.
    ///
    /// # Errors
    /// When there is no JDK, or its compiler refuses the program.
    pub(super) fn of(source: &Path) -> Result<Classes, String> {
        let jdk = Jdk::find().ok_or("no JDK 17: install openjdk-17-jdk-headless or set JAVA_HOME")?;
        let cache = Cache::of_user().map_err(|error| error.to_string())?;
        let library =
            cache.library_of(&jdk, &|_: &str| {}, &mut |_, _| {}).map_err(|error| error.to_string())?;
        let out = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut javac = Command::new(jdk.home().join("bin/javac"));
        let done = javac.arg("-d").arg(out.path()).arg(source).status().map_err(|error| error.to_string())?;
        if !done.success() {
            return Err(format!("{}: not compiled", source.display()));
        }
        let mut own = BTreeMap::new();
        for entry in std::fs::read_dir(out.path()).map_err(|error| error.to_string())?.flatten() {
            let name = entry.path().file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let bytes = std::fs::read(entry.path()).map_err(|error| error.to_string())?;
            own.extend(name.map(|name| (name, bytes)));
        }
        Ok(Classes { library, own })
    }
}

impl ClassFiles for Classes {
    fn class_file(&self, name: &str) -> Option<Vec<u8>> {
        let of_library = self.library.resource_of_any(&format!("{name}.class")).ok().flatten();
        of_library.or_else(|| self.own.get(name).cloned())
    }

    fn jdk_file(&self, path: &str) -> Option<Vec<u8>> {
        let found = match path.strip_prefix("modules/").and_then(|path| path.split_once('/')) {
            Some((module, path)) => self.library.resource(module, path),
            None => self.library.file(path),
        };
        found.ok().flatten()
    }

    fn library(&self) -> Option<LibraryName> {
        let (id, version) = (self.library.id().to_string(), self.library.version().to_string());
        Some(LibraryName { id, version })
    }
}
