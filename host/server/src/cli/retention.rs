//! Verbs of `portero retention`.

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `retention`.
#[derive(Subcommand, Debug)]
pub enum RetentionCommand {
    /// How long each kind of data is kept, within which bounds, and what went so far
    #[command(after_help = "Example:\n  portero retention show --tenant tienda-sol")]
    Show(Target),
    /// Set terms; what is past them goes from then on, for good (`portero retention preview` first)
    #[command(
        after_help = "Examples:\n  portero retention set messages=365 events=90 --reason \"our lawyer: a year\" --tenant tienda-sol\n  portero retention set messages=host --tenant tienda-sol     # the host's term again\n\nKinds and bounds: `portero retention show`, host/docs/data-rights.md."
    )]
    Set {
        /// KIND=DAYS, or KIND=host for the host's term
        #[arg(required = true, value_name = "KIND=DAYS")]
        terms: Vec<String>,
        /// Kept with the change and shown on the page of terms
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// What would go now, or under other terms, and what stays; changes nothing
    #[command(
        after_help = "Examples:\n  portero retention preview --tenant tienda-sol\n  portero retention preview messages=90 events=90 --tenant tienda-sol"
    )]
    Preview {
        /// KIND=DAYS: as if this were set
        #[arg(value_name = "KIND=DAYS")]
        terms: Vec<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
