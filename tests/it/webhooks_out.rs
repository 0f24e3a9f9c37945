//! Webhooks out: the shop's own systems are told, signed, at least once, under one id.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

/// One delivery as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    headers: HeaderMap,
    body: String,
}

impl Came {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("text")
    }
    pub(crate) fn body(&self) -> &str {
        &self.body
    }
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
    /// Whether the specification's own library, with this secret, makes one of its signatures.
    fn is_signed_with(&self, secret: &str) -> bool {
        let webhook = standardwebhooks::Webhook::new(secret).expect("a secret");
        let at = self.header("webhook-timestamp").parse().expect("seconds");
        let signed = webhook
            .sign(self.header("webhook-id"), at, self.body.as_bytes())
            .expect("a signature");
        let mut given = self.header("webhook-signature").split(' ');
        given.any(|one| one == signed)
    }
}

/// A system of the shop's.
pub(crate) struct Receiver {
    pub(crate) url: String,
    came: Arc<Mutex<Vec<Came>>>,
    answer: Arc<Mutex<u16>>,
}

type Shared = (Arc<Mutex<Vec<Came>>>, Arc<Mutex<u16>>);

async fn take(State((came, answer)): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    came.lock().expect("a lock").push(Came { headers, body });
    StatusCode::from_u16(*answer.lock().expect("a lock")).expect("a status")
}

