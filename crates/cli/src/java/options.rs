//! The options of `java` that `phantom run` takes.
//!
//! Those in the manner of `java` (`-cp`, `-ea`, `-jar`, `-m`, `-Xmx2g`) become options in the manner of `phantom` before the
//! command line is parsed, see [`rewritten`]; what has no meaning here is named and left out, what is not supported is
//! refused with the reason.

use crate::arguments::Arguments;
use crate::{Failure, say};
use clap::CommandFactory;
use std::ffi::OsString;
use std::path::Path;

/// Options of Java programs.
#[derive(clap::Args, Debug, Clone, Default)]
pub(crate) struct JavaOptions {
    /// Class path of a Java program (also -cp, -classpath): folders, jars, and FOLDER/* for all jars in it, with `:` between
    /// them; PROGRAM is then the class that has `main`.
    #[arg(long = "cp", visible_alias = "class-path", value_name = "PATH")]
    pub(crate) class_path: Option<String>,
    /// PROGRAM is a jar, whatever its name ends with (also -jar).
    #[arg(long)]
    pub(crate) jar: bool,
    /// Sets a system property of a Java program.
    #[arg(short = 'D', value_name = "NAME=VALUE")]
    pub(crate) define: Vec<String>,
    /// Assertions of a Java program, as -ea, -da, -esa and -dsa say it (these are taken too): `ea`, `da:com.example...`,
    /// `ea:com.example.Main`, `esa`. They are off by default; later ones go before.
    #[arg(long, value_name = "HOW")]
    pub(crate) assertions: Vec<String>,
    /// Opens a package of the JDK to reflection, such as java.base/java.lang=ALL-UNNAMED.
    #[arg(long, value_name = "MODULE/PACKAGE=TARGET")]
    pub(crate) add_opens: Vec<String>,
    /// Exports a package of the JDK.
    #[arg(long, value_name = "MODULE/PACKAGE=TARGET")]
    pub(crate) add_exports: Vec<String>,
    /// Has a module of the JDK read another one.
    #[arg(long, value_name = "MODULE=TARGET")]
    pub(crate) add_reads: Vec<String>,
    /// Modules of the JDK that are there besides the usual ones.
    #[arg(long, value_name = "MODULE,...")]
    pub(crate) add_modules: Vec<String>,
}

impl JavaOptions {
    /// Whether one of them was given, so that the program is one of Java's.
    pub(crate) fn any(&self) -> bool {
        let lists = [
            &self.define,
            &self.assertions,
            &self.add_opens,
            &self.add_exports,
            &self.add_reads,
            &self.add_modules,
        ];
        self.class_path.is_some() || self.jar || lists.iter().any(|list| !list.is_empty())
    }

    /// Whether the assertions of the library's own classes, some of which are initialised when it boots, are as they are
    /// without options.
    pub(super) fn leaves_the_library_alone(&self) -> bool {
        self.assertions.iter().all(|how| how == "ea" || how == "da")
    }

    /// The system properties that they mean, in order: those by which the boot of the module system learns of its options
    /// (`jdk.internal.module.ModuleBootstrap`), and the program's own, which go before.
    pub(super) fn properties(&self) -> Vec<(String, String)> {
        let mut properties = Vec::new();
        for (name, values) in [
            ("addopens", &self.add_opens),
            ("addexports", &self.add_exports),
            ("addreads", &self.add_reads),
            ("addmods", &self.add_modules),
        ] {
            let numbered = values.iter().enumerate();
            properties.extend(numbered.map(|(n, value)| (format!("jdk.module.{name}.{n}"), value.clone())));
        }
        properties.extend(self.define.iter().map(|text| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            (name.to_string(), value.to_string())
        }));
        properties
    }
}

/// Options of `java` that are refused, and why. One that ends with a sign or stands for a family also fits what goes on.
const REFUSED: &[(&str, &str)] = &[
    ("--enable-preview", "preview features belong to one release of Java, and a world outlives it"),
    ("-javaagent:", AGENTS),
    ("-agentlib:", AGENTS),
    ("-agentpath:", AGENTS),
    ("-Xrun", AGENTS),
    ("-Xdebug", AGENTS),
    ("-Xbootclasspath", "the library is the JDK's own"),
    ("--patch-module", "the library is the JDK's own"),
    ("--upgrade-module-path", "the library is the JDK's own"),
    ("--limit-modules", "all modules of the JDK are there"),
    ("--module-path", MODULES),
    ("-p", MODULES),
];
const AGENTS: &str = "agents look into a machine that is not there";
const MODULES: &str = "modules of a program's own are not there: put their jars into the class path (-cp)";

/// Options of `java` that tune another machine: beginnings of names.
const TUNING: &[&str] = &[
    "-X",
    "-verbose",
    "-noverify",
    "-server",
    "-client",
    "-d64",
    "-splash:",
    "--illegal-access",
    "--show-module-resolution",
];

/// Forms of the options of assertions.
const ASSERTIONS: &[(&str, &str)] = &[
    ("-enablesystemassertions", "esa"),
    ("-disablesystemassertions", "dsa"),
    ("-enableassertions", "ea"),
    ("-disableassertions", "da"),
    ("-esa", "esa"),
    ("-dsa", "dsa"),
    ("-ea", "ea"),
    ("-da", "da"),
];

