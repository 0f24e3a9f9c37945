//! Step 4: a proposal is judged on facts read in this transaction, and written down with its verdict.
//!
//! Whatever the verdict, the proposal becomes a row of the outbox: nothing that was proposed is
//! ever unaccounted for.

use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::ids::{ConsentEventId, DecisionId, EventId, InstallationId, OutboxId};
use portero_domain::proof::{ConsentActor, ConsentChannel, ConsentProof, Initiator};
use portero_domain::proposal::{Class, Origin, OutboxState, Proposal, Purpose};
use portero_gate::facts::PluginFacts;
use portero_gate::record::{DecisionRecord, content_hash};
use portero_gate::{Facts, Judgement, Stage, Verdict};
use portero_store::Tx;
use portero_store::model::{
    AboutCart, DecisionRow, ERASED, FactsQuery, NewEvent, NewOutbox, SpendQuery, TenantRow, emptied,
};
use serde_json::json;

use crate::context::Context;
use crate::error::FlowError;
use crate::{limiter, money, rates};

/// What became of a proposal when it was made.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Its row; for a duplicate, the first one's.
    pub outbox: OutboxId,
    /// The record of this judgement.
    pub decision: DecisionId,
    /// The judgement.
    pub judgement: Judgement,
    /// The same key was decided before.
    pub duplicate: bool,
}

/// Where a proposal comes from, beyond what it says itself.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// The event that led to it.
    pub event: Option<EventId>,
    /// The plugin's facts, when a plugin proposes.
    pub plugin: Option<PluginFacts>,
    /// The cart whose news led to it: an order takes back what waits to be said of it.
    pub about: Option<AboutCart>,
}

/// How long a proposal makes sense unless it says otherwise.
#[must_use]
pub fn default_expiry(purpose: Purpose, now: Ts) -> Ts {
    now + match purpose {
        Purpose::Promotional => Millis::hours(72),
        Purpose::Transactional => Millis::hours(24),
        Purpose::Authentication => Millis::minutes(10),
        Purpose::Reply | Purpose::System | Purpose::ConsentRequest => Millis::minutes(15),
    }
}

/// The queue a message travels in.
#[must_use]
pub fn class_of(content: &portero_domain::content::Content, purpose: Purpose) -> Class {
    match (content.is_template(), purpose) {
        (false, _) => Class::Reply,
        (true, Purpose::Promotional) => Class::Campaign,
        (true, _) => Class::Transactional,
    }
}

/// Judges at admission and writes proposal and record.
///
/// # Errors
/// The database; never because of what the proposal says.
pub async fn admit(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    proposal: &Proposal,
    from: &Provenance,
) -> Result<Admitted, FlowError> {
    let now = ctx.now();
    let hash = content_hash(&proposal.content);
    let facts = facts(tx, tenant, proposal, &hash, from.plugin.clone(), now).await?;
    let judgement = portero_gate::admit(proposal, &facts, &tenant.policy, now);
    count(ctx, judgement.verdict);
    let decision = DecisionId::new(&*ctx.ids, now);
    let duplicate_of = facts.duplicate_of.as_ref().map(|d| d.of);
    let outbox = duplicate_of.unwrap_or(proposal.id);
    let row = self::decision(tenant, decision, outbox, proposal, &facts, &judgement);
    tx.tenant(proposal.tenant).insert_decision(&row).await?;
    if duplicate_of.is_none() {
        let (state, not_before) = resting(proposal, &judgement, now);
        let effective = portero_gate::effective_purpose(proposal, &facts);
        // What was to be said to an erased person is not kept, nor where.
        let erased = judgement.primary.as_deref() == Some(ERASED);
        let emptied = erased.then(|| emptied(proposal.clone()));
        let kept = emptied.as_ref().unwrap_or(proposal);
        let template_name = match &proposal.content {
            portero_domain::content::Content::Template(t) => Some(t.name.clone()),
            _ => None,
        };
        tx.tenant(proposal.tenant)
            .insert_outbox(
                &NewOutbox {
                    proposal: kept,
                    content_hash: if erased { "" } else { &hash },
                    event: from.event,
                    installation: installation(&proposal.origin),
                    is_promotional: effective == Purpose::Promotional,
                    is_template: proposal.content.is_template(),
                    template_name,
                    state,
                    rule: judgement.primary.clone(),
                    not_before,
                    admission_decision: decision,
                    cost_micro: rates::estimate(&facts),
                },
                now,
            )
            .await?;
        asked(ctx, tx, proposal, &judgement).await?;
        // The host's own question stays a question, whatever was ordered.
        if let Some(about) = &from.about
            && proposal.purpose != Purpose::ConsentRequest
        {
            tx.tenant(proposal.tenant)
                .speaks_of_cart(proposal.contact, proposal.id, about, now)
                .await?;
        }
        if state.is_final() || state == OutboxState::Deferred || state == OutboxState::InReview {
            tell_proposer(ctx, tx, tenant, proposal, &judgement).await?;
        }
    }
    tracing::info!(
        decision.id = %decision, outbox.id = %outbox, verdict = judgement.verdict.as_str(),
        rule.id = judgement.primary.as_deref().unwrap_or(""), "judged at admission"
    );
    Ok(Admitted {
        outbox,
        decision,
        judgement,
        duplicate: duplicate_of.is_some(),
    })
}

