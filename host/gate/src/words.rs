//! What people write about consent: opt-out, opt-in, help, a person.
//!
//! Runs in the host before any plugin sees the message; a plugin is told the result and cannot
//! change it. The words are data (`data/words.toml`); the order of the tests is the code's.
//! Source: `compliance-rules` C.

mod decide;
mod lexicon;
pub(crate) mod normalise;
mod payload;
mod stop;

use portero_domain::consent::ConsentScope;

pub use payload::{PAYLOAD_PREFIX, recognise_payload};
pub use stop::{is_a_way_out, tells_how_to_stop};

/// What the person is answering to.
///
/// When several hold: consent question, then flow, then marketing, then utility.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WordContext {
    /// Nothing in particular.
    #[default]
    None,
    /// The last message to them, within 72 h, was promotion.
    Marketing,
    /// The last message to them was a utility template.
    Utility,
    /// A consent question is open.
    ConsentQuestion,
    /// A flow of the bot waits for an answer, or a transaction is open in the conversation.
    Flow,
}

/// What a message means.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recognition {
    /// No more messages of this scope. Takes effect at once.
    OptOut(ConsentScope),
    /// Wants in: grants inside an open consent question, else starts one.
    OptIn,
    /// A yes to the host's question about this topic.
    Yes {
        /// Topic asked about.
        topic: String,
    },
    /// A no to the host's question about this topic.
    No {
        /// Topic asked about.
        topic: String,
    },
    /// Wants help.
    Help,
    /// Wants a person.
    Human,
    /// May be an opt-out: the host asks.
    Ask,
    /// Asks what they agreed to.
    Permissions,
    /// Answered "keep as is" to that question.
    Keep,
    /// Nothing about consent.
    #[default]
    None,
}

/// Reads a text a person wrote.
#[must_use]
pub fn recognise(text: &str, context: WordContext) -> Recognition {
    decide::recognise(text, context)
}

/// Whether a text that was recognised as an opt-out also asks for a person: then both are done.
#[must_use]
pub fn also_wants_a_person(text: &str) -> bool {
    decide::wants_a_person(text)
}

/// Version of the word lists, for records.
#[must_use]
pub fn lexicon_version() -> u32 {
    lexicon::LEXICON.version
}
