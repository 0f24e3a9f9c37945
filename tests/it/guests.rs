//! Guests of every manner through the whole corridor: what they are told, what comes of what they
//! answer, and the neighbours served as before.

use portero::client::Body;
use portero_domain::clock::Millis;
use portero_sandbox::breaker::FIRST_PAUSE;
use serde_json::{Value, json};

use crate::campaigns;
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[
    test!(guests::what_is_no_plugin_is_refused_with_its_reason),
    test!(guests::components_that_attack_the_engine_end_their_own_call),
    test!(guests::whatever_a_guest_does_its_neighbours_are_served),
    test!(guests::a_template_that_was_not_declared_is_denied_with_its_reason),
    test!(guests::a_guest_is_told_what_was_granted_and_nothing_else),
    test!(guests::one_bad_action_falls_alone),
    test!(guests::a_call_over_its_quota_does_nothing_and_is_seen),
    test!(guests::a_failure_is_said_to_be_handed_over_only_when_it_is),
    test!(guests::a_verdict_brings_back_what_the_plugin_calls_its_message),
    test!(guests::a_preview_says_what_the_judgement_says),
    test!(guests::a_manifest_bounds_what_one_person_gets_in_a_day),
    test!(guests::settings_are_checked_against_the_plugins_schema),
    test!(guests::a_plugin_that_is_not_asked_keeps_its_chance_to_come_back),
    test!(guests::an_answer_reaches_the_plugin_with_its_campaign),
];

const GUEST: &str = "test.portero.hostile";
/// Somebody of Tienda Sol whose conversation nobody owns yet.
const SOMEBODY: usize = 3;

/// Installs the misbehaving guest for Tienda Sol, before the shop's own bot.
async fn install(env: &Env) {
    let component = std::fs::read(env!("PORTERO_GUEST_HOSTILE")).expect("the guest");
    let permissions = [
        "log",
        "config",
        "kv",
        "gate.preview",
        "contacts.read",
        "contacts.write",
        "metric",
        "send.session",
        "send.template.marketing",
        "consent.request",
    ];
    let how = json!({ "config": {}, "position": -1, "grants": {
        "permissions": permissions, "contact_fields": ["size", "tags"], "templates": ["carrito_*", "order_*"] } });
    put(env, component, &how).await.expect("installed");
}

async fn put(env: &Env, component: Vec<u8>, how: &Value) -> Result<Value, String> {
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let sent = env
        .sol()
        .api
        .send(reqwest::Method::POST, &path, Some(Body::Bytes(component)));
    let answer = sent.await.map_err(|e| format!("{e:?} {e}"));
    env.settle().await;
    answer
}

async fn installed(env: &Env) -> Value {
    let all = env.sol().api.get("/v1/plugins").await.expect("plugins");
    let all = all.as_array().expect("a list");
    let found = all.iter().find(|p| p["plugin"] == GUEST);
    found.expect("installed").clone()
}

/// The newest message to somebody of Tienda Sol, with its text.
async fn newest(env: &Env, who: usize) -> (Value, String) {
    let newest = env.messages(env.sol(), who).await[0].clone();
    let text = newest["content"]["body"].as_str().unwrap_or_default();
    let text = text.to_owned();
    (newest, text)
}

/// The newest event of a kind of Tienda Sol.
async fn event(env: &Env, kind: &str) -> Value {
    let page = env
        .sol()
        .api
        .get("/v1/inbox?limit=200")
        .await
        .expect("events");
    let all = page["items"].as_array().expect("a list");
    let found = all.iter().find(|e| e["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}: {page}")).clone()
}

async fn give_back(env: &Env, who: usize) {
    let key = env.sol().shop.people[who].key();
    let path = format!("/v1/contacts/{key}/give-back");
    env.sol()
        .api
        .post(&path, json!({}))
        .await
        .expect("given back");
}

async fn conversation(env: &Env, who: usize) -> Value {
    env.contact(env.sol(), who).await["conversations"][0].clone()
}

/// Somebody of the other shop is answered.
async fn the_neighbour_is_served(env: &Env) {
    env.jump(Millis::secs(60)).await;
    let before = env.messages(env.lua(), 0).await.len();
    env.says(env.lua(), 0, "oi").await;
    let after = env.messages(env.lua(), 0).await;
    assert!(after.len() > before);
    assert_eq!(after[0]["state"], "sent", "{}", after[0]);
}