impl Receiver {
    pub(crate) async fn open() -> Receiver {
        let shared: Shared = (Arc::default(), Arc::new(Mutex::new(200)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!(
            "http://{}/portero",
            listener.local_addr().expect("an address")
        );
        let router = axum::Router::new()
            .route("/portero", axum::routing::post(take))
            .with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver {
            url,
            came: shared.0,
            answer: shared.1,
        }
    }
    fn answers(&self, status: u16) {
        *self.answer.lock().expect("a lock") = status;
    }
    /// What came since the last look.
    pub(crate) fn came(&self) -> Vec<Came> {
        std::mem::take(&mut *self.came.lock().expect("a lock"))
    }
}

/// The endpoint's path and its secret.
pub(crate) async fn added(env: &Env, body: Value) -> (String, String) {
    let made = env
        .lua()
        .api
        .post("/v1/webhooks", body)
        .await
        .expect("made");
    let path = format!("/v1/webhooks/{}", made["id"].as_str().expect("an id"));
    (path, made["secret"].as_str().expect("a secret").to_owned())
}

async fn look(env: &Env, path: &str) -> Value {
    env.lua().api.get(path).await.expect(path)
}

pub(crate) async fn what_happens_is_told_signed_and_once(env: Env) {
    let lua = env.lua();
    let receiver = Receiver::open().await;
    let (path, secret) = added(&env, json!({ "url": receiver.url, "about": "crm" })).await;
    let (quiet, _) = added(
        &env,
        json!({ "url": receiver.url, "events": ["campaign.paused", "campaign.paused"] }),
    )
    .await;
    assert_eq!(look(&env, &path).await["state"], "new");
    assert_eq!(
        look(&env, &quiet).await["events"],
        json!(["campaign.paused"])
    );

    env.says(lua, 0, "quero falar com um atendente").await;
    env.jump(Millis::minutes(15)).await;
    env.says(lua, 1, "SAIR").await;
    let came = receiver.came();
    let kinds: Vec<String> = came
        .iter()
        .map(|c| c.json()["type"].as_str().expect("a type").to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "conversation.handed_over",
            "conversation.unanswered",
            "consent.withdrawn"
        ]
    );
    let who = env.contact(lua, 0).await;
    let name = who["name"].as_str().expect("a name");
    for one in &came {
        assert!(one.is_signed_with(&secret), "{one:?}");
        assert!(!one.is_signed_with("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
        assert_eq!(one.header("content-type"), "application/json");
        assert!(one.header("webhook-id").starts_with("ntc_"));
        // Ids only: who reads it asks the API with a token of its own.
        for private in [lua.shop.people[0].key(), lua.shop.people[1].key(), name] {
            assert!(!one.body.contains(private), "{}", one.body);
        }
    }
    assert_eq!(came[1].json()["data"]["contact"], who["id"]);
    assert_eq!(came[1].json()["data"]["tenant"], lua.id.to_string());
    assert_eq!(look(&env, &path).await["state"], "ok");
    assert_eq!(
        look(&env, &format!("{quiet}/deliveries")).await["items"],
        json!([])
    );
    let log = look(&env, &format!("{path}/deliveries")).await;
    assert_eq!(log["items"].as_array().expect("a list").len(), 3);
    assert_eq!(log["items"][2]["id"], came[0].header("webhook-id"));

    // A test goes to one endpoint, whatever it asked for; a forgotten one gets nothing.
    lua.api
        .post(&format!("{quiet}/test"), json!({}))
        .await
        .expect("sent");
    env.settle().await;
    let came = receiver.came();
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].json()["type"], "ping");
    for path in [&path, &quiet] {
        lua.api
            .send(reqwest::Method::DELETE, path, None)
            .await
            .expect("forgotten");
    }
    env.says(lua, 2, "SAIR").await;
    assert!(receiver.came().is_empty());
    assert!(lua.api.get(&path).await.is_err());
    env.end().await;
}

pub(crate) async fn what_does_not_arrive_is_tried_again_then_given_up_and_shown(env: Env) {
    let lua = env.lua();
    let receiver = Receiver::open().await;
    // Of one kind: in thirteen days a template's pause ends as well, and that is told too.
    let wanted = json!({ "url": receiver.url, "events": ["consent.withdrawn"] });
    let (path, secret) = added(&env, wanted).await;
    receiver.answers(500);
    let sent = lua
        .api
        .post(&format!("{path}/test"), json!({}))
        .await
        .expect("sent");
    let notice = format!("{path}/deliveries/{}", sent["id"].as_str().expect("an id"));
    env.settle().await;
    let one = look(&env, &notice).await;
    assert_eq!(
        (&one["state"], &one["tries"]),
        (&json!("waiting"), &json!(1))
    );
    assert_eq!(
        (&one["status"], &one["fault"]),
        (&json!(500), &json!("answered 500"))
    );
    assert_eq!(look(&env, &path).await["state"], "failing");
    env.jump(Millis(4_999)).await;
    assert_eq!(receiver.came().len(), 1, "not before 5 s");
    env.jump(Millis(502)).await;
    assert_eq!(receiver.came().len(), 1, "a tenth of chance later at most");
    // It comes back in between: the same id, and the endpoint is well.
    receiver.answers(204);
    env.jump(Millis::minutes(6)).await;
    let came = receiver.came();
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].header("webhook-id"), sent["id"]);
    assert!(came[0].is_signed_with(&secret));
    let one = look(&env, &notice).await;
    assert_eq!(
        (&one["state"], &one["tries"]),
        (&json!("delivered"), &json!(3))
    );
    assert_eq!(one["log"].as_array().expect("a log").len(), 3);
    assert_eq!(look(&env, &path).await["state"], "ok");

    // Away for good: ten tries over three days, then given up, and the endpoint rests.
    receiver.answers(302);
    env.says(lua, 0, "SAIR").await;
    for _ in 0..12 {
        env.jump(Millis::hours(27)).await;
    }
    assert_eq!(receiver.came().len(), 10, "a redirect is not followed");
    let shown = look(&env, &path).await;
    assert_eq!(shown["state"], "disabled", "{shown}");
    assert_eq!(shown["disabled_reason"], "nothing arrived for three days");
    let log = look(&env, &format!("{path}/deliveries?limit=1")).await;
    assert_eq!(log["items"][0]["state"], "given_up");
    let test = lua.api.post(&format!("{path}/test"), json!({})).await;
    assert!(format!("{:#}", test.unwrap_err()).contains("enable it first"));
    // What happens meanwhile waits; enabling sends it, replaying sends what was given up.
    env.says(lua, 1, "SAIR").await;
    assert_eq!(look(&env, &path).await["waiting"], 1);
    receiver.answers(200);
    lua.api
        .post(&format!("{path}/enable"), json!({}))
        .await
        .expect("enabled");
    env.settle().await;
    assert_eq!(receiver.came().len(), 1);
    let again = lua
        .api
        .post(&format!("{path}/replay"), json!({}))
        .await
        .expect("replayed");
    assert_eq!(again["replayed"], 1);
    env.settle().await;
    let came = receiver.came();
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].header("webhook-id"), log["items"][0]["id"]);
    // One notice again, though it had arrived.
    let body = json!({ "id": sent["id"] });
    lua.api
        .post(&format!("{path}/replay"), body)
        .await
        .expect("replayed");
    env.settle().await;
    assert_eq!(receiver.came()[0].header("webhook-id"), sent["id"]);

    // A receiver that says 410 is never asked again.
    receiver.answers(410);
    env.says(lua, 2, "SAIR").await;
    assert_eq!(
        look(&env, &path).await["disabled_reason"],
        "the receiver answered 410 Gone"
    );
    env.end().await;
}

pub(crate) async fn a_secret_is_rotated_without_a_gap(env: Env) {
    let lua = env.lua();
    let receiver = Receiver::open().await;
    let (path, old) = added(&env, json!({ "url": receiver.url })).await;
    let rotated = lua
        .api
        .post(&format!("{path}/rotate"), json!({}))
        .await
        .expect("rotated");
    let new = rotated["secret"].as_str().expect("a secret");
    assert_ne!(new, old);
    let seen = look(&env, &path).await.to_string();
    assert!(
        !seen.contains(new) && !seen.contains(&old),
        "shown once: {seen}"
    );
    lua.api
        .post(&format!("{path}/test"), json!({}))
        .await
        .expect("sent");
    env.settle().await;
    let both = receiver.came().remove(0);
    assert!(both.is_signed_with(new) && both.is_signed_with(&old));
    env.jump(Millis::hours(24)).await;
    lua.api
        .post(&format!("{path}/test"), json!({}))
        .await
        .expect("sent");
    env.settle().await;
    let one = receiver.came().remove(0);
    assert!(one.is_signed_with(new) && !one.is_signed_with(&old));
    env.end().await;
}

