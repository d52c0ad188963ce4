//! `.internal.boot`: what programs in the style of the original begin with.

use super::support::{ACTIVITY, Step, methods};
use super::{Call, Invoke, Methods, Outcome, Target, Wait, binary, console, container, lossy, thread, time};
use alloc::format;
use alloc::vec;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::root;

pub(super) const METHODS: Methods = methods! {
    5 |call: &mut Call<'_>| Ok(call.return_string(b"bootstrap"));
    8 load_class;
    16 console::print_all;
    17 |call: &mut Call<'_>| Ok(register(call, root::CLASS_LOADER));
    18 start_thread;
    19 create_binary;
    20 |_: &mut Call<'_>| Ok(Outcome::VOID);
    21 time::sleep_method;
    22 |call: &mut Call<'_>| Ok(register(call, root::OS_INTERFACE));
    23 kernel_environment;
    24 |call: &mut Call<'_>| Err(call.throw_string("boot.reboot: a program may not stop the world"));
};

/// What the original hands to its first program.
const ENVIRONMENT: &[&str] =
    &["root.shell=.ru.dz.phantom.system.shell", "root.init=.ru.dz.phantom.system.init"];

/// What number 0 of the state of `loadClass` says when code needs the class.
pub(crate) const FOR_CODE: u64 = 1;

/// Phase 0: nothing done yet; 1: the class loader was asked. Code that names a class that nobody knows calls this too.
fn load_class(call: &mut Call<'_>) -> Step {
    let name = call.string(0, "boot.loadClass argument is not a string")?;
    let name = lossy(&name);
    if call.phase() == 1 {
        let found = call.result();
        return match found.as_object().filter(|_| call.vm.is_kernel(found, ClassId::Class)) {
            Some(class) => {
                call.vm.remember_loaded(&name, class);
                Ok(Outcome::value(found))
            }
            None => Err(not_found(call, &name)),
        };
    }
    if call.vm.wants_class(&name) {
        return Ok(Outcome::Block(Wait::Turn));
    }
    if call.vm.define_found(&name) {
        return Ok(Outcome::Again);
    }
    let thrown = match call.vm.class_by_name(&name) {
        Ok(class) => return Ok(Outcome::object(class)),
        Err(thrown) => thrown,
    };
    if !call.vm.is_kernel(thrown, ClassId::ClassNotFound) {
        return Err(Outcome::Throw(thrown));
    }
    let loader = call.vm.get_root_ref(root::CLASS_LOADER);
    if loader.is_null() {
        return Err(not_found(call, &name));
    }
    call.set_phase(1);
    Ok(Outcome::Call(Invoke {
        receiver: loader,
        method: Target::Ordinal(ACTIVITY),
        args: vec![call.value(0)],
    }))
}

fn not_found(call: &mut Call<'_>, name: &str) -> Outcome {
    if call.number(0) == FOR_CODE {
        return call.throw_kernel(ClassId::ClassNotFound, &format!("there is no class {name}"));
    }
    call.throw_string(&format!("class {name} is not found"))
}

fn register(call: &mut Call<'_>, field: u64) -> Outcome {
    let object = call.value(0);
    call.vm.set_root_ref(field, object);
    Outcome::VOID
}

fn start_thread(call: &mut Call<'_>) -> Step {
    let (object, boot) = (call.value(0), call.receiver());
    thread::start_method(call, object, ACTIVITY, boot)?;
    Ok(Outcome::VOID)
}

fn create_binary(call: &mut Call<'_>) -> Step {
    let size = call.int(0);
    let object = call.vm.new_kernel(ClassId::Binary);
    binary::set_size(call, object, size)?;
    Ok(Outcome::object(object))
}

fn kernel_environment(call: &mut Call<'_>) -> Step {
    let all = call.vm.new_kernel(ClassId::Container);
    for line in ENVIRONMENT {
        let line = Value::object(call.vm.make_string(line.as_bytes()));
        container::push(call, all, line)?;
    }
    Ok(Outcome::object(all))
}
