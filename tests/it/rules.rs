//! Each rule through HTTP: a case that makes it fire, its neighbour that passes, and (judged again
//! from the record alone) what happens when the rule is taken out.

use std::collections::BTreeSet;

use portero_domain::clock::Millis;
use portero_gate::record::{DecisionRecord, replay_without};
use serde_json::{Value, json};

use crate::harness::Env;
use crate::rules_people;

/// What a case saw: the verdict id that shows the rule, by rule.
pub(crate) type Fired = Vec<(&'static str, String)>;

/// Rules whose cases HTTP itself makes impossible, with the place that shows them instead.
const NOT_THROUGH_HTTP: &[(&str, &str)] = &[
    // A reply action has no recipient field: no plugin can name another person.
    ("plugin.scope", "host/gate tables"),
    // An address that is none is refused with 422 before it can become a proposal.
    ("recipient.invalid", "host/gate tables, and the 422 below"),
    // The runner pauses the campaign in the transaction that counts: the rule stands behind it.
    (
        "limits.campaign-brake",
        "host/gate tables, and the pause in campaigns",
    ),
    // Erasure has no door yet.
    ("data.erased", "host/gate tables"),
];

pub(crate) fn text(body: &str) -> Value {
    json!({ "purpose": "reply", "content": { "type": "text", "body": body } })
}

pub(crate) fn template(name: &str, topic: &str, body: &Value) -> Value {
    json!({ "purpose": "promotional", "topic": topic,
            "content": { "type": "template", "name": name, "language": "es", "body": body } })
}

pub(crate) fn offer() -> Value {
    template("promo_semana", "ofertas", &json!([]))
}

pub(crate) fn id(proposed: &Value) -> String {
    proposed["verdict"]["id"]
        .as_str()
        .expect("a verdict")
        .to_owned()
}

/// The proposal must be decided by `rule`.
pub(crate) async fn fires(
    env: &Env,
    fired: &mut Fired,
    who: usize,
    rule: &'static str,
    rest: Value,
) {
    let answer = env
        .propose(
            env.sol(),
            who,
            &format!("{rule}-fires-{}", fired.len()),
            rest,
        )
        .await;
    assert_eq!(
        answer["verdict"]["rule"], rule,
        "{rule} should decide: {}",
        answer["verdict"]
    );
    fired.push((rule, id(&answer)));
}

/// The neighbour: the same but for the one thing, and it is let through.
pub(crate) async fn passes(env: &Env, who: usize, what: &str, rest: Value) {
    let answer = env
        .propose(env.sol(), who, &format!("{what}-passes"), rest)
        .await;
    assert_eq!(
        answer["verdict"]["verdict"], "allow",
        "{what}: {}",
        answer["verdict"]
    );
}

/// The newest message to somebody that `rule` decided, at whatever stage.
async fn decided(env: &Env, fired: &mut Fired, who: usize, rule: &'static str) {
    let messages = env.messages(env.sol(), who).await;
    let message = messages
        .iter()
        .find(|m| m["rule"] == rule)
        .unwrap_or_else(|| {
            let short: Vec<String> = messages
                .iter()
                .map(|m| {
                    format!(
                        "{} {} {} {}",
                        m["created_at"], m["state"], m["rule"], m["not_before"]
                    )
                })
                .collect();
            panic!("{rule} decided none of {short:#?}")
        });
    fired.push((
        rule,
        message["verdict"].as_str().expect("a verdict").to_owned(),
    ));
}

pub(crate) async fn each_rule_fires_through_http_its_neighbour_passes_and_its_removal_is_seen(
    env: Env,
) {
    let mut fired = Fired::new();
    content(&env, &mut fired).await;
    consent(&env, &mut fired).await;
    templates(&env, &mut fired).await;
    account(&env, &mut fired).await;
    pace(&env, &mut fired).await;
    campaigns(&env, &mut fired).await;
    switches(&env, &mut fired).await;
    plugins(&env, &mut fired).await;
    window(&env, &mut fired).await;
    rules_people::all(&env, &mut fired).await;
    removal(&env, &fired).await;
    env.end().await;
}

async fn content(env: &Env, fired: &mut Fired) {
    env.jump(Millis::minutes(2)).await;
    fires(
        env,
        fired,
        0,
        "envelope.invalid",
        text("campana \u{7} aquí"),
    )
    .await;
    fires(env, fired, 0, "content.empty", text("\u{200b} \u{2060}")).await;
    fires(env, fired, 0, "content.too-long", text(&"a".repeat(4_097))).await;
    passes(env, 0, "content.too-long", text(&"a".repeat(4_096))).await;
    fires(
        env,
        fired,
        0,
        "content.placeholder-leak",
        text("Hola {{nombre}}"),
    )
    .await;
    let buttons = |n: usize| {
        let buttons: Vec<Value> = (0..n)
            .map(|i| json!({ "id": format!("b{i}"), "title": format!("B{i}") }))
            .collect();
        json!({ "purpose": "reply", "content": { "type": "interactive", "body": "elige",
                "action": { "kind": "buttons", "buttons": buttons } } })
    };
    fires(env, fired, 0, "content.unsupported", buttons(4)).await;
    passes(env, 0, "content.unsupported", buttons(3)).await;
    // The same key again: the caller gets the first answer, the refusal is on record.
    let first = env.propose(env.sol(), 0, "twice", text("una vez")).await;
    env.propose(env.sol(), 0, "twice", text("una vez")).await;
    let message = first["message"]["id"].as_str().unwrap();
    let all = env
        .sol()
        .api
        .get(&format!(
            "/v1/verdicts?message={message}&rule=envelope.duplicate"
        ))
        .await
        .unwrap();
    fired.push((
        "envelope.duplicate",
        all["items"][0]["id"]
            .as_str()
            .expect("on record")
            .to_owned(),
    ));
}

async fn consent(env: &Env, fired: &mut Fired) {
    env.jump(Millis::minutes(2)).await;
    fires(env, fired, 1, "consent.missing", offer()).await;
    passes(env, 2, "consent.missing", offer()).await;
    fires(
        env,
        fired,
        2,
        "consent.scope",
        template("promo_semana", "novedades", &json!([])),
    )
    .await;
    let sol = env.sol();
    let who = sol.shop.people[3].key();
    let block = format!("/v1/contacts/{who}/block");
    sol.api
        .post(
            &block,
            json!({ "scope": "promotional", "reason": "asked at the counter" }),
        )
        .await
        .unwrap();
    fires(env, fired, 3, "recipient.do-not-contact", offer()).await;
    sol.api
        .post(&block, json!({ "reason": "asked to be back" }))
        .await
        .unwrap();
    env.does(
        sol,
        3,
        "preference",
        json!({ "number": sol.shop.number, "value": "stop" }),
    )
    .await;
    fires(env, fired, 3, "consent.meta-stop", offer()).await;
    env.jump(Millis::minutes(1)).await;
    env.does(
        sol,
        3,
        "preference",
        json!({ "number": sol.shop.number, "value": "resume" }),
    )
    .await;
    passes(env, 3, "consent.meta-stop", offer()).await;
    env.jump(Millis::minutes(1)).await;
    env.says(sol, 3, "BAJA").await;
    fires(env, fired, 3, "consent.revoked", offer()).await;
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

async fn templates(env: &Env, fired: &mut Fired) {
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
        fired,
        1,
        "template.unknown",
        template("no_such", "ofertas", &json!([])),
    )
    .await;
    fires(
        env,
        fired,
        1,
        "template.not-approved",
        template("promo_rechazada", "ofertas", &json!([])),
    )
    .await;
    fires(
        env,
        fired,
        1,
        "template.params",
        template("carrito_recordatorio", "ofertas", &json!([])),
    )
    .await;
    let values = json!([{ "name": "nombre", "as": "text", "text": "Diego" }]);
    passes(
        env,
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
    fires(env, fired, 1, "template.paused", offer()).await;
    waits_for_metas_word(env, &path).await;
    let mut other = offer();
    other["to"] = json!(sol.shop.people[4].key());
    let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "promise": { "max": 1, "per": "week" }, "evidence": "form 9" });
    let path = format!("/v1/contacts/{}/consent", sol.shop.people[4].key());
    sol.api.post(&path, consent).await.unwrap();
    passes(env, 4, "template.paused", other).await;
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

/// Meta speaks of the number and its account by webhook; what waits is judged again.
async fn account(env: &Env, fired: &mut Fired) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(2)).await;
    let quality = |event: &str| json!({ "display_phone_number": sol.shop.display, "event": event });
    let field = "phone_number_quality_update";
    // People of their own: one promotion a day.
    let mut fresh = Vec::new();
    for n in [901, 902] {
        let somebody = rules_people::newcomer(env, n, "es", Some(rules_people::granted())).await;
        fresh.push(rules_people::to(&somebody, offer()));
    }
    env.meta_says(sol, field, quality("FLAGGED")).await;
    let held = env.propose(sol, 1, "red", fresh.remove(0)).await;
    assert_eq!(held["verdict"]["rule"], "account.quality-red", "{held}");
    assert_eq!(held["verdict"]["verdict"], "hold");
    fired.push(("account.quality-red", id(&held)));
    passes(env, 0, "account.quality-red", text("hola")).await;
    env.jump(Millis::minutes(1)).await;
    env.meta_says(sol, field, quality("UNFLAGGED")).await;
    let freed = env.now(sol, &held).await;
    assert_eq!(freed["state"], "sent", "judged again: {freed}");

    env.jump(Millis::minutes(1)).await;
    let until = env.stage.host.ctx.now().secs() + 7_200;
    let restricted = json!({ "event": "ACCOUNT_RESTRICTION", "restriction_info": [
        { "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": until }] });
    env.meta_says(sol, "account_update", restricted).await;
    let waits = env.propose(sol, 1, "restricted", fresh.remove(0)).await;
    assert_eq!(waits["verdict"]["rule"], "account.restricted", "{waits}");
    assert_eq!(waits["verdict"]["verdict"], "defer");
    fired.push(("account.restricted", id(&waits)));
    passes(env, 0, "account.restricted", text("aquí sigo")).await;
    env.jump(Millis::minutes(1)).await;
    let lifted =
        json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "REINSTATE" } });
    env.meta_says(sol, "account_update", lifted).await;
    let freed = env.now(sol, &waits).await;
    assert_eq!(freed["state"], "sent", "judged again: {freed}");
    tier(env, fired).await;
}

