//! What a guest may ask of the host in a call, as a trait the caller implements.
//!
//! Kv writes are not here: they stay in the call's overlay and come back in
//! [`crate::CallReport::kv_writes`]. The sandbox counts calls and checks sizes and handles before it
//! asks. Every future must be safe to drop at any await: the wall limit does so.

use async_trait::async_trait;
use portero_domain::clock::Ts;
use portero_domain::plugin::SendAction;
use serde::{Deserialize, Serialize};

/// Why a host call did not do what it was asked; a value for the guest, it never ends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostError {
    /// Not granted.
    #[error("permission `{permission}` is not granted")]
    Denied {
        /// The permission that is missing (`kv`, `contacts.read name`, `http.fetch api.shop.example`).
        permission: String,
    },
    /// A bound was reached.
    #[error("limit `{which}` is reached")]
    Limit {
        /// Which (`kv.value-bytes`, `http.calls`, `host-calls`).
        which: String,
    },
    /// The host gave up waiting.
    #[error("the host gave up waiting")]
    Timeout,
    /// The argument makes no sense.
    #[error("invalid argument: {what}")]
    Invalid {
        /// What is wrong with it.
        what: String,
    },
    /// Not now, perhaps later.
    #[error("unavailable for now")]
    Unavailable,
}

/// What the gate would say to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// `allow`, `defer`, `hold` or `deny`.
    pub verdict: String,
    /// Deciding rule; empty for a plain `allow`.
    pub rule: String,
    /// Earliest instant at which it could pass, when time alone helps.
    pub earliest: Option<Ts>,
    /// What would help, in the language of the call.
    pub remedy: String,
}

/// A request of a guest; sizes are checked, its address is not.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE` or `HEAD`.
    pub method: String,
    /// As the guest wrote it, at most 2,048 bytes.
    pub url: String,
    /// (name, value), at most 16 KiB; may hold `{{secret:NAME}}`.
    pub headers: Vec<(String, String)>,
    /// At most 256 KiB.
    pub body: Option<Vec<u8>>,
    /// Milliseconds to wait, 1 to 5,000, never past the end of the call.
    pub timeout_ms: u32,
}

/// The answer to a [`HttpRequest`]; redirects are answers.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// (name in lower case, value).
    pub headers: Vec<(String, String)>,
    /// At most 1 MiB, decompressed.
    pub body: Vec<u8>,
}

/// Redacted: requests carry what people wrote and what shops keep secret.
impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = self.body.as_ref().map_or(0, Vec::len);
        write!(f, "HttpRequest({}, {body} bytes)", self.method)
    }
}

/// Redacted, as the request.
impl std::fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "HttpResponse({}, {} bytes)",
            self.status,
            self.body.len()
        )
    }
}

/// The host's side of one call of one installation.
#[async_trait]
pub trait HostServices: Send + Sync {
    /// Whether the installation was granted `permission` (an id of
    /// [`crate::manifest::PERMISSIONS`]). Asked before every host call.
    fn is_granted(&self, permission: &str) -> bool;

    /// The installation's configuration, JSON text; `{}` when nothing was saved.
    fn config_json(&self) -> String;

    /// The committed value of `key`, if it is there and its time has not passed.
    ///
    /// # Errors
    /// [`HostError`], handed to the guest.
    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError>;

    /// Committed keys that begin with `prefix` and come after `after`, in byte order, at most
    /// `limit` (1 to 100). Fewer than `limit` says that there are no more.
    ///
    /// # Errors
    /// [`HostError`], handed to the guest.
    async fn kv_list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, HostError>;

    /// What the gate would say to `message` now, to the person of this call.
    ///
    /// # Errors
    /// [`HostError`], handed to the guest.
    async fn gate_preview(&self, message: SendAction) -> Result<Preview, HostError>;

    /// One field of the person behind `handle`: `name`, or the key of an attribute. The sandbox has
    /// checked that this call was given the handle; whether the field is granted is checked here.
    ///
    /// # Errors
    /// [`HostError`], handed to the guest.
    async fn contact_field(&self, handle: &str, field: &str) -> Result<Option<String>, HostError>;

    /// One guarded request: granted host, public address, no messaging provider.
    ///
    /// # Errors
    /// [`HostError`], handed to the guest.
    async fn http_fetch(&self, request: HttpRequest) -> Result<HttpResponse, HostError>;

    /// A request that came when the call had no time left: it was answered `timeout` and is not made.
    /// Only who records the call wants to know.
    fn late_fetch(&self, _request: &HttpRequest) {}
}

/// A host that grants nothing: for looking at a guest before it has an installation.
pub(crate) struct NothingGranted;

#[async_trait]
impl HostServices for NothingGranted {
    fn is_granted(&self, _: &str) -> bool {
        false
    }
    fn config_json(&self) -> String {
        "{}".to_owned()
    }
    async fn kv_get(&self, _: &str) -> Result<Option<Vec<u8>>, HostError> {
        Err(HostError::Unavailable)
    }
    async fn kv_list(&self, _: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, HostError> {
        Err(HostError::Unavailable)
    }
    async fn gate_preview(&self, _: SendAction) -> Result<Preview, HostError> {
        Err(HostError::Unavailable)
    }
    async fn contact_field(&self, _: &str, _: &str) -> Result<Option<String>, HostError> {
        Err(HostError::Unavailable)
    }
    async fn http_fetch(&self, _: HttpRequest) -> Result<HttpResponse, HostError> {
        Err(HostError::Unavailable)
    }
}
