//! What the detectors find, and what they leave alone.

use super::*;
use crate::testing::{button_param, buttons, list, named, positional, send, text};
use portero_domain::content::{Param, ParamValue};

/// Words that stand in texts and must not stand in facts.
const SECRET: &str = "zanahoria";

fn json(content: &Content) -> String {
    serde_json::to_string(&detect(content)).unwrap()
}

#[test]
fn facts_hold_no_text_of_the_message() {
    let mut template = send("promo_v1", &[positional(&format!("{SECRET} {{{{x}}}}"))]);
    template.body.push(named(SECRET, "\u{7}"));
    template.body.push(named("5215512345678", "x"));
    template
        .buttons
        .push(button_param(0, ButtonParamKind::QuickReply, SECRET));
    for content in [
        text(&format!("{{{{{SECRET}}}}} \u{7} {}", SECRET.repeat(1000))),
        Content::Template(template),
        Content::Template(send(&format!("Mi {SECRET} +5215512345678"), &[])),
    ] {
        let facts = json(&content);
        assert!(!facts.contains("5215512345678"), "{facts}");
        let name_of_a_slot = format!("\"name\":\"{SECRET}\"");
        assert!(
            !facts.replace(&name_of_a_slot, "").contains(SECRET),
            "{facts}"
        );
    }
}

#[test]
fn the_same_content_gives_the_same_facts_and_they_survive_json() {
    for content in [
        text("hola\u{7}"),
        buttons(4),
        list(&[11]),
        Content::Template(send("x", &[])),
    ] {
        let facts = detect(&content);
        assert_eq!(facts, detect(&content));
        let back: ContentFacts = serde_json::from_str(&json(&content)).unwrap();
        assert_eq!(back, facts);
    }
}

#[test]
fn totals_count_what_a_person_reads() {
    let facts = detect(&buttons(2));
    // "Elige" and two titles "Opción n"; ids are not read.
    assert_eq!(facts.scalars, 5 + 8 + 8);
    assert_eq!(detect(&text("ñandú 😀")).scalars, 7);
}

#[test]
fn paths_name_the_place() {
    let mut content = list(&[1, 2]);
    if let Content::Interactive(i) = &mut content
        && let portero_domain::content::InteractiveAction::List { sections, .. } = &mut i.action
    {
        sections[1].rows[1].description = Some("d".repeat(73));
    }
    let facts = detect(&content);
    assert_eq!(
        facts.too_long[0].field,
        "interactive.list.sections[1].rows[1].description"
    );
    assert_eq!(
        (facts.too_long[0].scalars, facts.too_long[0].limit),
        (73, 72)
    );
}

#[test]
fn every_length_limit_holds_to_the_character() {
    use portero_domain::content::{
        Button, Interactive, InteractiveAction, Media, MediaKind, MediaSource,
    };
    let x = |n: usize| "x".repeat(n);
    let interactive = |body: String, header, footer, action| {
        Content::Interactive(Interactive {
            header,
            body,
            footer,
            action,
        })
    };
    let one = || InteractiveAction::Buttons {
        buttons: vec![Button {
            id: "a".into(),
            title: "b".into(),
        }],
    };
    type Make<'a> = Box<dyn Fn(usize) -> Content + 'a>;
    let table: Vec<(&str, usize, Make<'_>)> = vec![
        ("text.body", 4096, Box::new(|n| text(&x(n)))),
        (
            "media.caption",
            1024,
            Box::new(|n| {
                Content::Media(Media {
                    kind: MediaKind::Image,
                    source: MediaSource::Id("1".into()),
                    caption: Some(x(n)),
                    filename: None,
                })
            }),
        ),
        (
            "interactive.body",
            1024,
            Box::new(|n| interactive(x(n), None, None, one())),
        ),
        (
            "interactive.header",
            60,
            Box::new(|n| interactive(x(1), Some(x(n)), None, one())),
        ),
        (
            "interactive.footer",
            60,
            Box::new(|n| interactive(x(1), None, Some(x(n)), one())),
        ),
        (
            "interactive.buttons[0].id",
            256,
            Box::new(|n| {
                let buttons = vec![Button {
                    id: x(n),
                    title: "b".into(),
                }];
                interactive(x(1), None, None, InteractiveAction::Buttons { buttons })
            }),
        ),
        (
            "interactive.cta_url.label",
            20,
            Box::new(|n| {
                let action = InteractiveAction::CtaUrl {
                    label: x(n),
                    url: "https://a.example".into(),
                };
                interactive(x(1), None, None, action)
            }),
        ),
        (
            "interactive.list.button",
            20,
            Box::new(|n| {
                let mut content = list(&[1]);
                if let Content::Interactive(i) = &mut content
                    && let InteractiveAction::List { button, .. } = &mut i.action
                {
                    *button = x(n);
                }
                content
            }),
        ),
        (
            "interactive.body",
            4096,
            Box::new(|n| {
                let mut content = list(&[1]);
                if let Content::Interactive(i) = &mut content {
                    i.body = x(n);
                }
                content
            }),
        ),
        (
            "template.body[0]",
            1024,
            Box::new(|n| Content::Template(send("t", &[positional(&x(n))]))),
        ),
        (
            "template.header[0]",
            60,
            Box::new(|n| {
                let mut send = send("t", &[]);
                send.header.push(positional(&x(n)));
                Content::Template(send)
            }),
        ),
        (
            "template.buttons[0]",
            20,
            Box::new(|n| {
                let mut send = send("t", &[]);
                send.buttons
                    .push(button_param(0, ButtonParamKind::CopyCode, &x(n)));
                Content::Template(send)
            }),
        ),
    ];
    for (field, limit, make) in table {
        assert_eq!(detect(&make(limit)).too_long, [], "{field} {limit}");
        let over = detect(&make(limit + 1)).too_long;
        assert_eq!(over.len(), 1, "{field}");
        assert_eq!(
            (over[0].field.as_str(), over[0].limit as usize),
            (field, limit)
        );
    }
}

#[test]
fn control_characters_are_placed_and_line_feeds_are_free() {
    let facts = detect(&text("añ\no\u{7}\r"));
    let found: Vec<(u32, u32)> = facts.control.iter().map(|c| (c.offset, c.code)).collect();
    assert_eq!(found, [(4, 7), (5, 13)]);
    let param = Param {
        name: None,
        value: ParamValue::Text {
            text: "a\r\n\tb\u{1}".into(),
        },
    };
    let facts = detect(&Content::Template(send("t", &[param])));
    assert_eq!(
        facts.control.len(),
        1,
        "template.params speaks of the others"
    );
}
