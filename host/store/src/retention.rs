//! Terms of a tenant, and the steps that let go of what is past its term.
//!
//! A step is one small transaction: what it takes is bounded, and its mark is written with it, so that
//! a process may die at any instant and another goes on. Of two hosts one walks, the other leaves it.

use portero_domain::clock::{Millis, Ts};
use portero_domain::content::{Content, Text};
use portero_domain::ids::TenantId;
use portero_domain::proposal::Proposal;
use portero_domain::retention::{Days, PROOF_DAYS, read};
use serde_json::{Map, Value, json};

use crate::db::{self, Arg, Sql};
use crate::error::{Result, StoreError};
use crate::json;
use crate::retention_parts::{Go, Part, Walk, Way, id_bound};
use crate::tx::{SystemTx, TenantTx};

/// How a part of a tenant's data stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkRow {
    /// Which.
    pub part: Part,
    /// Rows that went so far.
    pub gone: u64,
    /// When for the last time.
    pub moved_at: Ts,
}

/// What is past its term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Rows that would go.
    pub rows: u64,
    /// When the oldest of them came in or ended.
    pub oldest: Option<Ts>,
    /// Rows that are as old and stay until they end.
    pub resting: u64,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Let {
    /// Rows that went.
    pub rows: u64,
    /// Whether there may be more.
    pub more: bool,
}

statements! {
    RETENTION_GET = "select retention from tenants where tenant_id = $1";
    RETENTION_SET = "update tenants set retention = $2 where tenant_id = $1";
    RETENTION_OF_ALL = "select tenant_id, retention from tenants order by tenant_id";
    WALK_PUT = "insert into retention_walks (tenant_id, part, position, gone, moved_at) values ($1, $2, '', 0, 0)
        on conflict (tenant_id, part) do nothing";
    WALK_TAKE = "select position from retention_walks where tenant_id = $1 and part = $2",
        postgres = "select position from retention_walks where tenant_id = $1 and part = $2 for update skip locked";
    WALK_AT = "select position from retention_walks where tenant_id = $1 and part = $2";
    WALK_MOVE = "update retention_walks set position = $3, gone = gone + $4, moved_at = case when $4 > 0 then $5 else moved_at end
        where tenant_id = $1 and part = $2",
        postgres = "update retention_walks set position = $3, gone = gone + cast($4 as bigint),
            moved_at = case when cast($4 as bigint) > 0 then cast($5 as bigint) else moved_at end
        where tenant_id = $1 and part = $2";
    WALKS = "select part, gone, moved_at from retention_walks where tenant_id = $1 order by part";
    LEFT_PUT = "insert into retention_left (tenant_id, part, row_id) select $1, $2, value from json_each($3) where true
        on conflict (tenant_id, part, row_id) do nothing",
        postgres = "insert into retention_left (tenant_id, part, row_id)
        select cast($1 as text), cast($2 as text), value from jsonb_array_elements_text(cast($3 as jsonb)) as l(value)
        on conflict (tenant_id, part, row_id) do nothing";
    LEFT_GONE = "delete from retention_left where tenant_id = $1 and part = $2 and row_id in (select value from json_each($3))",
        postgres = "delete from retention_left where tenant_id = $1 and part = $2
          and row_id in (select jsonb_array_elements_text(cast($3 as jsonb)))";
    WORDS_EMPTY = "update outbox set proposal = j.value ->> 'p' from json_each($2) j
        where outbox.outbox_id = j.value ->> 'o' and +outbox.tenant_id = $1
          and outbox.state not in ('queued', 'deferred', 'in_review', 'attempting')",
        postgres = "update outbox set proposal = j.p from jsonb_to_recordset(cast($2 as jsonb)) as j(o text, p text)
        where outbox.outbox_id = j.o and outbox.tenant_id = $1
          and outbox.state not in ('queued', 'deferred', 'in_review', 'attempting')";
    PAYLOADS_EMPTY = "update inbox set payload = 'null' where event_id in (select value from json_each($2))
          and coalesce(tenant_id, '') = $1 and payload <> 'null' and state <> 'pending'",
        postgres = "update inbox set payload = 'null' where event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))
          and coalesce(tenant_id, '') = $1 and payload <> 'null' and state <> 'pending'";
    NOTES_EMPTY = "update handover_events set note = '' where tenant_id = $1 and note <> ''
          and event_id in (select value from json_each($2))",
        postgres = "update handover_events set note = '' where tenant_id = $1 and note <> ''
          and event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    RAW_EMPTY = "update deliveries set body = $2 where length(body) > 0 and delivery_id in (select value from json_each($1))",
        postgres = "update deliveries set body = $2
        where length(body) > 0 and delivery_id in (select jsonb_array_elements_text(cast($1 as jsonb)))";
    NOTICE_TRIES_AWAY = "delete from webhook_tries where tenant_id = $1 and notice_id in (select value from json_each($2))",
        postgres = "delete from webhook_tries
        where tenant_id = $1 and notice_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    NOTICE_DELIVERIES_AWAY = "delete from webhook_deliveries where tenant_id = $1 and notice_id in (select value from json_each($2))",
        postgres = "delete from webhook_deliveries
        where tenant_id = $1 and notice_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    NOTICES_AWAY = "delete from notices where tenant_id = $1 and notice_id in (select value from json_each($2))",
        postgres = "delete from notices
        where tenant_id = $1 and notice_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    SEALS_DROPPED = "update seals set dropped_at = $3 where tenant_id = $1 and item_id in (select value from json_each($2))",
        postgres = "update seals set dropped_at = $3
        where tenant_id = $1 and item_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    CONSENTS_DROP = "delete from consent_events where tenant_id = $1 and consent_event_id in (select value from json_each($2))",
        postgres = "delete from consent_events
        where tenant_id = $1 and consent_event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    DECISIONS_DROP = "delete from decisions where tenant_id = $1 and decision_id in (select value from json_each($2))",
        postgres = "delete from decisions
        where tenant_id = $1 and decision_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
}

