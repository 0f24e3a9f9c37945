//! Requests of plugins: one, to a public address, bounded both ways, nothing followed.
//!
//! Whether the plugin may ask that host at all is the caller's to know; what is here holds whatever was granted:
//! no messaging provider, no private address but those of hosts that the operator named, no header that
//! belongs to the connection. Source: `plugin-hosting` 4.8.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use crate::client::{ClientError, ClientOptions, client_on, guarded_client};
use crate::guard::{Blocked, GuardedResolver, Lookup, SystemLookup, check_name, check_url};

/// Longest answer, bytes of its body.
pub const ANSWER_MAX: usize = 1024 * 1024;
/// Longest head of an answer: names and values of its headers, bytes.
pub const ANSWER_HEAD_MAX: usize = 16 * 1024;
/// Longest wait for an answer, whatever is asked.
pub const FETCH_MAX: Duration = Duration::from_secs(5);
/// Longest time that a download takes, from asking to its last byte.
pub const DOWNLOAD_MAX: Duration = Duration::from_secs(60);

/// Headers of the connection, not of the request; and two that would change who is asked or how the answer
/// is to be read.
const NOT_THE_PLUGINS: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// One request of a plugin. Redacted in logs: it may carry a secret and what people wrote.
pub struct Fetch<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Where to.
    pub url: &'a Url,
    /// (name, value).
    pub headers: &'a [(String, String)],
    /// Sent as it is.
    pub body: Option<Vec<u8>>,
    /// How long to wait, at most [`FETCH_MAX`].
    pub timeout: Duration,
}

/// What came back.
pub struct Fetched {
    /// HTTP status; a redirect is an answer.
    pub status: u16,
    /// (name in lower case, value); a value that is no text is left out.
    pub headers: Vec<(String, String)>,
    /// At most [`ANSWER_MAX`] bytes.
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFetched {
    /// The guard's reason.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// A header that cannot be sent.
    #[error("header `{name}` {why}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A method that is none.
    #[error("no such method")]
    Method,
    /// The answer has more than may be taken.
    #[error("the answer is longer than {most} bytes")]
    TooLong {
        /// Most bytes that are taken.
        most: usize,
    },
    /// The answer's head has more than a plugin may take.
    #[error("the headers of the answer are longer than {ANSWER_HEAD_MAX} bytes")]
    HeadTooLong,
    /// Too slow.
    #[error("no answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("no answer")]
    Unreachable,
}

/// Asks for plugins. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    public: reqwest::Client,
    private: reqwest::Client,
    private_hosts: Arc<[String]>,
}

impl Fetcher {
    /// `private_hosts`: names (`crm.internal` or `crm.internal:8080`) that the operator allows although they are
    /// not public; plain `http` is allowed for them too.
    ///
    /// # Errors
    /// [`ClientError`] when TLS or the library cannot be set up.
    pub fn new(private_hosts: &[String]) -> Result<Fetcher, ClientError> {
        Fetcher::on(private_hosts, Arc::new(SystemLookup))
    }

    /// The same on another source of addresses.
    ///
    /// # Errors
    /// As [`Fetcher::new`].
    pub fn on(private_hosts: &[String], lookup: Arc<dyn Lookup>) -> Result<Fetcher, ClientError> {
        let options = ClientOptions {
            timeout: FETCH_MAX,
            connect_timeout: FETCH_MAX,
            pool_idle: 2,
            ..ClientOptions::default()
        };
        Ok(Fetcher {
            public: guarded_client(options, GuardedResolver::on(Arc::clone(&lookup)))?,
            private: client_on(options, lookup)?,
            private_hosts: private_hosts.into(),
        })
    }

    /// Sends it once.
    ///
    /// # Errors
    /// [`NotFetched`]; after [`NotFetched::Timeout`] and [`NotFetched::Unreachable`] it may have arrived.
    pub async fn fetch(&self, what: Fetch<'_>) -> Result<Fetched, NotFetched> {
        let client = self.client_for(what.url)?;
        let method = Method::from_bytes(what.method.as_bytes()).map_err(|_| NotFetched::Method)?;
        let mut request = client
            .request(method, what.url.clone())
            .headers(headers(what.headers)?)
            .timeout(what.timeout.min(FETCH_MAX));
        if let Some(body) = what.body {
            request = request.body(body);
        }
        let answer = request.send().await.map_err(|e| why(&e))?;
        whole(answer, ANSWER_MAX).await
    }

    /// Gets a file, by the same rules; a redirect is an answer here too.
    ///
    /// # Errors
    /// [`NotFetched`]; [`NotFetched::TooLong`] past `most` bytes.
    pub async fn download(&self, url: &Url, most: usize) -> Result<Fetched, NotFetched> {
        let request = self.client_for(url)?.get(url.clone()).timeout(DOWNLOAD_MAX);
        let answer = request.send().await.map_err(|e| why(&e))?;
        whole(answer, most).await
    }

