//! The languages spoken.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Es,
    Pt,
    En,
}

impl Language {
    pub(crate) const ALL: [Language; 3] = [Language::Es, Language::Pt, Language::En];

    /// Reads the first two letters of a tag (`es_MX`, `pt-BR`, `en`).
    pub(crate) fn from_tag(tag: &str) -> Option<Language> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Some(Language::Es),
            "pt" => Some(Language::Pt),
            "en" => Some(Language::En),
            _ => None,
        }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Language::Es => "es",
            Language::Pt => "pt",
            Language::En => "en",
        }
    }

    /// Meta's template language code, unless the operator says otherwise.
    pub(crate) const fn template_code(self) -> &'static str {
        match self {
            Language::Es => "es",
            Language::Pt => "pt_BR",
            Language::En => "en",
        }
    }
}
