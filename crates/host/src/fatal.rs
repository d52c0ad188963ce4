//! [`Fatal`]: what happens when a page of the world cannot be read.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

/// Exit status of a process whose world froze because a page could not be read (`EX_IOERR` of `sysexits.h`).
pub const EXIT_WORLD_FROZEN: i32 = 74;

/// The handler of the failure that no program can be told of: a page is needed and cannot be had.
///
/// The thread that touched the page stays where it is; nothing is committed any more.
#[derive(Clone)]
pub struct Fatal(Arc<dyn Fn(&str) + Send + Sync>);

impl Fatal {
    /// Writes the message to standard error and ends the process with [`EXIT_WORLD_FROZEN`].
    pub fn exit() -> Fatal {
        Fatal::call(|message| {
            // A message that cannot be written changes nothing about the end.
            let _ = writeln!(std::io::stderr(), "phantom: {message}; the world stops without committing");
            std::process::exit(EXIT_WORLD_FROZEN);
        })
    }

    /// Calls `handler` with the message. When it returns, threads that need a missing page wait for ever.
    pub fn call(handler: impl Fn(&str) + Send + Sync + 'static) -> Fatal {
        Fatal(Arc::new(handler))
    }

    pub(crate) fn raise(&self, message: &str) {
        (self.0)(message);
    }
}

impl Default for Fatal {
    fn default() -> Fatal {
        Fatal::exit()
    }
}

impl fmt::Debug for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fatal")
    }
}
