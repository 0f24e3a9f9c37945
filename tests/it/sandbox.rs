//! A tenant in `sandbox` mode writes to people who answered a code, and to nobody else.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

pub(crate) async fn who_answered_the_code_is_written_to_and_nobody_else(env: Env) {
    let operator = &env.world.operator;
    let tenant = json!({ "slug": "arena", "name": "Arena", "mode": "sandbox", "language": "es",
        "timezone": "America/Bogota", "country": "CO" });
    operator.post("/v1/tenants", tenant).await.unwrap();
    let token = json!({ "label": "t", "tenant": "arena" });
    let token = operator.post("/v1/tokens", token).await.unwrap();
    let api = env.as_token(token["token"].as_str().unwrap());
    // The shop's number moves in, with the pretended Meta behind it.
    let number = json!({ "phone_number_id": "401000000000009", "waba_id": "301000000000009", "display": "+57 1 555 0909",
        "access_token": env.stage.secrets.access_token, "messaging_limit": "TIER_UNLIMITED" });
    operator
        .for_tenant("arena")
        .put("/v1/numbers", number)
        .await
        .unwrap();
    env.jump(Millis::minutes(1)).await;
    let writes = async |from: &str, wamid: &str, text: &str| {
        let at = env.stage.host.ctx.now().secs().to_string();
        let value = json!({ "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "5715550909", "phone_number_id": "401000000000009" },
            "contacts": [{ "profile": { "name": "Ana" }, "wa_id": from }],
            "messages": [{ "from": from, "id": wamid, "timestamp": at, "type": "text", "text": { "body": text } }] });
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "301000000000009",
            "changes": [{ "field": "messages", "value": value }] }] });
        assert_eq!(env.webhook(body.to_string().as_bytes()).await, 200);
    };
    // The pretended Meta does not know this number: what it refuses stops the number.
    let go_on = json!({ "phone_number_id": "401000000000009" });
    let verdict = async |key: &str, to: &str| {
        env.settle().await;
        api.post("/v1/resume", go_on.clone()).await.unwrap();
        let answer =
            json!({ "to": to, "purpose": "reply", "content": { "type": "text", "body": "hola" } });
        let told = api.propose(key, answer).await.unwrap();
        let verdict = &told["verdict"];
        (verdict["verdict"].clone(), verdict["rule"].clone())
    };
    let (ana, eva) = ("573009990001", "573009990002");
    let refused = (json!("deny"), json!("tenant.sandbox"));
    writes(ana, "wamid.S1", "hola").await;
    writes(eva, "wamid.S2", "hola").await;
    assert_eq!(verdict("s-1", ana).await, refused);
    let path = format!("/v1/sandbox/{ana}");
    let first = api.put(&path, json!({})).await.unwrap();
    let invited = api.put(&path, json!({})).await.unwrap();
    assert_eq!(invited["confirmed_at"], Value::Null, "{invited}");
    let code = invited["code"].as_str().unwrap();
    assert!(
        code.len() == 6 && first["code"] != invited["code"],
        "{first} {invited}"
    );
    let listed = api.get("/v1/sandbox").await.unwrap();
    assert_eq!(listed[0]["code"], Value::Null, "shown once: {listed}");
    // Neither an older code nor somebody else's answer lets anybody in.
    writes(ana, "wamid.S3", first["code"].as_str().unwrap()).await;
    writes(eva, "wamid.S4", code).await;
    assert_eq!(verdict("s-2", ana).await, refused);
    assert_eq!(verdict("s-3", eva).await, refused);
    writes(ana, "wamid.S5", &format!(" {code} ")).await;
    let listed = api.get("/v1/sandbox").await.unwrap();
    assert_eq!(listed[0]["address"], "+573009990001");
    assert!(listed[0]["confirmed_at"].is_string(), "{listed}");
    let told = api.get("/v1/messages?limit=20").await.unwrap();
    let host = told["items"].as_array().unwrap().iter();
    let host: Vec<&Value> = host.filter(|m| m["origin"] == "host").collect();
    assert_eq!(host.len(), 1, "the answer to the code: {told}");
    assert_eq!(verdict("s-4", ana).await, (json!("allow"), Value::Null));
    assert_eq!(verdict("s-5", eva).await, refused);
    // Put again, who answered stays; taken off, nothing more is sent.
    let again = api.put(&path, json!({})).await.unwrap();
    assert!(
        again["code"].is_null() && again["confirmed_at"].is_string(),
        "{again}"
    );
    let gone = api.send(reqwest::Method::DELETE, &path, None).await;
    gone.unwrap();
    assert_eq!(verdict("s-6", ana).await, refused);
    let missing = api.send(reqwest::Method::DELETE, &path, None).await;
    assert!(missing.unwrap_err().to_string().contains("sandbox"));
    env.end().await;
}
