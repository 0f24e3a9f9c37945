//! What is told to a tenant's own systems: written in the transaction in which it happened.

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{NoticeId, WebhookId};
use portero_domain::notice::NoticeKind;
use serde_json::{Value, json};

use crate::db;
use crate::error::Result;
use crate::tx::TenantTx;

/// How long notices and the log of their deliveries are kept.
pub const NOTICES_KEPT: Millis = Millis::hours(30 * 24);
/// Old notices forgotten with each new one.
const FORGET: usize = 20;

statements! {
    NOTICE_WANTED = "select count(*) from webhooks where tenant_id = $1 and (kinds = '' or kinds like '% ' || $2 || ' %')";
    NOTICE_PUT = "insert into notices (notice_id, tenant_id, kind, body, created_at) values ($1, $2, $3, $4, $5)";
    /// A disabled endpoint gets it when it is enabled again.
    NOTICE_FAN_OUT = "insert into webhook_deliveries (tenant_id, webhook_id, notice_id, state, next_at)
        select tenant_id, webhook_id, cast($2 as text), 'waiting', case when disabled_at is null then cast($4 as bigint) end
        from webhooks where tenant_id = $1 and (kinds = '' or kinds like '% ' || $3 || ' %')";
    NOTICE_TO_ONE = "insert into webhook_deliveries (tenant_id, webhook_id, notice_id, state, next_at)
        select tenant_id, webhook_id, cast($2 as text), 'waiting', cast($4 as bigint)
        from webhooks where tenant_id = $1 and webhook_id = $3";
    NOTICES_OLD = "select n.notice_id from notices n where n.tenant_id = $1 and n.created_at < $2
          and not exists (select 1 from webhook_deliveries d where d.notice_id = n.notice_id and d.next_at is not null)
        order by n.created_at limit $3";
    NOTICE_FORGET_TRIES = "delete from webhook_tries where tenant_id = $1 and notice_id = $2";
    NOTICE_FORGET_DELIVERIES = "delete from webhook_deliveries where tenant_id = $1 and notice_id = $2";
    NOTICE_FORGET = "delete from notices where tenant_id = $1 and notice_id = $2";
}

impl TenantTx<'_> {
    /// Tells every endpoint that asked for this kind; `false` when none did (nothing is written).
    ///
    /// `data` holds ids, instants and words of the host: no name, no address, no text of a message.
    ///
    /// # Errors
    /// The database.
    pub async fn tell(&mut self, kind: NoticeKind, data: &Value, now: Ts) -> Result<bool> {
        let wanted: Option<(i64,)> = self
            .tx
            .row(NOTICE_WANTED, args![self.tenant, kind.as_str()])
            .await?;
        if wanted.is_none_or(|(n,)| n == 0) {
            return Ok(false);
        }
        self.forget_notices(now - NOTICES_KEPT).await?;
        let id = self.put_notice(kind, data, now).await?;
        let args = args![self.tenant, id, kind.as_str(), now];
        self.tx.run(NOTICE_FAN_OUT, args).await?;
        Ok(true)
    }

    /// Tells one endpoint, whatever it asked for.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when the endpoint is not the tenant's, or the database.
    pub async fn tell_one(
        &mut self,
        webhook: WebhookId,
        kind: NoticeKind,
        data: &Value,
        now: Ts,
    ) -> Result<NoticeId> {
        let id = self.put_notice(kind, data, now).await?;
        let args = args![self.tenant, id, webhook, now];
        self.must("webhook", NOTICE_TO_ONE, args).await?;
        Ok(id)
    }

    async fn put_notice(&mut self, kind: NoticeKind, data: &Value, now: Ts) -> Result<NoticeId> {
        let id = NoticeId::new(&*self.tx.secrets.ids, now);
        let mut data = data.clone();
        if let Value::Object(fields) = &mut data {
            fields.insert("tenant".to_owned(), json!(self.tenant));
        }
        let body = json!({ "type": kind.as_str(), "timestamp": now.rfc3339(), "data": data });
        let args = args![id, self.tenant, kind.as_str(), body.to_string(), now];
        self.tx.run(NOTICE_PUT, args).await?;
        Ok(id)
    }

    async fn forget_notices(&mut self, before: Ts) -> Result<()> {
        let args = args![self.tenant, before, db::limit(FORGET)];
        let old: Vec<(String,)> = self.tx.rows(NOTICES_OLD, args).await?;
        for (id,) in old {
            for sql in [NOTICE_FORGET_TRIES, NOTICE_FORGET_DELIVERIES, NOTICE_FORGET] {
                self.tx.run(sql, args![self.tenant, id.as_str()]).await?;
            }
        }
        Ok(())
    }
}
