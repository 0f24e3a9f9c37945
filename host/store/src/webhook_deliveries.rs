//! Deliveries of notices to endpoints: who takes which, how each try ended, the log.

use portero_domain::clock::Ts;
use portero_domain::ids::{NoticeId, TenantId, WebhookId};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// A delivery whose time has come, taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Whose.
    pub tenant: TenantId,
    /// To which endpoint.
    pub webhook: WebhookId,
    /// Where that is.
    pub url: String,
    /// Since when nothing arrives there.
    pub failing_since: Option<Ts>,
    /// What is told.
    pub notice: NoticeId,
    /// When it happened.
    pub created_at: Ts,
    /// The body.
    pub body: String,
    /// Tries so far.
    pub tries: u32,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryRow {
    /// 1 for the first.
    pub number: u32,
    /// When.
    pub at: Ts,
    /// HTTP status of the answer; `None` when there was none.
    pub status: Option<u16>,
    /// What went wrong.
    pub fault: Option<String>,
    /// How long it took, milliseconds.
    pub took_ms: i64,
}

/// What becomes of a delivery after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterTry {
    /// It arrived.
    Delivered,
    /// Once more then.
    Again(Ts),
    /// No more by itself.
    GivenUp,
}

/// Where a delivery stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// What is told.
    pub notice: NoticeId,
    /// Its kind.
    pub kind: String,
    /// When it happened.
    pub created_at: Ts,
    /// `waiting`, `delivered` or `given_up`.
    pub state: String,
    /// Tries so far.
    pub tries: u32,
    /// When it is tried next.
    pub next_at: Option<Ts>,
    /// HTTP status of the newest answer.
    pub status: Option<u16>,
    /// What went wrong at the newest try.
    pub fault: Option<String>,
    /// The body.
    pub body: String,
}

statements! {
    DELIVERIES_WAITING = "select count(*) from (select 1 from webhook_deliveries
        where next_at <= $1 and (lease_until_at is null or lease_until_at <= $2) limit 1) w";
    /// One try at a time for each endpoint: a slow one holds up itself only.
    DELIVERIES_DUE = "select d.tenant_id, d.webhook_id, d.notice_id, d.tries from webhook_deliveries d
        where d.next_at <= $1 and (d.lease_until_at is null or d.lease_until_at <= $2)
          and not exists (select 1 from webhook_deliveries o where o.tenant_id = d.tenant_id
              and o.webhook_id = d.webhook_id and o.lease_until_at > $2)
        order by d.next_at, d.notice_id, d.webhook_id limit $3",
        postgres = "select d.tenant_id, d.webhook_id, d.notice_id, d.tries from webhook_deliveries d
        where d.next_at <= $1 and (d.lease_until_at is null or d.lease_until_at <= $2)
          and not exists (select 1 from webhook_deliveries o where o.tenant_id = d.tenant_id
              and o.webhook_id = d.webhook_id and o.lease_until_at > $2)
        order by d.next_at, d.notice_id, d.webhook_id limit $3 for update skip locked";
    DELIVERY_LEASE = "update webhook_deliveries set lease_until_at = $4
        where tenant_id = $1 and webhook_id = $2 and notice_id = $3";
    DELIVERY_WHAT = "select w.url, w.failing_since, n.body, n.created_at from webhooks w
        join notices n on n.tenant_id = w.tenant_id
        where w.tenant_id = $1 and w.webhook_id = $2 and n.notice_id = $3";
    DELIVERY_SETTLE = "update webhook_deliveries set state = $4, next_at = $5, tries = $6, lease_until_at = null
        where tenant_id = $1 and webhook_id = $2 and notice_id = $3 and state = 'waiting'";
    TRY_PUT = "insert into webhook_tries (tenant_id, webhook_id, notice_id, try_no, tried_at, status, fault, took_ms)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, webhook_id, notice_id, try_no) do nothing";
    WEBHOOK_ARRIVED = "update webhooks set failing_since = null, delivered_at = $3
        where tenant_id = $1 and webhook_id = $2";
    WEBHOOK_FAILED = "update webhooks set failing_since = coalesce(failing_since, $3)
        where tenant_id = $1 and webhook_id = $2";
    WEBHOOK_DISABLE = "update webhooks set disabled_at = $3, disabled_reason = $4
        where tenant_id = $1 and webhook_id = $2 and disabled_at is null";
    WEBHOOK_REST = "update webhook_deliveries set next_at = null
        where tenant_id = $1 and webhook_id = $2 and next_at is not null";
    DELIVERIES = "select d.notice_id, n.kind, n.created_at, d.state, d.tries, d.next_at, n.body, t.status, t.fault
        from webhook_deliveries d join notices n on n.notice_id = d.notice_id
        left join webhook_tries t on t.tenant_id = d.tenant_id and t.webhook_id = d.webhook_id
            and t.notice_id = d.notice_id and t.try_no = d.tries
        where d.tenant_id = $1 and d.webhook_id = $2 and d.notice_id < $3 order by d.notice_id desc limit $4";
    DELIVERY_GET = "select d.notice_id, n.kind, n.created_at, d.state, d.tries, d.next_at, n.body, t.status, t.fault
        from webhook_deliveries d join notices n on n.notice_id = d.notice_id
        left join webhook_tries t on t.tenant_id = d.tenant_id and t.webhook_id = d.webhook_id
            and t.notice_id = d.notice_id and t.try_no = d.tries
        where d.tenant_id = $1 and d.webhook_id = $2 and d.notice_id = $3";
    TRIES = "select try_no, tried_at, status, fault, took_ms from webhook_tries
        where tenant_id = $1 and webhook_id = $2 and notice_id = $3 order by try_no";
    REPLAY_ONE = "update webhook_deliveries set state = 'waiting', next_at = $4
        where tenant_id = $1 and webhook_id = $2 and notice_id = $3 and lease_until_at is null";
    REPLAY_GIVEN_UP = "update webhook_deliveries set state = 'waiting', next_at = $3
        where tenant_id = $1 and webhook_id = $2 and state = 'given_up' and notice_id in
            (select n.notice_id from notices n where n.tenant_id = $1 and n.created_at >= $4)";
    LEASES_WEBHOOKS = "update webhook_deliveries set lease_until_at = null where lease_until_at is not null";
}

