//! HTTP clients with the settings every outgoing request of Portero shares.

use std::sync::Arc;
use std::time::Duration;

use crate::guard::{GuardedResolver, Lookup, PlainResolver};
use crate::tls::client_config;

/// Idle connections kept per host: one per message in flight to Graph, so that none pays a handshake.
pub const POOL_IDLE_DEFAULT: usize = 256;

/// How long an idle connection is kept. Short: a request written to a connection that the other
/// side is just closing has an unknown fate.
pub const POOL_IDLE_FOR: Duration = Duration::from_secs(25);

/// What differs between clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientOptions {
    /// From the first byte of the request to the last of the answer.
    pub timeout: Duration,
    /// Name lookup, TCP and TLS together. Keep it shorter than `timeout`: a connection that never
    /// came about is known not to have carried the request, a timeout later is not.
    pub connect_timeout: Duration,
    /// Idle connections kept per host.
    pub pool_idle: usize,
    /// Never HTTP/2. One multiplexed connection was the bottleneck measured towards Graph, so the
    /// present build has no HTTP/2 at all; the flag keeps it so for this client should that change.
    pub http1_only: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(5),
            pool_idle: POOL_IDLE_DEFAULT,
            http1_only: true,
        }
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The TLS provider lacks what is asked of it.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    /// The HTTP library refused the options.
    #[error("the HTTP client could not be built")]
    Build(#[from] reqwest::Error),
}

/// A client for addresses the operator configured.
///
/// It follows no redirect (a token must not travel to another host), uses no proxy from the
/// environment and repeats no request by itself (Meta has no idempotency key).
///
/// # Errors
/// [`ClientError`] when TLS or the library cannot be set up.
pub fn client(options: ClientOptions) -> Result<reqwest::Client, ClientError> {
    Ok(builder(options)?.build()?)
}

/// A client for addresses a plugin named: `https` only, every address checked by `resolver`.
///
/// The resolver sees names, not literal addresses: run [`crate::check_url`] on each URL first.
///
/// # Errors
/// [`ClientError`] when TLS or the library cannot be set up.
pub fn guarded_client(
    options: ClientOptions,
    resolver: GuardedResolver,
) -> Result<reqwest::Client, ClientError> {
    Ok(builder(options)?
        .https_only(true)
        .dns_resolver(Arc::new(resolver))
        .build()?)
}

/// A client for addresses the operator configured, with another source of addresses.
///
/// # Errors
/// As [`client()`].
pub(crate) fn client_on(
    options: ClientOptions,
    lookup: Arc<dyn Lookup>,
) -> Result<reqwest::Client, ClientError> {
    Ok(builder(options)?
        .dns_resolver(Arc::new(PlainResolver::on(lookup)))
        .build()?)
}

fn builder(options: ClientOptions) -> Result<reqwest::ClientBuilder, ClientError> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(client_config()?)
        .timeout(options.timeout)
        .connect_timeout(options.connect_timeout)
        .pool_max_idle_per_host(options.pool_idle)
        .pool_idle_timeout(POOL_IDLE_FOR)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .user_agent(concat!("portero/", env!("CARGO_PKG_VERSION")));
    Ok(if options.http1_only {
        builder.http1_only()
    } else {
        builder
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Answers one request with `answer` and hands back what was asked.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test server beside the client under test"
    )]
    async fn serve_once(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            let mut buffer = [0_u8; 1024];
            while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
                let n = socket.read(&mut buffer).await.unwrap();
                seen.extend_from_slice(&buffer[..n]);
            }
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(seen).unwrap()
        });
        (format!("http://{address}/x"), served)
    }

    #[tokio::test]
    async fn a_redirect_is_handed_back_and_not_followed() {
        let (url, served) = serve_once(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        let answer = client(ClientOptions::default())
            .unwrap()
            .get(url)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 302);
        let asked = served.await.unwrap();
        assert!(asked.starts_with("GET /x HTTP/1.1\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn a_guarded_client_speaks_https_only() {
        let client = guarded_client(ClientOptions::default(), GuardedResolver::system()).unwrap();
        let error = client
            .get("http://shop.example/x")
            .send()
            .await
            .unwrap_err();
        assert!(error.is_builder(), "{error:?}");
    }
}
