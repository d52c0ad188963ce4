//! `java.net.NetworkInterface`: what the machine below says of its network, with the addresses of IPv4.

use crate::net::{failed, inet_address, parts};
use crate::process::ask;
use crate::support::{array_of, done, get, natives, set, text};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use layout::Value;
use platform::Known;
use vm::Native;
use vm::internal::{Call, Outcome};

/// Flags of interfaces (netdevice(7)).
const UP: u32 = 1;
const LOOPBACK: u32 = 8;
const POINT_TO_POINT: u32 = 0x10;
const RUNNING: u32 = 0x40;
const MULTICAST: u32 = 0x1000;

pub(crate) const NATIVES: &[Native] = natives! {
    "java/net/NetworkInterface" {
        "getAll" "()[Ljava/net/NetworkInterface;" Idempotent all;
        "getByName0" "(Ljava/lang/String;)Ljava/net/NetworkInterface;" Idempotent |call| {
            done(text(call, 0).and_then(|name| found(call, |one| one.name == name)))
        };
        "getByIndex0" "(I)Ljava/net/NetworkInterface;" Idempotent |call| {
            let index = call.int_at(0);
            done(found(call, |one| one.index == index))
        };
        "getByInetAddress0" "(Ljava/net/InetAddress;)Ljava/net/NetworkInterface;" Idempotent |call| {
            let wanted = number(call, 0);
            done(found(call, |one| one.addresses.iter().any(|(address, _)| Some(*address) == wanted)))
        };
        "boundInetAddress0" "(Ljava/net/InetAddress;)Z" Idempotent |call| {
            let wanted = number(call, 0);
            done(listed(call).map(|all| {
                let mut addresses = all.iter().flat_map(|one| &one.addresses);
                Outcome::truth(addresses.any(|(address, _)| Some(*address) == wanted))
            }))
        };
        "isUp0" "(Ljava/lang/String;I)Z" Idempotent |call| flags(call, UP | RUNNING);
        "isLoopback0" "(Ljava/lang/String;I)Z" Idempotent |call| flags(call, LOOPBACK);
        "supportsMulticast0" "(Ljava/lang/String;I)Z" Idempotent |call| flags(call, MULTICAST);
        "isP2P0" "(Ljava/lang/String;I)Z" Idempotent |call| flags(call, POINT_TO_POINT);
        "getMacAddr0" "([BLjava/lang/String;I)[B" Idempotent hardware_address;
        "getMTU0" "(Ljava/lang/String;I)I" Idempotent |call| {
            done(named(call, 0).map(|one| Outcome::int(one.map_or(0, |one| one.mtu))))
        };
    }
};

/// An interface as the machine below tells of it (`Known::Interfaces`).
struct Interface {
    index: i32,
    name: String,
    mtu: i32,
    flags: u32,
    hardware: Vec<u8>,
    /// Each with the length of its prefix in bits.
    addresses: Vec<(u32, u32)>,
}

fn parsed(line: &str) -> Option<Interface> {
    let mut words = line.split(' ');
    let index = words.next()?.parse().ok()?;
    let name = words.next()?.to_string();
    let mtu = words.next()?.parse().ok()?;
    let flags = words.next()?.parse().ok()?;
    let hardware = words.next()?.split(':').filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    let addresses = words.filter_map(|word| {
        let (address, prefix) = word.split_once('/')?;
        Some((parts(address).0, prefix.parse().ok()?))
    });
    Some(Interface { index, name, mtu, flags, hardware, addresses: addresses.collect() })
}

fn listed(call: &mut Call<'_>) -> Result<Vec<Interface>, Outcome> {
    match ask(call, Known::Interfaces)? {
        Ok(lines) => Ok(lines.iter().filter_map(|line| parsed(line)).collect()),
        Err(error) => Err(failed(call, &error)),
    }
}

/// That whose name is in an argument.
fn named(call: &mut Call<'_>, index: u64) -> Result<Option<Interface>, Outcome> {
    let name = text(call, index)?;
    Ok(listed(call)?.into_iter().find(|one| one.name == name))
}

/// The address in an argument, as a number.
fn number(call: &Call<'_>, index: u64) -> Option<u32> {
    let address = call.reference_at(index).as_object()?;
    let holder = Value(get(call.vm, address, "holder")).as_object()?;
    Some(get(call.vm, holder, "address") as u32)
}

fn flags(call: &mut Call<'_>, wanted: u32) -> Outcome {
    done(named(call, 0).map(|one| Outcome::truth(one.is_some_and(|one| one.flags & wanted == wanted))))
}

fn hardware_address(call: &mut Call<'_>) -> Outcome {
    let found = named(call, 1).map(|one| {
        let bytes = one.map(|one| one.hardware).unwrap_or_default();
        // That of the loopback interface is all zeros.
        if bytes.iter().all(|byte| *byte == 0) {
            return Outcome::value(Value::NULL);
        }
        let made = call.vm.make_bytes(bytes.len() as u64);
        call.vm.write_bytes(made, 0, &bytes);
        Outcome::object(made)
    });
    done(found)
}

fn found(call: &mut Call<'_>, is_wanted: impl Fn(&Interface) -> bool) -> Result<Outcome, Outcome> {
    match listed(call)?.into_iter().find(is_wanted) {
        Some(one) => object_of(call, &one).map(Outcome::value),
        None => Ok(Outcome::value(Value::NULL)),
    }
}

fn all(call: &mut Call<'_>) -> Outcome {
    let made = listed(call).and_then(|all| {
        let made: Result<Vec<Value>, Outcome> = all.iter().map(|one| object_of(call, one)).collect();
        array_of(call.vm, "java/net/NetworkInterface", &made?).map(Outcome::value).map_err(Outcome::Throw)
    });
    done(made)
}

/// A `java.net.NetworkInterface`.
fn object_of(call: &mut Call<'_>, one: &Interface) -> Result<Value, Outcome> {
    let class = call.vm.class_by_name("java/net/NetworkInterface").map_err(Outcome::Throw)?;
    let binding = call.vm.class_by_name("java/net/InterfaceAddress").map_err(Outcome::Throw)?;
    let (mut addresses, mut bindings) = (Vec::new(), Vec::new());
    for (address, prefix) in &one.addresses {
        let made = inet_address(call, *address, None)?;
        addresses.push(made);
        let bound = call.vm.new_object(binding);
        set(call.vm, bound, "address", made.0);
        set(call.vm, bound, "maskLength", u64::from(*prefix));
        if one.flags & LOOPBACK == 0 {
            let broadcast = inet_address(call, address | u32::MAX.checked_shr(*prefix).unwrap_or(0), None)?;
            set(call.vm, bound, "broadcast", broadcast.0);
        }
        bindings.push(Value::object(bound));
    }
    let made = call.vm.new_object(class);
    let name = call.vm.java_string(&one.name);
    set(call.vm, made, "name", name.0);
    set(call.vm, made, "displayName", name.0);
    set(call.vm, made, "index", u64::from(one.index as u32));
    for (field, class, elements) in [
        ("addrs", "java/net/InetAddress", &addresses),
        ("bindings", "java/net/InterfaceAddress", &bindings),
        ("childs", "java/net/NetworkInterface", &Vec::new()),
    ] {
        let array = array_of(call.vm, class, elements).map_err(Outcome::Throw)?;
        set(call.vm, made, field, array.0);
    }
    Ok(Value::object(made))
}
