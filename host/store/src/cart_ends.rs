//! What a message says of a cart, and what ends a cart: an order, or that it was emptied.
//!
//! A message speaks of a cart when news of it led to the message, at once or by a timer: the host
//! knows that by itself, whatever a plugin names its timers. An order contradicts what was said
//! before of the cart it names, and, when it names none (or the news named none), all that is older.
//! Emptying contradicts only what is not younger than it: a cart may be filled again.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, OutboxId};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::tx::TenantTx;

/// The rule of a message that was taken back because its cart was ordered.
pub const CART_ORDERED: &str = "cart.ordered";

/// The rule of a message that was taken back because its cart was emptied.
pub const CART_EMPTIED: &str = "cart.emptied";

/// Which cart something is about, and as of when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutCart {
    /// The shop's own reference; empty when it gave none.
    pub cart: String,
    /// When the news was true.
    pub at: Ts,
}

/// The columns of something that may speak of a cart.
pub(crate) fn columns(about: Option<&AboutCart>) -> (Option<&str>, Option<Ts>) {
    (about.map(|a| a.cart.as_str()), about.map(|a| a.at))
}

pub(crate) fn read(cart: Option<String>, at: Option<i64>) -> Option<AboutCart> {
    Some(AboutCart {
        cart: cart?,
        at: Ts(at?),
    })
}

macro_rules! take_back {
    ($which:literal, $rule:literal, $ends:literal, $contradicts:literal) => {
        concat!(
            "update outbox set state = 'cancelled', rule = '",
            $rule,
            "', settled_at = $3
            where tenant_id = $1 and ",
            $which,
            " = $2 and state in ('queued', 'deferred', 'in_review') and about_cart is not null
              and exists (select 1 from ",
            $ends,
            " d where d.tenant_id = outbox.tenant_id and d.contact_id = outbox.contact_id and (",
            $contradicts,
            "))"
        )
    };
}

macro_rules! ordered {
    ($which:literal) => {
        take_back!(
            $which,
            "cart.ordered",
            "cart_orders",
            "(d.cart <> '' and d.cart = outbox.about_cart and outbox.about_at <= d.told_at)
            or ((d.cart = '' or outbox.about_cart = '') and outbox.about_at <= d.ordered_at)"
        )
    };
}

macro_rules! emptied {
    ($which:literal) => {
        take_back!(
            $which,
            "cart.emptied",
            "carts_emptied",
            "(d.cart = '' or outbox.about_cart = '' or d.cart = outbox.about_cart)
            and outbox.about_at <= d.emptied_at"
        )
    };
}

statements! {
    /// An order told again, or a later one, never makes an earlier one forgotten.
    CART_ORDER_PUT = "insert into cart_orders (tenant_id, contact_id, cart, ordered_at, told_at)
        select tenant_id, contact_id, cast($3 as text), cast($4 as bigint), cast($5 as bigint)
        from contacts where tenant_id = $1 and contact_id = $2
        on conflict (tenant_id, contact_id, cart) do update
        set ordered_at = case when cart_orders.ordered_at > excluded.ordered_at
                then cart_orders.ordered_at else excluded.ordered_at end,
            told_at = case when cart_orders.told_at > excluded.told_at
                then cart_orders.told_at else excluded.told_at end";
    CART_EMPTIED_PUT = "insert into carts_emptied (tenant_id, contact_id, cart, emptied_at)
        select tenant_id, contact_id, cast($3 as text), cast($4 as bigint)
        from contacts where tenant_id = $1 and contact_id = $2
        on conflict (tenant_id, contact_id, cart) do update set emptied_at = excluded.emptied_at
        where excluded.emptied_at > carts_emptied.emptied_at";
    CART_ORDERED_ALL = ordered!("contact_id");
    CART_ORDERED_ONE = ordered!("outbox_id");
    CART_EMPTIED_ALL = emptied!("contact_id");
    CART_EMPTIED_ONE = emptied!("outbox_id");
    CART_SPEAKS = "update outbox set about_cart = $3, about_at = $4 where tenant_id = $1 and outbox_id = $2";
    CART_SPOKEN_OF = "select about_cart, about_at from outbox where tenant_id = $1 and outbox_id = $2";
}

impl TenantTx<'_> {
    /// Keeps that somebody ordered `cart` (empty: the shop did not say which) and takes back what
    /// waits to be said of it; says how many messages. `ordered_at`: when, `now`: when it was told.
    ///
    /// # Errors
    /// The database.
    pub async fn cart_ordered(
        &mut self,
        contact: ContactId,
        cart: &str,
        ordered_at: Ts,
        now: Ts,
    ) -> Result<u64> {
        // Whoever proposes about this cart at this moment waits, or has written it down before.
        self.hold_person(contact).await?;
        let args = args![self.tenant, contact, cart, ordered_at, now];
        self.tx.run(CART_ORDER_PUT, args).await?;
        self.tx
            .run(CART_ORDERED_ALL, args![self.tenant, contact, now])
            .await
    }

    /// Keeps that somebody emptied `cart` (empty: the shop did not say which) at `emptied_at` and
    /// takes back what waits to be said of it as it was until then; says how many messages.
    ///
    /// # Errors
    /// The database.
    pub async fn cart_emptied(
        &mut self,
        contact: ContactId,
        cart: &str,
        emptied_at: Ts,
        now: Ts,
    ) -> Result<u64> {
        self.hold_person(contact).await?;
        let args = args![self.tenant, contact, cart, emptied_at];
        self.tx.run(CART_EMPTIED_PUT, args).await?;
        self.tx
            .run(CART_EMPTIED_ALL, args![self.tenant, contact, now])
            .await
    }

    /// Writes down which cart a message speaks of. One that was ordered or emptied meanwhile takes
    /// it back at once: `true`.
    ///
    /// # Errors
    /// The database.
    pub async fn speaks_of_cart(
        &mut self,
        contact: ContactId,
        id: OutboxId,
        about: &AboutCart,
        now: Ts,
    ) -> Result<bool> {
        self.hold_person(contact).await?;
        let args = args![self.tenant, id, about.cart.as_str(), about.at];
        self.tx.run(CART_SPEAKS, args).await?;
        self.take_back_ended(id, now).await
    }

    /// Takes a message back whose cart was ordered or emptied meanwhile.
    pub(crate) async fn take_back_ended(&mut self, id: OutboxId, now: Ts) -> Result<bool> {
        let args = || args![self.tenant, id, now];
        Ok(self.tx.run(CART_ORDERED_ONE, args()).await? == 1
            || self.tx.run(CART_EMPTIED_ONE, args()).await? == 1)
    }

    /// Which cart a message speaks of.
    ///
    /// # Errors
    /// The database.
    pub async fn spoken_of(&mut self, id: OutboxId) -> Result<Option<AboutCart>> {
        let row: Option<(Option<String>, Option<i64>)> =
            self.tx.row(CART_SPOKEN_OF, args![self.tenant, id]).await?;
        Ok(row.and_then(|(cart, at)| read(cart, at)))
    }
}
