//! People by the API: found by whatever is known, their line of time, and the ledger of consent, page by page.

use std::collections::BTreeSet;
use std::process::ExitCode;

use portero::client::Api;
use portero::commands::plugin::encode;
use portero_domain::clock::Millis;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::erasure::{target, verb};
use crate::harness::{Env, Test, test};
use crate::rules::{granted, newcomer};

pub(crate) const TESTS: &[Test] = &[
    test!(people_doors::somebody_is_found_by_the_api),
    test!(people_doors::a_line_of_time_is_read_page_by_page),
    test!(people_doors::the_ledger_is_read_page_by_page),
    test!(people_doors::a_row_that_somebody_changed_breaks_the_chain),
    test!(people_doors::the_library_of_wordings_is_read),
];

/// Every row of a list, by its cursors, and how many pages that took.
pub(crate) async fn walk(api: &Api, path: &str, query: &str, limit: usize) -> (Vec<Value>, usize) {
    let (mut rows, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let address = format!("{path}?limit={limit}{query}{after}");
        let page = api.get(&address).await.expect("a page");
        let items = page["items"].as_array().expect("rows");
        assert!(items.len() <= limit, "{page}");
        rows.extend(items.iter().cloned());
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => after = format!("&after={}", encode(next)),
            None => return (rows, pages),
        }
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    let id = |row: &Value| row["id"].as_str().expect("an id").to_owned();
    rows.iter().map(id).collect()
}

pub(crate) async fn somebody_is_found_by_the_api(env: Env) {
    let sol = env.sol();
    let mut made = Vec::new();
    for (address, name) in [
        ("+5511987654321", "Conceição da Silva"),
        ("+5215512345678", "José Ángel Muñoz"),
        ("+5491123456789", "Ana 100% real"),
    ] {
        let body = json!({ "address": address, "name": name });
        let person = sol.api.put("/v1/contacts", body).await.unwrap();
        made.push(person["id"].as_str().unwrap().to_owned());
    }
    for (q, who) in [
        ("551187654321", 0),
        ("+55 (11) 98765-4321", 0),
        ("525512345678", 1),
        ("541123456789", 2),
        ("conceicao", 0),
        ("JOSE ANGEL", 1),
        ("100%", 2),
        (made[1].as_str(), 1),
    ] {
        let path = format!("/v1/contacts?q={}", encode(q));
        let found = sol.api.get(&path).await.unwrap();
        let items = found["items"].as_array().unwrap();
        assert_eq!(ids(items), [made[who].clone()], "{q}");
        // Shown as the list and the person's own address show them.
        let alone = format!("/v1/contacts/{}", made[who]);
        assert_eq!(items[0], sol.api.get(&alone).await.unwrap(), "{q}");
        let theirs = env.lua().api.get(&path).await.unwrap();
        assert_eq!(theirs["items"], json!([]), "{q}: another shop's people");
    }
    for n in 0..5 {
        let body = json!({ "address": format!("57300559{n:04}"), "name": format!("Repetida {n}") });
        sol.api.put("/v1/contacts", body).await.unwrap();
    }
    let (found, pages) = walk(&sol.api, "/v1/contacts", "&q=repetida", 2).await;
    let names: BTreeSet<&str> = found.iter().filter_map(|p| p["name"].as_str()).collect();
    assert_eq!((names.len(), found.len(), pages), (5, 5, 3));
    // Without words it is the list of everybody.
    let all = sol.api.get("/v1/contacts?limit=200").await.unwrap();
    let same = sol.api.get("/v1/contacts?limit=200&q=%20").await.unwrap();
    assert_eq!(all, same);
    let nobody = sol.api.get("/v1/contacts?q=nadie%20asi").await.unwrap();
    assert_eq!(nobody, json!({ "items": [] }));
    let bad = sol.api.get("/v1/contacts?q=a&after=x").await.unwrap_err();
    assert!(bad.to_string().contains("after"), "{bad}");
    // The look is written down, the words are not.
    let log = env.world.operator.get("/v1/audit?limit=200").await.unwrap();
    let looks = log["items"].as_array().unwrap().iter();
    assert!(
        looks
            .filter(|r| r["operation"] == "GET /v1/contacts")
            .count()
            > 0,
        "{log}"
    );
    for words in ["conceicao", "551187654321", "repetida"] {
        assert!(!log.to_string().contains(words), "{words}: {log}");
    }
    env.end().await;
}

