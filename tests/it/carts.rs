//! A cart that was ordered meanwhile gets no reminder, wherever the reminder is by then.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::answers::carts;
use crate::campaigns::{act, count, create, customers, launch, show, until, weekly};
use crate::door::Fault;
use crate::harness::Env;

pub(crate) const TESTS: &[crate::harness::Test] = &[
    crate::harness::test!(carts::an_order_takes_back_the_reminders_of_its_cart_and_no_others),
    crate::harness::test!(carts::an_order_that_names_no_cart_takes_back_what_is_older),
    crate::harness::test!(carts::a_reminder_on_the_wire_does_not_come_back_after_the_order),
    crate::harness::test!(carts::an_emptied_cart_takes_back_what_was_said_of_it_until_then),
    crate::harness::test!(carts::what_waits_for_its_turn_goes_with_the_cart_that_is_emptied),
    crate::harness::test!(carts::who_left_the_audience_is_left_out_at_their_turn),
];

/// Something of the shop's own system about somebody.
async fn tells(env: &Env, who: &str, id: &str, name: &str, at: Option<String>, data: Value) {
    let body = json!({ "id": id, "name": name, "contact": who, "at": at, "data": data });
    env.sol().api.post("/v1/events", body).await.unwrap();
    env.settle().await;
}

async fn fills(env: &Env, who: &str, cart: &str) {
    let data = json!({ "cart": cart, "items": ["Taza"] });
    tells(
        env,
        who,
        &format!("{who}-{cart}"),
        "cart.updated",
        None,
        data,
    )
    .await;
}

/// The reminders to somebody, newest first.
async fn reminders(env: &Env, who: &str) -> Vec<Value> {
    let api = &env.sol().api;
    let contact = api.get(&format!("/v1/contacts/{who}")).await.unwrap();
    let id = contact["id"].as_str().unwrap();
    let page = api
        .get(&format!("/v1/messages?contact={id}&limit=200"))
        .await
        .unwrap();
    let mut all = page["items"].as_array().cloned().unwrap();
    all.retain(|m| m["content"]["name"] == "carrito_recordatorio");
    all
}

async fn states(env: &Env, who: &str) -> Vec<(String, Option<String>)> {
    let text = |v: &Value| v.as_str().map(str::to_owned);
    reminders(env, who)
        .await
        .iter()
        .map(|m| (text(&m["state"]).unwrap(), text(&m["rule"])))
        .collect()
}

fn waits() -> (String, Option<String>) {
    ("deferred".to_owned(), Some("quiet-hours.tenant".to_owned()))
}

fn taken_back() -> (String, Option<String>) {
    ("cancelled".to_owned(), Some("cart.ordered".to_owned()))
}

fn emptied() -> (String, Option<String>) {
    ("cancelled".to_owned(), Some("cart.emptied".to_owned()))
}

/// Half past seven in the evening: what is due in an hour waits for the morning.
async fn evening(env: &Env) {
    carts(env).await;
    env.jump(Millis::minutes(630)).await;
}

pub(crate) async fn an_order_takes_back_the_reminders_of_its_cart_and_no_others(env: Env) {
    let all = customers(&env, 2).await;
    let (ana, leo) = (&all[0], &all[1]);
    evening(&env).await;
    fills(&env, ana, "C-1").await;
    fills(&env, leo, "C-1").await;
    env.jump(Millis::hours(1)).await;
    assert_eq!(states(&env, ana).await, [waits()]);
    // Another cart's order, or news of an order that names none, contradicts nothing.
    let order = json!({ "order": "O-1", "cart": "C-9" });
    tells(&env, ana, "o1", "order.placed", None, order).await;
    let parcel = json!({ "order": "O-0" });
    tells(&env, ana, "o2", "order.shipped", None, parcel).await;
    assert_eq!(states(&env, ana).await, [waits()]);
    let order = json!({ "order": "O-2", "cart": "C-1" });
    tells(&env, ana, "o3", "order.placed", None, order.clone()).await;
    assert_eq!(states(&env, ana).await, [taken_back()]);
    // The answer to "why?" says so.
    let id = reminders(&env, ana).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let why = env.sol().api.get(&format!("/v1/why/{id}")).await.unwrap();
    let message = &why["messages"][0]["message"];
    assert_eq!(message["rule"], "cart.ordered", "{why}");
    assert_eq!(
        message["reason"]["es"], "El carrito se compró entretanto",
        "{why}"
    );
    // Told again it changes nothing; the other person's cart of that name is another cart.
    tells(&env, ana, "o3", "order.placed", None, order).await;
    assert_eq!(states(&env, leo).await, [waits()]);
    env.jump(Millis::hours(13)).await;
    assert_eq!(states(&env, ana).await, [taken_back()]);
    assert_eq!(states(&env, leo).await, [("sent".to_owned(), None)]);
    env.end().await;
}

