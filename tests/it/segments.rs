//! Segments follow the data: who writes, buys, or leaves a cart is found again within one batch.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

const PLUGIN: &str = "com.portero.rfm-segments";

/// Installs a segmentation plugin for the first shop.
pub(crate) async fn install(env: &Env, component: &[u8], permissions: &[&str], config: Value) {
    let how = json!({
        "config": config,
        "grants": {
            "permissions": permissions,
            "contact_fields": ["name", "tags", "interactions", "purchases", "cart"],
        },
    });
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let body = portero::client::Body::Bytes(component.to_vec());
    let sent = env.sol().api.send(reqwest::Method::POST, &path, Some(body));
    sent.await.expect("installed");
    env.settle().await;
}

async fn members(env: &Env, segment: &str) -> Vec<(String, String)> {
    let path = format!("/v1/segments/{segment}/members?limit=200");
    let page = env.sol().api.get(&path).await.expect("members");
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| {
            let text = |k: &str| m[k].as_str().unwrap().to_owned();
            (text("contact"), text("reason"))
        })
        .collect()
}

async fn id(env: &Env, who: usize) -> String {
    env.contact(env.sol(), who).await["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn is_in(env: &Env, who: usize, segment: &str) -> bool {
    let id = id(env, who).await;
    members(env, segment).await.iter().any(|m| m.0 == id)
}

pub(crate) async fn membership_follows_messages_orders_and_carts(env: Env) {
    let people = env.sol().shop.people.len();
    install(
        &env,
        portero::guest::RFM_SEGMENTS,
        &["contacts.read", "config", "log"],
        json!({ "best": { "purchases": 2, "total": 100 } }),
    )
    .await;
    // Installed: everybody was looked at once.
    let list = env.sol().api.get("/v1/segments").await.unwrap();
    let plugin = &list[0];
    assert_eq!(plugin["plugin"], PLUGIN);
    assert_eq!(plugin["run"]["state"], "done", "{plugin}");
    assert_eq!(plugin["run"]["done"], people, "{plugin}");
    assert_eq!(plugin["faults"], 0);
    assert_eq!(plugin["segments"].as_array().unwrap().len(), 5);
    assert_eq!(members(&env, "new").await.len(), people);
    assert!(!is_in(&env, 2, "active").await);

    env.says(env.sol(), 2, "hola").await;
    assert!(is_in(&env, 2, "active").await);
    let reason = &members(&env, "active").await[0].1;
    assert!(reason.starts_with("Escribió el 20"), "{reason}");

    // A cart is abandoned an hour later, and not before.
    let cart = json!({ "cart": "C-1", "total": 129900, "currency": "COP", "items": [1] });
    env.event(env.sol(), 1, "c1", "cart.updated", cart).await;
    assert!(!is_in(&env, 1, "cart_abandoned").await);
    env.jump(Millis::minutes(61)).await;
    assert!(is_in(&env, 1, "cart_abandoned").await);
    let reason = &members(&env, "cart_abandoned").await[0].1;
    assert!(reason.contains("129.900 COP"), "{reason}");

    // The order ends it, counts as a purchase, and a cart told late does not bring it back.
    let before = env.sol().api.get("/v1/segments").await.unwrap()[0]["looked_at"].clone();
    let order = json!({ "order": "P-1", "cart": "C-1", "total": "99.50", "currency": "COP" });
    env.event(env.sol(), 1, "o1", "order.placed", order).await;
    assert!(!is_in(&env, 1, "cart_abandoned").await);
    assert!(is_in(&env, 1, "active").await);
    assert_ne!(
        env.sol().api.get("/v1/segments").await.unwrap()[0]["looked_at"],
        before
    );
    let contact = env.contact(env.sol(), 1).await;
    assert_eq!(contact["attributes"]["cart.state"], "ordered", "{contact}");
    let late = json!({
        "id": "c2", "name": "cart.updated", "contact": env.sol().shop.people[1].key(),
        "at": "2026-01-01T00:00:00Z", "data": { "cart": "C-1" },
    });
    env.sol().api.post("/v1/events", late).await.unwrap();
    env.settle().await;
    let contact = env.contact(env.sol(), 1).await;
    assert_eq!(contact["attributes"]["cart.state"], "ordered", "{contact}");

    // A second purchase makes a best customer; told twice it counts once; cancelled it never was.
    assert!(!is_in(&env, 1, "best_customers").await);
    let order = json!({ "order": "P-2", "total": 1, "currency": "COP" });
    env.event(env.sol(), 1, "o2", "order.placed", order.clone())
        .await;
    let again = env.event(env.sol(), 1, "o2", "order.placed", order).await;
    assert_eq!(again["new"], false);
    assert!(is_in(&env, 1, "best_customers").await);
    let reason = &members(&env, "best_customers").await[0].1;
    assert_eq!(reason, "2 compras por 100,50 COP en 365 días");
    env.event(
        env.sol(),
        1,
        "o3",
        "order.cancelled",
        json!({ "order": "P-2" }),
    )
    .await;
    assert!(!is_in(&env, 1, "best_customers").await);

    // Time alone: nobody is new or active any more after 100 days, somebody is dormant.
    env.jump(Millis::days(100)).await;
    assert!(members(&env, "new").await.is_empty());
    assert!(is_in(&env, 2, "dormant").await);
    env.end().await;
}

pub(crate) async fn a_plugin_that_stumbles_over_one_loses_nobody_else(env: Env) {
    let guest = std::fs::read(env!("PORTERO_GUEST_SEGMENTS")).unwrap();
    let people = env.sol().shop.people.len();
    install(&env, &guest, &["contacts.read"], json!({})).await;
    for who in 0..people {
        env.says(env.sol(), who, "hola").await;
    }
    assert_eq!(members(&env, "recent").await.len(), people);
    let was = members(&env, "recent").await;
    // From now on the plugin answers about this person with a stranger's handle: the answer is
    // refused, for them alone.
    let path = format!("/v1/contacts/{}", env.sol().shop.people[2].key());
    let body = json!({ "tags": ["forge"], "attributes": { "ciudad": "Cali" } });
    let told = env.sol().api.put(&path, body.clone()).await.unwrap();
    assert_eq!(told["tags"], json!(["forge"]));
    assert_eq!(env.sol().api.put(&path, body).await.unwrap(), told);
    env.settle().await;
    env.sol()
        .api
        .post("/v1/segments/rebuild", json!({}))
        .await
        .unwrap();
    env.settle().await;
    let list = env.sol().api.get("/v1/segments").await.unwrap();
    let plugin = &list[0];
    assert_eq!(plugin["run"]["state"], "done", "{plugin}");
    assert_eq!(plugin["run"]["faults"], 1, "{plugin}");
    assert_eq!(plugin["run"]["done"], people, "{plugin}");
    assert_eq!(plugin["stuck"], 1, "{plugin}");
    assert_eq!(plugin["stuck_people"][0]["contact"], id(&env, 2).await);
    let fault = plugin["last_fault"].as_str().unwrap();
    assert!(fault.starts_with("invalid-output"), "{fault}");
    let now = members(&env, "recent").await;
    assert_eq!(
        now.iter().map(|m| &m.0).collect::<Vec<_>>(),
        was.iter().map(|m| &m.0).collect::<Vec<_>>()
    );
    // Mended data mend the count.
    let mend = json!({ "untag": ["forge"] });
    env.sol().api.put(&path, mend).await.unwrap();
    env.settle().await;
    assert_eq!(
        env.sol().api.get("/v1/segments").await.unwrap()[0]["stuck"],
        0
    );
    env.end().await;
}

pub(crate) async fn events_of_a_wrong_type_are_refused_and_store_nothing(env: Env) {
    let who = env.sol().shop.people[0].key();
    let inbox = |env: &Env| {
        let api = env.sol().api.for_tenant(env.sol().shop.slug);
        async move {
            api.get("/v1/inbox?limit=200").await.unwrap()["items"]
                .as_array()
                .unwrap()
                .len()
        }
    };
    let before = inbox(&env).await;
    for (name, data, field) in [
        ("order.placed", json!({ "order": 7 }), "data.order"),
        (
            "cart.updated",
            json!({ "total": "1e3", "currency": "COP" }),
            "data.total",
        ),
        ("cart.updated", json!({ "total": 5 }), "data.currency"),
        ("cart.updated", json!({ "items": {} }), "data.items"),
    ] {
        let body = json!({ "id": "x", "name": name, "contact": who, "data": data });
        let error = env.sol().api.post("/v1/events", body).await.unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    }
    for (body, field) in [
        (json!({ "country": "Colombia" }), "country"),
        (json!({ "language": "klingon" }), "language"),
        (json!({ "attributes": { "cart.state": "open" } }), "cart."),
    ] {
        let path = format!("/v1/contacts/{who}");
        let error = env.sol().api.put(&path, body).await.unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    }
    assert_eq!(inbox(&env).await, before);
    env.end().await;
}
