//! Java programs as they lie in files: class files in folders and jars, sources for the JDK's compiler, classes of the JDK.

mod files;
pub(crate) mod stream;
pub(crate) mod template;

pub(crate) use files::JavaFiles;

use crate::Failure;
use files::Place;
use javalib::ClassFiles;
use jdk::{CacheError, Jdk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use world::{ClassPlace, JavaSources, World};

/// A Java program: where its classes are, and which has `main`.
pub(crate) struct JavaProgram {
    /// Name with slashes.
    pub(crate) main_class: String,
    /// Where resources are, as the command line names it.
    pub(crate) class_path: String,
    /// Where the JDK is, if one is installed.
    pub(crate) home: Option<PathBuf>,
    /// Classes of the library and of the program, for a world that has none yet.
    pub(crate) files: Arc<JavaFiles>,
    places: Vec<ClassPlace>,
    /// What the compiler made.
    compiled: Classes,
}

/// Class files by the name of the class.
type Classes = BTreeMap<String, Vec<u8>>;

/// Says where a world that is there has classes: as it notes, and in the places of a program that is about to run in it.
///
/// # Errors
/// When the world is damaged, or a place of the program cannot be read.
pub(crate) fn set_class_files(world: &mut World, program: Option<&JavaProgram>) -> Result<(), Failure> {
    let sources = world.vm.java_sources().map_err(|error| Failure::World(error.to_string()))?;
    let mut more = Vec::new();
    if let Some(program) = program {
        for place in program.places.iter().filter(|place| !sources.class_path.contains(place)) {
            more.push(files::open(Path::new(&place.path))?.0);
        }
        more.push(Place::Classes(program.compiled.clone()));
    }
    world.set_class_files(JavaFiles::of_world(&sources, more));
    Ok(())
}

/// Notes in a world what a program that was started in it needs when it goes on: where its classes are; those that were
/// compiled for it are loaded.
///
/// # Errors
/// When the world is damaged.
pub(crate) fn note(world: &mut World, program: &JavaProgram) -> Result<(), Failure> {
    let mut sources: JavaSources =
        world.vm.java_sources().map_err(|error| Failure::World(error.to_string()))?;
    for place in &program.places {
        if !sources.class_path.contains(place) {
            sources.class_path.push(place.clone());
        }
    }
    world.vm.set_java_sources(&sources);
    for name in program.compiled.keys() {
        // One that does not fit is reported where it is used.
        let _ = world.vm.class_by_name(name);
    }
    Ok(())
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

/// A program from a source or jar, a class of a module of the JDK (`MODULE/CLASS`), or a main class by name and a class path
/// (folders and jars, `:` between them).
///
/// # Errors
/// When a file cannot be read, the compiler refuses it, or no main class is known.
pub(crate) fn find(program: &Path, class_path: Option<&str>) -> Result<JavaProgram, Failure> {
    let jdk = Jdk::find();
    let (mut path, mut places) = (Vec::new(), Vec::new());
    let mut add = |entry: &Path| {
        let (place, noted) = files::open(entry)?;
        let main = if matches!(place, Place::Jar(_)) { files::main_class(&place) } else { None };
        path.push(place);
        places.push(noted);
        Ok(main)
    };
    for entry in class_path.unwrap_or("").split(':').filter(|entry| !entry.is_empty()) {
        add(Path::new(entry))?;
    }
    let ending = program.extension().and_then(|ending| ending.to_str());
    let of_module = of_module(program);
    let mut compiled = Classes::new();
    let main_class = match ending.filter(|_| of_module.is_none()) {
        Some("java") => {
            let jdk = jdk.as_ref().ok_or_else(no_jdk)?;
            compiled = compile(jdk.home(), program, class_path)?;
            stem(program)
        }
        Some("jar") => add(program)?.ok_or_else(|| {
            let place = program.display();
            Failure::Input(format!("{place}: its manifest names no Main-Class; use --cp {place} MAINCLASS"))
        })?,
        _ => match of_module {
            Some((_, class)) => class.to_string(),
            None => program.to_string_lossy().into_owned(),
        },
    };
    path.push(Place::Classes(compiled.clone()));
    let jar = program.to_str().filter(|_| ending == Some("jar"));
    let class_path: Vec<&str> = class_path.into_iter().chain(jar).collect();
    let found = JavaProgram {
        main_class: main_class.replace('.', "/"),
        class_path: class_path.join(":"),
        home: jdk.map(|jdk| jdk.home().to_path_buf()),
        files: JavaFiles::installed(path),
        places,
        compiled,
    };
    if let Some((module, class)) = of_module {
        found.files.open_library()?;
        if found.files.jdk_file(&format!("modules/{module}/module-info.class")).is_none() {
            return Err(Failure::Input(format!("the JDK has no module {module}")));
        }
        if found.files.jdk_file(&format!("modules/{module}/{}.class", found.main_class)).is_none() {
            return Err(Failure::Input(format!("there is no class {class} in the module {module}")));
        }
    }
    Ok(found)
}

fn no_jdk() -> Failure {
    Failure::Input(CacheError::NoJdk.to_string())
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

/// Compiles a source with the compiler of the JDK; the class files by the name of the class.
fn compile(home: &Path, source: &Path, class_path: Option<&str>) -> Result<Classes, Failure> {
    let out =
        tempfile::tempdir().map_err(|error| Failure::Input(format!("no folder for class files: {error}")))?;
    let mut command = Command::new(home.join("bin/javac"));
    command.arg("-d").arg(out.path()).args(class_path.map(|path| ["-cp", path]).into_iter().flatten());
    let done = command.arg(source).status().map_err(|error| {
        Failure::Input(format!("{}: the compiler of the JDK does not run: {error}", home.display()))
    })?;
    if !done.success() {
        return Err(Failure::Input(format!("{}: not compiled", source.display())));
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
