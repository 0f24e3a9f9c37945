//! Meta's door: what is real, what is twice, what is strange, what is false.

use portero_domain::clock::{Clock as _, Millis};
use serde_json::{Value, json};

use crate::harness::Env;

fn envelope(waba: &str, value: Value) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [
        { "id": waba, "changes": [ { "field": "messages", "value": value } ] } ] })
}

fn text(env: &Env, number: &str, from: &str, wamid: &str, body: &str) -> Value {
    let at = env.stage.clock.now().secs();
    json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "576015550101", "phone_number_id": number },
        "contacts": [ { "profile": { "name": "Nadie" }, "wa_id": from } ],
        "messages": [ { "from": from, "id": wamid, "timestamp": at.to_string(), "type": "text", "text": { "body": body } } ],
    })
}

fn status(number: &str, wamid: &str, status: &str, at: i64) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "576015550101", "phone_number_id": number },
        "statuses": [ { "id": wamid, "status": status, "timestamp": at.to_string(), "recipient_id": "573005550001" } ],
    })
}

async fn count(env: &Env, kind: &str, state: &str) -> u64 {
    let all = env.world.operator.get("/v1/inbox/counts").await.unwrap();
    all.as_array()
        .unwrap()
        .iter()
        .filter(|c| c["kind"] == kind && c["state"] == state)
        .map(|c| c["count"].as_u64().unwrap())
        .sum()
}

pub(crate) async fn a_wrong_signature_is_turned_away_and_stores_nothing(env: Env) {
    let before = env.world.operator.get("/v1/inbox/counts").await.unwrap();
    let sol = env.sol();
    let body = envelope(
        sol.shop.waba,
        text(&env, sol.shop.number, "573005550001", "wamid.X1", "hola"),
    )
    .to_string();
    assert_eq!(
        env.signed(body.as_bytes(), &format!("sha256={}", "a".repeat(64)))
            .await,
        401
    );
    assert_eq!(env.signed(body.as_bytes(), "sha1=ab").await, 401);
    let unsigned = env
        .http
        .post(format!("{}/webhooks/whatsapp", env.stage.host.url))
        .body(body.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(unsigned.status().as_u16(), 401);
    // One byte changed after signing.
    let secret = secrecy::SecretString::from(env.stage.secrets.app_secret.clone());
    let signature = portero_meta::signature::sign(&secret, body.as_bytes());
    assert_eq!(
        env.signed(body.replace("hola", "Hola").as_bytes(), &signature)
            .await,
        401
    );
    env.settle().await;
    assert_eq!(
        env.world.operator.get("/v1/inbox/counts").await.unwrap(),
        before
    );
    env.end().await;
}

pub(crate) async fn a_body_beyond_the_limit_is_not_read(env: Env) {
    let counts = "/v1/inbox/counts";
    let before = env.world.operator.get(counts).await.unwrap();
    // Well signed and well formed, so that its size alone can be the reason.
    let with = |length: usize| {
        let body =
            json!({ "object": "whatsapp_business_account", "entry": [], "x": "x".repeat(length) });
        body.to_string()
    };
    let limit = 4 * 1_024 * 1_024;
    assert_eq!(env.webhook(with(limit + 1).as_bytes()).await, 413);
    assert_eq!(env.world.operator.get(counts).await.unwrap(), before);
    let frame = with(0).len();
    assert_eq!(env.webhook(with(limit - frame).as_bytes()).await, 200);
    env.end().await;
}

pub(crate) async fn duplicates_in_any_order_take_effect_once(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    let told = env.messages(sol, 0).await.len();
    let body = envelope(
        sol.shop.waba,
        text(&env, sol.shop.number, "573005550001", "wamid.DUP", "hola"),
    )
    .to_string();
    for _ in 0..3 {
        assert_eq!(env.webhook(body.as_bytes()).await, 200);
    }
    let answers = env.messages(sol, 0).await.len() - told;
    // The same update inside another delivery, beside a new one.
    let mut two = text(&env, sol.shop.number, "573005550001", "wamid.DUP", "hola");
    two["messages"].as_array_mut().unwrap().push(json!({
        "from": "573005550001", "id": "wamid.NEW", "timestamp": env.stage.clock.now().secs().to_string(),
        "type": "reaction", "reaction": { "message_id": "wamid.OUT", "emoji": "👍" } }));
    assert_eq!(
        env.webhook(envelope(sol.shop.waba, two).to_string().as_bytes())
            .await,
        200
    );
    let list = sol.api.get("/v1/inbox?limit=200").await.unwrap();
    let seen = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["payload"].to_string().contains("wamid.DUP"))
        .count();
    assert_eq!(seen, 1, "one event, however often delivered");
    assert!(answers >= 1, "it was answered");
    env.end().await;
}

