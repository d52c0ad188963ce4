// Regular expressions, matched in linear time: no pattern and no text makes them slow (Pike's machine, no backtracking).
// Understood are: . [a-z] [^a-z] \d \w \s \D \W \S \b \B ^ $ (group) (?:group) a|b and * + ? {n} {n,} {n,m}, which take
// as much as they can, or as little with a ? behind. Letters stand for themselves, `\` makes a letter of a sign; characters
// are those of UTF-8. As with Perl, the leftmost match counts, and of two ways the first one.
package .lib;

class regex {
    static int CHAR = 0;
    static int ANY = 1;
    static int SET = 2;
    static int SPLIT = 3;
    static int JUMP = 4;
    static int SAVE = 5;
    static int START = 6;
    static int END = 7;
    static int WORD = 8;
    static int NOWORD = 9;
    static int MATCH = 10;
    // Most instructions of one pattern.
    static int LIMIT = 20000;

    var pattern : string;
    // What each instruction does, and its two operands.
    var ops : int[];
    var a : int[];
    var b : int[];
    var sets : void[];
    var groups : int;
    // Where the machine was last at each instruction, and by what count of steps.
    var seen : int[];
    var step : int;

    // Throws a `.lib.error` for a pattern that cannot be understood.
    void regex(var p : string) {
        pattern = p;
        ops = new int[]();
        a = new int[]();
        b = new int[]();
        sets = new void[]();
        var parser = new .lib.regex.parser(p);
        var tree = parser.whole();
        groups = parser.groups;
        emit(SAVE, 0, 0);
        compile(tree);
        emit(SAVE, 1, 0);
        emit(MATCH, 0, 0);
        seen = new int[]();
        for (int i = 0; i < ops.size(); i++) seen[i] = 0;
    }

    // Whether the whole text matches.
    int matches(var s : string) {
        .lib.regex.match m = run(s, 0, true);
        return m != null;
    }

    // The leftmost match, or null.
    .lib.regex.match find(var s : string) { return run(s, 0, false); }
    // The leftmost match that begins at a byte or behind it, or null.
    .lib.regex.match find(var s : string, var from : int) { return run(s, from, false); }

    // All matches that do not overlap, from left to right.
    .lib.list all(var s : string) {
        var found = new .lib.list();
        int at = 0;
        while (at <= s.length()) {
            .lib.regex.match m = run(s, at, false);
            if (m == null) break;
            found.add(m);
            at = m.end(0) > m.start(0) ? m.end(0) : following(s, m.end(0));
        }
        return found;
    }

    // With each match replaced; `$1` in the replacement is the text of group 1, `$0` the match, `$$` a dollar.
    string replace(var s : string, var by : string) {
        var out = new .internal.stringbuilder();
        int at = 0;
        foreach (x in all(s)) {
            .lib.regex.match m = (.lib.regex.match)x;
            out.appendString(.lib.text.part(s, at, m.start(0)));
            int from = 0;
            for (int i = 0; i + 1 < by.length(); i++) {
                if (by.charAt(i) != '$') continue;
                int c = by.charAt(i + 1);
                if (c != '$' && !.lib.text.isDigit(c)) continue;
                out.appendString(.lib.text.part(by, from, i));
                if (c == '$') out.appendString("$");
                else if (m.group(c - '0') != null) out.appendString(m.group(c - '0'));
                i++;
                from = i + 1;
            }
            out.appendString(.lib.text.part(by, from, by.length()));
            at = m.end(0);
        }
        return out.appendString(.lib.text.part(s, at, s.length())).toString();
    }

    // What stands between the matches.
    .lib.list split(var s : string) {
        var parts = new .lib.list();
        int at = 0;
        foreach (x in all(s)) {
            .lib.regex.match m = (.lib.regex.match)x;
            if (m.end(0) == m.start(0)) continue;
            parts.add(.lib.text.part(s, at, m.start(0)));
            at = m.end(0);
        }
        return parts.add(.lib.text.part(s, at, s.length()));
    }

    // With a backslash before everything that is a sign.
    static string escape(var s : string) {
        var out = new .internal.stringbuilder();
        for (int i = 0; i < s.length(); i++) {
            string c = s.substring(i, 1);
            if ("\\.[]^$()|*+?{}".contains(c)) out.appendString("\\");
            out.appendString(c);
        }
        return out.toString();
    }

    string toString() { return pattern; }

    static int following(var s : string, var at : int) {
        return at < s.length() ? at + .lib.text.widthAt(s, at) : at + 1;
    }

    // Making the program.

    int emit(var op : int, var x : int, var y : int) {
        if (ops.size() >= LIMIT)
            throw new .lib.error("regex: \"" + pattern + "\" is too large: more than " + LIMIT + " instructions");
        a.add(x);
        b.add(y);
        return ops.add(op);
    }

