//! `portero campaign`: plan, approve, run, and watch.

mod report;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use crate::cli::{CampaignCommand, CampaignNew};
use crate::client::{Api, Target};
use crate::commands::{lines, show, show_list, text};
use crate::output;

/// How often a watched campaign is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: CampaignCommand) -> anyhow::Result<ExitCode> {
    match command {
        CampaignCommand::List(args) => {
            let api = args.target.connect().await?;
            let answer = api
                .get(&format!("/v1/campaigns?limit={}", args.limit))
                .await?;
            let columns = [
                ("campaign", "id"),
                ("name", "name"),
                ("state", "state"),
                ("reason", "reason"),
                ("written", "created_at"),
            ];
            let empty = "no campaigns yet; `portero campaign new --help` shows how to write one";
            show_list(args.target.json, &answer, &columns, empty);
            api.close().await;
        }
        CampaignCommand::New(args) => new(*args).await?,
        CampaignCommand::Plan { id, target } => {
            let api = target.connect().await?;
            let bar = lines::bar(
                0,
                target.json,
                "{bar:30} {pos}/{len} people judged · {per_sec} · {eta} left",
            );
            let path = format!("/v1/campaigns/{id}/plan");
            let answer = lines::ask(&api, &path, &json!({}), &bar, |bar, far| {
                bar.set_length(lines::number(far, "people"));
                bar.set_position(lines::number(far, "done"));
            })
            .await?;
            show_plan(&target, &answer);
            api.close().await;
        }
        CampaignCommand::Report { id, lang, target } => report::run(&target, &id, &lang).await?,
        CampaignCommand::Approve { id, plan, target } => {
            let api = target.connect().await?;
            let body = json!({ "plan_hash": plan });
            let answer = api
                .post(&format!("/v1/campaigns/{id}/approve"), body)
                .await?;
            let line = format!(
                "approved until {}; {}",
                text(&answer, "approval_expires_at"),
                if text(&answer, "next_at").is_empty() {
                    format!("start it: portero campaign run {id} --watch")
                } else {
                    format!("it starts by itself at {}", text(&answer, "next_at"))
                }
            );
            show(target.json, &answer, &line);
            api.close().await;
        }
        CampaignCommand::Run { id, watch, target } => {
            act(&target, &id, "run", None, watch).await?;
        }
        CampaignCommand::Resume { id, watch, target } => {
            act(&target, &id, "resume", None, watch).await?;
        }
        CampaignCommand::Pause { id, reason, target } => {
            act(&target, &id, "pause", reason, false).await?;
        }
        CampaignCommand::Stop { id, reason, target } => {
            act(&target, &id, "stop", reason, false).await?;
        }
        CampaignCommand::Show { id, watch, target } => {
            let api = target.connect().await?;
            let answer = api.get(&format!("/v1/campaigns/{id}")).await?;
            if watch {
                follow(&api, &target, &id).await?;
            } else {
                show_campaign(&target, &answer);
            }
            api.close().await;
        }
        CampaignCommand::People {
            id,
            state,
            planned,
            rule,
            limit,
            target,
        } => {
            let api = target.connect().await?;
            let mut path = format!("/v1/campaigns/{id}/people?limit={limit}");
            for (name, value) in [("state", state), ("planned", planned), ("rule", rule)] {
                if let Some(value) = value {
                    path.push_str(&format!(
                        "&{name}={}",
                        crate::commands::plugin::encode(&value)
                    ));
                }
            }
            let answer = api.get(&path).await?;
            let columns = [
                ("person", "contact"),
                ("planned", "planned"),
                ("state", "state"),
                ("Meta says", "status"),
                ("rule", "rule"),
                ("message", "message"),
            ];
            show_list(target.json, &answer, &columns, "nobody");
            api.close().await;
        }
        CampaignCommand::Export { id, file, target } => {
            let api = target.connect().await?;
            let answer = api.get(&format!("/v1/campaigns/{id}/export")).await?;
            let Value::String(csv) = answer else {
                bail!("the host answered with something that is no CSV");
            };
            match file {
                Some(file) => {
                    std::fs::write(&file, &csv)
                        .with_context(|| format!("cannot write `{}`", file.display()))?;
                    let people = csv.lines().count().saturating_sub(1);
                    let line = format!("{people} people in {}", file.display());
                    show(
                        target.json,
                        &json!({ "people": people, "file": file }),
                        &line,
                    );
                }
                None => output::line(csv.trim_end()),
            }
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn new(args: CampaignNew) -> anyhow::Result<()> {
    let audience = match (&args.tag, &args.segment, args.all) {
        (Some(tag), None, false) => json!({ "who": "tag", "tag": tag }),
        (None, Some(segment), false) => {
            let (installation, segment) = segment
                .split_once('/')
                .context("--segment wants INSTALLATION/SEGMENT, like ins_0193…/dormant")?;
            json!({ "who": "segment", "installation": installation, "segment": segment })
        }
        (None, None, true) => json!({ "who": "all" }),
        _ => bail!("say for whom: --tag TAG, --segment INSTALLATION/SEGMENT, or --all"),
    };
    let mut values = Map::new();
    for one in &args.value {
        let (slot, source) = value(one)?;
        values.insert(slot, source);
    }
    let mut body = json!({
        "name": args.name, "template": args.template, "language": args.language, "why": args.why,
        "purpose": args.purpose, "audience": audience, "values": values, "spread_hours": args.spread_hours,
    });
    if let Some(object) = body.as_object_mut() {
        for (field, value) in [
            ("topic", args.topic),
            ("start_at", args.start_at),
            ("phone_number_id", args.number),
        ] {
            if let Some(value) = value {
                object.insert(field.to_owned(), json!(value));
            }
        }
    }
    let api = args.target.connect().await?;
    let answer = api.post("/v1/campaigns", body).await?;
    let id = text(&answer, "id");
    let line = format!("{id}; see who would get it: portero campaign plan {id}");
    show(args.target.json, &answer, &line);
    api.close().await;
    Ok(())
}

/// `body.nombre=name:amigo` as JSON.
fn value(text: &str) -> anyhow::Result<(String, Value)> {
    const HOW: &str = "--value wants SLOT=name[:FALLBACK], SLOT=attr:KEY[:FALLBACK], SLOT=text:WORDS or \
                       SLOT=plugin:INSTALLATION[:HINT]";
    let (slot, source) = text.split_once('=').context(HOW)?;
    let (kind, rest) = source.split_once(':').unwrap_or((source, ""));
    let optional = |t: &str| (!t.is_empty()).then(|| t.to_owned());
    let (first, second) = rest.split_once(':').unwrap_or((rest, ""));
    let source = match kind {
        "name" => match optional(rest) {
            Some(fallback) => json!({ "from": "name", "fallback": fallback }),
            None => json!({ "from": "name" }),
        },
        "attr" if !first.is_empty() => match optional(second) {
            Some(fallback) => json!({ "from": "attribute", "key": first, "fallback": fallback }),
            None => json!({ "from": "attribute", "key": first }),
        },
        "text" if !rest.is_empty() => json!({ "from": "fixed", "text": rest }),
        "plugin" if !first.is_empty() => {
            json!({ "from": "personalise", "installation": first, "hint": second })
        }
        _ => bail!("`{text}` does not read; {HOW}"),
    };
    Ok((slot.to_owned(), source))
}

async fn act(
    target: &Target,
    id: &str,
    what: &str,
    reason: Option<String>,
    watch: bool,
) -> anyhow::Result<()> {
    let api = target.connect().await?;
    let body = match reason {
        Some(reason) => json!({ "reason": reason }),
        None => json!({}),
    };
    let answer = api
        .post(&format!("/v1/campaigns/{id}/{what}"), body)
        .await?;
    if watch {
        follow(&api, target, id).await?;
    } else {
        show_campaign(target, &answer);
    }
    api.close().await;
    Ok(())
}

/// Watches until the campaign rests or ends.
async fn follow(api: &Api, target: &Target, id: &str) -> anyhow::Result<()> {
    let bar = if target.json {
        indicatif::ProgressBar::hidden()
    } else {
        let style = indicatif::ProgressStyle::with_template(
            "{bar:40} {pos}/{len} {percent}% · {per_sec} · {msg}",
        )?;
        indicatif::ProgressBar::new(0).with_style(style)
    };
    loop {
        let answer = api.get(&format!("/v1/campaigns/{id}")).await?;
        let progress = answer.get("progress").cloned().unwrap_or_default();
        let people = progress.get("people").and_then(Value::as_u64);
        bar.set_length(people.unwrap_or_default());
        bar.set_position(ended(&progress));
        bar.set_message(match text(&progress, "limiter") {
            limiter if limiter.is_empty() => text(&answer, "state"),
            limiter => format!("{}: {limiter}", text(&answer, "state")),
        });
        if text(&answer, "state") != "running" {
            bar.finish_and_clear();
            show_campaign(target, &answer);
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// People whose turn is over.
fn ended(progress: &Value) -> u64 {
    let open = ["waiting", "queued", "deferred", "in_review", "attempting"];
    progress
        .get("counts")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(state, _)| !open.contains(&state.as_str()))
        .filter_map(|(_, n)| n.as_u64())
        .sum()
}

fn show_campaign(target: &Target, answer: &Value) {
    if target.json {
        output::json(answer);
        return;
    }
    let reason = match (text(answer, "reason"), text(answer, "reason_detail")) {
        (reason, _) if reason.is_empty() => String::new(),
        (reason, detail) if detail.is_empty() => format!(" · {reason}"),
        (reason, detail) => format!(" · {reason} ({detail})"),
    };
    output::line(&format!(
        "{}  {} · {}{reason}",
        text(answer, "id"),
        text(answer, "name"),
        text(answer, "state")
    ));
    let progress = answer.get("progress").cloned().unwrap_or_default();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for part in ["counts", "statuses"] {
        for (state, n) in progress
            .get(part)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let of = if part == "counts" {
                "people"
            } else {
                "of those sent, Meta says"
            };
            rows.push(vec![of.to_owned(), state.clone(), n.to_string()]);
        }
    }
    rows.push(vec![
        "of those reached".to_owned(),
        "opted out".to_owned(),
        text(&progress, "opted_out"),
    ]);
    output::line(&output::table(&["", "state", "people"], rows));
    let limiter = text(&progress, "limiter");
    output::line(&format!(
        "{} people in all{}",
        text(&progress, "people"),
        if limiter.is_empty() {
            String::new()
        } else {
            format!("; held by {limiter}")
        }
    ));
}

fn show_plan(target: &Target, plan: &Value) {
    if target.json {
        output::json(plan);
        return;
    }
    for line in plan_lines(plan) {
        output::line(&line);
    }
    output::line(&format!(
        "approve it: portero campaign approve {} --plan {}",
        text(plan, "campaign"),
        text(plan, "hash")
    ));
}

/// A plan as people read it: who, who not and why, what they would read, until when, for how much.
pub(crate) fn plan_lines(plan: &Value) -> Vec<String> {
    let list = |field: &str| {
        plan.get(field)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let mut lines = vec![format!(
        "{} people: {} now · {} later · {} for review · {} never",
        text(plan, "people"),
        text(plan, "now"),
        text(plan, "later"),
        text(plan, "review"),
        text(plan, "never"),
    )];
    let imported = plan.get("imported").and_then(Value::as_u64);
    if let Some(imported) = imported.filter(|n| *n > 0) {
        lines.push(format!(
            "{imported} came in from lists and get a campaign for the first time: the brake works at half, and of more than 50 the rest waits an hour for the first 50"
        ));
    }
    let slices = list("slices")
        .iter()
        .map(|s| {
            let title = s.get("title").map(|t| text(t, "en")).unwrap_or_default();
            vec![text(s, "slice"), text(s, "people"), text(s, "rule"), title]
        })
        .collect();
    let table = output::table(&["slice", "people", "rule", ""], slices);
    lines.extend(table.lines().map(str::to_owned));
    for (slot, n) in plan
        .get("missing")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        lines.push(format!("without a value for {slot}: {n} people"));
    }
    // A template without values reads the same for everybody: once is enough.
    let mut previews = list("previews");
    previews.dedup_by_key(|p| text(p, "text"));
    let error = text(plan, "preview_error");
    if !error.is_empty() {
        lines.push(format!("no previews: {error}"));
    }
    for preview in previews {
        let part = |name: &str| preview.get(name).and_then(Value::as_str);
        lines.extend(part("header").map(|t| format!("  [{t}]")));
        lines.push(format!(
            "  {} characters: {}",
            text(&preview, "characters"),
            text(&preview, "text")
        ));
        lines.extend(part("footer").map(|t| format!("  _{t}_")));
        let buttons = preview.get("buttons").and_then(Value::as_array);
        let buttons = buttons.into_iter().flatten().filter_map(Value::as_str);
        lines.extend(buttons.map(|b| format!("  <{b}>")));
    }
    let empty = Value::Null;
    let finish = plan.get("finish").unwrap_or(&empty);
    lines.push(format!(
        "starts {} · ends about {} · held longest by {} ({})",
        text(finish, "starts_at"),
        text(finish, "ends_at"),
        text(finish, "limiter"),
        text(finish, "detail")
    ));
    let cost = plan.get("cost").unwrap_or(&empty);
    let unknown = text(cost, "unknown_messages");
    lines.push(format!(
        "cost {} {}{} (prices of {}, estimate)",
        text(cost, "currency"),
        text(cost, "known"),
        if unknown == "0" {
            String::new()
        } else {
            format!(" and unknown for {unknown} messages")
        },
        text(cost, "effective")
    ));
    let portfolio = plan.get("portfolio").unwrap_or(&empty);
    if portfolio.get("unlimited") != Some(&Value::Bool(true)) {
        let limit = match text(portfolio, "limit") {
            unknown if unknown.is_empty() => "unknown, 250 is reckoned with".to_owned(),
            known => known,
        };
        lines.push(format!(
            "limit on people written to first in 24 h: {limit}; {} used, {} needed, {} over it",
            text(portfolio, "used"),
            text(portfolio, "needed"),
            text(portfolio, "over")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_the_help_says() {
        let (slot, source) = value("body.nombre=name:amigo").unwrap();
        assert_eq!(slot, "body.nombre");
        assert_eq!(source, json!({ "from": "name", "fallback": "amigo" }));
        assert_eq!(value("body.1=name").unwrap().1, json!({ "from": "name" }));
        assert_eq!(
            value("body.2=attr:ciudad:tu ciudad").unwrap().1,
            json!({ "from": "attribute", "key": "ciudad", "fallback": "tu ciudad" })
        );
        assert_eq!(
            value("header.media=text:https://x.example/a.png")
                .unwrap()
                .1,
            json!({ "from": "fixed", "text": "https://x.example/a.png" })
        );
        for wrong in [
            "body.1",
            "body.1=",
            "body.1=attr:",
            "body.1=text:",
            "body.1=what:x",
        ] {
            assert!(value(wrong).is_err(), "{wrong}");
        }
    }
}
