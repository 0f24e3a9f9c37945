//! Verbs of `portero webhook`.

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `webhook`.
#[derive(Subcommand, Debug)]
pub enum WebhookCommand {
    /// Tell an address of yours; prints the signing secret, once
    #[command(
        after_help = "Examples:\n  portero webhook add https://crm.example/portero --tenant tienda-sol\n  portero webhook add https://crm.example/portero --event campaign.paused --event conversation.unanswered --tenant tienda-sol"
    )]
    Add {
        /// https and a public name (or a host of `webhook_private_hosts`)
        address: String,
        /// Only this kind; may be given several times (`portero webhook events` lists them)
        #[arg(long = "event", value_name = "KIND")]
        events: Vec<String>,
        /// What it is for
        #[arg(long, default_value = "")]
        about: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Endpoints, and how they fare
    #[command(after_help = "Example:\n  portero webhook list --tenant tienda-sol")]
    List(Target),
    /// Kinds of notices there are
    #[command(after_help = "Example:\n  portero webhook events")]
    Events(Target),
    /// Send a ping and wait for how it ends (exit code 1 when it does not arrive)
    #[command(after_help = "Example:\n  portero webhook test whk_0193… --tenant tienda-sol")]
    Test {
        /// whk_…
        id: String,
        /// Seconds to wait for the first try, 1 to 120
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=120))]
        wait: u64,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// What was delivered and what was not; with a notice: its body and every try
    #[command(
        after_help = "Examples:\n  portero webhook log whk_0193… --tenant tienda-sol\n  portero webhook log whk_0193… ntc_0193… --tenant tienda-sol"
    )]
    Log {
        /// whk_…
        id: String,
        /// ntc_…
        notice: Option<String>,
        /// Rows, 1 to 200
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Send again: one notice, or everything that was given up
    #[command(
        after_help = "Examples:\n  portero webhook replay whk_0193… --tenant tienda-sol\n  portero webhook replay whk_0193… --since 2026-11-20T00:00:00Z --tenant tienda-sol\n  portero webhook replay whk_0193… --id ntc_0193… --tenant tienda-sol"
    )]
    Replay {
        /// whk_…
        webhook: String,
        /// One notice, whatever became of it
        #[arg(long, value_name = "NOTICE", conflicts_with = "since")]
        id: Option<String>,
        /// Only what happened at or after this instant (RFC 3339)
        #[arg(long, value_name = "INSTANT")]
        since: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Make a new signing secret; for a day the old one signs beside it
    #[command(after_help = "Example:\n  portero webhook rotate whk_0193… --tenant tienda-sol")]
    Rotate {
        /// whk_…
        id: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Try a disabled endpoint again; what waited goes out now
    #[command(after_help = "Example:\n  portero webhook enable whk_0193… --tenant tienda-sol")]
    Enable {
        /// whk_…
        id: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Forget an endpoint with its log
    #[command(after_help = "Example:\n  portero webhook remove whk_0193… --tenant tienda-sol")]
    Remove {
        /// whk_…
        id: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
