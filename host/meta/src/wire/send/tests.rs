//! One golden body per kind of content, field by field as Meta documents it.

use portero_domain::address::AddressKey;
use portero_domain::content::{Button, MediaKind, Reaction, Text};
use portero_domain::ids::{AttemptId, DecisionId, OutboxId, PhoneNumberId, TenantId};
use serde_json::json;

use super::*;

const ATTEMPT: &str = "att_01935a7e000070008000000000000001";

fn to_send(to: &str, content: Content) -> ToSend {
    let id = "01935a7e000070008000000000000001";
    ToSend {
        outbox: format!("out_{id}").parse::<OutboxId>().unwrap(),
        tenant: format!("ten_{id}").parse::<TenantId>().unwrap(),
        sender: PhoneNumberId::new("402000000000021").unwrap(),
        to: AddressKey::parse(to).unwrap(),
        content,
        attempt: ATTEMPT.parse::<AttemptId>().unwrap(),
        decision: format!("dec_{id}").parse::<DecisionId>().unwrap(),
    }
}

/// The body of a content to a phone, checked for its frame; returns the object named by `type`.
fn object(content: Content) -> (String, Value) {
    let body = body(&to_send("525510010001", content));
    let kind = body["type"].as_str().unwrap().to_owned();
    let object = body[&kind].clone();
    let frame = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+525510010001",
        "type": kind,
        kind.as_str(): object,
        "biz_opaque_callback_data": ATTEMPT,
    });
    assert_eq!(body, frame);
    (kind, object)
}

fn text(t: &str) -> ParamValue {
    ParamValue::Text { text: t.into() }
}

#[test]
fn a_text_goes_to_a_number_or_to_a_user_id() {
    let content = || {
        Content::Text(Text {
            body: "¡Hola!".into(),
            preview_url: false,
        })
    };
    assert_eq!(
        object(content()),
        (
            "text".into(),
            json!({ "body": "¡Hola!", "preview_url": false })
        )
    );
    let body = body(&to_send("MX.80010000000000000001", content()));
    assert_eq!(body["recipient"], "MX.80010000000000000001");
    assert!(
        body.get("to").is_none(),
        "a phone would win over the user id"
    );
}

#[test]
fn media_are_named_by_kind_with_id_or_link() {
    let media = |kind, source, caption: Option<&str>, filename: Option<&str>| {
        object(Content::Media(Media {
            kind,
            source,
            caption: caption.map(str::to_owned),
            filename: filename.map(str::to_owned),
        }))
    };
    let id = || MediaSource::Id("910000001".into());
    let link = || MediaSource::Link("https://img.example/1.jpg".into());
    assert_eq!(
        media(MediaKind::Image, link(), Some("foto"), None),
        (
            "image".into(),
            json!({ "link": "https://img.example/1.jpg", "caption": "foto" })
        )
    );
    assert_eq!(
        media(MediaKind::Video, id(), None, None),
        ("video".into(), json!({ "id": "910000001" }))
    );
    assert_eq!(
        media(MediaKind::Audio, id(), None, None),
        ("audio".into(), json!({ "id": "910000001" }))
    );
    assert_eq!(
        media(MediaKind::Document, id(), Some("la factura"), Some("f.pdf")),
        (
            "document".into(),
            json!({ "id": "910000001", "caption": "la factura", "filename": "f.pdf" })
        )
    );
    assert_eq!(
        media(MediaKind::Sticker, id(), None, None),
        ("sticker".into(), json!({ "id": "910000001" }))
    );
}

fn interactive_object(
    header: Option<&str>,
    footer: Option<&str>,
    action: InteractiveAction,
) -> Value {
    let (kind, object) = object(Content::Interactive(Interactive {
        header: header.map(str::to_owned),
        body: "¿Qué necesitas?".into(),
        footer: footer.map(str::to_owned),
        action,
    }));
    assert_eq!(kind, "interactive");
    object
}

#[test]
fn reply_buttons_with_header_and_footer() {
    let buttons = ["si", "no"]
        .map(|id| Button {
            id: id.into(),
            title: id.to_uppercase(),
        })
        .to_vec();
    assert_eq!(
        interactive_object(
            Some("Tienda"),
            Some("Gracias"),
            InteractiveAction::Buttons { buttons }
        ),
        json!({
            "type": "button",
            "header": { "type": "text", "text": "Tienda" },
            "body": { "text": "¿Qué necesitas?" },
            "footer": { "text": "Gracias" },
            "action": { "buttons": [
                { "type": "reply", "reply": { "id": "si", "title": "SI" } },
                { "type": "reply", "reply": { "id": "no", "title": "NO" } },
            ]},
        })
    );
}

