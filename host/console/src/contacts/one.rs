//! One person: why they were written to, who they are, what they agreed to, and all that happened.

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use portero_domain::consent::{ConsentEvent, ConsentScope, ConsentStanding, Period};
use portero_domain::proof::ConsentActor;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::consent_told::{self, ConsentRequest, ConsentWord, ProofRequest};
use portero_flow::desk::consents::{self, TopicView};
use portero_flow::desk::contacts::{self, ConversationView};
use portero_flow::desk::person::{self, Happened, Meter, TimelineItem, TimelineMessage};
use portero_flow::desk::verdict_days::local;
use portero_flow::desk::verdicts;
use serde::Deserialize;

use super::acts::{self, Offered};
use crate::fate::Fate;
use crate::frame::{self, Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::strings::Words;
use crate::their_clock::Clocks;
use crate::{ConsoleState, reach};

/// Things of the timeline on one page.
const LIMIT: usize = 30;
/// Longest reason of a withdrawal, in characters.
const REASON_MAX: usize = 500;

/// Query of one person.
#[derive(Default, Deserialize)]
pub(crate) struct AskedOne {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    said: Option<String>,
    /// Verdict on the question just put.
    #[serde(default)]
    verdict: Option<String>,
}

/// The form of a withdrawal.
#[derive(Deserialize)]
pub(crate) struct Withdrawal {
    #[serde(default)]
    lang: Option<String>,
    /// A topic, `*` for promotion in general, `all` for everything.
    #[serde(default)]
    topic: String,
    #[serde(default)]
    reason: String,
}

/// Why the last message went.
struct Why {
    at: String,
    fate: &'static str,
    tone: &'static str,
    text: String,
    what: String,
    campaign: Option<(String, String)>,
    reason: String,
    /// What they agreed to, as far as the message needs it.
    consent: String,
    verdict: String,
    sentence: String,
}

struct Topic {
    key: String,
    name: String,
    state: String,
    tone: &'static str,
    since: String,
    promise: String,
    wording: String,
    source: String,
    evidence: String,
    /// Whether there is something to withdraw.
    open: bool,
}

struct Gauge {
    name: String,
    words: String,
    bar: u64,
}

struct Window {
    number: String,
    open: bool,
    words: String,
    owner: String,
}

struct Line {
    /// Tells it from the others.
    id: String,
    at: String,
    tone: &'static str,
    head: String,
    text: String,
    note: String,
    sentence: String,
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "contacts_one.html")]
struct One {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    id: String,
    said: Option<(&'static str, bool)>,
    /// What came of an act below: in words, and whether it was refused.
    did: Option<(String, bool)>,
    offered: Offered,
    why: Option<Why>,
    /// (name, value) of who they are.
    facts: Vec<(&'static str, String)>,
    addresses: Vec<(String, String)>,
    windows: Vec<Window>,
    gauges: Vec<Gauge>,
    topics: Vec<Topic>,
    meta_stop: String,
    withdraws: bool,
    tags: Vec<String>,
    attributes: Vec<(String, String)>,
    lines: Vec<Line>,
    /// The query of what is older.
    older: Option<String>,
    first: bool,
}

fn said(w: Words, said: Option<&str>) -> Option<(&'static str, bool)> {
    Some(match said? {
        "withdrawn" => (w.t("person.said.withdrawn"), false),
        "no_reason" => (w.t("person.said.no_reason"), true),
        "refused" => (w.t("person.said.refused"), true),
        _ => return None,
    })
}

/// One person.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
    Asks(asked): Asks<AskedOne>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let view = match contacts::get(&state.ctx, tenant.id, &who).await {
        Ok(view) => view,
        // What is no person of this shop is not there, however it is spelled.
        Err(FlowError::BadInput { .. }) => return Err(Problem::NotFound { what: "contact" }),
        Err(error) => return Err(error.into()),
    };
    let (timezone, country) = (tenant.timezone.clone(), view.country.clone());
    let zone = Clocks {
        shop: &timezone,
        country: country.as_deref(),
    };
    let id = view.id.to_string();
    let consents = consents::get(&state.ctx, tenant.id, &id).await?;
    let meters = person::meters(&state.ctx, tenant.id, &id).await?;
    let after = asked.after.as_deref();
    let page = person::timeline(&state.ctx, tenant.id, &id, LIMIT, after).await?;
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/contacts",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let here = format!("/contacts/{}/{id}", tenant.slug);
    let name = view.name.clone();
    let title = name.clone().or_else(|| view.addresses.first().cloned());
    let f = visit
        .below(tenant.clone())
        .here(&here, &[])
        .titled(title.unwrap_or_else(|| id.clone()));
    let w = f.w;
    let why = match asked.after {
        None => page
            .items
            .iter()
            .find_map(|i| why(&f, zone, i, &consents.topics)),
        Some(_) => None,
    };
    let offered = acts::offered(&state, &principal, w, &tenant, &view).await?;
    let mut did = asked.said.as_deref().and_then(|word| acts::said(w, word));
    let mut told = String::new();
    if let Some(Ok(id)) = asked.verdict.as_deref().map(str::parse) {
        let verdict = verdicts::get(&state.ctx, tenant.id, id).await?;
        if matches!(verdict.verdict.as_str(), "deny" | "hold") {
            did = Some((w.t("person.not.asked"), true));
        }
        told = verdict.summary.get(f.lang).cloned().unwrap_or_default();
    }
    let did = did.map(|(words, not)| (format!("{words} {told}").trim().to_owned(), not));
    let mut facts = vec![(w.t("person.id"), id.clone())];
    facts.extend(name.map(|n| (w.t("person.name"), n)));
    facts.extend(view.language.map(|l| (w.t("person.language"), l)));
    facts.extend(view.country.map(|c| (w.t("person.country"), c)));
    let older = page.next_cursor.as_deref();
    let older = older.map(|cursor| query(&here, &[("lang", f.lang), ("after", cursor)]));
    Ok(render(&One {
        w,
        lang: f.lang,
        shop: tenant.slug.clone(),
        said: said(w, asked.said.as_deref()),
        did,
        offered,
        why,
        facts,
        addresses: consents
            .addresses
            .iter()
            .map(|a| {
                let until = a
                    .until
                    .as_deref()
                    .map(|until| format!(" {} {}", w.t("person.until"), time(until, zone)));
                let since = format!("{} {}", w.t("person.since"), time(&a.since, zone));
                (a.address.clone(), since + &until.unwrap_or_default())
            })
            .collect(),
        windows: view
            .conversations
            .iter()
            .map(|c| window(w, zone, c))
            .collect(),
        gauges: meters.iter().map(|m| gauge(w, m)).collect(),
        topics: consents.topics.iter().map(|t| topic(w, zone, t)).collect(),
        meta_stop: consents
            .marketing_stopped_since
            .map(|at| w.t("consent.meta_stop").replace("{when}", &time(&at, zone)))
            .unwrap_or_default(),
        withdraws: frame::may(
            principal.role,
            "POST",
            "/console/contacts/{tenant}/{who}/withdraw",
        ),
        tags: view.tags,
        attributes: view.attributes.into_iter().collect(),
        lines: page
            .items
            .iter()
            .map(|i| line(&f, zone, &tenant.slug, i))
            .collect(),
        older,
        first: asked.after.is_none(),
        id,
        f,
    }))
}

/// The person takes something back: a row of the ledger, with the reason as its proof.
pub(crate) async fn withdraw(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
    Form(form): Form<Withdrawal>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let reason: String = form.reason.trim().chars().take(REASON_MAX).collect();
    let id = contacts::get(&state.ctx, tenant.id, &who).await?.id;
    let said = if reason.is_empty() {
        "no_reason"
    } else {
        let request = ConsentRequest {
            event: ConsentWord::Revoked,
            topic: Some(form.topic).filter(|t| !t.is_empty() && t != "all"),
            promise: None,
            wording: None,
            wording_text: None,
            language: None,
            evidence: reason,
            captured_at: None,
            expires_at: None,
            origin: None,
            proof: ProofRequest::default(),
        };
        let actor = ConsentActor::Operator {
            name: principal.author(),
        };
        let who = id.to_string();
        match consent_told::record(&state.ctx, tenant.id, &who, &request, actor).await {
            Ok(_) => "withdrawn",
            Err(FlowError::BadInput { .. }) => "refused",
            Err(error) => return Err(error.into()),
        }
    };
    let lang = form.lang.as_deref().unwrap_or_default();
    let here = format!("/contacts/{}/{id}", tenant.slug);
    let to = query(&here, &[("lang", lang), ("said", said)]);
    Ok(Redirect::to(&format!("{to}#consent")).into_response())
}

/// An instant as the shop reads it, and UTC; and as the person does where they live by another clock.
fn time(rfc3339: &str, zone: Clocks<'_>) -> String {
    let utc = rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ");
    let theirs = zone.theirs(rfc3339).map(|there| format!(" · {there}"));
    let ours = local(rfc3339, zone.shop);
    format!("{ours} · {utc} UTC{}", theirs.unwrap_or_default())
}

/// A topic as the page names it.
pub(crate) fn topic_name(w: Words, topic: &str) -> String {
    match topic {
        "*" => w.t("consent.general").to_owned(),
        "all" => w.t("consent.all").to_owned(),
        topic => topic.to_owned(),
    }
}

/// What an event covers, as the page names it.
pub(crate) fn scope_name(w: Words, event: &ConsentEvent) -> String {
    match &event.scope {
        ConsentScope::All => topic_name(w, "all"),
        ConsentScope::Promotional => topic_name(w, "*"),
        ConsentScope::Topic(topic) => topic.clone(),
    }
}

/// "Up to 4 a month".
pub(crate) fn promise(w: Words, promise: portero_domain::consent::FrequencyPromise) -> String {
    let key = match promise.per {
        Period::Day => "promise.day",
        Period::Week => "promise.week",
        Period::Month => "promise.month",
    };
    w.t(key).replace("{n}", &promise.max.to_string())
}

/// A word of an enum as it stands in JSON.
pub(crate) fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn topic(w: Words, zone: Clocks<'_>, t: &TopicView) -> Topic {
    let (state, tone, open) = match &t.standing {
        ConsentStanding::Unknown => ("unknown", "wait", false),
        ConsentStanding::Requested { .. } => ("requested", "wait", true),
        ConsentStanding::Granted { .. } => ("granted", "ok", true),
        ConsentStanding::Unconfirmed { .. } => ("unconfirmed", "hold", true),
        ConsentStanding::Declined { .. } => ("declined", "guard", false),
        ConsentStanding::Revoked { .. } => ("revoked", "guard", false),
    };
    Topic {
        name: topic_name(w, &t.topic),
        key: t.topic.clone(),
        state: w.t(&format!("consent.{state}")).to_owned(),
        tone,
        since: t
            .since
            .as_deref()
            .map(|at| time(at, zone))
            .unwrap_or_default(),
        promise: t.promise.map(|p| promise(w, p)).unwrap_or_default(),
        wording: t.wording.clone().unwrap_or_default(),
        source: t
            .source
            .map(|s| w.t(&format!("source.{}", word(s))).to_owned())
            .unwrap_or_default(),
        evidence: t.evidence.clone().unwrap_or_default(),
        open,
    }
}

fn gauge(w: Words, m: &Meter) -> Gauge {
    let words = w
        .t("person.meter")
        .replace("{used}", &m.used.to_string())
        .replace("{promise}", &promise(w, m.promise));
    let bar = (m.used * 1_000)
        .checked_div(u64::from(m.promise.max))
        .unwrap_or(1_000);
    Gauge {
        name: topic_name(w, &m.topic),
        words,
        bar: bar.min(1_000),
    }
}

fn window(w: Words, zone: Clocks<'_>, c: &ConversationView) -> Window {
    let closes = c.window_closes_at.as_deref().map(|at| time(at, zone));
    Window {
        number: c.phone_number_id.clone(),
        open: c.window_open,
        words: match (closes, c.window_open) {
            (Some(at), true) => format!("{} {at}", w.t("person.window.open")),
            (Some(at), false) => format!("{} {at}", w.t("person.window.closed")),
            (None, _) => w.t("window.never").to_owned(),
        },
        owner: match &c.handed_over {
            Some((at, why)) => format!("{}: {} · {why}", w.t("owner.human"), time(at, zone)),
            None => w.t("owner.bot").to_owned(),
        },
    }
}

fn fate(state: &str, status: Option<&str>) -> (String, &'static str) {
    let fate = Fate::of(state, status);
    (format!("fate.{}", word(fate)), fate.tone())
}

fn what(w: Words, m: &TimelineMessage) -> String {
    let mut parts = vec![
        w.t(&format!("purpose.{}", m.purpose)).to_owned(),
        w.t(&format!("origin.{}", m.origin)).to_owned(),
    ];
    parts.extend(m.topic.clone());
    parts.join(" · ")
}

/// The last message that was let through is the one that people ask about.
fn why(f: &Frame, zone: Clocks<'_>, item: &TimelineItem, topics: &[TopicView]) -> Option<Why> {
    let Happened::Message(m) = &item.what else {
        return None;
    };
    if !matches!(
        m.state.as_str(),
        "sent" | "attempting" | "unknown" | "failed"
    ) {
        return None;
    }
    let w = f.w;
    let (key, tone) = fate(&m.state, m.status.as_deref());
    let about = m.topic.as_deref().unwrap_or("*");
    // Being asked is no yes; a yes to the very topic says more than one to promotion in general.
    let agreed = |t: &&TopicView| {
        let yes = matches!(
            t.standing,
            ConsentStanding::Granted { .. } | ConsentStanding::Unconfirmed { .. }
        );
        yes && (t.topic == about || t.topic == "*")
    };
    let granted = topics
        .iter()
        .filter(|_| m.purpose == "promotional")
        .filter(agreed)
        .max_by_key(|t| t.topic == about)
        .map(|t| topic(w, zone, t));
    let consent = granted.map(|t| {
        let parts = [
            t.name, t.state, t.since, t.promise, t.wording, t.source, t.evidence,
        ];
        let parts: Vec<_> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        parts.join(" · ")
    });
    let reason = match m.purpose.as_str() {
        "reply" => "person.because.reply",
        "transactional" => "person.because.transactional",
        "authentication" => "person.because.authentication",
        "consent_request" => "person.because.consent_request",
        "promotional" => "person.because.promotional",
        _ => "person.because.system",
    };
    let campaign = m.campaign.as_ref().map(|c| {
        let why = [Some(c.why.clone()), c.reason.clone()];
        let why: Vec<_> = why.into_iter().flatten().collect();
        (c.name.clone(), why.join(" · "))
    });
    Some(Why {
        at: time(&item.at, zone),
        fate: fate_words(w, &key),
        tone,
        text: m.text.clone(),
        what: what(w, m),
        campaign,
        reason: w.t(reason).to_owned(),
        consent: consent.unwrap_or_default(),
        verdict: m.verdict.to_string(),
        sentence: m.summary.get(f.lang).cloned().unwrap_or_default(),
    })
}

fn fate_words(w: Words, key: &str) -> &'static str {
    const FATES: [&str; 9] = [
        "fate.allowed",
        "fate.leaving",
        "fate.later",
        "fate.held",
        "fate.blocked",
        "fate.withdrawn",
        "fate.expired",
        "fate.unclear",
        "fate.failed",
    ];
    let found = FATES.into_iter().find(|k| *k == key);
    found.map_or("", |key| w.t(key))
}

