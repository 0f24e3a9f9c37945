//! The state behind [`Host`](super::Host): one per thread, as tests run one per thread.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::http::{Request, Response};
use crate::log::Level;
use crate::{HostError, Proposal, Ruling, Verdict};

const KEY_BYTES: usize = 256;
const VALUE_BYTES: usize = 64 * 1024;
const LINE_BYTES: usize = 4 * 1024;
const LINES: usize = 64;
const KV_CALLS: u32 = 200;
const CALLS: u32 = 1_000;

type Fetch = Box<dyn FnMut(&Request) -> Result<Response, HostError>>;

/// Values with the instant (Unix milliseconds) from which they are gone.
pub(crate) type Store = BTreeMap<String, (Vec<u8>, Option<u64>)>;

#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) now: u64,
    pub(crate) config: String,
    pub(crate) kv: Store,
    pub(crate) logs: Vec<(Level, String)>,
    pub(crate) refused: BTreeSet<String>,
    pub(crate) fields: BTreeMap<(String, String), String>,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) previewed: Vec<Proposal>,
    pub(crate) fetch: Option<Fetch>,
    kv_calls: u32,
    calls: u32,
    lines: usize,
}

thread_local! {
    static FAKE: RefCell<Fake> = RefCell::new(Fake::default());
}

/// Runs `what` on this thread's fake host.
pub(crate) fn with<T>(what: impl FnOnce(&mut Fake) -> T) -> T {
    FAKE.with(|fake| what(&mut fake.borrow_mut()))
}

impl Fake {
    pub(crate) fn begin_call(&mut self) {
        self.kv_calls = 0;
        self.calls = 0;
        self.lines = 0;
    }

    fn enter(&mut self, permission: &str) -> Result<(), HostError> {
        self.calls = self.calls.saturating_add(1);
        if self.calls > CALLS {
            return Err(HostError::Limit("host-calls".to_owned()));
        }
        if self.refused.contains(permission) {
            return Err(HostError::Denied(permission.to_owned()));
        }
        Ok(())
    }

    fn enter_kv(&mut self, key: &str) -> Result<(), HostError> {
        self.enter("kv")?;
        self.kv_calls = self.kv_calls.saturating_add(1);
        if self.kv_calls > KV_CALLS {
            return Err(HostError::Limit("kv.calls".to_owned()));
        }
        if key.is_empty() || key.len() > KEY_BYTES {
            return Err(HostError::Invalid(format!(
                "a key has 1 to {KEY_BYTES} bytes, this one {}",
                key.len()
            )));
        }
        Ok(())
    }

    pub(crate) fn log(&mut self, level: Level, line: &str) {
        let room = self.lines < LINES;
        if self.enter("log").is_ok() && room {
            self.lines += 1;
            let mut end = line.len().min(LINE_BYTES);
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            let line = line.get(..end).unwrap_or_default().to_owned();
            self.logs.push((level, line));
        }
    }

    pub(crate) fn config(&mut self) -> Result<String, HostError> {
        self.enter("config")?;
        if self.config.is_empty() {
            return Ok("{}".to_owned());
        }
        Ok(self.config.clone())
    }

    pub(crate) fn kv_get(&mut self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.enter_kv(key)?;
        Ok(self.live(key))
    }

    pub(crate) fn live(&self, key: &str) -> Option<Vec<u8>> {
        let (value, until) = self.kv.get(key)?;
        until.is_none_or(|u| self.now < u).then(|| value.clone())
    }

    pub(crate) fn kv_set(
        &mut self,
        key: &str,
        value: &[u8],
        seconds: Option<u32>,
    ) -> Result<(), HostError> {
        self.enter_kv(key)?;
        if value.len() > VALUE_BYTES {
            return Err(HostError::Limit("kv.value-bytes".to_owned()));
        }
        let until = seconds.map(|s| self.now.saturating_add(u64::from(s) * 1_000));
        self.kv.insert(key.to_owned(), (value.to_vec(), until));
        Ok(())
    }

    pub(crate) fn kv_delete(&mut self, key: &str) -> Result<(), HostError> {
        self.enter_kv(key)?;
        self.kv.remove(key);
        Ok(())
    }

    pub(crate) fn kv_keys(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, HostError> {
        self.enter("kv")?;
        if !(1..=100).contains(&limit) {
            return Err(HostError::Invalid(format!(
                "`limit` is 1 to 100, not {limit}"
            )));
        }
        Ok(self
            .kv
            .keys()
            .filter(|k| k.starts_with(prefix) && after.is_none_or(|a| k.as_str() > a))
            .filter(|k| self.live(k).is_some())
            .take(usize::try_from(limit).unwrap_or(100))
            .cloned()
            .collect())
    }

    pub(crate) fn preview(&mut self, proposal: &Proposal) -> Result<Verdict, HostError> {
        self.enter("gate.preview")?;
        self.previewed.push(proposal.clone());
        if self.verdicts.is_empty() {
            return Ok(Verdict {
                ruling: Ruling::Allow,
                rule: String::new(),
                earliest: None,
                remedy: String::new(),
            });
        }
        Ok(self.verdicts.remove(0))
    }

    pub(crate) fn contact_field(
        &mut self,
        handle: &str,
        field: &str,
    ) -> Result<Option<String>, HostError> {
        self.enter("contacts.read")?;
        let wanted = format!("contacts.read {field}");
        if self.refused.contains(&wanted) {
            return Err(HostError::Denied(wanted));
        }
        let key = (handle.to_owned(), field.to_owned());
        Ok(self.fields.get(&key).cloned())
    }

    pub(crate) fn fetch(&mut self, request: &Request) -> Result<Response, HostError> {
        self.enter("http.fetch")?;
        match self.fetch.as_mut() {
            Some(answer) => answer(request),
            None => Err(HostError::Denied("http.fetch".to_owned())),
        }
    }
}
