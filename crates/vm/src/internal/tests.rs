//! Kernel methods with good and bad arguments and over restarts: see [`bench`] for how the scripts read.
//! `UPDATE_EXPECT=1 cargo test -p vm` writes what the methods do now.

mod bench;
mod connectors;
mod json;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bench::{Bench, check};
use expect_test::expect;
use layout::internal::{CLASSES, Restart};

#[test]
fn every_method_of_the_table_is_there() {
    for class in CLASSES {
        for method in class.methods {
            assert!(
                super::implementation(class.id, method.ordinal).is_some(),
                "{} {}",
                class.name,
                method.name
            );
        }
    }
    for (id, methods) in super::TABLES {
        let class = &CLASSES[*id as usize];
        let declared: Vec<u16> = class.methods.iter().map(|method| method.ordinal).collect();
        let bound: Vec<u16> = methods.iter().map(|(ordinal, _)| *ordinal).collect();
        assert_eq!(bound, declared, "{}", class.name);
    }
}

#[test]
fn objects() {
    check(&expect![[r#"
        o = new object
        p = new object
        null toString -> "(void)"
        o toString -> ".internal.object"
        o toXML -> "<void>"
        null toXML -> "<void>"
        o equals o -> 1
        o equals p -> 0
        o equals null -> 0
        null equals null -> 1
        null hashCode -> 0
        o fromXML "x" -> throws "fromXML is not possible"
        null clone -> throws "void clone called"
        c = o clone -> (.internal.object)
        c equals o -> 0
        boot clone -> (.internal.boot)
        null getClass -> (.internal.class)
        o destruct
        o setImmutable
        o setImmutable
        null setImmutable
        5 setImmutable
    "#]]);
}

#[test]
fn classes() {
    check(&expect![[r#"
        c = class .internal.directory
        o = class .internal.object
        i = class .internal.int
        v = class .internal.void
        c toString -> "class"
        c getName -> ".internal.directory"
        s = c getSuper -> (.internal.class)
        s equals o -> 1
        o getSuper -> null
        c getVersion -> 1
        o instanceof 5 -> 1
        i instanceof 5 -> 1
        i instanceof 5L -> 0
        c instanceof 5 -> 0
        c instanceof c -> 0
        o instanceof c -> 1
        v instanceof null -> 1
        c instanceof null -> 0
        o instanceof null -> 1
        c newInstance -> (.internal.directory)
        d = c newInstance -> (.internal.directory)
        d size -> 0
        i newInstance -> throws "class newInstance is not possible for this class"
        v newInstance -> throws "class newInstance is not possible for this class"
        c getStatic 0 -> throws "class has no such static slot"
        c getStatic -1 -> throws "class has no such static slot"
        c getStatic -2147483648 -> throws "class has no such static slot"
        c setStatic 2147483647 null -> throws "class has no such static slot"
        c newClass "x" 1 null -> throws "class newClass is not possible: classes come from modules"
        c clone -> throws "clone is not possible"
        c equals c -> 1
    "#]]);
}

#[test]
fn numbers() {
    check(&expect![[r#"
        5 toString -> "5"
        -2147483648 toString -> "-2147483648"
        5 toXML -> "<int>5</int>"
        5L toXML -> "<long>5</long>"
        1.5f toXML -> "<float>1.5</float>"
        1.5 toXML -> "<double>1.5</double>"
        5 clone -> 5
        5 equals 5 -> 1
        5 equals 6 -> 0
        5 equals 5L -> 0
        5 equals null -> 0
        5 equals "5" -> 0
        9223372036854775807L equals 9223372036854775807L -> 1
        9223372036854775807L toString -> "9223372036854775807"
        9223372036854775807L hashCode -> -2147483648
        9223372036854775807L toInt -> -1
        -9223372036854775808L toDouble -> -9.223372036854776E18
        3.5 toLong -> 3L
        3.99 toInt -> 3
        -3.99 toInt -> -3
        1.0e300 toInt -> 2147483647
        -1.0e300 toLong -> -9223372036854775808L
        1.0e300 toFloat -> Infinityf
        1.0e10 toString -> "1.0E10"
        0.1 toString -> "0.1"
        0.1f toString -> "0.1"
        0.1f toDouble -> 0.10000000149011612
        0.1 equals 0.1 -> 1
        0.0 equals -0.0 -> 0
        NaN equals NaN -> 1
        NaN toInt -> 0
        16777217 toFloat -> 1.6777216E7f
        5 hashCode -> 5
        -1L hashCode -> 0
        1.5f hashCode -> 1069547520
        1.5 hashCode -> 1073217536
        7 getClass -> (.internal.class)
    "#]]);
}

#[test]
fn strings() {
    check(&expect![[r#"
        "hello" length -> 5
        "" length -> 0
        "hello" substring 1 3 -> "ell"
        "abc" substring 1 100 -> "bc"
        "abc" substring 0 0 -> ""
        "" substring 0 0 -> ""
        "abc" substring 3 0 -> throws "string.substring index is out of bounds"
        "abc" substring -1 1 -> throws "string.substring index is out of bounds"
        "abc" substring 1 -1 -> throws "string.substring length is out of bounds"
        "abc" substring -2147483648 2147483647 -> throws "string.substring index is out of bounds"
        "abc" substring 2147483647 2147483647 -> throws "string.substring index is out of bounds"
        "abc" substring 2 -2147483648 -> throws "string.substring length is out of bounds"
        "grün" substring 0 3 -> "gr�"
        "hello" charAt 1 -> 101
        "hello" charAt 5 -> throws "string.charAt index is out of bounds"
        "hello" charAt -1 -> throws "string.charAt index is out of bounds"
        "hello" charAt -2147483648 -> throws "string.charAt index is out of bounds"
        "grün" charAt 2 -> 195
        "con" concat "cat" -> "concat"
        "con" concat "" -> "con"
        "" concat "" -> ""
        "con" concat null -> throws "string.concat argument is not a string"
        "con" concat 5 -> throws "string.concat argument is not a string"
        "abcabc" strstr "ca" -> 2
        "abcabc" strstr "y" -> -1
        "abcabc" strstr "" -> 0
        "abcabc" strstr null -> throws "string.strstr argument is not a string"
        "42z" toInt -> 42
        "-17" toInt -> -17
        "-17" toLong -> -17L
        "99999999999" toInt -> 2147483647
        "-99999999999" toInt -> -2147483648
        "99999999999" toLong -> 99999999999L
        "x" toInt -> 0
        "1.5e3x" toDouble -> 1500.0
        "-.5" toFloat -> -0.5f
        "x" toDouble -> 0.0
        "1e999" toDouble -> Infinity
        "hello" equals "hello" -> 1
        "hello" equals "hellO" -> 0
        "hello" equals null -> 0
        "5" equals 5 -> 0
        "hello" toString -> "hello"
        "hello" clone -> "hello"
        "a<b>&'" toXML -> "<string>a&lt;b&gt;&amp;&apos;</string>"
        "abcabc" indexOf "b" 2 -> 4
        "abcabc" indexOf "b" -5 -> 1
        "abcabc" indexOf "b" 2147483647 -> -1
        "abcabc" indexOf "" 6 -> 6
        "abcabc" indexOf "" 7 -> -1
        "abcabc" indexOf 1 0 -> throws "string.indexOf argument is not a string"
        "hello" startsWith "he" -> 1
        "hello" startsWith "hello!" -> 0
        "hello" startsWith "" -> 1
        "hello" startsWith null -> throws "string.startsWith argument is not a string"
        "hello" endsWith "lo" -> 1
        "hello" endsWith "!hello" -> 0
        "hello" endsWith null -> throws "string.endsWith argument is not a string"
        "Grün 1" toUpper -> "GRüN 1"
        "GRÜN 1" toLower -> "grÜn 1"
        "  two words \n" trim -> "two words"
        "   " trim -> ""
        "none" trim -> "none"
        "a,b,,c" split "," -> ["a" "b" "" "c"]
        "" split "," -> [""]
        "abc" split "," -> ["abc"]
        "a--b--" split "--" -> ["a" "b" ""]
        "abc" split "" -> throws "string.split separator is empty"
        "abc" split null -> throws "string.split argument is not a string"
        "aXbXc" replace "X" "--" -> "a--b--c"
        "aXbXc" replace "X" "" -> "abc"
        "XX" replace "X" "X" -> "XX"
        "abc" replace "X" "y" -> "abc"
        "abc" replace "" "y" -> throws "string.replace text is empty"
        "abc" replace "a" null -> throws "string.replace argument is not a string"
        "a" compareTo "b" -> -1
        "b" compareTo "a" -> 1
        "a" compareTo "a" -> 0
        "a" compareTo "ab" -> -1
        "a" compareTo 5 -> throws "string.compareTo argument is not a string"
        "hello" contains "ell" -> 1
        "hello" contains "Ell" -> 0
        "hello" contains null -> throws "string.contains argument is not a string"
        "hello" hashCode -> 1549982973
        h = "hello" concat "" -> "hello"
        h hashCode -> 1549982973
        "" hashCode -> 953390274
    "#]]);
}

#[test]
fn sizes_are_bounded() {
    let mut bench = Bench::new();
    let half = bench.vm.make_string_room((1 << 29) + 1);
    bench.keep("s", layout::Value::object(half));
    let results = bench.results(
        "b = new binary
        b resize 1073741824
        b resize 1073741825
        b resize 2147483647
        b size
        s length
        s concat s",
    );
    let too_many = "throws \"there are too many bytes\"";
    let too_long = "throws \"string.concat result is too long\"";
    assert_eq!(results, ["", "", too_many, too_many, "1073741824", "536870913", too_long]);

    drop(bench);

    let mut bench = Bench::new();
    bench.vm.common.heap_limit = 64 << 20;
    bench.vm.heap.set_limit(64 << 20);
    let full = "throws .internal.exception.out_of_memory \"100000000 elements do not fit\"";
    let results = bench.results("c = new binary\nc resize 100000000\nc size\nc resize 1000");
    assert_eq!(results, ["", full, "0", ""]);
}

#[test]
fn json() {
    check(&expect![[r#"
        d = "{\qa\q:1,\qb\q:[1,2.5,\qx\q,[]],\qc\q:{\qd\q:-0.5},\qe\q:true,\qf\q:null,\qg\q:false}" parseJson -> (.internal.directory)
        d keys -> ["a" "b" "c" "e" "f" "g"]
        d values -> [1L [1L 2.5 "x" []] (.internal.directory) 1 null 0]
        d toString -> "(directory)"
        "12345678901234567890" parseJson -> 1.2345678901234567E19
        "-9223372036854775808" parseJson -> -9223372036854775808L
        "1e3" parseJson -> 1000.0
        " \q\u00fc\t\\\q " parseJson -> "ü\t\\"
        "{\qa\q:1,\qa\q:2}" parseJson -> (.internal.directory)
        d = "{\qa\q:1,\qa\q:2}" parseJson -> (.internal.directory)
        d get "a" -> 2L
        "[1,2" parseJson -> throws "string.parseJson: EOF while parsing a list at line 1 column 4"
        "" parseJson -> throws "string.parseJson: EOF while parsing a value at line 1 column 0"
        "{a:1}" parseJson -> throws "string.parseJson: key must be a string at line 1 column 2"
        "[1] x" parseJson -> throws "string.parseJson: trailing characters at line 1 column 5"
        "nul" parseJson -> throws "string.parseJson: EOF while parsing a value at line 1 column 3"
        "1e999" parseJson -> throws "string.parseJson: number out of range at line 1 column 5"
        "\q\ud800\q" parseJson -> throws "string.parseJson: unexpected end of hex escape at line 1 column 8"
        "\q\ud83d\ude00\q" parseJson -> "😀"
    "#]]);
    let mut bench = Bench::new();
    for (depth, end) in
        [(127, "]]]]"), (128, "throws \"string.parseJson: recursion limit exceeded at line 1 column 128\"\n")]
    {
        let script = format!("\"{}{}\" parseJson", "[".repeat(depth), "]".repeat(depth));
        assert!(bench.run(&script).trim_end().ends_with(end.trim_end()), "{depth}");
    }
    let script = format!("\"{}\" parseJson", "[".repeat(1 << 20));
    assert!(bench.run(&script).contains("recursion limit"));
}

#[test]
fn stringbuilders() {
    check(&expect![[r#"
        b = new stringbuilder
        b toString -> ""
        b length -> 0
        b concat "one" -> 3
        b concat " two" -> 7
        b concat null -> throws "stringbuilder.concat argument is not a string"
        b concat 5 -> throws "stringbuilder.concat argument is not a string"
        b append 5 -> (.internal.stringbuilder)
        b append null -> (.internal.stringbuilder)
        b append 1.5 -> (.internal.stringbuilder)
        b append boot -> (.internal.stringbuilder)
        t = new directory
        b append t -> (.internal.stringbuilder)
        b append b -> (.internal.stringbuilder)
        b toString -> "one two5(void)1.5bootstrap(directory)one two5(void)1.5bootstrap(directory)"
        b substring 1 2 -> "ne"
        b substring -1 2 -> throws "stringbuilder.substring index is out of bounds"
        b substring 1000 2 -> throws "stringbuilder.substring index is out of bounds"
        b byteAt 0 -> 111
        b byteAt 1000 -> throws "stringbuilder.byteAt index is out of bounds"
        b byteAt -2147483648 -> throws "stringbuilder.byteAt index is out of bounds"
        b strstr "two" -> 4
        b strstr null -> throws "stringbuilder.strstr argument is not a string"
        c = b clone -> (.internal.stringbuilder)
        b equals c -> 1
        c concat "!" -> 75
        b equals c -> 0
        b equals null -> 0
        s = b toString -> "one two5(void)1.5bootstrap(directory)one two5(void)1.5bootstrap(directory)"
        b equals s -> 1
        restart
        b toString -> "one two5(void)1.5bootstrap(directory)one two5(void)1.5bootstrap(directory)"
        c length -> 75
        b clear
        b format 42 "5" -> (.internal.stringbuilder)
        b format -1 "x" -> (.internal.stringbuilder)
        b format 9223372036854775807L "+" -> (.internal.stringbuilder)
        b format 2.5 "08.3" -> (.internal.stringbuilder)
        b format 2.5f "6" -> (.internal.stringbuilder)
        b format "ab" "^6" -> (.internal.stringbuilder)
        b format null "8" -> (.internal.stringbuilder)
        b format t ">20" -> (.internal.stringbuilder)
        b format 5 "q" -> throws "stringbuilder.format - `q` is no format"
        b format 5 5 -> throws "stringbuilder.format format is not a string"
        b format "x" "05" -> throws "stringbuilder.format - the format is for numbers"
        b format 2.5 "d" -> throws "stringbuilder.format - the format is for whole numbers"
        restart
        b toString -> "   42ffffffff+92233720368547758070002.500   2.5  ab  (void)           (directory)"
        b clear
        b appendString "s" -> (.internal.stringbuilder)
        b appendString null -> (.internal.stringbuilder)
        b appendString 5 -> throws "stringbuilder.appendString argument is not a string"
        b appendInt -2147483648 -> (.internal.stringbuilder)
        b appendLong -9223372036854775808L -> (.internal.stringbuilder)
        b appendFloat 1.5f -> (.internal.stringbuilder)
        b appendDouble 1.0e10 -> (.internal.stringbuilder)
        b toString -> "s(void)-2147483648-92233720368547758081.51.0E10"
        b clear
        b length -> 0
        b concat "again" -> 5
        b equals "again" -> 1
        b setImmutable
        b concat "x" -> throws .internal.exception.immutable "the object is immutable"
        b format 5 "3" -> throws .internal.exception.immutable "the object is immutable"
        b append "x" -> throws .internal.exception.immutable "the object is immutable"
        b append t -> throws .internal.exception.immutable "the object is immutable"
        b clear -> throws .internal.exception.immutable "the object is immutable"
        b toString -> "again"
    "#]]);
}

#[test]
fn arrays() {
    check(&expect![[r#"
        a = new container.array
        a toString -> "array"
        a size -> 0
        a get 0 -> throws "array get - index is out of bounds"
        a set "x" 0 -> "x"
        a set 5 3 -> 5
        a size -> 4
        a get 2 -> null
        a get 4 -> throws "array get - index is out of bounds"
        a get -1 -> throws "array get - index is out of bounds"
        a get -2147483648 -> throws "array get - index is out of bounds"
        a get 2147483647 -> throws "array get - index is out of bounds"
        a set 1 -1 -> throws "array set - index is out of bounds"
        a set 1 -2147483648 -> throws "array set - index is out of bounds"
        a set 1 2147483647 -> throws "array set - index is too far behind the last element"
        a add "last" -> 4
        a subarray 0 1 -> ["x"]
        a subarray 3 2147483647 -> [5 "last"]
        a subarray 5 1 -> []
        a subarray 6 1 -> throws "array subarray - index is out of bounds"
        a subarray -1 1 -> throws "array subarray - index is out of bounds"
        a subarray 0 -1 -> throws "array subarray - length is negative"
        a insert 0 "first"
        a insert 6 "end"
        a insert 8 "no" -> throws "array insert - index is out of bounds"
        a insert -1 "no" -> throws "array insert - index is out of bounds"
        a subarray 0 100 -> ["first" "x" null null 5 "last" "end"]
        a removeAt 1 -> "x"
        a removeAt 1 -> null
        a removeAt 100 -> throws "array removeAt - index is out of bounds"
        a removeAt -1 -> throws "array removeAt - index is out of bounds"
        a removeLast -> "end"
        a subarray 0 100 -> ["first" null 5 "last"]
        c = a clone -> ["first" null 5 "last"]
        c add 1 -> 4
        a size -> 4
        c size -> 5
        i = a iterator -> (.internal.iterator)
        i hasNext -> 1
        i next -> "first"
        i next -> null
        restart
        i hasNext -> 1
        i next -> 5
        a add "more" -> 4
        i next -> "last"
        i next -> "more"
        i hasNext -> 0
        i next -> throws "iterator next - there are no more elements"
        j = new iterator
        j hasNext -> 0
        j next -> throws "iterator next - there are no more elements"
        a clear
        a size -> 0
        a removeLast -> throws "array removeLast - array is empty"
        a removeLast -> throws "array removeLast - array is empty"
        a get 0 -> throws "array get - index is out of bounds"
        i hasNext -> 0
        collect
        c subarray 0 100 -> ["first" null 5 "last" 1]
        c setImmutable
        c set 1 1 -> throws .internal.exception.immutable "the object is immutable"
        c add 1 -> throws .internal.exception.immutable "the object is immutable"
        c insert 0 1 -> throws .internal.exception.immutable "the object is immutable"
        c removeAt 0 -> throws .internal.exception.immutable "the object is immutable"
        c removeLast -> throws .internal.exception.immutable "the object is immutable"
        c clear -> throws .internal.exception.immutable "the object is immutable"
        c size -> 5
        c get 0 -> "first"
    "#]]);
}

#[test]
fn large_arrays_grow() {
    let mut bench = Bench::new();
    let results = bench.results(
        "a = new container.array
        a set 7 16777216
        a set 7 100000000
        a size
        a get 5
        restart
        a get 16777216",
    );
    let too_far = "throws \"array set - index is too far behind the last element\"";
    assert_eq!(results, ["", "7", too_far, "16777217", "null", "", "7"]);
}

#[test]
fn binaries() {
    check(&expect![[r#"
        b = boot createBinary 10 -> (.internal.binary)
        b size -> 10
        b setByte 0 255
        b setByte 1 -2
        b setByte 2 256
        b getByte 0 -> 255
        b getByte 1 -> 254
        b getByte 2 -> 0
        b getByte 10 -> throws "binary index out of bounds"
        b getByte -1 -> throws "binary index out of bounds"
        b setByte 10 1 -> throws "binary index out of bounds"
        b setByte -2147483648 1 -> throws "binary index out of bounds"
        b setInt 3 -559038737
        b getInt 3 -> -559038737
        b getInt 6 -> 222
        b getInt 7 -> throws "binary index out of bounds"
        b getInt -1 -> throws "binary index out of bounds"
        b setInt 7 1 -> throws "binary index out of bounds"
        b getInt 2147483647 -> throws "binary index out of bounds"
        b setLong 2 -2L
        b getLong 2 -> -2L
        b getLong 3 -> throws "binary index out of bounds"
        b setLong 3 1L -> throws "binary index out of bounds"
        c = boot createBinary 4 -> (.internal.binary)
        c setRange b 0 1 4
        c getInt 0 -> -258
        c setRange b 1 1 4 -> throws "binary index out of bounds"
        c setRange b 0 7 4 -> throws "binary index out of bounds"
        c setRange b -1 0 1 -> throws "binary index out of bounds"
        c setRange b 0 -1 1 -> throws "binary index out of bounds"
        c setRange b 0 0 -1 -> throws "binary index out of bounds"
        c setRange b 0 0 2147483647 -> throws "binary index out of bounds"
        c setRange b 2147483647 2147483647 2147483647 -> throws "binary index out of bounds"
        c setRange null 0 0 1 -> throws "binary.setRange source is not a binary"
        c setRange "text" 0 0 1 -> throws "binary.setRange source is not a binary"
        c setText 0 "abcd"
        c setText 1 "abcd" -> throws "binary index out of bounds"
        c setText 0 null -> throws "binary.setText argument is not a string"
        c setText 4 ""
        c text 1 2 -> "bc"
        c text 1 4 -> throws "binary index out of bounds"
        c text -1 1 -> throws "binary index out of bounds"
        c text 0 -1 -> throws "binary index out of bounds"
        c setRange c 1 0 3
        c text 0 4 -> "aabc"
        c setRange c 0 1 3
        c text 0 4 -> "abcc"
        d = c clone -> (.internal.binary)
        d equals c -> 1
        d setByte 0 0
        d equals c -> 0
        d equals null -> 0
        d equals "aaab" -> 0
        d resize 2
        d resize 5
        d getInt 1 -> 98
        d resize -1 -> throws "binary size is negative"
        restart
        c text 0 4 -> "abcc"
        d size -> 5
        boot createBinary -1 -> throws "binary size is negative"
        boot createBinary -2147483648 -> throws "binary size is negative"
        e = boot createBinary 0 -> (.internal.binary)
        e getByte 0 -> throws "binary index out of bounds"
        e text 0 0 -> ""
        e setText 0 ""
        f = new binary
        f size -> 0
        f setRange c 0 0 0
        f resize 1
        f getByte 0 -> 0
        c setImmutable
        c setByte 0 1 -> throws .internal.exception.immutable "the object is immutable"
        c setInt 0 1 -> throws .internal.exception.immutable "the object is immutable"
        c setText 0 "a" -> throws .internal.exception.immutable "the object is immutable"
        c setRange d 0 0 1 -> throws .internal.exception.immutable "the object is immutable"
        c resize 9 -> throws .internal.exception.immutable "the object is immutable"
        c text 0 4 -> "abcc"
    "#]]);
}

#[test]
fn directories() {
    check(&expect![[r#"
        d = new directory
        d toString -> "(directory)"
        d size -> 0
        d get "a" -> null
        d remove "a" -> 2
        d keys -> []
        d put "a" 1 -> 0
        d put "a" 2 -> 17
        d size -> 1
        d get "a" -> 1
        d get "b" -> null
        d put 5 "int" -> 0
        d put 5L "long" -> 0
        d put 5.0 "double" -> 0
        d put 5.0f "float" -> 0
        d put "5" "string" -> 0
        d put 9223372036854775807L "large" -> 0
        d get 5 -> "int"
        d get 5L -> "long"
        d get 5.0 -> "double"
        d get 5.0f -> "float"
        d get "5" -> "string"
        d get 9223372036854775807L -> "large"
        o = new object
        p = new object
        d put o "object" -> 0
        d get o -> "object"
        d get p -> null
        d put null 1 -> throws "directory key is null"
        d set null 1 -> throws "directory key is null"
        d get null -> null
        d contains null -> 0
        d remove null -> 2
        d contains "a" -> 1
        d contains "A" -> 0
        d set "a" "new" -> 1
        d set "z" "last" -> null
        d keys -> ["a" 5 5L 5.0 5.0f "5" 9223372036854775807L (.internal.object) "z"]
        d values -> ["new" "int" "long" "double" "float" "string" "large" "object" "last"]
        restart
        d get "a" -> "new"
        d get o -> "object"
        d get 5.0 -> "double"
        d remove "a" -> 0
        d remove "a" -> 2
        d put "a" "back" -> 0
        d keys -> [5 5L 5.0 5.0f "5" 9223372036854775807L (.internal.object) "z" "a"]
        i = d iterate -> (.internal.iterator)
        d remove 5 -> 0
        i next -> 5
        i hasNext -> 1
        c = d clone -> (.internal.directory)
        c put "only here" 1 -> 0
        d contains "only here" -> 0
        c size -> 9
        d size -> 8
        d put "nothing" null -> 0
        d contains "nothing" -> 1
        d get "nothing" -> null
        d clear
        d size -> 0
        d keys -> []
        c size -> 9
        c get "5" -> "string"
        collect
        c get "5" -> "string"
        c setImmutable
        c put "x" 1 -> throws .internal.exception.immutable "the object is immutable"
        c set "x" 1 -> throws .internal.exception.immutable "the object is immutable"
        c remove "5" -> throws .internal.exception.immutable "the object is immutable"
        c clear -> throws .internal.exception.immutable "the object is immutable"
        c get "5" -> "string"
        one = new directory
        one put "x" 1 -> 0
        one remove "x" -> 0
        one remove "x" -> 2
        one size -> 0
        one put "x" 2 -> 0
        one get "x" -> 2
        d equals d -> 1
        d equals c -> 0
    "#]]);
}

#[test]
fn a_million_keys() {
    let mut bench = Bench::new();
    bench.run("d = new directory");
    let put = |bench: &mut Bench, key: i32| bench.call("d", "put", &[key, 2 * key]);
    for key in 0..1_000_000 {
        assert_eq!(put(&mut bench, key), "0");
        if key % 250_000 == 0 {
            bench.run("collect");
        }
    }
    assert_eq!(put(&mut bench, 77), "17");
    for key in (0..1_000_000).filter(|key| key % 3 != 0) {
        assert_eq!(bench.call("d", "remove", &[key]), "0");
    }
    bench.run("restart");
    for key in 0..1_000_000 {
        let expected = if key % 3 == 0 { format!("{}", 2 * key) } else { "null".into() };
        assert_eq!(bench.call("d", "get", &[key]), expected);
    }
    // Removed keys come again, behind the others.
    for key in (0..1_000_000).filter(|key| key % 3 != 0) {
        assert_eq!(put(&mut bench, key), "0");
    }
    let results = bench.results("k = d keys\nk get 0\nk get 333334\nd size");
    assert_eq!(results[1..], ["0", "1", "1000000"]);
}

#[test]
fn closures() {
    check(&expect![[r#"
        c = new closure
        c getOrdinal -> 0
        c setObject "text"
        c getObject -> "text"
        c setOrdinal 5
        c call [ ] -> "text"
        c call null -> "text"
        c setOrdinal 10
        c call [ " and more" ] -> "text and more"
        c setOrdinal -1 -> throws "closure setOrdinal - there is no such ordinal"
        c setOrdinal 65536 -> throws "closure setOrdinal - there is no such ordinal"
        c setOrdinal -2147483648 -> throws "closure setOrdinal - there is no such ordinal"
        c getOrdinal -> 10
        c call 5 -> throws "closure call - the arguments are no array"
        c call "x" -> throws "closure call - the arguments are no array"
        restart
        c call [ "!" ] -> "text!"
        c callName "length" [ ] -> 4
        c callName "concat" [ "?" ] -> "text?"
        c callName "length" null -> 4
        c callName "nothing" [ ] -> throws .internal.exception.no_such_method ".internal.string has no method nothing with 0 arguments"
        c callName "concat" [ ] -> throws .internal.exception.no_such_method ".internal.string has no method concat with 0 arguments"
        c callName 5 [ ] -> throws "closure callName - the name is no string"
        c callName "length" 5 -> throws "closure call - the arguments are no array"
        c iterate [ "x" ] -> calls 8 of ([L.internal.object;)
        c iterate "x" -> calls 8 of "x"
        f = new function
        f toString -> "function"
        f call0 -> throws .internal.exception.no_such_method "the function does not take 0 arguments"
        f call2 1 2 -> throws .internal.exception.no_such_method "the function does not take 2 arguments"
        f call8 1 2 3 4 5 6 7 8 -> throws .internal.exception.no_such_method "the function does not take 8 arguments"
        c setImmutable
        c setOrdinal 1 -> throws .internal.exception.immutable "the object is immutable"
        c setObject null -> throws .internal.exception.immutable "the object is immutable"
    "#]]);
}

#[test]
fn clocks_and_sleep() {
    check(&expect![[r#"
        t = new time
        t unixTime -> 1893456000L
        t unixTimeMsec -> 1893456000000L
        t monotonicMsec -> 0L
        clock 1500
        t unixTime -> 1893456001L
        t monotonicMsec -> 1500L
        t sleepMsec 0
        t sleepMsec -5
        t sleepSec -2147483648
        t sleepSec 2147483647 -> waits until 2147483648500 ms
        clock 10
        again -> waits until 2147483648500 ms
        t sleepMsec 100 -> waits until 1610 ms
        clock 99
        again -> waits until 1610 ms
        restart
        again -> waits until 1610 ms
        clock 1
        again
        boot sleep 7 -> waits until 1617 ms
        clock 7
        again
        t sleepUntil 1617L
        t sleepUntil -1L
        t sleepUntil 1700L -> waits until 1700 ms
        restart
        again -> waits until 1700 ms
        clock 83
        again
    "#]]);
}

#[test]
fn mutexes() {
    check(&expect![[r#"
        m = new mutex
        m toString -> "mutex"
        m getOwner -> null
        m unlock -> throws "mutex unlock - not owner"
        m tryLock -> 1
        m lock
        m getOwner -> (.internal.thread)
        m clone -> throws "clone is not possible"
        restart
        m unlock
        m getOwner -> (.internal.thread)
        m unlock
        m getOwner -> null
        m unlock -> throws "mutex unlock - not owner"
        m tryLockMsec 0 -> 1
        m unlock
    "#]]);
}

#[test]
fn conditions() {
    check(&expect![[r#"
        c = new cond
        c toString -> "cond"
        m = new mutex
        c signal
        c broadcast
        c wait null -> throws "cond wait - the argument is no mutex"
        c wait c -> throws "cond wait - the argument is no mutex"
        c wait m -> throws "cond wait - not owner"
        m lock
        m lock
        c twait m 5 -> waits for a signal until 5 ms
        restart
        clock 5
        again -> 0
        m getOwner -> (.internal.thread)
        m unlock
        m unlock
        m getOwner -> null
        m lock
        c twait m -1 -> waits for a signal until 5 ms
        again -> 0
        c clone -> throws "clone is not possible"
    "#]]);
}

#[test]
fn semaphores() {
    check(&expect![[r#"
        s = new sema
        s toString -> "semaphore"
        s available -> 0
        s tryAcquire -> 0
        s acquire -> waits for a permit
        again -> waits for a permit
        restart
        again -> waits for a permit
        s release
        s available -> 1
        s releaseMany 3
        s available -> 4
        s releaseMany -1 -> throws "semaphore release - the number is negative"
        s releaseMany 2147483647 -> throws "semaphore release - there are too many permits"
        s available -> 4
        s tacquire 5 -> 1
        s zero
        s available -> 0
        s tacquire 5 -> waits for a permit until 5 ms
        clock 4
        again -> waits for a permit until 5 ms
        restart
        clock 1
        again -> 0
        s tacquire 0 -> 0
        s clone -> throws "clone is not possible"
    "#]]);
}

#[test]
fn locks_of_objects() {
    check(&expect![[r#"
        s = new sync
        o = new object
        s lock null -> throws .internal.exception.null_pointer "the lock of null"
        s lock 5 -> throws .internal.exception.illegal_monitor "a number has no lock"
        s unlock o -> throws .internal.exception.illegal_monitor "the thread does not hold the lock"
        s wait o -> throws .internal.exception.illegal_monitor "the thread does not hold the lock"
        s notify o -> throws .internal.exception.illegal_monitor "the thread does not hold the lock"
        s notifyAll o -> throws .internal.exception.illegal_monitor "the thread does not hold the lock"
        s holdsLock o -> 0
        s lock o
        s tryLock o -> 1
        s holdsLock o -> 1
        s notify o
        s notifyAll o
        restart
        s waitMsec o 5 -> waits for a notification until 5 ms
        restart
        clock 5
        again -> 0
        s holdsLock o -> 1
        s unlock o
        s holdsLock o -> 1
        s unlock o
        s holdsLock o -> 0
        s unlock o -> throws .internal.exception.illegal_monitor "the thread does not hold the lock"
    "#]]);
}

#[test]
fn threads() {
    check(&expect![[r#"
        t = new thread
        t toString -> "thread"
        t getState -> "new"
        t isAlive -> 0
        t join -> throws "thread.join: it was not started"
        t joinMsec 5 -> throws "thread.join: it was not started"
        t start null -> throws "thread.start: there is nothing to run"
        t start 5 -> throws .internal.exception.no_such_method ".internal.int has no method 8"
        t start "text" -> throws .internal.exception.no_such_method ".internal.string.substring(II)L.internal.string; wants 2 arguments"
        t getName -> "thread 2"
        t setName 5 -> throws "thread.setName: the name is not a string"
        t setName "name"
        t getName -> "name"
        t isDaemon -> 0
        t setDaemon 1
        t isDaemon -> 1
        t getStackSize -> 8192
        t setStackSize 15 -> throws "thread.setStackSize: 16 to 8192 KiB are possible"
        t setStackSize 8193 -> throws "thread.setStackSize: 16 to 8192 KiB are possible"
        t setStackSize 64
        t getStackSize -> 64
        t isInterrupted -> 0
        t interrupt
        t isInterrupted -> 1
        t pause
        t unpause
        t getResult -> null
        t getFailure -> null
        t clone -> throws "clone is not possible"
        e = thread getEnvironment -> (.internal.directory)
        e set "key" "value" -> null
        restart
        t getName -> "name"
        thread getState -> "running"
        thread isAlive -> 1
        thread join -> throws "thread.join: a thread cannot wait for its own end"
        thread start null -> throws "thread.start: it was started before"
        thread setDaemon 1 -> throws "thread.setDaemon: it was started before"
        thread yield -> waits for its turn
        thread pause -> waits for its turn
    "#]]);
}

#[test]
fn atomics() {
    check(&expect![[r#"
        a = new atomic
        a toString -> "0"
        a get -> 0L
        a add 9223372036854775807L -> 9223372036854775807L
        a add 1L -> -9223372036854775808L
        a set 5L
        a compareAndSet 4L 6L -> 0
        a compareAndSet 5L 6L -> 1
        a exchange 7L -> 6L
        restart
        a get -> 7L
        b = a clone -> (.internal.atomic)
        b add 1L -> 8L
        a get -> 7L
        a setImmutable
        a add 1L -> throws .internal.exception.immutable "the object is immutable"
        a set 1L -> throws .internal.exception.immutable "the object is immutable"
        a compareAndSet 7L 1L -> throws .internal.exception.immutable "the object is immutable"
        a compareAndSet 8L 1L -> 0
        a get -> 7L
    "#]]);
}

#[test]
fn weak_references() {
    check(&expect![[r#"
        w = new weakref
        w get -> null
        o = new directory
        w set o
        w get -> (.internal.directory)
        collect
        w get -> (.internal.directory)
        restart
        w get -> (.internal.directory)
        c = w clone -> (.internal.weakref)
        c get -> (.internal.directory)
        o = new object
        collect
        w get -> null
        c get -> null
        w set "text"
        w set 5
        w get -> 5
        collect
        w get -> 5
        w set null
        w get -> null
        w setImmutable
        w set 5 -> throws .internal.exception.immutable "the object is immutable"
    "#]]);
}

#[test]
fn worlds() {
    check(&expect![[r#"
        w = new world
        w toString -> "(world)"
        w epoch -> 1L
        w log "one"
        w log null -> throws "world.log argument is not a string"
        w log 5 -> throws "world.log argument is not a string"
        w snapSync -> waits for epoch 1
        again -> waits for epoch 1
        commit
        again -> 1L
        restart
        w epoch -> 2L
        w snapSync -> waits for epoch 2
        again -> waits for epoch 2
        restart
        again -> 2L
        w epoch -> 3L
        w collect -> waits for its turn
        again -> waits for its turn
        collect
        again
        w collect -> waits for its turn
        restart
        again
    "#]]);
}

#[test]
fn consoles() {
    check(&expect![[r#"
        c = new console
        a = new container.array
        c print "text"
        c print 5
        c println null
        c println a
        c printError 1.5
        c printlnError boot
        output -> "text5(void)\narray\n" and "1.5bootstrap\n"
        c readLine -> null
        input "a line"
        input ""
        c readLine -> "\"a line\""
        c readLine -> "\"\""
        input-open
        c readLine -> waits for input
        again -> waits for input
        restart
        again -> waits for input
        input "late"
        again -> "\"late\""
    "#]]);
}

#[test]
fn boot_objects() {
    check(&expect![[r#"
        boot toString -> "bootstrap"
        boot print [ "one " 2 " " null " " boot ]
        boot print [ ]
        boot print null
        boot print 5 -> throws "boot.print arguments are no array"
        output -> "one 2 (void) bootstrap" and ""
        boot loadClass ".internal.string" -> (.internal.class)
        boot loadClass ".nowhere" -> throws "class .nowhere is not found"
        boot loadClass null -> throws "boot.loadClass argument is not a string"
        l = new object
        boot setClassLoader l
        boot loadClass ".nowhere" -> calls 8 of (.internal.object)
        boot setScreenBackground null
        boot getKernelEnvironment -> ["root.shell=.ru.dz.phantom.system.shell" "root.init=.ru.dz.phantom.system.init"]
        boot reboot -> throws "boot.reboot: a program may not stop the world"
        boot setOsInterface "os"
    "#]]);
}

#[test]
fn exceptions() {
    check(&expect![[r#"
        e = new exception.io
        e toString -> ".internal.exception.io"
        e getMessage -> null
        e setMessage "it broke"
        e toString -> ".internal.exception.io: it broke"
        e setMessage 5 -> throws "exception setMessage - the message is not a string"
        e getCause -> null
        e getTrace -> null
        restart
        e toString -> ".internal.exception.io: it broke"
        e setMessage null
        e getMessage -> null
    "#]]);
}

#[test]
fn only_what_may_wait_has_a_frame() {
    // A method without a frame has no state; asking for it is a mistake of ours that a script would show as a panic.
    let framed: Vec<String> = CLASSES
        .iter()
        .flat_map(|class| class.methods.iter().map(move |method| (class, method)))
        .filter(|(_, method)| !matches!(method.restart, Restart::Short | Restart::Divided))
        .map(|(class, method)| format!("{} {}", class.name, method.name))
        .collect();
    expect![[r#"
        [
            ".internal.stringbuilder append",
            ".internal.stringbuilder format",
            ".internal.closure call",
            ".internal.closure callName",
            ".internal.closure iterate",
            ".internal.time sleepSec",
            ".internal.time sleepMsec",
            ".internal.time sleepUntil",
            ".internal.world snapSync",
            ".internal.world collect",
            ".internal.console print",
            ".internal.console println",
            ".internal.console readLine",
            ".internal.console printError",
            ".internal.console printlnError",
            ".internal.boot loadClass",
            ".internal.boot print",
            ".internal.boot sleep",
            ".internal.thread pause",
            ".internal.thread join",
            ".internal.thread joinMsec",
            ".internal.thread yield",
            ".internal.mutex lock",
            ".internal.mutex tryLockMsec",
            ".internal.cond wait",
            ".internal.cond twait",
            ".internal.sema acquire",
            ".internal.sema tacquire",
            ".internal.sync lock",
            ".internal.sync wait",
            ".internal.sync waitMsec",
            ".internal.tcp connect",
            ".internal.tcp listen",
            ".internal.tcp send",
            ".internal.tcp recv",
            ".internal.tcp recvBinary",
            ".internal.tcp accept",
            ".internal.tcp curl",
            ".internal.udp bind",
            ".internal.udp bindAddress",
            ".internal.udp recvFrom",
            ".internal.udp recvBinary",
            ".internal.udp sendTo",
            ".internal.io open",
            ".internal.io read",
            ".internal.io write",
            ".internal.io seek",
            ".internal.io openRead",
            ".internal.io readBinary",
            ".internal.io size",
            ".internal.io sync",
            ".internal.io resize",
            ".internal.io exists",
            ".internal.io list",
            ".internal.io remove",
            ".internal.io rename",
            ".internal.io makeDirectory",
            ".internal.io isDirectory",
            ".internal.io modified",
            ".internal.io sizeOf",
            ".internal.process start",
            ".internal.process write",
            ".internal.process read",
            ".internal.process readError",
            ".internal.process wait",
            ".internal.once begin",
            ".internal.once end",
        ]
    "#]]
    .assert_debug_eq(&framed);
}

#[test]
fn no_arguments_bring_the_machine_down() {
    let mut bench = Bench::new();
    bench.vm.common.heap_limit = 64 << 20;
    bench.vm.heap.set_limit(64 << 20);
    for (name, class) in [("a", "container.array"), ("b", "binary"), ("c", "closure"), ("d", "directory")] {
        bench.run(&format!("{name} = new {class}"));
    }
    for (name, class) in
        [("e", "exception.io"), ("t", "time"), ("w", "world"), ("o", "console"), ("i", "iterator")]
    {
        bench.run(&format!("{name} = new {class}"));
    }
    for (name, class) in [
        ("m", "mutex"),
        ("cond", "cond"),
        ("sema", "sema"),
        ("sync", "sync"),
        ("weak", "weakref"),
        ("n", "atomic"),
    ] {
        bench.run(&format!("{name} = new {class}"));
    }
    bench.run("k = class .internal.directory\ns = new stringbuilder");
    for (name, call) in
        [("one", "5 clone"), ("two", "5L clone"), ("half", "0.5 clone"), ("quarter", "0.25f clone")]
    {
        bench.run(&format!("{name} = {call}"));
    }
    bench.run("text = \"a text, 12\" clone\nempty = \"\" clone\njson = \"[1,{}]\" clone");
    bench.keep("null", layout::Value::NULL);
    let (returned, threw) = bench.draw_calls(1, 60_000);
    assert!(returned > 5_000 && threw > 5_000, "{returned} returned, {threw} threw");
}
