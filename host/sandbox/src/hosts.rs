//! Hosts that a plugin may ask: `api.shop.example`, `*.shop.example`, each with `:port` where it is not the usual one.
//!
//! Names only: a pattern whose last label is a number would be an address, and is none. A wildcard stands
//! for one or more labels in front and never for the bare domain. Source: `plugin-hosting` 4.8.

use std::fmt;
use std::str::FromStr;

/// Where `https` listens unless said otherwise.
const HTTPS: u16 = 443;

/// A host, or all names below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: String,
    below: bool,
    port: u16,
}

/// Why a text is no [`HostPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no host: write `api.shop.example`, `*.shop.example` or `api.shop.example:8443`, without scheme or path"
)]
pub struct NoHostPattern;

impl FromStr for HostPattern {
    type Err = NoHostPattern;

    fn from_str(text: &str) -> Result<HostPattern, NoHostPattern> {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| NoHostPattern)?),
            None => (text, HTTPS),
        };
        let (name, below) = match host.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (host, false),
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_address = last.bytes().all(|b| b.is_ascii_digit());
        if port == 0 || name.len() > 253 || !name.contains('.') || is_address {
            return Err(NoHostPattern);
        }
        if !name.split('.').all(is_label) {
            return Err(NoHostPattern);
        }
        Ok(HostPattern {
            name: name.to_owned(),
            below,
            port,
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(f, "{star}{}", self.name)?;
        match self.port {
            HTTPS => Ok(()),
            port => write!(f, ":{port}"),
        }
    }
}

impl HostPattern {
    /// Whether requests to `host` at `port` are within it. `host` in lower case, as URLs are parsed.
    #[must_use]
    pub fn covers(&self, host: &str, port: u16) -> bool {
        self.port == port && self.names(host)
    }

    /// Whether all that `narrower` covers is within it.
    #[must_use]
    pub fn includes(&self, narrower: &HostPattern) -> bool {
        self.port == narrower.port
            && match (self.below, narrower.below) {
                (false, true) => false,
                (true, true) if self.name == narrower.name => true,
                _ => self.names(&narrower.name),
            }
    }

    fn names(&self, host: &str) -> bool {
        if !self.below {
            return self.name == host;
        }
        host.strip_suffix(&self.name)
            .and_then(|front| front.strip_suffix('.'))
            .is_some_and(|front| !front.is_empty())
    }
}

/// A label of a name in lower case.
pub(crate) fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "",
            "*",
            "*.",
            "localhost",
            "127.0.0.1",
            "*.0.0.1",
            "[::1]",
            "a b.example",
            "https://shop.example",
            "shop.example/x",
            "shop.example:",
            "shop.example:0",
            "shop.example:70000",
            "*.*.example",
            "a*.example",
            "Shop.example",
            "-a.example",
            "shop.example.",
            "ana@shop.example",
            "2130706433",
        ] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
        for good in ["api.shop.example", "*.shop.example", "*.shop.example:8443"] {
            assert_eq!(pattern(good).to_string(), good);
        }
        assert_eq!(
            pattern("api.shop.example:443").to_string(),
            "api.shop.example"
        );
    }

    #[test]
    fn a_wildcard_stands_for_labels_in_front_and_nothing_else() {
        let below = pattern("*.shop.example");
        assert!(below.covers("api.shop.example", 443));
        assert!(below.covers("a.b.shop.example", 443));
        for outside in [
            "shop.example",
            "evilshop.example",
            ".shop.example",
            "shop.example.evil",
        ] {
            assert!(!below.covers(outside, 443), "{outside}");
        }
        assert!(!below.covers("api.shop.example", 8443));
        assert!(pattern("api.shop.example:8443").covers("api.shop.example", 8443));
        assert!(!pattern("api.shop.example").covers("api.shop.example.", 443));
    }

    #[test]
    fn a_grant_may_be_narrower_than_what_was_asked_and_never_wider() {
        let asked = pattern("*.shop.example");
        for narrower in ["*.shop.example", "api.shop.example", "*.eu.shop.example"] {
            assert!(asked.includes(&pattern(narrower)), "{narrower}");
        }
        for wider in [
            "shop.example",
            "*.example.com",
            "api.shop.example:8443",
            "*.xshop.example",
        ] {
            assert!(!asked.includes(&pattern(wider)), "{wider}");
        }
        assert!(!pattern("api.shop.example").includes(&asked));
    }
}
