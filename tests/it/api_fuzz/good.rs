//! A good request for every operation, about things that are there.

use serde_json::{Value, json};

use super::spoil::{Load, Request, Who};
use crate::answers;
use crate::campaigns::{act, create, customers, launch, weekly};
use crate::fetches;
use crate::harness::Env;
use crate::plugin_trust::{self, Author};
use crate::plugin_versions;
use crate::segments;
use crate::systems::NAMED;
use crate::users::{PASSWORD, session, user};

fn request(method: &str, path: &str, named: &[&str], load: Load) -> Request {
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        named: named.iter().map(|n| (*n).to_owned()).collect(),
        query: Vec::new(),
        headers: Vec::new(),
        load,
        who: Who::Owner,
    }
}

fn get(path: &str, named: &[&str]) -> Request {
    request("GET", path, named, Load::Nothing)
}

fn post(path: &str, named: &[&str], body: Value) -> Request {
    request("POST", path, named, Load::Json(body))
}

fn put(path: &str, named: &[&str], body: Value) -> Request {
    request("PUT", path, named, Load::Json(body))
}

fn delete(path: &str, named: &[&str]) -> Request {
    request("DELETE", path, named, Load::Nothing)
}

impl Request {
    fn asking(mut self, name: &str, value: &str) -> Request {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }
    fn keyed(mut self, key: &str) -> Request {
        self.headers
            .push(("idempotency-key".to_owned(), key.as_bytes().to_vec()));
        self
    }
    /// By whom, when it is nobody of [`Who`].
    fn by(mut self, token: &str) -> Request {
        let bearer = format!("Bearer {token}").into_bytes();
        self.headers.push(("authorization".to_owned(), bearer));
        self
    }
    fn operator(mut self) -> Request {
        self.who = Who::Operator;
        self
    }
}

fn id(value: &Value) -> String {
    value["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {value}"))
        .to_owned()
}

async fn planned(env: &Env) -> (String, Value) {
    let mut slow = weekly();
    slow["spread_hours"] = json!(2);
    let campaign = create(env, &slow).await;
    let plan = act(env, &campaign, "plan", json!({})).await;
    (campaign, json!({ "plan_hash": plan["hash"] }))
}

/// Campaigns in every state, then requests for them.
async fn of_campaigns(env: &Env) -> Vec<Request> {
    let mut slow = weekly();
    slow["spread_hours"] = json!(2);
    let draft = create(env, &weekly()).await;
    let (waits, hash) = planned(env).await;
    let (approved, agreed) = planned(env).await;
    act(env, &approved, "approve", agreed).await;
    let (running, _) = launch(env, &slow).await;
    let (paused, _) = launch(env, &slow).await;
    act(env, &paused, "pause", json!({ "reason": "lunch" })).await;
    let (ends, _) = launch(env, &slow).await;
    let c = "/v1/campaigns/{id}";
    let why = json!({ "reason": "wrong price" });
    vec![
        get("/v1/campaigns", &[]).asking("limit", "2"),
        post("/v1/campaigns", &[], slow),
        get(c, &[&running]),
        get(&format!("{c}/plan"), &[&waits]),
        get(&format!("{c}/people"), &[&running]).asking("planned", "now"),
        get(&format!("{c}/export"), &[&running]),
        post(&format!("{c}/plan"), &[&draft], json!({})),
        post(&format!("{c}/approve"), &[&waits], hash),
        post(&format!("{c}/run"), &[&approved], json!({})),
        post(&format!("{c}/pause"), &[&running], why.clone()),
        post(&format!("{c}/resume"), &[&paused], json!({})),
        post(&format!("{c}/stop"), &[&ends], why),
    ]
}

