//! The body of `POST /{number}/messages` for every content (`whatsapp-platform` 1.1 to 1.4, 1.10).
//!
//! Nothing is judged or shortened here: the gate has let the content through as it is.

use portero_domain::content::{
    ButtonParam, ButtonParamKind, Content, Interactive, InteractiveAction, ListRow, ListSection,
    Media, MediaSource, Param, ParamValue, TemplateSend,
};
use portero_gate::ToSend;
use serde_json::{Map, Value, json};

/// The whole body. The attempt's id travels as `biz_opaque_callback_data`, so that a status
/// webhook settles an attempt whose answer was lost.
#[must_use]
pub fn body(message: &ToSend) -> Value {
    let mut out = Map::new();
    put(&mut out, "messaging_product", "whatsapp");
    put(&mut out, "recipient_type", "individual");
    let address = if message.to.is_bsuid() {
        "recipient"
    } else {
        "to"
    };
    put(&mut out, address, message.to.as_str());
    let (kind, object) = content(&message.content);
    put(&mut out, "type", kind);
    put(&mut out, kind, object);
    put(
        &mut out,
        "biz_opaque_callback_data",
        message.attempt.to_string(),
    );
    Value::Object(out)
}

/// The body of mark-as-read, with the typing indicator when a reply will follow.
#[must_use]
pub fn courtesy_body(message_id: &str, typing: bool) -> Value {
    let mut out = Map::new();
    put(&mut out, "messaging_product", "whatsapp");
    put(&mut out, "status", "read");
    put(&mut out, "message_id", message_id);
    if typing {
        put(&mut out, "typing_indicator", json!({ "type": "text" }));
    }
    Value::Object(out)
}

fn put(out: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    out.insert(key.to_owned(), value.into());
}

fn put_some(out: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        put(out, key, value);
    }
}

/// `type` and the object of that name.
fn content(content: &Content) -> (&'static str, Value) {
    match content {
        Content::Text(t) => (
            "text",
            json!({ "body": t.body, "preview_url": t.preview_url }),
        ),
        Content::Media(m) => (m.kind.as_str(), media(m)),
        Content::Interactive(i) => ("interactive", interactive(i)),
        Content::Reaction(r) => (
            "reaction",
            json!({ "message_id": r.message_id, "emoji": r.emoji }),
        ),
        Content::Template(t) => ("template", template(t)),
    }
}

fn source(source: &MediaSource) -> Map<String, Value> {
    let mut out = Map::new();
    match source {
        MediaSource::Id(id) => put(&mut out, "id", id.as_str()),
        MediaSource::Link(link) => put(&mut out, "link", link.as_str()),
    }
    out
}

fn media(m: &Media) -> Value {
    let mut out = source(&m.source);
    put_some(&mut out, "caption", m.caption.as_deref());
    put_some(&mut out, "filename", m.filename.as_deref());
    Value::Object(out)
}

fn interactive(i: &Interactive) -> Value {
    let (kind, action) = match &i.action {
        InteractiveAction::Buttons { buttons } => {
            let buttons: Vec<Value> = buttons
                .iter()
                .map(|b| json!({ "type": "reply", "reply": { "id": b.id, "title": b.title } }))
                .collect();
            ("button", json!({ "buttons": buttons }))
        }
        InteractiveAction::List { button, sections } => {
            let sections: Vec<Value> = sections.iter().map(section).collect();
            ("list", json!({ "button": button, "sections": sections }))
        }
        InteractiveAction::CtaUrl { label, url } => (
            "cta_url",
            json!({ "name": "cta_url", "parameters": { "display_text": label, "url": url } }),
        ),
        InteractiveAction::LocationRequest => (
            "location_request_message",
            json!({ "name": "send_location" }),
        ),
    };
    let mut out = Map::new();
    put(&mut out, "type", kind);
    if let Some(text) = &i.header {
        put(&mut out, "header", json!({ "type": "text", "text": text }));
    }
    put(&mut out, "body", json!({ "text": i.body }));
    if let Some(text) = &i.footer {
        put(&mut out, "footer", json!({ "text": text }));
    }
    put(&mut out, "action", action);
    Value::Object(out)
}

fn section(s: &ListSection) -> Value {
    let mut out = Map::new();
    put_some(&mut out, "title", s.title.as_deref());
    let rows: Vec<Value> = s.rows.iter().map(row).collect();
    put(&mut out, "rows", rows);
    Value::Object(out)
}

fn row(r: &ListRow) -> Value {
    let mut out = Map::new();
    put(&mut out, "id", r.id.as_str());
    put(&mut out, "title", r.title.as_str());
    put_some(&mut out, "description", r.description.as_deref());
    Value::Object(out)
}

fn template(t: &TemplateSend) -> Value {
    let mut components: Vec<Value> = Vec::new();
    for (kind, params) in [("header", &t.header), ("body", &t.body)] {
        if !params.is_empty() {
            let parameters: Vec<Value> = params.iter().map(param).collect();
            components.push(json!({ "type": kind, "parameters": parameters }));
        }
    }
    components.extend(t.buttons.iter().map(button));
    let mut out = Map::new();
    put(&mut out, "name", t.name.as_str());
    put(&mut out, "language", json!({ "code": t.language }));
    if !components.is_empty() {
        put(&mut out, "components", components);
    }
    Value::Object(out)
}

fn param(p: &Param) -> Value {
    let mut out = Map::new();
    match &p.value {
        ParamValue::Text { text } => {
            put(&mut out, "type", "text");
            put_some(&mut out, "parameter_name", p.name.as_deref());
            put(&mut out, "text", text.as_str());
        }
        ParamValue::Media { kind, source: from } => {
            put(&mut out, "type", kind.as_str());
            put(&mut out, kind.as_str(), Value::Object(source(from)));
        }
    }
    Value::Object(out)
}

fn button(b: &ButtonParam) -> Value {
    let value = match &b.value.value {
        ParamValue::Text { text } => text.as_str(),
        // No button takes media; Meta refuses the id or link as a value, and so it stays visible.
        ParamValue::Media {
            source: MediaSource::Id(s) | MediaSource::Link(s),
            ..
        } => s.as_str(),
    };
    let (sub_type, parameter) = match b.kind {
        ButtonParamKind::QuickReply => (
            "quick_reply",
            json!({ "type": "payload", "payload": value }),
        ),
        ButtonParamKind::Url => ("url", json!({ "type": "text", "text": value })),
        ButtonParamKind::CopyCode => (
            "copy_code",
            json!({ "type": "coupon_code", "coupon_code": value }),
        ),
    };
    json!({
        "type": "button",
        "sub_type": sub_type,
        // Documented as string and as number; a string is what every version takes.
        "index": b.index.to_string(),
        "parameters": [parameter],
    })
}

#[cfg(test)]
mod tests;
