//! Decision records: one row per judgement that counts, appended, never changed.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, DecisionId, OutboxId, TenantId};
use portero_gate::{Stage, Verdict};

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// One judgement, with its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// Its id.
    pub id: DecisionId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which proposal.
    pub outbox: OutboxId,
    /// About whom.
    pub contact: ContactId,
    /// When it was judged.
    pub stage: Stage,
    /// The total.
    pub verdict: Verdict,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The record, canonical JSON.
    pub record: String,
    /// SHA-256 of the record, hex: what the chain seals.
    pub content_hash: String,
    /// The instant judged at.
    pub decided_at: Ts,
}

/// Which decisions to list; newest first.
#[derive(Clone, Debug, Default)]
pub struct DecisionFilter {
    /// Of one proposal.
    pub outbox: Option<OutboxId>,
    /// About one person.
    pub contact: Option<ContactId>,
    /// With one verdict.
    pub verdict: Option<Verdict>,
    /// Decided by one rule.
    pub rule: Option<String>,
    /// How many; 0 means 100.
    pub limit: usize,
    /// Older than this one.
    pub after: Option<DecisionId>,
}

macro_rules! columns {
    () => {
        "decision_id, tenant_id, outbox_id, contact_id, stage, verdict, rule, record, content_hash, decided_at"
    };
}
macro_rules! filtered {
    ($first:literal) => {
        concat!(
            "select ", columns!(), " from decisions where tenant_id = $1 and ", $first,
            " and (cast($3 as text) is null or contact_id = $3) and (cast($4 as text) is null or verdict = $4)
              and (cast($5 as text) is null or rule = $5) and decision_id < $6
              order by decision_id desc limit $7"
        )
    };
}

statements! {
    DECISION_INSERT = "insert into decisions (decision_id, tenant_id, outbox_id, contact_id, stage, verdict, rule,
            record, content_hash, decided_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    DECISION_GET = concat!("select ", columns!(), " from decisions where tenant_id = $1 and decision_id = $2");
    DECISIONS = filtered!("cast($2 as text) is null");
    DECISIONS_OF_OUTBOX = filtered!("outbox_id = $2");
}

/// Sorts after every decision id.
const AFTER_ALL: &str = "dec_g";

#[derive(sqlx::FromRow)]
struct Raw {
    decision_id: String,
    tenant_id: String,
    outbox_id: String,
    contact_id: String,
    stage: String,
    verdict: String,
    rule: Option<String>,
    record: String,
    content_hash: String,
    decided_at: i64,
}

impl Raw {
    fn read(self) -> Result<DecisionRow> {
        Ok(DecisionRow {
            id: json::id("decision_id", &self.decision_id)?,
            tenant: json::id("tenant_id", &self.tenant_id)?,
            outbox: json::id("outbox_id", &self.outbox_id)?,
            contact: json::id("contact_id", &self.contact_id)?,
            stage: json::from_word("stage", &self.stage)?,
            verdict: json::from_word("verdict", &self.verdict)?,
            rule: self.rule,
            record: self.record,
            content_hash: self.content_hash,
            decided_at: Ts(self.decided_at),
        })
    }
}

impl TenantTx<'_> {
    /// Appends a record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is another tenant's, or the database.
    pub async fn insert_decision(&mut self, row: &DecisionRow) -> Result<()> {
        if row.tenant != self.tenant {
            return Err(StoreError::NotFound { what: "proposal" });
        }
        let args = args![
            row.id,
            self.tenant,
            row.outbox,
            row.contact,
            json::word("stage", &row.stage)?,
            row.verdict.as_str(),
            row.rule.as_deref(),
            row.record.as_str(),
            row.content_hash.as_str(),
            row.decided_at
        ];
        self.tx.run(DECISION_INSERT, args).await.map(drop)
    }

    /// One record.
    ///
    /// # Errors
    /// The database.
    pub async fn decision(&mut self, id: DecisionId) -> Result<Option<DecisionRow>> {
        let row: Option<Raw> = self.tx.row(DECISION_GET, args![self.tenant, id]).await?;
        row.map(Raw::read).transpose()
    }

    /// Records, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn decisions(&mut self, filter: &DecisionFilter) -> Result<Vec<DecisionRow>> {
        let sql = if filter.outbox.is_some() {
            DECISIONS_OF_OUTBOX
        } else {
            DECISIONS
        };
        let args = args![
            self.tenant,
            filter.outbox,
            filter.contact,
            filter.verdict.map(Verdict::as_str),
            filter.rule.as_deref(),
            filter
                .after
                .map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string()),
            db::limit(if filter.limit == 0 { 100 } else { filter.limit })
        ];
        let rows: Vec<Raw> = self.tx.rows(sql, args).await?;
        rows.into_iter().map(Raw::read).collect()
    }
}
