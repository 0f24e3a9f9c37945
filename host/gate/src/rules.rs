//! The rules: one file each, listed once, in catalogue order.
//!
//! A rule is a pure function from a [`Case`] to a [`Found`], with everything a person or a page
//! needs to know about it beside it. To add one: its file under `rules/<family>/`, its line in the
//! registry below.

mod page;
pub(crate) mod support;

use portero_domain::clock::Ts;
use portero_domain::language::Language;

use crate::case::Case;
use crate::judgement::{Finding, Stage, Verdict};

pub use page::rules_page;

/// One rule.
pub trait Rule: Sync {
    /// Who it is.
    fn about(&self) -> &'static About;
    /// What it says; `None` when it has nothing to say. Must not allocate then.
    fn judge(&self, case: &Case<'_>) -> Option<Found>;
}

/// Everything about a rule but its function.
#[derive(Debug)]
pub struct About {
    /// `family.reason`, stable for ever.
    pub id: &'static str,
    /// Raised whenever some message would be judged differently.
    pub version: u32,
    /// Who can change it.
    pub stratum: Stratum,
    /// Its place in the order of precedence.
    pub phase: Phase,
    /// When it runs.
    pub stages: Stages,
    /// Whether it runs again while a deferral is settled.
    pub moves_with_time: bool,
    /// A few words.
    pub title: Words,
    /// What is said of a finding; `{value}`, `{limit}`, `{until}`, `{evidence}` are filled in.
    pub sentence: Words,
    /// What would help; the same names are filled in.
    pub remedy: Words,
    /// For the reference page.
    pub docs: Docs,
}

/// The page of one rule, under fixed headings.
#[derive(Debug)]
pub struct Docs {
    /// What it checks.
    pub checks: &'static str,
    /// Why.
    pub why: &'static str,
    /// Denies, holds or defers when.
    pub fires: &'static str,
    /// Facts used.
    pub facts: &'static str,
    /// Parameters.
    pub parameters: &'static str,
    /// Source.
    pub source: &'static str,
    /// Since which version.
    pub since: &'static str,
}

/// One thing in the three languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Spanish.
    pub es: &'static str,
    /// Portuguese.
    pub pt: &'static str,
    /// English.
    pub en: &'static str,
}

impl Words {
    /// In one language.
    #[must_use]
    pub const fn get(&self, language: Language) -> &'static str {
        match language {
            Language::Es => self.es,
            Language::Pt => self.pt,
            Language::En => self.en,
        }
    }
}

/// Who can change a rule. A lower stratum can only tighten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stratum {
    /// Meta's: cannot be switched off.
    Platform,
    /// The law's.
    Law,
    /// The house's: the tenant tunes its numbers.
    House,
}

impl Stratum {
    /// Name on pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Stratum::Platform => "platform",
            Stratum::Law => "law",
            Stratum::House => "house",
        }
    }
}

/// Order of precedence: who may ask, may we read this person, may we contact them, in this form,
/// say this, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// P0: envelope and tenant. A deny ends the run.
    Envelope,
    /// P1: what the plugin may do.
    Plugin,
    /// P2: data protection.
    Data,
    /// P3: the person.
    Recipient,
    /// P4: consent.
    Consent,
    /// P5: the account.
    Account,
    /// P6: service window and template.
    Session,
    /// P7: content.
    Content,
    /// P8: commerce.
    Commerce,
    /// P9: how bots behave.
    Bot,
    /// P10: frequency.
    Frequency,
    /// P11: quiet hours.
    QuietHours,
    /// P12: limits.
    Limits,
}

impl Phase {
    /// `P0` to `P12`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Envelope => "P0",
            Phase::Plugin => "P1",
            Phase::Data => "P2",
            Phase::Recipient => "P3",
            Phase::Consent => "P4",
            Phase::Account => "P5",
            Phase::Session => "P6",
            Phase::Content => "P7",
            Phase::Commerce => "P8",
            Phase::Bot => "P9",
            Phase::Frequency => "P10",
            Phase::QuietHours => "P11",
            Phase::Limits => "P12",
        }
    }
}

/// When a rule runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stages {
    /// When the proposal is made.
    Admission,
    /// In the claim that sends it.
    Dispatch,
    /// Both times.
    Both,
}

impl Stages {
    /// Whether the stage is one of them.
    #[must_use]
    pub const fn includes(self, stage: Stage) -> bool {
        matches!(
            (self, stage),
            (Stages::Both, _)
                | (Stages::Admission, Stage::Admission)
                | (Stages::Dispatch, Stage::Dispatch)
        )
    }

    /// Name on pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Stages::Admission => "admission",
            Stages::Dispatch => "dispatch",
            Stages::Both => "admission, dispatch",
        }
    }
}

