//! What is kept of one person and read nowhere else: for handing it out to them.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, EventId, InstallationId};
use serde_json::Value;

use crate::db;
use crate::error::Result;
use crate::event_row::{EventRow, RawEvent, event_columns};
use crate::json;
use crate::tx::TenantTx;

/// A wake-up that a plugin set for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonTimer {
    /// Whose.
    pub installation: InstallationId,
    /// Its name.
    pub name: String,
    /// What the plugin stored with it.
    pub payload: String,
    /// When.
    pub due_at: Ts,
}

statements! {
    EVENTS_OF_PERSON = concat!("select ", event_columns!(), " from inbox
        where tenant_id = $1 and contact_id = $2 and event_id > $3 order by event_id limit $4");
    KV_ABOUT = "select k.key, k.value from json_each($3) n cross join plugin_kv k
            join installations i on i.installation_id = k.installation_id and i.tenant_id = $1
        where k.installation_id = $2 and instr(k.key, n.value) > 0
        union select k.key, k.value from json_each($4) n cross join plugin_kv k
            join installations i on i.installation_id = k.installation_id and i.tenant_id = $1
        where k.installation_id = $2 and instr(k.value, cast(n.value as blob)) > 0 order by 1",
        postgres = "select k.key, k.value from jsonb_array_elements_text(cast($3 as jsonb)) as n(value)
            join plugin_kv k on strpos(k.key, n.value) > 0
            join installations i on i.installation_id = k.installation_id and i.tenant_id = $1
        where k.installation_id = $2
        union select k.key, k.value from jsonb_array_elements_text(cast($4 as jsonb)) as n(value)
            join plugin_kv k on position(convert_to(n.value, 'UTF8') in k.value) > 0
            join installations i on i.installation_id = k.installation_id and i.tenant_id = $1
        where k.installation_id = $2 order by 1";
    TIMERS_OF_PERSON = "select installation_id, name, payload, due_at from plugin_timers
        where tenant_id = $1 and contact_id = $2 order by due_at, timer_id";
}

impl TenantTx<'_> {
    /// Events about a person, oldest first, after a cursor.
    ///
    /// # Errors
    /// The database.
    pub async fn events_of_person(
        &mut self,
        contact: ContactId,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<EventRow>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let args = args![self.tenant, contact, after, db::limit(limit)];
        let rows: Vec<RawEvent> = self.tx.rows(EVENTS_OF_PERSON, args).await?;
        rows.into_iter().map(RawEvent::read).collect()
    }

    /// What a plugin remembers of a person: entries with their handle or an address of theirs in the
    /// key, or with an address in the value.
    ///
    /// # Errors
    /// The database.
    pub async fn memory_about(
        &mut self,
        installation: InstallationId,
        handle: &str,
        addresses: &[String],
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let keys = std::iter::once(handle).chain(addresses.iter().map(String::as_str));
        let keys = json::rows(keys.map(Value::from).collect());
        let values = json::rows(addresses.iter().map(|a| Value::from(a.as_str())).collect());
        self.tx
            .rows(KV_ABOUT, args![self.tenant, installation, keys, values])
            .await
    }

    /// Wake-ups that plugins set for a person.
    ///
    /// # Errors
    /// The database.
    pub async fn timers_of_person(&mut self, contact: ContactId) -> Result<Vec<PersonTimer>> {
        let rows: Vec<(String, String, String, i64)> = self
            .tx
            .rows(TIMERS_OF_PERSON, args![self.tenant, contact])
            .await?;
        rows.into_iter()
            .map(|(installation, name, payload, due_at)| {
                Ok(PersonTimer {
                    installation: json::id("installation_id", &installation)?,
                    name,
                    payload,
                    due_at: Ts(due_at),
                })
            })
            .collect()
    }
}
