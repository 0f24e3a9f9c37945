//! `GET /home`: whether the shop sends, how its numbers are, what needs somebody, today and the month.
//!
//! It shows no person, so every role may open it; a number leads only where the role may go.

mod switch;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Role;
use portero_domain::step::Step as At;
use portero_flow::desk::access::Principal;
use portero_flow::desk::home::{self, NeedView, NumberHealth, OverviewView, StoppedView};
use portero_flow::desk::tenants::{Reach, TenantView};
use portero_flow::desk::verdict_days::{day_after, local};
use serde::Deserialize;

use crate::ConsoleState;
use crate::frame::{self, Frame, MENU, Visit, query, render};
use crate::messages::named;
use crate::problem::{Asks, Problem};
use crate::strings::Words;

pub(crate) use switch::{resume, stop};

/// Width of a bar at its longest, in units of its drawing.
const BAR: u64 = 1_000;
/// A webhook that waits longer is told, milliseconds.
const LATE_MS: i64 = 10_000;
/// What a form of the page may have led to, with its words.
const SAID: [(&str, &str); 4] = [
    ("stopped", "home.said.stopped"),
    ("resumed", "home.said.resumed"),
    ("no_reason", "home.said.no_reason"),
    ("no_scope", "home.said.no_scope"),
];

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    said: Option<String>,
}

/// A switch that is thrown.
struct Thrown {
    scope: String,
    what: String,
    reason: String,
    since: String,
    /// Whether the caller may lift it.
    mine: bool,
}

struct Day {
    mark: &'static str,
    words: String,
    quality: String,
}