pub(crate) async fn what_nobody_understands_is_kept_and_answered_200(env: Env) {
    let sol = env.sol();
    let cases: [&[u8]; 6] = [
        b"not json at all",
        b"",
        b"[1,2,3]",
        b"{\"object\":\"page\",\"entry\":[]}",
        b"{\"object\":\"whatsapp_business_account\"}",
        b"\xff\xfe\x00",
    ];
    let broken = count(&env, "broken", "broken").await;
    for case in cases {
        assert_eq!(
            env.webhook(case).await,
            200,
            "{}",
            String::from_utf8_lossy(case)
        );
    }
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(env.webhook(deep.as_bytes()).await, 200);
    assert!(count(&env, "broken", "broken").await > broken);
    // A field and a message type we do not know are kept with their raw text.
    let odd = json!({ "object": "whatsapp_business_account", "entry": [ { "id": sol.shop.waba, "changes": [
        { "field": "brand_new_field", "value": { "answer": 42 } } ] } ] });
    assert_eq!(env.webhook(odd.to_string().as_bytes()).await, 200);
    let list = sol.api.get("/v1/inbox?limit=5").await.unwrap();
    let kept = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["field"] == "brand_new_field")
        .unwrap();
    assert_eq!(kept["state"], "unhandled");
    assert!(kept["payload"].to_string().contains("42"), "{kept}");
    let mut unknown = text(&env, sol.shop.number, "573005550001", "wamid.POLL", "x");
    unknown["messages"][0] = json!({ "from": "573005550001", "id": "wamid.POLL", "type": "hologram",
        "timestamp": env.stage.clock.now().secs().to_string(), "hologram": { "depth": 3 } });
    assert_eq!(
        env.webhook(envelope(sol.shop.waba, unknown).to_string().as_bytes())
            .await,
        200
    );
    env.end().await;
}

pub(crate) async fn a_number_nobody_owns_is_kept_for_the_operator(env: Env) {
    let body = envelope(
        "309999999999999",
        text(
            &env,
            "409999999999999",
            "573005550001",
            "wamid.LOST",
            "hola",
        ),
    );
    assert_eq!(env.webhook(body.to_string().as_bytes()).await, 200);
    let list = env.world.operator.get("/v1/inbox?limit=10").await.unwrap();
    let kept = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["state"] == "unrouted")
        .expect("kept");
    assert!(kept["payload"].to_string().contains("wamid.LOST"));
    // The body as it came, to the operator alone; broken JSON too.
    assert_eq!(env.webhook(b"{\"object\": broken").await, 200);
    let operator = &env.world.operator;
    let list = operator.get("/v1/inbox?limit=10").await.unwrap();
    for (state, words) in [
        ("unrouted", "wamid.LOST"),
        ("broken", "{\"object\": broken"),
    ] {
        let items = list["items"].as_array().unwrap();
        let one = items.iter().find(|e| e["state"] == state).unwrap();
        let path = format!("/v1/inbox/{}", one["id"].as_str().unwrap());
        let shown = operator.get(&path).await.unwrap();
        assert!(shown["raw"].as_str().unwrap().contains(words), "{shown}");
        assert_eq!(shown["state"], state);
        assert!(env.sol().api.get(&path).await.is_err(), "no tenant's");
    }
    let mistyped = env.world.operator.for_tenant("tienda-soll");
    let error = mistyped.get("/v1/inbox?limit=10").await.unwrap_err();
    assert!(error.to_string().contains("tienda-soll"), "{error}");
    let own = env.sol().api.get("/v1/inbox?limit=200").await.unwrap();
    assert!(!own.to_string().contains("wamid.LOST"), "no tenant sees it");
    env.end().await;
}

