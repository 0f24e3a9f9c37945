//! People as a file that can be read in again, page by page.

use std::collections::BTreeMap;

use portero_domain::ids::{ContactId, TenantId};
use portero_store::model::SegmentWants;

use crate::context::Context;
use crate::error::FlowError;

/// People per page.
const PAGE: usize = 1_000;
/// Attributes that become columns of their own.
const MAX_COLUMNS: usize = 200;
/// Columns before the attributes.
const FIXED: [&str; 7] = [
    "contact_id",
    "phone",
    "name",
    "language",
    "country",
    "tags",
    "topics",
];

/// An export under way: [`Export::next`] gives the file piece by piece.
pub struct Export {
    tenant: TenantId,
    keys: Vec<String>,
    after: Option<ContactId>,
    begun: bool,
    ended: bool,
}

impl Export {
    /// Begins: reads which attributes there are.
    ///
    /// # Errors
    /// The database.
    pub async fn begin(ctx: &Context, tenant: TenantId) -> Result<Export, FlowError> {
        let mut tx = ctx.store.read().await?;
        let mut keys = tx.tenant(tenant).attribute_keys(MAX_COLUMNS).await?;
        keys.retain(|k| !FIXED.contains(&k.as_str()) && !k.starts_with("cart."));
        Ok(Export {
            tenant,
            keys,
            after: None,
            begun: false,
            ended: false,
        })
    }

    /// The next piece; nothing at the end. People of whom nothing may be kept are left out.
    ///
    /// # Errors
    /// The database.
    pub async fn next(&mut self, ctx: &Context) -> Result<Option<Vec<u8>>, FlowError> {
        if self.ended {
            return Ok(None);
        }
        let mut out = csv::Writer::from_writer(Vec::new());
        let failed = |e: csv::Error| FlowError::bad("export", e.to_string());
        if !self.begun {
            self.begun = true;
            let header = FIXED
                .into_iter()
                .chain(self.keys.iter().map(String::as_str));
            out.write_record(header).map_err(failed)?;
        }
        let mut tx = ctx.store.read().await?;
        let mut of = tx.tenant(self.tenant);
        let rows = of.contacts(PAGE, self.after).await?;
        self.ended = rows.len() < PAGE;
        self.after = rows.last().map(|r| r.id);
        let ids: Vec<ContactId> = rows.iter().map(|r| r.id).collect();
        let wants = SegmentWants {
            attributes: true,
            tags: true,
            consent: true,
            ..SegmentWants::default()
        };
        let people: BTreeMap<ContactId, _> = of
            .segment_people(&ids, wants)
            .await?
            .into_iter()
            .map(|p| (p.contact, p))
            .collect();
        for row in rows.iter().filter(|r| r.erased_at.is_none()) {
            let address = row
                .aliases
                .iter()
                .find(|(k, _)| !k.is_bsuid())
                .or_else(|| row.aliases.first())
                .map(|(k, _)| k.as_str().to_owned())
                .unwrap_or_default();
            let person = people.get(&row.id);
            let mut record = vec![
                row.id.to_string(),
                address,
                guarded(row.name.as_deref().unwrap_or_default()),
                row.language.clone().unwrap_or_default(),
                row.country.clone().unwrap_or_default(),
                person
                    .map(|p| guarded(&p.tags.join(";")))
                    .unwrap_or_default(),
                person
                    .map(|p| guarded(&p.topics.join(";")))
                    .unwrap_or_default(),
            ];
            for key in &self.keys {
                let value = person
                    .and_then(|p| p.attributes.iter().find(|(k, _)| k == key))
                    .map(|(_, v)| guarded(v));
                record.push(value.unwrap_or_default());
            }
            out.write_record(&record).map_err(failed)?;
        }
        let bytes = out
            .into_inner()
            .map_err(|e| FlowError::bad("export", e.error().to_string()))?;
        Ok(Some(bytes))
    }
}

/// A text that a spreadsheet would run as a formula gets a quote before it; reading the file in takes
/// it off again.
pub(super) fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
