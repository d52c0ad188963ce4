//! Where the classes of Java programs are: the copy of the library that a world runs on, and their class path.

use super::class_path::ClassPath;
use crate::{Failure, say};
use ::java::ClassFile;
use indicatif::{ProgressBar, ProgressStyle};
use javalib::ClassFiles;
use jdk::{Cache, CacheError, Jdk, Library, LibraryError};
use lang::{JavaClass, JavaMember};
use std::sync::{Arc, PoisonError, RwLock};
use world::{JavaSources, LibraryName};

/// What a library has under a name.
type Content = Result<Option<Vec<u8>>, LibraryError>;

/// Access flags of class files (JVMS 4.1, 4.5, 4.6).
const PUBLIC: u16 = 0x0001;
const INTERFACE: u16 = 0x0200;
const SYNTHETIC: u16 = 0x1000;

/// Class files: those of the library first, then those of the class path.
pub(crate) struct JavaFiles {
    /// The library of the world; without one that of the installed JDK.
    wanted: LibraryName,
    library: RwLock<Option<Library>>,
    pub(super) path: ClassPath,
    /// What the library sees as class path.
    pub(super) class_path: String,
}

impl JavaFiles {
    /// The library of the installed JDK, and the classes of a program.
    pub(super) fn installed(path: ClassPath, class_path: String) -> Arc<JavaFiles> {
        JavaFiles::of(LibraryName::default(), path, class_path)
    }

    /// The library with a name, and no class of a program.
    pub(super) fn library_only(wanted: LibraryName) -> Arc<JavaFiles> {
        JavaFiles::of(wanted, ClassPath::default(), String::new())
    }

    /// What a world notes, and what a program has that the world may not know yet. What has changed is said.
    pub(super) fn of_world(sources: &JavaSources, program: Option<&JavaFiles>) -> Arc<JavaFiles> {
        let path = ClassPath::noted_and(&sources.places, program.map(|program| &program.path));
        let class_path =
            program.map_or(sources.class_path.clone(), |program| program.class_path_in(&sources.class_path));
        JavaFiles::of(sources.library.clone(), path, class_path)
    }

    fn of(wanted: LibraryName, path: ClassPath, class_path: String) -> Arc<JavaFiles> {
        Arc::new(JavaFiles { wanted, library: RwLock::new(None), path, class_path })
    }

    /// The class path of a world that has one already, when this program comes to it.
    pub(super) fn class_path_in(&self, known: &str) -> String {
        match (known, self.class_path.as_str()) {
            ("", own) => own.to_string(),
            (known, "") => known.to_string(),
            (known, own) => {
                let more = own.split(':').filter(|own| known.split(':').all(|known| known != *own));
                std::iter::once(known).chain(more).collect::<Vec<_>>().join(":")
            }
        }
    }

    /// What the class file of a class declares, for code of the Phantom language that uses it.
    pub(crate) fn declared(&self, name: &str) -> Option<JavaClass> {
        let bytes = self.class_file(name)?;
        let file = ClassFile::parse(&bytes).ok()?;
        let signature = |attributes: &[::java::Attribute<'_>]| {
            let found = attributes.iter().find(|attribute| attribute.name == b"Signature")?;
            file.utf8(u16::from_be_bytes(found.bytes.try_into().ok()?)).ok()
        };
        let members = |members: &[::java::Member<'_>]| {
            let seen = members.iter().filter(|member| member.access & (PUBLIC | SYNTHETIC) == PUBLIC);
            seen.map(|member| JavaMember {
                name: member.name.clone(),
                desc: member.desc.clone(),
                signature: signature(&member.attributes),
                flags: ::java::method_flags(member),
            })
            .collect()
        };
        Some(JavaClass {
            name: file.name.clone(),
            super_name: file.super_name.clone(),
            interfaces: file.interfaces.clone(),
            interface: file.access & INTERFACE != 0,
            signature: signature(&file.attributes),
            fields: members(&file.fields),
            methods: members(&file.methods),
        })
    }

