//! A client that counts in registers of its own: one by increments, several of them under way at once, one by writes.
//!
//! Each connection has registers of its own, too: a request that was under way when the server was stopped may take effect
//! at any later time, for the thread that had read it goes on beside those of newer connections.

use super::{Client, Tally, Trouble, Wire};
use std::io::{BufRead, Read};

/// Increments that are sent before the first of them is answered.
const BATCH: u64 = 5;

/// How a server is spoken to.
#[derive(Clone, Copy)]
pub(super) enum Language {
    /// One line a request, one line an answer.
    Lines,
    /// The protocol of Redis, version 2.
    Redis,
    /// HTTP: GET reads, PUT sets, POST adds one.
    Http,
}

/// A number that only one connection of this client changes.
struct Register {
    name: String,
    /// What it is at least: all this was answered.
    answered: u64,
    /// What it is at most: all this was asked for.
    asked: u64,
}

pub(super) struct Registers {
    language: Language,
    number: usize,
    /// Those of connections that are gone.
    earlier: Vec<Register>,
}

impl Registers {
    pub(super) fn new(language: Language, number: usize) -> Registers {
        Registers { language, number, earlier: Vec::new() }
    }

    /// One for a new connection.
    fn register(&self, name: &str) -> Register {
        Register { name: format!("{name}{}.{}", self.number, self.earlier.len()), answered: 0, asked: 0 }
    }
}

/// What a server said.
#[derive(PartialEq, Eq, Debug)]
enum Answer {
    Done,
    Nothing,
    Value(String),
    Error(String),
}

impl Language {
    fn request(self, words: &[&str]) -> Vec<u8> {
        match self {
            Language::Lines => format!("{}\n", words.join(" ")).into_bytes(),
            Language::Redis => {
                let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
                for word in words {
                    bytes.extend(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
                }
                bytes
            }
            Language::Http => {
                let (method, name, body) = match words {
                    ["set", name, value] => ("PUT", name, *value),
                    ["incr", name] => ("POST", name, ""),
                    [_, name, ..] => ("GET", name, ""),
                    _ => ("GET", &"", ""),
                };
                let len = body.len();
                format!("{method} /{name} HTTP/1.1\r\nHost: test\r\nContent-Length: {len}\r\n\r\n{body}")
                    .into_bytes()
            }
        }
    }

    fn answer(self, wire: &mut Wire) -> Result<Answer, Trouble> {
        let line = line(wire)?;
        Ok(match self {
            Language::Lines => match &*line {
                "ok" => Answer::Done,
                "nothing" => Answer::Nothing,
                line => match line.strip_prefix("value ") {
                    Some(value) => Answer::Value(value.to_string()),
                    None => Answer::Error(line.to_string()),
                },
            },
            Language::Redis => match (line.get(..1), line.get(1..).unwrap_or_default()) {
                (Some("+"), "OK") => Answer::Done,
                (Some("$"), "-1") => Answer::Nothing,
                (Some(":"), number) => Answer::Value(number.to_string()),
                (Some("$"), len) => {
                    let len =
                        len.parse::<u64>().map_err(|_| Trouble::Wrong(format!("an answer {line:?}")))?;
                    let text = exactly(wire, len + 2)?;
                    Answer::Value(text.trim_end_matches("\r\n").to_string())
                }
                _ => Answer::Error(line),
            },
            Language::Http => {
                let status = line.split(' ').nth(1).unwrap_or_default().to_string();
                let body = http_body(wire)?;
                match &*status {
                    "200" => Answer::Value(body),
                    "204" => Answer::Done,
                    "404" => Answer::Nothing,
                    _ => Answer::Error(format!("{line}: {body}")),
                }
            }
        })
    }
}

/// So many bytes, as text.
fn exactly(wire: &mut Wire, len: u64) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    wire.input.by_ref().take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len {
        return Err(Trouble::Gone);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What follows the first line of an answer: the headers, passed over, and the body.
fn http_body(wire: &mut Wire) -> Result<String, Trouble> {
    let mut len = 0;
    loop {
        let header = line(wire)?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            len = value.trim().parse().map_err(|_| Trouble::Wrong(format!("a header {header:?}")))?;
        }
    }
    exactly(wire, len)
}

/// The next whole line.
pub(super) fn line(wire: &mut Wire) -> Result<String, Trouble> {
    let mut line = String::new();
    wire.input.read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(Trouble::Gone);
    }
    Ok(line.trim_end().to_string())
}

