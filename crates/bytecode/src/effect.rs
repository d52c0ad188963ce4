//! How many slots an instruction pops and pushes, from its operands and descriptors.

use crate::desc::{Descriptor, TypeDesc};
use crate::module::Const;
use crate::op::{Effect, Insn, Op};

/// Slots popped and pushed by `insn`; `method` is the descriptor of the method that holds it.
///
/// `None` when a pool index or descriptor is wrong. Shuffles count what they read as popped.
pub fn stack_counts(insn: &Insn, pool: &[Const], method: &Descriptor) -> Option<(u32, u32)> {
    if let Effect::Fixed { pops, pushes } = insn.op.spec().effect {
        return Some((pops.len() as u32, pushes.len() as u32));
    }
    let constant = || pool.get(insn.pool_index()? as usize);
    let result = u32::from(method.result.is_some());
    Some(match insn.op {
        Op::Const | Op::LocalGet | Op::GetStatic => (0, 1),
        Op::LocalSet | Op::Pop | Op::PutStatic => (1, 0),
        Op::LocalTee | Op::GetField => (1, 1),
        Op::I32Inc => (0, 0),
        Op::PutField => (2, 0),
        Op::Dup => (1, 2),
        Op::DupX1 => (2, 3),
        Op::DupX2 => (3, 4),
        Op::Dup2 => (2, 4),
        Op::Dup2X1 => (3, 5),
        Op::Dup2X2 => (4, 6),
        Op::Swap => (2, 2),
        Op::Select => (3, 1),
        Op::Return => (result, 0),
        Op::Sys => (0, result),
        Op::MultiNewArray => (insn.args[1] as u32, 1),
        Op::CallOrdinal | Op::CallName => (1 + insn.args[1] as u32, 1),
        _ => {
            let (desc, extra) = match (insn.op, constant()?) {
                (Op::CallStatic, Const::Method { desc, .. }) => (desc, 0),
                (Op::CallSpecial | Op::CallVirtual | Op::CallInterface, Const::Method { desc, .. }) => {
                    (desc, 1)
                }
                (Op::CallRef | Op::CallRefTop, Const::MethodType(desc)) => (desc, 1),
                (Op::CallSite, Const::CallSite { desc, .. }) => (desc, 0),
                _ => return None,
            };
            let desc = Descriptor::parse(desc).ok()?;
            (desc.params.len() as u32 + extra, u32::from(desc.result.is_some()))
        }
    })
}

/// Kind of slot that a constant is pushed as; `None` when `const` cannot push it.
pub fn loadable_kind(constant: &Const) -> Option<crate::Kind> {
    use crate::Kind;
    match constant {
        Const::I32(_) => Some(Kind::I32),
        Const::I64(_) => Some(Kind::I64),
        Const::F32(_) => Some(Kind::F32),
        Const::F64(_) => Some(Kind::F64),
        Const::Str(_) | Const::Class(_) | Const::Handle { .. } | Const::MethodType(_) | Const::Binary(_) => {
            Some(Kind::Ref)
        }
        Const::Dynamic { desc, .. } => TypeDesc::parse(desc).ok().map(|desc| desc.kind()),
        _ => None,
    }
}
