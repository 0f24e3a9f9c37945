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
    let paused = templates
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
