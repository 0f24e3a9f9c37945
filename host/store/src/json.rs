//! Canonical JSON, hashes of it, and the way from columns back to types.

use std::fmt::Display;
use std::str::FromStr;

use portero_domain::address::AddressKey;
use portero_domain::ids::{PhoneNumberId, WabaId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::db::{Arg, clean};
use crate::error::{Result, StoreError};

/// JSON with sorted keys and no blanks: the same value always gives the same bytes.
pub(crate) fn canonical<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String> {
    let value = serde_json::to_value(value).map_err(|e| StoreError::Json {
        what,
        why: e.to_string(),
    })?;
    Ok(sorted(value).to_string())
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let mut out = Map::with_capacity(entries.len());
            for (key, value) in entries {
                out.insert(key, sorted(value));
            }
            Value::Object(out)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// SHA-256, hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Reads JSON we wrote.
pub(crate) fn read<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| StoreError::Stored {
        what,
        why: e.to_string(),
    })
}

/// The word an enum without payload serialises to.
pub(crate) fn word<T: Serialize>(what: &'static str, value: &T) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        Ok(_) => Err(StoreError::Json {
            what,
            why: "not a single word".to_owned(),
        }),
        Err(e) => Err(StoreError::Json {
            what,
            why: e.to_string(),
        }),
    }
}

/// Reads [`word`].
pub(crate) fn from_word<T: DeserializeOwned>(what: &'static str, word: &str) -> Result<T> {
    serde_json::from_value(Value::String(word.to_owned())).map_err(|e| StoreError::Stored {
        what,
        why: e.to_string(),
    })
}

/// Reads an id.
pub(crate) fn id<T>(what: &'static str, text: &str) -> Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|e: T::Err| StoreError::Stored {
        what,
        why: e.to_string(),
    })
}

/// Reads an id that may be absent.
pub(crate) fn opt_id<T>(what: &'static str, text: Option<&str>) -> Result<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(|t| id(what, t)).transpose()
}

pub(crate) fn number(text: String) -> Result<PhoneNumberId> {
    PhoneNumberId::new(text).ok_or_else(|| bad("phone_number_id", "empty or too long"))
}

pub(crate) fn waba(text: String) -> Result<WabaId> {
    WabaId::new(text).ok_or_else(|| bad("waba_id", "empty or too long"))
}

pub(crate) fn address(text: String) -> Result<AddressKey> {
    from_word("address", &text)
}

/// A small unsigned column.
pub(crate) fn small<T: TryFrom<i64>>(what: &'static str, n: i64) -> Result<T> {
    T::try_from(n).map_err(|_| bad(what, "out of range"))
}

pub(crate) fn bad(what: &'static str, why: &str) -> StoreError {
    StoreError::Stored {
        what,
        why: why.to_owned(),
    }
}

/// Many rows as one argument, for `json_each` and `jsonb_to_recordset`.
pub(crate) fn rows(rows: Vec<Value>) -> Arg {
    let mut all = Value::Array(rows);
    clean_texts(&mut all);
    Arg::Text(Some(all.to_string()))
}

/// As [`rows`], of rows with a type of their own: nothing is built but the text.
pub(crate) fn typed<T: Serialize>(what: &'static str, rows: &[T]) -> Result<Arg> {
    let text = serde_json::to_string(rows).map_err(|e| StoreError::Json {
        what,
        why: e.to_string(),
    })?;
    // A NUL is written `\u0000`, and so is the text `\u0000` with one more backslash: where either is, the long way.
    if !text.contains("\\u0000") {
        return Ok(Arg::Text(Some(text)));
    }
    Ok(self::rows(read(what, &text)?))
}

fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = clean(std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(clean_texts),
        Value::Object(map) => map.values_mut().for_each(clean_texts),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_json_does_not_depend_on_key_order() {
        let a = canonical(
            "t",
            &json!({"b": 1, "a": {"d": [1, {"y": 0, "x": 1}], "c": null}}),
        )
        .unwrap();
        let b = canonical(
            "t",
            &json!({"a": {"c": null, "d": [1, {"x": 1, "y": 0}]}, "b": 1}),
        )
        .unwrap();
        assert_eq!(a, b);
        assert_eq!(a, r#"{"a":{"c":null,"d":[1,{"x":1,"y":0}]},"b":1}"#);
    }

    #[test]
    fn nul_never_reaches_a_row_and_an_escaped_one_stays() {
        let Arg::Text(Some(text)) = rows(vec![json!({"v": "a\0b", "json": "{\"x\":\"\\u0000\"}"})])
        else {
            panic!("a text")
        };
        let back: Value = serde_json::from_str(&text).unwrap();
        let wanted = json!([{"v": "a\u{fffd}b", "json": "{\"x\":\"\\u0000\"}"}]);
        assert_eq!(back, wanted);
        let same = [json!({"v": "a\0b", "json": "{\"x\":\"\\u0000\"}"})];
        let Arg::Text(Some(text)) = typed("t", &same).unwrap() else {
            panic!("a text")
        };
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), wanted);
    }
}
