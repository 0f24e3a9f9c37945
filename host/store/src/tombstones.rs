//! Whom nothing may be kept of: erased people, found again by a keyed hash of their address alone.
//!
//! A plain hash of a phone number is no secret: there are too few numbers. The key is the tenant's,
//! sealed, and never leaves the database.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::ConsentScope;
use portero_domain::ids::ContactId;
use portero_gate::facts::DoNotContact;
use secrecy::zeroize::Zeroizing;

use crate::error::{Result, StoreError};
use crate::json;
use crate::seal::{self, Place};
use crate::tx::TenantTx;

/// What is kept of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRow {
    /// The row that is left of the person.
    pub contact: ContactId,
    /// A word of the host's.
    pub reason: String,
    /// Token of who did it.
    pub author: String,
    /// What they had refused, at least promotion: it stays refused should they write again.
    pub scope: ConsentScope,
    /// Their entry of the block list.
    pub blocked: Option<DoNotContact>,
    /// How many rows of each kind, as JSON.
    pub done: String,
    /// When.
    pub erased_at: Ts,
    /// When the person wrote again.
    pub returned_at: Option<Ts>,
    /// How many addresses can be recognised.
    pub marks: u64,
}

statements! {
    MARK_KEY = "select mark_key from tenants where tenant_id = $1";
    MARK_KEY_SET = "update tenants set mark_key = $2 where tenant_id = $1 and mark_key is null";
    TOMBSTONES_PUT = "insert into tombstones (tenant_id, mark, contact_id)
        select $1, j.value, $2 from json_each($3) j where true
        on conflict (tenant_id, mark) do update set contact_id = excluded.contact_id",
        postgres = "insert into tombstones (tenant_id, mark, contact_id)
        select cast($1 as text), j.value, cast($2 as text) from jsonb_array_elements_text(cast($3 as jsonb)) as j(value)
        where true order by j.value
        on conflict (tenant_id, mark) do update set contact_id = excluded.contact_id";
    ERASED_AMONG = "select mark, contact_id from tombstones
        where tenant_id = $1 and mark in (select value from json_each($2))",
        postgres = "select mark, contact_id from tombstones
        where tenant_id = $1 and mark in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    TOMBSTONES_LIFT = "delete from tombstones where tenant_id = $1 and mark in (select value from json_each($2))",
        postgres = "delete from tombstones
        where tenant_id = $1 and mark in (select jsonb_array_elements_text(cast($2 as jsonb)))";
    ERASED_ANY = "select 1 from tombstones where tenant_id = $1 limit 1";
    ERASURE_PUT = "insert into erasures (contact_id, tenant_id, reason, author, scope, blocked, done, erased_at)
        select contact_id, tenant_id, cast($3 as text), cast($4 as text), cast($5 as text), cast($6 as text),
            cast($7 as text), cast($8 as bigint) from contacts where tenant_id = $1 and contact_id = $2";
    ERASURE = "select e.contact_id, e.reason, e.author, e.scope, e.blocked, e.done, e.erased_at, e.returned_at,
            (select count(*) from tombstones t where t.tenant_id = e.tenant_id and t.contact_id = e.contact_id)
        from erasures e where e.tenant_id = $1 and e.contact_id = $2";
    ERASURE_RETURNED = "update erasures set returned_at = $3
        where tenant_id = $1 and contact_id = $2 and returned_at is null";
}

type Raw = (
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    i64,
);

fn read(
    (contact, reason, author, scope, blocked, done, erased_at, returned_at, marks): Raw,
) -> Result<ErasureRow> {
    Ok(ErasureRow {
        contact: json::id("contact_id", &contact)?,
        reason,
        author,
        scope: if scope == "all" {
            ConsentScope::All
        } else {
            ConsentScope::Promotional
        },
        blocked: blocked
            .map(|scope| json::from_word("erasures.blocked", &scope))
            .transpose()?,
        done,
        erased_at: Ts(erased_at),
        returned_at: returned_at.map(Ts),
        marks: crate::db::count(marks),
    })
}