#[derive(sqlx::FromRow)]
struct RawDelivery {
    notice_id: String,
    kind: String,
    created_at: i64,
    state: String,
    tries: i64,
    next_at: Option<i64>,
    body: String,
    status: Option<i64>,
    fault: Option<String>,
}

type RawTry = (i64, i64, Option<i64>, Option<String>, i64);

fn status(raw: Option<i64>) -> Option<u16> {
    raw.and_then(|s| u16::try_from(s).ok())
}

fn tries(raw: i64) -> u32 {
    u32::try_from(raw).unwrap_or_default()
}

impl RawDelivery {
    fn read(self) -> Result<DeliveryRow> {
        Ok(DeliveryRow {
            notice: json::id("notice_id", &self.notice_id)?,
            kind: self.kind,
            created_at: Ts(self.created_at),
            state: self.state,
            tries: tries(self.tries),
            next_at: self.next_at.map(Ts),
            status: status(self.status),
            fault: self.fault,
            body: self.body,
        })
    }
}

impl SystemTx<'_> {
    /// Whether any delivery's time has come.
    ///
    /// # Errors
    /// The database.
    pub async fn deliveries_wait(&mut self, now: Ts, lease_now: Ts) -> Result<bool> {
        let row: Option<(i64,)> = self
            .tx
            .row(DELIVERIES_WAITING, args![now, lease_now])
            .await?;
        Ok(row.is_some_and(|(n,)| n > 0))
    }

    /// Takes deliveries whose time has come, one for each endpoint at most.
    ///
    /// # Errors
    /// The database.
    pub async fn claim_deliveries(
        &mut self,
        now: Ts,
        lease_now: Ts,
        lease_until: Ts,
        limit: usize,
    ) -> Result<Vec<DueDelivery>> {
        let rows: Vec<(String, String, String, i64)> = self
            .tx
            .rows(DELIVERIES_DUE, args![now, lease_now, db::limit(limit)])
            .await?;
        let mut taken: Vec<DueDelivery> = Vec::new();
        for (tenant, webhook, notice, n) in rows {
            let tenant: TenantId = json::id("tenant_id", &tenant)?;
            let webhook: WebhookId = json::id("webhook_id", &webhook)?;
            let notice: NoticeId = json::id("notice_id", &notice)?;
            if taken.iter().any(|d| d.webhook == webhook) {
                continue;
            }
            let what: Option<(String, Option<i64>, String, i64)> = self
                .tx
                .row(DELIVERY_WHAT, args![tenant, webhook, notice])
                .await?;
            let Some((url, failing_since, body, created_at)) = what else {
                continue;
            };
            let args = args![tenant, webhook, notice, lease_until];
            self.tx.run(DELIVERY_LEASE, args).await?;
            taken.push(DueDelivery {
                tenant,
                webhook,
                url,
                failing_since: failing_since.map(Ts),
                notice,
                created_at: Ts(created_at),
                body,
                tries: tries(n),
            });
        }
        Ok(taken)
    }

    /// Ends the leases of deliveries: see [`SystemTx::expire_leases`].
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn expire_delivery_leases(&mut self) -> Result<()> {
        self.tx.run(LEASES_WEBHOOKS, args![]).await.map(drop)
    }
}

