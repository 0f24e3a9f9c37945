//! Names, numbers, words and secrets that exist nowhere else go through a whole day; then everything that leaves the
//! host beside its answers to the shop itself is searched for them.

mod busy;
mod kept;

use std::time::Instant;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::binary::{LOOK, PATIENCE, Running, finish, folder, portero};

/// What is about a person: for the shop alone.
const PERSON: [&str; 9] = [
    "Xochiquetzal",
    "573009871236",
    "3009871236",
    "guacamaya-azul-4471",
    "calle-del-secreto-19",
    "CO.seeded7713",
    "respuesta-colibri-3390",
    "Tlacaelel",
    "573009871244",
];
/// What opens something: for nobody, and never as it is on the disk.
const SECRETS: [&str; 7] = [
    "EAAseededtoken5518",
    "seededappsecret9924",
    "seeded-verify-3307",
    "seeded-password-8812",
    "ptr_op_seeded6605",
    DATABASE_PASSWORD,
    MASTER_KEY,
];
/// Six digits stand in a log by chance too: looked for as they are written where somebody names them.
const PIN: &str = "739152";
const PIN_AS_WRITTEN: [&str; 4] = ["\"739152\"", "\\\"739152\\\"", "pin=739152", "pin: 739152"];
/// Goes in the address of the database; a server of the tests asks for none.
const DATABASE_PASSWORD: &str = "seeded-database-2207";
const MASTER_KEY: &str = "5eededcafe0000000000000000000000000000000000000000000000000f7713";

/// Everything that handles what people say; a compiler's steps by the million say nothing of them.
const LOG: &str = "trace,cranelift_codegen=warn,cranelift_frontend=warn,wasmtime=warn,wasmtime_cranelift=warn,\
                   wasmtime_environ=warn,regalloc2=warn";

/// Somebody with a token, and what was said to them when it went wrong.
struct Caller {
    url: String,
    http: reqwest::Client,
    refused: Vec<(String, String)>,
}

