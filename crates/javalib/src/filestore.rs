//! Room of file systems, and where they are mounted: `java.io.File` and `java.nio.file.FileStore`.

use crate::descriptors::{Open, Refused, close, enter, nonsense, open_at};
use crate::files::{at_place, file_path};
use crate::nio::{bytes_of, settled, unix_exception};
use crate::offheap;
use crate::process::ask;
use crate::support::{done, natives, nothing, object, set};
use alloc::string::String;
use layout::Value;
use platform::{Done, Known, Operation};
use vm::internal::{Call, Outcome};
use vm::{Native, Purpose};

/// What `File` asks for: all bytes, those that are free; else those that may be used.
const TOTAL: i32 = 0;
const FREE: i32 = 1;

pub(crate) const NATIVES: &[Native] = natives! {
    "java/io/UnixFileSystem" {
        "getSpace" "(Ljava/io/File;I)J" Idempotent space_of_file;
    }
    "sun/nio/fs/UnixNativeDispatcher" {
        // How long a line is need not be known: its text goes to the entry by no buffer.
        "getlinelen" "(J)I" Short |_| Outcome::int(-1);
        "rewind" "(J)V" Short nothing;
        "statvfs0" "(JLsun/nio/fs/UnixFileStoreAttributes;)V" Idempotent space;
    }
    "sun/nio/fs/LinuxNativeDispatcher" {
        "setmntent0" "(JJ)J" Idempotent open_mounts;
        "getmntent0" "(JLsun/nio/fs/UnixMountEntry;JI)I" Short next_mount;
        "endmntent" "(J)V" Short |call| { let fd = call.long_at(0) as i32; close(call, fd); nothing(call) };
    }
};

fn space_of_file(call: &mut Call<'_>) -> Outcome {
    let wanted = call.int_at(2);
    let found = file_path(call, 1).and_then(|path| {
        match at_place(call, &path, Purpose::Read, |place| Operation::Space { place }) {
            Ok(Ok(Done::Space { block_bytes, blocks, free, usable })) => {
                let count = match wanted {
                    TOTAL => blocks,
                    FREE => free,
                    _ => usable,
                };
                Ok(Outcome::long(count.saturating_mul(block_bytes) as i64))
            }
            Err(Refused::Leave(outcome)) => Err(outcome),
            _ => Ok(Outcome::long(0)),
        }
    });
    done(found)
}

fn space(call: &mut Call<'_>) -> Outcome {
    let found = offheap::path(call, 0).and_then(|path| {
        let target = object(call, 1)?;
        let result = at_place(call, &path, Purpose::Read, |place| Operation::Space { place });
        let Done::Space { block_bytes, blocks, free, usable } = settled(call, &path, result)? else {
            return Err(nonsense(call));
        };
        for (field, value) in
            [("f_frsize", block_bytes), ("f_blocks", blocks), ("f_bfree", free), ("f_bavail", usable)]
        {
            set(call.vm, target, field, value);
        }
        Ok(Outcome::VOID)
    });
    done(found)
}

/// Keeps what is mounted in the world, with how many lines were read in front, under a number like those of files.
fn open_mounts(call: &mut Call<'_>) -> Outcome {
    let opened = ask(call, Known::Mounts).map(|lines| {
        let lines = lines.unwrap_or_default();
        let list = call.vm.make_ref_array(lines.len() as u64 + 1);
        call.vm.array_set(list, 0, Value::int(0));
        for (index, line) in lines.iter().enumerate() {
            let line = call.vm.make_string(line.as_bytes());
            call.vm.array_set(list, index as u64 + 1, Value::object(line));
        }
        Outcome::long(i64::from(enter(call, list)))
    });
    done(opened)
}

/// Fills a `UnixMountEntry`; -1 when there is none left.
fn next_mount(call: &mut Call<'_>) -> Outcome {
    const NAMES: [&str; 4] = ["name", "dir", "fstype", "opts"];
    let fd = call.long_at(0) as i32;
    let Some(Open::Object(list)) = open_at(call, fd) else { return unix_exception(call, 9, None) };
    let next = call.vm.array_get(list, 0).as_int().unwrap_or(0) + 1;
    if next as u64 >= call.vm.array_len(list) {
        return Outcome::int(-1);
    }
    call.vm.array_set(list, 0, Value::int(next));
    let line = call.vm.string_bytes_of(call.vm.array_get(list, next as u64)).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    let filled = object(call, 1).map(|entry| {
        for (field, word) in NAMES.iter().zip(line.split(' ')) {
            let bytes = bytes_of(call, unescaped(word).as_bytes());
            if let Outcome::Return(bytes) = bytes {
                set(call.vm, entry, field, bytes);
            }
        }
        Outcome::int(0)
    });
    done(filled)
}

/// A word without the escapes of fstab(5).
fn unescaped(word: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(String::from(word), |word, (escape, meant)| word.replace(escape, meant))
}
