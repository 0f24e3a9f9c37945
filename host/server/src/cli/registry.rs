//! Verbs of `portero registry`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::client::Target;

/// Verbs of `registry`.
#[derive(Subcommand, Debug)]
pub enum RegistryCommand {
    /// Registries there are, which apply, and how old the copies are
    #[command(after_help = "Example:\n  portero registry list --tenant tienda-sol")]
    List(Target),
    /// Load a copy: a number on each line, and after a comma the day of its listing if it is told
    #[command(
        after_help = "Example:\n  portero registry import co-rne rne.csv --as-of 2026-11-20 --tenant tienda-sol"
    )]
    Import {
        /// Which one (`portero registry list`)
        registry: String,
        /// The file
        file: PathBuf,
        /// The day the copy is of
        #[arg(long, value_name = "DAY")]
        as_of: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Say that a registry applies, or why it does not
    #[command(
        after_help = "Examples:\n  portero registry declare ar-no-llame --applies --tenant tienda-sol\n  portero registry declare mx-repep --not-applicable --reason \"we write to nobody in Mexico\" --tenant tienda-sol"
    )]
    Declare {
        /// Which one
        registry: String,
        /// It does: promotion in its country needs a fresh copy
        #[arg(
            long,
            conflicts_with = "not_applicable",
            required_unless_present = "not_applicable"
        )]
        applies: bool,
        /// It does not
        #[arg(long, requires = "reason")]
        not_applicable: bool,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
