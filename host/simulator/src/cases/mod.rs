//! The numbered cases of `whatsapp-platform` §11.3, and the rig they run on: the whole simulator
//! behind its router, a clock that stands still, a receiver that collects webhooks.

mod alone;
mod business;
mod contents;
mod control;
mod delivery;
mod entry;
mod habits;
mod identity;
mod limits;
mod links;
mod listed;
mod managed;
mod marketing;
mod media;
mod money;
mod reach;
mod requests;
mod rubbish;
mod rubbish_anywhere;
mod standing;
mod template_kinds;
mod templates;
mod traffic;
mod webhooks;
mod window;
mod worlds;

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use portero_domain::clock::{JumpClock, ManualClock, Millis, Ts};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::config::WorldConfig;
use crate::simulator::Simulator;

pub(super) const PN1: &str = "401000000000002";
pub(super) const PN2: &str = "401000000000003";
pub(super) const WABA: &str = "301000000000001";
pub(super) const ANA: &str = "5215512340001";
pub(super) const ANA_ID: &str = "MX.90011223344556677889";
/// 2026-11-18T12:26:40Z.
pub(super) const START: i64 = 1_795_004_800_000;
pub(super) const HOUR: i64 = 3_600_000;

/// What a webhook receiver saw.
#[derive(Default)]
pub(super) struct Inbox {
    got: Mutex<Vec<(String, Bytes)>>,
    status: AtomicU16,
}

pub(super) struct Rig {
    pub(super) clock: ManualClock,
    pub(super) jump: JumpClock,
    pub(super) sim: Arc<Simulator>,
    pub(super) router: Router,
    pub(super) inbox: Arc<Inbox>,
}

pub(super) fn config() -> WorldConfig {
    serde_json::from_value(json!({
        "seed": 11,
        "access_tokens": [
            "token",
            {"token": "expired", "expired": true},
            {"token": "reader", "messaging": false},
            {"token": "other", "wabas": ["302"]},
        ],
        "app_secret": "app-secret",
        "verify_token": "verify-me",
        "wabas": [{
            "id": WABA, "portfolio": "501", "name": "Tienda",
            "numbers": [
                {"phone_number_id": PN1, "display": "+52 55 5000 1111"},
                {"phone_number_id": PN2, "display": "525550002222"},
                {"phone_number_id": "409", "display": "525550009999", "registered": false},
            ],
            "templates": templates(),
        }, {
            "id": "302", "portfolio": "502",
            "numbers": [{"phone_number_id": "402", "display": "573005550000"}],
        }],
        "people": [
            {"name": "Lucía P", "wa_id": ANA, "user_id": ANA_ID},
            {"name": "Beto", "wa_id": "573001112233", "receipts": false},
            {"name": "Caro", "wa_id": "5511987654321", "chat_open": true},
            {"name": "Dani", "wa_id": "5491123456789", "online": false},
            {"name": "Eva", "wa_id": "56912345678", "username": "@eva.r"},
            {"name": "Fer", "wa_id": "51912345678", "holdout": true},
        ],
    }))
    .unwrap()
}

fn templates() -> Value {
    let body = |text: &str| json!([{"type": "BODY", "text": text}]);
    json!([
        {"name": "aviso_envio", "language": "es_MX", "category": "UTILITY", "id": "880000000000002",
         "components": body("Hola {{1}}, tu pedido {{2}} va en camino.")},
        {"name": "carrito_v2", "language": "es_MX", "category": "MARKETING", "id": "880000000000001",
         "parameter_format": "NAMED", "components": [
            {"type": "BODY", "text": "Hola {{nombre}}, tu carrito con {{articulo}} sigue guardado."},
            {"type": "FOOTER", "text": "Responde BAJA para no recibir promociones"},
            {"type": "BUTTONS", "buttons": [
                {"type": "URL", "text": "Ver carrito", "url": "https://tienda.example/c/{{1}}"},
                {"type": "QUICK_REPLY", "text": "No recibir"}]}]},
        {"name": "promo_simple", "language": "es", "category": "MARKETING", "components": body("Oferta de hoy")},
        {"name": "pendiente", "language": "es", "category": "UTILITY", "status": "PENDING", "components": body("Hola")},
        {"name": "pausada", "language": "es", "category": "UTILITY", "status": "PAUSED", "components": body("Hola")},
        {"name": "apagada", "language": "es", "category": "UTILITY", "status": "DISABLED", "components": body("Hola")},
        {"name": "codigo", "language": "es", "category": "AUTHENTICATION", "components": [
            {"type": "BODY", "text": "{{1}} es tu código."},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copiar"}]}]},
        {"name": "foto", "language": "es", "category": "UTILITY", "components": [
            {"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Recibo"}]},
        {"name": "titulo", "language": "es", "category": "UTILITY", "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"}, {"type": "BODY", "text": "Listo"}]},
    ])
}

