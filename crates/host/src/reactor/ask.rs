//! What this machine says of itself: its name, this process, its users and groups.

use super::error::outside;
use nix::ifaddrs::getifaddrs;
use platform::{Fault, Known, OutsideError};

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

fn interfaces() -> Result<Vec<String>, OutsideError> {
    let addresses: Vec<_> = getifaddrs().map_err(|error| outside(&error.into()))?.collect();
    let mut names: Vec<&str> = addresses.iter().map(|one| one.interface_name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut lines = Vec::new();
    for name in names {
        let told = |what: &str| Ok(read(&format!("/sys/class/net/{name}/{what}"))?.trim().to_string());
        let flags = told("flags")?;
        let flags = u32::from_str_radix(flags.trim_start_matches("0x"), 16).unwrap_or(0);
        let hardware = told("address").ok().filter(|address| !address.is_empty());
        let hardware = hardware.unwrap_or_else(|| "-".to_string());
        let mut line = format!("{} {name} {} {flags} {hardware}", told("ifindex")?, told("mtu")?);
        for one in addresses.iter().filter(|one| one.interface_name == name) {
            let address = one.address.as_ref().and_then(|address| address.as_sockaddr_in());
            let mask = one.netmask.as_ref().and_then(|mask| mask.as_sockaddr_in());
            if let (Some(address), Some(mask)) = (address, mask) {
                line.push_str(&format!(" {}/{}", address.ip(), u32::from(mask.ip()).count_ones()));
            }
        }
        // So that they come in the order of the kernel.
        lines.push((told("ifindex")?.parse::<u32>().unwrap_or(0), line));
    }
    lines.sort_unstable();
    Ok(lines.into_iter().map(|(_, line)| line).collect())
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
