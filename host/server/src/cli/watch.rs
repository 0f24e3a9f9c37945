//! Verbs for whoever tries things: make the simulated world do something, and watch what comes of it.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Subcommand, ValueEnum};

use crate::client::Target;
use crate::http::trigger_events;

fn possible_events() -> PossibleValuesParser {
    let events = trigger_events().iter();
    events
        .map(|(event, about)| PossibleValue::new(*event).help(*about))
        .collect::<Vec<_>>()
        .into()
}

/// Flags of `trigger`.
#[derive(Args, Debug)]
pub struct TriggerArgs {
    /// What happens
    #[arg(value_parser = possible_events())]
    pub event: String,
    /// Which number of the tenant; may be left out when there is one
    #[arg(long, value_name = "PHONE_NUMBER_ID")]
    pub number: Option<String>,
    /// Which pretend person, by number or user id; the first of the number's country when left out
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// What they write
    #[arg(long)]
    pub text: Option<String>,
    /// Which message of ours; the newest that was sent when left out
    #[arg(long, value_name = "out_…")]
    pub message: Option<String>,
    /// Which button; its first when left out
    #[arg(long, value_name = "ID")]
    pub button: Option<String>,
    /// Meta's error code (131026 when left out)
    #[arg(long)]
    pub code: Option<i64>,
    /// Which template
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// Its language; may be left out when there is one
    #[arg(long)]
    pub language: Option<String>,
    /// GREEN, YELLOW or RED
    #[arg(long)]
    pub quality: Option<String>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Verbs of `logs`.
#[derive(Subcommand, Debug)]
pub enum LogsCommand {
    /// Verdicts and what comes in, as they happen, until Ctrl-C
    #[command(
        after_help = "Examples:\n  portero logs tail --tenant tienda-sol\n  portero logs tail --tenant tienda-sol --verdict blocked     # only what was refused or waits for a person\n  portero logs tail --last 20 --json                          # the newest 20 first, then what happens; a JSON object a line\n\nNo names, addresses or texts: ids, rules and reasons. `portero why ID` says everything of one."
    )]
    Tail(TailArgs),
}

/// Which verdicts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerdictFilter {
    /// It may go
    Allow,
    /// It waits for its time
    Defer,
    /// It waits for a person
    Hold,
    /// It is refused
    Deny,
    /// hold and deny
    Blocked,
}

impl VerdictFilter {
    /// Whether a verdict of the API is meant.
    #[must_use]
    pub fn takes(self, verdict: &str) -> bool {
        match self {
            VerdictFilter::Allow => verdict == "allow",
            VerdictFilter::Defer => verdict == "defer",
            VerdictFilter::Hold => verdict == "hold",
            VerdictFilter::Deny => verdict == "deny",
            VerdictFilter::Blocked => matches!(verdict, "hold" | "deny"),
        }
    }
}

/// Flags of `logs tail`.
#[derive(Args, Debug)]
pub struct TailArgs {
    /// Only verdicts, and only these
    #[arg(long, value_name = "VERDICT")]
    pub verdict: Option<VerdictFilter>,
    /// Begin with so many that are there already, 0 to 200
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=200))]
    pub last: u64,
    /// Language of the sentences
    #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
    pub lang: String,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
