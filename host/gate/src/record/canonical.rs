//! JSON that is the same text everywhere: keys sorted, no spaces, no floats.
//!
//! Written straight from the value: a record is made for every judgement, and going through a tree
//! of `serde_json::Value` took four times as long.

use std::io::Write as _;

use serde::ser::{self, Error as _, Serialize, Serializer};

type Error = serde_json::Error;

/// A value as canonical JSON.
///
/// Empty when the value cannot be such JSON at all (floats, bytes, maps whose keys are no texts),
/// which none of this project's types holds.
#[must_use]
pub fn canonical_json<T: Serialize + ?Sized>(value: &T) -> String {
    let mut writer = Writer {
        out: Vec::with_capacity(4_096),
    };
    match value.serialize(&mut writer) {
        Ok(()) => String::from_utf8(writer.out).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

struct Writer {
    out: Vec<u8>,
}

impl Writer {
    fn text(&mut self, text: &str) -> Result<(), Error> {
        serde_json::to_writer(&mut self.out, text)
    }

    fn number(&mut self, number: impl std::fmt::Display) -> Result<(), Error> {
        write!(self.out, "{number}").map_err(Error::custom)
    }

    fn object(&mut self, outer: Option<&str>) -> Result<Object<'_>, Error> {
        if let Some(variant) = outer {
            self.out.push(b'{');
            self.text(variant)?;
            self.out.push(b':');
        }
        self.out.push(b'{');
        Ok(Object {
            start: self.out.len(),
            writer: self,
            entries: Vec::new(),
            wrapped: outer.is_some(),
        })
    }

    fn list(&mut self, outer: Option<&str>) -> Result<List<'_>, Error> {
        if let Some(variant) = outer {
            self.out.push(b'{');
            self.text(variant)?;
            self.out.push(b':');
        }
        self.out.push(b'[');
        Ok(List {
            writer: self,
            empty: true,
            wrapped: outer.is_some(),
        })
    }
}

/// Where one entry of an object lies in the text.
#[derive(Clone, Copy)]
struct Entry {
    begins: usize,
    key_ends: usize,
    ends: usize,
}

struct Object<'a> {
    writer: &'a mut Writer,
    start: usize,
    entries: Vec<Entry>,
    wrapped: bool,
}

impl Object<'_> {
    fn key(&mut self, key: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let begins = self.writer.out.len();
        key.serialize(&mut *self.writer)?;
        if self.writer.out.get(begins) != Some(&b'"') {
            return Err(Error::custom("a key that is no text"));
        }
        let key_ends = self.writer.out.len();
        self.entries.push(Entry {
            begins,
            key_ends,
            ends: key_ends,
        });
        self.writer.out.push(b':');
        Ok(())
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        let ends = self.writer.out.len();
        let entry = self
            .entries
            .last_mut()
            .ok_or_else(|| Error::custom("a value without a key"))?;
        entry.ends = ends;
        Ok(())
    }

    /// Puts the entries, written one after another, in order and commas between them.
    fn close(mut self) -> Result<(), Error> {
        let written = self.writer.out.split_off(self.start);
        let part = |from: usize, to: usize| {
            written
                .get(from - self.start..to - self.start)
                .unwrap_or_default()
        };
        self.entries
            .sort_unstable_by(|a, b| part(a.begins, a.key_ends).cmp(part(b.begins, b.key_ends)));
        for (n, entry) in self.entries.iter().enumerate() {
            if n > 0 {
                self.writer.out.push(b',');
            }
            self.writer
                .out
                .extend_from_slice(part(entry.begins, entry.ends));
        }
        self.writer
            .out
            .extend_from_slice(if self.wrapped { b"}}" } else { b"}" });
        Ok(())
    }
}

struct List<'a> {
    writer: &'a mut Writer,
    empty: bool,
    wrapped: bool,
}

