//! Lists that came whole once, page by page: every row once, in the order of the whole.

use serde_json::json;

use crate::harness::{Env, Test, test};
use crate::people_doors::walk;

pub(crate) const TESTS: &[Test] = &[test!(
    list_pages::lists_of_a_shop_and_of_the_server_come_in_pages
)];

pub(crate) async fn lists_of_a_shop_and_of_the_server_come_in_pages(env: Env) {
    let (sol, operator) = (env.sol(), &env.world.operator);
    for name in ["zoe", "ana", "luz"] {
        let body = json!({ "name": name, "role": "viewer", "password": "twelve or more" });
        sol.api.post("/v1/users", body).await.unwrap();
        let body = json!({ "label": name, "role": "viewer" });
        sol.api.post("/v1/tokens", body).await.unwrap();
    }
    // Two things said in one event, and two at one instant.
    for event in ["FLAGGED", "UNFLAGGED"] {
        let about = json!({ "display_phone_number": sol.shop.display, "event": event,
            "current_limit": "TIER_2K" });
        env.meta_says(sol, "phone_number_quality_update", about)
            .await;
    }
    for (api, path, query) in [
        (operator, "/v1/tenants", ""),
        (operator, "/v1/tokens", ""),
        (operator, "/v1/users", ""),
        (&sol.api, "/v1/tenants", ""),
        (&sol.api, "/v1/tokens", ""),
        (&sol.api, "/v1/users", ""),
        (&sol.api, "/v1/templates", ""),
        (&sol.api, "/v1/history", ""),
        (&sol.api, "/v1/history", "&subject=number"),
    ] {
        let (whole, _) = walk(api, path, query, 200).await;
        assert!(!whole.is_empty(), "{path}{query} is empty");
        for limit in [1, 2] {
            let (rows, pages) = walk(api, path, query, limit).await;
            assert_eq!(rows, whole, "{path}{query} by {limit}");
            assert!(pages >= whole.len() / limit, "{path}{query} by {limit}");
        }
        let own = api.get(path).await.unwrap();
        assert!(own["items"].as_array().unwrap().len() <= 50, "{path}");
    }
    let (names, _) = walk(&sol.api, "/v1/users", "", 2).await;
    let names: Vec<&str> = names.iter().filter_map(|u| u["name"].as_str()).collect();
    assert_eq!(names, ["ana", "luz", "zoe"]);
    let (history, _) = walk(&sol.api, "/v1/history", "", 1).await;
    let when: Vec<&str> = history.iter().filter_map(|h| h["at"].as_str()).collect();
    assert!(when.is_sorted_by(|a, b| a >= b), "{when:?}");
    for path in ["/v1/tenants", "/v1/tokens", "/v1/templates", "/v1/history"] {
        let bad = sol.api.get(&format!("{path}?after=x")).await.unwrap_err();
        assert!(bad.to_string().contains("not a cursor"), "{path}: {bad}");
    }
    // What lies behind a cursor is the caller's own.
    let theirs = env.lua().api.get("/v1/users?after=a").await.unwrap();
    assert_eq!(theirs, json!({ "items": [] }));
    env.end().await;
}
