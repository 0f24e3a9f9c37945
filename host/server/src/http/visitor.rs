//! Where a request of a browser comes from, past the proxies this host trusts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Uri, header};

/// What stands in front of this host, as the settings have it.
#[derive(Clone, Debug, Default)]
pub struct Front {
    /// Host and port of the public address, when that is https.
    secure_host: Option<String>,
    /// The public address without its path, as browsers say it in `Origin`.
    origin: Option<String>,
    proxies: Arc<[IpAddr]>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// From where; unknown behind a proxy that does not say so.
    pub(crate) address: Option<IpAddr>,
    /// Whether the browser spoke TLS.
    pub(crate) secure: bool,
}

impl Front {
    /// Reads the settings `public_url` and `trusted_proxies`.
    #[must_use]
    pub fn new(public_url: Option<&str>, proxies: &[IpAddr]) -> Front {
        let uri = public_url.and_then(|url| url.parse::<Uri>().ok());
        let authority = |uri: &Uri| uri.authority().map(|a| a.as_str().to_lowercase());
        let origin = uri
            .as_ref()
            .and_then(|u| Some(format!("{}://{}", u.scheme_str()?, authority(u)?)));
        let secure_host = uri
            .as_ref()
            .filter(|u| u.scheme_str() == Some("https"))
            .and_then(authority);
        Front {
            secure_host,
            origin,
            proxies: proxies.into(),
        }
    }

    /// The public address as `Origin` says it.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Who sent this request.
    pub(crate) fn visitor(&self, parts: &Parts) -> Visitor {
        self.who(&parts.extensions, &parts.headers)
    }

    /// The same, of a request that is not taken apart.
    pub(crate) fn who(&self, extensions: &Extensions, headers: &HeaderMap) -> Visitor {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        self.seen(peer.map(|ConnectInfo(peer)| peer.ip()), headers)
    }

    fn seen(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Visitor {
        let trusted = |address: &IpAddr| self.proxies.contains(&address.to_canonical());
        let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
        let host = text(header::HOST).map(str::to_lowercase);
        let public = self.secure_host.is_some() && host == self.secure_host;
        let Some(peer) = peer.filter(trusted) else {
            return Visitor {
                address: peer.filter(|p| !p.is_loopback()),
                secure: public,
            };
        };
        // Each proxy adds the one it heard from: the last that is no proxy of ours is the browser.
        let forwarded: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .collect();
        let address = forwarded
            .iter()
            .rev()
            .map_while(|text| text.trim().parse::<IpAddr>().ok())
            .find(|a| !trusted(a))
            .or_else(|| Some(peer).filter(|p| !p.is_loopback() && forwarded.is_empty()));
        let proto = text(header::HeaderName::from_static("x-forwarded-proto"));
        let proto = proto.and_then(|p| p.rsplit(',').next()).map(str::trim);
        Visitor {
            address,
            secure: public || proto.is_some_and(|p| p.eq_ignore_ascii_case("https")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front() -> Front {
        let proxies = ["127.0.0.1", "10.0.0.9"].map(|a| a.parse().unwrap());
        Front::new(Some("https://wa.example.com/x"), &proxies)
    }

    fn seen(peer: &str, headers: &[(&'static str, &str)]) -> (Option<String>, bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let visitor = front().seen(Some(peer.parse().unwrap()), &map);
        (visitor.address.map(|a| a.to_string()), visitor.secure)
    }

    #[test]
    fn a_stranger_is_taken_at_its_own_address_whatever_it_says() {
        let says = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(
            seen("192.0.2.7", &says),
            (Some("192.0.2.7".to_owned()), false)
        );
    }

    #[test]
    fn a_trusted_proxy_says_who_asked_and_how() {
        let says = [
            ("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.0.0.9"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(
            seen("127.0.0.1", &says),
            (Some("192.0.2.7".to_owned()), true)
        );
        // What the browser itself put in front does not count, nor what does not read.
        let says = [("x-forwarded-for", "6.6.6.6, nonsense")];
        assert_eq!(seen("127.0.0.1", &says), (None, false));
        assert_eq!(seen("127.0.0.1", &[]), (None, false));
        assert_eq!(seen("10.0.0.9", &[]), (Some("10.0.0.9".to_owned()), false));
    }

    #[test]
    fn the_public_address_is_secure_and_this_machines_is_not() {
        assert!(seen("127.0.0.1", &[("host", "WA.example.com")]).1);
        assert!(!seen("127.0.0.1", &[("host", "127.0.0.1:8080")]).1);
        assert_eq!(front().origin(), Some("https://wa.example.com"));
        assert_eq!(Front::new(None, &[]).origin(), None);
    }
}
