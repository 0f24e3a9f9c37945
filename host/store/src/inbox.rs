//! What came in: deliveries byte for byte, and one event per update, claimed in order.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::{DeliveryId, EventId, PhoneNumberId, TenantId, Wamid};
use serde_json::{Value, json};
use std::collections::HashSet;

use crate::db;
use crate::error::Result;
use crate::event_row::{ClaimedEvent, EventRow, EventState, NewEvent, RawEvent, event_columns};
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// A webhook as it came.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// App of the path.
    pub app: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// When.
    pub received_at: Ts,
    /// Updates found in it.
    pub updates: usize,
}

/// How an event ended.
#[derive(Clone, Debug)]
pub struct FinishedEvent {
    /// Which.
    pub id: EventId,
    /// Number of its claim.
    pub fence: i64,
    /// Where it stands.
    pub state: EventState,
    /// How we read it.
    pub interpretation: String,
}

macro_rules! new_columns {
    () => {
        "event_id, delivery_id, source, field, kind, dedupe_key, lane_key, tenant_id, waba_id, phone_number_id,
         contact_id, payload, state, interpretation, received_at, due_at, finished_at"
    };
}
macro_rules! due {
    ($which:literal, $lock:literal) => {
        concat!(
            "select i.event_id from inbox i
             where i.state = 'pending' and i.due_at <= $2
               and (i.lease_until_at is null or i.lease_until_at <= $2) and ",
            $which,
            " order by i.due_at, i.event_id limit $4",
            $lock
        )
    };
}
/// The first of each lane.
macro_rules! heads {
    ($lock:literal) => {
        due!(
            "i.kind <> 'status' and not exists (select 1 from inbox h
                where h.lane_key = i.lane_key and h.state = 'pending' and h.event_id < i.event_id)",
            $lock
        )
    };
}
macro_rules! lease {
    () => {
        "update inbox set lease_owner = $1, lease_until_at = $3, fence = fence + 1, attempts = attempts + 1
         where event_id in (select event_id from due) returning "
    };
}

