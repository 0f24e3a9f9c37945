//! Quality that follows from what people do: blocks and reports of seven days against what was
//! delivered in them, for numbers and templates (§3.4, §3.5, §6.5; cases 55, 57).

use std::collections::VecDeque;

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::arena::Id;
use crate::fate::Due;
use crate::people::Person;
use crate::rules::Rules;
use crate::templates::Template;
use crate::world::{Number, World};

const HOUR_MS: i64 = 3_600_000;
/// What is older counts no more (§6.5).
const SPAN: Millis = Millis::days(7);

/// One hour.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Hour {
    at: i64,
    delivered: u32,
    bad: u32,
}

/// What people thought of a number or a template, by the hour.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Feedback {
    hours: VecDeque<Hour>,
    /// What the last judgement said; a judgement tells only when it says something else.
    said: Option<Level>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Level {
    Green,
    Yellow,
    Red,
}

impl Level {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Level::Green => "GREEN",
            Level::Yellow => "YELLOW",
            Level::Red => "RED",
        }
    }
}

impl Feedback {
    fn hour(&mut self, now: Ts) -> Option<&mut Hour> {
        let at = now.ms().div_euclid(HOUR_MS);
        if self.hours.back().is_none_or(|last| last.at < at) {
            self.hours.push_back(Hour {
                at,
                delivered: 0,
                bad: 0,
            });
        }
        let oldest = (now - SPAN).ms().div_euclid(HOUR_MS);
        while self.hours.front().is_some_and(|first| first.at <= oldest) {
            self.hours.pop_front();
        }
        self.hours.back_mut()
    }

    pub(crate) fn delivered(&mut self, now: Ts) {
        if let Some(hour) = self.hour(now) {
            hour.delivered = hour.delivered.saturating_add(1);
        }
    }

    fn bad(&mut self, now: Ts) {
        if let Some(hour) = self.hour(now) {
            hour.bad = hour.bad.saturating_add(1);
        }
    }

    /// What the last seven days say; nothing while too few were delivered.
    pub(crate) fn level(&mut self, rules: &Rules, now: Ts) -> Option<Level> {
        self.hour(now);
        let (delivered, bad) = self.hours.iter().fold((0u64, 0u64), |(d, b), hour| {
            (d + u64::from(hour.delivered), b + u64::from(hour.bad))
        });
        if delivered < u64::from(rules.quality_min_delivered) {
            return None;
        }
        let over = |permille: u32| bad * 1_000 >= delivered * u64::from(permille);
        Some(
            match (
                over(rules.quality_red_permille),
                over(rules.quality_yellow_permille),
            ) {
                (true, _) => Level::Red,
                (false, true) => Level::Yellow,
                (false, false) => Level::Green,
            },
        )
    }

    /// A level that was not said before.
    fn news(&mut self, rules: &Rules, now: Ts) -> Option<Level> {
        let level = self.level(rules, now)?;
        let before = self.said.replace(level);
        // The first judgement that finds nothing wrong is no news.
        let silent = before.is_none() && level == Level::Green;
        (before != Some(level) && !silent).then_some(level)
    }
}

impl World {
    /// Somebody blocked or reported the number: it counts against it, and against the template of
    /// the last template message that reached them within seven days (our choice).
    pub(crate) fn complained(&mut self, number: Id<Number>, person: Id<Person>, now: Ts) {
        self.numbers[number].feedback.bad(now);
        let template = self.threads.get(&(number, person)).and_then(|thread| {
            let mut newest = thread.messages.iter().rev();
            newest.find_map(|id| {
                let message = self.messages.kept(*id)?;
                let recent = now.since(message.at) <= SPAN.0 && message.reached();
                message.template.filter(|_| recent)
            })
        });
        if let Some(template) = template {
            self.templates[template].feedback.bad(now);
            self.judge_template(template, now);
        }
        self.judge_number(number, now);
        // When the complaint has grown old, quality may be better again.
        let again = now + SPAN + Millis::hours(1);
        self.calendar.push(again, Due::Judge(number, template));
    }

    pub(crate) fn judge_number(&mut self, id: Id<Number>, now: Ts) {
        let rules = &self.config.rules;
        if let Some(level) = self.numbers[id].feedback.news(rules, now) {
            self.set_number_quality(id, level.word(), now);
        }
    }

    pub(crate) fn judge_template(&mut self, id: Id<Template>, now: Ts) {
        let rules = &self.config.rules;
        if let Some(level) = self.templates[id].feedback.news(rules, now) {
            self.set_template_quality(id, level.word(), now);
        }
    }

    /// The quality of a number. Meta tells when it becomes low and when that ends, and nothing
    /// between; the limit stays as it is (§6.1).
    pub(crate) fn set_number_quality(
        &mut self,
        id: Id<Number>,
        quality: &str,
        at: Ts,
    ) -> Option<&'static str> {
        let waba = self.numbers[id].waba;
        let number = &mut self.numbers[id].is;
        let before = std::mem::replace(&mut number.quality, quality.to_owned());
        let display = number.display.clone();
        let event = match (before == "RED", quality == "RED") {
            (false, true) => "FLAGGED",
            (true, false) => "UNFLAGGED",
            _ => return None,
        };
        let value = json!({ "display_phone_number": display, "event": event });
        self.tell_waba(waba, "phone_number_quality_update", value, at);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_a_hundred_are_red_one_is_yellow_and_a_week_heals() {
        let rules = Rules::default();
        let mut of = Feedback::default();
        for _ in 0..99 {
            of.delivered(Ts(0));
        }
        of.bad(Ts(0));
        assert_eq!(of.news(&rules, Ts(0)), None, "too few to judge");
        of.delivered(Ts(0));
        assert_eq!(of.news(&rules, Ts(0)), Some(Level::Yellow));
        assert_eq!(of.news(&rules, Ts(0)), None, "told once");
        of.bad(Ts(1));
        of.bad(Ts(2));
        assert_eq!(of.news(&rules, Ts(2)), Some(Level::Red));
        let later = Ts(SPAN.0 + HOUR_MS);
        assert_eq!(of.level(&rules, later), None);
        for _ in 0..100 {
            of.delivered(later);
        }
        assert_eq!(of.news(&rules, later), Some(Level::Green));
    }
}
