//! Hostile input: the compiler neither panics nor overflows its stack, and what it lets pass verifies.

mod common;

use base::prng::Prng;
use common::{compile, verified};
use lang::{NoSources, Request};

/// Words that mutations put in.
const WORDS: &[&str] = &[
    "class ",
    "interface ",
    "extends ",
    "implements ",
    "package ",
    "import ",
    "var ",
    "int ",
    "string ",
    "void ",
    "if(",
    "else ",
    "while(",
    "do ",
    "for(",
    "foreach(",
    "in ",
    "switch(",
    "case ",
    "default:",
    "try ",
    "catch(",
    "finally ",
    "throw ",
    "return ",
    "break;",
    "continue;",
    "new ",
    "this",
    "null",
    "super",
    "static ",
    "@const ",
    "enum ",
    "private ",
    "protected ",
    "final ",
    "const ",
    "synchronized ",
    "synchronized(this){",
    "assert ",
    "=>",
    "(x)=>",
    "x=>",
    "()=>",
    "(int)=>int",
    "<T>",
    "<T extends ",
    "list<int>",
    "<",
    ">",
    ">>",
    "??",
    "?.",
    "..",
    "${",
    "\"${x:05d}\"",
    "static{",
    "x.y",
    "T",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    ".",
    "\"",
    "'",
    "\\",
    "/*",
    "*/",
    "//",
    "=",
    "==",
    ":==",
    "+",
    "++",
    "-",
    "*",
    "/",
    "%",
    "<<",
    ">>>",
    "?",
    ":",
    "!",
    "~",
    "&&",
    "||",
    "1",
    "2147483648",
    "0xFFFFFFFFF",
    "1.5f",
    "9L",
    "'a'",
    ".16(",
    ".internal.object",
    ".internal.string",
    "int[]",
    "x",
    "main",
    "toString()",
    "é",
    "\u{1F600}",
    "\u{0}",
];

fn programs() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");
    let entries = std::fs::read_dir(folder).expect("the folder of programs");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| common::read(path)).map(|source| source.text).collect()
}

fn boundary(text: &str, prng: &mut Prng) -> usize {
    let mut at = prng.below(text.len() as u64 + 1) as usize;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Inserts, removes, doubles and swaps pieces.
fn mutated(seed: &str, others: &[String], prng: &mut Prng) -> String {
    let mut text = seed.to_string();
    for _ in 0..=prng.below(4) {
        let (a, b) = (boundary(&text, prng), boundary(&text, prng));
        let (start, end) = (a.min(b), a.max(b).min(a.min(b) + 60));
        let end = (start..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(start);
        match prng.below(5) {
            0 => text.replace_range(start..end, ""),
            1 => text.insert_str(a, WORDS[prng.below(WORDS.len() as u64) as usize]),
            2 => {
                let piece = text[start..end].to_string();
                text.insert_str(boundary(&text, prng), &piece);
            }
            3 => {
                let other = &others[prng.below(others.len() as u64) as usize];
                let (x, y) = (boundary(other, prng), boundary(other, prng));
                text.insert_str(a, &other[x.min(y)..x.max(y)]);
            }
            _ => text.replace_range(start..end, WORDS[prng.below(WORDS.len() as u64) as usize]),
        }
    }
    text
}

#[test]
fn mutated_sources_never_panic() {
    let seeds = programs();
    let mut prng = Prng::new(20);
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..4000 {
        let seed = &seeds[round % seeds.len()];
        let text = mutated(seed, &seeds, &mut prng);
        let output = verified(lang::compile(&Request::single("fuzz.ph", text), &NoSources));
        for diagnostic in &output.diagnostics {
            assert!(!lang::render(diagnostic, &output.files, false).is_empty());
        }
        if output.module.is_some() { accepted += 1 } else { refused += 1 }
    }
    eprintln!("{accepted} accepted, {refused} refused");
    assert!(accepted > 50 && refused > 1000, "the mutations are too tame or too wild: {accepted}, {refused}");
}

/// Compiles in a thread with the stack of an ordinary one; the text must be refused with this code.
fn refused(text: String, code: &str) {
    let code = code.to_string();
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let output = compile("deep.ph", &text);
        assert!(
            output.diagnostics.iter().any(|diagnostic| diagnostic.code == code),
            "{:?}",
            output.diagnostics
        );
    });
    thread.expect("a thread").join().expect("no panic, no overflow");
}

fn body(text: &str) -> String {
    format!("package .deep;\nclass deep {{ void main() {{ {text} }} }};")
}