    void compile(var n : .lib.regex.node) {
        switch (n.kind) {
            case 'c': emit(CHAR, n.code, 0); break;
            case '.': emit(ANY, 0, 0); break;
            case '[': emit(SET, sets.add(n.ranges), n.negated); break;
            case '^': emit(START, 0, 0); break;
            case '$': emit(END, 0, 0); break;
            case 'b': emit(n.negated ? NOWORD : WORD, 0, 0); break;
            case '+': foreach (part in n.parts) compile((.lib.regex.node)part); break;
            case '|': alternatives(n); break;
            case '(':
                emit(SAVE, 2 * n.code, 0);
                compile((.lib.regex.node)n.parts.get(0));
                emit(SAVE, 2 * n.code + 1, 0);
                break;
            case '*': repeated(n); break;
        }
    }

    void alternatives(var n : .lib.regex.node) {
        var jumps = new int[]();
        int last = n.parts.size() - 1;
        for (int i = 0; i <= last; i++) {
            int fork = i < last ? emit(SPLIT, 0, 0) : -1;
            if (fork >= 0) a[fork] = ops.size();
            compile((.lib.regex.node)n.parts.get(i));
            if (fork >= 0) {
                jumps.add(emit(JUMP, 0, 0));
                b[fork] = ops.size();
            }
        }
        foreach (jump in jumps) {
            int at = jump;
            a[at] = ops.size();
        }
    }

    void repeated(var n : .lib.regex.node) {
        .lib.regex.node inner = (.lib.regex.node)n.parts.get(0);
        for (int i = 0; i < n.least; i++) compile(inner);
        if (n.most < 0) {
            int fork = emit(SPLIT, 0, 0);
            fork(fork, n.lazy, fork + 1, -1);
            compile(inner);
            emit(JUMP, fork, 0);
            fork(fork, n.lazy, -1, ops.size());
            return;
        }
        var forks = new int[]();
        for (int i = n.least; i < n.most; i++) {
            int fork = emit(SPLIT, 0, 0);
            forks.add(fork);
            fork(fork, n.lazy, fork + 1, -1);
            compile(inner);
        }
        foreach (x in forks) {
            int at = x;
            fork(at, n.lazy, -1, ops.size());
        }
    }

    // Sets where a fork goes into the repeated part and where behind it; a lazy one tries the latter first.
    void fork(var at : int, var lazy : int, var into : int, var behind : int) {
        if (into >= 0) {
            if (lazy) b[at] = into;
            else a[at] = into;
        }
        if (behind >= 0) {
            if (lazy) a[at] = behind;
            else b[at] = behind;
        }
    }

    // Running it.

    .lib.regex.match run(var s : string, var from : int, var whole : int) {
        if (from < 0 || from > s.length()) throw new .lib.error("regex.find: there is no byte " + from);
        .lib.regex.match best = null;
        var now = new .lib.list();
        int at = from;
        int size = s.length();
        while (true) {
            // A match that begins here counts less than one that began before; none begins when one is found.
            step++;
            var alive = new .lib.list();
            foreach (x in now) {
                .lib.regex.thread t = (.lib.regex.thread)x;
                follow(alive, t.pc, t.places, s, at);
            }
            if (best == null && (!whole || at == from)) {
                follow(alive, 0, new .lib.regex.places(null, -1, 0), s, at);
            }
            if (alive.isEmpty() && (best != null || whole)) return best;
            int code = at < size ? .lib.text.codeAt(s, at) : -1;
            now = new .lib.list();
            foreach (x in alive) {
                .lib.regex.thread t = (.lib.regex.thread)x;
                if (ops[t.pc] == MATCH) {
                    if (whole && at < size) continue;
                    best = new .lib.regex.match(s, t.places, groups);
                    // Later threads would be worse ways.
                    break;
                }
                if (code >= 0 && takes(t.pc, code)) now.add(new .lib.regex.thread(t.pc + 1, t.places));
            }
            if (at >= size) return best;
            if (now.isEmpty() && (best != null || whole)) return best;
            at += .lib.text.widthAt(s, at);
        }
        return best;
    }

    // Enters the instructions that wait for a character and are reached from one without taking any.
    void follow(var threads : .lib.list, var pc : int, var places : .lib.regex.places, var s : string, var at : int) {
        while (seen[pc] != step) {
            seen[pc] = step;
            int op = ops[pc];
            if (op == JUMP) pc = a[pc];
            else if (op == SPLIT) {
                follow(threads, a[pc], places, s, at);
                pc = b[pc];
            } else if (op == SAVE) {
                places = new .lib.regex.places(places, a[pc], at);
                pc++;
            } else if (op >= START && op <= NOWORD) {
                if (!here(op, s, at)) return;
                pc++;
            } else {
                threads.add(new .lib.regex.thread(pc, places));
                return;
            }
        }
    }

