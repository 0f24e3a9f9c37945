//! Bubbles of what stands in Meta's own JSON, of either direction.

use portero_domain::content::{Param, ParamValue};
use serde_json::Value;

use super::proposed::fill;
use super::{Bubble, Link, ListPart, MediaPart, Section, Tap, TemplateName};

/// What stands in Meta's own JSON: `kind` is its `type`, `body` the object of that name.
pub(crate) fn raw(kind: &str, body: &Value) -> Bubble {
    let text = |pointer: &str| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
    };
    match kind {
        "text" => Bubble {
            kind: "text",
            text: text("/body"),
            ..Bubble::default()
        },
        "image" | "video" | "audio" | "document" | "sticker" => Bubble {
            kind: "media",
            text: text("/caption"),
            media: Some(MediaPart {
                kind: kind.to_owned(),
                name: text("/filename"),
            }),
            ..Bubble::default()
        },
        "location" => Bubble {
            kind: "location",
            header: text("/name"),
            text: text("/address"),
            footer: body
                .get("latitude")
                .zip(body.get("longitude"))
                .map(|(latitude, longitude)| format!("{latitude}, {longitude}")),
            ..Bubble::default()
        },
        "reaction" => Bubble {
            kind: "reaction",
            text: text("/emoji"),
            ..Bubble::default()
        },
        "button" => Bubble {
            kind: "tap",
            text: text("/text"),
            ..Bubble::default()
        },
        "interactive" => raw_interactive(body, &text),
        "template" => Bubble {
            kind: "template",
            template: Some(TemplateName {
                name: text("/name").unwrap_or_default(),
                language: text("/language/code").unwrap_or_default(),
            }),
            ..Bubble::default()
        },
        "contacts" => Bubble {
            kind: "contacts",
            text: text("/0/name/formatted_name"),
            ..Bubble::default()
        },
        "order" => Bubble {
            kind: "order",
            text: text("/text"),
            ..Bubble::default()
        },
        _ => Bubble {
            kind: "unsupported",
            text: text("/type"),
            ..Bubble::default()
        },
    }
}

/// A template as the phone shows it: its components, filled with the values that were sent.
pub(crate) fn raw_template(body: &Value, components: &[Value]) -> Bubble {
    let mut bubble = raw("template", body);
    for component in components {
        let kind = component
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let filled = || {
            let text = component.get("text").and_then(Value::as_str)?;
            Some(fill(text, &sent_values(body, kind)))
        };
        match kind.to_ascii_uppercase().as_str() {
            "HEADER" => match component.get("format").and_then(Value::as_str) {
                None | Some("TEXT") => bubble.header = filled(),
                Some(format) => {
                    bubble.media = Some(MediaPart {
                        kind: format.to_ascii_lowercase(),
                        name: None,
                    });
                }
            },
            "BODY" => bubble.text = filled(),
            "FOOTER" => bubble.footer = filled(),
            "BUTTONS" => {
                for button in items(component.get("buttons")) {
                    let Some(label) = button.get("text").and_then(Value::as_str) else {
                        continue;
                    };
                    let kind = button
                        .get("type")
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    if kind.eq_ignore_ascii_case("QUICK_REPLY") {
                        let (id, title) = (label.to_owned(), label.to_owned());
                        bubble.buttons.push(Tap {
                            id,
                            title,
                            description: None,
                        });
                    } else if bubble.link.is_none() {
                        let url = button.get("url").or_else(|| button.get("phone_number"));
                        bubble.link = Some(Link {
                            label: label.to_owned(),
                            url: url.and_then(Value::as_str).unwrap_or_default().to_owned(),
                        });
                    }
                }
            }
            _ => {}
        }
    }
    bubble
}

/// The text values sent for one component, in the form our own templates have.
fn sent_values(body: &Value, kind: &str) -> Vec<Param> {
    items(body.get("components"))
        .filter(|c| {
            c.get("type")
                .and_then(Value::as_str)
                .is_some_and(|t| t.eq_ignore_ascii_case(kind))
        })
        .flat_map(|c| items(c.get("parameters")))
        .map(|p| Param {
            name: p
                .get("parameter_name")
                .and_then(Value::as_str)
                .map(str::to_owned),
            value: ParamValue::Text {
                text: p
                    .get("text")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            },
        })
        .collect()
}

