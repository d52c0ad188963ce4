//! Exceptions of `java.lang`, made by the machine: what Java code sees of the machine's own ones.

use crate::Vm;
use crate::calls::Flow;
use crate::exceptions::Wrap;
use alloc::format;
use alloc::string::{String, ToString};
use base::Addr;
use bytecode::Flags;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, exception, field, frame, method};

/// Most frames that a backtrace keeps.
const BACKTRACE_FRAMES: usize = 1024;
/// So many frames of constructors and hidden methods may lie between them.
const BACKTRACE_OTHERS: usize = 64;

/// Elements that HotSpot gives arrays at most.
const ARRAY_MAX: i32 = i32::MAX - 2;

/// The class of `java.lang` for a kernel exception.
fn counterpart(id: ClassId) -> &'static str {
    match id {
        ClassId::NullPointer => "java/lang/NullPointerException",
        ClassId::Arithmetic => "java/lang/ArithmeticException",
        ClassId::ClassCast => "java/lang/ClassCastException",
        ClassId::IndexOutOfBounds => "java/lang/ArrayIndexOutOfBoundsException",
        ClassId::NegativeSize => "java/lang/NegativeArraySizeException",
        ClassId::ArrayStore => "java/lang/ArrayStoreException",
        ClassId::NoSuchMethod => "java/lang/NoSuchMethodError",
        ClassId::NoSuchField => "java/lang/NoSuchFieldError",
        ClassId::AbstractMethod => "java/lang/AbstractMethodError",
        ClassId::ClassNotFound => "java/lang/NoClassDefFoundError",
        ClassId::Linkage => "java/lang/IncompatibleClassChangeError",
        ClassId::StackOverflow => "java/lang/StackOverflowError",
        ClassId::OutOfMemory => "java/lang/OutOfMemoryError",
        ClassId::IllegalMonitor => "java/lang/IllegalMonitorStateException",
        ClassId::Interrupted => "java/lang/InterruptedException",
        _ => "java/lang/InternalError",
    }
}

/// The message as Java's machine words it.
fn reworded(id: ClassId, text: &str) -> Option<String> {
    let numbers = || {
        let mut numbers = text.split_whitespace().filter(|word| word.parse::<i64>().is_ok());
        Some((numbers.next()?, numbers.next()))
    };
    Some(match id {
        ClassId::NullPointer | ClassId::StackOverflow | ClassId::IllegalMonitor => return None,
        ClassId::Arithmetic => "/ by zero".into(),
        ClassId::IndexOutOfBounds => match numbers()? {
            (index, Some(length)) => format!("Index {index} out of bounds for length {length}"),
            (index, None) => format!("Index {index} out of bounds"),
        },
        ClassId::NegativeSize => numbers()?.0.into(),
        ClassId::ArrayStore => {
            text.strip_prefix("the array does not admit a ").unwrap_or(text).replace('/', ".")
        }
        ClassId::OutOfMemory => match numbers() {
            Some((length, None)) if length.parse::<i32>().is_ok_and(|length| length > ARRAY_MAX) => {
                "Requested array size exceeds VM limit".into()
            }
            _ => "Java heap space".into(),
        },
        ClassId::ClassNotFound => text.strip_prefix("there is no class ").unwrap_or(text).into(),
        ClassId::ClassCast => match text.strip_prefix("a ").and_then(|rest| rest.split_once(" is no ")) {
            Some((from, to)) => {
                format!("class {} cannot be cast to class {}", from.replace('/', "."), to.replace('/', "."))
            }
            None => text.into(),
        },
        _ => text.into(),
    })
}

impl Vm {
    /// An exception of a class of the library, as its constructor with a message would make it; `None` when the class is
    /// not there.
    pub fn java_exception(&mut self, name: &str, message: Option<&str>) -> Option<Value> {
        let class = self.class_by_name(name).ok()?;
        let made = self.new_object(class);
        if let Some(message) = message {
            let text = self.java_string(message);
            self.set_ref(made, self.offset_named(class, "detailMessage"), text);
        }
        self.set_ref(made, self.offset_named(class, "cause"), Value::object(made));
        for (own, statically) in
            [("stackTrace", "UNASSIGNED_STACK"), ("suppressedExceptions", "SUPPRESSED_SENTINEL")]
        {
            if let Some(place) = self.field_named(class, statically) {
                let value = Value(self.load_field(Addr::NULL, place));
                self.set_ref(made, self.offset_named(class, own), value);
            }
        }
        let made = Value::object(made);
        self.fill_backtrace(made);
        Some(made)
    }