    int here(var op : int, var s : string, var at : int) {
        if (op == START) return at == 0;
        if (op == END) return at == s.length();
        int before = at > 0 && isWord(s.charAt(at - 1));
        int behind = at < s.length() && isWord(s.charAt(at));
        return (before != behind) == (op == WORD);
    }

    static int isWord(var c : int) { return .lib.text.isLetter(c) || .lib.text.isDigit(c) || c == '_'; }

    int takes(var pc : int, var code : int) {
        int op = ops[pc];
        if (op == CHAR) return a[pc] == code;
        if (op == ANY) return code != '\n';
        var ranges;
        ranges = sets[a[pc]];
        return .lib.regex.node.inside((int[])ranges, code) != b[pc];
    }
};

// What a pattern matched: group 0 is all of it.
class regex.match {
    var subject : string;
    var places : int[];

    void match(var s : string, var found : .lib.regex.places, var groups : int) {
        subject = s;
        places = new int[]();
        for (int i = 0; i < 2 * groups; i++) places[i] = -1;
        // The newest place of each kind counts.
        while (found.slot >= 0) {
            int there = places[found.slot];
            if (there < 0) places[found.slot] = found.at;
            found = found.before;
        }
    }

    // Where a group begins, ends; -1 when it took no part.
    int start(var group : int) {
        check(group);
        return places[2 * group];
    }
    int end(var group : int) {
        check(group);
        return places[2 * group + 1];
    }
    // The text of a group, or null when it took no part.
    string group(var number : int) {
        int from = start(number);
        if (from < 0) return null;
        return .lib.text.part(subject, from, end(number));
    }
    string text() { return group(0); }
    int groups() { return places.size() / 2 - 1; }
    string toString() { return group(0); }

    void check(var group : int) {
        if (group < 0 || 2 * group >= places.size())
            throw new .lib.error("regex.match: there is no group " + group + ", only " + groups());
    }
};

// One way through the pattern that is still open.
class regex.thread {
    var pc : int;
    var places : .lib.regex.places;

    void thread(var p : int, var q : .lib.regex.places) {
        pc = p;
        places = q;
    }
};

// Where groups began and ended on a way, the newest first; ways share their past.
class regex.places {
    var before : .lib.regex.places;
    var slot : int;
    var at : int;

    void places(var b : .lib.regex.places, var s : int, var a : int) {
        before = b;
        slot = s;
        at = a;
    }
};

// A part of a pattern: a character `c`, any `.`, a set `[`, places `^` `$` `b`, a sequence `+`, alternatives `|`, a group
// `(`, a repetition `*`.
class regex.node {
    var kind : int;
    var code : int;
    var negated : int;
    // Pairs: the first and the last character of each range.
    var ranges : int[];
    var parts : .lib.list;
    var least : int;
    var most : int;
    var lazy : int;

    void node(var k : int) {
        kind = k;
        parts = new .lib.list();
    }

    void range(var from : int, var to : int) {
        if (ranges == null) ranges = new int[]();
        ranges.add(from);
        ranges.add(to);
    }

    static int inside(var ranges : int[], var code : int) {
        int size = ranges.size();
        for (int i = 0; i < size; i += 2) if (code >= ranges[i] && code <= ranges[i + 1]) return true;
        return false;
    }
};

class regex.parser {
    var p : string;
    var at : int;
    var groups : int;
    var depth : int;

    void parser(var pattern : string) {
        p = pattern;
        groups = 1;
    }

    .lib.regex.node whole() {
        var n = alternatives();
        if (at < p.length()) wrong("`)` closes no group");
        return n;
    }

    void wrong(var what : string) { throw new .lib.error("regex: " + what + " at " + at + " in \"" + p + "\""); }

    int peek() { return at < p.length() ? p.charAt(at) : -1; }

    .lib.regex.node alternatives() {
        depth++;
        if (depth > 100) wrong("groups stand more than 100 deep");
        var n = new .lib.regex.node('|');
        n.parts.add(sequence());
        while (peek() == '|') {
            at++;
            n.parts.add(sequence());
        }
        depth--;
        return n;
    }

    .lib.regex.node sequence() {
        var n = new .lib.regex.node('+');
        while (at < p.length() && peek() != '|' && peek() != ')') n.parts.add(repeated(atom()));
        return n;
    }

