//! A message as a bubble shows it, whoever wrote it: one shape for the script of the page.

mod proposed;
mod raw;

use serde::Serialize;

pub(crate) use self::proposed::{Bodies, proposed};
pub(crate) use self::raw::{raw, raw_template};

/// What is inside a bubble. Absent parts are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Bubble {
    /// `text`, `media`, `interactive`, `template`, `reaction`, `location`, `contacts`, `order`,
    /// `tap`, `flow` or `unsupported`.
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media: Option<MediaPart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) buttons: Vec<Tap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) list: Option<ListPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<Link>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) asks_location: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<TemplateName>,
}

/// A picture or file, shown as a placeholder: pages load nothing from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct MediaPart {
    /// `image`, `video`, `audio`, `document` or `sticker`.
    pub(crate) kind: String,
    /// File name or address, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// Something to tap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Tap {
    /// What the simulator wants to hear.
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

/// A menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ListPart {
    pub(crate) button: String,
    pub(crate) sections: Vec<Section>,
}

/// Rows of a menu under a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Section {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    pub(crate) rows: Vec<Tap>,
}

/// A button that opens an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    pub(crate) label: String,
    pub(crate) url: String,
}

/// Which template it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TemplateName {
    pub(crate) name: String,
    pub(crate) language: String,
}
