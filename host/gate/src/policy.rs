//! What a tenant may tune. Stricter than the default is always possible, looser never.

mod parameters;

use serde::{Deserialize, Serialize};

use portero_domain::clock::Millis;
use portero_domain::consent::{FrequencyPromise, Period};

pub use parameters::{Bound, Fault, FaultKind, Group, Kind, PARAMETERS, Parameter};

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
    /// How long a consent is good after the person agreed.
    pub consent_max_age_ms: Millis,
    /// How long a consent is good after the person's last sign.
    pub consent_inactivity_ms: Millis,
    /// Whether a consent not given in WhatsApp itself needs a second yes there.
    pub double_opt_in: bool,
    /// How long the second yes is waited for.
    pub confirmation_ms: Millis,
    /// Least time between two consent questions.
    pub request_gap_ms: Millis,
    /// Least time between a no and the next consent question.
    pub request_after_no_ms: Millis,
    /// Consent questions that may stay without a yes.
    pub requests_without_yes: u32,
    /// Promotion to one person in 24 h, all topics together.
    pub promotional_per_day: u32,
    /// In 7 × 24 h.
    pub promotional_per_week: u32,
    /// In 30 × 24 h.
    pub promotional_per_month: u32,
    /// Utility templates to one person in 24 h.
    pub transactional_per_day: u32,
    /// One-time codes to one person in an hour.
    pub codes_per_hour: u32,
    /// Least time between two promotions to one person.
    pub promotional_gap_ms: Millis,
    /// Waits after Meta's refusals 131049 in a row: the first, the second, …, every further one.
    pub meta_backoff_ms: Vec<Millis>,
    /// Languages whose templates serve people of every language (`en`).
    pub template_fallback: Vec<String>,
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
            consent_max_age_ms: Millis::days(730),
            consent_inactivity_ms: Millis::days(365),
            double_opt_in: false,
            confirmation_ms: Millis::days(7),
            request_gap_ms: Millis::days(30),
            request_after_no_ms: Millis::days(180),
            requests_without_yes: 3,
            promotional_per_day: 1,
            promotional_per_week: 3,
            promotional_per_month: 8,
            transactional_per_day: 10,
            codes_per_hour: 5,
            promotional_gap_ms: Millis::hours(12),
            meta_backoff_ms: vec![
                Millis::hours(24),
                Millis::hours(48),
                Millis::hours(96),
                Millis::days(7),
            ],
            template_fallback: Vec::new(),
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

