//! What carts and orders mean: an order is a purchase and ends the cart, whichever is told first.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, TenantId};
use portero_store::Tx;
use portero_store::model::{AboutCart, CartRow, CartState, PurchaseRow};
use serde_json::Value;

use crate::error::FlowError;

/// Longest reference of an order or a cart, in bytes.
const REFERENCE_MAX_BYTES: usize = 128;

/// Money as the shop told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Money {
    milli: i64,
    currency: String,
}

/// What an event means for carts and purchases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Nothing.
    None,
    /// A cart was filled, changed or emptied.
    Cart {
        reference: Option<String>,
        open: bool,
        worth: Option<Money>,
    },
    /// An order was placed or paid.
    Order {
        reference: Option<String>,
        cart: Option<String>,
        worth: Option<Money>,
    },
    /// An order is none after all.
    Undone { reference: Option<String> },
}

/// Reads an event; wrong types are refused before anything is stored.
///
/// # Errors
/// Bad input: which member, what it is and what it should be.
pub(crate) fn read(name: &str, data: &Value) -> Result<Deed, FlowError> {
    let trade = name.starts_with("cart.") || name.starts_with("order.");
    if !trade {
        return Ok(Deed::None);
    }
    if !data.is_object() && !data.is_null() {
        return Err(FlowError::bad(
            "data",
            "must be an object for cart.* and order.*",
        ));
    }
    let order = reference(data, "order")?;
    let cart = reference(data, "cart")?;
    let worth = money(data)?;
    Ok(match name {
        "cart.updated" | "cart.created" | "cart.abandoned" => {
            match data.get("items") {
                None | Some(Value::Null | Value::Array(_)) => {}
                Some(Value::Number(count)) if count.is_u64() => {}
                Some(other) => {
                    return Err(FlowError::bad(
                        "data.items",
                        format!("must be a list or how many, not {}", kind(other)),
                    ));
                }
            }
            Deed::Cart {
                reference: cart,
                open: !emptying(name, data),
                worth,
            }
        }
        "cart.emptied" => Deed::Cart {
            reference: cart,
            open: false,
            worth: None,
        },
        "order.placed" | "order.paid" => Deed::Order {
            reference: order,
            cart,
            worth,
        },
        "order.cancelled" | "order.refunded" => Deed::Undone { reference: order },
        _ => Deed::None,
    })
}

/// What an event is the end of: the cart it names, or (empty) whichever is older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A cart became an order.
    Ordered(String),
    /// A cart was emptied.
    Emptied(String),
}

/// The cart that an event is news of: what plugins propose because of it speaks of that cart. That
/// it was emptied is the end of one: what is said of that speaks of no cart.
pub(crate) fn news(name: &str, data: &Value, at: Ts) -> Option<AboutCart> {
    (name.starts_with("cart.") && !emptying(name, data)).then(|| AboutCart {
        cart: cart_of(data).unwrap_or_default(),
        at,
    })
}

/// The cart that an event ends. Later news of an order, such as a parcel's, says nothing of carts
/// it does not name.
pub(crate) fn ended(name: &str, data: &Value) -> Option<End> {
    let named = cart_of(data);
    match name {
        "order.placed" | "order.paid" => Some(End::Ordered(named.unwrap_or_default())),
        _ if name.starts_with("order.") => named.map(End::Ordered),
        _ if emptying(name, data) => Some(End::Emptied(named.unwrap_or_default())),
        _ => None,
    }
}

/// Whether an event says that a cart is empty.
fn emptying(name: &str, data: &Value) -> bool {
    match (name, data.get("items")) {
        ("cart.emptied", _) => true,
        ("cart.updated" | "cart.created" | "cart.abandoned", Some(Value::Array(items))) => {
            items.is_empty()
        }
        // How many there are will do: a shop need not tell which.
        ("cart.updated" | "cart.created" | "cart.abandoned", Some(Value::Number(count))) => {
            count.as_u64() == Some(0)
        }
        _ => false,
    }
}