/// Two people who never wrote: the second is one too many for a limit of two (promotion uses 95 %).
async fn tier(env: &Env, fired: &mut Fired) {
    let sol = env.sol();
    let capability = |limit: Value| json!({ "max_daily_conversations_per_business": limit });
    let field = "business_capability_update";
    let to = |address: &str| {
        let mut offer = offer();
        offer["to"] = json!(address);
        offer
    };
    for address in ["573005590001", "573005590002"] {
        let contact = json!({ "address": address, "language": "es" });
        sol.api.put("/v1/contacts", contact).await.unwrap();
        let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "promise": { "max": 9, "per": "week" }, "evidence": "form 4" });
        sol.api
            .post(&format!("/v1/contacts/{address}/consent"), consent)
            .await
            .unwrap();
    }
    env.jump(Millis::minutes(1)).await;
    passes(env, 0, "limits.tier", to("573005590001")).await;
    env.meta_says(sol, field, capability(json!(2))).await;
    let proposed = env.propose(sol, 0, "tier", to("573005590002")).await;
    let waits = env.now(sol, &proposed).await;
    assert_eq!(
        (&waits["state"], &waits["rule"]),
        (&json!("deferred"), &json!("limits.tier")),
        "{waits}"
    );
    fired.push(("limits.tier", waits["verdict"].as_str().unwrap().to_owned()));
    env.jump(Millis::minutes(1)).await;
    env.meta_says(sol, field, capability(json!("TIER_UNLIMITED")))
        .await;
    let freed = env.now(sol, &proposed).await;
    assert_eq!(freed["state"], "sent", "judged again: {freed}");
}

