//! A shop at a glance: whether it sends, how its numbers are, what needs somebody, what today came to.
//!
//! Asked for with every look at the first page, so it reads a day by an index, a number, or a short list.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use portero_domain::account::MessagingLimit;
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{PhoneNumberId, TenantId};
use portero_domain::plugin::PluginKind;
use portero_store::Tx;
use portero_store::model::{DayState, MonthCost, WebhookSeen};
use serde::Serialize;

use crate::context::Context;
use crate::desk::counted::Counts;
use crate::desk::numbers::{self, NumberView};
use crate::desk::reasons::title;
use crate::desk::verdict_days::{day_begins, rules, zone};
use crate::error::FlowError;
use crate::rates;

/// Things of one kind that are named.
const NAMED: usize = 20;
/// Days of a number's quality.
const DAYS: usize = 7;
/// Changes of a number's quality that are looked at.
const CHANGES: usize = 200;
/// Reasons that are told.
const REASONS: usize = 8;

/// A shop at a glance.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OverviewView {
    /// When it was looked at, RFC 3339.
    pub at: String,
    /// The tenant's zone (IANA): its day is the one that is counted.
    pub timezone: String,
    /// Why nothing of anybody leaves this server, if nothing does.
    pub everything_stopped: Option<StoppedView>,
    /// Why nothing of this tenant leaves, if its own switch is thrown.
    pub stopped: Option<StoppedView>,
    /// Messages on the wire: they arrive even when sending is stopped now.
    pub in_flight: u64,
    /// The numbers, as they were connected.
    pub numbers: Vec<NumberHealth>,
    /// What waits for somebody, the most urgent first.
    pub needs_you: Vec<NeedView>,
    /// What became of the messages proposed today.
    pub today: TodayView,
    /// What decided today that a message does not go, or not yet; the most frequent first.
    pub reasons: Vec<TodayReason>,
    /// What this month is reckoned to cost.
    pub month: CostsView,
}

/// A stop switch that is thrown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StoppedView {
    /// Why, in the words of who threw it.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// How a number is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NumberHealth {
    /// As Meta and the host know it.
    #[serde(flatten)]
    pub number: NumberView,
    /// Its quality at the end of each of the last seven days, oldest first; today's is the one that stands.
    pub quality_days: Vec<QualityDay>,
    /// People written to first within 24 hours, of all numbers together; absent where there is no limit.
    pub limit_used: Option<u64>,
    /// How many are allowed; 250 is taken while Meta has not told it. Absent where there is no limit.
    pub limit: Option<u32>,
    /// When one of them stops counting, RFC 3339.
    pub limit_frees_at: Option<String>,
    /// Messages on the wire.
    pub in_flight: u64,
    /// When Meta last told something of it, RFC 3339; absent when it is not among the newest events.
    pub webhook_at: Option<String>,
    /// How long the oldest webhook waits that is not worked on yet, milliseconds.
    pub webhook_lag_ms: i64,
}

/// A number's quality on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QualityDay {
    /// `2026-11-24`, where the tenant is.
    pub day: String,
    /// `GREEN`, `YELLOW`, `RED`; `UNKNOWN` before Meta told it.
    pub quality: String,
}

/// Something that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NeedView {
    /// `conversations`, `template`, `campaign`, `plugin` or `webhook`.
    pub kind: String,
    /// Its id: of a campaign, plugin or endpoint.
    pub id: String,
    /// What it is called; empty for conversations and endpoints.
    pub name: String,
    /// `waiting` (conversations), `PAUSED`, `REJECTED`, `DISABLED` (template), `planned`, `paused`
    /// (campaign), `breaker`, `fault` (plugin), `off` (endpoint).
    pub state: String,
    /// Why, as far as it was told.
    pub detail: String,
    /// How many: conversations without an answer; 1 for everything that has a name.
    pub count: u64,
}

/// What became of the messages that were proposed today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TodayView {
    /// `2026-11-24`, where the tenant is.
    pub day: String,
    /// When it began, RFC 3339.
    pub since: String,
    /// When they were counted, RFC 3339; absent when that was now. A day of twenty thousand messages and more is as
    /// it was a moment ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<String>,
    /// Proposed.
    pub proposed: u64,
    /// Of these, let through by the gate: on their way, sent, or lost afterwards.
    pub allowed: u64,
    /// Of these, taken by Meta.
    pub sent: u64,
    /// Of these, on the person's phone.
    pub delivered: u64,
    /// Of these, read; people can switch that off, so it is the least.
    pub read: u64,
    /// Conversations in which the person wrote after such a message.
    pub answered: u64,
    /// Refused by the gate: protection, not a fault.
    pub denied: u64,
    /// Put off.
    pub deferred: u64,
    /// Waiting for somebody's decision.
    pub in_review: u64,
    /// Taken back, or too late to make sense.
    pub withdrawn: u64,
    /// Lost: refused by Meta, or failed afterwards.
    pub lost: u64,
    /// Attempts whose answer never came.
    pub unknown: u64,
}

