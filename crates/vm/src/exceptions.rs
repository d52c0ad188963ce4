//! Throwing: the handler is found first, then frames are left; without one the thread dies with a report.

use crate::Vm;
use crate::calls::Flow;
use crate::frames::Frame;
use crate::interpreter::Exit;
use crate::natives::WRAPPING_PHASE;
use alloc::format;
use alloc::string::String;
use base::Addr;
use bytecode::{Const, Flags};
use core::fmt::Write;
use layout::Value;
use layout::internal::ClassId;
use layout::schema::{class, exception, frame, method, module, on_return, thread};

/// So many frames are searched for a handler before the first is left.
const FRAMES_AT_ONCE: usize = 256;
/// Units of work for a frame that is left.
const FRAME_UNITS: u64 = 256;
/// Most lines of a stack trace.
const TRACE_LINES: usize = 64;

/// How an exception is wrapped.
#[derive(Clone, Copy)]
pub(crate) enum Wrap {
    /// It left the initialiser of a class.
    Initialiser(Addr),
    /// It left a method that was called by reflection.
    Reflection,
}

impl Vm {
    /// Throws an exception of a kernel class from where the running thread stands.
    pub(crate) fn raise_kernel(&mut self, id: ClassId, message: &str) -> Flow {
        let object = self.make_exception(id, message);
        self.raise(Value::object(object))
    }

    /// Throws an object from where the running thread stands; its frames are up to date.
    pub(crate) fn raise(&mut self, thrown: Value) -> Flow {
        let thrown = if thrown.is_null() {
            Value::object(self.make_exception(ClassId::NullPointer, "null was thrown"))
        } else {
            thrown
        };
        let mut thrown = self.java_thrown(thrown);
        if let Some(object) = thrown.as_object().filter(|_| self.is_kernel(thrown, ClassId::Exception))
            && self.get_ref(object, exception::TRACE).is_null()
        {
            let trace = self.running_trace();
            let text = self.make_string(trace.as_bytes());
            self.set_ref(object, exception::TRACE, Value::object(text));
        }
        let mut at = self.running.frame.0;
        for _ in 0..FRAMES_AT_ONCE {
            let frame = Frame::read(&self.memory, Addr(at));
            if let Some(target) = self.handler(&frame, thrown) {
                while self.running.frame.0 != at {
                    self.leave_frame(thrown);
                    self.pop_frame();
                }
                return self.catch(&frame, target, thrown);
            }
            at = frame.caller;
            if at == 0 {
                break;
            }
            if let Some(wrap) = self.wraps(&frame) {
                while self.running.frame.0 != at {
                    self.leave_frame(thrown);
                    self.pop_frame();
                }
                let thrown = self.wrapped(wrap, thrown);
                return self.raise(thrown);
            }
            if let Some(other) = self.crossing(&frame, thrown) {
                while self.running.frame.0 != at {
                    self.leave_frame(thrown);
                    self.pop_frame();
                }
                thrown = other;
            }
        }
        // Frames are left before the handler is found, if there is one, so that the thread can rest in between. What is to be
        // said of it is noted while they are there.
        let (thread, trace) = (self.running.thread, self.trace_of(thrown));
        let trace = self.make_string(trace.as_bytes());
        self.set_ref(thread, thread::THROWN_TRACE, Value::object(trace));
        self.unwind(thrown)
    }

