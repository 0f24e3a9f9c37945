//! Many people at once: what is known of them, and writing them, each in one statement.

use std::collections::{BTreeSet, HashMap, HashSet};

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::ConsentEvent;
use portero_domain::ids::ContactId;
use serde_json::{Value, json};

use crate::consents::{content_hash, scope_text};
use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// A person as a list tells; what is absent stays as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct BulkPerson {
    /// Who.
    pub contact: ContactId,
    /// Where they are reached; written for new people only.
    pub address: AddressKey,
    /// Whether they were unknown.
    pub new: bool,
    /// Name.
    pub name: Option<String>,
    /// `es`, `pt`, `en` or a tag that begins so.
    pub language: Option<String>,
    /// Two letters.
    pub country: Option<String>,
    /// Attributes to set.
    pub attributes: Vec<(String, String)>,
    /// Tags to have.
    pub tags: Vec<String>,
}

/// Who, and nothing about them.
impl std::fmt::Debug for BulkPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BulkPerson({})", self.contact)
    }
}

// On SQLite `cross join` and `+column` have the list drive the plan, never the tenant's whole table.
statements! {
    KNOWN = "select address, contact_id from contact_aliases
        where tenant_id = $1 and address in (select value from json_each($2))",
        postgres = "select address, contact_id from contact_aliases
        where tenant_id = $1 and address in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    BLOCKED = "select address from do_not_contact
        where tenant_id = $1 and address in (select value from json_each($2))
        union select a.address from contact_aliases a
        cross join contact_aliases o on o.tenant_id = a.tenant_id and o.contact_id = a.contact_id
        cross join do_not_contact d on d.tenant_id = o.tenant_id and d.address = o.address
        where a.tenant_id = $1 and a.address in (select value from json_each($2))",
        postgres = "select address from do_not_contact
        where tenant_id = $1 and address in (select jsonb_array_elements_text(cast($2 as jsonb)))
        union select a.address from contact_aliases a
        join contact_aliases o on o.tenant_id = a.tenant_id and o.contact_id = a.contact_id
        join do_not_contact d on d.tenant_id = o.tenant_id and d.address = o.address
        where a.tenant_id = $1 and a.address in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    BULK_CONTACTS = "insert into contacts (contact_id, tenant_id, name, language, country, created_at)
        select j.value ->> 'c', $1, j.value ->> 'n', j.value ->> 'l', j.value ->> 'k', $3 from json_each($2) j",
        postgres = "insert into contacts (contact_id, tenant_id, name, language, country, created_at)
        select j.c, cast($1 as text), j.n, j.l, j.k, cast($3 as bigint)
        from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, n text, l text, k text)";
    BULK_ALIASES = "insert into contact_aliases (tenant_id, address, contact_id, as_spelled, since_at)
        select $1, j.value ->> 'a', j.value ->> 'c', j.value ->> 's', $3 from json_each($2) j
        where true on conflict (tenant_id, address) do nothing",
        postgres = "insert into contact_aliases (tenant_id, address, contact_id, as_spelled, since_at)
        select cast($1 as text), j.a, j.c, j.s, cast($3 as bigint)
        from jsonb_to_recordset(cast($2 as jsonb)) as j(a text, c text, s text)
        where true order by j.a on conflict (tenant_id, address) do nothing";
    BULK_UPDATE = "update contacts set name = coalesce(j.value ->> 'n', contacts.name), language = coalesce(j.value ->> 'l', contacts.language),
            country = coalesce(j.value ->> 'k', contacts.country)
        from json_each($2) j where +contacts.tenant_id = $1 and contacts.contact_id = j.value ->> 'c'",
        postgres = "update contacts set name = coalesce(j.n, contacts.name), language = coalesce(j.l, contacts.language),
            country = coalesce(j.k, contacts.country)
        from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, n text, l text, k text)
        where contacts.tenant_id = $1 and contacts.contact_id = j.c";
    BULK_ATTRIBUTES = "insert into contact_attributes (contact_id, key, value)
        select c.contact_id, j.value ->> 'k', j.value ->> 'v'
        from json_each($2) j cross join contacts c on c.contact_id = j.value ->> 'c'
        where c.tenant_id = $1
        on conflict (contact_id, key) do update set value = excluded.value",
        postgres = "insert into contact_attributes (contact_id, key, value)
        select c.contact_id, j.k, j.v
        from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, k text, v text)
        join contacts c on c.contact_id = j.c
        where c.tenant_id = $1 order by j.c, j.k
        on conflict (contact_id, key) do update set value = excluded.value";
    BULK_TAGS = "insert into contact_tags (contact_id, tag)
        select c.contact_id, j.value ->> 't' from json_each($2) j cross join contacts c on c.contact_id = j.value ->> 'c'
        where c.tenant_id = $1
        on conflict (contact_id, tag) do nothing",
        postgres = "insert into contact_tags (contact_id, tag)
        select c.contact_id, j.t from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, t text)
        join contacts c on c.contact_id = j.c
        where c.tenant_id = $1 order by j.c, j.t
        on conflict (contact_id, tag) do nothing";
    BULK_CONSENT = "insert into consent_events (consent_event_id, tenant_id, contact_id, kind, scope, event, content_hash,
            captured_at, received_at, salt)
        select j.value ->> 'id', c.tenant_id, c.contact_id, j.value ->> 'kind', j.value ->> 'scope', j.value ->> 'event',
            j.value ->> 'hash', j.value ->> 'cap', j.value ->> 'rec', j.value ->> 'salt'
        from json_each($2) j cross join contacts c on c.contact_id = j.value ->> 'c'
        where c.tenant_id = $1
        on conflict (consent_event_id) do nothing",
        postgres = "insert into consent_events (consent_event_id, tenant_id, contact_id, kind, scope, event, content_hash,
            captured_at, received_at, salt)
        select j.id, c.tenant_id, c.contact_id, j.kind, j.scope, j.event, j.hash, j.cap, j.rec, j.salt
        from jsonb_to_recordset(cast($2 as jsonb)) as j(id text, c text, kind text, scope text, event text, hash text,
            cap bigint, rec bigint, salt text)
        join contacts c on c.contact_id = j.c
        where c.tenant_id = $1 order by j.id
        on conflict (consent_event_id) do nothing";
    ATTRIBUTE_KEYS = "select distinct a.key from contact_attributes a join contacts c on c.contact_id = a.contact_id
        where c.tenant_id = $1 order by a.key limit $2";
}

