//! Between the SDK's types and those of the contract; wasm only, and nothing of it is API.

mod analytics;
mod inbound;
mod outbound;
mod segmentation;

pub use analytics::{metrics, observe, report};
pub use segmentation::{classify, personalise, segments};

use crate::bindings::imports::portero::plugin as wit;
use crate::bindings::replies::exports::portero::plugin::replies as replies_wit;
use crate::http::{Request, Response};
use crate::log::Level;
use crate::{Failure, HostError, Proposal, Replies, Ruling, Verdict};

/// Calls a replies plugin: a fresh one.
pub fn handle<P: Replies>(
    event: wit::types::Event,
) -> Result<Vec<replies_wit::Action>, wit::types::Failure> {
    match P::default().handle(&event.into()) {
        Ok(actions) => Ok(actions.into_iter().map(Into::into).collect()),
        Err(failure) => Err(failure.into()),
    }
}

impl From<Failure> for wit::types::Failure {
    fn from(f: Failure) -> Self {
        let Failure { code, message } = f;
        Self { code, message }
    }
}

impl From<wit::types::HostError> for HostError {
    fn from(e: wit::types::HostError) -> Self {
        use wit::types::HostError as W;
        match e {
            W::Denied(what) => HostError::Denied(what),
            W::Limit(what) => HostError::Limit(what),
            W::Timeout => HostError::Timeout,
            W::Invalid(what) => HostError::Invalid(what),
            W::Unavailable => HostError::Unavailable,
        }
    }
}

impl From<wit::types::Verdict> for Verdict {
    fn from(v: wit::types::Verdict) -> Self {
        Verdict {
            ruling: Ruling::parse(&v.verdict),
            rule: v.rule,
            earliest: v.earliest,
            remedy: v.remedy,
        }
    }
}

pub(crate) fn log(level: Level, line: &str) {
    let level = match level {
        Level::Debug => wit::log::Level::Debug,
        Level::Info => wit::log::Level::Info,
        Level::Warn => wit::log::Level::Warn,
        Level::Error => wit::log::Level::Error,
    };
    wit::log::write(level, line);
}

pub(crate) fn config() -> Result<String, HostError> {
    Ok(wit::config::get()?)
}

pub(crate) fn kv_get(key: &str) -> Result<Option<Vec<u8>>, HostError> {
    Ok(wit::kv::get(key)?)
}

pub(crate) fn kv_set(key: &str, value: &[u8], seconds: Option<u32>) -> Result<(), HostError> {
    Ok(wit::kv::set(key, value, seconds)?)
}

pub(crate) fn kv_delete(key: &str) -> Result<(), HostError> {
    Ok(wit::kv::delete(key)?)
}

pub(crate) fn kv_keys(
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, HostError> {
    Ok(wit::kv::keys(prefix, after, limit)?)
}

pub(crate) fn preview(proposal: &Proposal) -> Result<Verdict, HostError> {
    let send: wit::types::Proposal = proposal.clone().into();
    Ok(wit::gate::preview(&send)?.into())
}

pub(crate) fn contact_field(handle: &str, field: &str) -> Result<Option<String>, HostError> {
    Ok(wit::contacts::field(handle, field)?)
}

pub(crate) fn fetch(request: &Request) -> Result<Response, HostError> {
    let Request {
        method,
        url,
        headers,
        body,
        timeout_ms,
    } = request.clone();
    let answer = wit::http::fetch(&wit::http::Request {
        method,
        url,
        headers,
        body,
        timeout_ms,
    })?;
    Ok(Response {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
    })
}
