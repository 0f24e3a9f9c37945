//! Lanes: the ordered queue of one (number, person, class), claimed under a lease.
//!
//! A claim takes at most one lane of a pair, none while another lane of the pair is leased or an
//! attempt to the person is on the wire, and only heads whose time has come. On Postgres the claim
//! first locks lanes *and their persons* with `skip locked`, then looks again: between the first
//! look and the lock another process may have finished a claim of its own.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, PhoneNumberId, TenantId};
use portero_domain::proposal::Class;
use serde_json::json;
use std::collections::HashMap;

use crate::db;
use crate::engine::EngineKind;
use crate::error::Result;
use crate::json;
use crate::outbox_row::{OutboxRow, RawOutbox, class, outbox_columns};
use crate::tx::SystemTx;

/// A lane somebody holds the lease of, with the proposal whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedLane {
    /// Whose.
    pub tenant: TenantId,
    /// Number of the pair.
    pub number: PhoneNumberId,
    /// Person of the pair.
    pub contact: ContactId,
    /// Queue.
    pub class: Class,
    /// Number of this claim.
    pub fence: i64,
    /// The oldest open proposal.
    pub head: OutboxRow,
}

/// A lane to be given back.
#[derive(Clone, Debug)]
pub struct LaneRelease {
    /// Number of the pair.
    pub number: PhoneNumberId,
    /// Person of the pair.
    pub contact: ContactId,
    /// Queue.
    pub class: Class,
    /// Number of the claim.
    pub fence: i64,
    /// When to look again, if something waits in it.
    pub ready_at: Option<Ts>,
}

/// What is left to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdleCounts {
    /// Events not worked on, those that wait for a retry included.
    pub events_pending: u64,
    /// Lanes that are due or leased.
    pub lanes_ready: u64,
    /// Attempts on the wire.
    pub attempts_begun: u64,
    /// Wake-ups that are due.
    pub timers_due: u64,
    /// Campaigns whose next turn has come, and those that are through and neither called done nor paused yet.
    pub campaigns_due: u64,
    /// Webhooks out that are due or on the wire.
    pub deliveries_due: u64,
    /// People nobody answered in time and nobody was alerted of.
    pub alerts_due: u64,
    /// Questions to Meta that are due.
    pub asks_due: u64,
}

