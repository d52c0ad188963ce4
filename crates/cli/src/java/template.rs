//! Worlds with a booted library, kept in the cache: a new world of a Java program begins as a copy of one.
//!
//! A template is the world of one program that has booted the library and waits (`Boot.main` of `javalib`); nothing of it
//! depends on who runs it. It is known by what went into it: the library, where the JDK is, the schema, and the binary that
//! booted it.

use crate::Failure;
use crate::arguments::Running;
use crate::carry;
use crate::drive::last_snapshot;
use crate::history::open_to_change;
use crate::java::{JavaFiles, JavaProgram};
use crate::run::{self, Opened};
use base::checksum::checksum;
use base::{Epoch, PAGE_SIZE};
use host::FileDevice;
use javalib::ClassFiles;
use jdk::{Cache, CacheError};
use layout::SCHEMA_HASH;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use store::{Store, StoreOptions};
use tempfile::NamedTempFile;
use world::{Event, Program};

/// Folder of templates in the cache.
const FOLDER: &str = "templates";
/// Templates that are kept: as many builds and JDKs are used at once at most.
const KEPT: usize = 4;
/// Segments of a template, most of which are holes: those that a copy needs before it has much to write, so that its file need
/// not grow, which writes what it adds.
const SEGMENTS: u32 = 6;

/// Makes the file of a new world with a booted library; false when that cannot be had this way, and the program has to boot
/// it.
///
/// # Errors
/// When the library cannot be booted, or the world not be written.
pub(crate) fn begin(program: &JavaProgram, running: &Running, made_at: &Path) -> Result<bool, Failure> {
    let failed = |error: CacheError| Failure::Input(error.to_string());
    let cache = Cache::of_user().map_err(failed)?;
    let template = place(&cache, program).map_err(failed)?;
    if template.exists() && copy(&template, made_at).is_ok() {
        return Ok(true);
    }
    // Not there, damaged, or of another version.
    if !make(&cache, program, running, &template)? {
        return Ok(false);
    }
    copy(&template, made_at).map_err(|error| Failure::Input(format!("{}: {error}", template.display())))?;
    Ok(true)
}

/// Where the template of a program is.
fn place(cache: &Cache, program: &JavaProgram) -> Result<PathBuf, CacheError> {
    let library = program.files.library().unwrap_or_default();
    let mut what = format!("{} {SCHEMA_HASH:016x}", library.id).into_bytes();
    what.extend(program.home.iter().flat_map(|home| home.as_os_str().as_encoded_bytes()));
    // Another build may boot otherwise.
    if let Ok(about) = fs::metadata("/proc/self/exe") {
        for number in [about.size(), about.mtime() as u64, about.mtime_nsec() as u64] {
            what.extend_from_slice(&number.to_le_bytes());
        }
    }
    Ok(cache.folder(FOLDER)?.join(format!("{:016x}.world", checksum(&what))))
}

/// Copies a template and makes the copy a world of its own.
fn copy(template: &Path, made_at: &Path) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", made_at.display()));
    if !carry::clone_file(template, made_at) {
        copy_data(template, made_at).map_err(|error| wrong(&error))?;
    }
    let store = open_to_change(made_at, "another process is making it right now")?;
    let found = store.check(&mut |_, _| {}).map_err(|error| wrong(&error))?;
    if let Some(damage) = found.damage.first() {
        return Err(wrong(damage));
    }
    carry::become_new(store).map_err(|error| wrong(&error))
}

