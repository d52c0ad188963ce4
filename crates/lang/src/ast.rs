//! The syntax tree: what the parser read, with a place for everything that a message may speak of.

use crate::diagnostic::Span;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// A word with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ident {
    pub(crate) text: Rc<str>,
    pub(crate) span: Span,
}

/// A dotted name; absolute when a dot leads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) absolute: bool,
    pub(crate) parts: Vec<Ident>,
    pub(crate) span: Span,
}

impl Name {
    /// The parts with dots between, and one in front of an absolute name.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 || self.absolute {
                text.push('.');
            }
            text.push_str(&part.text);
        }
        text
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TypeExpr {
    pub(crate) kind: TypeKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TypeKind {
    Void,
    /// A name with the types behind it in angle brackets.
    Named(Name, Vec<TypeExpr>),
    Array(Box<TypeExpr>),
    /// `(int, string) => int`.
    Function(Vec<TypeExpr>, Box<TypeExpr>),
    /// `*expr`: known only at run time.
    Dynamic,
}

/// One source file.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    pub(crate) package: Option<Name>,
    pub(crate) imports: Vec<Name>,
    /// Packages of `import .a.b.*`.
    pub(crate) packages: Vec<Name>,
    pub(crate) classes: Vec<Rc<Class>>,
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Class,
    Interface,
    Enum,
}

/// Who may use a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Access {
    #[default]
    Public,
    /// The class, those that extend it and its package.
    Protected,
    /// The class alone.
    Private,
}

/// What stands in front of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Modifiers {
    pub(crate) access: Access,
    pub(crate) is_static: bool,
    pub(crate) is_final: bool,
    pub(crate) synchronized: bool,
}

/// `T` or `T extends bound` in the angle brackets of a declaration.
#[derive(Clone, Debug)]
pub(crate) struct TypeParam {
    pub(crate) name: Ident,
    pub(crate) bound: Option<TypeExpr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) name: Name,
    pub(crate) sort: Sort,
    pub(crate) params: Vec<TypeParam>,
    pub(crate) extends: Option<TypeExpr>,
    pub(crate) implements: Vec<TypeExpr>,
    pub(crate) constants: Vec<Constant>,
    pub(crate) fields: Vec<Field>,
    pub(crate) methods: Vec<Rc<Method>>,
    /// `static { … }`, each with the number of fields that stand before it.
    pub(crate) initialisers: Vec<(usize, Stmt)>,
}

