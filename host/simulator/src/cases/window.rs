//! Cases 18 to 24: the customer service window.

use serde_json::json;

use super::*;

const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn case_18_a_person_who_never_wrote_gives_131047_later_or_at_once() {
    let rig = Rig::new().await;
    assert_eq!(rig.fate(ANA, text("hola")).await, ["failed 131047"]);

    let mut config = config();
    config.window_check_sync = true;
    let rig = Rig::with(config).await;
    let (status, answer) = rig.post(message(ANA, text("hola"))).await;
    assert_eq!((status, code(&answer)), (400, 131_047));
    rig.say(ANA, "hola").await;
    assert_eq!(rig.post(message(ANA, text("hola"))).await.0, 200);
}

#[tokio::test]
async fn case_19_the_window_lasts_24_hours_to_the_millisecond() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    rig.pass(DAY - 1).await;
    let inside = rig.send(ANA, text("a tiempo")).await;
    rig.pass(1).await;
    let outside = rig.send(ANA, text("tarde")).await;
    rig.pass(10_000).await;
    assert_eq!(rig.statuses(&inside).await, ["sent", "delivered", "read"]);
    assert_eq!(rig.statuses(&outside).await, ["failed 131047"]);
}

#[tokio::test]
async fn case_20_each_message_of_the_person_refreshes_the_window() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    rig.pass(20 * HOUR).await;
    rig.say(ANA, "sigo aquí").await;
    rig.pass(23 * HOUR).await;
    assert_eq!(
        rig.fate(ANA, text("hola")).await,
        ["sent", "delivered", "read"]
    );
}

#[tokio::test]
async fn case_21_a_business_message_opens_nothing() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.fate(ANA, utility()).await,
        ["sent", "delivered", "read"]
    );
    assert_eq!(rig.fate(ANA, text("hola")).await, ["failed 131047"]);
}

#[tokio::test]
async fn case_23_the_window_belongs_to_one_number() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let (_, answer) = rig.post_from(PN2, message(ANA, text("hola"))).await;
    rig.pass(10_000).await;
    assert_eq!(rig.statuses(&wamid(&answer)).await, ["failed 131047"]);
    assert_eq!(
        rig.fate(ANA, text("hola")).await,
        ["sent", "delivered", "read"]
    );
}

#[tokio::test]
async fn case_24_a_tap_on_a_template_opens_the_window() {
    let rig = Rig::new().await;
    let sent = rig.send(ANA, cart()).await;
    let tap = json!({"number": PN1, "message": sent, "index": 1});
    let path = format!("/people/{ANA}/tap");
    assert_eq!(
        rig.sim_raw(&path, tap.clone()).await.0,
        409,
        "it has not arrived"
    );
    rig.pass(1_000).await;
    rig.sim(&path, tap).await;
    rig.sim.settle().await;
    let told = rig.told();
    let message = &told.last().unwrap()["messages"][0];
    assert_eq!(message["type"], "button");
    assert_eq!(
        message["button"],
        json!({"payload": "OPTOUT_MKT", "text": "No recibir"})
    );
    assert_eq!(
        message["context"],
        json!({"from": "525550001111", "id": sent})
    );
    assert_eq!(
        rig.fate(ANA, text("hola")).await,
        ["sent", "delivered", "read"]
    );
}

#[tokio::test]
async fn a_reaction_opens_the_window_only_when_switched_on() {
    for (switch, wanted) in [(false, "failed 131047"), (true, "sent")] {
        let mut config = config();
        config.reaction_opens_window = switch;
        let rig = Rig::with(config).await;
        let sent = rig.send(ANA, utility()).await;
        rig.pass(1_000).await;
        let reaction = json!({"number": PN1, "type": "reaction", "reaction": {"message_id": sent, "emoji": "❤"}});
        rig.sim(&format!("/people/{ANA}/say"), reaction).await;
        assert_eq!(rig.fate(ANA, text("hola")).await[0], wanted);
    }
}