impl List<'_> {
    fn item(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        if !std::mem::take(&mut self.empty) {
            self.writer.out.push(b',');
        }
        value.serialize(&mut *self.writer)
    }

    fn close(self) -> Result<(), Error> {
        self.writer
            .out
            .extend_from_slice(if self.wrapped { b"]}" } else { b"]" });
        Ok(())
    }
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Object<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Object<'a>;

    fn serialize_bool(self, v: bool) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_i8(self, v: i8) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_i16(self, v: i16) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_i32(self, v: i32) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_i64(self, v: i64) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_u8(self, v: u8) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_u16(self, v: u16) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_u32(self, v: u32) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_u64(self, v: u64) -> Result<(), Error> {
        self.number(v)
    }
    fn serialize_f32(self, _: f32) -> Result<(), Error> {
        Err(Error::custom("no floats"))
    }
    fn serialize_f64(self, _: f64) -> Result<(), Error> {
        Err(Error::custom("no floats"))
    }
    fn serialize_char(self, v: char) -> Result<(), Error> {
        self.text(v.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, v: &str) -> Result<(), Error> {
        self.text(v)
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        Err(Error::custom("no bytes"))
    }
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Result<(), Error> {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.text(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        v: &T,
    ) -> Result<(), Error> {
        v.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        v: &T,
    ) -> Result<(), Error> {
        let mut object = self.object(None)?;
        object.key(variant)?;
        object.value(v)?;
        object.close()
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, Error> {
        self.list(None)
    }
    fn serialize_tuple(self, _: usize) -> Result<List<'a>, Error> {
        self.list(None)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a>, Error> {
        self.list(None)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'a>, Error> {
        self.list(Some(variant))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a>, Error> {
        self.object(None)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'a>, Error> {
        self.object(None)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Object<'a>, Error> {
        self.object(Some(variant))
    }
}

macro_rules! lists {
    ($($trait:ident :: $method:ident),*) => {$(
        impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = Error;
            fn $method<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Error> {
                self.item(v)
            }
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}
lists!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! structs {
    ($($trait:ident),*) => {$(
        impl ser::$trait for Object<'_> {
            type Ok = ();
            type Error = Error;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                v: &T,
            ) -> Result<(), Error> {
                self.key(key)?;
                self.value(v)
            }
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}
structs!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key(key)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Error> {
        self.value(v)
    }
    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The obvious way: a tree, its keys sorted, written out.
    fn obvious(value: &Value) -> String {
        match value {
            Value::Object(map) => {
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort();
                let entries: Vec<String> = keys
                    .into_iter()
                    .map(|k| format!("{}:{}", Value::from(k.as_str()), obvious(&map[k])))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }
            Value::Array(items) => {
                format!(
                    "[{}]",
                    items.iter().map(obvious).collect::<Vec<_>>().join(",")
                )
            }
            plain => plain.to_string(),
        }
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value =
            json!({"b": [{"z": 1, "a": "ñ\n\"", "empty": {}}, [], -5], "a": null, "ab": true});
        let text = r#"{"a":null,"ab":true,"b":[{"a":"ñ\n\"","empty":{},"z":1},[],-5]}"#;
        assert_eq!(canonical_json(&value), text);
        assert_eq!(obvious(&value), text);
    }

    #[derive(serde::Serialize)]
    enum Forms {
        Unit,
        One(u8),
        Two(i64, char),
        Named { z: Option<u32>, a: () },
    }

    #[test]
    fn every_form_of_value_is_what_a_tree_of_json_would_give() {
        let forms = [
            Forms::Unit,
            Forms::One(7),
            Forms::Two(-1, 'ñ'),
            Forms::Named { z: None, a: () },
        ];
        let tree = serde_json::to_value(&forms).unwrap();
        assert_eq!(canonical_json(&forms), obvious(&tree));
        let setup = crate::testing::Setup::promo();
        let tree = serde_json::to_value((&setup.proposal, &setup.facts, &setup.policy)).unwrap();
        assert_eq!(
            canonical_json(&(&setup.proposal, &setup.facts, &setup.policy)),
            obvious(&tree)
        );
    }

    #[test]
    fn floats_bytes_and_odd_keys_are_refused() {
        assert_eq!(canonical_json(&1.5_f64), "");
        assert_eq!(
            canonical_json(&std::collections::BTreeMap::from([(1, 2)])),
            ""
        );
    }
}
