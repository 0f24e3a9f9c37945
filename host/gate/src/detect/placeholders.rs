//! Unresolved variables and programming debris in what a person would read.
//!
//! Source: `compliance-rules` A.8 `content.placeholder-leak` (as of 2026-11). Narrower than the
//! table there in three places, because the words are everyday ones: `TODO` is Spanish for
//! "everything" (so only `TODO:` and `TODO(`), `None` begins English sentences (`None of …`), and
//! `%d` follows percentages (`20%descuento`).

use std::sync::LazyLock;

use regex::Regex;

use super::fields::{Field, scalars_before};
use super::{Leak, LeakKind};

static PATTERNS: LazyLock<Vec<(LeakKind, Regex)>> = LazyLock::new(|| {
    [
        (LeakKind::Mustache, r"\{\{.*?\}\}"),
        (LeakKind::Shell, r"\$\{"),
        (LeakKind::Printf, r"%[sd]\b"),
        (LeakKind::Tag, r"<[A-Z_]+>"),
        (
            LeakKind::Word,
            r"\b(?:null|undefined|NaN|FIXME|test123)\b|\bTODO[:(]|\bNone(?:\s*$|\s*[,.;:!)])|(?i:\blorem ipsum\b)",
        ),
        (
            LeakKind::Salutation,
            r"(?i)^[\s¡]*(?:hola|oi|ola|olá|hi|hello|hey|dear|estimad[oa]|querid[oa]|prezad[oa])\s+[,!]",
        ),
    ]
    .into_iter()
    .filter_map(|(kind, pattern)| Regex::new(pattern).ok().map(|r| (kind, r)))
    .collect()
});

/// Adds the first leak of each kind in one text.
pub(crate) fn find(field: &Field<'_>, leaks: &mut Vec<Leak>) {
    if !field.read && !field.param {
        return;
    }
    for (kind, pattern) in PATTERNS.iter() {
        if let Some(found) = pattern.find(field.text) {
            leaks.push(Leak {
                field: field.path.to_string(),
                kind: *kind,
                offset: scalars_before(field.text, found.start()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(PATTERNS.len(), 6);
    }
}
