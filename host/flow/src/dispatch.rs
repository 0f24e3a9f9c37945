//! Step 6: claim, judge again with fresh facts, and only then send. The second verdict wins.
//!
//! An attempt row committed means: it has begun. The answer settles it in a transaction of its own;
//! an answer that never came leaves it *unknown*, and unknown is not sent again by itself.

use std::sync::Arc;

use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::content::Content;
use portero_domain::ids::{AttemptId, ConsentEventId, DecisionId, OutboxId};
use portero_domain::proposal::{Class, OutboxState, Proposal};
use portero_domain::status::MessageStatus;
use portero_domain::template::TemplateStatus;
use portero_gate::record::content_hash;
use portero_gate::{Cleared, NumberBucket, Ticket, Verdict};
use portero_meta::send_failure::Reaction;
use portero_meta::transport::{Access, SendOutcome};
use portero_store::model::{AttemptEnd, ClaimedLane, NewAttempt, OutboxRow, TenantRow};
use portero_store::{StoreError, Tx};

use crate::context::{Context, Point};
use crate::error::FlowError;
use crate::judge;
use crate::workers::Room;

/// Rows taken per claim: bounds what is in doubt after a crash.
pub const CLAIM_LIMIT: usize = 8;
/// Tries of one message whose sends surely did not reach Meta, or that Meta asked to retry.
const MAX_TRIES: u32 = 6;

/// A message on the wire.
pub(crate) struct InFlight {
    cleared: Cleared,
    access: Access,
    attempt: AttemptId,
    proposal: Proposal,
    tries: u32,
    lane: Option<(Class, i64)>,
    bucket: NumberBucket,
}

impl InFlight {
    /// Spends the number's bucket; the last thing before the commit that begins this attempt.
    pub(crate) async fn spend(
        &self,
        ctx: &Context,
        tx: &mut Tx,
        tenant: &TenantRow,
    ) -> Result<(), FlowError> {
        let spend = |tat| self.bucket.spend(tat, &tenant.policy, ctx.now());
        Ok(tx
            .tenant(tenant.id)
            .spend_number(&self.proposal.sender, &spend)
            .await?)
    }
}

/// What judging a queued row led to.
pub(crate) enum Begun {
    /// Send it once the transaction is committed.
    Sending(Box<InFlight>),
    /// It came to its end, or waits for a person.
    Settled,
    /// Not before then.
    Later(Ts),
    /// Another message to this person is on the wire.
    Busy,
}

/// Claims what is due, judges it again, sends what is cleared. Returns how many rows were taken.
///
/// # Errors
/// The database. What was claimed and not committed is free again.
pub(crate) async fn step(ctx: &Arc<Context>, mut room: Room) -> Result<usize, FlowError> {
    let (taken, sending) = match claim(ctx, room.len()).await {
        Err(FlowError::Store(e)) if e.is_transient() => (1, Vec::new()),
        other => other?,
    };
    if !sending.is_empty() {
        ctx.probe.at(Point::AfterAttemptCommit);
    }
    for one in sending {
        let (ctx, slot) = (Arc::clone(ctx), room.take());
        let tasks = ctx.tasks.clone();
        tasks.spawn(async move {
            if let Err(error) = send(&ctx, one).await {
                ctx.counters.step_errors.one();
                tracing::error!(error.chain = %error.chain(), "answer not recorded: the attempt will be unknown");
            }
            drop(slot);
        });
    }
    Ok(taken)
}

async fn claim(ctx: &Context, limit: usize) -> Result<(usize, Vec<InFlight>), FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let lanes = tx
        .system()
        .claim_lanes(
            &ctx.host,
            now,
            ctx.clock.lease_now(),
            ctx.lease_until(),
            limit,
        )
        .await?;
    if lanes.is_empty() {
        tx.commit().await?;
        return Ok((0, Vec::new()));
    }
    let taken = lanes.len();
    let mut sending = Vec::new();
    for lane in lanes {
        let tenant = tx.tenant(lane.tenant).row().await?;
        let begun = begin(ctx, &mut tx, &tenant, &lane.head).await?;
        let ready_at = match begun {
            Begun::Sending(mut one) => {
                one.lane = Some((lane.class, lane.fence));
                // The next lane may be of the same number: its facts must see this one spent.
                one.spend(ctx, &mut tx, &tenant).await?;
                sending.push(*one);
                continue;
            }
            Begun::Settled => Some(now),
            Begun::Later(at) => Some(at),
            // The answer of the message on the wire wakes the lanes of this person.
            Begun::Busy => Some(now + Millis::secs(1)),
        };
        release(&mut tx, &lane, ready_at).await?;
    }
    ctx.probe.at(Point::BeforeAttemptCommit);
    tx.commit().await?;
    ctx.touched();
    Ok((taken, sending))
}

