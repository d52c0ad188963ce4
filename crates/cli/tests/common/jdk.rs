//! Java programs for tests, and the JDK that they need.

use std::path::{Path, PathBuf};

/// The JDK 17, as the binary finds it.
pub(crate) fn jdk() -> Option<PathBuf> {
    let found = jdk::Jdk::find();
    if found.is_none() {
        eprintln!("SKIPPED: no JDK 17 was found; install openjdk-17-jdk-headless or set JAVA_HOME");
    }
    found.map(|found| found.home().to_path_buf())
}

/// A Java program of the tests.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java").join(format!("{name}.java"))
}