impl Caller {
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        token: &str,
        body: Body,
    ) -> (StatusCode, String) {
        let mut asked = self
            .http
            .request(method.clone(), format!("{}{path}", self.url));
        if !token.is_empty() {
            asked = asked.bearer_auth(token);
        }
        if token.starts_with("ptr_op_") && path == "/v1/numbers" {
            asked = asked.header("x-portero-tenant", "tienda-sol");
        }
        if path == "/v1/messages" || path.ends_with("/answer") {
            asked = asked.header("idempotency-key", format!("seeded-{}", self.refused.len()));
        }
        asked = match body {
            Body::None => asked,
            Body::Json(json) => asked.json(&json),
            Body::Raw(kind, text) => asked.header("content-type", kind).body(text),
        };
        let answer = asked.send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("its body"));
        if status.is_client_error() || status.is_server_error() {
            // 502: Meta said no.
            assert!(
                !status.is_server_error() || status == StatusCode::BAD_GATEWAY,
                "{method} {path}: {status} {text}"
            );
            self.refused
                .push((format!("{method} {path}: {status}"), text.clone()));
        }
        (status, text)
    }

    async fn good(&mut self, method: Method, path: &str, token: &str, body: Body) -> Value {
        let (status, text) = self.send(method.clone(), path, token, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn bad(&mut self, method: Method, path: &str, token: &str, body: Body) {
        let (status, text) = self.send(method.clone(), path, token, body).await;
        assert!(
            status.is_client_error(),
            "{method} {path} was to be refused: {status} {text}"
        );
    }
}

enum Body {
    None,
    Json(Value),
    Raw(&'static str, String),
}

fn clean(place: &str, text: &str, words: &[&str]) {
    for word in words {
        let Some(at) = text.find(word) else { continue };
        let from = text[..at]
            .char_indices()
            .rev()
            .nth(160)
            .map_or(0, |(n, _)| n);
        let until = text[at..]
            .char_indices()
            .nth(120)
            .map_or(text.len(), |(n, _)| at + n);
        panic!("`{word}` stands in {place}: …{}…", &text[from..until]);
    }
}

/// A day of one shop, wrong turns included. The log is written whole, at its most talkative.
pub(crate) async fn what_is_a_persons_or_a_secret_stays_inside(database: Option<String>) {
    portero_net::install_tls();
    let folder = folder();
    let data = folder.path().join("data");
    let mut command = portero(folder.path());
    command
        .args(["demo", "--idle", "--json", "--data"])
        .arg(&data);
    let database = database.map(|url| {
        let known = url.replace("portero@", &format!("portero:{DATABASE_PASSWORD}@"));
        assert_ne!(known, url, "an address with a password");
        known
    });
    if let Some(url) = &database {
        command.args(["--database-url", url]);
    }
    command
        .env("PORTERO_LOG", LOG)
        .env("PORTERO_MASTER_KEY", MASTER_KEY);
    let mut running = Running::start(command);
    let start = running.start_object();
    let says = |value: &Value| value.as_str().expect("a text").to_owned();
    let operator = says(&start["operator_token"]);
    let own = says(&start["tenants"][0]["api_token"]);
    let other = says(&start["tenants"][1]["api_token"]);
    let number = says(&start["tenants"][0]["phone_number_id"]);
    let mut caller = Caller {
        url: says(&start["host_url"]),
        http: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client"),
        refused: Vec::new(),
    };
    day(&mut caller, &own, &number).await;
    wrong_turns(&mut caller, &own, &other, &operator).await;
    let meta = says(&start["simulator_url"]);
    let shop = busy::Shop {
        token: &own,
        operator: &operator,
        number: &number,
        meta: &meta,
    };
    let mut made = busy::day(&mut caller, &shop).await;
    made.push(secrets(&mut caller, &own, &operator).await);
    settled(&mut caller, &operator).await;

    // It is there, for those whose it is: otherwise nothing below says anything.
    let (_, seen) = caller
        .send(Method::GET, "/v1/contacts?limit=100", &own, Body::None)
        .await;
    assert!(
        seen.contains("Xochiquetzal") && seen.contains("573009871236"),
        "{seen}"
    );
    let (_, seen) = caller
        .send(Method::GET, "/v1/inbox?limit=100", &own, Body::None)
        .await;
    assert!(seen.contains("guacamaya-azul-4471"), "{seen}");

    let of_the_demo = [
        says(&start["access_token"]),
        says(&start["app_secret"]),
        says(&start["verify_token"]),
        operator.clone(),
        own.clone(),
        other.clone(),
    ];
    let secrets: Vec<&str> = SECRETS
        .into_iter()
        .chain(of_the_demo.iter().chain(&made).map(String::as_str))
        .chain(PIN_AS_WRITTEN)
        .collect();
    let everything: Vec<&str> = PERSON.into_iter().chain(secrets.iter().copied()).collect();
    assert!(caller.refused.len() >= 15, "{}", caller.refused.len());
    for (place, text) in &caller.refused {
        clean(place, text, &everything);
    }
    for path in OF_ANOTHER {
        let (_, text) = caller.send(Method::GET, path, &other, Body::None).await;
        clean(&format!("another shop's {path}"), &text, &everything);
    }
    for door in portero_console::doors() {
        // A stream has no end to wait for; what is below a list is named by ids of its own shop.
        let listed = door.method == "GET" && !door.path.contains('{');
        if listed && door.path != "/console/events" {
            let text = page(&caller, &door.path, &other).await;
            clean(
                &format!("another shop's page {}", door.path),
                &text,
                &everything,
            );
        }
    }
    for path in OF_NOBODY {
        let (_, text) = caller.send(Method::GET, path, &operator, Body::None).await;
        clean(&format!("the operator's {path}"), &text, &everything);
    }
    for path in [
        "/v1/numbers",
        "/v1/users",
        "/v1/tokens",
        "/v1/webhooks",
        "/v1/plugins",
    ] {
        let (_, text) = caller.send(Method::GET, path, &own, Body::None).await;
        clean(&format!("the shop's own {path}"), &text, &secrets);
    }
    let mut shown = portero(folder.path());
    shown.args(["config", "show"]).env("PORTERO_LOG", LOG);
    let shown = finish(shown);
    clean(
        "what `config show` prints",
        &format!("{}{}", shown.out, shown.err),
        &secrets,
    );
    let (copies, said) = kept::copies(folder.path(), &data, database.as_deref(), MASTER_KEY);
    for ran in &said {
        clean(
            "what saving prints",
            &format!("{}{}", ran.out, ran.err),
            &everything,
        );
    }
    running.terminate();
    assert!(running.wait().success(), "{}", running.errors());
    let (_, log) = running.said();
    assert!(
        log.contains("TRACE") || log.contains("\"trace\""),
        "the log was to be talkative: {}",
        log.len()
    );
    clean("the log", &log, &everything);
    let files = kept::of_the_database(&data, database.as_deref());
    let shown = |files: &[kept::File]| files.iter().any(|(_, text)| text.contains(PERSON[0]));
    assert!(shown(&files), "the database is somewhere else");
    assert!(copies.iter().all(|file| shown(std::slice::from_ref(file))));
    for (file, text) in files.iter().chain(&copies) {
        clean(file, text, &secrets);
    }
}

/// A page as somebody's browser gets it, wherever it leads.
async fn page(caller: &Caller, path: &str, token: &str) -> String {
    let asked = caller.http.get(format!("{}{path}?lang=es", caller.url));
    let asked = asked.header("cookie", format!("portero_session={token}"));
    let answer = asked.header("accept", "text/html").send().await;
    answer.expect("a page").text().await.expect("its text")
}

/// What the other shop may ask for.
const OF_ANOTHER: &[&str] = &[
    "/v1/contacts?limit=100",
    "/v1/consents?limit=100",
    "/v1/contacts.csv",
    "/v1/inbox?limit=100",
    "/v1/messages?limit=100",
    "/v1/verdicts?limit=100",
    "/v1/conversations",
    "/v1/segments",
    "/v1/campaigns",
    "/v1/plugins",
    "/v1/reports",
    "/v1/audit",
    "/v1/history",
    "/v1/imports",
    "/v1/overview",
    "/v1/webhooks/events",
];
/// What is about the machine, not about people.
const OF_NOBODY: &[&str] = &[
    "/metrics",
    "/healthz",
    "/readyz",
    "/v1/idle",
    "/v1/tenants",
    "/v1/audit",
    "/v1/account",
];

/// A person comes in, writes, is written to, is exported.
async fn day(caller: &mut Caller, own: &str, number: &str) {
    let person = json!({ "address": "+573009871236", "name": "Xochiquetzal", "language": "es", "country": "CO" });
    caller
        .good(Method::PUT, "/v1/contacts", own, Body::Json(person))
        .await;
    let consent = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "language": "es",
                          "promise": { "max": 2, "per": "week" },
                          "evidence": "calle-del-secreto-19" });
    let path = "/v1/contacts/%2B573009871236/consent";
    caller
        .good(Method::POST, path, own, Body::Json(consent))
        .await;
    let event = json!({ "id": "seeded-1", "name": "cart.updated", "contact": "+573009871236", "phone_number_id": number,
                        "data": { "cart": "c1", "items": ["guacamaya-azul-4471"] } });
    caller
        .good(Method::POST, "/v1/events", own, Body::Json(event))
        .await;
    // Somebody the pretend Meta knows writes; a webhook with the words comes in.
    let said = json!({ "event": "text", "text": "guacamaya-azul-4471" });
    caller
        .good(Method::POST, "/v1/trigger", own, Body::Json(said))
        .await;
    // Outside the window: refused by the gate, which is an answer.
    let message = json!({ "to": "+573009871236", "purpose": "reply", "phone_number_id": number,
                          "content": { "type": "text", "body": "guacamaya-azul-4471" } });
    caller
        .good(Method::POST, "/v1/messages", own, Body::Json(message))
        .await;
    let import = caller
        .good(Method::POST, "/v1/imports", own, Body::Json(json!({})))
        .await;
    let rows = "phone,name\n+573009871236,Xochiquetzal\n+57x3009871236,Xochiquetzal\n";
    let path = format!(
        "/v1/imports/{}/rows",
        import["id"].as_str().expect("its id")
    );
    caller
        .good(Method::PUT, &path, own, Body::Raw("text/csv", rows.into()))
        .await;
    let path = "/v1/contacts/%2B573009871236/export";
    caller.good(Method::GET, path, own, Body::None).await;
}

