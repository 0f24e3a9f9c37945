//! What goes when a person is erased, row by row, in the caller's transaction.
//!
//! Rows that figures and records of verdicts lean on stay without what they said; the rest is deleted.
//! Whoever adds a table or column that can hold something of a person adds it here: a test dumps every
//! column after an erasure.

use std::collections::{BTreeMap, BTreeSet};

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::{
    ConsentEvent, ConsentScope, ConsentStanding, standing_transactional,
};
use portero_domain::content::{Content, Text};
use portero_domain::ids::{ContactId, InstallationId, OutboxId};
use portero_domain::proposal::Proposal;
use portero_gate::record::mark;
use serde_json::{Value, json};

use crate::consents::without_texts;
use crate::db::{self, Sql};
use crate::error::{Result, StoreError};
use crate::inbox::bounded;
use crate::json;
use crate::tombstones::ErasureRow;
use crate::tx::TenantTx;

/// Rule that messages are taken back by.
pub const ERASED: &str = "data.erased";

/// Who is to be erased, why, and what plugins know them by.
#[derive(Clone, Debug)]
pub struct ErasureOrder<'a> {
    /// Who.
    pub contact: ContactId,
    /// A word of the host's: no text of anybody's.
    pub reason: &'a str,
    /// Token of who asks.
    pub author: &'a str,
    /// Their handle with each installation.
    pub handles: &'a [(InstallationId, String)],
}

/// Rows by kind.
pub type Counts = BTreeMap<&'static str, u64>;

/// What an erasure does.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Erased {
    /// Gone, or emptied of what they said.
    pub removed: Counts,
    /// Taken back.
    pub stopped: Counts,
    /// Stays.
    pub kept: Counts,
}

/// Digits of a line as people type it.
macro_rules! digits {
    () => {
        "replace(replace(replace(replace(replace(f.line, ' ', ''), '-', ''), '(', ''), ')', ''), '.', '')"
    };
}

