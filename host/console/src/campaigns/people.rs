//! The people of one slice or state of a campaign, with the reasons.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_flow::desk::access::Principal;
use portero_flow::desk::campaigns::{self as desk, PeopleQuery, PersonView};
use serde::Deserialize;

use super::one::id;
use crate::frame::{Frame, Link, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{given, rule, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// People on one page.
const LIMIT: usize = 50;

/// Query of the page.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    planned: Option<String>,
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

struct Row {
    who: String,
    href: String,
    state: String,
    title: String,
    rule: String,
    reason: String,
    error: String,
    times: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "campaign_people.html")]
struct Page {
    f: Frame,
    /// Everybody of it, as a file.
    csv: String,
    w: Words,
    /// What is listed, in words.
    which: Vec<String>,
    why: String,
    rows: Vec<Row>,
    next: Option<String>,
    first: bool,
}

/// Who they are.
pub(crate) async fn people(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, campaign)): Path<(String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let campaign = desk::get(&state.ctx, tenant.id, id(&campaign)?).await?;
    let wanted = PeopleQuery {
        state: given(asked.state),
        planned: given(asked.planned),
        rule: given(asked.rule),
        limit: LIMIT,
        after: given(asked.after),
    };
    let page = desk::people(&state.ctx, tenant.id, campaign.id, &wanted).await?;
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/campaigns",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let field = |value: &Option<String>| value.clone().unwrap_or_default();
    let (st, planned, by) = (
        field(&wanted.state),
        field(&wanted.planned),
        field(&wanted.rule),
    );
    let kept = [
        ("state", st.as_str()),
        ("planned", planned.as_str()),
        ("rule", by.as_str()),
    ];
    let up = format!("/campaigns/{}/{}", tenant.slug, campaign.id);
    let here = format!("{up}/people");
    let mut f = visit.below(tenant.clone()).here(&here, &kept);
    let w = f.w;
    f.back = Some(Link {
        href: query(&up, &[("lang", f.lang)]),
        name: campaign.name.clone(),
        current: false,
    });
    let mut which = Vec::new();
    if !planned.is_empty() {
        which.push(w.t(&format!("campaign.slice.{planned}")).to_owned());
    }
    if !st.is_empty() {
        which.push(w.t(&format!("campaign.person.{st}")).to_owned());
    }
    if !by.is_empty() {
        which.push(rule(w, &by));
    }
    let next = page.next_cursor.map(|after| {
        let mut fields = vec![("lang", f.lang)];
        fields.extend(kept);
        fields.push(("after", after.as_str()));
        query(&here, &fields)
    });
    Ok(render(&Page {
        csv: format!("/console/campaigns/{}/{}/export", tenant.slug, campaign.id),
        w,
        which,
        why: campaign.definition.why,
        first: wanted.after.is_none(),
        rows: page
            .items
            .into_iter()
            .map(|p| row(w, &tenant.slug, &tenant.timezone, p))
            .collect(),
        next,
        f: f.titled(w.t("campaign.people")),
    }))
}

fn row(w: Words, shop: &str, zone: &str, view: PersonView) -> Row {
    let who = view.contact.to_string();
    let id = view.rule.unwrap_or_default();
    let fields = [("lang", w.0.code()), ("shop", shop), ("who", who.as_str())];
    let told = [
        (
            w.t("campaign.person.begun"),
            time(view.begun_at.as_deref(), zone),
        ),
        (
            w.t("campaign.person.not_before"),
            time(view.not_before.as_deref(), zone),
        ),
    ];
    Row {
        href: query("/verdicts", &fields),
        state: w.t(&format!("campaign.person.{}", view.state)).to_owned(),
        title: if id.is_empty() {
            String::new()
        } else {
            rule(w, &id)
        },
        rule: id,
        reason: view.reason.unwrap_or_default(),
        error: view.error_code.map(|c| c.to_string()).unwrap_or_default(),
        times: told.into_iter().filter(|(_, at)| !at.is_empty()).collect(),
        who,
    }
}
