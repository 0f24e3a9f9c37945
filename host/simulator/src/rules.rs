//! Rules of a world that a file may turn: limits, caps, pacing, quality, links (§4 to §6).

use serde::{Deserialize, Serialize};

/// How Meta's own limits are played. Defaults follow the reference; where Meta publishes no number
/// they are our choice, listed in `host/docs/simulator.md`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Refuse what is over the messaging limit with HTTP 400 instead of a later `failed` (§6.1).
    pub limit_check_sync: bool,
    /// Marketing messages one person gets in 24 hours outside the window, of all businesses; 0 for
    /// no cap (§5.4).
    pub marketing_cap: u32,
    /// Deliver marketing to people in the United States (§5.4: Meta does not).
    pub us_marketing: bool,
    /// Messages of a template under pacing that go out before the others are held (§3.6).
    pub pacing_threshold: u32,
    /// A number with RED quality gets 131048 for templates (§6.5).
    pub red_is_restricted: bool,
    /// Deliveries in seven days below which quality is not judged.
    pub quality_min_delivered: u32,
    /// From so many blocks and reports per thousand deliveries quality is YELLOW …
    pub quality_yellow_permille: u32,
    /// … and RED.
    pub quality_red_permille: u32,
    /// How long a free entry point lasts, milliseconds (§4: up to seven days since 2026-09-28).
    pub free_entry_ms: i64,
    /// Graph version the webhooks are written in: below 24 every priced status has a `conversation`.
    pub webhook_version: u32,
    /// Charged messages of a month, category and market from which the next volume tier begins (§8.1).
    pub volume_tiers: Vec<u64>,
    /// Days without use after which a template is archived, 28 days later deleted; 0 for never (§3.1).
    pub archive_idle_days: u32,
    /// Messages kept; the oldest go first, delivered or not, so that memory stays flat.
    pub messages_kept: usize,
    /// What is done with media given by link (§1.2).
    pub media_links: MediaLinks,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            limit_check_sync: false,
            marketing_cap: 2,
            us_marketing: false,
            pacing_threshold: 500,
            red_is_restricted: false,
            quality_min_delivered: 100,
            quality_yellow_permille: 10,
            quality_red_permille: 30,
            free_entry_ms: 7 * 86_400_000,
            webhook_version: 25,
            volume_tiers: vec![100_000, 500_000],
            archive_idle_days: 365,
            messages_kept: 100_000,
            media_links: MediaLinks::Believed,
        }
    }
}

/// What the simulator does with `link` in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaLinks {
    /// Nothing: it runs offline, every link is good.
    Believed,
    /// It fetches `https` links to public addresses; anything else is 131053.
    Fetched,
    /// It fetches every `http` and `https` link, loopback and private addresses too.
    FetchedAnywhere,
}

/// A business portfolio. One that is not listed has no messaging limit.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortfolioConfig {
    /// As accounts name it.
    pub id: String,
    /// `TIER_250`, `TIER_2K`, `TIER_10K`, `TIER_100K` or `TIER_UNLIMITED`: people per moving 24
    /// hours, outside the window, of all its numbers together (§6.1).
    #[serde(default = "tier_250")]
    pub limit: String,
    /// Verified by Meta: has the second tier at least.
    #[serde(default)]
    pub verified: bool,
}

fn tier_250() -> String {
    "TIER_250".to_owned()
}

/// The tiers from the lowest to the highest with the people they allow; `None` for all.
pub(crate) const TIERS: &[(&str, Option<usize>)] = &[
    ("TIER_250", Some(250)),
    ("TIER_2K", Some(2_000)),
    ("TIER_10K", Some(10_000)),
    ("TIER_100K", Some(100_000)),
    ("TIER_UNLIMITED", None),
];