pub(crate) async fn whatever_a_guest_does_its_neighbours_are_served(env: Env) {
    install(&env).await;
    let ends = [
        ("infinite-loop", "out-of-fuel"),
        ("memory-bomb", "out-of-memory"),
        ("panic", "trap"),
        ("healthy", ""),
        ("giant-text", "host-limit"),
        ("giant-list", "host-limit"),
        ("log-flood", "host-limit"),
        ("host-call-flood", "host-limit"),
        // A good call between them: five bad ones in a row shut it out.
        ("healthy", ""),
        ("100000-actions", "host-limit"),
        ("bad-utf8", "invalid-output"),
        ("kv-write-then-fail", "plugin-error"),
        ("kv-write-then-trap", "trap"),
        ("deep-recursion", "trap"),
    ];
    for (deed, end) in ends {
        env.says(env.sol(), SOMEBODY, deed).await;
        let now = conversation(&env, SOMEBODY).await;
        if end.is_empty() {
            assert_eq!(now["owner"], "bot", "{deed}: {now}");
            assert_eq!(newest(&env, SOMEBODY).await.1, "hola");
        } else {
            assert_eq!(now["owner"], "human", "{deed}: {now}");
            let why = now["handed_over"][1].as_str().unwrap_or_default();
            assert!(why.ends_with(end), "{deed}: {why}");
            give_back(&env, SOMEBODY).await;
        }
        let last = event(&env, "message").await;
        assert_eq!(last["state"], "done", "{last}");
        assert_eq!(last["attempts"], 1, "nothing is tried again: {last}");
        the_neighbour_is_served(&env).await;
    }
    env.end().await;
}

/// A component of `tests/hostile/wat`, with a manifest.
fn component(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile/wat");
    let file = wat::parse_file(folder.join(format!("{name}.wat"))).expect("a component");
    let manifest = format!(
        "id = \"test.portero.{}\"\nversion = \"0.1.0\"\nkind = \"replies\"\nwit = \"0.1\"\n\
         [subscribe]\nmessages = true\n",
        name.replace('_', "-")
    );
    portero_sandbox::embed_manifest(&file, &manifest)
}

pub(crate) async fn what_is_no_plugin_is_refused_with_its_reason(env: Env) {
    let before = env.sol().api.get("/v1/plugins").await.expect("plugins");
    let how = json!({ "config": {}, "position": -1 });
    for (name, bytes, reason) in [
        ("elf", b"\x7fELF\x02\x01\x01\0".to_vec(), "ELF"),
        ("33 megabytes", vec![0; 33 << 20], "at most 33554432"),
        ("core module", component("core_module"), "a core module"),
        ("sockets", component("sockets_import"), "wasi:sockets"),
        (
            "wrong world",
            component("wrong_world"),
            "expected an export",
        ),
        ("wrong type", component("wrong_type"), "type"),
    ] {
        let answer = put(&env, bytes, &how).await;
        let told = answer.expect_err(name);
        assert!(told.contains(reason), "{name}: {told}");
        the_neighbour_is_served(&env).await;
    }
    let after = env.sol().api.get("/v1/plugins").await.expect("plugins");
    assert_eq!(after, before, "nothing of them is kept");
    env.end().await;
}

pub(crate) async fn components_that_attack_the_engine_end_their_own_call(env: Env) {
    // Whoever came last is asked first.
    for (name, end, position) in [
        ("loop_in_start", "out-of-fuel", -1),
        ("table_growth", "host-limit", -2),
        ("memory_bomb", "out-of-memory", -3),
    ] {
        let how = json!({ "config": {}, "position": position });
        put(&env, component(name), &how).await.expect(name);
        env.says(env.sol(), SOMEBODY, "anything").await;
        let now = conversation(&env, SOMEBODY).await;
        let why = now["handed_over"][1].as_str().unwrap_or_default();
        assert!(why.ends_with(end), "{name}: {now}");
        give_back(&env, SOMEBODY).await;
        the_neighbour_is_served(&env).await;
    }
    env.end().await;
}

