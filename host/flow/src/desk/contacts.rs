//! People of a tenant: who they are, what they agreed to, who answers them.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentScope, ConsentStanding};
use portero_domain::ids::{ContactId, TenantId};
use portero_domain::language::Language;
use portero_store::model::{ContactRow, NewContact};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::desk::messages::{find_contact, living_contact, not_erased};
use crate::desk::seen::Seen;
use crate::desk::{Page, numbers, parse_cursor, person};
use crate::error::FlowError;

/// A person as told by the tenant's system.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// Phone with country code, or BSUID.
    pub address: String,
    /// Name.
    #[serde(default)]
    pub name: Option<String>,
    /// `es`, `pt` or `en`, with or without region.
    #[serde(default)]
    pub language: Option<String>,
    /// Two letters.
    #[serde(default)]
    pub country: Option<String>,
}

/// A person.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ContactView {
    /// Our id.
    #[schema(value_type = String)]
    pub id: ContactId,
    /// Name.
    pub name: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Every address, as last spelled.
    pub addresses: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Attributes.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// Where they stand, by topic; `*` is promotion in general.
    #[schema(value_type = Object)]
    pub consent: std::collections::BTreeMap<String, ConsentStanding>,
    /// WhatsApp's own marketing stop, since when (RFC 3339).
    pub marketing_stopped_since: Option<String>,
    /// Every consent event, oldest first.
    #[schema(value_type = Vec<Object>)]
    pub consent_events: Vec<ConsentEvent>,
    /// Windows and owners by number.
    pub conversations: Vec<ConversationView>,
}

impl Seen for ContactView {}

/// A conversation with one number.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ConversationView {
    /// Which number.
    pub phone_number_id: String,
    /// When the window closes (RFC 3339); absent when the person never wrote.
    pub window_closes_at: Option<String>,
    /// Whether it is open now.
    pub window_open: bool,
    /// `bot` or `human`.
    pub owner: String,
    /// Since when a person owns it, and why.
    pub handed_over: Option<(String, String)>,
}

/// Creates or completes a person; the same address is the same person.
///
/// # Errors
/// Bad input or the database.
pub async fn put(
    ctx: &Context,
    tenant: TenantId,
    request: &ContactRequest,
) -> Result<ContactView, FlowError> {
    let key = AddressKey::parse(&request.address)
        .map_err(|e| FlowError::bad("address", e.to_string()))?;
    if let Some(language) = &request.language
        && Language::from_tag(language).is_none()
    {
        return Err(FlowError::bad(
            "language",
            format!("`{language}` is none of es, pt, en"),
        ));
    }
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let spelled = key.as_str().trim_start_matches('+').to_owned();
    let id = match tx
        .tenant(tenant)
        .person_by_addresses(std::slice::from_ref(&key))
        .await?
    {
        Some(id) => {
            not_erased(&mut tx, tenant, id).await?;
            if let Some(name) = &request.name {
                tx.tenant(tenant).touch_contact_name(id, name).await?;
            }
            if request.language.is_some() {
                tx.tenant(tenant)
                    .set_contact_language(id, request.language.as_deref())
                    .await?;
            }
            id
        }
        None => {
            let id = ContactId::new(&*ctx.ids, now);
            let new = NewContact {
                name: request.name.clone(),
                language: request.language.clone(),
                country: request
                    .country
                    .clone()
                    .or_else(|| key.country().map(str::to_owned)),
            };
            tx.tenant(tenant)
                .create_contact(id, &new, &[(key, spelled)], now)
                .await?;
            id
        }
    };
    tx.commit().await?;
    get(ctx, tenant, &id.to_string()).await
}

/// One person by id or address.
///
/// # Errors
/// [`FlowError::NotFound`], bad input, or the database.
pub async fn get(ctx: &Context, tenant: TenantId, who: &str) -> Result<ContactView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let id = find_contact(&mut tx, tenant, who).await?;
    shown(ctx, &mut tx, tenant, id).await
}

/// One person as [`get`] shows them, within a transaction.
pub(crate) async fn shown(
    ctx: &Context,
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    id: ContactId,
) -> Result<ContactView, FlowError> {
    let row = tx
        .tenant(tenant)
        .contact(id)
        .await?
        .ok_or_else(|| FlowError::not_found("contact", id))?;
    view(ctx, tx, tenant, row).await
}

/// People, newest first.
///
/// # Errors
/// A bad cursor, or the database.
pub async fn list(
    ctx: &Context,
    tenant: TenantId,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<ContactView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = tx
        .tenant(tenant)
        .contacts(limit, parse_cursor(after)?)
        .await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(view(ctx, &mut tx, tenant, row).await?);
    }
    Ok(Page::of(items, limit, |c: &ContactView| c.id.to_string()))
}