pub(crate) async fn an_order_that_names_no_cart_takes_back_what_is_older(env: Env) {
    let all = customers(&env, 1).await;
    let ana = &all[0];
    evening(&env).await;
    let before = env.stage.host.ctx.now();
    env.jump(Millis(1)).await;
    fills(&env, ana, "C-1").await;
    env.jump(Millis::hours(1)).await;
    assert_eq!(states(&env, ana).await, [waits()]);
    // Bought a millisecond before the cart was filled: what is in it was not bought.
    let placed = json!({ "order": "O-1" });
    let at = Some(before.rfc3339());
    tells(&env, ana, "o1", "order.placed", at, placed).await;
    assert_eq!(states(&env, ana).await, [waits()]);
    let at = Some((before + Millis(1)).rfc3339());
    let placed = json!({ "order": "O-2" });
    tells(&env, ana, "o2", "order.placed", at, placed).await;
    assert_eq!(states(&env, ana).await, [taken_back()]);
    // A bot that is told of the cart late speaks of it late: taken back as it is written down.
    let late = json!({ "cart": "C-0", "items": 2 });
    let at = Some(before.rfc3339());
    tells(&env, ana, "c0", "cart.abandoned", at, late).await;
    assert_eq!(states(&env, ana).await, [taken_back(), taken_back()]);
    // A cart of later is another one.
    let later = json!({ "cart": "C-2", "items": 2 });
    tells(&env, ana, "c2", "cart.abandoned", None, later).await;
    assert_eq!(states(&env, ana).await[0], waits());
    env.end().await;
}

pub(crate) async fn an_emptied_cart_takes_back_what_was_said_of_it_until_then(env: Env) {
    let all = customers(&env, 2).await;
    let (ana, leo) = (&all[0], &all[1]);
    evening(&env).await;
    fills(&env, ana, "C-1").await;
    fills(&env, leo, "C-1").await;
    env.jump(Millis::hours(1)).await;
    let filled = env.stage.host.ctx.now() - Millis::hours(1);
    assert_eq!(states(&env, ana).await, [waits()]);
    // Another cart of theirs, and news that is older than what is in this one.
    let other = json!({ "cart": "C-9" });
    tells(&env, ana, "e1", "cart.emptied", None, other).await;
    let this = json!({ "cart": "C-1" });
    let before = Some((filled - Millis(1)).rfc3339());
    tells(&env, ana, "e2", "cart.emptied", before, this.clone()).await;
    assert_eq!(states(&env, ana).await, [waits()]);
    // Emptied as it was filled last.
    tells(
        &env,
        ana,
        "e3",
        "cart.emptied",
        Some(filled.rfc3339()),
        this,
    )
    .await;
    assert_eq!(states(&env, ana).await, [emptied()]);
    let id = reminders(&env, ana).await[0]["id"].clone();
    let path = format!("/v1/why/{}", id.as_str().unwrap());
    let why = env.sol().api.get(&path).await.unwrap();
    let message = &why["messages"][0]["message"];
    assert_eq!(message["rule"], "cart.emptied", "{why}");
    assert_eq!(
        message["reason"]["pt"], "O carrinho foi esvaziado nesse meio-tempo",
        "{why}"
    );
    // A bot that hears late of what was in it speaks late; what is put into it afterwards is news.
    let late = json!({ "cart": "C-1", "items": 2 });
    let before = Some((filled - Millis(1)).rfc3339());
    tells(&env, ana, "a1", "cart.abandoned", before, late.clone()).await;
    env.jump(Millis(1)).await;
    tells(&env, ana, "a2", "cart.abandoned", None, late).await;
    let two = json!({ "cart": "C-2", "items": 1 });
    tells(&env, ana, "a3", "cart.abandoned", None, two).await;
    let expected = states(&env, ana).await;
    assert!(expected.contains(&waits()), "{expected:?}");
    // The other person's cart of that name is another cart; an emptied one of no name is all of theirs.
    assert_eq!(states(&env, leo).await, [waits()]);
    let none = json!({ "items": [] });
    tells(&env, leo, "e4", "cart.updated", None, none).await;
    assert_eq!(states(&env, leo).await, [emptied()]);
    env.jump(Millis::hours(13)).await;
    assert_eq!(states(&env, leo).await, [emptied()]);
    env.end().await;
}

pub(crate) async fn what_waits_for_its_turn_goes_with_the_cart_that_is_emptied(env: Env) {
    let all = customers(&env, 2).await;
    let (ana, leo) = (&all[0], &all[1]);
    carts(&env).await;
    // Daytime: it waits for its next try, queued.
    env.door.fail(Fault::NotSent, 2);
    fills(&env, ana, "C-1").await;
    fills(&env, leo, "C-1").await;
    env.jump(Millis::hours(1)).await;
    assert_eq!(states(&env, ana).await[0].0, "queued");
    assert_eq!(states(&env, leo).await[0].0, "queued");
    let cart = json!({ "cart": "C-1" });
    tells(&env, ana, "e1", "cart.emptied", None, cart).await;
    assert_eq!(states(&env, ana).await, [emptied()]);
    env.jump(Millis::hours(1)).await;
    assert_eq!(states(&env, ana).await, [emptied()]);
    assert_eq!(states(&env, leo).await, [("sent".to_owned(), None)]);
    env.end().await;
}