/// What a rule found, before its id is put on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its outcome; `None` is a note.
    pub outcome: Option<Verdict>,
    /// For a deferral: the earliest instant at which it would pass.
    pub until: Option<Ts>,
    /// What was found.
    pub value: String,
    /// What would have been allowed.
    pub limit: String,
    /// Where it can be seen.
    pub evidence: Vec<String>,
}

impl Found {
    fn new(outcome: Option<Verdict>, value: impl Into<String>, limit: impl Into<String>) -> Found {
        Found {
            outcome,
            until: None,
            value: value.into(),
            limit: limit.into(),
            evidence: Vec::new(),
        }
    }

    /// It may not go.
    pub fn deny(value: impl Into<String>, limit: impl Into<String>) -> Found {
        Found::new(Some(Verdict::Deny), value, limit)
    }

    /// A person decides.
    pub fn hold(value: impl Into<String>, limit: impl Into<String>) -> Found {
        Found::new(Some(Verdict::Hold), value, limit)
    }

    /// It may go from `until` on.
    pub fn defer(until: Ts, value: impl Into<String>, limit: impl Into<String>) -> Found {
        Found {
            until: Some(until),
            ..Found::new(Some(Verdict::Defer), value, limit)
        }
    }

    /// Something worth saying that does not weigh.
    pub fn note(value: impl Into<String>, limit: impl Into<String>) -> Found {
        Found::new(None, value, limit)
    }

    /// A fact that should be known is not: promotion is refused, the rest waits for a person.
    #[must_use]
    pub fn unknown(case: &Case<'_>, fact: &str) -> Found {
        if case.is_promotional() {
            Found::deny("unknown", fact)
        } else {
            Found::hold("unknown", fact)
        }
    }

    /// Where it can be seen: ids, wamids, template names; never a phone number or a text.
    #[must_use]
    pub fn because(mut self, evidence: impl IntoIterator<Item = String>) -> Found {
        self.evidence.extend(evidence);
        self
    }

    /// The finding of a rule.
    #[must_use]
    pub fn of(self, rule: &str) -> Finding {
        Finding {
            rule: rule.to_owned(),
            outcome: self.outcome,
            until: self.until,
            value: self.value,
            limit: self.limit,
            evidence: self.evidence,
        }
    }
}

macro_rules! registry {
    ($($family:ident { $($reason:ident,)* })*) => {
        $(
            #[doc = concat!("Rules of the family `", stringify!($family), "`.")]
            pub mod $family { $(pub mod $reason;)* }
        )*
        /// Every rule, in catalogue order: the order of precedence and of every report.
        pub static RULES: &[&dyn Rule] = &[$($(&$family::$reason::Check,)*)*];
    };
}

registry! {
    envelope { invalid, duplicate, expired, }
    tenant { suspended, sender_mismatch, sandbox, }
    plugin { capability, scope, budget, }
    data { erased, }
    recipient { invalid, do_not_contact, registry, registry_stale, }
    consent {
        missing, revoked, meta_stop, expired, scope, double_opt_in_pending, import_refused,
        request_malformed, request_repeated,
    }
    account { restricted, quality_red, }
    session { window_closed, window_margin, unsolicited_promo, }
    template {
        unknown, not_approved, paused, quality_red, category_mismatch, language, params,
        opt_out_missing,
    }
    content { empty, too_long, unsupported, placeholder_leak, }
    bot { handover_active, consecutive, }
    frequency { promise_exceeded, cap_tenant, min_gap, meta_per_user, same_campaign, }
    quiet_hours { tenant, }
    limits { tier, pair_rate, throughput, campaign_brake, cost_budget, }
}

/// A rule by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|r| r.about().id == id)
}

/// Place in the catalogue; what is not in it comes last.
pub(crate) fn place(id: &str) -> usize {
    RULES
        .iter()
        .position(|r| r.about().id == id)
        .unwrap_or(usize::MAX)
}

#[cfg(feature = "removable-rules")]
mod removal {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static REMOVED: AtomicUsize = AtomicUsize::new(usize::MAX);

    /// Takes one rule out of this process, or (`None`) puts all back. `false`: no such rule.
    ///
    /// Only in builds with the feature `removable-rules`: a test shows with it that a scenario
    /// needs the rule.
    pub fn remove_rule(id: Option<&str>) -> bool {
        let place = id.map_or(usize::MAX, super::place);
        REMOVED.store(place, Ordering::SeqCst);
        id.is_none() || place != usize::MAX
    }

    pub(crate) fn removed() -> Option<&'static str> {
        super::RULES
            .get(REMOVED.load(Ordering::SeqCst))
            .map(|r| r.about().id)
    }
}

#[cfg(feature = "removable-rules")]
pub use removal::remove_rule;
#[cfg(feature = "removable-rules")]
pub(crate) use removal::removed;

/// Outside test builds no rule can be taken out.
#[cfg(not(feature = "removable-rules"))]
pub(crate) const fn removed() -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests;
