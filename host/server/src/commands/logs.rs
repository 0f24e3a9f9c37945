//! `portero logs tail`: verdicts and what comes in, as they happen.
//!
//! Both lists are read newest first until something known; ids are remembered over an overlap, because
//! what is committed a moment later may carry an id that is a moment older.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{LogsCommand, TailArgs};
use crate::client::Api;
use crate::commands::serve::EndSignals;
use crate::commands::text;
use crate::output;

/// How often it looks.
pub(super) const LOOK: Duration = Duration::from_millis(300);
/// Rows asked for at once.
const PAGE: usize = 200;
/// So many rows below the newest known one are looked at again.
const OVERLAP: usize = 100;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: LogsCommand) -> anyhow::Result<ExitCode> {
    let LogsCommand::Tail(args) = command;
    let mut end = EndSignals::listen()?;
    let api = args.target.connect().await?;
    let mut verdicts = List::new("/v1/verdicts", "decided_at");
    let mut events = List::new("/v1/inbox", "received_at");
    let shown = async {
        let last = usize::try_from(args.last).unwrap_or_default();
        let mut first = verdicts.first(&api).await?;
        if args.verdict.is_none() {
            first.extend(events.first(&api).await?);
        }
        first.retain(|(_, row)| wanted(&args, row));
        first.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, row) in first.iter().skip(first.len().saturating_sub(last)) {
            print(&args, row);
        }
        if !args.target.json {
            output::error("watching; Ctrl-C ends it");
        }
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            let mut new = verdicts.new_ones(&api).await?;
            if args.verdict.is_none() {
                new.extend(events.new_ones(&api).await?);
            }
            new.sort_by(|a, b| a.0.cmp(&b.0));
            for (_, row) in new.iter().filter(|(_, row)| wanted(&args, row)) {
                print(&args, row);
            }
        }
    };
    let ended: anyhow::Result<()> = tokio::select! {
        failed = shown => failed,
        () = end.told() => Ok(()),
    };
    api.close().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// A list of the API that grows at its head.
pub(crate) struct List {
    path: String,
    /// The field that says when.
    at: &'static str,
    /// Ids of the newest rows, as last read.
    seen: HashSet<String>,
    /// What is not younger than this was there before and has not been read.
    floor: String,
}

/// When it happened, and the row.
pub(crate) type Row = (String, Value);

impl List {
    pub(crate) fn new(path: impl Into<String>, at: &'static str) -> List {
        List {
            path: path.into(),
            at,
            seen: HashSet::new(),
            floor: String::new(),
        }
    }

    /// What is there already: everything of it counts as seen.
    pub(crate) async fn first(&mut self, api: &Api) -> anyhow::Result<Vec<Row>> {
        let (rows, next) = self.page(api, None).await?;
        self.seen = rows.iter().map(|(_, row)| text(row, "id")).collect();
        if let (Some(_), Some((oldest, _))) = (next, rows.last()) {
            self.floor.clone_from(oldest);
        }
        Ok(rows)
    }

    /// What came since, oldest first.
    pub(crate) async fn new_ones(&mut self, api: &Api) -> anyhow::Result<Vec<Row>> {
        let mut read = HashSet::new();
        let mut new = Vec::new();
        let mut known = 0;
        let mut after: Option<String> = None;
        loop {
            let (rows, next) = self.page(api, after.as_deref()).await?;
            for (at, row) in rows {
                let id = text(&row, "id");
                if self.seen.contains(&id) || at <= self.floor {
                    known += 1;
                } else {
                    new.push((at, row));
                }
                read.insert(id);
            }
            after = next;
            if after.is_none() || known >= OVERLAP {
                break;
            }
        }
        self.seen = read;
        new.reverse();
        Ok(new)
    }

    async fn page(
        &self,
        api: &Api,
        after: Option<&str>,
    ) -> anyhow::Result<(Vec<Row>, Option<String>)> {
        let after = after.map_or_else(String::new, |id| format!("&after={id}"));
        let answer = api
            .get(&format!("{}?limit={PAGE}{after}", self.path))
            .await?;
        let items = answer.get("items").and_then(Value::as_array);
        let rows = items
            .into_iter()
            .flatten()
            .map(|row| (text(row, self.at), row.clone()))
            .collect();
        let next = answer.get("next_cursor").and_then(Value::as_str);
        Ok((rows, next.map(str::to_owned)))
    }
}

fn wanted(args: &TailArgs, row: &Value) -> bool {
    match args.verdict {
        None => true,
        Some(filter) => row
            .get("verdict")
            .and_then(Value::as_str)
            .is_some_and(|verdict| filter.takes(verdict)),
    }
}

fn print(args: &TailArgs, row: &Value) {
    let is_verdict = row.get("verdict").is_some();
    if args.target.json {
        output::json(&object(row, is_verdict, &args.lang));
        return;
    }
    let line = if is_verdict {
        let summary = row.get("summary").map(|s| text(s, &args.lang));
        format!(
            "{}  {:<6} {} {} · {}",
            text(row, "decided_at"),
            text(row, "verdict"),
            text(row, "message"),
            text(row, "stage"),
            summary.unwrap_or_default()
        )
    } else {
        format!(
            "{}  in     {} {} · {} · {}",
            text(row, "received_at"),
            text(row, "id"),
            text(row, "kind"),
            text(row, "state"),
            text(row, "interpretation")
        )
    };
    output::line(&line);
}

/// One line for programs. The payload of an event stays where it is: it holds what people wrote.
fn object(row: &Value, is_verdict: bool, lang: &str) -> Value {
    if is_verdict {
        json!({
            "kind": "verdict", "at": row.get("decided_at"), "id": row.get("id"), "message": row.get("message"),
            "contact": row.get("contact"), "stage": row.get("stage"), "verdict": row.get("verdict"),
            "rule": row.get("rule"), "until": row.get("until"),
            "summary": row.get("summary").map(|s| text(s, lang)),
        })
    } else {
        json!({
            "kind": "event", "at": row.get("received_at"), "id": row.get("id"), "event": row.get("kind"),
            "state": row.get("state"), "interpretation": row.get("interpretation"),
        })
    }
}
