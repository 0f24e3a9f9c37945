//! The people of a campaign: who is in its audience, whose turn has come, what became of each.
//!
//! Everything that touches many people is one statement.

use portero_domain::address::AddressKey;
use portero_domain::campaign::Audience;
use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, ContactId, OutboxId};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// An audience worth counting before it is read.
const MANY: u64 = 1_000;

/// Somebody a campaign may write to.
#[derive(Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Who.
    pub contact: ContactId,
    /// Where; a phone before a user id. Absent for somebody without any address.
    pub to: Option<AddressKey>,
    /// Name.
    pub name: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// The attributes asked for.
    pub attributes: BTreeMap<String, String>,
    /// Came in from a list and was not reached by a campaign since.
    pub imported: bool,
}

/// Redacted: names, addresses and attributes are personal.
impl std::fmt::Debug for Addressee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Addressee")
            .field("contact", &self.contact)
            .finish_non_exhaustive()
    }
}

/// What a dry run says about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPerson {
    /// Who.
    pub contact: ContactId,
    /// `now`, `later`, `review` or `never`.
    pub slice: &'static str,
    /// The first decisive rule.
    pub rule: Option<String>,
}

/// What the runner did about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnTaken {
    /// Who.
    pub contact: ContactId,
    /// The message; `None`: left out.
    pub outbox: Option<OutboxId>,
    /// Why left out, or the rule of the admission.
    pub rule: Option<String>,
}

/// One person of a campaign, for lists and exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignPerson {
    /// Who.
    pub contact: ContactId,
    /// `waiting`, `left_out`, `withdrawn`, or the state of the message.
    pub state: String,
    /// What the plan said: `now`, `later`, `review`, `never`.
    pub planned: Option<String>,
    /// The rule that decided last.
    pub rule: Option<String>,
    /// The message.
    pub outbox: Option<OutboxId>,
    /// Meta's word on it.
    pub status: Option<String>,
    /// Meta's error.
    pub error_code: Option<i64>,
    /// When its last attempt began.
    pub begun_at: Option<Ts>,
    /// Not before then.
    pub not_before: Option<Ts>,
    /// Why the segment had them when the audience was fixed.
    pub reason: Option<String>,
}

/// Which people of a campaign to list.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// In one state (of the person or of the message).
    pub state: Option<String>,
    /// In one slice of the plan.
    pub planned: Option<String>,
    /// Decided by one rule.
    pub rule: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// After this one.
    pub after: Option<ContactId>,
}

// The plugin's reason as it is now: the segment may say something else tomorrow. In the order of the indexes that
// are written: each row goes where the one before went.
macro_rules! snapshot {
    ($reason:literal, $from:literal) => {
        concat!(
            "insert into campaign_people (tenant_id, campaign_id, contact_id, state, reason)
             select c.tenant_id, cast($2 as text), c.contact_id, 'waiting', ",
            $reason,
            " from ",
            $from,
            " order by c.contact_id"
        )
    };
}
// A number somebody left may be another person's by now: only what is theirs.
macro_rules! address {
    () => {
        "(select a.address from contact_aliases a where a.tenant_id = c.tenant_id and a.contact_id = c.contact_id
              and a.until_at is null
            order by case when substr(a.address, 1, 1) = '+' then 0 else 1 end, a.since_at, a.address limit 1)"
    };
}
macro_rules! proposed_rows {
    () => {
        "select o.phone_number_id, o.contact_id, o.class from outbox o
         where o.campaign_id = $2 and o.tenant_id = $1 and o.state in ('queued', 'deferred')"
    };
}

/// When the lane has something of others.
macro_rules! others_head {
    () => {
        "(select min(x.not_before_at) from outbox x
            where x.phone_number_id = lanes.phone_number_id and x.contact_id = lanes.contact_id
              and x.class = lanes.class and x.state in ('queued', 'deferred')
              and (x.campaign_id is null or x.campaign_id <> $2))"
    };
}

