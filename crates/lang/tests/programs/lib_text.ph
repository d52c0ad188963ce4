// Texts and encodings of the library.
// expect: text: 41 checks hold
// expect: base64 and hex: 17 checks hold
// expect: url: 20 checks hold
// expect: csv: 8 checks hold
// expect: number: 18 checks hold
package .programs;

import .lib.list;
import .lib.map;
import .lib.text;
import .lib.base64;
import .lib.hex;
import .lib.url;
import .lib.csv;
import .lib.number;
import .lib.test;
import .lib.error;

class lib_text {
    void main() {
        texts();
        bytes();
        urls();
        tables();
        numbers();
    }

    void texts() {
        var t = new test("text");
        t.equal("join", text.join(new list().add("a").add(2).add(null), "-"), "a-2-(void)");
        t.equal("join nothing", text.join(new list(), "-"), "");
        t.equal("split", text.split("a,,b", ",").toString(), "[a, , b]");
        t.equal("words", text.words("  one\ttwo\n three ").toString(), "[one, two, three]");
        t.equal("no words", text.words("  ").size(), 0);
        t.equal("lines", text.lines("a\nb\r\n\nc").toString(), "[a, b, , c]");
        t.equal("line ends", text.lines("a\n").size(), 1);
        t.equal("no lines", text.lines("").size(), 0);
        t.equal("part", text.part("abcdef", 2, 4), "cd");
        t.equal("part outside", text.part("abc", -5, 99), "abc");
        t.equal("part behind", text.part("abc", 5, 9), "");
        t.equal("before", text.before("key=value=x", "="), "key");
        t.equal("behind", text.behind("key=value=x", "="), "value=x");
        t.equal("before, without", text.before("key", "="), "key");
        t.equal("behind, without", text.behind("key", "="), "");
        t.equal("behind, at the end", text.behind("key=", "="), "");
        t.equal("times", text.times("ab", 3), "ababab");
        t.equal("padStart", text.padStart("42", 5, "0"), "00042");
        t.equal("padEnd", text.padEnd("42", 5, "."), "42...");
        t.equal("center", text.center("mid", 8, "*"), "**mid***");
        t.equal("padding counts characters", text.padStart("\u00e9", 3, "-"), "--\u00e9");
        t.equal("already wide", text.padStart("123456", 3, "0"), "123456");
        try { text.padEnd("a", 3, "xy"); t.fail("fill", "no error"); } catch (error e) { t.says("fill", e, "one character"); }
        t.equal("withoutPrefix", text.withoutPrefix("prefix-x", "prefix-"), "x");
        t.equal("withoutSuffix", text.withoutSuffix("x.ph", ".ph"), "x");
        t.equal("suffix that is all", text.withoutSuffix(".ph", ".ph"), "");
        t.equal("count", text.count("aaaa", "aa"), 2);
        t.equal("lastIndexOf", text.lastIndexOf("a.b.c", "."), 3);
        t.equal("lastIndexOf nothing", text.lastIndexOf("abc", "x"), -1);
        t.equal("format", text.format("{} is {} {{}}", new list().add("x").add(3)), "x is 3 {}}");
        try { text.format("{}", new list()); t.fail("format", "no error"); } catch (error e) { t.says("few", e, "too few"); }
        try { text.format("", new list().add(1)); t.fail("format", "no error"); } catch (error e) { t.says("many", e, "too many"); }
        t.equal("characters", text.length("a\u00e9\u20ac\u{1F600}"), 4);
        t.equal("each", text.characters("a\u00e9\u20ac\u{1F600}").toString(), "[a, \u00e9, \u20ac, \u{1F600}]");
        t.equal("code", text.codeAt("\u{1F600}", 0), 0x1F600);
        t.equal("code of three bytes", text.codeAt("x\u20ac", 1), 0x20ac);
        t.equal("no code", text.codeAt("\u20ac", 1), 0xFFFD);
        t.equal("ofCode", text.ofCode(0x1F600) + text.ofCode(0x20ac) + text.ofCode(0xe9) + text.ofCode('a'), "\u{1F600}\u20ac\u00e9a");
        try { text.ofCode(0x110000); t.fail("ofCode", "no error"); } catch (error e) { t.says("ofCode", e, "no code point"); }
        t.equal("bytes", text.ofBytes(text.bytes("\u20ac\0x")), "\u20ac\0x");
        t.equal("bytes are bytes", text.bytes("\u20ac").size(), 3);
        t.done();
    }

    void bytes() {
        var t = new test("base64 and hex");
        // RFC 4648, section 10.
        t.equal("0", base64.encode(""), "");
        t.equal("1", base64.encode("f"), "Zg==");
        t.equal("2", base64.encode("fo"), "Zm8=");
        t.equal("3", base64.encode("foo"), "Zm9v");
        t.equal("6", base64.encode("foobar"), "Zm9vYmFy");
        t.equal("url", base64.encodeUrl(hex.decode("fbefbeff")), "----_w");
        t.equal("decode", base64.decode("Zm9vYmE="), "fooba");
        t.equal("decode without padding", base64.decode("Zm9vYmE"), "fooba");
        t.equal("decode nothing", base64.decode(""), "");
        var all = new .internal.binary();
        all.resize(256);
        for (int i = 0; i < 256; i++) all.setByte(i, i);
        string every = text.ofBytes(all);
        t.equal("round trip", base64.decode(base64.encode(every)), every);
        t.equal("round trip of hex", hex.decode(hex.encode(every)), every);
        t.equal("hex", hex.encode("\0\u00e9A"), "00c3a941");
        t.equal("upper case", hex.decode("4A4b"), "JK");
        foreach (bad in "Zm9v! Z Zg=".split(" ")) {
            string b = bad;
            try { base64.decode(b); t.fail(b, "no error"); } catch (error e) { t.says(b, e, "base64.decode"); }
        }
        try { hex.decode("0g"); t.fail("hex", "no error"); } catch (error e) { t.says("hex", e, "no digit at 0"); }
        t.done();
    }

