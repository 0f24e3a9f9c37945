//! One person's data handed out, and erased: what goes, what stays, who may come back.

use std::process::ExitCode;

use portero::cli::ErasureWord;
use portero::client::Target;
use portero::commands::erase as verbs;
use portero::demo::setup;
use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::{self, Env, ruled};
use crate::imports;
use crate::rules::{granted, offer, text, to};

pub(crate) mod rows;
pub(crate) use rows::{everything, holding};

pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(erasure::nothing_of_an_erased_person_is_left_in_any_column),
    harness::test!(erasure::who_was_erased_is_refused_at_every_door_until_they_write_again),
    harness::test!(erasure::a_look_changes_nothing_and_a_message_on_the_wire_is_waited_for),
    harness::test!(erasure::one_document_holds_everything_about_one_person),
];

/// A Mexican, whose number Meta spells with a 1 that shops leave out.
const META: &str = "5215512345678";
const SHOP: &str = "+525512345678";
const NAME: &str = "Diego Zaragoza";

async fn says(env: &Env, words: &str) -> String {
    let number = env.sol().shop.number;
    let said = setup::say(&env.world.control, META, number, words).await;
    env.settle().await;
    said.expect("said")
}

/// The shop knows Diego in every way it can know anybody. His messages' ids, both ways.
async fn diego(env: &Env) -> Vec<String> {
    let api = &env.sol().api;
    let person = json!({ "name": NAME, "wa_id": META });
    env.world
        .control
        .post("/_sim/people", &person)
        .await
        .unwrap();
    let told = json!({
        "name": NAME, "language": "es", "attributes": { "calle": "Secreta 77" }, "tags": ["vip-zaragoza"],
    });
    let path = format!("/v1/contacts/{SHOP}");
    api.put(&path, told).await.unwrap();
    let mut yes = granted();
    yes["evidence"] = json!("formulario de Zaragoza, calle Secreta 77");
    api.post(&format!("{path}/consent"), yes).await.unwrap();
    let wrote = says(env, "hola, soy Zaragoza, de la calle Secreta 77").await;
    for (id, name, data) in [
        (
            "d1",
            "cart.updated",
            json!({ "cart": "C-SECRETA", "items": ["Taza Secreta"] }),
        ),
        (
            "d2",
            "order.placed",
            json!({ "order": "P-SECRETA", "cart": "C-SECRETA", "total": 12.5, "currency": "MXN" }),
        ),
    ] {
        let event =
            json!({ "id": format!("zaragoza-{id}"), "name": name, "contact": META, "data": data });
        api.post("/v1/events", event).await.unwrap();
        env.settle().await;
    }
    env.jump(Millis::secs(10)).await;
    let sent = api
        .propose(
            "zaragoza-1",
            to(SHOP, text("Hola Zaragoza, va a Secreta 77")),
        )
        .await;
    let sent = sent.unwrap();
    assert_eq!(ruled(&sent).0, "allow", "{sent}");
    env.settle().await;
    let hand = json!({ "reason": "Zaragoza pide una persona" });
    api.post(&format!("{path}/hand-over"), hand).await.unwrap();
    let block = json!({ "scope": "promotional", "reason": "lo pidió Zaragoza" });
    api.post(&format!("{path}/block"), block).await.unwrap();
    // A line that is no good stays in the report of its file as somebody typed it.
    let file = "telefono,nombre,idioma\n+52 (55) 1234-5678,Zaragoza,klingon\n";
    let import = imports::import(api, json!({ "label": "clientes.csv" }), file.as_bytes()).await;
    assert_eq!(imports::faults(api, &import.unwrap()).await.len(), 1);
    env.jump(Millis::secs(10)).await;
    let mut ids = vec![wrote];
    let contact = api.get(&path).await.unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let all = api
        .get(&format!("/v1/messages?contact={contact}&limit=200"))
        .await
        .unwrap();
    ids.extend(
        all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|m| m["wamid"].as_str().map(str::to_owned)),
    );
    assert!(ids.len() >= 2, "{all}");
    ids
}

