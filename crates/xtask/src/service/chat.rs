//! Guests of the chat: each says numbered lines, one after it has heard the one before; all hear the lines of all in one
//! order, without a gap; what was heard before a restart stands in what who comes in later hears first.
//!
//! A guest has a new name in each session, for what it said in one that ended may be read behind what it says in the next.

use super::registers::line;
use super::{Client, Tally, Trouble, Wire};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Lines that the chat repeats for who comes in.
const REPEATED: usize = 20;

/// Numbers by guest.
type Numbers = BTreeMap<String, u64>;

/// What the guests know together.
#[derive(Default)]
struct Heard {
    /// Of each guest, the newest line that somebody heard.
    newest: Numbers,
    /// Of each guest, the newest line that it said.
    said: Numbers,
    /// Whether this run still has to be looked at.
    to_check: bool,
}

impl Heard {
    fn note(&mut self, line: &str) {
        let Some((guest, number)) = parts(line) else { return };
        let newest = self.newest.entry(guest.to_string()).or_default();
        *newest = number.max(*newest);
    }

    /// Judges what the witness heard first after it was known what had been heard: the end of all that was ever said. When
    /// a line of a guest stands there, or all that was ever said, so must what was heard of that guest later.
    fn check(&mut self, known: &Numbers, repeated: &[String]) -> Result<(), String> {
        let mut found = Numbers::new();
        for (guest, number) in repeated.iter().filter_map(|line| parts(line)) {
            let last = found.entry(guest.to_string()).or_default();
            *last = number.max(*last);
        }
        let is_all = repeated.len() <= REPEATED;
        let is_lost = |guest: &String, newest: u64| match found.get(guest) {
            Some(last) => *last < newest,
            None => is_all,
        };
        match known.iter().find(|(guest, newest)| is_lost(guest, **newest)) {
            Some((guest, newest)) => {
                Err(format!("\"{guest}: {newest}\" was heard and is lost; repeated were {repeated:?}"))
            }
            None => {
                self.to_check = false;
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
    number: usize,
    sessions: u64,
    /// Its name in this session.
    name: String,
    /// Who comes in first after each restart.
    is_witness: bool,
    room: Room,
}

impl Guest {
    pub(super) fn new(number: usize, room: Room) -> Guest {
        Guest { number, sessions: 0, name: String::new(), is_witness: number == 0, room }
    }
}

/// The guest and the number of `guest: number`; none for lines of the chat itself.
fn parts(line: &str) -> Option<(&str, u64)> {
    let (guest, number) = line.split_once(": ")?;
    Some((guest, number.parse().ok()?))
}

/// Judges lines as they come: those of each guest in order, none that nobody said.
#[derive(Default)]
struct Order(Numbers);

impl Order {
    fn hears(&mut self, line: &str, said: &Numbers) -> Result<(), String> {
        if line.starts_with("* guest") {
            return Ok(());
        }
        let (guest, number) = parts(line).ok_or_else(|| format!("{line:?} was said by nobody"))?;
        if number > said.get(guest).copied().unwrap_or(0) {
            return Err(format!("{line:?} was not said yet"));
        }
        match self.0.insert(guest.to_string(), number) {
            Some(before) if number != before + 1 => Err(format!("{line:?} comes after {before}")),
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
    fn session(&mut self, wire: &mut Wire, tally: &Tally) -> Result<(), Trouble> {
        let question = line(wire)?;
        if question != "Your name?" {
            return Err(Trouble::Wrong(format!("{question:?} instead of a question")));
        }
        if !self.is_witness && self.room.with(|heard| heard.to_check) {
            // The witness looks first, with nobody talking.
            wire.pause();
            return Err(Trouble::Gone);
        }
        self.sessions += 1;
        self.name = format!("guest{}.{}", self.number, self.sessions);
        wire.send(format!("{}\n", self.name).as_bytes())?;
        let mut order = Order::default();
        let known = self.room.with(|heard| heard.newest.clone());
        let own = self.say(wire)?;
        let repeated = self.hear(wire, &mut order, &own)?;
        if self.is_witness {
            self.room.with(|heard| heard.check(&known, &repeated)).map_err(Trouble::Wrong)?;
        }
        tally.add(1);
        tally.whole();
        loop {
            let own = self.say(wire)?;
            self.hear(wire, &mut order, &own)?;
            tally.add(1);
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
        let mut heard = Heard::default();
        (1..=30).for_each(|n| heard.note(&format!("guest1: {n}")));
        heard.note("* guest1 goes");
        let lines = |from: u64, to: u64| (from..=to).map(|n| format!("guest1: {n}")).collect::<Vec<String>>();
        let known = heard.newest.clone();
        assert!(heard.check(&known, &lines(12, 33)).is_ok());
        assert!(heard.check(&known, &lines(8, 29)).is_err());
        assert!(heard.check(&known, &lines(1, 3)).is_err());
        // Others came and went meanwhile, and all that is repeated is of that.
        assert!(heard.check(&known, &vec!["* guest1 comes in".to_string(); 24]).is_ok());
        assert!(heard.check(&known, &vec!["* guest1 comes in".to_string(); 5]).is_err());
        let said = BTreeMap::from([("guest1".to_string(), 9)]);
        let mut order = Order::default();
        assert!(order.hears("guest1: 3", &said).is_ok());
        assert!(order.hears("guest1: 3", &said).is_err());
        assert!(order.hears("guest1: 5", &said).is_err());
        assert!(order.hears("guest1: 10", &said).is_err());
        assert!(order.hears("somebody: 1", &said).is_err());
        assert!(order.hears("* guest1 goes", &said).is_ok());
    }
}
