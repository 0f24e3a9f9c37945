//! Answers that take a while, in lines that say how far they are.

use serde_json::{Value, json};

use crate::campaigns::{create, customers, weekly};
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[test!(progress::a_plan_and_a_sync_say_how_far_they_are)];

/// The lines of an answer.
async fn lines(env: &Env, path: &str) -> Vec<Value> {
    let request = env.http.post(format!("{}{path}", env.stage.host.url));
    let request = request.bearer_auth(&env.sol().token);
    let request = request.header("accept", "application/x-ndjson");
    let answer = request.json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().await.unwrap();
    let read = |line: &str| serde_json::from_str(line).unwrap();
    text.lines().map(read).collect()
}

pub(crate) async fn a_plan_and_a_sync_say_how_far_they_are(env: Env) {
    customers(&env, 5).await;
    let id = create(&env, &weekly()).await;
    let told = lines(&env, &format!("/v1/campaigns/{id}/plan")).await;
    let result = told.iter().find_map(|line| line.get("result"));
    let result = result.unwrap_or_else(|| panic!("{told:?}"));
    let people = result["people"].as_u64().unwrap();
    assert!(people >= 5, "{result}");
    let far: Vec<&Value> = told
        .iter()
        .filter_map(|line| line.get("progress"))
        .collect();
    assert_eq!(far[0], &json!({ "done": 0, "people": people }), "{told:?}");
    assert!(
        far.contains(&&json!({ "done": people, "people": people })),
        "{told:?}"
    );
    let shown = env
        .sol()
        .api
        .get(&format!("/v1/campaigns/{id}/plan"))
        .await
        .unwrap();
    assert_eq!(
        shown["hash"], result["hash"],
        "the same plan as without lines"
    );
    let told = lines(&env, "/v1/templates/sync").await;
    let first = told.iter().find_map(|line| line.get("progress"));
    assert_eq!(
        first,
        Some(&json!({ "done": 0, "accounts": 1, "templates": 0 })),
        "{told:?}"
    );
    let result = told.iter().find_map(|line| line.get("result"));
    assert!(
        result.is_some_and(|r| r["templates"].as_u64() > Some(3)),
        "{told:?}"
    );
    // What goes wrong is the last line.
    let told = lines(
        &env,
        "/v1/campaigns/cam_00000000000070008000000000000000/plan",
    )
    .await;
    assert_eq!(
        told.last().unwrap()["problem"]["code"],
        "not_found",
        "{told:?}"
    );
    env.end().await;
}
