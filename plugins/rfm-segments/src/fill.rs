//! Words for a template, taken from what is known of a person.

use portero_sdk::{Personalisation, SegmentContact, TemplateSignature, tidy_param};

/// A value for every slot, or nothing at all.
pub(crate) fn values(
    contact: &SegmentContact,
    template: &TemplateSignature,
) -> Option<Personalisation> {
    let mut values = Vec::with_capacity(template.slots.len());
    for slot in &template.slots {
        let own = slot.slot.rsplit('.').next().unwrap_or_default();
        let text = attribute(contact, &slot.hint).or_else(|| attribute(contact, own))?;
        let text = tidy_param(text, 1_024);
        if text.is_empty() {
            return None;
        }
        values.push((slot.slot.clone(), text));
    }
    Some(Personalisation {
        handle: contact.handle.clone(),
        values,
    })
}

fn attribute<'c>(contact: &'c SegmentContact, key: &str) -> Option<&'c str> {
    if key.is_empty() {
        return None;
    }
    let key = match key {
        "nombre" | "nome" => "name",
        other => other,
    };
    contact
        .attributes
        .iter()
        .find(|(k, _)| k == key)
        .map(|(_, v)| v.as_str())
}
