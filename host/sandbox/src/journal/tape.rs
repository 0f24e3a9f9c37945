//! Notes what a guest asks and hears, between it and the host.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use portero_domain::plugin::{Action, ReplyEvent, SendAction};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Ask, Blob, CallResult, Exchange, FORM, Told};
use crate::call::CallReport;
use crate::manifest::PERMISSIONS;
use crate::services::{HostError, HostServices, HttpRequest, HttpResponse, Preview};

/// Most bytes of questions and answers that are kept of one call; beyond it the call is noted without them.
pub const MAX_TAPE_BYTES: usize = 256 * 1024;

/// A call that is being recorded.
pub struct Tape {
    event: Option<Box<RawValue>>,
    seed: [u8; 32],
    noted: Arc<Notes>,
}

/// Services that note what passes.
struct Notes {
    behind: Arc<dyn HostServices>,
    asked: Mutex<Vec<Exchange>>,
    bytes: AtomicUsize,
    cut: AtomicBool,
}

/// As [`super::Recording`], without taking anything over.
#[derive(Serialize)]
struct Written<'a> {
    form: u32,
    build: &'a str,
    event: &'a RawValue,
    seed: String,
    granted: Vec<&'a str>,
    config: String,
    asked: &'a [Exchange],
    whole: bool,
    result: CallResult,
}

impl Tape {
    /// Before the call; the call is made with [`Tape::services`].
    #[must_use]
    pub fn begin(services: Arc<dyn HostServices>, event: &ReplyEvent, seed: [u8; 32]) -> Tape {
        Tape {
            event: serde_json::value::to_raw_value(event).ok(),
            seed,
            noted: Arc::new(Notes {
                behind: services,
                asked: Mutex::new(Vec::new()),
                bytes: AtomicUsize::new(0),
                cut: AtomicBool::new(false),
            }),
        }
    }

    /// The services, listened to.
    #[must_use]
    pub fn services(&self) -> Arc<dyn HostServices> {
        Arc::clone(&self.noted) as Arc<dyn HostServices>
    }

    /// After the call: a [`super::Recording`] as JSON. `None` when it cannot be written, which is no reason
    /// for a call to fail.
    #[must_use]
    pub fn end(self, build: &str, report: &CallReport<Vec<Action>>) -> Option<Vec<u8>> {
        let behind = &self.noted.behind;
        let whole = !self.noted.cut.load(Ordering::Relaxed);
        let asked = self.noted.asked();
        let written = Written {
            form: FORM,
            build,
            event: self.event.as_deref()?,
            seed: hex::encode(self.seed),
            granted: PERMISSIONS
                .into_iter()
                .filter(|permission| behind.is_granted(permission))
                .collect(),
            config: behind.config_json(),
            asked: if whole { &asked } else { &[] },
            whole,
            result: CallResult::of(report),
        };
        serde_json::to_vec(&written).ok()
    }
}

impl Notes {
    fn asked(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a question; its answer is noted under the number that comes back. A host call that is given up
    /// on never comes to that.
    fn ask(&self, ask: Ask, bytes: usize) -> Option<usize> {
        if !self.room(bytes) {
            return None;
        }
        let mut asked = self.asked();
        asked.push(Exchange { ask, told: None });
        asked.len().checked_sub(1)
    }

    fn told(&self, at: Option<usize>, told: Result<Told, HostError>, bytes: usize) {
        if self.room(bytes)
            && let Some(at) = at
            && let Some(exchange) = self.asked().get_mut(at)
        {
            exchange.told = Some(told);
        }
    }

    /// Whether so many more bytes are kept.
    fn room(&self, bytes: usize) -> bool {
        // What surrounds a question counts too.
        let bytes = bytes.saturating_add(32);
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= MAX_TAPE_BYTES;
        if !fits {
            self.cut.store(true, Ordering::Relaxed);
        }
        fits
    }
}

#[async_trait]
impl HostServices for Notes {
    fn is_granted(&self, permission: &str) -> bool {
        self.behind.is_granted(permission)
    }

    fn config_json(&self) -> String {
        self.behind.config_json()
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        let ask = Ask::KvGet {
            key: key.to_owned(),
        };
        let at = self.ask(ask, key.len());
        let answer = self.behind.kv_get(key).await;
        let told = answer.clone().map(|value| Told::Value(value.map(Blob)));
        let bytes = answer
            .as_ref()
            .map_or(0, |v| v.as_ref().map_or(0, Vec::len));
        self.told(at, told, bytes);
        answer
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
        let at = self.ask(ask, prefix.len());
        let answer = self.behind.kv_list(prefix, after, limit).await;
        let bytes = answer.iter().flatten().map(String::len).sum();
        self.told(at, answer.clone().map(Told::Keys), bytes);
        answer
    }

    async fn gate_preview(&self, message: SendAction) -> Result<Preview, HostError> {
        // What a guest passes is bounded; previews are twenty at most.
        let ask = Ask::Preview {
            message: Box::new(message.clone()),
        };
        let at = self.ask(ask, 1_024);
        let answer = self.behind.gate_preview(message).await;
        self.told(at, answer.clone().map(Told::Verdict), 128);
        answer
    }

    async fn contact_field(&self, handle: &str, field: &str) -> Result<Option<String>, HostError> {
        let ask = Ask::Field {
            handle: handle.to_owned(),
            field: field.to_owned(),
        };
        let at = self.ask(ask, handle.len().saturating_add(field.len()));
        let answer = self.behind.contact_field(handle, field).await;
        let bytes = answer
            .as_ref()
            .map_or(0, |v| v.as_ref().map_or(0, String::len));
        self.told(at, answer.clone().map(Told::Field), bytes);
        answer
    }

    async fn http_fetch(&self, request: HttpRequest) -> Result<HttpResponse, HostError> {
        let at = self.fetch(&request);
        let answer = self.behind.http_fetch(request).await;
        let bytes = answer.as_ref().map_or(0, |r| r.body.len());
        self.told(at, answer.clone().map(Told::from), bytes);
        answer
    }

    fn late_fetch(&self, request: &HttpRequest) {
        let at = self.fetch(request);
        self.told(at, Err(HostError::Timeout), 0);
        self.behind.late_fetch(request);
    }
}

impl Notes {
    fn fetch(&self, request: &HttpRequest) -> Option<usize> {
        let headers: usize = request.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
        let body = request.body.as_ref().map_or(0, Vec::len);
        self.ask(
            asked(request),
            request
                .url
                .len()
                .saturating_add(headers)
                .saturating_add(body),
        )
    }
}

/// A request without how long it would wait.
pub(super) fn asked(request: &HttpRequest) -> Ask {
    Ask::Fetch {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body: request.body.clone().map(Blob),
    }
}