    .lib.regex.node repeated(var inner : .lib.regex.node) {
        int c = peek();
        if (c != '*' && c != '+' && c != '?' && c != '{') return inner;
        var n = new .lib.regex.node('*');
        n.parts.add(inner);
        at++;
        n.least = c == '+';
        n.most = c == '?' ? 1 : -1;
        if (c == '{') {
            n.least = number();
            n.most = n.least;
            if (peek() == ',') {
                at++;
                n.most = peek() == '}' ? -1 : number();
            }
            if (peek() != '}') wrong("`}` is needed");
            at++;
            if (n.most >= 0 && n.most < n.least) wrong("the counts stand the wrong way round");
        }
        if (peek() == '?') {
            at++;
            n.lazy = true;
        }
        c = peek();
        if (c == '*' || c == '+' || c == '?' || c == '{') wrong("a repetition is repeated: put it into a group");
        return n;
    }

    int number() {
        int from = at;
        while (.lib.text.isDigit(peek())) at++;
        if (at == from || at - from > 4) wrong("a count from 0 to 1000 is needed");
        int n = p.substring(from, at - from).toInt();
        if (n > 1000) wrong("a count from 0 to 1000 is needed");
        return n;
    }

    .lib.regex.node one(var code : int) {
        var n = new .lib.regex.node('c');
        n.code = code;
        return n;
    }

    .lib.regex.node atom() {
        int c = peek();
        switch (c) {
            case '(': return group();
            case '[': return set();
            case '\\':
                at++;
                return escape();
            case '*':
            case '+':
            case '?':
            case '{': wrong("there is nothing to repeat");
            case '.':
            case '^':
            case '$':
                at++;
                return new .lib.regex.node(c);
        }
        return one(character());
    }

    // The character that is next.
    int character() {
        int code = .lib.text.codeAt(p, at);
        at += .lib.text.widthAt(p, at);
        return code;
    }

    .lib.regex.node group() {
        at++;
        .lib.regex.node n = null;
        if (peek() == '?') {
            at++;
            if (peek() != ':') wrong("of groups that begin with `?` only `(?:` is understood");
            at++;
        } else {
            n = new .lib.regex.node('(');
            n.code = groups++;
        }
        var inner = alternatives();
        if (peek() != ')') wrong("the group is not closed");
        at++;
        if (n == null) return inner;
        n.parts.add(inner);
        return n;
    }

    // What stands behind a backslash, outside of a set.
    .lib.regex.node escape() {
        int c = peek();
        if (c == 'b' || c == 'B') {
            at++;
            var place = new .lib.regex.node('b');
            place.negated = c == 'B';
            return place;
        }
        var n = new .lib.regex.node('[');
        if (kind(n)) return n;
        return one(escaped());
    }

    // Adds \d \w \s to a set; the large letters are those that are not in it.
    int kind(var n : .lib.regex.node) {
        int c = peek();
        int small = c | 32;
        if (small != 'd' && small != 'w' && small != 's' || !.lib.text.isLetter(c)) return false;
        at++;
        var own = new .lib.regex.node('[');
        if (small == 's') {
            own.range(9, 13);
            own.range(' ', ' ');
        } else {
            own.range('0', '9');
            if (small == 'w') {
                own.range('A', 'Z');
                own.range('_', '_');
                own.range('a', 'z');
            }
        }
        int from = 0;
        int size = own.ranges.size();
        for (int i = 0; i < size; i += 2) {
            int low = own.ranges[i];
            int high = own.ranges[i + 1];
            if (c == small) n.range(low, high);
            else if (low > from) n.range(from, low - 1);
            from = high + 1;
        }
        if (c != small) n.range(from, 0x10FFFF);
        return true;
    }

    // The character that an escape stands for.
    int escaped() {
        int c = peek();
        if (c < 0) wrong("the pattern ends in a backslash");
        if (c == 'n' || c == 't' || c == 'r' || c == 'f') {
            at++;
            return c == 'n' ? 10 : (c == 't' ? 9 : (c == 'r' ? 13 : 12));
        }
        if (.lib.text.isLetter(c) || .lib.text.isDigit(c)) wrong("no such escape");
        return character();
    }

    .lib.regex.node set() {
        int opened = at;
        var n = new .lib.regex.node('[');
        at++;
        if (peek() == '^') {
            at++;
            n.negated = true;
        }
        int first = true;
        while (first || peek() != ']') {
            if (at >= p.length()) {
                at = opened;
                wrong("the set is not closed");
            }
            first = false;
            if (peek() == '\\') {
                at++;
                if (kind(n)) continue;
                range(n, escaped());
            } else range(n, character());
        }
        at++;
        return n;
    }

    // A range, when a minus and another character follow, else one character.
    void range(var n : .lib.regex.node, var low : int) {
        if (peek() != '-' || at + 1 >= p.length() || p.charAt(at + 1) == ']') {
            n.range(low, low);
            return;
        }
        at++;
        int high = 0;
        if (peek() == '\\') {
            at++;
            high = escaped();
        } else high = character();
        if (high < low) wrong("the range stands the wrong way round");
        n.range(low, high);
    }
};
