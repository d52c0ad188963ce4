//! `cargo xtask coverage`: what the tests reach. Of kind `decoder`, which lines of the module decoder and the verifier; of
//! kind `crash`, which lines and branches of `store` and `memory` (see [`enumeration`]).
//!
//! The decoder is measured twice: by the fuzz test alone (its mutants), and by all tests of crate `bytecode`. The compiler
//! counts (`-Cinstrument-coverage`), and the LLVM tools that read the counts must be of the compiler's own LLVM version.
//! Builds have folders of their own, `coverage…` in the target folder, so that other builds stay as they are.
//! Unit tests at the end of a file are no lines of it.

mod enumeration;

use crate::shell::{command, root};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask coverage\n  cargo xtask coverage --missed\n  \
                  cargo xtask coverage --kind crash --missed\n  cargo xtask coverage --json")]
pub(crate) struct Options {
    /// Of what is measured.
    #[arg(long, value_enum, default_value_t = Kind::Decoder)]
    kind: Kind,
    /// Lists what is not reached: lines of the decoder; functions and branches of store and memory.
    #[arg(long)]
    missed: bool,
    /// Prints JSON for machines.
    #[arg(long)]
    json: bool,
}

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Lines of the module decoder and verifier, under the hostile modules and all tests of `bytecode`.
    Decoder,
    /// Lines and branches of `store` and `memory`, under the crash enumeration and the faults.
    Crash,
}

/// What is measured of the decoder, in the folder `crates/bytecode/src`.
const FILES: [&str; 4] = ["file.rs", "verify.rs", "effect.rs", "desc.rs"];
const FUZZ_TEST: &str = "ten_thousand_mutants_never_panic";

/// How often each line that has code was run.
type Counts = BTreeMap<u32, u64>;
/// The counts of each file, by its path.
type Files = BTreeMap<PathBuf, Counts>;

/// What was measured of a file.
struct Row {
    file: String,
    lines: usize,
    fuzz: usize,
    all: usize,
    /// Lines that the fuzz test does not reach, as first and last of each run of them.
    missed: Vec<(u32, u32)>,
}

/// Builds, runs the tests and shows what they reached.
///
/// # Errors
/// When a tool is missing, and when a build or a test fails.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    if options.kind == Kind::Crash {
        return enumeration::run(options.missed, options.json);
    }
    let gauge = Gauge::new(Build { package: "bytecode", folder: "coverage", branches: false })?;
    let binaries = gauge.build(&["--tests"])?;
    let only_fuzz = ["--test", "fuzz", "--", "--exact", FUZZ_TEST, "--nocapture"];
    let (fuzz, printed) = gauge.measure("fuzz", &only_fuzz, &binaries)?;
    let (all, _) = gauge.measure("all", &["--tests"], &binaries)?;
    let outcome = printed.lines().find(|line| line.starts_with("rejected:accepted")).unwrap_or_default();
    let mut rows = Vec::new();
    for name in FILES {
        let file = format!("crates/bytecode/src/{name}");
        rows.push(row(&file, &fuzz, &all)?);
    }
    if options.json {
        println!("{}", as_json(&rows, outcome));
    } else {
        print_table(&rows, outcome, options.missed);
    }
    Ok(())
}

/// What is built to be counted.
struct Build {
    package: &'static str,
    /// Its folder in the target folder.
    folder: &'static str,
    /// Counts the outcomes of conditions as well. The compiler has that for its nightly builds only; a build that is
    /// thrown away may ask a stable one for it.
    branches: bool,
}

/// The tools, and the build.
struct Gauge {
    profdata: PathBuf,
    cov: PathBuf,
    host: String,
    folder: PathBuf,
    build: Build,
}

