//! What may not happen to a campaign whatever goes on around it: nobody is lost, nobody else is
//! written to, it ends, and what holds it is shown.

use std::sync::atomic::{AtomicBool, Ordering};

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::campaigns::{act, count, create, customers, launch, show, until, weekly};
use crate::harness::{self, Env};

/// The tests of this file.
pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(campaign_holds::nobody_is_written_to_at_a_number_they_left),
    harness::test!(campaign_holds::campaigns_that_wait_do_not_stop_others),
    harness::test!(campaign_holds::a_stop_during_planning_stays),
    harness::test!(campaign_holds::turns_go_as_far_as_the_messaging_limit_and_nobody_is_lost),
    harness::test!(campaign_holds::what_a_paused_campaign_left_waiting_takes_no_room_of_another),
    harness::test!(campaign_holds::a_restriction_pauses_and_burns_nobody),
    harness::test!(campaign_holds::a_budget_pauses_and_more_money_goes_on),
    harness::test!(campaign_holds::a_pause_longer_than_its_messages_make_sense_loses_nobody),
    harness::test!(campaign_holds::sending_stopped_for_days_loses_nobody),
    harness::test!(campaign_holds::another_category_is_not_what_was_approved),
    harness::test!(campaign_holds::a_plugin_without_words_pauses_and_burns_nobody),
    harness::test!(campaign_holds::held_at_its_start_it_keeps_its_approval_or_is_planned_anew),
    harness::test!(campaign_holds::the_plan_shows_all_that_is_read_and_the_person_why),
];

/// Meta says that somebody changed from one number to another.
async fn moved(env: &Env, n: usize, old: &str, new: &str) {
    let sol = env.sol();
    let at = env.stage.host.ctx.now().secs();
    let system = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "576015550101", "phone_number_id": sol.shop.number },
        "contacts": [{ "profile": { "name": "X" }, "wa_id": old }],
        "messages": [{ "from": old, "id": format!("wamid.MOVED{n}"), "timestamp": at.to_string(), "type": "system",
            "system": { "body": "changed", "wa_id": new, "type": "user_changed_number" } }] });
    env.meta_says(sol, "messages", system).await;
}

async fn reached(env: &Env) -> Vec<String> {
    env.accepted()
        .await
        .iter()
        .map(|m| m["wa_id"].as_str().unwrap_or_default().to_owned())
        .collect()
}

pub(crate) async fn nobody_is_written_to_at_a_number_they_left(env: Env) {
    let people = customers(&env, 30).await;
    moved(&env, 0, &people[0], "573005570900").await;
    let (id, _) = launch(&env, &weekly()).await;
    // The clock stands: one burst is out, the others wait, and one of these moves now.
    env.settle().await;
    let mut waits = None;
    for address in people.iter().skip(1) {
        let contact = env
            .sol()
            .api
            .get(&format!("/v1/contacts/{address}"))
            .await
            .unwrap();
        let contact = contact["id"].as_str().unwrap();
        let path = format!("/v1/messages?contact={contact}");
        let message = env.sol().api.get(&path).await.unwrap();
        if message["items"][0]["state"] != "sent" {
            waits = Some(address);
            break;
        }
    }
    let waits = waits.expect("somebody waits");
    moved(&env, 1, waits, "573005570901").await;
    until(&env, &id, "done").await;
    let reached = reached(&env).await;
    for (old, new) in [(&people[0], "573005570900"), (waits, "573005570901")] {
        assert!(!reached.contains(old), "{old} may be somebody else's");
        assert!(reached.iter().any(|to| to == new), "{new}: {reached:?}");
    }
    env.end().await;
}

pub(crate) async fn campaigns_that_wait_do_not_stop_others(env: Env) {
    // As many as are looked at together: without a time, and with one that is far away.
    for n in 0..128 {
        let mut body = weekly();
        if n % 2 == 0 {
            body["start_at"] = json!("2026-12-20T15:00:00Z");
        }
        let id = create(&env, &body).await;
        let plan = act(&env, &id, "plan", json!({})).await;
        act(&env, &id, "approve", json!({ "plan_hash": plan["hash"] })).await;
    }
    let (id, _) = launch(&env, &weekly()).await;
    let view = until(&env, &id, "done").await;
    assert_eq!(count(&view, "sent"), 2, "{view}");
    env.end().await;
}