async fn pace(env: &Env, fired: &mut Fired) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(2)).await;
    // Five direct replies at once, the sixth waits six seconds.
    for n in 0..6 {
        // Far enough apart for the number's own rate.
        env.jump(Millis(20)).await;
        env.propose(sol, 0, &format!("burst-{n}"), text("rápido"))
            .await;
    }
    decided(env, fired, 0, "limits.pair-rate").await;
    env.jump(Millis::secs(6)).await;
    let held = env.messages(sol, 0).await;
    assert!(
        held.iter().all(|m| m["state"] != "deferred"),
        "six seconds later it went: {held:?}"
    );
    // Somebody who was promised two a week: the third waits for the first to be a week old.
    let who = 2;
    env.jump(Millis::days(1)).await;
    passes(env, who, "frequency.promise-exceeded", offer()).await;
    env.jump(Millis::days(5)).await;
    fires(env, fired, who, "frequency.promise-exceeded", offer()).await;
    // One a week: the next would have to wait longer than three days.
    env.jump(Millis::days(1)).await;
    passes(env, 4, "envelope.expired", offer()).await;
    fires(env, fired, 4, "envelope.expired", offer()).await;
    // 22:10 in Bogotá.
    env.jump(Millis::hours(12)).await;
    fires(env, fired, 1, "quiet-hours.tenant", offer()).await;
    env.jump(Millis::hours(12)).await;
    throughput(env, fired).await;
}

