//! Terms of a tenant through the doors: set within bounds, looked at beforehand, applied to the millisecond.

use std::process::ExitCode;

use portero::cli::RetentionCommand;
use portero::commands::retention as verbs;
use portero_domain::clock::{Clock as _, Millis, Ts};
use portero_domain::ids::TenantId;
use portero_flow::desk::backup;
use portero_store::model::Part;
use serde_json::{Value, json};

use crate::erasure::{everything, holding, target, verb};
use crate::harness::{self, Env, ruled};
use crate::rules::{agreed, offer, to};

pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(retention::words_go_at_the_end_of_their_term_and_figures_stay),
    harness::test!(retention::terms_are_set_within_bounds_by_who_may_and_per_tenant),
    harness::test!(retention::rules_that_count_decide_the_same_without_the_words),
];

/// Sets terms, then lets the host go on until nothing of the shop is past them: its loop does the same, a
/// bite at a time.
pub(crate) async fn swept(env: &Env, own: &Value) {
    let api = &env.sol().api;
    // Setting terms begins a round.
    api.put("/v1/retention", own.clone()).await.unwrap();
    for _ in 0..200 {
        portero_flow::retention::step(&env.stage.host.ctx)
            .await
            .unwrap();
        let left = api.get("/v1/retention/preview").await.unwrap();
        if left["rows"] == 0 {
            return;
        }
    }
    panic!("it does not end");
}

fn of_kind<'a>(answer: &'a Value, kind: &str) -> &'a Value {
    let all = answer["kinds"].as_array().expect("kinds");
    let found = all.iter().find(|k| k["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}: {answer}"))
}

async fn chain_holds(env: &Env) {
    let sol: TenantId = env.sol().id.parse().unwrap();
    let mut tx = env.stage.host.ctx.store.read().await.unwrap();
    let report = tx.tenant(sol).verify_chain().await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert!(report.seals > 2, "{report:?}");
}

