//! Messages that have not begun: where they go, how long they make sense, what holds a campaign's.
//!
//! The proposal in a row is what the gate judges and what is sent, so it is changed together with its
//! columns.

use portero_domain::address::AddressKey;
use portero_domain::campaign::CampaignDefinition;
use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, ContactId};
use portero_domain::proposal::OutboxState;

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

statements! {
    /// A number somebody left may be another person's by now.
    WAITING_REDIRECT = "update outbox set proposal = json_set(proposal, '$.to', $4)
        where tenant_id = $1 and contact_id = $2 and state in ('queued', 'deferred', 'in_review')
          and proposal ->> '$.to' = $3",
        postgres = "update outbox
        set proposal = cast(jsonb_set(cast(proposal as jsonb), '{to}', to_jsonb(cast($4 as text))) as text)
        where tenant_id = $1 and contact_id = $2 and state in ('queued', 'deferred', 'in_review')
          and cast(proposal as jsonb) ->> 'to' = $3";
    /// What rested has its turn again: whoever resumes a campaign has decided.
    CAMPAIGN_RELEASE = "update outbox set state = 'queued', not_before_at = $3
        where campaign_id = $2 and tenant_id = $1 and state = 'in_review'";
    /// The time it rested does not count.
    CAMPAIGN_EXTEND = "update outbox set expires_at = $3, proposal = json_set(proposal, '$.expires_at', $3)
        where campaign_id = $2 and tenant_id = $1 and state in ('queued', 'deferred') and expires_at < $3",
        postgres = "update outbox set expires_at = $3,
            proposal = cast(jsonb_set(cast(proposal as jsonb), '{expires_at}', to_jsonb(cast($3 as bigint))) as text)
        where campaign_id = $2 and tenant_id = $1 and state in ('queued', 'deferred') and expires_at < $3";
    CAMPAIGN_RULES = "select coalesce(rule, ''), count(*) from outbox
        where campaign_id = $2 and tenant_id = $1 and state = $3
        group by coalesce(rule, '') order by count(*) desc, coalesce(rule, '')";
    CAMPAIGNS_OF_PERSON = "select c.campaign_id, c.definition, o.state, coalesce(o.begun_at, o.created_at), p.reason
        from outbox o join campaigns c on c.tenant_id = o.tenant_id and c.campaign_id = o.campaign_id
        left join campaign_people p
            on p.tenant_id = o.tenant_id and p.campaign_id = o.campaign_id and p.contact_id = o.contact_id
        where o.tenant_id = $1 and o.contact_id = $2 order by o.created_at desc, o.outbox_id desc limit $3";
    /// Promises on the messaging limit: what waits for its number, or for the limit itself.
    /// What a paused campaign left waiting promises nothing: its lanes rest.
    WAITING_FIRST = "select count(*) from (select 1 from outbox o
        where o.tenant_id = $1 and o.class = 'campaign'
          and o.state in ('queued', 'deferred') and (o.state = 'queued' or o.rule like 'limits.%')
          and (o.campaign_id is null or not exists (select 1 from campaigns g
              where g.campaign_id = o.campaign_id and g.state in ('paused', 'stopped'))) limit $2) q";
}

/// A campaign that wrote to a person, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonsCampaign {
    /// Which.
    pub id: CampaignId,
    /// What it is.
    pub definition: CampaignDefinition,
    /// State of the message.
    pub state: OutboxState,
    /// When it was sent, or proposed.
    pub at: Ts,
    /// Why the segment had the person when the audience was fixed.
    pub reason: Option<String>,
}

impl TenantTx<'_> {
    /// Sends what waits for a person to the address they moved to; says how many messages.
    ///
    /// # Errors
    /// The database.
    pub async fn redirect_waiting(
        &mut self,
        contact: ContactId,
        left: &AddressKey,
        to: &AddressKey,
    ) -> Result<u64> {
        self.tx
            .run(WAITING_REDIRECT, args![self.tenant, contact, left, to])
            .await
    }

    /// Gives a campaign's messages that rested their turn again, with time until `expires` at least.
    ///
    /// # Errors
    /// The database.
    pub async fn release_campaign(&mut self, id: CampaignId, now: Ts, expires: Ts) -> Result<()> {
        self.tx
            .run(CAMPAIGN_RELEASE, args![self.tenant, id, now])
            .await?;
        self.tx
            .run(CAMPAIGN_EXTEND, args![self.tenant, id, expires])
            .await?;
        self.wake_campaign_lanes(id).await
    }

    /// Messages of a campaign in one state by the rule that put them there, most first.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_rules(
        &mut self,
        id: CampaignId,
        state: OutboxState,
    ) -> Result<Vec<(String, u64)>> {
        let args = args![self.tenant, id, state.as_str()];
        let rows: Vec<(String, i64)> = self.tx.rows(CAMPAIGN_RULES, args).await?;
        Ok(rows.into_iter().map(|(r, n)| (r, db::count(n))).collect())
    }

    /// Messages of all campaigns that may take room of the messaging limit, counted up to `most`.
    ///
    /// # Errors
    /// The database.
    pub async fn waiting_first(&mut self, most: usize) -> Result<u64> {
        let args = args![self.tenant, db::limit(most)];
        let row: Option<(i64,)> = self.tx.row(WAITING_FIRST, args).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// The campaigns that wrote to a person, or would, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn campaigns_of_person(
        &mut self,
        contact: ContactId,
        limit: usize,
    ) -> Result<Vec<PersonsCampaign>> {
        let args = args![self.tenant, contact, db::limit(limit)];
        let rows: Vec<(String, String, String, i64, Option<String>)> =
            self.tx.rows(CAMPAIGNS_OF_PERSON, args).await?;
        rows.into_iter()
            .map(|(id, definition, state, at, reason)| {
                Ok(PersonsCampaign {
                    id: json::id("campaign_id", &id)?,
                    definition: json::read("campaign definition", &definition)?,
                    state: OutboxState::parse(&state)
                        .ok_or_else(|| json::bad("outbox state", "not one of the ten"))?,
                    at: Ts(at),
                    reason,
                })
            })
            .collect()
    }
}