impl TenantTx<'_> {
    /// Which of these addresses belong to whom; those of an erased person to what is left of them.
    ///
    /// # Errors
    /// The database.
    pub async fn contacts_by_addresses(
        &mut self,
        addresses: &[AddressKey],
    ) -> Result<HashMap<AddressKey, ContactId>> {
        if addresses.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(String, String)> = self
            .tx
            .rows(KNOWN, args![self.tenant, texts(addresses)])
            .await?;
        let mut all = self.erased_addresses(addresses).await?;
        for (address, contact) in rows {
            all.insert(json::address(address)?, json::id("contact_id", &contact)?);
        }
        Ok(all)
    }

    /// Which of these addresses are on the tenant's block list, by themselves or through another
    /// address of the same person.
    ///
    /// # Errors
    /// The database.
    pub async fn blocked_addresses(
        &mut self,
        addresses: &[AddressKey],
    ) -> Result<HashSet<AddressKey>> {
        if addresses.is_empty() {
            return Ok(HashSet::new());
        }
        let rows: Vec<(String,)> = self
            .tx
            .rows(BLOCKED, args![self.tenant, texts(addresses)])
            .await?;
        rows.into_iter().map(|(a,)| json::address(a)).collect()
    }

    /// Writes people, each at most once in the list: new ones with their address, known ones where
    /// the list says something. Everybody is due for a look at their segments.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when an address was taken meanwhile: look again.
    pub async fn put_people(&mut self, people: &[BulkPerson], now: Ts) -> Result<()> {
        let row = |p: &BulkPerson| json!({ "c": p.contact, "n": p.name, "l": p.language, "k": p.country });
        let (new, known): (Vec<&BulkPerson>, Vec<&BulkPerson>) = people.iter().partition(|p| p.new);
        if !new.is_empty() {
            let rows = new.iter().map(|p| row(p)).collect();
            let args = args![self.tenant, json::rows(rows), now];
            self.tx.run(BULK_CONTACTS, args).await?;
            let rows = new
                .iter()
                .map(|p| {
                    let spelled = p.address.as_str().trim_start_matches('+');
                    json!({ "a": p.address, "c": p.contact, "s": spelled })
                })
                .collect();
            let args = args![self.tenant, json::rows(rows), now];
            let put = self.tx.run(BULK_ALIASES, args).await?;
            if put < u64::try_from(new.len()).unwrap_or(u64::MAX) {
                return Err(StoreError::Conflict {
                    statement: BULK_ALIASES.name,
                });
            }
        }
        let told: Vec<Value> = known
            .iter()
            .filter(|p| p.name.is_some() || p.language.is_some() || p.country.is_some())
            .map(|p| row(p))
            .collect();
        if !told.is_empty() {
            let args = args![self.tenant, json::rows(told)];
            self.tx.run(BULK_UPDATE, args).await?;
        }
        let attributes: Vec<Value> = people
            .iter()
            .flat_map(|p| {
                let last: std::collections::BTreeMap<&str, &str> = p
                    .attributes
                    .iter()
                    .map(|(k, v)| (k.as_str(), v.as_str()))
                    .collect();
                last.into_iter()
                    .map(|(k, v)| json!({ "c": p.contact, "k": k, "v": v }))
                    .collect::<Vec<_>>()
            })
            .collect();
        if !attributes.is_empty() {
            let args = args![self.tenant, json::rows(attributes)];
            self.tx.run(BULK_ATTRIBUTES, args).await?;
        }
        let tags: Vec<Value> = people
            .iter()
            .flat_map(|p| {
                let distinct: BTreeSet<&str> = p.tags.iter().map(String::as_str).collect();
                distinct
                    .into_iter()
                    .map(|t| json!({ "c": p.contact, "t": t }))
                    .collect::<Vec<_>>()
            })
            .collect();
        if !tags.is_empty() {
            let args = args![self.tenant, json::rows(tags)];
            self.tx.run(BULK_TAGS, args).await?;
        }
        let ids: Vec<ContactId> = people.iter().map(|p| p.contact).collect();
        self.mark_due(&ids, now).await.map(drop)
    }

    /// Appends consent events of many people in one statement; says how many were new.
    ///
    /// # Errors
    /// The database.
    pub async fn append_consents(&mut self, events: &[(ContactId, ConsentEvent)]) -> Result<u64> {
        if events.is_empty() {
            return Ok(0);
        }
        let mut rows = Vec::with_capacity(events.len());
        for (contact, event) in events {
            let salt = self.new_salt();
            rows.push(json!({
                "id": event.id, "c": contact, "kind": event.kind.as_str(), "scope": scope_text(&event.scope),
                "event": json::canonical("consent event", event)?,
                "hash": content_hash(self.tenant, *contact, event, Some(&salt))?, "salt": salt,
                "cap": event.captured_at, "rec": event.received_at,
            }));
        }
        self.tx
            .run(BULK_CONSENT, args![self.tenant, json::rows(rows)])
            .await
    }

    /// Keys of attributes anybody of the tenant has, by name, at most `limit`.
    ///
    /// # Errors
    /// The database.
    pub async fn attribute_keys(&mut self, limit: usize) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self
            .tx
            .rows(ATTRIBUTE_KEYS, args![self.tenant, crate::db::limit(limit)])
            .await?;
        Ok(rows.into_iter().map(|(key,)| key).collect())
    }
}

fn texts(addresses: &[AddressKey]) -> crate::db::Arg {
    json::rows(addresses.iter().map(|a| Value::from(a.as_str())).collect())
}
