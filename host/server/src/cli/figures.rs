//! Verbs about figures.

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `report`.
#[derive(Subcommand, Debug)]
pub enum ReportCommand {
    /// Analytics plugins, what can be asked of each, and how far its figures are
    #[command(after_help = "Example:\n  portero report list --tenant tienda-sol")]
    List(Target),
    /// One report
    #[command(
        after_help = "Examples:\n  portero report show --lang pt --tenant loja-lua\n  portero report show days --since 2026-11-01 --until 2026-12-01 --tenant tienda-sol\n\n`not yet` and `behind` count outcomes that happened and are not in the figures; 0 means complete.\nRead is a lower bound: people may switch receipts off."
    )]
    Show {
        /// `cards` as the plugin draws them, `totals` by metric and labels, `days` by metric and day
        #[arg(default_value = "cards")]
        report: String,
        /// Which analytics plugin, by its id (when several are installed)
        #[arg(long)]
        plugin: Option<String>,
        /// First day, in the tenant's zone; 30 days when left out
        #[arg(long, value_name = "YYYY-MM-DD")]
        since: Option<String>,
        /// First day that no longer counts; tomorrow when left out
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: Option<String>,
        /// `es`, `pt` or `en`; the tenant's when left out
        #[arg(long)]
        lang: Option<String>,
        /// As CSV
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
