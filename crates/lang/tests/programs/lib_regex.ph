// Regular expressions of the library.
// expect: regex: matches: 65 checks hold
// expect: regex: finds: 24 checks hold
// expect: regex: wrong: 25 checks hold
package .programs;

import .lib.regex;
import .lib.text;
import .lib.list;
import .lib.test;
import .lib.error;

class lib_regex {
    void main() {
        matching();
        finding();
        wrong();
    }

    void yes(var t : test, var pattern : string, var texts : string) {
        var r = new regex(pattern);
        foreach (x in texts.split(" ")) t.holds(pattern + " matches " + x, r.matches(x));
    }
    void no(var t : test, var pattern : string, var texts : string) {
        var r = new regex(pattern);
        foreach (x in texts.split(" ")) t.holds(pattern + " does not match " + x, !r.matches(x));
    }

    void matching() {
        var t = new test("regex: matches");
        yes(t, "abc", "abc");
        no(t, "abc", "ab abcd xabc");
        yes(t, "a|bc|", "a bc  ");
        no(t, "a|bc|", "b abc");
        yes(t, "a*b+c?", "b aab aabbc bc");
        no(t, "a*b+c?", "a ac bcc");
        yes(t, "(ab)*", " ab abab");
        no(t, "(ab)*", "aba");
        yes(t, "(?:a|b){2,3}", "ab bba");
        no(t, "(?:a|b){2,3}", "a abab");
        yes(t, "x{3}y{2,}", "xxxyy xxxyyyy");
        no(t, "x{3}y{2,}", "xxyy xxxy");
        yes(t, "a{0}b", "b");
        yes(t, "[a-c_][^a-c]", "ax _- c\u20ac");
        no(t, "[a-c_][^a-c]", "dx ab");
        yes(t, "[]a-]+", "]a- -");
        yes(t, "[^]]", "a [");
        yes(t, "\\d{4}-\\d\\d", "2026-11");
        no(t, "\\d{4}-\\d\\d", "2026-1a");
        yes(t, "\\w+\\s*=\\S+", "a_1=x");
        yes(t, "[\\d.]+[\\D]", "1.5x");
        no(t, "[\\D]", "5");
        yes(t, "\\.\\*\\(\\\\", ".*(\\");
        yes(t, ".", "a \u20ac \u{1F600}");
        no(t, ".", "ab \n");
        yes(t, "\u00e9+", "\u00e9\u00e9");
        yes(t, "[\u03b1-\u03c9]+", "\u03bb\u03bf\u03b3");
        no(t, "[\u03b1-\u03c9]+", "\u0394");
        yes(t, "^a$", "a");
        yes(t, "\\W", "- \u20ac");
        no(t, "\\W", "a _");
        yes(t, "(a*)*", " aaa");
        yes(t, "(a|a?)+b", "aaab");
        yes(t, "((a)|(b))*c", "abbac");
        // A pattern that makes others hang: linear here.
        t.holds("no way", !new regex("(a*)*b").matches(text.times("a", 60)));
        t.holds("many ways", new regex("(a|aa)+").matches(text.times("a", 61)));
        t.holds("optional ones", new regex("a?a?a?a?a?a?a?a?a?a?aaaaaaaaaa").matches("aaaaaaaaaa"));
        t.done();
    }

    string found(var pattern : string, var s : string) {
        regex.match m = new regex(pattern).find(s);
        if (m == null) return "none";
        var parts = new list();
        for (int g = 0; g <= m.groups(); g++) parts.add(m.group(g));
        return m.start(0) + ":" + parts.join(",");
    }

    void finding() {
        var t = new test("regex: finds");
        t.equal("leftmost", found("b+", "abbabbb"), "1:bb");
        t.equal("greedy", found("<.*>", "<a><b>"), "0:<a><b>");
        t.equal("lazy", found("<.*?>", "<a><b>"), "0:<a>");
        t.equal("first way", found("a|ab", "ab"), "0:a");
        t.equal("groups", found("(\\w+)@(\\w+)\\.(com|org)", "to: ann@site.org!"), "4:ann@site.org,ann,site,org");
        t.equal("group without part", found("(a)|(b)", "b"), "0:b,(void),b");
        t.equal("last round", found("(?:(a)|b)*", "ab"), "0:ab,a");
        t.equal("repeated group", found("(a.)+", "a1a2a3"), "0:a1a2a3,a3");
        t.equal("nested", found("((a)(b)?)c", "ac"), "0:ac,a,a,(void)");
        t.equal("nothing", found("x", "abc"), "none");
        t.equal("empty", found("x*", "abc"), "0:");
        t.equal("at the end", found("c$", "abcc"), "3:c");
        t.equal("word", found("\\bcat\\b", "concat cat"), "7:cat");
        t.equal("inside a word", found("\\Bcat", "cat concat"), "7:cat");
        t.equal("lazy optional", found("ab??", "ab"), "0:a");
        t.equal("lazy count", found("a{2,4}?", "aaaa"), "0:aa");
        t.equal("from", new regex("a").find("banana", 2).start(0), 3);
        t.equal("all", new regex("\\d+").all("1, 22 and 333").toString(), "[1, 22, 333]");
        t.equal("all empty ones", new regex("x*").all("axb").size(), 4);
        t.equal("replace", new regex("(\\w+)=(\\w+)").replace("a=1, b=2", "$2:$1 $$"), "1:a $, 2:b $");
        t.equal("replace nothing", new regex("q").replace("abc", "x"), "abc");
        t.equal("split", new regex("\\s*,\\s*").split("a , b,c").toString(), "[a, b, c]");
        t.equal("escape", new regex(regex.escape("1+1=2?")).find("is 1+1=2?").start(0), 3);
        try {
            new regex("(a)").find("a").group(2);
            t.fail("group", "no error");
        } catch (error e) { t.says("group", e, "there is no group 2, only 1"); }
        t.done();
    }

    void bad(var t : test, var pattern : string, var said : string) {
        try {
            var none = new regex(pattern);
            t.fail(pattern, "no error");
        } catch (error e) { t.says(pattern, e, said); }
    }

    void wrong() {
        var t = new test("regex: wrong");
        bad(t, "(a", "the group is not closed at 2");
        bad(t, "a)", "`)` closes no group at 1");
        bad(t, "[a", "the set is not closed at 0");
        bad(t, "[", "the set is not closed");
        bad(t, "*a", "nothing to repeat at 0");
        bad(t, "a|*", "nothing to repeat");
        bad(t, "a**", "put it into a group");
        bad(t, "a{2}{3}", "put it into a group");
        bad(t, "a{", "a count from 0 to 1000");
        bad(t, "a{1001}", "a count from 0 to 1000");
        bad(t, "a{3,2}", "wrong way round");
        bad(t, "a{2", "`}` is needed");
        bad(t, "[z-a]", "wrong way round");
        bad(t, "\\", "ends in a backslash");
        bad(t, "\\q", "no such escape");
        bad(t, "\\1", "no such escape");
        bad(t, "(?=a)", "only `(?:` is understood");
        bad(t, "(((((a{100}){100}){100}){100}){100})", "more than 20000 instructions");
        bad(t, text.times("(", 200), "more than 100 deep");
        bad(t, "{", "nothing to repeat");
        bad(t, "[\\q]", "no such escape");
        bad(t, "[a-\\", "backslash");
        bad(t, "a{,3}", "a count");
        bad(t, "?", "nothing to repeat");
        bad(t, "x{99999999999}", "a count");
        t.done();
    }
};
