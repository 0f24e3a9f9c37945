//! `GET …/thread`: the phone's conversation joined with the host's record of each message.
//!
//! The simulator knows what reached the phone, the host knows what was proposed and why it left
//! or not. Messages meet by Meta's id; what never left stands at the time it was proposed.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::{Extension, Json};
use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentScope, ConsentSource, ConsentStanding};
use portero_domain::ids::TenantId;
use portero_domain::language::Language;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::contacts::{self, ContactView, ConversationView};
use portero_flow::desk::messages::{self, MessageView};
use portero_flow::desk::verdicts::{self, FindingView, VerdictQuery, VerdictView};
use portero_flow::desk::{LIST_LIMIT, templates};
use serde::{Deserialize, Serialize};

use crate::bubble::{self, Bubble};
use crate::fate::Fate;
use crate::problem::Problem;
use crate::simulated::{self, Mark, Person, Said};
use crate::{ConsoleState, languages, reach};

/// Most messages of the host shown: the page is a phone, not an archive.
const MESSAGES: usize = 100;
/// Pages of verdicts read for them; a message has one verdict per judgement.
const VERDICT_PAGES: usize = 5;

/// Query of the thread.
#[derive(Deserialize)]
pub(crate) struct Asked {
    person: String,
    #[serde(default)]
    number: Option<String>,
    #[serde(default)]
    lang: Option<String>,
}

/// All that the page shows of one conversation.
#[derive(Serialize)]
pub(crate) struct ThreadView {
    /// The host's clock, Unix milliseconds.
    now_at: i64,
    shop: ShopCard,
    person: PersonHead,
    /// What the shop knows; absent until the person's first message was read.
    contact: Option<ContactCard>,
    /// Oldest first.
    items: Vec<Item>,
    /// Earlier messages exist and are not shown.
    shortened: bool,
    /// The phone shows "typing".
    typing: bool,
}

#[derive(Serialize)]
struct ShopCard {
    name: String,
    timezone: String,
    number: String,
    display: String,
    /// Why nothing leaves, if nothing does.
    stopped: Option<String>,
}

#[derive(Serialize)]
struct PersonHead {
    key: String,
    name: String,
    address: String,
}

#[derive(Serialize)]
struct ContactCard {
    id: String,
    consent: Vec<StandingCard>,
    marketing_stopped_at: Option<i64>,
    /// When the window closes; absent when it never opened.
    window_closes_at: Option<i64>,
    /// `bot` or `human`.
    owner: String,
    handed_over_at: Option<i64>,
    handover_reason: Option<String>,
}

#[derive(Serialize)]
struct StandingCard {
    /// `*` is promotion in general.
    topic: String,
    state: &'static str,
    at: Option<i64>,
    promise: Option<PromiseCard>,
}

#[derive(Serialize)]
pub(crate) struct PromiseCard {
    max: u32,
    per: &'static str,
}

/// One line of the conversation.
#[derive(Serialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub(crate) enum Item {
    /// The person wrote or tapped.
    Person {
        key: String,
        at: i64,
        bubble: Bubble,
        /// The business marked it as read.
        read: bool,
    },
    /// The business wrote, or wanted to.
    Business {
        key: String,
        at: i64,
        bubble: Bubble,
        /// It is on the phone (taps are possible).
        reached: bool,
        /// The simulated Meta has it.
        accepted: bool,
        wamid: Option<String>,
        marks: Vec<Mark>,
        message: Option<Box<MessageCard>>,
    },
    /// The ledger of consent got a line.
    Consent {
        key: String,
        at: i64,
        event: &'static str,
        scope: String,
        promise: Option<PromiseCard>,
    },
}

impl Item {
    const fn at(&self) -> i64 {
        match self {
            Item::Person { at, .. } | Item::Business { at, .. } | Item::Consent { at, .. } => *at,
        }
    }
}

