//! `GET /figures`: cards of analytics plugins with bars, and the days as lines. No script.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::reports::{self, CardView, FigureView, Report, Span};
use serde::Deserialize;

use crate::ConsoleState;
use crate::frame::{Frame, Visit, render};
use crate::problem::{Asks, Problem};
use crate::strings::Words;

/// Width of a bar at its longest, in units of its drawing.
const BAR: i64 = 1_000;
/// Height of a column at its highest.
const COLUMN: i64 = 100;
/// Metrics drawn by day, in this order, when the plugin counts them.
const BY_DAY: [&str; 4] = ["sent", "delivered", "read", "opt_out"];

/// Query of the page.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
}

struct Line {
    label: String,
    value: String,
    /// Length of its bar; nothing when the value is no number.
    bar: Option<i64>,
}

struct Card {
    title: String,
    lines: Vec<Line>,
    bars: bool,
}

struct Column {
    x: usize,
    y: i64,
    height: i64,
    title: String,
}

struct Chart {
    title: String,
    width: usize,
    most: i64,
    columns: Vec<Column>,
    first: String,
    last: String,
}

struct Plugin {
    name: String,
    installation: String,
    behind: u64,
    truncated: bool,
    fault: String,
    cards: Vec<Card>,
    charts: Vec<Chart>,
}

#[derive(Template)]
#[template(path = "figures.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    since: String,
    until: String,
    /// Which of the two days makes no sense; empty: none.
    wrong: &'static str,
    trouble: String,
    plugins: Vec<Plugin>,
}

