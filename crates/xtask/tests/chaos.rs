//! Every language program and every example that ends or serves, plain and under chaos: the short version of
//! `cargo xtask chaos`.

use std::path::{Path, PathBuf};
use xtask::chaos::many::{Plan, Trial, run_all};
use xtask::chaos::{Script, Unkindness, all_programs, all_servers};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up")
}

fn run(paths: Vec<PathBuf>, seeds: u64) -> Unkindness {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let seeds = (1..=seeds).collect();
    let plan = Plan { paths, include: Vec::new(), arguments: Vec::new(), seeds, workers: 1, jobs };
    let sums = run_all(&plan, &|_| {}).unwrap_or_else(|what| panic!("{what}"));
    let mut seen = Unkindness::default();
    sums.iter().for_each(|sum| seen.add(sum.seen));
    seen
}

#[test]
fn chaos_does_not_show() {
    let programs = all_programs(root()).expect("the programs can be listed");
    assert!(programs.len() > 50, "only {} programs", programs.len());
    let seen = run(programs, 6);
    assert!(seen.cuts > 500 && seen.snapshots > 1000, "not enough happened to prove anything: {seen:?}");
    assert!(
        seen.evicted > 10_000 && seen.paged_in > 10_000,
        "not enough happened to prove anything: {seen:?}"
    );
}

#[test]
fn programs_print_what_they_announce() {
    for path in all_programs(root()).expect("the programs can be listed") {
        let Some(wanted) = announced(&path) else { continue };
        let trial = Script::compile(&path, &[]).and_then(Trial::new);
        let trial = trial.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let found = trial.expected().map(|transcript| &transcript.output);
        assert_eq!(found, Some(&wanted), "{}", path.display());
    }
}

#[test]
fn servers_keep_what_they_answered() {
    let seen = run(all_servers(root()), 12);
    assert!(seen.alone > 50, "the worker made too few snapshots by itself to prove anything: {seen:?}");
    assert!(seen.cuts > 100 && seen.answers > 2_000, "not enough happened to prove anything: {seen:?}");
}

/// Programs in Java, where there is a JDK.
fn java(path: &str) -> Option<PathBuf> {
    if jdk::Jdk::find().is_none() {
        eprintln!("SKIPPED: no JDK 17 was found; install openjdk-17-jdk-headless or set JAVA_HOME");
        return None;
    }
    Some(root().join(path))
}

#[test]
fn chaos_does_not_show_in_java() {
    let Some(path) = java("crates/xtask/tests/java/Accounts.java") else { return };
    let seen = run(vec![path], 4);
    assert!(seen.cuts > 4 && seen.snapshots > 10, "not enough happened to prove anything: {seen:?}");
}

/// What a language program says that it prints, in lines `// expect: text`.
fn announced(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).expect("a program can be read");
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("// expect:")).collect();
    (!lines.is_empty())
        .then(|| lines.iter().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect())
}

/// The judges see it when a server answers before its answer is durable.
#[test]
fn a_server_that_forgets_is_found() {
    for path in all_servers(root()) {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let text = std::fs::read_to_string(&path).expect("an example can be read");
        let hasty = text.replace("setDurable(1)", "setDurable(0)");
        assert_ne!(hasty, text);
        let script = Script::of_text(name.to_string(), name.to_string(), hasty, vec![]).expect("it compiles");
        let trial = Trial::new(script).expect("a server is not run before");
        let complaint = (1..=60).find_map(|seed| trial.run(seed, 1).err());
        let complaint = complaint.unwrap_or_else(|| panic!("{name} forgets, and nobody sees it"));
        assert!(complaint.starts_with("client "), "{name}: {complaint}");
    }
}