/// How old an item of the chain is at least when it is dropped.
pub(crate) const DROPPED_AFTER: Millis = Millis::days(PROOF_DAYS as i64);

/// A row on the way: its id, how it stands, and what the way needs of it.
type Picked = (String, String, String);

pub(crate) fn settings(text: &str) -> Result<Days> {
    let stored: Map<String, Value> = json::read("retention", text)?;
    let words: Vec<(String, String)> = stored
        .into_iter()
        .map(|(kind, days)| (kind, days.to_string()))
        .collect();
    read(words.iter().map(|(k, d)| (k.as_str(), d.as_str()))).map_err(|faults| StoreError::Stored {
        what: "retention",
        why: faults.join("; "),
    })
}

/// How terms are kept.
pub(crate) fn written(days: &Days) -> String {
    let all: Map<String, Value> = days
        .iter()
        .map(|(kind, days)| (kind.as_str().to_owned(), json!(days)))
        .collect();
    Value::Object(all).to_string()
}

fn texts<'a>(all: impl IntoIterator<Item = &'a str>) -> Arg {
    json::rows(all.into_iter().map(Value::from).collect())
}

fn ids(picked: &[Picked]) -> Arg {
    texts(picked.iter().map(|(id, ..)| id.as_str()))
}

/// A proposal without what it said. To whom it went stays: they are there.
fn without_words(mut proposal: Proposal) -> Proposal {
    proposal.content = Content::Text(Text {
        body: String::new(),
        preview_url: false,
    });
    proposal
}

/// Whose: the key of a walk. Empty for what belongs to nobody.
fn key(scope: Option<TenantId>) -> String {
    scope.map(|t| t.to_string()).unwrap_or_default()
}

