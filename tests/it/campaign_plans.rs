//! What a plan foresees, what an approval is of, and people who answer a campaign with BAJA.

use portero_domain::clock::{Millis, Ts};
use serde_json::{Value, json};

use crate::campaigns::{act, count, create, customers, launch, show, until, weekly};
use crate::harness::{self, Env};

/// The tests of this file.
pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(campaign_plans::a_plan_sees_quiet_hours_that_begin_while_it_runs),
    harness::test!(campaign_plans::a_plan_needs_room_only_for_who_does_not_count_yet),
    harness::test!(campaign_plans::whatever_was_approved_and_changes_voids_the_approval),
    harness::test!(campaign_plans::who_sees_no_person_sees_no_text_of_a_plan),
    harness::test!(campaign_plans::people_who_leave_brake_the_campaign_that_reached_them),
];

fn slice(plan: &Value, slice: &str, rule: &str) -> u64 {
    plan["slices"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["slice"] == slice && s["rule"] == rule)
        .map(|s| s["people"].as_u64().unwrap())
        .sum()
}

/// A second before eight in the evening in Bogotá; the number takes 72 messages a second.
pub(crate) async fn a_plan_sees_quiet_hours_that_begin_while_it_runs(env: Env) {
    let sol = env.sol();
    let people = customers(&env, 120).await;
    reachable(&env, &people).await;
    env.jump(Millis(Millis::hours(11).0 - 1_000)).await;
    let id = create(&env, &weekly()).await;
    let plan = act(&env, &id, "plan", json!({})).await;
    assert_eq!(plan["now"], 72, "{plan}");
    assert_eq!(slice(&plan, "later", "quiet-hours.tenant"), 50, "{plan}");
    assert_eq!(plan["finish"]["limiter"], "quiet-hours.tenant", "{plan}");
    let ends = plan["finish"]["ends_at"].as_str().unwrap();
    assert!(ends.starts_with("2026-11-24T14:00:0"), "{ends}");
    // So it comes: some leave, the others are put off until the morning.
    act(&env, &id, "approve", json!({ "plan_hash": plan["hash"] })).await;
    act(&env, &id, "run", json!({})).await;
    env.settle().await;
    for _ in 0..8 {
        env.jump(Millis(500)).await;
    }
    let view = show(&env, &id).await;
    assert!(count(&view, "sent") > 0, "{view}");
    assert!(count(&view, "deferred") >= 50, "{view}");
    env.jump(Millis::hours(13)).await;
    let view = until(&env, &id, "done").await;
    assert_eq!(count(&view, "sent"), 122, "{view}");
    // Ten seconds before eight the next evening, a Tuesday, with no other day open.
    let evening = Ts::parse_rfc3339("2026-11-25T00:59:50Z").unwrap();
    let now = env.stage.host.ctx.now();
    env.jump(Millis(evening.since(now))).await;
    let mut hours = vec!["closed"; 7];
    hours[1] = "09:00-20:00";
    let policy = json!({ "promotional_hours": hours });
    crate::rules::policy(&env, policy).await;
    for n in 200..300 {
        newcomer(&env, n).await;
    }
    let mut body = weekly();
    body["audience"] = json!({ "who": "tag", "tag": "new" });
    body["spread_hours"] = json!(1);
    let id = create(&env, &body).await;
    let plan = act(&env, &id, "plan", json!({})).await;
    // Turns come every 36 seconds.
    assert_eq!(plan["now"], 1, "{plan}");
    assert_eq!(
        slice(&plan, "never", "envelope.expired"),
        99,
        "nobody is promised what their message does not live to see: {plan}"
    );
    let path = format!("/v1/campaigns/{id}/people?planned=never&rule=envelope.expired&limit=200");
    let people = sol.api.get(&path).await.unwrap();
    assert_eq!(people["items"].as_array().unwrap().len(), 99);
    env.end().await;
}

/// These people are on WhatsApp and read what they get.
async fn reachable(env: &Env, people: &[String]) {
    for address in people {
        let person = json!({ "name": "Cliente", "wa_id": address, "user_id": null, "username": null, "online": true,
            "receipts": true, "chat_open": false, "on_whatsapp": true, "holdout": false, "auto": [] });
        let control = &env.world.control;
        control.post("/_sim/people", &person).await.unwrap();
    }
}

