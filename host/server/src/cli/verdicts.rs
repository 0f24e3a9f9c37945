//! Flags of `portero verdicts`.

use clap::{Args, Subcommand};

use crate::client::Target;

/// Verbs of `verdicts`.
#[derive(Subcommand, Debug)]
pub enum VerdictsCommand {
    /// Verdicts, newest first
    #[command(
        after_help = "Examples:\n  portero verdicts list --verdict deny --since 2026-11-24 --tenant tienda-sol\n  portero verdicts list --rule consent.missing --json\n\nWhat each means: `portero why dec_…`."
    )]
    List(VerdictsArgs),
    /// Judge a message again with what is known now, as if it were proposed this moment; sends nothing
    #[command(
        after_help = "Example:\n  portero verdicts rejudge dec_0193… --lang es\n\nExit code 1 when it would be denied or held."
    )]
    Rejudge {
        /// The verdict
        id: String,
        /// Language of the sentences
        #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
        lang: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Make a link that shows one verdict, and nothing else, to somebody without a login; shown once
    #[command(
        after_help = "Examples:\n  portero verdicts link dec_0193… --tenant tienda-sol\n  portero verdicts link dec_0193… --days 30 --json\n\nEnd it with `portero verdicts unlink plk_…`. Every look through it is in `portero audit`."
    )]
    Link {
        /// The verdict
        id: String,
        /// Days it is good for
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=30))]
        days: u32,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Links to a verdict: who made them, until when they are good, how often they were opened
    #[command(after_help = "Example:\n  portero verdicts links dec_0193… --tenant tienda-sol")]
    Links {
        /// The verdict
        id: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// End a link: from now on it shows nothing
    #[command(after_help = "Example:\n  portero verdicts unlink plk_0193… --tenant tienda-sol")]
    Unlink {
        /// plk_…
        link: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}

/// Flags of `verdicts list`.
#[derive(Args, Debug)]
pub struct VerdictsArgs {
    /// Not before: 2026-11-24T09:00:00Z, or a day of the tenant's
    #[arg(long)]
    pub since: Option<String>,
    /// Before: 2026-11-25T09:00:00Z, or a day of the tenant's
    #[arg(long)]
    pub until: Option<String>,
    /// Only allow, defer, hold or deny
    #[arg(long, value_parser = ["allow", "defer", "hold", "deny"])]
    pub verdict: Option<String>,
    /// Only decided by this rule
    #[arg(long)]
    pub rule: Option<String>,
    /// Only of messages that this plugin proposed (its id, or ins_…)
    #[arg(long)]
    pub plugin: Option<String>,
    /// Only of this campaign (cam_…)
    #[arg(long)]
    pub campaign: Option<String>,
    /// Only about this contact (con_…)
    #[arg(long)]
    pub contact: Option<String>,
    /// Only on this message (out_…)
    #[arg(long)]
    pub message: Option<String>,
    /// Rows
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    /// `next_cursor` of the page before
    #[arg(long)]
    pub after: Option<String>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
