//! `java.util.zip`: DEFLATE and checksums.
//!
//! A stream's state is one byte array of the world, written in place: a snapshot may come between any two calls.
//!
//! *Inflating* keeps the decoder's own state (of `miniz_oxide`, by `postcard`) and the last 32 KiB that came out. The other
//! way, to keep all input and decode it again after a restart, would hold every jar that is open twice. The first byte
//! tells the format; the release of the crate is fixed by it.
//! *Deflating* keeps the input until there are 64 KiB of it, or the program flushes or finishes, and compresses that at
//! once; what came out waits there until it is taken. So no state of the compressor has to be kept (it is 300 KiB), for a
//! few bytes and the matches over the borders of such blocks.
//!
//! Preset dictionaries are not there.

use crate::offheap;
use crate::support::{natives, nothing};
use alloc::vec;
use alloc::vec::Vec;
use base::Addr;
use layout::schema::array;
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress_with_limit};
use vm::internal::{Call, Outcome};
use vm::{Native, Vm};

pub(crate) const NATIVES: &[Native] = natives! {
    "java/util/zip/Inflater" {
        "initIDs" "()V" Short nothing;
        "init" "(Z)J" Short inflater;
        "inflateBytesBytes" "(J[BII[BII)J" Resumable |call| { let (input, output) = (bytes_at(call, 2), bytes_at(call, 5)); inflate(call, input, output) };
        "inflateBytesBuffer" "(J[BIIJI)J" Resumable |call| { let (input, output) = (bytes_at(call, 2), memory_at(call, 5)); inflate(call, input, output) };
        "inflateBufferBytes" "(JJI[BII)J" Resumable |call| { let (input, output) = (memory_at(call, 2), bytes_at(call, 4)); inflate(call, input, output) };
        "inflateBufferBuffer" "(JJIJI)J" Resumable |call| { let (input, output) = (memory_at(call, 2), memory_at(call, 4)); inflate(call, input, output) };
        "getAdler" "(J)I" Short get_adler;
        "reset" "(J)V" Short |call| reset(call, INFLATER_HEAD);
        "end" "(J)V" Short end;
    }
    "java/util/zip/Deflater" {
        "init" "(IIZ)J" Short deflater;
        "deflateBytesBytes" "(J[BII[BIIII)J" Resumable |call| { let (input, output) = (bytes_at(call, 2), bytes_at(call, 5)); deflate(call, input, output, 8) };
        "deflateBytesBuffer" "(J[BIIJIII)J" Resumable |call| { let (input, output) = (bytes_at(call, 2), memory_at(call, 5)); deflate(call, input, output, 7) };
        "deflateBufferBytes" "(JJI[BIIII)J" Resumable |call| { let (input, output) = (memory_at(call, 2), bytes_at(call, 4)); deflate(call, input, output, 7) };
        "deflateBufferBuffer" "(JJIJIII)J" Resumable |call| { let (input, output) = (memory_at(call, 2), memory_at(call, 4)); deflate(call, input, output, 6) };
        "getAdler" "(J)I" Short get_adler;
        "reset" "(J)V" Short |call| reset(call, DEFLATER_HEAD);
        "end" "(J)V" Short end;
    }
    "java/util/zip/CRC32" {
        "update" "(II)I" Short |call| { let byte = call.int_at(1) as u8; crc(call, &[byte]) };
        "updateBytes0" "(I[BII)I" Short |call| sum(call, false, crc);
        "updateByteBuffer0" "(IJII)I" Short |call| sum(call, true, crc);
    }
    "java/util/zip/Adler32" {
        "update" "(II)I" Short |call| { let byte = call.int_at(1) as u8; adler(call, &[byte]) };
        "updateBytes" "(I[BII)I" Short |call| sum(call, false, adler);
        "updateByteBuffer" "(IJII)I" Short |call| sum(call, true, adler);
    }
};

