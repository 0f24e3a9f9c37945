//! Authentication templates (§3.3): their texts are Meta's, their one button takes the code.

use serde_json::{Map, Value};

use crate::errors::GraphError;
use crate::template_buttons as buttons;
use crate::template_shape::{missing, wrong};
use crate::templates::component;

/// A body, an optional expiry, exactly one OTP button.
pub(crate) fn check(list: &[Value]) -> Result<(), GraphError> {
    let known = ["BODY", "FOOTER", "BUTTONS"];
    if list.iter().any(|one| !known.contains(&kind_of(one))) {
        return Err(wrong(
            "authentication templates have a BODY, a FOOTER and BUTTONS and nothing else",
        ));
    }
    let minutes = component(list, "FOOTER").and_then(|one| one.get("code_expiration_minutes"));
    if let Some(minutes) = minutes
        && !matches!(minutes.as_u64(), Some(1..=90))
    {
        return Err(wrong("code_expiration_minutes must be 1 to 90"));
    }
    let buttons = component(list, "BUTTONS")
        .and_then(|buttons| buttons.get("buttons"))
        .and_then(Value::as_array)
        .ok_or_else(|| missing("BUTTONS", "buttons"))?;
    match buttons.as_slice() {
        [one] if kind_of(one) == "OTP" => buttons::otp(one),
        _ => Err(wrong(
            "authentication templates have exactly one OTP button",
        )),
    }
}

/// Code, warning, expiry and label as a language says them. The sentences are ours in Meta's form.
struct Words {
    code: &'static str,
    warning: &'static str,
    expiry: [&'static str; 2],
    copy: &'static str,
}

const ES: Words = Words {
    code: "*{{1}}* es tu código de verificación.",
    warning: " Por tu seguridad, no lo compartas.",
    expiry: ["Este código caduca en ", " minutos."],
    copy: "Copiar código",
};
const PT: Words = Words {
    code: "Seu código de verificação é *{{1}}*.",
    warning: " Para sua segurança, não o compartilhe.",
    expiry: ["Este código expira em ", " minutos."],
    copy: "Copiar código",
};
const EN: Words = Words {
    code: "*{{1}}* is your verification code.",
    warning: " For your security, do not share this code.",
    expiry: ["This code expires in ", " minutes."],
    copy: "Copy code",
};

/// The components with the texts that Meta adds.
pub(crate) fn filled(mut list: Vec<Value>, language: &str) -> Vec<Value> {
    let words = match language.get(..2) {
        Some("es") => ES,
        Some("pt") => PT,
        _ => EN,
    };
    for one in &mut list {
        let Some(fields) = one.as_object_mut() else {
            continue;
        };
        match fields.get("type").and_then(Value::as_str) {
            Some("BODY") => {
                let flag = fields.get("add_security_recommendation");
                let warned = flag.and_then(Value::as_bool).unwrap_or(false);
                let warning = if warned { words.warning } else { "" };
                put(fields, format!("{}{warning}", words.code));
            }
            Some("FOOTER") => {
                let minutes = fields
                    .get("code_expiration_minutes")
                    .and_then(Value::as_u64);
                if let Some(minutes) = minutes {
                    let [before, after] = words.expiry;
                    put(fields, format!("{before}{minutes}{after}"));
                }
            }
            _ => {
                let button = fields
                    .get_mut("buttons")
                    .and_then(|buttons| buttons.get_mut(0))
                    .and_then(Value::as_object_mut);
                if let Some(button) = button
                    && !button.contains_key("text")
                {
                    put(button, words.copy.to_owned());
                }
            }
        }
    }
    list
}

fn put(fields: &mut Map<String, Value>, text: String) {
    fields.insert("text".to_owned(), text.into());
}

fn kind_of(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or("")
}