pub(crate) async fn a_line_of_time_is_read_page_by_page(env: Env) {
    let sol = env.sol();
    let who = newcomer(&env, 771, "es", Some(granted())).await;
    let content = json!({ "type": "template", "name": "promo_semana", "language": "es" });
    let body =
        json!({ "to": who, "purpose": "promotional", "topic": "ofertas", "content": content });
    sol.api.propose("time-1", body.clone()).await.unwrap();
    env.settle().await;
    env.jump(Millis::secs(300)).await;
    sol.api.propose("time-2", body).await.unwrap();
    env.settle().await;
    let path = format!("/v1/contacts/{who}/timeline");
    let whole = sol.api.get(&path).await.unwrap();
    let items = whole["items"].as_array().unwrap();
    let message = items.iter().find(|i| i["state"] == "sent");
    let message = message.unwrap_or_else(|| panic!("nothing was sent: {whole}"));
    assert_eq!(message["kind"], "message", "{message}");
    assert_eq!(message["result"], "allow", "{message}");
    assert!(message["summary"]["es"].is_string(), "{message}");
    let yes = items.iter().find(|i| i["kind"] == "consent");
    let yes = yes.unwrap_or_else(|| panic!("no consent: {whole}"));
    assert_eq!(yes["event"]["evidence"], "form 11", "{yes}");
    // Page by page it is the same, newest first.
    let (rows, pages) = walk(&sol.api, &path, "", 1).await;
    assert_eq!((&rows, pages), (items, items.len()));
    let when: Vec<&str> = rows.iter().filter_map(|r| r["at"].as_str()).collect();
    assert!(when.is_sorted_by(|a, b| a >= b), "{when:?}");
    // What they wrote is in it, by id too.
    env.says(sol, 0, "quiero la mitad de una torta").await;
    let id = env.contact(sol, 0).await["id"].as_str().unwrap().to_owned();
    let own = format!("/v1/contacts/{id}/timeline");
    let told = sol.api.get(&own).await.unwrap().to_string();
    assert!(told.contains("quiero la mitad de una torta"), "{told}");
    for bad in [
        format!("{own}?after=yesterday"),
        "/v1/contacts/con_0/timeline".to_owned(),
    ] {
        assert!(sol.api.get(&bad).await.is_err(), "{bad}");
    }
    let foreign = env.lua().api.get(&own).await.unwrap_err().to_string();
    assert!(foreign.contains("no contact"), "{foreign}");
    let log = sol.api.get("/v1/audit?limit=200").await.unwrap();
    let looks = log["items"].as_array().unwrap().iter();
    let mut looks = looks.filter(|r| r["operation"] == "GET /v1/contacts/{who}/timeline");
    assert!(
        looks.any(|r| r["targets"].to_string().contains(&id)),
        "{log}"
    );
    env.end().await;
}

pub(crate) async fn the_ledger_is_read_page_by_page(env: Env) {
    let sol = env.sol();
    let mut people = BTreeSet::new();
    for n in 781..784 {
        let who = newcomer(&env, n, "es", Some(granted())).await;
        let person = sol.api.get(&format!("/v1/contacts/{who}")).await.unwrap();
        people.insert(person["id"].as_str().unwrap().to_owned());
    }
    let path = "/v1/consents";
    let query = "&kind=granted&topic=ofertas&source=api";
    let (rows, pages) = walk(&sol.api, path, query, 2).await;
    let whose: BTreeSet<String> = rows
        .iter()
        .map(|r| r["contact"].as_str().unwrap().to_owned())
        .collect();
    assert!(people.is_subset(&whose), "{rows:?}");
    assert!(pages > 1, "one page held everything");
    let mine = rows
        .iter()
        .find(|r| people.contains(r["contact"].as_str().unwrap()));
    let mine = mine.unwrap();
    assert_eq!(mine["event"]["wording"], "ofertas@1", "{mine}");
    assert_eq!(mine["hash"].as_str().map(str::len), Some(64), "{mine}");
    assert!(
        mine["words"].as_str().is_some_and(|w| !w.is_empty()),
        "{mine}"
    );
    let events: BTreeSet<&str> = rows
        .iter()
        .filter_map(|r| r["event"]["id"].as_str())
        .collect();
    assert_eq!(events.len(), rows.len(), "a row came twice");
    for (query, there) in [
        ("&kind=revoked", false),
        ("&topic=pedidos", false),
        ("&source=wa_button", false),
        ("&until=2000-01-01", false),
        ("&since=2000-01-01", true),
    ] {
        let (rows, _) = walk(&sol.api, path, query, 200).await;
        let found = rows.iter().any(|r| r["contact"] == mine["contact"]);
        assert_eq!(found, there, "{query}");
    }
    for (query, field) in [
        ("kind=x", "kind"),
        ("source=x", "source"),
        ("since=x", "since"),
    ] {
        let bad = sol.api.get(&format!("{path}?{query}")).await.unwrap_err();
        assert!(bad.to_string().contains(field), "{query}: {bad}");
    }
    let (theirs, _) = walk(&env.lua().api, path, "", 200).await;
    assert!(
        theirs
            .iter()
            .all(|r| !whose.contains(r["contact"].as_str().unwrap()))
    );
    env.end().await;
}

