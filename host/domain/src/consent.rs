//! Consent as a ledger: events are appended, the state is computed.
//!
//! Source: `compliance-rules` B.1 to B.4.

use serde::{Deserialize, Serialize};

use crate::clock::{Millis, Ts};
use crate::ids::ConsentEventId;
use crate::language::Language;
use crate::proof::ConsentProof;

/// One appended fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentEvent {
    /// Its id.
    pub id: ConsentEventId,
    /// What happened.
    pub kind: ConsentEventKind,
    /// What it covers.
    pub scope: ConsentScope,
    /// The most promotional messages promised at opt-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<FrequencyPromise>,
    /// Wording shown (`id@version`), when one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
    /// Language of the wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Where it came from.
    pub source: ConsentSource,
    /// Proof: wamid, form id, operator, row of a file.
    pub evidence: String,
    /// When the person acted (Meta's time for messages).
    pub captured_at: Ts,
    /// When we stored it.
    pub received_at: Ts,
    /// When it ends by itself, if that was part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Ts>,
    /// What makes it proof. Rules do not see it.
    #[serde(default, skip_serializing_if = "ConsentProof::is_empty")]
    pub proof: ConsentProof,
}

/// Kinds of consent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentEventKind {
    /// The question was put.
    Requested,
    /// The person said yes.
    Granted,
    /// Somebody says that the person said yes; the person still has to confirm it in the chat.
    GrantedUnconfirmed,
    /// Brought in as a yes and refused: no attestation, no time, no wording, or a bought list.
    ImportRefused,
    /// The person said no to a question.
    Declined,
    /// The person opted out.
    Revoked,
    /// Meta says the person stopped marketing in WhatsApp's own settings.
    MetaStop,
    /// Meta says the person resumed it.
    MetaResume,
}

impl ConsentEventKind {
    /// Name in columns and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ConsentEventKind::Requested => "requested",
            ConsentEventKind::Granted => "granted",
            ConsentEventKind::GrantedUnconfirmed => "granted_unconfirmed",
            ConsentEventKind::ImportRefused => "import_refused",
            ConsentEventKind::Declined => "declined",
            ConsentEventKind::Revoked => "revoked",
            ConsentEventKind::MetaStop => "meta_stop",
            ConsentEventKind::MetaResume => "meta_resume",
        }
    }

    /// Whether the person takes something back with it.
    #[must_use]
    pub const fn withdraws(self) -> bool {
        matches!(self, ConsentEventKind::Revoked | ConsentEventKind::MetaStop)
    }
}

/// What a consent event covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentScope {
    /// Everything the business starts.
    All,
    /// Everything promotional.
    Promotional,
    /// One topic of the tenant's vocabulary (`ofertas`, `pedidos`).
    Topic(String),
}

/// Where consent was given or withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentSource {
    /// A word in the chat.
    WaKeyword,
    /// A button in the chat.
    WaButton,
    /// WhatsApp's own stop and resume.
    WaPreference,
    /// Error 131050 on a send.
    MetaError,
    /// The tenant's system, through the API.
    Api,
    /// A person at the tenant.
    Operator,
    /// A list that was brought in.
    Import,
    /// An erased person wrote again: what was refused before stays refused.
    Erasure,
    /// Seeded by the demo or a test.
    Seed,
}

impl ConsentSource {
    /// Every one of them.
    pub const ALL: [ConsentSource; 9] = [
        ConsentSource::WaKeyword,
        ConsentSource::WaButton,
        ConsentSource::WaPreference,
        ConsentSource::MetaError,
        ConsentSource::Api,
        ConsentSource::Operator,
        ConsentSource::Import,
        ConsentSource::Erasure,
        ConsentSource::Seed,
    ];

    /// Name in JSON and in filters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ConsentSource::WaKeyword => "wa_keyword",
            ConsentSource::WaButton => "wa_button",
            ConsentSource::WaPreference => "wa_preference",
            ConsentSource::MetaError => "meta_error",
            ConsentSource::Api => "api",
            ConsentSource::Operator => "operator",
            ConsentSource::Import => "import",
            ConsentSource::Erasure => "erasure",
            ConsentSource::Seed => "seed",
        }
    }
}

/// "At most `max` messages per `per`", told to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrequencyPromise {
    /// Messages, at least 1.
    pub max: u32,
    /// Period.
    pub per: Period,
}

/// Rolling periods of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// 24 hours.
    Day,
    /// 7 × 24 hours.
    Week,
    /// 30 × 24 hours.
    Month,
}

impl Period {
    /// Its length.
    #[must_use]
    pub const fn length(self) -> Millis {
        match self {
            Period::Day => Millis::days(1),
            Period::Week => Millis::days(7),
            Period::Month => Millis::days(30),
        }
    }
}

