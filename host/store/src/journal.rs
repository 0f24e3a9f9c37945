//! Calls of plugins as they were, sealed: put down with the call, read to be run again.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, EventId, InstallationId};
use serde_json::json;

use crate::error::Result;
use crate::json;
use crate::retention_parts::id_bound;
use crate::seal::{JournalKey, Place};
use crate::tx::TenantTx;

/// A call to be put down.
#[derive(Clone, Copy)]
pub struct NewRecording<'a> {
    /// The call's id, as in [`crate::model::PluginCall`].
    pub call_id: &'a str,
    /// Who was called.
    pub installation: InstallationId,
    /// Whom it was about.
    pub contact: ContactId,
    /// When.
    pub called_at: Ts,
    /// What to seal.
    pub recording: &'a [u8],
}

/// A call that was put down, opened.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordedCall {
    /// The call's id.
    pub call_id: String,
    /// The event it was about.
    pub event: EventId,
    /// Whom it was about.
    pub contact: ContactId,
    /// The component that was called.
    pub digest: String,
    /// How it ended, as the host counts it.
    pub outcome: String,
    /// When.
    pub called_at: Ts,
    /// As it was given.
    pub recording: Vec<u8>,
}

/// Without what it says.
impl std::fmt::Debug for RecordedCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordedCall({} {})", self.call_id, self.outcome)
    }
}

macro_rules! recorded {
    () => {
        "select c.call_id, c.event_id, j.contact_id, c.digest, c.outcome, c.called_at, j.recording
            from plugin_calls c join plugin_journal j on j.tenant_id = c.tenant_id and j.call_id = c.call_id
            where c.tenant_id = $1 and c.installation_id = $2 "
    };
}

statements! {
    JOURNAL_PUT = "insert into plugin_journal (tenant_id, call_id, installation_id, contact_id, called_at, recording)
        select i.tenant_id, $2, i.installation_id, $4, $5, $6 from installations i
        where i.tenant_id = $1 and i.installation_id = $3
        on conflict (tenant_id, call_id) do update
        set contact_id = excluded.contact_id, called_at = excluded.called_at, recording = excluded.recording",
        postgres = "insert into plugin_journal (tenant_id, call_id, installation_id, contact_id, called_at, recording)
        select i.tenant_id, cast($2 as text), i.installation_id, cast($4 as text), cast($5 as bigint), cast($6 as bytea)
        from installations i where i.tenant_id = $1 and i.installation_id = $3
        on conflict (tenant_id, call_id) do update
        set contact_id = excluded.contact_id, called_at = excluded.called_at, recording = excluded.recording";
    JOURNAL_SINCE = concat!(recorded!(), "and c.call_id > $3 and c.call_id < $4 order by c.call_id desc limit $5");
    JOURNAL_OF = concat!(recorded!(), "and c.event_id = $3 and c.call_id = $4");
    /// What the gate said when a message was proposed, by the keys of the proposals.
    VERDICTS_OF_KEYS = "select o.proposal_key, o.outbox_id, d.record from json_each($2) k cross join outbox o
        join decisions d on d.decision_id = o.admission_decision_id and d.tenant_id = o.tenant_id
        where o.tenant_id = $1 and o.proposal_key = k.value",
        postgres = "select o.proposal_key, o.outbox_id, d.record
        from jsonb_array_elements_text(cast($2 as jsonb)) as k(value)
        join outbox o on o.tenant_id = $1 and o.proposal_key = k.value
        join decisions d on d.decision_id = o.admission_decision_id and d.tenant_id = o.tenant_id";
}

type Raw = (String, String, String, String, String, i64, Vec<u8>);

fn place<'a>(tenant: &'a str, call: &'a str) -> Place<'a> {
    Place {
        tenant,
        column: "plugin_journal.recording",
        row: call,
    }
}

/// Later than every id of a call for an event, whatever the order of texts: ids are hexadecimal.
const LAST: &str = "evt_g";

impl TenantTx<'_> {
    /// Puts a call down, in place of what an earlier try of the same event put down.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when the installation is not the tenant's, or the database.
    pub async fn put_recording(&mut self, new: NewRecording<'_>, key: &JournalKey) -> Result<()> {
        let tenant = self.tenant.to_string();
        let sealed = key.seal(
            &*self.tx.secrets.ids,
            &place(&tenant, new.call_id),
            new.recording,
        )?;
        let args = args![
            self.tenant,
            new.call_id,
            new.installation,
            new.contact,
            new.called_at,
            sealed
        ];
        self.must("installation", JOURNAL_PUT, args).await
    }

    /// Calls that were put down of an installation from `since` on and before the call `before`, the newest
    /// first.
    ///
    /// # Errors
    /// [`crate::StoreError::Sealed`] with another key, or the database.
    pub async fn recordings(
        &mut self,
        installation: InstallationId,
        key: &JournalKey,
        since: Ts,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RecordedCall>> {
        let args = args![
            self.tenant,
            installation,
            id_bound("evt", since),
            before.unwrap_or(LAST),
            crate::db::limit(limit)
        ];
        let rows: Vec<Raw> = self.tx.rows(JOURNAL_SINCE, args).await?;
        rows.into_iter().map(|row| self.opened(row, key)).collect()
    }

    /// The call for one event, if it was put down and is still kept.
    ///
    /// # Errors
    /// [`crate::StoreError::Sealed`] with another key, or the database.
    pub async fn recording(
        &mut self,
        installation: InstallationId,
        key: &JournalKey,
        event: EventId,
    ) -> Result<Option<RecordedCall>> {
        let call = format!("{event}:{installation}");
        let args = args![self.tenant, installation, event, call];
        let row: Option<Raw> = self.tx.row(JOURNAL_OF, args).await?;
        row.map(|row| self.opened(row, key)).transpose()
    }

    /// Records of what the gate said at admission of the proposals with these keys: (key, message, record).
    ///
    /// # Errors
    /// The database.
    pub async fn verdicts_of_keys(
        &mut self,
        keys: &[String],
    ) -> Result<Vec<(String, String, String)>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys = keys.iter().map(|k| json!(k)).collect();
        self.tx
            .rows(VERDICTS_OF_KEYS, args![self.tenant, json::rows(keys)])
            .await
    }

    fn opened(&self, row: Raw, key: &JournalKey) -> Result<RecordedCall> {
        let (call_id, event, contact, digest, outcome, at, sealed) = row;
        let tenant = self.tenant.to_string();
        Ok(RecordedCall {
            event: json::id("event_id", &event)?,
            contact: json::id("contact_id", &contact)?,
            digest,
            outcome,
            called_at: Ts(at),
            recording: key.open(&place(&tenant, &call_id), &sealed)?,
            call_id,
        })
    }
}
