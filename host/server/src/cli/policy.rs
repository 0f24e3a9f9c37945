//! Flags of `portero policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::client::Target;

/// Verbs of `policy`.
#[derive(Subcommand, Debug)]
pub enum PolicyCommand {
    /// Every parameter of the rules with its value, its default, and which way it may be set
    #[command(after_help = "Example:\n  portero policy show --tenant tienda-sol")]
    Show(Target),
    /// Set parameters; stricter than the default is always possible, looser never
    #[command(
        after_help = "Examples:\n  portero policy set promotional_per_week=2 promotional_gap_ms=172800000 --reason \"three complaints in October\" --tenant tienda-sol\n  portero policy set double_opt_in=true 'template_fallback=[\"es\"]' --reason \"new form\" --tenant tienda-sol\n  portero policy set --file new.toml --reason \"agreed with the shop\" --tenant tienda-sol   # the whole policy\n  portero policy set --revision 3f9a1c20 --reason \"back to what held before\" --tenant tienda-sol\n\nThe parameters, with the rules that use them: host/docs/rules.md. They hold for queued messages too. See first what would change: `portero policy whatif`."
    )]
    Set {
        /// Which policy
        #[command(flatten)]
        meant: PolicyMeant,
        /// Why, for whoever asks later
        #[arg(long)]
        reason: String,
        /// Revision that the change was made from; refused when another holds by now (for single values: the one that they are changes to)
        #[arg(long, value_name = "HASH")]
        from: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Back to the defaults
    #[command(
        after_help = "Example:\n  portero policy reset --reason \"the trial is over\" --tenant tienda-sol"
    )]
    Reset {
        /// Why, for whoever asks later
        #[arg(long)]
        reason: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// What another policy would have said of the messages of the last days; sends and changes nothing
    #[command(
        after_help = "Examples:\n  portero policy whatif promotional_per_week=1 --tenant tienda-sol\n  portero policy whatif --file new.toml --since 90d --tenant tienda-sol\n  portero policy whatif --revision 3f9a1c20 --json\n\nThe file is TOML or JSON, NAME = VALUE; what it does not name has its default. Every verdict is judged by its own facts: a message that would not have gone still counts for those after it. Ctrl-C ends it."
    )]
    Whatif {
        /// Which policy
        #[command(flatten)]
        meant: PolicyMeant,
        /// How many days to look back, at most 90
        #[arg(long, default_value = "30d", value_name = "DAYS")]
        since: String,
        /// Examples of each change, at most 20
        #[arg(long, default_value_t = 3)]
        examples: usize,
        /// Language of the sentences
        #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
        lang: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// In what the policies of two tenants differ
    #[command(
        after_help = "Examples:\n  portero policy diff tienda-sol loja-lua\n  portero policy diff tienda-sol loja-lua --json\n\nIt needs a token of the whole server."
    )]
    Diff {
        /// One, by slug or id
        one: String,
        /// The other
        other: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Policies that hold and held, newest first: who set each, why, and what differs from the one before
    #[command(after_help = "Example:\n  portero policy history --tenant tienda-sol")]
    History {
        /// Rows
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// `next_cursor` of the page before
        #[arg(long)]
        after: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}

/// A policy: changes to the one that holds, a whole one from a file, or one that held before.
#[derive(Args, Debug)]
#[group(required = true, multiple = false, id = "which_policy")]
pub struct PolicyMeant {
    /// NAME=VALUE, the value as JSON: changes to the policy that holds
    #[arg(value_name = "NAME=VALUE")]
    pub values: Vec<String>,
    /// A whole policy, TOML or JSON; what it does not name has its default
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A revision of the history: its hash, or at least 8 characters of its beginning
    #[arg(long, value_name = "HASH")]
    pub revision: Option<String>,
}
