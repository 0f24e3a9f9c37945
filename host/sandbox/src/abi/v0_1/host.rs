//! Host calls of track 0.1: counted, granted, bounded, then answered or handed to the services.

use std::time::Duration;

use tokio::time::Instant;

use super::{inbound, outbound, wit};
use crate::guest_state::{GuestState, count_up, invalid, limit};
use crate::log_sink::LogLevel;
use crate::output::Taker;
use crate::services::{HostError, HttpRequest};
use wit::types::HostError as WitError;

/// What a host call answers: a trap, or a value that may be a refusal.
type Answered<T> = wasmtime::Result<Result<T, WitError>>;

const MAX_PREVIEWS: u32 = 20;
const MAX_KEYS: u32 = 100;
const MAX_URL_BYTES: usize = 2_048;
const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_REQUEST_BYTES: usize = 256 * 1024;
const MAX_HTTP_MS: u32 = 5_000;
/// Kept back from the call's time, so that a guest sees its request time out and can still answer.
const ANSWER_TIME: Duration = Duration::from_millis(50);
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// Leaves the function with the refusal as a value.
macro_rules! refuse {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Ok(Err(wit_error(error))),
        }
    };
}

impl wit::types::Host for GuestState {}

impl wit::log::Host for GuestState {
    fn write(&mut self, level: wit::log::Level, message: String) -> wasmtime::Result<()> {
        let counted = self.count_call()?;
        let level = match level {
            wit::log::Level::Debug => LogLevel::Debug,
            wit::log::Level::Info => LogLevel::Info,
            wit::log::Level::Warn => LogLevel::Warn,
            wit::log::Level::Error => LogLevel::Error,
        };
        let kept = counted.is_ok() && self.require("log").is_ok();
        let mut console = self.console();
        if kept {
            console.sink.push(level, &message);
        } else {
            console.sink.drop_line();
        }
        Ok(())
    }
}

impl wit::config::Host for GuestState {
    fn get(&mut self) -> Answered<String> {
        refuse!(self.count_call()?);
        refuse!(self.require("config"));
        Ok(Ok(self.services.config_json()))
    }
}

impl GuestState {
    fn begin_kv(&mut self) -> wasmtime::Result<Result<(), HostError>> {
        let counted = self.count_call()?;
        let most = self.limits.kv_calls;
        Ok(counted
            .and_then(|()| self.require("kv"))
            .and_then(|()| count_up(&mut self.counts.kv, most, "kv.calls")))
    }

    fn check_key(&self, key: &str) -> Result<(), HostError> {
        let most = self.limits.kv_key_bytes;
        if key.is_empty() || key.len() > most {
            return Err(invalid(format!("a key has 1 to {most} bytes")));
        }
        if key.contains('\0') {
            return Err(invalid("a key holds no zero byte"));
        }
        Ok(())
    }
}

impl wit::kv::Host for GuestState {
    async fn get(&mut self, key: String) -> Answered<Option<Vec<u8>>> {
        refuse!(self.begin_kv()?);
        refuse!(self.check_key(&key));
        if let Some(written) = self.overlay.get(&key) {
            return Ok(Ok(written.cloned()));
        }
        Ok(self.services.kv_get(&key).await.map_err(wit_error))
    }

    fn set(&mut self, key: String, value: Vec<u8>, ttl_s: Option<u32>) -> Answered<()> {
        refuse!(self.begin_kv()?);
        refuse!(self.check_key(&key));
        if value.len() > self.limits.kv_value_bytes {
            refuse!(Err(limit("kv.value-bytes")));
        }
        let ttl_ms = ttl_s.map(|s| i64::from(s).saturating_mul(1_000));
        self.overlay.set(key, value, ttl_ms);
        Ok(Ok(()))
    }

    fn delete(&mut self, key: String) -> Answered<()> {
        refuse!(self.begin_kv()?);
        refuse!(self.check_key(&key));
        self.overlay.delete(key);
        Ok(Ok(()))
    }

    async fn keys(
        &mut self,
        prefix: String,
        after: Option<String>,
        wanted: u32,
    ) -> Answered<Vec<String>> {
        refuse!(self.begin_kv()?);
        if !(1..=MAX_KEYS).contains(&wanted) {
            refuse!(Err(invalid("`limit` is 1 to 100")));
        }
        for text in [Some(&prefix), after.as_ref()].into_iter().flatten() {
            if text.len() > self.limits.kv_key_bytes {
                refuse!(Err(limit("kv.key-bytes")));
            }
        }
        let page = usize::try_from(wanted).unwrap_or(usize::MAX);
        let mut stored: Vec<String> = Vec::new();
        loop {
            let from = stored.last().or(after.as_ref()).cloned();
            let more = refuse!(
                self.services
                    .kv_list(&prefix, from.as_deref(), wanted)
                    .await
            );
            let complete = more.len() < page;
            stored.extend(more);
            let (keys, short) =
                self.overlay
                    .merge(&prefix, after.as_deref(), page, &stored, complete);
            if !short {
                return Ok(Ok(keys));
            }
        }
    }
}

