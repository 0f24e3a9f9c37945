//! A second, slow and obvious implementation of the rules that look back.
//!
//! Written from the catalogue in another style: it replays a person's history instant by instant
//! and asks at each "was it allowed?", instead of computing the answer. Where the gate and the model
//! differ, one of them is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's helper may fail loudly"
)]
#![cfg(not(feature = "allow-everything"))]

mod common;

use common::ledger::{Said, ledger, walk};
use common::{
    Setup, declined, granted, host, meta_resume, meta_stop, plugin, requested, revoked, ts,
    unconfirmed,
};
use jiff::tz::TimeZone;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEventKind, ConsentScope, FrequencyPromise, Period};
use portero_domain::template::TemplateStatus;
use portero_gate::policy::WeekHours;
use portero_gate::{Fact, Verdict};
use proptest::prelude::*;

// ---------------------------------------------------------------- time

/// Whether the shop is open, read off the wall clock minute by minute.
fn wall_clock_open(zone: &TimeZone, hours: &WeekHours, at: Ts) -> bool {
    let local = at.to_jiff().unwrap().to_zoned(zone.clone());
    let text = local.strftime("%u %H:%M").to_string();
    let day: usize = text[..1].parse().unwrap();
    let minute: u16 = text[2..4].parse::<u16>().unwrap() * 60 + text[5..7].parse::<u16>().unwrap();
    hours.0[day - 1].is_some_and(|(start, end)| start <= minute && minute < end)
}

/// Tries every minute of the next nine days.
fn first_open_minute(zone: &TimeZone, hours: &WeekHours, from: Ts) -> Option<Ts> {
    if wall_clock_open(zone, hours, from) {
        return Some(from);
    }
    let mut at = Ts(from.ms().div_euclid(60_000) * 60_000);
    for _ in 0..9 * 24 * 60 {
        at = at.plus_ms(60_000);
        if wall_clock_open(zone, hours, at) {
            return Some(at);
        }
    }
    None
}

fn week() -> impl Strategy<Value = WeekHours> {
    let day = prop_oneof![
        1 => Just(None),
        4 => (0_u16..1439, 1_u16..1440).prop_map(|(a, b)| {
            let (a, b) = if a < b { (a, b) } else { (b, a + 1) };
            Some((a, b.max(a + 1)))
        }),
    ];
    prop::collection::vec(day, 7).prop_map(|d| WeekHours(d.try_into().unwrap()))
}

/// Zones that change their clocks and zones that do not.
fn zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "America/Bogota",
        "America/Santiago",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Asuncion",
        "America/Havana",
        "Australia/Lord_Howe",
        "Europe/Lisbon",
        "UTC",
    ])
}

/// Instants around changes of the clocks and anywhere in two years, whole minutes or not.
fn instant() -> impl Strategy<Value = Ts> {
    let changes = [
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-09-06T04:00:00Z",
        "2027-04-04T03:00:00Z",
        "2026-10-03T15:30:00Z",
        "2027-04-03T15:00:00Z",
    ]
    .map(ts);
    let near = (
        prop::sample::select(changes.to_vec()),
        -100_000_000_i64..100_000_000,
    )
        .prop_map(|(t, by)| t.plus_ms(by));
    let anywhere = (1_767_225_600_000_i64..1_830_297_600_000).prop_map(Ts);
    prop_oneof![
        near,
        anywhere.clone(),
        anywhere.prop_map(|t| Ts(t.ms() / 60_000 * 60_000))
    ]
}

// ---------------------------------------------------------------- history

/// Fills a bucket drop by drop: the history of sends, not a running instant.
struct Bucket {
    gap: i64,
    /// Instants at which the debt of each send is paid.
    paid_at: Vec<i64>,
}

