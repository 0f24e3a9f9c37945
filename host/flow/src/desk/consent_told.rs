//! What a tenant's system tells about a person's consent: checked, kept with its proof, told on.

use std::collections::BTreeSet;

use portero_domain::clock::Ts;
use portero_domain::consent::{
    ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource, ConsentStanding, FrequencyPromise,
    standing,
};
use portero_domain::ids::{ConsentEventId, ContactId, TenantId};
use portero_domain::language::Language;
use portero_domain::proof::{
    ConsentActor, ConsentBasis, ConsentCategory, ConsentChannel, ConsentProof, FormEvidence,
    Initiator,
};
use portero_store::Tx;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::consent::wording_shown;
use crate::context::Context;
use crate::desk::contacts::{ContactView, get};
use crate::desk::messages::living_contact;
use crate::error::FlowError;
use crate::interpret;

/// Longest text of a proof, in bytes.
const TEXT_MAX_BYTES: usize = 4_096;
/// Most purposes of one consent.
const PURPOSES_MAX: usize = 20;

/// What a tenant's system tells about consent.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentRequest {
    /// `granted`, `granted_unconfirmed` (the person still has to confirm it in the chat) or `revoked`.
    pub event: ConsentWord,
    /// A topic; `*` for all promotion; absent with `revoked` for everything.
    #[serde(default)]
    pub topic: Option<String>,
    /// Most messages promised; needed when granted.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub promise: Option<FrequencyPromise>,
    /// Wording shown, `name@version` of the tenant's library. A grant names one or gives `wording_text`.
    #[serde(default)]
    pub wording: Option<String>,
    /// The very words the person saw, where they are not in the library.
    #[serde(default)]
    pub wording_text: Option<String>,
    /// `es`, `pt` or `en`: in which the words were shown.
    #[serde(default)]
    pub language: Option<String>,
    /// Proof: form id, recording, document. Never empty.
    pub evidence: String,
    /// When the person acted, RFC 3339; now when absent.
    #[serde(default)]
    pub captured_at: Option<String>,
    /// When the consent ends by itself, RFC 3339.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// Where a grant comes from; a list that was bought, rented, shared or scraped is kept as refused.
    #[serde(default)]
    pub origin: Option<ConsentOrigin>,
    /// The rest of the proof: who asked, where, on what ground. Kept and shown with the consent.
    #[serde(default)]
    pub proof: ProofRequest,
}

/// What makes a consent proof, as far as the tenant's system knows it. The host adds who told it and
/// the hash of the words.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProofRequest {
    /// Name of the business as the person saw it.
    pub brand: Option<String>,
    /// The company behind it.
    pub legal_entity: Option<String>,
    /// `whatsapp` or `any`; consent for `email` or `sms` is none for WhatsApp.
    #[schema(value_type = Option<String>)]
    pub channel: Option<ConsentChannel>,
    /// `marketing`, `utility`, `authentication`.
    #[schema(value_type = Vec<String>)]
    pub categories: BTreeSet<ConsentCategory>,
    /// What for, at most 20.
    pub purposes: Vec<String>,
    /// Address of the privacy notice in force.
    pub privacy_notice_url: Option<String>,
    /// Its version.
    pub privacy_notice_version: Option<String>,
    /// `consumer` or `business`.
    #[schema(value_type = Option<String>)]
    pub initiated_by: Option<Initiator>,
    /// `consent`, `contract`, `legal_obligation`, `legitimate_interest`.
    #[schema(value_type = Option<String>)]
    pub basis: Option<ConsentBasis>,
    /// Whether the box was ticked beforehand; `true` is refused.
    pub pre_ticked: Option<bool>,
    /// Whether it came as part of a purchase; `true` is refused.
    pub bundled_with_purchase: Option<bool>,
    /// The form: `submission`, `url`, `ip_hash`, `user_agent`.
    #[schema(value_type = Option<Object>)]
    pub form: Option<FormEvidence>,
    /// Age in years that the person declared.
    pub age_declared: Option<u8>,
    /// Who agreed for a minor.
    pub guardian: Option<String>,
    /// Words with which the person allowed messages outside the usual hours.
    pub hours_waiver: Option<String>,
}

/// Where a grant comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentOrigin {
    /// The person told this business: form, counter, call, chat.
    Person,
    /// The business's own older list, with its proof.
    OwnList,
    /// Bought.
    Purchased,
    /// Rented.
    Rented,
    /// Of a partner, or swapped.
    Partner,
    /// Collected from pages.
    Scraped,
    /// Of a public directory.
    PublicDirectory,
    /// Members of a WhatsApp group.
    GroupMembers,
}

impl ConsentOrigin {
    /// Whether it is no proof whatever else is said.
    #[must_use]
    pub const fn is_refused(self) -> bool {
        !matches!(self, ConsentOrigin::Person | ConsentOrigin::OwnList)
    }
}

