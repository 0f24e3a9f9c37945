//! Who may do what: every operation and every page with every role, generated from what they declare.

use std::collections::BTreeMap;

use portero_domain::access::Role;
use serde_json::{Value, json};

use crate::harness::Env;

/// The table of host/docs/access.md, written down a second time: roles that have each right.
const TABLE: &[(&str, &[&str])] = &[
    (
        "read",
        &[
            "owner",
            "operator",
            "approver",
            "developer",
            "auditor",
            "viewer",
        ],
    ),
    (
        "see_personal_data",
        &["owner", "operator", "approver", "auditor"],
    ),
    ("edit", &["owner", "operator", "developer"]),
    ("approve", &["owner", "approver"]),
    ("send", &["owner", "operator"]),
    ("stop", &["owner", "operator", "approver", "developer"]),
    ("change_policy", &["owner"]),
    ("install_plugin", &["owner", "developer"]),
    ("manage_access", &["owner"]),
    ("read_audit", &["owner", "auditor"]),
];

fn may(role: Role, right: &str) -> bool {
    let (_, roles) = TABLE
        .iter()
        .find(|(r, _)| *r == right)
        .expect("a right of the table");
    roles.contains(&role.as_str())
}

/// An operation: method, path with its parameters in braces, rights.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) rights: Vec<String>,
}

pub(crate) async fn operations(env: &Env) -> Vec<Operation> {
    let document = env.world.operator.get("/openapi.json").await.unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let rights = operation["x-rights"].as_array();
            let rights = rights.unwrap_or_else(|| panic!("{method} {path} declares no `x-rights`"));
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                rights: rights
                    .iter()
                    .map(|r| r.as_str().unwrap().to_owned())
                    .collect(),
            });
        }
    }
    assert!(all.len() > 60, "only {} operations", all.len());
    all
}

/// A token of each role, of Luna's or (without a tenant) of the whole server.
async fn tokens(env: &Env, tenant: Option<&str>) -> BTreeMap<Role, String> {
    let mut all = BTreeMap::new();
    for role in Role::ALL {
        let body = json!({ "label": "matrix", "tenant": tenant, "role": role });
        let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
        assert_eq!(made["role"], role.as_str());
        all.insert(role, made["token"].as_str().unwrap().to_owned());
    }
    all
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) body: String,
}

pub(crate) async fn ask(env: &Env, method: &str, path: &str, token: &str) -> Answer {
    let mut request = env
        .http
        .request(
            method.parse().unwrap(),
            format!("{}{path}", env.stage.host.url),
        )
        .bearer_auth(token)
        .header("idempotency-key", "matrix");
    if method != "GET" && method != "DELETE" {
        request = request.json(&json!({}));
    }
    read(request).await
}

pub(crate) async fn read(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    let value: Value = serde_json::from_str(&body).unwrap_or_default();
    Answer {
        status,
        code: value["code"].as_str().unwrap_or_default().to_owned(),
        body,
    }
}

/// A path that names nothing that exists.
pub(crate) fn nowhere(path: &str) -> String {
    let mut filled = String::new();
    for (place, part) in path.split(['{', '}']).enumerate() {
        filled.push_str(if place % 2 == 0 { part } else { "nowhere" });
    }
    filled
}

pub(crate) async fn each_role_does_what_its_rights_say_and_nothing_else(env: Env) {
    let operations = operations(&env).await;
    for tenant in [Some(env.lua().shop.slug), None] {
        let tokens = tokens(&env, tenant).await;
        for operation in &operations {
            let Operation {
                method,
                path,
                rights,
            } = operation;
            for (role, token) in &tokens {
                let answer = ask(&env, method, &nowhere(path), token).await;
                let missing = rights.iter().find(|r| !may(*role, r));
                let what = format!("{method} {path} as {role} of {tenant:?}: {}", answer.body);
                match missing {
                    Some(right) => {
                        assert_eq!(answer.status, 403, "{what}");
                        assert_eq!(answer.code, format!("missing_right.{right}"), "{what}");
                    }
                    None => {
                        assert!(answer.status < 500 && answer.status != 401, "{what}");
                        assert!(!answer.code.starts_with("missing_right"), "{what}");
                    }
                }
            }
        }
    }
    // The matrix threw the stop switch of Luna's; nothing of a refused caller did.
    env.end().await;
}

/// What is asked anew each time and changes nothing.
const ASKED_BY_POST: &[&str] = &["/v1/verdicts/{id}/rejudge", "/v1/policy/whatif"];

/// Whoever sees a verdict may show that verdict to somebody, for some days, and take that back.
const SHOWN_ON: &[&str] = &["/v1/verdicts/{id}/links", "/v1/proof-links/{id}"];

/// One's own account is looked after by whoever has one.
pub(crate) const OWN: &[&str] = &["/v1/me/sessions/{id}", "/v1/me/password"];