/// Copies what a file holds; what it does not hold is no part of the copy either.
fn copy_data(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{SeekFrom, copy_file_range, seek};
    let (from, to) = (File::open(from)?, File::create(to)?);
    let bytes = from.metadata()?.len();
    to.set_len(bytes)?;
    let mut at = 0;
    while at < bytes {
        // Nothing but a hole is left where there is no data any more.
        let Ok(mut from_at) = seek(&from, SeekFrom::Data(at)) else { return Ok(()) };
        let end = seek(&from, SeekFrom::Hole(from_at))?;
        let mut to_at = from_at;
        while from_at < end {
            let left = usize::try_from(end - from_at).unwrap_or(usize::MAX);
            if copy_file_range(&from, Some(&mut from_at), &to, Some(&mut to_at), left)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        at = end;
    }
    Ok(())
}

/// Boots the library in a world of its own and keeps what that has come to; false when it does not come to its end.
fn make(cache: &Cache, program: &JavaProgram, running: &Running, template: &Path) -> Result<bool, Failure> {
    let failed = |error: CacheError| Failure::Input(error.to_string());
    let refuse =
        |error: &dyn std::fmt::Display| Failure::Input(format!("the Java library does not boot: {error}"));
    // The lock of the file is the world's while it is one.
    let unlocked = |file: NamedTempFile| file.as_file().unlock().map(|()| file);
    let booting = cache.begin(FOLDER).map_err(failed)?;
    let booting = unlocked(booting).map_err(|error| refuse(&error))?;
    let quiet = Running { mapper: running.mapper.clone(), ..Running::default() };
    let device = FileDevice::open(booting.path()).map_err(run::in_use)?;
    let Opened { mut world, mut snapshotter, ports, .. } = run::create_on(device, booting.path(), &quiet)?;
    world.set_class_files(JavaFiles::library_only(program.files.library().unwrap_or_default()));
    let home = program.home.as_deref().unwrap_or(Path::new("/java"));
    let ready = world.start(&Program {
        name: "",
        class: javalib::BOOT_CLASS,
        arguments: &[],
        environment: &[],
        grants: &["in=/".to_string(), format!("java={}", home.display())],
        durable: false,
        source_hash: 0,
    });
    ready.map_err(|error| refuse(&error))?;
    loop {
        match world.run(None, &|_| {}).map_err(|error| refuse(&error))? {
            Event::Idle { .. } => break,
            Event::Ended | Event::ProgramEnded | Event::Stopped => return Ok(false),
            Event::Congested => {
                snapshotter.complete(&|_| {}).map_err(|error| refuse(&error))?;
            }
            _ => {}
        }
    }
    last_snapshot(&mut world, &mut snapshotter, &|_| {}).map_err(|error| refuse(&error))?;
    let store = snapshotter.store().clone();
    drop((world, snapshotter, ports));
    let kept = cache.begin(FOLDER).map_err(failed)?;
    let kept = unlocked(kept).map_err(|error| refuse(&error))?;
    keep(&store, kept.path()).map_err(|error| refuse(&error))?;
    cache.finish(kept, template).map_err(failed)?;
    forget_old(template);
    Ok(true)
}

/// Writes the newest snapshot of a world, and nothing else, to an empty file, which holds nothing where no page is.
fn keep(store: &Store, to: &Path) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", to.display()));
    let device = FileDevice::open(to).map_err(|error| wrong(&error))?.growing_lazily();
    let kept = carry::create(device, StoreOptions { initial_segments: SEGMENTS, ..StoreOptions::default() })?;
    let epoch: Epoch = store.last_epoch();
    let reader = store.reader_at(epoch).map_err(|error| wrong(&error))?;
    let pages = reader.pages().map_err(|error| wrong(&error))?;
    let mut writer = kept.begin_commit(epoch, reader.wall_ns()).map_err(|error| wrong(&error))?;
    let mut bytes = Box::new([0u8; PAGE_SIZE]);
    for page in pages {
        reader.read_page(page, &mut bytes).map_err(|error| wrong(&error))?;
        writer.put(page, &bytes).map_err(|error| wrong(&error))?;
    }
    writer.finish().map_err(|error| wrong(&error))?;
    kept.checkpoint().map(drop).map_err(|error| wrong(&error))
}

/// Removes the oldest templates.
fn forget_old(newest: &Path) {
    let Some(folder) = newest.parent() else { return };
    let mut others: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            entry.path() != newest && entry.path().extension().is_some_and(|ending| ending == "world")
        })
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    others.sort();
    let old = others.len().saturating_sub(KEPT - 1);
    for (_, path) in &others[..old] {
        let _ = fs::remove_file(path);
    }
}
