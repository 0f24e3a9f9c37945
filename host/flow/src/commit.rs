//! The commit of a consulted event: actions, verdicts, kv, logs, breaker and "done", all or nothing.

use portero_domain::clock::Ts;
use portero_domain::ids::{EventId, InstallationId, OutboxId, TimerId};
use portero_domain::plugin::{Action, SendAction};
use portero_domain::proof::ConsentActor;
use portero_domain::proposal::Answers;
use portero_gate::Verdict;
use portero_sandbox::CallReport;
use portero_store::Tx;
use portero_store::model::{
    AboutCart, ClaimedEvent, InstallationRow, MetricEvent, NewRecording, NewTimer, PluginCall,
    StoredKvWrite,
};
use sha2::{Digest, Sha256};

use crate::bounds;
use crate::consult::Who;
use crate::context::{Context, Leave};
use crate::dispatch::{self, InFlight};
use crate::draft::{Draft, own_words};
use crate::error::FlowError;
use crate::grants::Effective;
use crate::host_words;
use crate::interpret::finish_and_send;
use crate::judge::{self, Provenance};
use crate::quota;

/// One plugin that was called and what came of it.
pub(crate) struct Call<'c> {
    pub(crate) row: InstallationRow,
    pub(crate) effective: Effective,
    pub(crate) manifest_id: String,
    pub(crate) report: CallReport<Vec<Action>>,
    /// The call as it was, to be sealed.
    pub(crate) recording: Option<Vec<u8>>,
    /// Held until the call is recorded.
    pub(crate) leave: Leave<'c>,
}

/// All calls of one event.
pub(crate) struct Outcome<'c> {
    pub(crate) calls: Vec<Call<'c>>,
    /// The message answered.
    pub(crate) answers: Option<Answers>,
    /// The cart that the event is news of.
    pub(crate) about: Option<AboutCart>,
    /// Plugins that were not asked because their breaker is open.
    pub(crate) paused: Vec<String>,
    /// 1 when the event is itself a verdict.
    pub(crate) generation: u8,
}