/// Format of the states below; another one is not read.
const FORMAT: u8 = 1;
/// Fields at the beginning of both states.
const AT_FORMAT: u64 = 0;
const AT_FLAGS: u64 = 1;
const AT_ADLER: u64 = 4;
/// No header and trailer of zlib.
const RAW: u8 = 1;
/// The last block is compressed, or decoded.
const FINISHED: u8 = 2;
/// The header of zlib was written.
const HEADED: u8 = 4;
/// The window was not filled yet: nothing stands behind what is copied from further back.
const FRESH: u8 = 8;

/// Inflater: where in the window the next byte goes, and bytes of the decoder's state; then the state, then the window.
const AT_WINDOW_POSITION: u64 = 8;
const AT_STATE_BYTES: u64 = 12;
const AT_STATE: u64 = 16;
const STATE_BYTES_MAX: u64 = 24 << 10;
const AT_WINDOW: u64 = AT_STATE + STATE_BYTES_MAX;
const WINDOW_BYTES: u64 = 32 << 10;
/// What a reset clears.
const INFLATER_HEAD: u64 = AT_STATE;
/// Most bytes that come out in one step.
const STEP_BYTES: u64 = 32 << 10;

/// Deflater: bytes of input that wait, those of output, how many of these were taken, level and strategy.
const AT_INPUT_BYTES: u64 = 8;
const AT_OUTPUT_BYTES: u64 = 12;
const AT_TAKEN: u64 = 16;
const AT_LEVEL: u64 = 20;
const AT_STRATEGY: u64 = 21;
const DEFLATER_HEAD: u64 = 20;
const AT_INPUT: u64 = 24;
const INPUT_BYTES_MAX: u64 = 64 << 10;
const AT_OUTPUT: u64 = AT_INPUT + INPUT_BYTES_MAX;
/// Blocks of 64 KiB that cannot be compressed, with all that is around them.
const OUTPUT_BYTES_MAX: u64 = INPUT_BYTES_MAX + 2048;

/// The greatest strategy: no matches are looked for.
const HUFFMAN_ONLY: u8 = 2;
/// Flushes as Java numbers them.
const NO_FLUSH: i32 = 0;
const FINISH: i32 = 4;

/// How the answers are put together.
const OUTPUT_SHIFT: u32 = 31;
const FINISHED_BIT: i64 = 1 << 62;

/// Bytes that a method is given.
#[derive(Clone, Copy)]
enum Bytes {
    Array { array: Addr, from: u64, count: u64 },
    Memory { address: u64, count: u64 },
}

impl Bytes {
    fn count(self) -> u64 {
        match self {
            Bytes::Array { count, .. } | Bytes::Memory { count, .. } => count,
        }
    }
    fn place(self, vm: &Vm, at: u64, count: u64) -> Option<Addr> {
        match self {
            Bytes::Array { array, from, .. } => {
                (from + at + count <= vm.array_len(array)).then(|| array.add(array::DATA + from + at))
            }
            Bytes::Memory { address, .. } => offheap::place(vm, address + at, count).map(|(_, at)| at),
        }
    }
    fn read(self, vm: &Vm, at: u64, count: u64) -> Vec<u8> {
        let mut bytes = vec![0; count as usize];
        match self.place(vm, at, count) {
            Some(place) => vm.memory.read_bytes(place, &mut bytes),
            None => bytes.clear(),
        }
        bytes
    }
    fn write(self, vm: &Vm, at: u64, bytes: &[u8]) {
        if let Some(place) = self.place(vm, at, bytes.len() as u64) {
            vm.memory.write_bytes(place, bytes);
        }
    }
}

/// The array, offset and length from argument `at` on.
fn bytes_at(call: &Call<'_>, at: u64) -> Option<Bytes> {
    let array = call.reference_at(at).as_object()?;
    let (from, count) = (call.int_at(at + 1), call.int_at(at + 2));
    let inside = from >= 0 && count >= 0 && (from as u64 + count as u64) <= call.vm.array_len(array);
    inside.then_some(Bytes::Array { array, from: from as u64, count: count as u64 })
}
/// The address and length from argument `at` on.
fn memory_at(call: &Call<'_>, at: u64) -> Option<Bytes> {
    let (address, count) = (call.long_at(at) as u64, call.int_at(at + 1).max(0) as u64);
    offheap::place(call.vm, address, count).map(|_| Bytes::Memory { address, count })
}

