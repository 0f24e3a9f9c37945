//! The OpenAPI document as a referee: whether an answer is one that it promises.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};

/// An answer as it came.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `Content-Type` without its parameters; empty without one.
    pub(crate) kind: String,
    pub(crate) body: Vec<u8>,
}

/// What one operation may answer: by status, by content type, the schema of JSON.
type Promised = BTreeMap<String, BTreeMap<String, Option<Validator>>>;

/// An operation of the document.
pub(crate) struct Operation {
    pub(crate) method: String,
    /// With its parameters in braces.
    pub(crate) path: String,
    /// Names of its parameters in the query.
    pub(crate) query: Vec<String>,
    promised: Promised,
}

/// Every operation.
pub(crate) struct Document {
    pub(crate) operations: Vec<Operation>,
}

impl Operation {
    /// `GET /v1/idle`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What is wrong with an answer of this operation.
    pub(crate) fn fault(&self, answer: &Answer) -> Option<String> {
        let status = answer.status;
        let promised = self.promised.get(&status.to_string());
        // Meta's refusal is an answer where the document says so; nothing else of ours may break.
        if status >= 500 && (status != 502 || promised.is_none()) {
            return Some(format!("a {status}"));
        }
        let Some(kinds) = promised else {
            return Some(format!("status {status} is not documented"));
        };
        if kinds.is_empty() {
            return (!answer.body.is_empty())
                .then(|| format!("{status} is documented without a body"));
        }
        let Some(schema) = kinds.get(&answer.kind) else {
            return Some(format!(
                "content type `{}` of {status} is not documented",
                answer.kind
            ));
        };
        if !answer.kind.ends_with("json") {
            return std::str::from_utf8(&answer.body)
                .is_err()
                .then(|| format!("{} of {status} is not UTF-8", answer.kind));
        }
        let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else {
            return Some(format!("the body of {status} is no JSON"));
        };
        let schema = schema.as_ref()?;
        let wrong: Vec<String> = schema
            .iter_errors(&value)
            .take(3)
            .map(|e| {
                let said: String = e.to_string().chars().take(300).collect();
                format!("{}: {said}", e.instance_path())
            })
            .collect();
        (!wrong.is_empty()).then(|| {
            format!(
                "the body of {status} is not as documented: {}",
                wrong.join("; ")
            )
        })
    }
}

impl Document {
    /// Reads the committed document.
    pub(crate) fn read(document: &Value) -> Document {
        let components = closed(&document["components"]);
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let parameters = operation["parameters"].as_array().cloned();
                let query = parameters
                    .unwrap_or_default()
                    .iter()
                    .filter(|p| p["in"] == "query")
                    .map(|p| p["name"].as_str().expect("a name").to_owned())
                    .collect();
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    query,
                    promised: promised(&operation["responses"], &components),
                });
            }
        }
        Document { operations }
    }

    /// The operation that a request of this method to this path without query is.
    pub(crate) fn find(&self, name: &str) -> &Operation {
        self.operations
            .iter()
            .find(|o| o.name() == name)
            .unwrap_or_else(|| panic!("{name} is no operation of the document"))
    }
}

fn promised(responses: &Value, components: &Value) -> Promised {
    let mut all = Promised::new();
    for (status, response) in responses.as_object().expect("responses") {
        let response = match response["$ref"].as_str() {
            Some(to) => components
                .pointer(to.strip_prefix("#/components").expect("a component"))
                .expect("the component"),
            None => response,
        };
        let kinds = response["content"].as_object().into_iter().flatten();
        let kinds = kinds.map(|(kind, content)| {
            let schema = content.get("schema").filter(|_| kind.ends_with("json"));
            (kind.clone(), schema.map(|s| validator(s, components)))
        });
        all.insert(status.clone(), kinds.collect());
    }
    all
}

fn validator(schema: &Value, components: &Value) -> Validator {
    let mut root = schema.clone();
    root["components"] = components.clone();
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    jsonschema::validator_for(&root).expect("a schema")
}

/// The same with every object that lists its properties closed: a field that nobody documented is a fault.
fn closed(components: &Value) -> Value {
    let mut parts = BTreeSet::new();
    referred(components, false, &mut parts);
    let mut components = components.clone();
    for (name, schema) in components["schemas"].as_object_mut().expect("schemas") {
        let part = parts.contains(&format!("#/components/schemas/{name}"));
        close(schema, part);
    }
    components
}

/// Schemas that others are put together from.
fn referred(value: &Value, part: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str() {
                    Some(to) if part && name == "$ref" => {
                        found.insert(to.to_owned());
                    }
                    _ => referred(field, name == "allOf", found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|i| referred(i, part, found)),
        _ => {}
    }
}

fn close(schema: &mut Value, part: bool) {
    match schema {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if name != "example" && name != "examples" && name != "enum" {
                    // One of the forms of a part is a part too: the whole is closed where it is put together.
                    let forms = part && (name == "oneOf" || name == "anyOf");
                    close(field, name == "allOf" || forms);
                }
            }
            let open = !fields.contains_key("additionalProperties");
            if !part && open && fields.get("properties").is_some_and(Value::is_object) {
                fields.insert("additionalProperties".to_owned(), json!(false));
            } else if !part && fields.contains_key("allOf") {
                fields.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|i| close(i, part)),
        _ => {}
    }
}

/// The referee sees each kind of fault, and lets a good answer pass.
pub(crate) fn sees_each_fault() {
    let document = json!({
        "paths": { "/v1/x": { "get": { "responses": {
            "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/X" } } } },
            "204": {},
            "404": { "$ref": "#/components/responses/Refused404" },
        } } } },
        "components": {
            "schemas": {
                "X": { "allOf": [
                    { "$ref": "#/components/schemas/Part" },
                    { "type": "object", "required": ["n"], "properties": { "n": { "type": "integer" } } },
                ] },
                "Part": { "type": "object", "properties": { "kept": { "type": "boolean" } } },
                "Problem": { "type": "object", "required": ["code"], "properties": { "code": { "type": "string" } } },
            },
            "responses": { "Refused404": { "content": { "application/problem+json": { "schema": { "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "properties": { "code": { "enum": ["not_found"] } } },
            ] } } } } },
        },
    });
    let document = Document::read(&document);
    let fault = |status: u16, kind: &str, body: &str| {
        document.find("GET /v1/x").fault(&Answer {
            status,
            kind: kind.to_owned(),
            body: body.as_bytes().to_vec(),
        })
    };
    let json = "application/json";
    let problem = "application/problem+json";
    assert_eq!(fault(200, json, r#"{"n":1,"kept":true}"#), None);
    assert_eq!(fault(204, "", ""), None);
    assert_eq!(fault(404, problem, r#"{"code":"not_found"}"#), None);
    for (status, kind, body, said) in [
        (500, problem, "{}", "a 500"),
        (502, problem, "{}", "a 502"),
        (201, json, r#"{"n":1}"#, "status 201"),
        (204, json, "{}", "without a body"),
        (200, "text/plain", "1", "content type"),
        (200, json, "{", "no JSON"),
        (200, json, r#"{"n":"1"}"#, "not as documented"),
        (200, json, r#"{"kept":true}"#, "not as documented"),
        (200, json, r#"{"n":1,"more":1}"#, "not as documented"),
        (404, json, r#"{"code":"not_found"}"#, "content type"),
        (404, problem, r#"{"code":"gone"}"#, "not as documented"),
        (404, problem, "{}", "not as documented"),
    ] {
        let found = fault(status, kind, body).unwrap_or_default();
        assert!(found.contains(said), "{status} {kind} {body}: {found:?}");
    }
}
