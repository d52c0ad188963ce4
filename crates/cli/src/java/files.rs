//! Where the classes of Java programs are: the copy of the library that a world runs on, folders, jars.

use super::Classes;
use crate::{Failure, say};
use base::checksum::Checksum;
use indicatif::{ProgressBar, ProgressStyle};
use javalib::ClassFiles;
use jdk::{Cache, CacheError, Jdk, Library, LibraryError};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use world::{ClassPlace, JavaSources, LibraryName};
use zip::ZipArchive;

/// What a library has under a name.
type Content = Result<Option<Vec<u8>>, LibraryError>;

/// Class files: those of the library first, then those of the class path.
pub(crate) struct JavaFiles {
    /// The library of the world; without one that of the installed JDK.
    wanted: LibraryName,
    library: RwLock<Option<Library>>,
    path: Vec<Place>,
}

/// Where classes of a program are.
pub(super) enum Place {
    Folder(PathBuf),
    Jar(Mutex<ZipArchive<File>>),
    /// What the compiler made.
    Classes(Classes),
}

impl JavaFiles {
    /// The library of the installed JDK, and classes of a program.
    pub(super) fn installed(path: Vec<Place>) -> Arc<JavaFiles> {
        Arc::new(JavaFiles { wanted: LibraryName::default(), library: RwLock::new(None), path })
    }

    /// What a world notes, and classes of a program that the world may not know yet. What has changed is said.
    pub(super) fn of_world(sources: &JavaSources, more: Vec<Place>) -> Arc<JavaFiles> {
        let mut path = Vec::new();
        for known in &sources.class_path {
            match open(Path::new(&known.path)) {
                Ok((place, found)) => {
                    if found.mark != known.mark {
                        say(&format_args!(
                            "note: {} is another one than before; classes that are not loaded yet come from it",
                            known.path
                        ));
                    }
                    path.push(place);
                }
                Err(failure) => say(&format_args!(
                    "note: {failure}; a class of it that is not loaded yet will not be found"
                )),
            }
        }
        path.extend(more);
        Arc::new(JavaFiles { wanted: sources.library.clone(), library: RwLock::new(None), path })
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
        found.or_else(|| self.path.iter().find_map(|place| place.class_file(name, &file)))
    }

    fn jdk_file(&self, path: &str) -> Option<Vec<u8>> {
        match path.strip_prefix("modules/").and_then(|resource| resource.split_once('/')) {
            Some((module, resource)) => self.read(&|library| library.resource(module, resource)),
            None => self.read(&|library| library.file(path)),
        }
    }

    fn library(&self) -> Option<LibraryName> {
        let library = self.library.read().unwrap_or_else(PoisonError::into_inner);
        library.as_ref().map(|library| LibraryName {
            id: library.id().to_string(),
            version: library.version().to_string(),
        })
    }
}

impl Place {
    fn class_file(&self, name: &str, file: &str) -> Option<Vec<u8>> {
        match self {
            Place::Folder(folder) => std::fs::read(folder.join(file)).ok(),
            Place::Jar(jar) => {
                let mut jar = jar.lock().unwrap_or_else(PoisonError::into_inner);
                let mut bytes = Vec::new();
                jar.by_name(file).ok()?.read_to_end(&mut bytes).ok()?;
                Some(bytes)
            }
            Place::Classes(classes) => classes.get(name).cloned(),
        }
    }
}

/// A folder or jar with classes, and what a world notes of it.
///
/// # Errors
/// When it cannot be read.
pub(super) fn open(path: &Path) -> Result<(Place, ClassPlace), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let whole = path.canonicalize().map_err(|error| wrong(&error))?;
    let text = whole.to_str().ok_or_else(|| wrong(&"the path is not UTF-8"))?.to_string();
    if whole.is_dir() {
        return Ok((Place::Folder(whole), ClassPlace { path: text, mark: String::new() }));
    }
    let file = File::open(&whole).map_err(|error| wrong(&error))?;
    let mut jar = ZipArchive::new(file).map_err(|error| wrong(&error))?;
    // The directory of a jar has a checksum of each content.
    let mut sum = Checksum::new();
    for index in 0..jar.len() {
        let entry = jar.by_index_raw(index).map_err(|error| wrong(&error))?;
        sum.update(entry.name().as_bytes());
        sum.update(&entry.crc32().to_le_bytes());
        sum.update(&entry.size().to_le_bytes());
    }
    let mark = format!("{:016x}", sum.finish());
    Ok((Place::Jar(Mutex::new(jar)), ClassPlace { path: text, mark }))
}

/// The main class of a jar, as its manifest names it.
pub(super) fn main_class(jar: &Place) -> Option<String> {
    let bytes = jar.class_file("", "META-INF/MANIFEST.MF")?;
    // A line that begins with a space goes on with the one before.
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace("\n ", "");
    let found = text.lines().find_map(|line| line.strip_prefix("Main-Class:"));
    found.map(|name| name.trim().to_string())
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