impl Gauge {
    fn new(build: Build) -> Result<Gauge, String> {
        let compiler = said(&mut command("rustc", &["-vV"]))?;
        let field = |name: &str| {
            compiler
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::trim)
                .ok_or_else(|| format!("rustc -vV does not say its `{name}`"))
        };
        let host = field("host:")?.to_string();
        let version = field("LLVM version:")?;
        let major = version.split('.').next().unwrap_or(version);
        let sysroot = said(&mut command("rustc", &["--print", "sysroot"]))?;
        let shipped = Path::new(sysroot.trim()).join("lib/rustlib").join(&host).join("bin");
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        Ok(Gauge {
            profdata: find_tool("llvm-profdata", major, &shipped)?,
            cov: find_tool("llvm-cov", major, &shipped)?,
            host,
            folder: root().join(target).join(build.folder),
            build,
        })
    }

    /// `cargo test` of the package that counts. For the host by name, so that build scripts do not count too.
    fn cargo_test(&self, name: &str, arguments: &[&str]) -> Command {
        let mut cargo =
            command("cargo", &["test", "--quiet", "--package", self.build.package, "--target", &self.host]);
        let flags = if self.build.branches {
            cargo.env("RUSTC_BOOTSTRAP", "1");
            "-Cinstrument-coverage -Zcoverage-options=branch"
        } else {
            "-Cinstrument-coverage"
        };
        cargo
            .args(arguments)
            .env("CARGO_TARGET_DIR", &self.folder)
            .env("RUSTFLAGS", flags)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("LLVM_PROFILE_FILE", self.folder.join(name).join("%p-%m.profraw"));
        cargo
    }

    /// Runs tests; gives the counts, and what the tests printed.
    fn measure(
        &self,
        name: &str,
        arguments: &[&str],
        binaries: &[PathBuf],
    ) -> Result<(Files, String), String> {
        let (merged, printed) = self.count(name, arguments)?;
        Ok((parse_lcov(&self.export("lcov", &merged, binaries)?), printed))
    }

    /// Runs tests; gives the file of counts, and what the tests printed.
    fn count(&self, name: &str, arguments: &[&str]) -> Result<(PathBuf, String), String> {
        let raw = self.folder.join(name);
        if raw.exists() {
            fs::remove_dir_all(&raw).map_err(|error| format!("cannot remove {}: {error}", raw.display()))?;
        }
        eprintln!("running: {name}");
        let printed = said(&mut self.cargo_test(name, arguments))?;
        let listing =
            fs::read_dir(&raw).map_err(|error| format!("no counts in {}: {error}", raw.display()))?;
        let raws: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
        let merged = self.folder.join(name).with_extension("profdata");
        let mut merge = Command::new(&self.profdata);
        said(merge.args(["merge", "--sparse", "--output"]).arg(&merged).args(&raws))?;
        Ok((merged, printed))
    }

    /// What was counted, in one of the formats of `llvm-cov export`.
    fn export(&self, format: &str, counts: &Path, binaries: &[PathBuf]) -> Result<String, String> {
        let mut export = Command::new(&self.cov);
        export.args(["export", &format!("--format={format}"), "--instr-profile"]).arg(counts);
        binaries.iter().for_each(|binary| {
            export.arg("--object").arg(binary);
        });
        said(&mut export)
    }

    /// Builds the test binaries and gives their paths.
    ///
    /// All of them are read for every count, so that both counts are of the same lines.
    fn build(&self, targets: &[&str]) -> Result<Vec<PathBuf>, String> {
        let build = [targets, &["--no-run", "--message-format=json-render-diagnostics"]].concat();
        let messages = said(&mut self.cargo_test("build", &build))?;
        let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(artifacts.filter_map(|artifact| artifact["executable"].as_str().map(PathBuf::from)).collect())
    }
}

/// The tool of the given LLVM version: of the toolchain, of the system with the version in its name, or without.
fn find_tool(tool: &str, major: &str, shipped: &Path) -> Result<PathBuf, String> {
    let fits = |path: &PathBuf| {
        said(Command::new(path).arg("--version")).is_ok_and(|text| llvm_major(&text) == Some(major))
    };
    [shipped.join(tool), format!("{tool}-{major}").into(), tool.into()].into_iter().find(fits).ok_or_else(|| {
        format!(
            "there is no {tool} of LLVM {major}, the version of rustc; `rustup component add llvm-tools` brings \
             it, or the Debian package: `apt-get install --no-install-recommends llvm-{major}`"
        )
    })
}

/// The major version in what an LLVM tool says of itself.
fn llvm_major(text: &str) -> Option<&str> {
    text.split("LLVM version ").nth(1)?.split('.').next()
}

/// Runs a command and gives what it printed; what it complained of is shown when it fails.
fn said(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot run {program}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} ended with {}\n{text}{complaint}", output.status))
}

/// Counts of each file in the format of LCOV: `SF:path`, then `DA:line,count` for each line.
fn parse_lcov(text: &str) -> Files {
    let mut files = Files::new();
    let mut file = PathBuf::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = path.into();
        } else if let Some((line, count)) = line.strip_prefix("DA:").and_then(|text| text.split_once(','))
            && let (Ok(line), Ok(count)) = (line.parse(), count.parse())
        {
            files.entry(file.clone()).or_default().insert(line, count);
        }
    }
    files
}

