//! Outcomes, taken from committed rows once each, and the feed they make.
//!
//! A source row carries what was shown of it. Taking locks the tenant's head first, so that one
//! process at a time numbers the feed; rows that somebody else is writing are left for the next time
//! (`skip locked`), so that taking never waits while it holds rows.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, EventId};
use serde_json::{Value, json};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// A message's labels: what every outcome of it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct MessageLabels {
    /// Which.
    pub outbox_id: String,
    /// What for.
    pub purpose: String,
    /// Topic.
    pub topic: Option<String>,
    /// Template.
    pub template_name: Option<String>,
    /// Who proposed it.
    pub origin: String,
    /// The campaign that proposed it.
    pub campaign_id: Option<String>,
    /// The plugin that proposed it.
    pub plugin_id: Option<String>,
    /// Country of the person, two letters.
    pub country: Option<String>,
    /// What its campaign was approved as, JSON.
    pub definition: Option<String>,
    /// The grant a promotion went out on: the latest one when it was proposed, JSON.
    pub grant_event: Option<String>,
}

/// A message that stands elsewhere than what was shown of it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UntalliedMessage {
    /// Its labels.
    #[sqlx(flatten)]
    pub labels: MessageLabels,
    /// State.
    pub state: String,
    /// Rank of what Meta says.
    pub status_rank: i64,
    /// Rule that decided.
    pub rule: Option<String>,
    /// Meta's error.
    pub error_code: Option<i64>,
    /// Unix ms.
    pub created_at: i64,
    /// Unix ms.
    pub begun_at: Option<i64>,
    /// Unix ms.
    pub settled_at: Option<i64>,
    /// Unix ms.
    pub status_at: Option<i64>,
    /// State shown; empty when nothing was.
    pub tallied_state: String,
    /// Rank shown.
    pub tallied_rank: i64,
    /// Rule or code shown with the state.
    pub tallied_label: Option<String>,
    /// Instant shown with the state, Unix ms.
    pub tallied_at: Option<i64>,
    /// When Meta delivered it, Unix ms.
    pub delivered_at: Option<i64>,
    /// When it was read, Unix ms.
    pub read_at: Option<i64>,
    /// Meta's `category/type`.
    pub pricing: Option<String>,
    /// What it was reckoned to cost when it left, in millionths.
    pub cost_micro: Option<i64>,
}

/// What was shown of a message now.
#[derive(Clone, Debug)]
pub struct TalliedMessage {
    /// Which.
    pub outbox: String,
    /// State shown.
    pub state: String,
    /// Rank shown.
    pub rank: i64,
    /// Rule or code shown with the state.
    pub label: Option<String>,
    /// Instant shown with the state, Unix ms.
    pub at: Option<i64>,
}

/// A failure that Meta reported after it had accepted.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UntalliedFailure {
    /// Meta's id of the message.
    pub wamid: String,
    /// Which message.
    pub outbox_id: String,
    /// When, Unix ms.
    pub at: i64,
    /// Meta's error.
    pub error_code: Option<i64>,
}

/// A consent event that was not shown.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UntalliedConsent {
    /// Which.
    pub consent_event_id: String,
    /// The event, JSON.
    pub event: String,
    /// The person's latest grant up to it, JSON.
    pub grant_event: Option<String>,
    /// Country of the person.
    pub country: Option<String>,
    /// The last template begun within the reach before it.
    pub outbox_id: Option<String>,
}

/// A message of a person that was not shown.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UntalliedInbound {
    /// Which.
    pub event_id: String,
    /// When it came, Unix ms.
    pub received_at: i64,
    /// Country of the person.
    pub country: Option<String>,
    /// The last template begun within the reach before it, unless it was answered before.
    pub outbox_id: Option<String>,
}

/// What Meta said of the quality of a number or a template, and was not shown.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UntalliedQuality {
    /// On which event.
    pub event_id: String,
    /// `number` or `template`.
    pub subject: String,
    /// Which.
    pub name: String,
    /// What it is now.
    pub value: String,
    /// When, Unix ms.
    pub at: i64,
}

