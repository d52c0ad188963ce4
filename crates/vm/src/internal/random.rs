//! `.internal.random`: from outside, so that copies of a world differ; or from a seed.

use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use alloc::format;
use alloc::vec;
use base::prng::Prng;
use layout::schema::random;

pub(super) const METHODS: Methods = methods! {
    16 |call: &mut Call<'_>| -> Step { Ok(Outcome::int(draw(call) as i32)) };
    17 |call: &mut Call<'_>| -> Step { Ok(Outcome::long(draw(call) as i64)) };
    18 below;
    19 |call: &mut Call<'_>| -> Step { Ok(Outcome::double((draw(call) >> 11) as f64 / (1u64 << 53) as f64)) };
    20 bytes;
    21 seed;
};

const BYTES_MAX: i32 = 1 << 20;
/// Bytes of one draw.
const DRAWN_BYTES: u64 = 8;
/// Units for them: what the system below draws costs more than a copy.
const DRAW_UNITS: u64 = 4 * DRAWN_BYTES;

fn draw(call: &mut Call<'_>) -> u64 {
    let object = call.this();
    if call.vm.get_u64(object, random::SEEDED) == 0 {
        let mut bits = [0; 8];
        call.vm.platform.entropy.fill(&mut bits);
        return u64::from_le_bytes(bits);
    }
    let state = call.vm.get_u64(object, random::STATE);
    call.vm.set_u64(object, random::STATE, state.wrapping_add(1));
    Prng::new(state).next_u64()
}

fn below(call: &mut Call<'_>) -> Step {
    let limit = call.int(0);
    let Some(limit) = u64::try_from(limit).ok().filter(|limit| *limit > 0) else {
        return Err(call.throw_string(&format!("random.below limit is not above 0: {limit}")));
    };
    // The upper half of the product: as even as 64 bits make it.
    let drawn = (u128::from(draw(call)) * u128::from(limit)) >> 64;
    Ok(Outcome::int(drawn as i32))
}

fn bytes(call: &mut Call<'_>) -> Step {
    let count = call.int(0);
    if !(0..=BYTES_MAX).contains(&count) {
        return Err(call.throw_string(&format!("random.bytes count is not in 0..{BYTES_MAX}: {count}")));
    }
    let count = count as u64;
    let draws = count.div_ceil(DRAWN_BYTES);
    call.frame_for(draws * DRAW_UNITS)?;
    let array = call.kept(0, |call| call.bytes_room(count))?;
    call.in_steps(draws, DRAW_UNITS, |call, at, draws| {
        let from = at * DRAWN_BYTES;
        let mut drawn = vec![0; (draws * DRAWN_BYTES).min(count - from) as usize];
        fill(call, &mut drawn);
        call.vm.write_bytes(array, from, &drawn);
        Ok(())
    })?;
    Ok(Outcome::object(call.binary_of(array)))
}

fn fill(call: &mut Call<'_>, bytes: &mut [u8]) {
    if call.vm.get_u64(call.this(), random::SEEDED) == 0 {
        return call.vm.platform.entropy.fill(bytes);
    }
    for part in bytes.chunks_mut(DRAWN_BYTES as usize) {
        let drawn = draw(call).to_le_bytes();
        part.copy_from_slice(&drawn[..part.len()]);
    }
}

fn seed(call: &mut Call<'_>) -> Step {
    let (object, seed) = (call.this(), call.long(0));
    // Neighbouring seeds lead far apart.
    let state = Prng::new(seed as u64).next_u64();
    call.vm.set_u64(object, random::STATE, state);
    call.vm.set_u64(object, random::SEEDED, 1);
    Ok(Outcome::VOID)
}
