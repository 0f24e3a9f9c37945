//! The whole state behind one lock: accounts, numbers, people, threads, queues.

use std::collections::{BTreeMap, HashMap, VecDeque};

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arena::{Arena, Id};
use crate::config::{ConfigError, NumberConfig, WabaConfig, WorldConfig, address};
use crate::fate::Due;
use crate::faults::Faults;
use crate::feedback::Feedback;
use crate::graph::registration::Registrations;
use crate::ids::Chance;
use crate::limits::Throughput;
use crate::links;
use crate::media;
use crate::messages::Message;
use crate::pairs;
use crate::people::{Person, digits};
use crate::portfolio::Portfolio;
use crate::queue::Queue;
use crate::standing::Standing;
use crate::templates::Template;
use crate::thread::Thread;
use crate::usage::Usage;
use crate::webhooks::outbox::Outbox;

#[derive(Serialize, Deserialize)]
pub(crate) struct Waba {
    pub(crate) is: WabaConfig,
    /// `override_callback_uri` of `subscribed_apps` (§2.2).
    pub(crate) callback: Option<String>,
    #[serde(skip, default = "utc")]
    pub(crate) zone: jiff::tz::TimeZone,
    pub(crate) numbers: Vec<Id<Number>>,
    /// Templates created within the last hour.
    pub(crate) creations: VecDeque<Ts>,
    pub(crate) usage: Usage,
    pub(crate) standing: Standing,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Number {
    pub(crate) is: NumberConfig,
    pub(crate) waba: Id<Waba>,
    pub(crate) rate: Throughput,
    /// Month of the account and service messages delivered in it.
    pub(crate) service_month: (i16, i8),
    pub(crate) service_delivered: u32,
    /// Codes that the coming messages fail with after they were accepted, in this order.
    pub(crate) fails: VecDeque<i64>,
    pub(crate) registrations: Registrations,
    /// People the business blocked (§5.3), oldest first.
    pub(crate) blocked: Vec<Id<Person>>,
    /// What people thought of it.
    pub(crate) feedback: Feedback,
    /// Being set up for a higher throughput until then (131057).
    pub(crate) maintenance_until: Ts,
    /// `whatsapp_business_profile` as it was set (§9).
    pub(crate) profile: Map<String, Value>,
}

/// One request to the Graph surface, as the control API shows it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) at: Ts,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) code: Option<i64>,
    pub(crate) body: Option<Value>,
    pub(crate) answered: bool,
}

/// Requests kept for `/_sim/requests`.
const SEEN_KEPT: usize = 2_000;

#[derive(Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) config: WorldConfig,
    pub(crate) portfolios: BTreeMap<String, Portfolio>,
    pub(crate) wabas: Arena<Waba>,
    pub(crate) numbers: Arena<Number>,
    pub(crate) templates: Arena<Template>,
    pub(crate) people: Arena<Person>,
    pub(crate) messages: Arena<Message>,
    #[serde(with = "pairs")]
    pub(crate) threads: HashMap<(Id<Number>, Id<Person>), Thread>,
    #[serde(skip)]
    pub(crate) by_waba: HashMap<String, Id<Waba>>,
    #[serde(skip)]
    pub(crate) by_number: HashMap<String, Id<Number>>,
    #[serde(skip)]
    pub(crate) by_phone: HashMap<AddressKey, Id<Person>>,
    #[serde(skip)]
    pub(crate) by_user_id: HashMap<(String, String), Id<Person>>,
    #[serde(skip)]
    pub(crate) by_wamid: HashMap<String, Id<Message>>,
    #[serde(skip)]
    pub(crate) by_template: HashMap<(Id<Waba>, String, String), Id<Template>>,
    #[serde(with = "pairs")]
    /// Names and languages of deleted templates, and until when they stay blocked.
    pub(crate) deleted: HashMap<(Id<Waba>, String, String), Ts>,
    pub(crate) queue: Queue<Due>,
    /// What comes in hours or months and is nothing that is under way.
    pub(crate) calendar: Queue<Due>,
    /// Messages whose links are to be fetched before they leave.
    pub(crate) fetching: Vec<Id<Message>>,
    #[serde(skip)]
    pub(crate) fetches_in_flight: usize,
    #[serde(skip)]
    pub(crate) cache: links::Cache,
    /// Which world this is: what was in flight when another was loaded means nothing to it.
    #[serde(skip)]
    pub(crate) epoch: u64,
    pub(crate) outbox: Outbox,
    pub(crate) faults: Faults,
    pub(crate) chance: Chance,
    pub(crate) seen: VecDeque<Seen>,
    pub(crate) media: media::Store,
    /// Resumable uploads under way: session and type of the file (§3.1).
    pub(crate) uploads: VecDeque<(String, String)>,
    /// `http://host` as the last caller knew it; media URLs begin with it.
    pub(crate) origin: String,
}

