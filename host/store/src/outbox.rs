//! Every proposal from first sight to its end; nothing leaves this table.

use portero_domain::clock::Ts;
use portero_domain::ids::{
    ContactId, DecisionId, EventId, InstallationId, OutboxId, TenantId, Wamid,
};
use portero_domain::proposal::{Origin, OutboxState, Proposal};

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::outbox_row::{OutboxRow, RawOutbox, outbox_columns};
use crate::tx::{SystemTx, TenantTx};

/// A judged proposal to be written down.
#[derive(Clone, Debug)]
pub struct NewOutbox<'a> {
    /// The proposal.
    pub proposal: &'a Proposal,
    /// Hash of its content.
    pub content_hash: &'a str,
    /// The event that led to it.
    pub event: Option<EventId>,
    /// The plugin that proposed it.
    pub installation: Option<InstallationId>,
    /// Counts as promotion.
    pub is_promotional: bool,
    /// Is a template.
    pub is_template: bool,
    /// Which template.
    pub template_name: Option<String>,
    /// Where it goes from here.
    pub state: OutboxState,
    /// The rule that decided, when one did.
    pub rule: Option<String>,
    /// Not to be looked at before.
    pub not_before: Ts,
    /// The record of the judgement.
    pub admission_decision: DecisionId,
    /// Estimated cost in millionths; `None`: free, or the rate table does not say.
    pub cost_micro: Option<i64>,
}

/// Which proposals to list; newest first.
#[derive(Clone, Debug, Default)]
pub struct OutboxFilter {
    /// Of one person.
    pub contact: Option<ContactId>,
    /// In one state.
    pub state: Option<OutboxState>,
    /// Proposed then or later.
    pub since: Option<Ts>,
    /// Proposed before.
    pub until: Option<Ts>,
    /// How many; 0 means 100.
    pub limit: usize,
    /// Older than this one.
    pub after: Option<OutboxId>,
}

macro_rules! open_states {
    () => {
        "('queued', 'deferred', 'in_review', 'attempting', 'unknown')"
    };
}