impl wit::gate::Host for GuestState {
    async fn preview(&mut self, message: wit::types::Proposal) -> Answered<wit::types::Verdict> {
        refuse!(self.count_call()?);
        refuse!(self.require("gate.preview"));
        refuse!(count_up(
            &mut self.counts.previews,
            MAX_PREVIEWS,
            "gate.previews"
        ));
        let message = refuse!(
            outbound::proposal(&mut Taker::new(self), message).map_err(HostError::from_output)
        );
        let preview = refuse!(self.services.gate_preview(message).await);
        Ok(Ok(inbound::verdict(preview)))
    }
}

impl wit::contacts::Host for GuestState {
    async fn field(&mut self, handle: String, field: String) -> Answered<Option<String>> {
        refuse!(self.count_call()?);
        refuse!(self.require("contacts.read"));
        if !self.knows_handle(&handle) {
            refuse!(Err(invalid("this call was not given that handle")));
        }
        let value = self.services.contact_field(&handle, &field).await;
        Ok(value.map_err(wit_error))
    }
}

impl wit::http::Host for GuestState {
    async fn fetch(&mut self, request: wit::http::Request) -> Answered<wit::http::Response> {
        refuse!(self.count_call()?);
        refuse!(self.require("http.fetch"));
        let most = self.limits.http_calls;
        refuse!(count_up(&mut self.counts.http, most, "http.calls"));
        let left = left_until(self.ends_at).saturating_sub(ANSWER_TIME);
        let request = refuse!(checked(request, left));
        if request.timeout_ms == 0 {
            self.services.late_fetch(&request);
            refuse!(Err(HostError::Timeout));
        }
        let wait = Duration::from_millis(u64::from(request.timeout_ms));
        let answer = tokio::time::timeout(wait, self.services.http_fetch(request)).await;
        let response = refuse!(answer.unwrap_or(Err(HostError::Timeout)));
        Ok(Ok(wit::http::Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }))
    }
}

/// A request within its bounds, with 0 ms to wait where no time is left; where it goes is the services' to judge.
fn checked(request: wit::http::Request, left: Duration) -> Result<HttpRequest, HostError> {
    if !METHODS.contains(&request.method.as_str()) {
        return Err(invalid(
            "`method` is `GET`, `POST`, `PUT`, `PATCH`, `DELETE` or `HEAD`",
        ));
    }
    if request.url.len() > MAX_URL_BYTES {
        return Err(limit("http.url-bytes"));
    }
    let headers: usize = request
        .headers
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()))
        .sum();
    if headers > MAX_HEADER_BYTES {
        return Err(limit("http.header-bytes"));
    }
    if request
        .body
        .as_ref()
        .is_some_and(|b| b.len() > MAX_REQUEST_BYTES)
    {
        return Err(limit("http.body-bytes"));
    }
    let asked = request
        .timeout_ms
        .unwrap_or(MAX_HTTP_MS)
        .clamp(1, MAX_HTTP_MS);
    let left_ms = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
    Ok(HttpRequest {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.body,
        timeout_ms: asked.min(left_ms),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is left of the wall limit, on the runtime's monotonic clock"
)]
fn left_until(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}

impl HostError {
    /// A preview of a message that would be refused as an answer.
    fn from_output(what: String) -> HostError {
        invalid(what)
    }
}

fn wit_error(error: HostError) -> WitError {
    match error {
        HostError::Denied { permission } => WitError::Denied(permission),
        HostError::Limit { which } => WitError::Limit(which),
        HostError::Timeout => WitError::Timeout,
        HostError::Invalid { what } => WitError::Invalid(what),
        HostError::Unavailable => WitError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> wit::http::Request {
        wit::http::Request {
            method: "GET".into(),
            url: "https://api.shop.example/".into(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
        }
    }

    #[test]
    fn a_request_never_outlives_the_call() {
        let left = Duration::from_millis(1_200);
        assert_eq!(checked(request(), left).unwrap().timeout_ms, 1_200);
        let quick = wit::http::Request {
            timeout_ms: Some(300),
            ..request()
        };
        assert_eq!(checked(quick, left).unwrap().timeout_ms, 300);
        assert_eq!(checked(request(), Duration::ZERO).unwrap().timeout_ms, 0);
    }

    #[test]
    fn sizes_are_exact() {
        let left = Duration::from_secs(5);
        let with_body = |len: usize| wit::http::Request {
            body: Some(vec![0; len]),
            ..request()
        };
        assert!(checked(with_body(MAX_REQUEST_BYTES), left).is_ok());
        assert_eq!(
            checked(with_body(MAX_REQUEST_BYTES + 1), left).unwrap_err(),
            limit("http.body-bytes")
        );
        let with_header = |len: usize| wit::http::Request {
            headers: vec![("x".into(), "y".repeat(len))],
            ..request()
        };
        assert!(checked(with_header(MAX_HEADER_BYTES - 1), left).is_ok());
        assert!(checked(with_header(MAX_HEADER_BYTES), left).is_err());
    }
}