struct Number {
    display: String,
    name: String,
    tone: &'static str,
    quality: &'static str,
    since: String,
    week: Vec<Day>,
    /// How much of the limit is used, in words.
    limit: String,
    bar: Option<u64>,
    limit_note: String,
    mps: u32,
    webhook: String,
    late: String,
    /// (tone, words) of what holds it.
    states: Vec<(&'static str, String)>,
}

struct Need {
    tone: &'static str,
    words: &'static str,
    name: String,
    detail: String,
    count: u64,
    href: Option<String>,
    /// The verb that shows it, where no page does.
    verb: String,
}

struct Step {
    name: &'static str,
    count: u64,
    bar: u64,
    href: Option<String>,
    tone: &'static str,
}

struct Reason {
    title: String,
    rule: String,
    count: u64,
    href: Option<String>,
}

struct Cost {
    name: String,
    messages: u64,
    unpriced: u64,
    estimated: Option<String>,
}

/// What is shown of a shop.
struct Glance {
    slug: String,
    at: String,
    thrown: Vec<Thrown>,
    in_flight: u64,
    /// (value, name) of what can be stopped; empty where the role may not.
    scopes: Vec<(String, String)>,
    numbers: Vec<Number>,
    needs: Vec<Need>,
    day: String,
    timezone: String,
    quiet: bool,
    steps: Vec<Step>,
    beside: Vec<Step>,
    reasons: Vec<Reason>,
    month: String,
    currency: String,
    costs: Vec<Cost>,
    estimated: String,
    before: Option<String>,
    budget: Option<String>,
    unpriced: u64,
    prices_of: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    /// What a form led to, and whether it was refused.
    said: Option<(&'static str, bool)>,
    resume: bool,
    shop: Option<Glance>,
}

/// The page.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/home",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let f = visit.of_a_shop().await?;
    let shop = match &f.shop {
        Some(shop) => {
            let view = home::overview(&state.ctx, shop.id).await?;
            let in_flight = match view.everything_stopped.is_some() && principal.tenant.is_none() {
                true => home::in_flight(&state.ctx, &Reach::All).await?,
                false => view.in_flight,
            };
            Some(glance(&f, &principal, shop, view, in_flight))
        }
        None => None,
    };
    Ok(render(&Page {
        w: f.w,
        lang: f.lang,
        said: outcome(f.w, asked.said.as_deref()),
        resume: frame::may(principal.role, "POST", "/console/home/{tenant}/resume"),
        f,
        shop,
    }))
}

fn outcome(w: Words, said: Option<&str>) -> Option<(&'static str, bool)> {
    let (said, key) = SAID.into_iter().find(|(s, _)| Some(*s) == said)?;
    Some((w.t(key), said.starts_with("no_")))
}

fn glance(
    f: &Frame,
    principal: &Principal,
    shop: &TenantView,
    view: OverviewView,
    in_flight: u64,
) -> Glance {
    let (w, role, zone) = (f.w, principal.role, view.timezone.as_str());
    let operator = principal.tenant.is_none();
    let mut scopes = Vec::new();
    if frame::may(role, "POST", "/console/home/{tenant}/stop") {
        scopes.push(("shop".to_owned(), w.t("home.scope.shop").to_owned()));
        let numbers = view.numbers.iter().map(|n| &n.number);
        scopes.extend(numbers.map(|n| {
            let name = format!("{} {}", w.t("home.scope.number"), n.display);
            (n.phone_number_id.clone(), name)
        }));
        if operator {
            scopes.push(("all".to_owned(), w.t("home.scope.all").to_owned()));
        }
    }
    let today = &view.today;
    let since = today.day.as_str();
    let verdicts = |fields: &[(&str, &str)]| {
        frame::may_open(role, "/verdicts").then(|| {
            let mut all = vec![
                ("lang", f.lang),
                ("shop", shop.slug.as_str()),
                ("since", since),
            ];
            all.extend(fields);
            query("/verdicts", &all)
        })
    };
    let step = |name: &'static str, count: u64, href: Option<String>, tone: &'static str| Step {
        name,
        count,
        bar: (count * BAR)
            .checked_div(today.proposed)
            .unwrap_or_default()
            .min(BAR)
            .max(u64::from(count > 0) * 4),
        href,
        tone,
    };
    let leads = |at: At| {
        let ends = day_after(since).unwrap_or_default();
        let messages = || {
            let fields = [
                ("lang", f.lang),
                ("shop", shop.slug.as_str()),
                ("step", at.as_str()),
                ("since", since),
                ("until", ends.as_str()),
            ];
            query("/messages", &fields)
        };
        // Whoever may not see people is led to the verdicts, which are masked; they count rounds, not messages.
        let by = |verdict: &str| verdicts(&[("verdict", verdict)]);
        match (frame::may_open(role, "/messages"), at) {
            (true, _) => Some(messages()),
            (false, At::Proposed) => verdicts(&[]),
            (false, At::Allowed | At::Sent) => by("allow"),
            (false, At::Denied) => by("deny"),
            (false, At::Deferred) => by("defer"),
            (false, At::InReview) => by("hold"),
            (false, _) => None,
        }
    };
    let steps = [
        (At::Proposed, today.proposed),
        (At::Allowed, today.allowed),
        (At::Sent, today.sent),
        (At::Delivered, today.delivered),
        (At::Read, today.read),
        (At::Answered, today.answered),
    ]
    .into_iter()
    .map(|(at, count)| step(named(at), count, leads(at), ""))
    .collect();
    let beside: Vec<Step> = [
        (At::Denied, today.denied, "guard"),
        (At::Deferred, today.deferred, "wait"),
        (At::InReview, today.in_review, "hold"),
        (At::Withdrawn, today.withdrawn, "guard"),
        (At::Unknown, today.unknown, "hold"),
        (At::Lost, today.lost, "bad"),
    ]
    .into_iter()
    .filter(|(_, count, _)| *count > 0)
    .map(|(at, count, tone)| step(named(at), count, leads(at), tone))
    .collect();
    Glance {
        slug: shop.slug.clone(),
        at: time(&view.at, zone),
        thrown: thrown(w, operator, zone, &view),
        in_flight,
        scopes,
        needs: view
            .needs_you
            .into_iter()
            .map(|n| need(f, role, shop, n))
            .collect(),
        quiet: today.proposed == 0,
        day: match crate::shown::time(today.counted_at.as_deref(), zone) {
            at if at.is_empty() => today.day.clone(),
            at => format!("{} · {} {at}", today.day, w.t("campaign.counted_at")),
        },
        steps,
        beside,
        reasons: view
            .reasons
            .into_iter()
            .map(|mut r| Reason {
                href: verdicts(&[("rule", r.rule.as_str())]),
                title: r.title.remove(f.lang).unwrap_or_default(),
                rule: r.rule,
                count: r.count,
            })
            .collect(),
        numbers: view
            .numbers
            .into_iter()
            .map(|n| number(w, zone, n))
            .collect(),
        month: view.month.month,
        currency: view.month.currency,
        costs: view
            .month
            .categories
            .into_iter()
            .map(|c| Cost {
                name: w.t(&format!("home.cost.{}", c.category)).to_owned(),
                messages: c.messages,
                unpriced: c.unpriced,
                estimated: c.estimated,
            })
            .collect(),
        estimated: view.month.estimated,
        before: view.month.before,
        budget: view.month.budget,
        unpriced: view.month.unpriced,
        prices_of: view.month.prices_of,
        timezone: view.timezone,
    }
}

/// An instant as the shop reads it, and UTC.
fn time(rfc3339: &str, zone: &str) -> String {
    let utc = rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ");
    format!("{} · {utc} UTC", local(rfc3339, zone))
}

fn thrown(w: Words, operator: bool, zone: &str, view: &OverviewView) -> Vec<Thrown> {
    let one = |scope: &str, what: String, stop: &StoppedView, mine| Thrown {
        scope: scope.to_owned(),
        what,
        reason: stop.reason.clone(),
        since: time(&stop.since, zone),
        mine,
    };
    let mut all = Vec::new();
    if let Some(stop) = &view.everything_stopped {
        all.push(one("all", w.t("home.scope.all").to_owned(), stop, operator));
    }
    if let Some(stop) = &view.stopped {
        all.push(one("shop", w.t("home.scope.shop").to_owned(), stop, true));
    }
    for number in view.numbers.iter().map(|n| &n.number) {
        if let Some(reason) = &number.stopped {
            all.push(Thrown {
                scope: number.phone_number_id.clone(),
                what: format!("{} {}", w.t("home.scope.number"), number.display),
                reason: reason.clone(),
                since: String::new(),
                mine: true,
            });
        }
    }
    all
}

const fn quality(of: &str) -> (&'static str, &'static str, &'static str) {
    match of.as_bytes() {
        b"GREEN" => ("ok", "home.quality.green", "✓"),
        b"YELLOW" => ("hold", "home.quality.yellow", "!"),
        b"RED" => ("bad", "home.quality.red", "✗"),
        _ => ("wait", "home.quality.unknown", "–"),
    }
}

fn number(w: Words, zone: &str, health: NumberHealth) -> Number {
    let n = health.number;
    let (tone, words, _) = quality(&n.quality);
    let week = health.quality_days.into_iter().map(|d| {
        let (_, words, mark) = quality(&d.quality);
        Day {
            mark,
            words: format!("{}: {}", d.day, w.t(words)),
            quality: d.quality,
        }
    });
    let (limit, bar) = match (health.limit_used, health.limit) {
        (Some(used), Some(limit)) => {
            let words = w.t("home.limit.used").replace("{used}", &used.to_string());
            let bar = (used * BAR).checked_div(u64::from(limit));
            (words.replace("{limit}", &limit.to_string()), bar)
        }
        _ => (w.t("home.limit.none").to_owned(), None),
    };
    let mut limit_note = String::new();
    if n.messaging_limit == "unknown" {
        w.t("home.limit.unknown").clone_into(&mut limit_note);
    } else if let Some(at) = health.limit_frees_at.filter(|_| bar == Some(BAR)) {
        limit_note = format!("{} {}", w.t("home.limit.frees"), time(&at, zone));
    }
    let mut states = Vec::new();
    if let Some(reason) = n.stopped {
        states.push(("guard", format!("{} {reason}", w.t("home.state.stopped"))));
    }
    let told = [
        ("bad", "home.state.restriction", n.restriction),
        ("wait", "home.state.resting", n.resting),
    ];
    for (tone, key, told) in told {
        if let Some(told) = told {
            let until = told
                .until
                .map(|at| format!(" ({} {})", w.t("home.state.until"), time(&at, zone)));
            let words = format!("{} {}{}", w.t(key), told.what, until.unwrap_or_default());
            states.push((tone, words));
        }
    }
    if let Some(review) = n.review.filter(|r| r != "APPROVED") {
        states.push(("hold", format!("{} {review}", w.t("home.state.review"))));
    }
    if let Some(decision) = n.name_decision.filter(|d| d != "APPROVED") {
        states.push(("hold", format!("{} {decision}", w.t("home.state.name"))));
    }
    if states.is_empty() {
        states.push(("ok", w.t("home.state.fine").to_owned()));
    }
    let late = health.webhook_lag_ms;
    Number {
        display: n.display,
        name: n.verified_name.unwrap_or_default(),
        tone,
        quality: w.t(words),
        since: n
            .quality_since
            .map(|at| time(&at, zone))
            .unwrap_or_default(),
        week: week.collect(),
        limit,
        bar: bar.map(|b| b.min(BAR)),
        limit_note,
        mps: n.mps,
        webhook: match health.webhook_at {
            Some(at) => time(&at, zone),
            None => w.t("home.webhook.none").to_owned(),
        },
        late: match late > LATE_MS {
            true => w
                .t("home.webhook.late")
                .replace("{seconds}", &(late / 1_000).to_string()),
            false => String::new(),
        },
        states,
    }
}

fn need(f: &Frame, role: Role, shop: &TenantView, n: NeedView) -> Need {
    let (page, verb) = match n.kind.as_str() {
        "conversations" => ("/inbox", "inbox list"),
        "template" => ("/templates", "template list"),
        "campaign" => ("/campaigns", "campaign list"),
        "plugin" => ("/plugins", "plugin list"),
        _ => ("/webhooks", "webhook list"),
    };
    let known = MENU.iter().any(|m| m.0 == page) && frame::may_open(role, page);
    let key = format!("home.need.{}.{}", n.kind, n.state.to_lowercase());
    Need {
        tone: match n.state.as_str() {
            "waiting" | "planned" => "wait",
            "paused" | "PAUSED" => "hold",
            _ => "bad",
        },
        words: words(f.w, &key),
        name: match n.name.is_empty() {
            true => n.id,
            false => n.name,
        },
        detail: n.detail,
        count: n.count,
        href: known.then(|| f.address(page)),
        verb: format!("portero {verb} --tenant {}", shop.slug),
    }
}

/// Words under a key that is built.
fn words(w: Words, key: &str) -> &'static str {
    const NEEDS: [&str; 9] = [
        "home.need.conversations.waiting",
        "home.need.template.paused",
        "home.need.template.rejected",
        "home.need.template.disabled",
        "home.need.campaign.planned",
        "home.need.campaign.paused",
        "home.need.plugin.breaker",
        "home.need.plugin.fault",
        "home.need.webhook.off",
    ];
    let found = NEEDS.into_iter().find(|k| *k == key);
    found.map_or("", |key| w.t(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::language::Language;

    #[test]
    fn everything_that_can_need_somebody_and_every_cost_has_words() {
        for language in Language::ALL {
            let w = Words(language);
            for (kind, states) in [
                ("conversations", &["waiting"][..]),
                ("template", &["paused", "rejected", "disabled"]),
                ("campaign", &["planned", "paused"]),
                ("plugin", &["breaker", "fault"]),
                ("webhook", &["off"]),
            ] {
                for state in states {
                    let key = format!("home.need.{kind}.{state}");
                    let said = words(w, &key);
                    assert!(!said.is_empty() && said != key, "{key} {language:?}");
                }
            }
            for category in ["marketing", "utility", "authentication", "service"] {
                let key = format!("home.cost.{category}");
                assert_ne!(w.t(&key), key);
            }
            for (said, key) in SAID {
                assert_ne!(outcome(w, Some(said)).unwrap().0, key);
            }
        }
    }

    #[test]
    fn quality_is_told_by_mark_and_word_never_by_colour_alone() {
        let all = ["GREEN", "YELLOW", "RED", "UNKNOWN"].map(quality);
        for (n, one) in all.iter().enumerate() {
            assert!(all.iter().skip(n + 1).all(|o| o.1 != one.1 && o.2 != one.2));
        }
    }
}
