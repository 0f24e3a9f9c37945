//! `portero campaign report`: what became of one.

use serde_json::{Value, json};

use crate::client::{Api, Target};
use crate::commands::text;
use crate::output;

/// What Meta says of messages, the farthest last.
const STATUSES: [&str; 5] = ["accepted", "sent", "delivered", "read", "failed"];

/// Asks for the campaign and its plan, and prints both as one.
pub(super) async fn run(target: &Target, id: &str, lang: &str) -> anyhow::Result<()> {
    let api = target.connect().await?;
    let campaign = api.get(&format!("/v1/campaigns/{id}")).await?;
    let plan = plan(&api, &campaign).await?;
    if target.json {
        output::json(&json!({ "campaign": campaign, "plan": plan }));
    } else {
        print(&campaign, &plan, lang);
    }
    api.close().await;
    Ok(())
}

/// The plan that was made of it; nothing before one was.
async fn plan(api: &Api, campaign: &Value) -> anyhow::Result<Value> {
    if text(campaign, "plan_hash").is_empty() {
        return Ok(Value::Null);
    }
    let id = text(campaign, "id");
    api.get(&format!("/v1/campaigns/{id}/plan")).await
}

fn print(campaign: &Value, plan: &Value, lang: &str) {
    let definition = campaign.get("definition").cloned().unwrap_or_default();
    output::line(&format!(
        "{}  {} · {} · {} ({})",
        text(campaign, "id"),
        text(campaign, "name"),
        text(campaign, "state"),
        text(&definition, "template"),
        text(&definition, "language"),
    ));
    let span: Vec<String> = ["started_at", "finished_at"]
        .iter()
        .map(|field| text(campaign, field))
        .filter(|at| !at.is_empty())
        .collect();
    if !span.is_empty() {
        output::line(&span.join(" – "));
    }
    let progress = campaign.get("progress").cloned().unwrap_or_default();
    let people = number(&progress, "people");
    let mut rows = Vec::new();
    let counts = progress.get("counts").and_then(Value::as_object);
    for (state, n) in counts.into_iter().flatten() {
        let n = n.as_u64().unwrap_or_default();
        rows.push(vec![state.clone(), n.to_string(), share(n, people)]);
    }
    output::line(&output::table(
        &[&format!("of {people} people"), "", ""],
        rows,
    ));
    let statuses = progress.get("statuses").cloned().unwrap_or_default();
    let taken: u64 = STATUSES.iter().map(|s| number(&statuses, s)).sum();
    let mut rows: Vec<Vec<String>> = STATUSES
        .iter()
        .map(|status| (*status, number(&statuses, status)))
        .filter(|(_, n)| *n > 0)
        .map(|(status, n)| vec![status.to_owned(), n.to_string(), share(n, taken)])
        .collect();
    let out = number(&progress, "opted_out");
    rows.push(vec![
        "opted out afterwards".to_owned(),
        out.to_string(),
        share(out, taken),
    ]);
    output::line(&output::table(
        &[&format!("of {taken} sent, Meta's last word"), "", ""],
        rows,
    ));
    let slices = plan.get("slices").and_then(Value::as_array);
    let kept: Vec<Vec<String>> = slices
        .into_iter()
        .flatten()
        .filter(|slice| !text(slice, "rule").is_empty())
        .map(|slice| {
            let title = slice
                .get("title")
                .map(|t| text(t, lang))
                .unwrap_or_default();
            vec![
                text(slice, "people"),
                text(slice, "slice"),
                text(slice, "rule"),
                title,
            ]
        })
        .collect();
    if !kept.is_empty() {
        output::line(&output::table(&["planned", "", "rule", ""], kept));
    }
    if let Some(cost) = plan.get("cost") {
        output::line(&format!(
            "planned cost {} {} (estimate)",
            text(cost, "currency"),
            text(cost, "known")
        ));
    }
}

fn number(of: &Value, field: &str) -> u64 {
    of.get(field).and_then(Value::as_u64).unwrap_or_default()
}

/// In whole percent; nothing of nothing.
fn share(n: u64, of: u64) -> String {
    match (n * 100).checked_div(of) {
        Some(percent) => format!("{percent} %"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_is_nothing() {
        assert_eq!(
            (share(1, 3), share(0, 0)),
            ("33 %".to_owned(), String::new())
        );
    }
}
