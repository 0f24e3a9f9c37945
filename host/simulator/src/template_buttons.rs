//! Buttons of a template at creation (§3.3).

use serde_json::Value;

use crate::errors::GraphError;
use crate::template_shape::{Frame, missing, wrong};
use crate::validate::template_match::placeholders;

const MAX_BUTTONS: usize = 10;
const MAX_TEXT: usize = 25;
const MAX_URL: usize = 2_000;
const MAX_PHONE: usize = 20;
const MAX_CODE: usize = 20;

/// How many of a type there may be.
const AT_MOST: &[(&str, usize)] = &[
    ("QUICK_REPLY", 10),
    ("URL", 2),
    ("PHONE_NUMBER", 1),
    ("COPY_CODE", 1),
    ("FLOW", 1),
    ("CATALOG", 1),
    ("MPM", 1),
    ("SPM", 1),
    ("VOICE_CALL", 1),
    ("REQUEST_CONTACT_INFO", 1),
];

pub(crate) fn check(frame: Frame<'_>, component: &Value) -> Result<(), GraphError> {
    let list = component
        .get("buttons")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty())
        .ok_or_else(|| missing("BUTTONS", "buttons"))?;
    if list.len() > MAX_BUTTONS {
        return Err(wrong(format!("BUTTONS: at most {MAX_BUTTONS} are allowed")));
    }
    for (at, button) in list.iter().enumerate() {
        one(frame, at, button)?;
    }
    for (kind, most) in AT_MOST {
        let count = list.iter().filter(|b| text(b, "type") == *kind).count();
        if count > *most {
            return Err(wrong(format!(
                "BUTTONS: at most {most} of type {kind} are allowed, got {count}"
            )));
        }
    }
    // Quick replies stand together, before or behind the others.
    let runs = list
        .iter()
        .map(|button| text(button, "type") == "QUICK_REPLY")
        .collect::<Vec<_>>()
        .chunk_by(|a, b| a == b)
        .count();
    if runs > 2 {
        return Err(wrong(
            "BUTTONS: quick replies must stand together, not between other buttons",
        ));
    }
    Ok(())
}

fn one(frame: Frame<'_>, at: usize, button: &Value) -> Result<(), GraphError> {
    let kind = text(button, "type");
    let place = format!("BUTTONS: button {at} of type {kind}");
    if !AT_MOST.iter().any(|(known, _)| *known == kind) {
        return Err(match kind {
            "OTP" => wrong(format!(
                "{place}: the category must be AUTHENTICATION, not {}",
                frame.category
            )),
            _ => wrong(format!("BUTTONS: button {at} has no known type")),
        });
    }
    let label = text(button, "text");
    // Meta writes the label of a code and of a catalogue's single product itself.
    if label.is_empty() && !["COPY_CODE", "SPM", "REQUEST_CONTACT_INFO"].contains(&kind) {
        return Err(missing("BUTTONS", "text"));
    }
    if label.chars().count() > MAX_TEXT {
        return Err(wrong(format!(
            "{place}: text may have {MAX_TEXT} characters"
        )));
    }
    if label.contains("{{") || label.contains('\n') {
        return Err(wrong(format!(
            "{place}: text must not have parameters or new lines"
        )));
    }
    match kind {
        "URL" => url(&place, button),
        "PHONE_NUMBER" => {
            let phone = text(button, "phone_number");
            let digits = phone.trim_start_matches('+');
            let good = (3..=MAX_PHONE).contains(&phone.chars().count())
                && digits.bytes().all(|b| b.is_ascii_digit());
            if good {
                Ok(())
            } else {
                Err(wrong(format!(
                    "{place}: phone_number must be digits with country code, at most {MAX_PHONE}"
                )))
            }
        }
        "COPY_CODE" => {
            let sample = match button.get("example") {
                Some(Value::String(code)) => code.as_str(),
                Some(Value::Array(list)) => list.first().and_then(Value::as_str).unwrap_or(""),
                _ => "",
            };
            if sample.is_empty() {
                return Err(missing("BUTTONS", "example"));
            }
            if sample.chars().count() > MAX_CODE || !sample.chars().all(char::is_alphanumeric) {
                return Err(wrong(format!(
                    "{place}: the code may have {MAX_CODE} letters and digits"
                )));
            }
            Ok(())
        }
        "FLOW" => {
            let given = ["flow_id", "flow_name", "flow_json"]
                .iter()
                .filter(|key| button.get(**key).is_some())
                .count();
            if given == 1 {
                Ok(())
            } else {
                Err(wrong(format!(
                    "{place}: exactly one of flow_id, flow_name and flow_json is required"
                )))
            }
        }
        _ => Ok(()),
    }
}

/// One variable at the end at most, with a sample.
fn url(place: &str, button: &Value) -> Result<(), GraphError> {
    let url = text(button, "url");
    if url.is_empty() {
        return Err(missing("BUTTONS", "url"));
    }
    if url.chars().count() > MAX_URL || !url.starts_with("http://") && !url.starts_with("https://")
    {
        return Err(wrong(format!(
            "{place}: url must start with https:// or http:// and have at most {MAX_URL} characters"
        )));
    }
    match placeholders(url).as_slice() {
        [] => Ok(()),
        [_] if url.ends_with("}}") => {
            let sample = match button.get("example") {
                Some(Value::Array(list)) => !list.is_empty(),
                Some(Value::String(text)) => !text.is_empty(),
                _ => false,
            };
            if sample {
                Ok(())
            } else {
                Err(missing("BUTTONS", "example"))
            }
        }
        _ => Err(wrong(format!(
            "{place}: url may have one parameter, at its end"
        ))),
    }
}

/// The one button of an authentication template.
pub(crate) fn otp(button: &Value) -> Result<(), GraphError> {
    match text(button, "otp_type") {
        "COPY_CODE" => Ok(()),
        "ONE_TAP" | "ZERO_TAP" => {
            let apps = button.get("supported_apps").and_then(Value::as_array);
            let own = ["package_name", "signature_hash"]
                .iter()
                .all(|key| !text(button, key).is_empty());
            if own || apps.is_some_and(|apps| !apps.is_empty()) {
                Ok(())
            } else {
                Err(missing("BUTTONS", "supported_apps"))
            }
        }
        "" => Err(missing("BUTTONS", "otp_type")),
        _ => Err(wrong(
            "otp_type must be one of COPY_CODE, ONE_TAP, ZERO_TAP",
        )),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}
