//! From sums to cards.

use portero_sdk::{Card, ReportQuery, Total};

use crate::count::{BREAKDOWNS, by};
use crate::rates::Rates;
use crate::words::Words;

/// Lines of a card, the host's limit.
const LINES: usize = 20;
/// Characters of a label or value, the host's limit.
const CHARS: usize = 80;

/// The sums of one question, at hand.
struct Sums<'q>(&'q [Total]);

impl Sums<'_> {
    fn of(&self, metric: &str) -> i64 {
        self.with(metric, |labels| labels.is_empty())
    }

    fn labelled(&self, metric: &str, name: &str, value: &str) -> i64 {
        self.with(metric, |labels| {
            labels.iter().any(|(n, v)| n == name && v == value)
        })
    }

    fn with(&self, metric: &str, wanted: impl Fn(&[(String, String)]) -> bool) -> i64 {
        self.0
            .iter()
            .filter(|t| t.metric == metric && wanted(&t.labels))
            .map(|t| t.value)
            .sum()
    }

    /// Values of a label of a metric, the largest sum first.
    fn values(&self, metric: &str, label: &str) -> Vec<(String, i64)> {
        let mut all: Vec<(String, i64)> = Vec::new();
        for total in self.0.iter().filter(|t| t.metric == metric) {
            let Some((_, value)) = total.labels.iter().find(|(n, _)| n == label) else {
                continue;
            };
            match all.iter_mut().find(|(known, _)| known == value) {
                Some((_, sum)) => *sum += total.value,
                None => all.push((value.clone(), total.value)),
            }
        }
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }
}

/// The cards, in the language of the query; those with nothing to say are left out.
pub(crate) fn draw(query: &ReportQuery, rates: &Rates) -> Vec<Card> {
    let words = Words::of(&query.meta.language);
    let sums = Sums(&query.totals);
    let mut cards = vec![overview(&sums, words)];
    for (way, title) in BREAKDOWNS.iter().zip(words.by) {
        cards.extend(broken_down(&sums, words, way, title));
    }
    for (metric, label) in [
        ("failed.code", "code"),
        ("denied.rule", "rule"),
        ("opt_in.source", "source"),
        ("opt_out.opt_in", "source"),
    ] {
        cards.extend(list(&sums, words, metric, label));
    }
    cards.push(proxies(&sums, words));
    cards.push(cost(&sums, words, rates));
    cards.extend(quality(&sums, words));
    // At most 15: the overview, seven ways, four lists, three.
    cards
}

fn overview(sums: &Sums<'_>, words: &Words) -> Card {
    let lines = [
        "proposed",
        "sent",
        "delivered",
        "read",
        "replied",
        "failed",
        "denied",
        "expired",
        "cancelled",
        "inbound",
        "opt_in",
        "opt_out",
    ];
    Card {
        title: words.overview.to_owned(),
        lines: lines
            .iter()
            .map(|metric| line(words.title(metric), sums.of(metric).to_string()))
            .collect(),
    }
}

fn broken_down(sums: &Sums<'_>, words: &Words, way: &str, title: &str) -> Option<Card> {
    let mut names = sums.values("sent.by", way);
    for outcome in ["denied", "opt_out"] {
        for (name, _) in by(outcome).map(|m| sums.values(m, way)).unwrap_or_default() {
            if !names.iter().any(|(known, _)| *known == name) {
                names.push((name, 0));
            }
        }
    }
    let lines: Vec<(String, String)> = names
        .into_iter()
        .take(LINES)
        .map(|(name, sent)| {
            let of = |outcome: &str| by(outcome).map_or(0, |m| sums.labelled(m, way, &name));
            let value = format!(
                "{sent} {}, {} {}, ≥{} {}, {} {}, {} {}",
                words.sent,
                of("delivered"),
                words.delivered,
                of("read"),
                words.read,
                of("replied"),
                words.replied,
                of("opt_out"),
                words.out,
            );
            line(&name, value)
        })
        .collect();
    (!lines.is_empty()).then(|| Card {
        title: title.to_owned(),
        lines,
    })
}

