//! Hostile modules are refused or verified, never more; random modules verify and come back from text and bytes.

use base::prng::Prng;
use bytecode::effect::loadable_kind;
use bytecode::{
    Const, Descriptor, Effect, Insn, Item, Kind, MethodDef, Module, Op, TypeDesc, assemble, decode,
    disassemble, encode, fuzz, instructions, verify_method, verify_module,
};
use std::collections::BTreeSet;

/// Decodes and verifies each mutant; gives how many were refused by the decoder, by the verifier, and accepted.
fn hammer(seeds: &[Vec<u8>], mutants: u64) -> [u64; 3] {
    let mut counts = [0; 3];
    for seed in 0..mutants {
        let bytes = fuzz::mutate(&seeds[(seed % seeds.len() as u64) as usize], seed);
        match decode(&bytes) {
            Err(error) => {
                assert!(!error.to_string().is_empty());
                counts[0] += 1;
            }
            Ok(module) => {
                assert_eq!(encode(&module), bytes, "mutant {seed}: what decodes encodes to the same bytes");
                descriptors(&module);
                match verify_module(&module) {
                    Err(errors) => {
                        assert!(errors.iter().all(|error| error.to_string().contains(": ")), "mutant {seed}");
                        counts[1] += 1;
                    }
                    Ok(()) => {
                        let methods = module.classes.iter().flat_map(|class| &class.methods);
                        methods.for_each(|method| frames(&module, method));
                        counts[2] += 1;
                    }
                }
            }
        }
    }
    counts
}

/// What is a descriptor comes back from it.
fn descriptors(module: &Module) {
    let of_methods = module.classes.iter().flat_map(|class| &class.methods).map(|method| &method.desc);
    let of_constants = module.pool.iter().filter_map(|constant| match constant {
        Const::Method { desc, .. } | Const::MethodType(desc) | Const::CallSite { desc, .. } => Some(desc),
        _ => None,
    });
    for desc in of_methods.chain(of_constants) {
        if let Ok(parsed) = Descriptor::parse(desc) {
            assert_eq!(parsed.to_string(), *desc);
        }
    }
}

/// Asks for all that the verifier knows of an accepted method, also where no instruction is.
fn frames(module: &Module, method: &MethodDef) {
    let Some(code) = &method.code else { return };
    let info = verify_method(&module.pool, "", method).expect("it verified");
    assert_eq!(info.reachable().filter(|pc| !info.is_reachable(*pc)).count(), 0);
    for pc in 0..=code.bytes.len() as u32 {
        let known = [info.ref_map(pc).is_some(), info.stack_kinds(pc).is_some(), info.pops(pc).is_some()];
        assert_eq!(known, [info.is_reachable(pc); 3]);
        let Some(map) = info.ref_map(pc) else { continue };
        for local in 0..=code.max_locals.min(200) {
            let is_ref = info.local_kind(pc, local) == Some(Kind::Ref);
            assert_eq!(map.local(usize::from(local)), is_ref, "local {local} at {pc}");
        }
        assert!(!map.operand(usize::from(map.stack_depth)), "there is no operand above the top");
    }
}

#[test]
fn ten_thousand_mutants_never_panic() {
    let mut seeds = vec![encode(&fuzz::every_instruction())];
    seeds.extend((0..7).map(|seed| encode(&fuzz::generate(seed, 4))));
    let [undecodable, unverified, accepted] = hammer(&seeds, 10_000);
    let rejected = undecodable + unverified;
    println!("rejected:accepted = {rejected}:{accepted} (decoder {undecodable}, verifier {unverified})");
    assert!(
        undecodable > 1000 && unverified > 1000 && accepted > 500,
        "the mutants exercise all three outcomes"
    );
}

#[test]
fn random_modules_verify_and_come_back() {
    for seed in 0..300 {
        let module = fuzz::generate(seed, 1 + seed as usize % 5);
        assert_eq!(verify_module(&module), Ok(()), "seed {seed}:\n{}", disassemble(&module));
        assert_eq!(decode(&encode(&module)).as_ref(), Ok(&module), "seed {seed}, bytes");
        assert_eq!(assemble(&disassemble(&module)).as_ref(), Ok(&module), "seed {seed}, text");
    }
}

