//! `compile`, `disasm`, `asm`, and what `run` makes of its PROGRAM: a source file, a folder of sources, or a module.

use crate::arguments::{Compile, Disasm};
use crate::java::options::JavaOptions;
use crate::java::{self, JavaFiles, JavaProgram};
use crate::{Failure, say};
use base::checksum::checksum;
use bytecode::{Const, Module};
use javalib::ClassFiles;
use lang::{JavaClass, Output, Request, Severity, SourceFile, SourceProvider};
use layout::internal::JAVA_BOUNDARY;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ending of a compiled module.
const MODULE_ENDING: &str = "phm";

/// A program as it lies in files.
pub(crate) struct Program {
    /// File stem: the name that the world knows it by.
    pub(crate) name: String,
    /// Hash of all its own files.
    pub(crate) source_hash: u64,
    path: PathBuf,
    include: Vec<PathBuf>,
    files: Files,
    /// The classes of Java that the program reaches.
    java: Arc<JavaFiles>,
}

enum Files {
    Sources(Vec<SourceFile>),
    Module(Vec<u8>),
    Java(JavaProgram),
}

/// A module that can be started.
pub(crate) struct Compiled {
    /// Encoded.
    pub(crate) bytes: Vec<u8>,
    /// Class that holds the entry.
    pub(crate) entry: String,
    /// Whether it is written in another language and uses Java.
    pub(crate) uses_java: bool,
}

impl Program {
    /// Reads a program's files.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn find(path: &Path, include: &[PathBuf], options: &JavaOptions) -> Result<Program, Failure> {
        // With an option of Java PROGRAM may be a class, and a folder of that name stand beside.
        let phantom = path.extension().is_some_and(|ending| ending == "ph")
            || files_in(path, "ph").is_ok_and(|sources| !sources.is_empty());
        if java::is_java(path) || (options.any() && !phantom) {
            return Program::of_java(path, options);
        }
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if name.is_empty() {
            return Err(Failure::Usage(format!("{}: a program needs a name", path.display())));
        }
        let files = if path.is_dir() {
            Files::Sources(read_folder(path)?)
        } else {
            let bytes = std::fs::read(path).map_err(|error| no_program(path, &error))?;
            match String::from_utf8(bytes) {
                Ok(text) if path.extension().is_some_and(|ending| ending == "ph") => {
                    Files::Sources(vec![SourceFile { label: path.display().to_string(), text }])
                }
                Ok(_) | Err(_) if path.extension().is_some_and(|ending| ending == "ph") => {
                    return Err(Failure::Input(format!("{}: the source is not UTF-8 text", path.display())));
                }
                Ok(text) => Files::Module(text.into_bytes()),
                Err(error) => Files::Module(error.into_bytes()),
            }
        };
        let source_hash = match &files {
            Files::Module(bytes) => checksum(bytes),
            Files::Java(_) => 0,
            Files::Sources(sources) => {
                let all: Vec<u8> =
                    sources.iter().flat_map(|s| checksum(s.text.as_bytes()).to_le_bytes()).collect();
                checksum(&all)
            }
        };
        let sources = if path.is_dir() { files_in(path, "java")? } else { Vec::new() };
        let java = java::files_with(options, &sources)?;
        Ok(Program { name, source_hash, path: path.to_path_buf(), include: include.to_vec(), files, java })
    }

    fn of_java(path: &Path, options: &JavaOptions) -> Result<Program, Failure> {
        let found = java::find(path, options)?;
        let name = found.main_class.rsplit('/').next().unwrap_or_default().to_string();
        let bytes = found.files.class_file(&found.main_class);
        let source_hash = checksum(&bytes.unwrap_or_default());
        Ok(Program {
            name,
            source_hash,
            path: path.to_path_buf(),
            include: Vec::new(),
            java: found.files.clone(),
            files: Files::Java(found),
        })
    }

    /// The Java program that it is.
    pub(crate) fn java(&self) -> Option<&JavaProgram> {
        match &self.files {
            Files::Java(program) => Some(program),
            _ => None,
        }
    }

    /// The class files that the program needs.
    pub(crate) fn java_files(&self) -> &Arc<JavaFiles> {
        &self.java
    }

    /// Makes the module; what the compiler has to say goes to standard error.
    ///
    /// # Errors
    /// When there are errors, or no entry.
    pub(crate) fn compile(&self) -> Result<Compiled, Failure> {
        let module = match &self.files {
            Files::Module(bytes) => decode(&self.path, bytes)?,
            Files::Java(program) => javalib::start_module(&program.main_class, &program.properties),
            Files::Sources(sources) => self.compile_sources(sources, false)?,
        };
        let bytes = match &self.files {
            Files::Module(bytes) => bytes.clone(),
            _ => encode(&self.path, &module)?,
        };
        let reaches =
            |constant: &Const| matches!(constant, Const::Method { class, .. } if class == JAVA_BOUNDARY);
        let (entry, uses_java) = (module.entry, module.pool.iter().any(reaches));
        let entry = entry.ok_or_else(|| {
            Failure::Input(format!(
                "{}: nothing to run: no class named {} with `void main()`, `int main(string[] args)` or a method 8",
                self.path.display(),
                self.name
            ))
        })?;
        Ok(Compiled { bytes, entry, uses_java })
    }

    fn compile_sources(&self, sources: &[SourceFile], as_json: bool) -> Result<Module, Failure> {
        let mut folders = vec![if self.path.is_dir() {
            self.path.clone()
        } else {
            self.path.parent().map(Path::to_path_buf).unwrap_or_default()
        }];
        folders.extend(self.include.iter().cloned());
        let output = lang::compile(
            &Request { sources: ordered(sources, &self.name) },
            &Folders { folders, java: self.java.clone() },
        );
        report(&output, as_json);
        let errors = output.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        output.module.ok_or_else(|| {
            Failure::Input(format!(
                "{}: not compiled, {errors} error{}",
                self.path.display(),
                if errors == 1 { "" } else { "s" }
            ))
        })
    }
}

