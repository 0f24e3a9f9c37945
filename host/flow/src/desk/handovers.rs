//! The inbox of people: conversations the bot handed over, answered through the same gate, given back.

mod by_template;

use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::content::{Content, Text};
use portero_domain::ids::{ContactId, PhoneNumberId, TenantId};
use portero_domain::proposal::Purpose;
use portero_domain::update::{InboundBody, Update, UpdateKind};
use portero_gate::case::SERVICE_WINDOW;
use portero_store::model::{EventRow, HandedOver, HandedOverCursor, OutboxFilter};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::desk::access::Principal;
use crate::desk::messages::{self, MessageRequest, MessageView, ProposedView, find_contact};
use crate::desk::seen::{Expected, Seen};
use crate::desk::{Page, numbers};
use crate::error::FlowError;

pub use by_template::{Caused, TemplateAnswer, answer_by_template, caused_by, offered};

/// Lines shown of one conversation, each side.
const LINES: usize = 30;
/// Lines of the history shown.
const HISTORY: usize = 50;
/// Longest time an alert may be put off, in minutes: a day.
const WITHIN_MOST: i64 = 24 * 60;

/// A conversation that a person of the shop has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HandoverView {
    /// Who waits.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// Profile name.
    pub name: Option<String>,
    /// With which number.
    pub phone_number_id: String,
    /// Since when a person has it, RFC 3339.
    pub since: String,
    /// Why it was handed over.
    pub reason: String,
    /// Since when nobody answered, RFC 3339; absent while nothing waits.
    pub waiting_since: Option<String>,
    /// Nobody answered within the tenant's time.
    pub needs_you: bool,
    /// When the service window closes, RFC 3339; absent when the person never wrote.
    pub window_closes_at: Option<String>,
    /// Milliseconds until then; 0 when it is closed: only a template would reach the person.
    pub window_left_ms: i64,
    /// The newest words of either side, when there are any.
    pub last: Option<LineView>,
}

/// One line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ConversationLineView)]
pub struct LineView {
    /// When, RFC 3339.
    pub at: String,
    /// `person` (the customer), `bot`, `shop` (somebody of the shop, or its systems) or `host`.
    pub from: String,
    /// The words; a word for what it is when it has none.
    pub text: String,
    /// State of a message of ours.
    pub state: Option<String>,
    /// Meta's word on it.
    pub status: Option<String>,
    /// The rule that refused or put it off.
    pub rule: Option<String>,
    #[serde(skip)]
    at_ms: Ts,
}

/// One line of what was done with a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HandoverEventView {
    /// When, RFC 3339.
    pub at: String,
    /// `handed_over`, `answered`, `given_back` or `unanswered`.
    pub what: String,
    /// Reason or note.
    pub note: String,
    /// Token of who did it; `host` for the host and its plugins.
    pub author: String,
}

/// A conversation with its lines and history.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HandoverDetail {
    /// Where it stands; absent while the bot has it.
    pub handover: Option<HandoverView>,
    /// Who.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// Profile name.
    pub name: Option<String>,
    /// With which number.
    pub phone_number_id: String,
    /// When the service window closes, RFC 3339.
    pub window_closes_at: Option<String>,
    /// Milliseconds until then; 0 when it is closed.
    pub window_left_ms: i64,
    /// Lines of both sides, oldest first.
    pub lines: Vec<LineView>,
    /// What was done with it, newest first.
    pub history: Vec<HandoverEventView>,
}

/// What a person of the shop answers.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// The words.
    pub text: String,
    /// From which number; may be left out when the tenant has one.
    #[serde(default)]
    pub phone_number_id: Option<String>,
}

/// How a conversation goes back to the bot.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveBackRequest {
    /// Kept with it: what was agreed, what is left to do.
    pub note: String,
    /// With which number; may be left out when the tenant has one.
    #[serde(default)]
    pub phone_number_id: Option<String>,
}

/// How long somebody may wait for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerWithin {
    /// Minutes, 1 to 1,440; 15 unless set.
    pub minutes: i64,
}

impl Seen for AnswerWithin {}

/// Which conversations to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that a person has.
    Human,
    /// Those nobody answered within the tenant's time.
    NeedsYou,
}

