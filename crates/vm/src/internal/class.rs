//! `.internal.class`.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use crate::Vm;
use alloc::format;
use alloc::vec::Vec;
use base::Addr;
use bytecode::Elem;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{Shape, array, class};

pub(super) const METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"class"));
    8 |call: &mut Call<'_>| Err(call.throw_string("class newClass is not possible: classes come from modules"));
    10 set_static;
    11 |call: &mut Call<'_>| { let (cells, slot) = static_slot(call)?; Ok(Outcome::value(call.vm.array_get(cells, slot))) };
    14 instance_of;
    16 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), class::NAME)));
    17 |call: &mut Call<'_>| Ok(Outcome::value(call.vm.get_ref(call.this(), class::SUPER)));
    18 new_instance;
    19 |call: &mut Call<'_>| Ok(Outcome::int(call.vm.get_u32(call.this(), class::VERSION) as i32));
    20 new_arrays;
};

/// Ordinal of `newArrays`.
pub const NEW_ARRAYS: u32 = 20;
/// Units for an array that is made; its bytes come to it.
const ARRAY_UNITS: u64 = 512;
/// Bytes that are zeroed for a unit.
const ZEROED_BYTES: u64 = 4;
/// Most dimensions (JVMS 4.4.1).
const DIMENSIONS_MAX: u64 = 255;

/// The static references of the class and the slot in parameter 0.
fn static_slot(call: &mut Call<'_>) -> Result<(Addr, u64), Outcome> {
    let slot = call.int(0);
    let cells = call.vm.ref_field(call.this(), class::STATIC_REFS);
    let count = if cells.is_null() { 0 } else { call.vm.array_len(cells) };
    if slot < 0 || slot as u64 >= count {
        return Err(call.throw_string("class has no such static slot"));
    }
    Ok((cells, slot as u64))
}

fn set_static(call: &mut Call<'_>) -> Step {
    let (cells, slot) = static_slot(call)?;
    let value = call.value(1);
    call.vm.array_set(cells, slot, value);
    Ok(Outcome::VOID)
}

fn instance_of(call: &mut Call<'_>) -> Step {
    let class = call.vm.class_of(call.value(0));
    Ok(Outcome::truth(call.vm.is_subclass(class, call.this())))
}

/// As `new *(class)` of the original: no constructor runs.
fn new_instance(call: &mut Call<'_>) -> Step {
    let this = call.this();
    if !call.vm.is_instantiable(this) {
        return Err(call.throw_string("class newInstance is not possible for this class"));
    }
    Ok(Outcome::object(call.vm.new_object(this)))
}

/// How much there is to do for an array of arrays of these lengths: how many arrays there are below the first, and the units
/// for each.
fn arrays_below(lens: &[u64]) -> (u64, u64) {
    let inner = lens.len().saturating_sub(1);
    let levels = lens[..inner].iter().scan(1u64, |count, len| {
        *count = count.saturating_mul(*len);
        Some(*count)
    });
    let longest = lens.iter().skip(1).max().copied().unwrap_or(0);
    (levels.fold(0, u64::saturating_add), ARRAY_UNITS + longest.saturating_mul(8) / ZEROED_BYTES)
}

/// Where array `number` of those below the first one goes, level by level: the array above it, the index there, and its depth.
fn place_of(vm: &Vm, first: Addr, lens: &[u64], number: u64) -> (Addr, u64, usize) {
    let (mut at, mut count, mut depth) = (number, lens[0], 1);
    while at >= count {
        at -= count;
        count *= lens[depth];
        depth += 1;
    }
    let mut above = first;
    for len in &lens[..depth - 1] {
        count /= len;
        above = Addr(vm.array_get(above, at / count).0);
        at %= count;
    }
    (above, at, depth)
}

/// Many are made in steps: reference 0 is the first one, number 0 how many of the others there are.
fn new_arrays(call: &mut Call<'_>) -> Step {
    let class = call.this();
    let lens = lengths(call)?;
    let (below, units) = arrays_below(&lens);
    // What is below an empty array is never made.
    let deepest = if below == 0 { 1 } else { lens.len() };
    let mut classes = Vec::new();
    let mut at = class;
    for _ in 0..deepest {
        let shape = if at.is_null() { None } else { Shape::from_u8(call.vm.get_u8(at, class::SHAPE)) };
        if !matches!(shape, Some(Shape::RefArray | Shape::PrimArray)) {
            return Err(call.throw_kernel(ClassId::ClassCast, "the array has fewer dimensions"));
        }
        classes.push(at);
        at = call.vm.ref_field(at, class::ELEMENT);
    }
    let made = |call: &mut Call<'_>, depth: usize| {
        call.vm.try_new_array(classes[depth], lens[depth]).map_err(Outcome::Throw)
    };
    call.frame_for(below.saturating_mul(units))?;
    let first = call.kept(0, |call| made(call, 0))?;
    call.in_steps(below, units, |call, from, count| {
        for number in from..from + count {
            let (above, index, depth) = place_of(call.vm, first, &lens, number);
            let array = made(call, depth)?;
            call.vm.array_set(above, index, Value::object(array));
        }
        Ok(())
    })?;
    Ok(Outcome::object(first))
}

/// The lengths in the array of ints that is parameter 0.
fn lengths(call: &mut Call<'_>) -> Result<Vec<u64>, Outcome> {
    let value = call.value(0);
    let ints = call.vm.prim_arrays[Elem::I32 as usize];
    let Some(given) = value.as_object().filter(|_| call.vm.class_of(value) == ints) else {
        return Err(call.throw_string("class newArrays wants an array of ints"));
    };
    let count = call.vm.array_len(given);
    if !(1..=DIMENSIONS_MAX).contains(&count) {
        let text = format!("class newArrays wants 1 to {DIMENSIONS_MAX} lengths, not {count}");
        return Err(call.throw_string(&text));
    }
    let mut lens = Vec::new();
    for index in 0..count {
        let len = call.vm.get_u32(given, array::DATA + 4 * index) as i32;
        match u64::try_from(len) {
            Ok(len) => lens.push(len),
            Err(_) => {
                let text = format!("an array of {len} elements");
                return Err(call.throw_kernel(ClassId::NegativeSize, &text));
            }
        }
    }
    Ok(lens)
}
