//! Where a message stands with Meta; it never goes backwards.

use serde::{Deserialize, Serialize};

/// Status of an accepted message, in Meta's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Meta answered with a wamid.
    Accepted,
    /// Held for quality assessment.
    Held,
    /// Not delivered; ends the message unless a success comes after all.
    Failed,
    /// Left Meta's servers.
    Sent,
    /// On the device.
    Delivered,
    /// Opened.
    Read,
    /// A voice message was played.
    Played,
}

impl MessageStatus {
    /// Every one, from the first to the farthest.
    pub const ALL: [MessageStatus; 7] = [
        MessageStatus::Accepted,
        MessageStatus::Held,
        MessageStatus::Sent,
        MessageStatus::Failed,
        MessageStatus::Delivered,
        MessageStatus::Read,
        MessageStatus::Played,
    ];

    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<MessageStatus> {
        MessageStatus::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Reads a webhook's `status`; `None` for words we do not know.
    #[must_use]
    pub fn from_meta(text: &str) -> Option<MessageStatus> {
        match text {
            "accepted" => Some(MessageStatus::Accepted),
            "held_for_quality_assessment" => Some(MessageStatus::Held),
            "failed" => Some(MessageStatus::Failed),
            "sent" => Some(MessageStatus::Sent),
            "delivered" => Some(MessageStatus::Delivered),
            "read" => Some(MessageStatus::Read),
            "played" => Some(MessageStatus::Played),
            _ => None,
        }
    }

    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            MessageStatus::Accepted => "accepted",
            MessageStatus::Held => "held",
            MessageStatus::Failed => "failed",
            MessageStatus::Sent => "sent",
            MessageStatus::Delivered => "delivered",
            MessageStatus::Read => "read",
            MessageStatus::Played => "played",
        }
    }

    /// Rank for "never backwards", also used in SQL: a higher rank replaces a lower one.
    ///
    /// `failed` outranks `sent` (the message left Meta and then failed) but a later
    /// `delivered` or `read` wins over it: the person has it.
    #[must_use]
    pub const fn rank(self) -> i64 {
        match self {
            MessageStatus::Accepted => 10,
            MessageStatus::Held => 20,
            MessageStatus::Sent => 30,
            MessageStatus::Failed => 40,
            MessageStatus::Delivered => 50,
            MessageStatus::Read => 60,
            MessageStatus::Played => 70,
        }
    }

    /// The one that stands after both were heard, in whatever order.
    #[must_use]
    pub fn merge(self, other: MessageStatus) -> MessageStatus {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const ALL: [MessageStatus; 7] = MessageStatus::ALL;

    #[test]
    fn each_is_farther_than_the_one_before_and_reads_back() {
        assert!(ALL.is_sorted_by(|a, b| a.rank() < b.rank()));
        for status in ALL {
            assert_eq!(MessageStatus::parse(status.as_str()), Some(status));
        }
    }

    #[test]
    fn merging_is_the_same_in_every_order() {
        for a in ALL {
            for b in ALL {
                assert_eq!(a.merge(b), b.merge(a));
                for c in ALL {
                    assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
                }
            }
        }
    }

    #[test]
    fn a_read_message_stays_read_and_a_late_delivery_beats_a_failure() {
        assert_eq!(
            MessageStatus::Read.merge(MessageStatus::Sent),
            MessageStatus::Read
        );
        assert_eq!(
            MessageStatus::Failed.merge(MessageStatus::Delivered),
            MessageStatus::Delivered
        );
        assert_eq!(
            MessageStatus::Failed.merge(MessageStatus::Sent),
            MessageStatus::Failed
        );
    }
}
