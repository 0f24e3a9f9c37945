//! The shop's own cycle on the day after: customers agree, a plugin puts them into segments, a
//! campaign is planned, approved and sent, people answer, somebody takes over, the figures come back.

use anyhow::Context;
use serde_json::{Value, json};

use crate::client::Body;
use crate::commands::campaign::plan_lines;
use crate::commands::plugin::encode;
use crate::commands::text;
use crate::demo::day::Day;
use crate::demo::setup::{Standing, wait};
use crate::demo::world::Person;
use crate::guest::{CAMPAIGN_METRICS, RFM_SEGMENTS};

/// Customers who agree on this day, in the shop's newsletter form: at least, at most.
const CUSTOMERS: (u64, u64) = (12, 16);

/// Between two looks at the running campaign; it is spread over an hour.
const TEN_MINUTES: i64 = 600_000;

/// Looks before it has to be through: somebody who got an offer yesterday waits until a day has passed.
const LOOKS: usize = 60;

/// Lines of a card that are shown; the page and `portero report` show all.
const LINES: usize = 6;

/// Plays it.
pub(super) async fn play(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<()> {
    let mut customers = opt_ins(day, sol).await?;
    segments(day, sol).await?;
    let campaign = plan(day, sol).await?;
    // Who leaves, who asks, who wants a person.
    day.chance.shuffle(&mut customers);
    send(day, sol, &campaign, &customers).await?;
    answers(day, sol, &customers).await?;
    figures(day, sol).await
}

fn customer(n: u64) -> Person {
    Person {
        name: format!("Cliente {n}"),
        wa_id: Some(format!("57300555{n:04}")),
        user_id: format!("CO.{}", 90_011_223_345_000_u64 + n),
        offers: None,
    }
}

/// People agree, with the proof the shop has of it.
async fn opt_ins(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<Vec<Person>> {
    day.chapter("customers agree to offers in the shop's own form; the ledger keeps the proof");
    let mut customers = Vec::new();
    let number = day.chance.between(CUSTOMERS.0, CUSTOMERS.1);
    for n in 100..100 + number {
        let who = customer(n);
        let phone = json!({ "name": who.name, "wa_id": who.wa_id, "user_id": who.user_id });
        day.world
            .control
            .post("/_sim/people", &phone)
            .await
            .map_err(anyhow::Error::msg)?;
        let contact =
            json!({ "address": who.key(), "name": who.name, "language": "es", "country": "CO" });
        sol.api.put("/v1/contacts", contact).await?;
        let consent = json!({ "event": "granted", "topic": "ofertas", "promise": { "max": 2, "per": "week" },
                              "wording": "ofertas@1", "evidence": "newsletter form, 2026-11-24" });
        sol.api
            .post(
                &format!("/v1/contacts/{}/consent", encode(who.key())),
                consent,
            )
            .await?;
        customers.push(who);
    }
    let mut agreed = 0;
    let mut evidence = String::new();
    for who in &customers {
        let path = format!("/v1/contacts/{}", encode(who.key()));
        let seen = sol.api.get(&path).await?;
        if let Some(event) = items(&seen, "consent_events").first()
            && text(event, "kind") == "granted"
        {
            agreed += 1;
            evidence = text(event, "evidence");
        }
    }
    let line =
        format!("   {agreed} customers are on record as having agreed; evidence: {evidence}");
    let detail = json!({ "tenant": sol.shop.slug, "people": agreed, "evidence": evidence });
    day.show.event("opt-in", &line, detail);
    Ok(customers)
}

async fn install(
    day: &Day<'_>,
    sol: &Standing,
    wasm: &[u8],
    fields: &[&str],
) -> anyhow::Result<()> {
    let how = json!({ "grants": { "permissions": ["contacts.read", "config", "log"], "contact_fields": fields } });
    let how = crate::demo::setup::grantable(wasm, how)?;
    let path = format!("/v1/plugins?how={}", encode(&how.to_string()));
    sol.api
        .send(
            reqwest::Method::POST,
            &path,
            Some(Body::Bytes(wasm.to_vec())),
        )
        .await
        .context("plugin")?;
    wait(day.world).await
}

/// A plugin says who belongs where, and why.
async fn segments(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<()> {
    day.chapter("a plugin puts people into segments, with its reason");
    let fields = ["name", "tags", "interactions", "purchases", "cart"];
    install(day, sol, RFM_SEGMENTS, &fields).await?;
    install(day, sol, CAMPAIGN_METRICS, &[]).await?;
    let list = sol.api.get("/v1/segments").await?;
    let plugin = list.as_array().and_then(|l| l.first()).cloned();
    let plugin = plugin.context("no segments")?;
    for segment in items(&plugin, "segments") {
        let (id, members) = (text(&segment, "id"), text(&segment, "members"));
        let path = format!("/v1/segments/{}/members?limit=1", encode(&id));
        let page = sol.api.get(&path).await?;
        let reason = items(&page, "items")
            .first()
            .map(|m| text(m, "reason"))
            .unwrap_or_default();
        day.show.event(
            "segment",
            &format!("   {id:<16} {members:>3}   {reason}"),
            json!({ "tenant": sol.shop.slug, "segment": id, "members": segment.get("members"), "reason": reason }),
        );
    }
    Ok(())
}

/// Everybody new is judged before anybody is written to.
async fn plan(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<String> {
    day.chapter("a campaign: who would get it, who would not and why, what it costs");
    let list = sol.api.get("/v1/segments").await?;
    let installation = list
        .pointer("/0/installation")
        .and_then(Value::as_str)
        .context("no segmentation plugin")?;
    let definition = json!({
        "name": "Semana de ofertas", "template": "promo_semana", "language": sol.shop.template_language,
        "topic": "ofertas", "why": "they are new and agreed to offers",
        "audience": { "who": "segment", "installation": installation, "segment": "new" },
        "spread_hours": 1,
    });
    let made = sol.api.post("/v1/campaigns", definition).await?;
    let id = text(&made, "id");
    let plan = sol
        .api
        .post(&format!("/v1/campaigns/{id}/plan"), json!({}))
        .await?;
    let lines: Vec<String> = plan_lines(&plan)
        .iter()
        .map(|line| format!("   {line}"))
        .collect();
    let hash = text(&plan, "hash");
    let detail = json!({ "tenant": sol.shop.slug, "plan": plan });
    day.show.event("plan", &lines.join("\n"), detail);
    let approved = sol
        .api
        .post(
            &format!("/v1/campaigns/{id}/approve"),
            json!({ "plan_hash": hash }),
        )
        .await?;
    progress(day, sol, &approved);
    Ok(id)
}

/// It leaves at its number's pace; paused it rests; an opt-out in the middle is obeyed.
async fn send(
    day: &mut Day<'_>,
    sol: &Standing,
    id: &str,
    customers: &[Person],
) -> anyhow::Result<()> {
    day.chapter("it runs at its number's pace; pause and an opt-out take effect at once");
    let path = format!("/v1/campaigns/{id}");
    sol.api.post(&format!("{path}/run"), json!({})).await?;
    day.jump_ms(TEN_MINUTES).await?;
    progress(day, sol, &sol.api.get(&path).await?);
    let paused = json!({ "reason": "is the price right?" });
    let view = sol.api.post(&format!("{path}/pause"), paused).await?;
    progress(day, sol, &view);
    let leaver = customers.last().context("customers")?;
    day.says(sol, leaver, "BAJA").await?;
    sol.api.post(&format!("{path}/resume"), json!({})).await?;
    let mut seen = view;
    for _ in 0..LOOKS {
        day.jump_ms(TEN_MINUTES).await?;
        let view = sol.api.get(&path).await?;
        let moved = ["/state", "/progress/counts"];
        if moved.iter().any(|at| view.pointer(at) != seen.pointer(at)) {
            progress(day, sol, &view);
        }
        seen = view;
        if text(&seen, "state") == "done" {
            return Ok(());
        }
    }
    anyhow::bail!("the campaign does not come to its end")
}

/// One line, as the API has it.
fn progress(day: &Day<'_>, sol: &Standing, view: &Value) {
    let counts = view.pointer("/progress/counts").and_then(Value::as_object);
    let shown: Vec<String> = counts
        .into_iter()
        .flatten()
        .map(|(state, n)| format!("{n} {state}"))
        .collect();
    let limiter = view
        .pointer("/progress/limiter")
        .and_then(Value::as_str)
        .map(|l| format!("   (held by {l})"))
        .unwrap_or_default();
    day.show.event(
        "campaign",
        &format!(
            "   {:<9} {}{limiter}",
            text(view, "state"),
            shown.join(" · ")
        ),
        json!({ "tenant": sol.shop.slug, "id": text(view, "id"), "state": text(view, "state"),
                "progress": view.get("progress") }),
    );
}

/// An answer to the campaign reaches the bot; who asks for a person gets one.
async fn answers(day: &mut Day<'_>, sol: &Standing, customers: &[Person]) -> anyhow::Result<()> {
    day.chapter("people answer: the bot knows the campaign, a person takes over and gives back");
    let [curious, asking, ..] = customers else {
        anyhow::bail!("customers")
    };
    let thread = format!(
        "/_sim/people/{}/thread?number={}",
        curious.key(),
        sol.shop.number
    );
    let thread = day.world.control.get(&thread).await;
    let thread = thread.map_err(anyhow::Error::msg)?;
    let got = items(&thread, "messages");
    let wamid = got.last().map(|m| text(m, "wamid")).context("a message")?;
    let words = day
        .chance
        .one("¿Qué horario tienen?", &["¿A qué hora abren?"]);
    day.quotes(sol, curious, words, &wamid).await?;
    day.some_minutes(1, 9).await?;
    let words = day
        .chance
        .one("quiero hablar con una persona", &["¿me atiende un asesor?"]);
    day.says(sol, asking, words).await?;
    day.some_minutes(1, 9).await?;
    let waiting = sol.api.get("/v1/conversations").await?;
    for one in items(&waiting, "items") {
        let line = format!(
            "   waiting: {} since {}, window open for {} min more",
            text(&one, "name"),
            text(&one, "since"),
            one.get("window_left_ms")
                .and_then(Value::as_i64)
                .unwrap_or_default()
                / 60_000
        );
        day.show.event(
            "conversation",
            &line,
            json!({ "tenant": sol.shop.slug, "conversation": one }),
        );
    }
    let path = format!("/v1/conversations/{}", encode(asking.key()));
    let words = json!({ "text": "Hola, soy Marta de Tienda Sol. Te cuento todo por aquí." });
    sol.api
        .post_once(&format!("{path}/answer"), "demo-answer", words)
        .await?;
    day.catch_up().await?;
    let note = json!({ "note": "asked about sizes; answered" });
    sol.api.post(&format!("{path}/give-back"), note).await?;
    day.says(sol, asking, "gracias, ¿qué horario tienen?").await
}

/// The analytics plugins, once they were shown everything that happened.
async fn complete(sol: &Standing) -> anyhow::Result<Value> {
    for _ in 0..12_000 {
        let list = sol.api.get("/v1/reports").await?;
        let behind = list.pointer("/0/behind").and_then(Value::as_u64);
        if behind == Some(0) {
            return Ok(list);
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    anyhow::bail!("the figures do not come to their end; `portero report list` has the reason")
}

/// What came of it, as the analytics plugin draws it.
async fn figures(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<()> {
    day.chapter("the figures");
    wait(day.world).await?;
    let list = complete(sol).await?;
    let installation = list
        .pointer("/0/installation")
        .and_then(Value::as_str)
        .context("no analytics plugin")?;
    let report = sol
        .api
        .get(&format!("/v1/reports/{installation}/cards"))
        .await?;
    for card in items(&report, "cards") {
        let all = items(&card, "lines");
        let mut lines: Vec<String> = all
            .iter()
            .take(LINES)
            .map(|l| format!("{} {}", text(l, "label"), text(l, "value")))
            .collect();
        if all.len() > LINES {
            lines.push("…".to_owned());
        }
        day.show.event(
            "card",
            &format!("   {}: {}", text(&card, "title"), lines.join(" · ")),
            json!({ "tenant": sol.shop.slug, "card": card }),
        );
    }
    Ok(())
}

fn items(value: &Value, field: &str) -> Vec<Value> {
    value
        .get(field)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}
