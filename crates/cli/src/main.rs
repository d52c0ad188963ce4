//! The phantom command.
fn main() {}
