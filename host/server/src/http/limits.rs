//! How often may be asked: per token, per tenant over its tokens, and per address of who has no good token.
//!
//! Each process counts for itself, in memory, by the clock of the host that never jumps.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use governor::clock::Clock as Watch;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use portero_domain::clock::{Clock, Millis, Ts};
use portero_domain::ids::{TenantId, TokenId};
use portero_flow::desk::access::Principal;

use crate::http::codes;
use crate::http::problem::Problem;

/// Keys that are told apart at a time; what comes beyond shares one.
const MOST_KEYS: usize = 10_000;
/// Keys that stand as if they had never asked are thrown away this often at most.
const SWEEP: Millis = Millis::secs(1);

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// A rate: `per` this long `many`, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests; 0 switches the limit off.
    pub many: u32,
    /// In this time.
    pub per: Millis,
    /// At once, after a rest; at least 1.
    pub burst: u32,
}

/// The rates of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of each token.
    pub token: Rate,
    /// Of all tokens of a tenant together.
    pub tenant: Rate,
    /// Of each address without a good token.
    pub stranger: Rate,
}

impl Rates {
    /// Nobody is made to wait.
    pub const OFF: Rates = {
        let off = Rate {
            many: 0,
            per: Millis::secs(1),
            burst: 1,
        };
        Rates {
            token: off,
            tenant: off,
            stranger: off,
        }
    };
}

/// The host's clock, as the library asks for it.
#[derive(Clone)]
struct Steady(Arc<dyn Clock>);

impl Steady {
    fn ts(&self) -> Ts {
        self.0.lease_now()
    }
}

impl Watch for Steady {
    type Instant = Duration;
    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.ts().0).unwrap_or_default())
    }
}

/// Something that is counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key<K> {
    One(K),
    /// All that there was no room for.
    Others,
}

/// Where somebody without a good token asks from: an address, of IPv6 its network of 64 bits. `None`: this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place(Option<IpAddr>);

impl Place {
    fn of(address: Option<IpAddr>) -> Place {
        Place(address.map(|address| match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
            v4 @ IpAddr::V4(_) => v4,
        }))
    }
}

type Counted<K> =
    RateLimiter<Key<K>, HashMapStateStore<Key<K>>, Steady, StateInformationMiddleware>;

struct Limit<K: Clone + Eq + Hash> {
    /// As the headers call it.
    name: &'static str,
    rate: Rate,
    clock: Steady,
    counted: Counted<K>,
    swept: AtomicI64,
}

/// How a limit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    name: &'static str,
    rate: Rate,
    left: u32,
    /// Until a request that was refused would be taken; zero for one that was not.
    wait: Duration,
}

impl<K: Clone + Eq + Hash> Limit<K> {
    fn new(name: &'static str, rate: Rate, clock: &Arc<dyn Clock>) -> Option<Limit<K>> {
        let many = NonZeroU32::new(rate.many)?;
        let every = Duration::from_millis(u64::try_from(rate.per.0).ok()?) / many.get();
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(every)?.allow_burst(burst);
        let clock = Steady(Arc::clone(clock));
        let counted: Counted<K> =
            RateLimiter::new(quota, HashMapStateStore::default(), clock.clone());
        Some(Limit {
            name,
            rate,
            clock,
            counted,
            swept: AtomicI64::new(0),
        })
    }

    fn take(&self, key: K) -> Standing {
        let key = if self.has_room() {
            Key::One(key)
        } else {
            Key::Others
        };
        let (left, wait) = match self.counted.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), Duration::ZERO),
            // A refusal waits for something, were it a nanosecond.
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now());
                (0, wait.max(Duration::from_nanos(1)))
            }
        };
        Standing {
            name: self.name,
            rate: self.rate,
            left,
            wait,
        }
    }

    fn has_room(&self) -> bool {
        if self.counted.len() < MOST_KEYS {
            return true;
        }
        let now = self.clock.ts();
        let last = self.swept.load(Ordering::Relaxed);
        let due = Ts(last) + SWEEP <= now;
        let mine = due
            && self
                .swept
                .compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if mine {
            self.counted.retain_recent();
        }
        self.counted.len() < MOST_KEYS
    }
}

impl Standing {
    fn refuses(&self) -> bool {
        self.wait > Duration::ZERO
    }

    /// Seconds until as much is left as ever.
    fn until_full(&self) -> u64 {
        let missing = u64::from(self.rate.burst.saturating_sub(self.left));
        self.span(missing)
    }

    /// Seconds in which so many requests are given.
    fn span(&self, requests: u64) -> u64 {
        let per = u64::try_from(self.rate.per.0).unwrap_or_default();
        let ms = requests
            .saturating_mul(per)
            .div_ceil(u64::from(self.rate.many.max(1)));
        ms.div_ceil(1_000)
    }

    fn policy(&self) -> String {
        let burst = self.rate.burst;
        format!(
            "\"{}\";q={burst};w={}",
            self.name,
            self.span(burst.into()).max(1)
        )
    }