impl TenantTx<'_> {
    /// The terms the tenant set.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn retention(&mut self) -> Result<Days> {
        let row: Option<(String,)> = self.tx.row(RETENTION_GET, args![self.tenant]).await?;
        let (text,) = row.ok_or(StoreError::NotFound { what: "tenant" })?;
        settings(&text)
    }

    /// Sets them; what is not named is the host's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn set_retention(&mut self, days: &Days) -> Result<()> {
        let args = args![self.tenant, written(days)];
        self.must("tenant", RETENTION_SET, args).await
    }

    /// What went so far, by part.
    ///
    /// # Errors
    /// The database.
    pub async fn retention_walks(&mut self) -> Result<Vec<WalkRow>> {
        let rows: Vec<(String, i64, i64)> = self.tx.rows(WALKS, args![self.tenant]).await?;
        Ok(rows
            .into_iter()
            .filter_map(|(part, gone, moved)| {
                Some(WalkRow {
                    part: Part::from_word(&part)?,
                    gone: db::count(gone),
                    moved_at: Ts(moved),
                })
            })
            .collect())
    }

    /// What of a part is older than `cutoff`. It counts: it reads all of it.
    ///
    /// # Errors
    /// The database.
    pub async fn past_term(&mut self, part: Part, cutoff: Ts) -> Result<Past> {
        let tenant = self.tenant;
        match part.way() {
            Way::Walked(walk) => {
                let mut system = SystemTx { tx: self.tx };
                let after = system.walked_to(Some(tenant), part).await?;
                let args = args![tenant, after, id_bound(walk.prefix, cutoff)];
                let row: Option<(i64, Option<i64>, i64)> = self.tx.row(walk.count, args).await?;
                let (all, oldest, resting) = row.unwrap_or_default();
                // Left behind on an earlier way, and ended since.
                let ended = match walk.ended {
                    Some(sql) => {
                        let args = args![tenant, db::limit(10_000)];
                        let rows: Vec<Picked> = self.tx.rows(sql, args).await?;
                        u64::try_from(rows.len()).unwrap_or_default()
                    }
                    None => 0,
                };
                Ok(Past {
                    rows: db::count(all - resting) + ended,
                    oldest: oldest.map(Ts),
                    resting: db::count(resting),
                })
            }
            Way::Gone(go) | Way::Dropped(go) => {
                let args = args![tenant, go.edge.bound(cutoff)];
                let row: Option<(i64, Option<i64>)> = self.tx.row(go.count, args).await?;
                let (rows, oldest) = row.unwrap_or_default();
                Ok(Past {
                    rows: db::count(rows),
                    oldest: oldest.map(Ts),
                    resting: 0,
                })
            }
        }
    }
}

