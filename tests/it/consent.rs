//! Consent through the chat, and what it does to what is queued and what is proposed.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::{Env, ruled};

fn promo(env: &Env, name: &str) -> Value {
    json!({ "purpose": "promotional", "topic": "ofertas",
            "content": { "type": "template", "name": name, "language": env.sol().shop.template_language } })
}

pub(crate) async fn an_opt_out_word_stops_queued_and_later_promotion_at_once(env: Env) {
    let sol = env.sol();
    // 22:00 in Bogotá: a promotion waits for the morning.
    env.jump(Millis::hours(13)).await;
    let waiting = env.propose(sol, 2, "p1", promo(&env, "promo_semana")).await;
    assert_eq!(
        ruled(&waiting),
        ("defer".to_owned(), "quiet-hours.tenant".to_owned()),
        "{waiting}"
    );
    env.says(sol, 2, "BAJA").await;
    let cancelled = env.now(sol, &waiting).await;
    assert_eq!(cancelled["state"], "cancelled", "{cancelled}");
    assert_eq!(cancelled["rule"], "consent.revoked");
    // The receipt is an answer: it goes at once, whatever the hour.
    let receipt = env.messages(sol, 2).await[0].clone();
    assert_eq!(receipt["origin"], "host", "{receipt}");
    assert_eq!(receipt["state"], "sent", "{receipt}");
    let later = env.propose(sol, 2, "p2", promo(&env, "promo_semana")).await;
    assert_eq!(
        ruled(&later),
        ("deny".to_owned(), "consent.revoked".to_owned())
    );
    env.end().await;
}

pub(crate) async fn an_opt_out_reaches_every_spelling_of_a_number(env: Env) {
    let lua = env.lua();
    // Beatriz writes from the old eight-digit form; the shop proposes to the nine-digit one.
    env.says(lua, 1, "SAIR").await;
    let body = json!({ "to": "+55 11 9 9555-5002", "purpose": "promotional", "topic": "ofertas",
        "content": { "type": "template", "name": "promo_semana", "language": "pt_BR" } });
    let proposed = lua.api.propose("spelling", body).await.unwrap();
    assert_eq!(proposed["verdict"]["rule"], "consent.revoked", "{proposed}");
    env.end().await;
}

/// A version 2 of the wording, which promises more; what version 1 said.
async fn newer_wording(env: &Env) -> portero_store::model::Wording {
    let ctx = &env.stage.host.ctx;
    let tenant = env.sol().id.parse().unwrap();
    let mut tx = ctx.store.write().await.unwrap();
    let shown = tx
        .tenant(tenant)
        .wording_version("ofertas", 1)
        .await
        .unwrap()
        .into_iter()
        .find(|w| w.language.code() == "es")
        .unwrap();
    let mut newer = shown.clone();
    newer.version = 2;
    newer.promise.max = 9;
    newer.body.push_str(" Ahora más a menudo.");
    newer.thanks = "Gracias por la segunda.".to_owned();
    assert!(
        tx.tenant(tenant)
            .put_wording(&newer, ctx.now())
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    shown
}

pub(crate) async fn a_yes_to_the_hosts_question_is_consent_with_its_promise(env: Env) {
    let sol = env.sol();
    env.says(sol, 1, "quiero ver ofertas").await;
    let question = env
        .messages(sol, 1)
        .await
        .into_iter()
        .find(|m| m["purpose"] == "consent_request")
        .expect("the host's question went out");
    assert_eq!(question["state"], "sent", "{question}");
    let shown = newer_wording(&env).await;
    env.jump(Millis::secs(30)).await;
    let tap = json!({ "number": sol.shop.number, "message": question["wamid"], "id": "portero:yes:ofertas" });
    env.does(sol, 1, "tap", tap).await;
    let contact = env.contact(sol, 1).await;
    assert_eq!(
        contact["consent"]["ofertas"]["state"], "granted",
        "{contact}"
    );
    assert_eq!(contact["consent"]["ofertas"]["promise"]["max"], 2);
    let event = contact["consent_events"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(event["wording"], "ofertas@1", "{event}");
    assert!(
        event["evidence"].as_str().unwrap().starts_with("wamid."),
        "{event}"
    );
    // The proof is of the version that was shown, whatever came after it.
    assert_eq!(event["promise"]["max"], 2, "{event}");
    let proof = &event["proof"];
    assert_eq!(proof["wording_sha256"], shown.sha256().as_str(), "{event}");
    assert_eq!(proof["question"], question["id"]);
    assert_eq!(proof["actor"]["kind"], "contact");
    assert_eq!(proof["brand"], "Tienda Sol");
    assert_eq!(proof["pre_ticked"], false);
    let thanks = env.messages(sol, 1).await[0]["content"].to_string();
    assert!(thanks.contains(shown.thanks.as_str()), "{thanks}");
    // Two a week were promised: five days later the third waits until the first is a week old.
    for n in 0..2 {
        // One a day at most, whatever was promised.
        env.jump(Millis::hours(1 + 24 * n)).await;
        let sent = env
            .propose(sol, 1, &format!("week-{n}"), promo(&env, "promo_semana"))
            .await;
        assert_eq!(ruled(&sent).0, "allow", "{sent}");
    }
    env.jump(Millis::days(5)).await;
    let third = env
        .propose(sol, 1, "week-3", promo(&env, "promo_semana"))
        .await;
    assert_eq!(
        third["verdict"]["rule"], "frequency.promise-exceeded",
        "{third}"
    );
    env.end().await;
}

fn told(more: &Value) -> Value {
    let mut body = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1",
        "evidence": "form 12", "promise": { "max": 2, "per": "week" } });
    let fields = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    body
}