pub(crate) async fn words_go_at_the_end_of_their_term_and_figures_stay(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    env.says(sol, 0, "hola, soy Pimpinela").await;
    env.says(lua, 0, "hola, soy Peonia").await;
    let told = json!({ "purpose": "reply", "content": { "type": "text", "body": "Hola Pimpinela, abrimos a las 9" } });
    let sent = env.propose(sol, 0, "pimpinela", told.clone()).await;
    assert_eq!(ruled(&sent).0, "allow", "{sent}");
    let person = format!("/v1/contacts/{}", sol.shop.people[0].key());
    let note = json!({ "reason": "Pimpinela quiere hablar con alguien" });
    sol.api
        .post(&format!("{person}/hand-over"), note)
        .await
        .unwrap();
    env.settle().await;
    let said: Ts = env.stage.clock.now();
    let before = everything(&env).await;
    let tables = |all: &[String], word: &str| -> Vec<String> {
        let rows = holding(all, word).into_iter();
        let mut tables: Vec<String> = rows
            .filter_map(|row| row.split(':').next().map(str::to_owned))
            .collect();
        tables.dedup();
        tables
    };
    // The reason of a hand-over that is open is what the conversation stands at: it stays as long.
    let everywhere = [
        "conversations",
        "deliveries",
        "handover_events",
        "inbox",
        "outbox",
    ];
    assert_eq!(tables(&before, "Pimpinela"), everywhere);
    let lunas = holding(&before, "Peonia").len();
    assert!(lunas >= 2);

    // At the term itself everything is there.
    let own = json!({ "messages": 30, "events": 30 });
    let days = Millis::days(30);
    env.jump(days).await;
    assert_eq!(env.stage.clock.now().since(said), days.0);
    swept(&env, &own).await;
    let still = everything(&env).await;
    assert_eq!(tables(&still, "Pimpinela"), everywhere);
    chain_holds(&env).await;
    let account = sol.api.get("/v1/account").await.unwrap();

    // What is looked at is what goes, a millisecond later.
    env.jump(Millis(1)).await;
    swept(&env, &own).await;
    let after = everything(&env).await;
    assert_eq!(tables(&after, "Pimpinela"), ["conversations"]);
    assert_eq!(
        holding(&after, "Peonia").len(),
        lunas,
        "another shop's stay"
    );
    assert_eq!(sol.api.get("/v1/account").await.unwrap(), account);
    chain_holds(&env).await;
    let shown = sol.api.get("/v1/retention").await.unwrap();
    let messages = of_kind(&shown, "messages");
    assert!(messages["gone"].as_u64().unwrap() >= 3, "{messages}");
    assert_eq!(
        (&messages["own"], &messages["days"]),
        (&json!(true), &json!(30))
    );
    assert!(messages["last_at"].is_string());
    let lunas_own = lua.api.get("/v1/retention").await.unwrap();
    assert_eq!(of_kind(&lunas_own, "messages")["gone"], 0);
    let metrics = env.http.get(format!("{}/metrics", env.stage.host.url));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    let line = metrics
        .lines()
        .find(|l| l.starts_with("portero_retention_rows_total{kind=\"messages\"}"));
    let count = line.and_then(|l| l.rsplit(' ').next()?.parse::<u64>().ok());
    assert!(count.is_some_and(|n| n >= 3), "{metrics}");

    // Everything that shows messages goes on showing that there were some.
    let message = sent["message"]["id"].as_str().unwrap();
    let now = env.now(sol, &sent).await;
    assert_eq!(
        (&now["content_gone"], &now["state"]),
        (&json!(true), &sent_state(&now))
    );
    let why = sol.api.get(&format!("/v1/why/{message}")).await.unwrap();
    assert_eq!(why["messages"][0]["message"]["id"], message, "{why}");
    let verdict = now["verdict"].as_str().unwrap();
    let again = sol
        .api
        .post(&format!("/v1/verdicts/{verdict}/rejudge"), json!({}))
        .await;
    let again = again.unwrap_err().to_string();
    assert!(again.contains("not kept any more"), "{again}");
    let path = format!("/v1/conversations/{}", sol.shop.people[0].key());
    let conversation = sol.api.get(&path).await.unwrap();
    let lines = conversation["lines"].as_array().unwrap();
    assert!(lines.len() >= 2, "{conversation}");
    assert!(
        lines.iter().all(|l| l["text"] == "[no longer kept]"),
        "{conversation}"
    );
    let tenant: TenantId = sol.id.parse().unwrap();
    let ctx = &env.stage.host.ctx;
    let key = sol.shop.people[0].key();
    let line = portero_flow::desk::person::timeline(ctx, tenant, key, 50, None).await;
    let line = serde_json::to_string(&line.unwrap().items).unwrap();
    assert!(line.contains("[no longer kept]"), "{line}");
    // A key that was used is used: nothing leaves twice. The same words are answered with the first, others not.
    let again = sol.api.propose("pimpinela", to(key, told)).await.unwrap();
    assert_eq!(again["message"]["id"], sent["message"]["id"], "{again}");
    assert_eq!(again["verdict"]["id"], sent["verdict"]["id"], "{again}");
    let other = json!({ "purpose": "reply", "content": { "type": "text", "body": "otra cosa" } });
    let refused = sol.api.propose("pimpinela", to(key, other)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("used before"), "{refused}");

    // It can be saved, and the person erased.
    let mut file = Vec::new();
    let mut tx = ctx.store.read().await.unwrap();
    let saved = backup::write(&mut tx, &mut file, "test", ctx.now(), |_| {}).await;
    assert!(saved.unwrap().manifest.rows > 10);
    drop(tx);
    let erased = sol
        .api
        .post(&format!("{person}/erase"), json!({ "reason": "request" }))
        .await;
    assert_eq!(erased.unwrap()["erased"], true);
    chain_holds(&env).await;
    env.end().await;
}

fn sent_state(message: &Value) -> Value {
    assert!(message["content"]["body"] == "", "{message}");
    json!("sent")
}

