//! What Meta's errors ask for, by table: of a send that was refused, and of one that failed afterwards.

use portero_domain::account::AccountRefusal;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::content::Content;
use portero_domain::ids::ConsentEventId;
use portero_domain::proposal::Proposal;
use portero_domain::template::TemplateStatus;
use portero_meta::send_failure::{NO_CODE, Reaction};
use portero_store::Tx;

use crate::context::Context;
use crate::error::FlowError;

/// The longest wait between two tries, where the table asks for no longer one.
const LONGEST: Millis = Millis::minutes(10);
/// Doublings beyond which nothing grows any more.
const MOST_DOUBLINGS: u32 = 30;
/// The status of a template Meta described differently from what we know. Only what Meta says of it
/// next (a sync, a webhook) ends it.
pub(crate) const OUTDATED: &str = "OUTDATED";

/// An error of Meta about a message.
pub(crate) struct MetaError<'a> {
    pub(crate) proposal: &'a Proposal,
    pub(crate) code: i64,
    pub(crate) reaction: Reaction,
    /// What Meta says later than this is newer than the error.
    pub(crate) at: Ts,
}

/// What the refusal of a send asks for; returns when the lane may be looked at again.
pub(super) async fn refused(
    ctx: &Context,
    tx: &mut Tx,
    error: &MetaError<'_>,
) -> Result<Ts, FlowError> {
    let now = ctx.now();
    let proposal = error.proposal;
    if !error.reaction.is_retry() {
        beyond(ctx, tx, error).await?;
        return Ok(now);
    }
    // Tries that never reached Meta say nothing of what Meta thinks of the message.
    let attempts = tx.tenant(proposal.tenant).attempts(proposal.id).await?;
    let refusals = attempts.iter().filter(|a| a.state == "refused").count();
    let before = u32::try_from(refusals.saturating_sub(1)).unwrap_or(u32::MAX);
    match error.reaction {
        Reaction::Retry {
            max_tries: Some(most),
            ..
        } if before >= most => Ok(now),
        Reaction::Retry { after_ms, .. } => {
            let wait = growing(Millis(after_ms), 2, before);
            again(tx, proposal, now, wait, true).await
        }
        _ => {
            let wait = growing(Millis::secs(1), 4, before);
            again(tx, proposal, now, wait, true).await
        }
    }
}

/// It surely did not reach Meta, `tries` times before: later again, until it expires.
pub(super) async fn not_sent(
    tx: &mut Tx,
    proposal: &Proposal,
    tries: u32,
    now: Ts,
) -> Result<Ts, FlowError> {
    again(tx, proposal, now, growing(Millis::secs(1), 2, tries), true).await
}

/// Its clearance ran out before it was offered: judged again at once. That is no try.
pub(super) async fn stale(tx: &mut Tx, proposal: &Proposal, now: Ts) -> Result<Ts, FlowError> {
    again(tx, proposal, now, Millis(0), false).await
}

/// `first` times `factor` to the power of `before`, not above [`LONGEST`] or `first`.
fn growing(first: Millis, factor: i64, before: u32) -> Millis {
    let grown = first
        .0
        .saturating_mul(factor.saturating_pow(before.min(MOST_DOUBLINGS)));
    Millis(grown.min(LONGEST.0.max(first.0)))
}

/// Queues it again. Its expiry is looked at no later than it comes: the gate ends it there.
async fn again(
    tx: &mut Tx,
    proposal: &Proposal,
    now: Ts,
    wait: Millis,
    counts: bool,
) -> Result<Ts, FlowError> {
    let at = (now + wait).min(proposal.expires_at.max(now));
    tx.tenant(proposal.tenant)
        .requeue_outbox(proposal.id, at, counts, now)
        .await?;
    Ok(at)
}

/// What an error means beyond its message: for the person, the template, the number, the account.
///
/// A message that Meta took and that failed afterwards is never sent again by itself; the rest of
/// the table holds for it as well.
pub(crate) async fn beyond(
    ctx: &Context,
    tx: &mut Tx,
    error: &MetaError<'_>,
) -> Result<(), FlowError> {
    let now = ctx.now();
    let (proposal, code) = (error.proposal, error.code);
    match error.reaction {
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
                captured_at: error.at,
                received_at: now,
                expires_at: None,
                proof: portero_domain::proof::ConsentProof::default(),
            };
            let mut tenant = tx.tenant(proposal.tenant);
            tenant.append_consent(proposal.contact, &event).await?;
            tenant
                .cancel_queued(proposal.contact, true, "consent.meta-stop", now)
                .await?;
        }
        // The gate checked its values against what we know: Meta knows it otherwise.
        Reaction::RefreshTemplate => {
            tracing::warn!(
                code,
                "a template is not what we know of it: `portero template sync`"
            );
            template(tx, error, OUTDATED).await?;
        }
        Reaction::PauseTemplate => {
            let status = match code {
                132_015 => "PAUSED",
                132_016 => "DISABLED",
                _ => "REFUSED_BY_META",
            };
            template(tx, error, status).await?;
        }
        Reaction::PauseNumber | Reaction::PauseAccount => {
            let whole = error.reaction == Reaction::PauseAccount;
            let stopped = tx
                .tenant(proposal.tenant)
                .halt_numbers(&proposal.sender, whole, &format!("Meta error {code}"), now)
                .await?;
            tracing::error!(
                code,
                stopped,
                "Meta's error stops sending until somebody resumes it"
            );
        }
        // The gate keeps the account still until its time is over (`account.restricted`).
        Reaction::RestAccount => {
            let refusal = AccountRefusal { code, at: error.at };
            let mut tenant = tx.tenant(proposal.tenant);
            if let Some(number) = tenant.number(&proposal.sender).await? {
                tenant
                    .set_account_refusal(&number.waba, refusal, now)
                    .await?;
            }
            tracing::error!(
                code,
                until = refusal.until().rfc3339(),
                "Meta's error keeps the account still: see WhatsApp Manager"
            );
        }
        Reaction::Alert if code != NO_CODE => {
            tracing::error!(
                code,
                "Meta's error needs an operator: nothing is sent again by itself"
            );
        }
        Reaction::Alert
        | Reaction::Drop
        | Reaction::Fix
        | Reaction::Retry { .. }
        | Reaction::RetryPair => {}
    }
    Ok(())
}

/// Takes a template out of use, unless Meta said something of it since.
async fn template(tx: &mut Tx, error: &MetaError<'_>, status: &str) -> Result<(), FlowError> {
    let Content::Template(t) = &error.proposal.content else {
        return Ok(());
    };
    let mut tenant = tx.tenant(error.proposal.tenant);
    if let Some(number) = tenant.number(&error.proposal.sender).await? {
        let status = TemplateStatus::from(status.to_owned());
        tenant
            .set_template_status(&number.waba, &t.name, &t.language, &status, None, error.at)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_no_further() {
        let waits: Vec<i64> = (0..12)
            .map(|n| growing(Millis::secs(1), 2, n).0 / 1_000)
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        let pair: Vec<i64> = (0..6)
            .map(|n| growing(Millis::secs(1), 4, n).0 / 1_000)
            .collect();
        assert_eq!(pair, [1, 4, 16, 64, 256, 600]);
        assert_eq!(growing(Millis::hours(1), 2, 3), Millis::hours(1));
        assert_eq!(growing(Millis::secs(1), 4, u32::MAX), LONGEST);
    }
}