/// `cart`, or `cart_id` as many shops call it.
fn cart_of(data: &Value) -> Option<String> {
    let id = match ["cart", "cart_id"].iter().find_map(|k| data.get(*k))? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!id.is_empty() && id.len() <= REFERENCE_MAX_BYTES).then_some(id)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn reference(data: &Value, key: &str) -> Result<Option<String>, FlowError> {
    match data.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= REFERENCE_MAX_BYTES => {
            Ok(Some(text.clone()))
        }
        Some(Value::String(_)) => Err(FlowError::bad(
            format!("data.{key}"),
            format!("1 to {REFERENCE_MAX_BYTES} bytes"),
        )),
        Some(other) => Err(FlowError::bad(
            format!("data.{key}"),
            format!("must be a text, your own reference, not {}", kind(other)),
        )),
    }
}

fn money(data: &Value) -> Result<Option<Money>, FlowError> {
    let total = match data.get("total") {
        None | Some(Value::Null) => return Ok(None),
        Some(total) => total,
    };
    let text = match total {
        Value::Number(n) => n.to_string(),
        Value::String(s) => s.clone(),
        other => {
            return Err(FlowError::bad(
                "data.total",
                format!("must be a number or a decimal text, not {}", kind(other)),
            ));
        }
    };
    let milli = milli(&text).ok_or_else(|| {
        FlowError::bad(
            "data.total",
            "must be an amount such as 129900 or \"129900.50\", with at most three decimals",
        )
    })?;
    let currency = data
        .get("currency")
        .and_then(Value::as_str)
        .filter(|c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_alphabetic()))
        .map(str::to_ascii_uppercase)
        .ok_or_else(|| {
            FlowError::bad(
                "data.currency",
                "a total needs its currency, three letters: COP, MXN, BRL",
            )
        })?;
    Ok(Some(Money { milli, currency }))
}

/// Thousandths of a decimal text; no sign, no exponent, no separators.
pub(crate) fn milli(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 3 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    whole.checked_mul(1_000)?.checked_add(part)
}

