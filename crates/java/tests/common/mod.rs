//! The classes of an installed JDK, for tests.

use ristretto_jimage::Image;
use std::path::{Path, PathBuf};

/// Where a JDK is, as the binary finds it.
pub(crate) fn jdk() -> Option<PathBuf> {
    jdk::Jdk::find().map(|found| found.home().to_path_buf())
}

/// Calls `each` with the name and bytes of every class of the JDK; how many there were.
pub(crate) fn each_class(jdk: &Path, mut each: impl FnMut(&str, &[u8])) -> usize {
    let image = Image::from_file(&jdk.join("lib/modules")).expect("lib/modules is an image");
    let mut count = 0;
    for resource in image.iter() {
        let resource = resource.expect("a resource is readable");
        if resource.extension() == "class" {
            count += 1;
            each(&resource.full_name(), resource.data());
        }
    }
    count
}

/// Says on standard error that a test did nothing for want of a JDK.
pub(crate) fn skipped(test: &str) {
    eprintln!(
        "SKIPPED {test}: no JDK with lib/modules was found; install one (openjdk-17-jdk) or set JAVA_HOME"
    );
}
