//! Whatever is sent to whichever path, in whichever wrapping: Meta's error or a good answer.

use std::sync::{Arc, OnceLock};

use axum::body::{Body, to_bytes};
use portero_domain::clock::{ManualClock, Ts};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::rubbish::{any_json, places};
use super::*;

const PATHS: &[&str] = &[
    "/v25.0/401000000000002/messages",
    "/v25.0/401000000000002/marketing_messages",
    "/v25.0/401000000000002/media",
    "/v25.0/401000000000002/whatsapp_business_profile",
    "/v25.0/401000000000002/block_users",
    "/v25.0/301000000000001/message_templates",
    "/v25.0/301000000000001/phone_numbers",
    "/v25.0/301000000000001/subscribed_apps",
    "/v25.0/301000000000001",
    "/880000000000002",
    "/880000000000002/unpause",
    "/1/uploads",
    "/upload:1",
    "/whatsapp_business/attachments/",
    "/v25.0/nothing/at/all",
    "/",
];

const KINDS: &[&str] = &[
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "text/plain",
    "",
    "nonsense",
];

fn queries() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z_]{1,12}=[ -~&&[^#?]]{0,20}",
        prop::sample::select(vec![
            "fields=",
            "fields=id,name,%ff",
            "limit=-1",
            "limit=99999999999999999999",
            "after=7430&before=7430",
            "after=%00",
            "summary=true",
            "hsm_ids=[1,null]",
            "name=%F0%9F%98%80",
            "mid=1&ext=9999999999999999999&hash=",
            "file_length=1e9&file_type=image/png",
        ])
        .prop_map(str::to_owned),
    ]
}

struct Asked {
    method: &'static str,
    path: &'static str,
    query: String,
    kind: &'static str,
    body: Vec<u8>,
}

fn ask(asked: Asked) -> (u16, Option<Value>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        static HTTP: OnceLock<reqwest::Client> = OnceLock::new();
        let http = HTTP.get_or_init(http_client).clone();
        let clock = ManualClock::at(Ts(START));
        let sim = Simulator::new(config(), Arc::new(clock), None, http).unwrap();
        let query: String = asked
            .query
            .bytes()
            .map(|b| match b {
                b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                    format!("%{b:02X}")
                }
                _ => char::from(b).to_string(),
            })
            .collect();
        let mut request = Request::builder()
            .method(asked.method)
            .uri(format!("{}?{query}", asked.path))
            .header("authorization", "Bearer token");
        if !asked.kind.is_empty() {
            request = request.header("content-type", asked.kind);
        }
        let request = request.body(Body::from(asked.body)).unwrap();
        let response = sim.router().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).ok())
    })
}

fn assert_answer(status: u16, answer: Option<Value>) {
    let answer = answer.unwrap();
    assert!(answer.is_object());
    if status != 200 {
        assert!((400..=503).contains(&status), "{status}");
        assert!(code(&answer) >= 0);
        assert!(!details(&answer).is_empty());
    }
}

