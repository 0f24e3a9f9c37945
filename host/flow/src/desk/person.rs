//! One person as somebody who must answer for it looks at them: found by whatever is known of them, and
//! everything that happened with them in one line of time.

use std::collections::BTreeMap;

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentStanding, FrequencyPromise};
use portero_domain::ids::{CampaignId, ContactId, DecisionId, EventId, OutboxId, TenantId};
use portero_domain::proposal::{Origin, Purpose};
use portero_store::model::{ContactRow, HandoverEvent, OutboxFilter, OutboxRow, folded};
use portero_store::{TenantTx, Tx};
use serde::Serialize;

use crate::context::Context;
use crate::desk::handovers::{GONE, heard, shown};
use crate::desk::messages::find_contact;
use crate::desk::verdicts::VerdictView;
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;
use crate::permissions;

/// People looked at in one go while a name is searched.
const LOOKED_AT: usize = 200;
/// People among whom a name is looked for before the answer is given: some tens of milliseconds.
const WALKED: usize = 50_000;
/// Hand-overs read of one person.
const HANDOVERS: usize = 200;

/// A person in a list of those who were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FoundView {
    /// Our id.
    #[schema(value_type = String)]
    pub id: ContactId,
    /// Name.
    pub name: Option<String>,
    /// Every address, those in use first.
    pub addresses: Vec<String>,
    /// Two letters.
    pub country: Option<String>,
    /// When we first saw them, RFC 3339.
    pub since: String,
}

impl FoundView {
    fn of(row: ContactRow) -> FoundView {
        FoundView {
            id: row.id,
            name: row.name,
            addresses: row
                .aliases
                .into_iter()
                .map(|(key, _)| key.as_str().to_owned())
                .collect(),
            country: row.country,
            since: row.created_at.rfc3339(),
        }
    }
}

/// People by id, by any spelling of a number or BSUID, or by a part of their name; everybody without
/// words. Newest first; who was erased is not found by name. A name is looked for among [`WALKED`] people at
/// a time: a page may be empty and still lead on to the older ones.
///
/// # Errors
/// A bad cursor, or the database.
pub async fn find(
    ctx: &Context,
    tenant: TenantId,
    words: &str,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<FoundView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let found = found(&mut tx, tenant, words, limit, after).await?;
    Ok(Page {
        items: found.rows.into_iter().map(FoundView::of).collect(),
        next_cursor: found.next,
    })
}

/// Who was found, and where the search goes on.
pub(crate) struct Found {
    pub(crate) rows: Vec<ContactRow>,
    pub(crate) next: Option<String>,
}

/// What [`find`] does, within a transaction.
pub(crate) async fn found(
    tx: &mut Tx,
    tenant: TenantId,
    words: &str,
    limit: usize,
    after: Option<&str>,
) -> Result<Found, FlowError> {
    let mut after: Option<ContactId> = parse_cursor(after)?;
    let words = words.trim();
    let mut of = tx.tenant(tenant);
    let exact = match (words.parse::<ContactId>(), AddressKey::parse(words)) {
        (Ok(id), _) => Some(Some(id)),
        (_, Ok(key)) => Some(of.contact_by_addresses(&[key]).await?),
        _ => None,
    };
    if let Some(id) = exact {
        let row = match id {
            Some(id) => of.contact(id).await?,
            None => None,
        };
        return Ok(Found {
            rows: row.into_iter().collect(),
            next: None,
        });
    }
    let wanted = folded(words);
    let floor = match wanted.is_empty() {
        true => None,
        false => of.contacts_floor(after, WALKED).await?,
    };
    let mut rows = Vec::new();
    loop {
        let some = match wanted.is_empty() {
            true => of.contacts_like(None, limit, after, None).await?,
            false => {
                of.contacts_like(Some(words), LOOKED_AT, after, floor)
                    .await?
            }
        };
        let last = some.len() < if wanted.is_empty() { limit } else { LOOKED_AT };
        for row in some {
            after = Some(row.id);
            let name = row.name.as_deref().unwrap_or_default();
            if wanted.is_empty() || folded(name).contains(&wanted) {
                rows.push(row);
            }
            if rows.len() >= limit {
                let next = after.map(|id| id.to_string());
                return Ok(Found { rows, next });
            }
        }
        if last {
            return Ok(Found {
                rows,
                next: floor.map(|id| id.to_string()),
            });
        }
    }
}

/// Something that happened with a person.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TimelineItem {
    /// When, RFC 3339.
    pub at: String,
    /// Its id.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub what: Happened,
    #[serde(skip)]
    at_ms: Ts,
}