/// A plugin's metric event that was not shown.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UntalliedMetric {
    /// Who.
    pub installation_id: String,
    /// On which event.
    pub event_id: String,
    /// Place among the actions.
    pub action_index: i64,
    /// Name.
    pub name: String,
    /// Amount.
    pub value: i64,
    /// Labels, JSON.
    pub labels: String,
    /// When, Unix ms.
    pub at: i64,
    /// The plugin's own name.
    pub plugin_id: String,
}

/// One outcome of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservationRow {
    /// Number within the tenant's feed, from 1; 0 before it has one.
    pub seq: i64,
    /// Name.
    pub name: String,
    /// When.
    pub at: Ts,
    /// The tenant's own calendar day of it.
    pub day: String,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// Amount.
    pub value: i64,
}

/// What a source row is called by when it is marked as shown.
#[derive(Clone, Debug)]
pub enum Tallied {
    /// Statuses `failed` of these messages (Meta's ids).
    Failures(Vec<String>),
    /// Consent events.
    Consents(Vec<String>),
    /// Messages of people.
    Inbound(Vec<String>),
    /// What Meta said of quality, by event.
    Quality(Vec<String>),
    /// Metric events: installation, event, place.
    Metrics(Vec<(String, String, i64)>),
}

macro_rules! labels {
    () => {
        "o.outbox_id, o.purpose, o.topic, o.template_name, o.origin, o.campaign_id, i.plugin_id, c.country, k.definition,
            (select g.event from consent_events g where g.tenant_id = o.tenant_id and g.contact_id = o.contact_id
                and g.kind = 'granted' and o.is_promotional = 1 and g.received_at <= o.created_at
                and g.scope in ('all', 'promotional', 'topic:' || coalesce(o.topic, ''))
                order by g.received_at desc, g.consent_event_id desc limit 1) as grant_event"
    };
}

macro_rules! joined {
    () => {
        " from outbox o join contacts c on c.contact_id = o.contact_id
          left join installations i on i.tenant_id = o.tenant_id and i.installation_id = o.installation_id
          left join campaigns k on k.tenant_id = o.tenant_id and k.campaign_id = o.campaign_id "
    };
}

/// `$due`: what has changed since it was shown, as the index of the engine has it.
macro_rules! messages {
    ($due:literal, $lock:literal) => {
        concat!("select ", labels!(), ", o.state, o.status_rank, o.rule, o.error_code, o.created_at, o.begun_at,
            o.settled_at, o.status_at, o.tallied_state, o.tallied_rank, o.tallied_label, o.tallied_at, o.cost_micro,
            (select min(s.at) from status_events s where s.tenant_id = o.tenant_id and s.wamid = o.wamid
                and s.status in ('delivered', 'read', 'played')) as delivered_at,
            (select min(s.at) from status_events s where s.tenant_id = o.tenant_id and s.wamid = o.wamid
                and s.status in ('read', 'played')) as read_at,
            (select min(s.pricing) from status_events s where s.tenant_id = o.tenant_id and s.wamid = o.wamid) as pricing",
            joined!(), "where o.tenant_id = $1 and ", $due, " order by o.created_at, o.outbox_id limit $2", $lock)
    };
}

/// The last template begun before an instant and not longer ago than the reach. The tenant is asked
/// in a way no index answers: SQLite would read all its messages instead of the person's.
macro_rules! before {
    ($contact:literal, $at:literal) => {
        concat!(
            "(select o.outbox_id from outbox o where o.tenant_id || '' = $1 and o.contact_id = ",
            $contact,
            " and o.is_template = 1 and o.begun_at <= ",
            $at,
            " and o.begun_at > ",
            $at,
            " - $3
             order by o.begun_at desc, o.outbox_id desc limit 1)"
        )
    };
}

