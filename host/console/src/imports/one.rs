//! One file: how it was understood, how far it is, what came of it, the rows that were not good; and after a check
//! the form that brings its people in.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_flow::desk::access::Principal;
use portero_flow::desk::imports::{self as desk, FaultView, Format, ImportView};
use serde::Deserialize;

use super::attest::{Sheet, meaning};
use super::{Stands, UPLOAD, progress, stands};
use crate::frame::{Frame, Link, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{lacks, number, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Bad rows on one page.
const FAULTS: usize = 100;
/// Why a row is not good, each with the words of `import.reason.…`.
pub(super) const REASONS: [&str; 15] = [
    "address",
    "attribute",
    "blocked",
    "columns",
    "consent",
    "consent_country",
    "consent_time",
    "country",
    "encoding",
    "erased",
    "language",
    "name",
    "quote",
    "registry",
    "tags",
];

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

struct Fault {
    line: String,
    reason: String,
    detail: String,
    text: String,
}

#[derive(Template)]
#[template(path = "import.html")]
struct One {
    f: Frame,
    w: Words,
    state: Stands,
    open: bool,
    progress: String,
    /// Bytes read and all of them, where their number was told.
    bar: Option<(u64, u64)>,
    problem: String,
    dry_run: bool,
    /// (name, number) of what came of it.
    counts: Vec<(&'static str, String)>,
    facts: Vec<(&'static str, String)>,
    /// (column, what it is).
    columns: Vec<(String, String)>,
    left_out: String,
    attested: Vec<(&'static str, String)>,
    faults: Vec<Fault>,
    next: Option<String>,
    /// Brings in what was checked.
    sheet: Option<Sheet>,
}

/// The page.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, id)): Path<(String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::NotFound { what: "import" };
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let id = id.parse().map_err(|_| missing())?;
    let view = desk::get(&state.ctx, tenant.id, id).await?;
    let after = asked.after.as_deref();
    let faults = desk::faults(&state.ctx, tenant.id, id, FAULTS, after).await?;
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/contacts",
        lang: asked.lang.as_deref(),
        shop: Some(&tenant.slug),
    };
    let here = format!("/imports/{}/{id}", tenant.slug);
    let mut f = visit.below(tenant.clone()).here(&here, &[]);
    let (w, lang) = (f.w, f.lang);
    f.back = Some(Link {
        href: f.address(super::PAGE),
        name: w.t("import.title").to_owned(),
        current: false,
    });
    let next = faults.next_cursor.map(|cursor| {
        let fields = [("lang", lang), ("after", cursor.as_str())];
        query(&here, &fields)
    });
    let checked = view.dry_run && view.state == "done";
    let sheet = checked.then(|| {
        let lacks = lacks(w, principal.role, UPLOAD);
        Sheet::of(&view).at(w, lang, &tenant.slug, lacks)
    });
    let title = match view.label.as_str() {
        "" => view.id.to_string(),
        label => label.to_owned(),
    };
    Ok(render(&One {
        state: stands(w, &view),
        open: view.state == "open",
        progress: progress(w, &view),
        bar: view.bytes_total.map(|total| (view.byte_offset, total)),
        problem: view.problem.clone().unwrap_or_default(),
        dry_run: view.dry_run,
        counts: counts(w, &view),
        facts: facts(w, &tenant.timezone, &view),
        columns: view
            .format
            .as_ref()
            .map_or_else(Vec::new, |f| columns(w, f)),
        left_out: match &view.format {
            Some(format) => format.consents_left_out().join(", "),
            None => String::new(),
        },
        attested: attested(w, &view),
        faults: faults.items.into_iter().map(|v| fault(w, v)).collect(),
        next,
        sheet,
        f: f.titled(title),
        w,
    }))
}

fn counts(w: Words, view: &ImportView) -> Vec<(&'static str, String)> {
    let (new, updated) = match view.dry_run {
        true => (w.t("import.would_new"), w.t("import.would_updated")),
        false => (w.t("import.new"), w.t("import.updated")),
    };
    let mut all = vec![
        (w.t("import.rows"), number(view.rows)),
        (new, number(view.new)),
        (updated, number(view.updated)),
        (w.t("import.bad"), number(view.bad)),
    ];
    if view.attested {
        all.push((w.t("import.consents"), number(view.consents)));
        all.push((w.t("import.consents_old"), number(view.consents_old)));
    }
    all
}

fn facts(w: Words, zone: &str, view: &ImportView) -> Vec<(&'static str, String)> {
    let mut all = vec![(w.t("import.began"), time(Some(&view.created_at), zone))];
    all.push((w.t("import.ended"), time(view.finished_at.as_deref(), zone)));
    if let Some(format) = &view.format {
        let separator = match format.separator {
            ',' => w.t("import.separator.comma").to_owned(),
            ';' => w.t("import.separator.semicolon").to_owned(),
            '\t' => w.t("import.separator.tab").to_owned(),
            other => other.to_string(),
        };
        all.push((w.t("import.encoding"), format.encoding.clone()));
        all.push((w.t("import.separator"), separator));
    }
    all.push(("SHA-256", view.sha256.clone().unwrap_or_default()));
    all.retain(|(_, value)| !value.is_empty());
    all
}

fn columns(w: Words, format: &Format) -> Vec<(String, String)> {
    let all = format.header.iter().zip(&format.columns);
    all.map(|(name, column)| (name.clone(), meaning(w, &String::from(column.clone()))))
        .collect()
}

fn attested(w: Words, view: &ImportView) -> Vec<(&'static str, String)> {
    let Some(a) = &view.attestation else {
        return Vec::new();
    };
    let days = format!("{} – {}", a.collected_from, a.collected_until);
    vec![
        (w.t("import.field.who"), a.who.clone()),
        (
            w.t("import.origin"),
            w.t(&format!("import.origin.{}", a.origin)).to_owned(),
        ),
        (w.t("import.days"), days),
        (w.t("import.field.wording"), a.wording.clone()),
        (w.t("import.field.topic"), a.topic.clone()),
        (
            w.t("import.field.promise_max"),
            crate::contacts::promise(w, a.promise),
        ),
    ]
}

fn fault(w: Words, view: FaultView) -> Fault {
    let known = REASONS.contains(&view.reason.as_str());
    Fault {
        line: w.t("import.line").replace("{n}", &number(view.line)),
        reason: match known {
            true => w.t(&format!("import.reason.{}", view.reason)).to_owned(),
            false => view.reason,
        },
        detail: view.detail,
        text: view.text,
    }
}
