//! What a file says about consent, kept aside by person until the whole file is known; and what is
//! known already of the people it names.

use std::collections::HashMap;

use portero_domain::clock::Ts;
use portero_domain::consent::ConsentEvent;
use portero_domain::ids::{ContactId, ImportId};
use serde_json::{Value, json};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// What the lines of one person claim.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportConsent {
    /// The person's id, or the address of somebody a dry run does not write.
    pub person: String,
    /// The line that claims it.
    pub line_no: u64,
    /// When the person agreed; nothing when a line of theirs claims no consent.
    pub captured_at: Option<Ts>,
    /// The words of that line, where it has its own.
    pub wording: Option<String>,
}

/// What is known of somebody a file names.
#[derive(Clone, Default)]
pub struct KnownPerson {
    /// Nothing may be kept of them any more.
    pub erased: bool,
    /// When they last wrote.
    pub wrote_at: Option<Ts>,
    /// Their consent events, oldest first.
    pub consent: Vec<ConsentEvent>,
}

statements! {
    /// Of several lines of one person the most restrictive counts, wherever in the file they stand.
    IMPORT_CONSENTS_PUT = "insert into import_consents (tenant_id, import_id, person, line_no, captured_at, wording)
        select i.tenant_id, i.import_id, j.value ->> 'p', j.value ->> 'n', j.value ->> 'at', j.value ->> 'w'
        from json_each($3) j join imports i on i.tenant_id = $1 and i.import_id = $2
        where true on conflict (tenant_id, import_id, person) do update set
            line_no = case when import_consents.captured_at <= excluded.captured_at
                then import_consents.line_no else excluded.line_no end,
            wording = case when import_consents.captured_at <= excluded.captured_at
                then import_consents.wording else excluded.wording end,
            captured_at = case when import_consents.captured_at is null or excluded.captured_at is null then null
                when import_consents.captured_at <= excluded.captured_at then import_consents.captured_at
                else excluded.captured_at end",
        postgres = "insert into import_consents (tenant_id, import_id, person, line_no, captured_at, wording)
        select i.tenant_id, i.import_id, j.p, j.n, j.at, j.w
        from jsonb_to_recordset(cast($3 as jsonb)) as j(p text, n bigint, at bigint, w text)
        join imports i on i.tenant_id = $1 and i.import_id = $2
        where true order by j.p on conflict (tenant_id, import_id, person) do update set
            line_no = case when import_consents.captured_at <= excluded.captured_at
                then import_consents.line_no else excluded.line_no end,
            wording = case when import_consents.captured_at <= excluded.captured_at
                then import_consents.wording else excluded.wording end,
            captured_at = case when import_consents.captured_at is null or excluded.captured_at is null then null
                when import_consents.captured_at <= excluded.captured_at then import_consents.captured_at
                else excluded.captured_at end";
    IMPORT_CONSENTS = "select person, line_no, captured_at, wording from import_consents
        where tenant_id = $1 and import_id = $2 order by person limit $3";
    IMPORT_CONSENTS_DONE = "delete from import_consents where tenant_id = $1 and import_id = $2 and person <= $3";
    IMPORT_CONSENTS_DROP = "delete from import_consents where tenant_id = $1 and import_id = $2";
    IMPORT_CONSENTS_ADD = "update imports set consents = consents + $3 where tenant_id = $1 and import_id = $2 and state = 'open'";
    KNOWN_PEOPLE = "select c.contact_id, c.erased_at, y.inbound_at from json_each($2) j
        cross join contacts c on c.contact_id = j.value
        left join contact_activity y on y.tenant_id = c.tenant_id and y.contact_id = c.contact_id
        where c.tenant_id = $1",
        postgres = "select c.contact_id, c.erased_at, y.inbound_at from jsonb_array_elements_text(cast($2 as jsonb)) as j(value)
        join contacts c on c.contact_id = j.value
        left join contact_activity y on y.tenant_id = c.tenant_id and y.contact_id = c.contact_id
        where c.tenant_id = $1";
    KNOWN_CONSENTS = "select e.contact_id, e.event from json_each($2) j
        cross join consent_events e on e.contact_id = j.value
        where e.tenant_id = $1 order by e.contact_id, e.captured_at, e.received_at, e.consent_event_id",
        postgres = "select e.contact_id, e.event from jsonb_array_elements_text(cast($2 as jsonb)) as j(value)
        join consent_events e on e.contact_id = j.value
        where e.tenant_id = $1 order by e.contact_id, e.captured_at, e.received_at, e.consent_event_id";
}

