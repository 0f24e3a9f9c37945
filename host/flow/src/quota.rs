//! What an installation may remember: past it, a call has failed, with everything it wanted.

use portero_domain::clock::{Millis, Ts};
use portero_sandbox::{CallReport, Outcome};
use portero_store::Tx;
use portero_store::model::{InstallationRow, StoredKvWrite};

use crate::consult::Who;
use crate::error::FlowError;

/// Most an installation may keep, keys included.
pub(crate) const KV_QUOTA_BYTES: u64 = 16 * 1024 * 1024;

/// The kv writes of a call, to be kept with its actions. A call that would keep too much becomes a
/// failed one: its actions might rest on what it could not remember.
pub(crate) async fn keep_or_fail<T>(
    tx: &mut Tx,
    who: &Who,
    row: &InstallationRow,
    report: &mut CallReport<T>,
    now: Ts,
) -> Result<Vec<StoredKvWrite>, FlowError> {
    let writes = writes(report, now);
    if writes.is_empty() {
        return Ok(writes);
    }
    let after = tx
        .tenant(who.tenant.id)
        .kv_usage_after(row.id, &writes, now)
        .await?;
    if after <= KV_QUOTA_BYTES {
        return Ok(writes);
    }
    report.outcome = over(after);
    report.value = None;
    report.kv_writes.clear();
    Ok(Vec::new())
}

/// The outcome of a call that would keep so many bytes.
pub(crate) fn over(after: u64) -> Outcome {
    Outcome::OverQuota {
        what: format!("kv would hold {after} bytes; at most {KV_QUOTA_BYTES}"),
    }
}

/// The kv writes of a call as the store takes them.
pub(crate) fn writes<T>(report: &CallReport<T>, now: Ts) -> Vec<StoredKvWrite> {
    report
        .kv_writes
        .iter()
        .map(|w| StoredKvWrite {
            key: w.key.clone(),
            value: w.value.clone(),
            expires_at: w.ttl_ms.map(|ttl| now + Millis(ttl)),
        })
        .collect()
}