/// A rule and how often it decided today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TodayReason {
    /// Its id.
    pub rule: String,
    /// What it is about, per language.
    pub title: BTreeMap<String, String>,
    /// Verdicts.
    pub count: u64,
}

/// What a month is reckoned to cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CostsView {
    /// `2026-11`, UTC.
    pub month: String,
    /// Of the dated rate table, ISO 4217.
    pub currency: String,
    /// First day of the prices in that table.
    pub prices_of: String,
    /// By what Meta charges for.
    pub categories: Vec<CategoryCost>,
    /// What has a known price, together.
    pub estimated: String,
    /// Of that, what left before it was counted by category; absent when nothing did.
    pub before: Option<String>,
    /// Messages without a known price, of all categories.
    pub unpriced: u64,
    /// The tenant's budget, if it set one.
    pub budget: Option<String>,
}

/// What messages of one category are reckoned to cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CategoryCost {
    /// `marketing`, `utility`, `authentication` or `service`.
    pub category: String,
    /// Messages whose sending began.
    pub messages: u64,
    /// Of these, without a known price.
    pub unpriced: u64,
    /// What the others come to; absent when none has a known price.
    pub estimated: Option<String>,
}

impl Counts for Vec<DayState> {
    fn size(&self) -> u64 {
        self.iter().map(|day| day.count).sum()
    }
}

/// A shop at a glance.
///
/// # Errors
/// [`FlowError::NotFound`], or the database.
pub async fn overview(ctx: &Context, tenant: TenantId) -> Result<OverviewView, FlowError> {
    let now = ctx.now();
    let numbers = numbers::list(ctx, tenant).await?;
    let mut tx = ctx.store.read().await?;
    let row = tx.tenant(tenant).row().await?;
    drop(tx);
    let zone = zone(&row.timezone);
    let today = now.to_jiff().map(|at| zone.to_datetime(at).date());
    let mut days = Vec::with_capacity(DAYS);
    for back in (0..DAYS).rev() {
        let back = i64::try_from(back).unwrap_or_default();
        let day = today.and_then(|day| day.checked_sub(back.days()).ok());
        let begins = day.and_then(|day| day_begins(day, &zone));
        let ends = day
            .and_then(|day| day.tomorrow().ok())
            .and_then(|day| day_begins(day, &zone));
        if let Some(((day, begins), ends)) = day.zip(begins).zip(ends) {
            days.push((day.to_string(), begins, ends));
        }
    }
    let (day, begins, ends) = days.last().cloned().unwrap_or((String::new(), now, now));
    let counted = ctx
        .day_counts
        .get(ctx, (tenant, begins), |store| async move {
            let mut tx = store.read().await?;
            Ok(tx.tenant(tenant).day_states(begins, ends).await?)
        });
    let states = counted.await?;
    let mut tx = ctx.store.read().await?;
    let everything = tx.system().stop_all().await?;
    let answered = tx.tenant(tenant).day_answered(begins, ends).await?;
    let ids: Vec<&str> = rules().into_iter().map(|(id, _)| id).collect();
    let mut decided = tx
        .tenant(tenant)
        .decision_reasons(&ids, &[(begins, ends)])
        .await?;
    decided.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.rule.cmp(&b.rule)));
    decided.truncate(REASONS);
    let seen = tx.tenant(tenant).webhooks_seen().await?;
    let mut health = Vec::with_capacity(numbers.len());
    for number in numbers {
        health.push(number_health(&mut tx, tenant, number, &seen, &days, now).await?);
    }
    let stopped = |stop: portero_gate::facts::Stop| StoppedView {
        reason: stop.reason,
        since: stop.since.rfc3339(),
    };
    Ok(OverviewView {
        at: now.rfc3339(),
        timezone: row.timezone,
        everything_stopped: everything.map(stopped),
        stopped: row.stopped.map(stopped),
        in_flight: health.iter().map(|n| n.in_flight).sum(),
        numbers: health,
        needs_you: needs(ctx, &mut tx, tenant).await?,
        today: TodayView {
            day,
            since: begins.rfc3339(),
            counted_at: states.at.map(Ts::rfc3339),
            answered,
            ..funnel(&states.value)
        },
        reasons: decided
            .into_iter()
            .map(|r| TodayReason {
                title: title(&r.rule),
                rule: r.rule,
                count: r.count,
            })
            .collect(),
        month: costs(
            now,
            tx.tenant(tenant).month_spend(now).await?,
            tx.tenant(tenant).month_costs(now).await?,
            row.policy.monthly_budget_micro,
        ),
    })
}

