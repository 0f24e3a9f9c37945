//! How often somebody may guess: by name and address together, by address, by name.
//!
//! None locks anybody out: waits end by themselves, a try during one does not lengthen it, and the
//! count of a name alone, which a stranger can drive up, never asks for more than half a minute.

use std::net::IpAddr;

use portero_domain::clock::{Millis, Ts};
use portero_store::Tx;
use portero_store::model::LoginCount;
use sha2::{Digest, Sha256};

use crate::error::FlowError;

/// A count and how it makes wait.
struct Limit {
    /// Word in the table.
    kind: &'static str,
    /// Failures that cost nothing.
    free: u64,
    /// Wait after the first beyond them; each further one doubles it …
    first: Millis,
    /// … up to this.
    longest: Millis,
}

/// In the order they are taken, which is the same everywhere.
const ADDRESS: Limit = Limit {
    kind: "address",
    free: 30,
    first: Millis::secs(30),
    longest: Millis::minutes(15),
};
const NAME: Limit = Limit {
    kind: "name",
    free: 20,
    first: Millis::secs(30),
    longest: Millis::secs(30),
};
const PAIR: Limit = Limit {
    kind: "pair",
    free: 5,
    first: Millis::secs(30),
    longest: Millis::minutes(15),
};

/// Secrets of links that are tried from one address.
const SECRETS: Limit = Limit {
    kind: "secrets",
    free: 60,
    first: Millis::secs(1),
    longest: Millis::minutes(1),
};
/// Looks through one link.
const LINK: Limit = Limit {
    kind: "link",
    free: 100,
    first: Millis::secs(1),
    longest: Millis::minutes(1),
};

/// Without a failure for so long, a count begins anew.
const FORGOTTEN: Millis = Millis::days(1);
/// Buckets of a kind. Few enough to bound the table and to hide what was typed, enough that two names
/// hardly ever meet.
const BUCKETS: u32 = 1 << 20;

impl Limit {
    /// From when the next try counts.
    fn opens(&self, count: LoginCount) -> Ts {
        if count.failures < self.free {
            return count.last_at;
        }
        let doubled = u32::try_from(count.failures - self.free).map_or(31, |n| n.min(31));
        let wait = self.first.0.saturating_mul(1_i64 << doubled);
        count.last_at + Millis(wait.min(self.longest.0))
    }
}

/// The counts that one try touches.
pub(crate) struct Guesses(Vec<(Limit, u32)>);

impl Guesses {
    /// Of a name, from an address if one is known.
    pub(crate) fn of(name: &str, address: Option<IpAddr>) -> Guesses {
        let place = address.map(network).unwrap_or_default();
        let mut all = Vec::with_capacity(3);
        if address.is_some() {
            all.push((ADDRESS, bucket(&["address", &place])));
        }
        all.push((NAME, bucket(&["name", name])));
        if address.is_some() {
            all.push((PAIR, bucket(&["pair", &place, name])));
        }
        Guesses(all)
    }

    /// Of the secret of a link, from an address; all whose address is not known count as one.
    pub(crate) fn of_secrets(address: Option<IpAddr>) -> Guesses {
        let place = address.map(network).unwrap_or_default();
        Guesses(vec![(SECRETS, bucket(&["secrets", &place]))])
    }

    /// Of looks through one link; those are not taken back.
    pub(crate) fn of_link(id: &str) -> Guesses {
        Guesses(vec![(LINK, bucket(&["link", id]))])
    }
}

/// Who has one address of IPv6 has the whole 64 bits behind it.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => v6
                .segments()
                .iter()
                .take(4)
                .map(|part| format!("{part:x}:"))
                .collect(),
        },
    }
}

fn bucket(parts: &[&str]) -> u32 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let bytes = hash.finalize();
    let number = bytes
        .iter()
        .take(4)
        .fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
    number % BUCKETS
}

/// Counts a try as failed; until when to wait instead, if it comes too early.
///
/// # Errors
/// The database.
pub(crate) async fn count(
    tx: &mut Tx,
    guesses: &Guesses,
    now: Ts,
) -> Result<Option<Ts>, FlowError> {
    let mut counts = Vec::with_capacity(guesses.0.len());
    for (limit, bucket) in &guesses.0 {
        let mut count = tx.system().login_count(limit.kind, *bucket).await?;
        // A clock that was set back starts over too.
        if now >= count.last_at + FORGOTTEN || now < count.last_at {
            count = LoginCount::default();
        }
        let opens = limit.opens(count);
        if now < opens {
            return Ok(Some(opens));
        }
        counts.push((limit, *bucket, count));
    }
    for (limit, bucket, count) in counts {
        let failures = count.failures + 1;
        let count = LoginCount {
            failures,
            last_at: now,
        };
        tx.system()
            .set_login_count(limit.kind, bucket, count)
            .await?;
    }
    Ok(None)
}

/// A try that was counted as failed succeeded: it is taken back, and the count of name and address begins anew.
///
/// # Errors
/// The database.
pub(crate) async fn forgive(tx: &mut Tx, guesses: &Guesses) -> Result<(), FlowError> {
    for (limit, bucket) in &guesses.0 {
        let mut count = tx.system().login_count(limit.kind, *bucket).await?;
        count.failures = match limit.kind {
            "pair" => 0,
            _ => count.failures.saturating_sub(1),
        };
        tx.system()
            .set_login_count(limit.kind, *bucket, count)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(limit: &Limit, failures: u64) -> i64 {
        let last_at = Ts(1_000);
        limit.opens(LoginCount { failures, last_at }).0 - last_at.0
    }

    #[test]
    fn waits_begin_after_the_free_tries_double_and_end() {
        let waits: Vec<i64> = [0, 4, 5, 6, 9, 10, 11, 1_000, u64::MAX]
            .map(|n| after(&PAIR, n))
            .to_vec();
        let minute = 60_000;
        assert_eq!(
            waits,
            [
                0,
                0,
                30_000,
                minute,
                8 * minute,
                15 * minute,
                15 * minute,
                15 * minute,
                15 * minute
            ]
        );
    }

    #[test]
    fn strangers_never_make_a_name_wait_longer_than_half_a_minute() {
        for failures in [20, 21, 500, u64::MAX] {
            assert_eq!(after(&NAME, failures), 30_000);
        }
    }

    #[test]
    fn neighbours_in_one_network_of_ipv6_are_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn names_and_addresses_fall_into_buckets_of_their_own() {
        let address = Some("192.0.2.1".parse().unwrap());
        let a = Guesses::of("rosa", address);
        let b = Guesses::of("luna", address);
        let buckets = |g: &Guesses| g.0.iter().map(|(_, b)| *b).collect::<Vec<_>>();
        assert_eq!(buckets(&a)[0], buckets(&b)[0]);
        assert_ne!(buckets(&a)[1..], buckets(&b)[1..]);
        assert_eq!(Guesses::of("rosa", None).0.len(), 1);
    }
}
