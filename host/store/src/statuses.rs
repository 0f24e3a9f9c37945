//! What Meta says about messages we sent: kept as it came, applied once, never backwards.

use portero_domain::clock::Ts;
use portero_domain::ids::{AttemptId, OutboxId};
use portero_domain::status::MessageStatus;
use portero_domain::update::StatusUpdate;

use crate::attempts_many::AcceptedAttempt;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// What a status did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusEffect {
    /// No message of this tenant; kept for the answer that may still come.
    NoSuchMessage,
    /// It moved the message on.
    Applied {
        /// Which.
        outbox: OutboxId,
    },
    /// What stands is newer.
    Stale {
        /// Of which message.
        outbox: OutboxId,
    },
}

statements! {
    ATTEMPT_OUTBOX = "select outbox_id from attempts where tenant_id = $1 and attempt_id = $2";
    OUTBOX_BY_WAMID = "select outbox_id from outbox where tenant_id = $1 and wamid = $2 order by outbox_id limit 1";
    STATUS_INSERT = "insert into status_events (tenant_id, wamid, status, outbox_id, at, error_code, pricing)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (tenant_id, wamid, status) do update set outbox_id = excluded.outbox_id
        where status_events.outbox_id is null and excluded.outbox_id is not null";
    STATUS_APPLY = "update outbox set status = $3, status_rank = $4, status_at = $5,
            error_code = cast($6 as bigint), error_title = cast($7 as text)
        where tenant_id = $1 and outbox_id = $2 and status_rank < $4";
    STATUSES_OF = "select s.wamid, s.status, s.at, s.error_code, s.pricing from status_events s
        where s.tenant_id = $1 and s.wamid in (select a.wamid from attempts a
            where a.tenant_id = $1 and a.outbox_id = $2 and a.wamid is not null)
        order by s.at, s.status";
}

/// A status as it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRow {
    /// Of which message.
    pub wamid: String,
    /// Its name; Meta's word when we do not know it.
    pub status: String,
    /// When, Meta's time.
    pub at: Ts,
    /// Meta's error.
    pub error_code: Option<i64>,
    /// `category/type`.
    pub pricing: Option<String>,
}

/// `category/type`, as Meta charges it.
pub(crate) fn pricing(update: &StatusUpdate) -> Option<String> {
    update
        .pricing
        .as_ref()
        .map(|(category, kind)| format!("{category}/{kind}"))
}

type RawStatus = (String, String, i64, Option<i64>, Option<String>);

impl TenantTx<'_> {
    /// Takes a status webhook in: keeps it, settles the attempt it names, moves the message on.
    ///
    /// The attempt id that Meta echoes is trusted before the wamid: it settles a message whose
    /// answer was lost.
    ///
    /// # Errors
    /// The database.
    pub async fn apply_status(&mut self, update: &StatusUpdate, now: Ts) -> Result<StatusEffect> {
        let attempt = update
            .callback_data
            .as_deref()
            .and_then(|t| t.parse::<AttemptId>().ok());
        let mut outbox = match attempt {
            Some(attempt) => {
                self.status_outbox(ATTEMPT_OUTBOX, args![self.tenant, attempt])
                    .await?
            }
            None => None,
        };
        let by_attempt = attempt.filter(|_| outbox.is_some());
        if outbox.is_none() {
            outbox = self
                .status_outbox(OUTBOX_BY_WAMID, args![self.tenant, &update.wamid])
                .await?;
        }
        let word = update
            .status
            .map_or(update.status_text.as_str(), |s| s.as_str());
        let code = update.error.as_ref().map(|(code, _)| *code);
        let pricing = pricing(update);
        let args = args![
            self.tenant,
            &update.wamid,
            word,
            outbox,
            update.at,
            code,
            pricing
        ];
        self.tx.run(STATUS_INSERT, args).await?;
        let Some(outbox) = outbox else {
            return Ok(StatusEffect::NoSuchMessage);
        };
        let Some(status) = update.status else {
            return Ok(StatusEffect::Stale { outbox });
        };
        let mut settled = false;
        if let Some(id) = by_attempt {
            let answer = AcceptedAttempt {
                id,
                wamid: update.wamid.clone(),
                status,
            };
            settled = !self.accept_attempts(&[answer], now).await?.is_empty();
        }
        let title = update.error.as_ref().map(|(_, title)| title.as_str());
        let moved = self
            .move_status(outbox, status, update.at, code, title)
            .await?;
        Ok(if moved || settled {
            StatusEffect::Applied { outbox }
        } else {
            StatusEffect::Stale { outbox }
        })
    }

    async fn status_outbox(
        &mut self,
        sql: crate::db::Sql,
        args: Vec<crate::db::Arg>,
    ) -> Result<Option<OutboxId>> {
        let row: Option<(String,)> = self.tx.row(sql, args).await?;
        row.map(|(id,)| json::id("outbox_id", &id)).transpose()
    }

    /// Moves a message on, never back.
    pub(crate) async fn move_status(
        &mut self,
        outbox: OutboxId,
        status: MessageStatus,
        at: Ts,
        code: Option<i64>,
        title: Option<&str>,
    ) -> Result<bool> {
        let args = args![
            self.tenant,
            outbox,
            status.as_str(),
            status.rank(),
            at,
            code,
            title
        ];
        Ok(self.tx.run(STATUS_APPLY, args).await? == 1)
    }

    /// Every status heard of a proposal's messages, in Meta's order of time.
    ///
    /// # Errors
    /// The database.
    pub async fn statuses(&mut self, outbox: OutboxId) -> Result<Vec<StatusRow>> {
        let rows: Vec<RawStatus> = self
            .tx
            .rows(STATUSES_OF, args![self.tenant, outbox])
            .await?;
        Ok(rows
            .into_iter()
            .map(|(wamid, status, at, error_code, pricing)| StatusRow {
                wamid,
                status,
                at: Ts(at),
                error_code,
                pricing,
            })
            .collect())
    }
}
