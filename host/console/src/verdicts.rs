//! `GET /verdicts`: what the gate said, with filters and reasons over time; and one verdict in full.
//!
//! Plain pages and forms that are read only: judging again sends nothing, so it is a question like any other.

mod links;
mod one;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::language::Language;
use portero_flow::desk::Page;
use portero_flow::desk::access::Principal;
use portero_flow::desk::tenants::TenantView;
use portero_flow::desk::verdict_days::{self, ReasonDays, local};
use portero_flow::desk::verdicts::{self, VerdictQuery, VerdictView};
use portero_flow::desk::{campaigns, contacts, plugins};
use portero_flow::{Context, FlowError};
use serde::Deserialize;

use crate::ConsoleState;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{only_for_who_sees, sees_people};
use crate::strings::Words;

pub(crate) use links::{end as end_link, make as make_link};
pub(crate) use one::{Finding, facts, finding, one, twice};

/// Verdicts on one page, campaigns to choose from.
const LIMIT: usize = 50;
/// Days of the reasons.
const DAYS: usize = 14;
/// Height of a column at its highest.
const COLUMN: u64 = 100;

/// Query of the list.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    verdict: Option<String>,
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    plugin: Option<String>,
    #[serde(default)]
    campaign: Option<String>,
    #[serde(default)]
    who: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

/// Something to choose or to go to.
struct Choice {
    key: String,
    name: String,
    current: bool,
}

struct Row {
    id: String,
    at: String,
    utc: String,
    who: String,
    what: String,
    verdict: String,
    result: String,
    rule: String,
}

struct Column {
    x: usize,
    y: u64,
    height: u64,
    title: String,
}

/// One reason over the days.
struct Reason {
    rule: String,
    title: String,
    total: u64,
    columns: Vec<Column>,
}

#[derive(Template)]
#[template(path = "verdicts.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    since: String,
    until: String,
    who: String,
    results: Vec<Choice>,
    rules: Vec<Choice>,
    plugins: Vec<Choice>,
    campaigns: Vec<Choice>,
    filtered: bool,
    /// Which filter makes no sense; empty: none.
    wrong: &'static str,
    trouble: String,
    /// Whether the caller sees who they are.
    open: bool,
    rows: Vec<Row>,
    /// Whether the list begins with the newest.
    newest: bool,
    /// The query of the next page.
    next: Option<String>,
    width: usize,
    first: String,
    last: String,
    reasons: Vec<Reason>,
}

/// An empty field of the form is a filter nobody chose.
fn given(field: Option<String>) -> Option<String> {
    field
        .map(|text| text.trim().to_owned())
        .filter(|t| !t.is_empty())
}

/// Times are told twice: as the shop reads them, and UTC.
fn utc(rfc3339: &str) -> String {
    rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ")
}

/// `allow` and so on, in the page's words.
pub(crate) fn result(w: Words, verdict: &str) -> String {
    w.t(&format!("explore.result.{verdict}")).to_owned()
}

fn row(w: Words, zone: &str, view: VerdictView) -> Row {
    let what = [
        Some(w.t(&format!("purpose.{}", view.purpose)).to_owned()),
        view.template,
    ];
    Row {
        id: view.id.to_string(),
        at: local(&view.decided_at, zone),
        utc: utc(&view.decided_at),
        who: view.contact.to_string(),
        what: what.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        result: result(w, &view.verdict),
        verdict: view.verdict,
        rule: view.rule.unwrap_or_default(),
    }
}

/// The list.
pub(crate) async fn list(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/verdicts",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let f = visit.of_a_shop().await?;
    let (language, chosen) = (f.language, f.shop.clone());
    only_for_who_sees(
        principal.role,
        asked.who.as_deref().unwrap_or_default().trim(),
    )?;
    let mut page = List {
        open: sees_people(principal.role),
        w: f.w,
        lang: f.lang,
        f,
        shop: String::new(),
        since: given(asked.since).unwrap_or_default(),
        until: given(asked.until).unwrap_or_default(),
        who: given(asked.who).unwrap_or_default(),
        results: Vec::new(),
        rules: Vec::new(),
        plugins: Vec::new(),
        campaigns: Vec::new(),
        filtered: false,
        wrong: "",
        trouble: String::new(),
        rows: Vec::new(),
        newest: asked.after.is_none(),
        next: None,
        width: 0,
        first: String::new(),
        last: String::new(),
        reasons: Vec::new(),
    };
    if let Some(shop) = chosen {
        let filters = Filters {
            verdict: given(asked.verdict).unwrap_or_default(),
            rule: given(asked.rule).unwrap_or_default(),
            plugin: given(asked.plugin).unwrap_or_default(),
            campaign: given(asked.campaign).unwrap_or_default(),
        };
        fill(&state, language, &shop, &mut page, filters, asked.after).await?;
    }
    Ok(render(&page))
}

/// What is chosen from lists; empty: everything.
struct Filters {
    verdict: String,
    rule: String,
    plugin: String,
    campaign: String,
}

