//! The word lists and patterns, read from the data file once.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};
use serde::Deserialize;

/// Everything the decision needs.
pub(crate) struct Lexicon {
    pub(crate) version: u32,
    pub(crate) leading: Vec<String>,
    pub(crate) trailing: Vec<String>,
    pub(crate) out: BTreeSet<String>,
    pub(crate) out_in_context: BTreeSet<String>,
    pub(crate) never_alone: BTreeSet<String>,
    pub(crate) opt_in: BTreeSet<String>,
    pub(crate) yes: BTreeSet<String>,
    pub(crate) help: BTreeSet<String>,
    pub(crate) human: BTreeSet<String>,
    pub(crate) permissions: BTreeSet<String>,
    pub(crate) ambiguous: BTreeSet<String>,
    pub(crate) typos: BTreeSet<String>,
    pub(crate) generic_topics: BTreeSet<String>,
    pub(crate) negated: Regex,
    pub(crate) promotion: Regex,
    pub(crate) everything: Regex,
    pub(crate) topic: Regex,
    pub(crate) question: Regex,
    pub(crate) transaction: Regex,
    pub(crate) asks_for_human: Regex,
    pub(crate) complaint: Regex,
    pub(crate) phrases: RegexSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    courtesy: Courtesy,
    lists: Lists,
    patterns: Patterns,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Courtesy {
    leading: Vec<String>,
    trailing: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    out_es: Vec<String>,
    out_pt: Vec<String>,
    out_en: Vec<String>,
    ctx_out: Vec<String>,
    in_es: Vec<String>,
    in_pt: Vec<String>,
    in_en: Vec<String>,
    ctx_in: Vec<String>,
    help: Vec<String>,
    human: Vec<String>,
    permissions: Vec<String>,
    ambiguous: Vec<String>,
    objects: Vec<String>,
    typos: Vec<String>,
    never_alone_in_context: Vec<String>,
    generic_topics: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patterns {
    negated: String,
    promotion: String,
    everything: String,
    topic: String,
    question: String,
    transaction: String,
    human: String,
    complaint: String,
    phrases: Vec<String>,
}

/// Why the data file cannot be used. A test reads the file, so a build that passes has none of these.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadLexicon {
    /// The file is no TOML of this form.
    #[error("the word lists cannot be read")]
    Form(#[from] toml::de::Error),
    /// A pattern is no regular expression.
    #[error("a word pattern cannot be compiled")]
    Pattern(#[from] regex::Error),
}

/// The lists of `data/words.toml`.
#[expect(
    clippy::expect_used,
    reason = "the file is compiled in and read by a test; going on without opt-out words would be worse than stopping"
)]
pub(crate) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    read(include_str!("../../data/words.toml")).expect("data/words.toml is part of this build")
});

/// Reads a data file.
pub(crate) fn read(text: &str) -> Result<Lexicon, BadLexicon> {
    let file: File = toml::from_str(text)?;
    let lists = file.lists;
    let patterns = file.patterns;
    let all = |parts: Vec<Vec<String>>| parts.into_iter().flatten().collect();
    let objects = lists.objects.join("|");
    Ok(Lexicon {
        version: file.version,
        leading: longest_first(file.courtesy.leading),
        trailing: longest_first(file.courtesy.trailing),
        out: all(vec![lists.out_es, lists.out_pt, lists.out_en]),
        out_in_context: all(vec![lists.ctx_out]),
        never_alone: all(vec![lists.never_alone_in_context]),
        opt_in: all(vec![lists.in_es, lists.in_pt, lists.in_en]),
        yes: all(vec![lists.ctx_in]),
        help: all(vec![lists.help]),
        human: all(vec![lists.human]),
        permissions: all(vec![lists.permissions]),
        ambiguous: all(vec![lists.ambiguous]),
        typos: all(vec![lists.typos]),
        generic_topics: all(vec![lists.generic_topics]),
        negated: Regex::new(&patterns.negated)?,
        promotion: Regex::new(&patterns.promotion)?,
        everything: Regex::new(&patterns.everything)?,
        topic: Regex::new(&patterns.topic)?,
        question: Regex::new(&patterns.question)?,
        transaction: Regex::new(&patterns.transaction.replace("{objects}", &objects))?,
        asks_for_human: Regex::new(&patterns.human)?,
        complaint: Regex::new(&patterns.complaint)?,
        phrases: RegexSet::new(&patterns.phrases)?,
    })
}

/// "por favor" must go before "favor".
fn longest_first(mut words: Vec<String>) -> Vec<String> {
    words.sort_by_key(|w| std::cmp::Reverse(w.len()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::normalise::plain;

    #[test]
    fn the_data_file_reads_and_every_entry_is_in_plain_form() {
        let lexicon = read(include_str!("../../data/words.toml")).unwrap();
        let lists = [
            &lexicon.out,
            &lexicon.out_in_context,
            &lexicon.opt_in,
            &lexicon.yes,
            &lexicon.help,
            &lexicon.human,
            &lexicon.permissions,
            &lexicon.ambiguous,
            &lexicon.typos,
        ];
        for word in lists.into_iter().flatten() {
            assert_eq!(
                &plain(word).whole,
                word,
                "an entry in another form never matches"
            );
        }
        assert!(lexicon.out.len() > 100);
    }

    #[test]
    fn a_broken_file_or_pattern_is_an_error() {
        assert!(read("version = 1").is_err());
        let broken =
            include_str!("../../data/words.toml").replace("\\b(promociones", "\\b((promociones");
        assert!(matches!(read(&broken), Err(BadLexicon::Pattern(_))));
    }
}
