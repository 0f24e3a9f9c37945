//! `portero plugin call`, `portero plugin replay`: a call as it was, and calls run again.

use std::process::ExitCode;

use anyhow::Context;
use reqwest::Method;
use serde_json::Value;

use super::state::installation;
use crate::cli::{CallArgs, ReplayArgs, exit};
use crate::client::Body;
use crate::commands::text;
use crate::output;
use crate::scenario;

/// Shows a recorded call, or writes it as a scenario.
///
/// # Errors
/// The host's words, or why the call cannot be made a scenario.
pub(super) async fn call(args: CallArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let id = installation(&api, &args.plugin).await?;
    let event = super::encode(&args.event);
    let answer = api.get(&format!("/v1/plugins/{id}/calls/{event}")).await?;
    if args.scenario {
        let templates = api.get("/v1/templates?limit=200").await?;
        output::line(scenario::recorded(&answer, &templates)?.trim_end());
    } else if args.target.json {
        output::json(&answer);
    } else {
        show(&answer);
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

fn show(call: &Value) {
    let recording = &call["recording"];
    let result = &recording["result"];
    output::line(&format!(
        "{}  {} {} · {} fuel · {} host calls · version {}",
        text(call, "called_at"),
        text(call, "outcome"),
        text(result, "detail"),
        text(result, "fuel"),
        text(result, "host_calls"),
        text(call, "version"),
    ));
    output::line(&format!("told      {}", at(recording, "/event/what")));
    output::line(&format!("of        {}", at(recording, "/event/contact")));
    for asked in recording["asked"].as_array().into_iter().flatten() {
        output::line(&format!("asked     {}", asked["ask"]));
        output::line(&format!("  heard   {}", asked["told"]));
    }
    let actions = result["actions"].as_array().into_iter().flatten();
    for (place, action) in actions.enumerate() {
        output::line(&format!("answered  {action}"));
        let said = call["verdicts"].as_array().into_iter().flatten();
        for said in said.filter(|v| v["action"] == place) {
            let (verdict, rule) = (text(said, "verdict"), text(said, "rule"));
            output::line(&format!(
                "  gate    {verdict} {rule}  {}",
                text(said, "message")
            ));
        }
    }
    if call["replayable"] != true {
        output::line("it cannot be run again: not all it heard was kept, or the host failed");
    }
}

/// Runs recorded calls again.
///
/// # Errors
/// The host's words, or why a component is refused.
pub(super) async fn replay(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let component = match &args.against {
        None => None,
        Some(file) => {
            Some(std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?)
        }
    };
    let api = args.target.connect().await?;
    let id = installation(&api, &args.plugin).await?;
    let path = format!(
        "/v1/plugins/{id}/replay?hours={}&last={}",
        args.since, args.last
    );
    let against = component.is_some();
    let body = Body::Bytes(component.unwrap_or_default());
    let answer = api.send(Method::POST, &path, Some(body)).await?;
    if args.target.json {
        output::json(&answer);
    } else {
        tell(&answer, against);
    }
    api.close().await;
    Ok(ExitCode::from(if found(&answer) {
        exit::FOUND
    } else {
        exit::DONE
    }))
}

/// What stands at a place of an answer; nothing where there is none.
fn at<'a>(answer: &'a Value, place: &str) -> &'a Value {
    answer.pointer(place).unwrap_or(&Value::Null)
}

/// What nobody should let pass unread: a call that went another way on its own component, a new fault, a message that
/// was denied and would go now.
fn found(answer: &Value) -> bool {
    let count = |place: &str| at(answer, place).as_u64().unwrap_or_default();
    count("/kinds/diverged") > 0
        || count("/kinds/fault_new") > 0
        || count("/verdicts/deny_to_allow") > 0
}