pub(crate) async fn a_grant_by_the_api_carries_its_proof_or_is_refused(env: Env) {
    let sol = env.sol();
    let path = format!("/v1/contacts/{}/consent", sol.shop.people[1].key());
    for (more, words) in [
        (json!({ "wording": null }), "wording"),
        (json!({ "wording": "ofertas" }), "the library has no"),
        (json!({ "wording": "ofertas@9" }), "the library has no"),
        (json!({ "wording": "otras@1" }), "the library has no"),
        (json!({ "language": "fr" }), "language"),
        (json!({ "wording_text": " " }), "wording_text"),
        (
            json!({ "proof": { "pre_ticked": true } }),
            "proof.pre_ticked",
        ),
        (
            json!({ "proof": { "bundled_with_purchase": true } }),
            "bundled_with_purchase",
        ),
        (json!({ "proof": { "channel": "sms" } }), "proof.channel"),
        (json!({ "proof": { "channel": "email" } }), "proof.channel"),
        (
            json!({ "proof": { "categories": ["marketing"], "basis": "legitimate_interest" } }),
            "proof.basis",
        ),
        (json!({ "proof": { "brand": "" } }), "proof.brand"),
        (json!({ "proof": { "shoe_size": 9 } }), "shoe_size"),
    ] {
        let refused = sol.api.post(&path, told(&more)).await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(words), "{more}: {error}");
    }
    assert_eq!(env.contact(sol, 1).await["consent_events"], json!([]));
    // A wording of the library: the host knows what it said.
    let proof = json!({
        "brand": "Sol", "legal_entity": "Tienda Sol S.A.S.", "channel": "whatsapp",
        "categories": ["marketing", "utility"], "purposes": ["offers"],
        "privacy_notice_url": "https://example.com/aviso", "privacy_notice_version": "3",
        "initiated_by": "consumer", "basis": "consent", "pre_ticked": false,
        "bundled_with_purchase": false, "age_declared": 34, "guardian": "none asked",
        "hours_waiver": "write me at night",
        "form": { "submission": "F-12", "url": "https://example.com/alta", "ip_hash": "ab12",
                  "user_agent": "Mozilla/5.0" },
    });
    let more = json!({ "proof": proof });
    sol.api.post(&path, told(&more)).await.unwrap();
    let text = "Sí, quiero ofertas de Sol por WhatsApp, 2 por semana.";
    let more = json!({ "wording": "paper of May", "wording_text": text });
    sol.api.post(&path, told(&more)).await.unwrap();
    let shown = sol.api.get(&format!("{path}s")).await.unwrap();
    let events = shown["events"].as_array().unwrap();
    let mut of_library = events[0]["proof"].clone();
    let kept = of_library.as_object_mut().unwrap();
    assert_eq!(kept.remove("actor").unwrap()["kind"], "operator");
    let hash = kept.remove("wording_sha256").unwrap();
    assert_eq!(of_library, proof, "everything that was told is shown");
    let ctx = &env.stage.host.ctx;
    let mut tx = ctx.store.read().await.unwrap();
    let tenant = sol.id.parse().unwrap();
    let all = tx
        .tenant(tenant)
        .wording_version("ofertas", 1)
        .await
        .unwrap();
    let spanish = all.iter().find(|w| w.language.code() == "es").unwrap();
    assert_eq!(hash, spanish.sha256().as_str());
    assert_eq!(events[0]["language"], "es");
    drop(tx);
    // Words of one's own: kept as they are, with their hash.
    let own = &events[1]["proof"];
    assert_eq!(own["wording_text"], text);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(text);
    assert_eq!(own["wording_sha256"], hex::encode(digest).as_str());
    // Proof and evidence are nobody's business in a verdict's record, which outlives an erasure.
    let sent = env
        .propose(sol, 1, "proof", promo(&env, "promo_semana"))
        .await;
    assert_eq!(ruled(&sent).0, "allow", "{sent}");
    let id = sent["message"]["verdict"].as_str().unwrap();
    let id = id.parse().unwrap();
    let mut tx = ctx.store.read().await.unwrap();
    let row = tx.tenant(tenant).decision(id).await.unwrap().unwrap();
    drop(tx);
    let seen = "\"wording\":\"ofertas@1\"";
    assert!(row.record.contains(seen), "{}", row.record);
    for secret in ["form 12", "S.A.S.", "Mozilla", "wording_sha256"] {
        assert!(!row.record.contains(secret), "{secret}: {}", row.record);
    }
    env.end().await;
}

