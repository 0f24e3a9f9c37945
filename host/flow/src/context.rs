//! What every step may use, built once by the binary.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use portero_domain::clock::{Clock, Millis, Ts};
use portero_domain::ids::{CampaignId, ContactId, EventId, IdSource, InstallationId, TenantId};
use portero_domain::plugin::Action;
use portero_domain::proposal::OutboxState;
use portero_domain::retention::Terms;
use portero_gate::facts::TenantMode;
use portero_meta::client::CloudApi;
use portero_meta::transport::Transport;
use portero_net::fetch::Fetcher;
use portero_net::webhook::WebhookSender;
use portero_sandbox::{Admission, Breaker, CallReport, Loaded, Sandbox};
use portero_store::Store;
use portero_store::model::{DayState, InstallationRow, SegmentRow, TenantRow};
use tokio::sync::{Mutex, Notify, RwLock, Semaphore};
use tokio_util::task::TaskTracker;

use crate::desk::campaigns::Standings;
use crate::desk::counted::Counted;
use crate::desk::policy::Progress;
use crate::desk::segments::Passes;
use crate::desk::verdict_days::Known;
use crate::dispatch::Settling;
use crate::error::FlowError;
use crate::receive::{Apps, Receiving};
use crate::retention::{Agenda, LetGo};

/// Events in hand at the same time.
const EVENTS: usize = 64;
/// Messages on the wire at the same time: a number that may send 1,000 a second needs as many while Meta takes
/// a quarter of a second to answer. What is in doubt after a crash is no more.
const MESSAGES: usize = 256;

/// Points of the dispatch cycle at which a process may die; tests kill it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The webhook is verified and not yet stored.
    BeforeReceiveCommit,
    /// The webhook is stored and not yet answered.
    AfterReceiveCommit,
    /// The event is claimed, the plugin has not run.
    AfterEventClaim,
    /// Verdicts, outbox and attempt are written and not committed.
    BeforeAttemptCommit,
    /// The attempt is committed, nothing was sent.
    AfterAttemptCommit,
    /// Meta answered, nothing is recorded.
    AfterAnswer,
    /// The answer is recorded.
    AfterSettleCommit,
}

impl Point {
    /// All of them, in order of travel.
    pub const ALL: [Point; 7] = [
        Point::BeforeReceiveCommit,
        Point::AfterReceiveCommit,
        Point::AfterEventClaim,
        Point::BeforeAttemptCommit,
        Point::AfterAttemptCommit,
        Point::AfterAnswer,
        Point::AfterSettleCommit,
    ];

    /// Name for command lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Point::BeforeReceiveCommit => "before-receive-commit",
            Point::AfterReceiveCommit => "after-receive-commit",
            Point::AfterEventClaim => "after-event-claim",
            Point::BeforeAttemptCommit => "before-attempt-commit",
            Point::AfterAttemptCommit => "after-attempt-commit",
            Point::AfterAnswer => "after-answer",
            Point::AfterSettleCommit => "after-settle-commit",
        }
    }
}

/// Told whenever a [`Point`] is passed.
pub trait Probe: Send + Sync {
    /// May end the process.
    fn at(&self, point: Point);

    /// A replies plugin answered or failed; nothing of it is committed yet, and the same event may
    /// be asked about again.
    fn answered(&self, _: &Answered<'_>) {}
}

/// One call of a replies plugin, as it came back.
pub struct Answered<'a> {
    /// What it was asked about.
    pub event: EventId,
    /// Whom that is about.
    pub contact: ContactId,
    /// Which plugin, as installed.
    pub installation: InstallationId,
    /// What came of it.
    pub report: &'a CallReport<Vec<Action>>,
}

/// The probe of every day: nothing happens.
pub struct NoProbe;

impl Probe for NoProbe {
    fn at(&self, _: Point) {}
}