macro_rules! consents {
    ($lock:literal) => {
        concat!("select e.consent_event_id, e.event, c.country,
            (select g.event from consent_events g where g.tenant_id = e.tenant_id and g.contact_id = e.contact_id
                and g.kind = 'granted' and g.received_at <= e.received_at
                order by g.received_at desc, g.consent_event_id desc limit 1) as grant_event, ",
            before!("e.contact_id", "e.received_at"), " as outbox_id
            from consent_events e join contacts c on c.contact_id = e.contact_id
            where e.tenant_id = $1 and e.tallied = 0 order by e.consent_event_id limit $2", $lock)
    };
}

macro_rules! inbound {
    ($lock:literal) => {
        concat!("select e.event_id, e.received_at, c.country, ",
            before!("e.contact_id", "e.received_at"), " as outbox_id
            from inbox e join contacts c on c.contact_id = e.contact_id
            where e.tenant_id = $1 and e.tallied = 0 and e.kind = 'message' order by e.event_id limit $2", $lock)
    };
}

/// Source rows not taken yet; `$due` as in [`messages!`].
macro_rules! untallied {
    ($due:literal) => {
        concat!("select (select count(*) from outbox o where o.tenant_id = $1 and ", $due, ")
        + (select count(*) from status_events s where s.tenant_id = $1 and s.status = 'failed' and s.tallied = 0
            and s.outbox_id is not null)
        + (select count(*) from consent_events e where e.tenant_id = $1 and e.tallied = 0)
        + (select count(*) from inbox b where b.tenant_id = $1 and b.tallied = 0 and b.kind = 'message'
            and b.contact_id is not null)
        + (select count(*) from account_changes q where q.tenant_id = $1 and q.aspect = 'quality' and q.tallied = 0)
        + (select count(*) from metric_events m where m.tenant_id = $1 and m.tallied = 0)")
    };
}

statements! {
    /// A first message is stored before the person is.
    EVENT_CONTACT = "update inbox set contact_id = $3 where tenant_id = $1 and event_id = $2 and contact_id is null";
    /// Locks the tenant's head for the rest of the transaction.
    HEAD_ENSURE = "insert into tally_heads (tenant_id, seq) values ($1, 0) on conflict (tenant_id) do nothing";
    HEAD_MOVE = "update tally_heads set seq = seq + $2 where tenant_id = $1 returning seq";
    HEAD = "select seq from tally_heads where tenant_id = $1";
    MESSAGES_UNTALLIED = messages!("(o.tallied_state <> o.state or o.tallied_rank < o.status_rank)", ""),
        postgres = messages!("o.untallied", " for update of o skip locked");
    MESSAGES_LABELS = concat!("select ", labels!(), joined!(), "where o.tenant_id = $1
            and o.outbox_id in (select value from json_each($2))"),
        postgres = concat!("select ", labels!(), joined!(), "where o.tenant_id = $1
            and o.outbox_id in (select jsonb_array_elements_text(cast($2 as jsonb)))");
    MESSAGES_TALLIED = "update outbox set tallied_state = j.value ->> 's', tallied_rank = j.value ->> 'r',
            tallied_label = j.value ->> 'l', tallied_at = j.value ->> 'a'
        from json_each($2) j where +outbox.tenant_id = $1 and outbox.outbox_id = j.value ->> 'id'",
        postgres = "update outbox set tallied_state = j.s, tallied_rank = j.r, tallied_label = j.l, tallied_at = j.a
        from jsonb_to_recordset(cast($2 as jsonb)) as j(id text, s text, r bigint, l text, a bigint)
        where outbox.tenant_id = $1 and outbox.outbox_id = j.id";
    /// The first answer counts; says which messages it was the first for.
    MESSAGES_ANSWERED = "update outbox set answered_at = j.value ->> 'a' from json_each($2) j
        where +outbox.tenant_id = $1 and outbox.outbox_id = j.value ->> 'id' and outbox.answered_at is null
        returning outbox.outbox_id",
        postgres = "update outbox set answered_at = j.a
        from jsonb_to_recordset(cast($2 as jsonb)) as j(id text, a bigint)
        where outbox.tenant_id = $1 and outbox.outbox_id = j.id and outbox.answered_at is null
        returning outbox.outbox_id";
    FAILURES_UNTALLIED = "select wamid, outbox_id, at, error_code from status_events
        where tenant_id = $1 and status = 'failed' and tallied = 0 and outbox_id is not null order by at, wamid limit $2",
        postgres = "select wamid, outbox_id, at, error_code from status_events
        where tenant_id = $1 and status = 'failed' and tallied = 0 and outbox_id is not null order by at, wamid limit $2
        for update skip locked";
    FAILURES_TALLIED = "update status_events set tallied = 1 where tenant_id = $1 and status = 'failed'
        and wamid in (select value from json_each($2))",
        postgres = "update status_events set tallied = 1 where tenant_id = $1 and status = 'failed'
        and wamid in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    CONSENTS_UNTALLIED = consents!(""), postgres = consents!(" for update of e skip locked");
    CONSENTS_TALLIED = "update consent_events set tallied = 1 where tenant_id = $1
        and consent_event_id in (select value from json_each($2))",
        postgres = "update consent_events set tallied = 1 where tenant_id = $1
        and consent_event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    INBOUND_UNTALLIED = inbound!(""), postgres = inbound!(" for update of e skip locked");
    INBOUND_TALLIED = "update inbox set tallied = 1 where tenant_id = $1
        and event_id in (select value from json_each($2))",
        postgres = "update inbox set tallied = 1 where tenant_id = $1
        and event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    METRICS_UNTALLIED = "select m.installation_id, m.event_id, m.action_index, m.name, m.value, m.labels, m.at, i.plugin_id
        from metric_events m join installations i on i.installation_id = m.installation_id
        where m.tenant_id = $1 and m.tallied = 0 order by m.at, m.event_id, m.action_index limit $2",
        postgres = "select m.installation_id, m.event_id, m.action_index, m.name, m.value, m.labels, m.at, i.plugin_id
        from metric_events m join installations i on i.installation_id = m.installation_id
        where m.tenant_id = $1 and m.tallied = 0 order by m.at, m.event_id, m.action_index limit $2
        for update of m skip locked";
    METRICS_TALLIED = "update metric_events set tallied = 1 from json_each($2) j
        where metric_events.tenant_id = $1 and metric_events.installation_id = j.value ->> 'i'
        and metric_events.event_id = j.value ->> 'e' and metric_events.action_index = j.value ->> 'n'",
        postgres = "update metric_events set tallied = 1
        from jsonb_to_recordset(cast($2 as jsonb)) as j(i text, e text, n bigint)
        where metric_events.tenant_id = $1 and metric_events.installation_id = j.i
        and metric_events.event_id = j.e and metric_events.action_index = j.n";
    QUALITY_UNTALLIED = "select event_id, subject, name, value, at from account_changes
        where tenant_id = $1 and aspect = 'quality' and tallied = 0 order by at, event_id limit $2",
        postgres = "select event_id, subject, name, value, at from account_changes
        where tenant_id = $1 and aspect = 'quality' and tallied = 0 order by at, event_id limit $2
        for update skip locked";
    QUALITY_TALLIED = "update account_changes set tallied = 1 where tenant_id = $1 and aspect = 'quality'
        and event_id in (select value from json_each($2))",
        postgres = "update account_changes set tallied = 1 where tenant_id = $1 and aspect = 'quality'
        and event_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    OBSERVATIONS_PUT = "insert into observations (tenant_id, seq, name, at, day, labels, value)
        select $1, j.value ->> 'seq', j.value ->> 'name', j.value ->> 'at', j.value ->> 'day', j.value ->> 'labels',
            j.value ->> 'value' from json_each($2) j",
        postgres = "insert into observations (tenant_id, seq, name, at, day, labels, value)
        select cast($1 as text), j.seq, j.name, j.at, j.day, j.labels, j.value
        from jsonb_to_recordset(cast($2 as jsonb)) as j(seq bigint, name text, at bigint, day text, labels text, value bigint)";
    OBSERVATIONS_AFTER = "select seq, name, at, day, labels, value from observations
        where tenant_id = $1 and seq > $2 order by seq limit $3";
    /// Source rows not taken yet; for showing how far behind the figures are.
    UNTALLIED = untallied!("(o.tallied_state <> o.state or o.tallied_rank < o.status_rank)"),
        postgres = untallied!("o.untallied");
}

type RawObservation = (i64, String, i64, String, String, i64);

impl TenantTx<'_> {
    /// Says whose an event is, once the person has a row.
    ///
    /// # Errors
    /// The database.
    pub async fn set_event_contact(&mut self, event: EventId, contact: ContactId) -> Result<()> {
        let args = args![self.tenant, event, contact];
        self.tx.run(EVENT_CONTACT, args).await?;
        Ok(())
    }

    /// Takes the tenant's feed for this transaction: nobody else numbers it until the end.
    ///
    /// # Errors
    /// The database.
    pub async fn lock_feed(&mut self) -> Result<()> {
        self.tx.run(HEAD_ENSURE, args![self.tenant]).await?;
        let _: Option<(i64,)> = self.tx.row(HEAD_MOVE, args![self.tenant, 0_i64]).await?;
        Ok(())
    }

    /// The number of the newest outcome; 0 when there is none.
    ///
    /// # Errors
    /// The database.
    pub async fn feed_head(&mut self) -> Result<i64> {
        let row: Option<(i64,)> = self.tx.row(HEAD, args![self.tenant]).await?;
        Ok(row.map_or(0, |(seq,)| seq))
    }

    /// Appends outcomes in the order given and numbers them; the feed must be locked.
    ///
    /// # Errors
    /// The database.
    pub async fn append_observations(&mut self, all: &[ObservationRow]) -> Result<()> {
        if all.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let head: Option<(i64,)> = self.tx.row(HEAD_MOVE, args![self.tenant, count]).await?;
        let first = head.map_or(0, |(seq,)| seq - count);
        let mut rows = Vec::with_capacity(all.len());
        for (seq, one) in (first + 1..).zip(all) {
            rows.push(json!({
                "seq": seq, "name": one.name, "at": one.at, "day": one.day,
                "labels": json::canonical("labels", &one.labels)?, "value": one.value,
            }));
        }
        let args = args![self.tenant, json::rows(rows)];
        self.tx.run(OBSERVATIONS_PUT, args).await?;
        Ok(())
    }

    /// Outcomes behind a number, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn observations_after(
        &mut self,
        seq: i64,
        limit: usize,
    ) -> Result<Vec<ObservationRow>> {
        let args = args![self.tenant, seq, db::limit(limit)];
        let rows: Vec<RawObservation> = self.tx.rows(OBSERVATIONS_AFTER, args).await?;
        rows.into_iter()
            .map(|(seq, name, at, day, labels, value)| {
                Ok(ObservationRow {
                    seq,
                    name,
                    at: Ts(at),
                    day,
                    labels: json::read("labels", &labels)?,
                    value,
                })
            })
            .collect()
    }

    /// Source rows that no outcome was taken from yet.
    ///
    /// # Errors
    /// The database.
    pub async fn untallied(&mut self) -> Result<u64> {
        let row: Option<(i64,)> = self.tx.row(UNTALLIED, args![self.tenant]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// Messages that stand elsewhere than what was shown of them, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn untallied_messages(&mut self, limit: usize) -> Result<Vec<UntalliedMessage>> {
        let args = args![self.tenant, db::limit(limit)];
        self.tx.rows(MESSAGES_UNTALLIED, args).await
    }

    /// Labels of messages, in no order.
    ///
    /// # Errors
    /// The database.
    pub async fn message_labels(&mut self, ids: &[String]) -> Result<Vec<MessageLabels>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = ids.iter().map(|id| json!(id)).collect();
        let args = args![self.tenant, json::rows(ids)];
        self.tx.rows(MESSAGES_LABELS, args).await
    }

    /// Remembers what was shown of messages.
    ///
    /// # Errors
    /// The database.
    pub async fn mark_messages(&mut self, shown: &[TalliedMessage]) -> Result<()> {
        if shown.is_empty() {
            return Ok(());
        }
        let rows = shown
            .iter()
            .map(|m| json!({ "id": m.outbox, "s": m.state, "r": m.rank, "l": m.label, "a": m.at }))
            .collect();
        let args = args![self.tenant, json::rows(rows)];
        self.tx.run(MESSAGES_TALLIED, args).await?;
        Ok(())
    }

    /// Marks messages as answered (message, instant in Unix ms); says for which it was the first time.
    ///
    /// # Errors
    /// The database.
    pub async fn mark_answered(&mut self, answered: &[(String, i64)]) -> Result<Vec<String>> {
        if answered.is_empty() {
            return Ok(Vec::new());
        }
        let rows = answered
            .iter()
            .map(|(id, at)| json!({ "id": id, "a": at }))
            .collect();
        let args = args![self.tenant, json::rows(rows)];
        let first: Vec<(String,)> = self.tx.rows(MESSAGES_ANSWERED, args).await?;
        Ok(first.into_iter().map(|(id,)| id).collect())
    }

    /// Failures reported by Meta that were not shown, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn untallied_failures(&mut self, limit: usize) -> Result<Vec<UntalliedFailure>> {
        let args = args![self.tenant, db::limit(limit)];
        self.tx.rows(FAILURES_UNTALLIED, args).await
    }

    /// Consent events that were not shown, oldest first; `reach` in ms is how far back the last
    /// template may lie.
    ///
    /// # Errors
    /// The database.
    pub async fn untallied_consents(
        &mut self,
        limit: usize,
        reach: i64,
    ) -> Result<Vec<UntalliedConsent>> {
        let args = args![self.tenant, db::limit(limit), reach];
        self.tx.rows(CONSENTS_UNTALLIED, args).await
    }

    /// Messages of people that were not shown, oldest first; `reach` as for consents.
    ///
    /// # Errors
    /// The database.
    pub async fn untallied_inbound(
        &mut self,
        limit: usize,
        reach: i64,
    ) -> Result<Vec<UntalliedInbound>> {
        let args = args![self.tenant, db::limit(limit), reach];
        self.tx.rows(INBOUND_UNTALLIED, args).await
    }

    /// What Meta said of quality and was not shown, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn untallied_quality(&mut self, limit: usize) -> Result<Vec<UntalliedQuality>> {
        let args = args![self.tenant, db::limit(limit)];
        self.tx.rows(QUALITY_UNTALLIED, args).await
    }

    /// Plugins' metric events that were not shown, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn untallied_metrics(&mut self, limit: usize) -> Result<Vec<UntalliedMetric>> {
        let args = args![self.tenant, db::limit(limit)];
        self.tx.rows(METRICS_UNTALLIED, args).await
    }

    /// Marks source rows as shown.
    ///
    /// # Errors
    /// The database.
    pub async fn mark_tallied(&mut self, what: &Tallied) -> Result<()> {
        let texts = |ids: &[String]| -> Vec<Value> { ids.iter().map(|id| json!(id)).collect() };
        let (sql, rows) = match what {
            Tallied::Failures(ids) => (FAILURES_TALLIED, texts(ids)),
            Tallied::Consents(ids) => (CONSENTS_TALLIED, texts(ids)),
            Tallied::Inbound(ids) => (INBOUND_TALLIED, texts(ids)),
            Tallied::Quality(ids) => (QUALITY_TALLIED, texts(ids)),
            Tallied::Metrics(ids) => {
                let rows = ids
                    .iter()
                    .map(|(i, e, n)| json!({ "i": i, "e": e, "n": n }))
                    .collect();
                (METRICS_TALLIED, rows)
            }
        };
        if !rows.is_empty() {
            self.tx
                .run(sql, args![self.tenant, json::rows(rows)])
                .await?;
        }
        Ok(())
    }
}
