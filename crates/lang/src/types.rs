//! Static types, and how they show in descriptors.

use crate::classes::ClassIx;
use alloc::rc::Rc;
use bytecode::Kind;

/// Type of an expression, variable, parameter or result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Void,
    Int,
    Long,
    Float,
    Double,
    /// Of the literal `null`.
    Null,
    /// Any object; methods are found by name at run time.
    Object,
    Class(ClassIx),
    /// `.internal.container.array` with elements of a type.
    Array(Rc<Type>),
    /// Something that was reported already.
    Error,
}

/// Name of the root class.
pub(crate) const OBJECT: &str = ".internal.object";
/// Name of the class of strings.
pub(crate) const STRING: &str = ".internal.string";
/// Name of the class of arrays.
pub(crate) const ARRAY: &str = ".internal.container.array";

impl Type {
    /// Kind of its slot; `None` for no value.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self {
            Type::Void => None,
            Type::Int => Some(Kind::I32),
            Type::Long => Some(Kind::I64),
            Type::Float => Some(Kind::F32),
            Type::Double => Some(Kind::F64),
            _ => Some(Kind::Ref),
        }
    }
    pub(crate) fn is_numeric(&self) -> bool {
        self.rank().is_some()
    }
    pub(crate) fn is_integer(&self) -> bool {
        matches!(self, Type::Int | Type::Long)
    }
    /// Place in the order of widening.
    pub(crate) fn rank(&self) -> Option<u8> {
        match self {
            Type::Int => Some(0),
            Type::Long => Some(1),
            Type::Float => Some(2),
            Type::Double => Some(3),
            _ => None,
        }
    }
    pub(crate) fn is_ref(&self) -> bool {
        matches!(self, Type::Null | Type::Object | Type::Class(_) | Type::Array(_))
    }
    pub(crate) fn is_error(&self) -> bool {
        *self == Type::Error
    }
    /// The type of elements of an array.
    pub(crate) fn array_of(element: Type) -> Type {
        Type::Array(Rc::new(element))
    }
}
