//! What a webhook told us, in our words: one [`Update`] per message, status or change.

use serde::{Deserialize, Serialize};

use crate::account::AccountUpdate;
use crate::clock::Ts;
use crate::content::MediaKind;
use crate::ids::{PhoneNumberId, WabaId, Wamid};
use crate::status::MessageStatus;
use crate::template::TemplateCategory;

/// One thing a webhook said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Webhook field (`messages`, `user_preferences`, …) as Meta spells it.
    pub field: String,
    /// `entry[].id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waba: Option<WabaId>,
    /// `metadata.phone_number_id`, when the field has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumberId>,
    /// The same thing delivered twice has the same key.
    pub dedupe_key: String,
    /// What it was.
    pub what: UpdateKind,
}

/// Field of the passive copy of what people write while somebody else answers them.
pub const STANDBY: &str = "standby";

/// Kinds of updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum UpdateKind {
    /// A person wrote, tapped or sent something.
    Message(InboundMessage),
    /// News of a message we sent.
    Status(StatusUpdate),
    /// A template changed status.
    TemplateStatus {
        /// Name.
        name: String,
        /// Language, with underscore.
        language: String,
        /// Meta's `event` (`APPROVED`, `PAUSED`, …).
        event: String,
        /// Meta's reason.
        #[serde(default)]
        reason: Option<String>,
        /// `other_info.title` (`FIRST_PAUSE`, `SECOND_PAUSE`, …).
        #[serde(default)]
        title: Option<String>,
        /// `entry.time`, when given.
        #[serde(default)]
        at: Option<Ts>,
    },
    /// A template's quality changed.
    TemplateQuality {
        /// Name.
        name: String,
        /// Language, with underscore.
        language: String,
        /// GREEN, YELLOW, RED, UNKNOWN.
        quality: String,
        /// `entry.time`, when given.
        #[serde(default)]
        at: Option<Ts>,
    },
    /// A template changed category, or will.
    TemplateRecategorised {
        /// Name.
        name: String,
        /// Language, with underscore.
        language: String,
        /// Category now.
        category: Option<TemplateCategory>,
        /// Category announced, with the instant it takes effect.
        #[serde(default)]
        announced: Option<(String, Ts)>,
        /// `entry.time`, when given.
        #[serde(default)]
        at: Option<Ts>,
    },
    /// A template's text changed: what we hold of it is not what Meta has.
    TemplateContent {
        /// Name.
        name: String,
        /// Language, with underscore.
        language: String,
        /// `entry.time`, when given.
        #[serde(default)]
        at: Option<Ts>,
    },
    /// The person called the number: that opens the window as a message does.
    Call {
        /// Who.
        person: PersonRef,
        /// Meta's id of the call.
        call: String,
        /// When, Meta's time.
        at: Ts,
    },
    /// Somebody else than this host answers the person: Meta's own agent, or another app.
    Handover {
        /// Whom.
        person: PersonRef,
        /// When, Meta's time.
        at: Ts,
    },
    /// The person stopped or resumed marketing in WhatsApp's settings.
    Preference {
        /// Who.
        person: PersonRef,
        /// `true` for stop.
        stop: bool,
        /// When.
        at: Ts,
    },
    /// News of a number or an account.
    Account(AccountUpdate),
    /// Somebody of the shop wrote from the WhatsApp Business app.
    Echo {
        /// To whom.
        person: PersonRef,
        /// Meta's id of it.
        wamid: Wamid,
        /// When, Meta's time.
        at: Ts,
        /// The words, when it was a text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A field we know of and do not act on yet, or one we do not know.
    Unhandled {
        /// Why it rests: `unknown field`, `unknown message shape`, `not acted on`.
        why: String,
    },
}

impl UpdateKind {
    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            UpdateKind::Message(_) => "message",
            UpdateKind::Status(_) => "status",
            UpdateKind::TemplateStatus { .. } => "template_status",
            UpdateKind::TemplateQuality { .. } => "template_quality",
            UpdateKind::TemplateRecategorised { .. } => "template_category",
            UpdateKind::TemplateContent { .. } => "template_content",
            UpdateKind::Call { .. } => "call",
            UpdateKind::Handover { .. } => "handover",
            UpdateKind::Preference { .. } => "preference",
            UpdateKind::Account(_) => "account",
            UpdateKind::Echo { .. } => "echo",
            UpdateKind::Unhandled { .. } => "unhandled",
        }
    }
}

/// Every name a webhook gave for a person; the phone may be absent.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRef {
    /// Digits, as Meta spells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wa_id: Option<String>,
    /// BSUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Parent BSUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_user_id: Option<String>,
    /// Profile name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `@name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// Redacted: persons must not reach logs.
impl std::fmt::Debug for PersonRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self
            .wa_id
            .as_deref()
            .or(self.user_id.as_deref())
            .unwrap_or("");
        write!(f, "PersonRef({})", crate::address::redacted(shown))
    }
}

impl PersonRef {
    /// The addresses given, most telling first: phone, BSUID, parent BSUID.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        [&self.wa_id, &self.user_id, &self.parent_user_id]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .filter(|s| !s.is_empty())
    }
}