fn raw_interactive(body: &Value, text: &dyn Fn(&str) -> Option<String>) -> Bubble {
    let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "button_reply" | "list_reply" => Bubble {
            kind: "tap",
            text: text(&format!("/{kind}/title")),
            footer: text(&format!("/{kind}/description")),
            ..Bubble::default()
        },
        "nfm_reply" => Bubble {
            kind: "flow",
            text: text("/nfm_reply/body"),
            ..Bubble::default()
        },
        _ => {
            let mut bubble = Bubble {
                kind: "interactive",
                header: text("/header/text"),
                text: text("/body/text"),
                footer: text("/footer/text"),
                asks_location: kind == "location_request_message",
                ..Bubble::default()
            };
            let action = body.get("action").unwrap_or(&Value::Null);
            bubble.buttons = items(action.get("buttons"))
                .filter_map(|b| tap(b.get("reply").unwrap_or(b)))
                .collect();
            if let Some(button) = action.get("button").and_then(Value::as_str) {
                bubble.list = Some(ListPart {
                    button: button.to_owned(),
                    sections: items(action.get("sections")).map(section).collect(),
                });
            }
            bubble.link = text("/action/parameters/display_text")
                .zip(text("/action/parameters/url"))
                .map(|(label, url)| Link { label, url });
            bubble
        }
    }
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

fn tap(raw: &Value) -> Option<Tap> {
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Tap {
        id: text("id")?,
        title: text("title")?,
        description: text("description"),
    })
}

fn section(raw: &Value) -> Section {
    Section {
        title: raw.get("title").and_then(Value::as_str).map(str::to_owned),
        rows: items(raw.get("rows")).filter_map(tap).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metas_own_json_reads_to_the_same_bubbles() {
        let list = raw(
            "interactive",
            &json!({"type": "list", "header": {"type": "text", "text": "Tienda"},
                "body": {"text": "Menú"}, "action": {"button": "Ver",
                "sections": [{"rows": [{"id": "h", "title": "Horario", "description": "9 a 18"}]}]}}),
        );
        let rows = &list.list.unwrap().sections[0].rows;
        assert_eq!(rows[0].description.as_deref(), Some("9 a 18"));
        let buttons = raw(
            "interactive",
            &json!({"type": "button", "body": {"text": "¿?"}, "action": {"buttons":
                [{"type": "reply", "reply": {"id": "y", "title": "Sí"}}]}}),
        );
        assert_eq!(buttons.buttons[0].title, "Sí");
        let reply = raw(
            "interactive",
            &json!({"type": "list_reply", "list_reply": {"id": "h", "title": "Horario"}}),
        );
        assert_eq!(
            (reply.kind, reply.text.as_deref()),
            ("tap", Some("Horario"))
        );
    }

    #[test]
    fn a_template_on_the_phone_has_its_values_its_footer_and_its_quick_replies() {
        let components = [
            json!({"type": "HEADER", "format": "IMAGE"}),
            json!({"type": "BODY", "text": "Hola {{1}}"}),
            json!({"type": "FOOTER", "text": "Responda BAJA para no recibir más"}),
            json!({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Me interesa"},
                {"type": "URL", "text": "Ver", "url": "https://tienda.example/{{1}}"}]}),
        ];
        let sent = json!({"name": "oferta", "language": {"code": "es"}, "components":
            [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]});
        let bubble = raw_template(&sent, &components);
        assert_eq!(bubble.text.as_deref(), Some("Hola Ana"));
        assert_eq!(bubble.media.unwrap().kind, "image");
        assert!(bubble.footer.unwrap().contains("BAJA"));
        assert_eq!(bubble.buttons[0].id, "Me interesa");
        assert_eq!(bubble.link.unwrap().label, "Ver");
    }

    #[test]
    fn what_we_do_not_know_is_shown_as_such_and_breaks_nothing() {
        assert_eq!(raw("hologram", &Value::Null).kind, "unsupported");
        assert_eq!(raw("interactive", &json!([1])).kind, "interactive");
        assert_eq!(raw("text", &json!("x")).text, None);
        assert_eq!(raw("location", &json!({"latitude": 1.5})).footer, None);
    }
}
