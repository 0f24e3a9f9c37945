//! The commit of a consulted event: actions, verdicts, kv, logs, breaker and "done", all or nothing.

use portero_domain::clock::{Millis, Ts};
use portero_domain::content::Content;
use portero_domain::ids::{EventId, OutboxId, PluginId, TimerId};
use portero_domain::plugin::{Action, SendAction};
use portero_domain::proof::ConsentActor;
use portero_domain::proposal::{Answers, Origin, Proposal, Purpose};
use portero_gate::Verdict;
use portero_gate::facts::PluginFacts;
use portero_sandbox::CallReport;
use portero_store::Tx;
use portero_store::model::{
    ClaimedEvent, InstallationRow, MetricEvent, NewTimer, PluginCall, StoredKvWrite,
};
use sha2::{Digest, Sha256};

use crate::consult::Who;
use crate::context::Context;
use crate::dispatch::{self, InFlight};
use crate::error::FlowError;
use crate::grants::Effective;
use crate::host_words;
use crate::interpret::finish_and_send;
use crate::judge::{self, Provenance};

/// Most an installation may keep, keys included.
const KV_QUOTA_BYTES: u64 = 16 * 1024 * 1024;

/// One plugin that was called and what came of it.
pub(crate) struct Call {
    pub(crate) row: InstallationRow,
    pub(crate) effective: Effective,
    pub(crate) manifest_id: String,
    pub(crate) report: CallReport<Vec<Action>>,
    /// Until when its breaker is open after this call (lease time).
    pub(crate) open_until: Option<Ts>,
}

/// All calls of one event.
pub(crate) struct Outcome {
    pub(crate) calls: Vec<Call>,
    /// wamid and time of the message answered.
    pub(crate) answers: Option<(String, Ts)>,
    /// Why nobody could be asked although somebody is installed: a person takes over.
    pub(crate) nobody: Option<String>,
    /// 1 when the event is itself a verdict.
    pub(crate) generation: u8,
}

/// Writes everything the event led to and sends what was cleared in it.
pub(crate) async fn commit(
    ctx: &Context,
    event: &ClaimedEvent,
    who: &Who,
    outcome: Outcome,
) -> Result<(), FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let mut sending = None;
    let mut said = Vec::new();
    for call in &outcome.calls {
        record_call(&mut tx, who, event.id, call, now).await?;
        match &call.report.value {
            Some(actions) => {
                let done = act(
                    ctx,
                    &mut tx,
                    event,
                    who,
                    call,
                    actions,
                    &outcome,
                    &mut sending,
                )
                .await?;
                said.push(format!(
                    "{} proposed {}, {} allowed",
                    call.row.plugin_id, done.proposed, done.allowed
                ));
                let answered = !actions.is_empty() && event.kind == "message";
                if answered {
                    tx.tenant(who.tenant.id)
                        .set_owner(&who.number, who.contact, Some(call.row.id))
                        .await?;
                }
            }
            None => {
                let why = format!(
                    "plugin {}: {}",
                    call.row.plugin_id,
                    call.report.outcome.as_str()
                );
                if event.kind == "message" {
                    tx.tenant(who.tenant.id)
                        .hand_over(&who.number, who.contact, &why, now)
                        .await?;
                }
                said.push(format!("{why}; handed to a person"));
            }
        }
    }
    if let Some(why) = &outcome.nobody {
        tx.tenant(who.tenant.id)
            .hand_over(&who.number, who.contact, why, now)
            .await?;
        said.push(format!("{why}; handed to a person"));
    } else if outcome.calls.is_empty() {
        said.push("no plugin wants it".to_owned());
    }
    finish_and_send(ctx, tx, event, &who.tenant, &said.join("; "), now, sending).await
}

