//! Answers of Meta written down: those that are there at the same moment, in one transaction.

use std::collections::BTreeMap;

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::{AttemptId, TenantId};
use portero_domain::proposal::{Class, Proposal};
use portero_domain::status::MessageStatus;
use portero_meta::transport::SendOutcome;
use portero_store::Tx;
use portero_store::model::{AcceptedAttempt, AttemptEnd, LaneRelease};

use super::react::{self, MetaError};
use crate::context::Context;
use crate::error::FlowError;
use crate::together::{Together, Told};

/// Answers per transaction.
const MOST: usize = 64;
/// Tries of a transaction that others got in the way of.
const TRIES: u32 = 20;

/// What became of one attempt.
pub(crate) struct Answer {
    pub(super) attempt: AttemptId,
    pub(super) proposal: Proposal,
    pub(super) tries: u32,
    /// The lane that is this attempt's until it is settled.
    pub(super) lane: Option<(Class, i64)>,
    /// When it was handed to the transport.
    pub(super) begun: Ts,
    pub(super) outcome: SendOutcome,
}

/// Answers that wait to be written down. Whoever has the turn writes for all.
pub(crate) type Settling = Together<Answer, ()>;

/// Writes an answer down; returns when it is durable.
pub(super) async fn settle(ctx: &Context, answer: Answer) -> Result<(), FlowError> {
    let hear = ctx.settling.add(answer);
    {
        let _turn = ctx.settling.turn().await;
        let (answers, told) = ctx.settling.take(MOST);
        together(ctx, answers, told).await;
    }
    // Whoever had the turn before may have written this one; else it was this turn or is lost with it.
    match hear.await {
        Ok(done) => done,
        Err(_) => Err(FlowError::not_found("whoever settles", "answer")),
    }
}

async fn together(ctx: &Context, answers: Vec<Answer>, told: Vec<Told<()>>) {
    if answers.len() > 1 {
        match patiently(ctx, &answers).await {
            Ok(()) => {
                for told in told {
                    let _ = told.send(Ok(()));
                }
                return;
            }
            // One of them is the cause: each gets a transaction and an error of its own.
            Err(error) => {
                tracing::warn!(error.chain = %error.chain(), "answers are written down one by one");
            }
        }
    }
    for (answer, told) in answers.iter().zip(told) {
        let _ = told.send(patiently(ctx, std::slice::from_ref(answer)).await);
    }
}

async fn patiently(ctx: &Context, answers: &[Answer]) -> Result<(), FlowError> {
    let mut tries = 0;
    loop {
        match write(ctx, answers).await {
            Err(FlowError::Store(e)) if e.is_transient() && tries < TRIES => tries += 1,
            other => return other,
        }
    }
}

async fn write(ctx: &Context, answers: &[Answer]) -> Result<(), FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let mut tenants: BTreeMap<TenantId, Vec<&Answer>> = BTreeMap::new();
    for answer in answers {
        tenants
            .entry(answer.proposal.tenant)
            .or_default()
            .push(answer);
    }
    let mut lanes = Vec::with_capacity(answers.len());
    for (tenant, answers) in &tenants {
        accepted(&mut tx, *tenant, answers, now).await?;
        for answer in answers {
            let wake_at = other(ctx, &mut tx, answer, now).await?;
            if let Some((class, fence)) = answer.lane {
                lanes.push(LaneRelease {
                    number: answer.proposal.sender.clone(),
                    contact: answer.proposal.contact,
                    class,
                    fence,
                    ready_at: Some(wake_at),
                });
            }
        }
    }
    tx.system().release_lanes(&lanes).await?;
    tx.commit().await?;
    for answer in answers {
        tell(ctx, answer);
    }
    Ok(())
}

/// What Meta took, together.
async fn accepted(
    tx: &mut Tx,
    tenant: TenantId,
    answers: &[&Answer],
    now: Ts,
) -> Result<(), FlowError> {
    let (mut taken, mut spelled) = (Vec::new(), Vec::new());
    for answer in answers {
        let SendOutcome::Accepted { wamid, wa_id, held } = &answer.outcome else {
            continue;
        };
        taken.push(AcceptedAttempt {
            id: answer.attempt,
            wamid: wamid.clone(),
            status: if *held {
                MessageStatus::Held
            } else {
                MessageStatus::Accepted
            },
        });
        let to = &answer.proposal.to;
        if let Some(text) = wa_id
            && AddressKey::parse(text).is_ok_and(|key| key == *to)
        {
            spelled.push((answer.proposal.contact, to, text.as_str()));
        }
    }
    let mut mine = tx.tenant(tenant);
    mine.accept_attempts(&taken, now).await?;
    mine.spell_aliases(&spelled, now).await?;
    Ok(())
}

/// What Meta did not take, each by itself; says when its lane may be looked at again.
async fn other(ctx: &Context, tx: &mut Tx, answer: &Answer, now: Ts) -> Result<Ts, FlowError> {
    let proposal = &answer.proposal;
    let end = match &answer.outcome {
        SendOutcome::Accepted { .. } => return Ok(now),
        SendOutcome::Refused {
            code,
            title,
            http_status,
            ..
        } => AttemptEnd::Refused {
            code: *code,
            title: title.clone(),
            http: *http_status,
        },
        SendOutcome::Stale { why } | SendOutcome::NotSent { why } => {
            AttemptEnd::NotSent { why: why.clone() }
        }
        SendOutcome::Lost { why } => AttemptEnd::Unknown { why: why.clone() },
    };
    let ended = tx
        .tenant(proposal.tenant)
        .end_attempt(answer.attempt, &end, now)
        .await?;
    if !ended {
        return Ok(now);
    }
    match &answer.outcome {
        SendOutcome::Refused { code, reaction, .. } => {
            let error = MetaError {
                proposal,
                code: *code,
                reaction: *reaction,
                at: answer.begun,
            };
            react::refused(ctx, tx, &error).await
        }
        SendOutcome::NotSent { .. } => react::not_sent(tx, proposal, answer.tries, now).await,
        SendOutcome::Stale { .. } => react::stale(tx, proposal, now).await,
        _ => Ok(now),
    }
}

fn tell(ctx: &Context, answer: &Answer) {
    let outbox = answer.proposal.id;
    match &answer.outcome {
        SendOutcome::Accepted { wamid, .. } => {
            ctx.counters.sends_accepted.one();
            tracing::info!(outbox.id = %outbox, wamid = %wamid, "accepted by Meta");
        }
        SendOutcome::Refused { code, title, .. } => {
            ctx.counters.sends_refused.one();
            tracing::warn!(outbox.id = %outbox, code, title, "refused by Meta");
        }
        SendOutcome::NotSent { why } => {
            ctx.counters.sends_not_sent.one();
            tracing::warn!(outbox.id = %outbox, why, "did not reach Meta");
        }
        SendOutcome::Stale { why } => {
            tracing::warn!(outbox.id = %outbox, why, "not offered to Meta; judged again");
        }
        SendOutcome::Lost { why } => {
            ctx.counters.sends_unknown.one();
            tracing::warn!(outbox.id = %outbox, why, "answer lost: unknown until a status says otherwise");
        }
    }
}
