//! Java programs as they lie in files: class files in folders and jars, sources for the JDK's compiler, and the JDK itself.

mod class_path;
mod launcher;
pub(crate) mod options;

use crate::Failure;
use ::java::ClassFile;
use class_path::{ClassPath, Classes, Jar, Manifest};
use javalib::ClassFiles;
use lang::{JavaClass, JavaMember};
use options::JavaOptions;
use ristretto_jimage::Image;
use std::collections::BTreeMap;
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
    /// System properties, set in this order before the library makes its modules and class loaders.
    pub(crate) properties: Vec<(String, String)>,
    /// Where the JDK is.
    pub(crate) home: PathBuf,
    pub(crate) files: Arc<JavaFiles>,
}

/// Class files: those of the JDK first, then those of the class path.
pub(crate) struct JavaFiles {
    path: ClassPath,
    /// Where resources are, as the command line names it.
    class_path: String,
    jdk: OnceLock<Option<Jdk>>,
}

struct Jdk {
    image: Image,
    modules: Vec<String>,
}

impl JavaFiles {
    /// The classes of the JDK, and those of a class path.
    fn new(path: ClassPath, class_path: String) -> Arc<JavaFiles> {
        Arc::new(JavaFiles { path, class_path, jdk: OnceLock::new() })
    }
    /// The classes of the JDK alone.
    pub(crate) fn jdk_only() -> Arc<JavaFiles> {
        JavaFiles::new(ClassPath::default(), String::new())
    }
    /// The classes of the JDK, of a class path, and of sources, which are compiled.
    ///
    /// # Errors
    /// When there is no JDK, or the compiler refuses a source.
    pub(crate) fn with_sources(
        options: &JavaOptions,
        sources: &[PathBuf],
    ) -> Result<Arc<JavaFiles>, Failure> {
        let (mut path, class_path) = ClassPath::of(options.class_path.as_deref())?;
        if !sources.is_empty() {
            let home = home().ok_or_else(no_jdk)?;
            path.add_classes(compile(&home, sources, class_path.as_deref())?);
        }
        Ok(JavaFiles::new(path, class_path.unwrap_or_default()))
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
        self.path.class_file(name)
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

/// A program from a source or jar, a class of a module of the JDK (`MODULE/CLASS`), or a main class by name in the class
/// path, which is the working directory without that option.
///
/// # Errors
/// When a file cannot be read, the compiler refuses it, no main class is known, or it has no `main`.
pub(crate) fn find(program: &Path, options: &JavaOptions) -> Result<JavaProgram, Failure> {
    let home = home().ok_or_else(no_jdk)?;
    let (mut path, class_path) = ClassPath::of(options.class_path.as_deref())?;
    let mut entries: Vec<String> = class_path.iter().cloned().collect();
    let mut properties = options.properties();
    let ending = program.extension().and_then(|ending| ending.to_str());
    let main_class = if options.jar || ending == Some("jar") {
        let place = program.display();
        let jar = match Jar::open(program) {
            Ok(jar) => jar,
            Err(_) if !program.exists() => {
                return Err(Failure::Input(format!("Error: Unable to access jarfile {place}")));
            }
            Err(error) => {
                return Err(Failure::Input(format!("Error: Invalid or corrupt jarfile {place}: {error}")));
            }
        };
        let main = jar.manifest.get("main-class").map(ToString::to_string);
        properties.extend(opened_by(&jar.manifest));
        path.add_jar(program, jar);
        entries.push(place.to_string());
        main.ok_or_else(|| {
            Failure::Input(format!("no main manifest attribute, in {place}; use --cp {place} MAINCLASS"))
        })?
    } else if let Some((module, class)) = of_module(program) {
        find_in_module(&home, module, class)?
    } else if ending == Some("java") {
        path.add_classes(compile(&home, &[program.to_path_buf()], class_path.as_deref())?);
        stem(program)
    } else {
        if class_path.is_none() {
            path.add_entries(".");
            entries.push(".".to_string());
        }
        program.to_string_lossy().into_owned()
    };
    let main_class = main_class.replace('.', "/");
    let files = JavaFiles::new(path, entries.join(":"));
    launcher::check(files.as_ref(), &main_class)?;
    Ok(JavaProgram { main_class, properties, home, files })
}

/// The properties by which the library learns what the manifest of a program's jar opens and exports to it (JEP 261).
fn opened_by(manifest: &Manifest) -> impl Iterator<Item = (String, String)> {
    let of = |attribute, property: &'static str| {
        let packages = manifest.get(attribute).unwrap_or_default().split_ascii_whitespace();
        let numbered = packages.enumerate();
        // Numbers of their own, beside those of the options.
        numbered.map(move |(n, package)| {
            (format!("jdk.module.{property}.{}", n + 1000), format!("{package}=ALL-UNNAMED"))
        })
    };
    of("add-opens", "addopens").chain(of("add-exports", "addexports"))
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
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
