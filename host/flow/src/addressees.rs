//! From a person of an audience to the proposal a campaign makes them, or why there is none.

use std::collections::{BTreeMap, HashMap};

use portero_domain::campaign::{CampaignDefinition, ValueSource, fill};
use portero_domain::clock::Ts;
use portero_domain::content::{Content, MediaSource, Param, ParamValue};
use portero_domain::ids::{ContactId, IdSource, OutboxId};
use portero_domain::proposal::{Class, Origin, Proposal};
use portero_domain::template::Template;
use portero_store::model::{Addressee, CampaignRow};

use crate::judge;

/// Left out: no value for a slot.
pub(crate) const VALUES_MISSING: &str = "values.missing";
/// Left out: no address that a message could go to.
pub(crate) const ADDRESS_MISSING: &str = "address.missing";

/// Left out: was in the audience when it was fixed, and is not any more.
pub(crate) const AUDIENCE_LEFT: &str = "audience.left";

/// Words of a plugin, by person and slot.
pub(crate) type Words = HashMap<ContactId, BTreeMap<String, String>>;

/// What became of one person.
pub(crate) enum Made {
    /// A proposal.
    Proposal(Box<Proposal>),
    /// Nothing to propose.
    LeftOut {
        contact: ContactId,
        rule: &'static str,
        slots: Vec<String>,
    },
}

/// The values of one person, as far as there are any.
pub(crate) fn values(
    definition: &CampaignDefinition,
    person: &Addressee,
    words: &Words,
) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (slot, source) in &definition.values {
        let value = match source {
            ValueSource::Fixed { text } => Some(text.clone()),
            ValueSource::Name { fallback } => person.name.clone().or_else(|| fallback.clone()),
            ValueSource::Attribute { key, fallback } => person
                .attributes
                .get(key)
                .cloned()
                .or_else(|| fallback.clone()),
            ValueSource::Personalise { .. } => words
                .get(&person.contact)
                .and_then(|w| w.get(slot))
                .cloned(),
        };
        if let Some(value) = value.filter(|v| !v.trim().is_empty()) {
            out.insert(slot.clone(), value);
        }
    }
    out
}

/// Makes the proposal of one person; the same person has the same key whenever it is made.
pub(crate) fn make(
    ids: &dyn IdSource,
    campaign: &CampaignRow,
    template: &Template,
    person: &Addressee,
    words: &Words,
    at: Ts,
) -> Made {
    let definition = &campaign.definition;
    let Some(to) = person.to.clone() else {
        return Made::LeftOut {
            contact: person.contact,
            rule: ADDRESS_MISSING,
            slots: Vec::new(),
        };
    };
    let values = values(definition, person, words);
    let send = match fill(
        &definition.template,
        &definition.language,
        &template.slots,
        &values,
    ) {
        Ok(send) => send,
        Err(slots) => {
            return Made::LeftOut {
                contact: person.contact,
                rule: VALUES_MISSING,
                slots,
            };
        }
    };
    Made::Proposal(Box::new(Proposal {
        id: OutboxId::new(ids, at),
        key: format!("campaign:{}:{}", campaign.id, person.contact),
        tenant: campaign.tenant,
        sender: definition.phone_number_id.clone(),
        contact: person.contact,
        to,
        origin: Origin::Campaign {
            campaign: campaign.id,
        },
        purpose: definition.purpose,
        topic: definition.topic.clone(),
        own_key: None,
        class: Class::Campaign,
        answers: None,
        content: Content::Template(send),
        created_at: at,
        expires_at: judge::default_expiry(definition.purpose, at),
    }))
}

/// What is read around the body: header, footer, buttons with where they lead.
pub(crate) struct Frame {
    pub(crate) header: Option<String>,
    pub(crate) footer: Option<String>,
    pub(crate) buttons: Vec<String>,
}

/// What the person would read around the body.
pub(crate) fn frame(template: &Template, content: &Content) -> Frame {
    let (slots, Content::Template(send)) = (&template.slots, content) else {
        return Frame {
            header: None,
            footer: None,
            buttons: Vec::new(),
        };
    };
    let around = slots.around.clone().unwrap_or_default();
    let given = |param: &Param| match &param.value {
        ParamValue::Text { text } => text.clone(),
        ParamValue::Media { source, .. } => match source {
            MediaSource::Link(link) => link.clone(),
            MediaSource::Id(id) => id.clone(),
        },
    };
    let first = send.header.first().map(given);
    let header = match (&slots.header_text, around.header, first) {
        (Some(slot), Some(text), Some(value)) => {
            Some(text.replace(&format!("{{{{{slot}}}}}"), &value))
        }
        (_, Some(text), _) => Some(text),
        (_, None, media) => media,
    };
    let buttons = around
        .buttons
        .iter()
        .enumerate()
        .map(|(at, (words, leads))| {
            let value = send
                .buttons
                .iter()
                .find(|b| usize::from(b.index) == at)
                .map(|b| given(&b.value));
            let leads = match (leads, value) {
                (Some(leads), Some(value)) => Some(leads.replace("{{1}}", &value)),
                (Some(leads), None) => Some(leads.clone()),
                (None, value) => value,
            };
            match leads {
                Some(leads) => format!("{words} ({leads})"),
                None => words.clone(),
            }
        });
    Frame {
        header,
        footer: around.footer,
        buttons: buttons.collect(),
    }
}

/// The body as the person would read it.
pub(crate) fn render(template: &Template, content: &Content) -> String {
    let Content::Template(send) = content else {
        return String::new();
    };
    let mut text = template.body.clone();
    for (slot, param) in template.slots.body.iter().zip(&send.body) {
        if let ParamValue::Text { text: value } = &param.value {
            text = text.replace(&format!("{{{{{slot}}}}}"), value);
        }
    }
    text
}