#[test]
fn mutants_come_back_from_text() {
    let seeds = [encode(&fuzz::every_instruction()), encode(&fuzz::generate(1, 2))];
    for seed in 0..600 {
        let bytes = fuzz::mutate(&seeds[seed as usize % 2], seed);
        if let Ok(module) = decode(&bytes) {
            let text = disassemble(&module);
            assert_eq!(assemble(&text).as_ref(), Ok(&module), "mutant {seed}:\n{text}");
        }
    }
}

#[test]
fn generating_and_mutating_is_deterministic() {
    let every = encode(&fuzz::every_instruction());
    for seed in 0..20 {
        assert_eq!(fuzz::mutate(&every, seed), fuzz::mutate(&every, seed));
        assert_eq!(encode(&fuzz::generate(seed, 3)), encode(&fuzz::generate(seed, 3)));
    }
}

#[test]
fn generated_code_has_nearly_all_instructions() {
    let mut seen = BTreeSet::new();
    for seed in 0..300 {
        let module = fuzz::generate(seed, 4);
        let bodies = module.classes[0].methods.iter().filter_map(|method| method.code.as_ref());
        bodies.for_each(|code| {
            seen.extend(instructions(&code.bytes).filter_map(Result::ok).map(|insn| insn.op))
        });
    }
    println!("{} of {} instructions", seen.len(), Op::ALL.len());
    assert!(seen.len() > 220, "{} instructions are generated", seen.len());
}

/// What a machine would hold: the kind of each local that was written, and of each operand.
struct Machine<'a> {
    module: &'a Module,
    method: &'a Descriptor,
    locals: Vec<Option<Kind>>,
    stack: Vec<Kind>,
}

impl Machine<'_> {
    fn pop(&mut self, wanted: Kind) {
        assert_eq!(self.stack.pop(), Some(wanted));
    }

    /// Moves operands as JVMS chapter 6 says; written apart from the verifier, to test it.
    fn run(&mut self, insn: &Insn) {
        let item = |item: &Item| match item {
            Item::I32 => Kind::I32,
            Item::I64 => Kind::I64,
            Item::F32 => Kind::F32,
            Item::F64 => Kind::F64,
            Item::Ref => Kind::Ref,
            Item::Addr => insn.addr_kind().map_or(Kind::Ref, |kind| kind.kind()),
            Item::Value => insn.shape().map_or(Kind::Ref, |shape| shape.kind()),
        };
        let constant = insn.pool_index().map(|index| &self.module.pool[index as usize]);
        let local = usize::from(insn.local());
        let depth = self.stack.len();
        match (insn.op, constant) {
            (Op::LocalGet, _) => self.stack.push(self.locals[local].expect("the local was written")),
            (Op::LocalSet, _) => self.locals[local] = self.stack.pop(),
            (Op::LocalTee, _) => self.locals[local] = self.stack.last().copied(),
            (Op::I32Inc, _) => assert_eq!(self.locals[local], Some(Kind::I32)),
            (Op::Pop, _) => assert!(self.stack.pop().is_some()),
            (Op::Dup, _) => self.stack.push(self.stack[depth - 1]),
            (Op::DupX1, _) => self.stack.insert(depth - 2, self.stack[depth - 1]),
            (Op::DupX2, _) => self.stack.insert(depth - 3, self.stack[depth - 1]),
            (Op::Dup2, _) => self.stack.extend_from_within(depth - 2..),
            (Op::Dup2X1 | Op::Dup2X2, _) => {
                let below = if insn.op == Op::Dup2X1 { 3 } else { 4 };
                let top = [self.stack[depth - 2], self.stack[depth - 1]];
                self.stack.splice(depth - below..depth - below, top);
            }
            (Op::Swap, _) => self.stack.swap(depth - 1, depth - 2),
            (Op::Select, _) => {
                self.pop(Kind::I32);
                let kind = self.stack.pop().expect("an operand");
                assert_eq!(self.stack.last(), Some(&kind));
            }
            (Op::Return, _) => self.method.result_kind().into_iter().for_each(|kind| self.pop(kind)),
            (Op::Sys, _) => self.stack.extend(self.method.result_kind()),
            (Op::MultiNewArray, _) => {
                (0..insn.args[1]).for_each(|_| self.pop(Kind::I32));
                self.stack.push(Kind::Ref);
            }
            (Op::CallOrdinal | Op::CallName, _) => {
                (0..=insn.args[1]).for_each(|_| self.pop(Kind::Ref));
                self.stack.push(Kind::Ref);
            }
            (Op::Const, Some(constant)) => self.stack.extend(loadable_kind(constant)),
            (op, Some(Const::Field { desc, .. })) => {
                let kind = TypeDesc::parse(desc).expect("it verified").kind();
                match op {
                    Op::GetStatic => self.stack.push(kind),
                    Op::PutStatic => self.pop(kind),
                    Op::GetField => {
                        self.pop(Kind::Ref);
                        self.stack.push(kind);
                    }
                    _ => {
                        self.pop(kind);
                        self.pop(Kind::Ref);
                    }
                }
            }
            (
                op,
                Some(Const::Method { desc, .. } | Const::MethodType(desc) | Const::CallSite { desc, .. }),
            ) => {
                let desc = Descriptor::parse(desc).expect("it verified");
                if op == Op::CallRefTop {
                    self.pop(Kind::Ref);
                }
                desc.param_kinds().rev().for_each(|kind| self.pop(kind));
                if !matches!(op, Op::CallStatic | Op::CallSite | Op::CallRefTop) {
                    self.pop(Kind::Ref);
                }
                self.stack.extend(desc.result_kind());
            }
            (op, _) => {
                let Effect::Fixed { pops, pushes } = op.spec().effect else { panic!("`{}`", op.mnemonic()) };
                pops.iter().rev().for_each(|kind| self.pop(item(kind)));
                self.stack.extend(pushes.iter().map(item));
            }
        }
    }
}

