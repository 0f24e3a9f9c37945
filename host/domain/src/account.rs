//! What Meta says of a number and of its account: quality, limits, restrictions.
//!
//! Source: `whatsapp-platform` 2.5 and 6.1 (as of 2026-11).

use serde::{Deserialize, Serialize};

use crate::clock::{Millis, Ts};

/// How many people a business may write to first within 24 hours.
///
/// Shared by all numbers of a portfolio. People who wrote within 24 hours do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessagingLimit(pub u32);

impl MessagingLimit {
    /// No limit.
    pub const UNLIMITED: MessagingLimit = MessagingLimit(u32::MAX);
    /// The smallest tier: what is taken as given until Meta says more.
    pub const SMALLEST: MessagingLimit = MessagingLimit(250);

    /// Reads `TIER_250`, `TIER_2K`, `TIER_UNLIMITED`, or a plain number; `None` for words we do not know.
    #[must_use]
    pub fn from_meta(text: &str) -> Option<MessagingLimit> {
        let text = text.trim();
        let tier = text.strip_prefix("TIER_").unwrap_or(text);
        if tier == "UNLIMITED" {
            return Some(MessagingLimit::UNLIMITED);
        }
        let (digits, factor) = match tier.strip_suffix('K') {
            Some(digits) => (digits, 1_000),
            None => (tier, 1),
        };
        let n: u32 = digits.parse().ok()?;
        n.checked_mul(factor)
            .filter(|n| (1..u32::MAX).contains(n))
            .map(MessagingLimit)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_unlimited(self) -> bool {
        self == MessagingLimit::UNLIMITED
    }

    /// How many of them promotion may use: 95 %, the rest is kept for orders and codes.
    #[must_use]
    pub fn for_promotion(self) -> u32 {
        let most = u64::from(self.0) * 95 / 100;
        u32::try_from(most).unwrap_or(u32::MAX)
    }
}

impl std::fmt::Display for MessagingLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_unlimited() {
            f.write_str("unlimited")
        } else {
            write!(f, "{}", self.0)
        }
    }
}

/// Why an account is restricted that left the Cloud API (`account_offboarded`).
pub const OFFBOARDED: &str = "ACCOUNT_OFFBOARDED";
/// What lifts that, and only that (`account_reconnected`).
pub const RECONNECTED: &str = "ACCOUNT_RECONNECTED";

/// What a restriction reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// What the business starts; answers inside the window go on.
    BusinessInitiated,
    /// Everything.
    All,
}

impl Reach {
    /// Name in columns and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Reach::BusinessInitiated => "business_initiated",
            Reach::All => "all",
        }
    }
}

/// How long an account rests that Meta refused a message of with no word on when it ends.
pub const REFUSED_FOR: Millis = Millis::minutes(15);

/// Meta refused a message because the account is blocked (error 368) or locked (131031).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRefusal {
    /// Meta's code.
    pub code: i64,
    /// When.
    pub at: Ts,
}

impl AccountRefusal {
    /// The instant from which messages may be tried again.
    #[must_use]
    pub fn until(self) -> Ts {
        self.at + REFUSED_FOR
    }

    /// How it is called where Meta's own words of a restriction stand.
    #[must_use]
    pub fn words(self) -> String {
        format!("error {}", self.code)
    }
}

/// One webhook's news of a number or an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUpdate {
    /// The number it is about, in digits; absent when it is about the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// `entry.time`, when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Ts>,
    /// What changed; at least one.
    pub changes: Vec<AccountChange>,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum AccountChange {
    /// `phone_number_quality_update`: `THROUGHPUT_UPGRADE`, `FLAGGED`, `UNFLAGGED`, …
    Number {
        /// Meta's word.
        event: String,
    },
    /// `phone_number_name_update`.
    Name {
        /// `APPROVED`, `DECLINED`, …
        decision: String,
        /// The name asked for.
        #[serde(default)]
        name: Option<String>,
    },
    /// How many people a day.
    Limit {
        /// The limit.
        people: MessagingLimit,
    },
    /// Sending is restricted.
    Restricted {
        /// Meta's words.
        reason: String,
        /// What it reaches.
        reach: Reach,
        /// Until when; open when absent.
        #[serde(default)]
        until: Option<Ts>,
    },
    /// The restriction is lifted.
    Lifted {
        /// Meta's word.
        reason: String,
    },
    /// `account_review_update`: `APPROVED`, `REJECTED`, `PENDING`, `DEFERRED`.
    Review {
        /// Meta's word.
        decision: String,
    },
    /// Something to be shown to people: alerts, violations, prices, partners, PIN changes.
    Notice {
        /// Meta's word.
        event: String,
        /// What it says beside.
        #[serde(default)]
        detail: String,
    },
}

impl AccountChange {
    /// Name in the history.
    #[must_use]
    pub const fn aspect(&self) -> &'static str {
        match self {
            AccountChange::Number { .. } => "number",
            AccountChange::Name { .. } => "name",
            AccountChange::Limit { .. } => "messaging_limit",
            AccountChange::Restricted { .. } | AccountChange::Lifted { .. } => "restriction",
            AccountChange::Review { .. } => "review",
            AccountChange::Notice { .. } => "notice",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_as_word_and_as_number() {
        let read = |t: &str| MessagingLimit::from_meta(t).map(|l| l.0);
        assert_eq!(read("TIER_250"), Some(250));
        assert_eq!(read("TIER_2K"), Some(2_000));
        assert_eq!(read("TIER_100K"), Some(100_000));
        assert_eq!(read("2000"), Some(2_000));
        assert_eq!(read("TIER_UNLIMITED"), Some(u32::MAX));
        for rubbish in [
            "",
            "TIER_",
            "TIER_NOT_SET",
            "-1",
            "0",
            "99999999999",
            "4294967295",
        ] {
            assert_eq!(read(rubbish), None, "{rubbish}");
        }
    }

    #[test]
    fn promotion_leaves_a_twentieth_for_the_rest() {
        assert_eq!(MessagingLimit(250).for_promotion(), 237);
        assert_eq!(MessagingLimit(2_000).for_promotion(), 1_900);
        assert_eq!(MessagingLimit(1).for_promotion(), 0);
    }
}
