//! Consent and how often: each case with people of its own, since caps would make the cases of one
//! person lean on each other.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;
use crate::rules::{
    Cases, agreed, fires, goes, granted, newcomer, offer, passes, policy, settled, template, text,
    to,
};

/// A question with everything in it.
const QUESTION: &str = "Tienda Sol quiere enviarte novedades por WhatsApp, como mucho 1 al mes. Termina \
    escribiendo BAJA. Privacidad: https://privacidad.example/sol ¿Aceptas?";

/// A number with a digit missing, as people type them, and the same number whole.
pub(super) async fn addresses(env: &Env, cases: &mut Cases) {
    let whole = agreed(env, 50).await;
    let short = &whole[..whole.len() - 1];
    let api = &env.sol().api;
    let contact = json!({ "address": short, "name": "N50", "language": "es" });
    api.put("/v1/contacts", contact).await.unwrap();
    let consent = format!("/v1/contacts/{short}/consent");
    api.post(&consent, granted()).await.unwrap();
    fires(env, cases, 0, "recipient.invalid", to(short, offer())).await;
    passes(env, cases, 0, "recipient.invalid", to(&whole, offer())).await;
}

/// Nothing is kept of them but that nobody may write to them.
pub(super) async fn erased(env: &Env, cases: &mut Cases) {
    let who = agreed(env, 70).await;
    let neighbour = agreed(env, 71).await;
    let path = format!("/v1/contacts/{who}/erase");
    let done = env
        .sol()
        .api
        .post(&path, json!({ "reason": "request" }))
        .await;
    assert_eq!(done.unwrap()["erased"], true);
    fires(env, cases, 0, "data.erased", to(&who, offer())).await;
    passes(env, cases, 0, "data.erased", to(&neighbour, offer())).await;
}

pub(super) async fn consent(env: &Env, cases: &mut Cases) {
    env.jump(Millis::minutes(2)).await;
    fires(env, cases, 1, "consent.missing", offer()).await;
    passes(env, cases, 2, "consent.missing", offer()).await;
    let who = agreed(env, 60).await;
    let of_another_topic = template("promo_semana", "novedades", &json!([]));
    fires(env, cases, 0, "consent.scope", to(&who, of_another_topic)).await;
    passes(env, cases, 0, "consent.scope", to(&who, offer())).await;
    let sol = env.sol();
    let who = agreed(env, 61).await;
    let block = format!("/v1/contacts/{who}/block");
    sol.api
        .post(
            &block,
            json!({ "scope": "promotional", "reason": "asked at the counter" }),
        )
        .await
        .unwrap();
    let rule = "recipient.do-not-contact";
    fires(env, cases, 0, rule, to(&who, offer())).await;
    sol.api
        .post(&block, json!({ "reason": "asked to be back" }))
        .await
        .unwrap();
    passes(env, cases, 0, rule, to(&who, offer())).await;
    env.does(
        sol,
        3,
        "preference",
        json!({ "number": sol.shop.number, "value": "stop" }),
    )
    .await;
    fires(env, cases, 3, "consent.meta-stop", offer()).await;
    env.jump(Millis::minutes(1)).await;
    env.does(
        sol,
        3,
        "preference",
        json!({ "number": sol.shop.number, "value": "resume" }),
    )
    .await;
    passes(env, cases, 3, "consent.meta-stop", offer()).await;
    env.jump(Millis::minutes(1)).await;
    env.says(sol, 3, "BAJA").await;
    fires(env, cases, 3, "consent.revoked", offer()).await;
    let who = agreed(env, 62).await;
    passes(env, cases, 0, "consent.revoked", to(&who, offer())).await;
    // The edge refuses what is no address before it could be proposed.
    let refused = sol.api.propose(
        "no-address",
        json!({ "to": "12", "purpose": "reply", "content": { "type": "text", "body": "x" } }),
    );
    assert!(
        refused
            .await
            .unwrap_err()
            .to_string()
            .contains("8 to 15 digits")
    );
}

fn with(mut consent: Value, more: &Value) -> Value {
    let fields = more.as_object().unwrap().clone();
    consent.as_object_mut().unwrap().extend(fields);
    consent
}

/// What is on record decides: expired, unconfirmed, brought in from a bought list.
pub(super) async fn records(env: &Env, cases: &mut Cases) {
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
        fires(env, cases, 0, rule, to(&who, offer())).await;
        let neighbour = newcomer(env, n + 10, "es", Some(granted())).await;
        passes(env, cases, 0, rule, to(&neighbour, offer())).await;
    }
    // Only the question that asks for the second yes may go: as a utility template, not as promotion.
    let rule = "consent.double-opt-in-pending";
    let pending = with(
        granted(),
        &json!({ "event": "granted_unconfirmed", "origin": "own_list" }),
    );
    let who = newcomer(env, 6, "es", Some(pending)).await;
    let as_template = |name: &str| {
        let mut body = to(&who, template(name, "ofertas", &json!([])));
        body["purpose"] = json!("consent_request");
        body
    };
    fires(env, cases, 0, rule, as_template("promo_semana")).await;
    passes(env, cases, 0, rule, as_template("permiso_ofertas")).await;
    // The end written on a consent is obeyed too, and what is no instant is turned away.
    let ends = with(granted(), &json!({ "expires_at": "2026-01-01T00:00:00Z" }));
    let who = newcomer(env, 4, "es", Some(ends)).await;
    fires(env, cases, 0, "consent.expired", to(&who, offer())).await;
    let wrong = with(granted(), &json!({ "expires_at": "tomorrow" }));
    let path = format!("/v1/contacts/{who}/consent");
    let refused = env.sol().api.post(&path, wrong).await.unwrap_err();
    assert!(refused.to_string().contains("expires_at"), "{refused}");
    // Where the tenant asks for a second yes, its own forms wait for it; the policy holds at once.
    let who = newcomer(env, 5, "es", Some(granted())).await;
    policy(env, json!({ "double_opt_in": true })).await;
    let rule = "consent.double-opt-in-pending";
    fires(env, cases, 0, rule, to(&who, offer())).await;
    policy(env, json!({})).await;
    passes(env, cases, 0, rule, to(&who, offer())).await;
}

