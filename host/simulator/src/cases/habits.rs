//! People by script: everything the file may say they do.

use serde_json::{Value, json};

use super::*;

const BETO: &str = "5215512340077";

/// A world in which Beto does this when a message reaches him.
async fn with(auto: &str) -> Rig {
    let mut config = config();
    let file = format!("[[people]]\nname = \"Beto\"\nwa_id = \"{BETO}\"\n{auto}");
    let world: WorldConfig = toml::from_str(&file).unwrap();
    config.people.extend(world.people);
    Rig::with(config).await
}

async fn reached(rig: &Rig) -> String {
    let wamid = rig.send(BETO, cart()).await;
    rig.pass(60_000).await;
    rig.sim.settle().await;
    wamid
}

fn heard(rig: &Rig) -> Vec<Value> {
    let told = rig.told();
    told.iter()
        .flat_map(|value| value["messages"].as_array().cloned().unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn they_answer_ask_for_a_human_refuse_and_tap() {
    for (auto, said) in [
        ("auto = [{ say = \"gracias\" }]", "gracias"),
        (
            "auto = [{ act = \"ask_for_human\" }]",
            "Quiero hablar con una persona",
        ),
        ("auto = [{ act = \"refuse\" }]", "BAJA"),
        (
            "auto = [{ act = \"refuse_in_own_words\" }]",
            "Ya no me manden ofertas, por favor",
        ),
    ] {
        let rig = with(auto).await;
        reached(&rig).await;
        assert_eq!(heard(&rig)[0]["text"]["body"], said, "{auto}");
    }
    let rig = with("auto = [{ tap = \"No recibir\", when_contains = \"carrito\" }]").await;
    reached(&rig).await;
    assert_eq!(heard(&rig)[0]["button"]["payload"], "OPTOUT_MKT");
}

#[tokio::test]
async fn they_read_late_or_never() {
    let rig = with("auto = [{ act = \"read_late\", after_ms = 3600000 }]").await;
    let wamid = reached(&rig).await;
    assert_eq!(rig.statuses(&wamid).await, ["sent", "delivered"]);
    rig.pass(HOUR).await;
    assert_eq!(rig.statuses(&wamid).await, ["sent", "delivered", "read"]);
    let rig = with("auto = [{ act = \"ignore\" }]").await;
    let wamid = reached(&rig).await;
    rig.pass(100 * HOUR).await;
    assert_eq!(rig.statuses(&wamid).await, ["sent", "delivered"]);
}

#[tokio::test]
async fn they_stop_offers_block_report_and_change_their_number() {
    let rig = with("auto = [{ act = \"stop_offers\" }]").await;
    reached(&rig).await;
    assert_eq!(rig.told_on("user_preferences").len(), 1);
    assert_eq!(rig.fate(BETO, cart()).await, ["failed 131050"]);

    let rig = with("auto = [{ act = \"not_interested\" }]").await;
    reached(&rig).await;
    assert_eq!(rig.fate(BETO, cart()).await, ["failed 131049"]);

    for act in ["block", "report"] {
        let rig = with(&format!("auto = [{{ act = \"{act}\" }}]")).await;
        reached(&rig).await;
        assert_eq!(rig.fate(BETO, utility()).await, ["sent"], "{act}");
    }

    let rig = with("auto = [{ act = \"change_number\", wa_id = \"5215587654321\" }]").await;
    reached(&rig).await;
    let system = &heard(&rig)[0];
    assert_eq!(system["system"]["type"], "user_changed_number");
    assert_eq!(system["system"]["wa_id"], "5215587654321");
    let rig = with("auto = [{ act = \"change_number\" }]").await;
    reached(&rig).await;
    assert_eq!(heard(&rig)[0]["system"]["wa_id"], "5215512340078");
}

#[tokio::test]
async fn chance_is_by_the_seed() {
    let answers = async |seed: u64| {
        let mut config = config();
        config.seed = seed;
        config.people[0] = serde_json::from_value(json!({"name": "Ana", "wa_id": ANA,
            "auto": [{"say": "sí", "percent": 50, "times": 1000}]}))
        .unwrap();
        let rig = Rig::with(config).await;
        for _ in 0..30 {
            rig.send(ANA, utility()).await;
            rig.pass(60_000).await;
        }
        heard(&rig).len()
    };
    let (one, again) = (answers(3).await, answers(3).await);
    assert_eq!(one, again);
    assert!((5..=25).contains(&one), "{one}");
}
