//! The table of frames in `docs/formats/bytecode.md` has the fields of the schema, at their offsets.

use layout::schema::frame;

const DOCS: &str = include_str!("../../../docs/formats/bytecode.md");

#[test]
fn docs_have_the_frame_of_the_schema() {
    let section = DOCS.split("\n## Frames\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.unwrap_or_else(|| panic!("docs/formats/bytecode.md has no section on frames"));
    let rows: Vec<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.rsplit_once(" | ").map(|(row, _)| row.to_string()))
        .filter(|row| row.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    let wanted: Vec<String> = frame::TABLE
        .iter()
        .map(|(name, offset, kind)| {
            let size = if matches!(*kind, "value" | "u64") { 8 } else { 4 };
            format!("{offset} | {size} | `{name}`")
        })
        .collect();
    assert_eq!(rows, wanted);
}
