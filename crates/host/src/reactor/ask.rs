//! What this machine says of itself: its name, this process, its users and groups.

use super::error::outside;
use nix::ifaddrs::getifaddrs;
use platform::{Fault, Known, OutsideError};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Names, or numbers as text.
pub(super) fn answer(what: &Known) -> Result<Vec<String>, OutsideError> {
    match what {
        Known::HostName => Ok(vec![read("/proc/sys/kernel/hostname")?.trim().to_string()]),
        Known::Process => {
            let user = rustix::process::geteuid().as_raw();
            let group = rustix::process::getegid().as_raw();
            Ok([std::process::id(), user, group].map(|number| number.to_string()).to_vec())
        }
        Known::Environment => {
            let variables = std::env::vars_os();
            Ok(variables
                .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
                .collect())
        }
        Known::Interfaces => interfaces(),
        Known::Mounts => Ok(read("/proc/self/mounts")?.lines().map(ToString::to_string).collect()),
        Known::User(number) => entry("/etc/passwd", 2, &number.to_string(), 0),
        Known::Group(number) => entry("/etc/group", 2, &number.to_string(), 0),
        Known::UserNamed(name) => entry("/etc/passwd", 0, name, 2),
        Known::GroupNamed(name) => entry("/etc/group", 0, name, 2),
    }
}

fn read(path: &str) -> Result<String, OutsideError> {
    std::fs::read_to_string(path).map_err(|error| outside(&error))
}

/// Those that have an address of IPv4, in the order of the kernel.
fn interfaces() -> Result<Vec<String>, OutsideError> {
    let all: Vec<_> = getifaddrs().map_err(|error| outside(&error.into()))?.collect();
    let mut lines: BTreeMap<u32, String> = BTreeMap::new();
    for one in all {
        let address = one.address.as_ref().and_then(|address| address.as_sockaddr_in());
        let mask = one.netmask.as_ref().and_then(|mask| mask.as_sockaddr_in());
        let (Some(address), Some(mask)) = (address, mask) else { continue };
        let name = &one.interface_name;
        let told = |what: &str| Ok(read(&format!("/sys/class/net/{name}/{what}"))?.trim().to_string());
        let index = told("ifindex")?;
        let line = match lines.entry(index.parse().unwrap_or(0)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let hardware = told("address").ok().filter(|address| !address.is_empty());
                let hardware = hardware.unwrap_or_else(|| "-".to_string());
                free.insert(format!("{index} {name} {} {} {hardware}", told("mtu")?, one.flags.bits()))
            }
        };
        line.push_str(&format!(" {}/{}", address.ip(), u32::from(mask.ip()).count_ones()));
    }
    Ok(lines.into_values().collect())
}

/// A field of the line whose other field is this (passwd(5), group(5)).
fn entry(path: &str, key: usize, value: &str, wanted: usize) -> Result<Vec<String>, OutsideError> {
    let text = read(path)?;
    let mut lines = text.lines().map(|line| line.split(':'));
    let line = lines.find(|line| line.clone().nth(key) == Some(value));
    match line.and_then(|mut line| line.nth(wanted)) {
        Some(found) => Ok(vec![found.to_string()]),
        None => Err(OutsideError::new(Fault::NotFound, "there is no such user or group")),
    }
}