impl TenantTx<'_> {
    /// Writes down how a try ended; `false` when the delivery is gone (its endpoint was removed).
    ///
    /// # Errors
    /// The database.
    pub async fn settle_delivery(
        &mut self,
        webhook: WebhookId,
        notice: NoticeId,
        done: &TryRow,
        after: AfterTry,
    ) -> Result<bool> {
        let (state, next) = match after {
            AfterTry::Delivered => ("delivered", None),
            AfterTry::Again(at) => ("waiting", Some(at)),
            AfterTry::GivenUp => ("given_up", None),
        };
        let args = args![self.tenant, webhook, notice, state, next, done.number];
        if self.tx.run(DELIVERY_SETTLE, args).await? == 0 {
            return Ok(false);
        }
        let args = args![
            self.tenant,
            webhook,
            notice,
            done.number,
            done.at,
            done.status.map(i64::from),
            done.fault.as_deref(),
            done.took_ms
        ];
        self.tx.run(TRY_PUT, args).await?;
        let health = match after {
            AfterTry::Delivered => WEBHOOK_ARRIVED,
            AfterTry::Again(_) | AfterTry::GivenUp => WEBHOOK_FAILED,
        };
        self.tx
            .run(health, args![self.tenant, webhook, done.at])
            .await?;
        Ok(true)
    }

    /// Nothing is tried there any more until it is enabled; what waits goes on waiting.
    ///
    /// # Errors
    /// The database.
    pub async fn disable_webhook(&mut self, id: WebhookId, reason: &str, now: Ts) -> Result<()> {
        let args = args![self.tenant, id, now, reason];
        self.tx.run(WEBHOOK_DISABLE, args).await?;
        self.tx
            .run(WEBHOOK_REST, args![self.tenant, id])
            .await
            .map(drop)
    }

    /// Deliveries to an endpoint, newest notice first.
    ///
    /// # Errors
    /// The database.
    pub async fn deliveries(
        &mut self,
        webhook: WebhookId,
        before: Option<NoticeId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>> {
        // `~` comes after every id.
        let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
        let args = args![self.tenant, webhook, before, db::limit(limit)];
        let rows: Vec<RawDelivery> = self.tx.rows(DELIVERIES, args).await?;
        rows.into_iter().map(RawDelivery::read).collect()
    }

    /// One delivery and its tries, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn delivery(
        &mut self,
        webhook: WebhookId,
        notice: NoticeId,
    ) -> Result<Option<(DeliveryRow, Vec<TryRow>)>> {
        let args = args![self.tenant, webhook, notice];
        let Some(row) = self.tx.row::<RawDelivery>(DELIVERY_GET, args).await? else {
            return Ok(None);
        };
        let args = args![self.tenant, webhook, notice];
        let log: Vec<RawTry> = self.tx.rows(TRIES, args).await?;
        let log = log
            .into_iter()
            .map(|(n, at, answer, fault, took_ms)| TryRow {
                number: tries(n),
                at: Ts(at),
                status: status(answer),
                fault,
                took_ms,
            })
            .collect();
        Ok(Some((row.read()?, log)))
    }

    /// Sends one again, whatever became of it; its id stays, so a receiver can tell. `false` when
    /// there is none, or a try is under way.
    ///
    /// # Errors
    /// The database.
    pub async fn replay_delivery(
        &mut self,
        webhook: WebhookId,
        notice: NoticeId,
        now: Ts,
    ) -> Result<bool> {
        let args = args![self.tenant, webhook, notice, now];
        Ok(self.tx.run(REPLAY_ONE, args).await? == 1)
    }

    /// Sends everything again that was given up and happened at or after an instant. Returns how many.
    ///
    /// # Errors
    /// The database.
    pub async fn replay_given_up(&mut self, webhook: WebhookId, since: Ts, now: Ts) -> Result<u64> {
        let args = args![self.tenant, webhook, now, since];
        self.tx.run(REPLAY_GIVEN_UP, args).await
    }
}
