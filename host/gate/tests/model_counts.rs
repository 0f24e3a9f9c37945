//! The slow second gate for the rules that count and for those of accounts.
//!
//! Written from the catalogue in another style than the rules: it keeps the whole history and looks
//! at it again for every question, or tries instant by instant. Where the two differ, one is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's helper may fail loudly"
)]
#![cfg(not(feature = "allow-everything"))]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Setup, id, text};
use portero_domain::account::{MessagingLimit, Reach};
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::OutboxId;
use portero_gate::Verdict;
use portero_gate::facts::{Duplicate, Restriction, TierFacts};
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One proposal of a plugin's day.
#[derive(Clone, Debug)]
struct Proposed {
    at: i64,
    call: usize,
    person: usize,
    let_through: bool,
}

/// Calls of a plugin: how long after the one before, about whom, with how many messages.
fn calls() -> impl Strategy<Value = Vec<(i64, usize, usize)>> {
    let wait = prop_oneof![
        4 => 0_i64..5_000,
        2 => Just(MINUTE),
        2 => 0_i64..HOUR,
        1 => Just(HOUR),
        1 => prop::sample::select(vec![DAY - 1, DAY, DAY + 1]),
    ];
    prop::collection::vec((wait, 0_usize..3, 1_usize..8), 1..25)
}