impl Policy {
    /// The parameters that are looser than the defaults, by name; empty when none is.
    ///
    /// Longest deferrals and `template_fallback` are the tenant's to choose either way: they say
    /// when a message stops making sense and whom it serves, not how much a person is sent.
    #[must_use]
    pub fn looser(&self) -> Vec<&'static str> {
        let d = Policy::default();
        let at_most = [
            ("reply_grace_ms", self.reply_grace_ms.0, d.reply_grace_ms.0),
            (
                "proposals_per_call",
                i64::from(self.proposals_per_call),
                i64::from(d.proposals_per_call),
            ),
            (
                "proposals_contact_hour",
                i64::from(self.proposals_contact_hour),
                i64::from(d.proposals_contact_hour),
            ),
            (
                "proposals_minute",
                i64::from(self.proposals_minute),
                i64::from(d.proposals_minute),
            ),
            (
                "bot_consecutive",
                i64::from(self.bot_consecutive),
                i64::from(d.bot_consecutive),
            ),
            (
                "bot_per_minute",
                i64::from(self.bot_per_minute),
                i64::from(d.bot_per_minute),
            ),
            (
                "pair_burst",
                i64::from(self.pair_burst),
                i64::from(d.pair_burst),
            ),
            (
                "throughput_percent",
                i64::from(self.throughput_percent),
                i64::from(d.throughput_percent),
            ),
            (
                "throughput_burst",
                i64::from(self.throughput_burst),
                i64::from(d.throughput_burst),
            ),
            (
                "consent_max_age_ms",
                self.consent_max_age_ms.0,
                d.consent_max_age_ms.0,
            ),
            (
                "consent_inactivity_ms",
                self.consent_inactivity_ms.0,
                d.consent_inactivity_ms.0,
            ),
            (
                "confirmation_ms",
                self.confirmation_ms.0,
                d.confirmation_ms.0,
            ),
            (
                "requests_without_yes",
                i64::from(self.requests_without_yes),
                i64::from(d.requests_without_yes),
            ),
            (
                "promotional_per_day",
                i64::from(self.promotional_per_day),
                i64::from(d.promotional_per_day),
            ),
            (
                "promotional_per_week",
                i64::from(self.promotional_per_week),
                i64::from(d.promotional_per_week),
            ),
            (
                "promotional_per_month",
                i64::from(self.promotional_per_month),
                i64::from(d.promotional_per_month),
            ),
            (
                "transactional_per_day",
                i64::from(self.transactional_per_day),
                i64::from(d.transactional_per_day),
            ),
            (
                "codes_per_hour",
                i64::from(self.codes_per_hour),
                i64::from(d.codes_per_hour),
            ),
            (
                "brake_sample",
                i64::from(self.brake_sample),
                i64::from(d.brake_sample),
            ),
            (
                "brake_failures_percent",
                i64::from(self.brake_failures_percent),
                i64::from(d.brake_failures_percent),
            ),
            (
                "brake_opt_outs_percent",
                i64::from(self.brake_opt_outs_percent),
                i64::from(d.brake_opt_outs_percent),
            ),
            (
                "campaign_approval_ms",
                self.campaign_approval_ms.0,
                d.campaign_approval_ms.0,
            ),
            (
                "campaign_overdue_ms",
                self.campaign_overdue_ms.0,
                d.campaign_overdue_ms.0,
            ),
        ];
        let at_least = [
            (
                "window_margin_ms",
                self.window_margin_ms.0,
                d.window_margin_ms.0,
            ),
            ("pair_gap_ms", self.pair_gap_ms.0, d.pair_gap_ms.0),
            ("request_gap_ms", self.request_gap_ms.0, d.request_gap_ms.0),
            (
                "request_after_no_ms",
                self.request_after_no_ms.0,
                d.request_after_no_ms.0,
            ),
            (
                "promotional_gap_ms",
                self.promotional_gap_ms.0,
                d.promotional_gap_ms.0,
            ),
        ];
        let mut looser: Vec<&'static str> = Vec::new();
        looser.extend(at_most.iter().filter(|(_, v, m)| v > m).map(|t| t.0));
        looser.extend(at_least.iter().filter(|(_, v, m)| v < m).map(|t| t.0));
        let per_day =
            |p: &FrequencyPromise| i64::from(p.max) * Millis::days(30).0 / p.per.length().0;
        if per_day(&self.default_promise) > per_day(&d.default_promise) {
            looser.push("default_promise");
        }
        for (name, own, most) in [
            (
                "promotional_hours",
                &self.promotional_hours,
                &d.promotional_hours,
            ),
            (
                "transactional_hours",
                &self.transactional_hours,
                &d.transactional_hours,
            ),
        ] {
            if !own.within(most) {
                looser.push(name);
            }
        }
        // A step less would be a shorter wait for somebody; more steps may only wait longer.
        let steps = self.meta_backoff_ms.iter();
        let shorter = self.meta_backoff_ms.len() < d.meta_backoff_ms.len()
            || steps
                .zip(
                    d.meta_backoff_ms
                        .iter()
                        .chain(d.meta_backoff_ms.last().into_iter().cycle()),
                )
                .any(|(own, least)| own < least);
        if shorter {
            looser.push("meta_backoff_ms");
        }
        looser
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

impl WeekHours {
    /// Whether every open minute of these is one of the others.
    #[must_use]
    pub fn within(&self, others: &WeekHours) -> bool {
        self.0.iter().zip(&others.0).all(|pair| match pair {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((a, b)), Some((from, to))) => a >= from && b <= to,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_not_looser_than_themselves_and_stricter_is_free() {
        assert!(Policy::default().looser().is_empty());
        let stricter = Policy {
            promotional_per_day: 0,
            promotional_gap_ms: Millis::hours(48),
            consent_max_age_ms: Millis::days(90),
            double_opt_in: true,
            default_promise: FrequencyPromise {
                max: 1,
                per: Period::Month,
            },
            promotional_hours: WeekHours::every_day("10:00", "12:00"),
            meta_backoff_ms: vec![Millis::days(7); 5],
            ..Policy::default()
        };
        assert_eq!(stricter.looser(), Vec::<&str>::new());
    }

    #[test]
    fn what_is_looser_is_named_by_the_smallest_step() {
        let mut closed = WeekHours::every_day("09:00", "20:00");
        closed.0[6] = None;
        assert!(closed.within(&WeekHours::every_day("09:00", "20:00")));
        assert!(!WeekHours::every_day("09:00", "20:00").within(&closed));
        for (name, policy) in [
            (
                "promotional_per_day",
                Policy {
                    promotional_per_day: 2,
                    ..Policy::default()
                },
            ),
            (
                "brake_failures_percent",
                Policy {
                    brake_failures_percent: 11,
                    ..Policy::default()
                },
            ),
            (
                "campaign_overdue_ms",
                Policy {
                    campaign_overdue_ms: Millis(3_600_001),
                    ..Policy::default()
                },
            ),
            (
                "promotional_gap_ms",
                Policy {
                    promotional_gap_ms: Millis(12 * 3_600_000 - 1),
                    ..Policy::default()
                },
            ),
            (
                "promotional_hours",
                Policy {
                    promotional_hours: WeekHours::every_day("09:00", "20:01"),
                    ..Policy::default()
                },
            ),
            (
                "meta_backoff_ms",
                Policy {
                    meta_backoff_ms: vec![Millis::hours(24)],
                    ..Policy::default()
                },
            ),
            (
                "meta_backoff_ms",
                Policy {
                    meta_backoff_ms: vec![
                        Millis::days(1),
                        Millis::days(2),
                        Millis::days(4),
                        Millis::days(7),
                        Millis::days(6),
                    ],
                    ..Policy::default()
                },
            ),
            (
                "default_promise",
                Policy {
                    default_promise: FrequencyPromise {
                        max: 1,
                        per: Period::Day,
                    },
                    ..Policy::default()
                },
            ),
        ] {
            assert_eq!(policy.looser(), [name]);
        }
    }

    #[test]
    fn a_policy_of_an_older_build_reads_with_the_new_defaults() {
        let old: Policy = serde_json::from_str(r#"{"bot_consecutive": 4}"#).unwrap();
        assert_eq!((old.bot_consecutive, old.promotional_per_day), (4, 1));
    }
}
