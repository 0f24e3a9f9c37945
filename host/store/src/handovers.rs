//! Conversations in the hands of a person of the shop: who waits, since when, what was done.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, EventId, PhoneNumberId, TenantId};
use portero_domain::notice::NoticeKind;
use serde_json::json;

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// A conversation that a person of the shop has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// With which number.
    pub number: PhoneNumberId,
    /// Who waits.
    pub contact: ContactId,
    /// Profile name.
    pub name: Option<String>,
    /// Since when a person has it.
    pub since: Ts,
    /// Why.
    pub reason: String,
    /// Since when nobody answered; `None` while nothing waits for an answer.
    pub waiting_since: Option<Ts>,
    /// When the alert was raised.
    pub alerted_at: Option<Ts>,
    /// The last message of the person that opens a window (Meta's time).
    pub window_at: Option<Ts>,
}

/// One line of the history of a conversation's hand-overs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoverEvent {
    /// With which number.
    pub number: PhoneNumberId,
    /// `handed_over`, `answered`, `given_back`, `unanswered`.
    pub what: String,
    /// Reason or note; may be empty.
    pub note: String,
    /// Token of who did it; `host` for the host and its plugins.
    pub author: String,
    /// When.
    pub at: Ts,
}

/// Somebody nobody answered within the tenant's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Whose conversation.
    pub tenant: TenantId,
    /// With which number.
    pub number: PhoneNumberId,
    /// Who waits.
    pub contact: ContactId,
    /// Since when.
    pub since: Ts,
}

/// Who did it, where there is no token.
const HOST: &str = "host";

statements! {
    /// The first hand-over counts for the time; handing over again does not restart the wait.
    HAND_OVER = "insert into conversations (phone_number_id, contact_id, tenant_id, human_since_at, handover_reason, waiting_since_at)
        select n.phone_number_id, c.contact_id, n.tenant_id, cast($4 as bigint), cast($5 as text), cast($4 as bigint)
        from numbers n join contacts c on c.tenant_id = n.tenant_id
        where n.tenant_id = $1 and n.phone_number_id = $2 and c.contact_id = $3
        on conflict (phone_number_id, contact_id) do update set
            waiting_since_at = case when conversations.human_since_at is null
                then excluded.waiting_since_at else conversations.waiting_since_at end,
            alerted_at = case when conversations.human_since_at is null then null else conversations.alerted_at end,
            human_since_at = coalesce(conversations.human_since_at, excluded.human_since_at),
            handover_reason = excluded.handover_reason";
    GIVE_BACK = "update conversations
        set human_since_at = null, handover_reason = null, waiting_since_at = null, alerted_at = null
        where tenant_id = $1 and phone_number_id = $2 and contact_id = $3 and human_since_at is not null";
    ANSWERED = "update conversations set waiting_since_at = null, alerted_at = null
        where tenant_id = $1 and phone_number_id = $2 and contact_id = $3 and human_since_at is not null";
    HANDOVER_EVENT = "insert into handover_events (event_id, tenant_id, phone_number_id, contact_id, what, note, author, at)
        select cast($4 as text), c.tenant_id, cast($2 as text), c.contact_id, cast($5 as text), cast($6 as text),
            cast($7 as text), cast($8 as bigint)
        from contacts c where c.tenant_id = $1 and c.contact_id = $3";
    HANDOVER_EVENTS = "select phone_number_id, what, note, author, at from handover_events
        where tenant_id = $1 and contact_id = $2 order by event_id desc limit $3";
    HANDED_OVER = "select v.phone_number_id, v.contact_id, c.name, v.human_since_at, v.handover_reason,
            v.waiting_since_at, v.alerted_at, v.window_at
        from conversations v join contacts c on c.contact_id = v.contact_id and c.tenant_id = v.tenant_id
        where v.tenant_id = $1 and v.human_since_at is not null
          and (v.human_since_at > $2 or (v.human_since_at = $2 and (v.contact_id > $3
               or (v.contact_id = $3 and v.phone_number_id > $4))))
          and (cast($6 as bigint) is null or v.waiting_since_at <= $6)
        order by v.human_since_at, v.contact_id, v.phone_number_id limit $5";
    UNANSWERED = "select v.tenant_id, v.phone_number_id, v.contact_id, v.waiting_since_at
        from conversations v join tenants t on t.tenant_id = v.tenant_id
        where v.waiting_since_at is not null and v.alerted_at is null
          and v.waiting_since_at + t.answer_within_ms <= $1
        order by v.waiting_since_at limit $2";
    ALERTED = "update conversations set alerted_at = $4
        where tenant_id = $1 and phone_number_id = $2 and contact_id = $3
          and waiting_since_at = $5 and alerted_at is null";
    ANSWER_WITHIN_GET = "select answer_within_ms from tenants where tenant_id = $1";
    ANSWER_WITHIN_SET = "update tenants set answer_within_ms = $2 where tenant_id = $1";
}