pub(crate) async fn a_stop_during_planning_stays(env: Env) {
    customers(&env, 40).await;
    for _ in 0..8 {
        let id = create(&env, &weekly()).await;
        let path = format!("/v1/campaigns/{id}");
        act(&env, &id, "plan", json!({})).await;
        let sol = env.sol();
        let over = AtomicBool::new(false);
        let plan = async {
            let planned = sol.api.post(&format!("{path}/plan"), json!({})).await;
            over.store(true, Ordering::SeqCst);
            planned
        };
        let stop = async {
            // The second plan has begun as soon as the first one is gone.
            while !over.load(Ordering::SeqCst) && show(&env, &id).await["state"] != "draft" {
                tokio::task::yield_now().await;
            }
            sol.api.post(&format!("{path}/stop"), json!({})).await
        };
        let (planned, stopped) = tokio::join!(plan, stop);
        assert_eq!(stopped.unwrap()["state"], "stopped");
        if let Err(error) = planned {
            assert!(error.to_string().contains("stopped"), "{error}");
        }
        let view = show(&env, &id).await;
        assert_eq!(view["state"], "stopped", "an end is an end: {view}");
    }
    env.end().await;
}

/// Starts a campaign to 42 people who agreed (too few for its brake) and 3 who did not; one burst is out, the others wait.
async fn forty(env: &Env) -> String {
    customers(env, 40).await;
    let (id, _) = launch(env, &weekly()).await;
    env.settle().await;
    id
}

/// Everybody who agreed got it, once; nobody's message was lost.
fn complete(view: &Value) {
    assert_eq!(
        (count(view, "sent"), count(view, "denied")),
        (42, 3),
        "{view}"
    );
}

async fn template_says(env: &Env, field: &str, mut more: Value) {
    let about = json!({ "message_template_id": 1, "message_template_name": "promo_semana", "message_template_language": "es" });
    more.as_object_mut()
        .unwrap()
        .extend(about.as_object().unwrap().clone());
    env.meta_says(env.sol(), field, more).await;
}

pub(crate) async fn turns_go_as_far_as_the_messaging_limit_and_nobody_is_lost(env: Env) {
    customers(&env, 40).await;
    // Promotion may use 95 % of it: 28 people a day.
    let limit = json!({ "max_daily_conversations_per_business": 30 });
    env.meta_says(env.sol(), "business_capability_update", limit)
        .await;
    let (id, plan) = launch(&env, &weekly()).await;
    assert_eq!(plan["finish"]["limiter"], "limits.tier", "{plan}");
    let mut view = Value::Null;
    for _ in 0..60 {
        env.settle().await;
        view = show(&env, &id).await;
        if view["progress"]["limiter"] == "limits.tier"
            && count(&view, "queued") + count(&view, "deferred") == 0
        {
            break;
        }
        env.jump(Millis::secs(1)).await;
    }
    assert_eq!(view["progress"]["limiter"], "limits.tier", "{view}");
    assert_eq!(view["state"], "running");
    assert!(count(&view, "sent") <= 28, "{view}");
    assert!(count(&view, "waiting") >= 14, "they stay people: {view}");
    assert_eq!(count(&view, "deferred"), 0, "{view}");
    env.jump(Millis::hours(24)).await;
    complete(&until(&env, &id, "done").await);
    env.end().await;
}

pub(crate) async fn what_a_paused_campaign_left_waiting_takes_no_room_of_another(env: Env) {
    let id = forty(&env).await;
    act(&env, &id, "pause", json!({})).await;
    let view = show(&env, &id).await;
    let waits = count(&view, "queued") + count(&view, "deferred");
    assert!(waits > 10, "{view}");
    // Room for a few more than were written to; less than what rests.
    let sent = count(&view, "sent") + count(&view, "attempting");
    let limit = json!({ "max_daily_conversations_per_business": sent + 8 });
    env.meta_says(env.sol(), "business_capability_update", limit)
        .await;
    customers(&env, 48).await;
    let (other, _) = launch(&env, &weekly()).await;
    for _ in 0..60 {
        if count(&show(&env, &other).await, "sent") > 0 {
            env.end().await;
            return;
        }
        env.jump(Millis::secs(1)).await;
        env.settle().await;
    }
    panic!("held by a paused one: {}", show(&env, &other).await);
}

