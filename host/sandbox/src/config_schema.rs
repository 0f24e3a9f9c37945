//! The part of JSON Schema that `[config.schema]` may use, and settings checked against it.
//!
//! A keyword that is not listed here is an error of the manifest: a misspelt bound must not become no
//! bound. `title`, `description` and `default` are for whoever draws a form.

use serde_json::{Map, Value};

use crate::manifest::Manifest;

/// Longest settings kept, in bytes of JSON.
pub const MAX_CONFIG_BYTES: usize = 64 * 1024;
/// Levels of a schema.
const MAX_DEPTH: usize = 16;
/// Keywords that bound nothing.
const NOTES: [&str; 3] = ["title", "description", "default"];
const TYPES: [&str; 7] = [
    "object", "array", "string", "integer", "number", "boolean", "null",
];

/// What is wrong with settings, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what}")]
pub struct ConfigError {
    /// `config`, `config.offers.topic`, `config.languages[0]`.
    pub path: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl Manifest {
    /// Checks an operator's settings against the schema, if there is one.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn check_config(&self, config: &Value) -> Result<(), ConfigError> {
        check_config(self.config.schema.as_ref(), config)
    }
}

/// First problem of a schema, as (keyword to find the line by, what is wrong).
pub(crate) fn check_schema(schema: &Map<String, Value>) -> Result<(), (String, String)> {
    level(schema, 0)
}

