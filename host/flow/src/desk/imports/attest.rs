//! Consent that comes with a list: somebody answers for it, or it is none.
//!
//! Source: `compliance-rules` B.5. What comes out is never a yes, only an unconfirmed one: the person
//! still has to confirm it in the chat.

use std::collections::BTreeSet;

use portero_domain::clock::Ts;
use portero_domain::consent::FrequencyPromise;
use portero_domain::proof::{ConsentCategory, ConsentChannel};
use serde::{Deserialize, Serialize};

/// Origins of lists that no attestation can mend.
const REFUSED: [&str; 7] = [
    "purchased",
    "rented",
    "partner",
    "swapped",
    "scraped",
    "public_directory",
    "group_members",
];
/// Origins that can be attested.
const ACCEPTED: [&str; 9] = [
    "web_form",
    "checkout",
    "in_store_paper",
    "qr",
    "wa_conversation",
    "ctwa_ad",
    "phone_call",
    "event",
    "sms",
];
/// Consents with a time of their own are at least this share of a hundred.
const DATED_PERCENT: u64 = 80;
/// Countries and words of a list, at most.
const LIST_MAX: usize = 60;
/// Fewest characters of words that somebody can agree to.
const WORDING_LEAST: usize = 20;
/// From so many rows on, one and the same time for all is no time.
const SAME_TIME_FROM: u64 = 20;

/// Who answers for the consent in a file, and what the people were told.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Who answers for it: name and role.
    pub who: String,
    /// Where the list comes from: `web_form`, `checkout`, `in_store_paper`, `qr`, `wa_conversation`,
    /// `ctwa_ad`, `phone_call`, `event`, `sms`.
    pub origin: String,
    /// How consent was asked and given, in a sentence or more.
    pub how: String,
    /// First day of collection, `2026-01-31`.
    pub collected_from: String,
    /// Last day of collection.
    pub collected_until: String,
    /// The words people agreed to.
    pub wording: String,
    /// Where the words were others in some of these days: each stretch with its own. `wording` is for
    /// all other days.
    #[serde(default)]
    pub wordings: Vec<PeriodWording>,
    /// What it covers: a topic of the tenant.
    pub topic: String,
    /// The most messages that were promised.
    #[schema(value_type = Object)]
    pub promise: FrequencyPromise,
    /// The system the list was kept in: name of the shop's software, the folder of paper forms.
    #[serde(default)]
    pub origin_system: String,
    /// The company people agreed to hear from.
    #[serde(default)]
    pub legal_entity: String,
    /// Its name as people saw it, where it is another.
    #[serde(default)]
    pub brand: Option<String>,
    /// Countries of the people, two letters each; a row of another one is not taken.
    #[serde(default)]
    pub countries: BTreeSet<String>,
    /// `marketing`, `utility`, `authentication`: what people agreed to get.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub categories: BTreeSet<ConsentCategory>,
    /// What the words spoke of: `whatsapp`, `any`, or `email` or `sms`, which is no consent for WhatsApp:
    /// then people go in without.
    #[serde(default)]
    #[schema(value_type = String)]
    pub channel: Option<ConsentChannel>,
    /// Day on which the list was last compared with the countries' registries of people who want no
    /// advertising.
    #[serde(default)]
    pub registry_checked_on: String,
    /// Who answers questions about the proof: a name with address or phone.
    #[serde(default)]
    pub proof_contact: String,
    /// Privacy notice in force then.
    #[serde(default)]
    pub privacy_notice_url: Option<String>,
    /// Its version.
    #[serde(default)]
    pub privacy_notice_version: Option<String>,
    /// SHA-256 of the file, hex, when it is known beforehand: another file is refused.
    #[serde(default)]
    pub file_sha256: Option<String>,
    /// `true`: the list was not bought, rented, swapped or scraped.
    pub not_bought: bool,
}

/// The words of a stretch of days.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodWording {
    /// Its first day, `2026-01-31`.
    pub from: String,
    /// Its last day.
    pub until: String,
    /// The words people agreed to then.
    pub wording: String,
}

impl PeriodWording {
    fn days(&self) -> Option<(jiff::civil::Date, jiff::civil::Date)> {
        let days = (self.from.parse().ok()?, self.until.parse().ok()?);
        (days.0 <= days.1).then_some(days)
    }
}

