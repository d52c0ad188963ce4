//! Class files to classes: those of the library, and those that a program defines.

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use java::Refusal;
use vm::{CheckedModule, ClassConverter, ClassSource, ConvertError, DefineError, LibraryName};

/// Where class files are; the caller knows files, this crate does not.
pub trait ClassFiles: Send + Sync {
    /// The class file of a class by its name with slashes, if there is one.
    fn class_file(&self, name: &str) -> Option<Vec<u8>>;
    /// A file of the JDK by its path in it, such as `lib/tzdb.dat`; `modules/NAME/PATH` is a resource of a module.
    fn jdk_file(&self, path: &str) -> Option<Vec<u8>>;
    /// The library of the JDK, once something of it was read.
    fn library(&self) -> Option<LibraryName>;
}

/// The classes of class files, as a source for the machine.
pub struct Library {
    files: Arc<dyn ClassFiles>,
    boot: Option<CheckedModule>,
}

impl Library {
    /// A source of the classes that `files` has, and of the class by which programs begin.
    pub fn new(files: Arc<dyn ClassFiles>) -> Library {
        Library { files, boot: CheckedModule::new(&bytecode::encode(&crate::boot_module())).ok() }
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
        // A class made for a lambda comes with the class that holds the lambda.
        let host = class.split_once("$$Lambda$").map_or(class, |(host, _)| host);
        let bytes = self.files.class_file(host)?;
        Some(Converter.convert(&bytes).map_err(|error| match error {
            ConvertError::Define(error) => error,
            other => DefineError::Linkage { class: class.into(), what: format!("{other}") },
        }))
    }
    fn file(&self, path: &str) -> Option<Vec<u8>> {
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
        let converted = java::convert(bytes).map_err(|refusal| {
            let text = refusal.to_string();
            match refusal {
                Refusal::Format(_) => ConvertError::Format(text),
                Refusal::Version { .. } => ConvertError::Version(text),
                Refusal::NoClass(_) => ConvertError::NoClass(text),
                Refusal::Circular(_) => ConvertError::Circular(text),
            }
        })?;
        CheckedModule::new(&bytecode::encode(&converted.module)).map_err(ConvertError::Define)
    }
}
