//! Attempts: a committed row means the attempt has begun; its end is written once.

use portero_domain::clock::Ts;
use portero_domain::ids::{AttemptId, ContactId, OutboxId, PhoneNumberId, TenantId, Wamid};
use portero_domain::status::MessageStatus;

use crate::attempts_many::AcceptedAttempt;
use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// An attempt to be begun.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    /// Its id; Meta echoes it.
    pub id: AttemptId,
    /// Of which proposal.
    pub outbox: OutboxId,
    /// From which number.
    pub number: PhoneNumberId,
    /// To whom.
    pub contact: ContactId,
    /// This process.
    pub owner: String,
    /// When others may take it for lost (lease time).
    pub lease_until: Ts,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its id.
    pub id: AttemptId,
    /// Of which proposal.
    pub outbox: OutboxId,
    /// Whose.
    pub tenant: TenantId,
    /// From which number.
    pub number: PhoneNumberId,
    /// To whom.
    pub contact: ContactId,
    /// `begun`, `accepted`, `refused`, `not_sent` or `unknown`.
    pub state: String,
    /// When it began.
    pub begun_at: Ts,
    /// When others may take it for lost (lease time).
    pub lease_until: Ts,
    /// When it ended.
    pub ended_at: Option<Ts>,
    /// HTTP status of the answer.
    pub http_status: Option<u16>,
    /// Meta's error.
    pub error_code: Option<i64>,
    /// Meta's id of the message.
    pub wamid: Option<String>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// Meta took it.
    Accepted {
        /// Meta's id.
        wamid: Wamid,
        /// `Accepted` or `Held`.
        status: MessageStatus,
    },
    /// Meta refused it.
    Refused {
        /// Meta's code.
        code: i64,
        /// Meta's title.
        title: String,
        /// HTTP status.
        http: u16,
    },
    /// It surely did not reach Meta.
    NotSent {
        /// Why.
        why: String,
    },
    /// The answer was lost.
    Unknown {
        /// Why.
        why: String,
    },
}

macro_rules! columns {
    () => {
        "attempt_id, outbox_id, tenant_id, phone_number_id, contact_id, state, begun_at, lease_until_at, ended_at,
         http_status, error_code, wamid"
    };
}

statements! {
    /// Held to the commit.
    NUMBER_HOLD = "select tat_at from numbers where tenant_id = $1 and phone_number_id = $2 and stopped_at is null",
        postgres = "select tat_at from numbers where tenant_id = $1 and phone_number_id = $2 and stopped_at is null
        for no key update";
    NUMBER_TAT = "update numbers set tat_at = case when tat_at < $3 then $3 else tat_at end
        where tenant_id = $1 and phone_number_id = $2";
    ATTEMPT_GET = concat!("select ", columns!(), " from attempts where tenant_id = $1 and attempt_id = $2");
    ATTEMPTS_OF = concat!("select ", columns!(), " from attempts where tenant_id = $1 and outbox_id = $2 order by attempt_id");
    ATTEMPTS_EXPIRED = concat!("select ", columns!(), " from attempts
        where state = 'begun' and lease_until_at <= $1 order by lease_until_at, attempt_id limit $2");
    ATTEMPT_REFUSE = "update attempts set state = 'refused', ended_at = $3, error_code = $4, http_status = $5
        where tenant_id = $1 and attempt_id = $2 and state in ('begun', 'unknown') returning outbox_id";
    ATTEMPT_DROP = "update attempts set state = $4, ended_at = $3
        where tenant_id = $1 and attempt_id = $2 and state = 'begun' returning outbox_id";
    OUTBOX_REFUSED = "update outbox set state = 'failed', error_code = $3, error_title = $4, settled_at = $5
        where tenant_id = $1 and outbox_id = $2 and state in ('attempting', 'unknown')";
    OUTBOX_UNKNOWN = "update outbox set state = 'unknown'
        where tenant_id = $1 and outbox_id = $2 and state = 'attempting'";
}

#[derive(sqlx::FromRow)]
struct Raw {
    attempt_id: String,
    outbox_id: String,
    tenant_id: String,
    phone_number_id: String,
    contact_id: String,
    state: String,
    begun_at: i64,
    lease_until_at: i64,
    ended_at: Option<i64>,
    http_status: Option<i64>,
    error_code: Option<i64>,
    wamid: Option<String>,
}

impl Raw {
    fn read(self) -> Result<AttemptRow> {
        Ok(AttemptRow {
            id: json::id("attempt_id", &self.attempt_id)?,
            outbox: json::id("outbox_id", &self.outbox_id)?,
            tenant: json::id("tenant_id", &self.tenant_id)?,
            number: json::number(self.phone_number_id)?,
            contact: json::id("contact_id", &self.contact_id)?,
            state: self.state,
            begun_at: Ts(self.begun_at),
            lease_until: Ts(self.lease_until_at),
            ended_at: self.ended_at.map(Ts),
            http_status: self
                .http_status
                .map(|n| json::small("http_status", n))
                .transpose()?,
            error_code: self.error_code,
            wamid: self.wamid,
        })
    }
}

impl SystemTx<'_> {
    /// Attempts on the wire whose lease has run out: their process is gone.
    ///
    /// # Errors
    /// The database.
    pub async fn expired_attempts(
        &mut self,
        lease_now: Ts,
        limit: usize,
    ) -> Result<Vec<AttemptRow>> {
        let rows: Vec<Raw> = self
            .tx
            .rows(ATTEMPTS_EXPIRED, args![lease_now, db::limit(limit)])
            .await?;
        rows.into_iter().map(Raw::read).collect()
    }
}

