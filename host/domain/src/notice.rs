//! What the host tells a tenant's own systems by webhook: kinds, endpoints, retries. Pure.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum NoticeKind { $($(#[doc = $doc])* #[serde(rename = $word)] $name),* }
        impl NoticeKind {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [NoticeKind] = &[$(NoticeKind::$name),*];
            /// The word in the body's `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(NoticeKind::$name => $word),* }
            }
            /// One sentence for people.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(NoticeKind::$name => concat!($($doc),*).trim_ascii()),* }
            }
        }
    };
}

kinds! {
    /// A conversation was handed to a person of the shop.
    ConversationHandedOver = "conversation.handed_over";
    /// Nobody answered a handed-over conversation within the tenant's time.
    ConversationUnanswered = "conversation.unanswered";
    /// A conversation went back to the bot.
    ConversationGivenBack = "conversation.given_back";
    /// Somebody withdrew consent, by word, button, WhatsApp's own stop, operator or API.
    ConsentWithdrawn = "consent.withdrawn";
    /// A campaign rests: by an operator, a brake, its template, or because its time is over.
    CampaignPaused = "campaign.paused";
    /// Everybody of a campaign's audience is through.
    CampaignDone = "campaign.done";
    /// A template's status changed: approved, paused, disabled, deleted or another.
    TemplateStatus = "template.status";
    /// Meta rates a template otherwise.
    TemplateQuality = "template.quality";
    /// Meta put a template into another category.
    TemplateCategory = "template.category";
    /// Meta rates a number otherwise.
    NumberQuality = "number.quality";
    /// How many people a day an account may write to first is another number.
    AccountLimit = "account.limit";
    /// Meta restricted an account, or lifted that.
    AccountRestriction = "account.restriction";
    /// Sending was stopped, by an operator or an error of Meta's: of a number, or of everything.
    SendingStopped = "sending.stopped";
    /// Sending goes on.
    SendingResumed = "sending.resumed";
    /// A test, sent on request.
    Ping = "ping";
}

impl NoticeKind {
    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<NoticeKind> {
        NoticeKind::ALL.iter().copied().find(|k| k.as_str() == word)
    }
}

/// Waits after the first, second, … failed try: three days in all.
///
/// Source: the schedule the Standard Webhooks specification proposes (1.0, "Deliverability and
/// reliability").
pub const RETRY_AFTER: [Millis; 9] = [
    Millis::secs(5),
    Millis::secs(5 * 60),
    Millis::secs(30 * 60),
    Millis::hours(2),
    Millis::hours(5),
    Millis::hours(10),
    Millis::hours(14),
    Millis::hours(20),
    Millis::hours(24),
];

/// How long after `tries` failed tries (1 or more) the next one comes; `None`: no more.
///
/// Up to a tenth is added, by `chance`, so that what failed together does not come back together.
#[must_use]
pub fn retry_after(tries: u32, chance: u8) -> Option<Millis> {
    let at = usize::try_from(tries.checked_sub(1)?).ok()?;
    let wait = RETRY_AFTER.get(at)?;
    Some(Millis(wait.0 + wait.0 / 10 * i64::from(chance) / 255))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_reads_back_and_says_what_it_is() {
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::parse(kind.as_str()), Some(*kind));
            assert!(kind.about().ends_with('.'), "{kind:?}");
        }
        assert_eq!(NoticeKind::parse("campaign"), None);
    }

    #[test]
    fn ten_tries_over_three_days_and_no_more() {
        let least: i64 = (1..=9).filter_map(|n| retry_after(n, 0)).map(|w| w.0).sum();
        let most: i64 = (1..=9)
            .filter_map(|n| retry_after(n, 255))
            .map(|w| w.0)
            .sum();
        assert!(least >= 72 * 3_600_000, "{least}");
        assert!(most <= least + least / 10, "{most}");
        assert_eq!(retry_after(10, 0), None);
        assert_eq!(retry_after(0, 0), None);
    }
}