/// The state of a stream, and access to its parts.
#[derive(Clone, Copy)]
struct State(Addr);

impl State {
    fn of(vm: &Vm, address: u64) -> Option<State> {
        let (object, _) = offheap::place(vm, address, AT_STATE)?;
        Some(State(object)).filter(|state| state.byte(vm, AT_FORMAT) == FORMAT)
    }
    fn at(self, offset: u64) -> Addr {
        self.0.add(array::DATA + offset)
    }
    fn byte(self, vm: &Vm, offset: u64) -> u8 {
        vm.memory.load_u8(self.at(offset))
    }
    fn set_byte(self, vm: &Vm, offset: u64, value: u8) {
        vm.memory.store_u8(self.at(offset), value);
    }
    fn word(self, vm: &Vm, offset: u64) -> u64 {
        let mut bytes = [0; 4];
        vm.memory.read_bytes(self.at(offset), &mut bytes);
        u64::from(u32::from_le_bytes(bytes))
    }
    fn set_word(self, vm: &Vm, offset: u64, value: u64) {
        vm.memory.write_bytes(self.at(offset), &(value as u32).to_le_bytes());
    }
    fn has(self, vm: &Vm, flag: u8) -> bool {
        self.byte(vm, AT_FLAGS) & flag != 0
    }
    fn set_flag(self, vm: &Vm, flag: u8) {
        let flags = self.byte(vm, AT_FLAGS);
        self.set_byte(vm, AT_FLAGS, flags | flag);
    }
    fn read(self, vm: &Vm, offset: u64, count: u64) -> Vec<u8> {
        let mut bytes = vec![0; count as usize];
        vm.memory.read_bytes(self.at(offset), &mut bytes);
        bytes
    }
    fn write(self, vm: &Vm, offset: u64, bytes: &[u8]) {
        vm.memory.write_bytes(self.at(offset), bytes);
    }
}

/// A new state; its address.
fn new_state(call: &mut Call<'_>, bytes: u64, raw: bool) -> Result<(u64, State), Outcome> {
    let address = match offheap::allocate(call.vm, bytes as i64) {
        Ok(address) => address,
        Err(thrown) => return Err(Outcome::Throw(thrown)),
    };
    let Some((object, _)) = offheap::place(call.vm, address, bytes) else {
        return Err(call.throw_java("java/lang/OutOfMemoryError", None));
    };
    let state = State(object);
    state.set_byte(call.vm, AT_FORMAT, FORMAT);
    state.set_byte(call.vm, AT_FLAGS, FRESH | if raw { RAW } else { 0 });
    state.set_word(call.vm, AT_ADLER, 1);
    Ok((address, state))
}

fn inflater(call: &mut Call<'_>) -> Outcome {
    let raw = call.int_at(0) != 0;
    match new_state(call, AT_WINDOW + WINDOW_BYTES, raw) {
        Ok((address, _)) => Outcome::long(address as i64),
        Err(thrown) => thrown,
    }
}

fn deflater(call: &mut Call<'_>) -> Outcome {
    const LEVELS: core::ops::RangeInclusive<i32> = -1..=9;
    const STRATEGIES: core::ops::RangeInclusive<i32> = 0..=4;
    let (level, strategy, raw) = (call.int_at(0), call.int_at(1), call.int_at(2) != 0);
    if !LEVELS.contains(&level) || !STRATEGIES.contains(&strategy) {
        return call.throw_java("java/lang/IllegalArgumentException", None);
    }
    match new_state(call, AT_OUTPUT + OUTPUT_BYTES_MAX, raw) {
        Ok((address, state)) => {
            state.set_byte(call.vm, AT_LEVEL, level as u8);
            state.set_byte(call.vm, AT_STRATEGY, strategy as u8);
            Outcome::long(address as i64)
        }
        Err(thrown) => thrown,
    }
}

/// The state in argument `at`; leaves the method when it is not there.
fn state_at(call: &mut Call<'_>, at: u64) -> Result<State, Outcome> {
    let address = call.long_at(at) as u64;
    State::of(call.vm, address).ok_or_else(|| {
        let text = "the stream is closed, or was begun by another build";
        call.throw_java("java/lang/InternalError", Some(text))
    })
}