/// Somebody with the tag `new` who agreed to offers.
async fn newcomer(env: &Env, n: usize) -> String {
    let sol = env.sol();
    let address = format!("57300557{n:04}");
    let contact = json!({ "address": address, "language": "es" });
    sol.api.put("/v1/contacts", contact).await.unwrap();
    let path = format!("/v1/contacts/{address}");
    let tag = json!({ "tags": ["new"] });
    sol.api.put(&path, tag).await.unwrap();
    let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "promise": { "max": 9, "per": "week" }, "evidence": "form 8" });
    let path = format!("/v1/contacts/{address}/consent");
    sol.api.post(&path, consent).await.unwrap();
    address
}

/// What somebody writes, as Meta tells it.
async fn writes(env: &Env, n: usize, from: &str, words: &str) {
    let at = env.stage.host.ctx.now().secs();
    let value = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "576015550101", "phone_number_id": env.sol().shop.number },
        "contacts": [{ "profile": { "name": "X" }, "wa_id": from }],
        "messages": [{ "from": from, "id": format!("wamid.SAYS{n}"), "timestamp": at.to_string(),
            "type": "text", "text": { "body": words } }] });
    env.meta_says(env.sol(), "messages", value).await;
}

pub(crate) async fn a_plan_needs_room_only_for_who_does_not_count_yet(env: Env) {
    let limit = json!({ "max_daily_conversations_per_business": 30 });
    env.meta_says(env.sol(), "business_capability_update", limit)
        .await;
    // Ten got something, and count from then on.
    for n in 200..210 {
        newcomer(&env, n).await;
    }
    let mut body = weekly();
    body["template"] = json!("carrito_recordatorio");
    body["values"] = json!({ "body.nombre": { "from": "fixed", "text": "vecina" } });
    body["audience"] = json!({ "who": "tag", "tag": "new" });
    let (first, plan) = launch(&env, &body).await;
    let of = |plan: &Value| {
        ["limit", "used", "needed", "over"].map(|k| plan["portfolio"][k].as_u64().unwrap())
    };
    assert_eq!(of(&plan), [30, 0, 10, 0], "{plan}");
    until(&env, &first, "done").await;
    // Twenty more, of whom three wrote: to them it is an answer.
    let all = customers(&env, 20).await;
    for (n, who) in all.iter().take(3).enumerate() {
        writes(&env, n, who, "hola").await;
    }
    let id = create(&env, &weekly()).await;
    let plan = act(&env, &id, "plan", json!({})).await;
    let goes = plan["now"].as_u64().unwrap() + plan["later"].as_u64().unwrap();
    assert_eq!(goes, 32, "everybody who agreed: {plan}");
    let [limit, used, needed, over] = of(&plan);
    assert_eq!((limit, used), (30, 10), "{plan}");
    // 95 % of the limit is for promotion: 28.
    assert_eq!(needed, 19, "{plan}");
    assert_eq!(over, 1, "{plan}");
    assert_eq!(plan["finish"]["limiter"], "limits.tier", "{plan}");
    env.end().await;
}

pub(crate) async fn whatever_was_approved_and_changes_voids_the_approval(env: Env) {
    let sol = env.sol();
    let install = |position: u64| {
        crate::segments::install(
            &env,
            portero::guest::RFM_SEGMENTS,
            &["contacts.read", "config", "log"],
            json!({ "best": { "purchases": position, "total": 100 } }),
        )
    };
    install(2).await;
    let list = sol.api.get("/v1/segments").await.unwrap();
    let mut body = weekly();
    body["template"] = json!("carrito_recordatorio");
    body["values"] = json!({ "body.nombre": { "from": "personalise", "installation": list[0]["installation"] } });
    let id = create(&env, &body).await;
    let approve = async || {
        let plan = act(&env, &id, "plan", json!({})).await;
        act(&env, &id, "approve", json!({ "plan_hash": plan["hash"] })).await;
        plan["hash"].clone()
    };
    let refused = async |what: &str| {
        let path = format!("/v1/campaigns/{id}/run");
        let error = sol.api.post(&path, json!({})).await.unwrap_err();
        assert!(
            error.to_string().contains("not what was approved"),
            "{what}: {error}"
        );
    };
    let mut hashes = vec![approve().await];
    assert_eq!(approve().await, hashes[0], "nothing changed, the same plan");
    install(3).await;
    refused("the plugin's settings").await;
    hashes.push(approve().await);
    let policy = json!({ "promotional_per_week": 2 });
    crate::rules::policy(&env, policy).await;
    refused("the policy").await;
    hashes.push(approve().await);
    let category = json!({ "message_template_id": 1, "message_template_name": "carrito_recordatorio",
        "message_template_language": "es", "previous_category": "MARKETING", "new_category": "UTILITY" });
    env.meta_says(sol, "template_category_update", category)
        .await;
    refused("the template's category").await;
    hashes.push(approve().await);
    hashes.sort_by_key(Value::to_string);
    hashes.dedup();
    assert_eq!(hashes.len(), 4, "each plan is another one");
    env.end().await;
}

