//! What to do about each of Meta's error codes: one table, used for answers and failed statuses.
//!
//! Source: `whatsapp-platform` 7 (as of 2026-11). HTTP status decides only where Meta gave no code
//! we know.

/// What an error asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// The same message later; wait doubles with every try.
    Retry {
        /// First wait, milliseconds.
        after_ms: i64,
        /// Tries beyond the first; `None`: until the message expires.
        max_tries: Option<u32>,
    },
    /// Later, this person only: 1, 4, 16, 64 s, until the message expires.
    RetryPair,
    /// This message ends; nothing is wrong with the rest.
    Drop,
    /// The person stopped marketing: record it, this message ends.
    SuppressMarketing,
    /// What we know of the template is outdated: it rests until Meta says more; this message ends.
    RefreshTemplate,
    /// Do not send the template until Meta says it is approved; this message ends.
    PauseTemplate,
    /// Stop the number until an operator or Meta lifts it.
    PauseNumber,
    /// Stop the account until an operator or Meta lifts it.
    PauseAccount,
    /// Let the account rest for a while that is known beforehand; this message ends.
    RestAccount,
    /// A mistake in the message or in us: it ends, and repeating it cannot help.
    Fix,
    /// It ends, and an operator has to look.
    Alert,
}

impl Reaction {
    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Reaction::Retry { .. } => "retry",
            Reaction::RetryPair => "retry_pair",
            Reaction::Drop => "drop",
            Reaction::SuppressMarketing => "suppress_marketing",
            Reaction::RefreshTemplate => "refresh_template",
            Reaction::PauseTemplate => "pause_template",
            Reaction::PauseNumber => "pause_number",
            Reaction::PauseAccount => "pause_account",
            Reaction::RestAccount => "rest_account",
            Reaction::Fix => "fix",
            Reaction::Alert => "alert",
        }
    }

    /// Whether the same message may be sent again by itself.
    #[must_use]
    pub const fn is_retry(self) -> bool {
        matches!(self, Reaction::Retry { .. } | Reaction::RetryPair)
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// First code.
    pub code: i64,
    /// Last code; the same as `code` for most.
    pub last: i64,
    /// Ours, for pages and metrics.
    pub name: &'static str,
    /// Section of `whatsapp-platform`.
    pub section: &'static str,
    /// What to do.
    pub reaction: Reaction,
}

use Reaction::{
    Alert, Drop, Fix, PauseAccount, PauseNumber, PauseTemplate, RefreshTemplate, RestAccount,
    RetryPair, SuppressMarketing,
};

const fn retry(after_ms: i64, max_tries: u32) -> Reaction {
    Reaction::Retry {
        after_ms,
        max_tries: Some(max_tries),
    }
}

/// Meta asks for a pause and names no number of tries.
const fn back_off(after_ms: i64) -> Reaction {
    Reaction::Retry {
        after_ms,
        max_tries: None,
    }
}

const fn one(code: i64, name: &'static str, section: &'static str, reaction: Reaction) -> Failure {
    Failure {
        code,
        last: code,
        name,
        section,
        reaction,
    }
}

const fn span(
    code: i64,
    last: i64,
    name: &'static str,
    section: &'static str,
    reaction: Reaction,
) -> Failure {
    Failure {
        code,
        last,
        name,
        section,
        reaction,
    }
}