fn of_people(who: &str, gone: &str, silent: &str) -> Vec<Request> {
    let p = "/v1/contacts/{who}";
    let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1",
        "promise": { "max": 9, "per": "week" }, "evidence": "form 8" });
    let address =
        json!({ "address": "573005560001", "name": "Rosa", "language": "es", "country": "CO" });
    let person = json!({ "name": "Rosa", "language": "es", "country": "CO",
        "attributes": { "talla": "M", "color": null }, "tags": ["vip"], "untag": ["old"] });
    let question = json!({ "wording": "ofertas", "template": "permiso_ofertas", "language": "es" });
    let text = json!({ "text": "Hola, soy Ana" });
    let c = "/v1/conversations";
    vec![
        get("/v1/contacts", &[])
            .asking("limit", "2")
            .asking("q", "Rosa"),
        get(&format!("{p}/timeline"), &[who]).asking("limit", "2"),
        get("/v1/consents", &[]).asking("kind", "granted"),
        get("/v1/consents/chain", &[]),
        get("/v1/contacts.csv", &[]),
        put("/v1/contacts", &[], address),
        put(p, &[who], person),
        get(p, &[who]),
        post(&format!("{p}/consent"), &[who], consent),
        post(&format!("{p}/ask"), &[silent], question).keyed("fuzz-ask"),
        get(&format!("{p}/consents"), &[who]),
        get(&format!("{p}/export"), &[who]),
        get(&format!("{p}/erasure"), &[gone]),
        post(
            &format!("{p}/erase"),
            &[gone],
            json!({ "reason": "request" }),
        ),
        post(
            &format!("{p}/block"),
            &[silent],
            json!({ "scope": "all", "reason": "asked at the till" }),
        ),
        post(
            &format!("{p}/hand-over"),
            &[who],
            json!({ "reason": "wants a person" }),
        ),
        get("/v1/suppressions", &[]).asking("limit", "2"),
        get(c, &[]).asking("state", "human"),
        get(&format!("{c}/{{who}}"), &[who]),
        post(&format!("{c}/{{who}}/answer"), &[who], text).keyed("fuzz-answer"),
        post(
            &format!("{c}/{{who}}/give-back"),
            &[who],
            json!({ "note": "done" }),
        ),
        post(&format!("{p}/give-back"), &[who], json!({})),
        get("/v1/settings/answer-within", &[]),
        put("/v1/settings/answer-within", &[], json!({ "minutes": 30 })),
    ]
}

async fn of_webhooks(env: &Env) -> Vec<Request> {
    let api = &env.sol().api;
    let hook =
        json!({ "url": "http://127.0.0.1:1/", "about": "shop", "events": ["campaign.paused"] });
    let kept = id(&api.post("/v1/webhooks", hook.clone()).await.unwrap());
    let gone = id(&api.post("/v1/webhooks", hook.clone()).await.unwrap());
    let tested = api
        .post(&format!("/v1/webhooks/{kept}/test"), json!({}))
        .await
        .unwrap();
    let notice = id(&tested);
    let w = "/v1/webhooks/{id}";
    vec![
        get("/v1/webhooks", &[]),
        post("/v1/webhooks", &[], hook),
        get("/v1/webhooks/events", &[]),
        get(w, &[&kept]),
        get(&format!("{w}/deliveries"), &[&kept]).asking("limit", "5"),
        get(&format!("{w}/deliveries/{{notice}}"), &[&kept, &notice]),
        post(&format!("{w}/rotate"), &[&kept], json!({})),
        post(&format!("{w}/test"), &[&kept], json!({})),
        post(&format!("{w}/enable"), &[&kept], json!({})),
        post(&format!("{w}/replay"), &[&kept], json!({ "id": notice })),
        delete(w, &[&gone]),
    ]
}

async fn of_imports(env: &Env) -> Vec<Request> {
    let how = json!({ "label": "people.csv" });
    let file = id(&env
        .sol()
        .api
        .post("/v1/imports", how.clone())
        .await
        .unwrap());
    let i = "/v1/imports/{id}";
    let lines = Load::Bytes(
        "text/csv",
        b"phone,name\n573005560011,Luz\nnobody,X\n".to_vec(),
    );
    vec![
        get("/v1/imports", &[]).asking("limit", "2"),
        post("/v1/imports", &[], how),
        request("PUT", &format!("{i}/rows"), &[&file], lines).asking("offset", "0"),
        get(i, &[&file]),
        get(&format!("{i}/faults"), &[&file]),
    ]
}

async fn of_access(env: &Env) -> Vec<Request> {
    let api = &env.sol().api;
    let spare = api.post("/v1/tokens", json!({ "label": "spare" })).await;
    let spare = id(&spare.unwrap());
    let ana = json!({ "name": "ana", "role": "viewer" });
    api.post("/v1/users", ana).await.unwrap();
    let u = "/v1/users/{user}";
    vec![
        get("/v1/tokens", &[]).asking("limit", "2"),
        post(
            "/v1/tokens",
            &[],
            json!({ "label": "fuzz", "role": "viewer", "expires_in_days": 3 }),
        ),
        delete("/v1/tokens/{id}", &[&spare]),
        get("/v1/users", &[]).asking("limit", "2"),
        post(
            "/v1/users",
            &[],
            json!({ "name": "luz", "role": "developer", "password": "twelve or more" }),
        ),
        get(&format!("{u}/role"), &["ana"]),
        put(
            &format!("{u}/role"),
            &["ana"],
            json!({ "role": "approver" }),
        ),
        put(
            &format!("{u}/password"),
            &["ana"],
            json!({ "password": "another twelve" }),
        ),
        delete(u, &["luz"]),
        get("/v1/audit", &[]).asking("limit", "5"),
    ]
}