/// Words of [`ConsentRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentWord {
    /// The person said yes.
    Granted,
    /// Somebody says that the person said yes.
    GrantedUnconfirmed,
    /// The person withdrew.
    Revoked,
}

impl ProofRequest {
    /// Refuses what is no proof, and what is too long.
    fn check(&self, grants: bool) -> Result<(), FlowError> {
        let texts = [
            ("proof.brand", &self.brand),
            ("proof.legal_entity", &self.legal_entity),
            ("proof.privacy_notice_url", &self.privacy_notice_url),
            ("proof.privacy_notice_version", &self.privacy_notice_version),
            ("proof.guardian", &self.guardian),
            ("proof.hours_waiver", &self.hours_waiver),
        ];
        for (field, text) in texts {
            fits(field, text.as_deref())?;
        }
        if let Some(form) = &self.form {
            for text in [Some(&form.submission), form.url.as_ref()] {
                fits("proof.form", text.map(String::as_str))?;
            }
            for text in [&form.ip_hash, &form.user_agent] {
                fits("proof.form", text.as_deref())?;
            }
        }
        if self.purposes.len() > PURPOSES_MAX {
            return Err(FlowError::bad(
                "proof.purposes",
                format!("at most {PURPOSES_MAX}"),
            ));
        }
        for purpose in &self.purposes {
            fits("proof.purposes", Some(purpose))?;
        }
        if !grants {
            return Ok(());
        }
        let promotes = self.categories.contains(&ConsentCategory::Marketing);
        let why = if self.pre_ticked == Some(true) {
            (
                "proof.pre_ticked",
                "a box that was ticked beforehand is no consent; ask the person",
            )
        } else if self.bundled_with_purchase == Some(true) {
            (
                "proof.bundled_with_purchase",
                "consent as part of a purchase is none; ask the person by itself",
            )
        } else if self.channel.is_some_and(|c| !c.covers_whatsapp()) {
            (
                "proof.channel",
                "consent for e-mail or SMS is none for WhatsApp; ask the person when they write",
            )
        } else if promotes && self.basis == Some(ConsentBasis::LegitimateInterest) {
            (
                "proof.basis",
                "promotion needs the person's consent, an interest of the shop is not enough",
            )
        } else {
            return Ok(());
        };
        Err(FlowError::bad(why.0, why.1))
    }

    fn into_proof(self, actor: ConsentActor) -> ConsentProof {
        ConsentProof {
            brand: self.brand,
            legal_entity: self.legal_entity,
            channel: self.channel,
            categories: self.categories,
            purposes: self.purposes,
            privacy_notice_url: self.privacy_notice_url,
            privacy_notice_version: self.privacy_notice_version,
            actor: Some(actor),
            initiated_by: self.initiated_by,
            basis: self.basis,
            pre_ticked: self.pre_ticked,
            bundled_with_purchase: self.bundled_with_purchase,
            form: self.form,
            age_declared: self.age_declared,
            guardian: self.guardian,
            hours_waiver: self.hours_waiver,
            ..ConsentProof::default()
        }
    }
}

fn fits(field: &'static str, text: Option<&str>) -> Result<(), FlowError> {
    match text {
        Some(text) if text.trim().is_empty() || text.len() > TEXT_MAX_BYTES => Err(FlowError::bad(
            field,
            format!("1 to {TEXT_MAX_BYTES} bytes, or leave it out"),
        )),
        _ => Ok(()),
    }
}

