//! People of a tenant: aliases, attributes, tags.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::ContactId;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// What is known of a person at first sight.
#[derive(Clone, Debug, Default)]
pub struct NewContact {
    /// Profile name.
    pub name: Option<String>,
    /// `es`, `pt`, `en` or a tag that begins so.
    pub language: Option<String>,
    /// Two letters.
    pub country: Option<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRow {
    /// Our id.
    pub id: ContactId,
    /// Profile name.
    pub name: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// Two letters.
    pub country: Option<String>,
    /// When we first saw them.
    pub created_at: Ts,
    /// When they were erased.
    pub erased_at: Option<Ts>,
    /// Every address: those in use before those left, oldest first, each as last spelled.
    pub aliases: Vec<(AddressKey, String)>,
}

statements! {
    CONTACT_BY_ADDRESSES = "select address, contact_id from contact_aliases
        where tenant_id = $1 and address in (select value from json_each($2))",
        postgres = "select address, contact_id from contact_aliases
        where tenant_id = $1 and address in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    CONTACT_INSERT = "insert into contacts (contact_id, tenant_id, name, language, country, created_at)
        values ($2, $1, $3, $4, $5, $6)";
    /// The spelling follows what Meta said last; an alias never moves to another person.
    ALIASES_PUT = "insert into contact_aliases (tenant_id, address, contact_id, as_spelled, since_at)
        select c.tenant_id, j.value ->> 'a', c.contact_id, j.value ->> 's', $4
        from json_each($3) j join contacts c on c.tenant_id = $1 and c.contact_id = $2
        where true
        on conflict (tenant_id, address) do update set as_spelled = excluded.as_spelled
        where contact_aliases.contact_id = excluded.contact_id",
        postgres = "insert into contact_aliases (tenant_id, address, contact_id, as_spelled, since_at)
        select c.tenant_id, j.a, c.contact_id, j.s, cast($4 as bigint)
        from jsonb_to_recordset(cast($3 as jsonb)) as j(a text, s text)
        join contacts c on c.tenant_id = $1 and c.contact_id = $2
        where true
        order by j.a
        on conflict (tenant_id, address) do update set as_spelled = excluded.as_spelled
        where contact_aliases.contact_id = excluded.contact_id";
    SPELLINGS = "insert into contact_aliases (tenant_id, address, contact_id, as_spelled, since_at)
        select c.tenant_id, j.value ->> 'a', c.contact_id, j.value ->> 's', $3
        from json_each($2) j cross join contacts c on c.contact_id = j.value ->> 'c' and +c.tenant_id = $1
        where true
        on conflict (tenant_id, address) do update set as_spelled = excluded.as_spelled
        where contact_aliases.contact_id = excluded.contact_id and contact_aliases.as_spelled <> excluded.as_spelled",
        postgres = "insert into contact_aliases (tenant_id, address, contact_id, as_spelled, since_at)
        select c.tenant_id, j.a, c.contact_id, j.s, cast($3 as bigint)
        from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, a text, s text)
        join contacts c on c.contact_id = j.c and c.tenant_id = $1
        where true
        order by j.a
        on conflict (tenant_id, address) do update set as_spelled = excluded.as_spelled
        where contact_aliases.contact_id = excluded.contact_id and contact_aliases.as_spelled <> excluded.as_spelled";
    CONTACT_GET = "select contact_id, name, language, country, created_at, erased_at
        from contacts where tenant_id = $1 and contact_id = $2";
    CONTACT_HOLD = "select contact_id from contacts where tenant_id = $1 and contact_id = $2",
        postgres = "select contact_id from contacts where tenant_id = $1 and contact_id = $2 for no key update";
    CONTACTS = "select contact_id, name, language, country, created_at, erased_at
        from contacts where tenant_id = $1 and contact_id > $2 order by contact_id limit $3";
    ALIASES_OF = "select contact_id, address, as_spelled from contact_aliases
        where tenant_id = $1 and contact_id in (select value from json_each($2))
        order by until_at is not null, since_at, address",
        postgres = "select contact_id, address, as_spelled from contact_aliases
        where tenant_id = $1 and contact_id = any(array(select jsonb_array_elements_text(cast($2 as jsonb))))
        order by until_at is not null, since_at, address";
    ALIAS_HISTORY = "select address, since_at, until_at from contact_aliases
        where tenant_id = $1 and contact_id = $2 order by since_at, address";
    /// What a person left; written from again, it is theirs again.
    ALIAS_END = "update contact_aliases set until_at = $4
        where tenant_id = $1 and contact_id = $2 and address = $3 and until_at is null";
    CONTACT_TOUCH_NAME = "update contacts set name = $3
        where tenant_id = $1 and contact_id = $2 and (name is null or name <> $3)";
    CONTACT_SET_COUNTRY = "update contacts set country = $3 where tenant_id = $1 and contact_id = $2";
    CONTACT_SET_LANGUAGE = "update contacts set language = $3 where tenant_id = $1 and contact_id = $2";
    /// The cart shows as attributes, so that whoever may read these can tell whether it was ordered.
    ATTRIBUTES = "select a.key, a.value from contact_attributes a
        join contacts c on c.contact_id = a.contact_id
        where c.tenant_id = $1 and a.contact_id = $2 and a.key not like 'cart.%'
        union all select 'cart.state', state from carts where tenant_id = $1 and contact_id = $2
        union all select 'cart.reference', reference from carts where tenant_id = $1 and contact_id = $2
        union all select 'cart.updated_at', cast(updated_at as text) from carts where tenant_id = $1 and contact_id = $2
        union all select 'cart.amount_milli', cast(amount_milli as text) from carts
            where tenant_id = $1 and contact_id = $2 and amount_milli is not null
        union all select 'cart.currency', currency from carts
            where tenant_id = $1 and contact_id = $2 and currency is not null
        order by 1";
    ATTRIBUTE_SET = "insert into contact_attributes (contact_id, key, value)
        select contact_id, cast($3 as text), cast($4 as text) from contacts where tenant_id = $1 and contact_id = $2
        on conflict (contact_id, key) do update set value = excluded.value";
    ATTRIBUTE_CLEAR = "delete from contact_attributes where key = $3
        and contact_id in (select contact_id from contacts where tenant_id = $1 and contact_id = $2)";
    TAGS = "select g.tag from contact_tags g join contacts c on c.contact_id = g.contact_id
        where c.tenant_id = $1 and g.contact_id = $2 order by g.tag";
    TAG_ADD = "insert into contact_tags (contact_id, tag)
        select contact_id, cast($3 as text) from contacts where tenant_id = $1 and contact_id = $2
        on conflict (contact_id, tag) do nothing";
    TAG_REMOVE = "delete from contact_tags where tag = $3
        and contact_id in (select contact_id from contacts where tenant_id = $1 and contact_id = $2)";
}

