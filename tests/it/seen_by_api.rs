//! What only pages showed once, through the API: the grid, how policies differ, one template, reasons by day, oneself.

use portero_domain::clock::Millis;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Env, Test, test};
use crate::users::{PASSWORD, session, user};

pub(crate) const TESTS: &[Test] = &[
    test!(seen_by_api::the_operator_sees_all_shops_in_order_of_risk),
    test!(seen_by_api::a_template_is_told_with_what_stands_against_it_and_who_depends_on_it),
    test!(seen_by_api::reasons_are_counted_by_day),
    test!(seen_by_api::a_person_looks_after_the_own_account),
];

pub(crate) async fn the_operator_sees_all_shops_in_order_of_risk(env: Env) {
    let (sol, lua) = (env.sol().shop.slug, env.lua().shop.slug);
    let operator = &env.world.operator;
    for risky in [env.sol(), env.lua()] {
        let stop = json!({ "reason": "inventory" });
        risky.api.post("/v1/stop", stop).await.unwrap();
        let grid = operator.get("/v1/grid").await.unwrap();
        let rows = grid.as_array().unwrap();
        assert_eq!(rows.len(), 2, "{grid}");
        assert_eq!(rows[0]["tenant"]["slug"], risky.shop.slug, "{grid}");
        assert_eq!(rows[0]["tenant"]["stopped"], "inventory", "{grid}");
        assert_eq!(rows[0]["numbers"], 1, "{grid}");
        risky.api.post("/v1/resume", json!({})).await.unwrap();
    }
    let differ = async |one: &str, other: &str| {
        let path = format!("/v1/policy/difference?one={one}&other={other}");
        operator.get(&path).await
    };
    let same = differ(sol, sol).await.unwrap();
    assert_eq!(same["differs"], json!([]), "{same}");
    crate::rules::policy(&env, json!({ "promotional_per_week": 1 })).await;
    let differs = differ(sol, lua).await.unwrap();
    assert_eq!(
        (&differs["one"], &differs["other"]),
        (&json!(sol), &json!(lua))
    );
    let week = differs["differs"].as_array().unwrap().iter();
    let week: Vec<_> = week
        .filter(|d| d["name"] == "promotional_per_week")
        .collect();
    assert_eq!(week.len(), 1, "{differs}");
    assert_eq!(week[0]["one"], 1, "{differs}");
    assert_ne!(week[0]["other"], 1, "{differs}");
    let none = differ(sol, "nobody").await.unwrap_err().to_string();
    assert!(none.contains("no tenant `nobody`"), "{none}");
    // Whoever reaches one shop alone is told of no other.
    for path in [
        "/v1/grid".to_owned(),
        format!("/v1/policy/difference?one={lua}&other={sol}"),
    ] {
        let refused = env.lua().api.get(&path).await.unwrap_err().to_string();
        assert!(refused.contains("operator"), "{path}: {refused}");
    }
    env.end().await;
}

