//! What came in, with our reading of it and its state; nothing is hidden, nothing is lost.

use portero_domain::ids::{CampaignId, EventId, TenantId};
use portero_domain::update::{Update, UpdateKind};
use portero_store::TenantTx;
use portero_store::model::EventRow;
use serde::Serialize;

use crate::briefing::answered_campaign;
use crate::context::Context;
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;

/// One event of the inbox.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EventView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: EventId,
    /// `webhook`, `api` or `host`.
    pub source: String,
    /// Webhook field, when it came by webhook.
    pub field: String,
    /// What it is.
    pub kind: String,
    /// `pending`, `done`, `unrouted`, `unhandled`, `broken` or `failed`.
    pub state: String,
    /// How we read it, or why it rests.
    pub interpretation: String,
    /// Tenant, when it has one.
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantId>,
    /// Number it came to.
    pub phone_number_id: Option<String>,
    /// When it came, RFC 3339.
    pub received_at: String,
    /// The campaign that a person's message answers: of the message it quotes, else of the last template
    /// within 72 hours, as the figures count it. Plugins are told the same.
    #[schema(value_type = Option<String>)]
    pub campaign: Option<CampaignId>,
    /// Tries so far.
    pub attempts: u32,
    /// Our reading as JSON; the raw text when we have none.
    pub payload: serde_json::Value,
}

/// One event, looked at closely.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EventDetail {
    /// The event.
    #[serde(flatten)]
    pub event: EventView,
    /// The body of the webhook it came in as text, to the operator, where the event belongs to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl EventView {
    fn of(row: EventRow, campaign: Option<CampaignId>) -> EventView {
        let payload = serde_json::from_str(&row.payload)
            .unwrap_or_else(|_| serde_json::Value::String(row.payload.clone()));
        EventView {
            id: row.id,
            source: row.source,
            field: row.field,
            kind: row.kind,
            state: row.state.as_str().to_owned(),
            interpretation: row.interpretation,
            tenant: row.tenant,
            phone_number_id: row.number.map(|n| n.as_str().to_owned()),
            received_at: row.received_at.rfc3339(),
            campaign,
            attempts: row.attempts,
            payload,
        }
    }
}

/// Events of a tenant; for the operator (`None`) those that belong to nobody.
///
/// # Errors
/// A bad cursor, or the database.
pub async fn list(
    ctx: &Context,
    tenant: Option<TenantId>,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<EventView>, FlowError> {
    let after: Option<EventId> = parse_cursor(after)?;
    let mut tx = ctx.store.read().await?;
    let mut items = Vec::new();
    match tenant {
        Some(tenant) => {
            let mut tenant = tx.tenant(tenant);
            for row in tenant.events(limit, after).await? {
                let campaign = campaign(&mut tenant, &row).await?;
                items.push(EventView::of(row, campaign));
            }
        }
        None => {
            let rows = tx.system().list_unrouted_events(limit, after).await?;
            items.extend(rows.into_iter().map(|row| EventView::of(row, None)));
        }
    }
    Ok(Page::of(items, limit, |e: &EventView| e.id.to_string()))
}

/// One event; for the operator (`None`) one that belongs to nobody, with the webhook it came in.
///
/// A webhook may speak of several tenants: its body is shown to the operator alone.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn get(
    ctx: &Context,
    tenant: Option<TenantId>,
    id: EventId,
) -> Result<EventDetail, FlowError> {
    let mut tx = ctx.store.read().await?;
    let (row, campaign) = match tenant {
        Some(tenant) => {
            let mut tenant = tx.tenant(tenant);
            match tenant.event(id).await? {
                Some(row) => {
                    let campaign = campaign(&mut tenant, &row).await?;
                    (Some(row), campaign)
                }
                None => (None, None),
            }
        }
        None => (tx.system().unrouted_event(id).await?, None),
    };
    let row = row.ok_or_else(|| FlowError::not_found("event", id))?;
    let raw = match (tenant, row.delivery) {
        (None, Some(delivery)) => tx.system().delivery_body(delivery).await?,
        _ => None,
    };
    Ok(EventDetail {
        event: EventView::of(row, campaign),
        raw: raw.map(|body| String::from_utf8_lossy(&body).into_owned()),
    })
}

/// The campaign a message answers; nothing for other events.
pub(super) async fn campaign(
    tenant: &mut TenantTx<'_>,
    row: &EventRow,
) -> Result<Option<CampaignId>, FlowError> {
    let Some(contact) = row.contact.filter(|_| row.kind == "message") else {
        return Ok(None);
    };
    // What does not read back is shown as it is, and answers nothing.
    let Ok(update) = serde_json::from_str::<Update>(&row.payload) else {
        return Ok(None);
    };
    match &update.what {
        UpdateKind::Message(message) => {
            let quoted = message.replies_to.as_deref();
            answered_campaign(tenant, contact, row.received_at, quoted).await
        }
        _ => Ok(None),
    }
}

/// Events by kind and state.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EventCount {
    /// What.
    pub kind: String,
    /// Where it stands.
    pub state: String,
    /// How many.
    pub count: u64,
}

/// Counts of a tenant, or of everything.
///
/// # Errors
/// The database.
pub async fn counts(ctx: &Context, tenant: Option<TenantId>) -> Result<Vec<EventCount>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = tx.system().event_counts(tenant).await?;
    Ok(rows
        .into_iter()
        .map(|(kind, state, count)| EventCount { kind, state, count })
        .collect())
}