/// The figures of a shop.
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
        entry: "/figures",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let f = visit.of_a_shop().await?;
    // An empty field of the form is a day nobody chose.
    let given = |day: Option<String>| day.filter(|d| !d.is_empty());
    let span = Span {
        since: given(asked.since),
        until: given(asked.until),
        language: Some(f.lang.to_owned()),
    };
    let mut plugins = Vec::new();
    let (mut since, mut until) = (String::new(), String::new());
    let mut wrong = "";
    if let Some(shop) = &f.shop {
        for one in reports::list(&state.ctx, shop.id).await? {
            let id = one.installation;
            let mut fault = one.fault.unwrap_or_default();
            let mut truncated = false;
            let days = match reports::show(&state.ctx, shop.id, id, Report::Days, &span).await {
                Ok(days) => days,
                // What somebody typed and does not read is said beside its field, not instead of the page.
                Err(FlowError::BadInput { field, .. }) => {
                    wrong = if field == "since" { "since" } else { "until" };
                    since = span.since.clone().unwrap_or_default();
                    until = span.until.clone().unwrap_or_default();
                    plugins.push(Plugin {
                        name: one.plugin,
                        installation: id.to_string(),
                        behind: one.behind,
                        truncated,
                        fault,
                        cards: Vec::new(),
                        charts: Vec::new(),
                    });
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let cards = match reports::show(&state.ctx, shop.id, id, Report::Cards, &span).await {
                Ok(view) => {
                    truncated = view.truncated;
                    view.cards
                }
                // A plugin that cannot draw leaves its days to be seen.
                Err(error @ FlowError::BadInput { .. }) => {
                    fault = error.to_string();
                    Vec::new()
                }
                Err(error) => return Err(error.into()),
            };
            plugins.push(Plugin {
                name: one.plugin,
                installation: id.to_string(),
                behind: one.behind,
                truncated: truncated || days.truncated,
                fault,
                cards: cards.into_iter().map(card).collect(),
                charts: charts(&days.rows),
            });
            (since, until) = (days.since, days.until);
        }
    }
    Ok(render(&Page {
        w: f.w,
        lang: f.lang,
        shop: f.shop_slug().to_owned(),
        since,
        until,
        trouble: match wrong {
            "" => String::new(),
            field => f.w.t(&format!("figures.wrong.{field}")).to_owned(),
        },
        wrong,
        plugins,
        f,
    }))
}

fn scaled(amount: i64, most: i64, full: i64) -> i64 {
    if amount <= 0 || most <= 0 {
        return 0;
    }
    let length = i128::from(amount) * i128::from(full) / i128::from(most);
    i64::try_from(length.max(1)).unwrap_or(full)
}

fn card(view: CardView) -> Card {
    let most = view.lines.iter().filter_map(|l| l.amount).max();
    let lines: Vec<Line> = view
        .lines
        .into_iter()
        .map(|l| Line {
            bar: l.amount.map(|a| scaled(a, most.unwrap_or_default(), BAR)),
            label: l.label,
            value: l.value,
        })
        .collect();
    Card {
        title: view.title,
        bars: lines.iter().any(|l| l.bar.is_some_and(|b| b > 0)),
        lines,
    }
}

/// A chart for each metric worth a look by day.
fn charts(rows: &[FigureView]) -> Vec<Chart> {
    BY_DAY
        .iter()
        .filter_map(|metric| {
            let days: Vec<&FigureView> = rows.iter().filter(|r| r.metric == *metric).collect();
            let most = days.iter().map(|r| r.value).max()?;
            let shown = |row: Option<&&FigureView>| row.and_then(|r| r.day.clone());
            Some(Chart {
                title: days.first()?.title.clone(),
                width: days.len() * 12,
                most,
                first: shown(days.first()).unwrap_or_default(),
                last: shown(days.last()).unwrap_or_default(),
                columns: days
                    .iter()
                    .enumerate()
                    .map(|(at, row)| {
                        let height = scaled(row.value, most, COLUMN);
                        Column {
                            x: at * 12,
                            y: COLUMN - height,
                            height,
                            title: format!(
                                "{}: {}",
                                row.day.as_deref().unwrap_or_default(),
                                row.value
                            ),
                        }
                    })
                    .collect(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::access::Role;
    use portero_domain::language::Language;
    use portero_flow::desk::reports::LineView;

    fn html(language: Language) -> String {
        let view = CardView {
            title: "<script>alert(1)</script>".to_owned(),
            lines: vec![
                LineView {
                    label: "a".to_owned(),
                    value: "10 sent".to_owned(),
                    amount: Some(10),
                },
                LineView {
                    label: "b".to_owned(),
                    value: "unknown".to_owned(),
                    amount: None,
                },
            ],
        };
        Page {
            w: Words(language),
            lang: language.code(),
            f: Frame::new(language, Role::Owner, "/figures", Vec::new(), None),
            shop: "sol".to_owned(),
            since: "2026-11-01".to_owned(),
            until: "2026-12-01".to_owned(),
            wrong: "until",
            trouble: Words(language).t("figures.wrong.until").to_owned(),
            plugins: vec![Plugin {
                truncated: false,
                name: "p".to_owned(),
                installation: "ins_1".to_owned(),
                behind: 3,
                fault: String::new(),
                cards: vec![card(view)],
                charts: Vec::new(),
            }],
        }
        .render()
        .unwrap()
    }

    #[test]
    fn the_page_speaks_its_language_draws_bars_and_escapes_what_plugins_wrote() {
        for language in Language::ALL {
            let html = html(language);
            assert!(html.contains(&format!("<html lang=\"{}\"", language.code())));
            assert!(!html.contains("<script>alert"));
            assert!(html.contains("width=\"1000\""));
            assert!(html.contains(Words(language).t("figures.title")));
            assert!(html.contains(Words(language).t("figures.behind")));
            assert_eq!(html.matches("aria-invalid").count(), 1);
            assert!(html.contains(Words(language).t("figures.wrong.until")));
        }
    }

    #[test]
    fn a_bar_is_in_proportion_and_never_invisible() {
        assert_eq!(scaled(5, 10, 1_000), 500);
        assert_eq!(scaled(1, 1_000_000, 1_000), 1);
        assert_eq!(scaled(0, 10, 1_000), 0);
        assert_eq!(scaled(i64::MAX, i64::MAX, 1_000), 1_000);
    }
}
