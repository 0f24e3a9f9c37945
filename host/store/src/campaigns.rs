//! Campaigns: the row, its states, and what their runner asks.

use portero_domain::campaign::{CampaignDefinition, CampaignState};
use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, TenantId};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// A campaign as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignRow {
    /// Its id.
    pub id: CampaignId,
    /// Whose.
    pub tenant: TenantId,
    /// Where it stands.
    pub state: CampaignState,
    /// What its approval covers.
    pub definition: CampaignDefinition,
    /// Who wrote it: a token id.
    pub author: String,
    /// The last plan as JSON, once there is one.
    pub plan: Option<String>,
    /// SHA-256 of what the plan was made of, hex.
    pub plan_hash: Option<String>,
    /// Plans begun so far: of two at the same time the later one counts.
    pub plan_round: i64,
    /// When it was planned.
    pub planned_at: Option<Ts>,
    /// Who approved it: a token id.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Ts>,
    /// Until when the approval is good.
    pub approval_expires_at: Option<Ts>,
    /// People in its audience, fixed by the plan.
    pub people: u64,
    /// Of these, who came in from lists and were not reached by a campaign since.
    pub imported: u64,
    /// Until when the rest waits for what becomes of the first of those.
    pub canary_until: Option<Ts>,
    /// When it was first started.
    pub started_at: Option<Ts>,
    /// Start of the stretch it is spread over; moves when it is resumed.
    pub spread_from: Option<Ts>,
    /// End of that stretch.
    pub spread_to: Option<Ts>,
    /// People whose turn had come before that stretch.
    pub spread_done: u64,
    /// People whose turn was taken; all others of the audience wait for theirs.
    pub turned: u64,
    /// When `sent`, `failed` and `opted_out` were last counted.
    pub tallied_at: Option<Ts>,
    /// When its runner looks again; `None`: nothing to do by itself.
    pub next_at: Option<Ts>,
    /// When it was paused.
    pub paused_at: Option<Ts>,
    /// Why it is paused or stopped: `operator`, `overdue`, a rule id.
    pub reason: Option<String>,
    /// The reason in figures or words.
    pub reason_detail: Option<String>,
    /// When it came to its end.
    pub finished_at: Option<Ts>,
    /// Messages Meta took.
    pub sent: u64,
    /// Messages Meta refused or could not deliver.
    pub failed: u64,
    /// People reached who withdrew their consent afterwards.
    pub opted_out: u64,
    /// `sent`, `failed`, `opted_out` when it was last started: its brake counts from there.
    pub base: [u64; 3],
    /// When it was written down.
    pub created_at: Ts,
    /// Raised by every change; a save needs the one that was read.
    pub revision: i64,
}

/// A campaign somebody should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwakeCampaign {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: CampaignId,
}

macro_rules! columns {
    () => {
        "campaign_id, tenant_id, state, definition, author, plan, plan_hash, plan_round, planned_at, approved_by,
         approved_at, approval_expires_at, people, started_at, spread_from_at, spread_to_at, spread_done, turned,
         tallied_at, next_at, paused_at, reason, reason_detail, finished_at, sent, failed, opted_out, sent_base, failed_base,
         opted_out_base, created_at, revision, imported, canary_until"
    };
}

