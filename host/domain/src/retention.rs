//! How long each kind of data is kept: kinds, terms, and within which bounds a tenant may set them.

use std::collections::BTreeMap;

/// A kind of data with a term of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What people wrote and what was written to them.
    Messages,
    /// What came in beside messages, and webhooks byte for byte.
    Events,
    /// Lines of files that were no good.
    Imports,
    /// The log of webhooks to the shop's own systems.
    Notices,
    /// What plugins logged, and how their calls ended.
    PluginLogs,
    /// Calls of plugins as they were.
    PluginJournal,
    /// The log of who did what.
    Audit,
    /// Consent events of people who were erased.
    Proofs,
    /// Records of verdicts.
    Verdicts,
    /// Sessions and tokens that ended.
    Sessions,
}

/// What is said of a kind.
pub struct Facts {
    /// Days, where nobody sets another number.
    pub default_days: u32,
    /// Fewest days.
    pub min_days: u32,
    /// Most days.
    pub max_days: u32,
    /// What goes when the term is over.
    pub goes: &'static str,
    /// What stays of it, and why.
    pub stays: &'static str,
    /// Why the bounds are where they are.
    pub bounds: &'static str,
}

/// Most days of any term: a hundred years.
pub const DAYS_MAX: u32 = 36_500;
/// Years for which a proof is kept at least, as days: `proof_retention`.
pub const PROOF_DAYS: u32 = 1_826;
/// Days of the log of who did what that a tenant cannot go below, unless the host keeps fewer.
const AUDIT_DAYS: u32 = 365;

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Kind; 10] = [
        Kind::Messages,
        Kind::Events,
        Kind::Imports,
        Kind::Notices,
        Kind::PluginLogs,
        Kind::PluginJournal,
        Kind::Audit,
        Kind::Proofs,
        Kind::Verdicts,
        Kind::Sessions,
    ];

    /// Its word in settings, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Messages => "messages",
            Kind::Events => "events",
            Kind::Imports => "imports",
            Kind::Notices => "notices",
            Kind::PluginLogs => "plugin_logs",
            Kind::PluginJournal => "plugin_journal",
            Kind::Audit => "audit",
            Kind::Proofs => "proofs",
            Kind::Verdicts => "verdicts",
            Kind::Sessions => "sessions",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What is said of it.
    #[must_use]
    pub const fn facts(self) -> Facts {
        match self {
            Kind::Messages => Facts {
                default_days: 730,
                min_days: 30,
                max_days: DAYS_MAX,
                goes: "words of messages both ways, notes of hand-overs",
                stays: "that there was a message, with state, rule, times, cost, template name and the hash of its content: figures, promised frequency, and that no campaign is sent twice; messages that still wait keep their words until they end",
                bounds: "30 days: what a person was told this month is answered for by the shop, and messages may wait that long",
            },
            Kind::Events => Facts {
                default_days: 180,
                min_days: 30,
                max_days: DAYS_MAX,
                goes: "bodies of webhooks, what statuses, orders and other events said",
                stays: "that it came in, with its kind, time and key: what Meta or the shop tells again is recognised",
                bounds: "30 days: a call of a plugin is replayed from its event. Never longer than messages, which the bodies hold",
            },
            Kind::Imports => Facts {
                default_days: 180,
                min_days: 7,
                max_days: DAYS_MAX,
                goes: "lines of imported files that were no good, lists that a dry run without an end keeps",
                stays: "the import with its counts and its attestation: the source of consents",
                bounds: "7 days: until then people of a new list may be asked",
            },
            Kind::Notices => Facts {
                default_days: 30,
                min_days: 7,
                max_days: 30,
                goes: "notices to the shop's own systems and the log of their deliveries",
                stays: "what still waits to be delivered",
                bounds: "7 days: a notice is tried for days; 30: older ones are forgotten as new ones come",
            },
            Kind::PluginLogs => Facts {
                default_days: 90,
                min_days: 7,
                max_days: DAYS_MAX,
                goes: "what plugins logged, and the list of their calls",
                stays: "figures that analytics plugins added up",
                bounds: "7 days: a plugin that misbehaves is looked into afterwards",
            },
            Kind::PluginJournal => Facts {
                default_days: 7,
                min_days: 1,
                max_days: 30,
                goes: "calls of plugins as they were: what a plugin was told, asked and answered (sealed)",
                stays: "the list of calls, for the term of `plugin_logs`",
                bounds: "1 day: a new version is tried on the calls of yesterday; 30: it holds what people wrote, and must not outlive it",
            },
            Kind::Audit => Facts {
                default_days: 730,
                min_days: AUDIT_DAYS,
                max_days: DAYS_MAX,
                goes: "rows of the log of who did what",
                stays: "nothing",
                bounds: "365 days: who looked at people, and who changed this very setting, must be told afterwards. Never longer than the host keeps it (`audit_keep_days`)",
            },
            Kind::Proofs => Facts {
                default_days: PROOF_DAYS,
                min_days: PROOF_DAYS,
                max_days: DAYS_MAX,
                goes: "consent events of people who were erased so long ago",
                stays: "the erasure, and a tombstone per address: nobody writes to them again. Consent events of everybody else have no term",
                bounds: "five years: what is kept of them is the shop's proof before an authority",
            },
            Kind::Verdicts => Facts {
                default_days: PROOF_DAYS,
                min_days: PROOF_DAYS,
                max_days: DAYS_MAX,
                goes: "decision records",
                stays: "their hash in the chain, marked as dropped; the message with its rule and state",
                bounds: "five years, and never shorter than proofs, which they lean on",
            },
            Kind::Sessions => Facts {
                default_days: 90,
                min_days: 30,
                max_days: DAYS_MAX,
                goes: "sessions that ended, tokens of programs that ended (these not before the log of who did what lets go of them)",
                stays: "people who log in, and everything that is valid",
                bounds: "30 days: who was in is asked after an incident",
            },
        }
    }
}

