//! A forgiving view of JSON: fields are looked up by name, numbers may be strings and strings
//! numbers, and what is not asked for does not matter. Values keep their original text.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

use crate::wire::decimal;

/// Nesting accepted in anything read from the network. Meta's deepest webhook has about twelve.
pub(crate) const MAX_DEPTH: usize = 32;

/// Whether brackets nest deeper than [`MAX_DEPTH`]. Looks at bytes only, so that hostile input is
/// turned away before any recursive code sees it.
pub(crate) fn too_deep(raw: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in raw {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// An object whose values are unread. Of a repeated key the last value counts.
#[derive(Clone, Default)]
pub(crate) struct Obj<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Obj<'a> {
    /// Reads `raw` when it is an object.
    pub(crate) fn read(raw: &'a RawValue) -> Option<Obj<'a>> {
        Obj::parse(raw.get())
    }

    /// Reads text when it is an object.
    pub(crate) fn parse(text: &'a str) -> Option<Obj<'a>> {
        serde_json::from_str(text).ok().map(Obj)
    }

    /// Reads an answer's bytes when they are an object of bearable depth.
    pub(crate) fn parse_bytes(raw: &'a [u8]) -> Option<Obj<'a>> {
        if too_deep(raw) {
            return None;
        }
        Obj::parse(std::str::from_utf8(raw).ok()?)
    }

    /// The value of `key`; `null` counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.get(key).copied().filter(|raw| raw.get() != "null")
    }

    /// A string, or a number as it is written.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        text(self.get(key)?)
    }

    /// [`Obj::text`], where an empty text counts as absent.
    pub(crate) fn filled(&self, key: &str) -> Option<String> {
        self.text(key).filter(|t| !t.is_empty())
    }

    /// A whole number, also from a string.
    pub(crate) fn int(&self, key: &str) -> Option<i64> {
        self.scaled(key, 0)
    }

    /// A decimal number times ten to the `digits`, also from a string.
    pub(crate) fn scaled(&self, key: &str, digits: i32) -> Option<i64> {
        decimal::scaled(&self.text(key)?, digits)
    }

    /// `true`, also as a string.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|raw| matches!(raw.get(), "true" | "\"true\""))
    }

    /// An object.
    pub(crate) fn obj(&self, key: &str) -> Option<Obj<'a>> {
        Obj::read(self.get(key)?)
    }

    /// The elements of an array.
    pub(crate) fn list(&self, key: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.get(key)?.get()).ok()
    }

    /// The objects among the elements of an array; nothing when there is no array.
    pub(crate) fn objs(&self, key: &str) -> Vec<Obj<'a>> {
        self.list(key)
            .unwrap_or_default()
            .into_iter()
            .filter_map(Obj::read)
            .collect()
    }
}

/// A string, or a number as it is written. Half surrogate pairs become U+FFFD.
pub(crate) fn text(raw: &RawValue) -> Option<String> {
    let written = raw.get();
    match written.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(written)
            .ok()
            .or_else(|| serde_json::from_str::<Lossy>(written).ok().map(|l| l.0)),
        b'-' | b'0'..=b'9' => Some(written.to_owned()),
        _ => None,
    }
}

/// A string read as bytes: serde_json then lets half surrogate pairs through (an emoji cut in two
/// by whoever truncated the text), which a `String` cannot hold.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lossy, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Lossy;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Lossy, E> {
                Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The same text for the same value however it is spelled: keys sorted, escapes and white space
/// gone. Numbers stay as written. The caller has bounded the depth.
pub(crate) fn canonical(raw: &RawValue, out: &mut String) {
    if let Some(obj) = Obj::read(raw) {
        out.push('{');
        for (key, value) in &obj.0 {
            out.push_str(&quoted(key));
            out.push(':');
            canonical(value, out);
            out.push(',');
        }
        out.push('}');
    } else if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        out.push('[');
        for value in list {
            canonical(value, out);
            out.push(',');
        }
        out.push(']');
    } else if raw.get().starts_with('"')
        && let Some(text) = text(raw)
    {
        out.push_str(&quoted(&text));
    } else {
        out.push_str(raw.get());
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obj(text: &str) -> Obj<'_> {
        Obj::parse(text).unwrap()
    }

    #[test]
    fn numbers_may_be_strings_and_strings_numbers() {
        let o = obj(r#"{"a":"12","b":12,"c":null,"d":"","e":true,"f":"true","g":1.50,"h":[1]}"#);
        assert_eq!((o.int("a"), o.int("b")), (Some(12), Some(12)));
        assert_eq!(
            (o.text("a").unwrap(), o.text("b").unwrap()),
            ("12".into(), "12".into())
        );
        assert!(o.get("c").is_none() && o.get("missing").is_none());
        assert_eq!((o.text("d"), o.filled("d")), (Some(String::new()), None));
        assert!(o.flag("e") && o.flag("f") && !o.flag("a"));
        assert_eq!(o.text("g").unwrap(), "1.50");
        assert_eq!((o.text("h"), o.text("e"), o.int("h")), (None, None, None));
    }

    #[test]
    fn half_an_emoji_is_read_with_a_replacement_character() {
        let o = obj(r#"{"whole":"\ud83d\ude00","half":"Hola \ud83d!"}"#);
        assert_eq!(o.text("whole").unwrap(), "😀");
        let half = o.text("half").unwrap();
        assert!(
            half.starts_with("Hola \u{fffd}") && half.ends_with('!'),
            "{half:?}"
        );
    }

    #[test]
    fn depth_is_counted_outside_strings_only() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(!too_deep(nested(MAX_DEPTH).as_bytes()));
        assert!(too_deep(nested(MAX_DEPTH + 1).as_bytes()));
        let in_string = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(100));
        assert!(!too_deep(in_string.as_bytes()));
        assert!(!too_deep("[]".repeat(100).as_bytes()));
    }

    #[test]
    fn canonical_text_ignores_spelling_and_nothing_else() {
        let of = |text: &str| {
            let mut out = String::new();
            canonical(serde_json::from_str(text).unwrap(), &mut out);
            out
        };
        assert_eq!(
            of(r#"{"b":[1,"\u00e9"],"a":{}}"#),
            of(r#" { "a" : { }, "b" : [ 1 , "é" ] } "#)
        );
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":"1"}"#));
        assert_ne!(of("[[1],2]"), of("[[1,2]]"));
        assert_ne!(of(r#"["a,","b"]"#), of(r#"["a",",b"]"#));
    }
}
