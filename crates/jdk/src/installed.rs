//! Where a JDK is installed, and which of its files make its library.

use base::checksum::Checksum;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The release whose library programs run on.
pub const RELEASE: &str = "17";
/// Where JDKs are installed on Linux.
const JVM_FOLDER: &str = "/usr/lib/jvm";
/// The image with the classes and resources of all modules.
const IMAGE: &str = "lib/modules";
/// Folders of a JDK that its library reads files from; links in them lead elsewhere on some systems.
const READ: [&str; 2] = ["conf", "lib"];
/// Files in them that only HotSpot reads: its code, its archive of classes; and sources.
const NOT_READ: [&str; 3] = ["so", "jsa", "zip"];

/// An installed JDK of the release that programs run on.
#[derive(Clone, Debug)]
pub struct Jdk {
    home: PathBuf,
    release: String,
}

/// A file of a JDK.
pub(crate) struct JdkFile {
    /// In the JDK, such as `lib/tzdb.dat`.
    pub(crate) name: String,
    about: Metadata,
}

impl Jdk {
    /// The JDK in a folder, if there is one of the release that programs run on.
    pub fn at(home: &Path) -> Option<Jdk> {
        let release = fs::read_to_string(home.join("release")).ok()?;
        let version = format!("JAVA_VERSION=\"{RELEASE}.");
        let fits = release.lines().any(|line| line.starts_with(&version)) && home.join(IMAGE).is_file();
        fits.then(|| Jdk { home: home.to_path_buf(), release })
    }

    /// The installed one: what `PHANTOM_JDK` names, and no other if that is set; else what `JAVA_HOME` names, then what is
    /// found where the system's packages put it.
    pub fn find() -> Option<Jdk> {
        if let Some(home) = std::env::var_os("PHANTOM_JDK") {
            return Jdk::at(Path::new(&home));
        }
        let named = std::env::var_os("JAVA_HOME").map(PathBuf::from);
        let mut installed: Vec<PathBuf> =
            fs::read_dir(JVM_FOLDER).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        installed.sort();
        named.iter().chain(&installed).find_map(|home| Jdk::at(home))
    }

    /// The folder that it is in.
    pub fn home(&self) -> &Path {
        &self.home
    }
    /// Its file `release`: version, vendor, modules.
    pub fn release(&self) -> &str {
        &self.release
    }
    pub(crate) fn image(&self) -> PathBuf {
        self.home.join(IMAGE)
    }

    /// The files that the library reads besides the image, by name.
    pub(crate) fn files(&self) -> Vec<JdkFile> {
        let mut found = Vec::new();
        for folder in READ {
            self.files_in(folder, &mut found);
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }
    fn files_in(&self, folder: &str, found: &mut Vec<JdkFile>) {
        for entry in fs::read_dir(self.home.join(folder)).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let name = format!("{folder}/{name}");
            let ending = Path::new(&name).extension().and_then(OsStr::to_str);
            // A link may lead to a file that is not installed.
            let Ok(about) = fs::metadata(entry.path()) else { continue };
            if about.is_dir() {
                self.files_in(&name, found);
            } else if name != IMAGE && !ending.is_some_and(|ending| NOT_READ.contains(&ending)) {
                found.push(JdkFile { name, about });
            }
        }
    }

    /// A number that changes when a file of the library does: made of names, sizes, times and inodes, not of contents.
    pub(crate) fn stamp(&self) -> u64 {
        let mut sum = Checksum::new();
        sum.update(self.release.as_bytes());
        let image = fs::metadata(self.image()).ok().map(|about| JdkFile { name: IMAGE.into(), about });
        for file in image.into_iter().chain(self.files()) {
            sum.update(file.name.as_bytes());
            let about = &file.about;
            for number in [about.size(), about.ino(), about.mtime() as u64, about.mtime_nsec() as u64] {
                sum.update(&number.to_le_bytes());
            }
        }
        sum.finish()
    }
}

/// What a file `release` says of a name.
pub(crate) fn said_of<'r>(release: &'r str, name: &str) -> Option<&'r str> {
    let value = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"'))
}
