//! The languages of the people that shops here write to.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
    /// English.
    En,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 3] = [Language::Es, Language::Pt, Language::En];

    /// Reads the first two letters of a tag (`es_MX`, `pt-BR`, `en`); `None` for any other language.
    ///
    /// ```
    /// use portero_sdk::Language;
    /// assert_eq!(Language::from_tag("pt-BR"), Some(Language::Pt));
    /// assert_eq!(Language::from_tag("fr"), None);
    /// ```
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Language> {
        let code = tag.get(..2)?.to_ascii_lowercase();
        Language::ALL.into_iter().find(|l| l.code() == code)
    }

    /// Its two letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Language::Es => "es",
            Language::Pt => "pt",
            Language::En => "en",
        }
    }

    /// Meta's usual code for templates in it.
    #[must_use]
    pub const fn template_code(self) -> &'static str {
        match self {
            Language::Es => "es",
            Language::Pt => "pt_BR",
            Language::En => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_by_its_first_two_letters() {
        for (tag, language) in [
            ("es", Some(Language::Es)),
            ("ES_mx", Some(Language::Es)),
            ("pt-BR", Some(Language::Pt)),
            ("en", Some(Language::En)),
            ("fr", None),
            ("e", None),
            ("", None),
            ("ñ", None),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
        for language in Language::ALL {
            assert_eq!(Language::from_tag(language.template_code()), Some(language));
        }
    }
}