impl TenantTx<'_> {
    /// Spends the number's bucket: late, because from here to the commit every other message of the
    /// number waits.
    ///
    /// `spend` is given the bucket as it stands now, which another process may have moved since the
    /// facts were read, and says where it stands after this message; `None`: closed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the number was stopped or its bucket emptied since the facts
    /// were read: roll back and judge again. Or the database.
    pub async fn spend_number(
        &mut self,
        number: &PhoneNumberId,
        spend: &(dyn Fn(Ts) -> Option<Ts> + Sync),
    ) -> Result<()> {
        let held: Option<(i64,)> = self.tx.row(NUMBER_HOLD, args![self.tenant, number]).await?;
        let Some(tat) = held.and_then(|(tat,)| spend(Ts(tat))) else {
            return Err(StoreError::Conflict {
                statement: NUMBER_HOLD.name,
            });
        };
        self.must("number", NUMBER_TAT, args![self.tenant, number, tat])
            .await
    }

    /// One attempt.
    ///
    /// # Errors
    /// The database.
    pub async fn attempt(&mut self, id: AttemptId) -> Result<Option<AttemptRow>> {
        let row: Option<Raw> = self.tx.row(ATTEMPT_GET, args![self.tenant, id]).await?;
        row.map(Raw::read).transpose()
    }

    /// Attempts of a proposal, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn attempts(&mut self, outbox: OutboxId) -> Result<Vec<AttemptRow>> {
        let rows: Vec<Raw> = self
            .tx
            .rows(ATTEMPTS_OF, args![self.tenant, outbox])
            .await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// Ends an attempt that is on the wire (an answer also settles an unknown one). `false` when
    /// somebody else ended it.
    ///
    /// Accepted makes the proposal sent, refused makes it failed, unknown leaves it unknown; not
    /// sent leaves it attempting, for the caller to queue again or settle.
    ///
    /// # Errors
    /// The database.
    pub async fn end_attempt(&mut self, id: AttemptId, end: &AttemptEnd, now: Ts) -> Result<bool> {
        match end {
            AttemptEnd::Accepted { wamid, status } => {
                let answer = AcceptedAttempt {
                    id,
                    wamid: wamid.clone(),
                    status: *status,
                };
                let ended = self.accept_attempts(&[answer], now).await?;
                return Ok(!ended.is_empty());
            }
            AttemptEnd::Refused { code, title, http } => {
                let args = args![self.tenant, id, now, *code, i64::from(*http)];
                let Some(outbox) = self.ended(ATTEMPT_REFUSE, args).await? else {
                    return Ok(false);
                };
                let args = args![self.tenant, outbox, *code, title.as_str(), now];
                self.tx.run(OUTBOX_REFUSED, args).await?;
            }
            AttemptEnd::NotSent { .. } => {
                let ended = self
                    .ended(ATTEMPT_DROP, args![self.tenant, id, now, "not_sent"])
                    .await?;
                return Ok(ended.is_some());
            }
            AttemptEnd::Unknown { .. } => {
                let ended = self
                    .ended(ATTEMPT_DROP, args![self.tenant, id, now, "unknown"])
                    .await?;
                let Some(outbox) = ended else {
                    return Ok(false);
                };
                self.tx
                    .run(OUTBOX_UNKNOWN, args![self.tenant, outbox])
                    .await?;
            }
        }
        Ok(true)
    }

    async fn ended(&mut self, sql: db::Sql, args: Vec<db::Arg>) -> Result<Option<OutboxId>> {
        let row: Option<(String,)> = self.tx.row(sql, args).await?;
        row.map(|(outbox,)| json::id("outbox_id", &outbox))
            .transpose()
    }
}
