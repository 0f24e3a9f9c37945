//! What became of a proposed message, in the few words a person at the phone needs.
//!
//! A message the gate kept back is protection, not a fault; only a lost one is a fault.

use serde::Serialize;

/// The word on a message's chip. Each has its sentence under `fate.<word>` in the string tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// Passed, and Meta took it.
    Allowed,
    /// Passed, still on its way.
    Leaving,
    /// May go later.
    Later,
    /// Waits for a person's decision.
    Held,
    /// The gate refused it: protection.
    Blocked,
    /// Taken back because the person opted out or an operator said so: protection.
    Withdrawn,
    /// Its time passed before it could go.
    Expired,
    /// Meta's answer was lost; a status will settle it.
    Unclear,
    /// Lost: Meta refused or could not deliver it.
    Failed,
}

impl Fate {
    /// Every word, for the test that each has its sentence.
    #[cfg(test)]
    pub(crate) const ALL: [Fate; 9] = [
        Fate::Allowed,
        Fate::Leaving,
        Fate::Later,
        Fate::Held,
        Fate::Blocked,
        Fate::Withdrawn,
        Fate::Expired,
        Fate::Unclear,
        Fate::Failed,
    ];

    /// Key of its words.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Fate::Allowed => "fate.allowed",
            Fate::Leaving => "fate.leaving",
            Fate::Later => "fate.later",
            Fate::Held => "fate.held",
            Fate::Blocked => "fate.blocked",
            Fate::Withdrawn => "fate.withdrawn",
            Fate::Expired => "fate.expired",
            Fate::Unclear => "fate.unclear",
            Fate::Failed => "fate.failed",
        }
    }

    /// How its chip looks: protection and waiting never look like a fault.
    pub(crate) const fn tone(self) -> &'static str {
        match self {
            Fate::Allowed => "ok",
            Fate::Leaving | Fate::Later => "wait",
            Fate::Held | Fate::Unclear => "hold",
            Fate::Blocked | Fate::Withdrawn | Fate::Expired => "guard",
            Fate::Failed => "bad",
        }
    }

    /// From the outbox state and Meta's last status, both in their public spelling.
    pub(crate) fn of(state: &str, status: Option<&str>) -> Fate {
        match (state, status) {
            ("denied", _) => Fate::Blocked,
            ("cancelled", _) => Fate::Withdrawn,
            ("expired", _) => Fate::Expired,
            ("failed", _) | ("sent", Some("failed")) => Fate::Failed,
            ("deferred", _) => Fate::Later,
            ("in_review", _) => Fate::Held,
            ("queued" | "attempting", _) => Fate::Leaving,
            ("sent", _) => Fate::Allowed,
            // `unknown`, and any state a later version may add: say that we do not know.
            _ => Fate::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::proposal::OutboxState;

    #[test]
    fn every_state_of_the_outbox_has_a_fate_and_only_unknown_is_unclear() {
        for state in OutboxState::ALL {
            let unclear = Fate::of(state.as_str(), None) == Fate::Unclear;
            assert_eq!(unclear, state == OutboxState::Unknown, "{state:?}");
        }
    }

    #[test]
    fn a_refusal_of_the_gate_is_never_painted_as_a_failure() {
        assert_eq!(Fate::of("denied", None), Fate::Blocked);
        assert_eq!(Fate::of("denied", Some("failed")), Fate::Blocked);
        assert_eq!(Fate::of("cancelled", None), Fate::Withdrawn);
        assert_eq!(Fate::of("sent", Some("failed")), Fate::Failed);
        assert_eq!(Fate::of("sent", Some("read")), Fate::Allowed);
        assert_eq!(Fate::of("sent", None), Fate::Allowed);
    }
}