impl Which {
    /// `human` (also when absent) or `needs_you`.
    ///
    /// # Errors
    /// [`FlowError::BadInput`] for any other word.
    pub fn parse(text: Option<&str>) -> Result<Which, FlowError> {
        match text {
            None | Some("human") => Ok(Which::Human),
            Some("needs_you") => Ok(Which::NeedsYou),
            Some(other) => Err(FlowError::bad(
                "state",
                format!("`{other}` is neither human nor needs_you"),
            )),
        }
    }
}

/// Whether the time is over; the instant itself counts as over.
fn is_over(waiting_since: Option<Ts>, within_ms: i64, now: Ts) -> bool {
    waiting_since.is_some_and(|since| now.since(since) >= within_ms)
}

/// When a window closes and what is left of it.
fn window(opened_at: Option<Ts>, now: Ts) -> (Option<String>, i64) {
    let closes = opened_at.map(|at| at + SERVICE_WINDOW);
    let left = closes.map_or(0, |at| at.since(now).max(0));
    (closes.map(Ts::rfc3339), left)
}

fn view(row: HandedOver, within_ms: i64, now: Ts, last: Option<LineView>) -> HandoverView {
    let (window_closes_at, window_left_ms) = window(row.window_at, now);
    HandoverView {
        contact: row.contact,
        name: row.name,
        phone_number_id: row.number.as_str().to_owned(),
        since: row.since.rfc3339(),
        reason: row.reason,
        waiting_since: row.waiting_since.map(Ts::rfc3339),
        needs_you: is_over(row.waiting_since, within_ms, now),
        window_closes_at,
        window_left_ms,
        last,
    }
}

/// Conversations that people of the shop have, longest first.
///
/// # Errors
/// A bad cursor or state, or the database.
pub async fn list(
    ctx: &Context,
    tenant: TenantId,
    which: Which,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<HandoverView>, FlowError> {
    let after = after.map(cursor).transpose()?;
    let now = ctx.now();
    let mut tx = ctx.store.read().await?;
    let within = tx.tenant(tenant).answer_within_ms().await?;
    let before = match which {
        Which::Human => None,
        Which::NeedsYou => Some(now - Millis(within)),
    };
    let rows = tx
        .tenant(tenant)
        .handed_over(limit, after.as_ref(), before)
        .await?;
    let full = rows.len() >= limit;
    let next = rows
        .last()
        .filter(|_| full)
        .map(|r| format!("{}.{}.{}", r.since.ms(), r.contact, r.number));
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let last = lines(&mut tx, tenant, &row.number, row.contact, 1)
            .await?
            .pop();
        items.push(view(row, within, now, last));
    }
    Ok(Page {
        items,
        next_cursor: next,
    })
}

fn cursor(text: &str) -> Result<HandedOverCursor, FlowError> {
    let bad = || FlowError::bad("after", "not a cursor of this list");
    let mut parts = text.splitn(3, '.');
    let mut part = || parts.next().ok_or_else(bad);
    Ok(HandedOverCursor {
        since: Ts(part()?.parse().map_err(|_| bad())?),
        contact: part()?.parse().map_err(|_| bad())?,
        number: PhoneNumberId::new(part()?).ok_or_else(bad)?,
    })
}

/// One conversation, whoever has it.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), bad input, or the database.
pub async fn get(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
    number: Option<&str>,
) -> Result<HandoverDetail, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.read().await?;
    let contact = find_contact(&mut tx, tenant, who).await?;
    let number = numbers::choose(&mut tx, tenant, number).await?;
    let name = tx
        .tenant(tenant)
        .contact(contact)
        .await?
        .and_then(|c| c.name);
    let within = tx.tenant(tenant).answer_within_ms().await?;
    let row = tx.tenant(tenant).conversation(&number, contact).await?;
    let lines = lines(&mut tx, tenant, &number, contact, LINES).await?;
    let (window_closes_at, window_left_ms) = window(row.as_ref().and_then(|r| r.window_at), now);
    let handover = row.and_then(|r| {
        let handed = HandedOver {
            number: number.clone(),
            contact,
            name: name.clone(),
            since: r.human_since?,
            reason: r.handover_reason.unwrap_or_default(),
            waiting_since: r.waiting_since,
            alerted_at: None,
            window_at: r.window_at,
        };
        Some(view(handed, within, now, lines.last().cloned()))
    });
    let history = tx
        .tenant(tenant)
        .handover_events(contact, HISTORY)
        .await?
        .into_iter()
        .filter(|e| e.number == number)
        .map(|e| HandoverEventView {
            at: e.at.rfc3339(),
            what: e.what,
            note: e.note,
            author: e.author,
        })
        .collect();
    Ok(HandoverDetail {
        handover,
        contact,
        name,
        phone_number_id: number.as_str().to_owned(),
        window_closes_at,
        window_left_ms,
        lines,
        history,
    })
}

