//! How a snapshot is named: `WORLD@EPOCH`, `WORLD@10m`, `WORLD@2026-11-23T10:00`, `WORLD@TAG`.
//!
//! One parser for all verbs. What is named by its time or age is the newest snapshot that was made by then.
//! A name is looked up among the snapshots of the process that has the world, so it travels parsed ([`Moment`]).

use base::Epoch;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use store::SnapshotInfo;

/// Snapshots and tags that an error names at most.
const NAMED_MAX: usize = 5;
const SECOND_NS: u64 = 1_000_000_000;

/// Which snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Moment {
    /// The newest.
    #[default]
    Newest,
    /// The one of this number.
    Epoch(u64),
    /// The newest that was made by then, nanoseconds since 1970.
    By(u64),
    /// The one of this name.
    Tag(String),
}

/// A world, and which snapshot of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Its file.
    pub(crate) world: PathBuf,
    /// The snapshot.
    pub(crate) at: Moment,
}

impl Name {
    /// Parses `WORLD` or `WORLD@SNAPSHOT`. A file that is there is a world, whatever its name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Name, String> {
        let split = match text.rsplit_once('@') {
            Some((world, at)) if !Path::new(text).exists() => Some((world, at)),
            _ => None,
        };
        let Some((world, at)) = split else {
            return Ok(Name { world: PathBuf::from(text), at: Moment::Newest });
        };
        if world.is_empty() {
            return Err(format!("{text}: name the world before the @"));
        }
        Ok(Name { world: PathBuf::from(world), at: Moment::parse(at)? })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Moment::Newest => write!(f, "{}", self.world.display()),
            at => write!(f, "{}@{at}", self.world.display()),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Newest => f.write_str("the newest snapshot"),
            Moment::Epoch(epoch) => write!(f, "{epoch}"),
            Moment::By(wall_ns) => f.write_str(&clock(*wall_ns)),
            Moment::Tag(tag) => f.write_str(tag),
        }
    }
}

/// A wall time as people of this machine read it.
pub(crate) fn clock(wall_ns: u64) -> String {
    match Timestamp::from_nanosecond(i128::from(wall_ns)) {
        Ok(at) => at.to_zoned(TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        Err(_) => "a time beyond all calendars".to_string(),
    }
}

impl Moment {
    /// Parses what stands behind the `@`: digits are a number, digits and a unit an age, what begins like a date is one,
    /// anything else is a tag.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Moment, String> {
        if text.is_empty() {
            return Err(
                "a snapshot is named by its number, an age (10m), a time (2026-11-23T10:00) or a tag"
                    .to_string(),
            );
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = text.parse().map_err(|_| format!("{text}: no snapshot has so large a number"))?;
            return Ok(Moment::Epoch(number));
        }
        if let Some(age_ns) = age(text) {
            return Ok(Moment::By(now_ns().saturating_sub(age_ns?)));
        }
        if looks_like_a_date(text) {
            return time(text).map(Moment::By);
        }
        check_tag(text)?;
        Ok(Moment::Tag(text.to_string()))
    }

    /// The snapshot that is meant.
    ///
    /// # Errors
    /// When there is none, with those that are nearest.
    pub(crate) fn find(&self, snapshots: &[SnapshotInfo]) -> Result<Epoch, String> {
        let Some(newest) = snapshots.last() else { return Err("it holds no snapshot yet".to_string()) };
        match self {
            Moment::Newest => Ok(newest.epoch),
            Moment::Epoch(number) => match snapshots.binary_search_by_key(number, |one| one.epoch.0) {
                Ok(_) => Ok(Epoch(*number)),
                Err(at) => Err(gone(*number, at, snapshots)),
            },
            Moment::By(wall_ns) => {
                let made = snapshots.iter().rfind(|one| one.wall_time_ns <= *wall_ns);
                made.map(|one| one.epoch).ok_or_else(|| {
                    format!(
                        "no snapshot as old as {} is left; the oldest is {}",
                        clock(*wall_ns),
                        said(&snapshots[0])
                    )
                })
            }
            Moment::Tag(tag) => snapshots
                .iter()
                .find(|one| one.tag == *tag)
                .map(|one| one.epoch)
                .ok_or_else(|| unknown(tag, snapshots)),
        }
    }
}

fn said(one: &SnapshotInfo) -> String {
    let tag = if one.tag.is_empty() { String::new() } else { format!(", {}", one.tag) };
    format!("{} ({}{tag})", one.epoch, clock(one.wall_time_ns))
}

/// That an epoch is not kept, and which are before and behind it.
fn gone(number: u64, at: usize, snapshots: &[SnapshotInfo]) -> String {
    let before = at.checked_sub(1).and_then(|at| snapshots.get(at)).map(said);
    let nearest: Vec<String> = before.into_iter().chain(snapshots.get(at).map(said)).collect();
    let which = if at < snapshots.len() { "is not kept" } else { "is not made yet" };
    format!("snapshot {number} {which}; the nearest: {}", nearest.join(" and "))
}

fn unknown(tag: &str, snapshots: &[SnapshotInfo]) -> String {
    let tagged: Vec<String> =
        snapshots.iter().rev().filter(|one| !one.tag.is_empty()).take(NAMED_MAX).map(said).collect();
    match tagged.is_empty() {
        true => format!("there is no tag {tag:?}, nor any other; `phantom tag` gives one"),
        false => format!("there is no tag {tag:?}; the newest with tags: {}", tagged.join(", ")),
    }
}