statements! {
    PEOPLE_CLEAR = "delete from campaign_people where tenant_id = $1 and campaign_id = $2";
    PEOPLE_ALL = snapshot!("null", "contacts c where c.tenant_id = $1 and c.erased_at is null");
    PEOPLE_TAG = snapshot!("null", "contacts c join contact_tags t on t.contact_id = c.contact_id and t.tag = $3
             where c.tenant_id = $1 and c.erased_at is null");
    PEOPLE_SEGMENT = snapshot!("m.reason", "segment_members m
             join contacts c on c.tenant_id = m.tenant_id and c.contact_id = m.contact_id
             where m.tenant_id = $1 and m.installation_id = $3 and m.segment = $4 and c.erased_at is null");
    /// A few thousand rows tell as much as is asked for.
    PEOPLE_SAMPLE = "select 1", postgres = "set local default_statistics_target = 10";
    /// PostgreSQL decides by statistics; after an import they know nothing of the people that came.
    PEOPLE_STATISTICS = "select 1",
        postgres = "analyze contacts, contact_aliases, consent_events, campaign_people";
    /// Who came in from a list: a yes that somebody else told, and no campaign's message since.
    PEOPLE_IMPORTED = "update campaign_people set imported = 1
        where tenant_id = $1 and campaign_id = $2 and contact_id in (
            select e.contact_id from consent_events e
            where e.tenant_id = $1 and e.kind = 'granted_unconfirmed' and not exists (
                select 1 from outbox o where o.tenant_id = $1 and o.contact_id = e.contact_id
                  and o.campaign_id is not null and o.begun_at >= e.received_at))";
    /// Who was refused tells nothing of the list.
    PEOPLE_IMPORTED_TURNED = "select count(*) from campaign_people p join outbox o on o.outbox_id = p.outbox_id
        where p.tenant_id = $1 and p.campaign_id = $2 and p.imported = 1 and p.state = 'proposed'
          and o.state not in ('denied', 'cancelled', 'expired')";
    /// Where to go on is said of the contacts too: Postgres merges both in their order, and began with the first contact at
    /// every page.
    PEOPLE_PAGE = concat!("select c.contact_id, ", address!(), ", c.name, c.language, p.imported from campaign_people p
        join contacts c on c.tenant_id = p.tenant_id and c.contact_id = p.contact_id
        where p.tenant_id = $1 and p.campaign_id = $2 and p.state = 'waiting' and p.contact_id > $3 and c.contact_id > $3
        order by p.contact_id limit $4");
    PEOPLE_SOME = concat!("select c.contact_id, ", address!(), ", c.name, c.language, p.imported from campaign_people p
        join contacts c on c.tenant_id = p.tenant_id and c.contact_id = p.contact_id
        where p.tenant_id = $1 and p.campaign_id = $2 and p.contact_id in (select value from json_each($3))
        order by p.contact_id"),
        postgres = concat!("select c.contact_id, ", address!(), ", c.name, c.language, p.imported from campaign_people p
        join contacts c on c.tenant_id = p.tenant_id and c.contact_id = p.contact_id
        where p.tenant_id = $1 and p.campaign_id = $2
          and p.contact_id in (select jsonb_array_elements_text(cast($3 as jsonb)))
        order by p.contact_id");
    PEOPLE_ATTRIBUTES = "select t.contact_id, t.key, t.value from contact_attributes t
        join contacts c on c.contact_id = t.contact_id and c.tenant_id = $1
        where t.contact_id in (select value from json_each($2)) and t.key in (select value from json_each($3))",
        postgres = "select t.contact_id, t.key, t.value from contact_attributes t
        join contacts c on c.contact_id = t.contact_id and c.tenant_id = $1
        where t.contact_id in (select jsonb_array_elements_text(cast($2 as jsonb)))
          and t.key in (select jsonb_array_elements_text(cast($3 as jsonb)))";
    AUDIENCE_TAGGED = "select t.contact_id from contact_tags t join contacts c on c.contact_id = t.contact_id and c.tenant_id = $1
        where t.tag = $3 and t.contact_id in (select value from json_each($2))",
        postgres = "select t.contact_id from contact_tags t join contacts c on c.contact_id = t.contact_id and c.tenant_id = $1
        where t.tag = $3 and t.contact_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    AUDIENCE_MEMBERS = "select m.contact_id from segment_members m
        where m.tenant_id = $1 and m.installation_id = $3 and m.segment = $4
          and m.contact_id in (select value from json_each($2))",
        postgres = "select m.contact_id from segment_members m
        where m.tenant_id = $1 and m.installation_id = $3 and m.segment = $4
          and m.contact_id in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    // SQLite would walk the whole audience for every row of a list that an update joins: each row is
    // put in place of the one there is. (There always is one.)
    PEOPLE_PLANNED = "insert into campaign_people (tenant_id, campaign_id, contact_id, state, planned, rule)
        select $1, $2, j.value ->> 'c', 'waiting', j.value ->> 's', j.value ->> 'r' from json_each($3) j where true
        on conflict (tenant_id, campaign_id, contact_id) do update set planned = excluded.planned, rule = excluded.rule
        where campaign_people.state = 'waiting'",
        postgres = "update campaign_people set planned = j.s, rule = j.r
        from jsonb_to_recordset(cast($3 as jsonb)) as j(c text, s text, r text)
        where campaign_people.tenant_id = $1 and campaign_people.campaign_id = $2
          and campaign_people.contact_id = j.c and campaign_people.state = 'waiting'";
    PEOPLE_TURN = "insert into campaign_people (tenant_id, campaign_id, contact_id, state, outbox_id, rule)
        select $1, $2, j.value ->> 'c', case when j.value ->> 'o' is null then 'left_out' else 'proposed' end,
            j.value ->> 'o', j.value ->> 'r' from json_each($3) j where true
        on conflict (tenant_id, campaign_id, contact_id) do update
        set state = excluded.state, outbox_id = excluded.outbox_id, rule = excluded.rule
        where campaign_people.state = 'waiting'",
        postgres = "update campaign_people
        set state = case when j.o is null then 'left_out' else 'proposed' end, outbox_id = j.o, rule = j.r
        from jsonb_to_recordset(cast($3 as jsonb)) as j(c text, o text, r text)
        where campaign_people.tenant_id = $1 and campaign_people.campaign_id = $2
          and campaign_people.contact_id = j.c and campaign_people.state = 'waiting'";
    PEOPLE_WITHDRAW = "update campaign_people set state = 'withdrawn', rule = $3
        where tenant_id = $1 and campaign_id = $2 and state = 'waiting'";
    /// Messages that have not begun, all at once.
    CAMPAIGN_CANCEL = "update outbox set state = 'cancelled', rule = $3, settled_at = $4
        where campaign_id = $2 and tenant_id = $1 and state in ('queued', 'deferred', 'in_review')";
    /// The lanes of a campaign that rests wait for what else is in them.
    CAMPAIGN_LANES_REST = concat!("update lanes set ready_at = ", others_head!(), "
        where lanes.tenant_id = $1 and lanes.ready_at is not null and lanes.lease_until_at is null
          and (lanes.phone_number_id, lanes.contact_id, lanes.class) in (", proposed_rows!(), ")"),
        postgres = concat!("with mine as (", proposed_rows!(), "), ",
        crate::lanes::in_order!("where l.tenant_id = $1 and l.ready_at is not null and l.lease_until_at is null
          and (l.phone_number_id, l.contact_id, l.class) in (select * from mine)"), "
        update lanes set ready_at = ", others_head!(), " from held
        where lanes.phone_number_id = held.phone_number_id and lanes.contact_id = held.contact_id
          and lanes.class = held.class");
    CAMPAIGN_LANES_WAKE = "insert into lanes (tenant_id, phone_number_id, contact_id, class, ready_at)
        select o.tenant_id, o.phone_number_id, o.contact_id, o.class, min(o.not_before_at) from outbox o
        where o.campaign_id = $2 and o.tenant_id = $1 and o.state in ('queued', 'deferred')
        group by o.tenant_id, o.phone_number_id, o.contact_id, o.class
        order by o.phone_number_id, o.contact_id, o.class
        on conflict (phone_number_id, contact_id, class) do update
        set ready_at = case when lanes.ready_at is null or lanes.ready_at > excluded.ready_at
            then excluded.ready_at else lanes.ready_at end
        where lanes.tenant_id = excluded.tenant_id";
    PEOPLE_LIST = "select p.contact_id, coalesce(o.state, p.state), p.planned, coalesce(o.rule, p.rule), p.outbox_id,
            o.status, o.error_code, o.begun_at, o.not_before_at, p.reason
        from campaign_people p left join outbox o on o.outbox_id = p.outbox_id
        where p.tenant_id = $1 and p.campaign_id = $2 and p.contact_id > $3
          and (cast($4 as text) is null or coalesce(o.state, p.state) = $4)
          and (cast($5 as text) is null or p.planned = $5)
          and (cast($6 as text) is null or coalesce(o.rule, p.rule) = $6)
        order by p.contact_id limit $7";
    PEOPLE_REASON = "select reason from campaign_people
        where tenant_id = $1 and campaign_id = $2 and contact_id = $3";
    /// The sign keeps SQLite from walking the tenant's campaigns instead of looking the message up.
    CAMPAIGN_OF_WAMID = "select campaign_id from outbox where tenant_id = $1 and wamid = $2 and +campaign_id is not null",
        postgres = "select campaign_id from outbox where tenant_id = $1 and wamid = $2 and campaign_id is not null";
}

type RawAddressee = (String, Option<String>, Option<String>, Option<String>, i64);
type RawPerson = (
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

impl TenantTx<'_> {
    /// Fixes the audience, in place of any earlier one; says how many people it has.
    ///
    /// # Errors
    /// The database.
    pub async fn snapshot_audience(&mut self, id: CampaignId, audience: &Audience) -> Result<u64> {
        self.tx.run(PEOPLE_CLEAR, args![self.tenant, id]).await?;
        let people = match audience {
            Audience::All => self.tx.run(PEOPLE_ALL, args![self.tenant, id]).await?,
            Audience::Tag { tag } => {
                self.tx
                    .run(PEOPLE_TAG, args![self.tenant, id, tag.as_str()])
                    .await?
            }
            Audience::Segment {
                installation,
                segment,
            } => {
                let args = args![self.tenant, id, *installation, segment.as_str()];
                self.tx.run(PEOPLE_SEGMENT, args).await?
            }
        };
        if people >= MANY {
            self.tx.run(PEOPLE_SAMPLE, args![]).await?;
            self.tx.run(PEOPLE_STATISTICS, args![]).await?;
        }
        Ok(people)
    }

    /// Marks those of the audience who came in from a list and were not reached by a campaign since;
    /// says how many.
    ///
    /// # Errors
    /// The database.
    pub async fn mark_imported(&mut self, id: CampaignId) -> Result<u64> {
        self.tx.run(PEOPLE_IMPORTED, args![self.tenant, id]).await
    }

    /// How many of these had their turn and were not refused.
    ///
    /// # Errors
    /// The database.
    pub async fn imported_turned(&mut self, id: CampaignId) -> Result<u64> {
        let args = args![self.tenant, id];
        let row: Option<(i64,)> = self.tx.row(PEOPLE_IMPORTED_TURNED, args).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// People whose turn has not come, by id, with the attributes asked for.
    ///
    /// # Errors
    /// The database.
    pub async fn waiting_people(
        &mut self,
        id: CampaignId,
        after: Option<ContactId>,
        attributes: &[&str],
        limit: usize,
    ) -> Result<Vec<Addressee>> {
        let after = after.map(|c| c.to_string()).unwrap_or_default();
        let rows: Vec<RawAddressee> = self
            .tx
            .rows(PEOPLE_PAGE, args![self.tenant, id, after, db::limit(limit)])
            .await?;
        self.addressees(rows, attributes).await
    }

    /// Some people of a campaign, wherever they stand.
    ///
    /// # Errors
    /// The database.
    pub async fn some_people(
        &mut self,
        id: CampaignId,
        contacts: &[ContactId],
        attributes: &[&str],
    ) -> Result<Vec<Addressee>> {
        let ids = json::rows(contacts.iter().map(|c| json!(c)).collect());
        let rows: Vec<RawAddressee> = self
            .tx
            .rows(PEOPLE_SOME, args![self.tenant, id, ids])
            .await?;
        self.addressees(rows, attributes).await
    }

    /// Who of these people belongs to an audience now, whenever it was fixed.
    ///
    /// # Errors
    /// The database.
    pub async fn still_in_audience(
        &mut self,
        audience: &Audience,
        people: &[Addressee],
    ) -> Result<HashSet<ContactId>> {
        let ids = json::rows(people.iter().map(|p| json!(p.contact)).collect());
        let rows: Vec<(String,)> = match audience {
            Audience::All => return Ok(people.iter().map(|p| p.contact).collect()),
            Audience::Tag { tag } => {
                let args = args![self.tenant, ids, tag.as_str()];
                self.tx.rows(AUDIENCE_TAGGED, args).await?
            }
            Audience::Segment {
                installation,
                segment,
            } => {
                let args = args![self.tenant, ids, *installation, segment.as_str()];
                self.tx.rows(AUDIENCE_MEMBERS, args).await?
            }
        };
        rows.iter()
            .map(|(id,)| json::id("contact_id", id))
            .collect()
    }

    async fn addressees(
        &mut self,
        rows: Vec<RawAddressee>,
        attributes: &[&str],
    ) -> Result<Vec<Addressee>> {
        let mut people = rows
            .into_iter()
            .map(|(contact, to, name, language, imported)| {
                Ok(Addressee {
                    contact: json::id("contact_id", &contact)?,
                    to: to.map(json::address).transpose()?,
                    name,
                    language,
                    attributes: BTreeMap::new(),
                    imported: imported == 1,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        if attributes.is_empty() || people.is_empty() {
            return Ok(people);
        }
        let ids = json::rows(people.iter().map(|p| json!(p.contact)).collect());
        let keys = json::rows(attributes.iter().map(|k| json!(k)).collect());
        let found: Vec<(String, String, String)> = self
            .tx
            .rows(PEOPLE_ATTRIBUTES, args![self.tenant, ids, keys])
            .await?;
        let mut of: std::collections::HashMap<String, BTreeMap<String, String>> =
            std::collections::HashMap::new();
        for (contact, key, value) in found {
            of.entry(contact).or_default().insert(key, value);
        }
        for person in &mut people {
            if let Some(attributes) = of.remove(&person.contact.to_string()) {
                person.attributes = attributes;
            }
        }
        Ok(people)
    }

    /// Writes down what a dry run said.
    ///
    /// # Errors
    /// The database.
    pub async fn mark_planned(&mut self, id: CampaignId, people: &[PlannedPerson]) -> Result<()> {
        let rows = json::rows(
            people
                .iter()
                .map(|p| json!({ "c": p.contact, "s": p.slice, "r": p.rule }))
                .collect(),
        );
        self.tx
            .run(PEOPLE_PLANNED, args![self.tenant, id, rows])
            .await
            .map(drop)
    }

    /// Writes down whose turn was taken; says of how many.
    ///
    /// # Errors
    /// The database.
    pub async fn mark_turns(&mut self, id: CampaignId, people: &[TurnTaken]) -> Result<u64> {
        let rows = json::rows(
            people
                .iter()
                .map(|p| json!({ "c": p.contact, "o": p.outbox, "r": p.rule }))
                .collect(),
        );
        self.tx.run(PEOPLE_TURN, args![self.tenant, id, rows]).await
    }

    /// Ends a campaign for everybody it has not begun to reach; (messages cancelled, people withdrawn).
    ///
    /// # Errors
    /// The database.
    pub async fn withdraw_campaign(
        &mut self,
        id: CampaignId,
        rule: &str,
        now: Ts,
    ) -> Result<(u64, u64)> {
        let cancelled = self
            .tx
            .run(CAMPAIGN_CANCEL, args![self.tenant, id, rule, now])
            .await?;
        let withdrawn = self
            .tx
            .run(PEOPLE_WITHDRAW, args![self.tenant, id, rule])
            .await?;
        Ok((cancelled, withdrawn))
    }

    /// Puts the lanes of a campaign to rest that hold nothing else that is due.
    ///
    /// # Errors
    /// The database.
    pub async fn rest_campaign_lanes(&mut self, id: CampaignId) -> Result<()> {
        self.tx
            .run(CAMPAIGN_LANES_REST, args![self.tenant, id])
            .await
            .map(drop)
    }

    /// Lets the lanes of a campaign go on.
    pub(crate) async fn wake_campaign_lanes(&mut self, id: CampaignId) -> Result<()> {
        self.tx
            .run(CAMPAIGN_LANES_WAKE, args![self.tenant, id])
            .await
            .map(drop)
    }

    /// People of a campaign, by id.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_people(
        &mut self,
        id: CampaignId,
        filter: &PeopleFilter,
    ) -> Result<Vec<CampaignPerson>> {
        let after = filter.after.map(|c| c.to_string()).unwrap_or_default();
        let args = args![
            self.tenant,
            id,
            after,
            filter.state.as_deref(),
            filter.planned.as_deref(),
            filter.rule.as_deref(),
            db::limit(filter.limit)
        ];
        let rows: Vec<RawPerson> = self.tx.rows(PEOPLE_LIST, args).await?;
        rows.into_iter()
            .map(
                |(
                    contact,
                    state,
                    planned,
                    rule,
                    outbox,
                    status,
                    error_code,
                    begun,
                    not_before,
                    reason,
                )| {
                    Ok(CampaignPerson {
                        contact: json::id("contact_id", &contact)?,
                        state,
                        planned,
                        rule,
                        outbox: json::opt_id("outbox_id", outbox.as_deref())?,
                        status,
                        error_code,
                        begun_at: begun.map(Ts),
                        not_before: not_before.map(Ts),
                        reason,
                    })
                },
            )
            .collect()
    }

    /// Why the segment had somebody when the audience was fixed.
    ///
    /// # Errors
    /// The database.
    pub async fn membership_reason(
        &mut self,
        id: CampaignId,
        contact: ContactId,
    ) -> Result<Option<String>> {
        let row: Option<(Option<String>,)> = self
            .tx
            .row(PEOPLE_REASON, args![self.tenant, id, contact])
            .await?;
        Ok(row.and_then(|(reason,)| reason))
    }

    /// The campaign whose message Meta knows by this id.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_of_wamid(&mut self, wamid: &str) -> Result<Option<CampaignId>> {
        let row: Option<(Option<String>,)> = self
            .tx
            .row(CAMPAIGN_OF_WAMID, args![self.tenant, wamid])
            .await?;
        row.and_then(|(id,)| id)
            .map(|id| json::id("campaign_id", &id))
            .transpose()
    }
}
