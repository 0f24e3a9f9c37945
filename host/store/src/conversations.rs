//! The conversation of a person with a number: window, owner, pair bucket.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, InstallationId, PhoneNumberId};

use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// Where a conversation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRow {
    /// The person's last message that opens a window (Meta's time).
    pub window_at: Option<Ts>,
    /// Its wamid.
    pub window_wamid: Option<String>,
    /// The replies plugin that owns it.
    pub owner_installation: Option<InstallationId>,
    /// Since when a person of the shop owns it.
    pub human_since: Option<Ts>,
    /// Why it was handed over.
    pub handover_reason: Option<String>,
    /// Since when the other side waits for a person's answer.
    pub waiting_since: Option<Ts>,
    /// Theoretical arrival time of the pair bucket.
    pub pair_tat: Ts,
}

/// Inserts only for a number and a person of the tenant.
macro_rules! upsert {
    ($columns:literal, $values:literal, $set:literal) => {
        concat!(
            "insert into conversations (phone_number_id, contact_id, tenant_id, ",
            $columns,
            ") select n.phone_number_id, c.contact_id, n.tenant_id, ",
            $values,
            " from numbers n join contacts c on c.tenant_id = n.tenant_id
              where n.tenant_id = $1 and n.phone_number_id = $2 and c.contact_id = $3
              on conflict (phone_number_id, contact_id) do update set ",
            $set
        )
    };
}

statements! {
    CONVERSATION_GET = "select window_at, window_wamid, owner_installation_id, human_since_at, handover_reason, waiting_since_at, pair_tat_at
        from conversations where tenant_id = $1 and phone_number_id = $2 and contact_id = $3";
    /// Webhooks come in any order: the window only ever moves forward. Where a person of the shop has the
    /// conversation, the first message since their last answer is what waits for them.
    WINDOW_OPEN = upsert!(
        "window_at, window_wamid",
        "cast($4 as bigint), cast($5 as text)",
        "window_wamid = case when conversations.window_at is null or conversations.window_at < excluded.window_at
             then excluded.window_wamid else conversations.window_wamid end,
         waiting_since_at = case when conversations.human_since_at is not null and conversations.waiting_since_at is null
             and (conversations.window_at is null or conversations.window_at < excluded.window_at)
             then excluded.window_at else conversations.waiting_since_at end,
         window_at = case when conversations.window_at is null or conversations.window_at < excluded.window_at
             then excluded.window_at else conversations.window_at end"
    );
    OWNER_SET = upsert!(
        "owner_installation_id",
        "cast($4 as text)",
        "owner_installation_id = excluded.owner_installation_id"
    );
}

type Raw = (
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    i64,
);

impl TenantTx<'_> {
    /// Where a conversation stands; `None` when nothing was said yet.
    ///
    /// # Errors
    /// The database.
    pub async fn conversation(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
    ) -> Result<Option<ConversationRow>> {
        let row: Option<Raw> = self
            .tx
            .row(CONVERSATION_GET, args![self.tenant, number, contact])
            .await?;
        row.map(
            |(window_at, window_wamid, owner, human, reason, waiting, tat)| {
                Ok(ConversationRow {
                    window_at: window_at.map(Ts),
                    window_wamid,
                    owner_installation: json::opt_id("owner_installation_id", owner.as_deref())?,
                    human_since: human.map(Ts),
                    handover_reason: reason,
                    waiting_since: waiting.map(Ts),
                    pair_tat: Ts(tat),
                })
            },
        )
        .transpose()
    }

    /// The person wrote at `at`: the window moves forward, never back.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when number or person is not the tenant's, or the database.
    pub async fn open_window(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
        at: Ts,
        wamid: &str,
    ) -> Result<()> {
        self.must(
            "conversation",
            WINDOW_OPEN,
            args![self.tenant, number, contact, at, wamid],
        )
        .await
    }

    /// Which plugin owns the conversation.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when number or person is not the tenant's, or the database.
    pub async fn set_owner(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
        owner: Option<InstallationId>,
    ) -> Result<()> {
        self.must(
            "conversation",
            OWNER_SET,
            args![self.tenant, number, contact, owner],
        )
        .await
    }
}
