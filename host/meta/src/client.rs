//! The real client of Meta's Cloud API.

mod registration;
mod subscriptions;

use std::error::Error;
use std::net::IpAddr;

use async_trait::async_trait;
use portero_domain::clock::Ts;
use portero_domain::ids::{PhoneNumberId, WabaId};
use portero_domain::template::Template;
use portero_gate::{Cleared, ToSend};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::send_failure::{NO_CODE, reaction};
use crate::transport::{Access, Courtesy, CourtesyError, SendOutcome, Transport};
use crate::wire::answer::{self, Accepted, Answer, GraphError};
use crate::wire::numbers::{self, NumberInfo};
use crate::wire::{send, templates};

pub use registration::registration_hint;

/// Meta's own address.
pub const GRAPH_URL: &str = "https://graph.facebook.com";
/// The Graph version the wire types were written for.
pub const GRAPH_VERSION: &str = "v23.0";

/// Largest answer read, in bytes. A page of templates is well below.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// Templates asked for per page.
const PAGE_LIMIT: &str = "100";
/// Pages followed: 6,000 templates per account are the most Meta allows, in several languages each.
const PAGES_MAX: usize = 1_000;

/// Why a client could not be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEndpoint {
    /// No address.
    #[error("`{url}` is no address of the form https://graph.facebook.com")]
    Url {
        /// What was given.
        url: String,
    },
    /// Unencrypted to another machine.
    #[error(
        "`{url}` would send access tokens unencrypted: use https, or a loopback address for the simulator"
    )]
    Unencrypted {
        /// What was given.
        url: String,
    },
    /// Not like `v23.0`.
    #[error("`{version}` is no Graph version: write it like v23.0")]
    Version {
        /// What was given.
        version: String,
    },
}

/// Why a question to Graph has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Meta said no.
    #[error("Meta answered with error {code} (HTTP {http_status}): {title}")]
    Refused {
        /// Meta's code, or [`NO_CODE`].
        code: i64,
        /// Meta's title.
        title: String,
        /// HTTP status of the answer.
        http_status: u16,
    },
    /// No connection, or it broke.
    #[error("Meta was not reached: {why}")]
    Unreachable {
        /// Without personal data.
        why: String,
    },
    /// An answer that is not what was asked for.
    #[error("Meta's answer could not be read: {why}")]
    Unreadable {
        /// What is missing.
        why: String,
    },
}

/// Speaks to Graph, or to whatever stands at `base_url` and speaks like it.
#[derive(Clone, Debug)]
pub struct CloudApi {
    base: Url,
    http: reqwest::Client,
}

/// How far a request came.
enum Wire {
    /// A whole answer.
    Answer { status: u16, body: Vec<u8> },
    /// A status and a body that broke off or was too long.
    Broken { status: u16, why: String },
    /// No connection: nothing was handed over.
    NotSent { why: String },
    /// No answer: it may have been handed over.
    Lost { why: String },
}

impl CloudApi {
    /// For `base_url` ([`GRAPH_URL`] or a simulator's) and a Graph version like `v23.0`.
    ///
    /// Use `portero_net::client`: a client that follows redirects or repeats requests by itself
    /// would send twice.
    ///
    /// # Errors
    /// [`BadEndpoint`]; plain http is accepted for loopback addresses only.
    pub fn new(
        base_url: &str,
        graph_version: &str,
        http: reqwest::Client,
    ) -> Result<CloudApi, BadEndpoint> {
        let bad = || BadEndpoint::Url {
            url: base_url.to_owned(),
        };
        let mut base = Url::parse(base_url).map_err(|_| bad())?;
        if base.cannot_be_a_base() || base.query().is_some() || base.fragment().is_some() {
            return Err(bad());
        }
        match base.scheme() {
            "https" => {}
            "http" if is_loopback(&base) => {}
            "http" => {
                return Err(BadEndpoint::Unencrypted {
                    url: base_url.to_owned(),
                });
            }
            _ => return Err(bad()),
        }
        if !is_version(graph_version) {
            return Err(BadEndpoint::Version {
                version: graph_version.to_owned(),
            });
        }
        base.path_segments_mut()
            .map_err(|()| bad())?
            .pop_if_empty()
            .push(graph_version);
        Ok(CloudApi { base, http })
    }

