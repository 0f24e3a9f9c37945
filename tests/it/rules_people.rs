//! Rules about consent, templates and frequency through HTTP, each with people of its own: caps would
//! make the cases of one person lean on each other.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;
use crate::rules::{Fired, fires, id, offer, passes, template, text};

/// A question with everything in it.
const QUESTION: &str = "Tienda Sol quiere enviarte novedades por WhatsApp, como mucho 1 al mes. Termina \
    escribiendo BAJA. Privacidad: https://privacidad.example/sol ¿Aceptas?";

pub(crate) async fn all(env: &Env, fired: &mut Fired) {
    records(env, fired).await;
    questions(env, fired).await;
    registry(env, fired).await;
    frequency(env, fired).await;
}

/// Somebody the shop knows by what its system tells: address, language, consent.
pub(crate) async fn newcomer(env: &Env, n: u32, language: &str, consent: Option<Value>) -> String {
    let address = format!("57300557{n:04}");
    let person = json!({ "name": format!("N{n}"), "wa_id": address });
    let made = env.world.control.post("/_sim/people", &person).await;
    made.expect("a person at the simulator");
    let api = &env.sol().api;
    let contact = json!({ "address": address, "name": format!("N{n}"), "language": language });
    api.put("/v1/contacts", contact).await.unwrap();
    if let Some(consent) = consent {
        let path = format!("/v1/contacts/{address}/consent");
        api.post(&path, consent).await.unwrap();
    }
    address
}

pub(crate) fn granted() -> Value {
    json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "evidence": "form 11",
            "promise": { "max": 50, "per": "week" } })
}

fn with(mut consent: Value, more: &Value) -> Value {
    let fields = more.as_object().unwrap().clone();
    consent.as_object_mut().unwrap().extend(fields);
    consent
}

pub(crate) fn to(address: &str, mut message: Value) -> Value {
    message["to"] = json!(address);
    message
}

/// What is on record decides: expired, unconfirmed, brought in from a bought list.
async fn records(env: &Env, fired: &mut Fired) {
    for (n, rule, more) in [
        (
            1,
            "consent.expired",
            json!({ "captured_at": "2024-01-10T15:00:00Z" }),
        ),
        (
            2,
            "consent.double-opt-in-pending",
            json!({ "event": "granted_unconfirmed", "origin": "own_list" }),
        ),
        (
            3,
            "consent.import-refused",
            json!({ "origin": "purchased" }),
        ),
    ] {
        let who = newcomer(env, n, "es", Some(with(granted(), &more))).await;
        fires(env, fired, 0, rule, to(&who, offer())).await;
        let neighbour = newcomer(env, n + 10, "es", Some(granted())).await;
        passes(env, 0, rule, to(&neighbour, offer())).await;
    }
    // The end written on a consent is obeyed too, and what is no instant is turned away.
    let ends = with(granted(), &json!({ "expires_at": "2026-01-01T00:00:00Z" }));
    let who = newcomer(env, 4, "es", Some(ends)).await;
    fires(env, fired, 0, "consent.expired", to(&who, offer())).await;
    let wrong = with(granted(), &json!({ "expires_at": "tomorrow" }));
    let path = format!("/v1/contacts/{who}/consent");
    let refused = env.sol().api.post(&path, wrong).await.unwrap_err();
    assert!(refused.to_string().contains("expires_at"), "{refused}");
    // Where the tenant asks for a second yes, its own forms wait for it; the policy holds at once.
    let who = newcomer(env, 5, "es", Some(granted())).await;
    policy(env, json!({ "double_opt_in": true })).await;
    let rule = "consent.double-opt-in-pending";
    fires(env, fired, 0, rule, to(&who, offer())).await;
    policy(env, json!({})).await;
    passes(env, 0, "double-opt-in", to(&who, offer())).await;
}

/// The question needs its elements, and is not put again.
async fn questions(env: &Env, fired: &mut Fired) {
    let ask = |body: &str| {
        json!({ "purpose": "consent_request", "topic": "novedades", "content": {
            "type": "interactive", "body": body, "action": { "kind": "buttons", "buttons": [
                { "id": "si", "title": "Sí, acepto" }, { "id": "no", "title": "No, gracias" } ] } } })
    };
    let sol = env.sol();
    env.says(sol, 2, "hola").await;
    env.jump(Millis::minutes(1)).await;
    for missing in [
        "WhatsApp",
        "1 al mes",
        "BAJA",
        "https://privacidad.example/sol",
        "Tienda Sol",
    ] {
        let body = ask(&QUESTION.replace(missing, ""));
        fires(env, fired, 2, "consent.request-malformed", body).await;
    }
    passes(env, 2, "consent.request-malformed", ask(QUESTION)).await;
    let contact = env.contact(sol, 2).await;
    assert_eq!(
        contact["consent"]["novedades"]["state"], "requested",
        "only the one that went is on record: {contact}"
    );
    env.jump(Millis::minutes(1)).await;
    fires(env, fired, 2, "consent.request-repeated", ask(QUESTION)).await;
    // A wording that the gate would refuse is refused when it is written.
    let wording = json!({ "name": "corta", "version": 1, "language": "es", "body": "¿Aceptas ofertas?",
        "yes_label": "Sí", "no_label": "No", "thanks": "Gracias", "promise": { "max": 1, "per": "week" } });
    let refused = sol.api.put("/v1/wordings", wording).await.unwrap_err();
    assert!(refused.to_string().contains("WhatsApp"), "{refused}");
    // Promotion in an answer is noted and goes.
    let spoken = text("20% de descuento, ¡compra ya!");
    let noted = env.propose(sol, 2, "noted", spoken).await;
    assert_eq!(noted["verdict"]["verdict"], "allow", "{noted}");
    fired.push(("session.unsolicited-promo", id(&noted)));
    passes(env, 2, "unsolicited", text("Sí, hay ofertas los martes")).await;
}

