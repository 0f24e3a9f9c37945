//! With a gate that allows everything the pretend Meta stands alone, and refuses by itself what Meta
//! refuses. Built and run only with the feature `allow-everything` (see tests/README.md).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where an expectation does not hold"
)]

use std::sync::Arc;

use portero::demo::setup::{self, World};
use portero::demo::{MORNING, StageOptions, stage, world};
use portero_domain::clock::{JumpClock, ManualClock, Millis};
use serde_json::{Value, json};

fn text(body: &str) -> Value {
    json!({ "purpose": "reply", "content": { "type": "text", "body": body } })
}

fn template(name: &str, body: &Value) -> Value {
    json!({ "purpose": "promotional", "topic": "ofertas",
            "content": { "type": "template", "name": name, "language": "es", "body": body } })
}

/// Proposes to one of the first shop's people and tells what became of it once everything rests.
async fn propose(world: &World, key: &str, who: usize, mut message: Value) -> Value {
    let sol = &world.shops[0];
    message["to"] = json!(sol.shop.people[who].key());
    let answer = sol.api.propose(key, message).await.expect("an answer");
    assert_eq!(
        answer["verdict"]["verdict"], "allow",
        "this gate allows everything: {answer}"
    );
    let by = json!({ "ms": Millis::secs(10).0 });
    world
        .operator
        .post("/v1/clock/jump", by)
        .await
        .expect("a jump");
    setup::wait(world).await.expect("rest");
    let id = answer["message"]["id"].as_str().expect("an id");
    sol.api
        .get(&format!("/v1/messages/{id}"))
        .await
        .expect("the message")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_alone_refuses_what_meta_refuses() {
    portero_net::install_tls();
    let folder = tempfile::tempdir().unwrap();
    let stage = stage(StageOptions {
        seed: 1,
        listen: "127.0.0.1:0".to_owned(),
        data: Some(folder.path().to_owned()),
        database_url: None,
        clock: JumpClock::new(Arc::new(ManualClock::at(MORNING)), Millis(0)),
        timings: world::at_once(),
        wrap: None,
        world: None,
        simulator_on: None,
        systems: None,
        probe: None,
    })
    .await
    .expect("the stage");
    let world = setup::shops(&stage, 1).await.expect("the shops");
    let sol = &world.shops[0];

    // Person 0 wrote this morning; to the others no window is open, and person 1 stopped promotion in
    // WhatsApp itself.
    let stop = json!({ "number": sol.shop.number, "value": "stop" });
    let path = format!("/_sim/people/{}/preference", sol.shop.people[1].key());
    world.control.post(&path, &stop).await.expect("a stop");
    let four_buttons: Vec<Value> = (0..4)
        .map(|i| json!({ "id": format!("b{i}"), "title": format!("B{i}") }))
        .collect();
    let four_buttons = json!({ "purpose": "reply", "content": { "type": "interactive", "body": "elige",
        "action": { "kind": "buttons", "buttons": four_buttons } } });
    let none = json!([]);
    let (mut expected, mut seen) = (Vec::new(), Vec::new());
    for (what, who, message, code) in [
        ("text outside the window", 2, text("¿Sigues ahí?"), "131047"),
        (
            "a template nobody made",
            0,
            template("no_such", &none),
            "132001",
        ),
        (
            "a paused template",
            0,
            template("promo_pausada", &none),
            "132015",
        ),
        (
            "a value missing",
            0,
            template("carrito_recordatorio", &none),
            "132000",
        ),
        ("a text too long", 0, text(&"a".repeat(4_097)), "100"),
        ("no text at all", 0, text(""), "131008"),
        ("a fourth button", 0, four_buttons, "131009"),
        (
            "promotion after Meta's own stop",
            1,
            template("promo_semana", &none),
            "131050",
        ),
    ] {
        let ended = propose(&world, what, who, message).await;
        assert!(
            ended["state"] == "failed" || ended["status"] == "failed",
            "{what}: {ended}"
        );
        let error = ended["error"].as_str().unwrap_or_default();
        let told = error.split(' ').next().unwrap_or_default();
        expected.push(format!("{what}: {code}"));
        seen.push(format!("{what}: {told}"));
    }
    assert_eq!(seen, expected, "Meta's codes");
    // And it lets through what Meta lets through, whatever our rules would say of it.
    for (what, who, message) in [
        ("an answer in the window", 0, text("Hola {{nombre}}")),
        (
            "promotion without consent",
            4,
            template("promo_semana", &none),
        ),
    ] {
        let ended = propose(&world, what, who, message).await;
        assert_eq!(ended["state"], "sent", "{what}: {ended}");
        assert_ne!(ended["status"], "failed", "{what}: {ended}");
    }
    stage.stop().await;
}