/// A person of the shop answers, through the gate like everybody; an answer that passed ends the wait.
///
/// # Errors
/// Bad input, a reused key, or the database.
pub async fn answer(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    who: &str,
    idempotency_key: &str,
    request: &AnswerRequest,
) -> Result<ProposedView, FlowError> {
    if request.text.trim().is_empty() {
        return Err(FlowError::bad("text", "an answer has words"));
    }
    let message = MessageRequest {
        to: who.to_owned(),
        phone_number_id: request.phone_number_id.clone(),
        purpose: Purpose::Reply,
        topic: None,
        content: Content::Text(Text {
            body: request.text.clone(),
            preview_url: false,
        }),
    };
    say(ctx, principal, tenant, idempotency_key, &message).await
}

/// Proposes what a person of the shop says; what passed ends the wait.
async fn say(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    idempotency_key: &str,
    message: &MessageRequest,
) -> Result<ProposedView, FlowError> {
    let proposed = messages::propose(ctx, principal, tenant, idempotency_key, message).await?;
    if proposed.verdict.verdict != "deny" && proposed.verdict.verdict != "hold" {
        let mut tx = ctx.store.write().await?;
        let number = numbers::choose(&mut tx, tenant, Some(&proposed.message.phone_number_id));
        let number = number.await?;
        let author = principal.author();
        tx.tenant(tenant)
            .answered(&number, proposed.message.contact, &author, ctx.now())
            .await?;
        tx.commit().await?;
        ctx.touched();
    }
    Ok(proposed)
}

/// Gives a conversation back to the bot, with a note.
///
/// # Errors
/// [`FlowError::NotFound`], bad input (also when no person has it), or the database.
pub async fn give_back(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    who: &str,
    request: &GiveBackRequest,
) -> Result<HandoverDetail, FlowError> {
    if request.note.trim().is_empty() {
        return Err(FlowError::bad(
            "note",
            "say what was agreed or what is left to do",
        ));
    }
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let contact = find_contact(&mut tx, tenant, who).await?;
    let number = numbers::choose(&mut tx, tenant, request.phone_number_id.as_deref()).await?;
    let author = principal.author();
    if !tx
        .tenant(tenant)
        .give_back(&number, contact, request.note.trim(), &author, now)
        .await?
    {
        return Err(FlowError::bad(
            "who",
            "the bot has this conversation already",
        ));
    }
    tx.commit().await?;
    ctx.touched();
    get(ctx, tenant, &contact.to_string(), Some(number.as_str())).await
}

/// How long somebody may wait before the alert.
///
/// # Errors
/// The database.
pub async fn answer_within(ctx: &Context, tenant: TenantId) -> Result<AnswerWithin, FlowError> {
    let mut tx = ctx.store.read().await?;
    within_now(&mut tx, tenant).await
}

async fn within_now(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
) -> Result<AnswerWithin, FlowError> {
    let ms = tx.tenant(tenant).answer_within_ms().await?;
    Ok(AnswerWithin {
        minutes: ms / 60_000,
    })
}

/// Sets [`answer_within`]; takes effect for everybody who waits now.
///
/// # Errors
/// A number out of range, [`FlowError::Changed`] when it is not as expected, or the database.
pub async fn set_answer_within(
    ctx: &Context,
    tenant: TenantId,
    within: AnswerWithin,
    expected: Option<&Expected>,
) -> Result<AnswerWithin, FlowError> {
    if !(1..=WITHIN_MOST).contains(&within.minutes) {
        return Err(FlowError::bad("minutes", "1 to 1440"));
    }
    let mut tx = ctx.store.write().await?;
    if let Some(expected) = expected {
        tx.tenant(tenant).hold().await?;
        expected.hold("answer-within", &within_now(&mut tx, tenant).await?)?;
    }
    tx.tenant(tenant)
        .set_answer_within_ms(within.minutes.saturating_mul(60_000))
        .await?;
    tx.commit().await?;
    ctx.touched();
    Ok(within)
}

