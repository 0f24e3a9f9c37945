//! `portero contacts list|search|timeline`: who is there, and what happened with one of them.

use std::process::ExitCode;

use serde_json::Value;

use crate::cli::{PartFlags, TimelineArgs};
use crate::client::Target;
use crate::commands::ledger::{scope, told};
use crate::commands::pages::{self, Part};
use crate::commands::plugin::encode;
use crate::commands::text;

/// Shows people: all of them, or those who are looked for.
///
/// # Errors
/// The host's words.
pub async fn list(
    words: Option<&str>,
    part: &PartFlags,
    target: Target,
) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let answer = pages::read(&api, "/v1/contacts", &[("q", words)], part.of()).await?;
    let header = [
        "contact",
        "name",
        "addresses",
        "country",
        "promotion",
        "tags",
    ];
    let empty = match words {
        Some(_) => "nobody has this id, this address or this in their name",
        None => "nobody yet; `portero contacts import --help`",
    };
    pages::show(target.json, &answer, &header, person, empty);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

fn person(item: &Value) -> Vec<String> {
    let several = |field: &str| {
        let words = item
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let words: Vec<&str> = words.filter_map(Value::as_str).collect();
        words.join(", ")
    };
    let promotion = item.pointer("/consent/*").map(|s| text(s, "state"));
    vec![
        text(item, "id"),
        text(item, "name"),
        several("addresses"),
        text(item, "country"),
        promotion.unwrap_or_default(),
        several("tags"),
    ]
}

/// Shows what happened with one person, newest first.
///
/// # Errors
/// The host's words.
pub async fn timeline(args: TimelineArgs) -> anyhow::Result<ExitCode> {
    let TimelineArgs {
        who,
        lang,
        part,
        target,
    } = args;
    let api = target.connect().await?;
    let path = format!("/v1/contacts/{}/timeline", encode(&who));
    let answer = pages::read(&api, &path, &[], part.of()).await?;
    let header = ["when", "what", "words", "stands", "why"];
    let row = |item: &Value| happened(item, &lang);
    pages::show(target.json, &answer, &header, row, "nothing happened yet");
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

fn happened(item: &Value, lang: &str) -> Vec<String> {
    let [what, words, stands, why] = match text(item, "kind").as_str() {
        "inbound" => [
            "wrote".to_owned(),
            text(item, "text"),
            String::new(),
            String::new(),
        ],
        "message" => message(item, lang),
        "consent" => {
            let event = item.get("event").cloned().unwrap_or_default();
            let what = format!("consent {}", text(&event, "kind"));
            [what, told(&event), scope(&event), text(&event, "evidence")]
        }
        "handover" => [
            format!("conversation {}", text(item, "what")),
            text(item, "note"),
            String::new(),
            text(item, "author"),
        ],
        other => [
            other.to_owned(),
            String::new(),
            String::new(),
            String::new(),
        ],
    };
    vec![text(item, "at"), what, words, stands, why]
}

fn message(item: &Value, lang: &str) -> [String; 4] {
    let (state, status) = (text(item, "state"), text(item, "status"));
    let stands = match (text(item, "error"), status.is_empty() || status == state) {
        (error, _) if !error.is_empty() => format!("{state}: {error}"),
        (_, true) => state,
        (_, false) => format!("{state}, {status}"),
    };
    let campaign = item.get("campaign").map(|c| text(c, "name"));
    let from = match campaign.filter(|name| !name.is_empty()) {
        Some(name) => format!("campaign {name}"),
        None => text(item, "origin"),
    };
    let why = item.get("summary").map(|s| text(s, lang));
    [
        format!("message ({from}, {})", text(item, "purpose")),
        text(item, "text"),
        stands,
        format!("{}: {}", text(item, "result"), why.unwrap_or_default()),
    ]
}

impl PartFlags {
    /// What they ask for.
    pub(crate) fn of(&self) -> Part<'_> {
        Part {
            rows: Some(self.limit),
            after: self.after.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_thing_is_a_line() {
        let sent = json!({ "at": "t", "kind": "message", "text": "Hola", "origin": "plugin",
            "purpose": "reply", "state": "sent", "status": "read", "result": "allow",
            "summary": { "en": "They wrote." } });
        let line = [
            "t",
            "message (plugin, reply)",
            "Hola",
            "sent, read",
            "allow: They wrote.",
        ];
        assert_eq!(happened(&sent, "en"), line);
        let agreed = json!({ "at": "t", "kind": "consent", "event": { "kind": "granted",
            "scope": { "topic": "ofertas" }, "source": "api", "evidence": "form 8", "wording": "ofertas@1" } });
        let line = [
            "t",
            "consent granted",
            "api, ofertas@1",
            "ofertas",
            "form 8",
        ];
        assert_eq!(happened(&agreed, "en"), line);
    }
}
