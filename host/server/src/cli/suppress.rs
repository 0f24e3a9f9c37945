//! Verbs about the tenant's own block list.

use clap::{Subcommand, ValueEnum};

use crate::client::Target;

/// What somebody on the list is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SuppressScope {
    /// No promotion
    Promotional,
    /// Nothing but answers
    All,
    /// Nothing, no answers either
    AllAndReplies,
}

impl SuppressScope {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SuppressScope::Promotional => "promotional",
            SuppressScope::All => "all",
            SuppressScope::AllAndReplies => "all_and_replies",
        }
    }
}

/// Verbs of `suppress`.
#[derive(Subcommand, Debug)]
pub enum SuppressCommand {
    /// Put a person on the list, with every address of theirs
    #[command(
        after_help = "Examples:\n  portero suppress add +573001112233 --reason \"asked at the till\" --tenant tienda-sol\n  portero suppress add con_0193… --scope promotional --reason \"court order 12/2026\" --tenant tienda-sol"
    )]
    Add {
        /// Contact or address
        who: String,
        /// What they are not sent
        #[arg(long, value_enum, default_value = "all")]
        scope: SuppressScope,
        /// Kept with the entry and shown
        #[arg(long)]
        reason: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Who is on it, since when and why
    #[command(after_help = "Example:\n  portero suppress list --tenant tienda-sol")]
    List {
        /// Rows; all of them without
        #[arg(long)]
        limit: Option<usize>,
        /// `next_cursor` of the part before
        #[arg(long)]
        after: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Take a person off the list; consent and opt-outs stay as they are
    #[command(
        after_help = "Example:\n  portero suppress remove +573001112233 --reason \"put there by mistake\" --tenant tienda-sol"
    )]
    Remove {
        /// Contact or address
        who: String,
        /// Kept in the log of who did what
        #[arg(long)]
        reason: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
