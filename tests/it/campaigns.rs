//! Campaigns through HTTP: planned, approved, run, paused, stopped; and what happens meanwhile.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

/// People of the shop who agreed to offers, besides those it has.
pub(crate) async fn customers(env: &Env, many: usize) -> Vec<String> {
    let sol = env.sol();
    let mut all = Vec::new();
    for n in 0..many {
        let address = format!("57300557{n:04}");
        let contact =
            json!({ "address": address, "name": format!("Cliente {n}"), "language": "es" });
        sol.api.put("/v1/contacts", contact).await.unwrap();
        let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "promise": { "max": 9, "per": "week" }, "evidence": "form 8" });
        sol.api
            .post(&format!("/v1/contacts/{address}/consent"), consent)
            .await
            .unwrap();
        all.push(address);
    }
    all
}

pub(crate) fn weekly() -> Value {
    json!({
        "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
        "why": "agreed to offers", "audience": { "who": "all" },
    })
}

pub(crate) async fn create(env: &Env, body: &Value) -> String {
    let made = env
        .sol()
        .api
        .post("/v1/campaigns", body.clone())
        .await
        .unwrap();
    assert_eq!(made["state"], "draft", "{made}");
    made["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn act(env: &Env, id: &str, what: &str, body: Value) -> Value {
    env.sol()
        .api
        .post(&format!("/v1/campaigns/{id}/{what}"), body)
        .await
        .unwrap_or_else(|e| panic!("{what}: {e}"))
}

pub(crate) async fn show(env: &Env, id: &str) -> Value {
    let view = env
        .sol()
        .api
        .get(&format!("/v1/campaigns/{id}"))
        .await
        .unwrap();
    adds_up(&view);
    view
}

/// Every count of every look adds up to the audience.
fn adds_up(view: &Value) {
    let sum: u64 = view["progress"]["counts"]
        .as_object()
        .unwrap()
        .values()
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert_eq!(Some(sum), view["progress"]["people"].as_u64(), "{view}");
}

pub(crate) fn count(view: &Value, state: &str) -> u64 {
    view["progress"]["counts"][state]
        .as_u64()
        .unwrap_or_default()
}

/// Plans, approves that plan and starts it.
pub(crate) async fn launch(env: &Env, body: &Value) -> (String, Value) {
    let id = create(env, body).await;
    let plan = act(env, &id, "plan", json!({})).await;
    act(env, &id, "approve", json!({ "plan_hash": plan["hash"] })).await;
    if body.get("start_at").is_none() {
        act(env, &id, "run", json!({})).await;
    }
    (id, plan)
}

/// Waits for a state; the clock goes on a second at a time, as messages need it.
pub(crate) async fn until(env: &Env, id: &str, state: &str) -> Value {
    let mut view = Value::Null;
    for _ in 0..240 {
        env.settle().await;
        view = show(env, id).await;
        if view["state"] == state {
            return view;
        }
        env.jump(Millis::secs(1)).await;
    }
    panic!("never {state}: {view}");
}

pub(crate) async fn everybody_is_counted_and_only_the_approved_plan_runs(env: Env) {
    let sol = env.sol();
    let id = create(&env, &weekly()).await;
    let path = format!("/v1/campaigns/{id}");
    assert!(
        sol.api
            .post(&format!("{path}/run"), json!({}))
            .await
            .is_err()
    );
    let plan = act(&env, &id, "plan", json!({})).await;
    let people = plan["people"].as_u64().unwrap();
    assert_eq!(people, 5, "{plan}");
    let n = |field: &str| plan[field].as_u64().unwrap();
    assert_eq!(n("now") + n("later") + n("review") + n("never"), people);
    assert_eq!((n("now"), n("never")), (2, 3), "{plan}");
    let slices: u64 = plan["slices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["people"].as_u64().unwrap())
        .sum();
    assert_eq!(slices, people);
    assert!(
        plan["slices"]
            .as_array()
            .unwrap()
            .iter()
            .any(|s| s["rule"] == "consent.missing" && s["people"] == 3 && s["title"]["es"] != ""),
        "{plan}"
    );
    assert_eq!(
        plan["cost"]["known"], "0.025",
        "two messages to Colombia: {plan}"
    );
    assert_eq!(plan["cost"]["unknown_messages"], 0);
    assert_eq!(plan["finish"]["limiter"], "number");
    assert_eq!(plan["portfolio"]["unlimited"], true, "{plan}");
    assert_eq!(plan["portfolio"]["needed"], 2);
    assert_eq!(
        plan["previews"][0]["text"],
        "Esta semana, 20 % en toda la tienda."
    );
    // The people behind a slice, page by page.
    let never = sol
        .api
        .get(&format!(
            "{path}/people?planned=never&rule=consent.missing&limit=2"
        ))
        .await
        .unwrap();
    assert_eq!(never["items"].as_array().unwrap().len(), 2);
    let cursor = never["next_cursor"].as_str().unwrap();
    let rest = sol
        .api
        .get(&format!(
            "{path}/people?planned=never&limit=2&after={cursor}"
        ))
        .await
        .unwrap();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    // Nobody was written to, no record was made.
    assert!(env.messages(sol, 2).await.is_empty());
    // Another hash is not this plan's; a plan made anew undoes the approval.
    let wrong = json!({ "plan_hash": "0".repeat(64) });
    let error = sol
        .api
        .post(&format!("{path}/approve"), wrong)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("plan_hash"), "{error}");
    let hash = json!({ "plan_hash": plan["hash"] });
    act(&env, &id, "approve", hash.clone()).await;
    let again = act(&env, &id, "plan", json!({})).await;
    assert_eq!(
        again["hash"], plan["hash"],
        "nothing changed, the same plan"
    );
    assert!(
        sol.api
            .post(&format!("{path}/run"), json!({}))
            .await
            .is_err()
    );
    act(&env, &id, "approve", hash).await;
    act(&env, &id, "run", json!({})).await;
    let view = until(&env, &id, "done").await;
    assert_eq!(
        (count(&view, "sent"), count(&view, "denied")),
        (2, 3),
        "{view}"
    );
    assert_eq!(view["progress"]["statuses"]["read"], 2, "{view}");
    assert_eq!(env.messages(sol, 2).await[0]["origin"], "campaign");
    let csv = sol.api.get(&format!("{path}/export")).await.unwrap();
    assert_eq!(csv.as_str().unwrap().lines().count(), 6, "{csv}");
    // An approval runs out.
    let late = create(&env, &weekly()).await;
    let plan = act(&env, &late, "plan", json!({})).await;
    act(&env, &late, "approve", json!({ "plan_hash": plan["hash"] })).await;
    env.jump(Millis::hours(24)).await;
    let error = sol
        .api
        .post(&format!("/v1/campaigns/{late}/run"), json!({}))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("approve it again"), "{error}");
    env.end().await;
}

