//! Meta's template components become slots.

use serde_json::{Value, json};

use super::*;

fn page(data: Value) -> Vec<(Template, String)> {
    let body = serde_json::to_vec(&json!({ "data": data })).unwrap();
    read_page(&body, Ts(7)).unwrap().templates
}

fn one(t: Value) -> (Template, String) {
    page(json!([t])).remove(0)
}

fn slots_of(components: Value) -> TemplateSlots {
    one(json!({
        "name": "t", "language": "es", "status": "APPROVED", "category": "UTILITY",
        "components": components,
    }))
    .0
    .slots
}

#[test]
fn a_template_with_named_slots_text_header_and_buttons() {
    let (t, quality) = one(json!({
        "id": "890000000000001", "name": "carrito_v2", "language": "es_MX", "status": "APPROVED",
        "category": "MARKETING", "parameter_format": "NAMED",
        "quality_score": { "score": "YELLOW", "date": 1_796_000_000 },
        "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Hola {{nombre}}" },
            { "type": "BODY", "text": "{{nombre}}, tu {{articulo}} sigue aquí, {{ nombre }}." },
            { "type": "FOOTER", "text": "Responde BAJA" },
            { "type": "BUTTONS", "buttons": [
                { "type": "URL", "text": "Ver", "url": "https://tienda.example/c/{{1}}" },
                { "type": "URL", "text": "Inicio", "url": "https://tienda.example/" },
                { "type": "PHONE_NUMBER", "text": "Llamar", "phone_number": "+525550002222" },
                { "type": "COPY_CODE", "text": "Copiar" },
                { "type": "QUICK_REPLY", "text": "No recibir" },
            ]},
        ],
    }));
    assert_eq!(quality, "YELLOW");
    assert_eq!(
        t,
        Template {
            name: "carrito_v2".into(),
            language: "es_MX".into(),
            category: TemplateCategory::Marketing,
            status: TemplateStatus::Approved,
            paused_until: None,
            slots: TemplateSlots {
                named: true,
                header_text: Some("nombre".into()),
                header_media: None,
                body: vec!["nombre".into(), "articulo".into()],
                buttons: vec![(0, "url".into()), (3, "copy_code".into())],
                button_count: 5,
                quick_replies: vec![4],
                stop: Some(StopPart::Button),
                around: Some(Around {
                    header: Some("Hola {{nombre}}".into()),
                    footer: Some("Responde BAJA".into()),
                    buttons: vec![
                        ("Ver".into(), Some("https://tienda.example/c/{{1}}".into())),
                        ("Inicio".into(), Some("https://tienda.example/".into())),
                        ("Llamar".into(), Some("+525550002222".into())),
                        ("Copiar".into(), None),
                        ("No recibir".into(), None),
                    ],
                }),
            },
            body: "{{nombre}}, tu {{articulo}} sigue aquí, {{ nombre }}.".into(),
            synced_at: Ts(7),
        }
    );
}

#[test]
fn where_a_template_says_how_to_stop() {
    let body = |text: &str| json!({ "type": "BODY", "text": text });
    let footer = |text: &str| json!({ "type": "FOOTER", "text": text });
    let button = |kind: &str, text: &str| json!({ "type": "BUTTONS", "buttons": [{ "type": kind, "text": text }] });
    for (components, stop) in [
        (
            json!([body("20 % hoy"), button("QUICK_REPLY", "No recibir")]),
            StopPart::Button,
        ),
        (
            json!([body("20 % hoje"), button("QUICK_REPLY", "Sair")]),
            StopPart::Button,
        ),
        (
            json!([body("20 % today"), button("URL", "Stop")]),
            StopPart::Nowhere,
        ),
        (
            json!([body("20 % hoy"), footer("Responde BAJA")]),
            StopPart::Footer,
        ),
        (
            json!([body("20 % hoy. BAJA para no recibir más.")]),
            StopPart::Body,
        ),
        (
            json!([
                body("20 % hoy"),
                footer("Tienda Sol, Bogotá"),
                button("QUICK_REPLY", "Ver")
            ]),
            StopPart::Nowhere,
        ),
    ] {
        assert_eq!(
            slots_of(components.clone()).stop,
            Some(stop),
            "{components}"
        );
    }
}

