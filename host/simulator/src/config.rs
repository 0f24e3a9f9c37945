//! The world as a file can hold it: accounts, numbers, templates, people, timings, switches.

use portero_domain::address::AddressKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rules::{PortfolioConfig, Rules, TIERS};

/// Everything the simulator starts from. Every field has a default, so a file says only what differs.
///
/// No `Debug`: it holds tokens and people's numbers.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldConfig {
    /// Seeds every random choice (ids, duplicates, jitter).
    pub seed: u64,
    /// Accept any `vN.N` in the path; otherwise only v20.0 to v26.0.
    pub graph_version_any: bool,
    /// Management calls per account and hour (§6.4).
    pub management_calls_per_hour: usize,
    /// Business portfolios with a messaging limit.
    pub portfolios: Vec<PortfolioConfig>,
    /// Messaging accounts with their numbers and templates.
    pub wabas: Vec<WabaConfig>,
    /// People who can write and be written to; everybody else is not on WhatsApp.
    pub people: Vec<PersonConfig>,
    /// Bearer tokens that are let in.
    pub access_tokens: Vec<AccessToken>,
    /// Signs the webhooks.
    pub app_secret: String,
    /// Sent as `hub.verify_token` when a callback is verified.
    pub verify_token: String,
    /// Where webhooks go; none are sent while it is unset.
    pub callback_url: Option<String>,
    /// How long things take, in business milliseconds.
    pub timings: Timings,
    /// Refuse free-form outside the window with HTTP 400 instead of a later `failed` status.
    pub window_check_sync: bool,
    /// Whether a person's reaction opens the window (§4: Meta does not say).
    pub reaction_opens_window: bool,
    /// How the pair limit of §6.3 is read.
    pub pair_rule: PairRule,
    /// From when service messages cost money, Unix milliseconds (§8.1: 2026-10-01).
    pub service_charged_from_at: i64,
    /// Free delivered service messages per number and month (§8.1).
    pub free_service_messages: u32,
    /// `pricing.type` within the free ones (§8.3: not documented).
    pub free_service_label: String,
    /// Limits, caps, pacing, quality, links.
    pub rules: Rules,
}

impl Default for WorldConfig {
    fn default() -> Self {
        WorldConfig {
            seed: 0,
            graph_version_any: true,
            management_calls_per_hour: 5_000,
            portfolios: Vec::new(),
            wabas: Vec::new(),
            people: Vec::new(),
            access_tokens: Vec::new(),
            app_secret: String::new(),
            verify_token: String::new(),
            callback_url: None,
            timings: Timings::default(),
            window_check_sync: false,
            reaction_opens_window: false,
            pair_rule: PairRule::Bucket,
            service_charged_from_at: 1_790_812_800_000,
            free_service_messages: 1_000,
            free_service_label: "free_customer_service".to_owned(),
            rules: Rules::default(),
        }
    }
}

/// A messaging account (WABA).
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WabaConfig {
    /// `WABA_ID`, digits.
    pub id: String,
    /// The business portfolio it belongs to; user ids are unique within one.
    #[serde(default)]
    pub portfolio: String,
    /// Its name, as `GET /{WABA}` shows it.
    #[serde(default)]
    pub name: String,
    /// IANA time zone of the account: its month is the one that free messages are counted by.
    #[serde(default = "utc")]
    pub timezone: String,
    /// False: no paid message is deliverable (131042).
    #[serde(default = "yes")]
    pub payment_method: bool,
    /// Whether the app is subscribed; without it no webhook leaves.
    #[serde(default = "yes")]
    pub subscribed: bool,
    /// Onboarded to the Marketing Messages API; else that endpoint falls back to the Cloud API (§1.8).
    #[serde(default = "yes")]
    pub marketing_messages: bool,
    /// Marketing templates are refused on `/messages` (131063, §1.8).
    #[serde(default)]
    pub marketing_only_there: bool,
    /// Templates it may have at once, one per language (§3.2): 250 while unverified.
    #[serde(default = "template_limit")]
    pub template_limit: usize,
    /// Warned for misuse of categories: a recategorisation is not announced (§3.7).
    #[serde(default)]
    pub warned: bool,
    /// Its phone numbers.
    #[serde(default)]
    pub numbers: Vec<NumberConfig>,
    /// Templates as Meta's list shows them: `name`, `language`, `category`, `components`, and
    /// optionally `id`, `status` (default `APPROVED`), `parameter_format`, `quality_score`, …
    #[serde(default)]
    pub templates: Vec<Value>,
}

