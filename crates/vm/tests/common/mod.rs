//! A world per table of cases: each case is assembler text, run as a program of its own.
//!
//! In the text two spaces (or a line feed) separate statements; a line `const 0 = ...` goes to the head of the module,
//! and what stands before a line `---` stands beside the class of the case. `$` is the number of the case, so that class
//! names of several cases differ. Every case sees the classes of [`PRELUDE`].

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod world;

pub(crate) use world::{Outcome, TestWorld};

use world::SLICES_MAX;

use bytecode::{Module, Op, assemble, instructions, verify_module};
use std::collections::BTreeSet;
use std::fmt;

/// What a case must come to.
#[derive(Clone, Copy)]
pub(crate) enum Expect {
    /// An i32.
    I(i32),
    /// An i64.
    L(i64),
    /// An f32, to the bit.
    F(f32),
    /// An f64, to the bit.
    D(f64),
    /// Any NaN.
    FNan,
    /// Any NaN.
    DNan,
    /// The null reference.
    Null,
    /// A string with this text.
    Text(&'static str),
    /// An object of this class.
    Of(&'static str),
    /// Throws an exception of the kernel class `.internal.exception.` and this.
    Throws(&'static str),
    /// Throws an object of this class.
    ThrowsA(&'static str),
    /// Throws a string that contains this.
    ThrowsText(&'static str),
    /// Goes on for ever; the machine can be stopped meanwhile.
    Endless,
    /// The module is refused, with this in the reason.
    Refused(&'static str),
}

impl Expect {
    fn descriptor(self) -> &'static str {
        match self {
            Expect::I(_) => "()I",
            Expect::L(_) => "()J",
            Expect::F(_) | Expect::FNan => "()F",
            Expect::D(_) | Expect::DNan => "()D",
            Expect::Null | Expect::Text(_) | Expect::Of(_) => "()L.internal.object;",
            // Whatever lies on the stack at the end may stay there.
            Expect::Throws(_)
            | Expect::ThrowsA(_)
            | Expect::ThrowsText(_)
            | Expect::Endless
            | Expect::Refused(_) => "()V",
        }
    }

    fn fits(self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Expect::I(wanted), Outcome::I32(found)) => wanted == *found,
            (Expect::L(wanted), Outcome::I64(found)) => wanted == *found,
            (Expect::F(wanted), Outcome::F32(found)) => wanted.to_bits() == *found,
            (Expect::D(wanted), Outcome::F64(found)) => wanted.to_bits() == *found,
            (Expect::FNan, Outcome::F32(found)) => f32::from_bits(*found).is_nan(),
            (Expect::DNan, Outcome::F64(found)) => f64::from_bits(*found).is_nan(),
            (Expect::Null, Outcome::Null) => true,
            (Expect::Text(wanted), Outcome::Text(found)) => wanted == found,
            (Expect::Of(wanted), Outcome::Object(found)) => wanted == found,
            (Expect::Of(wanted), Outcome::I32(_)) => wanted == ".internal.int",
            (Expect::Of(wanted), Outcome::I64(_)) => wanted == ".internal.long",
            (Expect::Throws(wanted), Outcome::Threw(found)) => {
                found.strip_prefix(".internal.exception.") == Some(wanted)
            }
            (Expect::ThrowsA(wanted), Outcome::Threw(found)) => wanted == found,
            (Expect::ThrowsText(wanted), Outcome::ThrewText(found)) => found.contains(wanted),
            (Expect::Endless, Outcome::Endless) => true,
            (Expect::Refused(wanted), Outcome::Refused(found)) => found.contains(wanted),
            _ => false,
        }
    }
}

impl fmt::Debug for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::I(value) => write!(f, "i32 {value}"),
            Expect::L(value) => write!(f, "i64 {value}"),
            Expect::F(value) => write!(f, "f32 {value:?} ({:#010x})", value.to_bits()),
            Expect::D(value) => write!(f, "f64 {value:?} ({:#018x})", value.to_bits()),
            Expect::FNan => f.write_str("an f32 NaN"),
            Expect::DNan => f.write_str("an f64 NaN"),
            Expect::Null => f.write_str("null"),
            Expect::Text(text) => write!(f, "the string {text:?}"),
            Expect::Of(class) => write!(f, "an object of {class}"),
            Expect::Throws(class) => write!(f, "throws .internal.exception.{class}"),
            Expect::ThrowsA(class) => write!(f, "throws {class}"),
            Expect::ThrowsText(text) => write!(f, "throws the string {text:?}"),
            Expect::Endless => f.write_str("goes on for ever"),
            Expect::Refused(text) => write!(f, "refused: {text}"),
        }
    }
}