    /// Leaves frames until one catches the object; the thread may come to a safepoint in between, and dies at the end.
    pub(crate) fn unwind(&mut self, thrown: Value) -> Flow {
        let thread = self.running.thread;
        let mut thrown = thrown;
        loop {
            let top = self.top();
            if let Some(target) = self.handler(&top, thrown) {
                self.set_ref(thread, thread::THROWN, Value::NULL);
                self.set_ref(thread, thread::THROWN_TRACE, Value::NULL);
                return self.catch(&top, target, thrown);
            }
            self.leave_frame(thrown);
            if top.caller == 0 {
                let mut report = format!("Unhandled exception: {}\n", self.describe(thrown));
                report.push_str(&self.text(thread, thread::THROWN_TRACE));
                self.set_ref(thread, thread::THROWN, Value::NULL);
                self.set_ref(thread, thread::THROWN_TRACE, Value::NULL);
                self.end_thread(Err((thrown, report)));
                return Flow::Exit(Exit::Ended);
            }
            let wrap = self.wraps(&top);
            let crossing = if wrap.is_none() { self.crossing(&top, thrown) } else { None };
            self.pop_frame();
            if let Some(wrap) = wrap {
                thrown = self.wrapped(wrap, thrown);
            }
            thrown = crossing.unwrap_or(thrown);
            if self.works(FRAME_UNITS) {
                self.set_ref(thread, thread::THROWN, thrown);
                return Flow::Exit(Exit::Safepoint);
            }
        }
    }

    fn catch(&mut self, frame: &Frame, target: u32, thrown: Value) -> Flow {
        self.memory.store_unannounced_u64(frame.operands(), thrown.0);
        self.set_frame_u32(frame.at, frame::PC, target);
        self.set_frame_u32(frame.at, frame::DEPTH, 1);
        Flow::Go
    }

    /// What the top frame owes when it is left by an exception.
    fn leave_frame(&mut self, thrown: Value) {
        let top = self.top();
        let flags = self.frame_u32(top.at, frame::FLAGS);
        self.unlock_frame(&top);
        if flags & 0xff == on_return::INITIALISED {
            let class = self.ref_field(top.method, method::CLASS);
            self.initialised(class, crate::classes::FAILED);
        }
        if flags & 0xff == on_return::LINK && self.is_java_method(top.method) {
            self.note_unlinked(self.frame_u32(top.at, frame::PHASE), thrown);
        }
    }

    /// What an exception becomes that leaves a frame, when Java wants it to become another.
    fn wraps(&self, frame: &Frame) -> Option<Wrap> {
        if !self.is_java_method(frame.method) {
            return None;
        }
        if self.frame_u32(frame.at, frame::FLAGS) & 0xff == on_return::INITIALISED {
            return Some(Wrap::Initialiser(self.ref_field(frame.method, method::CLASS)));
        }
        let native = self.method_flags(frame.method).has(Flags::NATIVE);
        let calls = native && self.frame_u32(frame.at, frame::PHASE) & WRAPPING_PHASE != 0;
        calls.then_some(Wrap::Reflection)
    }

    /// What an exception becomes that leaves a frame for a caller in another language, when that wants it to become
    /// another.
    fn crossing(&mut self, frame: &Frame, thrown: Value) -> Option<Value> {
        let caller = Frame::read(&self.memory, Addr(frame.caller)).method;
        match (self.is_java_method(frame.method), self.is_java_method(caller)) {
            (false, true) => Some(self.thrown_to_java(thrown)).filter(|other| *other != thrown),
            (true, false) => self.thrown_from_java(thrown),
            _ => None,
        }
    }

    /// Where a frame catches the object, if it does.
    fn handler(&mut self, frame: &Frame, thrown: Value) -> Option<u32> {
        let owner = self.ref_field(frame.method, method::CLASS);
        let (module, class, index) = self.definition(frame.method)?;
        let code = module.classes[class].methods[index].code.as_ref()?;
        let thrown_class = self.class_of(thrown);
        code.handlers.iter().filter(|handler| (handler.start..handler.end).contains(&frame.pc)).find_map(
            |handler| {
                let fits = match handler.class.map(|index| &module.pool[index as usize]) {
                    None => true,
                    // A class that is not loaded has no instances.
                    Some(Const::Class(name)) => self
                        .class_known_from(owner, name)
                        .is_some_and(|class| self.is_subclass(thrown_class, class)),
                    Some(_) => false,
                };
                fits.then_some(handler.target)
            },
        )
    }

