//! What is kept of a judgement: enough to judge again without a database and without the text.
//!
//! Source: `compliance-rules` F.

mod canonical;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use portero_domain::clock::Ts;
use portero_domain::content::Content;
use portero_domain::ids::{ContactId, OutboxId, PhoneNumberId, TenantId};
use portero_domain::proposal::{Answers, Class, Origin, Proposal, Purpose};

use crate::case::{AddressShape, Case};
use crate::detect::{self, DETECTORS};
use crate::facts::Facts;
use crate::judge;
use crate::judgement::{Judgement, Stage};
use crate::policy::Policy;
use crate::rules::RULES;

pub use canonical::canonical_json;

/// Hash over rule ids, rule versions, detectors and this crate's version: what made a verdict.
pub static RULESET_HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(format!("\ndetectors {DETECTORS}\n"));
    for rule in RULES {
        hash.update(format!("{} {}\n", rule.about().id, rule.about().version));
    }
    hex::encode(hash.finalize())
});

/// Hash of a content: SHA-256 over its canonical JSON, lower-case hex.
#[must_use]
pub fn content_hash(content: &Content) -> String {
    hash_of(&canonical_json(content))
}

/// What a record holds instead of an id of Meta's, which has the person's number in it. The id holds
/// enough that is random for nobody to find it by trying; whoever has it finds its mark again.
#[must_use]
pub fn mark(wamid: &str) -> String {
    let hash = hash_of(wamid);
    format!("wamid#{}", hash.get(..32).unwrap_or(&hash))
}

fn hash_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A proposal without its text, its address and its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalRecord {
    /// Its row in the outbox.
    pub id: OutboxId,
    /// SHA-256 of the idempotency key, hex: callers put order and phone numbers into keys.
    pub key_hash: String,
    /// Length of the key in bytes.
    pub key_bytes: u64,
    /// Whose message.
    pub tenant: TenantId,
    /// From which number.
    pub sender: PhoneNumberId,
    /// To whom.
    pub contact: ContactId,
    /// What the address looked like.
    pub address: AddressShape,
    /// Who proposed.
    pub origin: Origin,
    /// What for, as declared.
    pub purpose: Purpose,
    /// Topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Queue it travelled in.
    pub class: Class,
    /// The inbound message it answered, its wamid as [`mark`] has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// [`content_hash`] of the content.
    pub content_hash: String,
    /// Whether the content facts were those of the content.
    pub consistent: bool,
    /// When it was proposed.
    pub created_at: Ts,
    /// When it stops making sense.
    pub expires_at: Ts,
}

impl ProposalRecord {
    /// What is kept of a proposal.
    #[must_use]
    pub fn of(proposal: &Proposal, facts: &Facts) -> ProposalRecord {
        ProposalRecord {
            id: proposal.id,
            key_hash: hash_of(&proposal.key),
            key_bytes: u64::from(detect::count(proposal.key.len())),
            tenant: proposal.tenant,
            sender: proposal.sender.clone(),
            contact: proposal.contact,
            address: AddressShape::of(&proposal.to),
            origin: proposal.origin.clone(),
            purpose: proposal.purpose,
            topic: proposal.topic.clone(),
            class: proposal.class,
            answers: proposal.answers.clone().map(|answers| Answers {
                wamid: answers.wamid.as_deref().map(mark),
                ..answers
            }),
            content_hash: content_hash(&proposal.content),
            consistent: crate::case::is_of(facts, &proposal.content),
            created_at: proposal.created_at,
            expires_at: proposal.expires_at,
        }
    }
}

/// One judgement with all it was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// Version of this form.
    pub form: u32,
    /// Admission or dispatch.
    pub stage: Stage,
    /// The proposal without its text.
    pub proposal: ProposalRecord,
    /// The facts as seen, content facts included.
    pub facts: Facts,
    /// The policy's numbers.
    pub policy: Policy,
    /// Which revision of the policy that was.
    pub policy_revision: String,
    /// [`RULESET_HASH`] of the build that judged.
    pub ruleset: String,
    /// SHA-256 of the plugin's component, when a plugin proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_digest: Option<String>,
    /// The verdict and its reasons.
    pub judgement: Judgement,
}

/// A record judged again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Whether the judgement is the recorded one, finding by finding.
    pub same: bool,
    /// The judgement of this build.
    pub judgement: Judgement,
    /// Whether this build has the rules that judged; if not, it *re-judges* and may well differ.
    pub same_ruleset: bool,
}

impl DecisionRecord {
    /// Of one judgement.
    #[must_use]
    pub fn new(
        proposal: &Proposal,
        facts: &Facts,
        policy: &Policy,
        policy_revision: &str,
        judgement: &Judgement,
    ) -> DecisionRecord {
        let plugin_digest = match &proposal.origin {
            Origin::Plugin { digest, .. } => Some(digest.clone()),
            Origin::Api { .. } | Origin::Campaign { .. } | Origin::Host { .. } => None,
        };
        DecisionRecord {
            form: 1,
            stage: judgement.stage,
            proposal: ProposalRecord::of(proposal, facts),
            facts: facts.clone(),
            policy: policy.clone(),
            policy_revision: policy_revision.to_owned(),
            ruleset: RULESET_HASH.clone(),
            plugin_digest,
            judgement: judgement.clone(),
        }
    }

    /// JSON with sorted keys and no spaces: the same record is the same text everywhere.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        canonical_json(self)
    }

    /// SHA-256 over [`DecisionRecord::canonical_json`], lower-case hex.
    #[must_use]
    pub fn hash(&self) -> String {
        hash_of(&self.canonical_json())
    }

    /// The canonical JSON and its hash: half the work of asking for both.
    #[must_use]
    pub fn json_and_hash(&self) -> (String, String) {
        let json = self.canonical_json();
        let hash = hash_of(&json);
        (json, hash)
    }
}

/// Judges a record again from what it holds.
#[must_use]
pub fn replay(record: &DecisionRecord) -> Replay {
    let judgement = judge_under(record, &record.policy);
    Replay {
        same: judgement == record.judgement,
        same_ruleset: record.ruleset == *RULESET_HASH,
        judgement,
    }
}

/// What this build says of a record under another policy: the proposal, the facts and the instant stay
/// as they were.
#[must_use]
pub fn judge_under(record: &DecisionRecord, policy: &Policy) -> Judgement {
    let case = Case::of_record(
        record.stage,
        &record.proposal,
        &record.facts,
        policy,
        record.judgement.at,
    );
    judge::run(case, None)
}

/// Judges a record again as if one rule did not exist: shows that a verdict needed it.
#[must_use]
pub fn replay_without(record: &DecisionRecord, rule: &str) -> Judgement {
    let case = Case::of_record(
        record.stage,
        &record.proposal,
        &record.facts,
        &record.policy,
        record.judgement.at,
    );
    judge::run(case, Some(rule))
}

#[cfg(all(test, not(feature = "allow-everything")))]
mod tests;
