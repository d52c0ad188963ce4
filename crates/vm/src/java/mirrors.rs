//! `java.lang.Class` objects: the mirrors of classes.

use crate::Vm;
use alloc::format;
use alloc::string::String;
use base::Addr;
use bytecode::{Elem, Flags};
use layout::Value;
use layout::schema::{class, java_state, root};

/// Index of the mirror of `void` behind those of the primitive types.
const VOID: u64 = 8;

impl Vm {
    /// The mirror of a class, made at the first call; null when `java.lang.Class` is not there.
    pub fn mirror_of(&mut self, object: Addr) -> Value {
        let there = self.get_ref(object, class::MIRROR);
        if !there.is_null() {
            return there;
        }
        let Some(made) = self.new_mirror() else { return Value::NULL };
        let of = self.class_of(Value::object(made));
        self.set_ref(made, self.offset_named(of, "$class"), Value::object(object));
        self.set_ref(object, class::MIRROR, Value::object(made));
        if self.is_array_class(object) {
            let element = self.ref_field(object, class::ELEMENT);
            let component = if element.is_null() {
                match Elem::from_value(self.get_u8(object, class::ELEMENT_KIND)) {
                    Some(elem) => self.primitive_mirror(Some(elem)),
                    None => Value::NULL,
                }
            } else {
                self.mirror_of(element)
            };
            self.set_ref(made, self.offset_named(of, "componentType"), component);
        }
        self.place_mirror(object, made);
        Value::object(made)
    }

    /// Sets module and class loader of a mirror, once there are modules.
    fn place_mirror(&mut self, object: Addr, mirror: Addr) {
        let of = self.class_of(Value::object(mirror));
        let mut owner = self.java_module_of(object);
        let mut loader = Value::NULL;
        if let Some(module) = owner.as_object() {
            loader = self.get_ref(module, self.offset_named(self.class_of(owner), "loader"));
        }
        if let Some(own) = self.loader_of(object) {
            loader = Value::object(own);
        } else if owner == self.java_state(java_state::UNNAMED_MODULE)
            && let Some(app) = self.app_loader()
        {
            // What is in no module of the library comes from the class path.
            loader = Value::object(app);
            owner = self.get_ref(app, self.offset_named(self.class_of(loader), "unnamedModule"));
        }
        self.set_ref(mirror, self.offset_named(of, "module"), owner);
        self.set_ref(mirror, self.offset_named(of, "classLoader"), loader);
    }

    /// The loader of the class path, once the library has made it.
    pub(crate) fn app_loader(&self) -> Option<Addr> {
        let loaders = self.known_class("jdk/internal/loader/ClassLoaders")?;
        let place = self.field_named(loaders, "APP_LOADER")?;
        Value(self.load_field(Addr::NULL, place)).as_object()
    }

    /// The mirror of a primitive type, or of `void`.
    pub fn primitive_mirror(&mut self, elem: Option<Elem>) -> Value {
        let index = java_state::PRIMITIVES + elem.map_or(VOID, |elem| elem as u64);
        let there = self.java_state(index);
        if !there.is_null() {
            return there;
        }
        let made = self.new_mirror().map_or(Value::NULL, Value::object);
        self.set_java_state(index, made);
        if let Some(object) = made.as_object() {
            let of = self.class_of(made);
            let base = self.java_state(java_state::BASE_MODULE);
            self.set_ref(object, self.offset_named(of, "module"), base);
        }
        made
    }

    /// Which primitive type a mirror stands for: `Some(None)` is `void`, `None` a class.
    pub fn primitive_of_mirror(&self, mirror: Value) -> Option<Option<Elem>> {
        let found = (0..=VOID).find(|index| self.java_state(java_state::PRIMITIVES + index) == mirror)?;
        Some(Elem::from_value(found as u8))
    }

    /// The class that a mirror stands for; null for primitive types and for what is no mirror.
    pub fn class_of_mirror(&self, mirror: Value) -> Addr {
        let Some(object) = mirror.as_object() else { return Addr::NULL };
        match self.offset_named(self.class_of(mirror), "$class") {
            0 => Addr::NULL,
            offset => self.ref_field(object, offset),
        }
    }

    fn new_mirror(&mut self) -> Option<Addr> {
        let of = self.class_by_name("java/lang/Class").ok()?;
        Some(self.new_old(of))
    }

    /// The `java.lang.Module` of a class: that of its package; null before there are modules.
    pub fn java_module_of(&mut self, object: Addr) -> Value {
        if self.java_state(java_state::BASE_MODULE).is_null() {
            return Value::NULL;
        }
        let of = self.innermost_class(object);
        let name = self.text(of, class::NAME);
        let loader = self.loader_of(of);
        if let Some((package, _)) = name.rsplit_once('/')
            && let Some(found) = self.module_of_package(package, loader)
        {
            return Value::object(found);
        }
        if let Some(loader) = loader {
            return self
                .get_ref(loader, self.offset_named(self.class_of(Value::object(loader)), "unnamedModule"));
        }
        let primitive = !name.contains('/') && self.is_array_class(of);
        self.java_state(if primitive { java_state::BASE_MODULE } else { java_state::UNNAMED_MODULE })
    }

    /// Gives every mirror that has none its module; to be called when packages became known.
    pub fn place_mirrors(&mut self) {
        let classes = self.root_ref(root::CLASSES);
        for index in 0..self.array_len(classes) {
            let Some(object) = self.array_get(classes, index).as_object() else { continue };
            if let Some(mirror) = self.get_ref(object, class::MIRROR).as_object() {
                let place = self.offset_named(self.class_of(Value::object(mirror)), "module");
                if self.get_ref(mirror, place).is_null() {
                    self.place_mirror(object, mirror);
                }
            }
        }
        let base = self.java_state(java_state::BASE_MODULE);
        for index in 0..=VOID {
            if let Some(mirror) = self.java_state(java_state::PRIMITIVES + index).as_object() {
                let place = self.offset_named(self.class_of(Value::object(mirror)), "module");
                self.set_ref(mirror, place, base);
            }
        }
    }

    /// Name of a class as `Class.getName` gives it.
    pub fn java_class_name(&self, object: Addr) -> String {
        let name = self.text(object, class::NAME).replace('/', ".");
        let hidden = Flags(self.get_u32(self.innermost_class(object), class::FLAGS)).has(Flags::HIDDEN);
        match name.rsplit_once('+').filter(|_| hidden) {
            Some((name, number)) => format!("{name}/{number}"),
            None => name,
        }
    }

    /// What a static synchronised method locks: the mirror, for Java.
    pub(crate) fn lock_of_class(&mut self, object: Addr) -> Addr {
        if !self.is_java_class(object) {
            return object;
        }
        self.mirror_of(object).as_object().unwrap_or(object)
    }
}