/// What a restriction forbids at an instant, told from the report alone.
fn forbidden(report: &Restriction, at: Ts, answer_inside: bool) -> bool {
    let over = report.until.is_some_and(|end| end <= at);
    let spared = report.reach == Reach::BusinessInitiated && answer_inside;
    !over && !spared
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// Whatever a bot does, no stretch of time ever holds more than a budget lets through, and nothing
    /// is refused while there is room.
    #[test]
    fn a_bot_never_gets_past_its_budgets(
        calls in calls(),
        per_call in 1_u32..6,
        hour in 1_u32..9,
        minute in 1_u32..9,
        day in prop::option::of(1_u32..12),
    ) {
        let mut s = Setup::reply("hola");
        s.policy.proposals_per_call = per_call;
        s.policy.proposals_contact_hour = hour;
        s.policy.proposals_minute = minute;
        s.plugin().max_contact_day = day;
        let start = s.now.ms();
        let mut history: Vec<Proposed> = Vec::new();
        let mut at = start;
        for (call, (wait, person, messages)) in calls.into_iter().enumerate() {
            at += wait;
            for _ in 0..messages {
                let count = |keep: &dyn Fn(&Proposed) -> bool| {
                    u32::try_from(history.iter().filter(|p| keep(p)).count()).unwrap()
                };
                let of_call = count(&|p| p.call == call);
                let of_hour = count(&|p| p.person == person && p.at > at - HOUR);
                let of_minute = count(&|p| p.at > at - MINUTE);
                let of_day = count(&|p| p.person == person && p.at > at - DAY && p.let_through);
                s.now = Ts(at);
                let plugin = s.plugin();
                plugin.proposals_this_call = of_call;
                plugin.proposals_contact_hour = of_hour;
                plugin.proposals_minute = of_minute;
                plugin.messages_contact_day = of_day;
                let refused = s.found("plugin.budget");
                // Room is what is left for one more.
                let room = of_call < per_call
                    && of_hour < hour
                    && of_minute < minute
                    && day.is_none_or(|most| of_day < most);
                prop_assert_eq!(refused.is_none(), room);
                history.push(Proposed { at, call, person, let_through: refused.is_none() });
            }
        }
        // The monitor looks at what went through only.
        let through: Vec<&Proposed> = history.iter().filter(|p| p.let_through).collect();
        for first in &through {
            let within = |span: i64, person: bool| {
                through
                    .iter()
                    .filter(|p| p.at >= first.at && p.at < first.at + span)
                    .filter(|p| !person || p.person == first.person)
                    .count()
            };
            prop_assert!(within(MINUTE, false) <= minute as usize);
            prop_assert!(within(HOUR, true) <= hour as usize);
            if let Some(most) = day {
                prop_assert!(within(DAY, true) <= most as usize);
            }
            prop_assert!(through.iter().filter(|p| p.call == first.call).count() <= per_call as usize);
        }
    }

    /// A caller that repeats itself, in any order, with the same words or others.
    #[test]
    fn a_key_means_one_message_for_ever(tries in prop::collection::vec((0_usize..4, 0_usize..3), 1..20)) {
        let mut first: BTreeMap<usize, (OutboxId, usize)> = BTreeMap::new();
        for (n, (key, words)) in tries.into_iter().enumerate() {
            let this = OutboxId::from_uuid(id(1_000 + n as u128));
            let mut s = Setup::reply("hola");
            s.proposal.content = text(["uno", "dos", "tres"][words]);
            s.proposal.id = this;
            s.facts.duplicate_of = first.get(&key).map(|(of, said)| Duplicate {
                of: *of,
                same_content: *said == words,
            });
            let found = s.found("envelope.duplicate");
            match first.get(&key) {
                None => {
                    prop_assert!(found.is_none());
                    first.insert(key, (this, words));
                }
                Some((of, said)) => {
                    let found = found.unwrap();
                    prop_assert_eq!(found.outcome, Some(Verdict::Deny));
                    prop_assert_eq!(found.value == "same_content", *said == words);
                    prop_assert_eq!(found.evidence, vec![of.to_string()], "the first, not the last");
                }
            }
            prop_assert!(s.at_dispatch().found("envelope.duplicate").is_none(), "nobody duplicates themselves");
        }
    }

    /// A restriction, tried minute by minute: what leaves leaves only where it is not forbidden, and the
    /// instant that is named is the first.
    #[test]
    fn a_restriction_holds_from_its_report_to_its_end(
        all in any::<bool>(),
        ends in prop::option::of(1_i64..90),
        kind in 0_usize..4,
        asked in 0_i64..120,
    ) {
        let mut s = match kind {
            0 => Setup::promo(),
            1 => Setup::utility(),
            2 => Setup::operator("hola"),
            _ => Setup::reply("hola"),
        };
        let reported = s.now;
        let report = Restriction {
            what: "RESTRICTED_BIZ_INITIATED_MESSAGING".into(),
            reach: if all { Reach::All } else { Reach::BusinessInitiated },
            since: reported,
            until: ends.map(|m| reported + Millis::minutes(m)),
        };
        s.sender().standing.restriction = Some(report.clone());
        s.now = reported + Millis::minutes(asked);
        // Free words inside the window are an answer, whoever writes them; a template never is.
        let window_ends = s.last_inbound().ms() + DAY;
        let answer = |at: Ts| kind >= 2 && at.ms() < window_ends;
        let found = s.found("account.restricted");
        let now = s.now;
        prop_assert_eq!(found.is_some(), forbidden(&report, now, answer(now)));
        if let Some(found) = found {
            let first = (0..=200)
                .map(|m| now + Millis::minutes(m))
                .find(|at| !forbidden(&report, *at, false));
            prop_assert_eq!(found.until, first);
            let expected = if first.is_some() { Verdict::Defer } else { Verdict::Deny };
            prop_assert_eq!(found.outcome, Some(expected));
        }
    }

    /// Meta's word of a number changes; the last one counts, for promotion only.
    #[test]
    fn promotion_rests_while_the_last_word_is_red(
        words in prop::collection::vec(0_usize..4, 0..6),
        promotes in any::<bool>(),
        dispatch in any::<bool>(),
    ) {
        const WORDS: [&str; 4] = ["GREEN", "YELLOW", "RED", "NA"];
        let mut s = if promotes { Setup::promo() } else { Setup::utility() };
        if dispatch {
            s = s.at_dispatch();
        }
        for (n, word) in words.iter().enumerate() {
            let at = s.now + Millis::minutes(n as i64);
            let standing = &mut s.sender().standing;
            standing.quality = Some(WORDS[*word].to_owned());
            standing.quality_at = Some(at);
        }
        let said = s.found("account.quality-red").map(|f| f.outcome);
        let model = match (promotes, words.last().map(|w| WORDS[*w])) {
            (true, Some("RED")) => Some(Some(Verdict::Hold)),
            (true, Some("YELLOW")) => Some(None),
            _ => None,
        };
        prop_assert_eq!(said, model);
    }

    /// A shop writes first to people, again and again, as its limit is raised and lowered: never to more
    /// different people within a day than Meta allows, and whoever waits is told the first instant at
    /// which fewer count.
    #[test]
    fn never_more_people_in_a_day_than_the_limit(
        tries in prop::collection::vec((0_i64..9 * HOUR, 0_usize..12, any::<bool>()), 1..40),
        limits in prop::collection::vec(prop::option::of(1_u32..10), 1..4),
    ) {
        let mut now = Setup::promo().now;
        let mut sent: Vec<(i64, usize)> = Vec::new();
        let total = tries.len();
        for (n, (wait, person, promotes)) in tries.into_iter().enumerate() {
            now = now.plus_ms(wait);
            let limit = limits[n * limits.len() / total].map(MessagingLimit);
            let counting = |at: i64| -> BTreeSet<usize> {
                sent.iter().filter(|(t, _)| *t > at - DAY).map(|(_, who)| *who).collect()
            };
            let counted = counting(now.ms());
            let others = counted.iter().filter(|who| **who != person).count();
            // When the first of the others was written to for the last time, a day later.
            let frees_at = counted
                .iter()
                .filter(|who| **who != person)
                .map(|who| sent.iter().filter(|(_, w)| w == who).map(|(t, _)| t + DAY).max().unwrap())
                .min()
                .map(Ts);
            let mut s = if promotes { Setup::promo() } else { Setup::utility() }.at_dispatch();
            s.now = now;
            s.sender().standing.tier = Some(TierFacts {
                limit,
                used: u32::try_from(others).unwrap(),
                counted: counted.contains(&person),
                frees_at,
            });
            let found = s.found("limits.tier");
            let allowed = limit.map_or(250, |l| l.0) as usize;
            // 95 of every hundred, whole people only.
            let share = (0..=allowed).rev().find(|n| n * 100 <= allowed * 95).unwrap();
            let room = if promotes { share } else { allowed };
            let may = counted.contains(&person) || others < room;
            prop_assert_eq!(found.is_none(), may, "{} of {:?}", others, limit);
            match found {
                None => {
                    sent.push((now.ms(), person));
                    let after = counting_of(&sent, now.ms());
                    prop_assert!(after <= counted.len().max(allowed), "{} people of {}", after, allowed);
                }
                Some(found) => {
                    let first = sent
                        .iter()
                        .map(|(t, _)| t + DAY)
                        .filter(|at| *at > now.ms())
                        .filter(|at| {
                            counting(*at).iter().filter(|who| **who != person).count() < others
                        })
                        .min()
                        .map(Ts);
                    prop_assert_eq!(found.until, first);
                }
            }
        }
    }
}

/// Different people written to first in the day before an instant.
fn counting_of(sent: &[(i64, usize)], at: i64) -> usize {
    let people: BTreeSet<usize> = sent
        .iter()
        .filter(|(t, _)| *t > at - DAY)
        .map(|(_, who)| *who)
        .collect();
    people.len()
}