/// Days of each kind that somebody set.
pub type Days = BTreeMap<Kind, u32>;

/// A term for each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms(Days);

impl Terms {
    /// The host's: its own numbers over the defaults.
    ///
    /// # Errors
    /// Everything that is out of bounds, one sentence each.
    pub fn of_host(own: &Days, audit_days: u32) -> Result<Terms, Vec<String>> {
        let mut all: Days = Kind::ALL
            .into_iter()
            .map(|kind| (kind, kind.facts().default_days))
            .collect();
        all.insert(Kind::Audit, audit_days);
        if own.contains_key(&Kind::Audit) {
            return Err(vec![
                "`audit` is set by `audit_keep_days` for the whole host".to_owned(),
            ]);
        }
        all.extend(own);
        let terms = Terms(all);
        let mut faults = own
            .iter()
            .flat_map(|(kind, days)| {
                let facts = kind.facts();
                outside(*kind, *days, facts.min_days, facts.max_days)
            })
            .collect::<Vec<String>>();
        faults.extend(terms.against_each_other());
        if faults.is_empty() {
            Ok(terms)
        } else {
            Err(faults)
        }
    }

    /// A tenant's: its own numbers over the host's.
    ///
    /// # Errors
    /// Everything that is out of bounds, one sentence each.
    pub fn of_tenant(&self, own: &Days) -> Result<Terms, Vec<String>> {
        let terms = self.over(own);
        let mut faults = own
            .iter()
            .flat_map(|(kind, days)| {
                let (min, max) = self.bounds(*kind);
                outside(*kind, *days, min, max)
            })
            .collect::<Vec<String>>();
        faults.extend(terms.against_each_other());
        if faults.is_empty() {
            Ok(terms)
        } else {
            Err(faults)
        }
    }

    /// The tenant's as they stand, brought within the host's bounds of today: the host may have changed
    /// since they were set. What is kept longer in doubt stays.
    #[must_use]
    pub fn within(&self, own: &Days) -> Terms {
        let own = own
            .iter()
            .map(|(kind, days)| {
                let (min, max) = self.bounds(*kind);
                (*kind, (*days).clamp(min.min(max), max))
            })
            .collect();
        let mut terms = self.over(&own);
        let (messages, proofs) = (terms.days(Kind::Messages), terms.days(Kind::Proofs));
        terms
            .0
            .entry(Kind::Events)
            .and_modify(|d| *d = (*d).min(messages));
        terms
            .0
            .entry(Kind::Verdicts)
            .and_modify(|d| *d = (*d).max(proofs));
        terms
    }

    /// Days of a kind.
    #[must_use]
    pub fn days(&self, kind: Kind) -> u32 {
        self.0
            .get(&kind)
            .copied()
            .unwrap_or(kind.facts().default_days)
    }

    /// Fewest and most days that a tenant may set.
    #[must_use]
    pub fn bounds(&self, kind: Kind) -> (u32, u32) {
        let facts = kind.facts();
        match kind {
            // The host forgets its own log; a tenant cannot keep it longer.
            Kind::Audit => {
                let host = self.days(Kind::Audit);
                (facts.min_days.min(host), host)
            }
            _ => (facts.min_days, facts.max_days),
        }
    }

