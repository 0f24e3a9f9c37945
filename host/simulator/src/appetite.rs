//! How much marketing one person gets: the cap of all businesses together, the pause in the United
//! States (§5.4; cases 49 to 52).

use std::collections::VecDeque;

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};

use crate::arena::Id;
use crate::errors::GraphError;
use crate::people::Person;
use crate::world::World;

const DAY: Millis = Millis::hours(24);
/// Refused tries within a day that shut a person off for another one: the first and three more.
const REFUSED_TRIES: usize = 4;

/// What one person had of marketing.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct Appetite {
    /// Marketing of the last 24 hours, outside windows.
    got: VecDeque<Ts>,
    /// Tries that the cap refused.
    refused: VecDeque<Ts>,
    /// Nothing before then, because of those tries.
    shut_until: Option<Ts>,
    /// They tapped "not interested" (§5.3).
    pub(crate) wants_less: bool,
}

impl Appetite {
    /// Whether one more is too much; counts the try either way.
    fn takes(&mut self, cap: u32, now: Ts) -> bool {
        for list in [&mut self.got, &mut self.refused] {
            while list.front().is_some_and(|at| now >= *at + DAY) {
                list.pop_front();
            }
        }
        let cap = usize::try_from(cap).unwrap_or(usize::MAX);
        let cap = if self.wants_less { cap / 2 } else { cap };
        let shut = self.shut_until.is_some_and(|until| now < until);
        if !shut && self.got.len() < cap {
            self.got.push_back(now);
            return true;
        }
        if self.refused.len() < REFUSED_TRIES {
            self.refused.push_back(now);
        }
        if self.refused.len() >= REFUSED_TRIES && !shut {
            self.shut_until = Some(now + DAY);
        }
        false
    }
}

impl World {
    /// 131049 for a marketing template outside the window, and what counts towards it.
    pub(crate) fn marketing_refused(&mut self, person: Id<Person>, now: Ts) -> Option<GraphError> {
        let rules = &self.config.rules;
        let (cap, us) = (rules.marketing_cap, rules.us_marketing);
        let who = &mut self.people[person];
        if !us && in_the_us(who) {
            return Some(GraphError::new(
                131_049,
                "marketing is not delivered to people in the United States",
            ));
        }
        if cap == 0 || who.appetite.takes(cap, now) {
            return None;
        }
        Some(GraphError::new(
            131_049,
            "the person had as much marketing as they may get; wait 24 hours",
        ))
    }
}

/// Area codes of `+1` that are not in the United States: Canada and the Caribbean, as the North American
/// Numbering Plan Administrator lists them (2026). Puerto Rico counts as no part of it (§5.4).
const NOT_US: &[&str] = &[
    "204", "226", "236", "242", "246", "249", "250", "257", "263", "264", "268", "284", "289",
    "306", "343", "345", "354", "365", "367", "368", "382", "403", "416", "418", "428", "431",
    "437", "438", "441", "450", "468", "473", "474", "506", "514", "519", "548", "579", "581",
    "584", "587", "600", "604", "613", "622", "639", "647", "649", "658", "664", "672", "683",
    "705", "709", "721", "742", "753", "758", "767", "778", "780", "782", "784", "787", "807",
    "809", "819", "825", "829", "849", "867", "868", "869", "873", "876", "879", "902", "905",
    "939", "942",
];

fn in_the_us(person: &Person) -> bool {
    match person.is.wa_id.as_deref() {
        Some(phone) => phone
            .strip_prefix('1')
            .filter(|rest| rest.len() == 10)
            .and_then(|rest| rest.get(..3))
            .is_some_and(|area| !NOT_US.contains(&area)),
        None => person
            .is
            .user_id
            .as_deref()
            .is_some_and(|id| id.starts_with("US.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_a_day_and_three_more_tries_shut_for_another_day() {
        let mut one = Appetite::default();
        assert!(one.takes(2, Ts(0)));
        assert!(one.takes(2, Ts(1)));
        assert!((0..4).all(|n| !one.takes(2, Ts(10 + n))));
        assert!(!one.takes(2, Ts(DAY.0 + 2)), "shut by the tries");
        assert!(one.takes(2, Ts(DAY.0 + 13)));
        let mut less = Appetite {
            wants_less: true,
            ..Appetite::default()
        };
        assert!(less.takes(2, Ts(0)));
        assert!(!less.takes(2, Ts(0)));
    }
}
