//! Seeded chance: message ids, trace ids, coin tosses.

use portero_domain::clock::Ts;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// All randomness of one world.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct Chance {
    rng: ChaCha8Rng,
    origin: [u8; 32],
    count: u64,
}

/// Chance as a file holds it: it goes on where it was.
#[derive(Serialize, Deserialize)]
struct Saved {
    seed: [u8; 32],
    /// A text: it is wider than numbers of JSON.
    at: String,
    origin: [u8; 32],
    count: u64,
}

impl From<Saved> for Chance {
    fn from(saved: Saved) -> Self {
        let mut rng = ChaCha8Rng::from_seed(saved.seed);
        rng.set_word_pos(saved.at.parse().unwrap_or(0));
        Chance {
            rng,
            origin: saved.origin,
            count: saved.count,
        }
    }
}

impl From<Chance> for Saved {
    fn from(chance: Chance) -> Self {
        Saved {
            seed: chance.rng.get_seed(),
            at: chance.rng.get_word_pos().to_string(),
            origin: chance.origin,
            count: chance.count,
        }
    }
}

impl Chance {
    /// The start instant enters the ids, so that a restarted world does not repeat ids that
    /// somebody's database already holds; with a still clock all is reproducible from the seed.
    pub(crate) fn new(seed: u64, start: Ts) -> Chance {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(start.ms().to_be_bytes());
        Chance {
            rng: ChaCha8Rng::seed_from_u64(seed),
            origin: hash.finalize().into(),
            count: 0,
        }
    }

    fn unique(&mut self, what: &str) -> [u8; 32] {
        self.count = self.count.wrapping_add(1);
        let mut hash = Sha256::new();
        hash.update(self.origin);
        hash.update(what.as_bytes());
        hash.update(self.count.to_be_bytes());
        hash.finalize().into()
    }

    /// `wamid.SIM` and 32 hexadecimal digits; never the same twice in one world.
    pub(crate) fn wamid(&mut self) -> String {
        let bytes = self.unique("wamid");
        format!(
            "wamid.SIM{}",
            hex::encode_upper(bytes.get(..16).unwrap_or(&bytes))
        )
    }

    /// A decimal id of 15 digits, for media and templates.
    pub(crate) fn object_id(&mut self, what: &str) -> String {
        let bytes = self.unique(what);
        format!("9{:014}", number_of(&bytes) % 100_000_000_000_000)
    }

    /// Meta's trace id of an answer.
    pub(crate) fn fbtrace_id(&mut self) -> String {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut out = String::from("A");
        for byte in self.unique("trace").iter().take(22) {
            let at = usize::from(*byte) % LETTERS.len();
            out.push(char::from(LETTERS.get(at).copied().unwrap_or(b'A')));
        }
        out
    }

    /// True in `percent` of the tosses.
    pub(crate) fn toss(&mut self, percent: u8) -> bool {
        percent > 0 && self.rng.next_u64() % 100 < u64::from(percent)
    }

    /// Between 0 and `max_ms`, both included.
    pub(crate) fn up_to_ms(&mut self, max_ms: i64) -> i64 {
        let span = u64::try_from(max_ms).unwrap_or(0).saturating_add(1);
        i64::try_from(self.rng.next_u64() % span).unwrap_or(0)
    }
}

/// A user id of this person towards this portfolio (§1.12): country, dot, digits; always the same
/// for the same inputs.
pub(crate) fn derived_user_id(seed: u64, portfolio: &str, country: &str, person: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    for part in [portfolio, person] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let bytes: [u8; 32] = hash.finalize().into();
    format!(
        "{country}.{:020}",
        number_of(&bytes) % 100_000_000_000_000_000_000
    )
}

fn number_of(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .take(16)
        .fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_start_give_the_same_ids() {
        let ids = |seed, at| {
            let mut chance = Chance::new(seed, Ts(at));
            (chance.wamid(), chance.wamid(), chance.fbtrace_id())
        };
        assert_eq!(ids(1, 5), ids(1, 5));
        assert_ne!(ids(1, 5).0, ids(1, 6).0);
        assert_ne!(ids(1, 5).0, ids(2, 5).0);
        assert_ne!(ids(1, 5).0, ids(1, 5).1);
        assert!(ids(1, 5).0.starts_with("wamid.SIM"));
    }

    #[test]
    fn user_ids_differ_between_portfolios() {
        let one = derived_user_id(1, "501", "MX", "+525512340001");
        assert!(one.starts_with("MX.") && one.len() == 23, "{one}");
        assert_ne!(one, derived_user_id(1, "502", "MX", "+525512340001"));
    }

    #[test]
    fn tosses_keep_to_their_percentage() {
        let mut chance = Chance::new(9, Ts(0));
        assert!((0..100).all(|_| !chance.toss(0)));
        assert!((0..100).all(|_| chance.toss(100)));
        let hits = (0..10_000).filter(|_| chance.toss(30)).count();
        assert!((2_700..3_300).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| (0..=3).contains(&chance.up_to_ms(3))));
    }
}
