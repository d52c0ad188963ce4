//! Durable writes a second of one client: `rivals sqlite|redb FOLDER SECONDS`.
//!
//! 65,536 records of 1,000 bytes are there; each write replaces one and is durable when the call returns. The number of
//! writes and the milliseconds that they took are printed.

use redb::{Database, Durability, TableDefinition};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

const RECORDS: u64 = 65_536;
const RECORD_BYTES: usize = 1_000;
const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("store");

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [which, folder, seconds] = &arguments[..] else { return Err("rivals sqlite|redb FOLDER SECONDS".into()) };
    let span = Duration::from_secs(seconds.parse()?);
    let (writes, taken) = match &**which {
        "sqlite" => sqlite(Path::new(folder), span)?,
        "redb" => redb(Path::new(folder), span)?,
        other => return Err(format!("{other} is no rival").into()),
    };
    println!("{writes} {}", taken.as_millis());
    Ok(())
}

/// Keys in an order that looks random (the multiplier is odd, so each comes once before one comes again).
fn key(write: u64) -> u64 {
    write.wrapping_mul(40_503) % RECORDS
}

fn timed(
    span: Duration,
    mut write: impl FnMut(u64) -> Result<(), Box<dyn Error>>,
) -> Result<(u64, Duration), Box<dyn Error>> {
    let (began, mut writes) = (Instant::now(), 0);
    while began.elapsed() < span {
        write(writes)?;
        writes += 1;
    }
    Ok((writes, began.elapsed()))
}

fn sqlite(folder: &Path, span: Duration) -> Result<(u64, Duration), Box<dyn Error>> {
    let mut store = rusqlite::Connection::open(folder.join("rival.sqlite"))?;
    store.pragma_update(None, "journal_mode", "WAL")?;
    store.pragma_update(None, "synchronous", "FULL")?;
    store.execute("CREATE TABLE store (key INTEGER PRIMARY KEY, value BLOB)", [])?;
    let fill = store.transaction()?;
    for record in 0..RECORDS {
        fill.execute("INSERT INTO store VALUES (?1, ?2)", (record, vec![0u8; RECORD_BYTES]))?;
    }
    fill.commit()?;
    let mut put = store.prepare("REPLACE INTO store VALUES (?1, ?2)")?;
    timed(span, |write| {
        put.execute((key(write), vec![write as u8; RECORD_BYTES]))?;
        Ok(())
    })
}

fn redb(folder: &Path, span: Duration) -> Result<(u64, Duration), Box<dyn Error>> {
    let store = Database::create(folder.join("rival.redb"))?;
    let fill = store.begin_write()?;
    {
        let mut table = fill.open_table(TABLE)?;
        for record in 0..RECORDS {
            table.insert(record, &[0u8; RECORD_BYTES][..])?;
        }
    }
    fill.commit()?;
    timed(span, |write| {
        let mut put = store.begin_write()?;
        put.set_durability(Durability::Immediate)?;
        put.open_table(TABLE)?.insert(key(write), &[write as u8; RECORD_BYTES][..])?;
        put.commit()?;
        Ok(())
    })
}