/// One case: text and what it must come to.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) text: String,
    pub(crate) expect: Expect,
}

/// A table of cases.
pub(crate) struct Cases {
    name: &'static str,
    pub(crate) cases: Vec<Case>,
}

impl Cases {
    pub(crate) fn new(name: &'static str) -> Cases {
        Cases { name, cases: Vec::new() }
    }

    /// Adds cases as they are.
    pub(crate) fn add(&mut self, cases: &[(&str, Expect)]) {
        self.cases.extend(cases.iter().map(|(text, expect)| Case { text: (*text).into(), expect: *expect }));
    }
    fn push(&mut self, text: String, expect: Expect) {
        self.cases.push(Case { text, expect });
    }
    pub(crate) fn i32(&mut self, op: &str, cases: &[(i32, Expect)]) {
        for (a, expect) in cases {
            self.push(format!("{}  {op}", i32_const(*a)), *expect);
        }
    }
    pub(crate) fn i64(&mut self, op: &str, cases: &[(i64, Expect)]) {
        for (a, expect) in cases {
            self.push(format!("{}  {op}", i64_const(*a)), *expect);
        }
    }
    pub(crate) fn f32(&mut self, op: &str, cases: &[(f32, Expect)]) {
        for (a, expect) in cases {
            self.push(format!("{}  {op}", f32_const(*a)), *expect);
        }
    }
    pub(crate) fn f64(&mut self, op: &str, cases: &[(f64, Expect)]) {
        for (a, expect) in cases {
            self.push(format!("{}  {op}", f64_const(*a)), *expect);
        }
    }
    pub(crate) fn i32_i32(&mut self, op: &str, cases: &[(i32, i32, Expect)]) {
        for (a, b, expect) in cases {
            self.push(format!("{}  {}  {op}", i32_const(*a), i32_const(*b)), *expect);
        }
    }
    pub(crate) fn i64_i64(&mut self, op: &str, cases: &[(i64, i64, Expect)]) {
        for (a, b, expect) in cases {
            self.push(format!("{}  {}  {op}", i64_const(*a), i64_const(*b)), *expect);
        }
    }
    pub(crate) fn i64_i32(&mut self, op: &str, cases: &[(i64, i32, Expect)]) {
        for (a, b, expect) in cases {
            self.push(format!("{}  {}  {op}", i64_const(*a), i32_const(*b)), *expect);
        }
    }
    pub(crate) fn f32_f32(&mut self, op: &str, cases: &[(f32, f32, Expect)]) {
        for (a, b, expect) in cases {
            self.push(format!("{}  {}  {op}", f32_const(*a), f32_const(*b)), *expect);
        }
    }
    pub(crate) fn f64_f64(&mut self, op: &str, cases: &[(f64, f64, Expect)]) {
        for (a, b, expect) in cases {
            self.push(format!("{}  {}  {op}", f64_const(*a), f64_const(*b)), *expect);
        }
    }

    /// Runs every case; all that come to something else are shown together.
    pub(crate) fn check(&self) {
        self.run(TestWorld::new);
    }

    /// The same while the machine freezes threads, collects and drops its caches at seeded safepoints.
    pub(crate) fn check_in_chaos(&self, seed: u64) {
        self.run(|| {
            let mut world = TestWorld::new();
            world.chaos(seed);
            world
        });
    }

    fn run(&self, new_world: impl Fn() -> TestWorld) {
        let mut world = None;
        let mut failures = Vec::new();
        for (number, case) in self.cases.iter().enumerate() {
            let module = match case.module(number) {
                Ok(module) => module,
                Err(error) => {
                    failures.push(format!("{number}: {}\n  does not assemble: {error}", case.text));
                    continue;
                }
            };
            let (outcome, kept) =
                TestWorld::run(world.take().unwrap_or_else(&new_world), &module, case.slices());
            world = kept;
            if !case.expect.fits(&outcome) {
                failures.push(format!(
                    "{number}: {}\n  wanted {:?}\n  found  {outcome:?}",
                    case.text, case.expect
                ));
            }
        }
        println!("{}: {} cases", self.name, self.cases.len());
        assert!(
            failures.is_empty(),
            "{} of {} cases of {} fail:\n{}",
            failures.len(),
            self.cases.len(),
            self.name,
            failures.join("\n")
        );
    }
}

