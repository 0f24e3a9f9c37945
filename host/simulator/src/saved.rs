//! A whole world as one JSON document, and back: the same world goes on where it was.

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::ConfigError;
use crate::simulator::Simulator;
use crate::world::{World, zone_of};

/// The form of the document. Another form gets another number, and this program says so.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<W> {
    /// [`VERSION`].
    version: u32,
    /// The time of the world, Unix milliseconds.
    now_at: Ts,
    world: W,
}

/// Why a document is not loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("this is no saved world: {0}; save one with GET /_sim/world?whole=true")]
    Form(String),
    #[error("this world has version {0}, this program reads version {VERSION}")]
    Version(u64),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Simulator {
    /// Everything, with secrets and people: whoever has the document has the world. Nothing while
    /// webhooks or files are on their way, whose end would be lost.
    pub(crate) fn save(&self) -> Option<Result<Value, serde_json::Error>> {
        let now_at = self.clock.now();
        let world = self.world();
        if world.outbox.in_flight > 0 || world.fetches_in_flight > 0 {
            return None;
        }
        Some(serde_json::to_value(Saved {
            version: VERSION,
            now_at,
            world: &*world,
        }))
    }

    /// Puts a saved world in place of this one. A clock of its own stands where the world stood; one
    /// that is shared with a host goes forward only.
    pub(crate) async fn load(&self, document: Value) -> Result<Ts, LoadError> {
        let version = document.get("version").and_then(Value::as_u64);
        match version {
            Some(version) if version != u64::from(VERSION) => {
                return Err(LoadError::Version(version));
            }
            Some(_) => {}
            None => return Err(LoadError::Form("it has no `version`".to_owned())),
        }
        let saved: Saved<World> =
            serde_json::from_value(document).map_err(|error| LoadError::Form(error.to_string()))?;
        let mut loaded = saved.world;
        loaded.index()?;
        self.replace(loaded);
        let by = saved.now_at.since(self.clock.now());
        if !self.steering.set(saved.now_at) {
            self.move_clock(Millis(by.max(0))).await;
        }
        self.wake();
        Ok(saved.now_at)
    }

    /// The world as it was configured, from now on.
    pub(crate) fn reset(&self) -> Result<(), ConfigError> {
        let callback = self.world().config.callback_url.clone();
        let mut config = self.initial.clone();
        config.callback_url = callback;
        let fresh = World::new(config, self.clock.now())?;
        self.replace(fresh);
        self.wake();
        Ok(())
    }

    fn replace(&self, mut next: World) {
        let mut world = self.world();
        next.epoch = world.epoch.wrapping_add(1);
        *world = next;
    }
}

impl World {
    /// What is found by what: never written, made anew from what is.
    fn index(&mut self) -> Result<(), ConfigError> {
        let wabas: Vec<_> = self.wabas.ids().collect();
        for id in wabas {
            let waba = &mut self.wabas[id];
            waba.zone = zone_of(&waba.is)?;
            self.by_waba.insert(waba.is.id.clone(), id);
        }
        for (id, number) in self.numbers.iter() {
            self.by_number.insert(number.is.phone_number_id.clone(), id);
        }
        // A stranger's number may belong to somebody by now.
        for strangers in [true, false] {
            for (id, person) in self.people.iter() {
                if person.stranger == strangers
                    && let Some(key) = person.phone_key()
                {
                    self.by_phone.insert(key, id);
                }
            }
        }
        for (id, person) in self.people.iter() {
            for (portfolio, user_id) in &person.user_ids {
                let key = (portfolio.clone(), user_id.clone());
                self.by_user_id.insert(key, id);
            }
        }
        for (id, message) in self.messages.iter() {
            self.by_wamid.insert(message.wamid.clone(), id);
        }
        for (id, template) in self.templates.iter() {
            if template.status != "DELETED" {
                let key = (
                    template.waba,
                    template.name.clone(),
                    template.language.clone(),
                );
                self.by_template.insert(key, id);
            }
        }
        Ok(())
    }
}
