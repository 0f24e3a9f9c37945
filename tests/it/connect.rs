//! A number is connected on its page, step by step; secrets stay where they were typed.

use serde_json::json;

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};
use crate::users::Browser;

pub(crate) const TESTS: &[Test] = &[test!(
    connect::a_number_is_connected_on_the_page_and_each_step_is_told
)];

const SECRET: &str = "app-secret-de-nadie";

pub(crate) async fn a_number_is_connected_on_the_page_and_each_step_is_told(env: Env) {
    let tenant = json!({ "slug": "nueva", "name": "Nueva", "mode": "sandbox", "language": "es",
        "timezone": "America/Bogota", "country": "CO" });
    env.world
        .operator
        .post("/v1/tenants", tenant)
        .await
        .unwrap();
    let body = json!({ "label": "operator", "role": "owner" });
    let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
    let token = made["token"].as_str().unwrap();
    let operator = Browser::at("192.0.2.77").with(&format!("portero_session={token}"));
    for (lang, words) in [
        ("es", "Conectar un número"),
        ("pt", "Conectar um número"),
        ("en", "Connect a number"),
    ] {
        let page = operator
            .get(&env, &format!("/numbers/new?lang={lang}&shop=nueva"))
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(
            page.body.contains(words) && !page.body.contains(">connect."),
            "{}",
            page.body
        );
        let list = operator
            .get(&env, &format!("/checklist?lang={lang}&shop=nueva"))
            .await;
        assert!(list.body.contains("/numbers/new?"), "{}", list.body);
    }
    let to = "/console/numbers/nueva/connect";
    let typed = |number: &'static str, token: &'static str| {
        [
            ("lang", "es"),
            ("app", "otra"),
            ("app_secret", SECRET),
            ("verify_token", ""),
            ("phone_number_id", number),
            ("waba", "2010000009"),
            ("display", "+57 601 555 0999"),
            ("access_token", token),
        ]
    };
    // What does not do is said beside its field, and no secret comes back.
    let wrong = operator
        .post(&env, to, &typed("+57 601", "EAA-de-nadie"))
        .await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(
        wrong.body.contains("id=\"wrong-phone_number_id\"")
            && wrong.body.contains("+57 601 555 0999")
    );
    // A token that Meta does not take: what was before stands, the step says what to do.
    let refused = operator
        .post(&env, to, &typed("4019999999", "EAA-de-nadie"))
        .await;
    assert_eq!(refused.status, 502, "{}", refused.body);
    for words in [
        "data-step=\"meta\"",
        "No salió",
        "No empezó",
        "usuario del sistema",
        "190",
        "id=\"verify-token\"",
    ] {
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    for page in [&wrong.body, &refused.body] {
        assert!(
            !page.contains(SECRET) && !page.contains("EAA-de-nadie"),
            "{page}"
        );
    }
    let api = env.world.operator.for_tenant("nueva");
    let numbers = api.get("/v1/numbers").await.unwrap();
    assert_eq!(numbers[0]["phone_number_id"], "4019999999", "{numbers}");
    // A number that the pretend Meta knows, again on its own shop: every step is done, and the token shown is none of it.
    let sol = env.sol();
    let good = [
        ("lang", "en"),
        ("app", ""),
        ("app_secret", ""),
        ("phone_number_id", sol.shop.number),
        ("waba", sol.shop.waba),
        ("display", sol.shop.display),
        ("access_token", env.stage.secrets.access_token.as_str()),
        ("pin", ""),
    ];
    let at = format!("/console/numbers/{}/connect", sol.shop.slug);
    let done = operator.post(&env, &at, &good).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(
        done.body.contains("The number is connected.") && done.body.contains("/webhooks/whatsapp"),
        "{}",
        done.body
    );
    assert!(
        !done.body.contains(env.stage.secrets.access_token.as_str())
            && !done.body.contains("id=\"verify-token\"")
    );
    // A number that is not registered is, with its PIN; a wrong one is told in Meta's words.
    let deregistered = env
        .http
        .post(format!(
            "{}/v23.0/{}/deregister",
            env.stage.simulator_url, sol.shop.number
        ))
        .bearer_auth(&env.stage.secrets.access_token);
    assert!(deregistered.send().await.unwrap().status().is_success());
    let mut pinned = good;
    pinned[7].1 = "12 34";
    let wrong = operator.post(&env, &at, &pinned).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("id=\"wrong-pin\"") && !wrong.body.contains("12 34"));
    pinned[7].1 = "271828";
    let registered = operator.post(&env, &at, &pinned).await;
    assert_eq!(registered.status, 200, "{}", registered.body);
    assert!(
        registered.body.contains("data-step=\"registration\"")
            && !registered.body.contains("271828"),
        "{}",
        registered.body
    );
    let list = sol.api.post("/v1/checklist", json!({})).await.unwrap();
    let steps = list["steps"].as_array().unwrap();
    let step = steps.iter().find(|s| s["step"] == "registration").unwrap();
    assert_eq!(step["state"], "done", "{list}");
    // Another shop's number is not taken away.
    let stolen = operator.post(&env, to, &good).await;
    assert_eq!(stolen.status, 422, "{}", stolen.body);
    assert!(
        stolen.body.contains("data-step=\"number\""),
        "{}",
        stolen.body
    );
    // The owner of a shop is told whom to ask; nobody else gets that far.
    let owner = with_role(&env, sol.shop.slug, "owner").await;
    let page = owner.get(&env, "/numbers/new?lang=en").await;
    assert!(
        page.body.contains("whoever runs the server"),
        "{}",
        page.body
    );
    let refused = owner.post(&env, &at, &good).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body.contains("id=\"trouble\""), "{}", refused.body);
    let developer = with_role(&env, sol.shop.slug, "developer").await;
    assert_eq!(developer.get(&env, "/numbers/new").await.status, 403);
    env.end().await;
}
