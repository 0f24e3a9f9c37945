//! `portero policy whatif`: asks with a bar, answers with a table.

use anyhow::Context;
use serde_json::Value;

use super::{changes, short};
use crate::client::Api;
use crate::commands::lines::{self, number};
use crate::commands::text;
use crate::output;

/// Reads `30d` or `30`.
///
/// # Errors
/// It is no number of days.
pub(super) fn days(since: &str) -> anyhow::Result<u32> {
    since
        .strip_suffix('d')
        .unwrap_or(since)
        .parse()
        .with_context(|| format!("--since `{since}`: a number of days, e.g. 30d"))
}

/// Asks and shows how far it is.
///
/// # Errors
/// The host's words, or that its answer broke off.
pub(super) async fn ask(api: &Api, question: &Value, quiet: bool) -> anyhow::Result<Value> {
    let bar = lines::bar(100, quiet, "{bar:30} {percent} % · {msg} verdicts");
    lines::ask(api, "/v1/policy/whatif", question, &bar, |bar, far| {
        bar.set_message(text(far, "read"));
        bar.set_position(number(far, "percent"));
    })
    .await
}

/// `deny by frequency.cap-tenant`.
fn said(effect: &Value, side: &str) -> String {
    let Some(said) = effect.get(side) else {
        return String::new();
    };
    match text(said, "rule") {
        rule if rule.is_empty() => text(said, "verdict"),
        rule => format!("{} by {rule}", text(said, "verdict")),
    }
}

/// The answer for a person.
pub(super) fn print(answer: &Value, lang: &str) {
    output::line(&format!(
        "{} → {}",
        short(&text(answer, "from")),
        short(&text(answer, "to"))
    ));
    match changes(answer.get("differs")) {
        same if same.is_empty() => output::line("the same policy as the one that holds"),
        differs => output::line(&differs),
    }
    output::line(&format!(
        "{} verdicts on {} messages since {}: {} verdicts on {} messages would be others",
        number(answer, "judged"),
        number(answer, "messages"),
        text(answer, "since"),
        number(answer, "changed"),
        number(answer, "messages_changed"),
    ));
    if answer.get("cut") == Some(&Value::Bool(true)) {
        output::line(&format!(
            "only the newest were looked at, back to {}",
            text(answer, "reaches")
        ));
    }
    let list = |field: &str| answer.get(field).and_then(Value::as_array);
    let effects = list("changes").map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = effects.iter().map(row).collect();
    if !rows.is_empty() {
        output::line(&output::table(&["verdicts", "now", "then"], rows));
    }
    for effect in effects {
        for example in effect
            .get("examples")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let sentence = |side: &str| example.get(side).map(|s| text(s, lang));
            output::line(&format!(
                "{} {} {}\n   now: {}\n  then: {}",
                text(example, "verdict"),
                text(example, "at"),
                text(example, "contact"),
                sentence("was").unwrap_or_default(),
                sentence("now").unwrap_or_default(),
            ));
        }
    }
    beside(answer);
}

fn row(effect: &Value) -> Vec<String> {
    let (now, mut then) = (said(effect, "from"), said(effect, "to"));
    if now == then {
        then.push_str(", at another time");
    }
    vec![text(effect, "verdicts"), now, then]
}

/// What is not in the counts, and why.
fn beside(answer: &Value) {
    let empty = Value::Null;
    let already = answer.get("already").unwrap_or(&empty);
    if number(already, "verdicts") > 0 {
        output::line(&format!(
            "{} verdicts differ already under today's policy ({} were made under another one, {} by other rules): not counted",
            number(already, "verdicts"),
            number(already, "other_policy"),
            number(already, "other_rules"),
        ));
    }
    let list = |field: &str| answer.get(field).and_then(Value::as_array);
    for reason in list("unjudged").into_iter().flatten() {
        output::line(&format!(
            "{} verdicts cannot be judged again: {}",
            number(reason, "verdicts"),
            match text(reason, "reason").as_str() {
                "older_form" => "their records are of an older form".to_owned(),
                other => format!(
                    "the fact `{}` was not recorded, since no parameter asked for it",
                    other.trim_start_matches("missing:")
                ),
            }
        ));
    }
    for name in list("unseen").into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        output::line(&format!(
            "`{name}` is not asked for when a message is judged: what it does is not in the counts"
        ));
    }
}
