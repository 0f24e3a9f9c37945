//! One sandbox for all cases, the guests in it, and the checks every case ends with.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use portero_domain::clock::Ts;
use portero_domain::content::Content;
use portero_domain::plugin::{
    Action, CallMeta, ContactView, ConversationView, ReplyEvent, ReplyEventKind,
};
use portero_domain::update::InboundBody;
use portero_sandbox::{Allocator, CallLimits, CallReport, Loaded, Sandbox, SandboxConfig, inspect};
use tokio::runtime::Runtime;

use crate::host::TestHost;

pub(crate) type Replies = CallReport<Vec<Action>>;

pub(crate) const NOW: Ts = Ts(1_795_000_000_123);
pub(crate) const SEED: [u8; 32] = [42; 32];
/// How much more memory the process may hold after a case than before the first.
const MEMORY_BACK: usize = 64 * 1024 * 1024;

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| sandbox(Allocator::Auto, 4));

pub(crate) static HOSTILE: LazyLock<Arc<Loaded>> =
    LazyLock::new(|| RUNTIME.block_on(load(&SANDBOX, env!("PORTERO_GUEST_HOSTILE"))));

pub(crate) fn sandbox(allocator: Allocator, max_concurrent: u32) -> Sandbox {
    Sandbox::new(SandboxConfig {
        cache_dir: None,
        cache_key: [1; 32],
        allocator,
        max_concurrent,
    })
    .unwrap()
}

pub(crate) async fn load(sandbox: &Sandbox, path: &str) -> Arc<Loaded> {
    let bytes = std::fs::read(path).unwrap();
    let digest = inspect(&bytes).unwrap().digest;
    sandbox.load(bytes, &digest).await.unwrap()
}

pub(crate) fn meta() -> CallMeta {
    CallMeta {
        event_id: "evt_test".to_owned(),
        now: NOW,
        timezone: "America/Argentina/Buenos_Aires".to_owned(),
        language: "es".to_owned(),
        ext: Vec::new(),
    }
}

pub(crate) fn event(text: &str) -> ReplyEvent {
    ReplyEvent {
        meta: meta(),
        contact: ContactView {
            handle: "h-ana".to_owned(),
            ..ContactView::default()
        },
        conversation: ConversationView::default(),
        what: ReplyEventKind::Message {
            wamid: "wamid.test".to_owned(),
            body: InboundBody::Text {
                text: text.to_owned(),
            },
            replies_to: None,
        },
    }
}

pub(crate) fn limits() -> CallLimits {
    CallLimits::for_kind(portero_domain::plugin::PluginKind::Replies)
}

/// The text of the only message proposed.
pub(crate) fn text_of(report: &Replies) -> &str {
    match report.value.as_deref() {
        Some([Action::Send(send)]) => match &send.content {
            Content::Text(text) => &text.body,
            _ => panic!("no text: {report:?}"),
        },
        _ => panic!("not one message: {report:?}"),
    }
}

/// Calls `plugin` with `text`, with `limits`, and checks what must hold after any call.
pub(crate) fn call_checked(
    plugin: &Loaded,
    text: &str,
    limits: &CallLimits,
    bound: Duration,
) -> Replies {
    let before = resident();
    let baseline = *BASELINE;
    let started = Instant::now();
    let report = RUNTIME.block_on(SANDBOX.call_replies(
        plugin,
        limits,
        Arc::new(TestHost::default()),
        event(text),
        SEED,
    ));
    let took = started.elapsed();
    assert!(
        took <= bound,
        "took {took:?}, at most {bound:?}: {report:?}"
    );
    if !report.outcome.is_ok() {
        assert!(report.value.is_none(), "{report:?}");
        assert!(report.kv_writes.is_empty(), "{report:?}");
    }
    assert!(report.peak_memory_bytes <= 64 << 20, "{report:?}");
    assert_served();
    let after = resident();
    assert!(
        after <= baseline + MEMORY_BACK,
        "{after} bytes resident, {before} before this call, {baseline} before the first"
    );
    report
}

/// Nothing is kept of a file that was refused; `held` are the bytes the test itself holds.
pub(crate) fn assert_memory_back(baseline: usize, held: usize) {
    let after = resident();
    assert!(
        after <= baseline + MEMORY_BACK + held,
        "{after} bytes resident, {baseline} before the first, {held} of them the file"
    );
}

/// An honest plugin gets its answer.
pub(crate) fn assert_served() {
    let report = healthy();
    assert!(report.outcome.is_ok(), "{report:?}");
    assert_eq!(text_of(&report), "hola");
}

fn healthy() -> Replies {
    RUNTIME.block_on(SANDBOX.call_replies(
        &HOSTILE,
        &limits(),
        Arc::new(TestHost::default()),
        event("healthy"),
        SEED,
    ))
}

/// Resident memory before the first case, with everything warm.
pub(crate) static BASELINE: LazyLock<usize> = LazyLock::new(|| {
    static ONCE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = ONCE.lock().unwrap();
    for _ in 0..8 {
        assert!(healthy().outcome.is_ok());
    }
    resident()
});

/// Bytes of this process in memory; 0 where the system does not say, so that nothing is compared.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"));
    match kib {
        Some(kib) => kib.trim().parse::<usize>().unwrap() * 1024,
        None => {
            // Only Linux tells; elsewhere memory is not judged.
            0
        }
    }
}
