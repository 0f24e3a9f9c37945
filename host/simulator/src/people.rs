//! People: their identities and habits (§1.12, §11.1).

use std::collections::BTreeMap;

use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::appetite::Appetite;
use crate::arena::Id;
use crate::config::{ConfigError, PersonConfig, address};
use crate::ids::derived_user_id;
use crate::world::World;

/// How long an exchange by phone keeps the phone visible (§1.12).
const PHONE_KNOWN: Millis = Millis::days(30);

#[derive(Serialize, Deserialize)]
pub(crate) struct Person {
    /// As configured and changed since; `wa_id` is digits.
    pub(crate) is: PersonConfig,
    /// User id towards each portfolio that met them.
    pub(crate) user_ids: BTreeMap<String, String>,
    /// Last exchange by phone with each portfolio.
    pub(crate) phone_used_at: BTreeMap<String, Ts>,
    /// Portfolios they told to stop marketing (§5.3: the whole business).
    pub(crate) marketing_stopped: BTreeMap<String, Ts>,
    /// Marketing they had and were refused.
    pub(crate) appetite: Appetite,
    /// Made because somebody wrote to an unknown number.
    pub(crate) stranger: bool,
}

impl World {
    /// Adds a person and gives them a user id towards every portfolio.
    pub(crate) fn add_person(
        &mut self,
        mut config: PersonConfig,
        now: Ts,
    ) -> Result<Id<Person>, ConfigError> {
        if let Some(wa_id) = &config.wa_id {
            let key = address(wa_id, "wa_id", &config.name)?;
            if key.is_bsuid() {
                return Err(ConfigError::Address {
                    what: "wa_id",
                    owner: config.name,
                });
            }
            if self.by_phone.contains_key(&key) {
                return Err(ConfigError::Twice {
                    what: "wa_id",
                    id: wa_id.clone(),
                });
            }
            config.wa_id = Some(digits(wa_id));
        }
        if let Some(user_id) = &config.user_id {
            let key = address(user_id, "user_id", &config.name)?;
            if !key.is_bsuid() {
                return Err(ConfigError::Address {
                    what: "user_id",
                    owner: config.name,
                });
            }
            if self.portfolios().into_iter().any(|portfolio| {
                self.by_user_id
                    .contains_key(&(portfolio, key.as_str().to_owned()))
            }) {
                return Err(ConfigError::Twice {
                    what: "user_id",
                    id: user_id.clone(),
                });
            }
        }
        let id = self.people.push(Person {
            is: config,
            user_ids: BTreeMap::new(),
            phone_used_at: BTreeMap::new(),
            marketing_stopped: BTreeMap::new(),
            appetite: Appetite::default(),
            stranger: false,
        });
        for (at, portfolio) in self.portfolios().into_iter().enumerate() {
            let given = self.people[id].is.user_id.clone().filter(|_| at == 0);
            let user_id = given.unwrap_or_else(|| self.fresh_user_id(id, &portfolio, 0));
            self.by_user_id
                .insert((portfolio.clone(), user_id.clone()), id);
            let person = &mut self.people[id];
            if at == 0 {
                person.is.user_id = Some(user_id.clone());
            }
            person.user_ids.insert(portfolio.clone(), user_id);
            person.phone_used_at.insert(portfolio, now);
        }
        if let Some(key) = self.people[id].phone_key() {
            self.by_phone.insert(key, id);
        }
        Ok(id)
    }

    /// The person behind a phone number; a number nobody has becomes a stranger without WhatsApp.
    pub(crate) fn person_or_stranger(&mut self, key: &AddressKey) -> Id<Person> {
        if let Some(id) = self.by_phone.get(key) {
            return *id;
        }
        let phone = digits(key.as_str());
        let id = self.people.push(Person {
            is: PersonConfig {
                name: String::new(),
                wa_id: Some(phone),
                user_id: None,
                username: None,
                online: false,
                receipts: false,
                chat_open: false,
                on_whatsapp: false,
                holdout: false,
                on_web: false,
                auto: Vec::new(),
            },
            user_ids: BTreeMap::new(),
            phone_used_at: BTreeMap::new(),
            marketing_stopped: BTreeMap::new(),
            appetite: Appetite::default(),
            stranger: true,
        });
        self.by_phone.insert(key.clone(), id);
        id
    }

