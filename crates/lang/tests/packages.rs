//! Programs of several files: what one file declares is known in the others, with its type parameters, bounds and access.

mod common;

use common::{messages, verified};
use expect_test::{Expect, expect};
use lang::{Request, SourceFile, SourceProvider};

/// Sources in memory, by the names of their files.
struct Files(&'static [(&'static str, &'static str)]);

impl SourceProvider for Files {
    fn class(&self, name: &str) -> Option<SourceFile> {
        let label = format!("{}.ph", name.trim_start_matches('.'));
        let found = self.0.iter().find(|(file, _)| *file == label);
        found.map(|(file, text)| SourceFile { label: (*file).into(), text: (*text).into() })
    }
    fn resource(&self, _: &str, _: &str) -> Option<Vec<u8>> {
        None
    }
}

const FILES: &[(&str, &str)] = &[
    (
        "kit.ordered.ph",
        "package .kit; interface ordered<T> { int compareTo(T other); int below(T other) { return compareTo(other) < 0; } };",
    ),
    ("kit.walker.ph", "package .kit; interface walker<T> { int hasNext(); T next(); };"),
    (
        "kit.bag.ph",
        "package .kit; import .kit.ordered; import .kit.walker;
class bag<T extends ordered<T>> {
    private T[] items = new T[]();
    protected int changes;
    const int LIMIT = 100;
    void add(T item) { items.add(item); changes++; }
    T least() { T best = items[0]; foreach (x in items) if (x.below(best)) best = x; return best; }
    R[] mapped<R>((T) => R f) { var all = new R[](); foreach (x in items) all.add(f(x)); return all; }
    walker<T> iterator() { return new bag_walker<T>(items); }
};
class bag_walker<T> implements walker<T> {
    private T[] items; private int at;
    void bag_walker(T[] list) { items = list; }
    int hasNext() { return at < items.size(); }
    T next() { return items[at++]; }
};",
    ),
    (
        "kit.level.ph",
        "package .kit; enum level { LOW, HIGH; static level of(int n) { return n > 5 ? HIGH : LOW; } };",
    ),
];

fn check(source: &str, expected: Expect) {
    let request = Request::single("app.ph", source);
    let output = verified(lang::compile(&request, &Files(FILES)));
    let mut text = messages(&output);
    if !text.is_empty() {
        text.push('\n');
    }
    expected.assert_eq(&text);
}

#[test]
fn everything_is_known_across_files() {
    check(
        "package .app; import .kit.bag; import .kit.ordered; import .kit.level;
class weight implements ordered<weight> {
    int grams;
    void weight(int g) { grams = g; }
    int compareTo(weight other) { return grams - other.grams; }
};
class app {
    void main() {
        var all = new bag<weight>();
        all.add(new weight(3));
        int least = all.least().grams;
        foreach (w in all) least += w.grams;
        foreach (int g in all.mapped(w => w.grams)) least += g;
        switch (level.of(least)) { case LOW: println(bag.LIMIT); case HIGH: println(least); }
    }
};",
        expect![""],
    );
}

#[test]
fn everything_is_checked_across_files() {
    check(
        "package .app; import .kit.bag; import .kit.level;
class app {
    void main() {
        var all = new bag<string>();
        var some = new bag();
        some.changes = 5;
        some.items.clear();
        switch (level.LOW) { case LOW: break; }
        level l = 1;
    }
};",
        expect![[r#"
            error[bad-type-argument]: `string` cannot stand for `T`, which extends `.kit.ordered<string>`
             --> app.ph:4:27
              |
            4 |         var all = new bag<string>();
              |                           ^^^^^^

            error[no-access]: the field `changes` of `.kit.bag` is protected
             --> app.ph:6:14
              |
            6 |         some.changes = 5;
              |              ^^^^^^^ classes that extend it and those of its package may use it

            error[no-access]: the field `items` of `.kit.bag` is private
             --> app.ph:7:14
              |
            7 |         some.items.clear();
              |              ^^^^^ that class alone may use it

            warning[missing-case]: the switch over `.kit.level` has no case for `HIGH`
             --> app.ph:8:17
              |
            8 |         switch (level.LOW) { case LOW: break; }
              |                 ^^^^^^^^^
              |
              = help: add the cases, or a `default`

            error[type-mismatch]: `l` is `.kit.level` and cannot take `int`
             --> app.ph:9:19
              |
            9 |         level l = 1;
              |                   ^ this is `int`
        "#]],
    );
}