pub(crate) async fn somebody_else_approves_where_the_account_wants_it(env: Env) {
    let sol = env.sol();
    let looser = json!({ "policy": { "brake_failures_percent": 50 }, "reason": "a test" });
    let refused = sol.api.put("/v1/policy", looser).await.unwrap_err();
    assert!(refused.to_string().contains("brake_failures_percent"));
    let two = json!({ "campaign_second_person": true });
    crate::rules::policy(&env, two).await;
    let id = create(&env, &weekly()).await;
    let path = format!("/v1/campaigns/{id}/approve");
    let plan = act(&env, &id, "plan", json!({})).await;
    let hash = json!({ "plan_hash": plan["hash"] });
    let own = sol.api.post(&path, hash.clone()).await.unwrap_err();
    assert!(own.to_string().contains("somebody else"), "{own}");
    assert_eq!(show(&env, &id).await["state"], "planned");
    let token = json!({ "label": "the owner", "tenant": sol.shop.slug });
    let token = env.world.operator.post("/v1/tokens", token).await.unwrap();
    let owner = env.as_token(token["token"].as_str().unwrap());
    let approved = owner.post(&path, hash).await.unwrap();
    assert_eq!(approved["state"], "approved", "{approved}");
    assert_ne!(approved["author"], approved["approved_by"]);
    act(&env, &id, "run", json!({})).await;
    assert_eq!(count(&until(&env, &id, "done").await, "sent"), 2);
    env.end().await;
}

