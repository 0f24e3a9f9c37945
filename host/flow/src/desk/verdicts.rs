//! Verdicts in words: what was decided, by which rule, on which values, and what would help.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use portero_domain::clock::Ts;
use portero_domain::ids::{
    CampaignId, ContactId, DecisionId, EventId, InstallationId, OutboxId, TenantId, Wamid,
};
use portero_domain::language::Language;
use portero_domain::proposal::Origin;
use portero_gate::Judgement;
use portero_gate::explain::Explanation;
use portero_gate::facts::TemplateFact;
use portero_gate::record::DecisionRecord;
use portero_store::TenantTx;
use portero_store::model::{DecisionFilter, DecisionRow, EventRow, OutboxRow};
use serde::Serialize;

use crate::context::Context;
use crate::desk::messages::MessageView;
use crate::desk::verdict_days::{day_begins, zone};
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;

/// Messages of a person among which those that one of theirs led to are looked for, newest first.
const LOOKED_AT: usize = 200;

/// One verdict, explained.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VerdictView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: DecisionId,
    /// The message judged.
    #[schema(value_type = String)]
    pub message: OutboxId,
    /// The person.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// The plugin that proposed it, as installed.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation: Option<InstallationId>,
    /// The campaign it belongs to.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// Who proposed it: `plugin`, `api`, `campaign` or `host`.
    pub origin: String,
    /// What for, as declared.
    pub purpose: String,
    /// The template it was, as the registry had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// `admission` or `dispatch`.
    #[schema(value_type = String)]
    pub stage: portero_gate::Stage,
    /// `allow`, `defer`, `hold` or `deny`.
    pub verdict: String,
    /// First decisive rule.
    pub rule: Option<String>,
    /// When it could go, RFC 3339, if it was put off.
    pub until: Option<String>,
    /// One sentence per language: `es`, `pt`, `en`.
    pub summary: BTreeMap<String, String>,
    /// Every finding, in catalogue order, per language.
    #[schema(value_type = Object)]
    pub findings: BTreeMap<String, Vec<FindingView>>,
    /// Hash of the rules that judged.
    pub ruleset: String,
    /// Revision of the tenant's policy.
    pub policy_revision: String,
    /// Hash of the whole record.
    pub record_hash: String,
    /// When, RFC 3339.
    pub decided_at: String,
}

/// One finding in one language.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct FindingView {
    /// Rule id.
    pub rule: String,
    /// Its outcome; absent for a note.
    pub outcome: Option<String>,
    /// What it is about.
    pub title: String,
    /// What was found.
    pub sentence: String,
    /// What would help.
    pub remedy: String,
    /// Value found.
    pub value: String,
    /// What would have been allowed.
    pub limit: String,
    /// Where it can be seen.
    pub evidence: Vec<String>,
}

/// A sentence and every finding, per language.
pub(super) type Words = (BTreeMap<String, String>, BTreeMap<String, Vec<FindingView>>);

/// A judgement in one sentence per language.
pub(super) fn sentences(judgement: &Judgement) -> BTreeMap<String, String> {
    let said = |language| portero_gate::explain::explain(judgement, language).summary;
    Language::ALL
        .into_iter()
        .map(|language| (language.code().to_owned(), said(language)))
        .collect()
}

/// A judgement in words.
pub(super) fn words(judgement: &Judgement) -> Words {
    let mut summary = BTreeMap::new();
    let mut findings = BTreeMap::new();
    for language in Language::ALL {
        let explained: Explanation = portero_gate::explain::explain(judgement, language);
        summary.insert(language.code().to_owned(), explained.summary);
        // In words the decisive finding comes first; so must its values.
        let decisive = |f: &&portero_gate::Finding| Some(&f.rule) == judgement.primary.as_ref();
        let all = &judgement.findings;
        let list = all
            .iter()
            .filter(decisive)
            .chain(all.iter().filter(|f| !decisive(f)))
            .zip(explained.findings)
            .map(|(f, e)| FindingView {
                rule: f.rule.to_string(),
                outcome: f.outcome.map(|v| v.as_str().to_owned()),
                title: e.title,
                sentence: e.sentence,
                remedy: e.remedy,
                value: f.value.to_string(),
                limit: f.limit.to_string(),
                evidence: f.evidence.clone(),
            })
            .collect();
        findings.insert(language.code().to_owned(), list);
    }
    (summary, findings)
}