    /// What Java code gets to see of what the machine throws at it.
    pub(crate) fn java_thrown(&mut self, thrown: Value) -> Value {
        let Some(object) = thrown.as_object().filter(|_| self.is_kernel(thrown, ClassId::Exception)) else {
            return thrown;
        };
        if !self.is_thrown_in_java() {
            return thrown;
        }
        let id = self.kernel_id(thrown);
        let text = self.text(object, exception::MESSAGE);
        let mut message = reworded(id, &text);
        if id == ClassId::Interrupted {
            self.clear_java_interrupt();
            let sleeps = self.text(self.top().method, method::NAME) == "sleep";
            message = sleeps.then(|| "sleep interrupted".into());
        }
        if id == ClassId::ClassCast
            && let Some((from, to)) = text.strip_prefix("a ").and_then(|rest| rest.split_once(" is no "))
            && let (Some(from), Some(to)) = (self.known_class(from), self.known_class(to))
            && let Some(message) = &mut message
        {
            let places = self.places_of(from, to);
            message.push_str(&places);
        }
        let made = self.java_exception(counterpart(id), message.as_deref()).unwrap_or(thrown);
        if id == ClassId::NullPointer
            && let Some(object) = made.as_object()
            && let Some(place) = self.field_named(self.class_of(made), "extendedMessageState")
        {
            // A trace is filled in and no message made: the library asks for what was null then.
            self.store_field(object, place, 1);
        }
        if id == ClassId::ClassNotFound {
            self.add_cause(made, message.as_deref().unwrap_or_default());
        }
        made
    }

    /// That a class is not found has a cause where the application's loader was asked for it, not where that of the boot
    /// classes was.
    pub(crate) fn add_cause(&mut self, error: Value, name: &str) {
        let from = self.ref_field(self.top().method, method::CLASS);
        let (Some(name), false) = (crate::link::innermost(name), self.is_trusted(from)) else { return };
        let cause = self.java_exception("java/lang/ClassNotFoundException", Some(&name.replace('/', ".")));
        if let (Some(object), Some(cause)) = (error.as_object(), cause) {
            self.set_ref(object, self.offset_named(self.class_of(error), "cause"), cause);
        }
    }

    /// What a cast throws that does not fit.
    pub(crate) fn cast_error(&mut self, from: Addr, to: Addr) -> Value {
        let (a, b) = (self.java_class_name(from), self.java_class_name(to));
        let text = format!("class {a} cannot be cast to class {b}{}", self.places_of(from, to));
        self.java_error("java/lang/ClassCastException", &text)
    }

    /// Whether what the running thread throws now goes to Java code: that stands on top, or called the machine's own method
    /// that does.
    fn is_thrown_in_java(&self) -> bool {
        const KERNEL_FRAMES_MAX: usize = 4;
        if self.running.thread.is_null() {
            return false;
        }
        let frames = self.frames_of(self.running.thread, KERNEL_FRAMES_MAX);
        let caller = frames.iter().find(|frame| {
            let owner = self.ref_field(frame.method, method::CLASS);
            !self.ref_field(owner, class::MODULE).is_null()
        });
        caller.is_some_and(|frame| self.is_java_method(frame.method))
    }

    /// Where two classes come from, as messages about casts end.
    pub(crate) fn places_of(&mut self, from: Addr, to: Addr) -> String {
        let (a, b) = (self.place_of(from), self.place_of(to));
        let name = |class: Addr| self.java_class_name(class);
        if a == b {
            format!(" ({} and {} are in {a})", name(from), name(to))
        } else {
            format!(" ({} is in {a}; {} is in {b})", name(from), name(to))
        }
    }

    /// Module and loader of a class in words, as messages about classes have them.
    pub fn place_of(&mut self, object: Addr) -> String {
        let mirror = self.mirror_of(object);
        let Some(mirror) = mirror.as_object() else { return String::new() };
        let of = self.class_of(Value::object(mirror));
        let loader = self.get_ref(mirror, self.offset_named(of, "classLoader"));
        let loader = match loader.as_object() {
            None => "'bootstrap'".into(),
            Some(_) => match self.text(self.class_of(loader), class::NAME).as_str() {
                "jdk/internal/loader/ClassLoaders$AppClassLoader" => "'app'".to_string(),
                "jdk/internal/loader/ClassLoaders$PlatformClassLoader" => "'platform'".into(),
                _ => self.loader_text(loader),
            },
        };
        let module = self.get_ref(mirror, self.offset_named(of, "module"));
        let name = module.as_object().map(|module| {
            self.get_ref(module, self.offset_named(self.class_of(Value::object(module)), "name"))
        });
        match name.and_then(|name| self.java_text(name)) {
            Some(name) => format!("module {name} of loader {loader}"),
            None => format!("unnamed module of loader {loader}"),
        }
    }

