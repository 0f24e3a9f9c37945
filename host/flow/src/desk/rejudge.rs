//! A verdict judged again with what is known now, as if its message were proposed this moment. Nothing
//! is sent, nothing is kept.

use std::collections::{BTreeMap, BTreeSet};

use portero_domain::ids::{DecisionId, OutboxId, TenantId};
use portero_gate::record::{DecisionRecord, RULESET_HASH, content_hash, replay};
use portero_gate::{Judgement, Stage, Verdict};
use serde::Serialize;

use crate::context::Context;
use crate::desk::verdicts::{FindingView, words};
use crate::error::FlowError;
use crate::judge;

/// What the gate would say now, beside what it said.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RejudgedView {
    /// The verdict judged again.
    #[schema(value_type = String)]
    pub id: DecisionId,
    /// Its message.
    #[schema(value_type = String)]
    pub message: OutboxId,
    /// What was said then.
    pub was: SaidView,
    /// What would be said now.
    pub now: SaidView,
    /// Whether verdict or rule differ.
    pub changed: bool,
    /// Every rule that finds something else than it did.
    pub changes: Vec<ChangeView>,
    /// Whether the rules themselves are others by now.
    pub other_rules: bool,
    /// Whether the tenant's policy is another by now.
    pub other_policy: bool,
    /// One sentence per language: what the gate would say now.
    pub summary: BTreeMap<String, String>,
    /// Every finding of now, the decisive one first, per language.
    #[schema(value_type = Object)]
    pub findings: BTreeMap<String, Vec<FindingView>>,
}

/// A judgement in short.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SaidView {
    /// `admission` or `dispatch`: where it came to an end.
    #[schema(value_type = String)]
    pub stage: Stage,
    /// `allow`, `defer`, `hold` or `deny`.
    pub verdict: String,
    /// First decisive rule.
    pub rule: Option<String>,
    /// When it could go, RFC 3339, if it is put off.
    pub until: Option<String>,
    /// At which instant, RFC 3339.
    pub at: String,
}

/// What one rule finds otherwise.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ChangeView {
    /// Rule id.
    pub rule: String,
    /// What it found then: outcome (or `note`) and value; nothing when it was content.
    pub was: Option<String>,
    /// What it finds now.
    pub now: Option<String>,
}

fn said(judgement: &Judgement) -> SaidView {
    SaidView {
        stage: judgement.stage,
        verdict: judgement.verdict.as_str().to_owned(),
        rule: judgement.primary.clone(),
        until: judgement.until.map(|at| at.rfc3339()),
        at: judgement.at.rfc3339(),
    }
}

/// Rules that find something else, in their order by name.
fn changes(was: &Judgement, now: &Judgement) -> Vec<ChangeView> {
    let found = |judgement: &Judgement| -> BTreeMap<String, String> {
        judgement
            .findings
            .iter()
            .map(|f| {
                let outcome = f.outcome.map_or("note", Verdict::as_str);
                (f.rule.to_string(), format!("{outcome}: {}", f.value))
            })
            .collect()
    };
    let (was, now) = (found(was), found(now));
    let rules: BTreeSet<&String> = was.keys().chain(now.keys()).collect();
    rules
        .into_iter()
        .filter(|rule| was.get(*rule) != now.get(*rule))
        .map(|rule| ChangeView {
            rule: rule.clone(),
            was: was.get(rule).cloned(),
            now: now.get(rule).cloned(),
        })
        .collect()
}

/// Judges a verdict's message again. What passes the admission is judged as if its turn to leave had
/// come, so that what only speaks there is heard.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), [`FlowError::WrongState`] when the message's words are not
/// kept any more, or the database.
pub async fn rejudge(
    ctx: &Context,
    tenant: TenantId,
    id: DecisionId,
) -> Result<RejudgedView, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.read().await?;
    let missing = || FlowError::not_found("verdict", id);
    let row = tx.tenant(tenant).decision(id).await?.ok_or_else(missing)?;
    let record: DecisionRecord =
        serde_json::from_str(&row.record).map_err(|source| FlowError::Stored {
            what: "decision record",
            source,
        })?;
    let message = tx
        .tenant(tenant)
        .outbox(row.outbox)
        .await?
        .ok_or_else(missing)?;
    if message.words_gone() {
        return Err(FlowError::WrongState {
            what: id.to_string(),
            state: "content gone".to_owned(),
            why: "what the message said is not kept any more; its verdict still is (`portero why`)"
                .to_owned(),
        });
    }
    let mut proposal = message.proposal;
    let lives = proposal.expires_at.since(proposal.created_at);
    proposal.created_at = now;
    proposal.expires_at = now.plus_ms(lives);
    let tenant_row = tx.tenant(tenant).row().await?;
    let hash = content_hash(&proposal.content);
    let plugin = record.facts.plugin.clone();
    let facts = judge::facts(&mut tx, &tenant_row, &proposal, &hash, plugin, now).await?;
    let policy = &tenant_row.policy;
    let mut judgement = portero_gate::admit(&proposal, &facts, policy, now);
    if judgement.verdict == Verdict::Allow {
        let leaving = Judgement {
            stage: Stage::Dispatch,
            ..judgement
        };
        let revision = &tenant_row.policy_revision;
        let again = DecisionRecord::new(&proposal, &facts, policy, revision, &leaving);
        judgement = replay(&again).judgement;
    }
    let (summary, findings) = words(&judgement);
    let (was, is) = (said(&record.judgement), said(&judgement));
    Ok(RejudgedView {
        id,
        message: row.outbox,
        changed: (&was.verdict, &was.rule) != (&is.verdict, &is.rule),
        changes: changes(&record.judgement, &judgement),
        other_rules: record.ruleset != *RULESET_HASH,
        other_policy: record.policy_revision != tenant_row.policy_revision,
        was,
        now: is,
        summary,
        findings,
    })
}