/// What a person sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// Meta's id of it.
    pub wamid: Wamid,
    /// Who.
    pub from: PersonRef,
    /// When, Meta's time.
    pub at: Ts,
    /// wamid of our message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replies_to: Option<String>,
    /// Whether it was forwarded.
    #[serde(default)]
    pub forwarded: bool,
    /// Advertisement it came from: `source_id`, `ctwa_clid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad: Option<(String, Option<String>)>,
    /// Group it was said in; groups are kept and not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What it says.
    pub body: InboundBody,
}

/// What an inbound message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum InboundBody {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A tap on a reply button of ours.
    ButtonReply {
        /// Our id.
        id: String,
        /// Its label.
        title: String,
    },
    /// A tap on a quick reply of a template.
    TemplateButton {
        /// Payload (the label when none was set).
        payload: String,
        /// Label.
        text: String,
    },
    /// A tap on a row of a list.
    ListReply {
        /// Our id.
        id: String,
        /// Its title.
        title: String,
        /// Its description.
        #[serde(default)]
        description: Option<String>,
    },
    /// A filled form.
    FlowReply {
        /// `flow`.
        name: String,
        /// JSON text, as the person filled it.
        response_json: String,
    },
    /// Image, video, audio, document, sticker.
    Media {
        /// Which.
        media: MediaKind,
        /// Meta's media id, valid 7 days.
        id: String,
        /// MIME type.
        mime: String,
        /// Caption.
        #[serde(default)]
        caption: Option<String>,
        /// Document name.
        #[serde(default)]
        filename: Option<String>,
        /// Voice note.
        #[serde(default)]
        voice: bool,
    },
    /// A place. Degrees × 10⁶, because floats stay out of the domain.
    Location {
        /// Latitude, micro-degrees.
        latitude_e6: i64,
        /// Longitude, micro-degrees.
        longitude_e6: i64,
        /// Name.
        #[serde(default)]
        name: Option<String>,
        /// Address.
        #[serde(default)]
        address: Option<String>,
    },
    /// Contact cards.
    Contacts {
        /// Formatted names with their phones.
        cards: Vec<(String, Vec<String>)>,
        /// Whether it answers our request for the person's own number.
        #[serde(default)]
        requested: bool,
    },
    /// A cart sent from the catalogue.
    Order {
        /// Catalogue.
        catalog_id: String,
        /// Note.
        #[serde(default)]
        text: Option<String>,
        /// SKU, quantity, price in thousandths, currency.
        items: Vec<OrderItem>,
    },
    /// An emoji on a message; `None` takes it back.
    Reaction {
        /// On which message.
        message_id: String,
        /// The emoji.
        #[serde(default)]
        emoji: Option<String>,
    },
    /// The person changed number or id; identity, not conversation.
    System {
        /// `user_changed_number`, `user_changed_user_id`, …
        event: String,
        /// New digits.
        #[serde(default)]
        wa_id: Option<String>,
        /// New BSUID.
        #[serde(default)]
        user_id: Option<String>,
        /// Old BSUID.
        #[serde(default)]
        previous_user_id: Option<String>,
    },
    /// Something Meta cannot hand over, or a type we do not know; kept raw.
    Unsupported {
        /// Meta's `type`, or the `unsupported.type` inside.
        what: String,
    },
}

impl InboundBody {
    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            InboundBody::Text { .. } => "text",
            InboundBody::ButtonReply { .. } => "button_reply",
            InboundBody::TemplateButton { .. } => "template_button",
            InboundBody::ListReply { .. } => "list_reply",
            InboundBody::FlowReply { .. } => "flow_reply",
            InboundBody::Media { .. } => "media",
            InboundBody::Location { .. } => "location",
            InboundBody::Contacts { .. } => "contacts",
            InboundBody::Order { .. } => "order",
            InboundBody::Reaction { .. } => "reaction",
            InboundBody::System { .. } => "system",
            InboundBody::Unsupported { .. } => "unsupported",
        }
    }

    /// Whether it opens the service window. Reactions, system notices and what Meta cannot show do not
    /// (Meta is silent on them: the strict reading).
    #[must_use]
    pub const fn opens_window(&self) -> bool {
        !matches!(
            self,
            InboundBody::Reaction { .. }
                | InboundBody::System { .. }
                | InboundBody::Unsupported { .. }
        )
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// `product_retailer_id`.
    pub sku: String,
    /// Pieces.
    pub quantity: u32,
    /// Price in thousandths of the currency unit.
    pub price_milli: i64,
    /// ISO 4217.
    pub currency: String,
}

/// News of a message we sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// Which message.
    pub wamid: Wamid,
    /// What happened; `None` for a word we do not know (kept, not acted on).
    pub status: Option<MessageStatus>,
    /// As Meta spelled it.
    pub status_text: String,
    /// When, Meta's time.
    pub at: Ts,
    /// Our attempt id, echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_data: Option<String>,
    /// To whom.
    pub recipient: PersonRef,
    /// First error: code and title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<(i64, String)>,
    /// `pricing.category` and `pricing.type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<(String, String)>,
}

impl StatusUpdate {
    /// The status, where it does nothing but move a message on: a word we know, and no failure.
    #[must_use]
    pub fn moves_on(&self) -> Option<MessageStatus> {
        self.status
            .filter(|status| *status != MessageStatus::Failed && self.error.is_none())
    }
}