pub(crate) async fn a_template_is_told_with_what_stands_against_it_and_who_depends_on_it(env: Env) {
    let sol = env.sol();
    let path = format!("/v1/templates/{}/promo_semana/es", sol.shop.waba);
    crate::campaigns::customers(&env, 2).await;
    let campaign = crate::campaigns::create(&env, &crate::campaigns::weekly()).await;
    let good = sol.api.get(&path).await.unwrap();
    assert_eq!(good["name"], "promo_semana", "{good}");
    assert_eq!(good["refused_by"], json!([]), "{good}");
    assert!(!good["body"].as_str().unwrap().is_empty(), "{good}");
    assert_eq!(good["campaigns"][0]["id"], campaign, "{good}");
    assert_eq!(good["campaigns"][0]["rests"], false, "{good}");
    env.jump(Millis::minutes(1)).await;
    let at_meta = format!("/_sim/templates/{}/promo_semana/es", sol.shop.waba);
    let paused = json!({ "status": "PAUSED" });
    env.world.control.post(&at_meta, &paused).await.unwrap();
    env.settle().await;
    let paused = sol.api.get(&path).await.unwrap();
    assert_eq!(paused["refused_by"], json!(["template.paused"]), "{paused}");
    assert_eq!(paused["campaigns"][0]["rests"], true, "{paused}");
    assert_eq!(paused["history"][0]["value"], "PAUSED", "{paused}");
    // What reading it shows: Meta would refuse words that begin with a value.
    let words = json!({ "body": "{{1}}, vuelve.\n\n\n\tEscribe BAJA para parar." });
    env.world.control.post(&at_meta, &words).await.unwrap();
    env.settle().await;
    sol.api.post("/v1/templates/sync", json!({})).await.unwrap();
    let told = sol.api.get(&path).await.unwrap();
    let codes: Vec<&str> = told["lint"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["code"].as_str())
        .collect();
    for code in ["lint.value-first", "lint.tab", "lint.blank-lines"] {
        assert!(codes.contains(&code), "{code}: {told}");
    }
    for remark in told["lint"].as_array().unwrap() {
        for lang in ["es", "pt", "en"] {
            assert!(
                remark["says"][lang].as_str().is_some_and(|s| !s.is_empty()),
                "{remark}"
            );
            assert!(
                remark["remedy"][lang]
                    .as_str()
                    .is_some_and(|s| !s.is_empty()),
                "{remark}"
            );
        }
    }
    let page = crate::console_campaigns::with_role(&env, sol.shop.slug, "owner").await;
    let address = format!(
        "/templates/{}/{}/promo_semana/es",
        sol.shop.slug, sol.shop.waba
    );
    for (lang, words) in [
        ("es", "El texto empieza con un valor"),
        ("pt", "O texto começa com um valor"),
        ("en", "The text begins with a value"),
    ] {
        let shown = page.get(&env, &format!("{address}?lang={lang}")).await.body;
        assert!(shown.contains(words), "{shown}");
    }
    let theirs = env.lua().api.get(&path).await.unwrap_err().to_string();
    assert!(theirs.contains("no template"), "{theirs}");
    env.end().await;
}