/// Writes what an event means, in the event's own transaction.
///
/// # Errors
/// The database.
pub(crate) async fn apply(
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
    deed: Deed,
    data: &str,
    at: Ts,
) -> Result<(), FlowError> {
    let mut of = tx.tenant(tenant);
    match deed {
        Deed::None => {}
        Deed::Undone { reference } => {
            if let Some(reference) = reference {
                of.remove_purchase(&reference).await?;
                of.mark_due(&[contact], Ts::ZERO).await?;
            }
        }
        Deed::Cart {
            reference,
            open,
            worth,
        } => {
            of.put_cart(&CartRow {
                contact,
                reference: reference.unwrap_or_default(),
                state: if open {
                    CartState::Open
                } else {
                    CartState::Emptied
                },
                amount_milli: worth.as_ref().map(|w| w.milli),
                currency: worth.map(|w| w.currency),
                data: data.to_owned(),
                updated_at: at,
            })
            .await?;
        }
        Deed::Order {
            reference,
            cart,
            worth,
        } => {
            let known = of.cart(contact).await?;
            // The cart that was ordered is over, however late the shop speaks of it; any other cart
            // is over when it is older than the order.
            let named = known
                .as_ref()
                .filter(|k| cart.as_ref().is_some_and(|c| *c == k.reference));
            let updated_at = named.map_or(at, |k| k.updated_at.max(at));
            of.put_cart(&CartRow {
                contact,
                reference: cart
                    .or_else(|| known.map(|k| k.reference))
                    .unwrap_or_default(),
                state: CartState::Ordered,
                amount_milli: None,
                currency: None,
                data: data.to_owned(),
                updated_at,
            })
            .await?;
            if let (Some(reference), Some(worth)) = (reference, worth) {
                of.put_purchases(&[PurchaseRow {
                    contact,
                    reference,
                    at,
                    amount_milli: worth.milli,
                    currency: worth.currency,
                }])
                .await?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_read_without_rounding() {
        for (text, expected) in [
            ("0", Some(0)),
            ("129900", Some(129_900_000)),
            ("129900.5", Some(129_900_500)),
            ("0.125", Some(125)),
            ("1.2345", None),
            ("-1", None),
            ("1e3", None),
            ("1,5", None),
            ("", None),
            (".5", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(milli(text), expected, "{text}");
        }
    }

    #[test]
    fn wrong_types_are_told_apart() {
        let field = |name: &str, data: Value| match read(name, &data) {
            Err(FlowError::BadInput { field, .. }) => field,
            other => format!("{other:?}"),
        };
        assert_eq!(field("order.placed", json!({"order": 7})), "data.order");
        assert_eq!(field("order.placed", json!({"order": ""})), "data.order");
        assert_eq!(
            field("cart.updated", json!({"total": true, "currency": "COP"})),
            "data.total"
        );
        assert_eq!(field("cart.updated", json!({"total": 5})), "data.currency");
        assert_eq!(
            field("cart.updated", json!({"items": "many"})),
            "data.items"
        );
        assert_eq!(field("cart.updated", json!([])), "data");
    }

    #[test]
    fn an_order_ends_the_cart_it_names_or_all_that_are_older() {
        let ordered = |cart: &str| Some(End::Ordered(cart.to_owned()));
        assert_eq!(
            ended("order.placed", &json!({"cart": "C-1"})),
            ordered("C-1")
        );
        assert_eq!(ended("order.shipped", &json!({"cart_id": 7})), ordered("7"));
        assert_eq!(ended("order.paid", &json!({"order": "O"})), ordered(""));
        assert_eq!(ended("order.shipped", &json!({"order": "O"})), None);
        assert_eq!(ended("cart.updated", &json!({"cart": "C-1"})), None);
        let about = |data: Value| news("cart.updated", &data, Ts(5)).unwrap().cart;
        assert_eq!(about(json!({"cart": "C-1", "cart_id": 2})), "C-1");
        assert_eq!(about(json!({"cart": ""})), "");
        assert_eq!(news("order.placed", &json!({"cart": "C-1"}), Ts(5)), None);
    }

    #[test]
    fn emptying_ends_a_cart_and_is_no_news_of_it() {
        let emptied = |cart: &str| Some(End::Emptied(cart.to_owned()));
        for (name, data, end) in [
            ("cart.emptied", json!({"cart": "C-1"}), emptied("C-1")),
            ("cart.emptied", json!(null), emptied("")),
            (
                "cart.updated",
                json!({"cart": "C-1", "items": []}),
                emptied("C-1"),
            ),
            (
                "cart.updated",
                json!({"cart_id": 7, "items": 0}),
                emptied("7"),
            ),
            ("cart.updated", json!({"cart": "C-1", "items": 1}), None),
            ("cart.abandoned", json!({"cart": "C-1"}), None),
            ("cart.viewed", json!({"cart": "C-1", "items": []}), None),
        ] {
            assert_eq!(news(name, &data, Ts(5)).is_none(), end.is_some(), "{name}");
            assert_eq!(ended(name, &data), end, "{name} {data}");
        }
    }

    #[test]
    fn an_empty_cart_is_no_open_cart_and_other_events_mean_nothing() {
        assert_eq!(
            read("cart.updated", &json!({"items": []})).unwrap(),
            Deed::Cart {
                reference: None,
                open: false,
                worth: None
            }
        );
        assert_eq!(
            read("order.shipped", &json!({"order": "P-1"})).unwrap(),
            Deed::None
        );
        assert_eq!(read("loyalty.points", &json!([1])).unwrap(), Deed::None);
    }
}
