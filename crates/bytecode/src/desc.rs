//! Descriptors of fields and methods: the syntax of JVMS §4.3 over Phantom's class names.
//!
//! Class names are any UTF-8 without `;` and control characters (`.internal.string`, `java/lang/String`).

use crate::op::{Elem, Kind};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Most parameters of a method, receiver not counted (JVMS §4.3.3 counts 255 with it).
pub const PARAMS_MAX: usize = 254;

/// A type in a descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TypeDesc {
    /// `Z B C S I J F D`.
    Prim(Elem),
    /// `Lname;`
    Class(String),
    /// `[` once per dimension, then the element, which is no array.
    Array {
        /// Number of `[`, at least 1.
        dims: u8,
        /// Innermost element.
        elem: ElemDesc,
    },
}

/// Innermost element type of an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ElemDesc {
    /// A primitive kind.
    Prim(Elem),
    /// A class.
    Class(String),
}

/// A parsed method descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// Types of the parameters; the receiver is not among them.
    pub params: Vec<TypeDesc>,
    /// Type of the result; `None` for `V`.
    pub result: Option<TypeDesc>,
}

/// Why text is no descriptor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no descriptor: {what} at byte {at}")]
pub struct DescError {
    /// The text.
    pub text: String,
    /// What is wrong.
    pub what: &'static str,
    /// Where in the text.
    pub at: usize,
}

/// Java's name of a primitive type.
pub fn primitive(elem: Elem) -> &'static str {
    match elem {
        Elem::Bool => "boolean",
        Elem::I8 => "byte",
        Elem::U16 => "char",
        Elem::I16 => "short",
        Elem::I32 => "int",
        Elem::I64 => "long",
        Elem::F32 => "float",
        Elem::F64 => "double",
    }
}

/// The letter of a primitive kind.
pub fn letter(elem: Elem) -> char {
    match elem {
        Elem::Bool => 'Z',
        Elem::I8 => 'B',
        Elem::U16 => 'C',
        Elem::I16 => 'S',
        Elem::I32 => 'I',
        Elem::I64 => 'J',
        Elem::F32 => 'F',
        Elem::F64 => 'D',
    }
}

fn from_letter(byte: u8) -> Option<Elem> {
    Elem::ALL.iter().copied().find(|elem| letter(*elem) as u32 == u32::from(byte))
}

impl Elem {
    /// Kind of the slot that holds an element.
    pub fn kind(self) -> Kind {
        match self {
            Elem::I64 => Kind::I64,
            Elem::F32 => Kind::F32,
            Elem::F64 => Kind::F64,
            _ => Kind::I32,
        }
    }
}

impl TypeDesc {
    /// Kind of the slot that holds it.
    pub fn kind(&self) -> Kind {
        match self {
            TypeDesc::Prim(elem) => elem.kind(),
            TypeDesc::Class(_) | TypeDesc::Array { .. } => Kind::Ref,
        }
    }

    /// Parses a field descriptor.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<TypeDesc, DescError> {
        let mut at = 0;
        let parsed = scan_type(text, &mut at)?.into();
        if at < text.len() {
            return Err(error(text, "there is more than one type", at));
        }
        Ok(parsed)
    }
}

impl Descriptor {
    /// Parses a method descriptor.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Descriptor, DescError> {
        let mut params = Vec::new();
        let mut result = None;
        scan_method(text, |scanned, place| match place {
            Place::Param => params.push(scanned.into()),
            Place::Result => result = Some(scanned.into()),
        })?;
        Ok(Descriptor { params, result })
    }

    /// Kind of the result.
    pub fn result_kind(&self) -> Option<Kind> {
        self.result.as_ref().map(TypeDesc::kind)
    }
    /// Kinds of the parameters.
    pub fn param_kinds(&self) -> impl DoubleEndedIterator<Item = Kind> + ExactSizeIterator + '_ {
        self.params.iter().map(TypeDesc::kind)
    }
    /// Kinds of the first locals of a method: the receiver unless `is_static`, then the parameters.
    pub fn local_kinds(&self, is_static: bool) -> Vec<Kind> {
        let mut kinds = Vec::with_capacity(self.params.len() + 1);
        if !is_static {
            kinds.push(Kind::Ref);
        }
        kinds.extend(self.param_kinds());
        kinds
    }
}

/// Whether `name` may stand between `L` and `;`.
pub fn is_class_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == ';' || c.is_control())
}

fn error(text: &str, what: &'static str, at: usize) -> DescError {
    DescError { text: text.chars().take(200).collect(), what, at }
}

/// A type in `text`, without copying its name.
struct Scanned<'a> {
    dims: u8,
    prim: Option<Elem>,
    class: &'a str,
}

impl Scanned<'_> {
    fn kind(&self) -> Kind {
        match self.prim {
            Some(elem) if self.dims == 0 => elem.kind(),
            _ => Kind::Ref,
        }
    }
}