/// Writes everything the event led to and sends what was cleared in it.
pub(crate) async fn commit(
    ctx: &Context,
    event: &ClaimedEvent,
    who: &Who,
    outcome: Outcome<'_>,
) -> Result<(), FlowError> {
    let now = ctx.now();
    // Somebody waits for an answer to a message; nobody does to anything else.
    let somebody_waits = event.kind == "message";
    let mut tx = ctx.store.write().await?;
    let mut sending = None;
    let mut said = Vec::new();
    let mut to_a_person: Option<String> = None;
    let mut answered = false;
    for mut call in outcome.calls {
        let draft = Draft::of(
            who,
            &call.row,
            &call.effective,
            outcome.answers.clone(),
            outcome.generation,
        )
        .about(outcome.about.clone());
        let writes = quota::keep_or_fail(&mut tx, who, &call.row, &mut call.report, now).await?;
        record_call(ctx, &mut tx, who, event.id, &call, &writes, now).await?;
        match &call.report.value {
            Some(actions) => {
                let done = act(
                    ctx,
                    &mut tx,
                    event,
                    who,
                    &call,
                    &draft,
                    actions,
                    &mut sending,
                )
                .await?;
                said.push(done.told(call.row.plugin_id.as_str()));
                if !actions.is_empty() && somebody_waits {
                    answered = true;
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
                said.push(why.clone());
                to_a_person.get_or_insert(why);
            }
        }
    }
    for plugin in &outcome.paused {
        let why = format!("plugin {plugin} is paused after failures");
        said.push(why.clone());
        if !answered {
            to_a_person.get_or_insert(why);
        }
    }
    if let Some(why) = to_a_person.filter(|_| somebody_waits) {
        tx.tenant(who.tenant.id)
            .hand_over(&who.number, who.contact, &why, now)
            .await?;
        said.push("handed to a person".to_owned());
    }
    if said.is_empty() {
        said.push("no plugin wants it".to_owned());
    }
    finish_and_send(ctx, tx, event, &who.tenant, &said.join("; "), now, sending).await
}

async fn record_call(
    ctx: &Context,
    tx: &mut Tx,
    who: &Who,
    event: EventId,
    call: &Call<'_>,
    writes: &[StoredKvWrite],
    now: Ts,
) -> Result<(), FlowError> {
    let report = &call.report;
    let failed = report.outcome.is_hard_failure();
    let open_until = call.leave.record(ctx.clock.lease_now(), failed);
    let mut tenant = tx.tenant(who.tenant.id);
    let call_id = format!("{event}:{}", call.row.id);
    if let Some(recording) = &call.recording {
        let new = NewRecording {
            call_id: &call_id,
            installation: call.row.id,
            contact: who.contact,
            called_at: now,
            recording,
        };
        tenant.put_recording(new, &call.row.journal_key).await?;
    }
    tenant
        .record_call(&PluginCall {
            call_id,
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
    let failures_in_row = if failed {
        call.row.failures_in_row.saturating_add(1)
    } else {
        0
    };
    let opened = call.row.breaker_opened + u32::from(open_until.is_some());
    if (failures_in_row, open_until) != (call.row.failures_in_row, call.row.breaker_open_until) {
        tenant
            .set_breaker(call.row.id, failures_in_row, open_until, opened)
            .await?;
    }
    if !writes.is_empty() {
        tenant.kv_apply(call.row.id, writes).await?;
    }
    Ok(())
}
#[derive(Default)]
struct Done {
    proposed: u32,
    allowed: u32,
    /// The last one that was allowed.
    last: Option<OutboxId>,
    /// Actions that nothing came of, and why.
    refused: Vec<String>,
}

impl Done {
    /// How the event's interpretation tells it.
    fn told(&self, plugin: &str) -> String {
        let mut told = format!(
            "{plugin} proposed {}, {} allowed",
            self.proposed, self.allowed
        );
        if !self.refused.is_empty() {
            told.push_str(&format!(" ({})", self.refused.join("; ")));
        }
        told
    }
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
    call: &Call<'_>,
    draft: &Draft,
    actions: &[Action],
    sending: &mut Option<InFlight>,
) -> Result<Done, FlowError> {
    let now = ctx.now();
    let mut done = Done::default();
    let mut metrics = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let tenant = who.tenant.id;
        let refusal = match (bounds::check(action, now), needed(action)) {
            (Err(why), _) => Some(why),
            (Ok(()), Some(permission)) if !call.effective.has(permission) => {
                Some(format!("{permission} is not granted"))
            }
            _ => None,
        };
        if let Some(why) = refusal {
            refuse(ctx, tx, event, who, call, index, &why, &mut done).await?;
            continue;
        }
        match action {
            Action::Send(send) => {
                let send = own_words(send.clone());
                propose(
                    ctx, tx, event, who, call, draft, send, index, &mut done, sending,
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
                        ctx, tx, event, who, call, draft, send, index, &mut done, sending,
                    )
                    .await?;
                    if let Some(mut asked) = event_of.filter(|_| done.allowed > before) {
                        asked.proof.question = done.last;
                        asked.proof.actor = Some(ConsentActor::Plugin {
                            id: call.row.plugin_id.as_str().to_owned(),
                            digest: call.row.digest.clone(),
                        });
                        tx.tenant(tenant)
                            .append_consent(who.contact, &asked)
                            .await?;
                    }
                } else {
                    let why = format!("there is no wording `{wording}`");
                    refuse(ctx, tx, event, who, call, index, &why, &mut done).await?;
                }
            }
            Action::SetAttribute { key, value } => {
                tx.tenant(tenant)
                    .set_attribute(who.contact, key, value.as_deref())
                    .await?;
            }
            Action::Tag { tag, add } => {
                tx.tenant(tenant).set_tag(who.contact, tag, *add).await?;
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
                    about: draft.cart().cloned(),
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
                    .hand_over(&who.number, who.contact, &bounds::reason(reason), now)
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
    call: &Call<'_>,
    draft: &Draft,
    send: SendAction,
    index: u32,
    done: &mut Done,
    sending: &mut Option<InFlight>,
) -> Result<(), FlowError> {
    let now = ctx.now();
    debug_assert_eq!(call.row.plugin_id.as_str(), call.manifest_id);
    let id = OutboxId::new(&*ctx.ids, now);
    let proposal = draft.proposal(id, key(event.id, call.row.id, index), index, send, now);
    let from = Provenance {
        event: Some(event.id),
        plugin: Some(draft.facts(done.proposed)),
        about: draft.cart().cloned(),
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

/// The same event, installation and place give the same key: a rerun proposes nothing new.
pub(crate) fn key(event: EventId, installation: InstallationId, index: u32) -> String {
    let mut hash = Sha256::new();
    hash.update(event.to_string());
    hash.update(installation.to_string());
    hash.update(index.to_be_bytes());
    format!("plugin:{}", hex::encode(hash.finalize()))
}

/// The permission that an action needs beside those the gate judges.
fn needed(action: &Action) -> Option<&'static str> {
    match action {
        Action::SetAttribute { .. } | Action::Tag { .. } => Some("contacts.write"),
        Action::Metric { .. } => Some("metric"),
        _ => None,
    }
}

/// One action comes to nothing, visibly; the others stand.
#[expect(
    clippy::too_many_arguments,
    reason = "one action in its whole context, two call sites"
)]
async fn refuse(
    ctx: &Context,
    tx: &mut Tx,
    event: &ClaimedEvent,
    who: &Who,
    call: &Call<'_>,
    index: u32,
    why: &str,
    done: &mut Done,
) -> Result<(), FlowError> {
    let line = format!("action {index} refused: {why}");
    let lines = [("host".to_owned(), line.clone())];
    tx.tenant(who.tenant.id)
        .append_logs(call.row.id, event.id, &lines, ctx.now())
        .await?;
    ctx.counters.plugin_actions_refused.one();
    done.refused.push(line);
    Ok(())
}