pub(crate) async fn a_reminder_on_the_wire_does_not_come_back_after_the_order(env: Env) {
    let all = customers(&env, 1).await;
    let ana = &all[0];
    carts(&env).await;
    // It waits for its next try in the daytime, too.
    env.door.fail(Fault::NotSent, 1);
    fills(&env, ana, "C-1").await;
    env.jump(Millis::hours(1)).await;
    assert_eq!(states(&env, ana).await[0].0, "queued");
    env.door.hold();
    let jump = json!({ "ms": 60_000 });
    let operator = &env.world.operator;
    let on_the_wire = async {
        env.door.somebody_waits().await;
        let order = json!({ "order": "O-1", "cart": "C-1" });
        let body = json!({ "id": "o1", "name": "order.placed", "contact": ana, "data": order });
        env.sol().api.post("/v1/events", body).await.unwrap();
        assert_eq!(states(&env, ana).await[0].0, "attempting");
        env.door.let_go();
    };
    let (jumped, ()) = tokio::join!(operator.post("/v1/clock/jump", jump), on_the_wire);
    jumped.unwrap();
    env.settle().await;
    assert_eq!(states(&env, ana).await, [taken_back()]);
    env.end().await;
}

pub(crate) async fn who_left_the_audience_is_left_out_at_their_turn(env: Env) {
    let sol = env.sol();
    let all = customers(&env, 6).await;
    crate::segments::install(
        &env,
        portero::guest::RFM_SEGMENTS,
        &["contacts.read", "config", "log"],
        json!({}),
    )
    .await;
    for who in all.iter().take(4) {
        let data = json!({ "cart": "C-1", "total": 5, "currency": "COP", "items": 1 });
        tells(&env, who, &format!("{who}-c"), "cart.updated", None, data).await;
    }
    env.jump(Millis::minutes(61)).await;
    let list = sol.api.get("/v1/segments").await.unwrap();
    let mut body = weekly();
    body["audience"] = json!({ "who": "segment", "installation": list[0]["installation"], "segment": "cart_abandoned" });
    // Half of them have their turn at once, half in two hours.
    body["spread_hours"] = json!(4);
    let (id, plan) = launch(&env, &body).await;
    assert_eq!(plan["people"], 4, "{plan}");
    env.settle().await;
    assert!(count(&show(&env, &id).await, "waiting") > 0);
    // One of those who wait orders: the plugin takes them out of the segment.
    let path = format!("/v1/campaigns/{id}/people?state=waiting&limit=9");
    let waiting = sol.api.get(&path).await.unwrap();
    let gone = waiting["items"][0]["contact"].as_str().unwrap().to_owned();
    let order = json!({ "order": "O-1", "cart": "C-1", "total": 5, "currency": "COP" });
    tells(&env, &gone, "o1", "order.placed", None, order).await;
    for _ in 0..5 {
        env.jump(Millis::minutes(50)).await;
    }
    let view = until(&env, &id, "done").await;
    assert_eq!(
        (count(&view, "left_out"), count(&view, "sent")),
        (1, 3),
        "{view}"
    );
    let path = format!("/v1/campaigns/{id}/people?rule=audience.left");
    let left = sol.api.get(&path).await.unwrap();
    assert_eq!(left["items"][0]["contact"], gone.as_str(), "{left}");
    let csv = sol
        .api
        .get(&format!("/v1/campaigns/{id}/export"))
        .await
        .unwrap();
    let line = csv
        .as_str()
        .unwrap()
        .lines()
        .find(|l| l.starts_with(&gone))
        .unwrap()
        .to_owned();
    assert!(line.contains("left_out,,audience.left"), "{line}");
    // The same for a tag.
    for who in &all {
        let tagged = json!({ "tags": ["vip"] });
        let path = format!("/v1/contacts/{who}");
        sol.api.put(&path, tagged).await.unwrap();
    }
    let mut body = weekly();
    body["audience"] = json!({ "who": "tag", "tag": "vip" });
    let tagged = create(&env, &body).await;
    let plan = act(&env, &tagged, "plan", json!({})).await;
    assert_eq!(plan["people"], 6, "{plan}");
    let path = format!("/v1/contacts/{}", all[5]);
    let untag = json!({ "untag": ["vip"] });
    sol.api.put(&path, untag).await.unwrap();
    act(
        &env,
        &tagged,
        "approve",
        json!({ "plan_hash": plan["hash"] }),
    )
    .await;
    act(&env, &tagged, "run", json!({})).await;
    env.settle().await;
    let view = show(&env, &tagged).await;
    assert_eq!(count(&view, "left_out"), 1, "{view}");
    env.end().await;
}
