//! Numbers and their accounts, pace, and what campaigns may cost.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;
use crate::rules::{
    Cases, agreed, decided, fires, goes, granted, newcomer, offer, passes, policy, text, to,
};

/// Meta speaks of the number and its account by webhook; what waits is judged again.
pub(super) async fn account(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(2)).await;
    let quality = |event: &str| json!({ "display_phone_number": sol.shop.display, "event": event });
    let field = "phone_number_quality_update";
    // People of their own: one promotion a day.
    let mut fresh = Vec::new();
    for n in [901, 902] {
        fresh.push(to(&agreed(env, n).await, offer()));
    }
    env.meta_says(sol, field, quality("FLAGGED")).await;
    let held = env.propose(sol, 1, "red", fresh.remove(0)).await;
    cases.fired("account.quality-red", &held["verdict"]["rule"], &held);
    assert_eq!(held["verdict"]["verdict"], "hold");
    passes(env, cases, 0, "account.quality-red", text("hola")).await;
    env.jump(Millis::minutes(1)).await;
    env.meta_says(sol, field, quality("UNFLAGGED")).await;
    let freed = env.now(sol, &held).await;
    assert_eq!(freed["state"], "sent", "judged again: {freed}");

    env.jump(Millis::minutes(1)).await;
    let until = env.stage.host.ctx.now().secs() + 7_200;
    let restricted = json!({ "event": "ACCOUNT_RESTRICTION", "restriction_info": [
        { "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": until }] });
    env.meta_says(sol, "account_update", restricted).await;
    let waits = env.propose(sol, 1, "restricted", fresh.remove(0)).await;
    cases.fired("account.restricted", &waits["verdict"]["rule"], &waits);
    assert_eq!(waits["verdict"]["verdict"], "defer");
    passes(env, cases, 0, "account.restricted", text("aquí sigo")).await;
    env.jump(Millis::minutes(1)).await;
    let lifted =
        json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "REINSTATE" } });
    env.meta_says(sol, "account_update", lifted).await;
    let freed = env.now(sol, &waits).await;
    assert_eq!(freed["state"], "sent", "judged again: {freed}");

    // Meta refuses one because the account is blocked, and says no end: everything, for a quarter of an hour.
    let faults = json!({ "next": [{ "code": 368, "times": 1, "mode": "sync" }] });
    env.world
        .control
        .post("/_sim/faults", &faults)
        .await
        .unwrap();
    let refused = env.propose(sol, 0, "blocked", text("sigo aquí")).await;
    assert_eq!(env.now(sol, &refused).await["state"], "failed");
    fires(env, cases, 0, "account.restricted", text("¿y ahora?")).await;
    env.jump(Millis::minutes(15)).await;
    passes(env, cases, 0, "account.restricted", text("otra vez")).await;
}

/// Two people who never wrote: the second is one too many for a limit of two (promotion uses 95 %).
pub(super) async fn tier(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    let capability = |limit: Value| json!({ "max_daily_conversations_per_business": limit });
    let field = "business_capability_update";
    let (first, second) = (agreed(env, 71).await, agreed(env, 72).await);
    env.jump(Millis::minutes(1)).await;
    passes(env, cases, 0, "limits.tier", to(&first, offer())).await;
    env.meta_says(sol, field, capability(json!(2))).await;
    let proposed = env.propose(sol, 0, "tier", to(&second, offer())).await;
    let waits = env.now(sol, &proposed).await;
    cases.fired("limits.tier", &waits["rule"], &waits);
    assert_eq!(waits["state"], "deferred");
    env.jump(Millis::minutes(1)).await;
    env.meta_says(sol, field, capability(json!("TIER_UNLIMITED")))
        .await;
    let freed = env.now(sol, &proposed).await;
    assert_eq!(freed["state"], "sent", "judged again: {freed}");
}

