//! How sockets are set up: the settings stand in the world, so that they hold again after a restart.
//!
//! A socket has no use for the fields of a connector by which a file is known. They hold the settings: `DEVICE` a bit for
//! each that was set and, above it, the switches that are on; `INODE` the sizes of the buffers, what goes out in the lower
//! half; `BORN_NS` the seconds of lingering in the lower half, the type of service in the upper. The upper bits of
//! `POSITION` are the number of the handle to which they were told last.

use crate::net::{LISTENS, nonsense, socket_at};
use crate::support::done;
use base::Addr;
use layout::schema::connector;
use platform::{Done, Operation, SocketOption};
use vm::internal::{Call, Outcome};

/// All that the machine below is told.
const ALL: [SocketOption; 7] = [
    SocketOption::KeepAlive,
    SocketOption::NoDelay,
    SocketOption::Linger,
    SocketOption::SendBuffer,
    SocketOption::ReceiveBuffer,
    SocketOption::TypeOfService,
    SocketOption::Broadcast,
];
/// Whether an address may be used again: for sockets that listen it may, for others it makes no difference here.
const REUSE: u32 = ALL.len() as u32;
/// By how much a switch stands above the bit that says that it was set.
const SWITCHES: u32 = 32;
/// What is told of buffers whose size nobody knows.
const BUFFER_BYTES: i32 = 64 << 10;

/// The setting that Linux numbers so.
fn named(level: i32, option: i32) -> Option<SocketOption> {
    match (level, option) {
        (1, 9) => Some(SocketOption::KeepAlive),
        (6, 1) => Some(SocketOption::NoDelay),
        (1, 13) => Some(SocketOption::Linger),
        (1, 7) => Some(SocketOption::SendBuffer),
        (1, 8) => Some(SocketOption::ReceiveBuffer),
        (0, 1) => Some(SocketOption::TypeOfService),
        (1, 6) => Some(SocketOption::Broadcast),
        _ => None,
    }
}
fn is_reuse(level: i32, option: i32) -> bool {
    matches!((level, option), (1, 2 | 15))
}

fn bit(option: SocketOption) -> u32 {
    ALL.iter().position(|known| *known == option).unwrap_or(0) as u32
}

/// Field and shift of a number; none of a switch.
fn place(option: SocketOption) -> Option<(u64, u32)> {
    match option {
        SocketOption::SendBuffer => Some((connector::INODE, 0)),
        SocketOption::ReceiveBuffer => Some((connector::INODE, 32)),
        SocketOption::Linger => Some((connector::BORN_NS, 0)),
        SocketOption::TypeOfService => Some((connector::BORN_NS, 32)),
        SocketOption::KeepAlive | SocketOption::NoDelay | SocketOption::Broadcast => None,
    }
}

fn flag(call: &Call<'_>, object: Addr, bit: u32) -> bool {
    call.vm.get_u64(object, connector::DEVICE) >> bit & 1 != 0
}
fn set_flag(call: &mut Call<'_>, object: Addr, bit: u32, on: bool) {
    let flags = call.vm.get_u64(object, connector::DEVICE);
    call.vm.set_u64(object, connector::DEVICE, flags & !(1 << bit) | u64::from(on) << bit);
}

/// What was set, if it was.
fn known(call: &Call<'_>, object: Addr, option: SocketOption) -> Option<i32> {
    if !flag(call, object, bit(option)) {
        return None;
    }
    Some(match place(option) {
        Some((field, shift)) => (call.vm.get_u64(object, field) >> shift) as u32 as i32,
        None => flag(call, object, SWITCHES + bit(option)).into(),
    })
}

/// Tells the machine below how a socket is set up, when what the socket has open was not told.
pub(crate) fn set_up(call: &mut Call<'_>, object: Addr) {
    let Some(handle) = call.attached(object) else { return };
    let position = call.vm.get_u64(object, connector::POSITION);
    let told = position & LISTENS | handle.0 << 1;
    if position == told {
        return;
    }
    call.vm.set_u64(object, connector::POSITION, told);
    for option in ALL {
        if let Some(value) = known(call, object, option) {
            // What the machine below refuses it refuses at every time.
            let _ = call.vm.submit_unwatched(Operation::SetOption { handle, option, value });
        }
    }
}

/// `setIntOption0`: of a socket, level, option, value.
pub(crate) fn set_option(call: &mut Call<'_>) -> Outcome {
    let (level, number, value) = (call.int_at(2), call.int_at(3), call.int_at(4));
    let set = socket_at(call, 0).and_then(|object| {
        if is_reuse(level, number) {
            set_flag(call, object, REUSE, true);
            set_flag(call, object, SWITCHES + REUSE, value != 0);
            return Ok(Outcome::VOID);
        }
        // What multicasts are for there is not.
        let Some(option) = named(level, number) else { return Ok(Outcome::VOID) };
        match place(option) {
            Some((field, shift)) => {
                let others = call.vm.get_u64(object, field) & !(0xffff_ffff << shift);
                call.vm.set_u64(object, field, others | u64::from(value as u32) << shift);
            }
            None => set_flag(call, object, SWITCHES + bit(option), value != 0),
        }
        set_flag(call, object, bit(option), true);
        if let Some(handle) = call.attached(object)
            && let Some(Err(error)) = call.vm.submit_unwatched(Operation::SetOption { handle, option, value })
        {
            return Err(crate::net::failed(call, &error));
        }
        Ok(Outcome::VOID)
    });
    done(set)
}

/// `getIntOption0`: of a socket, level, option.
pub(crate) fn get_option(call: &mut Call<'_>) -> Outcome {
    let (level, number) = (call.int_at(2), call.int_at(3));
    let found = socket_at(call, 0).and_then(|object| {
        if is_reuse(level, number) {
            let listens = call.vm.get_u64(object, connector::POSITION) & LISTENS != 0;
            let set = flag(call, object, REUSE);
            let on = if set { flag(call, object, SWITCHES + REUSE) } else { listens };
            return Ok(Outcome::truth(on));
        }
        let Some(option) = named(level, number) else { return Ok(Outcome::int(0)) };
        if let Some(value) = known(call, object, option) {
            return Ok(Outcome::int(if option == SocketOption::Linger { value.max(-1) } else { value }));
        }
        Ok(Outcome::int(match option {
            SocketOption::Linger => -1,
            SocketOption::SendBuffer | SocketOption::ReceiveBuffer => {
                let handle = call.attached(object);
                let told = handle
                    .and_then(|handle| call.vm.submit_unwatched(Operation::GetOption { handle, option }));
                match told {
                    None => BUFFER_BYTES,
                    Some(Ok(Done::Number(bytes))) => bytes.min(i32::MAX as u64) as i32,
                    Some(Ok(_)) => return Err(nonsense(call)),
                    Some(Err(error)) => return Err(crate::net::failed(call, &error)),
                }
            }
            _ => 0,
        }))
    });
    done(found)
}
