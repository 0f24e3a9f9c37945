//! Verbs about plugins.

use std::path::PathBuf;

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `plugin`.
#[derive(Subcommand, Debug)]
pub enum PluginCommand {
    /// List installed ones
    #[command(after_help = "Example:\n  portero plugin list --tenant tienda-sol")]
    List(Target),
    /// How one does: whether it is asked, what it may, how its calls ended, what the gate refused
    #[command(
        after_help = "Examples:\n  portero plugin show com.portero.tienda-bot --tenant tienda-sol\n  portero plugin show ins_0193… --lang es --json"
    )]
    Show {
        /// The plugin's own id, or ins_…
        plugin: String,
        /// Language of the words
        #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
        lang: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Have it asked again, from the next message on
    #[command(
        after_help = "Example:\n  portero plugin enable com.portero.tienda-bot --tenant tienda-sol"
    )]
    Enable {
        /// The plugin's own id, or ins_…
        plugin: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Have it asked no more; what it keeps, its figures and its segments stay as they are
    #[command(
        after_help = "Example:\n  portero plugin disable com.portero.tienda-bot --tenant tienda-sol"
    )]
    Disable {
        /// The plugin's own id, or ins_…
        plugin: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Look into a component without installing it
    #[command(after_help = "Example:\n  portero plugin inspect tienda_bot.wasm")]
    Inspect {
        /// The .wasm
        file: PathBuf,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Check and install a component
    #[command(
        after_help = "Example:\n  portero plugin install tienda_bot.wasm --tenant tienda-sol --grant send.session,send.interactive,log --set '{\"shop\":\"Tienda Sol\"}'"
    )]
    Install {
        /// The .wasm
        file: PathBuf,
        /// Permissions granted, separated by commas; what is not named is denied
        #[arg(long, value_delimiter = ',')]
        grant: Vec<String>,
        /// Templates it may name (names, or prefixes ending in *)
        #[arg(long, value_delimiter = ',')]
        template: Vec<String>,
        /// Contact fields it may read
        #[arg(long, value_delimiter = ',')]
        field: Vec<String>,
        /// Settings as JSON
        #[arg(long, default_value = "{}")]
        set: String,
        /// Place among the tenant's plugins; smaller is asked first
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        position: i64,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