/// Appends what the tenant's system knows about a person's consent; `actor` is whoever told it.
///
/// # Errors
/// Bad input (no evidence; a grant without promise or without the words that were shown; what is no
/// consent by law), [`FlowError::NotFound`], or the database.
pub async fn record(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
    request: &ConsentRequest,
    actor: ConsentActor,
) -> Result<ContactView, FlowError> {
    if request.evidence.trim().is_empty() {
        return Err(FlowError::bad(
            "evidence",
            "say where the proof is: form id, recording, document",
        ));
    }
    let granted = request.event != ConsentWord::Revoked;
    let refused = request.origin.is_some_and(ConsentOrigin::is_refused);
    if granted && request.promise.is_none() {
        return Err(FlowError::bad(
            "promise",
            "a grant needs the frequency that was promised, e.g. {\"max\":2,\"per\":\"week\"}",
        ));
    }
    request.proof.check(granted && !refused)?;
    fits("wording_text", request.wording_text.as_deref())?;
    let scope = match (request.topic.as_deref(), granted) {
        (Some("*"), _) => ConsentScope::Promotional,
        (Some(topic), _) => ConsentScope::Topic(topic.to_owned()),
        (None, false) => ConsentScope::All,
        (None, true) => return Err(FlowError::bad("topic", "a grant names its topic, or `*`")),
    };
    let now = ctx.now();
    let captured_at = match &request.captured_at {
        Some(text) => Ts::parse_rfc3339(text)
            .map_err(|_| FlowError::bad("captured_at", "not an RFC 3339 instant"))?,
        None => now,
    };
    if captured_at > now {
        return Err(FlowError::bad("captured_at", "lies in the future"));
    }
    let expires_at = match &request.expires_at {
        Some(text) => Some(
            Ts::parse_rfc3339(text)
                .map_err(|_| FlowError::bad("expires_at", "not an RFC 3339 instant"))?,
        ),
        None => None,
    };
    let mut event = ConsentEvent {
        id: ConsentEventId::new(&*ctx.ids, now),
        kind: match request.event {
            ConsentWord::Revoked => ConsentEventKind::Revoked,
            _ if refused => ConsentEventKind::ImportRefused,
            ConsentWord::Granted => ConsentEventKind::Granted,
            ConsentWord::GrantedUnconfirmed => ConsentEventKind::GrantedUnconfirmed,
        },
        scope: scope.clone(),
        promise: request.promise,
        wording: request.wording.clone(),
        language: None,
        source: match request.origin {
            None | Some(ConsentOrigin::Person) => ConsentSource::Api,
            Some(_) => ConsentSource::Import,
        },
        evidence: request.evidence.clone(),
        captured_at,
        received_at: now,
        expires_at,
        proof: request.proof.clone().into_proof(actor),
    };
    let mut tx = ctx.store.write().await?;
    let contact = living_contact(&mut tx, tenant, who).await?;
    words_shown(&mut tx, tenant, request, granted && !refused, &mut event).await?;
    tx.tenant(tenant).append_consent(contact, &event).await?;
    if !granted {
        let only_promotional = scope != ConsentScope::All;
        tx.tenant(tenant)
            .cancel_queued(contact, only_promotional, "consent.revoked", now)
            .await?;
    }
    tell_plugins(ctx, &mut tx, tenant, contact, &event).await?;
    tx.commit().await?;
    ctx.touched();
    get(ctx, tenant, &contact.to_string()).await
}

/// The words of the library that are named, or those that are attached, with their hash.
async fn words_shown(
    tx: &mut Tx,
    tenant: TenantId,
    request: &ConsentRequest,
    needed: bool,
    event: &mut ConsentEvent,
) -> Result<(), FlowError> {
    event.language =
        match request.language.as_deref() {
            None => None,
            Some(tag) => Some(Language::from_tag(tag).ok_or_else(|| {
                FlowError::bad("language", format!("`{tag}` is none of es, pt, en"))
            })?),
        };
    if let Some(text) = &request.wording_text {
        event.proof.wording_sha256 = Some(hex::encode(Sha256::digest(text.as_bytes())));
        event.proof.wording_text = Some(text.clone());
        return Ok(());
    }
    let Some(name) = request.wording.as_deref() else {
        return if needed {
            Err(FlowError::bad(
                "wording",
                "a grant names the words that were shown: `name@version` of the wording library, or the words \
                 themselves in `wording_text`",
            ))
        } else {
            Ok(())
        };
    };
    let language = match event.language {
        Some(language) => language,
        None => tx.tenant(tenant).row().await?.language,
    };
    let shown = wording_shown(tx, tenant, name, language).await?;
    match shown {
        Some(w) if event.language.is_none_or(|l| l == w.language) => {
            event.proof.wording_sha256 = Some(w.sha256());
            event.language = Some(w.language);
            Ok(())
        }
        _ if needed => Err(FlowError::bad(
            "wording",
            format!(
                "the library has no `{name}` in that language; name a version it has, or attach the words in \
                 `wording_text`"
            ),
        )),
        _ => Ok(()),
    }
}

/// Plugins hear of what stands, as they hear of a word in the chat: a yes that nobody confirmed, that
/// was refused, or that an opt-out outweighs is none.
async fn tell_plugins(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
    event: &ConsentEvent,
) -> Result<(), FlowError> {
    let (topic, state) = match event.kind {
        ConsentEventKind::Revoked => interpret::revoked(&event.scope),
        ConsentEventKind::Granted => {
            let topic = match &event.scope {
                ConsentScope::Topic(topic) => Some(topic.as_str()),
                _ => None,
            };
            let events = tx.tenant(tenant).consent_events(contact).await?;
            if !matches!(standing(&events, topic), ConsentStanding::Granted { .. }) {
                return Ok(());
            }
            (topic.unwrap_or("*").to_owned(), "granted")
        }
        _ => return Ok(()),
    };
    // A plugin keeps its memory by person, whichever number: one event is enough.
    let numbers = tx.tenant(tenant).numbers().await?;
    if let Some(number) = numbers.first() {
        let whom = (tenant, &number.id, contact);
        let cause = event.id.to_string();
        interpret::tell_consent(ctx, tx, whom, &cause, &topic, state).await?;
    }
    Ok(())
}
