//! What the compiler says: each case shows the source lines, the place and the hint.
//!
//! `UPDATE_EXPECT=1 cargo test -p lang` writes the expectations anew.

mod common;

use common::{compile, messages};
use expect_test::{Expect, expect};

fn check(source: &str, expected: Expect) {
    let mut text = messages(&compile("demo.ph", source));
    text.push('\n');
    expected.assert_eq(&text);
}

/// The statements in the `main` of a class.
fn statements(body: &str, expected: Expect) {
    members(&format!("void main() {{\n        {body}\n    }}"), expected);
}

/// The members of a class.
fn members(members: &str, expected: Expect) {
    check(&format!("package .demo;\nclass demo {{\n    {members}\n}};\n"), expected);
}

#[test]
fn a_missing_semicolon_is_shown_where_it_belongs() {
    statements(
        r####"int x = 1
        println(x);"####,
        expect![[]],
    );
}

#[test]
fn all_errors_are_reported() {
    statements(
        r####"int x = ;
        foo(1);
        int y = ) 2;
        bar = 3;"####,
        expect![[]],
    );
}

#[test]
fn unknown_names_come_with_near_ones() {
    statements(
        r####"var counter = 1;
        println(conuter);"####,
        expect![[]],
    );
}

#[test]
fn unknown_methods_come_with_near_ones() {
    statements(
        r####"println("text".lenght());"####,
        expect![[]],
    );
}

#[test]
fn a_misspelt_print() {
    statements(
        r####"printn(1);"####,
        expect![[]],
    );
}

#[test]
fn unknown_fields() {
    members(
        r####"var size : int;
    void main() { println(this.sise); }"####,
        expect![[]],
    );
}

#[test]
fn a_field_that_is_a_method() {
    statements(
        r####"println("text".length);"####,
        expect![[]],
    );
}

#[test]
fn a_string_is_no_number() {
    statements(
        r####"int x = "1";"####,
        expect![[]],
    );
}

#[test]
fn a_number_is_no_string() {
    statements(
        r####"string s = 1;"####,
        expect![[]],
    );
}

#[test]
fn null_is_no_number() {
    statements(
        r####"int x = null;"####,
        expect![[]],
    );
}

#[test]
fn narrowing_warns() {
    statements(
        r####"long big = 5L;
        int x = big;
        float f = 2.5;"####,
        expect![[]],
    );
}

#[test]
fn a_long_literal_that_fits_does_not_warn() {
    statements(
        r####"int x = 7L;"####,
        expect![[]],
    );
}

#[test]
fn downcasts_warn() {
    check(
        r####"package .demo;
class animal { };
class bird extends animal { };
class demo {
    void main() { var a = new animal(); bird b = a; }
};
"####,
        expect![[]],
    );
}

#[test]
fn objects_in_the_wrong_place_warn() {
    check(
        r####"package .demo;
class cat { };
class dog { };
class demo {
    void main() { var c = new cat(); dog d = c; int n = c; }
};
"####,
        expect![[]],
    );
}

#[test]
fn wrong_number_of_arguments() {
    members(
        r####"int add(var a : int, var b : int) { return a + b; }
    void main() { add(1); }"####,
        expect![[]],
    );
}

#[test]
fn no_overload_fits() {
    members(
        r####"void f(var a : int) { }
    void f(var a : string, var b : int) { }
    void f(var a : demo) { }
    void main() { f(new int[]()); f(); }"####,
        expect![[]],
    );
}

#[test]
fn void_gives_no_value() {
    members(
        r####"void nothing() { }
    void main() { int x = nothing(); println(nothing()); nothing().toString(); }"####,
        expect![[]],
    );
}

#[test]
fn return_types() {
    members(
        r####"int number() { return; }
    void nothing() { return 1; }
    int text() { return "x"; }
    void main() { }"####,
        expect![[]],
    );
}

#[test]
fn a_missing_return_warns() {
    members(
        r####"int number(var n : int) { if (n) return 1; }
    void main() { }"####,
        expect![[]],
    );
}

#[test]
fn conditions_are_numbers() {
    statements(
        r####"string s = "x";
        if (s) println(s);
        while (new int[]()) { }"####,
        expect![[]],
    );
}

#[test]
fn operators() {
    statements(
        r####"string s = "x";
        println(s - 1);
        println(s < "y");
        println(1.5 & 2);
        println(-s);
        println(s++);"####,
        expect![[]],
    );
}

#[test]
fn never_equal() {
    statements(
        r####"println("5" == 5);"####,
        expect![[]],
    );
}

#[test]
fn division_by_zero_warns() {
    statements(
        r####"println(5 / 0);"####,
        expect![[]],
    );
}

#[test]
fn jumps() {
    statements(
        r####"break;
        continue;
        switch (1) { case 1: continue; }"####,
        expect![[]],
    );
}

#[test]
fn switches() {
    statements(
        r####"switch (1) {
            case 1: break;
            case 1: break;
            default: break;
            default: break;
        }"####,
        expect![[]],
    );
}

#[test]
fn variables_declared_twice() {
    statements(
        r####"int x = 1;
        var x = 2;"####,
        expect![[]],
    );
}

#[test]
fn members_declared_twice() {
    members(
        r####"var x;
    int x;
    void f(var a : int) { }
    void f(int b) { }
    void main() { }"####,
        expect![[]],
    );
}