pub(crate) async fn terms_are_set_within_bounds_by_who_may_and_per_tenant(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    let first = sol.api.get("/v1/retention").await.unwrap();
    assert_eq!(first["kinds"].as_array().unwrap().len(), 10);
    for (kind, days) in [
        ("messages", 730),
        ("events", 180),
        ("audit", 730),
        ("proofs", 1826),
    ] {
        let one = of_kind(&first, kind);
        assert_eq!(
            (&one["days"], &one["own"]),
            (&json!(days), &json!(false)),
            "{one}"
        );
    }
    for (body, said) in [
        (
            json!({ "messages": 29, "events": 30 }),
            "it may be 30 to 36500",
        ),
        (json!({ "messages": 90 }), "they cannot be kept longer"),
        (json!({ "proofs": 1825 }), "it may be 1826 to"),
        (json!({ "proofs": 3000 }), "cannot be kept shorter"),
        (json!({ "audit": 364 }), "365 to 730"),
        (json!({ "audit": 731 }), "365 to 730"),
        (json!({ "notices": 31 }), "7 to 30"),
        (json!({ "mesages": 90 }), "there are messages, events"),
    ] {
        let refused = sol
            .api
            .put("/v1/retention", body.clone())
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(said), "{body}: {refused}");
    }
    assert_eq!(sol.api.get("/v1/retention").await.unwrap(), first);

    // As if: nothing is set, nothing goes.
    env.says(sol, 0, "hola").await;
    env.jump(Millis::days(40)).await;
    let now = sol.api.get("/v1/retention/preview").await.unwrap();
    assert_eq!(of_kind(&now, "messages")["rows"], 0, "{now}");
    let as_if = sol
        .api
        .get("/v1/retention/preview?messages=30&events=30")
        .await
        .unwrap();
    let words = of_kind(&as_if, "messages");
    assert!(words["rows"].as_u64().unwrap() >= 2, "{words}");
    assert!(words["oldest"].is_string() && !words["stays"].as_str().unwrap().is_empty());
    let refused = sol.api.get("/v1/retention/preview?messages=1").await;
    assert!(refused.is_err());
    // (Recorded calls of plugins went meanwhile: their own term is a week.)
    let others = |view: &Value| -> Vec<Value> {
        let kinds = view["kinds"].as_array().unwrap().iter();
        let others = kinds.filter(|k| k["kind"] != "plugin_journal");
        others.cloned().collect()
    };
    let now = sol.api.get("/v1/retention").await.unwrap();
    assert_eq!(of_kind(&now, "plugin_journal")["days"], 7, "{now}");
    assert_eq!(others(&now), others(&first));

    // The command line: some are set, the others stay; and back to the host's.
    let cli = || target(&env);
    let set = |terms: &[&str]| RetentionCommand::Set {
        terms: terms.iter().map(|t| (*t).to_owned()).collect(),
        reason: Some("la abogada: un año & algo".to_owned()),
        target: cli(),
    };
    let run = |command: RetentionCommand| {
        verb(move || async move { verbs::run(command).await.map(|_| ExitCode::SUCCESS) })
    };
    run(set(&["messages=400", "plugin_logs=14"])).await;
    run(set(&["events=60"])).await;
    run(RetentionCommand::Show(cli())).await;
    run(RetentionCommand::Preview {
        terms: vec!["messages=300".to_owned()],
        target: cli(),
    })
    .await;
    let shown = sol.api.get("/v1/retention").await.unwrap();
    let newest = &shown["changes"][0];
    assert_eq!(newest["reason"], "la abogada: un año & algo", "{shown}");
    let own = json!({ "messages": 400, "plugin_logs": 14, "events": 60 });
    assert_eq!(newest["own"], own, "{shown}");
    for (kind, days) in [("messages", 400), ("plugin_logs", 14), ("events", 60)] {
        assert_eq!(of_kind(&shown, kind)["days"], days, "{shown}");
    }
    run(set(&["messages=host", "plugin_logs=host", "events=host"])).await;
    let back = sol.api.get("/v1/retention").await.unwrap();
    assert!(
        back["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .all(|k| k["own"] == false),
        "{back}"
    );
    let lunas = lua.api.get("/v1/retention").await.unwrap();
    assert!(
        lunas["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .all(|k| k["own"] == false)
    );
    env.end().await;
}

pub(crate) async fn rules_that_count_decide_the_same_without_the_words(env: Env) {
    let sol = env.sol();
    let who = agreed(&env, 40).await;
    let one = sol.api.propose("one", to(&who, offer())).await.unwrap();
    assert_eq!(ruled(&one).0, "allow", "{one}");
    env.settle().await;
    let two = sol.api.propose("two", to(&who, offer())).await.unwrap();
    assert!(ruled(&two).1.starts_with("frequency."), "{two}");
    let findings = |answer: &Value| {
        let all = answer["verdict"]["findings"]["en"].as_array().unwrap();
        let mut rules: Vec<String> = all
            .iter()
            .map(|f| f["rule"].as_str().unwrap().to_owned())
            .collect();
        rules.sort();
        rules
    };
    // However short a term were: everything said so far goes.
    let ctx = &env.stage.host.ctx;
    let tenant: TenantId = sol.id.parse().unwrap();
    let cutoff = ctx.now().plus_ms(1);
    let mut gone = 0;
    for part in [Part::Written, Part::Heard, Part::Notes, Part::Events] {
        let mut tx = ctx.store.write().await.unwrap();
        let done = tx
            .system()
            .let_go(Some(tenant), part, cutoff, cutoff, 10_000)
            .await;
        gone += done.unwrap().unwrap().rows;
        tx.commit().await.unwrap();
    }
    assert!(gone > 0);
    let three = sol.api.propose("three", to(&who, offer())).await.unwrap();
    assert_eq!(ruled(&three), ruled(&two), "{three}");
    assert_eq!(findings(&three), findings(&two));
    env.end().await;
}
