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

#[test]
fn type_arguments_are_checked() {
    check(
        r####"package .demo;
interface ordered<T> { int compareTo(T other); };
class list<T> { void add(T x) { } T get(int i) { return null; } };
class sorted<T extends ordered<T>> { };
class weight implements ordered<weight> { int compareTo(weight w) { return 0; } };
class demo {
    static T largest<T extends ordered<T>>(T a, T b) { return a; }
    void main() {
        list<int> a = new list<string>();
        list<int, int> b;
        sorted<string> c;
        sorted<weight> d;
        demo<int> e;
        var words = new list<string>();
        words.add(5);
        int n = words.get(0);
        list<void> f;
        var g = new list<T>();
    }
};
"####,
        expect![[r#"
            error[type-mismatch]: `a` is `.demo.list<int>` and cannot take `.demo.list<string>`
             --> demo.ph:9:23
              |
            9 |         list<int> a = new list<string>();
              |                       ^^^^^^^^^^^^^^^^^^ this is `.demo.list<string>`

            error[wrong-type-arguments]: `.demo.list` takes 1 type in angle brackets, 2 are given
              --> demo.ph:10:9
               |
            10 |         list<int, int> b;
               |         ^^^^

            error[bad-type-argument]: `string` cannot stand for `T`, which extends `.demo.ordered<string>`
              --> demo.ph:11:16
               |
            11 |         sorted<string> c;
               |                ^^^^^^

            error[wrong-type-arguments]: `.demo.demo` has no type parameters, 1 is given
              --> demo.ph:13:9
               |
            13 |         demo<int> e;
               |         ^^^^

            error[type-mismatch]: the parameter `x` of `add` is `string` and cannot take `int`
              --> demo.ph:15:19
               |
            15 |         words.add(5);
               |                   ^ this is `int`
               |
               = help: `toString()` makes a string of it

            error[type-mismatch]: `n` is `int` and cannot take `string`
              --> demo.ph:16:17
               |
            16 |         int n = words.get(0);
               |                 ^^^^^^^^^^^^ this is `string`
               |
               = help: `toInt()`, `toLong()` and `toDouble()` read a number in a string

            error[void-value]: there are no values of the type `void`
              --> demo.ph:17:14
               |
            17 |         list<void> f;
               |              ^^^^

            error[unknown-class]: there is no class `.demo.T`
              --> demo.ph:18:26
               |
            18 |         var g = new list<T>();
               |                          ^
               |
               = help: a file named `demo.T.ph` is searched for in the source's folder and in those given by `-I`
        "#]],
    );
}

#[test]
fn type_parameters_are_declared_well() {
    check(
        r####"package .demo;
class box<T, T> { static T shared; T get() { return new T(); } };
class demo<T extends int> {
    T value;
    void set(int n) { value = n; T<int> x = value; string s = value; }
};
"####,
        expect![[r#"
            error[duplicate-type-parameter]: the type parameter `T` is declared twice
             --> demo.ph:2:14
              |
            2 | class box<T, T> { static T shared; T get() { return new T(); } };
              |           -  ^
              |           |
              |           the first declaration is here

            error[static-type-parameter]: the static field `shared` has no type parameters: it is one for all
             --> demo.ph:2:28
              |
            2 | class box<T, T> { static T shared; T get() { return new T(); } };
              |                            ^^^^^^

            error[no-constructor]: `T` is not made by `new`
             --> demo.ph:2:57
              |
            2 | class box<T, T> { static T shared; T get() { return new T(); } };
              |                                                         ^
              |
              = help: what it stands for is not known here: take a function that makes one

            error[bad-bound]: `int` cannot be a bound
             --> demo.ph:3:22
              |
            3 | class demo<T extends int> {
              |                      ^^^
              |
              = help: the bound of a type parameter is a class or an interface

            error[type-mismatch]: `value` is `T` and cannot take `int`
             --> demo.ph:5:31
              |
            5 |     void set(int n) { value = n; T<int> x = value; string s = value; }
              |                               ^ this is `int`

            error[wrong-type-arguments]: the type parameter `T` takes no types itself
             --> demo.ph:5:34
              |
            5 |     void set(int n) { value = n; T<int> x = value; string s = value; }
              |                                  ^

            warning[downcast]: `s` is `string`: whether the `T` is one is found at run time
             --> demo.ph:5:63
              |
            5 |     void set(int n) { value = n; T<int> x = value; string s = value; }
              |                                                               ^^^^^
              |
              = help: write `(string)` in front when that is meant
        "#]],
    );
}

#[test]
fn functions_that_do_not_fit() {
    statements(
        r####"(int, int) => int f = x => x;
        (int) => string g = n => n + 1;
        (string) => int h = s => s.size();
        int n = x => x;
        f(1);
        f(1, "two");
        var k = (int x) => x;
        k("no");
        5(1);
        var w = "text";
        w(1);
        (int) => int same = k;
        (string) => int other = k;
        var m = println;
        (a, b, c, d, e, f2, g2, h2, i) => 1;"####,
        expect![[r#"
            error[wrong-function]: a function with 2 parameters is wanted here, this one has 1
             --> demo.ph:4:31
              |
            4 |         (int, int) => int f = x => x;
              |                               ^^^^

            error[type-mismatch]: the result is `string` and cannot take `int`
             --> demo.ph:5:34
              |
            5 |         (int) => string g = n => n + 1;
              |                                  ^^^^^ this is `int`
              |
              = help: `toString()` makes a string of it

            error[unknown-method]: `string` has no method `size`
             --> demo.ph:6:36
              |
            6 |         (string) => int h = s => s.size();
              |                                    ^^^^

            error[type-mismatch]: `n` is `int` and cannot take `(?) => ?`
             --> demo.ph:7:17
              |
            7 |         int n = x => x;
              |                 ^^^^^^ this is `(?) => ?`

            error[wrong-arguments]: the function takes 2 arguments, 1 is given
             --> demo.ph:8:9
              |
            8 |         f(1);
              |         ^

            error[type-mismatch]: the argument 2 is `int` and cannot take `string`
             --> demo.ph:9:14
              |
            9 |         f(1, "two");
              |              ^^^^^ this is `string`
              |
              = help: `toInt()`, `toLong()` and `toDouble()` read a number in a string

            error[type-mismatch]: the argument 1 is `int` and cannot take `string`
              --> demo.ph:11:11
               |
            11 |         k("no");
               |           ^^^^ this is `string`
               |
               = help: `toInt()`, `toLong()` and `toDouble()` read a number in a string

            warning[no-effect]: this computes a value that nobody uses
              --> demo.ph:12:9
               |
            12 |         5(1);
               |         ^

            error[syntax]: expected `;`, found `(`
              --> demo.ph:12:10
               |
            12 |         5(1);
               |          ^ here

            error[not-function]: a value of type `string` cannot be called
              --> demo.ph:14:9
               |
            14 |         w(1);
               |         ^

            error[type-mismatch]: `other` is `(string) => int` and cannot take `(int) => int`
              --> demo.ph:16:33
               |
            16 |         (string) => int other = k;
               |                                 ^ this is `(int) => int`

            error[unknown-name]: there is no `println` here
              --> demo.ph:17:17
               |
            17 |         var m = println;
               |                 ^^^^^^^

            error[too-many-parameters]: a function has at most 8 parameters
              --> demo.ph:18:9
               |
            18 |         (a, b, c, d, e, f2, g2, h2, i) => 1;
               |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn methods_as_values() {
    members(
        r####"int twice(int n) { return n * 2; }
    static int half(int n) { return n / 2; }
    void main() {
        (int) => int a = twice;
        (int) => int b = demo.half;
        (string) => int c = twice;
        var d = twice;
        (int) => int e = demo.twice;
        twice = a;
    }"####,
        expect![[r#"
            error[type-mismatch]: the parameter `n` of `twice` is `int` and cannot take `string`
             --> demo.ph:8:29
              |
            8 |         (string) => int c = twice;
              |                             ^^^^^ this is `string`
              |
              = help: `toInt()`, `toLong()` and `toDouble()` read a number in a string

            error[unknown-field]: `.demo.demo` has no field `twice`
             --> demo.ph:9:17
              |
            9 |         var d = twice;
              |                 ^^^^^
              |
              = help: there is a method of that name: write `twice()` to call it; where a function is wanted `twice` passes it

            error[static-this]: `twice` is not static: it needs an object
              --> demo.ph:10:31
               |
            10 |         (int) => int e = demo.twice;
               |                               ^^^^^

            error[not-assignable]: a method cannot be assigned to
              --> demo.ph:11:9
               |
            11 |         twice = a;
               |         ^^^^^
               |
               = help: variables, fields and elements of arrays can
        "#]],
    );
}

#[test]
fn access_is_checked() {
    check(
        r####"package .demo;
class safe {
    private var code : int;
    protected var name : string;
    private void safe() { }
    private int open(int n) { return code + n; }
    protected int weight() { return 1; }
    static safe make() { return new safe(); }
};
class big extends safe { int both() { return weight() + code; } };
class demo {
    void main() {
        var s = new safe();
        s.code = 5;
        s.open(1);
        println(s.name + s.weight());
        println(safe.make().code);
    }
};
"####,
        expect![[r#"
            error[no-access]: the field `code` of `.demo.safe` is private
              --> demo.ph:10:57
               |
            10 | class big extends safe { int both() { return weight() + code; } };
               |                                                         ^^^^ that class alone may use it

            error[no-access]: the constructor `safe` of `.demo.safe` is private
              --> demo.ph:13:21
               |
            13 |         var s = new safe();
               |                     ^^^^ that class alone may use it

            error[no-access]: the field `code` of `.demo.safe` is private
              --> demo.ph:14:11
               |
            14 |         s.code = 5;
               |           ^^^^ that class alone may use it

            error[no-access]: the method `open` of `.demo.safe` is private
              --> demo.ph:15:11
               |
            15 |         s.open(1);
               |           ^^^^ that class alone may use it

            error[no-access]: the field `code` of `.demo.safe` is private
              --> demo.ph:17:29
               |
            17 |         println(safe.make().code);
               |                             ^^^^ that class alone may use it
        "#]],
    );
}

#[test]
fn protected_members_of_other_packages() {
    check(
        r####"class .a.base { protected var x : int; protected int get() { return x; } };
class .b.child extends .a.base { int mine() { return x + get(); } };
class .b.stranger { int theirs(.a.base b) { return b.x + b.get(); } };
"####,
        expect![[r#"
            error[no-access]: the field `x` of `.a.base` is protected
             --> demo.ph:3:54
              |
            3 | class .b.stranger { int theirs(.a.base b) { return b.x + b.get(); } };
              |                                                      ^ classes that extend it and those of its package may use it

            error[no-access]: the method `get` of `.a.base` is protected
             --> demo.ph:3:60
              |
            3 | class .b.stranger { int theirs(.a.base b) { return b.x + b.get(); } };
              |                                                            ^^^ classes that extend it and those of its package may use it
        "#]],
    );
}

#[test]
fn final_things_stay() {
    members(
        r####"final var id : int = 1;
    const LIMIT = 10;
    void demo() { id = 2; }
    void main() {
        id = 3;
        LIMIT = 5;
        final n = 1;
        n = 2;
        n++;
        const int m = 2;
        m += 1;
        var f = () => { n = 5; };
    }"####,
        expect![[r#"
            error[final-assignment]: the field `id` is final
             --> demo.ph:7:9
              |
            7 |         id = 3;
              |         ^^
              |
              = help: it is set where it is declared or in a constructor of its class

            error[final-assignment]: the field `LIMIT` is final
             --> demo.ph:8:9
              |
            8 |         LIMIT = 5;
              |         ^^^^^
              |
              = help: it is set where it is declared or in a constructor of its class

            error[final-assignment]: the variable `n` is final
              --> demo.ph:10:9
               |
            10 |         n = 2;
               |         ^
               |
               = help: it is set where it is declared

            error[final-assignment]: the variable `n` is final
              --> demo.ph:11:9
               |
            11 |         n++;
               |         ^
               |
               = help: it is set where it is declared

            error[final-assignment]: the variable `m` is final
              --> demo.ph:13:9
               |
            13 |         m += 1;
               |         ^
               |
               = help: it is set where it is declared

            error[final-assignment]: the variable `n` is final
              --> demo.ph:14:25
               |
            14 |         var f = () => { n = 5; };
               |                         ^
               |
               = help: it is set where it is declared
        "#]],
    );
}

#[test]
fn enums_are_checked() {
    check(
        r####"package .demo;
enum color { RED, GREEN, BLUE, RED };
enum size extends color { SMALL(1); void size(string s) { } };
class shade extends color { };
class demo {
    int main(color c) {
        switch (c) { case RED: return 1; case GREEN: return 2; }
        switch (c) { case RED: return 1; case PINK: return 2; default: break; }
        var own = new color();
        color.RED = null;
        return 0;
    }
};
"####,
        expect![[r#"
            error[duplicate-field]: the value `RED` is there twice
             --> demo.ph:2:32
              |
            2 | enum color { RED, GREEN, BLUE, RED };
              |              ---               ^^^
              |              |
              |              the first is here

            error[bad-parent]: an enum extends nothing; it may implement interfaces
             --> demo.ph:3:19
              |
            3 | enum size extends color { SMALL(1); void size(string s) { } };
              |                   ^^^^^

            error[type-mismatch]: the parameter `s` of `size` is `string` and cannot take `int`
             --> demo.ph:3:33
              |
            3 | enum size extends color { SMALL(1); void size(string s) { } };
              |                                 ^ this is `int`
              |
              = help: `toString()` makes a string of it

            error[bad-parent]: `.demo.shade` cannot extend `.demo.color`
             --> demo.ph:4:21
              |
            4 | class shade extends color { };
              |                     ^^^^^ it is an enum, which has no other values than its own

            warning[missing-case]: the switch over `.demo.color` has no case for `BLUE`, `RED`
             --> demo.ph:7:17
              |
            7 |         switch (c) { case RED: return 1; case GREEN: return 2; }
              |                 ^
              |
              = help: add the cases, or a `default`

            error[unknown-name]: there is no `PINK` here
             --> demo.ph:8:47
              |
            8 |         switch (c) { case RED: return 1; case PINK: return 2; default: break; }
              |                                               ^^^^

            error[no-constructor]: `.demo.color` is an enum: it has no other values than its own
             --> demo.ph:9:23
              |
            9 |         var own = new color();
              |                       ^^^^^

            error[final-assignment]: the field `RED` is final
              --> demo.ph:10:9
               |
            10 |         color.RED = null;
               |         ^^^^^^^^^
               |
               = help: it is set where it is declared or in a constructor of its class
        "#]],
    );
}

#[test]
fn formats_are_checked() {
    statements(
        r####"var s = "text"; int n = 5; double d = 1.5;
        println("${s:.2}");
        println("${n:q}");
        println("${d:x}");
        println("${n:1001}");
        println("${missing}");
        println("${n");
        println("${}");
        println("${n +}");"####,
        expect![[r#"
            error[bad-format]: the format `.2` does not apply to `string`
             --> demo.ph:5:21
              |
            5 |         println("${s:.2}");
              |                     ^^^

            error[bad-format]: `q` is no format
             --> demo.ph:6:21
              |
            6 |         println("${n:q}");
              |                     ^^
              |
              = help: it is `[<^>][+][0][width][.digits][letter]` with one of the letters d x X o b f e s

            error[bad-format]: the format `x` does not apply to `double`
             --> demo.ph:7:21
              |
            7 |         println("${d:x}");
              |                     ^^

            error[bad-format]: `1001` is no format
             --> demo.ph:8:21
              |
            8 |         println("${n:1001}");
              |                     ^^^^^
              |
              = help: it is `[<^>][+][0][width][.digits][letter]` with one of the letters d x X o b f e s

            error[unknown-name]: there is no `missing` here
             --> demo.ph:9:20
              |
            9 |         println("${missing}");
              |                    ^^^^^^^

            error[open-expression]: an expression in a string begins here and does not end on its line
              --> demo.ph:10:18
               |
            10 |         println("${n");
               |                  ^^
               |
               = help: end it with `}`; a `${` that means itself is written `\${`

            error[open-string]: a string begins here and does not end on its line
              --> demo.ph:10:21
               |
            10 |         println("${n");
               |                     ^^^
               |
               = help: end it with `"`; a line end inside is written `\n`

            error[syntax]: expected an expression, found `}`
              --> demo.ph:12:23
               |
            12 |         println("${n +}");
               |                       ^
        "#]],
    );
}

#[test]
fn locks_ranges_and_null() {
    statements(
        r####"synchronized (5) { }
        foreach (i in 0.."x") { }
        foreach (i, j in 0..3) { }
        int n = 5;
        println(n?.toString());
        println(n ?? 3);
        assert "text";
        assert n > 3 : missing;
        foreach (x in n) { }"####,
        expect![[r#"
            error[not-lock]: a number has no lock: only objects have
             --> demo.ph:4:23
              |
            4 |         synchronized (5) { }
              |                       ^

            error[type-mismatch]: the end of the range is `int` and cannot take `string`
             --> demo.ph:5:26
              |
            5 |         foreach (i in 0.."x") { }
              |                          ^^^ this is `string`
              |
              = help: `toInt()`, `toLong()` and `toDouble()` read a number in a string

            error[bad-range]: a range has one variable
             --> demo.ph:6:21
              |
            6 |         foreach (i, j in 0..3) { }
              |                     ^

            error[never-null]: this is `int`, which is never null
             --> demo.ph:8:17
              |
            8 |         println(n?.toString());
              |                 ^
              |
              = help: write `.`

            error[never-null]: this is `int`, which is never null
             --> demo.ph:9:17
              |
            9 |         println(n ?? 3);
              |                 ^

            error[not-condition]: a condition is a number, this is `string`
              --> demo.ph:10:16
               |
            10 |         assert "text";
               |                ^^^^^^
               |
               = help: compare it: `:!= null`, `.equals(…)`, `.length() > 0`

            error[unknown-name]: there is no `missing` here
              --> demo.ph:11:24
               |
            11 |         assert n > 3 : missing;
               |                        ^^^^^^^

            error[not-iterable]: `int` has no elements
              --> demo.ph:12:23
               |
            12 |         foreach (x in n) { }
               |                       ^
               |
               = help: `0..n` gives the numbers from 0 up to but not including n
        "#]],
    );
}

#[test]
fn interfaces_with_bodies() {
    check(
        r####"package .demo;
interface shape { int size(); int twice() { return size() * 2; } var n : int; static int none(); };
class square implements shape { };
class circle implements shape { string size() { return ""; } };
"####,
        expect![[r#"
            error[interface-field]: a field of an interface is a constant
             --> demo.ph:2:70
              |
            2 | interface shape { int size(); int twice() { return size() * 2; } var n : int; static int none(); };
              |                                                                      ^
              |
              = help: write `const` in front of it

            error[no-body]: a static method needs a body
             --> demo.ph:2:90
              |
            2 | interface shape { int size(); int twice() { return size() * 2; } var n : int; static int none(); };
              |                                                                                          ^^^^
              |
              = help: write `{ }`, or make this an interface

            warning[not-implemented]: `.demo.square` implements `.demo.shape` but has no method `size`
             --> demo.ph:3:7
              |
            2 | interface shape { int size(); int twice() { return size() * 2; } var n : int; static int none(); };
              |                       ---- declared here
            3 | class square implements shape { };
              |       ^^^^^^
              |
              = help: a call of `size()` on it throws

            warning[not-implemented]: `.demo.circle` implements `.demo.shape` but has no method `size`
             --> demo.ph:4:7
              |
            2 | interface shape { int size(); int twice() { return size() * 2; } var n : int; static int none(); };
              |                       ---- declared here
            3 | class square implements shape { };
            4 | class circle implements shape { string size() { return ""; } };
              |       ^^^^^^
              |
              = help: a call of `size()` on it throws
        "#]],
    );
}

#[test]
fn methods_that_erasure_makes_the_same() {
    members(
        r####"int f((int) => int g) { return 1; }
    int f((int, int) => int g) { return 2; }
    void h<T>(T x) { }
    void h(var x) { }
    void k(int[] a) { }
    void k(string[] a) { }"####,
        expect![[r#"
            error[duplicate-method]: the machine cannot tell this method `f` from another one of the class
             --> demo.ph:4:9
              |
            3 |     int f((int) => int g) { return 1; }
              |         - the other one
            4 |     int f((int, int) => int g) { return 2; }
              |         ^
              |
              = help: functions, arrays and what stands in angle brackets look the same to it: give it another name

            error[duplicate-method]: the machine cannot tell this method `h` from another one of the class
             --> demo.ph:6:10
              |
            5 |     void h<T>(T x) { }
              |          - the other one
            6 |     void h(var x) { }
              |          ^
              |
              = help: functions, arrays and what stands in angle brackets look the same to it: give it another name

            error[duplicate-method]: the machine cannot tell this method `k` from another one of the class
             --> demo.ph:8:10
              |
            7 |     void k(int[] a) { }
              |          - the other one
            8 |     void k(string[] a) { }
              |          ^
              |
              = help: functions, arrays and what stands in angle brackets look the same to it: give it another name
        "#]],
    );
}

#[test]
fn classes_in_classes_and_paths() {
    check(
        r####"package .demo;
class demo {
    static int n;
    class inner { };
    void main() {
        class local { };
        println(.demo.demo.m);
        println(.demo.nothing.n);
        .demo.demo = 1;
    }
};
class other { class inner { }; };
"####,
        expect![[r#"
            error[class-in-function]: a class stands in a file or in another class, not in a function
             --> demo.ph:6:9
              |
            6 |         class local { };
              |         ^^^^^
              |
              = help: move it out; what it uses of the function goes to its constructor

            error[unknown-field]: `.demo.demo` has no static field `m`
             --> demo.ph:7:28
              |
            7 |         println(.demo.demo.m);
              |                            ^

            error[class-as-value]: `.demo.nothing.n` is a name of a class, not a value
             --> demo.ph:8:17
              |
            8 |         println(.demo.nothing.n);
              |                 ^^^^^^^^^^^^^^^

            error[class-as-value]: `.demo.demo` is a name of a class, not a value
             --> demo.ph:9:9
              |
            9 |         .demo.demo = 1;
              |         ^^^^^^^^^^

            error[not-assignable]: this cannot be assigned to
             --> demo.ph:9:9
              |
            9 |         .demo.demo = 1;
              |         ^^^^^^^^^^
              |
              = help: variables, fields and elements of arrays can

            error[duplicate-class]: classes of one file that stand in others have different names
              --> demo.ph:12:21
               |
             4 |     class inner { };
               |           ----- the other is here
            ...
            12 | class other { class inner { }; };
               |                     ^^^^^
               |
               = help: rename one of them
        "#]],
    );
}