#[test]
fn ordinals() {
    members(
        r####"void a() [17] { }
    void b() [17] { }
    void c() [70000] { }
    void toText() [5] { }
    void main() { }"####,
        expect![[]],
    );
}

#[test]
fn classes_declared_twice() {
    check(
        r####"package .demo;
class demo { };
class demo { };
"####,
        expect![[]],
    );
}

#[test]
fn unknown_classes() {
    statements(
        r####"var x : strng;
        var y = new .internal.directry();
        .demo.nobody.run();"####,
        expect![[]],
    );
}

#[test]
fn unknown_imports() {
    check(
        r####"package .demo;
import .demo.nobody;
import .internal.tim;
class demo { };
"####,
        expect![[]],
    );
}

#[test]
fn a_missing_file() {
    statements(
        r####"println(import "picture.ppm");"####,
        expect![[]],
    );
}

#[test]
fn parents() {
    check(
        r####"package .demo;
class a extends b { };
class b extends a { };
class c extends nobody { };
class d extends .internal.string { };
interface i { };
class e extends i { };
class f implements a { };
"####,
        expect![[]],
    );
}

#[test]
fn interfaces() {
    check(
        r####"package .demo;
interface shape { int size(); string name(var n : int); int bad() { return 1; } };
class square implements shape { int size() { return 4; } };
class demo { void main() { new shape(); } void none(); };
"####,
        expect![[]],
    );
}

#[test]
fn overrides() {
    check(
        r####"package .demo;
class base { int f() { return 1; } void g() [30] { } };
class child extends base { string f() { return ""; } void g() [31] { } };
"####,
        expect![[]],
    );
}

#[test]
fn constructors() {
    check(
        r####"package .demo;
class base { void base(var n : int) { } };
class child extends base { void child() { } };
class wrong { int wrong() { return 1; } };
class demo { void main() { new base(); new demo(1); new int(); } };
"####,
        expect![[]],
    );
}

#[test]
fn static_methods_have_no_object() {
    members(
        r####"var n : int;
    void m() { }
    static void s() { println(n); m(); println(this); }
    void main() { }"####,
        expect![[]],
    );
}

#[test]
fn assignments_need_a_place() {
    statements(
        r####"1 = 2;
        println(1)++;
        (1 + 2) += 3;"####,
        expect![[]],
    );
}

#[test]
fn values_that_nobody_uses() {
    statements(
        r####"int x = 1;
        x + 1;
        x;
        x == 2;"####,
        expect![[]],
    );
}

#[test]
fn strings_that_do_not_end() {
    statements(
        r####"println("abc);
        println(1);"####,
        expect![[]],
    );
}

#[test]
fn escapes() {
    statements(
        r####"println("a\qb\u{110000}");"####,
        expect![[]],
    );
}

#[test]
fn character_literals() {
    statements(
        r####"println('ab');
        println('');"####,
        expect![[]],
    );
}

#[test]
fn numbers() {
    statements(
        r####"println(99999999999);
        println(0x1FFFFFFFF);
        println(12abc);
        println(2147483648);"####,
        expect![[]],
    );
}

#[test]
fn comments_that_do_not_end() {
    check(
        r####"package .demo;
class demo { };
/* and so on
"####,
        expect![[]],
    );
}

#[test]
fn characters_without_meaning() {
    statements(
        r####"println(1 # 2);"####,
        expect![[]],
    );
}

#[test]
fn braces_that_do_not_close() {
    check(
        r####"package .demo;
class demo {
    void main() {
        println(1);
"####,
        expect![[]],
    );
}

#[test]
fn something_outside_of_classes() {
    check(
        r####"package .demo;
int x = 5;
class demo { };
"####,
        expect![[]],
    );
}

#[test]
fn methods_without_result() {
    members(
        r####"main() { }
    void ok() { }"####,
        expect![[]],
    );
}

#[test]
fn reserved_words_as_names() {
    statements(
        r####"int class = 1;
        var new = 2;
        println(3);"####,
        expect![[]],
    );
}

#[test]
fn a_bare_try() {
    statements(
        r####"try { println(1); }
        println(2);"####,
        expect![[]],
    );
}

#[test]
fn array_types_have_no_length() {
    statements(
        r####"var a = new int[5]();"####,
        expect![[]],
    );
}

#[test]
fn elements_of_no_array() {
    statements(
        r####"println("text"[0]);
        var a = new int[]();
        a["x"] = 1;"####,
        expect![[]],
    );
}

#[test]
fn methods_of_nothing() {
    statements(
        r####"null.toString();"####,
        expect![[]],
    );
}

#[test]
fn computed_method_names() {
    statements(
        r####"var o;
        var name = "x";
        o.*(name)(1);"####,
        expect![[]],
    );
}

#[test]
fn print_takes_one_value() {
    statements(
        r####"print();
        println(1, 2);"####,
        expect![[]],
    );
}

#[test]
fn interpolated_else() {
    statements(
        r####"else println(1);
        println(2);"####,
        expect![[]],
    );
}

#[test]
fn undeclared_type_of_parameter() {
    members(
        r####"void f(var a : nothing, nobody b) { }
    void main() { }"####,
        expect![[]],
    );
}
