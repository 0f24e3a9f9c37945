//! Verbs of `portero plugin` about keys and signatures.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::client::Target;

/// Verbs of `plugin key`.
#[derive(Subcommand, Debug)]
pub enum PluginKeyCommand {
    /// Make a key to sign plugins with: FILE.key to keep, FILE.pub to hand on
    #[command(
        after_help = "Examples:\n  portero plugin key new acme                              # acme.key, acme.pub\n  portero plugin key new acme --json\n\nThe files are minisign's. The secret one has no password: for one that has, `minisign -G` and `minisign -S`."
    )]
    New {
        /// Name of the two files, without ending
        file: PathBuf,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
}

/// `plugin sign`.
#[derive(Args, Debug)]
pub struct SignArgs {
    /// The .wasm; or the .pub of a new key, which the old one says takes its place
    pub file: PathBuf,
    /// Key to sign with, as `portero plugin key new` or `minisign -G -W` made it
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Verbs of `plugin trust`.
#[derive(Subcommand, Debug)]
pub enum PluginTrustCommand {
    /// Trust an author's key for plugins of some ids
    #[command(
        after_help = "Examples:\n  portero plugin trust add acme.pub --name Acme --prefix com.acme. --tenant tienda-sol\n  portero plugin trust add RWQf6LRCGA9i… --name Acme --prefix com.acme.carts --tenant tienda-sol\n\nA prefix that ends in a dot stands for all ids that begin so, one without for that id alone. Get the key from a\nplace that only its author can write to."
    )]
    Add {
        /// The public key: its file, or the key itself
        key: String,
        /// Whose it is
        #[arg(long)]
        name: String,
        /// Ids of plugins that it may sign; may be given several times
        #[arg(
            long = "prefix",
            value_name = "ID",
            required = true,
            value_delimiter = ','
        )]
        prefixes: Vec<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Keys that are trusted
    #[command(after_help = "Example:\n  portero plugin trust list --tenant tienda-sol")]
    List(Target),
    /// Let a new key take the place of a trusted one, which signed it
    #[command(
        after_help = "Example:\n  portero plugin trust rotate 9B8B3C0D12345678 acme-2027.pub --tenant tienda-sol\n\nThe author makes acme-2027.pub.minisig with `portero plugin sign acme-2027.pub --key acme.key`. What the old key signs\nfrom then on is refused."
    )]
    Rotate {
        /// Id of the old key
        old: String,
        /// File of the new public key
        file: PathBuf,
        /// The old key's signature of it (default: FILE.minisig)
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Trust a key no more; what it signed and runs goes on
    #[command(
        after_help = "Example:\n  portero plugin trust remove 9B8B3C0D12345678 --tenant tienda-sol"
    )]
    Remove {
        /// Id of the key
        key: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