pub(crate) async fn values_come_from_the_person_and_who_has_none_is_left_out(env: Env) {
    let sol = env.sol();
    customers(&env, 2).await;
    let nameless = json!({ "address": "573005579999", "language": "es" });
    sol.api.put("/v1/contacts", nameless).await.unwrap();
    let mut body = weekly();
    body["template"] = json!("carrito_recordatorio");
    let bad = {
        let mut bad = body.clone();
        bad["values"] = json!({ "body.apellido": { "from": "name" } });
        create(&env, &bad).await
    };
    let error = sol
        .api
        .post(&format!("/v1/campaigns/{bad}/plan"), json!({}))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("body.nombre"),
        "it says which slots there are: {error}"
    );
    body["values"] = json!({ "body.nombre": { "from": "name" } });
    let (id, plan) = launch(&env, &body).await;
    assert_eq!(plan["missing"]["body.nombre"], 1, "{plan}");
    assert!(
        plan["previews"][0]["text"]
            .as_str()
            .unwrap()
            .contains("Cliente"),
        "the longest first: {plan}"
    );
    let view = until(&env, &id, "done").await;
    assert_eq!(
        (count(&view, "left_out"), count(&view, "sent")),
        (1, 4),
        "{view}"
    );
    env.end().await;
}

pub(crate) async fn pause_rests_resume_goes_on_and_stop_cancels_the_rest(env: Env) {
    customers(&env, 30).await;
    let (id, _) = launch(&env, &weekly()).await;
    env.settle().await;
    // The clock stands: one burst of the number is out, the others wait for it.
    act(&env, &id, "pause", json!({ "reason": "wrong price" })).await;
    env.settle().await;
    let before = env.accepted().await.len();
    env.jump(Millis::secs(30)).await;
    assert_eq!(
        env.accepted().await.len(),
        before,
        "a paused campaign sends nothing"
    );
    let view = show(&env, &id).await;
    assert_eq!(
        (view["state"].clone(), view["reason"].clone()),
        (json!("paused"), json!("operator"))
    );
    assert_eq!(view["reason_detail"], "wrong price");
    act(&env, &id, "resume", json!({})).await;
    env.settle().await;
    env.jump(Millis(50)).await;
    let after = env.accepted().await.len();
    assert!(after > before, "it goes on");
    let view = act(&env, &id, "stop", json!({})).await;
    adds_up(&view);
    env.settle().await;
    let stopped = env.accepted().await.len();
    env.jump(Millis::secs(30)).await;
    assert_eq!(
        env.accepted().await.len(),
        stopped,
        "nothing leaves after the stop"
    );
    let view = show(&env, &id).await;
    assert_eq!(view["state"], "stopped");
    let sent = count(&view, "sent");
    assert!(
        sent < 32 && count(&view, "cancelled") + count(&view, "withdrawn") > 0,
        "{view}"
    );
    assert!(
        env.sol()
            .api
            .post(&format!("/v1/campaigns/{id}/resume"), json!({}))
            .await
            .is_err(),
        "an end is an end"
    );
    env.end().await;
}

pub(crate) async fn what_comes_back_to_a_stopped_campaign_is_cancelled(env: Env) {
    let (id, _) = launch_held(&env).await;
    // The attempts are on the wire while the campaign is stopped; then no connection comes about.
    act(&env, &id, "stop", json!({})).await;
    env.door.let_go();
    env.settle().await;
    let view = show(&env, &id).await;
    assert_eq!(view["state"], "stopped");
    assert!(count(&view, "cancelled") > 0, "{view}");
    assert_eq!(count(&view, "queued"), 0, "{view}");
    assert_eq!(count(&view, "sent"), 0, "{view}");
    env.end().await;
}

