//! From committed rows to outcomes, once each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use portero_domain::campaign::{Audience, CampaignDefinition};
use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::status::MessageStatus;
use portero_domain::template::TemplateCategory;
use portero_store::Tx;
use portero_store::model::{
    MessageLabels, ObservationRow, Tallied, TalliedMessage, TenantRow, UntalliedMessage,
};

use crate::briefing::REACH;
use crate::context::Context;
use crate::error::FlowError;
use crate::rates;
use crate::tally::{day, zone};

/// Rows taken from each source at a time.
const ROWS: usize = 500;

type Labels = Vec<(String, String)>;

/// Takes what happened since the last time into the tenant's feed. Returns how many rows it took.
///
/// Each source is a transaction of its own: a crash between two of them leaves the second for later.
///
/// # Errors
/// The database.
pub async fn gather(ctx: &Context, tenant: &TenantRow) -> Result<usize, FlowError> {
    let mut rows = 0;
    for source in Source::ALL {
        let mut tx = ctx.store.write().await?;
        tx.tenant(tenant.id).lock_feed().await?;
        let mut feed = Feed::new(&tenant.timezone);
        let took = match source {
            Source::Messages => messages(&mut tx, tenant, &mut feed).await?,
            Source::Failures => failures(&mut tx, tenant, &mut feed).await?,
            Source::Consents => consents(&mut tx, tenant, &mut feed).await?,
            Source::Inbound => inbound(&mut tx, tenant, &mut feed).await?,
            Source::Quality => quality(&mut tx, tenant, &mut feed).await?,
            Source::Metrics => metrics(&mut tx, tenant, &mut feed).await?,
        };
        if took == 0 {
            continue;
        }
        tx.tenant(tenant.id)
            .append_observations(&feed.sorted())
            .await?;
        tx.commit().await?;
        rows += took;
    }
    Ok(rows)
}

#[derive(Clone, Copy)]
enum Source {
    Messages,
    Failures,
    Consents,
    Inbound,
    Quality,
    Metrics,
}

impl Source {
    const ALL: [Source; 6] = [
        Source::Messages,
        Source::Failures,
        Source::Consents,
        Source::Inbound,
        Source::Quality,
        Source::Metrics,
    ];
}

/// Outcomes on their way into the feed.
struct Feed {
    zone: TimeZone,
    all: Vec<ObservationRow>,
}

impl Feed {
    fn new(timezone: &str) -> Feed {
        Feed {
            zone: zone(timezone),
            all: Vec::new(),
        }
    }

    fn push(&mut self, name: &str, at: i64, mut labels: Labels, value: i64) {
        labels.sort();
        self.all.push(ObservationRow {
            seq: 0,
            name: name.to_owned(),
            at: Ts(at),
            day: day(&self.zone, Ts(at)),
            labels,
            value,
        });
    }

    /// Oldest first; what happened at the same instant stays as it was taken.
    fn sorted(mut self) -> Vec<ObservationRow> {
        self.all.sort_by_key(|o| o.at);
        self.all
    }
}

fn put(labels: &mut Labels, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|v| !v.is_empty()) {
        labels.push((name.to_owned(), value.to_owned()));
    }
}

fn of_message(m: &MessageLabels) -> Labels {
    let mut labels = Labels::new();
    put(&mut labels, "purpose", Some(&m.purpose));
    put(&mut labels, "topic", m.topic.as_deref());
    put(&mut labels, "template", m.template_name.as_deref());
    put(&mut labels, "campaign", m.campaign_id.as_deref());
    put(&mut labels, "plugin", m.plugin_id.as_deref());
    put(&mut labels, "origin", Some(&m.origin));
    put(&mut labels, "country", m.country.as_deref());
    // What was approved does not change: the segment is the one the campaign was made for.
    let made_for = m.definition.as_deref().and_then(segment);
    put(&mut labels, "segment", made_for.as_deref());
    let granted = m.grant_event.as_deref().and_then(|g| read_consent(g).ok());
    put(
        &mut labels,
        "opt_in_source",
        granted.as_ref().map(source_word).as_deref(),
    );
    labels
}

fn segment(definition: &str) -> Option<String> {
    let definition: CampaignDefinition = serde_json::from_str(definition).ok()?;
    match definition.audience {
        Audience::Segment { segment, .. } => Some(segment),
        _ => None,
    }
}

