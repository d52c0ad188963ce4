//! Judges what the runs of a program printed: the pieces must go on from one another, repeats allowed, gaps not.

use super::{Case, Outcome, Until, one_run};
use std::path::Path;
use std::time::{Duration, Instant};

/// The expectation, and how far it has been seen.
pub(super) struct Judge {
    expected: Option<String>,
    status: i32,
    pub(super) duration: Duration,
    interactive: bool,
    endless: bool,
}

/// How far the output of all runs so far has come.
#[derive(Default)]
pub(super) struct Progress {
    /// Byte of the expectation that is reached.
    reached: usize,
    /// Last number that an endless counter printed, or of the last question of a game.
    counted: u64,
    /// Whether the game has been won.
    won: bool,
}

impl Judge {
    /// Runs the program undisturbed.
    pub(super) fn new(phantom: &Path, case: &Case, folder: &Path) -> Result<Judge, String> {
        let interactive = !case.input.is_empty();
        if case.endless {
            let expected = case.service.as_ref().map(|service| service.greeting());
            return Ok(Judge { expected, status: 0, duration: case.lifetime, interactive, endless: true });
        }
        let started = Instant::now();
        let outcome = one_run(phantom, case, &folder.join("plain.world"), Until::End)?;
        let status = outcome.status.ok_or("the undisturbed run was killed by something else")?;
        Ok(Judge {
            expected: Some(outcome.output),
            status,
            duration: started.elapsed(),
            interactive,
            endless: false,
        })
    }

    /// Judges one run.
    pub(super) fn check(&self, progress: &mut Progress, outcome: &Outcome) -> Result<(), String> {
        let complain = |what: &str| {
            Err(format!("{what}\n--- output\n{}\n--- errors\n{}", outcome.output, outcome.errors))
        };
        if !outcome.killed && self.endless {
            return complain(&format!("the run ended by itself, with {:?}", outcome.status));
        }
        if !outcome.killed && outcome.status != Some(self.status) {
            return complain(&format!("the run ended with {:?} instead of {}", outcome.status, self.status));
        }
        match &self.expected {
            None => match count_on(progress.counted, &outcome.output) {
                Some(counted) => progress.counted = counted,
                None => return complain(&format!("the count does not go on from {}", progress.counted)),
            },
            // Its secret depends on the clock: the questions must go on, and the game end by being won.
            Some(_) if self.interactive => {
                match questions_on(progress.counted, &outcome.output) {
                    Some(asked) => progress.counted = asked,
                    None => {
                        return complain(&format!("the questions do not go on from {}", progress.counted));
                    }
                }
                // A kill may come after the last word and before the end of the process.
                progress.won |= outcome.output.contains("Right, after");
                if !outcome.killed && !progress.won {
                    return complain("the game did not end by being won");
                }
            }
            Some(expected) => match goes_on(expected, progress.reached, &outcome.output) {
                Some(reached) if outcome.killed || reached == expected.len() => progress.reached = reached,
                Some(_) => return complain("the last run ended before the end of the expected output"),
                None => {
                    return complain(&format!("the output does not go on from byte {}", progress.reached));
                }
            },
        }
        Ok(())
    }
}

/// Where `output` ends in `expected`, if it is a piece of it that begins at or before `reached`; the furthest such end.
pub(crate) fn goes_on(expected: &str, reached: usize, output: &str) -> Option<usize> {
    if output.is_empty() {
        return Some(reached);
    }
    (0..=reached.min(expected.len()))
        .rev()
        .find(|&from| expected.as_bytes()[from..].starts_with(output.as_bytes()))
        .map(|from| reached.max(from + output.len()))
}

/// The number that a counter has reached, if its lines go on without a gap from at most `counted + 1`.
fn count_on(counted: u64, output: &str) -> Option<u64> {
    let complete = &output[..output.rfind('\n').map_or(0, |end| end + 1)];
    let mut numbers = complete.lines().map(|line| line.parse::<u64>().ok());
    let Some(first) = numbers.next() else { return Some(counted) };
    let first = first.filter(|&first| first <= counted + 1)?;
    let last = numbers.try_fold(first, |before, number| number.filter(|&number| number == before + 1))?;
    Some(counted.max(last))
}

/// The number of the last question of a game, if its questions go on without a gap from at most `asked + 1` and a right
/// guess is the last one's.
fn questions_on(asked: u64, output: &str) -> Option<u64> {
    let mut last = asked;
    for (index, rest) in output.split("Guess ").skip(1).enumerate() {
        let Some((number, _)) = rest.split_once(':') else { break };
        let number = number.parse::<u64>().ok()?;
        if if index == 0 { number > asked + 1 || number == 0 } else { number != last + 1 } {
            return None;
        }
        last = number;
    }
    match output.split_once("Right, after ") {
        Some((_, rest)) => match rest.split_once(' ') {
            Some((tries, _)) => (tries.parse() == Ok(last)).then_some(asked.max(last)),
            None => Some(asked.max(last)),
        },
        None => Some(asked.max(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_sees_gaps_and_allows_repeats() {
        assert_eq!(count_on(0, "1\n2\n3\n"), Some(3));
        assert_eq!(count_on(3, "3\n4\n5"), Some(4));
        assert_eq!(count_on(3, "5\n6\n"), None);
        assert_eq!(count_on(3, "3\n5\n"), None);
        assert_eq!(goes_on("abcdef", 0, "abc"), Some(3));
        assert_eq!(goes_on("abcdef", 3, "bcd"), Some(4));
        assert_eq!(goes_on("abcdef", 3, "ef"), None);
        assert_eq!(goes_on("abcdef", 3, "def"), Some(6));
        assert_eq!(questions_on(0, "Guess 1: Too low.\nGuess 2: Ri"), Some(2));
        assert_eq!(questions_on(2, "Too low.\nGuess 3: Right, after 3 guesses.\n"), Some(3));
        assert_eq!(questions_on(2, "Guess 4: "), None);
        assert_eq!(questions_on(2, "Guess 2: Too low.\nGuess 4: "), None);
        assert_eq!(questions_on(2, "Guess 3: Right, after 4 guesses.\n"), None);
    }
}
