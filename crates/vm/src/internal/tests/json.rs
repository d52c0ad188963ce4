//! `string.parseJson` against `serde_json` on the whole text: values and errors, without a frame, in large steps and in
//! small ones, over collections and restarts; and how far it goes in a step.

use super::bench::Bench;
use crate::Vm;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::prng::Prng;
use core::fmt;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{container, directory};
use layout::value::Unpacked;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What a text means, written so that whatever differs reads differently.
struct Meaning(String);

impl<'de> Deserialize<'de> for Meaning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Meaning, D::Error> {
        deserializer.deserialize_any(Reader).map(Meaning)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<String, E> {
        Ok("null".into())
    }
    fn visit_bool<E: Error>(self, truth: bool) -> Result<String, E> {
        Ok(format!("{}", i32::from(truth)))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(format!("{number}L"))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        Ok(i64::try_from(number).map_or(format!("{:?}", number as f64), |number| format!("{number}L")))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        Ok(format!("{number:?}"))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(format!("{text:?}"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<String, A::Error> {
        let mut all = Vec::new();
        while let Some(Meaning(element)) = elements.next_element()? {
            all.push(element);
        }
        Ok(format!("[{}]", all.join(",")))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<String, A::Error> {
        let mut order: Vec<String> = Vec::new();
        let mut values = alloc::collections::BTreeMap::new();
        while let Some((key, Meaning(value))) = pairs.next_entry::<String, Meaning>()? {
            if values.insert(key.clone(), value).is_none() {
                order.push(key);
            }
        }
        let all: Vec<String> = order.iter().map(|key| format!("{key:?}:{}", values[key])).collect();
        Ok(format!("{{{}}}", all.join(",")))
    }
}

/// What is expected.
fn reference(text: &[u8]) -> Result<String, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = Meaning::deserialize(&mut reader).and_then(|meaning| reader.end().map(|()| meaning.0));
    read.map_err(|error| format!("string.parseJson: {error}"))
}

/// What objects mean.
fn meaning(vm: &Vm, value: Value) -> String {
    match value.unpack() {
        Unpacked::Null => return "null".into(),
        Unpacked::Int(number) => return number.to_string(),
        _ => {}
    }
    if let Some(text) = vm.string_bytes_of(value) {
        return format!("{:?}", core::str::from_utf8(&text).expect("UTF-8"));
    }
    if let Some(number) = vm.as_long(value) {
        return format!("{number}L");
    }
    if let Some(number) = vm.as_double(value) {
        return format!("{number:?}");
    }
    let object = value.as_object().expect("an object");
    let elements = |array: u64, count: u64| -> Vec<String> {
        let array = vm.ref_field(object, array);
        (0..count).map(|index| meaning(vm, vm.array_get(array, index))).collect()
    };
    if vm.is_kernel(value, ClassId::Container) {
        return format!("[{}]", elements(container::PAGE, vm.get_u64(object, container::USED)).join(","));
    }
    assert!(vm.is_kernel(value, ClassId::Directory));
    let parts = elements(directory::ENTRIES, 2 * vm.get_u64(object, directory::USED));
    let pairs: Vec<String> = parts.chunks(2).map(|pair| pair.join(":")).collect();
    format!("{{{}}}", pairs.join(","))
}

/// What the method makes of a text; none when it wants a frame and has none.
fn parsed(
    bench: &mut Bench,
    text: &[u8],
    framed: bool,
    at_safepoint: impl FnMut(&mut Bench),
) -> Option<Result<String, String>> {
    bench.collect_when_wanted();
    let string = Value::object(bench.vm.make_string(text));
    bench.keep("text", string);
    let returned = bench.call_with("text", "parseJson", framed, at_safepoint)?;
    Some(if returned {
        Ok(meaning(&bench.vm, bench.named("result")))
    } else {
        let thrown = bench.vm.string_bytes_of(bench.named("thrown")).expect("a string is thrown");
        Err(String::from_utf8(thrown).expect("UTF-8"))
    })
}

/// Compares what the method makes of a text in all ways; how often it came to a safepoint in small steps.
fn compare(bench: &mut Bench, text: &[u8]) -> u32 {
    let expected = reference(text);
    let shown = || String::from_utf8_lossy(&text[..text.len().min(2000)]).into_owned();
    bench.vm.chaos = None;
    let short = parsed(bench, text, false, |_| {});
    assert!(short.is_some() || text.len() > 4096, "a short text needs a frame");
    assert!(short.is_none() || text.len() <= 4096, "a long text needs none");
    if let Some(short) = short {
        assert_eq!(short, expected, "without a frame: {}", shown());
    }
    assert_eq!(parsed(bench, text, true, |_| {}), Some(expected.clone()), "in a frame: {}", shown());
    bench.vm.chaos(text.len() as u64);
    let mut safepoints = 0;
    let small = parsed(bench, text, true, |_| safepoints += 1);
    assert_eq!(small, Some(expected), "in small steps: {}", shown());
    safepoints
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "null",
    "nul",
    "nulL",
    "tru",
    "truE",
    "true",
    "false",
    "falsch",
    "x",
    "+1",
    "-",
    "-x",
    "01",
    "-01",
    "0",
    "-0",
    "-0.0",
    "1.",
    "1.x",
    "1.\n",
    "1e",
    "1e+",
    "1e+x",
    "1E-3",
    "1e5",
    "0.1",
    "123456789012345678",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890.12345678901234567890e-7",
    "2.2250738585072011e-308",
    "1e308",
    "1e309",
    "-1e999",
    "1e-999",
    "1e99999999999",
    "0e99999999999",
    "1e-99999999999",
    "0.30000000000000004",
    "[]",
    "[ ]",
    "[\n]",
    "{}",
    "{ }",
    "[1,2,3]",
    "[1 , 2\t,\r\n3 ]",
    "[1,]",
    "[1, ]",
    "[,]",
    "[,1]",
    "[1 2]",
    "[1}",
    "[1",
    "[1,",
    "[1,\n",
    "[",
    "]",
    "{",
    "}",
    "{1:2}",
    "{a",
    "{\"a\"",
    "{\"a\" 1}",
    "{\"a\":",
    "{\"a\":}",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{\"a\":1, }",
    "{\"a\":1,b",
    "{\"a\":1 \"b\"}",
    "{\"a\":1]",
    "{\"a\":1,\"b\":[2,{\"c\":null}],\"a\":3}",
    "{\"\":{\"\":{\"\":[[],{}]}}}",
    "[\"a\",\"b\",true,false,null,-1,2.5e3,{},[]]",
    "[1]\n\n [2]",
    "\n\n [1,\n 2,\n x]",
    "1 2",
    "[1]]",
    "\"abc\"",
    "\"abc",
    "\"",
    "\"\\",
    "\"\\\"",
    "\"a\\qb\"",
    "\"a\nb\"",
    "\"a\u{1}b\"",
    "\n\n\"a\tb\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u00fc\\u20AC\\ud83d\\uDE00\\u0000\"",
    "\"\\u12\"",
    "\"\\u12",
    "\"\\u12\" and more",
    "\"\\u12g4\"",
    "\"\\ud83d\"",
    "\"\\ud83d",
    "\"\\ud83d\\",
    "\"\\ud83d\\n\"",
    "\"\\ud83d\\u0041\"",
    "\"\\ud83d\\ud83d\"",
    "\"\\ud83dabcdef\"",
    "\"\\ude00\"",
    "\"\\ud83d\\u12\" and more",
    "\"grün 😀 €\"",
    "{\"gr\\u00fcn\":1,\"grün\":2}",
    "\u{feff}1",
];

#[test]
fn texts_mean_what_they_always_did() {
    let mut bench = Bench::new();
    for text in TEXTS {
        for end in (0..=text.len()).filter(|end| *end == text.len() || text.len() < 60) {
            compare(&mut bench, &text.as_bytes()[..end]);
        }
        for prefix in [format!("[\n{text}"), format!("{{\"k\":{text}"), format!(" \n\n\"{}\" ", text)] {
            compare(&mut bench, prefix.as_bytes());
            compare(&mut bench, format!("{prefix}]").as_bytes());
        }
        // Around the ends of the windows and steps.
        for spaces in (380..=402).chain([0, 8180, 8192]) {
            let white = " \n".repeat(spaces / 2);
            compare(&mut bench, format!("{white}{}{text}", " ".repeat(spaces % 2)).as_bytes());
        }
        // In a string that is read in pieces.
        for letters in (370..=402).chain([2000, 8180, 8190]) {
            let long = "a".repeat(letters);
            compare(&mut bench, format!("\"{long}{}", text.trim_start_matches('"')).as_bytes());
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut bench = Bench::new();
    let parts: [&[u8]; 9] = [
        b"\xff",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xc3\\u00fc",
        b"\\u00fc\xc3\"",
        b"\xc3\n",
        b"\xc3\\q",
        b"\xed\xa0\x80",
    ];
    let mut refused = 0;
    for part in parts {
        for before in (0..8).chain(380..402).chain([900, 17000]) {
            for after in [0, 1, 14, 500] {
                let (before, after) = ("\\n".repeat(before / 3) + &"a".repeat(before / 3), "b".repeat(after));
                let text = [b"{\n \"", before.as_bytes(), part, after.as_bytes(), b"\" : \xff}"].concat();
                compare(&mut bench, &text);
                refused += u32::from(reference(&text).is_err_and(|error| error.contains("unicode")));
                compare(&mut bench, &text[..text.len() - 6]);
            }
        }
    }
    assert!(refused > 100);
}

#[test]
fn nesting_is_limited() {
    let mut bench = Bench::new();
    for depth in [1, 126, 127, 128, 129, 3000] {
        for (open, close) in [("[", "]"), ("{\"k\":", "}"), ("[ {\"k\" : ", "}]"), ("[0,[", "],{}]")] {
            let inside = open.repeat(depth / (open.matches(['[', '{']).count()));
            let closed = close.repeat(inside.len() / open.len());
            compare(&mut bench, format!("{inside}1{closed}").as_bytes());
            compare(&mut bench, format!("{inside}{closed}").as_bytes());
            compare(&mut bench, inside.as_bytes());
        }
    }
}

#[test]
fn long_numbers_are_refused() {
    let mut bench = Bench::new();
    let most = 16 << 10;
    for len in [399, 400, 401, 8190, 8191, 8192, 8193, most - 16] {
        for tail in ["", "]", " ", ".5", "e-3", "e-", "x"] {
            let digits = "1".repeat(len);
            compare(&mut bench, format!("[0.{digits}{tail}").as_bytes());
            compare(&mut bench, format!("[{digits}e-{len}{tail}]").as_bytes());
        }
    }
    for text in [format!("[\n{}]", "1".repeat(most)), format!("[\n0.{}1]", "0".repeat(1 << 20))] {
        for chaos in [false, true] {
            bench.vm.chaos = chaos.then(|| Prng::new(1));
            let place = format!("at line 2 column {most}");
            let refused = Err(format!("string.parseJson: number is too long {place}"));
            assert_eq!(parsed(&mut bench, text.as_bytes(), true, |_| {}), Some(refused));
        }
    }
}

/// Draws JSON.
struct Drawn<'a> {
    prng: &'a mut Prng,
    text: String,
}

impl Drawn<'_> {
    fn one_of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[(self.prng.next_u64() % all.len() as u64) as usize]
    }
    fn below(&mut self, bound: u64) -> u64 {
        self.prng.next_u64() % bound
    }
    fn space(&mut self) {
        if self.prng.chance(1, 8) {
            let space = self.one_of(&[" ", "\n", "\t", "\r\n", "   \n   "]);
            let count = if self.prng.chance(1, 16) { 200 } else { 1 };
            self.text += &space.repeat(count);
        }
    }
    fn string(&mut self) {
        const PARTS: &[&str] =
            &["a", "ü", "€", "😀", "\\n", "\\\"", "\\\\", "\\u00fc", "\\ud83d\\ude00", "plain text", "\\/"];
        let most = if self.prng.chance(1, 10) { 600 } else { 6 };
        self.text.push('"');
        for _ in 0..self.below(most) {
            let part = self.one_of(PARTS);
            self.text += part;
        }
        self.text.push('"');
    }
    fn value(&mut self, depth: u32) {
        self.space();
        let (bits, shift) = (self.prng.next_u64(), self.below(64));
        let word = self.one_of(&["true", "false", "null", "0", "-0", "1e3", "[]", "{}"]);
        match self.below(if depth > 5 { 4 } else { 7 }) {
            0 => self.string(),
            1 => self.text += &format!("{}", bits as i64 >> shift),
            2 => self.text += &format!("{:?}", f64::from_bits(bits >> 2)),
            3 => self.text += word,
            4 | 5 => self.list(depth),
            _ => self.map(depth),
        }
        self.space();
    }
    fn list(&mut self, depth: u32) {
        let many = if self.prng.chance(1, 10) { 300 } else { 5 };
        let count = self.below(many);
        self.text.push('[');
        for index in 0..count {
            let separator = if index > 0 { "," } else { "" };
            self.text += separator;
            self.value(depth + 1 + u32::from(many > 5) * 5);
        }
        self.text.push(']');
    }
    fn map(&mut self, depth: u32) {
        let many = if self.prng.chance(1, 10) { 200 } else { 5 };
        let count = self.below(many);
        self.text.push('{');
        for index in 0..count {
            let separator = if index > 0 { "," } else { "" };
            self.text += separator;
            self.space();
            if self.prng.chance(1, 2) {
                self.string();
            } else {
                self.text += &format!("\"{}\"", self.prng.next_u64() % 1000);
            }
            self.space();
            self.text.push(':');
            self.value(depth + 1 + u32::from(many > 5) * 5);
        }
        self.text.push('}');
    }
}

fn drawn(prng: &mut Prng) -> String {
    let mut drawn = Drawn { prng, text: String::new() };
    drawn.value(0);
    drawn.text
}

#[test]
fn drawn_texts_mean_what_they_always_did() {
    let mut bench = Bench::new();
    let mut prng = Prng::new(20_261_130);
    let (mut safepoints, mut good, mut bad) = (0, 0, 0);
    for _ in 0..1500 {
        let text = drawn(&mut prng).into_bytes();
        assert!(reference(&text).is_ok());
        safepoints += compare(&mut bench, &text);
        for _ in 0..4 {
            let mut wrong = text.clone();
            let at = (prng.next_u64() % wrong.len() as u64) as usize;
            match prng.next_u64() % 4 {
                0 => wrong.truncate(at),
                1 => drop(wrong.remove(at)),
                2 => wrong[at] = b"\"\\{}[]:,x1\n\x80 "[(prng.next_u64() % 13) as usize],
                _ => wrong.insert(at, b"\"\\{}[]:,u-\t\xc3 "[(prng.next_u64() % 13) as usize]),
            }
            compare(&mut bench, &wrong);
            if reference(&wrong).is_ok() {
                good += 1;
            } else {
                bad += 1;
            }
        }
    }
    assert!(good > 500 && bad > 2000 && safepoints > 10_000, "{good} {bad} {safepoints}");
}

/// A text with all that may be long.
fn long_text() -> String {
    let numbers: Vec<String> = (0..20_000).map(|number| format!("{}.5", number * 7)).collect();
    let pairs: Vec<String> = (0..4_000).map(|number| format!("\"key{number}\": [{number}]")).collect();
    let piece = "ü\\u00fc\\ud83d\\ude00 and plain text\\n";
    format!(
        "{{\"list\":[{}],{}\"map\":{{{},\"key7\":0}},\"{}\":\"{}\"}}{}",
        numbers.join(","),
        "\n".repeat(200_000),
        pairs.join(",\n"),
        piece.repeat(600),
        piece.repeat(6_000),
        " ".repeat(200_000),
    )
}

#[test]
fn it_goes_on_after_restarts() {
    let text = long_text();
    let expected = reference(text.as_bytes());
    assert!(expected.is_ok());
    let mut bench = Bench::new();
    let (mut safepoints, mut restarts) = (0, 0);
    let parsed_so = parsed(&mut bench, text.as_bytes(), true, |bench| {
        safepoints += 1;
        if safepoints % 7 == 0 {
            bench.collect();
        }
        if safepoints % 23 == 0 {
            bench.restart();
            restarts += 1;
            // Steps and windows of another size from here on.
            bench.vm.chaos = (restarts % 3 == 0).then(|| Prng::new(restarts));
        }
    });
    assert!(parsed_so == Some(expected), "it differs after {restarts} restarts");
    assert!(restarts > 10, "{restarts}");
    // An error behind all that.
    let wrong = format!("{text}x");
    let mut safepoints = 0;
    let failed = parsed(&mut bench, wrong.as_bytes(), true, |bench| {
        safepoints += 1;
        if safepoints % 60 == 0 {
            bench.restart();
        }
    });
    assert_eq!(failed, Some(reference(wrong.as_bytes())));
}

/// Parses a long text; at how many safepoints it was. Between two of them it must neither read nor make much.
fn bounded(text: &str, least: u64) {
    let mut bench = Bench::new();
    let (mut safepoints, mut at, mut made) = (0, 0, 0);
    let parsed_so = parsed(&mut bench, text.as_bytes(), true, |bench| {
        safepoints += 1;
        let now = bench.first_number();
        assert!(now <= at + (80 << 10), "{} bytes in a step", now - at);
        at = now;
        let used = bench.vm.heap.usage();
        let small = used.nursery_bytes + used.cell_bytes;
        assert!(small <= made + (512 << 10), "{} bytes made in a step", small - made);
        made = small;
    });
    assert!(parsed_so == Some(reference(text.as_bytes())), "another meaning");
    let longest = bench.vm.longest_work();
    assert!(longest <= 192 << 10, "{longest} units between two looks");
    assert!(safepoints >= least, "{safepoints} safepoints");
}

#[test]
fn long_texts_are_read_in_short_steps() {
    let numbers: Vec<String> = (0..100_000).map(|number| format!("{number}.25")).collect();
    // A step makes some 110 objects, or copies 2048 references; the objects alone take 930 steps.
    bounded(&format!("[{}]", numbers.join(",")), 960);
    let pairs: Vec<String> = (0..20_000).map(|number| format!("\"{number}\":\"{number}\"")).collect();
    // Two objects and an entry for each pair; a step copies 64 pairs.
    bounded(&format!("{{{}}}", pairs.join(",")), 20_000 / 32 + 20_000 / 64);
    // In two passes, 16 KiB in a step.
    bounded(&format!("\"{}\"", "escaped\\n\\u00fc\\ud83d\\ude00 ü".repeat(32 << 10)), 2 * 60);
    bounded(
        &format!("{}[{}{}]", "\n".repeat(1 << 20), " ".repeat(1 << 20), "[],".repeat(9000) + "0"),
        32 + 70,
    );
    bounded(&format!("{}\n  x", "\n".repeat(1 << 20)), 2 * 15);
    bounded(&format!("[{}", "[1,2.5],".repeat(50_000)), 50_000 * 2 / 128);
}

#[test]
fn a_full_world_is_seen() {
    let numbers = "1.5,".repeat(2_000_000);
    for (text, limit) in
        [(format!("[{numbers}1]"), 48 << 20), (format!("\"{}\"", "\\n".repeat(16 << 20)), 40 << 20)]
    {
        for chaos in [false, true] {
            let mut bench = Bench::new();
            bench.vm.set_memory_limit(limit);
            bench.vm.chaos = chaos.then(|| Prng::new(5));
            let mut safepoints = 0_u32;
            let full = parsed(&mut bench, text.as_bytes(), true, |_| safepoints += 1);
            let reason = full.expect("it is done").expect_err("there is no room");
            assert!(
                reason.starts_with("string.parseJson: there is no room for the result at line 1"),
                "{reason}"
            );
            assert!(safepoints > 100);
        }
    }
}
