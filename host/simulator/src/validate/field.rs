//! Reading fields of raw JSON; every complaint names the field by its path.

use serde_json::{Map, Value};

use crate::errors::GraphError;

/// A JSON object and where it stands in the body.
#[derive(Clone)]
pub(crate) struct Obj<'a> {
    pub(crate) map: &'a Map<String, Value>,
    path: String,
}

pub(crate) fn missing(path: &str) -> GraphError {
    GraphError::new(131_008, format!("{path} is required"))
}

pub(crate) fn invalid(path: &str, why: &str) -> GraphError {
    GraphError::new(131_009, format!("{path} {why}"))
}

/// Too long, unknown or unsupported: Meta's plain 100.
pub(crate) fn unacceptable(path: &str, why: &str) -> GraphError {
    GraphError::new(100, format!("{path} {why}"))
}

/// An element of a list with its path.
pub(crate) fn at(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

impl<'a> Obj<'a> {
    pub(crate) fn root(map: &'a Map<String, Value>) -> Obj<'a> {
        Obj {
            map,
            path: String::new(),
        }
    }

    pub(crate) fn of(value: &'a Value, path: String) -> Result<Obj<'a>, GraphError> {
        match value {
            Value::Object(map) => Ok(Obj { map, path }),
            _ => Err(unacceptable(&path, "must be an object")),
        }
    }

    pub(crate) fn here(&self) -> &str {
        &self.path
    }

    pub(crate) fn path(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Refuses keys that are not listed.
    pub(crate) fn only(&self, keys: &[&str]) -> Result<(), GraphError> {
        match self.map.keys().find(|key| !keys.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let key: String = key.chars().take(64).collect();
                Err(unacceptable(&self.path(&key), "is not a known parameter"))
            }
        }
    }

    /// A field that is there and not null.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn need(&self, key: &str) -> Result<&'a Value, GraphError> {
        self.get(key).ok_or_else(|| missing(&self.path(key)))
    }

    /// A text of at most `max` Unicode scalar values; empty is as good as absent.
    pub(crate) fn text(&self, key: &str, max: usize) -> Result<&'a str, GraphError> {
        self.maybe_text(key, max)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| missing(&self.path(key)))
    }

    pub(crate) fn maybe_text(&self, key: &str, max: usize) -> Result<Option<&'a str>, GraphError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let Value::String(text) = value else {
            return Err(unacceptable(&self.path(key), "must be a string"));
        };
        let length = text.chars().count();
        if length > max {
            return Err(unacceptable(
                &self.path(key),
                &format!("must be at most {max} characters long, got {length}"),
            ));
        }
        Ok(Some(text))
    }

    pub(crate) fn maybe_bool(&self, key: &str) -> Result<Option<bool>, GraphError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            // The old form-encoded habit survives in JSON bodies.
            Some(Value::String(text)) if text == "true" || text == "false" => {
                Ok(Some(text == "true"))
            }
            Some(_) => Err(unacceptable(&self.path(key), "must be a boolean")),
        }
    }

    pub(crate) fn object(&self, key: &str) -> Result<Obj<'a>, GraphError> {
        Obj::of(self.need(key)?, self.path(key))
    }

    pub(crate) fn maybe_object(&self, key: &str) -> Result<Option<Obj<'a>>, GraphError> {
        self.get(key)
            .map(|value| Obj::of(value, self.path(key)))
            .transpose()
    }

    pub(crate) fn maybe_list(&self, key: &str) -> Result<&'a [Value], GraphError> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(unacceptable(&self.path(key), "must be an array")),
        }
    }

    /// A list with a number of elements between the two bounds.
    pub(crate) fn list(
        &self,
        key: &str,
        least: usize,
        most: usize,
    ) -> Result<&'a [Value], GraphError> {
        self.need(key)?;
        let list = self.maybe_list(key)?;
        if list.len() < least || list.len() > most {
            return Err(invalid(
                &self.path(key),
                &format!("must have {least} to {most} elements, got {}", list.len()),
            ));
        }
        Ok(list)
    }

    /// The elements of a list as objects.
    pub(crate) fn objects(&self, key: &str) -> Result<Vec<Obj<'a>>, GraphError> {
        let path = self.path(key);
        self.maybe_list(key)?
            .iter()
            .enumerate()
            .map(|(index, value)| Obj::of(value, at(&path, index)))
            .collect()
    }
}

/// `http://` or `https://` and a host.
pub(crate) fn is_web_url(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
