//! A message as a plugin proposes it: made alike for the judgement and for a preview of it.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::content::Content;
use portero_domain::ids::{ContactId, OutboxId, PhoneNumberId, TenantId};
use portero_domain::plugin::SendAction;
use portero_domain::proposal::{Answers, Origin, Proposal, Purpose};
use portero_gate::facts::PluginFacts;
use portero_store::model::{AboutCart, InstallationRow};

use crate::consult::Who;
use crate::grants::Effective;
use crate::judge;

/// The pair of a proposal's `ext` that holds the plugin's own key.
pub(crate) const OWN_KEY: &str = "key";

/// What the proposals of one call have in common.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    tenant: TenantId,
    sender: PhoneNumberId,
    contact: ContactId,
    to: AddressKey,
    row: InstallationRow,
    effective: Effective,
    answers: Option<Answers>,
    about: Option<AboutCart>,
    generation: u8,
}

impl Draft {
    /// `answers`: the message that the call answers; `generation`: 1 when its event is a verdict.
    pub(crate) fn of(
        who: &Who,
        row: &InstallationRow,
        effective: &Effective,
        answers: Option<Answers>,
        generation: u8,
    ) -> Draft {
        Draft {
            tenant: who.tenant.id,
            sender: who.number.clone(),
            contact: who.contact,
            to: who.to.clone(),
            row: row.clone(),
            effective: effective.clone(),
            answers,
            about: None,
            generation,
        }
    }

    /// The same, about a cart.
    pub(crate) fn about(mut self, about: Option<AboutCart>) -> Draft {
        self.about = about;
        self
    }

    /// The cart whose news is answered.
    pub(crate) fn cart(&self) -> Option<&AboutCart> {
        self.about.as_ref()
    }

    /// Whom it is about.
    pub(crate) fn contact(&self) -> ContactId {
        self.contact
    }

    /// The proposal, at place `index` of the call's actions.
    pub(crate) fn proposal(
        &self,
        id: OutboxId,
        key: String,
        index: u32,
        send: SendAction,
        now: Ts,
    ) -> Proposal {
        Proposal {
            id,
            key,
            tenant: self.tenant,
            sender: self.sender.clone(),
            contact: self.contact,
            to: self.to.clone(),
            origin: Origin::Plugin {
                installation: self.row.id,
                plugin: self.row.plugin_id.clone(),
                digest: self.row.digest.clone(),
                action_index: index,
                generation: self.generation,
            },
            class: judge::class_of(&send.content, send.purpose),
            purpose: send.purpose,
            own_key: own_key(&send),
            topic: send.topic,
            answers: self.answers.clone(),
            expires_at: expiry(&send.content, send.purpose, now),
            content: send.content,
            created_at: now,
        }
    }

    /// The plugin's facts, after `proposed` proposals of this call.
    pub(crate) fn facts(&self, proposed: u32) -> PluginFacts {
        PluginFacts {
            kind: self.row.kind.as_str().to_owned(),
            capabilities: self.effective.permissions.clone(),
            templates: self.effective.templates.clone(),
            event_contact: Some(self.contact),
            reacts_to_theirs: None,
            proposals_this_call: proposed,
            proposals_contact_hour: 0,
            proposals_minute: 0,
            categories: Some(self.effective.categories.clone()),
            max_contact_day: self.effective.max_per_contact_per_day,
            messages_contact_day: 0,
        }
    }
}

/// Only the host words a consent question (ask-consent): a plugin's own text under that purpose is an
/// answer like any other, and its `portero:yes` is refused.
pub(crate) fn own_words(mut send: SendAction) -> SendAction {
    if send.purpose == Purpose::ConsentRequest {
        send.purpose = Purpose::Reply;
    }
    send
}

/// What the plugin calls its message; `bounds` has seen it.
fn own_key(send: &SendAction) -> Option<String> {
    let (_, key) = send.ext.iter().find(|(name, _)| name == OWN_KEY)?;
    Some(key.clone())
}

/// A template outlives the moment; a free-form answer does not.
fn expiry(content: &Content, purpose: Purpose, now: Ts) -> Ts {
    match (content.is_template(), purpose) {
        (true, Purpose::Reply) => judge::default_expiry(Purpose::Transactional, now),
        _ => judge::default_expiry(purpose, now),
    }
}