/// Many people at one instant: the number's own rate makes some wait.
async fn throughput(env: &Env, fired: &mut Fired) {
    let sol = env.sol();
    let mut waited = None;
    for n in 0..12 {
        let address = format!("57300556{n:04}");
        let contact = json!({ "address": address, "name": format!("P{n}"), "language": "es" });
        sol.api.put("/v1/contacts", contact).await.unwrap();
        let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "promise": { "max": 9, "per": "week" }, "evidence": "form 8" });
        sol.api
            .post(&format!("/v1/contacts/{address}/consent"), consent)
            .await
            .unwrap();
        let mut body = offer();
        body["to"] = json!(address);
        sol.api.propose(&format!("many-{n}"), body).await.unwrap();
    }
    env.settle().await;
    let all = sol
        .api
        .get("/v1/verdicts?rule=limits.throughput&limit=5")
        .await
        .unwrap();
    if let Some(found) = all["items"].as_array().unwrap().first() {
        waited = found["id"].as_str().map(str::to_owned);
    }
    fired.push((
        "limits.throughput",
        waited.expect("some had to wait for the number"),
    ));
    // The clock stands still between jumps: each lets one small burst go.
    for _ in 0..4 {
        env.jump(Millis::secs(1)).await;
    }
    let left = sol
        .api
        .get("/v1/messages?state=deferred&limit=50")
        .await
        .unwrap();
    let mine: Vec<_> = left["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["rule"] == "limits.throughput")
        .collect();
    assert!(mine.is_empty(), "seconds later all went: {mine:?}");
}

/// A person who agreed to offers and got none yet.
async fn fresh(env: &Env, address: &str) {
    let sol = env.sol();
    let contact = json!({ "address": address, "language": "es" });
    sol.api.put("/v1/contacts", contact).await.unwrap();
    let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "promise": { "max": 9, "per": "week" }, "evidence": "form 8" });
    sol.api
        .post(&format!("/v1/contacts/{address}/consent"), consent)
        .await
        .unwrap();
}

async fn budget(env: &Env, micro: Option<i64>) {
    let mut tx = env.stage.host.ctx.store.write().await.unwrap();
    let id = env.sol().id.parse().unwrap();
    let mut policy = tx.tenant(id).row().await.unwrap().policy;
    policy.monthly_budget_micro = micro;
    tx.tenant(id).set_policy(&policy).await.unwrap();
    tx.commit().await.unwrap();
}

