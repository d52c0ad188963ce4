//! `cargo xtask test`: format, lints, every test, the freestanding link, some kills of the real binary.

use crate::kill;
use crate::shell::{command, root, run};
use std::path::PathBuf;

/// Arguments of the verb.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask test")]
pub(crate) struct Options {
    /// Only the tests, without format, lints, the freestanding link and the kills.
    #[arg(long)]
    quick: bool,
}

/// Passes all tests.
///
/// # Errors
/// The first step that fails.
pub(crate) fn run_tests(options: &Options) -> Result<(), String> {
    if !options.quick {
        install_components()?;
        install_jdk();
        run(&mut command("cargo", &["fmt", "--all", "--check"]))?;
        run(command(
            "cargo",
            &["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"],
        )
        .env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback"))?;
        link_freestanding()?;
    }
    run(command("cargo", &["test", "--workspace", "--quiet"]).env("RUSTFLAGS", "--deny warnings"))?;
    if options.quick {
        return Ok(());
    }
    kill::short()
}

/// The formatter and the linter come with the toolchain; a minimal one lacks them.
fn install_components() -> Result<(), String> {
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let there =
            command("cargo", &[tool, "--version"]).output().is_ok_and(|output| output.status.success());
        if !there {
            run(&mut command("rustup", &["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Where JDK 17 is, as the binary finds it.
pub(crate) fn jdk() -> Option<PathBuf> {
    jdk::Jdk::find().map(|found| found.home().to_path_buf())
}

/// The JDKs that the system's packages have put in their place.
pub(crate) fn jdks() -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Java programs are tested with the class library of JDK 17. Where it is not there and cannot be installed (another system,
/// no rights), those tests say that they were skipped.
fn install_jdk() {
    if jdk().is_none() {
        let install = ["install", "--yes", "--no-install-recommends", "openjdk-17-jdk-headless"];
        if let Err(why) = run(&mut command("apt-get", &install)) {
            eprintln!("xtask: no JDK 17, and it cannot be installed ({why}): tests of Java will be skipped");
        }
    }
}

/// Links the core crates into a binary without libc and runs it; cargo reads that folder's own flags.
fn link_freestanding() -> Result<(), String> {
    let mut cargo = command("cargo", &["run", "--quiet"]);
    cargo.current_dir(root().join("freestanding"));
    let output =
        cargo.stderr(std::process::Stdio::inherit()).output().map_err(|error| format!("cargo: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && printed == "sum of squares: 385\n" {
        return Ok(());
    }
    Err(format!("the freestanding binary printed {printed:?} and ended with {}", output.status))
}