fn get_adler(call: &mut Call<'_>) -> Outcome {
    match state_at(call, 0) {
        Ok(state) => Outcome::int(state.word(call.vm, AT_ADLER) as u32 as i32),
        Err(thrown) => thrown,
    }
}

/// As it was when it was new: of the fields only format, kind and parameters stay.
fn reset(call: &mut Call<'_>, head: u64) -> Outcome {
    match state_at(call, 0) {
        Ok(state) => {
            let raw = state.byte(call.vm, AT_FLAGS) & RAW;
            state.write(call.vm, AT_ADLER, &vec![0; (head - AT_ADLER) as usize]);
            state.set_byte(call.vm, AT_FLAGS, raw | FRESH);
            state.set_word(call.vm, AT_ADLER, 1);
            Outcome::VOID
        }
        Err(thrown) => thrown,
    }
}

fn end(call: &mut Call<'_>) -> Outcome {
    let address = call.long_at(0) as u64;
    offheap::free(call.vm, address);
    Outcome::VOID
}

fn no_bytes(call: &mut Call<'_>) -> Outcome {
    call.throw_java("java/lang/ArrayIndexOutOfBoundsException", None)
}

/// The decoder of a state.
fn decoder(vm: &Vm, state: State) -> Option<DecompressorOxide> {
    let bytes = state.word(vm, AT_STATE_BYTES);
    if bytes == 0 {
        return Some(DecompressorOxide::new());
    }
    postcard::from_bytes(&state.read(vm, AT_STATE, bytes.min(STATE_BYTES_MAX))).ok()
}

/// Decodes in steps. Number 0: bytes of input used; number 1: bytes of output made.
fn inflate(call: &mut Call<'_>, input: Option<Bytes>, output: Option<Bytes>) -> Outcome {
    let state = match state_at(call, 1) {
        Ok(state) => state,
        Err(thrown) => return thrown,
    };
    let (Some(input), Some(output)) = (input, output) else { return no_bytes(call) };
    let (used, made) = (call.number(0), call.number(1));
    let result = |used: u64, made: u64, finished: bool| {
        let end = if finished { FINISHED_BIT } else { 0 };
        Outcome::long(used as i64 | (made as i64) << OUTPUT_SHIFT | end)
    };
    if state.has(call.vm, FINISHED) {
        return result(used, made, true);
    }
    let Some(mut decoder) = decoder(call.vm, state) else {
        return call.throw_java("java/lang/InternalError", Some("the stream was begun by another build"));
    };
    let mut window = state.read(call.vm, AT_WINDOW, WINDOW_BYTES);
    let position = state.word(call.vm, AT_WINDOW_POSITION) % WINDOW_BYTES;
    let step_input = input.read(call.vm, used, (input.count() - used).min(2 * STEP_BYTES));
    let more_input = used + (step_input.len() as u64) < input.count();
    let most = (output.count() - made).min(WINDOW_BYTES - position);
    let kind =
        if state.has(call.vm, RAW) { 0 } else { TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32 };
    let from_here = if state.has(call.vm, FRESH) { TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF } else { 0 };
    let flags = kind | TINFL_FLAG_HAS_MORE_INPUT | from_here;
    let (status, taken, came) = decompress_with_limit(
        &mut decoder,
        &step_input,
        &mut window,
        position as usize,
        most as usize,
        flags,
    );
    let (used, made) = (used + taken as u64, made + came as u64);
    let fresh = &window[position as usize..position as usize + came];
    output.write(call.vm, made - came as u64, fresh);
    state.write(call.vm, AT_WINDOW + position, fresh);
    state.set_word(call.vm, AT_WINDOW_POSITION, (position + came as u64) % WINDOW_BYTES);
    if position + came as u64 == WINDOW_BYTES {
        let flags = state.byte(call.vm, AT_FLAGS);
        state.set_byte(call.vm, AT_FLAGS, flags & !FRESH);
    }
    if let Some(adler) = decoder.adler32() {
        state.set_word(call.vm, AT_ADLER, u64::from(adler));
    }
    let written = postcard::to_allocvec(&decoder).unwrap_or_default();
    if written.is_empty() || written.len() as u64 > STATE_BYTES_MAX {
        return call.throw_java("java/lang/InternalError", Some("the decoder's state has no room"));
    }
    state.write(call.vm, AT_STATE, &written);
    state.set_word(call.vm, AT_STATE_BYTES, written.len() as u64);
    call.vm.worked((came + taken) as u64);
    match status {
        TINFLStatus::Done => {
            state.set_flag(call.vm, FINISHED);
            result(used, made, true)
        }
        TINFLStatus::HasMoreOutput if made < output.count() => inflate_on(call, used, made),
        TINFLStatus::NeedsMoreInput if more_input => inflate_on(call, used, made),
        TINFLStatus::HasMoreOutput | TINFLStatus::NeedsMoreInput => result(used, made, false),
        TINFLStatus::Adler32Mismatch => {
            call.throw_java("java/util/zip/DataFormatException", Some("incorrect data check"))
        }
        _ => {
            let text = if made == 0 && kind != 0 && used <= 2 {
                "incorrect header check"
            } else {
                "invalid compressed data"
            };
            call.throw_java("java/util/zip/DataFormatException", Some(text))
        }
    }
}

