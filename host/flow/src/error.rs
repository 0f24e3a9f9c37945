//! What can go wrong in the corridor, for the two who read it: a caller and an operator.

use portero_store::StoreError;

/// A step that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The database.
    #[error("the database did not do what was asked")]
    Store(#[from] StoreError),
    /// Something named does not exist (or belongs to somebody else: the answer is the same).
    #[error("no {what} `{name}`")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// As asked for.
        name: String,
    },
    /// The caller's input.
    #[error("{field}: {why}")]
    BadInput {
        /// JSON pointer or flag.
        field: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// Of whom nothing may be kept any more (`data.erased`).
    #[error(
        "contact `{contact}` was erased: only the person can write again, nothing is kept of them before"
    )]
    Erased {
        /// What is left.
        contact: portero_domain::ids::ContactId,
    },
    /// The same key was used for another body.
    #[error("idempotency key `{key}` was used before with another body")]
    KeyReused {
        /// The key.
        key: String,
    },
    /// A webhook whose signature does not match.
    #[error("the signature of this webhook does not match the app secret of `{app}`")]
    BadSignature {
        /// App of the path.
        app: String,
    },
    /// A plugin that cannot be installed.
    #[error("plugin refused: {why}")]
    PluginRefused {
        /// Expected, found, and what to do.
        why: String,
    },
    /// What is asked for does not fit where the thing stands.
    #[error("{what} is {state}: {why}")]
    WrongState {
        /// Kind and id of the thing.
        what: String,
        /// Where it stands.
        state: String,
        /// What would be possible.
        why: String,
    },
    /// Somebody changed what is about to be changed since it was read.
    #[error(
        "{what}: it is not what `If-Match` names, so nothing was done; read it again and decide again with its new `ETag`"
    )]
    Changed {
        /// Kind of thing.
        what: &'static str,
    },
    /// Meta refused or could not be reached.
    #[error("Meta: {why}")]
    Meta {
        /// Its words.
        why: String,
    },
    /// A task of ours ended by itself: a bug.
    #[error("{what} broke off")]
    Task {
        /// What it did.
        what: &'static str,
    },
    /// JSON we wrote ourselves does not read back: a bug, or an older schema.
    #[error("stored {what} does not read back")]
    Stored {
        /// What.
        what: &'static str,
        /// The parser's words.
        #[source]
        source: serde_json::Error,
    },
}

impl FlowError {
    /// Whether trying again may help (a serialisation conflict, a busy database).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, FlowError::Store(e) if e.is_transient())
    }

    pub(crate) fn not_found(what: &'static str, name: impl ToString) -> FlowError {
        let name = name.to_string();
        // A person's number, or Meta's id of a message, which holds one: errors are kept in places where
        // nobody looks after people's data. Numbers of ours go by an id of Meta's, which is nobody's.
        let name = match what != "number" && of_a_person(&name) {
            true => "…".to_owned(),
            false => name,
        };
        FlowError::NotFound { what, name }
    }

    pub(crate) fn bad(field: impl Into<String>, why: impl Into<String>) -> FlowError {
        FlowError::BadInput {
            field: field.into(),
            why: why.into(),
        }
    }

    /// This error and its causes, for one log line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

/// Whether a name may say who somebody is: seven digits in a row outside an id of ours, or an id of Meta's.
fn of_a_person(name: &str) -> bool {
    let ours = name.split_once('_').is_some_and(|(kind, rest)| {
        kind.len() == 3
            && kind.bytes().all(|b| b.is_ascii_lowercase())
            && rest.len() == 32
            && rest.bytes().all(|b| b.is_ascii_hexdigit())
    });
    let digits = name.split(|c: char| !c.is_ascii_digit());
    !ours && (name.starts_with("wamid.") || digits.map(str::len).any(|n| n >= 7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_not_repeated_and_our_ids_are() {
        for name in [
            "+573009871236",
            "573009871236 ",
            "CO.30098712367",
            "wamid.HBgMNTc",
        ] {
            assert!(of_a_person(name), "{name}");
        }
        let ours = "out_01a208b4dbd3705ea1f6eed270edc5ae";
        for name in [ours, "tienda-sol", "promo_2026", "dec_…"] {
            assert!(!of_a_person(name), "{name}");
        }
        let error = FlowError::not_found("contact", "+573009871236");
        assert!(!error.to_string().contains("573009871236"), "{error}");
    }
}
