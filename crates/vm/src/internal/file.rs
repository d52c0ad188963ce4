//! `.internal.io`: files of the host, and what there is in its folders.
//!
//! Reads and writes say where in the file they are, so that doing one again after a restart does no harm; the position
//! moves when one has ended. A file is opened again by the first call that needs it, and must be the same file.

use super::outside::Form;
use super::support::{Step, methods};
use super::{Call, Methods, Outcome};
use crate::connectors::call::Entry;
use crate::connectors::grants::Purpose;
use alloc::format;
use alloc::string::String;
use base::Addr;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{connector, connector_option, connector_state};
use platform::{Access, Done, Ended, Fault, FileFacts, Handle, Operation, Place};

pub(super) const METHODS: Methods = methods! {
    8 |call: &mut Call<'_>| open(call, Access::Write);
    9 close;
    10 |call: &mut Call<'_>| read(call, Form::Text);
    11 write;
    16 seek;
    17 |call: &mut Call<'_>| open(call, Access::Read);
    18 |call: &mut Call<'_>| read(call, Form::Binary);
    19 |call: &mut Call<'_>| -> Step { let size = size_now(call, "measure")?; Ok(Outcome::long(size as i64)) };
    20 sync;
    21 resize;
    22 |call: &mut Call<'_>| -> Step { Ok(Outcome::long(call.vm.get_u64(call.this(), connector::POSITION) as i64)) };
    23 exists;
    24 list;
    25 |call: &mut Call<'_>| change(call, "remove", |place| Operation::Remove { place });
    26 rename;
    27 |call: &mut Call<'_>| change(call, "make", |place| Operation::MakeDirectory { place });
    28 |call: &mut Call<'_>| -> Step { let facts = stat(call)?; Ok(Outcome::truth(facts.is_directory)) };
    29 |call: &mut Call<'_>| -> Step { let facts = stat(call)?; Ok(Outcome::long((facts.modified_ns / NS_PER_MS) as i64)) };
    30 |call: &mut Call<'_>| -> Step { let facts = stat(call)?; Ok(Outcome::long(facts.size as i64)) };
};

const NS_PER_MS: u64 = 1_000_000;
/// Positions beyond make no sense to the host.
const POSITION_MAX: u64 = i64::MAX as u64;
const PATH: &str = "io path is not a string";

