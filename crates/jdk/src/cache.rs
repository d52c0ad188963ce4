//! The user's folder with copies of libraries, one file each, which worlds refer to by their hash.

use crate::format::LibraryId;
use crate::installed::{Jdk, RELEASE};
use crate::library::{Library, LibraryError};
use crate::pack::{self, PackError};
use base::checksum::checksum;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Ending of a file that is being made.
const UNFINISHED: &str = "new";

/// The user's folder for what can be made again.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// No folder is known to keep it in.
    #[error("no folder for copies of Java libraries is known: set HOME, XDG_CACHE_HOME or PHANTOM_CACHE")]
    NoFolder,
    /// No JDK is installed.
    #[error(
        "a Java program needs the library of a JDK {RELEASE}, and none is installed: install the package \
         openjdk-{RELEASE}-jdk-headless, or set JAVA_HOME"
    )]
    NoJdk,
    /// A world needs a library that is neither kept nor installed.
    #[error(
        "the world needs the Java library {id}{}, and there is no sound copy of it in {}{why}; copy that file from a \
         machine that has it, import a stream of `phantom export --self-contained` here, or install that JDK",
        text_of(version), folder.display()
    )]
    NoLibrary {
        /// Its identity.
        id: LibraryId,
        /// Its version, as far as it is known.
        version: String,
        /// Where it is looked for.
        folder: PathBuf,
        /// What else was found.
        why: String,
    },
    /// A copy cannot be used.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// No copy was made of the installed one.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A file of the folder cannot be written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A copy from elsewhere is not what it says.
    #[error("the Java library that came is {found}, not {wanted}")]
    Other {
        /// What came.
        found: LibraryId,
        /// What was announced.
        wanted: LibraryId,
    },
}

fn text_of(version: &str) -> String {
    if version.is_empty() { String::new() } else { format!(" ({version})") }
}

/// What is said while a copy is made: bytes that were packed, and how many there are in all.
pub type Progress<'p> = dyn FnMut(u64, u64) + 'p;

impl Cache {
    /// The cache in a folder, which is made when something is put there.
    pub fn at(folder: &Path) -> Cache {
        Cache { folder: folder.to_path_buf() }
    }

    /// The user's: what `PHANTOM_CACHE` names, else `phantom` in `XDG_CACHE_HOME`, else in `~/.cache` (XDG Base Directory
    /// Specification 0.8).
    ///
    /// # Errors
    /// When none of them is known.
    pub fn of_user() -> Result<Cache, CacheError> {
        let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let within = |path: PathBuf| path.join("phantom");
        let folder = named("PHANTOM_CACHE")
            .or_else(|| named("XDG_CACHE_HOME").map(within))
            .or_else(|| named("HOME").map(|home| within(home.join(".cache"))));
        folder.map(|folder| Cache { folder }).ok_or(CacheError::NoFolder)
    }

