//! Every example of `docs/language.md` prints the block behind it, plainly and under chaos.

use std::path::{Path, PathBuf};
use world::inspect::ProgramState;
use xtask::chaos::{Script, chaotic, plain};

#[test]
fn examples_print_what_stands_behind_them() {
    let root: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up").into();
    let guide = std::fs::read_to_string(root.join("docs/language.md")).expect("docs/language.md");
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut count = 0;
    for rest in guide.split("```ph\n").skip(1) {
        let (example, behind) = rest.split_once("```\n").expect("an example ends");
        let expected = behind
            .strip_prefix("```text\n")
            .and_then(|rest| rest.split_once("```"))
            .map(|(text, _)| text)
            .unwrap_or_else(|| panic!("no output stands behind\n{example}"));
        // A file is named like the class that is run, the last one.
        let class = example.rsplit("\nclass ").next().and_then(|rest| rest.split([' ', '<']).next());
        let name = class.unwrap_or("example").trim_start_matches("class ").trim().to_string();
        let path = folder.path().join(format!("{name}.ph"));
        std::fs::write(&path, example).expect("the example can be written");
        let script = Script::compile(&path, &[]).unwrap_or_else(|error| panic!("{error}\n{example}"));
        let result = plain(&script).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(result.state, ProgramState::Ended { status: 0 }, "{}\n{example}", result.failure);
        assert_eq!(result.output, expected, "\n{example}");
        let (again, _) = chaotic(&script, 1).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(again, result, "under chaos\n{example}");
        count += 1;
    }
    assert!(count >= 15, "only {count} examples");
}
