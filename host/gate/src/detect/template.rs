//! The shape of a template's values: names, counts, lengths and faults, never the values.
//!
//! Source: `whatsapp-platform` 1.4, 3.2, 3.3 (as of 2026-11).

use serde::{Deserialize, Serialize};

use portero_domain::content::{ButtonParamKind, MediaKind, Param, ParamValue, TemplateSend};

use super::visible::is_visible;
use super::{ButtonShape, ParamShape, TemplateShape, count};

/// Stands for a name that is none, so that a text put where a name belongs is not kept.
pub const INVALID_NAME: &str = "#invalid";

/// Kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamKind {
    /// Text.
    Text,
    /// Image.
    Image,
    /// Video.
    Video,
    /// Document.
    Document,
    /// Media that no template takes.
    Other,
}

impl ParamKind {
    /// Name in findings and in the registry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ParamKind::Text => "text",
            ParamKind::Image => "image",
            ParamKind::Video => "video",
            ParamKind::Document => "document",
            ParamKind::Other => "other",
        }
    }
}

/// What can be wrong with a value by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamFault {
    /// Shows nothing.
    Blank,
    /// Holds a line break.
    Newline,
    /// Holds a tab.
    Tab,
    /// Holds more than four spaces in a row.
    Spaces,
    /// The end of an address that is not percent-encoded.
    NotEncoded,
}

impl ParamFault {
    /// Name in findings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ParamFault::Blank => "blank",
            ParamFault::Newline => "newline",
            ParamFault::Tab => "tab",
            ParamFault::Spaces => "spaces",
            ParamFault::NotEncoded => "not_encoded",
        }
    }
}

/// `^[a-z0-9_]{1,512}$`.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=512).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `es`, `es_MX`, `zh_Hans`: two or three letters, then at most one part.
pub(crate) fn is_language(text: &str) -> bool {
    let (head, tail) = text.split_once('_').unwrap_or((text, "MX"));
    (2..=3).contains(&head.len())
        && head.bytes().all(|b| b.is_ascii_lowercase())
        && (2..=4).contains(&tail.len())
        && tail.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Slot names are short words; numbers only as positions, so that no phone number passes as one.
fn slot_name(text: &str) -> String {
    let word = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let number = text.bytes().filter(u8::is_ascii_digit).count();
    if word && number <= 4 {
        text.to_owned()
    } else {
        INVALID_NAME.to_owned()
    }
}

fn is_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(n, b)| match b {
        b'%' => bytes
            .get(n + 1..n + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
        _ => b.is_ascii_graphic(),
    })
}

fn param(p: &Param, button: Option<ButtonParamKind>) -> ParamShape {
    let name = p.name.as_deref().map(slot_name);
    match &p.value {
        ParamValue::Text { text } => {
            let mut faults = Vec::new();
            if !is_visible(text) {
                faults.push(ParamFault::Blank);
            }
            if text.contains(['\n', '\r']) {
                faults.push(ParamFault::Newline);
            }
            if text.contains('\t') {
                faults.push(ParamFault::Tab);
            }
            if text.contains("     ") {
                faults.push(ParamFault::Spaces);
            }
            if button == Some(ButtonParamKind::Url) && !is_encoded(text) {
                faults.push(ParamFault::NotEncoded);
            }
            ParamShape {
                name,
                kind: ParamKind::Text,
                scalars: count(text.chars().count()),
                faults,
            }
        }
        ParamValue::Media { kind, .. } => {
            let kind = match kind {
                MediaKind::Image => ParamKind::Image,
                MediaKind::Video => ParamKind::Video,
                MediaKind::Document => ParamKind::Document,
                MediaKind::Audio | MediaKind::Sticker => ParamKind::Other,
            };
            ParamShape {
                name,
                kind,
                scalars: 0,
                faults: Vec::new(),
            }
        }
    }
}

/// A template name as facts hold it.
pub(crate) fn kept_name(text: &str) -> &str {
    if is_name(text) { text } else { INVALID_NAME }
}

/// The shape of a send.
pub(crate) fn shape(send: &TemplateSend) -> TemplateShape {
    let language = if is_language(&send.language) {
        send.language.as_str()
    } else {
        INVALID_NAME
    };
    TemplateShape {
        name: kept_name(&send.name).to_owned(),
        language: language.to_owned(),
        header: send.header.iter().map(|p| param(p, None)).collect(),
        body: send.body.iter().map(|p| param(p, None)).collect(),
        buttons: send
            .buttons
            .iter()
            .map(|b| ButtonShape {
                index: b.index,
                kind: b.kind,
                value: param(&b.value, Some(b.kind)),
            })
            .collect(),
    }
}