pub(super) async fn pace(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(2)).await;
    // Five direct replies at once, the sixth waits six seconds.
    for n in 0..6 {
        // Far enough apart for the number's own rate.
        env.jump(Millis(20)).await;
        env.propose(sol, 0, &format!("burst-{n}"), text("rápido"))
            .await;
    }
    decided(env, cases, 0, "limits.pair-rate").await;
    env.jump(Millis::secs(6)).await;
    let held = env.messages(sol, 0).await;
    assert!(
        held.iter().all(|m| m["state"] != "deferred"),
        "six seconds later it went: {held:?}"
    );
    passes(env, cases, 0, "limits.pair-rate", text("despacio")).await;
    // Somebody who was promised two a week: the third waits for the first to be a week old.
    let who = 2;
    goes(env, cases, who, offer()).await;
    env.jump(Millis::days(1)).await;
    passes(env, cases, who, "frequency.promise-exceeded", offer()).await;
    env.jump(Millis::days(5)).await;
    fires(env, cases, who, "frequency.promise-exceeded", offer()).await;
    // One a week: the next would have to wait longer than three days.
    env.jump(Millis::days(1)).await;
    let mut seldom = granted();
    seldom["promise"]["max"] = json!(1);
    let rare = newcomer(env, 73, "es", Some(seldom)).await;
    passes(env, cases, 0, "envelope.expired", to(&rare, offer())).await;
    fires(env, cases, 0, "envelope.expired", to(&rare, offer())).await;
    // After ten in the evening in Bogotá, and the next morning.
    env.jump(Millis::hours(13)).await;
    let rule = "quiet-hours.tenant";
    let (late, early) = (agreed(env, 74).await, agreed(env, 75).await);
    fires(env, cases, 0, rule, to(&late, offer())).await;
    env.jump(Millis::hours(11)).await;
    passes(env, cases, 0, rule, to(&early, offer())).await;
}

/// Many people at one instant: the number's own rate makes some wait.
pub(super) async fn throughput(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    for n in 100..112 {
        let body = to(&agreed(env, n).await, offer());
        sol.api.propose(&format!("many-{n}"), body).await.unwrap();
    }
    env.settle().await;
    let all = sol
        .api
        .get("/v1/verdicts?rule=limits.throughput&limit=5")
        .await
        .unwrap();
    cases.fired("limits.throughput", &all["items"][0]["rule"], &all);
    // The clock stands still between jumps: each lets one small burst go.
    for _ in 0..4 {
        env.jump(Millis::secs(1)).await;
    }
    let left = sol
        .api
        .get("/v1/messages?state=deferred&limit=50")
        .await
        .unwrap();
    let mine: Vec<_> = left["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["rule"] == "limits.throughput")
        .collect();
    assert!(mine.is_empty(), "seconds later all went: {mine:?}");
    let alone = to(&agreed(env, 120).await, offer());
    passes(env, cases, 0, "limits.throughput", alone).await;
}

pub(super) async fn campaigns(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    env.jump(Millis::minutes(1)).await;
    // Two campaigns with the same text: the second reaches only whom the first did not.
    agreed(env, 81).await;
    let weekly = json!({
        "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
        "why": "agreed to offers", "audience": { "who": "all" },
    });
    let (first, _) = crate::campaigns::launch(env, &weekly).await;
    for _ in 0..5 {
        env.jump(Millis::secs(1)).await;
    }
    let reached = sol
        .api
        .get(&format!("/v1/campaigns/{first}/people?state=sent"))
        .await
        .unwrap();
    let reached = reached["items"][0]["contact"].as_str().map(str::to_owned);
    let reached = reached.expect("the neighbour: the first time it went");
    cases.passed("frequency.same-campaign");
    crate::campaigns::launch(env, &weekly).await;
    env.settle().await;
    let again = sol
        .api
        .get(&format!(
            "/v1/verdicts?contact={reached}&rule=frequency.same-campaign"
        ))
        .await
        .unwrap();
    cases.fired(
        "frequency.same-campaign",
        &again["items"][0]["rule"],
        &again,
    );
    // One message to Colombia costs 0.0125.
    let (over, within) = (agreed(env, 82).await, agreed(env, 83).await);
    let rule = "limits.cost-budget";
    policy(env, json!({ "monthly_budget_micro": 1 })).await;
    let held = fires(env, cases, 0, rule, to(&over, offer())).await;
    assert_eq!(held["message"]["state"], "in_review");
    policy(env, json!({ "monthly_budget_micro": 1_000_000_000 })).await;
    passes(env, cases, 0, rule, to(&within, offer())).await;
    policy(env, json!({})).await;
}
