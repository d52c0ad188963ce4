//! References: what the library asks of the machine about those that a collection clears (`vm`'s java/references.rs).

use crate::support::{get, natives, object, set};
use vm::Native;
use vm::internal::{Call, Outcome};

pub(crate) const NATIVES: &[Native] = natives! {
    "java/lang/ref/Reference" {
        "getAndClearReferencePendingList" "()Ljava/lang/ref/Reference;" Short |call| call.take_pending_references();
        "hasReferencePendingList" "()Z" Short |call| Outcome::truth(call.vm.has_pending_references());
        "waitForReferencePendingList" "()V" Resumable |call| call.wait_for_pending_references();
        "refersTo0" "(Ljava/lang/Object;)Z" Short refers_to;
        "clear0" "()V" Short clear;
    }
    "java/lang/ref/PhantomReference" {
        "refersTo0" "(Ljava/lang/Object;)Z" Short refers_to;
    }
};

fn refers_to(call: &mut Call<'_>) -> Outcome {
    let this = call.this();
    Outcome::truth(get(call.vm, this, "referent") == call.raw(1))
}

fn clear(call: &mut Call<'_>) -> Outcome {
    if let Ok(this) = object(call, 0) {
        set(call.vm, this, "referent", 0);
    }
    Outcome::VOID
}
