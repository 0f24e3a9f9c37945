//! Whether the message that a plugin reacts to is one of the person's: a plugin remembers ids of messages, and
//! could name one of somebody else.

use portero_domain::content::Content;
use portero_domain::ids::{ContactId, PhoneNumberId};

use super::FactsQuery;
use crate::error::Result;
use crate::inbox::message_keys;
use crate::tx::TenantTx;

statements! {
    /// Written by them to this number, or by this number to them.
    REACTS_TO = "select 1 from inbox i
            where i.dedupe_key in ($2, $6) and i.tenant_id = $1 and i.contact_id = $4
        union all select 1 from outbox o
            where o.tenant_id = $1 and o.wamid = $3 and o.contact_id = $4 and o.phone_number_id = $5
        limit 1";
}

impl TenantTx<'_> {
    /// Fills in what a plugin's reaction is on; nothing for everything else.
    pub(super) async fn reacts_to(&mut self, query: &mut FactsQuery<'_>) -> Result<()> {
        let p = query.proposal;
        let (Content::Reaction(reaction), Some(plugin)) = (&p.content, &mut query.plugin) else {
            return Ok(());
        };
        let theirs = self
            .is_between(&p.sender, p.contact, &reaction.message_id)
            .await?;
        plugin.reacts_to_theirs = Some(theirs);
        Ok(())
    }

    async fn is_between(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
        wamid: &str,
    ) -> Result<bool> {
        let [key, before] = message_keys(number, wamid);
        let args = args![self.tenant, key, wamid, contact, number, before];
        let found: Option<(i32,)> = self.tx.row(REACTS_TO, args).await?;
        Ok(found.is_some())
    }
}
