//! Checked expressions to instructions. Nothing here can fail: what could was refused by `check`.

use crate::ast::BinaryOp;
use crate::hir::{Expr, ExprKind, FieldRef, MethodRef, Target};
use crate::types::Type;
use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use alloc::vec::Vec;
use bytecode::{CodeBuilder, Const, Elem, Kind, Label, Op, PoolBuilder};

/// Writes the code of one method and follows what can be reached.
pub(crate) struct Emitter<'p> {
    pub(crate) code: CodeBuilder,
    pub(crate) pool: &'p mut PoolBuilder,
    used: BTreeSet<Label>,
    /// Whether control can come to the next instruction.
    pub(crate) reachable: bool,
    /// Whether the last instruction ends a block and nothing goes to the place behind it.
    pub(crate) ended: bool,
}

/// The unfinished code of a method while that of a function inside of it is written.
pub(crate) struct Suspended {
    code: CodeBuilder,
    used: BTreeSet<Label>,
    reachable: bool,
    ended: bool,
}

impl<'p> Emitter<'p> {
    pub(crate) fn new(pool: &'p mut PoolBuilder) -> Self {
        Emitter { code: CodeBuilder::new(), pool, used: BTreeSet::new(), reachable: true, ended: false }
    }

    /// Begins the code of another method; gives what was written, for [`Emitter::resume`].
    pub(crate) fn begin(&mut self) -> Suspended {
        let code = core::mem::take(&mut self.code);
        let used = core::mem::take(&mut self.used);
        let suspended = Suspended { code, used, reachable: self.reachable, ended: self.ended };
        (self.reachable, self.ended) = (true, false);
        suspended
    }
    /// Goes on with suspended code; gives the code of the method in between.
    pub(crate) fn resume(&mut self, suspended: Suspended) -> CodeBuilder {
        (self.reachable, self.ended, self.used) = (suspended.reachable, suspended.ended, suspended.used);
        core::mem::replace(&mut self.code, suspended.code)
    }

    pub(crate) fn label(&mut self) -> Label {
        self.code.label()
    }
    pub(crate) fn bind(&mut self, label: Label) {
        self.code.bind(label);
        if self.used.contains(&label) {
            (self.reachable, self.ended) = (true, false);
        }
    }
    /// Binds the target of an exception handler.
    pub(crate) fn bind_handler(&mut self, label: Label) {
        self.used.insert(label);
        self.bind(label);
    }
    pub(crate) fn op(&mut self, op: Op) {
        self.code.op(op);
        self.ended = op.ends_block();
        self.reachable &= !self.ended;
    }
    pub(crate) fn branch(&mut self, op: Op, label: Label) {
        if self.reachable {
            self.used.insert(label);
        } else if self.ended && op == Op::Goto {
            return;
        }
        self.code.branch(op, label);
        self.ended = op.ends_block();
        self.reachable &= !self.ended;
    }
    pub(crate) fn switch(&mut self, pairs: &[(i32, Label)], default: Label) {
        if self.reachable {
            self.used.extend(pairs.iter().map(|(_, label)| *label).chain([default]));
        }
        let mut keys: Vec<i32> = pairs.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        let dense = keys.windows(2).all(|two| two[0].checked_add(1) == Some(two[1]));
        if let (Some(low), true) = (keys.first(), dense) {
            let mut sorted = pairs.to_vec();
            sorted.sort_by_key(|(key, _)| *key);
            let targets: Vec<Label> = sorted.into_iter().map(|(_, label)| label).collect();
            self.code.table_switch(*low, &targets, default);
        } else {
            self.code.lookup_switch(pairs, default);
        }
        (self.ended, self.reachable) = (true, false);
    }
    fn pooled(&mut self, op: Op, index: u32) {
        self.code.pool(op, index);
        self.ended = false;
    }
    pub(crate) fn get(&mut self, slot: u16) {
        self.code.local(Op::LocalGet, slot);
        self.ended = false;
    }
    pub(crate) fn set(&mut self, slot: u16) {
        self.code.local(Op::LocalSet, slot);
        self.ended = false;
    }
    pub(crate) fn int(&mut self, value: i32) {
        self.code.i32_const(value);
        self.ended = false;
    }
    /// Pushes the zero of a type.
    pub(crate) fn zero(&mut self, ty: &Type) {
        match ty.kind() {
            None => {}
            Some(Kind::I32) => self.int(0),
            Some(Kind::I64) => {
                self.code.i64_const(0);
            }
            Some(Kind::F32) => {
                self.code.f32_const(0.0);
            }
            Some(Kind::F64) => {
                self.code.f64_const(0.0);
            }
            Some(Kind::Ref) => self.op(Op::Null),
        }
        self.ended = false;
    }