async fn release(tx: &mut Tx, lane: &ClaimedLane, ready_at: Option<Ts>) -> Result<(), StoreError> {
    tx.system()
        .release_lane(&lane.number, lane.contact, lane.class, lane.fence, ready_at)
        .await?;
    Ok(())
}

/// Judges one queued row at dispatch, inside the claiming transaction.
pub(crate) async fn begin(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    row: &OutboxRow,
) -> Result<Begun, FlowError> {
    let now = ctx.now();
    let proposal = &row.proposal;
    let facts = judge::facts(
        tx,
        tenant,
        proposal,
        &content_hash(&proposal.content),
        None,
        now,
    )
    .await?;
    let ticket = Ticket {
        attempt: AttemptId::new(&*ctx.ids, now),
        decision: DecisionId::new(&*ctx.ids, now),
    };
    let clearance = portero_gate::clear(proposal, &facts, &tenant.policy, now, &ticket);
    let judgement = clearance.judgement;
    if let (Some(cleared), Some(bucket)) = (clearance.cleared, NumberBucket::of(&facts)) {
        let pair_tat = portero_gate::next_pair_tat(proposal, &facts, &tenant.policy, now);
        let attempt = NewAttempt {
            id: ticket.attempt,
            outbox: row.id,
            number: proposal.sender.clone(),
            contact: proposal.contact,
            owner: ctx.host.clone(),
            lease_until: ctx.lease_until(),
        };
        let token = tx
            .tenant(proposal.tenant)
            .number_token(&proposal.sender)
            .await?;
        let Some(token) = token else {
            return Err(FlowError::not_found(
                "access token of number",
                &proposal.sender,
            ));
        };
        if !tx
            .tenant(proposal.tenant)
            .begin_attempt(&attempt, ticket.decision, now, pair_tat)
            .await?
        {
            return Ok(Begun::Busy);
        }
        if writes_first(proposal, &facts, now) {
            tx.tenant(proposal.tenant)
                .count_tier_recipient(proposal.contact, now)
                .await?;
        }
        if facts.spend.is_some()
            && let Some(micro) = crate::rates::estimate(&facts)
        {
            tx.tenant(proposal.tenant).add_spend(micro, now).await?;
        }
        judge::count(ctx, judgement.verdict);
        judge::record(
            tx,
            tenant,
            ticket.decision,
            row.id,
            proposal,
            &facts,
            &judgement,
        )
        .await?;
        return Ok(Begun::Sending(Box::new(InFlight {
            cleared,
            access: Access { token },
            attempt: ticket.attempt,
            proposal: proposal.clone(),
            tries: row.tries,
            lane: None,
            bucket,
        })));
    }
    judge::count(ctx, judgement.verdict);
    judge::record(
        tx,
        tenant,
        ticket.decision,
        row.id,
        proposal,
        &facts,
        &judgement,
    )
    .await?;
    let (state, not_before) = judge::resting(&judgement, now);
    let rule = judgement.primary.as_deref();
    let outcome = if judgement.verdict == Verdict::Defer {
        tx.tenant(proposal.tenant)
            .defer_outbox(row.id, not_before, rule, ticket.decision)
            .await?;
        Begun::Later(not_before)
    } else {
        tx.tenant(proposal.tenant)
            .settle_outbox(row.id, state, rule, Some(ticket.decision), now)
            .await?;
        judge::tell_proposer(ctx, tx, tenant, proposal, &judgement).await?;
        Begun::Settled
    };
    tracing::info!(
        decision.id = %ticket.decision, outbox.id = %row.id, verdict = judgement.verdict.as_str(),
        rule.id = rule.unwrap_or(""), "judged at dispatch"
    );
    Ok(outcome)
}

