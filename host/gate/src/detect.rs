//! Detectors: they read the content once and leave typed facts; the rules never see the text.
//!
//! Pure and deterministic. What they leave holds field paths, counts, offsets and codes, never a
//! message text, so it can be stored with the decision and judged again without the body.

mod fields;
mod placeholders;
mod promotion;
mod question;
mod structure;
mod template;
mod visible;

use serde::{Deserialize, Serialize};

use portero_domain::content::{ButtonParamKind, Content, MediaKind};

pub use fields::CONTROL_IS_FREE;
pub use promotion::{PromoSign, signs_of_promotion};
pub use question::{QuestionShape, mentions};
pub(crate) use template::kept_name;
pub use template::{INVALID_NAME, ParamFault, ParamKind};

/// Version of the detectors; facts of another version are not comparable.
pub const DETECTORS: u32 = 2;

/// What the detectors found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContentFacts {
    /// [`DETECTORS`] at the time; 0 when nothing was detected.
    pub detectors: u32,
    /// Which kind of content.
    pub kind: ContentKind,
    /// Which media, when it is media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaKind>,
    /// Whether a person would see anything.
    pub visible: bool,
    /// Unicode scalar values in all texts a person reads.
    pub scalars: u32,
    /// Texts over their limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub too_long: Vec<TooLong>,
    /// Structural faults.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Unresolved variables and programming debris.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placeholders: Vec<Leak>,
    /// Control characters other than the line feed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<ControlCharacter>,
    /// Signs of promotion in a free-form message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub promotion: Vec<PromoSign>,
    /// What a question with buttons says, as far as a consent question must say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<QuestionShape>,
    /// The shape of the template's values, when it is a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateShape>,
}

/// Kinds of content.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ContentKind {
    /// Plain text.
    #[default]
    Text,
    /// Media.
    Media,
    /// Buttons, list, link button, location request.
    Interactive,
    /// Reaction.
    Reaction,
    /// Template.
    Template,
}

impl ContentKind {
    /// The kind of a content.
    #[must_use]
    pub const fn of(content: &Content) -> ContentKind {
        match content {
            Content::Text(_) => ContentKind::Text,
            Content::Media(_) => ContentKind::Media,
            Content::Interactive(_) => ContentKind::Interactive,
            Content::Reaction(_) => ContentKind::Reaction,
            Content::Template(_) => ContentKind::Template,
        }
    }
}

/// A text over its limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TooLong {
    /// Path of the field (`interactive.buttons[0].title`).
    pub field: String,
    /// Unicode scalar values found.
    pub scalars: u32,
    /// Most allowed.
    pub limit: u32,
}

/// A structural fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Path of the field.
    pub field: String,
    /// What is wrong.
    pub code: FaultCode,
    /// How many were found, where counting is the point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<u32>,
}

/// What can be wrong with the build of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// Reply buttons: one to three.
    ButtonCount,
    /// List sections: one to ten.
    SectionCount,
    /// List rows: one to ten in all, at least one in a section.
    RowCount,
    /// The same id twice.
    DuplicateId,
    /// The same title twice.
    DuplicateTitle,
    /// A list of several sections needs a title on each.
    MissingTitle,
    /// A required text shows nothing.
    Blank,
    /// An address that is not https.
    NotHttps,
    /// A caption on audio or a sticker.
    CaptionNotAllowed,
    /// A file name on what is no document.
    FilenameNotAllowed,
    /// Neither an id nor a link.
    NoSource,
    /// A header or footer where none can be.
    PartNotAllowed,
    /// A reaction that is no emoji.
    NotAnEmoji,
    /// A template name or language Meta cannot know.
    BadName,
    /// An id that only the host may use.
    ReservedId,
}

impl FaultCode {
    /// Name in findings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FaultCode::ButtonCount => "button_count",
            FaultCode::SectionCount => "section_count",
            FaultCode::RowCount => "row_count",
            FaultCode::DuplicateId => "duplicate_id",
            FaultCode::DuplicateTitle => "duplicate_title",
            FaultCode::MissingTitle => "missing_title",
            FaultCode::Blank => "blank",
            FaultCode::NotHttps => "not_https",
            FaultCode::CaptionNotAllowed => "caption_not_allowed",
            FaultCode::FilenameNotAllowed => "filename_not_allowed",
            FaultCode::NoSource => "no_source",
            FaultCode::PartNotAllowed => "part_not_allowed",
            FaultCode::NotAnEmoji => "not_an_emoji",
            FaultCode::BadName => "bad_name",
            FaultCode::ReservedId => "reserved_id",
        }
    }
}

/// Debris of a programme in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// Path of the field.
    pub field: String,
    /// Which kind; the text itself is not kept.
    pub kind: LeakKind,
    /// Unicode scalar values before it.
    pub offset: u32,
}

/// Kinds of debris.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakKind {
    /// `{{…}}`.
    Mustache,
    /// `${`.
    Shell,
    /// `%s`, `%d`.
    Printf,
    /// `<NAME>`.
    Tag,
    /// `null`, `undefined`, `NaN`, `FIXME`, …
    Word,
    /// A greeting whose name is missing (`Hola ,`).
    Salutation,
}

impl LeakKind {
    /// Name in findings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            LeakKind::Mustache => "mustache",
            LeakKind::Shell => "shell",
            LeakKind::Printf => "printf",
            LeakKind::Tag => "tag",
            LeakKind::Word => "debris_word",
            LeakKind::Salutation => "salutation",
        }
    }
}

/// A control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlCharacter {
    /// Path of the field.
    pub field: String,
    /// Unicode scalar values before it.
    pub offset: u32,
    /// Its code point.
    pub code: u32,
}

/// The shape of a template's values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateShape {
    /// Name, or [`INVALID_NAME`].
    pub name: String,
    /// Language code, or [`INVALID_NAME`].
    pub language: String,
    /// Values of the header.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<ParamShape>,
    /// Values of the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<ParamShape>,
    /// Values of buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonShape>,
}

/// The shape of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamShape {
    /// Slot name, or [`INVALID_NAME`]; absent when positional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Text or which media.
    pub kind: ParamKind,
    /// Unicode scalar values of a text.
    pub scalars: u32,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<ParamFault>,
}

/// The shape of the value of one button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ButtonShape {
    /// Position among the template's buttons, from 0.
    pub index: u8,
    /// What the value is for.
    pub kind: ButtonParamKind,
    /// The value.
    pub value: ParamShape,
}

/// Reads a content and says what is in it.
#[must_use]
pub fn detect(content: &Content) -> ContentFacts {
    let mut facts = ContentFacts {
        detectors: DETECTORS,
        kind: ContentKind::of(content),
        visible: visible::content_is_visible(content),
        ..ContentFacts::default()
    };
    if let Content::Media(media) = content {
        facts.media = Some(media.kind);
    }
    fields::each(content, &mut |field| {
        fields::measure(&field, &mut facts);
        placeholders::find(&field, &mut facts.placeholders);
    });
    structure::find(content, &mut facts.faults);
    if let Content::Template(send) = content {
        facts.template = Some(template::shape(send));
    } else {
        fields::each(content, &mut |field| {
            if field.read {
                promotion::find(field.text, &mut facts.promotion);
            }
        });
        facts.question = question::shape(content);
    }
    facts
}

/// A count that fits a finding.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
