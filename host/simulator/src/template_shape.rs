//! May a template be created with these components? (§3.3 limits, §7.5 subcodes)

use serde_json::{Map, Value};

use crate::errors::GraphError;
use crate::template_authentication as authentication;
use crate::template_buttons as buttons;
use crate::template_cards;
use crate::templates::component;
use crate::validate::template_match::placeholders;

const MAX_HEADER: usize = 60;
const MAX_BODY: usize = 1_024;
const MAX_OFFER_BODY: usize = 600;
const MAX_FOOTER: usize = 60;
const MAX_OFFER: usize = 16;

/// Component of a template could not be used: how Meta says that something in it is missing.
pub(crate) fn missing(kind: &str, field: &str) -> GraphError {
    GraphError::template(
        2_388_043,
        "Message template \"components\" param is missing expected field(s)",
        format!("component of type {kind} is missing expected field(s) ({field})"),
    )
}

fn too_long(what: &str, max: usize) -> GraphError {
    GraphError::template(
        2_388_040,
        "Character Limit Exceeded",
        format!("{what} may have at most {max} characters"),
    )
}

/// A plain 100 about the components.
pub(crate) fn wrong(why: impl Into<String>) -> GraphError {
    GraphError::new(100, why)
}

/// What the judgement depends on besides the components.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    pub(crate) category: &'a str,
    pub(crate) named: bool,
    /// In which language Meta writes what it writes itself.
    pub(crate) language: &'a str,
}

/// Judges the components and gives them as Meta keeps them: types and formats in upper case.
pub(crate) fn check(frame: Frame<'_>, given: &[Value]) -> Result<Vec<Value>, GraphError> {
    let list = normal(given)?;
    for kind in [
        "HEADER",
        "BODY",
        "FOOTER",
        "BUTTONS",
        "CAROUSEL",
        "LIMITED_TIME_OFFER",
    ] {
        if list.iter().filter(|c| kind_of(c) == kind).count() > 1 {
            return Err(wrong(format!("components: only one {kind} is allowed")));
        }
    }
    if component(&list, "BODY").is_none() {
        return Err(missing("BODY", "body"));
    }
    if frame.category == "AUTHENTICATION" {
        authentication::check(&list)?;
        return Ok(authentication::filled(list, frame.language));
    }
    let offer = component(&list, "LIMITED_TIME_OFFER");
    if let Some(offer) = offer {
        limited_offer(frame, offer, &list)?;
    }
    let max_body = if offer.is_some() {
        MAX_OFFER_BODY
    } else {
        MAX_BODY
    };
    level(frame, &list, max_body)?;
    if let Some(carousel) = component(&list, "CAROUSEL") {
        template_cards::check(frame, carousel)?;
    }
    Ok(list)
}

/// Header, body, footer and buttons of the template or of one card.
pub(crate) fn level(frame: Frame<'_>, list: &[Value], max_body: usize) -> Result<(), GraphError> {
    for one in list {
        match kind_of(one) {
            "HEADER" => header(frame, one)?,
            "BODY" => body(frame, one, max_body)?,
            "FOOTER" => footer(one)?,
            "BUTTONS" => buttons::check(frame, one)?,
            _ => {}
        }
    }
    Ok(())
}

/// Every component with an upper-case `type`, and `format` and button types likewise.
fn normal(given: &[Value]) -> Result<Vec<Value>, GraphError> {
    const KINDS: &[&str] = &[
        "HEADER",
        "BODY",
        "FOOTER",
        "BUTTONS",
        "CAROUSEL",
        "LIMITED_TIME_OFFER",
    ];
    given
        .iter()
        .enumerate()
        .map(|(at, one)| {
            let mut fields = one
                .as_object()
                .cloned()
                .ok_or_else(|| wrong(format!("components[{at}] must be an object")))?;
            upper(&mut fields, "type");
            upper(&mut fields, "format");
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or("");
            if !KINDS.contains(&kind) {
                return Err(wrong(format!(
                    "components[{at}].type must be one of {}",
                    KINDS.join(", ")
                )));
            }
            for list in ["buttons", "cards"] {
                if let Some(Value::Array(elements)) = fields.get_mut(list) {
                    for element in elements.iter_mut().filter_map(Value::as_object_mut) {
                        upper(element, "type");
                        upper(element, "otp_type");
                        let inner = element.get("components").and_then(Value::as_array);
                        if let Some(inner) = inner {
                            let inner = normal(inner)?;
                            element.insert("components".to_owned(), inner.into());
                        }
                    }
                }
            }
            Ok(fields.into())
        })
        .collect()
}

fn upper(fields: &mut Map<String, Value>, key: &str) {
    if let Some(Value::String(word)) = fields.get_mut(key) {
        *word = word.to_ascii_uppercase();
    }
}

