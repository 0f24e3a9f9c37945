//! What people do besides writing and tapping: marketing preference, blocks, another number (§5.3, §2.3).

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use serde_json::json;

use crate::arena::Id;
use crate::control::problem::Problem;
use crate::people::{Person, digits};
use crate::world::{Number, World};

impl World {
    /// "Offers and announcements": stop or resume.
    pub(crate) fn prefer(&mut self, number: Id<Number>, person: Id<Person>, stop: bool, now: Ts) {
        let portfolio = self.portfolio_of(number).to_owned();
        let stopped = &mut self.people[person].marketing_stopped;
        if stop {
            stopped.insert(portfolio, now);
        } else {
            stopped.remove(&portfolio);
        }
        let word = if stop { "stop" } else { "resume" };
        self.tell_preference(number, person, word, now);
    }

    /// The person blocks the number: no webhook, and quality suffers.
    pub(crate) fn block(&mut self, number: Id<Number>, person: Id<Person>, now: Ts) {
        let thread = self.thread(number, person);
        if !std::mem::replace(&mut thread.blocked, true) {
            self.complained(number, person, now);
        }
    }

    /// The person changes to this number, or to one that nobody has.
    pub(crate) fn take_number(
        &mut self,
        person: Id<Person>,
        wa_id: Option<&str>,
        now: Ts,
    ) -> Result<(), Problem> {
        let text = match wa_id {
            Some(text) => digits(text),
            None => self.free_number(person),
        };
        let key = AddressKey::parse(&text)
            .ok()
            .filter(|key| !key.is_bsuid())
            .ok_or_else(|| Problem::unprocessable("`wa_id` is no phone number"))?;
        self.change_to(person, Some((&text, key)), now)
    }

    /// The person has this number from now on, or shows none.
    pub(crate) fn change_to(
        &mut self,
        person: Id<Person>,
        to: Option<(&str, AddressKey)>,
        now: Ts,
    ) -> Result<(), Problem> {
        if let Some((_, key)) = &to
            && let Some(owner) = self.by_phone.get(key).copied()
            && !self.people[owner].stranger
        {
            return Err(Problem::conflict("somebody has this number already"));
        }
        let (wa_id, key) = to.map_or((None, None), |(text, key)| (Some(text), Some(key)));
        self.change_number(person, wa_id, key, now);
        Ok(())
    }

    /// Their number with its last digits counted on until nobody has it.
    fn free_number(&self, person: Id<Person>) -> String {
        let own = self.people[person]
            .is
            .wa_id
            .as_deref()
            .unwrap_or("525500000000");
        let stem = own.get(..own.len().saturating_sub(4)).unwrap_or(own);
        let last: u32 = own
            .get(stem.len()..)
            .and_then(|tail| tail.parse().ok())
            .unwrap_or(0);
        (1..10_000)
            .map(|step| format!("{stem}{:04}", (last + step) % 10_000))
            .find(|text| AddressKey::parse(text).is_ok_and(|key| !self.by_phone.contains_key(&key)))
            .unwrap_or_else(|| own.to_owned())
    }
}

impl World {
    /// Tells every number that has a chat with the person.
    fn change_number(
        &mut self,
        id: Id<Person>,
        wa_id: Option<&str>,
        key: Option<AddressKey>,
        now: Ts,
    ) {
        let before = self.people[id].user_ids.clone();
        let mut chats: Vec<(Id<Number>, String, bool)> = self
            .threads
            .keys()
            .filter(|(_, who)| *who == id)
            .map(|(number, _)| {
                let portfolio = self.portfolio_of(*number);
                let from = self.people[id].visible_wa_id(portfolio, now);
                (*number, from.unwrap_or("").to_owned(), from.is_some())
            })
            .collect();
        chats.sort_unstable();
        if let Some(old) = self.people[id].phone_key() {
            self.by_phone.remove(&old);
        }
        self.people[id].is.wa_id = wa_id.map(digits);
        if let Some(key) = key {
            self.by_phone.insert(key, id);
        }
        for (portfolio, old) in &before {
            let fresh = self.fresh_user_id(id, portfolio, 1);
            self.by_user_id.remove(&(portfolio.clone(), old.clone()));
            self.by_user_id
                .insert((portfolio.clone(), fresh.clone()), id);
            let person = &mut self.people[id];
            if person.is.user_id.as_ref() == Some(old) {
                person.is.user_id = Some(fresh.clone());
            }
            person.user_ids.insert(portfolio.clone(), fresh);
            person.phone_used_at.insert(portfolio.clone(), now);
        }
        for (number, from, by_phone) in chats {
            let portfolio = self.portfolio_of(number).to_owned();
            let person = &self.people[id];
            let name = &person.is.name;
            let mut system = json!({
                "user_id": person.user_id(&portfolio),
                "previous_user_id": before.get(&portfolio),
            });
            if let Some(fields) = system.as_object_mut() {
                match wa_id.filter(|_| by_phone) {
                    Some(new) => {
                        fields.insert("type".into(), "user_changed_number".into());
                        fields.insert("wa_id".into(), digits(new).into());
                        fields.insert("body".into(), format!("User {name} changed number").into());
                    }
                    None => {
                        fields.insert("type".into(), "user_changed_user_id".into());
                        fields.insert("body".into(), format!("User {name} changed user id").into());
                    }
                }
            }
            self.tell_system(number, id, &from, system, now);
        }
    }
}
