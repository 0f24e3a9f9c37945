//! Decision records: one row per judgement that counts, appended, never changed.

use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, ContactId, DecisionId, InstallationId, OutboxId, TenantId};
use portero_gate::{Stage, Verdict};
use serde_json::json;

use crate::db::{self, Sql};
use crate::engine::EngineKind;
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
    /// The plugin that proposed it, as installed.
    pub installation: Option<InstallationId>,
    /// The campaign it belongs to.
    pub campaign: Option<CampaignId>,
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
    /// Proposed by one plugin.
    pub installation: Option<InstallationId>,
    /// Of one campaign.
    pub campaign: Option<CampaignId>,
    /// Not before.
    pub since: Option<Ts>,
    /// Before.
    pub until: Option<Ts>,
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
        "decision_id, tenant_id, outbox_id, contact_id, installation_id, campaign_id, stage, verdict, rule, record,
            content_hash, decided_at"
    };
}
/// Led by one filter, whose index gives the rows in their order; the others are looked at row by row.
macro_rules! filtered {
    ($first:literal) => {
        filtered!("tenant_id", $first)
    };
    ($tenant:literal, $first:literal) => {
        concat!(
            "select ", columns!(), " from decisions where ", $tenant, " = $1 and ", $first,
            " and decision_id >= $2 and decision_id < $3
              and (cast($5 as text) is null or contact_id = $5) and (cast($6 as text) is null or campaign_id = $6)
              and (cast($7 as text) is null or installation_id = $7) and (cast($8 as text) is null or rule = $8)
              and (cast($9 as text) is null or verdict = $9)
              order by decision_id desc limit $10"
        )
    };
}

statements! {
    DECISION_INSERT = "insert into decisions (decision_id, tenant_id, outbox_id, contact_id, installation_id,
            campaign_id, stage, verdict, rule, record, content_hash, decided_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    DECISION_GET = concat!("select ", columns!(), " from decisions where tenant_id = $1 and decision_id = $2");
    DECISIONS = filtered!("cast($4 as text) is null");
    /// A message has few: the tenant is asked in a way no index answers, or SQLite reads all of the tenant's.
    DECISIONS_OF_OUTBOX = filtered!("tenant_id || ''", "outbox_id = $4");
    DECISIONS_OF_CONTACT = filtered!("cast($4 as text) is null and contact_id = $5");
    DECISIONS_OF_CAMPAIGN = filtered!("cast($4 as text) is null and campaign_id = $6");
    DECISIONS_OF_INSTALLATION = filtered!("cast($4 as text) is null and installation_id = $7");
    DECISIONS_BY_RULE = filtered!("cast($4 as text) is null and rule = $8");
    /// Each rule on each day is a stretch of one index; nothing else is read.
    DECISION_REASONS = "select r.value, d.value ->> 'n', count(*) from json_each($2) r cross join json_each($3) d
        cross join decisions x on x.tenant_id = $1 and x.rule = r.value
          and x.decision_id >= d.value ->> 'a' and x.decision_id < d.value ->> 'b'
        group by 1, 2",
        postgres = "select r.value, d.n, x.n from jsonb_array_elements_text(cast($2 as jsonb)) as r(value)
        cross join jsonb_to_recordset(cast($3 as jsonb)) as d(n bigint, a text, b text)
        cross join lateral (select count(*) as n from decisions x where x.tenant_id = $1 and x.rule = r.value
            and x.decision_id >= d.a and x.decision_id < d.b) x
        where x.n > 0";
    DECISIONS_BY_VERDICT = filtered!("cast($4 as text) is null and verdict <> 'allow' and verdict = $9");
    /// The newest proposals of one plugin by what was said of them: no others are read.
    DECISIONS_SAID = "select verdict, rule, count(*) from (select verdict, rule from decisions
            where tenant_id = $1 and installation_id = $2 and stage = 'admission'
            order by decision_id desc limit $3) d
        group by verdict, rule";
}

/// The statement of each leading filter, with the index that must lead it.
const LISTS: &[(Sql, &str)] = &[
    (DECISIONS, "decisions_by_tenant"),
    (DECISIONS_OF_OUTBOX, "decisions_by_outbox"),
    (DECISIONS_OF_CONTACT, "decisions_by_contact"),
    (DECISIONS_OF_CAMPAIGN, "decisions_by_campaign"),
    (DECISIONS_OF_INSTALLATION, "decisions_by_installation"),
    (DECISIONS_BY_RULE, "decisions_by_rule"),
    (DECISIONS_BY_VERDICT, "decisions_by_verdict"),
];

/// One rule on one of the days that were asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonCount {
    /// The rule that decided.
    pub rule: String,
    /// Which of the days, from 0.
    pub day: usize,
    /// How many verdicts.
    pub count: u64,
}

