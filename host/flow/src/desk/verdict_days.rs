//! Why messages were put off, held or refused, counted by day and rule; and times as a tenant reads them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_store::Tx;
use serde::Serialize;

use crate::context::Context;
use crate::desk::reasons::title;
use crate::error::FlowError;

/// Reasons over the last days, the most frequent first.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReasonDays {
    /// The days of the tenant's calendar, oldest first.
    pub days: Vec<String>,
    /// Rules that decided on any of them.
    pub rules: Vec<ReasonRow>,
}

/// One rule over the days.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReasonRow {
    /// Its id.
    pub rule: String,
    /// What it is about, per language.
    pub title: BTreeMap<String, String>,
    /// How often it decided, by day.
    pub counts: Vec<u64>,
    /// On all of them.
    pub total: u64,
}

/// Rules that decided, and how often.
type Counts = Vec<(String, u64)>;

/// Counts of days that are over: nothing is added to them any more, so each is counted once per process.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<(TenantId, Ts, Ts), Counts>>);

/// Days kept in memory, some hundred bytes each: a month of several hundred tenants.
const KNOWN: usize = 20_000;
/// Records of a day may be written a little after its end.
const SETTLED_MS: i64 = 3_600_000;

impl Known {
    fn of(&self, tenant: TenantId, (begins, ends): (Ts, Ts)) -> Option<Counts> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(tenant, begins, ends)).cloned()
    }

    fn keep(&self, tenant: TenantId, (begins, ends): (Ts, Ts), counts: Counts) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert((tenant, begins, ends), counts);
    }
}

/// A tenant's zone; UTC for one that this machine does not know.
pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// When a day begins somewhere.
pub(super) fn day_begins(day: Date, zone: &TimeZone) -> Option<Ts> {
    let begins = day.to_zoned(zone.clone()).ok()?;
    Some(Ts(begins.timestamp().as_millisecond()))
}

/// An instant on a tenant's clock, to the minute; the text itself when it is none.
#[must_use]
pub fn local(rfc3339: &str, timezone: &str) -> String {
    let at = Ts::parse_rfc3339(rfc3339).ok().and_then(Ts::to_jiff);
    at.map_or_else(
        || rfc3339.to_owned(),
        |at| {
            let there = at.to_zoned(zone(timezone));
            there.strftime("%Y-%m-%d %H:%M").to_string()
        },
    )
}

/// The instant that a tenant's clock shows so (`2026-11-24T09:00`); `None` when the text is no such time.
///
/// A time that the clock skips or shows twice is read as most calendars do: the later, the earlier.
#[must_use]
pub fn from_local(text: &str, timezone: &str) -> Option<Ts> {
    let there: jiff::civil::DateTime = text.trim().parse().ok()?;
    let at = there.to_zoned(zone(timezone)).ok()?;
    Some(Ts(at.timestamp().as_millisecond()))
}

/// The day after a day like `2026-11-24`; `None` for what is no day.
#[must_use]
pub fn day_after(day: &str) -> Option<String> {
    let day: Date = day.parse().ok()?;
    Some(day.tomorrow().ok()?.to_string())
}

/// Every rule by its id, with what it is about per language.
#[must_use]
pub fn rules() -> Vec<(&'static str, BTreeMap<String, String>)> {
    let ids = portero_gate::rules::RULES.iter().map(|r| r.about().id);
    ids.map(|id| (id, title(id))).collect()
}

/// What decided on the last `n` days, today's included.
///
/// # Errors
/// The database.
pub async fn reasons(ctx: &Context, tenant: TenantId, n: usize) -> Result<ReasonDays, FlowError> {
    let mut tx = ctx.store.read().await?;
    let zone = zone(&tx.tenant(tenant).row().await?.timezone);
    let today = ctx.now().to_jiff().map(|at| zone.to_datetime(at).date());
    let mut days = Vec::with_capacity(n);
    for back in (0..n).rev() {
        let back = i64::try_from(back).unwrap_or_default();
        let Some(day) = today.and_then(|day| day.checked_sub(back.days()).ok()) else {
            continue;
        };
        let next = day.tomorrow().ok().and_then(|day| day_begins(day, &zone));
        if let Some((begins, ends)) = day_begins(day, &zone).zip(next) {
            days.push((day.to_string(), (begins, ends)));
        }
    }
    let (names, spans): (Vec<String>, Vec<(Ts, Ts)>) = days.into_iter().unzip();
    let mut by_rule: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let counted = by_day(ctx, &mut tx, tenant, &spans).await?;
    for (day, (rule, n)) in counted {
        let counts = by_rule.entry(rule).or_insert_with(|| vec![0; names.len()]);
        if let Some(count) = counts.get_mut(day) {
            *count = n;
        }
    }
    let mut rules: Vec<ReasonRow> = by_rule
        .into_iter()
        .map(|(rule, counts)| ReasonRow {
            title: title(&rule),
            total: counts.iter().sum(),
            rule,
            counts,
        })
        .collect();
    rules.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.rule.cmp(&b.rule)));
    Ok(ReasonDays { days: names, rules })
}

/// (which of the days, (rule, how often)): those that are over from memory where they were asked for before.
async fn by_day(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    spans: &[(Ts, Ts)],
) -> Result<Vec<(usize, (String, u64))>, FlowError> {
    let mut days: Vec<Option<Counts>> = spans
        .iter()
        .map(|span| ctx.days.of(tenant, *span))
        .collect();
    let open: Vec<usize> = (0..days.len())
        .filter(|at| days.get(*at).is_some_and(Option::is_none))
        .collect();
    let asked: Vec<(Ts, Ts)> = open
        .iter()
        .filter_map(|at| spans.get(*at).copied())
        .collect();
    let ids: Vec<&str> = rules().into_iter().map(|(id, _)| id).collect();
    let counted = tx.tenant(tenant).decision_reasons(&ids, &asked).await?;
    for (n, at) in open.into_iter().enumerate() {
        let of_day = counted.iter().filter(|one| one.day == n);
        let counts: Counts = of_day.map(|one| (one.rule.clone(), one.count)).collect();
        if let Some(span) = spans.get(at)
            && span.1.ms() + SETTLED_MS <= ctx.now().ms()
        {
            ctx.days.keep(tenant, *span, counts.clone());
        }
        if let Some(day) = days.get_mut(at) {
            *day = Some(counts);
        }
    }
    let days = days.into_iter().enumerate();
    Ok(days
        .flat_map(|(day, counts)| counts.into_iter().flatten().map(move |one| (day, one)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_told_on_the_tenants_clock() {
        let at = "2026-11-24T03:30:00.000Z";
        assert_eq!(local(at, "America/Bogota"), "2026-11-23 22:30");
        assert_eq!(local(at, "Nowhere/At_All"), "2026-11-24 03:30");
        assert_eq!(local("soon", "UTC"), "soon");
        let day: Date = "2026-11-24".parse().unwrap();
        let begins = day_begins(day, &zone("America/Bogota")).unwrap();
        assert_eq!(begins.rfc3339(), "2026-11-24T05:00:00.000Z");
    }
}
