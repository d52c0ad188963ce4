//! Durable writes a second: one client and 64, beside SQLite, redb and Redis on the same disk in the same run.
//!
//! The rivals are a workspace of their own (`benches/rivals`), which is built here; Redis is measured where it is
//! installed. Then the same with flushes that are held back, where `strace` is installed.

use super::process::Runner;
use super::statistics::median;
use super::{Options, Row};
use crate::shell::root;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long each measurement takes.
const SPAN: Duration = Duration::from_secs(3);
const CLIENTS: usize = 64;
/// What a flush takes longer for the second half: so slow are disks without a cache that outlives power, while a disk that
/// answers in a fraction of a millisecond leaves the round trips of the clients to be measured.
const SLOW: Duration = Duration::from_millis(5);

/// Measures.
///
/// # Errors
/// When something cannot be run or answers wrongly.
pub(super) fn measure(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let rivals = Rivals::build()?;
    let (mut sqlite, mut redb, mut own, mut flush) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.pairs.clamp(1, 5) {
        sqlite.push(rivals.rate("sqlite", runner)?);
        own.push(rate(&runner.output("durable", &[], &[&SPAN.as_millis().to_string()])?)?);
        redb.push(rivals.rate("redb", runner)?);
        flush.push(flush_ms(runner.folder())?);
    }
    let (sqlite, redb, own) = (median(&sqlite), median(&redb), median(&own));
    let flush = median(&flush);
    let mut rows = vec![
        Row::shown("SQLite (WAL, FULL), one client, durable writes a second", format!("{sqlite:.0}")),
        Row::shown("redb, one client, durable writes a second", format!("{redb:.0}")),
        Row::new(
            "one client, a put and `snapSync`, 64 MiB resident, a second",
            format!("≥ SQLite ({sqlite:.0})"),
            format!("{own:.0}"),
            own >= sqlite,
        ),
    ];
    let store = runner.serve_example("store", &["--allow-net", "--workers", "1"])?;
    let port = store.port()?;
    let before = runner.epoch("store")?;
    let many = hammer(port, CLIENTS)?;
    let flushes = runner.epoch("store")?.saturating_sub(before).max(1);
    let per_flush = many.answers as f64 / flushes as f64;
    let alone = hammer(port, 1)?;
    drop(store);
    rows.push(Row::new(
        format!("{CLIENTS} clients of examples/store.ph, SET, acknowledged a second"),
        format!("≥ 20 × SQLite ({:.0})", 20.0 * sqlite),
        format!("{:.0}", many.rate()),
        many.rate() >= 20.0 * sqlite,
    ));
    let least = 0.8 * CLIENTS as f64;
    rows.push(Row::new(
        "… acknowledged for each flush",
        format!("≥ {least:.0}"),
        format!("{per_flush:.1}"),
        per_flush >= least,
    ));
    let plain = runner.serve("echo", &["--allow-net=127.0.0.1"])?;
    let echo = echo_ms(plain.port()?)?;
    drop(plain);
    let added = alone.latency_ms - echo;
    rows.push(Row::new(
        "latency that external synchrony adds, one client, median",
        format!("≤ a flush ({flush:.2} ms) + 2 ms"),
        format!("{added:.2} ms"),
        added <= flush + 2.0,
    ));
    rows.push(beside_redis(runner, many.rate())?);
    match runner.on_a_slow_disk(SLOW) {
        Some(slow) => rows.extend(on_a_slow_disk(&slow, &rivals)?),
        None => rows.push(Row::shown("the same on a slower disk", "strace is not installed")),
    }
    Ok(rows)
}

/// What clients get where a flush takes [`SLOW`] more, for all alike.
fn on_a_slow_disk(runner: &Runner, rivals: &Rivals) -> Result<Vec<Row>, String> {
    let disk = format!("a flush takes {} ms more", SLOW.as_millis());
    let sqlite = rivals.rate("sqlite", runner)?;
    let own = rate(&runner.output("durable", &[], &[&SPAN.as_millis().to_string()])?)?;
    let store = runner.serve_example("store", &["--allow-net", "--workers", "1"])?;
    let before = runner.epoch("store")?;
    let many = hammer(store.port()?, CLIENTS)?;
    let flushes = runner.epoch("store")?.saturating_sub(before).max(1);
    // Else it would outlive the one who holds its flushes back.
    runner.stop("store")?;
    drop(store);
    Ok(vec![
        Row::new(
            format!("{disk}: one client, a put and `snapSync`, a second"),
            format!("≥ SQLite ({sqlite:.0})"),
            format!("{own:.0}"),
            own >= sqlite,
        ),
        Row::new(
            format!("{disk}: {CLIENTS} clients of examples/store.ph, acknowledged a second; for each flush"),
            format!("≥ 20 × SQLite ({:.0})", 20.0 * sqlite),
            format!("{:.0}; {:.1}", many.rate(), many.answers as f64 / flushes as f64),
            many.rate() >= 20.0 * sqlite,
        ),
        beside_redis(runner, many.rate())?,
    ])
}

fn beside_redis(runner: &Runner, own: f64) -> Result<Row, String> {
    Ok(match redis(runner)? {
        Some(rate) => Row::shown(
            format!("Redis `appendfsync always`, {CLIENTS} clients, SET a second"),
            format!("{rate:.0}; Phantom has {:.2} of that", own / rate),
        ),
        None => Row::shown("Redis `appendfsync always`", "not installed (Debian: redis-server)"),
    })
}