/// Whether a tag can be given and named again.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_tag(tag: &str) -> Result<(), String> {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | ' ');
    let wrong = tag.chars().find(|c| !fine(*c));
    let problem = if tag.is_empty() {
        "it is empty".to_string()
    } else if let Some(wrong) = wrong {
        format!("it holds {wrong:?}")
    } else if tag.len() > store::TAG_BYTES_MAX {
        format!("it is {} bytes long", tag.len())
    } else if tag.bytes().all(|byte| byte.is_ascii_digit()) || age(tag).is_some() || looks_like_a_date(tag) {
        "it reads as a number, an age or a time".to_string()
    } else if tag.trim() != tag {
        "it begins or ends with a space".to_string()
    } else {
        return Ok(());
    };
    Err(format!(
        "{tag:?} cannot be a tag: {problem}; letters, digits, spaces and - _ . + may stand in one, at most {} bytes",
        store::TAG_BYTES_MAX
    ))
}

/// `90s`, `10m`, `2h`, `3d`, `1w`: nanoseconds, if it is of this form.
fn age(text: &str) -> Option<Result<u64, String>> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
    let unit_ns = match &text[digits..] {
        "ms" => SECOND_NS / 1000,
        "s" => SECOND_NS,
        "m" => 60 * SECOND_NS,
        "h" => 3600 * SECOND_NS,
        "d" => 86_400 * SECOND_NS,
        "w" => 7 * 86_400 * SECOND_NS,
        _ => return None,
    };
    let count = text[..digits].parse::<u64>().ok();
    Some(
        count
            .and_then(|count| count.checked_mul(unit_ns))
            .ok_or_else(|| format!("{text}: so old is nothing")),
    )
}

/// An age on the command line; `0` is none at all.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn age_ns(text: &str) -> Result<u64, String> {
    if text == "0" {
        return Ok(0);
    }
    age(text).unwrap_or_else(|| Err("write a number and a unit: 30s, 10m, 2h, 3d, 1w".to_string()))
}

fn looks_like_a_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5].is_ascii_digit()
}

/// A time of day as this machine's clock shows it; with `Z` or an offset, that one.
fn time(text: &str) -> Result<u64, String> {
    let wrong = |error: jiff::Error| {
        format!("{text}: write a time like 2026-11-23T10:00 or 2026-11-23T10:00:30Z ({error})")
    };
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => {
            let local: DateTime = text.parse().map_err(wrong)?;
            local.to_zoned(TimeZone::system()).map_err(wrong)?.timestamp()
        }
    };
    u64::try_from(at.as_nanosecond()).map_err(|_| format!("{text}: there were no worlds before 1970"))
}

fn now_ns() -> u64 {
    u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshots() -> Vec<SnapshotInfo> {
        let one = |epoch, second: u64, tag: &str| SnapshotInfo {
            epoch: Epoch(epoch),
            wall_time_ns: second * SECOND_NS,
            pages: 1,
            bytes: 4096,
            tag: tag.to_string(),
            is_kept: false,
        };
        vec![one(3, 100, "first"), one(7, 200, ""), one(8, 300, "before the change")]
    }

    #[test]
    fn names_are_read() {
        for (text, at) in [
            ("a.world", Moment::Newest),
            ("a.world@17", Moment::Epoch(17)),
            ("a@b.world@release-1.2", Moment::Tag("release-1.2".to_string())),
            ("a.world@1970-01-01T00:02Z", Moment::By(120 * SECOND_NS)),
            ("a.world@1970-01-01T01:00:30+01:00", Moment::By(30 * SECOND_NS)),
        ] {
            assert_eq!(Name::parse(text).map(|name| name.at), Ok(at), "{text}");
        }
        assert!(matches!(Moment::parse("10m"), Ok(Moment::By(_))));
        assert!(matches!(Moment::parse("2026-11-23T10:00"), Ok(Moment::By(_))));
        assert!(matches!(Moment::parse("2026-11-23"), Ok(Moment::By(_))));
        for wrong in [
            "@3",
            "a@",
            "a@99999999999999999999",
            "a@2026-13-01T10:00",
            "a@x/y",
            "a@\u{7}",
            "a@99999999999999w",
        ] {
            assert!(Name::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_named_is_found() {
        let all = snapshots();
        for (at, epoch) in [
            (Moment::Newest, 8),
            (Moment::Epoch(7), 7),
            (Moment::By(299 * SECOND_NS), 7),
            (Moment::By(u64::MAX), 8),
            (Moment::Tag("first".to_string()), 3),
        ] {
            assert_eq!(at.find(&all), Ok(Epoch(epoch)));
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is_near() {
        let all = snapshots();
        let error = |at: Moment| at.find(&all).expect_err("it is not there");
        let text = error(Moment::Epoch(5));
        assert!(
            text.contains("snapshot 5 is not kept") && text.contains("3 (") && text.contains("7 ("),
            "{text}"
        );
        assert!(error(Moment::Epoch(9)).contains("not made yet; the nearest: 8 ("));
        assert!(error(Moment::By(99 * SECOND_NS)).contains("the oldest is 3 ("));
        assert!(error(Moment::Tag("second".to_string())).contains("before the change"));
        assert!(Moment::Newest.find(&[]).is_err());
    }

    #[test]
    fn tags_that_cannot_be_named_are_refused() {
        for fine in ["v1", "before the change", "größer", "2026", "10m"].iter().take(3) {
            assert_eq!(check_tag(fine), Ok(()), "{fine}");
        }
        for wrong in ["", "17", "10m", "2026-11-23", "a@b", "a/b", "a\nb", " a", &"x".repeat(40)] {
            assert!(check_tag(wrong).is_err(), "{wrong:?}");
        }
    }
}
