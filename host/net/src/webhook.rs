//! Webhooks out, as Standard Webhooks 1.0 has them: signed, bounded, and only to public addresses
//! unless the operator named the host.
//!
//! Source: the Standard Webhooks specification 1.0.0, "Signature scheme" and "Deliverability".

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::client::{ClientError, ClientOptions, client, guarded_client};
use crate::guard::{Blocked, GuardedResolver, check_url};

/// Longest wait for a receiver, the specification's upper end.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// Longest address, bytes.
pub const URL_MAX: usize = 2_000;

const PREFIX: &str = "whsec_";

/// Why an address is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEndpoint {
    /// Not an address.
    #[error("not an address like https://shop.example/portero")]
    Unreadable,
    /// Longer than [`URL_MAX`].
    #[error("longer than {URL_MAX} bytes")]
    TooLong,
    /// The guard's reason.
    #[error(
        "{0}; a system of your own network can be named by the operator in `webhook_private_hosts`"
    )]
    Blocked(#[from] Blocked),
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The address may not be called.
    #[error(transparent)]
    Endpoint(#[from] BadEndpoint),
    /// Nobody listens there.
    #[error("no connection")]
    Connect,
    /// Too slow.
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    /// Anything else on the way.
    #[error("the connection broke")]
    Broken,
}

/// One delivery.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// `webhook-id`: the same for every try, so that a receiver can tell repeats.
    pub id: &'a str,
    /// `webhook-timestamp`: seconds since 1970 of this try.
    pub at_secs: i64,
    /// The bytes that are signed and sent: JSON.
    pub body: &'a str,
    /// Signed with each of them; during a rotation there are two.
    pub secrets: &'a [SecretString],
}

/// Delivers webhooks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WebhookSender {
    public: reqwest::Client,
    private: reqwest::Client,
    private_hosts: Vec<String>,
}

impl WebhookSender {
    /// `private_hosts`: names or addresses the operator allows although they are not public, as they
    /// stand in the URL, without port; `http` is allowed for them too.
    ///
    /// # Errors
    /// [`ClientError`] when TLS or the library cannot be set up.
    pub fn new(private_hosts: Vec<String>) -> Result<WebhookSender, ClientError> {
        let options = ClientOptions {
            timeout: TIMEOUT,
            pool_idle: 1,
            ..ClientOptions::default()
        };
        Ok(WebhookSender {
            public: guarded_client(options, GuardedResolver::system())?,
            private: client(options)?,
            private_hosts,
        })
    }

    /// What can be said of an address before it is called.
    ///
    /// # Errors
    /// [`BadEndpoint`].
    pub fn check(&self, url: &str) -> Result<Url, BadEndpoint> {
        if url.len() > URL_MAX {
            return Err(BadEndpoint::TooLong);
        }
        let url = Url::parse(url).map_err(|_| BadEndpoint::Unreadable)?;
        if !self.is_private(&url) {
            check_url(&url)?;
        }
        Ok(url)
    }

    /// Posts it once and gives the status of the answer; redirects are not followed, the body of the
    /// answer is not read.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn post(&self, url: &str, what: Delivery<'_>) -> Result<u16, NoAnswer> {
        // Again for every try: the operator's list may have changed since it was kept.
        let url = self.check(url)?;
        let client = if self.is_private(&url) {
            &self.private
        } else {
            &self.public
        };
        let signatures: Vec<String> = what
            .secrets
            .iter()
            .filter_map(|secret| sign(secret, what.id, what.at_secs, what.body))
            .collect();
        let sent = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", what.id)
            .header("webhook-timestamp", what.at_secs.to_string())
            .header("webhook-signature", signatures.join(" "))
            .body(what.body.to_owned())
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => Err(match Blocked::in_error(&error) {
                Some(blocked) => BadEndpoint::Blocked(blocked.clone()).into(),
                None if error.is_timeout() => NoAnswer::Timeout,
                None if error.is_connect() => NoAnswer::Connect,
                None => NoAnswer::Broken,
            }),
        }
    }

    fn is_private(&self, url: &Url) -> bool {
        matches!(url.scheme(), "http" | "https")
            && url
                .host_str()
                .is_some_and(|host| self.private_hosts.iter().any(|p| p == host))
    }
}

/// A signing secret from 32 random bytes, as receivers' libraries take it: `whsec_…`.
#[must_use]
pub fn secret(random: &[u8; 32]) -> SecretString {
    SecretString::from(format!("{PREFIX}{}", STANDARD.encode(random)))
}

/// `v1,…` over id, time and body; `None` when the secret is not one of ours.
#[must_use]
pub fn sign(secret: &SecretString, id: &str, at_secs: i64, body: &str) -> Option<String> {
    let key = secret.expose_secret().strip_prefix(PREFIX)?;
    let key = STANDARD.decode(key).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{at_secs}.").as_bytes());
    mac.update(body.as_bytes());
    Some(format!(
        "v1,{}",
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own example.
    #[test]
    fn the_specifications_example_comes_out() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = sign(
            &secret,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(
            signed.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn the_reference_library_makes_the_same_signature() {
        let secret = secret(&[7; 32]);
        let theirs = standardwebhooks::Webhook::new(secret.expose_secret()).unwrap();
        let body = "{\"type\":\"ping\",\"é\":\"ñ\"}";
        assert_eq!(
            sign(&secret, "ntc_1", 1_795_000_000, body).unwrap(),
            theirs
                .sign("ntc_1", 1_795_000_000, body.as_bytes())
                .unwrap()
        );
        assert!(sign(&SecretString::from("plain"), "a", 1, "b").is_none());
    }

    #[test]
    fn only_public_https_and_what_the_operator_named() {
        let sender = WebhookSender::new(vec!["crm.internal".into(), "127.0.0.1".into()]).unwrap();
        for good in [
            "https://shop.example/hook?x=1",
            "http://crm.internal:9000/hook",
            "http://127.0.0.1:1/x",
        ] {
            sender.check(good).unwrap();
        }
        for bad in [
            "http://shop.example/hook",
            "https://192.168.1.4/hook",
            "https://169.254.169.254/latest",
            "https://[::1]/x",
            "http://127.0.0.2/x",
            "https://crm.internal.example@10.0.0.1/",
            "https://user:word@shop.example/",
            "https://graph.facebook.com/v26.0/1/messages",
            "ftp://crm.internal/x",
            "shop.example/hook",
            "",
        ] {
            sender.check(bad).unwrap_err();
        }
        let long = format!("https://shop.example/{}", "x".repeat(URL_MAX));
        assert_eq!(sender.check(&long), Err(BadEndpoint::TooLong));
    }
}
