//! What people bought, and the cart they have not bought yet.

use portero_domain::clock::Ts;
use portero_domain::ids::ContactId;
use serde_json::json;

use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// One purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseRow {
    /// Whose.
    pub contact: ContactId,
    /// The shop's own reference, unique within the tenant.
    pub reference: String,
    /// When it was placed.
    pub at: Ts,
    /// Thousandths of the currency unit.
    pub amount_milli: i64,
    /// ISO 4217.
    pub currency: String,
}

/// Where a cart stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CartState {
    /// Things are in it.
    Open,
    /// It became an order.
    Ordered,
    /// The person took everything out.
    Emptied,
}

impl CartState {
    /// Word in columns and attributes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CartState::Open => "open",
            CartState::Ordered => "ordered",
            CartState::Emptied => "emptied",
        }
    }

    fn read(word: &str) -> Result<CartState> {
        match word {
            "open" => Ok(CartState::Open),
            "ordered" => Ok(CartState::Ordered),
            "emptied" => Ok(CartState::Emptied),
            _ => Err(json::bad("cart state", "unknown word")),
        }
    }
}

/// The newest cart of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartRow {
    /// Whose.
    pub contact: ContactId,
    /// The shop's own reference.
    pub reference: String,
    /// Where it stands.
    pub state: CartState,
    /// Its worth in thousandths of the currency unit, when told.
    pub amount_milli: Option<i64>,
    /// ISO 4217, when told.
    pub currency: Option<String>,
    /// JSON text of the shop's own.
    pub data: String,
    /// When the shop last said something about it.
    pub updated_at: Ts,
}

statements! {
    /// A reference told again corrects the purchase; it never moves to another person.
    PURCHASES_PUT = "insert into purchases (tenant_id, contact_id, reference, at, amount_milli, currency)
        select c.tenant_id, c.contact_id, j.value ->> 'r', j.value ->> 'at', j.value ->> 'm', j.value ->> 'cur'
        from json_each($2) j cross join contacts c on c.contact_id = j.value ->> 'c'
        where c.tenant_id = $1
        on conflict (tenant_id, reference) do update
        set at = excluded.at, amount_milli = excluded.amount_milli, currency = excluded.currency
        where purchases.contact_id = excluded.contact_id",
        postgres = "insert into purchases (tenant_id, contact_id, reference, at, amount_milli, currency)
        select c.tenant_id, c.contact_id, j.r, j.at, j.m, j.cur
        from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, r text, at bigint, m bigint, cur text)
        join contacts c on c.contact_id = j.c
        where c.tenant_id = $1
        order by j.r
        on conflict (tenant_id, reference) do update
        set at = excluded.at, amount_milli = excluded.amount_milli, currency = excluded.currency
        where purchases.contact_id = excluded.contact_id";
    PURCHASE_REMOVE = "delete from purchases where tenant_id = $1 and reference = $2";
    PURCHASES_OF = "select contact_id, reference, at, amount_milli, currency from purchases
        where tenant_id = $1 and contact_id = $2 order by at desc, reference limit $3";
    /// Older news than what is known changes nothing: an order is not undone by a late cart.
    CART_PUT = "insert into carts (tenant_id, contact_id, reference, state, amount_milli, currency, data, updated_at)
        select tenant_id, contact_id, cast($3 as text), cast($4 as text), cast($5 as bigint), cast($6 as text),
            cast($7 as text), cast($8 as bigint)
        from contacts where tenant_id = $1 and contact_id = $2
        on conflict (tenant_id, contact_id) do update
        set reference = excluded.reference, state = excluded.state, amount_milli = excluded.amount_milli,
            currency = excluded.currency, data = excluded.data, updated_at = excluded.updated_at
        where carts.updated_at < excluded.updated_at
            or (carts.updated_at = excluded.updated_at and carts.state = 'open')";
    CART_GET = "select contact_id, reference, state, amount_milli, currency, data, updated_at from carts
        where tenant_id = $1 and contact_id = $2";
}

type RawPurchase = (String, String, i64, i64, String);
type RawCart = (
    String,
    String,
    String,
    Option<i64>,
    Option<String>,
    String,
    i64,
);

impl TenantTx<'_> {
    /// Keeps purchases in one statement; one that is known is corrected. Says how many rows changed;
    /// purchases of people who are not the tenant's are left out.
    ///
    /// # Errors
    /// The database.
    pub async fn put_purchases(&mut self, purchases: &[PurchaseRow]) -> Result<u64> {
        // One statement may not touch a row twice: of one reference the last counts.
        let last: std::collections::BTreeMap<&str, &PurchaseRow> = purchases
            .iter()
            .map(|p| (p.reference.as_str(), p))
            .collect();
        if last.is_empty() {
            return Ok(0);
        }
        let rows = last
            .into_values()
            .map(|p| {
                json!({ "c": p.contact, "r": p.reference, "at": p.at, "m": p.amount_milli, "cur": p.currency })
            })
            .collect();
        let changed = self
            .tx
            .run(PURCHASES_PUT, args![self.tenant, json::rows(rows)])
            .await?;
        let people: Vec<ContactId> = purchases.iter().map(|p| p.contact).collect();
        self.mark_due(&people, Ts::ZERO).await?;
        Ok(changed)
    }

    /// Forgets a purchase that was none; `false` when there is no such.
    ///
    /// # Errors
    /// The database.
    pub async fn remove_purchase(&mut self, reference: &str) -> Result<bool> {
        Ok(self
            .tx
            .run(PURCHASE_REMOVE, args![self.tenant, reference])
            .await?
            == 1)
    }

    /// Purchases of a person, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn purchases(
        &mut self,
        contact: ContactId,
        limit: usize,
    ) -> Result<Vec<PurchaseRow>> {
        let rows: Vec<RawPurchase> = self
            .tx
            .rows(
                PURCHASES_OF,
                args![self.tenant, contact, crate::db::limit(limit)],
            )
            .await?;
        rows.into_iter()
            .map(|(contact, reference, at, amount_milli, currency)| {
                Ok(PurchaseRow {
                    contact: json::id("contact_id", &contact)?,
                    reference,
                    at: Ts(at),
                    amount_milli,
                    currency,
                })
            })
            .collect()
    }

    /// Keeps what the shop says about a person's cart; `false` when something newer is known.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person, or the database.
    pub async fn put_cart(&mut self, cart: &CartRow) -> Result<bool> {
        let args = args![
            self.tenant,
            cart.contact,
            cart.reference.as_str(),
            cart.state.as_str(),
            cart.amount_milli,
            cart.currency.as_deref(),
            cart.data.as_str(),
            cart.updated_at
        ];
        if self.tx.run(CART_PUT, args).await? == 1 {
            self.mark_due(&[cart.contact], Ts::ZERO).await?;
            return Ok(true);
        }
        match self.cart(cart.contact).await? {
            Some(_) => Ok(false),
            None => Err(StoreError::NotFound { what: "contact" }),
        }
    }

    /// The newest cart of a person.
    ///
    /// # Errors
    /// The database.
    pub async fn cart(&mut self, contact: ContactId) -> Result<Option<CartRow>> {
        let row: Option<RawCart> = self.tx.row(CART_GET, args![self.tenant, contact]).await?;
        row.map(
            |(contact, reference, state, amount_milli, currency, data, updated_at)| {
                Ok(CartRow {
                    contact: json::id("contact_id", &contact)?,
                    reference,
                    state: CartState::read(&state)?,
                    amount_milli,
                    currency,
                    data,
                    updated_at: Ts(updated_at),
                })
            },
        )
        .transpose()
    }
}