pub(crate) fn i32_const(value: i32) -> String {
    // Every form of the constant is used.
    match value {
        -128..=127 => format!("i32.const8 {value}"),
        -32768..=32767 => format!("i32.const16 {value}"),
        _ => format!("i32.const {value}"),
    }
}
pub(crate) fn i64_const(value: i64) -> String {
    if (-128..=127).contains(&value) { format!("i64.const8 {value}") } else { format!("i64.const {value}") }
}
pub(crate) fn f32_const(value: f32) -> String {
    if value.is_nan() {
        format!("f32.const nan:{:#x}", value.to_bits())
    } else {
        format!("f32.const {value:?}")
    }
}
pub(crate) fn f64_const(value: f64) -> String {
    if value.is_nan() {
        format!("f64.const nan:{:#x}", value.to_bits())
    } else {
        format!("f64.const {value:?}")
    }
}

impl Case {
    /// The module of the case: its class is `Case` and the number; `test` holds the text, `main` calls it and keeps what
    /// comes of it in the array that it returns.
    pub(crate) fn module(&self, number: usize) -> Result<Module, String> {
        let text = self.text.replace('$', &number.to_string());
        let (beside, body) = match text.split_once("---\n") {
            Some((beside, body)) => (beside, body),
            None => ("", text.as_str()),
        };
        let (mut head, mut code) = (String::new(), String::new());
        for line in body.split('\n').flat_map(|line| line.split("  ")).map(str::trim) {
            let is_head = line
                .strip_prefix("const ")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            let to = if is_head { &mut head } else { &mut code };
            to.push_str(line);
            to.push('\n');
        }
        let desc = self.expect.descriptor();
        let to_object = match self.expect {
            Expect::I(_) => "box_i32",
            Expect::L(_) => "box_i64",
            Expect::F(_) | Expect::FNan => "box_f32",
            Expect::D(_) | Expect::DNan => "box_f64",
            Expect::Null | Expect::Text(_) | Expect::Of(_) => "nop",
            _ => "null",
        };
        let text = format!(
            "module case{number}
            entry Case{number}
            {head}
            {beside}
            class Case{number} super .internal.object flags public {{
                method test {desc} flags public static {{
                    {code}
                    return
                }}
                method main ()L.internal.object; flags public static {{
                    i32.const8 2
                    new_ref_array .internal.object
                    local.set 0
                start:
                    call_static Case{number} test {desc}
                    {to_object}
                    local.set 1
                end:
                    local.get 0
                    i32.const8 0
                    local.get 1
                    array.set_ref
                    local.get 0
                    return
                caught:
                    local.set 1
                    local.get 0
                    i32.const8 1
                    local.get 1
                    array.set_ref
                    local.get 0
                    return
                    handler start end caught
                }}
            }}"
        );
        let errors = |errors: Vec<String>| errors.join("; ");
        assemble(&text).map_err(|all| errors(all.iter().map(|error| format!("{error}\n{text}")).collect()))
    }

    /// Slices that the case is given.
    fn slices(&self) -> u64 {
        if matches!(self.expect, Expect::Endless) { 10 } else { SLICES_MAX }
    }

    /// The instructions of the method under test and of what stands beside it.
    pub(crate) fn ops(&self) -> BTreeSet<Op> {
        let module = self.module(0).unwrap_or_else(|error| panic!("{}: {error}", self.text));
        let methods =
            module.classes.iter().flat_map(|class| &class.methods).filter(|method| method.name != "main");
        let codes = methods.filter_map(|method| method.code.as_ref());
        codes.flat_map(|code| instructions(&code.bytes).filter_map(Result::ok).map(|insn| insn.op)).collect()
    }

    /// Whether the module passes the verifier, as all but refused ones must.
    pub(crate) fn verify(&self, number: usize) -> Result<(), String> {
        let module = self.module(number)?;
        match (verify_module(&module), self.expect) {
            (Ok(()), _) | (Err(_), Expect::Refused(_)) => Ok(()),
            (Err(errors), _) => {
                Err(errors.iter().map(|error| error.to_string()).collect::<Vec<_>>().join("; "))
            }
        }
    }
}

/// Classes that every case may use.
pub(crate) const PRELUDE: &str = include_str!("prelude.asm");
