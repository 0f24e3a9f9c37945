//! The operations of the API.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Words, changes, rows_of_sol, send, spoken};
use crate::api_fuzz::good;
use crate::api_fuzz::spoil::{Load, Request, Who};
use crate::harness::Env;
use crate::roles;

/// What a name in the path means to whoever asks: Luna's own answer is no look at Sol.
const OF_WHOEVER_ASKS: &[&str] = &[
    // A public registry; each shop says for itself whether it applies.
    "/v1/registries/{id}",
    "/v1/registries/{id}/copy",
    // An address on a shop's own list.
    "/v1/sandbox/{address}",
    // A key on a shop's own list of keys.
    "/v1/plugin-keys/{key}",
    // A topic: what each shop asks about it is its own.
    "/v1/wordings/{name}",
];

/// What belongs to a person who logs in, not to a shop's token.
const OF_A_USER: &[&str] = &["/v1/me/sessions/{id}"];

/// Operations between two looks at all of Sol's rows: a look costs more than they do.
const TOGETHER: usize = 24;

/// What the host answers of the whole machine, whoever asks.
const OF_THE_HOST: &[&str] = &["/v1/idle"];

/// Other names of the same thing: people by address and by id.
async fn also(env: &Env, request: &Request) -> Vec<Request> {
    let mut all = vec![request.clone()];
    if request.path.contains("{who}") {
        let path = format!("/v1/contacts/{}", request.named[0]);
        if let Ok(contact) = env.sol().api.get(&path).await {
            let mut by_id = request.clone();
            by_id.named[0] = contact["id"].as_str().expect("an id").to_owned();
            all.push(by_id);
        }
    }
    all
}

/// Luna's own thing above and Sol's below it.
fn nested(request: &Request, webhook: &str) -> Option<Request> {
    let below = [
        "/v1/webhooks/{id}/deliveries/{notice}",
        "/v1/webhooks/{id}/replay",
    ];
    below.contains(&request.path.as_str()).then(|| {
        let mut nested = request.clone();
        nested.named[0] = webhook.to_owned();
        nested
    })
}

/// Every operation with a name in its path has a request that names something of Sol's.
async fn covered(env: &Env, good: &[Request]) {
    let named: BTreeSet<String> = good.iter().map(Request::name).collect();
    let missing: Vec<String> = roles::operations(env)
        .await
        .iter()
        .map(|o| format!("{} {}", o.method, o.path))
        .filter(|name| name.contains('{') && !named.contains(name))
        .collect();
    assert!(
        missing.is_empty(),
        "name a thing of Sol's for these in api_fuzz/good.rs: {missing:?}"
    );
    for request in good {
        let names = request.path.matches('{').count();
        assert_eq!(request.named.len(), names, "{}", request.name());
    }
}

/// What is wrong with what Luna was answered.
async fn refused(env: &Env, words: &Words, one: &Request, shop: Option<&str>) -> Vec<String> {
    let (status, body) = send(env, one, &env.lua().token, shop).await;
    let path = one.path.as_str();
    let what = format!(
        "{} {} as Luna for {shop:?}: {status} {body}",
        one.method,
        one.address()
    );
    let mut wrong = Vec::new();
    // An address is anybody's: whoever asks is answered about their own person of that number.
    let address = path.contains("{who}") && !one.named[0].starts_with("con_");
    let own = address || OF_WHOEVER_ASKS.contains(&path);
    let names = path.contains('{') && !own;
    let foreign = (shop.is_some() && !OF_THE_HOST.contains(&path)) || names;
    if foreign && !matches!(status, 403 | 404) || status >= 500 {
        wrong.push(what.clone());
    }
    let question = format!("{} {}", spoken(one), shop.unwrap_or_default());
    if let Some(word) = words.said(&question, &body) {
        wrong.push(format!("says {word}: {what}"));
    }
    wrong
}

/// It was there to be had: what is wrong with what Sol is answered, and the words that are Sol's from now on.
async fn answered(env: &Env, words: &mut Words, request: &Request) -> Option<String> {
    let (token, shop) = match request.who {
        Who::Operator => (&env.stage.host.operator_token, Some(env.sol().shop.slug)),
        _ => (&env.sol().token, None),
    };
    let (status, body) = send(env, request, token, shop).await;
    if !matches!(request.load, Load::Bytes(..)) {
        words.hear(&body);
        // An operator is told of every shop.
        words.0.remove(&env.lua().id);
    }
    let path = request.path.as_str();
    let there = (200..300).contains(&status) || OF_A_USER.contains(&path);
    (path.contains('{') && !there).then(|| format!("{} as Sol: {status} {body}", request.name()))
}

pub(crate) async fn no_operation_reaches_what_is_anothers(env: Env) {
    let good = good::requests(&env).await;
    covered(&env, &good).await;
    let hook =
        json!({ "url": "http://127.0.0.1:1/", "about": "Lua", "events": ["campaign.paused"] });
    let hook = env.lua().api.post("/v1/webhooks", hook).await.unwrap();
    let hook = hook["id"].as_str().expect("an id").to_owned();
    let mut words = Words::of(&env).await;
    let (slug, id) = (env.sol().shop.slug, env.sol().id.clone());
    let mut wrong = Vec::new();
    let mut asked = 0;
    for some in good.chunks(TOGETHER) {
        let before = rows_of_sol(&env).await;
        for request in some {
            let names = request.path.contains('{');
            let mut tries: Vec<(Request, Option<&str>)> = Vec::new();
            for one in also(&env, request).await {
                // Without a name anywhere it is Luna's own affair; looking must tell nothing of Sol all the same.
                if names || request.method == "GET" {
                    tries.push((one.clone(), None));
                }
                tries.push((one.clone(), Some(slug)));
                tries.push((one, Some(&id)));
            }
            tries.extend(nested(request, &hook).map(|one| (one, None)));
            asked += tries.len();
            for (one, shop) in tries {
                wrong.extend(refused(&env, &words, &one, shop).await);
            }
        }
        for row in changes(&env, &before).await {
            let names: Vec<String> = some.iter().map(Request::name).collect();
            wrong.push(format!("one of {names:?} changed Sol's {row}"));
        }
        for request in some {
            wrong.extend(answered(&env, &mut words, request).await);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 250, "{asked} questions");
    env.end().await;
}
