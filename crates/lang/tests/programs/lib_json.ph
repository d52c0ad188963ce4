// JSON of the library: both ways, errors with their places, limits.
// expect: json: read: 34 checks hold
// expect: json: write: 19 checks hold
// expect: json: wrong: 40 checks hold
package .programs;

import .lib.list;
import .lib.map;
import .lib.json;
import .lib.bool;
import .lib.text;
import .lib.test;
import .lib.error;

class person {
    var name : string;
    var age : int;
    void person(var n : string, var a : int) { name = n; age = a; }
    .internal.object toJson() { return new map().with("name", name).with("age", age); }
};

class lib_json {
    void main() {
        reading();
        writing();
        wrong();
    }

    void reading() {
        var t = new test("json: read");
        t.equal("int", json.parse("42"), 42);
        t.holds("is an int", json.parse("2147483647") instanceof .internal.int);
        t.holds("is a long", json.parse("2147483648") instanceof .internal.long);
        t.equal("long", json.parse("-9223372036854775808"), -9223372036854775807L - 1L);
        t.holds("is a double", json.parse("9223372036854775808") instanceof .internal.double);
        t.equal("least int", json.parse("-2147483648"), -2147483647 - 1);
        t.equal("double", json.parse("-1.5e3"), -1500.0);
        t.equal("small", json.parse("1E-2"), 0.01);
        t.equal("minus nothing", json.parse("-0").toString(), "-0.0");
        t.equal("zero", json.parse("0"), 0);
        t.equal("true", json.parse(" true "), bool.yes);
        t.equal("false", json.parse("false").toString(), "false");
        t.equal("null", json.parse("null"), null);
        t.equal("empty string", json.parse("\"\""), "");
        t.equal("escapes", json.parse("\"a\\n\\t\\r\\b\\f\\/\\\\\\\"z\""), "a\n\t\r\x08\f/\\\"z");
        t.equal("unicode", json.parse("\"\\u0041\\u00e9\\u20AC\""), "A\u00e9\u20ac");
        t.equal("a pair", json.parse("\"\\uD83D\\uDE00\""), "\u{1F600}");
        t.equal("half a pair", json.parse("\"\\uD83Dx\""), "\uFFFDx");
        t.equal("two halves the wrong way", json.parse("\"\\uDE00\\uD83D\""), "\uFFFD\uFFFD");
        t.equal("half, then a letter", json.parse("\"\\uD83D\\u0041\""), "\uFFFDA");
        t.equal("text as it is", json.parse("\"\u{1F600}\""), "\u{1F600}");
        t.equal("nothing in it", json.parse("[]").toString(), "[]");
        t.equal("no keys", json.parse("{ }").toString(), "{}");
        var m;
        m = json.parse("{\"a\": [1, 2.5, {\"b\": null}], \"c\": {\"d\": true}, \"a b\": \"x\"}\n");
        t.equal("keys in order", m.keys().toString(), "[a, c, a b]");
        t.equal("inside", m.get("a").get(1), 2.5);
        t.equal("deeper", m.get("a").get(2).contains("b"), 1);
        t.holds("truth", bool.isTrue(m.get("c").get("d")));
        t.holds("a number is true", bool.isTrue(1) && !bool.isTrue(0) && !bool.isTrue(null));
        t.equal("the last one counts", json.parse("{\"k\":1,\"k\":2}").get("k"), 2);
        t.equal("deep", depth(json.parse(text.times("[", 500) + text.times("]", 500))), 500);
        // The parser of the kernel agrees.
        var k;
        k = "[1, \"x\", {\"y\": 3}]".parseJson();
        t.equal("kernel", json.write(k), "[1,\"x\",{\"y\":3}]");
        t.equal("numbers of the kernel", json.parse("1"), k.get(0));
        t.equal("spaces", json.parse(" [ 1 ,\t2\r\n] ").toString(), "[1, 2]");
        t.equal("one", json.write(json.parse("1")), "1");
        t.done();
    }

    int depth(var x) {
        int d = 0;
        while (true) {
            d++;
            if (x.isEmpty()) return d;
            x = x.get(0);
        }
        return d;
    }

