//! What a tenant's messages have come to this month, and how many free-form messages its numbers sent in it.

use portero_domain::clock::Ts;
use portero_domain::ids::PhoneNumberId;

use crate::db;
use crate::error::Result;
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