impl Register {
    /// Reads what it is; from then on it is at least that.
    fn read(&mut self, language: Language, wire: &mut Wire) -> Result<(), Trouble> {
        wire.send(&language.request(&["get", &self.name]))?;
        let answer = language.answer(wire)?;
        let value = match &answer {
            Answer::Nothing => Some(0),
            Answer::Value(text) => text.parse::<u64>().ok(),
            _ => None,
        };
        match value.filter(|value| (self.answered..=self.asked).contains(value)) {
            Some(value) => {
                self.answered = value;
                Ok(())
            }
            None => Err(Trouble::Wrong(format!(
                "{} is {answer:?}, but {} was answered and {} asked for",
                self.name, self.answered, self.asked
            ))),
        }
    }

    fn answered(&mut self, answer: &Answer, expected: &Answer) -> Result<(), Trouble> {
        if answer != expected {
            return Err(Trouble::Wrong(format!("{}: {answer:?} instead of {expected:?}", self.name)));
        }
        self.answered += 1;
        Ok(())
    }
}

impl Client for Registers {
    fn session(&mut self, wire: &mut Wire, tally: &Tally) -> Result<(), Trouble> {
        for register in &mut self.earlier {
            register.read(self.language, wire)?;
            tally.add(1);
        }
        let (mut counter, mut word) = (self.register("counter"), self.register("word"));
        let ended = count(self.language, &mut counter, &mut word, wire, tally);
        if counter.asked > 0 {
            self.earlier.extend([counter, word]);
        }
        ended
    }
}

/// Counts until the connection is gone.
fn count(
    language: Language,
    counter: &mut Register,
    word: &mut Register,
    wire: &mut Wire,
    tally: &Tally,
) -> Result<(), Trouble> {
    loop {
        let increments: Vec<u8> =
            (0..BATCH).flat_map(|_| language.request(&["incr", &counter.name])).collect();
        counter.asked += BATCH;
        wire.send(&increments)?;
        for _ in 0..BATCH {
            let answer = language.answer(wire)?;
            let expected = Answer::Value((counter.answered + 1).to_string());
            counter.answered(&answer, &expected)?;
            tally.add(1);
        }
        word.asked += 1;
        wire.send(&language.request(&["set", &word.name, &word.asked.to_string()]))?;
        let answer = language.answer(wire)?;
        word.answered(&answer, &Answer::Done)?;
        word.read(language, wire)?;
        tally.add(2);
        tally.whole();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_or_invented_write_is_wrong() {
        let register = |answered, asked| Register { name: "n".to_string(), answered, asked };
        let mut n = register(3, 5);
        assert!(n.answered(&Answer::Value("4".to_string()), &Answer::Value("4".to_string())).is_ok());
        assert_eq!(n.answered, 4);
        assert!(n.answered(&Answer::Value("4".to_string()), &Answer::Value("5".to_string())).is_err());
        assert!(n.answered(&Answer::Error("no".to_string()), &Answer::Done).is_err());
    }

    #[test]
    fn requests_of_all_languages() {
        assert_eq!(Language::Lines.request(&["incr", "n"]), b"incr n\n");
        assert_eq!(Language::Redis.request(&["incr", "n"]), b"*2\r\n$4\r\nincr\r\n$1\r\nn\r\n");
        let put = b"PUT /n HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n12";
        assert_eq!(Language::Http.request(&["set", "n", "12"]), put);
    }
}
