//! Class paths as `java` takes them: folders and jars in order, `FOLDER/*` for all jars of a folder, and the jars that the
//! manifests of others name. A class of a multi-release jar is that of the newest release up to the library's.
//!
//! Resources are found by the library itself, from the property `java.class.path`; what is here is where classes are. A world
//! notes the folders and jars that were asked for ([`ClassPlace`]); what the manifests of those jars name is found again.

use crate::{Failure, say};
use base::checksum::Checksum;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use world::ClassPlace;
use zip::ZipArchive;

/// Class files by the name of the class.
pub(super) type Classes = BTreeMap<String, Vec<u8>>;

/// Largest class file that is taken of a jar, in bytes; what claims to be larger is none.
const CLASS_BYTES_MAX: u64 = 64 << 20;
/// Releases whose folders `META-INF/versions/N` may hold classes: from 9 to that of the library (class `JarFile`).
const RELEASES: std::ops::RangeInclusive<u32> = 9..=17;
const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// Where the classes of a program are, in the order in which they are looked for.
#[derive(Default)]
pub(super) struct ClassPath {
    places: Vec<Place>,
    /// What is among the places, so that each is there once.
    seen: BTreeSet<PathBuf>,
    /// What a world notes of them.
    noted: Vec<ClassPlace>,
    /// What the compiler made; looked for last.
    compiled: Arc<Classes>,
}

enum Place {
    Folder(PathBuf),
    Jar(Jar),
}

/// A jar that is open: a world that goes on while it is replaced reads the old one.
pub(super) struct Jar {
    archive: Mutex<ZipArchive<File>>,
    /// Its releases with classes of their own, the newest first.
    releases: Vec<u32>,
    pub(super) manifest: Manifest,
}

/// The main attributes of a manifest, by name in small letters (specification of jars, section "JAR Manifest").
#[derive(Default)]
pub(super) struct Manifest(BTreeMap<String, String>);

impl Manifest {
    fn parse(text: &str) -> Manifest {
        // A line that begins with a space goes on with the one before; an empty line ends the main attributes.
        let lines = text.replace("\r\n", "\n").replace('\r', "\n").replace("\n ", "");
        let main = lines.lines().take_while(|line| !line.is_empty());
        let pairs = main.filter_map(|line| line.split_once(':'));
        Manifest(pairs.map(|(name, value)| (name.to_lowercase(), value.trim().to_string())).collect())
    }

    /// The value of an attribute, its name in small letters.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl Jar {
    pub(super) fn open(path: &Path) -> Result<Jar, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut archive = ZipArchive::new(file).map_err(|error| error.to_string())?;
        let manifest = read(&mut archive, MANIFEST).unwrap_or_default();
        let manifest = Manifest::parse(&String::from_utf8_lossy(&manifest));
        let mut releases = Vec::new();
        if manifest.get("multi-release").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            let numbers = archive.file_names().filter_map(|name| {
                let (number, _) = name.strip_prefix("META-INF/versions/")?.split_once('/')?;
                number.parse().ok().filter(|release| RELEASES.contains(release))
            });
            let numbers: BTreeSet<u32> = numbers.collect();
            releases.extend(numbers.into_iter().rev());
        }
        Ok(Jar { archive: Mutex::new(archive), releases, manifest })
    }

    fn archive(&self) -> MutexGuard<'_, ZipArchive<File>> {
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tells its contents from others: its directory has a checksum of each.
    fn mark(&self) -> Result<String, String> {
        let mut archive = self.archive();
        let mut sum = Checksum::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(|error| error.to_string())?;
            sum.update(entry.name().as_bytes());
            sum.update(&entry.crc32().to_le_bytes());
            sum.update(&entry.size().to_le_bytes());
        }
        Ok(format!("{:016x}", sum.finish()))
    }

    fn class_file(&self, file: &str) -> Option<Vec<u8>> {
        let mut archive = self.archive();
        let newest =
            self.releases.iter().find_map(|n| read(&mut archive, &format!("META-INF/versions/{n}/{file}")));
        newest.or_else(|| read(&mut archive, file))
    }
}