/// Whether Meta's messaging limit counts this person: a template outside the window.
fn writes_first(proposal: &Proposal, facts: &portero_gate::Facts, now: Ts) -> bool {
    let open = facts
        .window
        .known()
        .and_then(|w| w.last_inbound_at)
        .is_some_and(|at| now < at + portero_gate::case::SERVICE_WINDOW);
    proposal.content.is_template() && !open
}

/// Sends a cleared message and settles its attempt.
pub(crate) async fn send(ctx: &Context, one: InFlight) -> Result<(), FlowError> {
    let InFlight {
        cleared,
        access,
        attempt,
        proposal,
        tries,
        lane,
        ..
    } = one;
    let begun = ctx.now();
    let outcome = ctx.transport.send(cleared, &access, begun).await;
    ctx.probe.at(Point::AfterAnswer);
    let mut again = 0;
    loop {
        match settle(ctx, attempt, &proposal, tries, lane, begun, &outcome).await {
            Err(FlowError::Store(e)) if e.is_transient() && again < 20 => again += 1,
            other => {
                other?;
                break;
            }
        }
    }
    ctx.probe.at(Point::AfterSettleCommit);
    ctx.wake_outbox.notify_one();
    ctx.touched();
    Ok(())
}

async fn settle(
    ctx: &Context,
    attempt: AttemptId,
    proposal: &Proposal,
    tries: u32,
    lane: Option<(Class, i64)>,
    begun: Ts,
    outcome: &SendOutcome,
) -> Result<(), FlowError> {
    let now = ctx.now();
    let outbox = proposal.id;
    let mut tx = ctx.store.write().await?;
    let mut wake_at = now;
    match outcome {
        SendOutcome::Accepted { wamid, wa_id, held } => {
            let status = if *held {
                MessageStatus::Held
            } else {
                MessageStatus::Accepted
            };
            let end = AttemptEnd::Accepted {
                wamid: wamid.clone(),
                status,
            };
            tx.tenant(proposal.tenant)
                .end_attempt(attempt, &end, now)
                .await?;
            if let Some(spelled) = wa_id
                && let Ok(key) = portero_domain::address::AddressKey::parse(spelled)
                && key == proposal.to
            {
                tx.tenant(proposal.tenant)
                    .add_aliases(proposal.contact, &[(key, spelled.clone())], now)
                    .await?;
            }
            ctx.counters.sends_accepted.one();
            tracing::info!(outbox.id = %outbox, wamid = %wamid, "accepted by Meta");
        }
        SendOutcome::Refused {
            code,
            title,
            http_status,
            reaction,
            ..
        } => {
            let end = AttemptEnd::Refused {
                code: *code,
                title: title.clone(),
                http: *http_status,
            };
            let ended = tx
                .tenant(proposal.tenant)
                .end_attempt(attempt, &end, now)
                .await?;
            if ended {
                wake_at = react(ctx, &mut tx, proposal, tries, begun, *code, reaction).await?;
            }
            ctx.counters.sends_refused.one();
            tracing::warn!(outbox.id = %outbox, code, title, "refused by Meta");
        }
        SendOutcome::NotSent { why } => {
            let end = AttemptEnd::NotSent { why: why.clone() };
            if tx
                .tenant(proposal.tenant)
                .end_attempt(attempt, &end, now)
                .await?
            {
                wake_at = requeue_or_fail(&mut tx, proposal, tries, now, Millis::secs(1)).await?;
            }
            ctx.counters.sends_not_sent.one();
            tracing::warn!(outbox.id = %outbox, why, "did not reach Meta");
        }
        SendOutcome::Lost { why } => {
            tx.tenant(proposal.tenant)
                .end_attempt(attempt, &AttemptEnd::Unknown { why: why.clone() }, now)
                .await?;
            ctx.counters.sends_unknown.one();
            tracing::warn!(outbox.id = %outbox, why, "answer lost: unknown until a status says otherwise");
        }
    }
    if let Some((class, fence)) = lane {
        tx.system()
            .release_lane(
                &proposal.sender,
                proposal.contact,
                class,
                fence,
                Some(wake_at),
            )
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// What Meta's refusal asks for, by table; returns when the lane may be looked at again.
async fn react(
    ctx: &Context,
    tx: &mut Tx,
    proposal: &Proposal,
    tries: u32,
    begun: Ts,
    code: i64,
    reaction: &Reaction,
) -> Result<Ts, FlowError> {
    let now = ctx.now();
    match reaction {
        Reaction::Retry {
            after_ms,
            max_tries,
        } if tries < *max_tries => {
            let wait = Millis(after_ms.saturating_mul(1 << tries.min(6)));
            return requeue_or_fail(tx, proposal, tries, now, wait).await;
        }
        Reaction::RetryPair => {
            let wait = Millis::secs(4_i64.saturating_pow(tries.min(5)));
            return requeue_or_fail(tx, proposal, tries, now, wait).await;
        }
        Reaction::SuppressMarketing => {
            let event = ConsentEvent {
                id: ConsentEventId::new(&*ctx.ids, now),
                kind: ConsentEventKind::MetaStop,
                scope: ConsentScope::Promotional,
                promise: None,
                wording: None,
                language: None,
                source: ConsentSource::MetaError,
                evidence: format!("error {code} on {}", proposal.id),
                captured_at: now,
                received_at: now,
                expires_at: None,
            };
            tx.tenant(proposal.tenant)
                .append_consent(proposal.contact, &event)
                .await?;
            tx.tenant(proposal.tenant)
                .cancel_queued(proposal.contact, true, "consent.meta-stop", now)
                .await?;
        }
        // Wrong values are the proposer's fault; the template itself is as it was.
        Reaction::RefreshTemplate => {
            tracing::warn!(code, "Meta knows this template otherwise: sync")
        }
        Reaction::PauseTemplate => {
            if let Content::Template(t) = &proposal.content {
                let status = match code {
                    132_015 => TemplateStatus::Paused,
                    132_016 => TemplateStatus::Disabled,
                    _ => TemplateStatus::Other("REFUSED_BY_META".to_owned()),
                };
                let mut tenant = tx.tenant(proposal.tenant);
                if let Some(number) = tenant.number(&proposal.sender).await?
                    && let Some(known) = tenant.template(&number.waba, &t.name, &t.language).await?
                    // What a webhook or sync said after this send began is newer than its answer.
                    && known.synced_at <= begun
                {
                    tenant
                        .set_template_status(&number.waba, &t.name, &t.language, &status, None, now)
                        .await?;
                }
            }
        }
        Reaction::PauseNumber | Reaction::PauseAccount => {
            let reason = format!("Meta error {code}");
            tx.tenant(proposal.tenant)
                .set_number_stop(&proposal.sender, Some((reason, now)))
                .await?;
        }
        _ => {}
    }
    Ok(now)
}

async fn requeue_or_fail(
    tx: &mut Tx,
    proposal: &Proposal,
    tries: u32,
    now: Ts,
    wait: Millis,
) -> Result<Ts, FlowError> {
    let at = now + wait;
    let mut tenant = tx.tenant(proposal.tenant);
    if tries >= MAX_TRIES {
        tenant
            .settle_outbox(proposal.id, OutboxState::Failed, None, None, now)
            .await?;
        return Ok(now);
    }
    tenant.requeue_outbox(proposal.id, at, now).await?;
    Ok(at)
}

/// Used by a commit that wants to send at once: the first queued row, if its person is free. The
/// number's bucket is still to be spent.
pub(crate) async fn begin_now(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    outbox: OutboxId,
) -> Result<Option<InFlight>, FlowError> {
    let Some(row) = tx.tenant(tenant.id).outbox(outbox).await? else {
        return Ok(None);
    };
    if !tx.tenant(tenant.id).is_lane_head(&row).await? {
        return Ok(None);
    }
    match begin(ctx, tx, tenant, &row).await? {
        Begun::Sending(one) => Ok(Some(*one)),
        _ => Ok(None),
    }
}