impl VerdictView {
    pub(super) fn of(row: &DecisionRow) -> Result<VerdictView, FlowError> {
        let record: DecisionRecord =
            serde_json::from_str(&row.record).map_err(|source| FlowError::Stored {
                what: "decision record",
                source,
            })?;
        let (summary, findings) = words(&record.judgement);
        Ok(VerdictView {
            id: row.id,
            message: row.outbox,
            contact: row.contact,
            installation: row.installation,
            campaign: row.campaign,
            origin: record.proposal.origin.as_str().to_owned(),
            purpose: record.proposal.purpose.as_str().to_owned(),
            template: match &record.facts.template {
                TemplateFact::Found(t) => Some(t.name.clone()),
                _ => None,
            },
            stage: row.stage,
            verdict: row.verdict.as_str().to_owned(),
            rule: row.rule.clone(),
            until: record.judgement.until.map(|t| t.rfc3339()),
            summary,
            findings,
            ruleset: record.ruleset.clone(),
            policy_revision: record.policy_revision.clone(),
            record_hash: row.content_hash.clone(),
            decided_at: row.decided_at.rfc3339(),
        })
    }
}

/// One verdict.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn get(
    ctx: &Context,
    tenant: TenantId,
    id: DecisionId,
) -> Result<VerdictView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx
        .tenant(tenant)
        .decision(id)
        .await?
        .ok_or_else(|| FlowError::not_found("verdict", id))?;
    VerdictView::of(&row)
}

/// Filters of a list of verdicts.
#[derive(Clone, Debug, Default)]
pub struct VerdictQuery {
    /// Only of this message.
    pub message: Option<OutboxId>,
    /// Only of this person.
    pub contact: Option<ContactId>,
    /// Only of messages that this plugin proposed: an installation (`ins_…`) or a plugin's id.
    pub plugin: Option<String>,
    /// Only of this campaign.
    pub campaign: Option<CampaignId>,
    /// Not before: RFC 3339, or a day of the tenant's.
    pub since: Option<String>,
    /// Before: RFC 3339, or a day of the tenant's.
    pub until: Option<String>,
    /// Only `allow`, `defer`, `hold` or `deny`.
    pub verdict: Option<String>,
    /// Only decided by this rule.
    pub rule: Option<String>,
    /// Rows.
    pub limit: usize,
    /// Cursor.
    pub after: Option<String>,
}

fn parse_verdict(text: &str) -> Result<portero_gate::Verdict, FlowError> {
    use portero_gate::Verdict::{Allow, Defer, Deny, Hold};
    [Allow, Defer, Hold, Deny]
        .into_iter()
        .find(|v| v.as_str() == text)
        .ok_or_else(|| {
            FlowError::bad(
                "verdict",
                format!("`{text}` is none of allow, defer, hold, deny"),
            )
        })
}

/// An instant, or the beginning of a day where the tenant is.
pub(super) fn instant(
    field: &'static str,
    text: Option<&str>,
    zone: &TimeZone,
) -> Result<Option<Ts>, FlowError> {
    let Some(text) = text else {
        return Ok(None);
    };
    if let Ok(at) = Ts::parse_rfc3339(text) {
        return Ok(Some(at));
    }
    let day = text.parse::<Date>().ok();
    let begins = day.and_then(|day| day_begins(day, zone));
    begins.map(Some).ok_or_else(|| {
        let why = format!("`{text}` is neither 2026-11-24T09:00:00Z nor 2026-11-24");
        FlowError::bad(field, why)
    })
}

/// The installation that is named, by its own id or its plugin's.
async fn installed(tx: &mut TenantTx<'_>, named: &str) -> Result<InstallationId, FlowError> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let mut all = tx.installations().await?.into_iter();
    all.find(|row| row.plugin_id.as_str() == named)
        .map(|row| row.id)
        .ok_or_else(|| FlowError::not_found("plugin", named))
}

/// Verdicts, newest first.
///
/// # Errors
/// Bad filters, or the database.
pub async fn list(
    ctx: &Context,
    tenant: TenantId,
    query: &VerdictQuery,
) -> Result<Page<VerdictView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let zone = zone(&tx.tenant(tenant).row().await?.timezone);
    let filter = DecisionFilter {
        outbox: query.message,
        contact: query.contact,
        installation: match &query.plugin {
            Some(plugin) => Some(installed(&mut tx.tenant(tenant), plugin).await?),
            None => None,
        },
        campaign: query.campaign,
        since: instant("since", query.since.as_deref(), &zone)?,
        until: instant("until", query.until.as_deref(), &zone)?,
        verdict: query.verdict.as_deref().map(parse_verdict).transpose()?,
        rule: query.rule.clone(),
        limit: query.limit,
        after: parse_cursor(query.after.as_deref())?,
    };
    let rows = tx.tenant(tenant).decisions(&filter).await?;
    let items = rows
        .iter()
        .map(VerdictView::of)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(items, query.limit, |v: &VerdictView| {
        v.id.to_string()
    }))
}

/// The answer to "why?": the messages meant and every verdict on them, oldest first.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WhyView {
    /// What was asked about.
    pub asked: String,
    /// The person's own message, when its id was asked about: `messages` are what was proposed
    /// because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound: Option<WhyInbound>,
    /// The messages.
    pub messages: Vec<WhyMessage>,
}

