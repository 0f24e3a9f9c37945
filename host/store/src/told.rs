//! What a plugin is told of a conversation besides its row.

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{CampaignId, ContactId, PhoneNumberId};

use crate::error::Result;
use crate::facts::sql;
use crate::json;
use crate::tx::TenantTx;

statements! {
    /// Counted as the gate counts, see `bot.consecutive`.
    BOT_SINCE = concat!("with q as (select cast($2 as text) as n, cast($3 as text) as c, '' as o)
        select ", sql::bot_since!("count(*)"), " as bot_since from q cross join tenants t
        left join conversations v on v.phone_number_id = q.n and v.contact_id = q.c and v.tenant_id = t.tenant_id
        where t.tenant_id = $1");
    /// The last template begun before, as the figures take it. The tenant is asked in a way no index
    /// answers: SQLite would read all its messages instead of the person's.
    CAMPAIGN_BEFORE = "select o.campaign_id from outbox o where o.tenant_id || '' = $1 and o.contact_id = $2
        and o.is_template = 1 and o.begun_at <= $3 and o.begun_at > $4
        order by o.begun_at desc, o.outbox_id desc limit 1";
}

impl TenantTx<'_> {
    /// Free-form messages of plugins since the person last wrote to this number.
    ///
    /// # Errors
    /// The database.
    pub async fn bot_messages_since_inbound(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
    ) -> Result<u32> {
        let row: Option<(i64,)> = self
            .tx
            .row(BOT_SINCE, args![self.tenant, number, contact])
            .await?;
        let count = row.map_or(0, |(n,)| n);
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The campaign that a message of `at` answers when it quotes nothing: that of the last template
    /// begun within `reach` before it, if a campaign's.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_before(
        &mut self,
        contact: ContactId,
        at: Ts,
        reach: Millis,
    ) -> Result<Option<CampaignId>> {
        let row: Option<(Option<String>,)> = self
            .tx
            .row(CAMPAIGN_BEFORE, args![self.tenant, contact, at, at - reach])
            .await?;
        row.and_then(|(id,)| id)
            .map(|id| json::id("campaign_id", &id))
            .transpose()
    }
}
