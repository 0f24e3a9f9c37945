//! Every component kind of a template, from its creation to its sending (§1.4, §3.3).

use serde_json::{Value, json};

use super::managed::{approved, new};
use super::*;

/// What is created, what is sent, and a neighbour that is refused with its code.
fn kinds() -> Vec<(&'static str, &'static str, Value, Value, Value, i64)> {
    let handle = json!({"header_handle": ["4::aW1hZ2UvanBn:ARZ"]});
    let body = json!({"type": "BODY", "text": "Mira esto hoy."});
    let picture = "https://tienda.example/a.jpg";
    let header = |kind: &str, value: Value| json!([{"type": "header", "parameters": [{"type": kind, kind: value}]}]);
    let button = |sub: &str, index: &str, parameter: Value| json!([{"type": "button", "sub_type": sub, "index": index, "parameters": [parameter]}]);
    let buttons = |one: Value| json!([body, {"type": "BUTTONS", "buttons": [one]}]);
    let card = json!({"components": [
        {"type": "HEADER", "format": "IMAGE", "example": handle},
        {"type": "BODY", "text": "Tenis de hoy"},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Quiero"}]}]});
    let sent_card = |index: usize| {
        json!({"card_index": index, "components": [
        {"type": "header", "parameters": [{"type": "image", "image": {"link": picture}}]},
        {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "Q"}]}]})
    };
    vec![
        (
            "titulo_texto",
            "UTILITY",
            json!([{"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}", "example": {"header_text": ["A-1"]}}, body]),
            header("text", "A-1".into()),
            header("text", "x".repeat(60).into()),
            132_005,
        ),
        (
            "titulo_imagen",
            "MARKETING",
            json!([{"type": "HEADER", "format": "IMAGE", "example": handle}, body]),
            header("image", json!({"link": picture})),
            header("video", json!({"link": picture})),
            132_018,
        ),
        (
            "titulo_video",
            "MARKETING",
            json!([{"type": "HEADER", "format": "VIDEO", "example": handle}, body]),
            header("video", json!({"link": picture})),
            json!([]),
            132_018,
        ),
        (
            "titulo_documento",
            "UTILITY",
            json!([{"type": "HEADER", "format": "DOCUMENT", "example": handle}, body]),
            header("document", json!({"link": picture, "filename": "a.pdf"})),
            header("document", json!({"filename": "a.pdf"})),
            131_008,
        ),
        (
            "titulo_lugar",
            "UTILITY",
            json!([{"type": "HEADER", "format": "LOCATION"}, body]),
            header(
                "location",
                json!({"latitude": "19.4", "longitude": "-99.1", "name": "Centro", "address": "Plaza 1"}),
            ),
            header(
                "location",
                json!({"latitude": "19.4", "longitude": "-99.1", "name": "Centro"}),
            ),
            131_008,
        ),
        (
            "titulo_producto",
            "MARKETING",
            json!([{"type": "HEADER", "format": "PRODUCT"}, body, {"type": "BUTTONS", "buttons": [{"type": "SPM", "text": "Ver"}]}]),
            header(
                "product",
                json!({"product_retailer_id": "S", "catalog_id": "7"}),
            ),
            header("product", json!({"product_retailer_id": "S"})),
            131_008,
        ),
        (
            "enlace",
            "UTILITY",
            buttons(
                json!({"type": "URL", "text": "Ver", "url": "https://x.example/{{1}}", "example": "https://x.example/a"}),
            ),
            button("url", "0", json!({"type": "text", "text": "a"})),
            json!([]),
            131_008,
        ),
        (
            "respuesta",
            "UTILITY",
            buttons(json!({"type": "QUICK_REPLY", "text": "Sí"})),
            button(
                "quick_reply",
                "0",
                json!({"type": "payload", "payload": "SI"}),
            ),
            button("url", "0", json!({"type": "text", "text": "SI"})),
            132_018,
        ),
        (
            "cupon",
            "MARKETING",
            buttons(json!({"type": "COPY_CODE", "example": "VERANO10"})),
            button(
                "copy_code",
                "0",
                json!({"type": "coupon_code", "coupon_code": "VERANO10"}),
            ),
            button(
                "copy_code",
                "0",
                json!({"type": "coupon_code", "coupon_code": "VERANO 10"}),
            ),
            131_009,
        ),
        (
            "flujo",
            "UTILITY",
            buttons(
                json!({"type": "FLOW", "text": "Abrir", "flow_id": "1", "flow_action": "navigate", "navigate_screen": "UNO"}),
            ),
            button(
                "flow",
                "0",
                json!({"type": "action", "action": {"flow_token": "t", "flow_action_data": {}}}),
            ),
            button("flow", "1", json!({"type": "action", "action": {}})),
            132_018,
        ),
        (
            "catalogo",
            "MARKETING",
            buttons(json!({"type": "CATALOG", "text": "Ver catálogo"})),
            button(
                "catalog",
                "0",
                json!({"type": "action", "action": {"thumbnail_product_retailer_id": "S"}}),
            ),
            button("catalog", "0", json!({"type": "text", "text": "S"})),
            132_018,
        ),
        (
            "varios",
            "MARKETING",
            buttons(json!({"type": "MPM", "text": "Ver artículos"})),
            button(
                "mpm",
                "0",
                json!({"type": "action", "action": {"thumbnail_product_retailer_id": "S",
                "sections": [{"title": "Uno", "product_items": [{"product_retailer_id": "S"}]}]}}),
            ),
            json!([]),
            131_008,
        ),
        (
            "clave",
            "AUTHENTICATION",
            json!([{"type": "BODY", "add_security_recommendation": true}, {"type": "FOOTER", "code_expiration_minutes": 10},
                {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copiar"}]}]),
            json!([{"type": "body", "parameters": [{"type": "text", "text": "482913"}]},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "482913"}]}]),
            json!([{"type": "body", "parameters": [{"type": "text", "text": "482913"}]}]),
            131_008,
        ),
        (
            "oferta_corta",
            "MARKETING",
            json!([body, {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "¡Termina ya!", "has_expiration": true}},
                {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "example": "A1"}]}]),
            json!([{"type": "limited_time_offer", "parameters": [{"type": "limited_time_offer", "limited_time_offer": {"expiration_time_ms": 1_795_000_000_000_i64}}]},
                {"type": "button", "sub_type": "copy_code", "index": 0, "parameters": [{"type": "coupon_code", "coupon_code": "A1"}]}]),
            json!([{"type": "button", "sub_type": "copy_code", "index": 0, "parameters": [{"type": "coupon_code", "coupon_code": "A1"}]}]),
            132_000,
        ),
        (
            "tarjetas",
            "MARKETING",
            json!([body, {"type": "CAROUSEL", "cards": [card, card]}]),
            json!([{"type": "carousel", "cards": [sent_card(0), sent_card(1)]}]),
            json!([{"type": "carousel", "cards": [sent_card(0)]}]),
            132_000,
        ),
        (
            "con_nombre_y_dinero",
            "UTILITY",
            json!([{"type": "BODY", "text": "Pagaste {{1}} el {{2}} por tu pedido de hoy, gracias.", "example": {"body_text": [["$10", "lunes"]]}}]),
            json!([{"type": "body", "parameters": [
                {"type": "currency", "currency": {"fallback_value": "$10", "code": "MXN", "amount_1000": 10_000}},
                {"type": "date_time", "date_time": {"fallback_value": "lunes"}}]}]),
            json!([{"type": "body", "parameters": [{"type": "currency", "currency": {"fallback_value": "$10"}}, {"type": "text", "text": "x"}]}]),
            131_008,
        ),
    ]
}

#[tokio::test]
async fn every_component_kind_is_created_sent_and_refused_when_it_does_not_fit() {
    let rig = Rig::new().await;
    for (name, category, components, good, bad, wanted) in kinds() {
        approved(&rig, new(name, category, components)).await;
        let (status, answer) = rig.post(message(ANA, template(name, "es_MX", good))).await;
        assert_eq!(status, 200, "{name} {answer}");
        let (_, answer) = rig.post(message(ANA, template(name, "es_MX", bad))).await;
        assert_eq!(code(&answer), wanted, "{name} {answer}");
    }
}
