//! `fork`, `export` and `import`: snapshots that go into another file.
//!
//! All three carry the same stream (`world::transfer`): from the process that runs a world through its socket, which holds
//! what is being read, or else from its file, which is locked meanwhile; to a file, a pipe, or straight into a new world.

use crate::Failure;
use crate::arguments::{Export, Fork, Import};
use crate::control::client::{self, Client, Trouble};
use crate::control::protocol::Request;
use crate::history::{named, now_ns, open_to_change, restore_in};
use crate::java::stream;
use crate::look::{find, made, print, said, size};
use crate::moment::{Moment, Name};
use base::{PAGE_SIZE, PageIndex, WorldId};
use host::FileDevice;
use indicatif::{ProgressBar, ProgressStyle};
use layout::SCHEMA_HASH;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use store::{HistoryPolicy, PageReader, Store, StoreOptions, WorldParams};
use world::transfer::{self, ExportError, Incoming, Mark, Packing, Sink, Source, StreamHead};
use world::{Lineage, WorldFile};

/// Pieces of a stream that are under way between two threads.
const UNDER_WAY_MAX: usize = 32;
/// What a sender says whose receiver has given up.
const NOBODY_TAKES: &str = "the new world takes no more";

/// A snapshot that is to be carried.
pub(crate) struct Parcel {
    head: StreamHead,
    reader: PageReader,
    pages: Vec<PageIndex>,
}

/// Chooses what is to be carried; what it needs is not overwritten as long as it lives.
///
/// # Errors
/// When there is no such snapshot.
pub(crate) fn parcel(
    path: &Path,
    store: &Store,
    at: &Moment,
    since: Option<&Moment>,
) -> Result<Parcel, Failure> {
    let fail = said(path);
    let usage = |error: String| Failure::Usage(format!("{}: {error}", path.display()));
    let epoch = made(path, find(path, store, at)?)?;
    let reader = store.reader_at(epoch).map_err(|error| fail(&error))?;
    let (base, pages) = match since {
        None => (None, reader.pages().map_err(|error| fail(&error))?),
        Some(since) => {
            let from = find(path, store, since)?;
            if from >= epoch {
                return Err(usage(format!(
                    "nothing to send: snapshot {from} is not before snapshot {epoch}"
                )));
            }
            let base = store.reader_at(from).map_err(|error| fail(&error))?;
            let pages = world::changed_pages(store, from, epoch).map_err(|error| fail(&error))?;
            (Some(Mark { epoch: from, wall_ns: base.wall_ns() }), pages)
        }
    };
    let head = StreamHead {
        world: store.info().world_id,
        schema_hash: SCHEMA_HASH,
        snapshot: Mark { epoch, wall_ns: reader.wall_ns() },
        base,
        pages: pages.len() as u64,
    };
    Ok(Parcel { head, reader, pages })
}

impl Parcel {
    /// What is carried, for machines.
    pub(crate) fn machine(&self) -> Value {
        json!({"world": self.head.world.to_string(), "epoch": self.head.snapshot.epoch.0,
            "committed_ns": self.head.snapshot.wall_ns, "since": self.head.base.map(|base| base.epoch.0),
            "pages": self.head.pages})
    }

