//! Java programs as they lie in files: class files in folders and jars, sources for the JDK's compiler, and the JDK itself.

use crate::Failure;
use java::ClassFile;
use javalib::ClassFiles;
use lang::{JavaClass, JavaMember};
use ristretto_jimage::Image;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// Where JDKs are installed on Linux.
const JVM_FOLDER: &str = "/usr/lib/jvm";
/// The release whose library programs run on.
const RELEASE: &str = "17";

/// Access flags of class files (JVMS 4.1, 4.5, 4.6).
const PUBLIC: u16 = 0x0001;
const INTERFACE: u16 = 0x0200;
const SYNTHETIC: u16 = 0x1000;

/// A Java program: where its classes are, and which has `main`.
pub(crate) struct JavaProgram {
    /// Name with slashes.
    pub(crate) main_class: String,
    /// Where the JDK is.
    pub(crate) home: PathBuf,
    pub(crate) files: Arc<JavaFiles>,
}

/// Class files by the name of the class.
type Classes = BTreeMap<String, Vec<u8>>;

/// Class files: those of the JDK first, then those of the class path.
pub(crate) struct JavaFiles {
    path: Vec<Place>,
    /// Where resources are, as the command line names it.
    class_path: String,
    jdk: OnceLock<Option<Jdk>>,
}

enum Place {
    Folder(PathBuf),
    /// Contents of a jar, or what the compiler made: class files by the name of the class.
    Classes(Classes),
}

struct Jdk {
    image: Image,
    modules: Vec<String>,
}

impl JavaFiles {
    /// The classes of the JDK, and those of a class path.
    fn new(path: Vec<Place>, class_path: String) -> Arc<JavaFiles> {
        Arc::new(JavaFiles { path, class_path, jdk: OnceLock::new() })
    }
    /// The classes of the JDK alone.
    pub(crate) fn jdk_only() -> Arc<JavaFiles> {
        JavaFiles::new(Vec::new(), String::new())
    }
    /// The classes of the JDK, of a class path, and of sources, which are compiled.
    ///
    /// # Errors
    /// When there is no JDK, a jar cannot be read, or the compiler refuses a source.
    pub(crate) fn with_sources(
        class_path: Option<&str>,
        sources: &[PathBuf],
    ) -> Result<Arc<JavaFiles>, Failure> {
        let mut path = read_path(class_path)?;
        if !sources.is_empty() {
            let home = home().ok_or_else(no_jdk)?;
            path.push(Place::Classes(compile(&home, sources, class_path)?));
        }
        Ok(JavaFiles::new(path, class_path.unwrap_or_default().into()))
    }