fn inflate_on(call: &mut Call<'_>, used: u64, made: u64) -> Outcome {
    call.set_number(0, used);
    call.set_number(1, made);
    Outcome::Again
}

/// Compresses. Number 0: bytes of input used; number 1: bytes of output made. `at` is the argument that says how to flush.
fn deflate(call: &mut Call<'_>, input: Option<Bytes>, output: Option<Bytes>, at: u64) -> Outcome {
    const SETS: i32 = 1;
    let state = match state_at(call, 1) {
        Ok(state) => state,
        Err(thrown) => return thrown,
    };
    let (Some(input), Some(output)) = (input, output) else { return no_bytes(call) };
    let (flush, params) = (call.int_at(at), call.int_at(at + 1));
    if params & SETS != 0 {
        // For the blocks to come.
        state.set_byte(call.vm, AT_STRATEGY, (params >> 1 & 3) as u8);
        state.set_byte(call.vm, AT_LEVEL, (params >> 3) as u8);
    }
    let (mut used, mut made) = (call.number(0), call.number(1));
    made += take_output(call.vm, state, output, made);
    let rests = state.word(call.vm, AT_OUTPUT_BYTES) > state.word(call.vm, AT_TAKEN);
    let finished = state.has(call.vm, FINISHED);
    if rests || finished {
        let end = if finished && !rests { FINISHED_BIT } else { 0 };
        return Outcome::long(used as i64 | (made as i64) << OUTPUT_SHIFT | end);
    }
    let waits = state.word(call.vm, AT_INPUT_BYTES);
    let count = (input.count() - used).min(INPUT_BYTES_MAX - waits);
    let bytes = input.read(call.vm, used, count);
    state.write(call.vm, AT_INPUT + waits, &bytes);
    used += count;
    let waits = waits + count;
    state.set_word(call.vm, AT_INPUT_BYTES, waits);
    let at_end = used == input.count();
    let is_last = at_end && flush == FINISH;
    if is_last || waits == INPUT_BYTES_MAX || at_end && flush != NO_FLUSH && waits > 0 {
        if !compress_block(call.vm, state, is_last) {
            return call.throw_java("java/lang/InternalError", Some("the block was not compressed"));
        }
        call.vm.worked(INPUT_BYTES_MAX);
        call.set_number(0, used);
        call.set_number(1, made);
        return Outcome::Again;
    }
    Outcome::long(used as i64 | (made as i64) << OUTPUT_SHIFT)
}

/// Gives compressed bytes to the program; how many.
fn take_output(vm: &Vm, state: State, output: Bytes, made: u64) -> u64 {
    let (there, taken) = (state.word(vm, AT_OUTPUT_BYTES), state.word(vm, AT_TAKEN));
    let count = (there - taken).min(output.count() - made);
    if count > 0 {
        output.write(vm, made, &state.read(vm, AT_OUTPUT + taken, count));
        state.set_word(vm, AT_TAKEN, taken + count);
    }
    count
}