/// Good bodies of the management calls with one place replaced.
fn nearly_good() -> impl Strategy<Value = (usize, Value)> {
    let good = prop::sample::select(vec![
        (
            5,
            json!({"name": "nueva", "language": "es_MX", "category": "MARKETING", "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Hola {{1}}", "example": {"header_text": ["a"]}},
            {"type": "BODY", "text": "Hola {{1}}, tu pedido ya va en camino.", "example": {"body_text": [["a"]]}},
            {"type": "FOOTER", "text": "pie"},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Ver", "url": "https://x.example/{{1}}", "example": ["a"]}, {"type": "QUICK_REPLY", "text": "Sí"}]}]}),
        ),
        (
            5,
            json!({"name": "cartas", "language": "es", "category": "MARKETING", "components": [
            {"type": "BODY", "text": "Mira"},
            {"type": "CAROUSEL", "cards": [{"components": [{"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}}]},
                {"components": [{"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}}]}]}]}),
        ),
        (
            5,
            json!({"name": "clave", "language": "es", "category": "AUTHENTICATION", "components": [
            {"type": "BODY", "add_security_recommendation": true}, {"type": "FOOTER", "code_expiration_minutes": 10},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "ONE_TAP", "supported_apps": [{"package_name": "a", "signature_hash": "b"}]}]}]}),
        ),
        (
            3,
            json!({"messaging_product": "whatsapp", "about": "x", "email": "a@b.example", "websites": ["https://x.example"], "vertical": "RETAIL"}),
        ),
        (
            4,
            json!({"messaging_product": "whatsapp", "block_users": [{"user": ANA}]}),
        ),
        (
            9,
            json!({"category": "UTILITY", "components": [{"type": "BODY", "text": "Hola"}]}),
        ),
        (1, message(ANA, cart())),
    ]);
    (good, any::<prop::sample::Index>(), any_json()).prop_map(|((path, mut body), at, rubbish)| {
        let places = places(&body, String::new());
        let place: &String = at.get(&places);
        *body.pointer_mut(place).unwrap() = rubbish;
        (path, body)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_gets_metas_shape(
        method in prop::sample::select(vec!["GET", "POST", "DELETE", "PUT", "PATCH"]),
        path in prop::sample::select(PATHS),
        query in queries(),
        kind in prop::sample::select(KINDS),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            any_json().prop_map(|body| body.to_string().into_bytes()),
            "[a-z_]{1,9}=[ -~]{0,40}(&[a-z]{1,4}=.{0,9}){0,3}".prop_map(String::into_bytes),
        ],
    ) {
        let (status, answer) = ask(Asked { method, path, query, kind, body });
        assert_answer(status, answer);
    }

    #[test]
    fn nearly_good_management_calls_get_metas_shape((path, body) in nearly_good()) {
        let (status, answer) = ask(Asked {
            method: "POST",
            path: PATHS[path],
            query: String::new(),
            kind: "application/json",
            body: body.to_string().into_bytes(),
        });
        assert_answer(status, answer);
    }

    #[test]
    fn any_multipart_gets_metas_shape(
        name in "[ -~]{0,20}",
        mime in prop::sample::select(vec!["image/jpeg", "text/html", "", "nonsense", "image/jpeg; a=b"]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        cut in 0_usize..400,
    ) {
        let mut body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {mime}\r\n\r\n"
        ).into_bytes();
        body.extend(bytes);
        body.extend(b"\r\n--b--\r\n");
        body.truncate(body.len().saturating_sub(cut));
        let (status, answer) = ask(Asked {
            method: "POST",
            path: PATHS[2],
            query: String::new(),
            kind: KINDS[2],
            body,
        });
        assert_answer(status, answer);
    }
}

#[test]
fn no_token_is_told_before_anything_else() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let rig = Rig::new().await;
        for path in PATHS.iter().take(10) {
            for method in ["GET", "POST", "DELETE"] {
                let (status, answer) = rig.call(method, path, None, Value::Null).await;
                let supported = code(&answer) != 2500;
                assert!(
                    !supported || (status, code(&answer)) == (401, 0),
                    "{method} {path} {answer}"
                );
            }
        }
    });
}

#[test]
fn uploads_and_bodies_beyond_every_limit_are_refused_without_being_kept() {
    for (path, kind, size) in [
        (PATHS[2], KINDS[2], 102 * 1024 * 1024),
        (PATHS[5], KINDS[0], 5 * 1024 * 1024),
    ] {
        let (status, answer) = ask(Asked {
            method: "POST",
            path,
            query: String::new(),
            kind,
            body: vec![b' '; size],
        });
        let answer = answer.unwrap();
        assert_eq!((status, code(&answer)), (400, 100));
        assert!(details(&answer).contains("too large"), "{answer}");
    }
    // Deep nesting in every wrapping that holds JSON.
    let deep = format!("{{\"components\":{}", "[".repeat(200_000));
    let form = format!("components={}", "%5B".repeat(50_000));
    for (kind, body) in [(KINDS[0], deep), (KINDS[1], form)] {
        let (status, answer) = ask(Asked {
            method: "POST",
            path: PATHS[5],
            query: String::new(),
            kind,
            body: body.into_bytes(),
        });
        assert_eq!((status, code(&answer.unwrap())), (400, 100));
    }
}
