//! Assertions (JLS 14.10): which classes have them on, as the program's options `-ea` and its kin say.

use crate::support::{array_of, natives, set};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytecode::Elem;
use layout::Value;
use layout::schema::class;
use vm::Native;
use vm::internal::{Call, Outcome};

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/Class" {
        "desiredAssertionStatus0" "(Ljava/lang/Class;)Z" Short desired;
    }
    "java/lang/ClassLoader" {
        "retrieveDirectives" "()Ljava/lang/AssertionStatusDirectives;" Short directives;
    }
};

/// What the options of a program say, each list in their order.
#[derive(Default)]
struct Wishes {
    /// Classes of no program: those of the boot loader.
    system: bool,
    /// What no list names.
    others: bool,
    classes: Vec<(String, bool)>,
    packages: Vec<(String, bool)>,
}

impl Wishes {
    fn new(options: &[String]) -> Wishes {
        let mut wishes = Wishes::default();
        for option in options {
            let (how, name) = match option.split_once(':') {
                Some((how, name)) => (how, Some(name)),
                None => (option.as_str(), None),
            };
            let on = how.starts_with('e');
            match name {
                None if how.ends_with("sa") => wishes.system = on,
                None => wishes.others = on,
                Some(name) => match name.strip_suffix("...") {
                    Some(package) => wishes.packages.push((package.to_string(), on)),
                    None => wishes.classes.push((name.to_string(), on)),
                },
            }
        }
        wishes
    }

    /// Whether a class that a loader of programs has, its name with dots, has its assertions on: what names the class goes
    /// before what names the innermost package, and of two the later.
    fn of(&self, name: &str) -> bool {
        let last = |list: &[(String, bool)], name: &str| {
            list.iter().rev().find(|(listed, _)| listed == name).map(|(_, on)| *on)
        };
        if let Some(on) = last(&self.classes, name) {
            return on;
        }
        let mut package = name;
        while let Some((outer, _)) = package.rsplit_once('.') {
            if let Some(on) = last(&self.packages, outer) {
                return on;
            }
            package = outer;
        }
        // The unnamed package is that of classes without one.
        let unnamed = if name.contains('.') { None } else { last(&self.packages, "") };
        unnamed.unwrap_or(self.others)
    }
}

fn wishes(call: &Call<'_>) -> Wishes {
    Wishes::new(&call.vm.java_assertions(call.thread))
}

/// Of a class whose loader has no wishes of its own.
fn desired(call: &mut Call<'_>) -> Outcome {
    let wishes = wishes(call);
    let mirror = call.reference_at(0);
    let loader = mirror.as_object().map_or(0, |mirror| crate::support::get(call.vm, mirror, "classLoader"));
    if Value(loader).is_null() {
        return Outcome::truth(wishes.system);
    }
    let of = call.vm.class_of_mirror(mirror);
    let name = if of.is_null() { String::new() } else { call.vm.text(of, class::NAME).replace('/', ".") };
    Outcome::truth(wishes.of(&name))
}

/// All wishes, for a loader that gets some of its own.
fn directives(call: &mut Call<'_>) -> Outcome {
    let wishes = wishes(call);
    let of = match call.vm.class_by_name("java/lang/AssertionStatusDirectives") {
        Ok(of) => of,
        Err(thrown) => return Outcome::Throw(thrown),
    };
    let made = call.vm.new_object(of);
    for (list, names, states) in
        [(&wishes.classes, "classes", "classEnabled"), (&wishes.packages, "packages", "packageEnabled")]
    {
        let texts: Vec<Value> = list.iter().map(|(name, _)| call.vm.java_string(name)).collect();
        let texts = match array_of(call.vm, "java/lang/String", &texts) {
            Ok(texts) => texts,
            Err(thrown) => return Outcome::Throw(thrown),
        };
        let booleans = call.vm.primitive_array_class(Elem::Bool);
        let on = call.vm.new_array(booleans, list.len() as u64);
        for (index, (_, state)) in list.iter().enumerate() {
            call.vm.set_element_bits(on, Elem::Bool, index as u64, u64::from(*state));
        }
        set(call.vm, made, names, texts.0);
        set(call.vm, made, states, Value::object(on).0);
    }
    set(call.vm, made, "deflt", u64::from(wishes.others));
    Outcome::object(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_goes_before_the_innermost_package_and_of_two_the_later() {
        let check = |options: &[&str], name: &str, on: bool| {
            let options: Vec<String> = options.iter().map(ToString::to_string).collect();
            assert_eq!(Wishes::new(&options).of(name), on, "{options:?} {name}");
        };
        check(&[], "A", false);
        check(&["ea"], "p.A", true);
        check(&["esa"], "p.A", false);
        check(&["ea", "da:p.q..."], "p.q.r.A", false);
        check(&["ea:p...", "da:p.q..."], "p.A", true);
        check(&["da:p.q.A", "ea:p.q..."], "p.q.A", false);
        check(&["da:p...", "ea:p..."], "p.A", true);
        check(&["ea:..."], "A", true);
        check(&["ea:..."], "p.A", false);
    }
}
