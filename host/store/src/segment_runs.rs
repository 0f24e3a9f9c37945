//! How segmentation plugins do: full passes with their place, counts, people they stumble over.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, InstallationId, RunId, TenantId};
use serde_json::{Value, json};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// A segmentation plugin that is enabled, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentationSeat {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub installation: InstallationId,
    /// Its component.
    pub digest: String,
    /// JSON text.
    pub config: String,
    /// JSON text.
    pub grants: String,
    /// Language of the tenant.
    pub language: String,
    /// Component and settings its segments were listed for; absent before the first time.
    pub listed_for: Option<String>,
    /// When the last full pass ended.
    pub full_at: Option<Ts>,
    /// Whether a full pass is under way.
    pub running: bool,
}

/// Counts of one installation since it was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentationRow {
    /// Which.
    pub installation: InstallationId,
    /// Batches looked at.
    pub batches: u64,
    /// People looked at, with repeats.
    pub contacts: u64,
    /// People the plugin stumbled over, with repeats.
    pub faults: u64,
    /// How the last of these ended.
    pub last_fault: Option<String>,
    /// When.
    pub last_fault_at: Option<Ts>,
    /// When the last full pass ended.
    pub full_at: Option<Ts>,
    /// People it stumbled over the last time it was shown them.
    pub stuck: u64,
}

/// A full pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRun {
    /// Its id.
    pub id: RunId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which plugin.
    pub installation: InstallationId,
    /// `installed`, `daily` or `command`.
    pub why: String,
    /// `running`, `done` or `failed`.
    pub state: String,
    /// The last person done.
    pub position: Option<ContactId>,
    /// People when it began.
    pub contacts_total: u64,
    /// People done.
    pub contacts_done: u64,
    /// Memberships begun, ended or reworded.
    pub changed: u64,
    /// People the plugin stumbled over.
    pub faults: u64,
    /// How the last of these ended, or why the pass did.
    pub last_fault: Option<String>,
    /// When it began.
    pub started_at: Ts,
    /// When it ended.
    pub finished_at: Option<Ts>,
    /// Guard of the claim.
    pub fence: i64,
}

/// What a batch came to.
#[derive(Clone, Debug, Default)]
pub struct BatchOutcome {
    /// People it was about.
    pub contacts: Vec<ContactId>,
    /// People the plugin stumbled over, and how.
    pub faults: Vec<(ContactId, String)>,
}

macro_rules! run_columns {
    () => {
        "run_id, tenant_id, installation_id, why, state, position, contacts_total, contacts_done, changed,
            faults, last_fault, started_at, finished_at, fence"
    };
}