/// What an entry holds; nothing when it is damaged or too large.
fn read(archive: &mut ZipArchive<File>, name: &str) -> Option<Vec<u8>> {
    let entry = archive.by_name(name).ok()?;
    let mut bytes = Vec::new();
    entry.take(CLASS_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= CLASS_BYTES_MAX).then_some(bytes)
}

impl ClassPath {
    /// The places of a class path if one is given, and its text with wildcards expanded.
    ///
    /// # Errors
    /// When the name of a jar is no text.
    pub(super) fn of(class_path: Option<&str>) -> Result<(ClassPath, Option<String>), Failure> {
        let class_path = class_path.map(expanded).transpose()?;
        let mut path = ClassPath::default();
        if let Some(class_path) = &class_path {
            path.add_entries(class_path);
        }
        Ok((path, class_path))
    }

    /// The places that a world notes, those that are still there, and then those of a program that are not among them.
    /// What has changed is said.
    pub(super) fn noted_and(noted: &[ClassPlace], program: Option<&ClassPath>) -> ClassPath {
        let mut path = ClassPath::default();
        for known in noted.iter().chain(program.iter().flat_map(|program| &program.noted)) {
            let place = &known.path;
            match path.add(Path::new(place)) {
                Ok(found) if found.is_some_and(|found| found.mark != known.mark) => say(&format_args!(
                    "note: {place} is another one than before; classes that are not loaded yet come from it"
                )),
                Ok(_) => {}
                Err(error) => say(&format_args!(
                    "note: {place}: {error}; a class of it that is not loaded yet will not be found"
                )),
            }
        }
        path.compiled = program.map(|program| program.compiled.clone()).unwrap_or_default();
        path
    }

    /// Adds the entries of a class path, `:` between them; as `java` has it, what is not there is left out, and so is what
    /// is no jar, with a word.
    pub(super) fn add_entries(&mut self, entries: &str) {
        for entry in entries.split(':') {
            let path = Path::new(if entry.is_empty() { "." } else { entry });
            if let (true, Err(error)) = (path.exists(), self.add(path)) {
                say(&format_args!("note: {} is in the class path, and is no jar: {error}", path.display()));
            }
        }
    }

    /// Adds a folder or a jar; what is to be noted of it, unless it is among the places already.
    ///
    /// # Errors
    /// When it is neither, or its path is no text.
    fn add(&mut self, path: &Path) -> Result<Option<&ClassPlace>, String> {
        let whole = path.canonicalize().map_err(|error| error.to_string())?;
        if whole.is_dir() {
            self.add_folder(path);
            return self.note(&whole, String::new());
        }
        self.add_program(path, Jar::open(path)?)
    }

    /// Adds a jar that was asked for, as [`ClassPath::add`] does.
    ///
    /// # Errors
    /// When it cannot be read, or its path is no text.
    pub(super) fn add_program(&mut self, path: &Path, jar: Jar) -> Result<Option<&ClassPlace>, String> {
        let mark = jar.mark()?;
        self.add_jar(path, jar);
        self.note(&whole(path), mark)
    }

    fn note(&mut self, whole: &Path, mark: String) -> Result<Option<&ClassPlace>, String> {
        let path = whole.to_str().ok_or("its path is not UTF-8")?.to_string();
        if self.noted.iter().any(|known| known.path == path) {
            return Ok(None);
        }
        self.noted.push(ClassPlace { path, mark });
        Ok(self.noted.last())
    }

    /// What a world notes: folders and jars that were asked for.
    pub(super) fn noted(&self) -> &[ClassPlace] {
        &self.noted
    }

    /// The names of the classes that the compiler made.
    pub(super) fn compiled(&self) -> impl Iterator<Item = &String> {
        self.compiled.keys()
    }

