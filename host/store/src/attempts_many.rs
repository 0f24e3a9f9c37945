//! The attempts of one claim begun together, and answers of one moment taken in together.

use std::collections::HashSet;

use portero_domain::clock::Ts;
use portero_domain::ids::{AttemptId, DecisionId, OutboxId, Wamid};
use portero_domain::status::MessageStatus;
use serde_json::json;

use crate::attempts::NewAttempt;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// An attempt to be begun, with what is written beside it.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The attempt.
    pub attempt: NewAttempt,
    /// The record of the judgement that cleared it.
    pub decision: DecisionId,
    /// Where the pair's bucket stands after it.
    pub pair_tat: Ts,
    /// What it is reckoned to cost, in millionths; `None`: not known, or counted at an earlier attempt.
    pub cost_micro: Option<i64>,
}

/// An attempt whose message Meta took.
#[derive(Clone, Debug)]
pub struct AcceptedAttempt {
    /// Which.
    pub id: AttemptId,
    /// Meta's id of the message.
    pub wamid: Wamid,
    /// `Accepted` or `Held`, or the status that told of it.
    pub status: MessageStatus,
}

macro_rules! held {
    ($($set:tt)*) => {
        concat!(
            "with j as (select * from jsonb_to_recordset(cast($2 as jsonb))
                as x(o text, a text, d text, w text, s text, r bigint, m bigint)),
             held as materialized (select o.outbox_id from outbox o where o.tenant_id = $1
                and o.outbox_id in (select j.o from j) order by o.outbox_id for no key update)
             update outbox set ",
            $($set)*,
            " from held join j on j.o = held.outbox_id where outbox.outbox_id = held.outbox_id"
        )
    };
}
/// An answer is as good as a first status; what a webhook said before it stands.
macro_rules! sent {
    ($wamid:literal, $status:literal, $rank:literal) => {
        concat!(
            "state = 'sent', wamid = coalesce(wamid, ",
            $wamid,
            "),
             settled_at = case when state = 'sent' then settled_at else $3 end,
             status = case when status_rank < ",
            $rank,
            " then ",
            $status,
            " else status end,
             status_at = case when status_rank < ",
            $rank,
            " then $3 else status_at end,
             error_code = case when status_rank < ",
            $rank,
            " then null else error_code end,
             error_title = case when status_rank < ",
            $rank,
            " then null else error_title end,
             status_rank = case when status_rank < ",
            $rank,
            " then ",
            $rank,
            " else status_rank end"
        )
    };
}