statements! {
    IN_FLIGHT = "select outbox_id, state from outbox
        where tenant_id || '' = $1 and contact_id = $2 and state in ('attempting', 'unknown') order by outbox_id";
    ADDRESSES = "select address, as_spelled from contact_aliases where tenant_id = $1 and contact_id = $2 order by address";
    WAMIDS = "select o.wamid from outbox o where o.tenant_id || '' = $1 and o.contact_id = $2 and o.wamid is not null
        union select a.wamid from outbox o join attempts a on a.outbox_id = o.outbox_id
        where o.tenant_id || '' = $1 and o.contact_id = $2 and a.wamid is not null
        union select s.wamid from outbox o join status_events s on s.tenant_id = o.tenant_id and s.outbox_id = o.outbox_id
        where o.tenant_id || '' = $1 and o.contact_id = $2";
    /// Theirs, and of nobody's those that name them: statuses, and what we did not understand.
    EVENTS_ABOUT = "select event_id, delivery_id, kind from inbox where tenant_id = $1 and contact_id = $2
        union select i.event_id, i.delivery_id, i.kind from json_each($3) l cross join inbox i
        where i.tenant_id = $1 and i.contact_id is null and i.lane_key = l.value
        union select i.event_id, i.delivery_id, i.kind from json_each($4) n cross join inbox i
        where i.tenant_id = $1 and i.contact_id is null and instr(i.payload, n.value) > 0",
        postgres = "select event_id, delivery_id, kind from inbox where tenant_id = $1 and contact_id = $2
        union select i.event_id, i.delivery_id, i.kind from jsonb_array_elements_text(cast($3 as jsonb)) as l(value)
        join inbox i on i.lane_key = l.value where i.tenant_id = $1 and i.contact_id is null
        union select i.event_id, i.delivery_id, i.kind from jsonb_array_elements_text(cast($4 as jsonb)) as n(value)
        join inbox i on strpos(i.payload, n.value) > 0 where i.tenant_id = $1 and i.contact_id is null";
    /// A key that is a hash stays: Meta may tell the same again. Whoever works on it loses the claim.
    EVENTS_EMPTY = "update inbox set payload = 'null', interpretation = 'erased', lane_key = 'erased',
            dedupe_key = case when substr(dedupe_key, 1, 2) in ('m#', 's#', 'x:') then dedupe_key else 'erased:' || event_id end,
            finished_at = case when state = 'pending' then cast($3 as bigint) else finished_at end,
            fence = case when state = 'pending' then fence + 1 else fence end, lease_owner = null, lease_until_at = null,
            state = case when state = 'pending' then 'done' else state end
        where tenant_id = $1 and event_id in (select value from json_each($2))",
        postgres = "update inbox set payload = 'null', interpretation = 'erased', lane_key = 'erased',
            dedupe_key = case when substr(dedupe_key, 1, 2) in ('m#', 's#', 'x:') then dedupe_key else 'erased:' || event_id end,
            finished_at = case when state = 'pending' then cast($3 as bigint) else finished_at end,
            fence = case when state = 'pending' then fence + 1 else fence end, lease_owner = null, lease_until_at = null,
            state = case when state = 'pending' then 'done' else state end
        where tenant_id = $1 and event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    /// A webhook may have told of others as well: what it said of them stands in their events.
    BODIES_EMPTY = "update deliveries set body = $3 where length(body) > 0 and delivery_id in (
            select i.delivery_id from inbox i where i.tenant_id = $1 and i.event_id in (select value from json_each($2)))",
        postgres = "update deliveries set body = $3 where length(body) > 0 and delivery_id in (
            select i.delivery_id from inbox i where i.tenant_id = $1
              and i.event_id in (select jsonb_array_elements_text(cast($2 as jsonb))))";
    LOGS_DELETE = "delete from plugin_logs where event_id in (select value from json_each($2))
          and installation_id in (select installation_id from installations where tenant_id = $1)",
        postgres = "delete from plugin_logs where event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))
          and installation_id in (select installation_id from installations where tenant_id = $1)";
    CALLS_EMPTY = "update plugin_calls set detail = ''
        where tenant_id = $1 and event_id in (select value from json_each($2)) and detail <> ''",
        postgres = "update plugin_calls set detail = ''
        where tenant_id = $1 and event_id in (select jsonb_array_elements_text(cast($2 as jsonb))) and detail <> ''";
    /// By the person's handle in a key, or by an address of theirs anywhere.
    KV_ABOUT_DELETE = "delete from plugin_kv where (installation_id, key) in (
            select k.installation_id, k.key from json_each($3) n cross join plugin_kv k
            join installations i on i.installation_id = k.installation_id and i.tenant_id = $1
            where k.installation_id = $2 and instr(k.key, n.value) > 0
            union select k.installation_id, k.key from json_each($4) n cross join plugin_kv k
            join installations i on i.installation_id = k.installation_id and i.tenant_id = $1
            where k.installation_id = $2 and instr(k.value, cast(n.value as blob)) > 0)",
        postgres = "delete from plugin_kv where (installation_id, key) in (
            select k.installation_id, k.key from jsonb_array_elements_text(cast($3 as jsonb)) as n(value)
            join plugin_kv k on strpos(k.key, n.value) > 0
            join installations i on i.installation_id = k.installation_id and i.tenant_id = $1
            where k.installation_id = $2
            union select k.installation_id, k.key from jsonb_array_elements_text(cast($4 as jsonb)) as n(value)
            join plugin_kv k on position(convert_to(n.value, 'UTF8') in k.value) > 0
            join installations i on i.installation_id = k.installation_id and i.tenant_id = $1
            where k.installation_id = $2)";
    TIMERS_DELETE = "delete from plugin_timers where tenant_id = $1 and contact_id = $2";
    NAME_EMPTY = "update contacts set name = null, language = null, erased_at = $3
        where tenant_id = $1 and contact_id = $2 and erased_at is null";
    ALIASES_DELETE = "delete from contact_aliases where tenant_id = $1 and contact_id = $2";
    ATTRIBUTES_DELETE = "delete from contact_attributes
        where contact_id in (select contact_id from contacts where tenant_id = $1 and contact_id = $2)";
    TAGS_DELETE = "delete from contact_tags
        where contact_id in (select contact_id from contacts where tenant_id = $1 and contact_id = $2)";
    ORDERS_DELETE = "delete from transactions where tenant_id = $1 and contact_id = $2";
    PURCHASES_DELETE = "delete from purchases where tenant_id = $1 and contact_id = $2";
    CARTS_DELETE = "delete from carts where tenant_id = $1 and contact_id = $2";
    CARTS_ORDERED_DELETE = "delete from cart_orders where tenant_id = $1 and contact_id = $2";
    CARTS_EMPTIED_DELETE = "delete from carts_emptied where tenant_id = $1 and contact_id = $2";
    ACTIVITY_DELETE = "delete from contact_activity where tenant_id = $1 and contact_id = $2";
    MEMBERS_DELETE = "delete from segment_members where tenant_id = $1 and contact_id = $2";
    SEGMENT_FAULTS_DELETE = "delete from segment_faults where tenant_id = $1 and contact_id = $2";
    JOURNAL_DELETE = "delete from plugin_journal where tenant_id || '' = $1 and contact_id = $2";
    CONVERSATIONS_DELETE = "delete from conversations where tenant_id = $1 and contact_id = $2";
    NOTES_EMPTY = "update handover_events set note = '' where tenant_id = $1 and contact_id = $2 and note <> ''";
    AUDIENCES_EMPTY = "update campaign_people set reason = null where tenant_id = $1 and contact_id = $2 and reason is not null";
    AUDIENCES_WAITING = "select count(*) from campaign_people where tenant_id = $1 and contact_id = $2 and state = 'waiting'";
    BLOCKS_DELETE = "delete from do_not_contact where tenant_id = $1 and address in (select value from json_each($2))",
        postgres = "delete from do_not_contact
        where tenant_id = $1 and address in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    SANDBOX_DELETE = "delete from sandbox_people where tenant_id = $1 and address in (select value from json_each($2))",
        postgres = "delete from sandbox_people
        where tenant_id = $1 and address in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    SEEN_DELETE = "delete from import_seen where tenant_id = $1 and address in (select value from json_each($2))",
        postgres = "delete from import_seen
        where tenant_id = $1 and address in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    CLAIMS_DELETE = "delete from import_consents where tenant_id = $1 and person in (select value from json_each($2))",
        postgres = "delete from import_consents
        where tenant_id = $1 and person in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    LINES_EMPTY = concat!("update import_faults set line = '', detail = '' where (tenant_id, import_id, line_no) in (
            select f.tenant_id, f.import_id, f.line_no from json_each($2) n cross join import_faults f
            where f.tenant_id = $1 and instr(", digits!(), ", n.value) > 0)"),
        postgres = concat!("update import_faults set line = '', detail = '' where (tenant_id, import_id, line_no) in (
            select f.tenant_id, f.import_id, f.line_no from jsonb_array_elements_text(cast($2 as jsonb)) as n(value)
            join import_faults f on strpos(", digits!(), ", n.value) > 0 where f.tenant_id = $1)");
    MESSAGES = "select outbox_id, proposal, wamid from outbox
        where tenant_id || '' = $1 and contact_id = $2 order by outbox_id";
    MESSAGES_EMPTY = "update outbox set proposal = j.value ->> 'p', wamid = j.value ->> 'w', content_hash = '',
            proposal_key = 'erased:' || outbox.outbox_id, about_cart = null, about_at = null
        from json_each($2) j where outbox.outbox_id = j.value ->> 'o' and +outbox.tenant_id = $1",
        postgres = "update outbox set proposal = j.p, wamid = j.w, content_hash = '',
            proposal_key = 'erased:' || outbox.outbox_id, about_cart = null, about_at = null
        from jsonb_to_recordset(cast($2 as jsonb)) as j(o text, p text, w text)
        where outbox.outbox_id = j.o and outbox.tenant_id = $1";
    ATTEMPTS_MARK = "update attempts set wamid = j.value ->> 'm' from json_each($3) j
        where attempts.wamid = j.value ->> 'w' and attempts.outbox_id in (
            select o.outbox_id from outbox o where o.tenant_id || '' = $1 and o.contact_id = $2)",
        postgres = "update attempts set wamid = j.m from jsonb_to_recordset(cast($3 as jsonb)) as j(w text, m text)
        where attempts.wamid = j.w and attempts.outbox_id in (
            select o.outbox_id from outbox o where o.tenant_id || '' = $1 and o.contact_id = $2)";
    STATUSES_MARK = "update status_events set wamid =
            (select j.value ->> 'm' from json_each($2) j where j.value ->> 'w' = status_events.wamid)
        where tenant_id = $1 and wamid in (select value ->> 'w' from json_each($2))",
        postgres = "update status_events set wamid = j.m from jsonb_to_recordset(cast($2 as jsonb)) as j(w text, m text)
        where status_events.tenant_id = $1 and status_events.wamid = j.w";
    CONSENTS = "select consent_event_id, event, salt from consent_events
        where tenant_id = $1 and contact_id = $2 and salt is not null order by consent_event_id";
    CONSENT_EMPTY = "update consent_events set event = j.value ->> 'e', salt = null
        from json_each($2) j where consent_events.consent_event_id = j.value ->> 'c' and +consent_events.tenant_id = $1",
        postgres = "update consent_events set event = j.e, salt = null
        from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, e text)
        where consent_events.consent_event_id = j.c and consent_events.tenant_id = $1";
    CONSENTS_COUNT = "select count(*) from consent_events where tenant_id = $1 and contact_id = $2";
    /// Builds before migration 0140 sealed texts as they are: these cannot go without breaking the chain.
    CONSENTS_PLAIN = "select count(*) from consent_events
        where tenant_id = $1 and contact_id = $2 and salt is null";
    /// The same builds had ids of Meta's, evidence and references of orders in records.
    VERDICTS_PLAIN = "select count(*) from decisions where tenant_id = $1 and contact_id = $2 and (
            record like '%\"wamid.%' or replace(record, '\"evidence\":\"\"', '') like '%\"evidence\":\"%'
            or replace(record, '\"open\"', '') like '%\"open_transactions\":[\"%')";
    VERDICTS_COUNT = "select count(*) from decisions where tenant_id = $1 and contact_id = $2";
}