async fn campaigns(env: &Env, fired: &mut Fired) {
    let sol = env.sol();
    env.jump(Millis::minutes(1)).await;
    // Two campaigns with the same text: the second reaches only whom the first did not.
    fresh(env, "573005580001").await;
    let weekly = json!({
        "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
        "why": "agreed to offers", "audience": { "who": "all" },
    });
    let (first, _) = crate::campaigns::launch(env, &weekly).await;
    for _ in 0..5 {
        env.jump(Millis::secs(1)).await;
    }
    let reached = sol
        .api
        .get(&format!("/v1/campaigns/{first}/people?state=sent"))
        .await
        .unwrap();
    let reached = reached["items"][0]["contact"]
        .as_str()
        .expect("the neighbour: the first time it went")
        .to_owned();
    crate::campaigns::launch(env, &weekly).await;
    env.settle().await;
    let again = sol
        .api
        .get(&format!(
            "/v1/verdicts?contact={reached}&rule=frequency.same-campaign"
        ))
        .await
        .unwrap();
    fired.push((
        "frequency.same-campaign",
        again["items"][0]["id"]
            .as_str()
            .expect("refused")
            .to_owned(),
    ));
    // One message to Colombia costs 0.0125.
    fresh(env, "573005580002").await;
    fresh(env, "573005580003").await;
    budget(env, Some(1)).await;
    let mut body = offer();
    body["to"] = json!("573005580002");
    let held = sol.api.propose("over-budget", body.clone()).await.unwrap();
    assert_eq!(held["verdict"]["rule"], "limits.cost-budget", "{held}");
    assert_eq!(held["message"]["state"], "in_review");
    fired.push(("limits.cost-budget", id(&held)));
    budget(env, Some(1_000_000_000)).await;
    body["to"] = json!("573005580003");
    let passed = sol.api.propose("in-budget", body).await.unwrap();
    assert_eq!(passed["verdict"]["verdict"], "allow", "{passed}");
    budget(env, None).await;
    env.settle().await;
    env.jump(Millis::secs(2)).await;
}

async fn switches(env: &Env, fired: &mut Fired) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(2)).await;
    sol.api
        .post("/v1/stop", json!({ "reason": "wrong price" }))
        .await
        .unwrap();
    fires(env, fired, 0, "tenant.suspended", text("hola")).await;
    sol.api.post("/v1/resume", json!({})).await.unwrap();
    passes(env, 0, "tenant.suspended", text("hola")).await;
    let mut other = text("hola");
    other["phone_number_id"] = json!(env.lua().shop.number);
    fires(env, fired, 0, "tenant.sender-mismatch", other).await;
    // A shop in the sandbox: nobody is on its list.
    let operator = &env.world.operator;
    let tenant = json!({ "slug": "arena", "name": "Arena", "mode": "sandbox", "language": "es",
                         "timezone": "America/Bogota", "country": "CO" });
    operator.post("/v1/tenants", tenant).await.unwrap();
    let token = operator
        .post("/v1/tokens", json!({ "label": "t", "tenant": "arena" }))
        .await
        .unwrap();
    let api = env.as_token(token["token"].as_str().unwrap());
    let number = json!({ "phone_number_id": "401000000000009", "waba_id": "301000000000009", "display": "+57 1", "access_token": "x" });
    operator
        .for_tenant("arena")
        .put("/v1/numbers", number)
        .await
        .unwrap();
    api.put("/v1/contacts", json!({ "address": "573009990001" }))
        .await
        .unwrap();
    let refused = api.propose("s", json!({ "to": "573009990001", "purpose": "reply", "content": { "type": "text", "body": "x" } })).await.unwrap();
    assert_eq!(refused["verdict"]["rule"], "tenant.sandbox", "{refused}");
    // Its record is another tenant's: judged here and now.
    let tenant = operator.get("/v1/tenants").await.unwrap();
    let arena = tenant
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["slug"] == "arena")
        .unwrap()["id"]
        .clone();
    let record = record(
        env,
        arena.as_str().unwrap(),
        refused["verdict"]["id"].as_str().unwrap(),
    )
    .await;
    needs(&record, "tenant.sandbox");
    fired.push(("tenant.sandbox", String::new()));
}

