//! Verbs of `portero token`.

use clap::Subcommand;
use portero_domain::access::Role;

use crate::client::Target;

/// Verbs of `token`.
#[derive(Subcommand, Debug)]
pub enum TokenCommand {
    /// Make one for a tenant (or, without --tenant, for the operator); shown once
    #[command(
        after_help = "Examples:\n  portero token create \"shop backend\" --tenant tienda-sol --role operator\n  portero token create \"lawyer\" --tenant tienda-sol --role auditor --expires-days 30\n\nWhat each role may do: host/docs/access.md"
    )]
    Create {
        /// What it is for
        label: String,
        /// owner, operator, approver, developer, auditor or viewer
        #[arg(long, default_value = "owner")]
        role: Role,
        /// Ends by itself after so many days; without it, when it is revoked
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650), visible_alias = "expires")]
        expires_days: Option<u32>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Who has access: role, last use, end (never the tokens themselves)
    #[command(after_help = "Example:\n  portero token list --tenant tienda-sol")]
    List(Target),
    /// End one at once
    #[command(after_help = "Example:\n  portero token revoke tok_0193…")]
    Revoke {
        /// tok_…
        id: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