/// What one delivered message costs by the dated table, in millionths, and in which currency: by what
/// Meta said of it, else as it was reckoned when it left. Nothing where the table has no price, or the day
/// is not one of its days.
fn cost(
    country: Option<&str>,
    pricing: Option<&str>,
    reckoned: Option<i64>,
    at: Ts,
) -> Option<(i64, &'static str)> {
    let table = rates::rates();
    let currency = table.currency.as_str();
    let Some((category, kind)) = pricing.and_then(|p| p.split_once('/')) else {
        return reckoned.filter(|_| table.covers(at)).map(|n| (n, currency));
    };
    if kind.starts_with("free") {
        return Some((0, currency));
    }
    if !table.covers(at) {
        return None;
    }
    let category = match category {
        "marketing" => TemplateCategory::Marketing,
        // A free-form message costs as much as a utility template.
        "utility" | "service" => TemplateCategory::Utility,
        "authentication" => TemplateCategory::Authentication,
        _ => return None,
    };
    Some((rates::price(country?, category)?.micro, currency))
}

async fn labels_of(
    tx: &mut Tx,
    tenant: &TenantRow,
    ids: BTreeSet<String>,
) -> Result<BTreeMap<String, Labels>, FlowError> {
    let ids: Vec<String> = ids.into_iter().collect();
    let rows = tx.tenant(tenant.id).message_labels(&ids).await?;
    Ok(rows
        .into_iter()
        .map(|m| (m.outbox_id.clone(), of_message(&m)))
        .collect())
}

/// What we decided and what Meta says of each message.
async fn messages(tx: &mut Tx, tenant: &TenantRow, feed: &mut Feed) -> Result<usize, FlowError> {
    let rows = tx.tenant(tenant.id).untallied_messages(ROWS).await?;
    let shown: Vec<TalliedMessage> = rows.iter().map(|m| message(m, feed)).collect();
    tx.tenant(tenant.id).mark_messages(&shown).await?;
    Ok(rows.len())
}

/// A state that is an outcome, and the label that tells more of it.
fn outcome(state: &str) -> Option<&'static str> {
    match state {
        "denied" | "expired" | "cancelled" => Some("rule"),
        "failed" => Some("code"),
        "sent" => Some(""),
        _ => None,
    }
}

fn message(m: &UntalliedMessage, feed: &mut Feed) -> TalliedMessage {
    let labels = of_message(&m.labels);
    let mut shown = TalliedMessage {
        outbox: m.labels.outbox_id.clone(),
        state: m.state.clone(),
        rank: m.status_rank.max(m.tallied_rank),
        label: m.tallied_label.clone(),
        at: m.tallied_at,
    };
    if m.tallied_state.is_empty() {
        feed.push("proposed", m.created_at, labels.clone(), 1);
    }
    if m.state != m.tallied_state {
        // A message may leave after all, whatever had been decided meanwhile: what was shown is
        // taken back on the day it was shown for.
        if let Some(more) = outcome(&m.tallied_state) {
            let mut labels = labels.clone();
            put(&mut labels, more, m.tallied_label.as_deref());
            let at = m.tallied_at.unwrap_or(m.created_at);
            feed.push(&m.tallied_state, at, labels, -1);
        }
        (shown.label, shown.at) = (None, None);
        if let Some(more) = outcome(&m.state) {
            let (label, at) = match m.state.as_str() {
                "failed" => (m.error_code.map(|c| c.to_string()), m.settled_at),
                "sent" => (None, m.begun_at),
                _ => (m.rule.clone(), m.settled_at),
            };
            let at = at.or(m.settled_at).unwrap_or(m.created_at);
            let mut labels = labels.clone();
            put(&mut labels, more, label.as_deref());
            feed.push(&m.state, at, labels, 1);
            (shown.label, shown.at) = (label, Some(at));
        }
    }
    let passed =
        |status: MessageStatus| m.tallied_rank < status.rank() && status.rank() <= m.status_rank;
    let about = m.status_at.unwrap_or(m.created_at);
    if passed(MessageStatus::Delivered) {
        let mut labels = labels.clone();
        put(&mut labels, "pricing", m.pricing.as_deref());
        let at = m.delivered_at.unwrap_or(about);
        let priced = cost(
            m.labels.country.as_deref(),
            m.pricing.as_deref(),
            m.cost_micro,
            Ts(at),
        );
        if let Some((micro, currency)) = priced {
            put(&mut labels, "price_micro", Some(&micro.to_string()));
            put(&mut labels, "price_currency", Some(currency));
        }
        feed.push("delivered", at, labels, 1);
    }
    if passed(MessageStatus::Read) {
        feed.push("read", m.read_at.unwrap_or(about), labels, 1);
    }
    shown
}

