//! What the verbs and the tests share.

pub mod chaos;
