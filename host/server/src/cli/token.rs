//! Verbs of `portero token`.

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `token`.
#[derive(Subcommand, Debug)]
pub enum TokenCommand {
    /// Make one for a tenant (or, without --tenant, for the operator); shown once
    #[command(after_help = "Example:\n  portero token create \"shop backend\" --tenant tienda-sol")]
    Create {
        /// What it is for
        label: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
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