pub(crate) async fn a_person_without_a_phone_number_is_answered(env: Env) {
    let sol = env.sol();
    env.says(sol, 4, "hola").await;
    let newest = env.messages(sol, 4).await[0].clone();
    assert_eq!(newest["state"], "sent", "{newest}");
    assert_eq!(newest["status"], "read", "{newest}");
    env.end().await;
}

pub(crate) async fn verification_answers_the_challenge_only_to_the_right_token(env: Env) {
    let url = format!("{}/webhooks/whatsapp", env.stage.host.url);
    let ask = |token: String| {
        let url =
            format!("{url}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        env.http.get(url).send()
    };
    let right = ask(env.stage.secrets.verify_token.clone()).await.unwrap();
    assert_eq!(right.status().as_u16(), 200);
    assert_eq!(right.text().await.unwrap(), "1158201444");
    assert_eq!(
        ask("wrong".to_owned()).await.unwrap().status().as_u16(),
        403
    );
    let nowhere = env
        .http
        .get(format!("{url}/nobody?hub.mode=subscribe"))
        .send()
        .await
        .unwrap();
    assert_eq!(nowhere.status().as_u16(), 404);
    env.end().await;
}

pub(crate) async fn statuses_never_go_backwards(env: Env) {
    let sol = env.sol();
    let newest = env.messages(sol, 0).await[0].clone();
    let wamid = newest["wamid"].as_str().unwrap().to_owned();
    let at = env.stage.clock.now().secs();
    for late in ["sent", "delivered", "accepted_by_aliens", "failed", "sent"] {
        let body = envelope(sol.shop.waba, status(sol.shop.number, &wamid, late, at));
        assert_eq!(env.webhook(body.to_string().as_bytes()).await, 200);
    }
    let id = newest["id"].as_str().unwrap();
    let now = sol.api.get(&format!("/v1/messages/{id}")).await.unwrap();
    assert_eq!(now["status"], "read");
    env.end().await;
}

/// Statuses that arrive at the same moment are kept in one transaction: each counts once, and what nobody
/// owns among them disturbs nobody.
pub(crate) async fn statuses_at_the_same_moment_count_once_each(env: Env) {
    let sol = env.sol();
    let at = env.stage.clock.now().secs();
    let before = (
        count(&env, "status", "done").await,
        count(&env, "status", "unrouted").await,
    );
    let bodies: Vec<Vec<u8>> = (0..60_i64)
        .map(|n| {
            let (number, wamid) = match n % 6 {
                // The very same status, ten times.
                0 => (sol.shop.number, "wamid.AGAIN".to_owned()),
                1 => ("999000111", format!("wamid.NOBODY{n}")),
                _ => (sol.shop.number, format!("wamid.STRANGE{n}")),
            };
            let body = envelope(sol.shop.waba, status(number, &wamid, "read", at + 5));
            body.to_string().into_bytes()
        })
        .collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| env.webhook(body))).await;
    assert!(answers.iter().all(|code| *code == 200), "{answers:?}");
    env.settle().await;
    let after = (
        count(&env, "status", "done").await,
        count(&env, "status", "unrouted").await,
    );
    assert_eq!((after.0 - before.0, after.1 - before.1), (41, 10));
    env.end().await;
}

pub(crate) async fn a_batch_for_two_tenants_reaches_each(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    let body = json!({ "object": "whatsapp_business_account", "entry": [
        { "id": sol.shop.waba, "changes": [ { "field": "messages", "value": text(&env, sol.shop.number, "573005550002", "wamid.BA", "hola") } ] },
        { "id": lua.shop.waba, "changes": [ { "field": "messages", "value": text(&env, lua.shop.number, "5511955550003", "wamid.BB", "oi") } ] },
    ] });
    assert_eq!(env.webhook(body.to_string().as_bytes()).await, 200);
    assert!(!env.messages(sol, 1).await.is_empty());
    assert!(!env.messages(lua, 2).await.is_empty());
    assert!(
        !lua.api
            .get("/v1/inbox?limit=200")
            .await
            .unwrap()
            .to_string()
            .contains("wamid.BA")
    );
    assert!(
        !sol.api
            .get("/v1/inbox?limit=200")
            .await
            .unwrap()
            .to_string()
            .contains("wamid.BB")
    );
    env.end().await;
}
