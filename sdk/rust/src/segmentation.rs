//! Plugins that put contacts into segments and words into templates.

use crate::event::{Failure, Meta};

/// A segmentation plugin. It proposes no message.
pub trait Segmentation: Default {
    /// The segments offered. Must not depend on anything but the configuration.
    fn segments(&self) -> Vec<SegmentInfo> {
        Vec::new()
    }

    /// Who of the batch belongs where, now. Whoever is not named leaves this plugin's segments.
    ///
    /// # Errors
    /// When the plugin cannot tell.
    fn classify(&mut self, batch: &Batch) -> Result<Vec<Membership>, Failure> {
        let _ = batch;
        Ok(Vec::new())
    }

    /// Words for a template; a contact without values is left out of the campaign.
    ///
    /// # Errors
    /// When the plugin cannot tell.
    fn personalise(
        &mut self,
        batch: &Batch,
        template: &TemplateSignature,
    ) -> Result<Vec<Personalisation>, Failure> {
        let _ = (batch, template);
        Ok(Vec::new())
    }
}

/// A segment a plugin offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Stable, 1 to 64 bytes of `[a-z0-9_.-]`.
    pub id: String,
    /// (language, title): one for each of `es`, `pt`, `en`.
    pub titles: Vec<(String, String)>,
}

/// The last time something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastSeen {
    /// `inbound`, `delivered`, `read`, `clicked`, `purchase`; open to more.
    pub kind: String,
    /// Milliseconds before the call's `now`.
    pub ago: u64,
}

/// One purchase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purchase {
    /// Milliseconds before the call's `now`.
    pub ago: u64,
    /// Thousandths of the currency unit.
    pub amount_milli: i64,
    /// ISO 4217.
    pub currency: String,
}

/// One contact, as declared and granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentContact {
    /// Opaque.
    pub handle: String,
    /// Granted attributes: (key, value).
    pub attributes: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<String>,
    /// Last interaction of each kind.
    pub last: Vec<LastSeen>,
    /// Purchases, newest first.
    pub purchases: Vec<Purchase>,
    /// Topics the person has agreed to.
    pub topics_granted: Vec<String>,
}

impl SegmentContact {
    /// Milliseconds since the last interaction of a kind; `None` when there was none.
    #[must_use]
    pub fn last_ago(&self, kind: &str) -> Option<u64> {
        self.last
            .iter()
            .filter(|l| l.kind == kind)
            .map(|l| l.ago)
            .min()
    }
}

/// Contacts to look at together; order and size carry no meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Circumstances.
    pub meta: Meta,
    /// At most 500.
    pub contacts: Vec<SegmentContact>,
}

/// One contact put into one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// A handle of the batch.
    pub handle: String,
    /// A segment that [`Segmentation::segments`] names.
    pub segment: String,
    /// Why, at most 256 bytes; shown to the operator.
    pub reason: String,
}

/// One slot of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateSlot {
    /// `header.1`, `body.nombre`, `body.2`, `button.0`.
    pub slot: String,
    /// What the operator says belongs there; may be empty.
    pub hint: String,
}

/// The template that a campaign is about to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateSignature {
    /// Name.
    pub name: String,
    /// Meta's language code.
    pub language: String,
    /// Slots to fill, in reading order.
    pub slots: Vec<TemplateSlot>,
    /// The body text with its `{{…}}`.
    pub body: String,
}

/// Values for one contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Personalisation {
    /// A handle of the batch.
    pub handle: String,
    /// (slot, value); every slot of the signature.
    pub values: Vec<(String, String)>,
}