/// People found by id, by any spelling of an address, or by a part of their name; newest first. A page may
/// be empty and still lead on (see [`person::find`]).
///
/// # Errors
/// A bad cursor, or the database.
pub async fn search(
    ctx: &Context,
    tenant: TenantId,
    words: &str,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<ContactView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let found = person::found(&mut tx, tenant, words, limit, after).await?;
    let mut items = Vec::with_capacity(found.rows.len());
    for row in found.rows {
        items.push(view(ctx, &mut tx, tenant, row).await?);
    }
    Ok(Page {
        items,
        next_cursor: found.next,
    })
}

async fn view(
    ctx: &Context,
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    row: ContactRow,
) -> Result<ContactView, FlowError> {
    let now = ctx.now();
    let events = tx.tenant(tenant).consent_events(row.id).await?;
    let mut consent = std::collections::BTreeMap::new();
    consent.insert(
        "*".to_owned(),
        portero_domain::consent::standing(&events, None),
    );
    for event in &events {
        if let ConsentScope::Topic(topic) = &event.scope {
            consent.insert(
                topic.clone(),
                portero_domain::consent::standing(&events, Some(topic)),
            );
        }
    }
    let mut conversations = Vec::new();
    for number in tx.tenant(tenant).numbers().await? {
        if let Some(c) = tx.tenant(tenant).conversation(&number.id, row.id).await? {
            let closes = c
                .window_at
                .map(|at| at + portero_domain::clock::Millis::hours(24));
            conversations.push(ConversationView {
                phone_number_id: number.id.as_str().to_owned(),
                window_closes_at: closes.map(Ts::rfc3339),
                window_open: closes.is_some_and(|t| now < t),
                owner: if c.human_since.is_some() {
                    "human"
                } else {
                    "bot"
                }
                .to_owned(),
                handed_over: c
                    .human_since
                    .map(|t| (t.rfc3339(), c.handover_reason.clone().unwrap_or_default())),
            });
        }
    }
    Ok(ContactView {
        id: row.id,
        name: row.name,
        language: row.language,
        country: row.country,
        addresses: row
            .aliases
            .into_iter()
            .map(|(key, _)| key.as_str().to_owned())
            .collect(),
        tags: tx.tenant(tenant).tags(row.id).await?,
        attributes: tx
            .tenant(tenant)
            .attributes(row.id)
            .await?
            .into_iter()
            .collect(),
        marketing_stopped_since: portero_domain::consent::meta_stop_since(&events).map(Ts::rfc3339),
        consent,
        consent_events: events,
        conversations,
    })
}

/// An entry of the tenant's own block list.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockRequest {
    /// `promotional`, `all`, or `all_and_replies`; absent takes the person off the list.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub scope: Option<portero_gate::facts::DoNotContact>,
    /// Why, kept with the entry.
    pub reason: String,
}

/// How far a person is on the tenant's block list, by the strictest entry of their addresses.
///
/// # Errors
/// The database.
pub async fn blocked(
    ctx: &Context,
    tenant: TenantId,
    contact: ContactId,
) -> Result<Option<portero_gate::facts::DoNotContact>, FlowError> {
    let mut tx = ctx.store.read().await?;
    Ok(tx.tenant(tenant).do_not_contact(contact).await?)
}

/// Puts every address of a person on the tenant's block list, or takes them off.
///
/// # Errors
/// [`FlowError::NotFound`], bad input, or the database.
pub async fn block(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
    request: &BlockRequest,
    author: &str,
) -> Result<ContactView, FlowError> {
    if request.reason.trim().is_empty() {
        return Err(FlowError::bad("reason", "say why: it is kept and shown"));
    }
    let mut tx = ctx.store.write().await?;
    let contact = living_contact(&mut tx, tenant, who).await?;
    let row = tx
        .tenant(tenant)
        .contact(contact)
        .await?
        .ok_or_else(|| FlowError::not_found("contact", who))?;
    for (address, _) in &row.aliases {
        match request.scope {
            Some(scope) => {
                tx.tenant(tenant)
                    .put_do_not_contact(address, scope, &request.reason, author, ctx.now())
                    .await?;
            }
            None => {
                tx.tenant(tenant).remove_do_not_contact(address).await?;
            }
        }
    }
    tx.commit().await?;
    ctx.touched();
    get(ctx, tenant, &contact.to_string()).await
}

/// Takes a conversation from the bot (`Some` reason) or gives it back (`None`).
///
/// # Errors
/// [`FlowError::NotFound`], bad input, or the database.
pub async fn own(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
    number: Option<&str>,
    take: Option<&str>,
    author: &str,
) -> Result<ContactView, FlowError> {
    let mut tx = ctx.store.write().await?;
    let contact = living_contact(&mut tx, tenant, who).await?;
    let number = numbers::choose(&mut tx, tenant, number).await?;
    match take {
        Some(reason) => {
            tx.tenant(tenant)
                .hand_over(&number, contact, reason, ctx.now())
                .await?
        }
        None => {
            tx.tenant(tenant)
                .give_back(&number, contact, "", author, ctx.now())
                .await?;
        }
    };
    tx.commit().await?;
    ctx.touched();
    get(ctx, tenant, &contact.to_string()).await
}
