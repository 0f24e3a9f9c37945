//! How far a campaign is: people by what became of them, rate, what holds it, its brake, and the reasons.

use portero_flow::desk::campaigns::{CampaignView, ReasonView, StandingView};

use super::{BAR, held_words};
use crate::frame::query;
use crate::shown::{number, part, share, time};
use crate::strings::Words;

/// States of people in groups, each with its tone; every state is in one of them.
const GROUPS: &[(&str, &str, &[&str])] = &[
    ("sent", "ok", &["sent"]),
    ("flight", "wait", &["attempting", "unknown"]),
    ("waits", "plain", &["waiting", "queued", "deferred"]),
    ("review", "hold", &["in_review"]),
    (
        "kept",
        "guard",
        &["denied", "left_out", "withdrawn", "expired", "cancelled"],
    ),
    ("lost", "bad", &["failed"]),
];

/// A part of a bar, and its line below.
pub(super) struct Slice {
    pub(super) x: u64,
    pub(super) width: u64,
    pub(super) tone: &'static str,
    pub(super) name: String,
    pub(super) people: String,
    pub(super) share: String,
    /// To the people; empty where nobody may look or nothing is listed.
    pub(super) href: String,
}

/// Parts of one bar; they add up to the whole.
pub(super) fn stacked(parts: Vec<(&'static str, String, u64, String)>, of: u64) -> Vec<Slice> {
    let mut before = 0;
    parts
        .into_iter()
        .filter(|(.., people, _)| *people > 0)
        .map(|(tone, name, people, href)| {
            let x = part(before, of, BAR);
            before += people;
            Slice {
                x,
                width: part(before, of, BAR).saturating_sub(x).max(1),
                tone,
                name,
                people: number(people),
                share: share(people, of),
                href,
            }
        })
        .collect()
}

/// A line of a list of figures.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) rule: String,
    pub(super) href: String,
}

/// The run as the page shows it.
pub(super) struct Run {
    pub(super) people: String,
    pub(super) slices: Vec<Slice>,
    pub(super) holds: String,
    pub(super) next: String,
    pub(super) rate: String,
    pub(super) facts: Vec<Line>,
    pub(super) reasons: Vec<Line>,
}

fn count(view: &CampaignView, states: &[&str]) -> u64 {
    let of = |s: &&str| view.progress.counts.get(*s).copied().unwrap_or_default();
    states.iter().map(of).sum()
}

/// Messages under way and people to come, for what acts do.
pub(super) fn open(view: &CampaignView) -> (u64, u64) {
    let rest = ["waiting", "queued", "deferred", "in_review"];
    (count(view, &["attempting"]), count(view, &rest))
}

pub(super) fn run(
    w: Words,
    zone: &str,
    path: &str,
    view: &CampaignView,
    standing: StandingView,
    personal: bool,
    now: &str,
) -> Run {
    let progress = &view.progress;
    let to = |fields: &[(&str, &str)]| {
        let all = [&[("lang", w.0.code())], fields].concat();
        if personal {
            query(path, &all)
        } else {
            String::new()
        }
    };
    let parts = GROUPS.iter().map(|(name, tone, states)| {
        let href = match *states {
            [only] => to(&[("state", only)]),
            _ => String::new(),
        };
        let name = w.t(&format!("campaign.group.{name}")).to_owned();
        (*tone, name, count(view, states), href)
    });
    let status = |word: &str| progress.statuses.get(word).copied().unwrap_or_default();
    let read = status("read");
    let delivered = status("delivered") + read;
    let sent = count(view, &["sent"]);
    let line = |name: &str, value: String| Line {
        name: name.to_owned(),
        value,
        rule: String::new(),
        href: String::new(),
    };
    let of_sent = |n: u64| format!("{} · {}", number(n), share(n, sent));
    let brake = standing.brake;
    let at = |n: u64, of: u64, permille: u64| {
        w.t("campaign.brake.at")
            .replace("{n}", &number(n))
            .replace("{of}", &number(of))
            .replace("{share}", &share(n, of))
            .replace("{limit}", &share(permille, 1_000))
    };
    let counted = time(progress.counted_at.as_deref(), zone);
    let counted = (!counted.is_empty()).then(|| line(w.t("campaign.counted_at"), counted));
    Run {
        people: number(progress.people),
        slices: stacked(parts.collect(), progress.people),
        holds: progress
            .limiter
            .as_deref()
            .map(|l| held_words(w, l))
            .unwrap_or_default(),
        next: time(view.next_at.as_deref().filter(|at| *at > now), zone),
        rate: rate(w, view, sent, now),
        facts: [
            line(w.t("campaign.delivered"), of_sent(delivered)),
            line(w.t("campaign.read"), of_sent(read)),
            line(w.t("campaign.opted_out"), of_sent(progress.opted_out)),
            line(
                w.t("campaign.brake.opt_outs"),
                at(brake.opted_out, brake.sent, brake.opt_outs_permille),
            ),
            line(
                w.t("campaign.brake.failures"),
                at(
                    brake.failed,
                    brake.sent + brake.failed,
                    brake.failures_permille,
                ),
            ),
            line(w.t("campaign.brake.sample"), number(brake.sample)),
        ]
        .into_iter()
        .chain(counted)
        .collect(),
        reasons: standing
            .reasons
            .into_iter()
            .map(|r| reason(w, r, &to))
            .collect(),
    }
}

fn reason(w: Words, mut view: ReasonView, to: &impl Fn(&[(&str, &str)]) -> String) -> Line {
    let id = view.rule.unwrap_or_default();
    let state = w.t(&format!("campaign.person.{}", view.state)).to_owned();
    let title = view.title.remove(w.0.code()).unwrap_or_else(|| id.clone());
    Line {
        href: to(&[("state", &view.state), ("rule", &id)]),
        name: if title.is_empty() {
            state
        } else {
            format!("{state}: {title}")
        },
        value: number(view.people),
        rule: id,
    }
}

/// Messages a minute since it was started; nothing before it was, and after its end.
fn rate(w: Words, view: &CampaignView, sent: u64, now: &str) -> String {
    use portero_domain::clock::Ts;
    let read = |at: &str| Ts::parse_rfc3339(at).ok();
    let Some(from) = view.started_at.as_deref().and_then(read) else {
        return String::new();
    };
    let to = view.finished_at.as_deref().unwrap_or(now);
    let took = read(to).map_or(0, |to| to.since(from));
    let Ok(ms) = u64::try_from(took.max(1_000)) else {
        return String::new();
    };
    let tenths = sent.saturating_mul(600_000) / ms;
    let shown = format!("{}.{}", number(tenths / 10), tenths % 10);
    w.t("campaign.rate").replace("{n}", &shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_bar_add_up_to_the_whole() {
        let parts = [3_u64, 1, 0, 996, 7, 31_337];
        let of = parts.iter().sum();
        let parts = parts.map(|n| ("ok", String::new(), n, String::new()));
        let slices = stacked(parts.into(), of);
        assert_eq!(slices.len(), 5, "an empty one is none");
        let last = slices.last().unwrap();
        assert_eq!(last.x + last.width, BAR);
        for pair in slices.windows(2) {
            assert!(pair[0].x <= pair[1].x && pair[0].width > 0);
        }
    }
}