    /// The stack trace of the running thread, empty when none runs.
    pub(crate) fn running_trace(&mut self) -> String {
        if self.running.thread.is_null() { String::new() } else { self.trace(self.running.thread) }
    }

    /// The stack trace of a thread: `at .pkg.class.method (file:line)`, one line each.
    pub fn trace(&mut self, thread: Addr) -> String {
        let mut text = String::new();
        let frames = self.frames_of(thread, TRACE_LINES + 1);
        for frame in frames.iter().take(TRACE_LINES) {
            if self.get_u32(frame.method, method::FLAGS) & Flags::HIDDEN.0 == 0 {
                let line = self.trace_line(frame);
                text.push_str(&line);
            }
        }
        if frames.len() > TRACE_LINES {
            text.push_str("  ...\n");
        }
        text
    }

    fn trace_line(&mut self, frame: &Frame) -> String {
        let class = self.ref_field(frame.method, method::CLASS);
        let (class_name, name) = (self.text(class, class::NAME), self.text(frame.method, method::NAME));
        let mut line = format!("  at {class_name}.{name}");
        let definition = self.definition(frame.method);
        let source = self.ref_field(class, class::MODULE);
        let source = if source.is_null() { String::new() } else { self.text(source, module::SOURCE) };
        let number = definition.and_then(|(module, class, index)| {
            let code = module.classes[class].methods[index].code.as_ref()?;
            let last = code.lines.iter().take_while(|line| line.pc <= frame.pc).last()?;
            Some(last.line)
        });
        let _never_fails = match (source.as_str(), number) {
            ("", None) => Ok(()),
            ("", Some(number)) => write!(line, " (line {number})"),
            (source, None) => write!(line, " ({source})"),
            (source, Some(number)) => write!(line, " ({source}:{number})"),
        };
        line.push('\n');
        line
    }

    /// Where an object was thrown, as far as is known.
    fn trace_of(&mut self, thrown: Value) -> String {
        if let Some(trace) = self.throwable_trace(thrown) {
            return trace;
        }
        let recorded = thrown
            .as_object()
            .filter(|_| self.is_kernel(thrown, ClassId::Exception))
            .map(|object| self.text(object, exception::TRACE))
            .filter(|trace| !trace.is_empty());
        recorded.unwrap_or_else(|| self.running_trace())
    }

    /// One line about a value: strings as they are, numbers, exceptions with class and message, others by class.
    pub fn describe(&self, value: Value) -> String {
        use layout::value::Unpacked;
        match value.unpack() {
            Unpacked::Null => String::from("(void)"),
            Unpacked::Int(number) => format!("{number}"),
            Unpacked::Long(number) => format!("{number}"),
            Unpacked::Float(number) => format!("{number}"),
            Unpacked::Reserved(bits) => format!("(damaged reference {bits:#x})"),
            Unpacked::Object(object) => match self.kernel_id(value) {
                ClassId::String => String::from_utf8_lossy(&self.bytes(object)).into_owned(),
                ClassId::Long => self.as_long(value).map_or_else(String::new, |number| format!("{number}")),
                ClassId::Double => {
                    self.as_double(value).map_or_else(String::new, |number| format!("{number}"))
                }
                _ => {
                    if let Some(text) = self.describe_throwable(value) {
                        return text;
                    }
                    let name = self.text(self.class_of(value), class::NAME);
                    if self.is_kernel(value, ClassId::Exception) {
                        let message = self.text(object, exception::MESSAGE);
                        if message.is_empty() { name } else { format!("{name}: {message}") }
                    } else {
                        name
                    }
                }
            },
        }
    }

    /// Takes the exception that something outside the thread wants it to throw.
    pub(crate) fn take_pending(&mut self) -> Option<Value> {
        let object = self.running.thread;
        let pending = self.get_ref(object, thread::PENDING);
        if pending.is_null() {
            return None;
        }
        self.set_ref(object, thread::PENDING, Value::NULL);
        self.give_back_grant(object);
        self.forget_call(object);
        Some(pending)
    }
}