/// His message, word by word as Meta told it the first time.
async fn tells_again(env: &Env, wamid: &str) {
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "1", "phone_number_id": env.sol().shop.number },
        "contacts": [{ "profile": { "name": NAME }, "wa_id": META }],
        "messages": [{ "from": META, "id": wamid, "timestamp": env.stage.host.ctx.now().secs().to_string(),
            "type": "text", "text": { "body": "hola, soy Zaragoza, de la calle Secreta 77" } }],
    });
    env.meta_says(env.sol(), "messages", value).await;
    env.settle().await;
}

/// Tables that an erasure changes and nothing else at rest.
const OF_PEOPLE: &[&str] = &[
    "carts",
    "contact_aliases",
    "contact_attributes",
    "contact_tags",
    "contacts",
    "conversations",
    "deliveries",
    "do_not_contact",
    "erasures",
    "handover_events",
    "import_faults",
    "plugin_journal",
    "plugin_kv",
    "plugin_timers",
    "purchases",
    "tombstones",
    "transactions",
];

async fn erase(env: &Env, who: &str) -> anyhow::Result<Value> {
    let path = format!("/v1/contacts/{who}/erase");
    env.sol()
        .api
        .post(&path, json!({ "reason": "request" }))
        .await
}

/// The command line of somebody elsewhere.
pub(crate) fn target(env: &Env) -> Target {
    Target {
        config: None,
        data: None,
        url: Some(env.stage.host.url.clone()),
        token: Some(env.sol().token.clone()),
        tenant: None,
        json: true,
    }
}

/// Runs a verb as its own process would: on a thread of its own, since a verb's future need not be
/// sendable.
pub(crate) async fn verb<F>(run: impl FnOnce() -> F + Send + 'static) -> ExitCode
where
    F: Future<Output = anyhow::Result<ExitCode>>,
{
    let here = tokio::runtime::Handle::current();
    let ran = tokio::task::spawn_blocking(move || here.block_on(run()));
    ran.await.unwrap().unwrap()
}

/// The chain of Sol's records holds, and there is one.
async fn chain_holds(env: &Env) {
    let sol = env.sol().id.parse().unwrap();
    let mut tx = env.stage.host.ctx.store.read().await.unwrap();
    let report = tx.tenant(sol).verify_chain().await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert!(report.seals > 5, "{report:?}");
}

pub(crate) async fn nothing_of_an_erased_person_is_left_in_any_column(env: Env) {
    let ids = diego(&env).await;
    let personal: Vec<&str> = [
        "525512345678",
        META,
        "Zaragoza",
        "zaragoza",
        "Secreta",
        "SECRETA",
    ]
    .into_iter()
    .chain(ids.iter().map(String::as_str))
    .collect();
    // Meta tells again what it told.
    tells_again(&env, &ids[0]).await;
    let before = everything(&env).await;
    for what in &personal {
        assert!(
            !holding(&before, what).is_empty(),
            "{what} was never there: nothing is tested"
        );
    }
    chain_holds(&env).await;
    let done = erase(&env, SHOP).await.unwrap();
    assert_eq!(done["erased"], true, "{done}");
    for kind in [
        "addresses",
        "attributes",
        "tags",
        "messages_in",
        "messages_out",
        "webhook_bodies",
        "orders",
        "purchases",
        "block_list",
        "consent_texts",
        "handover_notes",
        "imports",
        "name_and_language",
    ] {
        assert!(
            done["removed"][kind].as_u64().is_some_and(|n| n > 0),
            "{kind}: {done}"
        );
    }
    for kind in [
        "tombstones",
        "consent_events",
        "verdicts",
        "messages_without_text",
    ] {
        let kept = done["kept"]
            .as_array()
            .unwrap()
            .iter()
            .find(|k| k["kind"] == kind);
        let kept = kept.unwrap_or_else(|| panic!("{kind}: {done}"));
        assert!(kept["count"].as_u64().unwrap() > 0);
        assert_eq!(kept["ground"].as_object().unwrap().len(), 3);
    }
    env.settle().await;
    let after = everything(&env).await;
    for what in &personal {
        assert_eq!(holding(&after, what), Vec::<&str>::new(), "{what}");
    }
    chain_holds(&env).await;

    // Meta still says of an old message that it was read: that counts, and names nobody.
    let contact = done["contact"].as_str().unwrap();
    let newest = |all: &Value| all["items"][0].clone();
    let path = format!("/v1/messages?contact={contact}&limit=1");
    let message = newest(&env.sol().api.get(&path).await.unwrap());
    assert_eq!(
        message["content"],
        json!({ "type": "text", "body": "", "preview_url": false })
    );
    for status in ["read", "played"] {
        let at = env.stage.host.ctx.now().secs();
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "1", "phone_number_id": env.sol().shop.number },
            "statuses": [{ "id": ids.last().unwrap(), "status": status, "timestamp": at.to_string(), "recipient_id": META }],
        });
        env.meta_says(env.sol(), "messages", value).await;
    }
    let last = after.len();
    let after = everything(&env).await;
    assert!(after.len() > last, "the statuses were kept");
    // What it tells again, and what the shop writes from its telephone, brings nobody back.
    tells_again(&env, &ids[0]).await;
    let echo = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "1", "phone_number_id": env.sol().shop.number },
        "message_echoes": [{ "from": "1", "to": META, "id": "wamid.Zaragoza",
            "timestamp": env.stage.host.ctx.now().secs().to_string(),
            "type": "text", "text": { "body": "Hola Zaragoza" } }],
    });
    env.meta_says(env.sol(), "smb_message_echoes", echo).await;
    let path = format!("/v1/contacts/{SHOP}/erasure");
    let left = env.sol().api.get(&path).await.unwrap();
    assert_eq!(left["contact"], contact, "{left}");
    assert_eq!(left["returned_at"], Value::Null, "{left}");
    let after = everything(&env).await;
    for what in &personal {
        assert_eq!(holding(&after, what), Vec::<&str>::new(), "{what}");
    }
    chain_holds(&env).await;
    env.end().await;
}

