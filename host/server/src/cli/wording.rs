//! Verbs of `portero wording`.

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `wording`.
#[derive(Subcommand, Debug)]
pub enum WordingCommand {
    /// List the consent questions there are, with their languages and what they promise
    #[command(after_help = "Example:\n  portero wording list --tenant tienda-sol")]
    List(Target),
    /// What one says, version by version, the newest first, with the hash that consents keep of it
    #[command(
        after_help = "Examples:\n  portero wording show ofertas --tenant tienda-sol\n  portero wording show ofertas@1 --json\n\nWhich version somebody agreed to: `portero consent show`."
    )]
    Show {
        /// Its name, or one version as NAME@VERSION
        name: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