/// The server's own things, and what is set for a shop.
fn of_shop(env: &Env) -> Vec<Request> {
    let sol = &env.sol().shop;
    let secrets = json!({ "app_secret": "0123456789abcdef", "verify_token": "fuzz" });
    let tenant = json!({ "slug": "nueva", "name": "Nueva", "mode": "simulator", "language": "es",
        "timezone": "America/Bogota", "country": "CO", "policy": {} });
    let number = json!({ "phone_number_id": sol.number, "waba_id": sol.waba, "display": sol.display,
        "access_token": env.stage.secrets.access_token, "messaging_limit": "TIER_UNLIMITED", "mps": 80 });
    let wording = json!({ "name": "novedades", "version": 1, "language": "es",
        "body": "¿Quieres novedades de Tienda Sol por WhatsApp, como mucho 2 veces por semana? Escribe BAJA para parar. https://tienda.example/privacidad",
        "yes_label": "Sí", "no_label": "No", "thanks": "¡Listo! BAJA para parar.",
        "promise": { "max": 2, "per": "week" } });
    let copy = Load::Bytes(
        "text/csv",
        b"573005550001\n573005550002,2026-11-01\n".to_vec(),
    );
    let n = "/v1/numbers/{id}";
    vec![
        get("/v1/tenants", &[]).asking("limit", "2"),
        post("/v1/tenants", &[], tenant).operator(),
        put("/v1/apps/{app}", &["fuzz"], secrets).operator(),
        get("/v1/numbers", &[]),
        put("/v1/numbers", &[], number).operator(),
        get(n, &[sol.number]),
        get("/v1/apps/{app}", &["fuzz"]).operator(),
        post("/v1/numbers/sync", &[], json!({})),
        post(&format!("{n}/subscribe"), &[sol.number], json!({})),
        post(
            &format!("{n}/register"),
            &[sol.number],
            json!({ "pin": "271828" }),
        ),
        get("/v1/history", &[]).asking("limit", "3"),
        get("/v1/checklist", &[]),
        post("/v1/checklist", &[], json!({})),
        get("/v1/policy", &[]),
        put(
            "/v1/policy",
            &[],
            json!({ "policy": { "campaign_second_person": false }, "reason": "fuzz" }),
        ),
        get("/v1/policy/history", &[]).asking("limit", "2"),
        post(
            "/v1/policy/whatif",
            &[],
            json!({ "policy": { "promotional_per_week": 1 }, "days": 7, "examples": 1 }),
        ),
        get("/v1/retention", &[]),
        put("/v1/retention", &[], json!({ "messages": 400 })),
        get("/v1/retention/preview", &[]),
        put("/v1/wordings", &[], wording),
        get("/v1/wordings", &[]),
        get("/v1/wordings/{name}", &["ofertas"]),
        get("/v1/templates", &[]).asking("limit", "2"),
        get(
            "/v1/templates/{waba}/{name}/{language}",
            &[sol.waba, "promo_semana", "es"],
        ),
        post("/v1/templates/sync", &[], json!({})),
        get("/v1/registries", &[]),
        put(
            "/v1/registries/{id}",
            &["co-rne"],
            json!({ "applies": true, "reason": "" }),
        ),
        get("/v1/registries/{id}", &["co-rne"]),
        request("PUT", "/v1/registries/{id}/copy", &["co-rne"], copy).asking("as_of", "2026-11-20"),
        get("/v1/sandbox", &[]),
        put("/v1/sandbox/{address}", &["573009990001"], json!({})),
        delete("/v1/sandbox/{address}", &["573009990001"]),
        get("/v1/account", &[]),
        get("/v1/overview", &[]),
        get("/v1/idle", &[]),
        post("/v1/stop", &[], json!({ "reason": "fire" })),
        post("/v1/resume", &[], json!({})),
        post(
            "/v1/trigger",
            &[],
            json!({ "event": "text", "text": "hola" }),
        ),
        post("/v1/clock/jump", &[], json!({ "ms": 1_000 })).operator(),
        get("/v1/grid", &[]).operator(),
        get("/v1/policy/difference", &[])
            .asking("one", sol.slug)
            .asking("other", "loja-lua")
            .operator(),
    ]
}