macro_rules! rank {
    ($lane:literal) => {
        concat!(
            "(case ",
            $lane,
            ".class when 'reply' then 0 when 'transactional' then 1 else 2 end)"
        )
    };
}
macro_rules! no_attempt {
    ($lane:literal) => {
        concat!(
            "not exists (select 1 from attempts a where a.phone_number_id = ",
            $lane,
            ".phone_number_id and a.contact_id = ",
            $lane,
            ".contact_id and a.state = 'begun')"
        )
    };
}
/// A lane of a stopped tenant or number rests: resuming lets it go on.
macro_rules! not_stopped {
    () => {
        "not exists (select 1 from settings s where s.key = 'stop_all')
            and not exists (select 1 from tenants t where t.tenant_id = l.tenant_id and t.stopped_at is not null)
            and not exists (select 1 from numbers m
                where m.phone_number_id = l.phone_number_id and m.stopped_at is not null)"
    };
}
macro_rules! due {
    ($join:literal, $lock:literal) => {
        concat!(
            "select l.phone_number_id, l.contact_id, l.class from lanes l ", $join,
            " where l.ready_at <= $1 and (l.lease_until_at is null or l.lease_until_at <= $2) and ", not_stopped!(), " and ", no_attempt!("l"),
            " and not exists (select 1 from lanes o
                where o.phone_number_id = l.phone_number_id and o.contact_id = l.contact_id and o.class <> l.class
                  and (o.lease_until_at > $2 or (o.ready_at <= $1 and ", rank!("o"), " < ", rank!("l"), ")))
              order by l.ready_at, l.phone_number_id, l.contact_id limit $3", $lock
        )
    };
}
macro_rules! lease {
    ($source:literal, $n:literal, $c:literal, $k:literal) => {
        concat!(
            "update lanes set lease_owner = $2, lease_until_at = $4, fence = fence + 1 from ", $source,
            " where lanes.phone_number_id = ", $n, " and lanes.contact_id = ", $c, " and lanes.class = ", $k,
            " and (lanes.lease_until_at is null or lanes.lease_until_at <= $3) and ", no_attempt!("lanes"),
            " and not exists (select 1 from lanes o where o.phone_number_id = lanes.phone_number_id
                  and o.contact_id = lanes.contact_id and o.class <> lanes.class and o.lease_until_at > $3)
              returning lanes.tenant_id, lanes.phone_number_id, lanes.contact_id, lanes.class, lanes.fence, lanes.ready_at"
        )
    };
}
macro_rules! heads {
    ($source:literal, $n:literal, $c:literal, $k:literal) => {
        concat!(
            "select ",
            outbox_columns!(),
            " from ",
            $source,
            " join outbox o on o.outbox_id = (
                select x.outbox_id from outbox x
                where x.phone_number_id = ",
            $n,
            " and x.contact_id = ",
            $c,
            " and x.class = ",
            $k,
            " and x.state in ('queued', 'deferred') and (x.campaign_id is null or not exists (
                    select 1 from campaigns g where g.campaign_id = x.campaign_id and g.state in ('paused', 'stopped')))
                order by x.outbox_id limit 1)"
        )
    };
}
/// Whoever waits for lanes takes them in one order: a release, a campaign that is paused.
macro_rules! in_order {
    ($which:literal) => {
        concat!(
            "held as materialized (select l.phone_number_id, l.contact_id, l.class from lanes l ",
            $which,
            " order by l.phone_number_id, l.contact_id, l.class for no key update of l)"
        )
    };
}
pub(crate) use in_order;
/// A lane in which nothing waits rests: nobody claims it to find it empty.
macro_rules! if_waiting {
    ($r:literal) => {
        concat!(
            "case when exists (select 1 from outbox x where x.phone_number_id = lanes.phone_number_id
                and x.contact_id = lanes.contact_id and x.class = lanes.class and x.state in ('queued', 'deferred'))
             then ",
            $r,
            " end"
        )
    };
}
macro_rules! rest {
    ($source:literal, $n:literal, $c:literal, $k:literal, $r:expr) => {
        concat!(
            "update lanes set ready_at = ",
            $r,
            ", lease_owner = null, lease_until_at = null from ",
            $source,
            " where lanes.phone_number_id = ",
            $n,
            " and lanes.contact_id = ",
            $c,
            " and lanes.class = ",
            $k
        )
    };
}

