//! Flags of `portero audit`.

use clap::Args;

use crate::client::Target;

/// Flags of `audit`.
#[derive(Args, Debug)]
pub struct AuditArgs {
    /// Only by this user (name or usr_…) or token (tok_…)
    #[arg(long, value_name = "WHO")]
    pub who: Option<String>,
    /// Only this operation, as the list shows it
    #[arg(long, value_name = "OPERATION")]
    pub operation: Option<String>,
    /// From this day (UTC) or instant
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// To before this day or instant
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Rows, 1 to 200
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub limit: u16,
    /// `next_cursor` of the page before
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