/// Plain deletes and updates of what hangs on the person's id: kind, statement.
const BY_PERSON: &[(&str, Sql)] = &[
    ("attributes", ATTRIBUTES_DELETE),
    ("tags", TAGS_DELETE),
    ("orders", ORDERS_DELETE),
    ("purchases", PURCHASES_DELETE),
    ("carts", CARTS_DELETE),
    ("carts", CARTS_ORDERED_DELETE),
    ("carts", CARTS_EMPTIED_DELETE),
    ("activity", ACTIVITY_DELETE),
    ("segments", MEMBERS_DELETE),
    ("segments", SEGMENT_FAULTS_DELETE),
    ("conversations", CONVERSATIONS_DELETE),
    ("plugin_journal", JOURNAL_DELETE),
    ("handover_notes", NOTES_EMPTY),
    ("campaign_reasons", AUDIENCES_EMPTY),
    ("addresses", ALIASES_DELETE),
];

/// What hangs on their addresses.
const BY_ADDRESS: &[(&str, Sql)] = &[
    ("block_list", BLOCKS_DELETE),
    ("sandbox_list", SANDBOX_DELETE),
    ("imports", SEEN_DELETE),
    ("imports", CLAIMS_DELETE),
];

/// What hangs on events about them.
const BY_EVENT: &[(&str, Sql)] = &[("plugin_logs", LOGS_DELETE), ("plugin_logs", CALLS_EMPTY)];

