//! Runs the `phantom` binary and reads what it cost.

use super::programs;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Does `work` on one of the processors that this thread may use, and so what it starts.
fn on_one_processor<R>(work: impl FnOnce() -> std::io::Result<R>) -> std::io::Result<R> {
    let all = sched_getaffinity(None)?;
    let mut one = CpuSet::new();
    if let Some(last) = (0..CpuSet::MAX_CPU).rev().find(|processor| all.is_set(*processor)) {
        one.set(last);
    }
    sched_setaffinity(None, &one)?;
    let done = work();
    sched_setaffinity(None, &all)?;
    done
}

/// Starts benchmark programs on worlds in a scratch folder.
pub(crate) struct Runner {
    phantom: PathBuf,
    scratch: Arc<tempfile::TempDir>,
    /// By how much flushes take longer.
    flush_delay: Option<Duration>,
}

/// A program that serves; it is killed when this is dropped.
pub(crate) struct Serving {
    child: Child,
    /// The first line that it printed.
    pub(crate) line: String,
}

impl Serving {
    /// The port, which is the last word of the line.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn port(&self) -> Result<u16, String> {
        let word = self.line.rsplit(' ').next().unwrap_or_default();
        word.parse().map_err(|_| format!("{:?} names no port", self.line))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program did until it ended or was killed.
pub(crate) struct Leg {
    /// What it printed.
    pub(crate) out: String,
    /// Its figures, if it ended by itself.
    pub(crate) figures: Option<Value>,
}

/// What an idle world did.
pub(crate) struct Idle {
    pub(crate) written: u64,
    pub(crate) share: f64,
}

/// What a resume cost before the first instruction.
pub(crate) struct Resumed {
    pub(crate) read_bytes: f64,
    pub(crate) cpu_ns: f64,
}

/// What a world of sleepers came to.
pub(crate) struct Sleepers {
    /// Bytes of the pages that its snapshot holds.
    pub(crate) world_bytes: u64,
    /// Bytes read from the start of the second process until three seconds later.
    pub(crate) read_bytes: u64,
    /// What the program said at its end.
    pub(crate) said: String,
}

impl Runner {
    /// A runner of this binary.
    ///
    /// # Errors
    /// When there is no scratch folder.
    pub(crate) fn new(phantom: PathBuf) -> Result<Runner, String> {
        // Beside the build, on the disk and not in memory.
        let folder = phantom.parent().ok_or("the binary lies nowhere")?;
        let scratch = tempfile::tempdir_in(folder).map_err(|error| format!("no scratch folder: {error}"))?;
        Ok(Runner { phantom, scratch: Arc::new(scratch), flush_delay: None })
    }

    /// A runner of the same binary in the same folder for whose programs each flush takes so much longer: `strace` holds it
    /// back when it is done. None where that is not installed.
    pub(crate) fn on_a_slow_disk(&self, flush_delay: Duration) -> Option<Runner> {
        let found = Command::new("strace").arg("--version").stdout(Stdio::null()).status();
        found.is_ok_and(|status| status.success()).then(|| Runner {
            phantom: self.phantom.clone(),
            scratch: self.scratch.clone(),
            flush_delay: Some(flush_delay),
        })
    }

    /// A command that starts `program`.
    pub(crate) fn start(&self, program: &Path) -> Command {
        let Some(delay) = self.flush_delay else { return Command::new(program) };
        let mut command = Command::new("strace");
        command.args(["-f", "--seccomp-bpf", "--output=/dev/null", "--trace=fdatasync,fsync"]);
        command.arg(format!("--inject=fdatasync,fsync:delay_exit={}", delay.as_micros())).arg(program);
        command
    }

    /// Stops a world that runs; its process ends.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn stop(&self, program: &str) -> Result<(), String> {
        let output = Command::new(&self.phantom).arg("stop").arg(self.world(program)).output();
        match output.map_err(|error| error.to_string())? {
            done if done.status.success() => Ok(()),
            other => Err(format!("{program} cannot be stopped: {}", String::from_utf8_lossy(&other.stderr))),
        }
    }

    /// The binary.
    pub(crate) fn phantom_path(&self) -> &Path {
        &self.phantom
    }

    pub(crate) fn world(&self, program: &str) -> PathBuf {
        let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
        self.scratch.path().join(format!("{name}.world"))
    }