/// The newest lines of both sides, oldest first.
async fn lines(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    number: &PhoneNumberId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<LineView>, FlowError> {
    let addresses: Vec<AddressKey> = tx
        .tenant(tenant)
        .contact(contact)
        .await?
        .map(|c| c.aliases.into_iter().map(|(key, _)| key).collect())
        .unwrap_or_default();
    let mut lines = Vec::new();
    for event in tx
        .tenant(tenant)
        .messages_of(number, &addresses, limit, None)
        .await?
    {
        if let Some((at, text)) = heard(&event)? {
            lines.push(LineView {
                at: at.rfc3339(),
                from: "person".to_owned(),
                text,
                state: None,
                status: None,
                rule: None,
                at_ms: at,
            });
        }
    }
    let filter = OutboxFilter {
        contact: Some(contact),
        limit,
        ..OutboxFilter::default()
    };
    for row in tx.tenant(tenant).outbox_list(&filter).await? {
        if row.number != *number {
            continue;
        }
        let at_ms = row.created_at;
        let from = match row.origin.as_str() {
            "plugin" => "bot",
            "host" => "host",
            _ => "shop",
        };
        let message = MessageView::of(row);
        lines.push(LineView {
            at: message.created_at,
            from: from.to_owned(),
            text: if message.content_gone {
                GONE.to_owned()
            } else {
                shown(&message.content)
            },
            state: Some(message.state),
            status: message.status,
            rule: message.rule,
            at_ms,
        });
    }
    lines.sort_by_key(|l| l.at_ms);
    let surplus = lines.len().saturating_sub(limit);
    Ok(lines.split_off(surplus))
}

/// Stands where words were whose term is over.
pub(super) const GONE: &str = "[no longer kept]";

/// When a person said what; nothing where the event is no message.
pub(super) fn heard(event: &EventRow) -> Result<Option<(Ts, String)>, FlowError> {
    if event.words_gone() {
        return Ok(Some((event.received_at, GONE.to_owned())));
    }
    let update: Update =
        serde_json::from_str(&event.payload).map_err(|source| FlowError::Stored {
            what: "update",
            source,
        })?;
    Ok(match &update.what {
        UpdateKind::Message(m) => Some((m.at, said(&m.body))),
        _ => None,
    })
}

/// The words of what a person sent, or a word for what it is.
fn said(body: &InboundBody) -> String {
    match body {
        InboundBody::Text { text } | InboundBody::TemplateButton { text, .. } => text.clone(),
        InboundBody::ButtonReply { title, .. } | InboundBody::ListReply { title, .. } => {
            title.clone()
        }
        InboundBody::Media {
            caption: Some(caption),
            ..
        } => caption.clone(),
        other => format!("[{}]", other.as_str()),
    }
}

/// The words of what we sent, or a word for what it is.
pub(super) fn shown(content: &Content) -> String {
    match content {
        Content::Text(text) => text.body.clone(),
        Content::Interactive(i) => i.body.clone(),
        Content::Template(t) => format!("[template {}]", t.name),
        _ => "[media]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_over_at_the_instant_itself() {
        let since = Some(Ts(1_000));
        assert!(!is_over(since, 900_000, Ts(900_999)));
        assert!(is_over(since, 900_000, Ts(901_000)));
        assert!(is_over(since, 900_000, Ts(901_001)));
        assert!(!is_over(None, 0, Ts(901_001)));
    }

    #[test]
    fn a_window_counts_down_to_nothing_and_not_below() {
        let opened = Some(Ts(0));
        let day = SERVICE_WINDOW.0;
        assert_eq!(window(opened, Ts(day - 1)).1, 1);
        assert_eq!(window(opened, Ts(day)).1, 0);
        assert_eq!(window(opened, Ts(day + 1)).1, 0);
        assert_eq!(window(None, Ts(5)), (None, 0));
    }

    #[test]
    fn a_cursor_reads_back_and_rubbish_does_not() {
        let id = "con_00000000000070008000000000000001";
        let read = cursor(&format!("17.{id}.401")).unwrap();
        assert_eq!((read.since, read.number.as_str()), (Ts(17), "401"));
        for bad in ["", "17", "x.y.z", "17.con_x.401"] {
            assert!(cursor(bad).is_err(), "{bad}");
        }
    }
}