#[derive(sqlx::FromRow)]
struct RawHandedOver {
    phone_number_id: String,
    contact_id: String,
    name: Option<String>,
    human_since_at: i64,
    handover_reason: Option<String>,
    waiting_since_at: Option<i64>,
    alerted_at: Option<i64>,
    window_at: Option<i64>,
}

impl RawHandedOver {
    fn read(self) -> Result<HandedOver> {
        Ok(HandedOver {
            number: json::number(self.phone_number_id)?,
            contact: json::id("contact_id", &self.contact_id)?,
            name: self.name,
            since: Ts(self.human_since_at),
            reason: self.handover_reason.unwrap_or_default(),
            waiting_since: self.waiting_since_at.map(Ts),
            alerted_at: self.alerted_at.map(Ts),
            window_at: self.window_at.map(Ts),
        })
    }
}

/// Where a page of [`TenantTx::handed_over`] begins: after this conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOverCursor {
    /// Since when it was handed over.
    pub since: Ts,
    /// Who.
    pub contact: ContactId,
    /// With which number.
    pub number: PhoneNumberId,
}

impl SystemTx<'_> {
    /// Conversations nobody answered within their tenant's time, not alerted yet; longest first.
    ///
    /// # Errors
    /// The database.
    pub async fn unanswered(&mut self, now: Ts, limit: usize) -> Result<Vec<Unanswered>> {
        let rows: Vec<(String, String, String, i64)> = self
            .tx
            .rows(UNANSWERED, args![now, db::limit(limit)])
            .await?;
        rows.into_iter()
            .map(|(tenant, number, contact, since)| {
                Ok(Unanswered {
                    tenant: json::id("tenant_id", &tenant)?,
                    number: json::number(number)?,
                    contact: json::id("contact_id", &contact)?,
                    since: Ts(since),
                })
            })
            .collect()
    }
}

