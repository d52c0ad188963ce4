//! What the machine grants this process: [`memory_bytes`].

use std::path::{Path, PathBuf};

/// Bytes of memory that this process may use: what the machine has, or less where a control group (version 2 or 1) bounds
/// it, whichever of its ancestors does so most. `None` where the kernel does not tell.
pub fn memory_bytes() -> Option<u64> {
    memory_under(Path::new("/"))
}

fn memory_under(root: &Path) -> Option<u64> {
    let machine = machine_bytes(&std::fs::read_to_string(root.join("proc/meminfo")).ok()?)?;
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let bounds = groups.lines().filter_map(|line| group_bytes(root, line));
    Some(bounds.fold(machine, u64::min))
}

/// `MemTotal` of `/proc/meminfo` (`proc_meminfo(5)`).
fn machine_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The bound of one line of `/proc/self/cgroup` (`cgroups(7)`): number, controllers, path.
fn group_bytes(root: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':');
    let (_number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let (mount, file) = if controllers.is_empty() {
        ("sys/fs/cgroup", "memory.max")
    } else if controllers.split(',').any(|name| name == "memory") {
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
    } else {
        return None;
    };
    let mount = root.join(mount);
    let group: PathBuf = mount.join(path.trim_start_matches('/'));
    // In a container the path may not be visible; its ancestors are, and the container's own group is the mount itself.
    let ancestors = group.ancestors().take_while(|at| at.starts_with(&mount));
    ancestors
        .filter_map(|at| std::fs::read_to_string(at.join(file)).ok())
        // "max" is no number: no bound.
        .filter_map(|text| text.trim().parse().ok())
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[track_caller]
    fn check(groups: &str, files: &[(&str, &str)], expected: Option<u64>) {
        let root = tempfile::tempdir().expect("a folder");
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        put("proc/meminfo", "MemTotal:       8000 kB\nMemFree:         100 kB\n");
        put("proc/self/cgroup", groups);
        files.iter().for_each(|(path, text)| put(path, text));
        assert_eq!(memory_under(root.path()), expected);
    }

    #[test]
    fn the_least_bound_counts() {
        let machine = Some(8000 * 1024);
        check("", &[], machine);
        check("0::/a/b\n", &[], machine);
        check("0::/a/b\n", &[("sys/fs/cgroup/a/b/memory.max", "max\n")], machine);
        check("0::/a/b\n", &[("sys/fs/cgroup/a/b/memory.max", "4096000\n")], Some(4_096_000));
        let both =
            [("sys/fs/cgroup/a/b/memory.max", "4096000\n"), ("sys/fs/cgroup/a/memory.max", "4095000\n")];
        check("0::/a/b\n", &both, Some(4_095_000));
        check("0::/not/seen\n", &[("sys/fs/cgroup/memory.max", "4096\n")], Some(4096));
        let old = [("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "8192\n")];
        check("4:cpu,memory:/x\n1:name=systemd:/y\n", &old, Some(8192));
        let unlimited = [("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712\n")];
        check("4:memory:/x\n", &unlimited, machine);
        assert_eq!(memory_under(Path::new("/does/not/exist")), None);
    }
}
