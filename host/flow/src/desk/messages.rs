//! Messages: proposing one through the API, and reading where each stands.

use std::collections::BTreeMap;

use portero_domain::address::AddressKey;
use portero_domain::content::Content;
use portero_domain::ids::{ContactId, DecisionId, OutboxId, PhoneNumberId, TenantId};
use portero_domain::proposal::{Answers, Origin, OutboxState, Proposal, Purpose};
use portero_domain::status::MessageStatus;
use portero_domain::step::Step;
use portero_gate::record::content_hash;
use portero_store::model::{ERASED, OutboxFilter, OutboxRow, Stands, StepFilter};
use serde::{Deserialize, Serialize};

use crate::consult::Who;
use crate::context::Context;
use crate::desk::access::Principal;
use crate::desk::handovers::{GONE, shown};
use crate::desk::reasons::title;
use crate::desk::verdict_days::zone;
use crate::desk::verdicts::{VerdictView, instant};
use crate::desk::{Page, numbers, parse_cursor};
use crate::error::FlowError;
use crate::judge::{self, Provenance};

/// What a caller of the API wants to send.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageRequest {
    /// To whom: a contact id, a phone number with country code, or a BSUID of a known contact.
    pub to: String,
    /// From which number; may be left out when the tenant has one.
    #[serde(default)]
    pub phone_number_id: Option<String>,
    /// What for.
    #[schema(value_type = String, example = "reply")]
    pub purpose: Purpose,
    /// Word of the tenant's vocabulary.
    #[serde(default)]
    pub topic: Option<String>,
    /// The message: `{"type":"text","body":"…"}`, `{"type":"template",…}`, …
    #[schema(value_type = Object)]
    pub content: Content,
}

/// A message and where it stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MessageView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: OutboxId,
    /// To whom.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// From which number.
    pub phone_number_id: String,
    /// Who proposed it.
    pub origin: String,
    /// What for.
    pub purpose: String,
    /// Topic.
    pub topic: Option<String>,
    /// `queued`, `deferred`, `in_review`, `attempting`, `unknown`, `sent`, `denied`, `expired`, `cancelled`, `failed`.
    pub state: String,
    /// Meta's word on it.
    pub status: Option<String>,
    /// The rule that decided, when it did not simply pass.
    pub rule: Option<String>,
    /// Why it was taken back, per language: `es`, `pt`, `en`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reason: BTreeMap<String, String>,
    /// Meta's id.
    pub wamid: Option<String>,
    /// Meta's error, when it refused or lost it.
    pub error: Option<String>,
    /// Not before, RFC 3339.
    pub not_before: String,
    /// When proposed, RFC 3339.
    pub created_at: String,
    /// The verdict that counts.
    #[schema(value_type = String)]
    pub verdict: DecisionId,
    /// The message itself.
    #[schema(value_type = Object)]
    pub content: Content,
    /// Whether what it said is not kept any more: its term is over, or its person was erased.
    pub content_gone: bool,
}

impl MessageView {
    pub(crate) fn of(row: OutboxRow) -> MessageView {
        let reason = match (&row.rule, row.state) {
            (Some(rule), OutboxState::Cancelled) => title(rule),
            _ => BTreeMap::new(),
        };
        MessageView {
            reason,
            content_gone: row.words_gone(),
            id: row.id,
            contact: row.contact,
            phone_number_id: row.number.as_str().to_owned(),
            origin: row.origin,
            purpose: row.purpose.as_str().to_owned(),
            topic: row.topic,
            state: row.state.as_str().to_owned(),
            status: row.status.map(|s| s.as_str().to_owned()),
            // A rule that only put it off says nothing about a message that went.
            rule: row
                .rule
                .filter(|_| !matches!(row.state, OutboxState::Sent | OutboxState::Attempting)),
            wamid: row.wamid.map(|w| w.as_str().to_owned()),
            error: row
                .error_code
                .map(|code| format!("{code} {}", row.error_title.unwrap_or_default())),
            not_before: row.not_before.rfc3339(),
            created_at: row.created_at.rfc3339(),
            verdict: row.dispatch_decision.unwrap_or(row.admission_decision),
            content: row.proposal.content,
        }
    }
}

