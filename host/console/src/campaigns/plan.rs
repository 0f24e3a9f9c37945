//! The plan of a campaign as the page draws it: who gets it, who does not and why, what it costs, when it ends.

use portero_flow::desk::campaigns::{CostLine, PlanView, PreviewView};
use portero_flow::desk::templates::TemplateView;

use super::held_words;
use super::run::{Line, Slice, stacked};
use crate::frame::query;
use crate::shown::{number, time};
use crate::strings::Words;

/// Texts shown; the longest are first.
const PREVIEWS: usize = 5;
/// Slices in their order, each with its tone.
const SLICES: &[(&str, &str)] = &[
    ("now", "ok"),
    ("later", "wait"),
    ("review", "hold"),
    ("never", "guard"),
];

pub(super) struct Preview {
    pub(super) header: String,
    pub(super) text: String,
    pub(super) footer: String,
    pub(super) buttons: Vec<String>,
    pub(super) characters: u64,
}

pub(super) struct Cost {
    pub(super) country: String,
    pub(super) category: String,
    pub(super) messages: String,
    pub(super) price: String,
    pub(super) amount: String,
}

/// The plan as the page shows it.
pub(super) struct Plan {
    pub(super) hash: String,
    pub(super) short: String,
    pub(super) at: String,
    pub(super) people: String,
    pub(super) slices: Vec<Slice>,
    pub(super) finish: String,
    pub(super) starts: String,
    pub(super) holds: String,
    pub(super) messages: String,
    pub(super) risks: Vec<String>,
    pub(super) missing: Vec<Line>,
    pub(super) previews: Vec<Preview>,
    /// Whether this caller may see people.
    pub(super) personal: bool,
    pub(super) preview_error: String,
    pub(super) known: String,
    pub(super) currency: String,
    pub(super) unknown: String,
    pub(super) costs: Vec<Cost>,
    pub(super) rates: String,
    pub(super) portfolio: String,
}

pub(super) fn plan(
    w: Words,
    zone: &str,
    path: &str,
    view: PlanView,
    template: Option<&TemplateView>,
    personal: bool,
) -> Plan {
    let mut parts = Vec::new();
    for (slice, tone) in SLICES {
        for s in view.slices.iter().filter(|s| s.slice == *slice) {
            let word = w.t(&format!("campaign.slice.{slice}")).to_owned();
            let id = s.rule.as_deref().unwrap_or_default();
            let title = s.title.get(w.0.code()).map_or(id, String::as_str);
            let name = match title {
                "" => word,
                title => format!("{word}: {title}"),
            };
            let fields = [("lang", w.0.code()), ("planned", *slice), ("rule", id)];
            let href = if personal {
                query(path, &fields)
            } else {
                String::new()
            };
            parts.push((*tone, name, s.people, href));
        }
    }
    let risks = risks(w, &view, template);
    let portfolio = &view.portfolio;
    let limit = match (portfolio.unlimited, portfolio.limit) {
        (true, _) => w.t("campaign.portfolio.unlimited").to_owned(),
        (false, Some(limit)) => w
            .t("campaign.portfolio.limit")
            .replace("{limit}", &number(limit))
            .replace("{used}", &number(portfolio.used)),
        (false, None) => w.t("campaign.portfolio.unknown").to_owned(),
    };
    let needs = w
        .t("campaign.portfolio.needs")
        .replace("{n}", &number(portfolio.needed));
    let cost = view.cost;
    Plan {
        short: view.hash.chars().take(12).collect(),
        at: time(view.planned_at.as_deref(), zone),
        people: number(view.people),
        slices: stacked(parts, view.people),
        finish: time(view.finish.ends_at.as_deref(), zone),
        starts: time(Some(&view.finish.starts_at), zone),
        holds: held_words(w, &view.finish.limiter),
        messages: number(view.finish.messages),
        risks,
        missing: view
            .missing
            .into_iter()
            .map(|(slot, people)| Line {
                name: slot,
                value: number(people),
                rule: String::new(),
                href: String::new(),
            })
            .collect(),
        previews: if personal {
            view.previews
                .into_iter()
                .take(PREVIEWS)
                .map(preview)
                .collect()
        } else {
            Vec::new()
        },
        personal,
        preview_error: view.preview_error.unwrap_or_default(),
        unknown: if cost.unknown_messages > 0 {
            w.t("campaign.cost.unknown")
                .replace("{n}", &number(cost.unknown_messages))
        } else {
            String::new()
        },
        known: cost.known,
        currency: cost.currency,
        costs: cost.lines.into_iter().map(|l| line(w, l)).collect(),
        rates: w
            .t("campaign.cost.rates")
            .replace("{day}", &cost.effective)
            .replace("{source}", &cost.source),
        portfolio: format!("{limit} {needs}"),
        hash: view.hash,
    }
}

/// What somebody should know before saying yes.
fn risks(w: Words, view: &PlanView, template: Option<&TemplateView>) -> Vec<String> {
    let mut risks = Vec::new();
    match template {
        Some(t) if t.status != "APPROVED" => {
            risks.push(w.t("campaign.risk.status").replace("{status}", &t.status));
        }
        Some(t) if matches!(t.quality.as_str(), "YELLOW" | "RED") => {
            risks.push(
                w.t("campaign.risk.template")
                    .replace("{quality}", &t.quality),
            );
        }
        _ => {}
    }
    if view.finish.limiter.contains("number") && view.finish.limiter.contains("yellow") {
        risks.push(w.t("campaign.risk.number").to_owned());
    }
    let counted = [
        ("imported", view.imported),
        ("over", view.portfolio.over),
        ("review", view.review),
    ];
    for (what, n) in counted.into_iter().filter(|(_, n)| *n > 0) {
        let words = w.t(&format!("campaign.risk.{what}")).to_owned();
        risks.push(words.replace("{n}", &number(n)));
    }
    if view.cost.stale {
        risks.push(w.t("campaign.risk.stale").to_owned());
    }
    if view.finish.ends_at.is_none() {
        risks.push(w.t("campaign.risk.endless").to_owned());
    }
    risks
}

fn preview(view: PreviewView) -> Preview {
    Preview {
        header: view.header.unwrap_or_default(),
        text: view.text,
        footer: view.footer.unwrap_or_default(),
        buttons: view.buttons,
        characters: view.characters,
    }
}

fn line(w: Words, view: CostLine) -> Cost {
    let unknown = || w.t("campaign.cost.not_known").to_owned();
    let price = match (view.price, view.confidence.as_deref()) {
        (Some(price), Some("unconfirmed")) => {
            format!("{price} ({})", w.t("campaign.cost.unconfirmed"))
        }
        (Some(price), _) => price,
        (None, _) => unknown(),
    };
    Cost {
        country: view.country,
        category: view.category,
        messages: number(view.messages),
        price,
        amount: view.amount.unwrap_or_else(unknown),
    }
}
