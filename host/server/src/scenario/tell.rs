//! What came of the scenarios, for a person and for a program.

use serde_json::{Value, json};

use super::{File, Played};
use crate::output;

/// For a person: a line for each scenario, and below it what did not hold, why, and what would allow it.
pub fn tell(file: &File, played: &anyhow::Result<Played>) {
    let path = file.path.display();
    match played {
        Ok(played) if played.failures.is_empty() => {
            let fuel = match played.fuel {
                0 => String::new(),
                fuel => format!(", {fuel} fuel"),
            };
            output::line(&format!(
                "ok      {} ({} steps{fuel}) {path}",
                file.name(),
                played.steps
            ));
        }
        Ok(played) => {
            output::line(&format!("FAILED  {} {path}", file.name()));
            for failure in &played.failures {
                output::line(&format!("  {path}:{}: {}", failure.line, failure.what));
                for line in &failure.why {
                    output::line(&format!("      {line}"));
                }
            }
        }
        Err(error) => {
            output::line(&format!("FAILED  {} {path}", file.name()));
            output::line(&format!("  {error:#}"));
        }
    }
}

/// For a program.
#[must_use]
pub fn answer(file: &File, played: &anyhow::Result<Played>) -> Value {
    let path = file.path.display().to_string();
    match played {
        Ok(played) => json!({
            "file": path, "name": file.name(), "passed": played.failures.is_empty(), "steps": played.steps,
            "failures": played.failures, "fuel": played.fuel, "memory_bytes": played.memory,
        }),
        Err(error) => json!({
            "file": path, "name": file.name(), "passed": false,
            "failures": [{ "line": 1, "what": format!("{error:#}"), "why": [] }],
        }),
    }
}
