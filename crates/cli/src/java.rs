//! Java programs as they lie in files: class files in folders and jars, sources for the JDK's compiler, classes of the JDK.

mod class_path;
mod files;
mod launcher;
pub(crate) mod options;
pub(crate) mod stream;
pub(crate) mod template;

pub(crate) use files::JavaFiles;

use crate::Failure;
use class_path::{ClassPath, Classes, Jar, Manifest};
use javalib::ClassFiles;
use jdk::{CacheError, Jdk};
use options::JavaOptions;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use world::World;

/// A Java program: where its classes are, and which has `main`.
pub(crate) struct JavaProgram {
    /// Name with slashes.
    pub(crate) main_class: String,
    /// System properties, set in this order before the library makes its modules and class loaders.
    pub(crate) properties: Vec<(String, String)>,
    /// Where the JDK is, if one is installed.
    pub(crate) home: Option<PathBuf>,
    /// Classes of the library and of the program, for a world that has none yet.
    pub(crate) files: Arc<JavaFiles>,
    /// Whether the library boots for it as it does for any other program.
    pub(crate) boots_plainly: bool,
}

/// Says where a world that is there has classes: as it notes, and where a program has them that is about to run in it.
///
/// # Errors
/// When the world is damaged.
pub(crate) fn set_class_files(world: &mut World, program: Option<&JavaFiles>) -> Result<(), Failure> {
    let sources = world.vm.java_sources().map_err(|error| Failure::World(error.to_string()))?;
    world.set_class_files(JavaFiles::of_world(&sources, program));
    Ok(())
}

/// Notes in a world what a program that was started in it needs when it goes on: where its classes are; those that were
/// compiled for it are loaded.
///
/// # Errors
/// When the world is damaged.
pub(crate) fn note(world: &mut World, program: &JavaFiles) -> Result<(), Failure> {
    let known = world.vm.java_sources().map_err(|error| Failure::World(error.to_string()))?;
    let mut sources = known.clone();
    if let (true, Some(library)) = (known.library.id.is_empty(), program.library()) {
        sources.library = library;
    }
    sources.class_path = program.class_path_in(&known.class_path);
    for place in program.path.noted() {
        match sources.places.iter_mut().find(|known| known.path == place.path) {
            Some(known) => known.mark.clone_from(&place.mark),
            None => sources.places.push(place.clone()),
        }
    }
    if sources != known {
        world.vm.set_java_sources(&sources);
    }
    for name in program.path.compiled() {
        // One that does not fit is reported where it is used.
        let _ = world.vm.class_by_name(name);
    }
    Ok(())
}

/// Where the JDK is.
pub(crate) fn home() -> Option<PathBuf> {
    Jdk::find().map(|found| found.home().to_path_buf())
}

fn no_jdk() -> Failure {
    Failure::Input(CacheError::NoJdk.to_string())
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

/// Refuses a class that a module of the JDK (name with slashes) does not have.
fn check_module(files: &JavaFiles, module: &str, class: &str) -> Result<(), Failure> {
    files.open_library()?;
    let has = |resource: &str| files.jdk_file(&format!("modules/{module}/{resource}.class")).is_some();
    if !has("module-info") {
        return Err(Failure::Input(format!("the JDK has no module {module}")));
    }
    if !has(class) {
        let class = class.replace('/', ".");
        return Err(Failure::Input(format!("there is no class {class} in the module {module}")));
    }
    Ok(())
}

/// A program from a source or jar, a class of a module of the JDK (`MODULE/CLASS`), or a main class by name in the class
/// path, which is the working directory without that option.
///
/// # Errors
/// When a file cannot be read, the compiler refuses it, no main class is known, or it has no `main`.
pub(crate) fn find(program: &Path, options: &JavaOptions) -> Result<JavaProgram, Failure> {
    let home = home();
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
        path.add_program(program, jar).map_err(|error| Failure::Input(format!("{place}: {error}")))?;
        entries.push(place.to_string());
        main.ok_or_else(|| {
            Failure::Input(format!("no main manifest attribute, in {place}; use --cp {place} MAINCLASS"))
        })?
    } else if let Some((_, class)) = of_module(program) {
        class.to_string()
    } else if ending == Some("java") {
        path.set_compiled(compile(&[program.to_path_buf()], class_path.as_deref())?);
        stem(program)
    } else {
        if class_path.is_none() {
            path.add_entries(".");
            entries.push(".".to_string());
        }
        program.to_string_lossy().into_owned()
    };
    let main_class = main_class.replace('.', "/");
    let files = JavaFiles::installed(path, entries.join(":"));
    if let Some((module, _)) = of_module(program) {
        check_module(&files, module, &main_class)?;
    }
    // A program that is not there may be one of the JDK that is not there.
    launcher::check(files.as_ref(), &main_class)
        .map_err(|failure| if home.is_none() { no_jdk() } else { failure })?;
    let boots_plainly = properties.is_empty() && options.leaves_the_library_alone();
    Ok(JavaProgram { main_class, properties, home, files, boots_plainly })
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

/// The class files of a program in the Phantom language: those of a class path, and of sources, which are compiled.
///
/// # Errors
/// When there is no JDK, or the compiler refuses a source.
pub(crate) fn files_with(options: &JavaOptions, sources: &[PathBuf]) -> Result<Arc<JavaFiles>, Failure> {
    let (mut path, class_path) = ClassPath::of(options.class_path.as_deref())?;
    if !sources.is_empty() {
        path.set_compiled(compile(sources, class_path.as_deref())?);
    }
    Ok(JavaFiles::installed(path, class_path.unwrap_or_default()))
}

impl JavaProgram {
    /// Sees to it that there is a library for a world that has none yet, and a JDK.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn open_library(&self) -> Result<(), Failure> {
        if self.home.is_none() {
            return Err(no_jdk());
        }
        self.files.open_library()
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Compiles sources with the compiler of the JDK; the class files by the name of the class.
fn compile(sources: &[PathBuf], class_path: Option<&str>) -> Result<Classes, Failure> {
    let home = home().ok_or_else(no_jdk)?;
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
