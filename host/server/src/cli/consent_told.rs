//! Flags of `portero consent record` and `withdraw`.

use clap::{Args, ValueEnum};

use crate::client::Target;

/// Of which length of time a promise speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Per {
    /// A day
    Day,
    /// A week
    Week,
    /// A month
    Month,
}

impl Per {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Per::Day => "day",
            Per::Week => "week",
            Per::Month => "month",
        }
    }
}

/// Flags of `record`.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("words").required(true).args(["wording", "wording_text"])))]
pub struct RecordArgs {
    /// Contact or address of somebody the tenant knows
    pub who: String,
    /// What they agreed to; `*` is all promotion
    #[arg(long)]
    pub topic: String,
    /// The words they saw, `NAME@VERSION` of the library
    #[arg(long, value_name = "NAME@VERSION")]
    pub wording: Option<String>,
    /// The very words, where they are not in the library
    #[arg(long, value_name = "WORDS")]
    pub wording_text: Option<String>,
    /// In which language the words were shown: es, pt or en
    #[arg(long)]
    pub language: Option<String>,
    /// Most messages promised
    #[arg(long, value_name = "N")]
    pub max: u32,
    /// In what time
    #[arg(long, value_enum, default_value = "week")]
    pub per: Per,
    /// Proof: form id, recording, document
    #[arg(long)]
    pub evidence: String,
    /// When the person said yes (RFC 3339) [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub captured_at: Option<String>,
    /// When the consent ends by itself (RFC 3339)
    #[arg(long, value_name = "INSTANT")]
    pub expires_at: Option<String>,
    /// Somebody says that they said yes: they still have to confirm it in the chat
    #[arg(long)]
    pub unconfirmed: bool,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Flags of `withdraw`.
#[derive(Args, Debug)]
pub struct WithdrawArgs {
    /// Contact or address
    pub who: String,
    /// What they withdrew; `*` is all promotion [default: everything]
    #[arg(long)]
    pub topic: Option<String>,
    /// Proof: call, letter, form id
    #[arg(long)]
    pub evidence: String,
    /// When the person said so (RFC 3339) [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub captured_at: Option<String>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
