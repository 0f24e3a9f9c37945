//! What a shop still needs before it sends for real: asked, mended step by step, asked again.

use serde_json::{Value, json};

use crate::figures::{log_in, look};
use crate::harness::Env;

/// A step of the list: state, what was found, remedy.
fn step(list: &Value, name: &str) -> (String, String, String) {
    let steps = list["steps"].as_array().unwrap();
    let step = steps.iter().find(|s| s["step"] == name);
    let step = step.unwrap_or_else(|| panic!("no {name} in {list}"));
    let text = |field: &str| step[field].as_str().unwrap().to_owned();
    (text("state"), text("found"), text("remedy"))
}

fn state(list: &Value, name: &str) -> String {
    step(list, name).0
}

pub(crate) async fn the_list_says_what_is_missing_until_it_is_there(env: Env) {
    let sol = env.sol();
    let path = "/v1/checklist";
    let graph = |waba: &str| format!("{}/v23.0/{waba}/subscribed_apps", env.stage.simulator_url);
    // At the pretend Meta nobody gets the webhooks of the account.
    let ended = env.http.delete(graph(sol.shop.waba));
    let ended = ended.bearer_auth(&env.stage.secrets.access_token);
    assert!(ended.send().await.unwrap().status().is_success());

    let list = sol.api.get(path).await.unwrap();
    assert_eq!(list["ready"], false, "{list}");
    for (name, wanted) in [
        ("app_secret", "done"),
        ("number", "done"),
        // Nobody asked Meta. What came in while the shop was set up proves that something does.
        ("access_token", "unknown"),
        ("registration", "unknown"),
        ("subscription", "done"),
        ("webhook", "done"),
        ("templates", "done"),
        ("test_people", "missing"),
        ("mode", "missing"),
    ] {
        assert_eq!(state(&list, name), wanted, "{name} in {list}");
        assert_eq!(
            step(&list, name).2.is_empty(),
            wanted == "done",
            "{name}: {list}"
        );
    }
    let asked = sol.api.post(path, json!({})).await.unwrap();
    assert_eq!(state(&asked, "access_token"), "done", "{asked}");
    assert_eq!(state(&asked, "registration"), "done", "{asked}");
    assert_eq!(state(&asked, "subscription"), "missing", "{asked}");

    // Somebody else's number is not there.
    let others = format!("/v1/numbers/{}/subscribe", sol.shop.number);
    let refused = env.lua().api.post(&others, json!({})).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("no number"), "{refused}");
    sol.api.post(&others, json!({})).await.unwrap();
    let asked = sol.api.post(path, json!({})).await.unwrap();
    let (subscribed, app, _) = step(&asked, "subscription");
    assert_eq!(
        (subscribed.as_str(), app.as_str()),
        ("done", "Portero"),
        "{asked}"
    );

    // Who tried the sandbox is counted once they answered.
    let invited = sol
        .api
        .put("/v1/sandbox/573009990001", json!({}))
        .await
        .unwrap();
    assert!(invited["code"].is_string(), "{invited}");
    let list = sol.api.get(path).await.unwrap();
    let (tried, found, _) = step(&list, "test_people");
    assert_eq!(
        (tried.as_str(), found.as_str()),
        ("missing", "0 of 1"),
        "{list}"
    );
    env.end().await;
}

pub(crate) async fn a_token_that_meta_does_not_take_is_told_in_its_words(env: Env) {
    let sol = env.sol();
    let number = json!({ "phone_number_id": sol.shop.number, "waba_id": sol.shop.waba, "display": sol.shop.display,
        "access_token": "EAA-of-somebody-else" });
    let operator = env.world.operator.for_tenant(sol.shop.slug);
    operator.put("/v1/numbers", number).await.unwrap();
    let asked = sol.api.post("/v1/checklist", json!({})).await.unwrap();
    let (token, found, remedy) = step(&asked, "access_token");
    assert_eq!(token, "missing", "{asked}");
    assert!(found.contains("190") && !remedy.is_empty(), "{asked}");
    assert!(!asked.to_string().contains("EAA-of"), "{asked}");
    assert_eq!(state(&asked, "subscription"), "unknown", "{asked}");
    let subscribe = format!("/v1/numbers/{}/subscribe", sol.shop.number);
    let refused = sol.api.post(&subscribe, json!({})).await.unwrap_err();
    assert!(refused.to_string().contains("190"), "{refused}");
    env.end().await;
}

