//! Requests of plugins to the shop's own systems: only to hosts that the manifest asks for and the operator
//! granted, with the secrets that the operator set for them.
//!
//! The secret never enters the guest: it is put into headers here, and cut out of an answer that repeats it.
//! What holds whatever was granted (public addresses, no messaging provider, bounds) is [`portero_net::fetch`]'s.

use std::sync::Arc;
use std::time::Duration;

use portero_domain::ids::{InstallationId, TenantId};
use portero_net::fetch::{Fetch, Fetched, Fetcher, NotFetched};
use portero_net::{Blocked, Url, is_messaging_provider};
use portero_sandbox::{HostError, HttpRequest, HttpResponse};
use portero_store::Store;
use portero_store::model::InstallationSecret;
use secrecy::ExposeSecret;

use crate::context::{Context, Counters};
use crate::grants::{Effective, hosts_cover};

const OPEN: &str = "{{secret:";
const CLOSE: &str = "}}";
/// A shorter secret is not looked for in answers: it would be found everywhere.
const SCRUBBED_FROM: usize = 8;

/// What a call needs to ask for its installation.
pub(crate) struct Asking {
    fetcher: Fetcher,
    store: Store,
    counters: Arc<Counters>,
    tenant: TenantId,
    installation: InstallationId,
}

impl Asking {
    pub(crate) fn of(ctx: &Context, tenant: TenantId, installation: InstallationId) -> Asking {
        Asking {
            fetcher: ctx.fetcher.clone(),
            store: ctx.store.clone(),
            counters: Arc::clone(&ctx.counters),
            tenant,
            installation,
        }
    }

    /// One request, counted.
    pub(crate) async fn fetch(
        &self,
        effective: &Effective,
        request: HttpRequest,
    ) -> Result<HttpResponse, HostError> {
        let answer = self.ask(effective, request).await;
        match &answer {
            Ok(_) => self.counters.plugin_requests_answered.one(),
            Err(HostError::Denied { .. }) => self.counters.plugin_requests_denied.one(),
            Err(_) => self.counters.plugin_requests_failed.one(),
        }
        answer
    }

    async fn ask(
        &self,
        effective: &Effective,
        mut request: HttpRequest,
    ) -> Result<HttpResponse, HostError> {
        let url = Url::parse(&request.url).map_err(|_| HostError::Invalid {
            what: "`url` is no address like https://api.shop.example/carts".to_owned(),
        })?;
        let (host, port) = place(&url)?;
        if !hosts_cover(effective.hosts(), &host, port) {
            return Err(denied(format!("http.fetch {}", at(&host, port))));
        }
        let used = self
            .put_secrets(effective, &host, port, &mut request)
            .await?;
        let what = Fetch {
            method: &request.method,
            url: &url,
            headers: &request.headers,
            body: request.body,
            timeout: Duration::from_millis(u64::from(request.timeout_ms)),
        };
        let answer = self.fetcher.fetch(what).await.map_err(said)?;
        Ok(scrubbed(answer, &used))
    }

    /// Puts secrets where the headers name them; returns those that were put in.
    async fn put_secrets(
        &self,
        effective: &Effective,
        host: &str,
        port: u16,
        request: &mut HttpRequest,
    ) -> Result<Vec<InstallationSecret>, HostError> {
        if !request.headers.iter().any(|(_, v)| v.contains(OPEN)) {
            return Ok(Vec::new());
        }
        let mut tx = self
            .store
            .read()
            .await
            .map_err(|_| HostError::Unavailable)?;
        let all = tx
            .tenant(self.tenant)
            .open_installation_secrets(self.installation)
            .await
            .map_err(|_| HostError::Unavailable)?;
        drop(tx);
        let mut used: Vec<String> = Vec::new();
        for (_, value) in &mut request.headers {
            *value = filled(value, |name| {
                let wants = || denied(format!("secret {name} at {}", at(host, port)));
                if !effective.secret_may_go(name, host, port) {
                    return Err(wants());
                }
                let set = all.iter().find(|s| s.name == name);
                let set = set.ok_or_else(|| denied(format!("secret {name} (it is not set)")))?;
                // The manifest of a later version may name more hosts than the one it was set for.
                if !hosts_cover(&crate::grants::patterns(&set.hosts), host, port) {
                    return Err(wants());
                }
                used.push(name.to_owned());
                Ok(set.value.expose_secret().to_owned())
            })?;
        }
        Ok(all.into_iter().filter(|s| used.contains(&s.name)).collect())
    }
}

/// Host and port, or why the address is none that may be asked.
fn place(url: &Url) -> Result<(String, u16), HostError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(said(NotFetched::Blocked(Blocked::UserInfo)));
    }
    let host = url.domain().unwrap_or_default().to_owned();
    let port = url.port_or_known_default().unwrap_or_default();
    if host.is_empty() {
        let host = url.host_str().unwrap_or_default().to_owned();
        return Err(said(NotFetched::Blocked(Blocked::NotAName { host })));
    }
    // First of all, so that the reason is this one whatever was granted.
    if is_messaging_provider(&host) {
        return Err(denied(format!(
            "http.fetch {host}: messages leave through the gate only, return an action instead"
        )));
    }
    Ok((host, port))
}