#[test]
fn depth_is_limited() {
    let n = 100_000;
    refused(body(&format!("int x = {}1{};", "(".repeat(n), ")".repeat(n))), "too-deep");
    refused(body(&format!("int x = {}1;", "1+".repeat(n))), "too-deep");
    refused(body(&format!("int x = {}1;", "1?1:".repeat(n))), "too-deep");
    refused(body(&format!("int x = {}1;", "-".repeat(n))), "too-deep");
    refused(body(&format!("int x = {}1;", "(int)".repeat(n))), "too-deep");
    refused(body(&format!("int x = {}1;", "x=".repeat(n))), "too-deep");
    refused(body(&"{".repeat(n)), "too-deep");
    refused(body(&"if(1)".repeat(n)), "too-deep");
    refused(body(&"try{".repeat(n)), "too-deep");
    refused(body(&format!("x{};", ".a()".repeat(n))), "too-deep");
    refused(body(&format!("x{};", "[0]".repeat(n))), "too-deep");
    refused(body(&format!("int{} x;", "[]".repeat(n))), "too-deep");
    refused(body(&format!("var f = {}1;", "x=>".repeat(n))), "too-deep");
    refused(body(&format!("var f = {}1;", "()=>{".repeat(n))), "too-deep");
    refused(body(&format!("var f : {}int;", "(int)=>".repeat(n))), "too-deep");
    refused(body(&format!("var f : {}int;", "(".repeat(n))), "too-deep");
    refused(body(&format!("var f = x{};", "?.y".repeat(n))), "too-deep");
    refused(body(&format!("var f = x{};", "??x".repeat(n))), "too-deep");
    refused(body(&format!("var f = x{};", "(1)".repeat(n))), "too-deep");
    refused(body(&format!("var f = f(){};", "(1)".repeat(n))), "too-deep");
    refused(body(&"synchronized(this){".repeat(n)), "too-deep");
    refused(body(&format!("var f : {}int;", "deep<".repeat(n))), "syntax");
    refused(body(&format!("var f = {};", "\"${".repeat(n))), "open-expression");
}

#[test]
fn a_body_of_greatest_depth_compiles() {
    let n = 120;
    let nested = format!(
        "{}println({}1{});{}",
        "if(1){".repeat(n / 4),
        "(".repeat(n),
        ")".repeat(n),
        "}".repeat(n / 4)
    );
    let sum = format!("println({}1);", "1+".repeat(n));
    let tries = format!("{}{}", "try { ".repeat(n / 2), "} finally { println(1); }".repeat(n / 2));
    let text = body(&format!("{nested} {sum} {tries}"));
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let output = compile("deep.ph", &text);
        assert!(output.module.is_some(), "{}", common::messages(&output));
    });
    thread.expect("a thread").join().expect("no panic, no overflow");
}

#[test]
fn functions_in_functions_of_greatest_depth_compile() {
    let n = 60;
    let calls = format!("var f = {}1; println({}f{});", "x => ".repeat(n), "", "(1)".repeat(n));
    let blocks = format!("var g = {}1{};", "() => { return ".repeat(n / 2), "; }".repeat(n / 2));
    let text = body(&format!("var y = 0; y++; {calls} {blocks}"));
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let output = compile("deep.ph", &text);
        assert!(output.module.is_some(), "{}", common::messages(&output));
    });
    thread.expect("a thread").join().expect("no panic, no overflow");
}

#[test]
fn types_that_double_end() {
    let mut text =
        String::from("package .deep;\nclass pair<A, B> { };\nclass c0<T> { T get() { return null; } };\n");
    for index in 1..80 {
        text.push_str(&format!("class c{index}<T> extends c{}<pair<T, T>> {{ }};\n", index - 1));
    }
    text.push_str("class deep { void main() { var x = new c79<int>(); var y = x.get(); println(y); } };");
    assert!(compile("deep.ph", &text).module.is_some());
    refused("package .deep; class a<T extends a<T>> extends a<a<T>> { };".into(), "bad-parent");
    refused("package .deep; class a<T extends T> { };".into(), "bad-bound");
}

#[test]
fn a_long_chain_of_parents_ends() {
    let mut text = String::from("package .deep;\n");
    for index in 0..2000 {
        text.push_str(&format!("class c{index} extends c{} {{ }};\n", index + 1));
    }
    text.push_str("class c2000 extends c0 { };\n");
    refused(text, "bad-parent");
}

#[test]
fn much_of_everything_takes_linear_time() {
    let statements = body(&"try { println(1); return; } finally { println(2); }".repeat(3000));
    assert!(compile("deep.ph", &statements).module.is_some());
    let errors = compile("deep.ph", &body(&"nobody = 1;".repeat(5000)));
    assert!(errors.diagnostics.len() <= lang::ERRORS_MAX);
}
