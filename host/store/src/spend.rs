//! What a tenant's messages have come to this month, and how many free-form messages its numbers sent in it.

use portero_domain::clock::Ts;
use portero_domain::ids::PhoneNumberId;
use serde_json::json;

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

statements! {
    MONTH_SPEND = "select coalesce((select s.micro from spend s where s.tenant_id = $1 and s.month = $2),
        (select cast(coalesce(sum(o.cost_micro), 0) as bigint) from outbox o where o.tenant_id = $1
            and o.cost_micro is not null and o.begun_at >= $3 and o.state in ('attempting', 'unknown', 'sent')))";
    SPEND_ADD = "update spend set micro = micro + $3 where tenant_id = $1 and month = $2";
    /// The first of a month counts what is there already, these messages among it. Where another process
    /// was first, it saw its own alone.
    SPEND_OPEN = "insert into spend (tenant_id, month, micro)
        select cast($1 as text), cast($2 as text), cast(coalesce(sum(o.cost_micro), 0) as bigint) from outbox o
        where o.tenant_id = $1 and o.cost_micro is not null and o.begun_at >= $3
          and o.state in ('attempting', 'unknown', 'sent')
        on conflict (tenant_id, month) do update set micro = spend.micro + $4";
    SERVICE_USED = "select begun from service_messages
        where tenant_id = $1 and phone_number_id = $2 and month = $3";
    SERVICE_ADD = "insert into service_messages (tenant_id, phone_number_id, month, begun) values ($1, $2, $3, $4)
        on conflict (tenant_id, phone_number_id, month) do update set begun = service_messages.begun + excluded.begun";
    COSTS_ADD = "insert into month_costs (tenant_id, month, category, messages, priced, micro)
        select $1, $2, j.value ->> 'c', j.value ->> 'n', j.value ->> 'p', j.value ->> 'm' from json_each($3) j where true
        on conflict (tenant_id, month, category) do update set messages = month_costs.messages + excluded.messages,
            priced = month_costs.priced + excluded.priced, micro = month_costs.micro + excluded.micro",
        postgres = "insert into month_costs (tenant_id, month, category, messages, priced, micro)
        select cast($1 as text), cast($2 as text), j.c, j.n, j.p, j.m
        from jsonb_to_recordset(cast($3 as jsonb)) as j(c text, n bigint, p bigint, m bigint) where true
        order by j.c
        on conflict (tenant_id, month, category) do update set messages = month_costs.messages + excluded.messages,
            priced = month_costs.priced + excluded.priced, micro = month_costs.micro + excluded.micro";
    COSTS_OF_MONTH = "select category, messages, priced, micro from month_costs
        where tenant_id = $1 and month = $2 order by category";
}

/// What a month's messages of one category are reckoned to cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonthCost {
    /// `marketing`, `utility`, `authentication` or `service`.
    pub category: String,
    /// Messages whose sending began.
    pub messages: u64,
    /// Of these, with a known price.
    pub priced: u64,
    /// What those come to, in millionths.
    pub micro: i64,
}

/// The month of an instant, `2026-11` (UTC), and when it began.
fn month(now: Ts) -> (String, Ts) {
    let text = now.rfc3339();
    let month: String = text.chars().take(7).collect();
    let began = Ts::parse_rfc3339(&format!("{month}-01T00:00:00Z")).unwrap_or(Ts::ZERO);
    (month, began)
}

impl TenantTx<'_> {
    /// Estimated cost of the month so far, in millionths.
    ///
    /// # Errors
    /// The database.
    pub async fn month_spend(&mut self, now: Ts) -> Result<i64> {
        let (month, began) = month(now);
        let row: Option<(i64,)> = self
            .tx
            .row(MONTH_SPEND, args![self.tenant, month, began])
            .await?;
        Ok(row.map_or(0, |(n,)| n))
    }

    /// Adds messages whose attempts have begun, and whose cost is written in them, to the month.
    ///
    /// # Errors
    /// The database.
    pub async fn add_spend(&mut self, micro: i64, now: Ts) -> Result<()> {
        let (month, began) = month(now);
        let args = args![self.tenant, month.as_str(), micro];
        if self.tx.run(SPEND_ADD, args).await? == 0 {
            self.tx
                .run(SPEND_OPEN, args![self.tenant, month, began, micro])
                .await?;
        }
        Ok(())
    }

    /// Adds messages whose attempts have begun to their month (UTC), by category.
    ///
    /// # Errors
    /// The database.
    pub async fn add_month_costs(&mut self, costs: &[MonthCost], now: Ts) -> Result<()> {
        if costs.is_empty() {
            return Ok(());
        }
        let rows = costs
            .iter()
            .map(|c| json!({ "c": c.category, "n": c.messages, "p": c.priced, "m": c.micro }))
            .collect();
        let args = args![self.tenant, month(now).0, json::rows(rows)];
        self.tx.run(COSTS_ADD, args).await.map(drop)
    }

    /// The month's messages (UTC) by category.
    ///
    /// # Errors
    /// The database.
    pub async fn month_costs(&mut self, now: Ts) -> Result<Vec<MonthCost>> {
        let args = args![self.tenant, month(now).0];
        let rows: Vec<(String, i64, i64, i64)> = self.tx.rows(COSTS_OF_MONTH, args).await?;
        Ok(rows
            .into_iter()
            .map(|(category, messages, priced, micro)| MonthCost {
                category,
                messages: db::count(messages),
                priced: db::count(priced),
                micro,
            })
            .collect())
    }

    /// Free-form messages of a number that began in a month (`2026-11`).
    ///
    /// # Errors
    /// The database.
    pub async fn service_used(&mut self, number: &PhoneNumberId, month: &str) -> Result<u64> {
        let row: Option<(i64,)> = self
            .tx
            .row(SERVICE_USED, args![self.tenant, number, month])
            .await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// Counts free-form messages of a number that began.
    ///
    /// # Errors
    /// The database.
    pub async fn add_service(&mut self, number: &PhoneNumberId, month: &str, n: i64) -> Result<()> {
        self.tx
            .run(SERVICE_ADD, args![self.tenant, number, month, n])
            .await
            .map(drop)
    }
}
