//! How strict the rules are: what another policy would have said, who changed it and why, and going back.

use portero_flow::desk::policy::{WhatIf, WhatIfRequest};
use serde_json::{Value, json};

use crate::figures::change;
use crate::harness::{Env, Test, test};
use crate::roles::read;
use crate::rules::{agreed, offer, policy, text, to};

pub(crate) const TESTS: &[Test] = &[
    test!(policy::another_policy_is_tried_on_what_was_recorded_and_nothing_changes),
    test!(policy::what_cannot_be_judged_again_is_counted_apart),
    test!(policy::one_such_question_at_a_time_bounded_and_cancelled_by_leaving),
    test!(policy::every_change_has_its_author_and_reason_and_verdicts_name_it),
    test!(policy::an_edit_made_from_an_older_policy_is_refused),
];

/// No promotion at any hour.
pub(crate) fn never() -> Value {
    json!({ "promotional_hours": vec!["closed"; 7] })
}

async fn whatif(env: &Env, body: Value) -> Value {
    let api = &env.sol().api;
    api.post("/v1/policy/whatif", body).await.unwrap()
}

async fn verdicts(env: &Env) -> Vec<Value> {
    let path = "/v1/verdicts?limit=200";
    let page = env.sol().api.get(path).await.unwrap();
    page["items"].as_array().unwrap().clone()
}

/// A record as another build might have written it.
async fn rewrite(env: &Env, id: &str, how: &str) {
    let sql = format!(
        "update decisions set record = {how} where tenant_id = $1 and decision_id = '{id}'"
    );
    change(env, &sql).await;
}

/// Two people who agreed get an offer, a third asks something: (their verdicts that allowed an offer).
pub(crate) async fn offers(env: &Env) -> usize {
    for n in [1, 2] {
        let who = agreed(env, n).await;
        let answer = env
            .propose(env.sol(), 0, &format!("offer-{n}"), to(&who, offer()))
            .await;
        assert_eq!(answer["verdict"]["verdict"], "allow", "{answer}");
    }
    env.says(env.sol(), 0, "hola").await;
    let offered = |v: &&Value| v["purpose"] == "promotional" && v["verdict"] == "allow";
    verdicts(env).await.iter().filter(offered).count()
}

