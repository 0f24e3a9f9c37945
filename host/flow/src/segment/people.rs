//! A person as one plugin may see them: what it was granted, under the handle it knows them by.

use portero_domain::clock::Ts;
use portero_domain::plugin::SegmentContact;
use portero_store::model::{InstallationRow, SegmentPerson, SegmentWants};

use crate::consult::handle;
use crate::grants::Effective;

/// Fields of `contacts.read` that stand for more than an attribute.
const FIELDS: [&str; 6] = [
    "name",
    "tags",
    "interactions",
    "purchases",
    "cart",
    "consent",
];

/// What has to be read for a plugin.
#[must_use]
pub fn wants(effective: &Effective) -> SegmentWants {
    SegmentWants {
        attributes: effective
            .contact_fields()
            .iter()
            .any(|f| !FIELDS.contains(&f.as_str())),
        tags: effective.reads("tags"),
        interactions: effective.reads("interactions"),
        purchases: effective.reads("purchases"),
        cart: effective.reads("cart"),
        consent: effective.reads("consent"),
    }
}

/// The person as the plugin may see them at `now`.
#[must_use]
pub fn contact(
    row: &InstallationRow,
    effective: &Effective,
    person: &SegmentPerson,
    now: Ts,
) -> SegmentContact {
    // What lies ahead of a clock that jumped back is as good as now.
    let ago = |at: Ts| now.0.saturating_sub(at.0).max(0);
    let mut attributes: Vec<(String, String)> = person
        .attributes
        .iter()
        .filter(|(key, _)| effective.reads(key))
        .cloned()
        .collect();
    let mut last: Vec<(String, i64)> = person
        .last
        .iter()
        .map(|(kind, at)| ((*kind).to_owned(), ago(*at)))
        .collect();
    if let Some(name) = person.name.as_ref().filter(|_| effective.reads("name")) {
        attributes.push(("name".to_owned(), name.clone()));
    }
    if let Some(cart) = person.cart.as_ref().filter(|_| effective.reads("cart")) {
        last.push(("cart".to_owned(), ago(cart.updated_at)));
        attributes.push(("cart.reference".to_owned(), cart.reference.clone()));
        attributes.extend(
            cart.amount_milli
                .map(|n| ("cart.amount_milli".to_owned(), n.to_string())),
        );
        attributes.extend(
            cart.currency
                .clone()
                .map(|c| ("cart.currency".to_owned(), c)),
        );
    }
    if let Some((at, _, _)) = person.purchases.first() {
        last.push(("purchase".to_owned(), ago(*at)));
    }
    attributes.sort();
    SegmentContact {
        handle: handle(&row.handle_key, person.contact),
        attributes,
        tags: person.tags.clone(),
        last,
        purchases: person
            .purchases
            .iter()
            .map(|(at, amount, currency)| (ago(*at), *amount, currency.clone()))
            .collect(),
        topics_granted: person.topics.clone(),
    }
}