pub(crate) async fn a_template_that_was_not_declared_is_denied_with_its_reason(env: Env) {
    install(&env).await;
    for (deed, needs, holds) in [
        (
            "undeclared-template",
            "template black_friday",
            "carrito_*, order_*",
        ),
        ("wrong-category", "category marketing", "utility"),
    ] {
        env.says(env.sol(), SOMEBODY, deed).await;
        let (message, _) = newest(&env, SOMEBODY).await;
        assert_eq!(
            (&message["state"], &message["rule"]),
            (&json!("denied"), &json!("plugin.capability"))
        );
        let path = format!("/v1/verdicts/{}", message["verdict"].as_str().unwrap());
        let verdict = env.sol().api.get(&path).await.unwrap();
        let told = verdict["findings"]["en"][0]["sentence"].as_str().unwrap();
        assert!(told.contains(needs) && told.contains(holds), "{told}");
        the_neighbour_is_served(&env).await;
    }
    env.end().await;
}

pub(crate) async fn a_guest_is_told_what_was_granted_and_nothing_else(env: Env) {
    install(&env).await;
    env.says(env.sol(), SOMEBODY, "mark").await;
    let person = env.contact(env.sol(), SOMEBODY).await;
    assert_eq!(
        person["attributes"],
        json!({ "iban": "XX00", "size": "M" }),
        "{person}"
    );
    assert_eq!(person["tags"], json!(["vip"]));
    env.says(env.sol(), SOMEBODY, "what-am-i-told").await;
    // `name` was not granted, `tags` not asked for, `iban` neither.
    let (message, told) = newest(&env, SOMEBODY).await;
    assert_eq!(
        told, "name:- attributes:size=M tags: bots:0 campaign:-",
        "{message}"
    );
    // What a bot said after the person wrote counts, as the gate counts it; here the first answer has
    // the very instant of the message.
    for (id, bots) in [("told-1", 0), ("told-2", 1), ("told-3", 2)] {
        env.jump(Millis::minutes(2)).await;
        env.event(env.sol(), SOMEBODY, id, "deed.told", json!({}))
            .await;
        let (message, told) = newest(&env, SOMEBODY).await;
        let expected = format!("name:- attributes:size=M tags: bots:{bots} campaign:-");
        assert_eq!(told, expected, "{message}");
    }
    env.end().await;
}

pub(crate) async fn one_bad_action_falls_alone(env: Env) {
    install(&env).await;
    env.says(env.sol(), SOMEBODY, "out-of-bounds").await;
    let (message, text) = newest(&env, SOMEBODY).await;
    assert_eq!(
        (text.as_str(), &message["state"]),
        ("still here", &json!("sent")),
        "{message}"
    );
    assert_eq!(
        env.contact(env.sol(), SOMEBODY).await["tags"],
        json!(["kept"])
    );
    let last = event(&env, "message").await;
    let told = last["interpretation"].as_str().unwrap();
    for index in 0..9 {
        assert!(
            told.contains(&format!("action {index} refused: ")),
            "{told}"
        );
    }
    assert!(
        told.contains("the tag has 5000 bytes; at most 64"),
        "{told}"
    );
    assert!(told.contains("at most 90 days ahead"), "{told}");
    assert_eq!(
        (&last["state"], &last["attempts"]),
        (&json!("done"), &json!(1))
    );

    // What one database cannot keep is the same on the other.
    env.jump(Millis::minutes(1)).await;
    env.says(env.sol(), SOMEBODY, "zero-bytes").await;
    let last = event(&env, "message").await;
    assert_eq!(
        (&last["state"], &last["attempts"]),
        (&json!("done"), &json!(1)),
        "{last}"
    );
    let told = last["interpretation"].as_str().unwrap();
    assert!(
        told.contains("action 0 refused: the tag holds a zero byte"),
        "{told}"
    );
    assert!(
        told.contains("action 1 refused: the attribute value"),
        "{told}"
    );
    env.end().await;
}

