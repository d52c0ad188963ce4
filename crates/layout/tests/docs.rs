//! `docs/internal-classes.md` is written from the table of internal classes: `UPDATE_EXPECT=1 cargo test -p layout`.
#![allow(clippy::disallowed_methods, reason = "measures time, or reads a switch of the test run")]

use bytecode::Descriptor;
use bytecode::desc::{ElemDesc, TypeDesc, primitive};
use layout::internal::{CLASSES, InternalClass, InternalMethod, Restart};
use std::fmt::Write as _;
use std::path::PathBuf;

const HEAD: &str = "\
# Internal classes

The classes whose methods the kernel implements.
This page is generated from `crates/layout/src/internal.rs`; `UPDATE_EXPECT=1 cargo test -p layout` writes it anew.

Names and numbers are those of the original Phantom, of its later branch where the two differ; what it does not have takes the next free numbers.
What the original declares and does not do (iterators, `subarray`, `toFloat`, `iterate`) works here; what it does wrong (the sign of `toInt`, an index below zero) is right here.

- A number before a method is its ordinal, by which any object may be called without knowing its class.
  Every class has the methods of `.internal.object` as well; a class that names one of them again does it differently.
- The leading `.internal.` of types is left out; `T[]` is an array of the machine, `container.array` a growing one.
- A wrong argument (null, an object of another class, a number out of range) throws: a string that says what is wrong, or one of the exceptions below where the table says so.
  Nothing that a program passes stops the machine.
- A change of an immutable object throws `.internal.exception.immutable`; an object that does not fit in the world throws `.internal.exception.out_of_memory`.
- Strings and binaries hold at most 1 GiB, arrays and directories at most 2^28 elements.
- **new** says that programs may create objects of the class by `new`.

The last column says what a restart does to a call that it interrupts:

| restart | meaning |
|---|---|
| short | it runs to its end between two safepoints: a restart never finds it half done |
| divided | as short when there is little to do; else it works in steps, between which other threads run, and goes on at its step: what it lays out anew (an array or directory that grows, an insertion) takes the place of the old at the end, and is begun again if another thread changed the object meanwhile; what it only reads it sees as it is at each step |
| idempotent | it is done again, which makes no difference but that output may appear twice |
| resumable | it goes on where it was |
| once | whether it took effect is unknown: the program gets a result that says so |
";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/internal-classes.md")
}

fn class_name(name: &str) -> String {
    name.strip_prefix(".internal.").unwrap_or(name).into()
}

fn type_name(desc: &TypeDesc) -> String {
    match desc {
        TypeDesc::Prim(elem) => primitive(*elem).into(),
        TypeDesc::Class(name) => class_name(name),
        TypeDesc::Array { dims, elem } => {
            let elem = match elem {
                ElemDesc::Prim(elem) => primitive(*elem).into(),
                ElemDesc::Class(name) => class_name(name),
            };
            elem + &"[]".repeat(usize::from(*dims))
        }
    }
}

fn signature(method: &InternalMethod) -> String {
    let desc = Descriptor::parse(method.descriptor).expect("the table holds descriptors");
    let params: Vec<String> = desc.params.iter().map(type_name).collect();
    let result = desc.result.as_ref().map(|result| format!(": {}", type_name(result))).unwrap_or_default();
    format!("{}({}){result}", method.name, params.join(", "))
}

fn section(class: &InternalClass) -> String {
    let parent = match class.parent {
        "" => String::new(),
        parent => format!("Extends `{parent}`."),
    };
    let new = if class.id.can_be_created() { "**new**" } else { "" };
    let facts: Vec<&str> = [parent.as_str(), new].into_iter().filter(|fact| !fact.is_empty()).collect();
    let mut text = format!("\n## {}\n\n{}\n{}\n", class.name, class.doc, facts.join(" "));
    if class.methods.is_empty() {
        return text;
    }
    text += "\n| | method | what it does | restart |\n|---|---|---|---|\n";
    for method in class.methods {
        let restart = match method.restart {
            Restart::Short => "short",
            Restart::Divided => "divided",
            Restart::Idempotent => "idempotent",
            Restart::Resumable => "resumable",
            Restart::Once => "once",
        };
        let _ =
            writeln!(text, "| {} | `{}` | {} | {restart} |", method.ordinal, signature(method), method.doc);
    }
    text
}

#[test]
fn the_page_shows_the_table() {
    let page = CLASSES.iter().fold(HEAD.to_string(), |page, class| page + &section(class));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path(), &page).expect("the page can be written");
    }
    let there = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(there == page, "docs/internal-classes.md is old: UPDATE_EXPECT=1 cargo test -p layout");
}

#[test]
fn every_line_of_the_page_is_a_sentence() {
    for class in CLASSES {
        assert!(class.doc.ends_with('.'), "{}", class.name);
        for method in class.methods {
            assert!(method.doc.ends_with('.') && !method.doc.contains('|'), "{} {}", class.name, method.name);
        }
    }
}
