//! `string.parseJson`: JSON (RFC 8259) to objects, by `serde_json`.
//!
//! An integer becomes a long (a double when it does not fit), other numbers a double, `true` and `false` the ints 1 and 0,
//! an object a directory whose last value of a repeated key counts, an array a container. Nesting is limited to 127.

use super::support::Step;
use super::{Call, Outcome, container, directory, string};
use alloc::format;
use alloc::string::String;
use core::fmt;
use layout::Value;
use layout::internal::ClassId;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The method.
pub(super) fn parse(call: &mut Call<'_>) -> Step {
    let text = string::text(call)?;
    let mut reader = serde_json::Deserializer::from_slice(&text);
    let parsed = Builder { call }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    parsed.map(Outcome::value).map_err(|error| call.throw_string(&format!("string.parseJson: {error}")))
}

/// Makes objects of what the parser finds.
struct Builder<'a, 'vm> {
    call: &'a mut Call<'vm>,
}

impl<'vm> Builder<'_, 'vm> {
    fn string(&mut self, text: &str) -> Value {
        Value::object(self.call.vm.make_string(text.as_bytes()))
    }
    fn inner(&mut self) -> Builder<'_, 'vm> {
        Builder { call: self.call }
    }
}

/// The world has no room for more.
fn full<E: Error>() -> E {
    E::custom("there is no room for the result")
}

impl<'de> DeserializeSeed<'de> for Builder<'_, '_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        // Small objects are made whether they fit or not, so somebody has to look before there are too many.
        if !self.call.vm.array_fits(self.call.vm.object_array, 0) {
            return Err(full());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Builder<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::NULL)
    }
    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::int(i32::from(truth)))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(self.call.vm.box_i64(number))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => self.call.vm.box_i64(number),
            Err(_) => self.call.vm.box_f64(number as f64),
        })
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(self.call.vm.box_f64(number))
    }
    fn visit_str<E: Error>(mut self, text: &str) -> Result<Value, E> {
        Ok(self.string(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<Value, A::Error> {
        let array = self.call.vm.new_kernel(ClassId::Container);
        while let Some(element) = elements.next_element_seed(self.inner())? {
            container::push(self.call, array, element).map_err(|_| full())?;
        }
        Ok(Value::object(array))
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut pairs: A) -> Result<Value, A::Error> {
        let map = self.call.vm.new_kernel(ClassId::Directory);
        while let Some(key) = pairs.next_key::<String>()? {
            let key = self.string(&key);
            let value = pairs.next_value_seed(self.inner())?;
            directory::set(self.call, map, key, value).map_err(|_| full())?;
        }
        Ok(Value::object(map))
    }
}
