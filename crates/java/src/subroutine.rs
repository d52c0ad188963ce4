//! `jsr` and `ret` inlined: each call of a subroutine gets a copy of its code (JVMS 3.13, 4.10.2.5).
//!
//! A copy is known by its chain of calls. A subroutine that is entered again without having returned (a `continue` in a
//! `finally`) was left by a jump: its chain is cut there, so chains are no longer than there are subroutines.
//! Afterwards `jsr` is a push of a return address (null) and a jump, and `ret` a jump back.

use crate::code::{Body, Failure, Handler, Insn, NO_INSN, Switch, ends, fail, op};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

/// Most instructions of a method with all copies, and most handlers.
const INSNS_MAX: usize = 1 << 18;
/// Most looks at handlers while the copies are made.
const LOOKS_MAX: usize = 1 << 27;

/// One copy of the code: the chain of calls that it belongs to.
struct Chain {
    parent: usize,
    /// First instruction of the subroutine.
    entry: u32,
    /// Where it returns to, in the chain `parent`.
    back: u32,
}

/// The method with its subroutines inlined; itself when it has none.
///
/// # Errors
/// When a `ret` stands outside of a subroutine, or the copies become too many.
pub(crate) fn inline<'a>(body: Body<'a>) -> Result<Body<'a>, Failure> {
    if !body.insns.iter().any(|insn| matches!(insn.op, op::JSR | op::RET)) {
        return Ok(body);
    }
    let mut copier = Copier {
        chains: vec![Chain { parent: 0, entry: NO_INSN, back: 0 }],
        by_call: BTreeMap::new(),
        seen: BTreeMap::new(),
        order: Vec::new(),
        body,
    };
    copier.walk()?;
    copier.emit()
}

struct Copier<'a> {
    body: Body<'a>,
    chains: Vec<Chain>,
    /// Chain of a call: the chain that calls and the instruction.
    by_call: BTreeMap<(usize, u32), usize>,
    /// Every copied instruction: chain and index, to its new index.
    seen: BTreeMap<(usize, u32), u32>,
    order: Vec<(usize, u32)>,
}

impl<'a> Copier<'a> {
    fn chain_of(&mut self, caller: usize, call: u32) -> usize {
        if let Some(there) = self.by_call.get(&(caller, call)) {
            return *there;
        }
        let entry = self.body.insns[call as usize].a as u32;
        let mut parent = caller;
        let mut at = caller;
        while at != 0 {
            if self.chains[at].entry == entry {
                parent = self.chains[at].parent;
            }
            at = self.chains[at].parent;
        }
        let known = self
            .chains
            .iter()
            .position(|chain| chain.parent == parent && chain.entry == entry && chain.back == call + 1);
        let made = known.unwrap_or_else(|| {
            self.chains.push(Chain { parent, entry, back: call + 1 });
            self.chains.len() - 1
        });
        self.by_call.insert((caller, call), made);
        made
    }

    /// Finds what control can come to.
    fn walk(&mut self) -> Result<(), Failure> {
        let mut work = vec![(0, 0)];
        let mut looks = 0;
        while let Some(place) = work.pop() {
            if self.seen.contains_key(&place) {
                continue;
            }
            if self.seen.len() >= INSNS_MAX {
                return fail("The method has too many calls of subroutines");
            }
            self.seen.insert(place, 0);
            let (chain, index) = place;
            let insn = self.body.insns[index as usize];
            match insn.op {
                op::JSR => {
                    let called = self.chain_of(chain, index);
                    work.push((called, insn.a as u32));
                }
                op::RET if chain == 0 => return fail("A ret instruction outside of a subroutine"),
                op::RET => work.push((self.chains[chain].parent, self.chains[chain].back)),
                _ => {
                    self.body.targets(&insn, |target| work.push((chain, target)));
                    if !ends(insn.op) {
                        work.push((chain, index + 1));
                    }
                }
            }
            if work.last().is_some_and(|(_, next)| *next as usize >= self.body.insns.len()) {
                return Err(Failure { pc: Some(insn.pc), what: "Falling off the end of the code".into() });
            }
            looks += self.body.handlers.len();
            if looks > LOOKS_MAX {
                return fail("The method has too many calls of subroutines");
            }
            for handler in &self.body.handlers {
                let place = (chain, handler.target);
                if (handler.start..handler.end).contains(&index) && !self.seen.contains_key(&place) {
                    work.push(place);
                }
            }
        }
        // Chain by chain, each in the order of the code: what falls through stands behind.
        self.order = self.seen.keys().copied().collect();
        Ok(())
    }

