//! Step 3: the plugin that owns the conversation is asked; what it proposes goes to the judge.
//!
//! No transaction is open while a guest runs. What it returned, the verdicts on it, its kv writes
//! and "this event is done" are one commit. A plugin that fails hands the conversation to a person.

use std::sync::Arc;

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentScope, ConsentStanding};
use portero_domain::ids::{ContactId, InstallationId, PhoneNumberId, TenantId};
use portero_domain::language::Language;
use portero_domain::plugin::{
    Action, CallMeta, ContactView, ConversationView, PluginKind, ReplyEvent, ReplyEventKind,
};
use portero_domain::update::InboundMessage;
use portero_sandbox::{Admission, CallLimits, CallReport, Loaded};
use portero_store::Tx;
use portero_store::model::{ClaimedEvent, ConversationRow, EventState, InstallationRow, TenantRow};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::commit;
use crate::context::Context;
use crate::error::FlowError;
use crate::grants::Effective;
use crate::interpret::finish_alone;
use crate::services::CallServices;

/// Length of the service window.
const WINDOW: portero_domain::clock::Millis = portero_domain::clock::Millis::hours(24);

/// Whom an event is about, read once.
pub(crate) struct Who {
    pub(crate) tenant: TenantRow,
    pub(crate) number: PhoneNumberId,
    pub(crate) contact: ContactId,
    pub(crate) to: AddressKey,
    pub(crate) name: Option<String>,
    pub(crate) language: Language,
}

impl Who {
    /// Reads tenant and person of an event; nothing when it names no person we know.
    pub(crate) async fn of(ctx: &Context, event: &ClaimedEvent) -> Result<Option<Who>, FlowError> {
        let mut tx = ctx.store.read().await?;
        Who::of_event(&mut tx, event).await
    }

    async fn of_event(tx: &mut Tx, event: &ClaimedEvent) -> Result<Option<Who>, FlowError> {
        let (Some(tenant), Some(number)) = (event.tenant, event.number.clone()) else {
            return Ok(None);
        };
        let contact = match event.contact {
            Some(contact) => Some(contact),
            None => contact_of_payload(tx, tenant, &event.payload).await?,
        };
        let Some(contact) = contact else {
            return Ok(None);
        };
        Who::read(tx, tenant, number, contact).await
    }

    pub(crate) async fn read(
        tx: &mut Tx,
        tenant: TenantId,
        number: PhoneNumberId,
        contact: ContactId,
    ) -> Result<Option<Who>, FlowError> {
        let row = tx.tenant(tenant).row().await?;
        let Some(person) = tx.tenant(tenant).contact(contact).await? else {
            return Ok(None);
        };
        // A phone is preferred over a user id: it keeps the phone visible to the business.
        let to = person
            .aliases
            .iter()
            .find(|(k, _)| !k.is_bsuid())
            .or_else(|| person.aliases.first())
            .map(|(k, _)| k.clone());
        let Some(to) = to else { return Ok(None) };
        let language = person
            .language
            .as_deref()
            .and_then(Language::from_tag)
            .unwrap_or(row.language);
        Ok(Some(Who {
            tenant: row,
            number,
            contact,
            to,
            name: person.name,
            language,
        }))
    }
}

async fn contact_of_payload(
    tx: &mut Tx,
    tenant: TenantId,
    payload: &str,
) -> Result<Option<ContactId>, FlowError> {
    let update: portero_domain::update::Update =
        serde_json::from_str(payload).map_err(|source| FlowError::Stored {
            what: "update",
            source,
        })?;
    let portero_domain::update::UpdateKind::Message(m) = &update.what else {
        return Ok(None);
    };
    let keys: Vec<AddressKey> = m
        .from
        .addresses()
        .filter_map(|a| AddressKey::parse(a).ok())
        .collect();
    Ok(tx.tenant(tenant).contact_by_addresses(&keys).await?)
}

/// What plugins may be told about an event, read in one transaction.
struct Scene {
    who: Who,
    conversation: Option<ConversationRow>,
    installations: Vec<InstallationRow>,
    attributes: Vec<(String, String)>,
    tags: Vec<String>,
    consent: Vec<ConsentEvent>,
}

impl Scene {
    async fn of(ctx: &Context, event: &ClaimedEvent) -> Result<Option<Scene>, FlowError> {
        let mut tx = ctx.store.read().await?;
        let Some(who) = Who::of_event(&mut tx, event).await? else {
            return Ok(None);
        };
        let mut tenant = tx.tenant(who.tenant.id);
        let conversation = tenant.conversation(&who.number, who.contact).await?;
        let mut installations = tenant.installations().await?;
        installations.retain(|r| r.enabled && r.kind == PluginKind::Replies);
        installations.sort_by_key(|r| r.position);
        Ok(Some(Scene {
            attributes: tenant.attributes(who.contact).await?,
            tags: tenant.tags(who.contact).await?,
            consent: tenant.consent_events(who.contact).await?,
            conversation,
            installations,
            who,
        }))
    }
}