async fn record_call(
    tx: &mut Tx,
    who: &Who,
    event: EventId,
    call: &Call,
    now: Ts,
) -> Result<(), FlowError> {
    let report = &call.report;
    let mut tenant = tx.tenant(who.tenant.id);
    tenant
        .record_call(&PluginCall {
            call_id: format!("{event}:{}", call.row.id),
            installation: call.row.id,
            event,
            digest: call.row.digest.clone(),
            outcome: report.outcome.as_str().to_owned(),
            detail: report.outcome.detail().unwrap_or_default().to_owned(),
            actions: report.value.as_ref().map_or(0, Vec::len),
            fuel: report.fuel_used,
            peak_memory_bytes: report.peak_memory_bytes,
            called_at: now,
        })
        .await?;
    let logs: Vec<(String, String)> = report
        .logs
        .iter()
        .map(|(level, line)| (level.as_str().to_owned(), line.clone()))
        .collect();
    tenant.append_logs(call.row.id, event, &logs, now).await?;
    let failures_in_row = if report.outcome.is_hard_failure() {
        call.row.failures_in_row.saturating_add(1)
    } else {
        0
    };
    let opened = call.row.breaker_opened + u32::from(call.open_until.is_some());
    if (failures_in_row, call.open_until) != (call.row.failures_in_row, call.row.breaker_open_until)
    {
        tenant
            .set_breaker(call.row.id, failures_in_row, call.open_until, opened)
            .await?;
    }
    let writes: Vec<StoredKvWrite> = report
        .kv_writes
        .iter()
        .map(|w| StoredKvWrite {
            key: w.key.clone(),
            value: w.value.clone(),
            expires_at: w.ttl_ms.map(|ttl| now + Millis(ttl)),
        })
        .collect();
    if !writes.is_empty() {
        let size: usize = writes
            .iter()
            .map(|w| w.key.len() + w.value.as_ref().map_or(0, Vec::len))
            .sum();
        let used = tenant.kv_usage(call.row.id).await?;
        if used.saturating_add(u64::try_from(size).unwrap_or(u64::MAX)) > KV_QUOTA_BYTES {
            let line =
                format!("kv: {used} bytes used of {KV_QUOTA_BYTES}; these writes were not kept");
            tenant
                .append_logs(call.row.id, event, &[("host".to_owned(), line)], now)
                .await?;
        } else {
            tenant.kv_apply(call.row.id, &writes).await?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Done {
    proposed: u32,
    allowed: u32,
    /// The last one that was allowed.
    last: Option<OutboxId>,
}

#[expect(
    clippy::too_many_arguments,
    reason = "the actions of one call in their whole context, one call site"
)]
async fn act(
    ctx: &Context,
    tx: &mut Tx,
    event: &ClaimedEvent,
    who: &Who,
    call: &Call,
    actions: &[Action],
    outcome: &Outcome,
    sending: &mut Option<InFlight>,
) -> Result<Done, FlowError> {
    let now = ctx.now();
    let mut done = Done::default();
    let mut metrics = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let tenant = who.tenant.id;
        match action {
            Action::Send(send) => {
                // Only the host words a consent question (ask-consent): a plugin's own text under
                // that purpose is an answer like any other, and its `portero:yes` is refused.
                let mut send = send.clone();
                if send.purpose == Purpose::ConsentRequest {
                    send.purpose = Purpose::Reply;
                }
                propose(
                    ctx, tx, event, who, call, send, index, outcome, &mut done, sending,
                )
                .await?;
            }
            Action::AskConsent { wording, topic } => {
                let asked =
                    host_words::question(ctx, tx, &who.tenant, wording, Some(topic), who.language)
                        .await?;
                if let Some(asked) = asked {
                    let (content, purpose, topic, event_of) = asked.into_parts();
                    let send = SendAction {
                        content,
                        purpose,
                        topic,
                        ext: Vec::new(),
                    };
                    let before = done.allowed;
                    propose(
                        ctx, tx, event, who, call, send, index, outcome, &mut done, sending,
                    )
                    .await?;
                    if let Some(mut asked) = event_of.filter(|_| done.allowed > before) {
                        asked.proof.question = done.last;
                        asked.proof.actor = Some(ConsentActor::Plugin {
                            id: plugin_id(call).as_str().to_owned(),
                            digest: call.row.digest.clone(),
                        });
                        tx.tenant(tenant)
                            .append_consent(who.contact, &asked)
                            .await?;
                    }
                } else {
                    log(
                        tx,
                        who,
                        call,
                        event.id,
                        index,
                        &format!("no wording `{wording}`"),
                        now,
                    )
                    .await?;
                }
            }
            Action::SetAttribute { key, value } if call.effective.has("contacts.write") => {
                tx.tenant(tenant)
                    .set_attribute(who.contact, key, value.as_deref())
                    .await?;
            }
            Action::Tag { tag, add } if call.effective.has("contacts.write") => {
                tx.tenant(tenant).set_tag(who.contact, tag, *add).await?;
            }
            Action::SetAttribute { .. } | Action::Tag { .. } => {
                log(
                    tx,
                    who,
                    call,
                    event.id,
                    index,
                    "denied: contacts.write is not granted",
                    now,
                )
                .await?;
            }
            Action::SetTimer { name, at, payload } => {
                let timer = NewTimer {
                    id: TimerId::new(&*ctx.ids, now),
                    installation: call.row.id,
                    contact: who.contact,
                    number: who.number.clone(),
                    name: name.clone(),
                    payload: payload.clone(),
                    due_at: (*at).max(now),
                };
                tx.tenant(tenant).put_timer(&timer).await?;
            }
            Action::CancelTimer { name } => {
                tx.tenant(tenant)
                    .cancel_timer(call.row.id, who.contact, name)
                    .await?;
            }
            Action::HandOver { reason } => {
                tx.tenant(tenant)
                    .hand_over(&who.number, who.contact, reason, now)
                    .await?;
            }
            Action::Metric { .. } if !call.effective.has("metric") => {
                log(
                    tx,
                    who,
                    call,
                    event.id,
                    index,
                    "denied: metric is not granted",
                    now,
                )
                .await?;
            }
            Action::Metric {
                name,
                value,
                labels,
            } => metrics.push(MetricEvent {
                installation: call.row.id,
                event: event.id,
                action_index: index,
                name: name.clone(),
                value: *value,
                labels: labels.clone(),
                at: now,
            }),
        }
    }
    if !metrics.is_empty() {
        tx.tenant(who.tenant.id).record_metrics(&metrics).await?;
    }
    Ok(done)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one action in its whole context, two call sites"
)]
async fn propose(
    ctx: &Context,
    tx: &mut Tx,
    event: &ClaimedEvent,
    who: &Who,
    call: &Call,
    send: SendAction,
    index: u32,
    outcome: &Outcome,
    done: &mut Done,
    sending: &mut Option<InFlight>,
) -> Result<(), FlowError> {
    let now = ctx.now();
    let plugin = plugin_id(call);
    let proposal = Proposal {
        id: OutboxId::new(&*ctx.ids, now),
        key: key(event.id, call, index),
        tenant: who.tenant.id,
        sender: who.number.clone(),
        contact: who.contact,
        to: who.to.clone(),
        origin: Origin::Plugin {
            installation: call.row.id,
            plugin,
            digest: call.row.digest.clone(),
            action_index: index,
            generation: outcome.generation,
        },
        class: judge::class_of(&send.content, send.purpose),
        purpose: send.purpose,
        topic: send.topic,
        answers: outcome.answers.as_ref().map(|(wamid, at)| Answers {
            event: Some(event.id),
            wamid: Some(wamid.clone()),
            at: *at,
        }),
        expires_at: expiry(&send.content, send.purpose, now),
        content: send.content,
        created_at: now,
    };
    let facts = PluginFacts {
        kind: call.row.kind.as_str().to_owned(),
        capabilities: call.effective.permissions.clone(),
        templates: call.effective.templates.clone(),
        event_contact: Some(who.contact),
        proposals_this_call: done.proposed,
        proposals_contact_hour: 0,
        proposals_minute: 0,
    };
    let from = Provenance {
        event: Some(event.id),
        plugin: Some(facts),
    };
    let admitted = judge::admit(ctx, tx, &who.tenant, &proposal, &from).await?;
    done.proposed += 1;
    if admitted.judgement.verdict == Verdict::Allow && !admitted.duplicate {
        done.allowed += 1;
        done.last = Some(admitted.outbox);
        // The first allowed answer begins in this very commit, of whichever plugin; the rest follow
        // in their lane.
        if sending.is_none() {
            *sending = dispatch::begin_now(ctx, tx, &who.tenant, admitted.outbox).await?;
        }
    }
    Ok(())
}

