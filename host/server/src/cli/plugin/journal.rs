//! `portero plugin call`, `portero plugin replay`.

use std::path::PathBuf;

use clap::Args;

use crate::client::Target;

/// `plugin call`.
#[derive(Args, Debug)]
pub struct CallArgs {
    /// The plugin's id, or ins_…
    pub plugin: String,
    /// The event that the call was about, evt_…, as `portero plugin logs` shows it
    pub event: String,
    /// As a scenario, with pseudonyms; look through it before it leaves the house
    #[arg(long, conflicts_with = "json")]
    pub scenario: bool,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// `plugin replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The plugin's id, or ins_…
    pub plugin: String,
    /// How far to look back: hours or days
    #[arg(long, default_value = "24h", value_name = "TIME", value_parser = hours)]
    pub since: u32,
    /// At most so many calls, the newest first (1 to 10,000)
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub last: u32,
    /// Run them on this version, which is not installed by it
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// `24h`, `7d`.
fn hours(text: &str) -> Result<u32, String> {
    let each = |unit: char, hours: u32| {
        let number = text.strip_suffix(unit)?.parse::<u32>().ok()?;
        number.checked_mul(hours)
    };
    each('h', 1)
        .or_else(|| each('d', 24))
        .filter(|hours| (1..=720).contains(hours))
        .ok_or_else(|| "hours or days, 1h to 30d, such as `24h` or `7d`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_within_what_is_kept() {
        assert_eq!((hours("1h"), hours("24h")), (Ok(1), Ok(24)));
        assert_eq!((hours("7d"), hours("30d")), (Ok(168), Ok(720)));
        for bad in ["", "h", "0h", "31d", "24", "1w", "-1h", "9999999999d"] {
            assert!(hours(bad).is_err(), "{bad}");
        }
    }
}
