//! The library in the language, from the user's side: it is at hand without an option, and programs of a world share it.

mod common;

use common::Scratch;

#[test]
fn programs_of_a_world_share_the_library() {
    let s = Scratch::new();
    s.file("one.ph", "import .lib.list; class one { void main() { println(new list().add(1)); } };");
    s.file(
        "two.ph",
        "import .lib.map; import .lib.list;
        class two { void main() { println(new map().with(\"k\", new list().add(2))); } };",
    );
    s.phantom(&["run", "--world", "w.world", "one.ph"]).status(0).out("[1]\n");
    s.phantom(&["run", "--world", "w.world", "two.ph"]).status(0).out("{k: [2]}\n");
    s.phantom(&["check", "w.world"]).status(0);
}

#[test]
fn a_module_finds_the_library_without_its_sources() {
    let s = Scratch::new();
    s.file("one.ph", "import .lib.list; class one { void main() { println(new list().add(1)); } };");
    s.phantom(&["compile", "one.ph", "-o", "one.phm"]).status(0);
    s.phantom(&["run", "one.phm"]).status(0).out("[1]\n");
}

#[test]
fn a_file_beside_the_program_does_not_stand_in_for_the_library() {
    let s = Scratch::new();
    s.file("list.ph", "package .own; class list { int size() { return 77; } };");
    s.file("one.ph", "import .lib.list; class one { void main() { println(new list().size()); } };");
    s.phantom(&["run", "one.ph"]).status(0).out("0\n");
}

#[test]
fn what_the_library_throws_shows_where() {
    let s = Scratch::new();
    s.file("bad.ph", "import .lib.list; class bad { void main() { new list().get(3); } };");
    s.phantom(&["run", "bad.ph"]).status(1).says(&[
        "list.get: index 3 is out of bounds, the size is 0",
        "at .lib.list.get (library/list.ph:",
        "at .bad.main (bad.ph:1)",
    ]);
}