/// Everything that is refused, with what must not be repeated in it.
async fn wrong_turns(caller: &mut Caller, own: &str, other: &str, operator: &str) {
    let who = "/v1/contacts/%2B573009871236";
    for path in [
        who,
        "/v1/why/+573009871236",
        "/v1/conversations/%2B573009871236",
    ] {
        // Another shop's person is nobody.
        caller.bad(Method::GET, path, other, Body::None).await;
    }
    let bodies = [
        r#"{"address":"+573009871236","name":"Xochiquetzal""#,
        r#"{"address":"+573009871236","name":{"first":"Xochiquetzal"}}"#,
        r#"{"address":"+573009871236","name":"Xochiquetzal","nombre":1}"#,
        r#"{"address":"calle-del-secreto-19"}"#,
    ];
    for body in bodies {
        caller
            .bad(
                Method::PUT,
                "/v1/contacts",
                own,
                Body::Raw("application/json", body.into()),
            )
            .await;
    }
    let event = json!({ "id": "seeded-2", "name": "no name at all", "contact": "+573009871236", "data": { "note": "guacamaya-azul-4471" } });
    caller
        .bad(Method::POST, "/v1/events", own, Body::Json(event))
        .await;
    let message = json!({ "to": "+573009871236", "purpose": "reply", "words": 1, "content": { "type": "text", "body": "guacamaya-azul-4471" } });
    caller
        .bad(Method::POST, "/v1/messages", own, Body::Json(message))
        .await;
    let erasure = json!({ "reason": "", "why": "Xochiquetzal" });
    caller
        .bad(
            Method::POST,
            &format!("{who}/erase"),
            own,
            Body::Json(erasure),
        )
        .await;
    // Not signed by Meta.
    let update = json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "value": {
        "contacts": [{ "profile": { "name": "Xochiquetzal" }, "wa_id": "573009871236" }],
        "messages": [{ "from": "573009871236", "text": { "body": "guacamaya-azul-4471" } }] } }] }] });
    caller
        .bad(Method::POST, "/webhooks/whatsapp", "", Body::Json(update))
        .await;
    let path =
        "/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1&hub.verify_token=seeded-verify-3307";
    caller.bad(Method::GET, path, "", Body::None).await;
    // A token that is none, and one where none belongs.
    caller
        .bad(Method::GET, who, "ptr_op_seeded6605", Body::None)
        .await;
    caller
        .bad(
            Method::GET,
            "/v1/contacts?token=ptr_op_seeded6605",
            "",
            Body::None,
        )
        .await;
    caller
        .bad(Method::GET, "/login?code=ptr_op_seeded6605", "", Body::None)
        .await;
    let login = "name=Xochiquetzal&password=seeded-password-8812".to_owned();
    let (status, page) = caller
        .send(
            Method::POST,
            "/login",
            "",
            Body::Raw("application/x-www-form-urlencoded", login),
        )
        .await;
    assert!(!status.is_success(), "{status}");
    clean(
        "the page of a wrong login",
        &page,
        &["seeded-password-8812"],
    );
    // The name that was typed stands in its field again: it is theirs who typed it.
    caller.refused.pop();
    let user = json!({ "name": "a", "role": "nobody", "password": "seeded-password-8812" });
    caller
        .bad(Method::POST, "/v1/users", operator, Body::Json(user))
        .await;
}