/// Every code we know, ascending.
pub const FAILURES: &[Failure] = &[
    one(0, "token not authenticated", "7.1", PauseAccount),
    one(1, "unknown API error", "7.4", retry(1_000, 2)),
    one(2, "service down or overloaded", "7.4", back_off(2_000)),
    one(3, "capability missing", "7.1", PauseAccount),
    one(4, "too many calls by the app", "7.2", back_off(60_000)),
    one(10, "permission denied", "7.1", Alert),
    one(33, "number deleted", "7.4", PauseNumber),
    one(100, "invalid parameter", "7.4", Fix),
    one(190, "access token expired", "7.1", PauseAccount),
    span(200, 299, "permission missing", "7.1", Alert),
    one(368, "blocked for policy violations", "7.1", RestAccount),
    one(
        80_007,
        "too many calls for the account",
        "7.2",
        back_off(60_000),
    ),
    one(130_403, "person blocked by the business", "7.3", Drop),
    one(
        130_429,
        "throughput of the number exceeded",
        "7.2",
        back_off(1_000),
    ),
    one(130_472, "person in a holdout experiment", "7.3", Drop),
    one(130_497, "country closed to this business", "7.1", Alert),
    one(131_000, "something went wrong", "7.4", retry(2_000, 3)),
    one(131_005, "access denied", "7.1", Alert),
    one(131_008, "required parameter missing", "7.4", Fix),
    one(131_009, "parameter value not valid", "7.4", Fix),
    one(131_016, "service unavailable", "7.4", back_off(2_000)),
    one(131_020, "group error", "7.6", Fix),
    one(131_021, "recipient is the sender", "7.3", Fix),
    one(131_026, "undeliverable", "7.3", Drop),
    one(131_030, "recipient not on the test list", "7.3", Fix),
    one(131_031, "account locked", "7.1", RestAccount),
    one(131_037, "display name needs approval", "7.3", Alert),
    one(131_041, "group error", "7.6", Fix),
    one(131_042, "payment missing", "7.4", PauseAccount),
    one(131_044, "payment for calls missing", "7.6", Alert),
    one(
        131_045,
        "number not properly registered",
        "7.4",
        PauseNumber,
    ),
    one(131_047, "outside the service window", "7.3", Drop),
    one(131_048, "number restricted for spam", "7.2", PauseNumber),
    one(131_049, "kept back for ecosystem health", "7.2", Drop),
    one(
        131_050,
        "person stopped marketing",
        "7.3",
        SuppressMarketing,
    ),
    one(131_051, "unsupported message type", "7.4", Fix),
    one(131_052, "inbound media not available", "7.4", Drop),
    one(131_053, "media could not be used", "7.4", Fix),
    one(131_055, "only marketing templates here", "7.5", Fix),
    one(
        131_056,
        "too many messages to this person",
        "7.2",
        RetryPair,
    ),
    one(131_057, "account in maintenance", "7.4", back_off(60_000)),
    one(131_059, "group error", "7.6", Fix),
    one(131_062, "authentication needs a phone number", "7.3", Fix),
    one(
        131_063,
        "marketing not accepted on this endpoint",
        "7.5",
        Alert,
    ),
    one(
        131_064,
        "templates misclassified too often",
        "7.2",
        PauseAccount,
    ),
    span(131_201, 131_207, "group error", "7.6", Fix),
    one(131_208, "group rate limit", "7.2", back_off(60_000)),
    span(131_209, 131_215, "group error", "7.6", Fix),
    one(
        132_000,
        "wrong number of template values",
        "7.5",
        RefreshTemplate,
    ),
    one(
        132_001,
        "template unknown or not approved",
        "7.5",
        PauseTemplate,
    ),
    one(132_005, "template text too long once filled", "7.5", Drop),
    one(
        132_007,
        "template violates format policy",
        "7.5",
        PauseTemplate,
    ),
    one(132_012, "template value of the wrong format", "7.5", Fix),
    one(132_015, "template paused", "7.5", PauseTemplate),
    one(132_016, "template disabled", "7.5", PauseTemplate),
    one(132_018, "template value refused", "7.5", Fix),
    one(132_068, "flow blocked", "7.5", PauseTemplate),
    one(132_069, "flow throttled", "7.5", PauseTemplate),
    one(133_000, "incomplete deregistration", "7.6", Alert),
    one(
        133_004,
        "registration server unavailable",
        "7.6",
        back_off(60_000),
    ),
    span(133_005, 133_009, "two-step verification", "7.6", Alert),
    one(133_010, "number not registered", "7.6", PauseNumber),
    one(133_015, "number recently deleted", "7.6", retry(300_000, 2)),
    one(133_016, "too many registrations", "7.2", Alert),
    one(134_011, "payment terms not accepted", "7.4", Alert),
    one(134_100, "only marketing templates here", "7.5", Fix),
    one(134_101, "template still syncing", "7.5", retry(600_000, 3)),
    one(
        134_102,
        "template unavailable on this endpoint",
        "7.5",
        Alert,
    ),
    one(135_000, "generic user error", "7.4", Fix),
    span(138_000, 138_018, "calling error", "7.6", Alert),
    one(139_200, "direct send blocked", "7.5", Fix),
    one(147_001, "user name taken", "7.6", Fix),
    one(
        2_494_100,
        "account in maintenance",
        "7.4",
        back_off(120_000),
    ),
    span(2_593_107, 2_593_108, "sync limit", "7.2", Fix),
];

