//! What a program is granted of the world outside: the `--allow-` options, in the manner of Deno.

use crate::Failure;
use std::path::{Path, PathBuf};

/// Where Java programs may write besides their working directory: `java.io.tmpdir`.
const JAVA_TEMPORARY: &str = "/tmp";

/// What a program may use outside its world; nothing without these. A Java program may read what the user may, and write in
/// the working directory and /tmp, unless --allow-read or --allow-write says otherwise.
#[derive(clap::Args, Debug, Clone, Default)]
pub(crate) struct GrantOptions {
    /// Lets the program use the network, or only these addresses of it.
    #[arg(long, value_name = "HOST[:PORT],...", num_args = 0..=1, require_equals = true, value_delimiter = ',', default_missing_value = "")]
    allow_net: Option<Vec<String>>,
    /// Lets the program read in these folders.
    #[arg(long, value_name = "DIR,...", require_equals = true, value_delimiter = ',')]
    allow_read: Vec<PathBuf>,
    /// Lets the program write in these folders.
    #[arg(long, value_name = "DIR,...", require_equals = true, value_delimiter = ',')]
    allow_write: Vec<PathBuf>,
    /// Lets the program start other programs of the machine, or only these.
    #[arg(long, value_name = "PROGRAM,...", num_args = 0..=1, require_equals = true, value_delimiter = ',', default_missing_value = "")]
    allow_run: Option<Vec<String>>,
    /// What the program may hold in the world, such as 64M; with more, after a full collection, it gets `out_of_memory`.
    #[arg(long, value_name = "SIZE", value_parser = crate::arguments::size)]
    max_memory: Option<u64>,
}

impl GrantOptions {
    /// The grants of a program that begins: a Java program, which knows where its JDK is, has some of its own. How it wants
    /// its assertions is kept with them.
    ///
    /// # Errors
    /// When a folder is not there.
    pub(crate) fn first_grants(
        &self,
        java_home: Option<&Path>,
        assertions: &[String],
    ) -> Result<Vec<String>, Failure> {
        let Some(home) = java_home else { return Ok(self.grants()?.unwrap_or_default()) };
        let mut own = self.clone();
        let everywhere = own.allow_read.is_empty();
        own.allow_read.extend(everywhere.then(|| PathBuf::from("/")));
        if own.allow_write.is_empty() {
            own.allow_write.push(".".into());
            own.allow_write.extend(Some(JAVA_TEMPORARY.into()).filter(|folder: &PathBuf| folder.is_dir()));
        }
        let mut grants = own.with_jdk(home)?;
        grants.extend(assertions.iter().map(|how| format!("assertions={how}")));
        Ok(grants)
    }

    /// The grants, and to read the JDK unless it lies in a folder that may be read anyway.
    ///
    /// # Errors
    /// When a folder is not there.
    pub(crate) fn with_jdk(&self, home: &Path) -> Result<Vec<String>, Failure> {
        let mut own = self.clone();
        // Where all may be read, so may what links in the JDK lead to; a folder of its own would forbid that.
        if !own.allow_read.iter().any(|folder| folder == Path::new("/")) {
            own.allow_read.push(home.to_path_buf());
        }
        let mut grants = own.grants()?.unwrap_or_default();
        grants.push(format!("java={}", folder(home)?));
        Ok(grants)
    }

    /// The grants as a program keeps them; none when no option was given, so that it keeps what it has.
    ///
    /// # Errors
    /// When a folder is not there.
    pub(crate) fn grants(&self) -> Result<Option<Vec<String>>, Failure> {
        let mut grants = Vec::new();
        named(&mut grants, "net", self.allow_net.as_deref());
        folders(&mut grants, "read", &self.allow_read)?;
        folders(&mut grants, "write", &self.allow_write)?;
        named(&mut grants, "run", self.allow_run.as_deref());
        if let Some(bytes) = self.max_memory {
            grants.push(format!("memory={bytes}"));
        }
        if grants.is_empty() {
            return Ok(None);
        }
        grants.push(format!("in={}", folder(Path::new("."))?));
        Ok(Some(grants))
    }
}

fn named(grants: &mut Vec<String>, kind: &str, names: Option<&[String]>) {
    for name in names.unwrap_or_default() {
        grants.push(if name.is_empty() { kind.to_string() } else { format!("{kind}={name}") });
    }
}

fn folders(grants: &mut Vec<String>, kind: &str, wanted: &[PathBuf]) -> Result<(), Failure> {
    for path in wanted {
        grants.push(format!("{kind}={}", folder(path)?));
    }
    Ok(())
}

/// The absolute path of a folder, links resolved once and for all.
fn folder(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let whole = path.canonicalize().map_err(|error| Failure::Usage(format!("{shown}: {error}")))?;
    if !whole.is_dir() {
        return Err(Failure::Usage(format!(
            "{shown} is no folder; a folder is granted with all that is in it"
        )));
    }
    let text = whole.into_os_string().into_string();
    text.map_err(|_| Failure::Usage(format!("{shown}: the path is not UTF-8")))
}