fn level(schema: &Map<String, Value>, depth: usize) -> Result<(), (String, String)> {
    if depth > MAX_DEPTH {
        return Err((
            "schema".to_owned(),
            format!("the config schema is more than {MAX_DEPTH} levels deep"),
        ));
    }
    for (keyword, value) in schema {
        let wrong = |should: &str| Err((keyword.clone(), format!("`{keyword}` is {should}")));
        match keyword.as_str() {
            note if NOTES.contains(&note) => {}
            "type" => {
                let named = names(value);
                if named.is_empty() || named.iter().any(|t| !TYPES.contains(t)) {
                    return wrong(&format!("one or several of `{}`", TYPES.join("`, `")));
                }
            }
            "enum" => {
                if value.as_array().is_none_or(Vec::is_empty) {
                    return wrong("a list of what is possible");
                }
            }
            "minimum" | "maximum" => {
                if !value.is_number() {
                    return wrong("a number");
                }
            }
            "minLength" | "maxLength" | "minItems" | "maxItems" => {
                if value.as_u64().is_none() {
                    return wrong("a whole number from 0");
                }
            }
            "required" => {
                let named = value
                    .as_array()
                    .is_some_and(|all| all.iter().all(Value::is_string));
                if !named {
                    return wrong("a list of names");
                }
            }
            "properties" => {
                let Some(all) = value.as_object() else {
                    return wrong("a table of names");
                };
                for one in all.values() {
                    let Some(one) = one.as_object() else {
                        return wrong("a table of schemas");
                    };
                    level(one, depth + 1)?;
                }
            }
            "items" => match value.as_object() {
                Some(one) => level(one, depth + 1)?,
                None => return wrong("a schema"),
            },
            "additionalProperties" => match value {
                Value::Bool(_) => {}
                Value::Object(one) => level(one, depth + 1)?,
                _ => return wrong("`true`, `false` or a schema"),
            },
            _ => {
                return Err((
                    keyword.clone(),
                    format!(
                        "`{keyword}` is not checked by this host: use `type`, `properties`, \
                         `required`, `additionalProperties`, `items`, `enum`, `minimum`, `maximum`, \
                         `minLength`, `maxLength`, `minItems`, `maxItems`"
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// Checks settings against a schema that [`check_schema`] passed; the first problem found.
fn check_config(schema: Option<&Map<String, Value>>, config: &Value) -> Result<(), ConfigError> {
    if !config.is_object() {
        return Err(ConfigError {
            path: "config".to_owned(),
            what: "settings are a JSON object, `{}` when there are none".to_owned(),
        });
    }
    let bytes = config.to_string().len();
    if bytes > MAX_CONFIG_BYTES {
        return Err(ConfigError {
            path: "config".to_owned(),
            what: format!("{bytes} bytes of settings; at most {MAX_CONFIG_BYTES}"),
        });
    }
    match schema {
        Some(schema) => value(schema, config, "config"),
        None => Ok(()),
    }
}

fn value(schema: &Map<String, Value>, given: &Value, path: &str) -> Result<(), ConfigError> {
    let wrong = |what: String| {
        Err(ConfigError {
            path: path.to_owned(),
            what,
        })
    };
    if let Some(types) = schema.get("type") {
        let named = names(types);
        if !named.iter().any(|one| is_a(one, given)) {
            return wrong(format!(
                "{} given; write {}",
                kind(given),
                named.join(" or ")
            ));
        }
    }
    if let Some(possible) = schema.get("enum").and_then(Value::as_array)
        && !possible.contains(given)
    {
        let shown: Vec<String> = possible.iter().map(|v| format!("`{v}`")).collect();
        return wrong(format!("not one of {}", shown.join(", ")));
    }
    match given {
        Value::Number(n) => {
            let n = n.as_f64().unwrap_or_default();
            if let Some(least) = number(schema, "minimum").filter(|least| n < *least) {
                return wrong(format!("{given} is too small; at least {least}"));
            }
            if let Some(most) = number(schema, "maximum").filter(|most| n > *most) {
                return wrong(format!("{given} is too large; at most {most}"));
            }
            Ok(())
        }
        Value::String(text) => within(schema, text.chars().count(), "Length", "characters", path),
        Value::Array(all) => {
            within(schema, all.len(), "Items", "items", path)?;
            let Some(items) = schema.get("items").and_then(Value::as_object) else {
                return Ok(());
            };
            for (at, one) in all.iter().enumerate() {
                value(items, one, &format!("{path}[{at}]"))?;
            }
            Ok(())
        }
        Value::Object(all) => object(schema, all, path),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn object(
    schema: &Map<String, Value>,
    given: &Map<String, Value>,
    path: &str,
) -> Result<(), ConfigError> {
    let known = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let missing = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .find(|name| !given.contains_key(*name));
    if let Some(name) = missing {
        return Err(ConfigError {
            path: format!("{path}.{name}"),
            what: "missing, and the plugin needs it".to_owned(),
        });
    }
    for (name, one) in given {
        let path = format!("{path}.{name}");
        let described = known
            .and_then(|all| all.get(name))
            .and_then(Value::as_object);
        match (described, schema.get("additionalProperties")) {
            (Some(described), _) => value(described, one, &path)?,
            (None, Some(Value::Object(others))) => value(others, one, &path)?,
            (None, Some(Value::Bool(false))) => {
                let mut names: Vec<&str> = known
                    .into_iter()
                    .flatten()
                    .map(|(n, _)| n.as_str())
                    .collect();
                names.sort_unstable();
                return Err(ConfigError {
                    path,
                    what: format!("no such setting; there are {}", names.join(", ")),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn within(
    schema: &Map<String, Value>,
    count: usize,
    of: &str,
    what: &str,
    path: &str,
) -> Result<(), ConfigError> {
    let bound = |side: &str| {
        let n = schema.get(&format!("{side}{of}")).and_then(Value::as_u64)?;
        usize::try_from(n).ok()
    };
    let problem = match (bound("min"), bound("max")) {
        (Some(least), _) if count < least => format!("{count} {what}; at least {least}"),
        (_, Some(most)) if count > most => format!("{count} {what}; at most {most}"),
        _ => return Ok(()),
    };
    Err(ConfigError {
        path: path.to_owned(),
        what: problem,
    })
}

fn number(schema: &Map<String, Value>, keyword: &str) -> Option<f64> {
    schema.get(keyword).and_then(Value::as_f64)
}

fn names(types: &Value) -> Vec<&str> {
    match types {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().map(|t| t.as_str().unwrap_or_default()).collect(),
        _ => Vec::new(),
    }
}

fn is_a(name: &str, given: &Value) -> bool {
    match name {
        "object" => given.is_object(),
        "array" => given.is_array(),
        "string" => given.is_string(),
        "boolean" => given.is_boolean(),
        "null" => given.is_null(),
        "number" => given.is_number(),
        "integer" => given.is_i64() || given.is_u64(),
        _ => false,
    }
}

fn kind(given: &Value) -> &'static str {
    match given {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shop() -> Map<String, Value> {
        let schema = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["shop"],
            "properties": {
                "shop": { "type": "string", "minLength": 1, "maxLength": 5, "description": "name" },
                "delay": { "type": "integer", "minimum": 5, "maximum": 60 },
                "hours": { "type": ["string", "object"], "maxLength": 3, "additionalProperties": { "type": "string" } },
                "languages": { "type": "array", "minItems": 1, "maxItems": 2,
                    "items": { "type": "string", "enum": ["es", "pt"] } },
            },
        });
        schema.as_object().unwrap().clone()
    }

    fn check(config: Value) -> Result<(), String> {
        let schema = shop();
        check_schema(&schema).unwrap();
        check_config(Some(&schema), &config).map_err(|e| e.to_string())
    }

    #[test]
    fn settings_within_the_schema_pass() {
        for config in [
            json!({ "shop": "Ñandú" }),
            json!({ "shop": "x", "delay": 5, "hours": "9-5", "languages": ["es", "pt"] }),
            json!({ "shop": "x", "delay": 60, "hours": { "mon": "9 to 5" } }),
        ] {
            assert_eq!(check(config.clone()), Ok(()), "{config}");
        }
        assert_eq!(check_config(None, &json!({ "anything": 1 })), Ok(()));
    }

    #[test]
    fn whatever_is_outside_is_named_with_its_place_and_bound() {
        for (config, told) in [
            (json!([]), "config: settings are a JSON object"),
            (json!({}), "config.shop: missing"),
            (
                json!({ "shop": "" }),
                "config.shop: 0 characters; at least 1",
            ),
            (
                json!({ "shop": "Ñandúes" }),
                "config.shop: 7 characters; at most 5",
            ),
            (
                json!({ "shop": 3 }),
                "config.shop: integer given; write string",
            ),
            (
                json!({ "shop": "x", "delay": 4 }),
                "config.delay: 4 is too small; at least 5",
            ),
            (
                json!({ "shop": "x", "delay": 61 }),
                "config.delay: 61 is too large; at most 60",
            ),
            (
                json!({ "shop": "x", "delay": 5.5 }),
                "config.delay: number given; write integer",
            ),
            (
                json!({ "shop": "x", "hours": 1 }),
                "config.hours: integer given; write string or object",
            ),
            (
                json!({ "shop": "x", "hours": { "mon": 1 } }),
                "config.hours.mon: integer given",
            ),
            (
                json!({ "shop": "x", "languages": [] }),
                "config.languages: 0 items; at least 1",
            ),
            (
                json!({ "shop": "x", "languages": ["es", "en"] }),
                "config.languages[1]: not one of `\"es\"`, `\"pt\"`",
            ),
            (
                json!({ "shop": "x", "dealy": 5 }),
                "config.dealy: no such setting; there are delay, hours, languages, shop",
            ),
        ] {
            let error = check(config.clone()).unwrap_err();
            assert!(error.starts_with(told), "{config}: {error}");
        }
        let long = json!({ "shop": "x".repeat(MAX_CONFIG_BYTES) });
        assert!(check_config(None, &long).is_err());
    }

    #[test]
    fn a_schema_says_only_what_is_checked() {
        for (schema, keyword) in [
            (json!({ "maxLenght": 3 }), "maxLenght"),
            (
                json!({ "properties": { "a": { "pattern": "^x" } } }),
                "pattern",
            ),
            (json!({ "type": "text" }), "type"),
            (json!({ "type": [] }), "type"),
            (json!({ "minimum": "5" }), "minimum"),
            (json!({ "maxItems": -1 }), "maxItems"),
            (json!({ "enum": [] }), "enum"),
            (json!({ "required": "shop" }), "required"),
            (json!({ "items": true }), "items"),
            (json!({ "additionalProperties": 1 }), "additionalProperties"),
        ] {
            let (at, _) = check_schema(schema.as_object().unwrap()).unwrap_err();
            assert_eq!(at, keyword, "{schema}");
        }
        let mut deep = json!({});
        for _ in 0..=MAX_DEPTH {
            deep = json!({ "items": deep });
        }
        assert!(check_schema(deep.as_object().unwrap()).is_err());
    }
}
