//! Segments that plugins offer, and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, InstallationId};
use serde_json::{Value, json};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// A segment as an installation offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRow {
    /// Who offers it.
    pub installation: InstallationId,
    /// Its id.
    pub segment: String,
    /// Titles by language.
    pub titles: BTreeMap<String, String>,
    /// People in it.
    pub members: u64,
}

/// A person in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub contact: ContactId,
    /// Why, as the plugin says.
    pub reason: String,
    /// Since when.
    pub since_at: Ts,
}

/// A membership to be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewMember {
    /// Who.
    pub contact: ContactId,
    /// Where.
    pub segment: String,
    /// Why.
    pub reason: String,
}

/// What writing a batch of memberships changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberChanges {
    /// Entered a segment.
    pub joined: u64,
    /// Left one.
    pub left: u64,
    /// Stayed, with another reason.
    pub reworded: u64,
}

statements! {
    SEGMENTS_PUT = "insert into segments (tenant_id, installation_id, segment, titles, position)
        select i.tenant_id, i.installation_id, j.value ->> 's', j.value ->> 't', j.value ->> 'p'
        from json_each($3) j join installations i on i.tenant_id = $1 and i.installation_id = $2
        where true
        on conflict (tenant_id, installation_id, segment) do update
        set titles = excluded.titles, position = excluded.position",
        postgres = "insert into segments (tenant_id, installation_id, segment, titles, position)
        select i.tenant_id, i.installation_id, j.s, j.t, j.p
        from jsonb_to_recordset(cast($3 as jsonb)) as j(s text, t text, p bigint)
        join installations i on i.tenant_id = $1 and i.installation_id = $2
        where true
        order by j.s
        on conflict (tenant_id, installation_id, segment) do update
        set titles = excluded.titles, position = excluded.position";
    SEGMENTS_KEEP = "delete from segments where tenant_id = $1 and installation_id = $2
        and segment not in (select value from json_each($3))",
        postgres = "delete from segments where tenant_id = $1 and installation_id = $2
        and segment not in (select jsonb_array_elements_text(cast($3 as jsonb)))";
    MEMBERS_KEEP = "delete from segment_members where tenant_id = $1 and installation_id = $2
        and segment not in (select value from json_each($3))",
        postgres = "delete from segment_members where tenant_id = $1 and installation_id = $2
        and segment not in (select jsonb_array_elements_text(cast($3 as jsonb)))";
    SEGMENTS = "select s.installation_id, s.segment, s.titles,
            (select count(*) from segment_members m where m.tenant_id = s.tenant_id
                and m.installation_id = s.installation_id and m.segment = s.segment)
        from segments s where s.tenant_id = $1 order by s.installation_id, s.position, s.segment";
    SEGMENT_NAMES = "select segment from segments where tenant_id = $1 and installation_id = $2 order by position";
    MEMBERS = "select contact_id, reason, since_at from segment_members
        where tenant_id = $1 and installation_id = $2 and segment = $3 and contact_id > $4
        order by contact_id limit $5";
    MEMBER_COUNT = "select count(*) from segment_members
        where tenant_id = $1 and installation_id = $2 and segment = $3";
    /// `+`: SQLite goes by the people, not through everybody in the installation's segments.
    MEMBERSHIPS_OF = "select m.contact_id, m.segment, m.reason from segment_members m
        where +m.tenant_id = $1 and m.installation_id = $2
            and m.contact_id in (select value from json_each($3))",
        postgres = "select m.contact_id, m.segment, m.reason from segment_members m
        where m.tenant_id = $1 and m.installation_id = $2
            and m.contact_id in (select jsonb_array_elements_text(cast($3 as jsonb)))";
    MEMBERS_PUT = "insert into segment_members (tenant_id, installation_id, segment, contact_id, reason, since_at)
        select i.tenant_id, i.installation_id, j.value ->> 's', c.contact_id, j.value ->> 'r', $4
        from json_each($3) j cross join installations i on i.tenant_id = $1 and i.installation_id = $2
        cross join contacts c on c.contact_id = j.value ->> 'c' and c.tenant_id = $1
        where true
        on conflict (tenant_id, installation_id, segment, contact_id) do update set reason = excluded.reason",
        postgres = "insert into segment_members (tenant_id, installation_id, segment, contact_id, reason, since_at)
        select i.tenant_id, i.installation_id, j.s, c.contact_id, j.r, cast($4 as bigint)
        from jsonb_to_recordset(cast($3 as jsonb)) as j(s text, c text, r text)
        join installations i on i.tenant_id = $1 and i.installation_id = $2
        join contacts c on c.contact_id = j.c and c.tenant_id = $1
        where true
        order by j.c, j.s
        on conflict (tenant_id, installation_id, segment, contact_id) do update set reason = excluded.reason";
    MEMBERS_REMOVE = "delete from segment_members where +tenant_id = $1 and installation_id = $2
        and contact_id in (select j.value ->> 'c' from json_each($3) j)
        and (contact_id, segment) in (select j.value ->> 'c', j.value ->> 's' from json_each($3) j)",
        postgres = "delete from segment_members m
        using jsonb_to_recordset(cast($3 as jsonb)) as j(c text, s text)
        where m.tenant_id = $1 and m.installation_id = $2 and m.contact_id = j.c and m.segment = j.s";
    SEGMENTS_OF_CONTACT = "select installation_id, segment, reason, since_at from segment_members
        where tenant_id = $1 and contact_id = $2 order by installation_id, segment";
}

/// A person's membership, seen from the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipRow {
    /// Who offers the segment.
    pub installation: InstallationId,
    /// Its id.
    pub segment: String,
    /// Why, as the plugin says.
    pub reason: String,
    /// Since when.
    pub since_at: Ts,
}