    fn text(&self) -> String {
        format!("\"{}\";r={};t={}", self.name, self.left, self.until_full())
    }
}

/// What a request left of its limits.
#[derive(Debug)]
pub(crate) struct Taken(Vec<Standing>);

impl Taken {
    /// What it is answered when it may not go on.
    pub(crate) fn refused(&self) -> Option<Response> {
        let full = self.0.iter().find(|s| s.refuses())?;
        let seconds = full.wait.as_millis().div_ceil(1_000).max(1);
        let detail = format!(
            "more requests than the limit `{}` of this host allows ({} every {} s, {} at once); try again in {seconds} s",
            full.name,
            full.rate.many,
            full.rate.per.0 / 1_000,
            full.rate.burst
        );
        let mut response = Problem::of(codes::RATE_LIMITED, detail).into_response();
        self.say(response.headers_mut());
        if let Ok(value) = HeaderValue::try_from(seconds.to_string()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        Some(response)
    }

    /// Tells the caller how its limits stand (draft-ietf-httpapi-ratelimit-headers-10).
    pub(crate) fn say(&self, headers: &mut HeaderMap) {
        let list = |text: fn(&Standing) -> String| {
            let all: Vec<String> = self.0.iter().map(text).collect();
            HeaderValue::try_from(all.join(", ")).ok()
        };
        if self.0.is_empty() {
            return;
        }
        headers.extend(list(Standing::policy).map(|value| (POLICY, value)));
        headers.extend(list(Standing::text).map(|value| (LEFT, value)));
    }
}

/// The limits of this process.
pub struct Limits {
    token: Option<Limit<TokenId>>,
    tenant: Option<Limit<TenantId>>,
    stranger: Option<Limit<Place>>,
}

impl Limits {
    /// Limits at these rates, by the clock's reading that never jumps.
    #[must_use]
    pub fn new(rates: &Rates, clock: &Arc<dyn Clock>) -> Limits {
        Limits {
            token: Limit::new("token", rates.token, clock),
            tenant: Limit::new("tenant", rates.tenant, clock),
            stranger: Limit::new("address", rates.stranger, clock),
        }
    }

    /// A request of somebody who is let in.
    pub(crate) fn caller(&self, principal: &Principal) -> Taken {
        let token = self.token.as_ref().map(|l| l.take(principal.token));
        // What one token may not do costs the others of its tenant nothing.
        let goes_on = token.as_ref().is_none_or(|t| !t.refuses());
        let tenant = self.tenant.as_ref().zip(principal.tenant);
        let tenant = tenant.filter(|_| goes_on).map(|(l, id)| l.take(id));
        Taken(token.into_iter().chain(tenant).collect())
    }

    /// A request of somebody without a good token.
    pub(crate) fn stranger(&self, address: Option<IpAddr>) -> Taken {
        let stranger = self.stranger.as_ref();
        Taken(
            stranger
                .map(|l| l.take(Place::of(address)))
                .into_iter()
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::clock::ManualClock;

    fn limit<K: Clone + Eq + Hash>(many: u32, burst: u32) -> (Limit<K>, ManualClock) {
        let clock = ManualClock::at(Ts(1_800_000_000_000));
        let rate = Rate {
            many,
            per: Millis::secs(1),
            burst,
        };
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        (Limit::new("token", rate, &shared).unwrap(), clock)
    }

    #[test]
    fn so_many_at_once_and_then_as_many_as_time_gives() {
        let (limit, clock) = limit::<u8>(2, 3);
        for left in [2, 1, 0] {
            let taken = limit.take(1);
            assert_eq!((taken.left, taken.refuses()), (left, false));
        }
        let refused = limit.take(1);
        assert!(refused.refuses());
        assert_eq!(refused.text(), "\"token\";r=0;t=2");
        assert_eq!(refused.policy(), "\"token\";q=3;w=2");
        assert!(!limit.take(2).refuses(), "another key has its own");
        clock.advance(Millis(499));
        assert!(limit.take(1).refuses());
        clock.advance(Millis(1));
        assert!(!limit.take(1).refuses());
        assert!(limit.take(1).refuses());
    }

    #[test]
    fn very_many_keys_share_one_and_the_memory_stays() {
        let (limit, clock) = limit::<usize>(1, 1);
        for key in 0..MOST_KEYS {
            assert!(!limit.take(key).refuses());
        }
        assert!(!limit.take(MOST_KEYS).refuses());
        assert!(limit.take(MOST_KEYS + 1).refuses(), "one for all others");
        assert!(limit.counted.len() <= MOST_KEYS + 1);
        clock.advance(Millis::secs(2));
        assert!(!limit.take(MOST_KEYS + 2).refuses());
        assert!(limit.counted.len() <= 2, "who rested is forgotten");
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let of = |text: &str| Place::of(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::3"), of("2001:db8:1:3::3"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Ts(0)));
        let limits = Limits::new(&Rates::OFF, &clock);
        assert!(limits.stranger(None).0.is_empty());
    }
}
