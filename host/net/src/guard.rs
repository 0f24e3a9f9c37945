//! The guard for requests whose address a plugin chose: public addresses only, checked once and
//! connected to as checked, so that a name that changes its mind (DNS rebinding) gains nothing.
//!
//! Deny set: `plugin-hosting` 4.8, with the later special-purpose ranges of the IANA registries.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::providers::messaging_provider;

/// Why a plugin's request does not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Not `https`.
    #[error("`{scheme}` is not allowed: use https")]
    Scheme {
        /// What the URL has.
        scheme: String,
    },
    /// User name or password inside the URL.
    #[error("a user name or password in the address is not allowed: send a header instead")]
    UserInfo,
    /// An address in place of a name, or nothing.
    #[error("`{host}` is not a host name: literal addresses are not allowed")]
    NotAName {
        /// What the URL has.
        host: String,
    },
    /// A messaging provider.
    #[error(
        "`{host}` belongs to {who}: messages leave through the gate only, return an action instead"
    )]
    MessagingProvider {
        /// The host asked for.
        host: String,
        /// Whose it is.
        who: &'static str,
    },
    /// The name has no public address.
    #[error("`{host}` has no public address")]
    NotPublic {
        /// The host asked for.
        host: String,
    },
    /// The name could not be looked up.
    #[error("`{host}` could not be looked up")]
    Unresolved {
        /// The host asked for.
        host: String,
    },
}

impl Blocked {
    /// Finds the guard's reason inside a client's error.
    #[must_use]
    pub fn in_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Blocked> {
        let mut at = Some(error);
        while let Some(e) = at {
            if let Some(blocked) = e.downcast_ref::<Blocked>() {
                return Some(blocked);
            }
            at = e.source();
        }
        None
    }
}

/// What can be judged of a plugin's URL before looking anything up.
///
/// Must be called for every request: HTTP libraries connect to literal addresses without asking
/// the resolver.
///
/// # Errors
/// [`Blocked`] when it is not https to a public-looking name.
pub fn check_url(url: &Url) -> Result<(), Blocked> {
    if url.scheme() != "https" {
        return Err(Blocked::Scheme {
            scheme: url.scheme().to_owned(),
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Blocked::UserInfo);
    }
    let Some(host) = url.domain().filter(|h| !h.trim_end_matches('.').is_empty()) else {
        return Err(Blocked::NotAName {
            host: url.host_str().unwrap_or_default().to_owned(),
        });
    };
    check_name(host)
}

/// Refuses a messaging provider's name.
pub(crate) fn check_name(host: &str) -> Result<(), Blocked> {
    match messaging_provider(host) {
        Some(p) => Err(Blocked::MessagingProvider {
            host: host.to_owned(),
            who: p.who,
        }),
        None => Ok(()),
    }
}

/// Pending answer of a [`Lookup`].
pub type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Where addresses of names come from.
pub trait Lookup: Send + Sync {
    /// All addresses of `host`; ports are ignored.
    fn lookup(&self, host: String) -> Looking;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> Looking {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
    }
}

/// Looks a name up once and hands on the public addresses only.
#[derive(Clone)]
pub struct GuardedResolver {
    lookup: Arc<dyn Lookup>,
}

impl GuardedResolver {
    /// On top of the operating system's resolver.
    #[must_use]
    pub fn system() -> GuardedResolver {
        GuardedResolver::on(Arc::new(SystemLookup))
    }

    /// On top of another source of addresses.
    #[must_use]
    pub fn on(lookup: Arc<dyn Lookup>) -> GuardedResolver {
        GuardedResolver { lookup }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.lookup);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            check_name(&host)?;
            let found = lookup
                .lookup(host.clone())
                .await
                .map_err(|_| Blocked::Unresolved { host: host.clone() })?;
            let public: Vec<SocketAddr> = found.into_iter().filter(|a| is_global(a.ip())).collect();
            if public.is_empty() {
                return Err(Blocked::NotPublic { host }.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Hands on every address of a source: for hosts that the operator named.
#[derive(Clone)]
pub(crate) struct PlainResolver {
    lookup: Arc<dyn Lookup>,
}

impl PlainResolver {
    pub(crate) fn on(lookup: Arc<dyn Lookup>) -> PlainResolver {
        PlainResolver { lookup }
    }
}

impl Resolve for PlainResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = self.lookup.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let addresses: Addrs = Box::new(looking.await?.into_iter());
            Ok(addresses)
        })
    }
}

/// Networks of version 4 that are not the public internet.
const DENIED_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carrier NAT; cloud metadata at 100.100.100.200
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's host agent, reachable from its machines only
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local; cloud metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // former 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, broadcast
];