/// The question needs its elements, and is not put again.
pub(super) async fn questions(env: &Env, cases: &mut Cases) {
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
        fires(env, cases, 2, "consent.request-malformed", body).await;
    }
    passes(env, cases, 2, "consent.request-malformed", ask(QUESTION)).await;
    // The first time it went.
    cases.passed("consent.request-repeated");
    let contact = env.contact(sol, 2).await;
    assert_eq!(
        contact["consent"]["novedades"]["state"], "requested",
        "only the one that went is on record: {contact}"
    );
    env.jump(Millis::minutes(1)).await;
    fires(env, cases, 2, "consent.request-repeated", ask(QUESTION)).await;
    // As a template it waits for somebody who reads it, unless it has everything.
    let who = newcomer(env, 31, "es", Some(granted())).await;
    let as_template = |name: &str, values: &Value| {
        let mut body = to(&who, template(name, "novedades", values));
        body["purpose"] = json!("consent_request");
        body
    };
    let order = json!([
        { "name": "pedido", "as": "text", "text": "7" }, { "name": "estado", "as": "text", "text": "listo" }]);
    let rule = "consent.request-malformed";
    let held = fires(env, cases, 0, rule, as_template("pedido_estado", &order)).await;
    assert_eq!(held["verdict"]["verdict"], "hold", "{held}");
    passes(
        env,
        cases,
        0,
        rule,
        as_template("permiso_ofertas", &json!([])),
    )
    .await;
    // A wording that the gate would refuse is refused when it is written.
    let wording = json!({ "name": "corta", "version": 1, "language": "es", "body": "¿Aceptas ofertas?",
        "yes_label": "Sí", "no_label": "No", "thanks": "Gracias", "promise": { "max": 1, "per": "week" } });
    let refused = sol.api.put("/v1/wordings", wording).await.unwrap_err();
    assert!(refused.to_string().contains("WhatsApp"), "{refused}");
    // Promotion in an answer is noted and goes.
    let spoken = text("20% de descuento, ¡compra ya!");
    let noted = env.propose(sol, 2, "noted", spoken).await;
    assert_eq!(noted["verdict"]["verdict"], "allow", "{noted}");
    let rule = "session.unsolicited-promo";
    let note = |answer: &Value| {
        let findings = answer["verdict"]["findings"]["en"].as_array().cloned();
        let mut rules = findings.into_iter().flatten().map(|f| f["rule"].clone());
        rules.find(|r| r == rule).unwrap_or_default()
    };
    cases.fired(rule, &note(&noted), &noted);
    let plain = passes(env, cases, 2, rule, text("Sí, hay ofertas los martes")).await;
    assert_eq!(note(&plain), Value::Null, "{plain}");
}

/// How much one person gets, whatever the topic.
pub(super) async fn frequency(env: &Env, cases: &mut Cases) {
    settled(env).await;
    let cart = || {
        let value = json!([{ "name": "nombre", "as": "text", "text": "Ana" }]);
        template("carrito_recordatorio", "ofertas", &value)
    };
    let who = newcomer(env, 40, "es", Some(granted())).await;
    passes(env, cases, 0, "frequency.cap-tenant", to(&who, offer())).await;
    settled(env).await;
    let capped = fires(env, cases, 0, "frequency.cap-tenant", to(&who, cart())).await;
    // Two findings, the gap's and the cap's: each with its own words.
    let last = capped["verdict"]["id"].as_str().unwrap();
    let path = format!("/v1/verdicts/{last}");
    let verdict = env.sol().api.get(&path).await.unwrap();
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
    goes(env, cases, 0, to(&who, offer())).await;
    settled(env).await;
    let rule = "frequency.meta-per-user";
    let waits = fires(env, cases, 0, rule, to(&who, cart())).await;
    let neighbour = newcomer(env, 42, "es", Some(granted())).await;
    passes(env, cases, 0, rule, to(&neighbour, cart())).await;
    // A wider gap than the default: the day's cap is free again, the gap is not.
    let who = newcomer(env, 43, "es", Some(granted())).await;
    let late = newcomer(env, 44, "es", Some(granted())).await;
    goes(env, cases, 0, to(&who, offer())).await;
    settled(env).await;
    policy(env, json!({ "promotional_gap_ms": 48 * 3_600_000 })).await;
    env.jump(Millis::hours(24)).await;
    let sent = env.now(env.sol(), &waits).await;
    assert_eq!(sent["state"], "sent", "a day later it went: {sent}");
    fires(env, cases, 0, "frequency.min-gap", to(&who, cart())).await;
    passes(env, cases, 0, "frequency.min-gap", to(&late, cart())).await;
    policy(env, json!({})).await;
    // Stricter is free, looser is refused by name.
    let looser = json!({ "policy": { "promotional_per_day": 2 }, "reason": "a test" });
    let refused = env.sol().api.put("/v1/policy", looser).await.unwrap_err();
    assert!(
        refused.to_string().contains("promotional_per_day"),
        "{refused}"
    );
}