/// A business phone number.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberConfig {
    /// `PHONE_NUMBER_ID`, digits.
    pub phone_number_id: String,
    /// The number itself, digits with country code (punctuation is dropped).
    pub display: String,
    /// Messages per second, in and out together (§6.2).
    #[serde(default = "default_mps")]
    pub mps: u32,
    /// Display name.
    #[serde(default)]
    pub verified_name: String,
    /// False: every send is 133010.
    #[serde(default = "yes")]
    pub registered: bool,
    /// `GREEN`, `YELLOW`, `RED`.
    #[serde(default = "green")]
    pub quality: String,
}

/// A person.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonConfig {
    /// Profile name.
    pub name: String,
    /// WhatsApp id, digits; `None` for somebody the business knows by user id alone.
    #[serde(default)]
    pub wa_id: Option<String>,
    /// Business-scoped user id towards the first portfolio; made from the seed when absent.
    /// Towards every other portfolio it is derived.
    #[serde(default)]
    pub user_id: Option<String>,
    /// With a username, the phone is hidden after 30 days without an exchange by phone (§1.12).
    #[serde(default)]
    pub username: Option<String>,
    /// Offline people get their messages when they come online.
    #[serde(default = "yes")]
    pub online: bool,
    /// Read receipts on.
    #[serde(default = "yes")]
    pub receipts: bool,
    /// Looks at the chat all the time: `read` comes without `delivered`.
    #[serde(default)]
    pub chat_open: bool,
    /// False: 131026.
    #[serde(default = "yes")]
    pub on_whatsapp: bool,
    /// Member of Meta's marketing hold-out group (130472).
    #[serde(default)]
    pub holdout: bool,
    /// Writes from WhatsApp Web: an advertisement opens no free entry point (§4).
    #[serde(default)]
    pub on_web: bool,
    /// What they do by themselves when a message reaches them; the first that matches acts.
    #[serde(default)]
    pub auto: Vec<AutoReply>,
}

/// What a person does by themselves when a business message reaches them: `say`, `tap` or `act`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoReply {
    /// Acts only on messages whose visible text contains this, in any case.
    #[serde(default)]
    pub when_contains: Option<String>,
    /// Business milliseconds after delivery.
    #[serde(default = "default_auto_ms")]
    pub after_ms: i64,
    /// Writes this text.
    #[serde(default)]
    pub say: Option<String>,
    /// Taps the button or row with this id, or the template's quick reply with this text.
    #[serde(default)]
    pub tap: Option<String>,
    /// Does this.
    #[serde(default)]
    pub act: Option<Act>,
    /// The new number of `change_number`; one is made when absent.
    #[serde(default)]
    pub wa_id: Option<String>,
    /// In how many of a hundred cases, by the world's seed.
    #[serde(default = "always")]
    pub percent: u8,
    /// How often at most.
    #[serde(default = "default_auto_times")]
    pub times: u32,
}

/// What people do besides writing and tapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Asks for a person, in the language of their country.
    AskForHuman,
    /// Writes the word that ends marketing: BAJA, SAIR or STOP.
    Refuse,
    /// Says that they want no more of it, without the word.
    RefuseInOwnWords,
    /// Taps "stop" under offers and announcements.
    StopOffers,
    /// Taps "not interested": no webhook, a lower cap.
    NotInterested,
    /// Reads after `after_ms` instead of soon.
    ReadLate,
    /// Gets the message and never reads it.
    Ignore,
    /// Blocks the number.
    Block,
    /// Reports and blocks the number.
    Report,
    /// Changes the phone number.
    ChangeNumber,
}

/// A bearer token. In a file a plain string stands for a token that may do everything.
#[derive(Clone, Serialize)]
pub struct AccessToken {
    /// The token.
    pub token: String,
    /// `whatsapp_business_messaging`.
    pub messaging: bool,
    /// `whatsapp_business_management`.
    pub management: bool,
    /// Answered with 190.
    pub expired: bool,
    /// Accounts it reaches; `None` for all.
    pub wabas: Option<Vec<String>>,
}

impl From<&str> for AccessToken {
    fn from(token: &str) -> Self {
        AccessToken {
            token: token.to_owned(),
            messaging: true,
            management: true,
            expired: false,
            wabas: None,
        }
    }
}

impl<'de> Deserialize<'de> for AccessToken {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Plain(String),
            Full {
                token: String,
                #[serde(default = "yes")]
                messaging: bool,
                #[serde(default = "yes")]
                management: bool,
                #[serde(default)]
                expired: bool,
                #[serde(default)]
                wabas: Option<Vec<String>>,
            },
        }
        Ok(match Form::deserialize(d)? {
            Form::Plain(token) => AccessToken::from(token.as_str()),
            Form::Full {
                token,
                messaging,
                management,
                expired,
                wabas,
            } => AccessToken {
                token,
                messaging,
                management,
                expired,
                wabas,
            },
        })
    }
}