/// A message of a person, and what was made of it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WhyInbound {
    /// Its event.
    #[schema(value_type = String)]
    pub event: EventId,
    /// `pending`, `done`, `unhandled` or `failed`.
    pub state: String,
    /// How it was read, or why it rests.
    pub interpretation: String,
    /// When it came, RFC 3339.
    pub received_at: String,
}

/// One message with its verdicts.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WhyMessage {
    /// The message.
    pub message: MessageView,
    /// The campaign it belongs to, and why these people get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<WhyCampaign>,
    /// Verdicts, oldest first; the last one counts.
    pub verdicts: Vec<VerdictView>,
}

/// Why a campaign writes to somebody.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WhyCampaign {
    /// Which.
    #[schema(value_type = String)]
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// In the shop's words.
    pub why: String,
    /// Why the segment had this person when the audience was fixed, in the plugin's words.
    pub reason: Option<String>,
}

/// What was proposed because of a person's message, newest first.
async fn answers_to(tx: &mut TenantTx<'_>, event: &EventRow) -> Result<Vec<OutboxRow>, FlowError> {
    let Some(contact) = event.contact else {
        return Ok(Vec::new());
    };
    let filter = portero_store::model::OutboxFilter {
        contact: Some(contact),
        limit: LOOKED_AT,
        ..portero_store::model::OutboxFilter::default()
    };
    let mut rows = tx.outbox_list(&filter).await?;
    rows.retain(|row| row.event == Some(event.id));
    Ok(rows)
}

/// Explains a message (`out_…` or wamid; a person's own too), a verdict (`dec_…`) or a person (`con_…` or an address).
///
/// # Errors
/// [`FlowError::NotFound`] with what can be asked about, or the database.
pub async fn why(ctx: &Context, tenant: TenantId, id: &str) -> Result<WhyView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut inbound = None;
    let rows = if let Ok(outbox) = id.parse::<OutboxId>() {
        tx.tenant(tenant)
            .outbox(outbox)
            .await?
            .into_iter()
            .collect()
    } else if let Ok(decision) = id.parse::<DecisionId>() {
        match tx.tenant(tenant).decision(decision).await? {
            Some(row) => tx
                .tenant(tenant)
                .outbox(row.outbox)
                .await?
                .into_iter()
                .collect(),
            None => Vec::new(),
        }
    } else if let Some(wamid) = Wamid::new(id).filter(|_| id.starts_with("wamid.")) {
        let mut of = tx.tenant(tenant);
        match of.outbox_by_wamid(&wamid).await? {
            Some(row) => vec![row],
            None => match of.event_by_wamid(&wamid).await? {
                Some(event) => {
                    let rows = answers_to(&mut of, &event).await?;
                    inbound = Some(WhyInbound {
                        event: event.id,
                        state: event.state.as_str().to_owned(),
                        interpretation: event.interpretation,
                        received_at: event.received_at.rfc3339(),
                    });
                    rows
                }
                None => Vec::new(),
            },
        }
    } else {
        let contact = super::messages::find_contact(&mut tx, tenant, id)
            .await
            .map_err(|_| {
                FlowError::not_found(
                    "message (out_…, wamid.…), verdict (dec_…) or contact (con_…, number)",
                    id,
                )
            })?;
        let filter = portero_store::model::OutboxFilter {
            contact: Some(contact),
            limit: 20,
            ..portero_store::model::OutboxFilter::default()
        };
        tx.tenant(tenant).outbox_list(&filter).await?
    };
    if rows.is_empty() && inbound.is_none() {
        return Err(FlowError::not_found(
            "message, verdict or contact with messages",
            id,
        ));
    }
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        let filter = DecisionFilter {
            outbox: Some(row.id),
            limit: 50,
            ..DecisionFilter::default()
        };
        let mut verdicts = tx
            .tenant(tenant)
            .decisions(&filter)
            .await?
            .iter()
            .map(VerdictView::of)
            .collect::<Result<Vec<_>, _>>()?;
        verdicts.reverse();
        let campaign = match &row.proposal.origin {
            Origin::Campaign { campaign } => {
                let reason = tx
                    .tenant(tenant)
                    .membership_reason(*campaign, row.contact)
                    .await?;
                tx.tenant(tenant)
                    .campaign(*campaign)
                    .await?
                    .map(|c| WhyCampaign {
                        id: c.id,
                        name: c.definition.name,
                        why: c.definition.why,
                        reason,
                    })
            }
            _ => None,
        };
        messages.push(WhyMessage {
            message: MessageView::of(row),
            campaign,
            verdicts,
        });
    }
    Ok(WhyView {
        asked: id.to_owned(),
        inbound,
        messages,
    })
}
