//! Who did what: one row for each change and each look at a person, ids alone, each tenant its own.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::{self, Env};
use crate::roles::{OWN, ask, nowhere, operations};
use crate::users::{Browser, user};

pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(audit::every_change_and_every_look_at_a_person_is_one_row),
    harness::test!(audit::a_row_names_who_what_and_whom_by_id_and_nothing_else),
    harness::test!(audit::looks_of_one_minute_are_counted_on_one_row),
    harness::test!(audit::each_tenant_reads_its_own_and_the_operator_all),
    harness::test!(audit::logins_logouts_and_pages_are_in_it),
];

/// The whole log, oldest first.
async fn log(api: &portero::client::Api, query: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/audit?limit=200{query}{after}");
        let page = api.get(&path).await.unwrap();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => break,
        }
    }
    all.reverse();
    all
}

pub(crate) async fn every_change_and_every_look_at_a_person_is_one_row(env: Env) {
    let operations = operations(&env).await;
    let lua = env.lua();
    let body = json!({ "label": "all of it", "tenant": lua.shop.slug });
    let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
    let (id, token) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    let body = json!({ "label": "nothing of it", "tenant": lua.shop.slug, "role": "viewer" });
    let viewer = env.world.operator.post("/v1/tokens", body).await.unwrap();
    for operation in &operations {
        let before = log(&lua.api, &format!("&who={id}")).await.len();
        let answer = ask(&env, &operation.method, &nowhere(&operation.path), token).await;
        let rows = log(&lua.api, &format!("&who={id}")).await;
        let masked = portero_domain::access::MASKED.contains(&operation.path.as_str());
        let person = masked || operation.rights.iter().any(|r| r == "see_personal_data");
        let kept = operation.method != "GET" || person;
        let what = format!("{} {}", operation.method, operation.path);
        assert_eq!(rows.len() - before, usize::from(kept), "{what}");
        if kept {
            let row = rows.last().unwrap();
            assert_eq!(row["operation"], what.as_str());
            assert_eq!(row["status"], answer.status, "{what}");
            assert_eq!(
                (&row["who"], &row["token"]),
                (&json!(id), &json!(id)),
                "{what}"
            );
            assert_eq!(row["tenant"], lua.id.as_str(), "{what}");
        }
        // Who was refused is in it too, with the refusal.
        ask(
            &env,
            &operation.method,
            &nowhere(&operation.path),
            viewer["token"].as_str().unwrap(),
        )
        .await;
    }
    let refused = log(
        &lua.api,
        &format!("&who={}", viewer["id"].as_str().unwrap()),
    )
    .await;
    assert!(refused.len() > 60, "only {} rows", refused.len());
    for row in refused {
        // One's own account asks for no more than being somebody.
        let operation = row["operation"].as_str().unwrap();
        let own = OWN.iter().any(|path| operation.ends_with(path));
        assert!(own || row["status"] == 403, "{row}");
    }
    env.end().await;
}

