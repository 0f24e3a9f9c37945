//! The simulator's dials on the phone's page: each turns what it says, and refusals are said.

use serde_json::json;

use crate::console_campaigns::with_role;
use crate::figures::log_in;
use crate::harness::{Env, Test, test};
use crate::users::Browser;

pub(crate) const TESTS: &[Test] = &[
    test!(dials::every_dial_turns_what_it_says),
    test!(dials::dials_of_every_shop_are_the_operators),
];

pub(crate) async fn every_dial_turns_what_it_says(env: Env) {
    let sol = env.sol().shop.slug;
    let operator = Browser::at("192.0.2.60").with(&log_in(&env).await);
    let page = format!("/phone/dials?shop={sol}");
    for (lang, words) in [
        ("es", "Llegan dos veces"),
        ("pt", "Chegam duas vezes"),
        ("en", "Delivered twice"),
    ] {
        let shown = operator
            .get(&env, &format!("{page}&lang={lang}"))
            .await
            .body;
        assert!(
            shown.contains(words) && !shown.contains(">dials."),
            "{shown}"
        );
    }
    let phone = operator
        .get(&env, &format!("/phone?lang=es&shop={sol}"))
        .await
        .body;
    assert!(phone.contains("/phone/dials?lang=es"), "{phone}");
    let post = async |what: &str, fields: &[(&str, &str)]| {
        let to = format!("/console/phone/{sol}/dials/{what}");
        operator
            .post(&env, &to, &[&[("lang", "en")], fields].concat())
            .await
    };
    let faults = async || env.world.control.get("/_sim/faults").await.unwrap();
    let fields = [
        ("duplicate", "100"),
        ("delay", "3"),
        ("reorder", "yes"),
        ("drop", ""),
        ("forge", "0"),
    ];
    let turned = post("webhooks", &fields).await;
    assert_eq!(turned.status, 303, "{}", turned.body);
    assert!(
        turned.location.ends_with("did=turned"),
        "{}",
        turned.location
    );
    let set = faults().await;
    assert_eq!(
        (
            &set["duplicate_percent"],
            &set["delay_ms"],
            &set["reorder"],
            &set["pause_webhooks"]
        ),
        (&json!(100), &json!(3_000), &json!(true), &json!(false)),
        "{set}"
    );
    let shown = operator.get(&env, &format!("{page}&lang=en")).await.body;
    assert!(
        shown.contains("name=\"duplicate\" type=\"number\" min=\"0\" max=\"100\" value=\"100\""),
        "{shown}"
    );
    post("webhooks", &[]).await;
    assert_eq!(faults().await["duplicate_percent"], 0);
    // The next message of a shop meets the error, and the house tells it as Meta did.
    let error = [("code", "131026"), ("times", "1"), ("mode", "sync")];
    assert_eq!(post("errors", &error).await.status, 303);
    let shown = operator.get(&env, &format!("{page}&lang=en")).await.body;
    assert!(
        shown.contains("Error 131026 waits for 1 messages."),
        "{shown}"
    );
    let refused = post("errors", &[("code", "7"), ("times", "1"), ("mode", "sync")]).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(
        refused.body.contains("The simulator did not take it."),
        "{}",
        refused.body
    );
    assert_eq!(post("errors", &[]).await.status, 303);
    assert_eq!(faults().await["next"], json!([]));
    let number = [("which", env.sol().shop.number), ("quality", "RED")];
    assert_eq!(post("number", &number).await.status, 303);
    env.settle().await;
    let which = format!("{}/promo_semana/es", env.sol().shop.waba);
    let template = [
        ("which", which.as_str()),
        ("status", "PAUSED"),
        ("quality", ""),
    ];
    assert_eq!(post("template", &template).await.status, 303);
    env.settle().await;
    let known = env
        .sol()
        .api
        .get("/v1/templates")
        .await
        .unwrap()
        .to_string();
    assert!(known.contains("PAUSED"), "{known}");
    let numbers = env.sol().api.get("/v1/numbers").await.unwrap().to_string();
    assert!(numbers.contains("RED"), "{numbers}");
    env.end().await;
}

pub(crate) async fn dials_of_every_shop_are_the_operators(env: Env) {
    let (sol, lua) = (env.sol().shop.slug, &env.lua().shop);
    let owner = with_role(&env, sol, "owner").await;
    let page = owner
        .get(&env, &format!("/phone/dials?lang=en&shop={sol}"))
        .await
        .body;
    assert!(
        page.contains("whoever runs the server turns them") && !page.contains("/dials/webhooks\""),
        "{page}"
    );
    for what in ["webhooks", "errors"] {
        let to = format!("/console/phone/{sol}/dials/{what}");
        let refused = owner.post(&env, &to, &[("duplicate", "50")]).await;
        assert_eq!(refused.status, 403, "{what}: {}", refused.body);
    }
    assert_eq!(
        env.world.control.get("/_sim/faults").await.unwrap()["duplicate_percent"],
        0
    );
    // Of one shop alone: never another's number or template.
    for (what, which) in [
        ("number", lua.number.to_owned()),
        ("template", format!("{}/promo_semana/pt_BR", lua.waba)),
    ] {
        let fields = [("which", which.as_str()), ("quality", "RED")];
        let mine = format!("/console/phone/{sol}/dials/{what}");
        assert_eq!(owner.post(&env, &mine, &fields).await.status, 404, "{what}");
        let theirs = format!("/console/phone/{}/dials/{what}", lua.slug);
        assert_eq!(
            owner.post(&env, &theirs, &fields).await.status,
            404,
            "{what}"
        );
    }
    let auditor = with_role(&env, sol, "auditor").await;
    let looks = auditor
        .get(&env, &format!("/phone/dials?lang=en&shop={sol}"))
        .await;
    assert!(
        looks.body.contains("it takes the right to edit"),
        "{}",
        looks.body
    );
    env.end().await;
}
