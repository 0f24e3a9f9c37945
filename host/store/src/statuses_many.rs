//! Statuses of many messages taken in together: what webhooks say most often, in few statements.

use std::collections::{HashMap, HashSet};

use portero_domain::clock::Ts;
use portero_domain::ids::{AttemptId, OutboxId};
use portero_domain::status::MessageStatus;
use portero_domain::update::StatusUpdate;
use serde_json::json;

use crate::attempts_many::AcceptedAttempt;
use crate::error::Result;
use crate::json;
use crate::statuses::{StatusEffect, pricing};
use crate::tx::TenantTx;

statements! {
    /// The message of each: by the attempt that Meta echoes, else by Meta's id.
    STATUS_TARGETS = "select j.key, coalesce(a.outbox_id, (select o.outbox_id from outbox o
                where o.tenant_id = $1 and o.wamid = j.value ->> 'w' order by o.outbox_id limit 1)), a.state
        from json_each($2) j left join attempts a on a.attempt_id = j.value ->> 'a' and +a.tenant_id = $1",
        postgres = "select j.i, coalesce(a.outbox_id, (select o.outbox_id from outbox o
                where o.tenant_id = $1 and o.wamid = j.w order by o.outbox_id limit 1)), a.state
        from jsonb_to_recordset(cast($2 as jsonb)) as j(i bigint, a text, w text)
        left join attempts a on a.attempt_id = j.a and a.tenant_id = $1";
    STATUSES_INSERT = "insert into status_events (tenant_id, wamid, status, outbox_id, at, pricing)
        select $1, j.value ->> 'w', j.value ->> 's', j.value ->> 'o', j.value ->> 't', j.value ->> 'p'
        from json_each($2) j where true
        on conflict (tenant_id, wamid, status) do update set outbox_id = excluded.outbox_id
        where status_events.outbox_id is null",
        postgres = "insert into status_events (tenant_id, wamid, status, outbox_id, at, pricing)
        select cast($1 as text), j.w, j.s, j.o, j.t, j.p
        from jsonb_to_recordset(cast($2 as jsonb)) as j(w text, s text, o text, t bigint, p text)
        order by j.w, j.s
        on conflict (tenant_id, wamid, status) do update set outbox_id = excluded.outbox_id
        where status_events.outbox_id is null";
    STATUSES_APPLY = "update outbox set status = j.value ->> 's', status_rank = j.value ->> 'r',
            status_at = j.value ->> 't', error_code = null, error_title = null
        from json_each($2) j where outbox.outbox_id = j.value ->> 'o' and +outbox.tenant_id = $1
          and outbox.status_rank < j.value ->> 'r' returning outbox_id",
        postgres = "with j as (select * from jsonb_to_recordset(cast($2 as jsonb)) as x(o text, s text, r bigint, t bigint)),
        held as materialized (select o.outbox_id from outbox o where o.tenant_id = $1
            and o.outbox_id in (select j.o from j) order by o.outbox_id for no key update)
        update outbox set status = j.s, status_rank = j.r, status_at = j.t, error_code = null, error_title = null
        from held join j on j.o = held.outbox_id where outbox.outbox_id = held.outbox_id
          and outbox.status_rank < j.r returning outbox.outbox_id";
}