    /// Sends it.
    ///
    /// # Errors
    /// When a page cannot be read, or nobody takes it.
    pub(crate) fn send(
        &self,
        packed: bool,
        sink: &mut Sink<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Failure> {
        let packing = if packed { Packing::Lz4 } else { Packing::None };
        transfer::export(&self.head, &self.reader, &self.pages, packing, sink, progress).map_err(|error| {
            let text = error.to_string();
            // The world is sound when only nobody takes it.
            if matches!(error, ExportError::Sink(_)) { Failure::Input(text) } else { Failure::World(text) }
        })
    }
}

/// Where a snapshot is carried from.
enum Origin {
    /// Another process runs the world.
    Runs(Client),
    /// Nobody does: the lock keeps it so, where it can be had.
    File { store: Store, _lock: Option<FileDevice> },
}

impl Origin {
    fn of(path: &Path) -> Result<Origin, Failure> {
        match client::reach(path) {
            Ok(Some(client)) => return Ok(Origin::Runs(client)),
            Ok(None) | Err(Trouble::Stopping) => {}
            Err(Trouble::Failure(failure)) => return Err(failure),
        }
        let lock = match FileDevice::open(path) {
            Ok(device) => Some(device),
            Err(error @ host::OpenError::InUse { .. }) => {
                return Err(Failure::InUse(format!(
                    "{error}, which takes no commands; try again in a moment"
                )));
            }
            // It can be read all the same, if it can.
            Err(_) => None,
        };
        let device = FileDevice::open_read_only(path).map_err(|error| Failure::Input(error.to_string()))?;
        let file = WorldFile::open(Arc::new(device)).map_err(|error| said(path)(&error))?;
        Ok(Origin::File { store: file.store, _lock: lock })
    }

