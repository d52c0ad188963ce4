//! The interpreter's loop: the only code of this crate that uses pointers.
//!
//! Registers: `ip` the current record, `sp` one past the top operand, `lp` the first local, `fp` the frame's header; all
//! of them point at the mounted stack or at decoded code. Slots are 64 bits: an i32 or f32 has zeros above it.
//!
//! Everything that is not done in a few instructions goes through `save!`, which writes the registers to the frame, and a
//! safe function of the machine, then `reload!`, which reads them again.
//!
//! *Why the pointers are good.* The verifier proved for every method that runs: each local index is below `MAX_LOCALS`,
//! the operands never exceed `MAX_STACK` nor fall below the frame's own, each slot has the kind that the instruction
//! wants, each target is an instruction. A frame is only entered when its end lies below [`Running::limit`], which lies
//! in the thread's part of the mapped stacks. Decoded code is kept alive by `Vm::codes`, which is only cleared between
//! two runs of this loop. A word of kind reference is null, an immediate or the address of a live object, because only
//! the machine makes references; object memory is mapped wherever a live object is.
//! Stack memory is written by this thread alone, and only at and above [`Running::low`], whose pages are announced; a
//! capture does not read an announced page. Objects are read by relaxed atomics, since other workers may be writing them,
//! and written through `memory`, announced.
//!
//! *Without the kernel lock.* The loop gives it back before the first record and takes it for every call of the machine
//! that needs more than the world and this worker's own: `flow!` does, and the calls of short kernel methods.
//! What is read here without it is immutable once it is reachable, or is checked in a way that holds for any mixture of old
//! and new; see `docs/ARCHITECTURE.md`.
//!
//! [`Running::limit`]: crate::frames::Running
//! [`Running::low`]: crate::frames::Running
#![expect(
    unsafe_code,
    reason = "the loop keeps frames and code in pointers; the head of the file argues why they hold"
)]

use crate::Vm;
use crate::calls::Flow;
use crate::decode::{Code, Megamorphic, Record, quick};
use crate::rare;
use alloc::format;
use alloc::vec::Vec;
use base::Addr;
use bytecode::{Elem, Flags, Kind, Op};
use core::sync::atomic::Ordering::{Relaxed, Release};
use core::sync::atomic::{AtomicI8, AtomicI16, AtomicU8, AtomicU16, AtomicU32, AtomicU64, fence};
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{Shape, array, class, field, frame, header, method, on_return};

/// Why the loop was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// The slice is over or something is asked for; the thread can go on.
    Safepoint,
    /// The thread waits.
    Blocked,
    /// The thread has ended.
    Ended,
}

// SAFETY: decoded code holds pointers to decoded code and cells; it is only reached through `&mut Vm`, one thread at a
// time, and what its pointers lead to belongs to the same `Vm`, which is one worker's.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}
// SAFETY: as above: it holds what the cells of decoded code hold, and is dropped with it.
unsafe impl Send for Megamorphic {}

/// Runs the mounted thread until it has to be left.
pub(crate) fn execute(vm: &mut Vm) -> Exit {
    match vm.settle() {
        Flow::Go | Flow::Resolved => {
            // SAFETY: the thread is mounted and its top frame is bytecode; see the head of the file.
            let exit = unsafe { run(vm) };
            vm.enter();
            exit
        }
        Flow::Exit(exit) => exit,
    }
}

/// The mantissa of one-byte instructions as numbers, for patterns.
#[expect(non_upper_case_globals, reason = "the names are those of the instruction table")]
mod op {
    use bytecode::Op;
    macro_rules! ops { ($($name:ident)*) => { $(pub(super) const $name: u16 = Op::$name as u16;)* }; }
    ops! {
        Nop Poll LocalGet LocalSet LocalTee I32Inc Pop Dup DupX1 DupX2 Dup2 Dup2X1 Dup2X2 Swap Select
        I32Add I32Sub I32Mul I32Div I32Rem I32DivU I32RemU I32And I32Or I32Xor I32Shl I32ShrS I32ShrU I32Neg
        I32Extend8S I32Extend16S I32Extend16U I32Eqz I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU
        I64Add I64Sub I64Mul I64Div I64Rem I64DivU I64RemU I64And I64Or I64Xor I64Shl I64ShrS I64ShrU I64Neg
        I64Extend8S I64Extend16S I64Extend32S I64Eqz I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
        I64Cmp
        F32Add F32Sub F32Mul F32Div F32Rem F32Neg F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F32Cmpl F32Cmpg
        F64Add F64Sub F64Mul F64Div F64Rem F64Neg F64Eq F64Ne F64Lt F64Gt F64Le F64Ge F64Cmpl F64Cmpg
        I32WrapI64 I64ExtendI32S I64ExtendI32U I32TruncSatF32S I32TruncSatF64S I64TruncSatF32S I64TruncSatF64S
        F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U F64ConvertI32S F64ConvertI32U F64ConvertI64S
        F64ConvertI64U F32DemoteF64 F64PromoteF32
        Goto BrIf BrIfz BrI32Eq BrI32Ne BrI32LtS BrI32LtU BrI32GtS BrI32GtU BrI32LeS BrI32LeU BrI32GeS BrI32GeU
        BrI64Eq BrI64Ne BrI64LtS BrI64GtS BrI64LeS BrI64GeS BrNull BrNonnull BrRefEq BrRefNe TableSwitch LookupSwitch
        Return ClassOf RefIsNull RefEq BoxI32 BoxI64 BoxF32 BoxF64 UnboxI32 UnboxI64 UnboxF32 UnboxF64
        NewArray ArrayLen ArrayGetBool ArrayGetI8 ArrayGetU16 ArrayGetI16 ArrayGetI32 ArrayGetI64 ArrayGetF32
        ArrayGetF64 ArrayGetRef ArraySetBool ArraySetI8 ArraySetU16 ArraySetI16 ArraySetI32 ArraySetI64 ArraySetF32
        ArraySetF64 ArraySetRef
    }
}

const _: () = assert!(frame::METHOD == 0 && frame::CALLER == 8 && frame::PC == 16 && frame::DEPTH == 20);
const _: () = assert!(frame::FLAGS == 24 && frame::PHASE == 28 && frame::SIZE == 32);
const HEADER_WORDS: usize = 4;

