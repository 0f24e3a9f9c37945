//! What is so after a step, by the keys of the format.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::compare::Happened;
use super::watch::Call;
use super::world::Scene;
use crate::commands::text;

/// How often a report is looked at until it is complete; each look lets the host go on.
const LOOKS: usize = 4_000;

/// What was there before a step.
#[derive(Default)]
pub(super) struct Before {
    /// Verdict, rule and state of each message.
    messages: BTreeMap<String, [String; 3]>,
    /// Messages at the pretend Meta.
    arrived: BTreeSet<String>,
}

/// What a plugin did in a step, and the words for it.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) actions: Vec<Happened>,
    /// Why, for those of `actions` that the gate judged; one for each, empty where it did not.
    pub(super) why: Vec<Vec<String>>,
    /// What arrived at the pretend Meta.
    pub(super) simulator: Vec<Happened>,
    pub(super) logs: Vec<String>,
    /// Most fuel and memory of one call.
    pub(super) fuel: u64,
    pub(super) memory: u64,
}

impl Scene {
    /// What the plugin did since the last look.
    pub(super) async fn look(&self, before: &mut Before) -> anyhow::Result<Seen> {
        let mut seen = Seen::default();
        for call in self.watch.take() {
            self.called(call, &mut seen);
        }
        for message in self.messages().await? {
            let id = text(&message, "id");
            let now = ["verdict", "rule", "state"].map(|key| text(&message, key));
            if before.messages.get(&id) == Some(&now) {
                continue;
            }
            before.messages.insert(id.clone(), now);
            if text(&message, "origin") == "plugin" {
                let (happened, why) = self.judged(&id, &message).await?;
                seen.actions.push(happened);
                seen.why.push(why);
            }
        }
        self.arrived(before, &mut seen).await?;
        Ok(seen)
    }

    fn called(&self, call: Call, seen: &mut Seen) {
        seen.fuel = seen.fuel.max(call.fuel);
        seen.memory = seen.memory.max(call.memory);
        seen.logs.extend(call.logs);
        let contact = self.named(&call.contact.to_string());
        for mut action in call.actions {
            action.insert("contact".to_owned(), json!(contact));
            seen.actions.push(action);
            seen.why.push(Vec::new());
        }
    }

