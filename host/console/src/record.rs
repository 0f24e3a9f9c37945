//! The host's record of the messages to one person: what each said, what became of it, and why.

use std::collections::HashMap;

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_domain::language::Language;
use portero_flow::desk::contacts::ContactView;
use portero_flow::desk::messages::{self, MessageQuery, MessageView};
use portero_flow::desk::verdicts::{self, FindingView, VerdictQuery, VerdictView};
use portero_flow::desk::{LIST_LIMIT, templates};
use serde::Serialize;

use crate::ConsoleState;
use crate::bubble::{self, Bubble};
use crate::fate::Fate;
use crate::problem::Problem;

/// Most messages of the host shown: the page is a phone, not an archive.
const MESSAGES: usize = 100;
/// Pages of verdicts read for them; a message has one verdict per judgement.
const VERDICT_PAGES: usize = 5;

/// The host's record of a message.
#[derive(Serialize)]
pub(crate) struct MessageCard {
    pub(crate) id: String,
    pub(crate) fate: Fate,
    pub(crate) origin: String,
    pub(crate) purpose: String,
    pub(crate) topic: Option<String>,
    pub(crate) rule: Option<String>,
    /// Why it was taken back, in words.
    pub(crate) reason: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) error: Option<String>,
    /// The verdict that counts.
    pub(crate) verdict: Option<VerdictCard>,
    /// Those before it, oldest first.
    pub(crate) earlier: Vec<VerdictCard>,
}

/// A verdict in the page's language.
#[derive(Serialize)]
pub(crate) struct VerdictCard {
    id: String,
    stage: portero_gate::Stage,
    outcome: String,
    rule: Option<String>,
    until_at: Option<i64>,
    summary: String,
    findings: Vec<FindingView>,
    decided_at: Option<i64>,
    record_hash: String,
}

/// A message of the host, ready to be shown.
pub(crate) struct Record {
    /// Present once Meta accepted it.
    pub(crate) wamid: Option<String>,
    /// When it was proposed, Unix milliseconds.
    pub(crate) at: i64,
    pub(crate) bubble: Bubble,
    pub(crate) card: MessageCard,
}

/// The latest messages to one person, oldest first, and whether there are more.
pub(crate) async fn latest(
    state: &ConsoleState,
    tenant: TenantId,
    contact: &ContactView,
    number: &str,
    language: Language,
) -> Result<(Vec<Record>, bool), Problem> {
    let ctx = &state.ctx;
    let theirs = MessageQuery {
        contact: Some(contact.id),
        ..MessageQuery::newest(MESSAGES)
    };
    let page = messages::list(ctx, tenant, &theirs).await?;
    let shortened = page.next_cursor.is_some();
    let messages: Vec<MessageView> = page
        .items
        .into_iter()
        .filter(|m| m.phone_number_id == number)
        .collect();
    let registry = templates::list(ctx, tenant).await?;
    let bodies = |name: &str, language: &str| {
        registry
            .iter()
            .find(|t| t.name == name && t.language == language)
            .map(|t| t.body.clone())
            .filter(|body| !body.is_empty())
    };
    let mut verdicts: HashMap<String, Vec<VerdictView>> = HashMap::new();
    let mut after = None;
    for _ in 0..VERDICT_PAGES {
        let query = VerdictQuery {
            contact: Some(contact.id),
            limit: LIST_LIMIT,
            after: after.take(),
            ..VerdictQuery::default()
        };
        let page = verdicts::list(ctx, tenant, &query).await?;
        for verdict in page.items {
            verdicts
                .entry(verdict.message.to_string())
                .or_default()
                .push(verdict);
        }
        after = page.next_cursor;
        if after.is_none()
            || messages
                .iter()
                .all(|m| verdicts.contains_key(&m.id.to_string()))
        {
            break;
        }
    }
    let mut records: Vec<Record> = messages
        .into_iter()
        .map(|message| {
            let judged = verdicts.remove(&message.id.to_string()).unwrap_or_default();
            record(message, judged, &bodies, language)
        })
        .collect();
    records.reverse();
    Ok((records, shortened))
}

fn record(
    mut message: MessageView,
    judged: Vec<VerdictView>,
    bodies: &bubble::Bodies<'_>,
    language: Language,
) -> Record {
    let counts = message.verdict.to_string();
    let mut cards: Vec<VerdictCard> = judged
        .into_iter()
        .map(|v| verdict_card(v, language))
        .collect();
    cards.reverse();
    let place = cards.iter().position(|v| v.id == counts);
    let verdict = place.map(|at| cards.remove(at));
    Record {
        at: instant(&message.created_at).unwrap_or_default(),
        bubble: bubble::proposed(&message.content, bodies),
        card: MessageCard {
            id: message.id.to_string(),
            fate: Fate::of(&message.state, message.status.as_deref()),
            origin: message.origin,
            purpose: message.purpose,
            topic: message.topic,
            rule: message.rule,
            reason: message.reason.remove(language.code()),
            status: message.status,
            error: message.error,
            verdict,
            earlier: cards,
        },
        wamid: message.wamid,
    }
}

fn verdict_card(view: VerdictView, language: Language) -> VerdictCard {
    let VerdictView {
        mut summary,
        mut findings,
        ..
    } = view;
    VerdictCard {
        id: view.id.to_string(),
        stage: view.stage,
        outcome: view.verdict,
        rule: view.rule,
        until_at: view.until.as_deref().and_then(instant),
        summary: summary.remove(language.code()).unwrap_or_default(),
        findings: findings.remove(language.code()).unwrap_or_default(),
        decided_at: instant(&view.decided_at),
        record_hash: view.record_hash,
    }
}

/// An instant of the desk, Unix milliseconds.
pub(crate) fn instant(rfc3339: &str) -> Option<i64> {
    Ts::parse_rfc3339(rfc3339).ok().map(Ts::ms)
}