/// What every step may use.
pub struct Context {
    /// The database.
    pub store: Store,
    /// Runs guests.
    pub sandbox: Sandbox,
    /// The single door out.
    pub transport: Arc<dyn Transport>,
    /// Reads templates and numbers from Meta.
    pub cloud: CloudApi,
    /// Tells tenants' own systems.
    pub webhooks: WebhookSender,
    /// Asks for plugins.
    pub fetcher: Fetcher,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn IdSource>,
    /// This process, in leases.
    pub host: String,
    /// Length of a lease: at least three times the HTTP timeout.
    pub lease: Millis,
    /// How long the log of who did what is kept.
    pub audit_keep: Millis,
    /// When its old rows were last looked for, by business time.
    pub(crate) audit_swept_at: AtomicI64,
    /// How long each kind of data is kept where a tenant set nothing.
    pub terms: Terms,
    /// What is past its term and waits to be let go of.
    pub(crate) agenda: Mutex<Agenda>,
    /// Told at the points where a process may die.
    pub probe: Arc<dyn Probe>,
    /// Counters of this process, for `/metrics`.
    pub counters: Arc<Counters>,
    /// Rows let go of at the end of their term, by kind, of this process.
    pub let_go: LetGo,
    /// Workers hold it shared while they work; a clock jump takes it alone.
    pub pause: Arc<RwLock<()>>,
    /// Events worked on at the same time.
    pub inbox_slots: Arc<Semaphore>,
    /// Messages on the wire at the same time, beside those that went with their event.
    pub outbox_slots: Arc<Semaphore>,
    /// Work in hand; a graceful stop waits for it.
    pub tasks: TaskTracker,
    /// Batches of changed people in this process's hands.
    pub segmenting: AtomicU64,
    /// Something came in.
    pub wake_inbox: Notify,
    /// Meta said something of messages.
    pub wake_statuses: Notify,
    /// Something may leave.
    pub wake_outbox: Notify,
    /// A campaign may go on.
    pub wake_campaigns: Notify,
    /// When the next lane opens that a claim of this process put off, by business time.
    pub(crate) lane_due: AtomicI64,
    /// When the database was last asked about its tables, by the machine's time.
    pub(crate) statistics_at: AtomicI64,
    /// When endpoints from which nobody fetches were last looked for, by the machine's time.
    pub(crate) unfetched_at: AtomicI64,
    /// Something happened that a page may want to show.
    pub changed: tokio::sync::watch::Sender<u64>,
    /// Breakers of this process.
    pub breakers: Breakers,
    /// Answers of Meta that wait to be written down.
    pub(crate) settling: Settling,
    /// What decided on days that are over.
    pub(crate) days: Known,
    /// How many people of a campaign stand where; what decides in it is in the key.
    pub(crate) campaign_counts: Counted<(CampaignId, &'static str), Standings>,
    /// Messages of a tenant's day by where they stand.
    pub(crate) day_counts: Counted<(TenantId, Ts), Vec<DayState>>,
    /// People in the segments of a tenant, by the passes that were begun and ended.
    pub(crate) segment_counts: Counted<Passes, Vec<SegmentRow>>,
    /// Proposals of all tenants by state.
    pub(crate) state_counts: Counted<(), Vec<(OutboxState, u64)>>,
    /// Secrets of apps, remembered for a moment.
    pub(crate) apps: Apps,
    /// Statuses that came in and wait to be kept.
    pub(crate) receiving: Receiving,
    /// Tenants whose recorded verdicts are being judged under another policy, and how far that is.
    pub(crate) whatifs: std::sync::Mutex<HashMap<TenantId, Progress>>,
    plugins: Mutex<HashMap<String, Arc<Loaded>>>,
}

/// Parts of a [`Context`] that the binary chooses.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Runs guests.
    pub sandbox: Sandbox,
    /// The single door out.
    pub transport: Arc<dyn Transport>,
    /// Reads templates and numbers from Meta.
    pub cloud: CloudApi,
    /// Tells tenants' own systems.
    pub webhooks: WebhookSender,
    /// Asks for plugins.
    pub fetcher: Fetcher,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn IdSource>,
    /// This process, in leases.
    pub host: String,
    /// Length of a lease.
    pub lease: Millis,
    /// How long the log of who did what is kept.
    pub audit_keep: Millis,
    /// How long each kind of data is kept where a tenant set nothing.
    pub terms: Terms,
    /// Told at the points where a process may die.
    pub probe: Arc<dyn Probe>,
}