    /// What the class file of a class declares, for code of the Phantom language that uses it.
    pub(crate) fn declared(&self, name: &str) -> Option<JavaClass> {
        let bytes = self.class_file(name)?;
        let file = ClassFile::parse(&bytes).ok()?;
        let signature = |attributes: &[java::Attribute<'_>]| {
            let found = attributes.iter().find(|attribute| attribute.name == b"Signature")?;
            file.utf8(u16::from_be_bytes(found.bytes.try_into().ok()?)).ok()
        };
        let members = |members: &[java::Member<'_>]| {
            let seen = members.iter().filter(|member| member.access & (PUBLIC | SYNTHETIC) == PUBLIC);
            seen.map(|member| JavaMember {
                name: member.name.clone(),
                desc: member.desc.clone(),
                signature: signature(&member.attributes),
                flags: java::method_flags(member),
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
}

impl ClassFiles for JavaFiles {
    fn class_file(&self, name: &str) -> Option<Vec<u8>> {
        let file = format!("{name}.class");
        if let Some(jdk) = self.jdk.get_or_init(|| Jdk::open(&home()?)) {
            let found = jdk.modules.iter().find_map(|module| {
                let resource = jdk.image.get_resource(&format!("/{module}/{file}")).ok()?;
                Some(resource.data().to_vec())
            });
            if found.is_some() {
                return found;
            }
        }
        self.path.iter().find_map(|place| match place {
            Place::Folder(folder) => std::fs::read(folder.join(&file)).ok(),
            Place::Classes(classes) => classes.get(name).cloned(),
        })
    }

    fn class_path(&self) -> &str {
        &self.class_path
    }

    fn jdk_file(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(resource) = path.strip_prefix("modules/") {
            let jdk = self.jdk.get_or_init(|| Jdk::open(&home()?)).as_ref()?;
            return jdk.resource(&format!("/{resource}"));
        }
        let inside = READABLE.iter().any(|folder| path.starts_with(folder)) && !path.contains("..");
        if inside { std::fs::read(home()?.join(path)).ok() } else { None }
    }
}

/// Folders of the JDK that its library reads files from; links in them lead elsewhere on some systems.
const READABLE: [&str; 2] = ["lib/", "conf/"];

impl Jdk {
    /// A resource by the name of its module and its path.
    fn resource(&self, path: &str) -> Option<Vec<u8>> {
        if let Ok(found) = self.image.get_resource(path) {
            return Some(found.data().to_vec());
        }
        // The crate (0.31) does not find by their names files that have no ending.
        let bare = path.rsplit('/').next().is_some_and(|name| !name.contains('.'));
        let mut all = self.image.iter().flatten().filter(|_| bare);
        all.find(|found| found.full_name() == path).map(|found| found.data().to_vec())
    }

    fn open(home: &Path) -> Option<Jdk> {
        let image = Image::from_file(&home.join("lib/modules")).ok()?;
        let release = std::fs::read_to_string(home.join("release")).unwrap_or_default();
        let listed = release.lines().find_map(|line| line.strip_prefix("MODULES="));
        let modules = listed.unwrap_or("java.base").trim_matches('"').split(' ').map(String::from).collect();
        Some(Jdk { image, modules })
    }
}

/// Where the JDK is: `JAVA_HOME`, then the usual places, the release that is wanted only.
pub(crate) fn home() -> Option<PathBuf> {
    let fits = |home: &PathBuf| {
        let release = std::fs::read_to_string(home.join("release")).unwrap_or_default();
        let version = format!("JAVA_VERSION=\"{RELEASE}.");
        home.join("lib/modules").is_file() && release.lines().any(|line| line.starts_with(&version))
    };
    let named = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    let mut installed: Vec<PathBuf> = std::fs::read_dir(JVM_FOLDER)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    installed.sort();
    named.into_iter().chain(installed).find(fits)
}

fn no_jdk() -> Failure {
    Failure::Input(format!(
        "a Java program needs the library of a JDK {RELEASE}, and none is installed: install the package \
         openjdk-{RELEASE}-jdk-headless, or set JAVA_HOME"
    ))
}

/// Whether a program's file is one of Java's, or the program is a class of a module of the JDK.
pub(crate) fn is_java(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "java" || ending == "jar") || of_module(path).is_some()
}

/// Module and class of a program that is written `MODULE/CLASS`; files go before.
fn of_module(program: &Path) -> Option<(&str, &str)> {
    let (module, class) = program.to_str()?.split_once('/')?;
    let named = MODULES.iter().any(|prefix| module.starts_with(prefix));
    let is_class = !class.is_empty() && !class.contains('/');
    if named && is_class && !program.exists() { Some((module, class)) } else { None }
}

/// How the names of the JDK's modules begin.
const MODULES: [&str; 2] = ["java.", "jdk."];

/// The class of a module of the JDK, name with slashes.
fn find_in_module(home: &Path, module: &str, class: &str) -> Result<String, Failure> {
    let at = home.display();
    let jdk = Jdk::open(home).ok_or_else(|| Failure::Input(format!("{at}: its library cannot be read")))?;
    if !jdk.modules.iter().any(|known| known == module) {
        return Err(Failure::Input(format!("the JDK in {at} has no module {module}")));
    }
    let name = class.replace('.', "/");
    match jdk.image.get_resource(&format!("/{module}/{name}.class")) {
        Ok(_) => Ok(name),
        Err(_) => Err(Failure::Input(format!("there is no class {class} in the module {module}"))),
    }
}

/// A program from a source or jar, a class of a module of the JDK (`MODULE/CLASS`), or a main class by name and a class path
/// (folders and jars, `:` between them).
///
/// # Errors
/// When a file cannot be read, the compiler refuses it, or no main class is known.
pub(crate) fn find(program: &Path, class_path: Option<&str>) -> Result<JavaProgram, Failure> {
    let home = home().ok_or_else(no_jdk)?;
    let mut path = read_path(class_path)?;
    let ending = program.extension().and_then(|ending| ending.to_str());
    let main_class = match ending.filter(|_| of_module(program).is_none()) {
        Some("java") => {
            let classes = compile(&home, &[program.to_path_buf()], class_path)?;
            path.push(Place::Classes(classes));
            stem(program)
        }
        Some("jar") => {
            let (classes, main) = read_jar(program)?;
            path.push(Place::Classes(classes));
            main.ok_or_else(|| {
                let place = program.display();
                Failure::Input(format!(
                    "{place}: its manifest names no Main-Class; use --cp {place} MAINCLASS"
                ))
            })?
        }
        _ => match of_module(program) {
            Some((module, class)) => find_in_module(&home, module, class)?,
            None => program.to_string_lossy().into_owned(),
        },
    };
    let jar = program.to_str().filter(|_| ending == Some("jar"));
    let class_path: Vec<&str> = class_path.into_iter().chain(jar).collect();
    Ok(JavaProgram {
        main_class: main_class.replace('.', "/"),
        home,
        files: JavaFiles::new(path, class_path.join(":")),
    })
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The places of a class path: folders and jars, `:` between them.
fn read_path(class_path: Option<&str>) -> Result<Vec<Place>, Failure> {
    let entries = class_path.unwrap_or("").split(':').filter(|entry| !entry.is_empty()).map(Path::new);
    entries
        .map(|entry| {
            Ok(if entry.is_dir() {
                Place::Folder(entry.to_path_buf())
            } else {
                Place::Classes(read_jar(entry)?.0)
            })
        })
        .collect()
}

/// Compiles sources with the compiler of the JDK; the class files by the name of the class.
fn compile(home: &Path, sources: &[PathBuf], class_path: Option<&str>) -> Result<Classes, Failure> {
    let out =
        tempfile::tempdir().map_err(|error| Failure::Input(format!("no folder for class files: {error}")))?;
    let mut command = Command::new(home.join("bin/javac"));
    command.arg("-d").arg(out.path()).args(class_path.map(|path| ["-cp", path]).into_iter().flatten());
    let done = command.args(sources).status().map_err(|error| {
        Failure::Input(format!("{}: the compiler of the JDK does not run: {error}", home.display()))
    })?;
    if !done.success() {
        let names: Vec<String> = sources.iter().map(|source| source.display().to_string()).collect();
        return Err(Failure::Input(format!("{}: not compiled", names.join(", "))));
    }
    let mut classes = BTreeMap::new();
    read_classes(out.path(), "", &mut classes)
        .map_err(|error| Failure::Input(format!("{}: {error}", out.path().display())))?;
    Ok(classes)
}

fn read_classes(folder: &Path, package: &str, classes: &mut Classes) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = format!("{package}{}", stem(&path));
        if path.is_dir() {
            read_classes(&path, &format!("{name}/"), classes)?;
        } else if path.extension().is_some_and(|ending| ending == "class") {
            classes.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(())
}

/// The class files of a jar, and its main class.
fn read_jar(path: &Path) -> Result<(Classes, Option<String>), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| wrong(&error))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| wrong(&error))?;
    let mut classes = BTreeMap::new();
    let mut main = None;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| wrong(&error))?;
        let name = entry.name().to_string();
        let class = name.strip_suffix(".class").map(String::from);
        if class.is_none() && name != "META-INF/MANIFEST.MF" {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
        match class {
            Some(class) => {
                classes.insert(class, bytes);
            }
            None => {
                // A line that begins with a space goes on with the one before.
                let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace("\n ", "");
                let found = text.lines().find_map(|line| line.strip_prefix("Main-Class:"));
                main = found.map(|name| name.trim().to_string());
            }
        }
    }
    Ok((classes, main))
}