fn tell(answer: &Value, against: bool) {
    let calls = answer["calls"].as_u64().unwrap_or_default();
    let left: u64 = counts(&answer["left_out"]).map(|(_, n)| n).sum();
    if calls == 0 && left == 0 {
        output::line(&format!(
            "no recorded calls since {}; calls are kept for the term `plugin_journal` (`portero retention show`)",
            text(answer, "since")
        ));
        return;
    }
    for call in answer["differences"].as_array().into_iter().flatten() {
        output::line(&format!(
            "{}  {}",
            text(call, "called_at"),
            text(call, "event")
        ));
        for one in call["differences"].as_array().into_iter().flatten() {
            difference(one);
        }
    }
    let on = match against {
        true => format!(
            "on version {} ({})",
            at(answer, "/against/version").as_str().unwrap_or_default(),
            short(at(answer, "/against/digest").as_str().unwrap_or_default())
        ),
        false => "each on its own component".to_owned(),
    };
    output::line(&format!(
        "{calls} calls since {} run again {on}: {} same",
        text(answer, "since"),
        text(answer, "same")
    ));
    for (kind, n) in counts(&answer["kinds"]) {
        output::line(&format!("  {n:>6}  {}", words(kind)));
    }
    for (change, n) in counts(&answer["verdicts"]) {
        let line = format!("  {n:>6}  verdict {}", change.replace("_to_", " → "));
        output::line(&red(change == "deny_to_allow", line));
    }
    for (why, n) in counts(&answer["left_out"]) {
        output::line(&format!("  {n:>6}  not run: {}", words(why)));
    }
    fuel(answer);
}

fn fuel(answer: &Value) {
    let of = |what: &str| answer[what].as_u64().unwrap_or_default();
    let (was, now, others) = (of("fuel_was"), of("fuel_now"), of("other_build"));
    if others > 0 {
        output::line(&format!(
            "fuel: not compared, {others} calls were recorded by another build of the host"
        ));
    } else if was > 0 {
        // In hundredths of a per cent, without a float.
        let change = i128::from(now) * 10_000 / i128::from(was) - 10_000;
        let (sign, size) = (if change < 0 { '-' } else { '+' }, change.unsigned_abs());
        output::line(&format!(
            "fuel: {now}, was {was} ({sign}{}.{:02} %)",
            size / 100,
            size % 100
        ));
    }
}

fn difference(one: &Value) {
    let what = one["what"].as_str().unwrap_or_default();
    let detail = match text(one, "detail") {
        none if none.is_empty() => none,
        detail => format!(": {detail}"),
    };
    output::line(&format!("    {}{detail}", words(what)));
    for (side, sign) in [("was", '-'), ("now", '+')] {
        let told = side == "now" && one["was"] == one["now"];
        if one[side].is_object() && !told {
            output::line(&format!("      {sign} {}", one[side]));
        }
    }
    let said = |side: &str| {
        let side = &one[side];
        let verdict = side["verdict"].as_str()?;
        let rule = side["rule"].as_str().unwrap_or_default();
        Some(format!("{verdict} {rule}").trim_end().to_owned())
    };
    match (said("verdict_was"), said("verdict_now")) {
        (Some(was), Some(now)) if was != now => {
            let worse = was.starts_with("deny") && now.starts_with("allow");
            output::line(&red(worse, format!("      verdict: {was} → {now}")));
        }
        (None, Some(now)) => output::line(&format!("      verdict: {now}")),
        _ => {}
    }
}

fn counts(of: &Value) -> impl Iterator<Item = (&str, u64)> {
    let all = of.as_object().into_iter().flatten();
    all.map(|(word, n)| (word.as_str(), n.as_u64().unwrap_or_default()))
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Red on a terminal, as it is elsewhere.
fn red(worse: bool, line: String) -> String {
    if worse && output::is_terminal() {
        format!("\u{1b}[31m{line}\u{1b}[0m")
    } else {
        line
    }
}

fn words(word: &str) -> &str {
    match word {
        "diverged" => "went another way on the same component",
        "text" => "message changed",
        "action_added" => "action added",
        "action_removed" => "action removed",
        "action_changed" => "action changed",
        "memory" => "remembers something else",
        "verdict" => "verdict changed",
        "fault_new" => "new fault",
        "fault_gone" => "fault gone",
        "fault_other" => "another fault",
        "not_recorded" => "asks what the recorded call did not ask, and was told `unavailable`",
        "not_whole" => "more was asked than is kept",
        "host_bug" => "the host failed",
        "cut_off" => "cut off by the clock; the newest five are run",
        other => other,
    }
}