    /// Every message, oldest first.
    async fn messages(&self) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let page = self
                .api
                .get(&format!("/v1/messages?limit=200{after}"))
                .await?;
            all.extend(
                page.get("items")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default(),
            );
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => after = format!("&after={}", crate::commands::plugin::encode(next)),
                None => break,
            }
        }
        all.reverse();
        Ok(all)
    }

    /// A message of the plugin with its last verdict, and that verdict in words.
    async fn judged(&self, id: &str, message: &Value) -> anyhow::Result<(Happened, Vec<String>)> {
        let told = self.api.get(&format!("/v1/why/{id}")).await?;
        let verdict = told
            .pointer("/messages/0/verdicts")
            .and_then(Value::as_array);
        let verdict = verdict
            .and_then(|list| list.last())
            .cloned()
            .unwrap_or_default();
        let mut out = Map::new();
        let mut put = |key: &str, value: String| {
            if !value.is_empty() {
                out.insert(key.to_owned(), json!(value));
            }
        };
        put("action", "send".to_owned());
        put("contact", self.named(&text(message, "contact")));
        put("purpose", text(message, "purpose"));
        put("topic", text(message, "topic"));
        let content = message.get("content").cloned().unwrap_or_default();
        if content.get("type") == Some(&json!("template")) {
            put("template", text(&content, "name"));
            put("language", text(&content, "language"));
            put("category", self.category(&text(&content, "name")).await?);
        } else {
            put("text", words(&content));
        }
        put("verdict", text(&verdict, "verdict"));
        put("rule", text(message, "rule"));
        put("until", text(&verdict, "until"));
        put("state", text(message, "state"));
        put("status", text(message, "status"));
        Ok((out, reasons(&verdict)))
    }

    /// The category of a template, as the host's registry has it.
    async fn category(&self, name: &str) -> anyhow::Result<String> {
        let all = self.api.get("/v1/templates").await?;
        let list = all
            .as_array()
            .or_else(|| all.get("items").and_then(Value::as_array));
        let one = list.into_iter().flatten().find(|t| text(t, "name") == name);
        Ok(one
            .map(|t| text(t, "category").to_lowercase())
            .unwrap_or_default())
    }

    async fn arrived(&self, before: &mut Before, seen: &mut Seen) -> anyhow::Result<()> {
        let all = self.control.get("/_sim/messages?limit=100000").await;
        let all = all.map_err(anyhow::Error::msg)?;
        let list = all.get("messages").and_then(Value::as_array);
        for message in list.into_iter().flatten() {
            let new = before.arrived.insert(text(message, "wamid"));
            if !new || text(message, "direction") != "outbound" {
                continue;
            }
            let (wa_id, kind) = (text(message, "wa_id"), text(message, "type"));
            let who = self.people.iter().find(|(_, person)| person.wa_id == wa_id);
            let who = who.map_or_else(|| wa_id.clone(), |(id, _)| id.clone());
            let content = message.get("content").cloned().unwrap_or_default();
            let content = content.get(&kind).cloned().unwrap_or(content);
            let mut out = Map::new();
            out.insert("contact".to_owned(), json!(who));
            out.insert("type".to_owned(), json!(kind));
            if kind == "template" {
                out.insert("template".to_owned(), json!(text(&content, "name")));
                let language = content.pointer("/language/code").cloned();
                out.insert("language".to_owned(), language.unwrap_or_default());
            } else {
                out.insert("text".to_owned(), json!(words(&content)));
            }
            let statuses = message.get("statuses").and_then(Value::as_array);
            if let Some(last) = statuses.and_then(|list| list.last()) {
                let word = last
                    .as_str()
                    .map_or_else(|| text(last, "status"), str::to_owned);
                out.insert("status".to_owned(), json!(word));
            }
            seen.simulator.push(out);
        }
        Ok(())
    }

    /// Who is in which of the plugin's segments.
    pub(super) async fn segments(&self) -> anyhow::Result<Vec<Happened>> {
        let all = self.api.get("/v1/segments").await?;
        let own = all.as_array().into_iter().flatten();
        let own = own.filter(|s| text(s, "installation") == self.installation);
        let mut out = Vec::new();
        for segment in own.filter_map(|s| s.get("segments")?.as_array()).flatten() {
            let id = text(segment, "id");
            let page = self
                .api
                .get(&format!("/v1/segments/{id}/members?limit=200"))
                .await?;
            for member in page
                .get("items")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let one = json!({
                    "segment": id, "contact": self.named(&text(member, "contact")),
                    "reason": text(member, "reason"),
                });
                out.extend(one.as_object().cloned());
            }
        }
        Ok(out)
    }

    /// The plugin's sums of the last thirty days.
    pub(super) async fn totals(&self) -> anyhow::Result<Vec<Happened>> {
        let report = self.report("totals").await?;
        let rows = report.get("rows").and_then(Value::as_array);
        let rows = rows.into_iter().flatten().map(|row| {
            let mut out = Map::new();
            for key in ["metric", "labels", "value"] {
                let value = row.get(key).cloned().unwrap_or_default();
                if value != json!({}) {
                    out.insert(key.to_owned(), value);
                }
            }
            out
        });
        Ok(rows.collect())
    }

    /// The plugin's cards of the last thirty days.
    pub(super) async fn cards(&self) -> anyhow::Result<Vec<Happened>> {
        let report = self.report("cards").await?;
        let cards = report.get("cards").and_then(Value::as_array);
        let cards = cards.into_iter().flatten().map(|card| {
            let lines = card.get("lines").and_then(Value::as_array);
            let lines = lines.into_iter().flatten();
            let lines: Vec<[String; 2]> = lines
                .map(|line| ["label", "value"].map(|key| text(line, key)))
                .collect();
            let mut out = Map::new();
            out.insert("title".to_owned(), json!(text(card, "title")));
            out.insert("lines".to_owned(), json!(lines));
            out
        });
        Ok(cards.collect())
    }

    /// A report once it holds everything that happened.
    async fn report(&self, which: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/reports/{}/{which}", self.installation);
        for _ in 0..LOOKS {
            let report = self.api.get(&path).await?;
            if report.get("behind") == Some(&json!(0)) {
                return Ok(report);
            }
            tokio::task::yield_now().await;
        }
        anyhow::bail!(
            "the figures do not become complete; the plugin's last call failed, or the log has the reason"
        )
    }
}

/// What a person reads of a message: its body first.
pub(crate) fn words(content: &Value) -> String {
    for path in [
        "/body/text",
        "/body",
        "/interactive/body",
        "/text/body",
        "/caption",
        "/emoji",
    ] {
        if let Some(text) = content.pointer(path).and_then(Value::as_str) {
            return text.to_owned();
        }
    }
    String::new()
}

/// A verdict in words: its sentence, each finding, and what would help.
pub(crate) fn reasons(verdict: &Value) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(summary) = verdict.get("summary") {
        out.push(text(summary, "en"));
    }
    let findings = verdict.pointer("/findings/en").and_then(Value::as_array);
    for finding in findings.into_iter().flatten() {
        out.push(format!(
            "{}: {}",
            text(finding, "rule"),
            text(finding, "sentence")
        ));
        let remedy = text(finding, "remedy");
        if !remedy.is_empty() {
            out.push(format!("→ {remedy}"));
        }
    }
    out
}