statements! {
    /// The unique index over begun attempts makes a second one to the same person do nothing.
    ATTEMPTS_BEGIN = "insert into attempts (attempt_id, outbox_id, tenant_id, phone_number_id, contact_id, state,
            begun_at, lease_owner, lease_until_at)
        select j.value ->> 'a', o.outbox_id, o.tenant_id, o.phone_number_id, o.contact_id, 'begun', $3,
            j.value ->> 'l', j.value ->> 'u'
        from json_each($2) j cross join outbox o on o.outbox_id = j.value ->> 'o' and +o.tenant_id = $1
        where o.state in ('queued', 'deferred') and o.phone_number_id = j.value ->> 'n' and o.contact_id = j.value ->> 'c'
        on conflict do nothing returning outbox_id",
        postgres = "insert into attempts (attempt_id, outbox_id, tenant_id, phone_number_id, contact_id, state,
            begun_at, lease_owner, lease_until_at)
        select j.a, o.outbox_id, o.tenant_id, o.phone_number_id, o.contact_id, 'begun', cast($3 as bigint), j.l, j.u
        from jsonb_to_recordset(cast($2 as jsonb)) as j(a text, o text, n text, c text, l text, u bigint)
        join outbox o on o.outbox_id = j.o and o.tenant_id = $1
        where o.state in ('queued', 'deferred') and o.phone_number_id = j.n and o.contact_id = j.c
        order by o.outbox_id
        on conflict do nothing returning outbox_id";
    OUTBOX_BEGIN = "update outbox set state = 'attempting', begun_at = $3, tries = tries + 1,
            dispatch_decision_id = j.value ->> 'd', cost_micro = coalesce(j.value ->> 'm', cost_micro)
        from json_each($2) j where outbox.outbox_id = j.value ->> 'o' and +outbox.tenant_id = $1
          and outbox.state in ('queued', 'deferred')",
        postgres = concat!(held!("state = 'attempting', begun_at = $3, tries = tries + 1, dispatch_decision_id = j.d,
                cost_micro = coalesce(j.m, cost_micro)"),
            " and outbox.state in ('queued', 'deferred')");
    PAIR_TATS = "insert into conversations (phone_number_id, contact_id, tenant_id, pair_tat_at)
        select n.phone_number_id, c.contact_id, n.tenant_id, j.value ->> 't'
        from json_each($2) j cross join contacts c on c.contact_id = j.value ->> 'c' and +c.tenant_id = $1
        cross join numbers n on n.phone_number_id = j.value ->> 'n' and +n.tenant_id = $1
        where true
        on conflict (phone_number_id, contact_id) do update set pair_tat_at = case
            when conversations.pair_tat_at < excluded.pair_tat_at then excluded.pair_tat_at
            else conversations.pair_tat_at end",
        postgres = "insert into conversations (phone_number_id, contact_id, tenant_id, pair_tat_at)
        select n.phone_number_id, c.contact_id, n.tenant_id, j.t
        from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, n text, t bigint)
        join contacts c on c.contact_id = j.c and c.tenant_id = $1
        join numbers n on n.phone_number_id = j.n and n.tenant_id = $1
        where true
        order by n.phone_number_id, c.contact_id
        on conflict (phone_number_id, contact_id) do update set pair_tat_at = case
            when conversations.pair_tat_at < excluded.pair_tat_at then excluded.pair_tat_at
            else conversations.pair_tat_at end";
    ATTEMPTS_ACCEPT = "update attempts set state = 'accepted', ended_at = $3, wamid = j.value ->> 'w'
        from json_each($2) j where attempts.attempt_id = j.value ->> 'a' and +attempts.tenant_id = $1
          and attempts.state in ('begun', 'unknown') returning attempt_id, outbox_id",
        postgres = "with j as (select * from jsonb_to_recordset(cast($2 as jsonb)) as x(a text, w text)),
        held as materialized (select t.attempt_id from attempts t where t.tenant_id = $1
            and t.attempt_id in (select j.a from j) order by t.attempt_id for no key update)
        update attempts set state = 'accepted', ended_at = $3, wamid = j.w
        from held join j on j.a = held.attempt_id where attempts.attempt_id = held.attempt_id
          and attempts.state in ('begun', 'unknown') returning attempts.attempt_id, attempts.outbox_id";
    OUTBOX_SENT = concat!("update outbox set ",
            sent!("j.value ->> 'w'", "j.value ->> 's'", "(j.value ->> 'r')"),
            " from json_each($2) j where outbox.outbox_id = j.value ->> 'o' and +outbox.tenant_id = $1"),
        postgres = held!(sent!("j.w", "j.s", "j.r"));
    /// What webhooks that named no attempt said before the answers came.
    STATUSES_HEARD = "select j.value ->> 'o', s.status, s.at, s.error_code
        from json_each($2) j cross join status_events s on s.wamid = j.value ->> 'w' and s.tenant_id = $1
        order by s.at",
        postgres = "select j.o, s.status, s.at, s.error_code
        from jsonb_to_recordset(cast($2 as jsonb)) as j(o text, w text)
        join status_events s on s.wamid = j.w and s.tenant_id = $1 order by s.at";
}

