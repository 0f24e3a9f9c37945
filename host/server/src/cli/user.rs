//! Verbs of `portero user`.

use clap::Subcommand;
use portero_domain::access::Role;

use crate::client::Target;

/// Verbs of `user`.
#[derive(Subcommand, Debug)]
pub enum UserCommand {
    /// Make one; the password is asked for without being shown (or read from standard input), never an argument
    #[command(
        after_help = "Examples:\n  portero user add rosa@tienda.example --role operator --tenant tienda-sol\n  portero user add ana --role owner --generate      # the password is made and shown once\n\nWithout --tenant the user reaches the whole server. What each role may do: host/docs/access.md"
    )]
    Add {
        /// E-mail address or plain name, unique on the server
        name: String,
        /// owner, operator, approver, developer, auditor or viewer
        #[arg(long)]
        role: Role,
        /// Make a password and show it once
        #[arg(long)]
        generate: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Who may log in: role, last login
    #[command(after_help = "Example:\n  portero user list --tenant tienda-sol")]
    List(Target),
    /// Give one another role, in open sessions at once
    #[command(after_help = "Example:\n  portero user role rosa@tienda.example approver")]
    Role {
        /// Name or usr_…
        user: String,
        /// owner, operator, approver, developer, auditor or viewer
        role: Role,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Give one another password; its sessions end
    #[command(
        after_help = "Examples:\n  portero user password rosa@tienda.example\n  portero user password rosa@tienda.example --generate"
    )]
    Password {
        /// Name or usr_…
        user: String,
        /// Make a password and show it once
        #[arg(long)]
        generate: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Remove one; its sessions end
    #[command(after_help = "Example:\n  portero user remove rosa@tienda.example")]
    Remove {
        /// Name or usr_…
        user: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