    /// All templates of an account as they stand at `now`, with their quality (GREEN, YELLOW, RED,
    /// UNKNOWN), page by page.
    ///
    /// # Errors
    /// [`ApiError`]; a listing is whole or not at all.
    pub async fn templates(
        &self,
        waba: &WabaId,
        access: &Access,
        now: Ts,
    ) -> Result<Vec<(Template, String)>, ApiError> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut url = self.url(&[waba.as_str(), "message_templates"])?;
            url.query_pairs_mut()
                .append_pair("fields", templates::FIELDS)
                .append_pair("limit", PAGE_LIMIT);
            if let Some(cursor) = &after {
                url.query_pairs_mut().append_pair("after", cursor);
            }
            let body = self.ask(url, access).await?;
            let page = templates::read_page(&body, now).map_err(|why| ApiError::Unreadable {
                why: why.to_owned(),
            })?;
            all.extend(page.templates);
            match page.next {
                None => return Ok(all),
                next if next == after => break,
                next => after = next,
            }
        }
        Err(ApiError::Unreadable {
            why: "the pages of templates do not end".to_owned(),
        })
    }

    /// What Meta says about a number.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn number(
        &self,
        id: &PhoneNumberId,
        access: &Access,
    ) -> Result<NumberInfo, ApiError> {
        let mut url = self.url(&[id.as_str()])?;
        url.query_pairs_mut().append_pair("fields", numbers::FIELDS);
        let body = self.ask(url, access).await?;
        numbers::read(&body).ok_or_else(|| ApiError::Unreadable {
            why: "no number in it".to_owned(),
        })
    }

    /// Sends what a clearance contained.
    pub(crate) async fn deliver(&self, message: &ToSend, access: &Access) -> SendOutcome {
        let url = match self.url(&[message.sender.as_str(), "messages"]) {
            Ok(url) => url,
            Err(error) => {
                return SendOutcome::NotSent {
                    why: error.to_string(),
                };
            }
        };
        match self
            .call(Method::POST, url, Some(&send::body(message)), access)
            .await
        {
            Wire::NotSent { why } => SendOutcome::NotSent { why },
            Wire::Lost { why } => SendOutcome::Lost { why },
            Wire::Broken { status, why } => outcome(status, &Answer::Unreadable, &why),
            Wire::Answer { status, body } => outcome(
                status,
                &answer::read(&body),
                "the answer is not one of Graph's",
            ),
        }
    }

    async fn ask(&self, url: Url, access: &Access) -> Result<Vec<u8>, ApiError> {
        self.exchange(Method::GET, url, None, access).await
    }

    /// A request that has the answer or the reason why there is none; not for messages.
    async fn exchange(
        &self,
        method: Method,
        url: Url,
        json: Option<&Value>,
        access: &Access,
    ) -> Result<Vec<u8>, ApiError> {
        match self.call(method, url, json, access).await {
            Wire::Answer { status, body } if (200..300).contains(&status) => Ok(body),
            Wire::Answer { status, body } => {
                let (code, title) = code_and_title(answer::read_error(&body));
                Err(ApiError::Refused {
                    code,
                    title,
                    http_status: status,
                })
            }
            Wire::Broken { why, .. } => Err(ApiError::Unreadable { why }),
            Wire::NotSent { why } | Wire::Lost { why } => Err(ApiError::Unreachable { why }),
        }
    }

    fn url(&self, path: &[&str]) -> Result<Url, ApiError> {
        let mut url = self.base.clone();
        // Ids are texts from configuration: each is one segment, whatever it contains.
        if path.iter().any(|p| p.is_empty() || *p == "." || *p == "..") {
            return Err(ApiError::Unreadable {
                why: "an id that is no id".to_owned(),
            });
        }
        url.path_segments_mut()
            .map_err(|()| ApiError::Unreadable {
                why: "a base address without path".to_owned(),
            })?
            .extend(path);
        Ok(url)
    }

    async fn call(&self, method: Method, url: Url, json: Option<&Value>, access: &Access) -> Wire {
        let Ok(mut bearer) =
            HeaderValue::from_str(&format!("Bearer {}", access.token.expose_secret()))
        else {
            return Wire::NotSent {
                why: "the access token has characters that no header can carry".to_owned(),
            };
        };
        bearer.set_sensitive(true);
        let mut request = self
            .http
            .request(method, url)
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(json) = json {
            request = request
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(json.to_string());
        }
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            // Both come before the first byte of the request: no connection, or no request at all.
            Err(e) if e.is_connect() || e.is_builder() => {
                return Wire::NotSent { why: reason(e) };
            }
            Err(e) => return Wire::Lost { why: reason(e) },
        };
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) <= ANSWER_MAX => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    return Wire::Broken {
                        status,
                        why: "the answer is too long".to_owned(),
                    };
                }
                Ok(None) => return Wire::Answer { status, body },
                Err(e) => {
                    return Wire::Broken {
                        status,
                        why: reason(e),
                    };
                }
            }
        }
    }
}

