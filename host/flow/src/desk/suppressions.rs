//! Whom a tenant does not write to, by its own decision: the block list.

use portero_domain::ids::{ContactId, TenantId};
use portero_gate::facts::DoNotContact;
use portero_store::model::BlockRow;
use serde::Serialize;

use crate::context::Context;
use crate::desk::Page;
use crate::error::FlowError;

/// An address of the block list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SuppressionView {
    /// Canonical address. A person with several has a row for each.
    pub address: String,
    /// The person, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub contact: Option<ContactId>,
    /// `promotional`, `all`, or `all_and_replies`.
    #[schema(value_type = String)]
    pub scope: DoNotContact,
    /// Why.
    pub reason: String,
    /// Who put it there: `usr_…`, `tok_…`, or a word of the host's own.
    pub author: String,
    /// Since when, RFC 3339.
    pub since: String,
}

impl From<BlockRow> for SuppressionView {
    fn from(row: BlockRow) -> SuppressionView {
        SuppressionView {
            address: row.address.as_str().to_owned(),
            contact: row.contact,
            scope: row.scope,
            reason: row.reason,
            author: row.author,
            since: row.since.rfc3339(),
        }
    }
}

/// The block list page by page, by address.
///
/// # Errors
/// The database.
pub async fn page(
    ctx: &Context,
    tenant: TenantId,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<SuppressionView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let after = after.unwrap_or_default();
    let rows = tx.tenant(tenant).do_not_contact_page(limit, after).await?;
    let items = rows.into_iter().map(SuppressionView::from).collect();
    Ok(Page::of(items, limit, |s: &SuppressionView| {
        s.address.clone()
    }))
}
