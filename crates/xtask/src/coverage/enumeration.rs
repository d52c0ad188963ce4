//! Lines and branches of `store` and `memory` that the crash enumeration reaches, and with it the faults.
//!
//! Counted in the tests of `sim`: the crash enumeration (of the bare store, and of a memory over it) with the torture of
//! paging, then the same with the faults of devices. A branch is one outcome of a condition; the arms of a `match` are no
//! branches to the compiler, they show by their lines. What several instances of a generic function reach is added up.
//! Planted bugs and the text of errors are left out: no build that runs them is measured.

use super::{Build, Files, Gauge, parse_lcov, share};
use crate::shell::root;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The crates that are measured.
const CRATES: [&str; 2] = ["store", "memory"];
/// Files that no build of a user does anything in, or that are tables.
const LEFT_OUT: [&str; 1] = ["mutants.rs"];
const ENUMERATION: [&str; 4] = ["--test", "crash", "--test", "paging"];
const WITH_FAULTS: [&str; 6] = ["--test", "crash", "--test", "paging", "--test", "faults"];

/// An outcome of a condition: where it stands (line, column, end), and which.
type Branch = (u64, u64, u64, u64, bool);

/// What was counted in a file.
#[derive(Default)]
struct Counted {
    lines: BTreeMap<u32, u64>,
    branches: BTreeMap<Branch, u64>,
    /// Functions by their first line.
    functions: BTreeMap<u64, u64>,
}

/// What was measured of a file.
struct Row {
    file: String,
    source: Vec<String>,
    enumeration: Counted,
    faults: Counted,
}

/// Builds, runs and shows.
///
/// # Errors
/// When a tool is missing, and when a build or a test fails.
pub(super) fn run(missed: bool, json: bool) -> Result<(), String> {
    let gauge = Gauge::new(Build { package: "sim", folder: "coverage-branches", branches: true })?;
    let binaries = gauge.build(&WITH_FAULTS)?;
    let mut enumeration = measure(&gauge, "enumeration", &ENUMERATION, &binaries)?;
    let mut faults = measure(&gauge, "faults", &WITH_FAULTS, &binaries)?;
    let mut rows = Vec::new();
    for path in sources()? {
        let file = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        let source = fs::read_to_string(&path).map_err(|error| format!("cannot read {file}: {error}"))?;
        let source: Vec<String> = source.lines().map(str::to_string).collect();
        let mut row = Row {
            file,
            enumeration: enumeration.remove(&path).unwrap_or_default(),
            faults: faults.remove(&path).unwrap_or_default(),
            source,
        };
        row.leave_tests_out();
        rows.push(row);
    }
    if json {
        println!("{}", as_json(&rows));
        return Ok(());
    }
    print_table(&rows);
    if missed {
        rows.iter().for_each(Row::print_missed);
    }
    Ok(())
}

/// The source files that are measured.
fn sources() -> Result<Vec<PathBuf>, String> {
    let mut all = Vec::new();
    for name in CRATES {
        let folder = root().join("crates").join(name).join("src");
        let listing = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        all.extend(listing.flatten().map(|entry| entry.path()));
    }
    all.retain(|path| !LEFT_OUT.iter().any(|name| path.ends_with(name)));
    all.sort();
    Ok(all)
}

fn measure(
    gauge: &Gauge,
    name: &str,
    arguments: &[&str],
    binaries: &[PathBuf],
) -> Result<BTreeMap<PathBuf, Counted>, String> {
    let (counts, _) = gauge.count(name, arguments)?;
    let lines = parse_lcov(&gauge.export("lcov", &counts, binaries)?);
    let text = gauge.export("text", &counts, binaries)?;
    let export: Value = serde_json::from_str(&text).map_err(|error| format!("llvm-cov export: {error}"))?;
    Ok(gather(lines, &export["data"][0]))
}

