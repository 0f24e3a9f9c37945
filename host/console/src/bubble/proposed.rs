//! Bubbles of what somebody proposed to send, in the host's own form of content.

use portero_domain::content::{
    Content, Interactive, InteractiveAction, ListRow, ListSection, MediaSource, Param, ParamValue,
    TemplateSend,
};

use super::{Bubble, Link, ListPart, MediaPart, Section, Tap, TemplateName};

/// The body text of a template by name and language, from the registry.
pub(crate) type Bodies<'a> = dyn Fn(&str, &str) -> Option<String> + 'a;

/// What somebody proposed to send.
pub(crate) fn proposed(content: &Content, bodies: &Bodies<'_>) -> Bubble {
    match content {
        Content::Text(text) => Bubble {
            kind: "text",
            text: Some(text.body.clone()),
            ..Bubble::default()
        },
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
        Content::Reaction(reaction) => Bubble {
            kind: "reaction",
            text: Some(reaction.emoji.clone()),
            ..Bubble::default()
        },
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
                .map(|b| Tap {
                    id: b.id.clone(),
                    title: b.title.clone(),
                    description: None,
                })
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
            bubble.link = Some(Link {
                label: label.clone(),
                url: url.clone(),
            });
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
            ParamValue::Media { kind, .. } => Some(MediaPart {
                kind: kind.as_str().to_owned(),
                name: None,
            }),
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
pub(super) fn fill(body: &str, params: &[Param]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn nothing(_: &str, _: &str) -> Option<String> {
        None
    }

    fn content(value: Value) -> Content {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_template_shows_its_text_with_positional_and_named_values() {
        let positional = content(
            json!({"type": "template", "name": "pedido", "language": "es_MX",
            "body": [{"as": "text", "text": "Ana"}, {"as": "text", "text": "42"}]}),
        );
        let bodies = |name: &str, language: &str| {
            (name == "pedido" && language == "es_MX")
                .then(|| "Hola {{1}}, tu pedido {{ 2 }} va en camino {{3}}".to_owned())
        };
        let bubble = proposed(&positional, &bodies);
        assert_eq!(
            bubble.text.as_deref(),
            Some("Hola Ana, tu pedido 42 va en camino {{3}}")
        );
        let named = content(
            json!({"type": "template", "name": "pedido", "language": "es_MX",
            "body": [{"name": "nombre", "as": "text", "text": "Ana"}]}),
        );
        let bubble = proposed(&named, &|_, _| {
            Some("Hola {{nombre}} {{ {{otro}}".to_owned())
        });
        assert_eq!(bubble.text.as_deref(), Some("Hola Ana {{ {{otro}}"));
        assert_eq!(
            proposed(&positional, &nothing).text.as_deref(),
            Some("Ana · 42")
        );
    }

    #[test]
    fn buttons_and_rows_keep_the_ids_that_come_back_when_tapped() {
        let buttons = content(json!({"type": "interactive", "body": "¿Sí?",
            "action": {"kind": "buttons", "buttons": [{"id": "y", "title": "Sí"}]}}));
        assert_eq!(proposed(&buttons, &nothing).buttons[0].id, "y");
        let list = content(
            json!({"type": "interactive", "body": "Menú", "action": {"kind": "list",
            "button": "Ver", "sections": [{"rows": [{"id": "h", "title": "Horario"}]}]}}),
        );
        assert_eq!(
            proposed(&list, &nothing).list.unwrap().sections[0].rows[0].id,
            "h"
        );
    }
}