    /// A folder in it for files of a kind, made when it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, kind: &str) -> Result<PathBuf, CacheError> {
        let folder = self.folder.join(kind);
        fs::create_dir_all(&folder).map_err(|error| CacheError::Io { path: folder.clone(), error })?;
        Ok(folder)
    }

    fn place(&self, id: LibraryId) -> PathBuf {
        self.folder.join("libraries").join(format!("{id}.lib"))
    }

    /// The library that a world runs on: its copy, or a new copy of the installed JDK if that has the same contents.
    /// `tell` hears what is wrong with a copy that is made anew.
    ///
    /// # Errors
    /// When there is neither, or the copy cannot be read.
    pub fn library(
        &self,
        id: LibraryId,
        version: &str,
        tell: &dyn Fn(&str),
        progress: &mut Progress<'_>,
    ) -> Result<Library, CacheError> {
        match self.open(id) {
            Ok(library) => Ok(library),
            Err(why) => self.renew(id, version, why, tell, progress),
        }
    }

    /// A new copy of the library that a world runs on, for a reason that `tell` hears.
    ///
    /// # Errors
    /// When no JDK with the same contents is installed, or it cannot be copied.
    pub fn renew(
        &self,
        id: LibraryId,
        version: &str,
        why: LibraryError,
        tell: &dyn Fn(&str),
        progress: &mut Progress<'_>,
    ) -> Result<Library, CacheError> {
        let kept = match &why {
            LibraryError::Io { error, .. } if error.kind() == io::ErrorKind::NotFound => String::new(),
            LibraryError::Io { .. } => return Err(why.into()),
            LibraryError::Damaged { .. } => format!(" ({why})"),
        };
        let none = |installed: String| CacheError::NoLibrary {
            id,
            version: version.to_string(),
            folder: self.folder.join("libraries"),
            why: format!("{kept}{installed}"),
        };
        let Some(jdk) = Jdk::find() else { return Err(none(", nor is a JDK installed".to_string())) };
        let at = jdk.home().display();
        let another = || none(format!(", and the JDK in {at} is another one"));
        if self.noted(&jdk).is_some_and(|known| known != id) {
            return Err(another());
        }
        if !kept.is_empty() {
            tell(&format!("warning: {why}; it is made anew of the JDK in {at}"));
        }
        let made = self.pack(&jdk, progress)?;
        if made.id() == id { Ok(made) } else { Err(another()) }
    }

    /// The library of an installed JDK, of which a copy is made when there is none. `tell` hears what is wrong with a copy
    /// that is made anew.
    ///
    /// # Errors
    /// When the JDK cannot be read or the copy not written.
    pub fn library_of(
        &self,
        jdk: &Jdk,
        tell: &dyn Fn(&str),
        progress: &mut Progress<'_>,
    ) -> Result<Library, CacheError> {
        if let Some(id) = self.noted(jdk) {
            match self.open(id) {
                Ok(library) => return Ok(library),
                Err(error @ LibraryError::Damaged { .. }) => {
                    tell(&format!("warning: {error}; it is made anew"))
                }
                Err(LibraryError::Io { .. }) => {}
            }
        }
        self.pack(jdk, progress)
    }

    fn open(&self, id: LibraryId) -> Result<Library, LibraryError> {
        let path = self.place(id);
        let library = Library::open(&path)?;
        if library.id() != id {
            return Err(LibraryError::Damaged { path, what: "it has other contents than its name says" });
        }
        Ok(library)
    }

    fn pack(&self, jdk: &Jdk, progress: &mut Progress<'_>) -> Result<Library, CacheError> {
        let stamp = jdk.stamp();
        let mut unfinished = self.begin("libraries")?;
        let path = unfinished.path().to_path_buf();
        let id = pack::pack(jdk, unfinished.as_file_mut(), &path, progress)?;
        self.finish(unfinished, &self.place(id))?;
        self.note(jdk, stamp, id)?;
        Ok(self.open(id)?)
    }

    /// Takes a copy that comes from elsewhere, after all of it was verified.
    ///
    /// # Errors
    /// When it is not what was announced, cannot be read or not be written. Nothing has changed then.
    pub fn take(&self, wanted: LibraryId, from: &mut dyn Read) -> Result<(), CacheError> {
        let mut unfinished = self.begin("libraries")?;
        let path = unfinished.path().to_path_buf();
        io::copy(from, &mut unfinished).map_err(|error| CacheError::Io { path: path.clone(), error })?;
        let library = Library::open(&path)?;
        library.verify(&mut |_, _| {})?;
        if library.id() != wanted {
            return Err(CacheError::Other { found: library.id(), wanted });
        }
        self.finish(unfinished, &self.place(wanted))
    }

    /// A file that is to take its place when it is whole; locked, so that what a kill leaves behind is known from what is
    /// being made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(&self, kind: &str) -> Result<NamedTempFile, CacheError> {
        let folder = self.folder(kind)?;
        let left = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in left.filter(|path| path.extension() == Some(OsStr::new(UNFINISHED))) {
            if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = fs::remove_file(&path);
            }
        }
        let failed = |error| CacheError::Io { path: folder.clone(), error };
        let suffix = format!(".{UNFINISHED}");
        let made =
            tempfile::Builder::new().prefix("").suffix(&suffix).tempfile_in(&folder).map_err(failed)?;
        made.as_file().try_lock().map_err(|error| failed(error.into()))?;
        Ok(made)
    }

    /// Gives a file its place; it is durable when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(&self, unfinished: NamedTempFile, place: &Path) -> Result<(), CacheError> {
        let failed = |error| CacheError::Io { path: place.to_path_buf(), error };
        unfinished.as_file().sync_all().map_err(failed)?;
        unfinished.persist(place).map_err(|error| failed(error.error)).map(drop)
    }

    fn note_of(&self, jdk: &Jdk) -> PathBuf {
        let name = format!("{:016x}", checksum(jdk.home().as_os_str().as_bytes()));
        self.folder.join("installed").join(name)
    }

    /// The library of an installed JDK that has not changed since that was found out.
    fn noted(&self, jdk: &Jdk) -> Option<LibraryId> {
        let text = fs::read_to_string(self.note_of(jdk)).ok()?;
        let (stamp, id) = text.trim().split_once(' ')?;
        (stamp == format!("{:016x}", jdk.stamp())).then(|| id.parse().ok())?
    }
    fn note(&self, jdk: &Jdk, stamp: u64, id: LibraryId) -> Result<(), CacheError> {
        let mut unfinished = self.begin("installed")?;
        let place = self.note_of(jdk);
        writeln!(unfinished, "{stamp:016x} {id}")
            .map_err(|error| CacheError::Io { path: place.clone(), error })?;
        self.finish(unfinished, &place)
    }
}
