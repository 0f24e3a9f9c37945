//! Step 3: the plugin that owns the conversation is asked; what it proposes goes to the judge.
//!
//! No transaction is open while a guest runs. What it returned, the verdicts on it, its kv writes
//! and "this event is done" are one commit. A plugin that fails hands the conversation to a person.

use std::sync::Arc;

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, InstallationId, PhoneNumberId, TenantId};
use portero_domain::language::Language;
use portero_domain::plugin::{Action, ReplyEventKind};
use portero_domain::proposal::Answers;
use portero_domain::update::InboundMessage;
use portero_sandbox::{CallLimits, CallReport, Loaded, Tape};
use portero_store::Tx;
use portero_store::model::{AboutCart, ClaimedEvent, EventState, InstallationRow, TenantRow};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::briefing::Scene;
use crate::commit;
use crate::context::{Answered, Context};
use crate::draft::Draft;
use crate::error::FlowError;
use crate::grants::Effective;
use crate::interpret::finish_alone;
use crate::journal;
use crate::services::CallServices;

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

    pub(crate) async fn of_event(
        tx: &mut Tx,
        event: &ClaimedEvent,
    ) -> Result<Option<Who>, FlowError> {
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

    /// Nothing for an erased person: no plugin hears of them.
    pub(crate) async fn read(
        tx: &mut Tx,
        tenant: TenantId,
        number: PhoneNumberId,
        contact: ContactId,
    ) -> Result<Option<Who>, FlowError> {
        let who = Who::read_or_erased(tx, tenant, number, contact).await?;
        Ok(who.filter(|who| who.to != AddressKey::nobody()))
    }

    /// An erased person has no address, and is at nobody's.
    pub(crate) async fn read_or_erased(
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
            .map(|(k, _)| k.clone())
            .or_else(|| person.erased_at.map(|_| AddressKey::nobody()));
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
    let quoted = inbound.replies_to.as_deref();
    let Some(scene) = Scene::of(ctx, event, Some(quoted)).await? else {
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
    let mut candidates = candidates(ctx, &scene.installations).await?;
    candidates.retain(|c| c.loaded.manifest().subscribe.messages);
    // The owner first; the others only where it is paused.
    candidates.sort_by_key(|c| owner != Some(c.row.id));
    let what = ReplyEventKind::Message {
        wamid: inbound.wamid.as_str().to_owned(),
        body: inbound.body.clone(),
        replies_to: inbound.replies_to.clone(),
    };
    let asking = Asking {
        candidates,
        what,
        answers: Some(Answers {
            event: Some(event.id),
            wamid: Some(inbound.wamid.as_str().to_owned()),
            at: inbound.at,
        }),
        about: None,
        generation: 0,
        owner,
    };
    ask(ctx, event, &scene, asking).await
}

/// A business event, a timer, a verdict or a consent change.
pub(crate) async fn host_event(ctx: &Context, event: &ClaimedEvent) -> Result<(), FlowError> {
    let Some(scene) = Scene::of(ctx, event, None).await? else {
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
    // A cart's news, or the timer that somebody set on account of it.
    let about: Option<AboutCart> = payload
        .get("about")
        .and_then(|about| serde_json::from_value(about.clone()).ok());
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
                key: payload
                    .get("key")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                verdict: text("verdict"),
                rule: text("rule"),
                earliest: payload.get("earliest").and_then(Value::as_i64).map(Ts),
                remedy: text("remedy"),
            }
        }
    };
    // What follows a verdict speaks of what the refused message spoke of.
    let about = match (about, text("proposal").parse()) {
        (None, Ok(proposal)) => {
            let mut tx = ctx.store.read().await?;
            tx.tenant(scene.who.tenant.id).spoken_of(proposal).await?
        }
        (about, _) => about,
    };
    let mut candidates = candidates(ctx, &scene.installations).await?;
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
        about,
        generation,
        owner: None,
    };
    ask(ctx, event, &scene, asking).await
}

/// The installed plugins, in the operator's order.
async fn candidates(ctx: &Context, rows: &[InstallationRow]) -> Result<Vec<Candidate>, FlowError> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let loaded = ctx.plugin(&row.digest).await?;
        let effective = Effective::of(loaded.manifest(), &row.grants);
        out.push(Candidate {
            row: row.clone(),
            loaded,
            effective,
        });
    }
    Ok(out)
}

/// Who may be asked what.
struct Asking {
    candidates: Vec<Candidate>,
    what: ReplyEventKind,
    answers: Option<Answers>,
    /// The cart it is news of.
    about: Option<AboutCart>,
    generation: u8,
    /// Whose conversation it is: whoever comes after is asked only if it is paused.
    owner: Option<InstallationId>,
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
        about,
        generation,
        owner,
    } = asking;
    let one_answers = matches!(what, ReplyEventKind::Message { .. });
    let mut calls = Vec::new();
    let mut paused = Vec::new();
    for candidate in candidates {
        // Asked for at the last moment: leave that is not used must not keep others out.
        let Ok(leave) = ctx.breakers.admit(&candidate.row, ctx.clock.lease_now()) else {
            tracing::warn!(installation.id = %candidate.row.id, "breaker open: not asked");
            paused.push(candidate.row.plugin_id.to_string());
            continue;
        };
        let draft = Draft::of(
            &scene.who,
            &candidate.row,
            &candidate.effective,
            answers.clone(),
            generation,
        );
        let (report, recording) = call(ctx, event, scene, &candidate, &what, draft).await;
        let answered = report
            .value
            .as_ref()
            .is_none_or(|actions| !actions.is_empty());
        let last = answered || owner == Some(candidate.row.id);
        calls.push(commit::Call {
            row: candidate.row,
            effective: candidate.effective,
            manifest_id: candidate.loaded.manifest().id.clone(),
            report,
            recording,
            leave,
        });
        if one_answers && last {
            break;
        }
    }
    let outcome = commit::Outcome {
        calls,
        answers,
        about,
        paused,
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
    draft: Draft,
) -> (CallReport<Vec<Action>>, Option<Vec<u8>>) {
    let request = scene.told(event, &candidate.row, &candidate.effective, what, ctx.now());
    let services = Arc::new(CallServices::new(
        ctx,
        &scene.who,
        &candidate.row,
        &candidate.effective,
        draft,
    ));
    let limits = CallLimits::for_manifest(candidate.loaded.manifest());
    let seed: [u8; 32] = Sha256::digest(event.id.to_string().as_bytes()).into();
    let tape = Tape::begin(services, &request, seed);
    let report = ctx
        .sandbox
        .call_replies(&candidate.loaded, &limits, tape.services(), request, seed)
        .await;
    let recording = tape.end(ctx.sandbox.build(), &report);
    let recording = recording.and_then(|json| journal::packed(&json));
    ctx.probe.answered(&Answered {
        event: event.id,
        contact: scene.who.contact,
        installation: candidate.row.id,
        report: &report,
    });
    if report.value.is_some() {
        ctx.counters.plugin_calls_ok.one();
    } else {
        ctx.counters.plugin_calls_failed.one();
        tracing::warn!(
            installation.id = %candidate.row.id, event.id = %event.id, fault = report.outcome.as_str(),
            "plugin call failed"
        );
    }
    (report, recording)
}

/// The person's opaque name for one installation: two plugins cannot join their data.
pub(crate) fn handle(key: &[u8], contact: ContactId) -> String {
    let mut hash = Sha256::new();
    hash.update(b"portero contact handle\0");
    hash.update(key);
    hash.update(contact.uuid().as_bytes());
    hex::encode(hash.finalize()).chars().take(32).collect()
}