pub(crate) async fn reasons_are_counted_by_day(env: Env) {
    let api = &env.sol().api;
    let empty = api.get("/v1/verdicts/reasons").await.unwrap();
    assert_eq!(empty["days"].as_array().unwrap().len(), 30, "{empty}");
    assert_eq!(empty["rules"], json!([]), "{empty}");
    let refused = async |key: &str| {
        let to = env.sol().shop.people[1].key();
        let text =
            json!({ "to": to, "purpose": "reply", "content": { "type": "text", "body": "Hola" } });
        let said = api.propose(key, text).await.unwrap();
        assert_eq!(said["verdict"]["verdict"], "deny", "{said}");
        said["verdict"]["rule"].as_str().unwrap().to_owned()
    };
    let rule = refused("monday").await;
    env.jump(Millis::days(1)).await;
    refused("tuesday-1").await;
    refused("tuesday-2").await;
    let told = api.get("/v1/verdicts/reasons?days=2").await.unwrap();
    assert_eq!(told["days"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["rules"][0]["rule"], rule, "{told}");
    assert_eq!(told["rules"][0]["counts"], json!([1, 2]), "{told}");
    assert_eq!(told["rules"][0]["total"], 3, "{told}");
    assert!(told["rules"][0]["title"]["es"].is_string(), "{told}");
    assert_eq!(
        env.lua()
            .api
            .get("/v1/verdicts/reasons?days=2")
            .await
            .unwrap()["rules"],
        json!([])
    );
    for days in ["0", "91"] {
        let bad = api
            .get(&format!("/v1/verdicts/reasons?days={days}"))
            .await
            .unwrap_err();
        assert!(bad.to_string().contains("1 to 90"), "{bad}");
    }
    env.end().await;
}

/// A request as whoever holds a token.
async fn ask(
    env: &Env,
    method: Method,
    path: &str,
    token: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let url = format!("{}{path}", env.stage.host.url);
    let mut request = env.http.request(method, url).bearer_auth(token);
    request = request.header("x-forwarded-for", "192.0.2.99");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

pub(crate) async fn a_person_looks_after_the_own_account(env: Env) {
    let slug = env.sol().shop.slug;
    user(&env, "rosa", "viewer", Some(slug)).await;
    user(&env, "ana", "owner", Some(slug)).await;
    let (here, there) = (session(&env, "rosa").await, session(&env, "rosa").await);
    let ana = session(&env, "ana").await;
    let (status, me) = ask(&env, Method::GET, "/v1/me", &here, None).await;
    assert_eq!(status, 200, "{me}");
    assert_eq!(me["user"]["name"], "rosa", "{me}");
    assert_eq!(
        (&me["role"], &me["slug"]),
        (&json!("viewer"), &json!(slug)),
        "{me}"
    );
    assert_eq!(me["rights"], json!(["read"]), "{me}");
    // A program's token is told what it is, and has no sessions and no password.
    let program = &env.sol().token;
    let (_, token) = ask(&env, Method::GET, "/v1/me", program, None).await;
    assert!(
        token.get("user").is_none() && token["token"].is_string(),
        "{token}"
    );
    let none = ask(&env, Method::GET, "/v1/me/sessions", program, None).await;
    assert_eq!(none, (200, json!([])));
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let other = "otra-frase-bien-larga";
    let (status, refused) = ask(
        &env,
        Method::PUT,
        "/v1/me/password",
        program,
        Some(change(PASSWORD, other)),
    )
    .await;
    assert_eq!(status, 422, "{refused}");

    let (_, sessions) = ask(&env, Method::GET, "/v1/me/sessions", &here, None).await;
    assert_eq!(sessions.as_array().unwrap().len(), 2, "{sessions}");
    let (_, seen) = ask(&env, Method::GET, "/v1/me", &there, None).await;
    let end = format!("/v1/me/sessions/{}", seen["token"].as_str().unwrap());
    assert_eq!(ask(&env, Method::DELETE, &end, &ana, None).await.0, 404);
    assert_eq!(ask(&env, Method::DELETE, &end, &here, None).await.0, 204);
    assert_eq!(ask(&env, Method::GET, "/v1/me", &there, None).await.0, 401);

    for _ in 0..5 {
        let (status, wrong) = ask(
            &env,
            Method::PUT,
            "/v1/me/password",
            &here,
            Some(change("guessed", other)),
        )
        .await;
        assert_eq!(
            (status, &wrong["code"]),
            (422, &json!("bad_input")),
            "{wrong}"
        );
        assert!(!wrong.to_string().contains("guessed"), "{wrong}");
    }
    let (status, wait) = ask(
        &env,
        Method::PUT,
        "/v1/me/password",
        &here,
        Some(change(PASSWORD, other)),
    )
    .await;
    assert_eq!(
        (status, &wait["code"]),
        (429, &json!("rate_limited")),
        "{wait}"
    );
    env.jump(Millis::secs(30)).await;
    let third = session(&env, "rosa").await;
    let (status, done) = ask(
        &env,
        Method::PUT,
        "/v1/me/password",
        &here,
        Some(change(PASSWORD, other)),
    )
    .await;
    assert_eq!(status, 204, "{done}");
    assert_eq!(ask(&env, Method::GET, "/v1/me", &third, None).await.0, 401);
    assert_eq!(ask(&env, Method::GET, "/v1/me", &here, None).await.0, 200);
    let log = env.world.operator.get("/v1/audit?limit=200").await.unwrap();
    assert!(!log.to_string().contains(other), "{log}");
    assert!(log.to_string().contains("PUT /v1/me/password"), "{log}");
    env.end().await;
}