impl Context {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Context {
        Context {
            store: parts.store,
            sandbox: parts.sandbox,
            transport: parts.transport,
            cloud: parts.cloud,
            webhooks: parts.webhooks,
            fetcher: parts.fetcher,
            clock: parts.clock,
            ids: parts.ids,
            host: parts.host,
            lease: parts.lease,
            probe: parts.probe,
            counters: Arc::default(),
            pause: Arc::default(),
            inbox_slots: Arc::new(Semaphore::new(EVENTS)),
            outbox_slots: Arc::new(Semaphore::new(MESSAGES)),
            tasks: TaskTracker::new(),
            segmenting: AtomicU64::new(0),
            wake_inbox: Notify::new(),
            wake_statuses: Notify::new(),
            wake_outbox: Notify::new(),
            wake_campaigns: Notify::new(),
            lane_due: AtomicI64::new(i64::MAX),
            audit_keep: parts.audit_keep,
            terms: parts.terms,
            agenda: Mutex::default(),
            let_go: LetGo::default(),
            audit_swept_at: AtomicI64::new(0),
            statistics_at: AtomicI64::new(0),
            unfetched_at: AtomicI64::new(0),
            apps: Apps::default(),
            changed: tokio::sync::watch::Sender::new(0),
            breakers: Breakers::default(),
            settling: Settling::default(),
            days: Known::default(),
            campaign_counts: Counted::default(),
            day_counts: Counted::default(),
            segment_counts: Counted::default(),
            state_counts: Counted::default(),
            receiving: Receiving::default(),
            whatifs: std::sync::Mutex::default(),
            plugins: Mutex::new(HashMap::new()),
        }
    }

    /// Whether Meta may be asked about the tenant's accounts: in simulator mode only where that stays
    /// on this machine, as with sending.
    ///
    /// # Errors
    /// [`FlowError::WrongState`] with what to do.
    pub(crate) fn may_ask_meta(&self, tenant: &TenantRow) -> Result<(), FlowError> {
        if tenant.mode != TenantMode::Simulator || self.transport.stays_here() {
            return Ok(());
        }
        Err(FlowError::WrongState {
            what: format!("tenant `{}`", tenant.slug),
            state: "in simulator mode".to_owned(),
            why: "it is asked about on this machine only; start `portero simulator` and set graph_url to its address"
                .to_owned(),
        })
    }

    /// Business time.
    #[must_use]
    pub fn now(&self) -> Ts {
        self.clock.now()
    }

    /// When a lease taken now ends.
    #[must_use]
    pub fn lease_until(&self) -> Ts {
        self.clock.lease_now() + self.lease
    }

