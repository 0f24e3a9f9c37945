//! Templates as the registry knows them: filled by sync and webhooks only.

use serde::{Deserialize, Serialize};

use crate::clock::Ts;

/// Meta's category, read from the registry, never from a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TemplateCategory {
    /// Promotion, awareness, carts.
    Marketing,
    /// Orders, appointments, receipts.
    Utility,
    /// One-time codes.
    Authentication,
}

impl TemplateCategory {
    /// Reads Meta's spelling; `None` for legacy or new names.
    #[must_use]
    pub fn from_meta(text: &str) -> Option<TemplateCategory> {
        match text {
            "MARKETING" => Some(TemplateCategory::Marketing),
            "UTILITY" => Some(TemplateCategory::Utility),
            "AUTHENTICATION" => Some(TemplateCategory::Authentication),
            _ => None,
        }
    }
    /// Meta's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TemplateCategory::Marketing => "MARKETING",
            TemplateCategory::Utility => "UTILITY",
            TemplateCategory::Authentication => "AUTHENTICATION",
        }
    }
}

/// Meta's status. Only `Approved` can be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum TemplateStatus {
    /// Sendable.
    Approved,
    /// In review.
    Pending,
    /// Refused in review.
    Rejected,
    /// Stopped for low quality, for a while.
    Paused,
    /// Stopped for good.
    Disabled,
    /// Anything else Meta may say (`IN_APPEAL`, `ARCHIVED`, `DELETED`, …), kept as it came.
    Other(String),
}

impl From<String> for TemplateStatus {
    fn from(s: String) -> Self {
        match s.as_str() {
            "APPROVED" => TemplateStatus::Approved,
            "PENDING" => TemplateStatus::Pending,
            "REJECTED" => TemplateStatus::Rejected,
            "PAUSED" => TemplateStatus::Paused,
            "DISABLED" => TemplateStatus::Disabled,
            _ => TemplateStatus::Other(s),
        }
    }
}

impl From<TemplateStatus> for String {
    fn from(s: TemplateStatus) -> String {
        s.as_str().to_owned()
    }
}

impl TemplateStatus {
    /// Meta's spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            TemplateStatus::Approved => "APPROVED",
            TemplateStatus::Pending => "PENDING",
            TemplateStatus::Rejected => "REJECTED",
            TemplateStatus::Paused => "PAUSED",
            TemplateStatus::Disabled => "DISABLED",
            TemplateStatus::Other(s) => s,
        }
    }
}

/// One template in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Name.
    pub name: String,
    /// Meta's language code with underscore (`es_MX`).
    pub language: String,
    /// Category.
    pub category: TemplateCategory,
    /// Status.
    pub status: TemplateStatus,
    /// When a pause ends, if Meta said which pause it is.
    #[serde(default)]
    pub paused_until: Option<Ts>,
    /// Slots to fill.
    pub slots: TemplateSlots,
    /// The body text with its `{{…}}`, for previews.
    #[serde(default)]
    pub body: String,
    /// When sync or a webhook last confirmed it.
    pub synced_at: Ts,
}

/// What a send must supply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSlots {
    /// Whether slots have names.
    pub named: bool,
    /// Text header slot (its name or `1`), if any.
    #[serde(default)]
    pub header_text: Option<String>,
    /// Media header (`image`, `video`, `document`), if any.
    #[serde(default)]
    pub header_media: Option<String>,
    /// Body slots: names, or `1`, `2`, … in order.
    #[serde(default)]
    pub body: Vec<String>,
    /// Buttons that need a value: (index, `url` or `copy_code`). Quick replies take an optional payload.
    #[serde(default)]
    pub buttons: Vec<(u8, String)>,
    /// Number of buttons of any kind.
    #[serde(default)]
    pub button_count: u8,
    /// Indices of quick-reply buttons.
    #[serde(default)]
    pub quick_replies: Vec<u8>,
    /// Where it says how to stop; `None`: nobody has looked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopPart>,
    /// What is read around the body; `None`: nobody has looked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Around>,
}

/// The words of a template around its body, as Meta lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Around {
    /// The header's text with its slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The footer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// What is on the buttons, and where those lead that lead somewhere.
    #[serde(default)]
    pub buttons: Vec<(String, Option<String>)>,
}

/// Where a template says how to stop getting more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopPart {
    /// A quick reply.
    Button,
    /// The footer.
    Footer,
    /// The body text.
    Body,
    /// Nowhere.
    Nowhere,
}