/// Puts lines, branches and functions together by their files.
fn gather(lines: Files, export: &Value) -> BTreeMap<PathBuf, Counted> {
    let mut files: BTreeMap<PathBuf, Counted> = BTreeMap::new();
    for (path, lines) in lines {
        files.entry(path).or_default().lines = lines;
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for file in list(&export["files"]) {
        let path = PathBuf::from(file["filename"].as_str().unwrap_or_default());
        let counted = files.entry(path).or_default();
        for branch in list(&file["branches"]) {
            let number = |at: usize| branch[at].as_u64().unwrap_or(0);
            for (outcome, taken) in [(true, number(4)), (false, number(5))] {
                let place = (number(0), number(1), number(2), number(3), outcome);
                *counted.branches.entry(place).or_insert(0) += taken;
            }
        }
    }
    for function in list(&export["functions"]) {
        let path = PathBuf::from(function["filenames"][0].as_str().unwrap_or_default());
        let line = function["regions"][0][0].as_u64().unwrap_or(0);
        let count = function["count"].as_u64().unwrap_or(0);
        *files.entry(path).or_default().functions.entry(line).or_insert(0) += count;
    }
    files
}

impl Counted {
    fn cut(&mut self, end: u64) {
        self.lines.retain(|line, _| u64::from(*line) <= end);
        self.branches.retain(|branch, _| branch.0 <= end);
        self.functions.retain(|line, _| *line <= end);
    }

    /// Lines, branches and functions, and how many of each are reached.
    fn sums(&self) -> [usize; 6] {
        let reached = |counts: &mut dyn Iterator<Item = &u64>| counts.filter(|count| **count > 0).count();
        [
            self.lines.len(),
            reached(&mut self.lines.values()),
            self.branches.len(),
            reached(&mut self.branches.values()),
            self.functions.len(),
            reached(&mut self.functions.values()),
        ]
    }
}

impl Row {
    /// Unit tests at the end of a file are no part of it.
    fn leave_tests_out(&mut self) {
        let tests = self.source.iter().position(|line| line == "#[cfg(test)]").unwrap_or(self.source.len());
        self.enumeration.cut(tests as u64);
        self.faults.cut(tests as u64);
    }

    fn line(&self, number: u64) -> &str {
        (number as usize).checked_sub(1).and_then(|at| self.source.get(at)).map_or("", |line| line.trim())
    }

    /// Functions that neither run reaches, by name. Closures and derived code have no name of their own.
    fn functions_missed(&self) -> Vec<(u64, String)> {
        let missed = self.faults.functions.iter().filter(|(_, count)| **count == 0);
        let named = missed.filter_map(|(&line, _)| {
            let (_, rest) = self.line(line).split_once("fn ")?;
            let end = rest.find(['(', '<']).unwrap_or(rest.len());
            Some((line, rest[..end].to_string()))
        });
        named.collect()
    }

    /// Outcomes that neither run reaches, of conditions that are reached.
    fn branches_missed(&self) -> BTreeSet<(u64, bool)> {
        let all = &self.faults.branches;
        let missed = all.iter().filter(|(branch, count)| {
            let other = (branch.0, branch.1, branch.2, branch.3, !branch.4);
            **count == 0 && all.get(&other).is_some_and(|count| *count > 0)
        });
        missed.map(|(branch, _)| (branch.0, branch.4)).collect()
    }

    fn print_missed(&self) {
        for (line, name) in self.functions_missed() {
            println!("never reached: {}:{line} {name}", self.file);
        }
        for (line, outcome) in self.branches_missed() {
            println!("never {outcome}: {}:{line} {}", self.file, self.line(line));
        }
    }
}

fn print_table(rows: &[Row]) {
    println!(
        "| file | lines | branches | functions | lines with faults | branches with faults | functions with faults |\n\
         |---|---|---|---|---|---|---|"
    );
    let mut total = [[0usize; 6]; 2];
    for row in rows.iter().filter(|row| !row.faults.lines.is_empty()) {
        let sums = [row.enumeration.sums(), row.faults.sums()];
        for (total, sums) in total.iter_mut().zip(&sums) {
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
        print_row(&row.file, sums);
    }
    print_row("together", total);
}

fn print_row(name: &str, sums: [[usize; 6]; 2]) {
    let cells = sums.map(|sums| {
        let pairs = [0, 2, 4].map(|at| {
            let (all, reached) = (sums[at], sums[at + 1]);
            if all == 0 {
                "-".to_string()
            } else {
                format!("{reached} of {all} ({:.1} %)", share(reached, all))
            }
        });
        pairs.join(" | ")
    });
    println!("| {} | {} |", Path::new(name).display(), cells.join(" | "));
}

fn as_json(rows: &[Row]) -> Value {
    let files = rows.iter().map(|row| {
        let named = |sums: [usize; 6]| {
            json!({"lines": sums[0], "lines_reached": sums[1], "branches": sums[2], "branches_reached": sums[3],
                "functions": sums[4], "functions_reached": sums[5]})
        };
        let functions = row.functions_missed();
        let functions: Vec<Value> =
            functions.iter().map(|(line, name)| json!({"line": line, "name": name})).collect();
        let branches = row.branches_missed();
        let branches: Vec<Value> =
            branches.iter().map(|(line, outcome)| json!({"line": line, "outcome": outcome})).collect();
        json!({"file": row.file, "enumeration": named(row.enumeration.sums()), "with_faults": named(row.faults.sums()),
            "functions_missed": functions, "branches_missed": branches})
    });
    Value::from(files.collect::<Vec<Value>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(source: &str, export: &Value, lines: &[(u32, u64)]) -> Row {
        let lines = BTreeMap::from([(PathBuf::from("/a.rs"), lines.iter().copied().collect())]);
        let counted = || gather(lines.clone(), export).remove(Path::new("/a.rs")).unwrap_or_default();
        let source = source.lines().map(str::to_string).collect();
        let mut row = Row { file: "a.rs".into(), source, enumeration: counted(), faults: counted() };
        row.leave_tests_out();
        row
    }

    #[test]
    fn instances_are_added_up_and_what_is_missed_is_named() {
        let source = "fn a<T>() {\n    if x {\n}\npub(crate) fn b() {}\n#[cfg(test)]\nfn c() {}\n";
        let export = json!({
            "files": [{"filename": "/a.rs", "branches": [
                [2, 8, 2, 9, 0, 3, 0, 0, 4], [2, 8, 2, 9, 0, 1, 0, 0, 4], [6, 1, 6, 2, 0, 0, 0, 0, 4]]}],
            "functions": [
                {"filenames": ["/a.rs"], "count": 0, "regions": [[1, 1, 3, 2, 0, 0, 0, 0]]},
                {"filenames": ["/a.rs"], "count": 4, "regions": [[1, 1, 3, 2, 4, 0, 0, 0]]},
                {"filenames": ["/a.rs"], "count": 0, "regions": [[4, 1, 4, 21, 0, 0, 0, 0]]}],
        });
        let row = row(source, &export, &[(1, 4), (2, 4), (4, 0), (6, 0)]);
        assert_eq!(row.faults.sums(), [3, 2, 2, 1, 2, 1]);
        assert_eq!(row.functions_missed(), [(4, "b".to_string())]);
        assert_eq!(row.branches_missed().into_iter().collect::<Vec<_>>(), [(2, true)]);
    }
}