impl World {
    pub(crate) fn new(config: WorldConfig, now: Ts) -> Result<World, ConfigError> {
        let mut world = World {
            chance: Chance::new(config.seed, now),
            portfolios: BTreeMap::new(),
            wabas: Arena::default(),
            numbers: Arena::default(),
            templates: Arena::default(),
            people: Arena::default(),
            messages: Arena::default(),
            threads: HashMap::new(),
            by_waba: HashMap::new(),
            by_number: HashMap::new(),
            by_phone: HashMap::new(),
            by_user_id: HashMap::new(),
            by_wamid: HashMap::new(),
            by_template: HashMap::new(),
            deleted: HashMap::new(),
            queue: Queue::default(),
            calendar: Queue::default(),
            fetching: Vec::new(),
            fetches_in_flight: 0,
            cache: links::Cache::default(),
            epoch: 0,
            outbox: Outbox::default(),
            faults: Faults::default(),
            seen: VecDeque::new(),
            media: media::Store::default(),
            uploads: VecDeque::new(),
            origin: "http://graph.sim.invalid".to_owned(),
            config,
        };
        world.add_portfolios()?;
        for waba in world.config.wabas.clone() {
            world.add_waba(waba, now)?;
        }
        for person in world.config.people.clone() {
            world.add_person(person, now)?;
        }
        Ok(world)
    }

    fn add_waba(&mut self, config: WabaConfig, now: Ts) -> Result<(), ConfigError> {
        let zone = zone_of(&config)?;
        self.meet_portfolio(&config);
        let numbers = config.numbers.clone();
        let templates = config.templates.clone();
        let id = config.id.clone();
        let waba = self.wabas.push(Waba {
            is: config,
            callback: None,
            zone,
            numbers: Vec::new(),
            creations: VecDeque::new(),
            usage: Usage::default(),
            standing: Standing::default(),
        });
        if self.by_waba.insert(id.clone(), waba).is_some() {
            return Err(ConfigError::Twice {
                what: "account",
                id,
            });
        }
        for number in numbers {
            self.add_number(waba, number)?;
        }
        for (index, raw) in templates.iter().enumerate() {
            self.add_template(waba, index, raw, now)?;
        }
        Ok(())
    }

    fn add_number(&mut self, waba: Id<Waba>, mut config: NumberConfig) -> Result<(), ConfigError> {
        if config.mps == 0 {
            return Err(ConfigError::Throughput {
                phone_number_id: config.phone_number_id,
            });
        }
        address(&config.display, "display", &config.phone_number_id)?;
        config.display = digits(&config.display);
        let id = config.phone_number_id.clone();
        let number = self.numbers.push(Number {
            rate: Throughput::new(config.mps),
            is: config,
            waba,
            service_month: (0, 0),
            service_delivered: 0,
            fails: VecDeque::new(),
            registrations: Registrations::default(),
            blocked: Vec::new(),
            feedback: Feedback::default(),
            maintenance_until: Ts::ZERO,
            profile: Map::new(),
        });
        if self.by_number.insert(id.clone(), number).is_some() {
            return Err(ConfigError::Twice { what: "number", id });
        }
        self.wabas[waba].numbers.push(number);
        Ok(())
    }

    /// Every portfolio once, in the order of the accounts.
    pub(crate) fn portfolios(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for (_, waba) in self.wabas.iter() {
            if !out.contains(&waba.is.portfolio) {
                out.push(waba.is.portfolio.clone());
            }
        }
        out
    }

    pub(crate) fn portfolio_of(&self, number: Id<Number>) -> &str {
        &self.wabas[self.numbers[number].waba].is.portfolio
    }

    pub(crate) fn thread(&mut self, number: Id<Number>, person: Id<Person>) -> &mut Thread {
        self.threads.entry((number, person)).or_default()
    }

    pub(crate) fn window_open(&self, number: Id<Number>, person: Id<Person>, now: Ts) -> bool {
        self.threads
            .get(&(number, person))
            .is_some_and(|thread| thread.window_open(now))
    }

    pub(crate) fn remember(&mut self, message: Message) -> Id<Message> {
        let (number, person) = (message.number, message.person);
        let wamid = message.wamid.clone();
        let id = self.messages.push(message);
        self.by_wamid.insert(wamid, id);
        self.thread(number, person).messages.push_back(id);
        while self.messages.len() > self.config.rules.messages_kept.max(1) {
            self.forget_oldest();
        }
        id
    }

    /// The next thing whose time has come, of what is under way and of the calendar.
    pub(crate) fn next_due(&mut self, now: Ts) -> Option<(Ts, Due)> {
        let later = match (self.queue.next_at(), self.calendar.next_at()) {
            (Some(queued), Some(noted)) => noted < queued,
            (None, Some(_)) => true,
            _ => false,
        };
        if later {
            self.calendar.pop_due(now)
        } else {
            self.queue.pop_due(now)
        }
    }

    /// The oldest message of the world is also the oldest of its chat.
    fn forget_oldest(&mut self) {
        if let Some(message) = self.messages.pop_oldest() {
            self.by_wamid.remove(&message.wamid);
            let thread = self.thread(message.number, message.person);
            thread.messages.pop_front();
        }
    }

    pub(crate) fn log_request(&mut self, seen: Seen) {
        if self.seen.len() >= SEEN_KEPT {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
    }
}

/// The account's time zone.
pub(crate) fn zone_of(config: &WabaConfig) -> Result<jiff::tz::TimeZone, ConfigError> {
    jiff::tz::TimeZone::get(&config.timezone).map_err(|_| ConfigError::TimeZone {
        waba: config.id.clone(),
        timezone: config.timezone.clone(),
    })
}

fn utc() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::UTC
}