fn scan_type<'a>(text: &'a str, at: &mut usize) -> Result<Scanned<'a>, DescError> {
    let bytes = text.as_bytes();
    let count = bytes[*at..].iter().take_while(|byte| **byte == b'[').count();
    let dims = u8::try_from(count).map_err(|_| error(text, "more than 255 dimensions", *at))?;
    *at += count;
    let start = *at;
    match bytes.get(start) {
        None => Err(error(text, "the text ends where a type is expected", start)),
        Some(b'L') => {
            let length = bytes[start..].iter().position(|byte| *byte == b';');
            let length = length.ok_or_else(|| error(text, "a class name has no `;`", start))?;
            // `L` and `;` are single bytes, so both cuts are character boundaries.
            let class = &text[start + 1..start + length];
            if !is_class_name(class) {
                return Err(error(text, "a class name is empty or has control characters", start));
            }
            *at = start + length + 1;
            Ok(Scanned { dims, prim: None, class })
        }
        Some(byte) => {
            *at += 1;
            let prim = from_letter(*byte).ok_or_else(|| error(text, "no type starts so", start))?;
            Ok(Scanned { dims, prim: Some(prim), class: "" })
        }
    }
}

/// Calls `each` for every type of a method descriptor, the result last and marked.
fn scan_method<'a>(text: &'a str, mut each: impl FnMut(Scanned<'a>, Place)) -> Result<(), DescError> {
    if !text.starts_with('(') {
        return Err(error(text, "a method descriptor starts with `(`", 0));
    }
    let mut at = 1;
    let mut params = 0;
    while text.as_bytes().get(at) != Some(&b')') {
        if params == PARAMS_MAX {
            return Err(error(text, "more than 254 parameters", at));
        }
        params += 1;
        each(scan_type(text, &mut at)?, Place::Param);
    }
    at += 1;
    if text.as_bytes().get(at) == Some(&b'V') {
        at += 1;
    } else {
        each(scan_type(text, &mut at)?, Place::Result);
    }
    if at < text.len() {
        return Err(error(text, "there is more after the result", at));
    }
    Ok(())
}

enum Place {
    Param,
    Result,
}

/// Appends the kinds of the parameters of a method descriptor to `params` and gives the kind of the result.
pub(crate) fn scan_kinds(text: &str, params: &mut Vec<Kind>) -> Result<Option<Kind>, DescError> {
    let mut result = None;
    scan_method(text, |scanned, place| match place {
        Place::Param => params.push(scanned.kind()),
        Place::Result => result = Some(scanned.kind()),
    })?;
    Ok(result)
}

/// Kind of a field descriptor.
pub(crate) fn scan_field(text: &str) -> Result<Kind, DescError> {
    let mut at = 0;
    let kind = scan_type(text, &mut at)?.kind();
    if at < text.len() {
        return Err(error(text, "there is more than one type", at));
    }
    Ok(kind)
}

impl From<Scanned<'_>> for TypeDesc {
    fn from(scanned: Scanned<'_>) -> Self {
        let Scanned { dims, prim, class } = scanned;
        match (dims, prim) {
            (0, Some(elem)) => TypeDesc::Prim(elem),
            (0, None) => TypeDesc::Class(class.to_owned()),
            (dims, Some(elem)) => TypeDesc::Array { dims, elem: ElemDesc::Prim(elem) },
            (dims, None) => TypeDesc::Array { dims, elem: ElemDesc::Class(class.to_owned()) },
        }
    }
}

impl fmt::Display for TypeDesc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypeDesc::Prim(elem) | TypeDesc::Array { elem: ElemDesc::Prim(elem), dims: 0 } => {
                write!(f, "{}", letter(*elem))
            }
            TypeDesc::Class(name) => write!(f, "L{name};"),
            TypeDesc::Array { dims, elem } => {
                (0..*dims).try_for_each(|_| f.write_str("["))?;
                match elem {
                    ElemDesc::Prim(elem) => write!(f, "{}", letter(*elem)),
                    ElemDesc::Class(name) => write!(f, "L{name};"),
                }
            }
        }
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        self.params.iter().try_for_each(|param| write!(f, "{param}"))?;
        match &self.result {
            Some(result) => write!(f, "){result}"),
            None => f.write_str(")V"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn descriptors_come_back() {
        for text in ["()V", "(IJL.internal.string;[I)V", "(ZBCSIJFD)[[Ljava/lang/String;", "(L名;)L a b;"] {
            assert_eq!(Descriptor::parse(text).map(|desc| desc.to_string()), Ok(text.to_string()));
        }
    }

    #[test]
    fn wrong_descriptors_say_where() {
        let check = |text: &str, at: usize| assert_eq!(Descriptor::parse(text).map_err(|e| e.at), Err(at));
        check("", 0);
        check("I", 0);
        check("(", 1);
        check("()", 2);
        check("(V)V", 1);
        check("()VV", 3);
        check("(L;)V", 1);
        check("(Labc)V", 1);
        check("([)V", 2);
        check("(I)Q", 3);
    }
}
