//! Last interactions of a person, and whose segments want another look.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, OutboxId, TenantId};
use serde_json::{Value, json};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// Kinds of interaction whose last time is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// The person wrote.
    Inbound,
    /// A message reached the person's phone.
    Delivered,
    /// The person read a message.
    Read,
    /// The person pressed a button or followed a link.
    Clicked,
}

macro_rules! later {
    ($column:literal) => {
        concat!(
            $column,
            " = case when excluded.",
            $column,
            " is null or excluded.",
            $column,
            " <= contact_activity.",
            $column,
            " then contact_activity.",
            $column,
            " else excluded.",
            $column,
            " end"
        )
    };
}

macro_rules! sooner {
    () => {
        "due_at = case when excluded.due_at is null or contact_activity.due_at <= excluded.due_at
            then contact_activity.due_at else excluded.due_at end"
    };
}

/// People are due only where somebody would look: a tenant without an enabled segmentation plugin
/// costs no writes.
macro_rules! looked_at {
    () => {
        "exists (select 1 from installations i where i.tenant_id = $1 and i.kind = 'segmentation' and i.enabled = 1)"
    };
}

statements! {
    ACTIVITY_NOTE = concat!("insert into contact_activity (tenant_id, contact_id, inbound_at, delivered_at, read_at,
            clicked_at, due_at)
        select tenant_id, contact_id, cast($3 as bigint), cast($4 as bigint), cast($5 as bigint),
            cast($6 as bigint), case when ", looked_at!(), " then cast($7 as bigint) end
        from contacts where tenant_id = $1 and contact_id = $2
        on conflict (tenant_id, contact_id) do update set ", later!("inbound_at"), ", ", later!("delivered_at"),
        ", ", later!("read_at"), ", ", later!("clicked_at"), ", ", sooner!());
    ACTIVITY_OF_MESSAGES = concat!("insert into contact_activity (tenant_id, contact_id, delivered_at, read_at)
        select o.tenant_id, o.contact_id, max(j.value ->> 'd'), max(j.value ->> 'r')
        from json_each($2) j cross join outbox o on o.outbox_id = j.value ->> 'o' and +o.tenant_id = $1
        group by o.tenant_id, o.contact_id
        on conflict (tenant_id, contact_id) do update set ", later!("delivered_at"), ", ", later!("read_at")),
        postgres = concat!("insert into contact_activity (tenant_id, contact_id, delivered_at, read_at)
        select o.tenant_id, o.contact_id, max(j.d), max(j.r)
        from jsonb_to_recordset(cast($2 as jsonb)) as j(o text, d bigint, r bigint)
        join outbox o on o.outbox_id = j.o and o.tenant_id = $1
        group by o.tenant_id, o.contact_id order by o.contact_id
        on conflict (tenant_id, contact_id) do update set ", later!("delivered_at"), ", ", later!("read_at"));
    ACTIVITY_MARK = concat!("insert into contact_activity (tenant_id, contact_id, due_at)
        select c.tenant_id, c.contact_id, $3 from json_each($2) j cross join contacts c on c.contact_id = j.value
        where c.tenant_id = $1 and ", looked_at!(), "
        on conflict (tenant_id, contact_id) do update set ", sooner!()),
        postgres = concat!("insert into contact_activity (tenant_id, contact_id, due_at)
        select c.tenant_id, c.contact_id, cast($3 as bigint)
        from jsonb_array_elements_text(cast($2 as jsonb)) as j(value) join contacts c on c.contact_id = j.value
        where c.tenant_id = $1 and ", looked_at!(), "
        order by c.contact_id
        on conflict (tenant_id, contact_id) do update set ", sooner!());
    DUE_TENANT = "select tenant_id from contact_activity where due_at is not null and due_at <= $1
        order by due_at limit 1";
    DUE_COUNT = "select count(*) from contact_activity where due_at is not null and due_at <= $1";
    DUE_CLAIM = "update contact_activity set due_at = $3 where tenant_id = $1 and contact_id in
            (select contact_id from contact_activity where tenant_id = $1 and due_at is not null and due_at <= $2
             order by due_at limit $4)
        returning contact_id",
        postgres = "update contact_activity set due_at = $3 where tenant_id = $1 and contact_id in
            (select contact_id from contact_activity where tenant_id = $1 and due_at is not null and due_at <= $2
             order by due_at limit $4 for update skip locked)
        returning contact_id";
    /// Only what still carries the claim: an event that came in between keeps the person due.
    DUE_DONE = "update contact_activity set due_at = cast($4 as bigint) where tenant_id = $1 and due_at = $2
        and contact_id in (select value from json_each($3))",
        postgres = "update contact_activity set due_at = cast($4 as bigint) where tenant_id = $1 and due_at = $2
        and contact_id in (select jsonb_array_elements_text(cast($3 as jsonb)))";
}

fn ids(contacts: &[ContactId]) -> db::Arg {
    let mut all: Vec<ContactId> = contacts.to_vec();
    all.sort_unstable();
    all.dedup();
    json::rows(all.iter().map(|c| Value::from(c.to_string())).collect())
}

impl TenantTx<'_> {
    /// Notes interactions (the latest of a kind counts); the person's segments want a look at `due`.
    ///
    /// # Errors
    /// The database.
    pub async fn note_interactions(
        &mut self,
        contact: ContactId,
        seen: &[(Interaction, Ts)],
        due: Ts,
    ) -> Result<()> {
        let at = |kind: Interaction| {
            seen.iter()
                .filter(|(k, _)| *k == kind)
                .map(|(_, at)| *at)
                .max()
        };
        let args = args![
            self.tenant,
            contact,
            at(Interaction::Inbound),
            at(Interaction::Delivered),
            at(Interaction::Read),
            at(Interaction::Clicked),
            due
        ];
        self.tx.run(ACTIVITY_NOTE, args).await.map(drop)
    }

    /// Notes that messages of ours reached their people (`false`) or were read. A full pass looks at it:
    /// nobody becomes due by it.
    ///
    /// # Errors
    /// The database.
    pub async fn note_receipts(&mut self, receipts: &[(OutboxId, bool, Ts)]) -> Result<()> {
        if receipts.is_empty() {
            return Ok(());
        }
        let rows = receipts.iter().map(|(outbox, read, at)| {
            json!({ "o": outbox, "d": (!read).then_some(at), "r": read.then_some(at) })
        });
        let args = args![self.tenant, json::rows(rows.collect())];
        self.tx.run(ACTIVITY_OF_MESSAGES, args).await.map(drop)
    }

    /// Marks people whose segments want a look at `due`, in one statement; strangers are left out,
    /// and everybody where no segmentation plugin is enabled.
    ///
    /// # Errors
    /// The database.
    pub async fn mark_due(&mut self, contacts: &[ContactId], due: Ts) -> Result<u64> {
        if contacts.is_empty() {
            return Ok(0);
        }
        self.tx
            .run(ACTIVITY_MARK, args![self.tenant, ids(contacts), due])
            .await
    }

    /// Takes at most `limit` people who are due, the longest waiting first. Until `until` nobody else
    /// gets them; whoever does not say [`TenantTx::done_due`] by then leaves them due again.
    ///
    /// # Errors
    /// The database.
    pub async fn claim_due(&mut self, now: Ts, until: Ts, limit: usize) -> Result<Vec<ContactId>> {
        let rows: Vec<(String,)> = self
            .tx
            .rows(DUE_CLAIM, args![self.tenant, now, until, db::limit(limit)])
            .await?;
        let mut found = rows
            .iter()
            .map(|(id,)| json::id("contact_id", id))
            .collect::<Result<Vec<ContactId>>>()?;
        found.sort_unstable();
        Ok(found)
    }

    /// Ends a claim that lasts until `until`: nothing is due, or again at `next`. Who was marked in
    /// between stays due.
    ///
    /// # Errors
    /// The database.
    pub async fn done_due(
        &mut self,
        contacts: &[ContactId],
        until: Ts,
        next: Option<Ts>,
    ) -> Result<()> {
        if contacts.is_empty() {
            return Ok(());
        }
        self.tx
            .run(DUE_DONE, args![self.tenant, until, ids(contacts), next])
            .await
            .map(drop)
    }
}

impl SystemTx<'_> {
    /// The tenant whose people wait longest for a look at their segments.
    ///
    /// # Errors
    /// The database.
    pub async fn tenant_due(&mut self, now: Ts) -> Result<Option<TenantId>> {
        let row: Option<(String,)> = self.tx.row(DUE_TENANT, args![now]).await?;
        row.map(|(id,)| json::id("tenant_id", &id)).transpose()
    }

    /// How many people are due at `now`.
    ///
    /// # Errors
    /// The database.
    pub async fn people_due(&mut self, now: Ts) -> Result<u64> {
        let row: Option<(i64,)> = self.tx.row(DUE_COUNT, args![now]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }
}