    fn field(&mut self, op: Op, field: &FieldRef) {
        let index = self.pool.field(&field.class, &field.name, &field.desc);
        self.pooled(op, index);
    }
    fn class(&mut self, op: Op, class: &str) {
        let index = self.pool.class(class);
        self.pooled(op, index);
    }
    fn method(&mut self, op: Op, method: &MethodRef) {
        let index = if op == Op::CallInterface {
            self.pool.interface_method(&method.class, &method.name, &method.desc)
        } else {
            self.pool.method(&method.class, &method.name, &method.desc)
        };
        self.pooled(op, index);
    }

    /// Evaluates for the effects only.
    pub(crate) fn effect(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::SetLocal(slot, value) => {
                self.value(value);
                self.set(*slot);
            }
            ExprKind::SetField(object, field, value) => {
                self.value(object);
                self.value(value);
                self.field(Op::PutField, field);
            }
            ExprKind::SetStatic(field, value) => {
                self.value(value);
                self.field(Op::PutStatic, field);
            }
            ExprKind::Inc(slot, by) => {
                self.code.inc(*slot, *by);
                self.ended = false;
            }
            ExprKind::Seq(first, last) => {
                first.iter().for_each(|expr| self.effect(expr));
                self.effect(last);
            }
            // Unboxing and casting of a result that nobody takes would only fail.
            ExprKind::Box(inner) | ExprKind::Unbox(inner) | ExprKind::CheckCast(_, inner)
                if matches!(inner.kind, ExprKind::Call(..)) =>
            {
                self.effect(inner);
            }
            ExprKind::SetCell(cell, value) => {
                self.value(cell);
                self.int(0);
                self.value(value);
                self.op(array_op(&value.ty, SET_ELEMENT));
            }
            ExprKind::Local(_) | ExprKind::Null | ExprKind::This | ExprKind::Pending(_) => {}
            _ => {
                self.value(expr);
                if expr.ty != Type::Void {
                    self.op(Op::Pop);
                }
            }
        }
    }

    /// Pushes the value.
    pub(crate) fn value(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Int(value) => self.int(*value),
            ExprKind::Long(value) => {
                self.code.i64_const(*value);
            }
            ExprKind::Float(value) => {
                self.code.f32_const(*value);
            }
            ExprKind::Double(value) => {
                self.code.f64_const(*value);
            }
            ExprKind::Str(text) => {
                let index = self.pool.str(text);
                self.pooled(Op::Const, index);
            }
            ExprKind::Binary(bytes) => {
                let index = self.pool.intern(Const::Binary(bytes.to_vec()));
                self.pooled(Op::Const, index);
            }
            ExprKind::Null => self.op(Op::Null),
            ExprKind::This => self.get(0),
            ExprKind::Local(slot) => self.get(*slot),
            ExprKind::GetField(object, field) => {
                self.value(object);
                self.field(Op::GetField, field);
            }
            ExprKind::GetStatic(field) => self.field(Op::GetStatic, field),
            ExprKind::SetLocal(..)
            | ExprKind::SetField(..)
            | ExprKind::SetStatic(..)
            | ExprKind::SetCell(..)
            | ExprKind::Inc(..) => self.assigned(expr),
            ExprKind::MakeFunction(class, fields) => {
                self.class(Op::New, class);
                for (field, value) in fields {
                    self.op(Op::Dup);
                    self.value(value);
                    self.field(Op::PutField, field);
                }
            }
            ExprKind::NewCell(value) => self.new_cell(value),
            ExprKind::GetCell(cell) => {
                self.value(cell);
                self.int(0);
                self.op(array_op(&expr.ty, GET_ELEMENT));
            }
            // Formats stand in joined texts only, and a function that waits never gets here.
            ExprKind::Formatted(value, _) => self.value(value),
            ExprKind::Pending(_) => self.op(Op::Null),
            ExprKind::Call(target, args, line) => self.call(target, args, *line),
            ExprKind::New(constructor, args, line) => self.new_object(constructor, args, *line),
            ExprKind::Box(_) | ExprKind::Unbox(_) | ExprKind::Convert(_) => self.converted(expr),
            ExprKind::CheckCast(class, value) => {
                self.value(value);
                self.class(Op::CheckCast, class);
            }
            ExprKind::InstanceOf(class, value) => {
                self.value(value);
                self.class(Op::InstanceOf, class);
            }
            ExprKind::Neg(value) => {
                self.value(value);
                self.op(by_kind(&expr.ty, [Op::I32Neg, Op::I64Neg, Op::F32Neg, Op::F64Neg]));
            }
            ExprKind::Arith(op, left, right) => {
                self.value(left);
                self.value(right);
                self.op(arithmetic(*op, &expr.ty));
            }
            ExprKind::Compare(op, left, right) => {
                self.value(left);
                self.value(right);
                self.op(comparison(*op, &left.ty));
            }
            ExprKind::Same(left, right, same) => {
                self.value(left);
                self.value(right);
                self.op(Op::RefEq);
                self.negate_unless(*same);
            }
            ExprKind::IsNull(value, null) => {
                self.value(value);
                self.op(Op::RefIsNull);
                self.negate_unless(*null);
            }
            ExprKind::Not(value) => {
                self.value(value);
                self.op(Op::I32Eqz);
            }
            ExprKind::And(..) | ExprKind::Or(..) => self.choice(expr, &Expr::int(1), &Expr::int(0)),
            ExprKind::Ternary(cond, yes, no) => self.choice(cond, yes, no),
            ExprKind::Concat(parts) => self.concat(parts),
            ExprKind::Seq(first, last) => {
                first.iter().for_each(|expr| self.effect(expr));
                self.value(last);
            }
        }
        self.ended = false;
    }

    fn negate_unless(&mut self, positive: bool) {
        if !positive {
            self.op(Op::I32Eqz);
        }
    }

    /// An assignment whose value is used.
    fn assigned(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::SetLocal(slot, value) => {
                self.value(value);
                self.code.local(Op::LocalTee, *slot);
            }
            ExprKind::SetField(object, field, value) => {
                self.value(object);
                self.value(value);
                self.op(Op::DupX1);
                self.field(Op::PutField, field);
            }
            ExprKind::SetStatic(field, value) => {
                self.value(value);
                self.op(Op::Dup);
                self.field(Op::PutStatic, field);
            }
            ExprKind::SetCell(cell, value) => {
                self.value(cell);
                self.int(0);
                self.value(value);
                self.op(Op::DupX2);
                self.op(array_op(&value.ty, SET_ELEMENT));
            }
            ExprKind::Inc(slot, by) => {
                self.code.inc(*slot, *by);
                self.get(*slot);
            }
            _ => {}
        }
    }

    /// An array of one element that holds the value.
    fn new_cell(&mut self, value: &Expr) {
        self.int(1);
        match value.ty.kind() {
            Some(Kind::I32) => self.new_array(Elem::I32),
            Some(Kind::I64) => self.new_array(Elem::I64),
            Some(Kind::F32) => self.new_array(Elem::F32),
            Some(Kind::F64) => self.new_array(Elem::F64),
            _ => self.class(Op::NewRefArray, crate::types::OBJECT),
        }
        self.op(Op::Dup);
        self.int(0);
        self.value(value);
        self.op(array_op(&value.ty, SET_ELEMENT));
    }
    fn new_array(&mut self, elem: Elem) {
        self.code.new_array(elem);
        self.ended = false;
    }

    fn call(&mut self, target: &Target, args: &[Expr], line: u32) {
        args.iter().for_each(|arg| self.value(arg));
        self.code.line(line);
        let count = args.len().saturating_sub(1) as u8;
        match target {
            Target::Virtual(method) => self.method(Op::CallVirtual, method),
            Target::Interface(method) => self.method(Op::CallInterface, method),
            Target::Special(method) => self.method(Op::CallSpecial, method),
            Target::Static(method) => self.method(Op::CallStatic, method),
            Target::Ordinal(ordinal) => {
                self.code.dynamic_call(Op::CallOrdinal, u32::from(*ordinal), count);
            }
            Target::Named(name) => {
                let name = self.pool.name(name);
                self.code.dynamic_call(Op::CallName, name, count);
            }
        }
        self.ended = false;
    }

    fn new_object(&mut self, constructor: &MethodRef, args: &[Expr], line: u32) {
        self.code.line(line);
        self.class(Op::New, &constructor.class);
        self.op(Op::Dup);
        args.iter().for_each(|arg| self.value(arg));
        self.code.line(line);
        self.method(Op::CallSpecial, constructor);
    }

    fn converted(&mut self, expr: &Expr) {
        let (ExprKind::Box(inner) | ExprKind::Unbox(inner) | ExprKind::Convert(inner)) = &expr.kind else {
            return;
        };
        self.value(inner);
        match &expr.kind {
            ExprKind::Box(_) => self.op(by_kind(&inner.ty, [Op::BoxI32, Op::BoxI64, Op::BoxF32, Op::BoxF64])),
            ExprKind::Unbox(_) => {
                self.op(by_kind(&expr.ty, [Op::UnboxI32, Op::UnboxI64, Op::UnboxF32, Op::UnboxF64]));
            }
            _ => self.convert(&inner.ty, &expr.ty),
        }
    }

    fn convert(&mut self, from: &Type, to: &Type) {
        let op = match (from, to) {
            (Type::Int, Type::Long) => Op::I64ExtendI32S,
            (Type::Int, Type::Float) => Op::F32ConvertI32S,
            (Type::Int, Type::Double) => Op::F64ConvertI32S,
            (Type::Long, Type::Int) => Op::I32WrapI64,
            (Type::Long, Type::Float) => Op::F32ConvertI64S,
            (Type::Long, Type::Double) => Op::F64ConvertI64S,
            (Type::Float, Type::Int) => Op::I32TruncSatF32S,
            (Type::Float, Type::Long) => Op::I64TruncSatF32S,
            (Type::Float, Type::Double) => Op::F64PromoteF32,
            (Type::Double, Type::Int) => Op::I32TruncSatF64S,
            (Type::Double, Type::Long) => Op::I64TruncSatF64S,
            (Type::Double, Type::Float) => Op::F32DemoteF64,
            _ => return,
        };
        self.op(op);
    }

    fn choice(&mut self, cond: &Expr, yes: &Expr, no: &Expr) {
        let (otherwise, done) = (self.label(), self.label());
        self.jump(cond, otherwise, false);
        self.value(yes);
        self.branch(Op::Goto, done);
        self.bind(otherwise);
        self.value(no);
        self.bind(done);
    }

    fn concat(&mut self, parts: &[Expr]) {
        let string: Rc<str> = crate::types::STRING.into();
        let builder: Rc<str> = ".internal.stringbuilder".into();
        let method = |class: &Rc<str>, name: &str, desc: &str| MethodRef {
            class: class.clone(),
            name: name.into(),
            desc: desc.into(),
        };
        let text =
            |part: &Expr| part.is_nonnull() && matches!(part.kind, ExprKind::Str(_) | ExprKind::Concat(_));
        if let [left, right] = parts
            && text(left)
            && text(right)
        {
            self.value(left);
            self.value(right);
            return self.method(
                Op::CallVirtual,
                &method(&string, "concat", "(L.internal.string;)L.internal.string;"),
            );
        }
        self.class(Op::New, &builder);
        self.op(Op::Dup);
        self.method(Op::CallSpecial, &method(&builder, crate::classes::CONSTRUCTOR, "()V"));
        let append = method(&builder, "append", "(L.internal.object;)L.internal.stringbuilder;");
        let format =
            method(&builder, "format", "(L.internal.object;L.internal.string;)L.internal.stringbuilder;");
        for part in parts {
            if let ExprKind::Formatted(value, text) = &part.kind {
                self.value(value);
                let index = self.pool.str(text);
                self.pooled(Op::Const, index);
                self.method(Op::CallVirtual, &format);
            } else {
                self.value(part);
                self.method(Op::CallVirtual, &append);
            }
        }
        self.method(Op::CallVirtual, &method(&builder, "toString", "()L.internal.string;"));
    }

    /// Goes to the label when the condition is (not) fulfilled, else on.
    pub(crate) fn jump(&mut self, cond: &Expr, label: Label, when: bool) {
        match &cond.kind {
            ExprKind::Int(value) => {
                if (*value != 0) == when {
                    self.branch(Op::Goto, label);
                }
            }
            ExprKind::Not(inner) => self.jump(inner, label, !when),
            ExprKind::And(left, right) if when => {
                let no = self.label();
                self.jump(left, no, false);
                self.jump(right, label, true);
                self.bind(no);
            }
            ExprKind::Or(left, right) if !when => {
                let yes = self.label();
                self.jump(left, yes, true);
                self.jump(right, label, false);
                self.bind(yes);
            }
            ExprKind::And(left, right) | ExprKind::Or(left, right) => {
                self.jump(left, label, when);
                self.jump(right, label, when);
            }
            ExprKind::IsNull(value, null) => {
                self.value(value);
                self.branch(if *null == when { Op::BrNull } else { Op::BrNonnull }, label);
            }
            ExprKind::Same(left, right, same) => {
                self.value(left);
                self.value(right);
                self.branch(if *same == when { Op::BrRefEq } else { Op::BrRefNe }, label);
            }
            ExprKind::Compare(op, left, right) if left.ty.is_integer() => {
                self.value(left);
                self.value(right);
                self.branch(compare_branch(*op, &left.ty, when), label);
            }
            _ => {
                self.value(cond);
                self.branch(if when { Op::BrIf } else { Op::BrIfz }, label);
            }
        }
    }
}