impl Rig {
    pub(super) async fn new() -> Rig {
        Rig::with(config()).await
    }

    pub(super) async fn with(mut config: WorldConfig) -> Rig {
        let inbox = Arc::new(Inbox {
            got: Mutex::default(),
            status: AtomicU16::new(200),
        });
        config.callback_url = Some(receive(Arc::clone(&inbox)).await);
        let clock = ManualClock::at(Ts(START));
        let jump = JumpClock::new(Arc::new(clock.clone()), Millis(0));
        let sim = Simulator::new(
            config,
            Arc::new(jump.clone()),
            Some(jump.clone()),
            http_client(),
        )
        .unwrap();
        let router = sim.router();
        Rig {
            clock,
            jump,
            sim,
            router,
            inbox,
        }
    }

    pub(super) async fn raw(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Bytes) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, bytes)
    }

    async fn json(&self, request: Request<Body>) -> (u16, Value) {
        let (status, _, bytes) = self.raw(request).await;
        (status.as_u16(), serde_json::from_slice(&bytes).unwrap())
    }

    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Value,
    ) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.json(request.body(body).unwrap()).await
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, Some("token"), Value::Null).await
    }

    /// Posts to `/messages` of the first number.
    pub(super) async fn post(&self, body: Value) -> (u16, Value) {
        self.post_from(PN1, body).await
    }

    pub(super) async fn post_from(&self, number: &str, body: Value) -> (u16, Value) {
        let path = format!("/v25.0/{number}/messages");
        self.call("POST", &path, Some("token"), body).await
    }

    /// Sends a content to Ana and gives the wamid.
    pub(super) async fn send(&self, to: &str, content: Value) -> String {
        let (status, answer) = self.post(message(to, content)).await;
        assert_eq!(status, 200, "{answer}");
        wamid(&answer)
    }

    /// The control API; the answer must be a success.
    pub(super) async fn sim(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.sim_raw(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(super) async fn sim_raw(&self, path: &str, body: Value) -> (u16, Value) {
        let method = if body.is_null() { "GET" } else { "POST" };
        self.call(method, &format!("/_sim{path}"), None, body).await
    }

    /// A person writes to the first number.
    pub(super) async fn say(&self, who: &str, text: &str) -> String {
        let body = json!({"number": PN1, "type": "text", "text": text});
        let answer = self.sim(&format!("/people/{who}/say"), body).await;
        answer["wamid"].as_str().unwrap().to_owned()
    }

    /// Moves time and delivers what became due.
    pub(super) async fn pass(&self, ms: i64) {
        self.clock.advance(Millis(ms));
        self.sim.settle().await;
    }

    /// The statuses of a message as its business was told, `failed` with its code.
    pub(super) async fn statuses(&self, wamid: &str) -> Vec<String> {
        self.sim.settle().await;
        self.told()
            .iter()
            .flat_map(|value| value["statuses"].as_array().cloned().unwrap_or_default())
            .filter(|status| status["id"] == wamid)
            .map(|status| match status["errors"][0]["code"].as_i64() {
                Some(code) => format!("failed {code}"),
                None => status["status"].as_str().unwrap().to_owned(),
            })
            .collect()
    }

    /// Sends, lets a minute pass, and gives the statuses.
    pub(super) async fn fate(&self, to: &str, content: Value) -> Vec<String> {
        let wamid = self.send(to, content).await;
        self.pass(60_000).await;
        self.statuses(&wamid).await
    }

    /// Every webhook as it arrived: signature and bytes.
    pub(super) fn posts(&self) -> Vec<(String, Bytes)> {
        self.inbox.got.lock().unwrap().clone()
    }

    /// Every `changes[].value` in order of arrival.
    pub(super) fn told(&self) -> Vec<Value> {
        self.posts()
            .iter()
            .map(|(_, bytes)| serde_json::from_slice::<Value>(bytes).unwrap())
            .flat_map(|body| body["entry"].as_array().cloned().unwrap())
            .flat_map(|entry| entry["changes"].as_array().cloned().unwrap())
            .map(|change| change["value"].clone())
            .collect()
    }

    /// Values of one field.
    pub(super) fn told_on(&self, field: &str) -> Vec<Value> {
        self.posts()
            .iter()
            .map(|(_, bytes)| serde_json::from_slice::<Value>(bytes).unwrap())
            .flat_map(|body| body["entry"].as_array().cloned().unwrap())
            .flat_map(|entry| entry["changes"].as_array().cloned().unwrap())
            .filter(|change| change["field"] == field)
            .map(|change| change["value"].clone())
            .collect()
    }

    pub(super) fn receiver_answers(&self, status: u16) {
        self.inbox.status.store(status, Ordering::SeqCst);
    }
}

/// The body of a send.
pub(super) fn message(to: &str, content: Value) -> Value {
    let mut body = json!({"messaging_product": "whatsapp", "to": to});
    body.as_object_mut()
        .unwrap()
        .extend(content.as_object().unwrap().clone());
    body
}

pub(super) fn text(body: &str) -> Value {
    json!({"type": "text", "text": {"body": body}})
}

pub(super) fn template(name: &str, language: &str, components: Value) -> Value {
    json!({"type": "template", "template":
        {"name": name, "language": {"code": language}, "components": components}})
}

pub(super) fn body_params(values: &[&str]) -> Value {
    let list: Vec<Value> = values
        .iter()
        .map(|value| json!({"type": "text", "text": value}))
        .collect();
    json!([{"type": "body", "parameters": list}])
}

/// The cart template with all its parameters.
pub(super) fn cart() -> Value {
    template(
        "carrito_v2",
        "es_MX",
        json!([
            {"type": "body", "parameters": [
                {"type": "text", "parameter_name": "articulo", "text": "tenis"},
                {"type": "text", "parameter_name": "nombre", "text": "Lucía"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "abc"}]},
            {"type": "button", "sub_type": "quick_reply", "index": 1, "parameters": [{"type": "payload", "payload": "OPTOUT_MKT"}]}
        ]),
    )
}

pub(super) fn utility() -> Value {
    template("aviso_envio", "es_MX", body_params(&["Lucía", "A-1"]))
}

pub(super) fn wamid(answer: &Value) -> String {
    let id = answer["messages"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("wamid."));
    id.to_owned()
}

/// Asserts Meta's error shape and gives the code.
pub(super) fn code(answer: &Value) -> i64 {
    let error = &answer["error"];
    assert_eq!(error["type"], "OAuthException", "{answer}");
    assert!(
        error["message"].as_str().unwrap().starts_with("(#"),
        "{answer}"
    );
    assert!(!error["fbtrace_id"].as_str().unwrap().is_empty());
    error["code"].as_i64().unwrap()
}

pub(super) fn details(answer: &Value) -> &str {
    answer["error"]["error_data"]["details"].as_str().unwrap()
}

pub(super) fn http_client() -> reqwest::Client {
    // The first test to come installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A receiver on a free port; echoes the challenge for the right token.
pub(super) async fn receive(inbox: Arc<Inbox>) -> String {
    async fn collect(
        State(inbox): State<Arc<Inbox>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let signature = headers["x-hub-signature-256"].to_str().unwrap().to_owned();
        inbox.got.lock().unwrap().push((signature, body));
        StatusCode::from_u16(inbox.status.load(Ordering::SeqCst)).unwrap()
    }
    async fn challenge(
        Query(query): Query<std::collections::HashMap<String, String>>,
    ) -> (StatusCode, String) {
        if query["hub.mode"] == "subscribe" && query["hub.verify_token"] == "verify-me" {
            (StatusCode::OK, query["hub.challenge"].clone())
        } else {
            (StatusCode::FORBIDDEN, String::new())
        }
    }
    let app = Router::new()
        .route("/hook", get(challenge).post(collect))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(inbox);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}/hook")
}

#[expect(
    clippy::disallowed_methods,
    reason = "servers beside the test; they end with its runtime"
)]
pub(super) fn spawn(
    task: impl Future<Output = ()> + std::marker::Send + 'static,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(task)
}