pub(crate) async fn a_number_is_registered_with_its_pin(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    let at_meta = |act: &str| {
        let url = format!(
            "{}/v23.0/{}/{act}",
            env.stage.simulator_url, sol.shop.number
        );
        env.http
            .post(url)
            .bearer_auth(&env.stage.secrets.access_token)
    };
    assert!(
        at_meta("deregister")
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let asked = sol.api.post("/v1/checklist", json!({})).await.unwrap();
    let (is, found, remedy) = step(&asked, "registration");
    assert_eq!(is, "missing", "{asked}");
    assert!(
        found.contains("DISCONNECTED") && remedy.contains("PIN"),
        "{asked}"
    );
    assert!(
        asked.to_string().contains("portero number register"),
        "{asked}"
    );

    let path = format!("/v1/numbers/{}/register", sol.shop.number);
    for bad in ["12345", "12345x", "1234567", ""] {
        let refused = sol
            .api
            .post(&path, json!({ "pin": bad }))
            .await
            .unwrap_err();
        let refused = refused.to_string();
        assert!(refused.contains("six digits"), "{refused}");
        assert!(bad.is_empty() || !refused.contains(bad), "{refused}");
    }
    let foreign = lua.api.post(&path, json!({ "pin": "271828" })).await;
    let foreign = foreign.unwrap_err().to_string();
    assert!(foreign.contains("no number"), "{foreign}");
    sol.api
        .post(&path, json!({ "pin": "271828" }))
        .await
        .unwrap();
    let asked = sol.api.post("/v1/checklist", json!({})).await.unwrap();
    assert_eq!(state(&asked, "registration"), "done", "{asked}");
    // Another PIN is not the number's: Meta's words, and what to do.
    let wrong = sol.api.post(&path, json!({ "pin": "314159" })).await;
    let wrong = wrong.unwrap_err().to_string();
    assert!(
        wrong.contains("133005") && wrong.contains("Two-step verification"),
        "{wrong}"
    );
    for _ in 0..7 {
        let _ = sol.api.post(&path, json!({ "pin": "271828" })).await;
    }
    let often = sol.api.post(&path, json!({ "pin": "271828" })).await;
    let often = often.unwrap_err().to_string();
    assert!(
        often.contains("133016") && often.contains("72 hours"),
        "{often}"
    );
    // The acts are in the log, with the number they were about; the PIN is nowhere in it.
    let log = sol.api.get("/v1/audit?limit=200").await.unwrap();
    let mut rows = log["items"].as_array().unwrap().iter();
    let row = rows.rfind(|r| r["operation"] == "POST /v1/numbers/{id}/register");
    assert_eq!(row.unwrap()["targets"], json!([sol.shop.number]), "{log}");
    for pin in ["271828", "314159"] {
        assert!(!log.to_string().contains(pin), "{log}");
    }
    env.end().await;
}

pub(crate) async fn a_shop_without_a_number_is_told_to_connect_one(env: Env) {
    let tenant = json!({ "slug": "nueva", "name": "Nueva", "mode": "sandbox", "language": "es",
        "timezone": "America/Bogota", "country": "CO" });
    env.world
        .operator
        .post("/v1/tenants", tenant)
        .await
        .unwrap();
    let api = env.world.operator.for_tenant("nueva");
    for list in [
        api.get("/v1/checklist").await.unwrap(),
        api.post("/v1/checklist", json!({})).await.unwrap(),
    ] {
        assert_eq!(state(&list, "webhook"), "missing", "{list}");
        for name in ["number", "access_token", "registration", "subscription"] {
            let (is, _, remedy) = step(&list, name);
            assert_eq!(is, "missing", "{name}: {list}");
            assert!(remedy.contains("connect a number"), "{name}: {list}");
            assert!(
                list.to_string().contains("portero number connect"),
                "{list}"
            );
        }
        assert_eq!(state(&list, "mode"), "done", "{list}");
    }
    env.end().await;
}

pub(crate) async fn the_page_says_it_in_three_languages_and_asks_when_told_to(env: Env) {
    let sol = env.sol();
    let cookie = log_in(&env).await;
    let shop = &sol.shop.slug;
    for (lang, title, missing, unknown) in [
        (
            "es",
            "Puesta en marcha",
            "Falta: {n} de 9",
            "Solo Meta lo sabe",
        ),
        ("pt", "Colocar no ar", "Falta: {n} de 9", "Só a Meta sabe"),
        ("en", "Going live", "Missing: {n} of 9", "Only Meta knows"),
    ] {
        let query = format!("lang={lang}&shop={shop}");
        let page = look(&env, &cookie, &format!("/checklist?{query}")).await;
        assert!(page.contains(&format!("<h1>{title}</h1>")), "{page}");
        // The token is asked about only when told to; who tried it, and the mode, are missing either way.
        assert!(page.contains(unknown), "{page}");
        assert!(page.contains(&missing.replace("{n}", "4")), "{page}");
        let asked = look(&env, &cookie, &format!("/checklist/asked?{query}")).await;
        assert!(!asked.contains(unknown), "{asked}");
        assert!(asked.contains(&missing.replace("{n}", "2")), "{asked}");
    }
    env.end().await;
}
