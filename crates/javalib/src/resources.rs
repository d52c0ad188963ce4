//! Resources of the JDK's own modules: what a module's reader finds in the image, asked of whoever has the image.
//!
//! The converter makes these two methods native (`java::REPLACED`), so that a resource is found without the image being
//! opened by the program.

use crate::support::{get, natives, set};
use alloc::vec::Vec;
use layout::Value;
use vm::Native;
use vm::internal::{Call, Outcome};

pub(crate) const NATIVES: &[Native] = natives! {
    "jdk/internal/module/SystemModuleFinders$SystemModuleReader" {
        "containsImageLocation" "(Ljava/lang/String;)Z" Short |call| { let found = resource(call); Outcome::truth(found.is_some()) };
        "open" "(Ljava/lang/String;)Ljava/util/Optional;" Short open_resource;
    }
};

/// A resource of the module whose reader is the receiver.
fn resource(call: &mut Call<'_>) -> Option<Vec<u8>> {
    let this = call.this();
    let module = call.vm.java_text(Value(get(call.vm, this, "module")))?;
    let name = call.vm.java_text(call.reference_at(1))?;
    call.vm.library_file(&alloc::format!("modules/{module}/{name}"))
}

/// An `Optional` with a stream of a resource's bytes.
fn open_resource(call: &mut Call<'_>) -> Outcome {
    let classes =
        (call.vm.class_by_name("java/util/Optional"), call.vm.class_by_name("java/io/ByteArrayInputStream"));
    let (Ok(optional), Ok(stream)) = classes else {
        return call.throw_java("java/lang/InternalError", None);
    };
    let made = call.vm.new_object(optional);
    if let Some(content) = resource(call) {
        let bytes = call.vm.make_bytes(content.len() as u64);
        call.vm.write_bytes(bytes, 0, &content);
        let stream = call.vm.new_object(stream);
        set(call.vm, stream, "buf", bytes.0);
        set(call.vm, stream, "count", content.len() as u64);
        set(call.vm, made, "value", stream.0);
    }
    Outcome::object(made)
}
