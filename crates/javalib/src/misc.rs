//! What else the library asks of the machine while it starts: properties, signals, access control.

use crate::support::{array_of, natives, nothing, text, zero};
use alloc::format;
use alloc::vec::Vec;
use layout::Value;
use vm::Native;
use vm::internal::{Call, Outcome};

pub(crate) const NATIVES: &[Native] = natives! {
    "jdk/internal/misc/VM" {
        "initialize" "()V" Short nothing;
        "latestUserDefinedLoader0" "()Ljava/lang/ClassLoader;" Short crate::classes::latest_loader;
        "getRuntimeArguments" "()[Ljava/lang/String;" Short |call| texts(call, &[]);
        "getNanoTimeAdjustment" "(J)J" Short nano_adjustment;
    }
    "jdk/internal/misc/CDS" {
        "isDumpingClassList0" "()Z" Short zero;
        "isDumpingArchive0" "()Z" Short zero;
        "isSharingEnabled0" "()Z" Short zero;
        "initializeFromArchive" "(Ljava/lang/Class;)V" Short nothing;
        "defineArchivedModules" "(Ljava/lang/ClassLoader;Ljava/lang/ClassLoader;)V" Short nothing;
        "getRandomSeedForDumping" "()J" Short zero;
    }
    "jdk/internal/misc/Signal" {
        "findSignal0" "(Ljava/lang/String;)I" Short find_signal;
        "handle0" "(IJ)J" Short zero;
    }
    "jdk/internal/util/SystemProps$Raw" {
        "platformProperties" "()[Ljava/lang/String;" Short platform_properties;
        "vmProperties" "()[Ljava/lang/String;" Short vm_properties;
    }
    "java/security/AccessController" {
        "getProtectionDomain" "(Ljava/lang/Class;)Ljava/security/ProtectionDomain;" Short zero;
        "ensureMaterializedForStackWalk" "(Ljava/lang/Object;)V" Short nothing;
        "getStackAccessControlContext" "()Ljava/security/AccessControlContext;" Short zero;
        "getInheritedAccessControlContext" "()Ljava/security/AccessControlContext;" Short zero;
    }
    "java/util/concurrent/atomic/AtomicLong" {
        "VMSupportsCS8" "()Z" Short |_| Outcome::truth(true);
    }
    "jdk/internal/loader/NativeLibraries" {
        "findBuiltinLib" "(Ljava/lang/String;)Ljava/lang/String;" Short built_in_library;
        "load" "(Ljdk/internal/loader/NativeLibraries$NativeLibraryImpl;Ljava/lang/String;ZZZ)Z" Short load_library;
        "findEntry0" "(Ljdk/internal/loader/NativeLibraries$NativeLibraryImpl;Ljava/lang/String;)J" Short zero;
    }
    "java/util/TimeZone" {
        "getSystemTimeZoneID" "(Ljava/lang/String;)Ljava/lang/String;" Short zero;
    }
};

fn texts(call: &mut Call<'_>, texts: &[Option<&str>]) -> Outcome {
    let values: Vec<Value> =
        texts.iter().map(|text| text.map_or(Value::NULL, |text| call.vm.java_string(text))).collect();
    match array_of(call.vm, "java/lang/String", &values) {
        Ok(made) => Outcome::value(made),
        Err(thrown) => Outcome::Throw(thrown),
    }
}

fn nano_adjustment(call: &mut Call<'_>) -> Outcome {
    const NS_PER_S: i64 = 1_000_000_000;
    let seconds = call.long_at(0);
    let now = call.vm.platform.clock.wall_ns() as i64;
    Outcome::long(now.wrapping_sub(seconds.wrapping_mul(NS_PER_S)))
}

/// Numbers of Linux; no signal ever reaches a program.
fn find_signal(call: &mut Call<'_>) -> Outcome {
    match text(call, 0).as_deref() {
        Ok("HUP") => Outcome::int(1),
        Ok("INT") => Outcome::int(2),
        Ok("TERM") => Outcome::int(15),
        _ => Outcome::int(-1),
    }
}

/// Properties of the platform by the numbers of `SystemProps.Raw`: fixed, for they are kept for the life of the world.
fn platform_properties(call: &mut Call<'_>) -> Outcome {
    const COUNT: usize = 39;
    let directory = call.vm.working_directory(call.thread);
    let mut all = [None; COUNT];
    for (index, value) in [
        (1, "en"),
        (4, "UTF-8"),
        (5, "/"),
        (18, "/tmp"),
        (19, "\n"),
        (20, "amd64"),
        (21, "Linux"),
        (22, "6"),
        (23, ":"),
        (28, "64"),
        (29, "little"),
        (31, "UnicodeLittle"),
        (32, "UTF-8"),
        (33, "unknown"),
        (34, "UTF-8"),
        (35, "UTF-8"),
        (36, &directory),
        (37, "/"),
        (38, "phantom"),
    ] {
        all[index] = Some(value);
    }
    texts(call, &all)
}

/// Properties of the machine: names and values in turn, ended by null.
fn vm_properties(call: &mut Call<'_>) -> Outcome {
    const ALL: &[Option<&str>] = &[
        Some("java.home"),
        Some("/java"),
        Some("java.vm.specification.name"),
        Some("Java Virtual Machine Specification"),
        Some("java.vm.specification.vendor"),
        Some("Oracle Corporation"),
        Some("java.vm.specification.version"),
        Some("17"),
        Some("java.vm.name"),
        Some("Phantom"),
        Some("java.vm.vendor"),
        Some("Phantom"),
        Some("java.vm.version"),
        Some(env!("CARGO_PKG_VERSION")),
        Some("java.vm.info"),
        Some("interpreted mode"),
        Some("java.class.path"),
        Some(""),
        Some("java.library.path"),
        Some(""),
        Some("jdk.image.map.all"),
        Some("false"),
        Some("java.vm.compressedOopsMode"),
        Some(""),
        None,
    ];
    let home = call.vm.java_home(call.thread);
    let mut all = ALL.to_vec();
    if let Some(home) = &home {
        all[1] = Some(home);
    }
    texts(call, &all)
}

/// Native libraries of the JDK whose methods are part of the machine, by the names of their files.
const LIBRARIES: &[&str] =
    &["libjava.so", "libnet.so", "libnio.so", "libextnet.so", "libzip.so", "libjimage.so"];

/// The name of a library of the JDK; others are looked for as files, and then refused.
fn built_in_library(call: &mut Call<'_>) -> Outcome {
    let known = text(call, 0).is_ok_and(|name| LIBRARIES.contains(&name.as_str()));
    Outcome::value(if known { call.reference_at(0) } else { Value::NULL })
}

fn load_library(call: &mut Call<'_>) -> Outcome {
    let name = match text(call, 1) {
        Ok(name) => name,
        Err(thrown) => return thrown,
    };
    if LIBRARIES.contains(&name.as_str()) {
        return Outcome::truth(true);
    }
    let text =
        format!("{name}: native libraries (JNI) are not supported: a world must not depend on native code");
    call.throw_java("java/lang/UnsatisfiedLinkError", Some(&text))
}
