//! Verbs of `portero plugin` about versions.

use clap::Args;

use super::SureArgs;
use crate::client::Target;

/// `plugin upgrade`.
#[derive(Args, Debug)]
pub struct UpgradeArgs {
    /// The .wasm of another version of an installed plugin, or the https address where its author publishes it
    #[arg(value_name = "FILE|URL")]
    pub file: String,
    /// Which plugin, when an address is given and its lock does not tell
    #[arg(long, value_name = "PLUGIN")]
    pub plugin: Option<String>,
    /// What has to be so of the file
    #[command(flatten)]
    pub sure: SureArgs,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// `plugin approve`.
#[derive(Args, Debug)]
pub struct ApproveArgs {
    /// The plugin's id, or ins_…
    pub plugin: String,
    /// Permissions granted beside those it has, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub grant: Vec<String>,
    /// Templates it may name in addition
    #[arg(long, value_delimiter = ',')]
    pub template: Vec<String>,
    /// Contact fields it may read in addition
    #[arg(long, value_delimiter = ',')]
    pub field: Vec<String>,
    /// Hosts that http.fetch may ask in addition
    #[arg(long = "host", value_name = "HOST", value_delimiter = ',')]
    pub hosts: Vec<String>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// `plugin versions`, `plugin discard`.
#[derive(Args, Debug)]
pub struct OfPluginArgs {
    /// The plugin's id, or ins_…
    pub plugin: String,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// `plugin rollback`.
#[derive(Args, Debug)]
pub struct RollbackArgs {
    /// The plugin's id, or ins_…
    pub plugin: String,
    /// Number of the version as `portero plugin versions` shows it; the one before the one that runs when absent
    #[arg(long, value_name = "N")]
    pub to: Option<u64>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