pub(crate) async fn a_call_over_its_quota_does_nothing_and_is_seen(env: Env) {
    install(&env).await;
    env.says(env.sol(), SOMEBODY, "fill-kv").await;
    let (_, text) = newest(&env, SOMEBODY).await;
    assert_eq!(text, "filled");
    let told = env.messages(env.sol(), SOMEBODY).await.len();
    env.jump(Millis::minutes(1)).await;
    env.says(env.sol(), SOMEBODY, "fill-kv").await;
    assert_eq!(
        env.messages(env.sol(), SOMEBODY).await.len(),
        told,
        "nothing was proposed"
    );
    let now = conversation(&env, SOMEBODY).await;
    let why = now["handed_over"][1].as_str().unwrap_or_default();
    assert!(why.contains("over-quota"), "{now}");
    assert_eq!(
        installed(&env).await["failures_in_row"],
        1,
        "it counts as a failure"
    );
    // What it kept before is still there, and whoever writes little goes on.
    give_back(&env, SOMEBODY).await;
    env.jump(Millis::minutes(1)).await;
    env.says(env.sol(), SOMEBODY, "healthy").await;
    assert_eq!(newest(&env, SOMEBODY).await.1, "hola");
    env.end().await;
}

pub(crate) async fn a_failure_is_said_to_be_handed_over_only_when_it_is(env: Env) {
    install(&env).await;
    env.event(env.sol(), SOMEBODY, "fail-1", "deed.fail", json!({}))
        .await;
    let last = event(&env, "business").await;
    assert_eq!(
        last["interpretation"],
        format!("plugin {GUEST}: trap"),
        "{last}"
    );
    let waiting = env.sol().api.get("/v1/handovers").await;
    let now = env.contact(env.sol(), SOMEBODY).await;
    assert!(!now.to_string().contains("\"human\""), "{now} {waiting:?}");
    env.says(env.sol(), SOMEBODY, "panic").await;
    let last = event(&env, "message").await;
    assert_eq!(
        last["interpretation"],
        format!("plugin {GUEST}: trap; handed to a person"),
        "{last}"
    );
    env.end().await;
}

pub(crate) async fn a_preview_says_what_the_judgement_says(env: Env) {
    install(&env).await;
    let key = env.sol().shop.people[SOMEBODY].key();
    let left = json!({ "event": "revoked", "evidence": "call, 23 November" });
    let path = format!("/v1/contacts/{key}/consent");
    env.sol().api.post(&path, left).await.unwrap();
    env.jump(Millis::minutes(1)).await;
    // To who left, only a direct answer may go; a preview knows that it would be one.
    env.says(env.sol(), SOMEBODY, "preview").await;
    let (message, text) = newest(&env, SOMEBODY).await;
    assert_eq!(
        (text.as_str(), &message["state"]),
        ("Allow ", &json!("sent")),
        "{message}"
    );
    env.end().await;
}

pub(crate) async fn a_manifest_bounds_what_one_person_gets_in_a_day(env: Env) {
    install(&env).await;
    for n in 0..8 {
        env.says(env.sol(), SOMEBODY, "healthy").await;
        let (message, _) = newest(&env, SOMEBODY).await;
        let expected = if n < 6 { "sent" } else { "denied" };
        assert_eq!(message["state"], expected, "{n}: {message}");
        if n >= 6 {
            assert_eq!(message["rule"], "plugin.budget", "{message}");
        }
        env.jump(Millis::minutes(5)).await;
    }
    env.jump(Millis::hours(24)).await;
    env.says(env.sol(), SOMEBODY, "healthy").await;
    assert_eq!(newest(&env, SOMEBODY).await.0["state"], "sent");
    env.end().await;
}

pub(crate) async fn settings_are_checked_against_the_plugins_schema(env: Env) {
    let component = portero::guest::CART_RECOVERY;
    for (config, told) in [
        (
            json!({ "delay_minutes": 4 }),
            "config.delay_minutes: 4 is too small; at least 5",
        ),
        (
            json!({ "dealy_minutes": 60 }),
            "config.dealy_minutes: no such setting",
        ),
        (
            json!({ "languages": ["es", "fr"] }),
            "config.languages[1]: not one of",
        ),
        (json!("none"), "config: settings are a JSON object"),
    ] {
        let how = json!({ "config": config });
        let refused = put(&env, component.to_vec(), &how).await.unwrap_err();
        assert!(refused.contains(told), "{refused}");
    }
    let plugins = env.sol().api.get("/v1/plugins").await.unwrap();
    assert!(
        !plugins.to_string().contains("cart-recovery"),
        "nothing was installed"
    );
    put(&env, component.to_vec(), &json!({})).await.unwrap();
    env.end().await;
}