pub(crate) async fn who_was_erased_is_refused_at_every_door_until_they_write_again(env: Env) {
    let api = &env.sol().api;
    diego(&env).await;
    let path = format!("/v1/contacts/{META}/erasure");
    let cli = target(&env);
    verb(|| verbs::run(META, ErasureWord::Authority, true, false, cli)).await;
    assert_eq!(api.get(&path).await.unwrap()["erased"], false, "a preview");
    let cli = target(&env);
    verb(|| verbs::run(META, ErasureWord::Authority, false, true, cli)).await;
    let done = api.get(&path).await.unwrap();
    assert_eq!(
        (&done["erased"], &done["reason"]),
        (&json!(true), &json!("authority"))
    );
    let gone = done["contact"].as_str().unwrap().to_owned();

    // No door takes anything of Diego in, whichever way his number is spelled.
    for who in [SHOP, META] {
        let path = format!("/v1/contacts/{who}");
        let known = json!({ "address": who, "name": NAME });
        let event = json!({ "id": format!("again-{who}"), "name": "cart.updated", "contact": who, "data": {} });
        for refused in [
            api.put("/v1/contacts", known).await,
            api.put(&path, json!({ "name": NAME })).await,
            api.post("/v1/events", event).await,
            api.post(&format!("{path}/consent"), granted()).await,
            api.post(&format!("{path}/block"), json!({ "reason": "x" }))
                .await,
            api.get(&format!("{path}/export")).await,
        ] {
            let said = refused.unwrap_err().to_string();
            assert!(
                said.contains("Nothing may be kept of this person"),
                "{said}"
            );
        }
    }
    let file = format!("telefono,nombre\n{SHOP},{NAME}\n+525500001111,Nueva\n");
    let import = imports::import(api, json!({ "label": "crm.csv" }), file.as_bytes())
        .await
        .unwrap();
    assert_eq!(
        (&import["new"], &import["bad"]),
        (&json!(1), &json!(1)),
        "{import}"
    );
    assert_eq!(
        imports::faults(api, &import).await,
        [(2, "erased".to_owned())]
    );

    // What is proposed is judged, refused, and explained; its words are not kept.
    let proposed = api.propose("again", to(SHOP, offer())).await.unwrap();
    assert_eq!(
        ruled(&proposed),
        ("deny".to_owned(), "data.erased".to_owned()),
        "{proposed}"
    );
    let why = api
        .get(&format!(
            "/v1/why/{}",
            proposed["message"]["id"].as_str().unwrap()
        ))
        .await
        .unwrap();
    assert!(
        why.to_string().contains("La persona no está disponible"),
        "{why}"
    );
    let words = api
        .propose("words", to(META, text("Hola Zaragoza")))
        .await
        .unwrap();
    assert_eq!(ruled(&words).1, "data.erased");
    assert_eq!(
        holding(&everything(&env).await, "Zaragoza"),
        Vec::<&str>::new()
    );
    let again = api
        .propose("words", to(META, text("Hola Zaragoza")))
        .await
        .unwrap();
    assert_eq!(
        again["message"]["id"], words["message"]["id"],
        "the same key is the same message"
    );

    // Diego himself comes back, without consent.
    env.jump(Millis::days(12)).await;
    says(&env, "hola, ¿precio?").await;
    let back = api.get(&format!("/v1/contacts/{SHOP}")).await.unwrap();
    assert_ne!(back["id"], gone.as_str(), "a person anew: {back}");
    assert_eq!(back["consent"]["*"]["state"], "revoked", "{back}");
    assert_eq!(back["attributes"], json!({}));
    let events = back["consent_events"].as_array().unwrap();
    assert_eq!(events.len(), 1, "{back}");
    assert_eq!(events[0]["source"], "erasure");
    env.jump(Millis::secs(20)).await;
    let reply = api
        .propose("reply", to(SHOP, text("Cuesta 10")))
        .await
        .unwrap();
    assert_eq!(ruled(&reply).0, "allow", "{reply}");
    env.settle().await;
    env.jump(Millis::days(1)).await;
    // The block list of before stands too; taken off it, the refusal of before remains.
    let promo = api.propose("promo", to(SHOP, offer())).await.unwrap();
    assert_eq!(ruled(&promo).1, "recipient.do-not-contact", "{promo}");
    api.post(
        &format!("/v1/contacts/{SHOP}/block"),
        json!({ "reason": "asked" }),
    )
    .await
    .unwrap();
    let promo = api.propose("promo-2", to(SHOP, offer())).await.unwrap();
    assert_eq!(ruled(&promo).1, "consent.revoked", "{promo}");
    // The row that brought the refusal back is found by where it comes from.
    let rows = api.get("/v1/consents?source=erasure").await.unwrap();
    let rows = rows["items"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row["event"]["source"], "erasure", "{row}");
        assert_eq!(row["event"]["evidence"], gone.as_str(), "{row}");
    }
    let then = api
        .get(&format!("/v1/contacts/{gone}/erasure"))
        .await
        .unwrap();
    assert!(then["returned_at"].is_string(), "{then}");
    env.end().await;
}