statements! {
    CAMPAIGN_INSERT = "insert into campaigns (tenant_id, campaign_id, name, state, phone_number_id, template_name,
            template_language, definition, author, created_at)
        values ($1, $2, $3, 'draft', $4, $5, $6, $7, $8, $9)";
    CAMPAIGN_GET = concat!("select ", columns!(), " from campaigns where tenant_id = $1 and campaign_id = $2");
    /// Of several hosts one works on a campaign; the others go on.
    CAMPAIGN_HOLD = concat!("select ", columns!(), " from campaigns where tenant_id = $1 and campaign_id = $2"),
        postgres = concat!("select ", columns!(), " from campaigns where tenant_id = $1 and campaign_id = $2
            for no key update skip locked");
    /// A person's command waits for its turn.
    CAMPAIGN_LOCK = concat!("select ", columns!(), " from campaigns where tenant_id = $1 and campaign_id = $2"),
        postgres = concat!("select ", columns!(), " from campaigns where tenant_id = $1 and campaign_id = $2
            for no key update");
    CAMPAIGNS = concat!("select ", columns!(), " from campaigns
        where tenant_id = $1 and (cast($2 as text) is null or state = $2) and campaign_id < $3
        order by campaign_id desc limit $4");
    CAMPAIGN_SAVE = "update campaigns set state = $4, plan = $5, plan_hash = $6, plan_round = $7, planned_at = $8,
            approved_by = $9, approved_at = $10, approval_expires_at = $11, people = $12, started_at = $13,
            spread_from_at = $14, spread_to_at = $15, spread_done = $16, next_at = $17, paused_at = $18,
            reason = $19, reason_detail = $20, finished_at = $21, sent = $22, failed = $23, opted_out = $24,
            sent_base = $25, failed_base = $26, opted_out_base = $27, turned = $28, tallied_at = $29, imported = $30,
            canary_until = $31, revision = revision + 1
        where tenant_id = $1 and campaign_id = $2 and revision = $3";
    /// Page by page by id: however many there are, each has its look. An approved one without a time
    /// waits for a person.
    CAMPAIGNS_AWAKE = "select tenant_id, campaign_id from campaigns
        where (state = 'running' or (state = 'approved' and next_at <= $1)) and campaign_id > $2
        order by campaign_id limit $3";
    /// Taken and refused by Meta, straight from the messages.
    CAMPAIGN_TALLY = "select state, case when status = 'failed' then 1 else 0 end, count(*) from outbox
        where campaign_id = $2 and tenant_id = $1 group by state, case when status = 'failed' then 1 else 0 end";
    /// Counts no further than the runner wants to know.
    CAMPAIGN_QUEUED = "select count(*) from (select 1 from outbox
        where campaign_id = $2 and tenant_id = $1 and state = 'queued' limit $3) q";
    CAMPAIGN_OPEN = "select 1 from outbox where campaign_id = $2 and tenant_id = $1
        and state in ('queued', 'deferred', 'attempting') limit 1";
    CAMPAIGN_OPT_OUTS = "select count(distinct e.contact_id) from consent_events e
        join campaign_people p on p.tenant_id = e.tenant_id and p.campaign_id = $2 and p.contact_id = e.contact_id
        join outbox o on o.outbox_id = p.outbox_id
        where e.tenant_id = $1 and e.kind in ('revoked', 'meta_stop') and e.received_at >= $3
          and o.begun_at is not null and e.received_at >= o.begun_at and o.state in ('sent', 'unknown', 'attempting')",
        // From who withdrew since: else Postgres reads everybody in the campaign.
        postgres = "select count(distinct e.contact_id) from consent_events e
        cross join lateral (select count(*) as n from campaign_people p join outbox o on o.outbox_id = p.outbox_id
            where p.tenant_id = e.tenant_id and p.campaign_id = $2 and p.contact_id = e.contact_id
              and o.begun_at <= e.received_at and o.state in ('sent', 'unknown', 'attempting')) reached
        where e.tenant_id = $1 and e.kind in ('revoked', 'meta_stop') and e.received_at >= $3 and reached.n > 0";
}

/// Sorts after every campaign id.
const AFTER_ALL: &str = "cam_g";

#[derive(sqlx::FromRow)]
struct Raw {
    campaign_id: String,
    tenant_id: String,
    state: String,
    definition: String,
    author: String,
    plan: Option<String>,
    plan_hash: Option<String>,
    plan_round: i64,
    planned_at: Option<i64>,
    approved_by: Option<String>,
    approved_at: Option<i64>,
    approval_expires_at: Option<i64>,
    people: i64,
    started_at: Option<i64>,
    spread_from_at: Option<i64>,
    spread_to_at: Option<i64>,
    spread_done: i64,
    turned: i64,
    tallied_at: Option<i64>,
    next_at: Option<i64>,
    paused_at: Option<i64>,
    reason: Option<String>,
    reason_detail: Option<String>,
    finished_at: Option<i64>,
    sent: i64,
    failed: i64,
    opted_out: i64,
    sent_base: i64,
    failed_base: i64,
    opted_out_base: i64,
    created_at: i64,
    revision: i64,
    imported: i64,
    canary_until: Option<i64>,
}

/// Reads the word of a state.
pub(crate) fn state(text: &str) -> Result<CampaignState> {
    CampaignState::parse(text).ok_or_else(|| json::bad("campaign state", "not one of the seven"))
}

impl Raw {
    fn read(self) -> Result<CampaignRow> {
        Ok(CampaignRow {
            id: json::id("campaign_id", &self.campaign_id)?,
            tenant: json::id("tenant_id", &self.tenant_id)?,
            state: state(&self.state)?,
            definition: json::read("campaign definition", &self.definition)?,
            author: self.author,
            plan: self.plan,
            plan_hash: self.plan_hash,
            plan_round: self.plan_round,
            planned_at: self.planned_at.map(Ts),
            approved_by: self.approved_by,
            approved_at: self.approved_at.map(Ts),
            approval_expires_at: self.approval_expires_at.map(Ts),
            people: db::count(self.people),
            started_at: self.started_at.map(Ts),
            spread_from: self.spread_from_at.map(Ts),
            spread_to: self.spread_to_at.map(Ts),
            spread_done: db::count(self.spread_done),
            turned: db::count(self.turned),
            tallied_at: self.tallied_at.map(Ts),
            next_at: self.next_at.map(Ts),
            paused_at: self.paused_at.map(Ts),
            reason: self.reason,
            reason_detail: self.reason_detail,
            finished_at: self.finished_at.map(Ts),
            sent: db::count(self.sent),
            failed: db::count(self.failed),
            opted_out: db::count(self.opted_out),
            base: [
                db::count(self.sent_base),
                db::count(self.failed_base),
                db::count(self.opted_out_base),
            ],
            created_at: Ts(self.created_at),
            revision: self.revision,
            imported: db::count(self.imported),
            canary_until: self.canary_until.map(Ts),
        })
    }
}

impl SystemTx<'_> {
    /// Campaigns that run or whose time to start has come, by id.
    ///
    /// # Errors
    /// The database.
    pub async fn awake_campaigns(
        &mut self,
        now: Ts,
        after: Option<CampaignId>,
        limit: usize,
    ) -> Result<Vec<AwakeCampaign>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows: Vec<(String, String)> = self
            .tx
            .rows(CAMPAIGNS_AWAKE, args![now, after, db::limit(limit)])
            .await?;
        rows.iter()
            .map(|(tenant, id)| {
                Ok(AwakeCampaign {
                    tenant: json::id("tenant_id", tenant)?,
                    id: json::id("campaign_id", id)?,
                })
            })
            .collect()
    }
}