statements! {
    SEATS = "select i.tenant_id, i.installation_id, i.digest, i.config, i.grants, t.language, s.listed_for, s.full_at,
            (select count(*) from segment_runs r where r.installation_id = i.installation_id and r.state = 'running') as running
        from installations i join tenants t on t.tenant_id = i.tenant_id
        left join segmentations s on s.tenant_id = i.tenant_id and s.installation_id = i.installation_id
        where i.kind = 'segmentation' and i.enabled = 1 order by i.tenant_id, i.position, i.installation_id";
    LISTED = "insert into segmentations (tenant_id, installation_id, listed_for)
        select tenant_id, installation_id, cast($3 as text) from installations
        where tenant_id = $1 and installation_id = $2
        on conflict (tenant_id, installation_id) do update set listed_for = excluded.listed_for";
    COUNTED = "update segmentations set batches = batches + 1, contacts = contacts + $3, faults = faults + $4,
            last_fault = coalesce(cast($5 as text), last_fault), last_fault_at = coalesce(cast($6 as bigint), last_fault_at)
        where tenant_id = $1 and installation_id = $2";
    FULL_DONE = "update segmentations set full_at = $3 where tenant_id = $1 and installation_id = $2";
    SEGMENTATIONS = "select s.installation_id, s.batches, s.contacts, s.faults, s.last_fault, s.last_fault_at, s.full_at,
            (select count(*) from segment_faults f where f.tenant_id = s.tenant_id and f.installation_id = s.installation_id)
        from segmentations s where s.tenant_id = $1 order by s.installation_id";
    FAULTS_CLEAR = "delete from segment_faults where tenant_id = $1 and installation_id = $2
        and contact_id in (select value from json_each($3))",
        postgres = "delete from segment_faults where tenant_id = $1 and installation_id = $2
        and contact_id in (select jsonb_array_elements_text(cast($3 as jsonb)))";
    FAULTS_PUT = "insert into segment_faults (tenant_id, installation_id, contact_id, outcome, at)
        select i.tenant_id, i.installation_id, c.contact_id, j.value ->> 'o', $4
        from json_each($3) j cross join installations i on i.tenant_id = $1 and i.installation_id = $2
        cross join contacts c on c.contact_id = j.value ->> 'c' and c.tenant_id = $1
        where true
        on conflict (tenant_id, installation_id, contact_id) do update set outcome = excluded.outcome, at = excluded.at",
        postgres = "insert into segment_faults (tenant_id, installation_id, contact_id, outcome, at)
        select i.tenant_id, i.installation_id, c.contact_id, j.o, cast($4 as bigint)
        from jsonb_to_recordset(cast($3 as jsonb)) as j(c text, o text)
        join installations i on i.tenant_id = $1 and i.installation_id = $2
        join contacts c on c.contact_id = j.c and c.tenant_id = $1
        where true
        order by j.c
        on conflict (tenant_id, installation_id, contact_id) do update set outcome = excluded.outcome, at = excluded.at";
    FAULTS = "select contact_id, outcome, at from segment_faults
        where tenant_id = $1 and installation_id = $2 and contact_id > $3 order by contact_id limit $4";
    RUN_START = "insert into segment_runs (run_id, tenant_id, installation_id, why, state, contacts_total, started_at)
        select cast($3 as text), tenant_id, installation_id, cast($4 as text), 'running', cast($5 as bigint),
            cast($6 as bigint)
        from installations where tenant_id = $1 and installation_id = $2
        on conflict (installation_id) where state = 'running' do nothing";
    RUN_GET = concat!("select ", run_columns!(), " from segment_runs where tenant_id = $1 and run_id = $2");
    RUN_LATEST = concat!("select ", run_columns!(), " from segment_runs
        where tenant_id = $1 and installation_id = $2 order by run_id desc limit 1");
    RUN_CLAIM = concat!("update segment_runs set lease_owner = $1, lease_until_at = $3, fence = fence + 1
        where run_id in (select run_id from segment_runs
            where state = 'running' and (lease_until_at is null or lease_until_at < $2) order by run_id limit 1)
        returning ", run_columns!()),
        postgres = concat!("update segment_runs set lease_owner = $1, lease_until_at = $3, fence = fence + 1
        where run_id in (select run_id from segment_runs
            where state = 'running' and (lease_until_at is null or lease_until_at < $2) order by run_id limit 1
            for update skip locked)
        returning ", run_columns!());
    RUN_MOVE = "update segment_runs set position = $4, contacts_done = contacts_done + $5, changed = changed + $6,
            faults = faults + $7, last_fault = coalesce(cast($8 as text), last_fault), lease_until_at = $9
        where tenant_id = $1 and run_id = $2 and fence = $3 and state = 'running'";
    RUN_RELEASE = "update segment_runs set lease_until_at = null
        where tenant_id = $1 and run_id = $2 and fence = $3 and state = 'running'";
    RUN_END = "update segment_runs set state = $4, last_fault = coalesce(cast($5 as text), last_fault), finished_at = $6,
            lease_until_at = null
        where tenant_id = $1 and run_id = $2 and fence = $3 and state = 'running'";
}

#[derive(sqlx::FromRow)]
struct RawRun {
    run_id: String,
    tenant_id: String,
    installation_id: String,
    why: String,
    state: String,
    position: String,
    contacts_total: i64,
    contacts_done: i64,
    changed: i64,
    faults: i64,
    last_fault: Option<String>,
    started_at: i64,
    finished_at: Option<i64>,
    fence: i64,
}

impl RawRun {
    fn read(self) -> Result<SegmentRun> {
        let position = Some(self.position.as_str()).filter(|p| !p.is_empty());
        Ok(SegmentRun {
            id: json::id("run_id", &self.run_id)?,
            tenant: json::id("tenant_id", &self.tenant_id)?,
            installation: json::id("installation_id", &self.installation_id)?,
            why: self.why,
            state: self.state,
            position: json::opt_id("position", position)?,
            contacts_total: db::count(self.contacts_total),
            contacts_done: db::count(self.contacts_done),
            changed: db::count(self.changed),
            faults: db::count(self.faults),
            last_fault: self.last_fault,
            started_at: Ts(self.started_at),
            finished_at: self.finished_at.map(Ts),
            fence: self.fence,
        })
    }
}

#[derive(sqlx::FromRow)]
struct RawSeat {
    tenant_id: String,
    installation_id: String,
    digest: String,
    config: String,
    grants: String,
    language: String,
    listed_for: Option<String>,
    full_at: Option<i64>,
    running: i64,
}

type RawSegmentation = (
    String,
    i64,
    i64,
    i64,
    Option<String>,
    Option<i64>,
    Option<i64>,
    i64,
);

impl SystemTx<'_> {
    /// Every enabled segmentation plugin.
    ///
    /// # Errors
    /// The database.
    pub async fn segmentation_seats(&mut self) -> Result<Vec<SegmentationSeat>> {
        let rows: Vec<RawSeat> = self.tx.rows(SEATS, args![]).await?;
        rows.into_iter()
            .map(|row| {
                Ok(SegmentationSeat {
                    tenant: json::id("tenant_id", &row.tenant_id)?,
                    installation: json::id("installation_id", &row.installation_id)?,
                    digest: row.digest,
                    config: row.config,
                    grants: row.grants,
                    language: row.language,
                    listed_for: row.listed_for,
                    full_at: row.full_at.map(Ts),
                    running: row.running > 0,
                })
            })
            .collect()
    }

    /// Takes a full pass nobody works on, until `lease_until`.
    ///
    /// # Errors
    /// The database.
    pub async fn claim_segment_run(
        &mut self,
        owner: &str,
        lease_now: Ts,
        lease_until: Ts,
    ) -> Result<Option<SegmentRun>> {
        let row: Option<RawRun> = self
            .tx
            .row(RUN_CLAIM, args![owner, lease_now, lease_until])
            .await?;
        row.map(RawRun::read).transpose()
    }
}

impl TenantTx<'_> {
    /// Notes what an installation's segments were listed for.
    ///
    /// # Errors
    /// The database.
    pub async fn segments_listed(
        &mut self,
        installation: InstallationId,
        listed_for: &str,
    ) -> Result<()> {
        self.must(
            "installation",
            LISTED,
            args![self.tenant, installation, listed_for],
        )
        .await
    }

    /// Counts a batch and keeps who the plugin stumbled over; who went well is no longer kept.
    ///
    /// # Errors
    /// The database.
    pub async fn count_batch(
        &mut self,
        installation: InstallationId,
        batch: &BatchOutcome,
        now: Ts,
    ) -> Result<()> {
        let last = batch.faults.last().map(|(_, outcome)| outcome.as_str());
        let args = args![
            self.tenant,
            installation,
            number(batch.contacts.len()),
            number(batch.faults.len()),
            last,
            last.map(|_| now)
        ];
        self.tx.run(COUNTED, args).await?;
        let all = json::rows(
            batch
                .contacts
                .iter()
                .map(|c| Value::from(c.to_string()))
                .collect(),
        );
        self.tx
            .run(FAULTS_CLEAR, args![self.tenant, installation, all])
            .await?;
        if batch.faults.is_empty() {
            return Ok(());
        }
        let rows = batch
            .faults
            .iter()
            .map(|(contact, outcome)| json!({ "c": contact, "o": outcome }))
            .collect();
        self.tx
            .run(
                FAULTS_PUT,
                args![self.tenant, installation, json::rows(rows), now],
            )
            .await
            .map(drop)
    }

    /// Counts of every segmentation plugin of the tenant.
    ///
    /// # Errors
    /// The database.
    pub async fn segmentations(&mut self) -> Result<Vec<SegmentationRow>> {
        let rows: Vec<RawSegmentation> = self.tx.rows(SEGMENTATIONS, args![self.tenant]).await?;
        rows.into_iter()
            .map(
                |(id, batches, contacts, faults, last_fault, last_fault_at, full_at, stuck)| {
                    Ok(SegmentationRow {
                        installation: json::id("installation_id", &id)?,
                        batches: db::count(batches),
                        contacts: db::count(contacts),
                        faults: db::count(faults),
                        last_fault,
                        last_fault_at: last_fault_at.map(Ts),
                        full_at: full_at.map(Ts),
                        stuck: db::count(stuck),
                    })
                },
            )
            .collect()
    }

    /// People a plugin stumbled over the last time, by id, after a cursor: who, how, when.
    ///
    /// # Errors
    /// The database.
    pub async fn segment_faults(
        &mut self,
        installation: InstallationId,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<(ContactId, String, Ts)>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let args = args![self.tenant, installation, after, db::limit(limit)];
        let rows: Vec<(String, String, i64)> = self.tx.rows(FAULTS, args).await?;
        rows.into_iter()
            .map(|(contact, outcome, at)| Ok((json::id("contact_id", &contact)?, outcome, Ts(at))))
            .collect()
    }

    /// Begins a full pass; `false` when one is under way.
    ///
    /// # Errors
    /// The database.
    pub async fn start_segment_run(
        &mut self,
        id: RunId,
        installation: InstallationId,
        why: &str,
        contacts_total: u64,
        now: Ts,
    ) -> Result<bool> {
        let args = args![
            self.tenant,
            installation,
            id,
            why,
            db::amount(contacts_total),
            now
        ];
        Ok(self.tx.run(RUN_START, args).await? == 1)
    }

    /// One full pass.
    ///
    /// # Errors
    /// The database.
    pub async fn segment_run(&mut self, id: RunId) -> Result<Option<SegmentRun>> {
        let row: Option<RawRun> = self.tx.row(RUN_GET, args![self.tenant, id]).await?;
        row.map(RawRun::read).transpose()
    }

    /// The newest full pass of an installation.
    ///
    /// # Errors
    /// The database.
    pub async fn latest_segment_run(
        &mut self,
        installation: InstallationId,
    ) -> Result<Option<SegmentRun>> {
        let row: Option<RawRun> = self
            .tx
            .row(RUN_LATEST, args![self.tenant, installation])
            .await?;
        row.map(RawRun::read).transpose()
    }

    /// Moves a full pass on past a page; `false` when the claim is somebody else's now.
    ///
    /// # Errors
    /// The database.
    pub async fn move_segment_run(
        &mut self,
        run: &SegmentRun,
        position: ContactId,
        batch: &BatchOutcome,
        changed: u64,
        lease_until: Ts,
    ) -> Result<bool> {
        let args = args![
            self.tenant,
            run.id,
            run.fence,
            position,
            number(batch.contacts.len()),
            db::amount(changed),
            number(batch.faults.len()),
            batch.faults.last().map(|(_, outcome)| outcome.as_str()),
            lease_until
        ];
        Ok(self.tx.run(RUN_MOVE, args).await? == 1)
    }

    /// Lets another step go on with a full pass.
    ///
    /// # Errors
    /// The database.
    pub async fn release_segment_run(&mut self, run: &SegmentRun) -> Result<()> {
        self.tx
            .run(RUN_RELEASE, args![self.tenant, run.id, run.fence])
            .await
            .map(drop)
    }

    /// Ends a full pass; with `Some`, it failed and that is why. `false` when the claim is somebody
    /// else's now.
    ///
    /// # Errors
    /// The database.
    pub async fn end_segment_run(
        &mut self,
        run: &SegmentRun,
        failed: Option<&str>,
        now: Ts,
    ) -> Result<bool> {
        let state = if failed.is_some() { "failed" } else { "done" };
        let args = args![self.tenant, run.id, run.fence, state, failed, now];
        if self.tx.run(RUN_END, args).await? == 0 {
            return Ok(false);
        }
        if failed.is_none() {
            let args = args![self.tenant, run.installation, now];
            self.tx.run(FULL_DONE, args).await?;
        }
        Ok(true)
    }
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