statements! {
    OUTBOX_INSERT = "insert into outbox (tenant_id, contact_id, outbox_id, proposal_key, content_hash, event_id,
            installation_id, phone_number_id, class, purpose, topic, origin, is_promotional, is_template,
            template_name, proposal, state, rule, not_before_at, expires_at, created_at, settled_at,
            admission_decision_id, cost_micro, campaign_id)
        select tenant_id, contact_id, cast($3 as text), cast($4 as text), cast($5 as text), cast($6 as text),
            cast($7 as text), cast($8 as text), cast($9 as text), cast($10 as text), cast($11 as text),
            cast($12 as text), cast($13 as bigint), cast($14 as bigint), cast($15 as text), cast($16 as text),
            cast($17 as text), cast($18 as text), cast($19 as bigint), cast($20 as bigint), cast($21 as bigint),
            cast($22 as bigint), cast($23 as text), cast($24 as bigint), cast($25 as text)
        from contacts where tenant_id = $1 and contact_id = $2
        on conflict (tenant_id, proposal_key) do nothing";
    /// Earlier work wakes the lane earlier; later work never puts it off.
    LANE_WAKE = "insert into lanes (tenant_id, phone_number_id, contact_id, class, ready_at)
        select o.tenant_id, o.phone_number_id, o.contact_id, o.class, o.not_before_at from outbox o
        where o.tenant_id = $1 and o.outbox_id = $2 and o.state in ('queued', 'deferred')
        on conflict (phone_number_id, contact_id, class) do update
        set ready_at = case when lanes.ready_at is null or lanes.ready_at > excluded.ready_at
            then excluded.ready_at else lanes.ready_at end
        where lanes.tenant_id = excluded.tenant_id";
    OUTBOX_GET = concat!("select ", outbox_columns!(), " from outbox o where o.tenant_id = $1 and o.outbox_id = $2");
    OUTBOX_BY_WAMID = concat!("select ", outbox_columns!(), " from outbox o where o.tenant_id = $1 and o.wamid = $2");
    OUTBOX_BY_KEY = concat!("select ", outbox_columns!(), " from outbox o where o.tenant_id = $1 and o.proposal_key = $2");
    OUTBOX_LIST = concat!("select ", outbox_columns!(), " from outbox o where o.tenant_id = $1
        and (cast($2 as text) is null or o.state = $2) and o.outbox_id < $3 and o.outbox_id >= $5
        order by o.outbox_id desc limit $4");
    /// By the person, whose messages are few: the tenant is asked in a way no index answers.
    OUTBOX_LIST_CONTACT = concat!("select ", outbox_columns!(), " from outbox o
        where o.tenant_id || '' = $1 and o.contact_id = $6
        and (cast($2 as text) is null or o.state = $2) and o.outbox_id < $3 and o.outbox_id >= $5
        order by o.outbox_id desc limit $4");
    OUTBOX_SETTLE = concat!("update outbox set state = $3, rule = coalesce(cast($4 as text), rule),
            dispatch_decision_id = coalesce(cast($5 as text), dispatch_decision_id), settled_at = cast($6 as bigint)
        where tenant_id = $1 and outbox_id = $2 and state in ", open_states!());
    OUTBOX_DEFER = "update outbox set state = 'deferred', not_before_at = $3, rule = cast($4 as text), dispatch_decision_id = $5
        where tenant_id = $1 and outbox_id = $2 and state in ('queued', 'deferred')";
    /// Only what surely did not reach Meta, or what policy sends once more, comes back.
    OUTBOX_REQUEUE = "update outbox set state = 'queued', not_before_at = $3, settled_at = null, tries = tries - $4
        where tenant_id = $1 and outbox_id = $2 and state in ('attempting', 'unknown', 'failed') and wamid is null";
    /// Whoever stops the campaign at this moment waits, or was before.
    OUTBOX_CAMPAIGN = "select g.state from outbox o join campaigns g on g.campaign_id = o.campaign_id
        where o.tenant_id = $1 and o.outbox_id = $2",
        postgres = "select g.state from outbox o join campaigns g on g.campaign_id = o.campaign_id
        where o.tenant_id = $1 and o.outbox_id = $2 for share of g";
    OUTBOX_TAKE_BACK = "update outbox set state = 'cancelled', rule = 'campaign.stopped', settled_at = $3
        where tenant_id = $1 and outbox_id = $2 and state in ('attempting', 'unknown', 'failed') and wamid is null";
    OUTBOX_RELEASE = "update outbox set state = 'queued', not_before_at = $3
        where tenant_id = $1 and outbox_id = $2 and state = 'in_review'";
    OUTBOX_CANCEL = "update outbox set state = 'cancelled', rule = $4, settled_at = $5
        where tenant_id = $1 and contact_id = $2 and state in ('queued', 'deferred', 'in_review')
          and (cast($3 as bigint) = 0 or is_promotional = 1)";
    LANE_HEAD = "select count(*) from outbox x
        where x.phone_number_id = $2 and x.contact_id = $3 and x.class = $4 and x.outbox_id < $5
          and x.tenant_id = $1 and x.state in ('queued', 'deferred')";
    ACCOUNT = "select state, count(*) from outbox where tenant_id = $1 group by state";
    /// By tenant first, as the index has them.
    ACCOUNT_ALL = "select state, cast(sum(n) as bigint) from (select state, count(*) as n from outbox group by tenant_id, state) s
        group by state";
    PROPOSALS = "select count(*) from (select distinct outbox_id from decisions
        where stage = 'admission' and (cast($1 as text) is null or tenant_id = $1)) d";
}

/// Sorts after every outbox id.
pub(crate) const AFTER_ALL: &str = "out_g";

/// Sorts before every message of an instant: ids begin with their time.
pub(crate) fn from(at: Ts) -> String {
    format!("out_{:012x}", at.ms().clamp(0, (1 << 48) - 1))
}

fn all_states(rows: Vec<(String, i64)>) -> Vec<(OutboxState, u64)> {
    OutboxState::ALL
        .into_iter()
        .map(|state| {
            let n = rows
                .iter()
                .find(|(s, _)| s == state.as_str())
                .map_or(0, |(_, n)| db::count(*n));
            (state, n)
        })
        .collect()
}

impl SystemTx<'_> {
    /// Proposals by state, all ten states, of one tenant or of all.
    ///
    /// # Errors
    /// The database.
    pub async fn accounting(
        &mut self,
        tenant: Option<TenantId>,
    ) -> Result<Vec<(OutboxState, u64)>> {
        let rows = match tenant {
            Some(tenant) => self.tx.rows(ACCOUNT, args![tenant]).await?,
            None => self.tx.rows(ACCOUNT_ALL, args![]).await?,
        };
        Ok(all_states(rows))
    }

    /// Proposals ever judged, counted by their records and not by the outbox.
    ///
    /// # Errors
    /// The database.
    pub async fn proposals(&mut self, tenant: Option<TenantId>) -> Result<u64> {
        let row: Option<(i64,)> = self.tx.row(PROPOSALS, args![tenant]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }
}

impl TenantTx<'_> {
    /// Writes a judged proposal down and wakes its lane; `false` when its key was there before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when proposal or person is not the tenant's, or the database.
    pub async fn insert_outbox(&mut self, new: &NewOutbox<'_>, now: Ts) -> Result<bool> {
        let p = new.proposal;
        if p.tenant != self.tenant {
            return Err(StoreError::NotFound { what: "proposal" });
        }
        let proposal = json::canonical("proposal", p)?;
        let args = args![
            self.tenant,
            p.contact,
            p.id,
            p.key.as_str(),
            new.content_hash,
            new.event,
            new.installation,
            &p.sender,
            p.class.as_str(),
            p.purpose.as_str(),
            p.topic.as_deref(),
            p.origin.as_str(),
            new.is_promotional,
            new.is_template,
            new.template_name.as_deref(),
            proposal,
            new.state.as_str(),
            new.rule.as_deref(),
            new.not_before,
            p.expires_at,
            p.created_at,
            new.state.is_final().then_some(now),
            new.admission_decision,
            new.cost_micro,
            match &p.origin {
                Origin::Campaign { campaign } => Some(*campaign),
                _ => None,
            }
        ];
        if self.tx.run(OUTBOX_INSERT, args).await? == 0 {
            return match self.outbox_by_key(&p.key).await? {
                Some(_) => Ok(false),
                None => Err(StoreError::NotFound { what: "contact" }),
            };
        }
        if matches!(new.state, OutboxState::Queued | OutboxState::Deferred) {
            self.wake_lane(p.id).await?;
        }
        Ok(true)
    }

    async fn wake_lane(&mut self, id: OutboxId) -> Result<()> {
        self.tx
            .run(LANE_WAKE, args![self.tenant, id])
            .await
            .map(drop)
    }

    /// One proposal.
    ///
    /// # Errors
    /// The database.
    pub async fn outbox(&mut self, id: OutboxId) -> Result<Option<OutboxRow>> {
        let row: Option<RawOutbox> = self.tx.row(OUTBOX_GET, args![self.tenant, id]).await?;
        row.map(RawOutbox::read).transpose()
    }

    /// The proposal of a key.
    ///
    /// # Errors
    /// The database.
    pub async fn outbox_by_key(&mut self, key: &str) -> Result<Option<OutboxRow>> {
        let row: Option<RawOutbox> = self.tx.row(OUTBOX_BY_KEY, args![self.tenant, key]).await?;
        row.map(RawOutbox::read).transpose()
    }

    /// Proposals, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn outbox_list(&mut self, filter: &OutboxFilter) -> Result<Vec<OutboxRow>> {
        let before = filter.until.map_or_else(|| AFTER_ALL.to_owned(), from);
        let after = filter.after.map(|id| id.to_string());
        let limit = db::limit(if filter.limit == 0 { 100 } else { filter.limit });
        let mut args = args![
            self.tenant,
            filter.state.map(OutboxState::as_str),
            after.filter(|id| *id < before).unwrap_or(before),
            limit,
            filter.since.map_or_else(String::new, from)
        ];
        let sql = match filter.contact {
            Some(contact) => {
                args.push(contact.into());
                OUTBOX_LIST_CONTACT
            }
            None => OUTBOX_LIST,
        };
        let rows: Vec<RawOutbox> = self.tx.rows(sql, args).await?;
        rows.into_iter().map(RawOutbox::read).collect()
    }

    /// The message Meta knows by this id.
    ///
    /// # Errors
    /// The database.
    pub async fn outbox_by_wamid(&mut self, wamid: &Wamid) -> Result<Option<OutboxRow>> {
        let row: Option<RawOutbox> = self
            .tx
            .row(OUTBOX_BY_WAMID, args![self.tenant, wamid.as_str()])
            .await?;
        row.map(RawOutbox::read).transpose()
    }

    /// Whether nothing older waits in its lane.
    ///
    /// # Errors
    /// The database.
    pub async fn is_lane_head(&mut self, row: &OutboxRow) -> Result<bool> {
        let args = args![
            self.tenant,
            &row.number,
            row.contact,
            row.class.as_str(),
            row.id
        ];
        let older: Option<(i64,)> = self.tx.row(LANE_HEAD, args).await?;
        Ok(older.is_none_or(|(n,)| n == 0))
    }

    /// Brings an open proposal to `state`; `false` when it is at its end already.
    ///
    /// # Errors
    /// The database.
    pub async fn settle_outbox(
        &mut self,
        id: OutboxId,
        state: OutboxState,
        rule: Option<&str>,
        dispatch_decision: Option<DecisionId>,
        now: Ts,
    ) -> Result<bool> {
        let settled = state.is_final().then_some(now);
        let args = args![
            self.tenant,
            id,
            state.as_str(),
            rule,
            dispatch_decision,
            settled
        ];
        Ok(self.tx.run(OUTBOX_SETTLE, args).await? == 1)
    }

    /// Puts a queued proposal off; `false` when it is not queued any more.
    ///
    /// # Errors
    /// The database.
    pub async fn defer_outbox(
        &mut self,
        id: OutboxId,
        not_before: Ts,
        rule: Option<&str>,
        decision: DecisionId,
    ) -> Result<bool> {
        let done = self
            .tx
            .run(
                OUTBOX_DEFER,
                args![self.tenant, id, not_before, rule, decision],
            )
            .await?
            == 1;
        if done {
            self.wake_lane(id).await?;
        }
        Ok(done)
    }

    /// Queues a proposal again whose attempt surely did not reach Meta, or that Meta asked to send
    /// later; with `counts` false the attempt was no try. `false` when it was accepted, came to
    /// another end, or its campaign was stopped or its cart ordered or emptied meanwhile, which cancels it.
    ///
    /// # Errors
    /// The database.
    pub async fn requeue_outbox(
        &mut self,
        id: OutboxId,
        not_before: Ts,
        counts: bool,
        now: Ts,
    ) -> Result<bool> {
        let campaign: Option<(String,)> =
            self.tx.row(OUTBOX_CAMPAIGN, args![self.tenant, id]).await?;
        if campaign.is_some_and(|(state,)| state == "stopped") {
            self.tx
                .run(OUTBOX_TAKE_BACK, args![self.tenant, id, now])
                .await?;
            return Ok(false);
        }
        let args = args![self.tenant, id, not_before, i64::from(!counts)];
        let done = self.tx.run(OUTBOX_REQUEUE, args).await? == 1;
        if done {
            self.wake_lane(id).await?;
        }
        // What it says may have been contradicted while it was on the wire.
        Ok(done && !self.take_back_ended(id, now).await?)
    }

    /// A person let a proposal in review go on; `false` when it is not in review.
    ///
    /// # Errors
    /// The database.
    pub async fn release_outbox(&mut self, id: OutboxId, not_before: Ts) -> Result<bool> {
        let done = self
            .tx
            .run(OUTBOX_RELEASE, args![self.tenant, id, not_before])
            .await?
            == 1;
        if done {
            self.wake_lane(id).await?;
        }
        Ok(done)
    }

    /// Withdraws everything for a person that has not begun; returns how many.
    ///
    /// # Errors
    /// The database.
    pub async fn cancel_queued(
        &mut self,
        contact: ContactId,
        only_promotional: bool,
        rule: &str,
        now: Ts,
    ) -> Result<u64> {
        self.tx
            .run(
                OUTBOX_CANCEL,
                args![self.tenant, contact, only_promotional, rule, now],
            )
            .await
    }

    /// Proposals of the tenant by state, all ten states.
    ///
    /// # Errors
    /// The database.
    pub async fn accounting(&mut self) -> Result<Vec<(OutboxState, u64)>> {
        let rows: Vec<(String, i64)> = self.tx.rows(ACCOUNT, args![self.tenant]).await?;
        Ok(all_states(rows))
    }
}