/// A campaign whose first messages are held at the door and will not be sent.
async fn launch_held(env: &Env) -> (String, Value) {
    customers(env, 3).await;
    env.door.hold();
    let launched = launch(env, &weekly()).await;
    env.door.somebody_waits().await;
    launched
}

pub(crate) async fn a_template_paused_in_the_middle_pauses_its_campaign(env: Env) {
    customers(&env, 20).await;
    // Nobody listens there: the log shows what would have been told.
    let hook = json!({ "url": "http://127.0.0.1:1/", "events": ["campaign.paused"] });
    let hook = env.sol().api.post("/v1/webhooks", hook).await.unwrap();
    let (id, _) = launch(&env, &weekly()).await;
    env.settle().await;
    let path = format!("/_sim/templates/{}/promo_semana/es", env.sol().shop.waba);
    env.world
        .control
        .post(&path, &json!({ "quality": "RED" }))
        .await
        .unwrap();
    let view = until(&env, &id, "paused").await;
    assert_eq!(view["reason"], "template.paused", "{view}");
    let before = env.accepted().await.len();
    env.jump(Millis::secs(30)).await;
    assert_eq!(env.accepted().await.len(), before);
    let error = env
        .sol()
        .api
        .post(&format!("/v1/campaigns/{id}/resume"), json!({}))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("template"), "{error}");
    let hook = hook["id"].as_str().unwrap();
    let log = format!("/v1/webhooks/{hook}/deliveries");
    let told = env.sol().api.get(&log).await.unwrap();
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "once: {told}");
    assert_eq!(told["items"][0]["fault"], "no connection", "{told}");
    let notice = told["items"][0]["id"].as_str().unwrap();
    let told = env.sol().api.get(&format!("{log}/{notice}")).await.unwrap();
    let body: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["data"]["campaign"], id.as_str());
    assert_eq!(body["data"]["reason"], "template.paused");
    show(&env, &id).await;
    env.end().await;
}

pub(crate) async fn an_opt_out_in_the_middle_is_obeyed_and_counted(env: Env) {
    let people = customers(&env, 20).await;
    let (id, _) = launch(&env, &weekly()).await;
    env.settle().await;
    let sol = env.sol();
    let mut leavers = Vec::new();
    for address in &people {
        let contact = sol
            .api
            .get(&format!("/v1/contacts/{address}"))
            .await
            .unwrap();
        let contact = contact["id"].as_str().unwrap().to_owned();
        let got = sol
            .api
            .get(&format!("/v1/messages?contact={contact}"))
            .await
            .unwrap();
        if got["items"][0]["state"] != "sent" {
            leavers.push((address.clone(), contact));
        }
        if leavers.len() == 3 {
            break;
        }
    }
    for (address, _) in &leavers {
        let gone = json!({ "event": "revoked", "evidence": "called the shop" });
        sol.api
            .post(&format!("/v1/contacts/{address}/consent"), gone)
            .await
            .unwrap();
    }
    let view = until(&env, &id, "done").await;
    for (_, contact) in &leavers {
        let got = sol
            .api
            .get(&format!("/v1/messages?contact={contact}"))
            .await
            .unwrap();
        assert_ne!(got["items"][0]["state"], "sent", "{got}");
    }
    assert_eq!(
        count(&view, "sent"),
        22 - 3,
        "everybody else got it: {view}"
    );
    env.end().await;
}