/// One installed plugin, ready to be called.
struct Candidate {
    row: InstallationRow,
    loaded: Arc<Loaded>,
    effective: Effective,
}

/// A message from a person goes to the plugin that owns the conversation.
pub(crate) async fn message(
    ctx: &Context,
    event: &ClaimedEvent,
    inbound: &InboundMessage,
) -> Result<(), FlowError> {
    let Some(scene) = Scene::of(ctx, event).await? else {
        return finish_alone(ctx, event, EventState::Unhandled, "no contact").await;
    };
    if scene
        .conversation
        .as_ref()
        .is_some_and(|c| c.human_since.is_some())
    {
        return finish_alone(
            ctx,
            event,
            EventState::Done,
            "a person of the shop owns the conversation",
        )
        .await;
    }
    let owner = scene
        .conversation
        .as_ref()
        .and_then(|c| c.owner_installation);
    let (mut candidates, paused) = candidates(ctx, &scene.installations).await?;
    if let Some(owner) = owner
        && candidates.iter().any(|c| c.row.id == owner)
    {
        candidates.retain(|c| c.row.id == owner);
    }
    candidates.retain(|c| c.loaded.manifest().subscribe.messages);
    let what = ReplyEventKind::Message {
        wamid: inbound.wamid.as_str().to_owned(),
        body: inbound.body.clone(),
        replies_to: inbound.replies_to.clone(),
    };
    let answers = Some((inbound.wamid.as_str().to_owned(), inbound.at));
    let nobody = paused.filter(|_| candidates.is_empty());
    let asking = Asking {
        candidates,
        what,
        answers,
        generation: 0,
        nobody,
    };
    ask(ctx, event, &scene, asking).await
}

/// A business event, a timer, a verdict or a consent change.
pub(crate) async fn host_event(ctx: &Context, event: &ClaimedEvent) -> Result<(), FlowError> {
    let Some(scene) = Scene::of(ctx, event).await? else {
        return finish_alone(ctx, event, EventState::Unhandled, "no contact").await;
    };
    let payload: Value =
        serde_json::from_str(&event.payload).map_err(|source| FlowError::Stored {
            what: "event",
            source,
        })?;
    let text = |key: &str| {
        payload
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let only: Option<InstallationId> = payload
        .get("installation")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok());
    let mut generation = 0;
    let what = match event.kind.as_str() {
        "business" => ReplyEventKind::Business {
            name: text("name"),
            data_json: payload
                .get("data")
                .map(Value::to_string)
                .unwrap_or_default(),
        },
        "timer" => ReplyEventKind::Timer {
            name: text("name"),
            payload: text("payload"),
        },
        "consent_changed" => ReplyEventKind::ConsentChanged {
            topic: text("topic"),
            state: text("state"),
        },
        _ => {
            generation = 1;
            ReplyEventKind::Verdict {
                proposal: text("proposal"),
                verdict: text("verdict"),
                rule: text("rule"),
                earliest: payload.get("earliest").and_then(Value::as_i64).map(Ts),
                remedy: text("remedy"),
            }
        }
    };
    let (mut candidates, _) = candidates(ctx, &scene.installations).await?;
    if let Some(only) = only {
        candidates.retain(|c| c.row.id == only);
    }
    candidates.retain(|c| {
        let subscribe = &c.loaded.manifest().subscribe;
        match &what {
            ReplyEventKind::Business { name, .. } => subscribe.wants_event(name),
            ReplyEventKind::Timer { .. } => subscribe.timers,
            ReplyEventKind::Verdict { .. } => subscribe.verdicts,
            ReplyEventKind::ConsentChanged { .. } => subscribe.consent,
            ReplyEventKind::Message { .. } => false,
        }
    });
    let asking = Asking {
        candidates,
        what,
        answers: None,
        generation,
        nobody: None,
    };
    ask(ctx, event, &scene, asking).await
}

/// Those whose breaker is closed, in the operator's order.
///
/// Also says whether one was left out because its breaker is open.
async fn candidates(
    ctx: &Context,
    rows: &[InstallationRow],
) -> Result<(Vec<Candidate>, Option<String>), FlowError> {
    let now = ctx.clock.lease_now();
    let mut out = Vec::with_capacity(rows.len());
    let mut paused = None;
    for row in rows {
        if let Admission::Refused { .. } = ctx.breakers.admit(row, now) {
            tracing::warn!(installation.id = %row.id, "breaker open: not asked");
            paused = Some(format!("plugin {} is paused after failures", row.plugin_id));
            continue;
        }
        let loaded = ctx.plugin(&row.digest).await?;
        let effective = Effective::of(loaded.manifest(), &row.grants);
        out.push(Candidate {
            row: row.clone(),
            loaded,
            effective,
        });
    }
    Ok((out, paused))
}