/// A value of an enum.
#[derive(Clone, Debug)]
pub(crate) struct Constant {
    pub(crate) name: Ident,
    pub(crate) args: Vec<Expr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Ident,
    pub(crate) ty: Option<TypeExpr>,
    pub(crate) modifiers: Modifiers,
    pub(crate) init: Option<Expr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) name: Ident,
    pub(crate) result: TypeExpr,
    pub(crate) type_params: Vec<TypeParam>,
    pub(crate) params: Vec<Param>,
    pub(crate) ordinal: Option<(u32, Span)>,
    pub(crate) modifiers: Modifiers,
    /// `None`: a semicolon stands in its place.
    pub(crate) body: Option<Stmt>,
    /// The closing brace, or the semicolon.
    pub(crate) end: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub(crate) name: Ident,
    pub(crate) ty: Option<TypeExpr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Stmt {
    pub(crate) kind: StmtKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum StmtKind {
    Empty,
    Block(Vec<Stmt>),
    /// Declarations of one statement (`int a, b = 2;` has two).
    Local(Vec<Local>),
    Expr(Expr),
    If {
        cond: Expr,
        then: Box<Stmt>,
        other: Option<Box<Stmt>>,
    },
    While {
        cond: Expr,
        body: Box<Stmt>,
    },
    /// `do body while (cond) after`: `after` runs when the condition holds, before the next round.
    DoWhile {
        body: Box<Stmt>,
        cond: Expr,
        after: Option<Box<Stmt>>,
    },
    For {
        init: Vec<Stmt>,
        cond: Option<Expr>,
        step: Vec<Expr>,
        body: Box<Stmt>,
    },
    Foreach(Box<Foreach>),
    Synchronized {
        lock: Expr,
        body: Box<Stmt>,
    },
    Assert {
        cond: Expr,
        message: Option<Expr>,
    },
    Return(Option<Expr>),
    Throw(Expr),
    Try {
        body: Box<Stmt>,
        catches: Vec<Catch>,
        finally: Option<Box<Stmt>>,
    },
    Switch {
        value: Expr,
        items: Vec<SwitchItem>,
    },
    Break,
    Continue,
}

#[derive(Clone, Debug)]
pub(crate) struct Foreach {
    pub(crate) declares: bool,
    pub(crate) ty: Option<TypeExpr>,
    pub(crate) name: Ident,
    /// `foreach (key, value in map)`.
    pub(crate) second: Option<Ident>,
    pub(crate) over: Expr,
    /// `foreach (i in over..to)`.
    pub(crate) to: Option<Expr>,
    pub(crate) body: Stmt,
}

#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) name: Ident,
    pub(crate) ty: Option<TypeExpr>,
    pub(crate) is_final: bool,
    pub(crate) init: Option<Expr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Catch {
    pub(crate) ty: Option<TypeExpr>,
    pub(crate) name: Ident,
    pub(crate) body: Stmt,
}

#[derive(Clone, Debug)]
pub(crate) enum SwitchItem {
    Case(Expr),
    Default(Span),
    Stmt(Stmt),
}

#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Str(Rc<str>),
    Null,
    This,
    Name(Ident),
    /// `.a.b.c`, the start of a static call.
    Path(Name),
    Call {
        receiver: Option<Box<Expr>>,
        method: Selector,
        args: Vec<Expr>,
    },
    Field {
        receiver: Box<Expr>,
        name: Ident,
    },
    Index {
        array: Box<Expr>,
        index: Box<Expr>,
    },
    New {
        ty: TypeExpr,
        args: Vec<Expr>,
    },
    NewDynamic {
        class: Box<Expr>,
        ty: Option<TypeExpr>,
        args: Vec<Expr>,
    },
    /// `import "file"`.
    Import(Rc<str>),
    Cast {
        ty: TypeExpr,
        value: Box<Expr>,
    },
    InstanceOf {
        value: Box<Expr>,
        ty: TypeExpr,
    },
    Unary {
        op: UnaryOp,
        value: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Assign {
        op: Option<BinaryOp>,
        target: Box<Expr>,
        value: Box<Expr>,
    },
    IncDec {
        target: Box<Expr>,
        up: bool,
        prefix: bool,
    },
    Ternary {
        cond: Box<Expr>,
        yes: Box<Expr>,
        no: Box<Expr>,
    },
    /// `callee(args)` where the callee is no name.
    Apply {
        callee: Box<Expr>,
        args: Vec<Expr>,
    },
    Lambda(Rc<Lambda>),
    /// `"a ${b} c"`.
    Template(Vec<Piece>),
    /// `receiver?.member`: `then` speaks of `name`, which holds the receiver when that is not null.
    Safe {
        receiver: Box<Expr>,
        name: Ident,
        then: Box<Expr>,
    },
    /// `left ?? right`.
    Coalesce {
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// Something unreadable, reported already.
    Error,
}

/// `(x, y) => body`.
#[derive(Clone, Debug)]
pub(crate) struct Lambda {
    pub(crate) params: Vec<Param>,
    pub(crate) body: LambdaBody,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum LambdaBody {
    Expr(Expr),
    Block(Stmt),
}

/// A part of a string with expressions in it.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Text(Rc<str>),
    /// The expression, and what stands behind its colon.
    Value(Expr, Option<(Rc<str>, Span)>),
}

/// How a call names its method.
#[derive(Clone, Debug)]
pub(crate) enum Selector {
    Named(Ident),
    /// `obj.16(x)`.
    Ordinal(u32, Span),
    /// `obj.*("name")(x)` and `obj.(expr)(x)`.
    Computed(Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Neg,
    Plus,
    Not,
    BitNot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    UShr,
    Lt,
    Gt,
    Le,
    Ge,
    Eq,
    Ne,
    Same,
    NotSame,
    LogicAnd,
    LogicOr,
}

impl BinaryOp {
    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        use BinaryOp::*;
        match self {
            Add => "+",
            Sub => "-",
            Mul => "*",
            Div => "/",
            Rem => "%",
            And => "&",
            Or => "|",
            Xor => "^",
            Shl => "<<",
            Shr => ">>",
            UShr => ">>>",
            Lt => "<",
            Gt => ">",
            Le => "<=",
            Ge => ">=",
            Eq => "==",
            Ne => "!=",
            Same => ":==",
            NotSame => ":!=",
            LogicAnd => "&&",
            LogicOr => "||",
        }
    }
}
