//! `portero sim`: a running simulator does something, over its own control API.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use serde_json::{Map, Value, json};

use crate::cli::{
    SimAgainst, SimClock, SimCommand, SimDial, SimFault, SimLog, SimPeople, SimTarget, SimWorld,
};
use crate::commands::{joined, show, text};
use crate::output;
use crate::sim_control::HttpControl;

/// Runs the verb.
///
/// # Errors
/// The simulator's words, or that there is none at the address.
pub async fn run(command: SimCommand) -> anyhow::Result<ExitCode> {
    match command {
        SimCommand::Clock(command) => clock(command).await,
        SimCommand::People(command) => people(command).await,
        SimCommand::Fault(command) => fault(command).await,
        SimCommand::Dial(command) => dial(command).await,
        SimCommand::Log(command) => log(command).await,
        SimCommand::World(command) => world(command).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn get(target: &SimTarget, path: &str) -> anyhow::Result<Value> {
    let control = HttpControl::new(&target.url)?;
    let answer = control.get(&format!("/_sim{path}")).await;
    answer.map_err(|why| anyhow!(why))
}

async fn post(target: &SimTarget, path: &str, body: Value) -> anyhow::Result<Value> {
    let control = HttpControl::new(&target.url)?;
    let answer = control.post(&format!("/_sim{path}"), &body).await;
    answer.map_err(|why| anyhow!(why))
}

async fn clock(command: SimClock) -> anyhow::Result<()> {
    let (answer, target) = match command {
        SimClock::Show(target) => (get(&target, "/clock").await?, target),
        SimClock::Run(target) => (post(&target, "/clock/run", json!({})).await?, target),
        SimClock::Pause(target) => (post(&target, "/clock/pause", json!({})).await?, target),
        SimClock::Jump { by, target } => {
            let body = json!({ "ms": milliseconds(&by)? });
            (post(&target, "/clock/jump", body).await?, target)
        }
    };
    let still = answer.get("paused") == Some(&Value::Bool(true));
    let line = format!(
        "{}{}",
        text(&answer, "now"),
        if still { ", standing still" } else { "" }
    );
    show(target.json, &answer, &line);
    Ok(())
}

async fn people(command: SimPeople) -> anyhow::Result<()> {
    let (path, body, target, done) = match command {
        SimPeople::List(target) => {
            let answer = get(&target, "/people").await?;
            let rows = listed(&answer, "people");
            let rows =
                rows.map(|one| vec![text(one, "name"), text(one, "wa_id"), text(one, "user_id")]);
            let table = output::table(&["name", "number", "user id"], rows.collect());
            show(target.json, &answer, &table);
            return Ok(());
        }
        SimPeople::Add {
            wa_id,
            name,
            target,
        } => {
            let body = json!({ "name": name, "wa_id": wa_id });
            ("/people".to_owned(), body, target, "there they are")
        }
        SimPeople::Say {
            person,
            text,
            number,
            target,
        } => {
            let body = json!({ "number": number, "type": "text", "text": text });
            (of(&person, "say"), body, target, "written")
        }
        SimPeople::Tap {
            person,
            message,
            button,
            number,
            target,
        } => {
            let body = json!({ "number": number, "message": message, "id": button });
            (of(&person, "tap"), body, target, "tapped")
        }
        SimPeople::Offers {
            person,
            value,
            number,
            target,
        } => {
            let body = json!({ "number": number, "value": value });
            (of(&person, "preference"), body, target, "told")
        }
        SimPeople::Block(against) => {
            let (path, body, target) = against_it(against, "block");
            (path, body, target, "blocked")
        }
        SimPeople::Report(against) => {
            let (path, body, target) = against_it(against, "report");
            (path, body, target, "reported")
        }
        SimPeople::Move {
            person,
            wa_id,
            target,
        } => {
            let body = json!({ "wa_id": wa_id });
            (of(&person, "number"), body, target, "moved")
        }
    };
    let answer = post(&target, &path, body).await?;
    show(target.json, &answer, done);
    Ok(())
}

fn against_it(against: SimAgainst, verb: &str) -> (String, Value, SimTarget) {
    let body = json!({ "number": against.number });
    (of(&against.person, verb), body, against.target)
}

fn of(person: &str, verb: &str) -> String {
    format!("/people/{}/{verb}", segment(person))
}

/// A part of a path: what is no letter, digit, dot, dash or underscore is escaped.
fn segment(part: &str) -> String {
    let mut out = String::new();
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

async fn fault(command: SimFault) -> anyhow::Result<()> {
    let (answer, target) = match command {
        SimFault::Show(target) => (get(&target, "/faults").await?, target),
        SimFault::Next {
            code,
            times,
            later,
            target,
        } => {
            let mode = if later { "async" } else { "sync" };
            let body = json!({ "next": [{ "code": code, "times": times, "mode": mode }] });
            (post(&target, "/faults", body).await?, target)
        }
        SimFault::Clear(target) => {
            let body = json!({
                "next": [], "drop_answer_next": 0, "duplicate_percent": 0, "reorder": false,
                "delay_ms": 0, "pause_webhooks": false, "batch": 1, "bad_signature_next": 0,
            });
            (post(&target, "/faults", body).await?, target)
        }
    };
    let waiting = listed(&answer, "next").map(|one| {
        format!(
            "{} for {} sends, {}",
            text(one, "code"),
            text(one, "times"),
            text(one, "mode")
        )
    });
    let mut lines: Vec<String> = waiting.collect();
    if lines.is_empty() {
        lines.push("no error waits for a send".to_owned());
    }
    show(target.json, &answer, &lines.join("\n"));
    Ok(())
}

async fn dial(command: SimDial) -> anyhow::Result<()> {
    let (path, given, target): (String, Vec<(&str, Option<Value>)>, SimTarget) = match command {
        SimDial::Number {
            number,
            quality,
            mps,
            target,
        } => {
            let given = vec![
                ("quality", quality.map(Value::from)),
                ("mps", mps.map(Value::from)),
            ];
            (format!("/numbers/{}", segment(&number)), given, target)
        }
        SimDial::Template {
            waba,
            name,
            language,
            status,
            quality,
            category,
            pacing,
            target,
        } => {
            let given = vec![
                ("status", status.map(Value::from)),
                ("quality", quality.map(Value::from)),
                ("category", category.map(Value::from)),
                ("pacing", pacing.map(Value::from)),
            ];
            let parts = [&waba, &name, &language].map(|part| segment(part));
            (format!("/templates/{}", parts.join("/")), given, target)
        }
        SimDial::Portfolio { id, limit, target } => {
            let given = vec![("limit", Some(Value::from(limit)))];
            (format!("/portfolios/{}", segment(&id)), given, target)
        }
    };
    let body: Map<String, Value> = given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    let answer = post(&target, &path, body.into()).await?;
    show(target.json, &answer, "set");
    Ok(())
}

async fn log(command: SimLog) -> anyhow::Result<()> {
    match command {
        SimLog::Requests { last, target } => {
            let answer = get(&target, &format!("/requests?limit={last}")).await?;
            let rows = listed(&answer, "requests").map(|one| {
                ["method", "path", "status", "code"]
                    .map(|field| text(one, field))
                    .to_vec()
            });
            let table = output::table(&["method", "path", "status", "code"], rows.collect());
            show(target.json, &answer, &table);
        }
        SimLog::Webhooks { last, target } => {
            let answer = get(&target, &format!("/webhooks?limit={last}")).await?;
            let rows = listed(&answer, "webhooks").map(|one| {
                vec![
                    text(one, "nth"),
                    joined(one, "fields"),
                    text(one, "attempts"),
                    text(one, "outcome"),
                ]
            });
            let table = output::table(&["nth", "fields", "attempt", "outcome"], rows.collect());
            show(target.json, &answer, &table);
        }
        SimLog::Replay { last, nth, target } => {
            let body = match nth {
                Some(nth) => json!({ "nth": nth }),
                None => json!({ "last": last }),
            };
            let answer = post(&target, "/webhooks/replay", body).await?;
            let line = format!("{} sent again", text(&answer, "queued"));
            show(target.json, &answer, &line);
        }
    }
    Ok(())
}

async fn world(command: SimWorld) -> anyhow::Result<()> {
    match command {
        SimWorld::Save { file, target } => {
            let saved = get(&target, "/world?whole=true").await?;
            let written = serde_json::to_vec(&saved)?;
            std::fs::write(&file, written)
                .with_context(|| format!("cannot write `{}`", file.display()))?;
            let answer = json!({ "saved": file, "now_at": saved.get("now_at") });
            show(
                target.json,
                &answer,
                &format!("saved as {}", file.display()),
            );
        }
        SimWorld::Load { file, target } => {
            let read = std::fs::read(&file)
                .with_context(|| format!("cannot read `{}`", file.display()))?;
            let document: Value = serde_json::from_slice(&read)
                .with_context(|| format!("`{}` is no saved world", file.display()))?;
            let control = HttpControl::new(&target.url)?;
            let answer = control.put("/_sim/world", &document).await;
            let answer = answer.map_err(|why| anyhow!(why))?;
            show(target.json, &answer, "loaded");
        }
        SimWorld::Reset(target) => {
            let answer = post(&target, "/world/reset", json!({})).await?;
            show(target.json, &answer, "as it was configured");
        }
    }
    Ok(())
}

fn listed<'a>(answer: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    answer
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// `500ms`, `30s`, `5m`, `25h`, `7d`.
fn milliseconds(text: &str) -> anyhow::Result<i64> {
    let units = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    for (unit, length) in units {
        let count = text.strip_suffix(unit).and_then(|n| n.parse::<i64>().ok());
        if let Some(ms) = count.and_then(|n| n.checked_mul(length)) {
            return Ok(ms);
        }
    }
    bail!("`{text}` is no length of time; write 500ms, 30s, 5m, 25h or 7d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_a_unit() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("25h", 90_000_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(milliseconds(text).unwrap(), ms);
        }
        for bad in ["", "5", "h", "5w", "99999999999999999d"] {
            assert!(milliseconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_part_of_a_path_stays_one() {
        assert_eq!(segment("+57 300/1"), "%2B57%20300%2F1");
        assert_eq!(segment("CO.8a_b-c"), "CO.8a_b-c");
    }
}
