//! What makes a consent event proof: who asked, with which words, how the person answered.
//!
//! Source: `compliance-rules` B.1. Everything is optional: what nobody knows stays out, and is never
//! made up. Rules never see it, so it is not in decision records either.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{ImportId, OutboxId};

/// Proof of a consent event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsentProof {
    /// The name of the business as the person saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// The company behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_entity: Option<String>,
    /// What the words spoke of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ConsentChannel>,
    /// Which kinds of messages.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<ConsentCategory>,
    /// What for: offers, abandoned cart, surveys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// SHA-256 of the words shown: of the host's own wording with its buttons, or of `wording_text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wording_sha256: Option<String>,
    /// The words shown, where they are not a wording of the host's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wording_text: Option<String>,
    /// Address of the privacy notice in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_notice_url: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_notice_version: Option<String>,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<ConsentActor>,
    /// Who began the conversation about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiated_by: Option<Initiator>,
    /// On what ground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<ConsentBasis>,
    /// Whether a box was ticked beforehand. A grant with `true` is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_ticked: Option<bool>,
    /// Whether it came as part of a purchase. A grant with `true` is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundled_with_purchase: Option<bool>,
    /// The message that asked; its wamid is with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<OutboxId>,
    /// The form that was filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<FormEvidence>,
    /// The file it came with; its attestation is kept there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_id: Option<ImportId>,
    /// Age in years that the person declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_declared: Option<u8>,
    /// Who agreed for a minor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
    /// Words with which the person allowed messages outside the usual hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours_waiver: Option<String>,
}

impl ConsentProof {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == ConsentProof::default()
    }

    /// What the person did in the chat: their own act, no box, no purchase.
    #[must_use]
    pub fn in_chat(brand: Option<String>, initiated_by: Initiator) -> ConsentProof {
        ConsentProof {
            brand,
            channel: Some(ConsentChannel::Whatsapp),
            actor: Some(ConsentActor::Contact),
            initiated_by: Some(initiated_by),
            basis: Some(ConsentBasis::Consent),
            pre_ticked: Some(false),
            bundled_with_purchase: Some(false),
            ..ConsentProof::default()
        }
    }
}

/// What the words of a consent spoke of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentChannel {
    /// WhatsApp by name.
    Whatsapp,
    /// Messages in general.
    Any,
    /// E-mail only: no consent for WhatsApp.
    Email,
    /// SMS only: no consent for WhatsApp.
    Sms,
}

impl ConsentChannel {
    /// Whether it covers WhatsApp.
    #[must_use]
    pub const fn covers_whatsapp(self) -> bool {
        matches!(self, ConsentChannel::Whatsapp | ConsentChannel::Any)
    }
}

/// Kinds of messages, as Meta tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentCategory {
    /// Promotion.
    Marketing,
    /// About an order or an account.
    Utility,
    /// Codes.
    Authentication,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConsentActor {
    /// The person.
    Contact,
    /// Somebody of the shop, or its system, by the name of the token.
    Operator {
        /// Name.
        name: String,
    },
    /// The host by itself.
    System,
    /// A plugin.
    Plugin {
        /// Its id.
        id: String,
        /// Digest of its component.
        digest: String,
    },
}

/// Who began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initiator {
    /// The person.
    Consumer,
    /// The shop.
    Business,
}

/// On what ground messages go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentBasis {
    /// The person agreed.
    Consent,
    /// A contract needs it.
    Contract,
    /// A law needs it.
    LegalObligation,
    /// The shop's interest; never enough for promotion here.
    LegitimateInterest,
}

/// A form that was filled in on a page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormEvidence {
    /// Id of the submission in the shop's system.
    pub submission: String,
    /// Where the form stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Keyed hash of the address it came from; never the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_hash: Option<String>,
    /// What the browser called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// About a person: not for logs.
impl std::fmt::Debug for FormEvidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FormEvidence(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_written() {
        let empty = serde_json::to_string(&ConsentProof::default()).unwrap();
        assert_eq!(empty, "{}");
        assert!(
            serde_json::from_str::<ConsentProof>("{}")
                .unwrap()
                .is_empty()
        );
        let chat = ConsentProof::in_chat(None, Initiator::Consumer);
        let text = serde_json::to_string(&chat).unwrap();
        assert!(text.contains(r#""actor":{"kind":"contact"}"#), "{text}");
        assert_eq!(serde_json::from_str::<ConsentProof>(&text).unwrap(), chat);
    }
}