/// A consent question of a caller's own is on record like the host's (which writes its own, with its
/// wording); of one that was refused there is nothing to record.
pub(crate) async fn asked(
    ctx: &Context,
    tx: &mut Tx,
    proposal: &Proposal,
    judgement: &Judgement,
) -> Result<(), FlowError> {
    let own = matches!(
        proposal.origin,
        Origin::Api { .. } | Origin::Campaign { .. }
    );
    let goes = matches!(judgement.verdict, Verdict::Allow | Verdict::Defer);
    if proposal.purpose != Purpose::ConsentRequest || !own || !goes {
        return Ok(());
    }
    let now = ctx.now();
    let event = ConsentEvent {
        id: ConsentEventId::new(&*ctx.ids, now),
        kind: ConsentEventKind::Requested,
        scope: proposal
            .topic
            .clone()
            .map_or(ConsentScope::Promotional, ConsentScope::Topic),
        promise: None,
        wording: None,
        language: None,
        source: ConsentSource::Api,
        evidence: proposal.id.to_string(),
        captured_at: now,
        received_at: now,
        expires_at: None,
        proof: ConsentProof {
            actor: match &proposal.origin {
                Origin::Api { token } => Some(ConsentActor::Operator {
                    name: token.to_string(),
                }),
                _ => Some(ConsentActor::System),
            },
            initiated_by: Some(Initiator::Business),
            channel: Some(ConsentChannel::Whatsapp),
            question: Some(proposal.id),
            ..ConsentProof::default()
        },
    };
    tx.tenant(proposal.tenant)
        .append_consent(proposal.contact, &event)
        .await?;
    Ok(())
}

/// Facts of one proposal, content facts included.
pub(crate) async fn facts(
    tx: &mut Tx,
    tenant: &TenantRow,
    proposal: &Proposal,
    content_hash: &str,
    plugin: Option<PluginFacts>,
    now: Ts,
) -> Result<Facts, FlowError> {
    let content = portero_gate::detect::detect(&proposal.content);
    let query = FactsQuery {
        proposal,
        content_hash,
        content,
        plugin,
        now,
        spend: budgeted(tenant),
    };
    let mut facts = tx.tenant(proposal.tenant).load_facts(query).await?;
    price(tx, tenant, proposal, &mut facts, now).await?;
    Ok(facts)
}

/// Asks for the month's cost where the tenant has a budget.
pub(crate) fn budgeted(tenant: &TenantRow) -> Option<SpendQuery> {
    tenant
        .policy
        .monthly_budget_micro
        .map(|_| SpendQuery { this_micro: None })
}

/// Puts the price in, which depends on other facts.
async fn price(
    tx: &mut Tx,
    tenant: &TenantRow,
    proposal: &Proposal,
    facts: &mut Facts,
    now: Ts,
) -> Result<(), FlowError> {
    if let Some(mut spend) = facts.spend {
        let used = money::service_used(tx, tenant, proposal, now).await?;
        spend.this_micro = rates::cost(&proposal.content, facts, used, now);
        facts.spend = Some(spend);
    }
    Ok(())
}

/// Facts of many proposals of one tenant, content facts included; none of them is a plugin's own call.
pub(crate) async fn facts_many(
    tx: &mut Tx,
    tenant: &TenantRow,
    proposals: &[&Proposal],
    now: Ts,
) -> Result<Vec<Facts>, FlowError> {
    let hashes: Vec<String> = proposals.iter().map(|p| content_hash(&p.content)).collect();
    let queries = proposals
        .iter()
        .zip(&hashes)
        .map(|(proposal, content_hash)| FactsQuery {
            proposal,
            content_hash,
            content: portero_gate::detect::detect(&proposal.content),
            plugin: None,
            now,
            spend: budgeted(tenant),
        })
        .collect();
    let mut facts = tx.tenant(tenant.id).load_facts_many(queries).await?;
    for (proposal, facts) in proposals.iter().zip(&mut facts) {
        price(tx, tenant, proposal, facts, now).await?;
    }
    Ok(facts)
}