/// The answer to a proposal: the message and its verdict. A refusal is an answer, not an error.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProposedView {
    /// The message.
    pub message: MessageView,
    /// The verdict at admission.
    pub verdict: VerdictView,
}

/// Judges a message of the API and queues it when it passes.
///
/// The idempotency key is the proposal's key: the same key with the same body answers with the
/// first proposal, with another body it is refused.
///
/// # Errors
/// Bad input, a reused key, or the database.
pub async fn propose(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    idempotency_key: &str,
    request: &MessageRequest,
) -> Result<ProposedView, FlowError> {
    let key = format!("api:{idempotency_key}");
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let number = sender(&mut tx, tenant, request.phone_number_id.as_deref()).await?;
    let contact = addressee(&mut tx, tenant, "to", &request.to).await?;
    // An erased person is judged like anybody: the gate says no, and why is on record.
    let who = Who::read_or_erased(&mut tx, tenant, number.clone(), contact)
        .await?
        .ok_or_else(|| FlowError::not_found("contact", &request.to))?;
    let window = tx.tenant(tenant).conversation(&number, contact).await?;
    let answers = window
        .and_then(|w| w.window_at.map(|at| (at, w.window_wamid)))
        .map(|(at, wamid)| Answers {
            event: None,
            wamid,
            at,
        });
    let proposal = Proposal {
        id: OutboxId::new(&*ctx.ids, now),
        key,
        tenant,
        sender: number,
        contact,
        to: who.to.clone(),
        origin: Origin::Api {
            token: principal.token,
        },
        class: judge::class_of(&request.content, request.purpose),
        purpose: request.purpose,
        topic: request.topic.clone(),
        own_key: None,
        answers: answers.filter(|_| !request.content.is_template()),
        content: request.content.clone(),
        created_at: now,
        expires_at: judge::default_expiry(request.purpose, now),
    };
    let admitted =
        judge::admit(ctx, &mut tx, &who.tenant, &proposal, &Provenance::default()).await?;
    let first = tx.tenant(tenant).outbox(admitted.outbox).await?;
    // The refusal of a repeat is on record; its caller is answered with the first.
    tx.commit().await?;
    ctx.wake_outbox.notify_one();
    ctx.touched();
    let mut decision = admitted.decision;
    if admitted.duplicate
        && let Some(first) = first
    {
        // Of a message to an erased person nothing is kept to compare. Else the hash stays when words go.
        let kept = first.rule.as_deref() != Some(ERASED);
        let other = kept && first.content_hash != content_hash(&request.content);
        if other || first.contact != contact {
            return Err(FlowError::KeyReused {
                key: idempotency_key.to_owned(),
            });
        }
        decision = first.admission_decision;
    }
    let verdict = crate::desk::verdicts::get(ctx, tenant, decision).await?;
    let message = get(ctx, tenant, admitted.outbox).await?;
    Ok(ProposedView { message, verdict })
}

/// The number named, whoever's it is (the gate says no to others'), or the tenant's only one.
async fn sender(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    asked: Option<&str>,
) -> Result<PhoneNumberId, FlowError> {
    match asked {
        Some(asked) => PhoneNumberId::new(asked)
            .ok_or_else(|| FlowError::bad("phone_number_id", "1 to 64 bytes, as Meta shows it")),
        None => numbers::choose(tx, tenant, None).await,
    }
}