pub(crate) async fn plugins_hear_of_consent_only_when_it_stands(env: Env) {
    let sol = env.sol();
    let path = format!("/v1/contacts/{}/consent", sol.shop.people[1].key());
    let sql = "select count(*) from inbox where tenant_id = $1 and kind = 'consent_changed'";
    let before = crate::figures::count(&env, sql, "").await;
    for (n, (more, heard)) in [
        (json!({ "event": "granted_unconfirmed" }), 0),
        (json!({ "origin": "purchased" }), 0),
        (json!({}), 1),
        (
            json!({ "event": "revoked", "topic": null, "promise": null }),
            2,
        ),
        // An older yes does not outweigh it.
        (json!({ "captured_at": "2026-01-01T00:00:00Z" }), 2),
    ]
    .into_iter()
    .enumerate()
    {
        env.jump(Millis::secs(1)).await;
        sol.api.post(&path, told(&more)).await.unwrap();
        env.settle().await;
        let told = crate::figures::count(&env, sql, "").await;
        assert_eq!(told - before, heard, "{n}: {more}");
    }
    env.end().await;
}

pub(crate) async fn whatsapps_own_stop_is_obeyed(env: Env) {
    let sol = env.sol();
    env.does(
        sol,
        2,
        "preference",
        json!({ "number": sol.shop.number, "value": "stop" }),
    )
    .await;
    let stopped = env.propose(sol, 2, "s1", promo(&env, "promo_semana")).await;
    assert_eq!(
        ruled(&stopped),
        ("deny".to_owned(), "consent.meta-stop".to_owned()),
        "{stopped}"
    );
    env.jump(Millis::minutes(1)).await;
    env.does(
        sol,
        2,
        "preference",
        json!({ "number": sol.shop.number, "value": "resume" }),
    )
    .await;
    let resumed = env.propose(sol, 2, "s2", promo(&env, "promo_semana")).await;
    assert_eq!(ruled(&resumed).0, "allow", "{resumed}");
    env.end().await;
}

pub(crate) async fn a_template_paused_by_webhook_is_put_off(env: Env) {
    let sol = env.sol();
    let path = format!(
        "/_sim/templates/{}/promo_semana/{}",
        sol.shop.waba, sol.shop.template_language
    );
    env.world
        .control
        .post(&path, &json!({ "quality": "RED" }))
        .await
        .unwrap();
    env.settle().await;
    let templates = sol.api.get("/v1/templates").await.unwrap();
    let paused = templates["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["name"] == "promo_semana")
        .unwrap();
    assert_eq!(paused["status"], "PAUSED", "{paused}");
    let waiting = env
        .propose(sol, 2, "paused", promo(&env, "promo_semana"))
        .await;
    assert_eq!(
        ruled(&waiting),
        ("defer".to_owned(), "template.paused".to_owned()),
        "{waiting}"
    );
    env.end().await;
}
