//! Work that waits is judged again when what it waits for changed: a template, a number, an account.
//!
//! What is woken goes through the gate like everything else; waking decides nothing.

use portero_domain::clock::Ts;
use portero_domain::ids::WabaId;

use crate::error::Result;
use crate::tx::TenantTx;

/// The lanes of what was just made due at `$4`.
macro_rules! wake {
    ($filter:literal) => {
        concat!(
            "insert into lanes (tenant_id, phone_number_id, contact_id, class, ready_at)
             select distinct o.tenant_id, o.phone_number_id, o.contact_id, o.class, cast($4 as bigint)
             from outbox o join numbers n on n.tenant_id = o.tenant_id and n.phone_number_id = o.phone_number_id
             where o.tenant_id = $1 and n.waba_id = $2 and o.state in ('queued', 'deferred')
               and o.not_before_at <= $4 and ",
            $filter,
            " on conflict (phone_number_id, contact_id, class) do update
              set ready_at = case when lanes.ready_at is null or lanes.ready_at > excluded.ready_at
                  then excluded.ready_at else lanes.ready_at end
              where lanes.tenant_id = excluded.tenant_id"
        )
    };
}
macro_rules! due {
    ($filter:literal, $deferred:literal, $held:literal) => {
        concat!(
            "update outbox set not_before_at = $4, state = case when state = 'in_review' then 'queued' else state end
             where tenant_id = $1 and phone_number_id in
                 (select phone_number_id from numbers where tenant_id = $1 and waba_id = $2)
               and ",
            $filter,
            " and state in ('deferred', 'in_review') and ((state = 'deferred' and ",
            $deferred,
            ") or (state = 'in_review' and ",
            $held,
            "))"
        )
    };
}

statements! {
    TEMPLATE_DUE = due!("template_name = $3", "rule like 'template.%'", "rule = 'template.quality-red'");
    TEMPLATE_WAKE = wake!("o.template_name = $3");
    ACCOUNT_DUE = due!("cast($3 as text) is null", "rule in ('account.restricted', 'limits.tier')",
        "rule = 'account.quality-red'");
    ACCOUNT_WAKE = wake!("cast($3 as text) is null");
}

impl TenantTx<'_> {
    /// What waits for a template is due now. Returns how many messages.
    ///
    /// # Errors
    /// The database.
    pub async fn rejudge_template(&mut self, waba: &WabaId, name: &str, now: Ts) -> Result<u64> {
        let args = args![self.tenant, waba, name, now];
        let due = self.tx.run(TEMPLATE_DUE, args.clone()).await?;
        if due > 0 {
            self.tx.run(TEMPLATE_WAKE, args).await?;
        }
        Ok(due)
    }

    /// What waits for an account or one of its numbers is due now. Returns how many messages.
    ///
    /// # Errors
    /// The database.
    pub async fn rejudge_account(&mut self, waba: &WabaId, now: Ts) -> Result<u64> {
        let args = args![self.tenant, waba, None::<String>, now];
        let due = self.tx.run(ACCOUNT_DUE, args.clone()).await?;
        if due > 0 {
            self.tx.run(ACCOUNT_WAKE, args).await?;
        }
        Ok(due)
    }
}