impl TenantTx<'_> {
    /// The key of the tenant's marks; none while nobody was erased.
    async fn mark_key(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let row: Option<(Option<Vec<u8>>,)> = self.tx.row(MARK_KEY, args![self.tenant]).await?;
        let Some(sealed) = row.and_then(|(sealed,)| sealed) else {
            return Ok(None);
        };
        let tenant = self.tenant.to_string();
        let key = self.data_key().await?;
        Ok(Some(Zeroizing::new(key.open(&place(&tenant), &sealed)?)))
    }

    /// Makes the key of the tenant's marks, if there is none.
    pub(crate) async fn make_mark_key(&mut self) -> Result<()> {
        if self.mark_key().await?.is_some() {
            return Ok(());
        }
        let tenant = self.tenant.to_string();
        let data_key = self.data_key().await?;
        let ids = &*self.tx.secrets.ids;
        let mut fresh = Zeroizing::new(vec![0_u8; 32]);
        ids.random(&mut fresh);
        let sealed = data_key.seal(ids, &place(&tenant), &fresh)?;
        self.tx
            .run(MARK_KEY_SET, args![self.tenant, sealed])
            .await
            .map(drop)
    }

    /// Marks of addresses, in their order; nothing while nobody was erased.
    async fn marks(&mut self, addresses: &[AddressKey]) -> Result<Vec<String>> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let Some(key) = self.mark_key().await? else {
            return Ok(Vec::new());
        };
        addresses
            .iter()
            .map(|a| seal::keyed_hash(&key, a.as_str().as_bytes()))
            .collect()
    }

    /// Keeps the marks of somebody's addresses.
    pub(crate) async fn put_tombstones(
        &mut self,
        contact: ContactId,
        addresses: &[AddressKey],
    ) -> Result<u64> {
        self.make_mark_key().await?;
        let marks = self.marks(addresses).await?;
        if marks.is_empty() {
            return Ok(0);
        }
        let marks = json::rows(marks.into_iter().map(Into::into).collect());
        let args = args![self.tenant, contact, marks];
        self.tx.run(TOMBSTONES_PUT, args).await
    }

    /// Which of these addresses are of somebody who was erased, and has not written from there since.
    ///
    /// # Errors
    /// The database.
    pub async fn erased_addresses(
        &mut self,
        addresses: &[AddressKey],
    ) -> Result<HashMap<AddressKey, ContactId>> {
        let marks = self.marks(addresses).await?;
        if marks.is_empty() {
            return Ok(HashMap::new());
        }
        let asked = json::rows(marks.iter().map(|m| m.as_str().into()).collect());
        let rows: Vec<(String, String)> = self
            .tx
            .rows(ERASED_AMONG, args![self.tenant, asked])
            .await?;
        let found: HashMap<String, String> = rows.into_iter().collect();
        addresses
            .iter()
            .zip(&marks)
            .filter_map(|(address, mark)| Some((address, found.get(mark)?)))
            .map(|(address, contact)| Ok((address.clone(), json::id("contact_id", contact)?)))
            .collect()
    }

    /// Whether anybody at all was erased.
    ///
    /// # Errors
    /// The database.
    pub async fn any_erased(&mut self) -> Result<bool> {
        let row: Option<(i32,)> = self.tx.row(ERASED_ANY, args![self.tenant]).await?;
        Ok(row.is_some())
    }

    /// The person behind any of these addresses, or what is left of them when they were erased.
    ///
    /// # Errors
    /// The database.
    pub async fn person_by_addresses(
        &mut self,
        addresses: &[AddressKey],
    ) -> Result<Option<ContactId>> {
        if let Some(living) = self.contact_by_addresses(addresses).await? {
            return Ok(Some(living));
        }
        let erased = self.erased_addresses(addresses).await?;
        Ok(addresses.iter().find_map(|a| erased.get(a).copied()))
    }

    /// What is kept of somebody's erasure.
    ///
    /// # Errors
    /// The database.
    pub async fn erasure(&mut self, contact: ContactId) -> Result<Option<ErasureRow>> {
        let row: Option<Raw> = self.tx.row(ERASURE, args![self.tenant, contact]).await?;
        row.map(read).transpose()
    }

    pub(crate) async fn put_erasure(&mut self, row: &ErasureRow) -> Result<()> {
        let blocked = row
            .blocked
            .map(|scope| json::word("erasures.blocked", &scope))
            .transpose()?;
        let scope = match row.scope {
            ConsentScope::All => "all",
            ConsentScope::Promotional | ConsentScope::Topic(_) => "promotional",
        };
        let args = args![
            self.tenant,
            row.contact,
            row.reason.as_str(),
            row.author.as_str(),
            scope,
            blocked,
            row.done.as_str(),
            row.erased_at
        ];
        self.must("contact", ERASURE_PUT, args).await
    }

    /// Somebody wrote from these addresses: what was kept of the erasures of whoever had them, each with
    /// an address. These addresses are refused no longer; what stays refused is for the caller to write
    /// down.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the erasure went, or the database.
    pub async fn returned(
        &mut self,
        addresses: &[AddressKey],
        now: Ts,
    ) -> Result<Vec<(AddressKey, ErasureRow)>> {
        let erased: BTreeMap<AddressKey, ContactId> = self
            .erased_addresses(addresses)
            .await?
            .into_iter()
            .collect();
        if erased.is_empty() {
            return Ok(Vec::new());
        }
        let marks = self.marks(addresses).await?;
        let marks = json::rows(marks.into_iter().map(Into::into).collect());
        self.tx
            .run(TOMBSTONES_LIFT, args![self.tenant, marks])
            .await?;
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for (address, contact) in erased {
            if !seen.insert(contact) {
                continue;
            }
            let row = self.erasure(contact).await?;
            let row = row.ok_or(StoreError::NotFound { what: "erasure" })?;
            self.tx
                .run(ERASURE_RETURNED, args![self.tenant, contact, now])
                .await?;
            out.push((address, row));
        }
        Ok(out)
    }
}

fn place(tenant: &str) -> Place<'_> {
    Place {
        tenant,
        column: "tenants.mark_key",
        row: tenant,
    }
}