impl SystemTx<'_> {
    /// The terms that each tenant set.
    ///
    /// # Errors
    /// The database.
    pub async fn retention_of_all(&mut self) -> Result<Vec<(TenantId, Days)>> {
        let rows: Vec<(String, String)> = self.tx.rows(RETENTION_OF_ALL, args![]).await?;
        rows.into_iter()
            .map(|(id, text)| Ok((json::id("tenant_id", &id)?, settings(&text)?)))
            .collect()
    }

    /// Whether anything of a part is older than `cutoff`; reads a row at most.
    ///
    /// # Errors
    /// The database.
    pub async fn any_past_term(
        &mut self,
        scope: Option<TenantId>,
        part: Part,
        cutoff: Ts,
    ) -> Result<bool> {
        match part.way() {
            Way::Walked(walk) => {
                let after = self.walked_to(scope, part).await?;
                let more = self.pick(scope, walk, &after, cutoff, 1).await?;
                if !more.is_empty() {
                    return Ok(true);
                }
                let Some((sql, tenant)) = walk.ended.zip(scope) else {
                    return Ok(false);
                };
                let left: Vec<Picked> = self.tx.rows(sql, args![tenant, db::limit(1)]).await?;
                Ok(!left.is_empty())
            }
            Way::Gone(go) | Way::Dropped(go) => {
                let sql = match (scope, go.of_nobody) {
                    (Some(_), _) => go.any,
                    (None, Some((any, _))) => any,
                    (None, None) => return Ok(false),
                };
                let args = args![scope, go.edge.bound(cutoff)];
                let row: Option<(i64,)> = self.tx.row(sql, args).await?;
                Ok(row.is_some_and(|(n,)| n > 0))
            }
        }
    }

    /// Lets go of `limit` rows of a part at most, the oldest first. `None` when another host is at it.
    ///
    /// # Errors
    /// The database.
    pub async fn let_go(
        &mut self,
        scope: Option<TenantId>,
        part: Part,
        cutoff: Ts,
        now: Ts,
        limit: usize,
    ) -> Result<Option<Let>> {
        let whose = key(scope);
        let args = args![whose.as_str(), part.as_str()];
        // Putting a row that another host holds would wait for that host.
        let there: Option<(String,)> = self.tx.row(WALK_AT, args.clone()).await?;
        if there.is_none() {
            self.tx.run(WALK_PUT, args.clone()).await?;
        }
        let taken: Option<(String,)> = self.tx.row(WALK_TAKE, args).await?;
        let Some((mut position,)) = taken else {
            return Ok(None);
        };
        let done = match part.way() {
            Way::Walked(walk) => {
                self.walk(scope, part, walk, &mut position, cutoff, limit)
                    .await?
            }
            Way::Gone(go) => self.go(scope, part, go, cutoff, limit).await?,
            Way::Dropped(go) => self.drop_items(scope, part, go, cutoff, now, limit).await?,
        };
        let gone = i64::try_from(done.rows).unwrap_or(i64::MAX);
        let args = args![whose, part.as_str(), position, gone, now];
        self.tx.run(WALK_MOVE, args).await?;
        Ok(Some(done))
    }

    async fn walked_to(&mut self, scope: Option<TenantId>, part: Part) -> Result<String> {
        let args = args![key(scope), part.as_str()];
        let row: Option<(String,)> = self.tx.row(WALK_AT, args).await?;
        Ok(row.map(|(at,)| at).unwrap_or_default())
    }

    async fn pick(
        &mut self,
        scope: Option<TenantId>,
        walk: &Walk,
        after: &str,
        cutoff: Ts,
        limit: usize,
    ) -> Result<Vec<Picked>> {
        let sql = match (scope, walk.pick_of_nobody) {
            (Some(_), _) => walk.pick,
            (None, Some(pick)) => pick,
            (None, None) => return Ok(Vec::new()),
        };
        let bound = id_bound(walk.prefix, cutoff);
        self.tx
            .rows(sql, args![scope, after, bound, db::limit(limit)])
            .await
    }

    async fn walk(
        &mut self,
        scope: Option<TenantId>,
        part: Part,
        walk: &Walk,
        position: &mut String,
        cutoff: Ts,
        limit: usize,
    ) -> Result<Let> {
        let mut rows = 0;
        let mut more = false;
        if let Some((sql, tenant)) = walk.ended.zip(scope) {
            let left: Vec<Picked> = self.tx.rows(sql, args![tenant, db::limit(limit)]).await?;
            if !left.is_empty() {
                rows += self.empty(scope, part, &left).await?;
                let args = args![tenant, part.as_str(), ids(&left)];
                self.tx.run(LEFT_GONE, args).await?;
                more |= left.len() >= limit;
            }
        }
        let picked = self.pick(scope, walk, position, cutoff, limit).await?;
        let (resting, ended): (Vec<Picked>, Vec<Picked>) =
            picked.into_iter().partition(|(_, how, _)| how == "rests");
        if let Some(tenant) = scope.filter(|_| !resting.is_empty()) {
            let args = args![tenant, part.as_str(), ids(&resting)];
            self.tx.run(LEFT_PUT, args).await?;
        }
        rows += self.empty(scope, part, &ended).await?;
        let last = resting.iter().chain(&ended).map(|(id, ..)| id).max();
        let full = resting.len() + ended.len() >= limit;
        // Whatever is older than the bound was seen: what comes is newer.
        *position = match last {
            Some(last) if full => last.clone(),
            _ => id_bound(walk.prefix, cutoff).max(std::mem::take(position)),
        };
        Ok(Let {
            rows,
            more: more || full,
        })
    }

    async fn empty(
        &mut self,
        scope: Option<TenantId>,
        part: Part,
        picked: &[Picked],
    ) -> Result<u64> {
        if picked.is_empty() {
            return Ok(0);
        }
        match part {
            Part::Written => {
                let mut rows = Vec::with_capacity(picked.len());
                for (id, _, proposal) in picked {
                    let proposal = without_words(json::read("proposal", proposal)?);
                    rows.push(json!({ "o": id, "p": json::canonical("proposal", &proposal)? }));
                }
                self.tx
                    .run(WORDS_EMPTY, args![scope, json::rows(rows)])
                    .await
            }
            Part::Notes => self.tx.run(NOTES_EMPTY, args![scope, ids(picked)]).await,
            Part::Events => {
                let bodies = picked.iter().map(|(_, _, delivery)| delivery.as_str());
                let args = args![texts(bodies.filter(|d| !d.is_empty())), Vec::<u8>::new()];
                let bodies = self.tx.run(RAW_EMPTY, args).await?;
                let own = picked.iter().filter(|(_, how, _)| how == "ended");
                let own = texts(own.map(|(id, ..)| id.as_str()));
                let events = self.tx.run(PAYLOADS_EMPTY, args![key(scope), own]).await?;
                Ok(bodies + events)
            }
            _ => {
                self.tx
                    .run(PAYLOADS_EMPTY, args![key(scope), ids(picked)])
                    .await
            }
        }
    }

    async fn go(
        &mut self,
        scope: Option<TenantId>,
        part: Part,
        go: &Go,
        cutoff: Ts,
        limit: usize,
    ) -> Result<Let> {
        let sql = match (scope, go.of_nobody) {
            (Some(_), _) => go.away,
            (None, Some((_, away))) => away,
            (None, None) => {
                return Ok(Let {
                    rows: 0,
                    more: false,
                });
            }
        };
        let args = args![scope, go.edge.bound(cutoff), db::limit(limit)];
        let rows = if part == Part::Notices {
            let old = self.oldest(sql, args).await?;
            let all = texts(old.iter().map(String::as_str));
            for sql in [NOTICE_TRIES_AWAY, NOTICE_DELIVERIES_AWAY, NOTICES_AWAY] {
                self.tx.run(sql, args![scope, all.clone()]).await?;
            }
            u64::try_from(old.len()).unwrap_or_default()
        } else {
            self.tx.run(sql, args).await?
        };
        Ok(Let {
            rows,
            more: rows >= u64::try_from(limit).unwrap_or(u64::MAX),
        })
    }

    async fn oldest(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self.tx.rows(sql, args).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// The row goes; its hash stays where it is in the chain, and the seal says since when.
    async fn drop_items(
        &mut self,
        scope: Option<TenantId>,
        part: Part,
        go: &Go,
        cutoff: Ts,
        now: Ts,
        limit: usize,
    ) -> Result<Let> {
        let args = args![scope, go.edge.bound(cutoff), db::limit(limit)];
        let old = self.oldest(go.away, args).await?;
        let all = texts(old.iter().map(String::as_str));
        self.tx
            .run(SEALS_DROPPED, args![scope, all.clone(), now])
            .await?;
        let drop = match part {
            Part::Proofs => CONSENTS_DROP,
            _ => DECISIONS_DROP,
        };
        let rows = self.tx.run(drop, args![scope, all]).await?;
        Ok(Let {
            rows,
            more: old.len() >= limit,
        })
    }
}
