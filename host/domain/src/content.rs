//! What a message says: the content a proposal carries and Meta's client sends.
//!
//! Lengths are judged by the gate, not here: a value of these types may be too long.

use serde::{Deserialize, Serialize};

/// Outbound content, free-form or template.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Plain text.
    Text(Text),
    /// Image, video, audio, document or sticker.
    Media(Media),
    /// Reply buttons, list, link button or location request.
    Interactive(Interactive),
    /// An emoji on one of the person's messages.
    Reaction(Reaction),
    /// A pre-approved template.
    Template(TemplateSend),
}

impl Content {
    /// Whether it may leave outside the service window.
    #[must_use]
    pub fn is_template(&self) -> bool {
        matches!(self, Content::Template(_))
    }

    /// The free texts a person would read, in reading order (template parameters included).
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Content::Text(t) => vec![&t.body],
            Content::Media(m) => m.caption.iter().map(String::as_str).collect(),
            Content::Reaction(_) => Vec::new(),
            Content::Interactive(i) => {
                let mut out: Vec<&str> = Vec::new();
                out.extend(i.header.as_deref());
                out.push(&i.body);
                out.extend(i.footer.as_deref());
                match &i.action {
                    InteractiveAction::Buttons { buttons } => {
                        out.extend(buttons.iter().map(|b| b.title.as_str()))
                    }
                    InteractiveAction::List { button, sections } => {
                        out.push(button);
                        for s in sections {
                            out.extend(s.title.as_deref());
                            for r in &s.rows {
                                out.push(&r.title);
                                out.extend(r.description.as_deref());
                            }
                        }
                    }
                    InteractiveAction::CtaUrl { label, .. } => out.push(label),
                    InteractiveAction::LocationRequest => {}
                }
                out
            }
            Content::Template(t) => t
                .header
                .iter()
                .chain(&t.body)
                .chain(t.buttons.iter().map(|b| &b.value))
                .filter_map(|p| match &p.value {
                    ParamValue::Text { text } => Some(text.as_str()),
                    _ => None,
                })
                .collect(),
        }
    }
}

/// Plain text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    /// At most 4,096 Unicode scalar values.
    pub body: String,
    /// Whether WhatsApp shows a preview of the first link.
    #[serde(default)]
    pub preview_url: bool,
}

/// A media message; exactly one of `id` (uploaded) and `link` (https).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Media {
    /// Which kind.
    pub kind: MediaKind,
    /// Where the bytes are.
    pub source: MediaSource,
    /// At most 1,024 scalar values; not for audio and stickers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Documents only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// Kinds of media, as Meta names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// JPEG or PNG, 5 MB.
    Image,
    /// MP4 or 3GPP, 16 MB.
    Video,
    /// AAC, AMR, MP3, M4A, OGG; 16 MB; no caption.
    Audio,
    /// 100 MB.
    Document,
    /// WebP, 100 KB static, 500 KB animated; no caption.
    Sticker,
}

impl MediaKind {
    /// Meta's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            MediaKind::Image => "image",
            MediaKind::Video => "video",
            MediaKind::Audio => "audio",
            MediaKind::Document => "document",
            MediaKind::Sticker => "sticker",
        }
    }
}

/// Where media bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// Uploaded to Meta before.
    Id(String),
    /// Fetched by Meta.
    Link(String),
}

/// A message with something to tap.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interactive {
    /// Text header, at most 60; lists and buttons only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// At most 1,024 (lists 4,096).
    pub body: String,
    /// At most 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// What can be tapped.
    pub action: InteractiveAction,
}

/// What can be tapped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InteractiveAction {
    /// One to three reply buttons.
    Buttons {
        /// In the order shown.
        buttons: Vec<Button>,
    },
    /// A menu of at most ten rows in all.
    List {
        /// Label that opens the menu, at most 20.
        button: String,
        /// One to ten.
        sections: Vec<ListSection>,
    },
    /// A button that opens a link.
    CtaUrl {
        /// At most 20.
        label: String,
        /// https.
        url: String,
    },
    /// Asks for the person's location.
    LocationRequest,
}

/// A reply button.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Button {
    /// Comes back when tapped; at most 256, unique in the message.
    pub id: String,
    /// At most 20, unique in the message.
    pub title: String,
}

/// Rows under a title.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListSection {
    /// At most 24; required when there is more than one section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// In the order shown.
    pub rows: Vec<ListRow>,
}

/// One row of a menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListRow {
    /// Comes back when tapped; at most 200.
    pub id: String,
    /// At most 24.
    pub title: String,
    /// At most 72.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// An emoji on a message of the person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reaction {
    /// wamid of the message reacted to.
    pub message_id: String,
    /// Empty removes the reaction.
    pub emoji: String,
}

/// A template and the values for its slots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TemplateSend {
    /// `^[a-z0-9_]{1,512}$`.
    pub name: String,
    /// Meta's code (`es_MX`, `pt_BR`, `en`).
    pub language: String,
    /// Values of the header, at most one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<Param>,
    /// Values of the body, in order when positional.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<Param>,
    /// Values of buttons that take one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonParam>,
}

/// One value; `name` is set for templates with named parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Param {
    /// Slot name; absent when positional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The value.
    #[serde(flatten)]
    pub value: ParamValue,
}

/// A template value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum ParamValue {
    /// Text without newlines, tabs or more than four spaces in a row.
    Text {
        /// The text.
        text: String,
    },
    /// Header media.
    Media {
        /// Image, video or document.
        kind: MediaKind,
        /// Where the bytes are.
        source: MediaSource,
    },
}

/// The value of one button.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ButtonParam {
    /// Position among the template's buttons, from 0.
    pub index: u8,
    /// What the value is for.
    pub kind: ButtonParamKind,
    /// The value.
    pub value: Param,
}

/// What a button value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonParamKind {
    /// Payload that comes back when tapped.
    QuickReply,
    /// End of the button's address.
    Url,
    /// Coupon code to copy.
    CopyCode,
}
