//! One person against the thresholds.

use portero_sdk::{Batch, Membership, SegmentContact};

use crate::config::Config;
use crate::words::{self, Deed, Language};

/// What a batch is looked at with.
pub(crate) struct Look<'c> {
    config: &'c Config,
    now: u64,
    language: Language,
    best_days: u64,
}

/// Ages of what matters, in milliseconds; youngest of each kind.
#[derive(Default)]
struct Ages {
    inbound: Option<u64>,
    clicked: Option<u64>,
    purchase: Option<u64>,
    created: Option<u64>,
    cart: Option<u64>,
}

fn younger(slot: &mut Option<u64>, age: u64) {
    if slot.is_none_or(|known| age < known) {
        *slot = Some(age);
    }
}

impl Ages {
    fn of(contact: &SegmentContact) -> Ages {
        let mut ages = Ages::default();
        for last in &contact.last {
            let slot = match last.kind.as_str() {
                "inbound" => &mut ages.inbound,
                "clicked" => &mut ages.clicked,
                "purchase" => &mut ages.purchase,
                "created" => &mut ages.created,
                "cart" => &mut ages.cart,
                _ => continue,
            };
            younger(slot, last.ago);
        }
        for purchase in &contact.purchases {
            younger(&mut ages.purchase, purchase.ago);
        }
        ages
    }

    /// The last sign of life.
    fn last(&self) -> Option<(Deed, u64)> {
        [
            (Deed::Wrote, self.inbound),
            (Deed::Bought, self.purchase),
            (Deed::Clicked, self.clicked),
        ]
        .into_iter()
        .filter_map(|(deed, age)| Some((deed, age?)))
        .min_by_key(|(_, age)| *age)
    }
}

impl<'c> Look<'c> {
    pub(crate) fn new(config: &'c Config, batch: &Batch) -> Look<'c> {
        Look {
            config,
            now: batch.meta.now,
            language: Language::of(&batch.meta.language),
            best_days: config.best_within / 86_400_000,
        }
    }

    pub(crate) fn at(&self, contact: &SegmentContact, out: &mut Vec<Membership>) {
        let ages = Ages::of(contact);
        let mut put = |segment: &str, reason: String| {
            out.push(Membership {
                handle: contact.handle.clone(),
                segment: segment.to_owned(),
                reason,
            });
        };
        let when = |age: u64| self.now.saturating_sub(age);
        if let Some((deed, age)) = ages.last() {
            if age <= self.config.active {
                put(words::ACTIVE, words::active(self.language, deed, when(age)));
            } else if age >= self.config.dormant {
                put(words::DORMANT, words::dormant(self.language, when(age)));
            }
        }
        if let Some(age) = ages.cart
            && age >= self.config.cart_after
            && age <= self.config.cart_until
        {
            put(
                words::CART,
                words::cart(self.language, when(age), worth(contact)),
            );
        }
        if let Some((count, amount, currency)) = self.best(contact) {
            put(
                words::BEST,
                words::best(self.language, count, amount, currency, self.best_days),
            );
        }
        if let Some(age) = ages.created
            && age <= self.config.new
        {
            put(words::NEW, words::new(self.language, when(age)));
        }
    }

    /// Purchases that count, their sum and currency: that of the largest sum.
    fn best<'p>(&self, contact: &'p SegmentContact) -> Option<(u64, i64, &'p str)> {
        let mut sums: Vec<(&str, u64, i64)> = Vec::new();
        for p in &contact.purchases {
            if p.ago > self.config.best_within {
                continue;
            }
            match sums.iter_mut().find(|(c, _, _)| *c == p.currency) {
                Some((_, count, sum)) => {
                    *count += 1;
                    *sum = sum.saturating_add(p.amount_milli);
                }
                None => sums.push((&p.currency, 1, p.amount_milli)),
            }
        }
        let (currency, count, sum) = sums.into_iter().max_by_key(|(_, _, sum)| *sum)?;
        (count >= self.config.best_purchases && sum / 1_000 >= self.config.best_total)
            .then_some((count, sum, currency))
    }
}

/// What the open cart is worth, when the shop said so.
fn worth(contact: &SegmentContact) -> Option<(i64, &str)> {
    let of = |key: &str| {
        contact
            .attributes
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    };
    Some((of("cart.amount_milli")?.parse().ok()?, of("cart.currency")?))
}
