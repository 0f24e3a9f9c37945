//! A plugin looked at and switched through the API.

use serde_json::{Value, json};

use crate::harness::{Env, Test, test};
use crate::rules::newcomer;

pub(crate) const TESTS: &[Test] = &[test!(
    plugin_switch::a_plugin_is_told_about_and_switched_by_the_api
)];

pub(crate) async fn a_plugin_is_told_about_and_switched_by_the_api(env: Env) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    let installed = sol.api.get("/v1/plugins").await.unwrap();
    let id = installed[0]["id"].as_str().unwrap();
    let path = format!("/v1/plugins/{id}");
    let one = sol.api.get(&path).await.unwrap();
    for (field, value) in installed[0].as_object().unwrap() {
        assert_eq!(&one[field], value, "{field}: {one}");
    }
    assert_eq!(one["health"]["state"], "ok", "{one}");
    let well = json!({ "outcome": "ok", "calls": one["health"]["calls"][0]["calls"] });
    assert_eq!(one["health"]["calls"], json!([well]), "{one}");
    let said = one["health"]["said"].as_array().unwrap();
    assert!(said.iter().any(|s| s["verdict"] == "allow"), "{one}");
    let permissions = one["permissions"].as_array().unwrap();
    let session = permissions.iter().find(|p| p["id"] == "send.session");
    let session = session.unwrap_or_else(|| panic!("{one}"));
    assert_eq!(session["granted"], true);
    assert_eq!(session["means"]["es"], "Proponer respuestas");
    assert_eq!(session["means"]["pt"], "Propor respostas");
    assert_eq!(session["means"]["en"], "Propose answers");
    assert!(session["reason"].as_str().is_some_and(|r| !r.is_empty()));
    // Off: nobody answers; on: the next message is answered.
    let off = sol
        .api
        .post(&format!("{path}/disable"), json!({}))
        .await
        .unwrap();
    assert_eq!(
        (&off["enabled"], &off["health"]["state"]),
        (&json!(false), &json!("off"))
    );
    let before = env.messages(sol, 0).await.len();
    env.says(sol, 0, "hola").await;
    assert_eq!(env.messages(sol, 0).await.len(), before, "nobody answered");
    let twice = sol
        .api
        .post(&format!("{path}/disable"), json!({}))
        .await
        .unwrap();
    assert_eq!(twice["enabled"], false);
    let on = sol
        .api
        .post(&format!("{path}/enable"), json!({}))
        .await
        .unwrap();
    assert_eq!(
        (&on["enabled"], &on["health"]["state"]),
        (&json!(true), &json!("ok"))
    );
    let who = newcomer(&env, 791, "es", None).await;
    let number = sol.shop.number;
    portero::demo::setup::say(&env.world.control, &who, number, "hola")
        .await
        .unwrap();
    env.settle().await;
    let line = sol
        .api
        .get(&format!("/v1/contacts/{who}/timeline"))
        .await
        .unwrap();
    let items = line["items"].as_array().unwrap();
    assert!(items.iter().any(|i| i["origin"] == "plugin"), "{line}");
    // Another shop's, nobody's, and no id.
    for act in ["", "/enable", "/disable"] {
        let foreign = format!("{path}{act}");
        let method = if act.is_empty() {
            reqwest::Method::GET
        } else {
            reqwest::Method::POST
        };
        let refused = env
            .lua()
            .api
            .send(method.clone(), &foreign, None)
            .await
            .unwrap_err();
        assert!(refused.to_string().contains("no installation"), "{refused}");
        let nonsense = format!("/v1/plugins/tienda-bot{act}");
        assert!(
            sol.api.send(method, &nonsense, None).await.is_err(),
            "{nonsense}"
        );
    }
    // Who switched it stands in the log.
    let log = sol.api.get("/v1/audit?limit=200").await.unwrap();
    let rows: Vec<&Value> = log["items"].as_array().unwrap().iter().collect();
    for operation in [
        "POST /v1/plugins/{id}/disable",
        "POST /v1/plugins/{id}/enable",
    ] {
        let done = |r: &&&Value| r["operation"] == operation && r["status"] == 200;
        let row = rows.iter().find(done);
        let row = row.unwrap_or_else(|| panic!("{operation}: {log}"));
        assert_eq!(row["targets"], json!([id]), "{row}");
    }
    env.end().await;
}