statements! {
    /// Bodies as hex: JSON has no bytes.
    DELIVERIES_INSERT = "insert into deliveries (delivery_id, app, body, received_at, updates)
        select j.value ->> 'id', j.value ->> 'app', unhex(j.value ->> 'body'), j.value ->> 'at', j.value ->> 'n'
        from json_each($1) j",
        postgres = "insert into deliveries (delivery_id, app, body, received_at, updates)
        select j.id, j.app, decode(j.body, 'hex'), j.at, j.n
        from jsonb_to_recordset(cast($1 as jsonb)) as j(id text, app text, body text, at bigint, n bigint)";
    BODIES_FORGET = "update deliveries set body = $2 where delivery_id in (select value from json_each($1))",
        postgres = "update deliveries set body = $2
        where delivery_id in (select jsonb_array_elements_text(cast($1 as jsonb)))";
    DELIVERY_BODY = "select body from deliveries where delivery_id = $1";
    EVENTS_INSERT = concat!("insert into inbox (", new_columns!(), ")
        select j.value ->> 'id', j.value ->> 'delivery', j.value ->> 'source', j.value ->> 'field', j.value ->> 'kind',
            j.value ->> 'dedupe', j.value ->> 'lane', j.value ->> 'tenant', j.value ->> 'waba', j.value ->> 'number',
            j.value ->> 'contact', j.value ->> 'payload', j.value ->> 'state', j.value ->> 'interpretation',
            j.value ->> 'received', j.value ->> 'due', j.value ->> 'finished'
        from json_each($1) j where not exists (select 1 from inbox o where o.dedupe_key = j.value ->> 'was')
        on conflict (dedupe_key) do nothing returning event_id"),
        postgres = concat!("insert into inbox (", new_columns!(), ")
        select j.id, j.delivery, j.source, j.field, j.kind, j.dedupe, j.lane, j.tenant, j.waba, j.number, j.contact,
            j.payload, j.state, j.interpretation, j.received, j.due, j.finished
        from jsonb_to_recordset(cast($1 as jsonb)) as j(id text, delivery text, source text, field text, kind text,
            dedupe text, lane text, tenant text, waba text, number text, contact text, payload text, state text,
            interpretation text, received bigint, due bigint,
            finished bigint, was text)
        where not exists (select 1 from inbox o where o.dedupe_key = j.was)
        order by j.dedupe, j.id
        on conflict (dedupe_key) do nothing returning event_id");
    EVENTS_CLAIM = concat!("with due as (", heads!(""), ") ", lease!(), event_columns!()),
        postgres = concat!("with due as materialized (", heads!(" for update of i skip locked"), ") ", lease!(), event_columns!());
    /// Statuses move a message on in whatever order they come: they have no lanes.
    STATUSES_CLAIM = concat!("with due as (", due!("i.kind = 'status'", ""), ") ", lease!(), event_columns!()),
        postgres = concat!("with due as materialized (", due!("i.kind = 'status'", " for update of i skip locked"), ") ",
            lease!(), event_columns!());
    EVENTS_FINISH = "update inbox set state = j.value ->> 's', interpretation = j.value ->> 'h', finished_at = $2,
            lease_owner = null, lease_until_at = null
        from json_each($1) j where inbox.event_id = j.value ->> 'e' and inbox.fence = j.value ->> 'f' and inbox.state = 'pending'",
        postgres = "update inbox set state = j.s, interpretation = j.h, finished_at = $2,
            lease_owner = null, lease_until_at = null
        from jsonb_to_recordset(cast($1 as jsonb)) as j(e text, f bigint, s text, h text)
        where inbox.event_id = j.e and inbox.fence = j.f and inbox.state = 'pending'";
    EVENT_FINISH = "update inbox set state = $3, interpretation = $4, finished_at = $5,
            lease_owner = null, lease_until_at = null
        where event_id = $1 and fence = $2 and state = 'pending'";
    EVENT_RETRY = "update inbox set due_at = $3, interpretation = $4, lease_owner = null, lease_until_at = null
        where event_id = $1 and fence = $2 and state = 'pending'";
    EVENTS_UNROUTED = concat!("select ", event_columns!(), " from inbox
        where tenant_id is null and event_id < $1 order by event_id desc limit $2");
    EVENT_UNROUTED = concat!("select ", event_columns!(), " from inbox where tenant_id is null and event_id = $1");
    EVENT_COUNTS = "select kind, state, count(*) from inbox
        where cast($1 as text) is null or tenant_id = $1 group by kind, state order by kind, state";
    EVENTS_OF = concat!("select ", event_columns!(), " from inbox
        where tenant_id = $1 and event_id < $2 order by event_id desc limit $3");
    /// The sign keeps SQLite from walking the tenant's events instead of the person's.
    MESSAGES_OF = concat!("select ", event_columns!(), " from inbox
        where +tenant_id = $1 and kind = 'message' and lane_key in (select value from json_each($2)) and event_id < $3
        order by event_id desc limit $4"),
        postgres = concat!("select ", event_columns!(), " from inbox
        where tenant_id = $1 and kind = 'message' and lane_key in (select jsonb_array_elements_text(cast($2 as jsonb)))
          and event_id < $3
        order by event_id desc limit $4");
    EVENT_BY_WAMID = concat!("select ", event_columns!(), " from inbox
        where tenant_id = $1 and dedupe_key in (select value from json_each($2))"),
        postgres = concat!("select ", event_columns!(), " from inbox
        where tenant_id = $1 and dedupe_key in (select jsonb_array_elements_text(cast($2 as jsonb)))");
    EVENT_GET = concat!("select ", event_columns!(), " from inbox where tenant_id = $1 and event_id = $2");
}

/// Sorts after every event id.
const AFTER_ALL: &str = "evt_g";

/// Bytes of a key that an index surely takes, on both engines.
const KEY_MAX: usize = 300;

/// A key as it is kept: a hash for what is too long for an index (texts of webhooks have no bound), and
/// for what holds an id of Meta's, which has the person's number in it: the key outlives an erasure.
pub(crate) fn bounded(key: &str) -> std::borrow::Cow<'_, str> {
    let of_meta = key.starts_with("m:") || key.starts_with("s:");
    if key.len() <= KEY_MAX && !of_meta {
        key.into()
    } else {
        let kind = key.split(':').next().filter(|k| k.len() <= 8);
        format!(
            "{}#{}",
            kind.unwrap_or_default(),
            json::sha256_hex(key.as_bytes())
        )
        .into()
    }
}

/// Keys under which a message that somebody wrote to a number is kept: since migration 0140, and before.
pub(crate) fn message_keys(number: &PhoneNumberId, wamid: &str) -> [String; 2] {
    let plain = format!("m:{number}:{wamid}");
    [bounded(&plain).into_owned(), plain]
}

/// The key that builds before migration 0140 kept this under: what they received is no news either.
fn plain(key: &str) -> Option<&str> {
    (key.len() <= KEY_MAX && bounded(key) != key).then_some(key)
}

fn row(e: &NewEvent) -> Value {
    json!({
        "id": e.id, "delivery": e.delivery, "source": e.source, "field": e.field, "kind": e.kind,
        "dedupe": bounded(&e.dedupe_key), "was": plain(&e.dedupe_key), "lane": bounded(&e.lane_key), "tenant": e.tenant, "waba": e.waba,
        "number": e.number, "contact": e.contact, "payload": e.payload, "state": e.state,
        "interpretation": e.interpretation, "received": e.received_at, "due": e.due_at,
        "finished": (e.state == EventState::Done).then_some(e.received_at),
    })
}

fn before(after: Option<EventId>) -> String {
    after.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string())
}

impl SystemTx<'_> {
    /// Keeps webhooks as they came.
    ///
    /// # Errors
    /// The database.
    pub async fn insert_deliveries(&mut self, new: &[NewDelivery]) -> Result<()> {
        let rows = new.iter().map(|delivery| {
            json!({
                "id": delivery.id, "app": delivery.app, "body": hex::encode(&delivery.body),
                "at": delivery.received_at, "n": delivery.updates,
            })
        });
        let rows = json::rows(rows.collect());
        self.tx.run(DELIVERIES_INSERT, args![rows]).await.map(drop)
    }

    /// Keeps webhooks without what they said.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_bodies(&mut self, deliveries: &[DeliveryId]) -> Result<()> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let ids = deliveries.iter().map(|id| Value::from(id.to_string()));
        let args = args![json::rows(ids.collect()), Vec::<u8>::new()];
        self.tx.run(BODIES_FORGET, args).await.map(drop)
    }

    /// The body of a webhook, byte for byte. Empty where everything in it had been told before, or its
    /// person was erased.
    ///
    /// # Errors
    /// The database.
    pub async fn delivery_body(&mut self, id: DeliveryId) -> Result<Option<Vec<u8>>> {
        let row: Option<(Vec<u8>,)> = self.tx.row(DELIVERY_BODY, args![id]).await?;
        Ok(row.map(|(body,)| body))
    }

    /// Keeps events in one statement; says of each whether it was new.
    ///
    /// # Errors
    /// The database.
    pub async fn insert_events(&mut self, events: &[NewEvent]) -> Result<Vec<bool>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let rows = json::rows(events.iter().map(row).collect());
        let fresh: Vec<(String,)> = self.tx.rows(EVENTS_INSERT, args![rows]).await?;
        let fresh: HashSet<String> = fresh.into_iter().map(|(id,)| id).collect();
        Ok(events
            .iter()
            .map(|e| fresh.contains(&e.id.to_string()))
            .collect())
    }

    /// Takes the lease of up to `limit` due events, the first of each lane only, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when another process got in the way, or the database.
    pub async fn claim_events(
        &mut self,
        owner: &str,
        lease_now: Ts,
        lease_until: Ts,
        limit: usize,
    ) -> Result<Vec<ClaimedEvent>> {
        self.claim(EVENTS_CLAIM, owner, lease_now, lease_until, limit)
            .await
    }

    async fn claim(
        &mut self,
        sql: db::Sql,
        owner: &str,
        lease_now: Ts,
        lease_until: Ts,
        limit: usize,
    ) -> Result<Vec<ClaimedEvent>> {
        let args = args![owner, lease_now, lease_until, db::limit(limit)];
        let rows: Vec<RawEvent> = self.tx.rows(sql, args).await?;
        let mut events = rows
            .into_iter()
            .map(RawEvent::read)
            .collect::<Result<Vec<_>>>()?;
        events.sort_by_key(|e| e.id);
        Ok(events)
    }

    /// Takes the lease of up to `limit` due statuses, oldest first, whatever else of their messages waits.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when another process got in the way, or the database.
    pub async fn claim_statuses(
        &mut self,
        owner: &str,
        lease_now: Ts,
        lease_until: Ts,
        limit: usize,
    ) -> Result<Vec<ClaimedEvent>> {
        self.claim(STATUSES_CLAIM, owner, lease_now, lease_until, limit)
            .await
    }

    /// Ends an event. `false` when the lease went to somebody else: roll everything back.
    ///
    /// # Errors
    /// The database.
    pub async fn finish_event(
        &mut self,
        id: EventId,
        fence: i64,
        state: EventState,
        interpretation: &str,
        now: Ts,
    ) -> Result<bool> {
        Ok(self
            .tx
            .run(
                EVENT_FINISH,
                args![id, fence, state.as_str(), interpretation, now],
            )
            .await?
            == 1)
    }

    /// Ends events together; says how many leases were still theirs.
    ///
    /// # Errors
    /// The database.
    pub async fn finish_events(&mut self, all: &[FinishedEvent], now: Ts) -> Result<u64> {
        let rows = all.iter().map(
            |e| json!({ "e": e.id, "f": e.fence, "s": e.state.as_str(), "h": e.interpretation }),
        );
        let args = args![json::rows(rows.collect()), now];
        self.tx.run(EVENTS_FINISH, args).await
    }

    /// Puts an event back until `due_at` (lease time). `false` when the lease went to somebody else.
    ///
    /// # Errors
    /// The database.
    pub async fn retry_event(
        &mut self,
        id: EventId,
        fence: i64,
        due_at: Ts,
        interpretation: &str,
    ) -> Result<bool> {
        Ok(self
            .tx
            .run(EVENT_RETRY, args![id, fence, due_at, interpretation])
            .await?
            == 1)
    }

    /// Events that belong to no tenant, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn list_unrouted_events(
        &mut self,
        limit: usize,
        after: Option<EventId>,
    ) -> Result<Vec<EventRow>> {
        let rows: Vec<RawEvent> = self
            .tx
            .rows(EVENTS_UNROUTED, args![before(after), db::limit(limit)])
            .await?;
        rows.into_iter().map(RawEvent::read).collect()
    }

    /// One event that belongs to no tenant.
    ///
    /// # Errors
    /// The database.
    pub async fn unrouted_event(&mut self, id: EventId) -> Result<Option<EventRow>> {
        let row: Option<RawEvent> = self.tx.row(EVENT_UNROUTED, args![id]).await?;
        row.map(RawEvent::read).transpose()
    }

    /// Events by kind and state, of one tenant or of everything.
    ///
    /// # Errors
    /// The database.
    pub async fn event_counts(
        &mut self,
        tenant: Option<TenantId>,
    ) -> Result<Vec<(String, String, u64)>> {
        let rows: Vec<(String, String, i64)> = self.tx.rows(EVENT_COUNTS, args![tenant]).await?;
        rows.into_iter()
            .map(|(kind, state, n)| Ok((kind, state, db::count(n))))
            .collect()
    }
}

impl TenantTx<'_> {
    /// Events of the tenant, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn events(&mut self, limit: usize, after: Option<EventId>) -> Result<Vec<EventRow>> {
        let args = args![self.tenant, before(after), db::limit(limit)];
        let rows: Vec<RawEvent> = self.tx.rows(EVENTS_OF, args).await?;
        rows.into_iter().map(RawEvent::read).collect()
    }

    /// One event.
    ///
    /// # Errors
    /// The database.
    pub async fn event(&mut self, id: EventId) -> Result<Option<EventRow>> {
        let row: Option<RawEvent> = self.tx.row(EVENT_GET, args![self.tenant, id]).await?;
        row.map(RawEvent::read).transpose()
    }

    /// The message that a person wrote to one of the tenant's numbers, by Meta's id.
    ///
    /// # Errors
    /// The database.
    pub async fn event_by_wamid(&mut self, wamid: &Wamid) -> Result<Option<EventRow>> {
        let numbers = self.numbers().await?;
        let keys = numbers
            .iter()
            .flat_map(|n| message_keys(&n.id, wamid.as_str()))
            .map(Value::from);
        let args = args![self.tenant, json::rows(keys.collect())];
        let row: Option<RawEvent> = self.tx.row(EVENT_BY_WAMID, args).await?;
        row.map(RawEvent::read).transpose()
    }

    /// Messages of a person to one number, newest first; `addresses` are all they are known by.
    ///
    /// # Errors
    /// The database.
    pub async fn messages_of(
        &mut self,
        number: &PhoneNumberId,
        addresses: &[AddressKey],
        limit: usize,
        before_event: Option<EventId>,
    ) -> Result<Vec<EventRow>> {
        let lanes = json::rows(
            addresses
                .iter()
                .map(|a| Value::from(message_lane(Some(number), a)))
                .collect(),
        );
        let args = args![self.tenant, lanes, before(before_event), db::limit(limit)];
        let rows: Vec<RawEvent> = self.tx.rows(MESSAGES_OF, args).await?;
        rows.into_iter().map(RawEvent::read).collect()
    }
}

/// Messages of one person with one number are worked on in order: this names their lane.
#[must_use]
pub fn message_lane(number: Option<&PhoneNumberId>, address: &AddressKey) -> String {
    format!("c:{}:{address}", number.map_or("", PhoneNumberId::as_str))
}