/// Stands for the code when an answer carried no error object.
pub const NO_CODE: i64 = -1;

/// The row of a code.
#[must_use]
pub fn failure(code: i64) -> Option<&'static Failure> {
    FAILURES.iter().find(|f| (f.code..=f.last).contains(&code))
}

/// What to do about a code; `http_status` and Meta's own `is_transient` decide for unknown ones.
///
/// For a failed status webhook use [`reaction_to`].
#[must_use]
pub fn reaction(code: i64, http_status: u16, transient: bool) -> Reaction {
    match failure(code) {
        Some(known) => known.reaction,
        // Five tries whose waits double from two minutes fill the hour that section 7 allows.
        None if transient || (500..600).contains(&http_status) || http_status == 429 => {
            retry(115_000, 5)
        }
        None => Alert,
    }
}

/// What to do about the error of a failed status: there is no HTTP status to help, so an unknown
/// code is for an operator.
#[must_use]
pub fn reaction_to(code: i64) -> Reaction {
    reaction(code, 200, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_ascending_and_without_overlap() {
        for pair in FAILURES.windows(2) {
            assert!(
                pair[0].last < pair[1].code,
                "{} and {}",
                pair[0].code,
                pair[1].code
            );
        }
        for f in FAILURES {
            assert!(f.code <= f.last && f.section.starts_with("7.") && !f.name.is_empty());
        }
    }

    #[test]
    fn the_codes_that_decide_most_react_as_the_reference_says() {
        for (code, expected) in [
            (131_047, Drop),
            (131_050, SuppressMarketing),
            (131_056, RetryPair),
            (131_049, Drop),
            (130_429, back_off(1_000)),
            (132_000, RefreshTemplate),
            (132_001, PauseTemplate),
            (132_015, PauseTemplate),
            (131_048, PauseNumber),
            (368, RestAccount),
            (190, PauseAccount),
            (250, Alert),
            (100, Fix),
            (131_208, back_off(60_000)),
        ] {
            // A known code never listens to the HTTP status.
            for http in [200, 400, 403, 429, 500] {
                assert_eq!(reaction(code, http, false), expected, "{code} with {http}");
            }
        }
    }

    #[test]
    fn an_unknown_code_is_retried_only_when_it_looks_passing() {
        assert!(reaction(999_999, 500, false).is_retry());
        assert!(reaction(999_999, 400, true).is_retry());
        assert_eq!(reaction(999_999, 400, false), Alert);
        assert_eq!(reaction_to(999_999), Alert);
        assert_eq!(reaction_to(131_050), SuppressMarketing);
        assert_eq!(reaction(300, 499, false), Alert);
        assert_eq!(reaction(199, 600, false), Alert);
    }

    #[test]
    fn retries_of_an_unknown_code_end_within_the_hour() {
        let Reaction::Retry {
            after_ms,
            max_tries: Some(max_tries),
        } = reaction(999_999, 503, false)
        else {
            panic!("no retry")
        };
        let total: i64 = (0..max_tries).map(|n| after_ms << n).sum();
        assert!((1_800_000..=3_600_000).contains(&total), "{total}");
    }
}
