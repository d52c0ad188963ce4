//! Files as the library sees them: the standard streams of the program. There is no file system yet: no file exists.

use crate::support::{get, natives, object, text, zero};
use alloc::vec::Vec;
use base::Addr;
use layout::Value;
use layout::schema::array;
use vm::Native;
use vm::internal::{Call, Outcome};

/// Most bytes that are written at once.
const BYTES_MAX: i32 = 16 << 10;

pub(crate) const NATIVES: &[Native] = natives! {
    "java/io/FileDescriptor" {
        "getHandle" "(I)J" Short |_| Outcome::long(-1);
        "getAppend" "(I)Z" Short zero;
        "close0" "()V" Short |_| Outcome::VOID;
        "sync" "()V" Short |_| Outcome::VOID;
    }
    "java/io/FileOutputStream" {
        "writeBytes" "([BIIZ)V" Idempotent write_bytes;
        "write" "(IZ)V" Idempotent write_byte;
        "open0" "(Ljava/lang/String;Z)V" Short not_found;
    }
    "java/io/FileInputStream" {
        "open0" "(Ljava/lang/String;)V" Short not_found;
        "available0" "()I" Short zero;
    }
    "java/io/UnixFileSystem" {
        "canonicalize0" "(Ljava/lang/String;)Ljava/lang/String;" Short |call| Outcome::value(call.reference_at(1));
        "getBooleanAttributes0" "(Ljava/io/File;)I" Short zero;
        "getLength" "(Ljava/io/File;)J" Short zero;
        "getLastModifiedTime" "(Ljava/io/File;)J" Short zero;
        "checkAccess" "(Ljava/io/File;I)Z" Short zero;
        "list" "(Ljava/io/File;)[Ljava/lang/String;" Short zero;
    }
};

fn not_found(call: &mut Call<'_>) -> Outcome {
    match text(call, 1) {
        Ok(name) => {
            let text = alloc::format!("{name} (No such file or directory)");
            call.throw_java("java/io/FileNotFoundException", Some(&text))
        }
        Err(thrown) => thrown,
    }
}

/// Number of the file of a stream: 1 and 2 are the console.
fn number_of(call: &Call<'_>, stream: Addr) -> i32 {
    let descriptor = Value(get(call.vm, stream, "fd"));
    descriptor.as_object().map_or(-1, |descriptor| get(call.vm, descriptor, "fd") as u32 as i32)
}

fn write(call: &mut Call<'_>, bytes: &[u8]) -> Outcome {
    let this = call.this();
    match number_of(call, this) {
        1 => call.write_console(false, bytes),
        2 => call.write_console(true, bytes),
        _ => call.throw_java("java/io/IOException", Some("Stream Closed")),
    }
}

/// Writes piece by piece: number 1 says how many bytes are written.
fn write_bytes(call: &mut Call<'_>) -> Outcome {
    let bytes = match object(call, 1) {
        Ok(bytes) => bytes,
        Err(thrown) => return thrown,
    };
    let (from, count) = (call.int_at(2), call.int_at(3));
    let length = call.vm.array_len(bytes) as i64;
    if from < 0 || count < 0 || i64::from(from) + i64::from(count) > length {
        return call.throw_java("java/lang/IndexOutOfBoundsException", None);
    }
    let done = call.number(1) as i32;
    let part = (count - done).clamp(0, BYTES_MAX);
    let mut copy: Vec<u8> = alloc::vec![0; part as usize];
    call.vm.memory.read_bytes(bytes.add(array::DATA + (from + done) as u64), &mut copy);
    match write(call, &copy) {
        Outcome::Return(_) if done + part < count => {
            call.set_number(1, (done + part) as u64);
            call.set_phase(0);
            Outcome::Again
        }
        other => other,
    }
}

fn write_byte(call: &mut Call<'_>) -> Outcome {
    let byte = call.int_at(1) as u8;
    write(call, &[byte])
}