/// Walks at random through a verified method: everywhere, what the machine holds is what the verifier said.
fn walk(module: &Module, method: &MethodDef, prng: &mut Prng) -> u64 {
    let Some(code) = &method.code else { return 0 };
    let info = verify_method(&module.pool, "", method).expect("it verified");
    let desc = Descriptor::parse(&method.desc).expect("it verified");
    let mut locals: Vec<_> = desc.local_kinds(method.is_static()).into_iter().map(Some).collect();
    locals.resize(usize::from(code.max_locals), None);
    let mut machine = Machine { module, method: &desc, locals, stack: Vec::new() };
    let mut pc = 0;
    for step in 0..2000 {
        let map = info.ref_map(pc).expect("control came here, so the verifier says it can");
        assert_eq!(info.stack_kinds(pc), Some(&machine.stack[..]), "operands at {pc}");
        assert!(machine.stack.len() <= usize::from(code.max_stack));
        for (local, held) in machine.locals.iter().enumerate() {
            let said = info.local_kind(pc, local as u16);
            assert!(said.is_none() || said == *held, "local {local} at {pc}: {said:?}, {held:?}");
            assert_eq!(map.local(local), said == Some(Kind::Ref), "local {local} at {pc}");
        }
        for (operand, held) in machine.stack.iter().enumerate() {
            assert_eq!(map.operand(operand), *held == Kind::Ref);
        }
        let handlers: Vec<_> =
            code.handlers.iter().filter(|handler| handler.start <= pc && pc < handler.end).collect();
        if !handlers.is_empty() && prng.chance(1, 10) {
            machine.stack = vec![Kind::Ref];
            pc = handlers[prng.below(handlers.len() as u64) as usize].target;
            continue;
        }
        let insn = Insn::decode(&code.bytes, pc).expect("it verified");
        machine.run(&insn);
        let mut next = Vec::new();
        if insn.op.is_branch() {
            next.push(insn.target());
            next.extend(insn.entries(&code.bytes).map(|(_, target)| target as u32));
        }
        if !insn.op.ends_block() {
            next.push(insn.next);
        }
        if next.is_empty() {
            return step;
        }
        pc = next[prng.below(next.len() as u64) as usize];
    }
    2000
}

#[test]
fn what_the_verifier_says_is_so() {
    let mut prng = Prng::new(1);
    let (mut steps, mut modules) = (0, 0);
    let seeds: Vec<_> = (0..16).map(|seed| encode(&fuzz::generate(seed, 4))).collect();
    let every = encode(&fuzz::every_instruction());
    for seed in 0..4000u64 {
        let base = if seed % 16 == 0 { &every } else { &seeds[(seed % 16) as usize] };
        let bytes = if seed < 16 { base.clone() } else { fuzz::mutate(base, seed) };
        let Ok(module) = decode(&bytes) else { continue };
        if verify_module(&module).is_err() {
            continue;
        }
        modules += 1;
        for method in module.classes.iter().flat_map(|class| &class.methods) {
            steps += walk(&module, method, &mut prng);
        }
    }
    println!("{steps} steps in {modules} accepted modules");
    assert!(modules > 200 && steps > 100_000);
}
