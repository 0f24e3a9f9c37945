//! `contacts` (§1.2): a list of vCard-like objects.

use super::field::{Obj, invalid};
use crate::errors::GraphError;

/// Not documented; the largest that integrators saw accepted.
const MAX_CONTACTS: usize = 257;
const MAX_FIELD: usize = 1_000;

pub(super) fn check(body: &Obj<'_>) -> Result<(), GraphError> {
    body.list("contacts", 1, MAX_CONTACTS)?;
    for contact in body.objects("contacts")? {
        one(&contact)?;
    }
    Ok(())
}

fn one(contact: &Obj<'_>) -> Result<(), GraphError> {
    contact.only(&[
        "name",
        "phones",
        "emails",
        "urls",
        "addresses",
        "org",
        "birthday",
    ])?;
    let name = contact.object("name")?;
    let parts = ["first_name", "last_name", "middle_name", "prefix", "suffix"];
    let mut keys = vec!["formatted_name"];
    keys.extend(parts);
    name.only(&keys)?;
    name.text("formatted_name", MAX_FIELD)?;
    for part in parts {
        name.maybe_text(part, MAX_FIELD)?;
    }
    texts(contact, "phones", &["phone", "type", "wa_id"])?;
    texts(contact, "emails", &["email", "type"])?;
    texts(contact, "urls", &["url", "type"])?;
    texts(
        contact,
        "addresses",
        &[
            "street",
            "city",
            "state",
            "zip",
            "country",
            "country_code",
            "type",
        ],
    )?;
    if let Some(org) = contact.maybe_object("org")? {
        only_texts(&org, &["company", "department", "title"])?;
    }
    if let Some(birthday) = contact.maybe_text("birthday", 10)?
        && !is_day(birthday)
    {
        return Err(invalid(&contact.path("birthday"), "must be YYYY-MM-DD"));
    }
    Ok(())
}

fn texts(contact: &Obj<'_>, list: &str, keys: &[&str]) -> Result<(), GraphError> {
    contact
        .objects(list)?
        .iter()
        .try_for_each(|element| only_texts(element, keys))
}

fn only_texts(object: &Obj<'_>, keys: &[&str]) -> Result<(), GraphError> {
    object.only(keys)?;
    for key in keys {
        object.maybe_text(key, MAX_FIELD)?;
    }
    Ok(())
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