fn row(file: &str, fuzz: &Files, all: &Files) -> Result<Row, String> {
    let source =
        fs::read_to_string(root().join(file)).map_err(|error| format!("cannot read {file}: {error}"))?;
    let tests = source.lines().position(|line| line == "#[cfg(test)]").unwrap_or(usize::MAX);
    let counts = |files: &Files| -> Result<Vec<(u32, u64)>, String> {
        let (_, counts) = files
            .iter()
            .find(|(path, _)| path.ends_with(file))
            .ok_or_else(|| format!("nothing was counted in {file}"))?;
        Ok(counts
            .iter()
            .map(|(line, count)| (*line, *count))
            .filter(|(line, _)| *line as usize <= tests)
            .collect())
    };
    let (fuzz, all) = (counts(fuzz)?, counts(all)?);
    let reached = |counts: &[(u32, u64)]| counts.iter().filter(|(_, count)| *count > 0).count();
    let mut missed: Vec<(u32, u32)> = Vec::new();
    let mut before_missed = false;
    for (line, count) in &fuzz {
        match missed.last_mut() {
            _ if *count > 0 => {}
            Some((_, last)) if before_missed => *last = *line,
            _ => missed.push((*line, *line)),
        }
        before_missed = *count == 0;
    }
    Ok(Row { file: file.into(), lines: all.len(), fuzz: reached(&fuzz), all: reached(&all), missed })
}

fn share(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn total(rows: &[Row]) -> [usize; 3] {
    rows.iter().fold([0; 3], |[lines, fuzz, all], row| [lines + row.lines, fuzz + row.fuzz, all + row.all])
}

fn print_table(rows: &[Row], outcome: &str, missed: bool) {
    println!("| file | lines | the fuzz test reaches | all tests reach |\n|---|---|---|---|");
    let print = |file: &str, [lines, fuzz, all]: [usize; 3]| {
        let [fuzz_share, all_share] = [share(fuzz, lines), share(all, lines)];
        println!("| {file} | {lines} | {fuzz} ({fuzz_share:.1} %) | {all} ({all_share:.1} %) |");
    };
    rows.iter().for_each(|row| print(&row.file, [row.lines, row.fuzz, row.all]));
    print("together", total(rows));
    println!("\nmutants of the fuzz test: {outcome}");
    for row in rows.iter().filter(|row| missed && !row.missed.is_empty()) {
        let ranges: Vec<String> = row.missed.iter().map(|(first, last)| range(*first, *last)).collect();
        println!("the fuzz test misses in {}: {}", row.file, ranges.join(", "));
    }
}

fn range(first: u32, last: u32) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

fn as_json(rows: &[Row], outcome: &str) -> Value {
    let files: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({"file": row.file, "lines": row.lines, "fuzz": row.fuzz, "all": row.all, "missed": row.missed})
        })
        .collect();
    let [lines, fuzz, all] = total(rows);
    json!({"files": files, "lines": lines, "fuzz": fuzz, "all": all, "mutants": outcome})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read() {
        let text = "SF:/a/file.rs\nFN:1,f\nDA:3,0\nDA:4,12\nend_of_record\nSF:/a/verify.rs\nDA:1,1\n";
        let files = parse_lcov(text);
        assert_eq!(files.len(), 2);
        assert_eq!(files[Path::new("/a/file.rs")], BTreeMap::from([(3, 0), (4, 12)]));
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(llvm_major("LLVM (http://llvm.org/):\n  LLVM version 22.1.8\n  Optimized"), Some("22"));
        assert_eq!(llvm_major("Debian LLVM version 14.0.6\n"), Some("14"));
        assert_eq!(llvm_major("something else"), None);
    }

    #[test]
    fn a_missing_tool_says_what_to_install() {
        let said = find_tool("llvm-cov", "9999", Path::new("nowhere")).expect_err("there is no such version");
        assert!(said.contains("llvm-cov of LLVM 9999") && said.contains("recommends llvm-9999"), "{said}");
    }

    #[test]
    fn unit_tests_do_not_count_and_runs_of_missed_lines_are_one() {
        let source = fs::read_to_string(root().join("crates/bytecode/src/desc.rs")).expect("it is there");
        let tests = source.lines().position(|line| line == "#[cfg(test)]").expect("it has unit tests") as u32;
        let counts = Counts::from([(3, 1), (4, 0), (6, 0), (7, 1), (9, 0), (tests + 2, 0)]);
        let files = BTreeMap::from([(PathBuf::from("/a/crates/bytecode/src/desc.rs"), counts)]);
        let row = row("crates/bytecode/src/desc.rs", &files, &files).expect("it was counted");
        assert_eq!((row.lines, row.fuzz, row.all), (5, 2, 2));
        assert_eq!(row.missed, [(4, 6), (9, 9)]);
    }
}