#[derive(sqlx::FromRow)]
pub(crate) struct RawContact {
    contact_id: String,
    name: Option<String>,
    language: Option<String>,
    country: Option<String>,
    created_at: i64,
    erased_at: Option<i64>,
}

fn address_rows(addresses: &[(AddressKey, String)]) -> db::Arg {
    let mut seen = std::collections::BTreeMap::new();
    for (key, spelled) in addresses {
        seen.insert(key.as_str(), spelled);
    }
    json::rows(
        seen.into_iter()
            .map(|(a, s)| json!({ "a": a, "s": s }))
            .collect(),
    )
}

impl TenantTx<'_> {
    /// The person behind any of these addresses; the first address that is known decides.
    ///
    /// # Errors
    /// The database.
    pub async fn contact_by_addresses(
        &mut self,
        addresses: &[AddressKey],
    ) -> Result<Option<ContactId>> {
        let keys = json::rows(addresses.iter().map(|a| Value::from(a.as_str())).collect());
        let rows: Vec<(String, String)> = self
            .tx
            .rows(CONTACT_BY_ADDRESSES, args![self.tenant, keys])
            .await?;
        addresses
            .iter()
            .find_map(|a| rows.iter().find(|(known, _)| known == a.as_str()))
            .map(|(_, contact)| json::id("contact_id", contact))
            .transpose()
    }

    /// Makes a person with their addresses.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when an address belongs to somebody else by now: look again.
    pub async fn create_contact(
        &mut self,
        id: ContactId,
        new: &NewContact,
        addresses: &[(AddressKey, String)],
        now: Ts,
    ) -> Result<()> {
        let NewContact {
            name,
            language,
            country,
        } = new;
        let args = args![
            self.tenant,
            id,
            name.clone(),
            language.clone(),
            country.clone(),
            now
        ];
        self.tx.run(CONTACT_INSERT, args).await?;
        let distinct: std::collections::BTreeSet<_> = addresses.iter().map(|(k, _)| k).collect();
        let put = self.put_aliases(id, addresses, now).await?;
        if put < u64::try_from(distinct.len()).unwrap_or(u64::MAX) {
            return Err(StoreError::Conflict {
                statement: ALIASES_PUT.name,
            });
        }
        self.mark_due(&[id], now).await.map(drop)
    }

    /// Adds addresses to a person; one that is somebody else's stays theirs.
    ///
    /// # Errors
    /// The database.
    pub async fn add_aliases(
        &mut self,
        contact: ContactId,
        addresses: &[(AddressKey, String)],
        now: Ts,
    ) -> Result<()> {
        self.put_aliases(contact, addresses, now).await.map(drop)
    }

    async fn put_aliases(
        &mut self,
        contact: ContactId,
        addresses: &[(AddressKey, String)],
        now: Ts,
    ) -> Result<u64> {
        if addresses.is_empty() {
            return Ok(0);
        }
        self.tx
            .run(
                ALIASES_PUT,
                args![self.tenant, contact, address_rows(addresses), now],
            )
            .await
    }

    /// Notes how Meta spells addresses of different people.
    ///
    /// # Errors
    /// The database.
    pub async fn spell_aliases(
        &mut self,
        spelled: &[(ContactId, &AddressKey, &str)],
        now: Ts,
    ) -> Result<()> {
        if spelled.is_empty() {
            return Ok(());
        }
        // A row may be written once per statement.
        let mut seen = HashSet::new();
        let rows = spelled
            .iter()
            .filter(|(_, address, _)| seen.insert(*address))
            .map(|(c, a, s)| json!({ "c": c, "a": a, "s": s }));
        let args = args![self.tenant, json::rows(rows.collect()), now];
        self.tx.run(SPELLINGS, args).await.map(drop)
    }

    /// The person has left this address since `at`: nothing is sent to it, suppression still counts it.
    ///
    /// # Errors
    /// The database.
    pub async fn end_alias(
        &mut self,
        contact: ContactId,
        address: &AddressKey,
        at: Ts,
    ) -> Result<bool> {
        let args = args![self.tenant, contact, address, at];
        Ok(self.tx.run(ALIAS_END, args).await? == 1)
    }

    /// Every address of a person with the time it was theirs: (address, since, until), oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn alias_history(
        &mut self,
        contact: ContactId,
    ) -> Result<Vec<(AddressKey, Ts, Option<Ts>)>> {
        let rows: Vec<(String, i64, Option<i64>)> = self
            .tx
            .rows(ALIAS_HISTORY, args![self.tenant, contact])
            .await?;
        rows.into_iter()
            .map(|(address, since, until)| Ok((json::address(address)?, Ts(since), until.map(Ts))))
            .collect()
    }

    /// One person.
    ///
    /// # Errors
    /// The database.
    pub async fn contact(&mut self, id: ContactId) -> Result<Option<ContactRow>> {
        let rows: Vec<RawContact> = self.tx.rows(CONTACT_GET, args![self.tenant, id]).await?;
        Ok(self.with_aliases(rows).await?.into_iter().next())
    }

    /// People, oldest first, after a cursor.
    ///
    /// # Errors
    /// The database.
    pub async fn contacts(
        &mut self,
        limit: usize,
        after: Option<ContactId>,
    ) -> Result<Vec<ContactRow>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows: Vec<RawContact> = self
            .tx
            .rows(CONTACTS, args![self.tenant, after, db::limit(limit)])
            .await?;
        self.with_aliases(rows).await
    }

    pub(crate) async fn with_aliases(&mut self, rows: Vec<RawContact>) -> Result<Vec<ContactRow>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids = json::rows(
            rows.iter()
                .map(|r| Value::from(r.contact_id.as_str()))
                .collect(),
        );
        let found: Vec<(String, String, String)> =
            self.tx.rows(ALIASES_OF, args![self.tenant, ids]).await?;
        let mut aliases: HashMap<String, Vec<(AddressKey, String)>> = HashMap::new();
        for (contact, address, spelled) in found {
            aliases
                .entry(contact)
                .or_default()
                .push((json::address(address)?, spelled));
        }
        rows.into_iter()
            .map(|r| {
                Ok(ContactRow {
                    id: json::id("contact_id", &r.contact_id)?,
                    name: r.name,
                    language: r.language,
                    country: r.country,
                    created_at: Ts(r.created_at),
                    erased_at: r.erased_at.map(Ts),
                    aliases: aliases.remove(&r.contact_id).unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Lets nobody else who holds a person, or changes their row, go on until this transaction ends. On SQLite
    /// one transaction writes at a time anyway.
    ///
    /// # Errors
    /// The database.
    pub async fn hold_contact(&mut self, id: ContactId) -> Result<()> {
        let _: Option<(String,)> = self.tx.row(CONTACT_HOLD, args![self.tenant, id]).await?;
        Ok(())
    }

    /// Sets the profile name when it changed.
    ///
    /// # Errors
    /// The database.
    pub async fn touch_contact_name(&mut self, id: ContactId, name: &str) -> Result<()> {
        self.tx
            .run(CONTACT_TOUCH_NAME, args![self.tenant, id, name])
            .await
            .map(drop)
    }

    /// Sets the language the person reads; `None` clears it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn set_contact_language(
        &mut self,
        id: ContactId,
        language: Option<&str>,
    ) -> Result<()> {
        self.must(
            "contact",
            CONTACT_SET_LANGUAGE,
            args![self.tenant, id, language],
        )
        .await
    }

    /// Sets the country, two letters.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn set_contact_country(&mut self, id: ContactId, country: &str) -> Result<()> {
        self.must(
            "contact",
            CONTACT_SET_COUNTRY,
            args![self.tenant, id, country],
        )
        .await
    }

    /// Attributes by key; `cart.state` (`open`, `ordered`, `emptied`), `cart.reference`,
    /// `cart.updated_at` (Unix milliseconds), `cart.amount_milli` and `cart.currency` are the host's.
    ///
    /// # Errors
    /// The database.
    pub async fn attributes(&mut self, contact: ContactId) -> Result<Vec<(String, String)>> {
        self.tx.rows(ATTRIBUTES, args![self.tenant, contact]).await
    }

    /// Sets an attribute, or with `None` clears it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person, or the database.
    pub async fn set_attribute(
        &mut self,
        contact: ContactId,
        key: &str,
        value: Option<&str>,
    ) -> Result<()> {
        match value {
            Some(value) => {
                self.must(
                    "contact",
                    ATTRIBUTE_SET,
                    args![self.tenant, contact, key, value],
                )
                .await?;
            }
            None => {
                self.tx
                    .run(ATTRIBUTE_CLEAR, args![self.tenant, contact, key])
                    .await?;
            }
        }
        self.mark_due(&[contact], Ts::ZERO).await.map(drop)
    }

    /// Tags in order.
    ///
    /// # Errors
    /// The database.
    pub async fn tags(&mut self, contact: ContactId) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self.tx.rows(TAGS, args![self.tenant, contact]).await?;
        Ok(rows.into_iter().map(|(tag,)| tag).collect())
    }

    /// Adds or removes a tag.
    ///
    /// # Errors
    /// The database.
    pub async fn set_tag(&mut self, contact: ContactId, tag: &str, add: bool) -> Result<()> {
        let sql = if add { TAG_ADD } else { TAG_REMOVE };
        self.tx.run(sql, args![self.tenant, contact, tag]).await?;
        self.mark_due(&[contact], Ts::ZERO).await.map(drop)
    }
}