/// Where one person stands on one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ConsentStanding {
    /// Nothing on record.
    Unknown,
    /// Asked, not answered.
    Requested {
        /// When.
        at: Ts,
    },
    /// Said yes.
    Granted {
        /// The event that counts.
        by: ConsentEventId,
        /// When the person acted.
        at: Ts,
        /// The promise made then.
        promise: Option<FrequencyPromise>,
    },
    /// Said yes, as somebody else tells; not confirmed by the person yet.
    Unconfirmed {
        /// The event that counts.
        by: ConsentEventId,
        /// When the person is said to have agreed.
        at: Ts,
    },
    /// Said no.
    Declined {
        /// When.
        at: Ts,
    },
    /// Opted out.
    Revoked {
        /// The event that counts.
        by: ConsentEventId,
        /// When.
        at: Ts,
        /// What was withdrawn.
        scope: ConsentScope,
    },
}

/// Where a person stands on promotional messages of `topic` (`None`: no topic named).
///
/// Events may come in any order. A revocation covers the topic when its scope is `All`,
/// `Promotional` or that topic. A later grant beats an earlier revocation only for the topic it
/// names: a grant for `ofertas` after `All` was revoked opens `ofertas` and nothing else, and a
/// general grant does not reopen a topic revoked by name. At the same instant the revocation wins.
/// What the person has not confirmed lifts nothing; a yes or a no of the person's own ends it.
#[must_use]
pub fn standing(events: &[ConsentEvent], topic: Option<&str>) -> ConsentStanding {
    standing_in(events, topic, true)
}

/// The same for what is not promotional: only `All` (or the topic itself) revokes it.
#[must_use]
pub fn standing_transactional(events: &[ConsentEvent], topic: Option<&str>) -> ConsentStanding {
    standing_in(events, topic, false)
}

fn standing_in(events: &[ConsentEvent], topic: Option<&str>, promotional: bool) -> ConsentStanding {
    let is_topic = |scope: &ConsentScope| matches!((scope, topic), (ConsentScope::Topic(a), Some(b)) if a == b);
    let later = |a: Option<&ConsentEvent>, b: &ConsentEvent| {
        a.is_none_or(|a| (a.captured_at, a.received_at) <= (b.captured_at, b.received_at))
    };
    let (mut grant_topic, mut grant_wide) = (None, None);
    let (mut revoke_topic, mut revoke_wide) = (None, None);
    let (mut requested, mut declined) = (None, None);
    let (mut unconfirmed, mut declined_here) = (None, None);
    let reaches = |scope: &ConsentScope| match scope {
        ConsentScope::All => true,
        ConsentScope::Promotional => promotional,
        ConsentScope::Topic(_) => is_topic(scope),
    };
    for event in events {
        let slot = match event.kind {
            ConsentEventKind::Granted if is_topic(&event.scope) => &mut grant_topic,
            ConsentEventKind::Granted
                if event.scope == ConsentScope::All
                    || (promotional && event.scope == ConsentScope::Promotional) =>
            {
                &mut grant_wide
            }
            ConsentEventKind::Revoked if is_topic(&event.scope) => &mut revoke_topic,
            ConsentEventKind::Revoked
                if event.scope == ConsentScope::All
                    || (promotional && event.scope == ConsentScope::Promotional) =>
            {
                &mut revoke_wide
            }
            ConsentEventKind::GrantedUnconfirmed if reaches(&event.scope) => &mut unconfirmed,
            ConsentEventKind::Requested => &mut requested,
            ConsentEventKind::Declined => {
                if reaches(&event.scope) && later(declined_here, event) {
                    declined_here = Some(event);
                }
                &mut declined
            }
            _ => continue,
        };
        if later(*slot, event) {
            *slot = Some(event);
        }
    }
    let after = |g: &ConsentEvent, r: Option<&ConsentEvent>| {
        r.is_none_or(|r| g.captured_at > r.captured_at)
    };
    let granted = |g: &ConsentEvent| ConsentStanding::Granted {
        by: g.id,
        at: g.captured_at,
        promise: g.promise,
    };
    let revoked = |r: &ConsentEvent| ConsentStanding::Revoked {
        by: r.id,
        at: r.captured_at,
        scope: r.scope.clone(),
    };
    if let Some(g) = grant_topic
        && after(g, revoke_topic)
        && after(g, revoke_wide)
    {
        return granted(g);
    }
    if let Some(r) = revoke_topic {
        return revoked(r);
    }
    if let Some(g) = grant_wide
        && after(g, revoke_wide)
    {
        return granted(g);
    }
    if let Some(r) = revoke_wide {
        return revoked(r);
    }
    if let Some(u) = unconfirmed
        && declined_here.is_none_or(|d| d.captured_at < u.captured_at)
    {
        return ConsentStanding::Unconfirmed {
            by: u.id,
            at: u.captured_at,
        };
    }
    match (requested, declined) {
        (_, Some(d)) if requested.is_none_or(|q| d.captured_at >= q.captured_at) => {
            ConsentStanding::Declined { at: d.captured_at }
        }
        (Some(q), _) => ConsentStanding::Requested { at: q.captured_at },
        _ => ConsentStanding::Unknown,
    }
}