/// The one of the instructions for i32, i64, f32 and f64 that fits the type.
fn by_kind(ty: &Type, ops: [Op; 4]) -> Op {
    ops[usize::from(ty.rank().unwrap_or(0))]
}

const GET_ELEMENT: [Op; 5] =
    [Op::ArrayGetI32, Op::ArrayGetI64, Op::ArrayGetF32, Op::ArrayGetF64, Op::ArrayGetRef];
const SET_ELEMENT: [Op; 5] =
    [Op::ArraySetI32, Op::ArraySetI64, Op::ArraySetF32, Op::ArraySetF64, Op::ArraySetRef];

/// The one of the instructions on arrays for i32, i64, f32, f64 and references that fits the type.
fn array_op(ty: &Type, ops: [Op; 5]) -> Op {
    ops[usize::from(ty.rank().unwrap_or(4))]
}

fn arithmetic(op: BinaryOp, ty: &Type) -> Op {
    let ops = match op {
        BinaryOp::Sub => [Op::I32Sub, Op::I64Sub, Op::F32Sub, Op::F64Sub],
        BinaryOp::Mul => [Op::I32Mul, Op::I64Mul, Op::F32Mul, Op::F64Mul],
        BinaryOp::Div => [Op::I32Div, Op::I64Div, Op::F32Div, Op::F64Div],
        BinaryOp::Rem => [Op::I32Rem, Op::I64Rem, Op::F32Rem, Op::F64Rem],
        // `check` lets only integers come to these.
        BinaryOp::And => [Op::I32And, Op::I64And, Op::I32And, Op::I64And],
        BinaryOp::Or => [Op::I32Or, Op::I64Or, Op::I32Or, Op::I64Or],
        BinaryOp::Xor => [Op::I32Xor, Op::I64Xor, Op::I32Xor, Op::I64Xor],
        BinaryOp::Shl => [Op::I32Shl, Op::I64Shl, Op::I32Shl, Op::I64Shl],
        BinaryOp::Shr => [Op::I32ShrS, Op::I64ShrS, Op::I32ShrS, Op::I64ShrS],
        BinaryOp::UShr => [Op::I32ShrU, Op::I64ShrU, Op::I32ShrU, Op::I64ShrU],
        _ => [Op::I32Add, Op::I64Add, Op::F32Add, Op::F64Add],
    };
    by_kind(ty, ops)
}

