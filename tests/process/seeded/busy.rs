//! The busy part of the day: a campaign that is delivered, a conversation that a person answers, somebody who is erased,
//! and secrets that the host makes itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Body, Caller, settled};

/// Whose day it is.
pub(super) struct Shop<'a> {
    pub(super) token: &'a str,
    pub(super) operator: &'a str,
    pub(super) number: &'a str,
    /// The pretend Meta.
    pub(super) meta: &'a str,
}

/// At the pretend Meta: past the host, as people and Meta do.
async fn at_meta(caller: &Caller, shop: &Shop<'_>, path: &str, body: Value) {
    let asked = caller.http.post(format!("{}/_sim{path}", shop.meta));
    let answer = asked.json(&body).send().await.expect("an answer");
    let status = answer.status();
    assert!(status.is_success(), "{path}: {status}");
}

fn text(value: &Value, field: &str) -> String {
    let found = value[field].as_str();
    found
        .unwrap_or_else(|| panic!("no {field}: {value}"))
        .to_owned()
}

/// The seeded person writes, is answered by the bot, then by somebody of the shop.
async fn talk(caller: &mut Caller, shop: &Shop<'_>) {
    for words in ["guacamaya-azul-4471", "quiero hablar con una persona"] {
        let said = json!({ "number": shop.number, "type": "text", "text": words });
        at_meta(caller, shop, "/people/573009871236/say", said).await;
        settled(caller, shop.operator).await;
    }
    let path = "/v1/conversations/573009871236/answer";
    let answer = Body::Json(json!({ "text": "respuesta-colibri-3390" }));
    let answered = caller.good(Method::POST, path, shop.token, answer).await;
    assert_eq!(answered["verdict"]["verdict"], "allow", "{answered}");
    settled(caller, shop.operator).await;
}

/// Everybody who agreed gets an offer; the seeded person's arrives.
async fn campaign(caller: &mut Caller, shop: &Shop<'_>) {
    let new = json!({ "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
                      "why": "agreed to offers", "audience": { "who": "all" } });
    let post = Method::POST;
    let made = caller
        .good(post.clone(), "/v1/campaigns", shop.token, Body::Json(new))
        .await;
    let path = format!("/v1/campaigns/{}", text(&made, "id"));
    let plan = format!("{path}/plan");
    let plan = caller
        .good(post.clone(), &plan, shop.token, Body::Json(json!({})))
        .await;
    let agreed = json!({ "plan_hash": plan["hash"] });
    for (act, body) in [("approve", agreed), ("run", json!({}))] {
        let act = format!("{path}/{act}");
        caller
            .good(post.clone(), &act, shop.token, Body::Json(body))
            .await;
    }
    for _ in 0..60 {
        settled(caller, shop.operator).await;
        let view = caller
            .good(Method::GET, &path, shop.token, Body::None)
            .await;
        if view["state"] == "done" {
            break;
        }
        let second = Body::Json(json!({ "ms": 1_000 }));
        caller
            .good(post.clone(), "/v1/clock/jump", shop.operator, second)
            .await;
    }
}

/// What was sent arrived, for whoever may see it.
async fn arrived(caller: &mut Caller, shop: &Shop<'_>) {
    let path = "/v1/contacts/573009871236/timeline?limit=50";
    let seen = caller
        .good(Method::GET, path, shop.token, Body::None)
        .await
        .to_string();
    assert!(
        seen.contains("promo_semana"),
        "no offer reached them: {seen}"
    );
    assert!(seen.contains("respuesta-colibri-3390"), "no answer: {seen}");
    assert!(
        seen.contains("\"delivered\"") || seen.contains("\"read\""),
        "{seen}"
    );
}

/// Somebody comes and goes for good.
async fn erasure(caller: &mut Caller, shop: &Shop<'_>) {
    let person = json!({ "address": "+573009871244", "name": "Tlacaelel", "language": "es", "country": "CO" });
    caller
        .good(Method::PUT, "/v1/contacts", shop.token, Body::Json(person))
        .await;
    let path = "/v1/contacts/%2B573009871244";
    caller
        .good(
            Method::GET,
            &format!("{path}/erasure"),
            shop.token,
            Body::None,
        )
        .await;
    let why = Body::Json(json!({ "reason": "request" }));
    caller
        .good(Method::POST, &format!("{path}/erase"), shop.token, why)
        .await;
}

/// What the host makes up and shows once: the words nobody is told again.
async fn made_here(caller: &mut Caller, shop: &Shop<'_>) -> Vec<String> {
    let mut secrets = Vec::new();
    // Nobody listens there: what is sent fails, and is told.
    let hook =
        json!({ "url": "http://127.0.0.1:1/", "about": "shop", "events": ["campaign.paused"] });
    let made = caller
        .good(Method::POST, "/v1/webhooks", shop.token, Body::Json(hook))
        .await;
    secrets.push(text(&made, "secret"));
    let path = format!("/v1/webhooks/{}", text(&made, "id"));
    for act in ["test", "rotate"] {
        let path = format!("{path}/{act}");
        let said = caller
            .good(Method::POST, &path, shop.token, Body::Json(json!({})))
            .await;
        secrets.extend(said["secret"].as_str().map(str::to_owned));
    }
    assert_eq!(secrets.len(), 2, "a new secret");
    let verdicts = caller
        .good(Method::GET, "/v1/verdicts?limit=1", shop.token, Body::None)
        .await;
    let path = format!("/v1/verdicts/{}/links", text(&verdicts["items"][0], "id"));
    let link = caller
        .good(
            Method::POST,
            &path,
            shop.token,
            Body::Json(json!({ "days": 3 })),
        )
        .await;
    let proof = text(&link, "path");
    let (status, page) = caller.send(Method::GET, &proof, "", Body::None).await;
    assert!(status.is_success(), "{page}");
    // One letter off.
    let wrong = format!("{}x", &proof[..proof.len() - 1]);
    caller.bad(Method::GET, &wrong, "", Body::None).await;
    secrets.push(proof.trim_start_matches("/proof/").to_owned());
    secrets
}

/// The PIN of two-step verification, well and badly.
async fn pin(caller: &mut Caller, shop: &Shop<'_>) {
    let path = format!("/v1/numbers/{}/register", shop.number);
    let pin = Body::Json(json!({ "pin": super::PIN }));
    caller.good(Method::POST, &path, shop.token, pin).await;
    let wrong = Body::Json(json!({ "pin": [super::PIN] }));
    caller.bad(Method::POST, &path, shop.token, wrong).await;
}

/// All of it; the secrets that the host made.
pub(super) async fn day(caller: &mut Caller, shop: &Shop<'_>) -> Vec<String> {
    // Meta knows them.
    let person = json!({ "name": "Xochiquetzal", "wa_id": "573009871236" });
    at_meta(caller, shop, "/people", person).await;
    campaign(caller, shop).await;
    talk(caller, shop).await;
    arrived(caller, shop).await;
    erasure(caller, shop).await;
    pin(caller, shop).await;
    let secrets = made_here(caller, shop).await;
    settled(caller, shop.operator).await;
    secrets
}