/// Compresses the input that waits; the output is empty before.
fn compress_block(vm: &Vm, state: State, is_last: bool) -> bool {
    const LEVEL_DEFAULT: u8 = 6;
    const RAW_WINDOW: i32 = -15;
    let bytes = state.read(vm, AT_INPUT, state.word(vm, AT_INPUT_BYTES));
    let (level, strategy) = (state.byte(vm, AT_LEVEL), state.byte(vm, AT_STRATEGY));
    let level = if level > 9 { LEVEL_DEFAULT } else { level };
    let strategy = if strategy > HUFFMAN_ONLY { 0 } else { strategy };
    let flags = create_comp_flags_from_zip_params(level.into(), RAW_WINDOW, strategy.into());
    let mut out = vec![0; OUTPUT_BYTES_MAX as usize];
    let mut compressor = CompressorOxide::new(flags);
    let flush = if is_last { TDEFLFlush::Finish } else { TDEFLFlush::Sync };
    let (status, taken, came) = compress(&mut compressor, &bytes, &mut out, flush);
    let ends = if is_last { TDEFLStatus::Done } else { TDEFLStatus::Okay };
    if status != ends || taken != bytes.len() {
        return false;
    }
    out.truncate(came);
    let raw = state.has(vm, RAW);
    if !raw {
        let sum = adler32(state.word(vm, AT_ADLER) as u32, &bytes);
        state.set_word(vm, AT_ADLER, sum.into());
        if !state.has(vm, HEADED) {
            out.splice(0..0, zlib_header(level, strategy));
            state.set_flag(vm, HEADED);
        }
        if is_last {
            out.extend(sum.to_be_bytes());
        }
    }
    if is_last {
        state.set_flag(vm, FINISHED);
    }
    state.write(vm, AT_OUTPUT, &out);
    state.set_word(vm, AT_OUTPUT_BYTES, out.len() as u64);
    state.set_word(vm, AT_TAKEN, 0);
    state.set_word(vm, AT_INPUT_BYTES, 0);
    true
}

/// Method 8 with 32 KiB, and how well it was compressed with a check, so that both are a multiple of 31 (RFC 1950).
fn zlib_header(level: u8, strategy: u8) -> [u8; 2] {
    const METHOD: u8 = 0x78;
    let second = match level {
        _ if strategy == HUFFMAN_ONLY => 0x01,
        0 | 1 => 0x01,
        2..=5 => 0x5e,
        6 => 0x9c,
        _ => 0xda,
    };
    [METHOD, second]
}

/// Adler-32 (RFC 1950) of more bytes.
fn adler32(sum: u32, bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65521;
    /// So many bytes do not overflow.
    const BYTES: usize = 5552;
    let (mut a, mut b) = (sum & 0xffff, sum >> 16);
    for chunk in bytes.chunks(BYTES) {
        for byte in chunk {
            a += u32::from(*byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}

fn crc(call: &mut Call<'_>, bytes: &[u8]) -> Outcome {
    let mut hasher = crc32fast::Hasher::new_with_initial(call.int_at(0) as u32);
    hasher.update(bytes);
    Outcome::int(hasher.finalize() as i32)
}
fn adler(call: &mut Call<'_>, bytes: &[u8]) -> Outcome {
    Outcome::int(adler32(call.int_at(0) as u32, bytes) as i32)
}

/// A checksum of bytes of an array, or of memory and an offset; then the count.
fn sum(call: &mut Call<'_>, of_memory: bool, function: fn(&mut Call<'_>, &[u8]) -> Outcome) -> Outcome {
    let bytes = if of_memory {
        let (address, count) = (call.long_at(1) + i64::from(call.int_at(2)), call.int_at(3).max(0) as u64);
        offheap::read(call.vm, address as u64, count)
    } else {
        bytes_at(call, 1).map(|bytes| bytes.read(call.vm, 0, bytes.count()))
    };
    match bytes {
        Some(bytes) => {
            call.vm.worked(bytes.len() as u64);
            function(call, &bytes)
        }
        None => no_bytes(call),
    }
}
