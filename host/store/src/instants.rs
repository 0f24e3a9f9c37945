//! The newest instant on record: a simulated clock that starts again must not stand before it.

use portero_domain::clock::Ts;

use crate::error::Result;
use crate::tx::SystemTx;

statements! {
    LATEST_INSTANT = "select max(at) from (
            select max(created_at) as at from tenants
            union all select max(created_at) from tokens
            union all select max(created_at) from contacts
            union all select max(received_at) from consent_events
            union all select max(synced_at) from templates
            union all select max(received_at) from inbox
            union all select max(finished_at) from inbox
            union all select max(created_at) from outbox
            union all select max(settled_at) from outbox
            union all select max(decided_at) from decisions
            union all select max(begun_at) from attempts
            union all select max(ended_at) from attempts
            union all select max(called_at) from plugin_calls
            union all select max(created_at) from campaigns
            union all select max(finished_at) from campaigns
        ) as instants";
}

impl SystemTx<'_> {
    /// The newest instant of business time that anything was stored at; `None` in a new database.
    /// Reads whole tables: for the start of a demo, not for a host at work.
    ///
    /// # Errors
    /// The database.
    pub async fn latest_instant(&mut self) -> Result<Option<Ts>> {
        let row: Option<(Option<i64>,)> = self.tx.row(LATEST_INSTANT, args![]).await?;
        Ok(row.and_then(|(at,)| at).map(Ts))
    }
}