    /// Adds a jar, and behind it what its manifest names.
    fn add_jar(&mut self, path: &Path, jar: Jar) {
        if !self.seen.insert(whole(path)) {
            return;
        }
        let named = jar.manifest.get("class-path").unwrap_or_default().to_string();
        self.places.push(Place::Jar(jar));
        for url in named.split_ascii_whitespace() {
            let Some(path) = resolve(path, url) else { continue };
            if path.is_dir() {
                self.add_folder(&path);
            } else if let Ok(jar) = Jar::open(&path) {
                self.add_jar(&path, jar);
            }
        }
    }

    fn add_folder(&mut self, path: &Path) {
        if self.seen.insert(whole(path)) {
            self.places.push(Place::Folder(path.to_path_buf()));
        }
    }

    /// Sets what the compiler made.
    pub(super) fn set_compiled(&mut self, classes: Classes) {
        self.compiled = Arc::new(classes);
    }

    /// The class file of a class by its name with slashes.
    pub(super) fn class_file(&self, name: &str) -> Option<Vec<u8>> {
        let file = format!("{name}.class");
        let found = self.places.iter().find_map(|place| match place {
            Place::Folder(folder) => std::fs::read(folder.join(&file)).ok(),
            Place::Jar(jar) => jar.class_file(&file),
        });
        found.or_else(|| self.compiled.get(name).cloned())
    }
}

/// One name for a file, whatever it is called by.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// What an entry of `Class-Path` means: an URL, mostly a relative one, from where the jar is.
fn resolve(jar: &Path, url: &str) -> Option<PathBuf> {
    let path = match url.split_once(':') {
        Some(("file", path)) => path,
        Some(_) => return None,
        None => url,
    };
    Some(jar.parent()?.join(decoded(path)?))
}

/// A path of an URL with its `%` sequences as what they stand for.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, others) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = others;
    }
    String::from_utf8(bytes).ok()
}

/// A class path with its entries `FOLDER/*` as the jars of that folder, in the order of their names.
///
/// # Errors
/// When the name of a jar is no text.
fn expanded(class_path: &str) -> Result<String, Failure> {
    let mut entries = Vec::new();
    for entry in class_path.split(':') {
        let folder = match entry.strip_suffix('*') {
            Some("") => ".",
            Some(folder) if folder.ends_with('/') => folder,
            _ => {
                entries.push(entry.to_string());
                continue;
            }
        };
        let Ok(found) = std::fs::read_dir(folder) else { continue };
        let mut jars: Vec<PathBuf> = found.flatten().map(|entry| entry.path()).collect();
        jars.retain(|jar| jar.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jar")));
        jars.sort();
        for jar in jars {
            let text = jar.into_os_string().into_string();
            entries.push(text.map_err(|_| Failure::Input(format!("{folder}: a name is not UTF-8")))?);
        }
    }
    Ok(entries.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_folded_lines_until_an_empty_one() {
        let text = "Manifest-Version: 1.0\r\nClass-Path: a.jar \r\n  lib/b%20c.jar\r\nmain-class: X\r\n\r\nName: p/\r\nMain-Class: Y\r\n";
        let manifest = Manifest::parse(text);
        assert_eq!(manifest.get("class-path"), Some("a.jar  lib/b%20c.jar"));
        assert_eq!(manifest.get("main-class"), Some("X"));
        assert_eq!(manifest.get("name"), None);
    }

    #[test]
    fn entries_are_relative_to_their_jar() {
        let jar = Path::new("/lib/app.jar");
        for (url, path) in [
            ("a.jar", Some("/lib/a.jar")),
            ("../b%20c.jar", Some("/lib/../b c.jar")),
            ("file:/else/d.jar", Some("/else/d.jar")),
            ("http://host/e.jar", None),
            ("f%2.jar", None),
        ] {
            assert_eq!(resolve(jar, url).as_deref(), path.map(Path::new), "{url}");
        }
    }
}
