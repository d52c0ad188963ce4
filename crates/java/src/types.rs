//! Verification types (JVMS 4.10.1.2) and what one class may stand for.
//!
//! No class is loaded: that a class can be assigned to another is noted in [`Names`] and proved when the class is linked.
//! Where paths of old class files meet (JVMS 4.10.2.2), two classes become a [`Type::Any`] of both, and each is to be
//! assignable wherever that is used.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytecode::{Elem, TypeDesc};

/// Most classes of a [`Type::Any`]; beyond that it is an Object.
const UNION_MAX: usize = 64;

/// Type of a local or operand; longs and doubles are one operand here, and one local with [`Type::Top`] behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Unusable.
    Top,
    Int,
    Float,
    Long,
    Double,
    Null,
    /// The receiver of a constructor before another constructor was called.
    UninitThis,
    /// What the `new` with this index made.
    Uninit(u32),
    /// Return address of a copied subroutine.
    Return(u32),
    /// A class or array by its number in [`Names`].
    Ref(u32),
    /// One of several classes, by number of the set.
    Any(u32),
}

impl Type {
    /// Places that it takes in Java's frames.
    pub(crate) fn size(self) -> u32 {
        if matches!(self, Type::Long | Type::Double) { 2 } else { 1 }
    }
    pub(crate) fn is_wide(self) -> bool {
        self.size() == 2
    }
    /// An initialised reference.
    pub(crate) fn is_reference(self) -> bool {
        matches!(self, Type::Null | Type::Ref(_) | Type::Any(_))
    }
}

/// Names of classes by number, and what has to be proved of them.
#[derive(Default)]
pub(crate) struct Names {
    list: Vec<String>,
    index: BTreeMap<String, u32>,
    unions: Vec<Vec<u32>>,
    /// Numbers of the sets in `unions`.
    union_index: BTreeMap<Vec<u32>, u32>,
    /// Pairs: the first class has to be assignable to the second.
    assignable: BTreeSet<(u32, u32)>,
}

/// Number of `java/lang/Object` in [`Names`].
pub(crate) const OBJECT: u32 = 0;
/// Number of `java/lang/Throwable` in [`Names`].
pub(crate) const THROWABLE: u32 = 1;

impl Names {
    pub(crate) fn new() -> Names {
        let mut names = Names::default();
        names.number("java/lang/Object");
        names.number("java/lang/Throwable");
        names
    }