/// The source named like the program comes first: it names the module and its entry.
fn ordered(sources: &[SourceFile], name: &str) -> Vec<SourceFile> {
    let mut ordered = sources.to_vec();
    ordered.sort_by_key(|source| {
        let stem = Path::new(&source.label)
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default();
        stem.rsplit('.').next() != Some(name)
    });
    ordered
}

fn no_program(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!(
        "{}: {error}; give a source file (.ph), a folder of sources, or a module (.phm)",
        path.display()
    ))
}

/// The files of a folder with an ending, in order.
fn files_in(folder: &Path, wanted: &str) -> Result<Vec<PathBuf>, Failure> {
    let listing = std::fs::read_dir(folder).map_err(|error| no_program(folder, &error))?;
    let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == wanted));
    paths.sort();
    Ok(paths)
}

fn read_folder(folder: &Path) -> Result<Vec<SourceFile>, Failure> {
    let paths = files_in(folder, "ph")?;
    if paths.is_empty() {
        return Err(Failure::Input(format!(
            "{}: there is no source file (.ph) in the folder",
            folder.display()
        )));
    }
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(|error| no_program(&path, &error))?;
            Ok(SourceFile { label: path.display().to_string(), text })
        })
        .collect()
}

/// Sources and resources in folders: a class `.a.b.c` is in `a.b.c.ph`, or `c.ph`; and classes of Java.
struct Folders {
    folders: Vec<PathBuf>,
    java: Arc<JavaFiles>,
}

impl SourceProvider for Folders {
    fn class(&self, name: &str) -> Option<SourceFile> {
        let dotted = name.trim_start_matches('.');
        let short = dotted.rsplit('.').next()?;
        let names = [format!("{dotted}.ph"), format!("{short}.ph")];
        names.iter().find_map(|file| {
            self.folders.iter().find_map(|folder| {
                let path = folder.join(file);
                let text = std::fs::read_to_string(&path).ok()?;
                Some(SourceFile { label: path.display().to_string(), text })
            })
        })
    }

