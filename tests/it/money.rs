//! What messages cost: counted whether or not there is a budget, free-form ones too.

use std::time::{Duration, Instant};

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::figures;
use crate::harness::Env;

async fn estimated(env: &Env) -> Value {
    env.sol().api.get("/v1/account").await.unwrap()["month"]["estimated"].clone()
}

async fn budget(env: &Env, micro: Option<i64>) {
    let policy = json!({ "monthly_budget_micro": micro });
    crate::rules::policy(env, policy).await;
}

fn text(words: &str) -> Value {
    json!({ "purpose": "reply", "content": { "type": "text", "body": words } })
}

pub(crate) async fn a_budget_set_in_the_middle_sees_the_month_so_far(env: Env) {
    let sol = env.sol();
    assert_eq!(estimated(&env).await, "0.00");
    env.jump(Millis::minutes(1)).await;
    let people = crate::campaigns::customers(&env, 3).await;
    let offer = |to: &str| {
        json!({ "to": to, "purpose": "promotional", "topic": "ofertas",
            "content": { "type": "template", "name": "promo_semana", "language": "es", "body": [] } })
    };
    // No budget, and 0.0125 is counted.
    let first = sol.api.propose("m-0", offer(&people[0])).await.unwrap();
    env.settle().await;
    assert_eq!(env.now(sol, &first).await["state"], "sent");
    assert_eq!(estimated(&env).await, "0.0125");

    // The thousandth free-form message of the number is free, the next one costs as a utility template.
    env.says(sol, 2, "hola").await;
    assert_eq!(estimated(&env).await, "0.0125", "the bot's answer is free");
    let sql = "update service_messages set begun = 999 where tenant_id = $1 and month = '2026-11'";
    figures::change(&env, sql).await;
    for (n, after) in [(1, "0.0125"), (2, "0.0133")] {
        env.jump(Millis::minutes(1)).await;
        let answer = env
            .propose(sol, 2, &format!("t-{n}"), text("sí, hay"))
            .await;
        assert_eq!(env.now(sol, &answer).await["state"], "sent", "{answer}");
        assert_eq!(estimated(&env).await, after);
    }
    // A reaction never costs anything.
    let inbound = env.says(sol, 2, "gracias").await;
    env.jump(Millis::minutes(1)).await;
    let before = estimated(&env).await;
    let thumb = json!({ "purpose": "reply", "content": { "type": "reaction", "message_id": inbound, "emoji": "👍" } });
    let told = env.propose(sol, 2, "r-1", thumb).await;
    assert_eq!(env.now(sol, &told).await["state"], "sent", "{told}");
    assert_eq!(estimated(&env).await, before);

    // The budget counts what was sent before it was set.
    let so_far: f64 = before.as_str().unwrap().parse().unwrap();
    #[allow(clippy::cast_possible_truncation, reason = "cents of a test")]
    let so_far = (so_far * 1e6).round() as i64;
    budget(&env, Some(so_far + 12_499)).await;
    let held = sol.api.propose("m-1", offer(&people[1])).await.unwrap();
    assert_eq!(held["verdict"]["rule"], "limits.cost-budget", "{held}");
    budget(&env, Some(so_far + 12_500)).await;
    let fits = sol.api.propose("m-2", offer(&people[2])).await.unwrap();
    env.settle().await;
    assert_eq!(env.now(sol, &fits).await["state"], "sent", "{fits}");
    let account = sol.api.get("/v1/account").await.unwrap();
    assert_eq!(account["month"]["estimated"], account["month"]["budget"]);
    // Free-form messages of the other shop's number have their own thousand.
    let theirs = env.lua().api.get("/v1/account").await.unwrap();
    assert_eq!(theirs["month"]["estimated"], "0.00");
    env.end().await;
}

pub(crate) async fn a_delivery_without_a_word_on_money_costs_what_it_left_with(env: Env) {
    let sol = env.sol();
    let installation = figures::metrics(&env).await;
    env.jump(Millis::minutes(1)).await;
    let hold = json!({ "pause_webhooks": true });
    let faults = "/_sim/faults";
    env.world.control.post(faults, &hold).await.unwrap();
    let offer = json!({ "purpose": "promotional", "topic": "ofertas",
        "content": { "type": "template", "name": "promo_semana", "language": "es", "body": [] } });
    let told = sol.api.propose("p-1", {
        let mut body = offer;
        body["to"] = json!(sol.shop.people[2].key());
        body
    });
    let told = told.await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let wamid = loop {
        assert!(Instant::now() < deadline, "never sent");
        let message = env.now(sol, &told).await;
        if let Some(wamid) = message["wamid"].as_str() {
            break wamid.to_owned();
        }
        tokio::task::yield_now().await;
    };
    let at = env.stage.host.ctx.now().secs().to_string();
    let status = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": sol.shop.display, "phone_number_id": sol.shop.number },
        "statuses": [{ "id": wamid, "status": "delivered", "timestamp": at, "recipient_id": sol.shop.people[2].key() }] });
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": sol.shop.waba,
        "changes": [{ "field": "messages", "value": status }] }] });
    let body = body.to_string();
    let secret = secrecy::SecretString::from(env.stage.secrets.app_secret.clone());
    let signature = portero_meta::signature::sign(&secret, body.as_bytes());
    assert_eq!(env.signed(body.as_bytes(), &signature).await, 200);
    let figure = |rows: &[Value], metric: &str| {
        let of = |r: &&Value| r["metric"] == metric;
        rows.iter()
            .filter(of)
            .filter_map(|r| r["value"].as_i64())
            .sum::<i64>()
    };
    // What the shop answered before is free by Meta's word.
    let rows = loop {
        assert!(Instant::now() < deadline, "never counted");
        figures::complete(&env, &installation).await;
        let rows = figures::totals(&env, &installation).await;
        let seen = figure(&rows, "priced") + figure(&rows, "unpriced");
        if seen == figure(&rows, "delivered") && figure(&rows, "cost") > 0 {
            break rows;
        }
        assert_eq!(figure(&rows, "unpriced"), 0, "{rows:?}");
        tokio::task::yield_now().await;
    };
    assert_eq!(
        (figure(&rows, "cost"), figure(&rows, "unpriced")),
        (12_500, 0)
    );
    figures::equals_the_rows(&env, &rows).await;
    let go_on = json!({ "pause_webhooks": false });
    env.world.control.post(faults, &go_on).await.unwrap();
    env.end().await;
}