/// What Meta's registry says of a template.
async fn registry(env: &Env, fired: &mut Fired) {
    let who = newcomer(env, 30, "es", Some(granted())).await;
    let mut as_code = offer();
    as_code["purpose"] = json!("authentication");
    fires(
        env,
        fired,
        0,
        "template.category-mismatch",
        to(&who, as_code),
    )
    .await;
    passes(env, 0, "template.category-mismatch", to(&who, offer())).await;
    let reads_portuguese = newcomer(env, 31, "pt", Some(granted())).await;
    fires(
        env,
        fired,
        0,
        "template.language",
        to(&reads_portuguese, offer()),
    )
    .await;
    policy(env, json!({ "template_fallback": ["es"] })).await;
    passes(env, 0, "template.language", to(&reads_portuguese, offer())).await;
    policy(env, json!({})).await;
    let who = newcomer(env, 32, "es", Some(granted())).await;
    let no_way_out = template("promo_sin_salida", "ofertas", &json!([]));
    fires(
        env,
        fired,
        0,
        "template.opt-out-missing",
        to(&who, no_way_out),
    )
    .await;
    passes(env, 0, "template.opt-out-missing", to(&who, offer())).await;
    let who = newcomer(env, 33, "es", Some(granted())).await;
    quality(env, "GREEN", "RED").await;
    fires(env, fired, 0, "template.quality-red", to(&who, offer())).await;
    let held = env.sol().api.get("/v1/messages?state=in_review").await;
    assert_eq!(held.unwrap()["items"][0]["rule"], "template.quality-red");
    quality(env, "RED", "GREEN").await;
    // What was held went with the good news; the neighbour is somebody else.
    let who = newcomer(env, 39, "es", Some(granted())).await;
    passes(env, 0, "template.quality-red", to(&who, offer())).await;
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

/// How much one person gets, whatever the topic.
async fn frequency(env: &Env, fired: &mut Fired) {
    settled(env).await;
    let cart = || {
        let value = json!([{ "name": "nombre", "as": "text", "text": "Ana" }]);
        template("carrito_recordatorio", "ofertas", &value)
    };
    let who = newcomer(env, 40, "es", Some(granted())).await;
    passes(env, 0, "frequency.cap-tenant", to(&who, offer())).await;
    settled(env).await;
    fires(env, fired, 0, "frequency.cap-tenant", to(&who, cart())).await;
    // Two findings, the gap's and the cap's: each with its own words.
    let last = fired.last().expect("just now").1.clone();
    let verdict = env
        .sol()
        .api
        .get(&format!("/v1/verdicts/{last}"))
        .await
        .unwrap();
    for finding in verdict["findings"]["en"].as_array().unwrap() {
        let (rule, title) = (finding["rule"].as_str().unwrap(), &finding["title"]);
        let about = portero_gate::rules::find(rule).unwrap().about();
        assert_eq!(title, about.title.en, "{rule}");
    }
    // Meta keeps a promotion back: a day of silence, then it may be tried again.
    let who = newcomer(env, 41, "es", Some(granted())).await;
    let fault = json!({ "next": [{ "code": 131_049, "mode": "async" }] });
    env.world
        .control
        .post("/_sim/faults", &fault)
        .await
        .unwrap();
    passes(env, 0, "kept-back", to(&who, offer())).await;
    settled(env).await;
    let rule = "frequency.meta-per-user";
    let waits = env
        .propose(env.sol(), 0, "kept-back-2", to(&who, cart()))
        .await;
    assert_eq!(waits["verdict"]["rule"], rule, "{waits}");
    fired.push((rule, id(&waits)));
    let neighbour = newcomer(env, 42, "es", Some(granted())).await;
    passes(env, 0, rule, to(&neighbour, cart())).await;
    // A wider gap than the default: the day's cap is free again, the gap is not.
    let who = newcomer(env, 43, "es", Some(granted())).await;
    let late = newcomer(env, 44, "es", Some(granted())).await;
    passes(env, 0, "gap-first", to(&who, offer())).await;
    settled(env).await;
    policy(env, json!({ "promotional_gap_ms": 48 * 3_600_000 })).await;
    env.jump(Millis::hours(24)).await;
    let sent = env.now(env.sol(), &waits).await;
    assert_eq!(sent["state"], "sent", "a day later it went: {sent}");
    fires(env, fired, 0, "frequency.min-gap", to(&who, cart())).await;
    passes(env, 0, "frequency.min-gap", to(&late, cart())).await;
    policy(env, json!({})).await;
    // Stricter is free, looser is refused by name.
    let looser = json!({ "promotional_per_day": 2 });
    let refused = env.sol().api.put("/v1/policy", looser).await.unwrap_err();
    assert!(
        refused.to_string().contains("promotional_per_day"),
        "{refused}"
    );
}

/// The number's own rate lets a burst go and the rest a moment later: the clock stands still otherwise.
async fn settled(env: &Env) {
    for _ in 0..4 {
        env.jump(Millis::secs(1)).await;
    }
}

async fn policy(env: &Env, new: Value) {
    let set = env.sol().api.put("/v1/policy", new.clone()).await.unwrap();
    for (name, value) in new.as_object().unwrap() {
        assert_eq!(&set["policy"][name], value);
    }
    let read = env.sol().api.get("/v1/policy").await.unwrap();
    assert_eq!(read, set);
}