/// A template outlives the moment; a free-form answer does not.
fn expiry(content: &Content, purpose: Purpose, now: Ts) -> Ts {
    match (content.is_template(), purpose) {
        (true, Purpose::Reply) => judge::default_expiry(Purpose::Transactional, now),
        _ => judge::default_expiry(purpose, now),
    }
}

fn plugin_id(call: &Call) -> PluginId {
    debug_assert_eq!(call.row.plugin_id.as_str(), call.manifest_id);
    call.row.plugin_id.clone()
}

/// The same event, installation and place give the same key: a rerun proposes nothing new.
fn key(event: EventId, call: &Call, index: u32) -> String {
    let mut hash = Sha256::new();
    hash.update(event.to_string());
    hash.update(call.row.id.to_string());
    hash.update(index.to_be_bytes());
    format!("plugin:{}", hex::encode(hash.finalize()))
}

async fn log(
    tx: &mut Tx,
    who: &Who,
    call: &Call,
    event: EventId,
    index: u32,
    line: &str,
    now: Ts,
) -> Result<(), FlowError> {
    let lines = [("host".to_owned(), format!("action {index}: {line}"))];
    tx.tenant(who.tenant.id)
        .append_logs(call.row.id, event, &lines, now)
        .await?;
    Ok(())
}
