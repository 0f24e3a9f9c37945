//! The chain: each seal holds the hash of an item and of the seal before it.
//!
//! A row changed after it was sealed no longer gives its hash; a row taken out leaves a seal
//! without a row; a seal changed or taken out breaks every later link. A row that goes at the end of
//! its term leaves a seal that says when: none is younger than the shortest term there is.

use portero_domain::clock::Ts;
use portero_domain::consent::ConsentEvent;
use portero_domain::ids::{ContactId, DecisionId, TenantId};
use serde_json::{Value, json};
use std::collections::HashSet;

use crate::consents;
use crate::db;
use crate::decisions::DecisionRow;
use crate::error::{Result, StoreError};
use crate::json;
use crate::retention::DROPPED_AFTER;
use crate::tx::{SystemTx, TenantTx};

/// What stands before the first seal.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Rows checked per statement.
const PAGE: usize = 1_000;

/// What checking a tenant's chain found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// Seals checked.
    pub seals: u64,
    /// Decisions and consent events not sealed yet.
    pub unsealed: u64,
    /// Rows that went at the end of their term; their hashes are in the chain.
    pub dropped: u64,
    /// When the last of them went: not in the future, where all is well.
    pub dropped_at: Option<Ts>,
    /// Hash of the newest seal, to be kept elsewhere.
    pub head: String,
    /// What does not hold, one sentence each; empty when all is well.
    pub faults: Vec<String>,
}

statements! {
    /// Each side gives no more than the batch: what waits behind it is not read.
    UNSEALED = "select tenant_id, item_id, content_hash from (
            select * from (select tenant_id, decision_id as item_id, content_hash, decided_at as at
                from unsealed_decisions order by tenant_id, decision_id limit $1) d
            union all
            select * from (select tenant_id, consent_event_id as item_id, content_hash, received_at as at
                from consent_events where sealed = 0 order by tenant_id, received_at, consent_event_id limit $1) e
        ) u order by tenant_id, at, item_id limit $1";
    TENANT_LOCK = "select tenant_id from tenants where tenant_id = $1",
        postgres = "select tenant_id from tenants where tenant_id = $1 for no key update";
    SEALED_AMONG = "select item_id from seals where item_id in (select value from json_each($1))",
        postgres = "select item_id from seals where item_id in (select jsonb_array_elements_text(cast($1 as jsonb)))";
    SEAL_LAST = "select seq, hash from seals where tenant_id = $1 order by seq desc limit 1";
    SEALS_INSERT = "insert into seals (tenant_id, seq, item_id, item_hash, prev_hash, hash, sealed_at)
        select $1, j.value ->> 'seq', j.value ->> 'item', j.value ->> 'item_hash', j.value ->> 'prev', j.value ->> 'hash', $3
        from json_each($2) j",
        postgres = "insert into seals (tenant_id, seq, item_id, item_hash, prev_hash, hash, sealed_at)
        select cast($1 as text), j.seq, j.item, j.item_hash, j.prev, j.hash, cast($3 as bigint)
        from jsonb_to_recordset(cast($2 as jsonb)) as j(seq bigint, item text, item_hash text, prev text, hash text)";
    UNSEALED_ADD = "insert into unsealed_decisions (tenant_id, decision_id, content_hash, decided_at)
        select $1, j.value ->> 'id', j.value ->> 'h', j.value ->> 'at' from json_each($2) j",
        postgres = "insert into unsealed_decisions (tenant_id, decision_id, content_hash, decided_at)
        select cast($1 as text), j.id, j.h, j.at
        from jsonb_to_recordset(cast($2 as jsonb)) as j(id text, h text, at bigint)";
    DECISIONS_SEALED = "delete from unsealed_decisions
        where tenant_id = $1 and decision_id in (select value from json_each($2))",
        postgres = "delete from unsealed_decisions
        where tenant_id = $1 and decision_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    CONSENTS_SEALED = "update consent_events set sealed = 1
        where tenant_id = $1 and consent_event_id in (select value from json_each($2))",
        postgres = "update consent_events set sealed = 1
        where tenant_id = $1 and consent_event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    SEALS_PAGE = "select s.seq, s.item_id, s.item_hash, s.prev_hash, s.hash,
            d.record, d.content_hash, c.event, c.contact_id, c.content_hash, c.salt, s.dropped_at
        from seals s
        left join decisions d on d.decision_id = s.item_id and d.tenant_id = s.tenant_id
        left join consent_events c on c.consent_event_id = s.item_id and c.tenant_id = s.tenant_id
        where s.tenant_id = $1 and s.seq > $2 order by s.seq limit $3";
    UNSEALED_COUNT = "select (select count(*) from unsealed_decisions where tenant_id = $1)
        + (select count(*) from consent_events where tenant_id = $1 and sealed = 0)";
    /// Does not wait for a seal and has none: somebody wrote past us.
    SEAL_MISSING = "select decision_id from decisions d where d.tenant_id = $1
            and not exists (select 1 from unsealed_decisions u
                where u.tenant_id = d.tenant_id and u.decision_id = d.decision_id)
            and not exists (select 1 from seals s where s.item_id = d.decision_id)
        union all
        select consent_event_id from consent_events c where c.tenant_id = $1 and c.sealed = 1
            and not exists (select 1 from seals s where s.item_id = c.consent_event_id)";
}