    fn emit(mut self) -> Result<Body<'a>, Failure> {
        // An instruction whose successor is elsewhere needs a jump behind it.
        let mut next = 0;
        for at in 0..self.order.len() {
            let place = self.order[at];
            self.seen.insert(place, next);
            next += 1 + u32::from(self.wants_jump(at));
        }
        let place = |chain: usize, index: u32| self.seen.get(&(chain, index)).copied().unwrap_or(NO_INSN);
        let mut insns = Vec::with_capacity(next as usize);
        let mut switches = Vec::new();
        for (at, (chain, index)) in self.order.iter().copied().enumerate() {
            let mut insn = self.body.insns[index as usize];
            match insn.op {
                op::JSR => {
                    let called = self.by_call.get(&(chain, index)).copied().unwrap_or(0);
                    insn.b = called as i32;
                    insn.a = place(called, insn.a as u32) as i32;
                }
                op::RET => {
                    // The local stays in `b` with the chain above it, the target comes to `a`.
                    let back = &self.chains[chain];
                    insn.b = insn.a | (chain as i32) << 16;
                    insn.a = place(back.parent, back.back) as i32;
                }
                op::TABLESWITCH | op::LOOKUPSWITCH => {
                    let old = &self.body.switches[insn.a as usize];
                    let entries = old.entries.iter().map(|(key, target)| (*key, place(chain, *target)));
                    switches.push(Switch { default: place(chain, old.default), entries: entries.collect() });
                    insn.a = switches.len() as i32 - 1;
                }
                other if crate::code::is_jump(other) => insn.a = place(chain, insn.a as u32) as i32,
                _ => {}
            }
            insns.push(insn);
            if self.wants_jump(at) {
                let target = place(chain, index + 1);
                insns.push(Insn { pc: insn.pc, op: op::GOTO, a: target as i32, b: 0 });
            }
        }
        if self.chains.len() > 1 << 15 {
            return fail("The method has too many calls of subroutines");
        }
        let mut handlers = Vec::new();
        for chain in 0..self.chains.len() {
            for handler in &self.body.handlers {
                handlers.extend(self.covered(chain, handler));
            }
            if handlers.len() > INSNS_MAX {
                return fail("The method has too many calls of subroutines");
            }
        }
        self.body.insns = insns;
        self.body.switches = switches;
        self.body.handlers = handlers;
        self.body.inlined = true;
        Ok(self.body)
    }

    fn wants_jump(&self, at: usize) -> bool {
        let (chain, index) = self.order[at];
        !ends(self.body.insns[index as usize].op) && self.order.get(at + 1) != Some(&(chain, index + 1))
    }

    /// A handler in one copy of the code: the instructions of the chain in its range stand together.
    fn covered(&self, chain: usize, handler: &Handler) -> Option<Handler> {
        let mut inside = self.seen.range((chain, handler.start)..(chain, handler.end));
        let start = *inside.next()?.1;
        let (last, end) = inside.next_back().map_or((None, start), |(place, new)| (Some(place), *new));
        let last = last.copied().unwrap_or((chain, handler.start));
        let extra = self.order.binary_search(&last).is_ok_and(|at| self.wants_jump(at));
        let target = *self.seen.get(&(chain, handler.target))?;
        Some(Handler { start, end: end + 1 + u32::from(extra), target, class: handler.class.clone() })
    }
}