pub(crate) async fn what_changes_something_asks_for_more_than_looking(env: Env) {
    let looking = ["read", "see_personal_data", "read_audit", "manage_access"];
    for operation in operations(&env).await {
        let Operation {
            method,
            path,
            rights,
        } = operation;
        let what = format!("{method} {path} needs {rights:?}");
        assert!(
            rights.iter().all(|r| TABLE.iter().any(|(t, _)| t == r)),
            "{what}"
        );
        let looking_on = [ASKED_BY_POST, SHOWN_ON, OWN]
            .iter()
            .any(|all| all.contains(&path.as_str()));
        // A plugin's log is for whoever answers for the plugin: its author's words, not people's.
        if path == "/v1/plugins/{id}/calls" {
            assert_eq!(rights, ["install_plugin"], "{what}");
        } else if method == "GET" || looking_on {
            assert!(
                rights.iter().all(|r| looking.contains(&r.as_str())),
                "{what}"
            );
            assert!(!rights.is_empty(), "{what}");
        } else {
            let changing = |r: &String| !["read", "see_personal_data"].contains(&r.as_str());
            assert!(rights.iter().any(changing), "{what}");
        }
    }
    // The same sentence by name, where a mistake would cost most.
    let sends = ["/v1/messages", "/v1/resume", "/v1/campaigns/nowhere/run"];
    for role in [Role::Approver, Role::Developer, Role::Auditor, Role::Viewer] {
        let token = &tokens(&env, Some(env.lua().shop.slug)).await[&role];
        for path in sends {
            let answer = ask(&env, "POST", path, token).await;
            assert_eq!(answer.code, "missing_right.send", "{path} as {role}");
        }
    }
    env.end().await;
}

/// Name, addresses, words and ids at Meta of a shop's people.
async fn personal(env: &Env) -> Vec<String> {
    let lua = env.lua();
    env.says(lua, 0, "oi, palavras-de-mais-ninguem").await;
    let key = lua.shop.people[0].key();
    let named = json!({ "address": key, "name": "nome-de-mais-ninguem" });
    lua.api.put("/v1/contacts", named).await.unwrap();
    let mut all = vec![
        "palavras-de-mais-ninguem".to_owned(),
        "nome-de-mais-ninguem".to_owned(),
    ];
    all.extend(lua.shop.people.iter().map(|p| p.key().to_owned()));
    for message in env.messages(lua, 0).await {
        all.extend(message["wamid"].as_str().map(str::to_owned));
    }
    assert!(all.len() > lua.shop.people.len() + 2, "no message was sent");
    all
}

pub(crate) async fn without_the_right_nothing_of_a_person_is_shown(env: Env) {
    let lua = env.lua();
    let personal = personal(&env).await;
    let contact = env.contact(lua, 0).await["id"].as_str().unwrap().to_owned();
    let message = env.messages(lua, 0).await[0].clone();
    let inbox = lua.api.get("/v1/inbox?limit=1").await.unwrap();
    let ids = [
        contact,
        lua.shop.people[0].key().to_owned(),
        message["id"].as_str().unwrap().to_owned(),
        message["verdict"].as_str().unwrap().to_owned(),
        inbox["items"][0]["id"].as_str().unwrap().to_owned(),
        lua.shop.number.to_owned(),
    ];
    let tokens = tokens(&env, Some(lua.shop.slug)).await;
    let mut shown = 0;
    for operation in operations(&env).await.iter().filter(|o| o.method == "GET") {
        for id in &ids {
            let path = operation
                .path
                .split(['{', '}'])
                .enumerate()
                .map(|(place, part)| if place % 2 == 0 { part } else { id })
                .collect::<String>();
            for role in [Role::Developer, Role::Viewer, Role::Owner] {
                let answer = ask(&env, "GET", &path, &tokens[&role]).await;
                // What was asked for may be quoted back.
                let leak = personal
                    .iter()
                    .find(|p| !path.contains(p.as_str()) && answer.body.contains(p.as_str()));
                if role == Role::Owner {
                    shown += usize::from(leak.is_some());
                } else {
                    assert_eq!(leak, None, "{path} as {role}: {}", answer.body);
                }
            }
            if !operation.path.contains('{') {
                break;
            }
        }
    }
    assert!(
        shown > 5,
        "the owner was shown a person {shown} times only: nothing was tested"
    );
    env.end().await;
}

pub(crate) async fn the_pages_ask_for_rights_too(env: Env) {
    let doors = portero_console::doors();
    assert!(doors.len() >= 23, "{} addresses", doors.len());
    for (role, token) in tokens(&env, Some(env.lua().shop.slug)).await {
        for door in &doors {
            // A stream has no end to wait for.
            if door.path == "/console/events" && may(role, "read") {
                continue;
            }
            let path = nowhere(&door.path);
            let request = env
                .http
                .request(
                    door.method.parse().unwrap(),
                    format!("{}{path}", env.stage.host.url),
                )
                .header("cookie", format!("portero_session={token}"))
                .header("sec-fetch-site", "same-origin");
            let answer = read(request).await;
            let missing = door.rights.iter().any(|r| !may(role, r.as_str()));
            let what = format!("{} {path} as {role}: {}", door.method, answer.body);
            if missing {
                assert_eq!(
                    (answer.status, answer.code.as_str()),
                    (403, "missing_right"),
                    "{what}"
                );
            } else {
                assert!(
                    answer.code != "missing_right" && answer.status != 401,
                    "{what}"
                );
            }
        }
    }
    env.end().await;
}
