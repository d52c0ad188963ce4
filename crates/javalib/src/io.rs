//! Files as the library sees them: the standard streams of the program, and the files of the JDK, which are read whole
//! when they are opened, so that a restart finds them as they were. No other file exists yet.

use crate::support::{get, natives, object, set, text, zero};
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
        "open0" "(Ljava/lang/String;)V" Short open;
        "available0" "()I" Short |call| { let left = left_of(call); Outcome::int(left.min(i64::from(i32::MAX)) as i32) };
        "read0" "()I" Short read_byte;
        "readBytes" "([BII)I" Short read_bytes;
        "skip0" "(J)J" Short skip;
        "length0" "()J" Short |call| { let this = call.this(); Outcome::long(content_of(call, this).map_or(0, |content| call.vm.array_len(content)) as i64) };
        "position0" "()J" Short |call| { let this = call.this(); Outcome::Return(get(call.vm, this, "$position")) };
    }
    "jdk/internal/module/SystemModuleFinders$SystemModuleReader" {
        "containsImageLocation" "(Ljava/lang/String;)Z" Short |call| { let found = resource(call); Outcome::truth(found.is_some()) };
        "open" "(Ljava/lang/String;)Ljava/util/Optional;" Short open_resource;
    }
    "sun/nio/fs/UnixNativeDispatcher" {
        "init" "()I" Short zero;
        "getcwd" "()[B" Short |call| { let made = call.vm.make_bytes(1); call.vm.write_bytes(made, 0, b"/"); Outcome::object(made) };
        "exists0" "(J)Z" Short zero;
    }
    "java/io/UnixFileSystem" {
        "canonicalize0" "(Ljava/lang/String;)Ljava/lang/String;" Short |call| Outcome::value(call.reference_at(1));
        "getBooleanAttributes0" "(Ljava/io/File;)I" Short attributes;
        "getLength" "(Ljava/io/File;)J" Short zero;
        "getLastModifiedTime" "(Ljava/io/File;)J" Short zero;
        "checkAccess" "(Ljava/io/File;I)Z" Short |call| { let found = attributes(call); Outcome::truth(found != Outcome::Return(0)) };
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

/// Where the library takes itself to be installed (`java.home`).
const HOME: &str = "/java/";

/// Opens a file of the JDK.
fn open(call: &mut Call<'_>) -> Outcome {
    let name = match text(call, 1) {
        Ok(name) => name,
        Err(thrown) => return thrown,
    };
    let found = name.strip_prefix(HOME).and_then(|path| call.vm.library_file(path));
    let Some(content) = found else { return not_found(call) };
    let this = call.this();
    let bytes = call.vm.make_bytes(content.len() as u64);
    call.vm.write_bytes(bytes, 0, &content);
    set(call.vm, this, "$content", bytes.0);
    set(call.vm, this, "$position", 0);
    if let Some(descriptor) = Value(get(call.vm, this, "fd")).as_object() {
        set(call.vm, descriptor, "fd", OPENED);
    }
    Outcome::VOID
}

/// A resource of the module whose reader is the receiver.
fn resource(call: &mut Call<'_>) -> Option<Vec<u8>> {
    let this = call.this();
    let module = call.vm.java_text(Value(get(call.vm, this, "module")))?;
    let name = call.vm.java_text(call.reference_at(1))?;
    call.vm.library_file(&alloc::format!("modules/{module}/{name}"))
}

/// An `Optional` with a stream of a resource's bytes.
fn open_resource(call: &mut Call<'_>) -> Outcome {
    let classes =
        (call.vm.class_by_name("java/util/Optional"), call.vm.class_by_name("java/io/ByteArrayInputStream"));
    let (Ok(optional), Ok(stream)) = classes else {
        return call.throw_java("java/lang/InternalError", None);
    };
    let made = call.vm.new_object(optional);
    if let Some(content) = resource(call) {
        let bytes = call.vm.make_bytes(content.len() as u64);
        call.vm.write_bytes(bytes, 0, &content);
        let stream = call.vm.new_object(stream);
        set(call.vm, stream, "buf", bytes.0);
        set(call.vm, stream, "count", content.len() as u64);
        set(call.vm, made, "value", stream.0);
    }
    Outcome::object(made)
}

/// Number of every file that is open besides the standard streams.
const OPENED: u64 = 3;

fn content_of(call: &Call<'_>, stream: Addr) -> Option<Addr> {
    Value(get(call.vm, stream, "$content")).as_object()
}

/// Bytes that are left.
fn left_of(call: &Call<'_>) -> i64 {
    let this = call.this();
    let length = content_of(call, this).map_or(0, |content| call.vm.array_len(content));
    length as i64 - get(call.vm, this, "$position") as i64
}

fn read_byte(call: &mut Call<'_>) -> Outcome {
    let this = call.this();
    let at = get(call.vm, this, "$position");
    match content_of(call, this).filter(|content| at < call.vm.array_len(*content)) {
        Some(content) => {
            set(call.vm, this, "$position", at + 1);
            Outcome::int(i32::from(call.vm.memory.load_u8(content.add(array::DATA + at))))
        }
        None => Outcome::int(-1),
    }
}

fn read_bytes(call: &mut Call<'_>) -> Outcome {
    let bytes = match object(call, 1) {
        Ok(bytes) => bytes,
        Err(thrown) => return thrown,
    };
    let (from, count) = (call.int_at(2), call.int_at(3));
    let length = call.vm.array_len(bytes) as i64;
    if from < 0 || count < 0 || i64::from(from) + i64::from(count) > length {
        return call.throw_java("java/lang/IndexOutOfBoundsException", None);
    }
    let (this, left) = (call.this(), left_of(call));
    if count == 0 {
        return Outcome::int(0);
    }
    let Some(content) = content_of(call, this).filter(|_| left > 0) else { return Outcome::int(-1) };
    let count = i64::from(count).min(left) as u64;
    let at = get(call.vm, this, "$position");
    call.vm.copy_bytes(content, at, bytes, from as u64, count);
    set(call.vm, this, "$position", at + count);
    Outcome::int(count as i32)
}

fn skip(call: &mut Call<'_>) -> Outcome {
    let (this, wanted) = (call.this(), call.long_at(1));
    let skipped = wanted.clamp(0, left_of(call).max(0));
    let at = get(call.vm, this, "$position");
    set(call.vm, this, "$position", at + skipped as u64);
    Outcome::long(skipped)
}

/// `UnixFileSystem.getBooleanAttributes0`: bit 0 that a file exists, bit 1 that it is a regular one.
fn attributes(call: &mut Call<'_>) -> Outcome {
    const EXISTS: i32 = 1;
    const REGULAR: i32 = 2;
    let path = call.reference_at(1).as_object().map(|file| Value(get(call.vm, file, "path")));
    let path = path.and_then(|path| call.vm.java_text(path)).unwrap_or_default();
    let found = path.strip_prefix(HOME).and_then(|path| call.vm.library_file(path));
    Outcome::int(if found.is_some() { EXISTS | REGULAR } else { 0 })
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
