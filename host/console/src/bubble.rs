//! A message as a bubble shows it, whoever wrote it: one shape for the script of the page.

use portero_domain::content::{
    Content, Interactive, InteractiveAction, ListRow, ListSection, MediaSource, Param, ParamValue,
    TemplateSend,
};
use serde::Serialize;
use serde_json::Value;

/// What is inside a bubble. Absent parts are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Bubble {
    /// `text`, `media`, `interactive`, `template`, `reaction`, `location`, `contacts`, `order`,
    /// `tap`, `flow` or `unsupported`.
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media: Option<MediaPart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) buttons: Vec<Tap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) list: Option<ListPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<Link>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) asks_location: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<TemplateName>,
}

/// A picture or file, shown as a placeholder: pages load nothing from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct MediaPart {
    /// `image`, `video`, `audio`, `document` or `sticker`.
    pub(crate) kind: String,
    /// File name or address, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// Something to tap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Tap {
    /// What the simulator wants to hear.
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

/// A menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ListPart {
    pub(crate) button: String,
    pub(crate) sections: Vec<Section>,
}

/// Rows of a menu under a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Section {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    pub(crate) rows: Vec<Tap>,
}

/// A button that opens an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    pub(crate) label: String,
    pub(crate) url: String,
}

/// Which template it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TemplateName {
    pub(crate) name: String,
    pub(crate) language: String,
}

/// The body text of a template by name and language, from the registry.
pub(crate) type Bodies<'a> = dyn Fn(&str, &str) -> Option<String> + 'a;

/// What somebody proposed to send.
pub(crate) fn proposed(content: &Content, bodies: &Bodies<'_>) -> Bubble {
    match content {
        Content::Text(text) => {
            Bubble { kind: "text", text: Some(text.body.clone()), ..Bubble::default() }
        }
        Content::Media(media) => Bubble {
            kind: "media",
            text: media.caption.clone(),
            media: Some(MediaPart {
                kind: media.kind.as_str().to_owned(),
                name: media.filename.clone().or_else(|| match &media.source {
                    MediaSource::Link(link) => Some(link.clone()),
                    MediaSource::Id(_) => None,
                }),
            }),
            ..Bubble::default()
        },
        Content::Interactive(interactive) => proposed_interactive(interactive),
        Content::Reaction(reaction) => {
            Bubble { kind: "reaction", text: Some(reaction.emoji.clone()), ..Bubble::default() }
        }
        Content::Template(template) => proposed_template(template, bodies),
    }
}

fn proposed_interactive(interactive: &Interactive) -> Bubble {
    let mut bubble = Bubble {
        kind: "interactive",
        header: interactive.header.clone(),
        text: Some(interactive.body.clone()),
        footer: interactive.footer.clone(),
        ..Bubble::default()
    };
    match &interactive.action {
        InteractiveAction::Buttons { buttons } => {
            bubble.buttons = buttons
                .iter()
                .map(|b| Tap { id: b.id.clone(), title: b.title.clone(), description: None })
                .collect();
        }
        InteractiveAction::List { button, sections } => {
            let row = |r: &ListRow| Tap {
                id: r.id.clone(),
                title: r.title.clone(),
                description: r.description.clone(),
            };
            let section = |s: &ListSection| Section {
                title: s.title.clone(),
                rows: s.rows.iter().map(row).collect(),
            };
            bubble.list = Some(ListPart {
                button: button.clone(),
                sections: sections.iter().map(section).collect(),
            });
        }
        InteractiveAction::CtaUrl { label, url } => {
            bubble.link = Some(Link { label: label.clone(), url: url.clone() });
        }
        InteractiveAction::LocationRequest => bubble.asks_location = true,
    }
    bubble
}

fn proposed_template(template: &TemplateSend, bodies: &Bodies<'_>) -> Bubble {
    let header = template.header.first();
    let values: Vec<&str> = template.body.iter().filter_map(shown).collect();
    let text = match bodies(&template.name, &template.language) {
        Some(body) => fill(&body, &template.body),
        // Unknown to the registry: what can be shown are the values.
        None => values.join(" · "),
    };
    Bubble {
        kind: "template",
        header: header.and_then(shown).map(str::to_owned),
        text: Some(text).filter(|t| !t.is_empty()),
        media: header.and_then(|p| match &p.value {
            ParamValue::Media { kind, .. } => {
                Some(MediaPart { kind: kind.as_str().to_owned(), name: None })
            }
            ParamValue::Text { .. } => None,
        }),
        template: Some(TemplateName {
            name: template.name.clone(),
            language: template.language.clone(),
        }),
        ..Bubble::default()
    }
}

fn shown(param: &Param) -> Option<&str> {
    match &param.value {
        ParamValue::Text { text } => Some(text),
        ParamValue::Media { .. } => None,
    }
}