    fn resource(&self, from: &str, path: &str) -> Option<Vec<u8>> {
        let beside = Path::new(from).parent().map(|folder| folder.join(path));
        let included = self.folders.iter().map(|folder| folder.join(path));
        beside.into_iter().chain(included).find_map(|path| std::fs::read(path).ok())
    }

    fn java_class(&self, name: &str) -> Option<JavaClass> {
        self.java.declared(name)
    }
}

/// What the compiler has to say, on standard error.
fn report(output: &Output, as_json: bool) {
    let mut out = std::io::stderr().lock();
    for diagnostic in &output.diagnostics {
        let text = if as_json {
            let label = |index: u32| output.files.get(index as usize).map_or("", |file| file.label.as_str());
            let places: Vec<_> = diagnostic
                .labels
                .iter()
                .map(|l| json!({"file": label(l.span.file), "start": l.span.start, "end": l.span.end, "text": l.text}))
                .collect();
            let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
            json!({"severity": severity, "code": diagnostic.code, "message": diagnostic.message,
                "places": places, "hint": diagnostic.hint})
            .to_string()
        } else {
            lang::render(diagnostic, &output.files, std::io::stderr().is_terminal())
        };
        // Whoever closed standard error does not want to know.
        let _ = writeln!(out, "{text}");
    }
}

fn decode(path: &Path, bytes: &[u8]) -> Result<Module, Failure> {
    bytecode::decode(bytes).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}

fn encode(path: &Path, module: &Module) -> Result<Vec<u8>, Failure> {
    bytecode::verify_module(module).map_err(|errors| {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Input(format!(
            "{}: the compiler made unsound code, which is its fault: {}",
            path.display(),
            all.join("; ")
        ))
    })?;
    Ok(bytecode::encode(module))
}

/// `phantom compile`
///
/// # Errors
/// When the sources have errors or the module cannot be written.
pub(crate) fn compile(options: &Compile) -> Result<u8, Failure> {
    let program = Program::find(&options.input, &options.include, &JavaOptions::default())?;
    let Files::Sources(sources) = &program.files else {
        return Err(Failure::Usage(format!(
            "{}: only sources (.ph) can be compiled",
            options.input.display()
        )));
    };
    let module = program.compile_sources(sources, options.json)?;
    write_module(options, &encode(&options.input, &module)?)
}

/// `phantom asm`
///
/// # Errors
/// When the text has errors or the module cannot be written.
pub(crate) fn asm(options: &Compile) -> Result<u8, Failure> {
    let text = std::fs::read_to_string(&options.input)
        .map_err(|error| Failure::Input(format!("{}: {error}", options.input.display())))?;
    let module = bytecode::assemble(&text).map_err(|errors| {
        for error in &errors {
            say(&format_args!("{}:{error}", options.input.display()));
        }
        Failure::Input(format!("{}: not assembled, {} errors", options.input.display(), errors.len()))
    })?;
    if let Err(errors) = bytecode::verify_module(&module) {
        for error in &errors {
            say(&format_args!("{}: {error}", options.input.display()));
        }
        return Err(Failure::Input(format!("{}: the code is not sound", options.input.display())));
    }
    write_module(options, &bytecode::encode(&module))
}

fn write_module(options: &Compile, bytes: &[u8]) -> Result<u8, Failure> {
    let output = options.output.clone().unwrap_or_else(|| options.input.with_extension(MODULE_ENDING));
    std::fs::write(&output, bytes)
        .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))?;
    Ok(0)
}

/// `phantom disasm`
///
/// # Errors
/// When the module cannot be read.
pub(crate) fn disasm(options: &Disasm) -> Result<u8, Failure> {
    let bytes = std::fs::read(&options.module)
        .map_err(|error| Failure::Input(format!("{}: {error}", options.module.display())))?;
    let module = decode(&options.module, &bytes)?;
    let text = bytecode::disassemble(&module);
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Input(format!("standard output: {error}")))
        }
        _ => Ok(0),
    }
}
