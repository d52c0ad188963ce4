//! What the verbs and the tests share.
#![allow(
    clippy::disallowed_methods,
    reason = "this crate stands at the edge, where time, threads and the environment are"
)]

pub mod chaos;
pub mod golden;
pub mod parallel;
pub mod service;
pub mod worlds;
