//! Whether a thing is still as somebody saw it: tags of what is shown, compared in the transaction that writes.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::FlowError;

/// What is read and put whole, and may be changed by two at once.
pub trait Seen: Serialize {
    /// Another word whenever it looks otherwise; hexadecimal.
    ///
    /// # Errors
    /// [`FlowError::Stored`] when it is no JSON: a bug.
    fn tag(&self) -> Result<String, FlowError> {
        let shown = serde_json::to_vec(self).map_err(|source| FlowError::Stored {
            what: "view",
            source,
        })?;
        Ok(hex::encode(Sha256::digest(&shown)))
    }
}

/// What somebody takes for granted who changes a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// That it is there.
    Any,
    /// That it looks as one of these tags says.
    OneOf(Vec<String>),
}

impl Expected {
    /// Whether a thing with this tag is one of those.
    #[must_use]
    pub fn is(&self, tag: &str) -> bool {
        match self {
            Expected::Any => true,
            Expected::OneOf(tags) => tags.iter().any(|t| t == tag),
        }
    }

    /// Refuses a thing that looks otherwise by now.
    pub(crate) fn hold(&self, what: &'static str, now: &impl Seen) -> Result<(), FlowError> {
        match self.is(&now.tag()?) {
            true => Ok(()),
            false => Err(FlowError::Changed { what }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Thing(u8);
    impl Seen for Thing {}

    #[test]
    fn a_thing_that_looks_otherwise_is_refused() {
        let tag = Thing(1).tag().unwrap();
        assert_eq!(tag.len(), 64);
        let seen = Expected::OneOf(vec!["0".to_owned(), tag]);
        assert!(seen.hold("thing", &Thing(1)).is_ok());
        let refused = seen.hold("thing", &Thing(2));
        assert!(matches!(refused, Err(FlowError::Changed { what: "thing" })));
        assert!(Expected::Any.hold("thing", &Thing(2)).is_ok());
        assert!(
            Expected::OneOf(Vec::new())
                .hold("thing", &Thing(1))
                .is_err()
        );
    }
}