pub(crate) async fn a_clock_that_jumps_over_the_end_holds_the_campaign(env: Env) {
    customers(&env, 8).await;
    let mut body = weekly();
    body["spread_hours"] = json!(2);
    let (id, plan) = launch(&env, &body).await;
    assert_eq!(plan["finish"]["limiter"], "spread");
    env.settle().await;
    let view = show(&env, &id).await;
    assert_eq!(view["progress"]["limiter"], "spread", "{view}");
    assert!(count(&view, "waiting") > 8, "{view}");
    // Twenty minutes on, a sixth of them had their turn.
    env.jump(Millis::minutes(20)).await;
    let some = show(&env, &id).await;
    assert!(count(&some, "waiting") < count(&view, "waiting"));
    assert!(count(&some, "waiting") > 6, "{some}");
    env.jump(Millis::hours(5)).await;
    let held = until(&env, &id, "paused").await;
    assert_eq!(held["reason"], "overdue", "{held}");
    assert_eq!(
        count(&held, "waiting"),
        count(&some, "waiting"),
        "nothing was blasted"
    );
    act(&env, &id, "resume", json!({})).await;
    env.jump(Millis::minutes(50)).await;
    env.jump(Millis::minutes(55)).await;
    let done = until(&env, &id, "done").await;
    assert_eq!(count(&done, "waiting"), 0);
    env.end().await;
}

pub(crate) async fn a_scheduled_campaign_starts_by_itself_and_not_too_late(env: Env) {
    let mut body = weekly();
    body["start_at"] = json!("2026-11-23T15:00:00Z");
    let (on_time, _) = launch(&env, &body).await;
    assert_eq!(show(&env, &on_time).await["state"], "approved");
    env.jump(Millis::hours(1)).await;
    let view = until(&env, &on_time, "done").await;
    assert!(
        view["started_at"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-23T15:00:00")
    );
    body["start_at"] = json!("2026-11-23T16:00:00Z");
    let (late, _) = launch(&env, &body).await;
    env.jump(Millis::hours(3)).await;
    let view = until(&env, &late, "paused").await;
    assert_eq!(view["reason"], "overdue", "{view}");
    env.end().await;
}

pub(crate) async fn a_campaign_that_does_not_arrive_brakes_itself(env: Env) {
    customers(&env, 60).await;
    let faults = json!({ "next": [{ "code": 131026, "mode": "async", "times": 9 }] });
    let (id, _) = launch(&env, &weekly()).await;
    env.world
        .control
        .post("/_sim/faults", &faults)
        .await
        .unwrap();
    let view = until(&env, &id, "paused").await;
    assert_eq!(view["reason"], "limits.campaign-brake", "{view}");
    assert!(
        view["reason_detail"].as_str().unwrap().contains("failures"),
        "{view}"
    );
    assert!(count(&view, "sent") < 62);
    // Whoever resumes has looked: the count starts again.
    act(&env, &id, "resume", json!({})).await;
    let view = until(&env, &id, "done").await;
    assert_eq!(
        count(&view, "waiting") + count(&view, "queued"),
        0,
        "{view}"
    );
    env.end().await;
}

pub(crate) async fn a_segment_gets_the_plugins_words(env: Env) {
    let sol = env.sol();
    customers(&env, 2).await;
    let nameless = json!({ "address": "573005578888", "language": "es" });
    sol.api.put("/v1/contacts", nameless).await.unwrap();
    crate::segments::install(
        &env,
        portero::guest::RFM_SEGMENTS,
        &["contacts.read", "config", "log"],
        json!({}),
    )
    .await;
    let list = sol.api.get("/v1/segments").await.unwrap();
    let installation = list[0]["installation"].clone();
    let mut body = weekly();
    body["template"] = json!("carrito_recordatorio");
    body["audience"] = json!({ "who": "segment", "installation": installation, "segment": "new" });
    body["values"] =
        json!({ "body.nombre": { "from": "personalise", "installation": installation } });
    let (id, plan) = launch(&env, &body).await;
    assert_eq!(plan["people"], 8, "everybody is new: {plan}");
    assert_eq!(
        plan["missing"]["body.nombre"], 1,
        "whom the plugin has no words for: {plan}"
    );
    assert!(
        plan["previews"][0]["text"]
            .as_str()
            .unwrap()
            .contains("Cliente"),
        "{plan}"
    );
    let view = until(&env, &id, "done").await;
    assert_eq!(
        (count(&view, "left_out"), count(&view, "sent")),
        (1, 4),
        "{view}"
    );
    env.end().await;
}