    /// The number of a class name or array descriptor.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(there) = self.index.get(name) {
            return *there;
        }
        let number = self.list.len() as u32;
        self.list.push(name.into());
        self.index.insert(name.into(), number);
        number
    }
    pub(crate) fn reference(&mut self, name: &str) -> Type {
        Type::Ref(self.number(name))
    }
    pub(crate) fn name(&self, number: u32) -> &str {
        &self.list[number as usize]
    }

    /// The type of a field, parameter or result.
    pub(crate) fn of(&mut self, desc: &TypeDesc) -> Type {
        match desc {
            TypeDesc::Prim(Elem::I64) => Type::Long,
            TypeDesc::Prim(Elem::F64) => Type::Double,
            TypeDesc::Prim(Elem::F32) => Type::Float,
            TypeDesc::Prim(_) => Type::Int,
            TypeDesc::Class(name) => self.reference(name),
            array => self.reference(&array.to_string()),
        }
    }

    /// The type as messages write it.
    pub(crate) fn text(&self, of: Type) -> String {
        match of {
            Type::Top => "top".into(),
            Type::Int => "integer".into(),
            Type::Float => "float".into(),
            Type::Long => "long".into(),
            Type::Double => "double".into(),
            Type::Null => "null".into(),
            Type::UninitThis => "uninitializedThis".into(),
            Type::Uninit(at) => format!("uninitialized {at}"),
            Type::Return(_) => "returnAddress".into(),
            Type::Ref(number) => format!("'{}'", self.name(number)),
            Type::Any(set) => {
                let names: Vec<&str> =
                    self.unions[set as usize].iter().map(|number| self.name(*number)).collect();
                format!("'{}'", names.join("' or '"))
            }
        }
    }

    /// Whether `from` may stand where `to` is wanted (JVMS 4.10.1.2), as far as that is known without their classes.
    pub(crate) fn assign(&mut self, from: Type, to: Type) -> bool {
        match (from, to) {
            _ if from == to => true,
            (_, Type::Top) => true,
            (Type::Null, Type::Ref(_) | Type::Any(_)) => true,
            (Type::Ref(from), Type::Ref(to)) => self.assign_class(from, to),
            (Type::Any(set), Type::Ref(to)) => {
                self.unions[set as usize].clone().into_iter().all(|from| self.assign_class(from, to))
            }
            _ => false,
        }
    }

    fn assign_class(&mut self, from: u32, to: u32) -> bool {
        if from == to || to == OBJECT || self.assignable.contains(&(from, to)) {
            return true;
        }
        let (a, b) = (self.name(from), self.name(to));
        match (a.strip_prefix('['), b.strip_prefix('[')) {
            (None, None) => {
                self.assignable.insert((from, to));
                true
            }
            (None, Some(_)) => false,
            (Some(_), None) => matches!(b, "java/lang/Cloneable" | "java/io/Serializable"),
            (Some(a), Some(b)) => match (component(a), component(b)) {
                (Some(a), Some(b)) => {
                    let (a, b) = (String::from(a), String::from(b));
                    let (a, b) = (self.number(&a), self.number(&b));
                    self.assign_class(a, b)
                }
                (None, None) => a == b,
                _ => false,
            },
        }
    }

    /// Component of an array type; null of null; `None` when it is no array.
    pub(crate) fn component(&mut self, array: Type) -> Option<Type> {
        match array {
            Type::Null => Some(Type::Null),
            Type::Ref(number) => {
                let inner = self.name(number).strip_prefix('[')?;
                let name = String::from(component(inner)?);
                Some(self.reference(&name))
            }
            Type::Any(set) => {
                let numbers = self.unions[set as usize].clone();
                let mut all = Type::Null;
                for number in numbers {
                    let one = self.component(Type::Ref(number))?;
                    all = self.merge(all, one);
                }
                Some(all)
            }
            _ => None,
        }
    }

    /// Whether it is null or an array whose descriptor is one of these.
    pub(crate) fn is_array_of(&self, array: Type, descriptors: &[&str]) -> bool {
        match array {
            Type::Null => true,
            Type::Ref(number) => descriptors.contains(&self.name(number)),
            Type::Any(set) => {
                self.unions[set as usize].iter().all(|number| descriptors.contains(&self.name(*number)))
            }
            _ => false,
        }
    }
    /// Whether it is null or an array.
    pub(crate) fn is_array(&self, array: Type) -> bool {
        match array {
            Type::Null => true,
            Type::Ref(number) => self.name(number).starts_with('['),
            Type::Any(set) => {
                self.unions[set as usize].iter().all(|number| self.name(*number).starts_with('['))
            }
            _ => false,
        }
    }

    /// What holds on both of two paths (JVMS 4.10.2.2).
    pub(crate) fn merge(&mut self, a: Type, b: Type) -> Type {
        match (a, b) {
            _ if a == b => a,
            (Type::Null, other) | (other, Type::Null) if other.is_reference() => other,
            (a, b) if a.is_reference() && b.is_reference() => {
                let mut set: BTreeSet<u32> = BTreeSet::new();
                for part in [a, b] {
                    match part {
                        Type::Ref(number) => {
                            set.insert(number);
                        }
                        Type::Any(number) => set.extend(&self.unions[number as usize]),
                        _ => {}
                    }
                }
                if set.contains(&OBJECT) || set.len() > UNION_MAX {
                    return Type::Ref(OBJECT);
                }
                let set: Vec<u32> = set.into_iter().collect();
                if let Some(there) = self.union_index.get(&set) {
                    return Type::Any(*there);
                }
                let number = self.unions.len() as u32;
                self.union_index.insert(set.clone(), number);
                self.unions.push(set);
                Type::Any(number)
            }
            _ => Type::Top,
        }
    }

    /// Forgets the sets of classes; what was noted of classes stays.
    pub(crate) fn end_method(&mut self) {
        self.unions.clear();
        self.union_index.clear();
    }

    /// What has to be proved when the class is linked: the first is assignable to the second.
    pub(crate) fn noted(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = self
            .assignable
            .iter()
            .map(|(from, to)| (self.name(*from).into(), self.name(*to).into()))
            .collect();
        pairs.sort();
        pairs
    }
    /// How many such pairs there are, and back to that number: a method that fails adds nothing.
    pub(crate) fn mark(&self) -> BTreeSet<(u32, u32)> {
        self.assignable.clone()
    }
    pub(crate) fn reset(&mut self, mark: BTreeSet<(u32, u32)>) {
        self.assignable = mark;
    }
}

/// Of the descriptor of a component the name of its class or its descriptor as an array; `None` for primitives.
fn component(desc: &str) -> Option<&str> {
    match desc.as_bytes().first() {
        Some(b'[') => Some(desc),
        Some(b'L') => desc.strip_prefix('L')?.strip_suffix(';'),
        _ => None,
    }
}