impl Attestation {
    /// Whether it can stand.
    ///
    /// # Errors
    /// Which member, and why not.
    pub(super) fn check(&self, now: Ts) -> Result<(), (&'static str, String)> {
        if REFUSED.contains(&self.origin.as_str()) {
            return Err((
                "attestation.origin",
                format!(
                    "consent from a list that is `{}` is none (consent.import-refused); bring the people in \
                     without consent and ask them when they write",
                    self.origin
                ),
            ));
        }
        if !ACCEPTED.contains(&self.origin.as_str()) {
            return Err((
                "attestation.origin",
                format!("`{}` is none of {}", self.origin, ACCEPTED.join(", ")),
            ));
        }
        if !self.not_bought {
            return Err((
                "attestation.not_bought",
                "somebody has to state that the list was not bought, rented, swapped or scraped"
                    .to_owned(),
            ));
        }
        for (field, text, least) in [
            ("attestation.who", &self.who, 3),
            ("attestation.how", &self.how, 10),
            ("attestation.wording", &self.wording, WORDING_LEAST),
            ("attestation.topic", &self.topic, 1),
            ("attestation.origin_system", &self.origin_system, 2),
            ("attestation.legal_entity", &self.legal_entity, 2),
            ("attestation.proof_contact", &self.proof_contact, 5),
        ] {
            if text.trim().chars().count() < least || text.len() > 4_096 {
                return Err((
                    field,
                    format!("at least {least} characters, at most 4096 bytes"),
                ));
            }
        }
        self.check_wordings()?;
        if self.promise.max == 0 {
            return Err(("attestation.promise", "at least one message".to_owned()));
        }
        let country = |c: &String| c.len() == 2 && c.bytes().all(|b| b.is_ascii_uppercase());
        if self.countries.is_empty()
            || self.countries.len() > LIST_MAX
            || !self.countries.iter().all(country)
        {
            return Err((
                "attestation.countries",
                "the countries of the people, two letters each, such as [\"CO\"]".to_owned(),
            ));
        }
        if self.categories.is_empty() {
            return Err((
                "attestation.categories",
                "what people agreed to get: marketing, utility, authentication".to_owned(),
            ));
        }
        if self.channel.is_none() {
            return Err((
                "attestation.channel",
                "what the words spoke of: whatsapp, any, email or sms".to_owned(),
            ));
        }
        let hash = |h: &String| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit());
        if !self.file_sha256.iter().all(hash) {
            return Err((
                "attestation.file_sha256",
                "64 hexadecimal digits".to_owned(),
            ));
        }
        let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
        let begun = |day: jiff::civil::Date| {
            let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).ok();
            midnight.is_some_and(|t| t.timestamp().as_millisecond() <= now.0)
        };
        if !day(&self.registry_checked_on).is_some_and(begun) {
            return Err((
                "attestation.registry_checked_on",
                "the day of the last comparison with the registries, such as 2026-01-31, not in the future"
                    .to_owned(),
            ));
        }
        match (day(&self.collected_from), day(&self.collected_until)) {
            (Some(from), Some(until)) if from <= until => {
                if !begun(from) {
                    return Err((
                        "attestation.collected_from",
                        "lies in the future".to_owned(),
                    ));
                }
                Ok(())
            }
            _ => Err((
                "attestation.collected_from",
                "two days such as 2026-01-31, the first not after the last".to_owned(),
            )),
        }
    }
}

impl Attestation {
    /// Whether what people agreed to covers WhatsApp.
    pub(super) fn for_whatsapp(&self) -> bool {
        self.channel.is_some_and(ConsentChannel::covers_whatsapp)
    }

    /// Each stretch is one, has words, and no day has two.
    fn check_wordings(&self) -> Result<(), (&'static str, String)> {
        let bad = |why: &str| Err(("attestation.wordings", why.to_owned()));
        let mut stretches = Vec::with_capacity(self.wordings.len());
        for one in &self.wordings {
            let Some(days) = one.days() else {
                return bad(
                    "each needs `from` and `until`, days such as 2026-01-31, the first not after the last",
                );
            };
            if one.wording.trim().chars().count() < WORDING_LEAST || one.wording.len() > 4_096 {
                return bad(
                    "each needs the words people agreed to: at least 20 characters, at most 4096 bytes",
                );
            }
            stretches.push(days);
        }
        stretches.sort_unstable();
        let twice = stretches
            .iter()
            .zip(stretches.iter().skip(1))
            .any(|((_, until), (from, _))| from <= until);
        if twice || stretches.len() > LIST_MAX {
            return bad("at most 60, and no day in two of them");
        }
        Ok(())
    }

    /// The words people agreed to at an instant, as a day of `zone`.
    pub(super) fn words(&self, at: Ts, zone: &jiff::tz::TimeZone) -> &str {
        let on = at.to_jiff().map(|t| zone.to_datetime(t).date());
        let then = |one: &&PeriodWording| {
            one.days()
                .zip(on)
                .is_some_and(|((from, until), on)| from <= on && on <= until)
        };
        let own = self.wordings.iter().find(then);
        own.map_or(self.wording.as_str(), |one| one.wording.as_str())
    }

    /// Whether `at`, as a day of `zone`, lies in the days it answers for.
    pub(super) fn covers(&self, at: Ts, zone: &jiff::tz::TimeZone) -> bool {
        let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
        let Some(on) = at.to_jiff().map(|t| zone.to_datetime(t).date()) else {
            return false;
        };
        day(&self.collected_from).is_none_or(|from| from <= on)
            && day(&self.collected_until).is_none_or(|until| on <= until)
    }
}

/// What the consents of a file look like so far; kept with the file, so that a resumed one is judged
/// as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Consents {
    claimed: u64,
    dated: u64,
    first: Option<Ts>,
    differ: bool,
}

impl Consents {
    /// Counts a row that claims consent.
    pub(super) fn claim(&mut self, at: Option<Ts>) {
        self.claimed += 1;
        if let Some(at) = at {
            self.dated += 1;
            match self.first {
                None => self.first = Some(at),
                Some(first) => self.differ |= first != at,
            }
        }
    }

    /// Why the consents of the file are none, when they look so.
    pub(super) fn refusal(&self) -> Option<String> {
        if self.claimed == 0 {
            return None;
        }
        if self.dated * 100 < self.claimed * DATED_PERCENT {
            return Some(format!(
                "{} of {} consents have no time of their own; more than a fifth is refused (consent.import-refused)",
                self.claimed - self.dated,
                self.claimed
            ));
        }
        if self.claimed >= SAME_TIME_FROM && !self.differ {
            return Some(format!(
                "all {} consents have the same time; that is when a list was written, not when people agreed \
                 (consent.import-refused)",
                self.claimed
            ));
        }
        None
    }
}