    void writing() {
        var t = new test("json: write");
        t.equal("string", json.write("a\"b\\c\n\t\x01/\u00e9"), "\"a\\\"b\\\\c\\n\\t\\u0001/\u00e9\"");
        t.equal("quote", json.quote("x"), "\"x\"");
        t.equal("numbers", json.write(new list().add(1).add(-5000000000L).add(0.1).add(1.0e100)), "[1,-5000000000,0.1,1.0E100]");
        t.equal("truth", json.write(new list().add(bool.of(1)).add(bool.no).add(null)), "[true,false,null]");
        t.equal("map", json.write(new map().with("k", 1).with(2, "two")), "{\"k\":1,\"2\":\"two\"}");
        t.equal("empty", json.write(new list().add(new list()).add(new map())), "[[],{}]");
        t.equal("own class", json.write(new list().add(new person("Ann", 30))), "[{\"name\":\"Ann\",\"age\":30}]");
        t.equal("array", json.write("a b".split(" ")), "[\"a\",\"b\"]");
        t.equal("pretty", json.pretty(json.parse("{\"a\":[1,2],\"b\":{},\"c\":[]}")),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}");
        foreach (s in "{\"a\":[1,-2.5,true,false,null,\"\\u0000x\"],\"b\":{\"c\":[[],{}]}}|[1.0E10,9223372036854775807,-0.0]|\"\\\"\"|0".split("|")) {
            string source = s;
            t.equal("round trip", json.write(json.parse(source)), source);
            t.equal("pretty round trip", json.write(json.parse(json.pretty(json.parse(source)))), source);
        }
        try { json.write(0.0 / 0.0); t.fail("NaN", "no error"); } catch (error e) { t.says("NaN", e, "JSON has no NaN"); }
        var circle = new list();
        circle.add(circle);
        try { json.write(circle); t.fail("circle", "no error"); } catch (error e) { t.says("circle", e, "does it hold itself"); }
        t.done();
    }

    void wrong() {
        var t = new test("json: wrong");
        wrongAt(t, "", "the text ends where a value is needed at line 1, column 1");
        wrongAt(t, "  \n ", "line 2, column 2");
        wrongAt(t, "nul", "no value at line 1, column 1");
        wrongAt(t, "tru", "no value");
        wrongAt(t, "True", "no value");
        wrongAt(t, "'x'", "no value");
        wrongAt(t, "[1", "`,` or `]` is needed at line 1, column 3");
        wrongAt(t, "[1 2]", "`,` or `]` is needed at line 1, column 4");
        wrongAt(t, "[1,]", "no value at line 1, column 4");
        wrongAt(t, "[,1]", "no value at line 1, column 2");
        wrongAt(t, "{", "a key in quotes is needed at line 1, column 2");
        wrongAt(t, "{a:1}", "a key in quotes");
        wrongAt(t, "{1:1}", "a key in quotes");
        wrongAt(t, "{\"a\"}", "`:` is needed behind a key at line 1, column 5");
        wrongAt(t, "{\"a\":}", "no value");
        wrongAt(t, "{\"a\":1,}", "a key in quotes");
        wrongAt(t, "{\"a\":1;}", "`,` or `}` is needed");
        wrongAt(t, "{\n  \"a\": 1\n  \"b\": 2\n}", "`,` or `}` is needed at line 3, column 3");
        wrongAt(t, "\"abc", "the string is not closed at line 1, column 1");
        wrongAt(t, "\"a\nb\"", "a control character in a string: write it as an escape at line 1, column 3");
        wrongAt(t, "\"\\x\"", "no such escape at line 1, column 3");
        wrongAt(t, "\"\\", "no such escape");
        wrongAt(t, "\"\\u12\"", "four hexadecimal digits are needed at line 1, column 6");
        wrongAt(t, "\"\\u12G4\"", "four hexadecimal digits");
        wrongAt(t, "\"\\uD83D\\u1\"", "four hexadecimal digits");
        wrongAt(t, "01", "a number begins with a 0");
        wrongAt(t, "-", "a digit is needed at line 1, column 2");
        wrongAt(t, "1.", "a digit is needed");
        wrongAt(t, ".5", "no value");
        wrongAt(t, "+1", "no value");
        wrongAt(t, "1e", "a digit is needed");
        wrongAt(t, "1e+", "a digit is needed");
        wrongAt(t, "0x10", "more behind the value at line 1, column 2");
        wrongAt(t, "NaN", "no value");
        wrongAt(t, "1 2", "there is more behind the value at line 1, column 3");
        wrongAt(t, "[]]", "more behind the value");
        wrongAt(t, text.times("[", 502), "nested more than 500 deep at line 1, column 502");
        wrongAt(t, "[\"a\", \"b\" : 1]", "`,` or `]` is needed at line 1, column 11");
        wrongAt(t, "\x01", "no value");
        try { json.parse("[\n1,\n x]"); } catch (json.error e) { t.equal("place", e.line + " " + e.column + " " + e.position, "3 2 6"); }
        t.done();
    }

    void wrongAt(var t : test, var source : string, var said : string) {
        try {
            json.parse(source);
            t.fail(source, "no error");
        } catch (json.error e) {
            t.says(source, e, said);
        }
    }
};