/// When WhatsApp's own marketing stop was set, if it stands.
#[must_use]
pub fn meta_stop_since(events: &[ConsentEvent]) -> Option<Ts> {
    events
        .iter()
        .filter(|e| {
            matches!(
                e.kind,
                ConsentEventKind::MetaStop | ConsentEventKind::MetaResume
            )
        })
        .max_by_key(|e| (e.captured_at, e.kind == ConsentEventKind::MetaStop))
        .filter(|e| e.kind == ConsentEventKind::MetaStop)
        .map(|e| e.captured_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn event(n: u128, kind: ConsentEventKind, scope: ConsentScope, at: i64) -> ConsentEvent {
        ConsentEvent {
            id: ConsentEventId::from_uuid(Uuid::from_u128(n)),
            kind,
            scope,
            promise: None,
            wording: None,
            language: None,
            source: ConsentSource::Seed,
            evidence: String::new(),
            captured_at: Ts(at),
            received_at: Ts(at),
            expires_at: None,
            proof: ConsentProof::default(),
        }
    }

    use ConsentEventKind::{
        Declined, Granted, GrantedUnconfirmed, ImportRefused, MetaResume, MetaStop, Revoked,
    };
    fn topic(t: &str) -> ConsentScope {
        ConsentScope::Topic(t.to_owned())
    }

    #[test]
    fn a_grant_after_a_full_opt_out_opens_its_topic_and_nothing_else() {
        let events = [
            event(1, Revoked, ConsentScope::All, 10),
            event(2, Granted, topic("ofertas"), 20),
        ];
        assert!(matches!(
            standing(&events, Some("ofertas")),
            ConsentStanding::Granted { .. }
        ));
        assert!(matches!(
            standing(&events, Some("novedades")),
            ConsentStanding::Revoked { .. }
        ));
    }

    #[test]
    fn a_general_grant_does_not_reopen_a_topic_revoked_by_name() {
        let events = [
            event(1, Revoked, topic("carrito"), 10),
            event(2, Granted, ConsentScope::Promotional, 20),
        ];
        assert!(matches!(
            standing(&events, Some("carrito")),
            ConsentStanding::Revoked { .. }
        ));
        assert!(matches!(
            standing(&events, Some("ofertas")),
            ConsentStanding::Granted { .. }
        ));
    }

    #[test]
    fn at_the_same_instant_the_revocation_wins() {
        let events = [
            event(1, Granted, topic("ofertas"), 10),
            event(2, Revoked, ConsentScope::Promotional, 10),
        ];
        assert!(matches!(
            standing(&events, Some("ofertas")),
            ConsentStanding::Revoked { .. }
        ));
    }

    #[test]
    fn a_promotional_opt_out_leaves_order_updates_alone() {
        let events = [
            event(1, Granted, topic("pedidos"), 5),
            event(2, Revoked, ConsentScope::Promotional, 10),
        ];
        assert!(matches!(
            standing_transactional(&events, Some("pedidos")),
            ConsentStanding::Granted { .. }
        ));
    }

    #[test]
    fn what_was_not_confirmed_stands_until_the_person_speaks() {
        let told = event(1, GrantedUnconfirmed, topic("ofertas"), 10);
        let standing_of = |more: Vec<ConsentEvent>| {
            let mut events = vec![told.clone()];
            events.extend(more);
            standing(&events, Some("ofertas"))
        };
        let unconfirmed = |s: &ConsentStanding| matches!(s, ConsentStanding::Unconfirmed { .. });
        assert!(unconfirmed(&standing_of(vec![])));
        assert!(unconfirmed(&standing_of(vec![event(
            2,
            Declined,
            topic("otros"),
            20
        )])));
        assert!(matches!(
            standing_of(vec![event(2, Granted, topic("ofertas"), 20)]),
            ConsentStanding::Granted { .. }
        ));
        assert!(matches!(
            standing_of(vec![event(2, Declined, topic("ofertas"), 10)]),
            ConsentStanding::Declined { .. }
        ));
        assert!(matches!(
            standing_of(vec![event(2, Revoked, ConsentScope::All, 5)]),
            ConsentStanding::Revoked { .. }
        ));
        let refused = event(3, ImportRefused, topic("ofertas"), 10);
        assert_eq!(
            standing(&[refused], Some("ofertas")),
            ConsentStanding::Unknown
        );
    }

    #[test]
    fn the_last_word_of_whatsapps_own_stop_counts() {
        let stop = event(1, MetaStop, ConsentScope::Promotional, 10);
        let resume = event(2, MetaResume, ConsentScope::Promotional, 20);
        assert_eq!(meta_stop_since(&[resume.clone(), stop.clone()]), None);
        assert_eq!(meta_stop_since(&[stop]), Some(Ts(10)));
        assert_eq!(meta_stop_since(&[]), None);
    }
}
