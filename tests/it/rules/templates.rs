//! What Meta's registry says of a template.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;
use crate::rules::{Cases, agreed, fires, granted, newcomer, offer, passes, policy, template, to};

pub(super) async fn states(env: &Env, cases: &mut Cases) {
    // Somebody with a fresh promise, so that only the template decides; and somebody for what goes
    // while the first one's offer waits.
    let sol = env.sol();
    for who in [1, 0] {
        let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "promise": { "max": 50, "per": "week" }, "evidence": "form 7" });
        let path = format!("/v1/contacts/{}/consent", sol.shop.people[who].key());
        sol.api.post(&path, consent).await.unwrap();
    }
    env.jump(Millis::minutes(1)).await;
    fires(
        env,
        cases,
        1,
        "template.unknown",
        template("no_such", "ofertas", &json!([])),
    )
    .await;
    fires(
        env,
        cases,
        1,
        "template.not-approved",
        template("promo_rechazada", "ofertas", &json!([])),
    )
    .await;
    for (n, rule) in [(64, "template.unknown"), (65, "template.not-approved")] {
        passes(env, cases, 0, rule, to(&agreed(env, n).await, offer())).await;
    }
    fires(
        env,
        cases,
        1,
        "template.params",
        template("carrito_recordatorio", "ofertas", &json!([])),
    )
    .await;
    let values = json!([{ "name": "nombre", "as": "text", "text": "Diego" }]);
    passes(
        env,
        cases,
        0,
        "template.params",
        template("carrito_recordatorio", "ofertas", &values),
    )
    .await;
    let path = format!("/_sim/templates/{}/promo_semana/es", sol.shop.waba);
    env.world
        .control
        .post(&path, &json!({ "quality": "RED" }))
        .await
        .unwrap();
    env.settle().await;
    env.jump(Millis::minutes(1)).await;
    fires(env, cases, 1, "template.paused", offer()).await;
    waits_for_metas_word(env, &path).await;
    let other = to(&agreed(env, 66).await, offer());
    passes(env, cases, 0, "template.paused", other).await;
}

/// The announced end of the pause passes and Meta says nothing: what waits goes on waiting, is never
/// sent into Meta's refusal, and leaves when Meta's word comes, not at the next look.
async fn waits_for_metas_word(env: &Env, template: &str) {
    let sol = env.sol();
    let newest = env.messages(sol, 1).await.remove(0);
    let id = newest["id"].as_str().unwrap();
    // Meta ends its pause after three hours and its webhook takes another ninety minutes.
    let late = |ms: i64| json!({ "delay_ms": ms });
    let faults = |body: Value| async move {
        let set = env.world.control.post("/_sim/faults", &body).await;
        set.unwrap();
    };
    faults(late(90 * 60_000)).await;
    for minutes in [60, 120, 60] {
        env.jump(Millis::minutes(minutes)).await;
        let message = sol.api.get(&format!("/v1/messages/{id}")).await.unwrap();
        assert_eq!(
            (&message["state"], &message["rule"]),
            (&json!("deferred"), &json!("template.paused")),
            "{message}"
        );
    }
    faults(late(0)).await;
    env.jump(Millis::minutes(30)).await;
    let shown = env.world.control.get(template).await.unwrap();
    assert_eq!(shown["status"], "APPROVED");
    let message = sol.api.get(&format!("/v1/messages/{id}")).await.unwrap();
    assert_eq!(message["state"], "sent", "{message}");
    let refused = sol.api.get(&format!("/v1/verdicts?message={id}")).await;
    let looks = refused.unwrap()["items"].as_array().unwrap().len();
    assert!(looks <= 5, "looked at {looks} times");
}

/// What Meta's registry says of a template.
pub(super) async fn registry(env: &Env, cases: &mut Cases) {
    let who = newcomer(env, 30, "es", Some(granted())).await;
    let mut as_code = offer();
    as_code["purpose"] = json!("authentication");
    fires(
        env,
        cases,
        0,
        "template.category-mismatch",
        to(&who, as_code),
    )
    .await;
    passes(
        env,
        cases,
        0,
        "template.category-mismatch",
        to(&who, offer()),
    )
    .await;
    let reads_portuguese = newcomer(env, 31, "pt", Some(granted())).await;
    fires(
        env,
        cases,
        0,
        "template.language",
        to(&reads_portuguese, offer()),
    )
    .await;
    policy(env, json!({ "template_fallback": ["es"] })).await;
    passes(
        env,
        cases,
        0,
        "template.language",
        to(&reads_portuguese, offer()),
    )
    .await;
    policy(env, json!({})).await;
    let who = newcomer(env, 32, "es", Some(granted())).await;
    let no_way_out = template("promo_sin_salida", "ofertas", &json!([]));
    fires(
        env,
        cases,
        0,
        "template.opt-out-missing",
        to(&who, no_way_out),
    )
    .await;
    passes(env, cases, 0, "template.opt-out-missing", to(&who, offer())).await;
    let who = newcomer(env, 33, "es", Some(granted())).await;
    quality(env, "GREEN", "RED").await;
    fires(env, cases, 0, "template.quality-red", to(&who, offer())).await;
    let held = env.sol().api.get("/v1/messages?state=in_review").await;
    assert_eq!(held.unwrap()["items"][0]["rule"], "template.quality-red");
    quality(env, "RED", "GREEN").await;
    // What was held went with the good news; the neighbour is somebody else.
    let who = newcomer(env, 39, "es", Some(granted())).await;
    passes(env, cases, 0, "template.quality-red", to(&who, offer())).await;
}

async fn quality(env: &Env, from: &str, now: &str) {
    let waba = env.sol().shop.waba;
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": waba, "time": 1_795_001_600,
        "changes": [{ "field": "message_template_quality_update", "value": {
            "previous_quality_score": from, "new_quality_score": now, "message_template_id": 880_000_000_000_001_u64,
            "message_template_name": "promo_semana", "message_template_language": "es" } }] }] });
    assert_eq!(env.webhook(body.to_string().as_bytes()).await, 200);
    env.jump(Millis::secs(1)).await;
}
