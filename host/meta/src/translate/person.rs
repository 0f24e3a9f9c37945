//! Who a message, status or preference is about: its own ids, completed by `contacts[]`.
//!
//! Phone and user id may each be missing or empty (`whatsapp-platform` 1.12). Completing from the
//! wrong contact would merge two people and their consents, so a contact is used only when an id
//! agrees, or when it is the only one beside the only item and no id disagrees.

use portero_domain::address::AddressKey;
use portero_domain::update::PersonRef;

use crate::wire::json::Obj;

/// The contacts of one value.
pub(super) struct People {
    contacts: Vec<PersonRef>,
    /// Items they were sent along with.
    items: usize,
}

impl People {
    /// Reads `value.contacts[]`, which came along with `items` messages, statuses or preferences.
    pub(super) fn read(value: &Obj<'_>, items: usize) -> People {
        let contacts = value
            .objs("contacts")
            .into_iter()
            .map(|contact| {
                let profile = contact.obj("profile").unwrap_or_default();
                PersonRef {
                    wa_id: contact.filled("wa_id"),
                    user_id: contact.filled("user_id"),
                    parent_user_id: contact.filled("parent_user_id"),
                    name: profile.filled("name"),
                    username: profile.filled("username"),
                    country: profile.filled("country_code"),
                }
            })
            .collect();
        People { contacts, items }
    }

    /// Completes the ids an item gives for its person.
    pub(super) fn complete(&self, mut person: PersonRef) -> PersonRef {
        let Some(contact) = self.find(&person) else {
            return person;
        };
        let fill = |own: &mut Option<String>, other: &Option<String>| {
            if own.is_none() {
                own.clone_from(other);
            }
        };
        fill(&mut person.wa_id, &contact.wa_id);
        fill(&mut person.user_id, &contact.user_id);
        fill(&mut person.parent_user_id, &contact.parent_user_id);
        fill(&mut person.name, &contact.name);
        fill(&mut person.username, &contact.username);
        fill(&mut person.country, &contact.country);
        person
    }

    fn find(&self, person: &PersonRef) -> Option<&PersonRef> {
        let user = |c: &PersonRef| agree(&person.user_id, &c.user_id, |a, b| a == b);
        let phone = |c: &PersonRef| agree(&person.wa_id, &c.wa_id, same_number);
        self.contacts
            .iter()
            .find(|c| user(c) == Some(true))
            .or_else(|| {
                self.contacts
                    .iter()
                    .find(|c| phone(c) == Some(true) && user(c).is_none())
            })
            .or_else(|| match self.contacts.as_slice() {
                [only] if self.items == 1 && user(only).is_none() && phone(only).is_none() => {
                    Some(only)
                }
                _ => None,
            })
    }
}

/// `None` when either side does not say.
fn agree(
    a: &Option<String>,
    b: &Option<String>,
    same: impl Fn(&str, &str) -> bool,
) -> Option<bool> {
    Some(same(a.as_deref()?, b.as_deref()?))
}

/// National spellings (`521…` and `52…`) are one number.
fn same_number(a: &str, b: &str) -> bool {
    a == b || matches!((AddressKey::parse(a), AddressKey::parse(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(json: &str, items: usize) -> People {
        People::read(&Obj::parse(json).unwrap(), items)
    }

    fn person(wa_id: &str, user_id: &str) -> PersonRef {
        let some = |t: &str| (!t.is_empty()).then(|| t.to_owned());
        PersonRef {
            wa_id: some(wa_id),
            user_id: some(user_id),
            ..PersonRef::default()
        }
    }

    const TWO: &str = r#"{"contacts":[
        {"profile":{"name":"Ana"},"wa_id":"5215512340001","user_id":"MX.1"},
        {"profile":{"name":"Bea","country_code":"MX"},"wa_id":"","user_id":"MX.2"}]}"#;

    #[test]
    fn a_contact_is_found_by_user_id_or_by_number_in_any_spelling() {
        let two = people(TWO, 2);
        assert_eq!(
            two.complete(person("", "MX.2")).name.as_deref(),
            Some("Bea")
        );
        let ana = two.complete(person("525512340001", ""));
        assert_eq!(
            (ana.name.as_deref(), ana.user_id.as_deref()),
            (Some("Ana"), Some("MX.1"))
        );
        assert_eq!(ana.wa_id.as_deref(), Some("525512340001"));
    }

    #[test]
    fn people_are_never_merged_on_a_guess() {
        let two = people(TWO, 2);
        assert_eq!(two.complete(person("", "")), PersonRef::default());
        assert_eq!(two.complete(person("573001112233", "")).name, None);
        // The number agrees and the user id does not: a recycled number is another person.
        assert_eq!(two.complete(person("5215512340001", "MX.9")).name, None);
        let one = r#"{"contacts":[{"profile":{"name":"Ana"},"wa_id":"5215512340001"}]}"#;
        assert_eq!(people(one, 2).complete(person("", "MX.1")).wa_id, None);
    }

    #[test]
    fn the_only_contact_beside_the_only_item_is_its_person() {
        let one = r#"{"contacts":[{"profile":{"name":"Ana"},"wa_id":"5215512340001"}]}"#;
        assert_eq!(
            people(one, 1).complete(person("", "MX.1")).wa_id.as_deref(),
            Some("5215512340001")
        );
        assert_eq!(
            people(one, 1).complete(person("573001112233", "")).name,
            None
        );
    }
}