    /// Carries a snapshot to `sink`; what it was, for machines.
    fn carry(
        self,
        name: &Name,
        since: Option<&Moment>,
        packed: bool,
        sink: &mut Sink<'_>,
        bar: &ProgressBar,
    ) -> Result<Value, Failure> {
        match self {
            Origin::File { store, .. } => {
                let parcel = parcel(&name.world, &store, &name.at, since)?;
                bar.set_length(parcel.head.pages * PAGE_SIZE as u64);
                parcel.send(packed, sink, &mut |pages| bar.set_position(pages * PAGE_SIZE as u64))?;
                Ok(parcel.machine())
            }
            Origin::Runs(mut client) => {
                let request = Request::Export { at: name.at.clone(), since: since.cloned(), packed };
                let about = client.ask(request, None).map_err(|trouble| match trouble {
                    Trouble::Failure(failure) => failure,
                    Trouble::Stopping => Failure::InUse(format!(
                        "{}: the world is being stopped; try again in a moment",
                        name.world.display()
                    )),
                })?;
                // Packed, the bytes that come say little about how many are left.
                bar.set_length(about["pages"].as_u64().unwrap_or(0) * PAGE_SIZE as u64);
                while let Some(piece) = client.piece().map_err(Failure::World)? {
                    bar.inc(piece.len() as u64);
                    sink(&piece).map_err(Failure::Input)?;
                }
                Ok(about)
            }
        }
    }
}

fn bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = format!("{what} {{bar:40}} {{bytes}}/{{total_bytes}} {{bytes_per_sec}} {{eta}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// `phantom export`
///
/// # Errors
/// When there is no such snapshot, or the stream cannot be written.
pub(crate) fn export(options: &Export) -> Result<u8, Failure> {
    let Some(path) = &options.output else {
        let mut out = std::io::stdout().lock();
        if out.is_terminal() {
            return Err(Failure::Usage(
                "the stream is not for people: send it on (| ssh HOST phantom import --into WORLD) or name a file by -o"
                    .to_string(),
            ));
        }
        let bar = bar("export");
        let mut sink =
            |bytes: &[u8]| out.write_all(bytes).map_err(|error| format!("standard output: {error}"));
        send_library(options, &mut sink)?;
        Origin::of(&options.name.world)?.carry(
            &options.name,
            options.since.as_ref(),
            true,
            &mut sink,
            &bar,
        )?;
        bar.finish_and_clear();
        return out.flush().map(|()| 0).map_err(|error| Failure::Input(format!("standard output: {error}")));
    };
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", path.display()));
    let made_at = beside(path);
    let mut file = File::create_new(&made_at).or_else(|_| File::create(&made_at)).map_err(fail)?;
    let mut bytes_out = 0u64;
    let bar = bar("export");
    let mut sink = |bytes: &[u8]| {
        bytes_out += bytes.len() as u64;
        file.write_all(bytes).map_err(|error| format!("{}: {error}", path.display()))
    };
    let origin = send_library(options, &mut sink).and_then(|()| Origin::of(&options.name.world));
    let carried =
        origin.and_then(|origin| origin.carry(&options.name, options.since.as_ref(), true, &mut sink, &bar));
    bar.finish_and_clear();
    let done = carried.and_then(|about| {
        file.sync_all().and_then(|()| std::fs::rename(&made_at, path)).map_err(fail)?;
        Ok(about)
    });
    let mut about = done.inspect_err(|_| drop(std::fs::remove_file(&made_at)))?;
    about["bytes"] = json!(bytes_out);
    let since =
        options.since.as_ref().map_or(String::new(), |_| format!(" since snapshot {}", about["since"]));
    let human = format!(
        "snapshot {}{since} of {}: {} pages in {}, {}\n",
        about["epoch"],
        options.name.world.display(),
        about["pages"],
        path.display(),
        size(bytes_out)
    );
    print(options.json, &about, &human)
}

fn send_library(options: &Export, sink: &mut Sink<'_>) -> Result<(), Failure> {
    if options.self_contained { stream::send(&options.name, sink) } else { Ok(()) }
}

/// Where something is made before it takes its place.
fn beside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.new", path.display()))
}

/// `phantom import`
///
/// # Errors
/// When the stream is bad or does not fit. Nothing has changed then.
pub(crate) fn import(options: &Import) -> Result<u8, Failure> {
    let from: Box<dyn Read> = match &options.stream {
        Some(path) if path != Path::new("-") => Box::new(
            File::open(path).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?,
        ),
        _ => Box::new(std::io::stdin().lock()),
    };
    let name =
        options.stream.as_ref().map_or("standard input".to_string(), |path| path.display().to_string());
    let into = &options.into;
    let unchanged = |failure| match failure {
        Failure::Input(error) => Failure::Input(format!("{name}: {error}; {} is as it was", into.display())),
        failure => failure,
    };
    let mut from = stream::receive(from).map_err(unchanged)?;
    let mut source = |bytes: &mut [u8]| loop {
        match from.read(bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            read => return read.map_err(|error| error.to_string()),
        }
    };
    let bar = bar("import");
    let done = match into.exists() {
        true => continue_world(into, &mut source, &bar),
        false => new_world(into, &mut source, HistoryPolicy::default(), &bar),
    };
    bar.finish_and_clear();
    let head = done.map_err(unchanged)?;
    let machine = json!({"world": into, "epoch": head.snapshot.epoch.0, "from": head.world.to_string(),
        "since": head.base.map(|base| base.epoch.0), "pages": head.pages});
    let human = format!(
        "{0} stands at {1}; it is detached: `phantom resume {0}` runs it and nothing outside is reached, with --attach it is\n\
         what changes after that snapshot is added by `phantom export --since {2} WORLD | phantom import --into {0}` as long as \
         it was not run; to use it and keep it up, fork it and run the fork\n",
        into.display(),
        named(head.snapshot.epoch, head.snapshot.wall_ns),
        head.snapshot.epoch
    );
    print(options.json, &machine, &human)
}

/// Adds a difference to a world that is there.
fn continue_world(path: &Path, source: &mut Source<'_>, bar: &ProgressBar) -> Result<StreamHead, Failure> {
    let stop = format!("`phantom stop {}` first", path.display());
    let store = open_to_change(path, &stop)?;
    let mut incoming = Incoming::begin(source).map_err(|error| Failure::Input(error.to_string()))?;
    take(&mut incoming, &store, bar)
}

fn take(incoming: &mut Incoming<'_, '_>, store: &Store, bar: &ProgressBar) -> Result<StreamHead, Failure> {
    bar.set_length(incoming.head.pages * PAGE_SIZE as u64);
    incoming
        .store(store, &mut |pages| bar.set_position(pages * PAGE_SIZE as u64))
        .map_err(|error| Failure::Input(error.to_string()))?;
    // It only shortens the next start.
    let _ = store.checkpoint();
    Ok(incoming.head)
}

/// Makes a new world of a whole snapshot, which takes its place when it is durable.
fn new_world(
    path: &Path,
    source: &mut Source<'_>,
    history: HistoryPolicy,
    bar: &ProgressBar,
) -> Result<StreamHead, Failure> {
    let fail = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let mut incoming = Incoming::begin(source).map_err(|error| Failure::Input(error.to_string()))?;
    let made_at = beside(path);
    clear(&made_at)?;
    let device = FileDevice::create(&made_at).map_err(|error| fail(&error))?;
    let made = create(device.growing_lazily(), StoreOptions { history, ..StoreOptions::default() })
        .and_then(|store| take(&mut incoming, &store, bar))
        .and_then(|head| place(&made_at, path).map(|()| head).map_err(|error| fail(&error)));
    made.inspect_err(|_| drop(std::fs::remove_file(&made_at)))
}

fn new_id() -> Result<WorldId, Failure> {
    let platform = host::platform().map_err(|error| Failure::World(error.to_string()))?;
    let mut id = [0u8; 16];
    platform.entropy.fill(&mut id);
    Ok(WorldId(id))
}

/// Removes what a kill left behind, unless another process is making it right now.
fn clear(made_at: &Path) -> Result<(), Failure> {
    if made_at.exists() {
        drop(FileDevice::open(made_at).map_err(|error| Failure::InUse(error.to_string()))?);
        std::fs::remove_file(made_at)
            .map_err(|error| Failure::Input(format!("{}: {error}", made_at.display())))?;
    }
    Ok(())
}

/// A new world on a device that is empty.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn create(device: FileDevice, options: StoreOptions) -> Result<Store, Failure> {
    let params = WorldParams { world_id: new_id()?, schema_hash: SCHEMA_HASH, created_ns: now_ns(), options };
    Store::create(Arc::new(device), params).map_err(|error| Failure::Input(error.to_string()))
}

