//! What plugins are told of an event: read once, then cut to what each of them was granted.

use std::collections::BTreeSet;

use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEvent, ConsentScope, ConsentStanding, standing};
use portero_domain::ids::{CampaignId, ContactId};
use portero_domain::plugin::{
    CallMeta, ContactView, ConversationView, PluginKind, ReplyEvent, ReplyEventKind,
};
use portero_store::TenantTx;
use portero_store::model::{ClaimedEvent, ConversationRow, InstallationRow};

use crate::consult::{Who, handle};
use crate::context::Context;
use crate::error::FlowError;
use crate::grants::Effective;

/// Length of the service window.
const WINDOW: Millis = Millis::hours(24);
/// How long after a template a message or an opt-out counts as its answer; the figures count so too.
pub(crate) const REACH: Millis = Millis::hours(72);

/// What may be told about an event, read in one transaction.
pub(crate) struct Scene {
    pub(crate) who: Who,
    pub(crate) conversation: Option<ConversationRow>,
    /// Enabled replies plugins, in the operator's order.
    pub(crate) installations: Vec<InstallationRow>,
    attributes: Vec<(String, String)>,
    tags: Vec<String>,
    consent: Vec<ConsentEvent>,
    bot_messages_since_inbound: u32,
    campaign: Option<CampaignId>,
}

impl Scene {
    /// Reads it. `quoted`: for a message, Meta's id of the message it answers.
    pub(crate) async fn of(
        ctx: &Context,
        event: &ClaimedEvent,
        quoted: Option<Option<&str>>,
    ) -> Result<Option<Scene>, FlowError> {
        let mut tx = ctx.store.read().await?;
        let Some(who) = Who::of_event(&mut tx, event).await? else {
            return Ok(None);
        };
        let campaign = match quoted {
            Some(quoted) => {
                let mut tenant = tx.tenant(who.tenant.id);
                answered_campaign(&mut tenant, who.contact, event.received_at, quoted).await?
            }
            None => None,
        };
        let mut tenant = tx.tenant(who.tenant.id);
        let conversation = tenant.conversation(&who.number, who.contact).await?;
        let mut installations = tenant.installations().await?;
        installations.retain(|r| r.enabled && r.kind == PluginKind::Replies);
        installations.sort_by_key(|r| r.position);
        Ok(Some(Scene {
            attributes: tenant.attributes(who.contact).await?,
            tags: tenant.tags(who.contact).await?,
            consent: tenant.consent_events(who.contact).await?,
            bot_messages_since_inbound: tenant
                .bot_messages_since_inbound(&who.number, who.contact)
                .await?,
            campaign,
            conversation,
            installations,
            who,
        }))
    }

    /// The event as one installation is told it.
    pub(crate) fn told(
        &self,
        event: &ClaimedEvent,
        row: &InstallationRow,
        effective: &Effective,
        what: &ReplyEventKind,
        now: Ts,
    ) -> ReplyEvent {
        let who = &self.who;
        // An answer to a campaign's message says to which.
        let ext = self
            .campaign
            .iter()
            .map(|campaign| ("campaign".to_owned(), campaign.to_string()))
            .collect();
        ReplyEvent {
            meta: CallMeta {
                event_id: event.id.to_string(),
                now,
                timezone: who.tenant.timezone.clone(),
                language: who.language.code().to_owned(),
                ext,
            },
            contact: ContactView {
                handle: handle(&row.handle_key, who.contact),
                ..granted(effective, who.name.as_deref(), &self.attributes, &self.tags)
            },
            conversation: ConversationView {
                window_closes_at: self
                    .conversation
                    .as_ref()
                    .and_then(|c| c.window_at)
                    .map(|at| at + WINDOW)
                    .filter(|closes| now < *closes),
                topics_granted: topics_granted(&self.consent),
                bot_messages_since_inbound: self.bot_messages_since_inbound,
            },
            what: what.clone(),
        }
    }
}

/// The campaign a person's message answers: of the message it quotes, else of the last template
/// within [`REACH`].
pub(crate) async fn answered_campaign(
    tenant: &mut TenantTx<'_>,
    contact: ContactId,
    at: Ts,
    quoted: Option<&str>,
) -> Result<Option<CampaignId>, FlowError> {
    Ok(match quoted {
        Some(wamid) => tenant.campaign_of_wamid(wamid).await?,
        None => tenant.campaign_before(contact, at, REACH).await?,
    })
}

/// Of what we know of a person, what was granted: nothing that is not named.
fn granted(
    effective: &Effective,
    name: Option<&str>,
    attributes: &[(String, String)],
    tags: &[String],
) -> ContactView {
    ContactView {
        handle: String::new(),
        name: name.filter(|_| effective.reads("name")).map(str::to_owned),
        attributes: attributes
            .iter()
            .filter(|(key, _)| effective.reads(key))
            .cloned()
            .collect(),
        tags: if effective.reads("tags") {
            tags.to_vec()
        } else {
            Vec::new()
        },
    }
}

fn topics_granted(consent: &[ConsentEvent]) -> Vec<String> {
    let topics: BTreeSet<&str> = consent
        .iter()
        .filter_map(|e| match &e.scope {
            ConsentScope::Topic(t) => Some(t.as_str()),
            _ => None,
        })
        .collect();
    topics
        .into_iter()
        .filter(|t| matches!(standing(consent, Some(t)), ConsentStanding::Granted { .. }))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_sandbox::Manifest;

    fn effective(asked: &str, grants: &str) -> Effective {
        let manifest = format!(
            "id = \"ar.example.x\"\nversion = \"1.0.0\"\nkind = \"replies\"\nwit = \"0.1\"\n{asked}"
        );
        Effective::of(&Manifest::parse(&manifest).unwrap(), grants)
    }

    fn view(fields: &str, granted_fields: &str) -> ContactView {
        let asked = format!(
            "[[permission]]\nid = \"contacts.read\"\nreason = \"greet\"\nfields = {fields}\n"
        );
        let grants =
            format!("{{\"permissions\":[\"contacts.read\"],\"contact_fields\":{granted_fields}}}");
        let attributes =
            [("iban", "XX00"), ("size", "M")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        granted(
            &effective(&asked, &grants),
            Some("Ana"),
            &attributes,
            &["vip".to_owned()],
        )
    }

    #[test]
    fn only_what_was_asked_for_and_granted_is_told() {
        let all = r#"["name","tags","size","iban"]"#;
        let some = r#"["name","size"]"#;
        let told = view(some, all);
        assert_eq!(told.name.as_deref(), Some("Ana"));
        assert_eq!(told.attributes, [("size".to_owned(), "M".to_owned())]);
        assert!(told.tags.is_empty(), "not asked for");
        assert_eq!(view(all, some), told, "not granted");
        assert_eq!(view(all, "[]"), ContactView::default());
        assert_eq!(view(all, r#"["tags"]"#).tags, ["vip"]);
    }

    #[test]
    fn fields_without_the_permission_are_nothing() {
        let none = granted(
            &effective("", r#"{"contact_fields":["name","tags","size"]}"#),
            Some("Ana"),
            &[("size".to_owned(), "M".to_owned())],
            &["vip".to_owned()],
        );
        assert_eq!(none, ContactView::default());
    }
}
