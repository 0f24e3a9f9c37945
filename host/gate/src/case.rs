//! What a rule is shown: one proposal without its text, the facts, the policy and an instant.

use serde::{Deserialize, Serialize};

use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentStanding, standing, standing_transactional};
use portero_domain::content::Content;
use portero_domain::ids::ContactId;
use portero_domain::proposal::{Answers, Origin, Proposal, Purpose};
use portero_domain::template::{Template, TemplateCategory};

use crate::detect::{self, ContentKind, TemplateShape};
use crate::facts::{Facts, TemplateFact};
use crate::judgement::Stage;
use crate::policy::Policy;
use crate::record::ProposalRecord;

/// Length of the customer service window.
///
/// Counted from the person's last inbound message, not from ours.
/// Source: Meta, customer service windows (as of 2026-11).
pub const SERVICE_WINDOW: Millis = Millis::hours(24);

/// How old the person's own request may be when a one-time code answers it.
pub const CODE_REQUEST: Millis = Millis::minutes(10);

/// The form of an address, without the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum AddressShape {
    /// A phone number of so many digits.
    Phone {
        /// Digits after the `+`.
        digits: u32,
        /// Whether numbers of its country have so many; `None` where the number does not tell its
        /// country, and in records from before it was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whole: Option<bool>,
    },
    /// A business-scoped user id.
    UserId,
    /// Neither.
    Invalid,
}

impl AddressShape {
    /// Looks at an address again: one read from JSON need not have gone through the parser.
    #[must_use]
    pub fn of(to: &AddressKey) -> AddressShape {
        let text = to.as_str();
        if let Some(digits) = text.strip_prefix('+') {
            let plain =
                (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            return if plain {
                AddressShape::Phone {
                    digits: detect::count(digits.len()),
                    whole: to.is_whole(),
                }
            } else {
                AddressShape::Invalid
            };
        }
        let Some((country, rest)) = text.split_once('.') else {
            return AddressShape::Invalid;
        };
        let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
        let plain = country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=128).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric());
        if plain {
            AddressShape::UserId
        } else {
            AddressShape::Invalid
        }
    }
}

/// One proposal as the rules see it.
pub struct Case<'a> {
    /// Admission or dispatch.
    pub stage: Stage,
    /// The instant judged at; moves forward while a deferral is settled.
    pub now: Ts,
    /// Length of the idempotency key, in bytes.
    pub key_bytes: usize,
    /// To whom.
    pub contact: ContactId,
    /// What the address looks like.
    pub address: AddressShape,
    /// Who proposes.
    pub origin: &'a Origin,
    /// What for, as declared.
    pub declared: Purpose,
    /// What for, as the gate takes it: the strictest of what is declared and what the template is.
    pub purpose: Purpose,
    /// Word of the tenant's vocabulary.
    pub topic: Option<&'a str>,
    /// The inbound message it answers.
    pub answers: Option<&'a Answers>,
    /// When it was proposed.
    pub created_at: Ts,
    /// When it stops making sense.
    pub expires_at: Ts,
    /// Everything else a rule may know.
    pub facts: &'a Facts,
    /// The tenant's numbers.
    pub policy: &'a Policy,
    /// Where the person stands on this topic; `None` when the ledger could not be read.
    pub standing: Option<ConsentStanding>,
    /// Whether the content facts are those of this content.
    pub(crate) consistent: bool,
}