impl TenantTx<'_> {
    /// Writes a new campaign down as a draft.
    ///
    /// # Errors
    /// The database.
    pub async fn insert_campaign(
        &mut self,
        id: CampaignId,
        definition: &CampaignDefinition,
        author: &str,
        now: Ts,
    ) -> Result<()> {
        let args = args![
            self.tenant,
            id,
            definition.name.as_str(),
            &definition.phone_number_id,
            definition.template.as_str(),
            definition.language.as_str(),
            json::canonical("campaign definition", definition)?,
            author,
            now
        ];
        self.tx.run(CAMPAIGN_INSERT, args).await.map(drop)
    }

    /// One campaign.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>> {
        let row: Option<Raw> = self.tx.row(CAMPAIGN_GET, args![self.tenant, id]).await?;
        row.map(Raw::read).transpose()
    }

    /// One campaign, held until the transaction ends; nothing when another host holds it.
    ///
    /// # Errors
    /// The database.
    pub async fn hold_campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>> {
        let row: Option<Raw> = self.tx.row(CAMPAIGN_HOLD, args![self.tenant, id]).await?;
        row.map(Raw::read).transpose()
    }

    /// One campaign, held until the transaction ends; waits for whoever holds it now.
    ///
    /// # Errors
    /// The database.
    pub async fn lock_campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>> {
        let row: Option<Raw> = self.tx.row(CAMPAIGN_LOCK, args![self.tenant, id]).await?;
        row.map(Raw::read).transpose()
    }

    /// Campaigns, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn campaigns(
        &mut self,
        state: Option<CampaignState>,
        limit: usize,
        after: Option<CampaignId>,
    ) -> Result<Vec<CampaignRow>> {
        let after = after.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string());
        let args = args![
            self.tenant,
            state.map(CampaignState::as_str),
            after,
            db::limit(limit)
        ];
        let rows: Vec<Raw> = self.tx.rows(CAMPAIGNS, args).await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// Saves everything but the definition; `false` when somebody else changed it meanwhile.
    ///
    /// # Errors
    /// The database.
    pub async fn save_campaign(&mut self, c: &CampaignRow) -> Result<bool> {
        let [sent, failed, opted_out] = c.base.map(db::amount);
        let args = args![
            self.tenant,
            c.id,
            c.revision,
            c.state.as_str(),
            c.plan.as_deref(),
            c.plan_hash.as_deref(),
            c.plan_round,
            c.planned_at,
            c.approved_by.as_deref(),
            c.approved_at,
            c.approval_expires_at,
            db::amount(c.people),
            c.started_at,
            c.spread_from,
            c.spread_to,
            db::amount(c.spread_done),
            c.next_at,
            c.paused_at,
            c.reason.as_deref(),
            c.reason_detail.as_deref(),
            c.finished_at,
            db::amount(c.sent),
            db::amount(c.failed),
            db::amount(c.opted_out),
            sent,
            failed,
            opted_out,
            db::amount(c.turned),
            c.tallied_at,
            db::amount(c.imported),
            c.canary_until
        ];
        Ok(self.tx.run(CAMPAIGN_SAVE, args).await? == 1)
    }

    /// (state of the message, whether Meta could not deliver it, how many), counted from the messages.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_tally(&mut self, id: CampaignId) -> Result<Vec<(String, bool, u64)>> {
        let rows: Vec<(String, i32, i64)> =
            self.tx.rows(CAMPAIGN_TALLY, args![self.tenant, id]).await?;
        Ok(rows
            .into_iter()
            .map(|(state, lost, n)| (state, lost != 0, db::count(n)))
            .collect())
    }

    /// Messages of a campaign that wait for their number, counted up to `most`.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_queued(&mut self, id: CampaignId, most: usize) -> Result<usize> {
        let args = args![self.tenant, id, db::limit(most)];
        let row: Option<(i64,)> = self.tx.row(CAMPAIGN_QUEUED, args).await?;
        Ok(row.map_or(0, |(n,)| usize::try_from(n).unwrap_or(most)))
    }

    /// Whether any message of a campaign may still leave by itself, or is on the wire.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_open(&mut self, id: CampaignId) -> Result<bool> {
        let row: Option<(i32,)> = self.tx.row(CAMPAIGN_OPEN, args![self.tenant, id]).await?;
        Ok(row.is_some())
    }

    /// People a campaign reached who withdrew their consent afterwards, since an instant.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_opt_outs(&mut self, id: CampaignId, since: Ts) -> Result<u64> {
        let row: Option<(i64,)> = self
            .tx
            .row(CAMPAIGN_OPT_OUTS, args![self.tenant, id, since])
            .await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }
}
