//! An app's secret speaks only for the numbers that are connected to it.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

const OTHER_SECRET: &str = "the secret of another app";

fn entry(waba: &str, field: &str, value: Value) -> String {
    json!({ "object": "whatsapp_business_account", "entry": [
        { "id": waba, "changes": [{ "field": field, "value": value }] }] })
    .to_string()
}

/// Signed with the other app's secret, at its own address.
async fn forged(env: &Env, body: &str) {
    let secret = secrecy::SecretString::from(OTHER_SECRET);
    let signature = portero_meta::signature::sign(&secret, body.as_bytes());
    let answer = env
        .http
        .post(format!("{}/webhooks/whatsapp/other", env.stage.host.url))
        .header("x-hub-signature-256", signature)
        .body(body.to_owned())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "kept");
    env.settle().await;
}

async fn unrouted(env: &Env) -> u64 {
    let all = env.world.operator.get("/v1/inbox/counts").await.unwrap();
    all.as_array()
        .unwrap()
        .iter()
        .filter(|c| c["state"] == "unrouted")
        .filter_map(|c| c["count"].as_u64())
        .sum()
}

pub(crate) async fn another_apps_secret_has_no_effect(env: Env) {
    let sol = env.sol();
    let secrets = json!({ "app_secret": OTHER_SECRET, "verify_token": "v" });
    let made = env.world.operator.put("/v1/apps/other", secrets).await;
    made.unwrap();
    env.jump(Millis::minutes(1)).await;
    let offer = json!({ "purpose": "promotional", "topic": "ofertas",
        "content": { "type": "template", "name": "promo_semana", "language": "es", "body": [] } });
    let sent = env.propose(sol, 2, "f-0", offer.clone()).await;
    let before = env.now(sol, &sent).await;
    let wamid = before["wamid"].as_str().unwrap();
    let (waba, number, key) = (sol.shop.waba, sol.shop.number, sol.shop.people[2].key());
    let at = env.stage.host.ctx.now().secs().to_string();
    let with = |field: &str, list: Value| {
        let mut value = json!({ "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": sol.shop.display, "phone_number_id": number },
            "contacts": [{ "profile": { "name": "X" }, "wa_id": key }] });
        value[field] = list;
        value
    };
    let word = |id: &str, text: &str| json!([{ "from": key, "id": id, "timestamp": at, "type": "text", "text": { "body": text } }]);
    let failed = json!([{ "id": wamid, "status": "failed", "timestamp": at, "recipient_id": key,
        "errors": [{ "code": 131_050, "title": "stopped" }] }]);
    let stop = json!([{ "wa_id": key, "detail": "x", "category": "marketing_messages", "value": "stop",
        "timestamp": at.parse::<i64>().unwrap() }]);
    let call = json!([{ "id": "wacid.1", "from": key, "event": "connect", "timestamp": at }]);
    let ban = json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "DISABLE" } });
    let red = json!({ "event": "PAUSED", "message_template_id": 1, "message_template_name": "promo_semana",
        "message_template_language": "es" });
    let messages = env.messages(sol, 2).await.len();
    let kept = unrouted(&env).await;
    let bodies = [
        entry(waba, "messages", with("messages", word("wamid.F1", "BAJA"))),
        entry(waba, "messages", with("messages", word("wamid.F2", "hola"))),
        entry(waba, "standby", with("messages", word("wamid.F3", "BAJA"))),
        entry(waba, "messages", with("statuses", failed)),
        entry(waba, "user_preferences", with("user_preferences", stop)),
        entry(waba, "calls", with("calls", call)),
        entry(waba, "account_update", ban),
        entry(waba, "message_template_status_update", red),
    ];
    for body in &bodies {
        forged(&env, body).await;
    }
    assert_eq!(unrouted(&env).await, kept + bodies.len() as u64, "counted");
    let list = env.world.operator.get("/v1/inbox?limit=50").await.unwrap();
    let why = "signed by the app `other`";
    let said = list["items"].as_array().unwrap().iter();
    let said = said.filter(|e| {
        e["interpretation"]
            .as_str()
            .is_some_and(|i| i.contains(why))
    });
    assert_eq!(said.count(), bodies.len(), "{list}");
    // Nothing happened.
    assert_eq!(env.messages(sol, 2).await.len(), messages, "no answer");
    assert_eq!(env.now(sol, &sent).await["status"], before["status"]);
    let number_now = sol.api.get(&format!("/v1/numbers/{number}")).await.unwrap();
    assert_eq!(number_now["number"]["restriction"], Value::Null);
    assert_eq!(number_now["number"]["app"], "default");
    env.jump(Millis::hours(13)).await;
    env.jump(Millis::hours(13)).await;
    let again = env.propose(sol, 2, "f-1", offer).await;
    let rule = again["verdict"]["rule"].as_str().unwrap_or_default();
    assert!(
        !rule.starts_with("consent.") && !rule.starts_with("template."),
        "{again}"
    );
    // The real one is not taken for a repetition of the forged one.
    let real = entry(waba, "messages", with("messages", word("wamid.F2", "hola")));
    assert_eq!(env.webhook(real.as_bytes()).await, 200);
    assert!(
        env.messages(sol, 2).await.len() > messages,
        "it is answered"
    );

    // Connected to the other app, it is the other's word that counts.
    let operator = env.world.operator.for_tenant(sol.shop.slug);
    let mut connect = json!({ "phone_number_id": number, "waba_id": waba, "display": sol.shop.display,
        "access_token": env.stage.secrets.access_token, "app": "nobody" });
    let error = operator
        .put("/v1/numbers", connect.clone())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("app put nobody"), "{error}");
    connect["app"] = json!("other");
    let connected = operator.put("/v1/numbers", connect.clone()).await.unwrap();
    assert_eq!(connected["app"], "other");
    connect.as_object_mut().unwrap().remove("app");
    let kept_app = operator.put("/v1/numbers", connect).await.unwrap();
    assert_eq!(kept_app["app"], "other", "as before when nothing is said");
    let bye = entry(waba, "messages", with("messages", word("wamid.F9", "BAJA")));
    assert_eq!(env.webhook(bye.as_bytes()).await, 200);
    let consents = format!("/v1/contacts/{key}/consents");
    let state = async || {
        let shown = sol.api.get(&consents).await.unwrap();
        let topics = shown["topics"].as_array().unwrap().clone();
        let one = topics.iter().find(|t| t["topic"] == "ofertas").unwrap();
        one["standing"]["state"].clone()
    };
    assert_eq!(state().await, "granted");
    forged(&env, &bye).await;
    assert_eq!(state().await, "revoked");
    env.end().await;
}
