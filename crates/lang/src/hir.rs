//! Checked expressions: every conversion explicit, every call resolved. Emission of these cannot fail.

use crate::ast::{self, BinaryOp};
use crate::classes::ClassIx;
use crate::types::Type;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) ty: Type,
}

/// A field by its class, name and descriptor.
#[derive(Clone, Debug)]
pub(crate) struct FieldRef {
    pub(crate) class: Rc<str>,
    pub(crate) name: Rc<str>,
    pub(crate) desc: String,
}

/// How a call finds its method.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Virtual(MethodRef),
    Interface(MethodRef),
    Special(MethodRef),
    Static(MethodRef),
    /// All arguments and the result are references.
    Ordinal(u16),
    /// All arguments and the result are references.
    Named(Rc<str>),
}

#[derive(Clone, Debug)]
pub(crate) struct MethodRef {
    pub(crate) class: Rc<str>,
    pub(crate) name: Rc<str>,
    pub(crate) desc: String,
}

#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Str(Rc<str>),
    Binary(Rc<[u8]>),
    Null,
    This,
    Local(u16),
    GetField(Box<Expr>, FieldRef),
    GetStatic(FieldRef),
    SetLocal(u16, Box<Expr>),
    SetField(Box<Expr>, FieldRef, Box<Expr>),
    SetStatic(FieldRef, Box<Expr>),
    /// Adds to an int local; the value is the new one.
    Inc(u16, i32),
    /// A call; the receiver is the first argument unless it is static. The line is that of the method's name.
    Call(Target, Vec<Expr>, u32),
    /// A new object and the call of its constructor.
    New(MethodRef, Vec<Expr>, u32),
    Box(Box<Expr>),
    Unbox(Box<Expr>),
    /// Between numbers.
    Convert(Box<Expr>),
    CheckCast(Rc<str>, Box<Expr>),
    InstanceOf(Rc<str>, Box<Expr>),
    Neg(Box<Expr>),
    /// Arithmetic on two values of the result's type (the count of a shift is an int).
    Arith(BinaryOp, Box<Expr>, Box<Expr>),
    /// Comparison of two numbers of one type; gives an int.
    Compare(BinaryOp, Box<Expr>, Box<Expr>),
    /// Whether two references are (not) the same.
    Same(Box<Expr>, Box<Expr>, bool),
    /// Whether a reference is (not) null.
    IsNull(Box<Expr>, bool),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Objects, their texts joined.
    Concat(Vec<Expr>),
    /// A new object of a class that the compiler made for a function, and what its fields hold.
    MakeFunction(Rc<str>, Vec<(FieldRef, Expr)>),
    /// A new cell for a variable of the expression's `Box`ed value's type.
    NewCell(Box<Expr>),
    /// The value in a cell.
    GetCell(Box<Expr>),
    /// Sets the value in a cell.
    SetCell(Box<Expr>, Box<Expr>),
    /// A part of joined texts: the text of an object by a format.
    Formatted(Box<Expr>, Rc<str>),
    /// A function whose type is not known yet; nothing of it is emitted.
    Pending(Rc<Pending>),
    /// Effects, then a value.
    Seq(Vec<Expr>, Box<Expr>),
}

/// A function that waits for the type of the place that it goes to.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    Lambda(Rc<ast::Lambda>),
    /// Methods of one name, of an object or static ones of a class.
    Method {
        receiver: Option<Expr>,
        class: ClassIx,
        name: ast::Ident,
    },
}

impl Expr {
    pub(crate) fn new(kind: ExprKind, ty: Type) -> Expr {
        Expr { kind, ty }
    }
    pub(crate) fn int(value: i32) -> Expr {
        Expr::new(ExprKind::Int(value), Type::Int)
    }
    pub(crate) fn error() -> Expr {
        Expr::new(ExprKind::Null, Type::Error)
    }
    pub(crate) fn boxed(self) -> Box<Expr> {
        Box::new(self)
    }
    /// Whether it is certainly an object.
    pub(crate) fn is_nonnull(&self) -> bool {
        matches!(
            self.kind,
            ExprKind::Str(_)
                | ExprKind::Binary(_)
                | ExprKind::This
                | ExprKind::New(..)
                | ExprKind::Box(_)
                | ExprKind::Concat(_)
                | ExprKind::MakeFunction(..)
        )
    }
    /// Whether it may be evaluated at any time, and any number of times.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(
            self.kind,
            ExprKind::Int(_)
                | ExprKind::Long(_)
                | ExprKind::Float(_)
                | ExprKind::Double(_)
                | ExprKind::Str(_)
                | ExprKind::Null
                | ExprKind::This
        )
    }
}
