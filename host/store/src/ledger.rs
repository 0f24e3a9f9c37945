//! The ledger of consent of a whole tenant, newest first, each row with its hash and its seal.

use portero_domain::clock::Ts;
use portero_domain::consent::ConsentEvent;
use portero_domain::ids::{ConsentEventId, ContactId};

use crate::db::{self, Sql};
use crate::engine::EngineKind;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// Which rows of the ledger; newest first.
#[derive(Clone, Debug, Default)]
pub struct LedgerFilter {
    /// Of one kind.
    pub kind: Option<String>,
    /// `all`, `promotional` or `topic:…`.
    pub scope: Option<String>,
    /// From one source.
    pub source: Option<String>,
    /// Not recorded before.
    pub since: Option<Ts>,
    /// Recorded before.
    pub until: Option<Ts>,
    /// How many.
    pub limit: usize,
    /// Older than this one.
    pub after: Option<ConsentEventId>,
}

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Whose.
    pub contact: ContactId,
    /// Their name, if known.
    pub name: Option<String>,
    /// What happened.
    pub event: ConsentEvent,
    /// SHA-256 of the event with whose it is, hex.
    pub content_hash: String,
    /// Its place in the tenant's chain; nothing before it is sealed.
    pub seal: Option<u64>,
}

statements! {
    LEDGER = "select e.contact_id, c.name, e.event, e.content_hash, s.seq from consent_events e
        join contacts c on c.contact_id = e.contact_id
        left join seals s on s.item_id = e.consent_event_id
        where e.tenant_id = $1 and e.consent_event_id >= $2 and e.consent_event_id < $3
          and (cast($4 as text) is null or e.kind = $4) and (cast($5 as text) is null or e.scope = $5)
          and (cast($6 as text) is null or e.event ->> '$.source' = $6)
        order by e.consent_event_id desc limit $7",
        postgres = "select e.contact_id, c.name, e.event, e.content_hash, s.seq from consent_events e
        join contacts c on c.contact_id = e.contact_id
        left join seals s on s.item_id = e.consent_event_id
        where e.tenant_id = $1 and e.consent_event_id >= $2 and e.consent_event_id < $3
          and (cast($4 as text) is null or e.kind = $4) and (cast($5 as text) is null or e.scope = $5)
          and (cast($6 as text) is null or cast(e.event as jsonb) ->> 'source' = $6)
        order by e.consent_event_id desc limit $7";
}

/// The text of the ledger on an engine, with the index that must lead it. For tests that look at plans.
#[must_use]
pub fn ledger_statement(engine: EngineKind) -> (&'static str, &'static str) {
    let Sql {
        sqlite, postgres, ..
    } = LEDGER;
    let text = match engine {
        EngineKind::Sqlite => sqlite,
        EngineKind::Postgres => postgres,
    };
    (text, "consent_events_by_tenant")
}

/// Sorts before every event of an instant: ids begin with the time they were recorded at.
fn from(at: Ts) -> String {
    format!(
        "{}_{:012x}",
        ConsentEventId::PREFIX,
        at.ms().clamp(0, (1 << 48) - 1)
    )
}

type Raw = (String, Option<String>, String, String, Option<i64>);

impl TenantTx<'_> {
    /// Rows of the ledger, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn ledger(&mut self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>> {
        let end = format!("{}_g", ConsentEventId::PREFIX);
        let before = filter.until.map_or(end, from);
        let after = filter.after.map(|id| id.to_string());
        let args = args![
            self.tenant,
            filter.since.map_or_else(String::new, from),
            after.filter(|id| *id < before).unwrap_or(before),
            filter.kind.as_deref(),
            filter.scope.as_deref(),
            filter.source.as_deref(),
            db::limit(filter.limit)
        ];
        let rows: Vec<Raw> = self.tx.rows(LEDGER, args).await?;
        rows.into_iter()
            .map(|(contact, name, event, content_hash, seal)| {
                Ok(LedgerRow {
                    contact: json::id("contact_id", &contact)?,
                    name,
                    event: json::read("consent event", &event)?,
                    content_hash,
                    seal: seal.map(db::count),
                })
            })
            .collect()
    }
}