    fn over(&self, own: &Days) -> Terms {
        let mut all = self.0.clone();
        all.extend(own);
        Terms(all)
    }

    fn against_each_other(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let (events, messages) = (self.days(Kind::Events), self.days(Kind::Messages));
        if events > messages {
            faults.push(format!(
                "`events` ({events} days) hold what `messages` ({messages}) say: they cannot be kept longer"
            ));
        }
        let (verdicts, proofs) = (self.days(Kind::Verdicts), self.days(Kind::Proofs));
        if verdicts < proofs {
            faults.push(format!(
                "`proofs` ({proofs} days) lean on `verdicts` ({verdicts}): these cannot be kept shorter"
            ));
        }
        faults
    }
}

fn outside(kind: Kind, days: u32, min: u32, max: u32) -> Option<String> {
    let word = kind.as_str();
    (days < min || days > max).then(|| {
        format!(
            "`{word}` is {days} days; it may be {min} to {max}. {}",
            kind.facts().bounds
        )
    })
}

/// Reads `KIND=DAYS`, one per text.
///
/// # Errors
/// Everything that does not read, one sentence each.
pub fn read<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Days, Vec<String>> {
    let (mut days, mut faults) = (Days::new(), Vec::new());
    for (word, number) in given {
        match (Kind::from_word(word.trim()), number.trim().parse()) {
            (Some(kind), Ok(n)) => drop(days.insert(kind, n)),
            (None, _) => {
                let known: Vec<&str> = Kind::ALL.into_iter().map(Kind::as_str).collect();
                faults.push(format!(
                    "`{}` is not kept by a term; there are {}",
                    word.chars().take(40).collect::<String>(),
                    known.join(", ")
                ));
            }
            (Some(kind), Err(_)) => faults.push(format!(
                "`{}` is no number of days for `{}`",
                number.chars().take(40).collect::<String>(),
                kind.as_str()
            )),
        }
    }
    if faults.is_empty() {
        Ok(days)
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Terms {
        Terms::of_host(&Days::new(), 730).unwrap()
    }

    #[test]
    fn bounds_hold_to_the_day() {
        for kind in Kind::ALL {
            let (min, max) = host().bounds(kind);
            assert!(min <= max, "{kind:?}");
            for (days, good) in [(min - 1, false), (min, true), (max, true), (max + 1, false)] {
                let mut own = Days::from([(kind, days)]);
                // What leans on another kind goes with it.
                match kind {
                    Kind::Events => drop(own.insert(Kind::Messages, DAYS_MAX)),
                    Kind::Messages => drop(own.insert(Kind::Events, 30)),
                    Kind::Proofs => drop(own.insert(Kind::Verdicts, DAYS_MAX)),
                    _ => {}
                }
                assert_eq!(host().of_tenant(&own).is_ok(), good, "{kind:?} {days}");
            }
        }
    }

    #[test]
    fn bodies_never_outlive_words_and_verdicts_never_go_before_proofs() {
        let said = host()
            .of_tenant(&Days::from([(Kind::Messages, 90)]))
            .unwrap_err();
        assert!(
            said.iter().any(|f| f.contains("`events` (180 days)")),
            "{said:?}"
        );
        let said = host()
            .of_tenant(&Days::from([(Kind::Proofs, 2_000)]))
            .unwrap_err();
        assert!(
            said.iter().any(|f| f.contains("`verdicts` (1826)")),
            "{said:?}"
        );
        assert!(
            host()
                .of_tenant(&Days::from([
                    (Kind::Proofs, 2_000),
                    (Kind::Verdicts, 2_000)
                ]))
                .is_ok()
        );
    }

    #[test]
    fn a_host_that_keeps_less_of_its_log_draws_its_tenants_with_it() {
        let short = Terms::of_host(&Days::new(), 60).unwrap();
        assert_eq!(short.bounds(Kind::Audit), (60, 60));
        let own = Days::from([(Kind::Audit, 400), (Kind::Messages, 40)]);
        let now = short.within(&own);
        assert_eq!((now.days(Kind::Audit), now.days(Kind::Events)), (60, 40));
    }

    #[test]
    fn what_does_not_read_is_said() {
        assert!(read([("messages", "90"), ("events", " 60 ")]).is_ok());
        let said = read([("mesages", "1"), ("events", "soon")]).unwrap_err();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(Terms::of_host(&Days::from([(Kind::Audit, 500)]), 730).is_err());
        assert!(Terms::of_host(&Days::from([(Kind::Messages, 5)]), 730).is_err());
    }
}
