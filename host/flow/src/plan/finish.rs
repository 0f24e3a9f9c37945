//! When a campaign would be through, and what holds it longest.

use portero_domain::clock::{Millis, Ts};
use serde::Serialize;

use super::Plan;
use crate::campaigns::{CANARY, CANARY_REST, CANARY_WAITS};
use crate::limiter::TIER;

/// When a campaign would be through, and what holds it longest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finish {
    /// When it starts, RFC 3339.
    pub starts_at: String,
    /// When the last message would leave, RFC 3339; absent when it cannot be told.
    pub ends_at: Option<String>,
    /// What holds it longest: `number` (`number yellow`, `template yellow`,
    /// `number and template yellow` while Meta's rating slows it), `spread`, `canary`, or the rule that puts messages off.
    pub limiter: String,
    /// The limiter in figures.
    pub detail: String,
    /// Messages that would leave.
    pub messages: u64,
}

impl Plan {
    /// People in one slice.
    #[must_use]
    pub fn count(&self, slice: &str) -> u64 {
        self.slices
            .iter()
            .filter(|(s, ..)| s == slice)
            .map(|(.., n)| n)
            .sum()
    }

    /// When it would be through.
    #[must_use]
    pub fn finish(&self, spread: Millis) -> Finish {
        let messages = self.count("now") + self.count("later");
        let start = Ts(self.at);
        let show = |at: Ts| at.rfc3339();
        let number = self.limiter.clone().unwrap_or_else(|| "number".to_owned());
        if self.rate_centi == 0 {
            return Finish {
                starts_at: show(start),
                ends_at: None,
                limiter: number,
                detail: "the number's rate is not known".to_owned(),
                messages,
            };
        }
        // `rate_centi` is messages a second × 100; a message takes 100,000 / rate_centi ms.
        let took = |n: u64| {
            let ms = u128::from(n) * 100_000 / u128::from(self.rate_centi);
            Millis(i64::try_from(ms).unwrap_or(i64::MAX))
        };
        let rate = format!(
            "{}.{:02} messages/s",
            self.rate_centi / 100,
            self.rate_centi % 100
        );
        let mut best = (start + took(messages), number, rate);
        if start + spread > best.0 {
            let hours = spread.0 / 3_600_000;
            best = (start + spread, "spread".to_owned(), format!("{hours} h"));
        }
        if self.imported > CANARY {
            let at = start + took(messages) + CANARY_REST;
            if at > best.0 {
                let hours = CANARY_REST.0 / 3_600_000;
                let of = self.imported;
                let detail =
                    format!("{CANARY} of {of} people from lists first, the rest {hours} h later");
                best = (at, CANARY_WAITS.to_owned(), detail);
            }
        }
        if let Some(latest) = self.latest.map(Ts)
            && latest > best.0
        {
            best = (
                latest,
                self.latest_rule.clone().unwrap_or_default(),
                format!("until {}", show(latest)),
            );
        }
        if let Some(most) = self.per_day {
            // Turns are taken as far as there is room, the next ones a day later.
            let later = self.first.saturating_sub(most.saturating_sub(self.used));
            let detail = format!("{most} people in 24 h, {} of them used", self.used);
            let Some(days) = later
                .checked_add(most.saturating_sub(1))
                .and_then(|n| n.checked_div(most))
            else {
                return Finish {
                    starts_at: show(start),
                    ends_at: None,
                    limiter: TIER.to_owned(),
                    detail,
                    messages,
                };
            };
            let at = start + Millis::days(i64::try_from(days).unwrap_or(i64::from(u32::MAX)));
            if days > 0 && at > best.0 {
                best = (at, TIER.to_owned(), detail);
            }
        }
        Finish {
            starts_at: show(start),
            ends_at: Some(show(best.0)),
            limiter: best.1,
            detail: best.2,
            messages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(now: u64, later: u64) -> Plan {
        Plan {
            at: 1_000,
            slices: vec![
                ("now".into(), None, now),
                ("later".into(), Some("quiet-hours.tenant".into()), later),
            ],
            rate_centi: 7_200,
            ..Plan::default()
        }
    }

    #[test]
    fn the_finish_names_what_holds_longest() {
        let finish = plan(7_200, 0).finish(Millis(0));
        assert_eq!(
            (finish.limiter.as_str(), finish.messages),
            ("number", 7_200)
        );
        assert_eq!(
            finish.ends_at.as_deref(),
            Some(Ts(101_000).rfc3339().as_str())
        );
        assert_eq!(plan(7_200, 0).finish(Millis::hours(4)).limiter, "spread");
        let mut late = plan(10, 72);
        late.latest = Some(5_000_000);
        late.latest_rule = Some("quiet-hours.tenant".into());
        let finish = late.finish(Millis(0));
        assert_eq!(finish.limiter, "quiet-hours.tenant");
        assert_eq!(
            finish.ends_at.as_deref(),
            Some(Ts(5_000_000).rfc3339().as_str())
        );
        let mut tier = plan(2_000, 0);
        tier.per_day = Some(237);
        tier.first = 2_000;
        let finish = tier.finish(Millis(0));
        assert_eq!(finish.limiter, "limits.tier");
        // 237 at once, eight times as many the days after.
        let days = Ts(1_000) + Millis::days(8);
        assert_eq!(finish.ends_at.as_deref(), Some(days.rfc3339().as_str()));
        tier.per_day = Some(0);
        assert_eq!(tier.finish(Millis(0)).ends_at, None);
        late.rate_centi = 0;
        assert_eq!(late.finish(Millis(0)).ends_at, None);
    }
}