async fn fill(
    state: &ConsoleState,
    language: Language,
    shop: &TenantView,
    page: &mut List,
    filters: Filters,
    after: Option<String>,
) -> Result<(), Problem> {
    let (w, ctx) = (page.w, &state.ctx);
    let choice = |key: String, name: String, chosen: &str| Choice {
        current: key == chosen,
        key,
        name,
    };
    page.shop.clone_from(&shop.slug);
    page.results = ["deny", "hold", "defer", "allow"]
        .into_iter()
        .map(|v| choice(v.to_owned(), result(w, v), &filters.verdict))
        .collect();
    page.rules = verdict_days::rules()
        .into_iter()
        .map(|(id, titles)| {
            let title = titles.get(language.code()).cloned().unwrap_or_default();
            choice(id.to_owned(), format!("{title} ({id})"), &filters.rule)
        })
        .collect();
    page.plugins = plugins::list(ctx, shop.id)
        .await?
        .into_iter()
        .map(|p| {
            let name = format!("{} {}", p.plugin, p.version);
            choice(p.id.to_string(), name, &filters.plugin)
        })
        .collect();
    page.campaigns = campaigns::names(ctx, shop.id, LIMIT)
        .await?
        .into_iter()
        .map(|(id, name)| choice(id.to_string(), name, &filters.campaign))
        .collect();
    let found = match asked(ctx, shop, page, &filters, after).await? {
        Ok(found) => found,
        // What somebody typed and does not read is said beside its field, not instead of the page.
        Err(field) => {
            page.wrong = field;
            page.trouble = w.t(&format!("explore.wrong.{field}")).to_owned();
            Page {
                items: Vec::new(),
                next_cursor: None,
            }
        }
    };
    let chosen = [
        ("since", page.since.as_str()),
        ("until", &page.until),
        ("verdict", &filters.verdict),
        ("rule", &filters.rule),
        ("plugin", &filters.plugin),
        ("campaign", &filters.campaign),
        ("who", &page.who),
    ];
    page.filtered = chosen.iter().any(|(_, value)| !value.is_empty());
    page.next = found.next_cursor.map(|cursor| {
        let mut fields = vec![("lang", language.code()), ("shop", shop.slug.as_str())];
        fields.extend(chosen);
        fields.push(("after", &cursor));
        query("", &fields)
    });
    page.rows = found
        .items
        .into_iter()
        .map(|view| row(w, &shop.timezone, view))
        .collect();
    draw(
        page,
        language,
        verdict_days::reasons(ctx, shop.id, DAYS).await?,
    );
    Ok(())
}

/// What fits the filters, or the field that makes no sense.
async fn asked(
    ctx: &Context,
    shop: &TenantView,
    page: &List,
    filters: &Filters,
    after: Option<String>,
) -> Result<Result<Page<VerdictView>, &'static str>, Problem> {
    let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    let of = |choices: &[Choice], text: &str| text.is_empty() || choices.iter().any(|c| c.current);
    for (field, choices, text) in [
        ("verdict", &page.results, &filters.verdict),
        ("rule", &page.rules, &filters.rule),
        ("plugin", &page.plugins, &filters.plugin),
    ] {
        if !of(choices, text) {
            return Ok(Err(field));
        }
    }
    // Only the newest campaigns can be chosen; older ones are led to by links.
    let Ok(campaign) = some(&filters.campaign).map(|id| id.parse()).transpose() else {
        return Ok(Err("campaign"));
    };
    let contact = match some(&page.who) {
        None => None,
        Some(who) => match contacts::get(ctx, shop.id, &who).await {
            Ok(person) => Some(person.id),
            Err(FlowError::NotFound { .. } | FlowError::BadInput { .. }) => return Ok(Err("who")),
            Err(error) => return Err(error.into()),
        },
    };
    let asks = VerdictQuery {
        message: None,
        contact,
        plugin: some(&filters.plugin),
        campaign,
        since: some(&page.since),
        until: some(&page.until),
        verdict: some(&filters.verdict),
        rule: some(&filters.rule),
        limit: LIMIT,
        after,
    };
    match verdicts::list(ctx, shop.id, &asks).await {
        Ok(found) => Ok(Ok(found)),
        Err(FlowError::BadInput { field, .. }) => Ok(Err(match field.as_str() {
            "since" => "since",
            "until" => "until",
            _ => "after",
        })),
        Err(error) => Err(error.into()),
    }
}

/// The reasons as columns, all to one scale.
fn draw(page: &mut List, language: Language, days: ReasonDays) {
    page.width = days.days.len() * 12;
    page.first = days.days.first().cloned().unwrap_or_default();
    page.last = days.days.last().cloned().unwrap_or_default();
    let most = days.rules.iter().flat_map(|r| &r.counts).copied().max();
    let most = most.unwrap_or_default().max(1);
    page.reasons = days
        .rules
        .into_iter()
        .map(|r| Reason {
            columns: days
                .days
                .iter()
                .zip(&r.counts)
                .enumerate()
                .map(|(at, (day, count))| {
                    // Never invisible where there was one.
                    let height = (count * COLUMN / most).max(u64::from(*count > 0) * 2);
                    Column {
                        x: at * 12,
                        y: COLUMN - height,
                        height,
                        title: format!("{day}: {count}"),
                    }
                })
                .collect(),
            title: r.title.get(language.code()).cloned().unwrap_or_default(),
            rule: r.rule,
            total: r.total,
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_chooses_nothing() {
        assert_eq!(given(Some("  ".to_owned())), None);
        assert_eq!(given(Some(" deny ".to_owned())).as_deref(), Some("deny"));
        assert_eq!(utc("2026-11-24T03:30:00.000Z"), "2026-11-24 03:30");
    }
}