/// Gives a file its place, unless something came there meanwhile; the name is durable when this returns.
fn place(made_at: &Path, path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(made_at, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// `phantom fork`
///
/// # Errors
/// When there is no such snapshot, or the new world cannot be written.
pub(crate) fn fork(options: &Fork) -> Result<u8, Failure> {
    let (name, new) = (&options.name, &options.new);
    if new.exists() {
        return Err(Failure::Usage(format!(
            "{}: it is there already; a fork makes a new world",
            new.display()
        )));
    }
    if let Some(head) = fork_shared(name, new)? {
        return forked(options, &head, true);
    }
    let origin = Origin::of(&name.world)?;
    let history = match &origin {
        Origin::File { store, .. } => store.history_policy(),
        Origin::Runs(_) => HistoryPolicy::default(),
    };
    let bar = bar("fork");
    let (to, from) = sync_channel::<Vec<u8>>(UNDER_WAY_MAX);
    let (sent, made) = std::thread::scope(|scope| {
        let hidden = ProgressBar::hidden();
        let sender = scope.spawn(move || {
            let mut sink = |bytes: &[u8]| to.send(bytes.to_vec()).map_err(|_| NOBODY_TAKES.to_string());
            let sent = origin.carry(name, None, false, &mut sink, &hidden);
            drop(to);
            sent
        });
        let mut source = pieces(from);
        let made = new_world(new, &mut source, history, &bar);
        // Whoever still sends is told that nobody listens.
        drop(source);
        let sent =
            sender.join().unwrap_or_else(|_| Err(Failure::World("the reading thread failed".to_string())));
        (sent, made)
    });
    bar.finish_and_clear();
    // What came first is said.
    let head = match (sent, made) {
        (Ok(_), made) => made?,
        (Err(Failure::Input(text)), Err(made)) if text == NOBODY_TAKES => return Err(made),
        (Err(sent), _) => return Err(sent),
    };
    forked(options, &head, false)
}

/// Says what was made.
fn forked(options: &Fork, head: &StreamHead, is_shared: bool) -> Result<u8, Failure> {
    let (name, new) = (&options.name, &options.new);
    let bytes = std::fs::metadata(new).map_or(0, |about| about.len());
    let machine = json!({"world": new, "epoch": head.snapshot.epoch.0, "from": head.world.to_string(),
        "pages": (!is_shared).then_some(head.pages), "file_bytes": bytes, "shared": is_shared});
    let how = if is_shared { "sharing blocks until they change" } else { "copied" };
    let human = format!(
        "{0} is {1} of {2}, {3}, {how}; it is detached: `phantom resume {0}` runs it and nothing outside is reached, with --attach it is\n",
        new.display(),
        named(head.snapshot.epoch, head.snapshot.wall_ns),
        name.world.display(),
        size(bytes)
    );
    print(options.json, &machine, &human)
}

/// A fork on a file system that shares blocks: the whole file at once, with what is kept of its history, then made the
/// snapshot that was asked for and a world of its own. `None` where nothing can be shared.
///
/// A world that runs is written to meanwhile; what the clone holds is the file at one instant, which is a whole world.
fn fork_shared(name: &Name, new: &Path) -> Result<Option<StreamHead>, Failure> {
    let made_at = beside(new);
    clear(&made_at)?;
    if !clone_file(&name.world, &made_at) {
        let _ = std::fs::remove_file(&made_at);
        return Ok(None);
    }
    let made = become_fork(name, &made_at).and_then(|head| {
        place(&made_at, new).map_err(|error| Failure::Input(format!("{}: {error}", new.display())))?;
        Ok(head)
    });
    made.map(Some).inspect_err(|_| drop(std::fs::remove_file(&made_at)))
}

/// Whether the file system has made a copy that shares the blocks of a file.
pub(crate) fn clone_file(from: &Path, to: &Path) -> bool {
    let (Ok(from), Ok(to)) = (File::open(from), File::create_new(to)) else { return false };
    rustix::fs::ioctl_ficlone(&to, &from).is_ok()
}

/// Makes a clone the snapshot that was asked for, detached, under an identity of its own.
fn become_fork(name: &Name, made_at: &Path) -> Result<StreamHead, Failure> {
    let fail = said(made_at);
    let store = open_to_change(made_at, "another process is making it right now")?;
    let epoch = made(&name.world, find(&name.world, &store, &name.at)?)?;
    let world = store.info().world_id;
    let reader = store.reader_at(epoch).map_err(|error| fail(&error))?;
    let wall_ns = reader.wall_ns();
    drop(reader);
    let lineage = Lineage { origin: Some((world, epoch)), is_detached: true };
    restore_in(&store, epoch, |_| lineage).map_err(|error| fail(&error))?;
    become_new(store).map_err(|error| fail(&error))?;
    let snapshot = Mark { epoch, wall_ns };
    Ok(StreamHead { world, schema_hash: SCHEMA_HASH, snapshot, base: None, pages: 0 })
}

/// Makes a copy of a world a world of its own, of now.
///
/// # Errors
/// When it cannot be written; the copy is then to be thrown away.
pub(crate) fn become_new(store: Store) -> Result<(), Failure> {
    let made = store.become_another(new_id()?, now_ns());
    made.map_err(|error| Failure::Input(error.to_string()))
}

/// What comes through a channel, as a source of bytes.
fn pieces(from: Receiver<Vec<u8>>) -> impl FnMut(&mut [u8]) -> Result<usize, String> {
    let (mut piece, mut at) = (Vec::new(), 0);
    move |bytes: &mut [u8]| {
        while at == piece.len() {
            match from.recv() {
                Ok(next) => (piece, at) = (next, 0),
                Err(_) => return Ok(0),
            }
        }
        let count = bytes.len().min(piece.len() - at);
        bytes[..count].copy_from_slice(&piece[at..at + count]);
        at += count;
        Ok(count)
    }
}
