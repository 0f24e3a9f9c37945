//! What a tenant may tune. Stricter than the default is always possible, looser never.

use serde::{Deserialize, Serialize};

use portero_domain::clock::Millis;
use portero_domain::consent::{FrequencyPromise, Period};

/// The numbers the rules use. Defaults are the catalogue's (`compliance-rules` A).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How long after an inbound message an answer counts as a direct reply.
    pub reply_grace_ms: Millis,
    /// A free-form message must reach Meta this long before the window closes.
    pub window_margin_ms: Millis,
    /// Longest deferral of promotion.
    pub max_defer_promotional_ms: Millis,
    /// Longest deferral of transactional messages.
    pub max_defer_transactional_ms: Millis,
    /// Longest deferral of answers (covers the rate rules only).
    pub max_defer_reply_ms: Millis,
    /// Proposals of one plugin call.
    pub proposals_per_call: u32,
    /// Proposals of one plugin to one person in an hour.
    pub proposals_contact_hour: u32,
    /// Proposals of one installation in a minute.
    pub proposals_minute: u32,
    /// Bot messages without an inbound one.
    pub bot_consecutive: u32,
    /// Of these in 60 s.
    pub bot_per_minute: u32,
    /// Promise taken as given when the consent names none.
    pub default_promise: FrequencyPromise,
    /// The tenant's own hours for promotion and consent templates.
    pub promotional_hours: WeekHours,
    /// The tenant's own hours for transactional templates.
    pub transactional_hours: WeekHours,
    /// Least time between two messages to one person from one number.
    pub pair_gap_ms: Millis,
    /// Direct replies that may go at once before the gap applies.
    pub pair_burst: u32,
    /// Share of the number's rate the host uses, in percent.
    pub throughput_percent: u32,
    /// Messages of one number that may go at once.
    pub throughput_burst: u32,
    /// Messages a campaign must have sent before its brake looks.
    pub brake_sample: u32,
    /// Messages Meta refuses or cannot deliver at which a campaign brakes, in percent.
    pub brake_failures_percent: u32,
    /// Withdrawals at which a campaign brakes, in percent of those reached.
    pub brake_opt_outs_percent: u32,
    /// Most a month may cost, in millionths of the rate table's currency; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_budget_micro: Option<i64>,
    /// Whether a campaign needs somebody else's approval than its author's.
    pub campaign_second_person: bool,
    /// How long an approval of a campaign is good for, from the approval or its start, whichever is later.
    pub campaign_approval_ms: Millis,
    /// How late a scheduled campaign may be before it is held instead of sent.
    pub campaign_overdue_ms: Millis,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            reply_grace_ms: Millis::minutes(60),
            window_margin_ms: Millis::secs(10),
            max_defer_promotional_ms: Millis::hours(72),
            max_defer_transactional_ms: Millis::hours(24),
            max_defer_reply_ms: Millis::minutes(2),
            proposals_per_call: 5,
            proposals_contact_hour: 20,
            proposals_minute: 1_000,
            bot_consecutive: 6,
            bot_per_minute: 3,
            default_promise: FrequencyPromise {
                max: 2,
                per: Period::Week,
            },
            promotional_hours: WeekHours::every_day("09:00", "20:00"),
            transactional_hours: WeekHours::every_day("07:00", "22:00"),
            pair_gap_ms: Millis::secs(6),
            pair_burst: 5,
            throughput_percent: 90,
            throughput_burst: 4,
            brake_sample: 50,
            brake_failures_percent: 10,
            brake_opt_outs_percent: 3,
            monthly_budget_micro: None,
            campaign_second_person: false,
            campaign_approval_ms: Millis::hours(24),
            campaign_overdue_ms: Millis::hours(1),
        }
    }
}

/// Hours of each weekday, Monday first, as minutes of the day `[start, end)`; `None` is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WeekHoursText", into = "WeekHoursText")]
pub struct WeekHours(pub [Option<(u16, u16)>; 7]);

/// `["09:00-20:00", …, "closed"]`, Monday first.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct WeekHoursText(Vec<String>);

/// Hours that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHours {
    /// Not seven entries.
    #[error("hours need seven entries, Monday first, got {0}")]
    Count(usize),
    /// An entry is neither `closed` nor `HH:MM-HH:MM` with start before end.
    #[error("`{0}` is neither `closed` nor `HH:MM-HH:MM` with the start before the end")]
    Entry(String),
}

impl WeekHours {
    /// The same hours all week; closed all week when they cannot be read.
    #[must_use]
    pub fn every_day(start: &str, end: &str) -> WeekHours {
        WeekHours([parse_minutes(start).zip(parse_minutes(end)); 7])
    }
}

impl TryFrom<WeekHoursText> for WeekHours {
    type Error = BadHours;
    fn try_from(text: WeekHoursText) -> Result<WeekHours, BadHours> {
        let mut days = Vec::with_capacity(7);
        for entry in &text.0 {
            if entry == "closed" {
                days.push(None);
                continue;
            }
            let hours = entry
                .split_once('-')
                .and_then(|(a, b)| parse_minutes(a).zip(parse_minutes(b)))
                .filter(|(a, b)| a < b)
                .ok_or_else(|| BadHours::Entry(entry.clone()))?;
            days.push(Some(hours));
        }
        let count = days.len();
        days.try_into()
            .map(WeekHours)
            .map_err(|_| BadHours::Count(count))
    }
}

impl From<WeekHours> for WeekHoursText {
    fn from(hours: WeekHours) -> WeekHoursText {
        let show = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
        WeekHoursText(
            hours
                .0
                .iter()
                .map(|d| {
                    d.map_or_else(
                        || "closed".to_owned(),
                        |(a, b)| format!("{}-{}", show(a), show(b)),
                    )
                })
                .collect(),
        )
    }
}

fn parse_minutes(text: &str) -> Option<u16> {
    let (h, m) = text.trim().split_once(':')?;
    let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
    (h <= 24 && m < 60 && h * 60 + m <= 24 * 60).then_some(h * 60 + m)
}