impl Bucket {
    /// Sends still unpaid at an instant.
    fn debt(&self, at: i64) -> i64 {
        self.paid_at.iter().filter(|paid| **paid > at).count() as i64
    }
    /// One more send: its debt begins when the last one's is paid.
    fn send(&mut self, at: i64) {
        let begins = self.paid_at.last().copied().unwrap_or(i64::MIN).max(at);
        self.paid_at.push(begins + self.gap);
    }
    /// The first instant at which fewer than `burst` sends are unpaid, looked for one by one.
    fn opens(&self, from: i64, burst: i64) -> i64 {
        let mut candidates: Vec<i64> = self
            .paid_at
            .iter()
            .copied()
            .filter(|paid| *paid > from)
            .collect();
        candidates.push(from);
        candidates.sort_unstable();
        candidates
            .into_iter()
            .find(|at| self.debt(*at) < burst)
            .unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn consent_of_promotion_is_the_models(events in ledger(), dispatch in any::<bool>()) {
        let mut s = Setup::promo();
        if dispatch {
            s = s.at_dispatch();
        }
        let said = walk(&events, "ofertas", true);
        let anything_else = ["pedidos"].iter().any(|t| walk(&events, t, true) == Said::Yes
            && events.iter().any(|e| e.scope == ConsentScope::Topic((*t).into()) && e.kind == ConsentEventKind::Granted));
        *s.consent() = events.clone();
        let expected = match said {
            Said::Yes => None,
            Said::No => Some("consent.revoked"),
            Said::Nothing if anything_else => Some("consent.scope"),
            Said::Nothing => Some("consent.missing"),
        };
        prop_assert_eq!(s.denied_by(), expected.map(str::to_owned), "{:?}", events);
        prop_assert_eq!(s.judge().verdict == Verdict::Allow, expected.is_none());
    }

    #[test]
    fn consent_of_order_updates_is_the_models(events in ledger(), open_order in any::<bool>()) {
        let mut s = Setup::utility();
        s.proposal.topic = Some("pedidos".into());
        if !open_order {
            s.facts.recipient.open_transactions.clear();
        }
        *s.consent() = events.clone();
        let said = walk(&events, "pedidos", false);
        let verdict = s.judge().verdict;
        match said {
            Said::Yes => prop_assert_eq!(verdict, Verdict::Allow),
            Said::No => prop_assert_eq!(s.denied_by(), Some("consent.revoked".to_owned())),
            Said::Nothing => prop_assert_eq!(verdict == Verdict::Allow, open_order),
        }
    }

    #[test]
    fn whatsapps_own_stop_is_the_last_word_on_it(
        drawn in prop::collection::vec((any::<bool>(), 1_i64..6), 0..6),
    ) {
        let mut s = Setup::promo();
        let mut stopped = false;
        let mut last = 0;
        for (stop, at) in &drawn {
            s.consent().push(if *stop { meta_stop(*at) } else { meta_resume(*at) });
        }
        for instant in 1..6 {
            let here: Vec<bool> = drawn.iter().filter(|(_, at)| *at == instant).map(|(s, _)| *s).collect();
            if !here.is_empty() {
                stopped = here.contains(&true);
                last = instant;
            }
        }
        let found = s.found("consent.meta-stop");
        prop_assert_eq!(found.is_some(), stopped);
        if let Some(found) = found {
            prop_assert_eq!(found.limit, Ts(last).rfc3339());
        }
    }

    #[test]
    fn an_opt_out_leaves_only_what_was_written_later_answered(
        wrote in 0_i64..10, revoked_at in 0_i64..10, all in any::<bool>(), by in 0_usize..3,
    ) {
        let base = common::monday();
        let at = |minute: i64| base - Millis::minutes(20) + Millis::minutes(minute);
        let mut s = Setup::reply("hola");
        match by {
            0 => {}
            1 => s = Setup::operator("hola"),
            _ => s.proposal.origin = host("consent_question"),
        }
        s.window().last_inbound_at = Some(at(wrote));
        if let Some(answers) = &mut s.proposal.answers {
            answers.at = at(wrote);
        }
        let scope = if all { ConsentScope::All } else { ConsentScope::Promotional };
        *s.consent() = vec![revoked(scope, at(revoked_at).ms())];
        let may = !all || wrote > revoked_at;
        prop_assert_eq!(s.found("consent.revoked").is_none(), may);
    }

    #[test]
    fn the_window_is_the_models(wrote in prop::option::of(0_i64..200_000_000), margin in 0_i64..20_000, dispatch in any::<bool>()) {
        let mut s = Setup::operator("hola");
        s.now = Ts(1_795_000_000_000);
        s.proposal.created_at = s.now;
        s.proposal.expires_at = s.now.plus_ms(100_000);
        s.policy.window_margin_ms = Millis(margin);
        s.window().last_inbound_at = wrote.map(|ago| s.now.plus_ms(-ago));
        if dispatch {
            s = s.at_dispatch();
        }
        // A message sent now arrives within the margin; at every instant until then it must be open.
        let open_at = |t: Ts| wrote.is_some_and(|ago| t.since(s.now.plus_ms(-ago)) < 24 * 3_600_000);
        let arrives = if dispatch { s.now.plus_ms(margin) } else { s.now };
        let expected = open_at(s.now) && open_at(arrives);
        prop_assert_eq!(s.judge().verdict == Verdict::Allow, expected);
    }

    #[test]
    fn the_promise_is_the_models(
        ago in prop::collection::vec((0_i64..40, 0_i64..86_400_000, any::<bool>()), 0..8),
        max in 1_u32..4,
        per in prop::sample::select(vec![Period::Day, Period::Week, Period::Month]),
        wide in any::<bool>(),
    ) {
        let mut s = Setup::promo();
        let mut sends: Vec<(Option<String>, Ts)> = ago
            .iter()
            .map(|(days, ms, same)| {
                let topic = if *same { "ofertas" } else { "otros" };
                (Some(topic.to_owned()), s.now.plus_ms(-days * 86_400_000 - ms))
            })
            .collect();
        sends.sort_by_key(|(_, at)| *at);
        let scope = if wide { ConsentScope::Promotional } else { ConsentScope::Topic("ofertas".into()) };
        *s.consent() = vec![granted(scope, 1_000)];
        s.consent()[0].promise = Some(FrequencyPromise { max, per });
        s.facts.promotional_sends = Fact::Known(sends.clone());

        let days = match per { Period::Day => 1, Period::Week => 7, Period::Month => 30 };
        let fits = |at: Ts| {
            let mut inside = 0;
            for (topic, sent) in &sends {
                let counted = wide || topic.as_deref() == Some("ofertas");
                if counted && sent.ms() > at.ms() - days * 86_400_000 {
                    inside += 1;
                }
            }
            inside < max
        };
        // Room comes only when a send leaves the period: now, or at one of these.
        let mut candidates = vec![s.now];
        candidates.extend(sends.iter().map(|(_, at)| at.plus_ms(days * 86_400_000)).filter(|t| *t > s.now));
        candidates.sort();
        let first = candidates.into_iter().find(|t| fits(*t)).unwrap();
        let found = s.found("frequency.promise-exceeded");
        prop_assert_eq!(found.and_then(|f| f.until).unwrap_or(s.now), first);
    }

    /// A person's month, send by send: a promotion may go at an instant when, counting it, no stretch
    /// of a day, a week or a month that ends there holds more than its cap, and the last is far enough.
    #[test]
    fn caps_and_gaps_are_the_models(
        ago in prop::collection::vec(0_i64..40 * 24 * 60, 0..12),
        (day, week, month) in (1_u32..3, 1_u32..5, 1_u32..9),
        gap_hours in 0_i64..60,
    ) {
        let mut s = Setup::promo();
        s.policy.promotional_per_day = day;
        s.policy.promotional_per_week = week;
        s.policy.promotional_per_month = month;
        s.policy.promotional_gap_ms = Millis::hours(gap_hours);
        let mut sends: Vec<Ts> = ago.iter().map(|m| s.now - Millis::minutes(*m)).collect();
        sends.sort();
        s.facts.promotional_sends = Fact::Known(sends.iter().map(|at| (None, *at)).collect());
        let fits = |at: Ts| {
            [(day, 1), (week, 7), (month, 30)].iter().all(|(most, days)| {
                let mut inside = 0;
                for sent in &sends {
                    if sent.ms() > at.ms() - days * 86_400_000 {
                        inside += 1;
                    }
                }
                inside < *most
            })
        };
        let far = |at: Ts| sends.iter().all(|sent| at.since(*sent) >= gap_hours * 3_600_000);
        let mut candidates = vec![s.now];
        for sent in &sends {
            candidates.extend([1, 7, 30].map(|days| *sent + Millis::days(days)));
            candidates.push(*sent + Millis::hours(gap_hours));
        }
        candidates.retain(|at| *at >= s.now);
        candidates.sort();
        for (rule, free) in [
            ("frequency.cap-tenant", &fits as &dyn Fn(Ts) -> bool),
            ("frequency.min-gap", &far),
        ] {
            let first = *candidates.iter().find(|at| free(**at)).unwrap();
            // A rule may name an instant at which another of its own caps is still full: asked again
            // there, it must come to the first free one.
            let mut at = s.clone();
            let mut rounds = 0;
            while let Some(found) = at.found(rule) {
                at.now = found.until.unwrap();
                rounds += 1;
                prop_assert!(rounds < 5);
            }
            prop_assert_eq!(at.now, first, "{}", rule);
        }
    }

    /// Meta's refusals, one by one: a wait that grows, unless they come together.
    #[test]
    fn the_wait_after_metas_refusals_is_the_models(
        gaps in prop::collection::vec(0_i64..200, 1..7),
        since in 0_i64..12 * 24 * 60,
    ) {
        let mut s = Setup::promo();
        let mut at = s.now - Millis::minutes(since);
        let mut refusals = vec![at];
        for minutes in &gaps {
            at = at - Millis::minutes(*minutes);
            refusals.insert(0, at);
        }
        let mut step = 0;
        for (n, refusal) in refusals.iter().enumerate() {
            let together = n > 0 && refusal.since(refusals[n - 1]) <= 3_600_000;
            step += i64::from(!together);
        }
        let hours = match step { 1 => 24, 2 => 48, 3 => 96, _ => 168 };
        s.facts.meta_refusals = Fact::Known(refusals.clone());
        let free = *refusals.last().unwrap() + Millis::hours(hours);
        let found = s.found("frequency.meta-per-user");
        prop_assert_eq!(found.and_then(|f| f.until).unwrap_or(s.now), free.max(s.now));
    }

    /// A consent dies of the first of three things; day by day.
    #[test]
    fn a_consent_lives_as_long_as_the_models(
        agreed_ago in 0_i64..900,
        sign_ago in prop::option::of(0_i64..900),
        ends_in in prop::option::of(-400_i64..400),
        (age, quiet) in (1_i64..800, 1_i64..500),
    ) {
        let mut s = Setup::promo();
        s.policy.consent_max_age_ms = Millis::days(age);
        s.policy.consent_inactivity_ms = Millis::days(quiet);
        let agreed = s.now - Millis::days(agreed_ago);
        *s.consent() = vec![granted(ConsentScope::Topic("ofertas".into()), agreed.ms())];
        let now = s.now;
        s.consent()[0].expires_at = ends_in.map(|days| now + Millis::days(days));
        s.facts.recipient.last_sign_at = sign_ago.map(|days| now - Millis::days(days));
        let mut alive = true;
        // Lived through day by day from the yes on; who is dead stays dead but for a sign that came
        // before the silence was too long.
        let mut last_sign = agreed;
        for day in 0..=agreed_ago {
            let today = agreed + Millis::days(day);
            if s.facts.recipient.last_sign_at.is_some_and(|sign| sign == today) {
                last_sign = today;
            }
            alive = day < age
                && today.since(last_sign) < quiet * 86_400_000
                && s.consent()[0].expires_at.is_none_or(|end| today < end);
        }
        prop_assert_eq!(s.found("consent.expired").is_none(), alive);
    }

    /// The ledger of one topic, read line by line, says when the question may be put.
    #[test]
    fn questions_are_asked_as_seldom_as_the_model_says(
        drawn in prop::collection::vec((0_usize..5, 0_i64..420), 0..7),
    ) {
        let mut s = Setup::question();
        let now = s.now;
        let mut lines: Vec<(i64, usize)> = drawn.iter().map(|(kind, ago)| (420 - ago, *kind)).collect();
        lines.sort();
        // One line a day at most: what counts at one instant is the tables' business.
        lines.dedup_by_key(|(day, _)| *day);
        let at = |day: i64| (now - Millis::days(420 - day)).ms();
        let topic = || ConsentScope::Topic("ofertas".into());
        *s.consent() = lines.iter().map(|(day, kind)| match kind {
            0 => granted(topic(), at(*day)),
            1 => declined("ofertas", at(*day)),
            2 => revoked(ConsentScope::All, at(*day)),
            3 => unconfirmed(topic(), at(*day)),
            _ => requested("ofertas", at(*day)),
        }).collect();
        let (mut open, mut asked, mut left) = (0_i64, 0, false);
        for (day, kind) in &lines {
            match kind {
                0 => (open, asked, left) = (0, 0, false),
                1 => open = open.max(day + 180),
                2 => left = true,
                3 => {}
                _ => {
                    open = open.max(day + 30);
                    asked += 1;
                }
            }
        }
        let may = !left && asked < 3 && open <= 420;
        prop_assert_eq!(s.found("consent.request-repeated").is_none(), may, "{:?}", lines);
    }

    /// Meta's real end of a pause and the announced one differ as they like; whoever sends before the
    /// real one is told 132015.
    #[test]
    fn a_pause_ends_when_meta_says_so_and_is_never_forgotten(
        announced in prop::option::of(-30_i64..400),
        ends_after in 1_i64..700,
        told_by_webhook in any::<bool>(),
        late in 0_i64..5,
    ) {
        let minute = |m: i64| common::monday() + Millis::minutes(m);
        let mut s = Setup::promo().at_dispatch();
        s.policy.promotional_hours = WeekHours::every_day("00:00", "24:00");
        s.registry().status = TemplateStatus::Paused;
        s.registry().paused_until = announced.map(minute);
        s.registry().synced_at = minute(0);
        let mut looks = 0;
        let sent_at = loop {
            // The registry hears of the end by webhook, or a sync of the operator a little later.
            let heard = minute(ends_after + if told_by_webhook { 0 } else { late });
            if s.now >= heard {
                s.registry().status = TemplateStatus::Approved;
            }
            let judgement = s.judge();
            if judgement.verdict == Verdict::Allow {
                break s.now;
            }
            prop_assert_eq!(judgement.primary.as_deref(), Some("template.paused"));
            let again = judgement.until.unwrap();
            prop_assert!(again > s.now && again.since(s.now) <= 6 * 3_600_000 + 40 * 60_000);
            looks += 1;
            prop_assert!(looks < 80, "it must not be looked at in a hurry");
            // A webhook releases what waits.
            s.now = if told_by_webhook { again.min(heard.max(s.now.plus_ms(1))) } else { again };
        };
        prop_assert!(sent_at >= minute(ends_after), "nothing leaves before Meta ends the pause");
        let slack = if told_by_webhook { 0 } else { 6 * 3_600_000 };
        prop_assert!(sent_at.since(minute(ends_after + late)) <= slack);
    }

    #[test]
    fn bots_stop_after_as_many_as_allowed(said in 0_u32..9, minute in 0_u32..6, by in 0_usize..4) {
        let mut s = Setup::reply("hola");
        s.proposal.origin = match by {
            0 => plugin(),
            1 => Setup::operator("x").proposal.origin,
            2 => host("consent_question"),
            _ => Setup::promo().proposal.origin,
        };
        s.facts.conversation.bot_since_inbound = said;
        s.facts.conversation.bot_last_minute = minute;
        let is_bot = by == 0 || by == 2;
        // One more than this would be the seventh, or the fourth of the minute.
        let too_many = said + 1 > 6 || minute + 1 > 3;
        prop_assert_eq!(s.found("bot.consecutive").is_some(), is_bot && too_many);
    }

    #[test]
    fn the_pair_bucket_is_the_models(
        steps in prop::collection::vec((0_i64..9_000, any::<bool>()), 1..25),
        gap in 1_i64..8_000,
        burst in 1_u32..7,
    ) {
        let mut reply = Setup::reply("hola").at_dispatch();
        let mut other = Setup::operator("hola").at_dispatch();
        let mut bucket = Bucket { gap, paid_at: Vec::new() };
        let mut now = reply.now;
        let mut tat = Ts::ZERO;
        for (wait, answers) in steps {
            now = now.plus_ms(wait);
            let s = if answers { &mut reply } else { &mut other };
            s.now = now;
            s.policy.pair_gap_ms = Millis(gap);
            s.policy.pair_burst = burst;
            s.facts.conversation.pair_tat = tat;
            let allowed = if answers { i64::from(burst) } else { 1 };
            let opens = bucket.opens(now.ms(), allowed);
            let found = s.found("limits.pair-rate");
            prop_assert_eq!(found.as_ref().and_then(|f| f.until).map_or(now.ms(), Ts::ms), opens);
            if found.is_none() {
                bucket.send(now.ms());
                tat = portero_gate::next_pair_tat(&s.proposal, &s.facts, &s.policy, now);
            }
        }
    }

    #[test]
    fn a_number_never_sends_more_than_its_share_nor_much_less(
        mps in prop::sample::select(vec![1_u32, 5, 20, 80, 250, 1_000]),
        percent in 1_u32..=100,
        burst in 1_u32..9,
        waits in prop::collection::vec(0_i64..400, 1..120),
    ) {
        let mut s = Setup::operator("hola").at_dispatch();
        s.sender().mps = mps;
        s.policy.throughput_percent = percent;
        s.policy.throughput_burst = burst;
        let mut sent: Vec<i64> = Vec::new();
        for wait in waits {
            s.now = s.now.plus_ms(wait);
            // As many as it lets go at this instant.
            for _ in 0..20 {
                match s.found("limits.throughput") {
                    None => {
                        sent.push(s.now.ms());
                        let tat = portero_gate::next_number_tat(&s.facts, &s.policy, s.now);
                        s.sender().tat = tat;
                    }
                    Some(found) => {
                        let until = found.until.unwrap();
                        prop_assert!(until > s.now);
                        let mut later = s.clone();
                        later.now = until;
                        prop_assert!(later.found("limits.throughput").is_none(), "the instant named is the instant");
                        break;
                    }
                }
            }
        }
        // In any stretch of L ms: at most L × rate + burst, and one for the rounding of its ends. The burst is
        // for 80 messages a second, and in proportion for more.
        let rate = i64::from(mps) * i64::from(percent);
        let more = (i64::from(burst) - 1) * i64::from(mps.max(80)) * 100_000;
        for (i, from) in sent.iter().enumerate() {
            for (j, to) in sent.iter().enumerate().skip(i) {
                let count = (j - i + 1) as i64;
                let most = ((to - from) * rate * 80 + more).div_euclid(8_000_000) + 2;
                prop_assert!(count <= most, "{} in {} ms at {}", count, to - from, rate);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn quiet_hours_are_the_models(hours in week(), zone in zone(), now in instant()) {
        let mut s = Setup::promo();
        s.now = now;
        s.facts.tenant.timezone = zone.into();
        s.policy.promotional_hours = hours.clone();
        let tz = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
        let found = s.found("quiet-hours.tenant");
        match first_open_minute(&tz, &hours, now) {
            Some(at) => {
                let until = found.and_then(|f| f.until).unwrap_or(now);
                prop_assert_eq!(until, at, "{} {:?}", zone, hours);
            }
            None => prop_assert_eq!(found.and_then(|f| f.outcome), Some(Verdict::Deny)),
        }
    }
}
