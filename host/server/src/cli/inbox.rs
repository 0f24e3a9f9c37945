//! Verbs about what came in, and about people who wait for a person.

use clap::{Args, Subcommand};

use crate::cli::ListArgs;
use crate::client::Target;

/// Flags of `inbox`, or one of its verbs.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct InboxArgs {
    /// Without a verb: how many events to list, of which host
    #[command(flatten)]
    pub events: ListArgs,
    /// About people who wait for a person
    #[command(subcommand)]
    pub command: Option<InboxCommand>,
}

/// Verbs of `inbox`.
#[derive(Subcommand, Debug)]
pub enum InboxCommand {
    /// Conversations that a person of the shop has, longest first
    #[command(
        after_help = "Example:\n  portero inbox list --needs-you --tenant tienda-sol\n\n`needs you` means: nobody answered in time (`portero inbox alert-after`)."
    )]
    List {
        /// Only those nobody answered in time
        #[arg(long)]
        needs_you: bool,
        /// Rows
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// One conversation: its lines, the window's countdown, what was done with it
    #[command(after_help = "Example:\n  portero inbox show +573001112233 --tenant tienda-sol")]
    Show {
        /// Contact or address
        who: String,
        /// With which number (when the tenant has several)
        #[arg(long, value_name = "PHONE_NUMBER_ID")]
        number: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Answer as a person; judged like everything else, and its verdict is shown
    #[command(
        after_help = "Example:\n  portero inbox answer +573001112233 \"Hola, soy Rosa. Lo reviso y te cuento.\" --tenant tienda-sol"
    )]
    Answer {
        /// Contact or address
        who: String,
        /// The words
        text: String,
        /// From which number (when the tenant has several)
        #[arg(long, value_name = "PHONE_NUMBER_ID")]
        number: Option<String>,
        /// The same key means the same answer, sent once
        #[arg(long)]
        key: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Give a conversation back to the bot
    #[command(
        after_help = "Example:\n  portero inbox give-back +573001112233 --note \"refund agreed, arrives Monday\" --tenant tienda-sol"
    )]
    GiveBack {
        /// Contact or address
        who: String,
        /// Kept with the conversation
        #[arg(long)]
        note: String,
        /// With which number (when the tenant has several)
        #[arg(long, value_name = "PHONE_NUMBER_ID")]
        number: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Take a conversation from the bot: it is silent until it gets it back
    #[command(
        after_help = "Example:\n  portero inbox hand-over +573001112233 --reason \"asks about a refund\" --tenant tienda-sol\n\nAnswer with `portero inbox answer`, give it back with `portero inbox give-back`."
    )]
    HandOver {
        /// Contact or address
        who: String,
        /// Shown to everybody who looks
        #[arg(long)]
        reason: String,
        /// With which number (when the tenant has several)
        #[arg(long, value_name = "PHONE_NUMBER_ID")]
        number: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// After how many minutes without an answer the alert is raised (15 unless set)
    #[command(after_help = "Example:\n  portero inbox alert-after 30 --tenant tienda-sol")]
    AlertAfter {
        /// Minutes, 1 to 1440
        minutes: u32,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
