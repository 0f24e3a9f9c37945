//! The three languages of the host's own words.

use serde::{Deserialize, Serialize};

/// Language of sentences the host speaks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Spanish.
    #[default]
    Es,
    /// Portuguese.
    Pt,
    /// English.
    En,
}

impl Language {
    /// All of them, in the order pages offer them.
    pub const ALL: [Language; 3] = [Language::Es, Language::Pt, Language::En];

    /// `es`, `pt` or `en`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Language::Es => "es",
            Language::Pt => "pt",
            Language::En => "en",
        }
    }

    /// Reads the first two letters of a tag (`es_MX`, `pt-BR`, `en`).
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Language> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Some(Language::Es),
            "pt" => Some(Language::Pt),
            "en" => Some(Language::En),
            _ => None,
        }
    }
}
