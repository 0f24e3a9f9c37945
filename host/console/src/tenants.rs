//! `GET /tenants`: all shops for the operator, the one that needs somebody most first; and how two policies differ.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right::Read;
use portero_flow::desk::access::Principal;
use portero_flow::desk::tenants::{self as desk, DifferenceView, GridRow};
use serde::Deserialize;

use crate::doors::Pages;
use crate::frame::{Frame, Visit, may_open, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{given, number, share};
use crate::strings::Words;
use crate::{ConsoleState, policy, reach};

/// From here on a webhook that waits is worth a look, milliseconds.
const LATE_MS: i64 = 5_000;

/// The page and its right.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages.get("/tenants", &[Read], page)
}

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    /// Two shops whose policies are compared.
    #[serde(default)]
    one: Option<String>,
    #[serde(default)]
    other: Option<String>,
}

struct Cell {
    href: String,
    name: &'static str,
    value: String,
    tone: &'static str,
}

struct Row {
    name: String,
    slug: String,
    stopped: String,
    cells: Vec<Cell>,
}

struct Choice {
    slug: String,
    name: String,
    one: bool,
    other: bool,
}

/// A parameter that two shops set differently, in words.
struct Difference {
    name: String,
    label: String,
    one: String,
    other: String,
}

/// Names of both shops, and each parameter that differs.
type Compared = (String, String, Vec<Difference>);

#[derive(Template)]
#[template(path = "tenants.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    rows: Vec<Row>,
    choices: Vec<Choice>,
    /// Names of the two and what differs.
    compared: Option<Compared>,
}

/// The grid.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Whoever reaches one shop alone is not told that there are others.
    if principal.tenant.is_some() {
        return Err(Problem::NotFound { what: "page" });
    }
    let (one, other) = (given(asked.one), given(asked.other));
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/tenants",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let kept = [
        ("one", one.as_deref().unwrap_or_default()),
        ("other", other.as_deref().unwrap_or_default()),
    ];
    let f = visit.of_all().here("/tenants", &kept);
    let w = f.w;
    let grid = desk::grid(&state.ctx).await?;
    let compared = match (&one, &other) {
        (Some(one), Some(other)) => {
            let one = reach::tenant(&state, &principal, one).await?;
            let other = reach::tenant(&state, &principal, other).await?;
            let differs = desk::policy_difference(&state.ctx, one.id, other.id).await?;
            let differs = differs.differs.into_iter();
            let shown = |d: DifferenceView| Difference {
                label: policy::label(w, &d.name),
                one: policy::value(w, &d.name, &d.one),
                other: policy::value(w, &d.name, &d.other),
                name: d.name,
            };
            Some((one.name, other.name, differs.map(shown).collect()))
        }
        _ => None,
    };
    let mut choices: Vec<Choice> = grid
        .iter()
        .map(|r| Choice {
            one: one.as_ref() == Some(&r.tenant.slug),
            other: other.as_ref() == Some(&r.tenant.slug),
            slug: r.tenant.slug.clone(),
            name: r.tenant.name.clone(),
        })
        .collect();
    choices.sort_by(|a, b| a.name.cmp(&b.name));
    // Where a number's quality is told: the shop's first page, where there is one.
    let numbers = match may_open(principal.role, "/home") {
        true => "/home",
        false => "/templates",
    };
    Ok(render(&Page {
        w,
        lang: f.lang,
        rows: grid.into_iter().map(|r| row(w, numbers, r)).collect(),
        choices,
        compared,
        f,
    }))
}

fn row(w: Words, numbers: &str, row: GridRow) -> Row {
    let s = row.standing;
    let shop = row.tenant.slug.as_str();
    let to = |path: &str, more: &[(&str, &str)]| {
        let fields = [&[("lang", w.0.code()), ("shop", shop)], more].concat();
        query(path, &fields)
    };
    let quality = match (s.restricted, s.red, s.yellow, s.numbers) {
        (1.., ..) => ("restricted", "bad"),
        (_, 1.., ..) => ("red", "bad"),
        (.., 1.., _) => ("yellow", "wait"),
        (.., 0) => ("no_number", ""),
        _ => ("fine", ""),
    };
    let sends = row.tenant.stopped.is_some() || s.stopped > 0;
    let many = s.refused * 2 > s.judged && s.judged > 0;
    let cells = vec![
        Cell {
            href: to("/campaigns", &[]),
            name: w.t("tenants.sends"),
            value: if sends {
                w.t("tenants.stopped").to_owned()
            } else {
                w.t("tenants.running").to_owned()
            },
            tone: if sends { "hold" } else { "" },
        },
        Cell {
            href: to(numbers, &[]),
            name: w.t("tenants.quality"),
            value: w.t(&format!("tenants.rated.{}", quality.0)).to_owned(),
            tone: quality.1,
        },
        Cell {
            href: to("/inbox", &[("state", "needs_you")]),
            name: w.t("tenants.waiting"),
            value: number(s.waiting),
            tone: if s.waiting > 0 { "wait" } else { "" },
        },
        Cell {
            href: to("/verdicts", &[("verdict", "deny")]),
            name: w.t("tenants.refused"),
            value: share(s.refused, s.judged),
            tone: if many { "guard" } else { "" },
        },
        Cell {
            href: to("/webhooks", &[]),
            name: w.t("tenants.lag"),
            value: if s.deaf > 0 {
                w.t("tenants.deaf").replace("{n}", &number(s.deaf))
            } else {
                format!(
                    "{} s",
                    number(u64::try_from(row.lag_ms / 1_000).unwrap_or_default())
                )
            },
            tone: if row.lag_ms >= LATE_MS || s.deaf > 0 {
                "wait"
            } else {
                ""
            },
        },
    ];
    Row {
        stopped: row.tenant.stopped.clone().unwrap_or_default(),
        cells,
        name: row.tenant.name,
        slug: row.tenant.slug,
    }
}
