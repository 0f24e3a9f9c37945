//! Segments of a shop's people by recency, frequency and money.
//!
//! Everything is computed from the batch and the settings: no memory, no clock but the call's. A
//! reason names dates, not "three days ago": it stays true until something happens.

mod config;
mod date;
mod fill;
mod rfm;
mod words;

use portero_sdk::{
    Batch, Failure, Membership, Personalisation, SegmentInfo, Segmentation, TemplateSignature,
};

pub use crate::config::Config;
pub use crate::words::Language;

/// The plugin.
#[derive(Clone, Copy, Debug, Default)]
pub struct RfmSegments;

portero_sdk::export_segmentation!(RfmSegments, manifest = "portero-plugin.toml");

/// Who of a batch belongs where: the function itself, without a host around it.
#[must_use]
pub fn classify(config: &Config, batch: &Batch) -> Vec<Membership> {
    let look = rfm::Look::new(config, batch);
    let mut out = Vec::with_capacity(batch.contacts.len());
    for contact in &batch.contacts {
        look.at(contact, &mut out);
    }
    out
}

impl Segmentation for RfmSegments {
    fn segments(&self) -> Vec<SegmentInfo> {
        words::segments()
    }

    fn classify(&mut self, batch: &Batch) -> Result<Vec<Membership>, Failure> {
        Ok(classify(&Config::load(), batch))
    }

    fn personalise(
        &mut self,
        batch: &Batch,
        template: &TemplateSignature,
    ) -> Result<Vec<Personalisation>, Failure> {
        Ok(batch
            .contacts
            .iter()
            .filter_map(|contact| fill::values(contact, template))
            .collect())
    }
}