    /// What can be said of an address before it is asked.
    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, NotFetched> {
        if !self.is_private(url) {
            check_url(url)?;
            return Ok(&self.public);
        }
        // A provider stays refused, whoever named it.
        check_name(url.host_str().unwrap_or_default())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::UserInfo.into());
        }
        Ok(&self.private)
    }

    fn is_private(&self, url: &Url) -> bool {
        let Some(host) = url
            .domain()
            .filter(|_| matches!(url.scheme(), "http" | "https"))
        else {
            return false;
        };
        let port = url.port_or_known_default();
        self.private_hosts
            .iter()
            .any(|named| match named.rsplit_once(':') {
                Some((name, at)) => name == host && at.parse().ok() == port,
                None => named == host,
            })
    }
}

async fn whole(mut answer: reqwest::Response, most: usize) -> Result<Fetched, NotFetched> {
    let status = answer.status().as_u16();
    let headers = told(answer.headers())?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| why(&e))? {
        if body.len().saturating_add(chunk.len()) > most {
            return Err(NotFetched::TooLong { most });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched {
        status,
        headers,
        body,
    })
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, NotFetched> {
    let mut map = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let bad = |why| NotFetched::Header {
            name: name.chars().take(64).collect(),
            why,
        };
        let header =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("is no header name"))?;
        if NOT_THE_PLUGINS.contains(&header.as_str()) || header.as_str().starts_with("proxy-") {
            return Err(bad("belongs to the connection: leave it out"));
        }
        let mut value =
            HeaderValue::from_str(value).map_err(|_| bad("has a value that cannot be sent"))?;
        value.set_sensitive(true);
        map.append(header, value);
    }
    Ok(map)
}

fn told(map: &HeaderMap) -> Result<Vec<(String, String)>, NotFetched> {
    let mut length = 0_usize;
    let mut told = Vec::with_capacity(map.len());
    for (name, value) in map {
        length = length
            .saturating_add(name.as_str().len())
            .saturating_add(value.len());
        if length > ANSWER_HEAD_MAX {
            return Err(NotFetched::HeadTooLong);
        }
        if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
            told.push((name.as_str().to_owned(), text.to_owned()));
        }
    }
    Ok(told)
}

