//! What a program was granted, and whether something is within it.
//!
//! Grants stand in the program object as strings, see [`Vm::set_grants`]; a thread without a program has none.

use crate::Vm;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use layout::schema::{program, thread};
use platform::Place;

/// What a place in the file system is wanted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Reading.
    Read,
    /// Writing.
    Write,
}

impl Vm {
    fn grants(&self, thread: Addr) -> Vec<String> {
        self.grants_of(self.owner_of(thread))
    }

    /// The program of a thread.
    pub fn owner_of(&self, thread: Addr) -> Option<Addr> {
        if thread.is_null() { None } else { self.get_ref(thread, thread::PROGRAM).as_object() }
    }

    fn grants_of(&self, owner: Option<Addr>) -> Vec<String> {
        let Some(list) = owner.and_then(|owner| self.get_ref(owner, program::GRANTS).as_object()) else {
            return Vec::new();
        };
        let texts = (0..self.array_len(list)).filter_map(|at| self.string_bytes_of(self.array_get(list, at)));
        texts.map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
    }

    /// Whether a thread may use an address of the network.
    ///
    /// # Errors
    /// Why not, with the option that grants it.
    pub fn may_net(&self, thread: Addr, address: &str) -> Result<(), String> {
        self.program_may_net(self.owner_of(thread), address)
    }

    /// As [`Vm::may_net`], of a program.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn program_may_net(&self, owner: Option<Addr>, address: &str) -> Result<(), String> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let granted = self.grants_of(owner).iter().any(|grant| match grant.split_once('=') {
            None => grant == "net",
            Some(("net", at)) => at.eq_ignore_ascii_case(address) || at.eq_ignore_ascii_case(host),
            Some(_) => false,
        });
        if granted {
            return Ok(());
        }
        Err(format!(
            "the program may not use {address}; start it with --allow-net={address}, or --allow-net for all"
        ))
    }

    /// Whether a thread may start a program of the host.
    ///
    /// # Errors
    /// Why not, with the option that grants it.
    pub fn may_start(&self, thread: Addr, wanted: &str) -> Result<(), String> {
        let own = format!("run={wanted}");
        if self.grants(thread).iter().any(|grant| grant == "run" || *grant == own) {
            return Ok(());
        }
        Err(format!(
            "the program may not run {wanted}; start it with --allow-run={wanted}, or --allow-run for all"
        ))
    }

    /// Where relative paths of a thread lead from.
    pub fn working_directory(&self, thread: Addr) -> String {
        let found =
            self.grants(thread).iter().find_map(|grant| grant.strip_prefix("in=").map(ToString::to_string));
        found.unwrap_or_else(|| "/".to_string())
    }

    /// Where the library of a Java program has its files.
    pub fn java_home(&self, thread: Addr) -> Option<String> {
        self.grants(thread).iter().find_map(|grant| grant.strip_prefix("java=").map(ToString::to_string))
    }

    /// How a Java program wants its assertions, in order: `ea`, `da`, `esa`, `dsa`, the first two also with a class or
    /// package behind `:`.
    pub fn java_assertions(&self, thread: Addr) -> Vec<String> {
        let grants = self.grants(thread);
        grants.iter().filter_map(|grant| grant.strip_prefix("assertions=").map(ToString::to_string)).collect()
    }

    /// The absolute path that a path means, without `.` and `..`.
    pub fn absolute(&self, thread: Addr, path: &str) -> String {
        let whole = if path.starts_with('/') {
            path.to_string()
        } else {
            format!("{}/{path}", self.working_directory(thread))
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// The place of an absolute path in a folder that was granted, the longest if there are several.
    ///
    /// # Errors
    /// Why there is none, with the option that grants it.
    pub fn may_use(&self, thread: Addr, path: &str, purpose: Purpose) -> Result<Place, String> {
        let kind = if purpose == Purpose::Read { "read" } else { "write" };
        let grants = self.grants(thread);
        let folders = grants.iter().filter_map(|grant| grant.split_once('='));
        let within = folders.filter(|(of, _)| *of == kind).filter_map(|(_, folder)| {
            let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then_some((folder, rest.trim_start_matches('/')))
        });
        if let Some((folder, rest)) = within.max_by_key(|(folder, _)| folder.len()) {
            let rest = if rest.is_empty() { "." } else { rest };
            return Ok(Place { beneath: folder.to_string(), path: rest.to_string() });
        }
        let folder =
            path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        Err(format!("the program may not {kind} {path}; start it with --allow-{kind}={folder}"))
    }
}
