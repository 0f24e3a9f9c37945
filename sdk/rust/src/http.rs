//! Requests to the shop's own systems. Permission `http.fetch`, with its hosts.

use crate::HostError;

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE` or `HEAD`.
    pub method: String,
    /// `https` address of a granted host.
    pub url: String,
    /// (name, value); `{{secret:NAME}}` in a value is replaced by the host.
    pub headers: Vec<(String, String)>,
    /// At most 256 KiB.
    pub body: Option<Vec<u8>>,
    /// Milliseconds to wait, at most 5,000, which is also the default.
    pub timeout_ms: Option<u32>,
}

impl Request {
    /// A `GET`.
    pub fn get(url: impl Into<String>) -> Request {
        Request {
            method: "GET".to_owned(),
            url: url.into(),
            ..Request::default()
        }
    }

    /// A `POST` of JSON text.
    pub fn post_json(url: impl Into<String>, json: impl Into<String>) -> Request {
        Request {
            method: "POST".to_owned(),
            url: url.into(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Some(json.into().into_bytes()),
            timeout_ms: None,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// An answer; redirects are answers too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// (name in lower case, value).
    pub headers: Vec<(String, String)>,
    /// At most 1 MiB, decompressed.
    pub body: Vec<u8>,
}

/// One request, at most 10 per call.
///
/// # Errors
/// `denied` for a host that is not granted, `timeout`, `limit`, `invalid`, `unavailable`.
pub fn fetch(request: &Request) -> Result<Response, HostError> {
    #[cfg(target_family = "wasm")]
    return crate::convert::fetch(request);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.fetch(request))
}