fn comparison(op: BinaryOp, ty: &Type) -> Op {
    let ops = match op {
        BinaryOp::Lt => [Op::I32LtS, Op::I64LtS, Op::F32Lt, Op::F64Lt],
        BinaryOp::Gt => [Op::I32GtS, Op::I64GtS, Op::F32Gt, Op::F64Gt],
        BinaryOp::Le => [Op::I32LeS, Op::I64LeS, Op::F32Le, Op::F64Le],
        BinaryOp::Ge => [Op::I32GeS, Op::I64GeS, Op::F32Ge, Op::F64Ge],
        BinaryOp::Ne => [Op::I32Ne, Op::I64Ne, Op::F32Ne, Op::F64Ne],
        _ => [Op::I32Eq, Op::I64Eq, Op::F32Eq, Op::F64Eq],
    };
    by_kind(ty, ops)
}

/// The branch taken when the comparison of two integers gives `when`.
fn compare_branch(op: BinaryOp, ty: &Type, when: bool) -> Op {
    let op = match (op, when) {
        (op, true) => op,
        (BinaryOp::Lt, false) => BinaryOp::Ge,
        (BinaryOp::Ge, false) => BinaryOp::Lt,
        (BinaryOp::Gt, false) => BinaryOp::Le,
        (BinaryOp::Le, false) => BinaryOp::Gt,
        (BinaryOp::Ne, false) => BinaryOp::Eq,
        (_, false) => BinaryOp::Ne,
    };
    let (int, long) = match op {
        BinaryOp::Lt => (Op::BrI32LtS, Op::BrI64LtS),
        BinaryOp::Gt => (Op::BrI32GtS, Op::BrI64GtS),
        BinaryOp::Le => (Op::BrI32LeS, Op::BrI64LeS),
        BinaryOp::Ge => (Op::BrI32GeS, Op::BrI64GeS),
        BinaryOp::Ne => (Op::BrI32Ne, Op::BrI64Ne),
        _ => (Op::BrI32Eq, Op::BrI64Eq),
    };
    if *ty == Type::Long { long } else { int }
}
