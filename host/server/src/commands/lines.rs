//! Questions whose answers come in lines: `progress` while it works, then the `result`.

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::client::Api;
use crate::commands::text;

/// A bar for somebody at a terminal; nobody sees it where JSON is asked for.
pub(crate) fn bar(length: u64, quiet: bool, shape: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template(shape) {
        bar.set_style(style);
    }
    bar
}

/// Asks, shows how far it is, and gives the result.
///
/// # Errors
/// The host's words, or that its answer broke off.
pub(crate) async fn ask(
    api: &Api,
    path: &str,
    question: &Value,
    bar: &ProgressBar,
    far: impl Fn(&ProgressBar, &Value),
) -> anyhow::Result<Value> {
    let mut answer = api.ask_in_lines(path, question).await?;
    let mut left = Vec::new();
    while let Some(piece) = answer.chunk().await.context("the answer broke off")? {
        left.extend_from_slice(&piece);
        while let Some(end) = left.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = left.drain(..=end).collect();
            let mut line: Value = serde_json::from_slice(&line).context("the answer broke off")?;
            if let Some(progress) = line.get("progress") {
                far(bar, progress);
            }
            if let Some(problem) = line.get("problem") {
                bar.finish_and_clear();
                bail!("{}: {}", text(problem, "title"), text(problem, "detail"));
            }
            if let Some(result) = line.get_mut("result") {
                bar.finish_and_clear();
                return Ok(result.take());
            }
        }
    }
    bail!("the answer broke off before its end; ask again")
}

/// A number of a line.
pub(crate) fn number(of: &Value, field: &str) -> u64 {
    of.get(field).and_then(Value::as_u64).unwrap_or_default()
}
