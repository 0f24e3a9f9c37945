//! One plugin call through the sandbox against the same component, engine, pool and event on bare
//! wasmtime: a fresh store and instance each, interleaved, medians and their ratio. And the same call recorded: put down
//! as JSON and sealed as the store seals it (XChaCha20-Poly1305, a nonce by HMAC-SHA-256), without the row it becomes.
//!
//! "Bare" is what any embedder would write: WASI as wasmtime-wasi links it, host functions that
//! answer at once, fuel set; no limits besides, no counting, no overlay, no checks of the answer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a stopwatch that prints"
)]

mod bare;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use portero_domain::clock::Ts;
use portero_domain::plugin::{
    CallMeta, ContactView, ConversationView, PluginKind, ReplyEvent, ReplyEventKind, SendAction,
};
use portero_domain::update::InboundBody;
use portero_sandbox::{
    Allocator, CallLimits, HostError, HostServices, HttpRequest, HttpResponse, Preview, Sandbox,
    SandboxConfig, Tape, inspect,
};
use sha2::Sha256;

#[path = "../../../sdk/rust/build-guest.rs"]
mod build_guest;

/// Calls of each kind that are measured, after a tenth as many that are not.
const CALLS: usize = 5_000;

/// Grants everything, holds nothing: what the bare host functions answer too.
struct Empty;

#[async_trait]
impl HostServices for Empty {
    fn is_granted(&self, _: &str) -> bool {
        true
    }
    fn config_json(&self) -> String {
        "{}".to_owned()
    }
    async fn kv_get(&self, _: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(None)
    }
    async fn kv_list(&self, _: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, HostError> {
        Ok(Vec::new())
    }
    async fn gate_preview(&self, _: SendAction) -> Result<Preview, HostError> {
        Err(HostError::Unavailable)
    }
    async fn contact_field(&self, _: &str, _: &str) -> Result<Option<String>, HostError> {
        Ok(None)
    }
    async fn http_fetch(&self, _: HttpRequest) -> Result<HttpResponse, HostError> {
        Err(HostError::Unavailable)
    }
}

fn event() -> ReplyEvent {
    ReplyEvent {
        meta: CallMeta {
            event_id: "evt_01935a7e000070008000000000000001".to_owned(),
            now: Ts(1_795_000_000_123),
            timezone: "America/Argentina/Buenos_Aires".to_owned(),
            language: "es".to_owned(),
            ext: Vec::new(),
        },
        contact: ContactView {
            handle: "c3f1a9".repeat(8),
            name: Some("Ana Paula".to_owned()),
            attributes: (0..20)
                .map(|n| (format!("attribute_{n}"), format!("value {n}")))
                .collect(),
            tags: vec!["vip".to_owned(), "newsletter".to_owned()],
        },
        conversation: ConversationView {
            window_closes_at: Some(Ts(1_795_086_400_000)),
            topics_granted: vec!["pedidos".to_owned()],
            bot_messages_since_inbound: 1,
        },
        what: ReplyEventKind::Message {
            wamid: format!("wamid.{}", "x".repeat(60)),
            body: InboundBody::Text {
                text: "Hola, quería saber a qué hora abren mañana y si tienen envíos. ".repeat(16),
            },
            replies_to: None,
        },
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// As the store seals a recording, its place included.
fn sealed(plain: &[u8]) -> Vec<u8> {
    let (key, place) = ([5; 32], [0; 140]);
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key).unwrap();
    mac.update(&[7; 32]);
    mac.update(&place);
    mac.update(plain);
    let nonce: [u8; 24] = mac.finalize().into_bytes()[..24].try_into().unwrap();
    let payload = Payload {
        msg: plain,
        aad: &place,
    };
    XChaCha20Poly1305::new(&key.into())
        .encrypt(&XNonce::from(nonce), payload)
        .unwrap()
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let wasm = build_guest::build_guest("tienda-bot", &root, out).unwrap();
    let bytes = std::fs::read(wasm).unwrap();
    let digest = inspect(&bytes).unwrap().digest;

    let sandbox = Sandbox::new(SandboxConfig {
        cache_dir: None,
        cache_key: [0; 32],
        allocator: Allocator::Auto,
        max_concurrent: 16,
    })
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let bare = bare::Bare::new(sandbox.engine(), &bytes);
        let plugin = sandbox.load(bytes, &digest).await.unwrap();
        let limits = CallLimits::for_kind(PluginKind::Replies);
        let services: Arc<dyn HostServices> = Arc::new(Empty);
        let mut ours = Vec::with_capacity(CALLS);
        let mut theirs = Vec::with_capacity(CALLS);
        let mut recorded = Vec::with_capacity(CALLS);
        let (mut fuel, mut bytes) = (0, 0);
        for round in 0..CALLS + CALLS / 10 {
            let argument = event();
            let started = Instant::now();
            let report = sandbox
                .call_replies(&plugin, &limits, Arc::clone(&services), argument, [7; 32])
                .await;
            let our_time = started.elapsed();
            assert!(report.outcome.is_ok(), "{report:?}");
            fuel = report.fuel_used;

            let argument = event();
            let started = Instant::now();
            let tape = Tape::begin(Arc::clone(&services), &argument, [7; 32]);
            let again = sandbox
                .call_replies(&plugin, &limits, tape.services(), argument, [7; 32])
                .await;
            let kept = sealed(&tape.end(sandbox.build(), &again).unwrap());
            let recorded_time = started.elapsed();
            assert_eq!(again.fuel_used, fuel);
            bytes = kept.len();

            let argument = bare::event(event());
            let started = Instant::now();
            let actions = bare.call(&argument, limits.fuel).await;
            let their_time = started.elapsed();
            assert_eq!(actions, report.value.unwrap().len());
            if round >= CALLS / 10 {
                ours.push(our_time);
                theirs.push(their_time);
                recorded.push(recorded_time);
            }
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        println!(
            "plugin call, fresh instance, {CALLS} of each, interleaved, allocator {}, {fuel} fuel",
            sandbox.allocator_in_use().as_str()
        );
        println!("  sandbox        median {:>8.1} us", micros(ours));
        println!("  bare wasmtime  median {:>8.1} us", micros(theirs));
        println!("  ratio          {ratio:.2} (budget 1.30)");
        let recorded = median(&mut recorded);
        let ratio = recorded.as_secs_f64() / ours.as_secs_f64();
        println!(
            "  recorded       median {:>8.1} us, {bytes} bytes sealed",
            micros(recorded)
        );
        println!("  ratio          {ratio:.2} of the call without (budget 1.10)");
    });
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000_000.0
}