fn open(call: &mut Call<'_>, access: Access) -> Step {
    let object = call.this();
    let path = call.plain_text(0, PATH)?;
    let path = call.vm.absolute(call.thread, &path);
    let what = format!("open {path}");
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            let place = granted(call, &path, access)?;
            call.close(object);
            call.open(|handle| Operation::OpenFile { handle, place, access })?
        }
    };
    match ended {
        Ok(Done::File(facts)) => {
            call.opened(object);
            call.set_text(object, connector::ADDRESS, &path);
            call.vm.set_u64(object, connector::POSITION, 0);
            call.vm.set_u64(object, connector::DEVICE, facts.device);
            call.vm.set_u64(object, connector::INODE, facts.inode);
            call.vm.set_u64(object, connector::BORN_NS, facts.born_ns);
            let durable = call.vm.get_u32(object, connector::OPTIONS) & connector_option::DURABLE;
            let how = if access == Access::Read { connector_option::READ_ONLY } else { 0 };
            call.vm.set_u32(object, connector::OPTIONS, durable | how);
            call.vm.set_u32(object, connector::STATE, connector_state::OPEN);
            Ok(Outcome::VOID)
        }
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

/// The place of a file that the program may open so: for writing also what it may only write, for reading what it may read.
fn granted(call: &mut Call<'_>, path: &str, access: Access) -> Result<Place, Outcome> {
    match access {
        Access::Read => call.granted_place(path, Purpose::Read),
        // What is open for writing can be read too.
        Access::Write | Access::Existing | Access::Truncate | Access::New => {
            call.granted_place(path, Purpose::Read)?;
            call.granted_place(path, Purpose::Write)
        }
    }
}

fn close(call: &mut Call<'_>) -> Step {
    let object = call.this();
    call.close(object);
    Ok(Outcome::VOID)
}

/// What the method does to the open file, or the end of that.
enum Stage {
    Do(Handle),
    Done(Ended),
}

/// Opens the file again if the world was restarted. Reference 0: the connector, while it is opened again.
fn stage(call: &mut Call<'_>, what: &str) -> Result<Stage, Outcome> {
    let object = call.this();
    match call.entry()? {
        Entry::Ended(ended) if !call.reference(0).is_null() => {
            call.set_reference(0, Value::NULL);
            reopened(call, object, ended, what).map(Stage::Do)
        }
        Entry::Ended(ended) => Ok(Stage::Done(ended)),
        Entry::Fresh | Entry::Lost => {
            if let Some(handle) = call.attached(object) {
                return Ok(Stage::Do(handle));
            }
            if call.connector_state(object) != connector_state::OPEN {
                return Err(call.throw_kernel(ClassId::Io, "the file is not open: call `open` first"));
            }
            let path = call.address_text(object);
            let read_only = call.vm.get_u32(object, connector::OPTIONS) & connector_option::READ_ONLY != 0;
            let access = if read_only { Access::Read } else { Access::Existing };
            let place = granted(call, &path, access)?;
            call.set_reference(0, Value::object(object));
            let ended = call.open(|handle| Operation::OpenFile { handle, place, access })?;
            call.set_reference(0, Value::NULL);
            reopened(call, object, ended, what).map(Stage::Do)
        }
    }
}

fn reopened(call: &mut Call<'_>, object: Addr, ended: Ended, what: &str) -> Result<Handle, Outcome> {
    match ended {
        Ok(Done::File(facts)) => {
            call.opened(object);
            let known = [connector::DEVICE, connector::INODE, connector::BORN_NS];
            let known = known.map(|field| call.vm.get_u64(object, field));
            if known != [facts.device, facts.inode, facts.born_ns] {
                call.close(object);
                let text = format!(
                    "cannot {what}: since the world was restarted another file stands there; open it again"
                );
                return Err(call.throw_kernel(ClassId::Io, &text));
            }
            call.attached(object).ok_or_else(|| call.nonsense(what))
        }
        Ok(_) => Err(call.nonsense(what)),
        Err(error) => {
            call.close(object);
            Err(call.failed(what, &error))
        }
    }
}

fn read(call: &mut Call<'_>, form: Form) -> Step {
    let object = call.this();
    let wanted = call.int(0);
    let most = call.read_size(wanted, "io.read")?;
    let what = format!("read {}", call.address_text(object));
    let offset = call.vm.get_u64(object, connector::POSITION);
    let ended = match stage(call, &what)? {
        Stage::Done(ended) => ended,
        Stage::Do(handle) => call.operation(Operation::ReadAt { handle, offset, most })?,
    };
    match ended {
        Ok(Done::Data(bytes)) if bytes.is_empty() => Ok(Outcome::value(Value::NULL)),
        Ok(Done::Data(bytes)) => {
            let (made, len) = call.brought(bytes, form)?;
            call.vm.set_u64(object, connector::POSITION, offset + len);
            Ok(Outcome::object(made))
        }
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

fn write(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let payload = call.payload(0, "io.write data is neither a string nor a binary")?;
    let what = format!("write {} bytes to {}", payload.len, call.address_text(object));
    writable(call, object, &what)?;
    let offset = call.vm.get_u64(object, connector::POSITION);
    if offset.saturating_add(payload.len) > POSITION_MAX {
        return Err(call.throw_kernel(ClassId::Io, &format!("cannot {what}: the position is too large")));
    }
    let ended = match stage(call, &what)? {
        Stage::Done(ended) => ended,
        Stage::Do(handle) => {
            call.hold(object)?;
            let bytes = call.gathered(payload)?;
            call.operation(Operation::WriteAt { handle, offset, bytes })?
        }
    };
    match ended {
        Ok(_) => {
            call.vm.set_u64(object, connector::POSITION, offset + call.sent());
            Ok(Outcome::VOID)
        }
        Err(error) => Err(call.failed(&what, &error)),
    }
}

fn writable(call: &mut Call<'_>, object: Addr, what: &str) -> Result<(), Outcome> {
    if call.vm.get_u32(object, connector::OPTIONS) & connector_option::READ_ONLY == 0 {
        return Ok(());
    }
    let text = format!("cannot {what}: it was opened for reading only; open it with `open`");
    Err(call.throw_kernel(ClassId::Io, &text))
}

/// The size of the open file, by its name: so a file that is gone is noticed.
fn size_now(call: &mut Call<'_>, verb: &str) -> Result<u64, Outcome> {
    let object = call.this();
    let path = call.address_text(object);
    let what = format!("{verb} {path}");
    let ended = match stage(call, &what)? {
        Stage::Done(ended) => ended,
        Stage::Do(_) => {
            let place = call.granted_place(&path, Purpose::Read)?;
            call.operation(Operation::Stat { place })?
        }
    };
    match ended {
        Ok(Done::File(facts)) => Ok(facts.size),
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

fn seek(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let (by, whence) = (call.long(0), call.int(1));
    let from = match whence {
        0 => 0,
        1 => call.vm.get_u64(object, connector::POSITION),
        2 => size_now(call, "seek in")?,
        _ => return Err(call.throw_string(&format!("io.seek whence is not 0, 1 or 2: {whence}"))),
    };
    let position = from.checked_add_signed(by).filter(|position| *position <= POSITION_MAX);
    let Some(position) = position else {
        return Err(call.throw_string(&format!("io.seek leads before the start or too far: {by}")));
    };
    call.vm.set_u64(object, connector::POSITION, position);
    Ok(Outcome::long(position as i64))
}

fn sync(call: &mut Call<'_>) -> Step {
    let what = format!("sync {}", call.address_text(call.this()));
    let ended = match stage(call, &what)? {
        Stage::Done(ended) => ended,
        Stage::Do(handle) => call.operation(Operation::Sync { handle })?,
    };
    ended.map(|_| Outcome::VOID).map_err(|error| call.failed(&what, &error))
}

fn resize(call: &mut Call<'_>) -> Step {
    let object = call.this();
    let what = format!("resize {}", call.address_text(object));
    writable(call, object, &what)?;
    let size = call.long(0);
    let Ok(size) = u64::try_from(size) else {
        return Err(call.throw_string(&format!("io.resize size is negative: {size}")));
    };
    let ended = match stage(call, &what)? {
        Stage::Done(ended) => ended,
        Stage::Do(handle) => {
            call.hold(object)?;
            call.operation(Operation::Resize { handle, size })?
        }
    };
    ended.map(|_| Outcome::VOID).map_err(|error| call.failed(&what, &error))
}

fn path(call: &mut Call<'_>, index: u64) -> Result<String, Outcome> {
    let path = call.plain_text(index, PATH)?;
    Ok(call.vm.absolute(call.thread, &path))
}

/// Asks what stands at the path in parameter 0.
fn ask(call: &mut Call<'_>, operation: fn(Place) -> Operation) -> Result<(String, Ended), Outcome> {
    let path = path(call, 0)?;
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Fresh | Entry::Lost => {
            let place = call.granted_place(&path, Purpose::Read)?;
            call.operation(operation(place))?
        }
    };
    Ok((path, ended))
}

fn stat(call: &mut Call<'_>) -> Result<FileFacts, Outcome> {
    let (path, ended) = ask(call, |place| Operation::Stat { place })?;
    let what = format!("look at {path}");
    match ended {
        Ok(Done::File(facts)) => Ok(facts),
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

fn exists(call: &mut Call<'_>) -> Step {
    let (path, ended) = ask(call, |place| Operation::Stat { place })?;
    match ended {
        Ok(_) => Ok(Outcome::truth(true)),
        Err(error) if matches!(error.fault, Fault::NotFound | Fault::NotDirectory) => {
            Ok(Outcome::truth(false))
        }
        Err(error) => Err(call.failed(&format!("look at {path}"), &error)),
    }
}

fn list(call: &mut Call<'_>) -> Step {
    let (path, ended) = ask(call, |place| Operation::List { place })?;
    let what = format!("list {path}");
    match ended {
        Ok(Done::Names(names)) => Ok(Outcome::object(call.brought_names(names)?)),
        Ok(_) => Err(call.nonsense(&what)),
        Err(error) => Err(call.failed(&what, &error)),
    }
}

/// Does something to what stands at a path.
fn change(call: &mut Call<'_>, verb: &str, operation: fn(Place) -> Operation) -> Step {
    let path = path(call, 0)?;
    let what = format!("{verb} {path}");
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Lost => return Err(call.unknown(&what)),
        Entry::Fresh => {
            let place = call.granted_place(&path, Purpose::Write)?;
            let object = call.this();
            call.hold(object)?;
            call.operation(operation(place))?
        }
    };
    ended.map(|_| Outcome::VOID).map_err(|error| call.failed(&what, &error))
}

fn rename(call: &mut Call<'_>) -> Step {
    let (from, to) = (path(call, 0)?, path(call, 1)?);
    let what = format!("rename {from} to {to}");
    let ended = match call.entry()? {
        Entry::Ended(ended) => ended,
        Entry::Lost => return Err(call.unknown(&what)),
        Entry::Fresh => {
            let from = call.granted_place(&from, Purpose::Write)?;
            let to = call.granted_place(&to, Purpose::Write)?;
            let object = call.this();
            call.hold(object)?;
            call.operation(Operation::Rename { from, to })?
        }
    };
    ended.map(|_| Outcome::VOID).map_err(|error| call.failed(&what, &error))
}
