//! Worlds as files: saved, loaded, reset; the same seed and the same calls, the same world.

use portero_domain::clock::Clock as _;
use serde_json::{Value, json};

use super::*;
use crate::WorldClock;

/// A morning with a bit of everything.
async fn morning(rig: &Rig) {
    rig.sim("/faults", json!({"duplicate_percent": 40, "reorder": true}))
        .await;
    rig.say(ANA, "hola").await;
    rig.send(ANA, text("¿qué tal?")).await;
    rig.send("573001112233", cart()).await;
    rig.send("5491123456789", utility()).await;
    rig.sim(&format!("/people/{ANA}/block"), json!({"number": PN2}))
        .await;
    let photo = json!({"number": PN1, "type": "image"});
    rig.sim("/people/573001112233/say", photo).await;
    rig.post(json!({"nonsense": true})).await;
    rig.pass(3_000).await;
    rig.sim(
        &format!("/templates/{WABA}/aviso_envio/es_MX"),
        json!({"quality": "RED"}),
    )
    .await;
}

async fn whole(rig: &Rig) -> Value {
    let (status, saved) = rig
        .call("GET", "/_sim/world?whole=true", None, Value::Null)
        .await;
    assert_eq!(status, 200, "{saved}");
    saved
}

/// The receiver's port is chosen by the machine.
fn without_address(saved: &Value) -> String {
    let url = saved["world"]["config"]["callback_url"].as_str().unwrap();
    saved.to_string().replace(url, "http://receiver/")
}

#[tokio::test]
async fn the_same_seed_and_the_same_calls_are_the_same_world() {
    let (one, two) = (Rig::new().await, Rig::new().await);
    morning(&one).await;
    morning(&two).await;
    let (one, two) = (whole(&one).await, whole(&two).await);
    assert_eq!(without_address(&one), without_address(&two));
    let mut other = config();
    other.seed = 12;
    let other = Rig::with(other).await;
    morning(&other).await;
    assert_ne!(without_address(&whole(&other).await), without_address(&one));
}

#[tokio::test]
async fn a_loaded_world_goes_on_as_the_saved_one() {
    let first = Rig::new().await;
    morning(&first).await;
    let saved = whole(&first).await;

    let second = Rig::new().await;
    second.say(ANA, "otro mundo").await;
    let mut document = saved.clone();
    let own = second.sim("/world", Value::Null).await["callback_url"].clone();
    let theirs = saved["world"]["config"]["callback_url"].as_str().unwrap();
    document =
        serde_json::from_str(&document.to_string().replace(theirs, own.as_str().unwrap())).unwrap();
    let (status, answer) = second.call("PUT", "/_sim/world", None, document).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        without_address(&whole(&second).await),
        without_address(&saved)
    );

    // The same calls from here on: windows, queues, ids and chance are where they were.
    for rig in [&first, &second] {
        rig.send(ANA, text("¿sigue?")).await;
        rig.sim("/people", json!({"wa_id": "5491123456789", "online": true}))
            .await;
        rig.pass(3 * HOUR).await;
        rig.sim.settle().await;
    }
    let (one, two) = (whole(&first).await, whole(&second).await);
    assert_eq!(without_address(&one), without_address(&two));
    let path = format!("/templates/{WABA}/aviso_envio/es_MX");
    assert_eq!(second.sim(&path, Value::Null).await["status"], "APPROVED");
    let (status, page) = second.get(&format!("/{WABA}/message_templates")).await;
    assert_eq!(status, 200, "{page}");
}

#[tokio::test]
async fn what_is_no_saved_world_is_refused_and_nothing_changes() {
    let rig = Rig::new().await;
    let summary = rig.sim("/world", Value::Null).await;
    let (status, problem) = rig.call("PUT", "/_sim/world", None, summary).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("whole=true"));
    let mut saved = whole(&rig).await;
    saved["version"] = 99.into();
    let (status, problem) = rig.call("PUT", "/_sim/world", None, saved).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("version 99"));
    rig.say(ANA, "hola").await;
}

