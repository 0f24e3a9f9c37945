//! One person's consent: where they stand on each topic, with its proof, and what was sent.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentStanding, FrequencyPromise};
use portero_domain::ids::{CampaignId, ContactId, TenantId};
use serde::Serialize;

use crate::context::Context;
use crate::desk::messages::find_contact;
use crate::error::FlowError;
use crate::permissions::{self, TopicStanding};

/// Everything on record about one person's consent.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ConsentsView {
    /// Who.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// Where they stand, by topic.
    pub topics: Vec<TopicView>,
    /// WhatsApp's own marketing stop, since when (RFC 3339).
    pub marketing_stopped_since: Option<String>,
    /// Messages sent in the last 30 days, by purpose.
    pub sent_30_days: BTreeMap<String, u64>,
    /// Every event of the ledger, oldest first.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<ConsentEvent>,
    /// Every address with the time it was theirs.
    pub addresses: Vec<AddressView>,
    /// The campaigns that wrote to them, and why; newest first.
    pub campaigns: Vec<CampaignOfPerson>,
}

/// A campaign that wrote to a person, or was about to.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CampaignOfPerson {
    /// Which.
    #[schema(value_type = String)]
    pub campaign: CampaignId,
    /// Its name.
    pub name: String,
    /// Why these people get it, in the shop's words.
    pub why: String,
    /// Why the segment had this person when the audience was fixed, in the plugin's words.
    pub reason: Option<String>,
    /// State of the message.
    pub state: String,
    /// When it was sent, or proposed, RFC 3339.
    pub at: String,
}

/// Where a person stands on one topic, and by what.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TopicView {
    /// The topic; `*` is promotion in general.
    pub topic: String,
    /// `unknown`, `requested`, `granted`, `declined`, `revoked`, …
    #[schema(value_type = Object)]
    pub standing: ConsentStanding,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// Wording shown, `name@version`.
    pub wording: Option<String>,
    /// Promised frequency.
    #[schema(value_type = Option<Object>)]
    pub promise: Option<FrequencyPromise>,
    /// How it reached us.
    #[schema(value_type = Option<String>)]
    pub source: Option<portero_domain::consent::ConsentSource>,
    /// The proof.
    pub evidence: Option<String>,
}

/// An address and the time it was a person's.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AddressView {
    /// Canonical spelling.
    pub address: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Until when, RFC 3339; absent while it is theirs.
    pub until: Option<String>,
}

fn topic(one: TopicStanding, events: &[ConsentEvent]) -> TopicView {
    let (by, since) = match &one.standing {
        ConsentStanding::Granted { by, at, .. }
        | ConsentStanding::Revoked { by, at, .. }
        | ConsentStanding::Unconfirmed { by, at } => (Some(*by), Some(*at)),
        ConsentStanding::Requested { at } | ConsentStanding::Declined { at } => (None, Some(*at)),
        _ => (None, None),
    };
    let event = events.iter().find(|e| match by {
        Some(by) => e.id == by,
        None => Some(e.captured_at) == since,
    });
    TopicView {
        topic: one.topic.unwrap_or_else(|| "*".to_owned()),
        since: since.map(Ts::rfc3339),
        wording: event.and_then(|e| e.wording.clone()),
        promise: event.and_then(|e| e.promise),
        source: event.map(|e| e.source),
        evidence: event.map(|e| e.evidence.clone()),
        standing: one.standing,
    }
}

/// The consents of one person.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), bad input, or the database.
pub async fn get(ctx: &Context, tenant: TenantId, who: &str) -> Result<ConsentsView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let contact = find_contact(&mut tx, tenant, who).await?;
    let record = permissions::on_record(&mut tx, tenant, contact, ctx.now()).await?;
    let addresses = tx
        .tenant(tenant)
        .alias_history(contact)
        .await?
        .into_iter()
        .map(|(address, since, until)| AddressView {
            address: address.as_str().to_owned(),
            since: since.rfc3339(),
            until: until.map(Ts::rfc3339),
        })
        .collect();
    Ok(ConsentsView {
        contact,
        topics: record
            .topics
            .into_iter()
            .map(|t| topic(t, &record.events))
            .collect(),
        marketing_stopped_since: record.meta_stop.map(Ts::rfc3339),
        sent_30_days: record.sent.into_iter().collect(),
        events: record.events,
        addresses,
        campaigns: record
            .campaigns
            .into_iter()
            .map(|c| CampaignOfPerson {
                campaign: c.id,
                name: c.definition.name,
                why: c.definition.why,
                reason: c.reason,
                state: c.state.as_str().to_owned(),
                at: c.at.rfc3339(),
            })
            .collect(),
    })
}