fn link(prev: &str, item_hash: &str) -> String {
    json::sha256_hex(format!("{prev}{item_hash}").as_bytes())
}

impl SystemTx<'_> {
    /// Records and consent events not sealed yet: (tenant, item, hash), by tenant and time.
    ///
    /// # Errors
    /// The database.
    pub async fn unsealed(&mut self, limit: usize) -> Result<Vec<(TenantId, String, String)>> {
        let rows: Vec<(String, String, String)> =
            self.tx.rows(UNSEALED, args![db::limit(limit)]).await?;
        rows.into_iter()
            .map(|(tenant, item, hash)| Ok((json::id("tenant_id", &tenant)?, item, hash)))
            .collect()
    }

    /// Links items into a tenant's chain. What another process sealed meanwhile is left out.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such tenant, or the database.
    pub async fn seal(
        &mut self,
        tenant: TenantId,
        items: &[(String, String)],
        now: Ts,
    ) -> Result<()> {
        let held: Option<(String,)> = self.tx.row(TENANT_LOCK, args![tenant]).await?;
        held.ok_or(StoreError::NotFound { what: "tenant" })?;
        let ids = items.iter().map(|(id, _)| Value::from(id.as_str()));
        let ids = json::rows(ids.collect());
        let sealed: Vec<(String,)> = self.tx.rows(SEALED_AMONG, args![ids]).await?;
        let sealed: HashSet<String> = sealed.into_iter().map(|(id,)| id).collect();
        let last: Option<(i64, String)> = self.tx.row(SEAL_LAST, args![tenant]).await?;
        let (mut seq, mut prev) = last.unwrap_or((0, GENESIS.to_owned()));
        let mut rows = Vec::with_capacity(items.len());
        for (item, item_hash) in items.iter().filter(|(id, _)| !sealed.contains(id)) {
            seq += 1;
            let hash = link(&prev, item_hash);
            rows.push(json!({ "seq": seq, "item": item, "item_hash": item_hash, "prev": prev, "hash": hash }));
            prev = hash;
        }
        if !rows.is_empty() {
            self.tx
                .run(SEALS_INSERT, args![tenant, json::rows(rows), now])
                .await?;
        }
        let (decisions, consents): (Vec<_>, Vec<_>) = items
            .iter()
            .map(|(id, _)| Value::from(id.as_str()))
            .partition(|id| {
                id.as_str()
                    .is_some_and(|id| id.starts_with(DecisionId::PREFIX))
            });
        for (sql, ids) in [(DECISIONS_SEALED, decisions), (CONSENTS_SEALED, consents)] {
            if !ids.is_empty() {
                self.tx.run(sql, args![tenant, json::rows(ids)]).await?;
            }
        }
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct Sealed(
    i64,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
);

/// When the item of that id was made.
fn made_at(item: &str) -> Option<Ts> {
    let (_, hex) = item.split_once('_')?;
    i64::from_str_radix(hex.get(..12)?, 16).ok().map(Ts)
}

impl TenantTx<'_> {
    /// Notes records that were just written and are to be sealed.
    pub(crate) async fn await_seal<'a>(
        &mut self,
        records: impl Iterator<Item = &'a DecisionRow>,
    ) -> Result<()> {
        let rows = records.map(|d| json!({ "id": d.id, "h": d.content_hash, "at": d.decided_at }));
        let args = args![self.tenant, json::rows(rows.collect())];
        self.tx.run(UNSEALED_ADD, args).await.map(drop)
    }

    /// Checks every link of the tenant's chain and every sealed row against its seal.
    ///
    /// # Errors
    /// The database; a chain that does not hold is a report, not an error.
    pub async fn verify_chain(&mut self) -> Result<ChainReport> {
        let mut report = ChainReport {
            head: GENESIS.to_owned(),
            ..ChainReport::default()
        };
        let mut seq = 0;
        loop {
            let page: Vec<Sealed> = self
                .tx
                .rows(SEALS_PAGE, args![self.tenant, seq, db::limit(PAGE)])
                .await?;
            let Some(last) = page.last() else { break };
            let next = last.0;
            for row in &page {
                self.check(row, seq, &mut report);
                seq = row.0;
            }
            seq = next;
        }
        let missing: Vec<(String,)> = self.tx.rows(SEAL_MISSING, args![self.tenant]).await?;
        report.faults.extend(
            missing
                .into_iter()
                .map(|(id,)| format!("{id} is not waiting for a seal and has none")),
        );
        let unsealed: Option<(i64,)> = self.tx.row(UNSEALED_COUNT, args![self.tenant]).await?;
        report.unsealed = unsealed.map_or(0, |(n,)| db::count(n));
        Ok(report)
    }

    fn check(&self, row: &Sealed, before: i64, report: &mut ChainReport) {
        let Sealed(
            seq,
            item,
            item_hash,
            prev,
            hash,
            record,
            decision_hash,
            event,
            contact,
            consent_hash,
            salt,
            dropped_at,
        ) = row;
        report.seals += 1;
        if *seq != before + 1 {
            report
                .faults
                .push(format!("seals between {before} and {seq} are missing"));
        }
        if *prev != report.head {
            report
                .faults
                .push(format!("seal {seq} does not follow from the one before it"));
        }
        if *hash != link(prev, item_hash) {
            report
                .faults
                .push(format!("seal {seq} does not hold its own hash"));
        }
        report.head.clone_from(hash);
        let (recomputed, stored) = match (record, event, contact) {
            (Some(record), ..) => (Some(json::sha256_hex(record.as_bytes())), decision_hash),
            (None, Some(event), Some(contact)) => (
                self.consent_hash(event, contact, salt.as_deref()).ok(),
                consent_hash,
            ),
            _ => {
                // At the end of its term, which nobody can set shorter.
                let at = dropped_at.map(Ts);
                let kept = at.zip(made_at(item)).map(|(at, made)| at.since(made));
                if kept.is_some_and(|ms| ms > DROPPED_AFTER.0) {
                    report.dropped += 1;
                    report.dropped_at = report.dropped_at.max(at);
                } else {
                    report
                        .faults
                        .push(format!("{item} is sealed by seal {seq} and is gone"));
                }
                return;
            }
        };
        if dropped_at.is_some() {
            report
                .faults
                .push(format!("{item} is marked as dropped and is there"));
        }
        if recomputed.as_ref() != Some(item_hash) || stored.as_ref() != Some(item_hash) {
            report
                .faults
                .push(format!("{item} was changed after seal {seq}"));
        }
    }

    fn consent_hash(&self, event: &str, contact: &str, salt: Option<&str>) -> Result<String> {
        let event: ConsentEvent = json::read("consent event", event)?;
        let contact: ContactId = json::id("contact_id", contact)?;
        consents::content_hash(self.tenant, contact, &event, salt)
    }
}