/// Networks inside 2000::/3 that are not the public internet. Outside it nothing is.
const DENIED_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether an address is on the public internet.
///
/// Version-4 addresses carried inside version 6 (mapped, NAT64, 6to4) are judged as what they carry.
#[must_use]
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => match carried_v4(v6) {
            Some(v4) => is_global_v4(v4),
            None => is_global_v6(v6),
        },
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    !DENIED_V4.iter().any(|(net, len)| {
        let mask = u32::MAX.checked_shl(32 - len).unwrap_or(0);
        address.to_bits() & mask == net.to_bits()
    })
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let within = |net: Ipv6Addr, len: u32| {
        let mask = u128::MAX.checked_shl(128 - len).unwrap_or(0);
        address.to_bits() & mask == net.to_bits()
    };
    within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
        && !DENIED_V6.iter().any(|(net, len)| within(*net, *len))
}

/// The version-4 address inside `::ffff:0:0/96`, `64:ff9b::/96` or `2002::/16`.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(v4(high, low))
        }
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proptest::prelude::*;

    use super::*;

    fn global(text: &str) -> bool {
        is_global(text.parse().unwrap())
    }

    #[test]
    fn each_denied_network_is_denied_from_its_first_to_its_last_address() {
        for (first, last, before, after) in [
            ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
            (
                "10.0.0.0",
                "10.255.255.255",
                Some("9.255.255.255"),
                Some("11.0.0.0"),
            ),
            (
                "100.64.0.0",
                "100.127.255.255",
                Some("100.63.255.255"),
                Some("100.128.0.0"),
            ),
            (
                "127.0.0.0",
                "127.255.255.255",
                Some("126.255.255.255"),
                Some("128.0.0.0"),
            ),
            (
                "168.63.129.16",
                "168.63.129.16",
                Some("168.63.129.15"),
                Some("168.63.129.17"),
            ),
            (
                "169.254.0.0",
                "169.254.255.255",
                Some("169.253.255.255"),
                Some("169.255.0.0"),
            ),
            (
                "172.16.0.0",
                "172.31.255.255",
                Some("172.15.255.255"),
                Some("172.32.0.0"),
            ),
            (
                "192.0.0.0",
                "192.0.0.255",
                Some("191.255.255.255"),
                Some("192.0.1.0"),
            ),
            (
                "192.0.2.0",
                "192.0.2.255",
                Some("192.0.1.255"),
                Some("192.0.3.0"),
            ),
            (
                "192.88.99.0",
                "192.88.99.255",
                Some("192.88.98.255"),
                Some("192.88.100.0"),
            ),
            (
                "192.168.0.0",
                "192.168.255.255",
                Some("192.167.255.255"),
                Some("192.169.0.0"),
            ),
            (
                "198.18.0.0",
                "198.19.255.255",
                Some("198.17.255.255"),
                Some("198.20.0.0"),
            ),
            (
                "198.51.100.0",
                "198.51.100.255",
                Some("198.51.99.255"),
                Some("198.51.101.0"),
            ),
            (
                "203.0.113.0",
                "203.0.113.255",
                Some("203.0.112.255"),
                Some("203.0.114.0"),
            ),
            (
                "224.0.0.0",
                "239.255.255.255",
                Some("223.255.255.255"),
                None,
            ),
            ("240.0.0.0", "255.255.255.255", None, None),
            (
                "2001::",
                "2001:1ff:ffff::",
                Some("2000:ffff::1"),
                Some("2001:200::"),
            ),
            (
                "2001:db8::",
                "2001:db8:ffff::1",
                Some("2001:db7:ffff::1"),
                Some("2001:db9::"),
            ),
            (
                "3fff::",
                "3fff:fff:ffff::1",
                Some("3ffe:ffff::1"),
                Some("3fff:1000::"),
            ),
        ] {
            assert!(!global(first), "{first}");
            assert!(!global(last), "{last}");
            for neighbour in [before, after].into_iter().flatten() {
                assert!(global(neighbour), "{neighbour}");
            }
        }
    }

    #[test]
    fn version_six_outside_global_unicast_is_denied() {
        for denied in [
            "::",
            "::1",
            "::7f00:1",
            "100::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b:1::1",
            "4000::1",
            "1fff::1",
        ] {
            assert!(!global(denied), "{denied}");
        }
        for allowed in ["2606:4700::1111", "2a00:1450:4001:800::200e", "2000::1"] {
            assert!(global(allowed), "{allowed}");
        }
    }

    #[test]
    fn version_four_inside_version_six_is_judged_as_itself() {
        for (private, public) in [
            ("::ffff:127.0.0.1", "::ffff:1.1.1.1"),
            ("::ffff:169.254.169.254", "::ffff:8.8.8.8"),
            ("64:ff9b::10.0.0.1", "64:ff9b::1.1.1.1"),
            ("2002:7f00:1::", "2002:101:101::"),
            ("2002:c0a8:101::1", "2002:808:808::1"),
        ] {
            assert!(!global(private), "{private}");
            assert!(global(public), "{public}");
        }
    }

    proptest! {
        #[test]
        fn a_carried_address_is_never_judged_milder_than_the_bare_one(bits: u32) {
            let bare = Ipv4Addr::from_bits(bits);
            let mapped = IpAddr::V6(bare.to_ipv6_mapped());
            prop_assert_eq!(is_global(IpAddr::V4(bare)), is_global(mapped));
        }

        #[test]
        fn what_the_standard_library_calls_local_is_never_global(bits: u32) {
            let a = Ipv4Addr::from_bits(bits);
            let local = a.is_private() || a.is_loopback() || a.is_link_local() || a.is_broadcast()
                || a.is_documentation() || a.is_multicast() || a.is_unspecified();
            prop_assert!(!(local && is_global(IpAddr::V4(a))));
        }
    }

    #[test]
    fn urls_are_judged_before_any_lookup() {
        let check = |text: &str| check_url(&Url::parse(text).unwrap());
        assert_eq!(check("https://crm.shop.example:8443/x?y=1"), Ok(()));
        assert!(matches!(
            check("http://crm.shop.example/"),
            Err(Blocked::Scheme { .. })
        ));
        assert!(matches!(
            check("file:///etc/passwd"),
            Err(Blocked::Scheme { .. })
        ));
        assert_eq!(
            check("https://ana:pw@crm.shop.example/"),
            Err(Blocked::UserInfo)
        );
        for literal in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://1.1.1.1/",
        ] {
            assert!(
                matches!(check(literal), Err(Blocked::NotAName { .. })),
                "{literal}"
            );
        }
        assert!(matches!(
            check("https://graph.facebook.com/v23.0/1/messages"),
            Err(Blocked::MessagingProvider { who: "Meta", .. })
        ));
    }

    struct Fixed(Vec<&'static str>);
    impl Lookup for Fixed {
        fn lookup(&self, _host: String) -> Looking {
            let found = self
                .0
                .iter()
                .map(|a| SocketAddr::new(a.parse().unwrap(), 0))
                .collect();
            Box::pin(async move { Ok(found) })
        }
    }
    struct Broken;
    impl Lookup for Broken {
        fn lookup(&self, _host: String) -> Looking {
            Box::pin(async { Err(io::Error::other("no such name")) })
        }
    }

    async fn resolve(lookup: impl Lookup + 'static, host: &str) -> Result<Vec<String>, Blocked> {
        let resolver = GuardedResolver::on(Arc::new(lookup));
        match resolver.resolve(Name::from_str(host).unwrap()).await {
            Ok(found) => Ok(found.map(|a| a.ip().to_string()).collect()),
            Err(error) => Err(Blocked::in_error(&*error).unwrap().clone()),
        }
    }

    #[tokio::test]
    async fn private_addresses_are_dropped_and_a_name_without_public_ones_is_blocked() {
        let mixed = Fixed(vec!["10.0.0.5", "1.1.1.1", "::1", "2606:4700::1111"]);
        assert_eq!(
            resolve(mixed, "shop.example").await.unwrap(),
            ["1.1.1.1", "2606:4700::1111"]
        );
        assert_eq!(
            resolve(Fixed(vec!["192.168.0.9", "fd00::1"]), "intranet.example").await,
            Err(Blocked::NotPublic {
                host: "intranet.example".to_owned()
            })
        );
        assert_eq!(
            resolve(Broken, "gone.example").await,
            Err(Blocked::Unresolved {
                host: "gone.example".to_owned()
            })
        );
    }

    #[tokio::test]
    async fn a_provider_is_blocked_even_when_its_address_is_public() {
        assert!(matches!(
            resolve(Fixed(vec!["1.1.1.1"]), "api.twilio.com").await,
            Err(Blocked::MessagingProvider { who: "Twilio", .. })
        ));
    }

    #[tokio::test]
    async fn the_guards_reason_is_found_inside_the_clients_error() {
        let client = crate::guarded_client(
            crate::ClientOptions::default(),
            GuardedResolver::on(Arc::new(Fixed(vec!["127.0.0.1"]))),
        )
        .unwrap();
        let error = client
            .get("https://rebound.example/")
            .send()
            .await
            .unwrap_err();
        assert_eq!(
            Blocked::in_error(&error),
            Some(&Blocked::NotPublic {
                host: "rebound.example".to_owned()
            })
        );
    }
}
