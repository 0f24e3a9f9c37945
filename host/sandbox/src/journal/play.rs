//! Runs a recorded call again: the guest is the component, the host is the recording.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use portero_domain::plugin::{Action, SendAction};
use tokio::sync::Notify;

use super::tape::asked;
use super::{Ask, CallResult, Exchange, Recording, Told};
use crate::budget::CallLimits;
use crate::call::CallReport;
use crate::engine::Sandbox;
use crate::fault::Outcome;
use crate::load::Loaded;
use crate::services::{HostError, HostServices, HttpRequest, HttpResponse, Preview};

/// A machine that is busy may take so many times the wall limit; fuel bounds the guest all the same.
const PATIENCE: u32 = 4;

/// How questions find their answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The next question must be the recorded one: the same component on the same build.
    Exact,
    /// A question is answered as it was, in whatever order it is put: another version.
    Any,
}

/// A recorded call, run again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What came of it.
    pub result: CallResult,
    /// The first question that the recording has no answer to, by the name of the import: from there on
    /// the guest was told `unavailable`.
    pub strayed: Option<&'static str>,
}

impl Sandbox {
    /// Runs a recorded call again, with no host behind it. Nothing of it is kept.
    ///
    /// `plugin` may be another version than the one that was called; then `order` is [`Order::Any`].
    pub async fn replay(&self, plugin: &Loaded, recording: &Recording, order: Order) -> Replayed {
        let given_up = recording.result.outcome == Outcome::WallTimeout.as_str();
        let player = Arc::new(Player::new(plugin, recording, order, given_up));
        let mut limits = CallLimits::for_manifest(plugin.manifest());
        if !given_up {
            limits.wall = limits.wall.saturating_mul(PATIENCE);
        }
        let mut seed = [0_u8; 32];
        // A seed that does not read is noticed as a divergence of whatever draws from it.
        let _ = hex::decode_to_slice(&recording.seed, &mut seed);
        let services = Arc::clone(&player) as Arc<dyn HostServices>;
        let event = recording.event.clone();
        let call = self.call_replies(plugin, &limits, services, event, seed);
        let result = tokio::select! {
            report = call => CallResult::of(&report),
            () = player.cut_off.notified() => CallResult::of(&cut_off()),
        };
        Replayed {
            result,
            strayed: player.state().strayed,
        }
    }
}

/// The recorded call ended here: the host had not answered when its time was over.
fn cut_off() -> CallReport<Vec<Action>> {
    CallReport {
        outcome: Outcome::WallTimeout,
        value: None,
        fuel_used: 0,
        peak_memory_bytes: 0,
        host_calls: 0,
        logs: Vec::new(),
        logs_dropped: 0,
        kv_writes: Vec::new(),
        backtrace: Vec::new(),
    }
}

/// The host's side, from a recording.
struct Player {
    granted: Vec<String>,
    config: String,
    asked: Vec<Exchange>,
    order: Order,
    /// The recorded call was cut off by the clock.
    given_up: bool,
    state: Mutex<State>,
    cut_off: Notify,
}

#[derive(Default)]
struct State {
    /// Which answers were given, by place.
    given: Vec<bool>,
    next: usize,
    strayed: Option<&'static str>,
}

impl Player {
    fn new(plugin: &Loaded, recording: &Recording, order: Order, given_up: bool) -> Player {
        let mut granted = recording.granted.clone();
        // What a version does not ask for it does not have, whatever the one before had.
        granted.retain(|id| plugin.manifest().permissions.iter().any(|p| p.id == *id));
        Player {
            granted,
            config: recording.config.clone(),
            asked: recording.asked.clone(),
            order,
            given_up,
            state: Mutex::new(State {
                given: vec![false; recording.asked.len()],
                ..State::default()
            }),
            cut_off: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the answer to a question stands.
    fn find(&self, ask: &Ask) -> Option<usize> {
        let mut state = self.state();
        let at = match self.order {
            Order::Exact => Some(state.next).filter(|at| {
                state.strayed.is_none() && self.asked.get(*at).is_some_and(|e| e.ask == *ask)
            }),
            Order::Any => {
                let same = || (0..).zip(&self.asked).filter(|(_, e)| e.ask == *ask);
                let fresh = same().find(|(at, _)| state.given.get(*at) == Some(&false));
                // Asked more often than it was: as it was told last.
                fresh.or_else(|| same().last()).map(|(at, _)| at)
            }
        };
        match at {
            Some(at) => {
                state.next = at.saturating_add(1);
                if let Some(given) = state.given.get_mut(at) {
                    *given = true;
                }
            }
            None => {
                state.strayed.get_or_insert(import(ask));
            }
        }
        at
    }

    async fn answer(&self, ask: &Ask) -> Result<Told, HostError> {
        let Some(at) = self.find(ask) else {
            return Err(HostError::Unavailable);
        };
        match self.asked.get(at).map(|e| e.told.clone()) {
            Some(Some(told)) => told,
            _ if self.given_up && at.saturating_add(1) == self.asked.len() => {
                self.cut_off.notify_one();
                std::future::pending().await
            }
            _ => Err(HostError::Timeout),
        }
    }
}

const fn import(ask: &Ask) -> &'static str {
    match ask {
        Ask::KvGet { .. } => "kv.get",
        Ask::KvKeys { .. } => "kv.keys",
        Ask::Preview { .. } => "gate.preview",
        Ask::Field { .. } => "contacts.field",
        Ask::Fetch { .. } => "http.fetch",
    }
}

/// An answer of another kind than the question: a recording that somebody changed.
fn unfit<T>() -> Result<T, HostError> {
    Err(HostError::Unavailable)
}

#[async_trait]
impl HostServices for Player {
    fn is_granted(&self, permission: &str) -> bool {
        self.granted.iter().any(|granted| granted == permission)
    }

    fn config_json(&self) -> String {
        self.config.clone()
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        let ask = Ask::KvGet {
            key: key.to_owned(),
        };
        match self.answer(&ask).await? {
            Told::Value(value) => Ok(value.map(|blob| blob.0)),
            _ => unfit(),
        }
    }

    async fn kv_list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, HostError> {
        let ask = Ask::KvKeys {
            prefix: prefix.to_owned(),
            after: after.map(str::to_owned),
            limit,
        };
        match self.answer(&ask).await? {
            Told::Keys(keys) => Ok(keys),
            _ => unfit(),
        }
    }

    async fn gate_preview(&self, message: SendAction) -> Result<Preview, HostError> {
        let ask = Ask::Preview {
            message: Box::new(message),
        };
        match self.answer(&ask).await? {
            Told::Verdict(preview) => Ok(preview),
            _ => unfit(),
        }
    }

    async fn contact_field(&self, handle: &str, field: &str) -> Result<Option<String>, HostError> {
        let ask = Ask::Field {
            handle: handle.to_owned(),
            field: field.to_owned(),
        };
        match self.answer(&ask).await? {
            Told::Field(value) => Ok(value),
            _ => unfit(),
        }
    }

    async fn http_fetch(&self, request: HttpRequest) -> Result<HttpResponse, HostError> {
        match self.answer(&asked(&request)).await? {
            Told::Response {
                status,
                headers,
                body,
            } => Ok(HttpResponse {
                status,
                headers,
                body: body.0,
            }),
            _ => unfit(),
        }
    }
}