pub(crate) async fn a_restriction_pauses_and_burns_nobody(env: Env) {
    let id = forty(&env).await;
    let ban = |state: &str| json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": state } });
    env.meta_says(env.sol(), "account_update", ban("DISABLE"))
        .await;
    let view = until(&env, &id, "paused").await;
    assert_eq!(view["reason"], "account.restricted", "{view}");
    assert_eq!(view["progress"]["limiter"], "account.restricted");
    // Resumed too early it pauses again.
    act(&env, &id, "resume", json!({})).await;
    env.jump(Millis::secs(2)).await;
    let view = until(&env, &id, "paused").await;
    assert_eq!(count(&view, "denied"), 3, "{view}");
    // One that has taken no turn yet takes none.
    let (other, _) = launch(&env, &weekly()).await;
    let view = until(&env, &other, "paused").await;
    assert_eq!(view["reason"], "account.restricted", "{view}");
    assert_eq!(
        count(&view, "waiting") + count(&view, "denied"),
        45,
        "{view}"
    );
    act(&env, &other, "stop", json!({})).await;
    env.meta_says(env.sol(), "account_update", ban("REINSTATE"))
        .await;
    act(&env, &id, "resume", json!({})).await;
    complete(&until(&env, &id, "done").await);
    env.end().await;
}

pub(crate) async fn a_budget_pauses_and_more_money_goes_on(env: Env) {
    // Twenty messages to Colombia.
    let budget = |micro: i64| json!({ "monthly_budget_micro": micro });
    crate::rules::policy(&env, budget(250_000)).await;
    let id = forty(&env).await;
    let view = until(&env, &id, "paused").await;
    assert_eq!(view["reason"], "limits.cost-budget", "{view}");
    assert_eq!(count(&view, "sent"), 20, "{view}");
    crate::rules::policy(&env, budget(5_000_000)).await;
    act(&env, &id, "resume", json!({})).await;
    complete(&until(&env, &id, "done").await);
    env.end().await;
}

pub(crate) async fn a_pause_longer_than_its_messages_make_sense_loses_nobody(env: Env) {
    let id = forty(&env).await;
    act(&env, &id, "pause", json!({})).await;
    let view = show(&env, &id).await;
    assert!(
        count(&view, "queued") + count(&view, "deferred") > 0,
        "{view}"
    );
    env.jump(Millis::hours(96)).await;
    act(&env, &id, "resume", json!({})).await;
    complete(&until(&env, &id, "done").await);
    env.end().await;
}

pub(crate) async fn sending_stopped_for_days_loses_nobody(env: Env) {
    let sol = env.sol();
    let id = forty(&env).await;
    sol.api
        .post("/v1/stop", json!({ "reason": "fire" }))
        .await
        .unwrap();
    let view = show(&env, &id).await;
    assert_eq!(view["progress"]["limiter"], "stopped", "{view}");
    env.jump(Millis::hours(96)).await;
    sol.api.post("/v1/resume", json!({})).await.unwrap();
    let view = until(&env, &id, "paused").await;
    assert_eq!(view["reason"], "envelope.expired", "{view}");
    act(&env, &id, "resume", json!({})).await;
    complete(&until(&env, &id, "done").await);
    env.end().await;
}

pub(crate) async fn another_category_is_not_what_was_approved(env: Env) {
    let id = forty(&env).await;
    let other = json!({ "previous_category": "MARKETING", "new_category": "UTILITY" });
    template_says(&env, "template_category_update", other).await;
    let view = until(&env, &id, "paused").await;
    assert_eq!(view["reason"], "template.category-mismatch", "{view}");
    let path = format!("/v1/campaigns/{id}/resume");
    let error = env.sol().api.post(&path, json!({})).await.unwrap_err();
    assert!(error.to_string().contains("plan a new one"), "{error}");
    env.end().await;
}