#[async_trait]
impl Transport for CloudApi {
    fn stays_here(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    async fn send(&self, cleared: Cleared, access: &Access, now: Ts) -> SendOutcome {
        match cleared.open(now) {
            Ok(message) => self.deliver(&message, access).await,
            Err(stale) => SendOutcome::Stale {
                why: stale.to_string(),
            },
        }
    }

    async fn courtesy(&self, courtesy: Courtesy, access: &Access) -> Result<(), CourtesyError> {
        let unanswered = |why: String| CourtesyError::Unanswered { why };
        let url = self
            .url(&[courtesy.sender.as_str(), "messages"])
            .map_err(|e| unanswered(e.to_string()))?;
        let body = send::courtesy_body(courtesy.wamid.as_str(), courtesy.typing);
        match self.call(Method::POST, url, Some(&body), access).await {
            Wire::Answer { status, .. } if (200..300).contains(&status) => Ok(()),
            Wire::Answer { body, .. } => {
                let (code, title) = code_and_title(answer::read_error(&body));
                Err(CourtesyError::Refused { code, title })
            }
            Wire::Broken { why, .. } | Wire::NotSent { why } | Wire::Lost { why } => {
                Err(unanswered(why))
            }
        }
    }
}

/// What an answer means for the message. `why` says what was wrong with an unreadable one.
fn outcome(status: u16, answer: &Answer, why: &str) -> SendOutcome {
    match answer {
        Answer::Accepted(Accepted { wamid, wa_id, held }) => SendOutcome::Accepted {
            wamid: wamid.clone(),
            wa_id: wa_id.clone(),
            held: *held,
        },
        Answer::Error(e) => SendOutcome::Refused {
            code: e.code,
            title: e.title.clone(),
            details: e.details.clone(),
            http_status: status,
            reaction: reaction(e.code, status, e.transient),
        },
        // A 4xx is a refusal whoever wrote it; 408 says that the request was not read to its end,
        // but an intermediary says so and may have passed it on.
        Answer::Unreadable if (400..500).contains(&status) && status != 408 => {
            SendOutcome::Refused {
                code: NO_CODE,
                title: format!("HTTP {status} without an error of Graph's"),
                details: None,
                http_status: status,
                reaction: reaction(NO_CODE, status, false),
            }
        }
        // A 2xx without id may be a message on its way; a 5xx without error comes from a gateway
        // that cannot tell what happened behind it; a redirect is nothing Graph does.
        Answer::Unreadable => SendOutcome::Lost {
            why: format!("HTTP {status}: {why}"),
        },
    }
}

fn code_and_title(error: Option<GraphError>) -> (i64, String) {
    error.map_or_else(
        || (NO_CODE, "no error of Graph's".to_owned()),
        |e| (e.code, e.title),
    )
}

/// An HTTP error with its causes, without the address.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(c) = cause {
        text.push_str(": ");
        text.push_str(&c.to_string());
        cause = c.source();
    }
    text
}

fn is_version(text: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.len() <= 3 && t.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('v')
        .and_then(|v| v.split_once('.'))
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|a| a.is_loopback())
}

#[cfg(test)]
mod tests;