fn header(frame: Frame<'_>, header: &Value) -> Result<(), GraphError> {
    let bad = |why: &str| {
        GraphError::template(
            2_388_047,
            "Message Header Format Is Incorrect",
            why.to_owned(),
        )
    };
    match text(header, "format") {
        "" => Err(missing("HEADER", "format")),
        "TEXT" => {
            let text = text(header, "text");
            if text.is_empty() {
                return Err(missing("HEADER", "text"));
            }
            if text.chars().count() > MAX_HEADER {
                return Err(too_long("the header", MAX_HEADER));
            }
            if text.contains(['\n', '*', '~', '`']) {
                return Err(bad(
                    "the header must not have new lines, asterisks or other markup",
                ));
            }
            if placeholders(text).len() > 1 {
                return Err(bad("the header may have one parameter"));
            }
            parameters(frame, "HEADER", text, header)
        }
        "IMAGE" | "VIDEO" | "DOCUMENT" | "GIF" => {
            let sample = header
                .pointer("/example/header_handle/0")
                .or_else(|| header.pointer("/example/header_url/0"));
            if sample.and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(missing("HEADER", "example"));
            }
            Ok(())
        }
        "LOCATION" | "PRODUCT" => Ok(()),
        _ => Err(bad(
            "format must be one of TEXT, IMAGE, VIDEO, DOCUMENT, GIF, LOCATION, PRODUCT",
        )),
    }
}

fn body(frame: Frame<'_>, body: &Value, max: usize) -> Result<(), GraphError> {
    let text = text(body, "text");
    if text.is_empty() {
        return Err(missing("BODY", "text"));
    }
    if text.chars().count() > max {
        return Err(too_long("the body", max));
    }
    let edge = text.trim();
    if edge.starts_with("{{") || edge.ends_with("}}") {
        return Err(GraphError::template(
            2_388_299,
            "Template Has Leading or Trailing Variables",
            "variables cannot be at the start or end of the template",
        ));
    }
    if text.contains("}}{{") || text.contains("\n\n\n") {
        return Err(GraphError::template(
            2_388_072,
            "Message Body Format Is Incorrect",
            "parameters must not touch, and there may be two line breaks in a row at most",
        ));
    }
    // The real ratio is not published; this is the reading that integrators share.
    let variables = placeholders(text).len();
    let words = text
        .split_whitespace()
        .filter(|w| !w.contains("{{"))
        .count();
    if variables > 0 && words < variables * 2 + 1 {
        return Err(GraphError::template(
            2_388_293,
            "Template Has Too Many Variables For Its Length",
            "this template has too many variables for its length; use fewer or write more",
        ));
    }
    parameters(frame, "BODY", text, body)
}

/// Sequential numbers or names in snake case, each with a sample.
fn parameters(
    frame: Frame<'_>,
    kind: &str,
    text: &str,
    component: &Value,
) -> Result<(), GraphError> {
    let wanted = placeholders(text);
    let subcode = if kind == "HEADER" {
        2_388_047
    } else {
        2_388_072
    };
    let bad =
        |why: String| GraphError::template(subcode, "Message Parameter Format Is Incorrect", why);
    for (at, wanted) in wanted.iter().enumerate() {
        let name = wanted.name;
        if frame.named {
            let good = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !good {
                return Err(bad(format!(
                    "{{{{{name}}}}}: names are lower-case letters, digits and underscores"
                )));
            }
        } else if name != (at + 1).to_string() {
            return Err(bad(format!(
                "{{{{{name}}}}}: positional parameters are numbered {{{{1}}}}, {{{{2}}}} and so on"
            )));
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let key = kind.to_ascii_lowercase();
    let given = if frame.named {
        component.pointer(&format!("/example/{key}_text_named_params"))
    } else if kind == "HEADER" {
        component.pointer("/example/header_text")
    } else {
        component.pointer("/example/body_text/0")
    };
    // One text stands for a list of one.
    let samples = match given {
        Some(Value::Array(list)) => list.len(),
        Some(Value::String(_)) => 1,
        _ => 0,
    };
    if samples == wanted.len() {
        Ok(())
    } else {
        Err(missing(kind, "example"))
    }
}

fn footer(footer: &Value) -> Result<(), GraphError> {
    let text = text(footer, "text");
    if text.is_empty() {
        return Err(missing("FOOTER", "text"));
    }
    if text.chars().count() > MAX_FOOTER {
        return Err(too_long("the footer", MAX_FOOTER));
    }
    if !placeholders(text).is_empty() || text.contains('\n') {
        return Err(GraphError::template(
            2_388_073,
            "Message Footer Format Is Incorrect",
            "the footer must not have parameters or new lines",
        ));
    }
    Ok(())
}

fn limited_offer(frame: Frame<'_>, offer: &Value, list: &[Value]) -> Result<(), GraphError> {
    if frame.category != "MARKETING" {
        return Err(wrong("LIMITED_TIME_OFFER: the category must be MARKETING"));
    }
    if component(list, "FOOTER").is_some() {
        return Err(wrong("LIMITED_TIME_OFFER: a footer is not allowed"));
    }
    let text = offer
        .pointer("/limited_time_offer/text")
        .and_then(Value::as_str)
        .unwrap_or("");
    if text.is_empty() {
        return Err(missing("LIMITED_TIME_OFFER", "text"));
    }
    if text.chars().count() > MAX_OFFER {
        return Err(too_long("the text of the offer", MAX_OFFER));
    }
    Ok(())
}

pub(crate) fn kind_of(value: &Value) -> &str {
    text(value, "type")
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}
