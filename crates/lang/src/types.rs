//! Static types, and how they show in descriptors.

use crate::classes::{ClassIx, ParamIx};
use alloc::rc::Rc;
use alloc::vec::Vec;
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
    /// A class with type parameters, and what stands for them.
    Generic(ClassIx, Rc<[Type]>),
    /// A type parameter.
    Param(ParamIx),
    /// `(int, string) => int`: an object of a class that extends `.internal.function`.
    Function(Rc<FunctionType>),
    /// A lambda or a method whose type is that of the place it goes to; with the number of parameters, when it is known.
    Pending(Option<usize>),
    /// `.internal.container.array` with elements of a type.
    Array(Rc<Type>),
    /// Something that was reported already.
    Error,
}

/// What a function takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionType {
    pub(crate) params: Vec<Type>,
    pub(crate) result: Type,
}

/// Name of the class above those of functions.
pub(crate) const FUNCTION: &str = ".internal.function";
/// Most parameters of a function that is an object.
pub(crate) const FUNCTION_PARAMS_MAX: usize = 8;

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
        matches!(
            self,
            Type::Null
                | Type::Object
                | Type::Class(_)
                | Type::Generic(..)
                | Type::Param(_)
                | Type::Function(_)
                | Type::Array(_)
        )
    }
    pub(crate) fn is_error(&self) -> bool {
        *self == Type::Error
    }
    /// The type of arrays with such elements.
    pub(crate) fn array_of(element: Type) -> Type {
        Type::Array(Rc::new(element))
    }
    /// The type of functions from these to this.
    pub(crate) fn function(params: Vec<Type>, result: Type) -> Type {
        Type::Function(Rc::new(FunctionType { params, result }))
    }
    /// Parts of the type, itself included; counts up to `limit`.
    fn nodes(&self, limit: usize) -> usize {
        let mut count = 1;
        let mut add = |ty: &Type| {
            if count < limit {
                count += ty.nodes(limit - count);
            }
        };
        match self {
            Type::Generic(_, args) => args.iter().for_each(&mut add),
            Type::Array(element) => add(element),
            Type::Function(function) => function.params.iter().chain([&function.result]).for_each(&mut add),
            _ => {}
        }
        count
    }
    /// The type with others in the place of type parameters.
    pub(crate) fn with(&self, map: &Substitution) -> Type {
        if map.is_empty() { self.clone() } else { self.with_in(map, &mut { NODES_MAX }) }
    }
    /// The same while the result has at most `left` parts; what is beyond is any object.
    fn with_in(&self, map: &Substitution, left: &mut usize) -> Type {
        if *left == 0 {
            return Type::Object;
        }
        *left -= 1;
        match self {
            Type::Param(param) => match map.iter().find(|(from, _)| from == param) {
                Some((_, to)) => {
                    let nodes = to.nodes(*left + 1);
                    if nodes > *left {
                        *left = 0;
                        return Type::Object;
                    }
                    *left -= nodes;
                    to.clone()
                }
                None => self.clone(),
            },
            Type::Generic(class, args) => {
                Type::Generic(*class, args.iter().map(|arg| arg.with_in(map, left)).collect())
            }
            Type::Array(element) => Type::array_of(element.with_in(map, left)),
            Type::Function(function) => {
                let params = function.params.iter().map(|param| param.with_in(map, left)).collect();
                Type::function(params, function.result.with_in(map, left))
            }
            _ => self.clone(),
        }
    }
    /// Whether a type parameter of the list is a part of it.
    pub(crate) fn mentions(&self, params: &[ParamIx]) -> bool {
        match self {
            Type::Param(param) => params.contains(param),
            Type::Generic(_, args) => args.iter().any(|arg| arg.mentions(params)),
            Type::Array(element) => element.mentions(params),
            Type::Function(function) => {
                function.params.iter().chain([&function.result]).any(|part| part.mentions(params))
            }
            _ => false,
        }
    }
}

/// What stands for type parameters.
pub(crate) type Substitution = Vec<(ParamIx, Type)>;

/// Most parts of a type that a substitution makes: types of hostile sources would double again and again.
const NODES_MAX: usize = 1000;