/// Minutes later; what is due then leaves, as fast as the number may.
async fn later(env: &Env, minutes: i64) {
    env.jump(Millis::minutes(minutes)).await;
    for _ in 0..3 {
        env.jump(Millis::secs(1)).await;
    }
}

/// Somebody answers the campaign's message with the word that ends it.
async fn leaves(env: &Env, who: &str) {
    let number = env.sol().shop.number;
    portero::demo::setup::say(&env.world.control, who, number, "BAJA")
        .await
        .unwrap();
    env.settle().await;
}

/// Texts as people would read them hold their names.
pub(crate) async fn who_sees_no_person_sees_no_text_of_a_plan(env: Env) {
    let people = customers(&env, 5).await;
    reachable(&env, &people).await;
    let id = create(&env, &weekly()).await;
    let whole = act(&env, &id, "plan", json!({})).await;
    assert!(!whole["previews"].as_array().unwrap().is_empty(), "{whole}");
    let path = format!("/v1/campaigns/{id}/plan");
    for (role, may_plan) in [("viewer", false), ("developer", true)] {
        let token = json!({ "label": role, "tenant": env.sol().shop.slug, "role": role });
        let token = env.world.operator.post("/v1/tokens", token).await.unwrap();
        let api = env.as_token(token["token"].as_str().unwrap());
        let shown = api.get(&path).await.unwrap();
        assert_eq!(shown["previews"], json!([]), "{role}: {shown}");
        assert_eq!(shown["hash"], whole["hash"], "{role}: {shown}");
        let planned = api.post(&path, json!({})).await;
        assert_eq!(planned.is_ok(), may_plan, "{role}");
        if let Ok(planned) = planned {
            assert_eq!(planned["previews"], json!([]), "{role}: {planned}");
        }
    }
}

pub(crate) async fn people_who_leave_brake_the_campaign_that_reached_them(env: Env) {
    let people = customers(&env, 98).await;
    reachable(&env, &people).await;
    let mut body = weekly();
    body["spread_hours"] = json!(2);
    let (id, plan) = launch(&env, &body).await;
    assert_eq!(plan["now"], 100, "{plan}");
    // Fewer than the brake looks at: nobody knows yet what three in a hundred are.
    env.settle().await;
    for _ in 0..5 {
        later(&env, 10).await;
    }
    let reached = |accepted: Vec<Value>| -> Vec<String> {
        accepted
            .iter()
            .filter(|m| m.to_string().contains("promo_semana"))
            .map(|m| m["wa_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut got = reached(env.accepted().await);
    got.retain(|who| people.contains(who));
    let view = show(&env, &id).await;
    let sent = count(&view, "sent");
    assert!(sent > 33 && sent < 50, "{view}");
    leaves(&env, &got[0]).await;
    env.jump(Millis::secs(2)).await;
    assert_eq!(show(&env, &id).await["state"], "running");
    for _ in 0..2 {
        later(&env, 6).await;
    }
    let view = show(&env, &id).await;
    let sent = count(&view, "sent");
    assert!((50..66).contains(&sent), "{view}");
    assert_eq!(view["state"], "running", "one of {sent} is less than 3 %");
    // The second one is 3 % of all it reached.
    leaves(&env, &got[1]).await;
    env.jump(Millis::secs(2)).await;
    let view = until(&env, &id, "paused").await;
    assert_eq!(view["reason"], "limits.campaign-brake", "{view}");
    let detail = view["reason_detail"].as_str().unwrap();
    assert!(
        detail.starts_with("opt_outs: 2 / "),
        "it says what it counted: {detail}"
    );
    assert!(count(&view, "waiting") > 0, "{view}");
    let before = env.accepted().await.len();
    env.jump(Millis::minutes(10)).await;
    assert_eq!(env.accepted().await.len(), before, "it rests");
    // Whoever resumes has looked: the count starts again.
    act(&env, &id, "resume", json!({})).await;
    env.jump(Millis::minutes(30)).await;
    env.jump(Millis::minutes(40)).await;
    let view = until(&env, &id, "done").await;
    assert_eq!(
        count(&view, "sent") + count(&view, "denied") + count(&view, "cancelled"),
        103,
        "{view}"
    );
    env.end().await;
}
