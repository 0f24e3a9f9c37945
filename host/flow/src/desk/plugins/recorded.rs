//! A call as it was recorded, for whoever may see the person it was about.

use portero_domain::ids::{ContactId, EventId, InstallationId, OutboxId, TenantId};
use portero_gate::record::DecisionRecord;
use portero_sandbox::Recording;
use portero_store::Tx;
use portero_store::model::RecordedCall;
use serde::Serialize;

use super::kept;
use crate::commit;
use crate::context::Context;
use crate::error::FlowError;
use crate::journal;

/// What the gate said of an action, when it was proposed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ActionVerdictView {
    /// Place of the action in the answer, from 0.
    pub action: u32,
    /// The message it became.
    #[schema(value_type = String)]
    pub message: OutboxId,
    /// `allow`, `defer`, `hold` or `deny`.
    pub verdict: String,
    /// The first decisive rule.
    pub rule: Option<String>,
}

/// A call as it was: what the plugin was told, asked and answered.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecordedCallView {
    /// Its id.
    pub id: String,
    /// The event it was about.
    #[schema(value_type = String)]
    pub event: EventId,
    /// The person it was about.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// When, RFC 3339.
    pub called_at: String,
    /// SHA-256 of the component that was called.
    pub digest: String,
    /// Version of that component.
    pub version: String,
    /// How it ended, as the host counts it.
    pub outcome: String,
    /// Country of the shop, two letters.
    pub country: String,
    /// Language of the shop's own words.
    pub language: String,
    /// Whether it can be run again.
    pub replayable: bool,
    /// `event` (what it was told), `asked` (questions to the host with their answers), `result`, and what the call
    /// was made with: `build`, `seed`, `granted`, `config`.
    #[schema(value_type = Object)]
    pub recording: Recording,
    /// What the gate said of its messages.
    pub verdicts: Vec<ActionVerdictView>,
}

/// Shows a recorded call.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such call of this plugin, when it was not recorded, or is not kept
/// any more; or the database.
pub async fn recorded(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
    event: EventId,
) -> Result<RecordedCallView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = kept::installation(&mut tx, tenant, id).await?;
    let call = tx
        .tenant(tenant)
        .recording(id, &row.journal_key, event)
        .await?
        .ok_or_else(|| FlowError::not_found("recorded call on", event))?;
    let recording = journal::read(&call.recording)?;
    let verdicts = records(&mut tx, tenant, id, &call, &recording).await?;
    let shop = tx.tenant(tenant).row().await?;
    let version = kept::manifest(&mut tx, &call.digest).await?.version;
    Ok(RecordedCallView {
        id: call.call_id,
        event: call.event,
        contact: call.contact,
        called_at: call.called_at.rfc3339(),
        digest: call.digest,
        version: version.to_string(),
        outcome: call.outcome,
        country: shop.country,
        language: shop.language.code().to_owned(),
        replayable: replayable(&recording),
        recording,
        verdicts: verdicts
            .into_iter()
            .map(|(action, message, record)| ActionVerdictView {
                action,
                message,
                verdict: record.judgement.verdict.as_str().to_owned(),
                rule: record.judgement.primary,
            })
            .collect(),
    })
}

/// Whether a call can be run again: all it heard is there, and it did not end by a fault of the host's.
pub(super) fn replayable(recording: &Recording) -> bool {
    recording.whole && recording.result.outcome != portero_sandbox::Outcome::HostBug.as_str()
}

/// Records of what the gate said of the answer, by the place of the action; those that are kept.
pub(super) async fn records(
    tx: &mut Tx,
    tenant: TenantId,
    id: InstallationId,
    call: &RecordedCall,
    recording: &Recording,
) -> Result<Vec<(u32, OutboxId, DecisionRecord)>, FlowError> {
    let actions = recording.result.actions.as_ref().map_or(0, Vec::len);
    let places = 0..u32::try_from(actions).unwrap_or(u32::MAX);
    let keys: Vec<String> = places.map(|at| commit::key(call.event, id, at)).collect();
    let rows = tx.tenant(tenant).verdicts_of_keys(&keys).await?;
    let mut found = Vec::with_capacity(rows.len());
    for (key, message, record) in rows {
        let record = serde_json::from_str(&record).map_err(|source| FlowError::Stored {
            what: "decision record",
            source,
        })?;
        let place = keys.iter().position(|k| *k == key);
        if let (Some(place), Ok(message)) = (place, message.parse()) {
            found.push((u32::try_from(place).unwrap_or(u32::MAX), message, record));
        }
    }
    found.sort_by_key(|(place, ..)| *place);
    Ok(found)
}
