//! [`choose_mapper`]: the best mapper that this kernel grants.

use crate::fatal::Fatal;
use crate::soft::SoftMapper;
use crate::sys::Placement;
use crate::uffd::UffdMapper;
use platform::{MapperError, PageMapper};
use std::sync::Arc;

/// The names that [`choose_mapper`] takes, best first.
pub const MAPPER_NAMES: [&str; 2] = ["userfaultfd", "software"];

/// A mapper, and what is to be said about it.
pub struct Chosen {
    /// The mapper.
    pub mapper: Arc<dyn PageMapper>,
    /// One line for the user when it is not the best one.
    pub warning: Option<String>,
}

/// Maps a world by `userfaultfd` where the kernel passes a functional probe, by software otherwise; or by the mapper that
/// `forced` names ([`MAPPER_NAMES`]). The world may take `memory_bytes` of memory (`u64::MAX`: all that there is).
///
/// # Errors
/// When the forced mapper is unknown or refused, or every mapper is.
pub fn choose_mapper(
    forced: Option<&str>,
    placement: Placement,
    fatal: Fatal,
    memory_bytes: u64,
) -> Result<Chosen, MapperError> {
    let kernel = || UffdMapper::new(placement, fatal.clone());
    let software = || SoftMapper::new(placement, fatal.clone(), SoftMapper::region_pages_for(memory_bytes));
    match forced {
        Some("userfaultfd") => Ok(Chosen { mapper: Arc::new(kernel()?), warning: None }),
        Some("software") => Ok(Chosen { mapper: Arc::new(software()?), warning: None }),
        Some(other) => Err(MapperError {
            what: format!("choosing the mapper {other:?}"),
            reason: format!("there are {}", MAPPER_NAMES.join(", ")),
        }),
        None => match kernel() {
            Ok(mapper) => Ok(Chosen { mapper: Arc::new(mapper), warning: None }),
            Err(error) => {
                let warning = format!("pages come and go by a slower way ({error})");
                Ok(Chosen { mapper: Arc::new(software()?), warning: Some(warning) })
            }
        },
    }
}