/// The command line with the options of `java` as options of `phantom`. What stands behind a Java program is its own.
///
/// # Errors
/// When an option of `java` is not supported.
pub(crate) fn rewritten(words: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, Failure> {
    let mut words = words;
    let mut out: Vec<OsString> = words.by_ref().take(2).collect();
    if out.get(1).is_none_or(|verb| verb != "run") {
        out.extend(words);
        return Ok(out);
    }
    let valued = options_with_value();
    let mut is_java = false;
    while let Some(word) = words.next() {
        let Some(text) = word.to_str().map(ToString::to_string) else {
            out.push(word);
            break;
        };
        if text == "--" {
            out.push(word);
            break;
        }
        if !text.starts_with('-') || text == "-" {
            // Whatever follows a Java program is its own, also what looks like an option.
            let path = Path::new(&text);
            let is_phantom = path.is_dir() || path.extension().is_some_and(|ending| ending == "ph");
            if is_java && !is_phantom || super::is_java(path) {
                out.push("--".into());
            }
            out.push(word);
            break;
        }
        let own = match of_java(&text)? {
            Some(found) => found,
            None => vec![text],
        };
        for text in own {
            let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
            is_java |= OWN.iter().any(|own| name == *own || *own == "-D" && name.starts_with(own));
            let takes_next = valued.contains(&text);
            out.push(text.into());
            if takes_next {
                out.extend(words.next());
            }
        }
    }
    out.extend(words);
    Ok(out)
}

/// Options of `phantom` that only a Java program has.
const OWN: &[&str] = &[
    "--cp",
    "--class-path",
    "--jar",
    "-D",
    "--assertions",
    "--add-opens",
    "--add-exports",
    "--add-reads",
    "--add-modules",
];

/// Options of `phantom run` whose value is the next word.
fn options_with_value() -> Vec<String> {
    let command = Arguments::command();
    let run = command.find_subcommand("run").into_iter().flat_map(|run| run.get_arguments());
    let valued = run.filter(|one| {
        !one.is_positional() && one.get_action().takes_values() && !one.is_require_equals_set()
    });
    let names = valued.flat_map(|one| {
        let long = one.get_long_and_visible_aliases().unwrap_or_default();
        let long = long.into_iter().map(|name| format!("--{name}"));
        long.chain(one.get_short().map(|name| format!("-{name}"))).collect::<Vec<_>>()
    });
    names.collect()
}

/// An option of `java` as one of `phantom`: nothing when it is none, or the same in both.
fn of_java(text: &str) -> Result<Option<Vec<String>>, Failure> {
    if let Some((option, why)) = REFUSED.iter().find(|(option, _)| {
        text == *option
            || text.starts_with(&format!("{option}="))
            || option.len() > 2 && text.starts_with(option)
    }) {
        let option = option.trim_end_matches(':');
        return Err(Failure::Usage(format!("{option} is not supported: {why}")));
    }
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    if let Some((_, short)) = ASSERTIONS.iter().find(|(option, _)| *option == name) {
        let how = value.map_or(short.to_string(), |value| format!("{short}:{value}"));
        return Ok(Some(vec![format!("--assertions={how}")]));
    }
    if let Some(size) = text.strip_prefix("-Xmx") {
        return Ok(Some(vec![format!("--max-memory={}", size.to_uppercase())]));
    }
    Ok(match text {
        "-cp" | "-classpath" => Some(vec!["--cp".to_string()]),
        "-jar" => Some(vec!["--jar".to_string()]),
        // The next word is the program.
        "-m" | "--module" => Some(Vec::new()),
        _ if TUNING.iter().any(|tuning| text.starts_with(tuning)) => {
            say(&format_args!("note: {text} tunes another machine and is left out"));
            Some(Vec::new())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let words = line.split(' ').map(OsString::from);
        let words = rewritten(words).unwrap_or_else(|failure| panic!("{line}: {failure}"));
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn options_of_java_become_options_of_phantom() {
        for (line, expected) in [
            ("phantom run -cp a:b Main -x --fresh", "phantom run --cp a:b -- Main -x --fresh"),
            ("phantom run --world w -classpath a Main", "phantom run --world w --cp a -- Main"),
            (
                "phantom run -ea -da:p... -esa Main",
                "phantom run --assertions=ea --assertions=da:p... --assertions=esa -- Main",
            ),
            ("phantom run -enableassertions:p.Q Main -ea", "phantom run --assertions=ea:p.Q -- Main -ea"),
            ("phantom run -Dx=y -jar app.bin -Dz", "phantom run -Dx=y --jar -- app.bin -Dz"),
            ("phantom run -m jdk.compiler/x.Y -d out", "phantom run -- jdk.compiler/x.Y -d out"),
            ("phantom run -jar app.bin", "phantom run --jar -- app.bin"),
            ("phantom run -Xmx512m -Xss2m -cp . Main", "phantom run --max-memory=512M --cp . -- Main"),
            (
                "phantom run --add-opens java.base/java.lang=ALL-UNNAMED app.jar --help",
                "phantom run --add-opens java.base/java.lang=ALL-UNNAMED -- app.jar --help",
            ),
            ("phantom run counter.ph --every 1s", "phantom run counter.ph --every 1s"),
            ("phantom run --every 1s counter.ph 3", "phantom run --every 1s counter.ph 3"),
            ("phantom log -cp", "phantom log -cp"),
        ] {
            check(line, expected);
        }
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for (option, reason) in [
            ("--enable-preview", "preview"),
            ("-javaagent:x.jar", "agents"),
            ("-p", "class path"),
            ("--module-path=x", "class path"),
        ] {
            let words = ["phantom", "run", option, "Main"].map(OsString::from);
            let failure = rewritten(words.into_iter()).expect_err(option).to_string();
            assert!(failure.contains(reason), "{failure}");
        }
    }
}
