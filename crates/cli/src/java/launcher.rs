//! What the launcher of Java checks before a program runs, with its words: so what cannot run leaves no world behind.

use crate::Failure;
use ::java::{ClassFile, Refusal};
use javalib::ClassFiles;

const PUBLIC: u16 = 1;
const STATIC: u16 = 8;
/// `main(String[])`, whatever it gives.
const MAIN: &str = "([Ljava/lang/String;)";
/// Most classes that one may have above it.
const DEPTH_MAX: usize = 1000;
const FORM: &str = "define the main method as:\n   public static void main(String[] args)";

/// Whether a class (name with slashes) is there and has a `main` that can be called, its own or an inherited one.
///
/// # Errors
/// What is wrong, as `sun.launcher.LauncherHelper` says it.
pub(super) fn check(files: &dyn ClassFiles, class: &str) -> Result<(), Failure> {
    let name = class.replace('/', ".");
    let refuse = |text: String| Err(Failure::Input(format!("Error: {text}")));
    let absent = |cause: &str| {
        refuse(format!("Could not find or load main class {name}\nCaused by: java.lang.{cause}"))
    };
    let linkage = |error: &str| {
        refuse(format!("LinkageError occurred while loading main class {name}\n\tjava.lang.{error}"))
    };
    let mut at = class.to_string();
    for _ in 0..DEPTH_MAX {
        let Some(bytes) = files.class_file(&at) else {
            return absent(&match at == class {
                true => format!("ClassNotFoundException: {name}"),
                false => format!("NoClassDefFoundError: {at}"),
            });
        };
        let parsed = match ClassFile::parse(&bytes) {
            Ok(parsed) => parsed,
            Err(refusal @ Refusal::Version { .. }) => {
                return linkage(&format!("UnsupportedClassVersionError: {at} {refusal}"));
            }
            Err(Refusal::NoClass(_)) => return absent(&format!("NoClassDefFoundError: {at}")),
            Err(Refusal::Circular(text)) => return linkage(&format!("ClassCircularityError: {text}")),
            Err(Refusal::Format(text)) => return linkage(&format!("ClassFormatError: {text}")),
        };
        if parsed.name != at {
            return absent(&format!("NoClassDefFoundError: {at} (wrong name: {})", parsed.name));
        }
        let mains = parsed.methods.iter().filter(|method| {
            method.name == "main" && method.desc.starts_with(MAIN) && method.access & PUBLIC != 0
        });
        // What gives nothing goes before a bridge of the compiler.
        if let Some(main) = mains.min_by_key(|method| !method.desc.ends_with('V')) {
            if main.access & STATIC == 0 {
                return refuse(format!("Main method is not static in class {name}, please {FORM}"));
            }
            if !main.desc.ends_with('V') {
                return refuse(format!(
                    "Main method must return a value of type void in class {name}, please \n{FORM}"
                ));
            }
            return Ok(());
        }
        match parsed.super_name {
            Some(above) => at = above,
            None => break,
        }
    }
    refuse(format!("Main method not found in class {name}, please {FORM}"))
}