/// The record of one judgement.
pub(crate) fn decision(
    tenant: &TenantRow,
    id: DecisionId,
    outbox: OutboxId,
    proposal: &Proposal,
    facts: &Facts,
    judgement: &Judgement,
) -> DecisionRow {
    let record = DecisionRecord::new(
        proposal,
        facts,
        &tenant.policy,
        &tenant.policy_revision,
        judgement,
    );
    let (json, hash) = record.json_and_hash();
    DecisionRow {
        id,
        tenant: proposal.tenant,
        outbox,
        contact: proposal.contact,
        installation: installation(&proposal.origin),
        campaign: match &proposal.origin {
            Origin::Campaign { campaign } => Some(*campaign),
            _ => None,
        },
        stage: judgement.stage,
        verdict: judgement.verdict,
        rule: judgement.primary.clone(),
        content_hash: hash,
        record: json,
        decided_at: judgement.at,
    }
}

/// Where a judged proposal rests or ends.
///
/// What holds a whole campaign is no word about the person: their message rests, and the campaign
/// pauses until somebody decides ([`limiter::of`]).
pub(crate) fn resting(proposal: &Proposal, judgement: &Judgement, now: Ts) -> (OutboxState, Ts) {
    if limiter::of(proposal, judgement).is_some() {
        return (OutboxState::InReview, now);
    }
    match judgement.verdict {
        Verdict::Allow => (OutboxState::Queued, now),
        Verdict::Defer => (OutboxState::Deferred, judgement.until.unwrap_or(now)),
        Verdict::Hold => (OutboxState::InReview, now),
        Verdict::Deny if judgement.primary.as_deref() == Some("envelope.expired") => {
            (OutboxState::Expired, now)
        }
        Verdict::Deny => (OutboxState::Denied, now),
    }
}

pub(crate) fn count(ctx: &Context, verdict: Verdict) {
    match verdict {
        Verdict::Allow => ctx.counters.verdicts_allow.one(),
        Verdict::Defer => ctx.counters.verdicts_defer.one(),
        Verdict::Hold => ctx.counters.verdicts_hold.one(),
        Verdict::Deny => ctx.counters.verdicts_deny.one(),
    }
}

fn installation(origin: &Origin) -> Option<InstallationId> {
    match origin {
        Origin::Plugin { installation, .. } => Some(*installation),
        _ => None,
    }
}

/// Puts a verdict event into the inbox for the plugin that proposed; at most one generation.
pub(crate) async fn tell_proposer(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    proposal: &Proposal,
    judgement: &Judgement,
) -> Result<(), FlowError> {
    let Origin::Plugin {
        installation,
        generation: 0,
        ..
    } = &proposal.origin
    else {
        return Ok(());
    };
    if judgement.verdict == Verdict::Allow {
        return Ok(());
    }
    let explained = portero_gate::explain::explain(judgement, tenant.language);
    let remedy = explained
        .findings
        .first()
        .map(|f| f.remedy.clone())
        .unwrap_or_default();
    let payload = json!({
        "installation": installation,
        "proposal": proposal.id,
        "key": proposal.own_key,
        "verdict": judgement.verdict,
        "rule": judgement.primary,
        "earliest": judgement.until,
        "remedy": remedy,
        "stage": judgement.stage,
    });
    let stage = match judgement.stage {
        Stage::Admission => "a",
        Stage::Dispatch => "d",
    };
    let event = NewEvent {
        delivery: None,
        source: "host".to_owned(),
        field: String::new(),
        dedupe_key: format!("v:{}:{stage}", proposal.id),
        number: Some(proposal.sender.clone()),
        contact: Some(proposal.contact),
        ..NewEvent::pending(
            EventId::new(&*ctx.ids, ctx.now()),
            "verdict",
            format!("p:{}:{}", proposal.sender, proposal.contact),
            proposal.tenant,
            payload.to_string(),
            ctx.now(),
            ctx.clock.lease_now(),
        )
    };
    tx.system()
        .insert_events(std::slice::from_ref(&event))
        .await?;
    ctx.wake_inbox.notify_one();
    Ok(())
}
