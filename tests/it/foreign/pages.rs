//! The pages, with Luna's session on Sol's addresses.

use std::collections::BTreeMap;

use portero_domain::access::Door;
use serde_json::{Value, json};

use super::{Words, changes, rows_of_sol};
use crate::api_fuzz::good;
use crate::api_fuzz::spoil::Request;
use crate::console_campaigns::with_role;
use crate::harness::Env;
use crate::users::{Browser, user};

/// Where a thing of Sol's is from: part of the pages, name in the path, a good request that names such a thing, and at which place.
const THINGS: &[(&str, &str, &str, usize)] = &[
    ("campaigns", "id", "GET /v1/campaigns/{id}/plan", 0),
    ("verdicts", "id", "GET /v1/verdicts/{id}", 0),
    ("verdicts", "link", "DELETE /v1/proof-links/{id}", 0),
    ("webhooks", "id", "GET /v1/webhooks/{id}", 0),
    ("plugins", "id", "GET /v1/plugins/{id}/secrets", 0),
    ("access", "token", "DELETE /v1/tokens/{id}", 0),
    ("access", "user", "PUT /v1/users/{user}/role", 0),
    ("imports", "id", "GET /v1/imports/{id}", 0),
    ("sandbox", "address", "DELETE /v1/sandbox/{address}", 0),
];

/// What a form is filled with where an empty one would not be read.
fn filled(path: &str, number: &str, things: &Things) -> Vec<(&'static str, String)> {
    let text = |name, value: &str| (name, value.to_owned());
    let number = text("number", number);
    match path.rsplit('/').next().unwrap_or_default() {
        "answer" => vec![
            text("text", "Hola"),
            number,
            text("key", "foreign"),
            text("lang", "es"),
        ],
        "give-back" => vec![text("note", "listo"), number, text("lang", "es")],
        "users" => vec![
            text("name", "eva"),
            text("role", "viewer"),
            text("shop", &things.slug),
        ],
        "tokens" => vec![
            text("label", "eva"),
            text("role", "viewer"),
            text("shop", &things.slug),
        ],
        "role" => vec![text("role", "owner")],
        "withdraw" => vec![text("topic", "all"), text("reason", "no more")],
        "erase" => vec![text("reason", "request"), text("sure", "yes")],
        "secret" => vec![text("name", "SHOP_TOKEN"), text("value", "stolen")],
        "stop" | "resume" => vec![text("scope", "shop"), text("reason", "fire")],
        "pause" => vec![text("reason", "fire")],
        "links" => vec![text("days", "3")],
        "replay" => vec![text("notice", &things.notice)],
        _ => vec![text("lang", "es")],
    }
}

/// What the phone's buttons send.
fn loaded(path: &str, things: &Things) -> Option<Value> {
    if !path.starts_with("/console/phone/") || path.contains("/dials/") {
        return None;
    }
    let (person, number) = (&things.person, &things.number);
    Some(match path.rsplit('/').next().unwrap_or_default() {
        "say" => {
            json!({ "person": person, "number": number, "message": { "type": "text", "text": "hola" } })
        }
        "tap" => {
            json!({ "person": person, "number": number, "message": things.wamid, "id": "yes" })
        }
        "preference" => json!({ "person": person, "number": number, "value": "stop" }),
        "jump" => json!({ "hours": 1 }),
        "block" => json!({ "person": person, "number": number, "value": true }),
        "number" => json!({ "person": person, "number": number, "to": "573009990123" }),
        "username" => json!({ "person": person, "number": number, "name": "foreign.name" }),
        _ => json!({ "person": person, "number": number }),
    })
}

/// What Sol has.
struct Things {
    slug: String,
    id: String,
    number: String,
    person: String,
    wamid: String,
    notice: String,
    /// By part of the pages and name in the path.
    named: BTreeMap<(String, String), String>,
}

/// The part of the pages that an address belongs to.
fn part(path: &str) -> &str {
    let path = path.strip_prefix("/console").unwrap_or(path);
    path.split('/').nth(1).unwrap_or_default()
}