/// What happened.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happened {
    /// The person wrote.
    Inbound {
        /// Their words, or a word for what it is.
        text: String,
    },
    /// A message to them, wherever it stands.
    Message(Box<TimelineMessage>),
    /// A line of the consent ledger.
    Consent {
        /// The line.
        #[schema(value_type = Object)]
        event: Box<ConsentEvent>,
    },
    /// Something done with the conversation.
    Handover {
        /// `handed_over`, `answered`, `given_back` or `unanswered`.
        what: String,
        /// Reason or note.
        note: String,
        /// Token of who did it; `host` for the host and its plugins.
        author: String,
    },
}

/// A message to a person with the verdict that counts.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TimelineMessage {
    /// Its words, or a word for what it is.
    pub text: String,
    /// `plugin`, `api`, `campaign` or `host`.
    pub origin: String,
    /// What for.
    pub purpose: String,
    /// Topic.
    pub topic: Option<String>,
    /// Where it stands.
    pub state: String,
    /// Meta's word on it.
    pub status: Option<String>,
    /// Meta's error, when it refused or lost it.
    pub error: Option<String>,
    /// The verdict that counts.
    #[schema(value_type = String)]
    pub verdict: DecisionId,
    /// `allow`, `defer`, `hold` or `deny`.
    pub result: String,
    /// Why, one sentence per language.
    pub summary: BTreeMap<String, String>,
    /// The campaign it belongs to.
    pub campaign: Option<TimelineCampaign>,
}

/// A campaign that writes to somebody.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TimelineCampaign {
    /// Which.
    #[schema(value_type = String)]
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Why these people get it, in the shop's words.
    pub why: String,
    /// Why the segment had this person, in the plugin's words.
    pub reason: Option<String>,
}

/// How much of what was promised to a person is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Meter {
    /// The topic; `*` is promotion in general.
    pub topic: String,
    /// Promotional messages that went within the period.
    pub used: u64,
    /// The most that was promised.
    #[schema(value_type = Object)]
    pub promise: FrequencyPromise,
}

/// What was promised to a person where they agreed, and how much of it is used.
///
/// # Errors
/// [`FlowError::NotFound`], bad input, or the database.
pub async fn meters(ctx: &Context, tenant: TenantId, who: &str) -> Result<Vec<Meter>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let contact = find_contact(&mut tx, tenant, who).await?;
    let record = permissions::on_record(&mut tx, tenant, contact, ctx.now()).await?;
    let mut all = Vec::new();
    for one in record.topics {
        let ConsentStanding::Granted {
            promise: Some(promise),
            ..
        } = one.standing
        else {
            continue;
        };
        let since = ctx.now() - promise.per.length();
        let sent = tx.tenant(tenant).sent_by_purpose(contact, since).await?;
        let used = sent
            .iter()
            .find(|(purpose, _)| purpose == Purpose::Promotional.as_str());
        all.push(Meter {
            topic: one.topic.unwrap_or_else(|| "*".to_owned()),
            used: used.map_or(0, |(_, n)| *n),
            promise,
        });
    }
    Ok(all)
}

/// Where a timeline goes on: before this instant and id.
fn cursor(text: &str) -> Result<(Ts, String), FlowError> {
    text.split_once('.')
        .and_then(|(ms, id)| Some((Ts(ms.parse().ok()?), id.to_owned())))
        .ok_or_else(|| FlowError::bad("after", "not a cursor of this list"))
}

/// The first id after everything of an instant: ids begin with their time.
fn after_all_of<T: std::str::FromStr>(prefix: &str, at: Ts) -> Option<T> {
    let ms = at.ms().clamp(0, (1 << 48) - 2) + 1;
    format!("{prefix}_{ms:012x}{}", "0".repeat(20)).parse().ok()
}

