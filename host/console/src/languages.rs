//! Which language a page speaks: what the address asks for, else what the browser prefers.

use portero_domain::language::Language;

/// Every language with its own name for itself.
pub(crate) const NAMES: [(Language, &str); 3] = [
    (Language::Es, "Español"),
    (Language::Pt, "Português"),
    (Language::En, "English"),
];

/// `?lang=` when it names one of ours, else the best of `Accept-Language`, else Spanish.
pub(crate) fn choose(asked: Option<&str>, accepts: Option<&str>) -> Language {
    asked
        .and_then(exact)
        .or_else(|| accepts.and_then(best))
        .unwrap_or_default()
}

/// The first subtag alone decides: `es-419` is Spanish, `est` (Estonian) is nothing of ours.
fn exact(tag: &str) -> Option<Language> {
    let first = tag.trim().split(['-', '_']).next()?;
    (first.len() == 2)
        .then(|| Language::from_tag(first))
        .flatten()
}

/// Highest quality wins, the earlier one among equals; `q=0` means "not this".
fn best(header: &str) -> Option<Language> {
    let mut best: Option<(u32, Language)> = None;
    for part in header.split(',') {
        let mut pieces = part.split(';');
        let Some(language) = pieces.next().and_then(exact) else {
            continue;
        };
        let quality = pieces
            .find_map(|p| p.trim().strip_prefix("q="))
            .map_or(1_000, thousandths);
        if quality > 0 && best.is_none_or(|(q, _)| quality > q) {
            best = Some((quality, language));
        }
    }
    best.map(|(_, language)| language)
}

/// `0.8` → 800; what does not read counts as nothing.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole), Ok(rest)) => (whole.min(1) * 1_000 + rest).min(1_000),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_wins_over_the_browser() {
        assert_eq!(choose(Some("pt"), Some("en")), Language::Pt);
        assert_eq!(choose(Some("en-GB"), None), Language::En);
        assert_eq!(choose(Some("fr"), Some("en")), Language::En);
    }

    #[test]
    fn the_browsers_favourite_among_ours_is_taken() {
        assert_eq!(
            choose(None, Some("de, pt-BR;q=0.7, es;q=0.9")),
            Language::Es
        );
        assert_eq!(choose(None, Some("en;q=0, pt")), Language::Pt);
        assert_eq!(choose(None, Some("est, en;q=0.1")), Language::En);
        assert_eq!(choose(None, Some("pt, en")), Language::Pt);
    }

    #[test]
    fn without_a_hint_it_is_spanish() {
        assert_eq!(choose(None, None), Language::Es);
        assert_eq!(choose(Some("<script>"), Some(";;q=x,,")), Language::Es);
    }
}
