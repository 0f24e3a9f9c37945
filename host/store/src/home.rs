//! What the first page of a shop shows: today's messages, who answered, what needs somebody.
//!
//! Every statement is led by an index and reads a day, a number or a short list; none reads a tenant's past.

use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, PhoneNumberId, WebhookId};

use crate::db::{self, Sql};
use crate::engine::EngineKind;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// Newest events looked through for each number's last webhook.
const EVENTS_LOOKED_AT: usize = 500;

statements! {
    /// On SQLite from the index alone.
    DAY_STATES = "select state, status_rank, count(*) from outbox
        where tenant_id = $1 and outbox_id >= $2 and outbox_id < $3 group by state, status_rank";
    /// Who wrote since then is asked, not who was written to: they are fewer.
    DAY_ANSWERED = "select count(*) from conversations c
        where c.tenant_id = $1 and c.window_at is not null and c.window_at >= $2 and exists (
            select 1 from outbox o where o.contact_id = c.contact_id and o.created_at >= $2 and o.created_at < $3
                and o.phone_number_id = c.phone_number_id and o.begun_at < c.window_at and o.state = 'sent')";
    NUMBER_IN_FLIGHT = "select count(*) from attempts where phone_number_id = $1 and state = 'begun'";
    ALL_IN_FLIGHT = "select count(*) from attempts where state = 'begun'";
    WEBHOOKS_SEEN = "select e.phone_number_id, max(e.received_at),
            min(case when e.state = 'pending' then e.received_at end)
        from (select phone_number_id, source, state, received_at from inbox
            where tenant_id = $1 order by event_id desc limit $2) e
        where e.source = 'webhook' and e.phone_number_id is not null group by e.phone_number_id";
    QUALITY_SINCE = "select value, at from account_changes
        where tenant_id = $1 and subject = 'number' and name = $2 and at >= $3 and aspect = 'quality'
        order by at limit $4";
    WITH_PEOPLE = "select count(*), count(waiting_since_at) from conversations
        where tenant_id = $1 and human_since_at is not null";
    TEMPLATES_DOWN = "select t.name, t.language, t.status from templates t
        where t.waba_id in (select n.waba_id from numbers n where n.tenant_id = $1) and t.tenant_id = $1
          and t.status in ('PAUSED', 'REJECTED', 'DISABLED') order by t.name, t.language limit $2";
    CAMPAIGNS_RESTING = "select campaign_id, name, state, reason from campaigns
        where tenant_id = $1 and state in ('planned', 'paused') order by campaign_id desc limit $2";
    WEBHOOKS_OFF = "select webhook_id, disabled_reason from webhooks
        where tenant_id = $1 and disabled_at is not null order by webhook_id limit $2";
}

/// Statements that could read much, each with the index that must lead it.
const LED: &[(Sql, &str)] = &[
    (DAY_STATES, "outbox_by_tenant"),
    (DAY_ANSWERED, "conversations_by_window"),
    (DAY_ANSWERED, "outbox_by_contact"),
    (NUMBER_IN_FLIGHT, "attempts_one_in_flight"),
    (WEBHOOKS_SEEN, "inbox_by_tenant"),
    (QUALITY_SINCE, "account_changes_by_subject"),
    (WITH_PEOPLE, "conversations_with_people"),
    (CAMPAIGNS_RESTING, "campaigns_by_tenant"),
    (WEBHOOKS_OFF, "webhooks_by_tenant"),
];

/// The texts of the first page on an engine, each with an index that must lead it. For tests that look
/// at plans.
#[must_use]
pub fn home_statements(engine: EngineKind) -> Vec<(&'static str, &'static str)> {
    let text = |sql: &Sql| match engine {
        EngineKind::Sqlite => sql.sqlite,
        EngineKind::Postgres => sql.postgres,
    };
    LED.iter().map(|(sql, index)| (text(sql), *index)).collect()
}

/// Messages of a day that stand at the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayState {
    /// State of the message.
    pub state: String,
    /// Rank of Meta's word on it; 0 without one.
    pub rank: i64,
    /// How many.
    pub count: u64,
}

/// When webhooks of a number came, among the tenant's newest events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSeen {
    /// Which number.
    pub number: PhoneNumberId,
    /// The newest one.
    pub last: Ts,
    /// The oldest that is not worked on yet.
    pub waiting_since: Option<Ts>,
}

/// Sorts before every message of an instant: ids begin with their time.
fn from(at: Ts) -> String {
    format!("out_{:012x}", at.ms().clamp(0, (1 << 48) - 1))
}