/// Who may be asked what.
struct Asking {
    candidates: Vec<Candidate>,
    what: ReplyEventKind,
    answers: Option<(String, Ts)>,
    generation: u8,
    nobody: Option<String>,
}

/// Asks and commits. A message goes from one to the next until one answers; everything else goes to
/// every subscriber.
async fn ask(
    ctx: &Context,
    event: &ClaimedEvent,
    scene: &Scene,
    asking: Asking,
) -> Result<(), FlowError> {
    let Asking {
        candidates,
        what,
        answers,
        generation,
        nobody,
    } = asking;
    let one_answers = matches!(what, ReplyEventKind::Message { .. });
    let mut calls = Vec::new();
    for candidate in candidates {
        let report = call(ctx, event, scene, &candidate, &what).await?;
        let answered = report
            .value
            .as_ref()
            .is_some_and(|actions| !actions.is_empty());
        let failed = report.value.is_none();
        let open_until = ctx.breakers.record(
            &candidate.row,
            ctx.clock.lease_now(),
            report.outcome.is_hard_failure(),
        );
        calls.push(commit::Call {
            row: candidate.row,
            effective: candidate.effective,
            manifest_id: candidate.loaded.manifest().id.clone(),
            report,
            open_until,
        });
        if one_answers && (answered || failed) {
            break;
        }
    }
    let outcome = commit::Outcome {
        calls,
        answers,
        nobody,
        generation,
    };
    commit::commit(ctx, event, &scene.who, outcome).await
}

async fn call(
    ctx: &Context,
    event: &ClaimedEvent,
    scene: &Scene,
    candidate: &Candidate,
    what: &ReplyEventKind,
) -> Result<CallReport<Vec<Action>>, FlowError> {
    let now = ctx.now();
    let who = &scene.who;
    let (attributes, tags) = if candidate.effective.has("contacts.read") {
        (scene.attributes.clone(), scene.tags.clone())
    } else {
        (Vec::new(), Vec::new())
    };
    let consent = &scene.consent;
    // An answer to a campaign's message says to which.
    let mut ext = Vec::new();
    if let ReplyEventKind::Message {
        replies_to: Some(wamid),
        ..
    } = what
    {
        let mut tx = ctx.store.read().await?;
        let mut tenant = tx.tenant(who.tenant.id);
        if let Some(campaign) = tenant.campaign_of_wamid(wamid.as_ref()).await? {
            ext.push(("campaign".to_owned(), campaign.to_string()));
        }
    }
    let topics: std::collections::BTreeSet<&str> = consent
        .iter()
        .filter_map(|e| match &e.scope {
            ConsentScope::Topic(t) => Some(t.as_str()),
            _ => None,
        })
        .collect();
    let topics_granted = topics
        .into_iter()
        .filter(|t| {
            matches!(
                portero_domain::consent::standing(consent, Some(t)),
                ConsentStanding::Granted { .. }
            )
        })
        .map(str::to_owned)
        .collect();
    let window_closes_at = scene
        .conversation
        .as_ref()
        .and_then(|c| c.window_at)
        .map(|at| at + WINDOW)
        .filter(|closes| now < *closes);
    let request = ReplyEvent {
        meta: CallMeta {
            event_id: event.id.to_string(),
            now,
            timezone: who.tenant.timezone.clone(),
            language: who.language.code().to_owned(),
            ext,
        },
        contact: ContactView {
            handle: handle(&candidate.row.handle_key, who.contact),
            name: if candidate.effective.reads("name") {
                who.name.clone()
            } else {
                None
            },
            attributes,
            tags,
        },
        conversation: ConversationView {
            window_closes_at,
            topics_granted,
            bot_messages_since_inbound: 0,
        },
        what: what.clone(),
    };
    let services = Arc::new(CallServices::new(
        ctx,
        who,
        &candidate.row,
        &candidate.effective,
    ));
    let limits = CallLimits::for_manifest(candidate.loaded.manifest());
    let seed: [u8; 32] = Sha256::digest(event.id.to_string().as_bytes()).into();
    let report = ctx
        .sandbox
        .call_replies(&candidate.loaded, &limits, services, request, seed)
        .await;
    if report.value.is_some() {
        ctx.counters.plugin_calls_ok.one();
    } else {
        ctx.counters.plugin_calls_failed.one();
        tracing::warn!(
            installation.id = %candidate.row.id, event.id = %event.id, fault = report.outcome.as_str(),
            "plugin call failed"
        );
    }
    Ok(report)
}

/// The person's opaque name for one installation: two plugins cannot join their data.
pub(crate) fn handle(key: &[u8], contact: ContactId) -> String {
    let mut hash = Sha256::new();
    hash.update(b"portero contact handle\0");
    hash.update(key);
    hash.update(contact.uuid().as_bytes());
    hex::encode(hash.finalize()).chars().take(32).collect()
}