impl TenantTx<'_> {
    /// Takes status webhooks in; what became of each, in their order.
    ///
    /// Those that move a message on go together; a failure, a word we do not know and what is of no
    /// message of ours go through [`TenantTx::apply_status`] one by one.
    ///
    /// # Errors
    /// The database.
    pub async fn apply_statuses(
        &mut self,
        updates: &[&StatusUpdate],
        now: Ts,
    ) -> Result<Vec<StatusEffect>> {
        let targets = self.status_targets(updates).await?;
        let mut effects = Vec::with_capacity(updates.len());
        let mut kept: HashMap<(&str, MessageStatus), serde_json::Value> = HashMap::new();
        let mut furthest: HashMap<OutboxId, (MessageStatus, Ts)> = HashMap::new();
        let mut answers: HashMap<AttemptId, AcceptedAttempt> = HashMap::new();
        let mut together = Vec::new();
        for (n, (update, target)) in updates.iter().zip(targets).enumerate() {
            let (Some(target), Some(status)) = (target, update.moves_on()) else {
                effects.push(self.apply_status(update, now).await?);
                continue;
            };
            let outbox = target.outbox;
            effects.push(StatusEffect::Stale { outbox });
            together.push((n, target));
            kept.entry((update.wamid.as_str(), status))
                .or_insert_with(|| {
                    json!({
                        "w": update.wamid, "s": status.as_str(), "o": outbox, "t": update.at,
                        "p": pricing(update),
                    })
                });
            let far = furthest.entry(outbox).or_insert((status, update.at));
            if far.0.rank() < status.rank() {
                *far = (status, update.at);
            }
            if let Some(id) = target.open {
                answers.entry(id).or_insert_with(|| AcceptedAttempt {
                    id,
                    wamid: update.wamid.clone(),
                    status,
                });
            }
        }
        if together.is_empty() {
            return Ok(effects);
        }
        // A status is as good as the answer that did not come, or not yet.
        let answers: Vec<AcceptedAttempt> = answers.into_values().collect();
        let settled = self.accept_attempts(&answers, now).await?;
        let kept = json::rows(kept.into_values().collect());
        self.tx
            .run(STATUSES_INSERT, args![self.tenant, kept])
            .await?;
        let far = furthest.iter().map(|(outbox, (status, at))| {
            json!({ "o": outbox, "s": status.as_str(), "r": status.rank(), "t": at })
        });
        let args = args![self.tenant, json::rows(far.collect())];
        let moved: Vec<(String,)> = self.tx.rows(STATUSES_APPLY, args).await?;
        let moved = moved
            .iter()
            .map(|(id,)| json::id("outbox_id", id))
            .collect::<Result<HashSet<OutboxId>>>()?;
        for (n, Target { outbox, open }) in together {
            if (moved.contains(&outbox) || open.is_some_and(|id| settled.contains(&id)))
                && let Some(effect) = effects.get_mut(n)
            {
                *effect = StatusEffect::Applied { outbox };
            }
        }
        Ok(effects)
    }

    /// The message of each update, where it is one of ours.
    async fn status_targets(&mut self, updates: &[&StatusUpdate]) -> Result<Vec<Option<Target>>> {
        let attempts: Vec<Option<AttemptId>> = updates
            .iter()
            .map(|u| u.callback_data.as_deref().and_then(|t| t.parse().ok()))
            .collect();
        let asked = updates.iter().zip(&attempts).enumerate();
        let asked = asked.map(|(i, (update, a))| json!({ "i": i, "a": a, "w": update.wamid }));
        let args = args![self.tenant, json::rows(asked.collect())];
        let rows: Vec<(i64, Option<String>, Option<String>)> =
            self.tx.rows(STATUS_TARGETS, args).await?;
        let mut targets = vec![None; updates.len()];
        for (i, outbox, state) in rows {
            let i = usize::try_from(i).unwrap_or(usize::MAX);
            let Some(outbox) = json::opt_id("outbox_id", outbox.as_deref())? else {
                continue;
            };
            let open = state.is_some_and(|s| s == "begun" || s == "unknown");
            if let (Some(place), Some(attempt)) = (targets.get_mut(i), attempts.get(i)) {
                let open = attempt.filter(|_| open);
                *place = Some(Target { outbox, open });
            }
        }
        Ok(targets)
    }
}

/// Which message a status is of.
#[derive(Clone, Copy)]
struct Target {
    outbox: OutboxId,
    /// Its attempt, where nobody settled it yet.
    open: Option<AttemptId>,
}
