//! The tenant's own lists of addresses: whom not to contact, and who is in the sandbox.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::ContactId;
use portero_gate::facts::DoNotContact;

use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// Most people on a tenant's sandbox list.
pub const SANDBOX_MAX: u32 = 20;

statements! {
    DNC_PUT = "insert into do_not_contact (tenant_id, address, scope, reason, author, since_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id, address) do update
        set scope = excluded.scope, reason = excluded.reason, author = excluded.author, since_at = excluded.since_at";
    DNC_REMOVE = "delete from do_not_contact where tenant_id = $1 and address = $2";
    DNC_OF = "select d.scope from do_not_contact d
        join contact_aliases a on a.tenant_id = d.tenant_id and a.address = d.address
        where d.tenant_id = $1 and a.contact_id = $2";
    DNC_PAGE = "select d.address, d.scope, d.reason, d.author, d.since_at, a.contact_id from do_not_contact d
        left join contact_aliases a on a.tenant_id = d.tenant_id and a.address = d.address
        where d.tenant_id = $1 and d.address > $2 order by d.address limit $3";
    SANDBOX_COUNT = "select count(*) from sandbox_people where tenant_id = $1 and address <> $2";
    /// Who answered stays; who did not gets another code.
    SANDBOX_PUT = "insert into sandbox_people (tenant_id, address, code) values ($1, $2, $3)
        on conflict (tenant_id, address) do update set code = excluded.code
        where sandbox_people.confirmed_at is null";
    SANDBOX_CONFIRM = "update sandbox_people set confirmed_at = $4, code = null
        where tenant_id = $1 and code = $3 and confirmed_at is null and address in (
            select a.address from contact_aliases a
            where a.tenant_id = $1 and a.contact_id = $2 and a.until_at is null)";
    SANDBOX_REMOVE = "delete from sandbox_people where tenant_id = $1 and address = $2";
    SANDBOX_PEOPLE = "select address, confirmed_at from sandbox_people where tenant_id = $1 order by address";
    SANDBOX_ALLOWED = "select count(*) from sandbox_people s
        join contact_aliases a on a.tenant_id = s.tenant_id and a.address = s.address
        where s.tenant_id = $1 and a.contact_id = $2 and s.confirmed_at is not null";
}

/// An entry of a tenant's block list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRow {
    /// Whose address.
    pub address: AddressKey,
    /// The person who has it, where one is known.
    pub contact: Option<ContactId>,
    /// What they are not sent.
    pub scope: DoNotContact,
    /// Why.
    pub reason: String,
    /// Who put it there.
    pub author: String,
    /// Since when.
    pub since: Ts,
}

type RawBlock = (String, String, String, String, i64, Option<String>);

/// The strictest of several block-list entries.
pub(crate) fn strictest(scopes: impl IntoIterator<Item = DoNotContact>) -> Option<DoNotContact> {
    let rank = |s: &DoNotContact| match s {
        DoNotContact::Promotional => 0,
        DoNotContact::All => 1,
        DoNotContact::AllAndReplies => 2,
    };
    scopes.into_iter().max_by_key(rank)
}

impl TenantTx<'_> {
    /// Puts an address on the tenant's block list.
    ///
    /// # Errors
    /// The database.
    pub async fn put_do_not_contact(
        &mut self,
        address: &AddressKey,
        scope: DoNotContact,
        reason: &str,
        author: &str,
        now: Ts,
    ) -> Result<()> {
        let scope = json::word("do_not_contact.scope", &scope)?;
        self.tx
            .run(
                DNC_PUT,
                args![self.tenant, address, scope, reason, author, now],
            )
            .await
            .map(drop)
    }

    /// Takes an address off the block list.
    ///
    /// # Errors
    /// The database.
    pub async fn remove_do_not_contact(&mut self, address: &AddressKey) -> Result<bool> {
        Ok(self.tx.run(DNC_REMOVE, args![self.tenant, address]).await? == 1)
    }

    /// Entries of the block list by address, after one.
    ///
    /// # Errors
    /// The database.
    pub async fn do_not_contact_page(
        &mut self,
        limit: usize,
        after: &str,
    ) -> Result<Vec<BlockRow>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<RawBlock> = self
            .tx
            .rows(DNC_PAGE, args![self.tenant, after, limit])
            .await?;
        rows.into_iter()
            .map(|(address, scope, reason, author, since, contact)| {
                Ok(BlockRow {
                    address: json::address(address)?,
                    contact: contact.map(|id| json::id("contact_id", &id)).transpose()?,
                    scope: json::from_word("do_not_contact.scope", &scope)?,
                    reason,
                    author,
                    since: Ts(since),
                })
            })
            .collect()
    }

    /// The strictest block-list entry of any of a person's addresses.
    ///
    /// # Errors
    /// The database.
    pub async fn do_not_contact(&mut self, contact: ContactId) -> Result<Option<DoNotContact>> {
        let rows: Vec<(String,)> = self.tx.rows(DNC_OF, args![self.tenant, contact]).await?;
        let scopes = rows
            .iter()
            .map(|(s,)| json::from_word("do_not_contact.scope", s))
            .collect::<Result<Vec<_>>>()?;
        Ok(strictest(scopes))
    }

    /// Puts an address on the sandbox list, until its code is answered without effect.
    ///
    /// # Errors
    /// [`StoreError::Limit`] when the list is full, or the database.
    pub async fn put_sandbox_person(&mut self, address: &AddressKey, code: &str) -> Result<()> {
        let others: Option<(i64,)> = self
            .tx
            .row(SANDBOX_COUNT, args![self.tenant, address])
            .await?;
        if others.is_some_and(|(n,)| n >= i64::from(SANDBOX_MAX)) {
            return Err(StoreError::Limit {
                what: "people on the sandbox list",
                max: SANDBOX_MAX,
            });
        }
        self.tx
            .run(SANDBOX_PUT, args![self.tenant, address, code])
            .await
            .map(drop)
    }

    /// A person answered with a code; whether it was theirs.
    ///
    /// # Errors
    /// The database.
    pub async fn confirm_sandbox_person(
        &mut self,
        contact: ContactId,
        code: &str,
        now: Ts,
    ) -> Result<bool> {
        Ok(self
            .tx
            .run(SANDBOX_CONFIRM, args![self.tenant, contact, code, now])
            .await?
            == 1)
    }

    /// Takes an address off the sandbox list.
    ///
    /// # Errors
    /// The database.
    pub async fn remove_sandbox_person(&mut self, address: &AddressKey) -> Result<bool> {
        Ok(self
            .tx
            .run(SANDBOX_REMOVE, args![self.tenant, address])
            .await?
            == 1)
    }

    /// The sandbox list: (address, when confirmed).
    ///
    /// # Errors
    /// The database.
    pub async fn sandbox_people(&mut self) -> Result<Vec<(AddressKey, Option<Ts>)>> {
        let rows: Vec<(String, Option<i64>)> =
            self.tx.rows(SANDBOX_PEOPLE, args![self.tenant]).await?;
        rows.into_iter()
            .map(|(a, at)| Ok((json::address(a)?, at.map(Ts))))
            .collect()
    }

    /// Whether a person is on the sandbox list and answered the code.
    ///
    /// # Errors
    /// The database.
    pub async fn sandbox_allowed(&mut self, contact: ContactId) -> Result<bool> {
        let row: Option<(i64,)> = self
            .tx
            .row(SANDBOX_ALLOWED, args![self.tenant, contact])
            .await?;
        Ok(row.is_some_and(|(n,)| n > 0))
    }
}
