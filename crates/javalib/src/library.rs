//! Class files to classes: those of the library, and those that a program defines.

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytecode::Module;
use java::Refusal;
use vm::{CheckedModule, ClassConverter, ClassSource, ConvertError, DefineError, LibraryName};

/// Where class files are; the caller knows files, this crate does not.
pub trait ClassFiles: Send + Sync {
    /// The class file of a class by its name with slashes, if there is one.
    fn class_file(&self, name: &str) -> Option<Vec<u8>>;
    /// A file of the JDK by its path in it, such as `lib/tzdb.dat`; `modules/NAME/PATH` is a resource of a module.
    fn jdk_file(&self, path: &str) -> Option<Vec<u8>>;
    /// Where the library looks for resources: folders and jars with `:` between them.
    fn class_path(&self) -> &str {
        ""
    }
    /// The library of the JDK, once something of it was read.
    fn library(&self) -> Option<LibraryName>;
}

/// The classes of class files, as a source for the machine.
pub struct Library {
    files: Arc<dyn ClassFiles>,
    boot: Option<CheckedModule>,
    boundary: Option<CheckedModule>,
}

impl Library {
    /// A source of the classes that `files` has, of the class by which programs begin, and of those at the boundary to
    /// other languages.
    pub fn new(files: Arc<dyn ClassFiles>) -> Library {
        let checked = |module| CheckedModule::new(&bytecode::encode(&module)).ok();
        let boundary = checked(crate::boundary::boundary_module());
        Library { files, boot: checked(crate::boot_module()), boundary }
    }
}

impl ClassSource for Library {
    fn find(&self, class: &str) -> Option<Result<CheckedModule, DefineError>> {
        // Phantom's own classes begin with a dot or are written by its library; none of them has a class file.
        if class.starts_with('.') {
            return None;
        }
        if class == crate::BOOT_CLASS {
            return self.boot.clone().map(Ok);
        }
        if crate::boundary::has(class) {
            return self.boundary.clone().map(Ok);
        }
        // A class made for a lambda comes with the class that holds the lambda.
        let host = class.split_once("$$Lambda$").map_or(class, |(host, _)| host);
        let bytes = self.files.class_file(host)?;
        Some(named(&bytes, host).map_err(|error| match error {
            ConvertError::Define(error) => error,
            ConvertError::Version(text) => refused(&ConvertError::Version(format!("{host} {text}"))),
            other => refused(&other),
        }))
    }
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        if path == crate::CLASS_PATH_FILE {
            return Some(self.files.class_path().as_bytes().to_vec());
        }
        self.files.jdk_file(path)
    }
    fn library(&self) -> Option<LibraryName> {
        self.files.library()
    }
}

/// The converter of `java`, as the machine calls it.
pub struct Converter;

impl ClassConverter for Converter {
    fn convert(&self, bytes: &[u8]) -> Result<CheckedModule, ConvertError> {
        checked(&converted(bytes)?)
    }
}

fn converted(bytes: &[u8]) -> Result<Module, ConvertError> {
    let converted = java::convert(bytes).map_err(|refusal| {
        let text = refusal.to_string();
        match refusal {
            Refusal::Format(_) => ConvertError::Format(text),
            Refusal::Version { .. } => ConvertError::Version(text),
            Refusal::NoClass(_) => ConvertError::NoClass(text),
            Refusal::Circular(_) => ConvertError::Circular(text),
        }
    })?;
    Ok(converted.module)
}

fn checked(module: &Module) -> Result<CheckedModule, ConvertError> {
    CheckedModule::new(&bytecode::encode(module)).map_err(ConvertError::Define)
}

/// The class that a class file was looked up for; a file may lie where another class belongs.
fn named(bytes: &[u8], name: &str) -> Result<CheckedModule, ConvertError> {
    let module = converted(bytes)?;
    if module.name != name {
        return Err(ConvertError::NoClass(format!("{name} (wrong name: {})", module.name)));
    }
    checked(&module)
}

fn refused(error: &ConvertError) -> DefineError {
    DefineError::Java { thrown: error.class_name(), what: error.to_string() }
}
