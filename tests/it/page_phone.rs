//! What a pretend person does on the page besides writing: orders, blocks, reports, changes number, takes a username;
//! and what Meta posted about a message.

use serde_json::{Value, json};

use crate::figures::log_in;
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[
    test!(page_phone::a_person_orders_blocks_reports_and_changes_who_they_are),
    test!(page_phone::what_meta_posted_is_shown_of_ones_own_number_alone),
];

/// Asks an endpoint of the page, as its script does.
async fn ask(env: &Env, cookie: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = format!("{}/console/phone/{path}", env.stage.host.url);
    let request = match body {
        Some(body) => env.http.post(url).json(&body),
        None => env.http.get(url),
    };
    let request = request
        .header("cookie", cookie)
        .header("x-portero-console", "1")
        .header("sec-fetch-site", "same-origin");
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

async fn of_a_shop(env: &Env, slug: &str) -> String {
    let body = json!({ "label": "page", "tenant": slug, "role": "owner" });
    let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
    format!("portero_session={}", made["token"].as_str().unwrap())
}

pub(crate) async fn a_person_orders_blocks_reports_and_changes_who_they_are(env: Env) {
    let sol = env.sol();
    let (slug, person) = (sol.shop.slug, sol.shop.people[0].key());
    env.says(sol, 0, "hola").await;
    let own = of_a_shop(&env, slug).await;
    let at = |what: &str| format!("{slug}/{what}");
    let thread = format!("{slug}/thread?person={person}");
    // An order comes in as Meta tells of one.
    let order = json!({ "type": "order", "quantity": 2, "price": 45_000.0, "currency": "COP", "note": "Para regalo" });
    let said = json!({ "person": person, "message": order });
    let (status, answer) = ask(&env, &own, &at("say"), Some(said)).await;
    assert_eq!(status, 200, "{answer}");
    env.settle().await;
    let inbox = sol.api.get("/v1/inbox?limit=10").await.unwrap();
    assert!(inbox.to_string().contains("SKU-1"), "{inbox}");
    let nothing = json!({ "type": "order", "quantity": 0, "price": 1.0, "currency": "COP" });
    let said = json!({ "person": person, "message": nothing });
    let (status, answer) = ask(&env, &own, &at("say"), Some(said)).await;
    assert_eq!(
        (status, &answer["code"]),
        (400, &json!("bad_input")),
        "{answer}"
    );
    // A block is on the phone, and the shop is told nothing of it.
    for value in [true, false] {
        let block = json!({ "person": person, "value": value });
        let (status, answer) = ask(&env, &own, &at("block"), Some(block)).await;
        assert_eq!(status, 200, "{answer}");
        let (_, shown) = ask(&env, &own, &thread, None).await;
        assert_eq!(shown["blocked"], value, "{shown}");
    }
    // A report blocks, and the quality falls a step each time.
    for quality in ["YELLOW", "RED"] {
        let (status, answer) =
            ask(&env, &own, &at("report"), Some(json!({ "person": person }))).await;
        assert_eq!(status, 200, "{answer}");
        env.settle().await;
        let world = env.world.control.get("/_sim/world").await.unwrap();
        let mut numbers = world["wabas"].as_array().unwrap().iter();
        let number = numbers
            .find_map(|waba| {
                let mut all = waba["numbers"].as_array().unwrap().iter();
                all.find(|n| n["phone_number_id"] == sol.shop.number)
            })
            .unwrap();
        assert_eq!(number["quality"], quality, "{number}");
    }
    let (_, shown) = ask(&env, &own, &thread, None).await;
    assert_eq!(shown["blocked"], true, "{shown}");
    // Number and username are a person's everywhere: the operator's.
    let renamed = json!({ "person": person, "name": "ana.lopez" });
    let moved = json!({ "person": person, "to": "+57 300 999 8877" });
    for (what, body) in [("username", &renamed), ("number", &moved)] {
        let (status, answer) = ask(&env, &own, &at(what), Some(body.clone())).await;
        assert_eq!(
            (status, &answer["code"]),
            (403, &json!("operator_only")),
            "{what}: {answer}"
        );
    }
    let operator = log_in(&env).await;
    let bad = json!({ "person": person, "name": "no va" });
    let (status, answer) = ask(&env, &operator, &at("username"), Some(bad)).await;
    assert_eq!(status, 400, "{answer}");
    let (status, answer) = ask(&env, &operator, &at("username"), Some(renamed)).await;
    assert_eq!(
        (status, &answer["person"]),
        (200, &json!(person)),
        "{answer}"
    );
    let known = env
        .world
        .control
        .get(&format!("/_sim/people/{person}"))
        .await;
    assert_eq!(known.unwrap()["username"], "ana.lopez");
    let (status, answer) = ask(&env, &operator, &at("number"), Some(moved)).await;
    assert_eq!(
        (status, &answer["person"]),
        (200, &json!("573009998877")),
        "{answer}"
    );
    env.settle().await;
    let moved = sol.api.get("/v1/contacts/+573009998877").await.unwrap();
    assert!(
        moved["addresses"].to_string().contains("+573009998877"),
        "the shop was told: {moved}"
    );
    let bad = json!({ "person": "573009998877", "to": "MX.1" });
    let (status, answer) = ask(&env, &operator, &at("number"), Some(bad)).await;
    assert_eq!(status, 400, "{answer}");
    // Another shop does nothing here.
    let lua = of_a_shop(&env, env.lua().shop.slug).await;
    let (status, _) = ask(
        &env,
        &lua,
        &at("block"),
        Some(json!({ "person": person, "value": true })),
    )
    .await;
    assert_eq!(status, 404);
    env.end().await;
}

pub(crate) async fn what_meta_posted_is_shown_of_ones_own_number_alone(env: Env) {
    let sol = env.sol();
    let slug = sol.shop.slug;
    env.says(sol, 0, "palabras que se buscan").await;
    let own = of_a_shop(&env, slug).await;
    let message = env.messages(sol, 0).await[0].clone();
    let wamid = message["wamid"].as_str().unwrap();
    let path = |slug: &str, wamid: &str| {
        let id: String = reqwest::Url::parse_with_params("http://x", [("message", wamid)])
            .unwrap()
            .query()
            .unwrap()
            .to_owned();
        format!("{slug}/webhooks?{id}")
    };
    let (status, told) = ask(&env, &own, &path(slug, wamid), None).await;
    assert_eq!(status, 200, "{told}");
    let posts = told["posts"].as_array().unwrap();
    assert!(!posts.is_empty(), "statuses of what was sent: {told}");
    for post in posts {
        assert!(post["at"].is_i64() && post["outcome"].is_string(), "{post}");
        assert!(post["body"].to_string().contains(wamid), "{post}");
    }
    // Of another shop's number nothing is shown, whatever id is asked for.
    let lua = env.lua();
    let theirs = of_a_shop(&env, lua.shop.slug).await;
    let (status, none) = ask(&env, &theirs, &path(lua.shop.slug, wamid), None).await;
    assert_eq!((status, &none["posts"]), (200, &json!([])), "{none}");
    let (status, _) = ask(&env, &theirs, &path(slug, wamid), None).await;
    assert_eq!(status, 404);
    let other = format!("{}&number={}", path(lua.shop.slug, wamid), sol.shop.number);
    let (status, _) = ask(&env, &theirs, &other, None).await;
    assert_eq!(status, 404);
    env.end().await;
}