    /// Reads of the library, which is opened when that is first done. A copy that turns out to be damaged is made anew where
    /// that is possible; where it is not, the process ends: the program must not see a library with holes.
    fn read(&self, get: &dyn Fn(&Library) -> Content) -> Option<Vec<u8>> {
        if let Some(library) = &*self.library.read().unwrap_or_else(PoisonError::into_inner)
            && let Ok(found) = get(library)
        {
            return found;
        }
        let mut place = self.library.write().unwrap_or_else(PoisonError::into_inner);
        let opened = match place.as_ref().map(|library| (get(library), library)) {
            // Another thread was here first.
            Some((Ok(found), _)) => return found,
            Some((Err(error), library)) => renew(library, error),
            None => match open_library(&self.wanted) {
                // A world without Java needs no library, and finds no class in one.
                Err(_) if self.wanted.id.is_empty() => return None,
                opened => opened,
            },
        };
        let found = opened.and_then(|library| Ok((get(&library)?, library)));
        match found {
            Ok((found, library)) => {
                *place = Some(library);
                found
            }
            Err(error) => {
                say(&format_args!("{error}; the world stops without committing"));
                std::process::exit(i32::from(Failure::World(String::new()).status()))
            }
        }
    }

    /// Opens the library.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn open_library(&self) -> Result<(), Failure> {
        let mut place = self.library.write().unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            *place = Some(open_library(&self.wanted).map_err(|error| Failure::Input(error.to_string()))?);
        }
        Ok(())
    }
}

impl ClassFiles for JavaFiles {
    fn class_file(&self, name: &str) -> Option<Vec<u8>> {
        let file = format!("{name}.class");
        // No class of the library is in the package without a name.
        let found =
            if name.contains('/') { self.read(&|library| library.resource_of_any(&file)) } else { None };
        found.or_else(|| self.path.class_file(name))
    }

    fn jdk_file(&self, path: &str) -> Option<Vec<u8>> {
        match path.strip_prefix("modules/").and_then(|resource| resource.split_once('/')) {
            Some((module, resource)) => self.read(&|library| library.resource(module, resource)),
            None => self.read(&|library| library.file(path)),
        }
    }

    fn class_path(&self) -> &str {
        &self.class_path
    }

    fn library(&self) -> Option<LibraryName> {
        let library = self.library.read().unwrap_or_else(PoisonError::into_inner);
        library.as_ref().map(|library| LibraryName {
            id: library.id().to_string(),
            version: library.version().to_string(),
        })
    }
}

fn tell(message: &str) {
    say(&message);
}

/// The library that a world wants, or that of the installed JDK.
///
/// # Errors
/// When there is neither a copy nor an installed one.
pub(super) fn open_library(wanted: &LibraryName) -> Result<Library, CacheError> {
    let cache = Cache::of_user()?;
    let mut bar = PackBar::default();
    if wanted.id.is_empty() {
        let jdk = Jdk::find().ok_or(CacheError::NoJdk)?;
        return cache.library_of(&jdk, &tell, &mut |done, all| bar.show(done, all));
    }
    // An identity that is none is that of no library.
    let id = wanted.id.parse().unwrap_or(jdk::LibraryId(0));
    cache.library(id, &wanted.version, &tell, &mut |done, all| bar.show(done, all))
}

/// Makes a damaged copy anew.
fn renew(library: &Library, error: LibraryError) -> Result<Library, CacheError> {
    let mut bar = PackBar::default();
    Cache::of_user()?
        .renew(library.id(), library.version(), error, &tell, &mut |done, all| bar.show(done, all))
}

/// Shows how far the copying of a library is; nothing when none is copied.
#[derive(Default)]
struct PackBar(Option<ProgressBar>);

impl PackBar {
    fn show(&mut self, done: u64, all: u64) {
        let bar = self.0.get_or_insert_with(|| {
            say(&"the class library of the JDK is copied into the cache, once");
            let bar = ProgressBar::new(all);
            if let Ok(style) = ProgressStyle::with_template("library {bar:40} {bytes}/{total_bytes} {eta}") {
                bar.set_style(style);
            }
            bar
        });
        bar.set_position(done);
        if done == all {
            bar.finish_and_clear();
        }
    }
}