/// Past the host, as whoever has the database could.
async fn in_the_database(env: &Env, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    if env.database.starts_with("postgres") {
        let mut conn = sqlx::PgConnection::connect(&env.database).await.unwrap();
        sqlx::query(sql).execute(&mut conn).await.unwrap();
    } else {
        let mut conn = sqlx::SqliteConnection::connect(&env.database)
            .await
            .unwrap();
        sqlx::query(sql).execute(&mut conn).await.unwrap();
    }
}

pub(crate) async fn a_row_that_somebody_changed_breaks_the_chain(env: Env) {
    let sol = env.sol();
    let path = "/v1/consents/chain";
    newcomer(&env, 785, "es", Some(granted())).await;
    env.settle().await;
    let before = sol.api.get(path).await.unwrap();
    assert_eq!(before["holds"], true, "{before}");
    assert_eq!(before["faults"], json!([]), "{before}");
    assert!(before["seals"].as_u64() > Some(0), "{before}");
    assert_eq!(before["head"].as_str().map(str::len), Some(64), "{before}");
    let rows = sol.api.get("/v1/consents?kind=granted&limit=200").await;
    let rows = rows.unwrap();
    let sealed = rows["items"].as_array().unwrap().iter();
    let sealed = sealed.clone().find(|r| r["seal"].is_u64());
    let sealed = sealed.unwrap_or_else(|| panic!("nothing is sealed: {rows}"));
    let id = sealed["event"]["id"].as_str().unwrap();
    assert!(sealed["event"]["evidence"].is_string(), "{sealed}");
    let other = format!(
        "update consent_events set event = replace(event, '\"evidence\":\"', '\"evidence\":\"not so: ') \
         where consent_event_id = '{id}'"
    );
    in_the_database(&env, &other).await;
    let after = sol.api.get(path).await.unwrap();
    assert_eq!(after["holds"], false, "{after}");
    let faults = after["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{after}");
    assert!(faults[0].as_str().unwrap().contains(id), "{after}");
    assert_eq!(after["seals"], before["seals"], "{after}");
    let theirs = env.lua().api.get(path).await.unwrap();
    assert_eq!(theirs["holds"], true, "another shop's chain: {theirs}");
    // A verb ends with another code then.
    let to = target(&env);
    let code = verb(move || async move { portero::commands::ledger::verify(&to).await }).await;
    let found = ExitCode::from(portero::cli::exit::FOUND);
    assert_eq!(format!("{code:?}"), format!("{found:?}"));
    env.end().await;
}

pub(crate) async fn the_library_of_wordings_is_read(env: Env) {
    let sol = env.sol();
    let all = sol.api.get("/v1/wordings").await.unwrap();
    let first = all.as_array().unwrap().iter();
    let first = first.clone().find(|w| w["name"] == "ofertas").unwrap();
    assert_eq!(
        (&first["version"], &first["newest"]),
        (&json!(1), &json!(true))
    );
    let es = &first["texts"]["es"];
    assert_eq!(es["sha256"].as_str().map(str::len), Some(64), "{first}");
    let newer = json!({ "name": "ofertas", "version": 2, "language": "es",
        "body": format!("{} Versión dos.", es["body"].as_str().unwrap()),
        "yes_label": "Sí", "no_label": "No", "thanks": "¡Listo!", "promise": { "max": 1, "per": "month" } });
    sol.api.put("/v1/wordings", newer.clone()).await.unwrap();
    let versions = sol.api.get("/v1/wordings/ofertas").await.unwrap();
    let told: Vec<(u64, bool)> = versions
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (v["version"].as_u64().unwrap(), v["newest"] == true))
        .collect();
    assert_eq!(told, [(2, true), (1, false)], "{versions}");
    assert_eq!(versions[0]["promise"], newer["promise"], "{versions}");
    let text = &versions[0]["texts"]["es"];
    for (field, put) in [("body", "body"), ("yes", "yes_label"), ("no", "no_label")] {
        assert_eq!(text[field], newer[put], "{versions}");
    }
    assert_ne!(text["sha256"], es["sha256"]);
    assert_eq!(
        versions[1],
        json!({ "name": "ofertas", "version": 1, "newest": false,
        "promise": first["promise"], "texts": first["texts"] })
    );
    let nobody = sol.api.get("/v1/wordings/nothing").await.unwrap_err();
    assert!(nobody.to_string().contains("no wording"), "{nobody}");
    let theirs = env.lua().api.get("/v1/wordings").await.unwrap();
    assert!(!theirs.to_string().contains("Versión dos"), "{theirs}");
    env.end().await;
}