    /// Notes in a `Throwable` where the running thread stands: an array of methods, each with its offset; the frames of
    /// its own constructors and of `fillInStackTrace` are left out.
    pub fn fill_backtrace(&mut self, throwable: Value) {
        let Some(object) = throwable.as_object() else { return };
        let class = self.class_of(throwable);
        let place = self.offset_named(class, "backtrace");
        if place == 0 || self.running.thread.is_null() {
            return;
        }
        let frames = self.frames_of(self.running.thread, BACKTRACE_FRAMES + BACKTRACE_OTHERS);
        let making = frames.iter().take_while(|frame| {
            let (owner, name) =
                (self.ref_field(frame.method, method::CLASS), self.text(frame.method, method::NAME));
            name == "fillInStackTrace" || name == "<init>" && self.is_subclass(class, owner)
        });
        let skipped = making.count();
        let kept: alloc::vec::Vec<_> = frames[skipped..]
            .iter()
            .filter(|frame| self.is_traced(frame.method))
            .take(BACKTRACE_FRAMES)
            .collect();
        let trace = self.make_ref_array(2 * kept.len() as u64);
        for (index, frame) in kept.iter().enumerate() {
            self.array_set(trace, 2 * index as u64, Value::object(frame.method));
            self.array_set(trace, 2 * index as u64 + 1, Value::int(frame.pc as i32));
        }
        self.set_ref(object, place, Value::object(trace));
        if let Some(depth) = self.field_named(class, "depth") {
            let offset = u64::from(self.get_u32(depth, field::OFFSET));
            self.set_u32(object, offset, kept.len() as u32);
        }
    }

    /// Source file and line of an offset in a method's code, as far as they are known.
    pub fn java_position(&mut self, target: Addr, pc: u32) -> (Option<String>, Option<u32>) {
        match self.definition(target) {
            Some((module, class, index)) => {
                let code = module.classes[class].methods[index].code.as_ref();
                (module.source.clone(), code.and_then(|code| code.line_at(pc)))
            }
            None => (None, None),
        }
    }

    /// Whether a method is shown in stack traces.
    pub fn is_shown(&self, target: Addr) -> bool {
        !self.method_flags(target).has(Flags::HIDDEN)
    }

    /// One line about a Java object that was thrown, as `Throwable.toString` puts it.
    pub(crate) fn describe_throwable(&self, thrown: Value) -> Option<String> {
        let object = thrown.as_object()?;
        let class = self.class_of(thrown);
        let place = self.field_named(class, "detailMessage")?;
        let name = self.text(class, class::NAME).replace('/', ".");
        let message = self.java_text(self.get_ref(object, u64::from(self.get_u32(place, field::OFFSET))));
        Some(match message {
            Some(message) => format!("{name}: {message}"),
            None => name.to_string(),
        })
    }

    /// Lines of a throwable's backtrace, as Java prints them.
    pub(crate) fn throwable_trace(&mut self, thrown: Value) -> Option<String> {
        let object = thrown.as_object()?;
        let place = self.field_named(self.class_of(thrown), "backtrace")?;
        let trace = self.get_ref(object, u64::from(self.get_u32(place, field::OFFSET))).as_object()?;
        let mut text = String::new();
        for index in 0..self.array_len(trace) / 2 {
            let target = Addr(self.array_get(trace, 2 * index).0);
            let pc = self.array_get(trace, 2 * index + 1).as_int().unwrap_or(0);
            if !self.is_shown(target) {
                continue;
            }
            let owner = self.text(self.ref_field(target, method::CLASS), class::NAME).replace('/', ".");
            let name = self.java_method_name(target);
            let place = match self.java_position(target, pc as u32) {
                _ if self.method_flags(target).has(Flags::NATIVE) => "Native Method".into(),
                (Some(source), Some(line)) => format!("{source}:{line}"),
                (Some(source), None) => source,
                _ => "Unknown Source".into(),
            };
            text.push_str(&format!("\tat {owner}.{name}({place})\n"));
        }
        Some(text)
    }

    /// What leaves a frame that wraps what is thrown.
    pub(crate) fn wrapped(&mut self, how: Wrap, thrown: Value) -> Value {
        match how {
            Wrap::Initialiser(failed) => self.initialiser_threw(failed, thrown),
            Wrap::Reflection => {
                let made = self.java_exception("java/lang/reflect/InvocationTargetException", None);
                let Some(object) = made.and_then(|made| made.as_object()) else { return thrown };
                let class = self.class_of(Value::object(object));
                for (name, value) in [("target", thrown), ("cause", Value::NULL)] {
                    self.set_ref(object, self.offset_named(class, name), value);
                }
                Value::object(object)
            }
        }
    }

