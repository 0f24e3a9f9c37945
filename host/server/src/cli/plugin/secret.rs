//! Verbs of `portero plugin secret`.

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `plugin secret`.
#[derive(Subcommand, Debug)]
pub enum PluginSecretCommand {
    /// Secrets that a plugin asks for: whether each is set and where it may go; never the secret
    #[command(
        after_help = "Example:\n  portero plugin secret list com.example.carts --tenant tienda-sol"
    )]
    List {
        /// The plugin's id, or ins_…
        plugin: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Set one; it is asked for without being shown (or read from standard input), never an argument
    #[command(
        after_help = "Example:\n  portero plugin secret set com.example.carts SHOP_TOKEN --tenant tienda-sol\n\nIn a script: the secret is the first line of standard input.\nThe host puts it where a header of the plugin's requests says {{secret:SHOP_TOKEN}}, at the hosts that the\nmanifest names now. The plugin never sees it. It is kept sealed and cannot be shown again."
    )]
    Set {
        /// The plugin's id, or ins_…
        plugin: String,
        /// As the manifest calls it
        name: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Forget one; requests that name it are denied
    #[command(
        after_help = "Example:\n  portero plugin secret remove com.example.carts SHOP_TOKEN --tenant tienda-sol"
    )]
    Remove {
        /// The plugin's id, or ins_…
        plugin: String,
        /// As the manifest calls it
        name: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