impl TenantTx<'_> {
    /// Begins attempts to different people: their rows, the proposals' states, the pairs' buckets.
    /// Gives those that began; another message to the person is on the wire, or the proposal is not
    /// queued any more, where one did not, and then nothing of it was written.
    ///
    /// The number's bucket is spent apart, by [`TenantTx::spend_number`], and must be.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a proposal was withdrawn at this very moment, or the database.
    pub async fn begin_attempts(
        &mut self,
        all: &[Beginning],
        now: Ts,
    ) -> Result<HashSet<OutboxId>> {
        if all.is_empty() {
            return Ok(HashSet::new());
        }
        let rows = all.iter().map(|b| {
            json!({
                "a": b.attempt.id, "o": b.attempt.outbox, "n": b.attempt.number, "c": b.attempt.contact,
                "l": b.attempt.owner, "u": b.attempt.lease_until,
            })
        });
        let args = args![self.tenant, json::rows(rows.collect()), now];
        let begun: Vec<(String,)> = self.tx.rows(ATTEMPTS_BEGIN, args).await?;
        let begun = begun
            .iter()
            .map(|(id,)| json::id("outbox_id", id))
            .collect::<Result<HashSet<OutboxId>>>()?;
        if begun.is_empty() {
            return Ok(begun);
        }
        let (mut proposals, mut pairs) = (Vec::new(), Vec::new());
        for b in all.iter().filter(|b| begun.contains(&b.attempt.outbox)) {
            proposals.push(json!({ "o": b.attempt.outbox, "d": b.decision, "m": b.cost_micro }));
            pairs.push(json!({ "n": b.attempt.number, "c": b.attempt.contact, "t": b.pair_tat }));
        }
        let expected = u64::try_from(proposals.len()).unwrap_or(u64::MAX);
        let args = args![self.tenant, json::rows(proposals), now];
        if self.tx.run(OUTBOX_BEGIN, args).await? != expected {
            return Err(StoreError::Conflict {
                statement: OUTBOX_BEGIN.name,
            });
        }
        let args = args![self.tenant, json::rows(pairs)];
        if self.tx.run(PAIR_TATS, args).await? != expected {
            return Err(StoreError::NotFound {
                what: "conversation",
            });
        }
        Ok(begun)
    }

    /// Begins one attempt; `false` where [`TenantTx::begin_attempts`] would leave it out.
    ///
    /// # Errors
    /// As [`TenantTx::begin_attempts`].
    pub async fn begin_attempt(
        &mut self,
        new: &NewAttempt,
        decision: DecisionId,
        now: Ts,
        pair_tat: Ts,
    ) -> Result<bool> {
        let one = Beginning {
            attempt: new.clone(),
            decision,
            pair_tat,
            cost_micro: None,
        };
        Ok(!self.begin_attempts(&[one], now).await?.is_empty())
    }

    /// Takes answers in: attempts on the wire (or unknown) end accepted, their proposals are sent, with
    /// every status that was heard before. Gives the attempts that ended by it; the others had.
    ///
    /// # Errors
    /// The database.
    pub async fn accept_attempts(
        &mut self,
        all: &[AcceptedAttempt],
        now: Ts,
    ) -> Result<HashSet<AttemptId>> {
        if all.is_empty() {
            return Ok(HashSet::new());
        }
        let rows = all.iter().map(|a| json!({ "a": a.id, "w": a.wamid }));
        let args = args![self.tenant, json::rows(rows.collect()), now];
        let ended: Vec<(String, String)> = self.tx.rows(ATTEMPTS_ACCEPT, args).await?;
        let mut accepted = HashSet::new();
        let mut proposals = Vec::new();
        for (attempt, outbox) in ended {
            let id: AttemptId = json::id("attempt_id", &attempt)?;
            if let Some(a) = all.iter().find(|a| a.id == id) {
                // A webhook's status has a time of its own and is applied by whoever heard it.
                let rank = a.status.rank();
                let rank = if rank <= MessageStatus::Held.rank() {
                    rank
                } else {
                    0
                };
                proposals.push(json!({
                    "o": outbox, "w": a.wamid, "s": a.status.as_str(), "r": rank,
                }));
            }
            accepted.insert(id);
        }
        if proposals.is_empty() {
            return Ok(accepted);
        }
        let proposals = json::rows(proposals);
        self.tx
            .run(OUTBOX_SENT, args![self.tenant, proposals.clone(), now])
            .await?;
        let heard: Vec<(String, String, i64, Option<i64>)> = self
            .tx
            .rows(STATUSES_HEARD, args![self.tenant, proposals])
            .await?;
        for (outbox, word, at, code) in heard {
            if let Ok(status) = json::from_word::<MessageStatus>("status", &word) {
                let outbox = json::id("outbox_id", &outbox)?;
                self.move_status(outbox, status, Ts(at), code, None).await?;
            }
        }
        Ok(accepted)
    }
}