/// Keys of authors, and files that one of them signed.
async fn of_trust(env: &Env, installed: &str) -> Vec<Request> {
    let [author, old, new, gone] = [1, 2, 3, 4].map(Author::new);
    for trusted in [&author, &old, &gone] {
        let ids = ["test.portero."];
        let done = plugin_trust::trust(env, trusted, &ids).await;
        done.expect("trusted");
    }
    let file = plugin_versions::modest();
    let beside = author.sign(&file).into_bytes();
    let digest = plugin_trust::digest(&file);
    let files = [("/x.wasm", file), ("/x.wasm.minisig", beside)];
    let files = files.map(|(path, bytes)| (path.to_owned(), bytes));
    env.systems.serve(NAMED, files.to_vec()).await;
    let from = json!({ "url": format!("http://{NAMED}/x.wasm"), "digest": digest });
    let mut whole = from.clone();
    whole["how"] = json!({ "grants": { "permissions": ["kv"] }, "position": 6 });
    let public = new.public();
    let key = "/v1/plugin-keys/{key}";
    vec![
        get("/v1/plugin-keys", &[]),
        put(
            key,
            &[&author.key_id()],
            json!({ "public_key": author.public(), "name": "Acme", "prefixes": ["test.portero."] }),
        ),
        delete(key, &[&gone.key_id()]),
        post(
            "/v1/plugin-keys/{key}/successor",
            &[&old.key_id()],
            json!({ "signature": old.sign(public.as_bytes()), "public_key": public }),
        ),
        post("/v1/plugins/{id}/upgrade/fetch", &[installed], from),
        post("/v1/plugins/fetch", &[], whole),
    ]
}

async fn of_plugins(env: &Env) -> Vec<Request> {
    let config = json!({});
    let segments = segments::install(
        env,
        portero::guest::RFM_SEGMENTS,
        &["contacts.read", "config", "log"],
        config.clone(),
    );
    segments.await;
    let figures = answers::install(env, portero::guest::CAMPAIGN_METRICS, config, &[]).await;
    let listed = env.sol().api.get("/v1/segments").await.unwrap();
    let segment = listed[0]["segments"][0]["id"].as_str();
    let segment = segment.unwrap_or_else(|| panic!("{listed}"));
    let how = json!({ "config": { "shop": "Tienda Sol", "languages": ["es"], "delay_minutes": 60 }, "position": 5,
        "grants": { "permissions": ["kv"], "templates": [], "contact_fields": [] } });
    let r = "/v1/reports/{installation}/{report}";
    let secret = "/v1/plugins/{id}/secrets/{name}";
    let asking = fetches::install(env, fetches::granted(&["crm.shop.test:80"])).await;
    let asking = asking.expect("a plugin with a secret");
    env.says(env.sol(), 3, "healthy").await;
    let calls = format!("/v1/plugins/{asking}/calls?limit=1");
    let called = env.sol().api.get(&calls).await.unwrap();
    let called = called["items"][0]["event"].as_str().expect("a call");
    let wasm = |component: Vec<u8>| Load::Bytes("application/wasm", component);
    let upgrade = "/v1/plugins/{id}/upgrade";
    let component = Load::Bytes("application/wasm", portero::guest::CART_RECOVERY.to_vec());
    let mut all = vec![
        get("/v1/plugins", &[]),
        get("/v1/plugins/{id}", &[&id(&figures)]),
        get("/v1/plugins/{id}/parts", &[&id(&figures)]),
        post("/v1/plugins/{id}/disable", &[&id(&figures)], json!({})),
        post("/v1/plugins/{id}/enable", &[&id(&figures)], json!({})),
        request("POST", "/v1/plugins", &[], component).asking("how", &how.to_string()),
        get("/v1/plugins/{id}/secrets", &[&asking]),
        get("/v1/plugins/{id}/calls", &[&asking]).asking("limit", "2"),
        get("/v1/plugins/{id}/calls/{event}", &[&asking, called]),
        request(
            "POST",
            "/v1/plugins/{id}/replay",
            &[&asking],
            wasm(fetches::guest()),
        )
        .asking("last", "10"),
        request("POST", upgrade, &[&asking], wasm(plugin_versions::greedy())),
        get("/v1/plugins/{id}/versions", &[&asking]),
        post(
            "/v1/plugins/{id}/approve",
            &[&asking],
            json!({ "add": { "hosts": ["*.farout.test"] } }),
        ),
        post("/v1/plugins/{id}/rollback", &[&asking], json!({})),
        request("POST", upgrade, &[&asking], wasm(plugin_versions::greedy())),
        delete("/v1/plugins/{id}/waiting", &[&asking]),
        put(
            secret,
            &[&asking, "SHOP_TOKEN"],
            json!({ "value": "shop-token" }),
        ),
        delete(secret, &[&asking, "SHOP_TOKEN"]),
        get("/v1/segments", &[]),
        post("/v1/segments/rebuild", &[], json!({})),
        get("/v1/segments/{id}/members", &[segment]).asking("limit", "2"),
        get("/v1/reports", &[]),
        get(r, &[&id(&figures), "totals"]).asking("lang", "es"),
        get(r, &[&id(&figures), "days"]).asking("format", "csv"),
    ];
    all.extend(of_trust(env, &asking).await);
    all
}