impl TenantTx<'_> {
    /// Keeps aside what lines claim, each person at most once in the list.
    ///
    /// # Errors
    /// The database.
    pub async fn put_import_consents(
        &mut self,
        id: ImportId,
        claims: &[ImportConsent],
    ) -> Result<()> {
        if claims.is_empty() {
            return Ok(());
        }
        let rows = claims
            .iter()
            .map(|c| json!({ "p": c.person, "n": c.line_no, "at": c.captured_at, "w": c.wording }))
            .collect();
        self.tx
            .run(
                IMPORT_CONSENTS_PUT,
                args![self.tenant, id, json::rows(rows)],
            )
            .await
            .map(drop)
    }

    /// The next claims of a file, by person.
    ///
    /// # Errors
    /// The database.
    pub async fn import_consents(
        &mut self,
        id: ImportId,
        limit: usize,
    ) -> Result<Vec<ImportConsent>> {
        let args = args![self.tenant, id, db::limit(limit)];
        let rows: Vec<(String, i64, Option<i64>, Option<String>)> =
            self.tx.rows(IMPORT_CONSENTS, args).await?;
        Ok(rows
            .into_iter()
            .map(|(person, line_no, captured_at, wording)| ImportConsent {
                person,
                line_no: db::count(line_no),
                captured_at: captured_at.map(Ts),
                wording,
            })
            .collect())
    }

    /// Forgets the claims up to and including a person, who went into the ledger; `consents` of them
    /// are counted.
    ///
    /// # Errors
    /// The database.
    pub async fn done_import_consents(
        &mut self,
        id: ImportId,
        person: &str,
        consents: u64,
    ) -> Result<()> {
        self.tx
            .run(IMPORT_CONSENTS_DONE, args![self.tenant, id, person])
            .await?;
        let args = args![self.tenant, id, db::amount(consents)];
        self.tx.run(IMPORT_CONSENTS_ADD, args).await.map(drop)
    }

    /// Forgets every claim of a file that was refused.
    ///
    /// # Errors
    /// The database.
    pub async fn drop_import_consents(&mut self, id: ImportId) -> Result<()> {
        self.tx
            .run(IMPORT_CONSENTS_DROP, args![self.tenant, id])
            .await
            .map(drop)
    }

    /// What is known of these people.
    ///
    /// # Errors
    /// The database.
    pub async fn known_people(
        &mut self,
        contacts: &[ContactId],
    ) -> Result<HashMap<ContactId, KnownPerson>> {
        let mut all = HashMap::new();
        if contacts.is_empty() {
            return Ok(all);
        }
        let ids = || {
            let ids = contacts.iter().map(|c| Value::from(c.to_string()));
            json::rows(ids.collect())
        };
        let rows: Vec<(String, Option<i64>, Option<i64>)> = self
            .tx
            .rows(KNOWN_PEOPLE, args![self.tenant, ids()])
            .await?;
        for (id, erased, wrote) in rows {
            let known = KnownPerson {
                erased: erased.is_some(),
                wrote_at: wrote.map(Ts),
                consent: Vec::new(),
            };
            all.insert(json::id("contact_id", &id)?, known);
        }
        let rows: Vec<(String, String)> = self
            .tx
            .rows(KNOWN_CONSENTS, args![self.tenant, ids()])
            .await?;
        for (id, event) in rows {
            if let Some(known) = all.get_mut(&json::id("contact_id", &id)?) {
                known.consent.push(json::read("consent event", &event)?);
            }
        }
        Ok(all)
    }
}
