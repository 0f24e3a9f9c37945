//! Mistakes of callers: problem details with a stable code and what to do.

use serde_json::{Value, json};

use crate::harness::Env;

pub(crate) async fn errors_are_problem_details_that_say_what_to_do(env: Env) {
    let sol = env.sol();
    let base = &env.stage.host.url;
    let cases: Vec<(&str, String, Option<Value>, u16, &str)> = vec![
        ("GET", "/nowhere".to_owned(), None, 404, "no_such_path"),
        (
            "DELETE",
            "/v1/messages".to_owned(),
            None,
            405,
            "no_such_method",
        ),
        (
            "GET",
            "/webhooks/whatsapp/%ff".to_owned(),
            None,
            400,
            "bad_request",
        ),
        (
            "GET",
            "/v1/messages?limit=many".to_owned(),
            None,
            400,
            "bad_request",
        ),
        (
            "GET",
            "/v1/messages?state=flying".to_owned(),
            None,
            422,
            "bad_input",
        ),
        (
            "GET",
            "/v1/messages/out_nothex".to_owned(),
            None,
            400,
            "bad_request",
        ),
        (
            "GET",
            "/v1/messages/out_00000000000070008000000000000000".to_owned(),
            None,
            404,
            "not_found",
        ),
        (
            "POST",
            "/v1/events".to_owned(),
            Some(json!({ "id": "1" })),
            422,
            "bad_request",
        ),
        (
            "POST",
            "/v1/events".to_owned(),
            Some(json!({ "id": "1", "name": "x y", "contact": "1" })),
            422,
            "bad_input",
        ),
        (
            "PUT",
            "/v1/contacts".to_owned(),
            Some(json!({ "address": "12" })),
            422,
            "bad_input",
        ),
        (
            "POST",
            "/v1/tenants".to_owned(),
            Some(json!({})),
            403,
            "operator_only",
        ),
        (
            "POST",
            "/v1/stop".to_owned(),
            Some(json!({ "all": true })),
            403,
            "operator_only",
        ),
        (
            "POST",
            "/v1/plugins".to_owned(),
            None,
            422,
            "plugin_refused",
        ),
    ];
    for (method, path, body, status, code) in cases {
        let mut request = env
            .http
            .request(method.parse().unwrap(), format!("{base}{path}"))
            .bearer_auth(&sol.token);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let found = answer.status().as_u16();
        let kind = answer
            .headers()
            .get("content-type")
            .map(|v| v.to_str().unwrap().to_owned());
        let problem: Value = answer.json().await.unwrap_or_default();
        assert_eq!(
            (found, problem["code"].as_str()),
            (status, Some(code)),
            "{method} {path}: {problem}"
        );
        assert_eq!(
            kind.as_deref(),
            Some("application/problem+json"),
            "{method} {path}"
        );
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    // Live is refused until the rulebook is whole.
    let live = json!({ "slug": "live", "name": "Live", "mode": "live", "timezone": "America/Bogota", "country": "CO" });
    let refused = env
        .world
        .operator
        .post("/v1/tenants", live)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("live"), "{refused}");
    env.end().await;
}

pub(crate) async fn an_idempotency_key_means_one_message(env: Env) {
    let sol = env.sol();
    let body = |text: &str| json!({ "to": sol.shop.people[0].key(), "purpose": "reply", "content": { "type": "text", "body": text } });
    let first = sol.api.propose("k", body("uno")).await.unwrap();
    let again = sol.api.propose("k", body("uno")).await.unwrap();
    assert_eq!(first["message"]["id"], again["message"]["id"]);
    let other = sol
        .api
        .propose("k", body("dos"))
        .await
        .unwrap_err()
        .to_string();
    assert!(other.contains("another body"), "{other}");
    let bare = env
        .http
        .post(format!("{}/v1/messages", env.stage.host.url))
        .bearer_auth(&sol.token)
        .json(&body("tres"))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status().as_u16(), 400);
    env.end().await;
}

pub(crate) async fn a_method_that_a_path_does_not_take_is_answered_as_documented(env: Env) {
    let document = env.world.operator.get("/openapi.json").await.unwrap();
    let said = &document["components"]["responses"]["MethodNotAllowed"];
    assert!(
        said["content"]["application/problem+json"].is_object(),
        "{said}"
    );
    assert!(said["headers"]["Allow"].is_object(), "{said}");
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap();
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            if methods.contains_key(&method.to_lowercase()) {
                continue;
            }
            let url = format!("{}{}", env.stage.host.url, crate::roles::nowhere(path));
            let request = env.http.request(method.parse().unwrap(), url);
            let answer = request.bearer_auth(&env.sol().token).send().await.unwrap();
            let what = format!("{method} {path}");
            assert_eq!(answer.status().as_u16(), 405, "{what}");
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("content-type"), "application/problem+json", "{what}");
            let mut allowed: Vec<String> = header("allow")
                .split(',')
                .map(|m| m.trim().to_lowercase())
                .collect();
            allowed.retain(|m| m != "head");
            allowed.sort();
            let mut taken: Vec<String> = methods.keys().cloned().collect();
            taken.sort();
            assert_eq!(allowed, taken, "{what}");
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["code"], "no_such_method", "{what}: {problem}");
            asked += 1;
        }
    }
    assert!(asked > 200, "{asked}");
    env.end().await;
}