fn at(host: &str, port: u16) -> String {
    match port {
        443 => host.to_owned(),
        port => format!("{host}:{port}"),
    }
}

fn denied(permission: String) -> HostError {
    HostError::Denied { permission }
}

/// What the guest is told.
fn said(why: NotFetched) -> HostError {
    let invalid = |what: String| HostError::Invalid { what };
    let limit = |which: &str| HostError::Limit {
        which: which.to_owned(),
    };
    match why {
        NotFetched::Blocked(blocked) => match blocked {
            Blocked::Unresolved { .. } => HostError::Unavailable,
            Blocked::NotPublic { .. } | Blocked::MessagingProvider { .. } => {
                denied(format!("http.fetch: {blocked}"))
            }
            Blocked::Scheme { .. } | Blocked::UserInfo | Blocked::NotAName { .. } => {
                invalid(format!("`url`: {blocked}"))
            }
        },
        NotFetched::Header { .. } | NotFetched::Method => invalid(why.to_string()),
        NotFetched::TooLong { .. } => limit("http.answer-bytes"),
        NotFetched::HeadTooLong => limit("http.answer-header-bytes"),
        NotFetched::Timeout => HostError::Timeout,
        NotFetched::Unreachable => HostError::Unavailable,
    }
}

/// `text` with every `{{secret:NAME}}` replaced; one that does not end is left as it is.
fn filled(
    text: &str,
    mut secret: impl FnMut(&str) -> Result<String, HostError>,
) -> Result<String, HostError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((name, after)) = after.split_once(CLOSE) else {
            break;
        };
        out.push_str(before);
        out.push_str(&secret(name)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// The answer without the secrets that were sent: a system that repeats what it was sent must not tell the guest.
fn scrubbed(answer: Fetched, used: &[InstallationSecret]) -> HttpResponse {
    let mut response = HttpResponse {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
    };
    for secret in used {
        let value = secret.value.expose_secret();
        if value.len() < SCRUBBED_FROM {
            continue;
        }
        let instead = format!("{OPEN}{}{CLOSE}", secret.name);
        for (_, header) in &mut response.headers {
            if header.contains(value) {
                *header = header.replace(value, &instead);
            }
        }
        response.body = replaced(response.body, value.as_bytes(), instead.as_bytes());
    }
    response
}

fn replaced(body: Vec<u8>, what: &[u8], instead: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body.as_slice();
    let mut found = false;
    while let Some(at) = rest.windows(what.len()).position(|w| w == what) {
        found = true;
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(instead);
        rest = after.get(what.len()..).unwrap_or_default();
    }
    if !found {
        return body;
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_put_where_it_is_named_and_nowhere_else() {
        let known = |name: &str| match name {
            "TOKEN" => Ok("s3cr3t-value".to_owned()),
            other => Err(denied(format!("secret {other}"))),
        };
        assert_eq!(
            filled("Bearer {{secret:TOKEN}}", known).unwrap(),
            "Bearer s3cr3t-value"
        );
        assert_eq!(
            filled("{{secret:TOKEN}}:{{secret:TOKEN}}", known).unwrap(),
            "s3cr3t-value:s3cr3t-value"
        );
        for as_it_is in ["plain", "{{secret:TOKEN", "{{TOKEN}}", "{secret:TOKEN}"] {
            assert_eq!(filled(as_it_is, known).unwrap(), as_it_is);
        }
        assert!(filled("{{secret:OTHER}}", known).is_err());
    }

    #[test]
    fn an_answer_does_not_repeat_a_secret() {
        let secret = InstallationSecret {
            name: "TOKEN".to_owned(),
            hosts: Vec::new(),
            value: "s3cr3t-value".into(),
        };
        let answer = Fetched {
            status: 200,
            headers: vec![("x-echo".into(), "Bearer s3cr3t-value".into())],
            body: b"you sent s3cr3t-value and s3cr3t-value!".to_vec(),
        };
        let clean = scrubbed(answer, &[secret]);
        assert_eq!(clean.headers[0].1, "Bearer {{secret:TOKEN}}");
        assert_eq!(
            clean.body,
            b"you sent {{secret:TOKEN}} and {{secret:TOKEN}}!"
        );
    }

    #[test]
    fn a_provider_is_refused_before_anything_else() {
        for provider in [
            "https://graph.facebook.com/v26.0/1/messages",
            "http://api.twilio.com:8080/",
        ] {
            let refused = place(&Url::parse(provider).unwrap()).unwrap_err();
            assert!(refused.to_string().contains("gate"), "{refused}");
        }
        assert!(place(&Url::parse("https://10.0.0.1/").unwrap()).is_err());
        assert!(place(&Url::parse("https://a:b@shop.example/").unwrap()).is_err());
        let fine = place(&Url::parse("https://API.shop.example:8443/x").unwrap()).unwrap();
        assert_eq!(fine, ("api.shop.example".to_owned(), 8443));
    }
}