impl Things {
    async fn of(env: &Env) -> Things {
        let good = good::requests(env).await;
        let find = |name: &str| -> &Request {
            let found = good.iter().find(|r| r.name() == name);
            found.unwrap_or_else(|| panic!("no good request {name}"))
        };
        let mut named = BTreeMap::new();
        let mut keep = |part: &str, name: &str, thing: &str| {
            named.insert((part.to_owned(), name.to_owned()), thing.to_owned());
        };
        for (part, name, request, place) in THINGS {
            keep(part, name, &find(request).named[*place]);
        }
        let sol = env.sol();
        // People by their id: a number is anybody's.
        let who = env.contact(sol, 0).await["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        keep("contacts", "who", &who);
        keep("inbox", "who", &who);
        let segments = sol.api.get("/v1/segments").await.unwrap();
        let of_plugin = segments[0]["installation"]
            .as_str()
            .expect("an installation");
        keep("segments", "installation", of_plugin);
        let segment = segments[0]["segments"][0]["id"]
            .as_str()
            .expect("a segment");
        keep(
            "segments",
            "segment",
            segment.rsplit([':', '/']).next().expect("a name"),
        );
        for (name, value) in [
            ("waba", sol.shop.waba),
            ("name", "promo_semana"),
            ("language", "es"),
        ] {
            keep("templates", name, value);
        }
        // Somebody of Sol's who has logged in.
        user(env, "sofia", "viewer", Some(sol.shop.slug)).await;
        let browser = Browser::at("192.0.2.31");
        let cookie = browser
            .log_in(env, "sofia", "correcto-caballo-pila")
            .await
            .cookie("portero_session");
        let account = browser.with(&cookie).get(env, "/me?lang=en").await.body;
        let session = account
            .split("/console/me/sessions/")
            .nth(1)
            .expect("a session");
        keep("me", "session", session.split('/').next().expect("its id"));
        let messages = env.messages(sol, 0).await;
        let wamid = messages.iter().find_map(|m| m["wamid"].as_str());
        let notice = &find("GET /v1/webhooks/{id}/deliveries/{notice}").named[1];
        Things {
            slug: sol.shop.slug.to_owned(),
            id: sol.id.clone(),
            number: sol.shop.number.to_owned(),
            person: sol.shop.people[0].key().to_owned(),
            wamid: wamid.expect("a message that left").to_owned(),
            notice: notice.clone(),
            named,
        }
    }

    /// A page's address with Sol's things in it, at a shop; what it says by itself.
    fn fill(&self, path: &str, shop: &str) -> String {
        let mut filled = String::new();
        for (place, word) in path.split(['{', '}']).enumerate() {
            if place % 2 == 0 {
                filled.push_str(word);
                continue;
            }
            let key = (part(path).to_owned(), word.to_owned());
            filled.push_str(match self.named.get(&key) {
                _ if word == "tenant" => shop,
                Some(thing) => thing,
                None => panic!("{path}: no {word} of Sol's is known: add one to foreign/pages.rs"),
            });
        }
        filled
    }

    /// Addresses that name Sol or something of Sol's.
    fn addresses(&self, env: &Env, door: &Door) -> Vec<String> {
        let path = door.path.as_str();
        if !path.contains('{') {
            if door.method != "GET" {
                return Vec::new();
            }
            let who = &self.named[&("contacts".to_owned(), "who".to_owned())];
            let campaign = &self.named[&("campaigns".to_owned(), "id".to_owned())];
            let id = self.id.as_str();
            return vec![
                format!("{path}?shop={}", self.slug),
                format!("{path}?shop={id}&one={id}&other={id}"),
                format!(
                    "{path}?who={who}&contact={who}&campaign={campaign}&number={}",
                    self.number
                ),
            ];
        }
        let asked = match path.rsplit('/').next() {
            Some("webhooks") if part(path) == "phone" => {
                format!("?message={}&number={}", self.wamid, self.number)
            }
            Some("thread") => format!("?person={}&number={}", self.person, self.number),
            _ => String::new(),
        };
        let named = |shop: &str| format!("{}{asked}", self.fill(path, shop));
        let mut all = vec![named(&self.slug), named(&self.id)];
        // Sol's thing at Luna's own address; a telephone's address is anybody's.
        if path.matches('{').count() > 1 && part(path) != "sandbox" {
            all.push(named(env.lua().shop.slug));
        }
        all
    }
}

struct Said {
    status: u16,
    text: String,
}

/// Asks as a browser with this session does.
async fn ask(
    env: &Env,
    door: &Door,
    address: &str,
    token: &str,
    things: &Things,
) -> (String, Said) {
    let url = format!("{}{address}", env.stage.host.url);
    let mut request = env
        .http
        .request(door.method.parse().expect("a method"), url)
        .header("cookie", format!("portero_session={token}"))
        .header("accept", "text/html")
        .header("x-portero-console", "1")
        .header("sec-fetch-site", "same-origin");
    let mut asked = address.to_owned();
    if door.method == "POST" {
        if let Some(body) = loaded(&door.path, things) {
            asked.push_str(&body.to_string());
            request = request.json(&body);
        } else {
            // At Luna's own address the number is Luna's: what is foreign is the thing.
            let lua = &env.lua().shop;
            let own = address.contains(&format!("/{}/", lua.slug));
            let number = if own {
                lua.number
            } else {
                things.number.as_str()
            };
            let fields = filled(&door.path, number, things);
            let mut form = reqwest::Url::parse("http://form").expect("an address");
            form.query_pairs_mut().extend_pairs(&fields);
            let body = form.query().unwrap_or_default().to_owned();
            asked.push_str(&body);
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let headers = format!("{:?}", answer.headers());
    let text = format!("{headers}\n{}", answer.text().await.expect("its text"));
    (asked, Said { status, text })
}

pub(crate) async fn no_page_reaches_what_is_anothers(env: Env) {
    let things = Things::of(&env).await;
    let words = Words::of(&env).await;
    let (sol, lua) = (env.sol().token.clone(), env.lua().token.clone());
    let doors = portero_console::doors();
    // A stream has no end to wait for: the test below listens to it.
    let doors = || doors.iter().filter(|d| d.path != "/console/events");
    let before = rows_of_sol(&env).await;
    let mut wrong = Vec::new();
    let mut asked = 0;
    for door in doors() {
        for address in things.addresses(&env, door) {
            let (question, said) = ask(&env, door, &address, &lua, &things).await;
            let what = format!("{} {address} as Luna: {}", door.method, said.status);
            let names = door.path.contains('{');
            if names && !matches!(said.status, 403 | 404) || said.status >= 500 {
                wrong.push(what.clone());
            }
            if let Some(word) = words.said(&question, &said.text) {
                wrong.push(format!("says {word}: {what}"));
            }
            asked += 1;
        }
    }
    wrong.extend(changes(&env, &before).await);
    // All of it is there for Sol.
    for door in doors().filter(|d| d.method == "GET" && d.path.contains('{')) {
        let address = things.addresses(&env, door).swap_remove(0);
        let (_, said) = ask(&env, door, &address, &sol, &things).await;
        if said.status != 200 {
            wrong.push(format!("{address} as Sol: {}", said.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 180, "{asked} questions");
    env.end().await;
}

pub(crate) async fn the_stream_tells_that_and_not_what(env: Env) {
    let luna = with_role(&env, env.lua().shop.slug, "viewer").await;
    let url = format!(
        "{}/console/events?shop={}",
        env.stage.host.url,
        env.sol().shop.slug
    );
    let mut stream = env
        .http
        .get(url)
        .header("cookie", &luna.cookies)
        .send()
        .await
        .expect("a stream");
    let mut heard = String::new();
    let mut told = 0;
    while told < 3 {
        env.says(env.sol(), 0, "hola").await;
        let more = stream.chunk().await.expect("more").expect("no end");
        heard.push_str(std::str::from_utf8(&more).expect("text"));
        told = heard.matches("event: changed").count();
    }
    for line in heard.lines().filter(|line| !line.is_empty()) {
        let known = [
            "event: hello",
            "event: changed",
            "data: 1",
            "retry: 1000",
            ":",
        ];
        assert!(known.contains(&line), "{line}");
    }
    drop(stream);
    env.end().await;
}