pub(crate) async fn another_policy_is_tried_on_what_was_recorded_and_nothing_changes(env: Env) {
    let allowed = offers(&env).await;
    assert!(allowed >= 4, "admission and dispatch of two: {allowed}");
    let before = (verdicts(&env).await, env.accepted().await.len());
    let held = env.sol().api.get("/v1/policy").await.unwrap();

    // The policy that holds says the same again, finding by finding.
    let same = whatif(&env, json!({ "policy": {} })).await;
    assert_eq!(same["judged"], before.0.len(), "{same}");
    assert_eq!(
        (&same["changed"], &same["changes"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(same["already"]["verdicts"], 0, "{same}");
    assert_eq!(
        (&same["unjudged"], &same["cut"]),
        (&json!([]), &json!(false))
    );
    assert_eq!(
        (&same["from"], &same["to"]),
        (&held["revision"], &held["revision"])
    );

    let closed = whatif(
        &env,
        json!({ "policy": never(), "days": 90, "examples": 1 }),
    )
    .await;
    assert_eq!(closed["changed"], allowed, "{closed}");
    assert_eq!(closed["messages_changed"], 2, "{closed}");
    assert_eq!(closed["differs"][0]["name"], "promotional_hours");
    let changes = closed["changes"].as_array().unwrap();
    let counted: u64 = changes
        .iter()
        .map(|c| c["verdicts"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, allowed as u64);
    for change in changes {
        assert_eq!(change["from"]["verdict"], "allow", "{change}");
        assert_ne!(change["to"]["verdict"], "allow", "{change}");
        assert!(change["to"]["title"]["es"].is_string(), "{change}");
        // An example leads to its verdict, names the person by id and says both in three languages.
        let examples = change["examples"].as_array().unwrap();
        assert_eq!(examples.len(), 1, "{change}");
        let id = examples[0]["verdict"].as_str().unwrap();
        let verdict = env
            .sol()
            .api
            .get(&format!("/v1/verdicts/{id}"))
            .await
            .unwrap();
        assert_eq!(verdict["contact"], examples[0]["contact"]);
        assert_eq!(verdict["summary"], examples[0]["was"], "what was said then");
        for lang in ["es", "pt", "en"] {
            assert_ne!(examples[0]["was"][lang], examples[0]["now"][lang], "{lang}");
        }
        assert!(!change.to_string().contains("57300557"), "{change}");
    }
    // Nothing was sent, kept or set; nor does another shop see these verdicts.
    assert_eq!(before, (verdicts(&env).await, env.accepted().await.len()));
    assert_eq!(held, env.sol().api.get("/v1/policy").await.unwrap());
    let body = json!({ "policy": never() });
    let other = env.lua().api.post("/v1/policy/whatif", body).await.unwrap();
    let own = env.lua().api.get("/v1/verdicts?limit=200").await.unwrap();
    assert_eq!(other["judged"], own["items"].as_array().unwrap().len());
    assert!(
        other["judged"].as_u64() < same["judged"].as_u64(),
        "{other}"
    );
    assert_eq!(other["changed"], 0, "{other}");

    // The other way: what a stricter policy refuses would have gone under the default one.
    policy(&env, never()).await;
    let who = agreed(&env, 3).await;
    let refused = env.propose(env.sol(), 0, "late", to(&who, offer())).await;
    assert_ne!(refused["verdict"]["verdict"], "allow", "{refused}");
    let back = whatif(&env, json!({ "policy": {} })).await;
    let turned = back["changes"].as_array().unwrap();
    let freed = turned.iter().filter(|c| c["to"]["verdict"] == "allow");
    assert!(freed.count() > 0, "{back}");
    // What the change of policy did since is told apart from what the change asked about would do.
    assert_eq!(back["already"]["verdicts"], allowed, "{back}");
    assert_eq!(back["already"]["other_policy"], allowed, "{back}");
    assert_eq!(back["already"]["other_rules"], 0, "{back}");

    for (bad, word) in [
        (json!({}), "policy"),
        (
            json!({ "policy": {}, "revision": "00000000" }),
            "exactly one",
        ),
        (
            json!({ "policy": { "promotional_per_week": 4 } }),
            "promotional_per_week",
        ),
        (
            json!({ "policy": { "promotional_per_weak": 1 } }),
            "promotional_per_weak",
        ),
        (json!({ "policy": {}, "days": 91 }), "days"),
        (json!({ "policy": {}, "days": 0 }), "days"),
        (json!({ "revision": "0000" }), "revision"),
        (json!({ "revision": "000000000000" }), "policy revision"),
    ] {
        let api = &env.sol().api;
        let refused = api.post("/v1/policy/whatif", bad).await.unwrap_err();
        assert!(refused.to_string().contains(word), "{word}: {refused}");
    }
    env.end().await;
}

pub(crate) async fn what_cannot_be_judged_again_is_counted_apart(env: Env) {
    let allowed = offers(&env).await;
    // Nobody asked what the month costs as long as there was no budget.
    let budget = json!({ "policy": { "monthly_budget_micro": 1 } });
    let asked = whatif(&env, budget).await;
    let missing = json!([{ "reason": "missing:spend", "verdicts": allowed }]);
    assert_eq!(asked["unjudged"], missing, "{asked}");
    assert_eq!(asked["changed"], 0, "{asked}");
    // What is decided elsewhere is said, not counted.
    let second = json!({ "policy": { "campaign_second_person": true } });
    let asked = whatif(&env, second).await;
    assert_eq!(
        asked["unseen"],
        json!(["campaign_second_person"]),
        "{asked}"
    );
    // A record of another build's form.
    let judged = asked["judged"].as_u64().unwrap();
    let id = verdicts(&env).await[0]["id"].as_str().unwrap().to_owned();
    let older = "replace(record, '\"form\":1', '\"form\":0')";
    rewrite(&env, &id, older).await;
    let asked = whatif(&env, json!({ "policy": {} })).await;
    assert_eq!(asked["judged"], judged - 1, "{asked}");
    let other = json!([{ "reason": "older_form", "verdicts": 1 }]);
    assert_eq!(asked["unjudged"], other, "{asked}");
    // Rules of another build: told as such, apart from the change.
    let id = verdicts(&env).await[1]["id"].as_str().unwrap().to_owned();
    let rules = "replace(replace(record, '\"ruleset\":\"', '\"ruleset\":\"x'),
        '\"verdict\":\"allow\"', '\"verdict\":\"deny\"')";
    rewrite(&env, &id, rules).await;
    let asked = whatif(&env, json!({ "policy": {} })).await;
    let already = json!({ "verdicts": 1, "other_policy": 0, "other_rules": 1 });
    assert_eq!(asked["already"], already, "{asked}");
    assert_eq!(asked["changed"], 0, "{asked}");
}

pub(crate) async fn one_such_question_at_a_time_bounded_and_cancelled_by_leaving(env: Env) {
    offers(&env).await;
    let ctx = &env.stage.host.ctx;
    let tenant = env.sol().api.get("/v1/tenants").await.unwrap()["items"][0]["id"].clone();
    let tenant = tenant.as_str().unwrap().parse().unwrap();
    let request = WhatIfRequest {
        revision: None,
        policy: never().as_object().cloned(),
        ..WhatIfRequest::default()
    };
    let mut cut = WhatIf::up_to(ctx, tenant, &request, 3).await.unwrap();
    // Meanwhile the same shop waits, another does not.
    let body = json!({ "policy": {} });
    let path = "/v1/policy/whatif";
    let refused = env.sol().api.post(path, body.clone()).await.unwrap_err();
    assert!(
        refused.to_string().contains("ask again in a moment"),
        "{refused}"
    );
    env.lua().api.post(path, body.clone()).await.unwrap();
    let mut last = None;
    while let Some(progress) = cut.step().await.unwrap() {
        last = Some(progress);
    }
    assert_eq!(last.map(|p| (p.read, p.percent)), Some((3, 100)));
    let view = cut.end().unwrap();
    assert!(view.cut && view.judged == 3, "{view:?}");
    let third = verdicts(&env).await[2]["decided_at"].clone();
    assert_eq!(view.reaches.map(Value::from), Some(third));
    // Whoever leaves in the middle leaves nothing behind.
    drop(WhatIf::begin(ctx, tenant, &request).await.unwrap());
    env.sol().api.post(path, body.clone()).await.unwrap();

    // As lines: how far it is, then the same answer.
    let owner = json!({ "label": "lines", "tenant": env.sol().shop.slug, "role": "owner" });
    let token = env.world.operator.post("/v1/tokens", owner).await.unwrap();
    let token = token["token"].as_str().unwrap();
    let ask = env
        .http
        .post(format!("{}{path}", env.stage.host.url))
        .bearer_auth(token)
        .header("accept", "application/x-ndjson")
        .json(&json!({ "policy": never() }));
    let lines = read(ask).await;
    assert_eq!(lines.status, 200, "{}", lines.body);
    let lines: Vec<Value> = lines
        .body
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(
        lines[0]["progress"]["read"].as_u64().unwrap() > 3,
        "{lines:?}"
    );
    assert_eq!(lines[lines.len() - 2]["progress"]["percent"], 100);
    let result = &lines[lines.len() - 1]["result"];
    let mut plain = whatif(&env, json!({ "policy": never() })).await;
    plain["since"] = result["since"].clone();
    plain["until"] = result["until"].clone();
    assert_eq!(*result, plain);
    env.end().await;
}

pub(crate) async fn every_change_has_its_author_and_reason_and_verdicts_name_it(env: Env) {
    let api = &env.sol().api;
    let first = api.get("/v1/policy").await.unwrap();
    let history = api.get("/v1/policy/history").await.unwrap();
    assert_eq!(history["items"][0]["revision"], first["revision"]);
    assert_eq!(history["items"][0]["author"], "host");
    offers(&env).await;
    for (n, body) in [
        json!({ "policy": { "promotional_per_week": 2 } }),
        json!({ "policy": { "promotional_per_week": 2 }, "reason": "  " }),
        json!({ "policy": { "promotional_per_week": 2 }, "reason": "x".repeat(501) }),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = api.put("/v1/policy", body).await.unwrap_err();
        assert!(
            refused.to_string().contains("reason: why it changes"),
            "{n}: {refused}"
        );
    }
    let two = json!({ "policy": { "promotional_per_week": 2 }, "reason": " three complaints " });
    let set = api.put("/v1/policy", two.clone()).await.unwrap();
    let who = agreed(&env, 7).await;
    env.propose(env.sol(), 0, "seven", to(&who, text("hola")))
        .await;
    // The same again is no change.
    assert_eq!(api.put("/v1/policy", two).await.unwrap(), set);
    let week = &set["parameters"].as_array().unwrap();
    let week = week
        .iter()
        .find(|p| p["name"] == "promotional_per_week")
        .unwrap();
    let expected = json!({ "name": "promotional_per_week", "group": "promotion", "value": 2,
        "default": 3, "origin": "tenant", "bound": "at_most" });
    assert_eq!(*week, expected);
    let history = api.get("/v1/policy/history").await.unwrap();
    let items = history["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{history}");
    let newest = &items[0];
    assert_eq!(
        (&newest["current"], &items[1]["current"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(newest["reason"], "three complaints");
    assert!(
        newest["author"].as_str().unwrap().starts_with("tok_"),
        "{newest}"
    );
    let change = json!([{ "name": "promotional_per_week", "was": 3, "now": 2 }]);
    assert_eq!(newest["changes"], change);
    // Every verdict names one of them.
    let known: Vec<&Value> = items.iter().map(|i| &i["revision"]).collect();
    let named: Vec<Value> = verdicts(&env).await;
    for verdict in &named {
        assert!(known.contains(&&verdict["policy_revision"]), "{verdict}");
    }
    for revision in &known {
        assert!(named.iter().any(|v| v["policy_revision"] == **revision));
    }
    // What would it be to go back, and going back.
    let before = first["revision"].as_str().unwrap();
    let asked = whatif(&env, json!({ "revision": &before[..8] })).await;
    assert_eq!(
        (&asked["to"], &asked["from"]),
        (&first["revision"], &set["revision"])
    );
    let back = json!({ "revision": &before[..8], "reason": "a mistake" });
    assert_eq!(api.put("/v1/policy", back).await.unwrap(), first);
    let page = api.get("/v1/policy/history?limit=2").await.unwrap();
    assert_eq!(page["items"][0]["revision"], first["revision"]);
    assert_eq!(page["items"][0]["changes"][0]["now"], 3);
    assert_eq!(
        page["items"][1]["changes"], change,
        "across the end of a page"
    );
    let next = page["next_cursor"].as_str().unwrap();
    let rest = api
        .get(&format!("/v1/policy/history?limit=2&after={next}"))
        .await
        .unwrap();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1, "{rest}");
    assert_eq!(rest["items"][0]["current"], false, "{rest}");
    assert!(rest.get("next_cursor").is_none(), "{rest}");
    // Another shop has its own history, and cannot go back to this one's.
    let theirs = env.lua().api.get("/v1/policy/history").await.unwrap();
    assert_eq!(theirs["items"].as_array().unwrap().len(), 1, "{theirs}");
    let taken = json!({ "revision": set["revision"], "reason": "not mine" });
    let refused = env.lua().api.put("/v1/policy", taken).await.unwrap_err();
    assert!(
        refused.to_string().contains("no policy revision"),
        "{refused}"
    );
    env.end().await;
}

pub(crate) async fn an_edit_made_from_an_older_policy_is_refused(env: Env) {
    let api = &env.sol().api;
    let from = api.get("/v1/policy").await.unwrap()["revision"].clone();
    let edit = |week: u32| json!({ "policy": { "promotional_per_week": week }, "reason": format!("week {week}"), "from": from });
    api.put("/v1/policy", edit(2)).await.unwrap();
    let refused = api.put("/v1/policy", edit(1)).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("somebody changed it meanwhile"),
        "{refused}"
    );
    let holds = api.get("/v1/policy").await.unwrap();
    assert_eq!(holds["policy"]["promotional_per_week"], 2, "{holds}");
    // Many at once from one revision: one of them is it, and nothing else is kept.
    let from = holds["revision"].clone();
    let edits = (1..=8).map(|gap: i64| {
        let policy = json!({ "promotional_gap_ms": (12 + gap) * 3_600_000 });
        api.put(
            "/v1/policy",
            json!({ "policy": policy, "reason": "at once", "from": from }),
        )
    });
    let came = futures_util::future::join_all(edits).await;
    assert_eq!(came.iter().filter(|r| r.is_ok()).count(), 1, "{came:?}");
    let history = api.get("/v1/policy/history").await.unwrap();
    assert_eq!(history["items"].as_array().unwrap().len(), 3, "{history}");
    env.end().await;
}
