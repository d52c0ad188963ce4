//! Guests of the chat: each says numbered lines, one after it has heard the one before; all hear the lines of all in one
//! order; what was heard before a kill stands in what who comes in later hears first.

use super::registers::line;
use super::{Client, Trouble, Wire};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Of the lines that were heard before a kill, the newest so many must be among the twenty that the chat repeats: behind
/// them stand at most one of each guest that was under way, four guests that left and one that came in.
const REPEATED: usize = 3;

/// What the guests know together.
#[derive(Default)]
struct Heard {
    /// Every line that somebody heard, in the order of the chat: whoever hears most hears it first.
    lines: Vec<String>,
    known: BTreeSet<String>,
    /// By guest, the number of the newest line that it said.
    said: BTreeMap<String, u64>,
    /// Whether this run still has to be looked at: how often the witness came in for that.
    to_check: bool,
    entries: u32,
}

impl Heard {
    fn note(&mut self, line: &str) {
        if !line.starts_with("* ") && self.known.insert(line.to_string()) {
            self.lines.push(line.to_string());
        }
    }

    fn newest(&self) -> Vec<String> {
        self.lines[self.lines.len().saturating_sub(REPEATED)..].to_vec()
    }

    /// Judges what the witness heard first. Each time that it was killed over it, further lines may have been added.
    fn check(&mut self, newest: &[String], repeated: &[String]) -> Result<(), String> {
        let lost = newest.iter().find(|line| !repeated.contains(line));
        match lost.filter(|_| self.entries <= 2) {
            Some(line) => Err(format!("{line:?} was heard and is lost; repeated were {repeated:?}")),
            None => {
                (self.entries, self.to_check) = (0, false);
                Ok(())
            }
        }
    }
}

/// Shared by all guests.
#[derive(Clone, Default)]
pub(super) struct Room(Arc<Mutex<Heard>>);

impl Room {
    fn with<T>(&self, look: impl FnOnce(&mut Heard) -> T) -> T {
        // A guest that panicked is reported by who joins it.
        look(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

pub(super) struct Guest {
    name: String,
    /// Who comes in first after each restart.
    is_witness: bool,
    room: Room,
}

impl Guest {
    pub(super) fn new(number: usize, room: Room) -> Guest {
        Guest { name: format!("guest{number}"), is_witness: number == 0, room }
    }
}

/// The guest and the number of `guest: number`; none for lines of the chat itself.
fn parts(line: &str) -> Option<(&str, u64)> {
    let (guest, number) = line.split_once(": ")?;
    Some((guest, number.parse().ok()?))
}

/// Judges lines as they come: those of each guest in order, none that nobody said.
#[derive(Default)]
struct Order(BTreeMap<String, u64>);

impl Order {
    fn hears(&mut self, line: &str, said: &BTreeMap<String, u64>) -> Result<(), String> {
        if line.starts_with("* guest") {
            return Ok(());
        }
        let (guest, number) = parts(line).ok_or_else(|| format!("{line:?} was said by nobody"))?;
        if number > said.get(guest).copied().unwrap_or(0) {
            return Err(format!("{line:?} was not said yet"));
        }
        match self.0.insert(guest.to_string(), number) {
            Some(before) if before >= number => Err(format!("{line:?} comes after {before}")),
            _ => Ok(()),
        }
    }
}

impl Guest {
    /// Says the next number.
    fn say(&self, wire: &mut Wire) -> Result<String, Trouble> {
        let number = self.room.with(|heard| {
            let number = heard.said.entry(self.name.clone()).or_default();
            *number += 1;
            *number
        });
        wire.send(format!("{number}\n").as_bytes())?;
        Ok(format!("{}: {number}", self.name))
    }

    /// Hears what comes until its own line.
    fn hear(&self, wire: &mut Wire, order: &mut Order, own: &str) -> Result<Vec<String>, Trouble> {
        let mut lines = Vec::new();
        loop {
            let next = line(wire)?;
            self.room
                .with(|heard| {
                    order.hears(&next, &heard.said)?;
                    heard.note(&next);
                    Ok(())
                })
                .map_err(Trouble::Wrong)?;
            let is_own = next == own;
            lines.push(next);
            if is_own {
                return Ok(lines);
            }
        }
    }
}

impl Client for Guest {
    fn session(&mut self, wire: &mut Wire, answers: &AtomicU64) -> Result<(), Trouble> {
        let question = line(wire)?;
        if question != "Your name?" {
            return Err(Trouble::Wrong(format!("{question:?} instead of a question")));
        }
        if self.is_witness {
            self.room.with(|heard| heard.entries += 1);
        } else if self.room.with(|heard| heard.to_check) {
            // The witness looks first, with nobody talking.
            std::thread::sleep(Duration::from_millis(5));
            return Err(Trouble::Gone);
        }
        wire.send(format!("{}\n", self.name).as_bytes())?;
        let mut order = Order::default();
        let newest = self.room.with(|heard| heard.newest());
        let own = self.say(wire)?;
        let repeated = self.hear(wire, &mut order, &own)?;
        if self.is_witness {
            self.room.with(|heard| heard.check(&newest, &repeated)).map_err(Trouble::Wrong)?;
        }
        answers.fetch_add(1, Ordering::AcqRel);
        loop {
            let own = self.say(wire)?;
            self.hear(wire, &mut order, &own)?;
            answers.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn prepare(&mut self) {
        self.room.with(|heard| heard.to_check = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_must_be_repeated_in_order() {
        let mut heard = Heard { entries: 1, ..Heard::default() };
        (1..=9).for_each(|n| heard.note(&format!("guest1: {n}")));
        heard.note("* guest1 goes");
        let lines =
            |numbers: &[u64]| -> Vec<String> { numbers.iter().map(|n| format!("guest1: {n}")).collect() };
        assert!(heard.check(&heard.newest(), &lines(&[5, 6, 7, 8, 9])).is_ok());
        heard.entries = 1;
        assert!(heard.check(&heard.newest(), &lines(&[5, 6, 7, 8])).is_err());
        let said = BTreeMap::from([("guest1".to_string(), 9)]);
        let mut order = Order::default();
        assert!(order.hears("guest1: 3", &said).is_ok());
        assert!(order.hears("guest1: 3", &said).is_err());
        assert!(order.hears("guest1: 10", &said).is_err());
        assert!(order.hears("somebody: 1", &said).is_err());
        assert!(order.hears("* guest1 goes", &said).is_ok());
    }
}