fn list(sums: &Sums<'_>, words: &Words, metric: &str, label: &str) -> Option<Card> {
    let all = sums.values(metric, label);
    let mut lines: Vec<(String, String)> = all
        .iter()
        .take(LINES - 1)
        .map(|(value, sum)| line(value, sum.to_string()))
        .collect();
    let rest: i64 = all.iter().skip(LINES - 1).map(|(_, sum)| sum).sum();
    if rest != 0 {
        lines.push(line(words.others, rest.to_string()));
    }
    (!lines.is_empty()).then(|| Card {
        title: words.title(metric).to_owned(),
        lines,
    })
}

/// Meta tells nobody who blocked or reported: these move with it, and say so.
fn proxies(sums: &Sums<'_>, words: &Words) -> Card {
    let code = |code: &str| sums.labelled("failed.code", "code", code).to_string();
    let stopped = sums.labelled("opt_out.source", "source", "wa_preference")
        + sums.labelled("opt_out.source", "source", "meta_error");
    Card {
        title: words.proxies.to_owned(),
        lines: vec![
            line(words.stopped, stopped.to_string()),
            line(words.undelivered, code("131049")),
            line(words.unreachable, code("131026")),
            line(words.spam, code("131048")),
        ],
    }
}

fn cost(sums: &Sums<'_>, words: &Words, rates: &Rates) -> Card {
    let (priced, unpriced) = (sums.of("priced"), sums.of("unpriced"));
    let amount = if priced == 0 && unpriced > 0 {
        words.unknown.to_owned()
    } else {
        let mut amounts = sums.values("cost", "currency");
        let by_operator = sums.of("cost");
        if by_operator != 0 || amounts.is_empty() {
            amounts.push((rates.currency.clone(), by_operator));
        }
        // Of several currencies none is added to another; one that cost nothing says nothing.
        if amounts.iter().any(|(_, micro)| *micro > 0) {
            amounts.retain(|(_, micro)| *micro > 0);
        }
        let texts: Vec<String> = amounts
            .iter()
            .map(|(currency, micro)| {
                let micro = (*micro).max(0);
                let (whole, part) = (micro / 1_000_000, micro % 1_000_000);
                format!("{whole}.{part:06} {currency}")
                    .trim_end()
                    .to_owned()
            })
            .collect();
        texts.join(" + ")
    };
    Card {
        title: words.cost.to_owned(),
        lines: vec![
            line(words.cost, amount),
            line(words.known, priced.to_string()),
            line(words.unknown_rate, unpriced.to_string()),
        ],
    }
}

/// What Meta said of numbers and templates, the latest day first.
fn quality(sums: &Sums<'_>, words: &Words) -> Option<Card> {
    let mut said: Vec<(&str, &str, &str, i64)> = sums
        .0
        .iter()
        .filter(|t| t.metric == "quality" && t.value != 0)
        .map(|t| {
            let of = |name: &str| {
                let found = t.labels.iter().find(|(n, _)| n == name);
                found.map_or("", |(_, value)| value.as_str())
            };
            (of("day"), of("name"), of("quality"), t.value)
        })
        .collect();
    said.sort_unstable_by(|a, b| b.0.cmp(a.0).then_with(|| a.cmp(b)));
    let lines: Vec<(String, String)> = said
        .into_iter()
        .take(LINES)
        .map(|(day, name, quality, times)| {
            let value = if times == 1 {
                quality.to_owned()
            } else {
                format!("{quality} ({times}×)")
            };
            line(&format!("{day} {name}"), value)
        })
        .collect();
    (!lines.is_empty()).then(|| Card {
        title: words.title("quality").to_owned(),
        lines,
    })
}

fn line(label: &str, value: String) -> (String, String) {
    let cut = |text: &str| text.chars().take(CHARS).collect::<String>();
    (cut(label), cut(&value))
}
