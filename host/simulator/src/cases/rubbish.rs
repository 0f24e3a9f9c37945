//! Whatever arrives, Meta's shape goes back and nothing panics.

use std::sync::{Arc, OnceLock};

use axum::body::{Body, to_bytes};
use portero_domain::clock::{ManualClock, Ts};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

const WORDS: &[&str] = &[
    "messaging_product",
    "whatsapp",
    "to",
    "recipient",
    "type",
    "text",
    "body",
    "image",
    "link",
    "id",
    "interactive",
    "button",
    "list",
    "action",
    "buttons",
    "reply",
    "title",
    "sections",
    "rows",
    "template",
    "name",
    "language",
    "code",
    "components",
    "parameters",
    "parameter_name",
    "header",
    "cards",
    "card_index",
    "carousel",
    "sub_type",
    "index",
    "url",
    "carrito_v2",
    "aviso_envio",
    "es_MX",
    "location",
    "latitude",
    "contacts",
    "formatted_name",
    "reaction",
    "message_id",
    "emoji",
    "status",
    "read",
    "context",
    "biz_opaque_callback_data",
    "typing_indicator",
    "individual",
    ANA,
    ANA_ID,
    "flow",
    "cta_url",
    "name",
    "display_text",
    "5",
    "-99.5",
    "",
    "{{1}}",
    "ñ",
    "\u{0}",
    "true",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => ".{0,40}",
        1 => Just("x".repeat(5_000)),
    ]
}

pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Good sends with one place replaced by rubbish: gets deeper than rubbish alone.
fn nearly_good() -> impl Strategy<Value = Value> {
    let good = prop::sample::select(vec![
        message(ANA, text("hola")),
        message(ANA, cart()),
        message(ANA, utility()),
        message(
            ANA,
            json!({"type": "image", "image": {"id": "1", "caption": "c"}}),
        ),
        message(
            ANA,
            json!({"type": "location", "location": {"latitude": 1, "longitude": 2, "name": "n"}}),
        ),
        message(
            ANA,
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "A"}, "birthday": "1999-01-01"}]}),
        ),
        message(
            ANA,
            json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "b"},
            "action": {"button": "b", "sections": [{"title": "s", "rows": [{"id": "1", "title": "t"}]}]}}}),
        ),
        json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X", "typing_indicator": {"type": "text"}}),
    ]);
    (good, any::<prop::sample::Index>(), any_json()).prop_map(|(mut body, at, rubbish)| {
        let places = places(&body, String::new());
        let place = at.get(&places);
        *body.pointer_mut(place).unwrap() = rubbish;
        body
    })
}

pub(super) fn places(value: &Value, here: String) -> Vec<String> {
    let mut out = vec![here.clone()];
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                out.extend(places(value, format!("{here}/{key}")));
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                out.extend(places(value, format!("{here}/{at}")));
            }
        }
        _ => {}
    }
    out
}

fn answer(bytes: Vec<u8>) -> (u16, Value) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = ManualClock::at(Ts(START));
        // Building a client reads certificates; one serves all runs, nothing is posted here.
        static HTTP: OnceLock<reqwest::Client> = OnceLock::new();
        let http = HTTP.get_or_init(http_client).clone();
        let sim = Simulator::new(config(), Arc::new(clock.clone()), None, http).unwrap();
        let request = axum::http::Request::post(format!("/v25.0/{PN1}/messages"))
            .header("authorization", "Bearer token")
            .body(Body::from(bytes))
            .unwrap();
        let response = tower::ServiceExt::oneshot(sim.router(), request)
            .await
            .unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        clock.advance(Millis(60_000));
        sim.settle().await;
        assert!(sim.idle().idle);
        (status, serde_json::from_slice(&body).unwrap())
    })
}

fn assert_metas_shape(status: u16, answer: &Value) {
    if status == 200 {
        let read = answer["success"] == true;
        assert!(read || answer["messages"][0]["id"].is_string(), "{answer}");
    } else {
        assert!((400..=503).contains(&status));
        assert!(code(answer) >= 0);
        assert!(!details(answer).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_gets_an_answer_of_metas_shape(body in any_json()) {
        let (status, answer) = answer(body.to_string().into_bytes());
        assert_metas_shape(status, &answer);
    }

    #[test]
    fn nearly_good_json_gets_an_answer_of_metas_shape(body in nearly_good()) {
        let (status, answer) = answer(body.to_string().into_bytes());
        assert_metas_shape(status, &answer);
    }

    #[test]
    fn any_bytes_get_metas_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (status, answer) = answer(bytes);
        assert_eq!(status, 400);
        assert_eq!(code(&answer), 100);
    }
}

#[test]
fn deep_huge_and_broken_bodies_get_metas_error() {
    let good = message(ANA, text("hola")).to_string();
    let mut huge = good.clone().into_bytes();
    huge.extend(std::iter::repeat_n(b' ', 5 * 1024 * 1024));
    let mut large = good.clone().into_bytes();
    large.extend(std::iter::repeat_n(b' ', 2 * 1024 * 1024));
    for bytes in [
        "[".repeat(100_000).into_bytes(),
        "{\"a\":".repeat(100_000).into_bytes(),
        huge,
        large,
        good.as_bytes()[..good.len() - 1].to_vec(),
        Vec::new(),
        b"\xff\xfe".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
    ] {
        let (status, answer) = answer(bytes);
        assert_eq!((status, code(&answer)), (400, 100));
    }
    assert_eq!(answer(good.into_bytes()).0, 200);
}