    /// Tells pages that something changed.
    pub fn touched(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// The compiled plugin of a digest: from memory, else from the verified cache or compiled.
    ///
    /// # Errors
    /// [`FlowError::NotFound`] when no such component is stored, [`FlowError::PluginRefused`] when
    /// it does not load any more.
    pub async fn plugin(&self, digest: &str) -> Result<Arc<Loaded>, FlowError> {
        let mut plugins = self.plugins.lock().await;
        if let Some(loaded) = plugins.get(digest) {
            return Ok(Arc::clone(loaded));
        }
        let mut tx = self.store.read().await?;
        let row = tx
            .system()
            .plugin(digest)
            .await?
            .ok_or_else(|| FlowError::not_found("plugin", digest))?;
        drop(tx);
        let loaded = self
            .sandbox
            .load(row.component, digest)
            .await
            .map_err(|refusal| FlowError::PluginRefused {
                why: refusal.to_string(),
            })?;
        plugins.insert(digest.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters of this process. What must survive a restart is counted in the database.
        #[derive(Default)]
        pub struct Counters { $($(#[$doc])* pub $name: Count),* }
        impl Counters {
            /// Names and values, in declaration order.
            #[must_use]
            pub fn all(&self) -> Vec<(&'static str, u64)> { vec![$((stringify!($name), self.$name.get())),*] }
        }
    };
}

counters! {
    /// Webhook deliveries answered 200.
    webhooks_accepted,
    /// Webhook deliveries refused for their signature.
    webhooks_bad_signature,
    /// Webhook bodies that were no JSON Meta would send; kept raw.
    webhooks_broken,
    /// Updates that were new.
    events_new,
    /// Updates delivered before.
    events_duplicate,
    /// Updates for numbers nobody here owns; kept raw.
    events_unrouted,
    /// Updates we do not act on; kept raw.
    events_unhandled,
    /// Opt-outs stored while receiving.
    opt_outs,
    /// People nobody answered within their tenant's time.
    unanswered_alerts,
    /// Plugin calls that returned actions.
    plugin_calls_ok,
    /// Plugin calls that did not.
    plugin_calls_failed,
    /// Actions of plugins that broke a bound or lacked a permission.
    plugin_actions_refused,
    /// Requests of plugins that were answered, whatever the answer.
    plugin_requests_answered,
    /// Requests of plugins to where they may not.
    plugin_requests_denied,
    /// Requests of plugins that were wrong, or got no answer.
    plugin_requests_failed,
    /// Judgements that let through.
    verdicts_allow,
    /// Judgements that put off.
    verdicts_defer,
    /// Judgements that ask a person.
    verdicts_hold,
    /// Judgements that refuse.
    verdicts_deny,
    /// Messages Meta accepted.
    sends_accepted,
    /// Messages Meta refused.
    sends_refused,
    /// Messages whose answer was lost.
    sends_unknown,
    /// Attempts that surely did not reach Meta.
    sends_not_sent,
    /// People shown to segmentation plugins, with repeats.
    segment_contacts,
    /// People a segmentation plugin stumbled over.
    segment_faults,
    /// Notices that arrived at a tenant's own system.
    webhooks_out_delivered,
    /// Tries that did not, and come again.
    webhooks_out_failed,
    /// Notices given up.
    webhooks_out_given_up,
    /// Steps that ended in an error and will be tried again.
    step_errors,
}

/// One counter.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds one.
    pub fn one(&self) {
        self.add(1);
    }
    /// Adds.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
    /// Reads.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One breaker per installation and digest, in this process; the database shows where each stands.
#[derive(Default)]
pub struct Breakers(std::sync::Mutex<HashMap<(InstallationId, String), Breaker>>);

impl Breakers {
    /// Leave to ask an installed plugin at `now` (lease time). Take it when the call is about to be
    /// made, and hold it until [`Breakers::record`]: dropped before, a probe is free for others.
    ///
    /// # Errors
    /// [`Paused`]: it is not asked now.
    pub fn admit(&self, row: &InstallationRow, now: Ts) -> Result<Leave<'_>, Paused> {
        let probe = match self.with(row.id, &row.digest, |breaker| breaker.admit(now)) {
            Admission::Go => None,
            Admission::Probe => Some(now),
            Admission::Refused { .. } => return Err(Paused),
        };
        Ok(Leave {
            breakers: self,
            installation: row.id,
            digest: row.digest.clone(),
            probe,
        })
    }

    /// Whether a plugin is not asked at `now` (lease time).
    pub fn is_open(&self, installation: InstallationId, digest: &str, now: Ts) -> bool {
        self.with(installation, digest, |breaker| breaker.is_open(now))
    }

    /// Notes how a call ended; returns until when the breaker is open now.
    pub fn record(&self, row: &InstallationRow, now: Ts, failed: bool) -> Option<Ts> {
        self.with(row.id, &row.digest, |breaker| {
            breaker.record(now, failed);
            breaker.open_until(now)
        })
    }

    fn with<T>(
        &self,
        installation: InstallationId,
        digest: &str,
        what: impl FnOnce(&mut Breaker) -> T,
    ) -> T {
        let mut all = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        what(all.entry((installation, digest.to_owned())).or_default())
    }
}

/// A plugin is not asked: its breaker is open, or a probe is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused;

/// Leave to ask a plugin once; see [`Breakers::admit`].
#[must_use = "dropped before the call is recorded, it gives its probe back"]
pub struct Leave<'b> {
    breakers: &'b Breakers,
    installation: InstallationId,
    digest: String,
    probe: Option<Ts>,
}

impl Leave<'_> {
    /// Notes how the call ended; returns until when the breaker is open now.
    pub fn record(&self, now: Ts, failed: bool) -> Option<Ts> {
        self.breakers
            .with(self.installation, &self.digest, |breaker| {
                breaker.record(now, failed);
                breaker.open_until(now)
            })
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if let Some(since) = self.probe {
            // Of a probe that was recorded nothing is left to give back.
            self.breakers
                .with(self.installation, &self.digest, |b| b.give_back(since));
        }
    }
}