impl TenantTx<'_> {
    /// Writes what an installation offers now; memberships of segments it no longer offers end.
    ///
    /// # Errors
    /// The database.
    pub async fn put_segments(
        &mut self,
        installation: InstallationId,
        offered: &[(String, BTreeMap<String, String>)],
    ) -> Result<()> {
        let names = json::rows(
            offered
                .iter()
                .map(|(s, _)| Value::from(s.as_str()))
                .collect(),
        );
        let mut rows = Vec::with_capacity(offered.len());
        for (position, (segment, titles)) in offered.iter().enumerate() {
            rows.push(
                json!({ "s": segment, "t": json::canonical("titles", titles)?, "p": position }),
            );
        }
        let keep = args![self.tenant, installation, names];
        self.tx.run(SEGMENTS_KEEP, keep.clone()).await?;
        self.tx.run(MEMBERS_KEEP, keep).await?;
        self.tx
            .run(
                SEGMENTS_PUT,
                args![self.tenant, installation, json::rows(rows)],
            )
            .await
            .map(drop)
    }

    /// Every segment offered to this tenant, with the number of people in it.
    ///
    /// # Errors
    /// The database.
    pub async fn segments(&mut self) -> Result<Vec<SegmentRow>> {
        let rows: Vec<(String, String, String, i64)> =
            self.tx.rows(SEGMENTS, args![self.tenant]).await?;
        rows.into_iter()
            .map(|(installation, segment, titles, members)| {
                Ok(SegmentRow {
                    installation: json::id("installation_id", &installation)?,
                    segment,
                    titles: json::read("titles", &titles)?,
                    members: db::count(members),
                })
            })
            .collect()
    }

    /// Ids of the segments an installation offers, in its order.
    ///
    /// # Errors
    /// The database.
    pub async fn segment_names(&mut self, installation: InstallationId) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self
            .tx
            .rows(SEGMENT_NAMES, args![self.tenant, installation])
            .await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// People in a segment, by id, after a cursor; at most 10,000 at once.
    ///
    /// # Errors
    /// The database.
    pub async fn members(
        &mut self,
        installation: InstallationId,
        segment: &str,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<MemberRow>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let args = args![self.tenant, installation, segment, after, db::limit(limit)];
        let rows: Vec<(String, String, i64)> = self.tx.rows(MEMBERS, args).await?;
        rows.into_iter()
            .map(|(contact, reason, since)| {
                Ok(MemberRow {
                    contact: json::id("contact_id", &contact)?,
                    reason,
                    since_at: Ts(since),
                })
            })
            .collect()
    }

    /// How many people are in a segment.
    ///
    /// # Errors
    /// The database.
    pub async fn member_count(
        &mut self,
        installation: InstallationId,
        segment: &str,
    ) -> Result<u64> {
        let row: Option<(i64,)> = self
            .tx
            .row(MEMBER_COUNT, args![self.tenant, installation, segment])
            .await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// Segments of one person.
    ///
    /// # Errors
    /// The database.
    pub async fn memberships(&mut self, contact: ContactId) -> Result<Vec<MembershipRow>> {
        let rows: Vec<(String, String, String, i64)> = self
            .tx
            .rows(SEGMENTS_OF_CONTACT, args![self.tenant, contact])
            .await?;
        rows.into_iter()
            .map(|(installation, segment, reason, since)| {
                Ok(MembershipRow {
                    installation: json::id("installation_id", &installation)?,
                    segment,
                    reason,
                    since_at: Ts(since),
                })
            })
            .collect()
    }

    /// Makes `members` all the memberships `contacts` have with this installation, at most three
    /// statements however many they are. Who stays keeps `since_at`; nobody else is touched.
    ///
    /// # Errors
    /// The database.
    pub async fn set_members(
        &mut self,
        installation: InstallationId,
        contacts: &[ContactId],
        members: &[NewMember],
        now: Ts,
    ) -> Result<MemberChanges> {
        if contacts.is_empty() {
            return Ok(MemberChanges::default());
        }
        let known: BTreeSet<ContactId> = contacts.iter().copied().collect();
        let ids = json::rows(known.iter().map(|c| Value::from(c.to_string())).collect());
        let before: Vec<(String, String, String)> = self
            .tx
            .rows(MEMBERSHIPS_OF, args![self.tenant, installation, ids])
            .await?;
        let mut had: BTreeMap<(ContactId, String), String> = BTreeMap::new();
        for (contact, segment, reason) in before {
            had.insert((json::id("contact_id", &contact)?, segment), reason);
        }
        let wanted: BTreeMap<(ContactId, &str), &str> = members
            .iter()
            .filter(|m| known.contains(&m.contact))
            .map(|m| ((m.contact, m.segment.as_str()), m.reason.as_str()))
            .collect();
        let mut changes = MemberChanges::default();
        let mut puts = Vec::new();
        for ((contact, segment), reason) in wanted {
            match had.remove(&(contact, segment.to_owned())) {
                Some(old) if old == reason => continue,
                Some(_) => changes.reworded += 1,
                None => changes.joined += 1,
            }
            puts.push(json!({ "c": contact, "s": segment, "r": reason }));
        }
        let removes: Vec<Value> = had
            .keys()
            .map(|(contact, segment)| json!({ "c": contact, "s": segment }))
            .collect();
        if !removes.is_empty() {
            changes.left = self
                .tx
                .run(
                    MEMBERS_REMOVE,
                    args![self.tenant, installation, json::rows(removes)],
                )
                .await?;
        }
        if !puts.is_empty() {
            let args = args![self.tenant, installation, json::rows(puts), now];
            self.tx.run(MEMBERS_PUT, args).await?;
        }
        Ok(changes)
    }
}