async fn of_messages(env: &Env, message: &Value, event: &str) -> Vec<Request> {
    let out = message["id"].as_str().expect("an id");
    let verdict = message["verdict"].as_str().expect("a verdict");
    let link = format!("/v1/verdicts/{verdict}/links");
    let link = env.sol().api.post(&link, json!({})).await;
    let link = id(&link.expect("a link to a verdict"));
    let who = env.sol().shop.people[0].key();
    let text =
        json!({ "to": who, "purpose": "reply", "content": { "type": "text", "body": "Hola" } });
    let order = json!({ "id": "fuzz-1", "name": "order.placed", "contact": who,
        "data": { "order": "A-1", "total": "99.50", "currency": "COP" } });
    vec![
        get("/v1/messages", &[]).asking("limit", "2"),
        post("/v1/messages", &[], text).keyed("fuzz-message"),
        get("/v1/messages/{id}", &[out]),
        get("/v1/verdicts", &[]).asking("limit", "2"),
        get("/v1/verdicts/reasons", &[]).asking("days", "7"),
        get("/v1/verdicts/{id}", &[verdict]),
        post("/v1/verdicts/{id}/rejudge", &[verdict], json!({})),
        post("/v1/verdicts/{id}/links", &[verdict], json!({ "days": 3 })),
        get("/v1/verdicts/{id}/links", &[verdict]),
        delete("/v1/proof-links/{id}", &[&link]),
        get("/v1/why/{id}", &[out]),
        get("/v1/inbox", &[]).asking("limit", "2"),
        get("/v1/inbox/counts", &[]),
        get("/v1/inbox/{id}", &[event]),
        post("/v1/events", &[], order),
    ]
}

/// A person's own account: another session of theirs ends, and the password is another.
async fn of_oneself(env: &Env) -> Vec<Request> {
    user(env, "luna", "viewer", Some(env.sol().shop.slug)).await;
    let (own, other) = (session(env, "luna").await, session(env, "luna").await);
    let url = format!("{}/v1/me", env.stage.host.url);
    let asked = env.http.get(url).bearer_auth(&other);
    let me: Value = asked.send().await.unwrap().json().await.unwrap();
    let other = me["token"].as_str().expect("a session").to_owned();
    let change = json!({ "current": PASSWORD, "new": "frase-nueva-larga" });
    vec![
        get("/v1/me", &[]),
        get("/v1/me/sessions", &[]).by(&own),
        delete("/v1/me/sessions/{id}", &[&other]).by(&own),
        put("/v1/me/password", &[], change).by(&own),
    ]
}

/// Seeds what requests are about; then one for each operation, in an order in which all are good.
pub(crate) async fn requests(env: &Env) -> Vec<Request> {
    let people = customers(env, 6).await;
    env.says(env.sol(), 0, "hola").await;
    let messages = env.messages(env.sol(), 0).await;
    let inbox = env.sol().api.get("/v1/inbox?limit=1").await.unwrap();
    let event = id(&inbox["items"][0]);
    let mut all = of_messages(env, &messages[0], &event).await;
    all.extend(of_campaigns(env).await);
    let who = env.sol().shop.people[0].key().to_owned();
    all.extend(of_people(&who, &people[4], &people[5]));
    all.extend(of_webhooks(env).await);
    all.extend(of_imports(env).await);
    all.extend(of_plugins(env).await);
    all.extend(of_access(env).await);
    all.extend(of_shop(env));
    all.extend(of_oneself(env).await);
    all
}
