//! Flags of `portero explain`.

use clap::Args;

/// Flags of `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A rule (`consent.missing`), a reason, a remark on a template, a problem of the API, or Meta's number; all of them without
    pub code: Option<String>,
    /// Language of the words
    #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
    pub lang: String,
    /// Answer as JSON, in the three languages
    #[arg(long)]
    pub json: bool,
}