/// Puts the values into `{{1}}` or `{{name}}`; a slot without a value stays as it is.
fn fill(body: &str, params: &[Param]) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((slot, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        let name = slot.trim();
        let value = match name.parse::<usize>() {
            Ok(place) => place.checked_sub(1).and_then(|i| params.get(i)),
            Err(_) => params.iter().find(|p| p.name.as_deref() == Some(name)),
        };
        match value.and_then(shown) {
            Some(value) => out.push_str(value),
            None => out.extend(["{{", slot, "}}"]),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What stands in Meta's own JSON: `kind` is its `type`, `body` the object of that name.
pub(crate) fn raw(kind: &str, body: &Value) -> Bubble {
    let text = |pointer: &str| {
        body.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
    };
    match kind {
        "text" => Bubble { kind: "text", text: text("/body"), ..Bubble::default() },
        "image" | "video" | "audio" | "document" | "sticker" => Bubble {
            kind: "media",
            text: text("/caption"),
            media: Some(MediaPart { kind: kind.to_owned(), name: text("/filename") }),
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
        "reaction" => Bubble { kind: "reaction", text: text("/emoji"), ..Bubble::default() },
        "button" => Bubble { kind: "tap", text: text("/text"), ..Bubble::default() },
        "interactive" => raw_interactive(body, &text),
        "template" => Bubble {
            kind: "template",
            template: Some(TemplateName {
                name: text("/name").unwrap_or_default(),
                language: text("/language/code").unwrap_or_default(),
            }),
            ..Bubble::default()
        },
        "contacts" => {
            Bubble { kind: "contacts", text: text("/0/name/formatted_name"), ..Bubble::default() }
        }
        "order" => Bubble { kind: "order", text: text("/text"), ..Bubble::default() },
        _ => Bubble { kind: "unsupported", text: text("/type"), ..Bubble::default() },
    }
}

/// A template as the phone shows it: its components, filled with the values that were sent.
pub(crate) fn raw_template(body: &Value, components: &[Value]) -> Bubble {
    let mut bubble = raw("template", body);
    for component in components {
        let kind = component.get("type").and_then(Value::as_str).unwrap_or_default();
        let filled = || {
            let text = component.get("text").and_then(Value::as_str)?;
            Some(fill(text, &sent_values(body, kind)))
        };
        match kind.to_ascii_uppercase().as_str() {
            "HEADER" => match component.get("format").and_then(Value::as_str) {
                None | Some("TEXT") => bubble.header = filled(),
                Some(format) => {
                    bubble.media =
                        Some(MediaPart { kind: format.to_ascii_lowercase(), name: None });
                }
            },
            "BODY" => bubble.text = filled(),
            "FOOTER" => bubble.footer = filled(),
            "BUTTONS" => {
                for button in items(component.get("buttons")) {
                    let Some(label) = button.get("text").and_then(Value::as_str) else { continue };
                    let kind = button.get("type").and_then(Value::as_str).unwrap_or_default();
                    if kind.eq_ignore_ascii_case("QUICK_REPLY") {
                        let (id, title) = (label.to_owned(), label.to_owned());
                        bubble.buttons.push(Tap { id, title, description: None });
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
            c.get("type").and_then(Value::as_str).is_some_and(|t| t.eq_ignore_ascii_case(kind))
        })
        .flat_map(|c| items(c.get("parameters")))
        .map(|p| Param {
            name: p.get("parameter_name").and_then(Value::as_str).map(str::to_owned),
            value: ParamValue::Text {
                text: p.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
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
        "nfm_reply" => Bubble { kind: "flow", text: text("/nfm_reply/body"), ..Bubble::default() },
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
    Some(Tap { id: text("id")?, title: text("title")?, description: text("description") })
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

    fn nothing(_: &str, _: &str) -> Option<String> {
        None
    }

    fn content(value: Value) -> Content {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_template_shows_its_text_with_positional_and_named_values() {
        let positional = content(json!({"type": "template", "name": "pedido", "language": "es_MX",
            "body": [{"as": "text", "text": "Ana"}, {"as": "text", "text": "42"}]}));
        let bodies = |name: &str, language: &str| {
            (name == "pedido" && language == "es_MX")
                .then(|| "Hola {{1}}, tu pedido {{ 2 }} va en camino {{3}}".to_owned())
        };
        let bubble = proposed(&positional, &bodies);
        assert_eq!(bubble.text.as_deref(), Some("Hola Ana, tu pedido 42 va en camino {{3}}"));
        let named = content(json!({"type": "template", "name": "pedido", "language": "es_MX",
            "body": [{"name": "nombre", "as": "text", "text": "Ana"}]}));
        let bubble = proposed(&named, &|_, _| Some("Hola {{nombre}} {{ {{otro}}".to_owned()));
        assert_eq!(bubble.text.as_deref(), Some("Hola Ana {{ {{otro}}"));
        assert_eq!(proposed(&positional, &nothing).text.as_deref(), Some("Ana · 42"));
    }

    #[test]
    fn buttons_and_rows_keep_the_ids_that_come_back_when_tapped() {
        let buttons = content(json!({"type": "interactive", "body": "¿Sí?",
            "action": {"kind": "buttons", "buttons": [{"id": "y", "title": "Sí"}]}}));
        assert_eq!(proposed(&buttons, &nothing).buttons[0].id, "y");
        let list = content(json!({"type": "interactive", "body": "Menú", "action": {"kind": "list",
            "button": "Ver", "sections": [{"rows": [{"id": "h", "title": "Horario"}]}]}}));
        assert_eq!(proposed(&list, &nothing).list.unwrap().sections[0].rows[0].id, "h");
    }

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
        assert_eq!((reply.kind, reply.text.as_deref()), ("tap", Some("Horario")));
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