pub(crate) async fn a_plugin_without_words_pauses_and_burns_nobody(env: Env) {
    let sol = env.sol();
    customers(&env, 4).await;
    let guest = std::fs::read(env!("PORTERO_GUEST_SEGMENTS")).unwrap();
    crate::segments::install(&env, &guest, &["contacts.read"], json!({})).await;
    let installation = sol.api.get("/v1/segments").await.unwrap()[0]["installation"].clone();
    let mut body = weekly();
    body["template"] = json!("carrito_recordatorio");
    body["values"] =
        json!({ "body.nombre": { "from": "personalise", "installation": installation } });
    let id = create(&env, &body).await;
    let plan = act(&env, &id, "plan", json!({})).await;
    assert_eq!(plan["missing"], json!({}), "{plan}");
    act(&env, &id, "approve", json!({ "plan_hash": plan["hash"] })).await;
    let all: Vec<String> = (0..4)
        .map(|n| format!("/v1/contacts/57300557{n:04}"))
        .collect();
    let shop = sol
        .shop
        .people
        .iter()
        .map(|p| format!("/v1/contacts/{}", p.key()));
    let all: Vec<String> = all.into_iter().chain(shop).collect();
    for path in &all {
        let tag = json!({ "tags": ["mute"] });
        sol.api.put(path, tag).await.unwrap();
    }
    act(&env, &id, "run", json!({})).await;
    let view = until(&env, &id, "paused").await;
    assert_eq!(view["reason"], "personalise", "{view}");
    assert_eq!(count(&view, "waiting"), 9, "nobody was burnt: {view}");
    let fresh = create(&env, &body).await;
    let path = format!("/v1/campaigns/{fresh}/plan");
    let error = sol.api.post(&path, json!({})).await.unwrap_err();
    assert!(error.to_string().contains("has no words"), "{error}");
    for path in &all {
        sol.api
            .put(path, json!({ "untag": ["mute"] }))
            .await
            .unwrap();
    }
    env.jump(Millis::minutes(2)).await;
    act(&env, &id, "resume", json!({})).await;
    let view = until(&env, &id, "done").await;
    assert_eq!(
        (count(&view, "sent"), count(&view, "left_out")),
        (6, 0),
        "{view}"
    );
    env.end().await;
}

pub(crate) async fn held_at_its_start_it_keeps_its_approval_or_is_planned_anew(env: Env) {
    let mut body = weekly();
    body["start_at"] = json!("2026-11-23T15:00:00Z");
    let (held, _) = launch(&env, &body).await;
    let (late, _) = launch(&env, &body).await;
    let says = |event: &str| json!({ "event": event, "reason": "NONE" });
    template_says(&env, "message_template_status_update", says("PAUSED")).await;
    env.jump(Millis::hours(1)).await;
    for id in [&held, &late] {
        let view = until(&env, id, "paused").await;
        assert_eq!(view["reason"], "template.paused", "{view}");
        assert!(view["approved_by"].is_string(), "{view}");
    }
    template_says(&env, "message_template_status_update", says("APPROVED")).await;
    act(&env, &held, "resume", json!({})).await;
    assert_eq!(count(&until(&env, &held, "done").await, "sent"), 2);
    // Later than its approval is good for, the other one has to be looked at again, and can be.
    env.jump(Millis::hours(48)).await;
    let path = format!("/v1/campaigns/{late}/resume");
    let error = env.sol().api.post(&path, json!({})).await.unwrap_err();
    assert!(error.to_string().contains("approve it again"), "{error}");
    let plan = act(&env, &late, "plan", json!({})).await;
    act(&env, &late, "approve", json!({ "plan_hash": plan["hash"] })).await;
    act(&env, &late, "run", json!({})).await;
    let view = until(&env, &late, "done").await;
    assert_eq!(count(&view, "waiting"), 0, "{view}");
    env.end().await;
}

pub(crate) async fn the_plan_shows_all_that_is_read_and_the_person_why(env: Env) {
    let sol = env.sol();
    let (id, plan) = launch(&env, &weekly()).await;
    let preview = &plan["previews"][0];
    assert_eq!(preview["text"], "Esta semana, 20 % en toda la tienda.");
    assert!(
        preview["footer"].as_str().unwrap().contains("BAJA"),
        "{plan}"
    );
    assert!(preview["buttons"].is_array(), "{plan}");
    until(&env, &id, "done").await;
    let got = sol
        .api
        .get(&format!("/v1/campaigns/{id}/people?state=sent"))
        .await
        .unwrap();
    let person = got["items"][0]["contact"].as_str().unwrap();
    let why = sol.api.get(&format!("/v1/why/{person}")).await.unwrap();
    let campaign = why["messages"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|m| m.get("campaign"))
        .unwrap_or_else(|| panic!("{why}"));
    assert_eq!(campaign["id"], id.as_str());
    assert_eq!(campaign["why"], "agreed to offers");
    let path = format!("/v1/contacts/{person}/consents");
    let person = sol.api.get(&path).await.unwrap();
    assert_eq!(
        person["campaigns"][0]["why"], "agreed to offers",
        "{person}"
    );
    assert_eq!(person["campaigns"][0]["state"], "sent");
    env.end().await;
}