pub(crate) async fn a_row_names_who_what_and_whom_by_id_and_nothing_else(env: Env) {
    let lua = env.lua();
    env.says(lua, 0, "palavras-de-mais-ninguem").await;
    let key = lua.shop.people[0].key();
    let named = json!({ "address": key, "name": "nome-de-mais-ninguem" });
    let contact = lua.api.put("/v1/contacts", named).await.unwrap();
    let contact = contact["id"].as_str().unwrap();
    let message = env.messages(lua, 0).await[0].clone();
    let wamid = message["wamid"].as_str().expect("it was sent").to_owned();
    for path in [
        format!("/v1/contacts/{key}"),
        format!("/v1/contacts/+{key}"),
        format!("/v1/why/{wamid}"),
        format!("/v1/why/{key}"),
        "/v1/contacts/5511999990000".to_owned(),
        format!("/v1/messages?contact={contact}&limit=7"),
        format!("/v1/messages/{}", message["id"].as_str().unwrap()),
    ] {
        let _ = lua.api.get(&path).await;
    }
    let proposed =
        json!({ "content": { "type": "text", "body": "outras-palavras" }, "purpose": "reply" });
    let proposed = env.propose(lua, 0, "secret-key-of-ours", proposed).await;
    let out = proposed["message"]["id"].as_str().unwrap().to_owned();
    let rows = log(&lua.api, "").await;
    let of = |operation: &str| -> Vec<Vec<&str>> {
        let rows = rows.iter().filter(|r| r["operation"] == operation);
        rows.map(|r| {
            r["targets"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect()
        })
        .collect()
    };
    assert_eq!(of("PUT /v1/contacts").last().unwrap(), &[contact]);
    assert!(of("GET /v1/contacts/{who}").contains(&vec![contact]));
    assert!(
        of("GET /v1/contacts/{who}").contains(&Vec::new()),
        "of nobody"
    );
    assert!(of("GET /v1/why/{id}").contains(&vec![contact]));
    assert!(of("GET /v1/messages").iter().any(|t| t.contains(&contact)));
    assert!(of("GET /v1/messages/{id}").contains(&vec![message["id"].as_str().unwrap()]));
    assert!(
        of("POST /v1/messages")
            .iter()
            .any(|t| t.contains(&out.as_str())),
        "{out}"
    );
    // What the operator does to it is in it too; of nobody, in nothing, more than ids.
    let all = log(&env.world.operator, "").await;
    let all = serde_json::to_string(&all).unwrap();
    for personal in [
        key,
        &wamid,
        "palavras-de-mais-ninguem",
        "nome-de-mais-ninguem",
        "outras-palavras",
        "5511999990000",
        "secret-key-of-ours",
        "ptr_",
    ] {
        assert!(!all.contains(personal), "{personal}");
    }
    env.end().await;
}

pub(crate) async fn looks_of_one_minute_are_counted_on_one_row(env: Env) {
    let sol = env.sol();
    let look = "&operation=GET%20/v1/contacts";
    // To the beginning of a minute.
    let into = env.stage.host.ctx.now().0.rem_euclid(60_000);
    env.jump(Millis(60_000 - into)).await;
    for _ in 0..3 {
        sol.api.get("/v1/contacts").await.unwrap();
    }
    env.jump(Millis(59_999)).await;
    sol.api.get("/v1/contacts").await.unwrap();
    let rows = log(&sol.api, look).await;
    assert_eq!((rows.len(), &rows[0]["times"]), (1, &json!(4)), "{rows:?}");
    assert_ne!(rows[0]["at"], rows[0]["last_at"]);
    env.jump(Millis(1)).await;
    sol.api.get("/v1/contacts").await.unwrap();
    let rows = log(&sol.api, look).await;
    assert_eq!((rows.len(), &rows[1]["times"]), (2, &json!(1)), "{rows:?}");
    // Changes stand alone however alike they are.
    for _ in 0..2 {
        sol.api.post("/v1/stop", json!({})).await.unwrap();
    }
    sol.api.post("/v1/resume", json!({})).await.unwrap();
    assert_eq!(log(&sol.api, "&operation=POST%20/v1/stop").await.len(), 2);
    // By time: from one instant to before another.
    let at = rows[1]["at"].as_str().unwrap();
    assert_eq!(log(&sol.api, &format!("{look}&since={at}")).await.len(), 1);
    assert_eq!(log(&sol.api, &format!("{look}&until={at}")).await.len(), 1);
    let refused = sol.api.get("/v1/audit?since=yesterday").await.unwrap_err();
    assert!(refused.to_string().contains("2026-11-29"), "{refused}");
    env.end().await;
}

pub(crate) async fn each_tenant_reads_its_own_and_the_operator_all(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    sol.api.get("/v1/contacts").await.unwrap();
    lua.api.get("/v1/contacts").await.unwrap();
    // The operator looks at Luna's with a token of the server: that is Luna's to know.
    let server = env.world.operator.for_tenant(lua.shop.slug);
    server.get("/v1/contacts").await.unwrap();
    let body = json!({ "label": "an auditor", "role": "auditor", "tenant": lua.shop.slug });
    let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
    let auditor = env.as_token(made["token"].as_str().unwrap());
    let rows = log(&auditor, "").await;
    assert!(rows.len() >= 3, "{rows:?}");
    for row in &rows {
        assert_eq!(row["tenant"], lua.id.as_str(), "{row}");
    }
    // The operator that stops a shop names it in the body alone: it stands in the shop's log too.
    for act in ["stop", "resume"] {
        let body = json!({ "tenant": lua.shop.slug, "reason": "fire" });
        let path = format!("/v1/{act}");
        env.world.operator.post(&path, body).await.unwrap();
        let operation = format!("POST /v1/{act}");
        let seen = log(&auditor, "").await;
        assert!(
            seen.iter().any(|r| r["operation"] == operation.as_str()),
            "{seen:?}"
        );
        let others = log(&sol.api, "").await;
        assert!(others.iter().all(|r| r["operation"] != operation.as_str()));
    }
    // Who gave out access to it is in it.
    let given = rows
        .iter()
        .rev()
        .find(|r| r["operation"] == "POST /v1/tokens")
        .expect("it is in it");
    assert_eq!(given["targets"], json!([made["id"]]));
    let all = log(&env.world.operator, "").await;
    for tenant in [sol.id.as_str(), lua.id.as_str()] {
        assert!(all.iter().any(|r| r["tenant"] == tenant), "{tenant}");
    }
    assert!(all.len() > rows.len());
    assert!(
        log(&server, "")
            .await
            .iter()
            .all(|r| r["tenant"] == lua.id.as_str())
    );
    env.end().await;
}

pub(crate) async fn logins_logouts_and_pages_are_in_it(env: Env) {
    let sol = env.sol();
    let made = user(&env, "rosa", "owner", Some(sol.shop.slug)).await;
    let browser = Browser::at("192.0.2.1");
    browser.log_in(&env, "rosa", "not this one, I think").await;
    browser
        .log_in(&env, "a password typed as a name", "rosa")
        .await;
    let entered = browser.log_in(&env, "rosa", "correcto-caballo-pila").await;
    let session = browser.with(&entered.cookie("portero_session"));
    assert_eq!(session.get(&env, "/inbox?lang=en").await.status, 200);
    assert_eq!(session.get(&env, "/figures").await.status, 200);
    let page = session.get(&env, "/audit?lang=en&who=rosa").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for words in ["rosa", "GET /inbox", "POST /login", "Refused", "Done"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let typo = session.get(&env, "/audit?lang=en&since=yesterday").await;
    assert_eq!(typo.status, 200);
    assert!(typo.body.contains("role=\"alert\""), "{}", typo.body);
    session.post(&env, "/logout", &[]).await;
    let rows = log(&sol.api, "&who=rosa").await;
    let seen: Vec<(&str, u64)> = rows
        .iter()
        .map(|r| {
            (
                r["operation"].as_str().unwrap(),
                r["status"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("POST /login", 401),
            ("POST /login", 303),
            ("GET /inbox", 200),
            ("POST /logout", 303)
        ]
    );
    for row in &rows {
        assert_eq!((&row["who"], &row["name"]), (&made["id"], &json!("rosa")));
    }
    let gone = env
        .world
        .operator
        .send(reqwest::Method::DELETE, "/v1/users/rosa", None);
    gone.await.unwrap();
    let all = log(&env.world.operator, "").await;
    let last = all.last().unwrap();
    assert_eq!(last["operation"], "DELETE /v1/users/{user}");
    assert_eq!(last["targets"], json!([made["id"]]));
    let all = serde_json::to_string(&all).unwrap();
    assert!(!all.contains("a password typed"), "{all}");
    env.end().await;
}
