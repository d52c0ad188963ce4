//! `docs/formats/bytecode.md` says what the crate does: the instruction table is generated, the mappings are complete.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

use bytecode::{Effect, Flags, Op, OpFlags, Operand, assemble, verify_module};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

const START: &str =
    "<!-- instructions: generated, update with UPDATE_EXPECT=1 cargo test -p bytecode --test docs -->\n";
const END: &str = "<!-- end -->\n";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/bytecode.md")
}

fn page() -> String {
    std::fs::read_to_string(path()).expect("the page is in the repository")
}

fn instruction_table() -> String {
    let mut out = format!("{} instructions.\n", Op::ALL.len());
    let mut group = "";
    for op in Op::ALL {
        let spec = op.spec();
        if spec.group != group {
            group = spec.group;
            let _ = write!(
                out,
                "\n**{group}.**\n\n| value | mnemonic | operands | stack | flags | meaning |\n|---|---|---|---|---|---|\n"
            );
        }
        let value = match spec.value {
            value @ 0..=0xff => format!("{value:02x}"),
            value => format!("fe {:02x}", value & 0xff),
        };
        let operands: Vec<String> = spec.operands.iter().map(|operand| format!("`{operand:?}`")).collect();
        let items = |items: &[bytecode::Item]| {
            items.iter().map(|item| format!("{item:?}").to_lowercase()).collect::<Vec<_>>().join(" ")
        };
        let stack = match spec.effect {
            Effect::Fixed { pops, pushes } => {
                format!("{} → {}", items(pops), items(pushes)).trim().to_string()
            }
            Effect::Special => "by operands".into(),
        };
        let flags: String =
            [(OpFlags::END, 'E'), (OpFlags::BRANCH, 'B'), (OpFlags::SAFE, 'S'), (OpFlags::THROW, 'T')]
                .iter()
                .filter(|(flag, _)| spec.flags.has(*flag))
                .map(|(_, letter)| *letter)
                .collect();
        let _ = writeln!(
            out,
            "| {value} | `{}` | {} | {stack} | {flags} | {} |",
            spec.mnemonic,
            operands.join(" "),
            spec.doc
        );
    }
    out
}

#[test]
fn the_instruction_table_is_current() {
    let page = page();
    let start = page.find(START).expect("the page has the start mark") + START.len();
    let end = start + page[start..].find(END).expect("the page has the end mark");
    let table = instruction_table();
    if page[start..end] != table && std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path(), format!("{}{table}{}", &page[..start], &page[end..]))
            .expect("the page can be written");
        return;
    }
    assert!(
        page[start..end] == table,
        "the table is old: UPDATE_EXPECT=1 cargo test -p bytecode --test docs"
    );
}

#[test]
fn the_table_is_consistent() {
    let mut mnemonics = BTreeSet::new();
    let mut last = None;
    for op in Op::ALL {
        let spec = op.spec();
        assert!(last < Some(spec.value), "{}: values ascend", spec.mnemonic);
        last = Some(spec.value);
        assert!(
            spec.value < 0xfe || spec.value >> 8 == 0xfe,
            "{}: one byte or the prefix page",
            spec.mnemonic
        );
        assert!(mnemonics.insert(spec.mnemonic), "{} stands twice", spec.mnemonic);
        let targets = [Operand::Target, Operand::TableSwitch, Operand::LookupSwitch];
        let has_target = spec.operands.iter().any(|operand| targets.contains(operand));
        assert_eq!(op.is_branch(), has_target, "{}: a branch has a target, first", spec.mnemonic);
        let pools = spec.operands.iter().filter(|operand| operand.is_pool()).count();
        assert!(pools <= 1 && spec.operands.len() <= bytecode::op::OPERANDS_MAX, "{}", spec.mnemonic);
    }
    for (_, name) in Flags::NAMES {
        assert!(page().contains(&format!("`{name}`")), "the page lacks the flag {name}");
    }
}

/// The rows of the mapping under the title: value, name, mapping.
fn mapping(title: &str) -> Vec<[String; 3]> {
    let page = page();
    let start = page.find(&format!("### {title}\n")).expect("the page has the mapping");
    let section = page[start + 4..].split("\n### ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| 0x"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [value, name, mapped] = cells[..] else { panic!("a row of three cells: {row}") };
        [value.to_string(), name.to_string(), mapped.to_string()]
    })
    .collect()
}

/// Checks that the mapping has exactly the values, and that every instruction it names exists.
fn check_mapping(title: &str, expected: impl IntoIterator<Item = String>) {
    let rows = mapping(title);
    let values: BTreeSet<String> = rows.iter().map(|[value, _, _]| value.clone()).collect();
    assert_eq!(values.len(), rows.len(), "{title}: a value stands twice");
    let expected: BTreeSet<String> = expected.into_iter().collect();
    let differing: Vec<_> = expected.symmetric_difference(&values).collect();
    assert!(differing.is_empty(), "{title}: missing or too many: {differing:?}");
    for [value, _, mapped] in &rows {
        assert!(!mapped.is_empty(), "{title} {value} maps to nothing");
        for mnemonic in mapped.split('`').skip(1).step_by(2) {
            assert!(Op::from_mnemonic(mnemonic).is_some(), "{title} {value}: there is no `{mnemonic}`");
        }
    }
}

fn bytes(values: impl IntoIterator<Item = u32>) -> impl Iterator<Item = String> {
    values.into_iter().map(|value| format!("{value:#04x}"))
}

#[test]
fn every_java_opcode_is_mapped() {
    check_mapping("Java", bytes(0..=0xc9));
}

#[test]
fn every_wasm_opcode_is_mapped() {
    let plain = (0..=0x15).chain([0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1f]);
    let plain = plain.chain(0x20..=0x26).chain(0x28..=0xc4).chain(0xd0..=0xd6);
    let atomics = (0..=3).chain(0x10..=0x4e).map(|value: u32| format!("0xfe {value:#04x}"));
    let more = (0..=17).map(|value| format!("0xfc {value}"));
    check_mapping(
        "WebAssembly",
        bytes(plain).chain(atomics).chain(more).chain(["0xfb ..".into(), "0xfd ..".into()]),
    );
}

#[test]
fn every_clr_opcode_is_mapped() {
    // Values that ECMA-335 leaves free.
    let free = [0x24..=0x24, 0x77..=0x78, 0xa6..=0xb2, 0xbb..=0xc1, 0xc4..=0xc5, 0xc7..=0xcf];
    let plain = (0..=0xe0).filter(|value| !free.iter().any(|range| range.contains(value)));
    let second = (0..=0x1e).filter(|value: &u32| ![0x08, 0x10, 0x1b].contains(value));
    check_mapping("CLR", bytes(plain).chain(second.map(|value| format!("0xfe {value:#04x}"))));
}

#[test]
fn the_example_assembles() {
    let page = page();
    let example =
        page.split("```text\n").nth(2).and_then(|rest| rest.split("```").next()).expect("an example");
    let module = assemble(example).expect(example);
    assert_eq!(verify_module(&module), Ok(()));
}