fn why(error: &reqwest::Error) -> NotFetched {
    match Blocked::in_error(error) {
        Some(blocked) => blocked.clone().into(),
        None if error.is_timeout() => NotFetched::Timeout,
        None => NotFetched::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::guard::Looking;

    /// Every name is at these addresses, one after the other: a name that changes its mind.
    struct Names(Mutex<Vec<SocketAddr>>);

    impl Lookup for Names {
        fn lookup(&self, _: String) -> Looking {
            let mut all = self.0.lock().unwrap();
            let next = if all.len() > 1 { all.remove(0) } else { all[0] };
            Box::pin(async move { Ok(vec![next]) })
        }
    }

    fn at(addresses: &[&str], private: &[&str]) -> Fetcher {
        let addresses = addresses
            .iter()
            .map(|a| SocketAddr::new(a.parse().unwrap(), 0));
        let private: Vec<String> = private.iter().map(|p| (*p).to_owned()).collect();
        Fetcher::on(&private, Arc::new(Names(Mutex::new(addresses.collect())))).unwrap()
    }

    async fn get(
        fetcher: &Fetcher,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Fetched, NotFetched> {
        let headers: Vec<(String, String)> = headers
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let url = Url::parse(url).unwrap();
        let what = Fetch {
            method: "GET",
            url: &url,
            headers: &headers,
            body: None,
            timeout: FETCH_MAX,
        };
        fetcher.fetch(what).await
    }

    /// A shop's system that gives one answer and tells what it was asked.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test server beside the client under test"
    )]
    async fn system(answer: Vec<u8>) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            let mut buffer = [0_u8; 1024];
            while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
                let n = socket.read(&mut buffer).await.unwrap();
                seen.extend_from_slice(&buffer[..n]);
            }
            // The client may hang up on an answer that is too long.
            let _ = socket.write_all(&answer).await;
            String::from_utf8(seen).unwrap()
        });
        (port, asked)
    }

    fn answer(head: &str, body: usize) -> Vec<u8> {
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\n{head}content-length: {body}\r\n\r\n").into_bytes();
        bytes.resize(bytes.len() + body, b'x');
        bytes
    }

    #[tokio::test]
    async fn a_system_that_the_operator_named_is_asked_and_its_answer_told() {
        let (port, asked) = system(answer("X-Shop: sol\r\n", 3)).await;
        let fetcher = at(&["127.0.0.1"], &["crm.shop.test"]);
        let url = format!("http://crm.shop.test:{port}/carts?x=1");
        let told = get(&fetcher, &url, &[("authorization", "Bearer t")])
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((told.status, told.body.as_slice()), (200, &b"xxx"[..]));
        assert!(
            told.headers
                .contains(&("x-shop".to_owned(), "sol".to_owned()))
        );
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("GET /carts?x=1 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("authorization: Bearer t\r\n"), "{asked}");
        assert!(
            asked.contains(&format!("host: crm.shop.test:{port}\r\n")),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer() {
        let moved =
            b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
        let (port, _asked) = system(moved.to_vec()).await;
        let fetcher = at(&["127.0.0.1"], &["crm.shop.test"]);
        let told = get(&fetcher, &format!("http://crm.shop.test:{port}/"), &[]).await;
        assert_eq!(told.unwrap_or_else(|e| panic!("{e}")).status, 302);
    }

    #[tokio::test]
    async fn answers_are_bounded_to_the_byte() {
        let fetcher = at(&["127.0.0.1"], &["crm.shop.test"]);
        for (body, fits) in [(ANSWER_MAX, true), (ANSWER_MAX + 1, false)] {
            let (port, _asked) = system(answer("", body)).await;
            let told = get(&fetcher, &format!("http://crm.shop.test:{port}/"), &[]).await;
            match told {
                Ok(told) => assert!(fits && told.body.len() == body),
                Err(why) => assert!(
                    !fits && why == (NotFetched::TooLong { most: ANSWER_MAX }),
                    "{why}"
                ),
            }
        }
        let (port, _asked) = system(answer(
            &format!("x-long: {}\r\n", "y".repeat(ANSWER_HEAD_MAX)),
            0,
        ))
        .await;
        let told = get(&fetcher, &format!("http://crm.shop.test:{port}/"), &[]).await;
        assert_eq!(told.err(), Some(NotFetched::HeadTooLong));
    }

    #[tokio::test]
    async fn a_name_is_asked_at_the_address_that_was_judged() {
        for inside in [
            "127.0.0.1",
            "10.0.0.1",
            "169.254.169.254",
            "::1",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
        ] {
            let fetcher = at(&[inside], &[]);
            let told = get(&fetcher, "https://crm.shop.test/", &[]).await;
            assert!(
                matches!(
                    told.err(),
                    Some(NotFetched::Blocked(Blocked::NotPublic { .. }))
                ),
                "{inside}"
            );
        }
        // One port of a host is named, the others stay closed.
        let fetcher = at(&["127.0.0.1"], &["crm.shop.test:8080"]);
        let told = get(&fetcher, "https://crm.shop.test/", &[]).await;
        assert!(matches!(
            told.err(),
            Some(NotFetched::Blocked(Blocked::NotPublic { .. }))
        ));
        let told = get(&fetcher, "http://crm.shop.test:8081/", &[]).await;
        assert!(matches!(
            told.err(),
            Some(NotFetched::Blocked(Blocked::Scheme { .. }))
        ));
    }

    #[tokio::test]
    async fn a_provider_stays_refused_whoever_named_it() {
        let fetcher = at(&["127.0.0.1"], &["graph.facebook.com", "127.0.0.1"]);
        let told = get(&fetcher, "http://graph.facebook.com/v26.0/1/messages", &[]).await;
        assert!(matches!(
            told.err(),
            Some(NotFetched::Blocked(Blocked::MessagingProvider {
                who: "Meta",
                ..
            }))
        ));
        // An address is no name, even a named one.
        for literal in [
            "http://127.0.0.1/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://0x7f.1/",
        ] {
            let told = get(&fetcher, literal, &[]).await;
            assert!(
                matches!(told.err(), Some(NotFetched::Blocked(_))),
                "{literal}"
            );
        }
        let told = get(&fetcher, "http://a:b@graph.shop.test/", &[]).await;
        assert!(told.is_err());
    }

    #[tokio::test]
    async fn headers_of_the_connection_are_not_the_plugins() {
        let fetcher = at(&["127.0.0.1"], &["crm.shop.test"]);
        for (name, value) in [
            ("Host", "graph.facebook.com"),
            ("connection", "close"),
            ("Transfer-Encoding", "chunked"),
            ("content-length", "1"),
            ("Proxy-Connection", "x"),
            ("accept-encoding", "gzip"),
            ("x y", "z"),
            ("x-line", "a\r\nhost: b"),
        ] {
            let told = get(&fetcher, "http://crm.shop.test:1/", &[(name, value)]).await;
            assert!(
                matches!(told.err(), Some(NotFetched::Header { .. })),
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn who_does_not_answer_is_unreachable() {
        let fetcher = at(&["127.0.0.1"], &["crm.shop.test"]);
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let told = get(&fetcher, &format!("http://crm.shop.test:{port}/"), &[]).await;
        assert_eq!(told.err(), Some(NotFetched::Unreachable));
    }
}