#[test]
fn a_list_with_and_without_titles_and_descriptions() {
    let action = InteractiveAction::List {
        button: "Ver menú".into(),
        sections: vec![
            ListSection {
                title: Some("Pedidos".into()),
                rows: vec![ListRow {
                    id: "estado".into(),
                    title: "Estado".into(),
                    description: Some("¿Dónde está?".into()),
                }],
            },
            ListSection {
                title: None,
                rows: vec![ListRow {
                    id: "hora".into(),
                    title: "Horario".into(),
                    description: None,
                }],
            },
        ],
    };
    assert_eq!(
        interactive_object(None, None, action),
        json!({
            "type": "list",
            "body": { "text": "¿Qué necesitas?" },
            "action": { "button": "Ver menú", "sections": [
                { "title": "Pedidos", "rows": [
                    { "id": "estado", "title": "Estado", "description": "¿Dónde está?" },
                ]},
                { "rows": [{ "id": "hora", "title": "Horario" }] },
            ]},
        })
    );
}

#[test]
fn a_link_button_and_a_location_request() {
    let cta = InteractiveAction::CtaUrl {
        label: "Ver".into(),
        url: "https://tienda.example/p/7".into(),
    };
    assert_eq!(
        interactive_object(None, None, cta),
        json!({
            "type": "cta_url",
            "body": { "text": "¿Qué necesitas?" },
            "action": { "name": "cta_url", "parameters": {
                "display_text": "Ver", "url": "https://tienda.example/p/7",
            }},
        })
    );
    assert_eq!(
        interactive_object(None, None, InteractiveAction::LocationRequest),
        json!({
            "type": "location_request_message",
            "body": { "text": "¿Qué necesitas?" },
            "action": { "name": "send_location" },
        })
    );
}

#[test]
fn a_reaction_and_its_removal() {
    for emoji in ["❤", ""] {
        assert_eq!(
            object(Content::Reaction(Reaction {
                message_id: "wamid.IN1".into(),
                emoji: emoji.into()
            })),
            (
                "reaction".into(),
                json!({ "message_id": "wamid.IN1", "emoji": emoji })
            )
        );
    }
}

#[test]
fn a_template_with_positional_values_and_every_kind_of_button() {
    let button = |index, kind, value: &str| ButtonParam {
        index,
        kind,
        value: Param {
            name: None,
            value: text(value),
        },
    };
    let content = Content::Template(TemplateSend {
        name: "oferta_v3".into(),
        language: "es_MX".into(),
        header: vec![Param {
            name: None,
            value: ParamValue::Media {
                kind: MediaKind::Image,
                source: MediaSource::Id("910000001".into()),
            },
        }],
        body: vec![
            Param {
                name: None,
                value: text("Ana"),
            },
            Param {
                name: None,
                value: text("tenis"),
            },
        ],
        buttons: vec![
            button(0, ButtonParamKind::QuickReply, "OPTOUT_MKT"),
            button(1, ButtonParamKind::Url, "abc"),
            button(2, ButtonParamKind::CopyCode, "VERANO10"),
        ],
    });
    assert_eq!(
        object(content),
        (
            "template".into(),
            json!({
                "name": "oferta_v3",
                "language": { "code": "es_MX" },
                "components": [
                    { "type": "header", "parameters": [
                        { "type": "image", "image": { "id": "910000001" } },
                    ]},
                    { "type": "body", "parameters": [
                        { "type": "text", "text": "Ana" },
                        { "type": "text", "text": "tenis" },
                    ]},
                    { "type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [
                        { "type": "payload", "payload": "OPTOUT_MKT" },
                    ]},
                    { "type": "button", "sub_type": "url", "index": "1", "parameters": [
                        { "type": "text", "text": "abc" },
                    ]},
                    { "type": "button", "sub_type": "copy_code", "index": "2", "parameters": [
                        { "type": "coupon_code", "coupon_code": "VERANO10" },
                    ]},
                ],
            })
        )
    );
}

#[test]
fn a_template_with_named_values_names_them_and_one_without_values_has_no_components() {
    let named = |name: &str, value: &str| Param {
        name: Some(name.into()),
        value: text(value),
    };
    let (_, object_named) = object(Content::Template(TemplateSend {
        name: "carrito".into(),
        language: "pt_BR".into(),
        header: vec![named("loja", "Centro")],
        body: vec![named("nome", "Ana")],
        buttons: vec![],
    }));
    assert_eq!(
        object_named["components"],
        json!([
            { "type": "header", "parameters": [
                { "type": "text", "parameter_name": "loja", "text": "Centro" },
            ]},
            { "type": "body", "parameters": [
                { "type": "text", "parameter_name": "nome", "text": "Ana" },
            ]},
        ])
    );
    let bare = TemplateSend {
        name: "aviso".into(),
        language: "en".into(),
        header: vec![],
        body: vec![],
        buttons: vec![],
    };
    assert_eq!(
        object(Content::Template(bare)).1,
        json!({ "name": "aviso", "language": { "code": "en" } })
    );
}

#[test]
fn a_courtesy_reads_and_shows_typing_only_when_asked() {
    assert_eq!(
        courtesy_body("wamid.IN1", false),
        json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1" })
    );
    assert_eq!(
        courtesy_body("wamid.IN1", true)["typing_indicator"],
        json!({ "type": "text" })
    );
}
