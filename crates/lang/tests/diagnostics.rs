//! What the compiler says: each case shows the source lines, the place and the hint.
//!
//! `UPDATE_EXPECT=1 cargo test -p lang` writes the expectations anew.

mod common;

use common::{compile, messages};
use expect_test::{Expect, expect};

fn check(source: &str, expected: Expect) {
    let mut text = messages(&compile("demo.ph", source));
    if !text.is_empty() {
        text.push('\n');
    }
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
        expect![[r#"
            error[syntax]: expected `;`, found `println`
             --> demo.ph:4:18
              |
            4 |         int x = 1
              |                  ^ here
        "#]],
    );
}

#[test]
fn all_errors_are_reported() {
    statements(
        r####"int x = ;
        foo(1);
        int y = ) 2;
        bar = 3;"####,
        expect![[r#"
            error[syntax]: expected an expression, found `;`
             --> demo.ph:4:17
              |
            4 |         int x = ;
              |                 ^

            error[unknown-method]: `.demo.demo` has no method `foo`
             --> demo.ph:5:9
              |
            5 |         foo(1);
              |         ^^^

            error[syntax]: expected an expression, found `)`
             --> demo.ph:6:17
              |
            6 |         int y = ) 2;
              |                 ^

            error[unknown-name]: there is no `bar` here
             --> demo.ph:7:9
              |
            7 |         bar = 3;
              |         ^^^
        "#]],
    );
}

#[test]
fn unknown_names_come_with_near_ones() {
    statements(
        r####"var counter = 1;
        println(conuter);"####,
        expect![[r#"
            error[unknown-name]: there is no `conuter` here
             --> demo.ph:5:17
              |
            5 |         println(conuter);
              |                 ^^^^^^^
              |
              = help: did you mean `counter`?
        "#]],
    );
}

#[test]
fn unknown_methods_come_with_near_ones() {
    statements(
        r####"println("text".lenght());"####,
        expect![[r#"
            error[unknown-method]: `string` has no method `lenght`
             --> demo.ph:4:24
              |
            4 |         println("text".lenght());
              |                        ^^^^^^
              |
              = help: did you mean `length`?
        "#]],
    );
}

#[test]
fn a_misspelt_print() {
    statements(
        r####"printn(1);"####,
        expect![[r#"
            error[unknown-method]: `.demo.demo` has no method `printn`
             --> demo.ph:4:9
              |
            4 |         printn(1);
              |         ^^^^^^
              |
              = help: did you mean `print`, `println`?
        "#]],
    );
}

#[test]
fn unknown_fields() {
    members(
        r####"var size : int;
    void main() { println(this.sise); }"####,
        expect![[r#"
            error[unknown-field]: `.demo.demo` has no field `sise`
             --> demo.ph:4:32
              |
            4 |     void main() { println(this.sise); }
              |                                ^^^^
              |
              = help: did you mean `size`?
        "#]],
    );
}

#[test]
fn a_field_that_is_a_method() {
    statements(
        r####"println("text".length);"####,
        expect![[r#"
            error[unknown-field]: `string` has no field `length`
             --> demo.ph:4:24
              |
            4 |         println("text".length);
              |                        ^^^^^^
              |
              = help: there is a method of that name: write `length()` to call it; where a function is wanted `length` passes it
        "#]],
    );
}

#[test]
fn a_string_is_no_number() {
    statements(
        r####"int x = "1";"####,
        expect![[r#"
            error[type-mismatch]: `x` is `int` and cannot take `string`
             --> demo.ph:4:17
              |
            4 |         int x = "1";
              |                 ^^^ this is `string`
              |
              = help: `toInt()`, `toLong()` and `toDouble()` read a number in a string
        "#]],
    );
}

#[test]
fn a_number_is_no_string() {
    statements(
        r####"string s = 1;"####,
        expect![[r#"
            error[type-mismatch]: `s` is `string` and cannot take `int`
             --> demo.ph:4:20
              |
            4 |         string s = 1;
              |                    ^ this is `int`
              |
              = help: `toString()` makes a string of it
        "#]],
    );
}

#[test]
fn null_is_no_number() {
    statements(
        r####"int x = null;"####,
        expect![[r#"
            error[type-mismatch]: `x` is `int` and cannot take `null`
             --> demo.ph:4:17
              |
            4 |         int x = null;
              |                 ^^^^ this is `null`
              |
              = help: only objects can be `null`
        "#]],
    );
}

#[test]
fn narrowing_warns() {
    statements(
        r####"long big = 5L;
        int x = big;
        float f = 2.5;"####,
        expect![[r#"
            warning[narrowing]: `x` is `int`: the `long` may lose digits
             --> demo.ph:5:17
              |
            5 |         int x = big;
              |                 ^^^
              |
              = help: write `(int)` in front when that is meant
        "#]],
    );
}

#[test]
fn a_long_literal_that_fits_does_not_warn() {
    statements(r####"int x = 7L;"####, expect![""]);
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
        expect![[r#"
            warning[downcast]: `b` is `.demo.bird`: whether the `.demo.animal` is one is found at run time
             --> demo.ph:5:50
              |
            5 |     void main() { var a = new animal(); bird b = a; }
              |                                                  ^
              |
              = help: write `(.demo.bird)` in front when that is meant
        "#]],
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
        expect![[r#"
            warning[type-mismatch]: `d` is `.demo.dog`: taking `.demo.cat` fails at run time
             --> demo.ph:5:46
              |
            5 |     void main() { var c = new cat(); dog d = c; int n = c; }
              |                                              ^ this is `.demo.cat`

            warning[type-mismatch]: `n` is `int`: taking `.demo.cat` fails at run time
             --> demo.ph:5:57
              |
            5 |     void main() { var c = new cat(); dog d = c; int n = c; }
              |                                                         ^ this is `.demo.cat`
        "#]],
    );
}

#[test]
fn wrong_number_of_arguments() {
    members(
        r####"int add(var a : int, var b : int) { return a + b; }
    void main() { add(1); }"####,
        expect![[r#"
            error[wrong-arguments]: `add` takes 2 arguments, 1 is given
             --> demo.ph:4:19
              |
            3 |     int add(var a : int, var b : int) { return a + b; }
              |         --- declared here
            4 |     void main() { add(1); }
              |                   ^^^
        "#]],
    );
}

#[test]
fn no_overload_fits() {
    members(
        r####"void f(var a : int) { }
    void f(var a : string, var b : int) { }
    void f(var a : demo) { }
    void main() { f(new int[]()); f(); }"####,
        expect![[r#"
            error[wrong-arguments]: no method `f` takes (int[])
             --> demo.ph:6:19
              |
            6 |     void main() { f(new int[]()); f(); }
              |                   ^
              |
              = help: there are `f(int)`, `f(string, int)`, `f(.demo.demo)`

            error[wrong-arguments]: `f` takes 1 or 2 arguments, 0 are given
             --> demo.ph:6:35
              |
            6 |     void main() { f(new int[]()); f(); }
              |                                   ^
              |
              = help: it is declared as `f(int)`, `f(string, int)`, `f(.demo.demo)`
        "#]],
    );
}

#[test]
fn void_gives_no_value() {
    members(
        r####"void nothing() { }
    void main() { int x = nothing(); println(nothing()); nothing().toString(); }"####,
        expect![[r#"
            error[void-value]: the call gives no value
             --> demo.ph:4:27
              |
            4 |     void main() { int x = nothing(); println(nothing()); nothing().toString(); }
              |                           ^^^^^^^^^
              |
              = help: the method is declared `void`

            error[void-value]: the call gives no value
             --> demo.ph:4:46
              |
            4 |     void main() { int x = nothing(); println(nothing()); nothing().toString(); }
              |                                              ^^^^^^^^^
              |
              = help: the method is declared `void`

            error[no-receiver]: `toString` is called on something that is no object
             --> demo.ph:4:58
              |
            4 |     void main() { int x = nothing(); println(nothing()); nothing().toString(); }
              |                                                          ^^^^^^^^^ the call gives no value
        "#]],
    );
}

#[test]
fn return_types() {
    members(
        r####"int number() { return; }
    void nothing() { return 1; }
    int text() { return "x"; }
    void main() { }"####,
        expect![[r#"
            error[no-value]: the method returns a value of type `int`
             --> demo.ph:3:20
              |
            3 |     int number() { return; }
              |                    ^^^^^^^
              |
              = help: write the value behind `return`

            error[void-return]: a `void` method returns no value
             --> demo.ph:4:29
              |
            4 |     void nothing() { return 1; }
              |                             ^
              |
              = help: declare the type of the result in front of the method's name

            error[type-mismatch]: the result is `int` and cannot take `string`
             --> demo.ph:5:25
              |
            5 |     int text() { return "x"; }
              |                         ^^^ this is `string`
              |
              = help: `toInt()`, `toLong()` and `toDouble()` read a number in a string
        "#]],
    );
}

#[test]
fn a_missing_return_warns() {
    members(
        r####"int number(var n : int) { if (n) return 1; }
    void main() { }"####,
        expect![[r#"
            warning[no-return]: `number` can end without `return`: it then gives 0
             --> demo.ph:3:9
              |
            3 |     int number(var n : int) { if (n) return 1; }
              |         ^^^^^^                                 - here
        "#]],
    );
}

#[test]
fn conditions_are_numbers() {
    statements(
        r####"string s = "x";
        if (s) println(s);
        while (new int[]()) { }"####,
        expect![[r#"
            error[not-condition]: a condition is a number, this is `string`
             --> demo.ph:5:13
              |
            5 |         if (s) println(s);
              |             ^
              |
              = help: compare it: `:!= null`, `.equals(…)`, `.length() > 0`

            error[not-condition]: a condition is a number, this is `int[]`
             --> demo.ph:6:16
              |
            6 |         while (new int[]()) { }
              |                ^^^^^^^^^^^
              |
              = help: compare it: `:!= null`, `.equals(…)`, `.length() > 0`
        "#]],
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
        expect![[r#"
            error[bad-operand]: `-` does not apply to `string` and `int`
             --> demo.ph:5:17
              |
            5 |         println(s - 1);
              |                 ^^^^^
              |
              = help: `toInt()` reads a number in a string

            error[bad-operand]: `<` does not apply to `string` and `string`
             --> demo.ph:6:17
              |
            6 |         println(s < "y");
              |                 ^^^^^^^
              |
              = help: strings are ordered by `a.compareTo(b) < 0`

            error[bad-operand]: `&` does not apply to `double` and `int`
             --> demo.ph:7:17
              |
            7 |         println(1.5 & 2);
              |                 ^^^^^^^

            error[bad-operand]: `-` does not apply to `string`
             --> demo.ph:8:17
              |
            8 |         println(-s);
              |                 ^^

            error[bad-operand]: `++` does not apply to `string`
             --> demo.ph:9:17
              |
            9 |         println(s++);
              |                 ^^^
        "#]],
    );
}

#[test]
fn never_equal() {
    statements(
        r####"println("5" == 5);"####,
        expect![[r#"
            warning[never-equal]: `string` and `int` are never equal
             --> demo.ph:4:17
              |
            4 |         println("5" == 5);
              |                 ^^^^^^^^
        "#]],
    );
}

#[test]
fn division_by_zero_warns() {
    statements(
        r####"println(5 / 0);"####,
        expect![[r#"
            warning[division-by-zero]: this divides by zero and throws
             --> demo.ph:4:17
              |
            4 |         println(5 / 0);
              |                 ^^^^^
        "#]],
    );
}

#[test]
fn jumps() {
    statements(
        r####"break;
        continue;
        switch (1) { case 1: continue; }"####,
        expect![[r#"
            error[bad-jump]: `break` outside of a loop or switch
             --> demo.ph:4:9
              |
            4 |         break;
              |         ^^^^^^

            error[bad-jump]: `continue` outside of a loop
             --> demo.ph:5:9
              |
            5 |         continue;
              |         ^^^^^^^^^

            error[bad-jump]: `continue` outside of a loop
             --> demo.ph:6:30
              |
            6 |         switch (1) { case 1: continue; }
              |                              ^^^^^^^^^
        "#]],
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
        expect![[r#"
            error[duplicate-case]: the case 1 stands here for the second time
             --> demo.ph:6:18
              |
            6 |             case 1: break;
              |                  ^

            error[duplicate-case]: a second `default`
             --> demo.ph:8:13
              |
            8 |             default: break;
              |             ^^^^^^^
        "#]],
    );
}

#[test]
fn variables_declared_twice() {
    statements(
        r####"int x = 1;
        var x = 2;"####,
        expect![[r#"
            error[duplicate-variable]: `x` is declared twice
             --> demo.ph:5:13
              |
            4 |         int x = 1;
              |             - the first declaration is here
            5 |         var x = 2;
              |             ^
        "#]],
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
        expect![[r#"
            error[duplicate-field]: the field `x` is declared twice
             --> demo.ph:4:9
              |
            3 |     var x;
              |         - the first declaration is here
            4 |     int x;
              |         ^

            error[duplicate-method]: the method `f` is declared twice with the same parameters
             --> demo.ph:6:10
              |
            5 |     void f(var a : int) { }
              |          - the first declaration is here
            6 |     void f(int b) { }
              |          ^
        "#]],
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
        expect![[r#"
            error[duplicate-ordinal]: the ordinal 17 belongs to the method `a`
             --> demo.ph:4:15
              |
            3 |     void a() [17] { }
              |          - this method
            4 |     void b() [17] { }
              |               ^^

            error[bad-ordinal]: an ordinal has 16 bits: 0 to 65535
             --> demo.ph:5:15
              |
            5 |     void c() [70000] { }
              |               ^^^^^

            error[duplicate-ordinal]: the ordinal 5 belongs to the method `toString`
             --> demo.ph:6:20
              |
            6 |     void toText() [5] { }
              |                    ^
        "#]],
    );
}

#[test]
fn classes_declared_twice() {
    check(
        r####"package .demo;
class demo { };
class demo { };
"####,
        expect![[r#"
            error[duplicate-class]: the class `.demo.demo` is declared twice
             --> demo.ph:3:7
              |
            2 | class demo { };
              |       ---- the first declaration is here
            3 | class demo { };
              |       ^^^^
        "#]],
    );
}

#[test]
fn unknown_classes() {
    statements(
        r####"var x : strng;
        var y = new .internal.directry();
        .demo.nobody.run();"####,
        expect![[r#"
            error[unknown-class]: there is no class `.demo.strng`
             --> demo.ph:4:17
              |
            4 |         var x : strng;
              |                 ^^^^^
              |
              = help: did you mean `.internal.string`? Otherwise a file named `demo.strng.ph` is searched for in the source's folder and in those given by `-I`

            error[unknown-class]: there is no class `.internal.directry`
             --> demo.ph:5:21
              |
            5 |         var y = new .internal.directry();
              |                     ^^^^^^^^^^^^^^^^^^
              |
              = help: did you mean `.internal.directory`? Otherwise a file named `internal.directry.ph` is searched for in the source's folder and in those given by `-I`

            error[unknown-class]: there is no class `.demo.nobody`
             --> demo.ph:6:9
              |
            6 |         .demo.nobody.run();
              |         ^^^^^^^^^^^^
              |
              = help: import it, and name its folder with `-I`
        "#]],
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
        expect![[r#"
            error[unknown-import]: there is no class `.demo.nobody`
             --> demo.ph:2:8
              |
            2 | import .demo.nobody;
              |        ^^^^^^^^^^^^
              |
              = help: a file named `demo.nobody.ph` is searched for in the source's folder and in those given by `-I`

            error[unknown-import]: there is no class `.internal.tim`
             --> demo.ph:3:8
              |
            3 | import .internal.tim;
              |        ^^^^^^^^^^^^^
              |
              = help: did you mean `.internal.time`? Otherwise a file named `internal.tim.ph` is searched for in the source's folder and in those given by `-I`
        "#]],
    );
}

#[test]
fn a_missing_file() {
    statements(
        r####"println(import "picture.ppm");"####,
        expect![[r#"
            error[unknown-file]: the file `picture.ppm` is not found
             --> demo.ph:4:17
              |
            4 |         println(import "picture.ppm");
              |                 ^^^^^^^^^^^^^^^^^^^^
              |
              = help: it is searched for beside the source and in the folders given by `-I`
        "#]],
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
        expect![[r#"
            error[bad-parent]: `.demo.b` cannot extend `.demo.a`
             --> demo.ph:3:17
              |
            3 | class b extends a { };
              |                 ^ it is its own ancestor: a circle of parents

            error[unknown-class]: there is no class `nobody`
             --> demo.ph:4:17
              |
            4 | class c extends nobody { };
              |                 ^^^^^^
              |
              = help: a file named `nobody.ph` is searched for in the source's folder and in those given by `-I`

            error[bad-parent]: `.demo.d` cannot extend `.internal.string`
             --> demo.ph:5:17
              |
            5 | class d extends .internal.string { };
              |                 ^^^^^^^^^^^^^^^^ it is internal, its objects are made by the kernel

            error[bad-parent]: `.demo.e` cannot extend `.demo.i`
             --> demo.ph:7:17
              |
            7 | class e extends i { };
              |                 ^ it is an interface; use `implements`

            error[not-interface]: `.demo.a` is no interface
             --> demo.ph:8:20
              |
            8 | class f implements a { };
              |                    ^
        "#]],
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
        expect![[r#"
            warning[not-implemented]: `.demo.square` implements `.demo.shape` but has no method `name`
             --> demo.ph:3:7
              |
            2 | interface shape { int size(); string name(var n : int); int bad() { return 1; } };
              |                                      ---- declared here
            3 | class square implements shape { int size() { return 4; } };
              |       ^^^^^^
              |
              = help: a call of `name(int)` on it throws

            error[no-constructor]: `.demo.shape` is an interface: it has no objects of its own
             --> demo.ph:4:32
              |
            4 | class demo { void main() { new shape(); } void none(); };
              |                                ^^^^^

            error[no-body]: a method of a class needs a body
             --> demo.ph:4:48
              |
            4 | class demo { void main() { new shape(); } void none(); };
              |                                                ^^^^
              |
              = help: write `{ }`, or make this an interface
        "#]],
    );
}

#[test]
fn overrides() {
    check(
        r####"package .demo;
class base { int f() { return 1; } void g() [30] { } };
class child extends base { string f() { return ""; } void g() [31] { } };
"####,
        expect![[r#"
            error[override-result]: `f` must give `int` as the inherited method does
             --> demo.ph:3:28
              |
            2 | class base { int f() { return 1; } void g() [30] { } };
              |                  - the inherited method
            3 | class child extends base { string f() { return ""; } void g() [31] { } };
              |                            ^^^^^^

            warning[override-ordinal]: `g` keeps the ordinal 30 of the method that it overrides
             --> demo.ph:3:64
              |
            3 | class child extends base { string f() { return ""; } void g() [31] { } };
              |                                                                ^^
        "#]],
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
        expect![[r#"
            error[parent-constructor]: the parent `.demo.base` has no constructor that can be called automatically
             --> demo.ph:3:33
              |
            3 | class child extends base { void child() { } };
              |                                 ^^^^^
              |
              = help: call one as the first statement of the constructor: `super(…);`

            error[constructor-result]: a constructor gives no result
             --> demo.ph:4:15
              |
            4 | class wrong { int wrong() { return 1; } };
              |               ^^^
              |
              = help: a method named like its class is its constructor: write `void`

            error[void-return]: a `void` method returns no value
             --> demo.ph:4:36
              |
            4 | class wrong { int wrong() { return 1; } };
              |                                    ^
              |
              = help: declare the type of the result in front of the method's name

            error[wrong-arguments]: `base` takes 1 argument, 0 are given
             --> demo.ph:5:32
              |
            2 | class base { void base(var n : int) { } };
              |                   ---- declared here
            ...
            5 | class demo { void main() { new base(); new demo(1); new int(); } };
              |                                ^^^^

            error[wrong-arguments]: `.demo.demo` has no constructor with parameters, 1 are given
             --> demo.ph:5:44
              |
            5 | class demo { void main() { new base(); new demo(1); new int(); } };
              |                                            ^^^^

            error[no-constructor]: `int` is not made by `new`
             --> demo.ph:5:57
              |
            5 | class demo { void main() { new base(); new demo(1); new int(); } };
              |                                                         ^^^
              |
              = help: write the number itself
        "#]],
    );
}

#[test]
fn static_methods_have_no_object() {
    members(
        r####"var n : int;
    void m() { }
    static void s() { println(n); m(); println(this); }
    void main() { }"####,
        expect![[r#"
            error[static-this]: a static method has no object whose field `n` it could use
             --> demo.ph:5:31
              |
            5 |     static void s() { println(n); m(); println(this); }
              |                               ^

            error[static-this]: `m` is not static: it needs an object
             --> demo.ph:5:35
              |
            5 |     static void s() { println(n); m(); println(this); }
              |                                   ^

            error[static-this]: a static method has no `this`
             --> demo.ph:5:48
              |
            5 |     static void s() { println(n); m(); println(this); }
              |                                                ^^^^
        "#]],
    );
}

#[test]
fn assignments_need_a_place() {
    statements(
        r####"1 = 2;
        println(1)++;
        (1 + 2) += 3;"####,
        expect![[r#"
            error[not-assignable]: this cannot be assigned to
             --> demo.ph:4:9
              |
            4 |         1 = 2;
              |         ^
              |
              = help: variables, fields and elements of arrays can

            error[not-assignable]: this cannot be assigned to
             --> demo.ph:5:9
              |
            5 |         println(1)++;
              |         ^^^^^^^^^^
              |
              = help: variables, fields and elements of arrays can

            error[not-assignable]: this cannot be assigned to
             --> demo.ph:6:9
              |
            6 |         (1 + 2) += 3;
              |         ^^^^^^^
              |
              = help: variables, fields and elements of arrays can
        "#]],
    );
}

#[test]
fn values_that_nobody_uses() {
    statements(
        r####"int x = 1;
        x + 1;
        x;
        x == 2;"####,
        expect![[r#"
            warning[no-effect]: this computes a value that nobody uses
             --> demo.ph:5:9
              |
            5 |         x + 1;
              |         ^^^^^

            warning[no-effect]: this computes a value that nobody uses
             --> demo.ph:6:9
              |
            6 |         x;
              |         ^

            warning[no-effect]: this computes a value that nobody uses
             --> demo.ph:7:9
              |
            7 |         x == 2;
              |         ^^^^^^
        "#]],
    );
}

#[test]
fn strings_that_do_not_end() {
    statements(
        r####"println("abc);
        println(1);"####,
        expect![[r#"
            error[open-string]: a string begins here and does not end on its line
             --> demo.ph:4:17
              |
            4 |         println("abc);
              |                 ^^^^^^
              |
              = help: end it with `"`; a line end inside is written `\n`
        "#]],
    );
}

#[test]
fn escapes() {
    statements(
        r####"println("a\qb\u{110000}");"####,
        expect![[r#"
            error[bad-escape]: the escape `\q` means nothing
             --> demo.ph:4:19
              |
            4 |         println("a\qb\u{110000}");
              |                   ^^
              |
              = help: escapes are \n \r \t \b \f \e \0 \\ \" \' \$ \x41 and \u{1F600}

            error[bad-escape]: the escape is no Unicode character
             --> demo.ph:4:22
              |
            4 |         println("a\qb\u{110000}");
              |                      ^^^^^^^^^^
              |
              = help: write its number in hexadecimal: `\u{1F600}`, `\u0041`, `\x41`
        "#]],
    );
}

#[test]
fn character_literals() {
    statements(
        r####"println('ab');
        println('');"####,
        expect![[r#"
            error[bad-char-literal]: a character literal holds one character
             --> demo.ph:4:17
              |
            4 |         println('ab');
              |                 ^^^^
              |
              = help: write `'a'`; text of several characters is a string, in `"`

            error[bad-char-literal]: a character literal holds one character
             --> demo.ph:5:17
              |
            5 |         println('');
              |                 ^^
              |
              = help: write `'a'`; text of several characters is a string, in `"`
        "#]],
    );
}

#[test]
fn numbers() {
    statements(
        r####"println(99999999999);
        println(0x1FFFFFFFF);
        println(12abc);
        println(2147483648);"####,
        expect![[r#"
            error[bad-number]: `99999999999` does not fit
             --> demo.ph:4:17
              |
            4 |         println(99999999999);
              |                 ^^^^^^^^^^^
              |
              = help: an int has 32 bits, a long (`123L`) has 64

            error[bad-number]: `0x1FFFFFFFF` does not fit
             --> demo.ph:5:17
              |
            5 |         println(0x1FFFFFFFF);
              |                 ^^^^^^^^^^^
              |
              = help: an int has 32 bits, a long (`123L`) has 64

            error[bad-number]: a number ends in letters that mean nothing
             --> demo.ph:6:19
              |
            6 |         println(12abc);
              |                   ^^^
              |
              = help: the suffixes are L (long), f (float) and d (double)

            error[bad-number]: the number does not fit
             --> demo.ph:7:17
              |
            7 |         println(2147483648);
              |                 ^^^^^^^^^^
              |
              = help: an int ends at 2147483647; write `2147483648L` for a long
        "#]],
    );
}

#[test]
fn comments_that_do_not_end() {
    check(
        r####"package .demo;
class demo { };
/* and so on
"####,
        expect![[r#"
            error[open-comment]: a comment begins here and never ends
             --> demo.ph:3:1
              |
            3 | /* and so on
              | ^^
              |
              = help: end it with `*/`
        "#]],
    );
}

#[test]
fn characters_without_meaning() {
    statements(
        r####"println(1 # 2);"####,
        expect![[r#"
            error[bad-character]: `#` means nothing here
             --> demo.ph:4:19
              |
            4 |         println(1 # 2);
              |                   ^
        "#]],
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
        expect![[r#"
            error[syntax]: the file ends inside a block
             --> demo.ph:4:21
              |
            3 |     void main() {
              |                 - this brace is not closed
            4 |         println(1);
              |                    ^
        "#]],
    );
}

#[test]
fn something_outside_of_classes() {
    check(
        r####"package .demo;
int x = 5;
class demo { };
"####,
        expect![[r#"
            error[syntax]: expected `package`, `import`, `class` or `interface`, found `int`
             --> demo.ph:2:1
              |
            2 | int x = 5;
              | ^^^
        "#]],
    );
}

#[test]
fn methods_without_result() {
    members(
        r####"main() { }
    void ok() { }"####,
        expect![[r#"
            error[no-result-type]: a method needs the type of its result
             --> demo.ph:3:5
              |
            3 |     main() { }
              |     ^^^^
              |
              = help: write `void` in front when it has none
        "#]],
    );
}

#[test]
fn reserved_words_as_names() {
    statements(
        r####"int class = 1;
        var new = 2;
        println(3);"####,
        expect![[r#"
            error[syntax]: expected the name of a variable, found the reserved word `class`
             --> demo.ph:4:13
              |
            4 |         int class = 1;
              |             ^^^^^
              |
              = help: choose another name

            error[syntax]: expected the name of a variable, found the reserved word `new`
             --> demo.ph:5:13
              |
            5 |         var new = 2;
              |             ^^^
              |
              = help: choose another name
        "#]],
    );
}

#[test]
fn a_bare_try() {
    statements(
        r####"try { println(1); }
        println(2);"####,
        expect![[r#"
            error[bare-try]: a `try` has neither `catch` nor `finally`
             --> demo.ph:4:9
              |
            4 |         try { println(1); }
              |         ^^^
              |
              = help: write `catch (string e) { … }` behind its body
        "#]],
    );
}

#[test]
fn array_types_have_no_length() {
    statements(
        r####"var a = new int[5]();"####,
        expect![[r#"
            error[array-length]: an array type has no length
             --> demo.ph:4:25
              |
            4 |         var a = new int[5]();
              |                         ^
              |
              = help: write `[]`: arrays grow by themselves
        "#]],
    );
}

#[test]
fn elements_of_no_array() {
    statements(
        r####"println("text"[0]);
        var a = new int[]();
        a["x"] = 1;"####,
        expect![[r#"
            error[not-array]: `string` has no elements
             --> demo.ph:4:17
              |
            4 |         println("text"[0]);
              |                 ^^^^^^
              |
              = help: `charAt(i)` gives a byte of a string

            error[type-mismatch]: the index is `int` and cannot take `string`
             --> demo.ph:6:11
              |
            6 |         a["x"] = 1;
              |           ^^^ this is `string`
              |
              = help: `toInt()`, `toLong()` and `toDouble()` read a number in a string
        "#]],
    );
}

#[test]
fn methods_of_nothing() {
    statements(
        r####"null.toString();"####,
        expect![[r#"
            error[no-receiver]: `toString` is called on something that is no object
             --> demo.ph:4:9
              |
            4 |         null.toString();
              |         ^^^^ this is `null`
        "#]],
    );
}

#[test]
fn computed_method_names() {
    statements(
        r####"var o;
        var name = "x";
        o.*(name)(1);"####,
        expect![""],
    );
}

#[test]
fn print_takes_one_value() {
    statements(
        r####"print();
        println(1, 2);"####,
        expect![[r#"
            error[wrong-arguments]: `print` takes one value, 0 are given
             --> demo.ph:4:9
              |
            4 |         print();
              |         ^^^^^
              |
              = help: join several with `+`

            error[wrong-arguments]: `println` takes one value, 2 are given
             --> demo.ph:5:9
              |
            5 |         println(1, 2);
              |         ^^^^^^^
              |
              = help: join several with `+`
        "#]],
    );
}

#[test]
fn interpolated_else() {
    statements(
        r####"else println(1);
        println(2);"####,
        expect![[r#"
            error[syntax]: expected an expression, found `else`
             --> demo.ph:4:9
              |
            4 |         else println(1);
              |         ^^^^
        "#]],
    );
}

#[test]
fn undeclared_type_of_parameter() {
    members(
        r####"void f(var a : nothing, nobody b) { }
    void main() { }"####,
        expect![[r#"
            error[unknown-class]: there is no class `.demo.nothing`
             --> demo.ph:3:20
              |
            3 |     void f(var a : nothing, nobody b) { }
              |                    ^^^^^^^
              |
              = help: did you mean `.internal.string`? Otherwise a file named `demo.nothing.ph` is searched for in the source's folder and in those given by `-I`

            error[unknown-class]: there is no class `.demo.nobody`
             --> demo.ph:3:29
              |
            3 |     void f(var a : nothing, nobody b) { }
              |                             ^^^^^^
              |
              = help: a file named `demo.nobody.ph` is searched for in the source's folder and in those given by `-I`
        "#]],
    );
}