/// The person of an id or address, or what is left of one who was erased.
pub(crate) async fn find_contact(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    to: &str,
) -> Result<ContactId, FlowError> {
    if let Ok(id) = to.parse::<ContactId>() {
        let found = tx.tenant(tenant).contact(id).await?;
        return found
            .map(|c| c.id)
            .ok_or_else(|| FlowError::not_found("contact", to));
    }
    let key = AddressKey::parse(to).map_err(|why| FlowError::bad("who", why.to_string()))?;
    tx.tenant(tenant)
        .person_by_addresses(&[key])
        .await?
        .ok_or_else(|| FlowError::not_found("contact", to))
}

/// The same of a field of a body: that nobody has the address is a fault of the field, and says what helps.
async fn addressee(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    field: &'static str,
    to: &str,
) -> Result<ContactId, FlowError> {
    let found = find_contact(tx, tenant, to).await;
    found.map_err(|error| match error {
        FlowError::BadInput { why, .. } => FlowError::bad(field, why),
        FlowError::NotFound { .. } if to.parse::<ContactId>().is_err() => FlowError::bad(
            field,
            "no contact has this address; create it with PUT /v1/contacts",
        ),
        other => other,
    })
}

/// Somebody named by a field of a body, of whom something may be kept.
pub(crate) async fn living_addressee(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    field: &'static str,
    who: &str,
) -> Result<ContactId, FlowError> {
    let contact = addressee(tx, tenant, field, who).await?;
    not_erased(tx, tenant, contact).await?;
    Ok(contact)
}

/// Somebody of whom something may be kept.
pub(crate) async fn living_contact(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    who: &str,
) -> Result<ContactId, FlowError> {
    let contact = find_contact(tx, tenant, who).await?;
    not_erased(tx, tenant, contact).await?;
    Ok(contact)
}

/// Refuses what would keep something of an erased person.
pub(crate) async fn not_erased(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    contact: ContactId,
) -> Result<(), FlowError> {
    let row = tx.tenant(tenant).contact(contact).await?;
    if row.is_some_and(|row| row.erased_at.is_some()) {
        return Err(FlowError::Erased { contact });
    }
    Ok(())
}

/// One message.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn get(ctx: &Context, tenant: TenantId, id: OutboxId) -> Result<MessageView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx
        .tenant(tenant)
        .outbox(id)
        .await?
        .ok_or_else(|| FlowError::not_found("message", id))?;
    Ok(MessageView::of(row))
}

/// Which messages; newest first.
#[derive(Clone, Debug, Default)]
pub struct MessageQuery {
    /// Only of this person.
    pub contact: Option<ContactId>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only at this step of the way, in the words of the overview.
    pub step: Option<String>,
    /// Only those of which Meta said this last.
    pub status: Option<String>,
    /// Proposed then or later: RFC 3339, or a day of the tenant's.
    pub since: Option<String>,
    /// Proposed before: RFC 3339, or a day of the tenant's.
    pub until: Option<String>,
    /// Rows.
    pub limit: usize,
    /// Cursor.
    pub after: Option<String>,
}

impl MessageQuery {
    /// Everything, so many rows.
    #[must_use]
    pub fn newest(limit: usize) -> MessageQuery {
        MessageQuery {
            limit,
            ..MessageQuery::default()
        }
    }