    /// What is thrown when a class initialiser has thrown (JVMS 5.5, step 10): errors as they are, others wrapped.
    /// Later uses of the class get an error with this cause.
    pub(crate) fn initialiser_threw(&mut self, failed: Addr, thrown: Value) -> Value {
        self.note_failure(failed, thrown);
        let Some(error) = self.known_class("java/lang/Error") else { return thrown };
        if self.is_instance(thrown, error) {
            return thrown;
        }
        let wrapped = self.java_exception("java/lang/ExceptionInInitializerError", None);
        let Some(object) = wrapped.and_then(|wrapped| wrapped.as_object()) else { return thrown };
        let class = self.class_of(Value::object(object));
        for name in ["exception", "cause"] {
            if let Some(place) = self.field_named(class, name) {
                let offset = u64::from(self.get_u32(place, field::OFFSET));
                self.set_ref(object, offset, thrown);
            }
        }
        Value::object(object)
    }

    /// Keeps with a class why its initialiser failed, as HotSpot does (`get_cause_with_stack_trace`): an
    /// `ExceptionInInitializerError` that names what was thrown, and where.
    pub(crate) fn note_failure(&mut self, failed: Addr, thrown: Value) {
        let Some(text) = self.describe_throwable(thrown) else { return };
        let thread = self.java_thread(self.running.thread);
        let name = thread.as_object().and_then(|object| {
            self.java_text(self.get_ref(object, self.offset_named(self.class_of(thread), "name")))
        });
        let text = format!("Exception {text} [in thread \"{}\"]", name.unwrap_or_default());
        if let Some(thrown) = thrown.as_object()
            && let Some(made) = self.failure_note(&text, thrown)
        {
            self.set_ref(failed, class::INIT_THREAD, Value::object(made));
        }
    }

    /// An `ExceptionInInitializerError` without a cause, with the trace of another throwable.
    fn failure_note(&mut self, text: &str, thrown: Addr) -> Option<Addr> {
        let made = self.java_exception("java/lang/ExceptionInInitializerError", Some(text))?.as_object()?;
        let class = self.class_of(Value::object(made));
        let trace = self.offset_named(class, "backtrace");
        let was = self.get_ref(thrown, trace);
        self.set_ref(made, trace, was);
        if let Some(depth) = self.field_named(class, "depth") {
            let bits = self.load_field(thrown, depth);
            self.store_field(made, depth, bits);
        }
        self.set_ref(made, self.offset_named(class, "cause"), Value::NULL);
        Some(made)
    }

    /// Keeps with a class that one above it has failed to be initialised, on its behalf.
    pub(crate) fn inherit_failure(&mut self, failed: Addr, above: Addr) {
        const WRAPPED: &str = "java.lang.ExceptionInInitializerError";
        let Some(cause) = self.get_ref(above, class::INIT_THREAD).as_object() else { return };
        let of = self.class_of(Value::object(cause));
        let Some(text) = self.java_text(self.get_ref(cause, self.offset_named(of, "detailMessage"))) else {
            return;
        };
        // What came out of the initialiser above: an error as it was, another exception wrapped.
        let name = text.split([' ', ':']).nth(1).unwrap_or_default().replace('.', "/");
        let error = self.known_class("java/lang/Error");
        let is_error = match (self.class_known_from(above, &name), error) {
            (Some(thrown), Some(error)) => self.is_subclass(thrown, error),
            _ => false,
        };
        let place = text.rfind(" [in thread").map_or("", |at| &text[at..]);
        let text = if is_error { text.clone() } else { format!("Exception {WRAPPED}{place}") };
        if let Some(made) = self.failure_note(&text, cause) {
            self.set_ref(failed, class::INIT_THREAD, Value::object(made));
        }
    }

    /// What JVMS 5.5 has thrown for a class whose initialiser has failed before.
    pub(crate) fn failed_class_error(&mut self, object: Addr) -> Value {
        let name = self.java_class_name(object);
        let text = format!("Could not initialize class {name}");
        let java = if self.is_java_class(object) {
            self.java_exception("java/lang/NoClassDefFoundError", Some(&text))
        } else {
            None
        };
        let Some(thrown) = java else {
            return self.exception_value(ClassId::Linkage, &format!("{name} could not be initialised"));
        };
        if let (Some(made), Some(cause)) =
            (thrown.as_object(), self.get_ref(object, class::INIT_THREAD).as_object())
        {
            self.set_ref(made, self.offset_named(self.class_of(thrown), "cause"), Value::object(cause));
        }
        thrown
    }

    /// Throws that.
    pub(crate) fn raise_failed_class(&mut self, object: Addr) -> Flow {
        let thrown = self.failed_class_error(object);
        self.raise(thrown)
    }
}

const _: () = assert!(frame::PC == 16);