impl TenantTx<'_> {
    /// Hands the conversation to a person of the shop; the first hand-over counts for the time.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when number or person is not the tenant's, or the database.
    pub async fn hand_over(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
        reason: &str,
        now: Ts,
    ) -> Result<()> {
        let args = args![self.tenant, number, contact, now, reason];
        self.must("conversation", HAND_OVER, args).await?;
        self.handover_event(number, contact, "handed_over", reason, HOST, now)
            .await
    }

    /// Gives the conversation back to its plugin; `false` when no person owned it.
    ///
    /// # Errors
    /// The database.
    pub async fn give_back(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
        note: &str,
        author: &str,
        now: Ts,
    ) -> Result<bool> {
        let args = args![self.tenant, number, contact];
        let done = self.tx.run(GIVE_BACK, args).await? == 1;
        if done {
            self.handover_event(number, contact, "given_back", note, author, now)
                .await?;
        }
        Ok(done)
    }

    /// A person of the shop answered: nothing waits until the other side writes again. `false` when no
    /// person owned the conversation.
    ///
    /// # Errors
    /// The database.
    pub async fn answered(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
        author: &str,
        now: Ts,
    ) -> Result<bool> {
        let args = args![self.tenant, number, contact];
        let done = self.tx.run(ANSWERED, args).await? == 1;
        if done {
            self.handover_event(number, contact, "answered", "", author, now)
                .await?;
        }
        Ok(done)
    }

    /// Nothing waits for a person of the shop: somebody else answers.
    ///
    /// # Errors
    /// The database.
    pub async fn nobody_waits(&mut self, number: &PhoneNumberId, contact: ContactId) -> Result<()> {
        let args = args![self.tenant, number, contact];
        self.tx.run(ANSWERED, args).await.map(drop)
    }

    /// Notes that the alert was raised; `false` when somebody answered, or another process did it.
    ///
    /// # Errors
    /// The database.
    pub async fn alerted(&mut self, who: &Unanswered, now: Ts) -> Result<bool> {
        let args = args![self.tenant, &who.number, who.contact, now, who.since];
        let done = self.tx.run(ALERTED, args).await? == 1;
        if done {
            self.handover_event(&who.number, who.contact, "unanswered", "", HOST, now)
                .await?;
        }
        Ok(done)
    }

    /// Conversations that a person of the shop has, longest first; with `waiting_before` only those that
    /// have waited for an answer since then or longer.
    ///
    /// # Errors
    /// The database.
    pub async fn handed_over(
        &mut self,
        limit: usize,
        after: Option<&HandedOverCursor>,
        waiting_before: Option<Ts>,
    ) -> Result<Vec<HandedOver>> {
        let (since, contact, number) = match after {
            Some(c) => (c.since, c.contact.to_string(), c.number.as_str().to_owned()),
            None => (Ts(i64::MIN), String::new(), String::new()),
        };
        let args = args![
            self.tenant,
            since,
            contact,
            number,
            db::limit(limit),
            waiting_before
        ];
        let rows: Vec<RawHandedOver> = self.tx.rows(HANDED_OVER, args).await?;
        rows.into_iter().map(RawHandedOver::read).collect()
    }

    /// What was done with the conversations of a person, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn handover_events(
        &mut self,
        contact: ContactId,
        limit: usize,
    ) -> Result<Vec<HandoverEvent>> {
        let rows: Vec<(String, String, String, String, i64)> = self
            .tx
            .rows(
                HANDOVER_EVENTS,
                args![self.tenant, contact, db::limit(limit)],
            )
            .await?;
        rows.into_iter()
            .map(|(number, what, note, author, at)| {
                Ok(HandoverEvent {
                    number: json::number(number)?,
                    what,
                    note,
                    author,
                    at: Ts(at),
                })
            })
            .collect()
    }

    /// How long somebody may wait for a person's answer before the alert, in milliseconds.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], or the database.
    pub async fn answer_within_ms(&mut self) -> Result<i64> {
        let row: Option<(i64,)> = self.tx.row(ANSWER_WITHIN_GET, args![self.tenant]).await?;
        row.map(|(ms,)| ms)
            .ok_or(crate::StoreError::NotFound { what: "tenant" })
    }

    /// Sets [`TenantTx::answer_within_ms`].
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], or the database.
    pub async fn set_answer_within_ms(&mut self, ms: i64) -> Result<()> {
        self.must("tenant", ANSWER_WITHIN_SET, args![self.tenant, ms])
            .await
    }

    async fn handover_event(
        &mut self,
        number: &PhoneNumberId,
        contact: ContactId,
        what: &str,
        note: &str,
        author: &str,
        now: Ts,
    ) -> Result<()> {
        let id = EventId::new(&*self.tx.secrets.ids, now);
        let args = args![self.tenant, number, contact, id, what, note, author, now];
        self.must("contact", HANDOVER_EVENT, args).await?;
        let kind = match what {
            "handed_over" => NoticeKind::ConversationHandedOver,
            "unanswered" => NoticeKind::ConversationUnanswered,
            "given_back" => NoticeKind::ConversationGivenBack,
            _ => return Ok(()),
        };
        let data = json!({ "contact": contact, "phone_number_id": number, "author": author });
        self.tell(kind, &data, now).await.map(drop)
    }
}