async fn plugins(env: &Env, fired: &mut Fired) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(2)).await;
    // A bot that speaks unasked: three a minute, then silence.
    for n in 0..4 {
        env.jump(Millis::secs(7)).await;
        env.event(
            sol,
            0,
            &format!("bc-{n}"),
            "order.paid",
            json!({ "order": format!("B-{n}") }),
        )
        .await;
    }
    decided(env, fired, 0, "bot.consecutive").await;
    env.jump(Millis::minutes(3)).await;
    let who = sol.shop.people[0].key();
    sol.api
        .post(
            &format!("/v1/contacts/{who}/hand-over"),
            json!({ "reason": "complaint" }),
        )
        .await
        .unwrap();
    env.event(sol, 0, "ho-1", "order.shipped", json!({ "order": "B-0" }))
        .await;
    decided(env, fired, 0, "bot.handover-active").await;
    sol.api
        .post(&format!("/v1/contacts/{who}/give-back"), json!({}))
        .await
        .unwrap();
    // Twenty proposals to one person in an hour, not one more.
    for _ in 0..24 {
        env.jump(Millis::minutes(2)).await;
        env.says(sol, 1, "hola").await;
    }
    decided(env, fired, 1, "plugin.budget").await;
    // The same component with an empty grant may say nothing.
    let how = json!({ "config": {}, "grants": { "permissions": ["config", "kv", "log"] } });
    install(env, portero::guest::TIENDA_BOT, &how).await;
    env.jump(Millis::minutes(3)).await;
    env.says(sol, 0, "hola").await;
    decided(env, fired, 0, "plugin.capability").await;
}

async fn install(env: &Env, component: &[u8], how: &Value) {
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let body = portero::client::Body::Bytes(component.to_vec());
    env.sol()
        .api
        .send(reqwest::Method::POST, &path, Some(body))
        .await
        .expect("installed");
}

async fn window(env: &Env, fired: &mut Fired) {
    let sol = env.sol();
    // Somebody whom no plugin answers any more: the window opens and nothing else happens.
    env.says(sol, 2, "gracias").await;
    env.jump(Millis(86_400_000 - 10_000)).await;
    // Ten seconds before it closes: admitted, and too late when it should leave.
    env.propose(sol, 2, "margin", text("justo a tiempo")).await;
    decided(env, fired, 2, "session.window-margin").await;
    env.jump(Millis(10_000)).await;
    fires(env, fired, 2, "session.window-closed", text("tarde")).await;
    env.says(sol, 2, "hola otra vez").await;
    env.jump(Millis::minutes(1)).await;
    passes(env, 2, "session.window-closed", text("a tiempo")).await;
}

async fn record(env: &Env, tenant: &str, verdict: &str) -> DecisionRecord {
    let mut tx = env.stage.host.ctx.store.read().await.unwrap();
    let row = tx
        .tenant(tenant.parse().unwrap())
        .decision(verdict.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    serde_json::from_str(&row.record).unwrap()
}

/// A rule that only notes: it decides nothing, and without it nothing is noted.
const NOTES: [&str; 1] = ["session.unsolicited-promo"];

/// Without the rule the case would have ended otherwise.
fn needs(record: &DecisionRecord, rule: &str) {
    let without = replay_without(record, rule);
    if NOTES.contains(&rule) {
        assert!(record.judgement.findings.iter().any(|f| f.rule == rule));
        assert!(without.findings.iter().all(|f| f.rule != rule));
        return;
    }
    assert_eq!(record.judgement.primary.as_deref(), Some(rule));
    assert!(
        without.verdict != record.judgement.verdict || without.primary != record.judgement.primary,
        "{rule} was taken out and nothing changed: {without:?}"
    );
    assert!(without.findings.iter().all(|f| f.rule != rule));
}

async fn removal(env: &Env, fired: &Fired) {
    let seen: BTreeSet<&str> = fired.iter().map(|(rule, _)| *rule).collect();
    for rule in portero_gate::rules::RULES {
        let id = rule.about().id;
        let elsewhere = NOT_THROUGH_HTTP.iter().any(|(other, _)| *other == id);
        assert!(
            seen.contains(id) != elsewhere,
            "{id}: give it a case here, or say why HTTP cannot"
        );
    }
    for (rule, verdict) in fired.iter().filter(|(_, v)| !v.is_empty()) {
        needs(&record(env, &env.sol().id, verdict).await, rule);
    }
}