/// The texts of the lists on an engine, each with the index that must lead it. For tests that look at
/// plans.
#[must_use]
pub fn verdict_lists(engine: EngineKind) -> Vec<(&'static str, &'static str)> {
    let text = |sql: &Sql| match engine {
        EngineKind::Sqlite => sql.sqlite,
        EngineKind::Postgres => sql.postgres,
    };
    LISTS
        .iter()
        .map(|(sql, index)| (text(sql), *index))
        .collect()
}

/// The texts that count the newest verdicts, each with the index that must lead it. For tests that look at plans.
#[must_use]
pub fn verdict_counts(engine: EngineKind) -> Vec<(&'static str, &'static str)> {
    let text = match engine {
        EngineKind::Sqlite => DECISIONS_SAID.sqlite,
        EngineKind::Postgres => DECISIONS_SAID.postgres,
    };
    vec![(text, "decisions_by_installation")]
}

impl DecisionFilter {
    /// The statement that reads least: the narrowest filter leads.
    fn led_by(&self) -> Sql {
        if self.outbox.is_some() {
            DECISIONS_OF_OUTBOX
        } else if self.contact.is_some() {
            DECISIONS_OF_CONTACT
        } else if self.campaign.is_some() {
            DECISIONS_OF_CAMPAIGN
        } else if self.rule.is_some() {
            DECISIONS_BY_RULE
        } else if self.verdict.is_some_and(|v| v != Verdict::Allow) {
            DECISIONS_BY_VERDICT
        } else if self.installation.is_some() {
            DECISIONS_OF_INSTALLATION
        } else {
            DECISIONS
        }
    }
}

/// Sorts before every decision of an instant and after every earlier one: ids begin with their time.
fn from(at: Ts) -> String {
    format!("dec_{:012x}", at.ms().clamp(0, LAST_MS))
}

/// What an id can hold: 48 bits.
const LAST_MS: i64 = (1 << 48) - 1;
/// Sorts after every decision id.
const AFTER_ALL: &str = "dec_g";

#[derive(sqlx::FromRow)]
struct Raw {
    decision_id: String,
    tenant_id: String,
    outbox_id: String,
    contact_id: String,
    installation_id: Option<String>,
    campaign_id: Option<String>,
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
            installation: self
                .installation_id
                .map(|id| json::id("installation_id", &id))
                .transpose()?,
            campaign: self
                .campaign_id
                .map(|id| json::id("campaign_id", &id))
                .transpose()?,
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
            row.installation,
            row.campaign,
            json::word("stage", &row.stage)?,
            row.verdict.as_str(),
            row.rule.as_deref(),
            row.record.as_str(),
            row.content_hash.as_str(),
            row.decided_at
        ];
        self.tx.run(DECISION_INSERT, args).await?;
        self.await_seal(std::iter::once(row)).await
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
        let before = filter.until.map_or_else(|| AFTER_ALL.to_owned(), from);
        let after = filter.after.map(|id| id.to_string());
        let args = args![
            self.tenant,
            filter.since.map_or_else(String::new, from),
            after.filter(|id| *id < before).unwrap_or(before),
            filter.outbox,
            filter.contact,
            filter.campaign,
            filter.installation,
            filter.rule.as_deref(),
            filter.verdict.map(Verdict::as_str),
            db::limit(if filter.limit == 0 { 100 } else { filter.limit })
        ];
        let rows: Vec<Raw> = self.tx.rows(filter.led_by(), args).await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// What was said of the newest proposals of a plugin, at admission: (verdict, first decisive rule, how many).
    ///
    /// # Errors
    /// The database.
    pub async fn decisions_said(
        &mut self,
        installation: InstallationId,
        newest: usize,
    ) -> Result<Vec<(String, Option<String>, u64)>> {
        let args = args![self.tenant, installation, db::limit(newest)];
        let rows: Vec<(String, Option<String>, i64)> = self.tx.rows(DECISIONS_SAID, args).await?;
        let counted = |(verdict, rule, n)| (verdict, rule, db::count(n));
        Ok(rows.into_iter().map(counted).collect())
    }

    /// How often each of these rules decided on each of these days (from, to before).
    ///
    /// # Errors
    /// The database.
    pub async fn decision_reasons(
        &mut self,
        rules: &[&str],
        days: &[(Ts, Ts)],
    ) -> Result<Vec<ReasonCount>> {
        let rules = rules.iter().map(|rule| json!(rule)).collect();
        let days = days
            .iter()
            .enumerate()
            .map(|(n, (since, until))| json!({ "n": n, "a": from(*since), "b": from(*until) }))
            .collect();
        let args = args![self.tenant, json::rows(rules), json::rows(days)];
        let rows: Vec<(String, i64, i64)> = self.tx.rows(DECISION_REASONS, args).await?;
        Ok(rows
            .into_iter()
            .map(|(rule, day, count)| ReasonCount {
                rule,
                day: usize::try_from(day).unwrap_or(usize::MAX),
                count: db::count(count),
            })
            .collect())
    }
}
