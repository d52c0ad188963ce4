//! `.internal.function`: what stands above the classes that a compiler makes for functions.
//!
//! Each of them overrides the one method for its number of parameters; what it does not override throws.

use super::support::{Step, methods};
use super::{Call, Methods};
use layout::internal::ClassId;

pub(super) const METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"function"));
    16 wrong_count;
    17 wrong_count;
    18 wrong_count;
    19 wrong_count;
    20 wrong_count;
    21 wrong_count;
    22 wrong_count;
    23 wrong_count;
    24 wrong_count;
};

fn wrong_count(call: &mut Call<'_>) -> Step {
    let given = call.count - 1;
    let text = alloc::format!("the function does not take {given} arguments");
    Err(call.throw_kernel(ClassId::NoSuchMethod, &text))
}
