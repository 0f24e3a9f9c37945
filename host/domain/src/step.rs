//! Where messages stand, in the words of a shop's day: the steps of the way, and what fell off beside it.

/// A step. Those of the way hold each other: what was read was delivered, what was delivered was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Everything.
    Proposed,
    /// Let through by the gate: on its way, sent, or lost afterwards.
    Allowed,
    /// Taken by Meta.
    Sent,
    /// On the person's phone.
    Delivered,
    /// Read.
    Read,
    /// The newest message of a conversation after which the person wrote: one for each conversation.
    Answered,
    /// Refused by the gate.
    Denied,
    /// Put off.
    Deferred,
    /// Waits for somebody's decision.
    InReview,
    /// Taken back, or too late to make sense.
    Withdrawn,
    /// Refused by Meta, or failed afterwards.
    Lost,
    /// The answer to its attempt never came.
    Unknown,
}

impl Step {
    /// All of them: the way first.
    pub const ALL: [Step; 12] = [
        Step::Proposed,
        Step::Allowed,
        Step::Sent,
        Step::Delivered,
        Step::Read,
        Step::Answered,
        Step::Denied,
        Step::Deferred,
        Step::InReview,
        Step::Withdrawn,
        Step::Lost,
        Step::Unknown,
    ];

    /// The word of the API, the same as the count's in the overview.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Step::Proposed => "proposed",
            Step::Allowed => "allowed",
            Step::Sent => "sent",
            Step::Delivered => "delivered",
            Step::Read => "read",
            Step::Answered => "answered",
            Step::Denied => "denied",
            Step::Deferred => "deferred",
            Step::InReview => "in_review",
            Step::Withdrawn => "withdrawn",
            Step::Lost => "lost",
            Step::Unknown => "unknown",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_and_no_other() {
        for step in Step::ALL {
            assert_eq!(Step::parse(step.as_str()), Some(step));
        }
        assert_eq!(Step::parse("Sent"), None);
    }
}