/// The loop.
///
/// # Safety
/// A thread is mounted and its top frame is ready bytecode.
#[expect(clippy::too_many_lines, reason = "one table")]
unsafe fn run(vm: &mut Vm) -> Exit {
    let delta = vm.memory.host_delta();
    let requests = vm.requests();
    let burst = vm.burst();
    let mut polls = burst;
    let mut code: *const Code;
    let mut records: *const Record;
    let mut ip: *const Record;
    let mut sp: *mut u64;
    let mut lp: *mut u64;
    let mut fp: *mut u64;
    // Callers entered by this loop: their frame, code and record. Only a shortcut: checked against the frame.
    let mut callers: Vec<(u64, *const Code, *const Record)> = Vec::new();

    macro_rules! host {
        ($addr:expr, $ty:ty) => {
            (($addr as usize).wrapping_add(delta) as *mut $ty)
        };
    }
    // What stands at an address of an object, which other workers may be writing: an atomic load of this width.
    macro_rules! object_word {
        ($addr:expr, $atomic:ty) => {
            (*host!($addr, $atomic)).load(Relaxed)
        };
    }
    macro_rules! world {
        ($pointer:expr) => {
            ($pointer as usize).wrapping_sub(delta) as u64
        };
    }
    // Writes the registers to the frame. The operands in `$depth_from` and above are not counted.
    macro_rules! save_at {
        ($record:expr, $top:expr) => {{
            let index = $record.offset_from(records) as usize;
            let pc = *(&(*code).pcs).get_unchecked(index);
            let depth = $top.offset_from(fp.add(HEADER_WORDS)) as u64;
            *fp.add(2) = u64::from(pc) | depth << 32;
            vm.running.frame = Addr(world!(fp));
        }};
    }
    macro_rules! reload {
        () => {{
            callers.clear();
            let top = vm.top();
            let there = vm.code(top.method);
            code = alloc::sync::Arc::as_ptr(&there);
            records = (*code).first_record();
            fp = host!(top.at.0, u64);
            lp = fp.sub((*code).max_locals);
            sp = fp.add(HEADER_WORDS + top.depth as usize);
            ip = records.add((&(*code).record_at)[top.pc as usize] as usize);
        }};
    }
    macro_rules! throw {
        ($id:ident, $($text:tt)*) => {{
            save_at!(ip, sp);
            let text = format!($($text)*);
            flow!(vm.raise_kernel(ClassId::$id, &text))
        }};
    }
    macro_rules! slow {
        () => {{
            save_at!(ip, sp);
            let index = ip.offset_from(records) as usize;
            flow!(vm.slow(&*code, index))
        }};
    }
    macro_rules! poll {
        () => {
            polls -= 1;
            if polls == 0 || requests.any() {
                save_at!(ip, sp);
                vm.spend(burst - polls);
                return Exit::Safepoint;
            }
        };
    }
    // What was just made is whole before a reference to it is seen by another worker.
    macro_rules! publish {
        () => {
            fence(Release)
        };
    }
    macro_rules! push {
        ($bits:expr) => {{
            *sp = $bits;
            sp = sp.add(1);
        }};
    }
    macro_rules! pop {
        () => {{
            sp = sp.sub(1);
            *sp
        }};
    }
    macro_rules! unary {
        (|$a:ident| $result:expr) => {{
            let $a = *sp.sub(1);
            *sp.sub(1) = $result;
        }};
    }
    macro_rules! binary {
        (|$a:ident, $b:ident| $result:expr) => {{
            sp = sp.sub(1);
            let ($a, $b) = (*sp.sub(1), *sp);
            *sp.sub(1) = $result;
        }};
    }
    macro_rules! i32_op {
        (|$a:ident, $b:ident| $result:expr) => {
            binary!(|x, y| {
                let ($a, $b) = (x as u32 as i32, y as u32 as i32);
                u64::from($result as u32)
            })
        };
    }
    macro_rules! i64_op {
        (|$a:ident, $b:ident| $result:expr) => {
            binary!(|x, y| {
                let ($a, $b) = (x as i64, y as i64);
                $result as u64
            })
        };
    }
    macro_rules! f32_op {
        (|$a:ident, $b:ident| $result:expr) => {
            binary!(|x, y| {
                let ($a, $b) = (f32::from_bits(x as u32), f32::from_bits(y as u32));
                u64::from(($result).to_bits())
            })
        };
    }
    macro_rules! f64_op {
        (|$a:ident, $b:ident| $result:expr) => {
            binary!(|x, y| {
                let ($a, $b) = (f64::from_bits(x), f64::from_bits(y));
                ($result).to_bits()
            })
        };
    }
    macro_rules! f32_test {
        (|$a:ident, $b:ident| $result:expr) => {
            binary!(|x, y| {
                let ($a, $b) = (f32::from_bits(x as u32), f32::from_bits(y as u32));
                u64::from($result as u32)
            })
        };
    }
    macro_rules! f64_test {
        (|$a:ident, $b:ident| $result:expr) => {
            binary!(|x, y| {
                let ($a, $b) = (f64::from_bits(x), f64::from_bits(y));
                u64::from($result as u32)
            })
        };
    }
    macro_rules! go {
        ($record:expr) => {{
            ip = records.add($record.b as usize);
            if $record.a != 0 {
                poll!();
            }
            continue;
        }};
    }
    macro_rules! branch2 {
        ($record:expr, |$a:ident, $b:ident| $condition:expr) => {{
            sp = sp.sub(2);
            let ($a, $b) = (*sp, *sp.add(1));
            if $condition {
                go!($record);
            }
        }};
    }
    macro_rules! branch_i32 {
        ($record:expr, |$a:ident, $b:ident| $condition:expr) => {
            branch2!($record, |x, y| {
                let ($a, $b) = (x as u32 as i32, y as u32 as i32);
                $condition
            })
        };
    }
    macro_rules! branch_i64 {
        ($record:expr, |$a:ident, $b:ident| $condition:expr) => {
            branch2!($record, |x, y| {
                let ($a, $b) = (x as i64, y as i64);
                $condition
            })
        };
    }
    // Compare a local with another or with a number.
    macro_rules! branch_fused {
        ($record:expr, $right:expr, |$a:ident, $b:ident| $condition:expr) => {{
            let ($a, $b) = (*lp.add(usize::from($record.a)) as u32 as i32, $right);
            if $condition {
                ip = records.add($record.b as usize);
                if $record.c >> 32 != 0 {
                    poll!();
                }
                continue;
            }
        }};
    }
    macro_rules! right_local {
        ($record:expr) => {
            *lp.add($record.c as u32 as usize) as u32 as i32
        };
    }
    macro_rules! right_number {
        ($record:expr) => {
            $record.c as u32 as i32
        };
    }
    // The object in `$slot`, or else the slow path, which throws.
    macro_rules! object {
        ($slot:expr) => {{
            let word: u64 = $slot;
            if word == 0 || word & 7 != 0 {
                slow!();
            }
            word
        }};
    }
    // The object in `$slot` if it is an instance of what the record names.
    macro_rules! instance {
        ($record:expr, $slot:expr) => {{
            let word = object!($slot);
            let class = object_word!(word, AtomicU64);
            if class != $record.c {
                let owner = (&(*code).fields)[$record.b as usize].get();
                if !vm.is_subclass(Addr(class), owner) {
                    slow!();
                }
                let cell = &(&(*code).records)[ip.offset_from(records) as usize];
                cell.set(Record { c: class, ..$record });
            }
            word
        }};
    }
    macro_rules! get_field {
        ($record:expr, $ty:ty, |$value:ident| $bits:expr) => {{
            let object = instance!($record, *sp.sub(1));
            let $value = object_word!(object + u64::from($record.a), $ty);
            *sp.sub(1) = $bits;
        }};
    }
    macro_rules! put_field {
        ($record:expr, |$object:ident, $at:ident, $bits:ident| $store:expr) => {{
            let $object = instance!($record, *sp.sub(2));
            if object_word!($object + header::HASH, AtomicU32) & header::IMMUTABLE != 0 {
                throw!(Immutable, "the object is immutable");
            }
            let ($at, $bits) = (Addr($object + u64::from($record.a)), *sp.sub(1));
            $store;
            sp = sp.sub(2);
        }};
    }
    // Address of an element, for arrays of one of the kinds.
    macro_rules! element {
        ($array:expr, $index:expr, $log2:expr, $($elem:ident)|+) => {{
            let array: u64 = $array;
            if array == 0 {
                throw!(NullPointer, "an element of null");
            }
            let class = if array & 7 == 0 { object_word!(array, AtomicU64) } else { 0 };
            if !($(class == vm.prim_arrays[Elem::$elem as usize].0)||+) {
                throw!(ClassCast, "not an array of this kind");
            }
            let (index, len) = ($index as u32, object_word!(array + array::LENGTH, AtomicU64));
            if u64::from(index) >= len {
                throw!(IndexOutOfBounds, "index {} of an array of {len}", index as i32);
            }
            array + array::DATA + (u64::from(index) << $log2)
        }};
    }
    macro_rules! array_get {
        ($ty:ty, $log2:expr, $($elem:ident)|+, |$value:ident| $bits:expr) => {{
            let at = element!(*sp.sub(2), *sp.sub(1), $log2, $($elem)|+);
            let $value = object_word!(at, $ty);
            sp = sp.sub(1);
            *sp.sub(1) = $bits;
        }};
    }
    macro_rules! array_set {
        ($store:ident, $ty:ty, $log2:expr, $($elem:ident)|+) => {{
            let at = element!(*sp.sub(3), *sp.sub(2), $log2, $($elem)|+);
            let object = *sp.sub(3);
            if object_word!(object + header::HASH, AtomicU32) & header::IMMUTABLE != 0 {
                throw!(Immutable, "the array is immutable");
            }
            vm.memory.$store(Addr(at), *sp.sub(1) as $ty);
            sp = sp.sub(3);
        }};
    }
    // Address of an element of a ref array.
    macro_rules! ref_element {
        ($array:expr, $index:expr) => {{
            let array: u64 = $array;
            if array == 0 {
                throw!(NullPointer, "an element of null");
            }
            if array & 7 != 0 {
                throw!(ClassCast, "not an array of references");
            }
            let class = object_word!(array, AtomicU64);
            if class != vm.object_array.0
                && object_word!(class + class::SHAPE, AtomicU8) != Shape::RefArray as u8
            {
                throw!(ClassCast, "not an array of references");
            }
            let (index, len) = ($index as u32, object_word!(array + array::LENGTH, AtomicU64));
            if u64::from(index) >= len {
                throw!(IndexOutOfBounds, "index {} of an array of {len}", index as i32);
            }
            (array, class, array + array::DATA + 8 * u64::from(index))
        }};
    }
    macro_rules! unbox {
        ($kind:expr) => {{
            let value = Value(*sp.sub(1));
            match vm.unbox_exact(value, $kind) {
                Some(bits) => *sp.sub(1) = bits,
                None => {
                    save_at!(ip, sp);
                    flow!(vm.raise_unbox(value, $kind))
                }
            }
        }};
    }
    // Enters bytecode whose arguments start at `$args`.
    macro_rules! enter {
        ($callee:expr, $args:expr, $flags:expr) => {{
            let (callee, args): (*const Code, *mut u64) = ($callee, $args);
            let next_fp = args.add((*callee).max_locals);
            let end = next_fp.add(HEADER_WORDS + (*callee).max_stack);
            save_at!(ip, args);
            if world!(end) > vm.running.limit && !vm.announce_ahead(world!(end)) {
                flow!(vm.stack_overflow())
            }
            callers.push((world!(fp), code, ip));
            *next_fp = (*callee).method.0;
            *next_fp.add(1) = world!(fp);
            *next_fp.add(2) = 0;
            *next_fp.add(3) = u64::from($flags as u32);
            code = callee;
            records = (*code).first_record();
            (fp, lp) = (next_fp, args);
            sp = fp.add(HEADER_WORDS);
            ip = records;
            poll!();
            continue;
        }};
    }
    // Calls what a site says on the topmost operands.
    macro_rules! call {
        ($site:expr, $args:expr) => {{
            let (site, args): (crate::decode::Site, *mut u64) = ($site, $args);
            if site.adapt {
                save_at!(ip, args);
                vm.enter();
                let count = sp.offset_from(args) as u64 - 1;
                if let Err(thrown) = vm.adapt_args(site.target, Addr(world!(args)), count) {
                    flow!(vm.raise(thrown))
                }
            }
            if let Some(function) = site.kernel {
                save_at!(ip, args);
                vm.enter();
                match vm.call_function(function, Addr(world!(args)), u64::from(site.args)) {
                    Ok(bits) => {
                        sp = args;
                        if site.adapt {
                            push!(vm.box_slot(bits, site.result).0);
                        } else if site.result != 0 {
                            push!(bits);
                        }
                    }
                    Err(early) => {
                        let how = if site.adapt { on_return::BOX } else { on_return::PUSH };
                        flow!(vm.left_early(early, site.target, Addr(world!(args)), how))
                    }
                }
                if vm.heap.collection_wanted().is_some() {
                    vm.ask_attention();
                }
                if vm.is_tired() {
                    // Short methods in a row are not short.
                    ip = ip.add(1);
                    save_at!(ip, sp);
                    flow!(Flow::Go)
                }
                vm.leave();
            } else {
                if site.adapt {
                    vm.leave();
                }
                let boxes = site.adapt && site.result != Kind::Ref as u8;
                enter!(site.code, args, if boxes { on_return::BOX } else { on_return::PUSH })
            }
        }};
    }

    // SAFETY: what the caller owes, and the argument at the head of the file, hold for each access below.
    unsafe {
        let mut next = Flow::Resolved;
        'frames: loop {
            match next {
                Flow::Go => {
                    // A poll as well: a handler that covers itself is a loop without a backward branch.
                    vm.work.since = 0;
                    polls -= 1;
                    if polls == 0 || requests.any() {
                        vm.spend(burst - polls);
                        return Exit::Safepoint;
                    }
                }
                Flow::Resolved => {}
                Flow::Exit(exit) => {
                    vm.spend(burst - polls);
                    return exit;
                }
            }
            vm.leave();
            reload!();
            // Goes on as a slow operation says.
            macro_rules! flow {
                ($flow:expr) => {{
                    vm.enter();
                    next = $flow;
                    continue 'frames;
                }};
            }
            loop {
                let record = *ip;
                match record.op {
                    op::Nop => {}
                    op::Poll => {
                        ip = ip.add(1);
                        poll!();
                        continue;
                    }
                    quick::PUSH => push!(record.c),
                    quick::SLOW => slow!(),
                    quick::RARE => {
                        let Some(which) = Op::from_value(record.a) else {
                            unreachable!("decoded from an instruction")
                        };
                        let computed = if rare::operands(which) == 2 {
                            sp = sp.sub(1);
                            rare::compute(which, *sp.sub(1), *sp)
                        } else {
                            rare::compute(which, *sp.sub(1), 0)
                        };
                        match computed {
                            Ok(bits) => *sp.sub(1) = bits,
                            Err((id, text)) => {
                                save_at!(ip, sp);
                                flow!(vm.raise_kernel(id, text))
                            }
                        }
                    }
                    quick::MEMORY => {
                        let Some(which) = Op::from_value(record.a) else {
                            unreachable!("decoded from an instruction")
                        };
                        let pops = crate::linear::operands(which);
                        let args: [u64; 5] =
                            core::array::from_fn(|i| if i < pops { *sp.sub(pops - i) } else { 0 });
                        if vm.is_much(which, record.c, args) {
                            save_at!(ip, sp);
                            flow!(vm.linear_in_steps(which, record.c, &[]))
                        }
                        match vm.linear(which, record.b, record.c, args) {
                            Ok(result) => {
                                sp = sp.sub(pops);
                                if let Some(bits) = result {
                                    push!(bits);
                                }
                            }
                            Err((id, text)) => {
                                save_at!(ip, sp);
                                flow!(vm.raise_kernel(id, text))
                            }
                        }
                    }

                    op::LocalGet => push!(*lp.add(usize::from(record.a))),
                    op::LocalSet => *lp.add(usize::from(record.a)) = pop!(),
                    op::LocalTee => *lp.add(usize::from(record.a)) = *sp.sub(1),
                    op::I32Inc => {
                        let local = lp.add(usize::from(record.a));
                        *local = u64::from((*local as u32).wrapping_add(record.b));
                    }
                    quick::GET_GET => {
                        *sp = *lp.add(usize::from(record.a));
                        *sp.add(1) = *lp.add(record.b as usize);
                        sp = sp.add(2);
                    }
                    quick::ADD_LLL => {
                        let sum = (*lp.add(usize::from(record.a)) as u32)
                            .wrapping_add(*lp.add(record.b as usize) as u32);
                        *lp.add(record.c as usize) = u64::from(sum);
                    }
                    quick::ADD_LKL => {
                        let sum = (*lp.add(usize::from(record.a)) as u32).wrapping_add(record.b);
                        *lp.add(record.c as usize) = u64::from(sum);
                    }
                    quick::ADD_K => unary!(|a| u64::from((a as u32).wrapping_add(record.b))),
                    quick::MOVE => *lp.add(record.b as usize) = *lp.add(usize::from(record.a)),
                    op::Pop => sp = sp.sub(1),
                    op::Dup => push!(*sp.sub(1)),
                    op::DupX1 => {
                        let (a, b) = (*sp.sub(2), *sp.sub(1));
                        (*sp.sub(2), *sp.sub(1), *sp) = (b, a, b);
                        sp = sp.add(1);
                    }
                    op::DupX2 => {
                        let (a, b, c) = (*sp.sub(3), *sp.sub(2), *sp.sub(1));
                        (*sp.sub(3), *sp.sub(2), *sp.sub(1), *sp) = (c, a, b, c);
                        sp = sp.add(1);
                    }
                    op::Dup2 => {
                        (*sp, *sp.add(1)) = (*sp.sub(2), *sp.sub(1));
                        sp = sp.add(2);
                    }
                    op::Dup2X1 => {
                        let (a, b, c) = (*sp.sub(3), *sp.sub(2), *sp.sub(1));
                        (*sp.sub(3), *sp.sub(2), *sp.sub(1), *sp, *sp.add(1)) = (b, c, a, b, c);
                        sp = sp.add(2);
                    }
                    op::Dup2X2 => {
                        let (a, b, c, d) = (*sp.sub(4), *sp.sub(3), *sp.sub(2), *sp.sub(1));
                        (*sp.sub(4), *sp.sub(3), *sp.sub(2), *sp.sub(1), *sp, *sp.add(1)) =
                            (c, d, a, b, c, d);
                        sp = sp.add(2);
                    }
                    op::Swap => (*sp.sub(2), *sp.sub(1)) = (*sp.sub(1), *sp.sub(2)),
                    op::Select => {
                        sp = sp.sub(2);
                        if *sp.add(1) as u32 == 0 {
                            *sp.sub(1) = *sp;
                        }
                    }

                    op::I32Add => i32_op!(|a, b| a.wrapping_add(b)),
                    op::I32Sub => i32_op!(|a, b| a.wrapping_sub(b)),
                    op::I32Mul => i32_op!(|a, b| a.wrapping_mul(b)),
                    op::I32Div | op::I32Rem | op::I32DivU | op::I32RemU => {
                        if *sp.sub(1) as u32 == 0 {
                            throw!(Arithmetic, "division by zero");
                        }
                        match record.op {
                            op::I32Div => i32_op!(|a, b| a.wrapping_div(b)),
                            op::I32Rem => i32_op!(|a, b| a.wrapping_rem(b)),
                            op::I32DivU => i32_op!(|a, b| a as u32 / b as u32),
                            _ => i32_op!(|a, b| a as u32 % b as u32),
                        }
                    }
                    op::I32And => i32_op!(|a, b| a & b),
                    op::I32Or => i32_op!(|a, b| a | b),
                    op::I32Xor => i32_op!(|a, b| a ^ b),
                    op::I32Shl => i32_op!(|a, b| a.wrapping_shl(b as u32)),
                    op::I32ShrS => i32_op!(|a, b| a.wrapping_shr(b as u32)),
                    op::I32ShrU => i32_op!(|a, b| (a as u32).wrapping_shr(b as u32)),
                    op::I32Neg => unary!(|a| u64::from((a as u32).wrapping_neg())),
                    op::I32Extend8S => unary!(|a| u64::from(i32::from(a as i8) as u32)),
                    op::I32Extend16S => unary!(|a| u64::from(i32::from(a as i16) as u32)),
                    op::I32Extend16U => unary!(|a| u64::from(a as u16)),
                    op::I32Eqz => unary!(|a| u64::from(a as u32 == 0)),
                    op::I32Eq => i32_op!(|a, b| a == b),
                    op::I32Ne => i32_op!(|a, b| a != b),
                    op::I32LtS => i32_op!(|a, b| a < b),
                    op::I32LtU => i32_op!(|a, b| (a as u32) < b as u32),
                    op::I32GtS => i32_op!(|a, b| a > b),
                    op::I32GtU => i32_op!(|a, b| a as u32 > b as u32),
                    op::I32LeS => i32_op!(|a, b| a <= b),
                    op::I32LeU => i32_op!(|a, b| a as u32 <= b as u32),
                    op::I32GeS => i32_op!(|a, b| a >= b),
                    op::I32GeU => i32_op!(|a, b| a as u32 >= b as u32),

                    op::I64Add => i64_op!(|a, b| a.wrapping_add(b)),
                    op::I64Sub => i64_op!(|a, b| a.wrapping_sub(b)),
                    op::I64Mul => i64_op!(|a, b| a.wrapping_mul(b)),
                    op::I64Div | op::I64Rem | op::I64DivU | op::I64RemU => {
                        if *sp.sub(1) == 0 {
                            throw!(Arithmetic, "division by zero");
                        }
                        match record.op {
                            op::I64Div => i64_op!(|a, b| a.wrapping_div(b)),
                            op::I64Rem => i64_op!(|a, b| a.wrapping_rem(b)),
                            op::I64DivU => i64_op!(|a, b| a as u64 / b as u64),
                            _ => i64_op!(|a, b| a as u64 % b as u64),
                        }
                    }
                    op::I64And => i64_op!(|a, b| a & b),
                    op::I64Or => i64_op!(|a, b| a | b),
                    op::I64Xor => i64_op!(|a, b| a ^ b),
                    op::I64Shl => i64_op!(|a, b| a.wrapping_shl(b as u32)),
                    op::I64ShrS => i64_op!(|a, b| a.wrapping_shr(b as u32)),
                    op::I64ShrU => i64_op!(|a, b| (a as u64).wrapping_shr(b as u32)),
                    op::I64Neg => unary!(|a| a.wrapping_neg()),
                    op::I64Extend8S => unary!(|a| i64::from(a as i8) as u64),
                    op::I64Extend16S => unary!(|a| i64::from(a as i16) as u64),
                    op::I64Extend32S => unary!(|a| i64::from(a as i32) as u64),
                    op::I64Eqz => unary!(|a| u64::from(a == 0)),
                    op::I64Eq => i64_op!(|a, b| a == b),
                    op::I64Ne => i64_op!(|a, b| a != b),
                    op::I64LtS => i64_op!(|a, b| a < b),
                    op::I64LtU => i64_op!(|a, b| (a as u64) < b as u64),
                    op::I64GtS => i64_op!(|a, b| a > b),
                    op::I64GtU => i64_op!(|a, b| a as u64 > b as u64),
                    op::I64LeS => i64_op!(|a, b| a <= b),
                    op::I64LeU => i64_op!(|a, b| a as u64 <= b as u64),
                    op::I64GeS => i64_op!(|a, b| a >= b),
                    op::I64GeU => i64_op!(|a, b| a as u64 >= b as u64),
                    op::I64Cmp => binary!(|a, b| u64::from((a as i64).cmp(&(b as i64)) as i32 as u32)),

                    op::F32Add => f32_op!(|a, b| a + b),
                    op::F32Sub => f32_op!(|a, b| a - b),
                    op::F32Mul => f32_op!(|a, b| a * b),
                    op::F32Div => f32_op!(|a, b| a / b),
                    op::F32Rem => f32_op!(|a, b| libm::fmodf(a, b)),
                    op::F32Neg => unary!(|a| a ^ 1 << 31),
                    op::F32Eq => f32_test!(|a, b| a == b),
                    op::F32Ne => f32_test!(|a, b| a != b),
                    op::F32Lt => f32_test!(|a, b| a < b),
                    op::F32Gt => f32_test!(|a, b| a > b),
                    op::F32Le => f32_test!(|a, b| a <= b),
                    op::F32Ge => f32_test!(|a, b| a >= b),
                    op::F32Cmpl => f32_test!(|a, b| a.partial_cmp(&b).map_or(-1, |order| order as i32)),
                    op::F32Cmpg => f32_test!(|a, b| a.partial_cmp(&b).map_or(1, |order| order as i32)),
                    op::F64Add => f64_op!(|a, b| a + b),
                    op::F64Sub => f64_op!(|a, b| a - b),
                    op::F64Mul => f64_op!(|a, b| a * b),
                    op::F64Div => f64_op!(|a, b| a / b),
                    op::F64Rem => f64_op!(|a, b| libm::fmod(a, b)),
                    op::F64Neg => unary!(|a| a ^ 1 << 63),
                    op::F64Eq => f64_test!(|a, b| a == b),
                    op::F64Ne => f64_test!(|a, b| a != b),
                    op::F64Lt => f64_test!(|a, b| a < b),
                    op::F64Gt => f64_test!(|a, b| a > b),
                    op::F64Le => f64_test!(|a, b| a <= b),
                    op::F64Ge => f64_test!(|a, b| a >= b),
                    op::F64Cmpl => f64_test!(|a, b| a.partial_cmp(&b).map_or(-1, |order| order as i32)),
                    op::F64Cmpg => f64_test!(|a, b| a.partial_cmp(&b).map_or(1, |order| order as i32)),

                    op::I32WrapI64 => unary!(|a| u64::from(a as u32)),
                    op::I64ExtendI32S => unary!(|a| i64::from(a as u32 as i32) as u64),
                    op::I64ExtendI32U => unary!(|a| u64::from(a as u32)),
                    op::I32TruncSatF32S => unary!(|a| u64::from(f32::from_bits(a as u32) as i32 as u32)),
                    op::I32TruncSatF64S => unary!(|a| u64::from(f64::from_bits(a) as i32 as u32)),
                    op::I64TruncSatF32S => unary!(|a| f32::from_bits(a as u32) as i64 as u64),
                    op::I64TruncSatF64S => unary!(|a| f64::from_bits(a) as i64 as u64),
                    op::F32ConvertI32S => unary!(|a| u64::from((a as u32 as i32 as f32).to_bits())),
                    op::F32ConvertI32U => unary!(|a| u64::from((a as u32 as f32).to_bits())),
                    op::F32ConvertI64S => unary!(|a| u64::from((a as i64 as f32).to_bits())),
                    op::F32ConvertI64U => unary!(|a| u64::from((a as f32).to_bits())),
                    op::F64ConvertI32S => unary!(|a| f64::from(a as u32 as i32).to_bits()),
                    op::F64ConvertI32U => unary!(|a| f64::from(a as u32).to_bits()),
                    op::F64ConvertI64S => unary!(|a| (a as i64 as f64).to_bits()),
                    op::F64ConvertI64U => unary!(|a| (a as f64).to_bits()),
                    op::F32DemoteF64 => unary!(|a| u64::from((f64::from_bits(a) as f32).to_bits())),
                    op::F64PromoteF32 => unary!(|a| f64::from(f32::from_bits(a as u32)).to_bits()),

                    op::Goto => go!(record),
                    op::BrIf => {
                        if pop!() as u32 != 0 {
                            go!(record);
                        }
                    }
                    op::BrIfz => {
                        if pop!() as u32 == 0 {
                            go!(record);
                        }
                    }
                    op::BrI32Eq => branch_i32!(record, |a, b| a == b),
                    op::BrI32Ne => branch_i32!(record, |a, b| a != b),
                    op::BrI32LtS => branch_i32!(record, |a, b| a < b),
                    op::BrI32LtU => branch_i32!(record, |a, b| (a as u32) < b as u32),
                    op::BrI32GtS => branch_i32!(record, |a, b| a > b),
                    op::BrI32GtU => branch_i32!(record, |a, b| a as u32 > b as u32),
                    op::BrI32LeS => branch_i32!(record, |a, b| a <= b),
                    op::BrI32LeU => branch_i32!(record, |a, b| a as u32 <= b as u32),
                    op::BrI32GeS => branch_i32!(record, |a, b| a >= b),
                    op::BrI32GeU => branch_i32!(record, |a, b| a as u32 >= b as u32),
                    op::BrI64Eq | op::BrRefEq => branch2!(record, |a, b| a == b),
                    op::BrI64Ne | op::BrRefNe => branch2!(record, |a, b| a != b),
                    op::BrI64LtS => branch_i64!(record, |a, b| a < b),
                    op::BrI64GtS => branch_i64!(record, |a, b| a > b),
                    op::BrI64LeS => branch_i64!(record, |a, b| a <= b),
                    op::BrI64GeS => branch_i64!(record, |a, b| a >= b),
                    quick::BR_I64_LT_U => branch2!(record, |a, b| a < b),
                    quick::BR_I64_GT_U => branch2!(record, |a, b| a > b),
                    quick::BR_I64_LE_U => branch2!(record, |a, b| a <= b),
                    quick::BR_I64_GE_U => branch2!(record, |a, b| a >= b),
                    quick::BR_LL_EQ => branch_fused!(record, right_local!(record), |a, b| a == b),
                    quick::BR_LL_NE => branch_fused!(record, right_local!(record), |a, b| a != b),
                    quick::BR_LL_LT => branch_fused!(record, right_local!(record), |a, b| a < b),
                    quick::BR_LL_GT => branch_fused!(record, right_local!(record), |a, b| a > b),
                    quick::BR_LL_LE => branch_fused!(record, right_local!(record), |a, b| a <= b),
                    quick::BR_LL_GE => branch_fused!(record, right_local!(record), |a, b| a >= b),
                    quick::BR_LK_EQ => branch_fused!(record, right_number!(record), |a, b| a == b),
                    quick::BR_LK_NE => branch_fused!(record, right_number!(record), |a, b| a != b),
                    quick::BR_LK_LT => branch_fused!(record, right_number!(record), |a, b| a < b),
                    quick::BR_LK_GT => branch_fused!(record, right_number!(record), |a, b| a > b),
                    quick::BR_LK_LE => branch_fused!(record, right_number!(record), |a, b| a <= b),
                    quick::BR_LK_GE => branch_fused!(record, right_number!(record), |a, b| a >= b),
                    op::BrNull => {
                        if pop!() == 0 {
                            go!(record);
                        }
                    }
                    op::BrNonnull => {
                        if pop!() != 0 {
                            go!(record);
                        }
                    }
                    op::TableSwitch | op::LookupSwitch => {
                        let switch = &(&(*code).switches)[record.b as usize];
                        let key = pop!() as u32 as i32;
                        let entry = if switch.keys.is_empty() {
                            (i64::from(key) - i64::from(switch.low)).try_into().ok()
                        } else {
                            switch.keys.binary_search(&key).ok()
                        };
                        let target = entry
                            .and_then(|entry: usize| switch.targets.get(entry))
                            .unwrap_or(&switch.default);
                        ip = records.add(*target as usize);
                        poll!();
                        continue;
                    }

                    op::Return => {
                        let bits = if (*code).returns { *sp.sub(1) } else { 0 };
                        let caller = *fp.add(1);
                        let known = callers.last().copied().filter(|(at, _, _)| *at == caller);
                        let (flags, Some((_, caller_code, caller_ip))) = (*fp.add(3) as u32, known) else {
                            save_at!(ip, sp);
                            flow!(vm.finish_frame(bits))
                        };
                        let caller_fp = host!(caller, u64);
                        let caller_lp = caller_fp.sub((*caller_code).max_locals);
                        if flags != on_return::PUSH || world!(caller_lp) < vm.running.low {
                            save_at!(ip, sp);
                            flow!(vm.finish_frame(bits))
                        }
                        callers.pop();
                        sp = lp;
                        if (*code).returns {
                            push!(bits);
                        }
                        (code, fp, lp) = (caller_code, caller_fp, caller_lp);
                        records = (*code).first_record();
                        ip = caller_ip.add(1);
                        // A deep stack returns for long, and comes to no entry and no backward branch on its way.
                        poll!();
                        continue;
                    }

                    quick::GET_BOOL => get_field!(record, AtomicU8, |value| u64::from(value)),
                    quick::GET_I8 => get_field!(record, AtomicI8, |value| u64::from(i32::from(value) as u32)),
                    quick::GET_U16 => get_field!(record, AtomicU16, |value| u64::from(value)),
                    quick::GET_I16 => {
                        get_field!(record, AtomicI16, |value| u64::from(i32::from(value) as u32))
                    }
                    quick::GET_32 => get_field!(record, AtomicU32, |value| u64::from(value)),
                    quick::GET_64 | quick::GET_REF => get_field!(record, AtomicU64, |value| value),
                    quick::PUT_BOOL => {
                        put_field!(record, |_object, at, bits| vm.memory.store_u8(at, bits as u8 & 1))
                    }
                    quick::PUT_8 => {
                        put_field!(record, |_object, at, bits| vm.memory.store_u8(at, bits as u8))
                    }
                    quick::PUT_16 => {
                        put_field!(record, |_object, at, bits| vm.memory.store_u16(at, bits as u16))
                    }
                    quick::PUT_32 => {
                        put_field!(record, |_object, at, bits| vm.memory.store_u32(at, bits as u32))
                    }
                    quick::PUT_64 => put_field!(record, |_object, at, bits| vm.memory.store_u64(at, bits)),
                    quick::PUT_REF => {
                        put_field!(record, |object, at, bits| vm.heap.write_ref(
                            Addr(object),
                            at,
                            Value(bits)
                        ))
                    }
                    quick::GET_STATIC => push!(object_word!(record.c, AtomicU64)),
                    quick::PUT_STATIC => {
                        let bits = crate::classes::narrowed(record.a as u8, pop!());
                        vm.memory.store_u64(Addr(record.c), bits);
                    }
                    quick::PUT_STATIC_REF => {
                        // The array that holds the cell is old, as is every address in it.
                        let bits = pop!();
                        vm.heap.write_ref(Addr(record.c - header::SIZE), Addr(record.c), Value(bits));
                    }
                    quick::NEW => {
                        let made = match vm.heap.bump(Addr(record.c), u64::from(record.b)) {
                            Some(object) => object,
                            None => match vm.alloc_locked(Addr(record.c), u64::from(record.b)) {
                                Ok(object) => object,
                                Err(_) => {
                                    save_at!(ip, sp);
                                    flow!(vm.refuse("an object"))
                                }
                            },
                        };
                        publish!();
                        push!(made.0);
                    }
                    quick::INSTANCE_OF => {
                        let value = Value(*sp.sub(1));
                        let is = vm.is_instance(value, Addr(record.c));
                        *sp.sub(1) = u64::from(is);
                    }
                    quick::CHECK_CAST => {
                        let word = *sp.sub(1);
                        let exact = word & 7 == 0 && word != 0 && object_word!(word, AtomicU64) == record.c;
                        if !exact && word != 0 && !vm.is_instance(Value(word), Addr(record.c)) {
                            slow!();
                        }
                    }
                    quick::NEW_REF_ARRAY | op::NewArray => {
                        let class = if record.op == op::NewArray {
                            vm.prim_arrays[usize::from(record.a)]
                        } else {
                            Addr(record.c)
                        };
                        let len = *sp.sub(1) as u32 as i32;
                        if len < 0 {
                            throw!(NegativeSize, "an array of {len} elements");
                        }
                        match vm.new_array_locked(class, len as u64) {
                            Some(array) => *sp.sub(1) = array.0,
                            None => {
                                save_at!(ip, sp);
                                flow!(vm.refuse(&format!("an array of {len} elements")))
                            }
                        }
                        publish!();
                    }
                    op::ArrayLen => {
                        let word = *sp.sub(1);
                        if word == 0 {
                            throw!(NullPointer, "the length of null");
                        }
                        let shaped = word & 7 == 0 && {
                            let class = object_word!(word, AtomicU64);
                            let shape = object_word!(class + class::SHAPE, AtomicU8);
                            (shape == Shape::PrimArray as u8 || shape == Shape::RefArray as u8)
                                && class != vm.kernel_class(ClassId::String).0
                        };
                        if !shaped {
                            throw!(ClassCast, "the length of what is no array");
                        }
                        *sp.sub(1) = u64::from(object_word!(word + array::LENGTH, AtomicU64) as u32);
                    }
                    op::ArrayGetBool => array_get!(AtomicU8, 0, Bool, |value| u64::from(value & 1)),
                    op::ArrayGetI8 => {
                        array_get!(AtomicI8, 0, I8 | Bool, |value| u64::from(i32::from(value) as u32))
                    }
                    op::ArrayGetU16 => array_get!(AtomicU16, 1, U16, |value| u64::from(value)),
                    op::ArrayGetI16 => {
                        array_get!(AtomicI16, 1, I16, |value| u64::from(i32::from(value) as u32))
                    }
                    op::ArrayGetI32 => array_get!(AtomicU32, 2, I32, |value| u64::from(value)),
                    op::ArrayGetF32 => array_get!(AtomicU32, 2, F32, |value| u64::from(value)),
                    op::ArrayGetI64 => array_get!(AtomicU64, 3, I64, |value| value),
                    op::ArrayGetF64 => array_get!(AtomicU64, 3, F64, |value| value),
                    op::ArrayGetRef => {
                        let (_, _, at) = ref_element!(*sp.sub(2), *sp.sub(1));
                        sp = sp.sub(1);
                        *sp.sub(1) = object_word!(at, AtomicU64);
                    }
                    op::ArraySetBool => {
                        *sp.sub(1) &= 1;
                        array_set!(store_u8, u8, 0, Bool);
                    }
                    op::ArraySetI8 => {
                        let array = *sp.sub(3);
                        if array != 0
                            && array & 7 == 0
                            && object_word!(array, AtomicU64) == vm.prim_arrays[Elem::Bool as usize].0
                        {
                            *sp.sub(1) &= 1;
                        }
                        array_set!(store_u8, u8, 0, I8 | Bool);
                    }
                    op::ArraySetU16 => array_set!(store_u16, u16, 1, U16),
                    op::ArraySetI16 => array_set!(store_u16, u16, 1, I16),
                    op::ArraySetI32 => array_set!(store_u32, u32, 2, I32),
                    op::ArraySetF32 => array_set!(store_u32, u32, 2, F32),
                    op::ArraySetI64 => array_set!(store_u64, u64, 3, I64),
                    op::ArraySetF64 => array_set!(store_u64, u64, 3, F64),
                    op::ArraySetRef => {
                        let (object, class, at) = ref_element!(*sp.sub(3), *sp.sub(2));
                        if object_word!(object + header::HASH, AtomicU32) & header::IMMUTABLE != 0 {
                            throw!(Immutable, "the array is immutable");
                        }
                        let value = Value(*sp.sub(1));
                        if class != vm.object_array.0 && !value.is_null() {
                            let element = Addr(object_word!(class + class::ELEMENT, AtomicU64));
                            if !vm.is_instance(value, element) {
                                let given = vm.text(vm.class_of(value), class::NAME);
                                throw!(ArrayStore, "the array does not admit a {given}");
                            }
                        }
                        vm.heap.write_ref(Addr(object), Addr(at), value);
                        sp = sp.sub(3);
                    }

                    op::ClassOf => {
                        if *sp.sub(1) == 0 {
                            throw!(NullPointer, "the class of null");
                        }
                        *sp.sub(1) = vm.class_of(Value(*sp.sub(1))).0;
                    }
                    op::RefIsNull => unary!(|a| u64::from(a == 0)),
                    op::RefEq => binary!(|a, b| u64::from(a == b)),
                    op::BoxI32 => unary!(|a| Value::int(a as u32 as i32).0),
                    op::BoxI64 => {
                        unary!(|a| match Value::long(a as i64) {
                            Some(value) => value.0,
                            None => vm.box_locked(ClassId::Long, a).0,
                        });
                        publish!();
                    }
                    op::BoxF32 => unary!(|a| Value::float(f32::from_bits(a as u32)).0),
                    op::BoxF64 => {
                        unary!(|a| vm.box_locked(ClassId::Double, a).0);
                        publish!();
                    }
                    op::UnboxI32 => match Value(*sp.sub(1)).as_int() {
                        Some(number) => *sp.sub(1) = u64::from(number as u32),
                        None => unbox!(Kind::I32),
                    },
                    op::UnboxI64 => unbox!(Kind::I64),
                    op::UnboxF32 => unbox!(Kind::F32),
                    op::UnboxF64 => unbox!(Kind::F64),

                    quick::CALL_DIRECT => {
                        let site = (&(*code).sites)[record.b as usize].get();
                        let args = sp.sub(usize::from(site.args));
                        if record.c != 0 && *args == 0 {
                            throw!(NullPointer, "a call on null");
                        }
                        call!(site, args)
                    }
                    quick::CALL_BY_CLASS => {
                        let cell = &(&(*code).sites)[record.b as usize];
                        let mut site = cell.get();
                        let args = sp.sub(usize::from(record.a));
                        let receiver = *args;
                        let class = match receiver & 7 {
                            0 if receiver == 0 => 0,
                            0 => object_word!(receiver, AtomicU64),
                            _ => vm.class_of(Value(receiver)).0,
                        };
                        if class != site.class || class == 0 {
                            // Null has no class and is never found.
                            match vm.codes.megamorphic.find(cell, class) {
                                Some(found) if class != 0 => site = found,
                                _ => slow!(),
                            }
                        }
                        call!(site, args)
                    }
                    other => unreachable!("no record has the number {other:#x}"),
                }
                ip = ip.add(1);
            }
        }
    }
}

const _: () = assert!(field::KIND > 0 && method::CLASS > 0 && Flags::NONE.0 == 0);