/// What is given to be kept, well and badly; the session of who logged in.
async fn secrets(caller: &mut Caller, own: &str, operator: &str) -> String {
    let app = json!({ "app_secret": "seededappsecret9924", "verify_token": "seeded-verify-3307" });
    caller
        .good(Method::PUT, "/v1/apps/seeded", operator, Body::Json(app))
        .await;
    let app = json!({ "app_secret": "seededappsecret9924", "verify_token": 5 });
    caller
        .bad(Method::PUT, "/v1/apps/seeded", operator, Body::Json(app))
        .await;
    let number = json!({ "phone_number_id": "401000000007713", "waba_id": "301000000007713", "display": "+57 601 5550199",
                         "access_token": "EAAseededtoken5518" });
    caller
        .good(Method::PUT, "/v1/numbers", operator, Body::Json(number))
        .await;
    let number = json!({ "phone_number_id": 5, "waba_id": "3", "display": "", "access_token": "EAAseededtoken5518" });
    caller
        .bad(Method::PUT, "/v1/numbers", operator, Body::Json(number))
        .await;
    // Meta does not know that token: asking it fails, and is told.
    let _ = caller
        .send(Method::POST, "/v1/numbers/sync", own, Body::None)
        .await;
    let user =
        json!({ "name": "seeded-user", "role": "viewer", "password": "seeded-password-8812" });
    caller
        .good(Method::POST, "/v1/users", own, Body::Json(user))
        .await;
    let login = "name=seeded-user&password=seeded-password-8812";
    let asked = caller.http.post(format!("{}/login", caller.url));
    let asked = asked.header("content-type", "application/x-www-form-urlencoded");
    let answer = asked.body(login).send().await.expect("an answer");
    assert!(answer.status().is_redirection(), "{}", answer.status());
    let cookies = answer.headers().get_all("set-cookie").iter();
    let mut cookies = cookies.filter_map(|c| c.to_str().ok());
    let session = cookies.find_map(|c| c.strip_prefix("portero_session="));
    let session = session
        .and_then(|c| c.split(';').next())
        .expect("a session")
        .to_owned();
    // It opens a page, and one that it does not.
    let seen = page(caller, "/me", &session).await;
    assert!(seen.contains("seeded-user"), "{seen}");
    page(caller, "/access", &session).await;
    session
}

/// Until the host has nothing left to do.
async fn settled(caller: &mut Caller, operator: &str) {
    let began = Instant::now();
    loop {
        let idle = caller
            .good(Method::GET, "/v1/idle", operator, Body::None)
            .await;
        if idle["idle"] == true {
            return;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "it does not come to rest: {idle}"
        );
        tokio::time::sleep(LOOK).await;
    }
}