fn line(f: &Frame, zone: Clocks<'_>, shop: &str, item: &TimelineItem) -> Line {
    let w = f.w;
    let at = time(&item.at, zone);
    let plain = |tone, head: String, text: String, note: String| Line {
        id: item.id.clone(),
        at: at.clone(),
        tone,
        head,
        text,
        note,
        sentence: String::new(),
        href: None,
    };
    match &item.what {
        Happened::Inbound { text } => plain(
            "",
            w.t("person.wrote").to_owned(),
            text.clone(),
            String::new(),
        ),
        Happened::Consent { event } => {
            let scope = scope_name(w, event);
            let key = format!("event.{}", event.kind.as_str());
            let head = w.t(&key).replace("{scope}", &scope);
            let tone = match event.kind.withdraws() {
                true => "guard",
                false => "ok",
            };
            let promised = event.promise.map(|p| promise(w, p));
            let source = w.t(&format!("source.{}", word(event.source))).to_owned();
            let parts = [
                promised,
                event.wording.clone(),
                Some(source),
                Some(event.evidence.clone()),
            ];
            let note: Vec<_> = parts
                .into_iter()
                .flatten()
                .filter(|p| !p.is_empty())
                .collect();
            plain(tone, head, String::new(), note.join(" · "))
        }
        Happened::Handover { what, note, author } => plain(
            "hold",
            w.t(&format!("person.handover.{what}")).to_owned(),
            note.clone(),
            author.clone(),
        ),
        Happened::Message(m) => {
            let (key, tone) = fate(&m.state, m.status.as_deref());
            let campaign = m.campaign.as_ref().map(|c| c.name.clone());
            let note = [
                Some(what(w, m)),
                campaign,
                m.status.clone(),
                m.error.clone(),
            ];
            let note: Vec<_> = note.into_iter().flatten().collect();
            Line {
                id: item.id.clone(),
                at,
                tone,
                head: fate_words(w, &key).to_owned(),
                text: m.text.clone(),
                note: note.join(" · "),
                sentence: m.summary.get(f.lang).cloned().unwrap_or_default(),
                href: Some(query(
                    &format!("/verdicts/{shop}/{}", m.verdict),
                    &[("lang", f.lang)],
                )),
            }
        }
    }
}
