//! Every language program and every example that ends, plain and under chaos: the short version of `cargo xtask chaos`.

use std::path::Path;
use xtask::chaos::{Script, Unkindness, all_programs, chaotic, plain};

#[test]
fn chaos_does_not_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up");
    let programs = all_programs(root).expect("the programs can be listed");
    assert!(programs.len() > 50, "only {} programs", programs.len());
    let mut seen = Unkindness::default();
    for path in programs {
        let script = Script::compile(&path, &[]).expect("it compiles");
        let expected = plain(&script).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Some(wanted) = announced(&path) {
            assert_eq!(expected.output, wanted, "{}", path.display());
        }
        for seed in 1..=6 {
            let (found, unkindness) = chaotic(&script, seed)
                .unwrap_or_else(|error| panic!("{} seed {seed}: {error}", path.display()));
            assert_eq!(found, expected, "{} seed {seed}", path.display());
            seen.add(unkindness);
        }
    }
    assert!(seen.cuts > 500 && seen.snapshots > 1000, "not enough happened to prove anything: {seen:?}");
    assert!(
        seen.evicted > 10_000 && seen.paged_in > 10_000,
        "not enough happened to prove anything: {seen:?}"
    );
}

/// What a language program says that it prints, in lines `// expect: text`.
fn announced(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).expect("a program can be read");
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("// expect:")).collect();
    (!lines.is_empty())
        .then(|| lines.iter().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect())
}