/// Messages on the wire: of everybody, of one tenant, or of one of its numbers.
///
/// # Errors
/// The database.
pub async fn in_flight(ctx: &Context, reach: &super::tenants::Reach) -> Result<u64, FlowError> {
    use super::tenants::Reach;
    let mut tx = ctx.store.read().await?;
    Ok(match reach {
        Reach::All => tx.system().all_in_flight().await?,
        Reach::Number(tenant, number) => tx.tenant(*tenant).in_flight(number).await?,
        Reach::Tenant(tenant) => {
            let mut all = 0;
            for number in tx.tenant(*tenant).numbers().await? {
                all += tx.tenant(*tenant).in_flight(&number.id).await?;
            }
            all
        }
    })
}

async fn number_health(
    tx: &mut Tx,
    tenant: TenantId,
    number: NumberView,
    seen: &[WebhookSeen],
    days: &[(String, Ts, Ts)],
    now: Ts,
) -> Result<NumberHealth, FlowError> {
    let limit = match number.messaging_limit.as_str() {
        "unknown" => MessagingLimit::SMALLEST,
        told => MessagingLimit::from_meta(&told.to_uppercase()).unwrap_or(MessagingLimit::SMALLEST),
    };
    let (used, frees) = match limit.is_unlimited() {
        true => (None, None),
        false => {
            let (used, frees) = tx.tenant(tenant).tier_standing(Some(limit), now).await?;
            (Some(used.min(u64::from(limit.0))), frees)
        }
    };
    let (mut said, mut in_flight) = (Vec::new(), 0);
    if let Some(id) = PhoneNumberId::new(&number.phone_number_id) {
        let week = days.first().map_or(now, |(_, begins, _)| *begins);
        let since = week - Millis::days(30);
        said = tx.tenant(tenant).quality_since(&id, since, CHANGES).await?;
        in_flight = tx.tenant(tenant).in_flight(&id).await?;
    }
    let webhook = seen
        .iter()
        .find(|s| s.number.as_str() == number.phone_number_id);
    let waiting = webhook.and_then(|s| s.waiting_since);
    Ok(NumberHealth {
        quality_days: quality_days(&number, &said, days),
        limit_used: used,
        limit: used.map(|_| limit.0),
        limit_frees_at: frees.map(Ts::rfc3339),
        in_flight,
        webhook_at: webhook.map(|s| s.last.rfc3339()),
        webhook_lag_ms: waiting.map_or(0, |since| now.since(since).max(0)),
        number,
    })
}

/// The quality at the end of each day. What Meta said of it last counts until it says something else.
fn quality_days(
    number: &NumberView,
    said: &[(String, Ts)],
    days: &[(String, Ts, Ts)],
) -> Vec<QualityDay> {
    let stands = number.quality_since.as_deref();
    let stands = stands.and_then(|at| Ts::parse_rfc3339(at).ok());
    let last = days.len().saturating_sub(1);
    days.iter()
        .enumerate()
        .map(|(n, (day, _, ends))| {
            let then = said.iter().rev().find(|(_, at)| at < ends);
            let quality = match (then, stands) {
                _ if n == last => number.quality.clone(),
                (Some((quality, _)), _) => quality.clone(),
                (None, Some(at)) if at < *ends => number.quality.clone(),
                _ => "UNKNOWN".to_owned(),
            };
            QualityDay {
                day: day.clone(),
                quality,
            }
        })
        .collect()
}

/// Where the day's messages stand, summed up.
fn funnel(states: &[DayState]) -> TodayView {
    let of = |wanted: &[&str]| {
        let all = states.iter().filter(|s| wanted.contains(&s.state.as_str()));
        all.map(|s| s.count).sum::<u64>()
    };
    let from = |rank: i64| {
        let all = states
            .iter()
            .filter(|s| s.state == "sent" && s.rank >= rank);
        all.map(|s| s.count).sum::<u64>()
    };
    use portero_domain::status::MessageStatus::{Delivered, Failed, Read};
    TodayView {
        proposed: states.iter().map(|s| s.count).sum(),
        allowed: of(&["queued", "attempting", "unknown", "sent", "failed"]),
        sent: of(&["sent"]),
        delivered: from(Delivered.rank()),
        read: from(Read.rank()),
        denied: of(&["denied"]),
        deferred: of(&["deferred"]),
        in_review: of(&["in_review"]),
        withdrawn: of(&["cancelled", "expired"]),
        lost: of(&["failed"]) + (from(Failed.rank()) - from(Failed.rank() + 1)),
        unknown: of(&["unknown"]),
        ..TodayView::default()
    }
}