impl<'a> Case<'a> {
    /// From a proposal with its content.
    #[must_use]
    pub fn of(
        stage: Stage,
        proposal: &'a Proposal,
        facts: &'a Facts,
        policy: &'a Policy,
        now: Ts,
    ) -> Case<'a> {
        debug_assert_eq!(
            facts.content,
            detect::detect(&proposal.content),
            "facts.content must be what detect() found in this very content"
        );
        let purpose = strictest(proposal.purpose, facts);
        Case {
            stage,
            now,
            key_bytes: proposal.key.len(),
            contact: proposal.contact,
            address: AddressShape::of(&proposal.to),
            origin: &proposal.origin,
            declared: proposal.purpose,
            purpose,
            topic: proposal.topic.as_deref(),
            answers: proposal.answers.as_ref(),
            created_at: proposal.created_at,
            expires_at: proposal.expires_at,
            facts,
            policy,
            standing: stand(facts, proposal.topic.as_deref(), purpose),
            consistent: is_of(facts, &proposal.content),
        }
    }

    /// From a record, where the content is a hash and its facts.
    #[must_use]
    pub fn of_record(
        stage: Stage,
        proposal: &'a ProposalRecord,
        facts: &'a Facts,
        policy: &'a Policy,
        now: Ts,
    ) -> Case<'a> {
        let purpose = strictest(proposal.purpose, facts);
        Case {
            stage,
            now,
            key_bytes: usize::try_from(proposal.key_bytes).unwrap_or(usize::MAX),
            contact: proposal.contact,
            address: proposal.address,
            origin: &proposal.origin,
            declared: proposal.purpose,
            purpose,
            topic: proposal.topic.as_deref(),
            answers: proposal.answers.as_ref(),
            created_at: proposal.created_at,
            expires_at: proposal.expires_at,
            facts,
            policy,
            standing: stand(facts, proposal.topic.as_deref(), purpose),
            consistent: proposal.consistent,
        }
    }

    /// Whether it is a template.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.facts.content.kind == ContentKind::Template
    }

    /// The template as the registry knows it.
    #[must_use]
    pub fn template(&self) -> Option<&'a Template> {
        match &self.facts.template {
            TemplateFact::Found(template) if self.is_template() => Some(template),
            _ => None,
        }
    }

    /// The template as it was asked for.
    #[must_use]
    pub fn shape(&self) -> Option<&'a TemplateShape> {
        self.facts.content.template.as_ref()
    }

    /// Whether it is promotion.
    #[must_use]
    pub fn is_promotional(&self) -> bool {
        self.purpose == Purpose::Promotional
    }

    /// Whether it answers a message of the person within the grace period.
    ///
    /// Never a template, never a campaign, never promotion: those are the business's own idea even
    /// when they come after a question.
    #[must_use]
    pub fn is_direct_reply(&self) -> bool {
        let recent = self
            .answers
            .is_some_and(|a| self.now.since(a.at) <= self.policy.reply_grace_ms.0);
        recent
            && !self.is_template()
            && !self.is_promotional()
            && !matches!(self.origin, Origin::Campaign { .. })
    }

    /// When the person last wrote to this number, if known.
    #[must_use]
    pub fn last_inbound(&self) -> Option<Ts> {
        self.facts.window.known().and_then(|w| w.last_inbound_at)
    }

    /// When the service window closes; `None` when it never opened or cannot be told.
    #[must_use]
    pub fn window_closes_at(&self) -> Option<Ts> {
        self.last_inbound().map(|at| at + SERVICE_WINDOW)
    }

    /// Whether the person asked for a code within [`CODE_REQUEST`].
    #[must_use]
    pub fn asked_for_code(&self) -> bool {
        let fresh = |at: Ts| self.now.since(at) <= CODE_REQUEST.0;
        self.answers.is_some_and(|a| fresh(a.at)) || self.last_inbound().is_some_and(fresh)
    }

    /// Longest this message may be put off.
    #[must_use]
    pub const fn max_defer(&self) -> Millis {
        match self.purpose {
            Purpose::Promotional | Purpose::ConsentRequest => self.policy.max_defer_promotional_ms,
            Purpose::Transactional => self.policy.max_defer_transactional_ms,
            Purpose::Reply | Purpose::Authentication | Purpose::System => {
                self.policy.max_defer_reply_ms
            }
        }
    }
}

/// What a message is for as the gate takes it: the strictest of declared purpose and category.
///
/// A template the registry does not know keeps the declared purpose: `template.unknown` refuses it.
#[must_use]
pub fn effective_purpose(proposal: &Proposal, facts: &Facts) -> Purpose {
    strictest(proposal.purpose, facts)
}

fn strictest(declared: Purpose, facts: &Facts) -> Purpose {
    if facts.content.kind != ContentKind::Template {
        return declared;
    }
    match &facts.template {
        TemplateFact::Found(t) => declared.max(match t.category {
            TemplateCategory::Marketing => Purpose::Promotional,
            TemplateCategory::Utility => Purpose::Transactional,
            TemplateCategory::Authentication => Purpose::Authentication,
        }),
        TemplateFact::Missing { .. } | TemplateFact::NotATemplate => declared,
    }
}

fn stand(facts: &Facts, topic: Option<&str>, purpose: Purpose) -> Option<ConsentStanding> {
    facts.consent.known().map(|events| {
        if purpose >= Purpose::ConsentRequest {
            standing(events, topic)
        } else {
            standing_transactional(events, topic)
        }
    })
}

/// A cheap guard for release builds: the kind, and for templates the name, must agree.
pub(crate) fn is_of(facts: &Facts, content: &Content) -> bool {
    let kind = facts.content.kind == ContentKind::of(content);
    let name = match (content, &facts.content.template) {
        (Content::Template(send), Some(shape)) => detect::kept_name(&send.name) == shape.name,
        (Content::Template(_), None) | (_, Some(_)) => false,
        (_, None) => true,
    };
    kind && name && facts.content.detectors == detect::DETECTORS
}
