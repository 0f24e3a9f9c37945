//! Verbs of `portero sandbox`.

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `sandbox`.
#[derive(Subcommand, Debug)]
pub enum SandboxCommand {
    /// Who is on the list, and who answered the code
    #[command(after_help = "Example:\n  portero sandbox list --tenant arena")]
    List(Target),
    /// Invite somebody: prints the code they have to write to the number
    #[command(after_help = "Example:\n  portero sandbox add +573001112233 --tenant arena")]
    Add {
        /// Their number
        address: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Take somebody off the list
    #[command(after_help = "Example:\n  portero sandbox remove +573001112233 --tenant arena")]
    Remove {
        /// Their number
        address: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