    /// Where they stand, if that is asked for; then nothing else may be asked for beside the time.
    fn stands(&self) -> Result<Option<Stands>, FlowError> {
        let known = |field, word: &str, all: Vec<&str>| {
            FlowError::bad(field, format!("`{word}` is none of {}", all.join(", ")))
        };
        let step = self.step.as_deref().map(|word| {
            let all = || Step::ALL.map(Step::as_str).to_vec();
            let step = Step::parse(word).ok_or_else(|| known("step", word, all()))?;
            Ok(("step", Stands::At(step)))
        });
        let status = self.status.as_deref().map(|word| {
            let all = || MessageStatus::ALL.map(MessageStatus::as_str).to_vec();
            let status = MessageStatus::parse(word).ok_or_else(|| known("status", word, all()))?;
            Ok(("status", Stands::Told(status)))
        });
        let both: Vec<(&'static str, Stands)> = step
            .into_iter()
            .chain(status)
            .collect::<Result<_, FlowError>>()?;
        let others = [
            ("contact", self.contact.is_some()),
            ("state", self.state.is_some()),
            ("status", both.len() > 1),
        ];
        let Some((field, stands)) = both.into_iter().next() else {
            return Ok(None);
        };
        if let Some((other, _)) = others.into_iter().find(|(_, given)| *given) {
            return Err(FlowError::bad(
                field,
                format!("not together with `{other}`"),
            ));
        }
        if stands == Stands::At(Step::Answered) && self.since.is_none() {
            let why = "who answered is asked from a day or an instant on: give `since` too";
            return Err(FlowError::bad("since", why));
        }
        Ok(Some(stands))
    }
}

/// Messages, newest first.
///
/// # Errors
/// Bad filters, or the database.
pub async fn list(
    ctx: &Context,
    tenant: TenantId,
    query: &MessageQuery,
) -> Result<Page<MessageView>, FlowError> {
    let stands = query.stands()?;
    let state = query
        .state
        .as_deref()
        .map(|s| {
            OutboxState::parse(s).ok_or_else(|| {
                let known: Vec<_> = OutboxState::ALL.iter().map(|s| s.as_str()).collect();
                FlowError::bad("state", format!("`{s}` is none of {}", known.join(", ")))
            })
        })
        .transpose()?;
    let (limit, after) = (query.limit, parse_cursor(query.after.as_deref())?);
    let mut tx = ctx.store.read().await?;
    let (mut since, mut until) = (None, None);
    if query.since.is_some() || query.until.is_some() {
        let zone = zone(&tx.tenant(tenant).row().await?.timezone);
        since = instant("since", query.since.as_deref(), &zone)?;
        until = instant("until", query.until.as_deref(), &zone)?;
    }
    let rows = match stands {
        Some(stands) => {
            let filter = StepFilter {
                stands,
                since,
                until,
                limit,
                after,
            };
            tx.tenant(tenant).outbox_at(&filter).await?
        }
        None => {
            let filter = OutboxFilter {
                contact: query.contact,
                state,
                since,
                until,
                limit,
                after,
            };
            tx.tenant(tenant).outbox_list(&filter).await?
        }
    };
    let items = rows.into_iter().map(MessageView::of).collect();
    Ok(Page::of(items, limit, |m: &MessageView| m.id.to_string()))
}

/// What a message says, in one text; a word for it when that is not kept any more.
#[must_use]
pub fn words(view: &MessageView) -> String {
    match view.content_gone {
        true => GONE.to_owned(),
        false => shown(&view.content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_messages_stand_is_asked_for_alone_and_by_known_words() {
        let asked = |step: Option<&str>, status: Option<&str>| MessageQuery {
            step: step.map(str::to_owned),
            status: status.map(str::to_owned),
            since: Some("2026-11-24".to_owned()),
            ..MessageQuery::newest(5)
        };
        assert_eq!(asked(None, None).stands().unwrap(), None);
        assert_eq!(
            asked(Some("read"), None).stands().unwrap(),
            Some(Stands::At(Step::Read))
        );
        assert_eq!(
            asked(None, Some("failed")).stands().unwrap(),
            Some(Stands::Told(MessageStatus::Failed))
        );
        for (query, says) in [
            (asked(Some("arrived"), None), "delivered"),
            (asked(None, Some("lost")), "accepted"),
            (
                asked(Some("read"), Some("read")),
                "not together with `status`",
            ),
            (
                MessageQuery {
                    state: Some("sent".to_owned()),
                    ..asked(Some("read"), None)
                },
                "not together with `state`",
            ),
            (
                MessageQuery {
                    since: None,
                    ..asked(Some("answered"), None)
                },
                "since",
            ),
        ] {
            let refused = query.stands().unwrap_err().to_string();
            assert!(refused.contains(says), "{says}: {refused}");
        }
    }
}