    fn command(&self, program: &str, options: &[&str], arguments: &[&str]) -> Command {
        let mut command = self.start(&self.phantom);
        command.arg("run").arg("--world").arg(self.world(program)).args(options);
        command.arg(programs().join(format!("{program}.ph"))).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// As [`Runner::command`], with `--figures`, for which the world looks at a clock after each short slice.
    fn with_figures(&self, program: &str, options: &[&str], arguments: &[&str]) -> Command {
        self.command(program, &[&["--figures"], options].concat(), arguments)
    }

    /// Runs a program to its end, without input, in a new world; what it printed.
    fn ended(&self, program: &str, mut command: Command) -> Result<Output, String> {
        let world = self.world(program);
        if world.exists() {
            std::fs::remove_file(&world).map_err(|error| format!("{}: {error}", world.display()))?;
        }
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("{program} cannot be started: {error}"))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{program} ended with {}: {errors}", output.status));
        }
        Ok(output)
    }

    /// Runs a program in a new world to its end; the figures that it printed.
    ///
    /// # Errors
    /// When it fails or prints none.
    pub(crate) fn figures(
        &self,
        program: &str,
        options: &[&str],
        arguments: &[&str],
    ) -> Result<Value, String> {
        let output = self.ended(program, self.with_figures(program, options, arguments))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        figures_in(&errors).ok_or_else(|| format!("{program} printed no figures: {errors}"))
    }

    /// Runs a program in a new world on one worker without snapshots; how long it ran between two polls.
    ///
    /// It is bound to one processor: on several, a thread that gives memory back waits in the kernel until the others
    /// have noticed, which counts as its CPU time; where a host has taken one of them away that lasts as long as the host
    /// likes.
    ///
    /// # Errors
    /// When it prints no figures.
    pub(crate) fn stretches(&self, path: &Path, arguments: &[&str]) -> Result<Value, String> {
        let world = self.world("stretches");
        let _ = std::fs::remove_file(&world);
        let mut command = Command::new(&self.phantom);
        command.args(["run", "--measure-polls", "--no-snapshots", "--workers", "1", "--world"]).arg(&world);
        command.arg(path).args(arguments).stdin(Stdio::null());
        let output = on_one_processor(|| command.output());
        let output = output.map_err(|error| format!("{}: {error}", path.display()))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        figures_in(&errors).ok_or_else(|| format!("{} printed no figures: {errors}", path.display()))
    }

    /// Starts a program in a new world and reads its first line.
    ///
    /// # Errors
    /// When it cannot be started or prints nothing.
    pub(crate) fn serve(&self, program: &str, options: &[&str]) -> Result<Serving, String> {
        self.serve_from(&programs(), program, options, &[])
    }

    /// As [`Runner::serve`], an example, at a free port.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn serve_example(&self, program: &str, options: &[&str]) -> Result<Serving, String> {
        self.serve_from(&crate::shell::root().join("examples"), program, options, &["0"])
    }

    fn serve_from(
        &self,
        folder: &Path,
        program: &str,
        options: &[&str],
        arguments: &[&str],
    ) -> Result<Serving, String> {
        let world = self.world(program);
        if world.exists() {
            std::fs::remove_file(&world).map_err(|error| format!("{}: {error}", world.display()))?;
        }
        let mut command = self.start(&self.phantom);
        command.arg("run").arg("--world").arg(world).args(options);
        command.arg(folder.join(format!("{program}.ph"))).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
        let output = child.stdout.take().ok_or("its output is there")?;
        let mut serving = Serving { child, line: String::new() };
        let read = BufReader::new(output).read_line(&mut serving.line);
        read.map_err(|error| format!("{program} printed nothing: {error}"))?;
        serving.line = serving.line.trim().to_string();
        Ok(serving)
    }

    /// Where the worlds are.
    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// What a program prints that runs in a new world to its end.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn output(
        &self,
        program: &str,
        options: &[&str],
        arguments: &[&str],
    ) -> Result<String, String> {
        let output = self.ended(program, self.command(program, options, arguments))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The newest snapshot of a world that runs.
    ///
    /// # Errors
    /// When its process does not answer.
    pub(crate) fn epoch(&self, program: &str) -> Result<u64, String> {
        let mut command = Command::new(&self.phantom);
        let output = command.args(["info", "--json"]).arg(self.world(program)).output();
        let output = output.map_err(|error| error.to_string())?;
        let shown: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        shown["epoch"].as_u64().ok_or_else(|| format!("no epoch in {shown}"))
    }

    /// CPU seconds of the whole process, user and system, as the kernel counts them: a program that switches threads
    /// often would spend most of `--figures` on looking at the clock.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn cpu_s(&self, program: &str, options: &[&str], arguments: &[&str]) -> Result<f64, String> {
        let before = children_cpu_s()?;
        self.output(program, options, arguments)?;
        Ok(children_cpu_s()? - before)
    }

    /// Lets a sleeping program settle, then watches it.
    ///
    /// # Errors
    /// When it fails or cannot be watched.
    pub(crate) fn idle(&self, program: &str, settle_s: u64, watch_s: u64) -> Result<Idle, String> {
        let _ = std::fs::remove_file(self.world(program));
        let mut child = self.command(program, &[], &[]).spawn().map_err(|error| error.to_string())?;
        std::thread::sleep(Duration::from_secs(settle_s));
        let before = usage(&child);
        std::thread::sleep(Duration::from_secs(watch_s));
        let after = usage(&child);
        child.kill().map_err(|error| error.to_string())?;
        child.wait().map_err(|error| error.to_string())?;
        let (before, after) = (before?, after?);
        Ok(Idle { written: after.0 - before.0, share: (after.1 - before.1) / watch_s as f64 })
    }

    /// Lets the threads of a program fall asleep, kills the process, empties the page cache, goes on with the world, and
    /// waits until they have woken.
    ///
    /// # Errors
    /// When a step fails.
    pub(crate) fn sleepers(&self, program: &str, arguments: &[&str]) -> Result<Sleepers, String> {
        // They count without a lock.
        let alone = ["--workers", "1"];
        self.fill_with(program, &alone, arguments)?;
        let pages = self.pages(program)?;
        drop_page_cache();
        let mut child =
            self.command(program, &alone, arguments).spawn().map_err(|error| error.to_string())?;
        std::thread::sleep(Duration::from_secs(3));
        let read = counter(&child, "rchar: ");
        let mut stdin = child.stdin.take().ok_or("no input")?;
        writeln!(stdin, "go on").map_err(|error| error.to_string())?;
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        Ok(Sleepers {
            world_bytes: pages * base::PAGE_SIZE as u64,
            read_bytes: read?,
            said: String::from_utf8_lossy(&output.stdout).trim().to_string(),
        })
    }

    /// Forgets the world of a program.
    pub(crate) fn forget(&self, program: &str) {
        // It need not be there.
        let _ = std::fs::remove_file(self.world(program));
    }

    /// Puts a copy of a world aside; where it lies.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(crate) fn keep(&self, program: &str) -> Result<PathBuf, String> {
        let kept = self.scratch.path().join(format!("{program}.kept"));
        std::fs::copy(self.world(program), &kept).map_err(|error| error.to_string())?;
        Ok(kept)
    }

    /// Makes a kept world the one of a program again.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(crate) fn put_back(&self, program: &str, kept: &Path) -> Result<(), String> {
        std::fs::copy(kept, self.world(program)).map(drop).map_err(|error| error.to_string())
    }

    /// Number of pages that the snapshot of a world holds.
    ///
    /// # Errors
    /// When the world cannot be checked.
    pub(crate) fn pages(&self, program: &str) -> Result<u64, String> {
        let check = Command::new(&self.phantom).arg("check").arg(self.world(program)).output();
        let said = String::from_utf8_lossy(&check.map_err(|error| error.to_string())?.stdout).into_owned();
        let pages =
            said.split(" pages").next().and_then(|before| before.rsplit(' ').next()?.parse::<u64>().ok());
        pages.ok_or_else(|| format!("check said {said:?}"))
    }

    /// Runs a program in the world that it has, or a new one, to its end, or kills it so long after it has printed a line
    /// (after its start if that is empty). A line of input waits for it. A `cold` leg begins with an empty page cache, and
    /// its world is driven out of the cache all the time.
    ///
    /// # Errors
    /// When it fails otherwise than by the kill.
    pub(crate) fn leg(
        &self,
        program: &str,
        options: &[&str],
        arguments: &[&str],
        kill: Option<(&str, Duration)>,
        cold: bool,
    ) -> Result<Leg, String> {
        if cold {
            drop_page_cache();
        }
        let world = self.world(program);
        let mut child =
            self.with_figures(program, options, arguments).spawn().map_err(|error| error.to_string())?;
        // It is gone when the program has ended without reading.
        let _ = writeln!(child.stdin.take().ok_or("no input")?, "go on");
        let mut output = child.stdout.take().ok_or("no output")?;
        let mut errors = child.stderr.take().ok_or("no errors")?;
        let awaited = kill.map_or(String::new(), |(line, _)| line.to_string());
        let (seen, saw) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut out = String::new();
            for line in BufReader::new(&mut output).lines().map_while(Result::ok) {
                if line == awaited {
                    // The leg may be over.
                    let _ = seen.send(());
                }
                out.push_str(&line);
                out.push('\n');
            }
            out
        });
        let complaints = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).map(|_| text)
        });
        let mut kill_at = kill.filter(|(line, _)| line.is_empty()).map(|(_, after)| Instant::now() + after);
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            if let (Some((_, after)), None, Ok(())) = (kill, kill_at, saw.try_recv()) {
                kill_at = Some(Instant::now() + after);
            }
            if kill_at.is_some_and(|at| Instant::now() > at) {
                child.kill().map_err(|error| error.to_string())?;
            }
            if cold && let Ok(file) = std::fs::File::open(&world) {
                // What is not written back yet stays, and does no harm.
                let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let out = reader.join().map_err(|_| "reading its output failed")?;
        let said = complaints.join().map_err(|_| "reading its errors failed")?;
        let said = said.map_err(|error| error.to_string())?;
        if !status.success() && kill_at.is_none() {
            return Err(format!("{program} ended with {status}: {said}"));
        }
        Ok(Leg { out, figures: if status.success() { figures_in(&said) } else { None } })
    }

    /// Runs an example of a crate, built for release; the lines of JSON that it prints.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn example(
        &self,
        package: &str,
        example: &str,
        arguments: &[&str],
    ) -> Result<Vec<Value>, String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["run", "--quiet", "--release", "-p", package, "--example", example, "--"])
            .args(arguments);
        let output = cargo.output().map_err(|error| format!("cargo cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(format!("{example}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(super::paging::json_lines(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Fills a world, ends the process, empties the page cache, and goes on with it.
    ///
    /// # Errors
    /// When a step fails.
    pub(crate) fn resume(&self, program: &str, arguments: &[&str]) -> Result<Resumed, String> {
        self.fill(program, arguments)?;
        drop_page_cache();
        let mut child =
            self.with_figures(program, &[], arguments).spawn().map_err(|error| error.to_string())?;
        let mut stdin = child.stdin.take().ok_or("no input")?;
        writeln!(stdin, "go on").map_err(|error| error.to_string())?;
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("{program} lost something: {errors}"));
        }
        let figures = figures_in(&errors).ok_or_else(|| format!("no figures: {errors}"))?;
        let field = |name: &str| figures[name].as_f64().ok_or(format!("no {name} in the figures"));
        Ok(Resumed { read_bytes: field("first_read_bytes")?, cpu_ns: field("first_cpu_ns")? })
    }

    /// Runs a verb that prints JSON.
    ///
    /// # Errors
    /// When it fails.
    pub(super) fn phantom(&self, arguments: &[&str]) -> Result<Value, String> {
        let output = Command::new(&self.phantom).args(arguments).stdin(Stdio::null()).output();
        let output = output.map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{arguments:?}: {error}"))
    }

    /// As [`Runner::fill_with`], with a snapshot each second.
    pub(super) fn fill(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        self.fill_with(program, &["--every", "1s"], arguments)
    }

    /// Runs a program in a new world until it says `ready`, lets the world settle, and kills the process.
    ///
    /// # Errors
    /// When a step fails.
    pub(crate) fn fill_with(
        &self,
        program: &str,
        options: &[&str],
        arguments: &[&str],
    ) -> Result<(), String> {
        self.forget(program);
        let mut child =
            self.command(program, options, arguments).spawn().map_err(|error| error.to_string())?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map_err(|error| error.to_string())?;
        if line.trim() != "ready" {
            return Err(format!("{program} said {line:?}"));
        }
        // It waits for a line now. The snapshot of that, which may be large, and the checkpoint of a quiet world.
        self.phantom(&["snap", "--json", &self.world(program).display().to_string()])?;
        std::thread::sleep(Duration::from_secs(5));
        child.kill().map_err(|error| error.to_string())?;
        child.wait().map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// CPU seconds of all children that have ended and were waited for.
pub(super) fn children_cpu_s() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| format!("getrusage: {error}"))?;
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn figures_in(errors: &str) -> Option<Value> {
    errors.lines().rev().filter(|line| line.starts_with('{')).find_map(|line| serde_json::from_str(line).ok())
}

/// A counter of what a process has read or written.
fn counter(child: &Child, name: &str) -> Result<u64, String> {
    let path = format!("/proc/{}/io", child.id());
    let io = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let found = io.lines().find_map(|line| line.strip_prefix(name)).and_then(|number| number.parse().ok());
    found.ok_or_else(|| format!("{path} has no {name}"))
}

/// Bytes written to the disk layer and CPU seconds so far.
fn usage(child: &Child) -> Result<(u64, f64), String> {
    let read = |file: &str| {
        let path = format!("/proc/{}/{file}", child.id());
        std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
    };
    let written = counter(child, "wchar: ")?;
    let stat = read("stat")?;
    // After the name in parentheses: state is field 3, utime 14 and stime 15, in ticks of 10 ms (proc(5)).
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|n| n.parse::<f64>().ok());
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => Ok((written, (user + system) / 100.0)),
        _ => Err("the process tells nothing of itself".to_string()),
    }
}

/// Makes the next reads come from the disk; without the right to do so the figures of CPU time come out lower.
pub(super) fn drop_page_cache() {
    let _ = Command::new("sync").status();
    if std::fs::write("/proc/sys/vm/drop_caches", "3").is_err() {
        eprintln!("the page cache cannot be emptied (not root): the resume is not cold");
    }
}