pub(crate) async fn a_plugin_that_is_not_asked_keeps_its_chance_to_come_back(env: Env) {
    install(&env).await;
    for _ in 0..5 {
        env.says(env.sol(), SOMEBODY, "panic").await;
        give_back(&env, SOMEBODY).await;
    }
    assert_eq!(installed(&env).await["failures_in_row"], 5);
    assert!(installed(&env).await["paused_until"].is_string());
    // While it is paused the next plugin in the operator's order is asked.
    env.says(env.sol(), 0, "hola").await;
    assert_ne!(newest(&env, 0).await.1, "hola", "the shop's bot answers");
    env.rest(FIRST_PAUSE).await;
    // Its chance has come; somebody writes whose conversation is the shop's bot's: it is not asked.
    for _ in 0..3 {
        env.says(env.sol(), 0, "hola").await;
    }
    // The first that is asked of it is its probe, and closes its breaker.
    env.says(env.sol(), 4, "healthy").await;
    assert_eq!(newest(&env, 4).await.1, "hola");
    let after = installed(&env).await;
    assert_eq!(
        (&after["failures_in_row"], &after["paused_until"]),
        (&json!(0), &Value::Null),
        "{after}"
    );
    env.end().await;
}

pub(crate) async fn an_answer_reaches_the_plugin_with_its_campaign(env: Env) {
    install(&env).await;
    env.says(env.sol(), SOMEBODY, "what-am-i-told").await;
    assert!(
        newest(&env, SOMEBODY).await.1.ends_with("campaign:-"),
        "no campaign yet"
    );
    assert_eq!(event(&env, "message").await["campaign"], Value::Null);
    let key = env.sol().shop.people[SOMEBODY].key().to_owned();
    let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "promise": { "max": 9, "per": "week" }, "evidence": "form 8" });
    let path = format!("/v1/contacts/{key}/consent");
    env.sol().api.post(&path, consent).await.unwrap();
    let body = json!({
        "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
        "why": "agreed to offers", "audience": { "who": "all" },
    });
    let (id, _) = campaigns::launch(&env, &body).await;
    campaigns::until(&env, &id, "done").await;
    // Nothing is quoted, nothing tapped.
    env.says(env.sol(), SOMEBODY, "what-am-i-told").await;
    let (message, told) = newest(&env, SOMEBODY).await;
    assert!(told.ends_with(&format!("campaign:{id}")), "{message}");
    assert_eq!(event(&env, "message").await["campaign"], id);
    // As long as the figures count it as its answer.
    env.jump(Millis::hours(71)).await;
    env.says(env.sol(), SOMEBODY, "what-am-i-told").await;
    assert!(newest(&env, SOMEBODY).await.1.contains(&id));
    env.jump(Millis::hours(2)).await;
    env.says(env.sol(), SOMEBODY, "what-am-i-told").await;
    assert!(newest(&env, SOMEBODY).await.1.ends_with("campaign:-"));
    assert_eq!(event(&env, "message").await["campaign"], Value::Null);
    env.end().await;
}

pub(crate) async fn a_verdict_brings_back_what_the_plugin_calls_its_message(env: Env) {
    install(&env).await;
    env.says(env.sol(), SOMEBODY, "two-refused").await;
    env.settle().await;
    let mut told: Vec<String> = env
        .messages(env.sol(), SOMEBODY)
        .await
        .iter()
        .filter_map(|m| Some(m["content"]["body"].as_str()?.to_owned()))
        .filter(|text| text.starts_with("no "))
        .collect();
    told.sort();
    let rule = "plugin.capability";
    assert_eq!(
        told,
        [
            format!("no the hat: {rule}"),
            format!("no the shoes: {rule}")
        ]
    );
    env.says(env.sol(), SOMEBODY, "key-too-long").await;
    let last = event(&env, "message").await;
    let said = last.to_string();
    assert!(
        said.contains("action 0 refused: the key has 65 bytes; at most 64"),
        "{said}"
    );
    env.end().await;
}