/// Business milliseconds from acceptance to each status (§11.2b).
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timings {
    /// To `sent`.
    pub sent_ms: i64,
    /// To `delivered`, when the person is online.
    pub delivered_ms: i64,
    /// To `read`, with receipts on.
    pub read_ms: i64,
    /// To `failed`.
    pub failed_ms: i64,
    /// From a template's creation or edit to the decision about it.
    pub review_ms: i64,
    /// From the first held message of a template under pacing to the decision (§3.6).
    pub pacing_ms: i64,
    /// From the use of half the messaging limit to the next one (§6.1).
    pub tier_upgrade_ms: i64,
    /// How long a number is in maintenance for a higher throughput (§6.2).
    pub maintenance_ms: i64,
}

impl Default for Timings {
    fn default() -> Self {
        Timings {
            sent_ms: 200,
            delivered_ms: 800,
            read_ms: 5_000,
            failed_ms: 400,
            review_ms: 120_000,
            pacing_ms: 30 * 60_000,
            tier_upgrade_ms: 6 * 3_600_000,
            maintenance_ms: 60_000,
        }
    }
}

/// Two readings of the pair limit (§6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairRule {
    /// A bucket of 45 that regains one message every 6 s.
    Bucket,
    /// A burst of n messages within 6 s closes the pair until n × 6 s after its first.
    ClosedAfterBurst,
}

/// Why a world cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The same id twice.
    #[error("{what} `{id}` is listed twice; give each its own")]
    Twice {
        /// Which kind of thing.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// A number or user id that is none.
    #[error("{what} of `{owner}` is neither digits with country code nor a user id like `MX.9001`")]
    Address {
        /// Which field.
        what: &'static str,
        /// Whose.
        owner: String,
    },
    /// A template without what every template has.
    #[error("template {index} of account `{waba}`: {why}")]
    Template {
        /// Position in the list, from 0.
        index: usize,
        /// Account.
        waba: String,
        /// What is wrong.
        why: String,
    },
    /// A time zone nobody knows.
    #[error(
        "account `{waba}`: unknown time zone `{timezone}`; use an IANA name like `America/Bogota`"
    )]
    TimeZone {
        /// Account.
        waba: String,
        /// What was given.
        timezone: String,
    },
    /// A messaging limit nobody knows.
    #[error(
        "portfolio `{portfolio}`: `{limit}` is no limit; use one of {}",
        tiers()
    )]
    Limit {
        /// Portfolio.
        portfolio: String,
        /// What was given.
        limit: String,
    },
    /// A throughput of zero.
    #[error("number `{phone_number_id}`: mps must be at least 1")]
    Throughput {
        /// Number.
        phone_number_id: String,
    },
}

pub(crate) fn address(
    text: &str,
    what: &'static str,
    owner: &str,
) -> Result<AddressKey, ConfigError> {
    AddressKey::parse(text).map_err(|_| ConfigError::Address {
        what,
        owner: owner.to_owned(),
    })
}

fn tiers() -> String {
    let names: Vec<&str> = TIERS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

fn green() -> String {
    "GREEN".to_owned()
}

const fn template_limit() -> usize {
    250
}
const fn yes() -> bool {
    true
}
fn utc() -> String {
    "UTC".to_owned()
}
const fn default_mps() -> u32 {
    80
}
const fn default_auto_ms() -> i64 {
    2_000
}
const fn always() -> u8 {
    100
}
const fn default_auto_times() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_reads_from_toml_with_plain_and_full_tokens() {
        let world: WorldConfig = toml::from_str(
            r#"
            seed = 7
            access_tokens = ["EAAG", { token = "EAAH", messaging = false }]
            [[wabas]]
            id = "301"
            numbers = [{ phone_number_id = "401", display = "525550001111" }]
            templates = [{ name = "hola", language = "es", category = "UTILITY", components = [{ type = "BODY", text = "Hola" }] }]
            [[people]]
            name = "Lucía"
            wa_id = "5215512340001"
            auto = [{ when_contains = "pedido", say = "gracias" }]
            "#,
        )
        .unwrap();
        assert_eq!(world.seed, 7);
        assert!(world.access_tokens[0].messaging);
        assert!(!world.access_tokens[1].messaging);
        assert_eq!(world.wabas[0].numbers[0].mps, 80);
        assert_eq!(world.timings.delivered_ms, 800);
    }

    #[test]
    fn a_misspelled_key_is_named() {
        let error = toml::from_str::<WorldConfig>("calback_url = \"x\"")
            .err()
            .unwrap();
        assert!(error.to_string().contains("calback_url"), "{error}");
    }
}