/// The host's record of a message.
#[derive(Serialize)]
pub(crate) struct MessageCard {
    id: String,
    fate: Fate,
    origin: String,
    purpose: String,
    topic: Option<String>,
    rule: Option<String>,
    status: Option<String>,
    error: Option<String>,
    /// The verdict that counts.
    verdict: Option<VerdictCard>,
    /// Those before it, oldest first.
    earlier: Vec<VerdictCard>,
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

/// The conversation of one person with one number.
pub(crate) async fn get(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Json<ThreadView>, Problem> {
    let accepts = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let language = languages::choose(asked.lang.as_deref(), accepts);
    let tenant = reach::tenant(&state, &principal, &tenant).await?;
    let number = reach::number(&state, tenant.id, asked.number.as_deref()).await?;
    let key = reach::person_key(&asked.person)?;
    let simulator = reach::simulator(&state)?;
    let person = simulated::person(simulator, key).await?;
    // The phone first: what the host learns in between shows up without its tick, never twice.
    let phone = simulated::thread(simulator, key, &number.phone_number_id).await?;
    let contact = contact(&state, tenant.id, &person).await?;
    if principal.tenant.is_some() && contact.is_none() {
        return Err(Problem::NotFound { what: "person" });
    }
    let (records, shortened) = match &contact {
        Some(c) => records(&state, tenant.id, c, &number.phone_number_id, language).await?,
        None => (Vec::new(), false),
    };
    let mut items = join(phone.said, records);
    if let Some(contact) = &contact {
        let since = items.first().map_or(i64::MAX, Item::at);
        items.extend(ledger(&contact.consent_events, since));
        items.sort_by_key(Item::at);
    }
    Ok(Json(ThreadView {
        now_at: state.ctx.now().ms(),
        contact: contact.map(|c| contact_card(c, &number.phone_number_id)),
        shop: ShopCard {
            name: tenant.name,
            timezone: tenant.timezone,
            number: number.phone_number_id,
            display: number.display,
            stopped: tenant.stopped.or(number.stopped),
        },
        person: PersonHead { key: person.key, name: person.name, address: person.address },
        items,
        shortened,
        typing: phone.typing,
    }))
}

/// The shop's record of a pretend person, by any of their addresses.
pub(crate) async fn contact(
    state: &ConsoleState,
    tenant: TenantId,
    person: &Person,
) -> Result<Option<ContactView>, Problem> {
    for address in &person.addresses {
        match contacts::get(&state.ctx, tenant, address).await {
            Ok(contact) => return Ok(Some(contact)),
            // Not known by this one: the next may be.
            Err(FlowError::NotFound { .. } | FlowError::BadInput { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// A message of the host, ready to be shown.
struct Record {
    wamid: Option<String>,
    at: i64,
    bubble: Bubble,
    card: MessageCard,
}

/// The latest messages to one person, oldest first, and whether there are more.
async fn records(
    state: &ConsoleState,
    tenant: TenantId,
    contact: &ContactView,
    number: &str,
    language: Language,
) -> Result<(Vec<Record>, bool), Problem> {
    let ctx = &state.ctx;
    let page = messages::list(ctx, tenant, Some(contact.id), None, MESSAGES, None).await?;
    let shortened = page.next_cursor.is_some();
    let messages: Vec<MessageView> =
        page.items.into_iter().filter(|m| m.phone_number_id == number).collect();
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
            verdicts.entry(verdict.message.to_string()).or_default().push(verdict);
        }
        after = page.next_cursor;
        if after.is_none() || messages.iter().all(|m| verdicts.contains_key(&m.id.to_string())) {
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
    message: MessageView,
    judged: Vec<VerdictView>,
    bodies: &bubble::Bodies<'_>,
    language: Language,
) -> Record {
    let counts = message.verdict.to_string();
    let mut cards: Vec<VerdictCard> =
        judged.into_iter().map(|v| verdict_card(v, language)).collect();
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
            status: message.status,
            error: message.error,
            verdict,
            earlier: cards,
        },
        wamid: message.wamid,
    }
}

fn verdict_card(view: VerdictView, language: Language) -> VerdictCard {
    let VerdictView { mut summary, mut findings, .. } = view;
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

fn instant(rfc3339: &str) -> Option<i64> {
    Ts::parse_rfc3339(rfc3339).ok().map(Ts::ms)
}

/// Lays what the phone saw and what the host recorded over each other, in order of time.
fn join(said: Vec<Said>, records: Vec<Record>) -> Vec<Item> {
    let (sent, kept): (Vec<Record>, Vec<Record>) =
        records.into_iter().partition(|r| r.wamid.is_some());
    let mut sent: HashMap<String, Record> =
        sent.into_iter().filter_map(|r| Some((r.wamid.clone()?, r))).collect();
    let mut items: Vec<Item> = said
        .into_iter()
        .map(|said| {
            if said.inbound {
                return Item::Person {
                    key: said.wamid,
                    at: said.at,
                    bubble: said.bubble,
                    read: said.read,
                };
            }
            let record = sent.remove(&said.wamid);
            Item::Business {
                key: record.as_ref().map_or_else(|| said.wamid.clone(), |r| r.card.id.clone()),
                at: said.at,
                // The phone knows the buttons of a template, the registry its text with values.
                bubble: match &record {
                    Some(r) => shown(r.bubble.clone(), said.bubble),
                    None => said.bubble,
                },
                reached: said.marks.iter().any(|m| m.status == "delivered" || m.status == "read"),
                accepted: true,
                wamid: Some(said.wamid),
                marks: said.marks,
                message: record.map(|r| Box::new(r.card)),
            }
        })
        .collect();
    // Sent, but not (or no longer) on this phone, and everything that never left.
    items.extend(sent.into_values().chain(kept).map(|record| Item::Business {
        key: record.card.id.clone(),
        at: record.at,
        bubble: record.bubble,
        reached: false,
        accepted: record.wamid.is_some(),
        wamid: record.wamid,
        marks: Vec::new(),
        message: Some(Box::new(record.card)),
    }));
    items.sort_by_key(Item::at);
    items
}

/// The host's own reading, completed by what only the phone knows.
fn shown(ours: Bubble, phones: Bubble) -> Bubble {
    Bubble {
        header: ours.header.or(phones.header),
        text: ours.text.or(phones.text),
        footer: ours.footer.or(phones.footer),
        buttons: if ours.buttons.is_empty() { phones.buttons } else { ours.buttons },
        link: ours.link.or(phones.link),
        ..ours
    }
}

/// Lines of the consent ledger since the conversation began; seeds and older ones stay out.
fn ledger(events: &[ConsentEvent], since: i64) -> impl Iterator<Item = Item> + '_ {
    events
        .iter()
        .filter(move |e| e.source != ConsentSource::Seed && e.received_at.ms() >= since)
        .map(|e| Item::Consent {
            key: e.id.to_string(),
            at: e.received_at.ms(),
            event: e.kind.as_str(),
            scope: match &e.scope {
                ConsentScope::All => "all".to_owned(),
                ConsentScope::Promotional => "*".to_owned(),
                ConsentScope::Topic(topic) => topic.clone(),
            },
            promise: e.promise.map(promise),
        })
}

fn promise(promise: portero_domain::consent::FrequencyPromise) -> PromiseCard {
    use portero_domain::consent::Period;
    PromiseCard {
        max: promise.max,
        per: match promise.per {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        },
    }
}

fn contact_card(contact: ContactView, number: &str) -> ContactCard {
    let conversation: Option<&ConversationView> =
        contact.conversations.iter().find(|c| c.phone_number_id == number);
    let handed_over = conversation.and_then(|c| c.handed_over.as_ref());
    ContactCard {
        id: contact.id.to_string(),
        marketing_stopped_at: contact.marketing_stopped_since.as_deref().and_then(instant),
        window_closes_at: conversation
            .and_then(|c| c.window_closes_at.as_deref())
            .and_then(instant),
        owner: conversation.map_or_else(|| "bot".to_owned(), |c| c.owner.clone()),
        handed_over_at: handed_over.and_then(|(at, _)| instant(at)),
        handover_reason: handed_over.map(|(_, why)| why.clone()).filter(|why| !why.is_empty()),
        consent: contact.consent.iter().map(|(topic, s)| standing_card(topic, s)).collect(),
    }
}

fn standing_card(topic: &str, standing: &ConsentStanding) -> StandingCard {
    let (state, at, promised) = match standing {
        ConsentStanding::Unknown => ("unknown", None, None),
        ConsentStanding::Requested { at } => ("requested", Some(*at), None),
        ConsentStanding::Granted { at, promise, .. } => ("granted", Some(*at), *promise),
        ConsentStanding::Declined { at } => ("declined", Some(*at), None),
        ConsentStanding::Revoked { at, .. } => ("revoked", Some(*at), None),
    };
    StandingCard {
        topic: topic.to_owned(),
        state,
        at: at.map(Ts::ms),
        promise: promised.map(promise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(wamid: &str, at: i64, inbound: bool, statuses: &[&str]) -> Said {
        Said {
            wamid: wamid.to_owned(),
            inbound,
            at,
            bubble: Bubble { kind: "text", ..Bubble::default() },
            marks: statuses
                .iter()
                .map(|s| Mark { status: (*s).to_owned(), at, code: None })
                .collect(),
            read: false,
        }
    }

    fn record(id: &str, at: i64, wamid: Option<&str>, state: &str) -> Record {
        Record {
            wamid: wamid.map(str::to_owned),
            at,
            bubble: Bubble { kind: "text", text: Some(id.to_owned()), ..Bubble::default() },
            card: MessageCard {
                id: id.to_owned(),
                fate: Fate::of(state, None),
                origin: "plugin".to_owned(),
                purpose: "reply".to_owned(),
                topic: None,
                rule: None,
                status: None,
                error: None,
                verdict: None,
                earlier: Vec::new(),
            },
        }
    }

    fn keys(items: &[Item]) -> Vec<String> {
        items
            .iter()
            .map(|item| match item {
                Item::Person { key, .. }
                | Item::Business { key, .. }
                | Item::Consent { key, .. } => key.clone(),
            })
            .collect()
    }

    #[test]
    fn a_refused_proposal_stands_at_its_place_in_time_and_never_on_the_phone() {
        let phone = vec![said("in1", 10, true, &[]), said("w1", 20, false, &["sent", "delivered"])];
        let host = vec![record("out_1", 15, Some("w1"), "sent"), record("out_2", 12, None, "denied")];
        let items = join(phone, host);
        assert_eq!(keys(&items), ["in1", "out_2", "out_1"]);
        let Item::Business { reached, accepted, message, .. } = &items[1] else { panic!() };
        assert!(!reached && !accepted);
        assert_eq!(message.as_ref().unwrap().fate, Fate::Blocked);
        let Item::Business { reached, accepted, .. } = &items[2] else { panic!() };
        assert!(*reached && *accepted);
    }

    #[test]
    fn each_message_is_shown_once_also_when_one_side_does_not_know_it() {
        let phone = vec![said("w1", 5, false, &["sent"]), said("stray", 6, false, &[])];
        let host =
            vec![record("out_1", 4, Some("w1"), "sent"), record("out_2", 7, Some("gone"), "sent")];
        let items = join(phone, host);
        assert_eq!(keys(&items), ["out_1", "stray", "out_2"]);
        let Item::Business { reached, .. } = &items[0] else { panic!() };
        assert!(!reached, "sent is not yet delivered: nothing can be tapped");
        let Item::Business { message, .. } = &items[1] else { panic!() };
        assert!(message.is_none());
    }

    #[test]
    fn messages_of_the_same_instant_keep_the_phones_order() {
        let phone = vec![said("a", 5, true, &[]), said("b", 5, true, &[]), said("c", 5, true, &[])];
        assert_eq!(keys(&join(phone, Vec::new())), ["a", "b", "c"]);
    }

    #[test]
    fn template_buttons_come_from_the_phone_and_the_text_from_the_registry() {
        let tap = bubble::Tap { id: "NO".to_owned(), title: "No".to_owned(), description: None };
        let phones = Bubble { kind: "template", buttons: vec![tap.clone()], ..Bubble::default() };
        let ours =
            Bubble { kind: "template", text: Some("Hola Ana".to_owned()), ..Bubble::default() };
        let both = shown(ours, phones);
        assert_eq!((both.text.as_deref(), both.buttons), (Some("Hola Ana"), vec![tap]));
    }
}
