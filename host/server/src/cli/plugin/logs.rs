//! `portero plugin logs`.

use clap::Args;

use crate::client::Target;

/// Flags of `plugin logs`.
#[derive(Args, Debug)]
pub struct PluginLogsArgs {
    /// The plugin's id, or ins_…
    pub plugin: String,
    /// The newest calls first (0 to 200)
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=200))]
    pub last: u32,
    /// Go on as they happen, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Only calls that did not end well
    #[arg(long)]
    pub failed: bool,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