/// What Meta accepted and then could not deliver.
async fn failures(tx: &mut Tx, tenant: &TenantRow, feed: &mut Feed) -> Result<usize, FlowError> {
    let rows = tx.tenant(tenant.id).untallied_failures(ROWS).await?;
    let ids = rows.iter().map(|f| f.outbox_id.clone()).collect();
    let known = labels_of(tx, tenant, ids).await?;
    for failure in &rows {
        let mut labels = known.get(&failure.outbox_id).cloned().unwrap_or_default();
        let code = failure.error_code.map(|c| c.to_string());
        put(&mut labels, "code", code.as_deref());
        feed.push("failed", failure.at, labels, 1);
    }
    let ids = rows.iter().map(|f| f.wamid.clone()).collect();
    let marked = Tallied::Failures(ids);
    tx.tenant(tenant.id).mark_tallied(&marked).await?;
    Ok(rows.len())
}

fn read_consent(text: &str) -> Result<ConsentEvent, FlowError> {
    serde_json::from_str(text).map_err(|source| FlowError::Stored {
        what: "consent event",
        source,
    })
}

fn source_word(event: &ConsentEvent) -> String {
    match serde_json::to_value(event.source) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "unknown".to_owned(),
    }
}

/// Who agreed, declined, left; and after which template.
async fn consents(tx: &mut Tx, tenant: &TenantRow, feed: &mut Feed) -> Result<usize, FlowError> {
    let rows = tx
        .tenant(tenant.id)
        .untallied_consents(ROWS, REACH.0)
        .await?;
    let ids = rows.iter().filter_map(|r| r.outbox_id.clone()).collect();
    let known = labels_of(tx, tenant, ids).await?;
    for row in &rows {
        let event = read_consent(&row.event)?;
        let mut labels = Labels::new();
        let name = match event.kind {
            // Refused before an erasure, and counted then.
            _ if event.source == ConsentSource::Erasure => continue,
            ConsentEventKind::Granted => "opt_in",
            ConsentEventKind::Declined => "declined",
            ConsentEventKind::Revoked | ConsentEventKind::MetaStop => "opt_out",
            // Not the person's yes.
            ConsentEventKind::Requested
            | ConsentEventKind::MetaResume
            | ConsentEventKind::GrantedUnconfirmed
            | ConsentEventKind::ImportRefused => continue,
        };
        if name == "opt_out" {
            let last = row.outbox_id.as_ref().and_then(|id| known.get(id));
            labels = last.cloned().unwrap_or_default();
            labels.retain(|(n, _)| !matches!(n.as_str(), "country" | "origin" | "opt_in_source"));
            if let Some(grant) = &row.grant_event {
                let came = source_word(&read_consent(grant)?);
                put(&mut labels, "opt_in_source", Some(&came));
            }
        }
        let scope = match &event.scope {
            ConsentScope::All => "all",
            ConsentScope::Promotional => "promotional",
            ConsentScope::Topic(topic) => {
                if name != "opt_out" {
                    put(&mut labels, "topic", Some(topic));
                }
                "topic"
            }
        };
        put(&mut labels, "scope", Some(scope));
        put(&mut labels, "source", Some(&source_word(&event)));
        put(&mut labels, "country", row.country.as_deref());
        feed.push(name, event.received_at.0, labels, 1);
    }
    let ids = rows
        .into_iter()
        .map(|r| r.consent_event_id)
        .collect::<Vec<_>>();
    let count = ids.len();
    let marked = Tallied::Consents(ids);
    tx.tenant(tenant.id).mark_tallied(&marked).await?;
    Ok(count)
}

/// What people wrote, and which template it came after: the first time counts.
async fn inbound(tx: &mut Tx, tenant: &TenantRow, feed: &mut Feed) -> Result<usize, FlowError> {
    let rows = tx
        .tenant(tenant.id)
        .untallied_inbound(ROWS, REACH.0)
        .await?;
    let mut first: BTreeMap<String, i64> = BTreeMap::new();
    for row in &rows {
        let mut labels = Labels::new();
        put(&mut labels, "country", row.country.as_deref());
        feed.push("inbound", row.received_at, labels, 1);
        if let Some(outbox) = &row.outbox_id {
            let at = first.entry(outbox.clone()).or_insert(row.received_at);
            *at = row.received_at.min(*at);
        }
    }
    let answered: Vec<(String, i64)> = first.iter().map(|(id, at)| (id.clone(), *at)).collect();
    let new = tx.tenant(tenant.id).mark_answered(&answered).await?;
    let known = labels_of(tx, tenant, new.iter().cloned().collect()).await?;
    for id in &new {
        let labels = known.get(id).cloned().unwrap_or_default();
        let at = first.get(id).copied().unwrap_or_default();
        feed.push("replied", at, labels, 1);
    }
    let count = rows.len();
    let ids = rows.into_iter().map(|r| r.event_id).collect();
    let marked = Tallied::Inbound(ids);
    tx.tenant(tenant.id).mark_tallied(&marked).await?;
    Ok(count)
}

