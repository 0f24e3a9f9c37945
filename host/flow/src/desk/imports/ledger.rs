//! The consents of a file that was read to its end, into the ledger: a page at a time, each with the
//! page forgotten in the same commit, so that it goes on wherever it stopped.

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::ids::{ConsentEventId, ContactId};
use portero_domain::proof::{ConsentActor, ConsentBasis, ConsentProof};
use portero_store::StoreError;
use portero_store::model::{ImportRow, TenantRow};
use sha2::{Digest, Sha256};

use super::attest::Attestation;
use super::cut::ROWS;
use super::people::number;
use crate::context::Context;
use crate::error::FlowError;

/// Characters of a row's own words that are kept.
const WORDS_MAX: usize = 1_000;

/// Writes them; a dry run only counts.
pub(super) async fn write(
    ctx: &Context,
    tenant: &TenantRow,
    import: &ImportRow,
    attestation: &Attestation,
) -> Result<(), FlowError> {
    let zone = jiff::tz::TimeZone::get(&tenant.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
    loop {
        let now = ctx.now();
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(tenant.id);
        let page = of.import_consents(import.id, ROWS).await?;
        let Some(last) = page.last().map(|c| c.person.clone()) else {
            return Ok(());
        };
        let claimed = page.iter().filter_map(|c| Some((c, c.captured_at?)));
        let consents = number(claimed.clone().count());
        if !import.dry_run {
            let mut events = Vec::with_capacity(page.len());
            for (claim, at) in claimed {
                let contact: ContactId = claim.person.parse().map_err(|_| {
                    FlowError::Store(StoreError::NotFound {
                        what: "person of an import",
                    })
                })?;
                let id = ConsentEventId::new(&*ctx.ids, now);
                let words = claim
                    .wording
                    .as_deref()
                    .unwrap_or_else(|| attestation.words(at, &zone));
                let words = words.chars().take(WORDS_MAX).collect();
                let claim = Claimed {
                    line_no: claim.line_no,
                    at,
                    words,
                };
                events.push((contact, event(id, import, attestation, claim, now)));
            }
            of.append_consents(&events).await?;
            let people: Vec<ContactId> = events.iter().map(|(contact, _)| *contact).collect();
            of.mark_due(&people, now).await?;
        }
        of.done_import_consents(import.id, &last, consents).await?;
        tx.commit().await?;
    }
}

/// What a line claims, with the words of its day.
struct Claimed {
    line_no: u64,
    at: Ts,
    words: String,
}

/// A yes that the person still has to confirm.
fn event(
    id: ConsentEventId,
    import: &ImportRow,
    attestation: &Attestation,
    claim: Claimed,
    now: Ts,
) -> ConsentEvent {
    let Claimed { line_no, at, words } = claim;
    ConsentEvent {
        id,
        kind: ConsentEventKind::GrantedUnconfirmed,
        scope: ConsentScope::Topic(attestation.topic.clone()),
        promise: Some(attestation.promise),
        wording: None,
        language: None,
        source: ConsentSource::Import,
        evidence: format!(
            "{} line {}, {}; attested by {}",
            import.id, line_no, attestation.origin, attestation.who
        ),
        captured_at: at,
        received_at: now,
        expires_at: None,
        proof: ConsentProof {
            brand: attestation.brand.clone(),
            legal_entity: Some(attestation.legal_entity.clone()),
            channel: attestation.channel,
            categories: attestation.categories.clone(),
            wording_sha256: Some(hex::encode(Sha256::digest(words.as_bytes()))),
            wording_text: Some(words),
            privacy_notice_url: attestation.privacy_notice_url.clone(),
            privacy_notice_version: attestation.privacy_notice_version.clone(),
            actor: Some(ConsentActor::Operator {
                name: attestation.who.clone(),
            }),
            basis: Some(ConsentBasis::Consent),
            attestation_id: Some(import.id),
            ..ConsentProof::default()
        },
    }
}