statements! {
    LANES_DUE = due!("", ""),
        postgres = due!("join contacts c on c.contact_id = l.contact_id", " for no key update of l, c skip locked");
    LANES_LEASE = lease!("json_each($1) j", "j.value ->> 'n'", "j.value ->> 'c'", "j.value ->> 'k'"),
        postgres = lease!("jsonb_to_recordset(cast($1 as jsonb)) as j(n text, c text, k text)", "j.n", "j.c", "j.k");
    LANE_HEADS = heads!("json_each($1) j", "j.value ->> 'n'", "j.value ->> 'c'", "j.value ->> 'k'"),
        postgres = heads!("jsonb_to_recordset(cast($1 as jsonb)) as j(n text, c text, k text)", "j.n", "j.c", "j.k");
    LANES_REST = rest!("json_each($1) j", "j.value ->> 'n'", "j.value ->> 'c'", "j.value ->> 'k'", "j.value ->> 'r'"),
        postgres = rest!("jsonb_to_recordset(cast($1 as jsonb)) as j(n text, c text, k text, r bigint)",
            "j.n", "j.c", "j.k", "j.r");
    /// Held first, looked at then: who queues a message meanwhile wakes its lane after the release, and sees it.
    LANES_HOLD = "select 0 where 1 = 0 and $1 is null",
        postgres = concat!("with j as (select * from jsonb_to_recordset(cast($1 as jsonb)) as x(n text, c text, k text, f bigint)), ",
            in_order!("join j on j.n = l.phone_number_id and j.c = l.contact_id and j.k = l.class and j.f = l.fence"),
            " select count(*) from held");
    LANES_RELEASE = concat!(rest!("json_each($1) j", "j.value ->> 'n'", "j.value ->> 'c'", "j.value ->> 'k'",
            if_waiting!("j.value ->> 'r'")),
            " and lanes.fence = j.value ->> 'f'"),
        postgres = concat!(rest!("jsonb_to_recordset(cast($1 as jsonb)) as j(n text, c text, k text, r bigint, f bigint)",
            "j.n", "j.c", "j.k", if_waiting!("j.r")), " and lanes.fence = j.f");
    IDLE = concat!("select (select count(*) from inbox where state = 'pending'),
        (select count(*) from lanes l where l.lease_until_at > $2 or (l.ready_at <= $1 and ", not_stopped!(), ")),
        (select count(*) from attempts where state = 'begun'),
        (select count(*) from plugin_timers where due_at <= $1),
        (select count(*) from campaigns c where (c.state in ('approved', 'running') and c.next_at <= $1)
            or (c.state = 'running' and c.next_at is null and not exists (
                select 1 from outbox o where o.campaign_id = c.campaign_id and o.tenant_id = c.tenant_id
                    and o.state in ('queued', 'deferred', 'attempting')))),
        (select count(*) from webhook_deliveries where next_at <= $1),
        (select count(*) from conversations v join tenants t on t.tenant_id = v.tenant_id
            where v.waiting_since_at is not null and v.alerted_at is null and v.waiting_since_at + t.answer_within_ms <= $1),
        (select count(*) from meta_asks where due_at <= $1)");
    LEASES_LANES = "update lanes set lease_owner = null, lease_until_at = null where lease_until_at is not null";
    LEASES_EVENTS = "update inbox set lease_owner = null, lease_until_at = null
        where state = 'pending' and lease_until_at is not null";
    LEASES_ATTEMPTS = "update attempts set lease_until_at = $1 where state = 'begun' and lease_until_at > $1";
}

type Idle = (i64, i64, i64, i64, i64, i64, i64, i64);
type LaneKey = (String, String, String);
type Leased = (String, String, String, String, i64, Option<i64>);

fn keys<'a>(lanes: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> db::Arg {
    json::rows(
        lanes
            .map(|(n, c, k)| json!({ "n": n, "c": c, "k": k }))
            .collect(),
    )
}