/// What Meta said of numbers and templates. Numbers go by Meta's id of them, not by their digits.
async fn quality(tx: &mut Tx, tenant: &TenantRow, feed: &mut Feed) -> Result<usize, FlowError> {
    let rows = tx.tenant(tenant.id).untallied_quality(ROWS).await?;
    for row in &rows {
        let mut labels = Labels::new();
        put(&mut labels, "subject", Some(&row.subject));
        put(&mut labels, "name", Some(&row.name));
        put(&mut labels, "quality", Some(&row.value));
        put(&mut labels, "day", Some(&day(&feed.zone, Ts(row.at))));
        feed.push("quality", row.at, labels, 1);
    }
    let count = rows.len();
    let ids = rows.into_iter().map(|r| r.event_id).collect();
    tx.tenant(tenant.id)
        .mark_tallied(&Tallied::Quality(ids))
        .await?;
    Ok(count)
}

/// What plugins counted themselves.
async fn metrics(tx: &mut Tx, tenant: &TenantRow, feed: &mut Feed) -> Result<usize, FlowError> {
    let rows = tx.tenant(tenant.id).untallied_metrics(ROWS).await?;
    for row in &rows {
        let mut labels: Labels = serde_json::from_str(&row.labels).unwrap_or_default();
        labels.retain(|(name, _)| name != "plugin");
        put(&mut labels, "plugin", Some(&row.plugin_id));
        feed.push(&row.name, row.at, labels, row.value);
    }
    let count = rows.len();
    let ids = rows
        .into_iter()
        .map(|r| (r.installation_id, r.event_id, r.action_index))
        .collect();
    let marked = Tallied::Metrics(ids);
    tx.tenant(tenant.id).mark_tallied(&marked).await?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: &str, rank: i64) -> UntalliedMessage {
        UntalliedMessage {
            labels: MessageLabels {
                outbox_id: "out".to_owned(),
                purpose: "promotional".to_owned(),
                ..MessageLabels::default()
            },
            state: state.to_owned(),
            status_rank: rank,
            rule: None,
            error_code: None,
            created_at: 1_000,
            begun_at: Some(2_000),
            settled_at: Some(3_000),
            status_at: Some(4_000),
            tallied_state: String::new(),
            tallied_rank: 0,
            tallied_label: None,
            tallied_at: None,
            delivered_at: None,
            read_at: None,
            pricing: None,
            cost_micro: None,
        }
    }

    fn shown(m: &UntalliedMessage) -> (Vec<(String, i64, i64)>, TalliedMessage) {
        let mut feed = Feed::new("UTC");
        let now = message(m, &mut feed);
        let all = feed.sorted().into_iter();
        (all.map(|o| (o.name, o.at.0, o.value)).collect(), now)
    }

    fn is(all: &[(String, i64, i64)], wanted: &[(&str, i64, i64)]) -> bool {
        all.iter()
            .map(|(n, a, v)| (n.as_str(), *a, *v))
            .eq(wanted.iter().copied())
    }

    #[test]
    fn a_message_seen_late_tells_its_whole_way_at_once() {
        let (all, now) = shown(&row("sent", MessageStatus::Read.rank()));
        let way = [
            ("proposed", 1_000, 1),
            ("sent", 2_000, 1),
            ("delivered", 4_000, 1),
            ("read", 4_000, 1),
        ];
        assert!(is(&all, &way), "{all:?}");
        assert_eq!(
            (now.state.as_str(), now.rank),
            ("sent", MessageStatus::Read.rank())
        );
    }

    #[test]
    fn what_was_shown_is_not_shown_again_and_resting_is_no_outcome() {
        let mut m = row("queued", 0);
        m.tallied_state = "deferred".to_owned();
        assert!(shown(&m).0.is_empty());
        let mut m = row("sent", MessageStatus::Read.rank());
        m.tallied_state = "sent".to_owned();
        m.tallied_rank = MessageStatus::Delivered.rank();
        assert!(is(&shown(&m).0, &[("read", 4_000, 1)]));
    }

    #[test]
    fn a_message_that_left_after_all_takes_back_what_was_shown_of_it() {
        let mut m = row("sent", 0);
        m.tallied_state = "cancelled".to_owned();
        m.tallied_label = Some("consent.revoked".to_owned());
        m.tallied_at = Some(1_500);
        let (all, _) = shown(&m);
        assert!(
            is(&all, &[("cancelled", 1_500, -1), ("sent", 2_000, 1)]),
            "{all:?}"
        );
    }

    #[test]
    fn a_failure_of_meta_is_neither_delivered_nor_a_second_outcome() {
        let mut m = row("sent", MessageStatus::Failed.rank());
        m.tallied_state = "sent".to_owned();
        assert!(
            shown(&m).0.is_empty(),
            "the status row itself is the failure"
        );
    }
}