impl SystemTx<'_> {
    /// Attempts of all tenants on the wire.
    ///
    /// # Errors
    /// The database.
    pub async fn all_in_flight(&mut self) -> Result<u64> {
        let row: Option<(i64,)> = self.tx.row(ALL_IN_FLIGHT, args![]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }
}

impl TenantTx<'_> {
    /// Messages proposed in `[since, until)` by where they stand now.
    ///
    /// # Errors
    /// The database.
    pub async fn day_states(&mut self, since: Ts, until: Ts) -> Result<Vec<DayState>> {
        let args = args![self.tenant, from(since), from(until)];
        let rows: Vec<(String, i64, i64)> = self.tx.rows(DAY_STATES, args).await?;
        Ok(rows
            .into_iter()
            .map(|(state, rank, n)| DayState {
                state,
                rank,
                count: db::count(n),
            })
            .collect())
    }

    /// Conversations in which the person wrote after a message that was proposed in `[since, until)` and sent.
    ///
    /// # Errors
    /// The database.
    pub async fn day_answered(&mut self, since: Ts, until: Ts) -> Result<u64> {
        let args = args![self.tenant, since, until];
        let row: Option<(i64,)> = self.tx.row(DAY_ANSWERED, args).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// Attempts of one number on the wire; 0 for another tenant's.
    ///
    /// # Errors
    /// The database.
    pub async fn in_flight(&mut self, number: &PhoneNumberId) -> Result<u64> {
        if self.number(number).await?.is_none() {
            return Ok(0);
        }
        let row: Option<(i64,)> = self.tx.row(NUMBER_IN_FLIGHT, args![number]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// When webhooks of each number came last. A number that is not among the tenant's newest events is left out.
    ///
    /// # Errors
    /// The database.
    pub async fn webhooks_seen(&mut self) -> Result<Vec<WebhookSeen>> {
        let args = args![self.tenant, db::limit(EVENTS_LOOKED_AT)];
        let rows: Vec<(String, i64, Option<i64>)> = self.tx.rows(WEBHOOKS_SEEN, args).await?;
        rows.into_iter()
            .map(|(number, last, waiting)| {
                Ok(WebhookSeen {
                    number: json::number(number)?,
                    last: Ts(last),
                    waiting_since: waiting.map(Ts),
                })
            })
            .collect()
    }

    /// What Meta said of a number's quality since an instant, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn quality_since(
        &mut self,
        number: &PhoneNumberId,
        since: Ts,
        limit: usize,
    ) -> Result<Vec<(String, Ts)>> {
        let args = args![self.tenant, number, since, db::limit(limit)];
        let rows: Vec<(String, i64)> = self.tx.rows(QUALITY_SINCE, args).await?;
        Ok(rows.into_iter().map(|(v, at)| (v, Ts(at))).collect())
    }

    /// Conversations that people of the shop have, and how many of these wait for an answer.
    ///
    /// # Errors
    /// The database.
    pub async fn with_people(&mut self) -> Result<(u64, u64)> {
        let row: Option<(i64, i64)> = self.tx.row(WITH_PEOPLE, args![self.tenant]).await?;
        Ok(row.map_or((0, 0), |(n, waiting)| (db::count(n), db::count(waiting))))
    }

    /// Templates that Meta paused, rejected or switched off: (name, language, status).
    ///
    /// # Errors
    /// The database.
    pub async fn templates_down(&mut self, limit: usize) -> Result<Vec<(String, String, String)>> {
        let args = args![self.tenant, db::limit(limit)];
        self.tx.rows(TEMPLATES_DOWN, args).await
    }

    /// Campaigns that wait for an approval or rest: (id, name, state, reason).
    ///
    /// # Errors
    /// The database.
    pub async fn campaigns_resting(
        &mut self,
        limit: usize,
    ) -> Result<Vec<(CampaignId, String, String, Option<String>)>> {
        let args = args![self.tenant, db::limit(limit)];
        let rows: Vec<(String, String, String, Option<String>)> =
            self.tx.rows(CAMPAIGNS_RESTING, args).await?;
        rows.into_iter()
            .map(|(id, name, state, reason)| {
                Ok((json::id("campaign_id", &id)?, name, state, reason))
            })
            .collect()
    }

    /// Endpoints for webhooks out that were switched off, with the reason.
    ///
    /// # Errors
    /// The database.
    pub async fn webhooks_off(&mut self, limit: usize) -> Result<Vec<(WebhookId, Option<String>)>> {
        let args = args![self.tenant, db::limit(limit)];
        let rows: Vec<(String, Option<String>)> = self.tx.rows(WEBHOOKS_OFF, args).await?;
        rows.into_iter()
            .map(|(id, reason)| Ok((json::id("webhook_id", &id)?, reason)))
            .collect()
    }
}