#[tokio::test]
async fn a_reset_is_the_world_as_it_was_configured() {
    let rig = Rig::new().await;
    morning(&rig).await;
    rig.sim("/world/reset", json!({})).await;
    let messages = rig.sim("/messages", Value::Null).await;
    assert_eq!(messages["total"], 0);
    assert_eq!(
        rig.sim("/faults", Value::Null).await["duplicate_percent"],
        0
    );
    assert_eq!(rig.fate(ANA, utility()).await[0], "sent", "webhooks go on");
}

#[tokio::test]
async fn a_world_of_its_own_stands_still_and_goes_back() {
    let base = ManualClock::at(Ts(START));
    let clock = WorldClock::new(Arc::new(base.clone()));
    let sim = Simulator::alone(config(), clock.clone(), http_client()).unwrap();
    let router = sim.router();
    let call = async |method: &str, path: &str, body: Value| {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let request = Request::builder().method(method).uri(path).body(body);
        let response = router.clone().oneshot(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice::<Value>(&bytes).unwrap())
    };
    let (_, saved) = call("GET", "/_sim/world?whole=true", Value::Null).await;
    let (status, face) = call("POST", "/_sim/clock/pause", json!({})).await;
    assert_eq!((status, &face["paused"]), (200, &json!(true)));
    base.advance(Millis(5_000));
    assert_eq!(clock.now(), Ts(START));
    call("POST", "/_sim/clock/jump", json!({"ms": 60_000})).await;
    assert_eq!(clock.now(), Ts(START + 60_000));
    call("POST", "/_sim/clock/run", json!({})).await;
    base.advance(Millis(1_000));
    assert_eq!(clock.now(), Ts(START + 61_000));
    let (status, answer) = call("PUT", "/_sim/world", saved).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(clock.now(), Ts(START), "where the saved world stood");

    let shared = Rig::new().await;
    let (status, _) = shared.sim_raw("/clock/pause", json!({})).await;
    assert_eq!(status, 409, "a host lives by that clock");
}

#[tokio::test]
async fn one_webhook_of_the_log_is_sent_again() {
    let rig = Rig::new().await;
    rig.say(ANA, "uno").await;
    rig.say(ANA, "dos").await;
    rig.sim.settle().await;
    let log = rig.sim("/webhooks", Value::Null).await;
    let first = &log["webhooks"][0];
    rig.sim("/webhooks/replay", json!({"nth": first["nth"]}))
        .await;
    rig.sim.settle().await;
    let posts = rig.posts();
    assert_eq!(posts.len(), 3);
    assert_eq!(posts[0], posts[2], "byte for byte");
    let (status, _) = rig.sim_raw("/webhooks/replay", json!({"nth": 999})).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn only_so_many_messages_are_kept() {
    let mut config = config();
    config.rules.messages_kept = 50;
    let rig = Rig::with(config).await;
    let first = rig.send(ANA, utility()).await;
    let offline = rig.send("5491123456789", utility()).await;
    for n in 0..60 {
        rig.say("573001112233", &n.to_string()).await;
    }
    for gone in [&first, &offline] {
        let (status, _) = rig.sim_raw(&format!("/messages/{gone}"), Value::Null).await;
        assert_eq!(status, 404, "the oldest went");
    }
    // What was still planned for them is nothing any more, and breaks nothing.
    let online = json!({"wa_id": "5491123456789", "online": true});
    rig.sim("/people", online).await;
    rig.pass(60_000).await;
    let all = rig.sim("/messages", Value::Null).await;
    assert_eq!(all["total"], 62);
    assert_eq!(all["messages"].as_array().unwrap().len(), 50);
    let thread = format!("/people/573001112233/thread?number={PN1}");
    let thread = rig.sim(&thread, Value::Null).await;
    assert_eq!(thread["messages"].as_array().unwrap().len(), 50);
    let saved = whole(&rig).await;
    let (status, answer) = rig.call("PUT", "/_sim/world", None, saved).await;
    assert_eq!(status, 200, "{answer}");
}