/// What a look or an erasure says by kind.
fn by_kind(view: &Value) -> (Value, Value, Vec<(String, u64)>) {
    let kept = view["kept"].as_array().unwrap().iter();
    let kept = kept.map(|k| {
        (
            k["kind"].as_str().unwrap().to_owned(),
            k["count"].as_u64().unwrap(),
        )
    });
    (
        view["removed"].clone(),
        view["stopped"].clone(),
        kept.collect(),
    )
}

pub(crate) async fn a_look_changes_nothing_and_a_message_on_the_wire_is_waited_for(env: Env) {
    let api = &env.sol().api;
    diego(&env).await;
    // What workers of the host count and seal meanwhile is not the erasure's.
    let rows = async || {
        let mut all = everything(&env).await;
        all.retain(|row| OF_PEOPLE.iter().any(|t| row.starts_with(&format!("{t}: "))));
        all
    };
    let before = rows().await;
    let path = format!("/v1/contacts/{SHOP}/erasure");
    let look = api.get(&path).await.unwrap();
    assert_eq!(
        (&look["erased"], &look["erased_at"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(rows().await, before);
    let theirs = format!("/v1/contacts/{}/erasure", look["contact"].as_str().unwrap());
    let other = env.lua().api.get(&theirs).await;
    assert!(other.is_err(), "another tenant's person");

    env.door.hold();
    let sent = api
        .propose("held", to(SHOP, text("Un momento")))
        .await
        .unwrap();
    env.door.somebody_waits().await;
    let look = api.get(&path).await.unwrap();
    assert_eq!(
        look["in_flight"][0]["message"], sent["message"]["id"],
        "{look}"
    );
    assert_eq!(look["in_flight"][0]["state"], "attempting");
    let held = rows().await;
    let refused = erase(&env, SHOP).await.unwrap_err().to_string();
    assert!(
        refused.contains("attempting") && refused.contains("nothing was erased"),
        "{refused}"
    );
    assert_eq!(rows().await, held);
    env.door.let_go();
    env.settle().await;
    let look = api.get(&path).await.unwrap();
    let done = erase(&env, SHOP).await.unwrap();
    assert_eq!(
        by_kind(&done),
        by_kind(&look),
        "what was told is what was done"
    );
    let stands = api
        .get(&format!(
            "/v1/messages/{}",
            sent["message"]["id"].as_str().unwrap()
        ))
        .await
        .unwrap();
    assert_eq!(
        (&stands["state"], &stands["rule"]),
        (&json!("cancelled"), &json!("data.erased")),
        "{stands}"
    );

    let erased = rows().await;
    let again = erase(&env, SHOP).await.unwrap();
    assert_eq!(
        (&again["erased_at"], by_kind(&again)),
        (&done["erased_at"], by_kind(&done))
    );
    assert_eq!(rows().await, erased, "done twice is done once");
    let path = format!("/v1/contacts/{SHOP}/erase");
    let words = json!({ "reason": "Zaragoza lo pidió" });
    let bad = api.post(&path, words).await;
    assert!(bad.is_err(), "no text of anybody's stays with an erasure");
    env.end().await;
}

pub(crate) async fn one_document_holds_everything_about_one_person(env: Env) {
    let api = &env.sol().api;
    let ids = diego(&env).await;
    let whole = api
        .get(&format!("/v1/contacts/{META}/export"))
        .await
        .unwrap();
    assert_eq!(whole["language"], "es");
    assert!(
        whole["statement"].as_str().unwrap().contains("Tienda Sol"),
        "{}",
        whole["statement"]
    );
    assert_eq!(whole["contact"]["name"], NAME);
    assert_eq!(whole["contact"]["attributes"]["calle"], "Secreta 77");
    assert_eq!(whole["contact"]["tags"], json!(["vip-zaragoza"]));
    assert_eq!(whole["contact"]["addresses"][0], SHOP);
    let yes = &whole["consents"]["events"][0];
    assert_eq!(yes["evidence"], "formulario de Zaragoza, calle Secreta 77");
    assert!(
        whole["wordings"][0]["body"]
            .as_str()
            .is_some_and(|b| !b.is_empty()),
        "{}",
        whole["wordings"]
    );
    let told = whole["messages_to_person"].as_array().unwrap();
    let ours = told
        .iter()
        .find(|m| m["content"]["body"] == "Hola Zaragoza, va a Secreta 77");
    let ours = ours.unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(ours["verdicts"][0]["verdict"], "allow");
    assert!(!ours["verdicts"][0]["sentence"].as_str().unwrap().is_empty());
    let events = whole["events"].to_string();
    for part in [
        "soy Zaragoza, de la calle Secreta 77",
        "P-SECRETA",
        ids[0].as_str(),
    ] {
        assert!(events.contains(part), "{part}: {events}");
    }
    assert_eq!(
        whole["purchases"][0]["reference"], "P-SECRETA",
        "{}",
        whole["purchases"]
    );
    assert_eq!(whole["orders"][0]["reference"], "P-SECRETA");
    assert_eq!(whole["cart"]["reference"], "C-SECRETA");
    assert_eq!(whole["handovers"][0]["note"], "Zaragoza pide una persona");
    assert_eq!(whole["block_list"], "promotional");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("diego.json");
    let (cli, out) = (target(&env), file.clone());
    verb(move || async move { verbs::export(SHOP, Some(&out), cli).await }).await;
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written, whole, "the file is the answer");

    let contact = whole["contact"]["id"].as_str().unwrap();
    let log = api.get("/v1/audit?limit=5").await.unwrap();
    let rows = log["items"].as_array().unwrap();
    let look = rows
        .iter()
        .find(|r| r["operation"] == "GET /v1/contacts/{who}/export");
    assert_eq!(
        look.unwrap_or_else(|| panic!("{log}"))["targets"],
        json!([contact])
    );
    let path = format!("/v1/contacts/{contact}/export");
    let other = env.lua().api.get(&path).await;
    assert!(other.is_err(), "another tenant's person");
    env.end().await;
}
