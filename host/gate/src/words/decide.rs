//! The order of the tests: the first that matches decides.

use portero_domain::consent::ConsentScope;

use super::lexicon::{LEXICON, Lexicon};
use super::normalise::{plain, without_courtesy};
use super::{Recognition, WordContext};

/// Words in a sentence up to which a phrase decides alone.
const SENTENCE_WORDS: usize = 25;

/// Reads a text.
pub(crate) fn recognise(text: &str, context: WordContext) -> Recognition {
    let lexicon = &*LEXICON;
    let plain = plain(text);
    let whole = plain.whole.as_str();
    if whole.is_empty() {
        return if plain.stop_sign {
            Recognition::Ask
        } else {
            Recognition::None
        };
    }
    if lexicon.negated.is_match(whole) {
        return Recognition::None;
    }
    let bare = without_courtesy(whole, &lexicon.leading, &lexicon.trailing);
    words(lexicon, whole, bare, context)
        .or_else(|| sentence(lexicon, whole, context))
        .or_else(|| service(lexicon, whole, bare))
        .unwrap_or_else(|| {
            if plain.stop_sign && whole.split(' ').count() <= 3 {
                Recognition::Ask
            } else {
                Recognition::None
            }
        })
}

/// Whole messages.
fn words(lexicon: &Lexicon, whole: &str, bare: &str, context: WordContext) -> Option<Recognition> {
    let has = |set: &std::collections::BTreeSet<String>, text: &str| set.contains(text);
    if let Some(found) = lexicon.topic.captures(bare) {
        let noun = found.iter().flatten().last().map_or("", |m| m.as_str());
        return Some(Recognition::OptOut(if has(&lexicon.generic_topics, noun) {
            ConsentScope::Promotional
        } else {
            ConsentScope::Topic(noun.to_owned())
        }));
    }
    if has(&lexicon.permissions, bare) || has(&lexicon.permissions, whole) {
        return Some(Recognition::Permissions);
    }
    if has(&lexicon.out, bare) || has(&lexicon.out, whole) {
        return Some(Recognition::OptOut(scope(lexicon, whole, context)));
    }
    if has(&lexicon.opt_in, bare) {
        return Some(Recognition::OptIn);
    }
    if has(&lexicon.ambiguous, whole) {
        return Some(Recognition::Ask);
    }
    if has(&lexicon.out_in_context, bare) {
        return Some(match context {
            WordContext::Marketing => Recognition::OptOut(ConsentScope::Promotional),
            _ if has(&lexicon.never_alone, bare) => Recognition::None,
            _ => Recognition::Ask,
        });
    }
    let yes = has(&lexicon.yes, bare) || has(&lexicon.yes, whole);
    if context == WordContext::ConsentQuestion && yes {
        return Some(Recognition::OptIn);
    }
    let unclear = has(&lexicon.typos, bare)
        || has(&lexicon.typos, whole)
        || has(&lexicon.ambiguous, bare)
        || lexicon.question.is_match(whole);
    unclear.then_some(Recognition::Ask)
}

/// Sentences that say it, unless they are about an order.
fn sentence(lexicon: &Lexicon, whole: &str, context: WordContext) -> Option<Recognition> {
    let about_an_order = lexicon.transaction.is_match(whole);
    if lexicon.phrases.is_match(whole) && !about_an_order {
        return Some(if whole.split(' ').count() <= SENTENCE_WORDS {
            Recognition::OptOut(scope(lexicon, whole, context))
        } else {
            Recognition::Ask
        });
    }
    about_an_order.then(|| {
        if lexicon.asks_for_human.is_match(whole) {
            Recognition::Human
        } else {
            Recognition::None
        }
    })
}

/// Help and people.
fn service(lexicon: &Lexicon, whole: &str, bare: &str) -> Option<Recognition> {
    if lexicon.help.contains(bare) {
        return Some(Recognition::Help);
    }
    let human = lexicon.human.contains(bare)
        || lexicon.asks_for_human.is_match(whole)
        || lexicon.complaint.is_match(whole);
    human.then_some(Recognition::Human)
}

fn scope(lexicon: &Lexicon, whole: &str, context: WordContext) -> ConsentScope {
    if lexicon.promotion.is_match(whole) {
        ConsentScope::Promotional
    } else if lexicon.everything.is_match(whole)
        || matches!(context, WordContext::Utility | WordContext::None)
    {
        ConsentScope::All
    } else {
        ConsentScope::Promotional
    }
}

/// Whether a text asks for a person.
pub(crate) fn wants_a_person(text: &str) -> bool {
    LEXICON.asks_for_human.is_match(&plain(text).whole)
}
