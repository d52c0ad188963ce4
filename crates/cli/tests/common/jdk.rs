//! Java programs for tests, and the JDK that they need.

use std::path::{Path, PathBuf};

/// The JDK 17, as the binary finds it.
pub(crate) fn jdk() -> Option<PathBuf> {
    let fits = |home: &PathBuf| {
        let release = std::fs::read_to_string(home.join("release")).unwrap_or_default();
        home.join("lib/modules").is_file() && release.contains("JAVA_VERSION=\"17.")
    };
    let named = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/jvm")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    installed.sort();
    let found = named.into_iter().chain(installed).find(fits);
    if found.is_none() {
        eprintln!("SKIPPED: no JDK 17 was found; install openjdk-17-jdk-headless or set JAVA_HOME");
    }
    found
}

/// A Java program of the tests.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java").join(format!("{name}.java"))
}