async fn needs(ctx: &Context, tx: &mut Tx, tenant: TenantId) -> Result<Vec<NeedView>, FlowError> {
    let mut all = Vec::new();
    let mut add = |kind: &str, id: String, name: String, state: &str, detail: String, count| {
        all.push(NeedView {
            kind: kind.to_owned(),
            id,
            name,
            state: state.to_owned(),
            detail,
            count,
        });
    };
    let (_, waiting) = tx.tenant(tenant).with_people().await?;
    if waiting > 0 {
        add(
            "conversations",
            String::new(),
            String::new(),
            "waiting",
            String::new(),
            waiting,
        );
    }
    for (name, language, status) in tx.tenant(tenant).templates_down(NAMED).await? {
        add(
            "template",
            String::new(),
            format!("{name} ({language})"),
            &status,
            String::new(),
            1,
        );
    }
    for (id, name, state, reason) in tx.tenant(tenant).campaigns_resting(NAMED).await? {
        add(
            "campaign",
            id.to_string(),
            name,
            &state,
            reason.unwrap_or_default(),
            1,
        );
    }
    let lease_now = ctx.clock.lease_now();
    for row in tx.tenant(tenant).installations().await? {
        if !row.enabled {
            continue;
        }
        let name = row.plugin_id.as_str().to_owned();
        if row
            .breaker_open_until
            .is_some_and(|until| lease_now < until)
        {
            let detail = row.failures_in_row.to_string();
            add("plugin", row.id.to_string(), name, "breaker", detail, 1);
        } else if row.kind == PluginKind::Analytics
            && let Some(cursor) = tx.tenant(tenant).tally_cursor(row.id).await?
            && let Some(fault) = cursor.fault
        {
            add("plugin", row.id.to_string(), name, "fault", fault, 1);
        }
    }
    for (id, reason) in tx.tenant(tenant).webhooks_off(NAMED).await? {
        add(
            "webhook",
            id.to_string(),
            String::new(),
            "off",
            reason.unwrap_or_default(),
            1,
        );
    }
    Ok(all)
}

fn costs(now: Ts, spent: i64, by: Vec<MonthCost>, budget: Option<i64>) -> CostsView {
    let table = rates::rates();
    let counted: i64 = by.iter().map(|c| c.micro).sum();
    let unpriced = |c: &MonthCost| c.messages.saturating_sub(c.priced);
    CostsView {
        month: now.rfc3339().chars().take(7).collect(),
        currency: table.currency.clone(),
        prices_of: table.effective.clone(),
        estimated: rates::show(spent.max(counted)),
        before: (spent > counted).then(|| rates::show(spent - counted)),
        unpriced: by.iter().map(unpriced).sum(),
        budget: budget.map(rates::show),
        categories: by
            .iter()
            .map(|c| CategoryCost {
                category: c.category.clone(),
                messages: c.messages,
                unpriced: unpriced(c),
                estimated: (c.priced > 0).then(|| rates::show(c.micro)),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(state: &str, rank: i64, count: u64) -> DayState {
        DayState {
            state: state.to_owned(),
            rank,
            count,
        }
    }

    #[test]
    fn every_message_of_the_day_stands_somewhere_and_each_step_holds_the_next() {
        let today = funnel(&[
            state("queued", 0, 1),
            state("deferred", 0, 2),
            state("in_review", 0, 3),
            state("denied", 0, 4),
            state("cancelled", 0, 5),
            state("sent", 30, 10),
            state("sent", 40, 1),
            state("sent", 50, 20),
            state("sent", 60, 30),
            state("sent", 70, 1),
            state("failed", 0, 6),
            state("unknown", 0, 7),
        ]);
        assert_eq!(today.proposed, 90);
        assert_eq!(today.allowed, 1 + 62 + 6 + 7);
        assert_eq!((today.sent, today.delivered, today.read), (62, 51, 31));
        assert_eq!((today.denied, today.lost, today.unknown), (4, 7, 7));
        let apart = today.denied + today.deferred + today.in_review + today.withdrawn;
        assert_eq!(today.proposed, today.allowed + apart);
    }

    #[test]
    fn a_price_nobody_knows_is_not_nothing() {
        let cost = |category: &str, messages, priced, micro| MonthCost {
            category: category.to_owned(),
            messages,
            priced,
            micro,
        };
        let by = vec![
            cost("marketing", 3, 2, 25_000),
            cost("utility", 1, 0, 0),
            cost("service", 5, 5, 0),
        ];
        let view = costs(Ts(0), 30_000, by, None);
        let shown: Vec<_> = view
            .categories
            .iter()
            .map(|c| c.estimated.as_deref())
            .collect();
        assert_eq!(shown, [Some("0.025"), None, Some("0.00")]);
        assert_eq!(view.unpriced, 2);
        assert_eq!(view.before.as_deref(), Some("0.005"));
        assert_eq!(view.estimated, "0.03");
    }
}