/// The binary of `benches/rivals`.
struct Rivals(std::path::PathBuf);

impl Rivals {
    fn build() -> Result<Rivals, String> {
        let target = root().join("target/rivals");
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--quiet"]).current_dir(root().join("benches/rivals"));
        let built = cargo.env("CARGO_TARGET_DIR", &target).status();
        match built {
            Ok(status) if status.success() => Ok(Rivals(target.join("release/rivals"))),
            other => Err(format!("benches/rivals cannot be built: {other:?}")),
        }
    }

    fn rate(&self, which: &str, runner: &Runner) -> Result<f64, String> {
        let folder = tempfile::tempdir_in(runner.folder()).map_err(|error| error.to_string())?;
        let mut command = runner.start(&self.0);
        command.arg(which).arg(folder.path()).arg(SPAN.as_secs().to_string());
        let output = command.output().map_err(|error| format!("{which}: {error}"))?;
        if !output.status.success() {
            return Err(format!("{which}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        rate(&String::from_utf8_lossy(&output.stdout))
    }
}

/// `WRITES MILLISECONDS` as writes a second.
fn rate(printed: &str) -> Result<f64, String> {
    let numbers: Vec<f64> = printed.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [writes, ms] if ms > 0.0 => Ok(writes / ms * 1_000.0),
        _ => Err(format!("{printed:?} instead of a number of writes and milliseconds")),
    }
}

/// Milliseconds of a flush of 8 KiB in a file that was written before.
fn flush_ms(folder: &Path) -> Result<f64, String> {
    let wrong = |error: std::io::Error| format!("a file cannot be flushed: {error}");
    let file = tempfile::tempfile_in(folder).map_err(wrong)?;
    file.write_all_at(&vec![1; 8 << 20], 0).map_err(wrong)?;
    file.sync_all().map_err(wrong)?;
    let mut times = Vec::new();
    for n in 0..100u64 {
        let started = Instant::now();
        file.write_all_at(&[n as u8; 8192], n * 8192).map_err(wrong)?;
        file.sync_data().map_err(wrong)?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(&times))
}

/// What clients had of a server.
struct Hammered {
    answers: u64,
    span: Duration,
    latency_ms: f64,
}

impl Hammered {
    fn rate(&self) -> f64 {
        self.answers as f64 / self.span.as_secs_f64()
    }
}

/// Clients that each write again as soon as they are answered.
fn hammer(port: u16, clients: usize) -> Result<Hammered, String> {
    let began = Instant::now();
    let threads: Vec<_> = (0..clients).map(|client| std::thread::spawn(move || set(port, client))).collect();
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.join().map_err(|_| "a client died")??);
    }
    let (answers, span) = (times.len() as u64, began.elapsed());
    Ok(Hammered { answers, span, latency_ms: median(&times) })
}

/// Milliseconds of each answer.
fn set(port: u16, client: usize) -> Result<Vec<f64>, String> {
    let wrong = |error: std::io::Error| format!("the server does not answer: {error}");
    let stream = TcpStream::connect(("127.0.0.1", port)).map_err(wrong)?;
    stream.set_nodelay(true).map_err(wrong)?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(wrong)?;
    let mut wire = BufReader::new(stream);
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < SPAN {
        let key = format!("key:{client}:{}", times.len() % 1_000);
        let request = format!("*3\r\n$3\r\nSET\r\n${}\r\n{key}\r\n$10\r\n0123456789\r\n", key.len());
        let started = Instant::now();
        wire.get_mut().write_all(request.as_bytes()).map_err(wrong)?;
        let mut answer = String::new();
        wire.read_line(&mut answer).map_err(wrong)?;
        if answer != "+OK\r\n" {
            return Err(format!("the server answers {answer:?}"));
        }
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

/// The median of a round trip that waits for nothing.
fn echo_ms(port: u16) -> Result<f64, String> {
    let wrong = |error: std::io::Error| format!("the server does not answer: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(wrong)?;
    stream.set_nodelay(true).map_err(wrong)?;
    let mut times = Vec::new();
    for _ in 0..1_000 {
        let started = Instant::now();
        stream.write_all(b"sixteen bytes...").map_err(wrong)?;
        std::io::Read::read_exact(&mut stream, &mut [0; 16]).map_err(wrong)?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(&times))
}

/// SETs a second of Redis that flushes each; none where it is not installed.
fn redis(runner: &Runner) -> Result<Option<f64>, String> {
    let folder = tempfile::tempdir_in(runner.folder()).map_err(|error| error.to_string())?;
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let port = port.map_err(|error| error.to_string())?.port();
    let mut command = runner.start(Path::new("redis-server"));
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
    command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(folder.path());
    let Ok(mut server) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else { return Ok(None) };
    let patience = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(20));
    }
    let measured = hammer(port, CLIENTS);
    // It has done what it was started for. Asked, because whoever holds its flushes back would not take it along.
    let asked = TcpStream::connect(("127.0.0.1", port))
        .and_then(|mut stream| stream.write_all(b"SHUTDOWN NOSAVE\r\n"));
    if asked.is_err() {
        let _ = server.kill();
    }
    let _ = server.wait();
    measured.map(|measured| Some(measured.rate()))
}