/// What happened with a person, newest first: what they wrote, what was proposed to them with its verdict,
/// what they agreed to and withdrew, who had the conversation.
///
/// # Errors
/// [`FlowError::NotFound`], bad input, or the database.
pub async fn timeline(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<TimelineItem>, FlowError> {
    let end = (Ts((1 << 48) - 2), "~".to_owned());
    let before = after.map(cursor).transpose()?.unwrap_or(end);
    let mut tx = ctx.store.read().await?;
    let contact = find_contact(&mut tx, tenant, who).await?;
    let mut of = tx.tenant(tenant);
    let row = of
        .contact(contact)
        .await?
        .ok_or_else(|| FlowError::not_found("contact", who))?;
    let keys: Vec<AddressKey> = row.aliases.into_iter().map(|(key, _)| key).collect();
    let mut items = Vec::new();
    let filter = OutboxFilter {
        contact: Some(contact),
        state: None,
        limit: limit + 1,
        after: after_all_of::<OutboxId>(OutboxId::PREFIX, before.0),
        ..OutboxFilter::default()
    };
    let messages = of.outbox_list(&filter).await?;
    let newest = after_all_of::<EventId>(EventId::PREFIX, before.0);
    for number in of.numbers().await? {
        let events = of.messages_of(&number.id, &keys, limit + 1, newest).await?;
        for event in events {
            if let Some((_, text)) = heard(&event)? {
                items.push(item(
                    event.received_at,
                    event.id.to_string(),
                    Happened::Inbound { text },
                ));
            }
        }
    }
    for event in of.consent_events(contact).await? {
        let (at, id) = (event.received_at, event.id.to_string());
        let event = Box::new(event);
        items.push(item(at, id, Happened::Consent { event }));
    }
    let handovers = of.handover_events(contact, HANDOVERS).await?;
    items.extend(handovers.into_iter().map(handover));
    let place = |at: Ts, id: &str| (at, id.to_owned());
    items.retain(|i| place(i.at_ms, &i.id) < before);
    let messages: Vec<OutboxRow> = messages
        .into_iter()
        .filter(|row| place(row.created_at, &row.id.to_string()) < before)
        .collect();
    // Only what is shown gets its verdict read: the oldest that may be shown is known before.
    let mut places: Vec<(Ts, String)> = items
        .iter()
        .map(|i| place(i.at_ms, &i.id))
        .chain(
            messages
                .iter()
                .map(|m| place(m.created_at, &m.id.to_string())),
        )
        .collect();
    places.sort_unstable_by(|a, b| b.cmp(a));
    let more = places.len() > limit;
    places.truncate(limit);
    let Some(oldest) = places.last().cloned() else {
        return Ok(Page {
            items: Vec::new(),
            next_cursor: None,
        });
    };
    items.retain(|i| place(i.at_ms, &i.id) >= oldest);
    for row in messages {
        let id = row.id.to_string();
        if place(row.created_at, &id) >= oldest {
            let at = row.created_at;
            let message = Happened::Message(Box::new(message(&mut of, row).await?));
            items.push(item(at, id, message));
        }
    }
    items.sort_by(|a, b| (b.at_ms, &b.id).cmp(&(a.at_ms, &a.id)));
    Ok(Page {
        items,
        next_cursor: more.then(|| format!("{}.{}", oldest.0.ms(), oldest.1)),
    })
}

fn item(at: Ts, id: String, what: Happened) -> TimelineItem {
    TimelineItem {
        at: at.rfc3339(),
        id,
        what,
        at_ms: at,
    }
}

fn handover(event: HandoverEvent) -> TimelineItem {
    // Within one instant a hand-over stands beside others of its kind.
    let id = format!("handover:{}", event.what);
    item(
        event.at,
        id,
        Happened::Handover {
            what: event.what,
            note: event.note,
            author: event.author,
        },
    )
}

async fn message(of: &mut TenantTx<'_>, row: OutboxRow) -> Result<TimelineMessage, FlowError> {
    let verdict = row.dispatch_decision.unwrap_or(row.admission_decision);
    let view = match of.decision(verdict).await? {
        Some(decision) => Some(VerdictView::of(&decision)?),
        None => None,
    };
    let campaign = match &row.proposal.origin {
        Origin::Campaign { campaign } => {
            let reason = of.membership_reason(*campaign, row.contact).await?;
            of.campaign(*campaign).await?.map(|c| TimelineCampaign {
                id: c.id,
                name: c.definition.name,
                why: c.definition.why,
                reason,
            })
        }
        _ => None,
    };
    let (result, summary) = view.map_or_else(Default::default, |v| (v.verdict, v.summary));
    Ok(TimelineMessage {
        text: if row.words_gone() {
            GONE.to_owned()
        } else {
            shown(&row.proposal.content)
        },
        origin: row.origin,
        purpose: row.purpose.as_str().to_owned(),
        topic: row.topic,
        state: row.state.as_str().to_owned(),
        status: row.status.map(|s| s.as_str().to_owned()),
        error: row
            .error_code
            .map(|code| format!("{code} {}", row.error_title.unwrap_or_default())),
        verdict,
        result,
        summary,
        campaign,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_an_id_stands_after_its_instant() {
        assert_eq!(cursor("17.out_1").unwrap(), (Ts(17), "out_1".to_owned()));
        for bad in ["", "17", "x.out_1"] {
            assert!(cursor(bad).is_err(), "{bad}");
        }
        let id: OutboxId = after_all_of(OutboxId::PREFIX, Ts(0xff)).unwrap();
        assert!(id.to_string().starts_with("out_000000000100"));
    }
}
