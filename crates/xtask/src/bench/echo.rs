//! TCP echo: round trips a second of one connection, and whether anyone of a thousand starves.

use super::process::Runner;
use super::{Options, Row};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long a measurement takes.
const SPAN: Duration = Duration::from_secs(2);
/// Connections at a time.
const MANY: usize = 1_000;
/// Round trips of each of them.
const ROUNDS: usize = 20;

/// Measures.
///
/// # Errors
/// When the server cannot be run or answers wrongly.
pub(super) fn measure(runner: &Runner, options: &Options) -> Result<Vec<Row>, String> {
    let server = runner.serve("echo", &["--allow-net=127.0.0.1"])?;
    let wrong = |error: std::io::Error| format!("the echo server does not answer: {error}");
    let address = format!("127.0.0.1:{}", server.line);
    let mut best: f64 = 0.0;
    let mut client = connect(&address).map_err(wrong)?;
    // The best of several: the machine may be busy with other things.
    for _ in 0..options.pairs.min(5) {
        let (started, mut trips) = (Instant::now(), 0u32);
        while started.elapsed() < SPAN {
            for _ in 0..100 {
                round_trip(&mut client, b"sixteen bytes...").map_err(wrong)?;
            }
            trips += 100;
        }
        best = best.max(f64::from(trips) / started.elapsed().as_secs_f64());
    }
    drop(client);
    let mut clients = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        clients.push(connect(&address).map_err(wrong)?);
    }
    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        // All ask before the first one is answered.
        for client in &mut clients {
            client.write_all(b"sixteen bytes...").map_err(wrong)?;
        }
        for client in &mut clients {
            let mut answer = [0; 16];
            client.read_exact(&mut answer).map_err(wrong)?;
        }
        slowest = slowest.max(started.elapsed());
    }
    let rate = (MANY * ROUNDS) as f64 / began.elapsed().as_secs_f64();
    Ok(vec![
        Row::new(
            "TCP echo, one connection, round trips a second",
            "≥ 30,000",
            format!("{best:.0}"),
            best >= 30_000.0,
        ),
        Row::new(
            "TCP echo, 1,000 connections that ask at once: each is answered in every round",
            "no thread starves",
            format!("{rate:.0} a second in all, slowest round {} ms", slowest.as_millis()),
            true,
        ),
    ])
}

fn connect(address: &str) -> std::io::Result<TcpStream> {
    let client = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(client)
}

fn round_trip(client: &mut TcpStream, question: &[u8; 16]) -> std::io::Result<()> {
    client.write_all(question)?;
    let mut answer = [0; 16];
    client.read_exact(&mut answer)?;
    if answer != *question {
        return Err(std::io::Error::other("another answer than the question"));
    }
    Ok(())
}
