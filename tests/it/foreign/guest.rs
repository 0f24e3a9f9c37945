//! A plugin of Luna's that writes down everything it is given, beside a busy day of Sol's.

use portero::client::Body;
use serde_json::{Value, json};

use super::Words;
use crate::api_fuzz::good;
use crate::erasure::rows;
use crate::harness::Env;

/// Words about a person of Sol's that exist nowhere else.
const SEEDED: &[&str] = &[
    "Xochiquetzal",
    "calle-del-secreto-19",
    "guacamaya-azul-4471",
    "colibri-3390",
];
/// What Sol's plugin was given to be kept.
const SECRET: &str = "seeded-plugin-secret-4406";

/// A person with everything, who writes, orders, and is answered.
async fn seed(env: &Env) {
    let sol = env.sol();
    let key = sol.shop.people[0].key();
    let person = json!({ "name": "Xochiquetzal", "attributes": { "talla": "calle-del-secreto-19" }, "tags": ["colibri-3390"] });
    let path = format!("/v1/contacts/{key}");
    sol.api.put(&path, person).await.expect("a person");
    env.says(sol, 0, "guacamaya-azul-4471").await;
    env.event(
        sol,
        0,
        "seed-1",
        "order.placed",
        json!({ "order": "colibri-3390", "total": "9.50", "currency": "COP" }),
    )
    .await;
}

/// All that the calls of a plugin of Luna's wrote down.
async fn written(env: &Env, id: &str) -> String {
    let calls = env
        .lua()
        .api
        .get(&format!("/v1/plugins/{id}/calls?limit=100"))
        .await;
    let calls = calls.expect("its calls");
    let calls = calls["items"].as_array().expect("a list").iter();
    let lines = calls.flat_map(|call| call["log"].as_array().into_iter().flatten());
    let lines: Vec<&str> = lines.filter_map(|line| line["line"].as_str()).collect();
    lines.join("\n")
}

pub(crate) async fn a_guest_is_given_nothing_of_another_shop(env: Env) {
    let good = good::requests(&env).await;
    seed(&env).await;
    let plugins = good
        .iter()
        .find(|r| r.name() == "GET /v1/plugins/{id}/secrets");
    let secret = format!(
        "/v1/plugins/{}/secrets/SHOP_TOKEN",
        plugins.expect("a plugin").named[0]
    );
    env.sol()
        .api
        .put(&secret, json!({ "value": SECRET }))
        .await
        .expect("kept");
    let words = Words::of(&env).await;

    let lua = env.lua();
    let component = std::fs::read(env!("PORTERO_GUEST_DUMPS")).expect("the guest");
    let how = json!({ "config": {}, "position": -1, "grants": {
        "permissions": ["log", "config", "kv", "gate.preview", "contacts.read", "send.session"],
        "contact_fields": ["name", "language", "country", "size", "talla", "tags"], "templates": [] } });
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let made = lua
        .api
        .send(reqwest::Method::POST, &path, Some(Body::Bytes(component)))
        .await;
    let id = made.expect("installed")["id"]
        .as_str()
        .expect("an id")
        .to_owned();

    let own = json!({ "name": "Iracema", "attributes": { "talla": "rede-azul-1187" } });
    let key = lua.shop.people[1].key();
    lua.api
        .put(&format!("/v1/contacts/{key}"), own)
        .await
        .expect("a person");
    // Whom they were slipped: Sol's person, by every name there is.
    let theirs = env.contact(env.sol(), 0).await["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let address = env.sol().shop.people[0].key();
    let guess = format!("{theirs} {address} {}", env.sol().shop.slug);
    env.says(lua, 1, &guess).await;
    env.says(lua, 1, "e agora?").await;
    env.event(lua, 1, "look-1", "look.around", json!({ "rede": 5 }))
        .await;

    let all = written(&env, &id).await;
    // It writes down what is Luna's: otherwise the rest says nothing.
    for known in ["Iracema", "rede-azul-1187", "e agora?", "look.around"] {
        assert!(all.contains(known), "`{known}` was not written down: {all}");
    }
    for word in SEEDED.iter().chain([&SECRET]) {
        assert!(
            !all.contains(word),
            "`{word}` was given to Luna's guest: {all}"
        );
    }
    assert_eq!(words.said(&guess, &all), None, "{all}");
    // Nor does the secret lie anywhere as it is, on either engine.
    let rows = rows::everything(&env).await;
    assert_eq!(rows::holding(&rows, SECRET), Vec::<&str>::new());
    assert!(!rows::holding(&rows, "Xochiquetzal").is_empty(), "it looks");
    let listed: Value = env.sol().api.get("/v1/plugins").await.expect("plugins");
    assert!(!listed.to_string().contains(SECRET));
    env.end().await;
}
