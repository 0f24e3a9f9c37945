//! What people send.

/// The person wrote, tapped or sent something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Meta's id of it, for reactions.
    pub wamid: String,
    /// What it says.
    pub body: InboundBody,
    /// Meta's id of our message that it answers.
    pub replies_to: Option<String>,
}

/// What a message of a person says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboundBody {
    /// Plain text.
    Text(String),
    /// A tap on a reply button of ours.
    ButtonReply {
        /// The id we gave it.
        id: String,
        /// Its label.
        title: String,
    },
    /// A tap on a quick reply of a template.
    TemplateButton {
        /// The payload sent with the template, or the label.
        payload: String,
        /// The label.
        text: String,
    },
    /// A tap on a row of a menu of ours.
    ListReply {
        /// The id we gave it.
        id: String,
        /// Its title.
        title: String,
        /// Its description.
        description: Option<String>,
    },
    /// A filled form.
    FlowReply {
        /// Meta's name of it.
        name: String,
        /// JSON text as the person filled it; treat it as hostile.
        response_json: String,
    },
    /// Image, video, audio, document or sticker.
    Media(InboundMedia),
    /// A place.
    Location(Location),
    /// Contact cards.
    Contacts {
        /// In the order given.
        cards: Vec<ContactCard>,
        /// Whether they answer our request for the person's own number.
        requested: bool,
    },
    /// A cart from the catalogue: a wish, not a paid order.
    Order(Order),
    /// An emoji on a message; `None` takes it back. Does not open the service window.
    Reaction {
        /// On which message.
        message_id: String,
        /// The emoji.
        emoji: Option<String>,
    },
    /// The person changed number or id; the host has already followed it.
    System {
        /// `user_changed_number`, …
        event: String,
    },
    /// What Meta cannot hand over, or what this SDK has no case for: Meta's name of the type.
    Unsupported(String),
}

impl InboundBody {
    /// What a tap carries: the id of a reply button or row, the payload of a template button.
    #[must_use]
    pub fn tapped(&self) -> Option<&str> {
        match self {
            InboundBody::ButtonReply { id, .. } | InboundBody::ListReply { id, .. } => Some(id),
            InboundBody::TemplateButton { payload, .. } => Some(payload),
            _ => None,
        }
    }
}

/// Kinds of media, as Meta names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// JPEG or PNG; outbound at most 5 MB.
    Image,
    /// MP4 or 3GPP; outbound at most 16 MB.
    Video,
    /// AAC, AMR, MP3, M4A, OGG; outbound at most 16 MB; no caption.
    Audio,
    /// Any file; outbound at most 100 MB.
    Document,
    /// WebP; no caption.
    Sticker,
}

/// Media a person sent. The bytes never enter the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundMedia {
    /// Which.
    pub kind: MediaKind,
    /// Meta's media id; works for 7 days, also as the source of an outbound message.
    pub id: String,
    /// MIME type.
    pub mime: String,
    /// Caption.
    pub caption: Option<String>,
    /// File name, documents only.
    pub filename: Option<String>,
    /// Whether it was recorded as a voice note.
    pub voice: bool,
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Millionths of a degree, north is positive.
    pub latitude_e6: i64,
    /// Millionths of a degree, east is positive.
    pub longitude_e6: i64,
    /// Name of the place.
    pub name: Option<String>,
    /// Address of the place.
    pub address: Option<String>,
}

/// One contact card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactCard {
    /// Formatted name.
    pub name: String,
    /// Phone numbers on it, as written.
    pub phones: Vec<String>,
}

/// A cart from the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Catalogue.
    pub catalog_id: String,
    /// Note of the person.
    pub text: Option<String>,
    /// What and how much.
    pub items: Vec<OrderItem>,
}

/// One line of a cart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderItem {
    /// The shop's product code.
    pub sku: String,
    /// Pieces.
    pub quantity: u32,
    /// Price of one piece in thousandths of the currency unit.
    pub price_milli: i64,
    /// ISO 4217.
    pub currency: String,
}
