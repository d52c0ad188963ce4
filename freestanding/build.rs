//! Link flags of a binary without start files and without libc.
fn main() {
    for argument in [
        "-nostdlib",
        "-nostartfiles",
        "-static",
        "-no-pie",
        "-Wl,--build-id=none",
        "-Wl,-z,noexecstack",
        "-Wl,--fatal-warnings",
        "-Wl,--no-undefined",
    ] {
        println!("cargo:rustc-link-arg-bin=freestanding={argument}");
    }
}