pub(crate) async fn an_address_inside_is_refused_with_the_reason(env: Env) {
    let lua = env.lua();
    for (url, why) in [
        ("http://shop.example/x", "use https"),
        ("https://10.0.0.7/x", "literal addresses"),
        ("https://localhost./x", ""),
        (
            "https://graph.facebook.com/v26.0/1/messages",
            "belongs to Meta",
        ),
        ("https://u:p@shop.example/x", "user name or password"),
        ("no address", "not an address"),
    ] {
        let made = lua.api.post("/v1/webhooks", json!({ "url": url })).await;
        match made {
            Err(error) => {
                let said = format!("{error:#}");
                assert!(said.contains("url:") && said.contains(why), "{url}: {said}");
            }
            // A name that only its lookup gives away: nothing leaves, and the log says why.
            Ok(made) => {
                assert_eq!(why, "", "{url} was taken");
                let path = format!("/v1/webhooks/{}", made["id"].as_str().expect("an id"));
                lua.api
                    .post(&format!("{path}/test"), json!({}))
                    .await
                    .expect("sent");
                env.settle().await;
                let log = look(&env, &format!("{path}/deliveries")).await;
                let fault = log["items"][0]["fault"].as_str().expect("a fault");
                assert!(
                    fault.contains("no public address") || fault.contains("looked up"),
                    "{fault}"
                );
            }
        }
    }
    for (body, why) in [
        (
            json!({ "url": "https://a.example/", "events": ["campaign"] }),
            "campaign.paused",
        ),
        (
            json!({ "url": "https://a.example/", "about": "x".repeat(201) }),
            "about",
        ),
        (
            json!({ "url": "https://a.example/", "secret": "mine" }),
            "secret",
        ),
    ] {
        let said = format!(
            "{:#}",
            lua.api.post("/v1/webhooks", body).await.unwrap_err()
        );
        assert!(said.contains(why), "{said}");
    }
    env.end().await;
}

pub(crate) async fn an_endpoint_nobody_fetches_from_goes(env: Env) {
    let api = &env.sol().api;
    let fetched = |within: Value| json!({ "url": "portero:fetched", "fetch_within_s": within });
    let make = async |body: Value| {
        let made = api.post("/v1/webhooks", body).await.unwrap();
        made["id"].as_str().unwrap().to_owned()
    };
    for bad in [
        fetched(json!(9)),
        fetched(json!(86_401)),
        json!({ "url": "https://crm.example/hook", "fetch_within_s": 60 }),
    ] {
        let refused = api.post("/v1/webhooks", bad).await.unwrap_err();
        assert!(refused.to_string().contains("fetch_within_s"), "{refused}");
    }
    let stays = make(fetched(Value::Null)).await;
    let goes = make(fetched(json!(60))).await;
    let read = make(fetched(json!(60))).await;
    let until = async |id: &str| {
        let all = api.get("/v1/webhooks").await.unwrap();
        let all = all.as_array().unwrap().iter();
        let one = all.clone().find(|w| w["id"] == id);
        one.map(|w| w["fetched_until"].clone())
    };
    assert_eq!(until(&stays).await, Some(Value::Null));
    let first = until(&read).await.unwrap();
    assert!(first.is_string());
    // A look at each moment is not written down; one in the second half of the term is.
    let look = format!("/v1/webhooks/{read}/deliveries");
    api.get(&look).await.unwrap();
    assert_eq!(until(&read).await.as_ref(), Some(&first));
    env.rest(Millis::secs(40)).await;
    api.get(&look).await.unwrap();
    assert_ne!(until(&read).await.unwrap(), first);
    // What is told reaches each of them while they are there.
    env.says(env.sol(), 0, "BAJA").await;
    let told = api.get(&look).await.unwrap();
    assert!(!told["items"].as_array().unwrap().is_empty(), "{told}");
    env.rest(Millis::secs(30)).await;
    let gone = async {
        while until(&goes).await.is_some() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), gone).await;
    assert!(waited.is_ok(), "it is still there");
    let nothing = api.get(&format!("/v1/webhooks/{goes}")).await.unwrap_err();
    assert!(nothing.to_string().contains("no webhook"), "{nothing}");
    assert!(until(&read).await.is_some() && until(&stays).await.is_some());
    env.end().await;
}
