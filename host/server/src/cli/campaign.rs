//! Verbs and flags of `portero campaign`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::ListArgs;
use crate::client::Target;

/// Verbs of `campaign`.
#[derive(Subcommand, Debug)]
pub enum CampaignCommand {
    /// List them, newest first
    #[command(after_help = "Example:\n  portero campaign list --tenant tienda-sol")]
    List(ListArgs),
    /// Write one down; nobody is counted and nothing is sent
    #[command(
        after_help = "Examples:\n  portero campaign new \"Vuelve\" --template promo_semana --language es --topic ofertas --tag dormida --why \"compraron y no volvieron\"\n  portero campaign new \"Carritos\" --template carrito_recordatorio --language es --topic ofertas --segment ins_0193…/cart-abandoned --why \"dejaron un carrito\" --value body.nombre=name:amigo --start-at 2026-11-24T09:00:00-05:00 --spread-hours 4"
    )]
    New(Box<CampaignNew>),
    /// What became of one: people, what Meta says of what was sent, who opted out, who was left out and why
    #[command(
        after_help = "Examples:\n  portero campaign report cam_0193…\n  portero campaign report cam_0193… --lang es --json\n\nPerson by person: `portero campaign export`. Over all campaigns: `portero report show`."
    )]
    Report {
        /// cam_…
        id: String,
        /// Language of the reasons
        #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
        lang: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Dry run: everybody through the gate, nobody written to
    #[command(after_help = "Example:\n  portero campaign plan cam_0193…")]
    Plan {
        /// cam_…
        id: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Approve the very plan that was shown
    #[command(after_help = "Example:\n  portero campaign approve cam_0193… --plan 5d41…")]
    Approve {
        /// cam_…
        id: String,
        /// The plan's hash
        #[arg(long, value_name = "HASH")]
        plan: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Start an approved one
    #[command(after_help = "Example:\n  portero campaign run cam_0193… --watch")]
    Run {
        /// cam_…
        id: String,
        /// Stay and show the progress
        #[arg(long)]
        watch: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Put a running one to rest: no attempt begins afterwards
    #[command(after_help = "Example:\n  portero campaign pause cam_0193… --reason \"wrong price\"")]
    Pause {
        /// cam_…
        id: String,
        /// Shown to everybody
        #[arg(long)]
        reason: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Go on with a paused one
    #[command(after_help = "Example:\n  portero campaign resume cam_0193… --watch")]
    Resume {
        /// cam_…
        id: String,
        /// Stay and show the progress
        #[arg(long)]
        watch: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// End one: what has not begun is cancelled
    #[command(after_help = "Example:\n  portero campaign stop cam_0193… --reason \"sold out\"")]
    Stop {
        /// cam_…
        id: String,
        /// Shown to everybody
        #[arg(long)]
        reason: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Where one stands
    #[command(after_help = "Example:\n  portero campaign show cam_0193… --watch")]
    Show {
        /// cam_…
        id: String,
        /// Stay and show the progress
        #[arg(long)]
        watch: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Its people: what the plan said, and what became of each
    #[command(
        after_help = "Examples:\n  portero campaign people cam_0193… --planned never --rule consent.missing\n  portero campaign people cam_0193… --state failed"
    )]
    People {
        /// cam_…
        id: String,
        /// waiting, left_out, withdrawn, or the state of a message
        #[arg(long)]
        state: Option<String>,
        /// now, later, review or never
        #[arg(long)]
        planned: Option<String>,
        /// The rule that decided
        #[arg(long)]
        rule: Option<String>,
        /// Rows
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Everybody as CSV
    #[command(after_help = "Example:\n  portero campaign export cam_0193… people.csv")]
    Export {
        /// cam_…
        id: String,
        /// Where to write it (default: the terminal)
        file: Option<PathBuf>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}

/// Flags of `campaign new`.
#[derive(Args, Debug)]
pub struct CampaignNew {
    /// Name for people
    pub name: String,
    /// Template by name
    #[arg(long)]
    pub template: String,
    /// Meta's language code
    #[arg(long)]
    pub language: String,
    /// Why these people get it: the answer to "why did you write to me?"
    #[arg(long)]
    pub why: String,
    /// promotional or transactional
    #[arg(long, default_value = "promotional")]
    pub purpose: String,
    /// Topic they agreed to
    #[arg(long)]
    pub topic: Option<String>,
    /// Everybody with this tag
    #[arg(long)]
    pub tag: Option<String>,
    /// Members of a segment
    #[arg(long, value_name = "INSTALLATION/SEGMENT")]
    pub segment: Option<String>,
    /// Everybody
    #[arg(long)]
    pub all: bool,
    /// Where a slot's value comes from: SLOT=name[:FALLBACK], =attr:KEY[:FALLBACK], =text:WORDS
    #[arg(long, value_name = "SLOT=SOURCE")]
    pub value: Vec<String>,
    /// Not before (with zone); without it, `campaign run` starts it
    #[arg(long, value_name = "INSTANT")]
    pub start_at: Option<String>,
    /// Spread evenly over so many hours
    #[arg(long, default_value_t = 0)]
    pub spread_hours: u32,
    /// Number; may be left out when the tenant has one
    #[arg(long, value_name = "PHONE_NUMBER_ID")]
    pub number: Option<String>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
