//! Segmentation, both ways.

use crate::bindings::segmentation::exports::portero::plugin::segmentation as wit;
use crate::segmentation::{
    Batch, LastSeen, Purchase, SegmentContact, Segmentation, TemplateSignature, TemplateSlot,
};

/// Asks a segmentation plugin for its segments.
#[must_use]
pub fn segments<P: Segmentation>() -> Vec<wit::SegmentInfo> {
    P::default()
        .segments()
        .into_iter()
        .map(|s| wit::SegmentInfo {
            id: s.id,
            titles: s.titles,
        })
        .collect()
}

/// Has a segmentation plugin classify a batch.
///
/// # Errors
/// What the plugin answers.
pub fn classify<P: Segmentation>(batch: wit::Batch) -> Result<Vec<wit::Membership>, wit::Failure> {
    match P::default().classify(&batch.into()) {
        Ok(all) => Ok(all
            .into_iter()
            .map(|m| wit::Membership {
                handle: m.handle,
                segment: m.segment,
                reason: m.reason,
            })
            .collect()),
        Err(failure) => Err(failure.into()),
    }
}

/// Has a segmentation plugin fill a template.
///
/// # Errors
/// What the plugin answers.
pub fn personalise<P: Segmentation>(
    batch: wit::Batch,
    template: wit::TemplateSignature,
) -> Result<Vec<wit::Personalisation>, wit::Failure> {
    match P::default().personalise(&batch.into(), &template.into()) {
        Ok(all) => Ok(all
            .into_iter()
            .map(|p| wit::Personalisation {
                handle: p.handle,
                values: p.values,
            })
            .collect()),
        Err(failure) => Err(failure.into()),
    }
}

impl From<wit::Batch> for Batch {
    fn from(b: wit::Batch) -> Self {
        Batch {
            meta: b.meta.into(),
            contacts: b.contacts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wit::SegmentContact> for SegmentContact {
    fn from(c: wit::SegmentContact) -> Self {
        SegmentContact {
            handle: c.handle,
            attributes: c.attributes,
            tags: c.tags,
            last: c
                .last
                .into_iter()
                .map(|l| LastSeen {
                    kind: l.kind,
                    ago: l.ago,
                })
                .collect(),
            purchases: c
                .purchases
                .into_iter()
                .map(|p| Purchase {
                    ago: p.ago,
                    amount_milli: p.amount_milli,
                    currency: p.currency,
                })
                .collect(),
            topics_granted: c.topics_granted,
        }
    }
}

impl From<wit::TemplateSignature> for TemplateSignature {
    fn from(t: wit::TemplateSignature) -> Self {
        TemplateSignature {
            name: t.name,
            language: t.language,
            slots: t
                .slots
                .into_iter()
                .map(|s| TemplateSlot {
                    slot: s.slot,
                    hint: s.hint,
                })
                .collect(),
            body: t.body,
        }
    }
}