impl SystemTx<'_> {
    /// Ends every lease: for a host that knows it is alone (SQLite behind its folder lock) and starts.
    ///
    /// # Errors
    /// The database.
    pub async fn expire_leases(&mut self, lease_now: Ts) -> Result<()> {
        self.tx.run(LEASES_LANES, args![]).await?;
        self.tx.run(LEASES_EVENTS, args![]).await?;
        self.expire_delivery_leases().await?;
        // One millisecond back: an attempt's lease has to have run out, not to be running out.
        self.tx
            .run(LEASES_ATTEMPTS, args![lease_now.plus_ms(-1)])
            .await
            .map(drop)
    }

    /// Takes the lease of up to `limit` due lanes and gives the head of each.
    ///
    /// The lanes due longest are taken; they come back grouped by number, so that every process
    /// touches the numbers in one order.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when another process got in the way, or the database.
    pub async fn claim_lanes(
        &mut self,
        owner: &str,
        now: Ts,
        lease_now: Ts,
        lease_until: Ts,
        limit: usize,
    ) -> Result<Vec<ClaimedLane>> {
        loop {
            let due: Vec<LaneKey> = self
                .tx
                .rows(LANES_DUE, args![now, lease_now, db::limit(limit)])
                .await?;
            if due.is_empty() {
                return Ok(Vec::new());
            }
            let due = keys(
                due.iter()
                    .map(|(n, c, k)| (n.as_str(), c.as_str(), k.as_str())),
            );
            let leased: Vec<Leased> = self
                .tx
                .rows(LANES_LEASE, args![due, owner, lease_now, lease_until])
                .await?;
            if leased.is_empty() {
                return Ok(Vec::new());
            }
            let claimed = self.with_heads(leased, now).await?;
            // Lanes that turned out to be empty or early were put to rest; there may be others.
            if !claimed.is_empty() {
                return Ok(claimed);
            }
        }
    }

    async fn with_heads(&mut self, mut leased: Vec<Leased>, now: Ts) -> Result<Vec<ClaimedLane>> {
        let lanes = keys(
            leased
                .iter()
                .map(|(_, n, c, k, ..)| (n.as_str(), c.as_str(), k.as_str())),
        );
        let rows: Vec<RawOutbox> = self.tx.rows(LANE_HEADS, args![lanes]).await?;
        let mut heads = HashMap::new();
        for row in rows {
            let head = row.read()?;
            heads.insert(
                (
                    head.number.to_string(),
                    head.contact.to_string(),
                    head.class,
                ),
                head,
            );
        }
        leased.sort_by(|a, b| (&a.1, a.5, &a.2).cmp(&(&b.1, b.5, &b.2)));
        let (mut claimed, mut rest) = (Vec::new(), Vec::new());
        for (tenant, number, contact, class_text, fence, _) in leased {
            let class = class(&class_text)?;
            let head = heads.remove(&(number.clone(), contact.clone(), class));
            match head {
                Some(head) if head.not_before <= now => claimed.push(ClaimedLane {
                    tenant: json::id("tenant_id", &tenant)?,
                    number: json::number(number)?,
                    contact: json::id("contact_id", &contact)?,
                    class,
                    fence,
                    head,
                }),
                early => rest.push(json!({
                    "n": number, "c": contact, "k": class_text, "r": early.map(|h| h.not_before),
                })),
            }
        }
        if !rest.is_empty() {
            self.tx.run(LANES_REST, args![json::rows(rest)]).await?;
        }
        Ok(claimed)
    }

    /// Gives lanes back; says how many were still this claim's. Where nothing waits the lane rests until
    /// something is queued, whatever `ready_at` says.
    ///
    /// # Errors
    /// The database.
    pub async fn release_lanes(&mut self, lanes: &[LaneRelease]) -> Result<u64> {
        if lanes.is_empty() {
            return Ok(0);
        }
        let rows = lanes.iter().map(|l| {
            json!({ "n": l.number, "c": l.contact, "k": l.class.as_str(), "f": l.fence, "r": l.ready_at })
        });
        let rows = json::rows(rows.collect());
        if self.tx.engine() == EngineKind::Postgres {
            let _: Option<(i64,)> = self.tx.row(LANES_HOLD, args![rows.clone()]).await?;
        }
        self.tx.run(LANES_RELEASE, args![rows]).await
    }

    /// What is left to do.
    ///
    /// # Errors
    /// The database.
    pub async fn counts_idle(&mut self, now: Ts, lease_now: Ts) -> Result<IdleCounts> {
        let row: Option<Idle> = self.tx.row(IDLE, args![now, lease_now]).await?;
        Ok(row.map_or_else(
            IdleCounts::default,
            |(events, lanes, attempts, timers, campaigns, deliveries, alerts, asks)| IdleCounts {
                events_pending: db::count(events),
                lanes_ready: db::count(lanes),
                attempts_begun: db::count(attempts),
                timers_due: db::count(timers),
                campaigns_due: db::count(campaigns),
                deliveries_due: db::count(deliveries),
                alerts_due: db::count(alerts),
                asks_due: db::count(asks),
            },
        ))
    }
}