    /// Finds a person by phone in any spelling, by any of their user ids, or by username.
    pub(crate) fn find_person(&self, text: &str) -> Option<Id<Person>> {
        if let Ok(key) = AddressKey::parse(text) {
            if let Some(id) = self.by_phone.get(&key) {
                return Some(*id);
            }
            if let Some((_, id)) = self
                .by_user_id
                .iter()
                .find(|((_, user_id), _)| user_id == key.as_str())
            {
                return Some(*id);
            }
        }
        let name = text.strip_prefix('@').unwrap_or(text);
        self.people
            .iter()
            .find(|(_, person)| {
                person
                    .is
                    .username
                    .as_deref()
                    .is_some_and(|has| has.trim_start_matches('@') == name)
            })
            .map(|(id, _)| id)
    }

    /// A user id that nobody has yet; `turn` distinguishes those before and after a number change.
    pub(crate) fn fresh_user_id(&self, person: Id<Person>, portfolio: &str, turn: u32) -> String {
        let is = &self.people[person].is;
        let base = is.wa_id.as_deref().or(is.user_id.as_deref()).unwrap_or("");
        let country = AddressKey::parse(base)
            .ok()
            .and_then(|key| key.country().map(str::to_owned))
            .unwrap_or_else(|| "US".to_owned());
        let mut turn = turn;
        loop {
            let who = format!("{base}/{}/{turn}", is.name);
            let user_id = derived_user_id(self.config.seed, portfolio, &country, &who);
            if !self
                .by_user_id
                .contains_key(&(portfolio.to_owned(), user_id.clone()))
            {
                return user_id;
            }
            turn = turn.saturating_add(1);
        }
    }
}

impl Person {
    pub(crate) fn phone_key(&self) -> Option<AddressKey> {
        self.is
            .wa_id
            .as_deref()
            .and_then(|wa_id| AddressKey::parse(wa_id).ok())
    }

    pub(crate) fn user_id(&self, portfolio: &str) -> Option<&str> {
        self.user_ids.get(portfolio).map(String::as_str)
    }

    /// The phone as this portfolio may see it at `now` (§1.12).
    pub(crate) fn visible_wa_id(&self, portfolio: &str, now: Ts) -> Option<&str> {
        let wa_id = self.is.wa_id.as_deref()?;
        let known = self.is.username.is_none()
            || self
                .phone_used_at
                .get(portfolio)
                .is_some_and(|used| now < *used + PHONE_KNOWN);
        known.then_some(wa_id)
    }

    /// Whether marketing to this person was stopped towards the portfolio.
    pub(crate) fn stopped_marketing(&self, portfolio: &str) -> bool {
        self.marketing_stopped.contains_key(portfolio)
    }

    /// The element of `contacts[]` in webhooks (§2.3).
    pub(crate) fn as_contact(&self, portfolio: &str, now: Ts) -> Value {
        let mut profile = json!({"name": self.is.name});
        if let (Some(fields), Some(username)) = (profile.as_object_mut(), &self.is.username) {
            fields.insert("username".into(), username.as_str().into());
        }
        let mut contact = json!({ "profile": profile });
        if let Some(fields) = contact.as_object_mut() {
            if let Some(wa_id) = self.visible_wa_id(portfolio, now) {
                fields.insert("wa_id".into(), wa_id.into());
            }
            if let Some(user_id) = self.user_id(portfolio) {
                fields.insert("user_id".into(), user_id.into());
            }
        }
        contact
    }
}

/// Digits only, as Meta writes a wa_id.
pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