    void urls() {
        var t = new test("url");
        var u = new url("HTTPS://Me:pw@Example.org:8443/a/b%20c?x=1&y=a+b%26&z#top");
        t.equal("scheme", u.scheme, "https");
        t.equal("user", u.user, "Me:pw");
        t.equal("host", u.host, "example.org");
        t.equal("port", u.port, 8443);
        t.equal("path", u.path, "/a/b%20c");
        t.equal("query", u.query, "x=1&y=a+b%26&z");
        t.equal("fragment", u.fragment, "top");
        t.equal("parameters", u.parameters().toString(), "{x: 1, y: a b&, z: }");
        t.equal("again", u.toString(), "https://Me:pw@example.org:8443/a/b%20c?x=1&y=a+b%26&z#top");
        t.equal("usual port", new url("http://h/").port, 80);
        t.equal("usual port is not written", new url("http://h:80/x").toString(), "http://h/x");
        t.equal("no path", new url("http://h").path, "");
        var six = new url("http://[::1]:7/p");
        t.equal("ipv6", six.host + " " + six.port, "::1 7");
        t.equal("ipv6 again", six.toString(), "http://[::1]:7/p");
        t.equal("no authority", new url("mailto:a@b").path, "a@b");
        t.equal("encode", url.encode("a b/\u00e9~"), "a%20b%2F%C3%A9~");
        t.equal("round trip", url.decode(url.encode("100% & more")), "100% & more");
        t.equal("query of pairs", url.queryOf(new map().with("a b", 1).with("c", "&")), "a%20b=1&c=%26");
        foreach (bad in "no-scheme|1http://x|http://h:99999/|http://h /".split("|")) {
            string b = bad;
            try {
                var none = new url(b);
                t.fail(b, "no error");
            } catch (error e) { if (!e.getMessage().startsWith("url: ")) t.fail(b, e.getMessage()); }
        }
        try { url.decode("%4"); t.fail("decode", "no error"); } catch (error e) { t.says("decode", e, "ends in a %"); }
        try { url.decode("%zz"); t.fail("decode", "no error"); } catch (error e) { t.says("decode", e, "no digit"); }
        t.done();
    }

    void tables() {
        var t = new test("csv");
        var rows = csv.parse("name,age\n\"Smith, J\",42\r\n\"say \"\"hi\"\"\",\"two\nlines\"\n");
        t.equal("rows", rows.size(), 3);
        t.equal("all", rows.toString(), "[[name, age], [Smith, J, 42], [say \"hi\", two\nlines]]");
        t.equal("round trip", csv.parse(csv.write(rows)), rows);
        t.equal("empty fields", csv.parse("a,,b\n,\n").toString(), "[[a, , b], [, ]]");
        t.equal("nothing", csv.parse("").size(), 0);
        t.equal("another separator", csv.parse("a;b,c", ";").toString(), "[[a, b,c]]");
        try { csv.parse("a,\"b"); t.fail("open", "no error"); } catch (error e) { t.says("open", e, "quote at 2 is not closed"); }
        try { csv.parse("\"a\"b"); t.fail("more", "no error"); } catch (error e) { t.says("more", e, "at 3"); }
        t.done();
    }

    void numbers() {
        var t = new test("number");
        t.equal("fixed", number.fixed(3.14159, 2), "3.14");
        t.equal("a half", number.fixed(2.5, 0), "3");
        t.equal("negative", number.fixed(-0.005, 2), "-0.01");
        t.equal("no minus for nothing", number.fixed(-0.001, 2), "0.00");
        t.equal("leading zero", number.fixed(0.05, 3), "0.050");
        t.equal("hex", number.hex(-1L), "ffffffffffffffff");
        t.equal("binary", number.inBase(10L, 2), "1010");
        t.equal("least", number.inBase(-9223372036854775807L - 1L, 36), "-1y2p0ij32e8e8");
        t.equal("parse", number.parse("ff", 16), 255);
        t.equal("sign", number.parse("+12", 10), 12);
        t.equal("parse back", number.parse("-1y2p0ij32e8e7", 36), -9223372036854775807L);
        t.equal("grouped", number.grouped(-1234567L, "_"), "-1_234_567");
        t.equal("small", number.grouped(12L, ","), "12");
        t.equal("kinds compare by value", number.compare(1, 1.5), -1);
        t.equal("int and long", number.compare(2L, 2), 0);
        t.equal("mixed list", new list().add(2.5).add(1).add(2L).sort().toString(), "[1, 2, 2.5]");
        try { number.parse("", 10); t.fail("empty", "no error"); } catch (error e) { t.says("empty", e, "no digit"); }
        try { number.inBase(1L, 1); t.fail("base", "no error"); } catch (error e) { t.says("base", e, "2 to 36"); }
        t.done();
    }
};