#[test]
fn positions_are_ordered_as_numbers_and_appear_once() {
    let slots = slots_of(json!([
        { "type": "BODY", "text": "{{10}} {{2}} {{1}} {{2}} {{3}}{{4}} {{5}} {{6}} {{7}} {{8}} {{9}}" }
    ]));
    assert!(!slots.named);
    assert_eq!(
        slots.body,
        ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]
    );
    assert_eq!(
        (slots.header_text, slots.header_media, slots.button_count),
        (None, None, 0)
    );
}

#[test]
fn the_format_is_guessed_from_the_slots_when_meta_does_not_say() {
    assert!(slots_of(json!([{ "type": "BODY", "text": "{{nombre}}" }])).named);
    assert!(!slots_of(json!([{ "type": "BODY", "text": "sin huecos" }])).named);
    let positional = one(json!({
        "name": "t", "language": "es", "status": "APPROVED", "category": "UTILITY",
        "parameter_format": "POSITIONAL", "components": [{ "type": "BODY", "text": "{{1}}" }],
    }));
    assert!(!positional.0.slots.named);
}

#[test]
fn media_headers_one_time_codes_and_what_we_cannot_fill() {
    for (format, expected) in [
        ("IMAGE", "image"),
        ("VIDEO", "video"),
        ("DOCUMENT", "document"),
        ("LOCATION", "location"),
    ] {
        let slots = slots_of(json!([{ "type": "HEADER", "format": format }]));
        assert_eq!(slots.header_media.as_deref(), Some(expected));
        assert_eq!(slots.header_text, None);
    }
    let otp = slots_of(json!([
        { "type": "BODY", "text": "*{{1}}* es tu código." },
        { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "COPY_CODE" }] },
    ]));
    assert_eq!(
        (otp.body, otp.buttons),
        (vec!["1".to_owned()], vec![(0, "url".to_owned())])
    );
    let carousel = slots_of(json!([
        { "type": "BODY", "text": "Mira" },
        { "type": "CAROUSEL", "cards": [] },
    ]));
    assert_eq!(carousel.header_media.as_deref(), Some("carousel"));
    let mpm = slots_of(json!([{ "type": "BUTTONS", "buttons": [{ "type": "MPM" }] }]));
    assert_eq!(mpm.buttons, [(0, "mpm".to_owned())]);
}

#[test]
fn unknown_status_is_kept_unknown_category_is_marketing_and_hyphens_become_underscores() {
    let (t, quality) = one(json!({
        "name": "viejo", "language": "pt-BR", "status": "ARCHIVED", "category": "OTP",
    }));
    assert_eq!(t.status, TemplateStatus::Other("ARCHIVED".into()));
    assert_eq!(t.category, TemplateCategory::Marketing);
    assert_eq!(
        (t.language.as_str(), t.body.as_str(), quality.as_str()),
        ("pt_BR", "", "UNKNOWN")
    );
}

#[test]
fn the_next_page_is_found_by_cursor_or_in_its_address() {
    let next = |paging: Value| {
        let body = serde_json::to_vec(&json!({ "data": [], "paging": paging })).unwrap();
        read_page(&body, Ts(7)).map(|p| p.next)
    };
    let cursors = json!({ "before": "b", "after": "a" });
    assert_eq!(next(json!({ "cursors": cursors })), Ok(None));
    let address = "https://graph.example/v23.0/1/message_templates?limit=1&after=c%3D";
    assert_eq!(
        next(json!({ "cursors": cursors, "next": address })),
        Ok(Some("a".into()))
    );
    assert_eq!(next(json!({ "next": address })), Ok(Some("c=".into())));
    assert_eq!(
        next(json!({ "next": "https://graph.example/" })),
        Err("a next page without a cursor")
    );
}

#[test]
fn a_listing_is_whole_or_an_error() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"data":{}}"#,
        r#"{"data":[{}]}"#,
        r#"{"data":[{"name":"a"}]}"#,
    ] {
        assert!(read_page(body.as_bytes(), Ts(7)).is_err(), "{body}");
    }
}