fn add(counts: &mut Counts, kind: &'static str, n: u64) {
    if n > 0 {
        *counts.entry(kind).or_default() += n;
    }
}

/// A proposal without what it said and to whom.
#[must_use]
pub fn emptied(mut proposal: Proposal) -> Proposal {
    proposal.to = AddressKey::nobody();
    proposal.own_key = None;
    proposal.content = Content::Text(Text {
        body: String::new(),
        preview_url: false,
    });
    if let Some(answers) = &mut proposal.answers {
        answers.wamid = answers.wamid.as_deref().map(mark);
    }
    proposal
}

impl TenantTx<'_> {
    /// Messages to a person that are with Meta at this moment (`attempting`), and those whose answer was
    /// lost (`unknown`).
    ///
    /// # Errors
    /// The database.
    pub async fn in_flight_to(&mut self, contact: ContactId) -> Result<Vec<(OutboxId, String)>> {
        let rows: Vec<(String, String)> =
            self.tx.rows(IN_FLIGHT, args![self.tenant, contact]).await?;
        rows.into_iter()
            .map(|(id, state)| Ok((json::id("outbox_id", &id)?, state)))
            .collect()
    }

    /// Erases a person: afterwards nothing of theirs is kept but what [`Erased::kept`] counts.
    ///
    /// Holds the person's row from its first statement on: what judges them waits, or was before.
    /// A caller that only wants to know drops the transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for nobody of this tenant, [`StoreError::Conflict`] when they were erased
    /// meanwhile, or the database.
    pub async fn erase(&mut self, order: &ErasureOrder<'_>, now: Ts) -> Result<Erased> {
        let contact = order.contact;
        self.lock_contact(contact).await?;
        let mut done = Erased::default();
        let consents = self.consent_events(contact).await?;
        let blocked = self.do_not_contact(contact).await?;
        let (addresses, names) = self.names(contact).await?;
        let wamids = self.wamids(contact).await?;

        let cancelled = self.cancel_queued(contact, false, ERASED, now).await?;
        add(&mut done.stopped, "messages", cancelled);
        let n = self
            .tx
            .run(TIMERS_DELETE, args![self.tenant, contact])
            .await?;
        add(&mut done.stopped, "timers", n);
        let n = self.count_of(AUDIENCES_WAITING, contact).await?;
        add(&mut done.stopped, "campaign_turns", n);

        self.erase_events(contact, &wamids, &names, now, &mut done)
            .await?;
        self.erase_memory(order.handles, &names, &mut done).await?;
        self.erase_messages(contact, &wamids, &mut done).await?;
        self.erase_lists(contact, &addresses, &names, &mut done)
            .await?;
        self.erase_proofs(contact, &mut done).await?;
        let marks = self.put_tombstones(contact, &addresses).await?;
        add(&mut done.kept, "tombstones", marks);
        for (kind, sql) in BY_PERSON {
            let n = self.tx.run(*sql, args![self.tenant, contact]).await?;
            add(&mut done.removed, kind, n);
        }
        let named = self
            .tx
            .run(NAME_EMPTY, args![self.tenant, contact, now])
            .await?;
        if named == 0 {
            return Err(StoreError::Conflict {
                statement: NAME_EMPTY.name,
            });
        }
        add(&mut done.removed, "name_and_language", named);
        for (kind, sql) in [
            ("verdicts", VERDICTS_COUNT),
            ("verdicts_of_older_builds", VERDICTS_PLAIN),
        ] {
            let n = self.count_of(sql, contact).await?;
            add(&mut done.kept, kind, n);
        }
        let row = ErasureRow {
            contact,
            reason: order.reason.to_owned(),
            author: order.author.to_owned(),
            scope: stays_refused(&consents),
            blocked,
            done: json::canonical("erasure", &done)?,
            erased_at: now,
            returned_at: None,
            marks,
        };
        self.put_erasure(&row).await?;
        Ok(done)
    }

    async fn count_of(&mut self, sql: Sql, contact: ContactId) -> Result<u64> {
        let row: Option<(i64,)> = self.tx.row(sql, args![self.tenant, contact]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// Their addresses, and every text these are written as.
    async fn names(&mut self, contact: ContactId) -> Result<(Vec<AddressKey>, Vec<String>)> {
        let rows: Vec<(String, String)> =
            self.tx.rows(ADDRESSES, args![self.tenant, contact]).await?;
        let mut names = BTreeSet::new();
        let mut addresses = Vec::with_capacity(rows.len());
        for (address, spelled) in rows {
            let address = json::address(address)?;
            names.extend(address.spellings());
            names.insert(spelled.trim_start_matches('+').to_owned());
            addresses.push(address);
        }
        Ok((addresses, names.into_iter().collect()))
    }

    async fn wamids(&mut self, contact: ContactId) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self.tx.rows(WAMIDS, args![self.tenant, contact]).await?;
        Ok(rows.into_iter().map(|(wamid,)| wamid).collect())
    }

    async fn erase_events(
        &mut self,
        contact: ContactId,
        wamids: &[String],
        names: &[String],
        now: Ts,
        done: &mut Erased,
    ) -> Result<()> {
        // As the key is kept, and as builds before migration 0140 kept it.
        let lanes = wamids.iter().flat_map(|w| {
            let plain = format!("s:{w}");
            [bounded(&plain).into_owned().into(), plain.into()]
        });
        let args = args![
            self.tenant,
            contact,
            texts(lanes),
            texts(names.iter().cloned().map(Value::from))
        ];
        let events: Vec<(String, Option<String>, String)> =
            self.tx.rows(EVENTS_ABOUT, args).await?;
        for (_, _, kind) in &events {
            let kind = if kind == "message" {
                "messages_in"
            } else {
                "events"
            };
            add(&mut done.removed, kind, 1);
        }
        let ids = || texts(events.iter().map(|(id, ..)| Value::from(id.as_str())));
        let n = self
            .tx
            .run(BODIES_EMPTY, args![self.tenant, ids(), Vec::<u8>::new()])
            .await?;
        add(&mut done.removed, "webhook_bodies", n);
        for (kind, sql) in BY_EVENT {
            let n = self.tx.run(*sql, args![self.tenant, ids()]).await?;
            add(&mut done.removed, kind, n);
        }
        self.tx
            .run(EVENTS_EMPTY, args![self.tenant, ids(), now])
            .await
            .map(drop)
    }

    async fn erase_memory(
        &mut self,
        handles: &[(InstallationId, String)],
        names: &[String],
        done: &mut Erased,
    ) -> Result<()> {
        for (installation, handle) in handles {
            let keys = std::iter::once(handle).chain(names);
            let keys = texts(keys.map(|k| Value::from(k.as_str())));
            let values = texts(names.iter().map(|n| Value::from(n.as_str())));
            let args = args![self.tenant, *installation, keys, values];
            let n = self.tx.run(KV_ABOUT_DELETE, args).await?;
            add(&mut done.removed, "plugin_memory", n);
        }
        Ok(())
    }

    async fn erase_messages(
        &mut self,
        contact: ContactId,
        wamids: &[String],
        done: &mut Erased,
    ) -> Result<()> {
        let marks = || {
            let pairs = wamids.iter().map(|w| json!({ "w": w, "m": mark(w) }));
            json::rows(pairs.collect())
        };
        let args = args![self.tenant, contact, marks()];
        self.tx.run(ATTEMPTS_MARK, args).await?;
        self.tx
            .run(STATUSES_MARK, args![self.tenant, marks()])
            .await?;
        let rows: Vec<(String, String, Option<String>)> =
            self.tx.rows(MESSAGES, args![self.tenant, contact]).await?;
        let mut empty = Vec::with_capacity(rows.len());
        for (id, proposal, wamid) in rows {
            let mut proposal = emptied(json::read("proposal", &proposal)?);
            proposal.key = format!("erased:{id}");
            empty.push(json!({
                "o": id, "p": json::canonical("proposal", &proposal)?, "w": wamid.as_deref().map(mark),
            }));
        }
        let args = args![self.tenant, json::rows(empty)];
        let n = self.tx.run(MESSAGES_EMPTY, args).await?;
        add(&mut done.removed, "messages_out", n);
        add(&mut done.kept, "messages_without_text", n);
        Ok(())
    }

    async fn erase_lists(
        &mut self,
        contact: ContactId,
        addresses: &[AddressKey],
        names: &[String],
        done: &mut Erased,
    ) -> Result<()> {
        let of_person = || {
            let own = std::iter::once(Value::from(contact.to_string()));
            texts(own.chain(addresses.iter().map(|a| Value::from(a.as_str()))))
        };
        for (kind, sql) in BY_ADDRESS {
            let n = self.tx.run(*sql, args![self.tenant, of_person()]).await?;
            add(&mut done.removed, kind, n);
        }
        let names = texts(names.iter().map(|n| Value::from(n.as_str())));
        let n = self.tx.run(LINES_EMPTY, args![self.tenant, names]).await?;
        add(&mut done.removed, "imports", n);
        Ok(())
    }

    async fn erase_proofs(&mut self, contact: ContactId, done: &mut Erased) -> Result<()> {
        let n = self.count_of(CONSENTS_PLAIN, contact).await?;
        add(&mut done.kept, "consent_texts_of_older_builds", n);
        let rows: Vec<(String, String, String)> =
            self.tx.rows(CONSENTS, args![self.tenant, contact]).await?;
        let mut empty = Vec::with_capacity(rows.len());
        for (id, event, salt) in rows {
            let event: ConsentEvent = json::read("consent event", &event)?;
            let event = without_texts(&event, &salt)?;
            empty.push(json!({ "c": id, "e": json::canonical("consent event", &event)? }));
        }
        let args = args![self.tenant, json::rows(empty)];
        let n = self.tx.run(CONSENT_EMPTY, args).await?;
        add(&mut done.removed, "consent_texts", n);
        let n = self.count_of(CONSENTS_COUNT, contact).await?;
        add(&mut done.kept, "consent_events", n);
        Ok(())
    }
}

/// Promotion at least; everything the shop begins, where that was refused.
fn stays_refused(events: &[ConsentEvent]) -> ConsentScope {
    match standing_transactional(events, None) {
        ConsentStanding::Revoked {
            scope: ConsentScope::All,
            ..
        } => ConsentScope::All,
        _ => ConsentScope::Promotional,
    }
}

fn texts(all: impl Iterator<Item = Value>) -> db::Arg {
    json::rows(all.collect())
}
